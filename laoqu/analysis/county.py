"""What the plan's wording has to do with one county: where it is named, how sentences reach it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from laoqu import regions
from laoqu.errors import ParameterError
from laoqu.places import meant

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: From near to far. Only the first four print a name; `unknown` is for counties of no known area.
NAMED = ("itself", "city", "zone", "area")
WAYS = (*NAMED, "class", "everyone", "conditional", "open", "none", "unknown")


def find(plan: Plan, place: str) -> pd.Series:
    """Return the row of the gazetteer for a county: by code of the end of 2021, or by name.

    ``city`` is added: the code of the city above it, empty where a province governs it. A province,
    or a city that has counties, is refused.

    >>> import laoqu as lq
    >>> from laoqu.analysis import county
    >>> county.find(lq.load(), "靖西市")[["adcode", "city"]].tolist()
    ['451081', '451000']
    """
    units = plan.gazetteer().set_index("adcode", drop=False)
    # The index of names takes longer than a card: a code needs none.
    code = place if place in units.index else str(meant(place, folder=plan.folder))
    if code in set(units["parent"]):
        name = units.at[code, "name"]
        inside = plan.membership()["adcode"].str.startswith(re.sub("(00)+$", "", code)).any()
        mend = f", or `laoqu card --all --within {name}`" if inside else ""
        raise ParameterError(f"{name} ({code}) has counties of its own: name one of them{mend}")
    row = units.loc[code].copy()
    row["city"] = row["parent"] if units["level"].get(row["parent"]) == "prefecture" else ""
    return row


def namings(mentions: pd.DataFrame, unit: pd.Series, region_ids: Collection[str]) -> pd.DataFrame:
    """Return where the plan names a county, its city, a zone in either, or one of its areas.

    Rows of ``plan.table("mentions")`` with ``way``, one of `NAMED`; `unit` is from `find`. Only an
    urban district is part of a named 市区. A zone carries the code of its city: that it lies in the
    city is known, that it lies in the county is not.
    """
    level, codes = mentions["level"], mentions["adcode"]
    own = codes.isin([unit["adcode"], unit["city"] or unit["adcode"]])
    if unit["type"] != "市辖区":
        own &= level != "urban_area"
    ways = [
        (level == "area") & mentions["region_id"].isin(region_ids),
        own & (level == "zone"),
        own & (codes == unit["adcode"]) & (level != "area"),
        own & (level != "area"),
    ]
    way = np.select(ways, ["area", "zone", "itself", "city"], "")
    return mentions.assign(way=way)[way != ""].reset_index(drop=True)


def reach(
    scopes: pd.DataFrame, mentions: pd.DataFrame, named: pd.DataFrame, region_ids: Collection[str]
) -> pd.DataFrame:
    """Return how each directive sentence reaches one county at its nearest.

    `named` comes from `namings`; `region_ids` are the areas it is documented in: of a county of
    none all but its own names is ``unknown``. One row per directive sentence: ``unit_id``, ``way``
    (a value of `WAYS`), ``key_class``: whether a class that reaches it is that of the key counties
    for rural revitalisation. A sentence that names only other places does not reach it, unless its
    list ends in 等.
    """
    ids = list(region_ids)
    here = pd.DataFrame({"adcode": named.loc[named["way"] != "area", "adcode"].unique()})
    here = here.assign(region_id=ids[0] if ids else "", basis="", confidence="high", counties=1)
    rows = regions.reach(scopes, mentions, here.assign(whole=True), ids)
    by_mention = dict(zip(named["mention_id"], named["way"], strict=True))
    unnamed = rows["how"].mask(rows["conditional"], "conditional")
    rows["way"] = unnamed.where(rows["via"] == "", rows["via"].map(by_mention))
    rows = rows.dropna(subset="way")
    rank = rows["way"].map(WAYS.index).groupby(rows["unit_id"]).min()
    directive = scopes[scopes["scope"] != "none"]
    units = directive["unit_id"].drop_duplicates(ignore_index=True)
    open_ = {unit for unit, _ in regions.open_lists(directive, ids)}
    away = units.isin(open_).map({True: "open", False: "none"}) if ids else "unknown"
    way = units.map(rank).map(dict(enumerate(WAYS))).fillna(away)
    keyed = rows[(rows["how"] == "class") & rows["quote"].str.contains("重点帮扶县")]
    key_class = units.isin(keyed["unit_id"])
    return pd.DataFrame({"unit_id": units, "way": way, "key_class": key_class})
