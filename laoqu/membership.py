"""A membership table of a reader's own: read as spreadsheets save it, every conversion reported.

Only the area and a code or a name are needed. Codes of another year are followed to the unit of the
end of 2021 where it is one and the same, and refused otherwise; names are compared with codes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from laoqu import own, places, regions, sheets, succession
from laoqu.errors import UnknownId, nearest, require
from laoqu.schema import Row, Table, Tables
from laoqu.succession import YEAR

#: How own tables call the columns of ``membership.csv``.
HEADS = {
    "region_id": "region_id region area 老区 革命老区 所属老区 区域 片区",
    "adcode": own.CODE,
    "code_date": "code_date date 代码日期 日期 时间",
    "name": own.NAME,
    "prefecture": "prefecture city 市 地级市 市州 地市",
    "province": "province 省 省份 省级",
    "basis": "basis 依据",
    "confidence": "confidence 可信度 置信度",
    "source": "source 来源 出处",
    "source_url": "source_url url 网址 链接",
    "source_quote": "source_quote quote 原文 引文",
    "note": "note notes 备注 说明",
}
CONFIDENCE = {"高": "high", "中": "medium", "低": "low", "": "high"}
#: Day 0 of the numbers that a spreadsheet has for dates, and how people write dates.
EPOCH = datetime(1899, 12, 30)
DATES = ("%Y-%m-%d", "%Y%m%d", "%Y-%m", "%Y")


class RowError(Exception):
    """A row that cannot be used: the column and why."""


def read(path: Path, tables: Tables, mode: str = "only") -> tuple[Table, pd.DataFrame]:
    """Read a membership table of a reader's own: what is in it, and what was converted.

    The file is CSV (UTF-8 or GBK; comma, semicolon or tab) or XLSX, rows in any order; columns are
    known by their names in `HEADS`. `tables` are the data folder's own; `mode` says whether an area
    without a row stays empty ("only") or keeps the rows of the shipped table ("complete"). The
    table is as the shipped one, sorted, with every problem found; conversions are one row each.
    """
    require(mode, own.MODES, "membership_mode")
    notes = own.Notes(path)
    table = Table("membership", notes.file, tables["membership"].fields)
    head, *rows = sheets.cells(path) or [[]]
    _read_head(head, notes)
    reader, first = _Reader(tables, notes, path.name), {}
    for number, cells in enumerate(rows if not notes.problems() else (), start=2):
        row = {name: cells[at] for name, at in notes.columns.items() if at < len(cells)}
        if not any(row.values()):
            continue
        try:
            values = reader.read(number, dict.fromkeys(HEADS, "") | row)
            key = values["region_id"], values["adcode"]
            if first.setdefault(key, number) != number:
                message = f"{key[0]} has {values['name']} twice, first in row {first[key]}"
                raise RowError("adcode", message)
            table.rows.append(Row(number, "", values))
        except RowError as fault:
            notes.wrong(number, *fault.args)
        if notes.full:
            break
    if not table.rows and not notes.problems():
        notes.wrong(1, "", "has no rows below the head")
    table.problems += notes.problems()
    here = {row["region_id"] for row in table.rows}
    missing = [each for each in tables.frame("regions")["region_id"] if each not in here]
    if mode == "complete":
        table.rows += [row for row in tables["membership"].rows if row["region_id"] in missing]
        notes.converted(1, "", ", ".join(missing), "areas without a row keep the shipped ones")
    else:
        why = "areas without a row: no county is known of them"
        notes.converted(1, ", ".join(missing), "", why)
    table.rows.sort(key=lambda row: (row["region_id"], row["adcode"]))
    return table, notes.conversions()


def _read_head(head: list[str], notes: own.Notes) -> None:
    """Find the columns; one that two could be is refused."""
    found = own.columns(head, HEADS)
    for name, (at, *others) in ((name, at) for name, at in found.items() if at):
        notes.columns[name] = at
        notes.converted(1, head[at], name, "the name of a column")
        for other in others:
            notes.wrong(1, name, f"{head[other]!r} is a second column for {name}")
    words = [word for each in HEADS.values() for word in each.split()]
    for at in set(range(len(head))) - {at for each in found.values() for at in each}:
        hint = ", ".join(nearest(head[at], words))
        notes.converted(1, head[at], "", f"a column that is not used; nearest: {hint}")
    if "region_id" not in notes.columns or not {"adcode", "name"} & set(notes.columns):
        message = (
            f"found {', '.join(head) or 'no columns'}; expected the column 'region_id' and the "
            "column 'adcode' or 'name' (see data/README.md)"
        )
        notes.wrong(1, "", message)


class _Reader:
    """Reads rows: what is in their cells → what a row of the shipped table has."""

    def __init__(self, tables: Tables, notes: own.Notes, source: str) -> None:
        self.folder, self.notes, self.source = tables.folder, notes, source
        self.units, areas = succession.units(tables.folder), tables.frame("regions")
        self.area = cache(lambda name: regions.find(name, areas))

    def read(self, number: int, values: dict[str, str]) -> dict[str, object]:
        """Return the values of a row, or raise what is wrong with it."""
        try:
            area = self.area(values["region_id"])
        except UnknownId as error:
            raise RowError("region_id", str(error)) from None
        year, said = self._year(values["code_date"]), values["code_date"]
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", said):
            self.notes.converted(number, said, str(year or ""), "a date: its year is used")
        if values["adcode"]:
            code, why = self._coded(values["adcode"], values["name"], year)
            self.notes.converted(number, values["adcode"], code, why)
        else:
            code, why = self._named(values, area["provinces"], year)
        unit = self.units.name[code]
        self.notes.converted(number, values["region_id"], area["region_id"], "the area's id")
        self.notes.converted(number, values["name"] or unit, unit, why or "the full name")
        level, above = self.units.level[code], [self.units.name[c] for c in self.units.above(code)]
        if level == "province" or (level == "prefecture" and code in self.units.parent.values()):
            raise RowError("adcode", f"{self.units.shown(code)} is no county: list its counties")
        confidence = values["confidence"].lower()
        confidence = CONFIDENCE.get(confidence, confidence)
        if confidence not in regions.CONFIDENCE:
            message = f"found {confidence!r}, expected high, medium or low"
            raise RowError("confidence", message)
        if above and above[-1] not in area["provinces"]:
            why = f"{above[-1]} is no province in which counties of the area are known"
            self.notes.converted(number, f"{area['name_zh']} {unit}", "kept", why)
        city = above[0] if len(above) > 1 else unit * (level == "prefecture")
        return values | {
            "region_id": area["region_id"],
            "adcode": code,
            "code_date": f"{YEAR}-12-31",
            "name": unit,
            "prefecture": city,
            "province": above[-1] if above else "",
            "confidence": confidence,
            "source": values["source"] or self.source,
        }

    def _year(self, text: str) -> int | None:
        """Return the year of a date as people and spreadsheets write it."""
        plain = re.sub(r"[年月/.]", "-", text.removesuffix(" 00:00:00")).strip("日-")
        if re.fullmatch(r"[34]\d{4}(?:-0)?", plain, re.ASCII):  # 1982 to 2036, as Excel counts
            return (EPOCH + timedelta(days=int(plain[:5]))).year
        for form in DATES if plain.isascii() else ():
            with suppress(ValueError):
                return datetime.strptime(plain, form).year
        if text:
            raise RowError("code_date", f"found {text!r}, expected a date such as 2021-12-31")
        return None

    def _coded(self, text: str, name: str, year: int | None) -> tuple[str, str]:
        """Return the unit of 2021 that a code means, and why."""
        code, why = own.tidy_code(text)
        if not code:
            raise RowError("adcode", f"{why} expected six digits")
        lead, _ = self.units.trace(code, year)
        if not lead.adcode:
            raise RowError("adcode", f"{code} is no unit of the end of {YEAR}: {lead.reason}")
        known = self.units.name[lead.adcode]
        if name not in ("", known) and not places.bears(code, name, self.folder):
            held = self.units.shown(lead.adcode)
            raise RowError("name", f"the code {code} is {held}, the name says {name!r}")
        return lead.adcode, lead.reason or why

    def _named(
        self, values: dict[str, str], provinces: tuple[str, ...], year: int | None
    ) -> tuple[str, str]:
        """Return the unit of a name inside what the row or the area says, and why."""
        name, given = values["name"], values["prefecture"] or values["province"]
        if not name:
            raise RowError("adcode", "neither a code nor a name")
        found: dict[str, str] = {}
        wrong: list[UnknownId] = []
        for within in [given] if given else provinces:
            try:
                code = places.resolve_place(name, within, "county", year, self.folder)
                found[str(code)] = f"{self.units.shown(code)}; {code.note}".removesuffix("; ")
            except UnknownId as error:
                wrong.append(error)
        wrong.sort(key=lambda error: not isinstance(error, places.AmbiguousName))
        if len(found) > 1:
            raise RowError("name", f"{name!r} is several counties: {'; '.join(found.values())}")
        if not found or isinstance(wrong and wrong[0], places.AmbiguousName):
            raise RowError("name", str(wrong[0]))
        return next(iter(found.items()))
