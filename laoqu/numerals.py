"""Figures as Chinese texts print them: number and unit, or no number where it is not certain."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from unicodedata import normalize

from laoqu.layout import SIZES, YEAR_DIGITS, number
from laoqu.spelling import RAISED

#: The greater sizes of numerals, above those of layout.
MYRIADS = {"亿": 10**8, "万": 10**4}
CHINESE = "[零〇一二两三四五六七八九十百千万亿]"
#: Units of measurement, and things counted (三亩 is a figure, 三个 may be part of a phrase).
MEASURED = (
    "个百分点|百分点|平方公里|平方米|立方米|公里|千米|公顷|亩|吨|公斤|千瓦时|千瓦|元|%|％|‰|‱|"
    r"(?:(?:[cdhmkK]?m|KM)[²³23]?|ha|[kKm]g|t(?:ce)?|[kKMGT][wW](?:[·⋅]?h|p)?|k?V|m?L"
    # 5g is a network too, 5W a method, 30W元 may be 30万元.
    r"|(?<!(?<![\d.])\d)(?:g|W(?:h|p|(?![元人户亩个次+]))))(?!\d)|[㎀-㏟]"
)
COUNTED = (
    "人次|小时|分钟|年代|个月|"
    "[人户名家个项座处所条台套张辆倍年月日天米件批次种类头只株片县市省镇村级]"
)
SHARES = ("%", "‰", "‱", "百分点", "个百分点")
#: Marks of footnotes that nobody takes for digits: 30*个.
STARS = "*＊※†‡"
#: A sign that stands for a character of nobody's list.
PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
DECIMAL = r"\d{1,15}(?:[.．]\d{1,9})?"
#: Behind these no figure begins.
BARRED = rf"[\d.．A-Za-z第栏〔〕{PRIVATE}{CHINESE[1:-1]}]"
#: Inside 1,1,1 … a figure was tried from the first one on, to the same end.
TRIED = "".join(rf"(?<!(?<!{BARRED})(?<![/／]){digits},)" for digits in (r"\d", r"\d\d"))
FIGURE = re.compile(
    rf"(?<!{BARRED})"
    r"(?P<sign>[-－−]|负(?=百分之))?(?P<vague>(?<![人户次指系总倍分件个])[数几])?"
    r"(?P<share>[百千万]分之)?"
    rf"(?P<number>\d{{1,3}}(?:[,，\s]\d{{3}}){{1,5}}(?!\d)(?:[.．]\d{{1,9}})?"  # 1,200
    rf"|(?:{TRIED}\d{{1,2}}|\d{{3,15}})(?:,\d{{1,2}})++(?![\d,])"  # 8193,00
    r"|\d{1,9}(?:[/／]\d{1,9})+(?!\d)"  # 3/4
    rf"|(?:{DECIMAL}[百千万亿]{{1,9}}){{1,5}}{DECIMAL}[百千万亿]{{0,9}}(?!\d)"  # 5亿3千万
    rf"|{DECIMAL}(?!\d)|{CHINESE}{{1,24}}(?!{CHINESE})(?:点{CHINESE}{{1,9}})?)"
    rf"(?P<raised>[{RAISED}]{{1,9}}|[{STARS}]{{1,3}}(?=[百千万亿]))?(?P<more>[余多几]|来(?=[个人名户家亩年]))?"
    rf"(?P<unit>[百千万亿]*[余多]?(?P<mark>[{RAISED}{STARS}]{{1,9}})?(?:{MEASURED}|{COUNTED})|[百千万亿]+)?"
    rf"(?![A-Za-z{PRIVATE}])"
)
#: What may follow the second figure of a range that leaves its unit to the first one: 5%—10。
ENDS = re.compile(r"[^\w\s%％‰]|\s|$|左右|以上|以下|以内|之间")
#: Between the two figures of a range, and what a range has before its second number: 第3—5条.
RANGE = re.compile("[至到—–―─‑~～〜－−-]+")
ORDINAL = re.compile(rf"第(?:\d{{1,4}}|{CHINESE}{{1,9}})[条款项章节页]?{RANGE.pattern}\Z")
SIZED = re.compile(f"([百千万亿]*?)((?:{MEASURED}|{COUNTED})?|[^百千万亿]+)")


def figures(text: str, begin: int = 0) -> Iterator[tuple[int, int, float, str]]:
    """Yield start, end, number and unit of each figure of a text; what is not read is NaN.

    Chinese numerals are figures where they can be nothing else.

    >>> [figure[2:] for figure in figures("一万二千三百亩、数十个、5亿3千万元，下降-5%，5—6万亩")]
    [(12300.0, '亩'), (nan, '个'), (530000000.0, '元'), (-5.0, '%'), (5.0, '万亩'), (6.0, '万亩')]
    """
    last, first = -1, (math.nan, "")
    for found in FIGURE.finditer(text, begin):
        start, end = found.span()
        number_at = found.start("number")
        in_range = start == last  # 10%-20%: a dash, no sign
        second = last >= 0 and RANGE.fullmatch(text, last, number_at if in_range else start)
        last, before, first = end, first, (math.nan, "")
        if ORDINAL.search(text, max(begin, number_at - 16), number_at):
            continue
        if figure := _figure(found):
            value, unit = _completed(found, *figure)
            if second and not unit and ENDS.match(text, end):
                value, unit = _continued(value, *before)
            first = value, unit
            signed = found["sign"] and not in_range and (unit in SHARES or (unit and start > begin))
            if signed:
                value = -value if unit in SHARES else math.nan
            yield start if signed else max(start, found.end("sign")), end, value, unit


def _figure(found: re.Match[str]) -> tuple[float, str] | None:
    """Return number and unit of a match, or nothing where a numeral may be part of a phrase."""
    printed, unit = found["number"], found["unit"] or ""
    raised = re.search(f"[{RAISED}]", (found["raised"] or "") + (found["mark"] or ""))
    unit = normalize("NFKC", unit.replace(found["mark"] or "", ""))
    unit = unit.replace("2", "²").replace("3", "³")
    unit = (
        {"百": "%", "千": "‰", "万": "‱"}[found["share"][0]]
        if found["share"]
        else re.sub("[余多]", "", unit)
    )
    if printed[0].isdecimal():
        value = _digits(printed)
    else:
        value, size = _chinese(printed)
        unit = size + unit
        if not _counts(found, value, unit):
            return None
    if found["vague"] or raised or found["more"] in ("几", "来"):
        value = math.nan
    return value, unit


def _counts(found: re.Match[str], value: float, unit: str) -> bool:
    """Whether a Chinese numeral is a figure, and no part of a phrase."""
    printed, before = found["number"], found.string[: found.start("number")][-1:]
    measured = re.fullmatch(f"[百千万亿]*(?:{MEASURED})|[万亿].+", unit)
    if math.isnan(value):
        sized = re.search("[一二三四五六七八九两].*[十百千万亿]", printed)  # 两三百个
        return bool(unit and (found["vague"] or sized or (measured and len(printed) > 1)))
    if before == "个":
        return False
    if measured or (re.fullmatch(COUNTED, unit) and value >= 10):
        return True
    if re.search("[一二三四五六七八九两].*[万亿]", printed):  # 一千零五十万, whatever follows
        return True
    return bool(not unit and _range_end(found))


def _range_end(found: re.Match[str]) -> tuple[float, str] | None:
    """Return number and unit of the second figure of a range that a match begins."""
    dash = RANGE.match(found.string, found.end())
    after = FIGURE.match(found.string, dash.end()) if dash else None
    return _figure(after) if after and after["unit"] else None


def _completed(found: re.Match[str], value: float, unit: str) -> tuple[float, str]:
    """Return a figure with what it leaves to the second one of its range: 5—6万亩, 5万—6万亩.

    It is less than the second one; where neither 5 nor 50,000 is certain, it has no number.
    """
    own, named = SIZED.fullmatch(unit).groups()
    if named or not (second := _range_end(found)):
        return value, unit
    sizes, named = SIZED.fullmatch(second[1]).groups()
    if own or not sizes or value < second[0]:
        return value, (own or sizes) + named
    size = math.prod((SIZES | MYRIADS)[char] for char in sizes)
    return (value if value >= size / 10 else math.nan), named  # 8000—1万亩


def _continued(value: float, before: float, unit: str) -> tuple[float, str]:
    """Return the second figure of a range with the unit of the first: 5%—10, 5亿元—10."""
    if not (unit and value > before):
        return value, ""
    sizes, _ = SIZED.fullmatch(unit).groups()
    size = math.prod((SIZES | MYRIADS)[char] for char in sizes)
    return (math.nan if sizes and value >= size / 10 else value), unit  # 5万元—8000


def _digits(printed: str) -> float:
    """Return what digits mean, by themselves or with sizes between them: 5亿3千万."""
    if re.search(r"[，\s/／]|^[0０]\d*,|,\d\d?(?!\d)", printed):
        return math.nan  # 1，234 may be two numbers, 3/4 a share or a date, 0,512 less than one
    parts = re.findall(r"([\d.]+)([百千万亿]*)", normalize("NFKC", printed).replace(",", ""))
    if len(parts) == 1:
        return float(parts[0][0])
    total, above = 0.0, math.inf
    for digits, sizes in parts:
        size = math.prod((SIZES | MYRIADS)[char] for char in sizes)
        whole = sizes or len(digits) == len(str(above)) - 1  # 3万5 is no certain number
        if not whole or float(digits) * size >= above:
            return math.nan
        total, above = total + float(digits) * size, size
    return round(total, 6)


def _chinese(printed: str) -> tuple[float, str]:
    """Return what a Chinese numeral means, and the size that it leaves to the unit: 三 and 万."""
    whole, _, part = printed.partition("点")
    if part:
        digits, size = re.fullmatch("(.*?)([百千万亿]*)", part).groups()
        value = number(whole)
        return (float(f"{value}.{digits.translate(YEAR_DIGITS)}") if value else math.nan), size
    head, size = re.fullmatch("(.*?)([万亿]*)", whole).groups()
    if size and not re.search("[万亿]", head):
        return float(number(head) or math.nan), size
    return float(_whole(whole) or math.nan), ""


def _whole(text: str) -> int:
    """Return what a numeral means, or 0 where it is not written as numerals are: 三万五."""
    for mark, size in MYRIADS.items():
        if mark in text:
            head, _, tail = text.rpartition(mark)
            rest = tail.lstrip("零〇")
            above, below = _whole(head), _whole(rest) if rest else 0
            whole = not rest or (0 < below < size and (len(rest) > 1 or rest != tail))
            return above * size + below if above and whole else 0
    return number(text)
