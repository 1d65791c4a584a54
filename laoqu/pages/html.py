"""From an executed notebook to one self-contained page; the shell is shared by all pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from html.parser import HTMLParser
from pathlib import Path

import mistune
import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from laoqu.errors import LaoquError
from laoqu.pages import Place, cells, marked, record_of, records, title_of
from laoqu.show.table import MIME, block_html, plain
from laoqu.show.words import label, spaced

TEMPLATES = Path(__file__).parent / "templates"
#: What text may not be changed in: tags, styles, scripts, code, and the plan's own words.
KEPT = re.compile(
    r"(<style.*?</style>|<script.*?</script>|<pre.*?</pre>|<q .*?</q>"
    r"|<!--kept-->.*?<!--/kept-->|<[^>]*>)", re.S
)  # fmt: skip
#: Attributes whose address a browser loads by itself.
LOADING = {"src", "srcset", "poster", "data", "background", "manifest", "action", "formaction"}
#: Elements that load the address in ``href``; the link of an ``a`` is the reader's choice.
LOADED_HREF = {"base", "link", "image", "use", "feimage", "script"}
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+(?:url\(\s*)?)["']?([^"')\s;]+)""", re.I)
SCRIPT = re.compile(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|sendBeacon|Worker)\s*\("
    r"|\bimport\s*[(\"'{*]|\bfrom\s*[\"']|\b(?:src|srcset)\b.{1,9}[\"'`](?:https?:)?//"
)
LANGUAGE = {"zh": "中文", "en": "English"}


def page(notebook: nbformat.NotebookNode, place: Place, files: Mapping[str, str]) -> str:
    """Return the page of an executed notebook: styles, script and figures inside.

    Parameters
    ----------
    notebook : NotebookNode
        Cells tagged ``notebook-only`` stay out.
    place : Place
    files : mapping
        Form → name of its file, for what is made beside the page.
    """
    shown = list(records(notebook))
    waiting = iter(shown)
    parts = [part for cell in cells(notebook) for part in _cell(cell, place, waiting)]
    text = [each for each in shown if each["kind"] == "plan"]
    sections = [head for each in text for head in marked.contents(each)]
    sections += [
        (each["anchor"], plain(each["title"]))
        for each in shown
        if each["level"] == 2 and each["title"] and each["kind"] != "figure"
        if text or not each["folded"]
    ]
    beside = {**files, "ipynb": f"{place.stem}.ipynb", "values": f"{place.beside}values.json"}
    return shell(
        "\n".join(parts), place, title_of(shown, place.lang), sections=sections,
        files=[(name, label(f"index.form.{form}", place.lang)) for form, name in beside.items()],
        code=any(cell.cell_type == "code" for cell in cells(notebook)),
        **(marked.extras() if text else {}),
    )  # fmt: skip


def shell(body: str, place: Place, title: str, **more: object) -> str:
    """Return a whole page around `body`.

    Parameters
    ----------
    body : str
        HTML of the page's main part.
    place : Place
        Where it stands: the links to the index and to the other language follow from it.
    title : str
    **more
        ``sections`` (anchor and name), ``files`` (address and name), ``code`` (whether code can be
        shown), ``css`` and ``script`` (added to those of every page), ``kind`` (class of the body).

    Raises
    ------
    LaoquError
        When the page would load something from outside.
    """
    other = place.other
    up = [(f"{place.up}index.html#{place.lang}", label("nav.index", place.lang), "")]
    up += [(address, LANGUAGE[lang], lang) for lang, address in other.items()]
    values = {"sections": [], "files": [], "code": False, "kind": "report", **more}
    values["css"] = template("page.css") + str(more.get("css", ""))
    values["script"] = template("page.js") + str(more.get("script", ""))
    text = _template().render(
        values | {"body": body, "title": title, "lang": place.lang, "up": up},
        words=partial(label, lang=place.lang),
        elsewhere=[(address, lang) for lang, address in other.items()],
    )
    if found := loads(text):
        raise LaoquError(f"the page would load something from outside: {found[0]}")
    if place.lang == "zh":
        text = "".join(one if one.startswith("<") else spaced(one) for one in KEPT.split(text))
    return text


def _cell(
    cell: nbformat.NotebookNode, place: Place, shown: Iterator[Mapping[str, object]]
) -> list[str]:
    """Return the HTML of a cell: prose, code that is shown on request, and what it shows."""
    if cell.cell_type == "markdown":
        return [f'<div class="prose">{_markdown()(cell.source)}</div>']
    if cell.cell_type != "code":
        return []
    parts = [f'<pre class="code" tabindex="0">{html.escape(cell.source)}</pre>']
    for output in cell.outputs:
        data = output.get("data", {})
        if record_of(output):
            record = next(shown)
            if record["kind"] == "plan":
                parts.append(marked.fragment(record))
            else:
                parts.append(block_html(record, place.plan, _downloads(record, place)))
        elif MIME in data:
            continue
        elif "text/html" in data:
            parts.append(data["text/html"])
        elif "image/png" in data:
            parts.append(f'<img alt="" src="data:image/png;base64,{data["image/png"].strip()}">')
        else:
            said = output.get("text") or data.get("text/plain") or output.get("evalue", "")
            parts.append(f"<pre>{html.escape(said)}</pre>" if said else "")
    return parts


def _downloads(shown: Mapping[str, object], place: Place) -> str:
    """Return the quiet line under a table or figure: what it can be taken away as."""
    key, figure = shown["key"], shown["kind"] == "figure"
    forms = [f for f in ("png", "svg") if figure and ({f, f"wide.{f}"} & set(shown["images"]))]
    forms += ["csv"] if shown["download"] else []
    folder = f"{place.beside}{'figures' if figure else 'tables'}"
    links = [f'<a href="{folder}/{key}.{form}" download>{form.upper()}</a>' for form in forms]
    return f'<p class="files">{"".join(links)}</p>' if links else ""


def loads(text: str) -> list[str]:
    """Return what a page would load from outside itself, each with its element and line.

    Addresses of ordinary links are no loads; ``data:`` and ``#`` are inside the page.

    Examples
    --------
    >>> from laoqu.pages.html import loads
    >>> loads('<a href="https://x.org">x</a><img src=x.png>')
    ['line 1: <img src> x.png']
    """
    parser = _Loads(convert_charrefs=True)
    parser.feed(text)
    parser.close()
    return parser.found


class _Loads(HTMLParser):
    def __init__(self, **settings: bool) -> None:
        super().__init__(**settings)
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("style", "script") else ""
        given = {name.removeprefix("xlink:"): value or "" for name, value in attrs}
        for name, value in given.items():
            if name in LOADING or (name == "href" and tag in LOADED_HREF):
                if tag == "link" and given.get("rel") in ("alternate", "canonical"):
                    continue
                self._note(f"<{tag} {name}>", value)
            if name == "style":
                self._css(f"<{tag} style>", value)
            if name.startswith("on") or value.strip().lower().startswith("javascript:"):
                self._script(f"<{tag} {name}>", value)
            if name == "srcdoc":
                self.found += loads(value)
        if tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self._note("<meta refresh>", given.get("content", ""))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self._css("<style>", data)
        elif self._inside == "script":
            self._script("<script>", data)

    def _css(self, where: str, text: str) -> None:
        for address in CSS_ADDRESS.findall(text):
            self._note(where, address)

    def _script(self, where: str, text: str) -> None:
        if found := SCRIPT.search(text):
            self.found.append(f"line {self.getpos()[0]}: {where} {found[0]}")

    def _note(self, where: str, address: str) -> None:
        if not address.strip().lower().startswith(("data:", "#")):
            self.found.append(f"line {self.getpos()[0]}: {where} {address.strip()[:80]}")


@cache
def template(name: str) -> str:
    """Return the text of a file in ``templates/``."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _template() -> object:
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    return environment.get_template("page.html.j2")


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes"])
