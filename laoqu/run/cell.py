"""What a process that runs cells keeps from them: streams, the clock, what is left running."""

from __future__ import annotations

import builtins
import getpass
import io
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import _exit, dup, dup2, write  # these, whatever a cell puts there
from pathlib import Path

import psutil
from IPython.core.error import StdinNotImplementedError

from laoqu.run import SAID
from laoqu.run.keeper import PATIENCE, adopt, end_all

#: The most characters that are kept of what one cell prints.
PRINTED = 10_000_000


class Stream(io.TextIOBase):
    """Standard output or error: what Python prints, and after a cell what others have printed."""

    encoding = "utf-8"

    def __init__(self, say: Callable, number: int, folder: Path) -> None:
        self.say, self.number, self.name = say, number, {1: "stdout", 2: "stderr"}[number]
        self.log = folder / f"{self.name}.{SAID}"

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, text: str) -> int:
        """Hand on what Python prints."""
        self.say(self.name, text, len(text))
        return len(text)

    def __enter__(self) -> None:
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        self.instead = _instead(self.number, log)
        self.kept = self.instead.__enter__()
        os.close(log)

    def __exit__(self, *_: object) -> None:
        self.instead.__exit__(None, None, None)
        with self.log.open("rb") as file:
            self.say(self.name, file.read(PRINTED).decode(errors="replace"), file.seek(0, 2))


@contextmanager
def _instead(number: int, other: int) -> Iterator[int | None]:
    """Have another file under a stream's number; yield where its own is kept, if it is open."""
    kept = None
    with suppress(OSError):  # it is closed
        kept = dup(number)
    dup2(other, number)
    try:
        yield kept
    finally:
        os.close(number)
        if kept is not None:
            dup2(kept, number)
            os.close(kept)


@contextmanager
def alarm(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in what takes longer."""
    main = threading.current_thread() is threading.main_thread()
    if not (seconds and main and hasattr(signal, "SIGALRM")):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"the cell took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def watch(seconds: float | None, name: str, errors: Stream) -> Iterator[None]:
    """End this process where a cell does not stop that long after its limit, and say which."""

    def end() -> None:
        said = f"the cell that begins {name!r} took longer than {seconds:g} s and did not stop\n"
        with suppress(OSError, TypeError):
            write(errors.kept, said.encode(errors="replace"))
        end_all()
        _exit(1)

    timer = threading.Timer((seconds or 0) + PATIENCE, end)
    timer.daemon = True
    if seconds:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def no_input() -> Iterator[None]:
    """Have nobody asked for anything: as in a kernel whose client cannot answer."""

    def refuse(*_: object, **__: object) -> str:
        raise StdinNotImplementedError("a notebook that runs by itself cannot ask: use parameters")

    asking = builtins.input, getpass.getpass, sys.stdin
    with open(os.devnull) as nothing, _instead(0, nothing.fileno()):
        builtins.input, getpass.getpass, sys.stdin = refuse, refuse, nothing
        try:
            yield
        finally:
            builtins.input, getpass.getpass, sys.stdin = asking


@contextmanager
def alone() -> Iterator[None]:
    """End what was started meanwhile, but for what ends with this process."""
    me = psutil.Process()
    before = me.children(recursive=True)
    adopt()
    try:
        yield
    finally:
        pools = {each.pid for each in multiprocessing.active_children() if each.daemon}
        children = me.children(recursive=True)
        end_all(but=[*before, *(each for each in children if each.pid in pools or _tracks(each))])
        adopt(False)


def _tracks(process: psutil.Process) -> bool:
    """Whether it is what multiprocessing or joblib has count semaphores."""
    with suppress(psutil.Error):
        return "resource_tracker" in " ".join(process.cmdline())
    return False
