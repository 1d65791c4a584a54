"""What every section asks: frames of the plan worked out once, and words in one language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import pandas as pd

from laoqu import regions
from laoqu.analysis import exposure
from laoqu.analysis.weights import DIRECT
from laoqu.labels import joined, label, official
from laoqu.plan import Plan
from laoqu.regions import Region
from laoqu.tables import Block

#: Levels of places that a reader would call a place; the others are areas, rivers, zones.
CITIES = ("prefecture", "urban_area")


class Frames:
    """The frames of one plan that sections share, each worked out at first use.

    They are handed out as they are: read them, do not write into them.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @cached_property
    def regions(self) -> pd.DataFrame:
        """The areas, by id."""
        return self.plan.regions().set_index("region_id", drop=False)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """The measures with their codes, in reading order, with ``page``."""
        table = self.plan.measures()
        return table.assign(page=[self.plan.document.page_of(start) for start in table["start"]])

    @cached_property
    def reach(self) -> pd.DataFrame:
        """See `laoqu.regions.reach`."""
        return self.plan.reach()

    @cached_property
    def nearest(self) -> pd.DataFrame:
        """See `laoqu.regions.nearest_reach`."""
        return regions.nearest_reach(self.reach, self.scopes, self.plan.region_ids)

    @cached_property
    def by_measure(self) -> pd.DataFrame:
        """See `laoqu.regions.reach_of_measures`."""
        return regions.reach_of_measures(self.reach, self.measures)

    @cached_property
    def nearest_measures(self) -> pd.DataFrame:
        """How each measure reaches each area at its nearest: as ``plan.measure_reach()``."""
        return regions.best_reach(self.by_measure, ["measure_id", "region_id"]).reset_index()

    @cached_property
    def scopes(self) -> pd.DataFrame:
        """The table of scopes."""
        return self.plan.scopes()

    @cached_property
    def sentences(self) -> pd.DataFrame:
        """Every sentence, by id."""
        return self.plan.sentences().set_index("unit_id", drop=False)

    @cached_property
    def directives(self) -> pd.DataFrame:
        """The directive sentences."""
        return self.plan.directives()

    @cached_property
    def mentions(self) -> pd.DataFrame:
        """Every naming of a place."""
        return self.plan.mentions()

    @cached_property
    def items(self) -> pd.DataFrame:
        """The places that the boxes list."""
        return self.plan.box_items()

    @cached_property
    def units(self) -> dict[str, tuple[str, str]]:
        """By code, the name of each unit of the end of 2021 and its English form."""
        table = self.plan.gazetteer()
        names = zip(table["name"], table["name_en"], strict=True)
        return dict(zip(table["adcode"], names, strict=True))

    @cached_property
    def words(self) -> dict[tuple[str, str], dict[str, str]]:
        """By variable and code, the words of the codebook in each language."""
        return {
            (row.variable, row.code): {"zh": row.label_zh, "en": row.label_en}
            for row in self.plan.codebook().itertuples()
        }

    @cached_property
    def counts(self) -> pd.DataFrame:
        """See `laoqu.analysis.exposure.by_clause`."""
        return exposure.by_clause(self.nearest, self.directives)

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """See `laoqu.analysis.exposure.numbers`."""
        return exposure.numbers(self.counts, self.reach, self.mentions, self.items)


@lru_cache(maxsize=4)
def frames(plan: Plan) -> Frames:
    """Return the frames of a plan; all its reports share them."""
    return Frames(plan)


class Context:
    """One area in one language: its rows of the frames, and how things are said."""

    def __init__(self, plan: Plan, region: Region, lang: str) -> None:
        self.plan, self.region, self.lang = plan, region, lang
        self.frames = frames(plan)
        self.id, self.name = region.region_id, region.named(lang)

    @cached_property
    def measures(self) -> pd.DataFrame:
        """The measures that reach the area, with ``reach``."""
        near = self.frames.nearest_measures
        near = near[near["region_id"] == self.id].drop(columns="region_id")
        return self.frames.measures.merge(near, on="measure_id").reset_index(drop=True)

    @cached_property
    def direct(self) -> pd.DataFrame:
        """Those of them that name the area or a place in it."""
        here = self.measures["reach"].isin(DIRECT)
        return self.measures[here].reset_index(drop=True)

    @cached_property
    def naming(self) -> dict[str, list[object]]:
        """By measure, the rows of `laoqu.regions.reach_of_measures` that name it or its places."""
        rows = self.frames.by_measure
        found = defaultdict(list)
        for row in rows[(rows["region_id"] == self.id) & rows["how"].isin(DIRECT)].itertuples():
            found[row.measure_id].append(row)
        return found

    @cached_property
    def mentions(self) -> pd.DataFrame:
        """The namings of the area and of places in it."""
        ids = self.frames.mentions["region_id"].str.split(";")
        return self.frames.mentions[[self.id in each for each in ids]].reset_index(drop=True)

    @cached_property
    def places(self) -> dict[str, object]:
        """By id, the rows of `mentions`."""
        return {row.mention_id: row for row in self.mentions.itertuples()}

    @cached_property
    def membership(self) -> pd.DataFrame:
        """The counties of the area, weakly documented ones too."""
        return self.plan.membership(self.id)

    @cached_property
    def total(self) -> str:
        """The official number of counties, with a word where more are documented than that."""
        return official(self.region.documented, self.region.official_total, self.lang)

    @cached_property
    def incomplete(self) -> bool:
        """Whether a tenth of the counties is missing: a few renamed ones, or an unknown area."""
        return self.region.documented < 0.9 * self.region.official_total

    def say(self, key: str, **values: object) -> str:
        """Return one text of the label table."""
        return label(key, self.lang, **values)

    def sentences(self, *texts: str) -> str:
        """Set sentences behind each other."""
        return ("" if self.lang == "zh" else " ").join(text for text in texts if text)

    def listed(self, items: Iterable[str]) -> str:
        """Join names."""
        return joined(list(items), self.lang)

    def parts(self, items: Iterable[str]) -> str:
        """Join what stands side by side on a line."""
        return " · ".join(item for item in items if item)

    def bracketed(self, text: str, more: str) -> str:
        """Set `more` in brackets behind `text`."""
        open_, close = ("（", "）") if self.lang == "zh" else (" (", ")")
        return f"{text}{open_}{more}{close}" if more else text

    def columns(self, *names: str) -> tuple[str, ...]:
        """Return heads of columns."""
        return tuple(self.say(f"col.{name}") for name in names)

    def code(self, variable: str, code: object) -> str:
        """Return the words of a code; what a coding of one's own left empty is said to be so."""
        if pd.isna(code) or code == "":
            return self.say("code.none")
        return self.frames.words[variable, str(code)][self.lang]

    def clause(self, clause_id: str) -> str:
        """Return how a passage is called: 条目七, 专栏2, clause 7."""
        if self.lang == "zh":
            return self.plan.clause_name(clause_id)
        if clause_id[1:].isdigit():
            kind = {"b": "box", "c": "clause", "p": "part"}[clause_id[0]]
            return self.say(f"where.{kind}", number=int(clause_id[1:]))
        return self.say(f"clause.{clause_id}")

    def where(self, row: object) -> str:
        """Return clause, page and offsets of a row that has them."""
        return self.parts(
            (
                self.clause(row.clause_id),
                self.say("where.page", page=row.page),
                self.say("where.offsets", start=row.start, end=row.end),
            )
        )

    def unit(self, adcode: str, printed: str = "") -> str:
        """Return a unit's name; in English both names, since the plan prints the Chinese one."""
        if adcode not in self.frames.units:
            return printed
        name, english = self.frames.units[adcode]
        return name if self.lang == "zh" else f"{english} {name}"

    def full_name(self, row: object) -> str:
        """Return the full name of a naming of `laoqu.plan.Plan.mentions`; in English both."""
        # Zones and urban districts lie in the unit of their code and have a name of their own.
        if row.name_en:
            return row.name if self.lang == "zh" else f"{row.name_en} {row.name}"
        return self.unit(row.adcode, row.name)

    def place(self, row: object) -> str:
        """Return the same, with the city of a zone that has the name of another place."""
        city = self.frames.units[row.adcode][0] if row.level == "zone" else ""
        # 井冈山 in 吉安 would be looked for in 井冈山.
        elsewhere = city.removesuffix("市") not in row.name
        more = self.say("place.in", city=self.unit(row.adcode)) if elsewhere else ""
        return self.bracketed(self.full_name(row), more)

    def area(self, region_id: str) -> str:
        """Return the short name of any area."""
        row = self.frames.regions.loc[region_id]
        return str(row["name_zh" if self.lang == "zh" else "label_en"])

    def block(self, anchor: str, title: str = "", **parts: object) -> Block:
        """Return a block in this language; `title` is a key of the label table."""
        return Block(anchor, self.say(title) if title else "", lang=self.lang, **parts)


def texts(rows: Sequence[Sequence[object]]) -> tuple[tuple[str, ...], ...]:
    """Return cells as a block holds them."""
    return tuple(tuple(str(cell) for cell in row) for row in rows)
