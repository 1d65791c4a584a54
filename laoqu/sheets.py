"""Sheets that people fill in: written with drop-downs, read as any spreadsheet saves them.

UTF-8 or GBK, with a byte order mark or none, CRLF, comma, semicolon or tab, XLSX, rows in any
order, labels in the place of codes. What is wrong is reported by row and column.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, LaoquError, Problem, nearest
from laoqu.measures import BOOLEAN, CODES, MORE, SCALES

#: Sheets larger than this are refused before they are read (bytes, rows).
MOST_BYTES = 20_000_000
MOST_ROWS = 100_000
FLAGS = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
#: What people write into a column of words when there are none; an empty cell is not coded.
NO_WORDS = ("无", "none", "-")
CUT = re.compile(r"[|｜]")
#: A formula whose result no program has worked out, and cells merged over several rows.
NO_RESULT = re.compile(
    r'<c r="([A-Z]+\d+)"(?![^>]*t="str")[^>]*>'
    r"<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)(?:<v ?/>|<v></v>)?</c>"
)
MERGED = re.compile(r'<mergeCell ref="(([A-Z]+)(\d+):[A-Z]+(\d+))"')
#: Before what a spreadsheet takes for a formula, full-width signs too.
FORMULA = r"^(?=\s*[=+\-@＝＋－＠\t\r])"


class Column(NamedTuple):
    """What people write into a column.

    `kind` is ``code`` or ``codes`` (of a `variable` of the codebook), ``flag``, ``cut`` (the
    sentence with | wherever a new piece begins), ``words`` (words of the sentence) or ``note``.
    """

    kind: str
    variable: str = ""


#: What a measure is coded by, in the order of the sheet.
MEASURES = {
    **{name: Column("code", CODES.get(name, name)) for name in SCALES},
    **{name: Column("flag") for name in BOOLEAN},
    **{name: Column("codes", variable) for name, variable in MORE.items()},
    "note": Column("note"),
}
#: What a sheet of measures shows; people may not change the first two.
SHOWN = ("measure_id", "quote", "sentence")


def cells(path: Path) -> list[list[str]]:
    """Return the cells of a CSV or XLSX file as text, row by row, without white space around."""
    name = paths.display(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"has more than {MOST_BYTES:,} bytes: is this the right file?")
        workbook = path.suffix.lower() in (".xlsx", ".xlsm")
        rows = _workbook_cells(path) if workbook else _text_cells(path.read_bytes())
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        message = "there is no such file" if missing else f"cannot be read: {error.strerror}"
        raise DataError([Problem(name, 1, 1, message)]) from error
    except (ValueError, csv.Error) as error:
        raise DataError([Problem(name, 1, 1, str(error))]) from error
    if len(rows) > MOST_ROWS:
        raise DataError([Problem(name, MOST_ROWS, 1, f"has more than {MOST_ROWS:,} rows")])
    return [[cell.strip().strip("\u200b\ufeff\u00a0") for cell in row] for row in rows]


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text of a file and its encoding; a `ValueError` says that it has none of ours.

    >>> decoded("老区".encode("gb18030"))
    ('老区', 'gb18030')
    """
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding
    raise ValueError("is neither UTF-8 nor GBK: save it as text or CSV in UTF-8")


def _text_cells(data: bytes) -> list[list[str]]:
    text, _ = decoded(data)
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    for number, row in enumerate(rows, start=1):
        if any(cell.strip() for cell in row[len(rows[0]) :]):
            message = f"row {number} has more cells than the head"
            raise ValueError(f"{message}: put text that has a {delimiter!r} into quotation marks")
    return rows


def _workbook_cells(path: Path) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        sheet, *others = load_workbook(path, read_only=True, data_only=True).worksheets
        sheet.reset_dimensions()  # a stray cell far away would make every row as wide
        rows = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 1)
        found = [["" if cell is None else str(cell) for cell in row] for row in rows]
        formulas, merged = hidden(sheet)
        heads = [next(each.iter_rows(values_only=True, max_row=1), ()) for each in others]
    except Exception as error:  # a damaged workbook fails in many ways
        raise ValueError(f"is no readable workbook: {error}; save it anew as .xlsx") from error
    if formulas:
        raise ValueError(
            f"the formula in {formulas[0]} has no result: save the file in a spreadsheet"
        )
    if merged:
        raise ValueError(
            f"{merged[0]} are merged, only the first has the value: split them, fill each"
        )
    for each, head in zip(others, heads, strict=True):
        if any(head) and ["" if cell is None else str(cell) for cell in head] == found[:1][0]:
            raise ValueError(
                f"the sheet {each.title!r} has the same columns: put all rows on one sheet"
            )
    return found


def hidden(sheet: object) -> tuple[list[str], list[str]]:
    """Return the formulas without a result and the merged rows of a sheet that is opened to read.

    To a reader such cells are empty, so that what people see in them would be lost.
    """
    with sheet._get_source() as source:  # openpyxl reads neither when it reads row by row
        text = source.read().decode("utf-8", "replace")
    merged = [whole for whole, _, top, bottom in MERGED.findall(text) if top != bottom]
    return NO_RESULT.findall(text), merged


def template(
    measures: pd.DataFrame, codebook: pd.DataFrame, path: Path, sentences: pd.DataFrame
) -> Path:
    """Write an empty coding sheet of the measures: see `write`.

    `measures`, `codebook` and `sentences` are the tables of these names of a plan.
    """
    shown = measures.sort_values("start")  # reading order
    texts = sentences.set_index("unit_id")["text"]
    shown = shown.assign(sentence=shown["unit_id"].map(texts))[list(SHOWN)]
    return write(path, shown, MEASURES, codebook)


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame in which no spreadsheet takes a text or a head for a formula.

    >>> without_formulas(pd.DataFrame({"=a": ["=1+1", "b"]}))["'=a"].tolist()
    ["'=1+1", 'b']
    """
    texts = frame.select_dtypes(include=["object", "str", "string"]).columns
    frame = frame.assign(**{name: frame[name].replace(FORMULA, "'", regex=True) for name in texts})
    return frame.rename(columns=lambda name: re.sub(FORMULA, "'", str(name)))


def csv_bytes(frame: pd.DataFrame, empty: str = "") -> bytes:
    """Return a frame as CSV that Excel reads: UTF-8 with its mark, no formulas.

    >>> csv_bytes(pd.DataFrame([["=1+1"], [-3]], columns=["a"])).decode("utf-8-sig").split()
    ['a', "'=1+1", '-3']
    """
    text = without_formulas(frame).to_csv(index=False, lineterminator="\n", na_rep=empty)
    return text.encode("utf-8-sig")


def write(
    path: Path, shown: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame
) -> Path:
    """Write a sheet to fill in: CSV, or XLSX with codes in both languages as drop-downs.

    `shown` is what people read, one row per unit, its id first; `columns` is what they fill in.
    """
    sheet = without_formulas(shown).assign(**dict.fromkeys(columns, ""))
    for name, column in columns.items():
        if column.kind == "cut":
            sheet[name] = sheet["sentence"]
    if path.suffix.lower() == ".csv":
        path.write_bytes(csv_bytes(sheet))
    elif path.suffix.lower() == ".xlsx":
        _workbook(sheet, columns, codebook, path)
    else:
        raise LaoquError(f"a sheet ends in .csv or .xlsx, not {path.suffix!r}")
    return path


def _workbook(
    sheet: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame, path: Path
) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Protection
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    page, codes = book.active, book.create_sheet("codebook")
    page.title = "coding"
    used = codebook[codebook["variable"].isin([column.variable for column in columns.values()])]
    listed = used.assign(choice=_choices(used)).sort_values("variable", kind="stable")
    listed = listed[["variable", "choice", "definition_zh", "definition"]]
    for target, table in ((page, sheet), (codes, listed)):
        target.append(list(table.columns))
        for row in table.itertuples(index=False):
            target.append(list(row))
    rows = {name: index for index, name in enumerate(listed["variable"], start=2)}
    counts = listed["variable"].value_counts()
    for index, name in enumerate(sheet.columns, start=1):
        letter, column = page.cell(1, index).column_letter, columns.get(name, Column("shown"))
        page.column_dimensions[letter].width = 15 if column.kind in ("code", "flag") else 45
        if column.kind == "code":
            last = rows[column.variable]
            source = f"codebook!$B${last - counts[column.variable] + 1}:$B${last}"
        elif column.kind == "flag":
            source = '"是 true,否 false"'
        else:
            continue
        rule = DataValidation(type="list", formula1=source, allow_blank=True)
        rule.error, rule.errorTitle = f"a code of {name}, see the sheet codebook", "laoqu"
        page.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{len(sheet) + 1}")
    for row in page.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=cell.column <= len(sheet.columns) - len(columns))
    page.freeze_panes = "B2"
    book.save(path)


def _choices(codebook: pd.DataFrame) -> pd.Series:
    """Return each code as a drop-down shows it."""
    return codebook["code"] + " " + codebook["label_zh"] + " " + codebook["label_en"]


def read(path: Path, measures: pd.DataFrame, codebook: pd.DataFrame) -> pd.DataFrame:
    """Read and check a coding sheet of the measures: see `read_filled`."""
    return read_filled(path, measures[["measure_id", "quote"]], MEASURES, codebook)


def read_filled(
    path: Path, shown: pd.DataFrame, columns: Mapping[str, Column], codebook: pd.DataFrame
) -> pd.DataFrame:
    """Read and check what people filled in; empty cells are not coded, labels count as codes.

    `shown` and `columns` are those of `write`. One row per row of `shown`, in its order: its
    columns, and codes as text, strengths as numbers, flags as booleans, lists as tuples, cuts as
    offsets in the sentence, NA where not coded. The `DataError` has every problem, by row and
    column: unknown codes, units missing, added or twice, edited quotations, mangled ids.
    """
    name, (head, *rows) = paths.display(path), cells(path) or [[]]
    if wrong := list(_head_problems(name, head, shown, columns)):
        raise DataError(wrong)
    key, units = shown.columns[0], shown.set_index(shown.columns[0], drop=False).to_dict("index")
    codes = _codes(codebook)
    found: list[Problem] = []
    seen: dict[str, int] = {}
    records = {}
    for number, row in enumerate(rows, start=2):
        record = dict(zip(head, [*row, *[""] * len(head)], strict=False))
        if not any(record.values()):
            continue
        unit = record[key]
        first = seen.setdefault(unit, number)
        messages: list[tuple[str, str]] = []
        if unit not in units:
            hint = ", ".join(nearest(unit, units)) or "none"
            messages.append((key, f"unknown unit {unit!r}; nearest: {hint}"))
        elif first != number:
            messages.append((key, f"unit {unit} is coded twice, first in row {first}"))
        else:
            own = units[unit]
            for at, said in (("quote", "quotation"), ("sentence", "sentence")):
                # Rows of which only some columns were sorted are seen by this.
                if at in own and record.get(at, own[at]) != own[at]:
                    message = f"the {said} was edited or moved; it must stay {own[at][:20]!r}…"
                    messages.append((at, message))
            values = dict(own)
            for at, column in columns.items():
                cell = record.get(at, "")
                try:
                    values[at] = _value(cell, column, codes, own.get("sentence", ""))
                except ValueError as error:
                    messages.append((at, f"{at}: {error}"))
            records[unit] = values
        found += [Problem(name, number, head.index(at) + 1, text) for at, text in messages]
    for unit in units.keys() - seen.keys():
        message = f"unit {unit} is missing: keep its row and leave its codes empty"
        found.append(Problem(name, len(rows) + 1, 1, message))
    if found:
        raise DataError(sorted(found))
    frame = pd.DataFrame([records[unit] for unit in units], columns=[*shown.columns, *columns])
    kinds = {at: "boolean" for at, column in columns.items() if column.kind == "flag"}
    kinds |= {at: "Int64" for at, column in columns.items() if column.variable == "strength"}
    return frame.astype(kinds)


def _head_problems(
    name: str, head: list[str], shown: pd.DataFrame, columns: Mapping[str, Column]
) -> Iterable[Problem]:
    texts = shown.columns.drop(shown.columns[0]).difference(["unit_id", "sentence"])
    known = [shown.columns[0], "clause", "sentence", *texts, *columns]
    needed = {"quote", shown.columns[0]} & set(known)
    needed |= {at for at, column in columns.items() if column.kind not in ("codes", "note")}
    for column in known:
        if column in needed and column not in head:
            message = f"the column {column!r} is missing; columns are {', '.join(known)}"
            yield Problem(name, 1, 1, message)
    for index, column in enumerate(head):
        if column not in known or head.index(column) < index:
            hint = ", ".join(nearest(column, known))
            message = f"the column {column!r} is unknown or stands twice; nearest: {hint}"
            yield Problem(name, 1, index + 1, message)


def _codes(codebook: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return by variable what may stand in a cell, and the code it means: codes and labels."""
    found: dict[str, dict[str, str]] = {}
    short = codebook["code"] + " " + codebook["label_zh"]
    table = codebook.assign(choice=_choices(codebook), short=short)
    for column in ("label_en", "label_zh", "short", "choice", "code"):  # a code is no label
        # A label that several codes of a variable have says nothing.
        rows = table[~table.duplicated(["variable", column], keep=False)]
        for variable, label, code in rows[["variable", column, "code"]].itertuples(index=False):
            found.setdefault(variable, {})[label] = code
    return found


def _value(cell: str, column: Column, codes: dict[str, dict[str, str]], sentence: str) -> object:
    """Return the value of one cell; a `ValueError` says what is wrong with it."""
    if column.kind == "note":
        return cell
    if cell == "":
        return () if column.kind == "codes" else pd.NA
    if column.kind == "flag":
        meant = {FLAGS.get(word.removesuffix(".0")) for word in cell.lower().split()}
        if len(meant) == 1 and None not in meant:
            return meant.pop()
        raise ValueError(f"found {cell!r}, expected true or false")
    if column.kind == "cut":
        pieces = [re.sub(r"\s", "", piece) for piece in CUT.split(cell)]
        if "".join(pieces) != sentence or "" in pieces:
            raise ValueError("the sentence was edited; only | may be put in")
        ends = pd.Series(map(len, pieces)).cumsum()
        return tuple(ends[:-1].tolist())
    parts = [part for part in re.split(r"\s*[;；]\s*", cell) if part]
    if column.kind == "words":
        words = () if cell.lower() in NO_WORDS else tuple(sorted(set(parts)))
        if missing := [word for word in words if word not in sentence]:
            raise ValueError(f"{missing[0]!r} does not stand in the sentence")
        return words
    if column.kind == "code":
        parts = [re.sub(r"\.0+$", "", cell)]  # a spreadsheet turns 3 into 3.0
    allowed = codes[column.variable]
    parts = [part if part in allowed else unicodedata.normalize("NFKC", part) for part in parts]
    for part in parts:
        if part not in allowed:
            known = list(dict.fromkeys(allowed.values()))
            hint = ", ".join(nearest(part, known)) or ", ".join(known)
            raise ValueError(f"unknown code {part!r}; nearest: {hint}")
    found = tuple(allowed[part] for part in parts)
    if column.kind == "codes":
        return found
    return int(found[0]) if column.variable == "strength" else found[0]
