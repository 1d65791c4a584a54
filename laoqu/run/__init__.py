"""Run notebooks for many sets of parameters: a process a run, unchanged ones skipped, all whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from laoqu.errors import hinted

#: Where what is printed past Python is kept, and a keeper reads what a process said last.
SAID = "said.log"


class Recipe(NamedTuple):
    """What all runs of a batch share; `render` names ``render(notebook, lang, formats)``."""

    notebook: bytes
    stem: str
    render: str
    timeout: float | None = None
    kernel: str | None = None


@dataclass
class Run:
    """One run of a batch: what is asked, why, how it went, what it left.

    ``status`` is ``waiting``, ``unchanged``, ``skipped``, ``ok`` or ``failed``; ``parts`` are the
    digests of all that it depends on, ``named`` of the files that its parameters name; ``page``
    tells its pages their ``place`` and ``others``, the same pages in other languages.
    """

    name: str
    parameters: Mapping[str, object]
    status: str = "waiting"
    formats: Sequence[str] = ()
    error: str = ""
    cell: int | None = None
    last_lines: Sequence[str] = ()
    warnings: Sequence[str] = ()
    outputs: Sequence[Mapping[str, object]] = field(default=(), repr=False)
    why: Sequence[str] = ()
    seconds: float = 0.0
    parts: dict[str, str] = field(default_factory=dict, repr=False)
    named: Mapping[str, str] = field(default_factory=dict, repr=False)
    page: dict[str, object] = field(default_factory=dict, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def failed(self, error: str, lines: Sequence[str] = (), **more: object) -> Run:
        """Return this run as one that failed."""
        error = hinted(error)
        lines = tuple(lines)[-5:] or (error,)
        return replace(self, status="failed", error=error, last_lines=lines, **more)


class _Later:
    """The papermill engine ``laoqu``: papermill looks for it as it begins, so it comes later."""

    def __getattr__(self, name: str) -> object:
        from laoqu.run.supervised import LaoquEngine

        return getattr(LaoquEngine, name)


Engine = _Later()
