"""One declaration of every table: ``data/datapackage.json`` (Data Package 2, Table Schema).

Loading, checking and the data dictionary all follow from it. Beside the standard's own keys a
resource may say ``"laoqu:evidence": true`` (its ``quote`` must stand in the canonical text at
``start``, ``end``, inside the unit it names) and a field ``"laoqu:codes": "scope"`` (its values
are codes of that variable of the codebook); ``"laoqu:unsorted": true`` is for tables in reading
order. ``bytes``, ``hash`` and ``"laoqu:rows"`` say how a curated file was when last reviewed.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.document import Document
from laoqu.errors import DataError, LaoquError, Problem, nearest

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

    def column(self, index: int) -> int:
        """Return the column (from 1) at which field `index` begins."""
        starts = [match.start() + 1 for match in FIELD.finditer(self.text)]
        return starts[min(index, len(starts) - 1)]


@dataclass
class Table:
    """A table as read: rows with their places, and every problem met on the way."""

    name: str
    file: str
    fields: list[dict[str, object]]
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, row: Row, column: str, message: str) -> Problem:
        """Return a problem at one field of one row."""
        index = next((i for i, each in enumerate(self.fields) if each["name"] == column), 0)
        return Problem(self.file, row.line, row.column(index), message)

    def report(self, row: Row, column: str, message: str) -> None:
        """Add a problem at one field of one row."""
        self.problems.append(self.problem(row, column, message))

    def values(self, column: str) -> list[object]:
        """Return one column's values, in file order."""
        return [row.values.get(column) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a typed frame with a fresh RangeIndex."""
        return pd.DataFrame(
            {
                each["name"]: pd.Series(self.values(each["name"]), dtype=DTYPES[each["type"]])
                for each in self.fields
            }
        )


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
    except (ValueError, RecursionError) as error:
        message = f"is no declaration of tables: {error}"
    except (KeyError, TypeError, AttributeError) as error:
        message = f"is no declaration of tables: {error!r} is missing or of the wrong type"
    raise DataError([Problem(paths.display(path), line, column, message)])


def _well_formed(found: dict[str, object]) -> None:
    """Raise an error of some kind where a declaration lacks what reading a table needs."""
    columns = {}
    for each in found["resources"]:
        names = [column["name"] for column in each.get("schema", {}).get("fields", [])]
        columns[each["name"]] = names
        if ".." in Path(each["path"]).parts or Path(each["path"]).is_absolute():
            raise ValueError(f"{each['name']} lies outside the data folder")
        if "schema" not in each:
            continue
        for column in each["schema"]["fields"]:
            column["description"] + column["name"]  # both are text
            if column["type"] not in DTYPES:
                raise ValueError(f"{each['name']}.{column['name']} has an unknown type")
            re.compile(column.get("constraints", {}).get("pattern", ""))
        if missing := [key for key in each["schema"].get("primaryKey", []) if key not in names]:
            raise ValueError(f"{each['name']} has no column {missing[0]!r}")
    for each in found["resources"]:
        for key in each.get("schema", {}).get("foreignKeys", []):
            target = key["reference"]
            known = columns.get(target["resource"], [])
            if key["fields"][0] not in columns[each["name"]] or target["fields"][0] not in known:
                raise ValueError(f"a foreign key of {each['name']} leads nowhere")


def tables(folder: Path | None = None) -> dict[str, dict[str, object]]:
    """Return the declaration of every table by its name."""
    return {each["name"]: each for each in package(folder)["resources"] if "schema" in each}


def names(folder: Path | None = None) -> list[str]:
    """Return the names of all declared tables."""
    return list(tables(folder))


def resource(name: str, folder: Path | None = None) -> dict[str, object]:
    """Return the declaration of one table."""
    found = tables(folder)
    if name not in found:
        raise LaoquError(f"no table {name!r} is declared; there are {', '.join(found)}")
    return found[name]


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
            self._read[name] = read(name, self.folder, None, self.document, self.__getitem__)
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
    name: str,
    folder: Path | None = None,
    path: Path | None = None,
    document: Document | None = None,
    lookup: Callable[[str], Table] | None = None,
) -> Table:
    """Read and check one declared table, or the file at `path` in its place.

    With `document` evidence is compared with the canonical text; with `lookup`, which returns
    another table by name, foreign keys and codes are checked. Nothing is raised for what stands
    in the file: the table carries its problems.
    """
    declared = resource(name, folder)
    path = path or (folder or paths.data()) / str(declared["path"])
    table = Table(name, paths.display(path), declared["schema"]["fields"])
    for number, text in _lines(path, table):
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            table.problems.append(Problem(table.file, number, 1, f"is no row of a CSV: {error}"))
            continue
        if len(cells) != len(table.fields):
            message = f"found {len(cells)} fields, expected {len(table.fields)}"
            table.problems.append(Problem(table.file, number, 1, message))
            continue
        add(table, number, text, cells)
    check_key(table, declared)
    if lookup is not None:
        check_references(table, declared["schema"], lookup)
    if document is not None and declared.get("laoqu:evidence"):
        _check_evidence(table, document)
    return table


def add(table: Table, number: int, text: str, cells: list[str]) -> None:
    """Add one row, with its values typed and its problems reported."""
    row = Row(number, text, {})
    for each, cell in zip(table.fields, cells, strict=True):
        row.values[each["name"]], message = _parse(each, cell)
        if message:
            table.report(row, each["name"], message)
    table.rows.append(row)


def _lines(path: Path, table: Table) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of every data line; report what is wrong with the file itself."""
    expected = ",".join(str(each["name"]) for each in table.fields)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        message = "the table is missing" if missing else f"cannot be read: {error.strerror}"
        table.problems.append(Problem(table.file, 1, 1, message))
        return
    if lines[-1]:
        message = "the last line does not end in LF"
        table.problems.append(Problem(table.file, len(lines), 1, message))
    if not lines[-1] and len(lines) > 1:
        lines.pop()
    for number, data in enumerate(lines, start=1):
        text, column, message = _text(data.removeprefix(b"\xef\xbb\xbf") if number == 1 else data)
        if message:
            table.problems.append(Problem(table.file, number, column, message))
        if text is None:
            continue
        if number > 1:
            yield number, text
        elif text != expected:
            table.problems.append(_header_problem(table.file, text, expected))
            return


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


def _header_problem(file: str, found: str, expected: str) -> Problem:
    there, here = expected.split(","), found.split(",")
    for index, name in enumerate(there):
        if index >= len(here) or here[index] != name:
            column = len(",".join(here[:index])) + (2 if index else 1)
            what = repr(here[index]) if index < len(here) else "the end of the line"
            return Problem(file, 1, column, f"found {what}, expected the column {name!r}")
    message = f"found more columns than declared: {here[len(there) :]}"
    return Problem(file, 1, len(expected) + 1, message)


def _parse(column: dict[str, object], cell: str) -> tuple[object, str | None]:
    """Return the typed value of one cell, and what is wrong with it."""
    rules, kind = column.get("constraints", {}), str(column["type"])
    empty = EMPTY[kind]
    if cell != cell.strip():
        return empty, f"found white space around {cell!r}"
    if cell == "":
        if kind == "boolean":
            return empty, "is empty, expected true or false"
        return empty, "is empty, expected a value" if rules.get("required") else None
    if kind == "list":
        parts = tuple(cell.split(";"))
        wrong = "" in parts or len(set(parts)) < len(parts)
        return parts, f"found {cell!r}, expected distinct values with ; between" if wrong else None
    if kind == "boolean":
        known = {"true": True, "false": False}
        return known.get(cell, False), (
            None if cell in known else f"found {cell!r}, expected true or false"
        )
    if kind == "integer":
        if not WHOLE.fullmatch(cell):
            return empty, f"found {_short(cell)!r}, expected a whole number"
        if int(cell) < rules.get("minimum", int(cell)):
            return int(cell), f"found {cell}, expected {rules['minimum']} or more"
        return int(cell), None
    if kind == "number":
        right = NUMBER.fullmatch(cell)
        return (float(cell), None) if right else (empty, f"found {cell!r}, expected a number")
    if kind == "date" and not _is_date(cell):
        return cell, f"found {cell!r}, expected a date such as 2021-12-31"
    if (pattern := rules.get("pattern")) and not re.fullmatch(pattern, cell, re.ASCII):
        return cell, f"found {cell!r}, expected the form {pattern}"
    if (enum := rules.get("enum")) and cell not in enum:
        return cell, f"unknown value {cell!r}, expected one of {', '.join(enum)}"
    return cell, None


def _is_date(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def check_key(table: Table, declared: dict[str, object]) -> None:
    """Require rows to be distinct by their key, and sorted by it unless declared otherwise."""
    key = declared["schema"].get("primaryKey", [])
    in_order = not declared.get("laoqu:unsorted", False)
    seen: dict[tuple[object, ...], int] = {}
    last: tuple[object, ...] | None = None
    for row in table.rows:
        value = tuple(row.values[column] for column in key)
        if not key or any(part is pd.NA for part in value):
            continue  # an empty key cell is reported where the cell was read
        shown = ", ".join(str(part) for part in value)
        if value in seen:
            table.report(row, key[0], f"duplicate id {shown!r}, first seen in line {seen[value]}")
        elif last is not None and value < last and in_order:
            table.report(row, key[0], f"{shown!r} is out of order: rows are sorted by id")
        seen.setdefault(value, row.line)
        last = value


def check_references(
    table: Table, declared: dict[str, object], lookup: Callable[[str], Table]
) -> None:
    """Require values of foreign keys and codes to be known."""
    for key in declared.get("foreignKeys", []):
        target = key["reference"]
        other = table if target["resource"] == table.name else lookup(target["resource"])
        valid = set(other.values(target["fields"][0]))
        _check_values(table, key["fields"][0], valid, str(target["resource"]))
    for each in table.fields:
        if variable := each.get("laoqu:codes"):
            codes = lookup("codebook").rows
            valid = {row.values["code"] for row in codes if row.values["variable"] == variable}
            _check_values(table, str(each["name"]), valid, f"the codebook under {variable}")


def _check_values(table: Table, column: str, valid: set[object], where: str) -> None:
    for row in table.rows:
        value = row.values[column]
        for part in value if isinstance(value, tuple) else (value,):
            if part and part not in valid and part != "*":
                hint = nearest(str(part), [str(each) for each in valid])
                expected = f"; nearest: {', '.join(hint)}" if hint else ""
                table.report(row, column, f"unknown code {part!r}, not in {where}{expected}")


def _check_evidence(table: Table, document: Document) -> None:
    """Require the canonical text at the offsets to equal the quote, inside the unit named."""
    size = len(document.canonical)
    for row in table.rows:
        start, end, quote = (row.values[column] for column in ("start", "end", "quote"))
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
            named = row.values["unit_id"]
            message = f"{start}–{end} lies in unit {unit.unit_id!r}, not within {named!r}"
            table.report(row, "unit_id", message)


def _short(text: str, width: int = 24) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
