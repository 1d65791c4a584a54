"""Treatment tables as files: whom the plan treats, a panel, and what to read before using them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

import laoqu
from laoqu import paths
from laoqu.analysis import estimators, treatment
from laoqu.errors import LaoquError, OutputError, UnknownId
from laoqu.labels import LANGS, label
from laoqu.plan import Plan
from laoqu.publication.files import place

#: What an export consists of; a folder with anything else in it is not replaced.
COUNTY, PANEL, README = "treatment_county.csv", "treatment_panel.csv", "README.md"
YEARS = range(2015, 2025)
KEPT = [
    "county_code", "year", "channel", "unit_level", "ever_treated", "first_treat",
    "first_treat_basis", "status_basis", "treated", "event_time",
]  # fmt: skip


def files(
    plan: Plan,
    estimator: str | None = None,
    channels: Sequence[str] | None = None,
    years: Iterable[int] = YEARS,
    first_treat: str = treatment.FIRST,
    timing: str = "next_year",
    universe: str = "areas",
) -> dict[str, bytes]:
    """Return the files of an export, by name.

    Parameters
    ----------
    plan : Plan
    estimator : str, optional
        Of `laoqu.analysis.estimators.NEVER`: the panel is then what that estimator may see, with
        unknown units left out. It takes one channel.
    channels : sequence of str, optional
        By default all that name a place.
    years : iterable of int
    first_treat, timing, universe : str
        As for `laoqu.analysis.treatment.counties`.

    Returns
    -------
    dict of str to bytes
        ``treatment_county.csv``, ``treatment_panel.csv`` and ``README.md`` (Chinese, then
        English). Unknown is written NA; in a panel for an estimator a missing value is empty,
        since Stata would read NA as text.

    Raises
    ------
    LaoquError
        As `laoqu.analysis.treatment.counties` and `laoqu.analysis.estimators.for_estimator`.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.publication import export
    >>> made = export.files(lq.load(), "did", ["national_key_county"], range(2018, 2024))
    >>> sorted(made), len(made["treatment_panel.csv"].splitlines())
    (['README.md', 'treatment_county.csv', 'treatment_panel.csv'], 2887)
    """
    rules, dates = plan.table("treatment_channels"), plan.table("treatment_dates")
    frames = plan.mentions(), plan.membership(), plan.gazetteer(), rules, dates
    table = treatment.counties(*frames, channels, first_treat, timing, universe)
    if estimator is not None and table["channel"].nunique() > 1:
        closed = rules.loc[rules["complete"], "channel"]
        raise LaoquError(
            f"{estimator} takes one channel: name it; the only one with a control group in the "
            f"plan is {', '.join(closed)}"
        )
    panel, note, empty = treatment.panel(table, years), None, "NA"
    kept = KEPT
    if estimator is not None:
        panel, note = estimators.for_estimator(panel, estimator)
        kept, empty = [*KEPT, "county_id", "control"], ""
    panel = panel[kept].sort_values(["channel", "county_code", "year"])
    crossed = pd.concat(
        treatment.interaction(table, level)[["county_code", "interaction"]].assign(unit_level=level)
        for level in table["unit_level"].unique()
    )
    table = table.merge(crossed, on=["county_code", "unit_level"], how="left")
    words = [_readme(plan, table, panel, note, first_treat, lang) for lang in LANGS]
    return {
        COUNTY: _csv(table, "NA"),
        PANEL: _csv(panel, empty),
        README: "\n".join(words).encode("utf-8"),
    }


def write(folder: Path | str | None, made: Mapping[str, bytes]) -> Path:
    """Put an export into a folder: whole, or not at all.

    Parameters
    ----------
    folder : path, optional
        By default ``treatment`` in the outputs folder.
    made : mapping of str to bytes
        From `files`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        When the folder holds anything but an earlier export, or cannot be written.
    """
    folder = Path(folder).expanduser().absolute() if folder else paths.outputs() / "treatment"
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{paths.display(folder)} is a file, expected a folder")
    foreign = sorted(path.name for path in folder.glob("*") if path.name not in made)
    if foreign:
        raise OutputError(
            f"{paths.display(folder)} holds {foreign[0]}, which is no part of an export: name a "
            "folder of its own, so that nothing of yours is lost"
        )
    place(folder, made)
    return folder


def years_of(text: str) -> range:
    """Read a span of years such as 2015-2024.

    Examples
    --------
    >>> from laoqu.publication import export
    >>> list(export.years_of("2020-2022"))
    [2020, 2021, 2022]
    """
    found = re.fullmatch(r"(\d{4})\s*[-–]\s*(\d{4})", text.strip())
    first, last = (int(year) for year in found.groups()) if found else (1, 0)
    if first > last:
        raise UnknownId(text, ["2015-2024"], "span of years")
    return range(first, last + 1)


def _readme(
    plan: Plan,
    table: pd.DataFrame,
    panel: pd.DataFrame,
    note: Mapping[str, object] | None,
    date_id: str,
    lang: str,
) -> str:
    """Return what one must know before using the files, in one language."""
    date = plan.table("treatment_dates").set_index("date_id").loc[date_id]
    names = plan.table("treatment_channels").set_index("channel")[f"label_{lang}"]
    counts = treatment.summary(table)
    lines = [
        label("export.selection", lang),
        label("export.unknown", lang),
        *(
            label(
                "export.named", lang, channel=names[row.channel], id=row.channel,
                treated=row.treated, untreated=row.untreated, unknown=row.unknown,
            )
            for row in counts.itertuples()
        ),
        label("export.county", lang, rows=f"{len(table):,}"),
        label(
            "export.panel", lang, rows=f"{len(panel):,}", first=panel["year"].min(),
            last=panel["year"].max(),
        ),
        label("export.interaction", lang),
        label(
            "export.date", lang, id=date_id, date=date["date"], what=date[f"what_{lang}"],
            doubt=date[f"doubt_{lang}"], year=str(table["first_treat"].max()),
        ),
        label("export.codes", lang, vintage=treatment.VINTAGE),
    ]  # fmt: skip
    if note:
        never = label("estimators.missing", lang) if note["never"] == "missing" else note["never"]
        rows = f"{note['dropped_rows']:,}"
        said = {**note, "never": never, "dropped": f"{note['dropped']:,}", "dropped_rows": rows}
        lines[2:2] = [label("export.dropped", lang, **said), label("export.columns", lang)]
    title = str(plan.source["title"])
    lines.append(label("export.cite", lang, title=title, version=laoqu.__version__))
    return "\n".join([f"# {label('export.title', lang)}", "", *(f"- {line}" for line in lines), ""])


def _csv(frame: pd.DataFrame, empty: str) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n", na_rep=empty).encode("utf-8")
