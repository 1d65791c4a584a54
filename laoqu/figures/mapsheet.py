"""The sheet of a map: its panel, key and inset, what stands where, scale bar and notes.

Lengths are millimetres on paper unless said otherwise; maps are in `laoqu.geo.CRS_CHINA`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from geopandas import GeoDataFrame
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path

from laoqu import geo
from laoqu.figures import style
from laoqu.labels import label

#: The roles of cities in four groups; each has a shape of its own, as have boxes 1 and 4.
GROUPS = {
    "hub": "provincial_subcentre interprovincial_node capital_docking cluster_development",
    "industry": "specialty_base facility_vegetables selenium_industry trade_logistics "
    "tourism_destination national_zone",
    "pilot": "border_opening common_prosperity_demo eco_value",
    "aid": "paired_aid",
}
GROUP_OF = {role: group for group, roles in GROUPS.items() for role in roles.split()}
SHAPES = {
    "ring": "o", "dot": "o", "hub": "s", "industry": "^", "pilot": "D", "aid": "P", "zone": "h",
}  # fmt: skip
MARKS = {
    shape: {
        "marker": marker, "linestyle": "none", "color": style.INK,
        "markersize": 3.4 if shape == "dot" else 5.3,
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
MM, EDGE, PAD, STRIP, LINE, MARK = 1 / 25.4, 1.5, 5, 11, 3.5, 2.4
WIDTH, HIGHEST, LOWEST, MAP_WIDTH, INSET_WIDTH = 160, 170, 90, 115, 36
AROUND = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)])
AROUND = np.vstack([AROUND, AROUND[4:] * (0.5, 1)])


class Page:
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
        """Add a panel: its place in millimetres, its bounds in the projection."""
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
        """From the projection to millimetres in the panel."""
        return (np.asarray(point) - self.origin) / self.scale

    def ground(self, spot: Sequence[float]) -> np.ndarray:
        """From millimetres in the panel to the projection."""
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


def middle(shape: shapely.Geometry) -> tuple[float, float]:
    """Return the point in a shape that is farthest from its border."""
    return shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0]


def fill(axes: Axes, shapes: gpd.GeoSeries, **look: object) -> None:
    """Fill and outline shapes, lines among them."""
    # geopandas' own plot would load pyplot and its state. A third of a pixel is not seen, nor what
    # lies beyond the frame.
    pixel = np.ptp(axes.get_xlim()) / axes.bbox.width
    frame = shapely.box(*axes.viewLim.extents).buffer(20 * pixel).bounds
    seen = shapely.simplify(shapely.clip_by_rect(shapes.to_numpy(), *frame), pixel / 3)
    paths = []
    for each in shapely.orient_polygons(seen):
        parts = shapely.get_parts(each)
        lines = _apart(shapely.get_rings(parts), pixel / 2) if each.area else parts
        paths.append(Path.make_compound_path(*map(Path, map(shapely.get_coordinates, lines))))
    look = {"linewidth": 0, "facecolor": "none"} | look
    axes.add_collection(PathCollection(paths, **look), autolim=False)


def _apart(rings: np.ndarray, size: float) -> np.ndarray:
    """Leave out rings under `size` that fall on another: of 1,900 islands 1,700 are such dots."""
    low, high = np.split(shapely.bounds(rings), 2, axis=1)
    small = (high - low).max(axis=1) < size
    cells = np.where(small[:, None], np.floor(low / size), np.nan)
    _, first = np.unique(cells, axis=0, return_index=True, equal_nan=False)
    return rings[np.sort(first)]


def stroke(axes: Axes, kind: str, shapes: GeoDataFrame) -> None:
    """Draw the borders of shapes in the look of their kind."""
    look = LINES[kind]
    fill(axes, shapes.geometry, edgecolor=look["color"], linewidth=look["linewidth"])


def inset(page: Page, outline: GeoDataFrame, bounds: tuple[float, ...]) -> Axes:
    """Draw China, or a part of it, in small at the foot of the column."""
    west, south, east, north = bounds
    high = INSET_WIDTH * (north - south) / (east - west)
    axes = page.panel((WIDTH - EDGE - INSET_WIDTH, EDGE, INSET_WIDTH, high), bounds)
    land = outline.loc[outline["kind"] == "land"].simplify((east - west) / 500)
    # The edge keeps islands that are smaller than a dot of ink.
    fill(axes, land, facecolor="#E4E1DA", edgecolor=BORDER, linewidth=0.35)
    stroke(axes, "maritime", outline[outline["kind"] == "maritime"])
    return axes


def locator(page: Page, outline: GeoDataFrame, area: GeoDataFrame) -> None:
    """Show where in China the area lies, with the frame of the map."""
    axes = inset(page, outline, shapely.box(*outline.total_bounds).buffer(1e5).bounds)
    fill(axes, area.simplify(4000), facecolor=style.FOCUS, edgecolor=style.FOCUS, linewidth=0.4)
    here = {"fill": False, "edgecolor": style.INK, "linewidth": 0.6}
    axes.add_patch(Rectangle(page.origin, *(page.size * page.scale), **here))


def scale_bar(page: Page, lang: str) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*page.ground(page.size / 2))
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / page.scale <= 26)
    long = km * 1e3 * stretch / page.scale
    left, y = page.size[0] - 4 - long, 3.2
    look = {"linewidth": 1.2, "marker": "|", "markersize": 4, "gid": "scale"}
    ends = page.ground([(left, y), (left + long, y)])
    page.axes.plot(*ends.T, color=style.INK, zorder=9, **look)
    page.write((left, y + 2.6), label("map.scale", lang, km=km), ha="left")
    page.take(np.array([left + long / 2 - 4, 4.8]), (long + 14, 5))
    if abs(north) >= 3:
        page.write((left - 5, 4.8), label("map.north", lang) + "\n↑", rotation=north, va="center")


def note(page: Page, text: str) -> None:
    """Say on the map itself that it is incomplete."""
    lines = textwrap.wrap(text, 48)
    box = {"boxstyle": "square,pad=0.6", "facecolor": style.PAPER} | DOUBT
    page.write((3, 3), "\n".join(lines), ha="left", va="bottom", linespacing=1.25, bbox=box)
    wide = style.text_width(page.figure, lines, style.SMALL_SIZE) / MM + 6
    page.take(np.array([wide / 2 + 0.9, 5.5]), (wide, 9))
