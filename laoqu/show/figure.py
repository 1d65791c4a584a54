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
from matplotlib.figure import Figure as Canvas
from matplotlib.text import Text
from PIL import Image

from laoqu import paths, sheets
from laoqu.errors import ParameterError, guard_methods, require
from laoqu.show import table as tables
from laoqu.show.style import EDGE, HALO, PALETTE, SMALL, Sheet, rules

DPI = 200
TEXTS = ("title", "subtitle", "caption", "alt")
FORMS = (".png", ".svg", ".pdf", ".csv")
UNDATED = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@guard_methods
@dataclass(frozen=True, repr=False, eq=False)
class Figure:
    """A figure with what a reader and a researcher need beside it.

    Parameters
    ----------
    draw : callable
        Draws on a `laoqu.show.style.Sheet` and closes it.
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
    >>> figure = Figure(lambda sheet: sheet.mosaic("a") and sheet.close(9), pd.DataFrame(), "沂蒙")
    >>> figure.svg(narrow=True)[:4], figure.png()[1:4], figure.pdf()[:4]
    ('<svg', b'PNG', b'%PDF')
    """

    draw: Callable[[Sheet], None]
    data: pd.DataFrame
    title: str = ""
    subtitle: str = ""
    caption: str = ""
    alt: str = ""
    _drawn: dict[bool, Canvas] = field(default_factory=dict, init=False)

    def matplotlib(self, narrow: bool = False) -> Canvas:
        """Return the figure as one of matplotlib: what you add to it is saved with it.

        The first axes of a map are the ground, in metres of `laoqu.geo.CRS_CHINA`.

        Examples
        --------
        >>> import laoqu as lq
        >>> figure = lq.plot_region("yimeng")
        >>> note = figure.matplotlib().axes[0].text(0.1, 0.9, "my note")
        >>> figure.save("map.pdf")  # doctest: +SKIP
        """
        if narrow not in self._drawn:
            with mpl.rc_context(rules()):
                sheet = Sheet(narrow, self.title, self.subtitle)
                self.draw(sheet)
                self._drawn[narrow] = sheet.figure
        return self._drawn[narrow]

    def svg(self, narrow: bool = False) -> str:
        """Return the figure as SVG: no ground, light and dark, letters as outlines."""
        figure, out = self.matplotlib(narrow), io.StringIO()
        haloed = [text for text in figure.findobj(Text) if text.get_path_effects()]
        for text in haloed:  # drawn twice, each letter would be written out
            text.set(path_effects=[], gid="halo")
        with mpl.rc_context(rules()):
            figure.savefig(out, format="svg", transparent=True, metadata=UNDATED)
        for text in haloed:
            text.set_path_effects(HALO)
        return _slim(out.getvalue(), self.alt)

    def png(self) -> bytes:
        """Return the figure as PNG at 200 dpi."""
        drawn, out = io.BytesIO(), io.BytesIO()
        with mpl.rc_context(rules()):
            quick = {"compress_level": 0}
            self.matplotlib().savefig(drawn, format="png", dpi=DPI, pil_kwargs=quick)
        picture = Image.open(drawn).convert("RGB")
        # 128 colours are enough for flat ones, and a third of the bytes; the ground stays as it is.
        few = picture.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette, ground = few.getpalette(), 3 * few.getpixel((0, 0))
        palette[ground : ground + 3] = picture.getpixel((0, 0))
        few.putpalette(palette)
        few.save(out, "png", dpi=(DPI, DPI))
        return out.getvalue()

    def pdf(self) -> bytes:
        """Return the figure as PDF for print."""
        out = io.BytesIO()
        with mpl.rc_context(rules()):
            self.matplotlib().savefig(out, format="pdf", metadata={"CreationDate": None})
        return out.getvalue()

    def save(self, path: Path | str) -> Path:
        """Write the figure as its suffix says: ``.png``, ``.svg``, ``.pdf`` or ``.csv`` (data).

        Another suffix is an UnknownId, what cannot be written there an OutputError.
        """
        if not isinstance(path, str | Path):
            raise ParameterError(f"found {path!r}, expected a path to save the figure in")
        form = Path(path).suffix.lower()
        require(form, FORMS, "form of a figure")
        made = sheets.csv_bytes(self.data) if form == ".csv" else getattr(self, form[1:])()
        paths.write(Path(path), made.encode() if form == ".svg" else made)
        return Path(path)

    def drawings(self) -> dict[str, str]:
        """Return what a page shows."""
        return {"wide.svg": self.svg(), "narrow.svg": self.svg(narrow=True)}

    def record(self) -> dict[str, object]:
        """Return what the record of the figure holds."""
        png = base64.b64encode(self.png()).decode("ascii")
        return {
            "title": self.title, "alt": self.alt, "caption": self.caption,
            "images": {**self.drawings(), "png": png}, "download": tables.as_download(self.data),
        }  # fmt: skip

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        record = tables.new_record("figure", "figure", "zh", **self.record())
        return tables.Block(record)._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt or self.title


def _slim(svg: str, alt: str) -> str:
    """Shorten what matplotlib wrote, and let its colours follow the reader's light or dark."""
    # Glyphs are drawn at 6,400 units an em.
    halo = f".halo{{paint-order:stroke;stroke-width:{EDGE * 6400 / SMALL:.0f};stroke:%s}}"
    dark = [halo % PALETTE["paper"][1]]
    svg = re.sub(r' fill="(#\w+)"', r' style="fill: \1"', svg)  # the ground of a hatch
    for light, other in set(PALETTE.values()):
        for what in ("fill", "stroke"):
            if (said := f"{what}: {light.lower()}") in svg:
                dark.append(f'[style*="{said}"]{{{what}:{other}!important}}')
    dark = "".join(sorted(dark))
    style = f"{halo % PALETTE['paper'][0]}@media (prefers-color-scheme:dark){{{dark}}}"
    for old, new in (
        (r"^.*?(?=<svg)|<!--.*?-->|xlink:| xmlns:xlink=\S+", ""),
        ('<g id="halo"', '<g class="halo"'),
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
