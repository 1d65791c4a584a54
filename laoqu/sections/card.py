"""The card of one county: what the plan says of it, by what, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property

import pandas as pd

import laoqu
from laoqu.analysis import county
from laoqu.errors import ParameterError
from laoqu.labels import check_lang
from laoqu.places import resolve_place
from laoqu.plan import Plan, load
from laoqu.sections import head, provenance
from laoqu.sections.context import Context, frames, texts
from laoqu.sections.limits import choosing
from laoqu.tables import Block

#: The colour of a way of being named, by the scale of the reports.
BADGES = {"itself": "named", "city": "place", "zone": "place", "area": "place"}
#: The columns of ``tables/named.csv``.
RECORDS = (
    "mention_id", "way", "quote", "name", "level", "adcode", "region_id", "role", "role_en",
    "recipient", "unit_id", "clause_id", "page", "start", "end", "sentence",
)  # fmt: skip
TABLES = ("head", "areas", "named", "reach", "silent")


class County(Context):
    """One county in one language, and its rows of the plan's tables."""

    def __init__(self, plan: Plan, adcode: str, lang: str) -> None:
        self.plan, self.lang, self.id, self.frames = plan, lang, adcode, frames(plan)
        units = plan.gazetteer().set_index("adcode", drop=False)
        self.row = units.loc[adcode]
        city = units["level"].get(self.row["parent"]) == "prefecture"
        self.city = self.row["parent"] if city else ""
        self.name = self.unit(adcode)

    @cached_property
    def membership(self) -> pd.DataFrame:
        """The areas it is documented in, with basis, confidence and source; mostly one row."""
        table = self.plan.membership()
        return table[table["adcode"] == self.id].reset_index(drop=True)

    @cached_property
    def areas(self) -> list[str]:
        """Those documented well enough to count."""
        rows = self.membership
        return list(rows.loc[rows["confidence"] != "low", "region_id"])

    @cached_property
    def named(self) -> pd.DataFrame:
        """See `laoqu.analysis.county.namings`; with sentence, page, and recipients first."""
        mentions, district = self.plan.table("mentions"), self.row["type"] == "市辖区"
        rows = county.namings(mentions, self.id, self.city, district, self.areas)
        rows["clause_id"] = rows["unit_id"].str.split(".").str[0]
        rows["page"] = [self.plan.document.page_of(start) for start in rows["start"]]
        rows["sentence"] = rows["unit_id"].map(self.frames.sentences["text"])
        rows["first"] = rows["unit_id"].map(self.frames.sentences["start"])
        return rows.sort_values(["recipient", "start"], ascending=[False, True], ignore_index=True)

    @cached_property
    def ways(self) -> pd.DataFrame:
        """See `laoqu.analysis.county.reach`."""
        mentions = self.plan.table("mentions")
        return county.reach(self.frames.scopes, mentions, self.named, self.areas)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Directive sentences by way, all of `laoqu.analysis.county.WAYS`."""
        return self.ways["way"].value_counts().reindex(county.WAYS, fill_value=0).to_dict()

    @cached_property
    def key(self) -> bool:
        """Whether box 1 lists it as a national key county."""
        own = self.named[self.named["way"] == "itself"]
        return bool((own["role"] == "national_key_county").any())


class Card:
    """The card of one county. Get it from `card`."""

    def __init__(self, context: County) -> None:
        self.context = context
        self._made = cache(lambda make: make(context))

    def head(self) -> Block:
        """Name the county, what it lies in, its areas, and how to cite the card."""
        return self._made(_head)

    def areas(self) -> Block:
        """List the areas it is documented in, on what evidence."""
        return self._made(_areas)

    def named(self) -> Block:
        """List where the plan names it, its city, a zone there or its area."""
        return self._made(_named)

    def reach(self) -> Block:
        """Count the directive sentences by how they reach it."""
        return self._made(_reach)

    def silent(self) -> Block:
        """Say what the plan does not say of it."""
        return self._made(_silent)

    def provenance(self) -> Block:
        """Link every file and say from what the card was made."""
        it, blocks = self.context, [getattr(self, name)() for name in TABLES]
        block = provenance.provenance(it, blocks, (), "card", adcode=it.id)
        return replace(block, values={**block.values, "county.code": it.id})


def card(adcode: str, lang: str = "zh", plan: Plan | None = None) -> Card:
    """Return the card of one county; each of its methods is one section.

    Parameters
    ----------
    adcode : str
        Code of the end of 2021, or a name that fits one unit (`laoqu.resolve_place`).
    lang : {"zh", "en"}
    plan : Plan, optional
        By default ``laoqu.load()``.

    Raises
    ------
    ParameterError
        For a province, or a city that has counties.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.card("靖西市", "en").reach().values["card.itself"]
    1
    """
    plan = plan or load()
    units = plan.gazetteer().set_index("adcode")
    # The index of names takes longer than the card: a code needs none.
    code = adcode if adcode in units.index else str(resolve_place(adcode, folder=plan.folder))
    if code in set(units["parent"]):
        name = units.at[code, "name"]
        raise ParameterError(f"{name} ({code}) has counties of its own: name one of them")
    return Card(County(plan, code, check_lang(lang)))


def _head(it: County) -> Block:
    above = [(it.city, "city")] if it.city else []
    above.append((f"{it.id[:2]}0000", "province"))
    known = [
        it.bracketed(
            it.area(row.region_id),
            it.parts((it.code("membership_basis", row.basis),
                      it.say("card.confidence", level=it.code("confidence", row.confidence)))),
        )
        for row in it.membership.itertuples()
    ]  # fmt: skip
    weak = "card.weak" if len(it.membership) else "card.unknown"
    words = {"title": it.say("card.cite", county=it.name), "version": laoqu.__version__}
    cite = it.say("cite.text", **words, year=head.YEAR)
    facts = [
        (it.say("col.code"), it.bracketed(it.id, it.say("card.code_date"))),
        *((it.say(f"col.{kind}"), it.unit(code)) for code, kind in above),
        (it.say("col.area"), it.listed(known) if known else it.say("card.no_area")),
        (it.say("card.key"), it.say("yes" if it.key else "card.key_not")),
        (it.say("head.cite"), it.sentences(cite, head.based(it))),
    ]
    return Block(
        "head",
        it.say("card.title", county=it.name),
        level=1,
        lead=it.say("card.lead", plan=it.say("plan.short"), county=it.name),
        warning="" if it.areas else it.say(weak, county=it.name),
        facts=tuple(facts),
        values={
            "county.code": it.id, "county.code_date": "2021-12-31", "county.areas": len(it.areas),
            "county.weak": len(it.membership) - len(it.areas), "county.key": int(it.key),
            "plan.year": int(it.plan.source["year"]), "plan.short": it.say("plan.short"),
            "plan.title": it.plan.source["title" if it.lang == "zh" else "title_en"],
            "edition.version": laoqu.__version__, "edition.year": head.YEAR,
        },
        lang=it.lang,
    )  # fmt: skip


def _areas(it: County) -> Block:
    rows = it.membership
    key = "card.areas_lead" if len(rows) else "card.unknown"
    return it.block(
        "areas",
        "card.areas",
        lead=it.say(key, county=it.name, n=len(rows)),
        columns=it.columns("area", "basis", "confidence", "source", "source_words"),
        rows=tuple(
            (it.area(row.region_id), it.code("membership_basis", row.basis),
             it.code("confidence", row.confidence), row.source, row.source_quote)
            for row in rows.itertuples()
        ),
        quoted=frozenset({3, 4}),
        note=it.say("card.areas_note"),
        records=rows,
        values={"card.memberships": len(rows)},
    )  # fmt: skip


def _named(it: County) -> Block:
    rows, counts = it.named, it.named["way"].value_counts()
    found = {way: int(counts.get(way, 0)) for way in county.NAMED}
    first = int(rows["recipient"].sum())
    sizes = {"recipients": (0, first), "others": (first, len(rows) - first)}
    return it.block(
        "named",
        "card.named",
        lead=it.say("card.named_lead", n=len(rows), **found)
        if len(rows)
        else it.say("card.named_none", county=it.name),
        columns=it.columns("words", "names", "role", "where"),
        rows=tuple(
            (row.sentence, it.bracketed(it.say(f"card.way.{row.way}"), row.quote),
             it.code("role", row.role) if row.role else "", it.where(row))
            for row in rows.itertuples()
        ),
        quoted=frozenset({0}),
        marks=tuple(((row.start - row.first, row.end - row.first),) for row in rows.itertuples()),
        groups=tuple((at, it.say(f"places.{name}", n=n)) for name, (at, n) in sizes.items() if n),
        badges=tuple(BADGES[way] for way in rows["way"]),
        badge=1,
        note=it.say("card.named_note"),
        records=rows.assign(
            role_en=[it.frames.words["role", role]["en"] if role else "" for role in rows["role"]]
        )[list(RECORDS)],
        values={f"named.{way}": n for way, n in found.items()}
        | {f"named.{name}": n for name, (_, n) in sizes.items()}
        | {"named.all": len(rows)},
    )  # fmt: skip


def _reach(it: County) -> Block:
    counts = it.counts
    ways = [way for way in county.WAYS if counts[way] or way in county.NAMED]
    for_key = int((it.ways["key_class"] & (it.ways["way"] == "class")).sum()) if it.key else 0
    values = {f"card.{way}": n for way, n in counts.items()}
    values |= {"card.key_class": for_key, "card.directives": len(it.ways)}
    near = sum(counts[way] for way in county.NAMED[:3])
    return it.block(
        "reach",
        "card.reach",
        lead=it.say("card.reach_lead", n=len(it.ways), near=near, county=it.name),
        columns=it.columns("reach", "sentences", "meaning"),
        rows=texts(
            [(it.say(f"card.way.{way}"), counts[way], it.say(f"card.means.{way}")) for way in ways]
        ),
        numeric=frozenset({1}),
        items=(it.say("card.key_class", n=for_key),) if it.key else (),
        note=it.say("card.reach_note"),
        records=pd.DataFrame({"way": ways, "sentences": [counts[way] for way in ways]}),
        values=values | {"card.near": near},
    )


def _silent(it: County) -> Block:
    counts, own = it.counts, bool((it.named["way"] == "itself").any())
    items = (
        "" if own else it.say("card.silent.named", county=it.name),
        it.say("silent.target"),
        it.say("card.silent.open", n=counts["open"]) if counts["open"] else "",
        it.say("card.silent.class", n=counts["class"]) if counts["class"] else "",
        it.say("card.silent.unknown", n=counts["unknown"]) if counts["unknown"] else "",
        it.say("silent.provincial") if choosing(it.frames) & set(it.areas) else "",
        it.say("card.silent.members"),
    )
    return it.block(
        "silent",
        "silent.title",
        lead=it.say("silent.lead"),
        items=tuple(item for item in items if item),
        values={f"card.{way}": counts[way] for way in ("open", "class", "unknown")},
    )
