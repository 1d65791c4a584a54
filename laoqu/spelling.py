"""Ways to write a name: odd characters, traditional characters, short forms, pinyin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from laoqu.errors import UnknownId

if TYPE_CHECKING:
    import opencc

#: How Chinese texts shorten the names of autonomous and other units: 彭水县, 黔西南州.
SHORT_SUFFIX = {
    "自治县": ("县", "自治县"), "自治州": ("州",), "自治旗": ("旗",), "地区": ("地区",),
    "林区": ("林区",), "特区": ("特区",), "盟": ("盟",),
}  # fmt: skip
TAIL = re.compile(r"(?<=..)(?<!自治)(?<!行政)(?:市|县|(?<!地)区|旗)$")
#: The same for units that are no more: 徽州地区 and 普洱哈尼族彝族自治县 were 徽州 and 普洱.
TAIL_THEN = re.compile(rf"(?<=..)(?:地区|盟|(?:..?族)+自治[县州])$|{TAIL.pattern}")
#: Signs of radicals, as PDF files have them in the place of characters; those that NFKC knows not.
RADICALS = str.maketrans(
    "⺁⺄⺇⺊⺋⺌⺍⺎⺓⺔⺕⺗⺛⺜⺝⺟⺠⺧⺩⺫⺬⺳⺶⺻⺼⻁⻃⻄⻅⻆⻇⻉⻋⻏⻑⻓⻔⻗⻘⻙⻚⻛⻜⻝⻟⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
    "厂乙几卜巳小小兀幺彐彐心旡日月母民牛王目示网羊聿肉虎西西见角角贝车邑长长门雨青韦页风飞食食马骨鬼鱼鸟卤麦黄黾齐齐齿齿龙龙龟龟龟",
)
#: Marks of footnotes, powers and fractions: 12① is no 121, 10² no 102, 1½ no 11/2.
RAISED = (
    "ªº¹²³¼-¾\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d6a\u1d9b-\u1dbf\u2070-\u209c⅐-⅟①-⓿❶-➓㉑-㉟㊱-㊿"
    "\U0001f100-\U0001f10c"
)
#: What a file sets as raised, or as lowered, as characters that are so by themselves.
LIFTED = str.maketrans(
    "0123456789+-=()（）[]［］〔〕【】abcdefghijklmnoprstuvwxyz",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾⁽⁾⁽⁾⁽⁾⁽⁾⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
)
SUNK = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
#: Circles, letters and digits in the place of 〇 or 0: 二○二五, 二O二五年, 2O25年.
NOUGHTS = re.compile(
    "(?<=[一二三四五六七八九])([○〇OＯ0０]+)(?=[一二三四五六七八九年〕])"
    "|(?<=[0-9０-９])[OＯ]+(?=[0-9０-９OＯ]*[年〕])"
)
COMPATIBLE = re.compile("[\u2f00-\u2fdf\uf900-\ufaff\U0002f800-\U0002fa1f]")
#: Characters that look like others, and English words that say a type of unit.
LOOKALIKES = RADICALS | str.maketrans({"巿": "市"})
ENGLISH = {
    "autonomouscounty": "县", "county": "县", "city": "市", "district": "区",
    "autonomousbanner": "旗", "banner": "旗", "province": "省",
}  # fmt: skip
#: What English names of autonomous units call the nationalities in them.
NATIONS = """瑶yao 苗miao 土家tujia 壮zhuang 侗dong 回hui 彝yi 傣dai 哈尼hani 拉祜lahu 佤va/wa
布朗bulang/blang 纳西naxi 白bai 普米pumi 傈僳lisu 怒nu 独龙dulong/derung 景颇jingpo 藏tibetan/zang
羌qiang 布依buyi/buyei/bouyei 水shui 仡佬gelao 仫佬mulao/mulam 毛南maonan 黎li 畲she 满manchu/man
蒙古mongol/mongolian 朝鲜korean/chaoxian 达斡尔daur 土tu 撒拉sala/salar 东乡dongxiang
保安baoan/bonan 裕固yugu/yugur 哈萨克kazakh 柯尔克孜kyrgyz/kirgiz 塔吉克tajik 锡伯xibe
维吾尔uygur/uyghur"""
NATION = {name: read.split("/") for name, read in re.findall(r"([^\sa-z]+)([a-z/]+)", NATIONS)}
PINYIN = {"县": "xian", "市": "shi", "区": "qu", "旗": "qi", "省": "sheng", "州": "zhou"}
SYLLABLE = r"((?:[zcs]h|[b-df-hj-np-tw-z]|\b)[aeiou]+(?:ng?|r(?![aeiou]))?)"
#: Readings of characters that no unit of 2021 has in its name, but earlier ones had.
EARLIER = """yi一 xian先 lie列 dong动 sheng升盛生 ban半板 zui咀 zhe哲 qi圻戚 jun均 tuo妥 wan完畹
luan峦 dai带 pang庞 yong庸 hu户 shu束 zhi枳 ji汲 mian沔 hui灰 tan炭 yan燕 ding町 qiong穷 yao窑
fang芳 die蝶 he褐 hao豪 mang邙 ling酃 zha闸 chang阊 lu露 yuan鸳 e鹅"""
READINGS = {char: read for read, chars in re.findall(r"([a-z]+)(\S+)", EARLIER) for char in chars}


def plain(text: str) -> str:
    """Return a text without wide and other odd forms of characters; `RAISED` ones stay.

    >>> plain("１２①，ＧＤＰ")
    '12①,GDP'
    """
    return re.sub(f"[^{RAISED}]+", lambda run: unicodedata.normalize("NFKC", run[0]), text)


def clean(name: object, kind: str = "place") -> str:
    r"""Return a name without spaces, signs that do not print, wide digits or look-alikes.

    >>> clean("\ufeff环\u200b县 ")
    '环县'
    """
    if not isinstance(name, str):
        raise UnknownId(name, ["a name or a code, as text"], kind)
    if name.isascii() and name.isalnum():
        return name
    text = plain(name).translate(LOOKALIKES)
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc", "Cs", "Zs"))


def latin(text: str) -> str:
    """Return the key of a romanised name: 'Huan County', "Xi'an" and lüeyang in small letters.

    A ü is also typed v.

    >>> latin("Lüliang"), latin("lvliang"), latin("Luliang City")
    ('luliang', 'luliang', 'luliang/市')
    """
    plain = unicodedata.normalize("NFD", text.casefold())
    plain = re.sub("(?<=[ln])v", "u", re.sub(r"[^a-z]", "", plain))
    for word, suffix in ENGLISH.items():
        if plain.endswith(word) and len(plain) > len(word) + 1:
            return plain.removesuffix(word) + "/" + suffix
    return re.sub("(?:autonomous)?(?:prefecture|region)$", "", plain)


def latin_keys(english: str, name: str, short: str) -> Iterator[tuple[str, str]]:
    """Yield how a unit is written in letters, and which of its names that is.

    >>> list(latin_keys("Simao", "思茅区", "思茅"))
    [('simao', '思茅'), ('simaoqu', '思茅区'), ('simao/区', '思茅区')]
    """
    plain, suffix = latin(english.replace(" ", "")).split("/")[0], name[-1]
    ending = PINYIN.get(suffix, "")
    yield plain, short
    nations = [NATION[each] for each in re.findall("|".join(NATION), name.removeprefix(short))]
    for said in product(*nations) if nations and "自治" in name else ():
        last = "and".join(filter(None, ["".join(said[:-1]), said[-1]]))
        for key in dict.fromkeys((plain + "".join(said), plain + last)):
            yield key, name
            yield f"{key}/{suffix}", name
    if short == name and ending and plain.endswith(ending):  # 环县: Huanxian, Huan County
        yield f"{plain.removesuffix(ending)}/{suffix}", name
    elif ending:
        yield plain + ending, name
        yield f"{plain}/{suffix}", name


def syllables(english: str, size: int) -> tuple[str, ...]:
    """Return the syllables of a romanised name of so many characters, none where it is no pinyin.

    >>> syllables("Yong'an", 2), syllables("Hainan", 2), syllables("Hohhot", 4)
    (('yong', 'an'), ('hai', 'nan'), ())
    """
    plain = english.lower().replace("ü", "u").replace(" ", "")
    found = re.fullmatch("'?".join([SYLLABLE] * size), plain)
    return found.groups() if found else ()


def spellings(text: str) -> Iterator[str]:
    """Yield the text, then its form in simplified characters: asked for only when needed."""
    yield text
    if (simple := _converter().convert(text)) != text:
        yield simple


def simplified(text: str, kept: Collection[str] = ()) -> str:
    """Return a text in simplified characters, one for one; those `kept` stay (乾 of 乾县).

    >>> simplified("甘肅環縣、乾縣，二○二五年", "乾")
    '甘肃环县、乾县，二〇二五年'
    """
    text = COMPATIBLE.sub(lambda sign: unicodedata.normalize("NFKC", sign[0]), text)
    text = text.translate(LOOKALIKES)
    text = NOUGHTS.sub(lambda run: ("〇" if run[1] else "0") * len(run[0]), text)
    odd = {char for char in text if char.isalpha() and not char.isascii()} - set(kept)
    return text.translate({ord(char): _converter().convert(char) for char in odd})


@cache
def _converter() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("t2s")
