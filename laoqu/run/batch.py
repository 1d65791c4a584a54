"""Many runs: checked before anything starts, skipped when unchanged, each placed whole.

Light: what executes and draws is imported by the processes that do, while this one looks after
files. It knows notebooks and bytes; what is drawn of them is given by whoever calls (`Maker`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import laoqu
from laoqu.errors import OutputError, ParameterError, nearest
from laoqu.run import Job, Run, process
from laoqu.run import store as stores
from laoqu.run.parameters import Notebook, digest_of
from laoqu.source import digest

FORMATS = ("html", "pdf", "docx")
INDEX, CRATE = "index.html", "ro-crate-metadata.json"
#: The most seconds that a cell may be given, and runs at a time.
LONGEST, WIDEST = 10_000_000.0, 1000


class Maker(NamedTuple):
    """What a batch calls without knowing it; functions of modules, since they travel by name.

    ``render(notebook, lang, formats)`` → file name → bytes; ``index(manifest, parts)`` → bytes of
    ``index.html``, where ``parts()`` makes beforehand what takes long; ``sources()`` → id →
    properties of what the data rest on; ``kinds``: name of a parameter → what checks it;
    ``preload``: modules that the fork server imports.
    """

    render: Callable
    index: Callable | None = None
    parts: Callable = dict
    sources: Callable = dict
    kinds: Mapping[str, Callable] = {}
    preload: Sequence[str] = ()


def run_notebook(
    notebook: Path | str,
    sets: Sequence[Mapping[str, object]],
    outputs: Path | str | None = None,
    *,
    maker: Maker,
    formats: Sequence[str] = ("html",),
    jobs: int | None = None,
    timeout: float | None = 600.0,
    force: bool = False,
    only_failed: bool = False,
    only_say: bool = False,
    kernel: str | None = None,
    scheduler: str | None = None,
    tell: Callable[[str, object], None] = lambda *_: None,
) -> list[Run]:
    """Run a notebook once for each set of parameters; what is unchanged is skipped.

    Parameters
    ----------
    notebook : str or Path
        The name of a notebook in ``notebooks/``, with or without suffix, or a path.
    sets : sequence of mapping
        Parameters by name; a parameter that is left out takes its default.
    outputs : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.
    maker : Maker
    formats : sequence of {"html", "pdf", "docx"}
    jobs : int, optional
        Runs at a time; by default one a core, fewer where memory is short.
    timeout : float, optional
        Seconds for a cell; None for no limit.
    force, only_failed : bool
        Run also what is unchanged; only what failed last time.
    only_say : bool
        Run nothing, say why in `Run.why`.
    kernel : str, optional
        An ordinary Jupyter kernel instead of IPython in the process.
    scheduler : str, optional
        Address of a Dask scheduler.
    tell : callable
        Gets ``"begin", number of runs``, ``"start", name``, ``"done", Run``, ``"note", text``.

    Returns
    -------
    list of Run
        In the order of `sets`, and ``index.html`` if that failed. A failed run leaves
        ``STEM.failed.ipynb``, and what an earlier run made stays as it was.

    Raises
    ------
    ParameterError, UnknownId, OutputError, DataError
        For anything wrong with the request or the data, before anything starts.
    """
    _check(formats, jobs, timeout, kernel)
    formats = [form for form in FORMATS if form in formats]
    book, asked = Notebook(notebook), {}
    for each in sets:
        values = book.check(each, maker.kinds)
        asked[book.place(values)] = values
    named = {name: _files_in(values) for name, values in asked.items()}
    files = stores.input_files()
    watched = files | {f"files of {name}": each for name, each in named.items()}
    before = stores.stamps(watched)
    base = stores.inputs(files)
    common, content = {part: digest_of(each) for part, each in base.items()}, book.digest()

    def touched() -> list[str]:
        now = stores.stamps(watched)
        return [path.name for path, stamp in before.items() if now.get(path) != stamp]

    began = partial(tell, "start")
    with stores.Store(outputs, look=only_say) as store:
        store.sets |= {common[part]: each for part, each in base.items()}
        if store.aside:
            tell("note", f"manifest.json was not one of this version and is now {store.aside}; "
                 "runs in the folders are kept")  # fmt: skip
        done, todo, keys = {}, [], {}
        for name, values in asked.items():
            keys[name] = {"notebook": content, "parameters": digest_of(values), **common}
            if named[name]:
                read = {text: digest(path.read_bytes()) for text, path in named[name].items()}
                keys[name]["files"] = digest_of(read)
                store.sets[digest_of(read)] = read
            status, why, forms = _status(store, name, keys[name], formats, force, only_failed)
            done[name] = Run(name, values, status, why=why or ())
            if why:
                job = book.data, values, forms, book.stem, maker.render, timeout, kernel, why
                todo.append(Job(name, *job))
        if only_say:
            return list(done.values())
        tell("begin", len(todo))
        made = (stores.MANIFEST, *((INDEX, CRATE) if maker.index else ()))
        if todo or not store.current(made):
            store.begin()
            with ExitStack() as stack:
                runs, parts = process.run_here(todo, jobs, began), None
                if scheduler:
                    from laoqu.run import dask

                    client = stack.enter_context(dask.connect(scheduler))
                    runs = dask.run_there(client, todo, maker.preload, began)
                stack.enter_context(process.server(maker.preload))
                if maker.index:  # first, since it takes as long as a run
                    parts = process.Call(_call, [maker.parts])
                    stack.callback(parts.close)
                for run in stack.enter_context(closing(runs)):
                    if changed := touched():  # what the run has read of them, nobody knows
                        keys[run.name]["data"] = "changed during the run"
                        tell("note", f"{', '.join(changed[:3])} changed: run it again")
                    done[run.name] = _placed(store, book, run, keys[run.name])
                    tell("done", done[run.name])
                if lost := _finished(store, maker, parts):
                    done[lost.name] = lost
                    tell("done", lost)
    return list(done.values())


def _check(
    formats: Sequence[str], jobs: int | None, timeout: float | None, kernel: str | None
) -> None:
    for form in formats:
        if form not in FORMATS:
            raise ParameterError(f"unknown format {form!r}, expected {', '.join(FORMATS)}")
    if timeout is not None and not 0 < timeout <= LONGEST:
        expected = f"expected seconds, more than 0 and at most {LONGEST:.0f}"
        raise ParameterError(f"timeout is {timeout:g}, {expected}")
    if jobs is not None and not 1 <= jobs <= WIDEST:
        raise ParameterError(f"jobs is {jobs}, expected 1 to {WIDEST}")
    if kernel:
        from jupyter_client.kernelspec import KernelSpecManager

        if kernel not in (known := KernelSpecManager().find_kernel_specs()):
            hint = ", ".join(nearest(kernel, known) or known)
            raise ParameterError(f"no Jupyter kernel {kernel!r}; nearest: {hint}")


def _files_in(values: Mapping[str, object]) -> dict[str, Path]:
    """Return the files that parameters name."""
    found = {}
    for value in values.values():
        for text in value if isinstance(value, list) else [value]:
            with suppress(OSError, ValueError):  # a text that no file can be called
                if isinstance(text, str) and Path(text).is_file():
                    found[text] = Path(text).resolve()
    return found


def _status(
    store: stores.Store,
    name: str,
    key: Mapping[str, str],
    formats: list[str],
    force: bool,
    only_failed: bool,
) -> tuple[str, list[str], list[str]]:
    """Return whether a run is waiting, unchanged or skipped; why it must be made; its formats."""
    record = store.record(name)
    if record and record["status"] == "failed":
        return "waiting", [f"failed last time: {record['error']}"], formats
    if only_failed:
        return "skipped", [], formats
    if not record:
        return "waiting", ["new"], formats
    why = stores.changes(record["parts"], key, store.sets)
    if not why:  # nothing that was made before need be lost
        formats = [form for form in FORMATS if form in {*formats, *record["formats"]}]
    more = [form for form in formats if form not in record["formats"]]
    why += [f"formats: {', '.join(more)}"] if more else []
    why += [f"outputs: {text}" for text in store.damaged(record)[:3]]
    why = why or ["forced"] * force
    return "waiting" if why else "unchanged", why, formats


def _placed(store: stores.Store, book: Notebook, run: Run, key: Mapping[str, str]) -> Run:
    """Put the files of a run into place with its record."""

    def record(run: Run) -> dict[str, object]:
        shown = run._asdict()
        recorded = {"made": _now(), "seconds": round(shown.pop("seconds"), 2)}
        del shown["files"], shown["why"]
        more = {"notebook": book.name, "key": digest_of(key), "parts": key, "recorded": recorded}
        return shown | more

    if run.status == "ok":
        files = {f"../{file}" if book.shared and file.startswith(f"{book.stem}.") else file: data
                 for file, data in run.files.items()}  # fmt: skip
        try:
            return run._replace(files={}, outputs=store.place(run.name, files, record(run)))
        except (OSError, OutputError) as error:
            text = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
            run = run._replace(status="failed", files={}, error=text, last_lines=[text])
    with suppress(OutputError):  # a disk with no room for a report may have none for this
        store.keep(run.name, run.files, record(run))
    return run._replace(files={})


def _finished(store: stores.Store, maker: Maker, parts: process.Call | None) -> Run | None:
    """Write what is made from all records; an index that cannot be made is a failed run."""
    head = {"laoqu": laoqu.__version__, "made": _now(), "packages": stores.packages()}
    manifest, failed = store.manifest(**head, python=platform.python_version()), None
    files = {stores.MANIFEST: stores.text_of(manifest)}
    if parts:
        try:
            given = [maker.index, maker.sources, manifest, parts.result()]
            files |= process.Call(_made_of_all, given).result()
        except process.Lost as lost:
            lines = str(lost).strip().splitlines()
            failed = Run(INDEX, {}, "failed", error=lines[-1], last_lines=lines[-5:])
    store.finish(files)
    return failed


def _made_of_all(
    index: Callable, sources: Callable, manifest: Mapping, parts: object, _: Callable
) -> dict[str, bytes]:
    """Return the index and the crate, made where everything is imported."""
    from laoqu.run import crate

    files = {INDEX: index(manifest, parts), stores.MANIFEST: stores.text_of(manifest)}
    return {INDEX: files[INDEX], CRATE: crate.metadata(manifest, files, sources())}


def _call(function: Callable, _: Callable) -> object:
    return function()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
