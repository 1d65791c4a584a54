"""The report's sections: known numbers, both languages, words from one table, numbers backed."""

from __future__ import annotations

import copy
import csv
import html
import itertools
import re

import pandas as pd
import pytest

import laoqu as lq
from laoqu import labels, paths
from laoqu.analysis import exposure, resample
from laoqu.labels import label
from laoqu.regions import REACH
from laoqu.sections import SECTIONS
from laoqu.sections.card import TABLES
from laoqu.sections.checks import unbacked
from laoqu.sections.compared import SENTENCES, order, sentence_ranks
from laoqu.sections.pages import FIGURES
from laoqu.tables import Block, marked, text_table

REGIONS = lq.load().region_ids
LANGS = ("zh", "en")
BLOCKS = tuple(name for name in SECTIONS if name not in FIGURES)
HAN = re.compile("[\u3400-\u9fff]")
RUN = re.compile(f"{HAN.pattern}+")
DOCUMENTED = (paths.checkout() or paths.PACKAGE) / "docs" / "report.md"


@pytest.fixture(scope="module")
def pages():
    plan = lq.load()
    return {(r, lang): lq.report(r, lang, plan) for r in REGIONS for lang in LANGS}


@pytest.fixture(scope="module")
def shown(made):
    """What every block of every report shows, as plain data, from the executed notebooks."""
    return {key: [each for each in it.shown if each["kind"] == "block"] for key, it in made.items()}


def block(shown, region, lang, name):
    return next(each for each in shown[region, lang] if each["name"] == name)


def values(shown, region, lang="en"):
    return {key: value for each in shown[region, lang] for key, value in each["values"].items()}


def every():
    names = [(r, lang) for r in REGIONS for lang in LANGS]
    return [pytest.param(*pair, id="-".join(pair)) for pair in names]


def test_numbers_of_yimeng_worked_by_hand(pages):
    # Places: 临沂 (c07, c09, c11, and its zone in b4) and 新泰 (b2).
    found = pages["yimeng", "en"].all_numbers.loc["yimeng"].to_dict()
    assert found == {
        "named": 2, "place": 5, "place_part": 0, "clauses": 7, "places": 2, "places_part": 0,
        "key_counties": 0, "county_seats": 1, "zones": 1, "zones_part": 0,
    }  # fmt: skip


def test_numbers_of_qiongya_worked_by_hand(pages):
    found = pages["qiongya", "en"].all_numbers.loc["qiongya"].to_dict()
    assert found == {
        "named": 3, "place": 2, "place_part": 0, "clauses": 5, "places": 2, "places_part": 0,
        "key_counties": 0, "county_seats": 1, "zones": 0, "zones_part": 0,
    }  # fmt: skip


def test_values_of_yimeng_worked_by_hand(shown):
    found = values(shown, "yimeng")
    # Measures: c04.s02.m1 and c10.s07.m1-2 name it; c07.s03.m1-2, b2.s01.m1, c09.s03.m2,
    # c11.s07.m4 and b4.s01.m2 go through 临沂 or 新泰. Of these b2, c09 and b4 name a deliverable
    # (4) and c07.s03.m1 a rank (3). 临沂 is a node city, has vegetable bases and trade.
    assert {key: found[key] for key in (
        "support.named", "support.place", "targets.direct", "targets.checkable",
        "targets.G3.direct", "targets.G5.direct", "glance.cities", "places.namings",
        "counties.listed", "counties.unnamed",
    )} == {
        "support.named": 3, "support.place": 6, "targets.direct": 9, "targets.checkable": 4,
        "targets.G3.direct": 3, "targets.G5.direct": 1, "glance.cities": 1, "places.namings": 5,
        "counties.listed": 18, "counties.unnamed": 17,
    }  # fmt: skip


def test_key_counties_add_up_to_53(pages):
    assert pages["yimeng", "zh"].all_numbers["key_counties"].sum() == 53


@pytest.mark.parametrize("region", REGIONS)
def test_values_are_what_the_plan_says(shown, pages, region):
    """The same numbers from the public frames, on another way."""
    found, plan = values(shown, region), pages[region, "en"].plan
    near = plan.nearest_reach().query("region_id == @region")["reach"].value_counts()
    assert [found[f"reach.{reach}"] for reach in REACH] == near.reindex(
        REACH, fill_value=0
    ).tolist()
    assert found["reach.directives"] == near.sum() == 95
    measures = plan.measures(region)
    counts = measures["reach"].value_counts()
    for reach in ("named", "place", "class", "everyone", "conditional"):
        assert found[f"support.{reach}"] == counts.get(reach, 0)
    direct = measures[measures["reach"].isin(["named", "place"])]
    for code, n in direct["theme"].value_counts().items():
        assert found[f"themes.{code}.here"] == found[f"support.theme.{code}"] == n
    for code, n in direct["instrument_class"].value_counts().items():
        assert found[f"instruments.{code}.here"] == n
    assert found["places.namings"] == (plan.mentions(region)["level"] != "area").sum()
    assert found["area.documented"] == plan.region(region).documented


def test_compared_with_an_all_zero_column():
    zeros = pd.Series({"a": 0, "b": 0, "c": 0})
    assert exposure.compared(zeros, "a") == {
        "value": 0, "low": 0, "high": 0, "median": 0.0, "more": 0, "same": 2, "fewer": 0
    }  # fmt: skip


@pytest.mark.parametrize(("region", "lang"), every())
def test_every_block_of_every_report_has_text_and_html(pages, region, lang):
    for name in BLOCKS:
        it = getattr(pages[region, lang], name)()
        page = it._repr_html_()
        assert repr(it).strip()
        assert it.name == name
        assert "{" not in re.sub("<pre.*?</pre>|<[^>]*>", "", page, flags=re.DOTALL), name
        for tag in ("section", "header", "table", "tbody", "tr", "td", "details", "q", "span"):
            assert len(re.findall(f"<{tag}[ >]", page)) == page.count(f"</{tag}>"), (name, tag)


@pytest.mark.parametrize(("region", "lang"), every())
def test_every_number_printed_is_in_the_data(made, region, lang):
    names = [each["name"] for each in made[region, lang].shown]
    assert sorted(names) == sorted(SECTIONS)
    assert unbacked(made[region, lang].shown) == []


def changed(blocks, change):
    """A copy of a report's data in which `change` found something to make wrong."""
    wrong = copy.deepcopy(blocks)
    change(wrong)
    assert wrong != blocks
    return unbacked(wrong)


@pytest.mark.parametrize("region", ["yimeng", "ganminyue"])
def test_the_check_finds_a_wrong_number_wherever_it_stands(shown, region):
    blocks = shown[region, "en"]
    at = {each["name"]: number for number, each in enumerate(blocks)}

    def lead(wrong):
        here = wrong[at["support"]]
        here["lead"] = re.sub(
            r"\d+", lambda found: str(int(found[0]) + 1000), here["lead"], count=1
        )

    def item(wrong):
        wrong[at["silent"]]["items"][1] += " 4711"

    def cell(wrong):
        wrong[at["glance"]]["rows"][0][1] = "77"

    def value(wrong):
        wrong[at["glance"]]["values"] = {}

    def swapped(wrong):
        # Right numbers in a wrong row: the offsets of another measure.
        details = wrong[at["support"]]["details"]
        details[0], details[-1] = details[-1], details[0]

    def record(wrong):
        wrong[at["counties"]]["records"]["rows"][0][1] = "999999"

    def group(wrong):
        wrong[at["support"]]["groups"][0][1] += " (888)"

    def passage(wrong):
        wrong[at["silent"]]["items"][4] = "see clause 170 and box 5"

    for change in (lead, item, cell, value, swapped, record, group, passage):
        assert changed(blocks, change), change.__name__
    assert changed(blocks, lead)[0].startswith("support lead: ")


def test_the_check_takes_floats_and_codes_as_they_are_written():
    it = {"kind": "block", "name": "b", "values": {"a": 3.0, "b": "c04.s02.m1", "c": "0.1.0"}}
    assert unbacked([{**it, "lead": "3 of c04.s02.m1 in version 0.1.0, clause 16"}]) == []
    assert unbacked([{**it, "lead": "3.5 of c04.s02 in 0.1.1"}]) == [
        f"b lead: {number} in: 3.5 of c04.s02 in 0.1.1" for number in ("0.1.1", "3.5", "c04.s02")
    ]


@pytest.mark.parametrize("region", REGIONS)
def test_one_key_has_one_value_and_both_languages_have_the_same(shown, region):
    found = {}
    for lang in LANGS:
        for each in shown[region, lang]:
            for key, value in each["values"].items():
                assert isinstance(value, (int, float, str)), key
                assert not isinstance(value, str) or len(value) <= 250, key
                assert found.setdefault((key, lang), value) == value, key
    for (key, lang), value in found.items():
        if lang == "zh" and not isinstance(value, str):
            assert found[key, "en"] == value
    assert {key for key, lang in found if lang == "zh"} == {k for k, lang in found if lang == "en"}


def documented(heading):
    """Return the keys in the table of one section, capitals standing for any name."""
    text = DOCUMENTED.read_text(encoding="utf-8").partition(f"{heading}\n")[2].partition("\n## ")[0]
    return [
        re.compile(re.sub(r"[A-Z]+", r"[\\w-]+", re.escape(form)))
        for form in re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE)
    ]


@pytest.mark.skipif(not DOCUMENTED.is_file(), reason="needs a checkout")
def test_every_key_of_a_card_is_documented():
    # A key county in an area; one in an area and no key county; one in none.
    keys = set()
    for adcode in ("451081", "371311", "110101"):
        card = lq.card(adcode, "en")
        for name in (*TABLES, "provenance"):
            keys |= set(getattr(card, name)().values)
    shared = ("plan.", "edition.", "input.", "version.")
    own, forms = documented("## Keys of a card's values.json"), documented("## Keys of values.json")
    for key in sorted(keys):
        known = forms if key.startswith(shared) else own
        assert any(form.fullmatch(key) for form in known), key
    assert [f.pattern for f in own if not any(f.fullmatch(key) for key in keys)] == []


@pytest.mark.skipif(not DOCUMENTED.is_file(), reason="needs a checkout")
def test_every_key_of_values_is_documented(shown):
    forms = documented("## Keys of values.json")
    keys = {key for region in REGIONS for key in values(shown, region)}
    assert [key for key in sorted(keys) if not any(f.fullmatch(key) for f in forms)] == []
    unused = [f.pattern for f in forms if not any(f.fullmatch(key) for key in keys)]
    assert unused == []


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("form", ["png", "svg", "csv"])
def test_no_two_reports_share_a_figure(made, name, form):
    drawn = {key: (it.folder / f"figures/{name}.{form}").read_bytes() for key, it in made.items()}
    # A table of numbers may be the same in both languages, a picture not.
    for group in ([drawn[r, lang] for r in REGIONS] for lang in LANGS):
        assert len(set(group)) == len(REGIONS)
    if form != "csv":
        assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize("region", REGIONS)
def test_measures_print_the_exact_words_with_the_names_marked(pages, shown, region):
    plan, it = pages[region, "zh"].plan, block(shown, region, "zh", "support")
    records = pd.DataFrame(it["records"]["rows"], columns=it["records"]["columns"])
    assert it["ids"] == records["measure_id"].tolist()
    for row, marks, record in zip(it["rows"], it["marks"], records.itertuples(), strict=True):
        assert row[0] == plan.document.canonical[record.start : record.end] == record.quote
        for a, b in marks:
            assert 0 <= a < b <= len(row[0])
    page = pages[region, "zh"].support()._repr_html_()
    words = [re.sub("<[^>]*>", "", q) for q in re.findall(r"<td[^>]*><q.*?</q>", page)]
    assert [html.unescape(text) for text in words] == [row[0] for row in it["rows"]]
    assert "<mark>" in page


@pytest.mark.parametrize(("region", "lang"), every())
def test_every_measure_that_reaches_the_area_is_listed_once(pages, shown, region, lang):
    listed = [
        id
        for each in shown[region, lang]
        if each["name"].startswith("support")
        for id in each["ids"]
    ]
    assert sorted(listed) == sorted(pages[region, lang].plan.measures(region)["measure_id"])
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize(("region", "lang"), every())
def test_a_row_opens_to_clause_page_and_offsets_and_the_sentence(pages, shown, region, lang):
    sentences = pages[region, lang].plan.sentences().set_index("unit_id")["text"]
    for name in ("support", "support_class", "support_everyone", "support_conditional"):
        it = block(shown, region, lang, name)
        rows = pd.DataFrame(it["records"]["rows"], columns=it["records"]["columns"])
        for pairs, row in zip(it["details"], rows.itertuples(), strict=True):
            where = label("where.offsets", lang, start=row.start, end=row.end)
            page = label("where.page", lang, page=row.page)
            assert where in pairs[0][1]
            assert page in pairs[0][1]
            sentence = sentences[row.unit_id]
            assert (
                row.quote == sentence
                or [label("evidence.sentence", lang), f"“{sentence}”"] in pairs
            )


@pytest.mark.parametrize(("region", "lang"), every())
def test_groups_are_themes_in_order_and_cover_every_row(shown, region, lang):
    for each in shown[region, lang]:
        if not each["name"].startswith("support") or not each["rows"]:
            continue
        starts = [start for start, _ in each["groups"]]
        assert starts[0] == 0
        assert starts == sorted(set(starts))
        sizes = [b - a for a, b in itertools.pairwise([*starts, len(each["rows"])])]
        assert [str(size) in text for size, (_, text) in zip(sizes, each["groups"], strict=True)]


def test_where_small_numbers_give_no_order_no_rank_is_claimed(pages, shown):
    # One to six sentences name an area: under five in nine of them, so none is ranked by them.
    for (region, lang), it in pages.items():
        found = values(shown, region, lang)
        ranks = sentence_ranks(it.context.frames, SENTENCES["named"])
        assert not resample.rankable(ranks["count"], ranks["clauses"])
        said, _ = order(it.context, "named", ranks)
        assert found["rank.named.order"] == "small"
        assert said in block(shown, region, lang, "glance")["lead"]
        assert ("no order is claimed" if lang == "en" else "不排名次") in said
        for key in ("named", "direct", "measures", "shared"):
            best, worst = (found[f"rank.{key}.{end}"] for end in ("best", "worst"))
            assert 1 <= best <= worst <= 12
            assert found[f"rank.{key}.order"] in ("small", "wide", "rank", "incomplete")
            wide = worst - best + 1 > 6
            assert (found[f"rank.{key}.order"] == "wide") <= wide
            assert (found[f"rank.{key}.order"] == "rank") <= (not wide)


@pytest.mark.parametrize(
    ("counts", "kind", "words"),
    [
        # (count, clauses, best, worst) of the first area; the others have ten each, in two clauses.
        ((4, 2, 12, 12), "small", "1 of the 12 areas has fewer than 5"),
        ((4, 1, 12, 12), "small", "1 of the 12 areas has fewer than 5"),
        ((30, 1, 1, 2), "clause", "in 1 of the 12 areas all of them stand in one clause"),
        ((9, 2, 3, 9), "wide", "cannot be said to stand high or low"),
        ((30, 2, 1, 2), "rank", "95% of the ranks lie between 1 and 2 of 12"),
    ],
)
def test_the_wording_of_an_order_follows_the_numbers(pages, counts, kind, words):
    context = pages["ganminyue", "en"].context
    rows = dict.fromkeys(REGIONS, (10, 2, 1, 12)) | {"ganminyue": counts}
    columns = ["count", "clauses", "best", "worst"]
    ranks = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    said, found = order(context, "direct", ranks)
    assert found["rank.direct.order"] == kind
    assert words in said


@pytest.mark.parametrize(("region", "lang"), every())
def test_the_plain_absences_are_said(pages, shown, region, lang):
    text = repr(pages[region, lang].silent())
    assert text.count("方案没有说" if lang == "zh" else "the plan does not say") >= 6
    none = "没有为任何老区设定量化的结果指标" if lang == "zh" else "sets no quantified outcome"
    assert none in block(shown, region, lang, "targets")["lead"]


@pytest.mark.parametrize("region", ["taihang", "xiangeyuqian"])
def test_incomplete_areas_say_so_at_the_top(pages, region):
    assert pages[region, "zh"].head().warning == label("head.incomplete", "zh")
    assert pages["yimeng", "zh"].head().warning == ""


@pytest.mark.parametrize("region", REGIONS)
def test_no_chinese_in_english_outside_quotations_and_names(pages, shown, region):
    plan = pages[region, "en"].plan
    listed = [plan.source["title"], *plan.table("references")["title"]]
    listed += [*plan.mentions()["name"], *plan.gazetteer()["name"]]
    listed += [*(plan.gazetteer()["short_name"] + "州")]
    names = {"等", *itertools.chain(*map(RUN.findall, listed))}
    # The texts of doubts quote the plan: two or three characters, a name.
    words = plan.document.canonical
    for each in shown[region, "en"]:
        texts = [each[key] for key in ("title", "lead", "warning", "note")]
        texts += [*each["columns"], *each["items"]]
        texts += [t for key in ("facts", "groups", "links", "copy") for _, t in each[key]]
        texts += [
            cell for row in each["rows"]
            for column, cell in enumerate(row) if column not in each["quoted"]
        ]  # fmt: skip
        texts += [t for pairs in each["details"] for _, t in pairs if not t.startswith("“")]
        for run in itertools.chain(*map(RUN.findall, texts)):
            assert run in names or (run in words and len(run) <= 10), (each["name"], run)


@pytest.mark.parametrize("region", REGIONS)
def test_english_tables_of_sentences_have_renderings_and_ids(shown, region):
    direct = block(shown, region, "en", "support")
    english = {row[0]: row[1] for row in direct["rows"]}
    here = block(shown, region, "en", "targets_here")
    assert {row[0]: row[1] for row in here["rows"]} == english
    assert {row[-1] for row in here["rows"]} == set(direct["ids"])
    for row in block(shown, region, "en", "silent_open")["rows"]:
        assert not HAN.search(row[1]) and len(row[1].split()) > 5, row
    assert len(block(shown, region, "zh", "silent_open")["columns"]) == 2


def test_zones_have_english_names_and_those_named_after_another_place_their_city(shown):
    names = {row[1] for row in block(shown, "xiangganbian", "en", "places")["rows"]}
    etdz = "National Economic and Technological Development Zone"
    assert f"Ganzhou {etdz} 赣州经济技术开发区" in names
    assert f"Jinggangshan {etdz} 井冈山经济技术开发区 (in Ji'an 吉安市)" in names
    through = dict(block(shown, "xiangganbian", "en", "support")["details"][-1])["Through"]
    assert "Ji'an 吉安市 (only 3 counties of the city documented" in through
    zones = str(block(shown, "xiangganbian", "en", "support")["details"])
    assert "井冈山经济技术开发区 (zone in Ji'an 吉安市; only 3 counties of the city" in zones
    names = {row[1] for row in block(shown, "dabieshan", "zh", "places")["rows"]}
    assert "中国（驻马店）国际农产品加工产业园" in names


def test_a_chinese_name_in_an_english_note_is_romanised_too(pages):
    plan = pages["yimeng", "en"].plan
    english = {}
    for row in plan.gazetteer().itertuples():
        english |= {row.name: row.name_en, row.short_name: row.name_en}
    for text in (*plan.table("corrections")["text_en"], *plan.regions()["note_en"]):
        for run in RUN.findall(text):
            assert english.get(run, "") in text, text


def test_sentences_have_the_name_of_the_area_with_its_article(shown):
    said = " ".join(each["lead"] for each in shown["dabieshan", "en"])
    said += " ".join(item for each in shown["dabieshan", "en"] for item in each["items"])
    assert "the Dabie Mountains" in said
    assert not re.search("(?<!the )Dabie Mountains", said)
    assert block(shown, "dabieshan", "en", "head")["title"].startswith("Dabie Mountains old")


def test_chinese_in_an_english_page_is_tagged_as_chinese(pages):
    for region in ("yimeng", "zuoyoujiang"):
        for name in BLOCKS:
            page = getattr(pages[region, "en"], name)()._repr_html_()
            bare = re.sub(
                r'<q lang="zh">.*?</q>|<span lang="zh">[^<]*</span>|<pre.*?</pre>', "", page
            )
            bare = re.sub("<[^>]*>", "", bare)
            assert not HAN.search(bare), (name, HAN.search(bare))


def test_one_and_many_in_english():
    assert label("targets.lead", "en", n=1, good=0) == (
        "Of the 1 measure that reaches the area directly, 0 have a verifiability of 3 or more "
        "(5 is highest)."
    )
    assert "counties have" in label("map_section.low", "en", n=2)
    assert "county has" in label("map_section.low", "en", n=1)
    assert label("map_section.low", "zh", n=1).startswith("另有 1 个县")


@pytest.mark.parametrize(("region", "lang"), every())
def test_no_clumsy_plural(shown, region, lang):
    if lang == "zh":
        return
    for each in shown[region, lang]:
        for text in (each["lead"], each["note"], *each["items"]):
            assert not re.search(r"\b1 (?:measures|sentences|counties|times|areas)\b", text), text
            assert "  " not in text


def test_the_page_links_every_file_it_comes_with(pages):
    links = dict(reversed(link) for link in pages["yimeng", "en"].provenance().links)
    tables = [
        f"tables/{name}.csv" for name in BLOCKS if getattr(pages["yimeng", "en"], name)().rows
    ]
    figures = [f"figures/{name}.{form}" for name in FIGURES for form in ("png", "svg", "csv")]
    assert set(links) == {
        *tables, *figures, "values.json", "report.ipynb"
    }  # fmt: skip


@pytest.mark.parametrize(("region", "lang"), every())
def test_every_link_of_a_page_leads_to_a_file(made, region, lang):
    it = made[region, lang]
    links = set(re.findall(r'href="([^"#]+)', it.page))
    assert {"../../index.html", "report.pdf", "report.docx", "report.ipynb"} <= links
    assert [link for link in links if not (it.folder / link).is_file()] == []
    assert len(links) == 4 + sum(len(each.get("links", ())) for each in it.shown) - 1


def test_a_commit_is_printed_only_where_it_is_known(pages, monkeypatch):
    monkeypatch.delenv("LAOQU_COMMIT", raising=False)
    assert label("provenance.commit", "en") not in repr(pages["yimeng", "en"].provenance())
    monkeypatch.setenv("LAOQU_COMMIT", "0123abc")
    assert "0123abc" in repr(pages["yimeng", "en"].provenance())


def test_citations_name_the_area_and_the_version(pages):
    forms = dict(pages["yimeng", "en"].head().copy)
    assert forms["BibTeX"].startswith("@misc{laoqu_yimeng_en,")
    assert forms["BibTeX"].count("{") == forms["BibTeX"].count("}")
    assert forms["RIS"].splitlines()[0] == "TY  - DATA"
    assert forms["RIS"].splitlines()[-1] == "ER  - "
    for text in forms.values():
        assert "Yimeng" in text
        assert lq.__version__ in text


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
    # A key is named whole, or parts of it are filled in: f"measure.{name}", "measure." ~ name.
    named = set(re.findall(r"""["']([\w.]+)["']""", code))
    forms = re.findall(r"""f"([\w.{}' |\[\]]+)\"""", code) + re.findall(r"f'([\w.{}]+)'", code)
    forms = {re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "*", form) for form in forms}
    forms |= {f"{form}*" for form in re.findall(r'"([\w.]+\.)" ~', code)}
    forms |= {f"{name}.*" for name in named if name.endswith(".col")}
    # A form of nothing but names would find every key used.
    filled = [
        re.compile(re.escape(form).replace(r"\*", r"[\w.]+"))
        for form in forms
        if "." in form and "*" in form and re.search(r"\w", form)
    ]
    for key in labels.table():
        assert key in named or any(form.fullmatch(key) for form in filled), key
    for key in re.findall(r"""(?:label|say)\(\s*["']([\w.]*\w)["']""", code):
        assert key in labels.table(), key


def test_an_unknown_label_or_language_is_refused():
    with pytest.raises(lq.UnknownId, match=r"nearest: glance\.title"):
        label("glance.titel")
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
    own = label("provenance.own", "en")
    assert f"{own}: membership = mine.csv" in repr(page.provenance())
    assert "mine.csv" in page.provenance()._repr_html_()
    assert own not in repr(lq.report("yimeng", "en").provenance())


def test_a_block_escapes_what_it_shows():
    it = Block(
        "a-b", "<i>", lead="a & b", columns=("x",), rows=(("1 < 2",),), details=((("w", "<s>"),),),
        groups=((0, "<g>"),), copy=(("<c>", "<d>"),), links=(("<l>", "f.csv"),),
    )  # fmt: skip
    page = it._repr_html_()
    for raw in ("<i>", "<s>", "<g>", "<c>", "<d>", "<l>", "1 < 2", "a & b"):
        assert raw not in page
    assert it.data()["name"] == "a_b"


def test_a_coding_of_ones_own_with_empty_cells_still_gives_a_report(tmp_path):
    from laoqu import sheets

    plan = lq.load()
    sheet = sheets.template(plan.table("measures"), plan.codebook(), tmp_path / "mine.csv")
    page = lq.report("yimeng", "en", lq.load(coding=sheet))
    for name in BLOCKS:
        assert repr(getattr(page, name)()).strip()
    assert label("code.none", "en") in page.support().rows[0]


def test_the_choice_of_provinces_is_open_only_where_they_choose(plan):
    """Clause 4 leaves key counties to the provinces of eight areas, not to those of the west."""
    text = plan.document.clauses["c04"].text
    for region in plan.regions().itertuples():
        said = label("silent.provincial", "en") in lq.report(region.region_id, "en").silent().items
        assert said == (region.name_zh in text), region.region_id
    said = [label("silent.provincial", "zh") in lq.card(code, "zh").silent().items
            for code in ("421122", "621022", "110101")]  # 红安县, 环县, 东城区  # fmt: skip
    assert said == [True, False, False]


def test_notes_on_incomplete_areas_are_counted(plan):
    """What a note says of counties in no source follows from the membership table."""
    listed = plan.membership().groupby("region_id")["adcode"].nunique()
    table = plan.regions().set_index("region_id")
    for region_id in ("taihang", "xiangeyuqian"):
        row = table.loc[region_id]
        missing = row["official_total"] - listed[region_id]
        for lang in LANGS:
            numbers = [int(n) for n in re.findall(r"\d+", row[f"note_{lang}"])]
            assert {row["official_total"], missing, row["low_confidence"]} <= set(numbers)
            parts = set(numbers) - {row["official_total"], missing, row["low_confidence"]}
            assert not parts or sum(parts) == row["official_total"]


def test_flags_are_those_of_the_words_that_reach_the_area(plan):
    """c12.s02.m2 puts a condition on other cities, none on 延安."""
    seen = set()
    for region_id in REGIONS:
        report = lq.report(region_id, "en")
        block, rows = report.support(), report.context.frames.by_measure
        rows = rows[(rows["region_id"] == region_id) & rows["how"].isin(["named", "place"])]
        for measure_id, details in zip(block.ids, block.details, strict=True):
            meant = rows.loc[rows["measure_id"] == measure_id, "conditional"].any()
            said = "conditional" in dict(details).get(label("evidence.flags", "en"), "")
            assert said == meant, (region_id, measure_id)
            seen.add((measure_id, said))
    assert ("c12.s02.m2", False) in seen and True in {said for _, said in seen}


def test_no_rank_is_stated_through_places_where_counties_are_missing():
    for region_id, said in (("taihang", True), ("xiangeyuqian", True), ("shaanganning", False)):
        block = lq.report(region_id, "en").compared()
        assert ("no: counties missing" in str(block.rows)) == said
        assert (
            f"of {lq.load().region(region_id).official_total} counties" in str(block.items)
        ) == said


def test_a_county_under_no_city_is_said_to_be_directly_under_its_province():
    table = lq.report("qiongya", "en").counties()
    prefectures = {row[1]: row[2] for row in table.rows}
    assert prefectures["469002"] == "directly under the province"
    assert "海口市" in prefectures["460107"]
