"""Rows written as what statistics programs read, with a note beside them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

import pandas as pd
from pandas.io.stata import StataParser

from laoqu import paths
from laoqu.errors import OutputError
from laoqu.sheets import csv_bytes, texts, without_formulas

#: Characters that a cell of a workbook takes; a name, a label and a short text of Stata.
CELL, NAME, LABEL, SHORT = 32_767, 32, 80, 500
#: The largest whole number that is kept to the last digit where numbers have fractions.
EXACT = 2**53
#: The largest number of Stata.
LARGEST = 8.9884656743e307
#: Words that Stata takes for no name.
RESERVED = StataParser().RESERVED_WORDS
#: Signs at which Stata ends a text, and those that a workbook cannot hold.
NUL, CONTROL = "\x00", "[\x00-\x08\x0b\x0c\x0e-\x1f]"


def write(data: pd.DataFrame, path: Path | str, about: str) -> Path:
    """Write rows in the form that `path` ends in, and `about` beside them: see `Panel.to_file`."""
    paths.require_paths({"path": "" if path is None else path})
    path, data = paths.expanded(path), data.reset_index(drop=True)
    writers = {
        ".csv": csv_bytes,
        ".parquet": _for_parquet,
        ".dta": _for_stata,
        ".xlsx": _for_excel,
    }
    kind = path.suffix.lower()
    if kind not in writers:
        raise OutputError(f"{path}: expected a name that ends in one of {', '.join(writers)}")
    try:
        note = path.with_name(f"{path.name}.README.txt")
        for target in (path, note):
            if target.exists():
                raise OutputError(f"{paths.display(target)} is there already: name another file")
        if kind in (".dta", ".xlsx"):
            data, about = _whole(data, about)
        if kind == ".dta":
            data, about = _within(data, about)
            new = (f"{name} is {c}\n" for c, name in stata_names(data).items() if name != c)
            about = "".join([about, *new])
        made = writers[kind](data)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise OutputError(f"{paths.display(path)} cannot be written: {why}") from error
    paths.write(note, about.encode())
    try:
        paths.write(path, made)
    except OutputError:
        note.unlink()
        raise
    return path


def _whole(data: pd.DataFrame, about: str) -> tuple[pd.DataFrame, str]:
    """Return whole numbers that no program would keep to the last digit as text, and say so."""
    numbers = data.select_dtypes("integer")
    long = [c for c in numbers if (numbers[c].abs() > EXACT).any()]
    told = [f"{c}: text, since its numbers have more digits than a cell keeps\n" for c in long]
    text = {c: data[c].astype("str").where(data[c].notna()) for c in long}
    return data.assign(**text), "".join([about, *told])


def _within(data: pd.DataFrame, about: str) -> tuple[pd.DataFrame, str]:
    """Return numbers beyond Stata's, infinite ones too, as missing, and say how many there are."""
    beyond = data.select_dtypes("float").astype("float64").abs().gt(LARGEST).fillna(False)
    beyond = beyond.loc[:, beyond.any()]
    counts = beyond.sum().items()
    told = [f"{c}: {n} values missing, for which Stata has no number\n" for c, n in counts]
    return data.assign(**data[beyond.columns].mask(beyond)), "".join([about, *told])


def stata_names(columns: Iterable[str]) -> dict[str, str]:
    """Return what columns are called in a .dta: by letters, digits and ``_``, each its own name.

    >>> stata_names(["gdp", "if", "收入（元）", "收入(元)"])
    {'gdp': 'gdp', 'if': '_if', '收入（元）': '收入_元_', '收入(元)': '收入_元__2'}
    """
    names: dict[str, str] = {}
    taken = set(columns)
    for column in dict.fromkeys(columns):
        name = re.sub(r"^(?=\d)|\W|[\x80-\xbf×÷]", "_", column)
        name = f"_{name}"[:NAME] if name in RESERVED else name[:NAME]
        ends = chain([""], map("_{}".format, count(2)))
        other = (made for end in ends if (made := name[: NAME - len(end)] + end) not in taken)
        names[column] = name if name == column else next(other)
        taken.add(names[column])
    return names


def _for_parquet(data: pd.DataFrame) -> bytes:
    """Return what Parquet holds: a column of numbers and words is one of text."""
    mixed = [c for c in data if "mixed" in pd.api.types.infer_dtype(data[c], skipna=True)]
    text = {c: data[c].astype("str").where(data[c].notna()) for c in mixed}
    return data.assign(**text).to_parquet(index=False)


def _for_stata(data: pd.DataFrame) -> bytes:
    """Return what Stata holds: no missing whole numbers, text without NA, names without signs."""
    flags = [c for c in data if pd.api.types.infer_dtype(data[c], skipna=True) == "boolean"]
    data = data.astype(dict.fromkeys(flags, "boolean")).astype(dict.fromkeys(flags, "Float64"))
    numbers = data.select_dtypes("number").columns
    kept = [c for c in numbers if data[c].dtype.kind in "iuf" and data[c].notna().all()]
    words = data.columns.difference(numbers)
    text = {c: data[c].astype("object").where(data[c].notna(), "").astype(str) for c in words}
    _refuse(pd.DataFrame(text), NUL, "DTA")
    kinds = dict.fromkeys(numbers.difference(kept), "float64")
    # The greatest numbers of 32 bits are Stata's missing values; pandas looks at those of 64.
    kinds |= {c: "int64" for c in kept if data[c].dtype == "int32"}
    data = data.astype(kinds).assign(**text)
    names = stata_names(data)
    data = data.rename(columns=names)
    labels = paths.described("analysis/labels.toml")
    labels = {name: labels.get(c, c)[:LABEL] for c, name in names.items()}
    long = [names[c] for c in words if text[c].str.len().max() > SHORT]
    out = io.BytesIO()
    data.to_stata(out, write_index=False, version=118, convert_strl=long, variable_labels=labels)
    return out.getvalue()


def _for_excel(data: pd.DataFrame) -> bytes:
    """Return a workbook; a text that a cell cannot hold is refused, not cut."""
    data = without_formulas(data)
    longest = max(data[c].astype("str").str.len().max() for c in data)
    if longest > CELL:
        raise ValueError(f"a cell holds {longest:,.0f} characters, XLSX takes {CELL:,}")
    _refuse(data[texts(data)], CONTROL, "XLSX")
    out = io.BytesIO()
    data.to_excel(out, index=False)
    return out.getvalue()


def _refuse(data: pd.DataFrame, signs: str, form: str) -> None:
    """Refuse texts with signs that a form does not hold, by column and row."""
    for column, cells in data.items():
        for row, cell in enumerate([column, *cells]):
            if isinstance(cell, str) and (found := re.search(signs, cell)):
                where = f"{column!r}, row {row}" if row else f"the name of the column {column!r}"
                raise ValueError(f"{where}: {form} holds no {found[0]!r}: take it out")
