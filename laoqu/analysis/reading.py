"""Read a panel as people keep it: which columns hold codes, years and names, and what they mean.

Every conversion is reported; only what has two readings is refused. How columns are called is data:
``own.toml``.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import accumulate, count
from numbers import Integral
from pathlib import Path

import pandas as pd
from pyarrow.parquet import ParquetFile

from laoqu import grid, own, paths
from laoqu.analysis import kinds, shapes
from laoqu.analysis.codes import codes_of, codes_of_names
from laoqu.analysis.kinds import LEVELS, MOST, Notes, called, examples, sample
from laoqu.analysis.numbers import in_numbers
from laoqu.analysis.years import PARTS, differ, is_year, parts_of, year_column, years_of
from laoqu.errors import LaoquError, require
from laoqu.own import code_of, name_of, year_of
from laoqu.succession import Units

#: Larger files are no panels of counties and years.
MOST_BYTES, MOST_TEXT = 150_000_000, 500_000_000
#: From this release on Stata writes UTF-8; what text in GBK has.
UNICODE, HAN = 118, re.compile("[\u4e00-\u9fff]")
#: The largest number up to which a float of 32 bits holds each whole one.
WHOLE = 2**24


def read(
    source: object,
    code: str | None,
    year: str | int | None,
    name: str | None,
    units: Units,
    level: str = "county",
) -> tuple[pd.DataFrame, dict[str, str | None], Notes, pd.DataFrame]:
    """Read a file or frame, long or with a column for each year, as rows of codes and years.

    Columns that are None are found by content: `units` say what is a code and what a name, which
    without codes is one of this level. Returned are the rows with ``code_in_panel`` and ``year``,
    the column that each of the three is (further ones of codes and years too), what was converted,
    and a row for each name without one unit where names stand for codes.
    """
    notes: Notes = []
    if isinstance(source, pd.DataFrame):
        return _read(source.copy(), code, year, name, units, level, notes)
    frame = load(source, notes)
    try:
        return _read(frame, code, year, name, units, level, notes)
    except LaoquError as error:  # what is looked for may stand on another sheet
        error.args = (f"{Path(source).name}: {error}{grid.mend(text for *_, text in notes)}",)
        raise


def _read(
    frame: pd.DataFrame,
    code: object,
    year: object,
    name: object,
    units: Units,
    level: str,
    notes: Notes,
) -> tuple[pd.DataFrame, dict[str, str | None], Notes, pd.DataFrame]:
    grid.refuse_large(*frame.shape, shapes.MOST_ROWS)
    # What rows are called in messages: as in the file, or as in the frame.
    rows = frame.index
    if isinstance(frame.columns, pd.MultiIndex):
        frame.columns = ["_".join(str(each) for each in head if str(each)) for head in frame]
        notes.append(("file", len(frame), f"levels of headings joined: {', '.join(frame)[:99]}"))
    _refuse_no_head(frame.columns, units)
    frame.columns, twice = _headers(frame.columns)
    for key in [each for each in frame.index.names if each is not None and str(each) in frame]:
        if list(frame.index.get_level_values(key)) != list(frame[str(key)]):
            raise LaoquError(f"the index and a column are both called {key}: rename one of them")
        frame = frame.reset_index(key, drop=True)
    frame = frame.reset_index(drop=any(name is None for name in frame.index.names))
    rows = pd.Series(frame.index if isinstance(rows, pd.MultiIndex) else rows, frame.index)
    code, year, name = _given(code, year, name, list(frame))
    if frame.empty:
        raise LaoquError("the panel has no rows")
    twice |= {f"{c}.1": c for c in frame if f"{c}.1" in frame}  # as pandas calls them
    _refuse_side_by_side(frame, twice, (code, year, name), notes)
    if odd := [c for c in frame if pd.api.types.is_complex_dtype(frame[c])]:
        raise LaoquError(f"{odd[0]} holds complex numbers: a panel has real ones")
    if odd := list(frame.select_dtypes("timedelta")):
        raise LaoquError(f"{odd[0]} holds spans of time: write numbers, as of days")
    for column in frame.columns[frame.dtypes == "object"]:
        if frame[column].map(pd.api.types.is_list_like).any():
            raise LaoquError(f"{column} holds lists: a cell of a panel has one value")
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("float16"), "float32"))
    for column in {*called("code", frame), code} & {*frame.select_dtypes("float32")}:
        if (frame[column] > WHOLE).any():  # 610826000 is 610825984
            mend = "import it again as text or double"
            raise LaoquError(f"{column} is stored as float, which holds seven digits: {mend}")
    for column in frame.select_dtypes("datetimetz"):  # midnight there is the day before in UTC
        frame[column] = frame[column].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        notes.append((column, len(frame), "times of another zone read as those of China"))
    year = year_column(frame, code, name, units, level, notes) if year is None else year
    code = code or kinds.code_column(frame, year, units, notes)
    others = frame.drop(columns=[year], errors="ignore")
    name = name or _name_column(others, code, units, level, notes)
    for column in () if code is None and name else [code] if code else frame:
        for odd in (own.TOWNSHIP, own.ROUNDED, own.TOGETHER):
            if kinds.share(frame[column], lambda v, odd=odd: code_of(v)[1] == odd) >= MOST:
                raise LaoquError(f"{column} holds {odd}")
    if code is None and name is None:
        none = "no column of the panel holds codes of counties, or their names; it has "
        none += ", ".join(frame.columns[:12])
        cities = units.names["prefecture"]
        for column in frame:
            if kinds.share(frame[column], lambda value: name_of(value) in cities) >= MOST:
                raise LaoquError(f"{none}: {column} holds cities, which unit='prefecture' reads")
        raise LaoquError(f"{none}: call one code or name, or say code= or name=")
    for column in set(called("name", frame)) - {name} if code and name is None else ():
        if sample(frame[column]).astype("str").str.isascii().mean() > 0.5:
            text = "names in letters: not compared with the codes"
            notes.append((column, len(frame), text))
    if isinstance(year, int) and (odd := [c for c in frame if own.is_year(c)]):
        said = f"year is {year}, but {', '.join(odd[:3])} are columns of years"
        raise LaoquError(f"{said}: leave year= out, or these")
    if isinstance(year, int) and (kept := [*shapes.of_years(frame)]):
        text = f"columns of years left as they are, in rows of {year}: {', '.join(kept[:5])}"
        notes.append(("file", len(frame), text))
    if found := {code, name} & {*shapes.of_years(frame)} if year is None else ():
        raise LaoquError(f"{found.pop()} is a column of a year: name one of codes or names")
    if wide := year is None:
        frame, rows, kept = shapes.to_long(frame, rows, twice, notes)
        year, code, name = "year", kept.get(code, code), kept.get(name, name)
    parts = parts_of(frame.drop(columns=[code, name], errors="ignore"), notes)
    years, days = years_of(frame, year, rows, notes)
    unresolved = pd.DataFrame(columns=["name", "reason"])
    upper = kinds.upper_columns(frame.drop(columns=[code, name], errors="ignore"), units, notes)
    if code:
        codes = codes_of(frame[code], notes)
    else:
        codes, unresolved = codes_of_names(frame, name, years, units, level)
        n, shown = int(codes.notna().sum()), ", ".join(unresolved["name"].head(5))
        within = " and ".join(upper) or "all of China"
        notes.append((name, n, f"no codes: names read as {LEVELS[level]}, within {within}"))
        if len(unresolved):
            text = f"{len(unresolved)} names are no one {level}: {shown}; see .reasons"
            notes.append((name, len(frame) - n, text))
    if name and len(odd := frame[name].dropna().astype("str").loc[lambda s: s.map(shapes.marked)]):
        text = f"signs of a footnote left out of names: {examples(odd)}"
        notes.append((name, len(odd), text))
    if days.groupby([codes.fillna(frame[code or name].astype("str")), years]).nunique().max() > 1:
        raise LaoquError(PARTS.format(year, examples(days)))
    frame = frame.drop(columns=[c for c in (code,) if c in shapes.ADDED])
    frame, kept = shapes.beside(frame, [*shapes.ADDED, *["year"][: year != "year"]])
    notes += [(c, len(frame), shapes.KEPT.format(new)) for c, new in kept.items()]
    name, frame = kept.get(name, name), frame.assign(year=years, code_in_panel=codes)
    indicator = shapes.indicator_column(frame, {code, name}, notes)
    shapes.refuse_units(frame, {code, name}, indicator)
    frame, rows, done = shapes.unstacked(frame, name, upper, indicator, rows, notes)
    others = [*called("code", frame), *called("row", frame), *_other_keys(frame, units), *parts]
    known = {code, year, name, "year", "code_in_panel", *others}
    frame = in_numbers(frame, known, done, rows, notes)
    shapes.refuse_several(frame, {*known, name}, code)
    fixed = [c for c in shapes.constant(frame) if wide and c not in known]
    notes += [(c, len(frame), "the same in every year of a unit") for c in fixed]
    found = {"code": code, "year": year if isinstance(year, str) else "year", "name": name}
    return frame, found | {column: column for column in others}, notes, unresolved


def _given(code: object, year: object, name: object, columns: list[str]) -> list:
    """Return the columns that are said, as text; a number is the name of one too, or the year."""
    found = []
    for what, each in (("code", code), ("year", year), ("name", name)):
        whole = isinstance(each, Integral) and not isinstance(each, bool)
        one = what == "year" and whole and own.FIRST_YEAR <= each <= own.LAST_YEAR
        if each is not None and not one:
            if not (isinstance(each, str) or whole):
                also = f", or one year from {own.FIRST_YEAR} to {own.LAST_YEAR}" * (what == "year")
                raise LaoquError(f"{what} is {each!r:.40}, expected the name of a column{also}")
            each = str(each)
            require(each, columns, "column of the panel")
        found.append(int(each) if one else each)
    return found


def load(source: object, notes: Notes) -> pd.DataFrame:
    """Return the table of a file, text as text; what was done to read it goes to `notes`."""
    if not isinstance(source, str | Path):
        raise LaoquError(f"a panel is a path or a DataFrame, found {type(source).__name__}")
    path = paths.expanded(source)
    kind = path.suffix.lower().lstrip(".")
    if kind in ("xls", "sav", "rds", "rdata", "shp", "json", "zip", "ipynb", "fods"):
        raise LaoquError(f"{path.name} is a .{kind} file: save it as CSV, XLSX, DTA or Parquet")
    grid.check_size(path, MOST_BYTES)
    if kind in ("dta", "parquet"):
        try:
            if kind == "dta":
                return _stata(path, notes)
            grid.check_parquet(path, shapes.MOST_ROWS)
            with ParquetFile(path) as file:  # two columns may have one name
                sizes = accumulate(batch.nbytes for batch in file.iter_batches(1_000))
                if any(size > MOST_TEXT for size in sizes):
                    raise LaoquError("takes more than 500 MB: leave out columns of long texts")
                return file.read().to_pandas()
        except MemoryError:  # no fault of the file
            raise
        except LaoquError as error:
            raise LaoquError(f"{path.name}: {error}") from error
        except Exception as error:  # each format's reader has errors of its own
            why = f"is empty, cut off or no .{kind} file of a version that is read: save it anew"
            raise LaoquError(f"{path.name} {why}, or as CSV") from error
    table, said = grid.read(path, shapes.MOST_ROWS, MOST_BYTES)
    notes += [("file", 0, text) for text in said]
    for text in (each for each in said if each.startswith(grid.ONE_SHEET)):
        warnings.warn(f"{path.name}: {text}", stacklevel=4)
    head = table.iloc[:1].fillna("").to_numpy().ravel()
    return table.iloc[1:].set_axis(head, axis=1).infer_objects()


def _stata(path: Path, notes: Notes) -> pd.DataFrame:
    """Read DTA; where every value of a column has a label, the label is meant, but for codes."""
    if b"<strls>GSO" in path.read_bytes():  # texts of any length
        raise LaoquError("has columns of strL: `compress` it in Stata, or save it as CSV")
    with pd.read_stata(path, convert_categoricals=False, iterator=True) as reader:
        grid.refuse_large(1, len(reader.variable_labels()))
        frame, labelled = reader.read(shapes.MOST_ROWS + 1), reader.value_labels()
    grid.refuse_large(*frame.shape, shapes.MOST_ROWS)
    if dates := [*frame.select_dtypes("datetime")]:
        counted = pd.read_stata(
            path, columns=dates, convert_dates=False, convert_categoricals=False
        )
        frame = frame.assign(**{c: _as_counted(frame[c], counted[c]) for c in dates})
    columns = [*frame]
    frame = _in_characters(frame, path, notes)
    if not labelled:
        return frame
    while True:
        try:
            shown = _in_characters(pd.read_stata(path, columns=columns), path, notes)
            break
        except ValueError as error:  # several values of a column have one label
            twice = re.search(r"for column (.+?) are not unique[\s\S]*-\n(.+)", str(error))
            if twice is None:
                text = f"labels of values left out: {str(error).strip()[:60]}"
                notes.append(("file", len(frame), text))
                return frame
            columns.remove(twice[1])
            text = f"labels of its values left out: several values are {twice[2]!r}"
            notes.append((twice[1], len(frame), text))
    for column, labels in shown.select_dtypes("category").items():
        named = [isinstance(each, str) for each in labels.cat.categories]
        text = "labels of codes, or of only some values, left out"
        if all(named) and not frame[column].between(110_000, 829_999).all():
            frame[column], text = labels.astype("str").where(labels.notna()), "labels of its values"
        notes.append((str(column), len(frame), text))
    return frame


def _as_counted(dates: pd.Series, counted: pd.Series) -> pd.Series:
    """Return dates; those that Stata counts in months, quarters, halves or weeks as months."""
    each, since = dates.dt, dates.dt.year - 1960
    months = since * 12 + each.month - 1
    parts = (months, months // 3, months // 6, since * 52 + (each.day_of_year - 1) // 7)
    if any(part.dropna().eq(counted.dropna()).all() for part in parts):
        return each.strftime("%Y-%m")
    return dates


def _in_characters(frame: pd.DataFrame, path: Path, notes: Notes) -> pd.DataFrame:
    """Return a table of Stata 13 or older with its text read as GBK, where it is such."""
    with path.open("rb") as file:
        release = re.search(rb"<release>(\d+)", file.read(99)) or [b"", b"100"]
    words = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    categories = {c: frame[c].cat.categories for c in words if frame[c].dtype == "category"}
    every = {*map(str, frame.columns)}.union(
        *(map(str, categories.get(c, frame[c].dropna().unique())) for c in words)
    )
    odd = [text for text in every if not text.isascii()]
    if int(release[1]) >= UNICODE or not odd:
        return frame
    try:
        read = {text: text.encode("latin-1").decode("gb18030") for text in odd}
    except UnicodeError:
        read = {}
    if not read or not all(HAN.search(text) for text in read.values()):
        notes.append(("file", len(frame), f"text of an unknown encoding: {', '.join(odd)[:60]}"))
        return frame
    note = ("file", len(frame), "text of an old file of Stata read as GBK")
    notes += [note] if note not in notes else []
    for column in words:
        if column in categories:
            frame[column] = frame[column].cat.rename_categories(lambda each: read.get(each, each))
        else:
            frame[column] = frame[column].map(lambda each: read.get(each, each))
    return frame.rename(columns=lambda each: read.get(each, each))


def _headers(columns: Iterable[object]) -> tuple[list[str], dict[str, str]]:
    """Return the names of the columns as text, each once, and what stands a second time."""
    found: dict[str, Iterator[int]] = {}
    twice: dict[str, str] = {}
    for number, column in enumerate(columns, 1):
        whole = isinstance(column, float) and column.is_integer()
        text = re.sub(r"[\s\u200b\ufeff]+", " ", str(int(column) if whole else column)).strip()
        base = text = text or f"column_{number}"
        if text in found:
            text = next(each for n in found[base] if (each := f"{base}_{n}") not in found)
            twice[text] = base
        found[text] = count(2)
    return [*found], twice


def _refuse_no_head(columns: Iterable[object], units: Units) -> None:
    """Refuse a head that is a row of the table: it has a code or a county, and a year or number."""
    heads = [str(column) for column in columns]
    counties = {holder.name for holder in units.holders if holder.level == "county"}
    if any(own.columns(heads, own.OF_PANELS)[kind] for kind in ("code", "name", "year")):
        counties = set()  # 代码, 城区, 2019
    reads: dict[str, Callable] = {  # the first that does says what a cell is
        "代码": lambda text: len(text) > 4 and code_of(text)[0] in units.by_code,
        "年份": lambda text: year_of(text)[0],
        "县名": lambda text: text in counties,
        "gdp": lambda text: pd.notna(pd.to_numeric(text.replace(",", ""), errors="coerce")),
        "…": lambda _: True,
    }
    held = {text: next(k for k in reads if reads[k](own.name_of(text))) for text in heads}
    has = Counter(held.values())
    told = bool(has["代码"]) + bool(has["县名"]) + bool(has["年份"] or has["gdp"])
    if told > 1 or (counties and has["年份"] == 1 and has["gdp"]):
        shown = [text for text, kind in held.items() if kind != "…"]
        text = f"the first row is no head, but a row of the table: it holds {', '.join(shown[:3])}"
        raise LaoquError(f"{text}. Put the names of the columns above it: {','.join(has)}")


def _refuse_side_by_side(
    frame: pd.DataFrame, twice: dict[str, str], given: Collection[object], notes: Notes
) -> None:
    """Refuse a second column of codes, names, years or indicators; say where others stand twice."""
    keys = [c for kind in ("code", "name", "year", "indicator") for c in called(kind, frame)]
    for text, base in twice.items():
        if base in {*keys} - {*given} and not frame[text].equals(frame[base]):
            mend = "put one below the other; else delete one, or say code=, name= and year="
            said = f"two columns are called {base}, with other values: of two tables side by side"
            raise LaoquError(f"{said} {mend}")
        if text not in given:
            number = frame.columns.get_loc(text) + 1
            said = f"column {number} is a second one called {base}: called {text}"
            notes.append((text, len(frame), said))


def _name_column(
    frame: pd.DataFrame, code: str | None, units: Units, level: str, notes: Notes
) -> str | None:
    """Return the column of names; others with other names are refused where names are units."""
    first, *others = kinds.name_columns(frame, code, units, level) or [None]
    read = partial(kinds.plain_name, names=units.names[level])
    others = [c for c in others if differ(frame[first], frame[c], lambda text: read(str(text)))]
    if others and not code:
        said = ", ".join([first, *others])
        raise LaoquError(f"columns {said} all hold names of counties: keep one, or say name=")
    for column in others:
        text = f"other names of counties than {first} has: not compared with the codes"
        notes.append((column, len(frame), text))
    return first


def _other_keys(frame: pd.DataFrame, units: Units) -> list[str]:
    """Return the columns that hold codes of counties, or are called years and hold such."""
    known = {code for code in units.by_code if code[-2:] != "00"}
    found = [c for c in frame if kinds.share(frame[c], lambda v: code_of(v)[0] in known) >= MOST]
    found = [c for c in found if frame[c].nunique() > 2]
    heads = [c for c in frame if own.named(c, "named") or c in called("year", frame)]
    found += [c for c in heads if all(map(is_year, sample(frame[c])))]
    return found + [c for c in frame if own.named(c, "no_name") and _counts(frame[c])]


def _counts(column: pd.Series) -> bool:
    """Return whether a column numbers the rows: 0, 1, 2 …, as `to_csv` writes an index."""
    numbers = pd.to_numeric(column, errors="coerce").drop_duplicates()
    return len(numbers) > 1 and numbers.tolist() in (
        [*range(len(numbers))], [*range(1, len(numbers) + 1)],
    )  # fmt: skip
