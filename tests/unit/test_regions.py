"""The twelve areas, their namings, the boxes, and what reaches whom: known answers."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import laoqu as lq
from laoqu import regions

IDS = [
    "ganminyue", "shaanganning", "dabieshan", "zuoyoujiang", "chuanshaan", "xiangeyuqian",
    "xiangganbian", "hailufeng", "qiongya", "zhexinan", "yimeng", "taihang",
]  # fmt: skip


def test_the_twelve_stand_in_printed_order(plan):
    assert plan.region_ids == IDS
    assert plan.regions()["region_id"].tolist() == IDS


@pytest.mark.parametrize(
    ("name", "region_id"),
    [
        ("陕甘宁", "shaanganning"), ("陕甘宁革命老区", "shaanganning"), ("大别山", "dabieshan"),
        ("赣闽粤原中央苏区", "ganminyue"), ("赣闽粤", "ganminyue"), ("赣闽粤革命老区", "ganminyue"),
        ("Former Central Soviet Area (Jiangxi–Fujian–Guangdong)", "ganminyue"),
        ("Shaanxi-Gansu-Ningxia", "shaanganning"), ("dabie mountains", "dabieshan"),
        ("Qiongya (Hainan)", "qiongya"), ("Yimeng old revolutionary base area", "yimeng"),
        (" 太行 ", "taihang"), ("ＴＡＩＨＡＮＧ", "taihang"),
        ("Hunan–Jiangxi Border", "xiangganbian"),
    ],
)  # fmt: skip
def test_an_area_answers_to_its_names(plan, name, region_id):
    assert plan.region(name).region_id == region_id


@pytest.mark.parametrize("name", ["shanganning", "陕甘", "", "革命老区", "x", 7, None])
def test_an_unknown_area_is_refused_with_the_nearest_ids(plan, name):
    with pytest.raises(lq.UnknownId, match="unknown area") as caught:
        plan.region(name)
    assert caught.value.suggestions


def test_area_namings_in_directive_sentences(plan):
    named = plan.mentions().query("level == 'area'")
    assert named["region_id"].value_counts().to_dict() == {
        "zuoyoujiang": 6, "ganminyue": 5, "dabieshan": 5, "shaanganning": 4, "chuanshaan": 4,
        "taihang": 3, "hailufeng": 3, "qiongya": 3, "xiangganbian": 2, "zhexinan": 2, "yimeng": 2,
        "xiangeyuqian": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "every", "area"),
    [("大别山", 7, 5), ("太行", 4, 3), ("湘鄂渝黔", 2, 1), ("左右江", 6, 6), ("海陆丰", 3, 3)],
)
def test_mountains_and_border_zones_are_not_area_namings(plan, name, every, area):
    found = plan.find(name)
    mentions = plan.mentions()
    levels = [
        mentions[(mentions["start"] <= row.start) & (mentions["end"] >= row.end)]["level"].iloc[0]
        for row in found.itertuples()
    ]
    assert (len(levels), levels.count("area")) == (every, area)


def test_box_1_lists_53_counties(plan):
    items = plan.box_items("b1")
    assert len(items) == items["adcode"].nunique() == 53
    assert items["province"].value_counts().to_dict() == {
        "广西壮族自治区": 16, "贵州省": 11, "陕西省": 11, "甘肃省": 5, "宁夏回族自治区": 5,
        "重庆市": 3, "云南省": 2,
    }  # fmt: skip
    assert set(items["kind"]) == {"national_key_county"}


def test_box_2_and_4_by_kind(plan):
    kinds = plan.box_items("b2")["kind"].value_counts().to_dict()
    assert kinds == {"county_seat_demo": 10, "power_county": 9}
    assert plan.box_items("b4")["kind"].value_counts().to_dict() == {
        "etdz": 12, "hitech_zone": 11, "transition_zone": 3, "bonded_zone": 2, "agro_park": 1,
    }  # fmt: skip


def test_clause_7_names_20_cities_in_8_roles(plan):
    cities = plan.mentions().query("clause_id == 'c07' and recipient")
    roles = cities.drop_duplicates("name")["role"].value_counts().to_dict()
    # 三明市区 and 永安 are one group: 永安 is a county-level city, so 21 names for 20 cities.
    assert roles == {
        "provincial_subcentre": 4, "interprovincial_node": 4, "specialty_base": 4,
        "capital_docking": 3, "tourism_destination": 2, "cluster_development": 2,
        "border_opening": 1, "common_prosperity_demo": 1,
    }  # fmt: skip
    assert (cities["level"] != "county").sum() == 20


def test_92_counties_of_which_five_are_named(plan):
    aided = plan.mentions().query("role == 'designated_aid'")
    assert aided["printed"].tolist() == ["井冈山", "红安", "延川", "通江", "田东"]
    assert set(aided["list_total"]) == {92}
    assert aided["list_open"].all()


@pytest.mark.parametrize(
    ("printed", "clause", "name", "adcode"),
    [
        ("彭水县", "b1", "彭水苗族土家族自治县", "500243"), ("靖西市", "b1", "靖西市", "451081"),
        ("沿河县", "b1", "沿河土家族自治县", "520627"), ("新泰县", "b2", "新泰市", "370982"),
        ("井冈山", "b4", "井冈山经济技术开发区", "360800"), ("井冈山", "c13", "井冈山市", "360881"),
        ("恩施", "c07", "恩施土家族苗族自治州", "422800"), ("仙桃", "c06", "仙桃市", "429004"),
        ("琼中", "c13", "琼中黎族苗族自治县", "469030"), ("韶山", "c11", "韶山市", "430382"),
    ],
)  # fmt: skip
def test_short_and_ambiguous_names_lead_to_the_right_unit(plan, printed, clause, name, adcode):
    found = plan.mentions().query("printed == @printed and clause_id == @clause")
    assert set(zip(found["name"], found["adcode"], strict=True)) == {(name, adcode)}


def test_places_outside_all_areas_stay_visible(plan):
    outside = plan.mentions().query("region_id == '' and recipient and adcode != ''")
    assert {"韶山", "鹤壁"} <= set(outside["printed"])


def test_eight_areas_choose_provincial_counties_and_the_other_four_have_national_ones(plan):
    reach = plan.reach()
    named = set(reach.query("unit_id == 'c04.s02' and how == 'named'")["region_id"])
    counties = set(reach.query("unit_id == 'c04.s01'")["region_id"])
    assert len(named) == 8
    assert counties == set(IDS) - named


@pytest.mark.parametrize(
    ("unit", "scopes"),
    [
        ("c14.s02", ("area", "class")), ("c04.s01", ("place",)), ("c10.s03", ("area",)),
        ("c04.s02", ("area",)), ("c15.s07", ("universal",)), ("c13.s05", ("universal",)),
        ("c08.s08", ("class",)), ("c07.s02", ("place",)), ("b4.s01", ("facility",)),
        ("c12.s02", ("place", "class")),
    ],
)  # fmt: skip
def test_scopes_of_the_worked_examples(plan, unit, scopes):
    found = plan.directives().set_index("unit_id")["scopes"]
    assert found[unit] == scopes


def test_yimeng_worked_by_hand(plan):
    # 沂蒙: named in c04.s02 and c10.s07; 临沂 in c07.s03, c09.s03, c11.s07, b4; 新泰 in b2.s01.
    mine = plan.directives("沂蒙").set_index("unit_id")["reach"]
    assert mine[mine == "named"].index.tolist() == ["c04.s02", "c10.s07"]
    assert mine[mine == "place"].index.tolist() == [
        "c07.s03", "b2.s01", "c09.s03", "c11.s07", "b4.s01"
    ]  # fmt: skip


def test_qiongya_worked_by_hand(plan):
    # 琼崖: named in c04.s02, c09.s03, c10.s07; 琼海 in b2.s01, 琼中 in c13.s04.
    mine = plan.directives("琼崖").set_index("unit_id")["reach"]
    assert mine[mine == "named"].index.tolist() == ["c04.s02", "c09.s03", "c10.s07"]
    assert mine[mine == "place"].index.tolist() == ["b2.s01", "c13.s04"]


def test_nearest_reach_fills_every_pair_once(plan):
    near = plan.nearest_reach()
    assert len(near) == 95 * 12
    assert not near.duplicated(["unit_id", "region_id"]).any()
    assert set(near["reach"]) <= set(regions.REACH)


def test_an_area_missing_from_an_open_list_is_unknown_and_from_a_closed_one_is_not_reached(plan):
    near = plan.nearest_reach().set_index(["unit_id", "region_id"])["reach"]
    assert near["c10.s05", "yimeng"] == "open"
    assert near["c10.s06", "yimeng"] == "none"
    # 等东中部革命老区 confines c04.s02: a western area is not in its open list.
    assert near["c04.s02", "zuoyoujiang"] == "none"
    # 等东部地区革命老区 likewise: no western area, though which of the others is eastern is open.
    assert near["c10.s07", "chuanshaan"] == "none"
    assert near["c10.s07", "zhexinan"] == "open"


def test_low_confidence_counts_only_when_asked_for(plan):
    sure, all_ = plan.reach(), plan.reach(min_confidence="low")
    keys = ["scope_id", "region_id", "via"]
    added = all_.merge(sure[keys], on=keys, how="left", indicator=True)
    added = added[added["_merge"] == "left_only"]
    assert len(added) and set(added["confidence"]) == {"low"}
    assert "low" not in set(sure["confidence"])
    with pytest.raises(lq.UnknownId, match="confidence"):
        plan.reach(min_confidence="lowest")


def test_a_city_of_two_areas_reaches_both_and_says_how_much_of_it(plan):
    ganzhou = plan.reach().query("unit_id == 'c07.s02' and quote == '赣州'")
    found = ganzhou.set_index("region_id")[["counties", "whole"]].to_dict("index")
    assert found == {
        "ganminyue": {"counties": 18, "whole": True},
        "xiangganbian": {"counties": 2, "whole": False},
    }


def test_provinces_are_twenty_not_the_printed_21(plan):
    assert plan.membership()["province"].nunique() == 20
    assert plan.find("21个省").shape[0] == 1


def test_renaming_areas_permutes_reach(plan):
    # Ids carry no meaning: a permuted set of ids gives the same rows under the new names.
    shuffled = IDS.copy()
    random.Random(7).shuffle(shuffled)
    new = dict(zip(IDS, shuffled, strict=True))
    scopes, mentions, areas = plan.scopes(), plan.table("mentions"), plan._place_areas()
    mentions["region_id"] = mentions["region_id"].map(lambda r: new.get(r, r))
    areas["region_id"] = areas["region_id"].map(new)
    scopes["class_areas"] = scopes["class_areas"].map(lambda c: tuple(new.get(r, r) for r in c))
    permuted = regions.reach(scopes, mentions, areas, [new[r] for r in IDS])
    expected = plan.reach()
    expected["region_id"] = expected["region_id"].map(new)
    keys = ["scope_id", "region_id", "via"]
    pd.testing.assert_frame_equal(
        permuted.sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True)
    )
