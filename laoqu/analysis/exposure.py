"""How much of the plan's wording reaches each area: counts, by clause and in all."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from laoqu.regions import REACH

#: The key numbers of a report, in the order in which it prints them.
NUMBERS = (
    "named", "place", "place_part", "clauses", "places", "places_part", "key_counties",
    "county_seats", "zones", "zones_part",
)  # fmt: skip


def by_clause(nearest: pd.DataFrame, directives: pd.DataFrame) -> pd.DataFrame:
    """Count the directive sentences of each clause by how they reach each area.

    Parameters
    ----------
    nearest : DataFrame
        ``plan.nearest_reach()``: one row per (sentence, area).
    directives : DataFrame
        ``plan.directives()``: gives the clause of each sentence and the order of clauses.

    Returns
    -------
    DataFrame
        One row per (clause or box, area): ``clause_id``, ``region_id``, one column per value of
        `laoqu.regions.REACH` (sentences), ``directives`` (their sum), ``direct`` (named or
        through a named place).

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import exposure
    >>> plan = lq.load()
    >>> exposure.by_clause(plan.nearest_reach(), plan.directives()).shape
    (228, 11)
    """
    clauses = directives[["unit_id", "clause_id"]]
    rows = nearest.merge(clauses, on="unit_id", validate="many_to_one")
    order = list(dict.fromkeys(directives["clause_id"]))
    regions = list(dict.fromkeys(nearest["region_id"]))
    index = pd.MultiIndex.from_product([order, regions], names=["clause_id", "region_id"])
    counts = rows.groupby(["clause_id", "region_id", "reach"]).size().unstack(fill_value=0)
    counts = counts.reindex(index=index, columns=list(REACH), fill_value=0)
    counts["directives"] = counts.sum(axis=1)
    counts["direct"] = counts["named"] + counts["place"]
    counts.columns.name = None
    return counts.reset_index()


def by_part(clause_counts: pd.DataFrame, part: Mapping[str, str]) -> pd.DataFrame:
    """Add up `by_clause` over the parts of the plan.

    Parameters
    ----------
    clause_counts : DataFrame
        From `by_clause`.
    part : mapping
        Clause or box → part. What stands in none keeps its own id.

    Returns
    -------
    DataFrame
        The columns of `by_clause`, with the id of a part in ``clause_id``.
    """
    parts = clause_counts["clause_id"].map(lambda each: part.get(each, each))
    keyed = clause_counts.assign(clause_id=parts)
    return keyed.groupby(["clause_id", "region_id"], sort=False).sum().reset_index()


def numbers(
    clause_counts: pd.DataFrame, reached: pd.DataFrame, mentions: pd.DataFrame, items: pd.DataFrame
) -> pd.DataFrame:
    """Return the key numbers of every area.

    Parameters
    ----------
    clause_counts : DataFrame
        From `by_clause`.
    reached : DataFrame
        ``plan.reach()``.
    mentions, items : DataFrame
        ``plan.mentions()`` and ``plan.box_items()``.

    Returns
    -------
    DataFrame
        Index ``region_id``, one column per name in `NUMBERS`, whole numbers.
    """
    total = clause_counts.groupby("region_id", sort=False)[["named", "place"]].sum()
    direct = clause_counts[clause_counts["direct"] > 0]
    total["clauses"] = direct.groupby("region_id").size()
    via = reached[reached["how"] == "place"].merge(
        mentions[["mention_id", "level", "adcode"]], left_on="via", right_on="mention_id"
    )
    total = total.join(_part_only(reached))
    settled = via[via["level"].isin(["prefecture", "county", "urban_area"])]
    zones = via[via["level"] == "zone"]
    for name, rows, key in (("places", settled, "adcode"), ("zones", zones, "via")):
        total[name] = rows.groupby("region_id")[key].nunique()
        total[f"{name}_part"] = rows[~rows["whole"]].groupby("region_id")[key].nunique()
    for column, box in (("key_counties", "b1"), ("county_seats", "b2")):
        here = items[items["clause_id"] == box]
        total[column] = here["region_id"].str.split(";").explode().value_counts()
    return total.reindex(columns=list(NUMBERS)).fillna(0).astype("int64")


def _part_only(reached: pd.DataFrame) -> pd.Series:
    """Count sentences that reach an area only through cities not wholly documented in it."""
    direct = reached[reached["how"].isin(["named", "place"])]
    sure = direct["whole"] | (direct["how"] == "named")
    best = sure.groupby([direct["region_id"], direct["unit_id"]]).any()
    return (~best).groupby("region_id").sum().rename("place_part")


def compared(values: pd.Series, region_id: str) -> dict[str, int | float]:
    """Set one area's number beside the other eleven: range, median, how many have more or fewer.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import exposure
    >>> exposure.compared(pd.Series({"a": 2, "b": 5, "c": 2, "d": 1}), "a")
    {'value': 2, 'low': 1, 'high': 5, 'median': 2.0, 'more': 1, 'same': 1, 'fewer': 1}
    """
    value, others = int(values[region_id]), values.drop(region_id)
    return {
        "value": value,
        "low": int(others.min()),
        "high": int(others.max()),
        "median": float(others.median()),
        "more": int((others > value).sum()),
        "same": int((others == value).sum()),
        "fewer": int((others < value).sum()),
    }
