"""What the index finds: places by every name the resolver knows, words in the plan's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from laoqu import places, regions
from laoqu.plan import Plan
from laoqu.show.words import LANGS, Words, label, table


def data(plan: Plan, carded: Iterable[str] = ()) -> dict[str, object]:
    """Return what the search of the index page knows; `carded` are counties that have a card.

    ``text`` and ``english`` are [unit, clause, words]; ``simple`` is traditional → simplified
    characters; each of ``places`` has ``n`` name, ``e`` English name, ``k`` code (none for a zone),
    ``w`` and ``v`` what it lies in, ``s`` other spellings, ``o`` printed and earlier names, ``m``
    names of units merged into it, ``a`` area → confidence (or number of documented counties;
    ``city`` where a source names the city alone), ``c`` clause → id of the naming there.

    Examples
    --------
    >>> import laoqu as lq
    >>> place = next(each for each in data(lq.load())["places"] if each["n"] == "环县")
    >>> place["s"], place["c"], place["v"]
    (['huan', 'huanxian'], {'b1': 'm079'}, 'Qingyang, Gansu')
    """
    units = plan.gazetteer().set_index("adcode")[["name", "name_en", "parent"]].to_dict("index")
    named = plan.mentions().query("recipient and level not in ['area', 'border_zone']")
    at_zone = named["level"].isin(["zone", "urban_area"])
    namings = dict([*named[~at_zone].groupby("adcode")])
    areas, spoken = _areas(plan), places.spoken(plan.folder)
    history = _history(plan, spoken)
    found = []
    for code in sorted({*areas, *namings, *carded} & units.keys()):
        rows = namings.get(code, named[:0])
        old = [*history.get((code, False), []), *rows["printed"]]
        merged, name = history.get((code, True), []), units[code]["name"]
        found.append({
            "n": name, "e": units[code]["name_en"], "k": code,
            "s": sorted({*spoken[code], *rows["printed"]} - {name}),
            "o": sorted({*old} - {*merged, name}), "m": sorted({*merged} - {name}),
            "a": areas.get(code, {}), "c": _clauses(rows), **_above(units[code]["parent"], units),
        })  # fmt: skip
    for name, rows in named[at_zone].groupby("name", sort=False):
        first = rows.iloc[0]
        found.append({
            "n": name, "e": first["name_en"], "k": "", "o": [], "m": [],
            "s": [first["printed"]], "a": areas.get(regions.keys(rows).iloc[0], {}),
            "c": _clauses(rows), **_above(first["adcode"], units),
        })  # fmt: skip
    words = {lang: Words(plan, lang) for lang in LANGS}
    said = [key for key in table() if key.startswith("find.")]
    return {
        "words": {lang: {key[5:]: label(key, lang) for key in said} for lang in LANGS},
        "names": {lang: {each: words[lang].area(each) for each in plan.region_ids}
                  for lang in LANGS},
        "clauses": {lang: {each: words[lang].clause(each)
                           for each in sorted({unit.clause_id for unit in plan.document.units})}
                    for lang in LANGS},
        "text": [[unit.unit_id, unit.clause_id, unit.text] for unit in plan.document.units],
        "english": plan.measures()[["measure_id", "clause_id", "content_en"]].to_numpy().tolist(),
        "simple": _simplified(plan.document.canonical + "".join(
            place["n"] + place["w"] + "".join(place["s"]) for place in found)),
        "places": found,
    }  # fmt: skip


def _clauses(namings: pd.DataFrame) -> dict[str, str]:
    first = namings.drop_duplicates("clause_id")
    return dict(zip(first["clause_id"], first["mention_id"], strict=True))


def _areas(plan: Plan) -> dict[str, dict[str, object]]:
    """Return code → area → confidence of a county; number of documented counties of a city."""
    found, low = {}, plan.membership().query("confidence == 'low'")
    for row in pd.concat([plan._place_areas(), low]).itertuples():
        known = int(row.counties) or "city" if row.basis == "prefecture" else row.confidence
        found.setdefault(row.adcode, {})[row.region_id] = known
    return found


def _history(plan: Plan, spoken: Mapping[str, list[str]]) -> dict[tuple[str, bool], list[str]]:
    """Return the earlier names that lead to a unit; of units merged into it under True."""
    rows = plan.table("gazetteer_history").query("change_kind not in ['created', 'abolished']")
    leads = zip(rows["old_name"], rows["adcode_2021"], strict=True)
    rows = rows[[name in spoken.get(code, ()) for name, code in leads]]
    by_name = (rows["change_kind"] == "merged").groupby([rows["adcode_2021"], rows["old_name"]])
    merged = by_name.any()
    names = merged.reset_index().groupby(["adcode_2021", "change_kind"])["old_name"]
    return names.agg(list).to_dict()


def _above(at: str, units: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
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
