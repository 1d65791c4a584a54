"""The one look: colours by meaning, the font and its measures, a sheet to draw on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import matplotlib as mpl
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.transforms import ScaledTranslation, Transform

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
    "heat1": ("#F7DACE", "#432D2E"),
    "heat2": ("#EFC2B5", "#5E3632"),
    "heat3": ("#DF9A8B", "#7F443D"),
    "heat4": ("#B44447", "#DD7F77"),
    "heat5": ("#8C1D23", "#F4ADA5"),
}
TONE = {name: light for name, (light, _) in PALETTE.items()}
#: Points: 160 mm, and what a page of 360 px leaves inside its margins (336 px).
WIDE, NARROW = 453.5, 252.0
#: Points: the title, the smallest type, 12 px on a phone, a sheet's margin, a map's column.
TITLE, SMALL, PHONE, MARGIN, COLUMN = 10.5, 7.0, 9.5, 3.0, 118.0
#: A line of text is so high (em).
LINE = 1.3
#: Points: the light edge of a name on a map.
EDGE = 2.2
HALO = [withStroke(linewidth=EDGE, foreground=TONE["paper"])]
FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
RULES = Path(__file__).parent / "laoqu.mplstyle"
#: The face of titles, and what it is called here: a character that it has not is a regular one.
HEAVY, TITLES = Path(__file__).parent / "fonts" / "NotoSansSC-Bold.otf", "laoqu titles"
#: What a line of text is not broken in: a number stays with the word that follows it.
PIECE = re.compile(r"""(?:["(]*\d+ )?[A-Za-z0-9’'"(),.;:%/-]+(?: \d+$)?[ –]?|\d*.(?: \d+$)?""")
CURLY = str.maketrans("“”‘’", "\"\"''")
#: Never at the beginning of a line.
CLOSING = f"，。；：、）”》 {THIN}"


@cache
def family() -> str:
    """Make the font known to matplotlib; return its name."""
    known = font_manager.fontManager
    for path in (HEAVY, FONT):
        known.addfont(path)
    heavy, regular = known.ttflist[-2:]
    known.ttflist[-2] = replace(heavy, name=TITLES, weight=regular.weight)
    return regular.name


@cache
@cache
def rules() -> dict[str, object]:
    """Return the look as settings of matplotlib, whatever a matplotlibrc of the reader says."""
    known = mpl.rc_params_from_file(RULES)
    kept = {name: known[name] for name in known if name not in ("backend", "interactive")}
    return {**kept, "font.family": [family(), "DejaVu Sans"]}


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
    """Break a text into lines of at most `room` points: behind a comma, word or Chinese character.

    >>> wrap("国家乡村振兴重点帮扶县", 50, 10)
    ['国家乡村振', '兴重点帮扶', '县']
    """
    lines, line = [], ""
    for piece in PIECE.findall(straight(text)):
        over = text_width((line + piece).rstrip(), size) > room
        if over and line and piece[0] not in CLOSING:
            end = max(map(line.rfind, "，：；")) + 1 or len(line)
            lines.append(line[:end].strip())
            line = line[end:]
        line += piece
    return [*lines, line.strip()]


def straight(text: str) -> str:
    """Straighten the quotation marks of an English text: this font draws curly ones full width."""
    return text if re.search(f"[{HAN}]", text) else text.translate(CURLY).replace("…", "...")


class Sheet:
    """A figure of matplotlib in the making: from the top title and key, then the axes of a drawing.

    `y` is how far down it is filled, `size` that of a key or list, both in points.
    """

    def __init__(self, narrow: bool = False, title: str = "", subtitle: str = "") -> None:
        self.narrow, self.y = narrow, MARGIN
        self.width, self.size = (NARROW, PHONE) if narrow else (WIDE, SMALL)
        self.figure = Canvas((self.width / 72, 1), 72, layout="constrained")
        pad = MARGIN / 72
        self.figure.get_layout_engine().set(w_pad=pad, h_pad=pad, wspace=0, hspace=0)
        heads = (title, TITLE, "ink", [TITLES, family()]), (subtitle, SMALL + 0.5, "muted", None)
        for text, size, tone, face in heads:
            if text:
                # Letters of the heavy face are wider.
                lines = wrap(text, (self.width - 2 * MARGIN) / (1.06 if face else 1), size)
                self.figure.text(
                    0, 1, "\n".join(lines), size=size, color=TONE[tone], va="top", family=face,
                    transform=self.top(), linespacing=1.4,
                )  # fmt: skip
                self.y += len(lines) * size * LINE + 2
        self.y += 4

    def top(self) -> Transform:
        """From fractions of the figure to what lies so far below its upper left corner."""
        down = ScaledTranslation(MARGIN / 72, -self.y / 72, self.figure.dpi_scale_trans)
        return self.figure.transFigure + down

    def legend(self, entries: Sequence[tuple[str, dict]], axes: Axes | None = None) -> float:
        """Write a key below what is written, or as one column in axes; return its height.

        An entry is a text and how an area, line or mark looks.
        """
        if not entries:
            return 0
        room, size = COLUMN if axes else self.width - 2 * MARGIN, self.size
        texts = [wrap(start(text), room - 26, size) for text, _ in entries]
        each = max(text_width(line, size) for lines in texts for line in lines) + 26
        columns = 1 if axes else min(len(entries), max(int(room // each), 1))
        looks = [look for _, look in entries]
        samples = [Patch(**x) if "facecolor" in x else Line2D([], [], **x) for x in looks]
        said = ["\n".join(lines) for lines in texts]
        place = {} if axes else {"bbox_to_anchor": (0, 1), "bbox_transform": self.top()}
        owner = axes or self.figure
        look = {"loc": "upper left", "ncols": columns, "fontsize": size, **place}
        written = owner.legend(samples, said, **look)
        written.set_in_layout(False)
        high = written.get_window_extent().height
        self.y += 0 if axes else high + 6
        return high

    def mosaic(self, places: list, widths: Sequence[float] | None = None) -> dict[str, Axes]:
        """Add axes without ticks by the names of their places."""
        bare = {"xticks": [], "yticks": []}
        return self.figure.subplot_mosaic(places, width_ratios=widths, subplot_kw=bare)

    def close(self, high: float) -> None:
        """Cut the sheet `high` points below what is written, and lay out its axes there."""
        deep = self.y + high + MARGIN
        self.figure.set_figheight(deep / 72)
        layout = self.figure.get_layout_engine()
        layout.set(rect=(0, 0, 1, 1 - self.y / deep))
        layout.execute(self.figure)
        self.figure.set_layout_engine(None)  # what is laid out once is not at each drawing


def mark(fill: str, line: str = "paper", size: float = 5.0, shape: str = "o", width=0.6) -> dict:
    """Return how a mark looks: its colours by name, `size` across in points."""
    return {
        "marker": shape, "linestyle": "", "markersize": size, "markerfacecolor": TONE[fill],
        "markeredgecolor": TONE[line], "markeredgewidth": width, "clip_on": False,
    }  # fmt: skip


def stroke(tone: str, width: float = 0.5, **more: object) -> dict:
    """Return how a line looks."""
    return {"color": TONE[tone], "linewidth": width, **more}
