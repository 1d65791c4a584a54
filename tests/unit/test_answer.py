"""The answer paragraph, the county card and what stands behind them, against the plan's words."""

import csv
import io
import re
from pathlib import Path

import pytest
from fixture import refuses

import laoqu as lq
from laoqu.analysis import answer, county, naming
from laoqu.errors import LANGS, LaoquError
from laoqu.show.words import table as labels

GOLDEN = Path(__file__).with_name("answers.csv")
#: Words that report.md replaces; none may stand in what a reader sees.
NOT_SAID = re.compile(
    "触及|点名|经由地方|作为某一类|与其他区共有|措施句|本区|其余十一区|成员县|点名交付物|位次称号|重抽"
    r"|\breach(es)?\b|through a named place|as one of a class|with everyone|redrawn|protected-veg"
)


@pytest.fixture(scope="module")
def named(plan):
    """Every measure that an answer counts as named."""
    return answer.direct(plan).query("reach == 'named'")


def test_the_answers_are_those_that_were_read_and_not_too_long(plan):
    """A change of data shows here as a change of sentences: read them, then take over the file.

    ``pytest`` prints what the file would have to hold.
    """
    now, found = io.StringIO(), {}
    for lang in LANGS:
        found[lang] = answer.answers(plan, lq.Show(plan, lang).words)
        for area, text in found[lang].items():
            assert answer.length(text, lang) <= answer.LIMIT[lang], area
    rows = csv.writer(now, lineterminator="\n")
    rows.writerow(["region_id", "lang", "answer"])
    rows.writerows([area, lang, found[lang][area]] for area in plan.region_ids for lang in LANGS)
    assert now.getvalue() == GOLDEN.read_text(encoding="utf-8")


def test_what_an_answer_names_stands_in_the_plan_beside_the_name(plan, named):
    sentences = plan.sentences().set_index("unit_id")["text"]
    wrong = []
    for row in named.itertuples():
        area = plan.region(row.region_id)
        names = {area.name_zh, area.full_zh, *area.aliases}
        if not any(name in sentences[row.unit_id] for name in names):
            wrong.append((row.region_id, row.measure_id))
        others = (plan.region(each).name_zh for each in plan.region_ids if each != row.region_id)
        if row.named_areas == 1:  # what only one area gets names no other
            wrong += [(row.measure_id, name) for name in others if name in row.quote]
    assert wrong == []


def test_known_numbers_of_areas(plan):
    table = answer.counts(plan)
    assert table.loc["ganminyue", ["named", "cities", "zones"]].tolist() == [5, 5, 12]
    assert table.loc["zuoyoujiang", ["named", "key_counties"]].tolist() == [7, 25]
    assert table["key_counties"].sum() == 53
    # Of 赣州, 郴州 and 吉安 only 2, 4 and 3 counties lie in 湘赣边.
    assert table.loc["xiangganbian", ["named", "place", "place_part"]].tolist() == [3, 19, 11]
    assert table.loc["xiangganbian", ["cities", "cities_part", "zones_part"]].tolist() == [3, 3, 5]
    assert table["place_part"].drop("xiangganbian").to_dict() == {
        **dict.fromkeys(table.index.drop("xiangganbian"), 0),
        "ganminyue": 1,
        "xiangeyuqian": 2,
        "taihang": 2,
    }
    assert table.index[~table["complete"]].tolist() == ["xiangeyuqian", "hailufeng", "taihang"]
    # Of these five every county is documented: only there is a city known to lie in it in part.
    assert table.index[table["whole"]].tolist() == [
        "dabieshan", "xiangganbian", "qiongya", "zhexinan", "yimeng"
    ]  # fmt: skip
    part = naming.standings(plan).query("part and clause_id == 'c07'")
    stated = part[part["stated"]].groupby("region_id")["printed"].agg("、".join)
    assert stated.to_dict() == {"taihang": "长治", "xiangeyuqian": "张家界、恩施"}
    # A class of counties is neither the area nor a place of it (e13): 2 and 9, not 12 in all.
    assert table.loc["xiangeyuqian", ["named", "place"]].tolist() == [2, 9]
    direct = answer.direct(plan)
    near = plan.measure_reach().query("reach in ['named', 'place']")
    assert direct["region_id"].value_counts().equals(near["region_id"].value_counts())
    # Clause 15 gives 通江, 田东, 红安 and 延川 designated assistance alone.
    aided = direct[direct["measure_id"] == "c15.s01.m1"].set_index("region_id")["short_zh"]
    only = aided.index[aided == "中央单位定点帮扶"]
    assert set(only) == {"chuanshaan", "zuoyoujiang", "dabieshan", "shaanganning"}
    # Clause 四 and box 1 split the twelve into eight and four.
    measures = direct.query("measure_id == 'c04.s02.m1'")["region_id"]
    assert set(measures) == set(table.index[table["key_counties"] == 0])


def test_open_lists_are_lists_and_not_sentences(plan):
    found = {area: answer.open_lists(plan, area) for area in ("chuanshaan", "yimeng", "qiongya")}
    lists = {area: rows.groupby("unit_id")["role"].agg(list) for area, rows in found.items()}
    # By hand. Box 4 has four lists: 川陕 is in two (广元 and 汉中, 绵阳), 沂蒙 in one (临沂).
    assert lists["chuanshaan"]["b4.s01"] == ["transition_zone", "bonded_zone"]
    assert lists["yimeng"]["b4.s01"] == ["etdz", "transition_zone", "bonded_zone"]
    # Clause 九 names 琼崖 in one list, and 恩施、巴中、安康等 and 赣州、延安、临沂等 without it.
    assert lists["qiongya"]["c09.s03"] == ["facility_vegetables", "selenium_industry"]
    assert lists["chuanshaan"]["c09.s03"] == ["", "facility_vegetables"]
    # Rivers and mountains are no list of recipients, nor are kinds (“综合保税区等”).
    assert not {"c12.s02", "c13.s02"} & {unit for each in lists.values() for unit in each.index}
    assert {area: len(rows) for area, rows in found.items()} == {
        "chuanshaan": 19, "yimeng": 23, "qiongya": 24
    }  # fmt: skip


def test_standings_count_once_and_numbers_of_places_run_from_one_cities_first(plan):
    standings = naming.standings(plan)
    here = standings.query("region_id == 'ganminyue' and name == '长汀县'")
    assert here["role"].tolist() == ["county_seat_demo"]  # printed twice
    for area, rows in standings.groupby("region_id"):
        numbers = rows.drop_duplicates("adcode").sort_values("number")
        assert numbers["number"].tolist() == list(range(1, len(numbers) + 1)), area
        assert numbers["shape"].is_monotonic_increasing, area  # circle, then square


def test_an_area_that_is_not_named_says_just_that(plan):
    rows, places, now = answer.direct(plan), naming.standings(plan), answer.counts(plan)
    missing = answer.lacking(rows, places, plan.scopes(), "yimeng")
    words = lq.Show(plan, "en").words
    none = [table.iloc[:0] for table in (rows, places, missing)]
    assert "It does not name Yimeng." in answer.paragraph(words, now.loc["yimeng"], *none)


def test_no_word_that_readers_stumble_over_is_left_in_the_labels():
    said = {
        key: text
        for key, texts in labels().items()
        for text in texts.values()
        if NOT_SAID.search(text) and not key.startswith("planpage.text.")  # the plan itself
    }
    assert said == {}


@pytest.mark.parametrize(
    ("place", "areas", "own"),
    [("451081", ["zuoyoujiang"], 1), ("环县", ["shaanganning"], 1), ("110101", [], 0)],
)
def test_a_county_and_where_it_is_named(plan, place, areas, own):
    unit = county.find(plan, place)
    members = plan.membership().query("adcode == @unit.adcode and confidence != 'low'")
    assert members["region_id"].tolist() == areas
    mentions = plan.table("mentions")
    found = county.namings(mentions, unit, areas)
    assert (found["way"] == "itself").sum() == own
    ways = county.reach(plan.scopes(), mentions, found, areas)["way"]
    assert len(ways) == plan.sentences()["directive"].sum()
    assert areas or set(ways) == {"unknown"}


def test_a_county_that_is_none_is_refused(plan):
    for name, said in {
        "北京": "has counties of its own", "朝阳区": "several", "无此县": "unknown place '无此县'",
        "530000": r"云南省 \(530000\) has counties",
    }.items():  # fmt: skip
        refuses(LaoquError, said, county.find, plan, name)
