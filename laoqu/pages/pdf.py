"""From the records of a report to a tagged PDF, set by Typst (``templates/report.typ``)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

from laoqu.pages import marked, title_of
from laoqu.pages.html import TEMPLATES
from laoqu.show.table import runs, width
from laoqu.show.words import HAN, label

AUTHOR = "laoqu contributors"
KEYWORDS = ("laoqu", "革命老区", "policy analysis", "content analysis")
STANDARDS = ["ua-1"]
#: Regular faces come with a package, the bold one with laoqu.
FONTS = (Path(pylopdf_fonts_zh_cn.__file__).parent, Path(__file__).parents[1] / "show" / "fonts")
#: Half widths of a character: columns of shorter cells take what they need, others share the rest
#: by the mean length of a cell between these bounds.
NARROW, SHARED = 16, (13, 80)
#: What has no place to be broken gets one (a hash, an address); a longer cell may go over the page.
ENDLESS, SOFT, PAGE = re.compile(rf"[^\s{HAN}]{{24}}"), "\\g<0>\u200b", 1500
#: A cell with more half widths than that is a sentence.
SENTENCE = 60
#: Rows and characters of a table that stays on one page.
WHOLE = 6, 900
#: Width of the text, and the most that a figure may be high, in points.
WIDTH, HEIGHT = 160 / 25.4 * 72, 200 / 25.4 * 72


def pdf(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the PDF of what a report shows: A4, PDF/UA, with an outline.

    The same records give the same bytes. What is folded on the page is left out.
    """
    title, parts, depth = title_of(shown, lang), [], 0
    for each in printed(shown):
        part = _part(each)
        # The page has the title; a tagged PDF has no heading that skips a level.
        part["n"] = len(parts)
        part["depth"] = min(each["level"] - 1, depth + 1)
        if each["title"] and each["kind"] != "figure" and part["depth"]:
            depth = part["depth"]
        parts.append(part)
    report = {
        "lang": lang, "title": title, "author": AUTHOR, "keywords": KEYWORDS,
        "kicker": label("site.title", lang), "parts": parts,
    }  # fmt: skip
    return typst.compile(
        str(TEMPLATES / "report.typ"), root=str(TEMPLATES), font_paths=_fonts(),
        ignore_system_fonts=True, sys_inputs={"report": json.dumps(report)},
        pdf_standards=STANDARDS,
    )  # fmt: skip


def printed(shown: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Yield what goes on paper: nothing that is folded, no column without any entry.

    Beside sentences, a column that is empty in most rows takes room from them: its entries stand
    below the first column with their head.
    """
    for each in shown:
        if each["folded"]:
            continue
        heads, rows = each["columns"], each["rows"]
        filled = {i: sum(bool(row[i]) for row in rows) for i in range(len(heads))}
        kept = [i for i, n in filled.items() if n]
        long = any(width(row[i]) > SENTENCE for row in rows for i in kept[:1])
        sparse = {
            i: heads[i]["label"] + ("：" if each["lang"] == "zh" else ": ")
            for i in kept[1:]
            if long and filled[i] * 2 <= len(rows) and heads[i]["role"] == "text"
        }
        columns = [{**heads[i], "role": "under"} if i in sparse else heads[i] for i in kept]
        cells = [[sparse.get(i, "") * bool(row[i]) + row[i] for i in kept] for row in rows]
        yield {**each, "columns": columns, "rows": cells if kept else []}


def shares(shown: Mapping[str, object]) -> dict[int, float]:
    """Return position and share of each printed column, not of those below the first.

    The shares divide what is left of a line; 0: a column takes what it needs.
    """
    below = [i for i, each in enumerate(shown["columns"]) if "under" in each["role"]]
    main = [i for i in range(len(shown["columns"])) if i not in below]
    found = {}
    for i in main:
        stacked = [i, *below] if i == main[0] else [i]
        cells = [[width(row[j]) for j in stacked] for row in shown["rows"]]
        square = sum(sum(cell) ** 2 for cell in cells) / max(1, len(cells))  # one long cell counts
        narrow = max((max(cell) for cell in cells), default=0) <= NARROW
        found[i] = 0 if narrow else round(min(max(SHARED[0], square**0.5), SHARED[1]), 1)
    return found


def _part(shown: Mapping[str, object]) -> dict[str, object]:
    """Return a record with each text as a list of lines, each line a list of runs."""

    def lines(text: object, role: str = "") -> list[list[list[str]]]:
        if "words" in role:
            return [[["quote", str(text), ""]]]
        found = [runs(line, shown["quotes"]) for line in str(text).split("\n")]
        return [[[kind, ENDLESS.sub(SOFT, said), to] for kind, said, to in line] for line in found]

    columns, parts = shown["columns"], shares(shown)
    main, first = list(parts), next(iter(parts), 0)
    below = [i for i in range(len(columns)) if i not in parts]
    cells = [{i: lines(row[i] or "–", columns[i]["role"]) for i in main} for row in shown["rows"]]
    for row, texts in zip(cells, shown["rows"], strict=True):
        row[first] = row[first] + [
            line for i in below if texts[i] for line in lines(texts[i], columns[i]["role"])
        ]
    roles = [columns[i]["role"] for i in main]
    size = sum(len(text) for row in shown["rows"] for text in row)
    return {
        "kind": shown["kind"], "form": shown["form"],
        "anchor": shown["anchor"], "title": lines(shown["title"]), "alt": shown["alt"],
        "paragraphs": [lines(text) for text in shown["paragraphs"]],
        "tiles": [
            [lines(each[name]) for name in ("value", "label", "note")] for each in shown["tiles"]
        ],
        "columns": [lines(columns[i]["label"]) for i in main],
        "shares": list(parts.values()),
        "rows": [list(row.values()) for row in cells],
        "whole": len(cells) <= WHOLE[0] and size <= WHOLE[1],
        "long": [max(map(len, row), default=0) > PAGE for row in shown["rows"]],
        "numeric": [i for i, role in enumerate(roles) if role == "number"],
        "groups": {str(at): lines(text) for at, text in shown["groups"]},
        "note": lines(shown["note"]) if shown["note"] else [],
        "caption": lines(shown["caption"]), **_image(shown["images"]),
        "passages": marked.printed(shown) if shown["kind"] == "plan" else [],
    }  # fmt: skip


def _image(images: Mapping[str, str]) -> dict[str, object]:
    """Return the drawing of a figure and the share of the column that it takes."""
    if "wide.svg" not in images:
        return {"png": list(base64.b64decode(images["png"])), "share": 1} if images else {}
    svg = images["wide.svg"]
    sides = dict(re.findall(r'\b(width|height)="([\d.]+)(?:pt)?"', svg[: svg.index(">")]))
    wide, high = float(sides.get("width", WIDTH)), float(sides.get("height", 1))
    return {"svg": svg, "share": min(1, wide / WIDTH, HEIGHT / high * wide / WIDTH)}


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONTS],
    )
