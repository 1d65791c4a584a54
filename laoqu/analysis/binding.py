"""How binding the plan is: strength and clarity, five plain proportions, eight specifics."""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from laoqu.analysis.resample import (
    DRAWS,
    LEVEL,
    SEED,
    clause_draws,
    clauses_behind,
    enough,
    intervals,
)

STRENGTHS = (1, 2, 3, 4, 5)
CLARITY = ("black", "grey", "red")
NAMED = ("area", "place", "facility")


def rates(measures: pd.DataFrame) -> pd.DataFrame:
    """Say of each measure five plain things.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``.

    Returns
    -------
    DataFrame
        Index ``measure_id``, booleans, NA where not coded: ``by_name`` (is for an area, place or
        facility by name), ``conditional``, ``delegated``, ``grey``, ``no_actor`` (A0).

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import binding
    >>> binding.rates(lq.load().measures()).loc["c04.s02.m1"].tolist()
    [True, True, True, True, False]
    """
    table = measures.set_index("measure_id")
    clarity, actor = _codes(table, "clarity", "actor")
    columns = {
        "by_name": table["scopes"].map(lambda scopes: not set(NAMED).isdisjoint(scopes)),
        "conditional": table["conditional"],
        "delegated": table["delegated"],
        "grey": clarity == "grey",
        "no_actor": actor == "A0",
    }
    return pd.DataFrame(columns).astype("boolean")


def items(measures: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Say of each measure which of eight specifics it has, and their mean.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``.
    figures : DataFrame
        ``plan.table("printed_figures")``.

    Returns
    -------
    DataFrame
        Index ``measure_id``; 1, 0, NA where not coded: ``area``, ``place`` (or a facility) by
        name; ``programme`` with a title; ``actor`` (not A0); ``beneficiary`` (a group narrower
        than the areas as a whole, B12); ``funding``; ``number`` (a printed figure or a time);
        ``monitoring``; and ``mean`` of those that are coded.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import binding
    >>> plan = lq.load()
    >>> specific = binding.items(plan.measures(), plan.table("printed_figures"))
    >>> float(specific.loc["c15.s01.m1", "number"])  # “92 个革命老区县市”
    1.0
    """
    table = measures.set_index("measure_id")
    actor, beneficiary = _codes(table, "actor", "beneficiary")
    inside = [
        bool(((figures["start"] >= start) & (figures["end"] <= end)).any())
        for start, end in zip(table["start"], table["end"], strict=True)
    ]
    columns = {
        "area": table["scopes"].map(lambda scopes: "area" in scopes),
        "place": table["scopes"].map(lambda scopes: not set(NAMED[1:]).isdisjoint(scopes)),
        "programme": table["programme_named"],
        "actor": actor != "A0",
        "beneficiary": beneficiary != "B12",
        "funding": table["funding_named"],
        "number": table["time_named"].astype("boolean") | pd.Series(inside, table.index),
        "monitoring": table["monitor_named"],
    }
    found = pd.DataFrame(columns).astype("boolean").astype("Float64")
    return found.assign(mean=found.mean(axis=1))


def proportions(
    flags: pd.DataFrame,
    clauses: pd.Series,
    groups: pd.DataFrame,
    draws: int = DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the share of measures with each flag, by group, with two intervals.

    Parameters
    ----------
    flags : DataFrame
        From `rates` or `items`: index ``measure_id``.
    clauses : Series
        The clause of each of these measures, in the same order.
    groups : DataFrame
        Weights of measures (rows) in groups (columns), from `laoqu.analysis.weights.groups`, or
        from `laoqu.analysis.weights.weights` for areas.
    draws, seed : int

    Returns
    -------
    DataFrame
        One row per group and flag: ``group``, ``item``, ``n`` (coded measures), ``n_uncoded``,
        ``k`` (weight of those that have it), ``share``, ``wilson_low``, ``wilson_high`` (NaN
        for means and for weights that are no whole measures), ``low``, ``high`` (clauses drawn
        anew; NaN without `laoqu.analysis.resample.enough` measures and clauses).
    """
    table = groups.reindex(flags.index).fillna(0.0)
    weight, clauses = table.to_numpy(), np.asarray(clauses)
    times = clause_draws(clauses, draws, seed)
    frames = []
    for item in flags:
        flag = flags[item].astype("Float64").to_numpy(na_value=np.nan)
        coded = weight * ~np.isnan(flag)[:, None]
        having = coded * np.nan_to_num(flag)[:, None]
        n, total, k = (coded > 0).sum(axis=0), coded.sum(axis=0), having.sum(axis=0)
        with np.errstate(invalid="ignore"):
            share = k / total
            low, high = intervals((times @ having) / (times @ coded))
        sure = enough(n, clauses_behind(coded, clauses))
        whole = np.isin(flag, (0, 1)) | np.isnan(flag)
        exact = whole.all() & np.isin(coded, (0, 1)).all(axis=0) & (n > 0)
        wilson = np.full((2, len(n)), np.nan)
        if exact.any():
            wilson[:, exact] = proportion_confint(
                k[exact], n[exact], alpha=1 - LEVEL, method="wilson"
            )
        columns = {
            "group": table.columns, "item": item, "n": n,
            "n_uncoded": (weight > 0).sum(axis=0) - n, "k": k, "share": share,
            "wilson_low": wilson[0], "wilson_high": wilson[1],
            "low": np.where(sure, low, np.nan), "high": np.where(sure, high, np.nan),
        }  # fmt: skip
        frames.append(pd.DataFrame(columns))
    # By group, then in the order of the flags.
    return pd.concat(frames).sort_index(kind="stable").reset_index(drop=True)


def strength_by_clarity(measures: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Count measures by strength and clarity: two axes, since a firm verb may leave all open.

    Returns
    -------
    DataFrame
        One row per group, strength (1–5) and clarity (black, grey, red), zeros included:
        ``group``, ``strength``, ``clarity``, ``n`` (sum of weights). Measures with either
        code missing are left out.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import binding
    >>> from laoqu.analysis.weights import groups
    >>> measures = lq.load().measures()
    >>> table = binding.strength_by_clarity(measures, groups(measures))
    >>> table.loc[table["clarity"] == "red", "n"].sum()  # the plan forbids nothing
    np.float64(0.0)
    """
    codes = pd.MultiIndex.from_frame(measures[["strength", "clarity"]])
    cells = groups.reindex(measures["measure_id"]).set_axis(codes).fillna(0.0)
    cells = cells.groupby(level=[0, 1]).sum()
    order = pd.MultiIndex.from_product([STRENGTHS, CLARITY], names=["strength", "clarity"])
    cells = cells.reindex(order, fill_value=0.0).rename_axis(columns="group")
    result = cells.T.stack(["strength", "clarity"], future_stack=True)
    return result.rename("n").reset_index()


def strengths(measures: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Return the distribution of strength in each group, with its median and no mean.

    Returns
    -------
    DataFrame
        One row per group: ``group``, ``n`` (coded measures), ``n_uncoded``, ``s1`` … ``s5``
        (sums of weights), ``median_low`` and ``median_high``, which differ where half of the
        weight lies below and half above; NA where nothing is coded.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import binding
    >>> from laoqu.analysis.weights import groups
    >>> measures = pd.DataFrame({"measure_id": list("abcd"), "strength": [2, 3, 4, 5]})
    >>> binding.strengths(measures, groups(measures))[["median_low", "median_high"]].values.tolist()
    [[3, 4]]
    """
    weight = groups.reindex(measures["measure_id"]).fillna(0.0).to_numpy()
    score = measures["strength"].astype("Float64").to_numpy(na_value=np.nan)
    counts = (score[:, None] == STRENGTHS).astype(float).T @ weight
    running, half = counts.cumsum(axis=0).round(9), (counts.sum(axis=0) / 2).round(9)
    some = half > 0
    n = (weight[~np.isnan(score)] > 0).sum(axis=0)
    table = pd.DataFrame({"group": groups.columns, "n": n})
    table["n_uncoded"] = (weight > 0).sum(axis=0) - n
    for strength, row in zip(STRENGTHS, counts, strict=True):
        table[f"s{strength}"] = row
    for name, reached in (("median_low", running >= half), ("median_high", running > half)):
        # argmax finds the first strength at which half is reached, or passed.
        table[name] = pd.Series(reached.argmax(axis=0) + 1, dtype="Int64").where(some)
    return table


def _codes(table: pd.DataFrame, *names: str) -> list[pd.Series]:
    """Return columns of codes with NA where nothing is coded, so that comparing them gives NA."""
    return [table[name].replace("", pd.NA).astype("string") for name in names]
