"""Where an area is, who is in it, which of its places the plan names; and all twelve in one map.

Lengths are millimetres on paper unless said otherwise; maps are in `laoqu.geo.CRS_CHINA`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path
from pandas import DataFrame

from laoqu import geo
from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label
from laoqu.regions import Region

#: The roles of cities in four groups; each has a shape of its own, as have boxes 1 and 4.
GROUPS = {
    "hub": "provincial_subcentre interprovincial_node capital_docking cluster_development",
    "industry": "specialty_base facility_vegetables selenium_industry trade_logistics "
    "tourism_destination national_zone",
    "pilot": "border_opening common_prosperity_demo eco_value",
    "aid": "paired_aid",
}
GROUP_OF = {role: group for group, roles in GROUPS.items() for role in roles.split()}
SHAPES = {"ring": "o", "hub": "s", "industry": "^", "pilot": "D", "aid": "P", "zone": "h"}
MARKS = {
    shape: {
        "marker": marker, "linestyle": "none", "color": style.INK, "markersize": 5.3,
        "markerfacecolor": {"ring": "none", "zone": style.PAPER}.get(shape, style.INK),
        "markeredgewidth": 1.1 if shape == "ring" else 0.7,
    }
    for shape, marker in SHAPES.items()
}  # fmt: skip
LAND, TINT, BORDER, DASHED = "#F1EFEA", "#DDA5A8", "#A19D95", (0, (2.4, 1.5))
DOUBT = {"edgecolor": style.MUTED, "linewidth": 0.7, "linestyle": DASHED}
FILLS = {
    "county": {"facecolor": TINT},
    "low": {"facecolor": style.PAPER, "hatch": style.HATCH} | DOUBT,
    "overlap": {"facecolor": TINT, "hatch": "xxxxxx", "hatchcolor": style.INK},
    "incomplete": {"facecolor": TINT} | DOUBT | {"edgecolor": style.FOCUS},
}
LINES = {
    "area": {"color": style.FOCUS, "linewidth": 1.2},
    "prefecture": {"color": style.MUTED, "linewidth": 0.4},
    "province": {"color": BORDER, "linewidth": 0.9},
    "maritime": {"color": style.MUTED, "linewidth": 0.8},
}
#: Under the first an area is incomplete; with the second it has room for all its counties' names.
COMPLETE, NAME_ALL = 0.9, 30
#: Islands farther than this (metres) from the rest do not stretch the map: 东沙 is 260 km away.
NEAR = 6e4
MM, EDGE, PAD, STRIP, LINE, MARK = 1 / 25.4, 1.5, 5, 11, 3.5, 2.4
WIDTH, HIGHEST, LOWEST, MAP_WIDTH, INSET_WIDTH = 160, 170, 90, 115, 36
AROUND = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
AROUND = np.vstack([AROUND, AROUND[4:] * (0.5, 1)])
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
    region: Region, counties: GeoDataFrame, outline: GeoDataFrame, membership: DataFrame,
    mentions: DataFrame, items: DataFrame, lang: str = "zh",
) -> Drawn:  # fmt: skip
    """Draw one area: its counties by how sure they are, and the places that the plan names there.

    Parameters
    ----------
    region : Region
    counties, outline : GeoDataFrame
        From `laoqu.geo.load` and `laoqu.geo.outline`, or faster from `laoqu.geo.projected`.
    membership, mentions, items : DataFrame
        ``plan.membership()``, ``plan.mentions(region)``, ``plan.box_items(region=region)``.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per thing drawn: ``adcode``, ``name``, ``kind`` (county, key_county,
        city, zone, province), ``shape`` (of a mark: a key of `SHAPES`), ``role`` (codes joined by
        ``;``), ``confidence``, ``labelled``.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu import geo
    >>> plan = lq.load()
    >>> tables = plan.membership(), plan.mentions("yimeng"), plan.box_items(region="yimeng")
    >>> plot_region(plan.region("yimeng"), *geo.projected(), *tables).data["kind"].nunique()
    4
    """
    names = dict(zip(counties["adcode"], counties["name"], strict=True)) | geo.names(lang)
    counties, outline = geo.project(counties), geo.project(outline)
    mine = geo.area_counties(counties, membership, region.region_id).assign(kind="county")
    places = _places(counties, mine, mentions, items)
    counts = {
        "region": region.name(lang), "documented": region.documented,
        "total": region.official_total, "keys": int((places["kind"] == "key_county").sum()),
    }  # fmt: skip
    finding = label("map.finding" if counts["keys"] else "map.finding_no_key", lang, **counts)
    marks = [shape for shape in SHAPES if shape in set(places["shape"])]
    low = int((~mine["documented"]).sum())
    key = ["county", *["low"] * bool(low), *marks, "area", "prefecture", "province"]
    with style.style():
        page = _Page(_bounds(mine, places), finding, label("map.subtitle", lang), key, lang)
        page.names = names
        near = counties[counties.intersects(page.frame)]
        provinces = geo.dissolve(near, "province").assign(kind="province")
        codes = near.groupby("province")["adcode"].min().str[:2] + "0000"
        provinces["adcode"] = provinces["province"].map(codes)
        _draw_area(page, near, provinces, mine)
        _locator(page, outline, mine)
        _scale_bar(page, lang)
        if region.documented < COMPLETE * region.official_total:
            _note(page, label("map.incomplete", lang, **counts))
        _draw_places(page, places)
        _name_provinces(page, provinces, mine)
        if len(mine) <= NAME_ALL:
            _name_counties(page, mine[~mine["adcode"].isin(places["adcode"])])
    rows = pd.concat([mine, places, provinces[provinces["adcode"].isin(page.tried)]])
    rows = rows.assign(labelled=rows["adcode"].isin(page.named), name=rows["adcode"].map(names))
    by_kind = rows.drop_duplicates(["kind", "adcode"]).groupby("kind")["name"].agg(list)
    listed = {k: joined(by_kind.get(k, []), lang) for k in ("key_county", "city", "zone")}
    alt = label("map.alt", lang, finding=finding, low=low, **listed)
    notes = [label("map.caption", lang, **counts)]
    if far := mine.loc[~mine.within(page.frame), "adcode"].map(names).tolist():
        notes.append(label("map.islands", lang, counties=joined(far, lang)))
    if dropped := len(page.tried - page.named):
        notes.append(label("map.dropped", lang, n=dropped))
    caption = ("" if lang == "zh" else " ").join([*notes, label("map.source", lang)])
    rows = rows.reindex(columns=COLUMNS, fill_value="").fillna("").reset_index(drop=True)
    return Drawn("map", page.figure, rows, alt, caption)


def plot_overview(
    regions: DataFrame, counties: GeoDataFrame, outline: GeoDataFrame, membership: DataFrame,
    lang: str = "zh",
) -> Drawn:  # fmt: skip
    """Draw all areas in one map of China, with the counties that lie in two of them.

    The arguments are as for `plot_region`; `regions` is ``plan.regions()``. ``data`` has one row
    per area and documented county (``kind`` county, ``role`` the area), per county in two areas
    (overlap) and per area (area).

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu import geo
    >>> plan = lq.load()
    >>> drawn = plot_overview(plan.regions(), *geo.projected(), plan.membership(), "en")
    >>> drawn.data["kind"].value_counts().to_dict()
    {'county': 490, 'area': 12, 'overlap': 9}
    """
    counties, outline = geo.project(counties), geo.project(outline)
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
        page = _Page(MAINLAND, finding, label("map.overview_subtitle", lang), key, lang, strip=0)
        provinces = geo.dissolve(counties, "province").simplify(3000)
        _fill(page.axes, provinces, facecolor=LAND)
        _fill(page.axes, areas.geometry, **FILLS["county"])
        _fill(page.axes, twice.geometry, **FILLS["overlap"])
        _fill(page.axes, provinces, edgecolor=BORDER, linewidth=0.5)
        for each, line in ((areas[sure], "-"), (areas[~sure], DASHED)):
            _fill(page.axes, each.geometry, edgecolor=style.FOCUS, linewidth=0.8, linestyle=line)
        _line(page.axes, "maritime", outline[outline["kind"] == "maritime"])
        sea = _inset(page, outline, SOUTH_SEA)
        sea.set_title(label("map.sea", lang), fontsize=style.SMALL_SIZE, color=style.MUTED, pad=2)
        listed = joined([_name_area(page, row) for row in areas.itertuples()], lang)
    rows = pd.concat([mine, twice, areas], ignore_index=True)
    rows["labelled"] = rows["kind"] == "area"
    alt = label("map.overview_alt", lang, finding=finding, listed=listed)
    rows = rows.reindex(columns=COLUMNS, fill_value="").fillna("")
    return Drawn("overview", page.figure, rows, alt, label("map.source", lang))


class _Page:
    """A map at the left, a column with key and inset at the right, and what stands where.

    `at` and `ground` lead from the projection to millimetres in the map's panel and back.
    """

    def __init__(
        self, bounds: tuple[float, ...], finding: str, subtitle: str, kinds: list[str], lang: str,
        strip: float = STRIP,
    ) -> None:  # fmt: skip
        bounds = np.reshape(bounds, (2, 2))
        head = 51.8 - style.head(Figure(figsize=(WIDTH * MM, 2)), finding, subtitle) / MM
        words = [label(f"map.key.{each}", lang) for each in kinds]
        words = ["\n".join(textwrap.wrap(each, 14 if lang == "zh" else 28)) for each in words]
        column = INSET_WIDTH * 1.5 + sum(LINE * (each.count("\n") + 1) + 1 for each in words)
        highest, lowest = HIGHEST - head - 2 * EDGE, max(column, LOWEST - head - 2 * EDGE)
        rim = np.array([2 * PAD, 2 * PAD + strip])
        extent = bounds[1] - bounds[0]
        self.scale = (extent / ((MAP_WIDTH, highest) - rim)).max()
        needed = extent[1] / self.scale + rim[1]
        self.size = np.array([MAP_WIDTH, min(highest, max(needed, lowest))])
        self.origin = bounds.mean(axis=0) - (self.size + np.array([0, strip])) * self.scale / 2
        self.frame = shapely.box(*self.origin, *self.ground(self.size))
        self.paper = np.array([WIDTH, self.size[1] + head + 2 * EDGE])
        self.figure = Figure(figsize=self.paper * MM)
        style.head(self.figure, finding, subtitle)
        self.axes = self.panel((EDGE, EDGE, *self.size), self.frame.bounds)
        self.taken, self.names, self.tried, self.named = np.empty((0, 4)), {}, set(), set()
        self.write_key(kinds, words)

    def panel(self, place: tuple[float, ...], bounds: tuple[float, ...]) -> Axes:
        axes = self.figure.add_axes(np.array(place) / [*self.paper, *self.paper])
        axes.set(xticks=[], yticks=[], xlim=bounds[::2], ylim=bounds[1::2])
        axes.spines[:].set_visible(True)
        return axes

    def write_key(self, kinds: list[str], words: list[str]) -> None:
        """Write the key at the top of the column, outside the map."""
        looks = LINES | MARKS
        samples = [Patch(**FILLS[k]) if k in FILLS else Line2D([], [], **looks[k]) for k in kinds]
        self.figure.legend(
            samples, words, loc="upper left", fontsize=style.SMALL_SIZE, frameon=False,
            bbox_to_anchor=np.array([EDGE + MAP_WIDTH + 2.5, EDGE + self.size[1]]) / self.paper,
            borderpad=0, borderaxespad=0, handlelength=1.6, handleheight=0.9,
            labelcolor=style.MUTED,
        )  # fmt: skip

    def at(self, point: Sequence[float]) -> np.ndarray:
        return (np.asarray(point) - self.origin) / self.scale

    def ground(self, spot: Sequence[float]) -> np.ndarray:
        return np.asarray(spot) * self.scale + self.origin

    def take(self, middle: np.ndarray, size: Sequence[float]) -> bool:
        """Take a box for something to be drawn there, unless it is cut off or taken already."""
        low, high = middle - np.array(size) / 2, middle + np.array(size) / 2
        hit = (self.taken[:, :2] < high).all(axis=1) & (self.taken[:, 2:] > low).all(axis=1)
        if hit.any() or low.min() < 0.8 or (self.size - high).min() < 0.8:
            return False
        self.taken = np.vstack([self.taken, [*low, *high]])
        return True

    def write(self, spot: Sequence[float], text: str, **look: object) -> None:
        """Write at a place of the panel, with a halo."""
        halo = [patheffects.withStroke(linewidth=1.5, foreground=style.PAPER)]
        look = {"fontsize": style.SMALL_SIZE, "ha": "center", "va": "center_baseline"} | look
        self.axes.text(*self.ground(spot), text, zorder=9, path_effects=halo, **look)

    def name(self, code: str, spots: np.ndarray, size: float, **look: object) -> None:
        """Write a name on the first of `spots` with room (or `gap` beside it), else drop it."""
        self.tried.add(code)
        box = np.array([style.text_width(self.figure, [self.names[code]], size) / MM + 0.8, 3])
        if (gap := look.pop("gap", None)) is not None:
            spots = spots + AROUND * (gap + box / 2)
        for spot in spots:
            if self.take(spot, box):
                self.named.add(code)
                self.write(spot, self.names[code], fontsize=size, **look)
                return


def _middle(shape: shapely.Geometry) -> tuple[float, float]:
    """Return the point in a shape that is farthest from its border."""
    return shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0]


def _places(
    counties: GeoDataFrame, mine: GeoDataFrame, mentions: DataFrame, items: DataFrame
) -> DataFrame:
    """Return one row per mark: key counties, cities by group of roles, cities with zones."""
    named = mentions[mentions["recipient"]]
    keys = named[named["role"] == "national_key_county"].assign(kind="key_county", shape="ring")
    cities = named[named["level"].isin(["prefecture", "urban_area"])]
    cities = cities.assign(kind="city", shape=[GROUP_OF[role] for role in cities["role"]])
    zones = items[(items["clause_id"] == "b4") & (items["level"] == "zone")]
    zones = zones.rename(columns={"kind": "role"}).assign(kind="zone", shape="zone")
    rows = pd.concat([keys, cities, zones]).groupby(["kind", "adcode", "shape"], sort=False)
    rows = rows["role"].agg(lambda roles: ";".join(dict.fromkeys(roles))).reset_index()
    city = counties["adcode"].str[:4] + "00"
    towns = geo.dissolve(counties.assign(adcode=city)[city.isin(rows["adcode"])], "adcode")
    shapes = pd.concat([mine, towns]).set_index("adcode")
    rows["confidence"] = rows["adcode"].map(shapes["confidence"])
    return rows.assign(spot=[_middle(shapes.geometry[code]) for code in rows["adcode"]])


def _bounds(mine: GeoDataFrame, places: DataFrame) -> tuple[float, ...]:
    parts = [shapely.get_parts(shape) for shape in mine.geometry]
    large = gpd.GeoSeries([each[shapely.area(each).argmax()] for each in parts])
    parts = np.concatenate(parts)
    near = parts[shapely.intersects(parts, shapely.box(*large.total_bounds).buffer(NEAR))]
    return shapely.union_all([*near, *map(shapely.Point, places["spot"])]).bounds


def _fill(axes: Axes, shapes: gpd.GeoSeries, **look: object) -> None:
    # geopandas' own plot would load pyplot and its state. A third of a pixel is not seen, nor what
    # lies beyond the frame.
    pixel = np.ptp(axes.get_xlim()) / axes.bbox.width
    frame = shapely.box(*axes.viewLim.extents).buffer(20 * pixel).bounds
    seen = shapely.clip_by_rect(shapely.simplify(shapes.to_numpy(), pixel / 3), *frame)
    paths = []
    for each in shapely.orient_polygons(seen):
        lines = shapely.get_rings(shapely.get_parts(each)) if each.area else [each]
        paths.append(Path.make_compound_path(*map(Path, map(shapely.get_coordinates, lines))))
    look = {"linewidth": 0, "facecolor": "none"} | look
    axes.add_collection(PathCollection(paths, **look), autolim=False)


def _line(axes: Axes, kind: str, shapes: GeoDataFrame) -> None:
    look = LINES[kind]
    _fill(axes, shapes.geometry, edgecolor=look["color"], linewidth=look["linewidth"])


def _draw_area(
    page: _Page, near: GeoDataFrame, provinces: GeoDataFrame, mine: GeoDataFrame
) -> None:
    sure, own = mine[mine["documented"]], near[near["prefecture"].isin(mine["prefecture"])]
    cities = geo.dissolve(own, ["province", "prefecture"])
    _fill(page.axes, provinces.geometry, facecolor=LAND)
    _fill(page.axes, sure.geometry, facecolor=TINT, edgecolor=style.PAPER, linewidth=0.5)
    _fill(page.axes, mine[~mine["documented"]].geometry, **FILLS["low"])
    borders = {"prefecture": cities, "province": provinces, "area": geo.dissolve(sure, "kind")}
    for kind, shapes in borders.items():
        _line(page.axes, kind, shapes)


def _draw_places(page: _Page, places: DataFrame) -> None:
    """Draw the marks of each place in a row, then the names: key counties, cities, zones."""
    spots = {}
    for code, rows in places.groupby("adcode", sort=False):
        at, size = page.at(rows["spot"].iloc[0]), np.array([MARK * len(rows), MARK])
        # A ring stays in its county; the marks of a city may move a little to be seen.
        tries = [at, *(at + 3 * AROUND), *(at + 5 * AROUND)]
        tries = tries[:1] if "ring" in set(rows["shape"]) else tries
        spots[code] = next((spot for spot in tries if page.take(spot, size)), at), size / 2 + 0.01
        for i, shape in enumerate(rows["shape"]):
            x = MARK * (i + 0.5 - len(rows) / 2)
            page.axes.plot(*page.ground(spots[code][0] + [x, 0]), zorder=8, **MARKS[shape])
    for row in places.drop_duplicates("adcode").itertuples():
        spot, gap = spots[row.adcode]
        size = style.SMALL_SIZE + (row.kind != "key_county")
        page.name(row.adcode, spot, size, gap=gap)


def _name_counties(page: _Page, mine: GeoDataFrame) -> None:
    for row in mine.itertuples():
        at = page.at(_middle(row.geometry))
        spots = [at, *(at + 2 * AROUND)]
        page.name(row.adcode, spots, style.SMALL_SIZE, color=style.MUTED)


def _name_provinces(page: _Page, provinces: GeoDataFrame, mine: GeoDataFrame) -> None:
    """Name each province outside the area, near the edge of the map, where its name fits."""
    grid = np.stack(np.meshgrid(*(np.arange(2.5, side, 2) for side in page.size)), -1)
    grid = grid.reshape(-1, 2)
    edge = np.minimum(grid, page.size - grid).min(axis=1)
    area = shapely.union_all(mine.geometry.to_numpy())
    for row in provinces.itertuples():
        part = row.geometry.intersection(page.frame).difference(area)
        if part.area < 0.01 * page.frame.area:
            continue
        text = page.names[row.adcode]
        half = style.text_width(page.figure, [text], style.BASE_SIZE) / MM / 2 + 0.5, 1.9
        boxes = shapely.box(*page.ground(grid - half).T, *page.ground(grid + half).T)
        far = np.abs(grid - page.at(_middle(part))).sum(axis=1)
        order = np.lexsort([far, edge])
        shapely.prepare(part)  # or every box is compared with every border
        spots = grid[order][shapely.contains(part, boxes[order])]
        page.name(row.adcode, spots, style.BASE_SIZE, color=style.MUTED)


def _inset(page: _Page, outline: GeoDataFrame, bounds: tuple[float, ...]) -> Axes:
    """Draw China, or a part of it, in small at the foot of the column."""
    west, south, east, north = bounds
    high = INSET_WIDTH * (north - south) / (east - west)
    axes = page.panel((WIDTH - EDGE - INSET_WIDTH, EDGE, INSET_WIDTH, high), bounds)
    land = outline.loc[outline["kind"] == "land"].simplify((east - west) / 500)
    # The edge keeps islands that are smaller than a dot of ink.
    _fill(axes, land, facecolor="#E4E1DA", edgecolor=BORDER, linewidth=0.35)
    _line(axes, "maritime", outline[outline["kind"] == "maritime"])
    return axes


def _locator(page: _Page, outline: GeoDataFrame, mine: GeoDataFrame) -> None:
    axes = _inset(page, outline, shapely.box(*outline.total_bounds).buffer(1e5).bounds)
    sure = geo.dissolve(mine[mine["documented"]], "kind").simplify(4000)
    _fill(axes, sure, facecolor=style.FOCUS, edgecolor=style.FOCUS, linewidth=0.4)
    here = {"fill": False, "edgecolor": style.INK, "linewidth": 0.6}
    axes.add_patch(Rectangle(page.origin, *(page.size * page.scale), **here))


def _scale_bar(page: _Page, lang: str) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*page.ground(page.size / 2))
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / page.scale <= 26)
    long = km * 1e3 * stretch / page.scale
    left, y = page.size[0] - 4 - long, 3.2
    look = {"linewidth": 1.2, "marker": "|", "markersize": 4, "gid": "scale"}
    ends = page.ground([(left, y), (left + long, y)])
    page.axes.plot(*ends.T, color=style.INK, zorder=9, **look)
    page.write((left + long / 2, y + 2.6), label("map.scale", lang, km=km))
    page.take(np.array([left + long / 2 - 4, 4.8]), (long + 14, 5))
    if abs(north) >= 3:
        page.write((left - 5, 4.8), label("map.north", lang) + "\n↑", rotation=north, va="center")


def _note(page: _Page, text: str) -> None:
    """Say on the map itself that it is incomplete."""
    lines = textwrap.wrap(text, 48)
    box = {"boxstyle": "square,pad=0.6", "facecolor": style.PAPER} | DOUBT
    page.write((3, 3), "\n".join(lines), ha="left", va="bottom", linespacing=1.25, bbox=box)
    wide = style.text_width(page.figure, lines, style.SMALL_SIZE) / MM + 6
    page.take(np.array([wide / 2 + 0.9, 5.5]), (wide, 9))


def _name_area(page: _Page, area: object) -> str:
    """Write the name of an area beside China with a line to it; return it with its counts."""
    text = f"{area.name} {area.documented}/{area.official_total}"
    spot, to = page.at(np.array(NAMES_AT[area.region_id]) * 1e6), page.at(_middle(area.geometry))
    ha, gap, room = ("right", 0.8, 31) if to[0] > spot[0] else ("left", -0.8, 18)
    # A name of several provinces may break after a dash.
    lines = textwrap.wrap(text.replace("–", "– "), room)
    page.write(spot, "\n".join(lines).replace("– ", "–"), ha=ha, va="center")
    line = page.ground([spot + np.array([gap, 0]), to]).T
    look = {"linewidth": 0.5, "marker": "o", "markersize": 2, "markevery": [1]}
    page.axes.plot(*line, color=style.INK, zorder=7, **look)
    return text
