"""Tables of treatment as files: whom the plan treats, a panel, and what to read before use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd

import laoqu
from laoqu import paths
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
    "first_treat_basis", "status_basis", "eligible", "treated", "event_time",
]  # fmt: skip


def files(
    plan: Plan,
    channels: Sequence[str] | None = None,
    years: str | Iterable[int] = YEARS,
    estimator: str | None = None,
    anticipation: int = 1,
    controls: str = "areas",
    **choices: str,
) -> dict[str, bytes]:
    """Return the files of an export, by name: `COUNTY`, `PANEL`, `README`.

    `channels` are by default all that name a place, `years` ``"2015-2024"`` or numbers. With an
    `estimator` (of `laoqu.analysis.estimators.NEVER`; it takes one channel) the panel is what it
    may see, unknown units left out; else unknown is NA. `choices` are those of
    `laoqu.analysis.treatment.Design`.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import exporting
    >>> sorted(exporting.files(lq.load(), ["national_key_county"], "2018-2023", "did"))
    ['README.md', 'treatment_county.csv', 'treatment_panel.csv']
    """
    if unknown := set(choices) - set(treatment.Design._fields):
        raise LaoquError(f"unknown choice {', '.join(sorted(unknown))}")
    span = years_of(years) if isinstance(years, str) else list(years)
    if not span or any(isinstance(y, bool) or not isinstance(y, int) for y in span):
        raise LaoquError(f"years are {years!r}, expected whole years such as {YEARS}")
    estimators.check_anticipation(anticipation)
    design = treatment.Design(**choices)
    table = treatment.counties(plan, channels, design, controls)
    if estimator is not None:
        require(estimator, estimators.NEVER, "estimator")
    if estimator is not None and table["channel"].nunique() > 1:
        raise LaoquError(
            f"{estimator} takes one channel: name it; the only one with a control group in the "
            f"plan is {KEY} (--channel {KEY})"
        )
    rows = table.merge(pd.DataFrame({"year": span}, dtype="Int64"), how="cross")
    panel, kept, empty = treatment.timed(rows), KEPT, "NA"
    if estimator is not None:
        panel = estimators.for_estimator(panel, estimator, None, anticipation).data
        kept, empty = [*KEPT, "county_id", "control", "rel_year", "first_reacts"], ""
    panel = panel[kept].sort_values(["channel", "county_code", "year"])
    readme = _readme(plan, table, panel, design, anticipation)
    return {COUNTY: _csv(table, "NA"), PANEL: _csv(panel, empty), README: readme.encode("utf-8")}


def export(folder: Path | str | None = None, plan: Plan | None = None, **settings: object) -> Path:
    """Write an export (see `files`) into a folder and return it: whole, or not at all.

    By default the folder is ``treatment`` in the outputs folder. One with other files than an
    earlier export, unchanged since, is not touched.
    """
    target = Path(folder).expanduser() if folder else paths.outputs() / "treatment"
    return put(target, files(plan or load(), **settings))


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Have a folder hold these files and no others: see `claim`."""
    target = claim(folder)
    hashes = json.dumps({name: digest(data) for name, data in files.items()}).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        paths.place(target.parent, target.name, {**files, MANIFEST: hashes})
    except OSError as error:
        raise OutputError(f"{paths.display(target)} cannot be written: {error}") from error
    return target


def claim(folder: Path) -> Path:
    """Return a folder to export into; one with other files than an export's is refused."""
    target = folder.absolute()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise OutputError(f"{paths.display(target)} is no folder of ours: name a new one")
    if foreign := _foreign(target):
        raise OutputError(
            f"{paths.display(target)} holds {foreign}, which no export wrote as it is: name a "
            "folder of its own, so that nothing of yours is lost"
        )
    return target


def _foreign(folder: Path) -> str:
    """Return the first file in a folder that an export did not write, or that changed since."""
    try:
        ours = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        ours[MANIFEST] = digest((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        ours = {}
    held = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    for path in sorted(held):
        name = path.relative_to(folder).as_posix()
        known = path.is_file() and not path.is_symlink() and ours.get(name)
        if not known or digest(path.read_bytes()) != known:
            return name
    return ""


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
) -> str:
    """Return what one must know before using the files, from the template beside this file."""
    dates = plan.table("treatment_dates").set_index("date_id", drop=False)
    labels = plan.table("treatment_channels").set_index("channel")
    status = table["ever_treated"].map({1: "treated", 0: "untreated"}).fillna("unknown")
    counts = pd.crosstab(table["channel"], status).join(labels).reset_index()
    key = table[table["channel"] == KEY]
    zero = key[key["status_basis"].isin(["complete_list", "not_eligible"])]
    template = Path(__file__).with_name("treatment_readme.md.j2").read_text(encoding="utf-8")
    numbers = {
        "rows": f"{len(table):,}", "panel_rows": f"{len(panel):,}",
        "first": panel["year"].min(), "last": panel["year"].max(),
        "year": table["first_treat"].max(), "controls": len(zero),
        "not_eligible": int((~zero["eligible"].astype(bool)).sum()),
        "crossed": int(zero["interaction"].str.contains("=1").sum()),
        "borders": int(zero["borders_treated"].fillna(False).sum()),
        "plan_only": int((key["basis_plan_only"] & key["named"].eq(1)).sum()),
    }  # fmt: skip
    return jinja2.Environment(trim_blocks=True, keep_trailing_newline=True).from_string(
        template
    ).render(
        **numbers,
        channels=counts.to_dict("records"),
        calls=estimators.calls("Y", anticipation),
        date=dates.loc[design.first_treat],
        vintage=treatment.VINTAGE, title=plan.source["title"], version=laoqu.__version__,
    )  # fmt: skip


def _csv(frame: pd.DataFrame, empty: str) -> bytes:
    flags = frame.select_dtypes("bool").columns
    frame = frame.astype(dict.fromkeys(flags, "int64"))
    return csv_bytes(frame, empty)
