"""The plan's raw text layer, read as a document: parts, clauses, boxes, sentences, offsets.

The parser follows the conventions of Chinese policy documents:

* the first block of lines is the title, what follows up to ``一、`` the preamble;
* ``一、`` at the start of a line heads a part (one line), ``（一）`` a clause (up to its first 。);
  both count up from 1 without a gap, and anything that breaks the count is an error;
* ``专栏 N`` at the start of a line heads a box (one line), which runs to the next heading;
* ``— N —`` alone on a line is a printed page mark and no text.

What is special to one file (where its pages begin, where a box floats into a clause) is data:
``data/curated/layout.toml``. The *canonical text* is the document in reading order without white
space and page marks; a box stands after the clause at, or inside, which it is printed. Offsets lead
both ways: a box that floats splits the raw span of the sentence it cuts, never the canonical one.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from laoqu import paths, source
from laoqu.errors import DataError, Problem
from laoqu.source import Span

NUMERALS = "一二三四五六七八九十"
PAGE_MARK = re.compile(r"^\s*— \d+ —\s*$")
PART_HEAD = re.compile(rf"^\s*([{NUMERALS}]+)、")
CLAUSE_HEAD = re.compile(rf"^\s*（([{NUMERALS}]+)）")
BOX_HEAD = re.compile(r"^\s*专栏\s*(\d+)")
SENTENCE = re.compile(r"[^。！？]*[。！？][”’）》」]*|[^。！？]+$")
#: An item of a box opens with a phrase that is a sentence by its full stop alone: 高标准农田建设。
ITEM_TITLE = re.compile(r"^[^，、；：。]{2,20}。$")


@dataclass(frozen=True)
class Unit:
    """The smallest piece of the document; units do not overlap and leave nothing out.

    Attributes
    ----------
    unit_id : str
        ``c14.s02`` (sentence), ``c14.h`` (heading), ``b3.t01`` (title of a box item), ``title``.
    kind : str
        ``title``, ``heading``, ``sentence`` or ``item_title``.
    clause_id : str
        ``title``, ``pre``, ``p1``…, ``c01``…, ``b1``…: the passage the unit belongs to.
    text : str
    start, end : int
        Canonical offsets, half-open.
    spans : tuple of Span
        Raw offsets; more than one where a floating box cuts the unit.
    page : int
        The printed page on which the unit begins.
    """

    unit_id: str
    kind: str
    clause_id: str
    text: str
    start: int
    end: int
    spans: tuple[Span, ...]
    page: int


@dataclass(frozen=True)
class Passage:
    """A part, clause or box: ``text`` is heading and body in canonical form.

    A part's passage is its heading and the text directly under it, without its clauses and boxes.
    """

    id: str
    number: int
    title: str
    part: str
    text: str
    start: int
    end: int
    spans: tuple[Span, ...]


@dataclass
class _Block:
    """A stretch of the document under construction: raw offsets of its heading and body."""

    id: str
    number: int
    part: str
    line: int
    heading: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)
    line_starts: set[int] = field(default_factory=set)
    boxes: list[_Block] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """A parsed document; see the module's text for the rules.

    Attributes
    ----------
    raw : str
        The text layer as published.
    canonical : str
        Reading order, no white space, no page marks.
    units : tuple of Unit
        In reading order; their texts joined are `canonical`.
    parts, clauses, boxes : dict of str to Passage
        Keys ``p1``…, ``c01``…, ``b1``….
    page_starts : tuple of int
        Raw offset at which each page begins.

    Examples
    --------
    >>> import laoqu as lq
    >>> document = lq.load().document
    >>> len(document.canonical), len(document.clauses), len(document.boxes)
    (7387, 16, 4)
    >>> document.to_raw(*document.find("推进重点县城建设")[0])
    [Span(start=2262, end=2263), Span(start=2498, end=2505)]
    """

    raw: str
    canonical: str
    units: tuple[Unit, ...]
    parts: dict[str, Passage]
    clauses: dict[str, Passage]
    boxes: dict[str, Passage]
    page_starts: tuple[int, ...]
    _raw_of: tuple[int, ...] = field(repr=False)

    @cached_property
    def _canonical_of(self) -> dict[int, int]:
        return {offset: index for index, offset in enumerate(self._raw_of)}

    @cached_property
    def _by_id(self) -> dict[str, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    @cached_property
    def _starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    def unit(self, unit_id: str) -> Unit:
        """Return one unit by id; ``KeyError`` when there is none."""
        return self._by_id[unit_id]

    def unit_at(self, start: int) -> Unit:
        """Return the unit that holds the canonical offset `start`."""
        _bounds(start, start, len(self.canonical))
        return self.units[bisect_right(self._starts, start) - 1]

    def to_raw(self, start: int, end: int) -> list[Span]:
        """Return the raw spans of ``canonical[start:end]``, in reading order.

        White space and page marks between two characters stay inside a span; only a box or a
        clause that stands between them starts a new one.
        """
        _bounds(start, end, len(self.canonical))
        return _raw_spans(self._raw_of[start:end], self.raw)

    def to_canonical(self, start: int, end: int) -> list[Span]:
        """Return the canonical spans of ``raw[start:end]``, in canonical order.

        Empty where the range holds only white space and page marks; several where the range
        runs over a floating box.
        """
        _bounds(start, end, len(self.raw))
        found = sorted(self._canonical_of[i] for i in range(start, end) if i in self._canonical_of)
        spans: list[Span] = []
        for index in found:
            if spans and spans[-1].end == index:
                spans[-1] = Span(spans[-1].start, index + 1)
            else:
                spans.append(Span(index, index + 1))
        return spans

    def find(self, pattern: str) -> list[Span]:
        """Return the canonical spans of every match of the regular expression `pattern`."""
        return [Span(*match.span()) for match in re.finditer(pattern, self.canonical)]

    def page_of(self, start: int) -> int:
        """Return the page (from 1) on which the canonical offset `start` is printed."""
        _bounds(start, start, len(self.canonical) - 1)
        return bisect_right(self.page_starts, self._raw_of[start])

    def line_of(self, start: int) -> int:
        """Return the line (from 1) of the raw file that holds the canonical offset `start`."""
        _bounds(start, start, len(self.canonical) - 1)
        return self.raw.count("\n", 0, self._raw_of[start]) + 1


def load(source_id: str = "plan", folder: Path | None = None) -> Document:
    """Read, verify and parse one registered source of ``data/raw``."""
    folder = folder or paths.data()
    src = source.load(source_id, folder)
    layout_path = folder / "curated" / "layout.toml"
    try:
        text = layout_path.read_text(encoding="utf-8")
        layout = tomllib.loads(text).get(source_id, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError([Problem(paths.display(layout_path), 1, 1, str(error))]) from error
    if found := _misplaced(src.raw, layout, text, paths.display(layout_path)):
        raise DataError(found)
    return parse(src.raw, layout, name=paths.display(src.path))


def parse(raw: str, layout: dict[str, object] | None = None, name: str = "document") -> Document:
    r"""Parse the text layer of a policy document.

    Parameters
    ----------
    raw : str
        The text layer, lines separated by LF.
    layout : dict, optional
        One table of ``layout.toml``: ``page_start`` (a regular expression for a line that begins
        a page; by default a form feed does) and ``piece`` (a list of ``box``, ``lines``).
    name : str
        How errors name the file.

    Returns
    -------
    Document

    Raises
    ------
    DataError
        When part, clause or box numbers do not count up from 1, or a piece is not where
        `layout` says.

    Examples
    --------
    >>> from laoqu import document
    >>> text = "某方案\n\n为做好工作。\n一、总体要求\n（一）目标。做好工作。\n"
    >>> [unit.unit_id for unit in document.parse(text).units]
    ['title', 'pre.s01', 'p1.h', 'c01.h', 'c01.s01']
    """
    layout = layout or {}
    blocks = _read_blocks(raw, layout, name)
    order: list[tuple[_Block, list[int], str]] = []
    for block in blocks:
        for each in [block, *block.boxes]:
            order.extend(
                (each, offsets, role)
                for offsets, role in ((each.heading, "heading"), (each.body, "body"))
            )
    raw_of = tuple(offset for _, offsets, _ in order for offset in offsets)
    canonical = "".join(raw[offset] for offset in raw_of)
    page_start = re.compile(str(layout.get("page_start", "^\f")))
    page_starts = tuple(at for at, line in _offsets(raw) if page_start.search(line)) or (0,)
    units: list[Unit] = []
    at = 0
    for block, offsets, role in order:
        for unit_id, kind, size in _split(block, [raw[i] for i in offsets], role):
            here = raw_of[at : at + size]
            spans = tuple(_raw_spans(here, raw))
            page = max(1, bisect_right(page_starts, here[0]))
            text = canonical[at : at + size]
            units.append(Unit(unit_id, kind, block.id, text, at, at + size, spans, page))
            at += size
    passages = {block.id: _passage(block, units, raw_of, raw) for block in _all(blocks)}
    kinds = {
        letter: {key: each for key, each in passages.items() if re.match(rf"{letter}\d", key)}
        for letter in "pcb"
    }
    return Document(
        raw, canonical, tuple(units), kinds["p"], kinds["c"], kinds["b"], page_starts, raw_of
    )


def _misplaced(raw: str, layout: dict[str, object], text: str, name: str) -> list[Problem]:
    """Require each piece of layout.toml to begin and end with the words it states."""
    lines, rows, found = raw.split("\n"), text.split("\n"), []
    for number, piece in enumerate(layout.get("piece", []), start=1):
        at = [i for i, row in enumerate(rows, start=1) if row.startswith("[[") and "piece" in row]
        first, last = piece["lines"]
        for key, line in (("begins", first), ("ends", last)):
            here = lines[line - 1].strip() if 0 < line <= len(lines) else ""
            if here.startswith(piece[key]) if key == "begins" else here.endswith(piece[key]):
                continue
            block = range(at[number - 1], len(rows))
            row = next((i + 1 for i in block if rows[i].startswith("lines")), at[number - 1])
            message = f"line {line} of the text is {here!r}, but the piece {key} {piece[key]!r}"
            found.append(Problem(name, row, 1, message))
    return found


def _read_blocks(raw: str, layout: dict[str, object], name: str) -> list[_Block]:
    """Assign every character of every line to the title, the preamble, a part, clause or box."""
    pieces = _pieces(layout)
    lines = _offsets(raw)
    blocks = [_Block("title", 0, "", 1)]
    current = blocks[0]
    boxes: dict[int, _Block] = {}
    open_box: _Block | None = None
    counts = {"part": 0, "clause": 0}
    for number, (at, line) in enumerate(lines, start=1):
        offsets = [at + i for i, char in enumerate(line) if not char.isspace()]
        if PAGE_MARK.match(line):
            continue
        if not offsets:
            # Rule: the first block of lines is the title.
            if current.id == "title" and current.body:
                current = _Block("pre", 0, "", number)
                blocks.append(current)
            continue
        placed = pieces.get(number)
        if match := BOX_HEAD.match(line):
            open_box = _open_box(int(match[1]), boxes, current, number, name)
            open_box.heading += offsets
            continue
        if placed is not None:
            if placed not in boxes:
                message = f"layout.toml puts this line in box {placed}, whose head was not seen yet"
                raise DataError([Problem(name, number, 1, message)])
            _add_line(boxes[placed], offsets)
            open_box = None
            continue
        head = PART_HEAD.match(line) or CLAUSE_HEAD.match(line)
        if head:
            kind = "part" if PART_HEAD.match(line) else "clause"
            counts[kind] = _next(counts[kind], head[1], kind, Problem(name, number, 1, ""))
            part = f"p{counts['part']}"
            block_id = part if kind == "part" else f"c{counts['clause']:02d}"
            current = _Block(block_id, counts[kind], part, number)
            blocks.append(current)
            open_box = None
        target = open_box or current
        if head and PART_HEAD.match(line):
            target.heading += offsets
        else:
            _add_line(target, offsets)
    return blocks


def _pieces(layout: dict[str, object]) -> dict[int, int]:
    """Map the line numbers that layout.toml places to their box."""
    placed = {}
    for piece in layout.get("piece", []):
        first, last = piece["lines"]
        placed.update(dict.fromkeys(range(first, last + 1), piece["box"]))
    return placed


def _open_box(
    number: int, boxes: dict[int, _Block], current: _Block, line: int, name: str
) -> _Block:
    if number != len(boxes) + 1:
        message = f"found box 专栏{number}, expected 专栏{len(boxes) + 1}"
        raise DataError([Problem(name, line, 1, message)])
    box = _Block(f"b{number}", number, current.part, line)
    boxes[number] = box
    current.boxes.append(box)
    return box


def _add_line(block: _Block, offsets: list[int]) -> None:
    block.line_starts.add(len(block.body))
    block.body += offsets


def _next(count: int, numeral: str, kind: str, at: Problem) -> int:
    found = _number(numeral)
    if found != count + 1:
        message = f"found {kind} {numeral} ({found}), expected number {count + 1}"
        raise DataError([at._replace(message=message)])
    return found


def _number(numeral: str) -> int:
    """Read 一 … 九十九 as a number."""
    tens, _, ones = numeral.rpartition("十")
    if "十" not in numeral:
        return NUMERALS.index(numeral) + 1 if len(numeral) == 1 else 0
    return (NUMERALS.index(tens) + 1 if tens else 1) * 10 + (
        NUMERALS.index(ones) + 1 if ones else 0
    )


def _split(block: _Block, chars: list[str], role: str) -> list[tuple[str, str, int]]:
    """Cut a heading or a body into units: (id, kind, number of characters)."""
    text = "".join(chars)
    if not text:
        return []
    if block.id == "title":
        return [("title", "title", len(text))]
    if role == "heading":
        return [(f"{block.id}.h", "heading", len(text))]
    units, sentences, titles, at = [], 0, 0, 0
    found = SENTENCE.findall(text)
    for index, sentence in enumerate(found):
        if index == 0 and block.id.startswith("c"):
            # Rule: the heading of a clause runs to its first full stop.
            units.append((f"{block.id}.h", "heading", len(sentence)))
        elif (
            block.id.startswith("b")
            and at in block.line_starts
            and index + 1 < len(found)
            and ITEM_TITLE.match(sentence)
        ):
            titles += 1
            units.append((f"{block.id}.t{titles:02d}", "item_title", len(sentence)))
        else:
            sentences += 1
            units.append((f"{block.id}.s{sentences:02d}", "sentence", len(sentence)))
        at += len(sentence)
    return units


def _passage(block: _Block, units: list[Unit], raw_of: tuple[int, ...], raw: str) -> Passage:
    mine = [unit for unit in units if unit.clause_id == block.id]
    if not mine:
        return Passage(block.id, block.number, "", block.part, "", 0, 0, ())
    start, end = mine[0].start, mine[-1].end
    text = "".join(unit.text for unit in mine)
    heading = next((unit.text for unit in mine if unit.kind in ("heading", "title")), "")
    title = re.sub(rf"^(?:[{NUMERALS}]+、|（[{NUMERALS}]+）|专栏\d+)", "", heading).rstrip("。")
    spans = tuple(_raw_spans(raw_of[start:end], raw))
    return Passage(block.id, block.number, title, block.part, text, start, end, spans)


def _all(blocks: list[_Block]) -> list[_Block]:
    return [each for block in blocks for each in [block, *block.boxes]]


def _offsets(raw: str) -> list[tuple[int, str]]:
    """Return each line with the raw offset at which it begins."""
    at, result = 0, []
    for line in raw.split("\n"):
        result.append((at, line))
        at += len(line) + 1
    return result


def _raw_spans(offsets: tuple[int, ...], raw: str) -> list[Span]:
    spans: list[Span] = []
    for offset in offsets:
        if spans and offset >= spans[-1].end and _is_blank(raw[spans[-1].end : offset]):
            spans[-1] = Span(spans[-1].start, offset + 1)
        else:
            spans.append(Span(offset, offset + 1))
    return spans


def _is_blank(between: str) -> bool:
    """Whether nothing but white space and page marks stands in `between`."""
    return not between or all(
        not line.strip() or PAGE_MARK.match(line) for line in between.split("\n")
    )


def _bounds(start: int, end: int, size: int) -> None:
    if not 0 <= start <= end <= size:
        raise ValueError(f"offsets must satisfy 0 <= start <= end <= {size}, got {start}, {end}")
