"""Read a panel as people keep it: which columns hold codes, years and names, and what they mean.

Every conversion is reported; only what has two readings is refused. How columns are called is data:
``own.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu import own
from laoqu.analysis.codes import MOST, Notes, codes_of, codes_of_names, examples
from laoqu.errors import LaoquError, require
from laoqu.own import OF_PANELS, YEARS, code_of, year_of
from laoqu.spelling import clean
from laoqu.succession import Units

#: Larger files, longer and wider tables are no panels of counties and years: bytes, rows, columns.
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 150_000_000, 500_000, 3_000
#: A number with thousands separators.
THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
#: So many values of a column are looked at to find out what it holds.
SAMPLE = 400
#: Columns that a panel has of us; a file's own column of such a name is kept beside.
ADDED = ("county_code", "code_in_panel", "code_status")


def read(
    source: object, code: str | None, year: str | int | None, name: str | None, units: Units
) -> tuple[pd.DataFrame, dict[str, str | None], Notes, pd.DataFrame]:
    """Read a file or frame, long or with a column for each year, as rows of codes and years.

    Columns that are None are found by content: `units` say what is a code and what a name. Returned
    are the rows with ``code_in_panel`` and ``year``, the column that each of the three is, what was
    converted, and a row for each name without one county where names stand for codes.
    """
    notes: Notes = []
    frame = source.copy() if isinstance(source, pd.DataFrame) else load(source, notes)
    frame.columns = _headers(frame.columns, notes)
    frame = frame.reset_index(drop=any(name is None for name in frame.index.names))
    for given in (code, year, name):
        if isinstance(given, str):
            require(given, list(frame), "column of the panel")
    if frame.empty:
        raise LaoquError("the panel has no rows")
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS:
        raise LaoquError(
            f"the panel has more than {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns: is it one of "
            "counties and years?"
        )
    code = code or _code_column(frame, units)
    name = name or _name_column(frame, code, units)
    if code is None and name is None:
        shown = ", ".join(frame.columns[:12])
        raise LaoquError(
            f"no column of the panel holds codes of counties, or their names; it has {shown}: "
            "say code= or name="
        )
    year = _year_column(frame, code) if year is None else year
    if year is None:
        frame, year = _to_long(frame, notes)
    years, parts = _years(frame, year, notes)
    unresolved = pd.DataFrame(columns=["name", "reason"])
    if code:
        codes = codes_of(frame[code], notes)
    else:
        codes, unresolved = codes_of_names(frame, name, years, units)
        n, shown = int(codes.notna().sum()), ", ".join(unresolved["name"].head(5))
        notes.append((name, n, "no codes: names read as counties, within province and city"))
        if len(unresolved):
            text = f"{len(unresolved)} names are no one county: {shown}; see .reasons"
            notes.append((name, len(frame) - n, text))
    _refuse_parts(codes.fillna(frame[code or name].astype("str")), years, parts)
    frame = frame.drop(columns=[c for c in (code,) if c in ADDED]).assign(year=years)
    frame = frame.rename(columns={c: f"{c}_in_file" for c in ADDED}).assign(code_in_panel=codes)
    _refuse_stacked(frame)
    for column in frame.select_dtypes(include=["object", "str", "string"]):
        if column not in (code, name, "code_in_panel", *_called("code", frame)):
            frame[column] = _numbers(frame[column], notes)
    for column in frame.select_dtypes("number"):
        if n := int(np.isinf(frame[column].astype("float64")).sum()):
            notes.append((column, n, "infinite (inf, or too large as 1e999): no value is this"))
    found = {"code": code, "year": year if isinstance(year, str) else "year", "name": name}
    return frame, found, notes, unresolved


def load(source: object, notes: Notes) -> pd.DataFrame:
    """Return the table of a file, text as text; what was done to read it goes to `notes`."""
    if not isinstance(source, str | Path):
        raise LaoquError(f"a panel is a path or a DataFrame, found {type(source).__name__}")
    path = Path(source).expanduser()
    kind = path.suffix.lower().lstrip(".")
    if kind in ("xls", "sav", "rds", "rdata", "shp", "json", "zip"):
        raise LaoquError(f"{path.name} is a .{kind} file: save it as CSV, XLSX, DTA or Parquet")
    own.check_size(path, MOST_BYTES)
    if kind in ("dta", "parquet"):
        try:
            if kind == "parquet":
                return pd.read_parquet(path)
            return pd.read_stata(path, convert_categoricals=False)
        except Exception as error:  # each format's reader has errors of its own
            raise LaoquError(f"{path.name} cannot be read as {kind}: {error}") from error
    table, said = own.grid(path, MOST_ROWS, MOST_BYTES)
    notes += [("file", 0, text) for text in said]
    head = table.iloc[:1].fillna("").to_numpy().ravel()
    return table.iloc[1:].set_axis(head, axis=1).reset_index(drop=True).infer_objects()


def _headers(columns: Iterable[object], notes: Notes) -> list[str]:
    """Return the names of the columns as text, each once."""
    found: list[str] = []
    for number, column in enumerate(columns, 1):
        whole = isinstance(column, float) and column.is_integer()
        text = re.sub(r"[\s\u200b\ufeff]+", " ", str(int(column) if whole else column)).strip()
        text = text or f"column_{number}"
        while text in found:
            text += "_2"
            notes.append(("column", number, f"a second column of a name is called {text}"))
        found.append(text)
    return found


def _called(kind: str, frame: pd.DataFrame) -> list[str]:
    """Return the columns that are called as files of this kind call codes, years, names …."""
    return [frame.columns[at] for at in own.columns(frame, OF_PANELS)[kind]]


def _sample(column: pd.Series) -> pd.Series:
    return column.dropna().drop_duplicates().head(SAMPLE)


def _code_column(frame: pd.DataFrame, units: Units) -> str | None:
    """Return the column that holds codes: by content first, by its name among several."""
    codes = {c: [code_of(value)[0] for value in _sample(frame[c])] for c in frame}
    known = {c: np.mean([v in units.by_code for v in each] or [0]) for c, each in codes.items()}
    named = _called("code", frame)
    found = [c for c in frame if known[c] >= MOST]
    if not found:
        named = [c for c in named if known[c] > 0]
        return named[0] if len(named) == 1 else None
    # Codes of provinces and cities stand beside those of counties.
    found = [c for c in found if np.mean([v[-2:] != "00" for v in codes[c]]) >= MOST] or found
    found = [c for c in found if c in named] or found
    read = [frame[c].map(lambda value: code_of(value)[0]) for c in found]
    if all(read[0].equals(other) for other in read[1:]):
        return found[0]
    raise LaoquError(f"columns {', '.join(found)} all hold codes: say code=")


def _name_column(frame: pd.DataFrame, code: str | None, units: Units) -> str | None:
    """Return the column with the names of the units that the codes mean, if there is one."""
    names = {holder.name for holder in units.holders if code or holder.level == "county"}
    best: dict[str, float] = {}
    for column in frame.columns.drop(code, errors="ignore"):
        if pd.api.types.is_numeric_dtype(frame[column]):
            continue
        share = _sample(frame[column]).astype(str).map(clean).isin(names).mean()
        # The names of provinces and cities repeat; those of counties are nearly one for a code.
        varied = min(frame[column].nunique() / max(frame[code].nunique(), 1), 1) if code else 1
        if share >= 0.5 and varied > 0.5:
            best[column] = share + varied + 0.3 * (column in _called("name", frame))
    return max(best, key=best.get, default=None)


def _year_column(frame: pd.DataFrame, code: str | None) -> str | None:
    """Return the column of years: one that is so called, else the one that reads as years."""
    reads = [
        c for c in frame.columns.drop(code, errors="ignore")
        if np.mean([year_of(value)[0] is not None for value in _sample(frame[c])] or [0]) >= MOST
    ]  # fmt: skip
    group = [c for c in _called("year", frame) if c in reads]
    plain = [c for c in _called("plain_year", frame) if c in group]
    group = plain if len(plain) == 1 else group
    group = group or [c for c in reads if not re.match("birth|成立|设立", c.casefold())]
    if len(group) > 1:
        raise LaoquError(f"columns {', '.join(group)} all hold years: say year=")
    return group[0] if group else None


def _years(frame: pd.DataFrame, year: str | int, notes: Notes) -> tuple[pd.Series, pd.Series]:
    """Return years as whole numbers, and the parts of years that rows speak of."""
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
        raise LaoquError(f"no cell of {year} is a year, such as {examples(column)}")
    if n := int(years.isna().sum()):
        notes.append((str(year), n, "no year: the rows have no unit"))
    dated = column.where(column.map({v: part != "" for v, (_, part) in read.items()}).eq(True))
    parts = frame[_called("part", frame)].assign(**{year: dated})
    return years, parts


def _refuse_parts(units: pd.Series, years: pd.Series, parts: pd.DataFrame) -> None:
    """Refuse months and quarters, beside the years or in them: they have to be summed up."""
    for name, column in parts.items():
        if column.groupby([units, years]).nunique().max() > 1:
            shown = examples(column)
            raise LaoquError(f"{name} holds parts of years such as {shown}: sum them up to years")


def _to_long(frame: pd.DataFrame, notes: Notes) -> tuple[pd.DataFrame, str]:
    """Turn a column for each year into a row for each year."""
    found = {c: match for c in frame if (match := YEARS["column"].fullmatch(c))}
    year = {c: int(match["year"] or match["first"]) for c, match in found.items()}
    if len(set(year.values())) < 2:
        raise LaoquError(
            "no column of the panel holds years, and no columns are years: say year= (a column, "
            "or one year for all rows)"
        )
    stem = {c: (m["stem"] or m["rest"] or "").strip(" _.") or "value" for c, m in found.items()}
    keep = frame.columns.drop(list(found)).tolist()
    pieces = []
    for each in sorted(set(year.values())):
        here = [c for c in found if year[c] == each]
        pieces.append(frame[[*keep, *here]].rename(columns=stem).assign(year=each))
    long = pd.concat(pieces, ignore_index=True)
    notes.append(("file", len(long), f"{len(found)} columns of years turned into rows"))
    return long, "year"


def _refuse_stacked(frame: pd.DataFrame) -> None:
    """Refuse a table with a row for each indicator: it is no panel yet."""
    kinds = [_called(kind, frame) for kind in ("indicator", "value")]
    if all(kinds) and frame.duplicated(["code_in_panel", "year"]).any():
        raise LaoquError(
            f"{kinds[0][0]} and {kinds[1][0]} hold a row for each indicator: make them columns "
            f"first, with pandas: frame.pivot(index=…, columns={kinds[0][0]!r}, "
            f"values={kinds[1][0]!r}).reset_index()"
        )


def _numbers(column: pd.Series, notes: Notes) -> pd.Series:
    """Return text that is numbers as numbers: 1,234.5, wide digits, signs for no value."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        return numbers
    plain = {text: clean(str(text)) for text in column[numbers.isna()].dropna().unique()}
    plain = pd.Series(plain, dtype="object")
    signs = set(plain.index[plain.str.casefold().isin(own.SPEC["missing"])])
    commas = plain.str.contains(",").astype("bool")
    read = pd.to_numeric(plain.str.replace(",", ""), errors="coerce")
    if not plain[commas & read.notna()].str.fullmatch(THOUSANDS).all():
        read = read.mask(commas)  # 1,5 is no 15; then 1,234 may be 1.234 as well
        notes.append((str(column.name), int(commas.sum()), "decimal commas: write 1.5 for 1,5"))
    odd = column.isin(set(read.index[read.isna()]) - signs)
    known = column.notna() & ~column.isin(signs)
    if not known.any():
        return column
    if odd.any():
        if odd.sum() < 0.05 * known.sum():
            text = f"no number where all others are: {examples(column[odd])}"
            notes.append((str(column.name), int(odd.sum()), text))
        return column.where(known)
    for values, what in (
        (signs - {""}, "signs for a missing value read as missing"),
        (set(plain.index[commas]), "numbers with thousands separators"),
    ):
        if n := int(column.isin(values).sum()):
            notes.append((str(column.name), n, what))
    return numbers.fillna(column.map(read))
