"""The counties of the area, and every place in it that the plan names."""

from __future__ import annotations

from collections.abc import Mapping

from laoqu.sections.context import Context
from laoqu.tables import Block


def county_map(it: Context) -> Block:
    """Introduce the map."""
    low = int((it.membership["confidence"] == "low").sum())
    return it.block(
        "map-lead",
        "map_section.title",
        lead=it.sentences(
            it.say(
                "map_section.lead",
                region=it.name,
                documented=it.region.documented,
                total=it.total,
            ),
            it.say("map_section.low", n=low) if low else "",
        ),
        warning=it.say("map.incomplete", documented=it.region.documented,
                       total=it.region.official_total) if it.incomplete else "",
        values={"area.documented": it.region.documented, "area.low": low,
                "area.total": it.region.official_total, "map.source": it.say("map.source")},
    )  # fmt: skip


def counties(it: Context) -> Block:
    """List the counties: code, basis, confidence, whether a key county, and where it is named."""
    named = it.mentions[it.mentions["recipient"] & (it.mentions["adcode"] != "")]
    where = named.groupby("adcode")["clause_id"].agg(lambda ids: tuple(dict.fromkeys(ids)))
    keys = set(named.loc[named["role"] == "national_key_county", "adcode"])
    table = it.membership.sort_values("adcode", ignore_index=True)
    table["key_county"] = table["adcode"].isin(keys)
    table["named_in"] = [where.get(code, ()) for code in table["adcode"]]
    table["city_named_in"] = [where.get(f"{code[:4]}00", ()) for code in table["adcode"]]
    heads = ["county", "code", "city", "basis", "confidence", "key", "named_in"]
    rows = [
        (
            it.unit(row.adcode, row.name), row.adcode,
            it.unit(f"{row.adcode[:4]}00", row.prefecture) or it.say("counties.direct"),
            it.code("membership_basis", row.basis), it.code("confidence", row.confidence),
            it.say("yes") if row.key_county else "",
            it.listed(map(it.clause, row.named_in)) if row.named_in else "",
        )
        for row in table.itertuples()
    ]  # fmt: skip
    if not table["key_county"].any():  # a column of nothing, which a sentence can say
        at = heads.index("key")
        heads, rows = heads[:at] + heads[at + 1 :], [row[:at] + row[at + 1 :] for row in rows]
    unnamed = int((table["named_in"].map(len) == 0).sum())
    low = int((table["confidence"] == "low").sum())
    return it.block(
        "counties",
        "counties.title",
        level=3,
        lead=it.sentences(
            it.say("counties.lead", n=len(table), unnamed=unnamed),
            it.say("counties.low", n=low) if low else "",
            "" if "key" in heads else it.say("counties.no_key"),
        ),
        columns=it.columns(*heads),
        rows=tuple(rows),
        note=it.say("counties.note"),
        folded=len(rows) > 30,
        records=table,
        values={"counties.listed": len(table), "counties.unnamed": unnamed, "area.low": low},
    )


def places(it: Context) -> Block:
    """List every place of the area that the plan names, with its role; recipients first."""
    table = it.mentions[it.mentions["level"] != "area"]
    table = table.sort_values(["recipient", "start"], ascending=[False, True], ignore_index=True)
    first = int(table["recipient"].sum())
    sizes = {"recipients": (0, first), "others": (first, len(table) - first)}
    part = it.frames.reach
    part = part[(part["region_id"] == it.id) & (part["how"] == "place") & ~part["whole"]]
    part = part.drop_duplicates("via").set_index("via")["counties"].to_dict()
    rows, notes = [], [_notes(it, row, part) for row in table.itertuples()]
    for row, note in zip(table.itertuples(), notes, strict=True):
        above = row.province if it.lang == "zh" else it.unit(f"{row.adcode[:2]}0000", row.province)
        rows.append(
            (
                row.printed, it.place(row), row.adcode, it.code("role", row.role),
                it.clause(row.clause_id), above, note,
            )[: 7 if any(notes) else 6]
        )  # fmt: skip
    named = int(table.loc[table["recipient"], "name"].nunique())
    return it.block(
        "places",
        "places.title",
        lead=it.say("places.lead", n=len(table), names=named, region=it.name)
        if len(table)
        else it.say("places.none"),
        columns=it.columns(
            "printed",
            "full_name",
            "code",
            "role",
            "where",
            "province",
            *["note"] * any(map(bool, notes)),
        ),
        rows=tuple(rows),
        quoted=frozenset({0}),
        groups=tuple((at, it.say(f"places.{name}", n=n)) for name, (at, n) in sizes.items() if n),
        note=it.sentences(
            it.say("places.note"),
            it.say("places.zones") if (table["level"] == "zone").any() else "",
        ),
        # Whole cities and counties have no number here.
        records=table.assign(
            role_en=[it.frames.words["role", role]["en"] for role in table["role"]],
            partly_counties=table["mention_id"].map(part).astype("Int64"),
        ),
        values={"places.namings": len(table), "places.names": named}
        | {f"places.{name}": n for name, (_, n) in sizes.items()},
    )


def _notes(it: Context, row: object, part: Mapping[str, int]) -> str:
    """Say where a place lies only partly here, and which other areas it is in."""
    notes = []
    if row.mention_id in part:
        city = it.unit(row.adcode, row.name)
        notes.append(it.say("places.part", city=city, n=part[row.mention_id]))
    others = [it.area(other) for other in row.region_id.split(";") if other != it.id]
    if others:
        key = "places.also" if row.level == "county" else "places.city_also"
        notes.append(it.say(key, regions=it.listed(others)))
    return it.parts(notes)
