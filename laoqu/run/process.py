"""A function in a process of its own, forked from a server that has imported everything before.

Two processes stand behind a call: a worker, which calls the function, and its keeper, which ends
the worker with all that it started: when it is done, when it is silent for too long, and when the
process that asked is gone. Sockets join them, since whoever goes lets go of its end: nothing has to
be told of a death. Where a system cannot fork, the worker stands alone.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import connection as connections
from pathlib import Path
from types import ModuleType

import psutil

from laoqu.run import SAID, Recipe, Run
from laoqu.run.store import text_of

CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
#: A thread of a library would be missing in every fork; these keep them from starting.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
#: Names of the kernel: PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER.
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36
#: Seconds that a process has to end by itself, before it is killed.
PATIENCE = 5.0
#: Bytes of memory that one run may need beside the others.
RUN_MEMORY = 768 << 20


class Lost(Exception):  # noqa: N818 - it is the call that is lost
    """A call gave no value: ``late`` or died; ``notes`` is what it had told until then."""

    late, notes = False, ()


class Call:
    """``function(*arguments, tell)`` elsewhere; `tell` takes what it has to say meanwhile.

    It must tell something or return in `limit` seconds. `environment` is by default that of this
    process, as it stands now. Where processes are forked, a `server` must stand.
    """

    def __init__(
        self,
        function: Callable,
        arguments: Sequence[object] = (),
        limit: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        environment = dict(os.environ if environment is None else environment)
        call = function, tuple(arguments), limit, environment
        self.server, self.alone = _servers[0] if CAN_FORK else None, None
        if self.server:
            self.connection = self.server.ask()
            with suppress(OSError):  # what is gone is noticed where the value is waited for
                self.connection.send((sys.path, call))
        else:
            spawn = multiprocessing.get_context("spawn")
            self.connection, theirs = spawn.Pipe()
            self.alone = spawn.Process(target=_work, args=(theirs, *call[:2]))
            main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
            try:
                self.alone.start()  # without the caller's script, which would run once more
            finally:
                sys.modules["__main__"] = main
            theirs.close()

    def fileno(self) -> int:
        """Return the number that `multiprocessing.connection.wait` waits for."""
        return self.connection.fileno()

    def result(self) -> object:
        """Wait for the value; raise `Lost` when there is none."""
        try:
            value = self.connection.recv()[1]
        except (EOFError, OSError) as error:
            raise Lost("its process ended") from error
        finally:
            self.close()
        if isinstance(value, Lost):
            raise value
        return value

    def close(self) -> None:
        """End the call, if it still runs, and wait until its processes are gone."""
        with suppress(EOFError, OSError):
            self.connection.send("end")
            while self.server and self.server.forks() and self.connection.poll(PATIENCE):
                self.connection.recv()
        self.connection.close()
        if self.alone:
            self.alone.kill()
            self.alone.join()


def run_here(
    recipe: Recipe, runs: Sequence[Run], width: int | None, began: Callable[[str], None]
) -> Iterator[Run]:
    """Yield each run as it ends, `width` at a time; leaving ends those that run."""
    waiting, running = deque(runs), {}
    try:
        while waiting or running:
            while waiting and len(running) < (width or room()):
                run = waiting.popleft()
                began(run.name)
                running[start(recipe, run)] = run
            for call in connections.wait(list(running)):
                yield collect(call, recipe, running.pop(call))
    finally:
        for call in running:
            call.close()


def room() -> int:
    """Return how many runs go at a time: one a core, fewer where memory is short."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, psutil.virtual_memory().available // RUN_MEMORY))


def start(recipe: Recipe, run: Run, environment: Mapping[str, str] | None = None) -> Call:
    """Begin a run in a process of its own."""
    limit = recipe.timeout and recipe.timeout + PATIENCE
    return Call(execute, [recipe, run], limit, environment)


def collect(call: Call, recipe: Recipe, run: Run) -> Run:
    """Wait for a run that was begun; one whose process died or hangs failed, and says where."""
    try:
        return call.result()
    except Lost as lost:
        lines, cell, files = str(lost).strip().splitlines(), None, {}
        late = f"TimeoutError: a cell took longer than {recipe.timeout or 0:g} s and did not stop"
        error = late if lost.late else lines[-1]
        if lost.notes:  # the notebook as it began, then (number, cell) of each that began and ended
            notebook, *cells = lost.notes
            for number, each in cells or [(0, notebook["cells"][0])]:
                notebook["cells"][number] = each
            output = {"output_type": "error", "ename": error.partition(":")[0], "evalue": error,
                      "traceback": lines}  # fmt: skip
            each.setdefault("outputs", []).append(output)
            cell = sum(one["cell_type"] == "code" for one in notebook["cells"][: number + 1])
            files[f"{recipe.stem}.failed.ipynb"] = text_of(notebook)
        return run.failed(error, lines, cell=cell, files=files)


def execute(recipe: Recipe, run: Run, tell: Callable[[object], None]) -> Run:
    """Run one notebook in this process: `laoqu.run.engine.execute`, imported where it runs."""
    from laoqu.run.engine import execute

    return execute(recipe, run, tell)


@contextmanager
def server(preload: Sequence[str]) -> Iterator[None]:
    """Have a fork server that has imported the modules `preload`; it ends with the block."""
    if not CAN_FORK or _servers:
        yield
        return
    _servers.append(Server(preload))
    try:
        yield
    finally:
        _servers.pop().close()


class Server:
    """A fork server: it takes sockets and has a keeper for each."""

    def __init__(self, preload: Sequence[str]) -> None:
        self.preload = list(preload)
        self.start()

    def start(self) -> None:
        """Start the process, in a session that hears no Ctrl-C and lives wherever it can."""
        code = f"import sys; sys.path[:] = {sys.path}; from laoqu.run.process import serve; "
        self.socket, theirs = socket.socketpair()
        try:
            folder = Path.cwd()
        except OSError:  # it was deleted
            folder = tempfile.gettempdir()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{code}serve({self.preload})"], stdin=theirs, cwd=folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | ONE_THREAD,
            )  # fmt: skip

    def ask(self) -> connections.Connection:
        """Return a connection to a new keeper, which waits for a call."""
        if self.process.poll() is not None:  # somebody has killed it
            self.close()
            self.start()
        ours, theirs = socket.socketpair()
        with theirs, suppress(OSError):
            socket.send_fds(self.socket, [b"."], [theirs.fileno()])
        return connections.Connection(ours.detach())

    def forks(self) -> bool:
        """Whether it has imported all, and takes sockets."""
        return bool(connections.wait([self.socket], 0))

    def close(self) -> None:
        """End the process, if it has not ended."""
        self.socket.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:  # it still imports
            self.process.kill()
            self.process.wait()


_servers: list[Server] = []


def serve(preload: Sequence[str]) -> None:
    """Be the fork server, until the socket that is its standard input is let go of."""
    for name in preload:
        with suppress(Exception):  # a run says what is wrong
            import_module(name)
    asked, nothing = socket.socket(fileno=os.dup(0)), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    asked.send(b".")
    while numbers := socket.recv_fds(asked, 1, 1)[1]:
        if not os.fork():
            try:
                asked.close()
                _keep(connections.Connection(numbers[0]))
            finally:
                os._exit(0)
        os.close(numbers[0])
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(ChildProcessError):
        while True:
            os.wait()


def _keep(asker: connections.Connection) -> None:
    """Be the keeper: fork the worker, wait, pass its value on, leave nothing behind."""
    _control(ADOPT_ORPHANS, 1)
    sys.path[:], (function, arguments, limit, environment) = asker.recv()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        hear, tell = multiprocessing.Pipe(duplex=False)
        if not (worker := os.fork()):
            hear.close()
            asker.close()
            _part_from_keeper(folder)
            _work(tell, function, arguments)
        tell.close()
        try:
            value = _listen(hear, asker, limit)
            if isinstance(value, Lost) and not str(value):
                value.args = (_ending(worker, Path(folder)),)
        finally:
            _end_all()
    with suppress(OSError):
        asker.send(("value", value))


def _part_from_keeper(folder: str) -> None:
    """Have a worker signals, streams, and a temporary folder of its own."""
    end_with_parent()
    os.setpgid(0, 0)
    log = os.open(Path(folder, SAID), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    tempfile.tempdir = os.environ["TMPDIR"] = folder


def _listen(hear: object, asker: object, limit: float | None) -> object:
    """Return the worker's value, or how it was lost: without a word when it just ended."""
    notes, value = [], Lost()
    while ready := connections.wait([hear, asker], limit):
        if asker in ready:
            value = Lost("nobody wants its value any more")
            break
        try:
            kind, said = hear.recv()
        except (EOFError, OSError):
            break
        if kind == "value":
            value = said
            break
        notes.append(said)
    else:
        value = Lost(f"nothing was heard for {limit:g} s")
        value.late = True
    if isinstance(value, Lost):
        value.notes = notes
    return value


def _ending(worker: int, folder: Path) -> str:
    """Return what a worker said last, and how it ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    said = "".join(log.read_text(errors="replace") for log in folder.rglob(f"*{SAID}"))
    ending = f"the process ended with {f'signal {-code}' if code < 0 else f'status {code}'}"
    return "\n".join([*said.strip().splitlines()[-4:], ending])


def _work(tell: object, function: Callable, arguments: tuple, *_: object) -> None:
    """Be the worker: call the function, send its value or its traceback, end."""
    try:
        noted = (lambda value: tell.send(("note", value))) if CAN_FORK else (lambda _: None)
        tell.send(("value", function(*arguments, noted)))
    except BaseException:
        with suppress(OSError):
            tell.send(("value", Lost(traceback.format_exc())))
    finally:
        os._exit(0)


def end_with_parent() -> None:
    """Have this process killed when the one that started it has ended."""
    _control(DIE_WITH_PARENT, signal.SIGKILL)


def _control(option: int, value: int) -> None:
    with suppress(AttributeError):  # not on this system
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_all() -> None:
    """Kill what this process started, and what falls to it when its parent is gone, until none is.

    What began a session of its own and lost its parent falls to it on Linux alone.
    """
    until = time.monotonic() + PATIENCE
    while (left := psutil.Process().children(recursive=True)) and time.monotonic() < until:
        for each in left:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(left, timeout=0.1)
