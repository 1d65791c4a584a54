"""From an executed notebook to a Word document, through pandoc: real tables, styles of our own.

pandoc reads its own syntax tree as JSON, so no text of the plan or of a user becomes markup.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import nbformat
import pypandoc

from laoqu.forms.outline import outline

TEMPLATES = Path(__file__).parent / "templates" / "docx"
#: The earliest time that a ZIP file can hold: the same notebook gives the same bytes.
EPOCH = "315532800"
API = [1, 23, 1, 1]
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
STYLES = {"quote": "Quotation", "mark": "Marked"}
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml"
#: Sizes of a picture, and the most that leaves room for its caption on one page.
WIDTH, HEIGHT = 160.0, 190.0
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
        The same notebook gives the same bytes. Word fills in page numbers when it opens the file.
    """
    report = outline(notebook, lang, title)
    parts = report["parts"]
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
        (folder / "reference.docx").write_bytes(_reference(title))
        command = [pypandoc.get_pandoc_path(), "--from=json", "--to=docx", "--output=report.docx",
                   "--reference-doc=reference.docx",
                   f"--template={TEMPLATES / 'body.openxml'}",
                   "--syntax-highlighting=none", "--quiet"]  # fmt: skip
        subprocess.run(
            command, input=json.dumps(tree).encode(), cwd=folder, check=True,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        )  # fmt: skip
        return (folder / "report.docx").read_bytes()


def _blocks(part: Mapping[str, object]) -> list[Node]:
    kind = part["kind"]
    if kind == "heading":
        inlines = _text(part["text"])
        return [_node("Header", [part["depth"], [part["anchor"], [], []], inlines])]
    if kind in ("lead", "warning", "note"):
        return [_styled(kind.title(), _inlines([line])) for line in part["lines"]]
    if kind == "items":
        return [_node("BulletList", [[_node("Plain", _inlines(item))] for item in part["items"]])]
    if kind == "facts":
        return [_fact(key, _inlines(lines)) for key, lines in part["pairs"]]
    if kind == "links":
        links = [[_link(address), *_text(" · ")] for _, address in part["pairs"]]
        return [_styled("Note", [inline for pair in links for inline in pair][:-1])]
    if kind == "copy":
        return [
            block
            for key, text in part["pairs"]
            for block in (_styled("Note", key), _node("CodeBlock", [["", [], []], text]))
        ]
    return [_table(part) if kind == "table" else _figure(part)]


def _figure(part: Mapping[str, object]) -> Node:
    data = base64.b64decode(part["png"])
    # A PNG's width and height are eight bytes at a fixed place.
    wide, high = (int.from_bytes(data[at : at + 4], "big") / PIXELS for at in (16, 20))
    share = min(1, WIDTH / wide, HEIGHT / high)
    size = [["width", f"{wide * share:.1f}mm"]]
    image = _node("Image", [["", [], size], _text(part["alt"]), [f"{part['name']}.png", ""]])
    caption = [_node("Plain", _caption(part, "Figure", part["caption"]))]
    return _node("Figure", [["", [], []], [None, caption], [_node("Plain", [image])]])


def _table(part: Mapping[str, object]) -> Node:
    n = len(part["columns"])
    aligns = [_node("AlignRight" if i in part["numeric"] else "AlignLeft") for i in range(n)]
    columns = [[a, _node("ColWidth", b)] for a, b in zip(aligns, part["shares"], strict=True)]
    heads = [_row(_cell([_node("Plain", _text(head))]) for head in part["columns"])]
    if part["over"]:
        heads.insert(0, _row([_cell([_node("Plain", _text(" · ".join(part["over"])))], n)]))
    rows = []
    for row in part["rows"]:
        if row["group"]:
            rows.append(_row([_cell([_styled("Group", row["group"])], n)]))
        if row["over"]:
            lines = [line for cell in row["over"] for line in cell]
            rows.append(_row([_cell([_styled("Row", _inlines(lines))], n)]))
        # A row stays with what stands under it, and a short table on one page.
        keep = row["details"] or (part["whole"] and row is not part["rows"][-1])
        style = "Row" if keep else "Compact"
        rows.append(_row(_cell([_styled(style, _inlines(cell))]) for cell in row["cells"]))
        under: list[Node] = []
        for key, lines in row["details"]:
            under += _text("\u2003") if under else []
            under += [_span("Key", key), *_text(" "), *_inlines(lines)]
        rows += [_row([_cell([_styled("Evidence", under)], n)])] if under else []
    caption = [_node("Plain", _caption(part, "Table", part["title"]))]
    empty = ["", [], []]
    body = [empty, 0, [], rows]
    return _node("Table", [empty, [None, caption], columns, [empty, heads], [body], [empty, []]])


def _row(cells: Iterable[Node]) -> list[object]:
    return [["", [], []], list(cells)]


def _cell(blocks: list[Node], span: int = 1) -> list[object]:
    return [["", [], []], _node("AlignDefault"), 1, span, blocks]


def _caption(part: Mapping[str, object], kind: str, text: str) -> list[Node]:
    """Return a caption numbered by a field, so that tables a reader adds are counted in."""
    before, number, after = part["number"].rpartition(part["number"].split()[-1])
    run = f'<w:r><w:rPr><w:rStyle w:val="Number"/></w:rPr><w:t>{number}</w:t></w:r>'
    field = f'<w:fldSimple w:instr="SEQ {kind} \\* ARABIC">{run}'
    label = [*_text(before), _raw(f"{field}</w:fldSimple>"), *_text(after)]
    return [_node("Span", [_style("Number"), label]), *_text(f"\u2003{text}")]


def _contents(report: Mapping[str, object]) -> list[Node]:
    """Write the table of contents as Word would: links at once, page numbers when opened."""
    begin, middle, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
                          for kind in ("begin", "separate", "end"))  # fmt: skip
    entries = []
    for part in report["parts"]:
        if part["kind"] == "heading":
            page = f"<w:r><w:instrText>PAGEREF {part['anchor']} \\h</w:instrText></w:r>"
            entries.append(
                f'<w:p><w:pPr><w:pStyle w:val="TOC{part["depth"]}"/></w:pPr>'
                f"<w:hyperlink w:anchor={quoteattr(part['anchor'])}>"
                '<w:r><w:rPr><w:rFonts w:hint="eastAsia"/></w:rPr>'
                f"<w:t>{escape(part['text'])}</w:t>"
                f"</w:r><w:r><w:tab/></w:r>{begin}{page}{middle}{end}</w:hyperlink></w:p>"
            )
    if not entries:
        return []
    field = (
        '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
        + middle
    )
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


def _link(address: str) -> Node:
    return _node("Link", [["", [], []], _text(address), [address, ""]])


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


def _reference(title: str) -> bytes:
    """Return pandoc's reference document with our styles, page, running head and foot."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_default())) as old, zipfile.ZipFile(out, "w") as new:
        ours = {
            path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(TEMPLATES.rglob("*.xml"))
        }
        ours["word/header1.xml"] = ours["word/header1.xml"].format(title=escape(title))
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
