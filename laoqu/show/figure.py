"""A finished figure: one drawing, wide and narrow, light and dark, as SVG, PNG, PDF and data."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import typst
from PIL import Image

from laoqu.errors import ParameterError, nearest
from laoqu.show import table as tables
from laoqu.show.style import MARGIN, MIDDLE, PALETTE, Item, Look, Sheet, glyph
from laoqu.show.words import Words

DPI = 200
#: Points: the light edge of a text on a map, the edge that makes a title heavier, and the distance
#: of the lines of a hatch.
HALO, HEAVY, HATCH = 2.2, 0.3, 3.2
TEXTS = ("title", "subtitle", "caption", "alt")
FORMS = ("png", "svg", "pdf", "csv")
PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: {ground})
#image(bytes(sys.inputs.svg), format: "svg", width: {width}pt)"""


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
    _sheets: dict[bool, Sheet] = field(default_factory=dict, init=False)

    def sheet(self, narrow: bool = False) -> Sheet:
        """Return the drawing for a wide page, or for a telephone; made once."""
        if narrow not in self._sheets:
            sheet = Sheet(narrow)
            sheet.head(self.title, self.subtitle)
            self.draw(sheet)
            sheet.y = max([sheet.y, *(item.box[3] for item in sheet.items)]) + MARGIN
            self._sheets[narrow] = sheet
        return self._sheets[narrow]

    def svg(self, narrow: bool = False) -> str:
        """Return the figure as SVG: no ground, light and dark, letters as outlines."""
        return _svg(self.sheet(narrow), self.alt)

    def png(self, narrow: bool = False, dark: bool = False) -> bytes:
        """Return the figure as PNG at 200 dpi, on white or on black."""
        drawn = Image.open(io.BytesIO(self._typeset("png", narrow, dark))).convert("RGB")
        # 128 colours are enough for flat ones, and a third of the bytes; the ground stays as it is.
        few = drawn.quantize(128, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        palette, ground = few.getpalette(), 3 * few.getpixel((0, 0))
        palette[ground : ground + 3] = drawn.getpixel((0, 0))
        few.putpalette(palette)
        out = io.BytesIO()
        few.save(out, "png", dpi=(DPI, DPI))
        return out.getvalue()

    def pdf(self, narrow: bool = False) -> bytes:
        """Return the figure as PDF for print, letters as outlines."""
        return self._typeset("pdf", narrow)

    def csv(self) -> bytes:
        """Return the data as CSV, which Excel opens too."""
        return self.data.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")

    def save(self, path: Path | str, narrow: bool = False, dark: bool = False) -> Path:
        """Write the figure as its suffix says: ``.png``, ``.svg``, ``.pdf`` or ``.csv`` (data).

        Raises
        ------
        ParameterError
            When it is another suffix.
        """
        path = Path(path)
        form = path.suffix[1:].lower()
        if form not in FORMS:
            expected = ", ".join(f".{each}" for each in FORMS)
            hint = "".join(f"; nearest: .{each}" for each in nearest(form, FORMS, 1))
            raise ParameterError(f"{path.name}: a figure is written as one of {expected}{hint}")
        if form in ("png", "csv"):
            data = self.png(narrow, dark) if form == "png" else self.csv()
        else:
            data = self.pdf(narrow) if form == "pdf" else self.svg(narrow).encode("utf-8")
        path.write_bytes(data)
        return path

    def images(self) -> dict[str, str]:
        """Return what a page and a Word file show."""
        png = base64.b64encode(self.png()).decode("ascii")
        return {"wide.svg": self.svg(), "narrow.svg": self.svg(narrow=True), "png": png}

    def _typeset(self, form: str, narrow: bool, dark: bool = False) -> bytes:
        sheet, ground = self.sheet(narrow), f'rgb("{PALETTE["paper"][dark]}")'
        page = PAGE.format(ground="none" if form == "pdf" else ground, width=sheet.width)
        svg = {"svg": _svg(sheet, self.alt, (dark,))}
        return typst.compile(
            page.encode(), format=form, ppi=DPI, sys_inputs=svg, ignore_system_fonts=True
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        words = {"title": self.title, "alt": self.alt, "caption": self.caption}
        record = tables.new_record(
            "figure", "figure", "zh", download=tables.as_download(self.data),
            images=self.images(), **words,
        )  # fmt: skip
        return tables.Block(record)._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.alt or self.title


def number(value: float) -> str:
    """Write a count as it is, anything else with two significant digits.

    >>> [number(each) for each in (12.0, 1234, 0.1234, -0.5)]
    ['12', '1,234', '0.12', '−0.5']
    """
    if pd.isna(value):
        return "–"
    whole = float(value).is_integer() or abs(value) >= 100
    return f"{value:,.0f}".replace("-", "−") if whole else f"{value:.2g}".replace("-", "−")


def take(
    frame: pd.DataFrame, given: Mapping[str, str], needed: Sequence[str], **optional: object
) -> pd.DataFrame:
    """Return the columns of a chart by their standard names; say which one is not there."""
    if frame.empty:
        raise ParameterError("the frame has no rows: there is nothing to draw")
    optional.setdefault("group", "")
    known, columns = [*needed, *optional], list(map(str, frame.columns))
    roles = {role: column for role, column in given.items() if role not in TEXTS}
    if wrong := [role for role in roles if role not in known]:
        raise ParameterError(f"unknown role {wrong[0]!r}; nearest: {nearest(wrong[0], known)}")
    for role in (*roles, *needed):
        if (column := roles.get(role, role)) not in columns:
            hint = ", ".join(nearest(column, columns)) or ", ".join(columns)
            raise ParameterError(f"the frame has no column {column!r}; nearest: {hint}")
    found = {role: roles.get(role, role) for role in known}
    data = {r: frame[c] if c in columns else optional[r] for r, c in found.items()}
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


# One unit of the SVG is a hundredth of a point (4 µm), so that no number needs a decimal point.


def _svg(sheet: Sheet, alt: str, modes: tuple[int, ...] = (0, 1)) -> str:
    tones, glyphs, body = {"muted"}, {}, []
    for (look, halo), items in groupby(sheet.items, key=lambda item: (item.look, item.halo)):
        tones |= {look.fill, look.line, halo} - {"none", ""}
        drawn = "".join(_text(it, glyphs) if it.kind == "text" else _path(it) for it in items)
        if halo:
            body.append(f'<g class="l-{halo}" fill="none" stroke-linejoin="round">{drawn}</g>')
        body.append(f"<g{_attributes(look)}>{drawn}</g>")
        if look.hatch:
            body.append(f'<g fill="url(#laoqu-hatch)">{drawn}</g>')
    css = [
        "".join(
            f".laoqu-figure .f-{tone}{{fill:{PALETTE[tone][mode]}}}"
            f".laoqu-figure .l-{tone}{{stroke:{PALETTE[tone][mode]}}}"
            for tone in sorted(tones)
        )
        for mode in modes
    ]
    style = css[0] + "".join(f"@media (prefers-color-scheme:dark){{{each}}}" for each in css[1:])
    side, size = round(HATCH * 100), (sheet.width, sheet.y)
    wide, high = (round(each * 100) for each in size)
    hatch = (
        f'<pattern id="laoqu-hatch" width="{side}" height="{side}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path class="l-muted" stroke-width="60" d="M0 0V{side}"/>'
        "</pattern>"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="laoqu-figure" role="img" '
        f'viewBox="0 0 {wide} {high}" width="{size[0]:g}pt" height="{size[1]:.2f}pt">'
        f"<title>{html.escape(alt)}</title><style>{style}</style>"
        f"<defs>{hatch}{''.join(glyphs.values())}</defs>{''.join(body)}</svg>"
    )


def _attributes(look: Look) -> str:
    fill = ' fill="none"' if look.fill == "none" else f' class="f-{look.fill}"'
    if look.line == "none":
        return fill
    kinds = " ".join(f"{k}-{t}" for k, t in (("f", look.fill), ("l", look.line)) if t != "none")
    line = f' class="{kinds}"' + (fill if look.fill == "none" else "")
    dash = " ".join(f"{each * 100:.0f}" for each in look.dash)
    dash = f' stroke-dasharray="{dash}"' if dash else ""
    return f'{line} stroke-width="{look.width * 100:.0f}" stroke-linejoin="round"{dash}'


def _path(item: Item) -> str:
    if item.kind == "mark" and not item.rings:
        x, y, r = (round(each * 100) for each in (*item.at, item.size))
        return f'<circle cx="{x}" cy="{y}" r="{r}"/>'
    return f'<path d="{"".join(_ring(ring, item.closed) for ring in item.rings)}"/>'


def _ring(points: np.ndarray, closed: bool) -> str:
    """Return a ring as steps in whole units, which are short to write."""
    whole = np.rint(points * 100).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[steps.any(axis=1)]
    written = " ".join(map(str, steps.ravel().tolist())).replace(" -", "-")
    return f"M{whole[0, 0]} {whole[0, 1]}l{written or '0 0'}{'z' if closed else ''}"


def _text(item: Item, glyphs: dict[str, str]) -> str:
    """Return a text as its letters, each of which is defined once."""
    x, uses = 0.0, []
    for character in item.text:
        points, codes, wide = glyph(character)
        if len(points):
            name = f"laoqu-{ord(character):x}"
            if character not in glyphs:
                glyphs[character] = f'<path id="{name}" d="{_letter(points, codes)}"/>'
            uses.append(f'<use href="#{name}" x="{x:.0f}"/>')
        x += wide
    left, top = (round(each * 100) for each in item.at)
    turn = "rotate(-90)" if item.turned else ""
    down = f"translate(0 {item.size * 100 * MIDDLE:.0f})scale({item.size / 10:g})"
    edge = (HALO if item.halo == "paper" else HEAVY) * 1000 / item.size
    edge = f' stroke-width="{edge:.0f}"' if item.halo else ""
    return f'<g transform="translate({left} {top}){turn}{down}"{edge}>{"".join(uses)}</g>'


def _letter(points: np.ndarray, codes: np.ndarray) -> str:
    letters, out, last = {1: "M", 2: "L", 3: "Q", 4: "C"}, [], 0
    for (x, y), code in zip(np.rint(points).astype(int).tolist(), codes.tolist(), strict=True):
        # A curve has two or three points, and the next one of its kind needs no letter.
        before = " " if code == last and code in (3, 4) else letters.get(code, "z")
        out.append("z" if before == "z" else f"{before}{x} {-y}")
        last = code
    return "".join(out).replace(" -", "-")
