"""The text: every sentence coded, in segments and measures; what is printed is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from laoqu import paths, source
from laoqu.errors import Problem
from laoqu.schema import Tables

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]")


def size(tables: Tables) -> Iterator[Problem]:
    """Require the document to have the size that SOURCES.toml states."""
    doc = tables.document
    meta, path = source.registry(tables.folder)["plan"], tables.folder / source.SOURCES
    for key, value in (
        ("characters", len(doc.raw)),
        ("canonical_characters", len(doc.canonical)),
        ("bytes", len(doc.raw.encode("utf-8"))),
        ("pages", len(doc.page_starts)),
    ):
        if meta[key] != value:
            message = f"{key} = {meta[key]}, but the text has {value}"
            yield Problem(paths.display(path), 1, 1, message)


def scopes(tables: Tables) -> Iterator[Problem]:
    """Require every sentence to be coded, its segments covering it without gap or overlap."""
    doc = tables.document
    table = tables["scopes"]
    ends: dict[str, int] = {}
    for row in table.rows:
        values, unit = row.values, doc.unit(str(row.values["unit_id"]))
        if (expected := ends.get(unit.unit_id, unit.start)) != values["start"]:
            message = (
                f"segment begins at {values['start']}, expected {expected}: no gap, no overlap"
            )
            yield table.problem(row, "start", message)
        ends[unit.unit_id] = values["end"]
        if not str(values["scope_id"]).startswith(f"{unit.unit_id}.k"):
            message = f"{values['scope_id']!r} does not begin with its unit {unit.unit_id!r}"
            yield table.problem(row, "scope_id", message)
        if (values["scope"] == "none") != (values["basis"] == ""):
            message = "a directive segment needs a basis, and only a directive one has it"
            yield table.problem(row, "basis", message)
        if values["conditional"] != (values["condition_on"] != ""):
            message = "a condition needs what it limits, and only a condition has it"
            yield table.problem(row, "condition_on", message)
        is_class = values["scope"] == "class"
        may = is_class or (values["scope"] == "area" and values["list_open"])
        if (values["class_areas"] and not may) or (is_class and not values["class_areas"]):
            message = "class_areas belongs to classes (which need it) and to open lists of areas"
            yield table.problem(row, "class_areas", message)
    for unit in doc.units:
        if unit.kind == "sentence" and ends.get(unit.unit_id) != unit.end:
            message = f"sentence {unit.unit_id} is not coded to its end ({unit.end})"
            yield Problem(table.file, len(table.rows) + 1, 1, message)


def measures(tables: Tables) -> Iterator[Problem]:
    """Require measures and sentences without one to tile every sentence."""
    doc = tables.document
    table, none = tables["measures"], tables["no_measures"]
    ends: dict[str, int] = {}
    for row in table.rows:
        values, unit = row.values, doc.unit(str(row.values["unit_id"]))
        if (expected := ends.get(unit.unit_id, unit.start)) != values["start"]:
            message = f"the measure begins at {values['start']}, expected {expected}"
            yield table.problem(row, "start", message)
        ends[unit.unit_id] = values["end"]
        first, last = values["target_start"], values["target_end"]
        given = {first is not pd.NA, last is not pd.NA}
        if len(given) > 1 or (
            True in given and not values["start"] < first < last <= values["end"]
        ):
            message = f"the target {first}–{last} does not lie inside the measure"
            yield table.problem(row, "target_start", message)
        for column in (name for name in values if str(name).endswith("_en")):
            text = str(values[column])
            # A Chinese name in brackets may stand beside its English form.
            if len(CHINESE.findall(text)) > len(LATIN.findall(text)):
                yield table.problem(row, str(column), "an English rendering is not in English")
    left = set(none.values("unit_id"))
    for unit in doc.units:
        if unit.kind == "sentence" and (ends.get(unit.unit_id) == unit.end) == (
            unit.unit_id in left
        ):
            message = (
                f"{unit.unit_id} needs measures to its end ({unit.end}) or a row in {none.file}"
            )
            yield Problem(table.file, 1, 1, message)


def printed(tables: Tables) -> Iterator[Problem]:
    """Require numbers and open lists to be printed where a row says that they are."""
    doc = tables.document
    for name in ("scopes", "mentions"):
        table = tables[name]
        for row in table.rows:
            text, total = doc.unit(str(row.values["unit_id"])).text, row.values["list_total"]
            if row.values["list_open"] and "等" not in text:
                yield table.problem(row, "list_open", "the sentence has no list that ends in 等")
            if total is not pd.NA and str(total) not in text:
                yield table.problem(row, "list_total", f"the sentence does not print {total}")
    table = tables["printed_figures"]
    for row in table.rows:
        for column in ("number", "counted"):
            if str(row.values[column]) not in str(row.values["quote"]):
                message = f"the quotation does not have {row.values[column]!r}"
                yield table.problem(row, column, message)
