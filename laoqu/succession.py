"""Codes through the years: who held a code in which year, and where each unit led by 2021.

A unit is the same one where it has one successor, that successor has no other predecessor, and
nobody else took a part of it at the change. Mergers and splits are named and never followed. A
year means its 31 December, as in the yearly lists.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import paths, schema
from laoqu.errors import DataError

#: The year whose units the collection speaks of, and the first and last of the yearly lists.
YEAR, FIRST, LAST = 2021, 1980, 2025
TABLES = ("gazetteer", "gazetteer_history", "gazetteer_holder_doubts", "gazetteer_other_codes")


class Holder(NamedTuple):
    """A unit under one code and one name, with the first and last year of that."""

    code: str
    name: str
    level: str
    first: int
    last: int

    def __str__(self) -> str:
        years = f"{self.first}–{self.last}" if self.first < self.last else f"in {self.first}"
        years = f"until {self.last}" if self.first == FIRST else years
        years = f"since {self.first}" if self.last >= LAST else years
        return f"{self.name} ({self.code}, {years})"


class Lead(NamedTuple):
    """Where a holder led: ``status`` (same, followed, split, merged, later, unknown), why.

    ``adcode`` is the one unit of 2021 that it is, or empty (always when split, merged, unknown);
    ``heirs`` are all units of 2021 that have its area, as far as is known.
    """

    status: str
    adcode: str
    heirs: tuple[str, ...]
    reason: str


class Units:
    """All holders of codes since 1980, and how they became one another; get it from `units`."""

    def __init__(
        self, now: pd.DataFrame, history: pd.DataFrame, doubts: pd.DataFrame, other: pd.DataFrame
    ) -> None:
        self.name, self.level, self.parent = (
            dict(zip(now["adcode"], now[column], strict=True))
            for column in ("name", "level", "parent")
        )
        old = history[history["old_adcode"] != ""]
        columns = ["old_adcode", "old_name", "old_level", "old_valid_from", "old_valid_to"]
        held = set(old[columns].itertuples(index=False, name=None))
        stands = now[now["valid_to"].isna()].assign(last=LAST)
        columns = ["adcode", "name", "level", "valid_from", "last"]
        held |= set(stands[columns].itertuples(index=False, name=None))
        young = history[history["change_year"] > YEAR].assign(level="county", last=LAST)
        columns = ["new_adcode", "new_name", "level", "change_year", "last"]
        held |= set(young[columns].itertuples(index=False, name=None))
        self.by_code: dict[str, list[Holder]] = defaultdict(list)
        for code, name, level, first, last in sorted(held, key=lambda each: (each[0], each[3])):
            self.by_code[code].append(Holder(code, name, level, int(first), int(last)))
        #: What each holder became, with the year, and what became each holder.
        self.heirs: dict[Holder, list[tuple[Holder, int]]] = defaultdict(list)
        self.came_from: dict[Holder, set[Holder]] = defaultdict(set)
        for row in old[old["new_adcode"] != ""].itertuples():
            mine = self.holder(row.old_adcode, row.old_valid_to)
            heir = self.holder(row.new_adcode, row.change_year)
            self.heirs[mine].append((heir, int(row.change_year)))
            # One that stood already is a heir of itself: what joins it is merged.
            self.came_from[heir] |= {mine, heir} if heir.first < row.change_year else {mine}
        for row in other[other["decision"] == "same_unit"].itertuples():
            self.by_code[row.adcode].append(self.holder(row.ours, row.last))
        refused = doubts[doubts["decision"] == "refuse"]
        self._doubts = {code: list(rows.itertuples()) for code, rows in refused.groupby("adcode")}
        self._leads: dict[Holder, Lead] = {}

    def holder(self, code: str, year: int) -> Holder | None:
        """Return who held a code at the end of a year."""
        return next((h for h in self.by_code.get(code, ()) if h.first <= year <= h.last), None)

    def doubt(self, code: str, year: int) -> str:
        """Say whom two sources name as holder of a code in a year, if they contradict; else ""."""
        for row in self._doubts.get(code, ()):
            if row.first <= year <= row.last:
                return f"{code} was in {year} {row.ours} or {row.second}: {row.reason}"
        return ""

    def lead(self, holder: Holder) -> Lead:
        """Return where a holder led by the end of 2021."""
        if holder not in self._leads:
            self._leads[holder] = self._later(holder) if holder.first > YEAR else self._to(holder)
        return self._leads[holder]

    def _to(self, holder: Holder) -> Lead:
        if holder.last >= YEAR:
            return Lead("same", holder.code, (holder.code,), "")
        heirs = [heir for heir, _ in self.heirs.get(holder, ())]
        if not heirs:
            why = f"{holder} ended in {holder.last + 1}; no source names its successor"
            return Lead("unknown", "", (), why)
        codes = tuple(dict.fromkeys(code for heir in heirs for code in self.lead(heir).heirs))
        year, heir, lead = self.heirs[holder][0][1], heirs[0], self.lead(heirs[0])
        shown = ", ".join(f"{each.name} {each.code}" for each in heirs)
        if len(heirs) > 1:
            return Lead("split", "", codes, f"{holder} was split in {year}: {shown}")
        if heir.level == "prefecture" != holder.level and heir.code in self.parent.values():
            why = f"{holder} was raised to a city with counties in {year}: {shown}"
            return Lead("split", "", codes, why)
        if self.came_from[heir] != {holder} and lead.status != "split":
            return Lead("merged", "", codes, f"{holder} was merged into {shown} in {year}")
        why = f"{holder} became {shown} in {year}"
        if not lead.adcode:
            return lead._replace(reason=f"{why}; {lead.reason}")
        if heir.code != lead.adcode:
            why += f"; at the end of {YEAR} {self.name[lead.adcode]} {lead.adcode}"
        return Lead("same" if lead.adcode == holder.code else "followed", lead.adcode, codes, why)

    def _later(self, holder: Holder) -> Lead:
        """Lead a unit younger than 2021 back to the one unit of 2021 that it was."""
        before = sorted(self.came_from.get(holder, ()))
        if len(before) != 1 or len(self.heirs[before[0]]) != 1:
            was = ", ".join(map(str, before)) or "a new unit"
            why = f"{holder} is younger than {YEAR} and no one unit of then: {was}"
            return Lead("later", "", tuple(each.code for each in before), why)
        was = before[0].code
        why = f"{holder} was {before[0].name} ({was}) at the end of {YEAR}"
        return Lead("later", was, (was,), why)

    def trace(
        self, code: str, year: int | None = None, vintage: int = YEAR
    ) -> tuple[Lead, Holder | None]:
        """Return which unit of 2021 a code of a row means, and who held the code.

        The holder is that of the row's own year, also one that ended in the course of it; where
        the code was nobody's then, that of the vintage; without a year also the only one that ever
        had the code. What fits neither is ``other_holder``; a code of no list is ``unknown``.

        >>> units().trace("451025")[0].reason
        '靖西县 (451025, 2002–2014) became 靖西市 451081 in 2015'
        """
        held = self.by_code.get(code, [])
        if not held:
            return Lead("unknown", "", (), f"{code} is in no list since {FIRST}"), None
        for when in (vintage,) if year is None else (year, year - 1, vintage):
            holder = self.holder(code, when)
            if doubt := self.doubt(code, when) if holder or when == year else "":
                return Lead("other_holder", "", (), doubt), None
            if holder:
                return self._meant(code, holder)
        if held[0].first > YEAR or (year is None and len(held) == 1):
            return self._meant(code, held[0])
        lists = vintage if year is None else f"{year} or {vintage}"
        why = f"{code} was in no list of {lists}; it was {'; '.join(map(str, held))}"
        return Lead("other_holder", "", (), why), None

    def _meant(self, code: str, holder: Holder) -> tuple[Lead, Holder]:
        lead = self.lead(holder)
        if lead.status == "same" and code != lead.adcode:  # a code that only one source has
            lead = lead._replace(status="followed", reason=f"{code} was another code of {holder}")
        return lead, holder

    def above(self, code: str) -> list[str]:
        """Return the units of 2021 that a unit of 2021 lies in, nearest first."""
        found = []
        while code := self.parent.get(code, ""):
            found.append(code)
        return found

    def shown(self, code: str) -> str:
        """Return how a message names a unit of 2021: 中山区 (210202, 辽宁省大连市)."""
        above = "".join(self.name[each] for each in reversed(self.above(code)))
        return f"{self.name[code]} ({', '.join(part for part in (code, above) if part)})"


@lru_cache(maxsize=4)
def units(folder: Path | None = None) -> Units:
    """Return the holders of all codes since 1980.

    >>> known = units()
    >>> known.lead(known.holder("350321", 2000)).status
    'split'
    """
    tables = [schema.read(name, folder or paths.data()) for name in TABLES]
    if problems := [problem for table in tables for problem in table.problems]:
        raise DataError(problems)
    return Units(*(table.frame() for table in tables))
