"""Tables of two variables: cells against shuffled labels, exactly, and log-odds of areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, false_discovery_control

from laoqu.analysis import draws

#: Weight of the pooled shares in `log_odds`, in measures.
PRIOR = 10.0


class Association(NamedTuple):
    """Cells and summary of one cross table, from `association`."""

    cells: pd.DataFrame
    summary: pd.DataFrame


def cramers_v(table: np.ndarray) -> tuple[float, float]:
    """Return Cramér's V, plain and corrected for bias; NaN where rows or columns are too few.

    Bergsma 2013, doi:10.1016/j.jkss.2012.10.002. Empty rows and columns are left out.
    """
    table = np.asarray(table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return np.nan, np.nan
    n, (r, c) = table.sum(), table.shape
    phi = chi2_contingency(table, correction=False).statistic / n
    fixed = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    room = min(rows, columns) - 1
    corrected = np.sqrt(fixed / room) if room > 0 else np.nan
    return float(np.sqrt(phi / min(r - 1, c - 1))), float(corrected)


def association(
    measures: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    within: str | None = "clause_id",
    times: int = draws.DRAWS,
    seed: int = draws.SEED,
) -> Association:
    """Return the cross table of two variables, cell by cell, against shuffled labels.

    Most expected counts are below 5, so a cell's p is the exact one under shuffles of the second
    variable: hypergeometric in each stratum, convolved over strata, twice the smaller side,
    adjusted by Benjamini–Hochberg over the cells that a shuffle can change. The p of the whole
    table (χ²) is drawn `times` times. `codes` maps the two variables to their codes; leave out what
    the text does not have by nature (``structural_zero`` in the codebook): no test counts it.
    Labels are shuffled only among measures with the same value of the column `within`, or among
    all: clauses are about a theme, so "within clauses" asks what is left beside the layout.

    Returns
    -------
    Association
        ``cells``, one row per cell, zeros included: the two variables, ``n``, ``expected`` (mean
        over all shuffles), ``p``, ``p_adjusted`` (NaN where no shuffle can change the cell).
        ``summary``, one row: ``n``, ``rows`` and ``columns`` in use, ``v``, ``v_corrected``
        (`cramers_v`), ``p`` (of the table), ``error`` (Monte Carlo), ``free`` (cells that a
        shuffle can change), ``found`` (cells with an adjusted p of at most .05), ``within``.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": list("xxxyyy"), "b": list("uuuvvv")})
    >>> cells, _ = association(frame, {"a": list("xy"), "b": list("uv")}, None, 99)
    >>> cells["p"].round(3).tolist()  # 1 of 20 divisions, two-sided
    [0.1, 0.1, 0.1, 0.1]
    """
    first, second = codes
    known = measures[measures[first].isin(codes[first]) & measures[second].isin(codes[second])]
    table = pd.crosstab(known[first], known[second])
    table = table.reindex(index=codes[first], columns=codes[second], fill_value=0)
    cells = table.stack().rename("n").reset_index()
    table = table.to_numpy()
    strata = known[within].to_numpy() if within else np.zeros(len(known))
    margins = [
        (len(part), part[first].value_counts(), part[second].value_counts())
        for _, part in known.groupby(strata)
    ]
    odds = [
        draws.overlap([(n, a.get(x, 0), b.get(y, 0)) for n, a, b in margins])
        for x, y in zip(cells[first], cells[second], strict=True)
    ]
    cells["expected"] = [float(each @ np.arange(len(each))) for each in odds]
    cells["p"] = [exact_p(each, n) for each, n in zip(odds, cells["n"], strict=True)]
    free = cells["p"].notna()
    cells["p_adjusted"] = np.nan
    if free.any():
        cells.loc[free, "p_adjusted"] = false_discovery_control(cells.loc[free, "p"])
    spread, any_free = cells["expected"].to_numpy(), free.any()
    drawn = _chi2(_shuffled(known, codes, strata, times, seed), spread)
    p = float(draws.p_value(drawn, _chi2(table.ravel()[None], spread), "upper"))
    v, corrected = cramers_v(table)
    summary = {
        "n": len(known), "rows": int((table.sum(axis=1) > 0).sum()),
        "columns": int((table.sum(axis=0) > 0).sum()), "v": v, "v_corrected": corrected,
        "p": p if any_free else np.nan,
        "error": float(draws.monte_carlo_error(p, times)) if any_free else np.nan,
        "free": int(free.sum()), "found": int((cells["p_adjusted"] <= 1 - draws.LEVEL).sum()),
        "within": within or "",
    }  # fmt: skip
    return Association(cells, pd.DataFrame([summary]))


def exact_p(odds: np.ndarray, observed: int) -> float:
    """Return twice the smaller tail of the odds of each count; NaN where only one can occur."""
    if (odds > 0).sum() < 2:
        return np.nan
    return float(min(1, 2 * min(odds[observed:].sum(), odds[: observed + 1].sum())))


def log_odds(table: pd.DataFrame, prior: float = PRIOR) -> pd.DataFrame:
    r"""Return what sets each area apart from the others: shrunken log-odds of its themes.

    With y the measures of a theme in the area and n all of them, o and :math:`n^o` those of all
    other areas together, and :math:`\alpha_t = \alpha_0` · pooled share of the theme,

    .. math:: \delta_t = \ln\frac{y_t+\alpha_t}{n+\alpha_0-y_t-\alpha_t}
              - \ln\frac{o_t+\alpha_t}{n^o+\alpha_0-o_t-\alpha_t},\quad
              z_t = \delta_t \Big/ \sqrt{\frac1{y_t+\alpha_t} + \frac1{o_t+\alpha_t}}

    (Monroe, Colaresi and Quinn 2008, doi:10.1093/pan/mpn018.) `table` has areas × themes; a measure
    for several areas counts in each; `prior` is :math:`\alpha_0`, in measures. One row per area and
    theme that any area has: the two names, ``n``, ``others``, ``delta``, ``z``; NaN where the area
    has no measure. Far fewer cells than one in twenty pass ±1.96 by chance: shuffle the themes to
    see how many.

    >>> log_odds(pd.DataFrame([[5, 3, 2], [20, 40, 40]]))["delta"].round(4).tolist()[:3]
    [0.8113, -0.2302, -0.4786]
    """
    table = table.loc[:, table.sum() > 0]
    y, pooled = table.to_numpy(float), table.sum().to_numpy(float)
    total = y.sum(axis=1, keepdims=True)
    alpha = prior * pooled / max(pooled.sum(), 1)
    one, other = y + alpha, pooled - y + alpha
    rest = pooled.sum() - total
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = np.log(one / (total + prior - one)) - np.log(other / (rest + prior - other))
    delta[total[:, 0] == 0] = np.nan
    z = delta / np.sqrt(1 / one + 1 / other)
    found = table.stack().rename("n").reset_index()
    return found.assign(others=(pooled - y).ravel(), delta=delta.ravel(), z=z.ravel())


def _shuffled(
    known: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    strata: np.ndarray,
    times: int,
    seed: int,
) -> np.ndarray:
    first, second = codes
    groups = pd.factorize(strata)[0]
    order = np.argsort(groups, kind="stable")
    row = pd.Index(codes[first]).get_indexer(known[first])[order]
    column = pd.Index(codes[second]).get_indexer(known[second])[order]
    width, size = len(codes[second]), len(codes[first]) * len(codes[second])
    # Sorting stratum + noise shuffles every stratum in its own place.
    noise = np.random.default_rng(seed).random((times, len(known)))
    dealt = column[np.argsort(groups[order] + noise, axis=1)]
    cell = row * width + dealt + size * np.arange(times)[:, None]
    return np.bincount(cell.ravel(), minlength=times * size).reshape(times, size)


def _chi2(tables: np.ndarray, expected: np.ndarray) -> np.ndarray:
    used = expected > 0
    return ((tables[:, used] - expected[used]) ** 2 / expected[used]).sum(axis=1)
