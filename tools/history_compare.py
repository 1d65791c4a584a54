"""Compare the links of the history with a second source, yescallop/areacodes (CC0).

python tools/history_compare.py CODES.csv   # count, and list the differences not yet decided

CODES.csv has a row for each unit with its code, name, first and last year and successors; it is
read where it lies and not copied. Links that differ from those of the packages are
in data/curated/gazetteer_history_differences.csv, each with a decision, which the build follows.
Codes that the two sources give to different units in a year are in
data/curated/gazetteer_holder_doubts.csv: nobody follows them without a name beside the code.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from pathlib import Path

from gazetteer_history import links_of_packages
from gazetteer_packages import CURATED, ROOT, VINTAGE, Packages, read_csv, short_name

from laoqu import succession

TABLE = CURATED / "gazetteer_history_differences.csv"
DOUBTS = CURATED / "gazetteer_holder_doubts.csv"
COLUMNS = ["old_adcode", "old_name", "change_year", "ours", "second", "decision", "reason"]
NOBODY = "no unit"
#: Years between which two sources may date one change apart.
APART = 2


def read_second(path: Path) -> list[dict]:
    """Return the county-level units of the second source that ended, with their final heirs."""
    units = [row for row in read_csv(path) if row["level"] == "县级"]
    standing = defaultdict(list)
    for row in units:
        row["start"], row["end"] = int(row["start"]), int(row["end"] or 9999)
        standing[row["adcode"]].append(row)
    ended = [row for row in units if row["end"] < 9999]
    for row in ended:
        # 130404[2014] is a part handed over in 2014; the unit itself went on.
        codes = [part for part in row["new"].split(";") if re.fullmatch(r"\d{6}", part)]
        heirs = []
        for code in codes:
            held = [u for u in standing[code] if u["start"] <= row["end"] < u["end"]]
            heirs.append((code, held[0]["name"] if held else ""))
        row["heirs"] = heirs
    return ended


def in_our_list(pk: Packages, year: int, code: str, name: str) -> str:
    """Return the code that our list of a year has for a unit of the second source."""
    listed = pk.years[year]
    if code in listed and listed[code].name == name:
        return code
    named = [c for c, u in listed.items() if u.name == name and u.level == "county"]
    near = [c for c in named if c[:2] == code[:2] or {c[:2], code[:2]} == {"50", "51"}]
    same_city = [c for c in near if c[:4] == code[:4]]
    for found in (same_city, near):
        if len(found) == 1:
            return found[0]
    return code if code in listed and not named else ""


def differences(pk: Packages, second: list[dict]) -> tuple[list[dict], dict[str, int]]:
    """Return every link on which the two sources differ, and how many links were compared."""
    links, counts = links_of_packages(pk), defaultdict(int)
    by_code, by_name = defaultdict(list), defaultdict(list)
    for year, code, name in links:
        by_code[code, name].append((year, code, name))
        by_name[code[:2], name].append((year, code, name))
    rows = []
    for unit in second:
        keys = by_code[unit["adcode"], unit["name"]] or by_name[unit["adcode"][:2], unit["name"]]
        keys = [key for key in keys if abs(key[0] - unit["end"]) <= APART]
        if not keys:
            counts["only in the second source"] += 1
            continue
        key = min(keys, key=lambda each: abs(each[0] - unit["end"]))
        year, code, name = key
        theirs = sorted({c for c in (in_our_list(pk, year, *h) for h in unit["heirs"]) if c})
        if len(theirs) < len(unit["heirs"]):
            counts["successor not in our list of the year"] += 1
            continue
        ours = sorted({c for c, _ in links[key]})
        if ours == theirs:
            counts["same"] += 1
            continue
        counts["different"] += 1
        rows.append(
            {
                "old_adcode": code, "old_name": name, "change_year": year,
                "ours": ";".join(ours), "second": ";".join(theirs),
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["change_year"], row["old_adcode"])), counts


def doubts(path: Path) -> list[dict]:
    """Return runs of years in which the two sources give a code to different units."""
    known, rows = succession.units(), {}
    for unit in read_csv(path):
        if unit["level"] != "县级":
            continue
        # The second source begins in 1981; what it has then is compared with our 1980 too.
        start = int(unit["start"]) - (unit["start"] == "1981")
        for year in range(start, min(int(unit["end"] or 9999), VINTAGE)):
            ours = known.holder(unit["adcode"], year)
            units = known.by_code.get(unit["adcode"], [])
            if ours:
                before = [each for each in known.holders if ours in known.heirs(each)]
                units = [ours, *known.heirs(ours), *before]
            if not units or _bears(units, unit["name"]):
                continue
            # Ours may have nobody under the code then, and another unit in other years.
            key = unit["adcode"], ours.name if ours else NOBODY, unit["name"]
            rows.setdefault(key, []).append(year)
    return [
        {
            "adcode": code, "first": str(min(years)), "last": str(max(years)), "ours": ours,
            "second": theirs,
        }
        for (code, ours, theirs), years in sorted(rows.items())
    ]  # fmt: skip


def _bears(units: list[succession.Holder], name: str) -> bool:
    """Whether one of these units bears a name, or a way to write it."""
    close = str.maketrans("濠砂咀襄鼓", "豪沙嘴樊古")
    names = {short_name(unit.name.translate(close)) for unit in units}
    return short_name(name.translate(close)) in names


def problems(found: list[dict], decided: list[dict]) -> list[str]:
    """Say which differences have no decision, and which decisions have no difference."""
    key = tuple(found[0])
    shown = {tuple(str(row[c]) for c in key) for row in found}
    known = {tuple(row[c] for c in key) for row in decided if row["decision"] and row["reason"]}
    # A row whose name the two sources write differently was found by reading, not by the rules.
    by_hand = {tuple(row[c] for c in key) for row in decided if "by hand" in row["reason"]}
    return sorted(
        [f"undecided: {row}" for row in shown - known]
        + [f"not a difference: {row}" for row in known - shown - by_hand]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("codes", type=Path, help="the table of the second source")
    options = parser.parse_args()
    pk = Packages(ROOT / ".build" / "gazetteer")
    found, counts = differences(pk, read_second(options.codes))
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    lines = problems(found, read_csv(TABLE)) + problems(doubts(options.codes), read_csv(DOUBTS))
    if lines:
        raise SystemExit("\n".join(lines))


if __name__ == "__main__":
    main()
