"""How near the units of a channel lie to a treated one and to the border of their area."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from laoqu.plan import Plan


def distances(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return how near each unit of a channel lies to a treated one and to its area's border.

    Parameters
    ----------
    plan : Plan
    table : DataFrame
        One channel of `laoqu.analysis.treatment.counties`.

    Returns
    -------
    DataFrame
        One row per county of the table: ``county_code``, ``borders_treated`` (shares a border with
        a treated unit), ``km_to_treated`` (between points inside; 0 for treated), ``km_to_border``
        (from such a point to the border of its areas). NA for units without a shape.
    """
    return _distances(plan, _Frozen(table)).copy()


class _Frozen:
    """A table as a key of a cache: equal where codes, statuses and areas are."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        columns = table[["county_code", "ever_treated", "region_id"]].astype("str")
        self.key = tuple(columns.itertuples(index=False, name=None))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=8)
def _distances(plan: Plan, frozen: _Frozen) -> pd.DataFrame:
    import shapely

    table = frozen.table
    shapes = plan.layers.counties.set_index("adcode").geometry
    codes = table["county_code"][table["county_code"].isin(shapes.index)]
    found = shapes[codes]
    points = shapely.point_on_surface(found.to_numpy())
    treated = table["ever_treated"].eq(1).fillna(False).to_numpy()
    treated = pd.Series(treated, table["county_code"])[codes].to_numpy()
    borders = np.zeros(len(codes), dtype=bool)
    nearest_km = np.full(len(codes), np.nan)
    if treated.any():
        tree = shapely.STRtree(found.to_numpy()[treated])
        left, right = tree.query(found.to_numpy(), predicate="intersects")
        own = np.flatnonzero(treated)
        borders[left[left != own[right]]] = True
        points_tree = shapely.STRtree(points[treated])
        (pair, _), metres = points_tree.query_nearest(
            points, return_distance=True, all_matches=False
        )
        nearest_km[pair] = metres / 1000
    edge = pd.Series(np.nan, codes)
    areas = table.set_index("county_code")["region_id"][codes].str.split(";").explode()
    place = {code: number for number, code in enumerate(codes)}
    for area in sorted(set(areas) - {""}):
        members = areas.index[areas == area]
        line = shapely.union_all(shapes[members].to_numpy()).boundary
        away = shapely.distance(points[[place[code] for code in members]], line) / 1000
        # A county of two areas has the nearer of their borders.
        edge[members] = np.fmin(edge[members], away)
    return pd.DataFrame(
        {
            "county_code": codes.to_numpy(), "borders_treated": borders,
            "km_to_treated": nearest_km.round(1), "km_to_border": edge.to_numpy().round(1),
        }
    )  # fmt: skip
