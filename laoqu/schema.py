"""One declaration of every table: ``data/datapackage.json`` (Data Package 2, Table Schema).

Loading, checking and the data dictionary all follow from it. Beside the standard's own keys a
resource may say ``"laoqu:evidence": true`` (its ``quote`` must stand in the canonical text at
``start``, ``end``, inside the unit it names) and a field ``"laoqu:codes": "scope"`` (its values
are codes of that variable of the codebook); ``"laoqu:unsorted": true`` is for tables in reading
order, and ``"laoqu:rows": 514`` is how many rows a curated table had when it was last reviewed.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.document import Document
from laoqu.errors import DataError, LaoquError, Problem, nearest

DTYPES = {
    "string": "str", "integer": "Int64", "number": "float64", "boolean": "bool",
    "list": "object",
}  # fmt: skip
FIELD = re.compile(r'(?:"(?:[^"]|"")*"|[^,]*)(?:,|$)')


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

    def report(self, row: Row, column: str, message: str) -> None:
        """Add a problem at one field of one row."""
        index = next((i for i, each in enumerate(self.fields) if each["name"] == column), 0)
        self.problems.append(Problem(self.file, row.line, row.column(index), message))

    def values(self, column: str) -> list[object]:
        """Return one column's values, in file order."""
        return [row.values.get(column) for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a typed frame with a fresh RangeIndex."""
        data = {
            each["name"]: pd.Series(self.values(each["name"]), dtype=_dtype(each))
            for each in self.fields
        }
        return pd.DataFrame(data)


@lru_cache(maxsize=8)
def package(folder: Path | None = None) -> dict[str, object]:
    """Return ``data/datapackage.json``."""
    path = (folder or paths.data()) / "datapackage.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        problem = Problem(paths.display(path), error.lineno, error.colno, error.msg)
        raise DataError([problem]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError([Problem(paths.display(path), 1, 1, f"cannot be read: {error}")]) from error


def resource(name: str, folder: Path | None = None) -> dict[str, object]:
    """Return the declaration of one table; ``UnknownId``-like message when there is none."""
    found = {each["name"]: each for each in package(folder)["resources"]}
    if name not in found:
        raise LaoquError(f"no table {name!r} is declared; there are {', '.join(found)}")
    return found[name]


def names(folder: Path | None = None) -> list[str]:
    """Return the names of all declared tables."""
    return [each["name"] for each in package(folder)["resources"]]


def read(
    name: str,
    folder: Path | None = None,
    path: Path | None = None,
    document: Document | None = None,
    lookup: Callable[[str], Table] | None = None,
) -> Table:
    """Read and check one table.

    Parameters
    ----------
    name : str
        A resource of ``data/datapackage.json``.
    folder : Path, optional
        The data folder; by default the collection's own.
    path : Path, optional
        Read this file in the resource's place: a researcher's own table, checked the same way.
    document : Document, optional
        Where given, evidence columns are compared with its canonical text.
    lookup : callable, optional
        Returns another table by name; where given, foreign keys and codes are checked.

    Returns
    -------
    Table
        With every problem found; nothing is raised for what stands in the file.
    """
    declared = resource(name, folder)
    path = path or (folder or paths.data()) / str(declared["path"])
    table = Table(name, paths.display(path), declared["schema"]["fields"])
    for number, text in _lines(path, table):
        cells = next(csv.reader([text]), [])
        row = Row(number, text, {})
        if len(cells) != len(table.fields):
            message = f"found {len(cells)} fields, expected {len(table.fields)}"
            table.problems.append(Problem(table.file, number, 1, message))
            continue
        for each, cell in zip(table.fields, cells, strict=True):
            value, message = _parse(each, cell)
            row.values[each["name"]] = value
            if message:
                table.report(row, each["name"], message)
        table.rows.append(row)
    _check_key(table, declared)
    if lookup is not None:
        _check_references(table, declared["schema"], lookup)
    if document is not None and declared.get("laoqu:evidence"):
        _check_evidence(table, document)
    return table


def dictionary(folder: Path | None = None) -> str:
    """Return the data dictionary, Markdown, generated from the declaration."""
    out = ["# Data dictionary", "", "Generated from `data/datapackage.json` by `laoqu build`.", ""]
    for each in package(folder)["resources"]:
        key = each["schema"].get("primaryKey", [])
        out += [f"## {each['name']}", "", f"`data/{each['path']}`: {each['description']}", ""]
        rows = f" Rows: {each['laoqu:rows']:,}." if "laoqu:rows" in each else ""
        out += [f"Key: {', '.join(f'`{k}`' for k in key)}.{rows}", ""]
        out += ["| column | type | required | meaning |", "|---|---|---|---|"]
        targets = {
            column: key_["reference"]
            for key_ in each["schema"].get("foreignKeys", [])
            for column in key_["fields"]
        }
        for column in each["schema"]["fields"]:
            required = "yes" if column.get("constraints", {}).get("required") else ""
            meaning = column["description"]
            if codes := column.get("laoqu:codes"):
                meaning += f" Codes: variable `{codes}` of the codebook."
            if target := targets.get(column["name"]):
                meaning += f" Refers to `{target['resource']}.{target['fields'][0]}`."
            row = (f"`{column['name']}`", column["type"], required, meaning)
            out.append("| " + " | ".join(row) + " |")
        out.append("")
    return "\n".join(out)


def _dtype(column: dict[str, object]) -> str:
    return DTYPES[str(column["type"])]


def _lines(path: Path, table: Table) -> Iterable[tuple[int, str]]:
    """Yield (line number, text) of every data line; report what is wrong with the file itself."""
    if not path.is_file():
        table.problems.append(Problem(table.file, 1, 1, "the table is missing"))
        return
    lines = path.read_bytes().split(b"\n")
    if lines == [b""]:
        _report_header(table, "", ",".join(str(each["name"]) for each in table.fields))
        return
    if lines[-1]:
        message = "the last line does not end in LF"
        table.problems.append(Problem(table.file, len(lines), 1, message))
    else:
        lines.pop()
    expected = ",".join(str(each["name"]) for each in table.fields)
    for number, data in enumerate(lines, start=1):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            column = len(data[: error.start].decode("utf-8")) + 1
            message = f"byte 0x{data[error.start]:02x} is not UTF-8 (save the file as UTF-8)"
            table.problems.append(Problem(table.file, number, column, message))
            continue
        if number == 1:
            text = text.removeprefix("\ufeff")
        if text.endswith("\r"):
            table.problems.append(Problem(table.file, number, len(text), "found CRLF, expected LF"))
            text = text.rstrip("\r")
        if number == 1:
            if text != expected:
                _report_header(table, text, expected)
                return
        elif (at := _not_nfc(text)) is not None:
            message = f"{text[at]!r} is not in Unicode form NFC"
            table.problems.append(Problem(table.file, number, at + 1, message))
            yield number, unicodedata.normalize("NFC", text)
        else:
            yield number, text


def _not_nfc(text: str) -> int | None:
    normal = unicodedata.normalize("NFC", text)
    if normal == text:
        return None
    pairs = enumerate(zip(text, normal, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(text), len(normal)) - 1)


def _report_header(table: Table, found: str, expected: str) -> None:
    there, here = expected.split(","), found.split(",")
    for index, name in enumerate(there):
        if index >= len(here) or here[index] != name:
            column = len(",".join(here[:index])) + (2 if index else 1)
            what = repr(here[index]) if index < len(here) else "the end of the line"
            table.problems.append(
                Problem(table.file, 1, column, f"found {what}, expected the column {name!r}")
            )
            return
    extra = len(expected) + 1
    message = f"found more columns than declared: {here[len(there) :]}"
    table.problems.append(Problem(table.file, 1, extra, message))


def _parse(column: dict[str, object], cell: str) -> tuple[object, str | None]:
    """Return the typed value of one cell, and what is wrong with it."""
    rules = column.get("constraints", {})
    kind = column["type"]
    empty = () if kind == "list" else "" if kind == "string" else pd.NA
    if cell != cell.strip():
        return empty, f"found white space around {cell!r}"
    if cell == "":
        if kind == "boolean":
            return False, "is empty, expected true or false"
        return empty, "is empty, expected a value" if rules.get("required") else None
    if kind == "list":
        parts = tuple(cell.split(";"))
        wrong = "" in parts or len(set(parts)) < len(parts)
        return parts, f"found {cell!r}, expected distinct values with ; between" if wrong else None
    if kind == "boolean":
        if cell not in ("true", "false"):
            return False, f"found {cell!r}, expected true or false"
        return cell == "true", None
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", cell):
            return pd.NA, f"found {cell!r}, expected a whole number"
        if int(cell) < rules.get("minimum", int(cell)):
            return int(cell), f"found {cell}, expected {rules['minimum']} or more"
        return int(cell), None
    if kind == "number":
        try:
            return float(cell), None
        except ValueError:
            return pd.NA, f"found {cell!r}, expected a number"
    if (pattern := rules.get("pattern")) and not re.fullmatch(pattern, cell):
        return cell, f"found {cell!r}, expected the form {pattern}"
    if (enum := rules.get("enum")) and cell not in enum:
        return cell, f"unknown value {cell!r}, expected one of {', '.join(enum)}"
    return cell, None


def _check_key(table: Table, declared: dict[str, object]) -> None:
    key = declared["schema"].get("primaryKey", [])
    unsorted = declared.get("laoqu:unsorted", False)
    seen: dict[tuple[object, ...], int] = {}
    last: tuple[object, ...] | None = None
    for row in table.rows:
        value = tuple(row.values[column] for column in key)
        if any(part is pd.NA for part in value):
            continue  # an empty key cell is reported where the cell was read
        shown = ", ".join(str(part) for part in value)
        if value in seen:
            table.report(row, key[0], f"duplicate id {shown!r}, first seen in line {seen[value]}")
        elif last is not None and value < last and not unsorted:
            table.report(row, key[0], f"{shown!r} is out of order: rows are sorted by id")
        seen.setdefault(value, row.line)
        last = value


def _check_references(
    table: Table, declared: dict[str, object], lookup: Callable[[str], Table]
) -> None:
    for key in declared.get("foreignKeys", []):
        target = key["reference"]
        other = table if target["resource"] == table.name else lookup(target["resource"])
        valid = set(other.values(target["fields"][0]))
        _check_values(table, key["fields"][0], valid, f"{target['resource']}")
    for each in table.fields:
        if variable := each.get("laoqu:codes"):
            codes = lookup("codebook")
            valid = {row.values["code"] for row in codes.rows if row.values["variable"] == variable}
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
    for row in table.rows:
        start, end, quote = (row.values[column] for column in ("start", "end", "quote"))
        if start is pd.NA or end is pd.NA:
            continue
        if not 0 <= start < end <= len(document.canonical):
            message = f"offsets {start}–{end} are not inside the text (0–{len(document.canonical)})"
            table.report(row, "start", message)
            continue
        found = document.canonical[start:end]
        if found != quote:
            message = f"the text at {start}–{end} is {_short(found)!r}, expected {_short(quote)!r}"
            where = document.find(re.escape(quote))
            if len(where) == 1:
                message += f", which stands at {where[0].start}–{where[0].end}"
            table.report(row, "start", message)
            continue
        unit = document.unit_at(start)
        if row.values.get("unit_id", unit.unit_id) != unit.unit_id or end > unit.end:
            named = row.values["unit_id"]
            message = f"{start}–{end} lies in unit {unit.unit_id!r}, not within {named!r}"
            table.report(row, "unit_id", message)


def _short(text: str, width: int = 24) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
