"""One map of China with a value for each county: what a panel shows where, at one glance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import pandas as pd

from laoqu import geo
from laoqu.plan import Plan, load
from laoqu.show.figure import Figure
from laoqu.show.maps import PROVINCE, china, classes_of, fill, source
from laoqu.show.style import MARGIN, Sheet, stroke
from laoqu.show.words import Words

#: Metres: finer bends than this cannot be seen at the size of the map.
FINE = 4_000
LAND = fill("paper", "context")


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

    >>> from laoqu.show.china import plot_china
    >>> len(plot_china({"371302": 12.5, "371311": 8.0}, "en", title="Income").data)
    2
    """
    plan = plan or load()
    words = Words(plan, lang)
    counties = plan.layers.counties[["adcode", "name", "geometry"]]
    counties = counties.assign(value=counties["adcode"].map(dict(values))).dropna(subset="value")
    kinds, key = classes_of(counties["value"], words)
    key["none"] = words("map.key.no_value"), LAND
    own = counties.geometry[counties["adcode"].isin(marked)].simplify(FINE)
    if len(own):
        key["own"] = called, fill("paper", "ink", 0.9)
    shapes = geo.dissolve(counties.assign(kind=kinds), "kind").set_index("kind").simplify(FINE)
    draw = partial(_draw, shapes=shapes, key=key, own=own, layers=plan.layers)
    data = pd.DataFrame(counties[["adcode", "name", "value"]])
    alt = f"{given.get('title', '')}. {given.get('subtitle', '')}".strip(". ")
    return Figure(draw, data, **{"caption": source(plan, words), "alt": alt, **given})


def _draw(
    sheet: Sheet, shapes: pd.Series, key: Mapping[str, tuple[str, dict]], own: pd.Series,
    layers: geo.Layers,
) -> None:  # fmt: skip
    sheet.legend(list(key.values()))
    view, sea, foot = china(sheet, sheet.width - 2 * MARGIN)
    land = layers.outline["kind"] == "land"
    for each, shown in ((view, layers.provinces.simplify(FINE)), (sea, layers.outline[land])):
        each.draw(shown.geometry, **LAND)
        for kind, shape in shapes.items():
            each.draw([shape], **{**key[kind][1], "linewidth": 0})
        each.draw(layers.outline.geometry[~land], **PROVINCE)
    view.draw(layers.provinces.simplify(FINE), **{**PROVINCE, "linewidth": 0.5})
    view.draw(own, **stroke("ink", 0.9))
    view.rim()
    sea.rim()
    sheet.y = foot + 4
