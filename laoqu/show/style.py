"""The one look: colours by meaning, the font and its measures, a sheet of points to draw on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.patheffects import withStroke

from laoqu.errors import LaoquError
from laoqu.show.words import HAN, THIN, start

#: Name → colour in light and, in SVG, in dark; each has one meaning.
PALETTE = {
    "ink": ("#262421", "#ECE8E1"),
    "muted": ("#66625B", "#ADA89F"),
    "context": ("#B8B5AE", "#77726A"),
    "rule": ("#DEDAD2", "#3D3A36"),
    "paper": ("#FFFFFF", "#1B1A18"),
    "focus": ("#A4262C", "#F2857E"),
    "land": ("#F1EFEA", "#2B2927"),
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
TONE = {name: light for name, (light, _) in PALETTE.items()}
#: Points: 160 mm, and what a page of 360 px leaves inside its margins (336 px).
WIDE, NARROW = 453.5, 252.0
#: Points: the title, the smallest type, and the margin of a sheet.
TITLE, SMALL, MARGIN = 10.5, 7.0, 3.0
#: A line of text is so high, its middle so far above its baseline (em).
LINE, MIDDLE = 1.3, 0.37
#: Points: the light edge of a text on a map, and the edge that makes a title heavier.
EDGE = {"paper": 2.2, "ink": 0.3}
FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
#: What a line of text is not broken in: a number stays with the word that follows it.
PIECE = re.compile(r"""(?:["(]*\d+ )?[A-Za-z0-9’'"(),.;:%/-]+(?: \d+$)?[ –]?|\d*.(?: \d+$)?""")
CURLY = str.maketrans("“”‘’", "\"\"''")
#: Never at the beginning of a line.
CLOSING = f"，。；：、）”》 {THIN}"


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
    return text if re.search(f"[{HAN}]", text) else text.translate(CURLY).replace("…", "...")


class Sheet:
    """A figure of matplotlib, drawn from the top: `y` is how far down it is filled.

    Its first axes are the sheet itself, in points from the upper left corner; `window` adds others.
    """

    def __init__(self, narrow: bool = False) -> None:
        self.narrow, self.width, self.y = narrow, NARROW if narrow else WIDE, MARGIN
        self.figure = Canvas(dpi=72, facecolor=TONE["paper"])
        self.places: list[tuple[Axes, float, float, float, float]] = []
        self.axes = self.window(0, 0, self.width, 0)
        self.axes.set(xlim=(0, self.width), zorder=1)

    def window(self, x: float, y: float, wide: float, high: float) -> Axes:
        """Add axes in a place of the sheet, below its texts."""
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        self.places.append((axes, x, y, wide, high))
        return axes

    def finish(self) -> Canvas:
        """Cut the sheet below what is drawn, and put all axes in their places."""
        deep, (_, *windows) = self.y + MARGIN, self.places
        self.figure.set_size_inches(self.width / 72, deep / 72)
        self.axes.set_ylim(deep, 0)
        for axes, x, y, wide, high in windows:
            place = np.array([x, deep - y - high, wide, high])
            axes.set_position(place / [self.width, deep, self.width, deep])
        return self.figure

    def text(self, x, y, text, size=SMALL, tone="ink", ha="left", halo="", **more: object) -> None:
        """Write one line, its middle at `y`; `halo` is the colour of an edge around it."""
        text_width(text)  # a character that the font has not is an error
        upright = more.get("rotation") == 90
        x, y = (x + size * MIDDLE, y) if upright else (x, y + size * MIDDLE)
        more |= {"rotation_mode": "anchor"} if upright else {}
        text = self.axes.text(x, y, straight(text), size=size, color=TONE[tone], ha=ha, **more)
        if halo:
            text.set_path_effects([withStroke(linewidth=EDGE[halo], foreground=TONE[halo])])
            text.set_gid(f"edge-{halo}")

    def lines(self, x: float, y: float, lines: Sequence[str], **look: object) -> float:
        """Write lines from the top at `y` down; return where they end."""
        high = look.get("size", SMALL) * LINE
        for k, line in enumerate(lines):
            self.text(x, y + (k + 0.5) * high, line, **look)
        return y + len(lines) * high

    def head(self, title: str, subtitle: str) -> None:
        """Write the finding and the measure, wrapped to the width."""
        rows = (title, TITLE, "ink", "ink"), (subtitle, SMALL + 0.5, "muted", "")
        for text, size, tone, halo in rows:
            if text:
                lines = wrap(text, self.width - 2 * MARGIN, size)
                self.y = self.lines(MARGIN, self.y, lines, size=size, tone=tone, halo=halo) + 2
        self.y += 4

    def legend(self, entries: Sequence[tuple[str, dict]], x=MARGIN, room=0.0) -> None:
        """Write samples in rows from `y` down: a text and how an area, line or mark looks."""
        left, room, gap = x, room or self.width - 2 * MARGIN, 11
        for text, look in entries:
            lines = wrap(start(text), room - 14)
            wide = 14 + max(map(text_width, lines))
            if left > x and left + wide > x + room:
                left, self.y = x, self.y + gap
            middle = self.y + SMALL * LINE / 2
            if "marker" in look:
                self.axes.plot(left + 5, middle, **look)
            elif "facecolor" in look:
                corner = (left, middle - 3.2)
                self.axes.add_patch(mpl.patches.Rectangle(corner, 10, 6.4, **look))
            else:
                self.axes.plot([left, left + 10], [middle, middle], **look)
            self.lines(left + 14, self.y, lines, tone="muted")
            self.y += (len(lines) - 1) * SMALL * LINE
            left += wide + 12
        self.y += gap + 3 if entries else 0


def mark(fill: str, line: str = "paper", size: float = 5.0, shape: str = "o", width=0.6) -> dict:
    """Return how a mark looks: its colours by name, `size` across in points."""
    return {
        "marker": shape, "linestyle": "", "markersize": size, "markerfacecolor": TONE[fill],
        "markeredgecolor": TONE[line], "markeredgewidth": width, "clip_on": False,
    }  # fmt: skip


def stroke(tone: str, width: float = 0.5, **more: object) -> dict:
    """Return how a line looks."""
    return {"color": TONE[tone], "linewidth": width, **more}
