"""A panel of counties and years, tied to the units of the end of 2021.

``lq.panel("county_gdp.csv")`` reads a file as it is, says what it converted, and gives each row
the unit of 2021 that its code means. `Panel` is the panel; its methods go on from there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu import paths, succession
from laoqu.analysis import telling
from laoqu.analysis.reading import Columns, read
from laoqu.analysis.telling import LEVELS
from laoqu.errors import LaoquError, OutputError
from laoqu.succession import FIRST, LAST, YEAR, Units

if TYPE_CHECKING:
    from laoqu.analysis.estimators import Prepared
    from laoqu.analysis.monitor import Monitor
    from laoqu.analysis.treatment import Design
    from laoqu.plan import Plan

#: A vintage is inferred where its list has this share of the codes.
VINTAGE_SHARE = 0.9
#: Fewer codes than this fit many years by chance: then all must, and the panel must reach the year.
VINTAGE_CODES = 10
#: What the plan is loaded by.
ENVIRONMENT = ("DATA", "MEMBERSHIP", "BOUNDARIES", "CODING")


class Panel:
    """Rows of counties and years with the unit of 2021 that each of them means.

    Attributes
    ----------
    data : DataFrame
        The file's columns, and ``county_code`` (unit of the end of 2021; NA where there is not
        one), ``code_in_panel``, ``year``, ``code_status`` (see `laoqu.analysis.telling.STATUSES`).
    report : Report
        One row a finding: ``what``, ``rows``, ``units``, ``detail``.
    reasons : DataFrame
        One row for each code and year that has no unit or was followed: why.
    contradictions : DataFrame
        One row for each code and name that contradict: what the file calls it, whose code it is.
    vintage : int
        The year whose codes the panel uses where they are not those of the row's own year.
    """

    def __init__(self, data: pd.DataFrame, about: Mapping[str, object], plan: Plan) -> None:
        self.data, self.plan, self._about = data, plan, dict(about)
        self.report: telling.Report = about["report"]
        self.reasons: pd.DataFrame = about["reasons"]
        self.contradictions: pd.DataFrame = about["contradictions"]
        self.vintage: int = about["vintage"]

    def __repr__(self) -> str:
        years = self.data["year"].dropna()
        span = f"{years.min()}–{years.max()}" if len(years) else "no years"
        units = self.data["county_code"].nunique()
        head = f"Panel of {len(self.data):,} rows, {units:,} units, {span}"
        return f"{head}\n{self.report!r}"

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, column: str) -> pd.Series:
        """Return a column of `data`."""
        return self.data[column]

    @cached_property
    def outcomes(self) -> list[str]:
        """The columns of numbers that a file brought along."""
        own = {"year", *self._about["columns"], *self._about.get("added", ())}
        numbers = self.data.select_dtypes("number").columns
        return [c for c in numbers if c not in own and self.data[c].nunique() > 2]

    def replace(self, data: pd.DataFrame, **about: object) -> Panel:
        """Return the panel with other data, or more known about it."""
        return Panel(data, {**self._about, **about}, self.plan)

    def treat(
        self,
        channel: str = "national_key_county",
        controls: str = "areas",
        design: Design | None = None,
    ) -> Panel:
        """Add who is treated; see `laoqu.analysis.treatment.treat`."""
        from laoqu.analysis import treatment

        return treatment.treat(self, channel, controls, design)

    def for_estimator(
        self, estimator: str, outcome: str | None = None, anticipation: int = 1
    ) -> Prepared:
        """Return the rows one estimator may see; see `laoqu.analysis.estimators`."""
        from laoqu.analysis import estimators

        return estimators.for_estimator(self.data, estimator, outcome, anticipation)

    def quality(self, *outcomes: str) -> pd.DataFrame:
        """Return what looks wrong in the numbers; see `laoqu.analysis.quality.findings`."""
        from laoqu.analysis import quality

        return quality.findings(self, outcomes or tuple(self.outcomes))

    def coverage(self) -> pd.DataFrame:
        """Return how many key counties, and counties of each area, there are by year."""
        from laoqu.analysis import quality

        return quality.coverage(self)

    def monitor(self, outcome: str | None = None) -> Monitor:
        """Return the monitoring of one outcome; see `laoqu.analysis.monitor.Monitor`."""
        from laoqu.analysis import monitor

        return monitor.Monitor(self, outcome)

    def to_file(self, path: Path | str) -> Path:
        """Write the data, and a README beside it that says what was done.

        Parameters
        ----------
        path : path
            Ending in ``.csv`` (UTF-8 with a mark for Excel), ``.parquet``, ``.dta`` or ``.xlsx``.

        Returns
        -------
        Path
            The file; ``<name>.README.txt`` stands beside it.
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
                plain = data.astype(
                    {
                        c: "float64"
                        for c in data.select_dtypes("number")
                        if data[c].dtype.kind not in "iuf" or data[c].isna().any()
                    }
                )
                words = plain.select_dtypes(exclude="number").columns
                plain[words] = (
                    plain[words].astype("object").where(plain[words].notna(), "").astype(str)
                )
                plain.to_stata(path, write_index=False, version=118)
            elif path.suffix == ".xlsx":
                _safe(data).to_excel(path, index=False)
            else:
                raise OutputError(f"{path.name}: expected .csv, .parquet, .dta or .xlsx")
            note.write_text(self._readme(), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{paths.display(path)} cannot be written: {error}") from error
        return path

    def _readme(self) -> str:
        return "\n".join([
            "county_code: unit of the end of 2021, empty where the code means no one unit of then.",
            "code_in_panel: the code as it was in the file. code_status: how the two are related",
            "(same, followed, split, merged, other_holder, later, unknown; docs/panels.md).",
            f"Codes outside their own year were read as codes of {self.vintage}.",
            "", repr(self.report), "",
            *(str(line) for line in self._about.get("readme", ())),
        ])  # fmt: skip


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

    Returns
    -------
    Panel

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
    pairs = file.frame[["code_in_panel", "year"]].drop_duplicates()
    inferred, how = (vintage, "given") if vintage else _vintage(pairs, units)
    table = _traced(pairs, units, inferred)
    rows = file.frame[["code_in_panel", "year"]].merge(
        table, how="left", on=["code_in_panel", "year"]
    )
    data = file.frame.copy()
    data["county_code"] = rows["county_code"].to_numpy()
    data["county_code"] = (
        data["county_code"].astype("str").where(rows["county_code"].notna().to_numpy())
    )
    data["code_status"] = rows["status"].to_numpy()
    if unit is not None:
        level = rows["level"].to_numpy() == unit
        file.conversions.append(("file", int((~level).sum()), f"rows of another level than {unit}"))
        data, rows = data[level], rows[level]
    data = data.reset_index(drop=True)
    contradictions = telling.contradictions(data, file.columns.name, units, inferred)
    reasons = table[table["reason"] != ""].drop(columns=["level"])
    report = telling.report(data, rows, file.conversions, contradictions, units)
    said = f"{inferred} ({how})"
    first = pd.DataFrame([["vintage of the codes", len(data), pd.NA, said]], columns=report.columns)
    report = pd.concat([report.iloc[:1], first, report.iloc[1:]], ignore_index=True)
    about = {
        "report": telling.Report(report),
        "reasons": reasons.reset_index(drop=True), "contradictions": contradictions,
        "vintage": inferred, "columns": file.columns,
    }  # fmt: skip
    return Panel(data, about, plan)


@lru_cache(maxsize=2)
def _plan(_: tuple[str | None, ...]) -> Plan:
    """Return the plan, read once for all panels: its maps take some seconds."""
    from laoqu.plan import load

    return load()


def _vintage(pairs: pd.DataFrame, units: Units) -> tuple[int, str]:
    """Return the year whose list has nearly all codes that are not of their own year."""
    known = pairs.dropna()
    codes = set(known["code_in_panel"])
    share, year = -1.0, YEAR
    lists: dict[int, set[str]] = {y: set() for y in range(FIRST, LAST + 1)}
    for held in (units.by_code.get(code, ()) for code in codes):
        for holder in held:
            for y in range(holder.first, holder.last + 1):
                lists[y].add(holder.code)
    last = min(int(known["year"].max()), LAST) if len(known) else YEAR
    for candidate in range(FIRST, LAST + 1):
        found = len(lists[candidate]) / max(len(codes), 1)
        # Of equal years: 2021, which the collection speaks of, else the last the panel reaches.
        better = found > share or (
            found == share and (candidate == YEAR or (year != YEAR and candidate <= last))
        )
        if better:
            share, year = found, candidate
    few = len(codes) < 3 * VINTAGE_CODES and share < 1
    years = known["year"].astype(int)
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
    table = pd.DataFrame(rows, columns=columns)
    table["year"] = table["year"].astype("Int64")
    # A panel of frozen codes has more of them in the vintage than in their own years.
    frozen = table["fits"].sum() >= table["own"].sum()
    order = ["fits", "own"] if frozen else ["own", "fits"]
    twice = table[
        table["county_code"].notna() & table.duplicated(["county_code", "year"], keep=False)
    ]
    twice = twice.sort_values(order, ascending=False, kind="stable")
    lost = twice[twice.duplicated(["county_code", "year"])]
    for index, row in lost.iterrows():
        why = f"{row.code_in_panel} would be {row.county_code} too, which has a row for {row.year}"
        table.loc[index, ["county_code", "status", "reason"]] = [None, "other_holder", why]
    return table.drop(columns=["own", "fits"])


def _safe(data: pd.DataFrame) -> pd.DataFrame:
    """Keep spreadsheets from reading text as a formula."""
    words = data.select_dtypes(include=["object", "str", "string"]).columns
    risky = {"=", "+", "-", "@"}
    made = {
        c: data[c].map(lambda v: f"'{v}" if isinstance(v, str) and v[:1] in risky else v)
        for c in words
    }
    return data.assign(**made)
