"""A panel of counties and years, tied to the units of the end of 2021.

``lq.panel("county_gdp.csv")`` reads a file as it is, says what it converted, and gives each row
the unit of 2021 that its code means. `Panel` is the panel; its methods go on from there.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import places, succession
from laoqu.analysis import estimators, treatment
from laoqu.analysis.monitor import Monitor
from laoqu.analysis.quality import coverage, findings
from laoqu.analysis.reading import Columns, read
from laoqu.analysis.writing import write
from laoqu.errors import LaoquError, require
from laoqu.reprs import card
from laoqu.spelling import clean
from laoqu.succession import FIRST, LAST, YEAR, Units

if TYPE_CHECKING:
    from laoqu.plan import Plan

STATUSES = ("same", "followed", "split", "merged", "other_holder", "later", "unknown")
LEVELS = {"county": "counties", "prefecture": "cities", "province": "provinces"}
#: A vintage is inferred where its list has this share of the codes.
VINTAGE_SHARE = 0.9
#: Fewer codes than this fit many years by chance: then all must, and the panel must reach the year.
VINTAGE_CODES = 10
#: What the plan is loaded by.
ENVIRONMENT = ("DATA", "MEMBERSHIP", "BOUNDARIES", "CODING")


class Report(pd.DataFrame):
    """What was read and what became of it: one row a finding, readable when printed."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def __repr__(self) -> str:
        lines = []
        for row in self.itertuples():
            units = f", {row.units:,} units" if pd.notna(row.units) else ""
            shown = f": {row.detail}" if row.detail else ""
            lines.append(f"{row.what:<34}{row.rows:>9,} rows{units}{shown}")
        return "\n".join(lines)


@dataclass(eq=False, repr=False)
class Panel:
    """Rows of counties and years with the unit of 2021 that each of them means.

    Attributes
    ----------
    data : DataFrame
        The file's columns, and ``county_code`` (unit of the end of 2021; NA where there is not
        one), ``code_in_panel``, ``year``, ``code_status`` (one of `STATUSES`).
    report : Report
        One row a finding: ``what``, ``rows``, ``units``, ``detail``.
    reasons : DataFrame
        One row for each code (or name) and year that has no unit or was followed: why.
    contradictions : DataFrame
        One row for each code and name that contradict: what the file calls it, whose code it is.
    vintage : int
        The year whose codes the panel uses where they are not those of the row's own year.
    """

    data: pd.DataFrame
    plan: Plan
    report: Report
    reasons: pd.DataFrame
    contradictions: pd.DataFrame
    vintage: int
    #: Columns that are no outcomes, and notes for the README.
    added: tuple[object, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        units = self.data["county_code"].nunique()
        years = _span(self.data["year"])
        return f"Panel of {len(self.data):,} rows, {units:,} units, {years}\n{self.report!r}"

    def _repr_html_(self) -> str:
        title, _, _ = repr(self).partition("\n")
        return card(title, {"outcomes": ", ".join(self.outcomes)}) + self.report._repr_html_()

    def _ipython_key_completions_(self) -> list[str]:
        return list(map(str, self.data.columns))

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, column: str) -> pd.Series:
        return self.data[column]

    @cached_property
    def outcomes(self) -> list[str]:
        """The columns of numbers that a file brought along."""
        numbers = self.data.select_dtypes("number").columns
        own = {"year", *self.added}
        return [c for c in numbers if c not in own and self.data[c].nunique() > 2]

    def outcome(self, column: str | None) -> str:
        """Return a column of numbers by its name, the first one without a name; or refuse."""
        if column is None and self.outcomes:
            return self.outcomes[0]
        require(column, list(self.data), "column of the panel")
        if not pd.api.types.is_numeric_dtype(self.data[column]):
            raise LaoquError(f"{column} holds no numbers")
        return column

    @cached_property
    def key_counties(self) -> set[str]:
        """The national key counties that box 1 names."""
        mentions = self.plan.mentions()
        return set(mentions.loc[mentions["role"] == "national_key_county", "adcode"])

    treat = treatment.treat
    quality = findings
    coverage = coverage

    def for_estimator(
        self, estimator: str, outcome: str | None = None, anticipation: int = 1
    ) -> estimators.Prepared:
        """Return the rows one estimator may see; see `laoqu.analysis.estimators`."""
        return estimators.for_estimator(self.data, estimator, outcome, anticipation)

    def monitor(self, outcome: str | None = None) -> Monitor:
        """Return the monitoring of one outcome; see `laoqu.analysis.monitor.Monitor`."""
        return Monitor(self, outcome)

    def to_file(self, path: Path | str) -> Path:
        """Write the data as .csv (marked as UTF-8 for Excel), .parquet, .dta or .xlsx.

        ``<name>.README.txt`` beside it says what was done; what is there already is refused.
        """
        about = Path(__file__).with_name("panel_readme.txt").read_text(encoding="utf-8")
        about = about.format(vintage=self.vintage, report=self.report, notes="\n".join(self.notes))
        return write(self.data, path, about)


def panel(
    source: object,
    code: str | None = None,
    year: str | int | None = None,
    name: str | None = None,
    vintage: int | None = None,
    unit: str | None = None,
) -> Panel:
    """Read a panel of counties and tie it to the units of the end of 2021.

    Parameters
    ----------
    source : path or DataFrame
        CSV (UTF-8, GBK), XLSX, DTA, Parquet or a frame; long, wide or a row for each indicator.
    code, name : str, optional
        Columns with codes and names; found by content where not given. Without codes the names
        are read as counties, within the city or province of a column that holds those.
    year : str or int, optional
        The column with years, or the one year of all rows.
    vintage : int, optional
        The year whose codes the panel uses throughout; inferred where not given.
    unit : {"county", "prefecture", "province"}, optional
        Keep only rows of this level; by default all.

    Raises
    ------
    LaoquError
        Where a file has two readings: several columns of codes, parts of years, no year.

    Examples
    --------
    >>> import pandas as pd
    >>> import laoqu as lq
    >>> rows = {"行政区划代码": [431121.0, 431181.0], "年份": ["2019年", "2022年"]}
    >>> made = lq.panel(pd.DataFrame(rows))
    >>> made.data[["county_code", "code_in_panel", "year", "code_status"]].values.tolist()
    [['431181', '431121', 2019, 'followed'], ['431181', '431181', 2022, 'same']]
    """
    if vintage is not None and str(vintage) not in map(str, range(FIRST, LAST + 1)):
        raise LaoquError(f"vintage is {vintage}, expected a year from {FIRST} to {LAST}")
    if unit is not None and unit not in LEVELS:
        raise LaoquError(f"unit is {unit!r}, expected one of {', '.join(LEVELS)}")
    plan = _plan(tuple(os.environ.get(f"LAOQU_{name}") for name in ENVIRONMENT))
    units = succession.units(plan.folder)
    file = read(source, Columns(code, year, name), units)
    keys = ["code_in_panel", "year"]
    pairs = file.frame[keys].drop_duplicates()
    inferred, how = (int(vintage), "given") if vintage else _vintage(pairs, units)
    table = _traced(pairs, units, inferred)
    data = file.frame.merge(table, how="left", on=keys)
    if unit is not None:
        other = data["level"] != unit
        file.conversions.append(("file", int(other.sum()), f"rows of another level than {unit}"))
        data = data[~other].reset_index(drop=True)
    names = file.columns.name if file.columns.code else None
    against = _contradictions(data, names, plan.folder, inferred)
    report = Report(
        [
            _told(data),
            ("vintage of the codes", len(data), pd.NA, f"{inferred} ({how})"),
            *((f"converted: {where}", n, pd.NA, text) for where, n, text in file.conversions),
            *_told_of_codes(data, units),
            *_told_of_names(against),
        ],
        columns=["what", "rows", "units", "detail"],
    )
    reasons = table[table["reason"] != ""].drop(columns="level")
    reasons = reasons.rename(columns={"code_status": "status"}).reset_index(drop=True)
    if len(file.unresolved):
        reasons = pd.concat([reasons, file.unresolved.assign(status="unknown")], ignore_index=True)
    data = data.drop(columns=["reason", "level"])
    return Panel(data, plan, report, reasons, against, inferred, tuple(file.columns))


@lru_cache(maxsize=2)
def _plan(_: tuple[str | None, ...]) -> Plan:
    """Return the plan, read once for all panels: its maps take some seconds."""
    from laoqu.plan import load

    return load()


def _span(years: pd.Series) -> str:
    years = years.dropna()
    return f"{years.min()}–{years.max()}" if len(years) else "no years"


def _vintage(pairs: pd.DataFrame, units: Units) -> tuple[int, str]:
    """Return the year whose list has nearly all codes that are not of their own year."""
    known = pairs.dropna()
    codes, years = set(known["code_in_panel"]), known["year"].astype(int)
    held = (
        {y for h in units.by_code.get(c, ()) for y in range(h.first, h.last + 1)} for c in codes
    )
    lists = Counter(year for each in held for year in each)
    most = max(lists.values(), default=0)
    tied = [year for year in range(FIRST, LAST + 1) if lists[year] == most]
    # Of equal years: 2021, which the collection speaks of, else the last the panel reaches.
    last = years.max() if len(years) else YEAR
    year = YEAR if YEAR in tied else max((y for y in tied if y <= last), default=tied[0])
    share = most / max(len(codes), 1)
    few = len(codes) < 3 * VINTAGE_CODES and share < 1
    reached = len(years) and years.min() - 1 <= year <= years.max() + 1
    if share < VINTAGE_SHARE or few or (len(codes) < VINTAGE_CODES and not reached):
        return YEAR, f"taken: no year's list has nearly all of the {len(codes):,} codes"
    return year, f"inferred: its list has {share:.1%} of {len(codes):,} codes"


def _traced(pairs: pd.DataFrame, units: Units, vintage: int) -> pd.DataFrame:
    """Return for each code and year the unit of 2021, how it was reached, and why not."""
    rows = []
    for code, year in pairs.itertuples(index=False):
        if pd.isna(code) or pd.isna(year):
            rows.append([code, year, None, "unknown", "no code or no year", "", False, False])
            continue
        lead, holder = units.trace(code, int(year), vintage)
        level = holder.level if holder else ""
        own = bool(holder and holder.first <= year <= holder.last)
        fits = bool(units.holder(code, vintage))
        rows.append([code, year, lead.adcode or None, lead.status, lead.reason, level, own, fits])
    columns = [*pairs, "county_code", "code_status", "reason", "level", "own", "fits"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.astype({"year": "Int64", "code_in_panel": "str", "county_code": "str"})
    # A panel of frozen codes has more of them in the vintage than in their own years.
    frozen = table["fits"].sum() >= table["own"].sum()
    order = ["fits", "own"] if frozen else ["own", "fits"]
    found = table.dropna(subset="county_code").sort_values(order, ascending=False, kind="stable")
    for index, row in found[found.duplicated(["county_code", "year"])].iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "code_status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def _contradictions(
    data: pd.DataFrame, name: str | None, folder: Path, vintage: int
) -> pd.DataFrame:
    """Return the codes whose name in the file is no name of the unit that holds the code."""
    found, owner, units = [], defaultdict(set), succession.units(folder)
    for holder in units.holders:
        owner[holder.name].add(holder.code)
    seen = data[["code_in_panel", "year", *([name] if name else [])]].dropna()
    groups = seen.groupby(["code_in_panel", name])["year"] if name else ()
    for (code, text), years in groups:
        plain, held = clean(str(text)), units.by_code.get(code, [])
        if not held or places.bears(code, plain, folder):
            continue
        first = int(years.min())
        at = units.trace(code, first, vintage)[1] or held[-1]
        whose = ", ".join(sorted(c for c in owner.get(plain, ()) if c[:2] == code[:2])[:3])
        found.append([code, text, str(at), first, int(years.max()), len(years), whose])
    columns = ["code_in_panel", "name_in_file", "holder", "first_year", "last_year", "rows"]
    return pd.DataFrame(found, columns=[*columns, "name_is_of"])


Line = tuple[str, int, object, str]


def _told(data: pd.DataFrame) -> Line:
    """Return the first line of the report: what was read."""
    levels = data.drop_duplicates("code_in_panel")["level"].map(LEVELS).value_counts()
    kinds = "; ".join(f"{level}: {n:,}" for level, n in levels.items())
    years = data["year"].nunique()
    detail = f"{_span(data['year'])}, {years} years; {kinds}" if years else kinds
    return "read", len(data), data["code_in_panel"].nunique(), detail


def _told_of_codes(data: pd.DataFrame, units: Units) -> Iterator[Line]:
    """Yield how many codes are the same, were followed or lost, and which stand twice."""
    for status in STATUSES:
        here = data[data["code_status"] == status]
        codes = here.dropna(subset="code_in_panel").drop_duplicates("code_in_panel")
        shown = [
            row.reason or f"{row.code_in_panel} {units.name.get(row.code_in_panel, '')}"
            for row in codes.head(3).itertuples()
        ]
        if len(here):
            detail = "" if status == "same" else "; ".join(shown)
            yield f"code {status}", len(here), len(codes), detail
    keys = data[["code_in_panel", "year"]].dropna()
    if len(twice := keys[keys.duplicated(keep=False)]):
        detail = "such as {} in {}".format(*twice.iloc[0])
        yield "several rows of a code and year", len(twice), pd.NA, detail


def _told_of_names(against: pd.DataFrame) -> Iterator[Line]:
    """Yield how many rows have a name that contradicts their code."""
    if len(against):
        shown = "; ".join(
            f"{row.code_in_panel} {row.name_in_file}, the code of {row.holder}"
            for row in against.head(3).itertuples()
        )
        codes = against["code_in_panel"].nunique()
        yield "name contradicts the code", int(against["rows"].sum()), codes, shown
