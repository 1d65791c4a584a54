"""Reports on paper and in Word: searchable, whole, the same bytes twice, proof against markup."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from functools import cache, cached_property
from pathlib import Path

import docx as python_docx
import matplotlib as mpl
import nbformat
import pypdf
import pytest
import typst
from docx.enum.text import WD_LINE_SPACING
from fontTools.ttLib import TTFont

from laoqu import forms, labels
from laoqu.figures.style import FONT_FOLDER, REACH_FILL, SANS, SERIF
from laoqu.forms.outline import FEW, _head, outline, shares
from laoqu.labels import LANGS, MIME, label
from laoqu.plan import load
from laoqu.sections.pages import FIGURES

ALL = [(region, lang) for region in load().region_ids for lang in LANGS]
HOSTILE = (
    '#let x = 1 $a_b$ *bold* _em_ <tag> @ref \\ "q" \'s `code` [l](x) // c /* */ ~ ^ & </w:t> '
    "${y}$ {title} -- #panic() ]( “中文”、"
)
QUOTE = "支持龙岩、梅州、郴州、临沂等城市建设省际交界地区节点城市，强化跨省合作联动发展。"
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8"
        "ffff3f0005fe02fea735819a0000000049454e44ae426082"
    )
).decode()
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="72pt">'
    '<rect width="9" height="9"/></svg>'
)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
#: Points from the foot of a page to the end and to the beginning of its text.
FOOT, HEAD = 68.0, 765.4


def block(anchor, **parts):
    empty = {"title": "", "lead": "", "columns": [], "rows": [], "numeric": [], "items": []}
    return {"kind": "block", "anchor": anchor, "name": anchor, "note": "", **empty, **parts}


def notebook(*shown):
    outputs = [nbformat.v4.new_output("display_data", {MIME: one}) for one in shown]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])


def everything(text):
    """A report whose every text is `text`, with every part that a block can have."""
    row = [text, "供给", QUOTE, "1"]
    return notebook(
        block(
            "head", title=text, warning=text, facts=[[text, text]], copy=[[text, f"{text}\n  x"]]
        ),
        block(
            "one", title=text, lead=f"{text}\n{text}", items=[text, text], note=text,
            columns=[text, "工具", "原文", "n"], rows=[row] * 6, numeric=[3], quoted=[2],
            marks=[[[2, 4], [8, 10]]] * 6, groups=[[0, text], [4, "第二组"]], badge=1,
            badges=["named", "conditional"] * 3, details=[[[text, text], ["原文", QUOTE]]] * 6,
            links=[[text, "tables/one.csv"]],
        ),
        {
            "kind": "figure", "name": "dot", "alt": text, "caption": text, "svg": SVG, "png": PIXEL,
            "csv": "a\n1\n",
        },
        block("two", title="第二", level=3, columns=["a"], rows=[[text]], folded=True),
    )  # fmt: skip


class Printed:
    """A report as it is on paper; its pages are read once, that takes seconds."""

    def __init__(self, made):
        self.made, self.lang, self.pdf = made, made.lang, made.pdf
        head = next(each["title"] for each in made.shown if each.get("anchor") == "head")
        self.title = f"{head} · {label('site.title', made.lang)}"
        self.parts = outline(made.notebook, made.lang, self.title)["parts"]
        self.pages, self.starts, self.sizes, self.ends, self.lines = [], [], set(), [], ""
        for page in self.pdf.pages:
            self.ends.append(HEAD)
            words = page.extract_text(visitor_text=self._note)
            self.pages.append(squeezed(words))
            self.lines += re.sub(r"[^\S\n]", "", words) + "\n"

    def _note(self, words, cm, tm, _, size):
        if words.strip():
            self.starts.append(tm[4] * cm[0] + cm[4])
            self.sizes.add(abs(size * tm[3] * cm[3]))
            height = tm[5] * cm[3] + cm[5]
            if height > FOOT:
                self.ends[-1] = min(self.ends[-1], height)

    def page_of(self, words, after=0):
        """The number of the first page, from `after` on, that has these words."""
        return next(i for i, p in enumerate(self.pages[after:], after) if squeezed(words) in p)

    def kind(self, kind):
        return [part for part in self.parts if part["kind"] == kind]

    @cached_property
    def text(self):
        """All text without white space and without the lines that every page repeats."""
        title, n = squeezed(self.title), len(self.pages)
        return "".join(
            page.replace(title, "").removesuffix(f"{i}/{n}") for i, page in enumerate(self.pages, 1)
        )


@pytest.fixture(scope="module")
def printed(made):
    return cache(lambda region, lang: Printed(made[region, lang]))


def squeezed(words):
    return re.sub(r"\s", "", words)


@cache
def drawable():
    return set.intersection(
        *(set(TTFont(FONT_FOLDER / file, lazy=True).getBestCmap()) for file in (SANS, SERIF))
    )


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_everything_shown_can_be_found_in_the_pdf(printed, region, lang):
    it = printed(region, lang)
    for part in it.parts:
        words = [part.get("text", ""), part.get("title", ""), part.get("caption", "")]
        words += part.get("columns", [])
        words += ["".join(run[0] for run in line) for line in part.get("lines", [])]
        for row in part.get("rows", []):
            words += ["".join(run[0] for line in cell for run in line) for cell in row["cells"]]
            words += ["".join(run[0] for line in cell for run in line) for cell in row["over"]]
        words += ["".join(run[0] for run in line) for line in part.get("note", [])]
        words += [name for _, names in part.get("pairs", []) for name in names
                  if part["kind"] == "files"]  # fmt: skip
        for one in words:
            # A line broken inside a table cell may be extracted beside its neighbour: long texts
            # are looked for by their beginning.
            assert squeezed(one)[:6] in it.text, (part["kind"], one)


def test_a_quotation_a_clause_and_the_area_are_found_whole(printed):
    found = printed("yimeng", "zh").text
    assert squeezed("支持海陆丰、琼崖、沂蒙等东部地区革命老区加快产业转型升级，") in found
    assert "沂蒙革命老区" in found
    assert "条目七" in found
    assert "支持海陆丰、琼崖、沂蒙" in printed("yimeng", "en").text


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_fonts_are_inside_and_no_character_is_a_box(printed, region, lang):
    it = printed(region, lang)
    assert set(map(ord, it.text)) <= drawable()
    fonts = set()
    for page in it.pdf.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = inner["/FontDescriptor"].get_object()
            assert any(key.startswith("/FontFile") for key in descriptor)
            fonts.add(inner["/BaseFont"].split("+")[1])
    assert fonts == {"NotoSansSC-Regular", "NotoSerifSC-Regular"}


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_every_figure_is_drawn_as_vectors_with_its_caption_and_alternative(printed, region, lang):
    it = printed(region, lang)
    figures = it.kind("figure")
    assert [one["name"] for one in figures] == list(FIGURES)
    for i, figure in enumerate(figures, 1):
        number = squeezed(label("print.figure", lang, n=i))
        assert number + squeezed(figure["caption"])[:12] in it.text
    kinds = {each.get_object()["/Subtype"] for page in it.pdf.pages
             for each in page["/Resources"].get("/XObject", {}).values()}  # fmt: skip
    assert kinds <= {"/Form"}  # no picture of points
    tree = list(structure(it.pdf))
    assert [alt for kind, alt in tree if kind == "/Figure"] == [one["alt"] for one in figures]


def structure(reader):
    """Yield kind and alternative text of every element of the structure tree."""
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        node = waiting.pop().get_object()
        if not isinstance(node, dict):
            continue
        if "/S" in node:
            yield node["/S"], node.get("/Alt")
        inside = node.get("/K", [])
        inside = inside if isinstance(inside, list) else [inside]
        waiting += [child for child in reversed(inside) if not isinstance(child, int)]


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_contents_link_to_the_sections_and_metadata_is_there(printed, region, lang):
    it = printed(region, lang)
    reader = it.pdf
    headings = [part["text"] for part in it.kind("heading")]
    assert [item.title for item in flat(reader.outline)][-len(headings) :] == headings
    links = [a.get_object() for page in reader.pages[:2] for a in page.get("/Annots", [])]
    assert sum(link["/Subtype"] == "/Link" for link in links) >= len(headings)
    assert reader.metadata.title == it.title
    assert reader.metadata.author == "laoqu contributors"
    assert "革命老区" in reader.metadata["/Keywords"]
    assert reader.trailer["/Root"]["/Lang"].startswith(lang)
    assert reader.metadata.creation_date is None
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()


def flat(items):
    for item in items:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_pages_are_a4_numbered_and_nothing_stands_outside_the_margins(printed, region, lang):
    it = printed(region, lang)
    assert 4 <= len(it.pages) <= 40
    for number, (page, words) in enumerate(zip(it.pdf.pages, it.pages, strict=True), 1):
        assert [round(float(side)) for side in page.mediabox] == [0, 0, 595, 842]
        assert f"{number}/{len(it.pages)}" in words
        assert (squeezed(it.title) in words) == (number > 1)
    assert all(65 <= x <= 530 for x in it.starts)


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_no_page_is_left_half_empty_and_no_type_is_tiny(printed, region, lang):
    it = printed(region, lang)
    used = [(HEAD - end) / (HEAD - FOOT) for end in it.ends]
    # The first page has title and contents, the last what is left.
    assert min(used[1:-1]) > 0.6, [round(share, 2) for share in used]
    assert min(it.sizes) > 7.9  # 8 pt, less only for a very long running head


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_nothing_is_parted_from_what_belongs_to_it(printed, region, lang):
    it = printed(region, lang)
    tables = [part for part in it.kind("table") if not part["detailed"]]
    for part in tables:
        at = it.page_of(part["number"] + part["title"], 1)  # the contents name titles too
        first, *_, last = [[plain(cell) for cell in row["cells"]] for row in part["rows"]]
        for row in part["rows"][: part["rows"][0]["tie"]]:
            assert squeezed(plain(row["cells"][0]))[:6] in it.pages[at], part["name"]
        assert squeezed(first[0])[:6] in it.pages[at]
        if part["note"]:
            end = it.page_of(plain(part["note"][-1:])[:20], at)
            assert squeezed(last[0])[:6] in it.pages[end], part["name"]
    for heading in it.kind("heading"):
        following = it.parts[it.parts.index(heading) + 1]
        if following["kind"] == "lead":
            at = it.page_of(heading["text"] + plain(following["lines"])[:8], 1)
            assert not it.pages[at].endswith(squeezed(heading["text"]))
    copied = [i for i, page in enumerate(it.pages) if "@misc{" in page]
    assert "TY-DATA" in it.pages[copied[0]]
    # The last section: versions and hashes, the files and what is said of them.
    facts, files = it.kind("facts")[-1], it.kind("files")[-1]
    heading = it.parts[it.parts.index(facts) - 2]["text"]
    words = [
        heading,
        *(key for key, _ in facts["pairs"]),
        *(n for _, all_ in files["pairs"] for n in all_),
    ]
    at = it.page_of(facts["pairs"][-1][0], it.page_of("report.ipynb") - 1)
    for one in [*words, plain(it.parts[it.parts.index(files) + 1]["lines"])[:20]]:
        assert squeezed(one) in it.pages[at], one


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_a_figure_stays_in_its_section_and_cuts_no_table(printed, region, lang):
    it = printed(region, lang)
    text = it.text[len(it.pages[0]) - 8 :]
    names = [h["text"] for h in it.kind("heading")]
    for figure in it.kind("figure"):
        parts = it.parts[: it.parts.index(figure)]
        first = max(i for i, part in enumerate(parts) if part["kind"] == "heading")
        after = names[names.index(parts[first]["text"]) + 1]
        begin = text.index(squeezed(parts[first]["text"] + plain(parts[first + 1]["lines"])[:12]))
        caption = text.index(squeezed(figure["number"] + figure["caption"])[:20])
        # A heading that is also a table's title stands before it.
        assert begin < caption < text.index(squeezed(after), begin + 40), figure["name"]
        for part in parts[first:]:
            if part["kind"] == "table":
                start = text.index(squeezed(part["number"] + part["title"]))
                last = squeezed(plain(part["rows"][-1]["cells"][0]))[:9]
                assert not start < caption < text.index(last, start), figure["name"]


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_a_table_of_plain_rows_stays_whole(printed, region, lang):
    it = printed(region, lang)
    short = [part for part in it.kind("table") if part["whole"] or part["plain"]]
    assert {"instruments", "themes", "compared"} <= {part["name"] for part in short}
    for part in short:
        at = it.page_of(part["number"] + part["title"], 1)
        rows = [squeezed(plain(row["cells"][0]))[:8] for row in part["rows"]]
        start = it.pages[at].index(squeezed(part["number"] + part["title"]))
        here = sum(row in it.pages[at][start:] for row in rows)
        # Broken only where a page would else be half empty, and then far from its ends.
        broken = part["name"] == "counties" and FEW <= here <= len(rows) - FEW
        assert here == len(rows) or broken, part["name"]


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_nothing_is_broken_in_a_table_with_room(printed, region, lang):
    it = printed(region, lang)
    for part in it.kind("table"):
        for head in part["columns"]:
            for line in head.split("\n"):
                latin = len(line) == len(line.encode())
                whole = [word for word in line.split() if len(word) > 1] if latin else [line]
                assert all(squeezed(word) in it.lines for word in whole), head
        if sum(part["shares"]) < 0.97:
            for row in part["rows"]:
                for cell in row["cells"]:
                    assert squeezed(plain(cell)) in it.lines, (part["name"], plain(cell))


def letters(font, size):
    """Return a function: the width in points of words in a font wider than ours."""
    face = TTFont(Path(mpl.get_data_path()) / "fonts" / "ttf" / font, lazy=True)
    names, widths, unit = face.getBestCmap(), face["hmtx"], face["head"].unitsPerEm
    return lambda word: (
        size
        * sum(
            widths[names[ord(c)]][0] / unit if ord(c) in names and ord(c) < 0x2E80 else 1
            for c in word
        )
    )


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_no_word_of_a_word_table_is_broken_in_a_wider_font(printed, region, lang):
    it = printed(region, lang)
    bold, regular = letters("DejaVuSans-Bold.ttf", 8), letters("DejaVuSans.ttf", 8)
    for table, part in zip(it.made.word.tables, it.kind("table"), strict=True):
        # Twentieths of a point, less what is left free at both sides.
        rooms = [int(column.get(f"{W}w")) / 20 - 7 for column in table._tbl.tblGrid]
        for j, (head, room) in enumerate(zip(part["columns"], rooms, strict=True)):
            for word in re.findall("[!-~]+", head):
                assert bold(word) <= room, (part["name"], word)
            if "\n" in head:
                assert all(bold(line) <= room for line in head.split("\n")), head
            for row in part["rows"]:
                for word in re.findall("[!-~]{,20}", plain(row["cells"][j])):
                    assert regular(word) <= room, (part["name"], word)


def plain(lines):
    return "".join(run[0] for line in lines for run in line)


def test_figures_find_their_place_in_the_attempts_that_typst_has(made, monkeypatch):
    warned = []

    def compiled(*args, **options):
        data, warnings = typst.compile_with_warnings(*args, **options)
        warned.extend(warnings)
        return data

    monkeypatch.setattr(typst, "compile", compiled)
    for region in ("ganminyue", "taihang"):
        forms.render(made[region, "en"].notebook, "en", "t", ["pdf"])
    assert not warned


@pytest.mark.parametrize("region", load().region_ids)
def test_print_adds_no_chinese_to_an_english_report(printed, plan, region):
    it = printed(region, "en")
    # Its data have Chinese in quotations and names only; tests/test_report.py looks after that.
    told = set(json.dumps([it.parts, it.made.shown], ensure_ascii=False))
    assert set(re.findall("[\u3400-\u9fff]", it.text)) <= told
    words = plan.document.canonical
    for key, texts in labels.table().items():
        if len(texts["zh"]) > 5 and texts["zh"] not in words:
            assert squeezed(texts["zh"]) not in it.text, key


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_the_word_document_has_its_headings_tables_and_pictures(printed, region, lang):
    it = printed(region, lang)
    document = it.made.word
    headings = [p for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert [p.text for p in headings] == [part["text"] for part in it.kind("heading")]
    assert len(document.tables) == len(it.kind("table"))
    for table, part in zip(document.tables, it.kind("table"), strict=True):
        rows = 1 + bool(part["over"])
        rows += sum(
            bool(row["group"]) + bool(row["over"]) + 1 + bool(row["details"])
            for row in part["rows"]
        )
        assert (len(table.rows), len(table.columns)) == (rows, len(part["columns"]))
        assert [cell.text for cell in table.rows[bool(part["over"])].cells] == part["columns"]
        assert table.rows[0]._tr.trPr.find(f"{W}tblHeader") is not None
        assert all(row._tr.trPr.find(f"{W}cantSplit") is not None for row in table.rows)
        grid = [int(column.get(f"{W}w")) for column in table._tbl.tblGrid]
        assert sum(grid) <= 9075  # twentieths of a point: the width of the text
        for row in table.rows:
            cells = row._tr.tc_lst
            assert sum(int(cell.tcPr.find(f"{W}tcW").get(f"{W}w")) for cell in cells) == sum(grid)
        said = table._tbl.tblPr.find(f"{W}tblCaption").get(f"{W}val")
        assert squeezed(part["number"] + part["title"]) in squeezed(said)
    figures = it.kind("figure")
    assert len(document.inline_shapes) == len(figures)
    alts = [shape._inline.docPr.get("descr") for shape in document.inline_shapes]
    assert alts == [part["alt"] for part in figures]
    captions = [p.text for p in document.paragraphs if p.style.name.endswith("Caption")]
    for part in figures:
        file = f"figures/{part['name']}.csv"
        assert any(caption.endswith(f"{part['caption']}\u2003{file}") for caption in captions)


@pytest.mark.parametrize("lang", LANGS)
def test_the_word_document_has_head_foot_contents_and_eastern_fonts(printed, lang):
    it = printed("yimeng", lang)
    document, title = it.made.word, it.title
    section = document.sections[0]
    assert section.header.paragraphs[0].text == title
    assert section.different_first_page_header_footer  # it has the title itself
    assert "PAGE" in section.first_page_footer._element.xml
    foot = section.footer._element.xml
    assert "PAGE" in foot
    assert "NUMPAGES" in foot
    assert document.core_properties.title == title
    assert document.core_properties.keywords.startswith("laoqu, 革命老区")
    for style, font in ((None, "Microsoft YaHei"), ("Quotation", "SimSun")):
        element = document.styles.element if style is None else document.styles[style].element
        assert next(element.iter(f"{W}rFonts")).get(f"{W}eastAsia") == font
    xml = document.element.xml
    anchors = set(re.findall(r'w:hyperlink w:anchor="([^"]+)"', xml))
    assert anchors == {part["anchor"] for part in it.kind("heading")}
    assert anchors <= set(re.findall(r'bookmarkStart [^>]*w:name="([^"]+)"', xml))
    # Word is asked to add the page numbers; until it does, none is missing at the end of dots.
    assert xml.count('w:dirty="true"') == 1
    assert "PAGEREF" not in xml
    assert not any("\t" in p.text for p in document.paragraphs if p.style.name.startswith("toc"))
    first = next(p for p in document.paragraphs if p.style.name == "Heading 1")
    assert first.paragraph_format.page_break_before


def test_rows_of_a_word_table_stay_with_what_belongs_to_them(printed):
    it = printed("ganminyue", "en")
    tables = dict(zip([p["name"] for p in it.kind("table")], it.made.word.tables, strict=True))
    kept = [
        row.cells[0].paragraphs[0].style.paragraph_format.keep_with_next
        for row in tables["counties"].rows[1:]
    ]
    # The first three rows, the last three and the note under them.
    assert [i for i, keep in enumerate(kept) if keep] == [0, 1, *range(len(kept) - 3, len(kept))]
    xml = tables["support_everyone"]._tbl.xml
    assert xml.count('<w:bottom w:val="nil"/>') > 200  # no rule between words and codes


@pytest.mark.parametrize(("region", "lang"), ALL)
def test_word_keeps_what_is_copied_whole_and_fills_the_page_before_a_figure(printed, region, lang):
    it = printed(region, lang)
    paragraphs = it.made.word.paragraphs
    for i, one in enumerate(paragraphs):
        if one.style.name == "Source Code":
            assert one.style.paragraph_format.keep_together
            assert paragraphs[i - 1].text in ("BibTeX", "RIS")
            assert paragraphs[i - 1].style.paragraph_format.keep_with_next
    assert sum(one.style.name == "Source Code" for one in paragraphs) == 2
    for part, after in zip(it.parts, it.parts[1:], strict=False):
        if part["kind"] == "lead":
            said = [p for p in paragraphs if p.text == plain(part["lines"][-1:])]
            kept = {bool(p.style.paragraph_format.keep_with_next) for p in said}
            assert kept == {after["kind"] != "figure"}, plain(part["lines"])


@pytest.mark.parametrize("lang", LANGS)
def test_word_shows_the_colour_of_a_reach_and_lines_of_one_height(printed, lang):
    it = printed("zuoyoujiang", lang)
    tables = dict(zip([p["name"] for p in it.kind("table")], it.made.word.tables, strict=True))
    part = next(part for part in it.kind("table") if part["name"] == "support")
    xml = tables["support"]._tbl.xml
    for reach in set(part["badges"]):
        n = part["badges"].count(reach)
        assert (
            len(re.findall(rf'w:val="{REACH_FILL[reach][1:]}"/>\s*</w:rPr>\s*<w:t[^>]*>■', xml))
            == n
        )
    # Keys are lighter than what they stand before, also where styles inside tables are overlooked.
    assert xml.count('w:val="767168"') == sum(len(row["details"]) for row in part["rows"])
    # Letters and characters have one height of line: numbers stand beside their words.
    cells = it.made.word.styles["Compact"].paragraph_format
    assert cells.line_spacing_rule == WD_LINE_SPACING.EXACTLY


def test_heads_are_cut_between_words():
    assert _head("多于 / 同于 / 少于本区的区数") == ["多于 / 同于 /", "少于本区的区数"]
    assert _head("Confidence") == ["Confidence"]
    assert _head("Verifiability", 0) == ["Verifiability"]


def figure_after(rows, filler):
    """A section whose figure stands after a table, where `filler` lines are before it."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="400pt" height="250pt"></svg>'
    return notebook(
        block("a", title="A", items=["x"] * filler),
        block("b", title="Bee", lead="l", columns=["q"], rows=[[f"r{i}"] for i in range(rows)]),
        {"kind": "figure", "name": "f", "alt": "a", "caption": "here", "svg": svg, "png": PIXEL,
         "csv": "a\n"},
        block("c", title="Sea", lead="after"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "filler", "order"),
    [(5, 0, "r0 r4 here"), (18, 0, "here r0 r17"), (8, 15, "r0 r7 here")],
)
def test_a_figure_comes_before_a_table_where_only_that_has_room(rows, filler, order):
    made = forms.render(figure_after(rows, filler), "en", "t", ["pdf"])["report.pdf"]
    pages = [p.extract_text() for p in pypdf.PdfReader(io.BytesIO(made)).pages]
    text = " ".join(pages)
    at = [text.index(word) for word in [*order.split(), "after"]]
    assert at == sorted(at)
    assert ("here" in pages[0]) == (filler == 0)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_text_stays_text(lang):
    made = forms.render(everything(HOSTILE), lang, HOSTILE, ("pdf", "docx"))
    reader = pypdf.PdfReader(io.BytesIO(made["report.pdf"]))
    found = squeezed("".join(page.extract_text() for page in reader.pages))
    # In head, running heads, title, lead, items, note, heads, cells, groups, captions …
    assert found.count(squeezed("#panic()")) >= 20
    assert reader.metadata.title == HOSTILE
    document = python_docx.Document(io.BytesIO(made["report.docx"]))
    assert sum(p.text == HOSTILE for p in document.paragraphs) >= 6
    assert document.sections[0].header.paragraphs[0].text == HOSTILE
    assert document.inline_shapes[0]._inline.docPr.get("descr") == HOSTILE
    table = document.tables[0]
    assert [cell.text for cell in table.rows[0].cells] == [HOSTILE, "原文"]
    assert {len(row.cells) for row in table.rows} == {2}


def test_marks_and_quotations_are_told_apart():
    row = outline(everything("x"), "zh", "x")["parts"]
    table = next(part for part in row if part["kind"] == "table")
    assert table["rows"][0]["over"] == [
        [[("支持", "quote"), ("龙岩", "mark"), ("、梅州、", "quote"), ("郴州", "mark"),
          (QUOTE[10:], "quote")]]
    ]  # fmt: skip
    assert table["rows"][0]["details"][1] == ["原文", [[(QUOTE, "quote")]]]


def test_a_column_without_entries_is_left_out_and_says_so():
    shown = block(
        "a", title="a", columns=["甲", "乙", "丙"], rows=[["1", "", "2"], ["3", "", ""]], note="完"
    )
    table = outline(notebook(shown), "zh", "t")["parts"][1]
    assert table["columns"] == ["甲", "丙"]
    assert plain(table["rows"][1]["cells"][1]) == "–"
    assert [plain([line]) for line in table["note"]] == [
        label("print.left_out", "zh", head="乙") + label("print.dash", "zh"), "完",
    ]  # fmt: skip


def test_no_third_text_stands_over_a_row():
    shown = block(
        "a", title="a", columns=["原文", "译文", "地方", "编号"], quoted=[0],
        rows=[[QUOTE, "words " * 20, "places " * 20, "c07"]] * 2,
        details=[[["出处", "条目七"], ["怎样核查", "看"]]] * 2,
    )  # fmt: skip
    table = outline(notebook(shown), "zh", "t")["parts"][1]
    assert (table["over"], table["columns"]) == (["原文", "译文"], ["地方", "编号"])
    assert forms.render(notebook(shown), "zh", "t", ("pdf", "docx"))


def test_a_folded_table_has_its_codes_in_columns_and_names_them_once():
    shown = block(
        "a", title="a", columns=["原文", "译文", "工具", "触及"], folded=True, quoted=[0], badge=3,
        rows=[[QUOTE, "words " * 20, "供给", "点名"]] * 2, badges=["named"] * 2,
        details=[[["出处", "条目七"], ["编号", "c07"]]] * 2,
    )  # fmt: skip
    table = outline(notebook(shown), "zh", "t")["parts"][1]
    assert (table["over"], table["columns"]) == (["原文", "译文"], ["工具", "出处"])
    assert table["split"] == [1, 1]  # beside each other
    for row in table["rows"]:
        assert [plain(cell) for cell in row["cells"]] == ["供给", "条目七"]
        assert row["details"] == []


def test_of_three_long_columns_two_stand_over_a_row():
    shown = block(
        "a", title="a", columns=["原文", "译文", "地方", "工具"], quoted=[0],
        rows=[[QUOTE, "words " * 20, "place, " * 20, "供给"]] * 2, details=[[["编号", "c07"]]] * 2,
    )  # fmt: skip
    table = outline(notebook(shown), "zh", "t")["parts"][1]
    assert (table["over"], table["columns"]) == (["原文", "译文"], ["地方", "工具"])
    assert forms.render(notebook(shown), "zh", "t", ["pdf", "docx"])["report.pdf"]


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_the_same_notebook_gives_the_same_bytes(form):
    made = everything("一")
    one, two = (forms.render(made, "zh", "一", [form])[f"report.{form}"] for _ in range(2))
    assert one == two
    if form == "docx":
        entries = zipfile.ZipFile(io.BytesIO(one)).infolist()
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in entries} == {zipfile.ZIP_DEFLATED}


def test_a_record_longer_than_a_page_is_not_cut_off():
    long = "很长的一句话，" * 900
    shown = block("a", title="a", columns=["甲", "乙"], rows=[[long, "末"]], note="完")
    made = forms.render(notebook(shown), "zh", "t", ["pdf"])["report.pdf"]
    found = squeezed("".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(made)).pages))
    assert found.count("很") == found.count("，") == 900
    assert "完" in found


def test_a_report_without_sections_is_made_too():
    made = forms.render(notebook(), "en", "Nothing", ("pdf", "docx"))
    assert len(pypdf.PdfReader(io.BytesIO(made["report.pdf"])).pages) == 1
    assert python_docx.Document(io.BytesIO(made["report.docx"])).tables == []


@pytest.mark.parametrize(("sections", "pages"), [(3, 1), (9, 2)])
def test_only_long_contents_have_the_first_page_for_themselves(sections, pages):
    shown = notebook(*(block(f"s{i}", title=f"S{i}", lead="x") for i in range(sections)))
    made = forms.render(shown, "en", "t", ("pdf", "docx"))
    assert len(pypdf.PdfReader(io.BytesIO(made["report.pdf"])).pages) == pages
    document = python_docx.Document(io.BytesIO(made["report.docx"]))
    first = next(p for p in document.paragraphs if p.style.name == "Heading 1")
    assert bool(first.paragraph_format.page_break_before) == (pages == 2)


def test_shares_fill_a_line_and_no_more():
    narrow = shares([["n", "m"], ["1", "2"]])
    assert sum(narrow) < 0.2
    # Letters have their own widths, and what is short stays unbroken beside what is long.
    assert shares([["x"], ["WWWW"]])[0] > shares([["x"], ["iiii"]])[0] * 1.5
    names = shares([["n", "words"], ["Wenzhou 温州市", "字" * 200]])
    assert names[0] * 103 > 14.5
    wide = shares([["n", "words"], ["1", "字" * 200], ["12", "字" * 20]])
    assert sum(wide) == pytest.approx(1, abs=1e-3)
    # Two figures of 0.555 em and the gap, what is left for the long text.
    assert wide[0] == pytest.approx((4 * 0.555 + 2.5) / 103, abs=1e-3)
    crowded = shares([["w" * 22] * 9, ["x"] * 9])
    assert sum(crowded) == pytest.approx(1, abs=1e-2)
