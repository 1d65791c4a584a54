"""The warm server: imports everything once, then forks a fresh process for whoever connects.

Run as ``python -c "…; fork.main(folder)"`` by `laoqu.batch.warm`. It does nothing but fork and
reap: one thread, no sockets of zmq, no event loop, so that a child begins as clean as a new
interpreter that happens to have its modules loaded. It ends with whoever started it.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import pickle
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

#: What kernels and conversions import, loaded before the first fork. Not `matplotlib_inline`: it
#: hooks into the kernel when it is imported.
MODULES = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger", "IPython.core.completerlib",
    "IPython.extensions.storemagic", "sqlite3", "tornado.platform.asyncio", "numpy.random",
    "pandas", "geopandas", "pyarrow.parquet", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "laoqu.sections", "laoqu.forms.page", "laoqu.batch.execute",
    "laoqu.batch.ahead",
)  # fmt: skip
#: A thread of a library would be missing in every child; these keep them from starting.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
#: A child looks for garbage when this many objects are new, not 700: what it has is mostly kept.
GARBAGE = (50_000, 20, 50)
KERNEL = f"{__name__}:kernel"
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def send(connection: socket.socket, kind: bytes, value: object) -> None:
    """Send one message: a letter for its kind, its length, a pickle."""
    data = pickle.dumps(value)
    connection.sendall(kind + len(data).to_bytes(8, "big") + data)


def receive(connection: socket.socket) -> tuple[bytes, object]:
    """Return the next message as (kind, value); EOFError when the other side is gone."""
    head = _exactly(connection, 9)
    return head[:1], pickle.loads(_exactly(connection, int.from_bytes(head[1:], "big")))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        try:
            part = connection.recv(min(size - len(data), 1 << 20))
        except ConnectionError:
            part = b""
        if not part:
            raise EOFError("the warm server is gone")
        data += part
    return bytes(data)


def _import_without_grammar(name: str) -> None:
    """Import a module without the grammar it would parse for a second, of a format no notebook has.

    It can be imported as ever afterwards.
    """
    sys.modules["rfc3987_syntax"] = None
    try:
        import_module(name)
    finally:
        del sys.modules["rfc3987_syntax"]


def main(folder: str) -> None:
    """Serve until standard input closes; then kill every child and remove `folder`."""
    try:
        os.environ |= ONE_THREAD
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{folder}/s")
        listener.listen(64)
        _import_without_grammar("jsonschema")
        for name in MODULES:
            import_module(name)
        import_module("laoqu.batch.execute").warm_up()
        import_module("laoqu.batch.ahead").read()
        threads = len(list(Path("/proc/self/task").glob("*"))) or 1
        print("ready" if threads == 1 else f"{threads} threads run, a fork is not safe", flush=True)
        os.dup2(2, 1)
        gc.collect()
        gc.freeze()  # what is loaded stays shared: collecting garbage would copy its pages
        _Server(listener, folder).serve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Server:
    """Forks for each connection; kills the child whose connection closes; reports each end."""

    def __init__(self, listener: socket.socket, folder: str) -> None:
        self.listener, self.folder = listener, folder
        self.children: dict[int, socket.socket] = {}
        self.wake, wake = socket.socketpair()
        wake.setblocking(False)
        self.wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._keep = wake
        self.poll = select.poll()
        for file in (0, self.wake, listener):
            self.poll.register(file, select.POLLIN)

    def serve(self) -> None:
        """Loop until whoever started the server is gone."""
        while True:
            events = dict(self.poll.poll())
            if 0 in events:
                for pid in self.children:
                    kill(pid)
                while self.children:
                    self._reap(os.wait4(-1, 0))
                return
            if events.pop(self.wake.fileno(), None):
                self.wake.recv(4096)
            while self.children and (ended := os.wait4(-1, os.WNOHANG))[0]:
                self._reap(ended)
            for pid, connection in self.children.items():
                if connection.fileno() in events:
                    self.poll.unregister(connection)
                    kill(pid)
            if self.listener.fileno() in events:  # last: it may take a number just given back
                self._fork()

    def _fork(self) -> None:
        connection, _ = self.listener.accept()
        pid = os.fork()
        if pid:
            self.children[pid] = connection
            self.poll.register(connection, select.POLLRDHUP)
            return
        code = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for other in (self.listener, self.wake, self._keep, *self.children.values()):
                other.close()
            with open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), 0)
            code = _child(connection, self.folder)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self, ended: tuple[int, int, object]) -> None:
        pid, status, usage = ended
        connection = self.children.pop(pid)
        try:
            self.poll.unregister(connection)
            send(connection, b"x", (os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024))
        except (OSError, KeyError):
            pass  # whoever asked is gone
        connection.close()


def kill(pid: int) -> None:
    """Kill a child with all it started."""
    for send_signal in (os.killpg, os.kill):
        try:
            return send_signal(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has not yet its own group, or is gone
    return None


def _child(connection: socket.socket, folder: str) -> int:
    """Do what was asked for; everything that a fresh process would draw anew is drawn anew."""
    import numpy as np

    from laoqu.batch import warm

    send(connection, b"p", os.getpid())
    _, (function, arguments, environment, cwd) = receive(connection)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    random.seed()
    np.random.seed()
    gc.set_threshold(*GARBAGE)
    warm.attach(folder)
    if function == KERNEL:
        connection.close()
        return kernel(*arguments)
    tempfile.tempdir = folder  # what a killed child leaves goes with the server
    try:
        send(connection, b"r", resolve_name(function)(*arguments))
    except Exception:
        send(connection, b"e", traceback.format_exc())
    return 0


def kernel(argv: list[str]) -> int:
    """Be an IPython kernel until told to stop; `argv` is the command of a kernelspec, filled in."""
    import matplotlib as mpl
    from ipykernel.kernelapp import IPKernelApp

    from laoqu.batch import ahead

    ahead.forget()
    sys.argv = argv[argv.index("ipykernel_launcher") :]
    inline = "module://matplotlib_inline.backend_inline"
    mpl.rcParams["backend"] = os.environ.setdefault("MPLBACKEND", inline)
    # ipykernel read the variable for this when it was imported, long before this kernel.
    IPKernelApp.launch_instance(argv=[*sys.argv[1:], f"--IPKernelApp.parent_handle={os.getppid()}"])
    return 0
