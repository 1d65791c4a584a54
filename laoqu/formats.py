"""Files of word processors and web pages as plain text: a line for each paragraph and table row.

.docx, .odt and .html are trees of elements; what one is to a reader stands in `ROLES`. Tabs keep
the cells of a row apart; a text box stands behind the paragraph it is fixed to; what is left out
or not read is told with its line. Nothing outside the file is opened.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from laoqu import grid

#: An archive that unpacks to more bytes is refused.
MOST_UNPACKED = 200_000_000
#: So many marks (<) no plan has, and each takes memory: an empty paragraph is six bytes.
MOST_MARKS = 1_000_000
#: First bytes of files that nothing here reads.
REFUSED = {
    b"%PDF": "is a PDF: save its text (`pdftotext FILE.pdf`, or copy all) as a .txt file",
    b"\xd0\xcf\x11\xe0": "is an old Word or WPS file: save it as .docx or as plain text (.txt)",
    b"{\\rtf": "is RTF, whose Chinese is not read for certain: save it as .docx or as .txt",
}
#: Office programs put a file with a password into a container of the old kind.
LOCKED = "has a password: save it without one, as .docx or as plain text (.txt)"
#: The parts of an archive that have the text, and the styles.
PARTS = {
    ".docx": (r"word/document\d*\.xml", r"word/styles\d*\.xml"),
    ".odt": (r"content\.xml", r"(?:content|styles)\.xml"),
}
SKIPPED, LINE, CELL, BOX, SPEAKS = "skipped", "line", "cell", "box", "speaks"
NUMBERED = "mark or number of a list that the program sets by itself"
UNREAD = {
    "note": "footnote", "symbol": "symbol of a font", "picture": "picture",
    "embedded": "embedded document",
}  # fmt: skip
#: Elements of a page that stand on lines of their own.
PAGE_LINES = (
    "p div li ul ol dl dt dd h1 h2 h3 h4 h5 h6 table caption tr section article header footer main "
    "aside nav blockquote pre form hr figure figcaption"
)
#: What an element is, by its name without namespace: a role of the above, a key of `UNREAD`, or
#: the characters that it stands for.
ROLES = {
    ".docx": {
        "p": LINE, "tr": LINE, "tc": CELL, "txbxContent": BOX, "t": SPEAKS, "tab": "\t",
        "br": "\n", "cr": "\n", "noBreakHyphen": "-", "moveFrom": SKIPPED, "del": SKIPPED,
        "rt": SKIPPED, "pPr": SKIPPED, "rPr": SKIPPED, "footnoteReference": "note",
        "endnoteReference": "note", "sym": "symbol", "pic": "picture", "imagedata": "picture",
        "altChunk": "embedded",
    },
    ".odt": {
        "p": LINE, "h": LINE, "table-row": LINE, "table-cell": CELL, "text-box": BOX, "tab": "\t",
        "line-break": "\n", "s": " ", "tracked-changes": SKIPPED, "annotation": SKIPPED,
        "ruby-text": SKIPPED, "note": "note", "image": "picture",
    },
    ".html": {
        **dict.fromkeys(PAGE_LINES.split(), LINE),
        "td": CELL, "th": CELL, "br": "\n",
        "head": SKIPPED, "script": SKIPPED, "style": SKIPPED, "template": SKIPPED,
        "noscript": SKIPPED, "rt": SKIPPED, "rp": SKIPPED,
        "iframe": "embedded", "object": "embedded", "embed": "embedded", "img": "picture",
    },
}  # fmt: skip
#: What is left out, and how pages and Word say it.
STRUCK, HIDDEN = "struck-out text", "hidden text"
CSS = {
    STRUCK: re.compile(r"text-decoration[\w-]{0,20}\s{0,20}:[^;]{0,200}line-through"),
    HIDDEN: re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden"),
}
#: Of the selectors of a page these are read: an element, a class, an id.
SELECTOR = re.compile(r"[\w-]*(?:[.#][\w-]+)?")
WORD = {"strike": STRUCK, "dstrike": STRUCK, "vanish": HIDDEN}
OFF = ("0", "false", "off", "none")
#: Signs for what has no characters: something left out or not read, begin and end of a text box.
TOLD, BEGIN, END = "\x01", "\x02", "\x03"


@dataclass
class Opened:
    """The text of a file, what is not in it (line, message), first and last lines of text boxes."""

    text: str
    told: list[tuple[int, str]] = field(default_factory=list)
    boxes: list[tuple[int, int]] = field(default_factory=list)


def opened(suffix: str, data: bytes) -> Opened:
    """Return the text of a file's bytes; a `ValueError` says why there is none."""
    for first, why in REFUSED.items():
        if data.startswith(first):
            raise ValueError(LOCKED if "EncryptedPackage".encode("utf-16-le") in data else why)
    suffix = ".html" if suffix.lower() == ".htm" else suffix.lower()
    if suffix not in ROLES:
        return Opened(grid.decoded(data)[0])
    try:
        if suffix == ".html":
            parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
            root = _tree(grid.decoded(data)[0].encode(), parser)
            css = " ".join(node.text or "" for node in root.iter("style"))
            return _Tree(suffix, _rules(css)).opened(root)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED:
                raise ValueError(f"unpacks to more than {MOST_UNPACKED:,} bytes")
            text, styles = (list(_parts(archive, pattern)) for pattern in PARTS[suffix])
        return _Tree(suffix, _styles(styles)).opened(text[0])
    except RecursionError:
        raise ValueError("is nested too deeply: save it as plain text (.txt)") from None
    except ValueError:
        raise
    except Exception as error:  # whatever the archive or the parser finds
        message = f"is broken or no {suffix} file: save it anew, or as plain text (.txt)"
        raise ValueError(message) from error


def _parts(archive: zipfile.ZipFile, pattern: str) -> Iterator[etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for name in archive.namelist():
        if re.fullmatch(pattern, name):
            yield _tree(archive.read(name), parser)


def _tree(data: bytes, parser: etree.XMLParser | etree.HTMLParser) -> etree._Element:
    if (n := data.count(b"<")) > MOST_MARKS:
        why = f"has {n:,} marks of paragraphs, rows and words, expected at most {MOST_MARKS:,}"
        raise ValueError(f"{why}: is this one plan? Save its text as .txt")
    return etree.fromstring(data, parser)


def _styles(roots: list[etree._Element]) -> dict[str, etree._Element]:
    """Return the styles by their names, in which words are formatted."""
    every = (node for root in roots for node in root.iter("{*}style"))
    return {_value(node, "name") or _value(node, "styleId"): node for node in every}


def _rules(css: str) -> dict[str, str]:
    """Return the selectors that strike or hide, outside of conditions such as @media print.

    >>> _rules("b, .x { display: none } @media print { .y { display: none } }")
    {'b': 'hidden text', '.x': 'hidden text'}
    """
    plain = re.sub(
        r"/\*.*?(?:\*/|\Z)|@[^{};@]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", css, flags=re.DOTALL
    )
    return {
        selector.strip(): kind
        for selectors, body in re.findall(r"(?<![^{};])([^{};]++)\{([^{}]*)\}", plain)
        for kind, form in CSS.items()
        for selector in (selectors.split(",") if form.search(body.lower()) else ())
        if ":" not in selector and selector.strip() not in ("html", "body")
    }


def _value(node: etree._Element, name: str) -> str:
    """Return an attribute by its name without namespace."""
    found = (text for key, text in node.attrib.items() if etree.QName(key).localname == name)
    return next(found, "")


class _Tree:
    """Reads a tree of elements by the roles of one format."""

    def __init__(self, suffix: str, styles: dict[str, etree._Element | str]) -> None:
        self.suffix, self.roles, self.styles = suffix, ROLES[suffix], styles
        #: What is not in the text, in the order in which it was met: kind and words.
        self.told: list[tuple[str, str]] = []

    def opened(self, root: etree._Element) -> Opened:
        """Return the lines of a document that have text."""
        lines, boxes, places = [], [], defaultdict(list)
        first = 0
        for line in self._text(root.find(".//{*}body")).split("\n"):
            for at in re.findall(f"{TOLD}(\\d+){TOLD}", line):
                kind, words = self.told[int(at)]
                places[kind].append((len(lines) + 1, words))
            first = len(lines) + 1 if BEGIN in line else first
            if END in line and first <= len(lines):
                boxes.append((first, len(lines)))
            plain = re.sub(f"{TOLD}\\d+{TOLD}|[{BEGIN}{END}]", "", line)
            lines += [plain] if plain.strip() else []
        told = []
        for kind, found in places.items():
            what = "left out" if kind in (STRUCK, HIDDEN) else "not read"
            line, words = found[0]
            shown = f", {words[:20]!r}" if words else ""
            told.append((line, f"{kind}: {what}, {len(found)} in all; the first is here{shown}"))
        odd = [each for each in self.styles if not SELECTOR.fullmatch(each)]
        if odd and self.suffix == ".html":
            told.append((1, f"what the page hides or strikes by {odd[0]!r} is read as text"))
        return Opened("\n".join(lines), told, boxes)

    def _text(self, node: etree._Element, exact: bool = False) -> str:
        """Return the text of an element, in lines; a text box stands behind its paragraph."""
        if not isinstance(node.tag, str):  # a comment
            return ""
        tag = etree.QName(node).localname
        role = self.roles.get(tag, "")
        if role in UNREAD:
            return self._tell(UNREAD[role])
        if tag in self.roles and role not in (LINE, CELL, BOX, SPEAKS):
            return "" if role == SKIPPED else role
        if kind := self._left_out(node, tag):
            return self._tell(kind, node)
        if tag == "AlternateContent":  # one text in several forms
            forms = [self._text(form, exact) for form in node]
            return next(filter(None, forms), "")
        exact = exact or tag == "pre"
        silent = self.suffix == ".docx" and role != SPEAKS
        text = "" if silent else _words(node.text, exact)
        for child in node:
            text += self._text(child, exact) + ("" if silent else _words(child.tail, exact))
        if self._numbered(node, tag) and text.strip():
            text = self._tell(NUMBERED, node) + text
        if role == LINE:
            boxes = "\n".join(re.findall(f"{BEGIN}[^{END}]*{END}", text))
            return "\n" + re.sub(f"{BEGIN}[^{END}]*{END}", "", text) + f"\n{boxes}\n"
        if role == CELL:
            return text.strip("\n ") + "\t"
        return f"{BEGIN}\n{text}\n{END}" if role == BOX else text

    def _tell(self, kind: str, node: etree._Element | None = None) -> str:
        words = "" if node is None else "".join("".join(node.itertext()).split())
        if node is not None and not words:
            return ""
        self.told.append((kind, words))
        return f"{TOLD}{len(self.told) - 1}{TOLD}"

    def _left_out(self, node: etree._Element, tag: str) -> str:
        """Say whether an element is struck out or hidden, by itself or by its style."""
        if self.suffix == ".html":
            if tag in ("del", "s", "strike") or "hidden" in node.attrib:
                return HIDDEN if "hidden" in node.attrib else STRUCK
            style = node.get("style", "").lower()
            marks = [f".{name}" for name in node.get("class", "").split()] + [f"#{node.get('id')}"]
            rules = map(self.styles.get, (tag, *marks, *(tag + mark for mark in marks)))
            inline = (kind for kind, css in CSS.items() if css.search(style))
            return next(filter(None, (*inline, *rules)), "")
        if self.suffix == ".odt":
            style = self.styles.get(_value(node, "style-name"))
            form = None if style is None else style.find("{*}text-properties")
            if form is None:
                return ""
            if _value(form, "text-line-through-style") not in ("", "none"):
                return STRUCK
            return HIDDEN if _value(form, "display") == "none" else ""
        forms = [node.find("{*}rPr")] if tag == "r" else []
        for form in [*forms, self._style(node)]:
            for name, kind in WORD.items() if form is not None else ():
                mark = form.find(f".//{{*}}{name}")
                if mark is not None:
                    return "" if _value(mark, "val") in OFF else kind
        return ""

    def _style(self, node: etree._Element) -> etree._Element | None:
        """Return the style of a paragraph or run of Word."""
        for path in ("{*}rPr/{*}rStyle", "{*}pPr/{*}pStyle"):
            if (named := node.find(path)) is not None:
                return self.styles.get(_value(named, "val"))
        return None

    def _numbered(self, node: etree._Element, tag: str) -> bool:
        """Whether the program sets a number before an element, which is no text."""
        if self.suffix != ".docx":
            parent = node.getparent()
            return tag == "list-item" or (tag == "li" and parent is not None and parent.tag == "ol")
        forms = [node, self._style(node)] if tag == "p" else []
        for form in filter(lambda each: each is not None, forms):
            if (number := form.find("{*}pPr/{*}numPr/{*}numId")) is not None:
                return _value(number, "val") != "0"
        return False


def _words(text: str | None, exact: bool) -> str:
    """Return what is shown of characters: white space is one blank, if it is not kept."""
    text = re.sub(f"[{TOLD}{BEGIN}{END}]", "\ufffd", text or "")
    return text if exact else re.sub(r"[ \t\r\n\f]+", " ", text)
