"""From an executed notebook to one self-contained page, and from a batch to its index."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert import HTMLExporter
from traitlets.config import Config

from laoqu import forms
from laoqu.labels import label, spaced
from laoqu.plan import Plan, load

TEMPLATES = Path(__file__).parent / "templates"
#: A page made without a network must not ask for one.
OUTSIDE = re.compile(r'(?:src|href)="(?:https?:)?//', re.IGNORECASE)
#: What text may not be changed in: tags, styles, scripts, code, and the plan's own words.
KEPT = re.compile(r"(<style.*?</style>|<script.*?</script>|<pre.*?</pre>|<q .*?</q>|<[^>]*>)", re.S)


def page(
    notebook: nbformat.NotebookNode,
    lang: str,
    title: str,
    beside: Mapping[str, str] | None = None,
    depth: int = 2,
) -> str:
    """Return the HTML page of an executed report notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; cells tagged ``notebook-only`` stay out of the page.
    lang : {"zh", "en"}
    title : str
        For the browser's tab.
    beside : mapping, optional
        Form → file of the other forms that are made, for links to them.
    depth : int
        Folders between the index and the page.

    Returns
    -------
    str
        One file: styles, script and figures inside, no address outside.
    """
    sections = [
        (shown["anchor"], shown["title"])
        for shown in forms.contents(notebook)
        if shown["kind"] == "block" and shown["title"] and shown["anchor"] != "head"
        if shown.get("level", 2) == 2
    ]
    words = {
        "contents": "nav.contents", "index": "nav.index", "code": "nav.code", "skip": "nav.skip",
        "filter": "table.filter", "count": "table.count",
    }  # fmt: skip
    it = {name: label(key, lang) for name, key in words.items()}
    it |= {"up": "../" * depth, "lang": lang, "title": title, "sections": sections}
    it["beside"] = [(label(f"index.form.{k}", lang), name) for k, name in (beside or {}).items()]
    it |= {"css": _text("laoqu/page.css"), "script": _text("laoqu/page.js")}
    # nbconvert's own method parses the page once more, for pictures and cells that it has not.
    exporter = _exporter()
    body, _ = super(HTMLExporter, exporter).from_notebook_node(notebook, {"laoqu": it})
    if found := OUTSIDE.search(body):
        raise ValueError(f"the page would ask the network: {body[found.start() :][:80]}")
    return spaced_text(body) if lang == "zh" else body


def spaced_text(page: str) -> str:
    """Set thin spaces between Chinese and Latin in the text of a page, never inside tags."""
    return "".join(part if part.startswith("<") else spaced(part) for part in KEPT.split(page))


@cache
def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _exporter() -> HTMLExporter:
    settings = Config()
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_cell_tags = {"notebook-only", "injected-parameters"}
    settings.HTMLExporter.sanitize_html = False
    return HTMLExporter(
        config=settings, template_name="laoqu", extra_template_basedirs=[str(TEMPLATES)]
    )
