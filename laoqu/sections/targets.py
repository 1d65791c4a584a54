"""What could be checked in the area, and how; the plan itself sets no quantified outcome."""

from __future__ import annotations

from laoqu import measures
from laoqu.sections.context import Context, texts
from laoqu.tables import Block


def targets(it: Context) -> Block:
    """Give, by kind of target, how well it can be checked, how, and how often it stands here."""
    figures = it.plan.table("printed_figures")
    printed = sorted({int(number) for number in figures["number"]})
    kinds = sorted(measures.VERIFIABILITY, key=lambda kind: (-measures.VERIFIABILITY[kind], kind))
    direct = it.direct["target_type"].value_counts()
    every = it.measures["target_type"].value_counts()
    rows, values = [], {f"printed.{i}": number for i, number in enumerate(printed, start=1)}
    for kind in kinds:
        here, shared = int(direct.get(kind, 0)), int(every.get(kind, 0) - direct.get(kind, 0))
        level = measures.VERIFIABILITY[kind]
        rows.append((it.code("target_type", kind), level, it.say(f"check.{kind}"), here, shared))
        values |= {
            f"targets.{kind}.direct": here,
            f"targets.{kind}.shared": shared,
            f"targets.{kind}.verifiability": level,
        }
    good = int(sum(direct.get(kind, 0) for kind in kinds if measures.VERIFIABILITY[kind] >= 3))
    return it.block(
        "targets",
        "targets.title",
        lead=it.sentences(
            it.say("targets.none", figures=it.listed(str(number) for number in printed)),
            it.say("targets.lead", n=len(it.direct), good=good),
        ),
        columns=it.columns("target", "verifiability", "how", "direct", "shared"),
        rows=texts(rows),
        numeric=frozenset({1, 3, 4}),
        note=it.say("targets.note"),
        values=values | {"targets.direct": len(it.direct), "targets.checkable": good},
    )


def checkable(it: Context) -> Block:
    """List the direct measures with what could be looked for, the most verifiable first."""
    table = measures.targets(it.direct, it.plan.table("printed_figures"), it.plan.table("mentions"))
    table = table.merge(it.direct[["measure_id", "clause_id", "page", "content_en"]])
    table = table.sort_values(["verifiability", "start"], ascending=[False, True])
    rows, english = [], it.lang == "en"
    for row in table.itertuples():
        # A measure without a name of its own goes on about those before it.
        named = [
            it.area(it.id) if each.how == "named" else it.place(it.places[each.via])
            for each in it.naming[row.measure_id]
        ]
        figure = "" if row.unit == "" else str(row.number)
        kind = it.bracketed(it.code("target_type", row.kind), figure)
        cells = (kind, str(row.verifiability), it.listed(dict.fromkeys(named)), row.measure_id)
        rows.append((row.quote, *((row.content_en,) if english else ()), *cells))
    return it.block(
        "targets-here",
        "targets.here",
        level=3,
        columns=it.columns(
            "words", *(["rendering"] if english else ()), "target", "verifiability", "named", "id"
        ),
        rows=tuple(rows),
        numeric=frozenset({3 if english else 2}),
        quoted=frozenset({0}),
        under=frozenset({1} if english else ()),
        details=tuple(
            (
                (it.say("evidence.where"), it.where(row)),
                (it.say("col.how"), it.say(f"check.{row.kind}")),
            )
            for row in table.itertuples()
        ),
        records=table,
        values={"targets.listed": len(table)},
    )
