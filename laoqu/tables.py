"""Publication tables: a frame with words around it, as HTML for a page and text for a terminal."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from laoqu.labels import MIME, label

#: A run of Chinese in an English text: a name, with the marks inside it.
HAN = "[\u3400-\u9fff][\u3400-\u9fff（）、，；]*[\u3400-\u9fff）]|[\u3400-\u9fff]"


@dataclass(frozen=True)
class Block:
    """One thing a report shows: a heading, a lead sentence, facts or rows or items, a note.

    `data` gives all of it as plain data under the names below; pages, PDF and DOCX show the parts
    in the order in which they stand here. Empty parts are empty lists, never missing.

    Attributes
    ----------
    anchor : str
        Id of the section in the page. With ``-`` as ``_`` it is ``name``, the stem of the CSV.
    title : str
        Heading; empty for a block that continues the one above.
    level : {1, 2, 3}
        Of the heading: the head of the report, one of its sections, a part of a section.
    lead : str
        One or two sentences of plain text.
    warning : str
        What a reader must know before anything else; mostly empty.
    facts : tuple of (str, str)
        Names and what they are, shown as a definition list.
    columns : tuple of str
        Heads of the table; empty where the block has no table.
    rows : tuple of tuple of str
        Cells, plain text.
    numeric : frozenset of int
        Positions of columns that hold numbers (set right-aligned).
    quoted : frozenset of int
        Positions of columns that hold the plan's own words, in Chinese in every language.
    under : frozenset of int
        Positions of columns that a page shows below the first one: renderings of its words.
    groups : tuple of (int, str)
        Heads inside the table: index of the first row below, text.
    ids : tuple of str
        One per row, for links to it; or empty.
    marks : tuple of tuple of (int, int)
        One per row: stretches of the first quoted cell to be marked; or empty.
    badges : tuple of str
        One per row: a code of `laoqu.regions.REACH` that colours the cell of `badge`; or empty.
    badge : int
        Position of that column.
    details : tuple of tuple of (str, str)
        One per row: what the row opens to, as names and texts, the first its summary; or empty.
    items : tuple of str
        A list of sentences.
    links : tuple of (str, str)
        Text and relative address; those of one file stand together.
    copy : tuple of (str, str)
        Name of a form and text to be copied as it stands, line ends included.
    note : str
        What keeps a reader from over-reading the numbers.
    folded : bool
        Long and second in importance: a page opens it on request, print may set it small.
    values : mapping of str to int, float or str
        The numbers that the words and rows state, by name; together they are ``values.json``.
    records : DataFrame, optional
        The table as a researcher wants it, with ids, codes and offsets: the CSV in the place of
        columns and rows. Row for row the same where `rows` has as many.
    lang : {"zh", "en"}
        Language of the words; Chinese in an English text is tagged as such.
    """

    anchor: str
    title: str = ""
    lead: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: frozenset[int] = field(default_factory=frozenset)
    note: str = ""
    items: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    level: int = 2
    warning: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    quoted: frozenset[int] = field(default_factory=frozenset)
    under: frozenset[int] = field(default_factory=frozenset)
    groups: tuple[tuple[int, str], ...] = ()
    ids: tuple[str, ...] = ()
    marks: tuple[tuple[tuple[int, int], ...], ...] = ()
    badges: tuple[str, ...] = ()
    badge: int = 0
    details: tuple[tuple[tuple[str, str], ...], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    copy: tuple[tuple[str, str], ...] = ()
    folded: bool = False
    records: pd.DataFrame | None = None
    lang: str = "zh"

    @property
    def name(self) -> str:
        """The anchor as the stem of a file."""
        return self.anchor.replace("-", "_")

    def data(self) -> dict[str, object]:
        """Return what the block shows as plain data: text, numbers, lists."""
        records = None
        if self.records is not None:
            cells = [[_plain(cell) for cell in row] for row in self.records.itertuples(index=False)]
            records = {"columns": list(self.records.columns), "rows": cells}
        return {
            "kind": "block", "name": self.name, "anchor": self.anchor, "title": self.title,
            "level": self.level, "lead": self.lead, "warning": self.warning,
            "facts": _lists(self.facts), "columns": list(self.columns), "rows": _lists(self.rows),
            "numeric": sorted(self.numeric), "quoted": sorted(self.quoted),
            "under": sorted(self.under),
            "groups": _lists(self.groups), "ids": list(self.ids), "marks": _lists(self.marks),
            "badges": list(self.badges), "badge": self.badge, "details": _lists(self.details),
            "items": list(self.items), "links": _lists(self.links), "copy": _lists(self.copy),
            "note": self.note, "folded": self.folded, "values": dict(self.values),
            "records": records, "lang": self.lang,
        }  # fmt: skip

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        return {MIME: self.data()}

    def __repr__(self) -> str:
        parts = [part for part in (self.title, self.lead, self.warning) if part]
        parts += [f"{name}: {text}" for name, text in self.facts]
        if self.rows:
            parts.append(text_table(self.columns, self.rows, self.numeric, self.groups))
        parts += [f"· {item}" for item in self.items]
        parts += [f"{name}: {address}" for name, address in self.links]
        parts += [text for _, text in self.copy]
        if self.note:
            parts.append(self.note)
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        tag = "header" if self.level == 1 else "section"
        parts = [f'<{tag} class="laoqu" id="{self.anchor}">']
        if self.title:
            parts.append(f"<h{self.level}>{self._text(self.title)}</h{self.level}>")
        for text, kind in ((self.lead, "lead"), (self.warning, "warning")):
            if text:
                parts.append(f'<p class="{kind}">{self._text(text)}</p>')
        if self.facts:
            parts.append(self._pairs(self.facts, "facts"))
        if self.rows:
            parts.append(self._table())
        if self.items:
            items = "".join(f"<li>{self._text(item)}</li>" for item in self.items)
            parts.append(f"<ul>{items}</ul>")
        if self.links:
            items = "".join(
                f'<li><a href="{html.escape(address)}">{self._text(name)}</a></li>'
                for name, address in self.links
            )
            parts.append(f'<ul class="links">{items}</ul>')
        parts += [
            f"<details class='copy'><summary>{html.escape(name)}</summary>"
            f'<pre tabindex="0">{html.escape(text)}</pre></details>'
            for name, text in self.copy
        ]
        if self.note:
            parts.append(f'<p class="note">{self._text(self.note)}</p>')
        return "\n".join([*parts, f"</{tag}>"])

    def _table(self) -> str:
        shown = [i for i in range(len(self.columns)) if i not in self.under]
        marks = {i: ' class="num"' if i in self.numeric else "" for i in shown}
        heads = "".join(
            f'<th scope="col"{marks[i]}>{self._text(self.columns[i])}</th>' for i in shown
        )
        bodies = ["<tbody>"]
        begins = dict(self.groups)
        for number, row in enumerate(self.rows):
            if number in begins:
                # A group is a body of its own: what sorts rows sorts them inside it.
                bodies.append(
                    f'</tbody><tbody><tr class="group"><th scope="rowgroup" '
                    f'colspan="{len(shown)}">{self._text(begins[number])}</th></tr>'
                )
            anchor = f' id="{html.escape(self.ids[number])}"' if self.ids else ""
            cells = "".join(f"<td{marks[i]}>{self._cell(number, i, row[i])}</td>" for i in shown)
            bodies.append(f"<tr{anchor}>{cells}</tr>")
        body = "".join([*bodies, "</tbody>"]).replace("<tbody></tbody>", "")
        # The box is a focusable region: a table wider than the page scrolls inside it.
        name = html.escape(self.title or self.anchor)
        table = (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">'
            f"<table><thead><tr>{heads}</tr></thead>{body}</table></div>"
        )
        if not self.folded:
            return table
        summary = label("table.open", self.lang, n=len(self.rows))
        return f'<details class="fold"><summary>{summary}</summary>{table}</details>'

    def _cell(self, number: int, column: int, text: str) -> str:
        if column in self.quoted:
            spans = self.marks[number] if self.marks and column == min(self.quoted) else ()
            shown = f'<q lang="zh">{marked(text, 0, spans)}</q>' if text else ""
        else:
            shown = self._text(text)
        if self.badges and column == self.badge:
            shown = f'<span class="reach {self.badges[number]}">{shown}</span>'
        if column == 0:
            below = [self._text(self.rows[number][i]) for i in sorted(self.under)]
            shown += "".join(f"<small>{text}</small>" for text in below)
        if self.details and column == 0 and (rows := self.details[number]):
            summary, rest = rows[0], rows[1:]
            shown += (
                f'<details class="evidence"><summary>{self._text(summary[1])}</summary>'
                f"{self._pairs(rest, 'evidence')}</details>"
            )
        return shown

    def _pairs(self, pairs: Iterable[tuple[str, str]], kind: str) -> str:
        rows = "".join(
            f"<div><dt>{self._text(name)}</dt><dd>{self._text(text)}</dd></div>"
            for name, text in pairs
        )
        return f'<dl class="{kind}">{rows}</dl>'

    def _text(self, text: str) -> str:
        """Escape; a text in quotation marks is the plan's, Chinese in an English one a name."""
        shown = html.escape(text, quote=False)
        if text[:1] == "“" and text[-1:] == "”":
            return f'<q lang="zh">{shown}</q>'
        return shown if self.lang == "zh" else re.sub(HAN, r'<span lang="zh">\g<0></span>', shown)


def text_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: frozenset[int] = frozenset(),
    groups: Iterable[tuple[int, str]] = (),
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
    begins = dict(groups)
    lines = []
    for number, row in enumerate(table, start=-1):
        if number in begins:
            lines.append(begins[number])
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


def _lists(value: object) -> object:
    return [_lists(each) for each in value] if isinstance(value, tuple) else value


def _plain(cell: object) -> object:
    """Return a cell of a frame as JSON knows it; lists joined, what is missing empty."""
    if isinstance(cell, (tuple, list)):
        return ";".join(str(each) for each in cell)
    if pd.isna(cell):
        return ""
    return cell.item() if hasattr(cell, "item") else cell


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
