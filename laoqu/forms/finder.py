"""What the index page finds a place by: members, the cities above them, places the plan names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from laoqu.forms.made import READ
from laoqu.labels import LANGS, label
from laoqu.plan import Plan

#: What the page's script says, from ``labels.csv``.
WORDS = (
    "high", "medium", "low", "counties", "named", "none", "more", "formerly", "noarea", "unknown",
    "card",
)  # fmt: skip


def index(plan: Plan, cards: Sequence[Mapping[str, object]] = ()) -> dict[str, object]:
    """Return what the search of the index page knows.

    Parameters
    ----------
    plan : Plan
    cards : sequence of mapping
        The provinces of `laoqu.forms.made.cards`: a county with a card is found, whatever else is
        known of it.

    Returns
    -------
    dict
        ``words``, ``forms`` and ``clauses`` by language; ``places``: ``n`` name, ``e`` English
        name, ``k`` code (none for a zone), ``w`` and ``v`` the city and province it lies in
        (Chinese, English), ``s`` short name, ``o`` earlier and printed names, ``a`` area →
        confidence (or number of documented counties), ``c`` the clauses that name it, ``d`` the
        forms of its card by language of the reader, where it has one.

    Examples
    --------
    >>> import laoqu as lq
    >>> place = next(each for each in index(lq.load())["places"] if each["n"] == "环县")
    >>> place["a"], place["c"], place["v"]
    ({'shaanganning': 'high'}, ['b1'], 'Qingyang, Gansu')
    """
    units = plan.gazetteer().set_index("adcode")[["name", "name_en", "short_name", "parent"]]
    units = units.to_dict("index")  # asked thousands of times
    members = plan.membership()
    named = plan.mentions().query("recipient and level not in ['area', 'border_zone']")
    zones = named["level"].isin(["zone", "urban_area"])
    areas = members.groupby("adcode").apply(
        lambda rows: dict(zip(rows["region_id"], rows["confidence"], strict=True)),
        include_groups=False,
    )  # fmt: skip
    cities = members[members["confidence"] != "low"]
    cities = cities.groupby([cities["adcode"].str[:4] + "00", "region_id"]).size()
    for (code, region_id), count in cities.items():
        # 儋州 and its like are cities without counties: their own row stands.
        if code in units and code not in set(members["adcode"]):
            areas[code] = areas.get(code, {}) | {region_id: int(count)}
    made = {
        county["adcode"]: {lang: found for lang, (_, found) in county["forms"].items()}
        for province in cards
        for county in province["counties"]
        if county["forms"]
    }
    codes = {*areas.index, *named.loc[~zones, "adcode"], *made}
    clauses, printed = _listed(named[~zones], "clause_id"), _listed(named[~zones], "printed")
    earlier = _earlier(plan.table("gazetteer_history"))
    places = []
    for code in sorted(codes):
        unit = units[code]
        other = {*earlier.get(code, ()), *printed.get(code, ())} - {unit["name"]}
        place = {
            "n": unit["name"], "e": unit["name_en"], "k": code, "s": unit["short_name"],
            "o": sorted(other - {unit["short_name"]}),
            "a": areas.get(code, {}), "c": clauses.get(code, []),
        }  # fmt: skip
        card = {"d": made[code]} if code in made else {}
        places.append(place | _above(unit["parent"], units) | card)
    for name, rows in named[zones].groupby("name", sort=False):
        first = rows.iloc[0]
        place = {
            "n": name, "e": first["name_en"], "k": "", "s": first["printed"], "o": [],
            "a": areas.get(first["adcode"], {}), "c": list(dict.fromkeys(rows["clause_id"])),
        }  # fmt: skip
        places.append(place | _above(first["adcode"], units))
    used = sorted({clause for place in places for clause in place["c"]})
    return {
        "words": {lang: {key: label(f"find.{key}", lang) for key in WORDS} for lang in LANGS},
        "forms": {
            lang: {kind: label(f"index.form.{kind}", lang) for kind in READ} for lang in LANGS
        },
        "clauses": {lang: {each: label(f"clause.{each}", lang) for each in used} for lang in LANGS},
        "places": places,
    }


def embedded(data: object) -> str:
    r"""Return data as JSON that may stand in a ``<script>``: no tag can end it.

    >>> embedded({"a": "</script>"})
    '{"a":"\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _listed(rows: pd.DataFrame, column: str) -> dict[str, list[str]]:
    return rows.groupby("adcode")[column].agg(lambda each: list(dict.fromkeys(each))).to_dict()


def _earlier(history: pd.DataFrame) -> dict[str, set[str]]:
    known = history[history["old_name"] != ""]
    return known.groupby("adcode_2021")["old_name"].agg(set).to_dict()


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
