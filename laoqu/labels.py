"""Every word a reader sees, in Chinese and English, from one table (``laoqu/labels.csv``)."""

from __future__ import annotations

import csv
import re
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING

from laoqu import paths
from laoqu.errors import ParameterError, UnknownId, nearest

if TYPE_CHECKING:
    import pandas as pd

LANGS = ("zh", "en")
THIN = "\u2009"
#: What a cell shows as plain data, beside its HTML: pages, PDF and DOCX are made from it.
MIME = "application/vnd.laoqu+json"


@cache
def table() -> dict[str, dict[str, str]]:
    """Return key → {lang: text}."""
    with (paths.PACKAGE / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: {lang: row[lang] for lang in LANGS} for row in csv.DictReader(file)}


def label(key: str, lang: str = "zh", **values: object) -> str:
    """Return one text, its ``{names}`` filled in.

    Raises
    ------
    UnknownId
        When no label has this key.

    Examples
    --------
    >>> from laoqu.labels import label
    >>> label("head.counties_value", "en", documented=17, total=74)
    '17 of 74'

    A number also chooses between two words, ``{n:county|counties}``: the first is for one.
    """
    known = table()
    if key not in known:
        raise UnknownId(key, nearest(key, known), "label")
    text = known[key][check_lang(lang)]
    counted = {name: _Count(v) if isinstance(v, Integral) else v for name, v in values.items()}
    return text.format(**counted) if values else text


class _Count(int):
    """A number that also chooses a word: ``{n} {n:county|counties}``."""

    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        return (one if self == 1 else many) if bar else super().__format__(spec)


def check_lang(lang: str) -> str:
    """Return `lang` when it is one of `LANGS`, else raise a ParameterError that says so."""
    if lang not in LANGS:
        raise ParameterError(f"lang is {lang!r}, expected one of {', '.join(LANGS)}")
    return lang


def spaced(text: str) -> str:
    """Set a thin space between Chinese characters and Latin letters or digits, for the page."""
    han, latin = "\u4e00-\u9fff", "A-Za-z0-9"
    text = re.sub(rf"([{han}]) ?([{latin}])", rf"\1{THIN}\2", text)
    return re.sub(rf"([{latin}%]) ?([{han}])", rf"\1{THIN}\2", text)


def joined(items: list[str], lang: str) -> str:
    """Join names as a reader of the language expects: 甲、乙 or A, B; 无 or none for no item."""
    return label("list.sep", lang).join(items) if items else label("list.none", lang)


def official(documented: int, total: int, lang: str) -> str:
    """Return an official total as text; with a word where more counties are documented than that.

    >>> [official(n, 62, "en") for n in (61, 63)]
    ['62', '62 (derived, too low)']
    """
    return label("total.more", lang, total=total) if documented > total else str(total)


def names(table: pd.DataFrame, lang: str) -> dict[str, str]:
    """Return id → short name of the areas (``plan.regions()``), or code → label of a codebook."""
    if "code" in table:
        return dict(zip(table["code"], table[f"label_{check_lang(lang)}"], strict=True))
    column = {"zh": "name_zh", "en": "label_en"}[check_lang(lang)]
    return dict(zip(table["region_id"], table[column], strict=True))
