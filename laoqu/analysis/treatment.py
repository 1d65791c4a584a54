"""Who each channel of the plan treats, leaves out or may treat, and a panel with that added.

A unit that a list in 等 could hold is NA and never 0, and is left out before an estimate: three of
six estimators read a missing cohort as never treated (docs/methods.md, “Treatment tables”).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from laoqu import regions
from laoqu.analysis.shapes import KEPT, beside
from laoqu.errors import LaoquError, require

if TYPE_CHECKING:
    from laoqu.analysis.panel import Panel
    from laoqu.plan import Plan

#: The date on which the codes of the tables are valid.
VINTAGE = "2021-12-31"
#: Notes on what a treatment rests on, see `chosen`.
RESTS_ON = ("treatment", "own files")
#: Bases of membership that rest on the plan itself.
PLAN_BASES = {"box1", "plan_inferred"}
COLUMNS = [
    "county_code", "code_vintage", "unit_level", "name_printed", "name_normalised", "prefecture",
    "province", "region_id", "region_basis", "basis_plan_only", "urban_district", "channel",
    "roles", "named", "list_open", "list_total", "evidence_id", "first_treat",
    "first_treat_basis", "ever_treated", "status_basis", "same_province", "interaction",
    "borders_treated", "km_to_treated", "km_to_border",
]  # fmt: skip
#: What a panel gets of the table.
ADDED = [
    "channel", "unit_level", "region_id", "province", "first_treat", "first_treat_basis",
    "ever_treated", "status_basis", "same_province", "basis_plan_only", "urban_district",
    "borders_treated", "km_to_treated", "km_to_border", "interaction",
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

    With "same_province" only units of provinces in which the channel names some are controls; it
    says nothing of their having been poor, or otherwise like those that were chosen.

    One row per channel and unit: `COLUMNS`. ``unit_level`` says whether ``county_code`` is a county
    or a city: a named city does not make its counties treated. ``ever_treated`` is 1 (named), 0 (in
    an area and not in a list printed in full) or NA, as ``status_basis`` says. ``interaction`` is
    made of all channels of the level: a unit of one may be a control of another. Distances are
    between points inside; they and ``borders_treated`` are NA for cities.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import treatment
    >>> table = treatment.counties(lq.load(), "national_key_county")
    >>> int(table["ever_treated"].eq(1).sum()), table["ever_treated"].isna().any()
    (53, np.False_)
    """
    design = Design() if design is None else design
    if not isinstance(design, Design):
        raise LaoquError(f"design is {design!r:.40}, expected treatment.Design(…)")
    require(design.timing, ("next_year", "same_year"), "timing")
    require(design.universe, ("areas", "all"), "universe")
    require(controls, ("areas", "same_province"), "choice of controls")
    rules = plan.table("treatment_channels")
    known = rules["channel"].tolist()
    asked = known if only is None else [only] if isinstance(only, str) else only
    for name in asked:
        require(name, known, "channel")
    rules = rules[rules["channel"].isin(asked)]
    year, basis = _first(plan.table("treatment_dates"), rules["channel"], design)
    table = _every_channel(plan, design)
    empty = rules[~rules["channel"].isin(table["channel"])]
    if only is not None and len(empty):
        rule = empty.iloc[0]
        raise LaoquError(f"the plan names no {rule.unit_level} for {rule.channel}: {rule.reason}")
    table = table[table["channel"].isin(asked)].copy()
    treated = table["ever_treated"].eq(1).fillna(False).astype(bool)
    table["first_treat"] = pd.Series(year, table.index, dtype="Int64").where(treated)
    table["first_treat_basis"] = np.where(treated, basis, "")
    table["code_vintage"] = VINTAGE
    near = [_near(plan, name, design) for name in table["channel"].unique()]
    table = table.merge(pd.concat(near), how="left", on=["channel", "county_code"])
    if controls == "same_province":
        out = table["ever_treated"].eq(0).fillna(False) & ~table["same_province"]
        table["ever_treated"] = table["ever_treated"].mask(out)
        table["status_basis"] = table["status_basis"].mask(out, "other_province")
    return table[COLUMNS].sort_values(["channel", "county_code"], ignore_index=True)


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``treated`` and ``event_time`` to rows with ``year`` and a status."""
    frame = frame.astype({"ever_treated": "Int64", "first_treat": "Int64"})
    since, known = frame["year"] - frame["first_treat"], frame["ever_treated"].notna()
    treated = since.ge(0).astype("Int64").mask(frame["ever_treated"].eq(0).fillna(False), 0)
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
    rules = panel.plan.table("treatment_channels").set_index("channel")["unit_level"]
    require(channel, rules.index.tolist(), "channel")
    table = counties(panel.plan, channel, design, controls)
    added = [*ADDED, "treated", "event_time"]
    units = panel.data["county_code"].dropna().drop_duplicates()
    without = units[~units.isin(table["county_code"])]
    if len(without) == len(units) > 0 and _other_level(without, table).all():
        one, other = ("cities", "counties")[:: 1 if rules[channel] == "city" else -1]
        alike = ", ".join(rules.index[rules != rules[channel]])
        alike = f", or ask for a channel of {other}: {alike}"
        if units.str.endswith("0000").all():
            other, alike = "provinces", ""
        said = f"{channel} is of {one}, and the panel has {len(units)} {other}: bring a panel of"
        raise LaoquError(f"{said} {one}{alike}")
    data, kept = beside(panel.data, added)
    data = data.merge(table[["county_code", *ADDED]], on="county_code", how="left")
    data = timed(data.fillna({"status_basis": "no_partner"}))
    lacking = data.loc[data["ever_treated"].notna(), panel.outcomes].isna()
    made = chosen(channel, controls, design or Design(), panel.plan)
    lines = [
        *((what, len(data), pd.NA, text) for what, text in made.items()),
        *_told(data, table, controls),
        *((f"no value: {column}", int(n), pd.NA, f"{n / len(lacking):.1%} of treated and controls")
          for column, n in lacking.sum().items() if n),
    ]  # fmt: skip
    lines += [(f"column {c}", len(data), pd.NA, KEPT.format(new)) for c, new in kept.items()]
    lines = pd.DataFrame(lines, columns=panel.report.columns)
    return replace(
        panel,
        data=data,
        report=type(panel.report)(pd.concat([panel.report, lines], ignore_index=True)),
        added=(*panel.added, *added),
        notes={row.what: row.detail or row.rows for row in lines.itertuples()},
    )


def chosen(channel: str, controls: str, design: Design, plan: Plan) -> dict[str, str]:
    """Return what a table of treatment rests on: the choices, and files of a reader's own."""
    said = {"channel": channel, "controls": controls, **design._asdict()}
    made = {"treatment": ", ".join(f"{name}={value}" for name, value in said.items())}
    if plan.own:
        own = ", ".join(map(" ".join, regions.own_names(plan).items()))
        made["own files"] = f"not the collection as published, but with {own}"
    return made


def _told(data: pd.DataFrame, table: pd.DataFrame, controls: str) -> Iterator[tuple]:
    """Yield what a reader must know of a panel with its treatment, as rows of the report."""
    table = table.set_index("county_code")
    one = table[table["ever_treated"].eq(1).fillna(False)]
    zero = table[table["ever_treated"].eq(0).fillna(False)]
    here = pd.Index(data["county_code"].dropna().unique())
    without = here.difference(table.index).to_series()
    odd = _other_level(without, table.reset_index())
    after = data.loc[data["treated"].eq(1).fillna(False), "county_code"]
    crossed = zero[zero["interaction"].str.contains("=1", na=False)]
    border = zero[zero["borders_treated"].eq(True).fillna(False)]
    groups = {
        "treated": here.intersection(one.index),
        "controls": here.intersection(zero.index),
        "treated, not in the panel": one.index.difference(here),
        "of another level than the channel": without.index[odd],
        "outside the areas or not documented": without.index[~odd],
        "treated, no row after treatment": one.index.intersection(here).difference(after),
        "controls named in another channel": here.intersection(crossed.index),
        "controls that border a treated unit": here.intersection(border.index),
        "treated, member by the plan alone": here.intersection(one.index[one["basis_plan_only"]]),
        "treated, in no area of the membership": here.intersection(
            one.index[one["region_id"].eq("")]
        ),
        "no border, so no distances": one.index[no_border(one)],
    }
    told = {"treated": f"of {len(one)} in the plan", "controls": f"of {len(zero)}: {controls}"}
    names = table["name_normalised"]
    for what, codes in groups.items():
        shown = ", ".join(f"{code} {names.get(code, '')}".strip() for code in sorted(codes)[:4])
        shown += f" and {len(codes) - 4} more" if len(codes) > 4 else ""
        if len(codes) or what in told:
            rows = int(data["county_code"].isin(codes).sum())
            yield what, rows, len(codes), told.get(what, shown)


def no_border(treated: pd.DataFrame) -> pd.Series:
    """Return which treated counties have no shape in the boundaries."""
    return treated["unit_level"].eq("county") & treated["km_to_treated"].isna()


def _other_level(units: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Return which units are cities where those of a channel are counties, or the other way."""
    upper = units.astype("str").str.endswith("00") != table["unit_level"].eq("city").any()
    return upper | units.astype("str").str.endswith("0000")


def _first(dates: pd.DataFrame, channels: pd.Series, design: Design) -> tuple[int, str]:
    """Return the first treated year, and in words where it is from."""
    require(design.first_treat, dates["date_id"].tolist(), "date")
    row = dates.set_index("date_id").loc[design.first_treat]
    if outside := [name for name in channels if not {name, "*"} & set(row["channels"])]:
        allowed = ", ".join(row["channels"])
        text = f"the date {design.first_treat} is one of {allowed}, not of {', '.join(outside)}"
        raise LaoquError(text)
    year = int(row["date"][:4]) + (design.timing == "next_year")
    return year, f"{design.first_treat} {row['date']} {design.timing}"


@lru_cache(maxsize=4)
def _every_channel(plan: Plan, design: Design) -> pd.DataFrame:
    """Return the rows of all channels: the overlap needs those that were not asked for too."""
    areas = regions.place_areas(plan.membership(), plan.gazetteer(), design.min_confidence)
    mentions = plan.mentions().query("recipient")
    parts = []
    for rule in plan.table("treatment_channels").itertuples():
        named = mentions[mentions["role"].isin(rule.roles)]
        if len(named):
            parts.append(_channel(plan.gazetteer(), rule, named, areas, design.universe))
    table = pd.concat(parts, ignore_index=True)
    crossed = []
    for level, here in table.groupby("unit_level"):
        wide = here.pivot(index="county_code", columns="channel", values="ever_treated")
        wide = wide.astype("Int64").astype("str").fillna("NA")
        joined = (wide.columns + "=" + wide).agg(";".join, axis=1)
        crossed.append(joined.rename("interaction").reset_index().assign(unit_level=level))
    return table.merge(pd.concat(crossed), on=["county_code", "unit_level"], how="left")


def _channel(
    gazetteer: pd.DataFrame, rule: object, found: pd.DataFrame, areas: pd.DataFrame, universe: str
) -> pd.DataFrame:
    """Return the rows of one channel, of which `found` are the namings."""
    units, city = gazetteer.set_index("adcode"), rule.unit_level == "city"
    code = found["adcode"]
    if city:
        # 永安 and its like count with the city they are part of, as clause 7 groups them.
        code = code.where(code.map(units["level"]) == "prefecture", code.map(units["parent"]))
    named = found.assign(county_code=code).groupby("county_code").agg(
        name_printed=("printed", _joined), zone=("name", _joined), roles=("role", _joined),
        evidence_id=("mention_id", _joined),
    )  # fmt: skip
    inside = areas[((areas["basis"] == "prefecture") == city) & areas["adcode"].isin(units.index)]
    inside = inside.sort_values(["adcode", "region_id"])
    here = inside.groupby("adcode").agg(
        region_id=("region_id", ";".join), region_basis=("basis", ";".join)
    )
    codes = {*named.index, *here.index}
    if universe == "all":
        cities = units.index[units["level"] == "prefecture"]
        # Cities that have no counties of their own stand for one.
        alone = cities.difference(units["parent"])
        codes |= set(cities if city else units.index[units["level"] == "county"].union(alone))
    table = pd.DataFrame(index=pd.Index(sorted(codes), name="county_code")).join(named).join(here)
    is_named, of = table["evidence_id"].notna(), units.reindex(table.index)
    basis = np.select(
        [is_named, ~pd.Series(rule.complete, table.index), table["region_id"].notna()],
        ["named", "open_list", "complete_list"], "outside_areas",
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
    bases = table["region_basis"].str.split(";")
    table["basis_plan_only"] = [set(each) <= PLAN_BASES for each in bases]
    table["same_province"] = table["province"].isin(table.loc[is_named, "province"])
    return table.reset_index()


@lru_cache(maxsize=16)
def _near(plan: Plan, channel: str, design: Design) -> pd.DataFrame:
    """Return how near each county of a channel lies to a treated one and to its area's border."""
    table = _every_channel(plan, design)
    table = table[table["channel"].eq(channel) & table["unit_level"].eq("county")]
    shapes = plan.layers.counties[["adcode", "geometry"]].rename(columns={"adcode": "county_code"})
    keys = ["channel", "county_code", "region_id", "ever_treated"]
    shapes = shapes.merge(table[keys], on="county_code").reset_index(drop=True)
    points = shapes.set_geometry(shapes.representative_point())
    own = shapes["ever_treated"].eq(1).fillna(False).astype(bool)
    pairs = gpd.sjoin(shapes[["geometry"]], shapes.loc[own, ["geometry"]])
    near = pairs.index[pairs.index != pairs["index_right"]]
    found = gpd.sjoin_nearest(points[["geometry"]], points.loc[own, ["geometry"]], distance_col="m")
    # A county of two areas has the nearer of their borders. Boundaries of a reader's own may lack
    # counties: how far it is to those, or to the border of their area, nobody knows.
    lacking = table[~table["county_code"].isin(shapes["county_code"])]
    inside = shapes.assign(area=shapes["region_id"].str.split(";")).explode("area")
    inside = inside[~inside["area"].isin(["", *";".join(lacking["region_id"]).split(";")])]
    borders = inside.dissolve("area").boundary.reindex(inside["area"])
    edge = points.geometry[inside.index].distance(borders, align=False).groupby(level=0).min()
    borders = pd.Series(shapes.index.isin(near), shapes.index, dtype="boolean")
    distance = (found["m"].groupby(level=0).min() / 1000).round(1).reindex(shapes.index)
    if lacking["ever_treated"].eq(1).any():
        borders, distance = borders.where(borders), distance.where(own)
    return shapes[keys[:2]].assign(
        borders_treated=borders, km_to_treated=distance, km_to_border=(edge / 1000).round(1)
    )


def _joined(values: pd.Series) -> str:
    return ";".join(dict.fromkeys(values))
