"""A panel with its treatment status, written as one estimator wants it and without unknowns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu.errors import LaoquError, UnknownId, nearest

#: `sunab` takes a cohort outside the panel for never treated; this one lies after any panel's end.
AFTER = 10_000
#: What each estimator reads as never treated: a number, or missing.
NEVER: dict[str, float] = {
    "did": 0,
    "csdid": 0,
    "pyfixest": 0,
    "sunab": AFTER,
    "differences": np.nan,
    "eventstudyinteract": np.nan,
}
#: The call of each estimator, with its way to say that units may react before they are treated:
#: {y} the outcome, {k} years of anticipation, {r} the reference period, {g} its column of cohorts.
CALLS = {
    "did": 'did::att_gt(yname="{y}", tname="year", idname="county_id", gname="first_treat", '
    'data=d, control_group="nevertreated", anticipation={k}, clustervars="county_id")',
    "csdid": "csdid {y}, ivar(county_id) time(year) gvar(first_reacts) // cohorts moved by {k}",
    "pyfixest": 'pf.feols("{y} ~ i(rel_year, ref={r}) | county_id + year", d, '
    'vcov={{"CRV1": "county_id"}})',
    "sunab": "fixest::feols({y} ~ sunab(first_treat, year, ref.p = {r}) | county_id + year, d, "
    "cluster = ~county_id)",
    "differences": 'ATTgt(d.set_index(["county_id", "year"]), cohort_column="first_treat", '
    'anticipation={k}).fit("{y}")',  # clusters by county of itself
    "eventstudyinteract": "eventstudyinteract {y} rel_* , cohort(first_treat) "
    "control_cohort(control) absorb(county_id year) vce(cluster county_id) // omit rel_year {r}",
}


class Prepared(NamedTuple):
    """What `for_estimator` gives: rows for the estimator, and what was done to get them."""

    data: pd.DataFrame
    note: dict[str, object]

    def event_study(self, outcome: str | None = None) -> pd.DataFrame:
        """Return the difference of mean changes since the reference year, year by year.

        For each year, counties with a value in it and in the reference year: the mean change of
        the treated less that of the controls. In a balanced panel with one date this is what the
        estimators give; the standard error is that of two samples of counties. One row per year:
        ``year``, ``event_time``, ``estimate``, ``se``, ``low``, ``high`` (95 %), ``treated``,
        ``controls`` (counties with both values).
        """
        outcome = outcome or str(self.note["outcome"])
        if outcome not in self.data:
            raise LaoquError(f"the panel has no column {outcome!r}: say outcome=")
        wide = self.data.pivot(index="county_id", columns="year", values=outcome).astype("float64")
        treated = self.data.drop_duplicates("county_id").set_index("county_id")["control"] == 0
        reference = int(self.note["reference_year"])
        rows = []
        for year in wide.columns:
            change = (wide[year] - wide[reference]).dropna()
            one, zero = change[treated[change.index]], change[~treated[change.index]]
            estimate = one.mean() - zero.mean()
            error = float(np.sqrt(one.var() / max(len(one), 1) + zero.var() / max(len(zero), 1)))
            bounds = estimate - 1.96 * error, estimate + 1.96 * error
            time = int(year) - int(self.note["first_treat"])
            rows.append([int(year), time, estimate, error, *bounds, len(one), len(zero)])
        columns = ["year", "event_time", "estimate", "se", "low", "high", "treated", "controls"]
        return pd.DataFrame(rows, columns=columns)


def for_estimator(
    frame: pd.DataFrame, estimator: str, outcome: str | None = None, anticipation: int = 1
) -> Prepared:
    """Return the rows an estimator may see, never-treated written as it wants them.

    `frame` is the data of a panel with its treatment; rows without a value of `outcome` are counted
    and left out. `anticipation` is the years before ``first_treat`` in which units may react
    already: the opinion and the list of key counties fall in the year before the plan's first full
    year; with 0 that year would be the reference, and half of an effect in it would halve the
    estimate.

    Returns
    -------
    Prepared
        ``data``: rows of treated units and controls with all their columns; ``first_treat`` as the
        estimator (of `NEVER`) wants it, ``county_id`` (the code as a number), ``control`` (1 for
        never treated), ``rel_year`` (years since ``first_treat``; the reference period for
        controls), ``first_reacts`` (``first_treat`` less the anticipation). ``note``: ``call`` (how
        to call it), ``never``, ``reference_year``, and what was counted and left out.

    Raises
    ------
    LaoquError
        When NA or a contradiction would reach the estimator; when the panel lacks the reference
        year, the first treated year, treated units or controls.
    """
    if estimator not in NEVER:
        raise UnknownId(estimator, nearest(str(estimator), NEVER) or NEVER, "estimator")
    if isinstance(anticipation, bool) or not isinstance(anticipation, int) or anticipation < 0:
        raise LaoquError(f"anticipation is {anticipation!r}, expected years: 0, 1 or more")
    missing = [c for c in ("county_code", "year", "ever_treated", "first_treat") if c not in frame]
    if missing:
        raise LaoquError(f"columns {', '.join(missing)} are missing: call .treat(…) first")
    unknown = frame["ever_treated"].isna() | frame["county_code"].isna() | frame["year"].isna()
    lost = frame[unknown]
    data = frame[~unknown].reset_index(drop=True)
    no_value = 0
    if outcome is not None:
        if outcome not in data:
            near = nearest(outcome, map(str, data.columns))
            raise LaoquError(f"the panel has no column {outcome!r}; nearest: {', '.join(near)}")
        no_value = int(data[outcome].isna().sum())
        data = data[data[outcome].notna()].reset_index(drop=True)
    _check(data)
    first, reference = _times(data, anticipation)
    never, treated = NEVER[estimator], data["ever_treated"].eq(1)
    if estimator == "sunab" and data["year"].max() >= AFTER:
        raise LaoquError(f"years reach {data['year'].max()}, expected years before {AFTER}")
    cohorts = {
        "first_treat": data["first_treat"],
        "first_reacts": data["first_treat"] - anticipation,
    }
    cohorts = {c: x.astype("float64").where(treated, never) for c, x in cohorts.items()}
    period = -1 - anticipation
    data = data.assign(
        **cohorts,
        rel_year=(data["year"] - first).where(treated, period),
        control=~treated,
        county_id=data["county_code"],
        treated=treated & (data["year"] >= first),
    )
    whole = ["rel_year", "control", "county_id", "year", "ever_treated", "treated"]
    whole += [] if np.isnan(never) else list(cohorts)
    data = data.astype(dict.fromkeys(whole, "int64"))
    units = data.drop_duplicates("county_code")["ever_treated"]
    after = data.loc[data["treated"].eq(1), "county_code"].nunique()
    at_reference = data[data["year"] == reference]["ever_treated"]
    call = CALLS[estimator].format(y=outcome or "Y", k=anticipation, r=period)
    note = {
        "estimator": estimator, "call": call, "outcome": outcome or "",
        "anticipation": anticipation,
        "never": "missing" if np.isnan(never) else str(never), "first_treat": first,
        "reference_year": reference, "years": sorted(int(y) for y in data["year"].unique()),
        "treated": int(units.eq(1).sum()), "untreated": int(units.eq(0).sum()),
        "treated_without_row_after": int(units.eq(1).sum() - after),
        "treated_in_reference_year": int(at_reference.eq(1).sum()),
        "dropped_units": int(lost["county_code"].nunique()), "dropped_rows": len(lost),
        "rows_without_outcome": no_value,
    }  # fmt: skip
    return Prepared(data, note)


def _check(data: pd.DataFrame) -> None:
    """Require one row a county and year, one status a unit, and no contradiction."""
    twice = data[data.duplicated(["county_code", "year"])]
    if len(twice):
        code, year = twice.iloc[0][["county_code", "year"]]
        raise LaoquError(f"{code} has several rows for {year} ({len(twice)} rows too many)")
    if "channel" in data and data["channel"].dropna().nunique() > 1:
        raise LaoquError("several channels stand in one panel: an estimator takes one")
    status = data[["county_code", "ever_treated", "first_treat"]].drop_duplicates()
    one, dated = status["ever_treated"].eq(1), status["first_treat"].notna()
    for wrong, text in (
        (status.duplicated("county_code"), "changes its status or first treatment between years"),
        (one & ~dated, "is treated and has no first_treat: it would count as untreated"),
        (~one & dated, "has a first_treat and is not known to be treated"),
    ):
        if wrong.any():
            raise LaoquError(f"{status.loc[wrong, 'county_code'].iloc[0]} {text}")
    if one.all() or not one.any():
        what = "untreated" if one.any() else "treated"
        raise LaoquError(
            f"no unit of the panel is known to be {what}: a list in 等 gives no control group; "
            "bring one with a source of its own"
        )
    if status["first_treat"].nunique() > 1:
        raise LaoquError("units begin in several years: this collection has one date a channel")


def _times(data: pd.DataFrame, anticipation: int) -> tuple[int, int]:
    """Return the first treated year and the reference year; both must be in the panel."""
    first = int(data["first_treat"].min())
    reference = first - 1 - anticipation
    years = set(data["year"].astype(int))
    begin, end = min(years), max(years)
    if begin > reference:
        raise LaoquError(
            f"the panel starts in {begin}; with {anticipation} years of anticipation before "
            f"{first} the reference is {reference}: there is no year before treatment"
        )
    if end < first:
        raise LaoquError(f"the panel ends in {end}, before treatment begins in {first}")
    for year, what in ((reference, "reference year"), (first, "first treated year")):
        if year not in years:
            raise LaoquError(
                f"no row has the {what} {year}: some estimators would then compare with another "
                "year without a word; choose anticipation= or the dates so that it is in the panel"
            )
    return first, reference
