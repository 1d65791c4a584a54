"""What stands behind a call of `laoqu.run.process`: the fork server, a keeper, a worker.

A keeper passes on what its worker tells, and ends it with all that it started: when it is done,
and when the process that asked is gone or wants no more.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import os
import pickle
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from multiprocessing import connection as connections
from pathlib import Path
from pkgutil import resolve_name

import psutil

from laoqu.errors import LaoquError, sentence
from laoqu.run import SAID
from laoqu.run.cell import alarm

#: Names of the kernel: PR_SET_PDEATHSIG, to be killed when the parent has ended;
#: PR_SET_CHILD_SUBREAPER, to be the parent of what below this process loses its own.
DIE_WITH_PARENT, ADOPT_ORPHANS = 1, 36
#: Seconds that a process has to end by itself, before it is killed.
PATIENCE = 5.0
#: Seconds that what a run has left to be done at its end may take.
LEAVING = 60.0
#: What helps where a notebook leaves something behind that works on.
WAIT = "wait for them in a cell, or make threads daemons"
#: What a message is, by its first byte: who the keeper is, what is told, the value.
KEEPER, NOTE, VALUE = b"k", b"n", b"v"
#: Pictures are made without a window, whatever backend the reader draws with.
NO_WINDOW = {"MPLBACKEND": ""}
#: The longest message of a worker, in bytes.
MOST_BYTES = 1 << 30


class Lost(Exception):  # noqa: N818 - it is the call that is lost
    """A call gave no value: ``late`` or died; ``notes`` is what it had told until then."""

    late, notes = False, ()


def refused(error: OSError) -> bytes:
    """Return the value of a call for which the system had no process."""
    return VALUE + pickle.dumps(Lost(f"it got no process: {sentence(error)}"))


def serve(preload: Sequence[str]) -> None:
    """Be the fork server, until the socket that is its standard input is let go of."""
    control(ADOPT_ORPHANS, 1)  # of a keeper that was killed
    os.environ |= NO_WINDOW
    for name in preload:
        with suppress(Exception):  # a run says what is wrong
            import_module(name)
    asked, nothing = socket.socket(fileno=os.dup(0)), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    asked.send(b".")
    me = os.getpid()
    while numbers := socket.recv_fds(asked, 1, 1)[1]:
        asker = connections.Connection(numbers[0])
        try:
            if not os.fork():
                asked.close()
                _keep(asker)
        except OSError as error:
            with suppress(OSError):
                asker.send_bytes(refused(error))
        finally:
            if os.getpid() != me:
                os._exit(0)
        asker.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    psutil.wait_procs(psutil.Process().children(), timeout=2 * PATIENCE)
    end_all()


def _keep(asker: connections.Connection) -> None:
    """Be the keeper: fork the worker, wait, pass its value on, leave nothing behind."""
    control(ADOPT_ORPHANS, 1)
    sys.path[:], (function, arguments, environment, here) = asker.recv()
    os.chdir(here)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        asker.send_bytes(KEEPER + pickle.dumps((os.getpid(), folder)))
        hear, tell = connections.Pipe()
        if not (worker := os.fork()):
            hear.close()
            asker.close()
            control(DIE_WITH_PARENT, signal.SIGKILL)
            os.setpgid(0, 0)
            log = os.open(Path(folder, SAID), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            tempfile.tempdir = os.environ["TMPDIR"] = folder
            work(tell, function, arguments)
        tell.close()
        try:
            value = _hear(hear, asker, worker)
            if isinstance(value, Lost):
                value.args = value.args or (_ending(worker, Path(folder)),)
                value = VALUE + pickle.dumps(value)
        finally:
            end_all()
    with suppress(OSError):
        asker.send_bytes(value)


def _hear(hear: connections.Connection, asker: connections.Connection, worker: int) -> bytes | Lost:
    """Pass the worker's notes on; return its value, or a `Lost` without a word if it just ended."""
    ended = []
    with suppress(AttributeError, OSError):  # what it started may hold its end: it is no sign
        ended.append(os.pidfd_open(worker))
    while True:
        ready = connections.wait([hear, asker, *ended])
        if asker in ready:
            return Lost("nobody wants its value any more")
        if hear not in ready:
            return Lost()
        try:
            said = hear.recv_bytes(MOST_BYTES)
        except (EOFError, ConnectionError):
            return Lost()
        except OSError:  # a length that none has
            said = b""
        if said[:1] == VALUE:
            return said
        if said[:1] != NOTE:
            return Lost("its process sent what nobody can read")
        asker.send_bytes(said)


def _ending(worker: int, folder: Path) -> str:
    """Return what a worker said last, and how it ended."""
    try:
        code = psutil.Process(worker).wait(PATIENCE)
        ending = f"the process ended with {f'signal {-code}' if code < 0 else f'status {code}'}"
    except psutil.TimeoutExpired:
        ending = "its process closed what it speaks through"
    said = "".join(log.read_text(errors="replace") for log in folder.rglob(f"*{SAID}"))
    return "\n".join([*said.strip().splitlines()[-4:], ending])


def work(tell: connections.Connection, function: str, arguments: tuple, *_: object) -> None:
    """Be the worker: call the function, send its value or its traceback, end."""
    me = os.getpid()
    os.environ |= NO_WINDOW

    def send(kind: bytes, what: object) -> None:
        if os.getpid() != me:  # a copy of this process, which a cell has forked: it has no say
            os._exit(1)
        tell.send_bytes(kind + pickle.dumps(what))

    atexit._clear()  # what those before the fork have registered is theirs
    gc.freeze()
    try:
        value = resolve_name(function)(*arguments, partial(send, NOTE))
        _leave()
        send(VALUE, value)
    except BaseException:
        with suppress(OSError):
            send(VALUE, Lost(traceback.format_exc()))
    finally:
        os._exit(0)


def _leave() -> None:
    """Do what an interpreter does as it ends: threads end, and what is left open is written."""
    began = time.monotonic()
    with suppress(TimeoutError), alarm(LEAVING):
        threading._shutdown()
        atexit._run_exitfuncs()
        gc.collect()
    if time.monotonic() - began > LEAVING:  # hooks of atexit lose what is raised in them
        said = f"threads or atexit hooks of a cell were at work {LEAVING:g} s after the last one"
        raise LaoquError(f"{said}: {WAIT}")
    # Outer ones first: a text, a compressed file, what is below them.
    below = io.BufferedWriter, io.BufferedRandom, io.FileIO
    files = [each for each in gc.get_objects() if issubclass(type(each), io.IOBase)]
    files.sort(key=lambda each: (type(each) in below, not isinstance(each, io.TextIOBase)))
    for each in files:
        with suppress(BaseException):
            if each.writable() and each.fileno() > 2:
                each.close()


def control(option: int, value: int) -> None:
    """Ask the kernel for `DIE_WITH_PARENT` or `ADOPT_ORPHANS`, where it knows them."""
    with suppress(AttributeError):  # not on this system
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_all(keeper: int | None = None) -> None:
    """Kill what this process, or a keeper with itself, has started, until nothing else is left.

    What began a session of its own and lost its parent falls to its keeper on Linux alone.
    """
    until = time.monotonic() + PATIENCE
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(keeper)
        while time.monotonic() < until and (left := parent.children(recursive=True)):
            for each in left:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(left, timeout=0.1)
        if keeper:
            parent.kill()
