"""The annotated plan: the whole text once, with every measure, place and doubt marked in it.

`annotate` turns frames into a record of plain data, which the templates of page, PDF and Word set.
One pure function, `pieces`, cuts the text at the borders of its marks, so that every form says
what the plan says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import pandas as pd

from laoqu.errors import require
from laoqu.pages.html import marked_text, template
from laoqu.show.table import MIME, Block, as_download, check_columns, new_record
from laoqu.show.words import Words, scalar, table

if TYPE_CHECKING:
    from laoqu.document import Unit
    from laoqu.plan import Plan

Record = dict[str, object]

#: What the cards tell, in this order: columns of the frames.
TOLD = {
    "measures": (
        "instrument", "instrument_more", "theme", "theme_more", "target_type", "strength_outer",
        "strength_inner", "clarity", "actor", "beneficiary", "beneficiary_more", "scope",
    ),
    "corrections": ("quote", "doubt"),
    "mentions": ("name", "level", "adcode", "role", "reason"),
}  # fmt: skip
#: Kinds of marks that are names.
NAMES = ("place", "area")
#: Level of the heading of the title, a part, a clause, a box.
LEVEL = {"t": 1, "p": 2, "c": 3, "b": 3}
#: Colours and faces where the page's own are not there: in a notebook.
ALONE = (
    ":where(.plan,.card){--paper:#fff;--ink:#222;--muted:#666;--line:#ddd;--focus:#A4262C;"
    "--mark:#F4DCD4;--tint:#F3F0E9;--sans:sans-serif;--serif:serif;color:var(--ink)}"
)


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
    told: Mapping[str, Sequence[str]] | None = None,
    filters: Sequence[str] = (),
    passages: Sequence[str] | None = None,
) -> Annotated:
    """Mark measures, places and doubts in the text.

    Parameters
    ----------
    plan : Plan
    lang : {"zh", "en"}
    frames : mapping, optional
        ``measures``, ``mentions``, ``corrections``: what is marked, by default all the plan has.
    told : mapping, optional
        The columns of each frame that its cards tell; codes are told by name.
    filters : sequence of str
        Columns of the measures, or of the mentions, that a reader may choose by: a code, a name
        or a list of them. Where ``common`` is a column, its measures may be added to those of an
        area; ``*`` stands for all areas.
    passages : sequence of str, optional
        Only these parts, clauses and boxes (``c07``), by default the whole text.

    Returns
    -------
    Annotated
        Shows itself in a notebook; page, PDF and Word are made from its record.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.pages.plan import annotate
    >>> shown = annotate(lq.load(), passages=["c07"])
    >>> len(shown.record["passages"][0]["blocks"]), shown.record["cards"][0]["id"]
    (2, 'c07.s01.m1')
    """
    units, words, marks = plan.document.units, Words(plan, lang), []
    if passages is not None:
        wanted = [str(each).strip().casefold() for each in passages]
        for each in wanted:
            require(each, dict.fromkeys(unit.clause_id for unit in units), "passage")
        units = [unit for unit in units if unit.clause_id in wanted]
    for name in (*(frames or ()), *(told or ())):
        require(name, TOLD, "frame")
    told = {**TOLD, **(told or {})}
    given = {name: getattr(plan, name)() for name in TOLD} | dict(frames or {})
    for name in filters:
        require(name, [column for each in TOLD for column in given[each]], "column to filter by")
    for name, prepare in (("measures", _measures), ("corrections", _doubts), ("mentions", _names)):
        frame = given[name][given[name]["unit_id"].isin([unit.unit_id for unit in units])]
        check_columns(frame := prepare(words, frame), told[name])
        marks += [_mark(words, row, told[name], filters) for row in frame.to_dict("records")]
    classes = plan.codebook("instrument_class")["code"]
    classes = [f"{code} {words.code('instrument_class', code)}" for code in classes]
    record = new_record(
        "plan", "measures", lang, anchor="plan", cards=marks,
        passages=list(_passages(words, units, marks)),
        filters=[_filter(words, name, marks) for name in filters],
        paragraphs=[words("planpage.lead", classes=words.join(classes))],
        download=as_download(given["measures"], words),
    )  # fmt: skip
    return Annotated(record)


class Annotated(Block):
    """The marked text as a record of plain data; shows itself in a notebook."""

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        page = f"<style>{ALONE}{template('plan.css')}</style>{marked_text(self.record)}"
        return {"text/html": page, "text/plain": repr(self), MIME: self.record}

    def __repr__(self) -> str:
        units = [u for p in self.record["passages"] for b in p["blocks"] for u in b["units"]]
        return "\n".join("".join(piece["text"] for piece in unit["pieces"]) for unit in units)


def _measures(words: Words, frame: pd.DataFrame) -> pd.DataFrame:
    cited = words.plan.cite(frame).set_index(frame.index)
    where = [
        words("planpage.where", id=row.measure_id, clause=words.clause(row.clause_id),
              page=cited["page"][row.Index], start=row.start, end=row.end)
        for row in frame.itertuples()
    ]  # fmt: skip
    return frame.assign(
        id=frame["measure_id"], mark="measure", letter=frame["instrument_class"],
        title=frame[f"short_{words.lang}"], english=frame["content_en"], at=where,
        label=[words.code("instrument_class", code) for code in frame["instrument_class"]],
        cite=cited["citation"],
    )  # fmt: skip


def _doubts(words: Words, frame: pd.DataFrame) -> pd.DataFrame:
    called = [words.code("correction_kind", kind) for kind in frame["kind"]]
    return frame.assign(
        id=frame["correction_id"], at=frame["correction_id"], mark="doubt", letter="?",
        title=called, label=called, doubt=frame[f"text_{words.lang}"],
    )  # fmt: skip


def _names(words: Words, frame: pd.DataFrame) -> pd.DataFrame:
    # Of names in names the outer comes first.
    frame = frame.sort_values(["start", "end"], ascending=[True, False])
    english = [Words(words.plan, "en").place(row) for row in frame.itertuples()]
    both = [" ".join(dict.fromkeys(two)) for two in zip(frame["printed"], english, strict=True)]
    return frame.assign(
        id=frame["mention_id"], at=frame["mention_id"], english=english,
        mark=frame["level"].eq("area").map({True: "area", False: "place"}),
        title=frame["printed"] if words.lang == "zh" else both,
    )  # fmt: skip


def _mark(words: Words, row: Record, told: Sequence[str], filters: Sequence[str]) -> Record:
    names = ("id", "mark", "letter", "label", "title", "english", "at", "cite", "name")
    tags = {}
    for name in (*filters, "common"):
        values = row.get(name, ())
        values = values if isinstance(values, (list, tuple)) else [scalar(values)]
        tags[name] = [str(value) for value in values if value]
    told = [name for name in told if scalar(row[name]) is not False]  # what applies is said
    said = {_head(words, name): words.cell(name, row[name], ids=True) for name in told}
    return {
        **{name: row.get(name, "") for name in names}, "tags": tags,
        "unit": row["unit_id"], "start": int(row["start"]), "end": int(row["end"]),
        "rows": [[head, text] for head, text in said.items() if text],
    }  # fmt: skip


def _head(words: Words, column: str) -> str:
    key = f"planpage.card.{column}"
    return words(key) if key in table() else words.column(column)


def _passages(words: Words, units: Sequence[Unit], marks: Sequence[Record]) -> Iterator[Record]:
    """Yield parts, clauses and boxes; of each the headings and paragraphs, in pieces."""
    page = 0
    for passage, group in groupby(units, key=lambda unit: unit.clause_id):
        blocks: list[Record] = []
        for unit in group:
            here = [mark for mark in marks if mark["unit"] == unit.unit_id]
            turns = {}
            for at in range(unit.start, unit.end):
                if (now := words.plan.document.page_of(at)) != page:
                    turns[at] = page = now
            level = LEVEL.get(passage[0], 2)
            level = {"sentence": 0, "item_title": 4}.get(unit.kind, level)
            shown = {"id": unit.unit_id, "pieces": list(_marked(unit, here, turns))}
            # In Chinese the sentences of a passage run on; in English each has its rendering.
            if blocks and words.lang == "zh" and blocks[-1]["level"] == level == 0:
                blocks[-1]["units"].append(shown)
            else:
                below = _below(words, unit, here) if words.lang == "en" else []
                blocks.append({"level": level, "units": [shown], "below": below})
        yield {"id": passage, "box": passage[0] == "b", "blocks": blocks}


def _marked(unit: Unit, here: Sequence[Record], turns: Mapping[int, int]) -> Iterator[Record]:
    """Yield the text of a unit in pieces: which marks begin there, and which lie over it."""
    spans = [(mark["start"] - unit.start, mark["end"] - unit.start) for mark in here]
    for a, b, over in pieces(unit.text, spans, [at - unit.start for at in turns]):
        marks = [here[i] for i in over]
        names = [mark["id"] for mark in marks if mark["mark"] in NAMES]
        begin = [mark for mark in marks if mark["start"] == unit.start + a]
        yield {
            "text": unit.text[a:b], "page": turns.get(unit.start + a, 0),
            "letters": [[mark["id"], mark["letter"], mark["label"]] for mark in begin],
            "kinds": [mark["mark"] for mark in marks], "of": [mark["id"] for mark in marks],
            "link": names[-1] if names else "",
        }  # fmt: skip


def _below(words: Words, unit: Unit, here: Sequence[Record]) -> list[list[str]]:
    """Return id, class and English of what a unit says; of a bare list the names in it."""
    if measures := [mark for mark in here if mark["mark"] == "measure"]:
        return [[mark["id"], mark["letter"], mark["english"]] for mark in measures]
    for key in (f"planpage.text.{unit.unit_id}", f"clause.{unit.unit_id.removesuffix('.h')}"):
        if key in table():
            return [["", "", words(key)]]
    return [["", "", ", ".join(mark["english"] for mark in here if mark["mark"] in NAMES)]]


def _filter(words: Words, name: str, marks: Sequence[Record]) -> Record:
    """Return the choices of a filter, codes in the order of the codebook."""
    english = {mark["name"]: mark["english"] for mark in marks}
    said = {"area": words.area, "place": english.get}.get(name, partial(words.cell, name, ids=True))
    known = dict.fromkeys([*words.plan.region_ids, *words.plan.codebook()["code"]])
    order = {code: at for at, code in enumerate(known)}
    found = {value for mark in marks for value in mark["tags"][name]}
    found = sorted(found, key=lambda each: (order.get(each, 0), each))
    options = [[value, said(value) or ""] for value in found]
    return {"name": name, "label": _head(words, name), "options": options}
