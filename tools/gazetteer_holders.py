"""Who held which code in which years, and where each holder led by the end of 2021.

python tools/gazetteer_holders.py    # write data/built/gazetteer_holders.csv from the history

A unit is the same one where it has one successor, that successor has no other predecessor, and
nobody else took a part of it at the change. Mergers and splits are named and never followed. A
prefecture that a county succeeds is that county only where it had no counties of its own (东川市).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from functools import cached_property
from pathlib import Path

BUILT = Path(__file__).resolve().parents[1] / "data" / "built"
#: The year whose units the collection speaks of, and the first and last of the yearly lists.
YEAR, FIRST, LAST = 2021, 1980, 2025
COLUMNS = [
    "adcode", "name", "level", "first", "last", "status", "adcode_2021", "heirs", "became",
    "continues", "reason",
]  # fmt: skip
#: The last character of a name that says what kind of unit it is.
TAIL = "市县区旗"


class Holder:
    """A unit under one code and one name, its links to others, and where they lead."""

    def __init__(self, code: str, name: str, level: str, first: int, last: int, known: Known):
        self.code, self.name, self.level, self.first, self.last = code, name, level, first, last
        self.known = known
        self.heirs: list[Holder] = []
        self.came_from: set[Holder] = set()

    def __str__(self) -> str:
        years = f"{self.first}–{self.last}" if self.first < self.last else f"in {self.first}"
        years = f"until {self.last}" if self.first == FIRST else years
        years = f"since {self.first}" if self.last >= LAST else years
        return f"{self.name} ({self.code}, {years})"

    @cached_property
    def dissolved(self) -> list[Holder]:
        """The counties of a prefecture that none succeeds: 莱芜市 was 莱城区 and 钢城区."""
        if self.level != "prefecture" or {heir.level for heir in self.heirs} - {"county"}:
            return []
        held = (self.known.holder(code, self.last) for code in sorted(self.known.by_code))
        return [each for each in held if each and each.code[:4] == self.code[:4] and each != self]

    @cached_property
    def lead(self) -> tuple[str, str, list[str], str]:
        """Status, the one unit of 2021 that it is, all that have its area, and why."""
        if self.first > YEAR:
            return self._later()
        if self.last >= YEAR:
            return "same", self.code, [self.code], ""
        ends, year = self.dissolved or self.heirs, self.last + 1
        codes = list(dict.fromkeys(code for each in ends for code in each.lead[2]))
        now = ", ".join(f"{self.known.names[code]} {code}" for code in codes)
        if not self.heirs:
            why = f"{self} ended in {year}, and no source names its successor"
            known = ends and all(each.lead[2] for each in ends)
            return "unknown", "", [], f"{why}; its counties are in {YEAR}: {now}" if known else why
        if self.dissolved:
            return "split", "", codes, f"{self} ended in {year}; its counties are in {YEAR}: {now}"
        heir, shown = self.heirs[0], ", ".join(f"{each.name} {each.code}" for each in self.heirs)
        if len(self.heirs) > 1:
            later = "" if {each.code for each in self.heirs} == {*codes} else f"; in {YEAR}: {now}"
            return "split", "", codes, f"{self} was split in {year}: {shown}{later}"
        if heir.level == "prefecture" != self.level and heir.code in self.known.parents:
            why = f"{self} was raised to a city with counties in {year}: {shown}"
            return "split", "", codes, why
        status, adcode, _, reason = heir.lead
        merged = heir.came_from != {self} and status != "split"
        why = f"{self} was merged into {shown}" if merged else f"{self} became {shown}"
        why += f" in {year}"
        if len(codes) == 1 and heir.code != codes[0] and (merged or adcode):
            why += f"; at the end of {YEAR} {self.known.names[codes[0]]} {codes[0]}"
        if merged:
            return "merged", "", codes, why if len(codes) == 1 else f"{why}; {reason}"
        if not adcode:
            return status, "", codes, f"{why}; {reason}"
        return "same" if adcode == self.code else "followed", adcode, codes, why

    def _later(self) -> tuple[str, str, list[str], str]:
        """Lead a unit younger than 2021 back to the one unit of 2021 that it was."""
        before = sorted(self.came_from, key=lambda each: (each.code, each.first))
        if len(before) != 1 or len(before[0].heirs) != 1:
            was = ", ".join(map(str, before)) or "a new unit"
            why = f"{self} is younger than {YEAR} and no one unit of then: {was}"
            return "later", "", [each.code for each in before], why
        was = before[0].code
        why = f"{self} was {before[0].name} ({was}) at the end of {YEAR}"
        return "later", was, [was], why

    @property
    def bearers(self) -> list[Holder]:
        """The parts of a split that bear its name on, none where that could be another unit's.

        庐山市 is 星子县 after 庐山区, whose code 濂溪区 kept; 江北区 stood before 江北县 was split.
        """
        parts = [each for each in self.heirs if carries_on(each.name, self.name)]
        if any(each.code == self.code and each not in parts for each in self.heirs):
            return []
        before = {each: {o for o in each.came_from if o.last == self.last} for each in parts}
        whole = {each: any(o.heirs == [each] for o in before[each]) for each in parts}
        return [each for each in parts if each.first > self.last and not whole[each]]

    @property
    def continues(self) -> str:
        """The unit of 2021 that carries it on: through mergers, and splits by name; or nothing."""
        end = self
        while end.last < YEAR and not end.dissolved:
            heirs = end.bearers if len(end.heirs) > 1 else end.heirs
            if len(heirs) != 1 or heirs[0].lead[0] == "unknown":
                break
            (end,) = heirs
        code = end.lead[1] if end.first > YEAR else end.code
        return code if end.last >= YEAR else ""


def carries_on(name: str, earlier: str) -> bool:
    """Whether a part bears the name of the whole: 沙县 after 沙县, 达川区 after 达县."""
    grown = len(earlier) == 2 and earlier[1] == "县" and name[0] == earlier[0]
    return grown or bare(name) == bare(earlier)


def bare(name: str) -> str:
    return name[:-1] if name[-1] in TAIL and len(name) > 2 else name


class Known:
    """All holders, from the units of 2021 and the history of changes."""

    def __init__(self, units: list[dict[str, str]], history: list[dict[str, str]]) -> None:
        self.names = {row["adcode"]: row["name"] for row in units}
        self.parents = {row["parent"] for row in units}
        old = [row for row in history if row["old_adcode"]]
        held = {(row["old_adcode"], row["old_name"], row["old_level"],
                 int(row["old_valid_from"]), int(row["old_valid_to"])) for row in old}  # fmt: skip
        held |= {(row["adcode"], row["name"], row["level"], int(row["valid_from"]), LAST)
                 for row in units if not row["valid_to"]}  # fmt: skip
        held |= {(row["new_adcode"], row["new_name"], "county", int(row["change_year"]), LAST)
                 for row in history if int(row["change_year"]) > YEAR}  # fmt: skip
        self.by_code: dict[str, list[Holder]] = defaultdict(list)
        for each in sorted(held, key=lambda each: (each[0], each[3])):
            self.by_code[each[0]].append(Holder(*each, self))
        for row in old:
            if not row["new_adcode"]:
                continue
            year = int(row["change_year"])
            mine = self.holder(row["old_adcode"], year - 1)
            heir = self.holder(row["new_adcode"], year)
            mine.heirs.append(heir)
            # One that stood already is a heir of itself: what joins it is merged.
            heir.came_from |= {mine, heir} if heir.first < year else {mine}

    def holder(self, code: str, year: int) -> Holder | None:
        """Return who held a code at the end of a year."""
        return next((h for h in self.by_code.get(code, ()) if h.first <= year <= h.last), None)


def read(name: str) -> list[dict[str, str]]:
    with (BUILT / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table() -> str:
    """Return the text of ``gazetteer_holders.csv``."""
    known, out = Known(read("gazetteer"), read("gazetteer_history")), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for holder in (each for code in sorted(known.by_code) for each in known.by_code[code]):
        status, adcode, heirs, reason = holder.lead
        became = ";".join(dict.fromkeys(each.code for each in holder.heirs))
        writer.writerow(
            [holder.code, holder.name, holder.level, holder.first, holder.last, status, adcode,
             ";".join(heirs), became, holder.continues, reason]
        )  # fmt: skip
    return out.getvalue()


if __name__ == "__main__":
    (BUILT / "gazetteer_holders.csv").write_text(table(), encoding="utf-8", newline="\n")
