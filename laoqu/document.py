"""The plan's text as parts, clauses, boxes and sentences, with offsets that lead both ways.

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
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

from laoqu import paths, source
from laoqu.errors import ArgumentError, DataError, Problem, UnknownId, guard, guard_methods, nearest

LAYOUT = Path("curated", "layout.toml")

NUMERALS = "一二三四五六七八九十"
PAGE_MARK = re.compile(r"^\s*— \d+ —\s*$")
PART_HEAD = re.compile(rf"^\s*([{NUMERALS}]+)、")
CLAUSE_HEAD = re.compile(rf"^\s*（([{NUMERALS}]+)）")
BOX_HEAD = re.compile(r"^\s*专栏\s*(\d+)")
SENTENCE = re.compile(r"[^。！？]*[。！？][”’）》」]*|[^。！？]+$")
#: An item of a box opens with a phrase that is a sentence by its full stop alone: 高标准农田建设。
ITEM_TITLE = re.compile(r"^[^，、；：。]{2,20}。$")


class Span(NamedTuple):
    """Half-open range of character offsets: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True)
class Unit:
    """The smallest piece of the document; units do not overlap and leave nothing out.

    ``unit_id`` is ``c14.s02`` (sentence), ``c14.h`` (heading), ``b3.t01`` (title of a box item) or
    ``title``; ``clause_id`` the passage it belongs to (``title``, ``pre``, ``p1``…, ``c01``…,
    ``b1``…); ``start`` and ``end`` are canonical offsets, ``spans`` raw ones, several where a
    floating box cuts the unit; ``page`` is the printed page on which it begins.
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


@guard_methods
@dataclass(frozen=True)
class Document:
    """A parsed document: the texts of ``units`` joined are ``canonical``.

    ``parts``, ``clauses`` and ``boxes`` have keys ``p1``…, ``c01``…, ``b1``…; ``page_starts`` are
    the raw offsets at which pages begin.

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
        """Return one unit by id."""
        if not isinstance(unit_id, str) or unit_id not in self._by_id:
            raise UnknownId(unit_id, nearest(str(unit_id), self._by_id), "unit")
        return self._by_id[unit_id]

    def unit_at(self, start: int) -> Unit:
        """Return the unit that holds the canonical offset `start`."""
        _bounds(start, start, len(self.canonical))
        return self.units[bisect_right(self._starts, start) - 1]

    def to_raw(self, start: int, end: int) -> list[Span]:
        """Return the raw spans of ``canonical[start:end]``, in reading order.

        White space and page marks stay inside a span; a box or clause in between starts a new one.
        """
        _bounds(start, end, len(self.canonical))
        return _raw_spans(self._raw_of[start:end], self.raw)

    def to_canonical(self, start: int, end: int) -> list[Span]:
        """Return the canonical spans of ``raw[start:end]``: none where only blanks stand there."""
        _bounds(start, end, len(self.raw))
        found = sorted(self._canonical_of[i] for i in range(start, end) if i in self._canonical_of)
        return _joined(found, lambda before, after: before == after)

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


def _bounds(start: int, end: int, size: int) -> None:
    whole = isinstance(start, Integral) and isinstance(end, Integral)
    if not (whole and 0 <= start <= end <= size):
        message = f"offsets must satisfy 0 <= start <= end <= {size}, got {start!r}, {end!r}"
        raise ArgumentError(message)


def _joined(offsets: Iterable[int], meet: Callable[[int, int], bool]) -> list[Span]:
    """Return the spans of single characters; two are one where the end of one meets the next."""
    spans: list[Span] = []
    for offset in offsets:
        if spans and meet(spans[-1].end, offset):
            spans[-1] = Span(spans[-1].start, offset + 1)
        else:
            spans.append(Span(offset, offset + 1))
    return spans


def _raw_spans(offsets: tuple[int, ...], raw: str) -> list[Span]:
    """Return the spans of raw offsets; only blanks and page marks stand inside one."""

    def meet(before: int, after: int) -> bool:
        between = raw[before:after].split("\n") if before <= after else ["x"]
        return all(not line.strip() or PAGE_MARK.match(line) for line in between)

    return _joined(offsets, meet)


@dataclass
class _Block:
    """A stretch of the document being read: raw offsets of its heading and body."""

    id: str
    number: int
    part: str
    heading: list[int] = field(default_factory=list)
    body: list[int] = field(default_factory=list)
    line_starts: set[int] = field(default_factory=set)
    boxes: list[_Block] = field(default_factory=list)

    def add(self, offsets: list[int]) -> None:
        self.line_starts.add(len(self.body))
        self.body += offsets


def load(source_id: str = "plan", folder: Path | None = None) -> Document:
    """Read, verify and parse one registered source of ``data/raw``.

    A `DataError` says where the file is not byte for byte the registered one, or ``layout.toml``
    does not fit it.
    """
    folder = folder or paths.data()
    raw, path = source.read(source_id, folder)
    layout = source.toml(folder / LAYOUT).get(source_id, {})
    if found := _misplaced(raw, layout, folder / LAYOUT):
        raise DataError(found)
    return parse(raw, layout, name=paths.display(path))


@guard
def parse(raw: str, layout: dict[str, object] | None = None, name: str = "document") -> Document:
    r"""Parse the text layer of a policy document, lines separated by LF.

    `layout` is one table of ``layout.toml``: ``page_start`` (a regular expression for a line that
    begins a page; by default a form feed does) and ``piece`` (a list of ``box``, ``lines``); errors
    name the file `name`. A `DataError` says where part, clause or box numbers do not count up from
    1, or a piece is not where `layout` says.

    Examples
    --------
    >>> from laoqu import document
    >>> text = "某方案\n\n为做好工作。\n一、总体要求\n（一）目标。做好工作。\n"
    >>> [unit.unit_id for unit in document.parse(text).units]
    ['title', 'pre.s01', 'p1.h', 'c01.h', 'c01.s01']
    """
    layout = layout or {}
    blocks = _blocks(raw, layout, name)
    raw_of = tuple(i for block in blocks for i in (*block.heading, *block.body))
    canonical = "".join(raw[offset] for offset in raw_of)
    page_start = re.compile(str(layout.get("page_start", "^\f")))
    page_starts = tuple(at for at, line in _lines(raw) if page_start.search(line)) or (0,)
    units: list[Unit] = []
    for block in blocks:
        for unit_id, kind, size in _split(block, raw):
            start = units[-1].end if units else 0
            here = raw_of[start : start + size]
            text, page = canonical[start : start + size], bisect_right(page_starts, here[0])
            spans = tuple(_raw_spans(here, raw))
            place = (start, start + size, spans, max(1, page))
            units.append(Unit(unit_id, kind, block.id, text, *place))
    passages = [_passage(block, units) for block in blocks]
    parts, clauses, boxes = (
        {each.id: each for each in passages if re.match(rf"{letter}\d", each.id)}
        for letter in "pcb"
    )
    return Document(raw, canonical, tuple(units), parts, clauses, boxes, page_starts, raw_of)


def _blocks(raw: str, layout: dict[str, object], name: str) -> list[_Block]:
    """Assign every character of every line to the title, the preamble, a part, clause or box."""
    pieces = {
        line: piece["box"]
        for piece in layout.get("piece", [])
        for line in range(piece["lines"][0], piece["lines"][1] + 1)
    }
    blocks = [_Block("title", 0, "")]
    boxes: dict[int, _Block] = {}
    open_box: _Block | None = None
    parts = clauses = 0
    for number, (at, line) in enumerate(_lines(raw), start=1):
        current = blocks[-1]
        offsets = [at + i for i, char in enumerate(line) if not char.isspace()]
        if PAGE_MARK.match(line):
            continue
        if not offsets:
            # Rule: the first block of lines is the title.
            if current.id == "title" and current.body:
                blocks.append(_Block("pre", 0, ""))
        elif match := BOX_HEAD.match(line):
            index = _counted(int(match[1]), len(boxes), "box", f"专栏{match[1]}", (name, number))
            open_box = boxes[index] = _Block(f"b{index}", index, current.part)
            current.boxes.append(open_box)
            open_box.heading += offsets
        elif number in pieces:
            if pieces[number] not in boxes:
                message = f"layout.toml puts this line in box {pieces[number]}, not begun yet"
                raise DataError([Problem(name, number, 1, message)])
            boxes[pieces[number]].add(offsets)
            open_box = None
        elif match := PART_HEAD.match(line):
            parts = _counted(_number(match[1]), parts, "part", match[1], (name, number))
            blocks.append(_Block(f"p{parts}", parts, f"p{parts}", heading=offsets))
            open_box = None
        elif match := CLAUSE_HEAD.match(line):
            clauses = _counted(_number(match[1]), clauses, "clause", match[1], (name, number))
            blocks.append(_Block(f"c{clauses:02d}", clauses, f"p{parts}"))
            blocks[-1].add(offsets)
            open_box = None
        else:
            (open_box or current).add(offsets)
    return [each for block in blocks for each in (block, *block.boxes)]


def _counted(found: int, before: int, kind: str, shown: str, where: tuple[str, int]) -> int:
    """Require part, clause and box numbers to count up from 1."""
    if found != before + 1:
        message = f"found {kind} {shown} ({found}), expected number {before + 1}"
        raise DataError([Problem(*where, 1, message)])
    return found


def _number(numeral: str) -> int:
    """Read 一 … 九十九 as a number."""
    tens, _, ones = numeral.rpartition("十")
    if "十" not in numeral:
        return NUMERALS.index(numeral) + 1 if len(numeral) == 1 else 0
    value = {"": 0} | {char: i for i, char in enumerate(NUMERALS, start=1)}
    return (value.get(tens, 0) or 1) * 10 + value.get(ones, 0)


def _split(block: _Block, raw: str) -> list[tuple[str, str, int]]:
    """Cut heading and body into units: (id, kind, number of characters)."""
    units = [(f"{block.id}.h", "heading", len(block.heading))] if block.heading else []
    text = "".join(raw[i] for i in block.body)
    if block.id == "title":
        return [("title", "title", len(text))] if text else []
    sentences = titles = at = 0
    found = SENTENCE.findall(text)
    for index, sentence in enumerate(found):
        begins_line = at in block.line_starts and index + 1 < len(found)
        if index == 0 and block.id.startswith("c"):
            # Rule: the heading of a clause runs to its first full stop.
            units.append((f"{block.id}.h", "heading", len(sentence)))
        elif block.id.startswith("b") and begins_line and ITEM_TITLE.match(sentence):
            titles += 1
            units.append((f"{block.id}.t{titles:02d}", "item_title", len(sentence)))
        else:
            sentences += 1
            units.append((f"{block.id}.s{sentences:02d}", "sentence", len(sentence)))
        at += len(sentence)
    return units


def _passage(block: _Block, units: list[Unit]) -> Passage:
    mine = [unit for unit in units if unit.clause_id == block.id]
    start, end = (mine[0].start, mine[-1].end) if mine else (0, 0)
    heading = next((unit.text for unit in mine if unit.kind in ("heading", "title")), "")
    title = re.sub(rf"^(?:[{NUMERALS}]+、|（[{NUMERALS}]+）|专栏\d+)", "", heading).rstrip("。")
    text = "".join(unit.text for unit in mine)
    return Passage(block.id, block.number, title, block.part, text, start, end)


def _lines(raw: str) -> list[tuple[int, str]]:
    """Return each line with the raw offset at which it begins."""
    lines = raw.split("\n")
    return list(zip(accumulate((len(line) + 1 for line in lines), initial=0), lines, strict=False))


def _misplaced(raw: str, layout: dict[str, object], path: Path) -> list[Problem]:
    """Require each piece of layout.toml to begin and end with the words it states."""
    lines, rows = raw.split("\n"), path.read_text(encoding="utf-8").split("\n")
    starts = [i for i, row in enumerate(rows) if row.startswith("[[") and "piece" in row]
    found = []
    try:
        for at, piece in zip(starts, layout.get("piece", []), strict=True):
            for key, line in zip(("begins", "ends"), piece["lines"], strict=True):
                here = lines[line - 1].strip() if 0 < line <= len(lines) else ""
                if here.startswith(piece[key]) if key == "begins" else here.endswith(piece[key]):
                    continue
                row = next((i for i in range(at, len(rows)) if rows[i].startswith("lines")), at)
                message = f"line {line} of the text is {here!r}, but the piece {key} {piece[key]!r}"
                found.append(Problem(paths.display(path), row + 1, 1, message))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"a piece needs box, lines = [first, last], begins and ends: {error!r}"
        found.append(Problem(paths.display(path), 1, 1, message))
    return found
