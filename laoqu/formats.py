"""Files of word processors and web pages as plain text: a line for each paragraph and table row.

pandoc reads .docx, .odt and .html; `formats.toml` says what of them it would drop or misread, which
is mended before. Tabs keep the cells of a row apart; a text box stands behind its paragraph; what
is not read is told with its line. Nothing outside the file is opened.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import zipfile
from collections import Counter
from dataclasses import dataclass, field

from lxml import etree

from laoqu import grid, paths
from laoqu.numerals import CHINESE
from laoqu.spelling import LIFTED, SUNK

#: An archive that unpacks to more bytes is refused.
MOST_UNPACKED = 200_000_000
#: So many marks (<) no plan has, and each takes memory: an empty paragraph is six bytes.
MOST_MARKS = 1_000_000
#: What pandoc may take: memory, and seconds.
MOST_MEMORY, MOST_SECONDS = "1g", 30
SPEC = paths.described("formats.toml")
#: First bytes of files that nothing here reads.
REFUSED = {first.encode("latin-1"): why for first, why in SPEC["refused"].items()}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
WHY, LOCKED = SPEC["why"], "EncryptedPackage".encode("utf-16-le")
#: How a page begins, whatever its name ends in.
PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)
#: What is not in a text is a noncharacter until its line is known; so are the ends of a text box
#: and of raised, lowered and struck-out words.
KINDS = SPEC["kinds"]
MARKS = {
    kind: chr(0xFDD0 + n) for n, kind in enumerate((*KINDS, "tab", "begin", "end", "up", "low"))
}
TAB, BEGIN, END, UP, LOW = (MARKS[name] for name in ("tab", "begin", "end", "up", "low"))
STRUCK, NUMBER = MARKS["struck"], MARKS["number"]
#: What is not read stands as this sign where it touches a numeral, of which it may be a part.
GAP, NUMERAL = "\ufffc", rf"\d{CHINESE[1:-1]}.．%"
SHOWN = {ord(sign): GAP for sign in MARKS.values()}
SHOWN |= dict.fromkeys(map(ord, (BEGIN, END, LOW, STRUCK, NUMBER, MARKS["note"])), "")
SHOWN[ord(TAB)] = "\t"
#: A picture that begins a line or a cell is an ornament.
ORNAMENT = re.compile(rf"(?<![^\t]){MARKS['picture']}+")
PLAIN = {"Space": " ", "SoftBreak": " ", "LineBreak": "\n"}
#: What stands around the contents of an inline element of pandoc; any other block is lines.
AROUND = {"Strikeout": STRUCK, "Superscript": UP, "Subscript": LOW}
BLOCKS = ("Para", "Plain", "Header", "CodeBlock", "Div", "BlockQuote", "Figure")


@dataclass
class Opened:
    """The text of a file, what is not in it (line, message), first and last lines of text boxes."""

    text: str
    told: list[tuple[int, str]] = field(default_factory=list)
    boxes: list[tuple[int, int]] = field(default_factory=list)


def opened(suffix: str, data: bytes) -> Opened:
    """Return the text of a file's bytes; a `ValueError` says why there is none."""
    suffix = ".html" if suffix.lower() == ".htm" else suffix.lower()
    if suffix in WORKBOOKS:
        raise ValueError(WHY["workbook"])
    for first, why in REFUSED.items():
        if data.startswith(first):
            raise ValueError(WHY["locked"] if LOCKED in data else why)
    if suffix not in (".docx", ".odt"):
        if data.startswith(grid.ZIP):
            raise ValueError(WHY["archive"])
        if suffix != ".html" and not PAGE.match(data):
            return Opened(grid.decoded(data)[0])
        suffix = ".html"
    try:
        return _opened(suffix, data)
    except RecursionError:
        raise ValueError("is nested too deeply: save it as plain text (.txt)") from None
    except ValueError:
        raise
    except Exception as error:  # whatever the archive or the parser finds
        message = f"is broken or no {suffix} file: save it anew, or as plain text (.txt)"
        raise ValueError(message) from error


def _opened(suffix: str, data: bytes) -> Opened:
    if suffix == ".html":
        parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True)
        root = _tree(grid.decoded(data)[0].encode(), parser)
        told, words = _mended(suffix, root, [])
        source = etree.tostring(root, method="html", encoding="utf-8")
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
                raise ValueError(f"unpacks to more than {MOST_UNPACKED:,} bytes")
            kept = [n for n in archive.namelist() if n.endswith((".xml", ".rels", "mimetype"))]
            parts = {name: archive.read(name) for name in kept}
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
        text, styles = (
            {name: _tree(parts[name], parser) for name in parts if re.fullmatch(form, name)}
            for form in SPEC["parts"][suffix]
        )
        name = next(iter(text))
        told, words = _mended(suffix, text[name], [*styles.values()])
        parts[name] = etree.tostring(text[name], encoding="utf-8", xml_declaration=True)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        source = packed.getvalue()
    return _lines(_text(_converted(suffix, source)), told, words)


def _tree(data: bytes, parser: etree.XMLParser | etree.HTMLParser) -> etree._Element:
    if (n := data.count(b"<")) > MOST_MARKS:
        why = f"has {n:,} marks of paragraphs, rows and words, expected at most {MOST_MARKS:,}"
        raise ValueError(f"{why}: is this one plan? Save its text as .txt")
    return etree.fromstring(data, parser)


def _mended(
    suffix: str, root: etree._Element, styles: list[etree._Element]
) -> tuple[dict[str, int], str]:
    """Mend a tree for pandoc; return how much of each kind is told of it, and all its words."""
    spec, spaces = SPEC[suffix], SPEC["spaces"] | {k: v for k, v in root.nsmap.items() if k}
    found = etree.XPathEvaluator(root, namespaces=spaces)
    told, used = {}, {*found("//@*[local-name() = 'val' or local-name() = 'style-name']")}
    for kind, (inside, named) in spec["said"].items():
        names = {name for tree in (root, *styles) for name in tree.xpath(named, namespaces=spaces)}
        told[kind] = len(found(inside)) + len(names & used)
    for node in found(spec["gone"]):
        node.tag = "gone"
    etree.strip_elements(root, "gone", with_tail=False)
    tags = [spec.get("line", "div"), *spec["tags"]]
    line, *tags = (re.sub("(.+):", lambda prefix: f"{{{spaces[prefix[1]]}}}", t) for t in tags)
    for node in found(spec["lines"]):
        node.tag = line
    for box in reversed(found(spec["box"])):
        line = box.xpath(spec["by"], namespaces=spaces)[0]
        for each in (_made(END, tags), *reversed(box), _made(BEGIN, tags)):
            line.addnext(each)
    for kind, where in spec["signs"].items():
        nodes = [node for node in found(where) if node.getparent() is not None]
        told |= {kind: len(nodes)} if kind in KINDS else {}
        for node in nodes:
            above = node.getparent().tag
            top = above.rpartition("}")[2] in ("body", "text")
            made = _made(MARKS[kind], tags[-1:] if above == tags[-2] else tags[not top :])
            made.tail, node.tail = node.tail, None
            node.getparent().replace(node, made)
    for node in found(spec["open"]):
        node.tag = "open"
    etree.strip_tags(root, "open")
    etree.strip_attributes(root, "class", "role")  # of which pandoc makes notes and formulas
    words = "".join(found(spec["words"]))
    if suffix == ".docx":  # or pandoc takes a title for what describes the file
        root.find("{*}body").insert(0, _made(TAB, tags))
    return told, words


def _made(sign: str, tags: list[str]) -> etree._Element:
    made = last = etree.Element(tags[0])
    for tag in tags[1:]:
        last = etree.SubElement(last, tag)
    last.text = sign
    return made


def _converted(suffix: str, source: bytes) -> object:
    """Return what pandoc reads: its tree of blocks."""
    import pypandoc

    command = [
        pypandoc.get_pandoc_path(), "+RTS", f"-M{MOST_MEMORY}", "-RTS", "--sandbox",
        f"--from={suffix[1:]}", "--to=json",
    ]  # fmt: skip
    try:
        made = subprocess.run(command, input=source, capture_output=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        raise ValueError(f"takes more than {MOST_SECONDS} s: save it as .txt") from None
    if b"eap exhausted" in made.stderr:
        raise ValueError("takes too much memory: save it as plain text (.txt)")
    made.check_returncode()
    return json.loads(made.stdout)["blocks"]


def _text(node: object) -> str:
    """Return the words of pandoc's elements, in lines."""
    if isinstance(node, list):
        return "".join(map(_text, node))
    if not isinstance(node, dict):
        return ""
    kind, inner = node["t"], node.get("c", "")
    if kind in PLAIN or kind == "Str":
        return PLAIN.get(kind, inner)
    if kind == "Table":
        _, caption, _, head, bodies, foot = inner
        rows = [*head[1], *(row for body in bodies for row in (*body[2], *body[3])), *foot[1]]
        cells = ([_text(cell[4]).strip("\n") for cell in row[1]] for row in rows)
        return _text(caption) + "".join("\n" + "\t".join([*row, "\n"]) for row in cells)
    if kind == "OrderedList":
        return "".join(NUMBER + _text(item) for item in inner[1])
    if kind in ("Code", "CodeBlock"):
        text = inner[1]
    elif kind == "Quoted":
        text = "‘{}’" if inner[0]["t"] == "SingleQuote" else "“{}”"
        text = text.format(_text(inner[1]))
    else:
        text = _text(inner)
    around = AROUND.get(kind, "\n" if kind in BLOCKS else "")
    return around + text + around


def _lines(text: str, told: dict[str, int], words: str) -> Opened:
    """Return the lines that have text, and what they have not."""
    missing = (Counter(words) - Counter(text)).elements()
    lost = "".join(each for each in missing if not each.isspace() and ord(each) not in SHOWN)
    text = re.sub(f"{UP}([^{UP}]*){UP}", lambda raised: raised[1].translate(LIFTED), text)
    # CO2 stays as it is typed, but a lowered mark beside a number is none of its digits.
    beside = f"(?<=[{NUMERAL}]){LOW}[^{LOW}]*{LOW}|{LOW}[^{LOW}]*{LOW}(?=[{NUMERAL}])"
    text = re.sub(beside, lambda sunk: sunk[0].translate(SUNK), text)
    text, struck = re.subn(f"{STRUCK}[^{STRUCK}]*{STRUCK}", STRUCK, text)
    lines, boxes, at = [], [], {}
    first = 1
    for line in text.split("\n"):
        first = len(lines) + 1 if BEGIN in line else first
        for sign in {*line}:
            at.setdefault(sign, len(lines) + 1)
        plain = ORNAMENT.sub("", line).translate(SHOWN)
        plain = re.sub(f"(?<![{NUMERAL}{GAP}]){GAP}+(?![{NUMERAL}{GAP}])", "", plain)
        lines += [plain] if plain.strip() else []
        if END in line and first <= len(lines):
            boxes.append((first, len(lines)))
    told |= {"struck": struck, "number": text.count(NUMBER) or told["number"]}
    said = []
    for kind, what in KINDS.items():
        if n := told.get(kind):
            here = "; the first is here" if MARKS[kind] in at else ""
            said.append((at.get(MARKS[kind], 1), f"{what}, {n} in all{here}"))
    said += [(1, what.format(told[kind])) for kind, what in SPEC["said"].items() if told.get(kind)]
    said += [(1, SPEC["lost"].format(len(lost), lost[:20]))] if lost else []
    return Opened("\n".join(lines), said, boxes)
