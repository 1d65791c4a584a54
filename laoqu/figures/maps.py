"""Where an area is, who is in it, which of its places the plan names; and all twelve in one map.

Lengths are millimetres on paper unless said otherwise; maps are in `laoqu.geo.CRS_CHINA`.
"""

from __future__ import annotations

import textwrap

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from pandas import DataFrame

from laoqu import geo
from laoqu.figures import style
from laoqu.figures.mapsheet import (
    AROUND,
    BORDER,
    DASHED,
    FILLS,
    GROUP_OF,
    LAND,
    MARK,
    MARKS,
    MM,
    SHAPES,
    TINT,
    Page,
    fill,
    inset,
    locator,
    middle,
    note,
    scale_bar,
    stroke,
)
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label, official
from laoqu.regions import Region

#: Under the first an area is incomplete; with the second it has room for all its counties' names.
COMPLETE, NAME_ALL = 0.9, 30
#: Islands farther than this (metres) from the rest do not stretch the map: 东沙 is 260 km away.
NEAR = 6e4
COLUMNS = ["adcode", "name", "kind", "shape", "role", "confidence", "labelled"]
#: The main map of China reaches beyond the south of Hainan; the inset shows the rest (metres).
MAINLAND, SOUTH_SEA = (-2.63e6, 1.86e6, 2.62e6, 5.93e6), (0.3e6, 0.33e6, 1.95e6, 2.75e6)
#: Where the names of the areas stand (1,000 km): west of an area they end there, else begin.
NAMES_AT = {
    "shaanganning": (-0.55, 3.9), "chuanshaan": (-0.55, 3.45), "xiangeyuqian": (-0.55, 3.1),
    "xiangganbian": (-0.55, 2.8), "zuoyoujiang": (-0.55, 2.5), "qiongya": (-0.55, 2.02),
    "taihang": (1.45, 4.25), "yimeng": (1.45, 4.0), "dabieshan": (1.62, 3.66),
    "zhexinan": (1.62, 3.37), "ganminyue": (1.62, 3.08), "hailufeng": (1.3, 2.12),
}  # fmt: skip


def plot_region(
    region: Region, layers: geo.Layers, membership: DataFrame, mentions: DataFrame,
    items: DataFrame, lang: str = "zh",
) -> Drawn:  # fmt: skip
    """Draw one area: its counties by how sure they are, and the places that the plan names there.

    Parameters
    ----------
    region : Region
    layers : laoqu.geo.Layers
        ``plan.layers``.
    membership, mentions, items : DataFrame
        ``plan.membership()``, ``plan.mentions(region)``, ``plan.box_items(region=region)``.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per thing drawn: ``adcode``, ``name``, ``kind`` (county, key_county,
        named_county, city, zone, province), ``shape`` (of a mark: a key of `SHAPES`), ``role``
        (codes joined by ``;``), ``confidence``, ``labelled``.

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> tables = plan.membership(), plan.mentions("yimeng"), plan.box_items(region="yimeng")
    >>> plot_region(plan.region("yimeng"), plan.layers, *tables).data["kind"].nunique()
    5
    """
    counties = layers.counties
    names = dict(zip(counties["adcode"], counties["name"], strict=True)) | geo.names(lang)
    mine = geo.area_counties(counties, membership, region.region_id).assign(kind="county")
    places = _places(counties, mine, mentions, items)
    counts = {
        "region": region.name(lang), "documented": region.documented,
        "total": official(region.documented, region.official_total, lang),
        "keys": int((places["kind"] == "key_county").sum()),
    }  # fmt: skip
    finding = label("map.finding" if counts["keys"] else "map.finding_no_key", lang, **counts)
    marks = [shape for shape in SHAPES if shape in set(places["shape"])]
    low = int((~mine["documented"]).sum())
    key = ["county", *["low"] * bool(low), *marks, "area", "prefecture", "province"]
    with style.style():
        page = Page(_bounds(mine, places), finding, label("map.subtitle", lang), key, lang)
        page.names = names
        provinces = layers.provinces[layers.provinces.intersects(page.frame)]
        provinces = provinces.assign(kind="province")
        own = counties[counties["prefecture"].isin(mine["prefecture"])]
        area = geo.dissolve(mine[mine["documented"]], "kind")
        _draw_area(page, geo.dissolve(own, ["province", "prefecture"]), provinces, mine, area)
        locator(page, layers.outline, area)
        scale_bar(page, lang)
        if region.documented < COMPLETE * region.official_total:
            note(page, label("map.incomplete", lang, **counts))
        _draw_places(page, places)
        _name_provinces(page, provinces, mine)
        if len(mine) <= NAME_ALL:
            _name_counties(page, mine[~mine["adcode"].isin(places["adcode"])])
    rows = pd.concat([mine, places, provinces[provinces["adcode"].isin(page.tried)]])
    rows = rows.assign(labelled=rows["adcode"].isin(page.named), name=rows["adcode"].map(names))
    by_kind = rows.drop_duplicates(["kind", "adcode"]).groupby("kind")["name"].agg(list)
    listed = {
        k: joined(by_kind.get(k, []), lang) for k in ("key_county", "named_county", "city", "zone")
    }
    alt = label("map.alt", lang, finding=finding, low=low, **listed)
    notes = [label("map.caption", lang, **counts)]
    if far := mine.loc[~mine.within(page.frame), "adcode"].map(names).tolist():
        notes.append(label("map.islands", lang, counties=joined(far, lang)))
    if dropped := [names[code] for code in sorted(page.tried - page.named)]:
        words = {"n": len(dropped), "names": joined(dropped, lang)}
        notes.append(label("map.dropped", lang, **words))
    caption = ("" if lang == "zh" else " ").join([*notes, label("map.source", lang)])
    rows = rows.reindex(columns=COLUMNS, fill_value="").fillna("").reset_index(drop=True)
    return Drawn("map", page.figure, rows, alt, caption)


def plot_overview(
    regions: DataFrame, layers: geo.Layers, membership: DataFrame, lang: str = "zh"
) -> Drawn:
    """Draw all areas in one map of China, with the counties that lie in two of them.

    The arguments are as for `plot_region`; `regions` is ``plan.regions()``. ``data`` has one row
    per area and documented county (``kind`` county, ``role`` the area), per county in two areas
    (overlap) and per area (area).

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> drawn = plot_overview(plan.regions(), plan.layers, plan.membership(), "en")
    >>> drawn.data["kind"].value_counts().to_dict()
    {'county': 490, 'area': 12, 'overlap': 9}
    """
    counties, outline = layers.counties, layers.outline
    ids = [each for each in regions["region_id"] if each in set(membership["region_id"])]
    found = [geo.area_counties(counties, membership, each).assign(role=each) for each in ids]
    mine = pd.concat(found).query("documented").assign(kind="county")
    twice = mine[mine["adcode"].duplicated()].assign(kind="overlap", role="")
    areas = geo.dissolve(mine, "role").merge(regions, left_on="role", right_on="region_id")
    areas = areas.assign(name=areas["name_zh" if lang == "zh" else "label_en"], kind="area")
    sure = areas["documented"] >= COMPLETE * areas["official_total"]
    values = {"n": len(areas), "overlap": len(twice), "incomplete": int((~sure).sum())}
    finding = label("map.overview", lang, counties=mine["adcode"].nunique(), **values)
    key = ["county", "overlap", "incomplete", "province", "maritime"]
    with style.style():
        page = Page(MAINLAND, finding, label("map.overview_subtitle", lang), key, lang, strip=0)
        provinces = layers.provinces.simplify(3000)
        fill(page.axes, provinces, facecolor=LAND)
        fill(page.axes, areas.geometry, **FILLS["county"])
        fill(page.axes, twice.geometry, **FILLS["overlap"])
        fill(page.axes, provinces, edgecolor=BORDER, linewidth=0.5)
        for each, line in ((areas[sure], "-"), (areas[~sure], DASHED)):
            fill(page.axes, each.geometry, edgecolor=style.FOCUS, linewidth=0.8, linestyle=line)
        stroke(page.axes, "maritime", outline[outline["kind"] == "maritime"])
        sea = inset(page, outline, SOUTH_SEA)
        sea.set_title(label("map.sea", lang), fontsize=style.SMALL_SIZE, color=style.MUTED, pad=2)
        listed = joined([_name_area(page, row) for row in areas.itertuples()], lang)
    rows = pd.concat([mine, twice, areas], ignore_index=True)
    rows["labelled"] = rows["kind"] == "area"
    alt = label("map.overview_alt", lang, finding=finding, listed=listed)
    rows = rows.reindex(columns=COLUMNS, fill_value="").fillna("")
    return Drawn("overview", page.figure, rows, alt, label("map.source", lang))


def _places(
    counties: GeoDataFrame, mine: GeoDataFrame, mentions: DataFrame, items: DataFrame
) -> DataFrame:
    """Return one row per mark: counties named, cities by group of roles, cities with zones."""
    named = mentions[mentions["recipient"]]
    keys = named[named["role"] == "national_key_county"].assign(kind="key_county", shape="ring")
    others = named[(named["level"] == "county") & (named["role"] != "national_key_county")]
    others = others.assign(kind="named_county", shape="dot")
    cities = named[named["level"].isin(["prefecture", "urban_area"])]
    cities = cities.assign(kind="city", shape=[GROUP_OF[role] for role in cities["role"]])
    zones = items[(items["clause_id"] == "b4") & (items["level"] == "zone")]
    zones = zones.rename(columns={"kind": "role"}).assign(kind="zone", shape="zone")
    rows = pd.concat([keys, others, cities, zones]).groupby(["kind", "adcode", "shape"], sort=False)
    rows = rows["role"].agg(lambda roles: ";".join(dict.fromkeys(roles))).reset_index()
    city = counties["adcode"].str[:4] + "00"
    towns = geo.dissolve(counties.assign(adcode=city)[city.isin(rows["adcode"])], "adcode")
    shapes = pd.concat([mine, towns]).set_index("adcode")
    rows["confidence"] = rows["adcode"].map(shapes["confidence"])
    return rows.assign(spot=[middle(shapes.geometry[code]) for code in rows["adcode"]])


def _bounds(mine: GeoDataFrame, places: DataFrame) -> tuple[float, ...]:
    parts = [shapely.get_parts(shape) for shape in mine.geometry]
    large = gpd.GeoSeries([each[shapely.area(each).argmax()] for each in parts])
    parts = np.concatenate(parts)
    near = parts[shapely.intersects(parts, shapely.box(*large.total_bounds).buffer(NEAR))]
    return shapely.total_bounds([*near, *map(shapely.Point, places["spot"])])


def _draw_area(
    page: Page, cities: GeoDataFrame, provinces: GeoDataFrame, mine: GeoDataFrame,
    area: GeoDataFrame,
) -> None:  # fmt: skip
    sure = mine[mine["documented"]]
    fill(page.axes, provinces.geometry, facecolor=LAND)
    fill(page.axes, sure.geometry, facecolor=TINT, edgecolor=style.PAPER, linewidth=0.5)
    fill(page.axes, mine[~mine["documented"]].geometry, **FILLS["low"])
    borders = {"prefecture": cities, "province": provinces, "area": area}
    for kind, shapes in borders.items():
        stroke(page.axes, kind, shapes)


def _draw_places(page: Page, places: DataFrame) -> None:
    """Draw the marks of each place in a row, then the names: key counties, cities, zones."""
    spots = {}
    for code, rows in places.groupby("adcode", sort=False):
        at, size = page.at(rows["spot"].iloc[0]), np.array([MARK * len(rows), MARK])
        # The mark of a county stays in it; those of a city may move a little to be seen.
        tries = [at, *(at + 3 * AROUND), *(at + 5 * AROUND)]
        tries = tries[:1] if {"ring", "dot"} & set(rows["shape"]) else tries
        spots[code] = next((spot for spot in tries if page.take(spot, size)), at), size / 2 + 0.01
        for i, shape in enumerate(rows["shape"]):
            x = MARK * (i + 0.5 - len(rows) / 2)
            page.axes.plot(*page.ground(spots[code][0] + [x, 0]), zorder=8, **MARKS[shape])
    for row in places.drop_duplicates("adcode").itertuples():
        spot, gap = spots[row.adcode]
        size = style.SMALL_SIZE + (row.kind not in ("key_county", "named_county"))
        page.name(row.adcode, spot, size, gap=gap)


def _name_counties(page: Page, mine: GeoDataFrame) -> None:
    for row in mine.sort_values("documented", ascending=False, kind="stable").itertuples():
        at = page.at(middle(row.geometry))
        spots = [at, *(at + 2 * AROUND)]
        page.name(row.adcode, spots, style.SMALL_SIZE, color=style.MUTED)


def _name_provinces(page: Page, provinces: GeoDataFrame, mine: GeoDataFrame) -> None:
    """Name each province outside the area, near the edge of the map, where its name fits."""
    grid = np.stack(np.meshgrid(*(np.arange(2.5, side, 2) for side in page.size)), -1)
    grid = grid.reshape(-1, 2)
    edge = np.minimum(grid, page.size - grid).min(axis=1)
    area = geo.dissolve(mine, "kind").geometry.item()
    for row in provinces.itertuples():
        part = row.geometry.intersection(page.frame).difference(area)
        if part.area < 0.01 * page.frame.area:
            continue
        text = page.names[row.adcode]
        half = style.text_width(page.figure, [text], style.BASE_SIZE) / MM / 2 + 0.5, 1.9
        boxes = shapely.box(*page.ground(grid - half).T, *page.ground(grid + half).T)
        far = np.abs(grid - page.at(middle(part))).sum(axis=1)
        order = np.lexsort([far, edge])
        shapely.prepare(part)  # or every box is compared with every border
        spots = grid[order][shapely.contains(part, boxes[order])]
        page.name(row.adcode, spots, style.BASE_SIZE, color=style.MUTED)


def _name_area(page: Page, area: object) -> str:
    """Write the name of an area beside China with a line to it; return it with its counts."""
    text = f"{area.name} {area.documented}/{area.official_total}"
    spot, to = page.at(np.array(NAMES_AT[area.region_id]) * 1e6), page.at(middle(area.geometry))
    ha, gap, room = ("right", 0.8, 31) if to[0] > spot[0] else ("left", -0.8, 18)
    # A name of several provinces may break after a dash.
    lines = textwrap.wrap(text.replace("–", "– "), room)
    page.write(spot, "\n".join(lines).replace("– ", "–"), ha=ha, va="center")
    line = page.ground([spot + np.array([gap, 0]), to]).T
    look = {"linewidth": 0.5, "marker": "o", "markersize": 2, "markevery": [1]}
    page.axes.plot(*line, color=style.INK, zorder=7, **look)
    return text
