"""What becomes of an estimate when units of unknown status are left in as never treated."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from laoqu.analysis import resample
from laoqu.errors import LaoquError

DRAWS = 500
COLUMNS = ["rule", "treated", "controls", "hidden", "share", "expected", "estimate", "low", "high"]


def compare(
    treated: int = 100,
    untreated: int = 100,
    hidden: int = 150,
    unknown: int = 50,
    before: int = 4,
    after: int = 4,
    effect: float = 1.0,
    draws: int = DRAWS,
    seed: int = resample.SEED,
) -> pd.DataFrame:
    r"""Return the estimated effect with unknown units left in as controls, and with them dropped.

    Parameters
    ----------
    treated, untreated : int
        Units whose status is known.
    hidden, unknown : int
        Units of unknown status: in truth treated, in truth untreated.
    before, after : int
        Years on either side of the treatment.
    effect : float
        Of the treatment, the same for all.
    draws, seed : int

    Returns
    -------
    DataFrame
        Two rows, ``left_in`` and ``dropped``: `COLUMNS`. ``share`` is that of treated units among
        the controls, ``expected`` is effect · (1 − share), ``estimate`` the mean over draws and
        ``low``, ``high`` the central 95 % of them; NaN where no control is left.

    Notes
    -----
    :math:`y_{it} = a_i + b_t + \tau d_{it} + e_{it}` with standard normal :math:`a`, :math:`b`,
    :math:`e`. The estimate is the difference of mean changes, which in a balanced panel with one
    date is the two-way fixed-effects estimate.

    Examples
    --------
    >>> from laoqu.analysis import simulation
    >>> simulation.compare(draws=200)["expected"].tolist()
    [0.5, 1.0]
    """
    sizes = {"treated": treated, "untreated": untreated, "hidden": hidden, "unknown": unknown}
    for name, size in {**sizes, "before": before, "after": after, "draws": draws}.items():
        if size < (name not in ("untreated", "hidden", "unknown")):
            raise LaoquError(f"{name} is {size}, expected more")
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(4), list(sizes.values()))
    with_effect = np.isin(group, (0, 2))
    years = before + after
    post = np.arange(years) >= before
    change = np.empty((draws, len(group)))
    for draw in range(draws):
        y = generator.normal(size=(len(group), 1)) + generator.normal(size=years)
        y = y + generator.normal(size=(len(group), years)) + effect * np.outer(with_effect, post)
        change[draw] = y[:, post].mean(axis=1) - y[:, ~post].mean(axis=1)
    rows = []
    for rule, controls in (("left_in", group > 0), ("dropped", group == 1)):
        n, bad = int(controls.sum()), int((controls & with_effect).sum())
        if not n:
            rows.append([rule, treated, 0, 0, *[np.nan] * 5])
            continue
        found = change[:, group == 0].mean(axis=1) - change[:, controls].mean(axis=1)
        low, high = resample.intervals(found[:, None])[:, 0]
        share = bad / n
        rows.append([rule, treated, n, bad, share, effect * (1 - share), found.mean(), low, high])
    return pd.DataFrame(rows, columns=COLUMNS)


def by_share(shares: Iterable[float], controls: int = 300, **settings: int) -> pd.DataFrame:
    """Return `compare` for several shares of treated units among those left in as controls.

    Parameters
    ----------
    shares : iterable of float
        From 0 to below 1; each is rounded to whole units.
    controls : int
        Units left in, of which a third are known to be untreated, or fewer where the share asks.
    **settings
        Passed to `compare`.
    """
    tables = []
    for share in shares:
        if not 0 <= share < 1:
            raise LaoquError(f"a share is {share}, expected 0 or more and less than 1")
        hidden = round(share * controls)
        untreated = min(controls // 3, controls - hidden)
        rest = controls - hidden - untreated
        tables.append(compare(untreated=untreated, hidden=hidden, unknown=rest, **settings))
    return pd.concat(tables, ignore_index=True)
