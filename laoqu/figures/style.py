"""The one look of the collection: colours by meaning, fonts, widths, and what a figure carries."""

from __future__ import annotations

import base64
import html
import io
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from PIL import Image

from laoqu.errors import LaoquError
from laoqu.labels import MIME

FOCUS, CONTEXT, MUTED, INK, PAPER = "#A4262C", "#B8B5AE", "#6F6B64", "#262421", "#FFFFFF"
#: From near to far; `conditional` is hatched and `none` is an outline, so grey print keeps them.
REACH_FILL = {
    "named": "#A4262C", "place": "#D0674F", "class": "#E6B08A", "everyone": "#D9D4C7",
    "conditional": "#FFFFFF", "open": "#FFFFFF", "none": "#FFFFFF",
}  # fmt: skip
#: Supply, environment, demand; a letter stands beside the colour. X names no instrument.
CLASS_FILL = {"S": "#2F5D8A", "E": "#6A8F3C", "D": "#C08A2B", "X": "#B8B5AE"}
#: Doubt is a dashed outline, never a colour of its own.
REACH_LINE = {"conditional": "-", "open": (0, (2, 1.4)), "none": "-"}
HATCH = "//////"
FULL_WIDTH, HALF_WIDTH = 160 / 25.4, 78 / 25.4
TITLE_SIZE, BASE_SIZE, SMALL_SIZE, DPI = 10.5, 9, 7, 200
FONT_FOLDER = Path(pylopdf_fonts_zh_cn.__file__).parent
SANS, SERIF = "NotoSansSC-Regular.otf", "NotoSerifSC-Regular.otf"

#: The lines of an SVG, in points: matplotlib writes a millionth of one, a hundredth is 4 µm.
PATH, DIGITS = re.compile(rb' d="[^"]*"'), re.compile(rb"(?<=\.\d\d)\d+")
CURVE = re.compile(rb"[CQ]")
#: What a line is not broken in.
PIECE = re.compile(r"""(?:["(]*\d+ )?[A-Za-z0-9–'"(),.;:-]+ ?|.""")
HAN, STRAIGHT = re.compile("[\u4e00-\u9fff]"), str.maketrans("“”‘’", "\"\"''")


@contextmanager
def style() -> Iterator[None]:
    """Draw inside this: fonts from their files, quiet axes, no state left behind.

    A missing glyph is an error: a box in the place of a character is worse than no figure.
    """
    settings = {
        "font.family": fonts()[0], "font.size": BASE_SIZE, "text.color": INK,
        "axes.edgecolor": CONTEXT, "axes.labelcolor": MUTED, "axes.linewidth": 0.6,
        "axes.unicode_minus": False, "axes.spines.top": False, "axes.spines.right": False,
        "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelsize": SMALL_SIZE,
        "ytick.labelsize": SMALL_SIZE, "hatch.linewidth": 0.5, "hatch.color": "#8C877D",
        "figure.facecolor": PAPER, "savefig.facecolor": PAPER, "figure.dpi": DPI,
        "savefig.dpi": DPI, "svg.hashsalt": "laoqu", "svg.fonttype": "path",
    }  # fmt: skip
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing", category=UserWarning)
        yield


@cache
def fonts() -> list[str]:
    """Make the two fonts known to matplotlib, once a process; return their names."""
    names = []
    for file in (SANS, SERIF):
        font_manager.fontManager.addfont(FONT_FOLDER / file)
        names.append(font_manager.fontManager.ttflist[-1].name)
    return names


def text_width(figure: Figure, texts: list[str], size: float) -> float:
    """Return the width in inches of the widest of `texts` at `size` points."""
    family = tuple(mpl.rcParams["font.family"])
    return max(_width(text, size, family, figure.dpi) for text in texts) / figure.dpi


@lru_cache(maxsize=4096)
def _width(text: str, size: float, family: tuple[str, ...], dpi: float) -> float:
    font = font_manager.FontProperties(size=size, family=list(family))
    return RendererAgg(1, 1, dpi).get_text_width_height_descent(text, font, False)[0]


def head(figure: Figure, finding: str, subtitle: str) -> float:
    """Write the finding (wrapped to the width) and the measure; return where they end, in inches.

    Measured from the bottom of the figure, so that what follows can be placed below.
    """
    height, at = figure.get_figheight(), figure.get_figheight() - 0.06
    finding, subtitle = map(_quotes, (finding, subtitle))
    rows = (
        (_wrap(figure, finding, TITLE_SIZE), TITLE_SIZE, INK),
        (_wrap(figure, subtitle, SMALL_SIZE), SMALL_SIZE, MUTED),
    )
    for lines, size, colour in rows:
        for line in lines:
            figure.text(0.06 / FULL_WIDTH, at / height, line, va="top", fontsize=size, color=colour)
            at -= size * 1.55 / 72
        at -= 0.02
    return at


def _quotes(text: str) -> str:
    """Straighten the quotation marks of an English text: this font draws curly ones full width.

    >>> _quotes("most often “7 Key cities”")
    'most often "7 Key cities"'
    """
    return text if HAN.search(text) else text.translate(STRAIGHT)


def _wrap(figure: Figure, text: str, size: float) -> list[str]:
    """Break `text` into lines that fit the figure: between words, or between Chinese characters.

    A number stays with the word that follows it.
    """
    room = figure.get_figwidth() - 0.12
    pieces = PIECE.findall(text)
    lines = []
    while pieces:
        # The more pieces, the wider: few of the many beginnings need to be measured.
        end = bisect_right(
            range(1, len(pieces) + 1), room,
            key=lambda n: text_width(figure, ["".join(pieces[:n]).rstrip()], size),
        ) or 1  # fmt: skip
        # A line never begins with a closing mark.
        while end < len(pieces) and pieces[end] in "，。；：）、”":
            end += 1
        lines.append("".join(pieces[:end]).strip())
        pieces = pieces[end:]
    return lines or [""]


def _short(path: re.Match[bytes]) -> bytes:
    short = DIGITS.sub(b"", path[0])
    return short if CURVE.search(short) else short.replace(b" \nL", b"")


def _in_256_shades(picture: Image.Image) -> Image.Image:
    """Return a picture in a third of the bytes: areas as they were, edges within 4 %, no dither."""
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    # The shade of an entry is that of most of its pixels, not the middle of what it stands for.
    palette = np.array(few.getpalette(), dtype="u1").reshape(-1, 3)
    entries, shades = np.asarray(few)[::4, ::4].ravel(), np.asarray(picture)[::4, ::4]
    count = np.bincount(entries, minlength=len(palette))
    sums = [np.bincount(entries, each, len(palette)) for each in shades.reshape(-1, 3).T]
    seen = count > 0
    palette[seen] = np.rint(np.stack(sums, axis=1)[seen] / count[seen, None])
    few.putpalette(palette.tobytes())
    return few


@dataclass(frozen=True)
class Drawn:
    """A finished figure with what a reader and a researcher need beside it.

    Attributes
    ----------
    name : str
        File name without suffix.
    figure : matplotlib.figure.Figure
    data : DataFrame
        What is drawn, one row a mark.
    alt : str
        States the finding in words.
    caption : str
        Source and caveat.
    """

    name: str
    figure: Figure
    data: pd.DataFrame
    alt: str
    caption: str

    def png(self) -> bytes:
        """Return the figure as PNG; the same figure gives the same bytes."""
        return self._png

    @cached_property
    def _png(self) -> bytes:
        # A cell shows it twice: as a picture for people and as data for the forms.
        width, height = (int(side * DPI) for side in self.figure.get_size_inches())
        picture = Image.frombytes("RGBA", (width, height), self._bytes("rgba")).convert("RGB")
        out = io.BytesIO()
        _in_256_shades(picture).save(out, "png", dpi=(DPI, DPI))
        return out.getvalue()

    def files(self) -> dict[str, bytes]:
        """Return the figure as ``png`` and ``svg`` and its data as ``csv``."""
        return {
            "png": self.png(),
            "svg": PATH.sub(_short, self._bytes("svg", metadata={"Date": None})),
            "csv": self.data.to_csv(index=False, lineterminator="\n").encode("utf-8"),
        }

    def save(self, folder: Path) -> list[Path]:
        """Write PNG, SVG and the data (CSV) into `folder`; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        files = self.files()
        for suffix, data in files.items():
            (folder / f"{self.name}.{suffix}").write_bytes(data)
        return [folder / f"{self.name}.{suffix}" for suffix in files]

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        files = self.files()
        words = {"name": self.name, "alt": self.alt, "caption": self.caption}
        drawn = {
            "png": base64.b64encode(files["png"]).decode("ascii"),
            "svg": files["svg"].decode(),
            "csv": files["csv"].decode("utf-8"),
        }
        return {MIME: {"kind": "figure", **words, **drawn}}

    def _bytes(self, form: str, **more: object) -> bytes:
        out = io.BytesIO()
        with style():
            try:
                self.figure.savefig(out, format=form, **more)
            except UserWarning as missing:
                message = f"figure {self.name}: the font cannot draw this text: {missing}"
                raise LaoquError(message) from missing
        return out.getvalue()

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png()).decode("ascii")
        alt, caption = html.escape(self.alt, quote=True), html.escape(self.caption)
        return (
            f'<figure class="laoqu"><img alt="{alt}" src="data:image/png;base64,{data}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
