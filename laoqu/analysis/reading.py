"""Read a panel as people keep it: which columns hold codes, years and names, and what they mean.

Every conversion is reported; only what has two readings is refused. How columns are called is data:
``reading.toml``.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterable
from functools import partial
from numbers import Real
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu import paths, sheets
from laoqu.analysis.codes import MOST, Notes, code_of, codes_of, codes_of_names, examples
from laoqu.errors import LaoquError, require
from laoqu.sheets import decoded
from laoqu.spelling import clean
from laoqu.succession import Units

SPEC = tomllib.loads(Path(__file__).with_name("reading.toml").read_text(encoding="utf-8"))
NAMES = {kind: re.compile(text) for kind, text in SPEC["columns"].items()}
YEARS = {kind: re.compile(text, re.IGNORECASE) for kind, text in SPEC["years"].items()}
#: A year that is a number lies between these.
FIRST_YEAR, LAST_YEAR = 1949, 2100
#: Larger files, longer and wider tables are no panels of counties and years: bytes, rows, columns.
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 150_000_000, 500_000, 3_000
#: A number with thousands separators.
THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
#: So many values of a column are looked at to find out what it holds.
SAMPLE = 400


class Columns(NamedTuple):
    """The columns a caller named; None where they are to be found by content."""

    code: str | None = None
    year: str | int | None = None
    name: str | None = None


class Read(NamedTuple):
    """A file as read: rows with ``code_in_panel`` and ``year``, their columns, conversions.

    ``unresolved`` has a row for each name without one county, where names stand for codes.
    """

    frame: pd.DataFrame
    columns: Columns
    conversions: Notes
    unresolved: pd.DataFrame


def read(source: object, columns: Columns, units: Units) -> Read:
    """Read a file or frame as rows of codes and years; `units` say what is a code and what a name.

    A file is long, wide (a column for each year) or stacked (a row for each indicator).
    """
    notes: Notes = []
    frame = source.copy() if isinstance(source, pd.DataFrame) else load(source, notes)
    frame.columns = _headers(frame.columns, notes)
    frame = frame.reset_index(drop=any(name is None for name in frame.index.names))
    for given in (columns.code, columns.name, columns.year):
        if isinstance(given, str):
            require(given, list(frame), "column of the panel")
    if frame.empty:
        raise LaoquError("the panel has no rows")
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS:
        raise LaoquError(
            f"the panel has more than {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns: is it one of "
            "counties and years?"
        )
    code = columns.code or _code_column(frame, units)
    name = columns.name or _name_column(frame, code, units)
    if code is None and name is None:
        shown = ", ".join(frame.columns[:12])
        raise LaoquError(
            f"no column of the panel holds codes of counties, or their names; it has {shown}: "
            "say code= or name="
        )
    year = columns.year if columns.year is not None else _year_column(frame, code)
    if year is None:
        frame, year = _to_long(frame, notes)
    if isinstance(year, str):
        frame = frame.assign(**{year: _years(frame[year], frame[code or name], notes)})
    else:
        frame, year = frame.assign(year=year), "year"
    frame[year] = frame[year].astype("Int64")
    unresolved = pd.DataFrame(columns=["name", "reason"])
    if code:
        codes = codes_of(frame[code], notes)
    else:
        codes, unresolved = codes_of_names(frame, name, frame[year], units)
        n, shown = int(codes.notna().sum()), ", ".join(unresolved["name"].head(5))
        notes.append((name, n, "no codes: names read as counties, within province and city"))
        if len(unresolved):
            text = f"{len(unresolved)} names are no one county: {shown}; see .reasons"
            notes.append((name, len(frame) - n, text))
    frame = _unstacked(_placed(frame, code, codes, year), name, notes)
    _whole_years(frame)
    for column in frame.select_dtypes(include=["object", "str", "string"]):
        if column not in (code, name, "code_in_panel") and not _called("code", column):
            frame[column] = _numbers(frame[column], notes)
    for column in frame.select_dtypes("number"):
        if n := int(np.isinf(frame[column].astype("float64")).sum()):
            notes.append((column, n, "infinite (inf, or too large as 1e999): no value is this"))
    return Read(frame, Columns(code, year, name if name in frame else None), notes, unresolved)


def load(source: object, notes: Notes) -> pd.DataFrame:
    """Return the table of a file, text as text; what was done to read it goes to `notes`."""
    if not isinstance(source, str | Path):
        raise LaoquError(f"a panel is a path or a DataFrame, found {type(source).__name__}")
    path = Path(source).expanduser()
    if not path.is_file():
        raise LaoquError(f"there is no file {paths.display(path)}")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise LaoquError(
            f"{path.name} has {size / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:,.0f}: "
            "leave out columns, or keep it as Parquet and hand over a DataFrame"
        )
    kind = path.suffix.lower().lstrip(".")
    if kind in ("xls", "sav", "rds", "rdata", "shp", "json", "zip"):
        raise LaoquError(f"{path.name} is a .{kind} file: save it as CSV, XLSX, DTA or Parquet")
    readers = {
        "xlsx": _excel,
        "xlsm": _excel,
        "dta": lambda path, _: pd.read_stata(path, convert_categoricals=False),
        "parquet": lambda path, _: pd.read_parquet(path),
    }
    try:
        return readers.get(kind, _csv)(path, notes)
    except LaoquError:
        raise
    except Exception as error:  # each format's reader has errors of its own
        raise LaoquError(f"{path.name} cannot be read as {kind or 'csv'}: {error}") from error


def _csv(path: Path, notes: Notes) -> pd.DataFrame:
    text, encoding = decoded(path.read_bytes())
    if encoding != "utf-8-sig":
        notes.append(("file", 0, f"read as {encoding.upper()}"))
    body = io.StringIO(text)
    head = [body.readline() for _ in range(20)]
    # A title above the head of the table fills fewer cells than the table.
    filled = [sum(bool(cell.strip()) for cell in re.split("[,\t;|]", line)) for line in head]
    skip = next(i for i, n in enumerate(filled) if n >= max(filled) / 2)
    if skip:
        notes.append(("file", skip, "lines above the head were left out"))
    body.seek(sum(map(len, head[:skip])))
    mark = max(",\t;|", key=head[skip].count)
    return pd.read_csv(body, sep=mark, dtype=str, keep_default_na=False, nrows=MOST_ROWS + 1)


def _excel(path: Path, notes: Notes) -> pd.DataFrame:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    sheet = book.worksheets[0]
    if len(book.worksheets) > 1:
        notes.append(("file", 0, f"only the first sheet was read: {sheet.title}"))
    sheet.reset_dimensions()  # a stray cell far away would make every row as wide
    rows = [row for row in sheet.iter_rows(values_only=True) if any(v is not None for v in row)]
    formulas, merged = sheets.hidden(sheet)
    if formulas:
        raise LaoquError(
            f"the formula in {formulas[0]} of {path.name} has no result: save it in a spreadsheet"
        )
    if merged:
        notes.append(("file", len(merged), f"merged cells, read as one value: {merged[0]}"))
    filled = [sum(v is not None for v in row) for row in rows]
    head = next((i for i, n in enumerate(filled) if n >= max(2, max(filled) / 2)), 0)
    if head:
        notes.append(("file", head, "rows above the head were left out"))
    used = sorted({i for row in rows[head:] for i, value in enumerate(row) if value is not None})
    cells = [[row[i] if i < len(row) else None for i in used] for row in rows[head:]]
    names = ["" if name is None else name for name in cells[0]] if cells else []
    return pd.DataFrame(cells[1:], columns=names).infer_objects()


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


def _called(kind: str, column: str) -> bool:
    """Whether files of this kind call a column of codes, years, names … so."""
    return bool(NAMES[kind].fullmatch(re.sub(r"[\s_\-.]", "", column).casefold()))


def _sample(column: pd.Series) -> pd.Series:
    return column.dropna().drop_duplicates().head(SAMPLE)


def _code_column(frame: pd.DataFrame, units: Units) -> str | None:
    """Return the column that holds codes: by content first, by its name among several."""
    codes = {c: [code_of(value)[0] for value in _sample(frame[c])] for c in frame}
    known = {c: np.mean([v in units.by_code for v in each] or [0]) for c, each in codes.items()}
    found = [c for c in frame if known[c] >= MOST]
    if not found:
        named = [c for c in frame if _called("code", c) and known[c] > 0]
        return named[0] if len(named) == 1 else None
    # Codes of provinces and cities stand beside those of counties.
    found = [c for c in found if np.mean([v[-2:] != "00" for v in codes[c]]) >= MOST] or found
    found = [c for c in found if _called("code", c)] or found
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
            best[column] = share + varied + 0.3 * _called("name", column)
    return max(best, key=best.get, default=None)


def _year_column(frame: pd.DataFrame, code: str | None) -> str | None:
    """Return the column of years: one that is so called, else the one that reads as years."""
    reads = [
        c for c in frame.columns.drop(code, errors="ignore")
        if np.mean([_year(value)[0] is not None for value in _sample(frame[c])] or [0]) >= MOST
    ]  # fmt: skip
    named = [c for c in reads if _called("year", c)]
    if len(named) > 1:
        plain = [c for c in named if _called("plain_year", c)]
        named = plain if len(plain) == 1 else named
    group = named or [c for c in reads if not _called("no_year", c)]
    if len(group) > 1:
        raise LaoquError(f"columns {', '.join(group)} all hold years: say year=")
    return group[0] if group else None


def _year(value: object) -> tuple[int | None, str]:
    """Return the year of a value, and the part of the year it names if it names one."""
    if hasattr(value, "year"):
        return int(value.year), "" if (value.month, value.day) == (12, 31) else str(value.month)
    if isinstance(value, Real):
        whole = FIRST_YEAR <= value <= LAST_YEAR and float(value).is_integer()
        return (int(value), "") if whole and not isinstance(value, bool) else (None, "")
    text = clean(str(value))
    if match := YEARS["year"].fullmatch(text):
        return int(match["year"] or match["fiscal"]), ""
    if match := YEARS["quarter"].fullmatch(text):
        return int(match["year"]), match["part"]
    match = YEARS["date"].fullmatch(text)  # a month and a day, as 20190 or 2019/2020 have none
    if match and 1 <= int(match["part"]) <= 12 and 1 <= int(match["day"] or 1) <= 31:
        return int(match["year"]), match["part"]
    return None, ""


def _years(column: pd.Series, units: pd.Series, notes: Notes) -> pd.Series:
    """Return years as whole numbers; refuse months and quarters, which have to be summed up."""
    read = {value: _year(value) for value in column.dropna().unique()}
    years = column.map({v: year for v, (year, _) in read.items()}).astype("Float64").astype("Int64")
    parts = column.map({v: part for v, (_, part) in read.items() if part}).dropna()
    if parts.groupby([units, years]).nunique().max() > 1:
        first = column[parts.index[0]]
        raise LaoquError(
            f"{column.name} holds parts of years such as {first}: sum them up to years"
        )
    if column.dropna().astype(str).ne(years[column.notna()].astype(str)).any():
        kind = "decimals" if pd.api.types.is_float_dtype(column) else "text or dates"
        shown = examples(column[years.notna()])
        notes.append((str(column.name), int(years.notna().sum()), f"{kind} read as years: {shown}"))
    if years.isna().all():
        raise LaoquError(f"no cell of {column.name} is a year, such as {examples(column)}")
    if n := int(years.isna().sum()):
        notes.append((str(column.name), n, "no year: the rows have no unit"))
    return years


def _whole_years(frame: pd.DataFrame) -> None:
    """Refuse a column of months or quarters beside the years."""
    for column in filter(partial(_called, "part"), frame.columns):
        parts = frame.dropna(subset=[column]).groupby(["code_in_panel", "year"])[column]
        if parts.nunique().max() > 1:
            shown = examples(frame[column])
            raise LaoquError(f"{column} holds parts of years such as {shown}: sum them up to years")


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
        own = [c for c in found if year[c] == each]
        pieces.append(frame[[*keep, *own]].rename(columns=stem).assign(year=each))
    long = pd.concat(pieces, ignore_index=True)
    notes.append(("file", len(long), f"{len(found)} columns of years turned into rows"))
    return long, "year"


def _placed(frame: pd.DataFrame, code: str | None, codes: pd.Series, year: str) -> pd.DataFrame:
    """Put code and year where they are expected; a file's column of such a name stays beside."""
    frame = frame.assign(year=frame[year])
    frame = frame.drop(columns=[c for c in (code,) if c in ("county_code", "code_in_panel")])
    clash = [c for c in ("county_code", "code_in_panel", "code_status") if c in frame]
    return frame.rename(columns={c: f"{c}_in_file" for c in clash}).assign(code_in_panel=codes)


def _unstacked(frame: pd.DataFrame, name: str | None, notes: Notes) -> pd.DataFrame:
    """Turn a row for each indicator into a column for each indicator."""
    indicator = [c for c in frame if _called("indicator", c)]
    value = [c for c in frame if _called("value", c)]
    keys = ["code_in_panel", "year"]
    if len(indicator) != 1 or len(value) != 1 or not frame.duplicated(keys).any():
        return frame
    if frame.duplicated([*keys, indicator[0]]).any() or frame[keys].isna().any(axis=None):
        return frame
    wide = frame.pivot(index=keys, columns=indicator[0], values=value[0]).reset_index()
    others = frame.columns.drop([*keys, indicator[0], value[0]])
    counts = frame.groupby(keys)[others.tolist()].nunique(dropna=False).max()
    same = [c for c in others if c == name or counts[c] == 1]
    left = others.drop(same)
    text = f"{frame[indicator[0]].nunique()} indicators turned into columns"
    text += f"; left out: {', '.join(left)}" if len(left) else ""
    notes.append(("file", len(frame), text))
    first = frame[[*keys, *same]].drop_duplicates(keys)
    return first.merge(wide.rename_axis(columns=None), on=keys)


def _numbers(column: pd.Series, notes: Notes) -> pd.Series:
    """Return text that is numbers as numbers: 1,234.5, wide digits, signs for no value."""
    numbers = pd.to_numeric(column, errors="coerce")
    texts = pd.Series(column[numbers.isna()].dropna().unique(), dtype="object")
    plain = texts.map(lambda value: clean(str(value)))
    signs = set(texts[plain.str.casefold().isin(SPEC["missing"])])
    read = pd.to_numeric(plain.str.replace(",", ""), errors="coerce")
    commas = plain.str.contains(",")
    if not plain[commas & read.notna()].str.fullmatch(THOUSANDS).all():
        read = read.mask(commas)  # 1,5 is no 15; then 1,234 may be 1.234 as well
        notes.append((str(column.name), int(commas.sum()), "decimal commas: write 1.5 for 1,5"))
    odd = column.isin(set(texts[read.isna()]) - signs)
    known = column.notna() & ~column.isin(signs)
    if not known.any():
        return column
    if odd.any():
        if odd.sum() < 0.05 * known.sum():
            text = f"no number where all others are: {examples(column[odd])}"
            notes.append((str(column.name), int(odd.sum()), text))
        return column.where(known)
    for rows, what in (
        (column.isin(signs - {""}), "signs for a missing value read as missing"),
        (column.isin(set(texts[plain.str.contains(",")])), "numbers with thousands separators"),
    ):
        if n := int(rows.sum()):
            notes.append((str(column.name), n, what))
    return numbers.fillna(column.map(dict(zip(texts, read, strict=True))))
