"""The record of the annotated plan as HTML and for print; `laoqu.pages.plan` makes the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from laoqu.show.words import label

TEMPLATES = Path(__file__).parent / "templates"
#: Kinds of marks that are names.
PLACES = ("place", "area")

Record = dict[str, object]


def extras() -> dict[str, str]:
    """Return what the page of the plan has beyond that of a report: `laoqu.pages.html.shell`."""
    css, script = ((TEMPLATES / name).read_text("utf-8") for name in ("plan.css", "plan.js"))
    return {"css": css, "script": script, "kind": "report annotated"}


def contents(record: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return anchor and name of the parts of the text, for the list of contents."""
    heads = [unit for unit in record["units"] if unit["kind"] == "heading"]
    return [(unit["passage"], (unit["below"] or [["", "", unit["text"]]])[0][2]) for unit in heads]


def fragment(record: Mapping[str, object]) -> str:
    """Return the marked text and its cards as HTML; the words of the plan stand as they are."""
    spans, out = record["spans"], []
    for passage, together in groupby(record["units"], key=lambda unit: unit["passage"]):
        units = list(together)
        anchor = f' id="{passage}"' if units[0]["id"] != passage else ""
        out.append(f'<section{anchor} class="{"box" if passage[0] == "b" else passage}">')
        for running, group in groupby(units, key=lambda unit: unit["kind"] == "sentence"):
            if running and record["lang"] == "zh":
                sentences = (f'<span id="{u["id"]}">{_marked(u, spans)}</span>' for u in group)
                out.append(f'<p class="t">{"".join(sentences)}</p>')
                continue
            for unit in group:
                tag = "p" if running else f"h{unit['level']}"
                text = _marked(unit, spans)
                out.append(f'<{tag} class="t" lang="zh-Hans" id="{unit["id"]}">{text}</{tag}>')
                out.append(_below(unit["below"]))
        out.append("</section>")
    words = partial(label, lang=record["lang"])
    cards = "".join(_card(span, spans, escape(words("planpage.close"))) for span in spans)
    template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True).get_template(
        "plan.html.j2"
    )
    return template.render(plan=record, words=words, text="".join(out), cards=cards)


def _below(lines: Sequence[Sequence[str]]) -> str:
    """Return the English under a sentence: a line a measure, each with its letter."""
    shown = []
    for name, code, english in lines:
        letter = f'<i class="{code}">{code}</i> ' if code else ""
        shown.append(f'<span data-of="{name}">{letter}{escape(english)}</span>')
    return f'<p class="below">{" ".join(shown)}</p>' if shown else ""


def _marked(unit: Mapping[str, object], spans: Sequence[Record]) -> str:
    """Return a unit's text with its marks. Where two overlap, the inner one goes on in parts."""
    turns, begun, out = dict(unit["turns"]), set(), []
    stack: list[tuple[int, str]] = []
    for a, b, over in [*unit["pieces"], (0, 0, ())]:
        same = [i == j for (i, _), j in zip(stack, over, strict=False)]
        keep = [*same, False].index(False)
        while len(stack) > keep:
            out.append(f"</{stack.pop()[1]}>")
        for i in over[keep:]:
            # A link cannot stand in a link: a name inside a name is told on the outer one's card.
            link = spans[i]["kind"] in PLACES and not any(tag == "a" for _, tag in stack)
            stack.append((i, "a" if link else "span"))
            out.append(_opening(spans[i], stack[-1][1], first=i not in begun))
            begun.add(i)
        if b and a in turns:
            out.append(
                f'<span class="pg" role="doc-pagebreak" aria-label="{turns[a]}">{turns[a]}</span>'
            )
        out.append(escape(unit["text"][a:b]))
    return "".join(out)


def _opening(span: Record, tag: str, first: bool) -> str:
    """Return the tag that opens a mark and, at its beginning, the letter beside it."""
    name, kind = escape(span["id"]), f"{span['kind']} {span.get('class', '')}".strip()
    data = {**span["tags"], "find": span.get("find", "")}
    data = "".join(f' data-{key}="{escape(value)}"' for key, value in data.items() if value)
    href = f' href="#k-{name}"'
    anchor = f' id="{name}"' if first else ""
    opened = f'<{tag} class="{kind}"{anchor}{data}{href if tag == "a" else ""}>'
    if not first or span["kind"] in PLACES:
        return opened
    letter = span.get("class", "?")
    return f'{opened}<a class="k"{href} aria-label="{escape(span["label"])}">{letter}</a>'


def _card(span: Record, spans: Sequence[Record], close: str) -> str:
    """Return what a mark opens: what is known of it, in rows, and how to cite it."""
    rows = [*span["rows"]]
    if span["kind"] in PLACES:
        rows += [[other["title"], other["rows"][0][1]] for other in spans
                 if other is not span and other["kind"] in PLACES
                 and span["start"] <= other["start"] and other["end"] <= span["end"]]  # fmt: skip
    body = "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in rows)
    name = escape(span["id"])
    cite = f'<p class="cite" lang="zh-Hans">{escape(span["cite"])}</p>' if span["cite"] else ""
    return (
        f'<section class="card" id="k-{name}" aria-labelledby="h-{name}" tabindex="-1">'
        f'<a class="close" href="#{name}" aria-label="{close}">×</a>'
        f'<h2 id="h-{name}">{escape(span["title"])}</h2><p class="at">{escape(span["where"])}</p>'
        f"<dl>{body}</dl>{cite}</section>"
    )


def printed(record: Mapping[str, object]) -> list[Record]:
    """Return the text as ``plan.typ`` sets it: passages, their units, the pieces of each."""
    spans, begun, passages = record["spans"], set(), []
    for passage, group in groupby(record["units"], key=lambda unit: unit["passage"]):
        units: list[Record] = []
        for unit in group:
            sentence = unit["kind"] == "sentence"
            # In Chinese the sentences of a passage run on; in English each has its rendering.
            if not (units and sentence and not units[-1]["level"] and record["lang"] == "zh"):
                below = [[code, english] for _, code, english in unit["below"] if english]
                units.append(
                    {"level": 0 if sentence else unit["level"], "pieces": [], "below": below}
                )
            turns = dict(unit["turns"])
            for a, b, over in unit["pieces"]:
                kinds = {spans[i]["kind"] for i in over}
                new = [spans[i] for i in over if i not in begun and spans[i]["kind"] not in PLACES]
                begun.update(over)
                units[-1]["pieces"].append({
                    "text": unit["text"][a:b], "page": turns.get(a, 0),
                    "letters": [span.get("class", "?") for span in new],
                    **{kind: kind in kinds for kind in ("area", "place", "doubt")},
                })  # fmt: skip
        passages.append({"box": passage[0] == "b", "units": units})
    return passages


def worded(record: Mapping[str, object]) -> str:
    """Return the text as plain HTML for Word: letters in brackets, pages in 〔〕, no cards."""
    out = [f'<p class="note">{escape(text)}</p>' for text in record["paragraphs"]]
    for unit in (unit for passage in printed(record) for unit in passage["units"]):
        tag = f"h{max(1, unit['level'] - 1)}" if unit["level"] else "p"
        text = "".join(_plain(piece) for piece in unit["pieces"])
        out.append(f'<{tag} lang="zh">{text}</{tag}>')
        for code, english in unit["below"]:
            out.append(f'<p class="note">{f"[{code}] " if code else ""}{escape(english)}</p>')
    return "".join(out)


def _plain(piece: Record) -> str:
    text = escape(piece["text"])
    text = f"<b>{text}</b>" if piece["area"] else f"<u>{text}</u>" if piece["place"] else text
    page = f"〔{piece['page']}〕" if piece["page"] else ""
    return page + "".join(f"<b>[{code}]</b>\u2009" for code in piece["letters"]) + text
