"""A figure of matplotlib, wide and narrow, as SVG, PNG and PDF, with its data and its words."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable
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
from laoqu.errors import OutputError, ParameterError, nearest
from laoqu.show import table as tables
from laoqu.show.style import EDGE, PALETTE, SMALL, TONE, Sheet, family

DPI = 200
TEXTS = ("title", "subtitle", "caption", "alt")
FORMS = ("png", "svg", "pdf", "csv")
#: How figures are drawn and written: letters as outlines, the same bytes again.
RC = {
    "svg.fonttype": "path", "svg.hashsalt": "laoqu", "text.hinting": "none", "font.size": SMALL,
    "hatch.color": TONE["muted"], "hatch.linewidth": 0.6, "lines.solid_capstyle": "butt",
}  # fmt: skip
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
        edges = [text.get_path_effects() for text in texts]
        figure.patch.set_visible(False)
        for text in texts:  # drawn twice, each letter would be written out
            text.set_path_effects([])
        with _look():
            FigureCanvasSVG(figure).print_svg(out, metadata=UNDATED)
        figure.patch.set_visible(True)
        for text, edge in zip(texts, edges, strict=True):
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

        Another suffix is a ParameterError, what cannot be written there an OutputError.
        """
        if not isinstance(path, str | Path):
            raise ParameterError(f"found {path!r}, expected a path to save the figure in")
        path = Path(path)
        form = path.suffix[1:].lower()
        if form not in FORMS:
            expected = ", ".join(f".{each}" for each in FORMS)
            hint = "".join(f"; nearest: .{each}" for each in nearest(form, FORMS, 1))
            raise ParameterError(f"{path.name}: a figure is written as one of {expected}{hint}")
        drawn = sheets.csv_bytes(self.data) if form == "csv" else getattr(self, form)(narrow)
        try:
            path.write_bytes(drawn.encode() if form == "svg" else drawn)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise OutputError(f"{str(path)!r} cannot be written: {why}") from error
        return path

    def images(self) -> dict[str, str]:
        """Return what a page and a Word file show."""
        png = base64.b64encode(self.png()).decode("ascii")
        return {"wide.svg": self.svg(), "narrow.svg": self.svg(narrow=True), "png": png}

    def record(self) -> dict[str, object]:
        """Return what the record of the figure holds."""
        words = {"title": self.title, "alt": self.alt, "caption": self.caption}
        return words | {"images": self.images(), "download": tables.as_download(self.data)}

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        record = tables.new_record("figure", "figure", "zh", **self.record())
        return tables.Block(record)._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt or self.title


def _look() -> object:
    return mpl.rc_context({**RC, "font.family": [family(), "DejaVu Sans"]})


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
        (r'(?<= d=")M[^"QCz]+(?=z?\s*")', _steps),
        (r"([1-9]\d*\.\d\d)\d+", r"\1"),
        (r"\b([MLQC]) (?=-?\d)", r"\1"),
        (r"\s*\n\s*([A-Za-z])", r"\1"),
        (r"\s*\n\s*", ""),
    ):
        svg = re.sub(old, new, svg, flags=re.S)
    head = f"><title>{html.escape(alt)}</title><style>{style}</style>"
    return svg.replace("<svg", '<svg class="laoqu-figure" role="img"', 1).replace(">", head, 1)


def _steps(path: re.Match) -> str:
    """Write lines in steps from point to point, which are short; 35 µm are fine for a border."""
    points = np.array(re.sub("[ML]", " ", path[0]).split(), dtype=float).reshape(-1, 2)
    steps = np.diff(points.round(1), axis=0, prepend=[[0, 0]]).round(1).tolist()
    letters = ("m" if letter == "M" else " " for letter in re.findall("[ML]", path[0]))
    said = (f"{letter}{x:g} {y:g}" for letter, (x, y) in zip(letters, steps, strict=True))
    return re.sub(r"\b0\.", ".", "".join(said)).replace(" -", "-")
