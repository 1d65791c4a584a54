"""The plan's exact words with their place: what `Plan.cite` and `Plan.find` return."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Real

import pandas as pd

from laoqu.document import Document, Span
from laoqu.errors import LaoquError, require, shown

#: Gives a table of the collection by name.
Tables = Callable[[str], pd.DataFrame]
#: Tables whose rows are known by id.
KEYED = {"scopes": "scope_id", "mentions": "mention_id", "measures": "measure_id"}
MEASURE = ["start", "end", "measure_id"]
CITED = [
    "quote", "clause_id", "clause", "page", "start", "end", "raw", "line", "citation", "link",
]  # fmt: skip
FOUND = ["unit_id", "clause_id", "page", "start", "end", "quote", "before", "after"]
#: Columns that say what stands at `start` to `end`.
WORDS = ("quote", "printed", "text")
#: How many characters `find` shows on either side.
AROUND = 12


def cite(document: Document, rows: object, tables: Tables | None = None) -> pd.DataFrame:
    """Return one row per row of `rows`: the columns `CITED`.

    The link opens the annotated plan, from the folder of its language, at the measure that holds
    the words, else at their sentence; without `tables` there is none.
    """
    measures = tables("measures").sort_values("start") if tables else pd.DataFrame(columns=MEASURE)
    starts, ends, ids = (measures[name].tolist() for name in MEASURE)
    cited = []
    for start, end in _spans(rows, document, tables):
        if not 0 <= start < end <= len(document.canonical):
            raise LaoquError(f"offsets {start}–{end} are not in 0–{len(document.canonical)}")
        unit, quote = document.unit_at(start), document.canonical[start:end]
        where, page = clause_name(document, unit.clause_id), document.page_of(start)
        printed = f"第 {page} 页，" if len(document.page_starts) > 1 else ""
        text = f"“{quote}”（{where}，{printed}字符 {start}–{end}）"
        at = bisect_right(starts, start) - 1
        link = f"plan.html#{ids[at] if at >= 0 and end <= ends[at] else unit.unit_id}"
        place = [page, start, end, document.to_raw(start, end), document.line_of(start)]
        cited.append([quote, unit.clause_id, where, *place, text, link])
    return pd.DataFrame(cited, columns=CITED).drop(columns=[] if tables else "link")


def find(document: Document, pattern: str) -> pd.DataFrame:
    """Return one row per match of a regular expression, with the characters either side."""
    try:
        re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        raise LaoquError(f"{shown(pattern)} is not a regular expression: {error}") from error
    return found(document, document.find(pattern))


def found(document: Document, spans: Iterable[tuple[int, int]]) -> pd.DataFrame:
    """Return one row per span that is not empty: the columns `FOUND`."""
    text, rows = document.canonical, []
    for start, end in spans:
        if start < end:
            unit, page = document.unit_at(start), document.page_of(start)
            before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
            quote = text[start:end]
            rows.append([unit.unit_id, unit.clause_id, page, start, end, quote, before, after])
    return pd.DataFrame(rows, columns=FOUND)


def _spans(rows: object, document: Document, tables: Tables | None) -> Iterator[tuple[int, int]]:
    """Yield the canonical span of each of `rows`: frames, mappings, spans, ids."""
    if isinstance(rows, pd.DataFrame):
        rows = [row for _, row in rows.iterrows()]
    elif isinstance(rows, pd.Series) and not {"start", "unit_id"} & set(rows.index):
        rows = rows.tolist()  # a column of ids
    elif isinstance(rows, (str, pd.Series, Mapping, Span)):
        rows = [rows]
    if not isinstance(rows, Iterable):
        raise LaoquError(f"found {shown(rows)}, expected rows with `start` and `end`, or ids")
    for row in rows:
        row = row._asdict() if isinstance(row, Span) else row
        row = {"unit_id": row} if isinstance(row, str) else row
        keys = set(row.keys()) if isinstance(row, (pd.Series, Mapping)) else set()
        if {"start", "end"} <= keys:
            span = row["start"], row["end"]
            if any(isinstance(at, bool) or not isinstance(at, Real) or at % 1 for at in span):
                raise LaoquError(f"offsets must be whole numbers, found {span[0]!r}, {span[1]!r}")
            start, end = map(int, span)
            stands = document.canonical[max(0, start) : max(0, end)]
            for key in keys & set(WORDS):
                if isinstance(row[key], str) and row[key] != stands:
                    raise LaoquError(
                        f"{key} is {shown(row[key])}, but {shown(stands)} stands at {start}–{end}: "
                        "cite rows of a text with its own `cite`"
                    )
            yield start, end
        elif "unit_id" in keys:
            yield span_of(row["unit_id"], document, tables)
        else:
            raise LaoquError("a row to cite needs `start` and `end`, or `unit_id`")


def span_of(id: str, document: Document, tables: Tables | None = None) -> tuple[int, int]:
    """Return the canonical span of a unit, or of a row of one of the `KEYED` tables."""
    for table, key in KEYED.items() if tables else ():
        rows = tables(table)
        if len(mine := rows[rows[key] == id]):
            return int(mine["start"].iloc[0]), int(mine["end"].iloc[0])
    unit = document.unit(id)
    return unit.start, unit.end


def ids(document: Document, tables: Tables) -> list[str]:
    """Return every id that `describe` knows, but for codes."""
    rows = [name for table, key in KEYED.items() for name in tables(table)[key]]
    return [*(unit.unit_id for unit in document.units), *rows, *document.passages]


def describe(id: str, document: Document, tables: Tables, measures: pd.DataFrame) -> str:
    """Say in a few lines what an id of the text, of a keyed table or of the codebook stands for."""
    if passage := document.passages.get(id):
        sentences = sum(unit.clause_id == id and unit.kind == "sentence" for unit in document.units)
        head = f"{passage.name} {passage.title}"
        return f"{head}\n{sentences} sentences, characters {passage.start}–{passage.end}"
    for table, key in {**KEYED, "gazetteer": "adcode"}.items():
        rows = measures if table == "measures" else tables(table)
        for row in rows[rows[key] == id].to_dict("records"):
            empty = [k for k, v in row.items() if v is pd.NA or v is None or v in ("", ())]
            return "\n".join(f"{k}: {v}" for k, v in row.items() if k not in empty)
    codes = tables("codebook")
    if len(coded := codes[codes["code"] == id]):
        shown = "{variable} {code}: {label_zh} / {label_en}. {definition}"
        return "\n".join(shown.format(**row) for row in coded.to_dict("records"))
    named = {passage.name: key for key, passage in document.passages.items()}
    if (meant := named.get(id, id and str(id).lower())) != id:  # a name, an id in capitals
        return describe(meant, document, tables, measures)
    unit, scopes = document.unit(id), tables("scopes")
    scope = ", ".join(scopes.loc[scopes["unit_id"] == id, "scope"])
    where = f"{clause_name(document, unit.clause_id)}, page {unit.page}"
    return f"{unit.text}\n{unit.kind} in {where}; scope: {scope or 'none coded'}"


def clause_name(document: Document, clause_id: str) -> str:
    """Return how the plan itself calls a passage: 第七条, 专栏2, 第三部分, 引言."""
    known = {"pre": "引言", "title": "标题"}
    known |= {id: passage.name for id, passage in document.passages.items()}
    require(clause_id, known, "passage")
    return known[clause_id]
