"""Areas, codes and names of places, against the gazetteer and the print."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from laoqu import regions, schema
from laoqu.document import Document
from laoqu.errors import Problem
from laoqu.validate.common import column_of


def areas(table: schema.Table, members: schema.Table) -> Iterator[Problem]:
    """Require the provinces of an area to be those of its counties, and orders to count from 1."""
    orders = sorted(table.values("order"))
    if orders != list(range(1, len(orders) + 1)):
        yield Problem(table.file, 1, 1, f"`order` must count from 1 without a gap, found {orders}")
    owners: dict[str, str] = {}
    for row in table.rows:
        region_id = row.values["region_id"]
        for name in ("name_zh", "full_zh", "name_en", "full_en", "label_en", "text_en"):
            other = owners.setdefault(regions.fold(str(row.values[name])), region_id)
            if other != region_id:
                message = f"{row.values[name]!r} is also a name of {other}"
                yield Problem(table.file, row.line, row.column(column_of(table, name)), message)
        found = {
            member.values["province"]
            for member in members.rows
            if member.values["region_id"] == region_id
        }
        if found != set(row.values["provinces"]):
            message = f"provinces of {region_id} are {sorted(found)} in the membership table"
            yield Problem(table.file, row.line, row.column(column_of(table, "provinces")), message)


def places(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require every code to stand in the gazetteer with the name and level given with it."""
    known = {row.values["adcode"]: row.values for row in tables["gazetteer"].rows}
    for table in (tables["membership"], tables["mentions"]):
        index = column_of(table, "adcode")
        for row in table.rows:
            values, level = row.values, row.values.get("level", "county")
            code, unit = values["adcode"], known.get(values["adcode"])
            message = None
            if level in ("urban_area", "zone", "border_zone") and not values["name_en"]:
                column = row.column(column_of(table, "name_en"))
                text = f"a {level} needs a name_en: no unit of the gazetteer gives it"
                yield Problem(table.file, row.line, column, text)
            if not code:
                if level in ("province", "prefecture", "county", "urban_area", "zone"):
                    message = f"a {level} needs an adcode"
            elif unit is None:
                message = f"{code} is not in the gazetteer of the end of 2021"
            elif not _in_force(unit, values["code_date"]):
                message = f"{code} was not in force on {values['code_date'] or 'no date'}"
            elif level in ("province", "prefecture", "county"):
                here = (values["name"], values["province"], values["prefecture"], level)
                there = (unit["name"], unit["province"], unit["prefecture"], unit["level"])
                if level == "prefecture":
                    here, there = (*here[:2], level), (*there[:2], unit["level"])
                if here != there and not _own_prefecture(values, unit):
                    message = f"{code} is {_named(there)} in the gazetteer, here {_named(here)}"
            if message:
                yield Problem(table.file, row.line, row.column(index), message)


def _in_force(unit: dict[str, object], date: object) -> bool:
    """Whether a code is valid on an ISO date; the gazetteer knows years."""
    year = int(str(date)[:4] or 0)
    first, last = unit["valid_from"], unit["valid_to"]
    return (first is pd.NA or first <= year) and (last is pd.NA or year <= last)


def _own_prefecture(values: dict[str, object], unit: dict[str, object]) -> bool:
    """Whether a city without counties (儋州) stands in for its one county-level row."""
    return unit["level"] == "prefecture" and values["name"] == unit["name"] == values["prefecture"]


def _named(parts: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in parts if part)


def no_name_missed(doc: Document, tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Look for every name of the gazetteer in the text: each is a mention or known to be none."""
    mentions, excused = tables["mentions"], tables["not_names"]
    words = {row.values["name"] for row in tables["gazetteer"].rows}
    words |= {row.values["short_name"] for row in tables["gazetteer"].rows}
    words |= {row.values["name_zh"] for row in tables["regions"].rows}
    known = set(excused.values("word"))
    counts = dict.fromkeys(known, 0)
    spans = [(row.values["start"], row.values["end"]) for row in mentions.rows]
    for word in sorted(word for word in words if len(word) > 1):
        at = doc.canonical.find(word)
        while at >= 0:
            end = at + len(word)
            if not any(a <= at and end <= b for a, b in spans):
                counts[word] = counts.get(word, 0) + 1
                if word not in known:
                    unit = doc.unit_at(at).unit_id
                    message = f"{word!r} at {at}–{end} in {unit} is neither here nor in not_names"
                    yield Problem(mentions.file, 1, 1, message)
            at = doc.canonical.find(word, at + 1)
    for row in excused.rows:
        if row.values["count"] != counts[row.values["word"]]:
            word = row.values["word"]
            message = f"{word!r} stands {counts[word]} times outside names"
            yield Problem(excused.file, row.line, row.column(1), message)


def printed_counts(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require the mentions to give the numbers of places that were counted in the print."""
    table = tables["printed_counts"]
    for row in table.rows:
        clause, role, province = (row.values[key] for key in ("clause_id", "role", "province"))
        found = sum(
            mention.values["recipient"]
            and mention.values["role"] == role
            and str(mention.values["unit_id"]).startswith(f"{clause}.")
            and province in ("", mention.values["province"])
            for mention in tables["mentions"].rows
        )
        if found != row.values["count"]:
            where = f"{clause} {role} {province}".strip()
            message = (
                f"the mentions name {found} places for {where}, the print {row.values['count']}"
            )
            yield Problem(table.file, row.line, row.column(3), message)


def channels(tables: dict[str, schema.Table]) -> Iterator[Problem]:
    """Require a channel called complete to have no list in 等, and its places to be recipients."""
    table = tables["treatment_channels"]
    for row in table.rows:
        roles, complete = row.values["roles"], row.values["complete"]
        found = [
            mention.values
            for mention in tables["mentions"].rows
            if mention.values["recipient"] and mention.values["role"] in roles
        ]
        named = {values["role"] for values in found}
        message, column = None, "complete"
        if complete and not found:
            message = "a channel for which no place is named cannot be complete"
        elif complete and any(values["list_open"] for values in found):
            message = "a list of this channel ends in 等, so it is not complete"
        elif missing := [role for role in roles if role not in named]:
            message, column = f"no place is named as a recipient in the role {missing[0]}", "roles"
        if message:
            yield Problem(table.file, row.line, row.column(column_of(table, column)), message)
