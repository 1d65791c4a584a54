"""The plan's exact words with their place: what `Plan.cite` and `Plan.find` return."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import pandas as pd

from laoqu.document import NUMERALS, Document
from laoqu.errors import LaoquError

CITED = ["quote", "clause_id", "clause", "page", "start", "end", "raw", "line", "citation"]
FOUND = ["unit_id", "clause_id", "page", "start", "end", "quote", "before", "after"]


def cite(document: Document, spans: Iterator[tuple[int, int]]) -> pd.DataFrame:
    """Return one row per canonical span: quote, clause, page, offsets, raw spans, citation."""
    rows = []
    for start, end in spans:
        if not 0 <= start < end <= len(document.canonical):
            raise LaoquError(f"offsets {start}–{end} are not in 0–{len(document.canonical)}")
        clause_id = document.unit_at(start).clause_id
        quote, where = document.canonical[start:end], clause_name(document, clause_id)
        page, line = document.page_of(start), document.line_of(start)
        raw = document.to_raw(start, end)
        text = f"“{quote}”（{where}，第 {page} 页，字符 {start}–{end}）"
        rows.append([quote, clause_id, where, page, start, end, raw, line, text])
    return pd.DataFrame(rows, columns=CITED)


def find(document: Document, pattern: str) -> pd.DataFrame:
    """Return one row per match of a regular expression, with twelve characters either side."""
    try:
        spans = document.find(pattern)
    except (re.error, TypeError) as error:
        raise LaoquError(f"{pattern!r} is not a regular expression: {error}") from error
    text, rows = document.canonical, []
    for start, end in spans:
        if start < end:
            unit, page = document.unit_at(start), document.page_of(start)
            around = (text[start:end], text[max(0, start - 12) : start], text[end : end + 12])
            rows.append([unit.unit_id, unit.clause_id, page, start, end, *around])
    return pd.DataFrame(rows, columns=FOUND)


def spans(rows: object, locate: Callable[[str], tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the canonical span of each of `rows`: frames, mappings, or ids for `locate`."""
    if isinstance(rows, pd.DataFrame):
        rows = [row for _, row in rows.iterrows()]
    elif isinstance(rows, pd.Series) and not {"start", "unit_id"} & set(rows.index):
        rows = rows.tolist()  # a column of ids
    elif isinstance(rows, (str, pd.Series, Mapping)):
        rows = [rows]
    if not isinstance(rows, Iterable):
        raise LaoquError(f"found {rows!r}, expected rows with `start` and `end`, or ids")
    for row in rows:
        yield _span(row, locate)


def _span(row: object, locate: Callable[[str], tuple[int, int]]) -> tuple[int, int]:
    if isinstance(row, str):
        return locate(row)
    if not isinstance(row, (pd.Series, Mapping)) or not {"start", "unit_id"} & set(row.keys()):
        raise LaoquError("a row to cite needs `start` and `end`, or `unit_id`")
    if "start" not in row or "end" not in row:
        return locate(row["unit_id"])
    try:
        start, end = int(row["start"]), int(row["end"])
    except (TypeError, ValueError) as error:
        raise LaoquError(f"offsets must be whole numbers, found {row['start']!r}") from error
    if start >= end:
        raise LaoquError(f"offsets must satisfy start < end, found {start}, {end}")
    return start, end


def clause_name(document: Document, clause_id: str) -> str:
    """Return how the plan itself calls a passage: 条目七, 专栏2, 第三部分, 引言."""
    if clause_id in document.boxes:
        return f"专栏{document.boxes[clause_id].number}"
    if clause_id in document.clauses:
        return f"条目{_numeral(document.clauses[clause_id].number)}"
    if clause_id in document.parts:
        return f"第{_numeral(document.parts[clause_id].number)}部分"
    return {"pre": "引言", "title": "标题"}[clause_id]


def _numeral(number: int) -> str:
    if number <= 10:
        return NUMERALS[number - 1]
    tens, ones = divmod(number, 10)
    return (NUMERALS[tens - 1] if tens > 1 else "") + "十" + (NUMERALS[ones - 1] if ones else "")
