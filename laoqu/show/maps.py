"""Maps: one area with how its counties are named, or coloured by a column of yours; all areas.

Geometry is in metres of `laoqu.geo.CRS_CHINA`, the sheet in points from its upper left corner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from laoqu import geo
from laoqu.analysis import naming
from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, number
from laoqu.show.style import MARGIN, SMALL, Look, Sheet, straight, text_width, wrap
from laoqu.show.words import Words

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: How a county is named, in the order of the key; `unknown` is what no row says.
FILLS = {
    "itself": Look("named", "paper", 0.5),
    "city": Look("heat3", "paper", 0.5),
    "member": Look("heat2", "paper", 0.5),
    "low": Look("paper", "muted", 0.5, (2, 1.4), hatch=True),
    "unknown": Look("land", "rule", 0.5),
}
MARK = Look("paper", "ink", 0.8)
BORDERS = {"prefecture": Look(line="muted", width=0.5), "province": Look(line="muted", width=1.0),
           "area": Look(line="focus", width=1.1)}  # fmt: skip
OUTLINE = Look("land", "context", 0.4)
HEAT = [Look(f"heat{step}", "paper", 0.5) for step in range(1, 6)]
#: Points: the column beside a wide map, its highest height, a number's radius.
COLUMN, HIGHEST, RADIUS = 118.0, 400.0, 5.0
#: The longer side of an area is drawn in so many steps.
FINE = 900
#: Metres: islands farther off do not stretch the map (东沙 is 260 km away).
NEAR = 6e4
#: Under this share of documented counties an area is drawn as incomplete.
COMPLETE = 0.9
#: Metres: the main map of China, and its inset.
MAINLAND, SOUTH_SEA = (-2.63e6, 1.86e6, 2.62e6, 5.93e6), (0.3e6, 0.33e6, 1.95e6, 2.75e6)


class View:
    """A window of a sheet onto the ground, and what has been taken in it."""

    def __init__(self, sheet: Sheet, place: tuple[float, ...], bounds: tuple[float, ...]) -> None:
        self.sheet = sheet
        self.left, self.top, self.wide, self.high = place
        ground = np.reshape(bounds, (2, 2))
        self.scale = ((ground[1] - ground[0]) / (self.wide, self.high)).max()  # metres a point
        self.middle = ground.mean(axis=0)
        half = np.array([self.wide, self.high]) * self.scale / 2
        self.frame = shapely.box(*(self.middle - half), *(self.middle + half))
        self.taken: list[tuple[float, float, float, float]] = []

    def at(self, points: np.ndarray) -> np.ndarray:
        """From the ground to the sheet."""
        middle = np.array([self.left + self.wide / 2, self.top + self.high / 2])
        return (np.asarray(points) - self.middle) / self.scale * (1, -1) + middle

    def draw(self, shapes: Sequence, look: Look, names: Sequence[str] = ()) -> None:
        """Draw shapes, cut at the frame, without what is too small to be seen."""
        seen = shapely.clip_by_rect(np.asarray(shapes), *self.frame.bounds)
        for k, shape in enumerate(seen):
            parts = shapely.get_parts(shape)
            lines = shapely.get_rings(parts) if shape.area else parts
            rings = self._apart([self.at(shapely.get_coordinates(each)) for each in lines])
            if rings:
                name = names[k] if len(names) else ""
                self.sheet.path(rings, look, name, closed=bool(shape.area))

    def _apart(self, rings: list[np.ndarray]) -> list[np.ndarray]:
        """Leave out islands under half a point that fall on another."""
        cells, kept = set(), []
        for ring in rings:
            cell = tuple((ring[0] * 2).astype(int)) if np.ptp(ring, axis=0).max() < 0.5 else None
            if len(ring) and (cell is None or cell not in cells):
                kept.append(ring)
            cells.add(cell)
        return kept

    def rim(self) -> None:
        """Draw the frame."""
        self.sheet.box(self.left, self.top, self.wide, self.high, Look(line="context", width=0.6))

    def fit(self, spots: Sequence[np.ndarray], wide: float, high: float) -> np.ndarray | None:
        """Take the first of `spots` with room for a box around it."""
        low, high_ = np.array([self.left, self.top]) + 2, np.array([wide, high]) / 2
        far = np.array([self.left + self.wide, self.top + self.high]) - 2
        taken = np.array(self.taken).reshape(-1, 4)
        for spot in spots:
            a, b = spot - high_, spot + high_
            hit = (taken[:, :2] < b).all(axis=1) & (taken[:, 2:] > a).all(axis=1)
            if not hit.any() and (a > low).all() and (b < far).all():
                self.taken.append((*a, *b))
                return spot
        return None

    def name(self, text: str, spots: Sequence[np.ndarray], size: float, tone: str) -> bool:
        """Write a name on the first of `spots` with room; return whether there was any."""
        spot = self.fit(spots, text_width(text, size) + 2, size * 1.2)
        if spot is not None:
            look = {"tone": tone, "anchor": "middle", "halo": "paper", "name": "label"}
            self.sheet.text(*spot, text, size, **look)
        return spot is not None


def area(
    plan: Plan, region: str, words: Words, values: Mapping[str, object] | None = None,
    **given: object,
) -> Figure:  # fmt: skip
    """Draw one area: its counties by how the plan names them, its places with a number.

    Parameters
    ----------
    plan : Plan
        Its membership and its boundary file are used.
    region : str
        Id or name of the area.
    words : Words
    values : mapping or Series, optional
        adcode → a value of your own: the counties are coloured by it.
    **given
        ``title``, ``subtitle``, ``caption``, ``alt``; ``counties`` and ``places``: frames as
        `laoqu.analysis.naming.counties` and `.standings` give them, where yours differ.

    Returns
    -------
    Figure
        Schematic, no standard map; ``data`` has one row per county and per place.
    """
    it = plan.region(region)
    counties = given.pop("counties", None)
    counties = naming.counties(plan, it.region_id) if counties is None else counties
    places = given.pop("places", None)
    if places is None and values is None:
        places = naming.standings(plan)
        places = places[places["region_id"] == it.region_id].sort_values("number")
    places = pd.DataFrame(columns=["number", "adcode", "shape"]) if places is None else places
    places = places.drop_duplicates("adcode")
    layers, names = plan.layers, _short_names(plan, words.lang)
    if missing := sorted(set(counties["adcode"]) - set(layers.counties["adcode"])):
        raise ParameterError(f"no border for {', '.join(missing)} of {it.region_id}")
    if values is None:
        kinds = counties["how"]
        key = {each: words(f"map.key.{each}") for each in FILLS if each in set(kinds)}
        if unknown := max(it.official_total - len(counties), 0):
            key["unknown"] = words("map.key.unknown", n=unknown)
        key = {kind: (said, FILLS[kind]) for kind, said in key.items()}
        data = counties
    else:
        data = counties.assign(value=counties["adcode"].map(dict(values)))
        kinds, key = _classes(data["value"], words)
    doubtful = set(counties.loc[counties["how"] == "low", "adcode"]) if values is None else set()
    shapes = _Shapes(layers, counties["adcode"].tolist(), doubtful, places["adcode"].tolist())
    for shape in ("circle", "square", "diamond"):
        if (places["shape"] == shape).any():
            key[shape] = words(f"map.key.{shape}"), MARK
    text = {
        "title": words.area(it.region_id), "caption": source(plan, words),
        "alt": _alt(words, it, key, kinds, places, names),
    } | given  # fmt: skip
    draw = partial(_draw_area, shapes=shapes, kinds=list(kinds), key=key, places=places,
                   names=names, words=words)  # fmt: skip
    rows = pd.concat([data, places.assign(how="place")], ignore_index=True)
    return Figure(draw, rows, **text)


def overview(plan: Plan, words: Words, **given: str) -> Figure:
    """Draw all areas in one map of China, numbered in printed order, with their counties."""
    members = plan.membership()
    members = members[members["confidence"] != "low"]
    table = plan.regions()
    table = table[table["region_id"].isin(members["region_id"])].reset_index(drop=True)
    table["sure"] = table["documented"] >= COMPLETE * table["official_total"]
    layers = plan.layers
    joined = layers.counties.merge(members[["adcode", "region_id"]], on="adcode")
    twice = joined[joined["adcode"].duplicated()]
    merged = geo.dissolve(joined, "region_id").set_index("region_id").geometry.simplify(3000)
    merged = merged.reindex(table["region_id"])
    looks = [Look("heat3", "focus", 0.8, () if sure else (2, 1.4)) for sure in table["sure"]]
    key = [(words("map.key.county"), "area", looks[0]._replace(dash=()))]
    key += [(words("map.key.overlap"), "area", Look("heat3", hatch=True))] * (len(twice) > 0)
    if not table["sure"].all():
        key.append((words("map.key.incomplete"), "area", Look("heat3", "focus", 0.8, (2, 1.4))))
    listed = [
        f"{words.area(row.region_id)} {row.documented}/{row.official_total}"
        for row in table.itertuples()
    ]

    def draw(sheet: Sheet) -> None:
        sheet.legend(key)
        wide = sheet.width - 2 * MARGIN - (0 if sheet.narrow else COLUMN + 12)
        bounds = np.array(MAINLAND)
        place = MARGIN, sheet.y, wide, wide * (bounds[3] - bounds[1]) / (bounds[2] - bounds[0])
        view = View(sheet, place, MAINLAND)
        view.draw(layers.provinces.simplify(view.scale / 2), OUTLINE)
        for look, shape, name in zip(looks, merged, table["region_id"], strict=True):
            view.draw([shape], look, [name])
        view.draw(twice.geometry, Look("heat3", hatch=True))
        lines = layers.outline[layers.outline["kind"] == "maritime"].geometry
        view.draw(lines, Look(line="muted", width=0.8))
        for k, shape in enumerate(merged):
            _number(view, str(k + 1), view.at(_middle(shape)), "circle")
        view.rim()
        foot, small = sheet.y + place[3], 0.18 * wide
        sea = View(sheet, (MARGIN, foot - small * 1.47, small, small * 1.47), SOUTH_SEA)
        sea.draw(layers.outline.geometry[layers.outline["kind"] == "land"], OUTLINE)
        sea.draw(lines, Look(line="muted", width=0.7))
        sea.rim()
        x, y = (MARGIN, foot + 8) if sheet.narrow else (MARGIN + wide + 12, sheet.y)
        for k, name in enumerate(listed):
            sheet.mark(x + RADIUS, y + 6, RADIUS, MARK)
            sheet.text(x + RADIUS, y + 6, str(k + 1), anchor="middle")
            y = (
                sheet.lines(x + 15, y + 1.5, wrap(straight(name), COLUMN + 60 * sheet.narrow - 15))
                + 4
            )
        sheet.y = max(y, foot + 4)

    counts = {"n": len(table), "counties": joined["adcode"].nunique(),
              "incomplete": int((~table["sure"]).sum()), "overlap": len(twice)}  # fmt: skip
    text = {
        "title": words("map.overview", **counts), "subtitle": words("map.overview_subtitle"),
        "caption": source(plan, words),
    } | given  # fmt: skip
    alt = words("map.overview_alt", finding=text["title"], listed=words.join(listed))
    return Figure(draw, joined[["adcode", "name", "region_id"]], **{"alt": alt} | text)


def plot_region(
    region: str, lang: str = "zh", plan: Plan | None = None,
    values: Mapping[str, object] | None = None, **text: str,
) -> Figure:  # fmt: skip
    """Draw the map of one area, its counties by how the plan names them or by your own `values`.

    Parameters
    ----------
    region : str
        Id, Chinese or English name.
    lang : {"zh", "en"}
    plan : Plan, optional
        By default ``laoqu.load()``; its membership and boundary file are used.
    values : mapping or Series, optional
        adcode → number or category of your own.
    **text : str
        ``title``, ``subtitle``, ``caption``, ``alt``.

    Examples
    --------
    >>> import laoqu as lq
    >>> figure = lq.plot_region("沂蒙", "en")
    >>> int((figure.data["how"] != "place").sum())
    18
    >>> own = {"371302": 12.5, "371311": 8.0, "371312": 9.1}
    >>> lq.plot_region("yimeng", values=own, title="人均收入").data["value"].max().item()
    12.5
    """
    plan = plan or _load()
    return area(plan, region, Words(plan, lang), values, **text)


def plot_overview(lang: str = "zh", plan: Plan | None = None) -> Figure:
    """Draw the twelve areas in one map of China: see `overview`."""
    plan = plan or _load()
    return overview(plan, Words(plan, lang))


def source(plan: Plan, words: Words) -> str:
    """Return where the borders come from: the layer, or a file of your own with its hash."""
    if own := plan.own.get("boundaries"):
        digest = hashlib.sha256(own.read_bytes()).hexdigest()
        return words("map.own_source", name=own.name, hash=digest[:12])
    return words("map.source")


class _Shapes:
    """The shapes of an area's map, no finer than is seen; neighbours keep their common border."""

    def __init__(
        self, layers: geo.Layers, codes: list[str], doubtful: set[str], places: list[str]
    ) -> None:
        table = layers.counties.set_index("adcode")
        cities = {code[:4] for code in [*codes, *places]}
        near = table[table.index.str[:4].isin(cities)]
        extent = np.ptp(np.reshape(near.loc[near.index.isin(codes)].total_bounds, (2, 2)), axis=0)
        fine = extent.max() / FINE
        self.outline = layers.outline.set_geometry(layers.outline.simplify(15e3))
        fine_shapes = shapely.coverage_simplify(near.geometry.to_numpy(), fine)
        shapes = pd.Series(fine_shapes, index=near.index)
        self.counties = shapes.reindex(codes)
        sure = self.counties[~self.counties.index.isin(doubtful)].to_numpy()
        self.area = shapely.coverage_union_all(sure) if len(sure) else shapely.Polygon()
        self.cities = shapes.groupby(shapes.index.str[:4]).agg(
            lambda each: shapely.coverage_union_all(each.to_numpy())
        )
        mine = shapes[shapes.index.isin(codes)]
        self.own_part = mine.groupby(mine.index.str[:4]).agg(
            lambda each: shapely.coverage_union_all(each.to_numpy())
        )
        self.spots = {code: self._spot(code) for code in places}
        self.bounds = self._bounds()
        around = shapely.box(*self.bounds).buffer(extent.max()).bounds
        provinces = layers.provinces.set_index("adcode").geometry
        self.provinces = provinces.clip_by_rect(*around).simplify(fine)
        self.provinces = self.provinces[~self.provinces.is_empty]

    def _spot(self, code: str) -> np.ndarray:
        """Where the mark of a place stands: in the part of a city that is in the area."""
        if code in self.counties.index:
            return _middle(self.counties[code])
        return _middle(self.own_part.get(code[:4], self.cities.get(code[:4])))

    def _bounds(self) -> np.ndarray:
        parts = shapely.get_parts(self.counties.to_numpy())
        large = parts[shapely.area(parts) > 2e8] if len(parts) > 1 else parts
        near = shapely.box(*shapely.total_bounds(large)).buffer(NEAR)
        near = parts[shapely.intersects(parts, near)]
        spots = [shapely.Point(spot) for spot in self.spots.values()]
        bounds = shapely.total_bounds([*near, *spots])
        return (
            bounds + np.array([-1, -1, 1, 1]) * np.ptp(np.reshape(bounds, (2, 2)), 0).max() * 0.04
        )


def _draw_area(
    sheet: Sheet, shapes: _Shapes, kinds: list[str], key: dict, places: pd.DataFrame,
    names: Mapping[str, str], words: Words,
) -> None:  # fmt: skip
    entries = [(said, k if look is MARK else "area", look) for k, (said, look) in key.items()]
    aside = 0 if sheet.narrow else COLUMN + 12
    if sheet.narrow:
        sheet.legend(entries)
    wide, extent = sheet.width - 2 * MARGIN - aside, np.ptp(np.reshape(shapes.bounds, (2, 2)), 0)
    highest = min(HIGHEST, wide * 1.45)
    high = float(np.clip(wide * extent[1] / extent[0], wide * 0.62, highest))
    top, column = sheet.y, Sheet(True, sheet.y)
    size = 74.0 if sheet.narrow else COLUMN
    across, deep = np.ptp(np.reshape(shapes.outline.total_bounds, (2, 2)), 0)
    if not sheet.narrow:
        for entry in entries:
            column.legend([entry], MARGIN + wide + 12, COLUMN)
        sheet.items += column.items
        high = max(high, column.y - top + 36 + size * deep / across)
    view = View(sheet, (MARGIN, top, wide, high), tuple(shapes.bounds))
    view.draw(shapes.provinces, FILLS["unknown"])
    looks = {kind: look for kind, (_, look) in key.items()}
    for kind in dict.fromkeys(kinds):
        found = [k for k, each in enumerate(kinds) if each == kind]
        part = shapes.counties.iloc[found]
        view.draw(part, looks.get(kind, FILLS["unknown"]), part.index)
    view.draw(shapes.cities, BORDERS["prefecture"])
    view.draw(shapes.provinces, BORDERS["province"])
    view.draw([shapes.area], BORDERS["area"])
    for row in places.itertuples():
        _number(view, str(row.number), view.at(shapes.spots[row.adcode]), row.shape)
    for code, shape in shapes.own_part.items():
        if name := names.get(f"{code}00", ""):
            view.name(name, _around(view.at(_middle(shape))), SMALL + 0.5, "ink")
    _name_provinces(view, shapes, names)
    view.rim()
    x, y = MARGIN, top + high + 6
    if not sheet.narrow:
        x, y = MARGIN + wide + 12, top + high - size * deep / across
    _scale_bar(view, words, (x + size + 14, y + 24) if sheet.narrow else (x, y - 10))
    _locator(view, shapes, (x, y, size, size * deep / across))
    sheet.y = y + size * deep / across + 2


def _number(view: View, text: str, spot: np.ndarray, shape: str) -> None:
    """Draw a numbered mark at a spot or near it, then with a line to it."""
    place = view.fit(_around(spot), 2 * RADIUS + 0.6, 2 * RADIUS + 0.6)
    place = spot if place is None else place
    if np.abs(place - spot).max() > 1:
        view.sheet.line(tuple(spot), tuple(place), look=Look(line="ink", width=0.6))
    view.sheet.mark(*place, RADIUS, MARK, shape, "place")
    view.sheet.text(*place, text, anchor="middle", name="number")


def _around(spot: np.ndarray) -> np.ndarray:
    """Return spots to try: the spot, then rings around it."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([np.cos(turns) * 1.6, np.sin(turns)], axis=1)
    return np.concatenate([[spot], *(spot + ring * r for r in range(5, 40, 3))])


def _name_provinces(view: View, shapes: _Shapes, names: Mapping[str, str]) -> None:
    for code, shape in shapes.provinces.items():
        part = shapely.clip_by_rect(shape, *view.frame.bounds).difference(shapes.area)
        if part.area > 0.02 * view.frame.area:
            view.name(names[code], [view.at(_middle(part))], SMALL + 2, "muted")


def _scale_bar(view: View, words: Words, at: tuple[float, float]) -> None:
    """Draw a scale bar that is right at the middle of the map, and north where it is not up."""
    stretch, north = geo.ground(*view.middle)
    km = max(each for each in (10, 20, 50, 100, 200) if each * 1e3 / view.scale <= 90)
    long, (x, y) = km * 1e3 * stretch / view.scale, at
    ends = [(x, y - 3), (x, y), (x + long, y), (x + long, y - 3)]
    view.sheet.line(*ends, look=Look(line="ink", width=0.8), name="scale")
    view.sheet.text(x, y - 9, words("map.scale", km=km), tone="muted")
    if abs(north) >= 3:
        turn = np.radians(north)
        up = np.array([-np.sin(turn), -np.cos(turn)])
        x = x + max(long, 30) + 16
        view.sheet.line((x, y), tuple((x, y) + 16 * up), look=Look(line="ink", width=0.8))
        head = np.array([(0, -17), (-2.2, -11), (2.2, -11)])
        cos, sin = np.cos(turn), np.sin(turn)
        head = head @ np.array([[cos, -sin], [sin, cos]]) + (x, y)
        view.sheet.path([head], Look("ink"))
        view.sheet.text(x + 8, y - 5, words("map.north"), tone="muted")


def _locator(view: View, shapes: _Shapes, place: tuple[float, ...]) -> None:
    """Show where in China the map lies."""
    outline, land = shapes.outline, shapes.outline["kind"] == "land"
    small = View(view.sheet, place, tuple(outline.total_bounds))
    small.draw(outline.geometry[land], OUTLINE)
    small.draw(outline.geometry[~land], Look(line="muted", width=0.7))
    small.draw([shapes.area.simplify(small.scale / 2)], Look("focus", "focus", 0.4))
    frame = small.at(np.reshape(view.frame.bounds, (2, 2)))
    size = np.ptp(frame, axis=0)
    view.sheet.box(*frame.min(axis=0), *size, Look(line="ink", width=0.6), "locator")


def _classes(values: pd.Series, words: Words) -> tuple[list[str], dict[str, tuple[str, Look]]]:
    """Sort values into at most five classes, which the key names."""
    known = values.dropna()
    if known.empty:
        raise ParameterError("values: no county of the area has one; expected adcode → value")
    if pd.api.types.is_numeric_dtype(known) and known.nunique() > len(HEAT):
        bins = pd.qcut(known, len(HEAT), duplicates="drop")
        edges = [known[bins == each] for each in bins.cat.categories]
        said = [f"{number(each.min())}–{number(each.max())}" for each in edges]
        kinds = bins.cat.codes.reindex(values.index, fill_value=-1)
    else:
        said = sorted(known.unique())
        if len(said) > len(HEAT):
            raise ParameterError(f"values: {len(said)} categories; at most {len(HEAT)} are drawn")
        kinds = values.map({each: k for k, each in enumerate(said)}).fillna(-1)
        said = [number(each) if not isinstance(each, str) else each for each in said]
    steps = np.linspace(0, len(HEAT) - 1, len(said)).round().astype(int)
    key = {
        str(k): (text, HEAT[step]) for k, (text, step) in enumerate(zip(said, steps, strict=True))
    }
    if (kinds == -1).any():
        key["-1"] = words("map.key.no_value"), FILLS["low"]
    return [str(int(each)) for each in kinds], key


def _middle(shape: shapely.Geometry) -> np.ndarray:
    """Return the point in a shape that is farthest from its border."""
    return np.array(shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0])


def _short_names(plan: Plan, lang: str) -> dict[str, str]:
    table = plan.gazetteer()
    return dict(
        zip(table["adcode"], table["short_name" if lang == "zh" else "name_en"], strict=True)
    )


def _alt(
    words: Words, region: object, key: Mapping[str, tuple[str, Look]], kinds: Sequence[str],
    places: pd.DataFrame, names: Mapping[str, str],
) -> str:  # fmt: skip
    counts = pd.Series(list(kinds)).value_counts()
    said = [f"{key[kind][0]} {n}" for kind, n in counts.items() if kind in key]
    listed = [f"{row.number} {names.get(row.adcode, row.adcode)}" for row in places.itertuples()]
    return words(
        "map.area_alt", region=words.area(region.region_id), counts=words.join(said),
        places=words.join(listed),
    )  # fmt: skip


def _load() -> Plan:
    from laoqu.plan import load

    return load()
