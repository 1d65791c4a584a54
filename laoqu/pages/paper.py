"""From the records of a report to paper: a tagged PDF set by Typst, a Word document by pandoc.

Both templates set the same parts, whose texts are lists of lines, each line a list of runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import pypandoc
import typst

from laoqu import metadata, paths
from laoqu.errors import LaoquError
from laoqu.pages.html import ENVIRONMENT, TEMPLATES
from laoqu.show.table import runs
from laoqu.show.words import label

LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
#: Regular faces come with a package, the bold one with laoqu.
FONTS = (Path(pylopdf_fonts_zh_cn.__file__).parent, Path(__file__).parents[1] / "show" / "fonts")
#: The earliest time that a ZIP file can hold: the same records give the same bytes.
EPOCH = "315532800"

Lines = list[list[tuple[str, str, str]]]
#: The most columns of a table on a page of paper.
MOST = 10


def pdf(shown: Sequence[Mapping[str, object]], lang: str, title: str) -> bytes:
    """Return the PDF of what a report shows: A4, PDF/UA, with an outline.

    The same records give the same bytes. What is folded on the page is left out.
    """
    report = _about(lang, title) | {"parts": list(parts(shown))}
    try:
        return typst.compile(
            str(TEMPLATES / "report.typ"), root=str(TEMPLATES), font_paths=_fonts(),
            ignore_system_fonts=True, sys_inputs={"report": json.dumps(report)},
            pdf_standards=["ua-1"],
        )  # fmt: skip
    except typst.TypstError as error:  # of signs that no font has
        raise LaoquError(f"{error}: replace it, or leave pdf out of the formats") from error


def docx(shown: Sequence[Mapping[str, object]], lang: str, title: str) -> bytes:
    """Return the Word document of the same; its styles are those of ``reference.docx``."""
    template = ENVIRONMENT.get_template("word.html.j2")
    text = template.render(_about(lang, title), parts=parts(shown), tag=LANGUAGES[lang])
    command = [
        pypandoc.get_pandoc_path(), "--sandbox", "--from=html", "--to=docx", "--output=-",
        "--reference-doc=reference.docx", "--template=body.openxml", "--quiet",
    ]  # fmt: skip
    # From the templates' folder: of a path, pandoc takes %20 for a blank.
    made = subprocess.run(
        command, input=text.encode(), capture_output=True, cwd=TEMPLATES,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
    )  # fmt: skip
    if made.returncode:
        said = made.stderr.decode(errors="replace").strip()
        raise LaoquError(f"pandoc made no Word file: {said}")
    return made.stdout


def parts(shown: Sequence[Mapping[str, object]]) -> Iterator[dict[str, object]]:
    """Yield what goes on paper: nothing that is folded, no column without any entry.

    A table of more columns than paper holds is several, each with the first column.
    """
    depth = 0
    for number, each in enumerate(one for one in shown if not one["folded"]):

        def lines(text: str, role: str = "", quotes: Sequence[str] = each["quotes"]) -> Lines:
            if "words" in role:
                return [[("quote", text, "")]]
            return [runs(line, quotes) for line in text.split("\n")] if text else []

        # The page has the title; a tagged document has no heading that skips a level.
        headed = each["title"] and each["level"] > 1 and each["kind"] != "figure"
        depth = min(each["level"] - 1, depth + 1) if headed else depth
        filled = [i for i in range(len(each["columns"])) if any(row[i] for row in each["rows"])]
        roles = [column["role"] for column in each["columns"]]
        heads = [
            column["label"].replace("_", "_\u200b") for column in each["columns"]
        ]  # break here
        main = [i for i in filled if "under" not in roles[i]]
        sets = [main[:1] + main[k : k + MOST - 1] for k in range(1, len(main), MOST - 1)] or [main]
        for turn, here in enumerate(sets):
            rows, last = [], turn == len(sets) - 1
            for row in each["rows"] if main else ():
                cells = [lines(row[i] or "–", roles[i]) for i in here]
                for i in filled if not turn else ():
                    cells[0] += lines(row[i], roles[i]) if row[i] and "under" in roles[i] else []
                rows.append(cells)
            anchor = f"{each['anchor']}-{number}" + f"-{turn}" * bool(turn)
            yield {
                "kind": each["kind"], "form": each["form"], "anchor": anchor,
                "depth": depth if headed and not turn else 0, "rows": rows,
                "title": lines(each["title"]) if not turn else [],
                "paragraphs": list(map(lines, each["paragraphs"])),
                "tiles": [
                    [lines(tile[name]) for name in ("value", "label", "note")]
                    for tile in each["tiles"]
                ],
                "heads": [lines(heads[i]) for i in here],
                "numeric": [roles[i] == "number" for i in here],
                "groups": {str(at): lines(text) for at, text in each["groups"]},
                "note": lines(each["note"]) if last else [], "alt": each["alt"],
                "caption": lines(each["caption"]) if last else [],
                "svg": each["images"].get("wide.svg", ""), "png": each["images"].get("png", ""),
                "passages": each.get("passages", []),
            }  # fmt: skip


def _about(lang: str, title: str) -> dict[str, object]:
    package = json.loads((paths.data() / "datapackage.json").read_text(encoding="utf-8"))
    return {
        "lang": lang, "title": title, "kicker": label("site.title", lang),
        "author": metadata.authors(package), "keywords": package["keywords"],
    }  # fmt: skip


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONTS],
    )  # fmt: skip
