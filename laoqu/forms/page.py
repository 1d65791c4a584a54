"""From an executed notebook to one self-contained page, and from a batch to its index."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from nbconvert import HTMLExporter
from traitlets.config import Config

from laoqu import forms
from laoqu.forms import finder, made, overview
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


def index_parts(plan: Plan) -> dict[str, object]:
    """Return what the index page shows of a plan whatever was run: the map, and what is found.

    It takes a second, so a batch makes it while its runs go on.

    Returns
    -------
    dict
        ``map`` from `laoqu.forms.overview.shapes` with the names of the areas in lines (``zh``,
        ``en``), ``found`` from `laoqu.forms.finder.index`.
    """
    regions = plan.regions()
    short = {row.region_id: row for row in regions.itertuples()}
    drawn = overview.shapes(regions, plan.layers, plan.membership())
    for area in drawn["areas"]:
        # East of China there is less room; a name of several provinces may break after a dash.
        room = 26 if area["anchor"] == "end" else 16
        english = textwrap.wrap(short[area["region_id"]].label_en.replace("–", "– "), room)
        area["en"] = [line.replace("– ", "–") for line in english]
        area["zh"] = [short[area["region_id"]].name_zh]
    return {"map": drawn, "found": finder.index(plan)}


def index(
    context: dict[str, object],
    plan: Plan | None = None,
    parts: dict[str, object] | None = None,
) -> str:
    """Return the index page of a batch, in both languages.

    Parameters
    ----------
    context : dict
        ``rows`` (one an area: ``region_id``, ``name_zh``, ``name_en``, ``documented``, ``total``,
        ``values``, ``runs`` as in the manifest), ``numbers`` (names of the values), ``made``,
        ``version``, ``sha``; with ``manifest`` the page names the packages too, with ``cards``
        (code of a county → its runs) it lists county cards.
    plan : Plan, optional
        Whose areas and places are drawn and searched; by default ``laoqu.load()``.
    parts : dict, optional
        From `index_parts`, if they are made already.

    Returns
    -------
    str
        One file, with the overview map and the search inside.
    """
    plan = plan or load()
    parts = parts or index_parts(plan)
    rows = [
        dict(row, made=made.forms(row["runs"], forms.DEPTH["report"])) for row in context["rows"]
    ]
    short = {row.region_id: row for row in plan.regions().itertuples()}
    for row in rows:
        row["zh"], row["en"] = short[row["region_id"]].name_zh, short[row["region_id"]].label_en
    cards = made.cards(plan, context.get("cards", {}))
    found = finder.index(plan, cards["provinces"]) if cards["provinces"] else parts["found"]
    areas = [
        {
            "id": row["region_id"],
            "zh": row["zh"],
            "full": row["name_zh"],
            "en": row["name_en"],
            "href": {lang: path for (lang, kind), path in row["made"].items() if kind == "html"},
        }
        for row in rows
    ]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
    )
    text = environment.get_template("index.html.j2").render(
        context | {"rows": rows, "cards": cards},
        by_id={row["region_id"]: row for row in rows},
        kinds=made.KINDS,
        label=label,
        map=parts["map"],
        places=finder.embedded(found | {"areas": areas}),
        css=_text("laoqu/page.css"),
        script=_text("laoqu/page.js") + _text("index.js"),
    )
    return spaced_text(text)


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
