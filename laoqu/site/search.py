"""What the index finds: places by every name the resolver knows, words in the plan's text."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from laoqu import places
from laoqu.errors import UnknownId
from laoqu.plan import Plan
from laoqu.show.words import LANGS, Words, label

#: What the page's script says, from ``labels.csv``.
SAID = (
    "high", "medium", "low", "city", "counties", "named", "none", "more", "formerly", "merged",
    "noarea", "unknown", "card", "places", "text", "notext",
)  # fmt: skip


def data(plan: Plan, carded: Iterable[str] = ()) -> dict[str, object]:
    """Return what the search of the index page knows; `carded` are counties that have a card.

    ``text`` and ``english`` are [unit, clause, words]; ``simple`` is traditional → simplified
    characters; each of ``places`` has ``n`` name, ``e`` English name, ``k`` code (none for a zone),
    ``w`` and ``v`` what it lies in, ``s`` short names, ``o`` printed and earlier names, ``m`` names
    of units merged into it, ``a`` area → confidence (or number of documented counties; ``city``
    where a source names the city alone), ``c`` the clauses that name it.

    Examples
    --------
    >>> import laoqu as lq
    >>> place = next(each for each in data(lq.load())["places"] if each["n"] == "环县")
    >>> list(place["a"]), place["c"], place["v"]
    (['shaanganning'], ['b1'], 'Qingyang, Gansu')
    """
    units = plan.gazetteer().set_index("adcode")[["name", "name_en", "short_name", "parent"]]
    units = units.to_dict("index")  # asked thousands of times
    members = plan.membership()
    named = plan.mentions().query("recipient and level not in ['area', 'border_zone']")
    zones = named["level"].isin(["zone", "urban_area"])
    areas: dict[str, dict[str, object]] = {}
    for row in members.itertuples():
        areas.setdefault(row.adcode, {})[row.region_id] = row.confidence
    sure = members[members["confidence"] != "low"]
    for (code, region_id), n in (
        sure.groupby([sure["adcode"].str[:4] + "00", "region_id"]).size().items()
    ):
        # 儋州 and its like are cities without counties: their own row stands.
        if code in units and code not in set(members["adcode"]):
            areas.setdefault(code, {})[region_id] = int(n)
    for row in plan.table("city_membership").itertuples():
        areas.setdefault(row.adcode, {}).setdefault(row.region_id, "city")
    clauses, printed = _lists(named[~zones], "clause_id"), _lists(named[~zones], "printed")
    names, (old, merged) = places.spoken(plan.folder), _earlier(plan)
    found = []
    for code in sorted({*areas, *named.loc[~zones, "adcode"], *carded}):
        unit = units[code]
        said = [name for name in names[code] if name != unit["name"]]
        other = {*old.get(code, ()), *printed.get(code, ())} - {unit["name"], *said}
        found.append({
            "n": unit["name"], "e": unit["name_en"], "k": code, "s": said, "o": sorted(other),
            "m": sorted({*merged.get(code, ())} - {unit["name"]}), "a": areas.get(code, {}),
            "c": clauses.get(code, []), **_above(unit["parent"], units),
        })  # fmt: skip
    for name, rows in named[zones].groupby("name", sort=False):
        first = rows.iloc[0]
        found.append({
            "n": name, "e": first["name_en"], "k": "", "s": [first["printed"]], "o": [], "m": [],
            "a": areas.get(first["adcode"], {}), "c": list(dict.fromkeys(rows["clause_id"])),
            **_above(first["adcode"], units),
        })  # fmt: skip
    words = {lang: Words(plan, lang) for lang in LANGS}
    return {
        "words": {lang: {key: label(f"find.{key}", lang) for key in SAID} for lang in LANGS},
        "names": {lang: {each: words[lang].area(each) for each in plan.region_ids}
                  for lang in LANGS},
        "clauses": {lang: {each: words[lang].clause(each) for each in [*plan.clauses, *plan.boxes]}
                    for lang in LANGS},
        "text": [[unit.unit_id, unit.clause_id, unit.text] for unit in plan.document.units],
        "english": plan.measures()[["measure_id", "clause_id", "content_en"]].to_numpy().tolist(),
        "simple": _simplified(plan.document.canonical + "".join(
            place["n"] + place["w"] + "".join(place["o"] + place["m"]) for place in found)),
        "places": found,
    }  # fmt: skip


def _earlier(plan: Plan) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return the names that units bore before, and those of units that were merged into them."""
    old: dict[str, set[str]] = {}
    merged: dict[str, set[str]] = {}
    rows = plan.table("gazetteer_history").query("old_name != '' and adcode_2021 != ''")
    for row in rows.itertuples():
        if row.change_kind in ("renamed", "upgraded", "recoded", "moved"):
            old.setdefault(row.adcode_2021, set()).add(row.old_name)
        elif row.change_kind == "merged":
            merged.setdefault(row.adcode_2021, set()).add(row.old_name)
        elif row.change_kind == "split" and _leads(row.old_name, plan) == row.adcode_2021:
            old.setdefault(row.adcode_2021, set()).add(row.old_name)
    # 宁冈县 was recoded before it was merged into 井冈山市: merged, and no earlier name. 章贡区 was
    # 赣州市 once, but another unit has that name now.
    taken = set(plan.gazetteer()["name"])
    kept = {code: names - merged.get(code, set()) - taken for code, names in old.items()}
    return kept, merged


def _leads(name: str, plan: Plan) -> str:
    try:
        return str(places.resolve_place(name, folder=plan.folder))
    except UnknownId:
        return ""


def _lists(rows: pd.DataFrame, column: str) -> dict[str, list[str]]:
    return rows.groupby("adcode")[column].agg(lambda each: list(dict.fromkeys(each))).to_dict()


def _above(at: str, units: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return a unit and those above it, in Chinese and English."""
    chain = []
    while at:
        chain.append(units[at])
        at = units[at]["parent"]
    return {
        "w": "".join(each["name"] for each in reversed(chain)),
        "v": ", ".join(each["name_en"] for each in chain),
    }


def _simplified(text: str) -> dict[str, str]:
    """Return traditional → simplified for the characters of a text."""
    import opencc

    convert = opencc.OpenCC("s2t").convert
    return {old: new for new in sorted(set(text)) if (old := convert(new)) != new}
