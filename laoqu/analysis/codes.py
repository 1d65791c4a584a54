"""Codes of a panel's rows, from a column or by names of counties, and the units they mean."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
import pandas as pd

from laoqu.analysis.kinds import NO_PLACE, Notes, examples, units_in, upper_columns
from laoqu.errors import LaoquError
from laoqu.own import code_of, name_of
from laoqu.places import Adcode, AmbiguousName, Question, answered, bare, bears, cities, lies_in
from laoqu.spelling import TAIL, clean
from laoqu.succession import FIRST, LAST, YEAR, Holder, Lead, Units

#: A vintage is inferred where its list has this share of the codes.
VINTAGE_SHARE = 0.9
#: Fewer codes than this fit many years by chance: then all must, and the panel must reach the year.
VINTAGE_CODES = 10
#: What is known of a code in a year besides, for the report.
OF_CODES = ["reason", "took_in", "level", "holder", "disputed"]
#: So many names that are not those of their codes may be slips, even where they are most.
WRONG = 5
#: To so many unknown names the nearest ones, which take time to find, are told.
HINTS = 100


def codes_of(column: pd.Series, notes: Notes) -> pd.Series:
    """Return codes as text of six digits, NA where a value is none."""
    read = {value: code_of(value) for value in column.dropna().unique()}
    how = column.map({value: change for value, (_, change) in read.items()})
    for change, rows in column.groupby(how.fillna(code_of("")[1])):
        if change:
            notes.append((str(column.name), len(rows), f"{change}: {examples(rows)}"))
    return column.map({v: code for v, (code, _) in read.items() if code}).astype("str")


def codes_of_names(
    frame: pd.DataFrame, name: str, years: pd.Series, units: Units, level: str = "county"
) -> tuple[pd.Series, pd.DataFrame]:
    """Return the code that each row's unit had in its year, NA where a name is not one of a level.

    Names are read within the province and the city that other columns hold. One that is unknown
    narrows nothing: the year alone then does not tell several of a name apart, as it does where
    none is meant (市辖区). Nor does it for names in letters, which lack what 县 and 市 tell. A
    county that has since become part of another is not that other one.
    The second frame has a row for each name without a code: ``name``, ``reason``.
    """
    above, counties = upper_columns(frame.drop(columns=name), units), _Names(units, level)
    keys = frame[[*above, name]].astype("str").fillna("").assign(year=years)
    keys[name] = keys[name].map(name_of)
    found, lost, years_of = {}, {}, defaultdict(list)
    for *place, year in keys.drop_duplicates().dropna().itertuples(index=False, name=None):
        years_of[tuple(place)].append(int(year))
    for (*within, text), asked in years_of.items():
        # A county of its own stands in the column of cities too: 石河子市.
        around = [each for each in zip(within, above.values(), strict=True) if each[0] != text]
        known = {v: codes for v, level in around if (codes := units_in(v, level, units))}
        odd = [v for v, _ in around if v not in known and not NO_PLACE.fullmatch(clean(v))]
        for year in asked:
            try:
                told = not odd and (bool(known) or not text.isascii())
                code = counties.code(text, known, told, year, near=len(lost) < HINTS)
                found[(*within, text, year)] = code
            except LaoquError as error:
                why = [*(f"no city is called {v}" for v in odd), str(error)]
                lost["".join([*within, text])] = "; ".join(why)
    codes = [found.get(key) for key in keys.itertuples(index=False, name=None)]
    unresolved = pd.DataFrame(list(lost.items()), columns=["name", "reason"])
    return pd.Series(codes, frame.index).astype("str"), unresolved


class _Names:
    """Finds the unit of a level that a name means in a year, and the code that it had then."""

    def __init__(self, units: Units, level: str) -> None:
        self.level = level
        self.named, self.lines, self.cities = units.named, defaultdict(list), cache(cities)
        for holder in units.holders:
            self.lines[holder.lead.adcode].append(holder)
        self.ask, self.said = cache(_asked), cache(lambda text: bare(text) or clean(text))
        self.there = cache(lambda code, codes: lies_in(units.holder(code, YEAR), codes))

    def code(
        self, text: str, known: dict[str, frozenset[str]], told: bool, year: int, near: bool
    ) -> str:
        """Return the code in a year of the county of a name in a city or province, or say why not.

        Only where the name is not that of one county, it is asked for that of the year, if the
        file has told where.
        """
        if not FIRST <= year <= LAST:
            raise LaoquError(f"no list of {FIRST} to {LAST} is of {year}")
        within = next(reversed(known), None)
        if within and len(known[within]) == 1:
            (within,) = known[within]
        code = self.ask(text, within, self.level, None, near)
        if told and isinstance(code, LaoquError):
            code = self.ask(text, within, self.level, year, near)
        if isinstance(code, LaoquError):
            raise code
        self._refuse_city(text, code, known, year)
        for place, codes in known.items():
            if not self.there(code, codes):
                raise LaoquError(f"{code.name} {code} is not in {place}")
        then = next((each for each in self.lines[code] if each.held(year)), None)
        if then and self._is_it(then, self.said(text), code, year):
            return then.code
        is_none = f"{text} of {year} is no one unit of {YEAR}: {code.note}"
        raise LaoquError(is_none if code.note else f"{text} was no unit of its own in {year}")

    def _refuse_city(
        self, text: str, code: Adcode, known: dict[str, frozenset[str]], year: int
    ) -> None:
        """Refuse a short name that a city or province has too, unless the city is told.

        南昌 is the city or the county in it, 海南 the province or a district elsewhere.
        """
        told = {each for codes in known.values() for each in codes}
        above = [each for each in self.cities(text, year) if each.code != code]
        if self.level == "county" and above and all(each.endswith("0000") for each in told):
            raise LaoquError(
                f"{text} may be {above[0].name} or {code.name}: write its name in full"
            )

    def _is_it(self, then: Holder, text: str, code: Adcode, year: int) -> bool:
        """Whether the unit of that year is the one named, not one that took it over later."""
        exact = [h for h in self.named.get(text, ()) if h.held(year) and h.code[:2] == code[:2]]
        if exact:
            return then in exact
        # Kept beyond its time, or taken from a later one, a name means whoever bore it: 户县 is
        # 鄠邑区 since 2016. 南康市 was split in 2013: no row of later years is of 南康区.
        others = [h for h in self.named.get(text, ()) if h.code[:2] == code[:2]]
        if others := [each for each in others if each.level == self.level]:
            return any(each.lead.adcode == code for each in others)
        return not code.note or TAIL.sub("", then.name) == TAIL.sub("", text)


def _asked(
    text: str, within: str | None, level: str, year: int | None, near: bool
) -> Adcode | LaoquError:
    try:
        return answered(Question(text, within, level, year), near=near)
    except LaoquError as error:
        if isinstance(error, AmbiguousName):
            error.advice = error.advice and "a column of provinces or cities tells them apart"
        return error


def told_apart(data: pd.DataFrame, name: str, units: Units) -> tuple[pd.Series, pd.DataFrame]:
    """Return the codes of rows by name, NA where several rows would be one unit in one year.

    The name that the unit bore in that year keeps it. One that several units of the province bore
    keeps it only within its city. Else the rows are duplicates. The second frame says why.
    """
    found, lost = data["code_in_panel"].copy(), defaultdict(list)
    above = upper_columns(data.drop(columns=["code_in_panel", name]), units)
    cities = [column for column, level in above.items() if level == "prefecture"]
    several = data.dropna(subset=["code_in_panel", "year"])
    several = several[several.duplicated(["code_in_panel", "year"], keep=False)]
    for (code, year), rows in several.groupby(["code_in_panel", "year"]):
        holder = units.holder(code, int(year))
        keys = rows[[*above, name]].astype("str").fillna("")
        said = keys[name].map(name_of).map(lambda text: bare(text) or clean(text))
        kept = said.eq(holder.name) if said.nunique() > 1 else said.notna()
        namesakes = [each for each in units.named.get(holder.name, ()) if each.code[:2] == code[:2]]
        if kept.sum() > 1 and len({h.continues or h.lead.reason for h in namesakes}) > 1:
            inside = keys[cities].map(lambda text: bool(units_in(text, "prefecture", units)))
            kept &= inside.any(axis=1)
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
    lists = {y: sum(bool(units.holder(c, y)) for c in codes) for y in range(FIRST, LAST + 1)}
    most = max(lists.values())
    tied = [year for year in lists if lists[year] == most]
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
    known = pairs.dropna().astype({"year": "int64"})
    held = zip(known["code_in_panel"], known["year"], strict=True)
    own = np.array([bool(units.holder(c, y) or units.holder(c, y - 1)) for c, y in held], bool)
    listed = np.array([bool(units.holder(c, vintage)) for c in known["code_in_panel"]], bool)
    ahead, behind = int((listed & ~own).sum()), int((own & ~listed).sum())
    if ahead <= behind or listed[~known["code_in_panel"].duplicated()].mean() < VINTAGE_SHARE:
        return False
    sure = ahead >= VINTAGE_CODES and ahead >= VINTAGE_SHARE * (ahead + behind)
    return True if sure else None


def traced(pairs: pd.DataFrame, units: Units, vintage: int) -> pd.DataFrame:
    """Return for each code and year the unit of 2021, how it was reached, and why not.

    ``holder`` is who a code is taken for; ``disputed`` are codes of a frozen panel that were
    another unit's in the row's own year; ``took_in`` says which units it took in later and kept
    its code, so that years before and after are not of one area.
    """
    rows, one_list = [], frozen(pairs, units, vintage)
    for code, year in pairs.itertuples(index=False):
        if pd.isna(code) or pd.isna(year):
            why = "no code or no year"
            rows.append([code, year, None, "unknown", why, "", "", None, *3 * [False]])
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
        since = vintage if one_list else int(year)
        took_in = units.smaller(holder, since) if holder and lead.adcode else ""
        row = [code, year, lead.adcode or None, lead.status, lead.reason, took_in, level, holder]
        rows.append([*row, disputed, own, bool(listed)])
    columns = [*pairs, "county_code", "code_status", *OF_CODES, "own", "fits"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype({"year": "Int64", "code_in_panel": "str", "county_code": "str"})
    order = ["own", "fits"] if one_list is False else ["fits", "own"]
    found = table.dropna(subset="county_code").sort_values(order, ascending=False, kind="stable")
    for index, row in found[found.duplicated(["county_code", "year"])].iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "code_status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def contradictions(data: pd.DataFrame, name: str | None, units: Units) -> pd.DataFrame:
    """Return the codes whose name, city or province in the file is not that of the codes' unit.

    Where most names are none of their codes' units, one of the columns was sorted without the
    other, or holds something else: this is refused.
    """
    columns = ["code_in_panel", "name_in_file", "holder", "first_year", "last_year", "rows"]
    found, others = [], data.drop(columns=["code_in_panel", "year", name or "year"])
    for column in (each for each in (name, *upper_columns(others, units)) if each):
        seen = data[["code_in_panel", "holder", "year", column]].dropna()
        groups = seen.groupby(["code_in_panel", column, "holder"], sort=False)["year"]
        for (code, text, holder), years in groups:
            plain = name_of(clean(str(text)))
            if column == name:
                wrong = plain and not bears(holder, plain)
            else:  # 石河子市 lies in 石河子市
                inside = units_in(text)
                wrong = inside and plain != holder.name and not lies_in(holder, inside)
            if wrong:
                bearing = {c for names in units.names.values() for c in names.get(plain, ())}
                whose = ", ".join(sorted(c for c in bearing if c[:2] == code[:2])[:3])
                span = int(years.min()), int(years.max()), len(years)
                found.append([code, text, str(holder), *span, whose])
        if column == name and len(found) > max(WRONG, groups.ngroups / 2):
            shown = "; ".join(f"{row[0]} {row[1]}, the code of {row[2]}" for row in found[:3])
            said = f"{len(found)} of {groups.ngroups} names are not those of their codes: {shown}"
            mend = "was one column sorted without the other? Mend them, or leave one out"
            raise LaoquError(f"{name}: {said}; {mend}")
    return pd.DataFrame(found, columns=[*columns, "name_is_of"])
