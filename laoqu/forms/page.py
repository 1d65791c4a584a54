"""From an executed notebook to one self-contained page, and from a batch to its index."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert import HTMLExporter
from traitlets.config import Config

from laoqu.labels import label, spaced

TEMPLATES = Path(__file__).parent / "templates"
SECTION = re.compile(r'<section class="laoqu" id="([\w-]+)">\s*<h2>(.*?)</h2>')
#: A page made without a network must not ask for one.
OUTSIDE = re.compile(r'(?:src|href)="(?:https?:)?//', re.IGNORECASE)


def page(notebook: nbformat.NotebookNode, lang: str, title: str) -> str:
    """Return the HTML page of an executed report notebook.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; cells tagged ``notebook-only`` stay out of the page.
    lang : {"zh", "en"}
    title : str
        For the browser's tab.

    Returns
    -------
    str
        One file: styles and figures inside, no address outside.
    """
    sections = [
        match
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for match in SECTION.findall(_html(output))
    ]
    resources = {
        "laoqu": {
            "lang": lang, "title": title, "sections": sections, "css": _css(),
            "contents": label("nav.contents", lang), "index": label("nav.index", lang),
            "code": label("nav.code", lang),
        }
    }  # fmt: skip
    body, _ = _exporter().from_notebook_node(notebook, resources)
    if found := OUTSIDE.search(body):
        raise ValueError(f"the page would ask the network: {body[found.start() :][:80]}")
    return spaced_text(body) if lang == "zh" else body


def index(context: dict[str, object]) -> str:
    """Return the index page; `context` is what ``templates/index.html.j2`` names."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
    )
    text = environment.get_template("index.html.j2").render(css=_css(), label=label, **context)
    return spaced_text(text)


def spaced_text(page: str) -> str:
    """Set thin spaces between Chinese and Latin in the text of a page, never inside tags."""
    parts = re.split(r"(<style.*?</style>|<pre.*?</pre>|<q .*?</q>|<[^>]*>)", page, flags=re.DOTALL)
    return "".join(part if part.startswith("<") else spaced(part) for part in parts)


def _html(output: dict[str, object]) -> str:
    return str(output.get("data", {}).get("text/html", ""))


@cache
def _css() -> str:
    return (TEMPLATES / "laoqu" / "page.css").read_text(encoding="utf-8")


@cache
def _exporter() -> HTMLExporter:
    settings = Config()
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_cell_tags = {"notebook-only", "injected-parameters"}
    settings.HTMLExporter.sanitize_html = False
    return HTMLExporter(
        config=settings, template_name="laoqu", extra_template_basedirs=[str(TEMPLATES)]
    )
