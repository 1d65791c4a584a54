"""Columns of a panel: which hold codes, names, provinces and cities, by what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu import paths
from laoqu.errors import LaoquError
from laoqu.own import OF_PANELS, code_of, columns, heading_of, name_of
from laoqu.places import bare, bears, inside
from laoqu.sheets import texts
from laoqu.spelling import clean
from laoqu.succession import Units

#: Share of a column that must read as codes, names or years to be taken for them.
MOST = 0.8
#: So many values of a column are looked at to find out what it holds.
SAMPLE = 400
#: How columns are called in which parts of a code stand apart, and such a part: 61, 06, 21.
PARTS = re.compile("(?:省|[地州]?市|地区|区?县|prov|city|pref|county|cnty|dist).*", re.IGNORECASE)
PART = re.compile(r"\s*\d{1,3}(?:\.0)?\s*")
#: What files write where no city, or no one province, is meant: it narrows nothing.
NO_PLACE = re.compile(
    "(?:省|自治区)?直[辖管属].*|市辖区|[县市]|全[国省市区县]|[省市县区]本级|[合总]计|[-—.…]*"
)
#: What units of each level are called.
LEVELS = {"county": "counties", "prefecture": "cities", "province": "provinces"}
#: An example in a message has at most so many characters.
SHOWN = 40
#: What was converted while a file was read: column, rows, how.
Notes = list[tuple[str, int, str]]


def called(kind: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that are called as files of this kind call codes, years, names ….

    Codes are also called by the year of their list: adcode2020.
    """
    return _called(kind, tuple(frame))


@lru_cache(maxsize=50)  # wide tables are asked once for each column
def _called(kind: str, names: tuple[str, ...]) -> list[str]:
    heads = [(heading_of(c) or (0, c))[1] if kind == "code" else c for c in names]
    return [names[at] for at in columns(map(name_of, heads), OF_PANELS)[kind]]


def sample(column: pd.Series) -> pd.Series:
    """Return the values of a column that are looked at to find out what it holds."""
    return column.dropna().drop_duplicates().head(SAMPLE)


def share(column: pd.Series, holds: Callable) -> float:
    """Return of which share of these values something holds, 0 where there are none."""
    return np.mean([bool(holds(value)) for value in sample(column)] or [0])


def code_column(
    frame: pd.DataFrame, year: str | int | None, units: Units, notes: Notes
) -> str | None:
    """Return the column that holds codes: by content first, by its name among several.

    One that is not called so must also be like codes: they come again each year, and are those of
    the names beside them. Numbers of six digits can look like codes.
    """
    known = {c: share(frame[c], lambda value: code_of(value)[0] in units.by_code) for c in frame}
    like = partial(_is_code, frame, year=year, units=units)
    # The last digits of codes alone (市代码, 县代码) would be those of provinces.
    named = [c for c in called("code", frame) if share(frame[c], _of_county) or like(c)]
    found = [c for c in frame if known[c] >= MOST and (c in named or like(c))]
    if not found:
        odd = [c for c in called("code", frame) if c not in named or not known[c]]
        for column in [c for c in odd if frame[c].notna().any()]:
            text = f"called so, but holds no codes of counties: {examples(frame[column])}"
            notes.append((column, len(frame), text))
        named = [c for c in named if known[c] > 0]
        if len(named) == 1:
            _refuse_parts(frame, named[0])
        return named[0] if len(named) == 1 else None
    # Codes of provinces and cities stand beside those of counties.
    below = [c for c in found if share(frame[c], _of_county) >= MOST]
    found = sorted(below or found, key=lambda c: c not in named)
    found = [c for c in found if below or c in named] or found
    _refuse_parts(frame, found[0])
    read = [frame[c].map(lambda value: code_of(value)[0]) for c in found]
    if not all(read[0].equals(other) for other in read[1:]):
        raise LaoquError(f"columns {', '.join(found)} all hold codes: keep one, or say code=")
    if found[0] not in named:
        text = f"taken for the codes of units: {examples(frame[found[0]])}"
        notes.append((found[0], len(frame), text))
    return found[0]


def _refuse_parts(frame: pd.DataFrame, code: str) -> None:
    """Refuse codes that stand in parts, each in a column: 61, 06, 21."""
    parts = [c for c in frame if PARTS.fullmatch(c)]
    parts = [c for c in parts if share(frame[c].astype("str"), PART.fullmatch) >= MOST]
    if code in parts and len(parts) > 1:
        said = f"{', '.join(parts)} hold parts of codes ({examples(frame[code])})"
        mend = "make one column of them: 61 * 10000 + 6 * 100 + 21 is 610621"
        raise LaoquError(f"{said}: {mend}")


def _of_county(value: object) -> bool:
    return not code_of(value)[0].endswith("00")


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
        holders = [units.by_code.get(code_of(value)[0], ()) for value in pairs[column]]
        named = zip(map(name_of, pairs[name]), holders, strict=True)
        fits = [any(bears(holder, text) for holder in held) for text, held in named]
        if fits and np.mean(fits) < 0.5:
            return False
    return True


def name_columns(
    frame: pd.DataFrame, code: str | None, units: Units, level: str = "county"
) -> list[str]:
    """Return the column with the names of the units that the codes mean, and others of a level."""
    here = units.names[level]
    above = set().union(*(units.names[each] for each in units.names if each != level))
    names, best, others = {*here, *above} if code else here, {}, set()
    upper = called("province", frame) + called("prefecture", frame)
    for column in frame.columns.drop([code, *upper] if code else [], errors="ignore"):
        if pd.api.types.is_numeric_dtype(frame[column]):
            continue
        meant = [text for text in map(str, sample(frame[column]))
                 if not NO_PLACE.fullmatch(clean(text))]  # fmt: skip
        said = [plain_name(text, names) for text in meant]
        so_called = column in called("name", frame)  # then short names are names too
        known = np.mean([each in names or (so_called and each != "") for each in said] or [0])
        # The names of provinces and cities repeat; those of counties are nearly one for a code.
        varied = min(frame[column].nunique() / max(frame[code].nunique(), 1), 1) if code else 1
        only = np.mean([each in here and each not in above for each in said] or [0])
        if known >= 0.5 and (varied > 0.5 or only >= 0.5):
            best[column] = known + varied + 0.3 * so_called
            others |= {column} if only >= 0.5 and column not in upper else set()
    first, *rest = [*sorted(best, key=best.get, reverse=True), ""]
    return [c for c in (first, *rest) if c and (c == first or c in others)]


def plain_name(text: str, names: Collection[str]) -> str:
    """Return a name without footnotes, and without the province before it: 甘肃环县*."""
    plain = clean(name_of(text))
    return plain if plain in names else bare(plain)


def examples(values: pd.Series) -> str:
    """Return the first three values for a message, none of them long."""
    return ", ".join(str(value)[:SHOWN] for value in values.dropna().drop_duplicates().head(3))


def upper_columns(frame: pd.DataFrame, units: Units, notes: Notes | None = None) -> dict[str, str]:
    """Return the column of provinces and the column of cities, as far as there are such.

    One that is called so needs one value that is, others most, or the full name of a city: of
    several the one in which most are. What tells nothing goes to `notes`.
    """
    found: dict[str, str] = {}
    said = {c: frame[c].dropna().astype("str").drop_duplicates() for c in texts(frame)}
    said = {column: {each: clean(each) for each in values} for column, values in said.items()}
    for level, names in ((each, units.names[each]) for each in ("province", "prefecture")):
        begins = {name[:end] for name in names for end in range(2, len(name) + 1)}
        so_called, shares = [c for c in called(level, frame) if c in said], {}
        for column in [c for c in said if c not in found]:
            values = [v for v in {*said[column].values()} if not NO_PLACE.fullmatch(v)]
            shares[column] = np.mean([value in begins for value in values] or [0])
            if column in so_called and not shares[column]:  # in letters
                shares[column] = np.mean([bool(units_in(v, level, units)) for v in values] or [0])
            whole = level == "prefecture" and not names.keys().isdisjoint(values)
            if not (shares[column] > 0.5 or whole or (column in so_called and shares[column])):
                del shares[column]
        if shares:
            found[max(shares, key=lambda c: (c in so_called, shares[c]))] = level
        for column in said if notes is not None else ():
            if column not in so_called and found.get(column) != level:
                continue
            odd = [v for v, text in said[column].items()
                   if not NO_PLACE.fullmatch(text) and not units_in(text)]  # fmt: skip
            if odd or column not in found:
                why = f"no {level} is known by these names" if column in found else "not used"
                rows = frame[column].astype("str").isin(odd).sum()
                shown = examples(pd.Series(odd or [*said[column]]))
                notes.append((column, int(rows), f"{why}: {shown}"))
    return found


def units_in(text: object, level: str = "", units: Units | None = None) -> frozenset[str]:
    """Return the codes of a city or province, none where no such is known (市辖区)."""
    codes = _units_in(str(text), paths.data())
    if level == "prefecture":  # 吉林 is the city, but 重庆市 also the province that is one
        provinces = {each for each in codes if units.level.get(each) == "province"}
        return codes - {each for each in provinces if not units.name[each].endswith("市")}
    return codes


@lru_cache(maxsize=20_000)
def _units_in(text: str, folder: Path) -> frozenset[str]:
    try:
        return inside(text, folder, near=False)
    except LaoquError:
        return frozenset()
