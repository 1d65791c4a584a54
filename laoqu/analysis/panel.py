"""A panel of counties and years, tied to the units of the end of 2021.

``lq.panel("county_gdp.csv")`` reads a file as it is, says what it converted, and gives each row
the unit of 2021 that its code means. `Panel` is the panel; its methods go on from there.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import paths, succession
from laoqu.analysis import estimators, treatment
from laoqu.analysis.monitor import Monitor
from laoqu.analysis.quality import coverage, findings
from laoqu.analysis.reading import Columns, read
from laoqu.errors import LaoquError, OutputError
from laoqu.spelling import TAIL, clean
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
README = """\
county_code: unit of the end of 2021, empty where the code means no one unit of then.
code_in_panel: the code as it was in the file. code_status: how the two are related
(same, followed, split, merged, other_holder, later, unknown; docs/panels.md).
Codes outside their own year were read as codes of {vintage}.

{report!r}

{notes}"""


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
        One row for each code and year that has no unit or was followed: why.
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
        years = self.data["year"].dropna()
        span = f"{years.min()}–{years.max()}" if len(years) else "no years"
        units = self.data["county_code"].nunique()
        return f"Panel of {len(self.data):,} rows, {units:,} units, {span}\n{self.report!r}"

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
        path = Path(path).expanduser()
        note = path.with_name(f"{path.stem}.README.txt")
        for target in (path, note):
            if target.exists():
                raise OutputError(f"{paths.display(target)} is there already: name another file")
        data = self.data.reset_index(drop=True)
        try:
            if path.suffix == ".csv":
                _safe(data).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
            elif path.suffix == ".parquet":
                data.to_parquet(path, index=False)
            elif path.suffix == ".dta":
                _stata(data).to_stata(path, write_index=False, version=118)
            elif path.suffix == ".xlsx":
                _safe(data).to_excel(path, index=False)
            else:
                raise OutputError(f"{path.name}: expected .csv, .parquet, .dta or .xlsx")
            about = {"report": self.report, "notes": "\n".join(self.notes)}
            note.write_text(README.format(vintage=self.vintage, **about), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{paths.display(path)} cannot be written: {error}") from error
        return path


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
        Columns with codes and names; found by content where not given.
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
    if vintage is not None and not FIRST <= int(vintage) <= LAST:
        raise LaoquError(f"vintage is {vintage}, expected a year from {FIRST} to {LAST}")
    if unit is not None and unit not in LEVELS:
        raise LaoquError(f"unit is {unit!r}, expected one of {', '.join(LEVELS)}")
    plan = _plan(tuple(os.environ.get(f"LAOQU_{name}") for name in ENVIRONMENT))
    units = succession.units(plan.folder)
    file = read(source, Columns(code, year, name), units)
    keys = ["code_in_panel", "year"]
    pairs = file.frame[keys].drop_duplicates()
    inferred, how = (vintage, "given") if vintage else _vintage(pairs, units)
    table = _traced(pairs, units, inferred)
    rows = file.frame[keys].merge(table, how="left", on=keys)
    codes = rows["county_code"].astype("str").where(rows["county_code"].notna())
    data = file.frame.assign(county_code=codes.array, code_status=rows["status"].array)
    if unit is not None:
        level = rows["level"].to_numpy() == unit
        file.conversions.append(("file", int((~level).sum()), f"rows of another level than {unit}"))
        data, rows = data[level], rows[level]
    data = data.reset_index(drop=True)
    against = _contradictions(data, file.columns.name, units, inferred)
    lines = _told(data, rows, file.conversions, units) + _told_of_names(against)
    lines.insert(1, ("vintage of the codes", len(data), pd.NA, f"{inferred} ({how})"))
    report = Report(lines, columns=["what", "rows", "units", "detail"])
    reasons = table[table["reason"] != ""].drop(columns="level").reset_index(drop=True)
    return Panel(data, plan, report, reasons, against, inferred, tuple(file.columns))


@lru_cache(maxsize=2)
def _plan(_: tuple[str | None, ...]) -> Plan:
    """Return the plan, read once for all panels: its maps take some seconds."""
    from laoqu.plan import load

    return load()


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
    columns = ["code_in_panel", "year", "county_code", "status", "reason", "level", "own", "fits"]
    table = pd.DataFrame(rows, columns=columns).astype({"year": "Int64"})
    # A panel of frozen codes has more of them in the vintage than in their own years.
    frozen = table["fits"].sum() >= table["own"].sum()
    order = ["fits", "own"] if frozen else ["own", "fits"]
    found = table.dropna(subset="county_code").sort_values(order, ascending=False, kind="stable")
    for index, row in found[found.duplicated(["county_code", "year"])].iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def _contradictions(
    data: pd.DataFrame, name: str | None, units: Units, vintage: int
) -> pd.DataFrame:
    """Return the codes whose name in the file is no name of the unit that holds the code."""
    found, owner = [], defaultdict(set)
    for holder in (h for held in units.by_code.values() for h in held):
        owner[holder.name].add(holder.code)
    seen = data[["code_in_panel", "year", *([name] if name else [])]].dropna()
    groups = seen.groupby(["code_in_panel", name])["year"] if name else ()
    for (code, text), years in groups:
        names, plain = set(), clean(str(text))
        held = units.by_code.get(code, [])
        for holder in held:
            heirs = (heir for heir, _ in units.heirs.get(holder, ()))
            names |= {h.name for h in (holder, *units.came_from.get(holder, ()), *heirs)}
            names |= {units.name.get(heir, "") for heir in units.lead(holder).heirs}
        if not held or any(_alike(plain, each) for each in names if each):
            continue
        first = int(years.min())
        at = units.trace(code, first, vintage)[1] or held[-1]
        whose = ", ".join(sorted(c for c in owner.get(plain, ()) if c[:2] == code[:2])[:3])
        found.append([code, text, str(at), first, int(years.max()), len(years), whose])
    columns = ["code_in_panel", "name_in_file", "holder", "first_year", "last_year", "rows"]
    return pd.DataFrame(found, columns=[*columns, "name_is_of"])


def _alike(text: str, name: str) -> bool:
    """Whether a name in a file can stand for a unit's name: full, short, or after its city."""
    bare = TAIL.sub("", text)
    if text.endswith(name) or bare == TAIL.sub("", name):
        return True
    # 彭水县 for 彭水苗族土家族自治县; 前郭县 for 前郭尔罗斯蒙古族自治县.
    return len(bare) >= 2 and name.startswith(bare[:2]) and "自治" in name


def _told(
    data: pd.DataFrame, rows: pd.DataFrame, conversions: list[tuple[str, int, str]], units: Units
) -> list[tuple[str, int, object, str]]:
    """Return what was read, converted, followed and lost, as rows of the report."""
    years = data["year"].dropna()
    span = f"{years.min()}–{years.max()}, {years.nunique()} years" if len(years) else ""
    levels = rows.drop_duplicates("code_in_panel")["level"].value_counts()
    kinds = ", ".join(f"{n:,} {LEVELS[level]}" for level, n in levels.items() if level in LEVELS)
    lines = [("read", len(data), data["code_in_panel"].nunique(), f"{span}; {kinds}")]
    lines += [(f"converted: {where}", n, pd.NA, text) for where, n, text in conversions]
    for kind in STATUSES:
        here = rows[rows["status"] == kind]
        codes = here.dropna(subset="code_in_panel").drop_duplicates("code_in_panel")
        shown = "; ".join(
            row.reason or f"{row.code_in_panel} {units.name.get(row.code_in_panel, '')}"
            for row in codes.head(3).itertuples()
        )
        if len(here):
            lines.append((f"code {kind}", len(here), len(codes), "" if kind == "same" else shown))
    keys = data[["code_in_panel", "year"]].dropna()
    if len(twice := keys[keys.duplicated(keep=False)]):
        code, year = twice.iloc[0]
        detail = f"such as {code} in {year}"
        lines.append(("several rows of a code and year", len(twice), pd.NA, detail))
    return lines


def _told_of_names(against: pd.DataFrame) -> list[tuple[str, int, object, str]]:
    if against.empty:
        return []
    shown = "; ".join(
        f"{row.code_in_panel} {row.name_in_file}, the code of {row.holder}"
        for row in against.head(3).itertuples()
    )
    codes = against["code_in_panel"].nunique()
    return [("name contradicts the code", int(against["rows"].sum()), codes, shown)]


def _stata(data: pd.DataFrame) -> pd.DataFrame:
    """Return what Stata can hold: no missing whole numbers, text without NA."""
    numbers = data.select_dtypes("number").columns
    kept = [c for c in numbers if data[c].dtype.kind in "iuf" and data[c].notna().all()]
    words = data.columns.difference(numbers)
    text = {c: data[c].astype("object").where(data[c].notna(), "").astype(str) for c in words}
    return data.astype(dict.fromkeys(numbers.difference(kept), "float64")).assign(**text)


def _safe(data: pd.DataFrame) -> pd.DataFrame:
    """Keep spreadsheets from reading text as a formula."""
    words = data.select_dtypes(include=["object", "str", "string"]).columns
    return data.assign(**{c: data[c].replace(r"^(?=[=+\-@])", "'", regex=True) for c in words})
