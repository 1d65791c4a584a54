"""Run notebooks for many sets of parameters: a process a run, unchanged ones skipped, all whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

#: Where what is printed past Python is kept, and a keeper reads what a process said last.
SAID = "said.log"


class Job(NamedTuple):
    """What a run needs, wherever it happens.

    ``render(notebook, lang, formats)`` → file name → bytes is a function of a module, since it
    travels by name.
    """

    name: str
    notebook: bytes
    parameters: Mapping[str, object]
    formats: Sequence[str]
    stem: str
    render: Callable
    timeout: float | None = None
    kernel: str | None = None
    why: Sequence[str] = ()

    def failed(self, error: str, lines: Sequence[str] = (), **more: object) -> Run:
        """Return the run of this job that failed."""
        return self.run("failed", error=error, last_lines=tuple(lines)[-5:] or (error,), **more)

    def run(self, status: str, **more: object) -> Run:
        """Return what came of this job."""
        return Run(self.name, self.parameters, status, formats=self.formats, why=self.why, **more)


class Run(NamedTuple):
    """One run of a batch: what was asked, how it went, what it left.

    ``status`` is ``ok``, ``failed``, ``unchanged``, ``skipped`` or ``waiting``.
    """

    name: str
    parameters: Mapping[str, object]
    status: str
    seconds: float = 0.0
    error: str = ""
    cell: int | None = None
    last_lines: Sequence[str] = ()
    warnings: Sequence[str] = ()
    formats: Sequence[str] = ()
    outputs: Sequence[Mapping[str, object]] = ()
    why: Sequence[str] = ()
    files: Mapping[str, bytes] = {}


class _Later:
    """The papermill engine ``laoqu``: papermill looks for it as it begins, so it comes later."""

    def __getattr__(self, name: str) -> object:
        from laoqu.run.engine import LaoquEngine

        return getattr(LaoquEngine, name)


Engine = _Later()
