"""What became of the rows of a panel, and which names contradict their codes."""

from __future__ import annotations

import pandas as pd

from laoqu.spelling import TAIL, clean
from laoqu.succession import Units

STATUSES = ("same", "followed", "split", "merged", "other_holder", "later", "unknown")
LEVELS = {"county": "counties", "prefecture": "cities", "province": "provinces"}


class Report(pd.DataFrame):
    """What was read and what became of it: one row a finding, readable when printed."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        lines = []
        for row in self.itertuples():
            units = f", {row.units:,} units" if pd.notna(row.units) else ""
            shown = f": {row.detail}" if row.detail else ""
            lines.append(f"{row.what:<34}{row.rows:>9,} rows{units}{shown}")
        return "\n".join(lines)


def contradictions(
    data: pd.DataFrame, name: str | None, units: Units, vintage: int
) -> pd.DataFrame:
    """Return the codes whose name in the file is no name of the unit that holds the code."""
    columns = [
        "code_in_panel",
        "name_in_file",
        "holder",
        "first_year",
        "last_year",
        "rows",
        "name_is_of",
    ]
    if name is None:
        return pd.DataFrame(columns=columns)
    owner: dict[str, set[str]] = {}
    for held in units.by_code.values():
        for holder in held:
            owner.setdefault(holder.name, set()).add(holder.code)
    seen = data[["code_in_panel", "year", name]].dropna()
    groups = seen.groupby(["code_in_panel", name])["year"].agg(["min", "max", "size"])
    found = []
    for (code, text), (first, last, size) in zip(groups.index, groups.to_numpy(), strict=True):
        held = units.by_code.get(code, [])
        names = set()
        for holder in held:
            line = {
                holder,
                *units.came_from.get(holder, ()),
                *(h for h, _ in units.heirs.get(holder, ())),
            }
            names |= {h.name for h in line} | {
                units.name.get(c, "") for c in units.lead(holder).heirs
            }
        plain = clean(str(text))
        # The name may stand after those of its province and city: 甘肃省庆阳市环县.
        if not held or any(_alike(plain, each) for each in names if each):
            continue
        at = units.trace(code, int(first), vintage)[1] or held[-1]
        codes = sorted(c for c in owner.get(plain, ()) if c[:2] == code[:2])[:3]
        found.append([code, text, str(at), first, last, size, ", ".join(codes)])
    return pd.DataFrame(found, columns=columns)


def _alike(text: str, name: str) -> bool:
    """Whether a name in a file can stand for a unit's name: full, short, or after its city."""
    short = TAIL.sub("", name)
    bare = TAIL.sub("", text)
    if text.endswith(name) or bare == short:
        return True
    # 彭水县 for 彭水苗族土家族自治县; 前郭县 for 前郭尔罗斯蒙古族自治县.
    return len(bare) >= 2 and name.startswith(bare[:2]) and "自治" in name


def report(
    data: pd.DataFrame,
    rows: pd.DataFrame,
    conversions: list[tuple[str, int, str]],
    against: pd.DataFrame,
    units: Units,
) -> pd.DataFrame:
    """Return what was read, converted, followed and lost, one row a finding."""
    years = data["year"].dropna()
    span = f"{years.min()}–{years.max()}, {years.nunique()} years" if len(years) else ""
    levels = rows.drop_duplicates("code_in_panel")["level"].value_counts()
    kinds = ", ".join(f"{n:,} {LEVELS[level]}" for level, n in levels.items() if level in LEVELS)
    lines = [("read", len(data), data["code_in_panel"].nunique(), f"{span}; {kinds}")]
    lines += [(f"converted: {where}", n, pd.NA, text) for where, n, text in conversions]
    status = rows["status"].to_numpy()
    for kind in STATUSES:
        here = rows[status == kind]
        if here.empty:
            continue
        codes = here["code_in_panel"].dropna().drop_duplicates()
        shown = []
        for code in codes.head(3):
            row = here[here["code_in_panel"] == code].iloc[0]
            shown.append(row.reason or f"{code} {units.name.get(code, '')}")
        detail = "" if kind == "same" else "; ".join(shown)
        lines.append((f"code {kind}", len(here), len(codes), detail))
    keys = data[["code_in_panel", "year"]]
    if n := int((keys.duplicated(keep=False) & keys.notna().all(axis=1)).sum()):
        first = keys[keys.duplicated(keep=False)].iloc[0]
        detail = f"such as {first.iloc[0]} in {first.iloc[1]}"
        lines.append(("several rows of a code and year", n, pd.NA, detail))
    if len(against):
        shown = [
            f"{row.code_in_panel} {row.name_in_file}, the code of {row.holder}"
            for row in against.head(3).itertuples()
        ]
        n = int(against["rows"].sum())
        units_ = against["code_in_panel"].nunique()
        lines.append(("name contradicts the code", n, units_, "; ".join(shown)))
    return pd.DataFrame(lines, columns=["what", "rows", "units", "detail"])
