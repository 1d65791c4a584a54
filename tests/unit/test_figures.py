"""Figures, tested from their data and from where everything lies on the sheet."""

from __future__ import annotations

import io
import itertools
import re
from functools import cache
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

import laoqu as lq
from laoqu import geo
from laoqu.analysis import naming
from laoqu.errors import LaoquError, ParameterError
from laoqu.show import charts, maps, style
from laoqu.show.figure import Figure
from laoqu.show.network import network
from laoqu.show.words import Words

PLAN = lq.load()
LANGS, WIDTHS = ("zh", "en"), (False, True)
WORDS = {lang: Words(PLAN, lang) for lang in LANGS}
DIRECT = PLAN.measure_reach().query("reach in ['named', 'place']")


@cache
def counts(lang):
    """One row per measure and area: as the strip of a report has it."""
    reach = DIRECT.rename(columns={"reach": "kind"})[["kind", "region_id"]]
    standing = naming.standings(PLAN).rename(columns={"group": "kind"})[["kind", "region_id"]]
    rows = pd.crosstab(*pd.concat([reach, standing]).T.to_numpy()).stack()
    rows = rows.rename("value").rename_axis(["kind", "region_id"]).reset_index()
    sure = PLAN.regions().set_index("region_id").eval("documented >= 60")
    name = WORDS[lang]("map.key.circle")
    return rows.assign(label=name + " " + rows["kind"], complete=rows["region_id"].map(sure))


def codes(region, lang):
    """Themes and instruments of an area's measures: as the dots of a report have them."""
    rows = PLAN.measures().merge(DIRECT.query("region_id == @region")["measure_id"])
    parts = []
    for variable in ("theme", "instrument"):
        n = rows[variable].value_counts().rename_axis("code").reset_index(name="n")
        names = [WORDS[lang].code(variable, code) for code in n["code"]]
        mark = n["code"].str[0] if variable == "instrument" else ""
        parts.append(n.assign(label=names, group=variable, mark=mark))
    return pd.concat(parts)


def places(region, lang):
    """Places by standings: as the matrix of a report has them."""
    rows = naming.standings(PLAN).query("region_id == @region").sort_values("number")
    rows = rows.rename(columns={"group": "column"}).drop_duplicates(["adcode", "column"])
    unit = WORDS[lang].unit
    return rows.assign(
        label=[unit(row.adcode) if row.adcode else row.name for row in rows.itertuples()]
    )


def drawings(region, lang):
    words, text = WORDS[lang], {"title": WORDS[lang].area(region), "subtitle": "n = 12"}
    yield maps.area(PLAN, region, words, **text)
    yield charts.strip(counts(lang), words, region, **text)
    yield charts.dots(codes(region, lang), words, value="n", **text)
    yield charts.matrix(places(region, lang), words, **text)


def common(lang):
    words, names = WORDS[lang], [WORDS[lang].area(each) for each in PLAN.region_ids]
    table = DIRECT.merge(PLAN.measures()[["measure_id", "clause_id", "theme"]])
    cells = pd.crosstab(table["clause_id"], table["region_id"])[PLAN.region_ids].set_axis(
        names, axis=1
    )
    cells = cells.rename(index=words.clause).rename_axis("label").rename_axis("column", axis=1)
    yield maps.overview(PLAN, words)
    yield charts.heat(cells.stack().rename("value").reset_index(), words, title="heat")
    by_theme = table.groupby(["theme", "reach"]).size().rename("value").reset_index()
    by_theme["label"] = [words.code("theme", code) for code in by_theme["theme"]]
    yield charts.squares(by_theme, words, kind="reach", tone="reach")
    yield network_of_terms(lang)
    series = pd.DataFrame(
        {"label": [f"t{k:+d}" for k in range(-3, 4)] * 2, "series": ["A"] * 7 + ["B"] * 7}
    )
    series["value"] = np.linspace(-0.6, 0.9, 14)
    yield charts.dots(series.assign(low=series["value"] - 0.3, high=series["value"] + 0.4), words)


def network_of_terms(lang):
    nodes, terms = PLAN.table("coword_layout"), PLAN.table("terms")
    near = list(itertools.pairwise(nodes.groupby("cluster", sort=False)["term"].agg(list)))
    links = [(a[0], a[-1]) for a, _ in near if len(a) > 1]
    links = pd.DataFrame(links, columns=["a", "b"]).assign(kind="sure")
    gloss = dict(zip(terms["term"], terms["gloss_en"], strict=True))
    label = nodes["term"] if lang == "zh" else nodes["term"].map(gloss)
    return network(nodes.assign(value=5, label=label), links, WORDS[lang], group="cluster")


def faults(figure, narrow):
    """Return what is wrong with a drawing: texts cut off, over another, or too small."""
    sheet = figure.sheet(narrow)
    texts = [item for item in sheet.items if item.kind == "text" and item.text]
    for item in texts:
        x0, y0, x1, y1 = item.box
        if x0 < 0 or y0 < 0 or x1 > sheet.width + 0.01 or y1 > sheet.y:
            yield f"cut off: {item.text}"
        if item.size < 7:
            yield f"too small: {item.text}"
    boxes = np.array([item.box for item in texts])
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    for i, j in np.argwhere(np.triu(((high - low) > (0.5, 1.2)).all(axis=2), 1)):
        yield f"one over the other: {texts[i].text} / {texts[j].text}"


def test_no_text_is_cut_off_or_over_another():
    found = []
    for lang in LANGS:
        every = [(region, it) for region in PLAN.region_ids for it in drawings(region, lang)]
        every += [("all", it) for it in common(lang)]
        for (name, figure), narrow in itertools.product(every, WIDTHS):
            found += [(lang, name, narrow, fault) for fault in faults(figure, narrow)]
    assert not found
