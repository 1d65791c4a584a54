"""A panel with its treatment status, written as one estimator wants it and without unknowns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from json import dumps
from keyword import iskeyword
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from laoqu import paths
from laoqu.analysis.numbers import finite, infinite
from laoqu.analysis.shapes import beside
from laoqu.analysis.writing import stata_names, write
from laoqu.errors import LaoquError, guard_methods, require

SPEC = paths.described("analysis/estimators.toml")
#: What the rows for an estimator have besides.
ADDED = ("first_reacts", "rel_year", "control", "county_id")
#: What columns of ours hold: none is an outcome.
OURS = paths.described("analysis/labels.toml")
#: What each estimator reads as never treated: a number, or missing.
NEVER = {name: spec["never"] for name, spec in SPEC.items()}


def calls(outcome: str = "Y", anticipation: int = 1, columns: Iterable[str] = ()) -> dict[str, str]:
    """Return how each estimator is called, told of the anticipation in its own way.

    The outcome stands as the estimator's language writes such a name, in Stata as a .dta file with
    these `columns` has it.

    >>> calls("gdp")["csdid"]
    'csdid gdp, ivar(county_id) time(year) gvar(first_reacts) long2 // cohorts moved by 1'
    """
    given = {"k": anticipation, "r": -1 - anticipation}
    whole = outcome.isidentifier() and outcome[0] != "_" and not iskeyword(outcome)
    plain = outcome if whole else f"`{outcome}`"
    called = {
        "text": dumps(outcome, ensure_ascii=False)[1:-1],
        "formula": plain,
        "stata": stata_names([*columns, outcome])[outcome],
    }
    return {name: spec["call"].format(y=called[spec["outcome"]], **given)
            for name, spec in SPEC.items()}  # fmt: skip


@guard_methods
class Prepared(NamedTuple):
    """What `for_estimator` gives: rows for the estimator, and what was done to get them."""

    data: pd.DataFrame
    note: dict[str, object]
    #: Columns that are no outcomes: ours, and those in which the file says who and when.
    no_outcomes: Collection[str] = tuple(OURS)

    def __repr__(self) -> str:
        lines = (f"{name:<26}{value}" for name, value in self.note.items())
        return "\n".join([f"{len(self.data):,} rows for an estimator", *lines])

    def to_file(self, path: Path | str) -> Path:
        """Write the rows as .csv, .parquet, .dta or .xlsx, with the note beside them."""
        return write(self.data, path, f"{self!r}\n")

    def event_study(self, outcome: str | None = None) -> pd.DataFrame:
        """Return the difference of mean changes since the reference year, year by year.

        For each year, counties with a value in it and in the reference year: the mean change of
        the treated less that of the controls, with the standard error of two samples of counties.
        In a balanced panel with one date this is what the estimators give if called as `note` says;
        left to themselves some compare years before treatment with the year before each. One row
        per year: ``year``, ``event_time``, ``estimate``, ``se``, ``low``, ``high`` (95 %),
        ``treated``, ``controls`` (counties with both values).
        """
        reference = self.note["reference_year"]
        numbers = [c for c in self.data.select_dtypes("number") if c not in self.no_outcomes]
        outcome = self.note["outcome"] if outcome is None else outcome
        if outcome == "":
            shown = ", ".join(map(str, numbers)) or "none"
            said = "no outcome is named: say outcome=, here or in .for_estimator(); there is"
            raise LaoquError(f"{said} {shown}")
        require(outcome, numbers, "outcome")
        if outcome != self.note["outcome"] and (left := self.note.get("rows_without_outcome")):
            said = f"{left:,} rows without {self.note['outcome']} were left out"
            raise LaoquError(f"{said}: name {outcome} as outcome= in .for_estimator()")
        wide = self.data.pivot(index=["control", "county_id"], columns="year", values=outcome)
        wide = wide.astype("float64")
        one, zero = (int(wide.loc[side, reference].notna().sum()) for side in (0, 1))
        if not (one and zero):
            said = (
                f"{outcome} has values of {one} treated and {zero} control units in {reference}, "
                f"the reference year: no change since then can be compared; name {outcome} as "
                "outcome= in .for_estimator(), with an anticipation= whose reference year has both"
            )
            raise LaoquError(said)
        change = wide.sub(wide[reference], axis=0)
        rows = []
        for year in change:
            one, zero = (change.loc[side, year].dropna() for side in (0, 1))
            estimate = one.mean() - zero.mean()
            error = float(np.sqrt(one.var() / max(len(one), 1) + zero.var() / max(len(zero), 1)))
            bounds = estimate - 1.96 * error, estimate + 1.96 * error
            time = int(year) - self.note["first_treat"]
            rows.append([int(year), time, estimate, error, *bounds, len(one), len(zero)])
        columns = ["year", "event_time", "estimate", "se", "low", "high", "treated", "controls"]
        return pd.DataFrame(rows, columns=columns)


def check_anticipation(years: object) -> None:
    """Refuse what is no number of years in which units may react before."""
    if isinstance(years, bool) or not isinstance(years, int) or years < 0:
        raise LaoquError(f"anticipation is {years!r}, expected years: 0, 1 or more")


def for_estimator(
    frame: pd.DataFrame, estimator: str, outcome: str | None = None, anticipation: int = 1,
    no_outcomes: Iterable[str] = (),
) -> Prepared:  # fmt: skip
    """Return the rows an estimator may see, never-treated written as it wants them.

    `frame` is the data of a panel with its treatment; rows without a value of `outcome` are counted
    and left out. `anticipation` is the years before ``first_treat`` in which units may react
    already: the list of key counties is of the year before the plan's first full year; with 0 that
    year would be the reference, and half of an effect in it would halve the estimate.
    `no_outcomes` are columns of the file that say who and when.

    Returned are the rows of treated units and controls with all their columns, and those that
    ``labels.toml`` describes (``first_treat`` as the estimator wants it; a column of the file with
    such a name stays as ``<name>_in_file``); infinite values are missing. ``note`` says how to call
    it, and what was counted and left out. Refused is a panel by which NA or a contradiction would
    reach the estimator, or that lacks the years, treated units or controls that it needs.
    """
    require(estimator, NEVER, "estimator")
    check_anticipation(anticipation)
    keys = ["county_code", "year", "ever_treated"]
    if missing := [c for c in (*keys, "first_treat") if c not in frame]:
        raise LaoquError(f"columns {', '.join(missing)} are missing: call .treat(…) first")
    if outcome is not None:
        require(outcome, list(frame.select_dtypes("number")), "column of numbers of the panel")
    frame, kept = beside(frame, ADDED)
    outcome, numbers = kept.get(outcome, outcome), list(frame.select_dtypes("number"))
    known = frame[keys].notna().all(axis=1)
    lost_as_infinite = int(frame.loc[known, numbers].apply(infinite).to_numpy().sum())
    frame = finite(frame, numbers)
    valued = known & (frame[outcome].notna() if outcome else True)
    data, lost = frame[valued].reset_index(drop=True), frame[~known]
    for one, what in ((1, "treated"), (0, "untreated")):
        n = frame.loc[known, "ever_treated"].eq(one).sum()
        if n and not data["ever_treated"].eq(one).any():
            raise LaoquError(f"none of the {n} rows of {what} units has a value of {outcome}")
    _check(data)
    first, reference = _times(data, anticipation, frame.loc[known, "year"], outcome)
    never, treated = NEVER[estimator], data["ever_treated"].eq(1)
    cohort = data["first_treat"].astype("float64")
    data = data.assign(
        first_treat=cohort.where(treated, never),
        first_reacts=(cohort - anticipation).where(treated, never),
        rel_year=(data["year"] - first).where(treated, -1 - anticipation),
        control=~treated,
        county_id=data["county_code"],
        treated=treated & (data["year"] >= first),
    )
    whole = ["rel_year", "control", "county_id", "year", "ever_treated", "treated"]
    whole += [] if np.isnan(never) else ["first_treat", "first_reacts"]
    data = data.astype(dict.fromkeys(whole, "int64"))
    units = data.groupby("county_code")[["ever_treated", "treated"]].max()
    at_reference = data.loc[data["year"] == reference, "ever_treated"]
    note = {
        "estimator": estimator, "call": calls(outcome or "Y", anticipation, data)[estimator],
        "outcome": outcome or "", "anticipation": anticipation,
        "never": "missing" if np.isnan(never) else str(never), "first_treat": first,
        "reference_year": reference, "years": sorted(data["year"].unique().tolist()),
        "treated": int(units["ever_treated"].sum()),
        "untreated": int(units["ever_treated"].eq(0).sum()),
        "treated_without_row_after": int((units["ever_treated"] > units["treated"]).sum()),
        "treated_in_reference_year": int(at_reference.sum()),
        "dropped_units": int(lost["county_code"].nunique()), "dropped_rows": len(lost),
        "rows_without_outcome": int(known.sum() - valued.sum()),
        "infinite_taken_as_missing": lost_as_infinite,
        "kept_beside": ", ".join(kept.values()),
    }  # fmt: skip
    return Prepared(data, note, {*OURS, *(kept.get(c, c) for c in no_outcomes)})


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
    if not one.any():
        raise LaoquError("no unit of the panel is known to be treated")
    if one.all():
        said = "no unit of the panel is known to be untreated: a list in 等 gives no control "
        said += "group, nor does a membership without other counties; bring one with a source of "
        raise LaoquError(f"{said}its own")
    if status["first_treat"].nunique() > 1:
        raise LaoquError("units begin in several years: this collection has one date a channel")


def _times(
    data: pd.DataFrame, anticipation: int, every: pd.Series, outcome: str | None
) -> tuple[int, int]:
    """Return the first treated year and the reference year; `data` must have both."""
    first = int(data["first_treat"].min())
    reference = first - 1 - anticipation
    for year, what in ((reference, "reference year"), (first, "first treated year")):
        if not data["year"].eq(year).any():
            empty = every.eq(year).any()
            lacks = f"no value of {outcome} in" if empty else "no row of"
            said = f"the panel ({every.min()}–{every.max()}) has {lacks} the {what} {year}, with "
            said += f"{anticipation} years of anticipation before {first}: some estimators would "
            said += "compare with another year without a word; choose anticipation= or the dates "
            raise LaoquError(f"{said}so that it {'has values' if empty else 'is in the panel'}")
    return first, reference
