"""Maps: an area by how its counties are named or by a column of yours; all areas; all of China.

Each is axes of matplotlib in metres of `laoqu.geo.CRS_CHINA`: layers of your own go on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import shapely

from laoqu import geo
from laoqu.analysis import naming
from laoqu.errors import ParameterError, require
from laoqu.plan import Plan, load
from laoqu.show.figure import TEXTS, Figure
from laoqu.show.ground import HAIRLINE, MARKS, View, middle_of
from laoqu.show.style import COLUMN, LINE, MARGIN, TONE, Sheet, stroke, wrap
from laoqu.show.values import INDEXED, checked
from laoqu.show.words import Words, apart
from laoqu.source import digest


def fill(tone: str, edge: str = "paper", width: float = 0.5, **more: object) -> dict:
    """Return how a shape looks."""
    return {"facecolor": TONE[tone], "edgecolor": TONE[edge], "linewidth": width, **more}


HATCH, DASHED = {"hatch": "//////"}, {"linestyle": (0, (4, 2.8))}
#: What stands before a total that no source prints for the whole area.
BOUND = {"lower_bound": "≥", "derived": "≈", "consistent": "≈"}
#: How a county is named, in the order of the key; `unknown` is the land that no row tells of.
FILLS = {
    "itself": fill("focus"),
    "city": fill("heat3"),
    "member": fill("heat2"),
    "low": fill("paper", "muted", **DASHED, **HATCH),
    "unknown": fill("land", "context"),
}
HEAT = [fill(f"heat{step}") for step in range(1, 6)]
PREFECTURE, PROVINCE, COASTLINE = stroke("muted"), stroke("muted", 1.0), stroke("context", 1.1)
AREA, COAST, OWN = stroke("focus", 1.1), fill("land", "context", 0.4), stroke("ink", 0.9)
BLANK = fill("paper", "context")
#: An area in the map of all; where too few of its counties are documented; two areas.
SURE, DOUBT = fill("heat3", "focus", 0.8), fill("heat3", "focus", 0.8, **DASHED)
TWICE = fill("heat5", "paper", 0)
#: Points: the greatest height, the locator of a narrow map.
HIGHEST, LOCATOR = 265.0, 74.0
#: The longer side of an area is drawn in so many steps.
FINE = 520
#: Metres: what is not seen on a map of China; islands farther off do not stretch the map of an
#: area (东沙 is 260 km away).
COARSE, NEAR = 5_000, 6e4
#: Metres: the main map of China and its inset.
MAINLAND, SOUTH_SEA = (-2.63e6, 1.86e6, 2.62e6, 5.93e6), (0.3e6, 0.33e6, 1.95e6, 2.75e6)


def plot_region(
    region: str,
    lang: str = "zh",
    plan: Plan | None = None,
    values: Mapping[str, object] | None = None,
    counties: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
    **given: str,
) -> Figure:
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
    counties, places : DataFrame, optional
        As `laoqu.analysis.naming.counties` and ``.standings`` give them, where yours differ.
    **given
        ``title``, ``subtitle``, ``caption``, ``alt``.

    Returns
    -------
    Figure
        Schematic, no standard map; ``data`` has one row per county and per place.

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
    for name in given:
        require(name, [*TEXTS, "lang", "plan", "values", "counties", "places"], "argument")
    plan = plan or load()
    words, it = Words(plan, lang), plan.region(region)
    counties = naming.counties(plan, it.region_id) if counties is None else counties
    if counties.empty:
        table = plan.own["membership"].name if "membership" in plan.own else "the membership table"
        raise ParameterError(
            f"no county to draw: {table} has none of {it.region_id}: add them, or take another area"
        )
    if places is None:
        places = naming.standings(plan).query("region_id == @it.region_id").sort_values("number")
        places = places if values is None else places[:0]
    places = places.drop_duplicates("adcode")[["number", "adcode", "shape"]]
    if values is None:
        kinds = counties["how"].tolist()
        key = {each: (words(f"map.key.{each}"), FILLS[each]) for each in FILLS if each in kinds}
        if unknown := max(it.official_total - len(counties), 0):
            key["unknown"] = words("map.key.unknown", n=unknown), FILLS["unknown"]
    else:
        own = checked(values, plan)
        if own and own.keys().isdisjoint(counties["adcode"]):
            shown = f"{', '.join(list(own)[:3])}{' …' * (len(own) > 3)}"
            message = f"values: {shown}: no code of a county of {words.area(it.region_id)}{INDEXED}"
            raise ParameterError(message)
        counties = counties.assign(value=counties["adcode"].map(own))
        kinds, key = classes_of(counties["value"], words)
    names = plan.gazetteer().set_index("adcode")["short_name" if words.lang == "zh" else "name_en"]
    drawn = Area(plan, counties["adcode"], kinds, places, names)
    counted = [f"{said} {kinds.count(kind)}" for kind, (said, _) in key.items() if kind in kinds]
    listed = [f"{row.number} {names.get(row.adcode, row.adcode)}" for row in places.itertuples()]
    title, beyond = words.area(it.region_id), words.join(map(words.unit, drawn.beyond))
    islands = words("map.islands", counties=beyond) if len(drawn.beyond) else ""
    alt = words("map.area_alt", places=words.join(listed), region=title, counts=words.join(counted))
    text = {"title": title, "caption": f"{islands} {source(plan, words)}".strip(), "alt": alt}
    shapes = [(words(f"map.key.{each}"), {**look, "markersize": 5.6})
              for each, look in MARKS.items() if each in set(places["shape"])]  # fmt: skip
    draw = partial(drawn.draw, key=key, shapes=shapes, words=words)
    rows = pd.concat([counties, places.assign(how="place")], ignore_index=True)
    return Figure(draw, rows, **text | {name: words.say(each) for name, each in given.items()})


class Area:
    """The shapes of an area's map, no finer than is seen; neighbours keep their common border."""

    def __init__(
        self, plan: Plan, codes: pd.Series, kinds: Sequence[str], places: pd.DataFrame,
        names: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.kinds, self.places, self.names = np.array(kinds), places, names
        layers, table = plan.layers, plan.layers.counties.set_index("adcode").geometry
        geo.require(codes, table.index, plan.own.get("boundaries"))
        extent = np.ptp(np.reshape(table[codes].total_bounds, (2, 2)), axis=0).max()
        near = table[table.index.str[:4].isin({*codes.str[:4], *places["adcode"].str[:4]})]
        near = near.simplify_coverage(extent / FINE)
        union = shapely.coverage_union_all if layers.shared else shapely.union_all
        self.counties, self.outline = near[codes], layers.outline
        self.area = union(self.counties[self.kinds != "low"])
        self.cities = near.groupby(near.index.str[:4]).agg(union)
        self.parts = self.counties.groupby(codes.str[:4].to_numpy()).agg(union)
        # The mark of a city stands in the part of it that is in the area.
        found = pd.concat([self.counties, self.parts.rename("{}00".format)])
        self.spots = found[found.index.isin(places["adcode"])].map(middle_of).to_dict()
        # Islands far off do not stretch the map.
        parts = shapely.get_parts(self.counties.to_numpy())
        large = parts[shapely.area(parts) >= min(2e8, shapely.area(parts).max())]
        inside = shapely.box(*shapely.total_bounds(large)).buffer(NEAR)
        bounds = shapely.total_bounds(parts[shapely.intersects(parts, inside)])
        rim = np.ptp(np.reshape(bounds, (2, 2)), axis=0).max() * 0.04
        self.bounds = bounds + np.array([-rim, -rim, rim, rim])
        self.beyond = self.counties.index[~self.counties.within(shapely.box(*self.bounds))]
        wider = shapely.box(*self.bounds).buffer(extent).bounds
        provinces = layers.provinces.set_index("adcode").clip_by_rect(*wider)
        self.provinces = provinces[~provinces.is_empty].simplify_coverage(extent / FINE)
        self.land = union(self.provinces)

    def draw(
        self, sheet: Sheet, key: Mapping[str, tuple[str, dict]], shapes: list, words: Words
    ) -> None:
        """Draw the map, its key, its scale, and where in China it lies."""
        entries, china = [*key.values(), *shapes], self.outline.total_bounds
        size = LOCATOR if sheet.narrow else COLUMN
        wide = sheet.width - 4 * MARGIN - (0 if sheet.narrow else COLUMN + 6)
        high = float(np.clip(wide * shape_of(self.bounds), wide * 0.62, min(HIGHEST, wide * 1.45)))
        deep = size * shape_of(china)
        if sheet.narrow:
            sheet.legend(entries)
            parts = sheet.mosaic([["map", "map"], ["small", "key"]], [size, wide - size])
        else:
            parts = sheet.mosaic([["map", "key"], ["map", "small"]], [wide, size])
            high = max(high, sheet.legend(entries, parts["key"]) + 40 + deep) - deep
        parts["map"].get_gridspec().set_height_ratios([high, deep])
        parts["key"].set_axis_off()
        sheet.close(high + deep)
        view, small = View(parts["map"], self.bounds), View(parts["small"], china, framed=False)
        view.draw(self.provinces, **FILLS["unknown"])
        for kind, (_, look) in key.items():
            if kind in self.kinds:
                view.draw(self.counties[self.kinds == kind], kind, **look)
        view.draw(self.cities, **PREFECTURE)
        view.draw(self.provinces, **PROVINCE)
        view.draw([self.land], **COASTLINE)
        view.draw([self.area], **AREA)
        view.kept = shapely.STRtree(self.counties)
        for row in self.places[self.places["adcode"].isin(self.spots)].itertuples():
            view.number(str(row.number), self.spots[row.adcode], row.shape)
        for code, shape in self.parts.items():
            if name := self.names.get(f"{code}00", ""):
                view.name(name, self.cities[code], middle_of(shape), led=True)
        for code, shape in self.provinces.items():
            rest = shapely.clip_by_rect(shape, *view.frame.bounds).difference(self.area)
            if rest.area > 0.02 * view.frame.area:
                view.name(self.names[code], rest, middle_of(rest))
        view.scale_bar(words, parts["key"])
        land = self.outline["kind"] == "land"
        small.draw(self.outline.geometry[land], **COAST)
        small.draw(self.outline.geometry[~land], "maritime", **PROVINCE)
        small.draw([self.area.simplify(geo.DETAIL)], **fill("focus", "focus", 0.4))
        small.axes.plot(*view.frame.exterior.xy, **HAIRLINE, label="locator")


def shape_of(bounds: Sequence[float]) -> float:
    """Return how high bounds are for their width."""
    west, south, east, north = bounds
    return (north - south) / (east - west)


def plot_overview(lang: str = "zh", plan: Plan | None = None) -> Figure:
    """Draw all areas in one map of China, numbered, with their counties.

    Those of which boundaries of a reader's own lack the shape are counted, not drawn, and said.
    """
    plan = plan or load()
    words = Words(plan, lang)
    members = plan.membership().query("confidence != 'low'")[["adcode", "region_id"]]
    layers = plan.layers
    counties = layers.counties.merge(members, on="adcode")
    shapes = geo.dissolve(counties, "region_id", layers.shared).set_index("region_id").geometry
    areas = plan.regions().sort_values("order")
    areas = areas[areas["region_id"].isin(members["region_id"])]
    drawn = areas["region_id"].isin(shapes.index)
    areas = pd.concat([areas[drawn], areas[~drawn]])  # numbers are those of the list
    twice = counties[counties["adcode"].duplicated()]
    known = members["adcode"].value_counts()
    title = words("map.overview", n=len(areas), counties=len(known), overlap=sum(known > 1))
    total = areas["total_basis"].map(BOUND).fillna("") + areas["official_total"].astype(str)
    total = ("/" + total).where(areas["total_basis"] != "listed", "")
    listed = areas["region_id"].map(words.area) + " " + areas["documented"].astype(str) + total
    looks = {"county": SURE, "overlap": TWICE, "incomplete": DOUBT}
    key = [(words(f"map.key.{each}"), look) for each, look in looks.items()]
    shapes, sure = shapes.simplify(COARSE), areas.set_index("region_id")["complete"]
    parts = [(name, [shapes[name]], SURE if sure[name] else DOUBT)
             for name in areas["region_id"] if name in shapes.index]  # fmt: skip
    parts.append(("", twice.geometry, TWICE))
    draw = partial(_draw_china, layers=layers, key=key, parts=parts, listed=listed.tolist())
    alt = words("map.overview_alt", finding=title, listed=words.join(listed.tolist()))
    data, subtitle = counties[["adcode", "name", "region_id"]], words("map.overview_subtitle")
    return Figure(draw, data, title, subtitle, source(plan, words, members["adcode"]), alt)


def plot_china(
    values: Mapping[str, object],
    lang: str = "zh",
    plan: Plan | None = None,
    marked: Collection[str] = (),
    called: str = "",
    **given: str,
) -> Figure:
    """Draw counties of all China by their `values` (adcode → number or category).

    `marked` counties have a border of their own, which the key calls `called`; ``title``,
    ``subtitle``, ``caption`` and ``alt`` may be given. ``data`` has a row per county with a value.

    >>> from laoqu.show.maps import plot_china
    >>> len(plot_china({"371302": 12.5, "371311": 8.0}, "en", title="Income").data)
    2
    """
    plan = plan or load()
    words = Words(plan, lang)
    counties = plan.layers.counties[["adcode", "name", "geometry"]]
    known = checked(values, plan)
    counties = counties.assign(value=counties["adcode"].map(known)).dropna(subset="value")
    if counties.empty:
        geo.require(known, plan.layers.counties["adcode"], plan.own.get("boundaries"))
    kinds, key = classes_of(counties["value"], words)
    shapes = geo.dissolve(counties.assign(kind=kinds), "kind", plan.layers.shared)
    shapes = shapes.set_index("kind").simplify(COARSE)
    parts = [("", [shape], {**key[kind][1], "linewidth": 0}) for kind, shape in shapes.items()]
    parts.insert(0, ("", plan.layers.provinces.simplify(COARSE), BLANK))
    parts.append(("", parts[0][1], stroke("muted")))
    own = counties.geometry[counties["adcode"].isin(marked)].simplify(COARSE)
    entries = [*key.values(), (words("map.key.no_value"), BLANK)]
    if len(own):
        parts.append(("own", own, OWN))
        entries.append((called, fill("paper", "ink", 0.9)))
    draw = partial(_draw_china, layers=plan.layers, key=entries, parts=parts)
    data = pd.DataFrame(counties[["adcode", "name", "value"]])
    alt = f"{given.get('title', '')}. {given.get('subtitle', '')}".strip(". ")
    return Figure(draw, data, **{"caption": source(plan, words, known), "alt": alt, **given})


def _draw_china(
    sheet: Sheet, layers: geo.Layers, key: list, parts: Iterable[tuple], listed: Sequence[str] = ()
) -> None:
    """Draw `parts` (label, shapes, look) in China; with a list of names they are numbered."""
    sheet.legend(key)
    aside = COLUMN + 6 if listed and not sheet.narrow else 0
    wide = sheet.width - 2 * MARGIN - aside
    high, land = wide * shape_of(MAINLAND), layers.outline["kind"] == "land"
    room, size = COLUMN if aside else wide, sheet.size
    names = [wrap(f"{k} {name}", room, size) for k, name in enumerate(listed, 1)]
    text = "\n".join("\n".join(lines) for lines in names)
    if aside:
        axes, beside = sheet.mosaic([["map", "key"]], [wide, COLUMN]).values()
        beside.set_axis_off()
        beside.text(0, 1, text, va="top", linespacing=1.6, transform=beside.transAxes)
    else:
        axes = sheet.mosaic([["map"]])["map"]
        axes.set_xlabel(text, loc="left", size=size, linespacing=1.5)
        high += sum(map(len, names)) * size * LINE * 1.1
    sheet.close(high)
    inset = 0, 0, 0.18, 0.18 * shape_of(SOUTH_SEA) / shape_of(MAINLAND)
    view, sea = View(axes, MAINLAND), View(axes.inset_axes(inset, xticks=[], yticks=[]), SOUTH_SEA)
    provinces, coast = layers.provinces.simplify(view.scale / 2), layers.outline.geometry[land]
    if provinces.area.sum() < 0.9 * coast.area.sum():  # boundaries of one's own, of a part
        view.draw(coast.simplify(view.scale / 2), **COAST)
    for each, ground in ((view, provinces), (sea, coast)):
        each.draw(ground, **COAST)
        for label, shapes, look in parts:
            each.draw(shapes, label if each is view else "", **look)
        each.draw(layers.outline.geometry[~land], **PROVINCE)
    view.kept = shapely.STRtree([shapes[0] for label, shapes, _ in parts if label and listed])
    for k, shape in enumerate(view.kept.geometries, 1):
        view.number(str(k), middle_of(shape))


def source(plan: Plan, words: Words, codes: Iterable[str] = ()) -> str:
    """Return where the borders come from: the layer, or a file of your own with its hash.

    And how many of the counties that a map is of have none in that file.
    """
    said = words("map.source")
    if own := plan.own.get("boundaries"):
        said = words("map.own_source", name=own.name, hash=digest(own.read_bytes())[:12])
        lacking = len(set(codes) - set(plan.layers.counties["adcode"]))
        said += f" {words('map.lacking', n=lacking)}" if lacking else ""
    return words.sentences([said, words.own_files()])


def classes_of(values: pd.Series, words: Words) -> tuple[list[str], dict[str, tuple[str, dict]]]:
    """Sort values into at most five classes, which the key names."""
    known = values.dropna()
    if known.empty:
        raise ParameterError(f"values: no county of the area has one{INDEXED}")
    if pd.api.types.is_numeric_dtype(known) and known.nunique() > len(HEAT):
        classes = _alike(known, len(HEAT))
        ends = known.groupby(classes, observed=True).agg(["min", "max"])
        bounds = apart(ends.to_numpy().ravel().tolist())
        bounds = zip(bounds[::2], bounds[1::2], strict=True)
        said = [low if low == high else f"{low}–{high}" for low, high in bounds]
    else:
        classes = known.astype("category")
        said = classes.cat.categories.tolist()
        said = said if isinstance(said[0], str) else apart(said)
    if len(said) > len(HEAT):
        raise ParameterError(f"values: {len(said)} categories; at most {len(HEAT)} are drawn")
    steps = np.linspace(0, len(HEAT) - 1, len(said)).round().astype(int)
    key = {str(k): (said[k], HEAT[step]) for k, step in enumerate(steps)}
    kinds = classes.cat.codes.reindex(values.index, fill_value=-1).astype(str).tolist()
    if "-1" in kinds:
        key["-1"] = words("map.key.no_value"), FILLS["low"]
    return kinds, key


def _alike(values: pd.Series, most: int) -> pd.Series:
    """Sort more than `most` numbers into classes of about as many each; equal ones stay together.

    What many share has a class of its own (natural breaks of the ranks, after Fisher and Jenks).
    """
    _, at, n = np.unique(values, return_inverse=True, return_counts=True)
    rank = n.cumsum() - n / 2
    sums = np.cumsum([n, n * rank, n * rank**2], axis=1)
    sums = np.hstack([np.zeros((3, 1)), sums])
    count, first, second = sums[:, :, None] - sums[:, None, :]  # before a value, from another
    spread = np.full_like(count, np.inf)
    np.divide(first**2, count, out=spread, where=count > 0)
    np.subtract(second, spread, out=spread, where=count > 0)
    least, begins = spread[:, 0], []
    for _ in range(most - 1):
        both = least + spread
        begins.append(both.argmin(axis=1))
        least = both.min(axis=1)
    bounds = [len(n)]
    for begin in reversed(begins):
        bounds.append(begin[bounds[-1]])
    classes = np.searchsorted(sorted(bounds[1:]), np.arange(len(n)), side="right")
    return pd.Series(classes[at], values.index, dtype="category")
