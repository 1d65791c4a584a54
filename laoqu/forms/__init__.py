"""From an executed notebook to what readers take away: page, PDF, DOCX, values, tables, figures.

A notebook's outputs carry, beside their HTML, what they show as plain data (`laoqu.labels.MIME`).
Every form is made from that, so that no form can say what another does not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence

import nbformat
import pandas as pd

from laoqu.errors import ParameterError
from laoqu.labels import MIME

FORMATS = ("html", "pdf", "docx")
#: Folders between the index and the page of a run, by the name of the page; two for any other.
DEPTH = {"report": 2, "card": 3}


def contents(notebook: nbformat.NotebookNode) -> Iterator[dict[str, object]]:
    """Yield what the cells of an executed notebook show, in order, as plain data."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if shown := output.get("data", {}).get(MIME):
                yield shown


def render(
    notebook: nbformat.NotebookNode,
    lang: str,
    title: str,
    formats: Sequence[str] = ("html",),
    stem: str = "report",
) -> dict[str, bytes]:
    """Return the files of a report, by their path inside its folder.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.
    lang : {"zh", "en"}
    title : str
        For the browser's tab and the running head.
    formats : sequence of {"html", "pdf", "docx"}
    stem : str
        Name of the page, PDF and DOCX without suffix.

    Returns
    -------
    dict
        ``report.html`` …, ``values.json``, ``figures/NAME.png|svg|csv``, ``tables/NAME.csv``.

    Raises
    ------
    ParameterError
        For an unknown format.
    """
    if unknown := [form for form in formats if form not in FORMATS]:
        raise ParameterError(f"unknown format {unknown[0]!r}, expected {', '.join(FORMATS)}")
    files: dict[str, bytes] = {}
    values: dict[str, object] = {}
    for shown in contents(notebook):
        name = shown["name"]
        values |= shown.get("values", {})
        if shown["kind"] == "figure":
            files[f"figures/{name}.png"] = base64.b64decode(shown["png"])
            files[f"figures/{name}.svg"] = shown["svg"].encode()
            files[f"figures/{name}.csv"] = shown["csv"].encode()
        elif shown["rows"]:
            # What a researcher takes has more columns than what a page has room for.
            table = pd.DataFrame(**_table(shown.get("records") or shown))
            files[f"tables/{name}.csv"] = table.to_csv(index=False, lineterminator="\n").encode()
    files["values.json"] = (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()
    if "html" in formats:
        from laoqu.forms.page import page

        beside = {form: f"{stem}.{form}" for form in FORMATS[1:] if form in formats}
        files[f"{stem}.html"] = page(notebook, lang, title, beside, DEPTH.get(stem, 2)).encode()
    if "pdf" in formats:
        from laoqu.forms.pdf import pdf

        files[f"{stem}.pdf"] = pdf(notebook, lang, title)
    if "docx" in formats:
        from laoqu.forms.docx import docx

        files[f"{stem}.docx"] = docx(notebook, lang, title)
    return files


def _table(shown: Mapping[str, object]) -> dict[str, object]:
    return {"data": shown["rows"], "columns": shown["columns"]}
