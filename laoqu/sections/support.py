"""The support measures, by theme: the plan's words, their codes, and what stands behind a row."""

from __future__ import annotations

import pandas as pd

from laoqu.analysis.weights import DIRECT
from laoqu.sections.context import Context
from laoqu.tables import Block

SHARED = ("class", "everyone", "conditional")
#: The columns of the CSV, after how a measure reaches the area.
RECORDS = (
    "measure_id", "unit_id", "clause_id", "page", "start", "end", "quote", "content_en", "theme",
    "instrument", "instrument_class", "strength", "clarity", "actor", "beneficiary",
    "target_type", "scopes", "conditional", "delegated", "list_open", "list_total", "refers_to",
)  # fmt: skip


def direct(it: Context) -> Block:
    """List the measures that name the area or a place in it."""
    rows = it.direct
    counts = {reach: int((rows["reach"] == reach).sum()) for reach in DIRECT}
    return _table(
        it,
        "support",
        rows,
        title="support.title",
        lead=it.say("support.lead", n=len(rows), region=it.name, **counts),
        note=it.say("support.note", measures=len(it.frames.measures)),
        values={f"support.{reach}": n for reach, n in counts.items()}
        | {"support.direct": len(rows), "support.measures": len(it.frames.measures)},
    )


def shared(it: Context, reach: str) -> Block:
    """List, folded, the measures that reach the area as one of a class, with everyone, or if."""
    rows = it.measures[it.measures["reach"] == reach].reset_index(drop=True)
    return _table(
        it,
        f"support-{reach}",
        rows,
        title=f"support.{reach}.title",
        lead=it.say(f"support.{reach}.lead", n=len(rows)),
        level=3,
        folded=True,
        values={f"support.{reach}": len(rows)},
    )


def evidence(it: Context, row: object) -> tuple[tuple[str, str], ...]:
    """Return what a measure's row opens to; the first pair is the summary."""
    sentence = it.frames.sentences.at[row.unit_id, "text"]
    kind = it.parts(
        (
            it.code("target_type", row.target_type),
            it.listed(it.code("scope", scope) for scope in row.scopes),
        )
    )
    pairs = [
        ("where", it.where(row)),
        ("id", row.measure_id),
        ("sentence", f"“{sentence}”" if sentence != row.quote else ""),
        ("kind", kind),
        ("beneficiary", it.code("beneficiary", row.beneficiary)),
        ("through", it.listed(_through(it, row.measure_id)) if row.reach == "place" else ""),
        ("flags", it.listed(flags) if (flags := _flags(it, row)) else ""),
        ("refers", it.listed(f"《{title}》" for title in row.refers_to) if row.refers_to else ""),
    ]
    return tuple((it.say(f"evidence.{name}"), text) for name, text in pairs if text)


def spans(it: Context, row: object) -> tuple[tuple[int, int], ...]:
    """Return where, inside a measure's words, the area or a place in it is named."""
    inside = {
        (each.start - row.start, each.end - row.start)
        for each in it.naming[row.measure_id]
        if row.start <= each.start and each.end <= row.end
    }
    return tuple(sorted(inside))


def _table(it: Context, anchor: str, rows: pd.DataFrame, **parts: object) -> Block:
    rows = rows.sort_values(["theme", "start"], ignore_index=True)
    sizes = rows.groupby("theme", sort=False, dropna=False).size()
    first = rows.drop_duplicates("theme")["theme"]
    groups = tuple(
        (int(index), it.say("support.group", theme=it.code("theme", theme), n=int(size)))
        for (index, theme), size in zip(first.items(), sizes, strict=True)
    )
    cells, english = [], it.lang == "en"
    for row in rows.itertuples():
        strength = it.code("strength", row.strength)
        if not pd.isna(row.strength):
            strength = f"{row.strength} {strength}"
        cells.append(
            (
                row.quote, *((row.content_en,) if english else ()),
                it.code("instrument", row.instrument), strength, it.code("clarity", row.clarity),
                it.code("reach", row.reach), it.code("actor", row.actor),
            )
        )  # fmt: skip
    named = ("words", "rendering") if english else ("words",)
    heads = it.columns(*named, "instrument", "strength", "clarity", "reach", "actor")
    parts["values"] |= {
        f"{anchor.replace('-', '_')}.theme.{theme}": int(size)
        for theme, size in sizes.items()
        if not pd.isna(theme)
    }
    records = rows[list(RECORDS)]
    records.insert(0, "reach", rows["reach"])
    records["through"] = [_partly(it, measure_id) for measure_id in rows["measure_id"]]
    return it.block(
        anchor,
        columns=heads,
        rows=tuple(cells),
        quoted=frozenset({0}),
        under=frozenset({1} if english else ()),
        groups=groups,
        ids=tuple(rows["measure_id"]),
        marks=tuple(spans(it, row) for row in rows.itertuples()),
        badges=tuple(rows["reach"]),
        badge=heads.index(it.say("col.reach")),
        details=tuple(evidence(it, row) for row in rows.itertuples()),
        records=records,
        **parts,
    )


def _through(it: Context, measure_id: str) -> list[str]:
    """Return the places through which a measure reaches the area, with what is known of them."""
    names = []
    for row in it.naming[measure_id]:
        if row.how != "place":
            continue
        place = it.places[row.via]
        key = "evidence.zone_part" if place.level == "zone" else "evidence.part"
        part = it.say(key, n=row.counties, city=it.unit(place.adcode))
        names.append(it.place(place) if row.whole else it.bracketed(it.full_name(place), part))
    return list(dict.fromkeys(names))


def _partly(it: Context, measure_id: str) -> tuple[str, ...]:
    """Return the places as the CSV has them: with documented counties where not all are."""
    places = [row for row in it.naming[measure_id] if row.how == "place"]
    named = (row.quote if row.whole else f"{row.quote} {row.counties}" for row in places)
    return tuple(dict.fromkeys(named))


def _flags(it: Context, row: object) -> list[str]:
    flags = ["list_open", "conditional", "delegated"]
    found = {name: getattr(row, name) for name in flags}
    total = row.list_total
    if rows := it.naming.get(row.measure_id):
        # A condition on others in the same measure is none on the area.
        scopes = it.frames.scopes
        here = scopes[scopes["scope_id"].isin([each.scope_id for each in rows])]
        found, total = here[flags].any().to_dict(), here["list_total"].max()
    words = [it.say(f"evidence.{name}") for name in flags if found[name]]
    if not pd.isna(total):
        words.append(it.say("evidence.list_total", total=total))
    return words
