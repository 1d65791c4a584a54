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

from laoqu import grid, paths
from laoqu import styles as looks
from laoqu.numerals import CHINESE
from laoqu.spelling import LIFTED, SUNK
from laoqu.styles import LOWERED, ODD, RAISED

#: An archive that unpacks to more bytes is refused.
MOST_UNPACKED = 200_000_000
#: So many marks (<) no plan has, and each takes memory: an empty paragraph is six bytes.
MOST_MARKS = 1_000_000
SPEC = paths.described("formats.toml")
#: First bytes of files that nothing here reads.
REFUSED = {first.encode("latin-1"): why for first, why in SPEC["refused"].items()}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
WHY, LOCKED = SPEC["why"], "EncryptedPackage".encode("utf-16-le")
PARTS, TAGS = SPEC["parts"], SPEC["tags"]
SKIPPED, LINE, CELL, BOX, SPEAKS = "skipped", "line", "cell", "box", "speaks"
NUMBERED = "mark or number of a list that the program sets by itself"
UNREAD = SPEC["unread"]
#: Fields of Word that draw signs: fractions, circled characters.
DRAWN = re.compile(r"\s*(?:EQ|SYMBOL)\b", re.IGNORECASE)
#: What is not read stands as this sign where it touches a numeral, of which it may be a part.
GAP, NUMERAL = "\ufffc", rf"\d{CHINESE[1:-1]}.．%"
TYPED = {sunk: sign for sign, sunk in SUNK.items()}
GAPS = {*UNREAD.values(), ODD} - {UNREAD["note"]}
#: How a page begins, whatever its name ends in.
PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)\b", re.IGNORECASE)
#: What an element is, by its name without namespace: a role of the above, a key of `UNREAD`, or
#: the characters that it stands for.
ROLES = {
    suffix: {tag: role for role, tags in roles.items() for tag in tags.split()}
    for suffix, roles in SPEC["roles"].items()
}
UNREAD_STYLES = "styles are not read that may hide, strike or add words: "
#: What Word does to words of which no style says anything else.
DEFAULT = "\ndefault"
OFF = ("0", "false", "off", "none", "baseline")
#: Words moved by fewer half-points stand on the line, only trimmed.
MOVED = 5
#: Signs for what has no characters: something left out or not read, begin and end of a text box,
#: begin and end of words below the line, the end of a paragraph of Word that is deleted, and an
#: end of what is drawn apart.
TOLD, BEGIN, END, SINKS, JOINED, SIDE = SIGNS = "\x01\x02\x03\x04\x05\x06"
#: An end that a number could cross.
CROSSED = re.compile(rf"(?<=[{NUMERAL}负－−-])[ \xa0]*{SIDE}[{SIDE} \xa0]*+(?![\s。；，）]|$)")


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
    if suffix not in PARTS and data.startswith(grid.ZIP):
        raise ValueError(WHY["archive"])
    if suffix not in ROLES and not PAGE.match(data):
        return Opened(grid.decoded(data)[0])
    try:
        if suffix not in PARTS:
            parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
            root = _tree(grid.decoded(data)[0].encode(), parser)
            css = " ".join(node.text or "" for node in root.iter("style"))
            rules, unread = looks.sheet(css)
            unread += root.xpath("//link[contains(@rel, 'sheet')]/@href")
            found = _Tree(".html", rules).opened(root)
            found.told += [(1, UNREAD_STYLES + ", ".join(unread[:9]))][: len(unread)]
            return found
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
    found = {_value(node, "name") or _value(node, "styleId"): node for node in every}
    ours = [each for root in roots for each in root.iter("{*}rPrDefault")]
    return found | dict.fromkeys([DEFAULT] * len(ours), *ours[:1])


def _value(node: etree._Element, name: str) -> str:
    """Return an attribute by its name without namespace."""
    found = (text for key, text in node.attrib.items() if key.rpartition("}")[2] == name)
    return next(found, "")


def _shade(mark: etree._Element) -> str:
    """Return the value of a property of Word; a colour or ground of the theme says more."""
    if themed := _value(mark, "themeColor") or _value(mark, "themeFill"):
        return themed + _value(mark, "themeTint")
    ground = etree.QName(mark).localname == "shd" and _value(mark, "val") in ("", "clear", "nil")
    return (_value(mark, "fill") if ground else "") or _value(mark, "val")


class _Tree:
    """Reads a tree of elements by the roles of one format."""

    def __init__(self, suffix: str, styles: dict[str, etree._Element | str]) -> None:
        self.suffix, self.roles, self.styles = suffix, ROLES[suffix], styles
        self.word = suffix == ".docx"
        #: What is not in the text, in the order in which it was met: kind and words.
        self.told: list[tuple[str, str]] = []
        #: Whether words of a paragraph of Word are moved against others in it.
        self.moved: dict[etree._Element, bool] = {}
        self.boxed: set[etree._Element] = set()  # what a row of boxes holds

    def opened(self, root: etree._Element) -> Opened:
        """Return the lines of a document that have text."""
        lines, boxes, places = [], [], defaultdict(list)
        first = 0
        text = re.sub(f"{JOINED}\n?", "", self._text(root.find(".//{*}body")))
        # CO2 stays as it is typed, but a lowered mark beside a number is none of its digits.
        typed = f"(?<![{NUMERAL}]){SINKS}([^{SINKS}]*){SINKS}(?![{NUMERAL}])"
        text = re.sub(typed, lambda sunk: sunk[1].translate(TYPED), text)
        for line in text.replace(SINKS, "").split("\n"):
            for at in re.findall(f"{TOLD}(\\d+){TOLD}", line):
                kind, words = self.told[int(at)]
                places[kind].append((len(lines) + 1, words))
            plain = re.sub(f"{TOLD}(\\d+){TOLD}", self._gap, re.sub(f"[{BEGIN}{END}]", "", line))
            plain = CROSSED.sub(GAP, plain).replace(SIDE, "")
            plain = re.sub(f"(?<![{NUMERAL}{GAP}]){GAP}+(?![{NUMERAL}{GAP}])", "", plain)
            first = len(lines) + 1 if BEGIN in line else first
            if END in line and first <= len(lines):
                boxes.append((first, len(lines)))
            lines += [plain] if plain.strip() else []
        told = []
        for kind, found in places.items():
            what = "left out" if kind in looks.LEFT_OUT else "not read"
            what = "read, but no number across their ends" if kind == ODD else what
            line, words = found[0]
            shown = f", {words[:20]!r}" if words else ""
            told.append((line, f"{kind}: {what}, {len(found)} in all; the first is here{shown}"))
        changed = ("{*}ins", "{*}del", "{*}moveFrom") if self.word else ("{*}changed-region",)
        if changes := sum(1 for _ in root.iter(*changed)) * (self.suffix != ".html"):
            told.append((1, f"tracked changes: read as if all were accepted, {changes} in all"))
        return Opened("\n".join(lines), told, boxes)

    def _gap(self, mark: re.Match[str]) -> str:
        kind = self.told[int(mark[1])][0]  # a picture that begins a line is an ornament
        first = re.fullmatch(f"(?:.*\t)?(?:{TOLD}\\d+{TOLD})*", mark.string[: mark.start()])
        ornament = kind in (UNREAD["picture"], ODD) and first is not None
        return GAP if kind in GAPS and not ornament else ""

    def _text(self, node: etree._Element, exact: bool = False) -> str:
        """Return the text of an element, in lines; a text box stands behind its paragraph."""
        tag = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else "comment"  # or o:p
        if tag == "comment" or (tag == "tr" and node.find("{*}trPr/{*}del") is not None):
            return ""
        role = self.roles.get(tag, "")
        drawn = "".join(node.itertext()) if tag == "instrText" else _value(node, "instr")
        if tag == "sdt" and node.find("{*}sdtPr/{*}showingPlcHdr") is not None:
            role = "form"
        if role in UNREAD or DRAWN.match(drawn):
            return self._tell(UNREAD.get(role, UNREAD["equation"]))
        if tag in self.roles and role not in (LINE, CELL, BOX, SPEAKS):
            return "" if role == SKIPPED else role
        form = self._form(node, tag)
        if form in looks.LEFT_OUT:
            return self._tell(form, node)
        if role not in (LINE, CELL, BOX):
            role = {looks.LINED: LINE, looks.CELLED: CELL}.get(form, role)
        if tag == "AlternateContent":  # one text in several forms
            forms = [self._text(form, exact) for form in node]
            return next(filter(None, forms), "")
        exact = exact or tag == "pre"
        silent = self.word and role != SPEAKS
        text = "" if silent else _words(node.text, exact)
        for child in node:
            text += self._text(child, exact) + ("" if silent else _words(child.tail, exact))
        if self._numbered(node, tag) and text.strip():
            text = self._tell(NUMBERED, node) + text
        if signs := {RAISED: LIFTED, LOWERED: SUNK}.get(form):  # a number between TOLD is no text
            parts = re.split(f"({TOLD}\\d+{TOLD})", text)
            text = "".join(part if part[:1] == TOLD else part.translate(signs) for part in parts)
            text = f"{SINKS}{text}{SINKS}" if form == LOWERED else text
        if form == ODD and text.strip():  # a line, a cell or a box ends by itself
            text = self._tell(ODD, node) + text + GAP * (role not in (LINE, CELL, BOX))
        if role == LINE:
            boxes = "\n".join(re.findall(f"{BEGIN}[^{END}]*{END}", text))
            end = JOINED if not boxes and self._joined(node) else f"\n{boxes}\n"
            return "\n" + re.sub(f"{BEGIN}[^{END}]*{END}", "", text) + end
        if role == CELL:
            return SIDE + text.strip("\n ") + "\t"
        text = f"{SIDE}{text}{SIDE}" if form in looks.PARTED else text
        return f"{BEGIN}\n{text}\n{END}" if role == BOX else text

    def _joined(self, node: etree._Element) -> bool:
        """Whether the end of a paragraph of Word is deleted or moved: the next goes on in it."""
        marks = (node.find(f"{{*}}pPr/{{*}}rPr/{{*}}{name}") for name in ("del", "moveFrom"))
        return self.word and any(mark is not None for mark in marks)

    def _tell(self, kind: str, node: etree._Element | None = None) -> str:
        words = "" if node is None else "".join("".join(node.itertext()).split())
        if node is not None and not words:
            return ""
        self.told.append((kind, words))
        return f"{TOLD}{len(self.told) - 1}{TOLD}"

    def _form(self, node: etree._Element, tag: str) -> str:
        """Say whether an element is struck out, hidden, raised or lowered, itself or by style."""
        if self.suffix == ".html":
            marks = [f".{name}" for name in node.get("class", "").split()] + [f"#{node.get('id')}"]
            marks += [tag, *(tag + mark for mark in marks), *(f"[{n}]" for n in node.attrib), "*"]
            form = TAGS.get(tag, looks.BOXED if tag not in self.roles and ":" not in tag else "")
            found = {form}.union(*(self.styles.get(mark, ()) for mark in marks))
            closed = tag == "dialog" and "open" not in node.attrib
            found |= {looks.HIDDEN} if closed or {"hidden", "popover"} & {*node.attrib} else set()
            marked = f"color:{node.get('color', 'auto')};direction:{node.get('dir', 'ltr')};"
            found |= looks.kinds(marked + node.get("style", ""))
            found |= {looks.BOXED} if node in self.boxed else set()
            self.boxed.update(node if looks.ROW in found else ())
            found -= {looks.TINY} if len(node) else set()  # what is in it may have its own size
        else:
            found = self._named(node, tag)
        return next((kind for kind in looks.FIRST if kind in found), "")

    def _named(self, node: etree._Element, tag: str) -> frozenset[str]:
        """Return what styles of Word and OpenDocument do, whose fields and sections hide too."""
        ends = node.iter("{*}hidden-paragraph") if tag in ("p", "h") and not self.word else ()
        own = (each for each in ends if next(each.iterancestors("{*}p", "{*}h")) is node)
        row = node.find("{*}trPr/{*}hidden") if tag == "tr" else None
        if row is not None or any(_value(each, "is-hidden") == "true" for each in (node, *own)):
            return frozenset([looks.HIDDEN])
        if self.word and tag in ("bdo", "dir"):
            return frozenset([ODD])
        styles = self._styles_of(node)
        if self.word:
            styles += [self.styles[DEFAULT]] if tag == "p" and DEFAULT in self.styles else []
            forms = [form.find("{*}rPr") for form in ([node] if tag == "r" else []) + styles]
            pairs = [(m.tag, _shade(m)) for form in forms if form is not None for m in form]
        else:
            forms = [style.find("{*}text-properties") for style in styles]
            own = {name: _value(node, name) for name in ("display", "visibility")}
            pairs = [p for form in (own, *forms) if form is not None for p in form.items() if p[1]]
        marks: dict[str, str] = {}
        for name, value in pairs:  # the nearest says
            marks.setdefault(etree.QName(name).localname, value)
        if tag != "r" or not self._moved(node, marks.get("position", "")):
            marks.pop("position", None)
        off = OFF if self.word else ()
        return looks.judged(tuple(f"{n}:{value}" for n, value in marks.items() if value not in off))

    def _moved(self, node: etree._Element, value: str) -> bool:
        """Whether a run of Word is moved up or down, and not its whole paragraph."""
        if not re.fullmatch(r"-?\d{1,4}", value) or abs(int(value)) < MOVED:
            return False
        line = next(node.iterancestors("{*}p"), node)
        if line not in self.moved:
            runs = (run for run in line.iter("{*}r") if "".join(run.itertext()).strip())
            self.moved[line] = any(run.find("{*}rPr/{*}position") is None for run in runs)
        return self.moved[line]

    def _styles_of(self, node: etree._Element) -> list[etree._Element]:
        """Return the style of a paragraph or run, and those that it is based on."""
        found = []
        paths = ("{*}rPr/{*}rStyle", "{*}pPr/{*}pStyle", "{*}tblPr/{*}tblStyle")
        named = [_value(each, "val") for path in paths for each in node.findall(path)]
        name = next(iter(named), "") or _value(node, "style-name")
        while (style := self.styles.get(name)) is not None and style not in found:
            found.append(style)
            based = [_value(each, "val") for each in style.findall("{*}basedOn")]
            name = next(iter(based), "") or _value(style, "parent-style-name")
        return found

    def _numbered(self, node: etree._Element, tag: str) -> bool:
        """Whether the program sets a number before an element, which is no text."""
        if not self.word:
            parent = node.getparent()
            return tag == "list-item" or (tag == "li" and parent is not None and parent.tag == "ol")
        for form in [node, *self._styles_of(node)] if tag == "p" else []:
            if (number := form.find("{*}pPr/{*}numPr/{*}numId")) is not None:
                return _value(number, "val") != "0"
        return False


def _words(text: str | None, exact: bool) -> str:
    """Return what is shown of characters: white space is one blank, if it is not kept."""
    text = re.sub(f"[{SIGNS}]", "\ufffd", text or "")
    return text if exact else re.sub(r"[ \t\r\n\f]+", " ", text)
