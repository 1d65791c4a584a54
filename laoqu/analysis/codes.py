"""Codes of a panel's rows, from a column or by names of counties, and the units they mean."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from functools import cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu import succession
from laoqu.errors import LaoquError
from laoqu.own import OF_PANELS, code_of, columns, heading_of, name_of
from laoqu.places import Adcode, AmbiguousName, Question, answered, bare, bears, inside, lies_in
from laoqu.sheets import texts
from laoqu.spelling import TAIL, clean
from laoqu.succession import FIRST, LAST, YEAR, Holder, Lead, Units

#: Share of a column that must read as codes, names or years to be taken for them.
MOST = 0.8
#: A vintage is inferred where its list has this share of the codes.
VINTAGE_SHARE = 0.9
#: Fewer codes than this fit many years by chance: then all must, and the panel must reach the year.
VINTAGE_CODES = 10
#: So many values of a column are looked at to find out what it holds; to so many unknown names the
#: nearest ones, which take time to find, are told.
SAMPLE, HINTS = 400, 100
#: What files write where no city, or no one province, is meant: it narrows nothing.
NO_PLACE = re.compile("(?:省|自治区)?直[辖管属].*|市辖区|[县市]|全[国省市区]|[合总]计|[-—.…]*")
#: An example in a message has at most so many characters.
SHOWN = 40

#: What was converted while a file was read: column, rows, how.
Notes = list[tuple[str, int, str]]


def called(kind: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that are called as files of this kind call codes, years, names …."""
    return [frame.columns[at] for at in columns(map(name_of, frame), OF_PANELS)[kind]]


def sample(column: pd.Series) -> pd.Series:
    """Return the values of a column that are looked at to find out what it holds."""
    return column.dropna().drop_duplicates().head(SAMPLE)


def code_column(
    frame: pd.DataFrame, year: str | int | None, units: Units, notes: Notes
) -> str | None:
    """Return the column that holds codes: by content first, by its name among several.

    One that is not called so must also be like codes: they come again each year, and are those of
    the names beside them. Numbers of six digits can look like codes.
    """
    codes = {c: [code_of(value)[0] for value in sample(frame[c])] for c in frame}
    known = {c: np.mean([v in units.by_code for v in each] or [0]) for c, each in codes.items()}
    named = called("code", frame)
    like = partial(_is_code, frame, year=year, units=units)
    found = [c for c in frame if known[c] >= MOST and (c in named or like(c))]
    if not found:
        named = [c for c in named if known[c] > 0]
        return named[0] if len(named) == 1 else None
    # Codes of provinces and cities stand beside those of counties.
    below = [c for c in found if np.mean([v[-2:] != "00" for v in codes[c]]) >= MOST]
    found = sorted(below or found, key=lambda c: c not in named)
    found = [c for c in found if below or c in named] or found
    read = [frame[c].map(lambda value: code_of(value)[0]) for c in found]
    if not all(read[0].equals(other) for other in read[1:]):
        raise LaoquError(f"columns {', '.join(found)} all hold codes: keep one, or say code=")
    if found[0] not in named:
        text = f"taken for the codes of counties: {examples(frame[found[0]])}"
        notes.append((found[0], len(frame), text))
    return found[0]


def _is_code(frame: pd.DataFrame, column: str, year: str | int | None, units: Units) -> bool:
    """Whether values that look like codes come again each year and fit the names beside them."""
    if heading_of(column):
        return False
    if isinstance(year, str) and frame[year].nunique() > 1:
        years = frame[[column, year]].dropna().drop_duplicates().groupby(column).size()
        if (years > 1).mean() < 0.1:
            return False
    for name in {*called("name", frame)} - {column}:  # codes may stand under the heading of names
        pairs = frame[[name, column]].dropna().drop_duplicates().head(50)
        pairs = pairs[[bool(bare(name_of(text))) for text in pairs[name]]]
        fits = [
            any(bears(holder, name_of(text)) for holder in units.by_code.get(code_of(value)[0], ()))
            for text, value in pairs.itertuples(index=False)
        ]
        if fits and np.mean(fits) < 0.5:
            return False
    return True


def name_columns(frame: pd.DataFrame, code: str | None, units: Units) -> list[str]:
    """Return the column with the names of the units that the codes mean, and others of counties."""
    counties = units.names["county"]
    above = set().union(*(units.names[level] for level in units.names if level != "county"))
    names, best, others = {*counties, *above} if code else counties, {}, set()
    upper = called("province", frame) + called("prefecture", frame)
    for column in frame.columns.drop([code, *upper] if code else [], errors="ignore"):
        if pd.api.types.is_numeric_dtype(frame[column]):
            continue
        said = [plain_name(str(text), names) for text in sample(frame[column])]
        share = np.mean([each in names for each in said] or [0])
        # The names of provinces and cities repeat; those of counties are nearly one for a code.
        varied = min(frame[column].nunique() / max(frame[code].nunique(), 1), 1) if code else 1
        only = np.mean([each in counties and each not in above for each in said] or [0])
        if share >= 0.5 and (varied > 0.5 or only >= 0.5):
            best[column] = share + varied + 0.3 * (column in called("name", frame))
            others |= {column} if only >= 0.5 and column not in upper else set()
    first, *rest = [*sorted(best, key=best.get, reverse=True), ""]
    return [c for c in (first, *rest) if c and (c == first or c in others)]


def plain_name(text: str, names: Collection[str]) -> str:
    """Return a name without footnotes, and without the province before it: 甘肃环县*."""
    plain = clean(name_of(text))
    return plain if plain in names else bare(plain)


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

    Names are read within the province and the city that other columns hold. One that is unknown
    narrows nothing: the year alone then does not tell several of a name apart, as it does where
    none is meant (市辖区). A county that has since become part of another is not that other one.
    The second frame has a row for each name without a code: ``name``, ``reason``.
    """
    above, ask = upper_columns(frame.drop(columns=name), units), cache(_asked)
    area = cache(lambda column, text: _codes_inside(text, above[column], units))
    named, lines = defaultdict(list), defaultdict(list)
    for holder in units.holders:
        named[holder.name].append(holder)
        lines[holder.lead.adcode].append(holder)
    for other, (holder, _) in units.also.items():
        named[other].append(holder)
    keys = frame[[*above, name]].astype("str").fillna("").assign(year=years)
    keys[name] = keys[name].map(name_of)
    there = cache(lambda code, codes: lies_in(units.holder(code, YEAR), codes))
    found, lost = {}, {}
    for key in keys.drop_duplicates().dropna(subset="year").itertuples(index=False, name=None):
        *within, text, year = key
        shown = "".join([*within, text])
        # A county of its own stands in the column of cities too: 石河子市.
        around = [each for each in zip(above, within, strict=True) if each[1] != text]
        known = {place: area(column, place) for column, place in around if area(column, place)}
        odd = [v for _, v in around if v not in known and not NO_PLACE.fullmatch(clean(v))]
        asked = partial(ask, near=len(lost) < HINTS)
        code = _resolved(text, known, int(year), asked, there, not odd)
        if isinstance(code, LaoquError):
            lost[shown] = "; ".join([*(f"no city is called {v}" for v in odd), str(code)])
            continue
        then = [holder for holder in lines[code] if holder.first <= year <= holder.last]
        said = bare(text) or clean(text)
        if then and _is_it(then[0], said, named[said], code, year):
            found[key] = then[0].code
        else:
            is_none = f"{text} of {year} is no one unit of {YEAR}: {code.note}"
            lost[shown] = is_none if code.note else f"{text} was no unit of its own in {year}"
    codes = [found.get(key) for key in keys.itertuples(index=False, name=None)]
    unresolved = pd.DataFrame(list(lost.items()), columns=["name", "reason"])
    return pd.Series(codes, frame.index).astype("str"), unresolved


def upper_columns(frame: pd.DataFrame, units: Units, notes: Notes | None = None) -> dict[str, str]:
    """Return the column of provinces and the column of cities, as far as there are such.

    One that is called so needs one value that is, others most. What tells nothing goes to `notes`.
    """
    found, said = {}, {c: frame[c].dropna().astype("str").map(clean) for c in texts(frame)}
    for level in ("province", "prefecture"):
        begins = {name[:end] for name in units.names[level] for end in range(2, len(name) + 1)}
        so_called = [c for c in called(level, frame) if c in said]
        for column in dict.fromkeys([*so_called, *said]):
            values = [v for v in said[column].unique() if not NO_PLACE.fullmatch(v)]
            share = np.mean([value in begins for value in values] or [0])
            if column not in found and share > (0 if column in so_called else 0.5):
                found[column] = level
                break
        told = [c for c in said if c in so_called or found.get(c) == level]
        for column in told if notes is not None else ():
            known = {v for v in said[column].unique() if NO_PLACE.fullmatch(v) or _inside(v)}
            odd = frame.loc[said[column].index[~said[column].isin(known)], column]
            if len(odd) or column not in found:
                why = f"no {level} is known by these names" if column in found else "not used"
                notes.append((column, len(odd), f"{why}: {examples(odd)}"))
    return found


def _codes_inside(text: str, level: str, units: Units) -> frozenset[str]:
    """Return the codes of a province or city, none where no city is known by the name."""
    codes = _inside(text) or frozenset()
    city = level == "prefecture"  # 吉林 is the city
    return frozenset(each for each in codes if not city or units.level.get(each) != "province")


def _asked(text: str, within: str | None, year: int | None, near: bool) -> Adcode | LaoquError:
    try:
        return answered(Question(text, within, "county", year), near=near)
    except LaoquError as error:
        if isinstance(error, AmbiguousName):
            error.advice = error.advice and "a column of provinces or cities tells them apart"
        return error


def _resolved(
    text: str,
    known: dict[str, frozenset[str]],
    year: int,
    ask: Callable,
    there: Callable,
    told: bool,
) -> Adcode | LaoquError:
    """Return the county of 2021 that a name means within a city or province, or why there is none.

    Only where the name is not that of one county, it is asked for that of the year, if the file
    has told where.
    """
    if not FIRST <= year <= LAST:
        return LaoquError(f"no list of {FIRST} to {LAST} is of {year}")
    within = next(reversed(known), None)
    if within and len(known[within]) == 1:
        (within,) = known[within]
    code = ask(text, within, None)
    if told and isinstance(code, LaoquError):
        code = ask(text, within, year)
    if isinstance(code, LaoquError):
        return code
    outside = [place for place, codes in known.items() if not there(code, codes)]
    return LaoquError(f"{code.name} {code} is not in {outside[0]}") if outside else code


def _is_it(then: Holder, text: str, named: list[Holder], code: str, year: int) -> bool:
    """Whether the unit of that year is the one named, not one that took it over later."""
    exact = [h for h in named if h.first <= year <= h.last and h.code[:2] == code[:2]]
    if exact:
        return then in exact
    return not code.note or TAIL.sub("", then.name) == TAIL.sub("", text)


def told_apart(data: pd.DataFrame, name: str, units: Units) -> tuple[pd.Series, pd.DataFrame]:
    """Return the codes of rows by name, NA where several rows would be one unit in one year.

    The name that the unit bore in that year keeps it. One that several units of the province bore
    keeps it only within its city. Else the rows are duplicates. The second frame says why.
    """
    found, lost, bearers = data["code_in_panel"].copy(), defaultdict(list), defaultdict(set)
    above = upper_columns(data.drop(columns=["code_in_panel", name]), units)
    area = cache(lambda text: _codes_inside(text, "prefecture", units))
    for holder in units.holders:
        bearers[holder.name, holder.code[:2]].add(holder.continues or holder.lead.reason)
    several = data.dropna(subset=["code_in_panel", "year"])
    several = several[several.duplicated(["code_in_panel", "year"], keep=False)]
    for (code, year), rows in several.groupby(["code_in_panel", "year"]):
        holder = units.holder(code, int(year))
        keys = rows[[*above, name]].astype("str").fillna("")
        said = keys[name].map(name_of).map(lambda text: bare(text) or clean(text))
        kept = said.eq(holder.name) if said.nunique() > 1 else said.notna()
        if kept.sum() > 1 and len(bearers[holder.name, code[:2]]) > 1:
            cities = [column for column, level in above.items() if level == "prefecture"]
            kept &= keys[cities].map(area).map(bool).any(axis=1)
        for at in rows.index[~kept]:
            found[at] = None
            shown = "".join(keys.loc[at])
            lost[shown].append(f"{shown} would be {holder} in {year}, as other rows would")
    table = [[shown, reasons[-1], len(reasons)] for shown, reasons in lost.items()]
    return found.astype("str"), pd.DataFrame(table, columns=["name", "reason", "rows"])


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
        why = f"taken: the list of {year} has {share:.1%} of {len(codes):,} codes"
        rest = "too few to tell the year" if share >= VINTAGE_SHARE else "no other has more"
        return YEAR, f"{why}, {rest}"
    return year, f"inferred: its list has {share:.1%} of {len(codes):,} codes"


def frozen(pairs: pd.DataFrame, units: Units, vintage: int) -> bool | None:
    """Return whether the codes are those of one year throughout; None where that is in doubt.

    They are where its list has nearly all of them, and nearly all that only one of the two lists
    has, the vintage's or that of the row's own year, are the vintage's.
    """
    known = pairs.dropna()
    held = [
        [any(units.holder(row.code_in_panel, y) for y in years)
         for years in ([vintage], [int(row.year), int(row.year) - 1])]
        for row in known.itertuples()
    ]  # fmt: skip
    listed, own = np.array(held, dtype=bool).reshape(-1, 2).T
    ahead, behind = int((listed & ~own).sum()), int((own & ~listed).sum())
    if ahead <= behind or listed[~known["code_in_panel"].duplicated()].mean() < VINTAGE_SHARE:
        return False
    sure = ahead >= VINTAGE_CODES and ahead >= VINTAGE_SHARE * (ahead + behind)
    return True if sure else None


def traced(pairs: pd.DataFrame, units: Units, vintage: int) -> pd.DataFrame:
    """Return for each code and year the unit of 2021, how it was reached, and why not.

    ``holder`` is who a code is taken for; ``disputed`` are codes of a frozen panel that were
    another unit's in the row's own year.
    """
    rows, one_list = [], frozen(pairs, units, vintage)
    for code, year in pairs.itertuples(index=False):
        if pd.isna(code) or pd.isna(year):
            rows.append([code, year, None, "unknown", "no code or no year", "", None, *3 * [False]])
            continue
        lead, holder = units.trace(code, int(year), vintage)
        own = bool(holder and holder.first <= year <= holder.last)
        listed, disputed = units.holder(code, vintage), False
        if listed and one_list is not False:
            meant, _ = units.trace(code, vintage, vintage)
            disputed = bool(holder) and meant.adcode != lead.adcode
            why = f"{code} is {listed} in the list of {vintage}, and was {holder} in {year}"
            if disputed and not one_list:
                why += ": nothing tells which of them is meant"
                lead = Lead("other_holder", "", (), why)
            elif one_list:
                told = [why] * disputed + [meant.reason] * bool(meant.reason)
                lead, holder = meant._replace(reason="; ".join(told)), listed
        level = holder.level if holder else ""
        row = [code, year, lead.adcode or None, lead.status, lead.reason, level, holder, disputed]
        rows.append([*row, own, bool(listed)])
    columns = [*pairs, "county_code", "code_status", "reason", "level", "holder", "disputed"]
    table = pd.DataFrame(rows, columns=[*columns, "own", "fits"])
    table = table.astype({"year": "Int64", "code_in_panel": "str", "county_code": "str"})
    order = ["own", "fits"] if one_list is False else ["fits", "own"]
    found = table.dropna(subset="county_code").sort_values(order, ascending=False, kind="stable")
    for index, row in found[found.duplicated(["county_code", "year"])].iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "code_status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def contradictions(data: pd.DataFrame, name: str | None, folder: Path) -> pd.DataFrame:
    """Return the codes whose name, city or province in the file is not that of the codes' unit."""
    columns = ["code_in_panel", "name_in_file", "holder", "first_year", "last_year", "rows"]
    found, units = [], succession.units(folder)
    others = data.drop(columns=["code_in_panel", "year", name or "year"])
    for column in (each for each in (name, *upper_columns(others, units)) if each):
        seen = data[["code_in_panel", "holder", "year", column]].dropna()
        inside = {text: _inside(text, folder) for text in seen[column].unique() if column != name}
        groups = seen.groupby(["code_in_panel", column, "holder"], sort=False)["year"]
        for (code, text, holder), years in groups:
            plain = name_of(clean(str(text)))
            wrong = column == name and not bears(holder, plain, folder)
            if column != name and inside[text] is not None:  # 石河子市 lies in 石河子市
                wrong = plain != holder.name and not lies_in(holder, inside[text], folder)
            if wrong:
                bearing = {c for names in units.names.values() for c in names.get(plain, ())}
                whose = ", ".join(sorted(c for c in bearing if c[:2] == code[:2])[:3])
                span = int(years.min()), int(years.max()), len(years)
                found.append([code, text, str(holder), *span, whose])
    return pd.DataFrame(found, columns=[*columns, "name_is_of"])


def _inside(text: object, folder: Path | None = None) -> frozenset[str] | None:
    """Return the codes of a city or province, None where no such is known (市辖区)."""
    try:
        return inside(str(text), folder, near=False)
    except LaoquError:
        return None
