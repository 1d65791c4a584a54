"""Sheets that readers fill in: a coding of their own, a membership table; any encoding, CSV, XLSX.

A sheet is read as it is saved by spreadsheets: UTF-8 or GBK, with a byte order mark or none, CRLF,
comma, semicolon or tab, rows in any order. What is wrong is reported by row and column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, LaoquError, Problem, nearest
from laoqu.measures import BOOLEAN, CODES, MORE, SCALES

FIXED = ("measure_id", "quote")
#: The sentence stands there to be read; what is written into it is not used.
COLUMNS = (*FIXED, *SCALES, *MORE, "note", "sentence")
#: Sheets larger than this are refused before they are read (bytes, rows).
MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
TRUE, FALSE = ("true", "1", "是"), ("false", "0", "否")


def cells(path: Path) -> list[list[str]]:
    """Return the cells of a CSV or XLSX file as text, row by row, without white space around."""
    name = paths.display(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"has more than {MOST_BYTES:,} bytes: is this the right file?")
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            rows = _workbook_cells(path)
        else:
            rows = _text_cells(path.read_bytes())
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        message = "there is no such file" if missing else f"cannot be read: {error.strerror}"
        raise DataError([Problem(name, 1, 1, message)]) from error
    except (ValueError, csv.Error) as error:
        raise DataError([Problem(name, 1, 1, str(error))]) from error
    if len(rows) > MOST_ROWS:
        raise DataError([Problem(name, MOST_ROWS, 1, f"has more than {MOST_ROWS:,} rows")])
    return [[cell.strip().strip("\u200b\ufeff\u00a0") for cell in row] for row in rows]


def _text_cells(data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    raise ValueError("is neither UTF-8 nor GBK: save the sheet as CSV UTF-8")


def _workbook_cells(path: Path) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # a stray cell far away would make every row as wide
        rows = []
        for row in sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 1):
            rows.append(["" if cell is None else str(cell) for cell in row])
        return rows
    except Exception as error:  # a damaged workbook fails in many ways
        raise ValueError(f"is no readable workbook: {error}; save it anew as .xlsx") from error


def template(
    measures: pd.DataFrame,
    codebook: pd.DataFrame,
    path: Path,
    sentences: pd.DataFrame | None = None,
) -> Path:
    """Write an empty coding sheet: CSV, or XLSX with the allowed codes as drop-downs.

    `measures` and `codebook` are the tables of these names; with `sentences` (``plan.sentences()``)
    the last column shows each measure's whole sentence.
    """
    measures = measures.sort_values("start")  # reading order
    sheet = measures[list(FIXED)].reindex(columns=list(COLUMNS), fill_value="")
    if sentences is not None:
        texts = sentences.set_index("unit_id")["text"]
        sheet["sentence"] = measures["unit_id"].map(texts)
    if path.suffix.lower() == ".csv":
        # The byte order mark makes spreadsheets read UTF-8 as what it is.
        sheet.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    elif path.suffix.lower() == ".xlsx":
        _workbook(sheet, codebook, path)
    else:
        raise LaoquError(f"a sheet ends in .csv or .xlsx, not {path.suffix!r}")
    return path


def _workbook(sheet: pd.DataFrame, codebook: pd.DataFrame, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page, codes = book.active, book.create_sheet("codebook")
    page.title = "coding"
    shown = ["variable", "code", "label_zh", "label_en", "definition"]
    for target, table in ((page, sheet), (codes, codebook[shown])):
        target.append(list(table.columns))
        for row in table.itertuples(index=False):
            target.append(list(row))
    for index, column in enumerate(sheet.columns, start=1):
        letter = page.cell(1, index).column_letter
        page.column_dimensions[letter].width = 60 if column in ("quote", "sentence") else 15
        if source := _drop_down(column, codebook["variable"].tolist()):
            rule = DataValidation(type="list", formula1=source, allow_blank=True)
            rule.error, rule.errorTitle = f"a code of {column}, see the sheet codebook", "laoqu"
            page.add_data_validation(rule)
            rule.add(f"{letter}2:{letter}{len(sheet) + 1}")
    for row in page.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=cell.column <= len(FIXED))
    page.freeze_panes = "C2"
    book.save(path)


def _drop_down(column: str, variables: list[str]) -> str:
    """Return the drop-down's source: true,false, a range of the codebook, or none."""
    if column in BOOLEAN:
        return '"true,false"'
    if column not in SCALES:
        return ""
    rows = [i for i, name in enumerate(variables, start=2) if name == CODES.get(column, column)]
    return f"codebook!$B${rows[0]}:$B${rows[-1]}"


def read(path: Path, measures: pd.DataFrame, codebook: pd.DataFrame) -> pd.DataFrame:
    """Read and check a coding sheet; empty cells are not coded, labels are understood as codes.

    `measures` and `codebook` are what it must fit. One row per measure in order, the columns of
    `COLUMNS`: codes as text, strengths as numbers, flags as booleans, NA where not coded. The
    `DataError` has every problem, by row and column: unknown codes, units missing, added or twice,
    edited quotations, mangled ids.
    """
    name, rows = paths.display(path), cells(path)
    head = rows[0] if rows else []
    if wrong := list(_head_problems(name, head)):
        raise DataError(wrong)
    quotes = dict(zip(measures["measure_id"], measures["quote"], strict=True))
    codes = _codes(codebook)
    found: list[Problem] = []
    seen: dict[str, int] = {}
    records = []
    for number, row in enumerate(rows[1:], start=2):
        record = dict(zip(head, [*row, *[""] * len(head)], strict=False))
        if not any(record.values()):
            continue
        unit = record["measure_id"]
        messages: list[tuple[str, str]] = []
        if unit not in quotes:
            hint = ", ".join(nearest(unit, quotes)) or "none"
            messages.append(("measure_id", f"unknown unit {unit!r}; nearest: {hint}"))
        elif record["quote"] != quotes[unit]:
            message = f"the quotation was edited; it must stay {quotes[unit][:20]!r}…"
            messages.append(("quote", message))
        if seen.setdefault(unit, number) != number and unit in quotes:
            message = f"unit {unit} is coded twice, first in row {seen[unit]}"
            messages.append(("measure_id", message))
        values: dict[str, object] = {"measure_id": unit, "quote": record["quote"]}
        for column in (*SCALES, *MORE, "note"):
            values[column], message = _code(column, record.get(column, ""), codes)
            if message and unit in quotes:
                messages.append((column, f"{column}: {message}"))
        found += [Problem(name, number, head.index(at) + 1, text) for at, text in messages]
        records.append(values)
    for unit in quotes.keys() - seen.keys():
        message = f"unit {unit} is missing: keep its row and leave its codes empty"
        found.append(Problem(name, len(rows), 1, message))
    if found:
        raise DataError(sorted(found))
    columns = [column for column in COLUMNS if column != "sentence"]
    frame = pd.DataFrame(records, columns=columns).set_index("measure_id")
    kinds = dict.fromkeys(CODES, "Int64") | dict.fromkeys(BOOLEAN, "boolean")
    return frame.loc[list(quotes)].reset_index().astype(kinds)


def differences(own: pd.DataFrame, other: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Return every cell that `own` codes otherwise than `other`; what it left empty is none.

    The first two are ``plan.codings(…)``, the last is ``plan.measures()``. One row per measure and
    variable: ``measure_id``, ``variable``, ``own``, ``other``, ``sentence_zh``.
    """
    rows = []
    shown = measures.set_index("measure_id")["sentence_zh"]
    ours, theirs = own.set_index("measure_id"), other.set_index("measure_id")
    for measure_id in shown.index:
        for variable in (*SCALES, *MORE):
            mine, other_code = (each.at[measure_id, variable] for each in (ours, theirs))
            empty = mine == () if isinstance(mine, tuple) else pd.isna(mine)
            if not empty and str(mine) != str(other_code):
                rows.append([measure_id, variable, mine, other_code, shown[measure_id]])
    return pd.DataFrame(rows, columns=["measure_id", "variable", "own", "other", "sentence_zh"])


def _head_problems(name: str, head: list[str]) -> Iterable[Problem]:
    for column in (*FIXED, *SCALES):
        if column not in head:
            message = f"the column {column!r} is missing; columns are {', '.join(COLUMNS)}"
            yield Problem(name, 1, 1, message)
    for index, column in enumerate(head):
        if column not in COLUMNS or head.index(column) < index:
            hint = ", ".join(nearest(column, COLUMNS))
            message = f"the column {column!r} is unknown or stands twice; nearest: {hint}"
            yield Problem(name, 1, index + 1, message)


def _codes(codebook: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return by variable what may stand in a cell, and the code it means: codes and labels."""
    found: dict[str, dict[str, str]] = {}
    for column in ("label_en", "label_zh", "code"):  # a code is never taken for a label
        rows = codebook[["variable", column, "code"]]
        # A label that several codes of a variable have says nothing.
        rows = rows[~rows.duplicated(["variable", column], keep=False)]
        for variable, label, code in rows.itertuples(index=False):
            found.setdefault(variable, {})[label] = code
    return found


def _code(column: str, cell: str, codes: dict[str, dict[str, str]]) -> tuple[object, str]:
    """Return the value of one cell, and what is wrong with it."""
    if column == "note":
        return cell, ""
    if cell == "":
        return () if column in MORE else pd.NA, ""
    if column in BOOLEAN:
        if cell.lower() in (*TRUE, *FALSE):
            return cell.lower() in TRUE, ""
        return pd.NA, f"found {cell!r}, expected true or false"
    if column in CODES:
        cell = re.sub(r"\.0+$", "", cell)  # a spreadsheet turns 3 into 3.0
    allowed = codes[MORE.get(column, CODES.get(column, column))]
    cell = cell if cell in allowed else unicodedata.normalize("NFKC", cell)
    parts = re.split(r"\s*[;；]\s*", cell) if column in MORE else [cell]
    for part in parts:
        if part not in allowed:
            known = list(dict.fromkeys(allowed.values()))
            hint = ", ".join(nearest(part, known)) or ", ".join(known)
            return pd.NA, f"unknown code {part!r}; nearest: {hint}"
    found = [allowed[part] for part in parts]
    if column in MORE:
        return tuple(found), ""
    return (int(found[0]) if column in CODES else found[0]), ""
