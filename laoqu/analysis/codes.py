"""Codes of a panel's rows, from a column or by names of counties, and the units they mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from laoqu import succession
from laoqu.errors import LaoquError
from laoqu.own import code_of
from laoqu.places import Adcode, AmbiguousName, bears, resolve_place
from laoqu.spelling import TAIL, clean
from laoqu.succession import FIRST, LAST, YEAR, Holder, Units

#: Share of a column that must read as codes, names or years to be taken for them.
MOST = 0.8
#: A vintage is inferred where its list has this share of the codes.
VINTAGE_SHARE = 0.9
#: Fewer codes than this fit many years by chance: then all must, and the panel must reach the year.
VINTAGE_CODES = 10
#: An example in a message has at most so many characters.
SHOWN = 40

#: What was converted while a file was read: column, rows, how.
Notes = list[tuple[str, int, str]]


def codes_of(column: pd.Series, notes: Notes) -> pd.Series:
    """Return codes as text of six digits, NA where a value is none."""
    read = {value: code_of(value) for value in column.dropna().unique()}
    how = column.map({value: change for value, (_, change) in read.items()})
    for change, rows in column.groupby(how.fillna(code_of("")[1])):
        if change:
            notes.append((str(column.name), len(rows), f"{change}: {examples(rows)}"))
    return column.map({v: code for v, (code, _) in read.items() if code}).astype("str")


def examples(values: pd.Series) -> str:
    """Return the first three values for a message, none of them long."""
    return ", ".join(str(value)[:SHOWN] for value in values.dropna().drop_duplicates().head(3))


def codes_of_names(
    frame: pd.DataFrame, name: str, years: pd.Series, units: Units
) -> tuple[pd.Series, pd.DataFrame]:
    """Return the code that each row's county had in its year, NA where the name is not one county.

    Names are read within the province and, where several of it bear one, the city that other
    columns hold. A county that has since become part of another is not that other one. The second
    frame has a row for each name without a code: ``name``, ``reason``.
    """
    above = _above(frame.drop(columns=name), units)
    named, lines = defaultdict(list), defaultdict(list)
    for holder in units.holders:
        named[holder.name].append(holder)
        lines[holder.lead.adcode].append(holder)
    keys = frame[[*above, name]].astype("str").fillna("").assign(year=years)
    found, lost, unknown = {}, {}, set()
    for key in keys.drop_duplicates().dropna(subset="year").itertuples(index=False, name=None):
        *within, text, year = key
        shown = "".join([*within, text])
        if shown in unknown:
            continue
        try:
            code = _resolved(text, list(filter(None, within)), int(year))
        except LaoquError as error:
            lost[shown] = str(error)
            if not isinstance(error, AmbiguousName):  # no other year makes it known
                unknown.add(shown)
            continue
        then = [holder for holder in lines[code] if holder.first <= year <= holder.last]
        if then and _is_it(then[0], text, named[clean(text)], code, year):
            found[key] = then[0].code
        else:
            lost[shown] = f"{text} was no unit of its own in {year}: {code.note or code.name}"
    codes = [found.get(key) for key in keys.itertuples(index=False, name=None)]
    unresolved = pd.DataFrame(list(lost.items()), columns=["name", "reason"])
    return pd.Series(codes, frame.index).astype("str"), unresolved


def _above(frame: pd.DataFrame, units: Units) -> list[str]:
    """Return the column of provinces and the column of cities, as far as there are such."""
    found = []
    for level in ("province", "prefecture"):
        names = {holder.name for holder in units.holders if holder.level == level}
        begins = {name[:end] for name in names for end in range(2, len(name) + 1)}
        for column in frame.select_dtypes(include=["object", "str", "string"]):
            values = frame[column].dropna().drop_duplicates().astype(str).map(clean)
            if column not in found and values.isin(begins).mean() >= MOST:
                found.append(column)
                break
    return found


def _resolved(text: str, within: Sequence[str], year: int) -> Adcode:
    """Return the county of 2021 that a name means: within the province, the year, then the city."""
    *ways, last = [(place, when) for place in within or [None] for when in (None, year)]
    for place, when in ways:
        try:
            return resolve_place(text, place, "county", when)
        except AmbiguousName:
            continue
    return resolve_place(text, last[0], "county", last[1])


def _is_it(then: Holder, text: str, named: list[Holder], code: str, year: int) -> bool:
    """Whether the unit of that year is the one named, not one that took it over later."""
    exact = [h for h in named if h.first <= year <= h.last and h.code[:2] == code[:2]]
    if exact:
        return then in exact
    return not code.note or TAIL.sub("", then.name) == TAIL.sub("", clean(text))


def vintage_of(pairs: pd.DataFrame, units: Units) -> tuple[int, str]:
    """Return the year whose list has nearly all codes that are not of their own year."""
    known = pairs.dropna()
    codes, years = set(known["code_in_panel"]), known["year"].astype(int)
    held = (
        {y for h in units.by_code.get(c, ()) for y in range(h.first, h.last + 1)} for c in codes
    )
    lists = Counter(year for each in held for year in each)
    most = max(lists.values(), default=0)
    tied = [year for year in range(FIRST, LAST + 1) if lists[year] == most]
    # Of equal years: 2021, which the collection speaks of, else the last the panel reaches.
    last = years.max() if len(years) else YEAR
    year = YEAR if YEAR in tied else max((y for y in tied if y <= last), default=tied[0])
    share = most / max(len(codes), 1)
    few = len(codes) < 3 * VINTAGE_CODES and share < 1
    reached = len(years) and years.min() - 1 <= year <= years.max() + 1
    if share < VINTAGE_SHARE or few or (len(codes) < VINTAGE_CODES and not reached):
        return YEAR, f"taken: no year's list has nearly all of the {len(codes):,} codes"
    return year, f"inferred: its list has {share:.1%} of {len(codes):,} codes"


def traced(pairs: pd.DataFrame, units: Units, vintage: int) -> pd.DataFrame:
    """Return for each code and year the unit of 2021, how it was reached, and why not."""
    rows = []
    for code, year in pairs.itertuples(index=False):
        if pd.isna(code) or pd.isna(year):
            rows.append([code, year, None, "unknown", "no code or no year", "", False, False])
            continue
        lead, holder = units.trace(code, int(year), vintage)
        level = holder.level if holder else ""
        own = bool(holder and holder.first <= year <= holder.last)
        fits = bool(units.holder(code, vintage))
        rows.append([code, year, lead.adcode or None, lead.status, lead.reason, level, own, fits])
    columns = [*pairs, "county_code", "code_status", "reason", "level", "own", "fits"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype({"year": "Int64", "code_in_panel": "str", "county_code": "str"})
    # A panel of frozen codes has more of them in the vintage than in their own years.
    frozen = table["fits"].sum() >= table["own"].sum()
    order = ["fits", "own"] if frozen else ["own", "fits"]
    found = table.dropna(subset="county_code").sort_values(order, ascending=False, kind="stable")
    for index, row in found[found.duplicated(["county_code", "year"])].iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "code_status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def contradictions(
    data: pd.DataFrame, name: str | None, folder: Path, vintage: int
) -> pd.DataFrame:
    """Return the codes whose name in the file is no name of the unit that holds the code."""
    columns = ["code_in_panel", "name_in_file", "holder", "first_year", "last_year", "rows"]
    found, owner, units = [], defaultdict(set), succession.units(folder)
    for holder in units.holders:
        owner[holder.name].add(holder.code)
    seen = data[["code_in_panel", "year", *([name] if name else [])]].dropna()
    for (code, text), years in seen.groupby(["code_in_panel", name])["year"] if name else ():
        plain, held = clean(str(text)), units.by_code.get(code, [])
        if held and not bears(code, plain, folder):
            at = units.trace(code, int(years.min()), vintage)[1] or held[-1]
            whose = ", ".join(sorted(c for c in owner[plain] if c[:2] == code[:2])[:3])
            span = int(years.min()), int(years.max()), len(years)
            found.append([code, text, str(at), *span, whose])
    return pd.DataFrame(found, columns=[*columns, "name_is_of"])
