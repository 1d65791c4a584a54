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
from functools import wraps
from importlib.util import source_from_cache
from itertools import chain
from json import dumps, loads
from os import dup, dup2  # these, whatever a cell puts there
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace

from laoqu import paths
from laoqu.run import SAID
from laoqu.run.store import MANY, MOST_BYTES, MOST_FILES, SYSTEM, digest_now

#: The most characters that are kept of what one cell prints.
PRINTED = 10_000_000
#: Where packages lie.
PACKAGES = {"site-packages", "dist-packages"}
#: Functions that read files in C, of which Python says nothing.
READERS = """
pyarrow.parquet.read_table pyarrow.parquet.ParquetFile.__init__ pyarrow.feather.read_table
pyarrow.csv.read_csv pyarrow.dataset.dataset geopandas.read_parquet geopandas.read_feather
pandas.read_html pyogrio.read_dataframe
"""
#: Folders whose files are no user's, while cells run; the file in which it is noted what they open;
#: what is there already; how many files, and bytes of them, may be more.
_others: list[str] = []
_log: list[Path] = []
_known: set[str] = set()
_left = [0, 0]


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


def watch(folder: Path | str) -> None:
    """Note from now on, in a file in `folder`, what this process and those it forks open."""
    library, scripts = Path(sysconfig.get_path("stdlib")).parent, sysconfig.get_path("scripts")
    own = chain(*map(paths.beside, paths.own_files().values()))
    ours = library, scripts, paths.PACKAGE, paths.data(), *own
    _others[:] = map(os.path.realpath, (*ours, tempfile.gettempdir(), *SYSTEM))
    _left[:] = MOST_FILES, MOST_BYTES
    _known.clear()
    _log[:] = [Path(folder, "opened")]
    for name in READERS.split():
        owner, _, function = name.rpartition(".")
        _hear(resolve_name(owner), function)


def _hear(owner: object, name: str) -> None:
    """Have a function note the file or files that it reads, which its first argument names."""
    function = getattr(owner, name)
    if hasattr(function, "__wrapped__"):
        return

    @wraps(function)
    def reading(*given: object, **more: object) -> object:
        every = [*given, *more.values()]  # of a class, itself first
        source = next((each for each in every if isinstance(each, str | os.PathLike | list)), [])
        for each in source if isinstance(source, list) else [source]:
            with suppress(TypeError, OSError, ValueError):  # a name of no file
                for path in chain(paths.beside(Path(each)), Path(each).rglob("*")) if _log else ():
                    _note_path(path)
        return function(*given, **more)

    setattr(owner, name, reading)


def opened(folder: Path | str) -> dict[str, str]:
    """Return what was noted in `folder` and is the user's: path → digest as it was then."""
    _log.clear()
    log = Path(folder, "opened")
    lines = map(loads, reversed(log.read_text().splitlines() if log.exists() else []))
    return {path: code for path, code in dict(lines).items() if code}  # the first line counts


def _note(event: str, given: tuple) -> None:
    listed = event in ("os.listdir", "os.scandir")
    if not _log or not (listed or event in ("open", "import", "sqlite3.connect")):
        return
    path = given[event == "import"] or (listed and ".")
    if event == "sqlite3.connect":
        path = os.fsdecode(path).removeprefix("file:").partition("?")[0]
    by_import = listed and "importlib" in sys._getframe(1).f_code.co_filename
    if isinstance(path, str | bytes | os.PathLike) and not by_import:
        _note_path(path, event == "open" and given[2] & (os.O_WRONLY | os.O_TRUNC) > 0)


def _note_path(path: Path | str | bytes, own: bool = False) -> None:
    """Note what a file or folder is before it is read; what cells have written is their `own`."""
    with suppress(OSError, ValueError):
        path = str(Path.cwd() / os.fsdecode(path))
        if path in _known:
            return
        _known.add(path)
        if path.endswith(".pyc") and Path(path).parent.name == "__pycache__":
            path = source_from_cache(path)
        real = Path(os.path.realpath(path))
        path = str(real) if ".." in path else path
        ours = PACKAGES & {*real.parts} or any(map(real.is_relative_to, _others))
        if ours or (real.exists() and not real.is_file() and not real.is_dir()):
            return
        if not own:
            _left[:] = _left[0] - 1, _left[1] - (real.is_file() and real.stat().st_size)
        said = [path, "" if own else digest_now(Path(path))] if min(_left) >= 0 else [MANY, MANY]
        with _log[0].open("a") as file:
            file.write(f"{dumps(said)}\n")


def _look(name: str, path: Iterable[str] | None = None, _: object = None) -> None:
    """Note where Python looks for a module, and find none: what appears there will be another."""
    for folder in _log and (sys.path if path is None else path):
        file = Path(folder, name.rpartition(".")[2])
        _note_path(file / "__init__.py")
        _note_path(f"{file}.py")


sys.addaudithook(_note)
sys.meta_path.insert(0, SimpleNamespace(find_spec=_look))
