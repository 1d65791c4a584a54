"""From the records of a report to paper: a tagged PDF set by Typst, a Word document by pandoc.

Both templates set the same parts, whose texts are lists of lines, each line a list of runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

import pylopdf_fonts_zh_cn
import pypandoc
import typst

from laoqu.pages import title_of
from laoqu.pages.html import ENVIRONMENT, TEMPLATES
from laoqu.show.table import runs
from laoqu.show.words import label

AUTHOR = "laoqu contributors"
KEYWORDS = ("laoqu", "革命老区", "policy analysis", "content analysis")
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
#: Regular faces come with a package, the bold one with laoqu.
FONTS = (Path(pylopdf_fonts_zh_cn.__file__).parent, Path(__file__).parents[1] / "show" / "fonts")
#: The earliest time that a ZIP file can hold: the same records give the same bytes.
EPOCH = "315532800"

Lines = list[list[tuple[str, str, str]]]


def pdf(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the PDF of what a report shows: A4, PDF/UA, with an outline.

    The same records give the same bytes. What is folded on the page is left out.
    """
    report = {
        "lang": lang, "title": title_of(shown, lang), "author": AUTHOR, "keywords": KEYWORDS,
        "kicker": label("site.title", lang), "parts": list(parts(shown)),
    }  # fmt: skip
    return typst.compile(
        str(TEMPLATES / "report.typ"), root=str(TEMPLATES), font_paths=_fonts(),
        ignore_system_fonts=True, sys_inputs={"report": json.dumps(report)},
        pdf_standards=["ua-1"],
    )  # fmt: skip


def docx(shown: Sequence[Mapping[str, object]], lang: str) -> bytes:
    """Return the Word document of the same; its styles are those of ``reference.docx``."""
    title = title_of(shown, lang)
    text = ENVIRONMENT.get_template("word.html.j2").render(
        title=title, kicker=label("site.title", lang), parts=parts(shown)
    )
    words = {"title": title, "author": AUTHOR, "lang": LANGUAGES[lang]}
    with tempfile.TemporaryDirectory(prefix="laoqu-") as folder:
        path = Path(folder) / "report.docx"
        command = [
            pypandoc.get_pandoc_path(), "--sandbox", "--from=html", "--to=docx",
            f"--output={path}",
            f"--reference-doc={TEMPLATES / 'reference.docx'}",
            f"--template={TEMPLATES / 'body.openxml'}", "--quiet",
            *(f"--metadata={name}={text}" for name, text in words.items()),
            *(f"--metadata=keywords={word}" for word in KEYWORDS),
        ]  # fmt: skip
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        subprocess.run(command, input=text.encode(), check=True, env=environment)
        return path.read_bytes()


def parts(shown: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Yield what goes on paper: nothing that is folded, no column without any entry."""
    depth = 0
    for number, each in enumerate(one for one in shown if not one["folded"]):
        lines = partial(_lines, quotes=each["quotes"])
        # The page has the title; a tagged document has no heading that skips a level.
        headed = each["title"] and each["level"] > 1 and each["kind"] != "figure"
        depth = min(each["level"] - 1, depth + 1) if headed else depth
        heads, rows = each["columns"], each["rows"]
        filled = [i for i in range(len(heads)) if any(row[i] for row in rows)]
        under = [i for i in filled if "under" in heads[i]["role"]]
        main = [i for i in filled if i not in under]
        cells = [[lines(row[i] or "–", heads[i]["role"]) for i in main] for row in rows if main]
        for row, texts in zip(cells, rows, strict=False):
            row[0] += [
                line for i in under if texts[i] for line in lines(texts[i], heads[i]["role"])
            ]
        yield {
            "kind": each["kind"], "form": each["form"], "anchor": f"{each['anchor']}-{number}",
            "depth": depth if headed else 0, "title": lines(each["title"]),
            "paragraphs": [lines(text) for text in each["paragraphs"]],
            "tiles": [
                [lines(tile[name]) for name in ("value", "label", "note")] for tile in each["tiles"]
            ],
            "heads": [lines(heads[i]["label"]) for i in main],
            "numeric": [heads[i]["role"] == "number" for i in main], "rows": cells,
            "groups": {str(at): lines(text) for at, text in each["groups"]},
            "note": lines(each["note"]), "caption": lines(each["caption"]), "alt": each["alt"],
            "svg": each["images"].get("wide.svg", ""), "png": each["images"].get("png", ""),
            "passages": each.get("passages", []),
        }  # fmt: skip


def _lines(text: object, role: str = "", *, quotes: Sequence[str]) -> Lines:
    if "words" in role:
        return [[("quote", str(text), "")]]
    return [runs(line, quotes) for line in str(text).split("\n")] if text else []


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONTS],
    )
