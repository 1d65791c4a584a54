"""The check of a finished report: no number stands in it that its data do not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

#: A number, or a code with a number in it: 95, 8.5, 2021-12-31 as three, c04.s02.m1, 0.1.0.
NUMBER = re.compile(r"[A-Za-z_]*\d\w*(?:\.\w+)*", re.ASCII)
#: How passages of the plan are called; their numbers are names, checked against what there is.
PASSAGE = re.compile(
    r"(?:条目|专栏 ?|[Cc]lauses? |[Bb]ox(?:es)? |[Pp]art )(\d+(?:(?:、|, | and |, and )\d+)*)"
)
RIS = re.compile(r"^[A-Z][A-Z0-9]  - ", re.MULTILINE)
TEXTS = ("title", "lead", "warning", "note", "alt", "caption")
PAIRS = ("facts", "copy", "groups")


def unbacked(shown: Iterable[Mapping[str, object]]) -> list[str]:
    """Return every number printed in a report that its data do not hold.

    A number in a text of a block must be among the block's ``values`` or in its ``records``; one
    in a row must be among the block's values or in the same row of its records; one in the words
    of a figure must be among the values of the report or in the figure's own table.

    Parameters
    ----------
    shown : iterable of mapping
        What the cells of the executed notebook show as plain data (`laoqu.forms.contents`).

    Returns
    -------
    list of str
        One line per number: block, where in it, number, text. Empty for a sound report.

    Examples
    --------
    >>> from laoqu.sections.checks import unbacked
    >>> block = {"kind": "block", "name": "b", "lead": "9 counties", "values": {"b.counties": 8}}
    >>> unbacked([block])
    ['b lead: 9 in: 9 counties']
    """
    shown = list(shown)
    every = {number for each in shown for number in _known(each.get("values", {}).values())}
    found = []
    for each in shown:
        if each["kind"] == "figure":
            own, rows = every | _known([each["csv"]]), []
        else:
            records = (each.get("records") or {}).get("rows", [])
            values = _known(each["values"].values())
            own = values.union(*map(_known, records))
            aligned = len(records) == len(each.get("rows", ()))
            rows = [values | _known(row) for row in records] if aligned else []
        for where, text, number in _printed(each):
            known = rows[number] if number is not None and rows else own
            found += [
                f"{each['name']} {where}: {token} in: {text}"
                for token in sorted(_numbers(text) - known)
            ]
    return found


def _printed(each: Mapping[str, object]) -> Iterator[tuple[str, str, int | None]]:
    """Yield where a text stands, the text, and its row if it is of one."""
    for key in TEXTS:
        yield key, str(each.get(key, "")), None
    for text in each.get("items", ()):
        yield "items", text, None
    for key in PAIRS:
        for _, text in each.get(key, ()):
            yield key, text, None
    for number, row in enumerate(each.get("rows", ())):
        for cell in row:
            yield "rows", cell, number
    for number, pairs in enumerate(each.get("details", ())):
        for _, text in pairs:
            yield "details", text, number


def _numbers(text: str) -> set[str]:
    text = RIS.sub("", text)
    for passage in PASSAGE.finditer(text):
        last = {"条": 16, "c": 16, "p": 5}.get(passage[0][0].lower(), 4)
        if all(1 <= int(number) <= last for number in re.findall(r"\d+", passage[1])):
            text = text.replace(passage[0], " ")
    return {_same(number) for number in NUMBER.findall(text)}


def _known(cells: Iterable[object]) -> set[str]:
    return {_same(number) for cell in cells for number in NUMBER.findall(str(cell))}


def _same(number: str) -> str:
    """Return one spelling for 3, 3.0 and 03."""
    try:
        return f"{float(number):g}"
    except ValueError:
        return number
