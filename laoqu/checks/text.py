"""The text: every sentence coded, in segments and measures; what is printed is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from laoqu.schema import Fault, Tables

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]")


def tiled(tables: Tables) -> Iterator[Fault]:
    """Require segments, and measures or a row that says there are none, to tile every sentence."""
    for name, without in (
        ("scopes", set()),
        ("measures", set(tables["no_measures"].values("unit_id"))),
    ):
        table, ends = tables[name], {}
        for row in table.rows:
            unit = tables.document.unit(str(row["unit_id"]))
            if (expected := ends.get(unit.unit_id, unit.start)) != row["start"]:
                message = f"begins at {row['start']}, expected {expected}: no gap, no overlap"
                yield table, row, "start", message
            ends[unit.unit_id] = row["end"]
        for unit in tables.document.units:
            whole = ends.get(unit.unit_id) == unit.end
            if unit.kind == "sentence" and whole == (unit.unit_id in without):
                message = f"{unit.unit_id} is not coded to its end ({unit.end})"
                message += ", nor in no_measures" if without else ""
                yield table, None, "unit_id", message


def scopes(tables: Tables) -> Iterator[Fault]:
    """Require what is said of a segment to go together."""
    table = tables["scopes"]
    for row in table.rows:
        if not str(row["scope_id"]).startswith(f"{row['unit_id']}.k"):
            message = f"{row['scope_id']!r} does not begin with its unit {row['unit_id']!r}"
            yield table, row, "scope_id", message
        if (row["scope"] == "none") != (row["basis"] == ""):
            message = "a directive segment needs a basis, and only a directive one has it"
            yield table, row, "basis", message
        if row["conditional"] != (row["condition_on"] != ""):
            message = "a condition needs what it limits, and only a condition has it"
            yield table, row, "condition_on", message
        is_class = row["scope"] == "class"
        may = is_class or (row["scope"] == "area" and row["list_open"])
        if (row["class_areas"] and not may) or (is_class and not row["class_areas"]):
            message = "class_areas belongs to classes (which need it) and to open lists of areas"
            yield table, row, "class_areas", message


def measures(tables: Tables) -> Iterator[Fault]:
    """Require targets to lie inside their measure, and English renderings to be English."""
    table = tables["measures"]
    for row in table.rows:
        first, last = row["target_start"], row["target_end"]
        given = [each is not pd.NA for each in (first, last)]
        if any(given) and not (all(given) and row["start"] < first < last <= row["end"]):
            message = f"the target {first}–{last} does not lie inside the measure"
            yield table, row, "target_start", message
        for column in (name for name in row.values if name.endswith("_en")):
            text = str(row[column])
            # A Chinese name in brackets may stand beside its English form.
            if len(CHINESE.findall(text)) > len(LATIN.findall(text)):
                yield table, row, column, "an English rendering is not in English"


def printed(tables: Tables) -> Iterator[Fault]:
    """Require numbers and open lists to be printed where a row says that they are."""
    for table in (tables["scopes"], tables["mentions"]):
        for row in table.rows:
            text, total = tables.document.unit(str(row["unit_id"])).text, row["list_total"]
            if row["list_open"] and "等" not in text:
                yield table, row, "list_open", "the sentence has no list that ends in 等"
            if total is not pd.NA and str(total) not in text:
                yield table, row, "list_total", f"the sentence does not print {total}"
    table = tables["printed_figures"]
    for row in table.rows:
        for column in ("number", "counted"):
            if str(row[column]) not in str(row["quote"]):
                yield table, row, column, f"the quotation does not have {row[column]!r}"
