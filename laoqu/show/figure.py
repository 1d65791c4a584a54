"""A figure of matplotlib, wide and narrow, as SVG, PNG and PDF, with its data and its words."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from PIL import Image

from laoqu import sheets
from laoqu.errors import ParameterError, nearest, require
from laoqu.show import table as tables
from laoqu.show.style import EDGE, PALETTE, SMALL, TONE, Sheet, family
from laoqu.show.words import Words

DPI = 200
TEXTS = ("title", "subtitle", "caption", "alt")
FORMS = ("png", "svg", "pdf", "csv")
#: How figures are drawn and written: letters as outlines, the same bytes again.
RC = {
    "svg.fonttype": "path", "svg.hashsalt": "laoqu", "text.hinting": "none", "font.size": SMALL,
    "hatch.color": TONE["muted"], "hatch.linewidth": 0.6, "lines.solid_capstyle": "butt",
}  # fmt: skip
#: Points of a step of a path in SVG.
POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3, "z": 0}
UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True, repr=False, eq=False)
class Figure:
    """A figure with what a reader and a researcher need beside it.

    Parameters
    ----------
    draw : callable
        Draws on a `laoqu.show.style.Sheet` from its ``y`` down.
    data : DataFrame
        What is drawn, one row a mark.
    title, subtitle, caption : str
        The finding; the measure and its n; source and caveat (beside the figure, not in it).
    alt : str
        The finding and the values in words.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.show.figure import Figure
    >>> figure = Figure(lambda sheet: sheet.lines(3, sheet.y, ["老区"]), pd.DataFrame(), "沂蒙")
    >>> figure.svg(narrow=True)[:4], figure.png()[1:4], figure.pdf()[:4]
    ('<svg', b'PNG', b'%PDF')
    """

    draw: Callable[[Sheet], object]
    data: pd.DataFrame
    title: str = ""
    subtitle: str = ""
    caption: str = ""
    alt: str = ""
    _drawn: dict[bool, Canvas] = field(default_factory=dict, init=False)

    def matplotlib(self, narrow: bool = False) -> Canvas:
        """Return the figure as one of matplotlib: what you add to it is saved with it.

        Its first axes are the sheet in points; those of a map are the ground in metres of
        `laoqu.geo.CRS_CHINA`.

        Examples
        --------
        >>> import laoqu as lq
        >>> figure = lq.plot_region("yimeng")
        >>> note = figure.matplotlib().axes[0].text(10, 60, "my note")
        >>> figure.save("map.pdf")  # doctest: +SKIP
        """
        if narrow not in self._drawn:
            with _look():
                sheet = Sheet(narrow)
                sheet.head(self.title, self.subtitle)
                self.draw(sheet)
                self._drawn[narrow] = sheet.finish()
        return self._drawn[narrow]

    def svg(self, narrow: bool = False) -> str:
        """Return the figure as SVG: no ground, light and dark, letters as outlines."""
        figure, out = self.matplotlib(narrow), io.StringIO()
        texts = [text for axes in figure.axes for text in axes.texts if text.get_path_effects()]
        edges = {text: text.get_path_effects() for text in texts}
        figure.patch.set_visible(False)
        for text in texts:  # drawn twice, each letter would be written out
            text.set_path_effects([])
        with _look():
            FigureCanvasSVG(figure).print_svg(out, metadata=UNDATED)
        figure.patch.set_visible(True)
        for text, edge in edges.items():
            text.set_path_effects(edge)
        return _slim(out.getvalue(), self.alt)

    def png(self, narrow: bool = False) -> bytes:
        """Return the figure as PNG at 200 dpi."""
        figure, out = self.matplotlib(narrow), io.BytesIO()
        figure.set_dpi(DPI)
        with _look():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        figure.set_dpi(72)
        drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        # 128 colours are enough for flat ones, and a third of the bytes; the ground stays as it is.
        few = drawn.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette, ground = few.getpalette(), 3 * few.getpixel((0, 0))
        palette[ground : ground + 3] = drawn.getpixel((0, 0))
        few.putpalette(palette)
        few.save(out, "png", dpi=(DPI, DPI))
        return out.getvalue()

    def pdf(self, narrow: bool = False) -> bytes:
        """Return the figure as PDF for print."""
        out = io.BytesIO()
        with _look():
            self.matplotlib(narrow).savefig(out, format="pdf", metadata={"CreationDate": None})
        return out.getvalue()

    def save(self, path: Path | str, narrow: bool = False) -> Path:
        """Write the figure as its suffix says: ``.png``, ``.svg``, ``.pdf`` or ``.csv`` (data).

        Raises
        ------
        ParameterError
            When it is another suffix.
        """
        if not isinstance(path, str | Path):
            raise ParameterError(f"found {path!r}, expected a path to save the figure in")
        path = Path(path)
        if not path.parent.is_dir():
            raise ParameterError(f"there is no folder {path.parent} to save {path.name} in")
        form = path.suffix[1:].lower()
        if form not in FORMS:
            expected = ", ".join(f".{each}" for each in FORMS)
            hint = "".join(f"; nearest: .{each}" for each in nearest(form, FORMS, 1))
            raise ParameterError(f"{path.name}: a figure is written as one of {expected}{hint}")
        drawn = sheets.csv_bytes(self.data) if form == "csv" else getattr(self, form)(narrow)
        path.write_bytes(drawn.encode() if form == "svg" else drawn)
        return path

    def images(self) -> dict[str, str]:
        """Return what a page and a Word file show."""
        png = base64.b64encode(self.png()).decode("ascii")
        return {"wide.svg": self.svg(), "narrow.svg": self.svg(narrow=True), "png": png}

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        record = tables.new_record("figure", "figure", "zh", **tables.figure_parts(self))
        return tables.Block(record)._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt or self.title


def _look() -> object:
    return mpl.rc_context({**RC, "font.family": [family(), "DejaVu Sans"]})


def number(value: float) -> str:
    """Write a number as tables do, with commas between thousands; nothing is a dash.

    >>> [number(each) for each in (12.0, 1234, 0.1234, -0.5)]
    ['12', '1,234', '0.12', '−0.5']
    """
    return "–" if pd.isna(value) else tables.digits(value, ",")


def take(
    frame: pd.DataFrame, given: Mapping[str, str], needed: Sequence[str], **optional: object
) -> pd.DataFrame:
    """Return the columns of a chart by their standard names; say which one is not there."""
    if frame.empty:
        raise ParameterError("the frame has no rows: there is nothing to draw")
    known = [*needed, *optional]
    roles = {role: column for role, column in given.items() if role not in TEXTS}
    for role in roles:
        require(role, known, "role")
    tables.check_columns(frame, [roles.get(role, role) for role in (*roles, *needed)])
    found = {role: roles.get(role, role) for role in known}
    data = {r: frame[c] if c in frame else optional[r] for r, c in found.items()}
    return pd.DataFrame(data, index=frame.index).reset_index(drop=True)


def finish(
    draw: object, data: pd.DataFrame, words: Words, listed: Sequence[str], given: Mapping[str, str]
) -> Figure:
    """Finish a figure: an alt text is composed from its values where none is given."""
    text = {name: given[name] for name in TEXTS if name in given}
    listed = words.join([words.space(each) for each in listed])
    alt = words("figure.alt", title=text.get("title", ""), listed=listed).lstrip(".。 ")
    used = [name for name in data if not (data[name].isna() | (data[name] == "")).all()]
    return Figure(draw, data[used], **{"alt": alt} | text)


def _slim(svg: str, alt: str) -> str:
    """Shorten what matplotlib wrote, and let its colours follow the reader's light or dark."""
    rules, dark = [".laoqu-figure *{stroke-linejoin:round}"], []
    for name, width in EDGE.items():  # glyphs are drawn at 6,400 units an em
        rule = f".edge-{name}{{paint-order:stroke;stroke-width:{width * 6400 / SMALL:.0f};stroke:"
        rules.append(f"{rule}{PALETTE[name][0]}}}")
        dark.append(f".edge-{name}{{stroke:{PALETTE[name][1]}}}")
    svg = re.sub(r' fill="(#\w+)"', r' style="fill: \1"', svg)  # the ground of a hatch
    for light, other in set(PALETTE.values()):
        for what in ("fill", "stroke"):
            if (said := f"{what}: {light.lower()}") in svg:
                dark.append(f'[style*="{said}"]{{{what}:{other}!important}}')
    style = "".join([*rules, "@media (prefers-color-scheme:dark){", *sorted(dark), "}"])
    for old, new in (
        (r"^.*?(?=<svg)|<!--.*?-->|<defs>\s*<style.*?</defs>|xlink:| xmlns:xlink=\S+", ""),
        (r'<g id="(edge-\w+)"', r'<g class="\1"'),
        (r' id="[A-Za-z\d]+_\d+"', ""),
        (r'(?<= d=")M[^"]+', _steps),
        (r"([1-9]\d*\.\d\d)\d+", r"\1"),
        (r"\s*\n\s*([A-Za-z])", r"\1"),
        (r"\s*\n\s*", ""),
    ):
        svg = re.sub(old, new, svg, flags=re.S)
    head = f"><title>{html.escape(alt)}</title><style>{style}</style>"
    return svg.replace("<svg", '<svg class="laoqu-figure" role="img"', 1).replace(">", head, 1)


def _steps(path: re.Match) -> str:
    """Write a path in steps from point to point, which are short to write."""
    letters = re.findall("[MLQCz]", path[0])
    points = np.array(re.sub("[MLQCz]", " ", path[0]).split(), dtype=float).reshape(-1, 2)
    points = points.round(1 if len(points) > 99 else 2)  # 35 µm are fine enough for a border
    counts = [POINTS[letter] for letter in letters]
    ends = np.cumsum(counts)
    base = np.repeat(points[np.r_[0, ends[:-1] - 1]], counts, axis=0)
    base[ends[np.array(letters) == "M"] - 1] = 0
    numbers = [f"{each:g}" for each in (points - base).round(2).ravel().tolist()]
    out, before, start = [], "", 0
    for letter, end in zip(letters, (2 * ends).tolist(), strict=True):
        out.append(" " if letter == before else letter if letter in "Mz" else letter.lower())
        out.append(" ".join(numbers[start:end]))
        before, start = letter, end
    return re.sub(r"(?<!\d)0\.", ".", "".join(out)).replace(" -", "-")
