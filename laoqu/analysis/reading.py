"""Read a panel as people keep it: which columns hold codes, years and names, and what they mean.

Every conversion is reported; only what has two readings is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu.analysis import files
from laoqu.errors import LaoquError, nearest
from laoqu.spelling import clean
from laoqu.succession import Units

#: Names of columns in files of this kind, in small letters without spaces and underlines.
CODE_NAMES = re.compile(
    r"(?:county|cnty|c|ad|district|region|gb|admin)?code|countyid"
    r"|(?:行政|行政区划|区划|县|县级|区县|县市|地区)?(?:代码|码)"
)
YEAR_NAMES = re.compile(r"(?:sgn)?year|yr|time|date|period|(?:统计|会计|数据)?年[份度]?|日期|时间")
NAME_NAMES = re.compile(
    r"c?name|(?:county|district)(?:name)?|名称|(?:县|区县|县市|县域|县区|县级|地区|行政区划)(?:名称?)?"
)
INDICATOR_NAMES = re.compile(r"indicator|variable|item|指标(?:名称)?|变量")
VALUE_NAMES = re.compile(r"value|val|obs|(?:数|指标)?值")
#: What files write where there is no value.
MISSING = {"", "na", "n/a", "n.a.", "nan", "null", "none", ".", "-", "--", "—", "——", "…", "缺失"}
#: Share of a column that must read as codes, years or names to be taken for them.
MOST = 0.8
YEARS = (1949, 2100)
WIDE = re.compile(
    r"^(?P<a>.*?)[\s_.(（]*(?P<year>(?:19|20)\d{2})年?[)）]?$|^(?P<first>(?:19|20)\d{2})年?[\s_]*(?P<b>\D.*)$"
)
YEAR = re.compile(r"((?:19|20)\d{2})(?:\.0+)?\s*(?:年度?|fy)?", re.IGNORECASE)
DATE = re.compile(r"((?:19|20)\d{2})(?:[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2}))?[日月]?)(?:[ T].*)?")
PERIOD = re.compile(
    r"((?:19|20)\d{2})\s*年?[-_ ]?(?:q|第?)([1-4一二三四])(?:季度?)?", re.IGNORECASE
)


class Columns(NamedTuple):
    """The columns a caller named; None where they are to be found by content."""

    code: str | None = None
    year: str | int | None = None
    name: str | None = None


class Read(NamedTuple):
    """A file as read: rows with ``code_in_panel`` and ``year``, their columns, conversions."""

    frame: pd.DataFrame
    columns: Columns
    conversions: list[tuple[str, int, str]]


def read(source: object, columns: Columns, units: Units) -> Read:
    """Read a file or frame as rows of codes and years; `units` say what is a code and what a name.

    A file is long, wide (a column for each year) or stacked (a row for each indicator).
    """
    notes: list[tuple[str, int, str]] = []
    frame = source.copy() if isinstance(source, pd.DataFrame) else files.load(source, notes)
    frame.columns = _headers(frame.columns, notes)
    frame = frame.reset_index(drop=any(name is None for name in frame.index.names))
    for given in (columns.code, columns.name, columns.year):
        if isinstance(given, str) and given not in frame:
            near = nearest(given, frame.columns) or list(frame.columns)[:8]
            raise LaoquError(f"the panel has no column {given!r}; it has {', '.join(near)}")
    if frame.empty:
        raise LaoquError("the panel has no rows")
    for column in frame.select_dtypes(include=["object", "str", "string"]):
        if column not in (columns.code, columns.year, columns.name):
            frame[column] = _numbers(frame[column], column, notes)
    code = columns.code or _code_column(frame, units)
    codes = _codes(frame[code], code, notes)
    name = columns.name or _name_column(frame, code, units)
    year = columns.year if columns.year is not None else _year_column(frame, code)
    if year is None:
        frame, year = _to_long(frame.assign(**{code: codes}), notes)
        codes = frame[code]
    if isinstance(year, int) and not isinstance(year, bool):
        years = pd.Series(year, frame.index, dtype="Int64")
    else:
        years = _years(frame[year], str(year), codes, notes)
    frame = _placed(frame, code, codes, years)
    frame, dropped = _unstacked(frame, name)
    notes += dropped
    return Read(frame, Columns(code, year, name if name in frame else None), notes)


def _headers(columns: Iterable[object], notes: list) -> list[str]:
    """Return the names of the columns as text, each once."""
    found: list[str] = []
    for number, column in enumerate(columns, 1):
        whole = isinstance(column, float) and column.is_integer()
        text = str(int(column) if whole else column)
        text = re.sub(r"[\s\u200b\ufeff]+", " ", text).strip() or f"column_{number}"
        while text in found:
            text += "_2"
            notes.append(("column", number, f"a second column of a name is called {text}"))
        found.append(text)
    return found


def _numbers(column: pd.Series, name: str, notes: list) -> pd.Series:
    """Return text that is numbers as numbers: 1,234.5, wide digits, signs for no value."""
    if CODE_NAMES.fullmatch(_plain(name)):
        return column
    numbers = pd.to_numeric(column, errors="coerce")
    texts = list(column[numbers.isna()].dropna().unique())
    plain = {value: clean(value) if isinstance(value, str) else value for value in texts}
    signs = {v for v, text in plain.items() if str(text).casefold() in MISSING}
    read = {v: pd.to_numeric(str(plain[v]).replace(",", ""), errors="coerce") for v in texts}
    odd = column.isin([v for v in texts if v not in signs and pd.isna(read[v])])
    known = column.notna() & ~column.isin(signs)
    if odd.any() or not known.any():
        if odd.sum() < 0.05 * known.sum():
            shown = ", ".join(map(repr, column[odd].unique()[:3]))
            notes.append((name, int(odd.sum()), f"no number where all others are: {shown}"))
        return column.where(known) if known.any() else column
    if n := int((column.isin(signs) & (column != "")).sum()):
        notes.append((name, n, "signs for a missing value read as missing"))
    if n := int(column.isin([v for v in texts if "," in str(v)]).sum()):
        notes.append((name, n, "numbers with thousands separators read as numbers"))
    return numbers.fillna(column.map(read))


def _plain(name: object) -> str:
    return re.sub(r"[\s_\-.]", "", str(name)).casefold()


def _code_text(value: object) -> str:
    """Return a value as a code of six digits where it can be one, else ""."""
    if isinstance(value, float | np.floating):
        value = str(int(value)) if np.isfinite(value) and float(value).is_integer() else ""
    text = clean(str(value)).strip("'\"").removesuffix(".0")
    text = re.sub(r"^(?:cn|chn)", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"\d{9}|\d{12}", text):
        return text[:6]
    if re.fullmatch(r"\d{2}|\d{4}", text):
        return text.ljust(6, "0")
    return text if re.fullmatch(r"\d{6}", text) else ""


def _share_of_codes(column: pd.Series, units: Units) -> tuple[float, float]:
    """Return which share of a column's values are codes, and codes of counties."""
    values = column.dropna().drop_duplicates().head(400)
    codes = [_code_text(value) for value in values]
    known = [code for code in codes if code in units.by_code]
    counties = [code for code in known if not code.endswith("00")]
    total = max(len(values), 1)
    return len(known) / total, len(counties) / total


def _code_column(frame: pd.DataFrame, units: Units) -> str:
    """Return the column that holds codes: by content first, by its name among several."""
    shares = {column: _share_of_codes(frame[column], units) for column in frame}
    found = [column for column, (known, _) in shares.items() if known >= MOST]
    if not found:
        named = [c for c in frame if CODE_NAMES.fullmatch(_plain(c)) and shares[c][0] > 0]
        if len(named) == 1:
            return named[0]
        raise LaoquError(
            "no column of the panel holds codes of counties; it has "
            f"{', '.join(frame.columns[:12])}: say code="
        )
    counties = [column for column in found if shares[column][1] >= MOST] or found
    named = [column for column in counties if CODE_NAMES.fullmatch(_plain(column))]
    for group in (named, counties):
        if len(group) == 1:
            return group[0]
    same = [frame[c].map(_code_text) for c in named or counties]
    if all(same[0].equals(other) for other in same[1:]):
        return (named or counties)[0]
    raise LaoquError(f"columns {', '.join(named or counties)} all hold codes: say code=")


def _name_column(frame: pd.DataFrame, code: str, units: Units) -> str | None:
    """Return the column with the names of the units that the codes mean, if there is one."""
    names = {holder.name for held in units.by_code.values() for holder in held}
    best: dict[str, float] = {}
    for column in frame.columns.drop(code):
        if pd.api.types.is_numeric_dtype(frame[column]):
            continue
        values = frame[column].dropna().astype(str).drop_duplicates()
        share = values.head(300).map(clean).isin(names).mean()
        # The names of provinces and cities repeat; those of counties are nearly one for a code.
        varied = min(frame[column].nunique() / max(frame[code].nunique(), 1), 1)
        if share >= 0.5 and varied > 0.5:
            called = NAME_NAMES.fullmatch(_plain(column))
            best[column] = share + varied + (0.3 if called else 0)
    return max(best, key=best.get, default=None)


def _year_column(frame: pd.DataFrame, code: str) -> str | None:
    """Return the column of years: one that is so called, else the one that reads as years."""
    others = [column for column in frame.columns if column != code]
    reads = [c for c in others if _share_of_years(frame[c]) >= MOST]
    named = [c for c in reads if YEAR_NAMES.fullmatch(_plain(c))]
    if len(named) > 1:
        plain = [c for c in named if _plain(c) in ("year", "年份", "sgnyear")]
        named = plain if len(plain) == 1 else named
    group = named or [c for c in reads if not _plain(c).startswith(("birth", "成立", "设立"))]
    if len(group) > 1:
        raise LaoquError(f"columns {', '.join(group)} all hold years: say year=")
    return group[0] if group else None


def _share_of_years(column: pd.Series) -> float:
    values = column.dropna().drop_duplicates().head(400)
    good = [_one_year(value)[0] is not None for value in values]
    return float(np.mean(good)) if good else 0.0


def _one_year(value: object) -> tuple[int | None, str]:
    """Return the year of a value, and the part of the year it names if it names one."""
    if isinstance(value, pd.Timestamp) or hasattr(value, "year"):
        return int(value.year), f"{value.month}" if (value.month, value.day) != (12, 31) else ""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        inside = YEARS[0] <= value <= YEARS[1]
        return (int(value), "") if inside and float(value).is_integer() else (None, "")
    text = clean(str(value))
    if match := YEAR.fullmatch(text) or re.fullmatch(r"fy((?:19|20)\d{2})", text.casefold()):
        return int(match[1]), ""
    if match := PERIOD.fullmatch(text) or DATE.fullmatch(text):
        return int(match[1]), match[2]
    return None, ""


def _codes(column: pd.Series, name: str, notes: list) -> pd.Series:
    """Return codes as text of six digits, NA where a value is none."""
    texts = {value: _code_text(value) for value in column.dropna().unique()}
    codes = column.map(texts).replace("", pd.NA).astype("str").where(column.notna())
    known = codes.notna()
    shown = column.map(str, na_action="ignore").fillna("")
    lengths = shown.map(lambda v: len(clean(v).strip("'\"").removesuffix(".0")))
    decimal = shown.str.endswith(".0")
    number = pd.api.types.is_numeric_dtype(column)
    kinds = {
        "numbers read as text of six digits": known & number,
        "written as decimals (620422.0)": known & decimal,
        "with spaces, quotes or wide digits": known & (lengths == 6) & (shown != codes) & ~decimal,
        "longer statistical codes cut to six digits": known & (lengths > 6),
        "codes of a province or city filled with zeros": known & (lengths < 6),
        "no code: the rows have no unit": ~known,
    }
    for what, rows in kinds.items():
        if n := int(rows.sum()):
            examples = ", ".join(filter(None, shown[rows].drop_duplicates().head(3)))
            notes.append((name, n, f"{what}: {examples}"))
    return codes


def _years(column: pd.Series, name: str, codes: pd.Series, notes: list) -> pd.Series:
    """Return years as whole numbers; refuse months and quarters, which have to be summed up."""
    texts = {value: _one_year(value) for value in column.dropna().unique()}
    years = column.map({v: year for v, (year, _) in texts.items()})
    years = years.astype("Float64").astype("Int64")
    parts = column.map({v: part for v, (_, part) in texts.items()}).fillna("")
    named = parts != ""
    if named.any() and parts[named].groupby([codes[named], years[named]]).nunique().max() > 1:
        example = column[named].iloc[0]
        raise LaoquError(f"{name} holds parts of years such as {example}: sum them up to years")
    if column.dropna().astype(str).ne(years[column.notna()].astype(str)).any():
        kind = "decimals" if pd.api.types.is_float_dtype(column) else "text or dates"
        first = ", ".join(column[years.notna()].head(1).astype(str))
        notes.append((name, int(years.notna().sum()), f"{kind} read as years: {first}"))
    if n := int(years.isna().sum()):
        notes.append((name, n, "no year: the rows have no unit"))
    return years


def _to_long(frame: pd.DataFrame, notes: list) -> tuple[pd.DataFrame, str]:
    """Turn a column for each year into a row for each year."""
    wide: dict[int, dict[str, str]] = defaultdict(dict)
    for column in frame:
        if match := WIDE.fullmatch(column):
            stem = (match["a"] or match["b"] or "").strip(" _.") or "value"
            wide[int(match["year"] or match["first"])][column] = stem
    if len(wide) < 2:
        raise LaoquError(
            "no column of the panel holds years, and no columns are years: say year= (a column, "
            "or one year for all rows)"
        )
    taken = [column for columns in wide.values() for column in columns]
    keep = [column for column in frame if column not in taken]
    pieces = [
        frame[[*keep, *columns]].rename(columns=columns).assign(year=year)
        for year, columns in sorted(wide.items())
    ]
    long = pd.concat(pieces, ignore_index=True)
    notes.append(("file", len(long), f"{len(taken)} columns of years turned into rows"))
    return long, "year"


def _placed(frame: pd.DataFrame, code: str, codes: pd.Series, years: pd.Series) -> pd.DataFrame:
    """Put code and year where they are expected; a file's column of such a name stays beside."""
    frame = frame.drop(columns=[c for c in (code,) if c in ("county_code", "code_in_panel")])
    clash = [c for c in ("county_code", "code_in_panel", "code_status") if c in frame]
    frame = frame.rename(columns={c: f"{c}_in_file" for c in clash})
    return frame.assign(code_in_panel=codes, year=years)


def _unstacked(frame: pd.DataFrame, name: str | None) -> tuple[pd.DataFrame, list]:
    """Turn a row for each indicator into a column for each indicator."""
    indicator = [c for c in frame if INDICATOR_NAMES.fullmatch(_plain(c))]
    value = [c for c in frame if VALUE_NAMES.fullmatch(_plain(c))]
    keys = ["code_in_panel", "year"]
    if len(indicator) != 1 or len(value) != 1 or not frame.duplicated(keys).any():
        return frame, []
    if frame.duplicated([*keys, indicator[0]]).any() or frame[keys].isna().any(axis=None):
        return frame, []
    wide = frame.pivot(index=keys, columns=indicator[0], values=value[0]).reset_index()
    wide = wide.rename_axis(columns=None)
    same = [
        c for c in frame.columns.difference([*keys, indicator[0], value[0]], sort=False)
        if c == name or frame.groupby(keys)[c].nunique(dropna=False).max() == 1
    ]  # fmt: skip
    wide = frame[[*keys, *same]].drop_duplicates(keys).merge(wide, on=keys)
    left = frame.columns.difference([*keys, *same, indicator[0], value[0]])
    text = f"{frame[indicator[0]].nunique()} indicators turned into columns"
    text += f"; left out: {', '.join(left)}" if len(left) else ""
    return wide, [("file", len(frame), text)]
