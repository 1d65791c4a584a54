"""A membership table of a reader's own: read as spreadsheets save it, every conversion reported.

Only the area and a code or a name are needed. Codes of another year are followed to the unit of the
end of 2021 where it is one and the same, and refused otherwise; names are compared with codes.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from laoqu import paths, places, regions, sheets, succession
from laoqu.errors import Problem, UnknownId, nearest
from laoqu.schema import Row, Table, Tables
from laoqu.spelling import clean
from laoqu.succession import YEAR, Units

#: How own tables call the columns of ``membership.csv``; case and spaces do not matter.
HEADS = {
    "region_id": "region_id region area 老区 革命老区 所属老区 区域 片区",
    "adcode": "adcode code county_code countycode pac 行政区划代码 区划代码 县代码 区县代码 代码",
    "code_date": "code_date date 代码日期 日期 时间",
    "name": "name county county_name 名称 县 县名 县市区 区县 县级行政区",
    "prefecture": "prefecture city 市 地级市 市州 地市",
    "province": "province 省 省份 省级",
    "basis": "basis 依据",
    "confidence": "confidence 可信度 置信度",
    "source": "source 来源 出处",
    "source_url": "source_url url 网址 链接",
    "source_quote": "source_quote quote 原文 引文",
    "note": "note notes 备注 说明",
}
CONFIDENCE = {"高": "high", "中": "medium", "低": "low"}
CONVERSIONS = ["file", "row", "found", "used", "why"]
#: Day 0 of the numbers that a spreadsheet has for dates.
EPOCH = date(1899, 12, 30)
DATE = re.compile(
    r"(\d{4})(?:[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2})日?)?)?年?(?: 00:00:00)?", re.ASCII
)
MODES = ("only", "complete")


def read(path: Path, tables: Tables, mode: str = "only") -> tuple[Table, pd.DataFrame]:
    """Read a membership table of a reader's own: what is in it, and what was converted.

    The file is CSV (UTF-8 or GBK; comma, semicolon or tab) or XLSX, rows in any order; columns are
    known by their names in `HEADS`. `tables` are the data folder's own; `mode` says whether an area
    without a row stays empty ("only") or keeps the rows of the shipped table ("complete"). The
    table is as the shipped one, sorted, with every problem found; conversions are one row each:
    ``file``, ``row``, ``found``, ``used``, ``why``.
    """
    if mode not in MODES:
        raise UnknownId(mode, MODES, "membership_mode")
    reader = _Reader(path, tables)
    head, *rows = sheets.cells(path) or [[]]
    reader.read_head(head)
    for number, cells in enumerate(rows if not reader.table.problems else (), start=2):
        reader.number = number
        row = {name: cells[i] for name, i in reader.columns.items() if i < len(cells)}
        if any(row.values()):
            reader.read_row(row)
    reader.finish(mode)
    return reader.table, pd.DataFrame(reader.conversions, columns=CONVERSIONS)


class _Reader:
    """Rows, problems and conversions of one file while it is read."""

    def __init__(self, path: Path, tables: Tables) -> None:
        self.tables, self.file, self.name = tables, paths.display(path), path.name
        self.table = Table("membership", self.file, tables["membership"].fields)
        self.conversions: list[list[object]] = []
        self.regions = tables.frame("regions")
        self.areas = regions.documented(self.regions, tables.frame("membership"))
        self.units: Units = succession.units(tables.folder)
        self.parents = dict(tables.frame("gazetteer")[["adcode", "parent"]].to_numpy())
        self.with_counties = set(self.parents.values())
        self.columns: dict[str, int] = {}
        self.number = 1

    def wrong(self, column: str, message: str) -> None:
        """Note a problem in the row that is being read."""
        at = self.columns.get(column, 0) + 1
        self.table.problems.append(Problem(self.file, self.number, at, message))

    def converted(self, found: str, used: str, why: str) -> None:
        """Note a conversion in the row that is being read."""
        if found != used:
            self.conversions.append([self.file, self.number, found, used, why])

    def read_head(self, head: list[str]) -> None:
        """Find the columns."""
        known = {word: name for name, words in HEADS.items() for word in words.split()}
        for index, cell in enumerate(head):
            key = re.sub(r"[\s（）()、]", "", cell).casefold()
            name = known.get(key)
            if name is None and cell:
                hint = ", ".join(nearest(key, known))
                self.converted(cell, "", f"a column that is not used; nearest: {hint}")
            elif name in self.columns:
                self.wrong(name, f"{cell!r} is a second column for {name}")
            elif name:
                self.columns[name] = index
                self.converted(cell, name, "the name of a column")
        if "region_id" not in self.columns or not {"adcode", "name"} & set(self.columns):
            message = (
                f"found {', '.join(head) or 'no columns'}; expected the column 'region_id' and the "
                "column 'adcode' or 'name' (see data/README.md)"
            )
            self.wrong("", message)

    def read_row(self, row: dict[str, str]) -> None:
        """Read one row."""
        values = dict.fromkeys(HEADS, "") | row
        try:
            region = regions.find(values["region_id"], self.areas)
        except UnknownId as error:
            self.wrong("region_id", str(error))
            return
        self.converted(values["region_id"], region.region_id, "the area's id")
        code, year = values["adcode"], self._year(values["code_date"])
        code = self._followed(code, values["name"], year) if code else self._named(values, region)
        if not code:
            return
        level = self.units.level[code]
        if level == "province" or (level == "prefecture" and code in self.with_counties):
            self.wrong("adcode", f"{self.units.shown(code)} is no county: list its counties")
            return
        confidence = CONFIDENCE.get(values["confidence"], values["confidence"].lower() or "high")
        if confidence not in regions.CONFIDENCE:
            self.wrong("confidence", f"found {confidence!r}, expected high, medium or low")
        above = [self.units.name[each] for each in self.units.above(code)]
        city = above[0] if len(above) > 1 else self.units.name[code] * (level == "prefecture")
        values |= {
            "region_id": region.region_id,
            "adcode": code,
            "code_date": f"{YEAR}-12-31",
            "name": self.units.name[code],
            "prefecture": city,
            "province": above[-1] if above else "",
            "confidence": confidence,
            "source": values["source"] or self.name,
        }
        self.table.rows.append(Row(self.number, "", values))

    def _year(self, text: str) -> int | None:
        """Return the year of a date as people and spreadsheets write it."""
        if not text:
            return None
        try:
            if re.fullmatch(r"[34]\d{4}(?:\.0)?", text, re.ASCII):  # 1982 to 2036, as Excel counts
                found = EPOCH + timedelta(days=int(float(text)))
            else:
                year, month, day = DATE.fullmatch(text).groups()
                found = date(int(year), int(month or 12), int(day or (1 if month else 31)))
        except (AttributeError, ValueError):  # no date, or no day of the calendar
            self.wrong("code_date", f"found {text!r}, expected a date such as 2021-12-31")
            return None
        self.converted(text, found.strftime("%Y-%m-%d"), "a date")
        return found.year

    def _followed(self, text: str, name: str, year: int | None) -> str:
        code, why = tidy_code(text)
        adcode, reason = follow(self.units, code, year) if code else ("", why)
        if not adcode:
            self.wrong("adcode", reason)
            return ""
        self.converted(text, code, why)
        self.converted(code, adcode, reason)
        if name and not self._fits(name, adcode, code):
            held = self.units.shown(adcode)
            self.wrong("name", f"the code {code} is {held}, the name says {name!r}")
            return ""
        self.converted(name or self.units.name[adcode], self.units.name[adcode], "the full name")
        return adcode

    def _fits(self, name: str, adcode: str, code: str) -> bool:
        """Whether a name is one of a unit, today or under the code that was given."""
        codes = (adcode, code)
        held = {holder.name for each in codes for holder in self.units.by_code.get(each, ())}
        if clean(name) in held:
            return True
        within = self.parents.get(adcode) or None
        try:
            return places.resolve_place(name, within, folder=self.tables.folder) == adcode
        except UnknownId:
            return False

    def _named(self, values: dict[str, str], region: regions.Region) -> str:
        """Return the code of a name, inside what the row or the area says."""
        name = values["name"]
        if not name:
            self.wrong("adcode", "neither a code nor a name")
            return ""
        given = values["prefecture"] or values["province"]
        found, said = set(), ""
        for within in [given] if given else region.provinces:
            try:
                code = places.resolve_place(name, within, "county", None, self.tables.folder)
                found.add(str(code))
                said = code.note
            except places.AmbiguousName as error:
                self.wrong("name", str(error))
                return ""
            except UnknownId as error:
                said = said or str(error)
        if len(found) != 1:
            shown = "; ".join(self.units.shown(code) for code in sorted(found))
            self.wrong("name", f"{name!r} is several counties: {shown}" if found else said)
            return ""
        code = found.pop()
        why = f"{self.units.shown(code)}{f'; {said}' if said else ''}"
        self.converted(name, code, why)
        return code

    def finish(self, mode: str) -> None:
        """Refuse what stands twice, sort, and complete areas that have no row."""
        seen: dict[tuple[object, object], int] = {}
        for row in self.table.rows:
            key = (row["region_id"], row["adcode"])
            if seen.setdefault(key, row.line) != row.line:
                self.number = row.line
                self.wrong("adcode", f"{key[0]} has {row['name']} twice, first in row {seen[key]}")
        if self.table.problems:
            return
        here = {row["region_id"] for row in self.table.rows}
        missing = [each for each in self.regions["region_id"] if each not in here]
        self.number, names = 1, ", ".join(missing)
        if mode == "complete":
            shipped = self.tables["membership"].rows
            self.table.rows += [row for row in shipped if row["region_id"] in missing]
            self.converted("", names, "areas without a row keep the shipped ones")
        else:
            self.converted(names, "", "areas without a row: no county is known of them")
        self.table.rows.sort(key=lambda row: (row["region_id"], row["adcode"]))


def tidy_code(text: object) -> tuple[str, str]:
    """Return a code as six digits and what was converted, or nothing and what is wrong."""
    shown = "" if text is None or text is pd.NA else str(text).strip()
    code = re.sub(r"\.0+$", "", shown)
    if re.fullmatch(r"[0-9]{6}", code):
        return code, "a code as a number" if code != shown else ""
    if re.fullmatch(r"[0-9]{6}0{6}", code):
        return code[:6], "a code of 12 digits, of the unit itself"
    return "", f"adcode is {shown[:20]!r}, expected six digits"


def follow(units: Units, code: str, year: int | None = None) -> tuple[str, str]:
    """Return the unit of the end of 2021 that a code means, and why; or nothing, and why not.

    Without a year a code that nobody holds in 2021 is its only holder's; several are refused.

    Examples
    --------
    >>> from laoqu import membership, succession
    >>> membership.follow(succession.units(), "451025")
    ('451081', '靖西县 (451025, 2002–2014) became 靖西市 451081 in 2015')
    """
    held = units.by_code.get(code, [])
    if units.holder(code, year or YEAR) or not held:
        lead, _ = units.trace(code, year or YEAR)
    elif len(held) > 1:
        who = "; ".join(map(str, held))
        return "", f"{code} is no unit of {year or YEAR}; it was {who}: say which by `code_date`"
    else:
        lead = units.lead(held[0])
    if lead.adcode:
        return lead.adcode, lead.reason
    reason = lead.reason or f"{code} leads to no one unit"
    return "", f"{code} is no unit of the end of {YEAR}: {reason}"
