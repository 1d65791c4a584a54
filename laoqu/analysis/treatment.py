"""Treatment tables for difference-in-differences: who is treated, who is not, who is unknown.

A unit that a list in 等 could hold is NA and never 0: most estimators take a missing cohort for a
unit never treated (docs/methods.md, “Treatment tables”). `laoqu.analysis.panels` joins the tables
to outcomes, `laoqu.analysis.estimators` hands them on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral

import numpy as np
import pandas as pd

from laoqu import regions
from laoqu.errors import LaoquError, UnknownId, nearest

#: The date on which the codes of the tables are valid.
VINTAGE = "2021-12-31"
#: The default of `counties`: the only date that is the plan's own.
FIRST = "plan_reported"
TIMINGS = ("next_year", "same_year")
UNIVERSES = ("areas", "all")
#: Why `ever_treated` is what it is; only the first is 1, only the second is 0.
STATUS = ("named", "complete_list", "open_list", "outside_areas")
COLUMNS = [
    "county_code", "code_vintage", "unit_level", "name_printed", "name_normalised", "prefecture",
    "province", "region_id", "region_basis", "channel", "roles", "named", "list_open",
    "list_total", "evidence_id", "first_treat", "first_treat_basis", "ever_treated",
    "status_basis",
]  # fmt: skip


def counties(
    mentions: pd.DataFrame,
    membership: pd.DataFrame,
    gazetteer: pd.DataFrame,
    channels: pd.DataFrame,
    dates: pd.DataFrame,
    only: Sequence[str] | None = None,
    first_treat: str = FIRST,
    timing: str = "next_year",
    universe: str = "areas",
    min_confidence: str = "medium",
) -> pd.DataFrame:
    """Return for each channel which units are treated, untreated or unknown.

    Parameters
    ----------
    mentions, membership, gazetteer : DataFrame
        ``plan.mentions()``, ``plan.membership()``, ``plan.gazetteer()``.
    channels, dates : DataFrame
        ``plan.table("treatment_channels")``, ``plan.table("treatment_dates")``.
    only : sequence of str, optional
        These channels; by default all.
    first_treat : str
        A ``date_id`` of `dates`. The plan is reported on 2021-12-01; other dates can be argued for.
    timing : {"next_year", "same_year"}
        The first treated year is the one after the date, its first full year, or that of the date.
    universe : {"areas", "all"}
        Counties documented in one of the twelve areas and their cities, or all of the gazetteer.
        Units that the plan names are always there.
    min_confidence : {"high", "medium", "low"}
        Weaker rows of `membership` are left out.

    Returns
    -------
    DataFrame
        One row per channel and unit, sorted: `COLUMNS`. ``unit_level`` says whether
        ``county_code`` is a county or a city: a named city does not make its counties treated, so
        channels of cities have rows of cities. ``region_id``, ``region_basis``, ``roles`` and
        ``evidence_id`` join several values with ``;``. ``evidence_id`` is the naming, or the unit
        of the text in which the list stands that does not name it. ``ever_treated`` is 1 (named), 0
        (within the twelve areas and not in a list printed in full) or NA, as ``status_basis``
        says. A channel for which the plan names no place has no row.

    Raises
    ------
    UnknownId
        For an unknown channel, date, timing, universe or confidence.
    LaoquError
        When the date is not one of a channel that was asked for.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import treatment
    >>> plan = lq.load()
    >>> frames = plan.mentions(), plan.membership(), plan.gazetteer()
    >>> rules = plan.table("treatment_channels"), plan.table("treatment_dates")
    >>> table = treatment.counties(*frames, *rules, only=["national_key_county"])
    >>> table["ever_treated"].value_counts(dropna=False).tolist()
    [428, 53]
    """
    for value, valid, kind in ((universe, UNIVERSES, "universe"), (timing, TIMINGS, "timing")):
        if value not in valid:
            raise UnknownId(value, valid, kind)
    only = [only] if isinstance(only, str) else only
    rules = _chosen(channels, only)
    year, basis = _first(dates, rules, first_treat, timing)
    areas = regions.place_areas(membership, gazetteer, min_confidence)
    tables = [
        _channel(rule, mentions, gazetteer, areas, universe, rule.channel in set(only or ()))
        for rule in rules.itertuples()
    ]
    table = pd.concat([part for part in tables if part is not None], ignore_index=True)
    treated = table["ever_treated"].eq(1).fillna(False).astype(bool)
    table["first_treat"] = pd.Series(year, table.index, dtype="Int64").where(treated)
    table["first_treat_basis"] = np.where(treated, basis, "")
    table["code_vintage"] = VINTAGE
    return table[COLUMNS].sort_values(["channel", "county_code"], ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count treated, untreated and unknown units of each channel.

    Parameters
    ----------
    table : DataFrame
        From `counties`.

    Returns
    -------
    DataFrame
        One row per channel: ``channel``, ``unit_level``, ``treated``, ``untreated``, ``unknown``,
        ``list_open``, ``list_total``.
    """
    status = table["ever_treated"].map({1: "treated", 0: "untreated"}).fillna("unknown")
    counts = pd.crosstab(table["channel"], status)
    counts = counts.reindex(columns=["treated", "untreated", "unknown"], fill_value=0)
    first = table.groupby("channel")[["unit_level", "list_open", "list_total"]].first()
    result = first[["unit_level"]].join(counts).join(first[["list_open", "list_total"]])
    return result.rename_axis(columns=None).reset_index()


def interaction(table: pd.DataFrame, level: str = "county") -> pd.DataFrame:
    """Return the full interaction of overlapping channels: which a unit has, lacks, may have.

    Parameters
    ----------
    table : DataFrame
        From `counties`.
    level : {"county", "city"}
        Channels of counties and of cities have different units and do not mix.

    Returns
    -------
    DataFrame
        One row per unit: ``county_code``, one column per channel with 1, 0 or NA,
        ``interaction`` (``channel=status`` joined by ``;``), ``known`` (no channel is NA). A
        dummy for one channel alone would count the others among its controls.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import treatment
    >>> one = {"county_code": "1", "unit_level": "county"}
    >>> rows = [{**one, "channel": "a", "ever_treated": 1},
    ...         {**one, "channel": "b", "ever_treated": pd.NA}]
    >>> treatment.interaction(pd.DataFrame(rows))["interaction"].tolist()
    ['a=1;b=NA']
    """
    here = table[table["unit_level"] == level]
    if here.empty:
        raise UnknownId(level, table["unit_level"].unique(), "level of units")
    wide = here.pivot(index="county_code", columns="channel", values="ever_treated")
    wide = wide.astype("Int64").rename_axis(columns=None)
    shown = wide.astype("object").where(wide.notna(), "NA")
    joined = [
        ";".join(f"{name}={status}" for name, status in zip(wide.columns, row, strict=True))
        for row in shown.itertuples(index=False)
    ]
    return wide.assign(interaction=joined, known=wide.notna().all(axis=1)).reset_index()


def panel(
    table: pd.DataFrame, years: Iterable[int], first_treat: int | None = None
) -> pd.DataFrame:
    """Return a row for each unit, channel and year.

    Parameters
    ----------
    table : DataFrame
        From `counties`.
    years : iterable of int
    first_treat : int, optional
        A first treated year of your own, in the place of that of `table`.

    Returns
    -------
    DataFrame
        `table` for each year with ``year``, ``treated`` (1 from ``first_treat`` on, 0 before it and
        for the untreated, NA where unknown) and ``event_time`` (years since ``first_treat``, NA
        where there is none).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import treatment
    >>> table = pd.DataFrame({"county_code": ["1"], "ever_treated": [1], "first_treat": [2022]})
    >>> treatment.panel(table, [2021, 2022])["treated"].tolist()
    [0, 1]
    """
    years = list(years)
    if not years or not all(is_whole(year) for year in years) or len(set(years)) < len(years):
        raise LaoquError(f"years are {years}, expected distinct whole numbers, at least one")
    if first_treat is not None:
        if not is_whole(first_treat):
            raise LaoquError(f"first_treat is {first_treat!r}, expected a year")
        treated = status_of(table)["ever_treated"].eq(1).fillna(False)
        own = pd.Series(first_treat, table.index, dtype="Int64").where(treated)
        said = np.where(treated, f"given: {first_treat}", "")
        table = table.assign(first_treat=own, first_treat_basis=said)
    return timed(table.merge(pd.DataFrame({"year": years}), how="cross"))


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``treated`` and ``event_time`` to rows with ``year`` and a status."""
    frame = status_of(frame)
    since = (frame["year"] - frame["first_treat"]).astype("Int64")
    treated = since.ge(0).astype("Int64").mask(frame["ever_treated"].eq(0).fillna(False), 0)
    known = frame["ever_treated"].notna()
    return frame.assign(treated=treated.where(known), event_time=since.where(known))


def _chosen(channels: pd.DataFrame, only: Sequence[str] | None) -> pd.DataFrame:
    if only is None:
        return channels
    known = channels["channel"].tolist()
    for name in only:
        if name not in known:
            raise UnknownId(name, nearest(str(name), known) or known, "channel")
    return channels[channels["channel"].isin(list(only))]


def _first(dates: pd.DataFrame, rules: pd.DataFrame, date_id: str, timing: str) -> tuple[int, str]:
    """Return the first treated year, and in words where it is from."""
    known = dates["date_id"].tolist()
    if date_id not in known:
        raise UnknownId(date_id, nearest(str(date_id), known) or known, "date")
    row = dates.set_index("date_id").loc[date_id]
    outside = [name for name in rules["channel"] if not {name, "*"} & set(row["channels"])]
    if outside:
        allowed = ", ".join(row["channels"])
        raise LaoquError(f"the date {date_id} is one of {allowed}, not of {', '.join(outside)}")
    year = int(row["date"][:4]) + (timing == "next_year")
    return year, f"{date_id} {row['date']} {timing}"


def _channel(
    rule: object,
    mentions: pd.DataFrame,
    gazetteer: pd.DataFrame,
    areas: pd.DataFrame,
    universe: str,
    asked: bool,
) -> pd.DataFrame | None:
    """Return the rows of one channel; None where the plan names no place."""
    found = mentions[mentions["recipient"] & mentions["role"].isin(rule.roles)]
    if found.empty:
        if asked:
            raise LaoquError(
                f"the plan names no {rule.unit_level} for {rule.channel}: {rule.reason}"
            )
        return None
    units = gazetteer.set_index("adcode")
    code = found["adcode"]
    if rule.unit_level == "city":
        # 永安 and its like count with the city they are part of, as clause 7 groups them.
        code = code.where(code.map(units["level"]) == "prefecture", code.map(units["parent"]))
    named = found.assign(county_code=code).groupby("county_code").agg(
        name_printed=("printed", _joined), zone=("name", _joined), roles=("role", _joined),
        evidence_id=("mention_id", _joined),
    )  # fmt: skip
    inside = areas[(areas["basis"] == "prefecture") == (rule.unit_level == "city")]
    here = inside.sort_values(["adcode", "region_id"]).groupby("adcode").agg(
        region_id=("region_id", ";".join), region_basis=("basis", ";".join)
    )  # fmt: skip
    codes = set(named.index) | set(here.index)
    if universe == "all":
        codes |= set(_all(gazetteer, rule.unit_level))
    table = pd.DataFrame({"county_code": sorted(codes)}).set_index("county_code")
    table = table.join(named).join(here)
    is_named = table["evidence_id"].notna()
    untreated = ~is_named & table["region_id"].notna() & rule.complete
    table["status_basis"] = np.select(
        [is_named, untreated, np.full(len(table), not rule.complete)],
        ["named", "complete_list", "open_list"], "outside_areas",
    )  # fmt: skip
    status = table["status_basis"].map({"named": 1, "complete_list": 0})
    table["ever_treated"] = status.astype("Int64")
    table["named"] = is_named.astype("int64")
    table["evidence_id"] = table["evidence_id"].fillna(rule.unit_id)
    table["name_normalised"] = units["name"].reindex(table.index)
    zone = found["level"].eq("zone").any() & is_named
    table["name_normalised"] = table["name_normalised"].mask(zone, table["zone"])
    table["province"] = units["province"].reindex(table.index)
    own = units["level"].reindex(table.index).eq("prefecture")
    above = units["prefecture"].reindex(table.index)
    table["prefecture"] = above.mask(own, units["name"].reindex(table.index))
    table["list_open"] = int(found["list_open"].any())
    table["list_total"] = pd.Series(found["list_total"].max(), table.index, dtype="Int64")
    table["channel"], table["unit_level"] = rule.channel, rule.unit_level
    words = ["name_printed", "roles", "region_id", "region_basis", "prefecture", "province"]
    table[words] = table[words].fillna("")
    return table.reset_index()


def _all(gazetteer: pd.DataFrame, level: str) -> pd.Series:
    """Return all counties, with cities that have none of their own, or all cities."""
    cities = gazetteer.loc[gazetteer["level"] == "prefecture", "adcode"]
    if level == "city":
        return cities
    county = gazetteer[gazetteer["level"] == "county"]
    return pd.concat([county["adcode"], cities[~cities.isin(county["parent"])]])


def _joined(values: pd.Series) -> str:
    return ";".join(dict.fromkeys(values))


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def status_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with status and cohort as nullable whole numbers, or say what they are not."""
    missing = [name for name in ("county_code", "ever_treated", "first_treat") if name not in frame]
    if missing:
        raise LaoquError(
            f"columns {', '.join(missing)} are missing: expected a table of `counties`"
        )
    frame = frame.copy()
    for column in ("ever_treated", "first_treat"):
        try:
            values = pd.to_numeric(frame[column].astype("object"), errors="raise")
        except (TypeError, ValueError) as error:
            raise LaoquError(f"{column} holds what is no whole number or NA: {error}") from error
        values = pd.Series(values, dtype="float64", index=frame.index)
        if len(odd := values[values.notna() & values.ne(values.round())]):
            raise LaoquError(f"{column} holds {odd.iloc[0]}, which is no whole number or NA")
        frame[column] = values.astype("Int64")
    odd = frame.loc[~frame["ever_treated"].isin([0, 1]) & frame["ever_treated"].notna()]
    if len(odd):
        raise LaoquError(f"ever_treated is {odd['ever_treated'].iloc[0]}, expected 1, 0 or NA")
    return frame
