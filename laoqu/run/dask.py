"""Runs on a Dask cluster: notebooks and parameters travel there as bytes, files come back as bytes.

A scheduler asks nobody who they are: whoever reaches it runs code on its workers. Bind it to one
machine (``dask scheduler --host 127.0.0.1``) or give it TLS. Every worker needs laoqu of the same
source, data and packages; one's own tables travel with a run.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from distributed import Client

from laoqu.errors import LaoquError
from laoqu.run import process
from laoqu.run import store as stores
from laoqu.run.jobs import Job, Result
from laoqu.run.local import collect, start
from laoqu.run.parameters import digest_of

#: What must be the same here and there; the lock file only lists versions, and may be absent.
SAME = ("data", "source", "versions")
#: Seconds for a scheduler to answer, for a first worker, and for one that went to come back.
ANSWER, FIRST_WORKER, RETURN = 5, 10, 15
#: Seconds between two looks at what is done.
PAUSE = 0.02


@contextmanager
def connect(address: str, preload: Sequence[str]) -> Iterator[Callable]:
    """Give an engine (name → job in, name and result out) on the workers of a scheduler."""
    say = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
    own = {name: (Path(os.environ[name]).name, Path(os.environ[name]).read_bytes())
           for name in stores.OWN if os.environ.get(name)}  # fmt: skip
    told = {name: os.environ[name] for name in stores.SETTINGS if os.environ.get(name)}
    wanted = {part: files for part, files in stores.inputs().items() if part in SAME}
    try:
        if not _answers(address):
            raise OSError("nobody listens")
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except Exception as error:  # whatever one says who is no scheduler
        raise LaoquError(f"no Dask scheduler answers at {address}; {say}") from error
    try:
        try:
            client.wait_for_workers(1, timeout=FIRST_WORKER)
            there = client.run(differences, wanted)
        except Exception as error:  # also whatever a worker without our modules raises
            raise LaoquError(
                f"no Dask worker at {address} can run laoqu: {error}; {say}"
            ) from error
        for worker, found in there.items():
            if found:
                raise LaoquError(f"the Dask worker {worker} would give other results: {found}")
        yield lambda jobs: _run(client, address, jobs, (tuple(preload), wanted, own, told))
    finally:
        with suppress(Exception):
            client.close(timeout=1)


def _run(client: Client, address: str, jobs: Mapping[str, Job], more: tuple) -> Iterator:
    """Yield (name, result) as results come; what a lost scheduler had is lost, not waited for."""
    futures = {client.submit(work, job, *more, pure=False): name for name, job in jobs.items()}
    heard = asked = time.monotonic()
    try:
        while futures:
            time.sleep(PAUSE)
            for future in [each for each in futures if each.done()]:
                yield futures.pop(future), _result(future)
            if time.monotonic() - asked < 1:
                continue
            asked = time.monotonic()
            if client.status == "running" and _answers(address):
                heard = asked
            elif asked - heard > RETURN:
                for name in futures.values():
                    yield name, _lost(f"the Dask scheduler at {address} is gone")
                futures = {}
    finally:
        with suppress(Exception):
            client.cancel(list(futures), force=True)


def _result(future: object) -> Result:
    try:
        return future.result(timeout=ANSWER)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # CancelledError is no Exception
        return _lost(f"{type(error).__name__}: {error}")


def _lost(error: str) -> Result:
    return Result("failed", {}, error=error, last_lines=error.splitlines()[-5:])


def _answers(address: str) -> bool:
    """Say whether a scheduler answers: who speaks first, and begins with a small length, is one."""
    kind, _, where = address.rpartition("://")
    host, _, port = where.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as asked:
            head = b"" if kind == "tls" else asked.recv(8)
    except (OSError, ValueError, OverflowError):
        return False
    return kind == "tls" or 0 < int.from_bytes(head, "little") < 1 << 20


def differences(wanted: Mapping[str, Mapping[str, str]]) -> str:
    """Say, where this is called, what differs from `wanted`; files are read when they changed."""
    files = stores.input_files()
    state = stores.state(files)
    if _kept.get("state") != state:
        _kept.update(state=state, inputs=stores.inputs(files))
    here = {part: _kept["inputs"][part] for part in SAME}
    if _kept.setdefault("source", here["source"]) != here["source"]:
        return "laoqu has changed since this worker began, restart it"
    sides = [{part: digest_of(files) for part, files in side.items()} for side in (here, wanted)]
    named = {digest_of(files): files for side in (here, wanted) for files in side.values()}
    return "; ".join(stores.changes(*sides, named))


def work(job: Job, preload: Sequence[str], wanted: Mapping, own: Mapping, told: Mapping) -> Result:
    """Do a run on a worker, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="laoqu-") as folder:
        mine = {*stores.OWN, *stores.SETTINGS}
        environment = {name: text for name, text in os.environ.items() if name not in mine} | told
        for name, (file, data) in own.items():
            path = Path(folder, name, file)
            path.parent.mkdir()
            path.write_bytes(data)
            environment[name] = str(path)
        with _lock:
            if found := differences(wanted):
                return _lost(f"LaoquError: this worker would give other results: {found}")
            if _kept.get("served") != _kept["state"]:  # a server that has read what stands now
                _server.close()
                _server.enter_context(process.server(preload))
                _kept["served"] = _kept["state"]
            call = start(job, environment)
        return collect(call, job)


_lock, _server = threading.Lock(), ExitStack()
_kept: dict[str, object] = {}
