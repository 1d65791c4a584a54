"""From raw text to a document, by the conventions that `laoqu.document` states."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from laoqu.document.model import PAGE_MARK, Document, Passage, Unit, raw_spans
from laoqu.errors import DataError, Problem

NUMERALS = "一二三四五六七八九十"
PART_HEAD = re.compile(rf"^\s*([{NUMERALS}]+)、")
CLAUSE_HEAD = re.compile(rf"^\s*（([{NUMERALS}]+)）")
BOX_HEAD = re.compile(r"^\s*专栏\s*(\d+)")
SENTENCE = re.compile(r"[^。！？]*[。！？][”’）》」]*|[^。！？]+$")
#: An item of a box opens with a phrase that is a sentence by its full stop alone: 高标准农田建设。
ITEM_TITLE = re.compile(r"^[^，、；：。]{2,20}。$")


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
            spans = tuple(raw_spans(here, raw))
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
    spans = tuple(raw_spans(raw_of[start:end], raw))
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
