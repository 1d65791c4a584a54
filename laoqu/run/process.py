"""A function in a process of its own, forked from a server that has imported everything before.

Two processes stand behind a call: a worker, which calls the function, and its keeper, which ends
the worker with all that it started: when it is done, and when the process that asked is gone or
wants no more. Sockets join them, since whoever goes lets go of its end: nothing has to be told of a
death. Cells may do anything, also to their keeper: what a worker tells is kept by the process that
asked, which alone looks at the clock and ends both when nothing is heard of them. Where a system
cannot fork, the worker stands alone.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection as connections
from pathlib import Path
from types import ModuleType

import psutil

from laoqu.run import Recipe, Run
from laoqu.run.keeper import KEEPER, NOTE, PATIENCE, WAIT, Lost, end_all, refused, work
from laoqu.run.store import text_of

CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
#: A thread of a library would be missing in every fork; these keep them from starting.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
#: Seconds that the first sign of a process may take: everything is imported before; and the index.
FIRST_SIGN = 300.0
#: Bytes of memory that one run may need beside the others.
RUN_MEMORY = 768 << 20


class Call:
    """``function(*arguments, tell)`` elsewhere; `tell` takes what it has to say meanwhile.

    The function, ``module:name``, is imported there. It must tell something or return in `limit`
    seconds. `environment` is by default that of this process, as it stands now; so is the working
    directory. Where processes are forked, a `server` must stand.
    """

    def __init__(
        self,
        function: str,
        arguments: Sequence[object] = (),
        limit: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        environment = dict(os.environ if environment is None else environment)
        call = function, tuple(arguments), environment, here()
        self.server, self.alone = _servers[0] if CAN_FORK else None, None
        self.keeper, self.folder, self.notes, self.value = None, None, [], []
        self.began, self.limit = time.monotonic(), limit or math.inf
        self.until = self.began + self.limit + FIRST_SIGN
        if self.server:
            self.connection = self.server.ask(limit)
            with suppress(OSError):  # what is gone is noticed where the value is waited for
                self.connection.send((sys.path, call))
        else:
            spawn = multiprocessing.get_context("spawn")
            self.connection, theirs = spawn.Pipe()
            self.alone = spawn.Process(target=work, args=(theirs, *call[:2]))
            main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
            try:
                self.alone.start()  # without the caller's script, which would run once more
            finally:
                sys.modules["__main__"] = main
            theirs.close()

    def fileno(self) -> int:
        """Return the number that `multiprocessing.connection.wait` waits for."""
        return self.connection.fileno()

    def hear(self) -> None:
        """Take one message, which is there; notes are read when they are needed."""
        try:
            said = self.connection.recv_bytes()
            kind, said = said[:1], said[1:]
            if kind == NOTE:
                self.notes.append(said)
            elif kind == KEEPER:
                self.keeper, self.folder = pickle.loads(said)
            else:
                self.value = [pickle.loads(said)]
            self.until = time.monotonic() + self.limit
        except (EOFError, OSError):
            self.value = [Lost("its process ended")]
        except Exception as error:  # a cell wrote what is no message
            self.value = [Lost(f"its process sent what nobody can read: {error}")]

    def result(self) -> object:
        """Wait for the value; raise `Lost` when there is none."""
        try:
            while not self.value:
                over([self])
        finally:
            self.close()
        (value,) = self.value
        if isinstance(value, Lost):
            with suppress(Exception):
                value.notes = [pickle.loads(note) for note in self.notes]
            raise value
        return value

    def close(self) -> None:
        """End the call, if it still runs, and wait until its processes are gone."""
        try:
            if self.keeper:
                os.kill(self.keeper, signal.SIGCONT)  # it may have been stopped
            self.connection.send("end")
            while self.server and self.server.forks() and self.connection.poll(1):
                self.connection.recv_bytes()
            if self.keeper:
                end_all(self.keeper)
        except (EOFError, OSError):  # its keeper is gone
            pass
        self.connection.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.alone:
            self.alone.kill()
            self.alone.join()


def over(calls: Sequence[Call]) -> list[Call]:
    """Listen to calls until one hears something or is late; return those that are over."""
    wait = max(0, min(call.until for call in calls) - time.monotonic())
    ready = connections.wait(calls, None if wait == math.inf else wait)
    for call in calls:
        if call in ready:
            call.hear()
        elif call.until < time.monotonic():
            call.value = [Lost("nothing was heard of its process")]
            call.value[0].late = True
            if call.server and not call.keeper:  # the server is stopped: the next call has another
                call.server.process.kill()
                call.server.process.wait()
    return [call for call in calls if call.value]


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
            for call in over(list(running)):
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
    return Call("laoqu.run.engine:execute", [recipe, run], limit, environment)


def collect(call: Call, recipe: Recipe, run: Run) -> Run:
    """Wait for a run that was begun; one whose process died or hangs failed, and says where."""
    try:
        return call.result()
    except Lost as lost:
        cell, files, error = None, {}, shown(lost, recipe.timeout, {})
        if lost.notes:  # the notebook as it began, then (number, cell) of each that began and ended
            notebook, *cells = lost.notes
            for number, each in cells or [(0, notebook["cells"][0])]:
                notebook["cells"][number] = each
            error = shown(lost, recipe.timeout, each)
            each.setdefault("outputs", []).append(error)
            if "papermill" in each["metadata"]:
                cell = sum(one["cell_type"] == "code" for one in notebook["cells"][: number + 1])
            files[f"{recipe.stem}.failed.ipynb"] = text_of(notebook)
        seconds, lines = time.monotonic() - call.began, error["traceback"]
        return run.failed(lines[-1], lines, cell=cell, files=files, seconds=seconds)


def shown(lost: Lost, limit: float | None, cell: Mapping) -> dict[str, object]:
    """Return what a lost call is in a notebook: an error of the `cell` that had begun, if any."""
    lines = str(lost).strip().splitlines()
    if lost.late and cell:  # while the page is made, cells have no times any more
        what, mend = "a cell", ""
        if "papermill" not in cell["metadata"]:
            what = "the page, or threads or atexit hooks that the notebook left behind,"
            mend = f": if it has such, {WAIT}"
        lines = [f"TimeoutError: {what} took longer than {limit or 0:g} s and did not stop{mend}"]
    name, said = lines[-1].partition(":")[0], lines[-1]
    return {"output_type": "error", "ename": name, "evalue": said, "traceback": lines}


@contextmanager
def server(preload: Sequence[str]) -> Iterator[None]:
    """Have a fork server that has imported the modules `preload`; it ends with the last block."""
    if not CAN_FORK:
        yield
        return
    with _one:
        _servers.append(_servers[0] if _servers else Server(preload))
    try:
        yield
    finally:
        with _one:
            last = _servers.pop()
            if not _servers:
                last.close()


class Server:
    """A fork server: it takes sockets and has a keeper for each."""

    process = None

    def __init__(self, preload: Sequence[str]) -> None:
        self.preload = list(preload)

    def start(self) -> None:
        """Start the process, in a session that hears no Ctrl-C and lives wherever it can."""
        code = f"import sys; sys.path[:] = {sys.path}; from laoqu.run.keeper import serve; "
        self.socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{code}serve({self.preload})"], stdin=theirs, cwd=here(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                env=os.environ | ONE_THREAD,
            )  # fmt: skip

    def ask(self, limit: float | None) -> connections.Connection:
        """Return a connection to a new keeper, which waits for a call.

        No message of it may stop half way for `limit` seconds.
        """
        ends = socket.socketpair()
        if limit:
            seconds = struct.pack("ll", math.ceil(limit), 0)
            ends[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        ours, theirs = (connections.Connection(end.detach()) for end in ends)
        with theirs, _one:
            try:
                if not self.process or self.process.poll() is not None:  # somebody has killed it
                    self.close()
                    self.start()
                socket.send_fds(self.socket, [b"."], [theirs.fileno()])
            except OSError as error:
                theirs.send_bytes(refused(error))
        return ours

    def forks(self) -> bool:
        """Whether it has imported all, and takes sockets."""
        return bool(connections.wait([self.socket], 0))

    def close(self) -> None:
        """End the process, if it has not ended."""
        if not self.process:
            return
        self.socket.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:  # it still imports
            self.process.kill()
            self.process.wait()


def here() -> Path:
    """Return the working directory of a call: ours, or the temporary folder if it was deleted."""
    try:
        return Path.cwd()
    except OSError:  # it was deleted
        return Path(tempfile.gettempdir())


#: The server, once for each block that has it; one thread at a time changes it.
_servers: list[Server] = []
_one = threading.Lock()
