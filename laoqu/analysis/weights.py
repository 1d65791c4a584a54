"""How much of a measure counts for an area: one rule for every comparison of areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from laoqu.errors import UnknownId

#: full: 1 for every area reached in any way. named: 1 where the text names the area or a place
#: in it. name: 1 where it names the area itself. The fractional rules share the 1 equally.
RULES = ("full", "fractional", "named", "named_fractional", "name", "name_fractional")
#: The ways of reaching an area by a name that the text prints.
DIRECT = ("named", "place")


def weights(
    reach: pd.DataFrame, measure_ids: Sequence[str], region_ids: Sequence[str], rule: str = "named"
) -> pd.DataFrame:
    r"""Return the weight c of every measure for every area.

    Full: :math:`c_{ir} = 1` where r is reached. Fractional: :math:`c_{ir} = 1/k_i` with
    :math:`k_i` the number of areas reached. What reaches an area only as one of a class, with
    everyone or under a condition adds the same to everybody, so only the rules `named` and
    `name` tell areas apart.

    Parameters
    ----------
    reach : DataFrame
        ``plan.measure_reach()``: ``measure_id``, ``region_id``, ``reach``.
    measure_ids, region_ids : sequence of str
        Rows and columns of the result; what reaches nobody and who is reached by nothing stays
        in as zeros.
    rule : str
        One of `RULES`.

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
    elif rule.startswith("name"):
        reach = reach[reach["reach"].eq("named")]
    pairs = reach[["measure_id", "region_id"]].drop_duplicates()
    index = pd.Index(list(measure_ids), name="measure_id")
    columns = pd.Index(list(region_ids), name="region_id")
    rows = index.get_indexer(pairs["measure_id"])
    places = columns.get_indexer(pairs["region_id"])
    asked = (rows >= 0) & (places >= 0)
    values = np.zeros((len(index), len(columns)))
    values[rows[asked], places[asked]] = 1
    table = pd.DataFrame(values, index, columns)
    if rule.endswith("fractional"):
        # Shares are of all areas reached, also of those that are not asked for.
        total = pairs["measure_id"].value_counts().reindex(index, fill_value=1)
        table = table.div(total, axis=0)
    return table
