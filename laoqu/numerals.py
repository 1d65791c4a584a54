"""Figures as Chinese texts print them: number and unit, or no number where it is not certain."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from unicodedata import category, normalize

from laoqu.layout import SIZES, YEAR_DIGITS, number
from laoqu.spelling import CIRCLED, RAISED, SCRIPT
from laoqu.texts import TEXTS, compiled, patterns

#: The greater sizes of numerals, above those of layout.
MYRIADS = {"亿": 10**8, "万": 10**4}
#: More digits without a unit are a number of a telephone or an account.
MOST_DIGITS = 6
PATTERNS = patterns("numerals", raised=RAISED, script=SCRIPT, circled=CIRCLED)
FIGURE, RUN, NUMBER, NAMES, FORMAL, KILO, RANGE, ORDINAL, ENDS, SIZED, HARMLESS = compiled(
    PATTERNS, "figure", "run", "number", "names", "formal", "kilo", "range", "ordinal", "ends",
    "sized", "harmless",
)  # fmt: skip
BELOW, CHINESE, PRIVATE, MYRIAD, MEASURED, COUNTED = (
    PATTERNS[name] for name in ("below", "chinese", "private", "myriad", "measured", "counted")
)
COINS, STARS, SHARE = TEXTS["coins"], PATTERNS["stars"], {"百": "%", "千": "‰", "万": "‱"}
#: How units are written in the end: m2 and m^2 as m², 余亩 as 亩.
UNIT_SIGNS = str.maketrans("23仟", "²³千", "^余多")
#: What may be less than nothing.
SIGNED = (*SHARE.values(), "百分点", "个百分点", "°C", "度", "摄氏度")
PLAIN = str.maketrans(TEXTS["numerals"]["unforged"], "一二三四五六七八九一二三三十百千")


def figures(text: str, begin: int = 0) -> Iterator[tuple[int, int, float, str]]:
    """Yield start, end, number and unit of each figure of a text; what is not read is NaN.

    Chinese numerals are figures where they can be nothing else.

    >>> [figure[2:] for figure in figures("一万二千三百亩、数十个、5亿3千万元，下降-5%，5—6万亩")]
    [(12300.0, '亩'), (nan, '个'), (530000000.0, '元'), (-5.0, '%'), (5.0, '万亩'), (6.0, '万亩')]
    """
    text = text.translate({ord(sign): "①" for sign in set(text) if _odd(sign)})
    text = NAMES.sub(lambda name: re.sub(r"\d", "号", name[0]), text)
    text = FORMAL.sub(lambda f: "零" if f["unsure"] else f[0].translate(PLAIN), text)
    text = KILO.sub("仟", text)
    last, first, share, below, coin = -1, (math.nan, ""), None, False, None
    for found in FIGURE.finditer(text, begin):
        start, end = found.span()
        number_at = found.start("number")
        in_range = start == last  # 10%-20%: a dash, no sign
        second = last >= 0 and RANGE.fullmatch(text, last, number_at if in_range else start)
        last, before, first = end, first, (math.nan, "")
        if ORDINAL.search(text, max(begin, number_at - 16), number_at):
            continue
        shared, share = share if second else None, found["share"]  # 百分之十五至二十
        coin = found["coin"] or (coin if second else None)
        if figure := _figure(found, before[0] if shared else math.inf):
            value, unit = _completed(found, *figure)
            if second and not unit and (shared or ENDS.match(text, end)):
                value, unit = _continued(value, *before)
            in_words = found["sign"] in ("零下", "负")
            by_sign = found["sign"] and not in_range and (unit in SIGNED or start > begin)
            signed = in_words or by_sign
            short = second and unit == before[1] == "年" and value < 100 < before[0]  # 2021—25年
            unit += COINS[coin] if coin and not SIZED.fullmatch(unit)[2] else ""
            first = value, unit
            if signed:
                value = -value if unit in SIGNED else math.nan
            elif short or (second and below):  # 零下5至10度
                value = math.nan
            below = in_words
            yield start if signed else max(start, found.end("sign")), end, value, unit


def runs(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of what may be one numeral with sign and unit, or a name of digits."""
    for pattern in (RUN, NAMES, FIGURE):
        for found in pattern.finditer(text, begin, end):
            yield found.start(), found.end() - len(found.groupdict().get("rest") or "")


def _odd(sign: str) -> bool:
    """Whether a sign may change the value of a numeral that it touches, nobody knows how."""
    return category(sign) in ("No", "Nl", "Sm", "Sc", "Pd") and not HARMLESS.match(sign)


def _figure(found: re.Match[str], before: float = math.inf) -> tuple[float, str] | None:
    """Return number and unit of a match, or nothing where a numeral may be part of a phrase.

    `before` is the first share of a range: 百分之十五至二十.
    """
    printed, unit = found["number"], found["unit"] or ""
    doubt = "".join(found[part] or "" for part in ("odd", "vague", "raised", "mark", "rest"))
    unit = re.sub("^个[余多]?(?=亿)", "", unit)  # 5个亿
    unit = normalize("NFKC", unit.replace(found["mark"] or "", "")).translate(UNIT_SIGNS)
    unit = SHARE[found["share"][0]] if found["share"] else unit
    # 30W元 may be 30万元
    vague = re.match(f"w|W{MYRIAD}", unit + found.string[found.end() :][:1])
    if printed[0] not in CHINESE:
        value = _digits(printed)
        # 0791, 68501234, 00后 and 08年 are no numbers but 03月 is.
        named = printed.isdecimal() and not unit and len(printed) > MOST_DIGITS
        if named or (re.match(r"0\d", printed) and unit not in ("月", "日")):
            value = math.nan
        if re.search("[:：∶]", printed) and not SIZED.fullmatch(unit)[2]:
            unit = ""  # 1:5万 is one ratio
    else:
        value, size = _chinese("一百" if found["share"] and printed == "百" else printed)
        unit = size + unit
        if not (value > before or _counts(found, value, unit)):
            return None
    if doubt.strip(STARS) or vague or re.search("[几数来]", found["more"] or ""):
        value = math.nan
    return value, unit


def _counts(found: re.Match[str], value: float, unit: str) -> bool:
    """Whether a Chinese numeral is a figure, and no part of a phrase."""
    printed, before = found["number"], found.string[: found.start("number")][-1:]
    measured = re.fullmatch(f"[百千万亿]*(?:{MEASURED})|[万亿].+", unit)
    if unit == "番":
        return "翻" in found.string[: found.start("number")][-2:]  # 翻了一番
    if re.search(r"分之|\d", printed):
        return True
    if math.isnan(value):
        sized = re.search("[一二三四五六七八九两].*[十百千万亿]|十.、|[廿卅卌]", printed)
        return bool(unit and (found["vague"] or sized or (measured and len(printed) > 1)))
    if before == "个":
        return False
    # 一千零五十万, whatever follows, and 五个亿
    large = re.search("[一二三四五六七八九两].*[万亿]", printed + "亿" * (unit == "亿"))
    if measured or large or (re.fullmatch(COUNTED, unit) and value >= 10):
        return True
    return bool(not unit and _range_end(found))


def _range_end(found: re.Match[str]) -> tuple[float, str, str] | None:
    """Return number, unit and numeral of the second figure of a range that a match begins."""
    dash = RANGE.match(found.string, found.end())
    after = FIGURE.match(found.string, dash.end()) if dash else None
    figure = _figure(after) if after and after["unit"] else None
    return figure and (*figure, after["number"].rstrip("万亿"))


def _completed(found: re.Match[str], value: float, unit: str) -> tuple[float, str]:
    """Return a figure with what it leaves to the second one of its range: 5—6万亩, 5万—6万亩.

    It is less than the second one; where neither 5 nor 50,000 is certain (三至五千), it has none.
    """
    own, named = SIZED.fullmatch(unit).groups()
    if named or not (second := _range_end(found)):
        return value, unit
    sizes, named = SIZED.fullmatch(second[1]).groups()
    inner = max((SIZES | MYRIADS).get(char, 0) for char in second[2])
    value = value if own or value >= inner / 10 else math.nan  # 三到五千亩
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
    if "，" in printed:
        return math.nan  # 1，234 may be two numbers
    parts = re.findall("([^百千万亿]+)([百千万亿]*)", printed.replace("．", "."))
    if (parts[1:] and "." in parts[0][0]) or not all(NUMBER.fullmatch(n) for n, _ in parts):
        return math.nan  # 3/4 is a share or a date, 0,512 less than one, 3.5万5千 nobody knows what
    parts = [(digits.replace(",", ""), sizes) for digits, sizes in parts]
    return float(parts[0][0]) if len(parts) == 1 else _sum(parts)


def _chinese(printed: str) -> tuple[float, str]:
    """Return what a Chinese numeral means, and the size that it leaves to the unit: 三 and 万."""
    if found := re.fullmatch("([^点]+)点([零〇一二三四五六七八九]+)([百千万亿]*)", printed):
        value, digits = number(found[1]), found[2].translate(YEAR_DIGITS)
        return float(f"{value}.{digits}") if value or found[1] == "零" else math.nan, found[3]
    parts, size = (
        re.findall(f"([{BELOW}百千]+)([万亿]*)", printed),
        re.search("[万亿]*$", printed)[0],
    )
    if len(parts) == 1 or "".join(map("".join, parts)) != printed:
        return float(number(printed.removesuffix(size)) or math.nan), size
    return _sum(parts), ""


def _sum(parts: list[tuple[str, str]]) -> float:
    """Return what parts of falling sizes mean: 5亿3千万, 一万零五十; 3万5 and 三万五 are NaN."""
    total, above = 0.0, math.inf
    for text, sizes in parts:
        digits, size = text[0].isdecimal(), math.prod((SIZES | MYRIADS)[char] for char in sizes)
        value = float(text) if digits else number(text.lstrip("零〇") if total else text)
        whole = sizes or (len(text) == len(str(above)) - 1 if digits else len(text) > 1)
        if not whole or not value or value * size >= above:
            return math.nan
        total, above = total + value * size, size
    return round(total, 6)
