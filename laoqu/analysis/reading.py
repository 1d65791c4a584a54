"""Read a panel as people keep it: which columns hold codes, years and names, and what they mean.

Every conversion is reported; only what has two readings is refused. How columns are called is data:
``own.toml``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from numbers import Integral
from pathlib import Path

import numpy as np
import pandas as pd

from laoqu import grid, own
from laoqu.analysis.codes import (
    MOST,
    Notes,
    called,
    code_column,
    codes_of,
    codes_of_names,
    examples,
    name_column,
    placed,
    sample,
)
from laoqu.analysis.numbers import in_numbers, numbers_of
from laoqu.errors import LaoquError, require
from laoqu.own import code_of, year_of
from laoqu.sheets import texts
from laoqu.succession import Units

#: Larger files, longer and wider tables are no panels of counties and years: bytes, rows, columns.
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 150_000_000, 500_000, 3_000
#: What says in which unit values are.
UNIT = re.compile("".join(own.SPEC["cells"]["unit"]), re.IGNORECASE)
#: What is said of a column of the file that is called as one of ours.
KEPT = "the file's own is kept as {}"
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
    # What rows are called in messages: as in the file, or as in the frame.
    rows = frame.index
    frame.columns = _headers(frame.columns, notes)
    frame = frame.reset_index(drop=any(name is None for name in frame.index.names))
    rows = pd.Series(frame.index if isinstance(rows, pd.MultiIndex) else rows, frame.index)
    code, year, name = _given(code, year, name, list(frame))
    if frame.empty:
        raise LaoquError("the panel has no rows")
    if len(frame) > MOST_ROWS or len(frame.columns) > MOST_COLUMNS:
        raise LaoquError(
            f"the panel has more than {MOST_ROWS:,} rows or {MOST_COLUMNS:,} columns: is it one of "
            "counties and years?"
        )
    if odd := [c for c in frame if pd.api.types.is_complex_dtype(frame[c])]:
        raise LaoquError(f"{odd[0]} holds complex numbers: a panel has real ones")
    for column in frame.columns[frame.dtypes == "object"]:
        if frame[column].map(pd.api.types.is_list_like).any():
            raise LaoquError(f"{column} holds lists: a cell of a panel has one value")
    for column in frame.select_dtypes("datetimetz"):  # midnight there is the day before in UTC
        frame[column] = frame[column].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
        notes.append((column, len(frame), "times of another zone read as those of China"))
    year = _year_column(frame, code, name) if year is None else year
    code = code or code_column(frame, year, units, notes)
    name = name or name_column(frame, code, units)
    if code is None and name is None:
        below = [c for c in frame if (_reads(frame[c], code_of) == own.TOWNSHIP).mean() >= MOST]
        if below:
            raise LaoquError(f"{below[0]} holds {own.TOWNSHIP}")
        raise LaoquError(
            "no column of the panel holds codes of counties, or their names; it has "
            f"{', '.join(frame.columns[:12])}: call one code or name, or say code= or name="
        )
    for column in set(called("name", frame)) - {name} if code and name is None else ():
        if sample(frame[column]).astype("str").str.isascii().mean() > 0.5:
            text = "names in letters: not compared with the codes"
            notes.append((column, len(frame), text))
    if year is None:
        frame, year, rows = _to_long(frame, rows, notes)
    years, parts = _years(frame, year, rows, notes)
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
    if name and len(marked := frame[name].dropna().astype("str").loc[lambda s: s.map(_marked)]):
        text = f"signs of a footnote left out of names: {examples(marked)}"
        notes.append((name, len(marked), text))
    _refuse_parts(codes.fillna(frame[code or name].astype("str")), years, parts)
    frame = frame.drop(columns=[c for c in (code,) if c in ADDED])
    frame, kept = beside(frame, [*ADDED, *["year"][: year != "year"]])
    notes += [(c, len(frame), KEPT.format(new)) for c, new in kept.items()]
    name, frame = kept.get(name, name), frame.assign(year=years, code_in_panel=codes)
    indicator = called("indicator", frame)
    _refuse_units(frame, name, indicator)
    frame, rows, done = _unstacked(frame, name, indicator, rows, notes)
    known = {code, year, name, "year", "code_in_panel", *called("code", frame)}
    frame = in_numbers(frame, known, done, rows, notes)
    found = {"code": code, "year": year if isinstance(year, str) else "year", "name": name}
    return frame, found, notes, unresolved


def beside(frame: pd.DataFrame, ours: Iterable[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a frame with its columns that are called as ours renamed, and their new names.

    >>> beside(pd.DataFrame(columns=["control", "control_in_file"]), ["control"])[1]
    {'control': 'control_in_file_2'}
    """
    kept = {}
    for column in [c for c in ours if c in frame]:
        kept[column] = f"{column}_in_file"
        while kept[column] in frame:
            kept[column] += "_2"
    return frame.rename(columns=kept), kept


def _given(code: object, year: object, name: object, columns: list[str]) -> list:
    """Return the columns that are said, as text; a number is the name of one too, or the year."""
    found = []
    for what, each in (("code", code), ("year", year), ("name", name)):
        whole = isinstance(each, Integral) and not isinstance(each, bool)
        one = what == "year" and whole and own.FIRST_YEAR <= each <= own.LAST_YEAR
        if each is not None and not one:
            if not (isinstance(each, str) or whole):
                also = f", or one year from {own.FIRST_YEAR} to {own.LAST_YEAR}"
                also = also if what == "year" else ""
                raise LaoquError(f"{what} is {each!r:.40}, expected the name of a column{also}")
            each = str(each)
            require(each, columns, "column of the panel")
        found.append(int(each) if one else each)
    return found


def _marked(text: str) -> bool:
    return own.name_of(text) != text.strip()


def _reads(column: pd.Series, read: Callable) -> pd.Series:
    """Return the second half of what a sample of a column reads as: what is said of each value."""
    return sample(column).map(lambda value: read(value)[1])


def load(source: object, notes: Notes) -> pd.DataFrame:
    """Return the table of a file, text as text; what was done to read it goes to `notes`."""
    if not isinstance(source, str | Path):
        raise LaoquError(f"a panel is a path or a DataFrame, found {type(source).__name__}")
    path = Path(source).expanduser()
    kind = path.suffix.lower().lstrip(".")
    if kind in ("xls", "sav", "rds", "rdata", "shp", "json", "zip"):
        raise LaoquError(f"{path.name} is a .{kind} file: save it as CSV, XLSX, DTA or Parquet")
    grid.check_size(path, MOST_BYTES)
    if kind in ("dta", "parquet"):
        try:
            if kind == "parquet":
                return pd.read_parquet(path)
            return _stata(path, notes)
        except Exception as error:  # each format's reader has errors of its own
            why = f"is empty, cut off or no .{kind} file of a version that is read: save it anew"
            raise LaoquError(f"{path.name} {why}, or as CSV") from error
    table, said = grid.read(path, MOST_ROWS, MOST_BYTES)
    notes += [("file", 0, text) for text in said]
    head = table.iloc[:1].fillna("").to_numpy().ravel()
    return table.iloc[1:].set_axis(head, axis=1).infer_objects()


def _stata(path: Path, notes: Notes) -> pd.DataFrame:
    """Read DTA; where every value of a column has a label, the label is what was meant."""
    with pd.read_stata(path, convert_categoricals=False, iterator=True) as reader:
        frame, labelled = reader.read(), reader.value_labels()
    if not labelled:
        return frame
    for column, labels in pd.read_stata(path).select_dtypes("category").items():
        named = [isinstance(each, str) for each in labels.cat.categories]
        text = "labels of only some values left out"
        if all(named):
            frame[column], text = labels.astype("str").where(labels.notna()), "labels of its values"
        notes.append((str(column), len(frame), text))
    return frame


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


def _year_column(frame: pd.DataFrame, code: str | None, name: str | None) -> str | None:
    """Return the column of years: one that is so called, else the one that reads as years."""
    share = {
        c: np.mean([_is_year(value) for value in sample(frame[c])] or [0])
        for c in frame.columns.drop([code, name], errors="ignore")
    }
    reads, so_called = [c for c in share if share[c] >= MOST], called("year", frame)
    group = [c for c in so_called if c in reads]
    plain = [c for c in called("plain_year", frame) if c in group]
    group = plain if len(plain) == 1 else group
    # One that is called so may hold notes and odd cells: they are named.
    group = group or [c for c in called("plain_year", frame) if share.get(c, 0) > 0]
    group = group or [c for c in reads if not re.match("birth|成立|设立", c.casefold())]
    group = group or [c for c in so_called if share.get(c, 0) > 0]
    if len(group) > 1:
        raise LaoquError(f"columns {', '.join(group)} all hold years: keep one, or say year=")
    return group[0] if group else None


def _is_year(value: object) -> bool:
    year, part = year_of(value)
    return year is not None and not part.startswith(".")  # 1990.4 is any number


def _years(
    frame: pd.DataFrame, year: str | int, rows: pd.Series, notes: Notes
) -> tuple[pd.Series, pd.DataFrame]:
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
        shown = placed(column[years.isna()], rows)
        notes.append((str(year), n, f"no year: the rows have no unit: {shown}"))
    part = column.map({v: part for v, (_, part) in read.items()})
    odd = part.str.startswith(".").eq(True)
    odd |= part.ne("") & part.notna() & part.eq("").any()
    if odd.any():
        shown = placed(column[odd], rows)
        raise LaoquError(f"{year} holds parts of years: {shown}: sum them up to years")
    parts = frame[called("part", frame)].assign(**{year: column.where(part.ne("").eq(True))})
    return years, parts


def _refuse_parts(units: pd.Series, years: pd.Series, parts: pd.DataFrame) -> None:
    """Refuse months and quarters, beside the years or in them: they have to be summed up."""
    for name, column in parts.items():
        if column.groupby([units, years]).nunique().max() > 1:
            shown = examples(column)
            raise LaoquError(f"{name} holds parts of years such as {shown}: sum them up to years")


def _to_long(
    frame: pd.DataFrame, rows: pd.Series, notes: Notes
) -> tuple[pd.DataFrame, str, pd.Series]:
    """Turn a column for each year into a row for each year."""
    found = {c: heading for c in frame if (heading := own.heading_of(c))}
    of = Counter(stem for _, stem in found.values())
    if max(of.values(), default=0) > 1:  # one of a kind is no column of years: 2020预计, pop_2010
        found = {c: heading for c, heading in found.items() if of[heading[1]] > 1}
    left = [c for c in frame if c not in found and re.search(r"(?:19|20)\d\d", c)]
    if len({year for year, _ in found.values()}) < 2:
        no_year = [f"{c} ({examples(frame[c])})" for c in called("year", frame)]
        shown = f" ({', '.join(left[:3])} is no single year)" if left else ""
        shown += f"; no cell is a year in {', '.join(no_year)}" if no_year else ""
        raise LaoquError(
            f"no column of the panel holds years, and no columns are years{shown}: call one "
            "year, or say year= (a column, or one year for all rows)"
        )
    frame, kept = beside(frame, ["year"])  # holds no years, else it would be theirs
    notes += [(c, len(frame), f"holds no years: kept as {new}") for c, new in kept.items()]
    keep = frame.columns.drop(list(found)).tolist()
    taken: dict[object, str] = {"year": "year", **{c: c for c in keep}}
    for column, (year, stem) in found.items():
        for key in (stem, (year, stem)):
            other = taken.setdefault(key, column if isinstance(key, tuple) else "")
            if other not in ("", column):
                raise LaoquError(f"columns {other} and {column} would both be {stem}: rename one")
    pieces = []
    for each in sorted({year for year, _ in found.values()}):
        here = {c: stem for c, (year, stem) in found.items() if year == each}
        pieces.append(frame[[*keep, *here]].rename(columns=here).assign(year=each))
    long = pd.concat(pieces, ignore_index=True)
    notes.append(("file", len(long), f"{len(found)} columns of years turned into rows"))
    if left:
        text = f"no single year, or one of a kind: left as columns: {', '.join(left[:5])}"
        notes.append(("file", len(left), text))
    return long, "year", pd.concat([rows] * len(pieces), ignore_index=True)


def _refuse_units(frame: pd.DataFrame, name: str | None, indicator: list[str]) -> None:
    """Refuse values of one column, or of one indicator, in several units.

    What a column holds says that it is one of units, or how it is called.
    """
    share = {c: sample(frame[c]).astype("str").str.fullmatch(UNIT).mean() for c in texts(frame)}
    reads = [c for c in share if share[c] >= MOST]
    for unit in [c for c in frame if c in (*reads, *called("measure", frame)) and c != name]:
        each = frame.groupby(indicator[0]) if indicator else frame.groupby(lambda _: 0)
        several = each[unit].nunique()
        # As many as there are rows are names of units, not 亿元 and 万元.
        if 1 < several.max() <= (len(frame) if unit in reads else max(len(frame) / 2, 2)):
            here = each.get_group(several.idxmax())[unit]
            raise LaoquError(
                f"{unit} says that values of one column are in {examples(here)}: convert them to "
                f"one unit, or leave {unit} out"
            )


def _unstacked(
    frame: pd.DataFrame, name: str | None, indicator: list[str], rows: pd.Series, notes: Notes
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Turn a row for each indicator into a column for each, numbers where they are; name these."""
    value, stacked = called("value", frame), frame.duplicated(["code_in_panel", "year"]).any()
    if len(indicator) != 1 or len(value) != 1 or not stacked:
        return frame, rows, []
    (indicator,), (value,) = indicator, value
    said = f"{indicator} and {value} hold a row for each indicator, and"
    mend = f"frame.pivot(index=…, columns={indicator!r}, values={value!r}).reset_index()"
    mend = f"make columns of them first, with pandas: {mend}"
    unit = frame["code_in_panel"].astype("str")
    unit = unit if name is None else unit + frame[name].astype("str")  # who has no code has a name
    number = frame.groupby([unit, "year"], dropna=False, sort=False).ngroup()
    kinds = frame[indicator].dropna().astype("str").unique().tolist()
    twice = pd.concat([number, frame[indicator]], axis=1).duplicated()
    taken = set(kinds) & {*ADDED, *frame.columns}
    if twice.any():
        raise LaoquError(f"{said} row {rows[twice.idxmax()]} has one a second time: {mend}")
    if taken:
        raise LaoquError(f"{said} {min(taken)} is a column as well: {mend}")
    if frame[indicator].isna().any():
        raise LaoquError(f"{said} one of them has no name: {mend}")
    others = frame.columns.drop([indicator, value])
    counts = frame.groupby(number)[others.tolist()].nunique(dropna=False).max()
    same = [column for column in others if column == name or counts[column] == 1]
    first = ~number.duplicated()
    wide = frame.loc[first, same].set_axis(number[first])
    for kind, here in frame.groupby(frame[indicator].astype("str"), sort=False):
        column = numbers_of(here[value].rename(kind), rows, notes)
        wide[kind] = column.set_axis(number[here.index])
    text = f"{len(kinds)} indicators turned into columns"
    for column in others.drop(same):
        differs = frame.groupby(indicator)[column].nunique().max() > 1
        shown = f", which differs within an indicator: {examples(frame[column])}" if differs else ""
        text += f"; left out: {column}{shown}"
    notes.append(("file", len(frame), text))
    return wide.reset_index(drop=True), rows[first].reset_index(drop=True), kinds
