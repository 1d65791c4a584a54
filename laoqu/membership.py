"""A membership table of a reader's own: read as spreadsheets save it, every conversion reported.

Only the area and a code or a name are needed. Codes of another year are followed to the unit of the
end of 2021 where it is one and the same, and refused otherwise; names are compared with codes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import grid, own, places, regions, succession
from laoqu.errors import UnknownId, nearest, require
from laoqu.schema import Row, Table, Tables
from laoqu.succession import FIRST, LAST, YEAR, Holder

if TYPE_CHECKING:
    from laoqu.plan import Plan

CONFIDENCE = {"高": "high", "中": "medium", "低": "low", "": "high"}
#: A text of a reader's own is no link on a page.
BRACKETS = str.maketrans("[]", "［］")
#: A column that says whether a county is one of the areas, and how.
FLAG = re.compile(
    "老区|苏区|属于|成员|member|treat|处理组|对照组|^(?:did|laoqu|是否|dummy)$", re.IGNORECASE
)
#: What stands in front of a sum, or for all counties of a unit; 全州 is a county.
SUM = re.compile("[总合小]?计|[总合]数|全[国省市区]|sum|(?:sub)?total", re.IGNORECASE)
#: What stands between several names in one cell.
BETWEEN = re.compile("[、，,;；/／]")
YES, NO = ("是", "1", "yes", "y", "true", "√"), ("否", "0", "no", "n", "false", "×", "不是")


class RowError(Exception):
    """A row that cannot be used: the column and why."""


def read(path: Path, tables: Tables, mode: str = "only") -> tuple[Table, pd.DataFrame]:
    """Read a membership table of a reader's own: what is in it, and what was converted.

    Rows may stand in any order; columns are known by their names in ``own.toml``. `tables` are the
    data folder's own; `mode` says whether an area without a row stays empty ("only") or keeps the
    rows of the shipped table ("complete"). The table is as the shipped one, sorted, with every
    problem found; conversions are one row each.
    """
    require(mode, own.MODES, "membership_mode")
    notes = own.Notes(path)
    table = Table("membership", notes.file, tables["membership"].fields)
    cells = grid.cells(path, notes)
    _read_head(cells.iloc[0] if len(cells) else pd.Series(dtype="object"), notes, *cells.index[:1])
    _refuse_flags(cells.drop(columns=notes.columns.values()), notes)
    reader, seen = _Reader(tables, notes, path.name), {}
    given = cells.iloc[1:][list(notes.columns.values())].set_axis(list(notes.columns), axis=1)
    given = given.iloc[:0] if notes.problems() else given  # rows mean nothing without their head
    for number, row in given[given.ne("").any(axis=1)].iterrows():
        if notes.full:
            break
        try:
            values, holder = reader.read(number, dict.fromkeys(own.COLUMNS, "") | row.to_dict())
            held = seen.setdefault((values["region_id"], values["adcode"]), {})
            if held:
                _join(number, holder, values, held, notes)
            else:
                table.rows.append(Row(number, "", values))
            held[str(holder)] = number, holder, values
        except RowError as fault:
            notes.wrong(number, *fault.args)
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


def _read_head(head: pd.Series, notes: own.Notes, line: int = 1) -> None:
    """Find the columns, by their numbers in the file; one that two could be is refused."""
    unused = head.to_dict()
    for name, found in own.columns(head).items():
        used = {"code": "adcode"}.get(name, name)
        for at in head.index[found]:
            unused.pop(at, None)
            if notes.columns.setdefault(name, at) == at:
                notes.converted(line, head[at], used, "the name of a column")
            else:
                notes.wrong(line, name, f"{head[at]!r} is a second column for {name}")
    words = [word for each in own.COLUMNS.values() for word in each]
    for cell in unused.values():
        near = nearest(cell, words, cutoff=0.6)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        notes.converted(line, cell, "", f"a column that is not used{hint}")
    if "region_id" not in notes.columns or not {"code", "name"} & set(notes.columns):
        needed = "the column 'region_id' and the column 'adcode' or 'name' (see data/README.md)"
        found = f"found {', '.join(head) or 'no columns'}; expected {needed}"
        notes.wrong(line, "", f"{found}{grid.mend(notes.conversions()['why'])}")


def _refuse_flags(unused: pd.DataFrame, notes: own.Notes) -> None:
    """Refuse rows that a column of their own says are no members: 是否老区, 否."""
    for _, column in unused.items():
        said = column.iloc[1:].str.casefold()
        no = said.index[said.isin(NO)]
        if FLAG.search(column.iloc[0]) and len(no) and said.isin([*NO, *YES, ""]).all():
            why = f"{column.iloc[0]!r} says {column[no[0]]!r}: leave out rows that are none, and it"
            notes.wrong(no[0], "", why)


def _join(
    number: int,
    holder: Holder,
    values: dict[str, object],
    held: dict[str, tuple[int, Holder, dict[str, object]]],
    notes: own.Notes,
) -> None:
    """Make one row of units that are one at the end of 2021; refuse a unit in two rows."""
    row, _, first = next(iter(held.values()))
    units = [each for _, each, _ in held.values()]
    merged = [each.lead.reason for each in (holder, *units) if not each.lead.adcode]
    if str(holder) in held or not merged:
        row, _, _ = held.get(str(holder), (row, None, None))
        other = next((each.lead.reason for each in (holder, *units) if each.lead.reason), "")
        why = f" ({other})" if other else ""
        message = f"{values['region_id']} has {values['name']} twice, first in row {row}"
        raise RowError("code", f"{message}{why}: delete one of the two rows")
    first["confidence"] = max(
        first["confidence"], values["confidence"], key=regions.CONFIDENCE.index
    )
    why = f"{merged[0]}: one row of {values['name']}, with the lower confidence of the two"
    notes.converted(number, str(holder), f"row {row}", why)


def resting(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return the tables that rest on the membership of a plan, where this is a reader's own.

    Cities stay where an area has its shipped rows; the reach of segments is worked out anew.
    """
    areas = plan.regions().sort_values("region_id", ignore_index=True)
    cities, shipped = plan.table("city_membership"), plan.table("reach")
    ours = areas.loc[areas["counties_from"] == "", "region_id"]
    cities = cities[cities["region_id"].isin(ours)].reset_index(drop=True)
    places = regions.place_areas(plan.membership(), plan.gazetteer(), "low", cities)
    reach = regions.reach(plan.scopes(), plan.table("mentions"), places, plan.region_ids)
    reach = reach[shipped.columns].sort_values(["scope_id", "region_id", "via"], ignore_index=True)
    said = plan.table("corrections")  # of a place: it lies in no area
    said = said[~said["code"].isin(places["adcode"]) | said["region_ids"].str[0].ne("*")]
    tables = {"city_membership": cities, "corrections": said.reset_index(drop=True)}
    tables["regions"] = areas[plan.table("regions").columns]  # no notes on our counties
    return tables | {"reach": reach.astype(shipped.dtypes)}


class _Reader:
    """Reads rows: what is in their cells → what a row of the shipped table has."""

    def __init__(self, tables: Tables, notes: own.Notes, source: str) -> None:
        self.folder, self.notes, self.source = tables.folder, notes, source
        self.units, areas = succession.units(tables.folder), tables.frame("regions")
        self.area = cache(lambda name: regions.find(name, areas))
        self.inside = cache(lambda name: places.inside(name, tables.folder))

    def read(self, number: int, values: dict[str, str]) -> tuple[dict[str, object], Holder]:
        """Return the values of a row and the unit that it names, or raise what is wrong with it."""
        for column in ("region_id", "name"):
            if SUM.fullmatch(said := values[column]):
                raise RowError(column, f"{said!r} is no unit but their sum: leave the row out")
        if not values["region_id"]:
            why = "no area: write it into every row (merged cells hold it in the first alone)"
            raise RowError("region_id", why)
        try:
            area = self.area(values["region_id"])
        except UnknownId as error:
            several = BETWEEN.split(values["region_id"])
            why = f"{len(several)} areas in one cell: write a row for each"
            raise RowError("region_id", why if len(several) > 1 else str(error)) from None
        units, year = self.units, _year(said := values["code_date"])
        if year is not None and not FIRST <= year <= LAST:
            why = f"no list of codes is of this year ({FIRST} to {LAST}): the date is not used"
            self.notes.converted(number, said, "", why)
            year = None
        elif not re.fullmatch(r"\d{4}-\d\d-\d\d.*", said):
            self.notes.converted(number, said, str(year or ""), "a date: its year is used")
        name = own.name_of(values["name"])
        self.notes.converted(number, values["name"], name, "the sign of a footnote")
        written, values["name"] = values.pop("code"), name
        if written:
            code, why, holder = self._coded(written, name, year)
            self.notes.converted(number, written, code, why)
            earlier = [held for held in units.by_code[code] if held.name == name]
            why = earlier[0].lead.reason if earlier else "the name of the unit in full"
            self.notes.converted(number, name or units.name[code], units.name[code], why)
        else:
            code, why, holder = self._named(values, area, year)
            self.notes.converted(number, name, code, why)
        self._compare(number, code, values)
        unit, level = units.name[code], units.level[code]
        self.notes.converted(number, values["region_id"], area["region_id"], "the area's id")
        if year and (larger := units.smaller(holder, year)):
            self.notes.converted(number, str(holder), code, larger)
        above = [units.name[each] for each in units.above(code)]
        if level == "province" or (level == "prefecture" and code in units.parent.values()):
            raise RowError("code", f"{units.shown(code)} is no county: list its counties")
        confidence = values["confidence"].lower()
        confidence = CONFIDENCE.get(confidence, confidence)
        if confidence not in regions.CONFIDENCE:
            message = f"found {confidence!r}, expected high, medium or low"
            raise RowError("confidence", message)
        if above and above[-1] not in area["provinces"]:
            why = f"{above[-1]} is no province in which counties of the area are known"
            self.notes.converted(number, f"{area['name_zh']} {unit}", "kept", why)
        city = above[0] if len(above) > 1 else unit * (level == "prefecture")
        for column in ("source", "source_quote", "note"):
            said = values.get(column, "").translate(BRACKETS)
            self.notes.converted(number, values.get(column, ""), said, "or it might be a link")
            values[column] = said
        values |= {
            "region_id": area["region_id"],
            "adcode": code,
            "code_date": f"{YEAR}-12-31",
            "name": unit,
            "prefecture": city,
            "province": above[-1] if above else "",
            "confidence": confidence,
            "source": values["source"] or self.source,
        }
        return values, holder

    def _known(self, name: str) -> bool:
        """Say whether a name is a place's, whichever."""
        try:
            return bool(places.resolve_place(name, None, None, None, self.folder))
        except UnknownId as error:
            return isinstance(error, places.AmbiguousName)

    def _compare(self, number: int, code: str, values: dict[str, str]) -> None:
        """Refuse a row that puts a county into a city or province in which it never lay."""
        for column in ("prefecture", "province"):
            given = values[column]
            try:
                inside = self.inside(given) if given else None
            except UnknownId:
                why = "no city or province by this name: not compared with the county"
                self.notes.converted(number, given, "", why)
                continue
            unit = self.units.holder(code, YEAR)
            if inside is not None and not places.lies_in(unit, inside, self.folder):
                held = self.units.shown(code)
                raise RowError(column, f"the {column} is {given!r}, the county is {held}")

    def _coded(self, text: str, name: str, year: int | None) -> tuple[str, str, Holder]:
        """Return the unit of 2021 that a code means, why, and who held the code."""
        code, why = own.unit_code(text)
        if not code:
            below = own.code_of(text)[1] == own.TOWNSHIP
            what = f"{own.TOWNSHIP}, " if below else ""
            raise RowError("code", f"{why} {what}expected six digits")
        lead, holder = self.units.trace(code, year)
        if not lead.adcode:
            message = f"{code} is no unit of the end of {YEAR}: {lead.reason}"
            if lead.status == "merged":
                whole = ", ".join(map(self.units.shown, lead.heirs))
                message += f"; if the whole is in the area, list it once in its place: {whole}"
            raise RowError("code", message)
        if name and not places.bears(holder, name, self.folder):
            held = self.units.shown(lead.adcode)
            raise RowError("name", f"the code {code} is {held}, the name says {name!r}")
        return lead.adcode, lead.reason or why, holder

    def _named(
        self, values: dict[str, str], area: dict[str, object], year: int | None
    ) -> tuple[str, str, Holder]:
        """Return the unit of a name inside what the row or the area says, why, and who bore it."""
        if not values["name"]:
            raise RowError("name", "neither a code nor a name")
        above = values["prefecture"] or values["province"]
        within = above or area["provinces"]
        try:
            code = places.resolve_place(values["name"], within, "county", year, self.folder)
        except UnknownId as error:
            if isinstance(error, places.AmbiguousName):
                error.advice = error.advice and "give its city or its code"
            said, several = str(error), BETWEEN.split(values["name"])
            if len(several) > 1 and any(map(self._known, several)):
                said = f"{len(several)} counties in one cell: write a row for each"
            with suppress(UnknownId):
                if not above and places.resolve_place(values["name"], None, "county", year):
                    said += "; if that is meant, give its code, or its province in a column 省"
            raise RowError("name", said) from None
        # A list of areas has 延安 for the city, not for the district that was 延安市.
        also = [each for each in places.cities(values["name"], year or YEAR, self.folder)
                if each.code != code and not values["prefecture"]]  # fmt: skip
        if also:
            found = f"{values['name']!r} may be {also[0].name} or {self.units.shown(code)}"
            raise RowError("name", f"{found}: name its counties, or write the county in full")
        told = [self.units.shown(code), code.note]
        if not code.holder.lead.adcode:
            told.append(f"the whole of {code.name} is then in the area")
        if not above and (several := self._namesakes(values["name"], code, year)):
            told.append(f"the only one of {several} in the provinces of {area['name_zh']}")
        return str(code), "; ".join(filter(None, told)), code.holder

    def _namesakes(self, name: str, code: str, year: int | None) -> int:
        """Return of how many units a name is that the name alone does not settle, else 0."""
        try:
            alone = places.resolve_place(name, None, "county", year, self.folder)
        except UnknownId as error:
            several = isinstance(error, places.AmbiguousName) and not error.why
            return len(error.suggestions) if several else 0
        return 0 if alone == code else 2


def _year(text: str) -> int | None:
    """Return the year of a date as people and spreadsheets write it, which count days too."""
    if text.removesuffix(".0").isdecimal() and len(text) >= 5 and text[0] in "34":
        text = (pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(text[:5]))).isoformat()
    year, _ = own.year_of(text)
    if text and year is None:
        why = f"found {text!r}, expected a date since 1949 such as 2021-12-31"
        raise RowError("code_date", why)
    return year
