"""A panel with its treatment status, written as one estimator wants it and without unknowns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu.analysis.treatment import status_of
from laoqu.errors import LaoquError, UnknownId, nearest

#: `sunab` takes a cohort outside the panel for never treated; this one lies after any panel's end.
AFTER = 10_000
#: What each estimator reads as never treated: a number, or missing.
NEVER: dict[str, float] = {
    "did": 0, "csdid": 0, "pyfixest": 0, "sunab": AFTER,
    "differences": np.nan, "eventstudyinteract": np.nan,
}  # fmt: skip


class Prepared(NamedTuple):
    """What `for_estimator` gives: rows for the estimator, and what was done to get them."""

    data: pd.DataFrame
    note: dict[str, object]


def for_estimator(frame: pd.DataFrame, estimator: str, unknown: str = "drop") -> Prepared:
    """Return the rows an estimator may see, never-treated written as it wants them.

    Parameters
    ----------
    frame : DataFrame
        A panel of one channel: from `laoqu.analysis.treatment.panel` or from
        `laoqu.analysis.panels.join`.
    estimator : {"did", "csdid", "pyfixest", "sunab", "differences", "eventstudyinteract"}
    unknown : {"drop", "refuse"}
        What happens to units of unknown status: left out and counted, or an error.

    Returns
    -------
    Prepared
        ``data``: the rows of treated and untreated units with all their columns; ``first_treat``
        as the estimator wants it, ``county_id`` (the code as a number, which `did` asks for),
        ``control`` (1 for never treated; `eventstudyinteract` takes it as its control cohort).
        ``note``: ``estimator``, ``channel``, ``never`` (how never-treated is written),
        ``first_treat``, ``years``, ``treated``, ``untreated``, ``dropped`` (units unknown) and
        ``dropped_rows``.

    Raises
    ------
    LaoquError
        When NA or a contradiction would reach the estimator; when the panel has no year before the
        first treatment, lacks that year or ends before it; when nobody is known to be untreated.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import estimators, treatment
    >>> table = pd.DataFrame({"county_code": ["110101", "110102", "110105"],
    ...                       "ever_treated": [1, 0, pd.NA], "first_treat": [2022, pd.NA, pd.NA]})
    >>> made = estimators.for_estimator(treatment.panel(table, [2021, 2022]), "did")
    >>> made.data["first_treat"].tolist(), made.note["dropped"]
    ([2022, 2022, 0, 0], 1)
    """
    if estimator not in NEVER:
        raise UnknownId(estimator, nearest(str(estimator), NEVER) or NEVER, "estimator")
    if unknown not in ("drop", "refuse"):
        raise UnknownId(unknown, ("drop", "refuse"), "rule for unknown units")
    frame = status_of(frame)
    channel = _one_channel(frame)
    _check_panel(frame)
    lost = frame[frame["ever_treated"].isna()]
    if unknown == "refuse" and len(lost):
        codes = ", ".join(sorted(map(str, lost["county_code"].unique()))[:5])
        raise LaoquError(
            f"{lost['county_code'].nunique()} units are unknown ({codes} …): {estimator} would "
            'take them for never treated; leave them out (unknown="drop") or give their status'
        )
    data = frame[frame["ever_treated"].notna()].reset_index(drop=True)
    first = _check_times(data, channel)
    never, treated = NEVER[estimator], data["ever_treated"].eq(1)
    if estimator == "sunab" and data["year"].max() >= AFTER:
        raise LaoquError(f"years reach {data['year'].max()}, expected years before {AFTER}")
    cohort = data["first_treat"].astype("float64").where(treated, never)
    data["first_treat"] = cohort if np.isnan(never) else cohort.astype("int64")
    data["control"] = (~treated).astype("int64")
    data["county_id"] = data["county_code"].astype("int64")
    for column in ("ever_treated", "treated"):
        if column in data:
            data[column] = data[column].astype("int64")
    units = data.drop_duplicates("county_code")["ever_treated"]
    note = {
        "estimator": estimator, "channel": channel,
        "never": "missing" if np.isnan(never) else str(never),
        "first_treat": first, "years": sorted(int(year) for year in data["year"].unique()),
        "treated": int(units.eq(1).sum()), "untreated": int(units.eq(0).sum()),
        "dropped": int(lost["county_code"].nunique()), "dropped_rows": len(lost),
    }  # fmt: skip
    return Prepared(data, note)


def _one_channel(frame: pd.DataFrame) -> str:
    names = frame["channel"].dropna().unique() if "channel" in frame else []
    if len(names) > 1:
        raise LaoquError(
            f"channels {', '.join(names)} stand in one panel: an estimator takes one; choose it, "
            "and look at `interaction` for units that have several"
        )
    return str(names[0]) if len(names) else ""


def _check_panel(frame: pd.DataFrame) -> None:
    """Require codes and years without NA, one row each, one status a unit, no contradiction."""
    if "year" not in frame:
        raise LaoquError("column year is missing: make a panel first (`panel`, `panels.join`)")
    for column in ("county_code", "year"):
        if n := int(frame[column].isna().sum()):
            raise LaoquError(f"{column} is missing in {n} rows")
    if not pd.api.types.is_integer_dtype(frame["year"]):
        raise LaoquError(f"year holds {frame['year'].dtype}, expected whole numbers")
    if not frame["county_code"].astype("str").str.fullmatch(r"\d{6}").all():
        raise LaoquError("county_code holds what is no code of six digits")
    twice = frame[frame.duplicated(["county_code", "year"])]
    if len(twice):
        code, year = twice.iloc[0][["county_code", "year"]]
        raise LaoquError(f"{code} has several rows for {year} ({len(twice)} rows too many)")
    status = frame[["county_code", "ever_treated", "first_treat"]].drop_duplicates()
    if len(several := status[status.duplicated("county_code")]):
        code = several["county_code"].iloc[0]
        raise LaoquError(f"{code} changes its status or first treatment from year to year")
    open_ = status["ever_treated"].eq(1).fillna(False) & status["first_treat"].isna()
    if open_.any():
        code = status.loc[open_, "county_code"].iloc[0]
        raise LaoquError(f"{code} is treated and has no first_treat: it would count as untreated")
    odd = ~status["ever_treated"].eq(1).fillna(False) & status["first_treat"].notna()
    if odd.any():
        code = status.loc[odd, "county_code"].iloc[0]
        raise LaoquError(f"{code} has a first_treat and is not known to be treated")


def _check_times(data: pd.DataFrame, channel: str) -> int:
    """Require treated and untreated units, and years on both sides of the first treatment."""
    treated = data[data["ever_treated"] == 1]
    if treated.empty:
        raise LaoquError(f"no unit of the panel is treated{f' by {channel}' if channel else ''}")
    if len(treated) == len(data):
        raise LaoquError(
            f"no unit is known to be untreated{f' by {channel}' if channel else ''}: its list is "
            "open (等), so the plan gives no control group; bring one with a source of its own"
        )
    first, last = int(treated["first_treat"].min()), int(treated["first_treat"].max())
    begin, end = int(data["year"].min()), int(data["year"].max())
    if begin >= first:
        raise LaoquError(
            f"the panel starts in {begin} and treatment in {first}: there is no year before it, "
            "and some estimators would take these units for never treated"
        )
    years = set(data["year"])
    if end >= last and (gaps := sorted(set(treated["first_treat"]) - years)):
        raise LaoquError(
            f"no row has the year {gaps[0]}, in which treatment begins: sunab would take its units "
            "for never treated; give the first year of the panel after it as first_treat"
        )
    if end < last:
        raise LaoquError(f"the panel ends in {end}, before treatment begins in {last}")
    return first
