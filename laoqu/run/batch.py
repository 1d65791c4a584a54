"""Many runs: checked before anything starts, skipped when unchanged, each placed whole.

Light: what executes and draws is imported by the processes that do, while this one looks after
files. It knows notebooks and bytes; what is drawn of them is given by whoever calls (`Maker`).
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import laoqu
from laoqu import paths
from laoqu.errors import FORMATS, LANGS, OutputError, ParameterError, require
from laoqu.run import Recipe, Run, process
from laoqu.run import store as stores
from laoqu.run.parameters import Notebook, digest_of, leaves
from laoqu.run.store import CRATE, INDEX

#: Parts of a run's key that are data: pages made of other data are named as such in the index.
DATA = ("data", "own")

#: The most seconds that a cell may be given, and runs at a time.
LONGEST, WIDEST = 10_000_000.0, 1000


class Maker(NamedTuple):
    """What a batch calls without knowing it: names of functions as ``module:function``.

    ``render(notebook, lang, formats)`` → file name → bytes; ``index(manifest, parts)`` → bytes of
    ``index.html``, where ``parts(tell)`` makes beforehand what takes long; ``sources()`` → id →
    properties of what the data rest on; ``kinds``: kind of a parameter, as a notebook names it →
    what checks it; ``check()`` refuses what every run would fail over; ``preload``: modules that
    the fork server imports.
    """

    render: str
    index: str
    parts: str = "builtins:callable"
    sources: str = "builtins:dict"
    kinds: Mapping[str, Callable] = {}
    check: Callable[[], object] = dict
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
    force, only_failed, only_say : bool
        Run also what is unchanged; only what failed last time; nothing, but say why in `Run.why`.
    kernel, scheduler : str, optional
        An ordinary Jupyter kernel; the address of a Dask scheduler.
    tell : callable
        Gets ``"begin", number of runs``, ``"start", name``, ``"done", Run``, ``"note", text``.

    Returns
    -------
    list of Run
        In the order of `sets`, and ``index.html`` if that failed. A failed run leaves
        ``STEM.failed.ipynb``, and what an earlier run made stays as it was. What is wrong with the
        request or the data is raised as a `LaoquError` before anything starts.
    """
    _check(formats, jobs, timeout, kernel)
    formats = [form for form in FORMATS if form in formats]
    book = Notebook(notebook)
    if not kernel and book.language != "python":
        raise ParameterError(f"{book.name} is in {book.language}, run it with --kernel NAME")
    asked = [book.check(each, maker.kinds) for each in sets]
    runs = {run.name: run for run in (Run(book.place(each), each) for each in asked)}
    if more := len(asked) - len(runs):
        said = f"{more} of {len(asked)} sets of parameters ask for what another asks for"
        tell("note", f"{said}: {len(runs)} run(s)")
    inputs = stores.Inputs()
    known, named = {digest_of(each): each for each in inputs.parts.values()}, {}
    common = {"notebook": book.digest(), **stores.digests(inputs.parts)}
    common |= {"kernel": digest_of(kernel)} if kernel else {}
    common |= {} if book.own else {"working folder": digest_of(str(process.here()))}
    with stores.Store(outputs, look=only_say) as store:
        store.sets |= known
        for name, now in store.aside.items():
            tell("note", f"{name} was not made by this version of laoqu and is now {now}")
        for run in runs.values():
            run.parts = {**common, "parameters": digest_of(run.parameters)}
            named[run.name] = files = _files_in(run)
            run.named = inputs.add(files)
            _part(store, run, "files", run.named)
            others = _others(store, book, run, runs)
            run.page = {"place": book.stands(run.name), "others": others}
            if others:
                run.parts["languages"] = digest_of(others)
            _judge(store, run, formats, force, only_failed)
            for text in _folders_in(run) if run.status == "unchanged" and not book.own else ():
                said = f"{text} is no file: what is there was not compared"
                tell("note", f"{said}; without --resume the run is made again")
        if only_say:
            return list(runs.values())
        todo = [run for run in runs.values() if run.status == "waiting"]
        if todo:
            maker.check()
        tell("begin", len(todo))
        if not todo and store.current():
            return list(runs.values())
        store.begin()
        recipe = Recipe(book.data, book.stem, maker.render, timeout, kernel)
        began = partial(tell, "start")
        kept = digest_of(stores.digests(inputs.parts))
        parts: process.Call | object = store.kept(kept)
        with ExitStack() as stack:
            results = process.run_here(recipe, todo, jobs, began)
            if scheduler:
                from laoqu.run import dask

                there = recipe, todo, inputs.parts, maker.preload, began
                results = dask.run_there(scheduler, *there)
            stack.enter_context(process.server(maker.preload))
            limit = process.FIRST_SIGN
            if parts is None:  # first, since it takes as long as a run
                parts = stack.enter_context(closing(process.Call(maker.parts, [], limit)))
            for run in stack.enter_context(closing(results)):
                files = named[run.name].values()
                changed = inputs.changed(files) + [book.path.name] * (not book.is_current())
                if changed:  # what the run has read of them, nobody knows
                    run.parts["changed during the run"] = said = ", ".join(changed[:3])
                    run.warnings = [*run.warnings, f"{said} changed during the run: run it again"]
                    tell("note", f"{run.name}: {run.warnings[-1]}")
                runs[run.name] = _placed(store, book, run, tell)
                tell("done", runs[run.name])
            now = {part: common[part] for part in DATA}
            if failed := _finished(store, maker, parts, kept, now):
                runs[INDEX] = failed
                tell("done", failed)
    return list(runs.values())


def _check(
    formats: Sequence[str], jobs: int | None, timeout: float | None, kernel: str | None
) -> None:
    for form in formats:
        require(form, FORMATS, "format")
    if timeout is not None and not 0 < timeout <= LONGEST:
        expected = f"expected seconds, more than 0 and at most {LONGEST:.0f}"
        raise ParameterError(f"timeout is {timeout:g}, {expected}")
    if jobs is not None and not 1 <= jobs <= WIDEST:
        raise ParameterError(f"jobs is {jobs}, expected 1 to {WIDEST}")
    if kernel:
        from jupyter_client.kernelspec import KernelSpecManager

        require(kernel, KernelSpecManager().find_kernel_specs(), "Jupyter kernel")


def _files_in(run: Run) -> dict[str, Path]:
    """Return the files that parameters name, whatever reads them, with what lies beside a .shp."""
    found = {}
    for text in leaves([*run.parameters.values()]):
        with suppress(OSError, RuntimeError, TypeError, ValueError):  # it can be no file
            path = _path_of(text)
            if path.is_absolute() and path.is_fifo():  # as of <(…)
                raise ParameterError(f"{text} is a pipe, which no run can read: name a file")
            every = [each for each in paths.beside(path) if each.is_file()]
            every = [(str(each), each.resolve()) for each in every]
            found |= {text: file for text, file in every if not stores.is_system(file)}
    return found


def _path_of(text: str) -> Path:
    if str(text).startswith("file:"):
        text = url2pathname(urlsplit(text).path)
    return Path(text).expanduser()


def _folders_in(run: Run) -> Iterator[str]:
    """Yield the parameters that name a folder, or files by a pattern: what is there may change."""
    for text in leaves([*run.parameters.values()]):
        with suppress(OSError, RuntimeError, TypeError, ValueError):
            path = _path_of(text)
            fixed = list(takewhile(lambda part: not {*part} & {*"*?["}, path.parts))
            rest = path.parts[len(fixed) :]
            if path.is_dir() or (rest and any(Path(*fixed).glob("/".join(rest)))):
                yield text


def _others(
    store: stores.Store, book: Notebook, run: Run, runs: Mapping[str, Run]
) -> dict[str, str]:
    """Return where a page stands in other languages: those that are there or are made now."""
    if not book.own or book.about["folder"][0] != "$lang":
        return {}
    lang, _, rest = run.name.partition("/")
    names = {other: f"{other}/{rest}" for other in LANGS if other != lang}
    return {
        other: book.stands(name) for other, name in names.items()
        if name in runs or (not store.linked(name) and _like(run, store.record(name)))
    }  # fmt: skip


def _like(run: Run, record: Mapping[str, object] | None) -> bool:
    """Whether what was recorded is the run in another language, of the same data."""
    if record is None or any(record["parts"].get(x) != run.parts.get(x) for x in (*DATA, "files")):
        return False
    there, here = ({**each, "lang": ""} for each in (record["parameters"], run.parameters))
    return digest_of(there) == digest_of(here)


def _part(store: stores.Store, run: Run, name: str, files: Mapping[str, str]) -> None:
    """Have files, name → digest, be part of the key of a run."""
    run.parts.pop(name, None)
    if files:
        run.parts[name] = digest_of(files)
        store.sets[run.parts[name]] = dict(files)


def _judge(
    store: stores.Store, run: Run, formats: list[str], force: bool, only_failed: bool
) -> None:
    """Find out whether a run is waiting, unchanged or skipped; why it must be made; its formats."""
    record, run.formats = store.record(run.name), formats
    if failed := store.record(run.name, stores.FAILED):
        run.why = [f"failed last time: {failed['error']}"]
    elif only_failed:
        run.status = "skipped"
    elif not record:
        run.why = ["new"]
        try:
            store.claimed(run.name)
        except OutputError as error:
            run.why = [f"cannot be made: {error}"]
    else:
        run.why = stores.changes(record["parts"], run.parts, store.sets)
        if not run.why:  # nothing that was made before need be lost
            run.formats = [form for form in FORMATS if form in {*formats, *record["formats"]}]
        more = [form for form in run.formats if form not in record["formats"]]
        run.why += [f"formats: {', '.join(more)}"] if more else []
        run.why += [f"outputs: {text}" for text in store.damaged(record["outputs"])[:3]]
        run.why = run.why or ["asked for"] * force
        run.status = "waiting" if run.why else "unchanged"


def _placed(store: stores.Store, book: Notebook, run: Run, tell: Callable) -> Run:
    """Put the files of a run into place with its record."""

    def record(run: Run) -> dict[str, object]:
        shown = asdict(replace(run, files={}))
        recorded = {"made": _now(), "seconds": round(shown.pop("seconds"), 2)}
        del shown["files"], shown["why"], shown["page"], shown["named"]
        return shown | {"notebook": book.name, "key": digest_of(run.parts), "recorded": recorded}

    files, run.files = run.files, {}
    if run.status == "ok":
        pages = {file: files[file] for file in files
                 if book.shared and file.startswith(f"{book.stem}.")}  # fmt: skip
        inside = {file: data for file, data in files.items() if file not in pages}
        kept = record(run)
        try:
            if said := store.place(run.name, inside, kept, pages):
                tell("note", said)
            return replace(run, outputs=kept["outputs"])
        except (OSError, OutputError) as error:
            text = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
            run, files = run.failed(text), {}
    with suppress(OutputError):  # a disk with no room for a report may have none for this
        store.keep(run.name, files, record(run))
    return run


def _finished(
    store: stores.Store, maker: Maker, parts: object, key: str, inputs: Mapping[str, str]
) -> Run | None:
    """Write what is made from all records; an index that cannot be made is a failed run.

    `parts` of the index are a call, or what an earlier batch with this `key` has kept; `inputs`
    are the digests of the data as they are now.
    """
    head = {"laoqu": laoqu.__version__, "made": _now(), "inputs": inputs}
    head["packages"] = stores.packages()
    manifest, failed = store.manifest(**head, python=platform.python_version()), None
    files = {stores.MANIFEST: stores.text_of(manifest)}
    try:
        if isinstance(parts, process.Call):
            parts = parts.result()
            with suppress(OutputError):  # no room: they are made anew next time
                store.keep_parts(key, parts)
        given = ["laoqu.run.batch:made_of_all", [maker.index, maker.sources, manifest, parts]]
        files |= process.Call(*given, process.FIRST_SIGN).result()
        files[stores.RECORD] = stores.text_of(stores.listed(files))
    except process.Lost as lost:
        lines = str(lost).strip().splitlines()
        failed = Run(INDEX, {}).failed(lines[-1], lines)
    try:
        for name, data in files.items():
            store.write(name, data)
    except OutputError as error:
        failed = failed or Run(INDEX, {}).failed(str(error))
    return failed


def made_of_all(
    index: str, sources: str, manifest: Mapping, parts: object, _: Callable
) -> dict[str, bytes]:
    """Return the index and the crate, made where everything is imported."""
    from laoqu.run import crate

    page = resolve_name(index)(manifest, parts)
    files = {INDEX: page, stores.MANIFEST: stores.text_of(manifest)}
    return {INDEX: page, CRATE: crate.metadata(manifest, files, resolve_name(sources)())}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
