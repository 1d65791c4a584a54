"""Files and row counts as they were reviewed; scopes and measures that cover every sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from laoqu import build, paths, schema, source
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.validate.common import column_of


def size(folder: Path, doc: Document) -> Iterator[Problem]:
    """Require the document to have the size that SOURCES.toml states."""
    meta = source.registry(folder)["plan"]
    path = paths.display(folder / "raw" / "SOURCES.toml")
    for key, value in (
        ("characters", len(doc.raw)),
        ("canonical_characters", len(doc.canonical)),
        ("bytes", len(doc.raw.encode("utf-8"))),
        ("pages", len(doc.page_starts)),
    ):
        if meta[key] != value:
            yield Problem(path, 1, 1, f"{key} = {meta[key]}, but the text has {value}")


def checksums(folder: Path) -> Iterator[Problem]:
    """Require the files that packages were built into to be the ones that were reviewed."""
    path = folder / build.CHECKSUMS
    expected = build.checksums(folder).splitlines()
    found = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if len(found) != len(expected):
        yield Problem(paths.display(path), 1, 1, f"expected {len(expected)} lines")
    for have, want in zip(found, expected, strict=False):
        if have != want:
            name = want.split(",")[0]
            message = "differs from built/checksums.csv: undo the change, or build and review it"
            yield Problem(paths.display(folder / "built" / name), 1, 1, message)


def rows(folder: Path, table: schema.Table) -> Iterator[Problem]:
    """Require a table of judgement to have as many rows as were reviewed: none lost unnoticed."""
    declared = schema.resource(table.name, folder)
    if table.problems or not str(declared["path"]).startswith("curated/"):
        return  # what is built is compared row by row
    found, expected = len(table.rows), declared.get("laoqu:rows")
    if found != expected:
        package = paths.display(folder / "datapackage.json")
        message = (
            f"found {found} rows, expected {expected}: put back what is lost, or, if the change is "
            f'meant, set "laoqu:rows" of {table.name!r} in {package} to {found}'
        )
        last = table.rows[-1].line if table.rows else 1
        yield Problem(table.file, last, 1, message)


def scopes(doc: Document, table: schema.Table) -> Iterator[Problem]:
    """Require every sentence to be coded, its segments covering it without gap or overlap."""
    at: dict[str, int] = {}
    for row in table.rows:
        values = row.values
        unit = doc.unit(values["unit_id"])
        if (expected := at.get(unit.unit_id, unit.start)) != values["start"]:
            message = (
                f"segment begins at {values['start']}, expected {expected}: no gap, no overlap"
            )
            yield Problem(table.file, row.line, row.column(2), message)
        at[unit.unit_id] = values["end"]
        if not str(values["scope_id"]).startswith(f"{unit.unit_id}.k"):
            message = f"{values['scope_id']!r} does not begin with its unit {unit.unit_id!r}"
            yield Problem(table.file, row.line, 1, message)
        if (values["scope"] == "none") != (values["basis"] == ""):
            message = "a directive segment needs a basis, and only a directive one has it"
            yield Problem(table.file, row.line, row.column(6), message)
        confined = values["scope"] == "class" or (values["scope"] == "area" and values["list_open"])
        if bool(values["class_areas"]) > confined or (
            values["scope"] == "class" and not values["class_areas"]
        ):
            message = "class_areas belongs to classes (which need it) and to open lists of areas"
            yield Problem(table.file, row.line, row.column(12), message)
    for unit in doc.units:
        if unit.kind == "sentence" and at.get(unit.unit_id) != unit.end:
            message = f"sentence {unit.unit_id} is not coded to its end ({unit.end})"
            yield Problem(table.file, len(table.rows) + 1, 1, message)


def measures(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require measures and sentences without one to tile every sentence."""
    table, none = tables["measures"], tables["no_measures"]
    at: dict[str, int] = {}
    for row in table.rows:
        unit = doc.unit(str(row.values["unit_id"]))
        if (expected := at.get(unit.unit_id, unit.start)) != row.values["start"]:
            message = f"the measure begins at {row.values['start']}, expected {expected}"
            yield Problem(table.file, row.line, row.column(2), message)
        at[unit.unit_id] = row.values["end"]
        start, end = row.values["target_start"], row.values["target_end"]
        if (start is pd.NA) != (end is pd.NA) or (
            start is not pd.NA and not row.values["start"] < start < end <= row.values["end"]
        ):
            message = f"the target {start}–{end} does not lie inside the measure"
            column = row.column(column_of(table, "target_start"))
            yield Problem(table.file, row.line, column, message)
    left = {row.values["unit_id"] for row in none.rows}
    for unit in doc.units:
        if unit.kind == "sentence" and (at.get(unit.unit_id) == unit.end) == (unit.unit_id in left):
            message = (
                f"{unit.unit_id} needs measures to its end ({unit.end}) or a row in {none.file}"
            )
            yield Problem(table.file, 1, 1, message)
