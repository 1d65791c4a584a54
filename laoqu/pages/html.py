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
from laoqu.pages import Place, cells, downloads, marked, record_of, records, title_of
from laoqu.show.table import block_html, plain
from laoqu.show.words import label, spaced

TEMPLATES = Path(__file__).parent / "templates"
#: What text may not be changed in: tags, styles, scripts, code, and the plan's own words.
KEPT = re.compile(
    r"(<style.*?</style>|<script.*?</script>|<pre.*?</pre>|<q .*?</q>"
    r"|<!--kept-->.*?<!--/kept-->|<[^>]*>)", re.S
)  # fmt: skip
#: Attributes whose address a browser loads by itself; ``href`` only of these elements.
LOADING = {"src", "srcset", "poster", "data", "background", "manifest", "action", "formaction"}
LOADED_HREF = {"base", "link", "image", "use", "feimage", "script"}
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+(?:url\(\s*)?)["']?([^"')\s;]+)""", re.I)
SCRIPT = re.compile(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|sendBeacon|Worker)\s*\("
    r"|\bimport\s*[(\"'{*]|\bfrom\s*[\"']|\b(?:src|srcset)\b.{1,9}[\"'`](?:https?:)?//"
)
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
)
LANGUAGE = {"zh": "中文", "en": "English"}


def page(notebook: nbformat.NotebookNode, place: Place, files: Mapping[str, str]) -> str:
    """Return the page of an executed notebook; `files`: form → name of what is made beside it."""
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
    """Return a whole page around the HTML of its main part.

    `more` are ``sections`` (anchor and name), ``files`` (address and name), ``code`` (whether code
    can be shown), ``css`` and ``script`` (added to those of every page), ``kind`` (class of the
    body). A page that would load something from outside is a LaoquError.
    """
    other = place.other
    up = [(f"{place.up}index.html#{place.lang}", label("nav.index", place.lang), "")]
    up += [(address, LANGUAGE[lang], lang) for lang, address in other.items()]
    values = {"sections": [], "files": [], "code": False, "kind": "report", **more}
    values["css"] = template("page.css") + str(more.get("css", ""))
    values["script"] = template("page.js") + str(more.get("script", ""))
    text = ENVIRONMENT.get_template("page.html.j2").render(
        values | {"body": body, "title": title, "lang": place.lang, "up": up},
        words=partial(label, lang=place.lang),
        elsewhere=[(address, lang) for lang, address in other.items()],
    )
    if found := loads(text):
        raise LaoquError(f"the page would load something from outside: {found[0]}")
    return with_spaces(text) if place.lang == "zh" else text


def with_spaces(page: str) -> str:
    """Set the thin spaces of Chinese in the text of a page, but not in the plan's own words."""
    return "".join(one if one.startswith("<") else spaced(one) for one in KEPT.split(page))


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
    names = [name for name in downloads([shown]) if name != "values.json"]
    links = [
        f'<a href="{place.beside}{name}" download>{name.rpartition(".")[2].upper()}</a>'
        for name in names
    ]
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
    parser = _Loads()
    parser.feed(text)
    parser.close()
    return parser.found


class _Loads(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = {name.removeprefix("xlink:"): value or "" for name, value in attrs}
        told = tag == "link" and given.get("rel") in ("alternate", "canonical")
        for name, value in given.items():
            where = f"<{tag} {name}>"
            if name in LOADING or (name == "href" and tag in LOADED_HREF and not told):
                self._note(where, [value])
            elif name == "style":
                self._note(where, CSS_ADDRESS.findall(value))
            elif name == "srcdoc":
                self._note(where, loads(value))
            elif name.startswith("on") or value.strip().lower().startswith("javascript:"):
                self._note(where, SCRIPT.findall(value))
        if given.get("http-equiv", "").lower() == "refresh":
            self._note("<meta refresh>", [given.get("content", "")])

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        # Inside a style or a script the parser reads text alone.
        if pattern := {"style": CSS_ADDRESS, "script": SCRIPT}.get(self.cdata_elem):
            self._note(f"<{self.cdata_elem}>", pattern.findall(data))

    def _note(self, where: str, addresses: Sequence[str]) -> None:
        self.found += [
            f"line {self.getpos()[0]}: {where} {each.strip()[:80]}"
            for each in addresses
            if not each.strip().lower().startswith(("data:", "#"))
        ]


@cache
def template(name: str) -> str:
    """Return the text of a file in ``templates/``."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes"])
