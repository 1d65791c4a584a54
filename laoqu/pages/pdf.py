"""From the records of a report to a tagged PDF, set by Typst (``templates/report.typ``)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import sqrt
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

from laoqu.pages import title_of
from laoqu.pages.html import TEMPLATES
from laoqu.show.table import runs, width
from laoqu.show.words import label

AUTHOR = "laoqu contributors"
KEYWORDS = ("laoqu", "革命老区", "policy analysis", "content analysis")
STANDARDS = ["ua-1"]
#: Regular faces come with a package, the bold one with laoqu.
FONTS = (Path(pylopdf_fonts_zh_cn.__file__).parent, Path(__file__).parents[1] / "show" / "fonts")
#: A column with a longer cell is one of sentences; in half widths of a character.
LONG = 30
#: Width of the text, and the most that a figure may be high, in points.
WIDTH, HEIGHT = 160 / 25.4 * 72, 200 / 25.4 * 72


def pdf(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the PDF of what a report shows: A4, PDF/UA, with an outline.

    The same records give the same bytes. What is folded on the page is left out.

    Parameters
    ----------
    shown : sequence of records
    lang : {"zh", "en"}
    """
    title = title_of(shown, lang)
    report = {
        "lang": lang, "title": title, "author": AUTHOR, "keywords": KEYWORDS,
        "kicker": label("site.title", lang),
        "parts": [_part(each) for each in shown if not each["folded"]],
    }  # fmt: skip
    return typst.compile(
        str(TEMPLATES / "report.typ"), root=str(TEMPLATES), font_paths=_fonts(),
        ignore_system_fonts=True, sys_inputs={"report": json.dumps(report)},
        pdf_standards=STANDARDS,
    )  # fmt: skip


def _part(shown: Mapping[str, object]) -> dict[str, object]:
    """Return a record with each text as a list of lines, each line a list of runs."""

    def lines(text: str, role: str = "") -> list[list[list[str]]]:
        if "words" in role:
            return [[["quote", text, ""]]]
        return [[list(run) for run in runs(line, shown["quotes"])] for line in text.split("\n")]

    columns, rows = shown["columns"], shown["rows"]
    main, under, shares = print_columns(shown)
    cells = [
        [
            lines(row[i] or "–", columns[i]["role"])
            + [line for j in under if i == main[0] and row[j]
               for line in lines(row[j], f"{columns[j]['role']}")]
            for i in main
        ]
        for row in rows
    ]  # fmt: skip
    return {
        "kind": shown["kind"], "level": shown["level"], "title": lines(str(shown["title"])),
        "anchor": shown["anchor"], "form": shown["form"],
        "paragraphs": [lines(text) for text in shown["paragraphs"]],
        "tiles": [[lines(str(each[key])) for key in ("value", "label", "note")]
                  for each in shown["tiles"]],
        "columns": [lines(columns[i]["label"]) for i in main],
        "shares": shares,
        "numeric": [main.index(i) for i in main if columns[i]["role"] == "number"],
        "badge": next((main.index(i) for i in main if columns[i]["role"] == "badge"), -1),
        "badges": next(iter(shown["badges"].values()), []), "rows": cells,
        "groups": {str(at): lines(text) for at, text in shown["groups"]},
        "note": lines(str(shown["note"])) if shown["note"] else [], "alt": shown["alt"],
        "caption": lines(str(shown["caption"])), **_image(shown["images"]),
    }  # fmt: skip


def print_columns(shown: Mapping[str, object]) -> tuple[list[int], list[int], list[float]]:
    """Return which columns are printed, which stand below the first, and shares of the line.

    A column without any entry is left out. The share is 0 for a column of short cells, which takes
    what it needs; columns of sentences share what is left, longer ones more.
    """
    rows = shown["rows"]
    under = [i for i, each in enumerate(shown["columns"]) if "under" in each["role"]]
    filled = [i for i in range(len(shown["columns"])) if any(row[i] for row in rows)]
    main = [i for i in filled if i not in under]
    shares = []
    for i in main:
        below = under if i == main[0] else []
        lengths = [max(width(row[j]) for j in (i, *below)) for row in rows]
        mean = sum(lengths) / len(lengths)
        shares.append(0.0 if max(lengths) <= LONG else round(sqrt(mean), 2))
    return main, under, shares


def _image(images: Mapping[str, str]) -> dict[str, object]:
    """Return the drawing of a figure and the share of the column that it takes."""
    if "wide.svg" not in images:
        return {"png": list(base64.b64decode(images["png"])), "share": 1} if images else {}
    svg = images["wide.svg"]
    sides = [
        re.search(rf'<svg[^>]*\b{side}="([\d.]+)(?:pt)?"', svg) for side in ("width", "height")
    ]
    if not all(sides):
        return {"svg": svg, "share": 1}
    width, height = (float(side[1]) for side in sides)
    return {"svg": svg, "share": min(1, width / WIDTH, HEIGHT / height * width / WIDTH)}


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONTS],
    )
