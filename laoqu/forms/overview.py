"""The twelve areas as shapes for the index page: small enough to be read as text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoSeries

from laoqu import geo
from laoqu.figures.maps import COMPLETE, NAMES_AT

#: Metres of one step in the drawing, and how far a border may stray.
UNIT, TOLERANCE = 2000, 4000
#: All of China with the South China Sea, and room for the names at both sides (metres).
FRAME = (-2.66e6, 0.3e6, 2.9e6, 5.96e6)
#: Where names stand on paper, but clear of the maritime lines and of each other on a small screen.
SPOTS = NAMES_AT | {"hailufeng": (1.12, 1.75), "zhexinan": (1.62, 3.42), "ganminyue": (1.62, 3.02)}


def shapes(
    regions: pd.DataFrame, layers: geo.Layers, membership: pd.DataFrame
) -> dict[str, object]:
    """Return the overview map as SVG paths.

    Parameters
    ----------
    regions, membership : DataFrame
        ``plan.regions()``, ``plan.membership()``.
    layers : laoqu.geo.Layers
        ``plan.layers``.

    Returns
    -------
    dict
        ``size`` (width, height in steps of 2 km), the paths ``provinces``, ``maritime`` and
        ``twice`` (counties in two areas), and ``areas``: ``region_id``, ``path``, ``sure`` (at
        least nine tenths documented), ``dot`` inside the area, ``text`` and ``anchor`` of its name.

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> found = shapes(plan.regions(), plan.layers, plan.membership())
    >>> found["size"], len(found["areas"])
    ((2780, 2830), 12)
    """
    provinces = layers.provinces.geometry.to_numpy()
    # Neighbours keep one border between them, and no island vanishes.
    if shapely.coverage_is_valid(provinces):
        provinces = shapely.coverage_simplify(provinces, TOLERANCE)
    parts, areas = [], []
    for row in regions.itertuples():
        if row.region_id not in set(membership["region_id"]):
            continue
        mine = geo.area_counties(layers.counties, membership, row.region_id).query("documented")
        parts.append(mine)
        shape = geo.dissolve(mine, "documented").geometry.item()
        text = np.array(SPOTS[row.region_id]) * 1e6
        dot = shapely.maximum_inscribed_circle(shape, tolerance=UNIT).coords[0]
        areas.append(
            {
                "region_id": row.region_id,
                "path": path(shape.simplify(TOLERANCE)),
                "sure": row.documented >= COMPLETE * row.official_total,
                "dot": _at(dot),
                "text": _at(text),
                "anchor": "end" if dot[0] > text[0] else "start",
            }
        )
    mine, lines = pd.concat(parts), layers.outline
    twice = mine[mine["adcode"].duplicated()].geometry.simplify(TOLERANCE)
    return {
        "size": (round((FRAME[2] - FRAME[0]) / UNIT), round((FRAME[3] - FRAME[1]) / UNIT)),
        "provinces": path(provinces),
        "maritime": path(lines.loc[lines["kind"] == "maritime"].simplify(UNIT)),
        "twice": path(twice),
        "areas": areas,
    }


def path(drawn: shapely.Geometry | np.ndarray | GeoSeries) -> str:
    """Return shapes in metres as one SVG path, each point as the step from the one before.

    >>> path(shapely.box(FRAME[0], FRAME[3] - 4000, FRAME[0] + 2000, FRAME[3]))
    'M1 2l0-2-1 0 0 2z'
    """
    out = []
    for part in shapely.get_parts(np.asarray(drawn)):
        line = part.geom_type == "LineString"
        for ring in [part] if line else [part.exterior, *part.interiors]:
            points = _steps(shapely.get_coordinates(ring))
            moves = np.diff(points, axis=0)[: None if line else -1]
            moves = moves[moves.any(axis=1)]
            text = " ".join(f"{x} {y}" for x, y in moves).replace(" -", "-")
            out.append(f"M{points[0, 0]} {points[0, 1]}" + f"l{text}" * bool(text) + "z"[line:])
    return "".join(out)


def _steps(points: np.ndarray) -> np.ndarray:
    return np.rint((points - [FRAME[0], FRAME[3]]) / [UNIT, -UNIT]).astype(int)


def _at(point: np.ndarray) -> tuple[int, int]:
    x, y = _steps(np.reshape(point, (1, 2)))[0]
    return int(x), int(y)
