"""Names of places: from what is printed or typed to a unit of the end of 2021.

Nothing is guessed. A name that fits one unit gives its code; a name of another year gives the
unit's code of today with a note on the change; a name that fits several is refused with all of
them, and `within` or `level` settles it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import paths, regions, schema
from laoqu.errors import DataError, UnknownId, nearest

if TYPE_CHECKING:
    import opencc

LEVELS = ("province", "prefecture", "county")
#: How Chinese texts shorten the names of autonomous units: 彭水县, 黔西南州.
SHORT_SUFFIX = {
    "自治县": ("县", "自治县"), "自治州": ("州",), "自治旗": ("旗",), "自治区": (), "盟": ("盟",),
    "地区": ("地区",), "林区": ("林区",), "特区": ("特区",), "特别行政区": (),
}  # fmt: skip
TYPED = re.compile(r"[市县区旗]$")
TAIL = re.compile(r"(?<=..)(?:市|县|区|旗)$")


class AmbiguousName(UnknownId):
    """A name that several units answer to; carries them all as suggestions."""

    def __init__(self, name: str, candidates: Iterable[str]) -> None:
        super().__init__(name, candidates, "place")
        listed = "; ".join(self.suggestions)
        self.args = (f"{name!r} is the name of several places: {listed}; say `within` or `level`",)


class Adcode(str):
    """The code of a unit: text, with the unit's `name` and a `note` on a change of name or code."""

    name: str
    note: str

    def __new__(cls, code: str, name: str, note: str = "") -> Adcode:
        """Make the code carry its name and note."""
        self = super().__new__(cls, code)
        self.name, self.note = name, note
        return self


def resolve_place(
    name: str, within: str | None = None, level: str | None = None, folder: Path | None = None
) -> Adcode:
    """Return the code, valid at the end of 2021, of the unit that a name means.

    Parameters
    ----------
    name : str
        Full, short (靖西, 彭水县, 黔西南州) or earlier name, in simplified or traditional
        characters; or a code, also one of another year.
    within : str, optional
        Name or code of the province or prefecture it lies in, or one of the twelve areas.
    level : {"province", "prefecture", "county"}, optional
    folder : Path, optional
        The data folder; by default the collection's own.

    Returns
    -------
    Adcode
        A string of six digits with ``name`` and ``note``; the note is empty unless the name or
        code is one of another year.

    Raises
    ------
    AmbiguousName
        When several units answer to the name, with all of them.
    UnknownId
        When none does, with the nearest names.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.resolve_place("彭水县"), lq.resolve_place("靖西")
    ('500243', '451081')
    >>> lq.resolve_place("梅列区").note
    '梅列区 (350402) became 三元区 (350404) in 2021'
    """
    if level is not None and level not in LEVELS:
        raise UnknownId(level, LEVELS, "level")
    index = _index(folder or paths.data())
    wanted = _clean(name)
    inside = None if within is None else _inside(index, within)
    for text in _spellings(wanted):
        for tier in index.tiers:
            found = [
                unit
                for unit in tier.get(text, ())
                if (inside is None or index.lies_in(unit, inside))
                and (level is None or index.level[unit] == level)
            ]
            if len(found) == 1:
                return Adcode(found[0], index.name[found[0]], index.note(text, found[0]))
            if found:
                raise AmbiguousName(name, [index.shown(unit) for unit in found])
    raise _unknown(index, name, wanted, within)


class _Index:
    """Every way to say a unit, best first, and what is known of its history."""

    def __init__(self, units: pd.DataFrame, history: pd.DataFrame, folder: Path) -> None:
        self.folder = folder
        self.name = dict(zip(units["adcode"], units["name"], strict=True))
        self.level = dict(zip(units["adcode"], units["level"], strict=True))
        self.parent = dict(zip(units["adcode"], units["parent"], strict=True))
        current, full, short, earlier = {}, {}, {}, {}
        for unit in units.itertuples():
            _add(current, unit.adcode, unit.adcode)
            _add(full, unit.name, unit.adcode)
            for suffix in SHORT_SUFFIX.get(unit.type, ()):
                _add(full, unit.short_name + suffix, unit.adcode)
            _add(short, unit.short_name, unit.adcode)
        self.changes: dict[tuple[str, str], tuple[str, str, str, str, int]] = {}
        self.gone: dict[str, str] = {}
        self.old_names: set[tuple[str, str]] = set()
        for row in history[history["old_name"] != ""].itertuples():
            keys = (row.old_adcode, row.old_name, TAIL.sub("", row.old_name))
            change = (
                row.old_name, row.old_adcode, row.new_name, row.new_adcode, int(row.change_year)
            )  # fmt: skip
            if TYPED.search(row.old_name):
                self.old_names.add((row.old_name, row.adcode_2021))
            for key in keys:
                if row.adcode_2021 in self.name:
                    _add(earlier, key, row.adcode_2021)
                    self.changes[key, row.adcode_2021] = change
                elif key not in self.gone:
                    self.gone[key] = f"{row.old_name} ({row.old_adcode}) ended in {change[-1]}"
        self.tiers = (current, full, short, earlier)

    def note(self, key: str, unit: str) -> str:
        """Say how a name or code of another year became this unit; empty for one of today."""
        current, full, short, _ = (unit in tier.get(key, ()) for tier in self.tiers)
        # 沙县 is short for 沙县区 and was the unit's full name: the change deserves its note.
        if current or full or (short and (key, unit) not in self.old_names):
            return ""
        old, code, new, new_code, year = self.changes[key, unit]
        now = "" if new_code == unit else f"; since then {self.name[unit]} ({unit})"
        return f"{old} ({code}) became {new} ({new_code}) in {year}{now}"

    def lies_in(self, unit: str, inside: frozenset[str]) -> bool:
        """Whether the unit, or one above it, is among `inside`."""
        while unit:
            if unit in inside:
                return True
            unit = self.parent.get(unit, "")
        return False

    def shown(self, unit: str) -> str:
        """Return how a message names a unit: 中山区 (210202, 辽宁省大连市)."""
        above, at = [], self.parent.get(unit, "")
        while at:
            above.insert(0, self.name[at])
            at = self.parent.get(at, "")
        return f"{self.name[unit]} ({', '.join(part for part in (unit, ''.join(above)) if part)})"


@lru_cache(maxsize=4)
def _index(folder: Path) -> _Index:
    tables = [schema.read(name, folder) for name in ("gazetteer", "gazetteer_history")]
    if problems := [problem for table in tables for problem in table.problems]:
        raise DataError(problems)
    return _Index(*(table.frame() for table in tables), folder)


def _inside(index: _Index, within: str) -> frozenset[str]:
    """Return the codes of a province, a prefecture, or of an area's counties."""
    text = _clean(within)
    for key in _spellings(text):
        for tier in index.tiers:
            # 海南 is a province and a prefecture: the name asked for then decides.
            if above := [u for u in tier.get(key, ()) if index.level[u] != "county"]:
                return frozenset(above)
    areas = schema.read("regions", index.folder).frame()
    members = schema.read("membership", index.folder).frame()
    region = regions.find(within, regions.documented(areas, members))
    return frozenset(members.loc[members["region_id"] == region.region_id, "adcode"])


def _unknown(index: _Index, name: str, wanted: str, within: str | None) -> UnknownId:
    """Say why a name leads nowhere: elsewhere, ended, or not known at all."""
    elsewhere = [unit for tier in index.tiers for unit in tier.get(wanted, ())]
    if elsewhere:
        shown = [index.shown(unit) for unit in dict.fromkeys(elsewhere)]
        return UnknownId(name, shown, f"place within {within}" if within else "place of this level")
    if ended := index.gone.get(wanted):
        return UnknownId(name, [], f"place at the end of 2021 ({ended}, successor not known):")
    return UnknownId(name, nearest(wanted, index.tiers[1] | index.tiers[3]), "place")


def _add(tier: dict[str, tuple[str, ...]], key: str, unit: str) -> None:
    if key and unit not in tier.get(key, ()):
        tier[key] = (*tier.get(key, ()), unit)


def _clean(name: str) -> str:
    if not isinstance(name, str):
        raise UnknownId(name, ["a name or a code, as text"], "place")
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", name))


def _spellings(text: str) -> Iterator[str]:
    """Yield the text, then its form in simplified characters: asked for only when needed."""
    yield text
    if (simple := _converter().convert(text)) != text:
        yield simple


@cache
def _converter() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("t2s")
