"""What a cell shows: headings and text, tiles, tables, figures, each as one plain record.

The record is what page, PDF, Word, CSV and ``values.json`` are made from; its HTML and its text are
what a notebook and a terminal show of it.
"""

from __future__ import annotations

import base64
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from laoqu.errors import require
from laoqu.sheets import HEADS
from laoqu.show.words import HAN, Words, label, start, variable
from laoqu.show.words import table as labels

if TYPE_CHECKING:
    from laoqu.validation import Comparison

#: Under this type a cell carries its record, beside HTML and text.
MIME = "application/vnd.laoqu+json"
ROLES = ("text", "words", "number", "under", "code", "link")
#: A cell longer than this makes a table one of cards on a phone; in half widths of a character.
CARD = 28
#: Chinese in an English text, and English in a Chinese one: abbreviations need no language.
CHINESE = re.compile(rf"[{HAN}][{HAN}（）、，；]*[{HAN}）]|[{HAN}]")
ENGLISH = re.compile(r"(?:[A-Z]?[a-z]{3,}[’'a-z-]*)(?: [A-Za-z][’'A-Za-z-]*)*")
#: A link in a text: [words](plan#c07.s03) into the annotated plan, [words](https://…), an address.
LINK = re.compile(r"\[([^\]]+)\]\((plan#[\w.-]*|https?://[^\s)]+)\)|(https?://[^\s，。；）)、“”]+)")
#: A quotation of the plan, if it stands there word for word; “十四五” is but a name.
QUOTED = re.compile(r"“([^“”]{4,})”")


@dataclass(frozen=True)
class Block:
    """One thing that a notebook shows; `record` is all of it as plain data."""

    record: dict[str, object]

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        images = {
            name: each for name, each in self.record["images"].items() if "narrow" not in name
        }
        css = (Path(__file__).parent / "notebook.css").read_text(encoding="utf-8")
        page = f"<style>{css}</style>{block_html({**self.record, 'images': images})}"
        return {"text/html": page, "text/plain": repr(self), MIME: self.record}

    def __repr__(self) -> str:
        shown = self.record
        parts = [plain(shown["title"]), *map(plain, shown["paragraphs"])]
        parts += [f"{each['label']}: {each['value']}" for each in shown["tiles"]]
        if shown["rows"]:
            heads = [column["label"] for column in shown["columns"]]
            numeric = [i for i, each in enumerate(shown["columns"]) if each["role"] == "number"]
            parts.append(text_table(heads, shown["rows"], numeric, shown["groups"]))
        return "\n".join(filter(None, [*parts, shown["alt"], plain(shown["note"])]))


def new_record(kind: str, key: str, lang: str, **parts: object) -> dict[str, object]:
    """Return a record with every field of the contract; what is not given is empty."""
    return {
        "kind": kind, "key": key, "anchor": key, "level": 2, "title": "",
        "lang": lang, "folded": False, "form": "", "paragraphs": [],
        "tiles": [], "columns": [], "rows": [], "groups": [], "ids": [], "links": [],
        "note": "", "download": None, "values": {}, "quotes": [], "alt": "", "caption": "",
        "images": {},
    } | parts  # fmt: skip


def check_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Raise an UnknownId when a column is missing, with the nearest name."""
    for name in names:
        require(str(name), list(map(str, frame)), "column of the frame")


def columns_of(frame: pd.DataFrame, words: Words, roles: Mapping[str, str]) -> list[dict[str, str]]:
    """Return name, head and role of each column."""
    for role in (part for each in roles.values() for part in each.split()):
        require(role, ROLES, "role")
    names = list(map(str, frame.columns))
    return [{"name": n, "label": words.column(n), "role": roles.get(n, "text")} for n in names]


def cell_text(value: object, column: Mapping[str, str], words: Words) -> str:
    """Return what a cell shows: numbers short, codes by name, lists joined, missing as nothing."""
    if isinstance(value, (list, tuple)):
        return words.join([words.space(str(each)) for each in value])
    value = scalar(value)
    if isinstance(value, bool):
        return words("yes") if value else ""
    if isinstance(value, (int, float)):
        return digits(value)
    if "words" in column["role"]:
        return value
    if "code" in column["role"]:
        return start(words.cell(column["name"], value))
    return words.space(value)


def digits(value: float, comma: str = "") -> str:
    """Write a number short: whole from 10 on, else with two significant digits.

    >>> digits(2021), digits(99.6), digits(-0.512)
    ('2021', '100', '−0.51')
    """
    whole = float(value).is_integer() or abs(value) >= 10
    return (f"{value:{comma}.0f}" if whole else f"{value:.2g}").replace("-", "−")


def scalar(cell: object) -> bool | int | float | str:
    """Return a cell as JSON holds it: missing as nothing, lists joined by semicolons."""
    if isinstance(cell, (tuple, list)):
        return ";".join(map(str, cell))
    if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)):
        return ""
    cell = cell.item() if hasattr(cell, "item") else cell
    as_it_is = isinstance(cell, (bool, int)) or (isinstance(cell, float) and isfinite(cell))
    return cell if as_it_is else str(cell)


def labelled(frame: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Return a frame with the names of its codes beside them, in columns called ``…_label``."""
    variables, columns = set(words.plan.codebook()["variable"]), {}
    for name, column in frame.items():
        columns[name], coded = column, variable(str(name))
        if coded in variables and column.dtype != bool:
            codes = [each if isinstance(each, (list, tuple)) else [each] for each in column]
            names = [
                ";".join(words.cell(coded, str(scalar(code))) for code in each) for each in codes
            ]
            columns.setdefault(f"{name}_label", names)
    return pd.DataFrame(columns, index=frame.index)


def as_download(frame: pd.DataFrame) -> dict[str, object]:
    """Return a frame as plain columns and rows."""
    rows = [list(map(scalar, row)) for row in frame.itertuples(index=False)]
    return {"columns": list(map(str, frame.columns)), "rows": rows}


def figure_parts(figure: object) -> dict[str, object]:
    """Return what the record of a figure holds, of one of ours or of matplotlib."""
    if hasattr(figure, "savefig"):
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png")
        coded = base64.b64encode(png.getvalue()).decode("ascii")
        return {"images": {"wide.svg": svg.getvalue(), "png": coded}}
    return {
        "title": figure.title, "alt": figure.alt, "caption": figure.caption,
        "images": figure.images(), "download": as_download(figure.data),
    }  # fmt: skip


def runs(text: str, quotes: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Cut a text into runs of kind, words and address: ``""``, ``quote``, ``link`` or ``plan``.

    Examples
    --------
    >>> from laoqu.show.table import runs
    >>> runs("[第七条](plan#c07)：“革命老区”", ["革命老区"])
    [('plan', '第七条', 'c07'), ('', '：“', ''), ('quote', '革命老区', ''), ('', '”', '')]
    """
    known, out, at = set(quotes), [], 0
    pattern = re.compile(f"{LINK.pattern}|{QUOTED.pattern}")
    for found in pattern.finditer(text):
        words, address, url, quoted = found.groups()
        if quoted and quoted not in known:
            continue
        start, end = found.span(4) if quoted else found.span()
        out.append(("", text[at:start], ""))
        at = end
        if quoted:
            out.append(("quote", quoted, ""))
        elif url:
            out.append(("link", url, url))
        else:
            kind = "plan" if address.startswith("plan#") else "link"
            out.append((kind, words, address.removeprefix("plan#")))
    return [run for run in [*out, ("", text[at:], "")] if run[1]]


def plain(text: str) -> str:
    """Return a text without the marks of its links."""
    return "".join(words for _, words, _ in runs(text))


def block_html(shown: Mapping[str, object], plan: str = "", after: str = "") -> str:
    """Return a record as HTML.

    `plan` is the relative address of the annotated plan, without which no row links there; `after`
    is HTML at the end of the section, the page's line of downloads.
    """
    columns = shown["columns"]
    under = [i for i, each in enumerate(columns) if "under" in each["role"]]
    main = [i for i in range(len(columns)) if i not in under]
    longest = max((width(cell) for row in shown["rows"] for cell in row), default=0)
    linked = next((i for i in main if "link" in columns[i]["role"]), 0)
    fold = "fold.table" if columns else "fold.text"
    return _template().render(
        it=shown, plan=plan, after=after, under=under, main=main, linked=linked,
        shape="cards" if longest > CARD or len(main) > 4 else "compact",
        groups=dict(map(tuple, shown["groups"])), plain=plain, picture=picture,
        opens=label(fold, shown["lang"], n=len(shown["rows"])),
        inline=lambda text: _inline(text, shown, plan),
    )  # fmt: skip


@cache
def _template() -> Template:
    """Read at the first use: a notebook that shows nothing needs no templates."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    return environment.get_template("block.html.j2")


def picture(images: Mapping[str, str], alt: str) -> Markup:
    """Return the drawings of a figure as one picture; on a phone the narrow one."""
    address = {name: svg_address(drawn) for name, drawn in images.items() if name.endswith(".svg")}
    source = address.get("wide.svg") or f"data:image/png;base64,{images['png']}"
    narrow = Markup('<source media="(max-width: 40rem)" srcset="{}">')
    narrow = narrow.format(address["narrow.svg"]) if "narrow.svg" in address else ""
    return Markup('<picture>{}<img alt="{}" src="{}"></picture>').format(narrow, alt, source)


def svg_address(svg: str) -> str:
    """Return an SVG as an address of its own."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def _inline(text: object, shown: Mapping[str, object], plan: str) -> Markup:
    """Return a text with its quotations, its links and its other language marked."""
    out = []
    for kind, words, address in runs(str(text), shown["quotes"]):
        if kind == "quote":
            out.append(Markup('<q lang="zh">{}</q>').format(words))
        elif kind == "link" or (kind == "plan" and plan):
            to = address if kind == "link" else f"{plan}#{address}"
            out.append(Markup('<a href="{}">{}</a>').format(to, tagged(words, shown["lang"])))
        else:
            out.append(tagged(words, shown["lang"]))
    return Markup("").join(out).replace("\n", Markup("<br>"))


def tagged(text: str, lang: str) -> Markup:
    """Escape a text and mark what is in the other language, for readers that speak it aloud."""
    pattern, other = (ENGLISH, "en") if lang == "zh" else (CHINESE, "zh")
    # Every second piece is in the other language.
    pieces = [Markup.escape(piece) for piece in re.split(f"({pattern.pattern})", text)]
    pieces[1::2] = [Markup(f'<span lang="{other}">{piece}</span>') for piece in pieces[1::2]]
    return Markup("").join(pieces)


def text_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Iterable[int] = (),
    groups: Iterable[Sequence[object]] = (),
) -> str:
    """Return rows as aligned text; a Chinese character takes two columns.

    Examples
    --------
    >>> from laoqu.show.table import text_table
    >>> print(text_table(["老区", "n"], [["沂蒙", "2"], ["左右江", "6"]], {1}))
    老区    n
    沂蒙    2
    左右江  6
    """
    table = [[str(cell).replace("\n", " ") for cell in row] for row in [columns, *rows]]
    room = [max(map(width, column)) for column in zip(*table, strict=True)]
    heads, right, lines = dict(map(tuple, groups)), set(numeric), []
    for number, row in enumerate(table, start=-1):
        pads = [" " * (wide - width(cell)) for cell, wide in zip(row, room, strict=True)]
        cells = [pad + cell if i in right else cell + pad
                 for i, (cell, pad) in enumerate(zip(row, pads, strict=True))]  # fmt: skip
        lines += [str(heads[number])] if number in heads else []
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def frame_text(frame: pd.DataFrame) -> str:
    """Return a frame as aligned text: see `text_table`."""
    rows = frame.map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
    numeric = {i for i, kind in enumerate(frame.dtypes) if kind.kind in "fi"}
    return text_table(list(frame.columns), rows.to_numpy().tolist(), numeric)


def compared_text(found: Comparison, lang: str) -> str:
    """Return what `laoqu.validation.compare` found, table by table, as text in one language."""
    keep = found.agreement["statistic"].str.match("percent|alpha|ac")
    columns = ["coders", "variable", "statistic", "value", "low", "high", "most_units", "n", "note"]
    unlike = found.confusion[found.confusion.drop(columns=["variable", "n"]).nunique(axis=1) > 1]
    agreement = found.agreement.loc[keep].reindex(columns=columns)
    parts = []
    for name, table in found._replace(agreement=agreement, confusion=unlike)._asdict().items():
        if len(table):
            table = _in_chinese(table) if lang == "zh" else table
            parts.append(f"{label(f'compared.{name}', lang)}\n\n{frame_text(table)}\n")
    return "\n".join([*parts, *([label("compared.none", lang)] if found.differences.empty else [])])


def _in_chinese(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of a comparison with heads, variables, statistics and notes in Chinese."""
    known = labels().items()
    said = {key.removeprefix("compared."): text for key, text in known if "compared." in key}
    names = HEADS | {name: text["zh"] for name, text in said.items()}
    for column in frame.columns.intersection(["variable", "statistic"]):
        frame = frame.assign(**{column: frame[column].replace(names)})
    if "note" in frame:  # what a statistic is stands in its name
        why = {text["en"]: text["zh"] for name, text in said.items() if name.startswith("why")}
        notes = ["，".join(why[each] for each in why if each in note) for note in frame["note"]]
        frame = frame.assign(note=notes)
    return frame.rename(columns=names)


def width(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
