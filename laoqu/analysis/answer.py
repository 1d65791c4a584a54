"""What the plan says of one area, as frames, and the paragraph that answers first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import regions, schema
from laoqu.analysis import naming

if TYPE_CHECKING:
    from laoqu.plan import Plan
    from laoqu.show import Words

#: A thing is common when more than this many of the twelve areas have it.
MOST = 6
#: Length of the paragraph: Chinese characters and marks, English words.
LIMIT = {"zh": 150, "en": 100}
#: So many of the things that are named stay in the paragraph, however long it is.
LEAST = 3
DIRECT = ("named", "place")
#: What is counted by city, so that a city may lie in the area in part.
PARTLY = ("cities", "zones")


@schema.once
def direct(plan: Plan) -> pd.DataFrame:
    """Return the measures that name an area or a place in it.

    One row per (measure, area): ``region_id``, ``reach`` (named, place), ``areas`` (how many areas
    the measure is for in one of these ways), ``named_areas`` (how many it names), ``via`` (tuple of
    mention ids), ``part`` (all of them are cities of which only a part is documented in the area),
    ``page`` and the columns of ``plan.measures()``. Where a measure gives places several roles, and
    those of the area one, ``short_zh`` and ``short_en`` are the name of that role.

    >>> import laoqu as lq
    >>> from laoqu.analysis import answer
    >>> rows = answer.direct(lq.load()).query("region_id == 'ganminyue' and reach == 'named'")
    >>> rows["measure_id"].tolist()
    ['b3.s01.m1', 'c04.s02.m1', 'c10.s03.m1', 'c13.s03.m2', 'c14.s02.m1']
    """
    measures = plan.measures()
    reach = plan.measure_reach()
    reach = reach[reach["reach"].isin(DIRECT)]
    reach = reach.assign(
        areas=reach.groupby("measure_id")["region_id"].transform("nunique"),
        named_areas=reach["reach"].eq("named").groupby(reach["measure_id"]).transform("sum"),
    )
    namings = regions.reach_of_measures(plan.reach(), measures, plan.mentions())
    namings = namings[namings["how"].isin(DIRECT)].groupby(["measure_id", "region_id"])
    via = namings["via"].unique().map(tuple).to_frame().assign(part=~namings["whole"].any())
    table = reach.join(via, on=["measure_id", "region_id"]).merge(measures, on="measure_id")
    table["page"] = table["start"].map(plan.document.page_of)
    role = plan.mentions().set_index("mention_id")["role"]
    roles = table["via"].map(lambda ids: frozenset(role[list(ids)]))
    several = roles.groupby(table["measure_id"]).transform("nunique") > 1
    own = roles.map(min).where(several & (roles.map(len) == 1))
    names = plan.codebook("role").set_index("code")
    for short, label in (("short_zh", "label_zh"), ("short_en", "label_en")):
        table[short] = own.map(names[label]).fillna(table[short])
    return table


def lacking(
    rows: pd.DataFrame,
    standings: pd.DataFrame,
    scopes: pd.DataFrame,
    region_id: str,
    most: int = MOST,
) -> pd.DataFrame:
    """Return what more than `most` areas have by name and this one has not.

    `rows`, `standings` and `scopes` are those of all areas. What the plan confines to a class of
    other areas (东中部革命老区) cannot be lacking there. One row per thing: ``kind`` (measure
    or role), ``id`` (of the measure; code of the role), ``areas`` (how many of the twelve have it),
    ``short_zh``, ``short_en`` (of a measure). Most of these lists end in 等: an area that is not
    printed in one may still be meant.
    """
    fits = _fits(scopes, region_id).groupby(scopes["unit_id"]).any()
    measures = rows[rows["reach"].eq("named") & rows["unit_id"].map(fits)].assign(kind="measure")
    places = standings.assign(kind="role").rename(columns={"role": "id"})
    table = pd.concat([measures.rename(columns={"measure_id": "id"}), places])
    things = table.groupby(["kind", "id"])
    found = things[["short_zh", "short_en"]].first()
    found.insert(0, "areas", things["region_id"].nunique())
    has = pd.MultiIndex.from_frame(table.loc[table["region_id"] == region_id, ["kind", "id"]])
    found = found[(found["areas"] > most) & ~found.index.isin(has)]
    return found.reset_index().sort_values("areas", ascending=False, ignore_index=True)


@schema.once
def counts(plan: Plan) -> pd.DataFrame:
    """Return the numbers by which areas can be told apart, none of them a rank.

    One row per area, indexed by ``region_id``: ``named`` and ``place`` (measures that name it; that
    reach it through a place only), ``cities`` (with a standing in clause 七), ``seats``, ``zones``,
    ``key_counties`` (places listed), ``place_part``, ``cities_part``, ``zones_part`` (those of them
    by way of a city of which only a part is documented here),
    ``documented``, ``total`` (counties), ``complete`` (as in ``plan.regions()``; else what rests
    on places is a lower bound), ``whole`` (all counties are documented; else ``part`` may be more).
    """
    rows = direct(plan)
    places = naming.standings(plan)
    areas = plan.regions().set_index("region_id")
    table = areas[["documented", "official_total"]].rename(columns={"official_total": "total"})
    for reach in DIRECT:
        table[reach] = rows[rows["reach"] == reach].groupby("region_id").size()
    through = rows[(rows["reach"] == "place") & rows["part"]]
    table["place_part"] = through.groupby("region_id").size()
    for column, here, counted in (
        ("cities", places["clause_id"] == "c07", "city"),
        ("seats", places["group"] == "seat", "name"),
        ("zones", places["clause_id"] == "b4", "name"),
        ("key_counties", places["role"] == "national_key_county", "name"),
    ):
        table[column] = places[here].groupby("region_id")[counted].nunique()
        if column in PARTLY:
            part = here & places["part"]
            table[f"{column}_part"] = places[part].groupby("region_id")[counted].nunique()
    whole = (table["documented"] >= table["total"]) & (areas["total_basis"] != "lower_bound")
    return table.fillna(0).astype(int).assign(complete=areas["complete"], whole=whole)


def open_lists(plan: Plan, region_id: str) -> pd.DataFrame:
    """Return the lists of names in 等 that could hold the area and print neither it nor its places.

    A list that is confined to certain areas (东部地区革命老区) is none for the others, and one of
    rivers or mountains, which names nobody who gets something, is none at all. A sentence has as
    many lists as its places have roles. One row per list: ``unit_id``, ``role``, ``clause_id``,
    ``start``, ``end`` (of its names).

    >>> import laoqu as lq
    >>> from laoqu.analysis import answer
    >>> answer.open_lists(lq.load(), "yimeng").query("unit_id == 'b4.s01'")["role"].tolist()
    ['etdz', 'transition_zone', 'bonded_zone']
    """
    scopes = plan.scopes()
    fits = _fits(scopes, region_id).groupby(scopes["unit_id"]).all()
    names = plan.mentions().query("recipient and list_open")
    names["left_out"] = ~names["region_id"].str.contains(region_id, regex=False)
    lists = names[names["unit_id"].map(fits)].groupby(["unit_id", "role"], sort=False)
    found = lists.agg({"clause_id": "first", "start": "min", "end": "max", "left_out": "all"})
    return found[found.pop("left_out")].reset_index()


def _fits(scopes: pd.DataFrame, region_id: str) -> pd.Series:
    """Return whether a scope is of no class of areas, or of one that the area can be in."""
    return scopes["class_areas"].map(lambda ids: not ids or not {region_id, "*"}.isdisjoint(ids))


def answers(plan: Plan, words: Words) -> dict[str, str]:
    """Return the answer of each area, as notebook 10 works it out for one."""
    rows, places = direct(plan), naming.standings(plan)
    found = {}
    for area, now in counts(plan).iterrows():
        here, mine = (table[table["region_id"] == area] for table in (rows, places))
        missing = lacking(rows, places, plan.scopes(), area)
        found[area] = paragraph(words, now, here, mine, missing)
    return found


def paragraph(
    words: Words, now: pd.Series, rows: pd.DataFrame, places: pd.DataFrame, missing: pd.DataFrame
) -> str:
    """Return the answer: what the plan is, what it names, which cities, and what is missing.

    `now` is the row of an area in `counts`; `rows`, `places` and `missing` are its rows of
    `direct`, of `laoqu.analysis.naming.standings` and from `lacking`; `words` are ``show.words``.
    Cities are those with a standing in clause 七; those of which only a part is documented in the
    area stand apart. What is missing is shortened first, then what is named, then the roles of
    cities, until the paragraph is no longer than `LIMIT`; what is left out is counted.

    >>> import laoqu as lq
    >>> from laoqu.analysis import answer
    >>> plan = lq.load()
    >>> text = answer.answers(plan, lq.Show(plan, "zh").words)["zhexinan"]
    >>> answer.length(text, "zh") <= answer.LIMIT["zh"]
    True
    """
    named = rows[rows["reach"] == "named"].sort_values(["named_areas", "start"])
    cities = places[places["clause_id"] == "c07"]
    lists = named["list_open"].map({True: "answer.alone_open", False: "answer.alone"})
    alone = [words(key, item=each) for key, each in zip(lists, words.short(named), strict=True)]
    items = [
        [words.thing(row) for row in missing.itertuples()],
        words.short(named).where(named["named_areas"] > 1, alone).tolist(),
        *(_roles(words, cities[rows]) for rows in (~cities["part"], cities["part"])),
    ]
    room = [len(each) for each in items]
    while True:
        text = _sentences(words, now, cities, items, room)
        spare = [i for i, least in enumerate((0, LEAST, 1, 1)) if room[i] > least]
        if length(text, words.lang) <= LIMIT[words.lang] or not spare:
            return text
        room[spare[0]] -= 1


def rendering(texts: Iterable[str]) -> str:
    """Return the renderings of one sentence's measures, what they share at the start once.

    >>> from laoqu.analysis.answer import rendering
    >>> rendering(["Support Linyi in growing vegetables.", "Support Linyi in trade."])
    'Support Linyi in growing vegetables; in trade.'
    """
    texts = list(texts)
    columns = zip(*(text.split(" ") for text in texts), strict=False)
    same = " ".join(column[0] for column in takewhile(lambda each: len(set(each)) == 1, columns))
    shared = f"{same} "[: f"{same} ".rfind(" in ") + 1]
    if len(texts) == 1 or not shared:
        return " ".join(texts)
    tails = [text.removeprefix(shared).rstrip(".") for text in texts]
    return f"{shared}{'; '.join(tails)}."


def length(text: str, lang: str) -> int:
    """Return how long a text is: characters and marks in Chinese, words in English."""
    return len(re.sub(r"\s", "", text)) if lang == "zh" else len(text.split())


def _sentences(
    words: Words, now: pd.Series, cities: pd.DataFrame, items: list[list[str]], room: list[int]
) -> str:
    """Return the sentences of an answer, with so many items of each list as there is room for."""
    area = words.plan.region(now.name).in_text(words.lang)
    lacks, named, roles, partly = (_listed(words, *each) for each in zip(items, room, strict=True))
    parts = [words.of_plan(), words("answer.not_named", area=area)]
    if number := len(items[1]):
        n = words.number(number)
        parts[1] = words("answer.named", area=area, n=n, one=number, items=named)
    part = "answer.part" if now["whole"] else "answer.part_known"
    ways = {"answer.cities": (~cities["part"], roles), part: (cities["part"], partly)}
    for key, (rows, said) in ways.items():
        if number := cities.loc[rows, "city"].nunique():
            n = words.number(number, start=True)
            parts.append(words(key, n=n, one=number, items=said))
    if cities.empty:  # of an area whose counties are not all known, its cities are not either
        parts.append(words("answer.no_city" if now["complete"] else "answer.no_city_known"))
    if now["key_counties"]:
        parts.append(words("answer.counties", n=int(now["key_counties"])))
    if room[0]:
        key = "answer.lacking" if now["complete"] else "answer.lacking_incomplete"
        parts.append(words(key, items=lacks))
    return words.sentences(parts)


def _listed(words: Words, items: list[str], n: int) -> str:
    shown = words("answer.sep").join(items[:n])
    return words("answer.more", items=shown, n=len(items) - n) if n < len(items) else shown


def _roles(words: Words, cities: pd.DataFrame) -> list[str]:
    return [_role(words, rows) for _, rows in cities.groupby("role", sort=False)]


def _role(words: Words, rows: pd.DataFrame) -> str:
    *first, last = [words.part(row, words.place(row)) for row in rows.itertuples()]
    places = words("answer.and", first=words.join(first), last=last) if first else last
    role = words.standing(rows["role"].iloc[0], len(rows))
    return words("answer.role", places=places, role=role)
