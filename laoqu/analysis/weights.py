"""How much of a measure counts for an area: one rule for every analysis of areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from laoqu.errors import UnknownId

#: Full: 1 for every area reached. Named: 1 where the text names the area or a place in it.
#: Fractional: the same, shared equally among the areas that it reaches.
RULES = ("full", "fractional", "named", "named_fractional")
DIRECT = ("named", "place")


def weights(
    reach: pd.DataFrame, measure_ids: Sequence[str], region_ids: Sequence[str], rule: str = "full"
) -> pd.DataFrame:
    r"""Return the weight c of every measure for every area.

    Full: :math:`c_{ir} = 1` where r is reached. Fractional: :math:`c_{ir} = 1/k_i` with
    :math:`k_i` the number of areas reached. The two named rules leave out what reaches an area
    only as one of a class, with everyone or under a condition: since those add the same to
    everybody, only the named rules tell areas apart.

    Parameters
    ----------
    reach : DataFrame
        ``plan.measure_reach()``: ``measure_id``, ``region_id``, ``reach``.
    measure_ids, region_ids : sequence of str
        Rows and columns of the result; what reaches nobody and who is reached by nothing stays
        in as zeros.
    rule : {"full", "fractional", "named", "named_fractional"}

    Returns
    -------
    DataFrame
        Index ``measure_id``, columns ``region_id``, floats from 0 to 1. Under a fractional rule
        a row over all areas sums to 1, or to 0 where no area is reached.

    Raises
    ------
    UnknownId
        For an unknown rule.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.weights import weights
    >>> reach = pd.DataFrame({"measure_id": ["m1", "m1", "m2"], "region_id": ["a", "b", "a"],
    ...                       "reach": ["named", "place", "everyone"]})
    >>> weights(reach, ["m1", "m2"], ["a", "b"], "named_fractional").values.tolist()
    [[0.5, 0.5], [0.0, 0.0]]
    """
    if rule not in RULES:
        raise UnknownId(rule, RULES, "rule")
    if rule.startswith("named"):
        reach = reach[reach["reach"].isin(DIRECT)]
    pairs = reach[["measure_id", "region_id"]].drop_duplicates()
    index = pd.Index(list(measure_ids), name="measure_id")
    columns = pd.Index(list(region_ids), name="region_id")
    rows, places = index.get_indexer(pairs["measure_id"]), columns.get_indexer(pairs["region_id"])
    asked = (rows >= 0) & (places >= 0)
    values = np.zeros((len(index), len(columns)))
    values[rows[asked], places[asked]] = 1
    table = pd.DataFrame(values, index, columns)
    if rule.endswith("fractional"):
        # Shares are of all areas reached, also of those that are not asked for.
        total = pairs["measure_id"].value_counts().reindex(index, fill_value=1)
        table = table.div(total, axis=0)
    return table


def groups(measures: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """Return weight 1 for the group that a measure is in: a table like that of `weights`.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``.
    by : str, optional
        A column of `measures` (theme, instrument_class, clause_id …). Without it all measures
        are one group, ``all``.

    Returns
    -------
    DataFrame
        Index ``measure_id``, one column per group: clauses in reading order, codes sorted. What
        is not coded stays visible as the group ``uncoded``.
    """
    names = pd.Series("all", measures.index) if by is None else measures[by].replace("", pd.NA)
    names = names.astype("str").fillna("uncoded")
    order = list(dict.fromkeys(names)) if by == "clause_id" else sorted(set(names))
    table = pd.get_dummies(names, dtype="float64")[order]
    return table.set_axis(pd.Index(measures["measure_id"], name="measure_id"))
