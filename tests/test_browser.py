"""The pages in Chromium: nothing asked of a network, everything reached by keyboard and eye."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import sync_playwright

import laoqu as lq
from laoqu.batch import index
from laoqu.labels import LANGS, label

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
REGIONS = lq.load().region_ids
ALL = [(region, lang) for region in REGIONS for lang in LANGS]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1200, "height": 900}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("LAOQU_REQUIRE_BROWSER") != "1",
    reason="no Chromium on the PATH (Debian: apt-get install chromium)",
)


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "LAOQU_REQUIRE_BROWSER is set, but there is no Chromium on the PATH"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def goto(browser):
    """Return a function that opens a page; what it said and asked for is checked at the end."""
    contexts, said, asked = [], [], []

    def goto(path, **settings):
        context = browser.new_context(**{"viewport": DESK, "locale": "zh-CN"} | settings)
        contexts.append(context)
        context.set_default_timeout(5000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{path}")
        return page

    yield goto
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def visit(site, goto):
    """Return a function that opens a page of the site; see `goto`."""
    return lambda path, **settings: goto(f"{site}/{path}", **settings)


@pytest.fixture(scope="session")
def carded(tmp_path_factory, plan):
    """An index of all 505 county cards, some in one language, one failed; no file behind it."""
    runs = []
    for adcode in sorted(set(plan.membership()["adcode"])):
        for lang in LANGS[: 1 if adcode == "451081" else 2]:
            name = f"{lang}/cards/{adcode}"
            run = {"name": name, "recorded": {"seconds": 1}, "status": "ok", "error": ""}
            forms = ("card.html", "card.pdf", "card.ipynb", "values.json", "tables/named.csv")
            run["outputs"] = [{"path": f"{name}/{form}"} for form in forms]
            if adcode == "371311":
                run |= {"status": "failed", "error": "cell 3: <b>boom</b>", "outputs": []}
            runs.append(run)
    manifest = {"runs": runs, "made": "2026-01-01", "laoqu": "0", "python": "3", "packages": {}}
    path = tmp_path_factory.mktemp("cards") / "index.html"
    path.write_bytes(index.page(manifest))
    return path


def barriers(page):
    """Return what axe-core finds that keeps people out."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_a_report_is_open_to_all_and_fits_every_screen(visit, region, lang):
    page = visit(f"{lang}/{region}/report.html")
    assert page.locator("h1").count() == 1
    assert barriers(page) == []
    alts = page.locator("figure img").evaluate_all("all => all.map((it) => it.alt)")
    assert len(alts) >= 2 and all(alts)
    assert page.locator("figure figcaption").count() == len(alts)
    broken = "all => all.filter((it) => !document.querySelector(it.hash)).length"
    assert page.locator("nav ol a").evaluate_all(broken) == 0
    for width in (390, 768, 960, 1152, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert sideways(page) <= 0, width
        if width > 900:  # a table that has to be pushed is for small screens
            cut = "all => all.filter((it) => it.scrollWidth > it.clientWidth).length"
            assert page.locator(".scroll:visible").evaluate_all(cut) == 0, width


@pytest.mark.parametrize("lang", LANGS)
def test_the_index_is_open_to_all(visit, lang):
    page = visit(f"index.html#{lang}", viewport=PHONE)
    page.fill("#place", "庆阳")
    assert sideways(page) <= 0
    page.set_viewport_size(DESK)
    assert sideways(page) <= 0
    assert barriers(page) == []


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_index_of_500_cards_is_open_to_all_and_fits_every_screen(goto, carded, lang, scheme):
    page = goto(f"{carded}#{lang}", viewport=PHONE, color_scheme=scheme)
    assert page.locator("#cards li:visible").count() == 0  # 505 are folded by province
    page.fill("#place", "靖西")
    page.locator("#cards details").evaluate_all("all => all.forEach((it) => { it.open = true })")
    for width in (390, 768, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        assert sideways(page) <= 0, width
    assert barriers(page) == []
    assert carded.stat().st_size < 700_000


def test_a_card_is_reached_by_keyboard(goto, carded):
    page = goto(f"{carded}#en", locale="en-GB")
    page.locator("#cards summary").first.focus()
    page.keyboard.press("Enter")
    for word in ("Pingshan", "PDF"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == word
    assert page.evaluate("document.activeElement.getAttribute('href')") == (
        "en/cards/130131/card.pdf"
    )


@pytest.mark.parametrize("typed", ["451081", "靖西县", "Jingxi"])
def test_the_search_finds_a_card_by_name_and_code(goto, carded, typed):
    page = goto(f"{carded}#zh")
    page.fill("#place", typed)
    links = page.locator("#found li a").evaluate_all(
        "all => all.map((it) => it.getAttribute('href'))"
    )
    assert links == ["zh/cards/451081/card.html", "zh/cards/451081/card.pdf"]
    page.locator("#lang-en").check()  # there is no English card: the Chinese one is linked
    assert page.locator("#found li a").first.get_attribute("href") == "zh/cards/451081/card.html"
    line = page.locator("#cards li", has_text="451081").locator("[lang=en]")
    assert label("index.cards_other", "en") in line.text_content()
    assert line.locator("a").first.get_attribute("hreflang") == "zh"


def test_a_failed_card_says_so(goto, carded):
    page = goto(f"{carded}#en")
    failed = page.locator("#cards .failed")
    assert failed.count() == 2 and "371311" in failed.first.text_content()
    assert "<b>boom</b>" in failed.first.text_content()
    page.fill("#place", "罗庄区")
    assert label("find.card", "en") not in page.locator("#found").inner_text()


@pytest.mark.parametrize("path", ["en/taihang/report.html", "index.html#zh"])
def test_in_the_dark_too(visit, path):
    assert barriers(visit(path, color_scheme="dark")) == []


def test_evidence_opens(visit):
    page = visit("zh/shaanganning/report.html")
    details = page.locator("main details").first
    inside = details.locator(":scope > :not(summary)").first
    assert not inside.is_visible()
    details.locator("summary").first.click()
    assert inside.is_visible()


def test_tables_sort_up_down_and_back(visit):
    page = visit("zh/shaanganning/report.html")
    table = page.locator("main table:has(th.num)").first
    head = table.locator("th.num").first
    read = "all => all.map((it) => parseFloat(it.innerText))"
    column = table.locator("tbody tr:not(.group) td.num:nth-child(2)")
    printed = column.evaluate_all(read)
    assert printed != sorted(printed)
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column.evaluate_all(read) == sorted(printed)
    head.locator("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column.evaluate_all(read) == sorted(printed, reverse=True)
    head.locator("button").press("Space")
    assert head.get_attribute("aria-sort") is None
    assert column.evaluate_all(read) == printed


def test_a_group_keeps_its_head_when_sorted_and_filtered(visit):
    page = visit("zh/yimeng/report.html")
    rows = [("x", ""), ("b", 2), ("a", 10), ("y", ""), ("c", 9), ("d", 1)]
    body = "".join(
        f"<tr><td>{name}<td class=num>{value}"
        if value
        else f"<tbody><tr class=group><th colspan=2>{name}"
        for name, value in rows
    )
    page.evaluate(
        """(table) => {
          document.querySelector("nav").remove();
          document.querySelector("main").innerHTML = table;
          eval(document.querySelector("body > script").textContent.replace("> 12", "> 2"));
        }""",
        f"<table><thead><tr><th>n<th class=num>v</thead>{body}</table>",
    )
    shown = "all => all.filter((it) => it.offsetParent).map((it) => it.cells[0].innerText)"
    page.locator("th.num button").click()
    assert page.locator("tbody tr").evaluate_all(shown) == ["x", "b", "a", "y", "d", "c"]
    page.locator("th.num button").click()
    assert page.locator("tbody tr").evaluate_all(shown) == ["x", "a", "b", "y", "c", "d"]
    page.locator(".filter input").fill("9")
    assert page.locator("tbody tr").evaluate_all(shown) == ["y", "c"]
    assert page.locator(".filter output").inner_text() == "1 / 4 行"


def test_a_long_table_is_filtered(visit):
    page = visit("zh/zuoyoujiang/report.html")
    tools = page.locator(".filter:visible").last
    rows = tools.locator("xpath=following::table[1]").locator("tbody tr:not(.group)")
    total = rows.count()
    wanted = rows.last.locator("td").first.inner_text()[:8]
    tools.locator("input").fill(wanted)
    left = rows.locator("visible=true")
    assert 0 < left.count() < total
    assert all(wanted in text for text in left.all_text_contents())
    said = label("table.count", "zh").format(shown=left.count(), all=total)
    assert tools.locator("output").inner_text() == said
    tools.locator("input").fill("")
    assert rows.locator("visible=true").count() == total


def test_contents_follow_the_reader(visit):
    page = visit("en/shaanganning/report.html", viewport={"width": 1600, "height": 900})
    links = page.locator("nav ol a")
    links.last.click()
    page.wait_for_function("document.querySelector('nav ol li:last-child [aria-current]')")
    links.first.click()
    page.wait_for_function("document.querySelector('nav ol li:first-child [aria-current]')")
    assert page.locator("[aria-current]").count() == 1
    assert page.locator("nav").bounding_box()["y"] == 0


def test_contents_fold_on_a_small_screen(visit):
    page = visit("zh/yimeng/report.html", viewport=PHONE)
    link = page.locator("nav ol a").first
    assert not link.is_visible()
    page.locator("nav summary").click()
    link.click()
    assert not link.is_visible()


def test_one_switch_shows_the_code_and_the_first_stop_skips(visit):
    page = visit("zh/yimeng/report.html")
    code = page.locator(".code").first
    assert not code.is_visible()
    page.locator("#show-code").check()
    assert code.is_visible() and "import laoqu" in code.inner_text()
    page.reload()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_scripts_everything_is_there(visit):
    page = visit("zh/shaanganning/report.html", java_script_enabled=False)
    assert page.locator("main table").first.is_visible()
    assert page.locator("nav ol a").first.is_visible()
    assert page.locator(".filter, .sort").count() == 0
    page.locator("main summary").first.click()
    page = visit("index.html", java_script_enabled=False)
    assert page.locator("#areas table").is_visible()
    assert not page.locator("#find").is_visible()
    assert page.get_by_text(label("index.lead", "en")).count() == 1
    assert not page.get_by_text(label("index.lead", "en")).is_visible()
    page.locator("#lang-en").check()
    assert page.get_by_text(label("index.lead", "en")).is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_paper_shows_what_a_screen_folds(visit, scripts):
    page = visit("zh/zuoyoujiang/report.html", java_script_enabled=scripts)
    inside = page.locator("main details li, main details dd").first
    assert not inside.is_visible()
    if scripts:
        page.locator(".filter:visible input").last.fill("no such row")
    page.emulate_media(media="print")
    assert inside.is_visible()
    assert page.locator("main tbody tr").last.is_visible()
    assert not page.locator("nav").is_visible()


def test_the_search_finds_where_a_place_is(visit):
    page = visit("index.html#zh")
    found = page.locator("#found")
    page.fill("#place", "环县")
    first = found.locator("li").first
    assert first.locator("a").get_attribute("href") == "zh/shaanganning/report.html"
    text = first.inner_text().replace("\u2009", "")
    for part in ("环县", "甘肃省庆阳市", label("find.high", "zh"), "专栏1"):
        assert part in text
    assert found.locator("li").count() == 1


@pytest.mark.parametrize(
    ("typed", "name", "area"),
    [
        ("梅列区", "三元区", "ganminyue"), ("Huan", "环县", "shaanganning"),
        ("彭水县", "彭水苗族土家族自治县", "xiangeyuqian"), ("庆阳", "庆阳市", "shaanganning"),
        ("赣州综合保税区", "赣州综合保税区", "ganminyue"), ("太行", "太行", "taihang"),
    ],
)  # fmt: skip
def test_the_search_knows_other_names(visit, typed, name, area):
    page = visit("index.html#en", locale="en-GB")
    page.fill("#place", typed)
    row = page.locator("#found li").filter(has=page.get_by_text(name, exact=True)).first
    hrefs = row.locator("a").evaluate_all("all => all.map((it) => it.getAttribute('href'))")
    assert f"en/{area}/report.html" in hrefs


def test_the_search_says_what_not_found_means(visit):
    page = visit("index.html#zh")
    page.fill("#place", "<b>无此地</b>")
    found = page.locator("#found")
    assert found.locator("li").count() == 0
    assert found.inner_text() == label("find.none", "zh", name="<b>无此地</b>")
    page.locator("#lang-en").check()
    assert "does not mean" in found.inner_text()
    page.fill("#place", "韶山")
    assert label("find.noarea", "en") in found.inner_text()


def test_the_language_is_chosen_and_kept(visit):
    page = visit("index.html", locale="en-GB")
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.get_by_text(label("index.lead", "en")).is_visible()
    page.locator("#lang-zh").check()
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert not page.get_by_text(label("index.lead", "en")).is_visible()
    assert page.url.endswith("#zh")
    page.reload()
    assert page.locator("#lang-zh").is_checked()


@pytest.mark.parametrize("lang", LANGS)
def test_the_map_is_reached_by_keyboard(visit, lang):
    page = visit(f"index.html#{lang}")
    assert page.locator("a.area:visible").count() == 12
    page.focus("#place")
    page.keyboard.press("Tab")
    area = page.evaluate("document.activeElement.dataset.area")
    fill = "getComputedStyle(document.activeElement.querySelector('use')).fill"
    assert page.evaluate(fill) == "rgb(164, 38, 44)"
    assert page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/{area}/report.html")
    assert page.locator("h1").inner_text()


def test_every_link_of_the_index_leads_to_a_file(visit, site):
    page = visit("index.html")
    links = page.locator("a").evaluate_all("all => all.map((it) => it.getAttribute('href'))")
    files = {link for link in links if not link.startswith("#")}
    assert len(files) == 24 * 5 + 1
    assert all((site / link).is_file() for link in files)
    assert (site / "index.html").stat().st_size < 400_000
