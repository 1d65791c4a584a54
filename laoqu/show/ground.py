"""What maps are drawn with: axes on the ground, what of a sheet is taken, the shapes of an area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from laoqu import geo
from laoqu.errors import ParameterError
from laoqu.show.style import Sheet, mark, stroke, text_width
from laoqu.show.words import Words

#: What a number on a map stands in.
MARKS = {
    "circle": mark("paper", "ink", 10.0, "o", 0.8),
    "square": mark("paper", "ink", 9.0, "s", 0.8),
    "diamond": mark("paper", "ink", 9.2, "D", 0.8),
}
HAIRLINE, FRAME = stroke("ink", 0.6), stroke("context", 0.6)
#: The longer side of an area is drawn in so many steps.
FINE = 560
#: Metres: islands farther off do not stretch the map (东沙 is 260 km away).
NEAR = 6e4


class Room:
    """What is taken of a place on a sheet, as boxes in points."""

    def __init__(self, low: Sequence[float], top: Sequence[float]) -> None:
        self.low, self.top, self.taken = np.array(low), np.array(top), np.empty((0, 4))

    def fit(self, spots: np.ndarray, size: Sequence[float]) -> np.ndarray | None:
        """Take the first of `spots` with room for a box of `size` around it."""
        half = np.array(size) / 2
        low, top = spots - half, spots + half
        free = ((low > self.low) & (top < self.top)).all(axis=1)
        hits = (self.taken[:, :2] < top[:, None]) & (self.taken[:, 2:] > low[:, None])
        free &= ~hits.all(axis=2).any(axis=1)
        if not free.any():
            return None
        self.take(spots[free][:1], half)
        return spots[free][0]

    def take(self, spots: np.ndarray, half: float | np.ndarray) -> None:
        """Take boxes around spots."""
        self.taken = np.vstack([self.taken, np.hstack([spots - half, spots + half])])


class View:
    """Axes on the ground in a place of a sheet, and what of the place is taken."""

    def __init__(self, sheet: Sheet, place: Sequence[float], bounds: Sequence[float]) -> None:
        self.sheet, self.corner, self.size = sheet, np.array(place[:2]), np.array(place[2:])
        low, top = np.reshape(bounds, (2, 2))
        self.scale = ((top - low) / self.size).max()  # metres a point
        self.middle, half = (low + top) / 2, self.size * self.scale / 2
        self.frame = shapely.box(*(self.middle - half), *(self.middle + half))
        self.axes = sheet.window(*place)
        west, south, east, north = self.frame.bounds
        self.axes.set(xlim=(west, east), ylim=(south, north))
        self.room = Room(self.corner + 2, self.corner + self.size - 2)

    def at(self, points: np.ndarray) -> np.ndarray:
        """From the ground to the sheet."""
        return (points - self.middle) / self.scale * (1, -1) + self.corner + self.size / 2

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

    def rim(self) -> None:
        """Draw the frame."""
        self.axes.plot(*self.frame.exterior.xy, **FRAME, clip_on=False)

    def name(self, text: str, spots: np.ndarray, size: float, tone: str) -> None:
        """Write a name on the first of `spots` with room, else not at all."""
        spot = self.room.fit(spots, (text_width(text, size) + 4, size * 1.3))
        if spot is not None:
            self.sheet.text(*spot, text, size, tone, "center", "paper", label="label")

    def number(self, text: str, spot: np.ndarray, shape: str = "circle") -> None:
        """Draw a numbered mark on a spot, or near it with a line to it."""
        place = self.room.fit(around(spot), [11.0] * 2)
        place = spot if place is None else place
        if (place != spot).any():
            self.sheet.axes.plot(*zip(spot, place, strict=True), **HAIRLINE)
        self.sheet.axes.plot(*place, **MARKS[shape])
        self.sheet.text(*place, text, ha="center", label="place")


class Shapes:
    """The shapes of an area's map, no finer than is seen; neighbours keep their common border."""

    def __init__(
        self, layers: geo.Layers, codes: pd.Series, kinds: Sequence[str], places: pd.Series
    ) -> None:
        table = layers.counties.set_index("adcode").geometry
        if codes.empty:
            raise ParameterError("no county to draw: the membership table has none of the area")
        geo.require(codes, table.index)
        extent = np.ptp(np.reshape(table[codes].total_bounds, (2, 2)), axis=0).max()
        near = table[table.index.str[:4].isin({*codes.str[:4], *places.str[:4]})]
        # Only where neighbours share their vertices, which a reader's own borders may not.
        shared = shapely.coverage_is_valid(near.to_numpy())
        simplify = shapely.coverage_simplify if shared else shapely.simplify
        union = shapely.coverage_union_all if shared else shapely.union_all
        near = pd.Series(simplify(near.to_numpy(), extent / FINE), near.index)
        self.counties, self.kinds = near[codes], np.array(kinds)
        self.area = union(self.counties[self.kinds != "low"].to_numpy())
        self.cities, self.parts = (
            each.groupby(each.index.str[:4]).agg(lambda shapes: union(shapes.to_numpy()))
            for each in (near, self.counties)
        )
        # The mark of a city stands in the part of it that is in the area.
        found = {code: self.counties.get(code, self.parts.get(code[:4])) for code in places}
        self.spots = {code: middle_of(shape) for code, shape in found.items() if shape is not None}
        # Islands far off do not stretch the map.
        parts = shapely.get_parts(self.counties.to_numpy())
        large = parts[shapely.area(parts) >= min(2e8, shapely.area(parts).max())]
        inside = shapely.box(*shapely.total_bounds(large)).buffer(NEAR)
        bounds = shapely.total_bounds(parts[shapely.intersects(parts, inside)])
        rim = np.ptp(np.reshape(bounds, (2, 2)), axis=0).max() * 0.04
        self.bounds = bounds + np.array([-rim, -rim, rim, rim])
        within = shapely.within(self.counties.to_numpy(), shapely.box(*self.bounds))
        self.beyond = self.counties.index[~within].tolist()
        wider, provinces = shapely.box(*self.bounds).buffer(extent), layers.provinces
        provinces = provinces.set_index("adcode").clip_by_rect(*wider.bounds)
        self.provinces = provinces[~provinces.is_empty].simplify_coverage(extent / FINE)
        self.land = self.provinces.union_all(method="coverage")
        land = layers.outline["kind"] == "land"
        self.coast, self.maritime = layers.outline.geometry[land], layers.outline.geometry[~land]
        self.china = layers.outline.total_bounds


def scale_bar(view: View, words: Words, at: tuple[float, float]) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*view.middle)
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / view.scale <= 90 or each == 10)
    long, (x, y), axes = km * 1e3 * stretch / view.scale, at, view.sheet.axes
    axes.plot([x, x, x + long, x + long], [y - 3, y, y, y - 3], **HAIRLINE, label="scale")
    view.sheet.text(x, y - 9, words("map.scale", km=km), tone="muted")
    if abs(north) >= 3:
        foot, turn = x + 16 + max(long, 30), np.radians(north)
        tip = foot - 16 * np.sin(turn), y - 16 * np.cos(turn)
        arrow = {"arrowstyle": "->", **HAIRLINE}
        axes.annotate("", tip, (foot, y), arrowprops=arrow)
        view.sheet.text(foot + 8, y - 5, words("map.north"), tone="muted")


def _apart(rings: np.ndarray, cell: float) -> np.ndarray:
    """Leave out islands smaller than a cell of the ground that fall on another."""
    west, south, east, north = shapely.bounds(rings).T
    small = np.maximum(east - west, north - south) < cell
    where = np.where(small, [west // cell, south // cell], [np.arange(len(rings)), small - 1])
    return rings[np.sort(np.unique(where, axis=1, return_index=True)[1])]


def middle_of(shape: shapely.Geometry) -> np.ndarray:
    """Return the point in a shape that is farthest from its border."""
    return np.array(shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0])


def around(spot: np.ndarray, far: float = 40) -> np.ndarray:
    """Return spots to try: the spot itself, then rings around it, wider than high."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turns) * 1.6, np.sin(turns)], axis=1)
    return np.concatenate([[spot], *(spot + ring * r for r in np.arange(5, far, 3))])
