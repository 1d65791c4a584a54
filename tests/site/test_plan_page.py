"""The annotated plan: it says exactly what the plan says, and its marks lead where they should."""

import io
import re

import docx as python_docx
import lxml.html
import nbformat
import pypdf
import pytest
from fixture import PLAN, refuses, violations
from hypothesis import given
from hypothesis import strategies as st

import laoqu as lq
from laoqu import pages
from laoqu.errors import FORMATS
from laoqu.pages.html import marked_text
from laoqu.pages.plan import annotate, pieces
from laoqu.show.words import LANGS, table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Both pages as the batch makes them from the notebook."""
    root = tmp_path_factory.mktemp("plan")
    runs = lq.run_plan(LANGS, outputs=root, formats=FORMATS)
    assert [(run.name, run.error) for run in runs if run.status != "ok"] == []
    return root


@pytest.fixture(scope="module", params=LANGS)
def made(request, folder):
    return folder / request.param


@pytest.fixture(scope="module")
def record(made):
    shown = pages.records(nbformat.read(made / "plan.ipynb", as_version=4))
    return next(each for each in shown if each["kind"] == "plan")


@pytest.fixture(scope="module")
def tree(made):
    return lxml.html.fromstring((made / "plan.html").read_text(encoding="utf-8"))


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


def said(elements):
    """Return the text of elements without the letters and page numbers beside it."""
    beside = 'contains(concat(" ", @class, " "), " k ") or @class="pg"'
    return "".join("".join(it.xpath(f".//text()[not(ancestor::*[{beside}])]")) for it in elements)


def test_the_page_says_what_the_plan_says_and_where_its_pages_begin(tree, record):
    assert said(tree.xpath('//*[@class="t"]')) == PLAN.document.canonical
    turns = {}
    for unit in (u for p in record["passages"] for block in p["blocks"] for u in block["units"]):
        at = PLAN.document.unit(unit["id"]).start
        for piece in unit["pieces"]:
            turns |= {at: piece["page"]} if piece["page"] else {}
            at += len(piece["text"])
    assert turns == {at: PLAN.document.page_of(at) for at in turns}
    assert set(turns.values()) == set(range(1, 14))


def test_every_mark_has_its_words_its_card_and_its_own_id(tree):
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {each[1:] for each in tree.xpath('//a/@href[starts-with(., "#")]')} <= set(ids)
    assert not tree.xpath('//*[@class="plan"]//a//a')
    wanted = PLAN.measures().set_index("measure_id")["quote"].to_dict()
    wanted |= PLAN.mentions().set_index("mention_id")["printed"].to_dict()
    wanted |= PLAN.corrections().set_index("correction_id")["quote"].to_dict()
    found = dict.fromkeys(wanted, "")
    for piece in tree.xpath('//*[@class="plan"]//*[@data-of]'):
        for name in piece.get("data-of").split():
            found[name] += piece.text_content()
    assert found == wanted
    assert {f"k-{name}" for name in wanted} | set(wanted) <= set(ids)


def test_a_card_tells_codes_by_name_both_passes_and_the_ruling(record):
    cards = {card["id"]: card for card in record["cards"]}
    for row in PLAN.table("adjudications").itertuples():
        told = " ".join(f"{a} {b}" for a, b in cards[row.measure_id]["rows"])
        assert re.search("ruling|裁定", told) and row.rule in told
    card = cards["c07.s03.m1"]
    wanted = {"zh": ("写到的地方", "龙岩、梅州、郴州、临沂"),
              "en": ("Places named", "Longyan, Meizhou, Chenzhou, Linyi")}  # fmt: skip
    assert list(wanted[record["lang"]]) in card["rows"]
    assert any(text.startswith("E1 ") for _, text in card["rows"])
    # The passes agree here: the card says so, and why S8 bears a U.
    rows = dict(cards["c01.s03.m2"]["rows"]).values()
    assert any(re.match(r"U\s", text) for text in rows)
    assert any(re.search("两遍均为|both passes", text) for text in rows)
    assert card["cite"] in PLAN.cite("c07.s03.m1")["citation"].tolist()


def test_what_is_marked_told_and_filtered_is_what_is_asked_for():
    hostile = "<img src=x onerror=alert(1)>"
    some = PLAN.measures().query("theme == 'T08'").assign(short_en=hostile, note=hostile)
    given = {"measures": some, "corrections": PLAN.corrections()[:0]}
    shown = annotate(PLAN, "en", given, {"measures": ["actor", "note"]}, ["actor"]).record
    marked = {card["id"] for card in shown["cards"] if card["mark"] == "measure"}
    assert marked == set(some["measure_id"])
    assert {code for code, _ in shown["filters"][0]["options"]} == set(some["actor"])
    page = marked_text(shown)
    assert hostile not in page and page.count("&lt;img src=x") == 2 * len(some)
    assert str(PLAN.show("c07")).replace("\n", "") == PLAN.clauses["c07"].text
    refuses(lq.UnknownId, "actor", annotate, PLAN, "en", given, {"measures": ["acter"]})


def test_english_stands_under_every_unit():
    for passage in annotate(PLAN, "en").record["passages"]:
        for block in passage["blocks"]:
            assert any(text for *_, text in block["below"]), block["units"][0]["id"]
    for key, row in table().items():
        if key.startswith("planpage.text."):
            assert row["zh"] == PLAN.document.unit(key.removeprefix("planpage.text.")).text


@pytest.fixture
def plan_page(visit, folder):
    return lambda path, *at, **more: visit(f"{folder}/{path}", *at, **more)


SCREENS = [("zh", 360, "light"), ("en", 768, "dark"), ("zh", 1280, "light")]


def test_what_the_page_quotes_stands_in_the_plan(folder):
    for lang in LANGS:
        quoted = lxml.html.parse(folder / lang / "plan.html").xpath("//q")
        texts = ["".join(each.text_content().split()) for each in quoted]
        assert [each for each in texts if each not in PLAN.document.canonical] == []
        assert len(texts) > 10


def test_the_page_is_open_to_all_on_every_screen(plan_page, folder):
    for lang, width, scheme in SCREENS:
        assert (folder / lang / "plan.html").stat().st_size < 1_050_000
        page = plan_page(f"{lang}/plan.html", width, color_scheme=scheme)
        for wanted in ("h1", ".answer", "#filter summary"):
            box = page.locator(wanted).bounding_box()
            assert box["y"] + box["height"] < 800, wanted
        assert not page.locator("#choice").is_visible()
        page = plan_page(f"{lang}/plan.html?area=yimeng#c07.s03.m1", width, color_scheme=scheme)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_an_address_opens_at_its_measure_and_a_key_closes_the_card(plan_page):
    page = plan_page("zh/plan.html#c07.s03.m1")
    card, mark = page.locator("#k-c07\\.s03\\.m1"), page.locator("#c07\\.s03\\.m1")
    assert card.is_visible() and 0 < mark.bounding_box()["y"] < 800
    assert page.locator(".now").first.get_attribute("data-of") == "c07.s03.m1"
    page.keyboard.press("Escape")
    assert not card.is_visible() and page.locator(".now").count() == 0
    mark.focus()
    page.keyboard.press("Enter")
    assert card.is_visible() and card.evaluate("it => it.contains(document.activeElement)")
    card.get_by_role("button").click()
    card.locator(".close").click()
    assert not card.is_visible()
    page.locator("#c07\\.s01\\.m1").hover()
    page.locator("#k-c07\\.s01\\.m1").wait_for(state="visible")


def test_filters_show_what_the_frames_say(plan_page):
    reach = PLAN.measure_reach().query("region_id == 'yimeng'")
    near = set(reach.query("reach in ['named', 'place']")["measure_id"])
    page = plan_page("zh/plan.html?area=yimeng")

    def lit():
        found = page.locator(".plan .hit").evaluate_all("all => all.map(it => it.dataset.of)")
        return {name for each in found for name in each.split() if ".m" in name}

    covering = PLAN.measures().set_index("measure_id")
    assert near <= lit()
    assert str(len(near)) in page.locator("#hits output").inner_text()
    page.locator("#filter summary").click()
    page.check("[name=common]")
    assert str(len(reach)) in page.locator("#hits output").inner_text()
    page.uncheck("[name=common]")
    page.select_option("[name=theme]", "T08")
    assert lit() == {each for each in near if covering["theme"][each] == "T08"}
    page.locator("[type=reset]").click()
    page.locator("body:not(.chosen)").wait_for()
    assert lit() == set()
    page.fill("[name=place]", "三明市")
    assert "c15.s01.m1" in lit()


def test_without_scripts_text_marks_and_cards_are_there(plan_page):
    page = plan_page("en/plan.html", java_script_enabled=False)
    assert page.locator("#c07\\.s03\\.m1").is_visible()
    assert not page.locator("#filter").is_visible()
    page.locator("#c07\\.s03\\.m1").click()
    assert page.locator("#k-c07\\.s03\\.m1").is_visible()


def test_paper_has_the_whole_text_and_its_letters(made):
    reader = pypdf.PdfReader(io.BytesIO((made / "plan.pdf").read_bytes()))
    text = "".join("".join(page.extract_text() for page in reader.pages).split())
    file = python_docx.Document(made / "plan.docx")
    words = "".join(paragraph.text for paragraph in file.paragraphs).replace("\u2009", "")
    for quote in ("强化跨省合作联动发展", "确保方案落实"):
        assert quote in text and quote in words
    assert "[E]支持龙岩、梅州、郴州、临沂等城市建设省际交界地区节点城市，" in words
    assert "〔13〕" in words and ("Support Longyan" in words) == (made.name == "en")
