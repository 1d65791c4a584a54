"""Where an area is, who is in it, and which of its places the plan names; all twelve in one map.

Sizes are millimetres on paper; maps are in `laoqu.geo.CRS_CHINA`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path

from laoqu import geo
from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label
from laoqu.regions import Region

#: The many roles of cities in five groups, each with a shape of its own.
GROUPS = {
    "hub": ("provincial_subcentre", "interprovincial_node", "capital_docking",
            "cluster_development"),
    "industry": ("specialty_base", "facility_vegetables", "selenium_industry", "trade_logistics",
                 "tourism_destination", "national_zone"),
    "pilot": ("border_opening", "common_prosperity_demo", "eco_value"),
    "aid": ("paired_aid",),
}  # fmt: skip
SHAPES = {"hub": "s", "industry": "^", "pilot": "D", "aid": "P", "zone": "h"}
LAND, TINT, BORDER = "#F1EFEA", "#DDA5A8", "#A19D95"
DASHED = (0, (2.4, 1.5))
#: Where the tenth is missing, a county that is not filled says nothing (see `Report`).
COMPLETE = 0.9
#: An area this small has room for the names of all its counties.
NAME_ALL = 30
MM, SIDE, TEXT, STRIP = 1 / 25.4, 42.0, 3.3, 11.0
MAP_WIDTH = 160 - SIDE - 4
COLUMNS = ["adcode", "name", "kind", "shape", "role", "confidence", "labelled"]


def plot_region(
    region: Region,
    counties: gpd.GeoDataFrame,
    outline: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    mentions: pd.DataFrame,
    items: pd.DataFrame,
    lang: str = "zh",
    names: Mapping[str, str] | None = None,
) -> Drawn:
    """Draw one area: its counties by how sure they are, and the places that the plan names there.

    Parameters
    ----------
    region : Region
    counties, outline : GeoDataFrame
        From `laoqu.geo.load` and `laoqu.geo.outline`, or faster from `laoqu.geo.projected`.
    membership : DataFrame
        ``plan.membership()``.
    mentions, items : DataFrame
        ``plan.mentions(region)`` and ``plan.box_items(region=region)``.
    lang : {"zh", "en"}
    names : mapping, optional
        adcode → name on the map; by default `laoqu.geo.names`.

    Returns
    -------
    Drawn
        ``data`` has one row per thing drawn: ``adcode``, ``name``, ``kind`` (county,
        key_county, city, zone, province), ``shape`` (of a city: a key of `GROUPS`), ``role``
        (codes joined by ``;``), ``confidence``, ``labelled``.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu import geo
    >>> plan = lq.load()
    >>> tables = plan.membership(), plan.mentions("yimeng"), plan.box_items(region="yimeng")
    >>> drawn = plot_region(plan.region("yimeng"), *geo.projected(), *tables)
    >>> drawn.data["kind"].value_counts().to_dict()
    {'county': 18, 'province': 2, 'city': 2, 'zone': 1}
    """
    names = names or geo.names(lang)
    counties, outline = geo.project(counties), geo.project(outline)
    mine = geo.area_counties(counties, membership, region.region_id)
    places = _places(counties, mine, mentions, items, names)
    counts = _counts(region, mine, places)
    with style.style():
        finding = label("map.finding" if counts["keys"] else "map.finding_no_key", lang, **counts)
        subtitle = label("map.subtitle", lang)
        key = _key_rows(mine, places, lang)
        page = _Page(mine, places, finding, subtitle, len(key))
        _draw_land(page, counties, mine)
        _locator(page, outline, mine)
        _key(page, key)
        _furniture(page, region, lang)
        data = _name_places(page, mine, places, names)
        data = pd.concat([data, _name_provinces(page, counties, mine, names)], ignore_index=True)
    listed = {
        kind: joined(list(dict.fromkeys(data.loc[data["kind"] == kind, "name"])), lang)
        for kind in ("key_county", "city", "zone")
    }
    dropped = int((~data["labelled"] & page.wanted(data)).sum())
    alt = label("map.alt", lang, finding=finding, **listed)
    caption = _caption(lang, counts, dropped)
    return Drawn("map", page.figure, data, alt, caption)
