"""The annotated plan: the whole text once, with every measure, place and doubt marked in it.

`annotate` turns frames into a record of plain data; `laoqu.pages.marked` sets it as HTML and for
print. One pure function, `pieces`, cuts the text at the borders of its marks, so that the page says
what the plan says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from laoqu.errors import UnknownId
from laoqu.pages.marked import PLACES, TEMPLATES, Record, fragment
from laoqu.show.table import MIME, as_download, new_record
from laoqu.show.words import Words, table

if TYPE_CHECKING:
    from laoqu.document import Unit
    from laoqu.plan import Plan

#: What a reader can choose; any other coded column of the measures may be asked for too.
FILTERS = ("area", "theme", "instrument", "place")
#: What the card of a measure tells, in this order: columns of ``plan.measures()``.
CARD = (
    "instrument", "instrument_more", "theme", "theme_more", "target_type", "strength_outer",
    "strength_inner", "clarity", "actor", "beneficiary", "beneficiary_more", "scope",
)  # fmt: skip
#: Columns that are true or false: told where true.
FLAGS = (
    "list_open", "conditional", "delegated", "funding_named", "programme_named", "time_named",
    "monitor_named",
)  # fmt: skip
#: The variable of the codebook behind a column that is not called like one.
VARIABLE = {
    "instrument_more": "instrument", "theme_more": "theme", "beneficiary_more": "beneficiary",
    "strength_outer": "strength", "strength_inner": "strength",
}  # fmt: skip
#: Colours and faces where the page's own are not there: in a notebook.
ALONE = (
    ":where(.plan,.card){--paper:#fff;--ink:#222;--muted:#666;--line:#ddd;--focus:#A4262C;"
    "--mark:#F4DCD4;--tint:#F3F0E9;--sans:sans-serif;--serif:serif;color:var(--ink)}"
)
#: Reach that is told area by area; what is for every area is told once.
SPECIFIC = ("named", "place", "class", "conditional")
#: Level of the heading of a part, a clause, a box.
LEVEL = {"t": 1, "p": 2, "c": 3, "b": 3}


def pieces(
    text: str, spans: Sequence[tuple[int, int]], cuts: Iterable[int] = ()
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Cut a text wherever a span begins or ends, and at `cuts`.

    Spans are half-open; they may nest, meet and overlap. Each piece is its start, its end and the
    positions of the spans over it; pieces follow one another without a gap, none is empty.

    >>> pieces("支持赣州。", [(0, 5), (2, 4)])
    [(0, 2, (0,)), (2, 4, (0, 1)), (4, 5, (0,))]
    """
    edges = {0, len(text), *cuts, *(edge for span in spans for edge in span)}
    inside = sorted(edge for edge in edges if 0 <= edge <= len(text))
    return [
        (a, b, tuple(i for i, (start, end) in enumerate(spans) if start <= a and b <= end))
        for a, b in pairwise(inside)
    ]


def annotate(
    plan: Plan,
    lang: str = "zh",
    frames: Mapping[str, pd.DataFrame] | None = None,
    filters: Sequence[str] = FILTERS,
    passages: Sequence[str] | None = None,
) -> Annotated:
    """Mark measures, places and doubts in the text.

    Parameters
    ----------
    plan : Plan
    lang : {"zh", "en"}
    frames : mapping, optional
        ``measures``, ``mentions``, ``corrections``: what is marked, by default all the plan has.
    filters : sequence of str
        ``area``, ``place``, or coded columns of the measures.
    passages : sequence of str, optional
        Only these parts, clauses and boxes (``c07``), by default the whole text.

    Returns
    -------
    Annotated
        Shows itself in a notebook; page and PDF are made from its record.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.pages.plan import annotate
    >>> shown = annotate(lq.load(), passages=["c07"])
    >>> len(shown.record["units"]), shown.record["spans"][0]["id"]
    (8, 'c07.s01.m1')
    """
    words = Words(plan, lang)
    given = dict(frames or {})
    default = ("measures", "corrections", "mentions")
    tables = {name: given.get(name, getattr(plan, name)()) for name in default}
    spans = [
        *_measures(words, tables["measures"], filters),
        *_corrections(words, tables["corrections"]),
        *_mentions(words, tables["mentions"]),
    ]
    units = plan.document.units
    known = dict.fromkeys(unit.clause_id for unit in units)
    if unknown := [each for each in passages or () if each not in known]:
        raise UnknownId(unknown[0], known, "passage")
    if passages is not None:
        units = [unit for unit in units if unit.clause_id in passages]
        kept = {unit.unit_id for unit in units}
        spans = [span for span in spans if span["unit"] in kept]
    parts = {
        "units": list(_units(words, units, spans)), "spans": spans,
        "filters": _filters(words, filters, spans), "download": as_download(tables["measures"]),
    }  # fmt: skip
    classes = plan.codebook("instrument_class")["code"]
    classes = [f"{code} {words.code('instrument_class', code)}" for code in classes]
    parts["paragraphs"] = [words("planpage.lead", classes=words.join(classes))]
    title = words("planpage.title")
    return Annotated(new_record("plan", "measures", lang, level=1, title=title, **parts))


class Annotated:
    """The marked text as a record of plain data; shows itself in a notebook."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        css = ALONE + (TEMPLATES / "plan.css").read_text(encoding="utf-8")
        page = f"<style>{css}</style>{fragment(self.record)}"
        return {"text/html": page, "text/plain": repr(self), MIME: self.record}

    def __repr__(self) -> str:
        return "\n".join(unit["text"] for unit in self.record["units"])


def _measures(words: Words, measures: pd.DataFrame, filters: Sequence[str]) -> Iterator[Record]:
    plan, said = words.plan, lambda name: words(f"planpage.card.{name}")
    reach = plan.measure_reach()
    reach = reach[reach["reach"].isin(SPECIFIC)]
    reached = {key: dict(zip(rows["region_id"], rows["reach"], strict=True))
               for key, rows in reach.groupby("measure_id")}  # fmt: skip
    rulings = dict([*plan.table("adjudications").groupby("measure_id")])
    boxes = plan.scopes().set_index("scope_id")["resolved_by"]
    mentions = plan.mentions().query("recipient")
    variables = [name for name in filters if name not in PLACES]
    cited = plan.cite(measures)
    for row, cite in zip(measures.itertuples(), cited.itertuples(), strict=True):
        areas = reached.get(row.measure_id, {})
        common = not areas and row.scope == "universal"
        inside = mentions[(mentions["start"] >= row.start) & (mentions["end"] <= row.end)]
        flags = [words.code(name, "true") for name in FLAGS if getattr(row, name, False)]
        names = list(dict.fromkeys(words.place(each) for each in inside.itertuples()))
        names += [words.clause(boxes[key]) for key in row.segments if boxes.get(key)]
        lines = [(said(name), _codes(words, name, getattr(row, name))) for name in CARD]
        lines += [(said("flags"), flags), (said("recipients"), names)]
        for how in SPECIFIC:
            here = [words.area(each) for each, near in areas.items() if near == how]
            lines.append((words.code("reach", how), here))
        lines.append((said("refers_to"), row.refers_to))
        if row.measure_id in rulings:
            lines += _rulings(words, rulings[row.measure_id])
        lines.append((said("rendering"), [row.content_en] if words.lang == "zh" else []))
        yield {
            "kind": "measure", "id": row.measure_id, **_place(row), "class": row.instrument_class,
            "title": getattr(row, f"short_{words.lang}"), "rendering": row.content_en,
            "label": words.code("instrument_class", row.instrument_class),
            "where": words("planpage.where", id=row.measure_id, clause=words.clause(row.clause_id),
                           page=cite.page, start=row.start, end=row.end),
            "tags": {name: str(getattr(row, name)) for name in variables}
            | {"area": "*" if common else " ".join(f"{key}:{how}" for key, how in areas.items())},
            "rows": [[key, words.join(value)] for key, value in lines if len(value)],
            "cite": cite.citation,
        }  # fmt: skip


def _place(row: object) -> Record:
    return {"unit": row.unit_id, "start": int(row.start), "end": int(row.end)}


def _codes(words: Words, column: str, value: object) -> list[str]:
    """Return the names of the codes in one cell: E1 and its name; codes that are words alone."""
    codes = value if isinstance(value, (tuple, list)) else [value]
    codes = [str(code) for code in codes if not pd.isna(code) and str(code)]
    variable = VARIABLE.get(column, column)
    shown = [words.code(variable, code) for code in codes]
    return [f"{code} {name}" if code[-1].isdigit() else name
            for code, name in zip(codes, shown, strict=True)]  # fmt: skip


def _rulings(words: Words, rulings: pd.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Yield what the two passes said where they differed, and what was decided."""
    for row in rulings.itertuples():
        said = [words.join(_codes(words, row.variable, tuple(str(value).split(";"))))
                for value in (row.pass1, row.pass2, row.adjudicated)]  # fmt: skip
        name = words("planpage.card.passes", name=words(f"planpage.card.{row.variable}"))
        ruling = dict(zip(("one", "two", "ruled"), said, strict=True))
        yield name, [words("planpage.card.ruling", rule=row.rule, **ruling)]


def _mentions(words: Words, mentions: pd.DataFrame) -> Iterator[Record]:
    english, units = Words(words.plan, "en"), set(words.plan.gazetteer()["adcode"])
    order = mentions.sort_values(["start", "end"], ascending=[True, False])
    for row in order.itertuples():
        regions = [each for each in row.region_id.split(";") if each]
        lines = {
            "name": row.name if row.name != row.printed else "",
            "level": words.code("level", row.level),
            "above": ("" if words.lang == "zh" else ", ").join(
                words.unit(code) for code in (row.adcode[:2] + "0000", row.adcode[:4] + "00")
                if code in units and code != row.adcode),
            "adcode": row.adcode,
            "role": words.code("role", row.role) if row.role else "",
            "recipient": words("planpage.recipient" if row.recipient else "planpage.mentioned"),
            "list": words.code("list_open", "true") if row.list_open else "",
            "areas": words.join([words.area(each) for each in regions]) if regions else "",
            "reason": row.reason,
        }  # fmt: skip
        called = english.place(row)
        title = (
            " ".join(dict.fromkeys([row.printed, called])) if words.lang == "en" else row.printed
        )
        found = dict.fromkeys([row.printed, row.name, called, row.adcode, lines["above"]])
        yield {
            "kind": "area" if row.level == "area" else "place", "id": row.mention_id,
            **_place(row), "name": row.name, "title": title, "english": called,
            "tags": {"area": " ".join(f"{each}:named" for each in regions)},
            "find": " ".join(filter(None, found)), "where": row.mention_id, "cite": "",
            "rows": [[words(f"planpage.card.{key}"), text] for key, text in lines.items() if text],
        }  # fmt: skip


def _corrections(words: Words, corrections: pd.DataFrame) -> Iterator[Record]:
    for row in corrections.itertuples():
        called = words.code("correction_kind", row.kind)
        yield {
            "kind": "doubt", **_place(row), "id": row.correction_id, "title": called, "tags": {},
            "label": called, "where": row.correction_id, "cite": "",
            "rows": [[row.quote, getattr(row, f"text_{words.lang}")]],
        }  # fmt: skip


def _units(words: Words, units: Sequence[Unit], spans: Sequence[Record]) -> Iterator[Record]:
    """Yield the units with their pieces; numbers in the pieces are positions in `spans`."""
    page = 0
    for unit in units:
        turns = []
        for at in range(unit.start, unit.end):
            if (now := words.plan.document.page_of(at)) != page:
                turns.append([at - unit.start, page := now])
        here = [i for i, span in enumerate(spans) if span["unit"] == unit.unit_id]
        inside = [(spans[i]["start"] - unit.start, spans[i]["end"] - unit.start) for i in here]
        cut = pieces(unit.text, inside, [at for at, _ in turns])
        yield {
            "id": unit.unit_id, "kind": unit.kind, "passage": unit.clause_id, "text": unit.text,
            "level": 4 if unit.kind == "item_title" else LEVEL.get(unit.clause_id[0], 2),
            "turns": turns, "pieces": [[a, b, [here[i] for i in over]] for a, b, over in cut],
            "below": _below(words, unit, [spans[i] for i in here]),
        }  # fmt: skip


def _below(words: Words, unit: Unit, here: Sequence[Record]) -> list[list[str]]:
    """Return id, class and English of what a unit says; of a bare list the names in it."""
    if words.lang == "zh":
        return []
    if measures := [span for span in here if span["kind"] == "measure"]:
        return [[span["id"], span["class"], span["rendering"]] for span in measures]
    for key in (f"planpage.text.{unit.unit_id}", f"clause.{unit.unit_id.removesuffix('.h')}"):
        if key in table():
            return [["", "", words(key)]]
    return [["", "", ", ".join(span["english"] for span in here if span["kind"] in PLACES)]]


def _filters(words: Words, filters: Sequence[str], spans: Sequence[Record]) -> list[Record]:
    """Return the choices of each filter, only those that find something."""
    found = []
    for name in filters:
        if name == "place":
            rows = {(span["name"], span["english"]) for span in spans if span["kind"] == "place"}
            options = sorted(rows)
        elif name == "area":
            options = [(each, words.area(each)) for each in words.plan.region_ids]
        else:
            used = {span["tags"][name] for span in spans if name in span["tags"]}
            codes = words.plan.codebook(VARIABLE.get(name, name))["code"]
            options = [(code, *_codes(words, name, code)) for code in codes if code in used]
        title = words(f"planpage.card.{name}")
        found.append({"name": name, "label": title, "options": [list(each) for each in options]})
    return found
