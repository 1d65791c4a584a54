"""A function in a process of its own, forked from a server that has imported everything before.

Two processes stand behind a call: a worker, which calls the function, and its keeper, which ends
the worker with all that it started: when it is done, when it is silent for too long, and when the
process that asked is gone. Where a system cannot fork, the worker stands alone.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection as connections
from multiprocessing import forkserver, parent_process, process, resource_tracker
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from laoqu.errors import OutputError

CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()
#: A thread of a library would be missing in every fork; these keep them from starting.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER
#: Seconds that a process has to end by itself, before it is killed.
PATIENCE = 5.0


class Lost(Exception):  # noqa: N818 - it is the call that is lost
    """A call gave no value: ``late`` or died; ``notes`` is what it had told until then."""

    def __init__(self, message: str, late: bool = False, notes: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.late, self.notes = late, list(notes)


class Line(NamedTuple):
    """How a called function speaks to its keeper (`tell`) and hears who asked (`hear`)."""

    tell: Callable[[object], None]
    hear: Callable[[], object]


class Call:
    """A call that runs elsewhere: ``function(*arguments, line)``.

    Parameters
    ----------
    function : callable
        Of a module; it gets a `Line` as its last argument.
    arguments : sequence
    limit : float, optional
        Seconds in which it must tell something or return.
    environment : mapping, optional
        By default that of this process, as it stands now.
    """

    def __init__(
        self,
        function: Callable,
        arguments: Sequence[object] = (),
        limit: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        context = multiprocessing.get_context("forkserver" if CAN_FORK else "spawn")
        self.connection, theirs = context.Pipe()
        environment = dict(os.environ if environment is None else environment)
        arguments = (theirs, function, tuple(arguments), (limit, Path.cwd(), environment))
        with _alone():
            self.process = context.Process(target=_keep if CAN_FORK else _work, args=arguments)
            self.process.start()
        theirs.close()

    def fileno(self) -> int:
        """Return the number that `multiprocessing.connection.wait` waits for."""
        return self.connection.fileno()

    def send(self, value: object) -> None:
        """Send what the function will hear."""
        with suppress(OSError):
            self.connection.send(value)

    def result(self) -> object:
        """Wait for the value; raise `Lost` when there is none."""
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError) as error:
            raise Lost("its process ended") from error
        finally:
            self.close()
        if kind == "lost":
            raise value
        return value

    def close(self) -> None:
        """End the call, if it still runs."""
        self.connection.close()
        self.process.terminate()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


@contextmanager
def server(preload: Sequence[str]) -> Iterator[None]:
    """Have a fork server that has imported the modules `preload`; it ends with the block."""
    try:
        Path.cwd()
    except OSError:  # it was deleted, and no process can be started from nowhere
        process.ORIGINAL_DIR = tempfile.gettempdir()
        os.chdir(process.ORIGINAL_DIR)
    ours = CAN_FORK and forkserver._forkserver._forkserver_pid is None
    if ours:
        before = dict(os.environ)
        forkserver.set_forkserver_preload(list(preload))
        # Blocked here, the server is born deaf to Ctrl-C; what came meanwhile is heard afterwards.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            os.environ |= ONE_THREAD
            with _alone():
                forkserver.ensure_running()
        except OSError as error:
            message = f"no process can be started with the temporary folder {_temporary()}: {error}"
            raise OutputError(f"{message} (set TMPDIR to another folder)") from error
        finally:
            os.environ.clear()
            os.environ.update(before)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if ours:
            with suppress(OSError, TypeError):  # it may be gone
                os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
                forkserver._forkserver._stop()


def _temporary() -> str:
    return tempfile.tempdir or os.environ.get("TMPDIR") or "of this system"


@contextmanager
def _alone() -> Iterator[None]:
    """Start processes that do not run the caller's script once more, from any kind of process."""
    main, config = sys.modules["__main__"], process.current_process()._config
    daemon = config.pop("daemon", None)  # workers of Dask are daemons, which may have no children
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if daemon is not None:
            config["daemon"] = daemon


def _keep(connection: object, function: Callable, arguments: tuple, more: tuple) -> None:
    """Be the keeper: fork the worker, wait, pass its value on, leave nothing behind."""
    limit, where, environment = more
    os.setsid()
    _control(ADOPT_ORPHANS, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "log")
        hear, tell = multiprocessing.Pipe(duplex=False)
        if not (worker := os.fork()):
            _control(DIE_WITH_PARENT, signal.SIGKILL)
            os.setpgid(0, 0)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            hear.close()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
            tempfile.tempdir = os.environ["TMPDIR"] = folder
            _forget_server()
            _work(tell, function, arguments, (limit, where, environment), connection)
        tell.close()
        try:
            kind, value = _listen(hear, limit)
            if kind == "ended":
                code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
                said = log.read_text(errors="replace").strip().splitlines()[-4:]
                ending = f"signal {-code}" if code < 0 else f"status {code}"
                lines = [*said, f"the process ended with {ending}"]
                kind, value = "lost", Lost("\n".join(lines), notes=value)
        finally:
            _end_all(worker)
        if kind:
            with suppress(OSError):
                connection.send((kind, value))


def _forget_server() -> None:
    """Have processes that a notebook starts be its own, as in any program, not our server's."""
    multiprocessing.set_start_method(None, force=True)
    forkserver._forkserver.__init__()
    resource_tracker._resource_tracker.__init__()


def _listen(hear: object, limit: float | None) -> tuple[str, object]:
    """Return what came of the worker; ("", None) when whoever asked is gone."""
    notes, asked = [], parent_process().sentinel
    while True:
        ready = connections.wait([hear, asked], limit)
        if asked in ready:
            return "", None
        if not ready:
            return "lost", Lost(f"nothing was heard for {limit:g} s", late=True, notes=notes)
        try:
            kind, value = hear.recv()
        except (EOFError, OSError):
            return "ended", notes
        if kind != "note":
            return kind, value
        notes.append(value)


def _work(
    tell: object, function: Callable, arguments: tuple, more: tuple, hear: object = None
) -> None:
    """Be the worker: call the function, send its value or its traceback, end."""
    try:
        with suppress(OSError):
            os.chdir(more[1])
        noted = (lambda value: tell.send(("note", value))) if hear else (lambda _: None)
        tell.send(("value", function(*arguments, Line(noted, (hear or tell).recv))))
    except BaseException:
        with suppress(OSError):
            tell.send(("lost", Lost(traceback.format_exc())))
    finally:
        os._exit(0)


def _control(option: int, value: int) -> None:
    with suppress(AttributeError):  # not on this system
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_all(worker: int) -> None:
    """Kill whatever descends from this process, until nothing does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not (alive := _descendants()):
            return
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def _descendants() -> set[int]:
    """Return the numbers of the processes that come from this one (needs /proc)."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            parents[int(path.parent.name)] = int(path.read_bytes().rpartition(b")")[2].split()[1])
    found, new = set(), {os.getpid()}
    while new := {pid for pid, parent in parents.items() if parent in new} - found:
        found |= new
    return found
