"""The twelve areas, their namings, the boxes, and what reaches whom: known answers."""

import random

import pandas as pd
import pytest
from fixture import refuses

import laoqu as lq
from laoqu import regions

IDS = [
    "ganminyue", "shaanganning", "dabieshan", "zuoyoujiang", "chuanshaan", "xiangeyuqian",
    "xiangganbian", "hailufeng", "qiongya", "zhexinan", "yimeng", "taihang",
]  # fmt: skip


def test_an_area_answers_to_its_names_and_others_are_refused_with_the_nearest(plan):
    assert plan.region_ids == plan.regions()["region_id"].tolist() == IDS
    for region_id, names in {
        "shaanganning": ["陕甘宁", "陕甘宁革命老区", "Shaanxi-Gansu-Ningxia", "陝甘寧革命老區"],
        "dabieshan": ["大别山", "dabie mountains"],
        "ganminyue": ["赣闽粤原中央苏区", "赣闽粤", "赣闽粤革命老区",
                      "Former Central Soviet Area (Jiangxi–Fujian–Guangdong)"],
        "qiongya": ["Qiongya (Hainan)"], "yimeng": ["Yimeng old revolutionary base area"],
        "taihang": [" 太行 ", "ＴＡＩＨＡＮＧ"], "xiangganbian": ["Hunan–Jiangxi Border"],
    }.items():  # fmt: skip
        assert {plan.region(name).region_id for name in names} == {region_id}
    for name in ("shanganning", "陕甘", "", "革命老区", "x", 7, None):
        with pytest.raises(lq.UnknownId, match="unknown area") as caught:
            plan.region(name)
        assert caught.value.suggestions


def test_area_namings_are_told_from_mountains_and_border_zones(plan):
    mentions = plan.mentions()
    named = mentions.query("level == 'area'")
    assert named["region_id"].value_counts().to_dict() == {
        "zuoyoujiang": 6, "ganminyue": 5, "dabieshan": 5, "shaanganning": 4, "chuanshaan": 4,
        "taihang": 3, "hailufeng": 3, "qiongya": 3, "xiangganbian": 2, "zhexinan": 2, "yimeng": 2,
        "xiangeyuqian": 1,
    }  # fmt: skip
    for name, every, area in [
        ("大别山", 7, 5), ("太行", 4, 3), ("湘鄂渝黔", 2, 1), ("左右江", 6, 6), ("海陆丰", 3, 3)
    ]:  # fmt: skip
        levels = [
            mentions.query("start <= @row.start and end >= @row.end")["level"].iloc[0]
            for row in plan.find(name).itertuples()
        ]
        assert (len(levels), levels.count("area")) == (every, area), name


def test_boxes_and_clauses_by_kind_and_province(plan):
    items = plan.box_items("b1")
    assert len(items) == items["adcode"].nunique() == 53
    assert items["province"].value_counts().to_dict() == {
        "广西壮族自治区": 16, "贵州省": 11, "陕西省": 11, "甘肃省": 5, "宁夏回族自治区": 5,
        "重庆市": 3, "云南省": 2,
    }  # fmt: skip
    kinds = plan.box_items()[["clause_id", "kind"]].value_counts().to_dict()
    assert kinds == {
        ("b1", "national_key_county"): 53, ("b2", "county_seat_demo"): 10,
        ("b2", "power_county"): 9, ("b4", "etdz"): 12, ("b4", "hitech_zone"): 11,
        ("b4", "transition_zone"): 3, ("b4", "bonded_zone"): 2, ("b4", "agro_park"): 1,
    }  # fmt: skip
    # Clause 7 names 20 cities in 8 roles. 三明市区 and 永安 are one group: 永安 is a county-level
    # city, so 21 names for 20 cities.
    mentions = plan.mentions()
    cities = mentions.query("clause_id == 'c07' and recipient")
    assert cities.drop_duplicates("name")["role"].value_counts().to_dict() == {
        "provincial_subcentre": 4, "interprovincial_node": 4, "specialty_base": 4,
        "capital_docking": 3, "tourism_destination": 2, "cluster_development": 2,
        "border_opening": 1, "common_prosperity_demo": 1,
    }  # fmt: skip
    assert (cities["level"] != "county").sum() == 20
    aided = mentions.query("role == 'designated_aid'")
    assert aided["printed"].tolist() == ["井冈山", "红安", "延川", "通江", "田东"]
    assert set(aided["list_total"]) == {92} and aided["list_open"].all()


def test_short_and_ambiguous_names_lead_to_the_right_unit(plan):
    mentions = plan.mentions()
    for printed, clause, name, adcode in [
        ("彭水县", "b1", "彭水苗族土家族自治县", "500243"), ("靖西市", "b1", "靖西市", "451081"),
        ("沿河县", "b1", "沿河土家族自治县", "520627"), ("新泰县", "b2", "新泰市", "370982"),
        ("井冈山", "b4", "井冈山经济技术开发区", "360800"), ("井冈山", "c13", "井冈山市", "360881"),
        ("恩施", "c07", "恩施土家族苗族自治州", "422800"), ("仙桃", "c06", "仙桃市", "429004"),
        ("琼中", "c13", "琼中黎族苗族自治县", "469030"), ("韶山", "c11", "韶山市", "430382"),
    ]:  # fmt: skip
        found = mentions[(mentions["printed"] == printed) & (mentions["clause_id"] == clause)]
        assert set(zip(found["name"], found["adcode"], strict=True)) == {(name, adcode)}
    outside = mentions.query("region_id == '' and recipient and adcode != ''")
    assert {"韶山", "鹤壁"} <= set(outside["printed"])  # places outside all areas stay visible


def test_scopes_and_reach_of_the_worked_examples(plan):
    found = plan.directives().set_index("unit_id")["scopes"]
    for unit, scopes in {
        "c14.s02": "area class", "c04.s01": "place", "c10.s03": "area", "c04.s02": "area",
        "c15.s07": "universal", "c13.s05": "universal", "c08.s08": "class", "c07.s02": "place",
        "b4.s01": "facility", "c12.s02": "place class",
    }.items():  # fmt: skip
        assert found[unit] == tuple(scopes.split())
    # By hand: 临沂 in c07, c09, c11 and b4, 新泰 in b2; 琼海 in b2, 琼中 in c13.
    for name, named, placed in [
        ("沂蒙", "c04.s02 c10.s07", "c07.s03 b2.s01 c09.s03 c11.s07 b4.s01"),
        ("琼崖", "c04.s02 c09.s03 c10.s07", "b2.s01 c13.s04"),
    ]:
        mine = plan.directives(name).set_index("unit_id")["reach"]
        assert mine[mine == "named"].index.tolist() == named.split()
        assert mine[mine == "place"].index.tolist() == placed.split()
    # Eight areas are printed in c04.s02, the other four have counties of box 1.
    reach = plan.reach()
    choose = set(reach.query("unit_id == 'c04.s02' and how == 'named'")["region_id"])
    assert len(choose) == 8
    assert set(reach.query("unit_id == 'c04.s01'")["region_id"]) == set(IDS) - choose


def test_an_area_missing_from_an_open_list_is_unknown_and_from_a_closed_one_is_not_reached(plan):
    near = plan.nearest_reach().set_index(["unit_id", "region_id"])["reach"]
    assert len(near) == 95 * 12
    assert near.index.is_unique
    assert set(near) <= set(regions.REACH)
    assert near["c10.s04", "yimeng"] == "open"
    # 长江经济带 and 省际交界 confine lists: 山东 is not of the belt, 海南 borders no province.
    assert near["c10.s05", "yimeng"] == near["c07.s03", "qiongya"] == "none"
    assert near["c10.s05", "zuoyoujiang"] == near["c07.s03", "zhexinan"] == "open"
    assert near["c10.s06", "yimeng"] == "none"
    # So do 等东中部革命老区 and 等东部地区革命老区: in the latter is no area without an eastern
    # province (河北 is one), in the former none without an eastern or central one. 湘鄂渝黔 has
    # two of these (湖北, 湖南), and nothing printed says that it is meant or that it is not.
    assert near["c04.s02", "xiangeyuqian"] == "open"
    for western in ("shaanganning", "zuoyoujiang", "chuanshaan"):
        assert near["c04.s02", western] == "none"
    assert near["c10.s07", "dabieshan"] == "none"
    assert near["c10.s07", "zhexinan"] == near["c10.s07", "taihang"] == "open"


def test_low_confidence_counts_only_when_asked_for(plan):
    sure, all_ = plan.reach(), plan.reach(min_confidence="low")
    keys = ["scope_id", "region_id", "via"]
    added = all_.merge(sure[keys], on=keys, how="left", indicator=True).query("_merge != 'both'")
    assert len(added) and set(added["confidence"]) == {"low"}
    assert "low" not in set(sure["confidence"])
    refuses(lq.UnknownId, "confidence", plan.reach, min_confidence="lowest")


def test_a_city_of_two_areas_reaches_both_and_says_how_much_of_it(plan):
    ganzhou = plan.reach().query("unit_id == 'c07.s02' and quote == '赣州'")
    found = ganzhou.set_index("region_id")[["counties", "whole"]].to_dict("index")
    both = {"ganminyue": (18, True), "xiangganbian": (2, False)}
    assert found == {area: {"counties": n, "whole": whole} for area, (n, whole) in both.items()}
    # Provinces are twenty, not the printed 21.
    assert plan.membership()["province"].nunique() == 20
    assert plan.find("21个省").shape[0] == 1


def test_renaming_areas_permutes_reach(plan):
    # Ids carry no meaning: a permuted set of ids gives the same rows under the new names.
    shuffled = random.Random(7).sample(IDS, len(IDS))
    new = dict(zip(IDS, shuffled, strict=True))
    scopes, mentions, areas = plan.scopes(), plan.table("mentions"), plan._place_areas()
    mentions["region_id"] = mentions["region_id"].map(lambda r: new.get(r, r))
    areas["region_id"] = areas["region_id"].map(new)
    scopes["class_areas"] = scopes["class_areas"].map(lambda c: tuple(new.get(r, r) for r in c))
    permuted = regions.reach(scopes, mentions, areas, shuffled)
    expected = plan.reach()
    expected["region_id"] = expected["region_id"].map(new)
    found, expected = (
        each.sort_values(["scope_id", "region_id", "via"], ignore_index=True)
        for each in (permuted, expected)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_an_area_has_the_same_measures_whatever_other_areas_a_table_has(tmp_path):
    """A place that lies in no area of the table is still the place of its measure."""
    plan = lq.load()
    reach = plan.measure_reach().query("reach in ['named', 'place']")
    for area, here in reach.groupby("region_id"):
        rows = plan.membership(area).query("confidence != 'low'")
        rows[["region_id", "adcode"]].to_csv(path := tmp_path / "own.csv", index=False)
        with pytest.warns(UserWarning, match="has no county of"):
            own = lq.load(membership=path).measure_reach()
        found = own.query("region_id == @area and reach in ['named', 'place']")["measure_id"]
        assert sorted(found) == sorted(here["measure_id"]), area


def test_tables_that_rest_on_the_membership_are_of_the_own_one(tmp_path):
    shipped = lq.load()
    (tmp_path / "own.csv").write_text("region_id,name\n沂蒙,沂水县\n", "utf-8")
    with pytest.warns(UserWarning, match="has no county of"):
        own = lq.load(membership=tmp_path / "own.csv")
    reach = own.table("reach")
    assert set(reach.loc[reach["how"] == "place", "region_id"]) <= {"yimeng"}
    assert own.table("city_membership").empty and reach.equals(
        own.reach(None, "low")
        .sort_values(["scope_id", "region_id", "via"], ignore_index=True)
        .astype(reach.dtypes)
    )
    # Areas that keep the shipped rows keep the shipped cities too.
    other = lq.load(membership=tmp_path / "own.csv", membership_mode="complete")
    assert len(other.table("city_membership")) == len(shipped.table("city_membership"))
    for table in (shipped.table("reach"), shipped.measure_reach()):
        name = "reach" if "via" in table else "measure_reach"
        mine = other.table(name) if name == "reach" else other.measure_reach()
        one, two = (each.query("region_id != 'yimeng'") for each in (table, mine))
        assert one.reset_index(drop=True).equals(two.reset_index(drop=True)), name
