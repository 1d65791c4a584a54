"""The report's sections: known numbers, both languages, words from one table."""

from __future__ import annotations

import csv
import html
import re

import pandas as pd
import pytest

import laoqu as lq
from laoqu import labels, paths
from laoqu.analysis import exposure
from laoqu.labels import label
from laoqu.tables import marked, text_table

SECTIONS = (
    "head", "numbers", "coverage_lead", "coverage", "map_lead", "map", "measures",
    "shared", "boxes", "limits", "source",
)  # fmt: skip
REGIONS = lq.load().region_ids
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def pages():
    plan = lq.load()
    return {(r, lang): lq.report(r, lang, plan) for r in REGIONS for lang in ("zh", "en")}


def test_numbers_of_yimeng_worked_by_hand(pages):
    # Places: 临沂 (c07, c09, c11, and its zone in b4) and 新泰 (b2).
    values = pages["yimeng", "en"].all_numbers.loc["yimeng"].to_dict()
    assert values == {
        "named": 2, "place": 5, "place_part": 0, "clauses": 7, "places": 2, "places_part": 0,
        "key_counties": 0, "county_seats": 1, "zones": 1, "zones_part": 0,
    }  # fmt: skip


def test_numbers_of_qiongya_worked_by_hand(pages):
    values = pages["qiongya", "en"].all_numbers.loc["qiongya"].to_dict()
    assert values == {
        "named": 3, "place": 2, "place_part": 0, "clauses": 5, "places": 2, "places_part": 0,
        "key_counties": 0, "county_seats": 1, "zones": 0, "zones_part": 0,
    }  # fmt: skip


def test_key_counties_add_up_to_53(pages):
    assert pages["yimeng", "zh"].all_numbers["key_counties"].sum() == 53


@pytest.mark.parametrize("region", REGIONS)
def test_reach_counts_add_up_to_all_directives(pages, region):
    counts = dict(pages[region, "zh"].reach_counts)
    assert counts.pop("directives") == sum(counts.values()) == 95


def test_compared_with_an_all_zero_column():
    values = pd.Series({"a": 0, "b": 0, "c": 0})
    assert exposure.compared(values, "a") == {
        "value": 0, "low": 0, "high": 0, "median": 0.0, "more": 0, "same": 2, "fewer": 0
    }  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_section_of_every_report_has_text_and_html(pages, region, lang, section):
    shown = getattr(pages[region, lang], section)()
    assert repr(shown).strip()
    page = shown._repr_html_()
    assert "{" not in re.sub("<[^>]*>", "", page)
    assert page.count("<section") == page.count("</section>")


@pytest.mark.parametrize("region", REGIONS)
def test_measures_print_the_exact_words_with_the_names_marked(pages, region):
    plan, block = pages[region, "zh"].plan, pages[region, "zh"].measures()
    assert len(block.rows) == (
        pages[region, "zh"].reach_counts["named"] + pages[region, "zh"].reach_counts["place"]
    )
    for row, cells in zip(block.rows, block.cells_html, strict=True):
        assert row[1] in plan.document.canonical
        words = re.sub("<[^>]*>", "", cells[1])
        assert html.unescape(words) == row[1]
    assert "<mark>" in block._repr_html_()


@pytest.mark.parametrize("region", REGIONS)
def test_shared_sentences_and_measures_make_up_what_reaches_the_area(pages, region):
    page = pages[region, "zh"]
    counts = page.reach_counts
    listed = page.shared()._repr_html_().count("<li>")
    assert listed == counts["class_"] + counts["everyone"] + counts["conditional"]


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_plain_absences_are_said(pages, region, lang):
    text = repr(pages[region, lang].limits())
    expected = "方案没有说" if lang == "zh" else "the plan does not say"
    assert text.count(expected) >= 4
    assert label("numbers.no_targets", lang) in repr(pages[region, lang].numbers())


@pytest.mark.parametrize("region", ["taihang", "xiangeyuqian"])
def test_incomplete_areas_say_so_at_the_top(pages, region):
    assert label("head.incomplete", "zh") in repr(pages[region, "zh"].head())
    assert label("head.incomplete", "zh") not in repr(pages["yimeng", "zh"].head())


@pytest.mark.parametrize("region", REGIONS)
def test_no_chinese_in_english_outside_quotations_and_names(pages, region):
    page = pages[region, "en"]
    plan_words = page.plan.document.canonical
    for section in ("numbers", "coverage_lead", "coverage", "shared"):
        text = repr(getattr(page, section)()).replace("等", "")
        assert not HAN.search(text), text
    names = set(page.plan.gazetteer()["name"])
    kinds = page.boxes().rows
    for row in kinds:
        assert not HAN.search(row[1])
        place = re.sub("[ (),:0-9a-zA-Z–-]", "", row[5])
        assert all(HAN.search(char) for char in place) or place == ""
        assert row[2] in plan_words
    assert names


def test_labels_have_both_languages_and_the_same_fields():
    for key, texts in labels.table().items():
        assert texts["zh"].strip(), key
        assert texts["en"].strip(), key
        fields = [sorted(re.findall(r"\{(\w+)\}", texts[lang])) for lang in ("zh", "en")]
        assert fields[0] == fields[1], key


def test_every_label_is_used_and_every_used_label_exists():
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for pattern in ("*.py", "*.j2")
        for path in paths.PACKAGE.rglob(pattern)
    )
    # A key is named whole, or its last part is filled in: f"measure.{name}", ("prefix", "a", "b").
    for key in labels.table():
        prefix = key.rsplit(".", 1)[0]
        used = any(
            pattern in code
            for pattern in (
                f'"{key}"',
                f'"{prefix}.{{',
                f'"{prefix}",',
                f'"{prefix}." ~',
                f'"{prefix}.col"',
            )
        )
        assert used, key
    for key in re.findall(r'(?:label|_say)\(\s*"([\w.]*\w)"', code):
        assert key in labels.table(), key


def test_an_unknown_label_or_language_is_refused():
    with pytest.raises(lq.UnknownId, match=r"nearest: numbers\.title"):
        label("numbers.titel")
    with pytest.raises(lq.ParameterError, match="expected one of zh, en"):
        lq.report("yimeng", "fr")


def test_labels_are_sorted():
    with (paths.PACKAGE / "labels.csv").open(encoding="utf-8", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file)]
    assert keys == sorted(keys)
    assert len(keys) == len(set(keys))


def test_marked_escapes_and_skips_overlaps():
    assert marked("a<b>c", 10, [(11, 12), (11, 13), (14, 15)]) == (
        "a<mark>&lt;</mark>b&gt;<mark>c</mark>"
    )


def test_text_table_pads_chinese_by_two():
    assert text_table(["a", "b"], [["中", "1"]]).splitlines() == ["a   b", "中  1"]


def test_spacing_sets_thin_spaces_between_scripts():
    assert labels.spaced("共有 95 句，n=12个GDP") == "共有\u200995\u2009句，n=12\u2009个\u2009GDP"


def test_a_report_says_which_tables_are_the_users_own(tmp_path):
    mine = tmp_path / "mine.csv"
    mine.write_bytes((paths.data() / "curated" / "membership.csv").read_bytes())
    page = lq.report("yimeng", "en", lq.load(membership=mine))
    assert "membership = mine.csv" in repr(page.source())
    assert "mine.csv" in page.source()._repr_html_()
    assert "own" not in repr(lq.report("yimeng", "en").source())
