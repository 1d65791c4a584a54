"""What a notebook shows, in every form: page in a browser, PDF, Word, CSV, values."""

import base64
import csv
import io
import json
import re
import shutil
from pathlib import Path

import docx as python_docx
import nbformat
import pandas as pd
import pypdf
import pytest
from fixture import ANALYSIS, CELLS, executed, not_words, squeezed, violations
from PIL import Image

import laoqu as lq
from laoqu import pages
from laoqu.pages import paper
from laoqu.pages.html import loads
from laoqu.show.table import svg_address
from laoqu.show.words import LANGS

HOSTILE = (
    '#let x = 1 $a_b$ *bold* _em_ <tag> @ref \\ "q" \'s `code` // c /* */ ~ ^ & </w:t> ${y}$ '
    "{title} -- #panic() ]( “中文”、</script><script>alert(1)</script>"
)
WIDTHS = [(360, "light"), (360, "dark"), (768, "light"), (1280, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def notebooks():
    return {lang: executed(lang) for lang in LANGS}


@pytest.fixture(scope="module")
def made(notebooks):
    return {lang: pages.render(each, lang, pages.FORMATS) for lang, each in notebooks.items()}


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    root = tmp_path_factory.mktemp("outputs")
    for lang, files in made.items():
        for name, data in files.items():
            path = root / lang / "yimeng" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return root


def printed(files):
    reader = pypdf.PdfReader(io.BytesIO(files["report.pdf"]))
    return squeezed("".join(page.extract_text() for page in reader.pages))


def in_word(files):
    document = python_docx.Document(io.BytesIO(files["report.docx"]))
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return squeezed("".join(texts))


@pytest.mark.parametrize("lang", LANGS)
def test_records_of_all_kinds_survive_in_every_form(notebooks, made, lang):
    shown, files = list(pages.records(notebooks[lang])), made[lang]
    assert {each["kind"] for each in shown} == {"text", "tiles", "table", "figure"}
    page = squeezed(re.sub(r"<[^>]*>", "", files["report.html"].decode()))
    paper, word = printed(files), in_word(files)
    for each in shown:
        texts = [each["title"], *each["paragraphs"], each["note"], each["caption"]]
        texts += [str(tile[k]) for tile in each["tiles"] for k in ("value", "label", "note")]
        texts += [head["label"] for head in each["columns"] if "under" not in head["role"]]
        texts += [cell for row in each["rows"] for cell in row if "<" not in cell]
        texts += [text for _, text in each["groups"]]
        for text in texts:
            # A line broken inside a cell may be extracted beside its neighbour.
            start = squeezed(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text))[:6]
            drawn = each["kind"] == "figure" and text == each["title"]
            if not drawn and "<" not in start:
                assert start in page, text
                assert (start in paper and start in word) or each["folded"], text
    values = json.loads(files["values.json"])
    assert values["measures"] == len(shown[3]["rows"]) and 0 < values["share"] < 1
    rows = list(csv.DictReader(io.StringIO(files["tables/support.csv"].decode("utf-8-sig"))))
    assert [row["measure_id"] for row in rows] == shown[3]["links"]
    formulas = list(csv.reader(io.StringIO(files["tables/hostile.csv"].decode("utf-8-sig"))))
    assert [row[0] for row in formulas[2:]] == ["'=1+1", "'@SUM(A1)"]
    assert {"figures/dots.png", "figures/dots.svg", "figures/dots.csv"} <= set(files)
    assert not not_words(files["report.html"].decode(), lang)
    again = pages.render(notebooks[lang], lang, pages.FORMATS)
    assert [name for name in again if again[name] != files[name]] == []
    assert "@misc" not in paper + word and "沂源" not in paper  # folded on the page


def test_word_is_made_wherever_the_package_lies(notebooks, tmp_path, monkeypatch):
    shutil.copytree(paper.TEMPLATES, tmp_path / "a%20b")
    monkeypatch.setattr(paper, "TEMPLATES", tmp_path / "a%20b")
    monkeypatch.setenv("LC_ALL", "C")  # and whatever the locale
    files = pages.render(notebooks["zh"], "zh", ["docx"])
    assert "沂蒙" in in_word(files)
    about = python_docx.Document(io.BytesIO(files["report.docx"])).core_properties
    assert "沂蒙" in about.title and about.keywords.endswith("rural revitalisation, 革命老区")
    (tmp_path / "a%20b" / "reference.docx").unlink()
    with pytest.raises(lq.LaoquError, match=r"no Word file: .*reference\.docx"):
        pages.render(notebooks["zh"], "zh", ["docx"])


def test_what_an_analysis_cell_says_is_what_every_form_says(made):
    edited = ANALYSIS.replace('isin(["named", "place"])', 'isin(["named"])')
    cells = tuple(edited if cell == ANALYSIS else cell for cell in CELLS)
    files = pages.render(executed("zh", cells=cells), "zh", pages.FORMATS)
    before, after = (json.loads(each["values.json"])["measures"] for each in (made["zh"], files))
    assert 0 < after < before
    for read in (lambda each: squeezed(each["report.html"].decode()), printed, in_word):
        assert "临沂" in read(made["zh"]) and "临沂" not in read(files)
        assert f"共{after}项" in read(files).replace("\u2009", "")


def test_no_text_is_markup_in_any_form():
    cells = (
        CELLS[0],
        f"text = {HOSTILE!r}",
        'show.text([text], level=1, title=text, form="answer")',
        "show.tiles([(text, text, text)])",
        'frame = pd.DataFrame({text: [text], "b": ["x"]})\n'
        'show.table(frame, "t", title=text, note=text, group="b", roles={text: "words"})',
        'show.text([text], title=text, form="list")',
    )
    files = pages.render(executed("en", cells=cells), "en", pages.FORMATS)
    assert "alert(1)</script>" not in files["report.html"].decode()
    wanted = squeezed("$a_b$*bold*_em_<tag>@ref")
    assert printed(files).count(wanted) >= 8 and in_word(files).count(wanted) >= 8


def test_empty_endless_and_wide_tables_stay_on_the_page():
    frames = (
        'pd.DataFrame({"a": [], "b": []})', 'pd.DataFrame({"a": ["", None], "b": [None, ""]})',
        'pd.DataFrame({"a": ["x" * 300], "b": ["字" * 2500]})',
        "pd.DataFrame([[str(j) * 8 for j in range(14)]] * 9)",
    )  # fmt: skip
    shown = [f'show.table({frame}, "t{i}", note="n")' for i, frame in enumerate(frames)]
    files = pages.render(executed("en", cells=(CELLS[0], *shown)), "en", pages.FORMATS)
    assert printed(files).count("字") == 2500 and in_word(files).count("x" * 300) == 1
    for page in pypdf.PdfReader(io.BytesIO(files["report.pdf"])).pages:
        starts = []
        page.extract_text(
            visitor_text=lambda text, cm, tm, *_: text.strip() and starts.append(tm[4] + cm[4])  # noqa: B023
        )
        assert min(starts) > 53 and max(starts) < 542


#: Every way a page may load something, or send a reader away, on its own; and what does not.
WAYS = (Path(__file__).parent / "loads.txt").read_text(encoding="utf-8").splitlines()


def test_whatever_a_page_would_load_is_found_and_a_link_is_no_load():
    known = [way.split(" ", 1) for way in WAYS]
    assert [each for kind, each in known if bool(loads(each)) != (kind == "loads")] == []
    assert len(WAYS) > 70


def test_what_cannot_be_a_page_is_said():
    table = 'show.table(pd.DataFrame({"a": [1]}), "t")'
    # On some systems T and t are one file.
    again = table.replace('"t"', '"T"')
    maps = 'lq.plot_region("沂蒙")', 'lq.plot_region("琼崖")'
    cells = (CELLS[0], "pass", table, table, again, *maps)
    made = pages.render(executed("zh", cells=cells), "zh", pages.FORMATS)
    assert {"tables/t.csv", "tables/t-2.csv", "tables/T-3.csv"} <= made.keys()
    assert made["figures/figure.svg"] != made["figures/figure-2.svg"]
    page = made["report.html"].decode()
    assert all(f"{name}.csv" in page for name in ("t", "t-2", "T-3", "figure", "figure-2"))
    values = [f"show.text(['x'], values={{'n': {n}}})" for n in (1, 2)]
    with pytest.raises(lq.LaoquError, match="two values shown are called 'n'"):
        pages.render(executed("zh", cells=(CELLS[0], "pass", *values)), "zh")
    twice = 'show.table(pd.DataFrame([[1, 2, 3]], columns=["q", "q", "r"]), "t")'
    with pytest.raises(Exception, match="are called 'q': rename one"):
        executed("zh", cells=(CELLS[0], "pass", twice))
    with pytest.raises(lq.LaoquError, match=r'"🙂".*: replace it, or leave pdf out of'):
        pages.render(executed("zh", cells=(CELLS[0], "pass", "show.text(['🙂'])")), "zh", ["pdf"])
    with pytest.raises(lq.UnknownId, match="docx"):
        pages.render(executed("zh", cells=(CELLS[0], "pass")), "zh", ["word"])
    loading = executed("zh", cells=(CELLS[0], "pass"))
    loading.cells[-1]["cell_type"] = "markdown"
    loading.cells[-1]["source"] = "[x](https://example.org/x) <https://example.org>"
    assert 'href="https://example.org/x"' in pages.render(loading, "zh")["report.html"].decode()
    loading.cells[-1]["source"] = "![x](https://example.org/x.png)"
    with pytest.raises(lq.LaoquError, match=r"begins '!\[x\].*> https://example.org/x.png;"):
        pages.render(loading, "zh")
    loading.cells[-1]["source"] = "![x](x.png)"
    with pytest.raises(lq.LaoquError, match=r"x.png; drag the picture into the cell, or show it"):
        pages.render(loading, "zh")


def test_a_table_wider_than_paper_is_several_with_its_first_column():
    wide = 'frame = pd.DataFrame([[f"k{i}", *[i * 100 + j for j in range(20)]] for i in range(3)])'
    cells = (CELLS[0], wide, 'show.table(frame, "w", title="wide", note="below")')
    shown = list(pages.records(executed("en", cells=cells)))
    made = list(paper.parts(shown))
    assert [len(part["heads"]) for part in made] == [10, 10, 3]
    assert [[cell[0][0][1] for cell in part["rows"][2]][:2] for part in made] == [
        ["k2", "200"], ["k2", "209"], ["k2", "218"],
    ]  # fmt: skip
    assert [bool(part["title"]) for part in made] == [True, False, False]
    assert [bool(part["note"]) for part in made] == [False, False, True]
    assert len({part["anchor"] for part in made}) == 3


def test_a_page_is_in_the_language_of_what_it_shows():
    begin = 'import laoqu as lq\nshow = lq.Show(lq.load(), "en")'
    cells = (begin, "pass", 'show.text(["[x](plan#c07)"])')
    page = pages.render(executed("zh", cells=cells), "")["report.html"].decode()
    assert '<html lang="en"' in page
    assert "/en/plan.html#c07" in page


#: Cells that begin what they do not end, or would send a reader away: what follows is there.
OPEN = (
    "<!-- x", "<title>", "<select><option>", "<script>", "<script><!--<script></script>", "<style>",
    "<svg><style><!--</style></svg>", "<textarea>", "<template>", "<svg><title>", "<dialog>",
    "<plaintext>", "</div></main></body></html>", "<details>", "<table><tr><td>", "<a href='x",
    "<b hidden>", "<xmp>", "<frameset>", "<noscript>", "<math><mi>", "<p style='display:none'>",
)  # fmt: skip
AWAY = (
    '<script>var u="http://x.org"; top.location=u</script>', "<a id=a href=http://x.org>x</a>"
    "<script>document.getElementById('a').click()</script>",
    "<details open ontoggle=\"u='http:'+'//x.org';location=u\">x</details>",
    '<script type="speculationrules">{"prefetch":[{"source":"document"}]}</script>',
    "<img src='data:,' onerror=document.body.remove()>",
    "<svg><style><b><meta http-equiv=refresh content='0;url=http://x.org'></b></style></svg>",
    "<svg><script><b><meta http-equiv=refresh content='0;url=http://x.org'></b></script></svg>",
    "<math><style><link rel=dns-prefetch href=http://x.org><img src=http://x.org></style></math>",
    "<form name=querySelector></form><form name=getElementById></form>",
    "<img name=body src='data:,'><img name=querySelectorAll id=x src='data:,'>",
    *(f"<style>{each}</style><p>x<div style='position:fixed;inset:0'>x</div>" for each in (
        ":scope{position:fixed;inset:0;z-index:99}", "&{position:fixed;inset:0;z-index:99}",
        ":scope{contain:none!important}", ".shown{contain:none!important}")),
    "<div style='position:fixed;inset:0;z-index:9'>x</div>", "<dialog open>x</dialog>",
)  # fmt: skip


def test_a_cell_ends_with_itself_and_its_scripts_do_not_run(browser, tmp_path):
    new, cells = nbformat.v4, []
    for number, text in enumerate((*OPEN, *AWAY)):
        shown = new.new_output("display_data", {"text/html": text})
        cells += [new.new_code_cell("", outputs=[shown]), new.new_markdown_cell(text)]
        cells.append(new.new_markdown_cell(f"[after {number}](#content)"))
    cells.append(new.new_code_cell("", outputs=[new.new_output("display_data", {
        "text/html": "</p></body>whole</html><b>and</b>rest"})]))  # fmt: skip
    text = pages.render(new.new_notebook(cells=cells), "en")["report.html"]
    (tmp_path / "report.html").write_bytes(text)
    page, asked = browser.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(error.message))
    page.goto(f"file://{tmp_path}/report.html")
    after = page.get_by_role("link", name=re.compile("^after "))
    assert after.count() == len(OPEN + AWAY) and all(each.is_visible() for each in after.all())
    above = (
        "each => each.contains(document.elementFromPoint("
        "each.getBoundingClientRect().x + 2, each.getBoundingClientRect().y + 8))"
    )
    for each in after.all():
        each.scroll_into_view_if_needed()
        assert each.evaluate(above)
    assert page.get_by_text("wholeandrest").is_visible()
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()


def test_a_page_shows_what_a_cell_shows_in_any_of_its_kinds(visit, tmp_path):
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9"><script>alert(1)</script></svg>'
    picture, image = io.BytesIO(), Image.new("RGB", (9, 9))
    image.resize((4000, 9)).save(picture, "jpeg")
    jpeg = base64.b64encode(picture.getvalue()).decode()
    kinds = {"text/markdown": ["**bo", "ld**"], "text/latex": "$x<y$", "image/svg+xml": svg,
             "image/jpeg": jpeg, pages.MIME: {"kind": "of another program"}}  # fmt: skip
    new = nbformat.v4
    outputs = [new.new_output("display_data", {kind: shown, "text/plain": "<object>"})
               for kind, shown in kinds.items()]  # fmt: skip
    for bare in (
        '<svg width="9"/>',
        '<svg width="9"><use xlink:href="#x"/></svg>',
        '<svg width="9999" height="9"><text y="9">a&nbsp;b</text><path d="M0 0"></svg>',
    ):
        outputs.append(new.new_output("display_data", {"image/svg+xml": bare}))
    frame = pd.DataFrame({("a", "b"): [1.5], ("a", "c"): ["x"]}, index=["i"])
    for shown in (frame["a"]._repr_html_(), frame._repr_html_(), frame["a"].to_html()):
        outputs.append(new.new_output("display_data", {"text/html": shown}))
    made = new.new_notebook(cells=[new.new_code_cell("", outputs=outputs)])
    (tmp_path / "report.html").write_bytes(pages.render(made, "en")["report.html"])
    page = visit(tmp_path / "report.html", 380)
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    assert page.locator("main svg text").is_visible()
    aligned = "all => all.map(each => getComputedStyle(each).textAlign)"
    assert {*page.locator("main :is(th,td)").evaluate_all(aligned)} == {"right"}
    assert page.locator("main").inner_text().split()[:2] == ["bold", "$x<y$"]
    assert page.locator("main pre", has_text="<object>").count() == 1
    assert page.locator("strong").is_visible()
    sizes = page.locator("main img").evaluate_all("all => all.map(each => each.naturalWidth)")
    assert sizes == [9, 4000, 9, 9]


@pytest.mark.parametrize("lang", LANGS)
def test_paper_and_word_are_accessible_have_their_faces_and_styles(made, lang):
    reader = pypdf.PdfReader(io.BytesIO(made[lang]["report.pdf"]))
    # The standard asks for an alternative text of every figure.
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()
    assert reader.trailer["/Root"]["/Lang"].startswith(lang)
    assert [round(float(side)) for side in reader.pages[0].mediabox] == [0, 0, 595, 842]
    fonts = {
        font.get_object()["/BaseFont"].split("+")[1].removesuffix("-Identity-H")
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts == {"NotoSansSC-Regular", "NotoSansSC-Bold", "NotoSerifSC-Regular"}
    links = [a.get_object()["/A"]["/URI"] for p in reader.pages for a in p.get("/Annots", [])]
    assert links == ["https://www.gov.cn/x"]
    document = python_docx.Document(io.BytesIO(made[lang]["report.docx"]))
    styles = {paragraph.style.name for paragraph in document.paragraphs}
    assert {"Title", "Answer", "Heading 1", "Heading 2", "Note"} <= styles
    assert document.core_properties.author == "The laoqu contributors"
    assert document.core_properties.language == {"zh": "zh-CN", "en": "en-GB"}[lang]
    xml = document.element.xml
    assert xml.count("<w:tblHeader") == 2  # the head is repeated on each page
    assert 'w:val="UnderWords"' in xml and re.search(r'<wp:docPr [^>]*descr="[^"]+', xml)


@pytest.fixture
def report(visit, folder):
    return lambda lang, *at, **more: visit(f"{folder}/{lang}/yimeng/report.html", *at, **more)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_a_page_is_accessible_and_answers_at_first_sight(report, notebooks, lang, width, scheme):
    page = report(lang, width, color_scheme=scheme)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.lang") == {"zh": "zh-Hans", "en": "en"}[lang]
    face = page.locator("q[lang=zh]").first.evaluate("q => getComputedStyle(q).fontFamily")
    assert "Serif" in face
    for wanted in ("h1", ".answer", "dl.tiles"):
        box = page.locator(wanted).bounding_box()
        assert box["y"] + box["height"] < 800, wanted
    drawing = page.locator("figure img").evaluate("img => img.currentSrc")
    shown = pages.records(notebooks[lang])
    images = next(each["images"] for each in shown if each["kind"] == "figure")
    assert drawing == svg_address(images["narrow.svg" if width < 640 else "wide.svg"])
    cards = page.locator("table.cards tbody tr:not(.group)").first
    shown = cards.evaluate("row => getComputedStyle(row).display")
    assert shown == ("block" if width < 640 else "table-row")


def test_a_title_is_broken_behind_a_comma_on_a_phone(report):
    title = "海陆丰革命老区：已查明十一县，总数不详，名单不全"
    ends = """(head, title) => {
      head.textContent = title;
      const range = document.createRange(), found = [];
      for (let k = 1; k < title.length; k++) {
        const [before, after] = [k - 1, k].map((n) => {
          range.setStart(head.firstChild, n);
          range.setEnd(head.firstChild, n + 1);
          return range.getBoundingClientRect().top;
        });
        if (after > before) found.push(title[k - 1]);
      }
      return found;
    }"""
    for name in ("h1", "h2"):
        found = report("zh", 360).locator(f"main {name}").first.evaluate(ends, title)
        assert found and set(found) <= {"：", "，"}, name


def test_a_page_works_by_keyboard_and_opens_what_is_folded(report):
    page = report("en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    folded = page.locator("#counties details")
    assert folded.get_attribute("open") is None
    folded.locator("summary").press("Enter")
    page.get_by_label("show the code").check()
    assert page.locator("pre.code").first.is_visible()
    other = page.locator("nav a[hreflang], nav a[lang=zh]").get_attribute("href")
    assert other == "../../zh/yimeng/report.html"
    links = page.locator("#support td a").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    measure = re.compile(r"\.\./plan\.html#[cb]\d+\.s\d+\.m\d+")
    assert links and all(measure.fullmatch(link) for link in links)


def test_print_leaves_out_what_is_folded_and_nothing_needs_scripts(report):
    page = report("zh")
    page.emulate_media(media="print")
    assert page.locator("#counties").is_hidden() and page.locator("nav").is_hidden()
    assert page.locator("#support").is_visible() and page.locator(".files").first.is_hidden()
    plain = report("zh", java_script_enabled=False)
    assert plain.locator("#support tbody tr:not(.group)").count() > 3


def test_a_page_of_ones_own_notebook_has_its_name_and_no_orders_to_a_terminal_or_to_the_page():
    head, cell = nbformat.v4.new_markdown_cell("x"), nbformat.v4.new_code_cell("1")
    style = "<style>body{display:none} b{top:0}} i{left:0} @page{size:1px}</style><b>x</b>"
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m"),
        nbformat.v4.new_output("display_data", data={"text/html": style}),
    ]
    made = nbformat.v4.new_notebook(cells=[head, cell])
    made.metadata["laoqu"] = {"place": "runs/words/word=x"}
    text = pages.render(made, "en")["report.html"].decode()
    assert "<title>words</title>" in text and "<pre>red</pre>" in text
    assert "<style>@scope{body{display:none} b{top:0} i{left:0} {size:1px}}</style>" in text
    head.source = "text\n\n## My <b>*own*</b>"
    assert "<title>My *own*</title>" in pages.render(made, "en")["report.html"].decode()
