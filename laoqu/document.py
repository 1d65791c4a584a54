"""The text of a policy document as parts, clauses, boxes and sentences; offsets lead both ways.

Headings, boxes and paragraphs are found by convention (`laoqu.layout`); what is special to one file
(where its pages begin, where a box floats into a clause) is data: ``data/curated/layout.toml``. The
*canonical text* is the document in reading order without white space and page marks; a box stands
after the clause at, or inside, which it is printed. Offsets lead both ways: a box that floats
splits the raw span of the sentence it cuts, never the canonical one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import paths, source
from laoqu.errors import ArgumentError, DataError, Problem, guard, guard_methods, require, shown
from laoqu.layout import (
    BOX_HEAD,
    HEAD,
    LINE_END,
    Block,
    Reader,
    number,
    split_lines,
    units_of,
    visible,
)
from laoqu.reprs import card

LAYOUT = Path("curated", "layout.toml")


class Span(NamedTuple):
    """Half-open range of character offsets: ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True)
class Unit:
    """The smallest piece of the document; units do not overlap and leave nothing out.

    ``unit_id`` is ``c14.s02`` (sentence), ``c14.h`` (heading), ``b3.t01`` (title of an item),
    ``title``, or has the first letter of another kind: letterhead, number, date, addressee, line
    (words without a full stop); ``clause_id`` the passage it belongs to (``title``, ``pre``,
    ``p1``…, ``c01``…, ``b1``…); ``start`` and ``end`` are canonical offsets, ``spans`` raw ones,
    several where a floating box cuts the unit; ``page`` is the printed page on which it begins.
    """

    unit_id: str
    kind: str
    clause_id: str
    text: str
    start: int
    end: int
    spans: tuple[Span, ...]
    page: int


class Units(tuple[Unit, ...]):
    """The units in reading order; called, they are a frame with one row each."""

    def __call__(self) -> pd.DataFrame:
        """Return the frame."""
        columns = ["unit_id", "kind", "clause_id", "text", "start", "end", "page"]
        rows = [[getattr(unit, column) for column in columns] for unit in self]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Passage:
    """A part, clause or box: ``text`` is heading and body in canonical form.

    A part's passage is its heading and the text directly under it, without its clauses and boxes;
    ``name`` is how the document itself calls it: 第七条, 第三章第二节, 专栏2.
    """

    id: str
    number: int
    title: str
    part: str
    text: str
    start: int
    end: int
    name: str

    def _repr_html_(self) -> str:
        facts = {"": self.id, "characters": self.end - self.start}
        return card(f"{self.name} {self.title}", facts, self.text.splitlines())


@guard_methods
@dataclass(frozen=True, repr=False)
class Document:
    """A parsed document: the texts of ``units`` joined are ``canonical``.

    ``units`` is a tuple, ``units()`` the same as a frame; ``parts``, ``clauses`` and ``boxes`` have
    keys ``p1``…, ``c01``…, ``b1``…; ``page_starts`` are the raw offsets at which pages begin;
    ``problems`` says by line where headings do not count up or a box stands in mid-sentence.

    Examples
    --------
    >>> import laoqu as lq
    >>> document = lq.load().document
    >>> document
    <“十四五”支持革命老区巩固拓展脱贫攻坚成果衔接推进乡村振兴实施方案: 5 parts, 16 clauses, 4 boxes, 108 sentences, 7,387 characters>
    >>> document.to_raw(*document.find("推进重点县城建设")[0])
    [Span(start=2262, end=2263), Span(start=2498, end=2505)]
    """  # noqa: E501

    raw: str
    canonical: str
    units: Units
    parts: dict[str, Passage]
    clauses: dict[str, Passage]
    boxes: dict[str, Passage]
    page_starts: tuple[int, ...]
    problems: tuple[Problem, ...]
    _raw_of: tuple[int, ...]
    #: The canonical text without the numbers of items, as figures are read in it.
    _counted: str

    @cached_property
    def _canonical_of(self) -> dict[int, int]:
        return {offset: index for index, offset in enumerate(self._raw_of)}

    @cached_property
    def _by_id(self) -> dict[str, Unit]:
        return {unit.unit_id: unit for unit in self.units}

    @cached_property
    def _starts(self) -> list[int]:
        return [unit.start for unit in self.units]

    @property
    def title(self) -> str:
        """The title, or nothing where the text has none."""
        return "".join(unit.text for unit in self.units if unit.kind == "title")

    @cached_property
    def passages(self) -> dict[str, Passage]:
        """Parts, clauses and boxes in reading order."""
        every = {**self.parts, **self.clauses, **self.boxes}
        return dict(sorted(every.items(), key=lambda item: item[1].start))

    def sentences(self) -> pd.DataFrame:
        """Return the sentences, one row each: the columns of ``units()`` but ``kind``."""
        found = self.units().query("kind == 'sentence'")
        return found.drop(columns="kind").reset_index(drop=True)

    def unit(self, unit_id: str) -> Unit:
        """Return one unit by id."""
        require(unit_id, self._by_id, "unit")
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
        return _joined(self._raw_of[start:end], self.raw)

    def to_canonical(self, start: int, end: int) -> list[Span]:
        """Return the canonical spans of ``raw[start:end]``: none where only blanks stand there."""
        _bounds(start, end, len(self.raw))
        known = self._canonical_of
        return _joined(sorted(known[offset] for offset in range(start, end) if offset in known))

    def find(self, pattern: str) -> list[Span]:
        """Return the canonical spans of every match of the regular expression `pattern`."""
        return [Span(*match.span()) for match in re.finditer(pattern, self.canonical)]

    def page_of(self, start: int) -> int:
        """Return the page (from 1) on which the canonical offset `start` is printed."""
        _bounds(start, start, len(self.canonical) - 1)
        return max(1, bisect_right(self.page_starts, self._raw_of[start]))

    def line_of(self, start: int) -> int:
        """Return the line (from 1) of the raw file that holds the canonical offset `start`."""
        _bounds(start, start, len(self.canonical) - 1)
        return len(LINE_END.findall(self.raw, 0, self._raw_of[start])) + 1

    def _sizes(self) -> dict[str, str]:
        sizes = {name: len(getattr(self, name)) for name in ("parts", "clauses", "boxes")}
        sizes["sentences"] = sum(unit.kind == "sentence" for unit in self.units)
        sizes |= {"characters": len(self.canonical), "problems": len(self.problems)}
        return {name: f"{n:,}" for name, n in sizes.items() if n}

    def __repr__(self) -> str:
        shown = ", ".join(f"{n} {name}" for name, n in self._sizes().items())
        return f"<{self.title or 'a text without a title'}: {shown}>"

    def _repr_html_(self) -> str:
        passages = [f"{each.name} {each.title}" for each in self.passages.values()]
        return card(self.title or "a text without a title", self._sizes(), passages)


def _bounds(start: int, end: int, size: int) -> None:
    whole = isinstance(start, Integral) and isinstance(end, Integral)
    if not (whole and 0 <= start <= end <= size):
        message = f"offsets must satisfy 0 <= start <= end <= {size}"
        raise ArgumentError(f"{message}, got {shown(start)}, {shown(end)}")


def _joined(offsets: Iterable[int], raw: str | None = None) -> list[Span]:
    """Return the spans of single characters; in `raw` blanks and page marks may stand between."""
    spans: list[Span] = []
    for offset in offsets:
        before = spans[-1].end if spans else offset + 1
        gap = LINE_END.split(raw[before:offset]) if raw and before < offset else ()
        if before == offset or (gap and not any(map(visible, gap))):
            spans[-1] = Span(spans[-1].start, offset + 1)
        else:
            spans.append(Span(offset, offset + 1))
    return spans


def load(folder: Path | None = None) -> Document:
    """Read, verify and parse the plan.

    A `DataError` says where the file is not byte for byte the published one, or ``layout.toml``
    does not fit it.
    """
    folder = folder or paths.data()
    raw, path = source.read(folder)
    layout = source.toml(folder / LAYOUT).get("plan", {})
    try:
        return parse(raw, layout, name=paths.display(path))
    except ArgumentError as error:  # a piece without box or lines
        raise DataError([Problem(paths.display(folder / LAYOUT), 1, 1, str(error))]) from error


@guard
def parse(
    raw: str, layout: dict[str, object] | None = None, name: str = "document", strict: bool = True,
    printed: str = "",
) -> Document:  # fmt: skip
    r"""Parse the text of a policy document.

    `layout` is one table of ``layout.toml``: ``page_start`` (a regular expression for a line that
    begins a page; by default a form feed does) and ``piece`` (a list of ``box``, ``lines``); errors
    name the file `name`. Where headings do not count up from 1, or a box stands in mid-sentence
    and no piece says how far it goes, a `DataError` says so; without `strict`, ``problems`` do.
    The document has the characters of `printed`, if `raw` has others of the same number.

    Examples
    --------
    >>> from laoqu import document
    >>> text = "某方案\n\n为做好工作。\n一、总体要求\n（一）目标。做好工作。\n"
    >>> [unit.unit_id for unit in document.parse(text).units]
    ['title', 'pre.s01', 'p1.h', 'c01.h', 'c01.s01']
    """
    layout = layout or {}
    reader = Reader(raw, layout, name)
    blocks = reader.read()
    if reader.problems and strict:
        raise DataError(reader.problems)
    raw_of = tuple(offset for block in blocks for offset in block.offsets)
    texts = ["".join(raw[offset] for offset in block.offsets) for block in blocks]
    plain, counted = "".join(texts), "".join(map(Block.counted, blocks, texts))
    canonical = "".join((printed or raw)[offset] for offset in raw_of)
    page_start = re.compile(str(layout.get("page_start", "^\f")))
    page_starts = tuple(at for _, at, line in split_lines(raw) if page_start.search(line)) or (0,)
    units: list[Unit] = []
    passages: dict[str, dict[str, Passage]] = {"p": {}, "c": {}, "b": {}}
    counts = Counter(block.kind for block in blocks if number(block.printed) == 1)
    for block, text in zip(blocks, texts, strict=True):
        first = len(units)
        for unit_id, kind, words in units_of(block, text):
            start = units[-1].end if units else 0
            end = start + len(words)
            page = max(1, bisect_right(page_starts, raw_of[start]))
            spans = tuple(_joined(raw_of[start:end], raw))
            words = canonical[start:end]
            units.append(Unit(unit_id, kind, block.id, words, start, end, spans, page))
        if block.kind:
            passages[block.id[0]][block.id] = _passage(block, units[first:], plain, counts)
    return Document(
        printed or raw, canonical, Units(units), parts=passages["p"], clauses=passages["c"],
        boxes=passages["b"], page_starts=page_starts, problems=tuple(reader.problems),
        _raw_of=raw_of, _counted=counted,
    )  # fmt: skip


def _passage(block: Block, units: list[Unit], plain: str, counts: Counter) -> Passage:
    name, found = block.name(counts), number(block.printed)
    text, start, end = "".join(unit.text for unit in units), units[0].start, units[-1].end
    last = sum(unit.end - unit.start for unit in units if unit.kind == "heading")
    heading = plain[start : start + last]
    mark = HEAD.match(heading) or BOX_HEAD.match(heading)
    title = text[mark.end() if mark else 0 : last].rstrip("。.：:")
    return Passage(block.id, found, title, block.part, text, start, end, name)
