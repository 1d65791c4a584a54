"""What travels to wherever a run happens, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """What a run needs: the template's bytes, all of its parameters, what to make of it."""

    notebook: bytes
    parameters: Mapping[str, object]
    formats: Sequence[str] = ("html",)
    stem: str = "report"
    timeout: float | None = None


class Result(NamedTuple):
    """What came of a run; a failed one has at most its notebook among its files."""

    status: str
    files: Mapping[str, bytes]
    seconds: float
    cell_seconds: float = 0.0
    memory: int | None = None
    warnings: Sequence[str] = ()
    error: str = ""
    cell: int | None = None
    last_lines: Sequence[str] = ()


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
