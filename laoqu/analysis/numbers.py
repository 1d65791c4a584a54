"""Columns of a panel that are numbers in the form of text, and what keeps others from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from laoqu import grid, own
from laoqu.analysis.kinds import SHOWN, Notes, examples
from laoqu.sheets import texts
from laoqu.spelling import clean

#: A number with thousands separators: 0,512 has none. In some countries they are dots.
THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?"
DOTTED = r"\s*[+-]?[1-9]\d{0,2}(?:\.\d{3})+\s*"
#: What can be thousands or decimals, and what stands between two cells, not in a number.
EITHER = r"\s*[+-]?[1-9]\d{0,2}[,，]\d{3}\s*"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: What is said of a column of numbers that some cells keep from being one.
NO_NUMBER = "text, for these cells are no numbers"
#: What a number would lose: 056000, and identities of more digits than numbers hold.
IDENTITY = re.compile(r"\s*(?:0\d+|\d{16,})\s*", re.ASCII)
#: Text that means a number and is none for certain.
NEAR = re.compile("".join(own.SPEC["cells"]["near"]))
#: How programs write whether something is so.
FLAGS = {"TRUE": 1, "FALSE": 0}
#: No county measures more, and sums of such numbers are still numbers.
LARGEST = 1e100


def placed(values: pd.Series, rows: pd.Series) -> str:
    """Return the first three values, with what their rows are called.

    >>> placed(pd.Series(["人口", "人口", None]), pd.Series([2, 2, 3]))
    "'人口' (row 2), blank (row 3)"
    """
    said = values.map(lambda value: "blank" if pd.isna(value) else repr(str(value)[:SHOWN]))
    # A row of a wide table is several of a long one.
    shown = list(dict.fromkeys(f"{each} (row {rows[at]})" for at, each in said.items()))
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "")


def infinite(values: pd.Series) -> pd.Series:
    """Return whether values are infinite, or too large to be of anything."""
    return values.astype("float64").abs() > LARGEST


def finite(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Return a frame in which infinite values of these columns are missing."""
    return frame.assign(**{c: frame[c].mask(infinite(frame[c])) for c in columns})


def in_numbers(
    frame: pd.DataFrame,
    known: Collection[str | None],
    done: Collection[str],
    rows: pd.Series,
    notes: Notes,
) -> pd.DataFrame:
    """Return a frame with numbers where text is numbers; say where none or infinite ones are.

    Columns that are `known` say who and when; in those that are `done` numbers are made already.
    """
    may = [*texts(frame), *frame.select_dtypes(["bool", "boolean"])]
    for column in [c for c in may if c not in known and c not in done]:
        said = frame[column].dropna().astype("str").str.strip().str.upper()
        said = said[~own.missing(said)]
        if len(said) and said.isin(FLAGS).all():
            frame[column] = said.map(FLAGS).reindex(frame.index).astype("Int64")
            notes.append((column, len(said), "TRUE and FALSE read as 1 and 0"))
    words = frame[texts(frame)].columns.drop([*known, *done], errors="ignore")
    doubt = doubts([frame[column] for column in words], notes)
    for column in words:
        frame[column] = numbers_of(frame[column], rows, notes, doubt)
    numbers = frame.select_dtypes("number").columns.drop([*known], errors="ignore")
    if numbers.empty:
        words = ", ".join(frame.columns.drop([*known], errors="ignore")[:9])
        notes.append(("file", len(frame), f"no column of numbers is found; others are: {words}"))
    for column in numbers:
        if n := int(infinite(frame[column]).sum()):
            text = f"infinite, or over {LARGEST:g}: estimates take them as missing"
            notes.append((column, n, text))
    return frame


def _plain(value: object) -> str:
    """Return text with a comma where a blank between digits sets off thousands as one does."""
    text = str(value).strip().replace("\N{MINUS SIGN}", "-")
    return text if CONTROL.search(text) else clean(re.sub(r"(?<=\d)\s+(?=\d)", ",", text))


def doubts(columns: Collection[pd.Series], notes: Notes) -> str:
    """Return which signs may set off thousands as well as decimals: "," beside 1,5, or "."."""
    between = ("file", 0, grid.SEMICOLONS) in notes  # for commas stand in numbers
    dots = between and not any(_decimal(column, "[.．]", DOTTED) for column in columns)
    commas = between or any(_decimal(column, "[,，]", THOUSANDS) for column in columns)
    return "," * commas + "." * dots


def _decimal(column: pd.Series, sign: str, thousands: str) -> bool:
    """Return whether a column has numbers in which a sign sets off no thousands: 1,5."""
    plain = column.dropna().drop_duplicates().astype("str")
    plain = plain[plain.str.contains(sign)].map(_plain).astype("str")
    read = pd.to_numeric(plain.str.replace(",", ""), errors="coerce")
    return not plain[read.notna()].str.fullmatch(thousands).all()


def numbers_of(column: pd.Series, rows: pd.Series, notes: Notes, doubt: str = "") -> pd.Series:
    """Return text that is numbers as numbers: 1,234.5, wide digits, signs for no value.

    `doubt` has the signs that may set off thousands or decimals: 1,234, or 1.234.
    """
    dots = column.astype("str").str.fullmatch(DOTTED)
    if "." in doubt and dots.any():
        shown = placed(column[dots], rows)
        text = f"{NO_NUMBER} for certain: {shown}; dots may set off thousands or decimals: "
        text += "write 8193, or 8.1930, for 8.193"
        notes.append((str(column.name), int(dots.sum()), text))
        return column
    kinds = [each for each in column.unique() if isinstance(each, str)]
    named = column.isin([each for each in kinds if IDENTITY.fullmatch(each)])
    if named.any():
        text = f"{NO_NUMBER} but names: {placed(column[named], rows)}"
        notes.append((str(column.name), int(named.sum()), text))
        return column.mask(own.missing(column))
    flags = column.map(lambda value: isinstance(value, bool | np.bool_)).astype("bool")
    if not flags[column.notna()].all():  # TRUE among numbers is none
        column = column.mask(flags, column.astype("str").str.upper())
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        return numbers
    plain = {text: _plain(text) for text in column[numbers.isna()].dropna().unique()}
    plain = pd.Series(plain, dtype="object")
    signs = set(plain.index[plain.str.casefold().isin(own.SPEC["missing"])])
    commas = plain.str.contains(",").astype("bool")
    read = pd.to_numeric(plain.str.replace(",", ""), errors="coerce")
    # 1,234.5 or 1,234,567 in the same column leave no doubt.
    either = "," in doubt and not plain.str.contains(r",.*[,.]").any()
    either &= pd.Series(plain.index).astype("str").str.fullmatch(EITHER).any()
    if either or not plain[commas & read.notna()].str.fullmatch(THOUSANDS).all():
        read = read.mask(commas)  # 1,5 is no 15, nor 0,512 512; then 1,234 may be 1.234 as well
        shown = examples(pd.Series(plain.index[commas]))
        text = f"decimal commas: write 1.5 for 1,5, and 12 for 1 2: {shown}"
        if either:
            text = f"commas that may be decimal: write 1.5 for 1,5, and 1500 for 1,500: {shown}"
        notes.append((str(column.name), int(commas.sum()), text))
    odd = column.isin(set(read.index[read.isna()]) - signs)
    known = column.notna() & ~column.isin(signs)
    if not known.any():
        return column
    if odd.any():
        words = column[known].astype("str")
        if (words.str.fullmatch(NEAR) | ~odd[known]).mean() >= 0.5:
            text = f"{NO_NUMBER}: {placed(column[odd], rows)}"
            notes.append((str(column.name), int(odd.sum()), text))
        elif words.str.contains(r"\d").mean() >= 0.5:
            text = f"text, though most cells hold digits: {examples(words)}"
            notes.append((str(column.name), int(odd.sum()), text))
        return column.where(known)
    for values, what in (
        (signs - {""}, "signs for a missing value read as missing"),
        (set(plain.index[commas]), "numbers with thousands separators"),
    ):
        if n := int(column.isin(values).sum()):
            notes.append((str(column.name), n, what))
    return numbers.fillna(column.map(read))
