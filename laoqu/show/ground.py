"""What maps are drawn with: a window of a sheet onto the ground, and the shapes of an area.

Geometry is in metres of `laoqu.geo.CRS_CHINA`, the sheet in points from its upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from shapely import affinity

from laoqu import geo
from laoqu.errors import ParameterError
from laoqu.show.style import Look, Sheet, text_width
from laoqu.show.words import Words

MARK, THIN = Look("paper", "ink", 0.8), Look(line="ink")
#: Points: the radius of a number.
RADIUS = 5.0
#: The longer side of an area is drawn in so many steps.
FINE = 560
#: Metres: islands farther off do not stretch the map (东沙 is 260 km away).
NEAR = 6e4


class View:
    """A window of a sheet onto the ground, and what has been taken in it."""

    def __init__(self, sheet: Sheet, place: Sequence[float], bounds: Sequence[float]) -> None:
        self.sheet, self.place = sheet, place
        self.low, self.size = np.array(place[:2]), np.array(place[2:])
        ground = np.reshape(bounds, (2, 2))
        self.scale = ((ground[1] - ground[0]) / self.size).max()  # metres a point
        self.middle, half = ground.mean(axis=0), self.size * self.scale / 2
        self.frame = shapely.box(*(self.middle - half), *(self.middle + half))
        self.taken = np.empty((0, 4))

    def at(self, points: np.ndarray) -> np.ndarray:
        """From the ground to the sheet."""
        return (points - self.middle) / self.scale * (1, -1) + self.low + self.size / 2

    def draw(self, shapes: Sequence, look: Look, name: str = "") -> None:
        """Draw shapes, cut at the frame."""
        shapes = np.asarray(shapes)
        if look.fill == "none":  # borders only: none along the cut
            shapes = np.where(shapely.area(shapes) > 0, shapely.boundary(shapes), shapes)
        for shape in shapely.clip_by_rect(shapes, *self.frame.bounds):
            parts = shapely.get_parts(shape)
            rings = shapely.get_rings(parts) if shape.area else parts
            points, ring = shapely.get_coordinates(rings, return_index=True)
            if len(points):
                kept = _apart(np.split(self.at(points), np.flatnonzero(np.diff(ring)) + 1))
                self.sheet.path(kept, look, name, closed=bool(shape.area))

    def rim(self) -> None:
        """Draw the frame."""
        self.sheet.box(*self.place, Look(line="context"))

    def fit(self, spots: np.ndarray, size: Sequence[float]) -> np.ndarray | None:
        """Take the first of `spots` with room for a box of `size` around it."""
        half = np.array(size) / 2
        low, top = spots - half, spots + half
        free = ((low > self.low + 2) & (top < self.low + self.size - 2)).all(axis=1)
        hits = (self.taken[:, :2] < top[:, None]) & (self.taken[:, 2:] > low[:, None])
        free &= ~hits.all(axis=2).any(axis=1)
        if not free.any():
            return None
        k = free.argmax()
        self.taken = np.vstack([self.taken, [*low[k], *top[k]]])
        return spots[k]

    def name(self, text: str, spots: np.ndarray, size: float, tone: str) -> None:
        """Write a name on the first of `spots` with room, else not at all."""
        spot = self.fit(spots, (text_width(text, size) + 2, size * 1.2))
        if spot is not None:
            look = {"tone": tone, "anchor": "middle", "halo": "paper", "name": "label"}
            self.sheet.text(*spot, text, size, **look)

    def number(self, text: str, spot: np.ndarray, shape: str = "circle") -> None:
        """Draw a numbered mark on a spot, or near it with a line to it."""
        place = self.fit(around(spot), [2 * RADIUS + 0.6] * 2)
        place = spot if place is None else place
        if (place != spot).any():
            self.sheet.line(tuple(spot), tuple(place), look=THIN)
        self.sheet.mark(*place, RADIUS, MARK, shape, "place", text)


class Shapes:
    """The shapes of an area's map, no finer than is seen; neighbours keep their common border."""

    def __init__(
        self, layers: geo.Layers, codes: pd.Series, kinds: Sequence[str], places: pd.Series
    ) -> None:
        table = layers.counties.set_index("adcode").geometry
        if codes.empty:
            raise ParameterError("no county to draw: the membership table has none of the area")
        if missing := sorted(set(codes) - set(table.index)):
            raise ParameterError(f"no border for {', '.join(missing)}")
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
        self.provinces = provinces.simplify(extent / FINE)
        land = layers.outline["kind"] == "land"
        self.coast, self.maritime = layers.outline.geometry[land], layers.outline.geometry[~land]
        self.china = layers.outline.total_bounds


def scale_bar(view: View, words: Words, at: tuple[float, float]) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*view.middle)
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / view.scale <= 90 or each == 10)
    long, (x, y) = km * 1e3 * stretch / view.scale, at
    view.sheet.line((x, y - 3), (x, y), (x + long, y), (x + long, y - 3), look=THIN, name="scale")
    view.sheet.text(x, y - 9, words("map.scale", km=km), tone="muted")
    if abs(north) >= 3:
        arrow, x = shapely.LineString([(0, 0), (0, -16), (-2.2, -10), (0, -16), (2.2, -10)]), x + 16
        arrow = affinity.rotate(arrow, -north, origin=(0, 0))
        arrow = affinity.translate(arrow, x + max(long, 30), y)
        view.sheet.line(*shapely.get_coordinates(arrow), look=THIN)
        view.sheet.text(x + max(long, 30) + 8, y - 5, words("map.north"), tone="muted")


def _apart(rings: list[np.ndarray]) -> list[np.ndarray]:
    """Leave out islands under half a point that fall on another."""
    starts = np.cumsum([0, *map(len, rings[:-1])])
    points = np.concatenate(rings)
    size = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
    cells = np.where(size.max(axis=1, keepdims=True) < 0.5, np.floor(points[starts] * 2), np.nan)
    first = np.unique(cells, axis=0, return_index=True, equal_nan=False)[1]
    return [rings[k] for k in sorted(first)]


def middle_of(shape: shapely.Geometry) -> np.ndarray:
    """Return the point in a shape that is farthest from its border."""
    return np.array(shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0])


def around(spot: np.ndarray) -> np.ndarray:
    """Return spots to try: the spot itself, then rings around it, wider than high."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turns) * 1.6, np.sin(turns)], axis=1)
    return np.concatenate([[spot], *(spot + ring * r for r in range(5, 40, 3))])
