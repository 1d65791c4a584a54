"""A document as it is held: units, passages, and offsets that lead both ways."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from laoqu.source import Span

PAGE_MARK = re.compile(r"^\s*— \d+ —\s*$")


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
        return raw_spans(self._raw_of[start:end], self.raw)

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


def raw_spans(offsets: tuple[int, ...], raw: str) -> list[Span]:
    """Return the spans of raw offsets; only blanks and page marks stand inside one."""
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
