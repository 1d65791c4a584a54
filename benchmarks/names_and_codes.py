"""Count how many historical names and code-years are answered right, refused, or wrong.

python benchmarks/names_and_codes.py CODES.csv

CODES.csv is the table of yescallop/areacodes (CC0): every code with its name, years and
successors. Its own succession is the truth; what it leaves open is not counted.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import laoqu as lq
from laoqu import succession

LAST = 2022


def main(path: Path) -> None:
    """Print the two tables of docs/panels.md."""
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "县级"]
    for number, row in enumerate(rows):
        row["id"], row["from"], row["to"] = number, int(row["start"]), int(row["end"] or 9999)
    held = defaultdict(list)
    for row in rows:
        held[row["adcode"]].append(row)

    @cache
    def heirs(number: int) -> frozenset[str]:
        """Return the units of 2021 that have the area of a unit, by the second source."""
        row = rows[number]
        if row["to"] >= LAST:
            return frozenset([row["adcode"]])
        found = set()
        for code in (part for part in row["new"].split(";") if re.fullmatch(r"\d{6}", part)):
            after = [r for r in held[code] if r["from"] <= row["to"] < r["to"] and r is not row]
            if not after:
                return frozenset()
            found |= heirs(after[0]["id"])
        return frozenset(found)

    names = Counter()
    asked = defaultdict(list)
    for row in (row for row in rows if row["from"] < LAST):
        asked[row["prov"], row["name"]].append(heirs(row["id"]))
    for (province, name), ends in asked.items():
        try:
            found = lq.resolve_place(name, within=province)
        except lq.LaoquError:
            names["refused"] += 1
            continue
        known = [end for end in ends if end]
        if not known:
            names["not counted"] += 1
        elif all(found in end for end in known):
            names["right"] += 1
        elif found.endswith("00") and all(c[:4] == found[:4] for end in known for c in end):
            names["right, the prefecture named after it"] += 1
        else:
            names["wrong"] += 1
    years, units = Counter(), succession.units()
    for row in rows:
        for year in range(row["from"], min(row["to"], LAST)):
            found = units.trace(row["adcode"], year)[0].adcode
            end = heirs(row["id"])
            if not found:
                years["refused"] += 1
            elif not end:
                years["not counted"] += 1
            else:
                years["right" if end == {found} else "wrong"] += 1
    for title, counts in (("names", names), ("code-years", years)):
        print(title, dict(counts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
