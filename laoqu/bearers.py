"""Who bears or bore a name, in each of its forms: in characters, shortened, and in letters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from laoqu import schema, succession
from laoqu.spelling import READINGS, SHORT_SUFFIX, TAIL, TAIL_THEN, latin, latin_keys, syllables
from laoqu.succession import FIRST, YEAR, Holder

#: Provinces that were part of another until 1988 and 1997.
PROVINCE_NOW = {"46": "44", "50": "51"}


class Bearers:
    """Every way to say a unit, today's and earlier ones: name → holders, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.units = folder, succession.units(folder)
        self.full: dict[str, dict[Holder, None]] = defaultdict(dict)
        self.short: dict[str, dict[Holder, None]] = defaultdict(dict)
        #: A name in letters → the names in characters that it can stand for.
        self.latin: dict[str, dict[str, None]] = defaultdict(dict)
        #: Unit of 2021 → who was it or a part of it.
        self.lines: dict[str, list[Holder]] = defaultdict(list)
        for holder in self.units.holders:
            for heir in holder.lead.heirs:
                self.lines[heir].append(holder)
            self.full[holder.name][holder] = None
            if not holder.held(YEAR):
                self.short[TAIL.sub("", holder.name)][holder] = None
        for name, (holder, _) in self.units.also.items():
            self.full[name][holder] = None
        tables = schema.Tables(folder)
        now = tables.frame("gazetteer")
        for unit in now.itertuples():
            holder = self.units.holder(unit.adcode, YEAR)
            for suffix in SHORT_SUFFIX.get(unit.type, ()):
                self.full[unit.short_name + suffix][holder] = None
            for short in (unit.short_name, TAIL.sub("", unit.name)):
                self.short[short][holder] = None
            for key, name in latin_keys(unit.name_en, unit.name, unit.short_name):
                self.latin[key][name] = None
        for row in tables.frame("place_short_forms").itertuples():
            self.full[row.short_form][self.units.holder(row.adcode, YEAR)] = None
            self.full[row.short_form] |= self.short.get(row.short_form, {})  # 巴州区 as well
        shorter = dict(zip(now["name"], now["short_name"], strict=True))
        for holder in self.units.holders:  # who shares a short form, and has none of its own
            stem = shorter.get(holder.name) or TAIL_THEN.sub("", holder.name)
            if not holder.held(YEAR) and stem in self.short and stem not in self.full:
                self.short[stem][holder] = None
        self._read_earlier(dict(zip(now["short_name"], now["name_en"], strict=True)))

    def _read_earlier(self, known: dict[str, str]) -> None:
        """Add names of earlier units in letters, read as their characters are in known names."""
        readings = defaultdict(set, {char: {each} for char, each in READINGS.items()})
        for name, english in known.items():
            for char, syllable in zip(name, syllables(english, len(name)), strict=False):
                readings[char].add(syllable)
        for name in {each.name for each in self.units.holders if not each.held(YEAR)}:
            stem = TAIL_THEN.sub("", name)
            whole = [[known[stem]]] if stem in known else [readings[char] for char in stem]
            for read in product(*whole):
                for key, meant in latin_keys("".join(read), name, stem):
                    # The district of Huizhou is 徽州区, no 徽州地区.
                    if meant == stem or not name.endswith("地区"):
                        self.latin[key][meant] = None

    def lettered(self, key: str) -> Iterator[dict[Holder, None]]:
        """Yield who bears the names that letters stand for; then who bears them as short forms."""
        names = self._lettered_names(key)
        for forms in ((self.full, self.short), (self.short,)):
            found = (next(filter(None, (form.get(name) for form in forms)), ()) for name in names)
            yield {holder: None for holders in found for holder in holders}

    def _lettered_names(self, key: str) -> Iterable[str]:
        """Return the names that letters stand for; passports have yu for ü: Lyuliang."""
        return self.latin.get(key) or self.latin.get(re.sub("(?<=[ln])yu", "u", key), ())

    def in_characters(self, said: str, found: Iterable[Holder]) -> str:
        """Return the one name of these that letters stand for; what else is said, as it is."""
        names = [
            name
            for name in self._lettered_names(latin(said))
            if {*self.full.get(name, ()), *self.short.get(name, ())} & {*found}
        ]
        return names[0] if len(names) == 1 else said

    def spoken(self) -> dict[str, list[str]]:
        """Return code → every name, short form and spelling that leads to the unit."""
        names: dict[str, dict[str, None]] = defaultdict(dict)
        latin = {key: next(self.lettered(key)) for key in self.latin}
        for known in (self.full, self.short, latin):
            for name, holders in known.items():
                # A name that a unit bears today leads to no other that bore it before.
                now = [holder.code for holder in holders if holder.last >= YEAR]
                for code in now or filter(None, [holder.continues for holder in holders]):
                    names[code][name.partition("/")[0]] = None
        return {code: list(said) for code, said in names.items()}

    def cities(self, said: str, year: int) -> list[Holder]:
        """Return the cities and provinces of a year that a name means besides a county."""
        held = {**self.full.get(said, {}), **self.short.get(said, {})}
        if any(each.level == "county" and each.name == said for each in held):
            return []
        return [each for each in held if each.level != "county" and each.held(year)]

    def without_counties(self, holder: Holder) -> str:
        """Return the level at which a city of 2021 without counties also counts: 嘉峪关市."""
        city = holder.level == "prefecture" and holder.held(YEAR)
        return "county" if city and holder.code not in self.units.parent.values() else ""

    def lies_in(self, holder: Holder, inside: frozenset[str]) -> bool:
        """Whether a holder, or what became of it, lies in one of these units."""
        codes = {holder.code, holder.code[:4] + "00", holder.code[:2] + "0000"}
        codes.add(holder.code[: 4 if holder.level == "prefecture" else 6])
        for heir in holder.lead.heirs:
            codes |= {heir, *self.units.above(heir)}
        return bool(codes & inside)

    def same_place(self, earlier: Holder, now: Holder) -> bool:
        """Whether a unit of the same name was the same place in another form: the note says so.

        赣州市 the prefecture has its name from the county-level city in it, 重庆市 was one of
        四川. A province has no two counties or cities of one name; its cities have districts
        alike: one lies in the same city, which may have had another code.
        """
        if earlier.code == now.code or self.lies_in(earlier, frozenset([now.code])):
            return True
        if now.name.endswith("区") and earlier.code[:4] != now.code[:4]:
            cities = [self.units.holder(h.code[:4] + "00", h.last) for h in (earlier, now)]
            return all(cities) and cities[0].name == cities[1].name and self.same_place(*cities)
        return len({PROVINCE_NOW.get(each.code[:2], each.code[:2]) for each in (earlier, now)}) == 1

    def told(self, holder: Holder) -> str:
        """Return how a refusal names a holder: 桥东区 (130103, until 2013, 河北省石家庄市)."""
        if holder.first <= FIRST and holder.last >= YEAR:
            return self.units.shown(holder.code)
        codes = {holder.code[:2] + "0000", holder.code[:4] + "00"} - {holder.code}
        above = "".join(self.units.name.get(c, "") for c in sorted(codes))
        return f"{str(holder)[:-1]}, {above})" if above else str(holder)
