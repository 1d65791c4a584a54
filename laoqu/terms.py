"""The plan's terms: which words count as one, and where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from laoqu.document import Unit

COLUMNS = ["unit_id", "start", "end", "quote", "term"]


def lexicon(terms: Iterable[str], synonyms: dict[str, str], stops: Iterable[str]) -> dict[str, str]:
    """Return printed form → term; a stop word, or a synonym of one, maps to the empty string."""
    stopped = set(stops)
    words = {word: word for word in (*terms, *stopped)} | synonyms
    return {form: "" if term in stopped else term for form, term in words.items()}


def tokens(units: Iterable[Unit], words: dict[str, str]) -> pd.DataFrame:
    """Find every term in the sentences: the longest form that begins at a place wins.

    Stop words take their place in the reading and are left out of the result. Headings are not
    read: they repeat what their sentences say.

    Parameters
    ----------
    units : iterable of Unit
        Of `laoqu.document`.
    words : dict
        From `lexicon`.

    Returns
    -------
    DataFrame
        One row per token in reading order: ``unit_id``, ``start``, ``end`` (canonical offsets),
        ``quote`` (the printed form), ``term``.

    Examples
    --------
    >>> from laoqu import document, terms
    >>> words = terms.lexicon(["特色产业", "特色产业基地"], {}, ["建设"])
    >>> terms.tokens([document.load("plan").unit("c07.s05")], words)["term"].tolist()
    ['特色产业基地']
    """
    if not words:
        return pd.DataFrame(columns=COLUMNS)
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    rows = [
        [unit.unit_id, unit.start + found.start(), unit.start + found.end(), found[0], term]
        for unit in units
        if unit.kind == "sentence"
        for found in pattern.finditer(unit.text)
        if (term := words[found[0]])
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
