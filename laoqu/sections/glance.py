"""At a glance: the key numbers, and what reaches the area by part of the plan."""

from __future__ import annotations

import pandas as pd

from laoqu.analysis import exposure
from laoqu.figures.coverage import coverage
from laoqu.figures.style import Drawn
from laoqu.regions import REACH
from laoqu.sections.compared import SENTENCES, order, sentence_ranks, span
from laoqu.sections.context import CITIES, Context, texts
from laoqu.tables import Block


def reach_counts(it: Context) -> dict[str, int]:
    """Directive sentences by how they reach the area at their nearest, and in all."""
    here = it.frames.counts[it.frames.counts["region_id"] == it.id]
    counts = here[[*REACH, "directives"]].sum().astype(int).to_dict()
    return {"class_" if key == "class" else key: value for key, value in counts.items()}


def cities(it: Context) -> pd.DataFrame:
    """Return the cities of the area that the plan gives a role: one row per (city, role).

    Its urban districts count as the city.
    """
    rows = it.mentions
    rows = rows[rows["recipient"] & rows["level"].isin(CITIES) & (rows["role"] != "")]
    return rows.drop_duplicates(["adcode", "role"])


def glance(it: Context) -> Block:
    """Give the key numbers with the other eleven beside them, and the cities with their roles."""
    counts, numbers = reach_counts(it), it.frames.numbers
    rows, values = [], {f"reach.{key.rstrip('_')}": n for key, n in counts.items()}
    for measure in exposure.NUMBERS:
        one = exposure.compared(numbers[measure], it.id)
        beside = f"{one['more']} / {one['same']} / {one['fewer']}"
        others = span(one["low"], one["high"])
        name = it.say(f"measure.{measure}")
        rows.append((name, one["value"], others, f"{one['median']:g}", beside))
        values |= {f"glance.{measure}": one.pop("value")}
        values |= {f"glance.{measure}.others.{name}": value for name, value in one.items()}
    ranks = sentence_ranks(it.frames, SENTENCES["named"])
    said, more = order(it, "named", ranks)
    roles = cities(it)
    items = tuple(
        it.say(
            "glance.city",
            city=it.unit(code),
            roles=it.listed(it.code("role", role) for role in part["role"]),
        )
        for code, part in roles.groupby("adcode", sort=False)
    )
    return it.block(
        "glance",
        "glance.title",
        lead=it.sentences(it.say("glance.lead", region=it.name, **counts), said),
        columns=it.columns("measure", "here", "others", "median", "beside"),
        rows=texts(rows),
        numeric=frozenset({1, 2, 3, 4}),
        items=(it.say("glance.cities", n=len(items)), *items),
        note=it.say("glance.note", areas=len(numbers)),
        values={**values, **more, "glance.cities": len(items), "areas": len(numbers)},
    )


def reach_figure(it: Context) -> Drawn:
    """Draw what reaches the area, by part of the plan."""
    document = it.plan.document
    part = {key: passage.part for key, passage in (document.clauses | document.boxes).items()}
    counts = exposure.by_part(it.frames.counts, part)
    words = {code: it.code("reach", code) for code in REACH}
    return coverage(counts, it.region, words, it.lang, name="reach")


def coverage_figure(it: Context) -> Drawn:
    """Draw what reaches the area clause by clause, beside the other eleven."""
    words = {code: it.code("reach", code) for code in REACH}
    return coverage(it.frames.counts, it.region, words, it.lang)
