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
        self, gazetteer: pd.DataFrame, history: pd.DataFrame, doubts: pd.DataFrame
    ) -> None:
        self.name = dict(zip(gazetteer["adcode"], gazetteer["name"], strict=True))
        self.level = dict(zip(gazetteer["adcode"], gazetteer["level"], strict=True))
        self.parent = dict(zip(gazetteer["adcode"], gazetteer["parent"], strict=True))
        self._parents = set(self.parent.values())
        old = history[history["old_adcode"] != ""]
        spans = zip(old["old_valid_from"], old["old_valid_to"], strict=True)
        found = {
            Holder(row.old_adcode, row.old_name, row.old_level, int(first), int(last))
            for row, (first, last) in zip(old.itertuples(), spans, strict=True)
        }
        ended = {(h.code, h.name, h.last) for h in found}
        for unit in gazetteer.itertuples():
            last = LAST if pd.isna(unit.valid_to) else int(unit.valid_to)
            if (unit.adcode, unit.name, last) not in ended:
                found.add(Holder(unit.adcode, unit.name, unit.level, int(unit.valid_from), last))
        known = {(h.code, h.name) for h in found if h.last > YEAR}
        for row in history[history["change_year"] > YEAR].itertuples():
            if row.new_adcode and (row.new_adcode, row.new_name) not in known:
                level = row.old_level or "county"
                found.add(Holder(row.new_adcode, row.new_name, level, int(row.change_year), LAST))
        self.by_code: dict[str, list[Holder]] = defaultdict(list)
        for holder in sorted(found, key=lambda h: (h.code, h.first)):
            self.by_code[holder.code].append(holder)
        self._link(old)
        self._doubts: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for row in doubts[doubts["decision"] == "refuse"].itertuples():
            text = f"{row.ours} or {row.second}: {row.reason}"
            self._doubts[row.adcode].append((row.first, row.last, text))
        self._leads: dict[Holder, Lead] = {}

    def _link(self, old: pd.DataFrame) -> None:
        """Join holders to their heirs, and heirs to all that went into them."""
        self.heirs: dict[Holder, list[tuple[Holder, int]]] = defaultdict(list)
        self.came_from: dict[Holder, set[Holder]] = defaultdict(set)
        for row in old.itertuples():
            mine = self.named(row.old_adcode, row.old_name, int(row.old_valid_to))
            heir = self.named(row.new_adcode, row.new_name, int(row.change_year))
            if heir is None:
                continue
            self.heirs[mine].append((heir, int(row.change_year)))
            self.came_from[heir].add(mine)
            if heir.first < row.change_year:
                self.came_from[heir].add(heir)  # it stood already: what joins it is merged

    def named(self, code: str, name: str, year: int) -> Holder | None:
        """Return who held a code under a name at the end of a year."""
        held = self.by_code.get(code, ())
        return next((h for h in held if h.name == name and h.first <= year <= h.last), None)

    def holder(self, code: str, year: int) -> Holder | None:
        """Return who held a code at the end of a year."""
        return next((h for h in self.by_code.get(code, ()) if h.first <= year <= h.last), None)

    def doubt(self, code: str, year: int) -> str:
        """Say whom two sources name as holder of a code in a year, if they contradict; else ""."""
        texts = [text for first, last, text in self._doubts.get(code, ()) if first <= year <= last]
        return f"{code} was in {year} {texts[0]}" if texts else ""

    def lead(self, holder: Holder) -> Lead:
        """Return where a holder led by the end of 2021."""
        if holder not in self._leads:
            self._leads[holder] = self._later(holder) if holder.first > YEAR else self._to(holder)
        return self._leads[holder]

    def _to(self, holder: Holder) -> Lead:
        if holder.last >= YEAR:
            return Lead("same", holder.code, (holder.code,), "")
        heirs = self.heirs.get(holder, [])
        if not heirs:
            why = f"{holder} ended in {holder.last + 1}; no source names its successor"
            return Lead("unknown", "", (), why)
        leads = [self.lead(heir) for heir, _ in heirs]
        codes = tuple(dict.fromkeys(code for lead in leads for code in lead.heirs))
        year = heirs[0][1]
        shown = ", ".join(f"{heir.name} {heir.code}" for heir, _ in heirs)
        if len(heirs) > 1:
            return Lead("split", "", codes, f"{holder} was split in {year}: {shown}")
        heir, lead = heirs[0][0], leads[0]
        if heir.level == "prefecture" != holder.level and heir.code in self._parents:
            why = f"{holder} was raised to a city with counties in {year}: {shown}"
            return Lead("split", "", codes, why)
        if len(self.came_from[heir] - {holder}) and lead.status != "split":
            return Lead("merged", "", codes, f"{holder} was merged into {shown} in {year}")
        if lead.status in ("same", "followed"):
            status = "same" if lead.adcode == holder.code else "followed"
            since = "" if heir.code == lead.adcode else f"; at the end of {YEAR} "
            since += since and f"{self.name[lead.adcode]} {lead.adcode}"
            return Lead(status, lead.adcode, codes, f"{holder} became {shown} in {year}{since}")
        return lead._replace(reason=f"{holder} became {shown} in {year}; {lead.reason}")

    def _later(self, holder: Holder) -> Lead:
        """Lead a unit younger than 2021 back to the one unit of 2021 that it was."""
        before = self.came_from.get(holder, set())
        if len(before) != 1 or len(self.heirs[next(iter(before))]) != 1:
            was = ", ".join(map(str, sorted(before))) or "a new unit"
            codes = tuple(h.code for h in sorted(before))
            why = f"{holder} is younger than {YEAR} and no one unit of then: {was}"
            return Lead("later", "", codes, why)
        was = next(iter(before))
        if was.first > YEAR:
            return self.lead(was)
        code = was.code if was.last >= YEAR else ""
        why = f"{holder} was {was.name} ({was.code}) at the end of {YEAR}"
        return Lead("later", code, (was.code,), why)

    def trace(self, code: str, year: int, vintage: int = YEAR) -> tuple[Lead, Holder | None]:
        """Return which unit of 2021 a code of a row means, and who held the code.

        The holder is that of the row's own year, also one that ended in the course of it; where
        the code was nobody's then, that of the vintage. What fits neither is ``other_holder``; a
        code of no list is ``unknown``.
        """
        for when in (year, year - 1, vintage):
            holder = self.holder(code, when)
            doubt = self.doubt(code, when) if holder or when == year else ""
            if doubt:
                return Lead("other_holder", "", (), doubt), None
            if holder:
                return self.lead(holder), holder
        if held := self.by_code.get(code):
            if held[0].first > YEAR:
                return self.lead(held[0]), held[0]
            who = "; ".join(map(str, held))
            why = f"{code} was in no list of {year} or {vintage}; it was {who}"
            return Lead("other_holder", "", (), why), None
        return Lead("unknown", "", (), f"{code} is in no list since {FIRST}"), None

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
    >>> known.lead(known.holder("431121", 2020)).adcode
    '431181'
    >>> known.lead(known.holder("350321", 2000)).status
    'split'
    """
    names = ("gazetteer", "gazetteer_history", "gazetteer_holder_doubts")
    tables = [schema.read(name, folder or paths.data()) for name in names]
    if problems := [problem for table in tables for problem in table.problems]:
        raise DataError(problems)
    return Units(*(table.frame() for table in tables))
