"""What a process that runs cells keeps: what they print, their time, the files they open."""

from __future__ import annotations

import io
import os
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from importlib.util import source_from_cache
from os import dup, dup2  # these, whatever a cell puts there
from pathlib import Path

from laoqu import paths
from laoqu.run import SAID
from laoqu.run.store import digest_now

#: The most characters that are kept of what one cell prints.
PRINTED = 10_000_000
#: How names of files end that Python imports, and where those of packages lie.
PYTHON = (*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *EXTENSION_SUFFIXES)
PACKAGES = {"site-packages", "dist-packages"}
#: Files as they were opened → path → digest, of those that are the user's: Python files, and what
#: lies in FOLDERS.
OPENED: dict[str, dict[str, str]] = {}
FOLDERS: list[str] = []


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
        raise TimeoutError(f"the cell took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _note(event: str, given: tuple) -> None:
    listed = event in ("os.listdir", "os.scandir")
    path = given[0] or "." if listed else event == "open" and given[0]
    path = given[1] if event == "import" else path
    if not isinstance(path, str | Path):
        return
    with suppress(OSError, ValueError):
        python, path = str(path).endswith(PYTHON) and not listed, os.path.realpath(path)
        by_import = listed and "importlib" in sys._getframe(1).f_code.co_filename
        inside = not by_import and any(map(Path(path).is_relative_to, FOLDERS))
        if event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR):
            if not python:  # it is the cell's own; of Python files, what is read counts
                OPENED.setdefault(path, {})
        elif path not in OPENED and (python or inside):
            OPENED[path] = {}
            OPENED[path] = of_users([source_from_cache(path) if path.endswith(".pyc") else path])


def of_users(files: Iterable[str], library: str = sysconfig.get_path("stdlib")) -> dict[str, str]:
    """Return those files that are of no package, nor of Python or laoqu: path → digest now."""
    others = library, paths.PACKAGE, tempfile.gettempdir()
    return {
        str(path): digest_now(path)
        for path in map(Path, map(os.path.realpath, filter(None, files)))
        if path.exists() and not PACKAGES & {*path.parts}
        and not any(map(path.is_relative_to, others))
    }  # fmt: skip


sys.addaudithook(_note)
