"""Many runs: checked before anything starts, skipped when unchanged, each placed whole.

Light: what executes and draws is imported by the processes that do, while this one looks after
files. It knows notebooks and bytes; what is drawn of them is given by whoever calls (`Maker`).
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import laoqu
from laoqu.errors import OutputError, ParameterError, nearest
from laoqu.run import local, process
from laoqu.run import store as stores
from laoqu.run.jobs import Job, Result
from laoqu.run.parameters import Notebook, digest_of

FORMATS = ("html", "pdf", "docx")
INDEX, CRATE = "index.html", "ro-crate-metadata.json"
#: The most seconds that a cell may be given.
LONGEST = 10_000_000.0


class Maker(NamedTuple):
    """What a batch calls without knowing it; functions of modules, since they travel by name.

    ``render(notebook, lang, formats)`` → file name → bytes; ``index(manifest)`` → bytes of
    ``index.html``, where `manifest` is called for what it is made from, so that what takes long
    may be made before; ``sources()`` → id → properties of what the data rest on; ``kinds``: name
    of a parameter → what checks it; ``preload``: modules that the fork server imports.
    """

    render: Callable
    index: Callable | None = None
    sources: Callable = dict
    kinds: Mapping[str, Callable] = {}
    preload: Sequence[str] = ()


class Options(NamedTuple):
    """How a batch is run; see `run_notebook`."""

    formats: Sequence[str] = ("html",)
    jobs: int | None = None
    timeout: float | None = 600.0
    force: bool = False
    only_failed: bool = False
    only_say: bool = False
    kernel: str | None = None
    scheduler: str | None = None
    tell: Callable[[Mapping[str, object]], None] = lambda _: None


class Run(NamedTuple):
    """One run of a batch as its caller sees it: what was asked, how it went, what it left."""

    name: str
    parameters: Mapping[str, object]
    status: str
    seconds: float = 0.0
    error: str = ""
    cell: int | None = None
    last_lines: Sequence[str] = ()
    outputs: Sequence[Mapping[str, object]] = ()
    why: Sequence[str] = ()


def run_notebook(
    notebook: Path | str,
    sets: Sequence[Mapping[str, object]],
    outputs: Path | str | None,
    maker: Maker,
    options: Options,
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
    options : Options
        ``formats`` (html, pdf, docx), ``jobs`` at a time (by default one a core, fewer where
        memory is short), ``timeout`` in seconds for a cell (None for no limit), ``force`` (run
        also what is unchanged), ``only_failed`` (only what failed last time), ``only_say`` (run
        nothing, say why in `Run.why`), ``kernel`` (an ordinary Jupyter kernel instead of IPython
        in the process), ``scheduler`` (address of a Dask scheduler), ``tell`` (gets each event).

    Returns
    -------
    list of Run
        In the order of `sets`. ``status`` is ``ok``, ``failed``, ``unchanged``, ``skipped`` (with
        `only_failed`) or ``waiting`` (with `only_say`). A failed run leaves ``STEM.failed.ipynb``
        with the traceback, and what an earlier run made stays as it was.

    Raises
    ------
    ParameterError, UnknownId, OutputError, DataError
        For anything wrong with the request or the data, before anything starts.
    """
    options = _checked(options)
    book, asked = Notebook(notebook), {}
    for each in sets:
        values = book.check(each, maker.kinds)
        asked[book.place(values)] = values
    files = stores.input_files()
    named = {path.name + digest_of(str(path))[:8]: path for values in asked.values()
             for path in _files_in(values)}  # fmt: skip
    watched = files | {"named": named}
    before = stores.state(watched)
    base = stores.inputs(files)
    common = {part: digest_of(each) for part, each in base.items()}
    with stores.Store(outputs, look=options.only_say) as store:
        store.sets |= {common[part]: each for part, each in base.items()}
        if store.aside:
            message = f"manifest.json was not one of this version and is now {store.aside}"
            options.tell({"event": "note", "text": f"{message}; runs in the folders are kept"})
        done, todo = {}, {}
        for name, values in asked.items():
            read = {str(path): stores.digest(path.read_bytes()) for path in _files_in(values)}
            parts = {"notebook": book.digest(), "parameters": digest_of(values), **common}
            parts |= {"files": digest_of(read)} if read else {}
            why, forms = _why(store, name, parts, options)
            if why and not options.only_say:
                job = Job(book.data, values, forms, book.stem, maker.render, *options[2:3])
                todo[name] = job._replace(kernel=options.kernel), parts, why
            elif why:
                done[name] = Run(name, values, "waiting", why=why)
            else:
                done[name] = Run(name, values, "unchanged" if why == [] else "skipped")
        if options.only_say:
            return [done[name] for name in asked]
        options.tell({"event": "begin", "runs": len(todo), "unchanged": len(done)})
        made = (INDEX, stores.MANIFEST, CRATE) if maker.index else (stores.MANIFEST,)
        if todo or not store.current(made):
            batch = _Batch(store, book, maker, options, lambda: stores.changed(watched, before))
            for run in batch.run(todo):
                done[run.name] = run
                options.tell({"event": "done", "run": run})
    return [done[name] for name in asked]


def _checked(options: Options) -> Options:
    """Return the options, or say what is wrong with them."""
    for form in options.formats:
        if form not in FORMATS:
            raise ParameterError(f"unknown format {form!r}, expected {', '.join(FORMATS)}")
    limit, jobs = options.timeout, options.jobs
    if limit is not None and not (math.isfinite(limit) and 0 < limit <= LONGEST):
        expected = f"expected seconds, more than 0 and at most {LONGEST:.0f}"
        raise ParameterError(f"timeout is {limit:g}, {expected}")
    if jobs is not None and not 1 <= jobs <= 1000:
        raise ParameterError(f"jobs is {jobs}, expected 1 to 1000")
    if options.kernel:
        from jupyter_client.kernelspec import KernelSpecManager

        if options.kernel not in (known := KernelSpecManager().find_kernel_specs()):
            hint = ", ".join(nearest(options.kernel, known) or known)
            raise ParameterError(f"no Jupyter kernel {options.kernel!r}; nearest: {hint}")
    return options._replace(formats=tuple(form for form in FORMATS if form in options.formats))


def _files_in(values: Mapping[str, object]) -> list[Path]:
    """Return the files that parameters name."""
    texts = [text for value in values.values()
             for text in (value if isinstance(value, list) else [value])]  # fmt: skip
    found = []
    for text in texts:
        with suppress(OSError, ValueError):  # a text that no file can be called
            if isinstance(text, str) and Path(text).is_file():
                found.append(Path(text).resolve())
    return found


def _why(
    store: stores.Store, name: str, parts: Mapping[str, str], options: Options
) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return why a run must be made (empty: it need not, None: not asked for), and its formats."""
    (good, failed), forms = store.record(name), tuple(options.formats)
    if failed:
        return [f"failed last time: {failed['error']}"], forms
    if options.only_failed:
        return None, forms
    if not good:
        return ["new"], forms
    why = stores.changes(good["parts"], parts, store.sets)
    if not why:  # nothing that was made before need be lost
        forms = tuple(form for form in FORMATS if form in {*forms, *good["formats"]})
    more = [form for form in forms if form not in good["formats"]]
    why += [f"formats: {', '.join(more)}"] if more else []
    why += [f"outputs: {text}" for text in store.damaged(good)[:3]]
    return why or (["forced"] if options.force else []), forms


class _Batch:
    """The runs of one notebook into one store."""

    def __init__(
        self,
        store: stores.Store,
        book: Notebook,
        maker: Maker,
        options: Options,
        changed: Callable[[], list[str]],
    ) -> None:
        self.store, self.book, self.maker = store, book, maker
        self.options, self.changed = options, changed

    def run(self, todo: Mapping[str, tuple[Job, dict, list[str]]]) -> Iterator[Run]:
        """Run what is to be done; yield each run when its files are in place."""
        self.store.begin()
        queue = {name: job for name, (job, _, _) in todo.items()}
        with self._engine() as engine, process.server(self.maker.preload):
            # First, since what it makes beforehand is as long as a run.
            index = None
            if self.maker.index:
                index = process.Call(_made_of_all, [self.maker.index, self.maker.sources])
            try:
                for name in queue if self.options.scheduler else ():
                    self.options.tell({"event": "start", "run": name})
                for name, result in engine(queue):
                    yield self._keep(name, *todo[name], result)
                yield from self._finish(index)
            finally:
                if index:
                    index.close()

    @contextmanager
    def _engine(self) -> Iterator[Callable]:
        if self.options.scheduler:
            from laoqu.run.dask import connect

            with connect(self.options.scheduler, self.maker.preload) as engine:
                yield engine
        else:

            def began(name: str) -> None:
                self.options.tell({"event": "start", "run": name})

            yield lambda jobs: local.run(jobs, self.options.jobs, began)

    def _keep(self, name: str, job: Job, parts: dict, why: list[str], result: Result) -> Run:
        """Put the files of a run into place with its record."""
        if touched := self.changed():  # what the run has read of them, nobody knows
            parts = parts | {"data": "changed during the run"}
            text = f"{', '.join(touched[:3])} changed during the batch: run it again"
            self.options.tell({"event": "note", "text": text})
        record = {
            "name": name,
            "notebook": self.book.name,
            "parameters": dict(job.parameters),
            "status": result.status,
            "error": result.error,
            "cell": result.cell,
            "last_lines": list(result.last_lines),
            "warnings": list(result.warnings),
            "formats": list(job.formats),
            "key": digest_of(parts),
            "parts": parts,
            "outputs": [],
            "recorded": {"made": _now(), "seconds": round(result.seconds, 2)},
        }
        if result.status == "ok":
            files = {self._where(file): data for file, data in result.files.items()}
            try:
                self.store.place(name, files, record)
            except (OSError, OutputError) as error:
                text = f"{type(error).__name__}: {getattr(error, 'strerror', None) or error}"
                result = result._replace(status="failed", files={}, error=text, last_lines=[text])
                record |= {"status": "failed", "error": text, "last_lines": [text], "outputs": []}
        if result.status != "ok":
            with suppress(OutputError):  # a disk with no room for a report may have none for this
                self.store.keep(name, result.files, record)
        return Run(name, job.parameters, result.status, result.seconds, result.error, result.cell,
                   result.last_lines, record["outputs"], why)  # fmt: skip

    def _where(self, file: str) -> str:
        """Return where a file lies, seen from the run's folder."""
        return f"../{file}" if self.book.shared and file.startswith(f"{self.book.stem}.") else file

    def _finish(self, index: process.Call | None) -> Iterator[Run]:
        """Write what is made from all records; an index that cannot be made is a failed run."""
        head = {"laoqu": laoqu.__version__, "made": _now(), "packages": stores.packages()}
        manifest = self.store.manifest(python=platform.python_version(), **head)
        files = {stores.MANIFEST: stores.text_of(manifest)}
        if index:
            index.send((manifest, files[stores.MANIFEST]))
            try:
                files |= index.result()
            except process.Lost as lost:
                lines = str(lost).strip().splitlines()
                yield Run(INDEX, {}, "failed", error=lines[-1], last_lines=lines[-5:])
        self.store.finish(files)


def _made_of_all(index: Callable, sources: Callable, line: process.Line) -> dict[str, bytes]:
    """Return the index and the crate, made where everything is imported."""
    from laoqu.run import crate

    heard = []

    def manifest() -> Mapping[str, object]:
        heard.extend(line.hear())
        return heard[0]

    files = {INDEX: index(manifest), stores.MANIFEST: heard[1]}
    return {INDEX: files[INDEX], CRATE: crate.metadata(heard[0], files, sources())}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
