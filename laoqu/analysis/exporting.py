"""Tables of treatment as files: whom the plan treats, a panel, and what to read before use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd

import laoqu
from laoqu import paths, regions
from laoqu.analysis import estimators, treatment
from laoqu.errors import LaoquError, OutputError, UnknownId, require
from laoqu.plan import Plan, load
from laoqu.sheets import csv_bytes
from laoqu.source import digest

COUNTY, PANEL, README = "treatment_county.csv", "treatment_panel.csv", "README.md"
#: Names the files of an export with their hashes, so that only what we wrote is replaced.
MANIFEST = ".laoqu-export.json"
YEARS = "2015-2024"
KEY = "national_key_county"
KEPT = [
    "county_code", "year", "channel", "unit_level", "ever_treated", "first_treat",
    "first_treat_basis", "status_basis", "same_province", "treated", "event_time",
]  # fmt: skip


def files(
    plan: Plan,
    channels: Sequence[str] | None = None,
    years: str = YEARS,
    estimator: str | None = None,
    anticipation: int = 1,
    controls: str = "areas",
    **choices: str,
) -> dict[str, bytes]:
    """Return the files of an export, by name: `COUNTY`, `PANEL`, `README`.

    `channels` are by default all that name a place. With an `estimator` (of
    `laoqu.analysis.estimators.NEVER`; it takes one channel) the panel is what it may see, unknown
    units left out; else unknown is NA. `choices` are those of `laoqu.analysis.treatment.Design`.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import exporting
    >>> sorted(exporting.files(lq.load(), ["national_key_county"], "2018-2023", "did"))
    ['README.md', 'treatment_county.csv', 'treatment_panel.csv']
    """
    span = pd.DataFrame({"year": years_of(years)}, dtype="Int64")
    estimators.check_anticipation(anticipation)
    design = treatment.Design(**choices)
    if estimator is not None:
        require(estimator, estimators.NEVER, "estimator")
        if channels is None or len({channels} if isinstance(channels, str) else {*channels}) > 1:
            raise LaoquError(
                f"{estimator} takes one channel: name it; the only one with a control group in "
                f"the plan is {KEY} (--channel {KEY})"
            )
    table = treatment.counties(plan, channels, design, controls)
    panel, kept, empty = treatment.timed(table.merge(span, how="cross")), KEPT, "NA"
    if estimator is not None:
        panel = estimators.for_estimator(panel, estimator, None, anticipation).data
        kept, empty = [*KEPT, "county_id", "control", "rel_year", "first_reacts"], ""
    panel = panel[kept].sort_values(["channel", "county_code", "year"])
    said = treatment.chosen(", ".join(table["channel"].unique()), controls, design, plan)
    readme = _readme(plan, table, panel, design, anticipation, said)
    made = {README: readme.encode("utf-8")}
    for name, frame, sign in ((COUNTY, table, "NA"), (PANEL, panel, empty)):
        flags = frame.select_dtypes(["bool", "boolean"]).columns
        made[name] = csv_bytes(frame.astype(dict.fromkeys(flags, "Int64")), sign)
    return made


def export(folder: Path | str | None = None, **settings: object) -> Path:
    """Write an export (see `files`) into a folder and return it: whole, or not at all.

    By default the folder is ``treatment`` in the outputs folder. One with other files than an
    earlier export, unchanged since, is not touched.
    """
    return put(claim(folder, "treatment", COUNTY), files(load(), **settings))


def put(target: Path, files: Mapping[str, bytes]) -> Path:
    """Have a folder, which `claim` gave, hold these files and no others."""
    hashes = json.dumps({name: digest(data) for name, data in files.items()}).encode()
    paths.place(target.parent, target.name, {**files, MANIFEST: hashes})
    return target


def claim(folder: Path | str | None, name: str, sign: str) -> Path:
    """Return a folder to export into, by default `name`; one with files of others is refused.

    So is one with an export of another kind: what an export of this kind writes has `sign` in it.
    """
    paths.require_paths({"folder": folder})
    target = (paths.expanded(folder) if folder else paths.outputs() / name).absolute()
    shown = paths.display(target)
    try:
        ours = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        ours[MANIFEST] = digest((target / MANIFEST).read_bytes())
    except (OSError, RecursionError, TypeError, ValueError):  # none of ours, or damaged
        ours = {}
    for path in _below(target):
        name = path.relative_to(target).as_posix()
        known = path.is_file() and not path.is_symlink() and ours.get(name)
        if path.is_dir() and not path.is_symlink():
            continue
        if not known or known != digest(path.read_bytes()):
            raise OutputError(
                f"{shown} holds {name}, which no export wrote as it is: name a folder of its own, "
                "so that nothing of yours is lost"
            )
    if ours and sign not in ours:
        raise OutputError(f"{shown} holds an export of another kind: name a folder of its own")
    return target


def _below(folder: Path) -> Iterator[Path]:
    """Yield what lies in a folder as it is found: it may be all that there is."""
    shown = paths.display(folder)
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise OutputError(f"{shown} is no folder of ours: name a new one")
        yield from folder.rglob("*")
    except OSError as error:
        raise OutputError(f"{shown} cannot be read: {error.strerror}: name a new folder") from error


def filled(template: Path, **values: object) -> str:
    """Return a template filled in; what is XML (``.qde``) is escaped."""
    how = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    shown = jinja2.Environment(autoescape="qde" in template.name, **how)
    return shown.from_string(template.read_text(encoding="utf-8")).render(**values)


def years_of(text: str) -> list[int]:
    """Read a span of years.

    >>> years_of("2020-2022")
    [2020, 2021, 2022]
    """
    found = re.fullmatch(r"(\d{4})\s*[-–]\s*(\d{4})", text.strip())
    first, last = (int(year) for year in found.groups()) if found else (1, 0)
    if first > last or last - first > 200:
        raise UnknownId(text, [YEARS], "span of years")
    return list(range(first, last + 1))


def _readme(
    plan: Plan,
    table: pd.DataFrame,
    panel: pd.DataFrame,
    design: treatment.Design,
    anticipation: int,
    chosen: Mapping[str, str],
) -> str:
    """Return what one must know before using the files, from the template beside this file."""
    status = table["ever_treated"].map({1: "treated", 0: "untreated"}).fillna("unknown")
    labels = plan.table("treatment_channels").set_index("channel")
    counts = pd.crosstab(table["channel"], status).join(labels).reset_index()
    key = table[table["channel"] == KEY]
    one = table[table["ever_treated"].eq(1).fillna(False)]
    zero, year = key[key["ever_treated"].eq(0)], table["first_treat"].max()
    return filled(
        Path(__file__).with_name("treatment_readme.md.j2"),
        rows=f"{len(table):,}",
        panel_rows=f"{len(panel):,}",
        first=panel["year"].min(),
        last=panel["year"].max(),
        year=year,
        anticipation=anticipation,
        reference=year - 1 - anticipation,
        treated=len(key),
        controls=len(zero),
        other_province=int((~zero["same_province"].astype(bool)).sum()),
        urban=int((zero["urban_district"] & zero["same_province"]).sum()),
        crossed=int(zero["interaction"].str.contains("=1").sum()),
        borders=int(zero["borders_treated"].fillna(False).sum()),
        plan_only=int((key["basis_plan_only"] & key["named"].eq(1)).sum()),
        no_area=int((key["region_id"].eq("") & key["named"].eq(1)).sum()),
        no_border=one.loc[treatment.no_border(one), "county_code"].nunique(),
        channels=counts.to_dict("records"),
        calls=estimators.calls("Y", anticipation),
        date=plan.table("treatment_dates").set_index("date_id", drop=False).loc[design.first_treat],
        vintage=treatment.VINTAGE,
        title=plan.source["title"],
        version=laoqu.__version__,
        own=regions.own_names(plan),
        choices=chosen["treatment"],
    )
