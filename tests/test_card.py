"""The county card: known answers, what is unknown is said to be so, no number without data."""

from __future__ import annotations

import itertools
import re

import pytest

import laoqu as lq
from laoqu.analysis import county
from laoqu import reports as parameters
from laoqu.cli import main
from laoqu.sections.card import TABLES
from laoqu.sections.checks import unbacked

NAMES = (*TABLES, "provenance")
JINGXI, LUOZHUANG, HESHAN, DONGCHENG = "451081", "371311", "410602", "110101"
HAN = re.compile("[\u3400-\u9fff]")


def values(card):
    return {k: v for name in NAMES for k, v in getattr(card, name)().values.items()}


@pytest.fixture(scope="module")
def weak(plan):
    """A county that only evidence of low confidence puts into an area."""
    table = plan.membership()
    return table.loc[table["confidence"] == "low", "adcode"].iloc[0]


def test_a_key_county_that_box_1_lists(plan):
    it = lq.card("靖西", "zh", plan)
    found = values(it)
    # 靖西市 stands in box 1; 百色 there as its locator and in c07.s06; 左右江 in c05, c09, box 3
    # twice, c10 and c13: 1 + 2 + 6 namings.
    assert (found["named.itself"], found["named.city"], found["named.area"]) == (1, 2, 6)
    assert found["named.recipients"] == 8
    # Sentences: the one that points to box 1; c07.s06; the six of the area.
    assert [found[f"card.{way}"] for way in county.NAMED] == [1, 1, 0, 6]
    assert found["card.unknown"] == 0
    # For key counties: c04.s03 and c04.s04, c16.s03 in its third segment.
    assert found["card.key_class"] == 3
    assert "确实包括本县" in it.reach().items[0]
    assert it.head().warning == ""


def test_a_county_whose_city_and_area_are_named(plan):
    found = values(lq.card(LUOZHUANG, "en", plan))
    # 临沂 in c07, c09, c11; its high-tech zone in box 4; 沂蒙 in c04 and c10.
    assert [found[f"named.{way}"] for way in county.NAMED] == [0, 3, 1, 2]
    assert found["county.key"] == found["card.key_class"] == 0


def test_a_county_no_source_documents_is_unknown_not_outside(plan):
    for code, zones in ((HESHAN, 1), (DONGCHENG, 0)):  # 鹤壁 has a zone in box 4
        it, found = lq.card(code, "en", plan), None
        found = values(it)
        assert "unknown, not outside" in it.head().warning
        assert found["county.areas"] == found["card.everyone"] == found["card.none"] == 0
        assert found["card.zone"] == zones
        assert found["card.unknown"] == found["card.directives"] - zones
        assert "Whether the county is in one of the areas is unknown" in repr(it.silent())
    assert "prints neither" in it.named().lead


def test_weak_evidence_is_shown_and_not_counted(plan, weak):
    it = lq.card(weak, "en", plan)
    assert "evidence of low confidence" in it.head().warning
    assert len(it.areas().rows) == 1
    assert values(it)["card.area"] == 0


def test_every_sentence_is_counted_once(plan):
    codes = sorted(set(plan.membership()["adcode"]))[::40]
    for code in codes:
        found = values(lq.card(code, "zh", plan))
        total = sum(found[f"card.{way}"] for way in county.WAYS)
        assert total == found["card.directives"] == len(plan.directives())


def test_a_county_is_reached_as_its_area_is(plan):
    """What names no place reaches a county of one area exactly as it reaches the area."""
    near = plan.nearest_reach()
    near = near[near["region_id"] == "yimeng"]["reach"].value_counts()
    found = values(lq.card(LUOZHUANG, "zh", plan))
    assert found["card.everyone"] == near["everyone"]
    assert found["card.conditional"] == near["conditional"]
    # A sentence that names a place of the area other than the county's own reaches only the area.
    assert found["card.open"] + found["card.none"] >= near["open"] + near["none"]


def test_an_open_list_that_cannot_hold_the_area_cannot_hold_its_county(plan):
    """海陆丰、琼崖、沂蒙等东部地区革命老区 of c10.s07 holds eastern and central areas only."""
    western = lq.card("靖西", "zh", plan).context.ways.set_index("unit_id")["way"]
    central = lq.card("井冈山", "zh", plan).context.ways.set_index("unit_id")["way"]
    assert (western["c10.s07"], central["c10.s07"]) == ("none", "open")


def test_urban_districts_alone_share_what_their_city_proper_is_given(plan):
    # c07.s06 names 三明市区: 三元区 and 沙县区, not 将乐县 (350428).
    def unit(code):
        named = lq.card(code, "zh", plan).context.named
        return set(named.loc[named["level"] == "urban_area", "quote"])

    assert unit("350404") == {"三明市区"}
    assert unit("350428") == set()


def test_the_words_are_exact(plan):
    for row in lq.card(JINGXI, "zh", plan).context.named.itertuples():
        assert plan.document.canonical[row.start : row.end] == row.quote
        assert row.quote in row.sentence


def test_no_number_is_printed_that_the_data_do_not_hold(plan, weak):
    codes = [*sorted(set(plan.membership()["adcode"]))[::25], HESHAN, DONGCHENG, weak, "411728"]
    for code, lang in itertools.product(codes, ("zh", "en")):
        it = lq.card(code, lang, plan)
        assert unbacked(getattr(it, name)().data() for name in NAMES) == []


def test_both_languages_have_the_same_numbers(plan):
    zh, en = (values(lq.card(JINGXI, lang, plan)) for lang in ("zh", "en"))
    assert zh.keys() == en.keys()
    assert {k: v for k, v in zh.items() if type(v) is int} == {
        k: v for k, v in en.items() if type(v) is int
    }


def test_english_holds_chinese_only_as_names_and_quotations(plan):
    it = lq.card(LUOZHUANG, "en", plan)
    for name in TABLES:
        block = getattr(it, name)()
        texts = [block.lead, block.warning, block.note, *block.items, *block.columns]
        for text in texts:
            assert not HAN.search(text.replace("罗庄区", "").replace(" 等", "")), text


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("临沂市", lq.ParameterError, "has counties of its own"),
        ("山东省", lq.ParameterError, "has counties of its own"),
        ("nowhere", lq.UnknownId, "unknown place"),
        ("鼓楼区", lq.UnknownId, "several places"),
    ],
)
def test_what_is_no_county_is_refused(plan, name, error, message):
    with pytest.raises(error, match=message):
        lq.card(name, "zh", plan)


def test_all_means_every_county_that_a_source_names(plan, monkeypatch, tmp_path):
    assert parameters.county_codes() == sorted(set(plan.membership()["adcode"]))
    assert len(parameters.county_codes()) == 505
    mine = tmp_path / "mine.csv"
    mine.write_text("region_id,adcode\nyimeng,371311\n", encoding="utf-8")
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(mine))
    assert parameters.county_codes() == ["371311"]


def test_cards_are_a_preset_with_a_place_of_their_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path))
    assert main(["card"]) == 2
    assert "name at least one county" in capsys.readouterr().err
    assert main(["card", "nowhere"]) == 2
    assert main(["card", "靖西市", LUOZHUANG, "--why"]) == 0
    assert capsys.readouterr().out == "zh/cards/451081: new\nzh/cards/371311: new\n"


def test_a_card_is_made_whole(tmp_path):
    (run,) = lq.run_cards([JINGXI], ["en"], tmp_path)
    assert (run.status, run.error) == ("ok", "")
    files = {each["path"].removeprefix("en/cards/451081/") for each in run.outputs}
    assert files == {
        "card.html", "card.ipynb", "values.json", "tables/areas.csv", "tables/named.csv",
        "tables/reach.csv",
    }  # fmt: skip
    text = (tmp_path / "en/cards/451081/card.html").read_text(encoding="utf-8")
    assert "papermill template" not in text
    for link in set(re.findall(r'href="([^"#]+)', text)):
        assert (tmp_path / "en/cards/451081" / link).is_file(), link
    assert 'href="en/cards/451081/card.html"' in (tmp_path / "index.html").read_text("utf-8")
    assert "Jingxi" in text


def test_the_printed_name_is_marked_in_its_sentence(plan):
    block = lq.card(JINGXI, "en", plan).named()
    for row, ((start, end),) in zip(block.rows, block.marks, strict=True):
        assert f"({row[0][start:end]})" in row[1]
