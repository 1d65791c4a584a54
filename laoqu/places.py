"""Names of places: from what is printed or typed to a unit of the end of 2021.

Nothing is guessed. A name that one unit bore gives its code, with a note where name or code are
of another year; a name that several bore is refused with all of them and their years.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from numbers import Integral
from pathlib import Path
from typing import NamedTuple

from laoqu import paths, regions, schema
from laoqu.bearers import Bearers
from laoqu.errors import UnknownId, nearest, require, shown
from laoqu.spelling import clean, latin, spellings
from laoqu.succession import FIRST, LAST, YEAR, Holder

#: Words for a part of any town that units bear or bore as names: 新区, 市区, 东城, 江北. Nobody who
#: writes them means a name, but behind the place it lies in.
GENERIC = re.compile("[东西南北中新老][城市区郊]|[城市江河港][东西南北中]|[城市矿]区|[城市]郊|港口")
#: No name of a place has more characters, in letters or behind its province and city.
LONGEST = 100
#: What settles a name of several places where nothing but the name can be said.
NAME_ALONE = "give its code, or the name behind its province and city (北京市朝阳区)"
LEVELS = ("province", "prefecture", "county")


class AmbiguousName(UnknownId):
    """A name that several units bear or bore; carries them all as suggestions.

    ``why`` says what became of the one unit that bore it; ``advice``, the end of the message, what
    settles it.
    """

    def __init__(
        self, name: str, candidates: Iterable[str], split: str = "", advice: str = ""
    ) -> None:
        super().__init__(name, candidates, "place")
        several = f"the name of several places: {'; '.join(self.suggestions)}"
        why = f"no one unit of {YEAR}: {split}" if split else several
        self.args, self.why, self.advice = (f"{shown(name)} is {why}",), split, advice

    def __str__(self) -> str:
        return "; ".join(filter(None, [super().__str__(), self.advice]))


class Adcode(str):
    """The code of a unit: text, with its `name`, who is meant, a `note` on a change of the two."""

    name, note, holder = "", "", None


class Question(NamedTuple):
    """What is asked; ``inside`` are the codes of the units and areas that ``within`` names."""

    name: str
    within: str | Sequence[str] | None
    level: str | None
    year: int | None
    inside: frozenset[str] | None = None


def resolve_place(
    name: str,
    within: str | Sequence[str] | None = None,
    level: str | None = None,
    year: int | None = None,
    folder: Path | str | None = None,
) -> Adcode:
    """Return the code, valid at the end of 2021, of the unit that a name means.

    Parameters
    ----------
    name : str
        Full, short (靖西, 彭水县) or earlier name, in simplified or traditional characters or in
        pinyin (huanxian, Huan County), alone or after province and city (甘肃省环县); or a code.
    within : str or several, optional
        Name or code of the province or prefecture it lies in, or one of the twelve areas.
    level : {"province", "prefecture", "county"}, optional
    year : int, optional
        The year, from 1980 to 2025, in which the unit bore the name or code, also one that ended
        in the course of it; by default any. A unit that began later is none of that year.
    folder : path, optional
        The data folder; by default the collection's own.

    Raises `AmbiguousName` with all units that bear or bore the name, or that it was split into;
    `UnknownId` with the nearest names when there is none.

    >>> resolve_place("彭水县"), resolve_place("靖西"), resolve_place("甘肃环县")
    ('500243', '451081', '621022')
    >>> resolve_place("梅列区").note
    '梅列区 (350402, 1983–2020) was merged into 三元区 350404 in 2021'
    """
    if level is not None:
        require(level, LEVELS, "level")
    whole = isinstance(year, Integral) and not isinstance(year, bool)
    if year is not None and not (whole and FIRST <= year <= LAST):
        raise UnknownId(year, [f"a whole number from {FIRST} to {LAST}"], "year", hint="expected")
    return answered(Question(name, within, level, year), folder)


def answered(asked: Question, folder: Path | str | None = None, near: bool = True) -> Adcode:
    """Answer as `resolve_place` does; the nearest names, which take time, if they are asked for."""
    index, text = _index(paths.folder_of(folder)), clean(asked.name)
    if asked.within is not None:
        every = asked.within if isinstance(asked.within, list | tuple) else [asked.within]
        inside = frozenset().union(*map(index.inside, every))
        asked = asked._replace(within=", ".join(every), inside=inside)
    for spelling in spellings(text):
        for said, found in index.readings(spelling):
            index.refuse_doubt(said, asked.year or 0, asked)
            index.refuse_city(index.in_characters(said, found), found, asked)
            if kept := index.fitting(found, asked):
                code = index.answer(index.in_characters(said, kept), kept, asked)
                code.note = code.note or index.ended(found, asked, code)
                return code
    raise index.unknown(text, asked, near)


def meant(name: str, within: str | None = None, folder: Path | None = None) -> Adcode:
    """Return the code of a name for who can say no level and no year: a refusal says what helps.

    A change of name or code is a warning.
    """
    try:
        code = resolve_place(name, within, folder=folder)
    except AmbiguousName as error:
        error.advice = error.advice and NAME_ALONE
        raise
    if code.note:
        warnings.warn(f"{shown(name)} is read as {code.name} ({code}): {code.note}", stacklevel=2)
    return code


def bears(holder: Holder, name: str, folder: Path | None = None) -> bool:
    """Return whether the unit that a code is taken for bears or ever bore a name.

    Others that had its code, or became a part of it, do not count; of a unit that leads to no one
    unit of 2021, the next steps do.

    >>> from laoqu.succession import units
    >>> [bears(units().holder("430421", year), "湘潭县") for year in (1983, 2010)]
    [True, False]
    """
    index = _index(folder or paths.data())
    readings = (each for key in spellings(clean(name)) for each in index.readings(key))
    said, unit = {one for _, found in readings for one in found}, holder.lead.adcode
    holder = index.units.holder(holder.code, holder.last)  # as this index has it
    if unit:
        return any(unit in (one.lead.adcode, one.continues) for one in said)
    heirs = index.units.heirs
    return any(one in (holder, *heirs(holder)) or holder in heirs(one) for one in said)


def bare(name: str, folder: Path | None = None) -> str:
    """Return a name without the province and city before it, "" where no place bears it.

    >>> bare("甘肃省庆阳市环县"), bare("环县"), bare("无此县")
    ('环县', '环县', '')
    """
    text = clean(name)
    found = () if text.isascii() else _index(folder or paths.data()).readings(text)
    return next((said for said, held in found if held), "")


def lies_in(holder: Holder, inside: frozenset[str], folder: Path | None = None) -> bool:
    """Return whether a unit, or what it was or became, lay in these units: see `inside`.

    >>> from laoqu.succession import units
    >>> huan = units().holder("621022", 2021)
    >>> lies_in(huan, inside("庆阳市")), lies_in(huan, inside("延安市"))
    (True, False)
    """
    index = _index(folder or paths.data())
    kin = [holder, *(each for heir in holder.lead.heirs for each in index.lines[heir])]
    return any(index.lies_in(each, inside) for each in kin)


def spoken(folder: Path | None = None) -> dict[str, list[str]]:
    """Return code → every name, short form and spelling that leads to the unit; earlier ones too.

    >>> spoken()["621022"], spoken()["350404"][:6]
    (['环县', 'huanxian', 'huan'], ['梅列区', '三元区', '梅列', '三元', 'sanyuan', 'sanyuanqu'])
    """
    return _index(folder or paths.data()).spoken()


def cities(name: str, year: int = YEAR, folder: Path | None = None) -> list[Holder]:
    """Return the cities and provinces of a year that a name means, none for a county's in full.

    >>> [each.name for each in cities("吉安")], cities("吉安县"), cities("环县")
    (['吉安市'], [], [])
    """
    return _index(folder or paths.data()).cities(bare(name, folder) or clean(name), year)


class _Index(Bearers):
    """Finds what a name means among all who bear or bore it."""

    @cached_property
    def areas(self) -> dict[str, frozenset[str]]:
        """The codes in each area, by each of its names: a city lies where a county of it does."""
        tables = schema.Tables(self.folder)
        counties = tables.frame("membership").groupby("region_id")["adcode"]
        known = regions.called(tables.frame("regions"))
        codes = {area: frozenset([*here, *here.str[:4]]) for area, here in counties}
        return {name: codes.get(row["region_id"], frozenset()) for name, row in known.items()}

    def readings(self, text: str) -> Iterator[tuple[str, Iterable[Holder]]]:
        """Yield how a name or code can be read, best first: the name itself, its holders."""
        if re.fullmatch(r"\d{6}(?:0{6})?", text):
            yield text[:6], self.units.by_code.get(text[:6], ())
            return
        if len(text) > LONGEST:
            return
        yield text, self.full.get(text, ())
        yield text, self.short.get(text, ())
        for end in range(len(text) - 1, 1, -1):  # behind the name of a province or city: 甘肃环县
            before = text[:end]
            above = _upper([*self.full.get(before, ()), *self.short.get(before, ())])
            for said, found in self.readings(text[end:]) if above else ():
                if kept := [holder for holder in found if self.lies_in(holder, above)]:
                    yield said, kept
        for found in self.lettered(latin(text)):
            yield text, found

    def inside(self, within: str, near: bool = True) -> frozenset[str]:
        """Return the codes of a province, a prefecture, or of an area's counties."""
        kind = "province, prefecture or area (a county is none) in `within`"
        text, counties = clean(within, kind), {}
        for _, found in (each for key in spellings(text) for each in self.readings(key)):
            if codes := _upper(found):
                return codes
            counties |= dict.fromkeys(map(self.told, found))
        for name in map(regions.fold, spellings(text)):
            if name in self.areas:
                return self.areas[name]
        upper = [self.units.name[c] for c, lev in self.units.level.items() if lev != "county"]
        like = nearest(text, [*upper, *self.areas]) if near and not counties else counties
        raise UnknownId(within, list(like)[:4], kind)

    def refuse_doubt(self, said: str, year: int, asked: Question) -> None:
        """Refuse a code of a year in which the sources contradict each other on who held it."""
        if doubt := self.units.doubt(said, year):
            raise UnknownId(asked.name, [], why=f"{doubt}; give its name and `year`")

    def refuse_city(self, said: str, found: Iterable[Holder], asked: Question) -> None:
        """Refuse the name of a city where a county is asked for: 安阳市 is not 安阳县."""
        counties = (holder for holder in found if holder.level == "county")
        if asked.level != "county" or any(each.held(asked.year or 0) for each in counties):
            return
        for city in (h for h in found if h.level == "prefecture" and h.last >= YEAR):
            below = [code for code, above in self.units.parent.items() if above == city.code]
            if said in (city.name, city.code) and below:
                counties = [f"{self.units.name[code]} ({code})" for code in below]
                why = f"{asked.name!r} is a city, no county: name one of its counties"
                raise UnknownId(asked.name, counties, why=why, hint="these are")

    def fitting(self, found: Iterable[Holder], asked: Question) -> list[Holder]:
        """Keep the holders that lie within, are of the level and of the year asked for."""
        kept = [h for h in found if asked.level in (None, h.level, self.without_counties(h))]
        if asked.inside is not None:
            kept = [holder for holder in kept if self.lies_in(holder, asked.inside)]
        if asked.year is None:
            return kept
        then = [holder for holder in kept if holder.held(asked.year)]
        new = [holder for holder in then if holder.first == asked.year]
        # Who ended in the course of the year bore the name too, if no other form of it took it on.
        ended = (holder for holder in kept if holder.last == asked.year - 1)
        then += [old for old in ended if not any(self.same_place(old, each) for each in new)]
        # Else it is one of another year, of a unit that stood by then, not in a part alone.
        lines = [o for h in kept for o in self.lines[h.continues] if o.lead.adcode == h.continues]
        return then or kept * any(each.first <= asked.year for each in (*kept, *lines))

    def ended(self, found: Iterable[Holder], asked: Question, code: str) -> str:
        """Say who bore the name until that year, of whom the unit is another form."""
        if not asked.year:
            return ""
        then = asked.year - 1
        old = (h for h in self.fitting(found, asked._replace(year=then)) if h.last == then)
        said = ", ".join(str(each) for each in old if each.continues != code)
        return said and f"{said} bore the name earlier in {asked.year}"

    def answer(self, said: str, kept: list[Holder], asked: Question) -> Adcode:
        """Return the one unit of 2021 that these holders lead to, or refuse with all of them."""
        lines: dict[str, list[Holder]] = defaultdict(list)
        kept = sorted(kept, key=lambda each: each.last)
        for holder in kept:
            when = min(max(asked.year, holder.first), holder.last) if asked.year else 0
            self.refuse_doubt(said, when, asked)
            # What goes on in no unit of 2021 is one line where it came to the same end.
            after = {holder, *self.units.after(holder)}
            same = [each for each in kept if each in after and each.name == holder.name]
            last = holder if holder.continues else same[-1]  # one county, two codes
            lines[last.continues or last.lead.reason.rpartition("; ")[2]].append(holder)
        end = next(iter(lines)) if len(lines) == 1 else self._today(said, lines, asked)
        if end is None:
            # One line for each unit, with all years in which it bore the name.
            told = [self.told(replace(each[-1], first=each[0].first)) for each in lines.values()]
            raise AmbiguousName(asked.name, told, advice="say `within`, `level` or `year`")
        holder = lines.pop(end)[-1]
        lead = holder.lead
        alone = clean(asked.name).isascii() or said in spellings(clean(asked.name))
        alone &= asked.inside is None and asked.year is None
        if GENERIC.fullmatch(said) and alone and holder.last < YEAR:
            was, why = self.told(holder), "an ordinary word, once the name of "
            raise AmbiguousName(asked.name, [was], why + was, "say `within` or `year`")
        if not holder.continues and lead.heirs:
            raise AmbiguousName(asked.name, map(self.units.shown, lead.heirs), lead.reason)
        # A city of 2021 without counties is one of either level.
        alone = asked.level == "county" and holder.continues not in self.units.parent.values()
        level = self.units.level.get(holder.continues)
        if not level or not (alone or asked.level in (None, level)):
            why = f"{asked.name!r} is no one {asked.level or 'place'} at the end of {YEAR}: "
            raise UnknownId(asked.name, [], why=why + lead.reason)
        note, earlier = lead.reason, [line[-1] for line in lines.values()]
        if earlier and not note:
            why = f": {earlier[-1].lead.reason}" if earlier[-1].name == holder.name else ""
            note = f"{', '.join(map(str, earlier))} bore the name before{why.rstrip(': ')}"
        if asked.year and holder.first > asked.year:
            note = note or f"{holder} had another name or code in {asked.year}"
        note = "; ".join(filter(None, [self.units.also.get(said, ("", ""))[1], note]))
        found = Adcode(holder.continues)
        found.name, found.note, found.holder = self.units.name[found], note, holder
        return found

    def _today(self, said: str, lines: dict[str, list[Holder]], asked: Question) -> str | None:
        """Return the one line that bears the name today, where the others are no rivals for it."""
        now = {end: unit for end, line in lines.items() for unit in line if unit.held(YEAR)}
        if len(now) != 1 or asked.year is not None:
            return None
        ((end, unit),) = now.items()
        others = [line for each, line in lines.items() if each != end]
        if said == unit.code:
            return end
        if said == unit.name or unit in self.full.get(said, ()):
            rivals = any(not self.same_place(line[-1], unit) for line in others)
        else:  # a short form: that of a city, or of a county of the areas, is meant as theirs
            rivals = unit.level == "county" and unit.code not in set().union(*self.areas.values())
            namesakes = [h for line in others for h in line if h.name == unit.name]
            rivals |= any(not self.same_place(holder, unit) for holder in namesakes)
        return None if rivals else end

    def unknown(self, text: str, asked: Question, near: bool) -> UnknownId:
        """Say why a name leads nowhere: elsewhere, of another level, or not known at all."""
        found = sorted((h for _, found in self.readings(text) for h in found), key=lambda h: h.last)
        if elsewhere := {h.continues or h: self.told(h) for h in found}:  # of a unit the last name
            where = f"in {asked.within}" if asked.within else f"a {asked.level or 'unit'}"
            why = f"{asked.name!r} is not {where}{f' in {asked.year}' if asked.year else ''}"
            return UnknownId(asked.name, [*elsewhere.values()][:-9:-1], why=why, hint="it is")
        if re.fullmatch(r"\d{6}", text):
            near = nearest(text, [code for code in self.units.name if code[:4] == text[:4]])
            named = [f"{code} {self.units.name[code]}" for code in near]
            return UnknownId(asked.name, named, why=f"the code {text} is in no list since {FIRST}")
        names = nearest(text[:LONGEST], self.full) if near else []
        if near and text.isascii() and (key := latin(text[:LONGEST]).partition("/")[0]):
            keys = nearest(key, (each for each in self.latin if each[0] == key[0]), cutoff=0.6)
            names = list(dict.fromkeys(name for each in keys for name in self.latin[each]))
        return UnknownId(asked.name, names, "place")


def _upper(found: Iterable[Holder]) -> frozenset[str]:
    """Return the codes of the provinces and cities among holders, and of what they became."""
    upper = [holder for holder in found if holder.level != "county"]
    return frozenset(code for holder in upper for code in (holder.code, *holder.lead.heirs))


def inside(within: str, folder: Path | None = None, near: bool = True) -> frozenset[str]:
    """Return the codes of a province, a city, or of an area's counties."""
    return _index(folder or paths.data()).inside(within, near)


_index = lru_cache(maxsize=4)(_Index)
