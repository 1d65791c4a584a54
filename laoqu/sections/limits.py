"""What the plan does not say of the area; what is in doubt; how not to use the page."""

from __future__ import annotations

from laoqu.sections.context import Context, Frames
from laoqu.sections.glance import reach_counts
from laoqu.tables import Block

#: The sentence that leaves key counties of a province to it: eight areas are named.
PROVINCIAL = "c04.s02"


def silent(it: Context) -> Block:
    """Say what the plan leaves open here."""
    counts, region = reach_counts(it), it.region
    figures = it.plan.table("printed_figures").set_index("counted")["number"]
    aided = int(figures["县市"])
    told = int((it.frames.mentions["role"] == "designated_aid").sum())
    unnamed = it.membership[~it.membership["adcode"].isin(it.mentions["adcode"])]
    sure = int((unnamed["confidence"] != "low").sum())
    words = {"region": it.name, "documented": region.documented, "total": it.total}
    items = (
        it.say("silent.target"),
        it.say("silent.counties", unnamed=sure, **words),
        it.say("silent.open", n=counts["open"]),
        it.say("silent.class", n=counts["class_"]),
        it.say("silent.provincial") if it.id in choosing(it.frames) else "",
        it.say("silent.designated", total=aided, named=told, rest=aided - told),
        it.say("silent.members", **words),
    )
    return it.block(
        "silent",
        "silent.title",
        lead=it.say("silent.lead"),
        items=tuple(item for item in items if item),
        values={
            "reach.open": counts["open"], "reach.class": counts["class_"],
            "area.documented": region.documented, "area.total": region.official_total,
            "silent.unnamed": sure, "silent.aided": aided, "silent.aided_named": told,
            "silent.aided_rest": aided - told,
        },
    )  # fmt: skip


def choosing(frames: Frames) -> set[str]:
    """Return the areas whose provinces the plan lets choose key counties of their own."""
    near = frames.nearest
    return set(near.loc[(near["unit_id"] == PROVINCIAL) & (near["reach"] == "named"), "region_id"])


def open_lists(it: Context) -> Block:
    """List the sentences whose list ends in 等 without the area."""
    near = it.frames.nearest
    ids = near.loc[(near["region_id"] == it.id) & (near["reach"] == "open"), "unit_id"]
    table = it.frames.directives[it.frames.directives["unit_id"].isin(ids)]
    table = table[["unit_id", "clause_id", "page", "start", "end", "text"]].reset_index(drop=True)
    # A sentence says in English what its measures say.
    said = it.frames.measures.groupby("unit_id")["content_en"].agg(" ".join)
    table["content_en"] = table["unit_id"].map(said)
    english = it.lang == "en"
    return it.block(
        "silent-open",
        "silent.open_title",
        level=3,
        lead=it.say("silent.open_lead", n=len(table)),
        columns=it.columns("words", *(["rendering"] if english else ()), "where"),
        rows=tuple(
            (row.text, *((row.content_en,) if english else ()), it.where(row))
            for row in table.itertuples()
        ),
        quoted=frozenset({0}),
        under=frozenset({1} if english else ()),
        folded=True,
        records=table,
        values={"reach.open": len(table)},
    )


def absences(it: Context) -> Block:
    """List what was searched for in the whole plan, and what was found."""
    table = it.plan.table("absences")
    what = f"what_{it.lang}"
    order = table.sort_values(["hits", "absence_id"], ignore_index=True)
    zero = int((order["hits"] == 0).sum())
    return it.block(
        "silent-absent",
        "silent.absent_title",
        level=3,
        lead=it.say("silent.absent_lead", n=len(order), zero=zero),
        columns=it.columns("topic", "searched", "hits"),
        rows=tuple(
            (row[what], str(row["searched"]).replace("|", "、"), str(row["hits"]))
            for _, row in order.iterrows()
        ),
        quoted=frozenset({1}),
        numeric=frozenset({2}),
        note=it.say("silent.absent_note"),
        folded=True,
        records=order,
        values={"silent.searched": len(order), "silent.zero": zero},
    )


def doubts(it: Context) -> Block:
    """List the misprints, ambiguities and open doubts that touch the area; how not to read it."""
    table = it.plan.corrections(it.id)
    rows = tuple(
        (
            row.quote, it.code("correction_kind", row.kind),
            it.clause(row.unit_id.partition(".")[0]), getattr(row, f"text_{it.lang}"),
        )
        for row in table.itertuples()
    )  # fmt: skip
    named, low = reach_counts(it)["named"], int(it.frames.regions.at[it.id, "low_confidence"])
    note = it.frames.regions.at[it.id, f"note_{it.lang}"]
    return it.block(
        "doubts",
        "doubts.title",
        lead=it.say("doubts.lead", n=len(table)),
        columns=it.columns("printed", "kind", "where", "doubt"),
        rows=rows,
        quoted=frozenset({0}),
        items=tuple(
            text
            for text in (
                it.say("doubts.low", n=low) if low else "",
                it.say("doubts.members", note=note) if note else "",
                it.say("doubts.coders"),
                it.say("doubts.rank", region=it.name, n=named),
                it.say("doubts.money"),
                it.say("doubts.silence"),
                it.say("doubts.map"),
            )
            if text
        ),
        records=table,
        values={"doubts.listed": len(table), "reach.named": named, "area.low": low,
                "doubts.members": note},
    )  # fmt: skip
