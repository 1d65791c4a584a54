"""How far a count of what names each area hangs on choices, and which orders survive them.

An area with more documented counties can be reached through more places. So documented counties
stand beside every count that grows with size, and an area whose counties are documented in part
has lower bounds, as the area itself and as a comparator.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from laoqu import regions

#: The ways of reaching an area by a name that the text prints. What reaches it as one of a class,
#: with everyone or under a condition adds the same to everybody, so only these tell areas apart.
DIRECT = ("named", "place")
#: The decisions of `multiverse`, each with what can be chosen.
DECISIONS = {
    "confidence": regions.CONFIDENCE,
    "carried": (True, False),
    "boxes": (True, False),
    "zones": (True, False),
    "unit": ("measure", "sentence"),
    "weight": ("whole", "shared"),
}


def weights(
    reach: pd.DataFrame,
    measure_ids: Sequence[str],
    region_ids: Sequence[str],
    ways: Sequence[str] = DIRECT,
) -> pd.DataFrame:
    """Return measures × areas: 1 where the measure names the area or a place in it, else 0.

    `reach` is ``plan.measure_reach()``; with the way "named" alone it must name the area itself.
    Measures that reach nobody and areas that nothing reaches stay in as zeros.

    >>> reach = pd.DataFrame({"measure_id": ["m1", "m1", "m2"], "region_id": ["a", "b", "a"],
    ...                       "reach": ["named", "place", "everyone"]})
    >>> weights(reach, ["m1", "m2"], ["a", "b"]).values.tolist()
    [[1, 1], [0, 0]]
    """
    pairs = reach[reach["reach"].isin(ways)]
    table = pd.crosstab(pairs["measure_id"], pairs["region_id"]).clip(upper=1)
    return table.reindex(index=list(measure_ids), columns=list(region_ids), fill_value=0)


def multiverse(
    measures: pd.DataFrame,
    mentions: pd.DataFrame,
    reached: Mapping[str, pd.DataFrame],
    region_ids: Sequence[str],
) -> pd.DataFrame:
    """Count what names each area under every combination of six decisions.

    Which counties are members (`confidence`); whether a measure without a place of its own has
    those of the one before it (`carried`); whether boxes count (`boxes`); whether zones count by
    their host city (`zones`); what is counted (`unit`); whether a unit for k areas counts 1 or
    1/k in each (`weight`). Carrying makes no difference to sentences, so of the 96 rows
    72 can differ. `reached` maps each confidence to ``plan.reach(None, confidence)``.

    One row per combination: the columns of `DECISIONS`, then one column per area.
    """
    zones = mentions.loc[mentions["level"].eq("zone"), "mention_id"]
    rows = []
    for choice in itertools.product(*DECISIONS.values()):
        confidence, carried, boxes, with_zones, unit, weight = choice
        here = reached[confidence]
        here = here[here["how"].isin(DIRECT)]
        if not with_zones:
            here = here[~here["via"].isin(zones)]
        if not boxes:
            here = here[~here["unit_id"].str.startswith("b")]
        key = "unit_id"
        if unit == "measure":
            key = "measure_id"
            here = regions.reach_of_measures(here, measures) if carried else _own(here, measures)
        pairs = here[[key, "region_id"]].drop_duplicates()
        share = 1 / pairs.groupby(key)["region_id"].transform("size")
        amount = share if weight == "shared" else pd.Series(1.0, pairs.index)
        total = amount.groupby(pairs["region_id"]).sum().reindex(region_ids, fill_value=0)
        # Shares such as 1/3 + 1/3 + 1/3 must tie with 1.
        rows.append([*choice, *total.round(9)])
    return pd.DataFrame(rows, columns=[*DECISIONS, *region_ids])


def orders(cases: pd.DataFrame, known: pd.Series, level: float = 1.0) -> pd.DataFrame:
    """Return for each pair of areas in how many cases one has more than the other.

    `cases` has one column per area and one row per case (a combination of `multiverse`, a clause
    left out, a draw of clauses); `known` says whose counties are documented (``complete`` of
    `laoqu.analysis.answer.counts`); in a share of `level` of the cases one must be ahead.

    One row per pair: ``region_id``, ``other_id``, ``more``, ``fewer``, ``tied`` (shares of the
    cases), ``ahead`` (the area ahead, else empty), ``sure`` (there is one, and the area behind is
    complete: its missing counties cannot turn it).

    >>> cases = pd.DataFrame({"a": [3, 4], "b": [1, 1], "c": [1, 2]})
    >>> known = pd.Series({"a": True, "b": False, "c": True})
    >>> orders(cases, known)[["ahead", "sure"]].values.tolist()
    [['a', False], ['a', True], ['', False]]
    """
    rows = []
    for one, two in itertools.combinations(cases.columns, 2):
        gap = cases[one] - cases[two]
        more, fewer = float((gap > 0).mean()), float((gap < 0).mean())
        ahead, behind = (one, two) if more >= fewer else (two, one)
        if max(more, fewer) < level:
            ahead = ""
        sure = bool(ahead) and bool(known[behind])
        rows.append([one, two, more, fewer, float((gap == 0).mean()), ahead, sure])
    columns = ["region_id", "other_id", "more", "fewer", "tied", "ahead", "sure"]
    return pd.DataFrame(rows, columns=columns)


def gini(values: np.ndarray) -> np.ndarray:
    r"""Return the Gini coefficient over the last axis.

    :math:`G = \sum_i (2i - n - 1) x_{(i)} / (n \sum_i x_i)`: 0 where all have the same, at most
    (n − 1)/n; NaN where nobody has anything.

    >>> float(gini([1, 2, 3, 4]))
    0.25
    """
    ordered = np.sort(np.asarray(values, dtype="float64"), axis=-1)
    n = ordered.shape[-1]
    total = ordered.sum(axis=-1)
    rank = 2 * np.arange(1, n + 1) - n - 1
    return (ordered * rank).sum(axis=-1) / np.where(total > 0, n * total, np.nan)


def _own(reached: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    spans = measures[["measure_id", "unit_id", "start", "end"]]
    rows = spans.merge(reached, on="unit_id", suffixes=("_measure", ""))
    inside = (rows["start"] >= rows["start_measure"]) & (rows["start"] < rows["end_measure"])
    return rows[inside]
