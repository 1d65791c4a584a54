"""Codes of a panel's rows: from a column as people keep it, or by the names of counties."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from numbers import Real

import pandas as pd

from laoqu.errors import LaoquError
from laoqu.places import Adcode, AmbiguousName, resolve_place
from laoqu.spelling import TAIL, clean
from laoqu.succession import Holder, Units

#: Share of a column that must read as codes, names or years to be taken for them.
MOST = 0.8
#: An example in a message has at most so many characters.
SHOWN = 40

#: What was converted while a file was read: column, rows, how.
Notes = list[tuple[str, int, str]]


def code_of(value: object) -> tuple[str, str]:
    """Return a value as a code of six digits, "" where it is none, and how it was changed.

    >>> code_of(620422.0), code_of("某县")
    (('620422', 'written as decimals (620422.0)'), ('', 'no code: the rows have no unit'))
    """
    text = str(value)
    plain = re.sub("^(?:cn|chn)", "", clean(text).strip("'\""), flags=re.IGNORECASE)
    plain = plain.removesuffix(".0")
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", plain):
        return "", "no code: the rows have no unit"
    code = plain[:6].ljust(6, "0")
    if len(plain) > 6:
        return code, "longer statistical codes cut to six digits"
    if len(plain) < 6:
        return code, "codes of a province or city filled with zeros"
    if text.endswith(".0"):
        return code, "written as decimals (620422.0)"
    if isinstance(value, Real):
        return code, "numbers read as text of six digits"
    return code, "" if text == code else "with spaces, quotes or wide digits"


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
