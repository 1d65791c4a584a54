"""A panel with its treatment: who is treated, who is a control, and what to know before use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from laoqu.analysis import exporting, nearness
from laoqu.analysis.channels import Design, counties, summary, timed
from laoqu.errors import UnknownId

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel

__all__ = ["Design", "counties", "export", "summary", "timed", "treat"]

CONTROLS = exporting.CONTROLS
#: What a panel gets of the table.
ADDED = [
    "channel", "unit_level", "region_id", "province", "first_treat", "first_treat_basis",
    "ever_treated", "status_basis", "eligible", "basis_plan_only", "urban_district",
    "borders_treated", "km_to_treated", "km_to_border", "interaction",
]  # fmt: skip


def treat(
    panel: Panel,
    channel: str = "national_key_county",
    controls: str = "areas",
    design: Design | None = None,
) -> Panel:
    """Add who is treated to a panel.

    Parameters
    ----------
    panel : Panel
        From `laoqu.panel`.
    channel : str
        One channel of ``plan.table("treatment_channels")``.
    controls : {"areas", "eligible"}
        All documented counties of the areas that the list does not name, or only those in
        provinces of which it names some: elsewhere selection was impossible by design.
    design : Design, optional

    Returns
    -------
    Panel
        All rows, with `ADDED`, ``treated`` (1 from ``first_treat`` on) and ``event_time``; rows
        without a partner have NA and ``status_basis`` ``no_partner``. Its report says what had
        none, and what to know before an estimate. A column of the file of such a name is kept as
        ``<name>_in_file``.
    """
    if controls not in CONTROLS:
        raise UnknownId(controls, CONTROLS, "choice of controls")
    plan = panel.plan
    table = counties(plan, channel, design)
    table = table.merge(nearness.distances(plan, table), on="county_code", how="left")
    if controls == "eligible":
        out = table["ever_treated"].eq(0).fillna(False) & ~table["eligible"]
        table.loc[out, "ever_treated"] = pd.NA
        table.loc[out, "status_basis"] = "not_eligible"
    clash = [c for c in [*ADDED, "treated", "event_time"] if c in panel.data]
    data = panel.data.rename(columns={c: f"{c}_in_file" for c in clash})
    data = data.merge(table[["county_code", *ADDED]], on="county_code", how="left")
    data["status_basis"] = data["status_basis"].fillna("no_partner")
    data = timed(data)
    lines = _told(panel, data, table, controls, clash)
    report = type(panel.report)(pd.concat([panel.report, lines], ignore_index=True))
    added = (*panel._about.get("added", ()), *ADDED, "treated", "event_time")
    notes = [f"{row.what}: {row.detail or row.rows}" for row in lines.itertuples()]
    return panel.replace(data, report=report, added=added, readme=notes, channel=channel)


def _told(
    panel: Panel, data: pd.DataFrame, table: pd.DataFrame, controls: str, clash: list[str]
) -> pd.DataFrame:
    """Return what a reader must know of a panel with its treatment, as rows of the report."""
    one = table[table["ever_treated"].eq(1).fillna(False)]
    zero = table[table["ever_treated"].eq(0).fillna(False)]
    here = set(data["county_code"].dropna())
    rows = data["county_code"].isin(table["county_code"])
    name = dict(zip(table["county_code"], table["name_normalised"], strict=True))

    def listed(codes: Sequence[str]) -> str:
        shown = ", ".join(f"{code} {name.get(code, '')}".strip() for code in list(codes)[:4])
        return shown + (f" and {len(codes) - 4} more" if len(codes) > 4 else "")

    lines: list[tuple[str, int, object, str]] = []

    def tell(what: str, codes: Sequence[str], detail: str = "") -> None:
        codes = sorted(set(codes))
        n = int(data["county_code"].isin(codes).sum())
        if codes or what in ("treated", "controls"):
            lines.append((what, n, len(codes), detail or listed(codes)))

    tell("treated", [c for c in one["county_code"] if c in here], f"of {len(one)} in the plan")
    tell("controls", [c for c in zero["county_code"] if c in here], f"of {len(zero)}: {controls}")
    tell("treated, not in the panel", [c for c in one["county_code"] if c not in here])
    lost = data.loc[~rows & data["county_code"].notna(), "county_code"]
    tell("outside the areas or not documented", list(lost))
    after = data[data["treated"].eq(1).fillna(False)]["county_code"]
    late = set(one["county_code"]) & here - set(after)
    tell("treated, no row after treatment", sorted(late))
    crossed = zero["interaction"].str.contains("=1", na=False) & zero["county_code"].isin(here)
    tell("controls named in another channel", list(zero.loc[crossed, "county_code"]))
    next_to = zero["borders_treated"].fillna(False).astype(bool) & zero["county_code"].isin(here)
    tell("controls that border a treated unit", list(zero.loc[next_to, "county_code"]))
    only = one["basis_plan_only"] & one["county_code"].isin(here)
    tell("treated, member by the plan alone", list(one.loc[only, "county_code"]))
    for column in clash:
        text = f"the file's own is kept as {column}_in_file"
        lines.append((f"column {column}", len(data), pd.NA, text))
    for column in panel.outcomes:
        inside = data["ever_treated"].notna()
        if n := int(data.loc[inside, column].isna().sum()):
            share = f"{n / max(inside.sum(), 1):.1%} of treated and controls"
            lines.append((f"no value: {column}", n, pd.NA, share))
    return pd.DataFrame(lines, columns=["what", "rows", "units", "detail"])


def export(folder: Path | str | None = None, **settings: object) -> Path:
    """Write tables of treatment and a README into a folder; see `laoqu.analysis.exporting`."""
    return exporting.export(folder, **settings)
