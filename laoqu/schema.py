"""One declaration of every table: ``data/datapackage.json`` (Data Package 2, Table Schema).

Loading, checking and the data dictionary all follow from it. Beside the standard's own keys a
resource may say ``"laoqu:evidence": true`` (its ``quote`` must stand in the canonical text at
``start``, ``end``, inside the unit it names) and a field ``"laoqu:codes": "scope"`` (its values
are codes of that variable of the codebook) or ``"laoqu:matches": "searched"`` (its value is how
often the pattern in that field is found); ``"laoqu:unsorted": true``: rows are in reading order.
``bytes``, ``hash`` and ``"laoqu:rows"`` say how a curated file was when last reviewed.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.document import Document
from laoqu.errors import DataError, Problem, UnknownId, nearest

#: Type of a declared column → type of a column of a frame.
DTYPES = {
    "string": "str",
    "date": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "bool",
    "list": "object",
}
#: What an empty cell of a type is; a boolean may not be empty.
EMPTY = {"string": "", "date": "", "integer": pd.NA, "number": pd.NA, "boolean": False, "list": ()}
FIELD = re.compile(r'(?:"(?:[^"]|"")*"|[^,]*)(?:,|$)')
#: Digits are ASCII digits, and no more than a number of 64 bits has.
WHOLE = re.compile(r"-?[0-9]{1,18}")
NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")


@dataclass
class Row:
    """One line of a CSV table: its typed values, and where each of them stands."""

    line: int
    text: str
    values: dict[str, object]

    def __getitem__(self, column: str) -> object:
        """Return the value in a column."""
        return self.values[column]


@dataclass
class Table:
    """A table as read: rows with their places, and every problem met on the way."""

    name: str
    file: str
    fields: list[dict[str, object]]
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, row: Row | None, column: str, message: str) -> Problem:
        """Return a problem at one field of one row, or of the whole table."""
        if row is None:
            return Problem(self.file, 1, 1, message)
        index = next((i for i, each in enumerate(self.fields) if each["name"] == column), 0)
        starts = [match.start() + 1 for match in FIELD.finditer(row.text)]
        return Problem(self.file, row.line, starts[min(index, len(starts) - 1)], message)

    def report(self, row: Row, column: str, message: str) -> None:
        """Add a problem at one field of one row."""
        self.problems.append(self.problem(row, column, message))

    def values(self, column: str) -> list[object]:
        """Return one column's values, in file order."""
        return [row.values.get(column) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a typed frame with a fresh RangeIndex."""
        kinds = {each["name"]: DTYPES[each["type"]] for each in self.fields}
        return pd.DataFrame(
            {name: pd.Series(self.values(name), dtype=kind) for name, kind in kinds.items()}
        )


#: What a rule finds wrong: table, row (or the whole table), column, message.
Fault = tuple[Table, Row | None, str, str]


def package(folder: Path | None = None) -> dict[str, object]:
    """Return ``data/datapackage.json``, whose form is checked."""
    path = (folder or paths.data()) / "datapackage.json"
    line, column = 1, 1
    try:
        found = json.loads(path.read_bytes().decode("utf-8"))
        _well_formed(found)
        return found
    except json.JSONDecodeError as error:
        line, column, message = error.lineno, error.colno, error.msg
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except Exception as error:  # something is missing or of the wrong type
        message = f"is no declaration of tables: {error!r}"
    raise DataError([Problem(paths.display(path), line, column, message)])


def _well_formed(found: dict[str, object]) -> None:
    """Raise an error of some kind where a declaration lacks what reading a table needs."""
    columns = {
        each["name"]: [column["name"] for column in each.get("schema", {}).get("fields", [])]
        for each in found["resources"]
    }
    for each in found["resources"]:
        if ".." in Path(each["path"]).parts or Path(each["path"]).is_absolute():
            raise ValueError(f"{each['name']} lies outside the data folder")
        declared = each.get("schema", {})
        for column in declared["fields"] if declared else ():
            column["description"] + column["name"]  # both are text
            if column["type"] not in DTYPES:
                raise ValueError(f"{each['name']}.{column['name']} has an unknown type")
            re.compile(column.get("constraints", {}).get("pattern", ""))
        needed = [(each["name"], key) for key in declared.get("primaryKey", [])]
        for key in declared.get("foreignKeys", []):
            target = key["reference"]
            needed += [(each["name"], key["fields"][0]), (target["resource"], target["fields"][0])]
        for table, column in needed:
            if column not in columns.get(table, []):
                raise ValueError(f"a key of {each['name']} leads to no column {table}.{column}")


def tables(folder: Path | None = None) -> dict[str, dict[str, object]]:
    """Return the declaration of every table by its name."""
    return {each["name"]: each for each in package(folder)["resources"] if "schema" in each}


class Tables:
    """The tables of one data folder, each read at first use and checked against the others."""

    def __init__(self, folder: Path, document: Document | None = None) -> None:
        self.folder, self.document = folder, document
        self.declared = tables(folder)
        self._read: dict[str, Table] = {}
        self._frames: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> Table:
        """Return a table with every problem found in it."""
        if name not in self._read:
            table = self._read[name] = read(name, self.folder, self.declared)
            _check_references(table, self)
            if self.document and self.declared[name].get("laoqu:evidence"):
                _check_evidence(table, self.document)
        return self._read[name]

    def put(self, table: Table) -> None:
        """Have a table stand in the place of the folder's own one of its name."""
        self._read[table.name] = table
        self._frames.pop(table.name, None)

    def frame(self, name: str) -> pd.DataFrame:
        """Return a fresh frame of one table; `DataError` when it has a problem."""
        if name not in self._frames:
            if problems := self[name].problems:
                raise DataError(problems)
            self._frames[name] = self[name].frame()
        return self._frames[name].copy(deep=False)  # written into, it becomes another


def read(
    name: str, folder: Path | None = None, declared: dict[str, dict[str, object]] | None = None
) -> Table:
    """Read one declared table by itself; nothing is raised, the table carries its problems."""
    found = declared or tables(folder)
    if name not in found:
        raise UnknownId(name, nearest(name, found), "table")
    path = (folder or paths.data()) / str(found[name]["path"])
    table = Table(name, paths.display(path), found[name]["schema"]["fields"])
    names = ",".join(str(each["name"]) for each in table.fields)
    for number, text in _lines(path, table):
        row = Row(number, text, {})
        if number == 1:
            if text != names:
                table.problems.append(Problem(table.file, 1, *_head(text, names)))
                break
            continue
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            table.report(row, "", f"is no row of a CSV: {error}")
            continue
        if len(cells) != len(table.fields):
            message = f"found {len(cells)} fields, expected {len(table.fields)}"
            table.report(row, "", message)
            continue
        for each, cell in zip(table.fields, cells, strict=True):
            row.values[each["name"]], message = _parse(each, cell)
            if message:
                table.report(row, each["name"], message)
        table.rows.append(row)
    _check_key(table, found[name])
    return table


def pick(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """Return the rows with this value; it must be one of the column's."""
    known = table[column].unique()
    if not isinstance(value, str) or value not in known:
        raise UnknownId(value, known, column)
    return table[table[column] == value].reset_index(drop=True)


def _lines(path: Path, table: Table) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of every line; report what is wrong with the file itself."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        table.report(Row(1, "", {}), "", f"cannot be read: {error.strerror}")
        return
    if lines[-1]:
        table.report(Row(len(lines), "", {}), "", "the last line does not end in LF")
    elif len(lines) > 1:
        lines.pop()
    for number, data in enumerate(lines, start=1):
        text, column, message = _text(data.removeprefix(b"\xef\xbb\xbf") if number == 1 else data)
        if message:
            table.problems.append(Problem(table.file, number, column, message))
        if text is not None:
            yield number, text


def _text(data: bytes) -> tuple[str | None, int, str]:
    """Return a line as text, and what is wrong with it from which column on."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(data[: error.start].decode("utf-8")) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 (save the file as UTF-8)"
        return None, column, message
    if text.endswith("\r"):
        return text.rstrip("\r"), len(text), "found CRLF, expected LF"
    normal = unicodedata.normalize("NFC", text)
    if normal == text:
        return text, 1, ""
    shorter = min(len(text), len(normal))
    at = next((i for i in range(shorter) if text[i] != normal[i]), shorter - 1)
    return normal, at + 1, f"{text[at]!r} is not in Unicode form NFC"


def _head(found: str, expected: str) -> tuple[int, str]:
    """Return where the heads of columns differ from the declared ones, and how."""
    start = 1
    for here, there in zip_longest(found.split(","), expected.split(",")):
        if here != there:
            shown = "the end of the line" if here is None else repr(here)
            wanted = "the end of the line" if there is None else f"the column {there!r}"
            break
        start += len(here) + 1
    return start, f"found {shown}, expected {wanted}"


def _parse(column: dict[str, object], cell: str) -> tuple[object, str]:
    """Return the typed value of one cell, and what is wrong with it."""
    rules, kind = column.get("constraints", {}), str(column["type"])
    value, expected = EMPTY[kind], ""
    if cell != cell.strip():
        return value, f"found white space around {cell!r}"
    if cell == "" and (kind == "boolean" or rules.get("required")):
        return value, f"is empty, expected {'true or false' if kind == 'boolean' else 'a value'}"
    if cell == "":
        return value, ""
    if kind == "list":
        value = tuple(cell.split(";"))
        if "" in value or len(set(value)) < len(value):
            expected = "distinct values with ; between"
    elif kind == "boolean":
        value, expected = cell == "true", "" if cell in ("true", "false") else "true or false"
    elif kind == "integer" and WHOLE.fullmatch(cell):
        value = int(cell)
        if value < rules.get("minimum", value):
            expected = f"{rules['minimum']} or more"
    elif kind == "integer":
        expected = "a whole number"
    elif kind == "number" and NUMBER.fullmatch(cell):
        value = float(cell)
    elif kind == "number":
        expected = "a number"
    else:
        value = cell
        if kind == "date" and not _is_date(cell):
            expected = "a date such as 2021-12-31"
        elif (pattern := rules.get("pattern")) and not re.fullmatch(pattern, cell, re.ASCII):
            expected = f"the form {pattern}"
        elif (enum := rules.get("enum")) and cell not in enum:
            return cell, f"unknown value {cell!r}, expected one of {', '.join(enum)}"
    return value, f"found {_short(cell, 48)!r}, expected {expected}" if expected else ""


def _is_date(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def _check_key(table: Table, declared: dict[str, object]) -> None:
    """Require rows to be distinct by their key, and sorted by it unless declared otherwise."""
    key = declared["schema"].get("primaryKey", [])
    in_order = not declared.get("laoqu:unsorted", False)
    seen: dict[tuple[object, ...], int] = {}
    last: tuple[object, ...] | None = None
    for row in table.rows:
        value = tuple(row[column] for column in key)
        if not key or any(part is pd.NA for part in value):
            continue  # an empty key cell is reported where the cell was read
        shown = ", ".join(str(part) for part in value)
        if value in seen:
            table.report(row, key[0], f"duplicate id {shown!r}, first seen in line {seen[value]}")
        elif last is not None and value < last and in_order:
            table.report(row, key[0], f"{shown!r} is out of order: rows are sorted by id")
        seen.setdefault(value, row.line)
        last = value


def _check_references(table: Table, tables: Tables) -> None:
    """Require values of foreign keys and codes to be known."""
    wanted: list[tuple[str, set[object], str]] = []
    for key in tables.declared[table.name]["schema"].get("foreignKeys", []):
        target = key["reference"]
        valid = set(tables[target["resource"]].values(target["fields"][0]))
        wanted.append((key["fields"][0], valid, target["resource"]))
    for each in table.fields:
        if variable := each.get("laoqu:codes"):
            codes = tables["codebook"].rows
            valid = {row["code"] for row in codes if row["variable"] == variable}
            wanted.append((each["name"], valid, f"the codebook under {variable}"))
    for column, valid, where in wanted:
        for row in table.rows:
            value = row[column]
            for part in value if isinstance(value, tuple) else (value,):
                if part and part not in valid and part != "*":
                    hint = ", ".join(nearest(str(part), map(str, valid)))
                    message = f"unknown code {part!r}, not in {where}"
                    table.report(row, column, f"{message}; nearest: {hint}" if hint else message)


def _check_evidence(table: Table, document: Document) -> None:
    """Require the canonical text at the offsets to equal the quote, inside the unit named."""
    size = len(document.canonical)
    for row in table.rows:
        start, end, quote = row["start"], row["end"], row["quote"]
        if start is pd.NA or end is pd.NA:
            continue
        if not 0 <= start < end <= size:
            table.report(row, "start", f"offsets {start}–{end} are not inside the text (0–{size})")
            continue
        found, unit = document.canonical[start:end], document.unit_at(start)
        if found != quote:
            message = f"the text at {start}–{end} is {_short(found)!r}, expected {_short(quote)!r}"
            where = document.find(re.escape(quote))
            if len(where) == 1:
                message += f", which stands at {where[0].start}–{where[0].end}"
            table.report(row, "start", message)
        elif row.values.get("unit_id", unit.unit_id) != unit.unit_id or end > unit.end:
            message = f"{start}–{end} lies in unit {unit.unit_id!r}, not within {row['unit_id']!r}"
            table.report(row, "unit_id", message)


def _short(text: str, width: int = 24) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
