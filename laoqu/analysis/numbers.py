"""Columns of a panel that are numbers in the form of text, and what keeps others from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import pandas as pd

from laoqu import own
from laoqu.analysis.codes import Notes, examples, placed
from laoqu.sheets import texts
from laoqu.spelling import clean

#: A number with thousands separators: 0,512 has none.
THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?"
#: What is said of a column of numbers that some cells keep from being one.
NO_NUMBER = "text, for these cells are no numbers"
#: Text that means a number and is none for certain.
NEAR = re.compile("".join(own.SPEC["cells"]["near"]))
#: No county measures more, and sums of such numbers are still numbers.
LARGEST = 1e100


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
    for column in frame[texts(frame)].columns.drop([*known, *done], errors="ignore"):
        frame[column] = numbers_of(frame[column], rows, notes)
    numbers = frame.select_dtypes("number").columns.drop([*known], errors="ignore")
    if numbers.empty:
        words = ", ".join(frame.columns.drop([*known], errors="ignore")[:9])
        notes.append(("file", len(frame), f"no column of numbers is found; others are: {words}"))
    for column in numbers:
        if n := int(infinite(frame[column]).sum()):
            text = f"infinite, or over {LARGEST:g}: estimates take them as missing"
            notes.append((column, n, text))
    return frame


def numbers_of(column: pd.Series, rows: pd.Series, notes: Notes) -> pd.Series:
    """Return text that is numbers as numbers: 1,234.5, wide digits, signs for no value."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        return numbers
    plain = {  # a blank between digits sets off thousands, as a comma does
        text: clean(re.sub(r"(?<=\d)\s+(?=\d)", ",", str(text).strip()))
        for text in column[numbers.isna()].dropna().unique()
    }
    plain = pd.Series(plain, dtype="object")
    signs = set(plain.index[plain.str.casefold().isin(own.SPEC["missing"])])
    commas = plain.str.contains(",").astype("bool")
    read = pd.to_numeric(plain.str.replace(",", ""), errors="coerce")
    if not plain[commas & read.notna()].str.fullmatch(THOUSANDS).all():
        read = read.mask(commas)  # 1,5 is no 15, nor 0,512 512; then 1,234 may be 1.234 as well
        shown = examples(pd.Series(plain.index[commas]))
        text = f"decimal commas: write 1.5 for 1,5, and 12 for 1 2: {shown}"
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
