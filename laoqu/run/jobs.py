"""What travels to wherever a run happens, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Job(NamedTuple):
    """What a run needs, wherever it happens."""

    notebook: bytes
    parameters: Mapping[str, object]
    formats: Sequence[str]
    stem: str
    render: Callable
    timeout: float | None = None
    kernel: str | None = None


class Result(NamedTuple):
    """What came of a run; a failed one has at most its notebook among its files."""

    status: str
    files: Mapping[str, bytes]
    seconds: float = 0.0
    warnings: Sequence[str] = ()
    error: str = ""
    cell: int | None = None
    last_lines: Sequence[str] = ()
