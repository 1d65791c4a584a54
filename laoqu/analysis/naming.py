"""How the counties of an area are named by the plan, and which of its places hold a standing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from laoqu.plan import Plan

#: Kinds of standing (``parent`` of a role in the codebook), as columns of a matrix.
STANDINGS = ("centre", "industry", "zone", "seat", "ecology", "assistance")
#: A place's mark, on the map and in the matrix.
SHAPES = {"county": "square"}


def standings(plan: Plan, region: str) -> pd.DataFrame:
    """Return the places of an area that the plan gives a standing, numbered for map and matrix.

    Returns
    -------
    DataFrame
        One row per place and kind of standing, in the order of the text, cities before counties:
        ``number`` (one a place), ``adcode`` (a zone's is that of its city), ``level`` (prefecture
        or county), ``shape``, ``standing`` (a categorical of `STANDINGS`).

    Examples
    --------
    >>> import laoqu as lq
    >>> table = standings(lq.load(), "yimeng")
    >>> table.loc[table["adcode"] == "371300", "standing"].tolist()
    ['centre', 'industry', 'zone']
    """
    kinds = plan.codebook("role").set_index("code")["parent"]
    rows = plan.mentions(region)
    rows = rows[rows["recipient"] & rows["adcode"].str.fullmatch(r"\d{6}")]
    rows = rows.assign(standing=pd.Categorical(rows["role"].map(kinds), STANDINGS))
    rows = rows.dropna(subset="standing").sort_values("start")
    rows["level"] = rows["adcode"].str.endswith("00").map({True: "prefecture", False: "county"})
    rows = pd.concat([rows[rows["level"] == "prefecture"], rows[rows["level"] == "county"]])
    rows["number"] = pd.factorize(rows["adcode"])[0] + 1
    rows["shape"] = rows["level"].map(SHAPES).fillna("circle")
    rows = rows.drop_duplicates(["adcode", "standing"]).sort_values(["number", "standing"])
    return rows[["number", "adcode", "level", "shape", "standing"]].reset_index(drop=True)


def counties(plan: Plan, region: str) -> pd.DataFrame:
    """Return how each county of an area is named.

    Returns
    -------
    DataFrame
        One row per county: ``adcode``, ``name``, ``prefecture``, ``confidence``, ``how``: low
        (its membership is weakly documented), itself (the plan names it), city (it names its
        city or a zone there), member (neither).

    Examples
    --------
    >>> import laoqu as lq
    >>> counties(lq.load(), "qiongya")["how"].value_counts().to_dict()
    {'member': 11, 'itself': 2}
    """
    members = plan.membership(region)[["adcode", "name", "prefecture", "confidence"]]
    named = set(standings(plan, region)["adcode"])
    how = members["adcode"].map(
        lambda code: "itself" if code in named else "city" if f"{code[:4]}00" in named else "member"
    )
    return members.assign(how=how.mask(members["confidence"] == "low", "low")).reset_index(
        drop=True
    )
