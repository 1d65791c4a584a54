"""The twelve areas as SVG paths, small enough to be read as text."""

from __future__ import annotations

import textwrap

import numpy as np
import shapely

from laoqu.plan import Plan

#: Metres of one step in the drawing.
UNIT = 2000
#: Metres by which a border may stray.
TOLERANCE = 4000
#: All of China with the South China Sea, and room for the names at both sides (metres).
FRAME = (-2.66e6, 0.3e6, 2.9e6, 5.96e6)
#: Below this share of documented counties the border of an area is dashed.
COMPLETE = 0.9
#: Where names stand (thousands of kilometres), clear of maritime lines and of each other.
NAMES_AT = {
    "shaanganning": (-0.55, 3.9), "chuanshaan": (-0.55, 3.45), "xiangeyuqian": (-0.55, 3.1),
    "xiangganbian": (-0.55, 2.8), "zuoyoujiang": (-0.55, 2.5), "qiongya": (-0.55, 2.02),
    "taihang": (1.45, 4.25), "yimeng": (1.45, 4.0), "dabieshan": (1.62, 3.66),
    "zhexinan": (1.62, 3.42), "ganminyue": (1.62, 3.02), "hailufeng": (1.12, 1.75),
}  # fmt: skip


def shapes(plan: Plan) -> dict[str, object]:
    """Return the overview map as SVG paths.

    Returns
    -------
    dict
        ``size`` (width, height in steps of 2 km), the paths ``provinces``, ``maritime`` and
        ``twice`` (counties in two areas), and ``areas``: ``region_id``, ``path``, ``sure`` (at
        least nine tenths documented), ``dot`` inside the area, ``text`` and ``anchor`` of its
        name, the name in lines (``zh``, ``en``).

    Examples
    --------
    >>> import laoqu as lq
    >>> found = shapes(lq.load())
    >>> found["size"], len(found["areas"])
    ((2780, 2830), 12)
    """
    layers, members = plan.layers, plan.membership().query("confidence != 'low'")
    counties = layers.counties.set_index("adcode").geometry
    provinces = layers.provinces.geometry.to_numpy()
    # Neighbours keep one border between them, and no island vanishes.
    if shapely.coverage_is_valid(provinces):
        provinces = shapely.coverage_simplify(provinces, TOLERANCE)
    areas = []
    for row in plan.regions().itertuples():
        codes = members.loc[members["region_id"] == row.region_id, "adcode"]
        shape = shapely.union_all(counties[counties.index.intersection(codes)])
        if shape.is_empty:
            continue
        text = np.array(NAMES_AT[row.region_id]) * 1e6
        dot = shapely.maximum_inscribed_circle(shape, tolerance=UNIT).coords[0]
        left = dot[0] > text[0]
        # East of China there is less room; a name of several provinces may break after a dash.
        lines = textwrap.wrap(row.label_en.replace("–", "– "), 26 if left else 16)
        areas.append({
            "region_id": row.region_id, "path": path(shape.simplify(TOLERANCE)),
            "sure": row.documented >= COMPLETE * row.official_total, "dot": _at(dot),
            "text": _at(text), "anchor": "end" if left else "start", "zh": [row.name_zh],
            "en": [line.replace("– ", "–") for line in lines],
            "n": f"{row.documented}/{row.official_total}",
        })  # fmt: skip
    twice = members.loc[members["adcode"].duplicated(), "adcode"]
    lines = layers.outline
    return {
        "size": (round((FRAME[2] - FRAME[0]) / UNIT), round((FRAME[3] - FRAME[1]) / UNIT)),
        "provinces": path(provinces),
        "maritime": path(lines.loc[lines["kind"] == "maritime"].simplify(UNIT)),
        "twice": path(counties[counties.index.intersection(twice)].simplify(TOLERANCE)),
        "areas": areas,
    }


def path(drawn: object) -> str:
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
