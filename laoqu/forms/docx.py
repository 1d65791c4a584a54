"""From an executed notebook to a Word document, through pandoc: real tables, styles of our own.

pandoc reads its own syntax tree as JSON, so no text of the plan or of a user becomes markup.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import nbformat
import pypandoc

from laoqu.figures.style import PAPER, REACH_FILL
from laoqu.forms.outline import outline

TEMPLATES = Path(__file__).parent / "templates" / "docx"
#: The earliest time that a ZIP file can hold: the same notebook gives the same bytes.
EPOCH = "315532800"
API = [1, 23, 1, 1]
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
STYLES = {"quote": "Quotation", "mark": "Marked"}
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
#: Of a list: pandoc's and ours.
INDENT = b'w:left="720" w:hanging="360"', b'w:left="340" w:hanging="227"'
#: Width of the text in twentieths of a point.
TEXT = 9072
#: The most a picture may be, in millimetres: there is room for its caption on one page.
WIDTH, HEIGHT = 160.0, 190.0
#: Colour of keys.
QUIET = "767168"
#: Distance of lines: of Latin letters less than of Chinese characters.
LEADING = 'w:line="288"', 'w:line="264"'
#: Pixels of a figure per millimetre.
PIXELS = 200 / 25.4

Node = dict[str, object]


def docx(notebook: nbformat.NotebookNode, lang: str, title: str) -> bytes:
    """Return the Word document of an executed report notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    lang : {"zh", "en"}
    title : str
        For the metadata and the running head.

    Returns
    -------
    bytes
        The same notebook gives the same bytes. Word asks to add page numbers to the contents when
        it opens the file; until then, and elsewhere, they are links.
    """
    report = outline(notebook, lang, title)
    parts = report["parts"]
    for part, after in pairwise(parts):
        # What leads to a figure fills a page that has no room for it.
        part["free"] = part["kind"] in ("lead", "warning") and after["kind"] == "figure"
    first = next((i for i, part in enumerate(parts) if part["kind"] == "heading"), len(parts))
    blocks = [_styled("Kicker", report["kicker"]), _styled("Title", report["head"])]
    blocks += [block for part in parts[:first] for block in _blocks(part)]
    blocks += _contents(report)
    blocks += [block for part in parts[first:] for block in _blocks(part)]
    meta = {
        "title": _meta(title), "author": _meta(report["author"]), "lang": _meta(LANGUAGES[lang]),
        "keywords": {"t": "MetaList", "c": [
            _node("MetaInlines", _text(word)) for word in report["keywords"]]},
    }  # fmt: skip
    tree = {"pandoc-api-version": API, "meta": meta, "blocks": blocks}
    with tempfile.TemporaryDirectory(prefix="laoqu-") as name:
        folder = Path(name)
        for part in parts:
            if part["kind"] == "figure":
                (folder / f"{part['name']}.png").write_bytes(base64.b64decode(part["png"]))
        (folder / "reference.docx").write_bytes(_reference(title, lang))
        command = [pypandoc.get_pandoc_path(), "--from=json", "--to=docx", "--output=report.docx",
                   "--reference-doc=reference.docx",
                   f"--template={TEMPLATES / 'body.openxml'}",
                   "--syntax-highlighting=none", "--quiet"]  # fmt: skip
        subprocess.run(
            command, input=json.dumps(tree).encode(), cwd=folder, check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        )  # fmt: skip
        return _finished((folder / "report.docx").read_bytes(), report["cover"])


def _blocks(part: Mapping[str, object]) -> list[Node]:
    kind = part["kind"]
    if kind == "heading":
        inlines = _text(part["text"])
        return [_node("Header", [part["depth"], [part["anchor"], [], []], inlines])]
    if kind in ("lead", "warning", "note"):
        style = "Body Text" if part.get("free") and kind == "lead" else kind.title()
        return [_styled(style, _inlines([line])) for line in part["lines"]]
    if kind == "items":
        items = [[_styled("Item", _inlines(item))] for item in part["items"]]
        return [_node("BulletList", items)]
    if kind == "facts":
        return [_fact(key, _inlines(lines)) for key, lines in part["pairs"]]
    if kind == "files":
        return [_fact(folder, _text(", ".join(names))) for folder, names in part["pairs"]]
    if kind == "copy":
        return [
            block
            for key, text in part["pairs"]
            for block in (_styled("Copied", key), _node("CodeBlock", [["", [], []], text]))
        ]
    if kind == "figure":
        return [_figure(part)]
    return [_table(part), *([_styled("Note", _inlines(part["note"]))] if part["note"] else [])]


def _figure(part: Mapping[str, object]) -> Node:
    data = base64.b64decode(part["png"])
    # A PNG's width and height are eight bytes at a fixed place.
    wide, high = (int.from_bytes(data[at : at + 4], "big") / PIXELS for at in (16, 20))
    share = min(1, WIDTH / wide, HEIGHT / high)
    size = [["width", f"{wide * share:.1f}mm"]]
    image = _node("Image", [["", [], size], _text(part["alt"]), [f"{part['name']}.png", ""]])
    caption = [_node("Plain", _caption(part, "Figure", part["caption"], "figures"))]
    return _node("Figure", [["", [], []], [None, caption], [_node("Plain", [image])]])


def _table(part: Mapping[str, object]) -> Node:
    n = len(part["columns"])
    aligns = [_node("AlignRight" if i in part["numeric"] else "AlignLeft") for i in range(n)]
    columns = [[a, _node("ColWidth", b)] for a, b in zip(aligns, part["loose"], strict=True)]
    heads = [
        _row(_cell([_node("Plain", _inlines([[(line, "")] for line in head.split("\n")]))])
             for head in part["columns"])
    ]  # fmt: skip
    if part["over"]:
        over = zip(part["over"], part["split"], strict=True)
        heads.insert(0, _row(_cell([_node("Plain", _text(head))], span) for head, span in over))
    rows, last = [], len(part["rows"]) - 1
    for at, row in enumerate(part["rows"]):
        if row["group"]:
            rows.append(_row([_cell([_styled("Group", row["group"])], n)]))
        if row["over"]:
            over = zip(row["over"], part["split"], strict=True)
            rows.append(_row(_cell([_styled("Over", _inlines(cell))], span) for cell, span in over))
        # A row stays with what stands under it: its details, rows that it is tied to, the note.
        tied = not part["rows"][at + 1]["tie"] if at < last and not part["detailed"] else False
        below = bool(part["note"]) if at == last else tied or part["whole"]
        style = "Row" if row["details"] or below else "Compact"
        cells = [_inlines(cell) for cell in row["cells"]]
        if part["badges"]:
            cells[part["badge"]].insert(0, _badge(part["badges"][at]))
        rows.append(_row(_cell([_styled(style, cell)]) for cell in cells))
        under: list[Node] = []
        for key, lines in row["details"]:
            under += _text("\u2003") if under else []
            under += [_coloured(key, QUIET), *_text(" "), *_inlines(lines)]
        rows += [_row([_cell([_styled("Evidence", under)], n)])] if under else []
    caption = [_node("Plain", _caption(part, "Table", part["title"], "tables"))]
    empty = ["", [], []]
    body = [empty, 0, [], rows]
    return _node("Table", [empty, [None, caption], columns, [empty, heads], [body], [empty, []]])


def _badge(reach: str) -> Node:
    """Return the square of a reach, as in the figures; an outline where nothing is filled."""
    fill = REACH_FILL[reach]
    filled = fill != PAPER
    return _coloured("■ " if filled else "□ ", fill.lstrip("#") if filled else QUIET)


def _coloured(text: str, colour: str) -> Node:
    """Return a run with a colour of its own: in tables LibreOffice overlooks that of a style."""
    return _raw(
        f'<w:r><w:rPr><w:rFonts w:hint="eastAsia"/><w:color w:val="{colour}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    )


def _row(cells: Iterable[Node]) -> list[object]:
    return [["", [], []], list(cells)]


def _cell(blocks: list[Node], span: int = 1) -> list[object]:
    return [["", [], []], _node("AlignDefault"), 1, span, blocks]


def _caption(part: Mapping[str, object], kind: str, text: str, folder: str) -> list[Node]:
    """Return a caption with its file, numbered by a field: tables a reader adds are counted in."""
    before, number, after = part["number"].rpartition(part["number"].split()[-1])
    run = f'<w:r><w:rPr><w:rStyle w:val="Number"/></w:rPr><w:t>{number}</w:t></w:r>'
    field = f'<w:fldSimple w:instr="SEQ {kind} \\* ARABIC">{run}'
    label = [*_text(before), _raw(f"{field}</w:fldSimple>"), *_text(after)]
    file = _span("Key", f"{folder}/{part['name']}.csv")
    return [_node("Span", [_style("Number"), label]), *_text(f"\u2003{text}\u2003"), file]


def _contents(report: Mapping[str, object]) -> list[Node]:
    """Write the contents as links; Word adds the page numbers, which nobody else can know."""
    begin, middle, end = (
        f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
        for kind in ('begin" w:dirty="true', "separate", "end")
    )
    entries = [
        f'<w:p><w:pPr><w:pStyle w:val="TOC{part["depth"]}"/></w:pPr>'
        f"<w:hyperlink w:anchor={quoteattr(part['anchor'])}>"
        '<w:r><w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr>'
        f"<w:t>{escape(part['text'])}</w:t></w:r></w:hyperlink></w:p>"
        for part in report["parts"]
        if part["kind"] == "heading"
    ]
    if not entries:
        return []
    code = '<w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText>'
    field = f"{begin}<w:r>{code}</w:r>{middle}"
    entries[0] = entries[0].replace("</w:pPr>", f"</w:pPr>{field}", 1)
    entries[-1] = entries[-1].removesuffix("</w:p>") + f"{end}</w:p>"
    style = '<w:pPr><w:pStyle w:val="TOCHeading"/></w:pPr>'
    head = f"<w:p>{style}<w:r><w:t>{report['contents']}</w:t></w:r></w:p>"
    return [_node("RawBlock", ["openxml", (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        f"<w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent>{head}{''.join(entries)}"
        "</w:sdtContent></w:sdt>"
    )])]  # fmt: skip


def _fact(key: str, inlines: list[Node]) -> Node:
    return _styled("Facts", [_span("Key", key), _raw("<w:r><w:tab/></w:r>"), *inlines])


def _inlines(lines: Iterable[Iterable[tuple[str, str]]]) -> list[Node]:
    out: list[Node] = []
    for line in lines:
        out += [_node("LineBreak")] if out else []
        out += [_span(STYLES[kind], text) if kind else _node("Str", text) for text, kind in line]
    return out


def _styled(name: str, content: str | list[Node]) -> Node:
    inlines = _text(content) if isinstance(content, str) else content
    return _node("Div", [_style(name), [_node("Para", inlines)]])


def _span(name: str, text: str) -> Node:
    return _node("Span", [_style(name), _text(text)])


def _style(name: str) -> list[object]:
    return ["", [], [["custom-style", name]]]


def _text(text: str) -> list[Node]:
    return [_node("Str", text)]


def _raw(xml: str) -> Node:
    return _node("RawInline", ["openxml", xml])


def _meta(text: str) -> Node:
    return _node("MetaString", text)


def _node(kind: str, content: object = None) -> Node:
    return {"t": kind} if content is None else {"t": kind, "c": content}


def _finished(document: bytes, cover: bool) -> bytes:
    """Set what pandoc has no words for: widths of cells, rows that stay whole, indents of lists."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(document)) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == "word/document.xml":
                data = _document(data, cover)
            elif entry.filename == "word/numbering.xml":
                data = data.replace(*INDENT)
            new.writestr(zipfile.ZipInfo(entry.filename), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _document(xml: bytes, cover: bool) -> bytes:
    # Else the prefixes would be ns0, ns1 …
    for prefix, uri in re.findall(r'xmlns:(\w+)="([^"]+)"', xml.decode()):
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.fromstring(xml)
    body = root.find(f"{W}body")
    before = None
    for block in body:
        if block.tag == f"{W}tbl":
            _table_as_drawn(block, "" if before is None else "".join(before.itertext()))
        before = block
    # Without these LibreOffice keeps a distance of its own.
    for inline in body.iter(f"{DRAWING}inline"):
        inline.attrib |= dict.fromkeys(("distT", "distB", "distL", "distR"), "0")
    if cover:  # the first section begins a page, at its very top
        first = next(p for p in body.findall(f"{W}p/{W}pPr") if _style_of(p) == "Heading1")
        first.insert(1, ElementTree.Element(f"{W}pageBreakBefore"))
        first.insert(2, ElementTree.Element(f"{W}spacing", {f"{W}before": "0"}))
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _style_of(properties: ElementTree.Element) -> str:
    style = properties.find(f"{W}pStyle")
    return "" if style is None else style.get(f"{W}val")


def _table_as_drawn(table: ElementTree.Element, caption: str) -> None:
    """Give cells their widths, keep rows whole, shade heads of groups over the whole cell."""
    properties = table.find(f"{W}tblPr")
    columns = table.findall(f"{W}tblGrid/{W}gridCol")
    widths = [int(column.get(f"{W}w")) for column in columns]
    # pandoc reckons with a page of its own.
    share = int(properties.find(f"{W}tblW").get(f"{W}w")) / 5000 * TEXT / sum(widths)
    widths = [round(width * share) for width in widths]
    for column, width in zip(columns, widths, strict=True):
        column.set(f"{W}w", str(width))
    properties.find(f"{W}tblW").attrib.update({f"{W}type": "dxa", f"{W}w": str(sum(widths))})
    properties.find(f"{W}tblCaption").set(f"{W}val", caption)
    rows = table.findall(f"{W}tr")
    kinds = [_style_of(row.find(f"{W}tc/{W}p/{W}pPr")) for row in rows]
    # No rule within a record.
    open_ = [a == "Over" or b == "Evidence" for a, b in pairwise(["", *kinds, ""])]
    for i, row in enumerate(rows):
        settings = row.find(f"{W}trPr")
        if settings is None:
            settings = ElementTree.Element(f"{W}trPr")
            row.insert(0, settings)
        settings.insert(0, ElementTree.Element(f"{W}cantSplit"))
        at = 0
        for cell in row.findall(f"{W}tc"):
            inside = cell.find(f"{W}tcPr")
            span = inside.find(f"{W}gridSpan")
            n = 1 if span is None else int(span.get(f"{W}val"))
            width = {f"{W}w": str(sum(widths[at : at + n])), f"{W}type": "dxa"}
            inside.insert(0, ElementTree.Element(f"{W}tcW", width))
            at += n
            if any(open_[i : i + 2]):
                borders = ElementTree.SubElement(inside, f"{W}tcBorders")
                for side, free in zip(("top", "bottom"), open_[i : i + 2], strict=True):
                    if free:
                        ElementTree.SubElement(borders, f"{W}{side}", {f"{W}val": "nil"})
            if kinds[i] == "Group":
                fill = {f"{W}val": "clear", f"{W}color": "auto", f"{W}fill": "F3F1EC"}
                ElementTree.SubElement(inside, f"{W}shd", fill)


def _reference(title: str, lang: str) -> bytes:
    """Return pandoc's reference document with our styles, page, running head and foot."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_default())) as old, zipfile.ZipFile(out, "w") as new:
        ours = {
            path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(TEMPLATES.rglob("*.xml"))
        }
        ours["word/header1.xml"] = ours["word/header1.xml"].format(title=escape(title))
        if lang == "en":
            ours["word/styles.xml"] = ours["word/styles.xml"].replace(*LEADING)
        relations, types = "", ""
        for i, kind in ((91, "header"), (92, "footer")):
            relations += (
                f'<Relationship Type="{RELATION}/{kind}" Id="rId{i}" Target="{kind}1.xml"/>'
            )
            types += f'<Override PartName="/word/{kind}1.xml" ContentType="{CONTENT}.{kind}+xml"/>'
        for name, end, more in (
            ("word/_rels/document.xml.rels", "</Relationships>", relations),
            ("[Content_Types].xml", "</Types>", types),
        ):
            ours[name] = old.read(name).decode().replace(end, more + end)
        for name in dict.fromkeys([*old.namelist(), *ours]):
            new.writestr(zipfile.ZipInfo(name), ours.get(name) or old.read(name))
    return out.getvalue()


@cache
def _default() -> bytes:
    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    return subprocess.run(command, capture_output=True, check=True).stdout
