"""The annotated plan: it says exactly what the plan says, and its marks lead where they should."""

from __future__ import annotations

import io
import json

import docx as python_docx
import lxml.html
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given
from hypothesis import strategies as st

import laoqu as lq
from laoqu.pages import Place
from laoqu.pages.docx import docx
from laoqu.pages.html import shell
from laoqu.pages.marked import _marked, extras, fragment
from laoqu.pages.pdf import pdf
from laoqu.pages.plan import annotate, pieces
from laoqu.show.words import table

PLAN = lq.load()


@pytest.fixture(scope="module", params=["zh", "en"])
def record(request):
    return annotate(PLAN, request.param).record


@st.composite
def texts_with_spans(draw):
    text = draw(st.text(st.sampled_from("革命老区<&>”"), min_size=1, max_size=30))
    edge = st.integers(0, len(text))
    pairs = st.tuples(edge, edge).map(sorted).filter(lambda pair: pair[0] < pair[1])
    return text, [tuple(pair) for pair in draw(st.lists(pairs, max_size=6))]


@given(texts_with_spans())
def test_pieces_are_the_text_and_carry_every_span(given):
    text, spans = given
    cut = pieces(text, spans)
    assert "".join(text[a:b] for a, b, _ in cut) == text
    assert all(a < b for a, b, _ in cut)
    for i, (start, end) in enumerate(spans):
        assert "".join(text[a:b] for a, b, over in cut if i in over) == text[start:end]


def unit_of(text, spans, kinds):
    marks = [{"id": f"x{i}", "kind": kind, "class": "S", "label": "", "title": "", "tags": {}}
             for i, kind in enumerate(kinds[: len(spans)])]  # fmt: skip
    unit = {"id": "u", "text": text, "turns": [], "pieces": pieces(text, spans)}
    return unit, marks


@given(texts_with_spans(), st.lists(st.sampled_from(["measure", "place", "doubt"]), min_size=6))
def test_marks_that_nest_and_overlap_are_well_formed_and_keep_the_text(given, kinds):
    text, spans = given
    # Outer kinds come first, as `annotate` has them: a letter is a link and may not stand in one.
    kinds.sort(key=["measure", "doubt", "place"].index)
    html = _marked(*unit_of(text, spans, kinds))
    tree = lxml.html.fragment_fromstring(html, create_parent="p")
    assert said(tree) == text
    assert lxml.html.tostring(tree, encoding="unicode").count("<a") == html.count("<a")
    assert not tree.xpath(".//a//a")
    ids = tree.xpath(".//@id")
    assert len(ids) == len(set(ids)) == len(spans)


def said(tree):
    """Return the text of an element without the letters and page numbers beside it."""
    return "".join(tree.xpath('.//text()[not(ancestor::*[@class="k" or @class="pg"])]'))


def test_the_page_says_what_the_plan_says(record):
    tree = lxml.html.fromstring(f"<div>{fragment(record)}</div>")
    assert "".join(said(each) for each in tree.xpath('//*[contains(@class, "t")][@class="t"]')) == (
        PLAN.document.canonical
    )


def test_every_mark_has_its_words_its_card_and_its_own_id(record):
    tree = lxml.html.fromstring(f"<div>{fragment(record)}</div>")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    measures = PLAN.measures().set_index("measure_id")["quote"]
    shown = {
        each.get("id"): said(each) for each in tree.xpath('//span[starts-with(@class, "measure")]')
    }
    assert shown == measures.to_dict()
    assert {each[1:] for each in tree.xpath("//a/@href")} <= set(ids)
    named = PLAN.mentions().set_index("mention_id")["printed"].to_dict()
    assert {key: said(tree.get_element_by_id(key)) for key in named} == named
    assert json.loads(json.dumps(record)) == json.loads(json.dumps(record, default=str))


def test_page_numbers_stand_where_pages_begin(record):
    turns = [
        (PLAN.document.unit(unit["id"]).start + at, page)
        for unit in record["units"]
        for at, page in unit["turns"]
    ]
    assert {page for _, page in turns} == set(range(1, 14))
    assert all(PLAN.document.page_of(start) == page for start, page in turns)


def test_a_card_tells_codes_by_name_both_passes_and_the_ruling():
    cards = {span["id"]: span for span in annotate(PLAN, "en").record["spans"]}
    rulings = PLAN.table("adjudications")
    for row in rulings.itertuples():
        told = " ".join(f"{a} {b}" for a, b in cards[row.measure_id]["rows"])
        assert "ruling" in told and row.rule in told
    card = dict(map(tuple, cards["c07.s03.m1"]["rows"]))
    assert card["Places named"] == "Longyan, Meizhou, Chenzhou, Linyi"
    assert cards["c07.s03.m1"]["cite"] in PLAN.cite("c07.s03.m1")["citation"].tolist()


def test_what_is_marked_and_filtered_is_what_the_notebook_asks_for():
    some = PLAN.measures().query("theme == 'T08'")
    record = annotate(PLAN, "en", {"measures": some}, ["area", "actor"]).record
    marked = {span["id"] for span in record["spans"] if span["kind"] == "measure"}
    assert marked == set(some["measure_id"])
    assert [each["name"] for each in record["filters"]] == ["area", "actor"]
    assert {code for code, _ in record["filters"][1]["options"]} == set(some["actor"])


def test_one_clause_is_shown_alone_and_an_unknown_one_refused():
    shown = PLAN.show("c07")
    assert str(shown).replace("\n", "") == PLAN.clauses["c07"].text
    with pytest.raises(lq.UnknownId, match="c7"):
        PLAN.show("c7")


def test_english_stands_under_every_unit():
    for unit in annotate(PLAN, "en").record["units"]:
        assert any(text for *_, text in unit["below"]), unit["id"]
    for key, row in table().items():
        if key.startswith("planpage.text."):
            assert row["zh"] == PLAN.document.unit(key.removeprefix("planpage.text.")).text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("plan")
    for lang in ("zh", "en"):
        record = annotate(PLAN, lang).record
        page = shell(fragment(record), Place(lang, "plan", (lang,)), record["title"], **extras())
        assert len(page.encode()) < 1_000_000
        (root / lang).mkdir()
        (root / lang / "plan.html").write_text(page, encoding="utf-8")
    return root


@pytest.fixture
def plan_page(visit, folder):
    return lambda path, *at, **more: visit(f"{folder}/{path}", *at, **more)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_is_open_to_all_on_every_screen(plan_page, lang):
    for width, scheme in ((360, "light"), (768, "dark"), (1280, "light")):
        page = plan_page(f"{lang}/plan.html?area=yimeng#c07.s03.m1", width, color_scheme=scheme)
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_an_address_opens_at_its_measure_and_a_key_closes_the_card(plan_page):
    page = plan_page("zh/plan.html#c07.s03.m1")
    card = page.locator("#k-c07\\.s03\\.m1")
    assert card.is_visible() and page.locator("#c07\\.s03\\.m1").is_visible()
    assert 0 < page.locator("#c07\\.s03\\.m1").bounding_box()["y"] < 800
    page.keyboard.press("Escape")
    assert not card.is_visible()
    page.locator("#c07\\.s03\\.m1 > .k").focus()
    page.keyboard.press("Enter")
    assert card.is_visible() and card.evaluate("it => it.contains(document.activeElement)")
    card.get_by_role("button").click()
    page.locator(".card.open .close").click()
    assert not card.is_visible()


def test_filters_show_what_the_frames_say(plan_page):
    reach = PLAN.measure_reach().query("region_id == 'yimeng'")
    near = set(reach.query("reach in ['named', 'place']")["measure_id"])
    lit = "[...document.querySelectorAll('.measure.hit[id]')].map((it) => it.id)"
    page = plan_page("zh/plan.html?area=yimeng")
    assert set(page.evaluate(lit)) == near
    assert str(len(near)) in page.locator("#filter output").inner_text()
    page.check("#with-common")
    assert set(page.evaluate(lit)) == set(reach["measure_id"])
    page.uncheck("#with-common")
    page.select_option("[name=theme]", "T08")
    themes = PLAN.measures().set_index("measure_id")["theme"]
    assert set(page.evaluate(lit)) == {each for each in near if themes[each] == "T08"}
    page.locator("[type=reset]").click()
    page.wait_for_function("!document.body.matches('.chosen')")
    assert page.evaluate(lit) == []
    page.fill("[name=place]", "三明市")
    assert "c15.s01.m1" in page.evaluate(lit)


def test_without_scripts_text_marks_and_cards_are_there(plan_page):
    page = plan_page("en/plan.html", java_script_enabled=False)
    assert page.locator("#c07\\.s03\\.m1").is_visible()
    assert not page.locator("#filter").is_visible()
    page.locator("#c07\\.s03\\.m1 > .k").click()
    assert page.locator("#k-c07\\.s03\\.m1").is_visible()


def test_print_has_the_whole_text_and_its_letters():
    record = annotate(PLAN, "zh").record
    reader = pypdf.PdfReader(io.BytesIO(pdf([record], "zh")))
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    for quote in ("强化跨省合作联动发展", "确保方案落实"):
        assert quote in text
    assert len(reader.pages) <= 7


def test_word_has_the_whole_text_and_its_letters():
    record = annotate(PLAN, "en").record
    file = python_docx.Document(io.BytesIO(docx([record], "en")))
    text = "".join(paragraph.text for paragraph in file.paragraphs).replace("\u2009", "")
    assert "[E]支持龙岩、梅州、郴州、临沂等城市建设省际交界地区节点城市，" in text
    assert "Support Longyan" in text and "〔13〕" in text
