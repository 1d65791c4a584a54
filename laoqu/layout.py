"""Layouts of policy documents: lines with their paragraphs, headings, boxes, and how they are cut.

* A heading begins a line: 第一篇, 第一部分, 第一章, 第一节, 第一条, ``一、``, ``（一）``, ``1.``.
  The innermost kind heads the clauses (条 wherever there is one, ``1.`` only beside one other
  kind), the kinds outside it head the parts; a kind alone heads parts, unless it is ``（一）``.
* Each kind counts up from 1 without a gap; it may begin again under an outer heading.
* The first block of lines is the title, what follows up to the first heading the preamble.
* ``专栏 N`` heads a box, which runs to the next heading; a page mark alone on a line is no text.
* Where lines are broken by layout, one that stops short ends its paragraph; elsewhere each does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise, zip_longest
from unicodedata import category, east_asian_width

from laoqu.errors import Problem
from laoqu.texts import TEXTS, compiled, patterns

KINDS, NUMERALS, PATTERNS = TEXTS["kinds"], TEXTS["layout"]["numerals"], patterns("layout")
LINE_END, PAGE_MARK, HEAD = compiled(PATTERNS, "line_end", "page_mark", "head")
BOX_HEAD, STOP, ENDED, OPENING, GAP, NO_TITLE, LIST_MARK, ITEM_TITLE = compiled(
    PATTERNS, "box_head", "stop", "ended", "opening", "gap", "no_title", "list_mark", "item_title"
)
SIZES = {"千": 1000, "百": 100, "十": 10}
#: The digits of years: 二〇二五.
YEAR_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
#: Signs that print nothing by themselves (soft hyphens, zero width spaces, variation selectors,
#: loose accents), and letters that print nothing.
INVISIBLE, FILLERS = ("Cf", "Mn", "Me"), "\u115f\u1160\u2800\u3164\uffa0"
#: A paragraph that ends in one of these goes on in the next.
COMMAS = "，、；：,;:"


@dataclass
class Line:
    """A line that has text: where it stands, and whether its paragraph ends with it."""

    number: int
    raw: str
    offsets: list[int]
    text: str
    after_blank: bool
    ends: bool = True
    #: Whether it begins with the number of an item: "sure", "maybe" where that may be a decimal.
    item: str = ""

    @cached_property
    def head(self) -> tuple[str, str]:
        """Kind and printed number of the heading that it may be, or nothing."""
        if not (found := HEAD.match(self.raw)) or (found["tight"] and self.item != "sure"):
            return "", ""
        kinds = {found["kind"]: "number", "、": "part", "（": "clause", ".": "item"}
        return next((kind, found[group]) for kind, group in kinds.items() if found[group])

    @property
    def closes(self) -> bool:
        """Whether a heading may follow."""
        return self.ends or bool(ENDED.search(self.text)) or self.text[-1] in "；：;:"


@dataclass
class Block:
    """A stretch of the document being read: raw offsets, and where it is cut for certain."""

    id: str
    part: str = ""
    kind: str = ""
    printed: str = ""
    above: Block | None = None
    offsets: list[int] = field(default_factory=list)
    cuts: set[int] = field(default_factory=set)
    formal: dict[int, str] = field(default_factory=dict)
    #: Where its lines begin, and how surely with the number of an item.
    items: dict[int, str] = field(default_factory=dict)
    boxes: list[Block] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Take a line."""
        at, formal = len(self.offsets), self.formal_kind(line.text)
        self.offsets += line.offsets
        self.items[at] = line.item
        if formal:
            self.formal[at] = formal
            self.cuts |= {at, len(self.offsets)}
        elif line.ends and self.id != "title":
            opens = self.kind not in ("", "条") and not self.cuts
            if opens or line.text[-1] not in COMMAS:
                self.cuts.add(len(self.offsets))

    def counted(self, text: str) -> str:
        """Return its text without the numbers of items; with 、 for a point that may be one."""
        chars = list(text)
        for at, item in self.items.items():
            end = at + len(re.match(r"\d*.?", text[at : at + 4])[0])
            if item == "sure":
                chars[at:end] = "；" * (end - at)
            elif item:
                chars[end - 1] = "、"
        return "".join(chars)

    def formal_kind(self, text: str) -> str:
        """Return what a line is if it is no part of a sentence: number, date, addressee."""
        first = {"title": "letterhead", "pre": "" if self.offsets else "addressee"}.get(self.id)
        kinds = (kind for kind in ("number", "date", first) if kind)
        return next((kind for kind in kinds if re.fullmatch(TEXTS["formal"][kind], text)), "")

    def name(self, counts: Counter) -> str:
        """Return how the document calls it: where numbers begin again, with what it is in."""
        own = KINDS[self.kind].format(self.printed)
        if self.above is None or counts[self.kind] == 1:
            return own
        return self.above.name(counts) + (f"（{self.printed}）" if self.kind == "（" else own)


def split_lines(raw: str) -> Iterator[tuple[int, int, str]]:
    """Yield number and raw offset of each line, and the line."""
    at = 0
    for number, end in enumerate([*LINE_END.finditer(raw), None], start=1):
        yield number, at, raw[at : end.start() if end else None]
        at = end.end() if end else 0


def prints(char: str) -> bool:
    """Whether a character is one that readers see, or white space."""
    return "\u4e00" <= char <= "\u9fff" or (category(char) not in INVISIBLE and char not in FILLERS)


def visible(line: str) -> list[int]:
    """Return where the characters stand that a line has; a page mark has none.

    White space is none but a tab between two texts, and a blank between digits: cells of a table.
    """
    if PAGE_MARK.match(line):
        return []
    begin, end = OPENING.match(line).end(), len(line.rstrip())
    gaps = {gap.start() for gap in GAP.finditer(line, begin, end)}
    return [i for i, char in enumerate(line) if i in gaps or (prints(char) and not char.isspace())]


def lines_of(raw: str) -> list[Line]:
    """Return the lines that have text, with where paragraphs end."""
    lines, blank = [], False
    for number, at, line in split_lines(raw):
        if shown := visible(line):
            text = "".join(line[i] for i in shown)
            printed = "".join(filter(prints, line))
            lines.append(Line(number, printed, [at + i for i in shown], text, blank))
        blank = not shown
    widths = [sum(1 if east_asian_width(c) in "WFA" else 0.5 for c in each.text) for each in lines]
    # Lines of a page are of one width, those that a program has cut of one number of characters.
    sizes = (widths, [len(line.raw.strip()) for line in lines])
    unfinished = Counter(
        (by, round(size))
        for by in (0, 1)
        for line, size in zip(lines, sizes[by], strict=True)
        if size > 20 and not ENDED.search(line.text)
    )
    (by, measure), most = max(unfinished.items(), key=lambda item: item[1], default=((0, 0), 0))
    if most >= max(4, len(lines) / 4):
        for line, size in zip(lines, sizes[by], strict=True):
            line.ends = size < measure - 2.5  # a paragraph's first line is indented by two
    _count_items(lines)
    for line, after in pairwise(lines):
        # A heading on a line of its own goes on only in a second line that stops short.
        if BOX_HEAD.match(line.raw) or line.head[0] not in ("", "条", "（", "."):
            line.ends = line.ends or not after.ends
    return lines


def _count_items(lines: list[Line]) -> None:
    """Say which lines begin with the number of an item: one that counts on, also before digits.

    Digits that count from nothing are a decimal (1.5万亩 by itself); those that count on behind
    other words or a heading, or only two of which count, may be one.
    """
    runs: list[list[tuple[Line, bool, bool]]] = []  # with digits behind the number, with doubt
    apart, last, count, digits = True, None, -9, False
    for before, line in pairwise([None, *lines]):
        found = HEAD.match(line.raw)
        if not (found and found["item"]):
            apart |= bool(found or BOX_HEAD.match(line.raw))
            continue
        n, tight = int(found["item"]), bool(found["tight"])
        follows, again = n == count + 1, digits and n == count and not apart
        inside = before and not before.closes and (tight or not follows)
        if inside or (tight and not (follows or again or n == 1)):
            continue
        doubt = apart or (before is not last and not ENDED.search(before.text))
        if again:  # 3.5万亩建成。 and 3.保障。
            runs[-1].pop()[0].item = "maybe"
        elif not follows:
            runs.append([])
        runs[-1].append((line, tight, doubt if follows else tight if again else not apart))
        apart, last, count, digits = False, line, n, tight
    for run in runs:
        certain = not run[0][2] and (len(run) > 2 or not all(tight for _, tight, _ in run))
        for (line, tight, doubt), after in zip_longest(run, run[1:]):
            if len(run) > 1 or not tight:
                sure = not tight or (certain and not (doubt and (after is None or after[2])))
                line.item = "sure" if sure else "maybe"


class Reader:
    """Gives every character of a text to the title, the preamble, a part, clause or box."""

    def __init__(self, raw: str, layout: dict[str, object], name: str) -> None:
        self.lines, self.name = lines_of(raw), name
        self.size = sum(1 for _ in split_lines(raw))
        #: The box that a line belongs to by the layout.
        self.pieces: dict[int, int] = {}
        self.problems: list[Problem] = []
        for piece in layout.get("piece", []):
            self._take(piece)
        apart = {piece["lines"][0] for piece in layout.get("piece", []) if piece.get("apart")}
        for before, line in pairwise(self.lines):
            if line.number in self.pieces.keys() - apart and before.number not in self.pieces:
                before.ends = False  # a piece may cut a sentence wherever it stands
        self.kinds = self._kinds()
        self.blocks = [Block("title")]
        self.boxes: dict[int, Block] = {}
        self.open_box: Block | None = None
        #: Last number and block of each kind, and how many parts and clauses there are.
        self.last: Counter[str] = Counter()
        self.above: dict[str, Block] = {}
        self.made: Counter[str] = Counter()
        #: Headings met in a table of contents, while in it.
        self.contents: list[str] | None = None

    def _take(self, piece: dict[str, object]) -> None:
        """Give the lines of a piece to its box; they begin and end with the words it states."""
        first, last = piece["lines"]
        if not 1 <= first <= last <= self.size:
            message = f"layout.toml says that a piece has the lines {first} to {last}, "
            message += f"but the file has {self.size} lines"
            self.problems.append(Problem(self.name, max(1, min(first, self.size)), 1, message))
            return
        self.pieces |= dict.fromkeys(range(first, last + 1), piece["box"])
        texts = {line.number: line.raw.strip() for line in self.lines}
        for number, key in ((first, "begins"), (last, "ends")):
            words, text = piece.get(key, ""), texts.get(number, "")
            if not (text.startswith(words) if key == "begins" else text.endswith(words)):
                message = f"found {text!r}, but layout.toml says that a piece {key} {words!r} here"
                self.problems.append(Problem(self.name, number, 1, message))

    def _kinds(self) -> list[str]:
        """Return the kinds of headings that are used; the last one heads clauses, if any."""
        first = {kind for kind, n in (each.head for each in self.lines) if number(n) == 1}
        used = [kind for kind in KINDS if kind in first]
        if "条" in used:
            return used[: used.index("条") + 1]
        if "." in used and (len(used) > 2 or "（" in used):
            used.remove(".")
        return used if len(used) > 1 or used == ["（"] else [*used, ""]

    def read(self) -> list[Block]:
        """Return the blocks in reading order."""
        for before, line in pairwise([None, *self.lines]):
            begins = before is None or before.closes
            if line.text == "目录":
                self.contents = []
            if self._box(line, begins) or self._piece(line) or self._heading(line, begins):
                continue
            if len(self.blocks) == 1 and self._behind_title(line):
                self.blocks.append(Block("pre"))
            (self.open_box or self.blocks[-1]).add(line)
        return [each for block in self.blocks for each in (block, *block.boxes)]

    def _box(self, line: Line, begins: bool) -> bool:
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
        self.open_box = Block(f"b{found}", self.blocks[-1].part, "专栏", str(found))
        self.boxes[found] = self.open_box
        self.blocks[-1].boxes.append(self.open_box)
        self.open_box.add(line)
        return True

    def _piece(self, line: Line) -> bool:
        """Give a line to the box that the layout says."""
        if line.number not in self.pieces:
            return False
        box = self.pieces[line.number]
        if box not in self.boxes:
            message = f"layout.toml puts this line in box {box}, not begun yet"
            self.problems.append(Problem(self.name, line.number, 1, message))
            return False
        self.boxes[box].add(line)
        self.open_box = None
        return True

    def _heading(self, line: Line, begins: bool) -> bool:
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
        self.above[kind] = Block(id, part, kind, printed, above)
        self.blocks.append(self.above[kind])
        self.blocks[-1].add(line)
        self.open_box = None
        return True

    def _count(self, kind: str, shown: str, found: int, expected: int, line: Line) -> None:
        """Require part, clause and box numbers to count up from 1."""
        if found != expected:
            message = f"found {kind} {shown} ({found}), expected number {expected}"
            self.problems.append(Problem(self.name, line.number, 1, message))

    def _behind_title(self, line: Line) -> bool:
        """Whether a line stands behind the first block of lines, which is the title."""
        title = self.blocks[0]
        if line.after_blank and len(title.formal) < len(title.items):
            return True
        return not title.formal_kind(line.text) and bool(NO_TITLE.search(line.text))


def units_of(block: Block, text: str) -> Iterator[tuple[str, str, str]]:
    """Cut the text of a block into units: id, kind and words."""
    stops = set() if block.id == "title" else {match.end() for match in STOP.finditer(text)}
    counts: Counter[str] = Counter()
    paragraph, begin = min(block.cuts, default=len(text)), 0
    for stop in sorted((stops | block.cuts | {len(text)}) - {0}):
        words = text[begin:stop]
        ended = stop in stops or words[-1] in COMMAS
        whole = ended and stop >= paragraph and re.search("[，,；;]", words)
        item = ITEM_TITLE.match(LIST_MARK.sub("", words)) and begin in block.items
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


def numeral(number: int) -> str:
    """Return a whole number from 1 to 9999 as texts write it.

    >>> [numeral(n) for n in (7, 10, 16, 21, 110, 305)]
    ['七', '十', '十六', '二十一', '一百一十', '三百零五']
    """
    sizes = ((number // size % 10, word) for word, size in (*SIZES.items(), ("", 1)))
    written = "".join(NUMERALS[digit - 1] + word if digit else "零" for digit, word in sizes)
    return re.sub("^一十", "十", re.sub("零+", "零", written).strip("零"))


@cache
def _numerals() -> dict[str, int]:
    return {numeral(n): n for n in range(1, 10_000)}


def number(text: str) -> int:
    """Return what digits of any width or Chinese numerals mean, or 0 where they are no number.

    >>> [number(text) for text in ("十", "二十一", "两百", "二〇二五", "１２", "十四五")]
    [10, 21, 200, 2025, 12, 0]
    """
    plain = text.translate(YEAR_DIGITS) if len(text) == 4 and "十" not in text else text
    return int(plain) if plain.isdecimal() else _numerals().get(text.replace("两", "二"), 0)
