"""One declaration of every table: ``data/datapackage.json`` (Data Package 2, Table Schema).

Loading, checking and the data dictionary all follow from it. Beside the standard's own keys a
resource may say ``"laoqu:evidence": true`` (its ``quote`` must stand in the canonical text at
``start``, ``end``, inside the unit it names) and ``"laoqu:unsorted": true`` (rows are in reading
order); a field ``"laoqu:codes": "scope"`` (its values are codes of that variable of the codebook),
``"laoqu:refers": "regions"`` (each member of a list is a key of that table, or ``*``).
``bytes``, ``hash`` and ``"laoqu:rows"`` say how a curated file was when last reviewed.
"""

from __future__ import annotations

import csv
import functools
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import paths, source
from laoqu.document import Document
from laoqu.errors import DataError, Problem, nearest, require


class Kind(NamedTuple):
    """A type of declared columns: of frames, its empty cell, its form, and how a cell is read."""

    dtype: str
    empty: object
    form: str
    expected: str
    convert: Callable[[str], object] = str


#: Digits are ASCII digits, and no more than a number of 64 bits has; a boolean is never empty.
KINDS = {
    "string": Kind("str", "", ".*", "a value"),
    "date": Kind("str", "", "[-0-9]{10}", "a date such as 2021-12-31",
                 lambda cell: str(date.fromisoformat(cell))),
    "integer": Kind("Int64", pd.NA, "-?[0-9]{1,18}", "a whole number", int),
    "number": Kind("float64", pd.NA, r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?",
                   "a number", float),
    "boolean": Kind("bool", False, "true|false", "true or false", "true".__eq__),
    "list": Kind("object", (), "[^;]+(;[^;]+)*", "distinct values with ; between",
                 lambda cell: tuple(cell.split(";"))),
}  # fmt: skip
#: What a constraint must be good for.
CONSTRAINTS = {"pattern": re.compile, "minimum": lambda least: least < 0, "enum": ", ".join}
_pattern = functools.cache(functools.partial(re.compile, flags=re.ASCII))
FIELD = re.compile(r'(?:"(?:[^"]|"")*"|[^,]*)(?:,|$)')


@dataclass(slots=True)
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

    def report(self, row: Row | None, column: str, message: str) -> None:
        """Add a problem at one field of one row."""
        self.problems.append(self.problem(row, column, message))

    def values(self, column: str) -> list[object]:
        """Return one column's values, in file order."""
        return [row.values.get(column) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a typed frame with a fresh RangeIndex."""
        kinds = {each["name"]: KINDS[each["type"]].dtype for each in self.fields}
        return pd.DataFrame(
            {name: pd.Series(self.values(name), dtype=kind) for name, kind in kinds.items()}
        )


def package(folder: Path | None = None) -> dict[str, object]:
    """Return ``data/datapackage.json``, whose form is checked."""
    path = (folder or paths.data()) / "datapackage.json"
    line, column, text = 1, 1, ""
    try:
        text = source.regular(path).read_bytes().decode("utf-8")
        found = json.loads(text)
        _well_formed(found["resources"])
        return found
    except DataError:
        raise
    except json.JSONDecodeError as error:
        line, column, message = error.lineno, error.colno, error.msg
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except ConstraintError as error:
        message, stated = error.args
        line = text.count("\n", 0, max(0, text.find(json.dumps(stated, ensure_ascii=False)))) + 1
    except Exception as error:  # something is missing or of the wrong type
        message = f"is no declaration of tables: {error!r}"
    raise DataError([Problem(paths.display(path), line, column, message)])


class ConstraintError(ValueError):
    """A constraint of a field that no value can be checked by: what is wrong, and its value."""


def _well_formed(resources: list[dict[str, object]]) -> None:
    """Raise an error of some kind where a declaration lacks what reading a table needs."""
    for each in resources:
        if ".." in Path(each["path"]).parts or Path(each["path"]).is_absolute():
            raise ValueError(f"{each['name']} lies outside the data folder")
    columns = {
        each["name"]: {column["name"]: KINDS[column["type"]] for column in each["schema"]["fields"]}
        for each in resources
        if "schema" in each
    }
    for each in (each for each in resources if "schema" in each):
        keys = each["schema"].get("foreignKeys", [])
        for key in keys:
            columns[key["reference"]["resource"]][key["reference"]["fields"][0]]
        for column in [*each["schema"]["primaryKey"], *(key["fields"][0] for key in keys)]:
            columns[each["name"]][column]
        for column in each["schema"]["fields"]:
            columns[column.get("laoqu:refers", each["name"])], column["description"]
            for name, stated in column.get("constraints", {}).items():
                try:
                    CONSTRAINTS.get(name, bool)(stated)
                except (TypeError, ValueError, re.error) as error:
                    where = f"table {each['name']}, field {column['name']}"
                    raise ConstraintError(f"{where}: {name} {stated!r}: {error}", stated) from error


def tables(folder: Path | None = None) -> dict[str, dict[str, object]]:
    """Return the declaration of every table by its name."""
    return {each["name"]: each for each in package(folder)["resources"] if "schema" in each}


class Tables:
    """The tables of one data folder, each read at first use and checked against the others."""

    def __init__(self, folder: Path, document: Document | None = None) -> None:
        self.folder, self.document, self.package = folder, document, package(folder)
        resources = self.package["resources"]
        self.declared = {each["name"]: each for each in resources if "schema" in each}
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

    def put(self, table: Table, **frames: pd.DataFrame) -> None:
        """Have a table stand in the place of the folder's own, and frames of what rests on it."""
        self._read[table.name] = table
        self._frames.pop(table.name, None)
        self._frames |= frames

    def frame(self, name: str) -> pd.DataFrame:
        """Return a fresh frame of one table; `DataError` when it has a problem."""
        if name not in self._frames:
            if problems := self[name].problems:
                raise DataError(problems)
            source.warn_of_change(self.folder, self.declared[name], self[name].file)
            self._frames[name] = self[name].frame()
        return self._frames[name].copy(deep=False)  # written into, it becomes another


def read(
    name: str, folder: Path | None = None, declared: dict[str, dict[str, object]] | None = None
) -> Table:
    """Read one declared table by itself; nothing is raised, the table carries its problems."""
    found = declared or tables(folder)
    require(name, found, "table")
    path, of = (folder or paths.data()) / str(found[name]["path"]), found[name]["schema"]
    table = Table(name, paths.display(path), of["fields"])
    names = [str(each["name"]) for each in table.fields]
    parses = [functools.cache(functools.partial(_parse, each)) for each in table.fields]
    for number, text in enumerate(_lines(path, table), start=1):
        row = Row(number, text, {})
        try:
            quoted = '"' in text or not text
            cells = next(csv.reader([text], strict=True), []) if quoted else text.split(",")
        except csv.Error as error:
            table.report(row, "", f"is no row of a CSV: {error}")
            continue
        if number == 1 and cells != names:
            pairs = zip_longest(cells, names, fillvalue="the end of the line")
            here, there = next(pair for pair in pairs if pair[0] != pair[1])
            table.report(row, there, f"found {here!r}, expected the column {there!r}")
            break
        if len(cells) != len(names):
            table.report(row, "", f"found {len(cells)} fields, expected {len(names)}")
        elif number > 1:
            for column, parse, cell in zip(names, parses, cells, strict=True):
                row.values[column], message = parse(cell)
                if message:
                    table.report(row, column, message)
            table.rows.append(row)
    _check_key(table, of["primaryKey"], in_order=not found[name].get("laoqu:unsorted"))
    for column in (each for each in of["fields"] if each.get("constraints", {}).get("unique")):
        _check_unique(table, column["name"])
    return table


def once(make: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
    """Have a method's frame made once for its owner and arguments; it comes out fresh."""

    @functools.wraps(make)
    def method(owner: object, *args: object, **kwargs: object) -> pd.DataFrame:
        key = (make.__name__, repr(args), repr(kwargs))
        if key not in owner._made:
            owner._made[key] = make(owner, *args, **kwargs)
        return owner._made[key].copy(deep=False)  # written into, it becomes another

    return method


def pick(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """Return the rows with this value; it must be one of the column's."""
    require(value, table[column].unique().tolist(), column)
    return table[table[column] == value].reset_index(drop=True)


def text_of(value: object) -> str:
    """Return a value as a file has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is pd.NA else str(value).lower() if isinstance(value, bool) else str(value)


def _lines(path: Path, table: Table) -> list[str]:
    """Return the lines of a file; report what is wrong with the file itself."""
    try:
        text = source.regular(path).read_bytes().decode("utf-8")
    except DataError as error:
        table.problems += error.problems
        return []
    except OSError as error:
        table.report(None, "", f"cannot be read: {error.strerror}")
        return []
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8").split("\n")
        message = f"byte 0x{error.object[error.start]:02x} is not UTF-8 (save the file as UTF-8)"
        table.problems.append(Problem(table.file, len(before), len(before[-1]) + 1, message))
        return []
    if not text:
        table.report(None, "", "is empty, expected a line of column names and the rows")
        return []
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n"):
        table.report(Row(len(lines), "", {}), "", "the last line does not end in LF")
    if ends := [number for number, line in enumerate(lines, start=1) if line.endswith("\r")]:
        message = f"found CRLF, expected LF, in {len(ends)} of {len(lines)} lines"
        table.problems.append(Problem(table.file, ends[0], len(lines[ends[0] - 1]), message))
    for number, line in enumerate(() if unicodedata.is_normalized("NFC", text) else lines, start=1):
        if not unicodedata.is_normalized("NFC", line):
            at = source.apart(line, unicodedata.normalize("NFC", line))
            message = f"{line[at]!r} is not in Unicode form NFC"
            table.problems.append(Problem(table.file, number, at + 1, message))
    return [line.removesuffix("\r") for line in lines]


def _parse(column: dict[str, object], cell: str) -> tuple[object, str]:
    """Return the typed value of one cell, and what is wrong with it."""
    kind, rules = KINDS[str(column["type"])], column.get("constraints", {})
    if cell != cell.strip():
        return kind.empty, f"found white space around {cell!r}"
    if not cell:
        needed = rules.get("required") or kind is KINDS["boolean"]
        return kind.empty, f"is empty, expected {kind.expected}" if needed else ""
    value, expected = kind.empty, ""
    try:
        value = kind.convert(cell) if _pattern(kind.form).fullmatch(cell) else None
    except ValueError:  # no day of the calendar
        value = None
    if value is None or (isinstance(value, tuple) and len(set(value)) < len(value)):
        value, expected = kind.empty, kind.expected
    elif "minimum" in rules and value < rules["minimum"]:
        expected = f"{rules['minimum']} or more"
    elif "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(cell):
        expected = f"the form {rules['pattern']}"
    elif "enum" in rules and cell not in rules["enum"]:
        return cell, f"unknown value {cell!r}, expected one of {', '.join(rules['enum'])}"
    return value, f"found {_short(cell, 48)!r}, expected {expected}" if expected else ""


def _check_key(table: Table, key: list[str], in_order: bool) -> None:
    """Require rows to be distinct by their key, and sorted by it unless declared otherwise."""
    seen: dict[tuple[object, ...], int] = {}
    last: tuple[object, ...] | None = None
    for row in table.rows:
        value = tuple([row.values[column] for column in key])
        if any(part is pd.NA for part in value):
            continue  # an empty key cell is reported where the cell was read
        shown = ", ".join(map(str, value))
        if value in seen:
            table.report(row, key[0], f"duplicate id {shown!r}, first seen in line {seen[value]}")
        elif last is not None and value < last and in_order:
            table.report(row, key[0], f"{shown!r} is out of order: rows are sorted by id")
        seen.setdefault(value, row.line)
        last = value


def _check_unique(table: Table, column: str) -> None:
    """Require what a column says of a row to be said of no other one."""
    seen: dict[object, int] = {}
    for row in table.rows:
        value, line = row.values.get(column), row.line
        if value and (first := seen.setdefault(value, line)) != line:
            table.report(row, column, f"{_short(value)!r} is said in line {first}, too")


def _check_references(table: Table, tables: Tables) -> None:
    """Require values of foreign keys, lists of keys and codes to be known."""
    for column, name, where, valid in _references(table, tables):
        if not tables[name].rows and tables[name].problems:
            continue  # it cannot be read, which is said of it, not of each row that names it
        for row in table.rows:
            value = row[column]
            for part in value if isinstance(value, tuple) else (value,):
                if part and part not in valid and not (part == "*" and isinstance(value, tuple)):
                    hint = ", ".join(nearest(str(part), map(str, valid)))
                    message = f"unknown code {part!r}, not in {where}"
                    table.report(row, column, f"{message}; nearest: {hint}" if hint else message)


def _references(table: Table, tables: Tables) -> Iterator[tuple[str, str, str, set[object]]]:
    for key in tables.declared[table.name]["schema"].get("foreignKeys", []):
        target = key["reference"]
        known = tables[target["resource"]].values(target["fields"][0])
        yield key["fields"][0], target["resource"], target["resource"], set(known)
    for each in table.fields:
        if other := each.get("laoqu:refers"):
            known = tables[other].values(tables[other].fields[0]["name"])
            yield each["name"], other, other, set(known)
        if variable := each.get("laoqu:codes"):
            codes = (row for row in tables["codebook"].rows if row["variable"] == variable)
            where = f"the codebook under {variable}"
            yield each["name"], "codebook", where, {row["code"] for row in codes}


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
