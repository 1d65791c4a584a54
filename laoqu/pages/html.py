"""From an executed notebook to one self-contained page."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

import lxml.html
import mistune
import nbformat
import tinycss2
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from laoqu import paths
from laoqu.errors import ANSI, LANGS, LaoquError
from laoqu.pages import Place, cells, record_of
from laoqu.show.table import block_html, plain, svg_address
from laoqu.show.words import label

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
)
LANGUAGE = {"zh": "中文", "en": "English"}
#: Images that are written as they are, the best first.
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
#: What begins an SVG, and what it must say of names to be an image.
SVG = re.compile(r"<svg(?=[\s>/])([^>]*)")
NAMES = {"xmlns": "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink"}
#: Elements that are pages of their own, whatever their address.
FRAMES = {"iframe", "frame", "object", "embed", "applet", "portal"}
#: Attributes whose address a browser loads by itself; ``href`` does it but for what is a link.
LOADING = {"src", "href", "poster", "background", "manifest", "action", "formaction", "ping"}
LINKS = {("a", ""), ("area", ""), ("link", "alternate"), ("link", "canonical")}
#: Attributes that may name what is drawn with; attributes of SVG that may set an address later.
DRAWN = {"style", "fill", "stroke", "filter", "mask", "clip-path", "cursor", "marker"}
DRAWN |= {"marker-start", "marker-mid", "marker-end"}
MOVED = {"to", "from", "by", "values"}
#: What loads the strings in it, and what may put a string there.
DRAWS = {"url", "src", "image", "image-set", "-webkit-image-set"}
DRAWN_LATER = {"var", "env", "attr", "if"}
DENSITY = re.compile(r"[\d.]+[wxh],?")
#: Rules that a style of a cell may have: any other reaches more than the cell.
SCOPED = {"media", "supports", "container", "layer", "scope", "starting-style", "keyframes"}
#: What lies in the page; a style sheet or page in a ``data:`` address may load others.
INSIDE = re.compile(r"#|data:(?!\s*text)", re.I)
#: What ends a body, and what in a style or script is an element or comment to a browser, where it
#: reads them as other text, as in a drawing: ``<svg><style><b>``.
ENDS, OPENS = re.compile(r"</(?:body|html)\s*>", re.I), re.compile(r"<(?=[a-z/!?])|-->|\]\]>", re.I)
SCRIPT = re.compile(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|importScripts|sendBeacon|WebTransport"
    r"|(?:Shared)?Worker|RTCPeerConnection)\b\s*[(;]|\bimport\s*[(\"'{*]|\bfrom\s*[\"']|\"urls\""
    r"|\b(?:src|srcset|href|location|open)\b.{0,12}[\"'`]\s*(?:https?:)?//"
)


def page(
    notebook: nbformat.NotebookNode, place: Place, title: str, forms: Mapping[str, str],
    shown: Sequence[Mapping[str, object]], files: Sequence[Sequence[str]],
) -> str:  # fmt: skip
    """Return the page of an executed notebook.

    `forms` are the other forms made and the names of their files, `shown` the records of the cells
    and `files` what each can be taken away as. A page that would load something from outside is a
    LaoquError.
    """
    waiting = zip(shown, files, strict=True)
    bodies = ["\n".join(_cell(cell, place, waiting)) for cell in cells(notebook)]
    beside = {**forms, "ipynb": f"{place.stem}.ipynb", "values": f"{place.beside}values.json"}
    names = ["page", *(["plan"] if any(each["kind"] == "plan" for each in shown) else [])]
    script = "".join(template(f"{name}.js") for name in names)
    text = ENVIRONMENT.get_template("page.html.j2").render(
        body="\n".join(bodies), place=place, languages=LANGUAGE, own=_own_files(place),
        title=title, sections=_contents(shown),
        files=[(name, label(f"index.form.{form}", place.lang)) for form, name in beside.items()],
        code=any(cell.cell_type == "code" for cell in cells(notebook)),
        words=partial(label, lang=place.lang),
        css="".join(template(f"{name}.css") for name in names),
        script=script, allowed=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip
    if found := loads(text):
        each = zip(cells(notebook), bodies, strict=True)
        begins = [cell.source[:40] for cell, body in each if body.strip() and loads(body)]
        where = f"the cell that begins {begins[0]!r}" if begins else "the page"
        mend = "make it a link"
        if "<img" in found[0] and "//" not in found[0]:  # it lies beside the notebook
            mend = "drag the picture into the cell, or show it with display(Image(…))"
        raise LaoquError(f"{where} would load something from outside: {found[0]}; {mend}")
    return text


def _own_files(place: Place) -> str:
    """Name the reader's own data behind a page whose cells may say nothing of them."""
    own, other = paths.own_files(check=False), paths.other_data(paths.data())
    if not place.folder.startswith("runs/"):
        return "".join(label("own.made", place.lang, files=each.name) for each in other.values())
    names = ", ".join(file.name for file in (own | other).values())
    return " ".join(label("page.own", lang, files=names) for lang in LANGS) if names else ""


def marked_text(record: Mapping[str, object]) -> str:
    """Return the marked text of the plan and its cards as HTML: `laoqu.pages.plan`."""
    words = partial(label, lang=record["lang"])
    return ENVIRONMENT.get_template("plan.html.j2").render(plan=record, words=words)


def _contents(shown: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    """Return anchor and name of each section, and of the parts of a marked text."""
    found = []
    for each in shown:
        for passage in each.get("passages", ()):
            head = passage["blocks"][0]
            text = "".join(piece["text"] for piece in head["units"][0]["pieces"])
            if head["level"]:
                found.append((passage["id"], head["below"][0][2] if head["below"] else text))
        if each["level"] == 2 and each["title"] and each["kind"] != "figure" and not each["folded"]:
            found.append((each["anchor"], plain(each["title"])))
    return found


def _cell(cell: nbformat.NotebookNode, place: Place, waiting: Iterator[tuple]) -> Iterator[str]:
    """Yield the HTML of a cell: prose, code that is shown on request, and what it shows."""
    if cell.cell_type == "markdown":
        source = cell.source
        for name, forms in cell.get("attachments", {}).items():  # pictures pasted in JupyterLab
            for kind in [each for each in IMAGES if each in forms][:1]:
                inside = f"](data:{kind};base64,{forms[kind]}"
                for written in {name, quote(name)}:
                    source = source.replace(f"](attachment:{written}", inside)
        yield closed(_markdown()(source), "prose")
    if cell.cell_type != "code":
        return
    yield f'<pre class="code" tabindex="0">{html.escape(cell.source)}</pre>'
    for output in cell.outputs:
        data = output.get("data", {})
        if record_of(output):
            record, names = next(waiting)
            files = {place.beside + name: name.rpartition(".")[2].upper() for name in names}
            marked = record["kind"] == "plan"
            yield marked_text(record) if marked else block_html(record, place.plan, files)
        elif "text/html" in data:
            yield closed(data["text/html"], "shown")
        elif "image/svg+xml" in data:  # as an image: no script of it runs
            svg = SVG.sub(_declared, data["image/svg+xml"], count=1)
            strict = lxml.etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True)
            lxml.etree.fromstring(svg.encode() or b"<svg/>", strict)
            image = f'<img alt="" src="{svg_address(svg)}">'
            yield closed(svg, "shown") if strict.error_log else image
        elif kinds := [kind for kind in IMAGES if kind in data]:
            yield f'<img alt="" src="data:{kinds[0]};base64,{data[kinds[0]].strip()}">'
        elif "text/markdown" in data:
            yield closed(_markdown()(data["text/markdown"]), "prose")
        elif said := output.get("text") or next(
            (data[kind] for kind in ("text/latex", "text/plain") if kind in data),
            output.get("evalue", ""),
        ):
            kind = ' class="code"' if output.get("name") == "stderr" else ""  # warnings: with code
            yield f"<pre{kind}>{html.escape(ANSI.sub('', said))}</pre>"


def _declared(head: re.Match) -> str:
    """Return the first tag of an SVG with the names that only a page knows without being told."""
    missing = (f' {name}="{uri}"' for name, uri in NAMES.items() if f"{name}=" not in head[0])
    return f"<svg{''.join(missing)}{head[1]}"


def closed(text: str, name: str) -> str:
    """Return the HTML of a cell as a ``<div>`` that ends whatever is begun in it.

    Its styles stand first in it and reach nothing else, nor the ``<div>`` that holds it in.

    >>> closed("</main><b>x <!-- y", "prose")
    '<div class="prose"><div><b>x </b></div></div>'
    >>> closed("<b>x</b><style>b{top:0}} body{display:none}</style>", "shown")
    '<div class="shown"><div><style>@scope{b{top:0} body{display:none}}</style><b>x</b></div></div>'
    """
    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    page = f"<html><body>{ENDS.sub('', text)}"
    body = lxml.html.document_fromstring(page, parser=parser).find("body")
    lxml.etree.strip_tags(body, "plaintext")  # which nothing ends
    for each in body.iter("style", "script"):
        each.text = OPENS.sub("", each.text or "")
    for each in [*body.iter("style")][::-1]:
        css = _whole(tinycss2.parse_component_value_list(each.text))
        each.drop_tree()
        each.text = f"@scope{{{OPENS.sub('', css)}}}"  # what was escaped is not any more
        body.insert(0, each)
    for each in body.iter("form", "img", *FRAMES):  # by whose names a script has them of the page
        each.attrib.pop("name", None)
    body.tag = "div"
    return f'<div class="{name}">{lxml.html.tostring(body, encoding="unicode")}</div>'


def _whole(nodes: Sequence[tinycss2.ast.Node]) -> str:
    """Return CSS in which every bracket is closed, without rules that reach over what is around.

    >>> _whole(tinycss2.parse_component_value_list("} @page{top:0} b{c:'}'"))
    ' {top:0} b{c:"}"}'
    """
    kept = []
    for node in nodes:
        for name in ("content", "arguments"):
            if hasattr(node, name):
                held = tinycss2.parse_component_value_list(_whole(getattr(node, name)))
                setattr(node, name, held)
        rule = node.type == "at-keyword" and node.lower_value not in SCOPED
        kept += [] if rule or node.type == "error" else [node]
    return tinycss2.serialize(kept)


def loads(text: str) -> list[str]:
    """Return what a page would load from outside itself, each with its element and line.

    Addresses of ordinary links are no loads; ``data:`` and ``#`` are inside the page.

    >>> loads('<a href="https://x.org">x</a><img src=x.png>')
    ['line 1: <img src> x.png']
    """
    return [
        f"line {element.sourceline}: <{element.tag} {name}> {each.strip()[:80]}"
        for element in lxml.html.document_fromstring(text).iter("*")
        for name, value in [*element.items(), (element.tag, element.text or "")]
        if name != element.tag or name in ("style", "script")
        for each in _addresses(element, name.removeprefix("xlink:"), value.strip())
        if element.tag in FRAMES or not INSIDE.match(each.strip())
    ]


def _addresses(element: lxml.html.HtmlElement, name: str, value: str) -> list[str]:
    """Return the addresses that are loaded by an attribute, or by the text of a style or script."""
    rel = element.get("rel", "") if element.tag == "link" else ""
    if name == "script" or name.startswith("on") or value.lower().startswith("javascript:"):
        return SCRIPT.findall(value)
    if name in DRAWN:
        texts = {value, html.unescape(value)}  # in a drawing a browser reads &#47; in a style
        return [each for css in texts for each in _drawn(tinycss2.parse_component_value_list(css))]
    if name.endswith("srcset"):
        return [each.strip(",") for each in value.split() if not DENSITY.fullmatch(each)]
    refresh = name == "content" and element.get("http-equiv", "").lower() == "refresh"
    loaded = value and name in LOADING and (name != "href" or (element.tag, rel) not in LINKS)
    framed = element.tag in FRAMES and name != element.tag
    return [value] if loaded or framed or refresh or (name in MOVED and "//" in value) else []


def _drawn(nodes: Sequence[tinycss2.ast.Node], within: str = "") -> Iterator[str]:
    r"""Yield the addresses that CSS loads: no comment, no text, no name of a namespace is one.

    >>> css = r"@namespace url(a); /* url(b) */ b{c:'url(d)' u\rl(e)}"
    >>> [*_drawn(tinycss2.parse_component_value_list(css))]
    ['e']
    """
    rule = ""
    for node in nodes:
        if node.type == "at-keyword":
            rule = node.lower_value
        elif node == ";" or node.type == "{} block":
            rule = ""
        if rule == "namespace" or within == "type":
            continue
        if node.type == "url" or (node.type == "string" and (within in DRAWS or rule == "import")):
            yield node.value
        elif node.type == "function":
            if within in DRAWS and node.lower_name in DRAWN_LATER:
                yield f"{node.name}()"
            yield from _drawn(node.arguments, node.lower_name)
        elif hasattr(node, "content"):
            yield from _drawn(node.content, within)


@cache
def template(name: str) -> str:
    """Return the text of a file in ``templates/``, a style without its comments."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return re.sub(r"(?s)/\*.*?\*/\n?", "", text) if name.endswith(".css") else text


@cache
def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "footnotes"])
