"""Who each channel of the plan treats, leaves out or may treat, and a panel with that added.

A unit that a list in 等 could hold is NA and never 0: most estimators take a missing cohort for a
unit never treated (docs/methods.md, “Treatment tables”).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from laoqu import regions
from laoqu.errors import LaoquError, UnknownId, nearest

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel
    from laoqu.plan import Plan

#: The date on which the codes of the tables are valid.
VINTAGE = "2021-12-31"
TIMINGS = ("next_year", "same_year")
UNIVERSES = ("areas", "all")
CONTROLS = ("areas", "eligible")
#: Bases of membership that rest on the plan itself.
PLAN_BASES = {"box1", "plan_inferred"}
NEAR = ["borders_treated", "km_to_treated", "km_to_border"]
COLUMNS = [
    "county_code", "code_vintage", "unit_level", "name_printed", "name_normalised", "prefecture",
    "province", "region_id", "region_basis", "basis_plan_only", "urban_district", "channel",
    "roles", "named", "list_open", "list_total", "evidence_id", "first_treat",
    "first_treat_basis", "ever_treated", "status_basis", "eligible", "interaction", *NEAR,
]  # fmt: skip
#: What a panel gets of the table.
ADDED = [
    "channel", "unit_level", "region_id", "province", "first_treat", "first_treat_basis",
    "ever_treated", "status_basis", "eligible", "basis_plan_only", "urban_district", *NEAR,
    "interaction",
]  # fmt: skip


class Design(NamedTuple):
    """Choices behind a table of treatment, all of which can be argued about.

    ``first_treat`` is a ``date_id`` of ``plan.table("treatment_dates")``; ``timing`` takes the year
    after it (``next_year``, its first full year) or its own; ``universe`` is counties documented in
    the areas or ``all``; weaker rows of the membership than ``min_confidence`` are left out.
    """

    first_treat: str = "plan_reported"
    timing: str = "next_year"
    universe: str = "areas"
    min_confidence: str = "medium"


def counties(
    plan: Plan,
    only: Sequence[str] | str | None = None,
    design: Design | None = None,
    controls: str = "areas",
) -> pd.DataFrame:
    """Return for each channel (by default all) which units are treated, untreated or unknown.

    With "eligible" only units in an area and a province of which the channel names some are
    controls: elsewhere selection was impossible by design.

    Returns
    -------
    DataFrame
        One row per channel and unit: `COLUMNS`. ``unit_level`` says whether ``county_code`` is a
        county or a city: a named city does not make its counties treated. ``ever_treated`` is 1
        (named), 0 (in an area and not in a list printed in full) or NA, as ``status_basis`` says.
        ``interaction`` is made of all channels of the level, whichever are asked for: a unit of
        one may be a control of another. ``borders_treated`` (shares a border with a treated unit),
        ``km_to_treated`` (between points inside; 0 for treated), ``km_to_border`` (from such a
        point to the border of its areas): NA for units without a shape, and for cities.

    Raises
    ------
    LaoquError
        For an unknown channel, date or choice, and a date that is not one of a channel's.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import treatment
    >>> table = treatment.counties(lq.load(), "national_key_county")
    >>> int(table["ever_treated"].eq(1).sum()), table["ever_treated"].isna().any()
    (53, np.False_)
    """
    design = design or Design()
    for value, valid, kind in (
        (design.universe, UNIVERSES, "universe"), (design.timing, TIMINGS, "timing"),
        (controls, CONTROLS, "choice of controls"),
    ):  # fmt: skip
        if value not in valid:
            raise UnknownId(value, valid, kind)
    channels = plan.table("treatment_channels")
    known = channels["channel"].tolist()
    asked = known if only is None else [only] if isinstance(only, str) else only
    for name in asked:
        if name not in known:
            raise UnknownId(name, nearest(str(name), known) or known, "channel")
    rules = channels[channels["channel"].isin(asked)]
    year, basis = _first(plan.table("treatment_dates"), rules, design)
    table = _every_channel(plan, design)
    empty = rules[~rules["channel"].isin(table["channel"])]
    if only is not None and len(empty):
        r = empty.iloc[0]
        raise LaoquError(f"the plan names no {r.unit_level} for {r.channel}: {r.reason}")
    table = table[table["channel"].isin(asked)].copy()
    treated = table["ever_treated"].eq(1).fillna(False).astype(bool)
    table["first_treat"] = pd.Series(year, table.index, dtype="Int64").where(treated)
    table["first_treat_basis"] = np.where(treated, basis, "")
    table["code_vintage"] = VINTAGE
    near = [_near(plan, name, design) for name in table["channel"].unique()]
    table = table.merge(pd.concat(near), how="left", on=["channel", "county_code"])
    if controls == "eligible":
        out = table["ever_treated"].eq(0).fillna(False) & ~table["eligible"]
        table.loc[out, "ever_treated"] = pd.NA
        table.loc[out, "status_basis"] = "not_eligible"
    return table[COLUMNS].sort_values(["channel", "county_code"], ignore_index=True)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count ``treated``, ``untreated``, ``eligible_controls`` and ``unknown`` units by channel."""
    one, zero = table["ever_treated"].eq(1).fillna(False), table["ever_treated"].eq(0).fillna(False)
    counted = table.assign(
        treated=one, untreated=zero, eligible_controls=zero & table["eligible"],
        unknown=table["ever_treated"].isna(),
    )  # fmt: skip
    groups = counted.groupby("channel")
    sums = groups[["treated", "untreated", "eligible_controls", "unknown"]].sum()
    first = groups[["unit_level", "list_open", "list_total"]].first()
    result = first[["unit_level"]].join(sums).join(first[["list_open", "list_total"]])
    return result.reset_index()


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``treated`` and ``event_time`` to rows with ``year`` and a status."""
    frame = frame.copy()
    for column in ("ever_treated", "first_treat"):
        frame[column] = frame[column].astype("Int64")
    since = (frame["year"] - frame["first_treat"]).astype("Int64")
    treated = since.ge(0).astype("Int64").mask(frame["ever_treated"].eq(0).fillna(False), 0)
    known = frame["ever_treated"].notna()
    return frame.assign(treated=treated.where(known), event_time=since.where(known))


def treat(
    panel: Panel,
    channel: str = "national_key_county",
    controls: str = "areas",
    design: Design | None = None,
) -> Panel:
    """Add who is treated to a panel; the choices are those of `counties`.

    All rows stay, with `ADDED`, ``treated`` (1 from ``first_treat`` on) and ``event_time``; rows
    without a partner have NA and ``status_basis`` ``no_partner``. The report says what had none,
    and what to know before an estimate. A column of the file of such a name is kept as
    ``<name>_in_file``.
    """
    table = counties(panel.plan, channel, design, controls)
    clash = [c for c in [*ADDED, "treated", "event_time"] if c in panel.data]
    data = panel.data.rename(columns={c: f"{c}_in_file" for c in clash})
    data = data.merge(table[["county_code", *ADDED]], on="county_code", how="left")
    data["status_basis"] = data["status_basis"].fillna("no_partner")
    data = timed(data)
    lines = _told(panel, data, table, controls)
    for column in clash:
        text = f"the file's own is kept as {column}_in_file"
        lines.append((f"column {column}", len(data), pd.NA, text))
    lines = pd.DataFrame(lines, columns=panel.report.columns)
    report = type(panel.report)(pd.concat([panel.report, lines], ignore_index=True))
    added = (*panel.added, *ADDED, "treated", "event_time")
    notes = tuple(f"{row.what}: {row.detail or row.rows}" for row in lines.itertuples())
    return replace(panel, data=data, report=report, added=added, notes=notes)


def _told(
    panel: Panel, data: pd.DataFrame, table: pd.DataFrame, controls: str
) -> list[tuple[str, int, object, str]]:
    """Return what a reader must know of a panel with its treatment, as rows of the report."""
    one = table[table["ever_treated"].eq(1).fillna(False)]
    zero = table[table["ever_treated"].eq(0).fillna(False)]
    here = set(data["county_code"].dropna())
    name = dict(zip(table["county_code"], table["name_normalised"], strict=True))
    lines: list[tuple[str, int, object, str]] = []

    def tell(what: str, codes: Iterable[str], detail: str = "") -> None:
        codes = sorted(set(codes))
        shown = ", ".join(f"{code} {name.get(code, '')}".strip() for code in codes[:4])
        shown += f" and {len(codes) - 4} more" if len(codes) > 4 else ""
        if codes or what in ("treated", "controls"):
            n = int(data["county_code"].isin(codes).sum())
            lines.append((what, n, len(codes), detail or shown))

    tell("treated", here & set(one["county_code"]), f"of {len(one)} in the plan")
    tell("controls", here & set(zero["county_code"]), f"of {len(zero)}: {controls}")
    tell("treated, not in the panel", set(one["county_code"]) - here)
    tell("outside the areas or not documented", here - set(table["county_code"]))
    after = data.loc[data["treated"].eq(1).fillna(False), "county_code"]
    tell("treated, no row after treatment", here & set(one["county_code"]) - set(after))
    flags = {
        "controls named in another channel": zero["interaction"].str.contains("=1", na=False),
        "controls that border a treated unit": zero["borders_treated"].fillna(False).astype(bool),
    }
    for what, flag in flags.items():
        tell(what, here & set(zero.loc[flag, "county_code"]))
    only = one.loc[one["basis_plan_only"], "county_code"]
    tell("treated, member by the plan alone", here & set(only))
    inside = data["ever_treated"].notna()
    for column in panel.outcomes:
        if n := int(data.loc[inside, column].isna().sum()):
            share = f"{n / max(inside.sum(), 1):.1%} of treated and controls"
            lines.append((f"no value: {column}", n, pd.NA, share))
    return lines


def _first(dates: pd.DataFrame, rules: pd.DataFrame, design: Design) -> tuple[int, str]:
    """Return the first treated year, and in words where it is from."""
    known = dates["date_id"].tolist()
    if design.first_treat not in known:
        near = nearest(str(design.first_treat), known) or known
        raise UnknownId(design.first_treat, near, "date")
    row = dates.set_index("date_id").loc[design.first_treat]
    outside = [name for name in rules["channel"] if not {name, "*"} & set(row["channels"])]
    if outside:
        allowed = ", ".join(row["channels"])
        text = f"the date {design.first_treat} is one of {allowed}, not of {', '.join(outside)}"
        raise LaoquError(text)
    year = int(row["date"][:4]) + (design.timing == "next_year")
    return year, f"{design.first_treat} {row['date']} {design.timing}"


@lru_cache(maxsize=4)
def _every_channel(plan: Plan, design: Design) -> pd.DataFrame:
    """Return the rows of all channels: the overlap needs those that were not asked for too."""
    areas = regions.place_areas(plan.membership(), plan.gazetteer(), design.min_confidence)
    rules = plan.table("treatment_channels").itertuples()
    parts = [_channel(plan, rule, (areas, design.universe)) for rule in rules]
    table = pd.concat([part for part in parts if part is not None], ignore_index=True)
    return table.merge(_crossed(table), on=["county_code", "unit_level"], how="left")


def _channel(plan: Plan, rule: object, among: tuple[pd.DataFrame, str]) -> pd.DataFrame | None:
    """Return the rows of one channel; None where the plan names no place."""
    mentions, gazetteer, (areas, universe) = plan.mentions(), plan.gazetteer(), among
    found = mentions[mentions["recipient"] & mentions["role"].isin(rule.roles)]
    if found.empty:
        return None
    units, city = gazetteer.set_index("adcode"), rule.unit_level == "city"
    code = found["adcode"]
    if city:
        # 永安 and its like count with the city they are part of, as clause 7 groups them.
        code = code.where(code.map(units["level"]) == "prefecture", code.map(units["parent"]))
    named = found.assign(county_code=code).groupby("county_code").agg(
        name_printed=("printed", _joined), zone=("name", _joined), roles=("role", _joined),
        evidence_id=("mention_id", _joined),
    )  # fmt: skip
    inside = areas[(areas["basis"] == "prefecture") == city].sort_values(["adcode", "region_id"])
    here = inside.groupby("adcode").agg(
        region_id=("region_id", ";".join), region_basis=("basis", ";".join)
    )
    codes = {*named.index, *here.index}
    if universe == "all":
        cities = gazetteer.loc[gazetteer["level"] == "prefecture", "adcode"]
        counties = gazetteer[gazetteer["level"] == "county"]
        # Cities that have no counties of their own stand for one.
        alone = cities[~cities.isin(counties["parent"])]
        codes |= set(cities) if city else {*counties["adcode"], *alone}
    table = pd.DataFrame(index=pd.Index(sorted(codes), name="county_code")).join(named).join(here)
    is_named, of = table["evidence_id"].notna(), units.reindex(table.index)
    untreated = ~is_named & table["region_id"].notna() & rule.complete
    basis = np.select(
        [is_named, untreated, np.full(len(table), not rule.complete)],
        ["named", "complete_list", "open_list"], "outside_areas",
    )  # fmt: skip
    zone = found["level"].eq("zone").any() & is_named
    table = table.assign(
        status_basis=basis,
        ever_treated=pd.Series(basis, table.index).map({"named": 1, "complete_list": 0}),
        named=is_named.astype("int64"),
        evidence_id=table["evidence_id"].fillna(rule.unit_id),
        name_normalised=of["name"].mask(zone, table["zone"]),
        province=of["province"],
        prefecture=of["prefecture"].mask(of["level"].eq("prefecture"), of["name"]),
        urban_district=of["type"].eq("市辖区"),
        list_open=int(found["list_open"].any()),
        list_total=pd.Series(found["list_total"].max(), table.index, dtype="Int64"),
        channel=rule.channel,
        unit_level=rule.unit_level,
    ).astype({"ever_treated": "Int64"})
    words = ["name_printed", "roles", "region_id", "region_basis", "prefecture", "province"]
    table[words] = table[words].fillna("")
    bases = [set(filter(None, basis.split(";"))) for basis in table["region_basis"]]
    table["basis_plan_only"] = [bool(each) and each <= PLAN_BASES for each in bases]
    ids = table["region_id"].str.split(";")
    chosen = set(ids[is_named].explode()) - {""}
    in_area = ids.map(lambda each: not chosen.isdisjoint(each))
    table["eligible"] = table["province"].isin(table.loc[is_named, "province"]) & in_area
    return table.reset_index()


@lru_cache(maxsize=16)
def _near(plan: Plan, channel: str, design: Design) -> pd.DataFrame:
    """Return how near each county of a channel lies to a treated one and to its area's border."""
    table = _every_channel(plan, design)
    table = table[table["channel"].eq(channel) & table["unit_level"].eq("county")]
    shapes = plan.layers.counties.set_index("adcode").geometry
    table = table[table["county_code"].isin(shapes.index)].reset_index(drop=True)
    found = shapes[table["county_code"]].to_numpy()
    points = shapely.point_on_surface(found)
    own = np.flatnonzero(table["ever_treated"].eq(1).fillna(False))
    near = table[["channel", "county_code"]].assign(borders_treated=False, km_to_treated=np.nan)
    if len(own):
        left, right = shapely.STRtree(found[own]).query(found, predicate="intersects")
        near.loc[left[left != own[right]], "borders_treated"] = True
        tree = shapely.STRtree(points[own])
        (row, _), metres = tree.query_nearest(points, return_distance=True, all_matches=False)
        near.loc[row, "km_to_treated"] = metres / 1000
    edge = np.full(len(table), np.nan)
    areas = table["region_id"].str.split(";").explode()
    for area in sorted(set(areas) - {""}):
        rows = areas.index[areas == area]
        line = shapely.union_all(found[rows]).boundary
        # A county of two areas has the nearer of their borders.
        edge[rows] = np.fmin(edge[rows], shapely.distance(points[rows], line) / 1000)
    return near.assign(km_to_treated=near["km_to_treated"].round(1), km_to_border=edge.round(1))


def _crossed(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each unit which channels of its level it has, lacks or may have."""
    parts = []
    for level, here in table.groupby("unit_level"):
        wide = here.pivot(index="county_code", columns="channel", values="ever_treated")
        wide = wide.astype("Int64").astype("str").fillna("NA")
        joined = (wide.columns + "=" + wide).agg(";".join, axis=1)
        parts.append(joined.rename("interaction").reset_index().assign(unit_level=level))
    return pd.concat(parts, ignore_index=True)


def _joined(values: pd.Series) -> str:
    return ";".join(dict.fromkeys(values))
