"""Publication tables: a frame with words around it, as HTML for a page and text for a terminal."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from laoqu.labels import MIME


@dataclass(frozen=True)
class Block:
    """One thing a report shows: a heading, a lead sentence, rows, a note.

    Attributes
    ----------
    anchor : str
        Id of the section in the page.
    title : str
        Heading; empty for a block that continues the section above.
    lead : str
        One or two sentences of plain text.
    columns : tuple of str
        Heads of the table; empty where the block has no table.
    rows : tuple of tuple of str
        Cells, plain text.
    cells_html : tuple of tuple of str
        The same cells as HTML where they need more than escaping; else empty.
    numeric : frozenset of int
        Positions of columns that hold numbers (set right-aligned).
    note : str
        What keeps a reader from over-reading the numbers.
    items : tuple of str
        A list of sentences, shown in the place of a table.
    values : mapping of str to int, float or str
        The numbers that the words and rows state, by name; together they are ``values.json``.
    """

    anchor: str
    title: str = ""
    lead: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    cells_html: tuple[tuple[str, ...], ...] = ()
    numeric: frozenset[int] = field(default_factory=frozenset)
    note: str = ""
    items: tuple[str, ...] = ()
    extra_html: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def data(self) -> dict[str, object]:
        """Return what the block shows as plain data."""
        return {
            "kind": "block",
            "name": self.anchor.replace("-", "_"),
            "anchor": self.anchor,
            "title": self.title,
            "lead": self.lead,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "numeric": sorted(self.numeric),
            "items": list(self.items),
            "note": self.note,
            "values": dict(self.values),
        }

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {MIME: self.data()}

    def __repr__(self) -> str:
        parts = [part for part in (self.title, self.lead) if part]
        if self.rows:
            parts.append(text_table(self.columns, self.rows, self.numeric))
        parts += [f"· {item}" for item in self.items]
        if self.note:
            parts.append(self.note)
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        parts = [f'<section class="laoqu" id="{self.anchor}">']
        if self.title:
            parts.append(f"<h2>{html.escape(self.title)}</h2>")
        if self.lead:
            parts.append(f'<p class="lead">{html.escape(self.lead)}</p>')
        if self.rows:
            parts.append(self._table())
        if self.items:
            items = "".join(f"<li>{html.escape(item)}</li>" for item in self.items)
            parts.append(f"<ul>{items}</ul>")
        parts.append(self.extra_html)
        if self.note:
            parts.append(f'<p class="note">{html.escape(self.note)}</p>')
        return "\n".join([*parts, "</section>"])

    def _table(self) -> str:
        shown = self.cells_html or tuple(
            tuple(html.escape(cell) for cell in row) for row in self.rows
        )
        classes = ["num" if i in self.numeric else "" for i in range(len(self.columns))]
        marks = [f' class="{name}"' if name else "" for name in classes]
        heads = "".join(
            f'<th scope="col"{mark}>{html.escape(head)}</th>'
            for head, mark in zip(self.columns, marks, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row, marks, strict=True))
            + "</tr>"
            for row in shown
        )
        # The box is a focusable region: a table wider than the page scrolls inside it.
        return (
            '<div class="scroll" tabindex="0" role="region" '
            f'aria-label="{html.escape(self.title)}">'
            f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
        )


def text_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: frozenset[int] = frozenset()
) -> str:
    """Return rows as aligned text; a Chinese character takes two columns.

    Examples
    --------
    >>> from laoqu.tables import text_table
    >>> print(text_table(["老区", "n"], [["沂蒙", "2"], ["左右江", "6"]], frozenset({1})))
    老区    n
    沂蒙    2
    左右江  6
    """
    table = [list(columns), *[list(row) for row in rows]]
    widths = [max(_width(row[i]) for row in table) for i in range(len(columns))]
    lines = []
    for row in table:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            pad = " " * (width - _width(cell))
            cells.append(pad + cell if i in numeric else cell + pad)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def marked(text: str, start: int, spans: Sequence[tuple[int, int]]) -> str:
    """Return `text` as HTML with the canonical `spans` in ``<mark>``; `start` is its offset."""
    out, at = [], 0
    for a, b in sorted(set(spans)):
        if a - start < at:
            continue
        out += [html.escape(text[at : a - start]), "<mark>"]
        out += [html.escape(text[a - start : b - start]), "</mark>"]
        at = b - start
    return "".join([*out, html.escape(text[at:])])


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
