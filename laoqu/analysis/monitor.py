"""What a panel shows of the counties the plan wants monitored: levels, gaps, early warnings.

Clauses 一, 四 and 十六 ask for monitoring. Everything here describes one outcome of a panel, of
which more is taken to be better; nothing says why. A period is a year in which a county has a
value. Groups are compared in the notebook ``08_monitoring``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from laoqu.analysis.draws import LEVEL
from laoqu.analysis.numbers import finite
from laoqu.errors import LaoquError, guard_methods, require

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel
    from laoqu.plan import Plan

RELATIONS = {"below": pd.Series.lt, "at_most": pd.Series.le, "above": pd.Series.gt,
             "at_least": pd.Series.ge}  # fmt: skip


@guard_methods
class Monitor:
    """One outcome of a panel, watched; by default the panel's first column of numbers.

    Attributes
    ----------
    values : DataFrame
        One row per county of 2021 and year: ``county_code``, ``year``, ``value``, ``growth``
        (percent a year since the last period, of values above 0), ``percentile`` (0 to 100 among
        the panel's counties), ``province_ratio`` (to the median of the province's counties, where
        that is above 0), ``growth_gap`` (to the median growth of the province), ``missing``.
    years, empty_years : list of int
        The periods; other years of the panel, in which no county has a value.
    counties : int
        How many counties `values` has.
    alone : list of str
        What else it has: codes of cities and provinces without counties of their own.
    lost, twice : int
        Rows of the panel that are left out: without one unit of 2021 or a year, or more than once
        for a county and year; how many of them are the latter.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import monitor
    >>> watched = lq.panel(monitor.synthetic(lq.load())).monitor("income")
    >>> list(watched.groups())
    ['key', 'others', 'province', 'documented', 'panel']
    """

    def __init__(self, panel: Panel, outcome: str | None = None) -> None:
        self.panel, self.plan, self.outcome = panel, panel.plan, panel.outcome(outcome)
        self.rules = self.plan.table("monitor_rules")  # here a change of it is told
        units = self.plan.gazetteer().set_index("adcode")
        self.province = units["province"]
        rows = panel.data[["county_code", "year"]].assign(value=panel.data[self.outcome])
        # Prefectures without counties of their own (东莞, 儋州) stand for a county.
        alone = rows["county_code"].isin(units.index) & ~rows["county_code"].isin(units["parent"])
        kept = finite(rows[alone & rows["year"].notna()], ["value"])
        twice = kept.duplicated(["county_code", "year"], keep=False)
        kept = kept[~twice].astype({"year": "int64", "value": "float64"})
        self.lost, self.twice = len(rows) - len(kept), int(twice.sum())
        valued = kept.loc[kept["value"].notna(), "year"]
        if valued.empty:
            why = " that stands once: rows stand twice, as .quality() lists" if self.twice else ""
            raise LaoquError(f"{self.outcome} has no value for a county of 2021{why}")
        self.years = sorted(set(valued.tolist()))
        if len(self.years) == 1:
            why = "has values of one year alone: monitoring compares years"
            raise LaoquError(f"{self.outcome} {why}")
        every = set(rows["year"].dropna().astype(int).tolist())
        self.empty_years = sorted(every - set(self.years))
        self.values = self._values(kept)
        codes = self.values["county_code"].drop_duplicates()
        self.alone = codes[codes.map(units["level"]) != "county"].tolist()
        self.counties = len(codes) - len(self.alone)

    @property
    def members(self) -> pd.DataFrame:
        """Documented counties: the rows of `plan.membership()` that are not of low confidence."""
        return self.plan.membership().query("confidence != 'low'")

    def __repr__(self) -> str:
        alone = f" and {len(self.alone)} without counties of their own" if self.alone else ""
        return (
            f"Monitoring of {self.outcome}: {self.counties:,} counties{alone}, {self.years[0]}–"
            f"{self.years[-1]}\nvalues, groups (of an area), flags; notebook 08_monitoring compares"
        )

    def _values(self, kept: pd.DataFrame) -> pd.DataFrame:
        """Complete the rows of all counties and years, and add what rules look at."""
        wide = kept.pivot(index="year", columns="county_code", values="value").loc[self.years]
        frame = wide.unstack().rename("value").reset_index()
        frame["missing"] = frame["value"].isna().astype(float)
        county = frame.groupby("county_code")
        before, gap = county["value"].shift(1), county["year"].diff()
        positive = (frame["value"] > 0) & (before > 0)
        frame["growth"] = ((frame["value"] / before.where(positive)) ** (1 / gap) - 1) * 100
        frame["percentile"] = frame.groupby("year")["value"].rank(pct=True) * 100
        of_province = frame.groupby([frame["county_code"].map(self.province), frame["year"]])
        median = of_province["value"].transform("median")
        frame["province_ratio"] = frame["value"] / median.where(median > 0)  # -1 is no half of -2
        frame["growth_gap"] = frame["growth"] - of_province["growth"].transform("median")
        return frame

    def groups(self, area: str | None = None) -> dict[str, set[str]]:
        """Return the counties of each group, those the panel lacks included.

        ``key`` key counties (of the area), ``area`` its documented counties, ``others`` documented
        counties (of the area) that are not key, ``province`` other counties of the provinces of
        the first group, ``documented`` those of all areas, ``panel`` all counties of the panel.
        A group of which the panel has no county is left out, and so is one of which it has the
        same counties as of another; a panel without a documented county (of the area) is refused.
        """
        members = self.members
        every, panel = set(members["adcode"]), set(self.values["county_code"])
        key, here = self.panel.key_counties, every
        if area is not None:
            region = self.plan.region(area).region_id
            here = set(members.loc[members["region_id"] == region, "adcode"])
            key = key & here
        if not here & panel:
            of = self.plan.region(area).name_zh if area else "the twelve areas"
            what = f"{self.outcome} has no value for a" if here else "the membership table has no"
            raise LaoquError(f"{what} documented county of {of}")
        first = here if area else key
        provinces = set(self.province.reindex(sorted(first)).dropna())
        near = {code for code in panel if self.province.get(code) in provinces} - first
        found = {"key": key, "area": here if area else set()}
        # Where no county is key, who is not key is the whole area.
        found |= {"others": here - key if key else set(), "province": near}
        found |= {"documented": every, "panel": panel}
        found = {name: codes for name, codes in found.items() if codes & panel}
        first, seen = next(iter(found)), {}
        for name in filter(found.get, (first, "area", "panel", *found)):
            seen.setdefault(frozenset(found[name] & panel), name)
        return {name: codes for name, codes in found.items() if name in seen.values()}

    def areas(self) -> list[str]:
        """Return the areas of which the panel has a documented county."""
        members = self.members
        here = members.loc[members["adcode"].isin(self.values["county_code"]), "region_id"]
        return [area for area in self.plan.region_ids if area in set(here)]

    def flags(self) -> pd.DataFrame:
        """Return which rule of ``monitor_rules.csv`` each county met in each year.

        One row per rule, county and year in which the rule could be judged (two falls in a row
        need three periods): ``rule_id``, ``county_code``, ``year``, ``metric``, ``met``. A
        documented county that the panel lacks has no value in any of its years.
        """
        every = sorted({*self.values["county_code"], *self.members["adcode"]})
        rows = pd.MultiIndex.from_product([every, self.years], names=["county_code", "year"])
        values = self.values.set_index(rows.names).reindex(rows).reset_index()
        values["missing"] = values["missing"].fillna(1.0)
        county, parts = values["county_code"], []
        for rule in self.rules.itertuples():
            if rule.metric == "percentile_change":
                metric = values.groupby(county)["percentile"].diff(int(rule.span))
            else:
                require(rule.metric, values.columns, "metric of a rule")
                metric = values[rule.metric]
            holds = RELATIONS[rule.relation](metric, rule.threshold).astype(float)
            run = holds.where(metric.notna()).groupby(county).rolling(int(rule.run)).min()
            rows = values[["county_code", "year"]]
            rows = rows.assign(rule_id=rule.rule_id, metric=metric, met=run.to_numpy())
            parts.append(rows.dropna(subset="met").astype({"met": bool}))
        table = pd.concat(parts, ignore_index=True)
        return table[["rule_id", "county_code", "year", "metric", "met"]]


def slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return the slope of a line and its robust interval (HC1)."""
    centred, n = x - x.mean(), len(x)
    found = (centred @ y) / (centred @ centred)
    rest = y - y.mean() - found * centred
    error = np.sqrt((centred**2 @ rest**2) / (centred @ centred) ** 2 * n / (n - 2))
    reach = stats.t.ppf(0.5 + LEVEL / 2, n - 2) * error
    return found, found - reach, found + reach


def spread(first: np.ndarray, last: np.ndarray) -> tuple[float, float, float]:
    """Return the change of a standard deviation between paired values, with its interval.

    Pitman and Morgan: the ratio of variances has an interval by the correlation of both years.
    """
    n, r = len(first), np.corrcoef(first, last)[0, 1]
    ratio = last.var(ddof=1) / first.var(ddof=1)
    t = stats.t.ppf(0.5 + LEVEL / 2, n - 2)
    k = 1 + 2 * (1 - r**2) * t**2 / (n - 2)
    ends = ratio, ratio * (k - np.sqrt(k**2 - 1)), ratio * (k + np.sqrt(k**2 - 1))
    return tuple(float(first.std(ddof=1) * (np.sqrt(each) - 1)) for each in ends)


def synthetic(plan: Plan, years: range = range(2012, 2023), seed: int = 20211201) -> pd.DataFrame:
    """Return a made-up panel to try things on: no number in it is of a real county.

    One row per county and year: ``county_code``, ``year``, ``income``, ``population``. All
    documented counties and every fifth other one; 1 % of the incomes are missing, and a few
    counties fall for some years.
    """
    random = np.random.default_rng(seed)
    units = plan.gazetteer().query("level == 'county'")["adcode"]
    members = plan.membership().query("confidence != 'low'")["adcode"]
    codes = sorted({*members, *units.iloc[::5]})
    key = plan.mentions().query("role == 'national_key_county'")["adcode"]
    level = 9.3 + random.normal(0, 0.3, len(codes)) - 0.35 * np.isin(codes, key)
    pace = 0.075 - 0.03 * (level - 9.3) + random.normal(0, 0.01, len(codes))
    falling = random.random(len(codes)) < 0.06
    parts = []
    for step, year in enumerate(years):
        shock = -0.13 * falling * max(step - len(years) + 5, 0)
        income = np.exp(level + pace * step + shock + random.normal(0, 0.015, len(codes)))
        people = np.exp(12.5 + random.normal(0, 0.002, len(codes)) - 0.004 * step)
        numbers = {"income": income.round(), "population": people.round()}
        parts.append(pd.DataFrame({"county_code": codes, "year": year, **numbers}))
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[random.random(len(frame)) < 0.01, "income"] = np.nan
    return frame
