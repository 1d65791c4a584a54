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
    mine = geo.area_counties(counties, membership, region.region_id).assign(kind="county")
    places = _places(counties, mine, mentions, items)
    key = _key_rows(mine, places, lang)
    counts = {
        "region": region.name(lang), "documented": region.documented,
        "total": region.official_total, "keys": int((places["kind"] == "key_county").sum()),
    }  # fmt: skip
    finding = label("map.finding" if counts["keys"] else "map.finding_no_key", lang, **counts)
    with style.style():
        page = _Page(_bounds(mine, places), finding, label("map.subtitle", lang), key)
        near = page.near(counties)
        _draw_area(page, near, mine)
        _locator(page, outline, mine)
        _scale_bar(page, lang)
        if region.documented < COMPLETE * region.official_total:
            _note(page, label("map.incomplete", lang, **counts))
        _draw_marks(page, places)
        places["labelled"] = _name_places(page, places, names)
        mine["labelled"] = _name_counties(page, mine, places, names)
        provinces = _name_provinces(page, near, mine, names)
    data = pd.concat([mine, places, provinces], ignore_index=True)
    data["name"] = [names.get(code, name) for code, name in zip(data["adcode"], data["name"])]
    data = data.fillna("")[COLUMNS]
    listed = {
        kind: joined(list(dict.fromkeys(data.loc[data["kind"] == kind, "name"])), lang)
        for kind in ("key_county", "city", "zone")
    }
    low = int((mine["confidence"] == "low").sum())
    alt = label("map.alt", lang, finding=finding, low=low, **listed)
    return Drawn("map", page.figure, data, alt, _caption(lang, page.dropped, **counts))


class _Page:
    """A map at the left, a column at its right, and what already stands where (millimetres)."""

    def __init__(
        self,
        bounds: np.ndarray,
        finding: str,
        subtitle: str,
        key: list[tuple[str, str]],
        strip: float = STRIP,
    ) -> None:
        west, south, east, north = bounds
        trial = Figure(figsize=(style.FULL_WIDTH, 2))
        head = (2 - style.head(trial, finding, subtitle)) / MM + 1
        lines = sum(1 + text.count("\n") for _, text in key)
        column = LOCATOR * 1.15 + 3 + lines * LINE + len(key)
        room = 170 - head - 2 * EDGE
        self.scale = max(
            (east - west) / (MAP_WIDTH - 2 * PAD), (north - south) / (room - 2 * PAD - strip)
        )
        needed = (north - south) / self.scale + 2 * PAD + strip
        self.size = (MAP_WIDTH, min(room, max(needed, column, 90 - head - 2 * EDGE)))
        self.origin = (
            (west + east - self.size[0] * self.scale) / 2,
            (south + north - (self.size[1] + strip) * self.scale) / 2,
        )
        self.figure = Figure(figsize=(style.FULL_WIDTH, (self.size[1] + head + 2 * EDGE) * MM))
        style.head(self.figure, finding, subtitle)
        self.axes = self.panel(EDGE, EDGE, *self.size)
        (x, y), (width, height) = self.origin, self.size
        self.axes.set(xlim=(x, x + width * self.scale), ylim=(y, y + height * self.scale))
        self.taken = np.empty((0, 4))
        self.dropped = 0
        _write_key(self, key)

    def panel(self, x: float, y: float, width: float, height: float) -> Axes:
        """Return empty axes in a thin frame."""
        across, up = self.figure.get_size_inches() / MM
        axes = self.figure.add_axes((x / across, y / up, width / across, height / up))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(True)
        return axes

    def near(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the rows in the window."""
        (x0, x1), (y0, y1) = self.axes.get_xlim(), self.axes.get_ylim()
        return frame.cx[x0:x1, y0:y1]

    def at(self, x: float, y: float) -> np.ndarray:
        """Return where a point of the projection lies in the panel, in millimetres."""
        return (np.array([x, y]) - self.origin) / self.scale

    def write(self, x: float, y: float, text: str, size: float, colour: str, **more: object) -> Text:
        """Write at a place of the panel given in millimetres."""
        x, y = np.array([x, y]) * self.scale + self.origin
        return self.axes.text(
            x, y, text, fontsize=size, color=colour, zorder=9, path_effects=[HALO],
            **({"ha": "center", "va": "center_baseline"} | more),
        )  # fmt: skip

    def free(self, box: tuple[float, float, float, float]) -> bool:
        """Tell whether a box lies in the panel and touches nothing."""
        x0, y0, x1, y1 = box
        if min(x0, y0) < 0.8 or x1 > self.size[0] - 0.8 or y1 > self.size[1] - 0.8:
            return False
        a, b, c, d = self.taken.T
        return not ((a < x1) & (c > x0) & (b < y1) & (d > y0)).any()

    def take(self, box: tuple[float, float, float, float]) -> None:
        """Keep a box free from now on."""
        self.taken = np.vstack([self.taken, box])

    def put(
        self, spot: np.ndarray, text: str, gap: tuple[float, float], size: float, colour: str
    ) -> bool:
        """Write beside (or, without a gap, on) a spot where there is room; else drop the text."""
        width = style.text_width(self.figure, [text], size) / MM + 0.6
        height = size * 0.42
        steps = AROUND if gap[0] else ((0, 0), *AROUND)
        for dx, dy in steps:
            x = spot[0] + dx * (gap[0] + width / 2)
            y = spot[1] + dy * (gap[1] + height / 2)
            box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            if self.free(box):
                self.take(box)
                self.write(x, y, text, size, colour)
                return True
        self.dropped += 1
        return False


def _middle(shape: shapely.Geometry) -> tuple[float, float]:
    """Return the place in a shape that is farthest from its border."""
    return shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0]


def _places(
    counties: gpd.GeoDataFrame,
    mine: gpd.GeoDataFrame,
    mentions: pd.DataFrame,
    items: pd.DataFrame,
) -> pd.DataFrame:
    """Return one row per mark: key counties, cities by group of roles, cities with zones."""
    named = mentions[mentions["recipient"]]
    keys = named[named["role"] == "national_key_county"].assign(kind="key_county", shape="ring")
    cities = named[named["level"].isin(["prefecture", "urban_area"])]
    group = {role: name for name, roles in GROUPS.items() for role in roles}
    cities = cities.assign(kind="city", shape=[group[role] for role in cities["role"]])
    zones = items[(items["clause_id"] == "b4") & (items["level"] == "zone")]
    zones = zones.rename(columns={"kind": "role"}).assign(kind="zone", shape="zone")
    columns = ["kind", "adcode", "shape"]
    rows = pd.concat([keys, cities, zones]).groupby(columns, sort=False)["role"]
    rows = rows.agg(lambda roles: ";".join(dict.fromkeys(roles))).reset_index()
    rows["confidence"] = rows["adcode"].map(mine.set_index("adcode")["confidence"])
    prefix = counties["adcode"].str[:4] + "00"
    towns = geo.dissolve(counties.assign(adcode=prefix)[prefix.isin(rows["adcode"])], "adcode")
    shapes = pd.concat([mine, towns]).set_index("adcode").geometry
    spots = {code: _middle(shapes[code]) for code in rows["adcode"].unique()}
    rows[["x", "y"]] = [spots[code] for code in rows["adcode"]] if spots else None
    return rows


def _bounds(mine: gpd.GeoDataFrame, places: pd.DataFrame) -> np.ndarray:
    spots = places[["x", "y"]].to_numpy(float).reshape(-1, 2)
    corners = np.vstack([mine.total_bounds.reshape(2, 2), spots])
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def _fill(axes: Axes, shapes: gpd.GeoSeries, **look: object) -> None:
    """Draw polygons: geopandas' own plot would load pyplot and its state."""
    shapes = shapely.orient_polygons(shapely.get_parts(shapes.to_numpy()))
    rings = [
        [shapely.get_coordinates(ring) for ring in (shape.exterior, *shape.interiors)]
        for shape in shapes
    ]
    drawn = [Path.make_compound_path(*(Path(ring, closed=True) for ring in each)) for each in rings]
    axes.add_collection(
        PathCollection(drawn, **({"linewidth": 0, "facecolor": "none"} | look)), autolim=False
    )


def _draw_area(page: _Page, near: gpd.GeoDataFrame, mine: gpd.GeoDataFrame) -> None:
    axes = page.axes
    sure, low = mine[mine["documented"]], mine[~mine["documented"]]
    own = near["prefecture"].isin(mine["prefecture"]) & near["province"].isin(mine["province"])
    cities = geo.dissolve(near[own], ["province", "prefecture"])
    provinces = geo.dissolve(near, "province")
    _fill(axes, near.geometry, facecolor=LAND, edgecolor=LAND, linewidth=0.3)
    _fill(axes, sure.geometry, facecolor=TINT, edgecolor=style.PAPER, linewidth=0.5)
    _fill(
        axes, low.geometry, facecolor=style.PAPER, hatch=style.HATCH, edgecolor=style.MUTED,
        linewidth=0.7, linestyle=DASHED,
    )  # fmt: skip
    _fill(axes, cities.geometry, edgecolor=style.MUTED, linewidth=0.4)
    _fill(axes, provinces.geometry, edgecolor=BORDER, linewidth=0.9)
    area = geo.dissolve(sure, "documented")
    _fill(axes, area.geometry, edgecolor=style.FOCUS, linewidth=1.2)


def _draw_marks(page: _Page, places: pd.DataFrame) -> None:
    """Draw rings, then the shapes of each city in a row, moved a little where something stands."""
    for _, rows in places.groupby("adcode", sort=False):
        spot = page.at(rows["x"].iloc[0], rows["y"].iloc[0])
        half = MARK * len(rows) / 2
        steps = [(0, 0), *(np.array(AROUND) * 3), *(np.array(AROUND) * 5)]
        for step in steps:
            x, y = spot + step
            box = (x - half, y - MARK / 2, x + half, y + MARK / 2)
            if rows["kind"].iloc[0] == "key_county" or page.free(box):
                break
        page.take(box)
        places.loc[rows.index, ["left", "spot_y"]] = x - half, y
        for i, shape in enumerate(rows["shape"]):
            at = np.array([x - half + MARK * (i + 0.5), y]) * page.scale + page.origin
            page.axes.plot(*at, zorder=8, **_mark(shape))


def _mark(shape: str) -> dict[str, object]:
    look = {"marker": SHAPES[shape], "linestyle": "none", "color": style.INK}
    if shape == "ring":
        return look | {"markerfacecolor": "none", "markersize": 5.5, "markeredgewidth": 1.1}
    hollow = {"markerfacecolor": style.PAPER} if shape == "zone" else {}
    return look | {"markersize": 5.2, "markeredgewidth": 0.7} | hollow


def _name_places(page: _Page, places: pd.DataFrame, names: Mapping[str, str]) -> list[bool]:
    """Name the marks: key counties first, then cities, then cities that only have zones."""
    done: dict[str, bool] = {}
    for row in places.itertuples():
        if row.adcode not in done:
            n = (places["adcode"] == row.adcode).sum()
            spot = np.array([row.left + n * MARK / 2, row.spot_y])
            size = style.SMALL_SIZE if row.kind == "key_county" else style.SMALL_SIZE + 1
            gap = (n * MARK / 2 + 0.3, MARK / 2)
            done[row.adcode] = page.put(spot, names[row.adcode], gap, size, style.INK)
    return [done[code] for code in places["adcode"]]


def _name_counties(
    page: _Page, mine: gpd.GeoDataFrame, places: pd.DataFrame, names: Mapping[str, str]
) -> list[bool]:
    """Name the counties that no mark names, in an area with few of them."""
    done = set(places.loc[places["labelled"], "adcode"])
    if len(mine) > NAME_ALL:
        return mine["adcode"].isin(done).tolist()
    for row in mine[~mine["adcode"].isin(places["adcode"])].itertuples():
        spot, text = page.at(*_middle(row.geometry)), names.get(row.adcode, row.name)
        if page.put(spot, text, (0, 0), style.SMALL_SIZE, style.MUTED):
            done.add(row.adcode)
    return mine["adcode"].isin(done).tolist()


def _name_provinces(
    page: _Page, near: gpd.GeoDataFrame, mine: gpd.GeoDataFrame, names: Mapping[str, str]
) -> pd.DataFrame:
    """Name each province outside the area, near the edge of the map, where its name fits."""
    grid = np.stack(np.meshgrid(*(np.arange(2.5, side, 2.0) for side in page.size)), -1)
    grid = grid.reshape(-1, 2)
    order = np.minimum(grid, page.size - grid).min(axis=1)
    area = shapely.union_all(mine.geometry.to_numpy())
    rows = []
    for province in geo.dissolve(near, "province").itertuples():
        code = near.loc[near["province"] == province.province, "adcode"].iloc[0][:2] + "0000"
        text = names.get(code, province.province)
        half = np.array([style.text_width(page.figure, [text], style.BASE_SIZE) / MM / 2 + 1, 2.2])
        low, high = ((grid + sign * half) * page.scale + page.origin for sign in (-1, 1))
        part = province.geometry.difference(area)
        shapely.prepare(part)
        fits = shapely.contains(part, shapely.box(*low.T, *high.T))
        far = np.abs(grid - page.at(*_middle(part))).sum(axis=1)
        spots = [
            grid[i] for i in np.lexsort([far, order]) if fits[i]
            and page.free((*(grid[i] - half), *(grid[i] + half)))
        ]  # fmt: skip
        if spots:
            page.take((*(spots[0] - half), *(spots[0] + half)))
            page.write(*spots[0], text, style.BASE_SIZE, style.MUTED)
            rows.append({"adcode": code, "name": text, "kind": "province", "labelled": True})
    return pd.DataFrame(rows, columns=COLUMNS)


def _key_rows(mine: gpd.GeoDataFrame, places: pd.DataFrame, lang: str) -> list[tuple[str, str]]:
    kinds = ["county"]
    if not mine["documented"].all():
        kinds.append("low")
    kinds += [shape for shape in SHAPES if (places["shape"] == shape).any()]
    return _worded([*kinds, "area", "prefecture", "province"], lang)


def _worded(kinds: list[str], lang: str) -> list[tuple[str, str]]:
    wide = 13 if lang == "zh" else 27
    words = ((kind, label(f"map.key.{kind}", lang)) for kind in kinds)
    return [(kind, "\n".join(textwrap.wrap(text, wide))) for kind, text in words]


def _write_key(page: _Page, rows: list[tuple[str, str]]) -> None:
    """Write the key at the top of the column: a sample and its words, line by line."""
    across, up = page.figure.get_size_inches() / MM
    x, y = EDGE + MAP_WIDTH + 2.5, EDGE + page.size[1] - 1.7
    for kind, text in rows:
        if kind in SHAPES:
            sample = Line2D([(x + 2) / across], [y / up], **_mark(kind))
        elif kind in LINES:
            sample = Line2D([x / across, (x + 4) / across], [y / up] * 2, **LINES[kind])
        else:
            box = (x / across, (y - 1.2) / up), 4 / across, 2.4 / up
            sample = Rectangle(*box, **FILLS[kind])
        page.figure.add_artist(sample)
        page.figure.text(
            (x + 5.6) / across, (y + 1.15) / up, text, va="top", fontsize=style.SMALL_SIZE,
            color=style.MUTED, linespacing=1.25,
        )  # fmt: skip
        y -= LINE * (1 + text.count("\n")) + 1


def _inset(page: _Page, outline: gpd.GeoDataFrame, bounds: tuple[float, ...]) -> Axes:
    """Draw China, or a part of it, in small at the foot of the column."""
    west, south, east, north = bounds
    height = LOCATOR * (north - south) / (east - west)
    axes = page.panel(160 - EDGE - LOCATOR, EDGE, LOCATOR, height)
    axes.set(xlim=(west, east), ylim=(south, north))
    small = outline.geometry.simplify((east - west) / 500)
    land = outline["kind"] == "land"
    # The edge keeps islands that are smaller than a dot of ink.
    _fill(axes, small[land], facecolor="#E4E1DA", edgecolor=BORDER, linewidth=0.35)
    _maritime(axes, outline)
    return axes


def _maritime(axes: Axes, outline: gpd.GeoDataFrame) -> None:
    for line in outline.loc[outline["kind"] == "maritime"].geometry:
        axes.plot(*shapely.get_coordinates(line).T, color=style.MUTED, linewidth=0.8)


def _locator(page: _Page, outline: gpd.GeoDataFrame, mine: gpd.GeoDataFrame) -> None:
    west, south, east, north = outline.total_bounds
    axes = _inset(page, outline, (west - 1e5, south - 1e5, east + 1e5, north + 1e5))
    sure = geo.dissolve(mine[mine["documented"]], "documented").geometry.simplify(4000)
    _fill(axes, sure, facecolor=style.FOCUS, edgecolor=style.FOCUS, linewidth=0.4)
    width, height = np.array(page.size) * page.scale
    axes.add_patch(
        Rectangle(page.origin, width, height, fill=False, edgecolor=style.INK, linewidth=0.6)
    )


def _scale_bar(page: _Page, lang: str) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*(np.array(page.origin) + np.array(page.size) * page.scale / 2))
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / page.scale <= 26)
    long = km * 1e3 * stretch / page.scale
    x, y = page.size[0] - 4 - long, 3.2
    ends = np.array([[x, y], [x + long, y]]) * page.scale + page.origin
    page.axes.plot(
        *ends.T, color=style.INK, linewidth=1.2, marker="|", markersize=4, zorder=9, gid="scale"
    )
    page.write(x + long / 2, y + 2.6, label("map.scale", lang, km=km), style.SMALL_SIZE, style.INK)
    page.take((x - 9, 0, page.size[0], STRIP - 2))
    if abs(north) >= 3:
        lean = np.array([-np.sin(np.radians(north)), np.cos(np.radians(north))])
        foot = np.array([x - 5, 1.6])
        tail, tip = (np.array([foot, foot + 4.6 * lean]) * page.scale) + page.origin
        page.axes.annotate(
            "", tip, tail, zorder=9, arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 0.8}
        )
        page.write(*(foot + 6 * lean), label("map.north", lang), style.SMALL_SIZE, style.INK)


def _note(page: _Page, text: str) -> None:
    """Say on the map itself that it is incomplete."""
    room = page.size[0] - 50
    lines = [text]
    while style.text_width(page.figure, lines, style.SMALL_SIZE) / MM > room:
        lines = textwrap.wrap(text, len(text) // (len(lines) + 1) + 6)
    width = style.text_width(page.figure, lines, style.SMALL_SIZE) / MM
    height = len(lines) * LINE
    page.axes.text(
        *(np.array([3, 2.5]) * page.scale + page.origin), "\n".join(lines), va="bottom",
        fontsize=style.SMALL_SIZE, zorder=9, linespacing=1.25,
        bbox={"boxstyle": "square,pad=0.35", "facecolor": style.PAPER, "edgecolor": style.MUTED,
              "linestyle": DASHED, "linewidth": 0.7},
    )  # fmt: skip
    page.take((0, 0, width + 6, height + 4))


def _caption(lang: str, dropped: int, **counts: object) -> str:
    parts = [label("map.caption", lang, **counts)] if counts else []
    if dropped:
        parts.append(label("map.dropped", lang, n=dropped))
    parts.append(label("map.source", lang))
    return ("" if lang == "zh" else " ").join(parts)


def plot_overview(
    regions: pd.DataFrame,
    counties: gpd.GeoDataFrame,
    outline: gpd.GeoDataFrame,
    membership: pd.DataFrame,
    lang: str = "zh",
) -> Drawn:
    """Draw all areas in one map of China, with the counties that lie in two of them.

    Parameters
    ----------
    regions, membership : DataFrame
        ``plan.regions()`` and ``plan.membership()``.
    counties, outline : GeoDataFrame
        As for `plot_region`.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per documented county and area (``kind`` county; ``role`` is the
        area), per county in two areas (overlap) and per area (area, labelled).

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
    ids = regions["region_id"]
    found = [geo.area_counties(counties, membership, each).assign(role=each) for each in ids]
    mine = pd.concat(found).query("documented").assign(kind="county")
    twice = mine[mine["adcode"].duplicated()].assign(kind="overlap", role="")
    areas = geo.dissolve(mine, "role").rename(columns={"role": "region_id"}).merge(regions)
    complete = areas["documented"] >= COMPLETE * areas["official_total"]
    areas["name"] = areas["name_zh" if lang == "zh" else "label_en"]
    values = {"n": len(areas), "overlap": len(twice), "incomplete": int((~complete).sum())}
    finding = label("map.overview", lang, counties=mine["adcode"].nunique(), **values)
    with style.style():
        key = _worded(["county", "overlap", "incomplete", "province", "maritime"], lang)
        page = _Page(MAINLAND, finding, label("map.overview_subtitle", lang), key, strip=0)
        _fill(page.axes, counties.geometry.simplify(3000), facecolor=LAND, edgecolor=LAND,
              linewidth=0.3)  # fmt: skip
        provinces = geo.dissolve(counties, "province").geometry
        for each, line in ((areas[complete], "-"), (areas[~complete], DASHED)):
            _fill(page.axes, each.geometry, facecolor=TINT, edgecolor=style.FOCUS, linewidth=0.8,
                  linestyle=line)  # fmt: skip
        _fill(page.axes, twice.geometry, facecolor=TINT, hatch="xxxxxxxx", edgecolor=style.INK)
        _fill(page.axes, provinces.simplify(3000), edgecolor=BORDER, linewidth=0.5)
        _maritime(page.axes, outline)
        sea = _inset(page, outline, SOUTH_CHINA_SEA)
        sea.set_title(label("map.sea", lang), fontsize=style.SMALL_SIZE, color=style.MUTED, pad=2)
        for place in ("台湾省", "海南省"):
            west, south, east, north = counties[counties["province"] == place].total_bounds
            page.take((*page.at(west, max(south, MAINLAND[1])), *page.at(east, north)))
        _name_areas(page, areas)
    rows = areas.assign(kind="area", role=areas["region_id"], labelled=True)
    data = pd.concat([mine.assign(labelled=False), twice.assign(labelled=False), rows])
    data = data.reindex(columns=COLUMNS).fillna("").reset_index(drop=True)
    listed = joined([f"{row.name} {row.documented}/{row.official_total}"
                     for row in areas.itertuples(index=False)], lang)  # fmt: skip
    alt = label("map.overview_alt", lang, finding=finding, listed=listed)
    return Drawn("overview", page.figure, data, alt, _caption(lang, 0))


def _name_areas(page: _Page, areas: gpd.GeoDataFrame) -> None:
    """Write the names in two columns, from north to south, with a line to each area."""
    spots = np.array([page.at(*_middle(shape)) for shape in areas.geometry])
    for column, here in ((0.37, spots[:, 0] < 0.62 * page.size[0]),):
        pass
