"""The text of a policy document as parts, clauses, boxes and sentences; offsets lead both ways.

One reader for every layout that Chinese policy documents use:

* a heading begins a line: 第一篇, 第一部分, 第一章, 第一节, 第一条, ``一、``, ``（一）``, ``1.``;
  the innermost kind heads the clauses (条 wherever there is one, ``1.`` only beside one other
  kind), the kinds outside it head the parts; a kind alone heads parts, unless it is ``（一）``;
* each kind counts up from 1 without a gap; it may begin again under an outer heading;
* the first block of lines is the title, what follows up to the first heading the preamble;
* ``专栏 N`` heads a box, which runs to the next heading; a page mark alone on a line is no text;
* where lines are broken by layout, one that stops short ends its paragraph; elsewhere each does.

What is special to one file (where its pages begin, where a box floats into a clause) is data:
``data/curated/layout.toml``. The *canonical text* is the document in reading order without white
space and page marks; a box stands after the clause at, or inside, which it is printed. Offsets lead
both ways: a box that floats splits the raw span of the sentence it cuts, never the canonical one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from numbers import Integral
from pathlib import Path
from typing import NamedTuple
from unicodedata import east_asian_width

import pandas as pd

from laoqu import paths, source
from laoqu.errors import ArgumentError, DataError, Problem, UnknownId, guard, guard_methods, nearest
from laoqu.reprs import card

LAYOUT = Path("curated", "layout.toml")

NUMERALS = "一二三四五六七八九十"
#: The digits of years: 二〇二五.
YEAR_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
LINE_END = re.compile(r"\r\n|\r|\n")
PAGE_MARK = re.compile(r"^\s*(?:[—–－-]\s*\d+\s*[—–－-]|第\s*\d+\s*页(?:\s*共\s*\d+\s*页)?)\s*$")
#: Signs that print nothing and are no white space to Python: byte order mark, zero width space.
INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
#: Kinds of headings from the outermost in, and what a citation calls them.
KINDS = {
    "篇": "第{}篇", "部分": "第{}部分", "章": "第{}章", "节": "第{}节", "条": "第{}条",
    "、": "第{}部分", "（": "条目{}", ".": "第{}项", "专栏": "专栏{}",
}  # fmt: skip
HEAD = re.compile(
    rf"\s*(?:第\s*(?P<number>[{NUMERALS}百零〇\d]+)\s*(?P<kind>篇|部分|章|节|条)"
    rf"|(?P<part>[{NUMERALS}]+)、(?![{NUMERALS}]+、)"
    rf"|[（(]\s*(?P<clause>[{NUMERALS}]+)\s*[）)]|(?P<item>\d{{1,2}})[.．、](?!\d))"
)
BOX_HEAD = re.compile(rf"\s*专栏\s*(\d+|[{NUMERALS}]+)(?!.*[，。])")
STOP = re.compile(r"(?:[。！？!?｡]|(?<=[\u4e00-\u9fff”）)])[.．])+[”’）》」』)\"]*")
ENDED = re.compile(f"{STOP.pattern}$")
#: A title has none of these.
NO_TITLE = re.compile("[，。：；,;:]|^目录$")
#: A paragraph that ends in one of these goes on in the next.
COMMAS = "，、；：,;:"
LIST_MARK = re.compile(r"^(?:\d{1,2}[.．、]|[（(]\d+[）)])")
#: An item opens with a phrase that is a sentence by its full stop alone: 高标准农田建设。
ITEM_TITLE = re.compile(r"^[^，、；：。,;:]{2,20}[。.．｡]$")
#: Lines that are no sentence, by kind.
FORMAL = {
    "letterhead": re.compile(r".{2,30}文件"),
    "number": re.compile(r"[^，。]{1,12}[〔\[［(（]\d{4}[〕\]］)）]第?\d+号"),
    "date": re.compile(
        rf"[（(]?[\d〇○{NUMERALS}]{{4}}年[\d{NUMERALS}]+月[\d{NUMERALS}]+日.{{0,4}}[）)]?"
    ),
    "addressee": re.compile(r"[^。；]{0,20}各[^。；]{2,200}[：:]"),
}
#: A line is broken by layout where many have one width of at least this many characters.
NARROWEST = 20


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
    ``name`` is how the document itself calls it: 条目七, 第三章第二节, 专栏2.
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
        between = LINE_END.split(raw[before:after]) if before <= after else ["x"]
        return not any(_visible(line) for line in between)

    return _joined(offsets, meet)


def _visible(line: str) -> list[int]:
    """Return where the characters stand that a line has; a page mark has none."""
    if PAGE_MARK.match(line):
        return []
    return [i for i, char in enumerate(line) if not char.isspace() and char not in INVISIBLE]


@dataclass
class _Line:
    """A line that has text: where it stands, and whether its paragraph ends with it."""

    number: int
    raw: str
    offsets: list[int]
    text: str
    after_blank: bool
    ends: bool = True

    @cached_property
    def head(self) -> tuple[str, str]:
        """Kind and printed number of the heading that it may be, or nothing."""
        if not (found := HEAD.match(self.raw)):
            return "", ""
        kinds = {found["kind"]: "number", "、": "part", "（": "clause", ".": "item"}
        return next((kind, found[group]) for kind, group in kinds.items() if found[group])

    @property
    def closes(self) -> bool:
        """Whether a heading may follow."""
        return self.ends or bool(ENDED.search(self.text)) or self.text[-1] in "；：;:"


@dataclass
class _Block:
    """A stretch of the document being read: raw offsets, and where it is cut for certain."""

    id: str
    part: str = ""
    kind: str = ""
    printed: str = ""
    above: _Block | None = None
    offsets: list[int] = field(default_factory=list)
    line_starts: set[int] = field(default_factory=set)
    cuts: set[int] = field(default_factory=set)
    formal: dict[int, str] = field(default_factory=dict)
    boxes: list[_Block] = field(default_factory=list)

    def add(self, line: _Line) -> None:
        at, formal = len(self.offsets), self.formal_kind(line.text)
        self.offsets += line.offsets
        self.line_starts.add(at)
        if formal:
            self.formal[at] = formal
            self.cuts |= {at, len(self.offsets)}
        elif line.ends and self.id != "title":
            opens = self.kind not in ("", "条") and not self.cuts
            if opens or line.text[-1] not in COMMAS:
                self.cuts.add(len(self.offsets))

    def formal_kind(self, text: str) -> str:
        """Return what a line is if it is no part of a sentence: number, date, addressee."""
        first = {"title": "letterhead", "pre": "" if self.offsets else "addressee"}.get(self.id)
        kinds = (kind for kind in ("number", "date", first) if kind)
        return next((kind for kind in kinds if FORMAL[kind].fullmatch(text)), "")

    def name(self, counts: Counter) -> str:
        """Return how the document calls it: where numbers begin again, with what it is in."""
        own = KINDS[self.kind].format(self.printed)
        if self.above is None or counts[self.kind] == 1:
            return own
        return self.above.name(counts) + (f"（{self.printed}）" if self.kind == "（" else own)


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
def parse(
    raw: str, layout: dict[str, object] | None = None, name: str = "document", strict: bool = True
) -> Document:
    r"""Parse the text of a policy document.

    `layout` is one table of ``layout.toml``: ``page_start`` (a regular expression for a line that
    begins a page; by default a form feed does) and ``piece`` (a list of ``box``, ``lines``); errors
    name the file `name`. Where headings do not count up from 1, or a box stands in mid-sentence
    and no piece says how far it goes, a `DataError` says so; without `strict`, ``problems`` do.

    Examples
    --------
    >>> from laoqu import document
    >>> text = "某方案\n\n为做好工作。\n一、总体要求\n（一）目标。做好工作。\n"
    >>> [unit.unit_id for unit in document.parse(text).units]
    ['title', 'pre.s01', 'p1.h', 'c01.h', 'c01.s01']
    """
    layout = layout or {}
    reader = _Reader(_lines(raw), layout, name)
    blocks = reader.read()
    if reader.problems and strict:
        raise DataError(reader.problems)
    raw_of = tuple(offset for block in blocks for offset in block.offsets)
    canonical = "".join(raw[offset] for offset in raw_of)
    page_start = re.compile(str(layout.get("page_start", "^\f")))
    page_starts = tuple(at for _, at, line in _split_lines(raw) if page_start.search(line)) or (0,)
    units: list[Unit] = []
    passages: dict[str, dict[str, Passage]] = {"p": {}, "c": {}, "b": {}}
    counts = Counter(block.kind for block in blocks if number(block.printed) == 1)
    for block in blocks:
        first = len(units)
        for unit_id, kind, text in _cut(block, "".join(raw[i] for i in block.offsets)):
            start = units[-1].end if units else 0
            end = start + len(text)
            page = max(1, bisect_right(page_starts, raw_of[start]))
            spans = tuple(_raw_spans(raw_of[start:end], raw))
            units.append(Unit(unit_id, kind, block.id, text, start, end, spans, page))
        if block.kind:
            passages[block.id[0]][block.id] = _passage(block, units[first:], block.name(counts))
    found = (Units(units), *passages.values(), page_starts, tuple(reader.problems), raw_of)
    return Document(raw, canonical, *found)


def _split_lines(raw: str) -> Iterator[tuple[int, int, str]]:
    """Yield number and raw offset of each line, and the line."""
    at = 0
    for number, end in enumerate([*LINE_END.finditer(raw), None], start=1):
        yield number, at, raw[at : end.start() if end else None]
        at = end.end() if end else 0


def _lines(raw: str) -> list[_Line]:
    """Return the lines that have text, with where paragraphs end."""
    lines, blank = [], False
    for number, at, line in _split_lines(raw):
        if visible := _visible(line):
            text = "".join(line[i] for i in visible)
            lines.append(_Line(number, line, [at + i for i in visible], text, blank))
        blank = not (visible or (blank is False and PAGE_MARK.match(line)))
    widths = [sum(1 if east_asian_width(c) in "WFA" else 0.5 for c in each.text) for each in lines]
    unfinished = Counter(
        round(width)
        for line, width in zip(lines, widths, strict=True)
        if width > NARROWEST and not ENDED.search(line.text)
    )
    measure, most = max(unfinished.items(), key=lambda item: item[1], default=(0, 0))
    if most >= max(4, len(lines) / 4):
        for line, width in zip(lines, widths, strict=True):
            line.ends = width < measure - 2.5  # a paragraph's first line is indented by two
    for line, after in pairwise(lines):
        # A heading on a line of its own goes on only in a second line that stops short.
        if BOX_HEAD.match(line.raw) or line.head[0] not in ("", "条", "（", "."):
            line.ends = line.ends or not after.ends
    return lines


class _Reader:
    """Gives every character of every line to the title, the preamble, a part, clause or box."""

    def __init__(self, lines: list[_Line], layout: dict[str, object], name: str) -> None:
        self.lines, self.name = lines, name
        self.pieces = {
            line: piece["box"]
            for piece in layout.get("piece", [])
            for line in range(piece["lines"][0], piece["lines"][1] + 1)
        }
        for before, line in pairwise(lines):
            if line.number in self.pieces and before.number not in self.pieces:
                before.ends = False  # a piece may cut a sentence wherever it stands
        self.kinds = self._kinds()
        self.blocks = [_Block("title")]
        self.boxes: dict[int, _Block] = {}
        self.open_box: _Block | None = None
        self.problems: list[Problem] = []
        #: Last number and block of each kind, and how many parts and clauses there are.
        self.last: Counter[str] = Counter()
        self.above: dict[str, _Block] = {}
        self.made: Counter[str] = Counter()
        #: Headings met in a table of contents, while in it.
        self.contents: list[str] | None = None

    def _kinds(self) -> list[str]:
        """Return the kinds of headings that are used; the last one heads clauses, if any."""
        heads = [line.head for line in self.lines]
        first = {kind for kind, printed in heads if number(printed) == 1}
        used = [kind for kind in KINDS if kind in first]
        if "条" in used:
            return used[: used.index("条") + 1]
        if "." in used and (len(used) > 2 or "（" in used):
            used.remove(".")
        return used if len(used) > 1 or used == ["（"] else [*used, ""]

    def read(self) -> list[_Block]:
        """Return the blocks in reading order."""
        for before, line in pairwise([None, *self.lines]):
            begins = before is None or before.closes
            if line.text == "目录":
                self.contents = []
            if self._box(line, begins) or self._piece(line) or self._heading(line, begins):
                continue
            if len(self.blocks) == 1 and self._behind_title(line):
                self.blocks.append(_Block("pre"))
            (self.open_box or self.blocks[-1]).add(line)
        return [each for block in self.blocks for each in (block, *block.boxes)]

    def _box(self, line: _Line, begins: bool) -> bool:
        """Begin a box, if the line heads one."""
        match, expected = BOX_HEAD.match(line.raw), len(self.boxes) + 1
        if not match or self.contents is not None:
            return False
        found = number(match[1])
        if found != expected and not begins:
            return False
        self._count("box", f"专栏{match[1]}", found, expected, line)
        if not begins and found not in self.pieces.values():
            message = f"box {found} stands in mid-sentence: say how far it goes by `layout`, "
            message += f'{{"piece": [{{"box": {found}, "lines": [{line.number}, …]}}]}}'
            self.problems.append(Problem(self.name, line.number, 1, message))
        current = self.blocks[-1]
        self.open_box = self.boxes[found] = _Block(f"b{found}", current.part, "专栏", str(found))
        current.boxes.append(self.open_box)
        self.open_box.add(line)
        return True

    def _piece(self, line: _Line) -> bool:
        """Give a line to the box that the layout says."""
        if line.number not in self.pieces:
            return False
        box = self.pieces[line.number]
        if box not in self.boxes:
            message = f"layout.toml puts this line in box {box}, not begun yet"
            raise DataError([Problem(self.name, line.number, 1, message)])
        self.boxes[box].add(line)
        self.open_box = None
        return True

    def _heading(self, line: _Line, begins: bool) -> bool:
        """Begin a part or clause, if the line heads one."""
        kind, printed = line.head
        if not kind or kind not in self.kinds:
            return False
        if self.contents is not None:
            if not (self.contents and self.contents[0].startswith(line.text)):
                self.contents.append(line.text)
                return False
            self.contents = None
        found, expected = number(printed), self.last[kind] + 1
        again = found == 1 and kind not in self.above
        if found != expected and not again and not begins:
            return False  # a reference inside a sentence
        clause, level = kind == self.kinds[-1], self.kinds.index(kind)
        word = "clause" if clause else "part"
        self._count(word, printed, found, 1 if again else expected, line)
        self.last[kind] = found
        self.above = {k: b for k, b in self.above.items() if self.kinds.index(k) < level}
        above = next(reversed(self.above.values()), None)
        self.made[word] += 1
        id = f"c{self.made[word]:02d}" if clause else f"p{self.made[word]}"
        part = (above.part if above else "") if clause else id
        self.above[kind] = _Block(id, part, kind, printed, above)
        self.blocks.append(self.above[kind])
        self.blocks[-1].add(line)
        self.open_box = None
        return True

    def _count(self, kind: str, shown: str, found: int, expected: int, line: _Line) -> None:
        """Require part, clause and box numbers to count up from 1."""
        if found != expected:
            message = f"found {kind} {shown} ({found}), expected number {expected}"
            self.problems.append(Problem(self.name, line.number, 1, message))

    def _behind_title(self, line: _Line) -> bool:
        """Whether a line stands behind the first block of lines, which is the title."""
        title = self.blocks[0]
        if line.after_blank and len(title.formal) < len(title.line_starts):
            return True
        return not title.formal_kind(line.text) and bool(NO_TITLE.search(line.text))


def _cut(block: _Block, text: str) -> Iterator[tuple[str, str, str]]:
    """Cut the text of a block into units: id, kind and words."""
    stops = set() if block.id == "title" else {match.end() for match in STOP.finditer(text)}
    counts: Counter[str] = Counter()
    paragraph, begin = min(block.cuts, default=len(text)), 0
    for stop in sorted((stops | block.cuts | {len(text)}) - {0}):
        words = text[begin:stop]
        ended = stop in stops or words[-1] in COMMAS
        whole = ended and stop >= paragraph and re.search("[，,；;]", words)
        item = ITEM_TITLE.match(LIST_MARK.sub("", words)) and begin in block.line_starts
        if begin in block.formal or block.id == "title":
            kind = block.formal.get(begin, "title")
        elif begin == 0 and block.kind and not (ended if block.kind == "条" else whole):
            kind = "heading"
        elif item and stop < len(text) and (block.kind == "专栏" or LIST_MARK.match(words)):
            kind = "item_title"
        else:
            kind = "sentence" if ended else "line"
        letter = kind.removeprefix("item_")[0]
        counts[letter] += 1
        plain = "title" if kind == "title" else f"{block.id}.h"
        once = kind in ("title", "heading") and counts[letter] == 1
        yield plain if once else f"{block.id}.{letter}{counts[letter]:02d}", kind, words
        begin = stop


def _passage(block: _Block, units: list[Unit], name: str) -> Passage:
    heading = "".join(unit.text for unit in units if unit.kind == "heading")
    for mark in (HEAD, BOX_HEAD):
        heading = heading[match.end() :] if (match := mark.match(heading)) else heading
    text = "".join(unit.text for unit in units)
    place = (units[0].start, units[-1].end)
    title = heading.rstrip("。.：:")
    return Passage(block.id, number(block.printed), title, block.part, text, *place, name)


def numeral(number: int) -> str:
    """Return a whole number from 1 to 9999 as texts write it.

    >>> [numeral(n) for n in (7, 10, 16, 21, 110, 305)]
    ['七', '十', '十六', '二十一', '一百一十', '三百零五']
    """
    written, before = "", 0
    for size, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            gap = "零" if written and not before else ""
            written += gap + NUMERALS[digit - 1] + word
        before = digit
    return re.sub("^一十", "十", written)


@cache
def _numbers() -> dict[str, int]:
    return {numeral(value): value for value in range(1, 10_000)}


def number(text: str) -> int:
    """Return what digits of any width or Chinese numerals mean, or 0 where they are no number.

    >>> [number(text) for text in ("十", "二十一", "两百", "二〇二五", "１２", "十四五")]
    [10, 21, 200, 2025, 12, 0]
    """
    plain = text.translate(YEAR_DIGITS) if len(text) == 4 and "十" not in text else text
    return int(plain) if plain.isdecimal() else _numbers().get(text.replace("两", "二"), 0)


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
