"""How unevenly named support falls on the areas, and the two channels that divide the twelve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from laoqu.analysis import reassign, resample

#: The sentence in which provinces are to choose key counties, and the box of the national ones.
PROVINCIAL, NATIONAL = "c04.s02", "b1"


def gini(values: np.ndarray) -> np.ndarray:
    r"""Return the Gini coefficient over the last axis.

    :math:`G = \sum_i (2i - n - 1) x_{(i)} / (n \sum_i x_i)`: 0 where all have the same, at most
    (n − 1)/n; NaN where nobody has anything.

    Examples
    --------
    >>> from laoqu.analysis.concentration import gini
    >>> float(gini([1, 2, 3, 4]))
    0.25
    """
    ordered = np.sort(np.asarray(values, dtype="float64"), axis=-1)
    n = ordered.shape[-1]
    total = ordered.sum(axis=-1)
    rank = 2 * np.arange(1, n + 1) - n - 1
    return (ordered * rank).sum(axis=-1) / np.where(total > 0, n * total, np.nan)


def hhi(values: np.ndarray) -> np.ndarray:
    """Return the sum of squared shares over the last axis: 1/n where all have the same, at most 1.

    Examples
    --------
    >>> from laoqu.analysis.concentration import hhi
    >>> float(hhi([1, 1, 1, 1]))
    0.25
    """
    values = np.asarray(values, dtype="float64")
    total = values.sum(axis=-1, keepdims=True)
    return ((values / np.where(total > 0, total, np.nan)) ** 2).sum(axis=-1)


STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"gini": gini, "hhi": hhi}


def concentration(
    weights: pd.DataFrame,
    measures: pd.DataFrame,
    draws: int = reassign.DRAWS,
    seed: int = resample.SEED,
) -> pd.DataFrame:
    """Return how concentrated the measures are on few areas, against lists dealt by lot.

    Parameters
    ----------
    weights : DataFrame
        From `laoqu.analysis.weights.weights`, under a named rule.
    measures : DataFrame
        With ``measure_id`` and ``unit_id``.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row per statistic (``gini``, ``hhi``): ``statistic``, ``value``, ``expected`` (mean
        of the null), ``low``, ``high`` (its central 95 %), ``p`` (one-sided: as concentrated or
        more), ``lists``, ``total`` (weighted measures). NaN where nobody is reached.

    Notes
    -----
    Small case, exact: two lists of one among two areas fall on the same one in half of the
    draws, then with Gini 1/2, and else with Gini 0; so the expected Gini is 1/4, and p is 1/2
    where both do name the same area.
    """
    lists, sizes = reassign.printed_lists(weights, measures.set_index("measure_id")["unit_id"])
    observed = weights.sum().to_numpy()
    dealt = reassign.reassigned(lists, draws, seed)
    drawn = np.einsum("dla,l->da", dealt, sizes.to_numpy(float))
    rows = []
    for name, function in STATISTICS.items():
        value, null = function(observed), function(drawn)
        low, high = resample.intervals(null[:, None])[:, 0]
        p = float(reassign.p_upper(null, value)) if len(lists) else np.nan
        expected = null.mean() if len(lists) else np.nan
        rows.append([name, float(value), expected, low, high, p, len(lists), observed.sum()])
    columns = ["statistic", "value", "expected", "low", "high", "p", "lists", "total"]
    return pd.DataFrame(rows, columns=columns)


def channels(mentions: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Return by which channel key counties of each area are supported.

    Parameters
    ----------
    mentions : DataFrame
        ``plan.mentions()``.
    regions : DataFrame
        ``plan.regions()``.

    Returns
    -------
    DataFrame
        One row per area in printed order: ``region_id``, ``provincial`` (clause 4 names it among
        those whose provinces choose key counties), ``national`` (counties of box 1 documented as
        in it), ``in_provinces`` (counties of box 1 in any of its provinces: where this is 0, no
        gap in the documented membership can hide one), ``channel`` (provincial, national, both,
        neither), ``documented``, ``official_total``.
    """
    recipients = mentions[mentions["recipient"]]
    chosen = recipients[recipients["unit_id"].eq(PROVINCIAL) & recipients["level"].eq("area")]
    box = recipients[recipients["clause_id"].eq(NATIONAL)]
    held = box["region_id"].str.split(";").explode().value_counts()
    table = regions[["region_id", "documented", "official_total"]].copy()
    table.insert(1, "provincial", table["region_id"].isin(chosen["region_id"]))
    table.insert(2, "national", table["region_id"].map(held).fillna(0).astype("int64"))
    inside = [int(box["province"].isin(names).sum()) for names in regions["provinces"]]
    table.insert(3, "in_provinces", inside)
    marks = table["provincial"] + 2 * (table["national"] > 0)
    table.insert(4, "channel", marks.map(dict(enumerate(CHANNELS))))
    return table.reset_index(drop=True)


#: By 1 · provincial + 2 · national.
CHANNELS = ("neither", "provincial", "national", "both")
