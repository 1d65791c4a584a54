"""What a cell shows: headings and text, tiles, tables, figures, each as one plain record.

The record is what page, PDF, Word, CSV and ``values.json`` are made from; its HTML and its text are
what a notebook and a terminal show of it.
"""

from __future__ import annotations

import base64
import html
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu.errors import ParameterError, nearest
from laoqu.show.words import HAN, Words, label

#: Under this type a cell carries its record, beside HTML and text.
MIME = "application/vnd.laoqu+json"
ROLES = ("text", "words", "number", "badge", "under", "code", "link")
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
            name: drawn for name, drawn in self.record["images"].items() if "narrow" not in name
        }
        shown = block_html({**self.record, "images": images})
        page = f"<style>{_notebook_css()}</style>{shown}"
        return {"text/html": page, "text/plain": repr(self), MIME: self.record}

    def __repr__(self) -> str:
        shown = self.record
        parts = [plain(shown["title"]), *map(plain, shown["paragraphs"])]
        parts += [f"{each['label']}: {each['value']}" for each in shown["tiles"]]
        if shown["rows"]:
            heads = [column["label"] for column in shown["columns"]]
            numeric = {i for i, each in enumerate(shown["columns"]) if each["role"] == "number"}
            parts.append(text_table(heads, shown["rows"], numeric, shown["groups"]))
        parts += [shown["alt"], plain(shown["note"])]
        return "\n".join(part for part in parts if part)


def new_record(kind: str, key: str, lang: str, **parts: object) -> dict[str, object]:
    """Return a record with every field of the contract; what is not given is empty."""
    return {
        "kind": kind, "key": key, "anchor": key, "level": 2, "title": "",
        "lang": lang, "notebook_only": False, "folded": False, "form": "", "paragraphs": [],
        "tiles": [], "columns": [], "rows": [], "badges": {}, "groups": [], "ids": [], "links": [],
        "note": "", "download": None, "values": {}, "quotes": [], "alt": "", "caption": "",
        "images": {},
    } | parts  # fmt: skip


def check_columns(frame: pd.DataFrame, names: Iterable[str]) -> None:
    """Raise a ParameterError when a column is missing, with the nearest name."""
    for name in names:
        if name not in frame.columns:
            hint = ", ".join(nearest(str(name), map(str, frame.columns)) or map(str, frame.columns))
            raise ParameterError(f"the frame has no column {name!r}; nearest: {hint}")


def table_parts(
    frame: pd.DataFrame, words: Words, roles: Mapping[str, str]
) -> dict[str, list[object] | dict[str, list[str]]]:
    """Return columns, rows and badges of a table as text; see `laoqu.show.Show.table`."""
    if unknown := {part for role in roles.values() for part in role.split()} - set(ROLES):
        raise ParameterError(f"unknown role {unknown.pop()!r}, expected {', '.join(ROLES)}")
    columns = [
        {"name": str(name), "label": words.column(str(name)), "role": roles.get(name, "text")}
        for name in frame.columns
    ]
    rows = [
        [cell_text(value, column, words) for value, column in zip(row, columns, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    badges = {name: frame[name].astype(str).tolist() for name in roles if roles[name] == "badge"}
    return {"columns": columns, "rows": rows, "badges": badges}


def groups_of(column: pd.Series, words: Words) -> list[list[object]]:
    """Return where each group of rows begins and what it is called."""
    texts = [words.cell(str(column.name), "" if empty(v) else str(v)) for v in column]
    return [[i, text] for i, text in enumerate(texts) if i == 0 or text != texts[i - 1]]


def cell_text(value: object, head: Mapping[str, str], words: Words) -> str:
    """Return what a cell shows: numbers short, codes by name, lists joined, missing as nothing."""
    if empty(value):
        return ""
    if isinstance(value, (list, tuple)):
        return words.join([words.space(str(each)) for each in value])
    if isinstance(value, (bool, np.bool_)):
        return words("yes") if value else ""
    if isinstance(value, (float, np.floating)):
        whole = float(value).is_integer() or abs(value) >= 10
        return (f"{value:.0f}" if whole else f"{value:.2g}").replace("-", "−")
    if isinstance(value, (int, np.integer)):
        return str(value).replace("-", "−")
    role = head["role"].split()
    if "words" in role:
        return str(value)
    if "code" in role or "badge" in role:
        return words.cell(head["name"], str(value))
    return words.space(str(value))


def empty(value: object) -> bool:
    """Whether a cell of a frame holds nothing."""
    return value is None or (not isinstance(value, (list, tuple, dict)) and bool(pd.isna(value)))


def as_download(frame: pd.DataFrame) -> dict[str, object]:
    """Return a frame as plain columns and rows: no numpy scalars, lists joined by semicolons."""
    rows = [[_json(cell) for cell in row] for row in frame.itertuples(index=False)]
    return {"columns": [str(name) for name in frame.columns], "rows": rows}


def _json(cell: object) -> object:
    if isinstance(cell, (tuple, list)):
        return ";".join(str(each) for each in cell)
    if empty(cell):
        return ""
    cell = cell.item() if hasattr(cell, "item") else cell
    plain = isinstance(cell, (bool, int)) or (isinstance(cell, float) and isfinite(cell))
    return cell if plain else str(cell)


def images_of(figure: object) -> dict[str, str]:
    """Return the drawings of a figure: wide and narrow SVG, and a PNG in base64."""
    if not hasattr(figure, "savefig"):
        return figure.images()
    svg, png = io.StringIO(), io.BytesIO()  # one of matplotlib
    figure.savefig(svg, format="svg", metadata={"Date": None})
    figure.savefig(png, format="png")
    return {"wide.svg": svg.getvalue(), "png": base64.b64encode(png.getvalue()).decode("ascii")}


def runs(text: str, quotes: Iterable[str] = ()) -> list[tuple[str, str, str]]:
    """Cut a text into runs of kind, words and address: ``""``, ``quote``, ``link`` or ``plan``.

    Examples
    --------
    >>> from laoqu.show.table import runs
    >>> runs("[条目七](plan#c07)：“革命老区”", ["革命老区"])
    [('plan', '条目七', 'c07'), ('', '：“', ''), ('quote', '革命老区', ''), ('', '”', '')]
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

    Parameters
    ----------
    shown : mapping
    plan : str
        Relative address of the annotated plan; without it no row links there.
    after : str
        HTML at the end of the section: the page's line of downloads.
    """
    level = shown["level"]
    # The finding of a figure is drawn in it.
    headed = bool(shown["title"]) and shown["kind"] != "figure"
    parts = [f"<h{level}>{_inline(shown['title'], shown)}</h{level}>"] if headed else []
    form = shown["form"]
    texts = [_inline(text, shown, plan) for text in shown["paragraphs"]]
    if form == "copy":
        raw = "\n".join(map(str, shown["paragraphs"]))
        parts.append(f'<pre class="copy" tabindex="0">{html.escape(raw)}</pre>')
    elif form == "list":
        parts.append(f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>")
    else:
        mark = f' class="{html.escape(form)}"' if form else ""
        parts += [f"<p{mark}>{text}</p>" for text in texts]
    if shown["tiles"]:
        parts.append(_tiles(shown))
    if shown["columns"]:
        parts.append(_table(shown, plan))
    if shown["images"]:
        parts.append(_figure(shown))
    if shown["note"]:
        parts.append(f'<p class="note">{_inline(shown["note"], shown, plan)}</p>')
    body = "\n".join([*parts, after])
    if shown["folded"]:
        head = parts.pop(0) if headed else ""
        key = "fold.table" if shown["columns"] else "fold.text"
        summary = html.escape(label(key, shown["lang"], n=len(shown["rows"])))
        name = f"{_inline(shown['title'], shown)} · {summary}" if head else summary
        body = "\n".join([*parts, after])
        body = f'<details class="fold"><summary>{name}</summary>{body}</details>'
    anchor = f' id="{html.escape(shown["anchor"])}"' if shown["anchor"] else ""
    return f'<section class="laoqu {shown["kind"]}"{anchor}>\n{body}\n</section>'


def _tiles(shown: Mapping[str, object]) -> str:
    tiles = "".join(
        f"<div><dt>{_inline(each['label'], shown)}</dt>"
        f"<dd><b>{_inline(str(each['value']), shown)}</b>"
        f"<small>{_inline(each['note'], shown)}</small></dd></div>"
        for each in shown["tiles"]
    )
    return f'<dl class="tiles">{tiles}</dl>'


def _table(shown: Mapping[str, object], plan: str) -> str:
    columns = shown["columns"]
    under = [i for i, each in enumerate(columns) if "under" in each["role"]]
    main = [i for i in range(len(columns)) if i not in under]
    linked = link_column(columns)
    lengths = [width(cell) for row in shown["rows"] for cell in row]
    shape = "cards" if max(lengths, default=0) > CARD or len(main) > 4 else "compact"
    mark = {i: ' class="num"' if columns[i]["role"] == "number" else "" for i in main}
    heads = "".join(
        f'<th scope="col"{mark[i]}>{_inline(columns[i]["label"], shown)}</th>' for i in main
    )
    begins, bodies = dict(map(tuple, shown["groups"])), [""]
    for number, row in enumerate(shown["rows"]):
        if number in begins:
            head = _inline(begins[number], shown)
            span = f'<th scope="rowgroup" colspan="{len(main)}">{head}</th>'
            bodies.append(f'<tr class="group">{span}</tr>')
        link = shown["links"][number] if shown["links"] and plan else ""
        cells = []
        for i in main:
            text = _cell(row[i], columns[i], shown, number)
            if i == linked and link and row[i]:
                text = f'<a href="{html.escape(plan)}#{html.escape(link)}">{text}</a>'
            if i == main[0]:
                below = [_cell(row[j], columns[j], shown, number) for j in under if row[j]]
                text += "".join(f"<small>{each}</small>" for each in below)
            name = html.escape(columns[i]["label"])
            cells.append(f'<td{mark[i]} data-label="{name}">{text}</td>')
        anchor = f' id="{html.escape(shown["ids"][number])}"' if shown["ids"] else ""
        bodies[-1] += f"<tr{anchor}>{''.join(cells)}</tr>"
    body = "".join(f"<tbody>{rows}</tbody>" for rows in bodies if rows)
    name = html.escape(plain(shown["title"]) or shown["key"])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
        f'<table class="{shape}"><thead><tr>{heads}</tr></thead>{body}</table></div>'
    )


def link_column(columns: Sequence[Mapping[str, str]]) -> int:
    """Return the position of the column that carries the link of its row, by default the first."""
    return next((i for i, each in enumerate(columns) if "link" in each["role"]), 0)


def _cell(text: str, column: Mapping[str, str], shown: Mapping[str, object], row: int) -> str:
    if not text:
        return '<span class="none">–</span>'
    if "words" in column["role"]:
        return f'<q lang="zh">{html.escape(text)}</q>'
    lines = "<br>".join(_inline(line, shown) for line in text.split("\n"))
    if column["role"] == "badge":
        code = html.escape(shown["badges"][column["name"]][row])
        return f'<span class="badge {code}">{lines}</span>'
    return lines


def _figure(shown: Mapping[str, object]) -> str:
    images, alt = shown["images"], html.escape(shown["alt"], quote=True)
    source = f"data:image/png;base64,{images.get('png', '')}"
    narrow = ""
    if "wide.svg" in images:
        source = svg_address(images["wide.svg"])
    if "narrow.svg" in images:
        address = svg_address(images["narrow.svg"])
        narrow = f'<source media="(max-width: 40rem)" srcset="{address}">'
    caption = f"<figcaption>{_inline(shown['caption'], shown)}</figcaption>"
    picture = f'<picture>{narrow}<img alt="{alt}" src="{source}"></picture>'
    return f"<figure>{picture}{caption if shown['caption'] else ''}</figure>"


def svg_address(svg: str) -> str:
    """Return an SVG as an address of its own."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode('ascii')}"


def _inline(text: str, shown: Mapping[str, object], plan: str = "") -> str:
    out = []
    for kind, words, address in runs(str(text), shown["quotes"]):
        if kind == "quote":
            out.append(f'<q lang="zh">{html.escape(words)}</q>')
            continue
        tongue = tagged(words, shown["lang"])
        if kind == "link":
            tongue = f'<a href="{html.escape(address)}">{tongue}</a>'
        elif kind == "plan" and plan:
            tongue = f'<a href="{html.escape(plan)}#{html.escape(address)}">{tongue}</a>'
        out.append(tongue)
    return "".join(out)


def tagged(text: str, lang: str) -> str:
    """Escape a text and mark what is in the other language, for readers that speak it aloud."""
    pattern, other = (ENGLISH, "en") if lang == "zh" else (CHINESE, "zh")
    # Every second piece is in the other language.
    pieces = re.split(f"({pattern.pattern})", text)
    escaped = [html.escape(piece, quote=False) for piece in pieces]
    escaped[1::2] = [f'<span lang="{other}">{piece}</span>' for piece in escaped[1::2]]
    return "".join(escaped)


@cache
def _notebook_css() -> str:
    return (Path(__file__).parent / "notebook.css").read_text(encoding="utf-8")


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
    widths = [max(width(row[i]) for row in table) for i in range(len(columns))]
    begins, right = dict(map(tuple, groups)), set(numeric)
    lines = []
    for number, row in enumerate(table, start=-1):
        if number in begins:
            lines.append(str(begins[number]))
        cells = []
        for i, (cell, room) in enumerate(zip(row, widths, strict=True)):
            pad = " " * (room - width(cell))
            cells.append(pad + cell if i in right else cell + pad)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def width(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
