"""laoqu's own pages as batches: which notebook makes them, what checks, draws and lists them.

Light: a batch with nothing to do imports no table.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import laoqu
from laoqu import paths, source
from laoqu.errors import LANGS, DataError, LaoquError, check_lang
from laoqu.run import Run, batch
from laoqu.run.parameters import digest_of

REPORT, CARD, PLAN = "10_region_report", "11_county_card", "12_annotated_plan"
#: Their tables lead to places in the plan.
LINKED = (REPORT, CARD, "08_monitoring")


def run_report(region: str, lang: str = "zh", outputs: Path | str | None = None) -> Run:
    """Make the report of one area; see `run_reports`."""
    return run_reports([region], [lang], outputs, force=True)[0]


def run_reports(
    regions: Iterable[str] | None = None,
    langs: Sequence[str] = ("zh",),
    outputs: Path | str | None = None,
    **options: object,
) -> list[Run]:
    """Run the reports of many areas (by default all twelve), write ``index.html``.

    Parameters
    ----------
    regions : iterable of str, optional
        Ids, Chinese or English names.
    langs : sequence of {"zh", "en"}
    outputs : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.
    **options
        ``formats``, ``jobs``, ``timeout``, ``force`` …: see `laoqu.run.batch.run_notebook`, also
        for what is returned and raised.
    """
    wanted = area_ids() if regions is None else list(regions)
    sets = [{"region": region, "lang": lang} for lang in langs for region in wanted]
    return _run(REPORT, sets, outputs, **options)


def run_cards(
    adcodes: Iterable[str] | None = None,
    langs: Sequence[str] = ("zh",),
    outputs: Path | str | None = None,
    **options: object,
) -> list[Run]:
    """Run the cards of many counties, by default of all that are documented; see `run_reports`."""
    # Names are read once for both languages: one of another year is a warning.
    named = [_county(each) if isinstance(each, str) else each for each in adcodes or ()]
    wanted = county_codes() if adcodes is None else named
    sets = [{"adcode": adcode, "lang": lang} for lang in langs for adcode in wanted]
    return _run(CARD, sets, outputs, **options)


def run_plan(
    langs: Sequence[str] = ("zh",), outputs: Path | str | None = None, **options: object
) -> list[Run]:
    """Run the annotated plan; see `run_reports`."""
    return _run(PLAN, [{"lang": lang} for lang in langs], outputs, **options)


def run_notebook(
    notebook: Path | str,
    sets: Sequence[Mapping[str, object]],
    outputs: Path | str | None = None,
    *,
    force: bool = False,
    resume: bool = False,
    **options: object,
) -> list[Run]:
    """Run a notebook once for each set of parameters: see `laoqu.run.batch.run_notebook`.

    It is run whatever was made before, since its cells may read anything. With `resume` runs are
    skipped of which notebook, parameters, the files that these name, data and laoqu are the same.
    """
    return _run(notebook, sets, outputs, force=force or not resume, **options)


def _run(
    notebook: Path | str,
    sets: Sequence[Mapping[str, object]],
    outputs: Path | str | None,
    **options: object,
) -> list[Run]:
    """Run a notebook; the annotated plan, into which pages lead, where it is missing or old."""
    runs = batch.run_notebook(notebook, sets, outputs, maker=MAKER, **options)
    made = [
        run for run in runs if run.status not in ("failed", "skipped") and "html" in run.formats
    ]
    stem, langs = Path(notebook).stem, {str(run.parameters.get("lang", "")) for run in made}
    if stem not in LINKED:
        langs = {lang for run in made for lang in _linked(run, outputs)}
    if (langs := langs & {*LANGS}) and stem != PLAN:
        kept = ("jobs", "timeout", "tell", "only_say")
        plans = run_plan(
            sorted(langs), outputs, **{name: options[name] for name in kept if name in options}
        )
        runs += [run for run in plans if run.status != "unchanged"]
    return runs


def _linked(run: Run, outputs: Path | str | None) -> list[str]:
    """Return the languages of the annotated plan into which the pages of a run lead."""
    found = []
    for file in run.outputs:
        path = Path(outputs or paths.outputs()) / file["path"]
        if path.suffix == ".html" and path.is_file():
            found += re.findall(r'href="(?:\.\./)+(\w\w)/plan\.html', path.read_text("utf-8"))
    return found


def sources() -> dict[str, dict[str, str]]:
    """Return what the data rest on: the plan, and the sources of membership."""
    plan = source.about()
    found = {"#source/plan": {"name": plan["title"], "sha256": plan["sha256"]}}
    for row in _rows("membership"):
        id_ = row["source_url"] or f"#source/{digest_of(row['source'])[:16]}"
        found.setdefault(id_, {"name": row["source"]})
    return found


def area_ids() -> list[str]:
    """Return the ids of the areas."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return [row["region_id"] for row in sorted(_rows("regions"), key=lambda r: int(r["order"]))]
    return laoqu.load().region_ids  # which says what is wrong with the table


def county_codes(within: str | None = None, names: Iterable[str] | None = None) -> list[str]:
    """Return the codes of the counties, of all or of one place, that a source puts into an area.

    Of `names` in that place it is their codes, whether or not a source does.
    """
    if within:
        from laoqu import places

        if names:
            return [str(places.meant(name, within)) for name in names]
        inside = places.inside(within)
        found = [c for c in county_codes() if inside & {c, f"{c[:4]}00", f"{c[:2]}0000"}]
        if not found:
            own = os.environ.get("LAOQU_MEMBERSHIP")
            who = f"no row of {Path(own).name}" if own else "no source"
            raise LaoquError(f"{who} puts a county of {within} into an area: name its counties")
        return found
    if not os.environ.get("LAOQU_MEMBERSHIP"):  # a table of one's own may be written in many ways
        with suppress(OSError, ValueError, KeyError):
            return sorted({row["adcode"] for row in _rows("membership")})
    return sorted(set(laoqu.load().membership()["adcode"]))


def _rows(table: str) -> list[dict[str, str]]:
    """Read a table without pandas: a batch with nothing to do is done in half a second."""
    path = source.regular(paths.data() / "curated" / f"{table}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _area(name: str) -> str:
    return name if name in area_ids() else laoqu.load().region(name).region_id


def _county(name: str) -> str:
    if name in county_codes():
        return name
    from laoqu.analysis import county

    return str(county.find(laoqu.load(), name)["adcode"])


def _check_data() -> None:
    """Warn of changed tables; refuse the reader's own that every report would fail over."""
    folder = paths.data()
    with suppress(OSError, ValueError, KeyError, TypeError):  # of which every report will tell
        for each in json.loads((folder / "datapackage.json").read_bytes())["resources"]:
            source.warn_of_change(folder, each, paths.display(folder / each["path"]))
    if paths.own_files() or paths.own_mode() != "only":
        from laoqu import checks

        if found := checks.own_problems():
            raise DataError(found)


def _one_or_all(name: str) -> str:
    return name if name == "all" else _area(name)


#: What checks a parameter, by its name or by the kind that a notebook's metadata give it.
KINDS = {"region": _area, "area": _one_or_all, "adcode": _county, "lang": check_lang}
#: How pages and index are made, and what the fork server begins with.
MAKER = batch.Maker(
    "laoqu.pages:render", "laoqu.site:page", "laoqu.site:parts", "laoqu.reports:sources", KINDS,
    _check_data, preload=("laoqu.ahead",),
)  # fmt: skip
