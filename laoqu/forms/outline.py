"""What a printed report shows, in one order for PDF and Word: parts, numbers of tables, widths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import nbformat
from matplotlib.ft2font import FT2Font, LoadFlags

from laoqu import forms
from laoqu.figures.style import FONT_FOLDER, SANS
from laoqu.labels import label
from laoqu.plan import load

#: From this length on, text that stands word for word in the plan is a quotation, not a name.
QUOTATION = 16
#: Half ems beside each other in a table of full width.
ROOM = 103
#: Width up to which a column is as wide as what it holds, if wider ones keep this much or half.
SHORT, LEAST = 30, 20
#: How much wider letters may be in another font: in heads, which are bold in Word, and in cells.
SLACK = 1.25, 1.15
#: Two lines of a head are better broken after these.
PAUSES = "、，；／/ 的与或"
#: White between columns, of which this much is inside a cell; half ems of a line in Word.
GAP, INSET, WORD_ROOM = 2.5, 2, 113
#: Width of a cell from which on it is a line of its own in a table with details.
LONG = 60
#: Sections from which on title and contents have a page for themselves.
COVER = 8
#: Lines of a table that stays on one page, and of one whose rows are a line each.
WHOLE, PLAIN = 10, 20
#: Rows that stay together at the beginning and at the end of a longer one.
TIED = 3
#: The same where each is a line.
FEW = 5
#: Share of a line for the plan's words where a rendering stands beside them.
WORDS = 0.42
AUTHOR = "laoqu contributors"
KEYWORDS = ("laoqu", "革命老区", "policy analysis", "content analysis")
#: A piece of text and what it is: "", "quote" (the plan's words), "mark" (those that matter here).
Run = tuple[str, str]


def outline(notebook: nbformat.NotebookNode, lang: str, title: str) -> dict[str, object]:
    """Return the executed report as the parts of a printed document.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    lang : {"zh", "en"}
    title : str
        For the metadata and the running head.

    Returns
    -------
    dict
        Plain data. ``head`` is the area's name, ``cover`` whether title and contents have the
        first page for themselves, ``parts`` a list of dicts of one ``kind`` each:
        ``heading``, ``lead``, ``warning``, ``facts``, ``table``, ``figure``, ``items``,
        ``files``, ``copy``, ``note``. Text is a list of lines, a line a list of `Run`.
    """
    parts: list[dict[str, object]] = []
    last: list[dict[str, object]] = []
    head = title
    for shown in forms.contents(notebook):
        if shown["kind"] == "figure":
            parts.append(dict(shown))
            continue
        if shown["anchor"] == "head":
            head, shown = str(shown["title"]), {**shown, "title": ""}
        # What is there to be copied would push the contents off the first page.
        for part in _block(shown, lang):
            (last if part["kind"] == "copy" else parts).append(part)
    parts += last
    counts = {"table": 0, "figure": 0}
    for part in parts:
        if part["kind"] in counts:
            counts[part["kind"]] += 1
            part["number"] = label(f"print.{part['kind']}", lang, n=counts[part["kind"]])
    return {
        "lang": lang, "title": title, "head": head, "kicker": label("site.title", lang),
        "contents": label("nav.contents", lang), "author": AUTHOR, "keywords": list(KEYWORDS),
        "parts": parts, "cover": sum(part["kind"] == "heading" for part in parts) > COVER,
    }  # fmt: skip


def _block(shown: Mapping[str, object], lang: str) -> Iterable[dict[str, object]]:
    """Yield the parts of a block in the order in which `laoqu.tables.Block` names them."""
    if shown["title"]:
        yield {"kind": "heading", "text": shown["title"], "anchor": shown["anchor"],
               "depth": max(1, shown.get("level", 2) - 1)}  # fmt: skip
    for kind in ("lead", "warning"):
        if shown.get(kind):
            yield {"kind": kind, "lines": _lines(shown[kind])}
    if shown.get("facts"):
        yield {"kind": "facts", "pairs": [[key, _lines(text)] for key, text in shown["facts"]]}
    note = _lines(shown["note"]) if shown["note"] else []
    if shown["rows"]:
        table = _table(shown, lang)
        if not (shown["items"] or shown.get("links") or shown.get("copy")):
            # What stands right under a table is printed as a part of it.
            table["note"] += note
            note = []
        yield table
    if shown["items"]:
        yield {"kind": "items", "items": [_lines(item) for item in shown["items"]]}
    if shown.get("links"):
        yield {"kind": "files", "pairs": _folders(shown["links"])}
    if shown.get("copy"):
        yield {"kind": "copy", "pairs": shown["copy"]}
    if note:
        yield {"kind": "note", "lines": note}


def _folders(links: Iterable[Sequence[str]]) -> list[list[object]]:
    """Return the files by folder: what a reader finds beside the printed report."""
    folders: dict[str, list[str]] = {}
    for _, address in links:
        folder, slash, name = address.rpartition("/")
        folders.setdefault(folder + slash, []).append(name)
    return [[folder, names] for folder, names in folders.items()]


def _table(shown: Mapping[str, object], lang: str) -> dict[str, object]:
    """Return a table as it is printed: rows and, over and under them, what is too long for a cell.

    Where rows have details, long columns become a line over the row (``over``), and what a page
    unfolds stands under it. Of a table that a page folds away only where the words stand is
    printed, as a column. A column without any entry is left out and named under the table.
    """
    heads, rows, quoted = shown["columns"], shown["rows"], shown.get("quoted") or []
    details = shown.get("details") or [()] * len(rows)
    marks = shown.get("marks") or [()] * len(rows)
    badges, badge = shown.get("badges") or [], shown.get("badge", -1)
    groups = dict(shown.get("groups") or ())
    detailed, small = any(details), bool(shown.get("folded"))
    empty = [j for j in range(len(heads)) if len(heads) > 1 and not any(row[j] for row in rows)]
    left = [j for j in range(len(heads)) if j not in empty]
    longest = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    # The words and their rendering stand beside each other; there is no room for a third.
    over = [j for j in left if detailed and (j in quoted or longest[j] > LONG)][:2]
    if small and over:
        # Many rows, and not of this area alone. How they reach the area is the same for all of
        # them and stands in the heading.
        heads = [*heads, details[0][0][0]]
        rows = [[*row, pairs[0][1]] for row, pairs in zip(rows, details, strict=True)]
        left = [j for j in [*left, len(heads) - 1] if j != badge]
        details, badges = [()] * len(rows), []
    kept = [j for j in left if j not in over]
    # Room for the mark of a badge.
    sample = [[row[j] + ("　" if badges and j == badge else "") for j in kept] for row in rows]
    small = small or len(kept) > 6
    columns = [[heads[j] for j in kept], *sample]
    room = ROOM * (1.1 if small else 1)
    widths = shares(columns, room)
    loose = shares(columns, WORD_ROOM, SLACK)
    if detailed:  # what stands over and under the rows needs the whole line
        widths, loose = ([one / sum(all_) for one in all_] for all_ in (widths, loose))
    high = [
        max(-(-(_width(cell) + INSET) // (room * a)) for cell, a in zip(row, widths, strict=True))
        for row in sample
    ]
    height = sum(high) + len(groups)
    titles = [
        "\n".join(_head(heads[j], 0 if max(_width(heads[j]) - a * room,
                        _width(heads[j], SLACK[0]) - b * WORD_ROOM) > -INSET else 999))
        for j, a, b in zip(kept, widths, loose, strict=True)
    ]  # fmt: skip
    dash = not all(row[j] for row in rows for j in kept)
    remarks = [label("print.left_out", lang, head=heads[j]) for j in empty]
    remarks += [label("print.dash", lang)] if dash else []

    def cell(i: int, j: int) -> list[list[Run]]:
        if not rows[i][j]:
            return [[("–", "")]]
        return _lines(rows[i][j], marks[i] if quoted and j == min(quoted) else (), j in quoted)

    return {
        "kind": "table", "name": shown["name"], "title": shown["title"],
        "over": [heads[j] for j in over], "columns": titles,
        "loose": loose,
        "numeric": [k for k, j in enumerate(kept) if j in shown["numeric"]],
        "badges": badges, "badge": kept.index(badge) if badges else -1,
        "shares": widths, "small": small, "detailed": detailed, "split": _split(widths, len(over)),
        "whole": not detailed and height <= WHOLE,
        "plain": not detailed and WHOLE < height <= PLAIN and max(high) == 1,
        "note": _lines((" " if lang == "en" else "").join(remarks)) if remarks else [],
        "rows": [
            {
                "group": groups.get(i, ""),
                "over": [cell(i, j) for j in over],
                "cells": [cell(i, j) for j in kept],
                "details": [[key, _lines(text)] for key, text in details[i]],
                "tie": 0 if detailed else tie,
            }
            for i, tie in enumerate(_ties(len(rows), groups, TIED if max(high) > 1 else FEW))
        ],
    }  # fmt: skip


def _split(widths: Sequence[float], n: int) -> list[int]:
    """Return how many columns each of `n` texts over a row spans: a rendering beside the words.

    Examples
    --------
    >>> from laoqu.forms.outline import _split
    >>> _split([0.2, 0.2, 0.3, 0.3], 2)
    [2, 2]
    """
    if n != 2 or len(widths) < 2:
        return [len(widths)] * n
    # An English rendering is longer than the words.
    first = min(range(1, len(widths)), key=lambda k: abs(sum(widths[:k]) - WORDS))
    return [first, len(widths) - first]


def _ties(n: int, groups: Iterable[int], tied: int = TIED) -> list[int]:
    """Return for each row how many rows from it on stay on one page; 0 for those after it.

    The first rows of a table stay together, and the last, `tied` of them: none stands alone
    beside its head or its note.

    Examples
    --------
    >>> from laoqu.forms.outline import _ties
    >>> _ties(8, [])
    [3, 0, 0, 1, 1, 3, 0, 0]
    >>> _ties(8, [0, 2])  # the head of a group stands between two rows
    [2, 0, 1, 1, 1, 3, 0, 0]
    >>> _ties(4, [])
    [4, 0, 0, 0]
    """
    starts = sorted({0, *groups, n})
    head, tail = min(tied, starts[1]), max(n - tied, starts[-2])
    if tail <= head:
        head, tail = (n, n) if len(starts) == 2 else (head, max(tail, head))
    ties = [1] * n
    for start, end in ((0, head), (tail, n)):
        if start < end:
            ties[start:end] = [end - start] + [0] * (end - start - 1)
    return ties


def shares(
    rows: Sequence[Sequence[str]], room: float = ROOM, slack: tuple[float, float] = (1, 1)
) -> list[float]:
    """Return the share of a full line that each column takes; what is narrow stays unbroken.

    Each column gets its longest word, then short ones what they need; what is left goes by how
    much longer the cells are, as a browser does it. Shares add up to less than 1 for a table
    that needs no full line. With a `slack` over 1, of heads and of cells, there is room for a
    wider font.

    Examples
    --------
    >>> from laoqu.forms.outline import shares
    >>> shares([["项", "名称"], ["甲乙", "沂蒙革命老区"]], room=40)
    [0.1625, 0.3625]
    """
    columns = list(zip(*rows, strict=True))
    bold, plain = slack
    widths = [
        max(_word(head, bold), *(_word(text, plain) for text in cells)) + GAP
        for head, *cells in columns
    ]
    cells = [sorted(_width(text, plain) for text in column[1:]) for column in columns]
    # A long head may take two lines.
    heads = [max(_width(line, bold) for line in _head(column[0])) for column in columns]
    # First what nine rows of ten need: a few long cells would narrow the column of many.
    for share in (0.9, 1):
        goal = [
            max(need, max(head, *column[: int(len(column) * share) + 1]) + GAP)
            for need, head, column in zip(widths, heads, cells, strict=True)
        ]
        # A name broken in two doubles its row; a long text has a line more or less.
        long = sum(max(0, min(max(LEAST, want / 2 + GAP), SHORT) - had)
                   for had, want in zip(widths, goal, strict=True) if want > SHORT)  # fmt: skip
        for i in sorted(range(len(goal)), key=goal.__getitem__):
            if goal[i] <= SHORT and sum(widths) - widths[i] + goal[i] + long <= room:
                widths[i] = goal[i]
        part = 1.0
        if sum(goal) > room:  # a very long text gains little from a still wider column
            goal = [max(had, min(want, 150)) for had, want in zip(widths, goal, strict=True)]
            more = sum(goal) - sum(widths)
            part = max(0, room - sum(widths)) / more if more else 0
        widths = [had + part * (want - had) for had, want in zip(widths, goal, strict=True)]
    if sum(widths) > room:
        widths = [width * room / sum(widths) for width in widths]
    return [round(width / room, 4) for width in widths]


def _head(text: str, room: float = 16) -> list[str]:
    """Cut a head that is wider than `room` into two lines, after a word and about as long.

    Examples
    --------
    >>> from laoqu.forms.outline import _head
    >>> _head("其中点名的本区地方")
    ['其中点名的', '本区地方']
    >>> _head("Areas with more / as many / fewer")
    ['Areas with more /', 'as many / fewer']
    """
    cuts = [i for i in range(1, len(text)) if text[i - 1] == " " or _wide(text[i - 1 : i + 1])]
    if _width(text) <= room or not cuts:
        return [text]

    def unlike(i: int) -> float:
        halves = _width(text[:i].strip()), _width(text[i:].strip())
        return max(halves) + (0 if text[i - 1] in PAUSES else 4) + (9 if text[i] in PAUSES else 0)

    cut = min(cuts, key=unlike)
    return [text[:cut].strip(), text[cut:].strip()]


def _word(text: str, slack: float = 1) -> float:
    """Return the width of what should not be broken: the longest word, or six characters."""
    words = "".join(" " if _wide(c) else c for c in text).split()
    longest = max((_width(word[:22], slack) for word in words), default=0)
    return max(longest, min(_width(text, slack), 12))


def _wide(text: str) -> bool:
    """Whether these are Chinese characters, which may stand at either end of a line."""
    return all(ord(char) >= 0x2E80 for char in text)


def _width(text: str, slack: float = 1) -> float:
    """Return the width in half ems; only letters are wider in another font."""
    return sum(_advance(char) * (1 if _wide(char) else slack) for char in text)


@cache
def _advance(char: str) -> float:
    if not _face().get_char_index(ord(char)):  # not in the font
        return 2 if _wide(char) else 1
    glyph = _face().load_char(ord(char), flags=LoadFlags.NO_SCALE)
    return glyph.horiAdvance / _face().units_per_EM * 2


@cache
def _face() -> FT2Font:
    return FT2Font(str(FONT_FOLDER / SANS))


def _lines(text: str, marks: Iterable[Sequence[int]] = (), quoted: bool = False) -> list[list[Run]]:
    """Cut a text into lines of runs: the plan's own words, and the `marks` in them."""
    lines, start = [], 0
    for line in text.split("\n"):
        known = len(line) >= QUOTATION and line.strip("“”") in _plan()
        kind = "quote" if quoted or known else ""
        runs, at = [], 0
        for a, b in sorted((a - start, b - start) for a, b in marks):
            if at <= a < b <= len(line):
                runs += [(line[at:a], kind), (line[a:b], "mark")]
                at = b
        lines.append([run for run in [*runs, (line[at:], kind)] if run[0]])
        start += len(line) + 1
    return lines


@cache
def _plan() -> str:
    return load().document.canonical
