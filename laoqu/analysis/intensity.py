"""Exposure of the areas, measure by measure: how many, how strong, and how sure their order is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from laoqu.analysis.resample import (
    CLAUSES,
    DRAWS,
    LEVEL,
    SEED,
    clause_draws,
    clauses_behind,
    enough,
    intervals,
    rank_intervals,
    rankable,
)
from laoqu.analysis.weights import RULES, groups, weights

QUANTITIES = ("density", "exposure", "mean")
#: Shares such as 1/3 + 1/3 + 1/3 must tie with 1, and on every machine alike.
DIGITS = 9
RECODINGS = 500


def exposures(
    measures: pd.DataFrame,
    reach: pd.DataFrame,
    region_ids: Sequence[str],
    by: str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    r"""Return density, exposure and mean strength of every area under every rule of weights.

    With :math:`c_{ir}` the weight of measure i for area r (`laoqu.analysis.weights`) and
    :math:`s_i` its strength: density :math:`D_r = \sum_i c_{ir}`, exposure
    :math:`E_r = \sum_i s_i c_{ir}`, mean :math:`E_r / D_r` over the measures whose strength is
    coded. Strength is ordinal, so exposure and mean are indices: read them with `robust_order`.

    Parameters
    ----------
    measures, reach : DataFrame
        ``plan.measures()`` and ``plan.measure_reach()``.
    region_ids : sequence of str
        The areas, in the order of the result.
    by : str, optional
        Break down by this column of `measures`: theme, instrument_class, clause_id.
    draws, seed : int
        Draws of clauses (`laoqu.analysis.resample.clause_draws`).

    Returns
    -------
    DataFrame
        One row per (group,) rule, area and quantity (`QUANTITIES`): ``n`` measures and
        ``clauses`` behind it, ``n_uncoded`` (strength not coded: left out of exposure and mean),
        ``value`` (NaN: a mean of nothing), ``low``, ``high`` (95 %; NaN where fewer than two
        clauses are behind it, for exposure and mean with a coded measure), ``undefined`` (draws
        without a value), ``rank_low``, ``rank_high`` (1 = largest; NA unless ``rankable``),
        ``rankable`` (all areas have `laoqu.analysis.resample.enough`). With `by`, ``group``
        comes first.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.intensity import exposures
    >>> measures = pd.DataFrame({"measure_id": ["m1", "m2"], "clause_id": ["c1", "c2"],
    ...                          "strength": [3, 5]})
    >>> reach = pd.DataFrame({"measure_id": ["m1", "m2", "m2"], "region_id": ["a", "a", "b"],
    ...                       "reach": "named"})
    >>> table = exposures(measures, reach, ["a", "b"], draws=10)
    >>> table.loc[table["rule"] == "named", "value"].tolist()
    [2.0, 8.0, 4.0, 1.0, 5.0, 5.0]
    """
    clauses = measures["clause_id"].to_numpy()
    # The first row is the plan as it stands, the others are the draws.
    times = np.vstack([np.ones(len(measures), dtype=int), clause_draws(clauses, draws, seed)])
    parts = groups(measures, by)
    reached = {
        rule: weights(reach, measures["measure_id"], region_ids, rule).to_numpy() for rule in RULES
    }
    frames = []
    for group, rule in itertools.product(parts.columns, RULES):
        inside = parts[group].to_numpy()[:, None] * reached[rule]
        frame = _quantities(measures["strength"], inside, clauses, times, list(region_ids))
        frames.append(frame.assign(group=group, rule=rule))
    first = ["rule", "region_id", "quantity"]
    table = pd.concat(frames, ignore_index=True)
    rest = [column for column in table.columns if column not in ("group", *first)]
    return table[[*(["group"] if by else []), *first, *rest]]


def robust_order(
    measures: pd.DataFrame,
    reach: pd.DataFrame,
    region_ids: Sequence[str],
    rule: str = "named",
    draws: int = RECODINGS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return for each pair of areas how often one stays above the other.

    Two things are varied, one at a time. ``scale``: the five strengths get random scores
    0 = a1 ≤ a2 ≤ … ≤ a5 = 1 (sorted uniforms, ends fixed), as any order-keeping scale may.
    ``text``: clauses are drawn anew, the scale stays 1 to 5.

    Parameters
    ----------
    measures, reach, region_ids
        As in `exposures`.
    rule : str
        One of `laoqu.analysis.weights.RULES`.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row per quantity, basis and pair: ``quantity``, ``basis`` (density does not depend
        on the scale: text only), ``region_id``, ``other_id``, ``above``, ``below``, ``tied``
        (shares of the draws; what is missing to 1 is undefined), ``rankable`` (both have
        `laoqu.analysis.resample.enough` coded measures and clauses), ``robust`` (rankable, and
        above or below in 95 % of the draws).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.intensity import robust_order
    >>> measures = pd.DataFrame({"measure_id": ["m1", "m2"], "clause_id": ["c1", "c2"],
    ...                          "strength": [3, 5]})
    >>> reach = pd.DataFrame({"measure_id": ["m1", "m2"], "region_id": ["a", "b"],
    ...                       "reach": "named"})
    >>> pair = robust_order(measures, reach, ["a", "b"]).set_index(["quantity", "basis"])
    >>> float(pair.loc[("mean", "scale"), "below"])  # 5 scores more than 3, however spaced
    1.0
    """
    inside = weights(reach, measures["measure_id"], region_ids, rule).to_numpy()
    strength = measures["strength"].astype("Float64").to_numpy(na_value=np.nan)
    levels = (strength[:, None] == np.arange(1, 6)).astype(float)
    middle = np.sort(np.random.default_rng(seed).uniform(size=(draws, 3)), axis=1)
    scores = np.column_stack([np.zeros(draws), middle, np.ones(draws)])
    times = clause_draws(measures["clause_id"], draws, seed)
    coded = inside * levels.sum(axis=1)[:, None]
    samples = {
        ("density", "text"): times @ inside,
        ("exposure", "scale"): scores @ (levels.T @ inside),
        ("exposure", "text"): times @ (inside * np.nan_to_num(strength)[:, None]),
    }
    samples["mean", "scale"] = _divided(samples["exposure", "scale"], coded.sum(axis=0))
    samples["mean", "text"] = _divided(samples["exposure", "text"], times @ coded)
    clauses = measures["clause_id"]
    fit = {
        quantity: enough((there > 0).sum(axis=0), clauses_behind(there, clauses))
        for quantity, there in (("density", inside), ("exposure", coded), ("mean", coded))
    }
    rows = []
    for (quantity, basis), sample in sorted(samples.items()):
        sample = sample.round(DIGITS)
        for one, two in itertools.combinations(range(len(region_ids)), 2):
            a, b = sample[:, one], sample[:, two]
            shares = [float((a > b).mean()), float((a < b).mean()), float((a == b).mean())]
            ranked = bool(fit[quantity][one] and fit[quantity][two])
            robust = ranked and max(shares[:2]) >= LEVEL
            pair = [region_ids[one], region_ids[two]]
            rows.append([quantity, basis, *pair, *shares, ranked, robust])
    columns = ["quantity", "basis", "region_id", "other_id", "above", "below", "tied"]
    return pd.DataFrame(rows, columns=[*columns, "rankable", "robust"])


def _quantities(
    strength: pd.Series,
    inside: np.ndarray,
    clauses: np.ndarray,
    times: np.ndarray,
    region_ids: list[str],
) -> pd.DataFrame:
    """Return the rows of one rule (and group): three quantities for each area."""
    score = strength.astype("Float64").to_numpy(na_value=np.nan)
    coded = inside * ~np.isnan(score)[:, None]
    exposure = times @ (coded * np.nan_to_num(score)[:, None])
    samples = {
        "density": times @ inside,
        # Nothing of it coded is not the same as nothing there.
        "exposure": np.where((inside.sum(axis=0) > 0) & (coded.sum(axis=0) == 0), np.nan, exposure),
        "mean": _divided(exposure, times @ coded),
    }
    behind, behind_coded = clauses_behind(inside, clauses), clauses_behind(coded, clauses)
    n, n_coded = (inside > 0).sum(axis=0), (coded > 0).sum(axis=0)
    frames = []
    for quantity, sample in samples.items():
        value, drawn = sample[0].round(DIGITS), sample[1:].round(DIGITS)
        rests = (n, behind) if quantity == "density" else (n_coded, behind_coded)
        low, high = np.where(rests[1] >= CLAUSES, intervals(drawn), np.nan)
        whole = drawn[~np.isnan(drawn).any(axis=1)]
        ordered = rankable(*map(pd.Series, rests)) and len(whole) > 0
        ranks = rank_intervals(whole) if ordered else [pd.NA, pd.NA]
        columns = {
            "region_id": region_ids, "quantity": quantity, "n": n, "clauses": behind,
            "n_uncoded": n - n_coded, "value": value, "low": low, "high": high,
            "undefined": np.isnan(drawn).sum(axis=0), "rank_low": ranks[0],
            "rank_high": ranks[1], "rankable": ordered,
        }  # fmt: skip
        frames.append(pd.DataFrame(columns))
    table = pd.concat(frames).astype({"rank_low": "Int64", "rank_high": "Int64"})
    # By area, then in the order of the quantities.
    return table.sort_index(kind="stable")


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return the quotient, NaN where there is nothing to divide by."""
    below = np.broadcast_to(below, above.shape)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
