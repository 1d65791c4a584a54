"""A second document: any plan of the genre read as ours is, its places, figures, and parallels.

Nothing is guessed: a name that several units bear has its candidates, a word that may be no name
is doubtful, and a county of no documented area is unknown, never outside.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from laoqu import citation, document, measures, paths, places, regions, schema, source, succession
from laoqu.document import Document, number
from laoqu.errors import DataError, LaoquError, Problem, guard, guard_methods, nearest
from laoqu.succession import FIRST, LAST, YEAR

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: A longer text is refused before it is read: the longest plans have about 100,000 characters.
MOST = 500_000
FILE_NAME = re.compile(r"[^\n。；]{1,1000}\.(?:txt|md|text|docx?|pdf|rtf|html?|wps|odt)", re.I)
#: First bytes of files that are no text, and what to do.
NO_TEXT = {
    b"%PDF": "is a PDF: save its text (`pdftotext FILE.pdf`, or copy all) as a .txt file",
    b"\xd0\xcf\x11\xe0": "is an old Word or WPS file: save it as .docx or as plain text (.txt)",
    b"{\\rtf": "is an RTF file: save it as .docx or as plain text (.txt)",
}
#: A number, as digits or Chinese numerals, and the unit behind it.
CHINESE = "一二三四五六七八九十百千两〇零"
#: Units of measurement, and things counted: 三亩 is a figure, 三个 may be part of a phrase.
MEASURED = "个百分点|百分点|平方公里|平方米|立方米|公里|千米|公顷|亩|吨|公斤|千瓦时|千瓦|元|%|％|‰"
COUNTED = (
    "人次|小时|分钟|[人户名家个项座处所条台套张辆倍年月日天米件批次种类头只株片县市省镇乡村级度届]"
)
FIGURE = re.compile(
    rf"(?<![\d.．A-Za-z第栏〔〕{CHINESE}])(?P<percent>百分之)?"
    rf"(?P<number>\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+(?:[.．]\d+)?|[{CHINESE}]+(?:点[{CHINESE}]+)?)[余多]?"
    rf"(?P<unit>[百千万亿]*(?:{MEASURED}|{COUNTED})|[百千万亿]+)?(?![A-Za-z])"
)
BOUNDS = {
    "at least": re.compile("(?:不低于|不少于|至少|超过|突破|不小于)$|^(?:及?以上)"),
    "at most": re.compile("(?:不超过|不高于|不多于|不大于)$|^(?:及?以下|以内)"),
    "about": re.compile("(?:约|近|大约)$|^(?:左右|上下)"),
}
#: What opens a heading, a box or an item is no figure.
FIRST_MARK = re.compile("|".join(each.pattern for each in (document.BOX_HEAD, document.HEAD)))
NO_CHARACTER = re.compile("[\x00-\x08\x0e-\x1b\x7f\ufffd\ud800-\udfff]")
MENTIONS = [
    "printed", "status", "level", "name", "adcode", "province", "prefecture", "region_id",
    "unit_id", "clause_id", "page", "start", "end", "list_open", "candidates", "note",
]  # fmt: skip
COMPARED = [
    "clause_id", "clause", "title", "other_id", "other", "other_title", "n_terms", "terms",
    "n_places", "places", "similarity", "sentences", "other_sentences",
]  # fmt: skip
AREAS = ["name", "adcode", "level", "prefecture", "province", "namings", "region_id", "area",
         "known", "confidence", "counties", "whole"]  # fmt: skip
#: How sure a form of a name is: 环县 needs room around it, 延安 and 长汀 a list or a place before
#: them, words that are ordinary ones as well the place they lie in directly before them.
FORMS = ("word", "short", "city", "full", "sure")
WORDS = {"郊区", "新城区", "老城区", "港口区", "市中区", "城中区"}
#: What a name is not followed by: 海口市场 is no 海口市, 太行山 no area.
NOT_BEFORE = {"市": "场民", "区": "域位块间别划", "area": "山脉"}
#: What joins the items of a list, and what leaves it open.
JOINS = {"", "、", "，", "和", "与", "及", "以及", "或"}
OPEN = re.compile("(?:（[^）]*）)?等(?![级于同候待分额次])")
#: What stands left and right of a name that has room around it.
LEFT = re.compile(
    "(?:^|[^\u4e00-\u9fff]|[和与及或在对将把以为至到]|支持|推动|推进|鼓励|包括|位于|涉及|覆盖)$"
)
RIGHT = re.compile("$|[^\u4e00-\u9fff]|[等和与及或的为在是]|发展|建设|打造|开展|加快|推进|实施")


@dataclass
class _Hit:
    """A name in a text, while it is decided what it means."""

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

    @property
    def codes(self) -> list[str]:
        """The codes of what it is or may be."""
        return [self.adcode] if self.adcode else re.findall(r"\((\d{6})", str(self.candidates))

    def settle(self, place: places.Adcode) -> None:
        self.status, self.adcode, self.candidates = "named", str(place), ()
        self.note = "; ".join(filter(None, [self.note, place.note]))


class _Gazetteer:
    """The names that units bore in a year, by their first two characters, and what they mean."""

    def __init__(self, folder: Path, year: int) -> None:
        self.folder, self.year = folder, year
        self.units = succession.units(folder)
        held = (holder for holders in self.units.by_code.values() for holder in holders)
        forms = {h.name: _form(h.name, h.name) for h in held if h.first <= year <= h.last + 1}
        spoken = places.spoken(folder)
        for code, level in self.units.level.items():
            short = {"province": "sure", "prefecture": "city"}.get(level, "short")
            for name in spoken[code]:
                form = _form(name, self.units.name[code]) or short
                forms[name] = max(form, forms.get(name, form), key=FORMS.index)
        common = {*schema.read("not_names", folder).values("word"), *WORDS}
        forms |= dict.fromkeys(common & forms.keys(), "word")
        self.areas: dict[str, str] = {}
        for row in schema.read("regions", folder).frame().itertuples():
            whole = [row.full_zh, f"{row.name_zh}老区", f"{row.name_zh}革命老区"]
            self.areas |= dict.fromkeys([row.name_zh, *whole], row.region_id)
            forms |= dict.fromkeys(whole, "sure") | {row.name_zh: "city"}
        self.names: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in sorted(forms, key=len, reverse=True):
            self.names[name[:2]].append((name, forms[name]))

    def hits(self, text: str) -> list[_Hit]:
        """Return the names in a text that do not overlap: sure ones first, then from the left."""
        found = []
        for at in range(len(text) - 1):
            for name, form in self.names.get(text[at : at + 2], ()):
                end = at + len(name)
                barred = NOT_BEFORE.get("area" if name in self.areas else name[-1], "")
                if text.startswith(name, at) and text[end : end + 1] not in [*barred]:
                    found.append(_Hit(at, end, name, form))
                    break
        taken: set[int] = set()
        kept = []
        for hit in sorted(found, key=lambda hit: (hit.form != "sure", hit.start)):
            if taken.isdisjoint(range(hit.start, hit.end)):
                taken |= set(range(hit.start, hit.end))
                kept.append(hit)
        return sorted(kept, key=lambda hit: hit.start)

    def decide(self, text: str, above: list[str]) -> list[_Hit]:
        """Return the names in a text with what each means; `above` are codes it speaks of."""
        groups: list[list[_Hit]] = []
        for hit in self.hits(text):
            if groups and text[groups[-1][-1].end : hit.start] in JOINS:
                groups[-1].append(hit)
            else:
                groups.append([hit])
        context = list(above)
        for group in groups:
            likely = [hit for hit in group if hit.form != "word"]
            listed = len(likely) > 2 or any(hit.form == "sure" for hit in likely)
            listed = listed or (len(likely) == 2 and all(hit.form == "city" for hit in likely))
            is_open = bool(OPEN.match(text, group[-1].end))
            for before, hit in pairwise([None, *group]):
                hit.list_open = is_open
                if not (before and before.end == hit.start and self._inside(before, hit)):
                    free = bool(RIGHT.match(text, hit.end))
                    sure = hit.form == "sure" or (listed and hit.form == "city")
                    sure = sure or (listed and free and hit.form == "short")
                    room = hit.form == "full" and free and LEFT.search(text[: hit.start])
                    self._mean(hit, context, sure or bool(room))
                if hit.adcode and self.units.level[hit.adcode] != "county":
                    context = [hit.adcode, *self.units.above(hit.adcode), *above]
        return [hit for group in groups for hit in group if hit.form != "word" or hit.adcode]

    def _inside(self, before: _Hit, hit: _Hit) -> bool:
        """Settle a name that lies in the place named directly before it: 福建长汀, 海南琼海市."""
        found = {code: _resolve(hit.printed, code, self.year, self.folder) for code in before.codes}
        fitting = {code: place for code, place in found.items() if isinstance(place, str)}
        if len(fitting) != 1:
            return False
        ((code, place),) = fitting.items()
        if not before.adcode:
            before.settle(places.resolve_place(code, folder=self.folder))
        hit.settle(place)
        before.list_open = False  # it says where the items lie
        return True

    def _mean(self, hit: _Hit, context: list[str], sure: bool) -> None:
        """Say what a name means, by the nearest place named before that holds one so called."""
        if hit.printed in self.areas:
            hit.region_id, hit.status = self.areas[hit.printed], "named" if sure else "doubtful"
            return
        meant = _resolve(hit.printed, None, self.year, self.folder)
        for code in context if isinstance(meant, tuple) else ():
            if inside := _resolve(hit.printed, code, self.year, self.folder):
                meant, hit.note = inside, f"within {self.units.name[code]}, named before it"
                break
        if isinstance(meant, tuple):
            hit.candidates, hit.status = meant, "ambiguous" if sure else "doubtful"
        elif sure:
            hit.settle(meant)
        else:
            hit.candidates = (self.units.shown(str(meant)),)


def _form(name: str, whole: str) -> str:
    """Return the form of a name that says its type of unit: 彭水县, 黔西南州; else nothing."""
    if name != whole and name[-1] not in "县市区旗盟" and not name[-1] == whole[-1] == "州":
        return ""
    return "sure" if len(name) > 2 else "full"


@lru_cache(maxsize=100_000)
def _resolve(name: str, within: str | None, year: int, folder: Path) -> str | tuple[str, ...]:
    """Return the code of a name, or all units that it may mean: none where none lies within."""
    try:
        return places.resolve_place(name, within, None, year, folder)
    except places.AmbiguousName as error:
        return tuple(error.suggestions)
    except LaoquError:
        return ()


@lru_cache(maxsize=8)
def _gazetteer(folder: Path, year: int) -> _Gazetteer:
    return _Gazetteer(folder, year)


@guard_methods
class Text(Document):
    """A second document, as `read` gives it: a `Document` that knows places and figures."""

    @cached_property
    def year(self) -> int:
        """The year of the document number or the date line, else that of the gazetteer."""
        dated = [unit.text for unit in self.units if unit.kind in ("number", "date")]
        years = [
            number(each)
            for text in dated
            for each in re.findall(r"[\d〇○一二三四五六七八九]{4}", text)
        ]
        return next((year for year in years if FIRST <= year <= LAST), YEAR)

    def cite(self, rows: object) -> pd.DataFrame:
        """Return the exact words for rows with ``start`` and ``end``, ids of units, or spans.

        One row per row: words, passage, page, offsets, ``raw`` spans, ``line``, ``citation``.
        """
        return citation.cite(self, rows)

    def mentions(self) -> pd.DataFrame:
        """Return every naming of a place.

        One row per naming, the columns `MENTIONS`. ``status`` is ``named`` (one unit: its code of
        the end of 2021), ``ambiguous`` (several bear the name: ``candidates``) or ``doubtful``
        (may be no name: a short form by itself). A place named before it narrows a name: in the
        sentence, in the heading, in the title. ``list_open``: its list ends in 等. ``region_id``
        has the areas it is known to lie in, joined by ``;``; none means unknown.
        """
        return self._mentions.copy(deep=False)

    @cached_property
    def _mentions(self) -> pd.DataFrame:
        gazetteer = _gazetteer(paths.data(), self.year)
        above: dict[str, list[str]] = {}
        hits = []
        for unit in self.units:
            outer = [*above.get(unit.clause_id, ()), *above.get("title", ())]
            found = gazetteer.decide(unit.text, outer)
            if unit.kind in ("title", "heading"):
                levels = {
                    hit.adcode: gazetteer.units.level[hit.adcode] for hit in found if hit.adcode
                }
                above[unit.clause_id] = [code for code in levels if levels[code] != "county"]
            for hit in found:
                hit.start, hit.end = hit.start + unit.start, hit.end + unit.start
            hits += found
        table = citation.found(self, [(hit.start, hit.end) for hit in hits])
        columns = ["status", "adcode", "region_id", "candidates", "note", "list_open"]
        for column in columns:
            table[column] = [getattr(hit, column) for hit in hits]
        units = schema.read("gazetteer").frame().set_index("adcode")
        for column in ("name", "level", "prefecture", "province"):
            table[column] = table["adcode"].map(units[column]).fillna("")
        table.loc[table["region_id"] != "", "level"] = "area"
        inside = _areas().groupby("adcode")["region_id"].agg(";".join)
        table["region_id"] = table["region_id"].where(
            table["region_id"] != "", table["adcode"].map(inside).fillna("")
        )
        return table.rename(columns={"quote": "printed"})[MENTIONS]

    def areas(self) -> pd.DataFrame:
        """Return in which of the twelve areas the counties and cities lie that the text names.

        One row per named unit and area, the columns `AREAS`, in the order of the text. ``known`` is
        false where no source puts the unit into an area: unknown, not outside. A city is in an area
        by its ``counties`` that are documented there; ``whole``: every one of them is.
        """
        named = self._mentions.query("status == 'named' and level in ['county', 'prefecture']")
        counts = named["adcode"].value_counts()
        table = named.drop_duplicates("adcode").drop(columns="region_id")
        table = table.merge(_areas(), how="left", on="adcode")
        names = schema.read("regions").frame().set_index("region_id")["name_zh"]
        return table.assign(
            namings=table["adcode"].map(counts).astype("int64"),
            known=table["region_id"].notna(),
            area=table["region_id"].map(names).fillna(""),
            region_id=table["region_id"].fillna(""),
            confidence=table["confidence"].fillna(""),
            counties=table["counties"].astype("Int64"),
            whole=table["whole"].astype("boolean"),
        )[AREAS]

    def figures(self) -> pd.DataFrame:
        """Return the numbers that are printed, with their units.

        One row per number: ``number``, ``unit`` as printed (万亩, 亿元, %; of a range the first
        takes that of the second), ``bound`` (at least, at most, about), its place and 12 characters
        either side. Chinese numerals count where they can be nothing else (三万亩, 十二个,
        百分之三十); numbers of headings, boxes and documents are none.
        """
        rows = []
        for unit in self.units:
            mark = FIRST_MARK.match(unit.text)
            text = unit.text if unit.kind != "number" else ""
            for found in FIGURE.finditer(text, mark.end() if mark else 0):
                if figure := _figure(found):
                    rows.append([unit.start + found.start(), unit.start + found.end(), *figure])
        for row, after in pairwise(rows):
            if not row[3] and self.canonical[row[1] : after[0]] in [*"—–-~～至到"]:
                row[3] = after[3]
        table = citation.found(self, [row[:2] for row in rows])
        table[["number", "unit"]] = [row[2:] for row in rows] or np.empty((0, 2))
        sides = zip(table["before"], table["after"], strict=True)
        table["bound"] = [
            next((name for name, p in BOUNDS.items() if p.search(left) or p.search(right)), "")
            for left, right in sides
        ]
        return table.rename(columns={"quote": "printed"})


def _figure(found: re.Match[str]) -> tuple[float, str] | None:
    """Return number and unit of a match, or nothing where a numeral may be part of a phrase."""
    printed, unit = normalize("NFKC", found["number"]), normalize("NFKC", found["unit"] or "")
    if found["percent"]:
        unit = "%"
    if printed[0].isdecimal():
        return float(printed.replace(",", "")), unit
    whole, _, part = printed.partition("点")
    value = number(whole) and float(f"{number(whole)}.{part.translate(document.YEAR_DIGITS) or 0}")
    before = found.string[: found.start()][-1:]
    counted = re.fullmatch(f"(?:{MEASURED})|[万亿].+" + f"|{COUNTED}" * (value >= 10), unit)
    return (value, unit) if value and counted and before != "个" else None


def _areas() -> pd.DataFrame:
    tables = schema.Tables(paths.data())
    names = ("membership", "gazetteer", "city_membership")
    members, units, cities = (tables.frame(name) for name in names)
    return regions.place_areas(members, units, cities=cities)


@guard
def read(text_or_file: str | Path, layout: dict[str, object] | None = None) -> Text:
    r"""Read a Chinese plan, from a text or a file, into the same form as ours, without codes.

    Parameters
    ----------
    text_or_file : str or path
        The text itself, or a file: plain text (UTF-8, GBK, UTF-16) or .docx. A PDF or a web page
        is refused with how to save its text.
    layout : dict, optional
        What is special to this text, as one table of ``data/curated/layout.toml`` says it: where a
        box that floats into a sentence ends. A text that is registered there has its own.

    Raises
    ------
    LaoquError
        When there is no such file, it is no text, or nothing in it is a heading.

    Examples
    --------
    >>> import laoqu as lq
    >>> text = lq.read("某方案\n一、任务\n支持甘肃环县、镇原县等建设3个产业园，面积2万亩。")
    >>> text.mentions()[["printed", "adcode", "list_open"]].values.tolist()
    [['甘肃', '620000', False], ['环县', '621022', True], ['镇原县', '621027', True]]
    >>> text.figures()[["number", "unit"]].values.tolist()
    [[3.0, '个'], [2.0, '万亩']]
    """
    raw, name = _source(text_or_file)
    if not raw.strip():
        raise DataError([Problem(name, 1, 1, "is empty: there is no text to read")])
    if len(raw) > MOST:
        message = f"has {len(raw):,} characters, more than {MOST:,}: is this one plan?"
        raise DataError([Problem(name, 1, 1, message)])
    if bad := NO_CHARACTER.search(raw):
        line = raw.count("\n", 0, bad.start()) + 1
        column = bad.start() - raw.rfind("\n", 0, bad.start())
        message = f"U+{ord(bad[0]):04X} is no character of a text: save the file as UTF-8 text"
        raise DataError([Problem(name, line, column, message)])
    parsed = None
    if any(map(document.HEAD.match, document.LINE_END.split(raw))):
        layout = _registered(raw) if layout is None else layout
        parsed = document.parse(raw, layout, name, strict=False)
    if not (parsed and (parsed.parts or parsed.clauses)):
        message = (
            "no line begins with a heading (一、 （一） 第一章 第一条 1.): give each a line of its "
            "own; numbers that Word sets by itself are no text, so save as .txt; and if "
            f"{raw.strip()[:12]!r} should be a file, there is none of this name"
        )
        raise DataError([Problem(name, 1, 1, message)])
    return Text(**{key: getattr(parsed, key) for key in parsed.__dataclass_fields__})


def _registered(raw: str) -> dict[str, object]:
    """Return the layout that ``layout.toml`` has for this very text, if any."""
    digest = hashlib.sha256(raw.replace("\r\n", "\n").encode()).hexdigest()
    for name, entry in source.registry().items():
        if entry["sha256"] == digest:
            return source.toml(paths.data() / document.LAYOUT).get(name, {})
    return {}


def _source(given: str | Path) -> tuple[str, str]:
    """Return the text, and how messages call where it is from."""
    if isinstance(given, str):
        short = len(given) < 80 and "\n" not in given
        if not FILE_NAME.fullmatch(given) and not (short and given and Path(given).exists()):
            return given, "text"
    elif not isinstance(given, os.PathLike):
        raise LaoquError(f"found {type(given).__name__}, expected the text of a plan or a file")
    path = Path(given)
    name = paths.display(path)
    if not path.is_file():
        near = nearest(path.name, (each.name for each in path.parent.glob("*") if each.is_file()))
        why = "is a folder: name a file in it" if path.is_dir() else "there is no such file"
        hint = f"; nearest: {', '.join(near)}" if near and not path.is_dir() else ""
        raise DataError([Problem(name, 1, 1, why + hint)])
    try:
        if path.stat().st_size > 40 * MOST:
            raise ValueError(f"has more than {40 * MOST:,} bytes: is this one plan?")
        return _decoded(path.read_bytes()), name
    except OSError as error:
        raise DataError([Problem(name, 1, 1, f"cannot be read: {error.strerror}")]) from error
    except (ValueError, KeyError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise DataError([Problem(name, 1, 1, str(error))]) from error


def _decoded(data: bytes) -> str:
    """Return the text of a file's bytes; a `ValueError` says why there is none."""
    for first, why in NO_TEXT.items():
        if data.startswith(first):
            raise ValueError(why)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            part = archive.getinfo("word/document.xml")
            if part.file_size > 100 * MOST:
                raise ValueError(f"unpacks to more than {100 * MOST:,} bytes: is this one plan?")
            return "".join(_words(ElementTree.fromstring(archive.read(part))))
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if re.match(r"\s*<(?:!doctype|html|\?xml)", text, re.I):
            raise ValueError("is a web page or XML: open it, copy its text, save that as .txt")
        return text
    raise ValueError("is neither UTF-8 nor GBK: save it as plain text in UTF-8")


def _words(element: ElementTree.Element) -> Iterator[str]:
    """Yield the text of a Word file; every paragraph, in tables too, is a line."""
    tag = element.tag.rpartition("}")[2]
    if tag in ("t", "tab", "br", "cr"):
        yield element.text or "" if tag == "t" else "\t" if tag == "tab" else "\n"
    elif tag != "Fallback":  # an older form of what stands beside it
        for child in element:
            yield from _words(child)
        if tag == "p":
            yield "\n"


@guard
def compare(plan: Plan | Document, other: Plan | Document) -> pd.DataFrame:
    """Return the passages of two documents that share a term or a place, the most alike first.

    Both are from `laoqu.load` or `read`. Terms are those of the collection (``terms.csv``, 341
    terms of the plan of 2021), so what only other plans speak of is none; places are named ones
    (``mentions()``). ``similarity`` says how alike the wording is: the cosine of the passages'
    pairs of neighbouring characters, each weighted by how few passages of both documents have it; 1
    is the same wording, 0 none in common. It is no measure of influence, and of short passages
    (``sentences``, ``other_sentences``) it says little.

    One row per pair of passages: ``clause_id``, ``clause``, ``title``, ``other_id``, ``other``,
    ``other_title``, ``n_terms``, ``terms``, ``n_places``, ``places``, ``similarity``,
    ``sentences``, ``other_sentences``.
    """
    texts = [_text(plan), _text(other)]
    mine, theirs = (_features(text) for text in texts)
    alike = _cosine([each["grams"] for each in mine], [each["grams"] for each in theirs])
    rows = []
    for i, one in enumerate(mine):
        for j, two in enumerate(theirs):
            terms, named = (tuple(sorted(one[key] & two[key])) for key in ("terms", "places"))
            if terms or named:
                shared = [len(terms), terms, len(named), named, round(float(alike[i, j]), 4)]
                sizes = [one["sentences"], two["sentences"]]
                rows.append([*one["what"], *two["what"], *shared, *sizes])
    table = pd.DataFrame(rows, columns=COMPARED)
    return table.sort_values("similarity", ascending=False, kind="stable", ignore_index=True)


def _text(given: Plan | Document) -> Text:
    given = getattr(given, "document", given)
    if not isinstance(given, Document):
        shown = type(given).__name__
        raise LaoquError(f"found {shown}, expected a plan (lq.load()) or a text (lq.read(…))")
    if isinstance(given, Text):
        return given
    return Text(**{key: getattr(given, key) for key in given.__dataclass_fields__})


def _features(text: Text) -> list[dict[str, object]]:
    """Return what is compared of each passage that has a sentence, and of the preamble."""
    tables = schema.Tables(paths.data())
    synonyms = tables.frame("term_synonyms").set_index("variant")["term"].to_dict()
    words = measures.lexicon(
        tables.frame("terms")["term"], synonyms, tables.frame("term_stops")["stop"]
    )
    tokens = measures.tokens(text.units, words)
    terms = tokens.groupby(tokens["unit_id"].str.partition(".")[0])["term"].agg(set).to_dict()
    named = text.mentions().query("status == 'named'")
    named["place"] = (
        named["name"].where(named["name"] != "", named["region_id"]) + " " + named["adcode"]
    )
    placed = named.groupby("clause_id")["place"].agg(set).to_dict()
    counts = text.sentences()["clause_id"].value_counts()
    return [
        {
            "what": [each.id, each.name, each.title],
            "terms": terms.get(each.id, set()),
            "places": placed.get(each.id, set()),
            "sentences": int(counts[each.id]),
            "grams": Counter(map("".join, pairwise(re.findall("[\u4e00-\u9fff]", each.text)))),
        }
        for each in text.passages.values()
        if each.id in counts
    ]


def _cosine(mine: list[Counter], theirs: list[Counter]) -> np.ndarray:
    """Return the cosine of all pairs, each gram weighted by the logarithm of how rare it is."""
    from scipy.sparse import csr_array

    every = [*mine, *theirs]
    columns = {
        gram: i for i, gram in enumerate(sorted({gram for grams in every for gram in grams}))
    }
    data, index, starts = [], [], [0]
    for grams in every:
        data += grams.values()
        index += [columns[gram] for gram in grams]
        starts.append(len(index))
    table = csr_array(
        (np.array(data, dtype=float), index, starts), shape=(len(every), len(columns))
    )
    weight = np.log((1 + len(every)) / (1 + np.bincount(index, minlength=len(columns))))
    table = table * weight
    size = np.sqrt((table * table).sum(axis=1))
    table = table.multiply(1 / np.where(size, size, 1)[:, None]).tocsr()
    return (table[: len(mine)] @ table[len(mine) :].T).toarray()
