"""The one look: colours by meaning in light and dark, the font and its measures, a sheet.

A `Sheet` is a list of texts, paths and marks in points from the upper left corner. It knows where
everything lies before anything is rendered: layout and tests measure it, `Figure` writes it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font, LoadFlags

from laoqu.errors import LaoquError

#: Name → colour in light and in dark; each has one meaning.
PALETTE = {
    "ink": ("#262421", "#ECE8E1"),
    "muted": ("#66625B", "#ADA89F"),
    "context": ("#B8B5AE", "#77726A"),
    "rule": ("#DEDAD2", "#3D3A36"),
    "paper": ("#FFFFFF", "#1B1A18"),
    "focus": ("#A4262C", "#F2857E"),
    "land": ("#F1EFEA", "#2B2927"),
    # Reach, from near to far.
    "named": ("#A4262C", "#F2857E"),
    "place": ("#D0674F", "#C4604E"),
    # Instruments: supply, environment, demand.
    "supply": ("#2F5D8A", "#82B1DE"),
    "environment": ("#587A2E", "#A3C973"),
    "demand": ("#96681A", "#E3B35C"),
    # Counts from few to many: ink is read on the first three, paper on the others.
    "heat1": ("#F8ECE8", "#33282A"),
    "heat2": ("#F0CFC7", "#54302E"),
    "heat3": ("#E3A296", "#77403A"),
    "heat4": ("#B44447", "#DD7F77"),
    "heat5": ("#8C1D23", "#F4ADA5"),
}
INSTRUMENTS = {"S": "supply", "E": "environment", "D": "demand"}
#: Points: 160 mm, and what a page of 360 px leaves inside its margins (336 px).
WIDE, NARROW = 453.5, 252.0
#: Points: the title, the smallest type, and the margin of a sheet.
TITLE, SMALL, MARGIN = 10.5, 7.0, 3.0
#: A line of text is so high (em).
LINE = 1.3
FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
#: What a line of text is not broken in: a number stays with the word that follows it.
PIECE = re.compile(r"""(?:["(]*\d+ )?[A-Za-z0-9’'"(),.;:%-]+(?: \d+$)?[ –]?|\d*.(?: \d+$)?""")
HAN, CURLY = re.compile("[\u3400-\u9fff]"), str.maketrans("“”‘’", "\"\"''")
#: Never at the beginning of a line.
CLOSING = "，。；：、）”》 \u2009"
THIN = "\u2009"


@cache
def family() -> str:
    """Make the font known to matplotlib; return its name."""
    font_manager.fontManager.addfont(FONT)
    return font_manager.fontManager.ttflist[-1].name


def use_font() -> str:
    """Let matplotlib write Chinese with this collection's font, from now on; return its name.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.use_font()
    'Noto Sans SC'
    """
    mpl.rcParams.update({"font.family": family(), "axes.unicode_minus": False})
    return family()


@cache
def _font() -> FT2Font:
    font = FT2Font(str(FONT))
    font.set_size(1000, 72)
    return font


@lru_cache(maxsize=8192)
def advance(character: str) -> float:
    """Return the width of a character, in thousandths of its size."""
    if character == THIN:  # matplotlib takes it from its own font
        return 200
    if not _font().get_char_index(ord(character)):
        raise LaoquError(f"the font has no glyph for {character!r} (U+{ord(character):04X})")
    loaded = _font().load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return loaded.linearHoriAdvance / 65536


@lru_cache(maxsize=8192)
def text_width(text: str, size: float = SMALL) -> float:
    """Return the width of a text in points.

    >>> text_width("老区", 10)
    20.0
    """
    return sum(map(advance, straight(text))) * size / 1000


def wrap(text: str, room: float, size: float = SMALL) -> list[str]:
    """Break a text into lines of at most `room` points, between words or Chinese characters.

    >>> wrap("国家乡村振兴重点帮扶县", 50, 10)
    ['国家乡村振', '兴重点帮扶', '县']
    """
    lines, line = [], ""
    for piece in PIECE.findall(straight(text)):
        over = text_width((line + piece).rstrip(), size) > room
        if over and line and piece[0] not in CLOSING:
            lines.append(line.strip())
            line = ""
        line += piece
    return [*lines, line.strip()]


def straight(text: str) -> str:
    """Straighten the quotation marks of an English text: this font draws curly ones full width."""
    return text if HAN.search(text) else text.translate(CURLY).replace("…", "...")


class Look(NamedTuple):
    """How a shape is drawn; colours by their name in `PALETTE` or ``none``, widths in points."""

    fill: str = "none"
    line: str = "none"
    width: float = 0.6
    dash: tuple[float, ...] = ()
    hatch: bool = False


@dataclass(frozen=True)
class Item:
    """One thing on a sheet: a ``text``, a ``path`` or a ``mark``; `name` says what it stands for.

    `at` is a text's left end on its middle line or a mark's middle, `size` a text's type size or
    a mark's radius.
    """

    kind: str
    look: Look
    box: tuple[float, float, float, float]
    name: str = ""
    at: tuple[float, float] = (0, 0)
    size: float = 0
    text: str = ""
    turned: bool = False
    halo: str = ""
    shape: str = ""
    rings: Sequence[np.ndarray] = ()
    closed: bool = True


@dataclass
class Sheet:
    """A drawing in points; `y` is how far down it is filled."""

    narrow: bool = False
    y: float = MARGIN
    items: list[Item] = field(default_factory=list)

    @property
    def width(self) -> float:
        """The width of the sheet."""
        return NARROW if self.narrow else WIDE

    def text(self, x, y, text, size=SMALL, tone="ink", anchor="start", **more: object) -> None:
        """Write one line, its middle at `y`; `anchor` is start, middle or end.

        `more`: ``halo`` (the colour of an edge), ``turned`` (reads upwards; `anchor` is then along
        the way up) and ``name``.
        """
        text, half = straight(text), size * 0.55
        long = text_width(text, size)
        back = {"start": 0, "middle": long / 2, "end": long}[anchor]
        if more.get("turned"):
            y += back
            box = (x - half, y - long, x + half, y)
        else:
            x -= back
            box = (x, y - half, x + long, y + half)
        self.items.append(Item("text", Look(tone), box, at=(x, y), size=size, text=text, **more))

    def lines(self, x: float, y: float, lines: Sequence[str], **look: object) -> float:
        """Write lines from the top at `y` down; return where they end."""
        high = look.get("size", SMALL) * LINE
        for k, line in enumerate(lines):
            self.text(x, y + (k + 0.5) * high, line, **look)
        return y + len(lines) * high

    def path(self, rings: Sequence[np.ndarray], look: Look, name: str = "", closed=True) -> None:
        """Draw rings (or open lines) as one shape."""
        points = np.concatenate(rings)
        box = (*points.min(axis=0), *points.max(axis=0))
        self.items.append(Item("path", look, box, name, rings=rings, closed=closed))

    def line(self, *points: tuple[float, float], look: Look, name: str = "") -> None:
        """Draw a line through points."""
        self.path([np.array(points, dtype=float)], look, name, closed=False)

    def box(self, x: float, y: float, wide: float, high: float, look: Look, name="") -> None:
        """Draw a rectangle from its upper left corner."""
        corners = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
        self.path([np.array(corners, dtype=float)], look, name)

    def mark(self, x, y, r: float, look: Look, shape="circle", name="", text="") -> None:
        """Draw a mark around its middle, and a text in it."""
        box = (x - r, y - r, x + r, y + r)
        self.items.append(Item("mark", look, box, name, (x, y), r, shape=shape))
        if text:
            self.text(x, y, text, anchor="middle")

    def head(self, title: str, subtitle: str) -> None:
        """Write the finding and the measure, wrapped to the width."""
        rows = (title, TITLE, "ink", "ink"), (subtitle, SMALL + 0.5, "muted", "")
        for text, size, tone, halo in rows:
            if text:
                lines = wrap(text, self.width - 2 * MARGIN, size)
                self.y = self.lines(MARGIN, self.y, lines, size=size, tone=tone, halo=halo) + 2
        self.y += 4

    def legend(self, entries: Sequence[tuple[str, str, Look]], x=MARGIN, room=0.0) -> None:
        """Write samples (text, shape or ``area`` or ``line``, look) in rows from `y` down."""
        if not entries:
            return
        left, room, gap = x, room or self.width - 2 * MARGIN, 11
        for text, shape, look in entries:
            lines = wrap(text, room - 14)
            wide = 14 + max(map(text_width, lines))
            if left > x and left + wide > x + room:
                left, self.y = x, self.y + gap
            middle = self.y + SMALL * LINE / 2
            if shape == "area":
                self.box(left, middle - 3.2, 10, 6.4, look, "legend")
            elif shape == "line":
                self.line((left, middle), (left + 10, middle), look=look, name="legend")
            else:
                letter = shape if shape in INSTRUMENTS else ""
                form, r = ("circle", 4.6) if letter else (shape, 2.8)
                self.mark(left + 5, middle, r, look, form, "legend", letter)
            self.lines(left + 14, self.y, lines, tone="muted")
            self.y += (len(lines) - 1) * SMALL * LINE
            left += wide + 12
        self.y += gap + 3
