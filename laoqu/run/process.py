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
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection as connections
from multiprocessing import forkserver, parent_process, process, resource_tracker
from pathlib import Path
from types import ModuleType

import psutil

from laoqu.errors import OutputError
from laoqu.run import SAID, Recipe, Run
from laoqu.run.store import text_of

CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()
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
    process, as it stands now.
    """

    def __init__(
        self,
        function: Callable,
        arguments: Sequence[object] = (),
        limit: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        context = multiprocessing.get_context("forkserver" if CAN_FORK else "spawn")
        self.connection, theirs = context.Pipe(duplex=False)
        environment = dict(os.environ if environment is None else environment)
        call = theirs, function, tuple(arguments), limit, environment
        with _alone():
            self.process = context.Process(target=_keep if CAN_FORK else _work, args=call)
            self.process.start()
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
        """End the call, if it still runs."""
        self.connection.close()
        self.process.terminate()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


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
            folder = tempfile.tempdir or os.environ.get("TMPDIR", "of this system")
            message = f"no process can be started with the temporary folder {folder}: {error}"
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


def _keep(
    connection: object, function: Callable, arguments: tuple, limit: float | None, environment: dict
) -> None:
    """Be the keeper: fork the worker, wait, pass its value on, leave nothing behind."""
    os.setsid()
    _control(ADOPT_ORPHANS, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        hear, tell = multiprocessing.Pipe(duplex=False)
        if not (worker := os.fork()):
            hear.close()
            _part_from_keeper(folder)
            _work(tell, function, arguments)
        tell.close()
        try:
            value = _listen(hear, limit)
            if isinstance(value, Lost) and not str(value):
                code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
                logs = [path.read_text(errors="replace") for path in Path(folder).rglob(f"*{SAID}")]
                ending = f"signal {-code}" if code < 0 else f"status {code}"
                last = [
                    *"".join(logs).strip().splitlines()[-4:],
                    f"the process ended with {ending}",
                ]
                value.args = ("\n".join(last),)
        finally:
            _end_all()
        with suppress(OSError):
            connection.send(("value", value))


def _part_from_keeper(folder: str) -> None:
    """Have a worker signals, streams, and a temporary folder of its own."""
    end_with_parent()
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(Path(folder, SAID), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    # What a notebook starts is its own, as in any program, not our server's.
    multiprocessing.set_start_method(None, force=True)
    forkserver._forkserver.__init__()
    resource_tracker._resource_tracker.__init__()


def _listen(hear: object, limit: float | None) -> object:
    """Return the worker's value, or how it was lost: without a word when it just ended."""
    notes, asked, value = [], parent_process().sentinel, Lost()
    while ready := connections.wait([hear, asked], limit):
        if asked in ready:
            sys.exit(1)
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
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    until = time.monotonic() + PATIENCE
    while (left := psutil.Process().children(recursive=True)) and time.monotonic() < until:
        for each in left:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(left, timeout=0.1)
