"""A panel of counties and years, tied to the units of the end of 2021.

``lq.panel("county_gdp.csv")`` reads a file as it is, says what it converted, and gives each row
the unit of 2021 that its code means. `Panel` is the panel; its methods go on from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from pathlib import Path

import pandas as pd

from laoqu import paths, succession
from laoqu import plan as plans
from laoqu.analysis import codes, estimators, treatment
from laoqu.analysis.kinds import LEVELS, examples
from laoqu.analysis.monitor import Monitor
from laoqu.analysis.numbers import NO_NUMBER
from laoqu.analysis.quality import coverage, findings, impossible, scales
from laoqu.analysis.reading import read
from laoqu.analysis.shapes import constant
from laoqu.analysis.writing import write
from laoqu.errors import LaoquError, guard_methods, require
from laoqu.own import missing
from laoqu.reprs import card
from laoqu.succession import FIRST, LAST, Units

STATUSES = ("same", "followed", "split", "merged", "other_holder", "later", "unknown")
#: What a file with a panel holds, beside it.
README = """\
county_code: unit of the end of 2021, empty where the code means no one unit of then.
code_in_panel: the code as it was in the file. code_status: how the two are related
({statuses}; docs/panels.md).
Codes outside their own year were read as codes of {vintage}.

{report!r}

{notes}
"""


class Report(pd.DataFrame):
    """What was read and what became of it: one row a finding, readable when printed."""

    def __repr__(self) -> str:
        lines = []
        for row in self.itertuples():
            units = "" if pd.isna(row.units) else f", {counted(row.units, 'unit')}"
            shown = f": {row.detail}" if row.detail else ""
            lines.append(f"{row.what:<34}{counted(row.rows, 'row'):>14}{units}{shown}")
        return "\n".join(lines)


def counted(n: int, what: str) -> str:
    """Return a number of things: 1 unit, 2 units."""
    return f"{n:,} {what}{'s' * (n != 1)}"


@guard_methods
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
        One row for each code (or name) and year that has no unit or was followed: why; or whose
        unit took in others later and kept its code (``took_in``).
    contradictions : DataFrame
        One row for each code and name (or city, province) that contradict: what the file calls it,
        whose code it is.
    vintage : int
        The year whose codes the panel uses where they are not those of the row's own year.
    """

    data: pd.DataFrame
    plan: plans.Plan
    report: Report
    reasons: pd.DataFrame
    contradictions: pd.DataFrame
    vintage: int
    #: Columns that are no outcomes, notes for the README, what keeps a column from being numbers.
    added: tuple[object, ...] = ()
    notes: Mapping[str, object] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        units = self.data["county_code"].nunique()
        read = f"{counted(len(self.data), 'row')}, {counted(units, 'unit')}"
        return f"Panel of {read}, {_span(self.data['year'])}\n{self.report!r}"

    def _repr_html_(self) -> str:
        title, _, _ = repr(self).partition("\n")
        return card(title, {"outcomes": ", ".join(self.outcomes)}) + self.report._repr_html_()

    def _ipython_key_completions_(self) -> list[str]:
        return list(map(str, self.data.columns))

    def __getitem__(self, column: str) -> pd.Series:
        """Return a column of `data`."""
        require(column, self.data.columns, "column of the panel")
        return self.data[column]

    @cached_property
    def outcomes(self) -> list[str]:
        """The columns of numbers that a file brought along."""
        numbers = self.data.select_dtypes("number").columns
        own = {"year", *self.added}
        return [c for c in numbers if c not in own and self.data[c].nunique() > 2]

    def outcome(self, column: str | None) -> str:
        """Return a column of numbers by its name, or refuse.

        Without a name it is the first one that has not the same value in all years of each unit.
        """
        if column is None:
            columns = [c for c in self.data if c in self.outcomes or c in self.odd]
            if not columns:
                raise LaoquError("the panel has no column of numbers with more than two values")
            fixed = constant(self.data)
            column = next((c for c in columns if c not in fixed), columns[0])
        whole = isinstance(column, Integral) and not isinstance(column, bool)
        column = str(column) if whole else column
        if not isinstance(column, str) or column not in self.data:
            require(column, self.outcomes, "column of numbers of the panel")
        if column in ("year", *self.added):
            raise LaoquError(f"{column} is no outcome: the panel has it to say who, when or how")
        if column in self.odd:
            raise LaoquError(f"{column} is {self.odd[column]}; mend them, or name another column")
        values = self.data[column]
        if (values.isna() | missing(values)).all():
            raise LaoquError(f"{column} has no value in any row")
        if not pd.api.types.is_numeric_dtype(values):
            raise LaoquError(f"{column} holds no numbers, but {examples(values)}")
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
        """Return the rows one estimator may see; see `laoqu.analysis.estimators`.

        ``note`` also says which choices and own files the treatment rests on, and where the outcome
        (without one: any) seems to be in several units or has values that can hardly be.
        """
        outcome = None if outcome is None else self.outcome(outcome)
        made = estimators.for_estimator(self.data, estimator, outcome, anticipation, self.added)
        columns = self.outcomes if outcome is None else [outcome]
        note = {what: self.notes[what] for what in treatment.RESTS_ON if what in self.notes}
        doubts = scales(self, *columns)
        note["scale"] = "; ".join(doubts["column"] + ": " + doubts["looks_like"])
        counts = impossible(self, *columns).groupby(["column", "looks_like"], sort=False).size()
        said = (f"{column}: {text} ({n} values)" for (column, text), n in counts.items())
        note["impossible"] = "; ".join(said)
        return made._replace(note=made.note | {what: text for what, text in note.items() if text})

    def monitor(self, outcome: str | None = None) -> Monitor:
        """Return the monitoring of one outcome; see `laoqu.analysis.monitor.Monitor`."""
        return Monitor(self, outcome)

    def to_file(self, path: Path | str) -> Path:
        """Write the data as .csv (marked as UTF-8 for Excel), .parquet, .dta or .xlsx.

        ``<path>.README.txt`` beside it says what was done; what is there already is refused.
        """
        notes = "\n".join(f"{what}: {text}" for what, text in self.notes.items())
        about = README.format(
            vintage=self.vintage, report=self.report, notes=notes,
            statuses=", ".join(STATUSES),
        )  # fmt: skip
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
        Keep only rows of this level; by default all. Names without codes are of this level, else
        of counties.

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
    plan = plans.kept(paths.state())
    units = succession.units(plan.folder)
    data, found, notes, unresolved = read(source, code, year, name, units, unit or "county")
    if not found["code"]:
        data["code_in_panel"], several = codes.told_apart(data, found["name"], units)
        unresolved = pd.concat([unresolved, several])
        if len(several):
            shown = ", ".join(several["name"].head(5))
            text = f"{len(several)} names would be one unit and year with others: {shown}"
            notes.append((found["name"], int(several["rows"].sum()), text))
    keys = ["code_in_panel", "year"]
    pairs = data[keys].drop_duplicates()
    inferred, how = (int(vintage), "given") if vintage else codes.vintage_of(pairs, units)
    table = codes.traced(pairs, units, inferred)
    # A column of the file may be called level or reason too: no name of one ends in a blank.
    data = data.merge(table, how="left", on=keys, suffixes=(" ", ""))
    if not data["code_status"].isin(["same", "followed", "split", "merged"]).any():
        why = unresolved["reason"] if len(unresolved) else table["reason"]
        shown = "; ".join(why.drop_duplicates().head(3))
        raise LaoquError(f"no row of the panel is of a county known in its year: {shown}")
    if unit is not None:
        other = data["level"] != unit
        if other.any():
            notes.append(("file", int(other.sum()), f"rows of another level than {unit}"))
        data = data[~other].reset_index(drop=True)
    named = found["name"] if found["code"] else None
    against = codes.contradictions(data, named, units)
    lines = [
        _told(data),
        ("vintage of the codes", len(data), pd.NA, f"{inferred} ({how})"),
        *((f"converted: {where}", n, pd.NA, text) for where, n, text in notes),
        *_told_of_codes(data, units, against),
    ]
    report = Report(lines, columns=["what", "rows", "units", "detail"])
    reasons = table[table[["reason", "took_in"]].ne("").any(axis=1)].drop(
        columns=codes.OF_CODES[2:]
    )
    reasons = reasons.rename(columns={"code_status": "status"})
    if len(unresolved):
        unresolved = unresolved[["name", "reason"]]
        reasons = pd.concat([reasons, unresolved.assign(status="unknown", took_in="")])
    reasons = reasons.reset_index(drop=True)
    data = data.drop(columns=codes.OF_CODES).rename(columns=str.strip)
    odd = {where: text for where, _, text in notes if text.startswith(NO_NUMBER)}
    return Panel(data, plan, report, reasons, against, inferred, tuple(found.values()), odd=odd)


def _span(years: pd.Series) -> str:
    years = years.dropna()
    return f"{years.min()}–{years.max()}" if len(years) else "no years"


Line = tuple[str, int, object, str]


def _told(data: pd.DataFrame) -> Line:
    """Return the first line of the report: what was read."""
    # A unit is that of 2021, whatever codes it has had; a code without one may be another of its.
    units = data["county_code"]
    levels = data["level"].map(LEVELS).groupby(units).first().value_counts()
    kinds = "; ".join(f"{level}: {n:,}" for level, n in levels.items())
    years = data["year"].nunique()
    detail = f"{_span(data['year'])}, {counted(years, 'year')}; {kinds}" if years else kinds
    return "read", len(data), units.nunique(), detail


def _told_of_codes(data: pd.DataFrame, units: Units, against: pd.DataFrame) -> list[Line]:
    """Return how many codes are the same, followed or lost, stand twice, or contradict names."""
    lines: list[Line] = []
    for status in STATUSES:
        here = data[data["code_status"] == status]
        if len(here):
            known = here.dropna(subset="code_in_panel").drop_duplicates("code_in_panel")
            pairs = known[["code_in_panel", "reason"]].head(3).itertuples(index=False)
            shown = [reason or f"{code} {units.name.get(code, '')}" for code, reason in pairs]
            detail = "" if status == "same" else "; ".join(shown)
            lines.append((f"code {status}", len(here), len(known), detail))
    if len(here := data[data["disputed"]]):
        shown = "; ".join(here.drop_duplicates("code_in_panel")["reason"].head(3))
        n = here["code_in_panel"].nunique()
        lines.append(("code of another in its year", len(here), n, shown))
    if len(here := data[data["took_in"].fillna("") != ""]):
        shown = "; ".join(here.drop_duplicates("code_in_panel")["took_in"].head(3))
        n = here["code_in_panel"].nunique()
        lines.append(("smaller than the unit of 2021", len(here), n, shown))
    keys = data[["code_in_panel", "year"]].dropna()
    if len(twice := keys[keys.duplicated(keep=False)]):
        detail = "such as {} in {}".format(*twice.iloc[0])
        lines.append(("several rows of a code and year", len(twice), pd.NA, detail))
    if len(against):
        shown = against["code_in_panel"] + " " + against["name_in_file"].astype("str")
        shown = "; ".join((shown + ", the code of " + against["holder"]).head(3))
        n = against["code_in_panel"].nunique()
        lines.append(("name contradicts the code", int(against["rows"].sum()), n, shown))
    return lines
