"""Codes through the years: who held a code in which year, and where each unit led by 2021.

Mergers and splits are named and never followed; ``tools/gazetteer_holders.py`` has the rules. A
year means its 31 December, as in the yearly lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from laoqu import paths, schema
from laoqu.errors import DataError

#: The year whose units the collection speaks of, and the first and last of the yearly lists.
YEAR, FIRST, LAST = 2021, 1980, 2025
TABLES = ("gazetteer", "gazetteer_holders", "gazetteer_holder_doubts", "gazetteer_other_codes")


class Lead(NamedTuple):
    """Where a unit led: ``status`` (same, followed, split, merged, later, unknown), why.

    ``adcode`` is the one unit of 2021 that it is, or empty (always when split, merged, unknown);
    ``heirs`` are all units of 2021 that have its area, as far as is known.
    """

    status: str
    adcode: str
    heirs: tuple[str, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Holder:
    """A unit under one code and one name, with the first and last year of that."""

    code: str
    name: str
    level: str
    first: int
    last: int
    lead: Lead
    #: The codes that it became, and the unit of 2021 that carries its name on.
    became: tuple[str, ...]
    continues: str

    def __str__(self) -> str:
        years = f"{self.first}–{self.last}" if self.first < self.last else f"in {self.first}"
        years = f"until {self.last}" if self.first == FIRST else years
        years = f"since {self.first}" if self.last >= LAST else years
        return f"{self.name} ({self.code}, {years})"

    def held(self, year: int) -> bool:
        """Whether it stood at the end of a year."""
        return self.first <= year <= self.last


class Units:
    """All holders of codes since 1980; get it from `units`."""

    def __init__(
        self, now: pd.DataFrame, held: pd.DataFrame, doubts: pd.DataFrame, other: pd.DataFrame
    ) -> None:
        self.name, self.level, self.parent = (
            dict(zip(now["adcode"], now[column], strict=True))
            for column in ("name", "level", "parent")
        )
        self.holders = [
            Holder(*row[:5], lead=Lead(*row[5:8], row[10]), became=row[8], continues=row[9])
            for row in held.astype({"first": int, "last": int}).itertuples(index=False, name=None)
        ]
        self.by_code: dict[str, list[Holder]] = defaultdict(list)
        #: Name → who bore it, also where only one source says so.
        self.named: dict[str, list[Holder]] = defaultdict(list)
        for holder in self.holders:
            self.by_code[holder.code].append(holder)
            self.named[holder.name].append(holder)
        for row in other[other["decision"] == "same_unit"].itertuples():
            self.by_code[row.adcode].append(self.holder(row.ours, row.last))
        self._doubts: dict[str, list[object]] = defaultdict(list)
        #: Another name that one source has for a unit → the unit, and what is in doubt.
        self.also: dict[str, tuple[Holder, str]] = {}
        for row in doubts.itertuples():
            if row.decision == "refuse":
                self._doubts[row.adcode].append(row)
            else:
                why = f"{row.ours} ({row.adcode}) is {row.second} in another source"
                self.also[row.second] = self.holder(row.adcode, row.last), why
                self.named[row.second].append(self.holder(row.adcode, row.last))

    @cached_property
    def names(self) -> dict[str, dict[str, set[str]]]:
        """The names of each level of units, with the codes that units of a name have had."""
        found = {holder.level: defaultdict(set) for holder in self.holders}
        for holder in self.holders:
            found[holder.level][holder.name].add(holder.code)
        return found

    def holder(self, code: str, year: int) -> Holder | None:
        """Return who held a code at the end of a year."""
        return next((each for each in self.by_code.get(code, ()) if each.held(year)), None)

    @cached_property
    def joined(self) -> dict[tuple[str, int], list[Holder]]:
        """Code and first year of who took others in, or parts, and kept the code, with those."""
        found = defaultdict(list)
        for each in self.holders:
            for heir in self.heirs(each) if each.last < YEAR else ():
                if heir and heir.code != each.code and heir.held(each.last):
                    found[heir.code, heir.first].append(each)
        return found

    def smaller(self, holder: Holder, year: int) -> str:
        """Say what a unit took in after a year under a code that it kept; else "".

        >>> units().smaller(units().holder("110101", 2005), 2005)
        '东城区 (110101, since 1980) took in 崇文区 (110103, until 2009) in 2010'
        """
        others = self.joined.get((holder.code, holder.first), ())
        found = [each for each in others if each.last >= year]
        part = {each: "a part of " * (len(each.became) > 1) for each in found}
        told = [f"{part[each]}{each} in {each.last + 1}" for each in found]
        return f"{holder} took in {', '.join(told)}" if told else ""

    def heirs(self, holder: Holder) -> list[Holder]:
        """Return what a holder became in the year after its last."""
        return [self.holder(code, holder.last + 1) for code in holder.became]

    def after(self, holder: Holder) -> Iterator[Holder]:
        """Yield all that a holder became, step by step."""
        for heir in self.heirs(holder):
            yield heir
            yield from self.after(heir)

    def doubt(self, code: str, year: int) -> str:
        """Say whom two sources name as holder of a code in a year, if they contradict; else ""."""
        for row in self._doubts.get(code, ()):
            if row.first <= year <= row.last:
                return f"{code} was in {year} {row.ours} or {row.second}: {row.reason}"
        return ""

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
                return _meant(code, holder)
        if held[0].first > YEAR or (year is None and len(held) == 1):
            return _meant(code, held[0])
        lists = vintage if year in (None, vintage) else f"{year} or {vintage}"
        why = f"{code} was in no list of {lists}; it was {'; '.join(map(str, held))}"
        return Lead("other_holder", "", (), why), None

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


def _meant(code: str, holder: Holder) -> tuple[Lead, Holder]:
    lead = holder.lead
    if lead.status == "same" and code != lead.adcode:  # a code that only one source has
        lead = lead._replace(status="followed", reason=f"{code} was another code of {holder}")
    return lead, holder


def units(folder: Path | None = None) -> Units:
    """Return the holders of all codes since 1980.

    >>> units().holder("350321", 2000).lead.status
    'split'
    """
    return _units(folder or paths.data())


@lru_cache(maxsize=4)
def _units(folder: Path) -> Units:
    tables = schema.Tables(folder)
    if problems := [problem for name in TABLES for problem in tables[name].problems]:
        raise DataError(problems)
    return Units(*map(tables.frame, TABLES))
