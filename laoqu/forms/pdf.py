"""From an executed notebook to a PDF, through Typst: fonts inside, no package of the system."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import nbformat
import typst

from laoqu.figures.style import FONT_FOLDER, REACH_FILL
from laoqu.forms.outline import outline

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
#: What the file promises: read aloud in order (PDF/UA-1).
STANDARDS = ["ua-1"]
#: Points of 160 mm by 205 mm: a figure with its caption stays on one page.
WIDTH, HEIGHT = 453.5, 581.0


def pdf(notebook: nbformat.NotebookNode, lang: str, title: str) -> bytes:
    """Return the PDF of an executed report notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    lang : {"zh", "en"}
    title : str
        For the metadata and the running head.

    Returns
    -------
    bytes
        A4, tagged, with an outline; the same notebook gives the same bytes.
    """
    report = outline(notebook, lang, title)
    report["reach"] = REACH_FILL
    for part in report["parts"]:
        if part["kind"] == "figure":
            part["share"] = _share(part["svg"])
            del part["png"]  # the drawing itself goes in
    return typst.compile(
        str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=_fonts(), ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(report)}, pdf_standards=STANDARDS,
    )  # fmt: skip


def _share(svg: str) -> float:
    """Return how much of the column a figure takes: its own size, less where it is too tall."""
    width, height = (float(re.search(rf'\b{side}="([\d.]+)pt"', svg)[1])
                     for side in ("width", "height"))  # fmt: skip
    return min(width / WIDTH, 1, HEIGHT / height * width / WIDTH)


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
    )
