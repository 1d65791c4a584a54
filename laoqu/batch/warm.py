"""The warm server from outside: start it, have it fork a process, get back what that returns."""

from __future__ import annotations

import atexit
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from laoqu import paths
from laoqu.batch import fork
from laoqu.errors import LaoquError


class ColdError(LaoquError):
    """No warm server here; says why."""


class Forked:
    """A process that the warm server forked for us, with the methods of ``subprocess.Popen``.

    Closing the connection, or dying, makes the server kill the process.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.returncode: int | None = None
        self.memory = 0
        self.pid: int = fork.receive(connection)[1]

    def receive(self) -> object:
        """Wait for what the process returns; EOFError when it ended before."""
        kind, value = fork.receive(self.connection)
        if kind == b"e":
            raise RuntimeError(value)
        if kind == b"x":
            self.returncode, self.memory = value
            raise EOFError(f"the process ended with {_ending(self.returncode)}")
        return value

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self.returncode is None and select.select([self.connection], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; the exit code is negative for a signal."""
        if self.returncode is None:
            self.connection.settimeout(timeout)
            try:
                self.returncode, self.memory = fork.receive(self.connection)[1]
            except EOFError:
                self.returncode = -9  # the server died, and its children with it
            self.connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Server:
    """The warm server seen from the process that started it, or from a child of it.

    Parameters
    ----------
    folder : str, optional
        Of a server that runs; by default one is started, and ends with `close` or this process.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.process, self.owner, self.lock = None, os.getpid(), threading.Lock()
        self.folder = folder or tempfile.mkdtemp(prefix="laoqu-")
        self.cold = ""
        if folder:
            return
        code = (
            "import sys; '' in sys.path and sys.path.remove(''); "
            f"p = {str(paths.PACKAGE.parent)!r}; p in sys.path or sys.path.append(p); "
            f"from laoqu.batch import fork; fork.main({self.folder!r})"
        )
        self.log = tempfile.TemporaryFile()  # the server takes its folder with it  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, start_new_session=True, env=os.environ | fork.ONE_THREAD,
        )  # fmt: skip
        atexit.register(self.close)

    def ready(self) -> None:
        """Wait until the server can fork; ColdError when it cannot."""
        with self.lock:
            if self.process and not self.process.stdout.closed:
                said = self.process.stdout.readline().decode().strip()
                self.process.stdout.close()
                if said != "ready":
                    if not said:
                        self.process.wait()  # or its last words are not all there
                    self.log.seek(0)
                    log = self.log.read().decode(errors="replace")
                    self.cold = said or (log.strip().splitlines() or ["it ended at once"])[-1]
                    self.close()
        if self.cold:
            raise ColdError(self.cold)

    def start(
        self, function: str, *arguments: object, env: dict | None = None, cwd: str = ""
    ) -> Forked:
        """Have `function` (``module:name``) called in a fresh child; return the child."""
        self.ready()
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(f"{self.folder}/s")
            request = (function, arguments, dict(env or os.environ), str(cwd or Path.cwd()))
            child = Forked(connection)
            fork.send(connection, b"q", request)
        except (OSError, EOFError) as error:
            connection.close()
            raise ColdError(f"the warm server does not answer: {error}") from error
        return child

    def call(self, function: str, *arguments: object) -> object:
        """Return what `function` returns in a fresh child; EOFError when the child died."""
        child = self.start(function, *arguments)
        try:
            return child.receive()
        finally:
            child.connection.close()

    def usable(self) -> bool:
        """Say whether it may be asked here: a server that never came up answers at once, why."""
        ended = self.process is not None and self.process.poll() is not None
        return self.owner == os.getpid() and (bool(self.cold) or not ended)

    def close(self) -> None:
        """End the server, every process it forked, and its folder."""
        if self.process is None or self.owner != os.getpid():
            return
        atexit.unregister(self.close)
        if not self.process.stdout.closed:
            self.process.kill()  # it still imports, and has no child
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_shared: Server | None = None


def server() -> Server:
    """Return this process's warm server, started at first use; ColdError says why there is none."""
    global _shared
    if not (_shared and _shared.usable()):
        _shared = begin()
    return _shared


def begin() -> Server:
    """Start a server of one's own, to close after use; ColdError where there can be none."""
    if not (hasattr(os, "fork") and hasattr(select, "POLLRDHUP")):
        raise ColdError("this system cannot fork a running program safely")
    return Server()


def attach(folder: str) -> None:
    """Use the server that forked this process."""
    global _shared
    _shared = Server(folder)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"status {code}"
