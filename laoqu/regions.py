"""The twelve areas: their names, their counties, and which words of the plan reach them."""

from __future__ import annotations

import re
import unicodedata
from collections import namedtuple
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import schema
from laoqu.errors import LaoquError, UnknownId, check_lang, guard_methods, nearest, require
from laoqu.reprs import card, no_name
from laoqu.spelling import clean, spellings

if TYPE_CHECKING:
    from laoqu.plan import Plan

CONFIDENCE = ("high", "medium", "low")
#: From near to far; the last three are derived, never stored (see `nearest_reach`).
REACH = ("named", "place", "class", "everyone", "conditional", "open", "none")
#: What stands behind the first digits of a city's code for its urban districts.
URBAN = "市区"
#: Below this share of documented counties an area's numbers are lower bounds.
COMPLETE = 0.9
#: Columns with a name of an area.
NAMES = ("region_id", "name_zh", "full_zh", "name_en", "full_en", "label_en", "text_en")
#: The columns of `reach`.
REACHED = [
    "unit_id", "scope_id", "region_id", "how", "conditional", "via", "basis", "confidence",
    "counties", "whole", "start", "end", "quote",
]  # fmt: skip
#: The columns of `located`.
LOCATED = [
    "mention_id", "printed", "name", "name_en", "level", "adcode", "code_date", "province",
    "prefecture", "unit_id", "clause_id", "start", "end", "role", "recipient", "list_open",
    "list_total", "region_id", "reason",
]  # fmt: skip
#: The fields of a `Region`.
FIELDS = """
region_id order name_zh full_zh name_en full_en label_en text_en aliases provinces
official_total total_basis documented
"""
#: What of the plan has the rows of an area, by the column that other tables share with it.
WITH_AREAS = {"measure_id": "measures", "unit_id": "directives", "adcode": "membership"}
SUFFIX = re.compile(r"(?:革命老区|老区|原中央苏区|oldrevolutionarybasearea)$")


@guard_methods
class Region(namedtuple("Region", FIELDS)):
    """One of the twelve areas; the fields are columns of ``plan.regions()``."""

    def name(self, lang: str = "zh", *, full: bool = False) -> str:
        """Return the name for a page (`full`) or for a chart, in Chinese or English."""
        if check_lang(lang) == "zh":
            return self.full_zh if full else self.name_zh
        return self.full_en if full else self.label_en

    def _repr_html_(self) -> str:
        counted = f"{self.documented} of {self.official_total}"
        facts = {"": self.region_id, "documented counties": counted}
        return card(f"{self.full_zh} · {self.name_en}", facts, ["、".join(self.provinces)])

    def __getattr__(self, name: str) -> object:
        raise no_name("an area", name, dir(self))

    def in_text(self, lang: str = "zh") -> str:
        """Return the name for the inside of a sentence: an English one may have an article."""
        return self.name_zh if check_lang(lang) == "zh" else self.text_en


def fold(name: str) -> str:
    """Bring a name to the form in which names are compared: width, case, dashes, suffix."""
    text = unicodedata.normalize("NFKC", str(name)).casefold()
    text = re.sub(r"[\s\-‐‑–—()（）·]", "", text)
    return SUFFIX.sub("", text) or text


def called(regions: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Return the row of each area by each of its names, as they are compared."""
    rows = regions.to_dict("records")
    return {fold(each): row for row in rows for each in (*map(row.get, NAMES), *row["aliases"])}


def find(name: str, regions: pd.DataFrame) -> dict[str, object]:
    """Return the row of the area that answers to `name`: id, name, alias, in any characters."""
    known = called(regions)
    said = (fold(each) for each in spellings(clean(name))) if isinstance(name, str) else ()
    found = next((known[each] for each in said if each in known), None)
    if found is None:
        close = [known[key] for key in nearest(fold(str(name)), known, n=5)] or known.values()
        shown = [f"{row['region_id']} ({row['name_zh']})" for row in close]
        raise UnknownId(name, dict.fromkeys(shown), "area")
    return found


def of_area(table: pd.DataFrame, area: Region, name: str = "") -> pd.DataFrame:
    """Return a table's rows of one area; a row may have several, or ``*``.

    A table without areas is refused by its name, with what of the plan has them.
    """
    column = "region_ids" if "region_ids" in table else "region_id"
    if column not in table:
        key = next((key for key in WITH_AREAS if key in table), "")
        use = f"plan.{WITH_AREAS.get(key)}({area.name_zh!r})"
        use = f"{use} has those of the area" if name in use else f"join it with {use} by {key}"
        use = use if key else f"plan.table({name!r}) is all of it"
        raise LaoquError(f"the table {name!r} has no column of areas: {use}")
    mine = {area.region_id, "*"}
    of = [mine & set(ids.split(";") if isinstance(ids, str) else ids) for ids in table[column]]
    return table.loc[[bool(each) for each in of]].reset_index(drop=True)


def documented(
    regions: pd.DataFrame, membership: pd.DataFrame, own: Path | None = None, folder: Path = Path()
) -> pd.DataFrame:
    """Add ``documented`` and ``low_confidence`` (counties per area), and ``complete``.

    An area is complete when `COMPLETE` of its counties are documented and its total is no lower
    bound: where nobody knows how many there are, nobody knows that these are all. With a table of
    the reader's `own`, ``counties_from`` names it for the areas whose rows are not those of
    `folder`, of which the notes do not speak; a total that is that of the list is that of theirs.
    """
    low = membership["confidence"] == "low"
    sure, unsure = (membership.loc[rows, "region_id"].value_counts() for rows in (~low, low))
    known, weak = (regions["region_id"].map(n).fillna(0).astype("int64") for n in (sure, unsure))
    full = known >= COMPLETE * regions["official_total"]
    full &= regions["total_basis"] != "lower_bound"
    regions = regions.assign(documented=known, low_confidence=weak, complete=full)
    if own is None:
        return regions.assign(counties_from="")
    shipped = schema.Tables(folder).frame("membership")
    ours, theirs = (
        each.groupby("region_id")[["adcode", "source"]].apply(lambda rows: rows.values.tolist())
        for each in (shipped, membership)
    )
    other = regions["region_id"].map(lambda area: ours.get(area) != theirs.get(area))
    notes = {name: regions[name].mask(other, "") for name in ("note_zh", "note_en")}
    listed = other & regions["total_basis"].eq("listed")
    notes["official_total"] = regions["official_total"].mask(listed, known)
    notes["total_source"] = regions["total_source"].mask(listed, f"as many as {own.name} has")
    notes["total_url"] = regions["total_url"].mask(listed, "")
    notes["complete"] = regions["complete"] | (listed & known.gt(0))
    return regions.assign(counties_from=other.map({True: own.name, False: ""}), **notes)


def own_names(plan: Plan) -> dict[str, str]:
    """Return by kind what a plan has in the place of the published, and for which areas alone."""
    names = {kind: path.name for kind, path in plan.own.items()}
    if "membership" in names and plan.mode == "complete":
        areas = ", ".join(plan.regions().query("counties_from != ''")["region_id"])
        names["membership"] += f" (for {areas} alone; other areas as published)"
    return names


def place_areas(
    membership: pd.DataFrame,
    gazetteer: pd.DataFrame,
    min_confidence: str = "medium",
    cities: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return in which areas a code lies, for counties and for the cities above them.

    One row per (adcode, area): ``adcode``, ``region_id``, ``basis``, ``confidence``, ``counties``
    (documented counties behind the row), ``whole`` (every county of it is documented), ``of`` (how
    many it has). Rows of membership weaker than `min_confidence` are left out. A city lies in an
    area when one of its counties does, or when `cities` (``plan.table("city_membership")``) says
    so; its basis is ``prefecture``, and its confidence the best. The gazetteer tells how many
    counties it has. Its urban districts (市区) alone have rows of their own, by `keys`.
    """
    require(min_confidence, CONFIDENCE, "confidence")
    sure = CONFIDENCE[: CONFIDENCE.index(min_confidence) + 1]
    counties = membership[membership["confidence"].isin(sure)].assign(counties=1, whole=True, of=1)
    units = gazetteer[gazetteer["level"] == "county"].set_index("adcode")
    districts = units.index[units["type"] == "市辖区"]
    inner = counties[counties["adcode"].isin(districts)]
    inner = inner.assign(adcode=inner["adcode"].str[:4] + URBAN)
    above = pd.concat([counties.assign(adcode=counties["adcode"].str[:4] + "00"), inner])
    if cities is not None:
        stated = cities[cities["confidence"].isin(sure)]
        above = pd.concat([above, stated.assign(counties=0)], ignore_index=True)
    above["confidence"] = above["confidence"].map(CONFIDENCE.index)
    above = above.groupby(["adcode", "region_id"], as_index=False)
    above = above.agg({"confidence": "min", "counties": "sum"})
    above["confidence"] = above["confidence"].map(dict(enumerate(CONFIDENCE)))
    # 儋州 and its like are cities without counties: their own row stands for them.
    held = pd.concat([units["parent"], pd.Series(districts.str[:4] + URBAN)]).value_counts()
    above = above.assign(basis="prefecture", of=above["adcode"].map(held)).dropna(subset="of")
    above["whole"] = above["counties"] == above["of"]
    columns = ["adcode", "region_id", "basis", "confidence", "counties", "whole", "of"]
    return pd.concat([counties[columns], above], ignore_index=True)


def keys(namings: pd.DataFrame) -> pd.Series:
    """Return by which codes namings stand in `place_areas`: 三明市区 by 3504市区, not by 350400."""
    codes = namings["adcode"]
    return codes.mask(namings["level"] == "urban_area", codes.str[:4] + URBAN)


def located(mentions: pd.DataFrame, areas: pd.DataFrame, region_ids: Sequence[str]) -> pd.DataFrame:
    """Return the namings with the areas that each names or lies in; a province lies in none.

    One row per naming, the columns `LOCATED`: ``quote`` is ``printed`` there, and ``region_id`` has
    all areas (from `place_areas`) in the order of `region_ids`, joined by ``;``.
    """
    order = areas["region_id"].map(list(region_ids).index)
    inside = areas.loc[order.sort_values().index].groupby("adcode")["region_id"].agg(";".join)
    small = ~mentions["level"].isin(["province", "country"])
    lies_in = keys(mentions).map(inside).where(small & (mentions["region_id"] == ""))
    return mentions.rename(columns={"quote": "printed"}).assign(
        region_id=lies_in.fillna(mentions["region_id"].where(small, "")),
        clause_id=mentions["unit_id"].str.partition(".")[0],
    )[LOCATED]


def reach(
    scopes: pd.DataFrame, mentions: pd.DataFrame, areas: pd.DataFrame, region_ids: list[str]
) -> pd.DataFrame:
    """Derive which segment of which sentence reaches which area, and by what.

    `scopes` and `mentions` are the curated tables, `areas` is from `place_areas`, and `region_ids`
    are the twelve. One row per (segment, area, naming), the columns `REACHED`:
    ``how`` is named, place, class or everyone, ``conditional`` (the condition is one on areas,
    their cities or counties), ``via`` the mention (empty for class and everyone), ``counties`` how
    many documented counties of the area stand behind a named city or county, ``whole`` is false
    where only some of a city's counties are documented. An area that is missing from a list that
    ends in 等 has no row: it is unknown, not excluded.
    """
    segments = scopes[scopes["scope"] != "none"].reset_index(drop=True)
    segments = segments.reset_index(names="segment").drop(columns="confidence", errors="ignore")
    segments["conditional"] = segments["condition_on"] == "areas"
    segments["how"] = segments["scope"].map({"universal": "everyone", "class": "class"})
    shared = segments.dropna(subset="how").assign(via="")
    shared["region_id"] = [
        [each for each in region_ids if how == "everyone" or {"*", each} & set(confined)]
        for how, confined in zip(shared["how"], shared["class_areas"], strict=True)
    ]
    shared = shared.explode("region_id").dropna(subset="region_id")
    named = _recipients(segments[segments["how"].isna()], mentions)
    own = named["region_id"] != ""
    printed = named[own].assign(basis="printed", how=named["level"].map({"area": "named"}))
    inside = named[~own].drop(columns=["region_id", "basis"])
    inside = inside.assign(adcode=keys(inside)).merge(areas, on="adcode")
    rows = pd.concat([shared, printed, inside]).sort_values(["segment", "naming"], kind="stable")
    rows = rows.fillna({"how": "place", "confidence": "high", "counties": 0})
    rows["whole"] = rows["whole"].ne(False)
    kinds = {"counties": "int64", "start": "int64", "end": "int64"}
    return rows[REACHED].astype(kinds).reset_index(drop=True)


def _recipients(segments: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Join segments with the recipients they name, or that the box they point to lists."""
    columns = ["mention_id", "unit_id", "level", "adcode", "region_id", "start", "end", "quote"]
    named = mentions.loc[mentions["recipient"], columns].reset_index(drop=True)
    named = named.rename(columns={"mention_id": "via", "unit_id": "named_in"})
    named = named.assign(box=named["named_in"].str.partition(".")[0]).reset_index(names="naming")
    segments = segments.rename(columns={"start": "from_", "end": "to"}).drop(columns="quote")
    boxed = segments["resolved_by"] != ""
    here = segments[~boxed].merge(named, left_on="unit_id", right_on="named_in")
    here = here[(here["start"] >= here["from_"]) & (here["end"] <= here["to"])]
    there = segments[boxed].merge(named, left_on="resolved_by", right_on="box")
    return pd.concat([here, there], ignore_index=True)


def reach_of_measures(
    reached: pd.DataFrame, measures: pd.DataFrame, mentions: pd.DataFrame
) -> pd.DataFrame:
    """Carry reach from segments of sentences to the measures in them.

    A measure is reached by what its own words name; where it names no place of its own, by the
    nearest measure before it in the same segment, whose recipients it continues; and by every
    class or everyone whose segment it overlaps. Whether it names a place of its own, `mentions`
    say: a place that lies in no area is one too. One row per (measure, area, naming):
    ``measure_id`` and the columns of `reached`.
    """
    span = measures.groupby("unit_id").agg(first=("start", "min"), after=("end", "max"))
    pairs = measures[["measure_id", "unit_id", "start", "end", "segments"]].explode("segments")
    pairs = pairs.rename(columns={"segments": "scope_id"}).join(span, on="unit_id")
    pairs = pairs.rename(columns={"start": "from_", "end": "to"}).drop(columns="unit_id")
    rows = pairs.merge(reached, on="scope_id")
    named = rows["how"].isin(["named", "place"])
    # A box that resolves a class stands elsewhere: its names belong to the whole segment.
    here = (rows["start"] >= rows["from_"]) & (rows["start"] < rows["to"])
    away = (rows["start"] < rows["first"]) | (rows["start"] >= rows["after"])
    own = rows[named & (here | away)]
    keys = ["measure_id", "scope_id"]
    names = mentions.loc[mentions["recipient"], ["unit_id", "start"]]
    names = measures[["measure_id", "unit_id", "start", "end"]].merge(
        names, on="unit_id", suffixes=("_measure", "")
    )
    names = names[names["start"].ge(names["start_measure"]) & names["start"].lt(names["end"])]
    has = pairs["measure_id"].isin({*names["measure_id"], *own["measure_id"]})
    pairs = pairs[keys].assign(source=pairs["measure_id"].where(has))
    pairs["source"] = pairs.groupby("scope_id")["source"].ffill()
    own = pairs.merge(own.rename(columns={"measure_id": "source"}), on=["scope_id", "source"])
    result = pd.concat([own, rows[~named]]).sort_values("measure_id", kind="stable")
    return result[["measure_id", *reached.columns]].reset_index(drop=True)


def best_reach(reached: pd.DataFrame, by: list[str]) -> pd.Series:
    """Return the nearest reach of each group of rows; `conditional` as in `nearest_reach`."""
    bare = reached["how"].isin(["named", "place"])
    shown = reached["how"].where(bare | ~reached["conditional"], "conditional")
    rank = shown.map(REACH.index).groupby([reached[column] for column in by]).min()
    return rank.map(dict(enumerate(REACH))).rename("reach")


def open_lists(scopes: pd.DataFrame, region_ids: Collection[str]) -> set[tuple[str, str]]:
    """Return the (sentence, area) pairs where a list that ends in 等 could hold the area."""
    lists = scopes[scopes["list_open"] & (scopes["scope"] != "class")]
    return {
        (row.unit_id, region_id)
        for row in lists.itertuples()
        for region_id in region_ids
        if not row.class_areas or region_id in row.class_areas
    }


def nearest_reach(
    reached: pd.DataFrame, scopes: pd.DataFrame, region_ids: list[str]
) -> pd.DataFrame:
    """Return how each directive sentence reaches each area at its nearest, for all pairs.

    One row per (sentence, area): ``unit_id``, ``region_id``, ``reach`` (a value of `REACH`).
    ``conditional``: reached only as part of everyone or of a class, always under a condition.
    ``open``: not reached, but a list of names in the sentence ends in 等, so that nobody can say
    from the text whether the area is in it. ``none``: not reached.
    """
    directive = scopes[scopes["scope"] != "none"]
    pairs = [directive["unit_id"].drop_duplicates(), region_ids]
    index = pd.MultiIndex.from_product(pairs, names=["unit_id", "region_id"])
    maybe = open_lists(directive, region_ids)
    open_ = pd.Series(["open" if pair in maybe else "none" for pair in index], index)
    near = best_reach(reached, ["unit_id", "region_id"]).reindex(index).fillna(open_)
    return near.reset_index()
