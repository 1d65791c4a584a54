"""The answer paragraph, the county card and what stands behind them, against the plan's words."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

import laoqu as lq
from laoqu.analysis import answer, county, naming
from laoqu.errors import LaoquError

GOLDEN = Path(__file__).with_name("answers.csv")
#: Words that report.md replaces; none may stand in what a reader sees.
NOT_SAID = re.compile(
    "触及|点名|经由地方|作为某一类|与其他区共有|措施句|本区|其余十一区|成员县|点名交付物|位次称号|重抽"
    r"|\breach(es)?\b|through a named place|as one of a class|with everyone|redrawn|protected-veg"
)


@pytest.fixture(scope="module")
def found(plan):
    return answer.findings(plan)


def test_the_answers_are_those_that_were_read(plan, found):
    """A change of data shows here as a change of sentences: read them, then take over the file.

    ``pytest`` prints what the file would have to hold.
    """
    now = io.StringIO()
    rows = csv.writer(now, lineterminator="\n")
    rows.writerow(["region_id", "lang", "answer"])
    for region_id in plan.region_ids:
        for lang in ("zh", "en"):
            text = answer.paragraph(lq.Show(plan, lang).words, found[region_id])
            rows.writerow([region_id, lang, text])
    assert now.getvalue() == GOLDEN.read_text(encoding="utf-8")


def test_no_answer_is_longer_than_its_limit(plan, found):
    for lang in ("zh", "en"):
        words = lq.Show(plan, lang).words
        long = {
            area: text
            for area, each in found.items()
            if answer.length(text := answer.paragraph(words, each), lang) > answer.LIMIT[lang]
        }
        assert long == {}


def test_what_an_answer_names_stands_in_the_plan_beside_the_name(plan, found):
    """Every measure that an answer counts as named prints the area within its own sentence."""
    sentences = plan.sentences().set_index("unit_id")["text"]
    wrong = []
    for area, each in found.items():
        names = {plan.region(area).name_zh, plan.region(area).full_zh, *plan.region(area).aliases}
        for row in each.named.itertuples():
            if not any(name in sentences[row.unit_id] for name in names):
                wrong.append((area, row.measure_id))
    assert wrong == []


def test_what_only_one_area_gets_names_no_other(plan, found):
    wrong = []
    for area, each in found.items():
        for row in each.named[each.named["named_areas"] == 1].itertuples():
            others = [plan.region(other).name_zh for other in plan.region_ids if other != area]
            wrong += [(row.measure_id, name) for name in others if name in row.quote]
    assert wrong == []


def test_known_numbers_of_areas(plan):
    table = answer.counts(plan)
    assert table.loc["ganminyue", ["named", "cities", "zones"]].tolist() == [5, 5, 12]
    assert table.loc["zuoyoujiang", ["named", "key_counties"]].tolist() == [7, 25]
    assert table["key_counties"].sum() == 53
    assert table.index[~table["complete"]].tolist() == ["xiangeyuqian", "taihang"]
    # Clause 四 and box 1 split the twelve into eight and four.
    measures = answer.direct(plan).query("measure_id == 'c04.s02.m1'")["region_id"]
    assert set(measures) == set(table.index[table["key_counties"] == 0])


def test_a_standing_printed_twice_counts_once(plan):
    here = naming.standings(plan).query("region_id == 'ganminyue' and name == '长汀县'")
    assert here["role"].tolist() == ["county_seat_demo"]


def test_numbers_of_places_run_from_one_and_cities_come_first(plan):
    for area, rows in naming.standings(plan).groupby("region_id"):
        numbers = rows.drop_duplicates("adcode").sort_values("number")
        assert numbers["number"].tolist() == list(range(1, len(numbers) + 1)), area
        assert numbers["shape"].is_monotonic_increasing, area  # circle, then square


def test_an_area_that_is_not_named_says_just_that(plan, found):
    empty = found["yimeng"]
    none = answer.Findings(
        "yimeng", empty.named.iloc[:0], empty.cities.iloc[:0], empty.lacking.iloc[:0], 0, True
    )
    text = answer.paragraph(lq.Show(plan, "en").words, none)
    assert "It does not name Yimeng." in text


def test_no_word_that_readers_stumble_over_is_left_in_the_labels():
    from laoqu.show.words import table

    said = {
        key: text
        for key, texts in table().items()
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
    found = county.namings(mentions, unit["adcode"], unit["city"], False, areas)
    assert (found["way"] == "itself").sum() == own
    ways = county.reach(plan.scopes(), mentions, found, areas)["way"]
    assert len(ways) == plan.sentences()["directive"].sum()
    if not areas:
        assert set(ways) == {"unknown"}


def test_a_county_that_is_none_is_refused(plan):
    for name in ("北京", "朝阳区", "无此县", "530000"):
        with pytest.raises(LaoquError):
            county.find(plan, name)
