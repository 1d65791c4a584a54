"""Files of a reader's own: columns by their usual names; what is wrong, what was converted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import Problem

#: How own files call their columns, the likeliest first; case, spaces and brackets do not matter.
CODE = """
adcode adcode_2021 county_code countycode 县代码 区县代码 县级码 行政区划代码 区划代码 区划码
pac code 代码
"""
NAME = "name county county_name 名称 县 县名 县市区 区县 县级行政区 ct_name"
#: What becomes of areas without a row in an own membership table: empty, or as shipped.
MODES = ("only", "complete")
CONVERSIONS = ["file", "row", "found", "used", "why"]
#: Rows that are named when many have the same fault; faults after which a file is read no further.
SHOWN, MOST = 5, 500


class Notes:
    """What is wrong in a file, by row and column, and what was converted while it was read."""

    def __init__(self, path: Path) -> None:
        self.file = paths.display(path)
        #: Where each column stands, from 0.
        self.columns: dict[str, int] = {}
        self._faults: dict[str, list[tuple[int, int, str]]] = {}
        self._conversions: list[list[object]] = []

    def wrong(self, row: int, column: str, why: str, found: str = "") -> None:
        """Note a fault; `why` is what rows with the same kind of fault have in common."""
        at = self.columns.get(column, 0) + 1
        self._faults.setdefault(why, []).append((row, at, f"{found} {why}".strip()))

    def converted(self, row: int, found: str, used: str, why: str) -> None:
        """Note a conversion, if it is one."""
        if found != used:
            self._conversions.append([self.file, row, found, used, why])

    @property
    def full(self) -> bool:
        """Whether there are so many faults that reading on tells nothing new."""
        return sum(map(len, self._faults.values())) >= MOST

    def problems(self) -> list[Problem]:
        """Return one problem a row, or a few and their number where many have the same."""
        found = []
        for why, rows in self._faults.items():
            found += [Problem(self.file, *row) for row in rows[:SHOWN]]
            if len(rows) > SHOWN:
                message = f"{why}: so in {len(rows):,} rows, of which the first {SHOWN} are named"
                found.append(Problem(self.file, *rows[SHOWN][:2], message))
        return sorted(found)

    def conversions(self) -> pd.DataFrame:
        """Return the conversions: one row each, ``file``, ``row``, ``found``, ``used``, ``why``."""
        return pd.DataFrame(self._conversions, columns=CONVERSIONS)


def columns(head: Iterable[object], names: Mapping[str, str]) -> dict[str, list[int]]:
    """Return for each name where columns that mean it stand, the likeliest first.

    >>> columns(["PAC", "老区", "县（市、区）"], {"adcode": CODE, "name": NAME})
    {'adcode': [0], 'name': [2]}
    """
    plain = [re.sub(r"[\s（）()、\ufeff]", "", str(cell)).casefold() for cell in head]
    return {
        name: [at for word in words.split() for at, cell in enumerate(plain) if cell == word]
        for name, words in names.items()
    }


def tidy_code(text: object) -> tuple[str, str]:
    """Return a code as six digits and what was converted, or nothing and what is wrong."""
    shown = "" if pd.isna(text) else str(text).strip()
    code = re.sub(r"\.0+$", "", shown)
    if re.fullmatch(r"[0-9]{6}", code):
        return code, "a code as a number"
    if re.fullmatch(r"[0-9]{6}0{6}", code):
        return code[:6], "a code of 12 digits, of the unit itself"
    return "", f"adcode is {shown[:20]!r},"
