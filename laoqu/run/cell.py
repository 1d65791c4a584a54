"""What a process that runs cells keeps of them: what they print, and their time."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import dup, dup2  # these, whatever a cell puts there
from pathlib import Path

from laoqu.run import SAID

#: The most characters that are kept of what one cell prints.
PRINTED = 10_000_000


class Stream(io.TextIOBase):
    """Standard output or error: what Python prints, and after a cell what others have printed."""

    encoding = "utf-8"

    def __init__(self, say: Callable, number: int, folder: Path) -> None:
        self.say, self.number, self.name = say, number, {1: "stdout", 2: "stderr"}[number]
        self.log = folder / f"{self.name}.{SAID}"

    def fileno(self) -> int:
        """Return the number that other programs write to; it leads into the log during a cell."""
        return self.number

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Hand on what Python prints."""
        self.say(self.name, text, len(text))
        return len(text)

    def __enter__(self) -> None:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self.kept = None
        with suppress(OSError):  # it is closed
            self.kept = dup(self.number)
        dup2(log, self.number)
        os.close(log)

    def __exit__(self, *_: object) -> None:
        os.close(self.number)
        if self.kept is not None:
            dup2(self.kept, self.number)
            os.close(self.kept)
        with self.log.open("rb") as file:
            self.say(self.name, file.read(PRINTED).decode(errors="replace"), file.seek(0, 2))


@contextmanager
def alarm(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""
    if not (seconds and hasattr(signal, "SIGALRM")):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"the cell took longer than {seconds:g} s, or set a timer of its own")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
