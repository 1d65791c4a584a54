"""Runs on a Dask cluster: notebooks and parameters travel there as bytes, files come back as bytes.

A scheduler asks nobody who they are: whoever reaches it runs code on its workers. Bind it to one
machine (``dask scheduler --host 127.0.0.1``) or give it TLS. Every worker needs laoqu of the same
source, data and packages; one's own tables travel with a run.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from distributed import Client

from laoqu import paths
from laoqu.errors import LaoquError
from laoqu.run import Recipe, Run, process
from laoqu.run import store as stores
from laoqu.run.parameters import digest_of

#: What must be the same here and there; the lock file only lists versions, and may be absent.
SAME = ("data", "source", "versions")
#: Seconds for a scheduler to answer, and for a first worker; between two looks at what is done.
ANSWER, FIRST_WORKER, PAUSE = 5, 10, 0.02
#: Seconds that a batch waits for a worker when the last one is gone, and between two looks for one.
WITHOUT_WORKER, LOOK = 60.0, 2.0
#: What a client says of itself while it has a scheduler, or looks for it.
ALIVE = ("running", "connecting")


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """Give a client of a scheduler whose workers have the same laoqu and data as this machine."""
    for name in ("distributed", "distributed.client"):  # what they would say is said here
        logging.getLogger(name).setLevel("CRITICAL")
    with ExitStack() as stack:
        what = "scheduler answers"
        try:
            _listen(address)
            client = Client(address, timeout=ANSWER, set_as_default=False)
            stack.callback(_close, client)
            what = "worker can run laoqu"
            client.wait_for_workers(1, timeout=FIRST_WORKER)
            there = client.run(differences, wanted())
        except Exception as error:  # whatever one says who is no scheduler, or has not our modules
            say = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
            raise LaoquError(f"no Dask {what} at {address}: {error}; {say}") from error
        for worker, found in there.items():
            if found:
                raise LaoquError(f"the Dask worker {worker} would give other results: {found}")
        yield client


def run_there(
    client: Client,
    address: str,
    recipe: Recipe,
    runs: Sequence[Run],
    preload: Sequence[str],
    began: Callable[[str], None],
) -> Iterator[Run]:
    """Yield each run as it ends on a worker of a scheduler; what a lost scheduler had is lost."""
    own = {name: (path.name, path.read_bytes()) for name, path in paths.own_files().items()}
    told = {name: os.environ[name] for name in stores.SETTINGS if os.environ.get(name)}
    more = tuple(preload), wanted(), own, told
    lost = f"the Dask scheduler at {address} is gone: start it again, then this batch"
    if client.status not in ALIVE:  # it noticed before anything was sent
        raise LaoquError(lost)
    futures = {client.submit(work, recipe, run, *more, pure=False): run for run in runs}
    for run in runs:
        began(run.name)
    seen = looked = time.monotonic()
    while futures:
        gone = client.status not in ALIVE
        if not gone and time.monotonic() - looked > LOOK:
            looked = time.monotonic()
            if client.scheduler_info()["workers"]:
                seen = looked
            elif looked - seen > WITHOUT_WORKER:
                gone = True
                lost = f"no Dask worker is left at {address}: start one, then this batch"
        for future in [each for each in futures if gone or each.done()]:
            run = futures.pop(future)
            try:
                yield run.failed(lost) if gone else future.result(timeout=ANSWER)
            except CancelledError:  # by a lost connection; nobody else does
                yield run.failed(lost)
            except Exception as error:
                yield run.failed(f"{type(error).__name__}: {error}")
        time.sleep(PAUSE)


def wanted() -> dict[str, dict[str, str]]:
    """Return what must be the same, as it is here."""
    inputs = stores.Inputs()
    return {part: inputs.parts[part] for part in SAME}


def _listen(address: str) -> None:
    """Fail where no scheduler is: a client would wait for half a minute, or for ever.

    One speaks first, and begins with a small length.
    """
    kind, _, where = address.rpartition("://")
    host, _, port = where.rpartition(":")
    if not port.isdecimal():
        raise OSError("expected an address such as tcp://127.0.0.1:8786")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as asked:
        if kind != "tls" and not 0 < int.from_bytes(asked.recv(8), "little") < 1 << 20:
            raise OSError("something else speaks there")


def _close(client: Client) -> None:
    with suppress(Exception):
        client.close(timeout=1)


def differences(expected: Mapping[str, Mapping[str, str]]) -> str:
    """Say, where this is called, what differs from `expected`; files are read when they changed."""
    if "inputs" not in _kept or _kept["inputs"].changed():
        _kept["inputs"] = stores.Inputs()
    here = {part: _kept["inputs"].parts[part] for part in SAME}
    if _kept.setdefault("source", here["source"]) != here["source"]:
        return "laoqu has changed since this worker began, restart it"
    sets = {digest_of(each): each for side in (here, expected) for each in side.values()}
    return "; ".join(stores.changes(*map(stores.digests, (here, expected)), sets))


def work(
    recipe: Recipe, run: Run, preload: Sequence[str], expected: Mapping, own: Mapping, told: Mapping
) -> Run:
    """Do a run on a worker, in a process of its own; its server stays for the next."""
    with tempfile.TemporaryDirectory(prefix="laoqu-") as folder:
        mine = {*stores.SETTINGS, *(f"LAOQU_{name.upper()}" for name in paths.OWN)}
        environment = {name: text for name, text in os.environ.items() if name not in mine} | told
        for name, (file, data) in own.items():
            path = Path(folder, name, file)
            path.parent.mkdir()
            path.write_bytes(data)
            environment[f"LAOQU_{name.upper()}"] = str(path)
        with _lock:
            if found := differences(expected):
                return run.failed(f"LaoquError: this worker would give other results: {found}")
            if "server" not in _kept:
                _kept["server"] = process.server(preload)
                _kept["server"].__enter__()
            call = process.start(recipe, run, environment)
        return process.collect(call, recipe, run)


_lock = threading.Lock()
_kept: dict[str, object] = {}
