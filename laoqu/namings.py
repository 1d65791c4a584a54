"""Names of places in any text: named, ambiguous or doubtful, and never guessed.

A name has a code if its form says that it is one (吉安县), in a list of places, or right behind the
place it lies in (福建长汀); of several places so called, those in what was named before it remain.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from laoqu import places, schema, succession
from laoqu.errors import LaoquError
from laoqu.numerals import PRIVATE

#: How sure a form of a name is, from words that are ordinary ones as well and count only behind
#: the place they lie in (those for a part of any town are doubtful elsewhere), and short forms of
#: counties and cities, to full names of two characters, which need room, and longer ones.
FORMS = ("word", "part", "short", "city", "full", "sure")
#: Full names that are ordinary words; shorter ones stand in ``not_names.csv``.
WORDS = {"郊区", "新城区", "老城区", "港口区", "市中区", "城中区"}
#: What a name is not followed by: 海口市场 is no 海口市, 太行山 no area.
NOT_BEFORE = {"市": "场民", "区": "域位块间别划", "area": "山脉"}
UNREAD = re.compile(f"[{PRIVATE}]")
#: What joins the items of a list, and what leaves it open.
JOINS = {"", "、", "，", "和", "与", "及", "以及", "或"}
OPEN = re.compile("(?:（[^）]{0,200}）)?等(?![级于同候待分额次])")
#: What stands left and right of a name that has room around it.
LEFT = re.compile(
    "(?:^|[^\u4e00-\u9fff‐‑-]|[和与及或在对将把以为至到]|支持|推动|推进|鼓励|包括|位于|涉及|覆盖)$"
)
RIGHT = re.compile("$|[^\u4e00-\u9fff]|[等和与及或的为在是]|发展|建设|打造|开展|加快|推进|实施")


@dataclass
class Naming:
    """A name at its offsets in a text, and what it means."""

    start: int
    end: int
    printed: str
    form: str
    status: str = "doubtful"
    adcode: str = ""
    region_id: str = ""
    candidates: tuple[str, ...] = ()
    note: str = ""
    list_open: bool = False

    def settle(self, place: places.Adcode) -> None:
        """Give it the code of one place."""
        self.status, self.adcode, self.candidates = "named", str(place), ()
        self.note = "; ".join(filter(None, [self.note, place.note]))


class Gazetteer:
    """The names that units bore in a year, by their first two characters."""

    def __init__(self, folder: Path, year: int) -> None:
        self.folder, self.year = folder, year
        self.units = succession.units(folder)
        held = (h for h in self.units.holders if h.first <= year <= h.last + 1)
        forms = {h.name: _form(h.name, h.name) for h in held}
        spoken = places.spoken(folder)
        for code, level in self.units.level.items():
            short = {"province": "sure", "prefecture": "city"}.get(level, "short")
            for name in spoken[code]:
                form = _form(name, self.units.name[code]) or short
                forms[name] = max(form, forms.get(name, form), key=FORMS.index)
        common = {*schema.read("not_names", folder).values("word"), *WORDS}
        forms |= {name: "part" for name in forms if places.GENERIC.fullmatch(name)}
        forms |= dict.fromkeys(common & forms.keys(), "word")
        self.areas: dict[str, str] = {}
        for row in schema.read("regions", folder).frame().itertuples():
            whole = [row.full_zh, f"{row.name_zh}老区", f"{row.name_zh}革命老区"]
            self.areas |= dict.fromkeys([row.name_zh, *whole], row.region_id)
            forms |= dict.fromkeys(whole, "sure") | {row.name_zh: "city"}
        self.characters = {char for name in forms for char in name}
        self.names: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in sorted(forms, key=len, reverse=True):
            self.names[name[:2]].append((name, forms[name]))

    def namings(self, text: str, above: list[str]) -> list[Naming]:
        """Return the names in a text with what each means; `above` are codes it speaks of."""
        groups: list[list[Naming]] = []
        for naming in self._found(text):
            if groups and text[groups[-1][-1].end : naming.start] in JOINS:
                groups[-1].append(naming)
            else:
                groups.append([naming])
        context = list(above)
        for group in groups:
            likely = [each.form for each in group if each.form not in ("word", "part")]
            listed = len(likely) > 2 or likely == ["city", "city"] or "sure" in likely
            for before, naming in pairwise([None, *group]):
                naming.list_open = bool(OPEN.match(text, group[-1].end))
                if not (before and before.end == naming.start and self._inside(before, naming)):
                    free = bool(RIGHT.match(text, naming.end))
                    room = free and bool(LEFT.search(text[max(naming.start - 2, 0) : naming.start]))
                    needed = {"sure": True, "full": room, "city": listed, "short": listed and free}
                    self._mean(naming, context, needed.get(naming.form, False))
                    if before and naming.form in ("word", "part"):
                        self._beside(before, naming)
                if naming.adcode and self.units.level[naming.adcode] != "county":
                    context = [naming.adcode, *self.units.above(naming.adcode), *above]
        return [each for group in groups for each in group if each.form != "word" or each.adcode]

    def _found(self, text: str) -> list[Naming]:
        """Return the names in a text that do not overlap: sure ones first, then from the left."""
        found, unread = (
            [],
            {i for each in UNREAD.finditer(text) for i in (each.start(), each.end())},
        )
        for at in range(len(text) - 1):
            for name, form in self.names.get(text[at : at + 2], ()):
                end = at + len(name)
                barred = NOT_BEFORE.get("area" if name in self.areas else name[-1], "")
                whole = text[end : end + 1] not in [*barred] and not {at, end} & unread
                if whole and text.startswith(name, at):
                    found.append(Naming(at, end, name, form))
                    break
        taken: set[int] = set()
        kept = []
        for naming in sorted(found, key=lambda each: (each.form != "sure", each.start)):
            if taken.isdisjoint(range(naming.start, naming.end)):
                taken |= set(range(naming.start, naming.end))
                kept.append(naming)
        return sorted(kept, key=lambda each: each.start)

    def _inside(self, before: Naming, naming: Naming) -> bool:
        """Settle a name that lies in the place named directly before it: 福建长汀, 海南琼海市."""
        codes = (
            [before.adcode] if before.adcode else re.findall(r"\((\d{6})", str(before.candidates))
        )
        found = {code: _resolve(naming.printed, code, self.year, self.folder) for code in codes}
        fitting = [(code, place) for code, place in found.items() if isinstance(place, str)]
        if len(fitting) != 1:
            return False
        ((code, place),) = fitting
        if not before.adcode:
            before.settle(places.resolve_place(code, folder=self.folder))
        before.list_open = False  # it says where the items lie
        naming.settle(place)
        return True

    def _beside(self, before: Naming, naming: Naming) -> None:
        """Settle a word in a list behind a county of the city it lies in: 攀枝花市东区、西区."""
        city = self.units.parent.get(before.adcode, "")
        if city and self.units.level[before.adcode] == "county":
            place = _resolve(naming.printed, city, self.year, self.folder)
            if isinstance(place, str) and not place.note:
                naming.settle(place)

    def _mean(self, naming: Naming, context: list[str], sure: bool) -> None:
        """Say what a name means, by the nearest place named before that holds one so called."""
        if naming.printed in self.areas:
            naming.region_id = self.areas[naming.printed] if sure else ""
            naming.status = "named" if sure else "doubtful"
            return
        meant = _resolve(naming.printed, None, self.year, self.folder)
        for code in context if isinstance(meant, tuple) else ():
            if inside := _resolve(naming.printed, code, self.year, self.folder):
                meant, naming.note = inside, f"within {self.units.name[code]}, named before it"
                break
        if isinstance(meant, tuple):
            naming.candidates, naming.status = meant, "ambiguous" if sure else "doubtful"
        elif sure:
            naming.settle(meant)
        else:
            naming.candidates = (self.units.shown(str(meant)),)


def _form(name: str, whole: str) -> str:
    """Return the form of a name that says its type of unit: 彭水县, 黔西南州; else nothing."""
    if name != whole and name[-1] not in "县市区旗盟" and not name[-1] == whole[-1] == "州":
        return ""
    return "sure" if len(name) > 2 else "full"


@lru_cache(maxsize=100_000)
def _resolve(
    name: str, within: str | None, year: int, folder: Path
) -> places.Adcode | tuple[str, ...]:
    """Return the code of a name, or all units that it may mean: none where none lies within."""
    try:
        return places.resolve_place(name, within, None, year, folder)
    except places.AmbiguousName as error:
        return tuple(error.suggestions)
    except LaoquError:
        return ()


@lru_cache(maxsize=8)
def gazetteer(folder: Path, year: int) -> Gazetteer:
    """Return the names of a year, made once."""
    return Gazetteer(folder, year)
