"""Maps: one area with how its counties are named, or coloured by a column of yours; all areas.

Each is axes of matplotlib in metres of `laoqu.geo.CRS_CHINA`: layers of your own go on it.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Real

import numpy as np
import pandas as pd
import shapely

from laoqu import geo
from laoqu.analysis import answer, naming
from laoqu.errors import ParameterError, require
from laoqu.plan import Plan, load
from laoqu.show.figure import TEXTS, Figure, number
from laoqu.show.ground import HAIRLINE, MARKS, Shapes, View, around, middle_of, scale_bar
from laoqu.show.style import MARGIN, SMALL, TONE, Sheet, stroke, wrap
from laoqu.show.words import Words
from laoqu.source import digest


def fill(tone: str, edge: str = "paper", width: float = 0.5, **more: object) -> dict:
    """Return how a shape looks."""
    return {"facecolor": TONE[tone], "edgecolor": TONE[edge], "linewidth": width, **more}


HATCH, DASHED = {"hatch": "//////"}, {"linestyle": (0, (4, 2.8))}
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
AREA, COAST = stroke("focus", 1.1), fill("land", "context", 0.4)
#: An area in the map of all; where too few of its counties are documented; two areas.
SURE, DOUBT = fill("heat3", "focus", 0.8), fill("heat3", "focus", 0.8, **DASHED)
TWICE = fill("heat3", "muted", 0, **HATCH)
#: Points: the column beside a wide map, the greatest height, the locator of a narrow map.
COLUMN, HIGHEST, LOCATOR = 118.0, 265.0, 74.0
#: What mends own values.
INDEXED = '; a column of a frame is given as frame.set_index("adcode")["income"]'
#: Metres: the main map of China and its inset.
MAINLAND, SOUTH_SEA = (-2.63e6, 1.86e6, 2.62e6, 5.93e6), (0.3e6, 0.33e6, 1.95e6, 2.75e6)


def plot_region(
    region: str,
    lang: str = "zh",
    plan: Plan | None = None,
    values: Mapping[str, object] | None = None,
    **given: object,
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
    **given
        ``title``, ``subtitle``, ``caption``, ``alt``; ``counties`` and ``places``: frames as
        `laoqu.analysis.naming.counties` and ``.standings`` give them, where yours differ.

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
    plan = plan or load()
    words = Words(plan, lang)
    it = plan.region(region)
    counties, places = given.pop("counties", None), given.pop("places", None)
    for name in given:
        require(name, [*TEXTS, "lang", "plan", "values", "counties", "places"], "argument")
    counties = naming.counties(plan, it.region_id) if counties is None else counties
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
        if isinstance(values, pd.DataFrame) or not hasattr(values, "items"):
            raise ParameterError(f"values: expected adcode → value, a dict or a Series{INDEXED}")
        own_codes = [str(code).removesuffix(".0") for code, _ in values.items()]
        own = dict(zip(own_codes, (value for _, value in values.items()), strict=True))
        _check_values(own)
        if twice := [code for code, n in Counter(own_codes).items() if n > 1]:
            message = f"values: {twice[0]} has several: choose one for each county, as of one year"
            raise ParameterError(message)
        if own and own.keys().isdisjoint(counties["adcode"]):
            shown = f"{', '.join(list(own)[:3])}{' …' * (len(own) > 3)}"
            message = f"values: {shown}: no code of a county of {words.area(it.region_id)}{INDEXED}"
            raise ParameterError(message)
        counties = counties.assign(value=counties["adcode"].map(own))
        kinds, key = classes_of(counties["value"], words)
    shapes = Shapes(plan.layers, counties["adcode"], kinds, places["adcode"])
    names = plan.gazetteer().set_index("adcode")["short_name" if words.lang == "zh" else "name_en"]
    counted = [f"{said} {kinds.count(kind)}" for kind, (said, _) in key.items() if kind in kinds]
    listed = [f"{row.number} {names.get(row.adcode, row.adcode)}" for row in places.itertuples()]
    title, beyond = words.area(it.region_id), words.join(map(words.unit, shapes.beyond))
    islands = words("map.islands", counties=beyond) if beyond else ""
    alt = words("map.area_alt", places=words.join(listed), region=title, counts=words.join(counted))
    text = {"title": title, "caption": f"{islands} {source(plan, words)}".strip(), "alt": alt}
    entries = list(key.values()) + [
        (words(f"map.key.{each}"), {**look, "markersize": 5.6})
        for each, look in MARKS.items() if each in set(places["shape"])
    ]  # fmt: skip
    looks = {kind: look for kind, (_, look) in key.items() if kind in kinds}
    draw = partial(_draw_area, shapes=shapes, looks=looks, key=entries, places=places, names=names,
                   words=words)  # fmt: skip
    rows = pd.concat([counties, places.assign(how="place")], ignore_index=True)
    return Figure(draw, rows, **text | given)


def plot_overview(lang: str = "zh", plan: Plan | None = None) -> Figure:
    """Draw all areas in one map of China, numbered in printed order, with their counties."""
    plan = plan or load()
    words = Words(plan, lang)
    members = plan.membership().query("confidence != 'low'")[["adcode", "region_id"]]
    counties = plan.layers.counties.merge(members, on="adcode")
    areas = geo.dissolve(counties, "region_id").merge(plan.regions()).sort_values("order")
    areas["sure"] = areas["documented"] >= answer.COMPLETE * areas["official_total"]
    twice = counties[counties["adcode"].duplicated()]
    title = words(
        "map.overview", n=len(areas), counties=counties["adcode"].nunique(), overlap=len(twice),
        incomplete=int((~areas["sure"]).sum()),
    )  # fmt: skip
    totals = zip(areas["region_id"], areas["documented"], areas["official_total"], strict=True)
    listed = [f"{words.area(name)} {known}/{total}" for name, known, total in totals]
    looks = {"county": SURE, "overlap": TWICE, "incomplete": DOUBT}
    key = [(words(f"map.key.{each}"), look) for each, look in looks.items()]
    draw = partial(_draw_all, layers=plan.layers, areas=areas, twice=twice, key=key, listed=listed)
    alt = words("map.overview_alt", finding=title, listed=words.join(listed))
    data, subtitle = counties[["adcode", "name", "region_id"]], words("map.overview_subtitle")
    return Figure(draw, data, title, subtitle, source(plan, words), alt)


def source(plan: Plan, words: Words) -> str:
    """Return where the borders come from: the layer, or a file of your own with its hash."""
    if own := plan.own.get("boundaries"):
        return words("map.own_source", name=own.name, hash=digest(own.read_bytes())[:12])
    return words("map.source")


def _draw_area(
    sheet: Sheet, shapes: Shapes, looks: Mapping[str, dict], key: Sequence[tuple[str, dict]],
    places: pd.DataFrame, names: Mapping[str, str], words: Words,
) -> None:  # fmt: skip
    aside = 0 if sheet.narrow else COLUMN + 12
    wide, extent = sheet.width - 2 * MARGIN - aside, np.ptp(np.reshape(shapes.bounds, (2, 2)), 0)
    size = LOCATOR if sheet.narrow else COLUMN
    deep = size * np.ptp(shapes.china[1::2]) / np.ptp(shapes.china[::2])
    high = float(np.clip(wide * extent[1] / extent[0], wide * 0.62, min(HIGHEST, wide * 1.45)))
    if sheet.narrow:
        sheet.legend(key)
        top = sheet.y
        x, y = MARGIN, top + high + 6
        bar = x + size + 14, y + 24
    else:
        top, x = sheet.y, MARGIN + wide + 12
        for entry in key:
            sheet.legend([entry], x, COLUMN)
        high = max(high, sheet.y - top + 36 + deep)
        y = top + high - deep
        bar = x, y - 10
    view = View(sheet, (MARGIN, top, wide, high), shapes.bounds)
    view.draw(shapes.provinces, **FILLS["unknown"])
    for kind, look in looks.items():
        view.draw(shapes.counties[shapes.kinds == kind], kind, **look)
    view.draw(shapes.cities, **PREFECTURE)
    view.draw(shapes.provinces, **PROVINCE)
    view.draw([shapes.land], **COASTLINE)
    view.draw([shapes.area], **AREA)
    for row in places[places["adcode"].isin(shapes.spots)].itertuples():
        view.number(str(row.number), view.at(shapes.spots[row.adcode]), row.shape)
    for code, shape in shapes.parts.items():
        if name := names.get(f"{code}00", ""):
            view.name(name, around(view.at(middle_of(shape))), SMALL + 0.5, "ink")
    for code, shape in shapes.provinces.items():
        rest = shapely.clip_by_rect(shape, *view.frame.bounds).difference(shapes.area)
        if rest.area > 0.02 * view.frame.area:
            view.name(names[code], view.at(middle_of(rest))[None], SMALL + 2, "muted")
    view.rim()
    scale_bar(view, words, bar)
    small = View(sheet, (x, y, size, deep), shapes.china)
    small.draw(shapes.coast, **COAST)
    small.draw(shapes.maritime, "maritime", **PROVINCE)
    small.draw([shapes.area.simplify(geo.DETAIL)], **fill("focus", "focus", 0.4))
    small.axes.plot(*view.frame.exterior.xy, **HAIRLINE, label="locator")
    sheet.y = y + deep + 2


def china(sheet: Sheet, wide: float) -> tuple[View, View, float]:
    """Return the main map of China and its inset of the South Sea, and where they end below."""
    high, small = wide * np.ptp(MAINLAND[1::2]) / np.ptp(MAINLAND[::2]), 0.18 * wide
    foot = sheet.y + high
    view = View(sheet, (MARGIN, sheet.y, wide, high), MAINLAND)
    return view, View(sheet, (MARGIN, foot - small * 1.47, small, small * 1.47), SOUTH_SEA), foot


def _draw_all(
    sheet: Sheet, layers: geo.Layers, areas: pd.DataFrame, twice: pd.DataFrame,
    key: Sequence[tuple[str, dict]], listed: Sequence[str],
) -> None:  # fmt: skip
    sheet.legend(key)
    wide = sheet.width - 2 * MARGIN - (0 if sheet.narrow else COLUMN + 12)
    (view, sea, foot), shapes = china(sheet, wide), areas.geometry.simplify(3000)
    land = layers.outline["kind"] == "land"
    view.draw(layers.provinces.simplify(view.scale / 2), **COAST)
    sea.draw(layers.outline.geometry[land], **COAST)
    for shape, sure, name in zip(shapes, areas["sure"], areas["region_id"], strict=True):
        view.draw([shape], name, **(SURE if sure else DOUBT))
    view.draw(twice.geometry, **TWICE)
    for each in (view, sea):
        each.draw(layers.outline.geometry[~land], **PROVINCE)
        each.rim()
    for k, shape in enumerate(shapes, 1):
        view.number(str(k), view.at(middle_of(shape)))
    x, y = (MARGIN, foot + 8) if sheet.narrow else (MARGIN + wide + 12, sheet.y)
    for k, name in enumerate(listed, 1):
        sheet.axes.plot(x + 5, y + 6, **MARKS["circle"])
        sheet.text(x + 5, y + 6, str(k), ha="center")
        y = sheet.lines(x + 15, y + 1.5, wrap(name, sheet.width - MARGIN - x - 15)) + 4
    sheet.y = max(y, foot + 4)


def _check_values(values: Mapping[str, object]) -> None:
    """Refuse what is neither a number nor a text."""
    for code, value in values.items():
        known = isinstance(value, str | Real | np.bool_) or value is None or value is pd.NA
        if not known and value is not pd.NaT:
            found = f"found {value!r:.40} ({type(value).__name__})"
            raise ParameterError(f"values: {code}: {found}, expected a number or a text")
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            raise ParameterError(f"values: {code} has a number too large to draw: leave it out")
    texts = {isinstance(each, str) for each in values.values() if not pd.isna(each)}
    if len(texts) > 1:
        raise ParameterError("values: some are numbers, others text: give one kind")


def classes_of(values: pd.Series, words: Words) -> tuple[list[str], dict[str, tuple[str, dict]]]:
    """Sort values into at most five classes, which the key names."""
    known = values.dropna()
    if known.empty:
        raise ParameterError(f"values: no county of the area has one{INDEXED}")
    numeric = pd.api.types.is_numeric_dtype(known)
    if numeric and not np.isfinite(known.to_numpy(dtype="float64")).all():
        raise ParameterError("values: one is infinite: leave it out")
    if numeric and known.nunique() > len(HEAT):
        classes = pd.qcut(known, len(HEAT), duplicates="drop")
        ends = known.groupby(classes, observed=True).agg(["min", "max"])
        said = [f"{number(low)}–{number(high)}" for low, high in ends.to_numpy()]
    else:
        classes = known.astype(pd.CategoricalDtype(sorted(known.unique()), ordered=True))
        said = [each if isinstance(each, str) else number(each) for each in classes.cat.categories]
    if len(said) > len(HEAT):
        raise ParameterError(f"values: {len(said)} categories; at most {len(HEAT)} are drawn")
    steps = np.linspace(0, len(HEAT) - 1, len(said)).round().astype(int)
    key = {str(k): (said[k], HEAT[step]) for k, step in enumerate(steps)}
    kinds = classes.cat.codes.reindex(values.index, fill_value=-1).astype(str).tolist()
    if "-1" in kinds:
        key["-1"] = words("map.key.no_value"), FILLS["low"]
    return kinds, key
