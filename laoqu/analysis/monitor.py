"""What a panel shows of the counties the plan wants monitored: levels, gaps, early warnings.

Clauses 一, 四 and 十六 ask for monitoring. Everything here describes one outcome of a panel, of
which more is taken to be better; nothing here says why. A period is a year that the panel has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from laoqu.errors import LaoquError, UnknownId, nearest

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel
    from laoqu.plan import Plan

#: Levels of the intervals.
LEVEL = 0.95
#: A group of fewer counties than this has no interval.
FEW = 5
RELATIONS = {"below": pd.Series.lt, "at_most": pd.Series.le, "above": pd.Series.gt,
             "at_least": pd.Series.ge}  # fmt: skip


class Monitor:
    """One outcome of a panel, watched; by default the panel's first column of numbers.

    Attributes
    ----------
    values : DataFrame
        One row per county of 2021 and year: ``county_code``, ``year``, ``value``, ``growth``
        (percent a year since the last period), ``percentile`` (0 to 100 among the panel's
        counties), ``province_ratio`` (to the median of the province's counties), ``growth_gap``
        (to the median growth of the province), ``missing``.
    lost : int
        Rows of the panel without one unit of 2021, or twice for a county and year: left out.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import monitor
    >>> watched = lq.panel(monitor.synthetic(lq.load())).monitor("income")
    >>> watched.levels()["group"].unique().tolist()
    ['key', 'others', 'province', 'documented', 'panel']
    """

    def __init__(self, panel: Panel, outcome: str | None = None) -> None:
        if not panel.outcomes:
            raise LaoquError("the panel has no column of numbers to monitor")
        outcome = outcome or panel.outcomes[0]
        if outcome not in panel.data:
            near = nearest(outcome, panel.outcomes) or panel.outcomes
            raise LaoquError(f"the panel has no column {outcome!r}; nearest: {', '.join(near)}")
        if not pd.api.types.is_numeric_dtype(panel.data[outcome]):
            raise LaoquError(f"{outcome} holds no numbers")
        self.panel, self.plan, self.outcome = panel, panel.plan, outcome
        self.key = panel.key_counties
        units = self.plan.gazetteer().set_index("adcode")
        rows = panel.data[["county_code", "year", outcome]].rename(columns={outcome: "value"})
        counties = rows["county_code"].map(units["level"]).eq("county")
        # Prefectures without counties of their own (东莞, 儋州) stand for a county.
        alone = ~rows["county_code"].isin(units["parent"]) & rows["county_code"].notna()
        kept = rows[(counties | alone) & rows["year"].notna()]
        kept = kept[~kept.duplicated(["county_code", "year"], keep=False)]
        self.lost = len(rows) - len(kept)
        if kept["value"].notna().sum() == 0:
            raise LaoquError(f"{outcome} has no value for a county of 2021")
        self.years = sorted(int(year) for year in kept["year"].unique())
        self.province = units["province"]
        self.values = self._values(kept)

    def __repr__(self) -> str:
        span, counties = f"{self.years[0]}–{self.years[-1]}", self.values["county_code"].nunique()
        flagged = f"{len(self.warnings())} key counties meet a rule in {self.years[-1]}"
        return (
            f"Monitoring of {self.outcome}: {counties:,} counties, {span}; {flagged}\n"
            "levels, gaps, convergence, tracks, warnings, past: each takes an area"
        )

    def _values(self, kept: pd.DataFrame) -> pd.DataFrame:
        index = pd.MultiIndex.from_product(
            [sorted(kept["county_code"].unique()), self.years], names=["county_code", "year"]
        )
        frame = kept.assign(year=kept["year"].astype(int)).set_index(["county_code", "year"])
        frame = frame.reindex(index).reset_index()
        frame["value"] = frame["value"].astype("float64")
        frame["missing"] = frame["value"].isna().astype(float)
        county = frame.groupby("county_code")
        before, gap = county["value"].shift(1), frame["year"] - county["year"].shift(1)
        positive = (frame["value"] > 0) & (before > 0)
        yearly = (frame["value"] / before.where(positive)) ** (1 / gap)
        frame["growth"] = (yearly - 1) * 100
        frame["percentile"] = frame.groupby("year")["value"].rank(pct=True) * 100
        of_province = frame.groupby([frame["county_code"].map(self.province), frame["year"]])
        frame["province_ratio"] = frame["value"] / of_province["value"].transform("median")
        frame["growth_gap"] = frame["growth"] - of_province["growth"].transform("median")
        return frame

    @staticmethod
    def written(value: float) -> str:
        """Return a value with four digits or more, as a person writes it: 21,140 or 7.41."""
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"

    def plan_says(self) -> pd.DataFrame:
        """Return the measures of the plan that ask for monitoring."""
        measures = self.plan.measures()
        return measures[measures["monitor_named"].fillna(False).astype(bool)].reset_index(drop=True)

    def groups(self, area: str | None = None) -> dict[str, set[str]]:
        """Return the counties of each group, those the panel lacks included.

        ``key`` key counties (of the area), ``area`` its documented counties, ``others`` documented
        counties (of the area) that are not key, ``province`` other counties of the provinces of
        the first group, ``documented`` those of all areas, ``panel`` all counties of the panel.
        """
        members = self.plan.membership()
        members = members[members["confidence"] != "low"]
        every = set(members["adcode"])
        here = every
        if area is not None:
            region = self.plan.region(area).region_id
            here = set(members.loc[members["region_id"] == region, "adcode"])
        key, panel = self.key & here if area else self.key, set(self.values["county_code"])
        first = here if area else key
        provinces = set(self.province.reindex(sorted(first)).dropna())
        near = {code for code in panel if self.province.get(code) in provinces} - first
        found = {"key": key, "area": here if area else set()}
        # Where no county is key, who is not key is the whole area.
        found |= {"others": here - key if key else set(), "province": near}
        found |= {"documented": every, "panel": panel}
        return {name: codes for name, codes in found.items() if codes}

    def _first(self, area: str | None) -> set[str]:
        return next(iter(self.groups(area).values()))

    def levels(self, area: str | None = None) -> pd.DataFrame:
        """Return the level and growth of each group by year.

        One row per group and year: ``group``, ``year``, ``n`` (counties with a value), ``of``,
        ``missing`` (codes joined by ``;``), ``median``, ``mean``, ``growth`` (median).
        """
        rows = []
        for group, codes in self.groups(area).items():
            inside = self.values[self.values["county_code"].isin(codes)]
            for year in self.years:
                here = inside[inside["year"] == year].dropna(subset=["value"])
                lost = sorted(codes - set(here["county_code"]))
                rows.append([
                    group, year, len(here), len(codes), ";".join(lost), here["value"].median(),
                    here["value"].mean(), here["growth"].median(),
                ])  # fmt: skip
        columns = ["group", "year", "n", "of", "missing", "median", "mean", "growth"]
        return pd.DataFrame(rows, columns=columns)

    def gaps(self, area: str | None = None) -> pd.DataFrame:
        """Return the median of the first group in percent of each other group, and its change.

        One row per group compared with and year: ``group``, ``year``, ``percent``, ``change``
        (points since the first year with both), ``n`` and ``n_other``.
        """
        levels = self.levels(area)
        names = list(dict.fromkeys(levels["group"]))
        wide = levels.pivot(index="year", columns="group", values=["median", "n"])
        rows = []
        for group in names[1:]:
            percent = wide["median"][names[0]] / wide["median"][group] * 100
            base = percent.dropna().iloc[0] if percent.notna().any() else np.nan
            for year in wide.index:
                n = int(wide["n"].loc[year, names[0]]), int(wide["n"].loc[year, group])
                rows.append([group, year, percent[year], percent[year] - base, *n])
        return pd.DataFrame(rows, columns=["group", "year", "percent", "change", "n", "n_other"])

    def convergence(self, area: str | None = None) -> pd.DataFrame:
        """Return β and σ convergence of each group.

        One row per group: ``beta`` (slope of yearly log growth between the first and last year on
        the log of the first level; negative where poorer counties grew faster) with ``beta_low``
        and ``beta_high`` (95 %, robust), ``sigma_first``, ``sigma_last`` (standard deviations of
        logs), ``sigma_change`` with ``sigma_low`` and ``sigma_high`` (95 %, from the paired logs),
        ``n``, ``first``, ``last``.
        """
        wide = self.values.pivot(index="county_code", columns="year", values="value")
        first, last = self.years[0], self.years[-1]
        columns = ["group", "beta", "beta_low", "beta_high", "sigma_first", "sigma_last"]
        columns += ["sigma_change", "sigma_low", "sigma_high", "n", "first", "last"]
        rows = []
        for group, codes in self.groups(area).items() if last > first else ():
            both = wide.loc[wide.index.isin(codes), [first, last]].dropna()
            both = np.log(both[(both > 0).all(axis=1)])
            if len(both) < FEW or both[first].std() == 0:
                rows.append([group, *[np.nan] * 8, len(both), first, last])
                continue
            start, end = both[first].to_numpy(), both[last].to_numpy()
            beta = _slope(start, (end - start) / (last - first))
            sigma = start.std(ddof=1), end.std(ddof=1)
            rows.append([group, *beta, *sigma, *_spread(start, end), len(both), first, last])
        return pd.DataFrame(rows, columns=columns)

    def tracks(self, area: str | None = None) -> pd.DataFrame:
        """Return the percentile of each county of the first group among the panel, by year."""
        rows = self.values[self.values["county_code"].isin(self._first(area))]
        return rows[["county_code", "year", "value", "percentile"]].reset_index(drop=True)

    def flags(self) -> pd.DataFrame:
        """Return which rule of ``monitor_rules.csv`` each county met in each year.

        One row per rule, county and year in which it held: ``rule_id``, ``county_code``, ``year``,
        ``metric`` (its value).
        """
        rules = self.plan.table("monitor_rules")
        parts = []
        for rule in rules.itertuples():
            metric = self._metric(rule.metric, int(rule.span))
            holds = RELATIONS[rule.relation](metric, rule.threshold) & metric.notna()
            before = holds.groupby(self.values["county_code"])
            met = holds.copy()
            for back in range(1, int(rule.run)):
                met &= before.shift(back, fill_value=False)
            rows = self.values.loc[met, ["county_code", "year"]]
            parts.append(rows.assign(rule_id=rule.rule_id, metric=metric[met]))
        table = pd.concat(parts, ignore_index=True)
        return table[["rule_id", "county_code", "year", "metric"]]

    def _metric(self, name: str, span: int) -> pd.Series:
        if name == "percentile_change":
            return self.values.groupby("county_code")["percentile"].diff(span)
        if name not in self.values:
            raise UnknownId(name, nearest(name, self.values.columns), "metric of a rule")
        return self.values[name]

    def warnings(self, area: str | None = None, year: int | None = None) -> pd.DataFrame:
        """Return the counties of the first group that a rule flags in a year (by default the last).

        One row per county: ``county_code``, ``rules`` (ids joined by ``;``), ``flags`` (how many),
        ``value``, ``percentile``, ``growth``; most flags first.
        """
        year = self.years[-1] if year is None else year
        if year not in self.years:
            raise LaoquError(f"the panel has no {year}; it has {self.years[0]} to {self.years[-1]}")
        codes = self._first(area)
        flags = self.flags().query("year == @year")
        flags = flags[flags["county_code"].isin(codes)]
        found = flags.groupby("county_code")["rule_id"].agg(rules=";".join, flags="size")
        now = self.values[self.values["year"] == year].set_index("county_code")
        found = found.join(now[["value", "percentile", "growth"]]).reset_index()
        return found.sort_values(
            ["flags", "percentile"], ascending=[False, True], ignore_index=True
        )

    def past(self, area: str | None = None) -> pd.DataFrame:
        """Return how many counties each rule would have flagged in each year.

        One row per rule and year: ``rule_id``, ``year``, ``n`` (of the first group), ``of``,
        ``again`` (of those, flagged by the same rule in the next period; NA in the last).
        """
        codes = self._first(area)
        flags = self.flags()
        flags = flags[flags["county_code"].isin(codes)]
        held = flags.groupby(["rule_id", "year"])["county_code"].agg(set).to_dict()
        rows = []
        for rule in self.plan.table("monitor_rules")["rule_id"]:
            for year, following in zip(self.years, [*self.years[1:], None], strict=True):
                now = held.get((rule, year), set())
                again = len(now & held.get((rule, following), set())) if following else pd.NA
                rows.append([rule, year, len(now), len(codes), again])
        table = pd.DataFrame(rows, columns=["rule_id", "year", "n", "of", "again"])
        return table.astype({"again": "Int64"})


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return the slope of a line and its robust interval (HC1)."""
    centred = x - x.mean()
    slope = (centred @ y) / (centred @ centred)
    rest = y - y.mean() - slope * centred
    n = len(x)
    error = np.sqrt((centred**2 @ rest**2) / (centred @ centred) ** 2 * n / (n - 2))
    reach = stats.t.ppf(0.5 + LEVEL / 2, n - 2) * error
    return slope, slope - reach, slope + reach


def _spread(first: np.ndarray, last: np.ndarray) -> tuple[float, float, float]:
    """Return the change of a standard deviation between paired values, with its interval.

    Pitman and Morgan: the ratio of variances has an interval by the correlation of both years.
    """
    n, r = len(first), np.corrcoef(first, last)[0, 1]
    ratio = last.var(ddof=1) / first.var(ddof=1)
    t = stats.t.ppf(0.5 + LEVEL / 2, n - 2)
    k = 1 + 2 * (1 - r**2) * t**2 / (n - 2)
    low, high = ratio * (k - np.sqrt(k**2 - 1)), ratio * (k + np.sqrt(k**2 - 1))
    sigma = first.std(ddof=1)
    return tuple(float(sigma * (np.sqrt(each) - 1)) for each in (ratio, low, high))


def synthetic(plan: Plan, years: range = range(2012, 2023), seed: int = 20211201) -> pd.DataFrame:
    """Return a made-up panel to try the monitoring on: no number in it is of a real county.

    One row per county and year: ``county_code``, ``year``, ``income``, ``population``. All
    documented counties and every fifth other one; 1 % of the incomes are missing, and a few
    counties fall for some years.
    """
    random = np.random.default_rng(seed)
    units = plan.gazetteer().query("level == 'county'")
    members = plan.membership().query("confidence != 'low'")["adcode"]
    codes = sorted({*members, *units["adcode"].iloc[::5]})
    mentions = plan.mentions().query("role == 'national_key_county'")
    poorer = np.isin(codes, mentions["adcode"]) * -0.35
    level = 9.3 + random.normal(0, 0.3, len(codes)) + poorer
    pace = 0.075 - 0.03 * (level - 9.3) + random.normal(0, 0.01, len(codes))
    falling = random.random(len(codes)) < 0.06
    rows = []
    for step, year in enumerate(years):
        shock = np.where(falling & (step > len(years) - 5), -0.13 * (step - len(years) + 5), 0)
        income = np.exp(level + pace * step + shock + random.normal(0, 0.015, len(codes)))
        people = np.exp(12.5 + random.normal(0, 0.002, len(codes)) - 0.004 * step)
        rows.append(
            pd.DataFrame(
                {"county_code": codes, "year": year, "income": income, "population": people}
            )
        )
    frame = pd.concat(rows, ignore_index=True)
    frame[["income", "population"]] = frame[["income", "population"]].round(0)
    frame.loc[random.random(len(frame)) < 0.01, "income"] = np.nan
    return frame
