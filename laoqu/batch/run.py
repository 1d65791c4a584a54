"""One run and many: checked before any kernel starts, skipped when unchanged, placed whole.

Light: what executes and draws is imported by the warm server, while this process looks after files.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import laoqu
from laoqu import paths
from laoqu.batch import engine, key, parameters
from laoqu.batch.job import Job, Result, Run
from laoqu.batch.progress import Progress
from laoqu.batch.store import Store
from laoqu.batch.template import CARD, PLACES, TEMPLATE, find, place
from laoqu.errors import OutputError, ParameterError
from laoqu.labels import LANGS

FORMATS = ("html", "pdf", "docx")
TIMEOUT = 600.0
CRATE = "ro-crate-metadata.json"


def run_report(region: str, lang: str = "zh", outputs: Path | str | None = None) -> Run:
    """Make the report of one area; see `run_reports`."""
    return run_reports([region], [lang], outputs, force=True)[0]


def run_reports(
    regions: Iterable[str] | None = None,
    langs: Sequence[str] = ("zh",),
    outputs: Path | str | None = None,
    **options: object,
) -> list[Run]:
    """Run the reports of many areas, write ``index.html`` and ``manifest.json``.

    Parameters
    ----------
    regions : iterable of str, optional
        Ids, Chinese or English names; by default all twelve.
    langs : sequence of {"zh", "en"}
    outputs : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.
    **options
        Of `run_notebook`.

    Returns
    -------
    list of Run
        In printed order; those that failed are among them.

    Raises
    ------
    UnknownId, ParameterError, OutputError
        For anything wrong with the request, before the first kernel starts.
    """
    wanted = parameters.area_ids() if regions is None else list(regions)
    sets = [{"region": region, "lang": lang} for lang in langs for region in wanted]
    runs = run_notebook(TEMPLATE, sets, outputs, **options)
    order = {region: place for place, region in enumerate(parameters.area_ids())}
    return sorted(
        runs, key=lambda run: (LANGS.index(run.parameters["lang"]), order[run.parameters["region"]])
    )


def run_cards(
    adcodes: Iterable[str] | None = None,
    langs: Sequence[str] = ("zh",),
    outputs: Path | str | None = None,
    **options: object,
) -> list[Run]:
    """Run the cards of many counties, by default of all that are documented; see `run_reports`."""
    wanted = parameters.county_codes() if adcodes is None else list(adcodes)
    sets = [{"adcode": adcode, "lang": lang} for lang in langs for adcode in wanted]
    return run_notebook(CARD, sets, outputs, **options)


def run_notebook(
    notebook: Path | str,
    sets: Sequence[Mapping[str, object]],
    outputs: Path | str | None = None,
    *,
    formats: Sequence[str] = ("html",),
    jobs: int | None = None,
    timeout: float | None = TIMEOUT,
    force: bool = False,
    only_failed: bool = False,
    only_say: bool = False,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> list[Run]:
    """Run a notebook once for each set of parameters; what is unchanged is skipped.

    Parameters
    ----------
    notebook : str or Path
        The name of a template in ``notebooks/``, with or without suffix, or a path.
    sets : sequence of mapping
        Parameters by name; a parameter that is left out takes its default.
    outputs : path, optional
    formats : sequence of {"html", "pdf", "docx"}
    jobs : int, optional
        Runs at a time; by default one a core, fewer where memory is short; on a cluster as many
        as its workers have threads.
    timeout : float, optional
        Seconds that one cell may take; None for no limit.
    force : bool
        Run also what is unchanged.
    only_failed : bool
        Of what is asked for, run only what failed last time.
    only_say : bool
        Run nothing; say in `Run.why` what would be run and why.
    scheduler : str, optional
        Address of a Dask scheduler whose workers do the runs (`laoqu.batch.cluster`).
    progress : Progress, optional
        Shows what happens.

    Returns
    -------
    list of Run
        In the order of `sets`. ``status`` is ``ok``, ``failed``, ``unchanged``, or ``waiting``
        with `only_say`. A failed run leaves ``STEM.failed.ipynb`` with the traceback, and what an
        earlier run made stays as it was.

    Raises
    ------
    UnknownId, ParameterError, OutputError, DataError
        For anything wrong with the request or the data, before the first kernel starts.
    """
    path, progress = find(notebook), progress or Progress()
    if unknown := [form for form in formats if form not in FORMATS]:
        raise ParameterError(f"unknown format {unknown[0]!r}, expected {', '.join(FORMATS)}")
    asked: dict[str, dict[str, object]] = {}
    for each in sets:
        values = parameters.check(path, each)
        asked[place(path, values)] = values
    data, base = path.read_bytes(), key.inputs()
    code = key.notebook(data)
    common = {part: key.of(files) for part, files in base.items()}
    with Store(outputs) as store:
        store.sets |= {common[part]: files for part, files in base.items()}
        done, todo = {}, {}
        for name, values in asked.items():
            parts = {"notebook": code, "parameters": key.of(values), **common}
            why, forms = _why(store, name, parts, formats, force, only_failed)
            if why is None or only_say:
                done[name] = Run(name, values, "waiting" if why else "unchanged", why=why or ())
                continue
            stem = PLACES.get(path.name, ("", "report"))[1]
            todo[name] = Job(data, values, forms, stem, timeout), parts, why
        if only_say:
            return [done[name] for name in asked]
        progress.begin(len(todo), len(done))
        if todo or not (store.folder / "index.html").is_file():
            for run in _run(store, path, todo, jobs, scheduler, progress):
                done[run.name] = run
                progress.done(run)
    return [done[name] for name in asked]


def _why(
    store: Store,
    name: str,
    parts: Mapping[str, str],
    formats: Sequence[str],
    force: bool,
    only_failed: bool,
) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return why a run must be made (None: it need not be), and in which formats."""
    record = store.records.get(name)
    forms = tuple(form for form in FORMATS if form in formats)
    if only_failed and not (record and record["status"] == "failed"):
        return None, forms
    if record is None:
        return ["new"], forms
    if record["status"] == "failed":
        return [f"failed last time: {record['error']}"], forms
    why = key.changes(record["parts"], parts, store.sets)
    if not why:  # nothing that was made before need be lost
        forms = tuple(form for form in FORMATS if form in {*formats, *record["formats"]})
    more = [form for form in forms if form not in record["formats"]]
    why += [f"formats: {', '.join(more)}"] if more else []
    why += [f"outputs: {text}" for text in store.damaged(record)[:3]]
    return (why or (["forced"] if force else None)), forms


def _run(
    store: Store,
    notebook: Path,
    todo: Mapping[str, tuple[Job, Mapping[str, str], list[str]]],
    jobs: int | None,
    scheduler: str | None,
    progress: Progress,
) -> Iterator[Run]:
    """Run what is to be done; yield each run when its files are in place."""
    saved = time.monotonic()
    store.drop(CRATE)  # rather none than one that says less than lies there, if this is stopped
    # The engine ends before the pool waits for its threads: that is what stops them at Ctrl-C.
    with (
        engine.choose(scheduler, jobs) as (start, width),
        ThreadPoolExecutor(max(1, min(width, len(todo) + 1))) as pool,
        start(progress) as (execute, parts, index),
    ):

        def work(name: str) -> Result:
            progress.start(name)
            return execute(todo[name][0])

        try:
            # First: it is as long as a run, and at the end the other cores would wait for it.
            known = pool.submit(parts)
            futures = {pool.submit(work, name): name for name in todo}
            for future in as_completed(futures):
                name = futures.pop(future)  # or every result would stay in memory
                yield _keep(store, notebook, name, *todo[name], future.result())
                if time.monotonic() - saved > 1:
                    with suppress(OutputError):  # there is another chance at the end
                        store.save(**_head())
                    saved = time.monotonic()
        except BaseException:  # Ctrl-C, too: nothing more begins, what is placed is recorded
            pool.shutdown(wait=False, cancel_futures=True)
            with suppress(OutputError):
                store.save(**_head())
            raise
        manifest = store.save(**_head())
        store.write("index.html", index(manifest, known.result()))
    from laoqu.batch import crate

    store.write(CRATE, crate.metadata(manifest, store.folder))


def _keep(
    store: Store,
    notebook: Path,
    name: str,
    job: Job,
    parts: Mapping[str, str],
    why: list[str],
    result: Result,
) -> Run:
    """Put the files of a run into place and its record into the manifest."""
    before, outputs = store.records.get(name, {}), []
    if result.status == "ok":
        try:
            outputs = store.place(name, result.files)
        except OSError as error:
            result = engine.lost(f"{type(error).__name__}: {error.strerror}", result.seconds)
    if result.status != "ok":
        with suppress(OutputError):  # a disk with no room for a report may have none for its ruin
            store.keep(name, result.files)
    earlier = before.get("earlier") if before.get("status") == "failed" else before
    record = {
        "name": name,
        "notebook": paths.display(notebook),
        "parameters": dict(job.parameters),
        "status": result.status,
        "error": result.error,
        "cell": result.cell,
        "last_lines": list(result.last_lines),
        "warnings": list(result.warnings),
        "formats": list(job.formats),
        "key": key.of(parts),
        "parts": dict(parts),
        "outputs": outputs,
        "recorded": {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(result.seconds, 2),
            "cell_seconds": round(result.cell_seconds, 2),
            "memory": result.memory,
        },
    }
    if result.status != "ok" and earlier and not store.damaged(earlier):
        record["earlier"] = earlier
    store.records[name] = record
    return Run(
        name, job.parameters, result.status, result.seconds, result.error, result.cell,
        result.last_lines, outputs, why,
    )  # fmt: skip


def _head() -> dict[str, object]:
    return {
        "laoqu": laoqu.__version__,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": key.packages(),
    }
