"""Names of places in any text: named, ambiguous or doubtful, and never guessed.

A name has a code if its form says that it is one (吉安县), in a list of places, or right behind the
place it lies in (福建长汀); of several places so called, those in what was named before it remain.
What stands right behind a province or city is a place in it or none that is known: 成都市东城区.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from laoqu import places, schema, succession
from laoqu.errors import LaoquError
from laoqu.numerals import PRIVATE

#: How sure a form of a name is, from words that are ordinary ones as well and count only behind
#: the place they lie in (those for a part of any town are doubtful elsewhere), and short forms of
#: counties and cities, to full names of two characters, which need room, and longer ones.
FORMS = ("word", "part", "short", "city", "full", "sure")
#: The forms that may be no name.
WEAK = ("word", "part", "cut")
#: The last characters of full names.
TYPES = "县市区旗盟"
#: Full names that are ordinary words; shorter ones stand in ``not_names.csv``.
WORDS = {
    "郊区", "新城区", "老城区", "港口区", "市中区", "城中区", "一区", "二区", "公园区", "北城区",
    "城南区", "向山区", "立新区",
}  # fmt: skip
#: What a name is not followed by: 海口市场, 恩施市县 are no 海口市, 恩施市, 太行山 no area.
NOT_BEFORE = re.compile("市(?:场|民(?!.县|和回)|州|、?县)|区[域位块间别划]|沙群")
AREA = re.compile(".[山脉]")
#: No name has more characters.
AROUND = 20
#: How many digits of the code of a province say which, and of what has counties.
PROVINCE, CITY = UPPER = (2, 4)
#: The codes in the answer to a name, and in candidates.
CODE = re.compile(r"\d{6}")
UNREAD = re.compile(f"[{PRIVATE}]")
#: What joins the items of a list, and what leaves it open.
JOINS = {"", "、", "，", "和", "与", "及", "以及", "或"}
OPEN = re.compile("(?:（[^）]{0,200}）)?等(?![级于同候待分额次])")
#: What says of a list that it is one of places: 等县, 等92个革命老区县.
KIND = re.compile(r"等(?:地(?!方)|[^\W、]{0,10}?(?:[县州盟旗]|市(?![场民政值])))")
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
#: What stands before a place (by its last character: 支持, 推进, 甘肃省), on either side of a name
#: that has room around it, and behind an item of a list. 太行山西麓 has no 山西.
LEFT = re.compile(
    "(?:^|[和与及或在对将把以为至到持动进励括于盖赴从由向经给请入跟被邻联接处助援国省市县区州旗盟]"
    f"|[^{HAN}‐‑-])$"
)
#: Words and institutions that begin alike: 云南和平, 北京对外经贸大学.
OTHER = (
    "和[平谐睦]|等[级于同]|对外|在线|将军|向阳|以色列"
    r"|[^\W和与及或等]{1,9}?(?:大学|学院|银行|集团|公司)"
)
ENDS = re.compile(f"(?!{OTHER})(?:$|[^{HAN}]|[等和与及或的为在是])")
RIGHT = re.compile(
    rf"{ENDS.pattern}|(?!{OTHER})(?:[对将以向至到]|境内|山区|[东南西北中]部|[两三四五]省"
    r"|(?:发展|建设|打造|开展|加快|推进|实施|共同|合作|探索|创建)(?!路(?!\w)))"
)
#: Lakes, hills and rivers, as counties are called too: a list of nothing else names no county.
FEATURE = re.compile(".+[湖泊山岭峰河江溪海港湾岛泉峡]")


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

    def refuse(self, units: Several, sure: bool) -> None:
        """Leave it open between these units, or doubtful."""
        self.status = "ambiguous" if sure and units else "doubtful"
        self.candidates, self.note = units, "; ".join(filter(None, [self.note, units.note]))


class Several(tuple[str, ...]):
    """All units that a name may mean, none where none lies within; `note` says why."""

    note = ""


class Gazetteer:
    """The names that units bore in a year, by their first two characters."""

    def __init__(self, folder: Path, year: int) -> None:
        self.units = succession.units(folder)
        self._resolve = lru_cache(100_000)(partial(_resolve, folder=folder, year=year))
        held = (
            each
            for each in self.units.holders
            if each.first <= year <= each.last + 1 or each.name[-1] in TYPES
        )
        forms = {each.name: _form(each.name, each.name) for each in held}
        spoken = places.spoken(folder)
        for code, level in self.units.level.items():
            short = {"province": "sure", "prefecture": "city"}.get(level, "short")
            for name in spoken[code]:
                form = _form(name, self.units.name[code]) or short
                forms[name] = max(form, forms.get(name, form), key=FORMS.index)
        common = {*schema.read("not_names", folder).values("word"), *WORDS}
        states = [code for code, level in self.units.level.items() if level == "province"]
        short = {name for code in states for name in spoken[code] if name != self.units.name[code]}
        self.provinces = {name for name in short if not name.isascii()}
        parts = {name for name in forms if places.GENERIC.fullmatch(name)} - self.provinces
        forms |= dict.fromkeys(parts, "part")
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

    def namings(
        self, text: str, above: list[str], around: tuple[str, str] = ("", "")
    ) -> list[Naming]:
        """Return the names in a text with what each means.

        `above` are codes it speaks of, `around` the words before and behind it, in other lines.
        """
        groups: list[list[Naming]] = []
        for naming in self._found(text, *around):
            if groups and text[groups[-1][-1].end : naming.start] in JOINS:
                groups[-1].append(naming)
            else:
                groups.append([naming])
        context = list(above)
        for group in groups:
            likely = [each for each in group if each.form not in WEAK]
            # All of 安居、乐业、安康 are words: a list is one of places by a name that can be none,
            # by what it is called (等县), or if three or more lie in one city.
            forms, akin = Counter(each.form for each in likely), self._akin(likely)
            long = [n for n in {e.printed for e in likely} - self.areas.keys() if len(n) > 2]
            listed = bool(
                KIND.match(text, group[-1].end)
                or forms["sure"]
                or forms["city"] > 1
                or (len(likely) > 1 and long)
                or (len(likely) > 2 and akin)
            )
            natural = all(FEATURE.fullmatch(each.printed) for each in group)
            around = zip([None, *group], group, [*group[1:], None], strict=False)
            for before, naming, after in around:
                naming.list_open = bool(OPEN.match(text, group[-1].end))
                behind = before and before.end == naming.start
                next_to = after and after.start == naming.end and after.form  # 杭州湖州
                free = next_to in ("city", "full", "sure") or bool(RIGHT.match(text, naming.end))
                if naming.form != "cut" and not (behind and self._inside(before, naming, free)):
                    left = bool(LEFT.search(text[max(naming.start - 2, 0) : naming.start]))
                    # 朝天等县 is no 天等县
                    needed = {"sure": left or "等" not in naming.printed, "full": free and left}
                    ends = bool(ENDS.match(text, naming.end))
                    short = ends or (free and naming.printed in akin)
                    short = listed and short and not (behind or natural)
                    needed |= {"city": listed and free, "short": short}
                    self._mean(naming, context, needed.get(naming.form, False))
                    if before and naming.form in WEAK and ends:
                        self._beside(before, naming)
                for each in (before, naming):  # what lies in a city may have settled it
                    if each and each.adcode and self.units.level[each.adcode] != "county":
                        context = [each.adcode, *self.units.above(each.adcode), *above]
        return [each for group in groups for each in group if each.form != "word" or each.adcode]

    def _found(self, text: str, before: str, behind: str) -> list[Naming]:
        """Return the names in a text that do not overlap: sure ones first, then from the left."""
        found, ends, wrapped = [], set(), self._wrapped(text, before, behind)
        unread = {i for each in UNREAD.finditer(text) for i in (each.start(), each.end())}
        for at in range(len(text) - 1):
            for name, form in self.names.get(text[at : at + 2], ()):
                end = at + len(name)
                barred = (AREA if name in self.areas else NOT_BEFORE).match(text, end - 1)
                whole = not (barred or {at, end} & unread)
                if whole and text.startswith(name, at):
                    naming = Naming(at, end, name, form)
                    if longer := [each for each, a, b in wrapped if a <= at and end <= b]:
                        naming.form, naming.note = "cut", f"{longer[0]} goes on in another line"
                    elif name in self.provinces:  # 湖南湖北两省
                        free = text[end : end + 2] in self.provinces or RIGHT.match(text, end)
                        left = at in ends or LEFT.search(text[max(at - 1, 0) : at])
                        naming.form = "sure" if free and left else "part"
                    ends |= {end} if naming.form == "sure" else set()
                    found.append(naming)
                    break
        starts = {each.start: each for each in found}
        for naming in found:  # 信阳新县 is no 阳新县
            for at in range(max(naming.start - AROUND, 0), naming.start):
                over = at in starts and naming.start < starts[at].end < naming.end
                if over and isinstance(self._resolve(text[at : naming.end]), str):
                    naming.form = "cut"
        taken: set[int] = set()
        kept = []
        for naming in sorted(found, key=lambda each: (each.form != "sure", each.start)):
            if taken.isdisjoint(range(naming.start, naming.end)):
                taken |= set(range(naming.start, naming.end))
                kept.append(naming)
        return sorted(kept, key=lambda each: each.start)

    def _wrapped(self, text: str, before: str, behind: str) -> list[tuple[str, int, int]]:
        """Return the names that a text has only a part of, with their offsets in it."""
        whole, begin = before + text + behind, len(before)
        return [
            (name, at - begin, at - begin + len(name))
            for edge in (begin, begin + len(text))
            for at in range(max(edge - AROUND, 0), edge)
            for name, _ in self.names.get(whole[at : at + 2], ())
            if at + len(name) > edge and whole.startswith(name, at)
        ]

    def _inside(self, before: Naming, naming: Naming, free: bool) -> bool:
        """Settle a name right behind its place (福建长汀, but not 浙江西湖龙井), or refuse it."""
        if {before.printed, naming.printed} <= self.provinces:
            return False
        codes = [before.adcode] if before.adcode else CODE.findall(str(before.candidates))
        found = {c: self._resolve(naming.printed, c) for c in codes if _depth(c) in UPPER}
        fitting = [(code, place) for code, place in found.items() if isinstance(place, str)]
        if len(fitting) != 1:
            return naming.form not in WEAK and self._refused(before, naming)
        ((code, place),) = fitting
        whole = self._resolve(code)
        if not before.adcode and isinstance(whole, str):
            before.settle(whole)
        before.list_open = False  # it says where the items lie
        if free or naming.form in ("full", "sure"):
            naming.settle(place)
        else:
            naming.candidates = (self.units.shown(place),)
        return True

    def _akin(self, group: list[Naming]) -> set[str]:
        """Return the names of a list if each means one unit, all in one city."""
        codes = {each.printed: self._resolve(each.printed) for each in group}
        cities = {code[:CITY] if isinstance(code, str) else "" for code in codes.values()}
        return {*codes} if len(cities - {""}) == len(cities) == 1 else set()

    def _refused(self, before: Naming, naming: Naming) -> bool:
        """Refuse what is none of a province or city right before it, but not 深圳 in 广州深圳."""
        codes = CODE.findall(str(self._resolve(naming.printed)))
        county = before.adcode and _depth(before.adcode) not in UPPER
        if before.form in WEAK or county or PROVINCE in map(_depth, codes):
            return False
        # An earlier city had counties that the one of today has not: 南充地区武胜县.
        inside = self._resolve(naming.printed, before.printed)
        if isinstance(inside, str):
            naming.settle(inside)
            return True
        whole = naming.form in ("full", "sure")
        below = all(_depth(code) > _depth(before.adcode) for code in codes)
        outside = before.adcode and (whole or below)
        if inside.note and (inside or outside):
            naming.refuse(inside, whole)
        return bool(naming.note)

    def _beside(self, before: Naming, naming: Naming) -> None:
        """Settle a word in a list behind a county of the city it lies in: 攀枝花市东区、西区."""
        city = self.units.parent.get(before.adcode, "")
        if city and self.units.level[before.adcode] == "county":
            place = self._resolve(naming.printed, city)
            if isinstance(place, str) and not place.note:
                naming.settle(place)

    def _mean(self, naming: Naming, context: list[str], sure: bool) -> None:
        """Say what a name means, by the nearest place named before that holds one so called."""
        if naming.printed in self.areas:
            naming.region_id = self.areas[naming.printed] if sure else ""
            naming.status = "named" if sure else "doubtful"
            return
        meant = self._resolve(naming.printed)
        # A province is one in any list: 青海、海南.
        for code in context if naming.printed not in self.provinces else ():
            if inside := self._resolve(naming.printed, code):
                if isinstance(meant, tuple):
                    naming.note = f"within {self.units.name[code]}, named before it"
                    meant = inside
                # One elsewhere bears the name, one here bore it: 重庆市万盛区、双桥区.
                elif inside != meant and self.units.level[meant] != "province":
                    here = [self.units.shown(inside)] if isinstance(inside, str) else inside
                    meant = Several([*here, self.units.shown(meant)])
                    meant.note = inside.note
                break
        if isinstance(meant, tuple):
            naming.refuse(meant, sure)
        elif sure:
            naming.settle(meant)
        else:
            naming.candidates = (self.units.shown(str(meant)),)


def _depth(code: str) -> int:
    """Return 2, 4 or 6: how many digits of the code of a province, city or county say which."""
    return len(code.removesuffix("00").removesuffix("00"))


def _form(name: str, whole: str) -> str:
    """Return the form of a name that says its type of unit: 彭水县, 黔西南州; else nothing."""
    if name != whole and name[-1] not in TYPES and not name[-1] == whole[-1] == "州":
        return ""
    return "sure" if len(name) > 2 else "full"


def _resolve(
    name: str, within: str | None = None, *, year: int, folder: Path
) -> places.Adcode | Several:
    """Return the code of a name, or all units that it may mean."""
    try:
        return places.resolve_place(name, within, None, year, folder)
    except places.AmbiguousName as error:
        found, why = Several(error.suggestions), error.why
    except LaoquError as error:
        found, why = Several(), str(error)
    found.note = why
    return found


@lru_cache(maxsize=8)
def gazetteer(folder: Path, year: int) -> Gazetteer:
    """Return the names of a year, made once."""
    return Gazetteer(folder, year)
