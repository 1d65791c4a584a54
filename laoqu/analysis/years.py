"""Years of a panel: the column that holds them, parts of years, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd

from laoqu import own
from laoqu.analysis import kinds, shapes
from laoqu.analysis.kinds import MOST, Notes, called, examples
from laoqu.analysis.numbers import placed
from laoqu.errors import LaoquError
from laoqu.own import year_of
from laoqu.succession import FIRST, LAST, Units

#: What is said of months and quarters, beside the years or in them.
PARTS = "{} holds parts of years such as {}: sum them up to years"


def year_column(
    frame: pd.DataFrame, code: str | None, name: str | None, units: Units, level: str, notes: Notes
) -> str | None:
    """Return the column of years: one that is so called, else the one that reads as years.

    Numbers of people can read as years: without its name a column needs one that says nothing else.
    Beside columns for each year (gdp2018, gdp2019) a unit has several: else they are years of
    something else (脱贫年份).
    """
    others = frame.columns.drop([code, name], errors="ignore")
    share = {c: kinds.share(frame[c], is_year) for c in others}
    reads, so_called = [c for c in share if share[c] >= MOST], called("year", frame)
    group = [c for c in so_called if c in reads]
    plain = [c for c in called("plain_year", frame) if c in group]
    other = partial(differ, read=lambda value: year_of(value)[0])
    if plain and not any(other(frame[plain[0]], frame[c]) for c in group):
        group = plain[:1]
    # One that is called so may hold notes and odd cells: they are named.
    group = group or [c for c in called("plain_year", frame) if share.get(c, 0) > 0]
    group = group or [c for c in reads if own.named(c, "named") and not own.named(c, "event")]
    group = group or [c for c in so_called if share.get(c, 0) > 0]
    if len(group) > 1:
        raise LaoquError(f"columns {', '.join(group)} all hold years: keep one, or say year=")
    if group and (wide := [*shapes.of_years(frame)][:2]):
        unit = code or name or kinds.code_column(frame, group[0], units, [])
        unit = unit or (kinds.name_columns(frame, None, units, level) or [None])[0]
        once = unit and frame.groupby(unit)[group[0]].nunique().max() < 2
        if once and group[0] not in so_called:
            text = f"years of something else: those of the panel are {', '.join(wide)} …"
            notes.append((group[0], len(frame), text))
            return None
        if once and frame[group[0]].nunique() > 1:
            said = f"{group[0]} holds years, and {', '.join(wide)} … are columns of years"
            raise LaoquError(f"{said}: leave {group[0]} out, or say year={group[0]!r}")
    if group and group[0] not in so_called:
        notes.append((group[0], len(frame), f"taken for the years: {examples(frame[group[0]])}"))
    return group[0] if group else None


def differ(one: pd.Series, other: pd.Series, read: Callable) -> bool:
    """Return whether two columns say different things of a row, as `read` reads their values."""
    pairs = pd.concat([one, other], axis=1).dropna().drop_duplicates().itertuples(index=False)
    return any(read(first) != read(second) for first, second in pairs)


def is_year(value: object) -> bool:
    """Return whether a value is a year, or a day or part of one."""
    year, part = year_of(value)
    return year is not None and not part.startswith(".")  # 1990.4 is any number


def years_of(
    frame: pd.DataFrame, year: str | int, rows: pd.Series, notes: Notes
) -> tuple[pd.Series, pd.Series]:
    """Return years as whole numbers, and the values of those that say a day."""
    if not isinstance(year, str):
        frame, year = frame.assign(year=year), "year"
    column = frame[year]
    read = {value: year_of(value) for value in column.dropna().unique()}
    years = column.map({v: found for v, (found, _) in read.items()}).astype("Float64")
    years = years.astype("Int64")
    if column.dropna().astype(str).ne(years[column.notna()].astype(str)).any():
        kind = "decimals" if pd.api.types.is_float_dtype(column) else "text or dates"
        shown = examples(column[years.notna()])
        notes.append((str(year), int(years.notna().sum()), f"{kind} read as years: {shown}"))
    if years.isna().all():
        raise LaoquError(f"no cell of {year} is a year, such as {examples(column)}{own.DAYS}")
    if n := int(years.isna().sum()):
        shown = placed(column[years.isna()], rows)
        notes.append((str(year), n, f"no year: the rows have no unit: {shown}"))
    if (far := years.notna() & ~years.between(FIRST, LAST)).any():
        text = f"no list of codes ({FIRST}–{LAST}) is of these years: {placed(years[far], rows)}"
        notes.append((str(year), int(far.sum()), text))
    part = column.map({v: part for v, (_, part) in read.items()})
    odd = part.ne("") & part.notna()
    days = part.str.contains("/").eq(True)  # one in a year: when each was surveyed
    # or the ends of quarters, by their first or last day
    ends = part[days].str.fullmatch(r".*/(?:0?1|2[89]|3[01])")
    if not part.eq("").any() and not ends.all():
        odd &= ~days
    if odd.any():
        shown = placed(column[odd], rows)
        raise LaoquError(f"{year} holds parts of years: {shown}: sum them up to years")
    return years, column.where(part.ne("").eq(True))


def parts_of(frame: pd.DataFrame, notes: Notes) -> list[str]:
    """Return the columns of months and the like beside the years: none but the last of a year.

    Values of 12 are those of whole years, or of their end; others have to be summed up.
    """
    found = {name: last for kind, last in own.LAST.items() for name in called(kind, frame)}
    for name, last in found.items():
        values = frame[name].dropna().astype("str").str.strip()
        values = values[~own.missing(values)]
        if not values.str.fullmatch(last).all():
            mend = f"; if other columns are of whole years, leave {name} out"
            raise LaoquError(PARTS.format(name, examples(values)) + mend)
        text = f"the last of a year: values are taken for those of the year: {examples(values)}"
        notes.append((name, len(values), text))
    return [*found]
