"""Areas, codes and names of places, against the gazetteer and the print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pandas as pd

from laoqu import regions
from laoqu.schema import Fault, Row, Tables

#: Levels of namings that need a code; those in `NAMED` need an English name of their own.
WITH_CODE = ("province", "prefecture", "county", "urban_area", "zone")
NAMED = ("urban_area", "zone", "border_zone")
#: The most confidence that a basis of membership bears, where it is not high.
BEARS = {"plan_inferred": "low", "box1": "medium", "web_page": "medium"}


def areas(tables: Tables) -> Iterator[Fault]:
    """Require the provinces of an area to be those of its counties, and orders to count from 1."""
    table, members = tables["regions"], tables["membership"]
    orders = sorted(table.values("order"))
    if orders != list(range(1, len(orders) + 1)):
        yield table, None, "order", f"`order` must count from 1 without a gap, found {orders}"
    owners: dict[str, object] = {}
    for row in table.rows:
        region_id = row["region_id"]
        for name in regions.NAMES:
            other = owners.setdefault(regions.fold(str(row[name])), region_id)
            if other != region_id:
                yield table, row, name, f"{row[name]!r} is also a name of {other}"
        found = {each["province"] for each in members.rows if each["region_id"] == region_id}
        if found != set(row["provinces"]):
            message = f"provinces of {region_id} are {sorted(found)} in the membership table"
            yield table, row, "provinces", message
    for row in members.rows:
        basis, confidence = row["basis"], row["confidence"]
        most = BEARS.get(str(basis), "high")
        if regions.CONFIDENCE.index(confidence) < regions.CONFIDENCE.index(most):
            message = f"{basis} bears no {confidence} confidence, at most {most}"
            yield members, row, "confidence", message


def codes(tables: Tables) -> Iterator[Fault]:
    """Require every code to stand in the gazetteer with the name and level given with it."""
    known = {row["adcode"]: row for row in tables["gazetteer"].rows}
    for table in (tables["membership"], tables["mentions"]):
        for row in table.rows:
            level = row.values.get("level", "county")
            if level in NAMED and not row["name_en"]:
                message = f"a {level} needs a name_en: no unit of the gazetteer gives it"
                yield table, row, "name_en", message
            if message := _code_problem(row, str(level), known):
                yield table, row, "adcode", message
    table = tables["county_layer_join"]
    for row in table.rows:
        code, name = row["adcode_2021"], row["name_2021"]
        if code and (code not in known or known[code]["name"] != name):
            yield table, row, "name_2021", f"{code} is not {name!r} in the gazetteer"


def _code_problem(row: Row, level: str, known: Mapping[object, Row]) -> str:
    code = row["adcode"]
    if not code:
        return f"a {level} needs an adcode" if level in WITH_CODE else ""
    if (unit := known.get(code)) is None:
        return f"{code} is not in the gazetteer of the end of 2021"
    year, first, last = int(str(row["code_date"])[:4] or 0), unit["valid_from"], unit["valid_to"]
    if (first is not pd.NA and year < first) or (last is not pd.NA and year > last):
        return f"{code} was not in force on {row['code_date'] or 'no date'}"
    if level not in ("province", "prefecture", "county"):
        return ""
    columns = ["name", "province"] + ["prefecture"] * (level != "prefecture")
    here = [row[column] for column in columns] + [level]
    there = [unit[column] for column in (*columns, "level")]
    # A city without counties (儋州) stands in for its one county-level row.
    stands_in = unit["level"] == "prefecture" and row["name"] == unit["name"]
    if here == there or (stands_in and row["prefecture"] == unit["name"]):
        return ""
    shown = [" ".join(str(part) for part in parts if part) for parts in (there, here)]
    return f"{code} is {shown[0]} in the gazetteer, here {shown[1]}"


def no_name_missed(tables: Tables) -> Iterator[Fault]:
    """Look for every name of the gazetteer in the text: each is a mention or known to be none."""
    doc = tables.document
    mentions, excused, units = (tables[name] for name in ("mentions", "not_names", "gazetteer"))
    words = {*units.values("name"), *units.values("short_name")}
    words |= set(tables["regions"].values("name_zh"))
    counts = dict.fromkeys(excused.values("word"), 0)
    spans = [(row["start"], row["end"]) for row in mentions.rows]
    for word in sorted(word for word in words if len(word) > 1 and word in doc.canonical):
        for found in re.finditer(f"(?={re.escape(word)})", doc.canonical):
            start, end = found.start(), found.start() + len(word)
            if any(a <= start and end <= b for a, b in spans):
                continue
            if word not in counts:
                unit = doc.unit_at(start).unit_id
                message = f"{word!r} at {start}–{end} in {unit} is neither here nor in not_names"
                yield mentions, None, "quote", message
            else:
                counts[word] += 1
    for row in excused.rows:
        if row["count"] != (count := counts[row["word"]]):
            yield excused, row, "count", f"{row['word']!r} stands {count} times outside names"


def printed_counts(tables: Tables) -> Iterator[Fault]:
    """Require the mentions to give the numbers of places that were counted in the print."""
    table = tables["printed_counts"]
    for row in table.rows:
        clause, role, province = row["clause_id"], row["role"], row["province"]
        found = sum(
            each["recipient"]
            and each["role"] == role
            and str(each["unit_id"]).startswith(f"{clause}.")
            and province in ("", each["province"])
            for each in tables["mentions"].rows
        )
        if found != row["count"]:
            where, printed = f"{clause} {role} {province}".strip(), row["count"]
            message = f"the mentions name {found} places for {where}, the print {printed}"
            yield table, row, "count", message


def channels(tables: Tables) -> Iterator[Fault]:
    """Require a channel called complete to have no list in 等, and its places to be recipients."""
    table = tables["treatment_channels"]
    mentions = [row for row in tables["mentions"].rows if row["recipient"]]
    for row in table.rows:
        found = [each for each in mentions if each["role"] in row["roles"]]
        missing = set(row["roles"]) - {each["role"] for each in found}
        if row["complete"] and not found:
            message = "a channel for which no place is named cannot be complete"
            yield table, row, "complete", message
        elif row["complete"] and any(each["list_open"] for each in found):
            message = "a list of this channel ends in 等, so it is not complete"
            yield table, row, "complete", message
        elif missing:
            message = f"no place is named as a recipient in the role {min(missing)}"
            yield table, row, "roles", message
