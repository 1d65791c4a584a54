"""How the counties of an area are named by the plan, and which of its places hold a standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from laoqu import regions, schema

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: Kinds of standing: ``parent`` of a role in the codebook, and the columns of a matrix.
GROUPS = ("centre", "industry", "zone", "seat", "ecology", "assistance")


@schema.once
def standings(plan: Plan) -> pd.DataFrame:
    """Return what the plan gives to places by name: who is to be, to get or to build what.

    One row per (area, place, role), a place that is printed twice in one role once: ``region_id``,
    ``number`` (of the place in its area, cities before counties, for map and matrix), ``shape``
    (its mark on the map), ``mention_id`` (of the first naming), ``printed``, ``name``, ``name_en``,
    ``level``, ``adcode`` (of a zone that of its city), ``city`` (the code above it), ``role``,
    ``group`` (one of `GROUPS`), ``clause_id``, ``start``, ``areas`` (how many areas have the role),
    ``counties``, ``of`` (counties of a city that are documented in the area; that it has), ``part``
    (they are not all of them), ``stated`` (a source puts the city itself into the area). A class of
    counties (湘鄂渝黔交界县市) is no place.

    >>> import laoqu as lq
    >>> table = standings(lq.load()).query("region_id == 'yimeng' and adcode == '371300'")
    >>> table["group"].tolist()
    ['centre', 'industry', 'industry', 'zone']
    """
    groups = plan.codebook("role").set_index("code")["parent"]
    table = plan.mentions()
    table = table[table["recipient"] & ~table["level"].isin(["area", "border_zone"])]
    areas = table["region_id"].str.split(";")
    table = table.assign(group=table["role"].map(groups), region_id=areas).explode("region_id")
    table = table[table["region_id"].fillna("").ne("") & table["group"].isin(GROUPS)]
    table = table.sort_values("start", ignore_index=True)
    table = table.drop_duplicates(["region_id", "name", "adcode", "role"])
    table["areas"] = table.groupby("role")["region_id"].transform("nunique")
    table["city"] = table["adcode"].str[:4] + "00"
    county = table["adcode"] != table["city"]
    table["shape"] = county.map({True: "square", False: "circle"})
    order = table.assign(county=county).sort_values(["county", "start"]).groupby("region_id")
    table["number"] = order["adcode"].transform(lambda codes: pd.factorize(codes)[0] + 1)
    columns = ["region_id", "number", "shape", "mention_id", "printed", "name", "name_en", "level"]
    columns += ["adcode", "city", "role", "group", "clause_id", "start", "areas"]
    columns += ["counties", "of", "part", "stated"]
    lies = plan._place_areas()[["adcode", "region_id", "counties", "whole", "of"]]
    lies = lies.rename(columns={"adcode": "key"})
    table = table.assign(key=regions.keys(table)).merge(lies, how="left", on=["key", "region_id"])
    table["of"] = table["of"].mask(table["shape"] == "square")  # which are counties themselves
    table["part"] = table["whole"].eq(False)
    stated = plan.table("city_membership").set_index(["adcode", "region_id"]).index
    table["stated"] = pd.MultiIndex.from_frame(table[["adcode", "region_id"]]).isin(stated)
    return table[columns].reset_index(drop=True)


def counties(plan: Plan, region: str) -> pd.DataFrame:
    """Return how each county of an area is named.

    One row per county: ``adcode``, ``name``, ``prefecture``, ``confidence``, ``how``: low (its
    membership is weakly documented), itself (the plan names it), city (it names its city or a zone
    there), member (neither).

    >>> import laoqu as lq
    >>> counties(lq.load(), "qiongya")["how"].value_counts().to_dict()
    {'member': 11, 'itself': 2}
    """
    members = plan.membership(region)[["adcode", "name", "prefecture", "confidence"]]
    table = standings(plan)
    named = set(table.loc[table["region_id"] == plan.region(region).region_id, "adcode"])
    codes = members["adcode"]
    low, itself = members["confidence"].eq("low"), codes.isin(named)
    ways = [low, itself, (codes.str[:4] + "00").isin(named)]
    how = np.select(ways, ["low", "itself", "city"], "member")
    return members.assign(how=how).reset_index(drop=True)
