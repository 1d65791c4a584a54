"""What maps are drawn with: axes on the ground, whose names and numbers keep out of each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from laoqu import geo
from laoqu.show.style import Sheet, mark, stroke, text_width
from laoqu.show.words import Words

#: What a number on a map stands in.
MARKS = {
    "circle": mark("paper", "ink", 10.0, "o", 0.8),
    "square": mark("paper", "ink", 9.0, "s", 0.8),
    "diamond": mark("paper", "ink", 9.2, "D", 0.8),
}
HAIRLINE, FRAME = stroke("ink", 0.6), stroke("context", 0.6)
#: Points: how far off a spot, in rings around it, its name may stand.
RINGS = np.arange(5, 40, 3)


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
        self.taken = np.empty((0, 4))

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

    def fit(self, spots: np.ndarray, size: Sequence[float]) -> np.ndarray | None:
        """Take the first of `spots` with room for a box of `size` around it."""
        half = np.array(size) / 2
        low, top = spots - half, spots + half
        inside = (low > self.corner + 2) & (top < self.corner + self.size - 2)
        hits = (self.taken[:, :2] < top[:, None]) & (self.taken[:, 2:] > low[:, None])
        free = inside.all(axis=1) & ~hits.all(axis=2).any(axis=1)
        if not free.any():
            return None
        self.taken = np.vstack([self.taken, np.hstack([low, top])[free][0]])
        return spots[free][0]

    def name(self, text: str, spots: np.ndarray, size: float, tone: str) -> None:
        """Write a name on the first of `spots` with room, else not at all."""
        spot = self.fit(spots, (text_width(text, size) + 4, size * 1.3))
        if spot is not None:
            self.sheet.text(*spot, text, size, tone, "center", "paper", label="label")

    def number(self, text: str, spot: np.ndarray, shape: str = "circle") -> None:
        """Draw a numbered mark on a spot, or near it with a line to it."""
        place = self.fit(around(spot), [11.0] * 2)
        place = spot if place is None else place
        if (place != spot).any():
            self.sheet.axes.plot(*zip(spot, place, strict=True), **HAIRLINE)
        self.sheet.axes.plot(*place, **MARKS[shape])
        self.sheet.text(*place, text, ha="center", label="place")

    def scale_bar(self, words: Words, x: float, y: float) -> None:
        """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
        stretch, north = geo.ground(*self.middle)
        km = max(n for n in (10, 20, 50, 100, 200) if n * 1e3 / self.scale <= 90 or n == 10)
        long, axes = km * 1e3 * stretch / self.scale, self.sheet.axes
        axes.plot([x, x, x + long, x + long], [y - 3, y, y, y - 3], **HAIRLINE, label="scale")
        self.sheet.text(x, y - 9, words("map.scale", km=km), tone="muted")
        if abs(north) >= 3:
            foot, turn = x + 16 + max(long, 30), np.radians(north)
            tip = foot - 16 * np.sin(turn), y - 16 * np.cos(turn)
            axes.annotate("", tip, (foot, y), arrowprops={"arrowstyle": "->", **HAIRLINE})
            self.sheet.text(foot + 8, y - 5, words("map.north"), tone="muted")


def _apart(rings: np.ndarray, cell: float) -> np.ndarray:
    """Leave out islands smaller than a cell of the ground that fall on another."""
    west, south, east, north = shapely.bounds(rings).T
    small = np.maximum(east - west, north - south) < cell
    where = np.where(small, [west // cell, south // cell], [np.arange(len(rings)), small - 1])
    return rings[np.sort(np.unique(where, axis=1, return_index=True)[1])]


def middle_of(shape: shapely.Geometry) -> np.ndarray:
    """Return the point in a shape that is farthest from its border."""
    return np.array(shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0])


def around(spot: np.ndarray) -> np.ndarray:
    """Return spots to try: the spot itself, then rings around it, wider than high."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turns) * 1.6, np.sin(turns)], axis=1)
    return np.concatenate([[spot], *(spot + ring * r for r in RINGS)])
