"""The record of the annotated plan as HTML and for print; `laoqu.pages.plan` makes the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

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
    spans, passages = record["spans"], []
    for passage, together in groupby(record["units"], key=lambda unit: unit["passage"]):
        groups: list[list[Record]] = []
        for unit in together:
            shown = {**unit, "html": Markup(_marked(unit, spans))}
            # In Chinese the sentences of a passage run on.
            running = unit["kind"] == "sentence" and record["lang"] == "zh"
            if running and groups and groups[-1][-1]["kind"] == "sentence":
                groups[-1].append(shown)
            else:
                groups.append([shown])
        passages.append((passage, groups))
    names = [span for span in spans if span["kind"] in PLACES]
    inner = {span["id"]: [each for each in names if _inside(each, span)] for span in names}
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    return environment.get_template("plan.html.j2").render(
        plan=record, passages=passages, inner=inner, words=partial(label, lang=record["lang"])
    )


def _inside(span: Record, outer: Record) -> bool:
    within = outer["start"] <= span["start"] and span["end"] <= outer["end"]
    return within and span is not outer


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
