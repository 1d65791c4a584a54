"""Files of a reader's own: their columns, codes and years; faults, and what was converted.

What columns are called is data: ``own.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from numbers import Real
from pathlib import Path

import pandas as pd

from laoqu import paths
from laoqu.errors import DataError, Problem
from laoqu.layout import YEAR_DIGITS
from laoqu.spelling import RAISED, clean

SPEC = paths.described("own.toml")
#: Kind of a column → what such columns are called; those of panels have more names.
COLUMNS = {kind: words.split() for kind, words in SPEC["columns"].items()}
OF_PANELS = COLUMNS | {k: COLUMNS.get(k, []) + v.split() for k, v in SPEC["panel"].items()}
#: A year alone or with a part of it, and a heading that is one or has one.
YEARS = {
    kind: [re.compile(text.replace("MONTH", SPEC["months"]), re.IGNORECASE) for text in forms]
    for kind, forms in SPEC["years"].items()
}
#: A date with a month in English.
MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
MONTH = re.compile(rf"(?P<a>[\d\W_]*)(?P<month>{SPEC['months']})(?P<b>[\d\W_]*)", re.IGNORECASE)
#: How a column of months, quarters or halves says the last of a year.
LAST = {kind: re.compile(text, re.IGNORECASE) for kind, text in SPEC["last"].items()}
#: What says in which unit values are.
UNIT = re.compile("".join(SPEC["cells"]["unit"]), re.IGNORECASE)
TOWNSHIP = "codes of townships or villages: sum them up to counties"
TOGETHER = "codes and names in one cell: put them into two columns"
ROUNDED = "codes as powers of ten (6.21022E+11), which have lost digits: format them as text"
DAYS = " (dates counted in days, 43465 for 2018-12-31, are none: write years)"
#: A year that is a number lies between these.
FIRST_YEAR, LAST_YEAR = 1949, 2100
#: What becomes of areas without a row in an own membership table: empty, or as shipped.
MODES = ("only", "complete")
CONVERSIONS = ["file", "row", "found", "used", "why"]
#: Rows that are named when many have the same fault; faults after which a file is read no further.
SHOWN, MOST = 5, 500
#: Signs of a footnote behind a name or heading: ①, *, [1], (1), 注1; km² has none.
FOOTNOTE = re.compile(
    rf"(?:[*＊※†‡#\s]|(?<![mM])[{RAISED}]|注(?:\d{{1,2}}|[{RAISED}])"
    rf"|[\[［(（【〔](?:注|注?(?:\d{{1,2}}|[*＊{RAISED}]))[\]］)）】〕])+$"
)
#: So many characters at its end are looked at for them.
TAIL = 40
WIDE = str.maketrans("０１２３４５６７８９", "0123456789")


class Notes:
    """What is wrong in a file, by row and column, and what was converted while it was read."""

    def __init__(self, path: Path) -> None:
        self.file = paths.display(path)
        #: The number of each column, from 1.
        self.columns: dict[str, int] = {}
        self._faults: dict[str, list[tuple[int, int, str]]] = {}
        self._conversions: list[list[object]] = []

    def wrong(self, row: int, column: str, why: str, found: str = "") -> None:
        """Note a fault; `why` is what rows with the same kind of fault have in common."""
        at = self.columns.get(column, 1)
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
        return sorted(found, key=lambda each: each[:3])  # a sum stands behind what it sums up

    def refuse(self) -> None:
        """Raise a `DataError` with the problems, if there are any."""
        if problems := self.problems():
            raise DataError(problems)

    def conversions(self) -> pd.DataFrame:
        """Return the conversions: one row each, ``file``, ``row``, ``found``, ``used``, ``why``."""
        return pd.DataFrame(self._conversions, columns=CONVERSIONS)


def columns(head: Iterable[object], names: dict[str, list[str]] = COLUMNS) -> dict[str, list[int]]:
    """Return for each kind of column where such stand, from 0, the likeliest first.

    >>> found = columns(["PAC", "老区", "县（市、区）"])
    >>> found["code"], found["region_id"], found["name"]
    ([0], [1], [2])
    """

    def plain(text: str) -> str:
        return re.sub(r"[\s_\-.（）()、\ufeff]", "", text).casefold()

    at: dict[str, list[int]] = {}
    known = [{*words} for words in names.values()]
    for n, cell in enumerate(map(str, head)):
        halves = [plain(half) for half in re.split("[(（]", cell)]  # SgnYear(统计年度)
        twice = halves[1:] and any(words.issuperset(halves) for words in known)
        at.setdefault(halves[0] if twice else plain(cell), []).append(n)
    return {kind: [n for word in words for n in at.get(word, ())] for kind, words in names.items()}


def name_of(value: object) -> str:
    """Return a name as text, without the signs of a footnote behind it.

    >>> name_of("环县*"), name_of("环县 ①")
    ('环县', '环县')
    """
    text = str(value).rstrip()
    return text[:-TAIL] + FOOTNOTE.sub("", text[-TAIL:])


def _digits(value: object) -> str:
    """Return a code without what is put around it: ="621022", '621022, 6.21022E+05, wide digits."""
    text = clean(str(value)).removeprefix("=").strip("'\"‘’“”")
    return re.sub(r"^(\d)\.(\d{5})e\+?0?5$", r"\1\2", text, flags=re.IGNORECASE)


def code_of(value: object) -> tuple[str, str]:
    """Return a value as a code of six digits, "" where it is none, and how it was changed.

    A code of a township or village is none: its county's would count it for the whole county.

    >>> code_of(620422.0), code_of("某县")
    (('620422', 'written as decimals (620422.0)'), ('', 'no code: the rows have no unit'))
    """
    text = str(value)
    plain = re.sub("^(?:cn|chn)", "", _digits(value), flags=re.IGNORECASE)
    plain = re.sub(r"\.0+$", "", plain)
    if re.fullmatch(r"\d(?:\.\d+)?e\+?(?:0?5|0?8|11)", plain, re.IGNORECASE):
        return "", ROUNDED
    if re.fullmatch(r"\d{6}\W?[\u4e00-\u9fff]{2,}\W?", plain):
        return "", TOGETHER
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", plain):
        return "", "no code: the rows have no unit"
    if re.fullmatch(r"156\d{6}", plain):  # no code of a township begins so
        return plain[3:], "156, the number of China, taken away in front of codes"
    if plain[6:].strip("0"):
        return "", TOWNSHIP
    code = plain[:6].ljust(6, "0")
    if len(plain) > 6:
        return code, "longer statistical codes cut to six digits"
    if len(plain) < 6:
        return code, "codes of a province or city filled with zeros"
    if "E" in text.upper() and "." in text:
        return code, "written as a power of ten (6.21022E+05)"
    if "." in text:
        return code, "written as decimals (620422.0)"
    if isinstance(value, Real):
        return code, "numbers read as text of six digits"
    return code, "" if text == code else "with spaces, quotes or wide digits"


def unit_code(value: object) -> tuple[str, str]:
    """Return a code that is one unit's own, of six digits or twelve, or what is wrong with it."""
    shown = "" if pd.isna(value) else str(value).strip()
    if re.fullmatch(r"[0-9]{6}(?:0{6})?(?:\.0+)?", _digits(shown)):
        return code_of(shown)
    return "", f"adcode is {shown[:20]!r},"


def year_of(value: object) -> tuple[int | None, str]:
    """Return the year of a value, and the part of the year, or with "/" the day, that it names.

    >>> year_of("二〇二〇年"), year_of("2020Q3"), year_of("2021-12-31"), year_of("20199")
    ((2020, ''), (2020, '3'), (2021, ''), (None, ''))
    >>> year_of("2019.5"), year_of("2019年1-6月"), year_of("2019-06"), year_of("2019-06-30")
    ((2019, '.5'), (2019, '1-6'), (2019, '06'), (2019, '06/30'))
    """
    if hasattr(value, "year") and not isinstance(value, pd.Period):
        year, part, day = value.year, value.month, value.day
    else:
        text = re.sub(r"[ T]\d\d?:.*", "", str(value).strip())
        if month := MONTH.fullmatch(text := clean(text)):  # 31dec2015, Dec 31, 2015, 2015 Dec
            number = MONTHS.index(month["month"][:3].lower()) // 3 + 1
            text = re.sub(r"[\W_]+", "-", f"{month['a']}-{number}-{month['b']}").strip("-")
        text = re.sub(r"^(\d{4})(\d\d)(\d\d)?$", r"\1-\2-\3", text).rstrip("-")
        year = re.match("[〇零一二三四五六七八九]{4}(?=年|$)", text := text.replace("○", "〇"))
        text = text.translate(YEAR_DIGITS) if year else text
        found = [match for each in YEARS["whole"] if (match := each.fullmatch(text))]
        if not found or isinstance(value, bool):
            return None, ""
        given = found[0].groupdict()
        year, part, day = (given.get(name) or "" for name in ("year", "part", "day"))
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return None, ""
    if day:
        with suppress(ValueError):  # 2021-13-45 has no such month and day
            whole = date(int(year), int(part), int(day))
            first_or_last = (whole.month, whole.day) in ((1, 1), (12, 31))  # stand for the year
            return whole.year, "" if first_or_last else f"{part}/{day}"
        return None, ""
    if str(part).isdecimal() and int(part) > 12:
        return None, ""
    return int(year), str(part)


def missing(cells: pd.Series) -> pd.Series:
    """Return whether cells hold what files write where there is no value: "", NA, -, 缺失.

    >>> missing(pd.Series(["1", " NA", "…", None])).tolist()
    [False, True, True, False]
    """
    return cells.astype("str").str.strip().str.casefold().isin(SPEC["missing"])


def is_year(text: str) -> bool:
    """Return whether a heading is a year and nothing else: 2019, 2019年, 31/12/2019."""
    year, part = year_of(name_of(text).translate(WIDE))
    return bool(year) and not part


def heading_of(text: str) -> tuple[int, str] | None:
    """Return the year of a heading, and what it is a year of; one with two years has none.

    >>> heading_of("31/12/2019"), heading_of("2019年gdp①"), heading_of("2015-2019")
    ((2019, 'value'), (2019, 'gdp'), None)
    >>> heading_of("2015年末人口"), heading_of("2015年人口")
    ((2015, '年末人口'), (2015, '人口'))
    """
    text = name_of(text).translate(WIDE)
    if is_year(text):
        return year_of(text)[0], "value"
    for form in YEARS["column"]:
        match = form.fullmatch(text)
        if match and not re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", match["stem"]):
            stem, more = match["stem"].strip(" _.(（-"), match.groupdict().get("more") or ""
            between = "_" if f"{stem[-1:]}{more[:1]}".isascii() and more[:1].isalpha() else ""
            return int(match["year"]), f"{stem}{between}{more}" or "value"
    return None


def part_heading(text: str) -> bool:
    """Return whether a heading is a part of a year, or has one.

    >>> part_heading("2019上半年"), part_heading("gdp_2019Q1"), part_heading("2019第一产业")
    (True, True, False)
    """
    year, part = year_of(name_of(text))
    return bool(part) if year else any(form.search(clean(text)) for form in YEARS["part"])


def named(text: str, kind: str) -> bool:
    """Return whether a heading is one that years of this kind have, such as ``event``.

    >>> named("脱贫年份", "event"), named("调查年份", "event")
    (True, False)
    """
    return any(form.fullmatch(text) for form in YEARS[kind])
