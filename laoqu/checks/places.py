"""Areas, codes and names of places, against the gazetteer and the print."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from laoqu import regions
from laoqu.errors import Problem
from laoqu.schema import Tables

#: Levels of namings that need a code; those in `NAMED` need an English name of their own.
WITH_CODE = ("province", "prefecture", "county", "urban_area", "zone")
NAMED = ("urban_area", "zone", "border_zone")


def areas(tables: Tables) -> Iterator[Problem]:
    """Require the provinces of an area to be those of its counties, and orders to count from 1."""
    table, members = tables["regions"], tables["membership"]
    orders = sorted(table.values("order"))
    if orders != list(range(1, len(orders) + 1)):
        yield Problem(table.file, 1, 1, f"`order` must count from 1 without a gap, found {orders}")
    owners: dict[str, object] = {}
    for row in table.rows:
        region_id = row.values["region_id"]
        for name in ("name_zh", "full_zh", "name_en", "full_en", "label_en", "text_en"):
            other = owners.setdefault(regions.fold(str(row.values[name])), region_id)
            if other != region_id:
                message = f"{row.values[name]!r} is also a name of {other}"
                yield table.problem(row, name, message)
        mine = [each.values for each in members.rows if each.values["region_id"] == region_id]
        if (found := {each["province"] for each in mine}) != set(row.values["provinces"]):
            message = f"provinces of {region_id} are {sorted(found)} in the membership table"
            yield table.problem(row, "provinces", message)


def sources(tables: Tables) -> Iterator[Problem]:
    """Require a row of membership to claim no more than its basis bears."""
    table = tables["membership"]
    most = {"plan_inferred": ("low",), "box1": ("low", "medium"), "web_page": ("low", "medium")}
    for row in table.rows:
        basis, confidence = row.values["basis"], row.values["confidence"]
        if confidence not in most.get(str(basis), (confidence,)):
            message = f"{basis} bears no {confidence} confidence, at most {most[str(basis)][-1]}"
            yield table.problem(row, "confidence", message)


def codes(tables: Tables) -> Iterator[Problem]:
    """Require every code to stand in the gazetteer with the name and level given with it."""
    known = {row.values["adcode"]: row.values for row in tables["gazetteer"].rows}
    for table in (tables["membership"], tables["mentions"]):
        for row in table.rows:
            if row.values.get("level") in NAMED and not row.values["name_en"]:
                message = (
                    f"a {row.values['level']} needs a name_en: no unit of the gazetteer gives it"
                )
                yield table.problem(row, "name_en", message)
            if message := _code_problem(row.values, known):
                yield table.problem(row, "adcode", message)
    table = tables["county_layer_join"]
    for row in table.rows:
        code, name = row.values["adcode_2021"], row.values["name_2021"]
        if code and known.get(code, {}).get("name") != name:
            yield table.problem(row, "name_2021", f"{code} is not {name!r} in the gazetteer")


def _code_problem(values: dict[str, object], known: dict[object, dict[str, object]]) -> str:
    code, level = values["adcode"], values.get("level", "county")
    if not code:
        return f"a {level} needs an adcode" if level in WITH_CODE else ""
    if (unit := known.get(code)) is None:
        return f"{code} is not in the gazetteer of the end of 2021"
    year, first, last = int(str(values["code_date"])[:4] or 0), unit["valid_from"], unit["valid_to"]
    if (first is not pd.NA and year < first) or (last is not pd.NA and year > last):
        return f"{code} was not in force on {values['code_date'] or 'no date'}"
    if level not in ("province", "prefecture", "county"):
        return ""
    columns = ["name", "province"] + ["prefecture"] * (level != "prefecture")
    here = [values[column] for column in columns] + [level]
    there = [unit[column] for column in (*columns, "level")]
    # A city without counties (儋州) stands in for its one county-level row.
    stands_in = unit["level"] == "prefecture" and values["name"] == unit["name"]
    if here == there or (stands_in and values["prefecture"] == unit["name"]):
        return ""
    shown = [" ".join(str(part) for part in parts if part) for parts in (there, here)]
    return f"{code} is {shown[0]} in the gazetteer, here {shown[1]}"


def no_name_missed(tables: Tables) -> Iterator[Problem]:
    """Look for every name of the gazetteer in the text: each is a mention or known to be none."""
    doc = tables.document
    mentions, excused, units = (tables[name] for name in ("mentions", "not_names", "gazetteer"))
    words = {*units.values("name"), *units.values("short_name")}
    words |= set(tables["regions"].values("name_zh"))
    counts = dict.fromkeys(excused.values("word"), 0)
    spans = list(zip(mentions.values("start"), mentions.values("end"), strict=True))
    printed = [str(word) for word in words if len(str(word)) > 1 and str(word) in doc.canonical]
    for word in sorted(printed):
        for found in re.finditer(f"(?={re.escape(word)})", doc.canonical):
            start, end = found.start(), found.start() + len(word)
            if any(a <= start and end <= b for a, b in spans):
                continue
            if word not in counts:
                unit = doc.unit_at(start).unit_id
                message = f"{word!r} at {start}–{end} in {unit} is neither here nor in not_names"
                yield Problem(mentions.file, 1, 1, message)
            else:
                counts[word] += 1
    for row in excused.rows:
        if row.values["count"] != (count := counts[row.values["word"]]):
            message = f"{row.values['word']!r} stands {count} times outside names"
            yield excused.problem(row, "count", message)


def printed_counts(tables: Tables) -> Iterator[Problem]:
    """Require the mentions to give the numbers of places that were counted in the print."""
    table, mentions = tables["printed_counts"], [row.values for row in tables["mentions"].rows]
    for row in table.rows:
        clause, role, province = (row.values[key] for key in ("clause_id", "role", "province"))
        found = sum(
            each["recipient"]
            and each["role"] == role
            and str(each["unit_id"]).startswith(f"{clause}.")
            and province in ("", each["province"])
            for each in mentions
        )
        if found != row.values["count"]:
            where, printed = f"{clause} {role} {province}".strip(), row.values["count"]
            message = f"the mentions name {found} places for {where}, the print {printed}"
            yield table.problem(row, "count", message)


def channels(tables: Tables) -> Iterator[Problem]:
    """Require a channel called complete to have no list in 等, and its places to be recipients."""
    table = tables["treatment_channels"]
    mentions = [row.values for row in tables["mentions"].rows if row.values["recipient"]]
    for row in table.rows:
        roles, complete = row.values["roles"], row.values["complete"]
        found = [each for each in mentions if each["role"] in roles]
        named = {each["role"] for each in found}
        if complete and not found:
            message = "a channel for which no place is named cannot be complete"
            yield table.problem(row, "complete", message)
        elif complete and any(each["list_open"] for each in found):
            message = "a list of this channel ends in 等, so it is not complete"
            yield table.problem(row, "complete", message)
        elif missing := [role for role in roles if role not in named]:
            message = f"no place is named as a recipient in the role {missing[0]}"
            yield table.problem(row, "roles", message)
