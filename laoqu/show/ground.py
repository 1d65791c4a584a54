"""What maps are drawn with: axes on the ground, whose names and numbers keep out of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

from laoqu import geo
from laoqu.show.style import HALO, SMALL, TONE, mark, stroke, text_width
from laoqu.show.words import Words

#: What a number on a map stands in.
MARKS = {
    "circle": mark("paper", "ink", 10.0, "o", 0.8),
    "square": mark("paper", "ink", 9.0, "s", 0.8),
}
HAIRLINE = stroke("ink", 0.6)
#: Points: how far off a spot, in rings around it, its name may stand; where it is worth nothing.
RINGS, FAR = np.arange(5, 60, 3), 100
#: A name or number hides no more than this share of a shape that is kept.
HIDDEN = 0.25


class View:
    """Axes on the ground; what of them is taken by names and numbers, in points of the figure."""

    def __init__(self, axes: Axes, bounds: Sequence[float], framed: bool = True) -> None:
        self.axes, self.taken, self.kept = axes, np.empty((0, 4)), shapely.STRtree([])
        (low, top), size = np.reshape(bounds, (2, 2)), axes.bbox.size
        self.scale = ((top - low) / size).max()  # metres a point
        self.middle, half = (low + top) / 2, size * self.scale / 2
        self.frame = shapely.box(*(self.middle - half), *(self.middle + half))
        west, south, east, north = self.frame.bounds
        axes.set(xlim=(west, east), ylim=(south, north))
        axes.spines[:].set(visible=framed, color=TONE["context"], linewidth=0.6)

    def draw(self, shapes: Sequence, label: str = "", **look: object) -> None:
        """Draw shapes, cut at the frame; without ``facecolor`` only their borders."""
        shapes = np.asarray(shapes)
        if "facecolor" not in look:
            shapes = np.where(shapely.area(shapes) > 0, shapely.boundary(shapes), shapes)
        cut = shapely.get_parts(shapely.clip_by_rect(shapes, *self.frame.bounds))
        rings = shapely.get_rings(cut) if "facecolor" in look else cut
        points, ring = shapely.get_coordinates(_apart(rings, self.scale / 2), return_index=True)
        steps = np.where(np.diff(ring, prepend=-1), Path.MOVETO, Path.LINETO)
        look = {"fill": "facecolor" in look, "joinstyle": "round", **look}
        self.axes.add_artist(PathPatch(Path(points, steps), clip_on=False, label=label, **look))

    def around(self, spot: np.ndarray) -> np.ndarray:
        """Return places to try: of the spot itself, then rings around it, wider than high."""
        at = self.axes.transData.transform(spot)
        turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = np.stack([np.cos(turns) * 1.6, -np.sin(turns)], axis=1)
        return np.concatenate([[at], *(at + ring * r for r in RINGS)])

    def fit(self, places: np.ndarray, wide: float, high: float) -> np.ndarray | None:
        """Take the first of some places with room for a box around it; return it on the ground."""
        half = np.array([wide, high]) / 2
        low, top = places - half, places + half
        corner, end = self.axes.bbox.get_points()
        inside = (low > corner + 2) & (top < end - 2)
        hits = (self.taken[:, :2] < top[:, None]) & (self.taken[:, 2:] > low[:, None])
        free = inside.all(axis=1) & ~hits.all(axis=2).any(axis=1)
        ground = self.axes.transData.inverted().transform
        for at in np.flatnonzero(free):
            box = shapely.box(*ground(low[at]), *ground(top[at]))
            under = self.kept.geometries[self.kept.query(box)]
            hidden = shapely.area(shapely.intersection(box, under))
            if (hidden <= HIDDEN * shapely.area(under)).all():
                self.taken = np.vstack([self.taken, [*low[at], *top[at]]])
                return ground(places[at])
        return None

    def name(self, text: str, unit: shapely.Geometry, spot: np.ndarray, led: bool = False) -> None:
        """Write a name on its unit near a spot; if `led` it may stand beside, with a line to it."""
        size, tone = (SMALL + 0.5, "ink") if led else (SMALL + 2, "muted")
        places, room = self.around(spot), np.array([text_width(text, size) + 4, size * 1.3])
        ground = self.axes.transData.inverted().transform
        boxes = shapely.box(*ground(places - room / 2).T, *ground(places + room / 2).T)
        inside = shapely.contains_xy(unit, ground(places))
        worth = shapely.area(shapely.intersection(np.where(inside, boxes, None), unit))
        worth = np.nan_to_num(worth) * (1 - np.hypot(*(places - places[0]).T) / FAR)
        best = places[np.argsort(-worth, kind="stable")]
        at = self.fit(best if led else best[: np.count_nonzero(worth)], *room)
        if at is not None:
            if not shapely.contains_xy(unit, *at):
                self.axes.plot(*zip(spot, at, strict=True), **HAIRLINE, label="leader")
            look = {"size": size, "color": TONE[tone], "path_effects": HALO, "label": "label"}
            self.axes.text(*at, text, ha="center", va="center_baseline", **look)

    def number(self, text: str, spot: np.ndarray, shape: str = "circle") -> None:
        """Draw a numbered mark on a spot, or near it with a line to it."""
        at = self.fit(self.around(spot), 13, 13)
        at = spot if at is None else at
        self.axes.plot(*zip(spot, at, strict=True), **HAIRLINE)
        self.axes.plot(*at, **MARKS[shape])
        self.axes.text(*at, text, ha="center", va="center_baseline", label="place")

    def scale_bar(self, words: Words, axes: Axes) -> None:
        """Draw in other axes a bar that is right at the middle of the map, and where north is."""
        stretch, north = geo.ground(*self.middle)
        km = max(n for n in (10, 20, 50, 100, 200) if n * 1e3 / self.scale <= 80 or n == 10)
        bar = AnchoredSizeBar(
            self.axes.transData, km * 1e3 * stretch, words("map.scale", km=km), "lower left",
            color=TONE["ink"], frameon=False, pad=0, borderpad=0, sep=3, label_top=True,
        )  # fmt: skip
        axes.add_artist(bar)
        if abs(north) >= 3:
            tip = 104 - 16 * np.sin(np.radians(north)), 22
            look = {"arrowprops": {"arrowstyle": "->", **HAIRLINE}, "color": TONE["muted"]}
            look |= {"xycoords": "axes points", "textcoords": "axes points", "ha": "center"}
            axes.annotate(words("map.north"), tip, (104, 0), **look)


def _apart(rings: np.ndarray, cell: float) -> np.ndarray:
    """Leave out islands smaller than a cell of the ground that fall on another."""
    west, south, east, north = shapely.bounds(rings).T
    small = np.maximum(east - west, north - south) < cell
    where = np.where(small, [west // cell, south // cell], [np.arange(len(rings)), small - 1])
    return rings[np.sort(np.unique(where, axis=1, return_index=True)[1])]


def middle_of(shape: shapely.Geometry) -> np.ndarray:
    """Return the point in a shape that is farthest from its border."""
    return np.array(shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0])
