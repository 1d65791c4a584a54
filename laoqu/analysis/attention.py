"""What the plan attends to for each area, and where an area differs from the other eleven."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import entr
from statsmodels.stats.multitest import multipletests

from laoqu.analysis import reassign, resample

PRIOR = 10.0


def shares(
    weights: pd.DataFrame, measures: pd.DataFrame, codes: Sequence[str], by: str = "theme"
) -> pd.DataFrame:
    r"""Return the attention shares :math:`a_{rt} = \sum_i c_{ir} 1[t_i = t] / \sum_i c_{ir}`.

    Parameters
    ----------
    weights : DataFrame
        From `laoqu.analysis.weights.weights`: measures × areas.
    measures : DataFrame
        With ``measure_id`` and the column `by`; a measure without a code counts nowhere.
    codes : sequence of str
        All codes, in the order wanted: those that no measure has stay in as zeros.
    by : str
        The variable whose codes share the attention.

    Returns
    -------
    DataFrame
        One row per (area, code): ``region_id``, `by`, ``n`` (weighted measures), ``total`` (of
        the area), ``share`` (NaN where nothing reaches the area).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.attention import shares
    >>> weights = pd.DataFrame({"a": [1, 1], "b": [0, 0]}, index=["m1", "m2"])
    >>> measures = pd.DataFrame({"measure_id": ["m1", "m2"], "theme": ["T01", "T02"]})
    >>> shares(weights, measures, ["T01", "T02"])["share"].tolist()
    [0.5, 0.5, nan, nan]
    """
    counts = _counts(weights, measures, codes, by)
    table = counts.stack().rename("n").reset_index()
    table["total"] = table["region_id"].map(counts.sum(axis=1))
    table["share"] = table["n"] / table["total"].where(table["total"] > 0)
    return table


def breadth(
    weights: pd.DataFrame,
    measures: pd.DataFrame,
    codes: Sequence[str],
    by: str = "theme",
    draws: int = resample.DRAWS,
    seed: int = resample.SEED,
) -> pd.DataFrame:
    r"""Return over how many themes the attention to each area spreads.

    :math:`H = -\sum_t a_t \ln a_t`; effective number of themes :math:`\exp H`, and
    :math:`1 / \sum_t a_t^2`, which leans more on the large ones. The interval draws clauses
    anew, among those that reach any area under the rule. Themes sit in clauses, so a redraw that
    leaves clauses out loses whole themes: the redraws lie lower than the value, and how much is
    told by their median.

    Parameters
    ----------
    weights, measures, codes, by
        As in `shares`; `measures` also with ``clause_id``.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row per area: ``region_id``, ``n``, ``themes`` (codes with any weight), ``entropy``,
        ``effective``, ``inverse_hhi``, ``low``, ``redrawn``, ``high`` (2.5 %, median and 97.5 %
        of ``effective`` over the redraws), ``undefined_draws``. NaN where nothing reaches the
        area; no interval from a single clause.

    Notes
    -----
    The pair is that of issue attention diversity in manifestoR.
    """
    counts = _counts(weights, measures, codes, by)
    known = measures.set_index("measure_id")
    some = weights.loc[weights.to_numpy().any(axis=1)]
    marks = pd.get_dummies(known.loc[some.index, by]).reindex(columns=list(codes), fill_value=0)
    cells = some.to_numpy()[:, :, None] * marks.to_numpy(float)[:, None, :]
    clauses = known.loc[some.index, "clause_id"]
    times = resample.clause_draws(clauses, draws, seed) if len(some) else np.zeros((draws, 0))
    drawn = times @ cells.reshape(len(some), counts.size)
    drawn = _spread(drawn.reshape(draws, *counts.shape))["effective"]
    # Draws of a single clause say nothing but how often it came up.
    behind = pd.DataFrame(cells.any(axis=2)).groupby(clauses.to_numpy()).any().sum().to_numpy()
    found = np.vstack([resample.intervals(drawn), resample.intervals(drawn, level=0)[:1]])
    low, high, redrawn = np.where(behind > 1, found, np.nan)
    values = _spread(counts.to_numpy(float))
    return pd.DataFrame(
        {
            "region_id": counts.index,
            "n": counts.sum(axis=1).to_numpy(),
            "themes": (counts > 0).sum(axis=1).to_numpy(),
            **values,
            "low": low,
            "redrawn": redrawn,
            "high": high,
            "undefined_draws": np.isnan(drawn).sum(axis=0),
        }
    )


def distinctiveness(
    weights: pd.DataFrame,
    measures: pd.DataFrame,
    codes: Sequence[str],
    by: str = "theme",
    prior: float = PRIOR,
) -> pd.DataFrame:
    r"""Return what sets each area apart from the others: shrunken log-odds.

    With y the weighted measures of theme t and n those of the area, o for all other areas
    together, and :math:`\alpha_t = \alpha_0` · pooled share of t,

    .. math:: \delta_t = \ln\frac{y_t+\alpha_t}{n+\alpha_0-y_t-\alpha_t}
              - \ln\frac{o_t+\alpha_t}{n^o+\alpha_0-o_t-\alpha_t},\quad
              z_t = \delta_t \Big/ \sqrt{\frac1{y_t+\alpha_t} + \frac1{o_t+\alpha_t}}

    Parameters
    ----------
    weights, measures, codes, by
        As in `shares`. A measure for several areas counts in each of them.
    prior : float
        The weight :math:`\alpha_0` of the pooled shares, in measures.

    Returns
    -------
    DataFrame
        One row per (area, code that any area has): ``region_id``, `by`, ``n``, ``total``,
        ``others``, ``others_total``, ``delta``, ``low``, ``high`` (δ ± 1.96 standard errors),
        ``z``. NaN where nothing reaches the area.

    Notes
    -----
    Monroe, Colaresi and Quinn 2008, doi:10.1093/pan/mpn018.
    """
    counts = _counts(weights, measures, codes, by)
    counts = counts.loc[:, counts.sum() > 0]
    pooled = counts.sum().to_numpy()
    y, total = counts.to_numpy(float), counts.sum(axis=1).to_numpy(float)[:, None]
    alpha = prior * pooled / max(pooled.sum(), 1)
    one, other = y + alpha, pooled - y + alpha
    rest = pooled.sum() - total
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = np.log(one / (total + prior - one)) - np.log(other / (rest + prior - other))
    error = np.sqrt(1 / one + 1 / other)
    delta[total[:, 0] == 0] = np.nan
    table = counts.stack().rename("n").reset_index()
    shape = delta.shape
    for name, values in (
        ("total", np.broadcast_to(total, shape)), ("others", pooled - y),
        ("others_total", np.broadcast_to(rest, shape)), ("delta", delta),
        ("low", delta - 1.96 * error), ("high", delta + 1.96 * error), ("z", delta / error),
    ):  # fmt: skip
        table[name] = values.ravel()
    return table


def nicheness(
    weights: pd.DataFrame, measures: pd.DataFrame, codes: Sequence[str], by: str = "theme"
) -> pd.DataFrame:
    r"""Return how far the shares of each area lie from the mean of the other areas.

    :math:`d_r = \sqrt{\frac1{|T^*|}\sum_{t \in T^*} (a_{rt} - \bar a_{-r,t})^2}`, with
    :math:`T^*` the themes that any area has and the unweighted mean of the other areas.

    Returns
    -------
    DataFrame
        One row per area: ``region_id``, ``n``, ``distance``, ``relative`` (less the mean distance
        of the others). NaN where nothing reaches the area; such an area is not in the means. An
        area of few measures lies far out by chance alone: read with ``n``.

    Notes
    -----
    After Meyer and Miller's nicheness (manifestoR, ``R/nicheness.R``).
    """
    counts = _counts(weights, measures, codes, by)
    table = counts.loc[:, counts.sum() > 0]
    share = table.div(table.sum(axis=1).where(lambda total: total > 0), axis=0)
    distance = np.sqrt(((share - _others(share)) ** 2).mean(axis=1, skipna=False))
    relative = distance - _others(distance)
    return pd.DataFrame(
        {"n": counts.sum(axis=1), "distance": distance, "relative": relative}
    ).reset_index()  # fmt: skip


def similarity(
    weights: pd.DataFrame,
    measures: pd.DataFrame,
    draws: int = reassign.DRAWS,
    seed: int = resample.SEED,
) -> pd.DataFrame:
    r"""Return how alike the measures of each pair of areas are, against lists dealt by lot.

    The cosine of the areas' columns of `weights`; for a rule of zeros and ones the Ochiai
    coefficient :math:`c / \sqrt{s_r s_q}` of the measures shared. Jaccard was not taken: it
    cannot exceed the ratio of the two totals, and these run from 6 to 25.

    Parameters
    ----------
    weights : DataFrame
        From `laoqu.analysis.weights.weights`, under a named rule: what is for everyone would make
        all areas alike.
    measures : DataFrame
        With ``measure_id`` and ``unit_id``.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row per pair of areas: ``region_id``, ``other_id``, ``shared`` (measures with any
        weight for both), ``similarity``, ``expected`` (mean of the null), ``p`` (two-sided),
        ``p_adjusted`` (Benjamini–Hochberg over all pairs). NaN where an area has no measure.

    Notes
    -----
    The null (`laoqu.analysis.reassign`) keeps the length of every list and not the number of
    measures an area has: two areas that are named often are alike for that reason too.
    """
    lists, sizes = reassign.printed_lists(weights, measures.set_index("measure_id")["unit_id"])
    observed = _cosines(lists.to_numpy(float)[None], sizes)[0]
    # An area that is dealt nothing shares nothing.
    drawn = np.nan_to_num(_cosines(reassign.reassigned(lists.astype(float), draws, seed), sizes))
    table = pd.DataFrame(
        list(itertools.combinations(weights.columns, 2)), columns=["region_id", "other_id"]
    )
    marks = (weights.to_numpy() > 0).astype(int)
    pairs = np.triu_indices(weights.shape[1], 1)
    table["shared"] = (marks.T @ marks)[pairs]
    table["similarity"] = observed
    known = ~np.isnan(observed)
    table["expected"] = np.where(known, drawn.mean(axis=0), np.nan)
    table["p"] = np.where(known, reassign.p_both(drawn, observed), np.nan)
    table["p_adjusted"] = np.nan
    if known.any():
        table.loc[known, "p_adjusted"] = multipletests(table.loc[known, "p"], method="fdr_bh")[1]
    return table


def _counts(
    weights: pd.DataFrame, measures: pd.DataFrame, codes: Sequence[str], by: str
) -> pd.DataFrame:
    """Areas × codes: the summed weights."""
    found = measures.set_index("measure_id")[by].reindex(weights.index)
    table = weights.groupby(found).sum().reindex(list(codes), fill_value=0)
    return table.T.rename_axis(index="region_id", columns=by)


def _spread(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Entropy and its relatives over the last axis; NaN where all is zero."""
    total = counts.sum(axis=-1, keepdims=True)
    share = counts / np.where(total > 0, total, np.nan)
    entropy = entr(share).sum(axis=-1)
    return {
        "entropy": entropy,
        "effective": np.exp(entropy),
        "inverse_hhi": 1 / (share**2).sum(axis=-1),
    }


def _others(values: pd.DataFrame | pd.Series) -> pd.DataFrame | pd.Series:
    """Return for each row the mean of all others; those that are NaN are left out."""
    filled, known = values.fillna(0), values.notna()
    return (filled.sum() - filled) / (known.sum() - known)


def _cosines(lists: np.ndarray, sizes: pd.Series) -> np.ndarray:
    """Cosines of all pairs of the last axis of (draws, lists, areas): shape (draws, pairs)."""
    scaled = lists * np.sqrt(sizes.to_numpy(float))[:, None]
    gram = scaled.transpose(0, 2, 1) @ scaled
    norm = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    pairs = np.triu_indices(gram.shape[1], 1)
    below = norm[:, pairs[0]] * norm[:, pairs[1]]
    return gram[:, *pairs] / np.where(below > 0, below, np.nan)
