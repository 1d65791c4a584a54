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
BELOW = "零〇一二两三四五六七八九十廿卅卌"
CHINESE = f"[{BELOW}百千万亿]"
#: What stands behind a W that may be 万: 30W元.
MYRIAD = "[元人户亩个次+]"
#: More digits without a unit are a number of a telephone or an account.
MOST_DIGITS = 6
#: What is counted behind digits alone.
CLASSIFIERS = (
    "[包瓶箱桶间栋幢篇册份枚艘颗粒匹盒盏眼孔班轮届]|位(?!于)|本(?![科级地省市县])|组(?![织建成])"
    "|期(?![间末])|[口门](?![径岸类])|分(?![之类区级层])|时(?![期代])"
)
#: Units of measurement, and things counted (三亩 is a figure, 三个 may be part of a phrase).
MEASURED = (
    "个百分点|百分点|平方公里|平方[千仟]米|平方米|立方米|公里|公顷|亩|吨|公?斤|市[斤亩尺]|[千仟兆]瓦时?|[千仟]伏安?|"
    "[千仟毫微厘分兆](?:[克米帕焦赫]|升(?![级降])|卡(?!车))|(?:[美欧港韩]|日(?!元旦))?元|英镑|"
    "%|％|‰|‱|摄氏度|℃|°C|成(?![立为功长员果本分效就熟品型都不才绩因份套宫活])|番|"
    r"(?:(?:[cdhmkKμµ]?m|KM|[㎜㎝㎞])\^?[²³23]?|ha|[kKmμµ]g|t(?:ce)?|[kKMGT][wW](?:[·⋅]?h|p)?|k?V|m?L"
    "|[KMGTP]B(?:ps)?|[KMG]bps|ml|TEU|[kM]Pa|[kM]VA"
    # 5g is a network too, 5W a method.
    rf"|[wW](?={MYRIAD})|(?<!(?<![\d.])\d)(?:g|w|W(?:h|p)?))(?!\d)|[㎀-㏟]"
)
COUNTED = (
    "人次|小时|分钟|年代|个月|"
    "周?岁|[人户名家个项座处所条台套张辆倍年月日天米件批次种类头只羽株片县市省镇村级度折袋]"
    # 十分 and 百位 are words
    rf"|(?:(?<=\d)|(?<=[\d百千万亿余多][百千万亿余多]))(?:{CLASSIFIERS})"
)
#: A unit as it is printed, rates too: 元/亩.
UNIT = f"(?:{MEASURED}|{COUNTED})(?:[/／·](?:{MEASURED}|{COUNTED}|[hs](?![A-Za-z]))){{0,3}}"
SHARE = {"百": "%", "千": "‰", "万": "‱"}
#: How units are written in the end: m2 and m^2 as m², 余亩 as 亩.
UNIT_SIGNS = str.maketrans("23仟", "²³千", "^余多")
COINS = {"￥": "元", "¥": "元", "US$": "美元", "$": "美元", "HK$": "港元", "€": "欧元", "£": "英镑"}
#: A thousand that belongs to its unit, not to the numeral before it: 三十万千瓦.
KILO = re.compile("千(?=[瓦伏克米帕焦赫]|升(?![级降])|卡(?!车))")
#: What may be less than nothing.
SIGNED = (*SHARE.values(), "百分点", "个百分点", "°C", "度", "摄氏度")
#: Marks of footnotes that nobody takes for digits: 30*个.
STARS = "*＊※†‡"
#: A sign that stands for a character of nobody's list, or for an object.
PRIVATE = "\ue000-\uf8ff\ufffc\U000f0000-\U0010ffff"
#: Signs that part the digits on either side: of sentences, lists, ranges, products, units, tables.
APART = (
    '，。；：！？…“”"()（）《》〈〉【】〔〕［］\\[\\]{}｛｝「」『』,;:∶!?|=<>＝＜＞≥≤≈×*＊※†‡'
    f"~～〜\\-－−–—―─-╿‑‐‒%％‰‱℃㎀-㏟{RAISED}{PRIVATE}"
)
#: Over any other sign digits are one figure, if not always a number: 1.2.3, 3、4, 一·五, 10^8, 2 0
#: and 1,200; apart are 20 30, 2021,2022, and what a comma of the sentence parts.
SIGN = rf"(?:[^\w\s{APART}]|[_点])"
JOINS = (
    rf"{SIGN}|分之|[eE][+-]?|[:：∶](?!\d{{4}}[年—–~～至-])|×|[.．]{{2,3}}"
    # 2021-07 is a month
    r"|(?<=(?<!\d)[12]\d{3})[-－−–—](?=(?:0\d|1[0-2])(?![\d年]|[-－−–—]\d))"
    r"|(?<!\d{4}),|,(?!\d{4})|(?<!\d{4})，(?=\d{3}(?!\d))"
    r"|(?!\t)(?:(?<!\d\d)\s|\s(?!\d\d)|(?<!\d{4})\s(?=\d{3}(?!\d)))"
)
DIGITS = (
    rf"(?:[.．](?!\d{{4}}年))?\d++(?:(?:{JOINS})\d++|(?:[-－−–—]\d++){{2,}}+)*+"
    "(?:[.．](?=[百千万亿%％]))?"
)
RUN = re.compile(f"{DIGITS}|{CHINESE}+(?:{SIGN}{CHINESE}+)*")
#: What digits may look like that are a number.
NUMBER = re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3}){1,5}|\d{1,15})(?:\.\d{1,9})?")
#: Behind these no figure begins.
BARRED = rf"[\d.．A-Za-z第栏〔〕{PRIVATE}{CHINESE[1:-1]}]"
#: What behind a unit goes on with its measure, so that the number is not all of it: 3年半, 1米8.
REST = (
    rf"半|[/／](?!\d)[A-Za-z]{{0,9}}|[A-Za-z]{{2,9}}(?![A-Za-z])|\^\w{{0,9}}|"
    rf"(?<=成)[{BELOW}]|[\d{BELOW}]{{1,3}}(?:[.．]\d{{1,3}})?"
    "(?=[，。；！？）”\\t]|$|左右|以[上下内]|之间|[的高宽长厚深])"
)
FIGURE = re.compile(
    rf"(?<!{BARRED})"
    rf"(?P<sign>(?<![-－−])[-－−]|零下|(?<![正肩担背胜抱自])负(?=百分之|[\d{BELOW}]))?"
    r"(?P<vague>(?<![人户次指系总倍分件个])[数几](?=[十百千万亿]|10+(?!\d)))?"
    r"(?P<share>[百千万]分之)?"
    rf"(?P<coin>{'|'.join(map(re.escape, COINS))})?"
    rf"(?P<number>[¼-¾⅐-⅞]|(?:{CHINESE}{{1,20}}+{SIGN}?)?+{DIGITS}"  # 三万5千, 统一30个
    rf"(?:(?:(?:分之|[{CHINESE[1:-1]}点]){{1,9}}{DIGITS}"  # 5亿3千
    rf"|(?:[百千万亿]{{0,9}}{SIGN}?|分之)[{BELOW}]++)++[百千万亿]{{0,9}})?+"
    rf"|{CHINESE}{{1,24}}(?!{CHINESE})"
    rf"(?:(?!(?<=[百千万亿])、){SIGN}{CHINESE}{{1,9}}){{0,9}}"  # 三、四万, but 三万, 四万亩
    rf"(?:(?<=[二三四五六七八九十])分之[{BELOW}百\d]{{1,9}})?)"
    rf"(?P<raised>[{RAISED}]{{1,9}}|[{STARS}]{{1,3}}(?=[百千万亿]))?"
    rf"(?P<more>[余多]|(?:几|[来数](?=[十百千万亿]|{UNIT}))[十百千]*)?"
    rf"(?P<unit>[百千万亿]*[余多]?(?P<mark>[{RAISED}{STARS}]{{1,9}})?{UNIT}|[百千万亿]+)?"
    rf"(?P<rest>{REST})?(?![A-Za-z]|[^\W\d]{{0,2}}[{PRIVATE}])"
)
#: Numbers of documents and versions, and what a letter begins, are names: (2021)3号, 12号令, 2.0版,
#: 工业4.0, GB/T 1234—2015, V2.0.
NAMES = re.compile(
    r"[〔\[［【(（]\d{4}[〕\]］】)）]第?\d+号|(?<=[A-Za-z])\d+(?:[-—–.]\d+)+(?![\d万亿%])"
    r"|(?<![\d.．])(?:\d+号(?=文|令|公告)|\d+(?:\.\d+)+(?=版|时代))"
    rf"|(?<=工业)[1-4]\.0(?!\d|[百千万亿]|{UNIT})"
)
#: Numerals that nobody can forge: 壹佰, 叁万; 陆万元 may be one, or the end of 大陆.
UNFORGED = "壹贰叁肆伍陆柒捌玖弌弍弎参拾佰仟"
FORMAL = re.compile(
    f"(?:[{UNFORGED}][拾佰仟]|[壹贰叁肆柒捌玖弌弍弎拾](?=[万亿]))[{UNFORGED}零万亿点]*"
    "|(?P<unsure>[伍陆参])(?=[万亿]元)"
)
PLAIN = str.maketrans(UNFORGED, "一二三四五六七八九一二三三十百千")
#: What may follow the second figure of a range that leaves its unit to the first one: 5%—10。
ENDS = re.compile(r"[^\w\s%％‰]|\s|$|左右|以上|以下|以内|之间")
#: Between the two figures of a range, and what a range has before its second number: 第3—5条.
RANGE = re.compile(r"(?:[至到—–―─‑‐‒~～〜－−-]+|(?<=[\d百千万亿])或)")
ORDINAL = re.compile(rf"第(?:\d{{1,4}}|{CHINESE}{{1,9}})[条款项章节页]?(?:{RANGE.pattern}|、)\Z")
SIZED = re.compile(f"([百千万亿]*?)((?:{UNIT})?|[^百千万亿]+)")


def figures(text: str, begin: int = 0) -> Iterator[tuple[int, int, float, str]]:
    """Yield start, end, number and unit of each figure of a text; what is not read is NaN.

    Chinese numerals are figures where they can be nothing else.

    >>> [figure[2:] for figure in figures("一万二千三百亩、数十个、5亿3千万元，下降-5%，5—6万亩")]
    [(12300.0, '亩'), (nan, '个'), (530000000.0, '元'), (-5.0, '%'), (5.0, '万亩'), (6.0, '万亩')]
    """
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


def _figure(found: re.Match[str], before: float = math.inf) -> tuple[float, str] | None:
    """Return number and unit of a match, or nothing where a numeral may be part of a phrase.

    `before` is the first share of a range: 百分之十五至二十.
    """
    printed, unit = found["number"], found["unit"] or ""
    raised = re.search(f"[{RAISED}]", (found["raised"] or "") + (found["mark"] or ""))
    unit = normalize("NFKC", unit.replace(found["mark"] or "", "")).translate(UNIT_SIGNS)
    unit = SHARE[found["share"][0]] if found["share"] else unit
    # 30W元 may be 30万元
    vague = found["rest"] or re.match(f"w|W{MYRIAD}", unit + found.string[found.end() :][:1])
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
    if found["vague"] or raised or (found["more"] or "余")[0] in "几数来" or vague:
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
    large = re.search("[一二三四五六七八九两].*[万亿]", printed)  # 一千零五十万, whatever follows
    if measured or large or (re.fullmatch(COUNTED, unit) and value >= 10):
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
    if "，" in printed:
        return math.nan  # 1，234 may be two numbers
    parts = re.findall("([^百千万亿]+)([百千万亿]*)", normalize("NFKC", printed))
    if not all(NUMBER.fullmatch(digits) for digits, _ in parts):
        return math.nan  # 3/4 is a share or a date, 0,512 less than one
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
