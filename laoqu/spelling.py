"""Ways to write a name: odd characters, traditional characters, short forms, pinyin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from itertools import product
from numbers import Integral
from typing import TYPE_CHECKING

from laoqu.errors import UnknownId
from laoqu.texts import TEXTS

if TYPE_CHECKING:
    import opencc

WORDS = TEXTS["spelling"]
#: How Chinese texts shorten the names of autonomous and other units: 彭水县, 黔西南州.
SHORT_SUFFIX = {word: tuple(short) for word, short in WORDS["short"].items()}
TAIL = re.compile(r"(?<=..)(?<!自治)(?<!行政)(?:市|县|(?<!地)区|旗)$")
#: The same for units that are no more: 徽州地区 and 普洱哈尼族彝族自治县 were 徽州 and 普洱.
TAIL_THEN = re.compile(rf"(?<=..)(?:地区|盟|(?:..?族)+自治[县州])$|{TAIL.pattern}")
#: Signs of radicals, as PDF files have them in the place of characters; those that NFKC knows not.
RADICALS = str.maketrans(WORDS["radicals"], WORDS["characters"])
#: Marks of footnotes, powers and fractions: 12① is no 121, 10² no 102, 1½ no 11/2.
SCRIPT, CIRCLED = WORDS["script"], WORDS["circled"]
RAISED = SCRIPT + CIRCLED
#: What a file sets as raised, or as lowered, as characters that are so by themselves.
LIFTED = str.maketrans(WORDS["typed"], WORDS["lifted"])
SUNK = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
#: Circles, letters and digits in the place of 〇 or 0: 二○二五, 二O二五年, 2O25年.
NOUGHTS = re.compile(WORDS["noughts"])
#: Characters that patterns of texts name, and signs that are one by their names: ‐ ‑ − ﹣, ∕ ⁄.
KNOWN, SAME = frozenset(str(TEXTS | {"spelling": ""})), re.compile(WORDS["same"])
#: Characters that look like others; English types of units, nationalities in names, readings.
LOOKALIKES = RADICALS | str.maketrans({"巿": "市"})
ENGLISH, NATION, READINGS = (WORDS[key] for key in ("english", "nations", "readings"))
PINYIN = {"县": "xian", "市": "shi", "区": "qu", "旗": "qi", "省": "sheng", "州": "zhou"}
SYLLABLE = r"((?:[zcs]h|[b-df-hj-np-tw-z]|\b)[aeiou]+(?:ng?|r(?![aeiou]))?)"


def plain(text: str) -> str:
    """Return a text without wide and other odd forms of characters; `RAISED` ones stay.

    >>> plain("１２①，ＧＤＰ")
    '12①,GDP'
    """
    return re.sub(f"[^{RAISED}]+", lambda run: unicodedata.normalize("NFKC", run[0]), text)


def clean(name: object, kind: str = "place") -> str:
    r"""Return a name without spaces, signs that do not print, wide digits or look-alikes.

    A code of six digits may be a number, as papermill and tables have it.

    >>> clean("\ufeff环\u200b县 ")
    '环县'
    """
    if isinstance(name, Integral) and 100_000 <= name <= 999_999:
        return str(int(name))
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
    text = text.translate({ord(sign): _alike(sign) for sign in set(text)} | LOOKALIKES)
    text = NOUGHTS.sub(lambda run: ("〇" if run[1] else "0") * len(run[0]), text)
    odd = {char for char in text if char.isalpha() and not char.isascii()} - set(kept)
    return text.translate({ord(char): _converter().convert(char) for char in odd})


def _alike(sign: str) -> str:
    """Return the one plain character of the same meaning, if patterns of texts do not name both."""
    if found := SAME.fullmatch(unicodedata.name(sign, "")):
        return "-" if found[1] else "/" if found[2] else "%"
    form = unicodedata.normalize("NFKC", sign)
    other = re.match("<(?:super|sub|circle|square)>", unicodedata.decomposition(sign))
    kept = sign in KNOWN or sign.isspace() or unicodedata.category(sign) in ("No", "Nl")
    return sign if other or kept or len(form) != 1 else form


@cache
def _converter() -> opencc.OpenCC:
    import opencc

    return opencc.OpenCC("t2s")
