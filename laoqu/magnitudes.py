"""Numbers of a workbook as people see them: what their formats do to them."""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd

from laoqu.own import heading_of

#: What stands for itself, or for nothing, in a number format, and words that say how large it is.
LITERAL = re.compile(r'"([^"]*)"|[\\!](.)|\[[^]]*\]|[_*].')
LARGE = re.compile("[十百千]?[万萬亿億].*|[百千][元人]?|[KMB]n?", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def shown(number_format: str) -> frozenset[tuple[int, str]]:
    """Return by which power of ten a format shows a number, and with which word of how many.

    Several are returned where it depends on the number.

    >>> [dict(shown(each)) for each in ("0.0%", "#,##0.0,", "0!.0,", '0"000"', '0.0"万元"')]
    [{2: ''}, {-3: ''}, {-4: ''}, {3: ''}, {0: '万元'}]
    """

    def literal(found: re.Match) -> str:
        text = found[1] or found[2] or ""
        zeros = "§" * len(text) if not text.strip("0") else ""
        return "!" if text == "." else zeros or re.sub(r"[!#?.,%\d]", "", text)

    ways = set()
    sections = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', number_format.replace("General", "0"))
    # The third is that of zero, unless conditions say which numbers are meant.
    for section in sections[: 3 if re.search(r"\[[<>=]", number_format) else 2]:
        plain = LITERAL.sub(literal, section)
        if re.search("[0#?]", plain):
            commas = re.search(r"[0#?](,+)(?![0#?,])", plain)
            drawn = None if "." in plain else re.search(r"![0#?]+", plain)  # 0!.0, shows 万
            zeros = re.search("[0#?](§*)(?![0#?§])", plain)  # 0"0000" shows 5 as 50000
            power = 2 * plain.count("%") - 3 * len(commas[1] if commas else "")
            power += len(zeros[1] if zeros else "")
            word = "".join(re.findall(r"[^\W\d_]+", plain))
            word = word if LARGE.fullmatch(word) else ""
            ways.add((power - (len(drawn[0]) - 1 if drawn else 0), word))
    return frozenset(ways or {(0, "")})


def as_shown(
    column: pd.Series, formats: dict[int, str], of_years: dict, notes: list[str]
) -> pd.Series:
    """Return a column, its head first, with its numbers as people see them: 0.42 in 0% is 42.

    Refused by cell is what leaves two readings: 12.3万 of 123000, or beside 12.3; 亿元 in the
    column of one year and 万元 in that of another. A column all in one is said. `of_years` has the
    words of columns before.
    """
    numbers = [n for n, value in column.iloc[1:].items() if type(value) in (int, float)]
    ways = {n: shown(formats.get(n, "")) for n in numbers}
    words, seen = {word for way in ways.values() for _, word in way}, {}
    for n, way in ways.items():
        (power, word), *others = way
        if others or (word and (power or len(words) > 1)):
            why = f"{column[n]} is shown in another magnitude, for its format is {formats[n]}: "
            why += "write the number that is meant, and give the whole column one format"
            raise ValueError(why, n, column.name)
        if power:
            seen[n] = float(f"{column[n] * 10.0**power:.15g}")
    heading = heading_of(str(column.iloc[0]))
    word, n = next(iter(words), ""), next(iter(numbers), 0)  # one word in all of them
    if heading and ways:
        other, head = of_years.setdefault(heading[1], (word, column.iloc[0]))
        if word != other:
            why = f"{column[n]} is shown in {word or 'no unit'} by its format, those of {head} in "
            why += f"{other or 'none'}: convert them, give all years one format"
            raise ValueError(why, n, column.name)
    if word:
        text = f"{column.iloc[0]}: its format shows all {len(numbers)} numbers in {word}, so the "
        notes.append(f"{text}values are in {word}, as {column[n]} is {column[n]} {word} (row {n})")
    if seen:
        n, value = next(iter(seen.items()))
        text = f"{column.iloc[0]}: {len(seen)} of {len(ways)} numbers read as they are shown, such "
        notes.append(f"{text}as {column[n]} as {value:g} (row {n}, format {formats[n]})")
    return pd.Series({**column, **seen}, dtype="object", name=column.name)
