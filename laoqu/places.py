"""Names of places: from what is printed or typed to a unit of the end of 2021.

Nothing is guessed. A name that one unit bore gives its code, with a note where name or code are
of another year; a name that several bore is refused with all of them and their years.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

from laoqu import paths, regions, schema, succession
from laoqu.errors import UnknownId, nearest
from laoqu.spelling import SHORT_SUFFIX, TAIL, clean, latin, latin_keys, spellings
from laoqu.succession import FIRST, YEAR, Holder, Units

#: Provinces that were part of another until 1988 and 1997.
PROVINCE_NOW = {"46": "44", "50": "51"}
LEVELS = ("province", "prefecture", "county")


class AmbiguousName(UnknownId):
    """A name that several units bear or bore; carries them all as suggestions."""

    def __init__(self, name: str, candidates: Iterable[str], split: str = "") -> None:
        super().__init__(name, candidates, "place")
        listed = "; ".join(self.suggestions)
        several = f"the name of several places: {listed}; say `within`, `level` or `year`"
        self.args = (f"{name!r} is {f'no one unit of {YEAR}: {split}' if split else several}",)


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
    name: str,
    within: str | None = None,
    level: str | None = None,
    year: int | None = None,
    folder: Path | None = None,
) -> Adcode:
    """Return the code, valid at the end of 2021, of the unit that a name means.

    Parameters
    ----------
    name : str
        Full, short (靖西, 彭水县, 前郭县) or earlier name, in simplified or traditional characters
        or in pinyin (huanxian, Huan County), alone or after province and city (甘肃省环县); or a
        code, also one of another year.
    within : str, optional
        Name or code of the province or prefecture it lies in, or one of the twelve areas.
    level : {"province", "prefecture", "county"}, optional
    year : int, optional
        The year in which the unit bore the name or code. Without it, a name that several units
        bore since 1980 is refused.
    folder : Path, optional
        The data folder; by default the collection's own.

    Raises
    ------
    AmbiguousName
        When several units bear or bore the name, or it was split, with all of them.
    UnknownId
        When none does, with the nearest names.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.resolve_place("彭水县"), lq.resolve_place("靖西"), lq.resolve_place("甘肃环县")
    ('500243', '451081', '621022')
    >>> lq.resolve_place("梅列区").note
    '梅列区 (350402) became 三元区 (350404) in 2021'
    >>> lq.resolve_place("郊区", within="晋城市", year=1990).name
    '泽州县'
    """
    if level is not None and level not in LEVELS:
        raise UnknownId(level, LEVELS, "level")
    if year is not None and (isinstance(year, bool) or not isinstance(year, Integral)):
        raise UnknownId(year, ["a whole number such as 2010"], "year")
    index = _index(folder or paths.data())
    text = clean(name)
    inside = None if within is None else _inside(index, within)
    question = _Question(name, within, inside, level, year)
    for spelling in spellings(text):
        for found in index.holders(spelling):
            if kept := index.fitting(found, question):
                return index.answer(kept, spelling, question)
    raise _unknown(index, text, question)


def spoken(folder: Path | None = None) -> dict[str, list[str]]:
    """Return code → every name and short form of the unit that bears it today.

    >>> spoken()["522300"]
    ['黔西南布依族苗族自治州', '黔西南州', '黔西南']
    """
    index, names = _index(folder or paths.data()), defaultdict(list)
    for known in (index.full, index.shorter):
        for name, holders in known.items():
            for holder in holders:
                if holder.last >= YEAR and name not in names[holder.code]:
                    names[holder.code].append(name)
    return dict(names)


class _Question(NamedTuple):
    name: str
    within: str | None
    inside: frozenset[str] | None
    level: str | None
    year: int | None


class _Index:
    """Every way to say a unit, today's and earlier ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.units: Units = succession.units(folder)
        gazetteer = schema.read("gazetteer", folder).frame()
        # Holders by name, in order and each once.
        self.full: dict[str, dict[Holder, None]] = defaultdict(dict)
        self.shorter: dict[str, dict[Holder, None]] = defaultdict(dict)
        self.latin: dict[str, dict[Holder, None]] = defaultdict(dict)
        for holder in (h for held in self.units.by_code.values() for h in held):
            self.full[holder.name][holder] = None
            if not holder.first <= YEAR <= holder.last:
                self.shorter[TAIL.sub("", holder.name)][holder] = None
        for unit in gazetteer.itertuples():
            holder = self.units.holder(unit.adcode, YEAR)
            for suffix in SHORT_SUFFIX.get(unit.type, ()):
                self.full[unit.short_name + suffix][holder] = None
            for short in (unit.short_name, TAIL.sub("", unit.name)):
                self.shorter[short][holder] = None
            for key in latin_keys(unit.name_en, unit.name, unit.short_name):
                self.latin[key][holder] = None
        for row in schema.read("place_short_forms", folder).frame().itertuples():
            self.full[row.short_form][self.units.holder(row.adcode, YEAR)] = None

    def holders(self, text: str) -> Iterator[Iterable[Holder]]:
        """Yield the holders of a name or code, best way to read it first."""
        if re.fullmatch(r"\d{6}|\d{12}", text):
            yield self.units.by_code.get(text[:6], [])
            return
        yield self.full.get(text, ())
        yield self.shorter.get(text, ())
        yield from self._after_place(text)
        yield self.latin.get(latin(text), ())

    def _after_place(self, text: str) -> Iterator[list[Holder]]:
        """Yield what a name means behind that of its province or city: 甘肃省环县."""
        for end in range(len(text) - 1, 1, -1):
            before = [*self.full.get(text[:end], ()), *self.shorter.get(text[:end], ())]
            above = frozenset(
                code for h in before if h.level != "county" for code in self.units.lead(h).heirs
            )
            if above:
                for found in self.holders(text[end:]):
                    if kept := [h for h in found if self.lies_in(h, above)]:
                        yield kept

    def lies_in(self, holder: Holder, inside: frozenset[str]) -> bool:
        """Whether a holder, or what became of it, lies in one of these units."""
        codes = {holder.code, holder.code[:4] + "00", holder.code[:2] + "0000"}
        for heir in self.units.lead(holder).heirs:
            codes |= {heir, *self.units.above(heir)}
        return bool(codes & inside)

    def fitting(self, found: Iterable[Holder], question: _Question) -> list[Holder]:
        """Keep the holders that lie within, are of the level and of the year asked for."""
        kept = [
            holder
            for holder in found
            if (question.inside is None or self.lies_in(holder, question.inside))
            and (question.level is None or holder.level == question.level)
        ]
        for when in (question.year, question.year - 1) if question.year is not None else ():
            if then := [holder for holder in kept if holder.first <= when <= holder.last]:
                return then
        return kept

    def answer(self, kept: list[Holder], text: str, question: _Question) -> Adcode:
        """Return the one unit of 2021 that these holders lead to, or refuse with all of them."""
        self._refuse_city_as_county(text, question)
        lines: dict[Holder, list[Holder]] = defaultdict(list)
        for holder in sorted(kept, key=lambda h: h.last):
            lines[self.end(holder)].append(holder)
        seats: list[Holder] = []
        if len(lines) > 1 and (end := self._meant(lines, text, question)):
            seats = [line[-1] for other, line in lines.items() if other != end]
            lines = {end: lines[end]}
        if len(lines) > 1:
            # One line for each unit, with all years in which it bore the name.
            units = [line[-1]._replace(first=line[0].first) for line in lines.values()]
            raise AmbiguousName(question.name, [self.told(unit) for unit in units])
        ((end, line),) = lines.items()
        lead = self.units.lead(end)
        if lead.status == "split":
            heirs = [self.units.shown(code) for code in lead.heirs]
            raise AmbiguousName(question.name, heirs, lead.reason)
        if len(lead.heirs) != 1:
            raise UnknownId(question.name, [], f"place at the end of {YEAR}: {lead.reason};")
        code = lead.heirs[0]
        note = self._note(line[-1], code, text)
        if seats and line[-1].name == seats[-1].name and not note:
            why = self.units.lead(seats[-1]).reason
            note = f"{seats[-1]} bore the name before{f': {why}' if why else ''}"
        return Adcode(code, self.units.name[code], note)

    def end(self, holder: Holder) -> Holder:
        """Return the last holder that carries a unit on: through mergers, and splits by name."""
        while holder.last < YEAR and (heirs := self.units.heirs.get(holder)):
            named = [h for h, _ in heirs if TAIL.sub("", h.name) == TAIL.sub("", holder.name)]
            heirs = [h for h, _ in heirs] if len(heirs) == 1 else named
            if len(heirs) != 1 or self.units.lead(heirs[0]).status == "unknown":
                break
            holder = heirs[0]
        if holder.first > YEAR:
            return self.units.holder(self.units.lead(holder).adcode, YEAR) or holder
        return holder

    def _meant(
        self, lines: dict[Holder, list[Holder]], text: str, question: _Question
    ) -> Holder | None:
        """Return the unit of today where the others are no rivals for the name."""
        now = [end for end, line in lines.items() if end in line and end.last >= YEAR]
        if len(now) != 1 or question.year is not None:
            return None
        if text == now[0].code:
            return now[0]
        if now[0].name != text and now[0] not in self.full.get(text, ()):  # a short form
            rivals = [h for end, line in lines.items() for h in line if end != now[0]]
            return None if any(h.name == now[0].name for h in rivals) else now[0]
        earlier = [line[-1] for end, line in lines.items() if end != now[0]]
        return now[0] if all(self._same_place(unit, now[0]) for unit in earlier) else None

    def _same_place(self, earlier: Holder, now: Holder) -> bool:
        """Whether a unit of the same name was the same place in another form: the note says so.

        赣州市 the prefecture has its name from the county-level city in it, 重庆市 was one of
        四川. A province has no two counties or cities of one name; its cities have districts alike.
        """
        if earlier.code == now.code or self.lies_in(earlier, frozenset([now.code])):
            return True
        old, new = (PROVINCE_NOW.get(u.code[:2], u.code[:2]) for u in (earlier, now))
        if now.name.endswith("区"):
            return earlier.code[:4] == now.code[:4]
        return old == new

    def _refuse_city_as_county(self, text: str, question: _Question) -> None:
        """Refuse the name of a city where a county is asked for: 安阳市 is not 安阳县."""
        named = self.full.get(text, ())
        cities = [h for h in named if h.level == "prefecture" and h.last >= YEAR]
        counties = [h for h in named if h.level == "county"]
        when = question.year or 0
        if question.level != "county" or any(h.first <= when <= h.last for h in counties):
            return
        below = [c for c, above in self.units.parent.items() if cities and above == cities[0].code]
        if below:
            counties = [f"{self.units.name[c]} ({c})" for c in below]
            kind = f"county: {text} is a city with counties of its own;"
            raise UnknownId(question.name, counties, kind)

    def _note(self, holder: Holder, code: str, text: str) -> str:
        """Say how a name or code of another year became the unit of 2021."""
        if holder.first > YEAR:
            return self.units.lead(holder).reason
        if holder.last >= YEAR:
            # 沙县 is short for 沙县区 and was the unit's full name: the change deserves its note.
            was = [h for h in self.full.get(text, ()) if h.last < YEAR and h.name == text]
            was = [h for h in was if self.end(h) == holder]
            if holder.code == text or holder in self.full.get(text, ()) or not was:
                return ""
            holder = max(was, key=lambda h: h.last)
        heirs = self.units.heirs[holder]
        heir, changed = next(((h, y) for h, y in heirs if self.end(h).code == code), heirs[0])
        parts = ", ".join(f"{h.name} ({h.code})" for h, _ in heirs if h != heir)
        now = "" if heir.code == code else f"; since then {self.units.name[code]} ({code})"
        now += f"; parts went to {parts}" if parts else ""
        return f"{holder.name} ({holder.code}) became {heir.name} ({heir.code}) in {changed}{now}"

    def told(self, holder: Holder) -> str:
        """Return how a refusal names a holder: 桥东区 (130103, until 2013, 河北省石家庄市)."""
        here = self.units.level.get(holder.code) and holder.first <= YEAR <= holder.last
        if here and holder.first <= FIRST:
            return self.units.shown(holder.code)
        codes = (holder.code[:2] + "0000", holder.code[:4] + "00")
        above = "".join(self.units.name.get(c, "") for c in codes if c != holder.code)
        return f"{str(holder)[:-1]}, {above})" if above else str(holder)


@lru_cache(maxsize=4)
def _index(folder: Path) -> _Index:
    return _Index(folder)


def _inside(index: _Index, within: str) -> frozenset[str]:
    """Return the codes of a province, a prefecture, or of an area's counties."""
    text = clean(within, "province, prefecture or area")
    counties = []
    for key in spellings(text):
        for found in index.holders(key):
            above = [h for h in found if h.level != "county"]
            # 海南 is a province and a prefecture: the name asked for then decides.
            if codes := {code for h in above for code in (h.code, *index.units.lead(h).heirs)}:
                return frozenset(codes)
            counties += found
    areas = schema.read("regions", index.folder).frame()
    members = schema.read("membership", index.folder).frame()
    try:
        region = regions.find(within, regions.documented(areas, members))
    except UnknownId as error:
        if counties:
            reason = f"is a county, not a province, prefecture or area: {index.told(counties[0])}"
            raise UnknownId(within, [], f"`within`, which {reason};") from None
        above = [c for c, level in index.units.level.items() if level != "county"]
        known = [*(index.units.name[c] for c in above), *areas["region_id"], *areas["name_zh"]]
        near = [*nearest(text, known), *error.suggestions][:4]
        raise UnknownId(within, near, "province, prefecture or area in `within`") from None
    return frozenset(members.loc[members["region_id"] == region.region_id, "adcode"])


def _unknown(index: _Index, text: str, question: _Question) -> UnknownId:
    """Say why a name leads nowhere: elsewhere, of another level, or not known at all."""
    index._refuse_city_as_county(text, question)
    elsewhere = [h for found in index.holders(text) for h in found]
    if elsewhere:
        shown = [index.told(h) for h in dict.fromkeys(elsewhere)]
        what = f"place within {question.within}" if question.within else "place of this level"
        return UnknownId(question.name, shown[:8], what)
    if re.fullmatch(r"\d{6}", text):
        near = [c for c in index.units.name if c[:4] == text[:4]]
        shown = [f"{c} {index.units.name[c]}" for c in nearest(text, near)]
        return UnknownId(question.name, shown, f"code, in no list since {FIRST},")
    return UnknownId(question.name, nearest(text, index.full), "place")
