"""Names of places in any text: named, ambiguous or doubtful, and never guessed.

Before a name stands a boundary, or a place that is certain and holds it: 推广东城区 has none.
It has a code if its form says that it is one (吉安县), in a list of places, or right behind the
place it lies in (福建长汀), a short one only where no word goes on behind it (云南白药); of several
places so called, those in what was named before it remain. A word for a part of any town counts
only behind its city. What else stands right behind a province or city is none: 成都市东城区.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise, starmap, zip_longest
from pathlib import Path

from laoqu import places, schema, succession
from laoqu.errors import LaoquError
from laoqu.numerals import PRIVATE
from laoqu.succession import YEAR

#: How sure a form of a name is: ordinary words, words for a part of any town, short forms of
#: counties and cities, full names of two characters, which need room, longer ones; 江西.
FORMS = ("word", "part", "short", "city", "full", "sure", "province")
#: The forms that may be no name.
WEAK = ("word", "part", "phrase", "cut")
#: The last characters of full names.
TYPES = "县市区旗盟"
#: Words for a part of any town, which are names only right behind their city.
PART = re.compile(f"(?:{places.GENERIC.pattern}|[老市城][城中东西南北]|城关)区?|[郊林]区")
#: What a name is not followed by: 海口市场, 恩施市县 are no 海口市, 恩施市, 太行山 no area.
NOT_BEFORE = re.compile("市(?:场|民(?!.县|和回)|州|、?县)|区[域位块间别划]|沙群")
AREA = re.compile(".[山脉]")
#: What makes a class, or a word, of 县: no county are 会同县（市、区）, 延长县、乡公路, 资源县域.
CLASS = "（[省市县区旗州盟乡镇、和及]+）|[、（][市县区旗乡镇村](?:[、）（和及与两三级公道]|$)"
GOES_ON = re.compile(f"[域级城道际乡]|{CLASS}")
#: What does so behind a county that has the name of a city: 赣州、吉安县域, but 吉安县乡村振兴.
OF_CITY = re.compile(f"[域级际区直]|乡(?!村)|镇(?!政府)|城镇|以[下上]|处级|市联|{CLASS}")
#: No name has more characters.
AROUND = 20
UNREAD = re.compile(f"[{PRIVATE}]")
#: What joins the items of a list, and what leaves it open.
JOINS = {"", "、", "，", "和", "与", "及", "以及", "或"}
OPEN = re.compile("(?:（[^）]{0,200}）)?等(?![级于同候待分额次])")
#: What says of a list that it is one of places: 等县, 等92个革命老区县.
KIND = re.compile(r"等(?:地(?!方)|[^\W、]{0,10}?(?:[县州盟旗](?![域级道])|市(?![场民政值])))")
#: A list of counties has no whole city: 上饶、玉山等县.
COUNTIES = re.compile(r"等[^\W、市]{0,10}?[县旗](?![市域级道、和与及（])")
HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
#: What stands before a place, by its last character (支持, 推进) or as a word; 太行山西麓 has no
#: 山西, 强市富县 and 市和县 no 富县 and 和县.
LEFT = re.compile(
    f"(?:^|[^{HAN}‐‑-]"
    "|[和与及或在对将把以为至到持动进励括于盖赴从由向经给请入跟被邻联接处助援的是]"
    "|加快|加强|改善|完善|建设|发展|打造|实施|开展|提升|优化|引导|指导|围绕|依托|学习|借鉴|保护|规划|帮扶|来自"
    "|前往|其中|全国|(?<![健安完齐])全[省市县区州]|[我该某][省市县区州旗盟]|[老苏]区)$"
)
#: Words and institutions that begin alike: 云南和平, 北京对外经贸大学.
OTHER = (
    f"{CLASS}|和[平谐睦]|等[级于同]|对外|在线|将军|向阳|以色列"
    r"|[^\W和与及或等]{1,9}?(?:大学|学院|银行|集团|公司)"
)
ENDS = re.compile(f"(?!{OTHER})(?:$|[^{HAN}]|[等和与及或的为在是])")
RIGHT = re.compile(
    rf"{ENDS.pattern}|(?!{OTHER})(?:[对将以向至到]|境内|山区|[东南西北中]部|[两三四五]省"
    r"|(?:发展|建设|打造|开展|加快|推进|实施|共同|合作|探索|创建)(?!路(?!\w)))"
)
#: Lakes, hills and rivers, as counties are called too: only a list with another names a county.
FEATURE = re.compile(".+[湖泊山岭峰河江溪海港湾岛泉峡沟架]")


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
    #: Whether nothing before it can belong to its name; whether it is in a list or alone behind it.
    left: bool = False
    free: bool = False

    @property
    def stands(self) -> bool:
        """Whether what is right behind it has to lie in it: not so behind 合作, 新区."""
        return self.form not in WEAK or bool(self.adcode)

    def settle(self, place: places.Adcode) -> None:
        """Give it the code of one place."""
        self.status, self.adcode, self.candidates = "named", str(place), ()
        self.note = "; ".join(filter(None, [self.note, place.note]))

    def refuse_city(self, units: succession.Units) -> None:
        """Leave it open what a city is in a list of counties."""
        if units.level.get(self.adcode) == "prefecture":
            self.status, self.candidates, self.adcode = "doubtful", (units.shown(self.adcode),), ""

    def refuse(self, units: Several, sure: bool) -> None:
        """Leave it open between these units, or doubtful."""
        self.status = "ambiguous" if sure and units else "doubtful"
        self.candidates, self.note = units, "; ".join(filter(None, [self.note, units.note]))


class Several(tuple[str, ...]):
    """All units that a name may mean, none where none lies within; `note` says why."""

    note = ""


class Gazetteer:
    """The names that units bore in a year, or in any, by their first two characters."""

    def __init__(self, folder: Path, year: int | None) -> None:
        self.units = succession.units(folder)
        self._resolve = lru_cache(100_000)(partial(_resolve, folder=folder, year=year))
        forms = {
            each.name: _form(each.name, each.name)
            for each in self.units.holders
            if each.first <= (year or YEAR) <= each.last + 1 or each.name[-1] in TYPES
        }
        #: The provinces and cities that each of their names may mean.
        self.upper: dict[str, list[str]] = defaultdict(list)
        spoken = places.spoken(folder)
        for code, level in self.units.level.items():
            for name in spoken[code]:
                short = {"prefecture": "city", "county": "short"}.get(level, level)
                form = _form(name, self.units.name[code]) or short
                forms[name] = max(form, forms.get(name, form), key=FORMS.index)
                self.upper[name] += [code] if level != "county" else []
        self.provinces = {name for name, form in forms.items() if form == "province"}
        tables = schema.Tables(folder)
        rows = tables.frame("not_names")
        self.common = rows["word"].tolist()
        # 西吉 of 江西吉安 is no word: it is one behind no boundary only.
        ordinary = {*rows["word"][~rows["reason"].str.startswith("part of")]}
        words = {*tables.frame("word_names")["word"]}
        parts = {name for name in forms if PART.fullmatch(name)}
        whole = {name for name, form in forms.items() if form in ("full", "sure")} - parts
        #: Full names that a word and a type of unit make.
        self.words = {name for name in whole if name[:-1] in words}
        forms |= dict.fromkeys(whole & words, "phrase")
        forms |= dict.fromkeys((parts | words - whole) & forms.keys() - self.provinces, "part")
        forms |= {n: "word" for n in forms.keys() & ordinary if forms[n] not in ("full", "sure")}
        #: Lakes and hills as well, also behind their city: 杭州西湖.
        self.features = {n for n, f in forms.items() if f == "short" and FEATURE.fullmatch(n)}
        forms |= {n: "full" for n in forms if n[-1] in "县区州" and n[:-1] in self.provinces}
        self.areas: dict[str, str] = {}
        for row in tables.frame("regions").itertuples():
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
        context, city = list(above), None
        for group in groups:
            self._settle_words(text, group)
            likely = [each for each in group if each.form not in WEAK]
            # All of 安居、乐业、安康 are words: a list is one of places by a name that can be none,
            # by what it is called (等县), or if three or more lie in one city.
            forms, akin = Counter(each.form for each in likely), self._akin(likely)
            long = [n for n in {e.printed for e in likely} - self.areas.keys() if len(n) > 2]
            listed = bool(
                KIND.match(text, group[-1].end)
                or forms["sure"]
                or any(each.form == "province" and each.free for each in likely)
                or forms["city"] > 1
                or (len(likely) > 1 and long)
                or (len(likely) > 2 and akin)
            )
            beside = zip([None, *group], group, [*group[1:], None], strict=False)
            firm = bool(KIND.match(text, group[-1].end)) or any(starmap(self._firm, beside))
            for before, naming in pairwise([None, *group]):
                naming.list_open = bool(OPEN.match(text, group[-1].end))
                behind = before and before.end == naming.start and before.stands
                city = before if behind else city
                # 攀枝花市东区、西区
                near = behind or (before and before.adcode and before.form == naming.form == "part")
                if naming.form != "cut" and not (near and self._behind(city, naming, firm)):
                    short = bool(ENDS.match(text, naming.end)) or naming.printed in akin
                    short &= listed and not behind and (firm or naming.printed not in self.features)
                    needed = {"city": listed, "short": short, "phrase": firm}
                    whole = needed.get(naming.form, naming.form in ("full", "province"))
                    sure = naming.form == "sure" or (naming.free and whole)
                    self._mean(naming, context, bool(naming.left and sure))
                    if naming.form == "city" and COUNTIES.match(text, group[-1].end):
                        naming.refuse_city(self.units)
                # 江西信丰、安远
                listed = listed or bool(behind and naming.adcode and naming.form == "short")
                for each in (before, naming):  # what lies in a city may have settled it
                    if each and each.adcode and self.units.level[each.adcode] != "county":
                        context = [each.adcode, *self.units.above(each.adcode), *above]
        return [each for group in groups for each in group if each.form != "word" or each.adcode]

    def _found(self, text: str, before: str, behind: str) -> list[Naming]:
        """Return the names in a text that do not overlap: behind a boundary, then from the left."""
        found, wrapped = [], self._wrapped(text, before, behind)
        unread = {i for each in UNREAD.finditer(text) for i in (each.start(), each.end())}
        for at in range(len(text) - 1):
            for name, form in self.names.get(text[at : at + 2], ()):
                end = at + len(name)
                barred = (AREA if name in self.areas else NOT_BEFORE).match(text, end - 1)
                whole = not (barred or {at, end} & unread)
                if whole and text.startswith(name, at):
                    goes_on = name in self.words and GOES_ON.match(text, end)
                    if name[-1] == "县" and name[:-1] in self.upper:
                        goes_on = goes_on or OF_CITY.match(text, end)
                    naming = Naming(at, end, name, "phrase" if goes_on else form)
                    if longer := [each for each, a, b in wrapped if a <= at and end <= b]:
                        naming.form, naming.note = "cut", f"{longer[0]} goes on in another line"
                    found.append(naming)
                    break
        ends = {each.end for each in found if each.stands}
        for naming in found:
            before = text[max(naming.start - 3, 0) : naming.start]
            naming.left = naming.start not in ends and bool(LEFT.search(before))
            if naming.printed in self.common and naming.start not in ends and not naming.left:
                naming.form = "word"  # the end of 示范县
        taken: set[int] = set()
        kept = []
        for naming in sorted(found, key=lambda each: not (each.left or each.start in ends)):
            if taken.isdisjoint(range(naming.start, naming.end)):
                taken |= set(range(naming.start, naming.end))
                kept.append(naming)
        kept.sort(key=lambda each: each.start)
        long = {each.start: each.end for each in found if each.form in ("full", "sure")}
        for naming, after in zip_longest(kept, kept[1:]):
            like = after and (naming.printed in self.areas or naming.form == after.form != "short")
            next_to = like and naming.end == after.start  # 杭州湖州
            # 湖北|林区 may be 湖|北林区, 朝天|等县 is 朝|天等县
            other = any(long.get(at, 0) > naming.end for at in range(naming.start + 1, naming.end))
            naming.free = not other and bool(next_to or RIGHT.match(text, naming.end))
        return kept

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

    def _settle_words(self, text: str, group: list[Naming]) -> None:
        """Let words that stand by themselves in a list with names be such: 靖州、会同、通道等县."""
        kind = KIND.match(text, group[-1].end)
        if not (kind or any(each.form not in WEAK for each in group)):
            return
        for before, naming, after in zip([None, *group], group, [*group[1:], None], strict=False):
            behind = before and before.end == naming.start
            goes_on = after and naming.end < after.start
            # 江西新建、扩建 is no list of places
            begins = naming.left
            if behind:
                begins = goes_on and before.left and before.printed in self.upper
            ends = goes_on or (after is None and ENDS.match(text, naming.end))
            if naming.form == "word" and begins and ends and (goes_on or before or kind):
                naming.form = "phrase"

    def _firm(self, before: Naming | None, naming: Naming, after: Naming | None) -> bool:
        """Whether a name in a list is one of a county and nothing else, as in 衡山、衡东."""
        free = naming.form == "sure" or (naming.form in ("full", "short") and naming.free)
        left = naming.left or (before and before.end == naming.start)
        holds = self.upper.get(naming.printed) or (after and naming.end == after.start)
        return bool(free and left and not holds) and naming.printed not in self.features

    def _behind(self, before: Naming, naming: Naming, firm: bool) -> bool:
        """Settle a name right behind its place (福建长汀, but not 浙江西湖龙井), or refuse it."""
        codes = [before.adcode] if before.adcode else self.upper.get(before.printed, ())
        found = {code: self._resolve(naming.printed, code) for code in codes}
        fitting = [(code, place) for code, place in found.items() if isinstance(place, str)]
        whole = naming.form in ("full", "sure", "phrase")
        whole &= naming.free or naming.form != "phrase"  # no 广西资源县域
        one, other = (
            {self.units.level[code] for code in self.upper.get(each.printed, ())}
            for each in (before, naming)
        )
        alike = one == other and naming.form == "city" and not fitting  # 广州深圳, 湖南湖北
        if alike or "province" in one & other or before.printed in self.areas:
            naming.left = before.left or bool(before.adcode)
            return False
        if len(fitting) != 1 and self.upper.get(before.printed):
            # An earlier city had counties that the one of today has not: 南充地区武胜县.
            inside, sure = self._resolve(naming.printed, before.printed), bool(before.adcode)
            if sure and isinstance(inside, str):
                naming.settle(inside)
            elif isinstance(inside, Several):
                naming.refuse(inside, sure and (whole or len(naming.printed) > 2))
        if len(fitting) != 1:
            return True
        ((code, place),) = fitting
        if naming.form in ("word", "part"):  # 四川新区 is no unit, nor is 洛阳市郊区 one of today
            fits = self.units.name[code].endswith("市") and not place.note
        else:  # nor 吉林西安 the district so called, 广西白云 and 四川云阳 what they were
            fits = place.name.startswith(naming.printed) and code in self.units.above(place)
            fits &= not other or self.units.level[place] in other
        if not before.adcode and before.left and (fits or whole or naming.form not in WEAK):
            before.settle(self._resolve(code))
        fits &= firm or naming.printed not in self.features
        if before.adcode and (whole or (naming.free and fits)):
            naming.settle(place)
        else:
            naming.candidates = (self.units.shown(place),)
        before.list_open = False  # it says where the items lie
        return True

    def _akin(self, group: list[Naming]) -> set[str]:
        """Return the names of a list if each means one unit, all in one city."""
        codes = {each.printed: self._resolve(each.printed) for each in group}
        cities = {code[:4] if isinstance(code, str) else "" for code in codes.values()}
        return {*codes} if len(cities - {""}) == len(cities) == 1 else set()

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


def _form(name: str, whole: str) -> str:
    """Return the form of a name that says its type of unit: 彭水县, 黔西南州; else nothing."""
    if name != whole and name[-1] not in TYPES and not name[-1] == whole[-1] == "州":
        return ""
    return "sure" if len(name) > 2 else "full"


def _resolve(
    name: str, within: str | None = None, *, year: int | None, folder: Path
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


#: The names of a year, made once.
gazetteer = lru_cache(maxsize=8)(Gazetteer)
