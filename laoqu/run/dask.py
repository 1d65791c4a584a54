"""Runs on a Dask cluster: notebooks and parameters travel there as bytes, files come back as bytes.

A scheduler asks nobody who they are: whoever reaches it runs code on its workers. Bind it to one
machine (``dask scheduler --host 127.0.0.1``) or give it TLS. Every worker needs laoqu of the same
source, data and packages; one's own tables travel with a run, files that parameters name must be
there as they are here, and nobody looks at what cells open besides.
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
from contextlib import ExitStack, chdir, contextmanager, suppress
from pathlib import Path

from distributed import Client, wait

from laoqu import paths
from laoqu.errors import LaoquError
from laoqu.run import Recipe, Run, process
from laoqu.run import store as stores
from laoqu.run.parameters import digest_of

#: What must be the same here and there; the lock file only lists versions, and may be absent.
SAME = ("data", "source", "versions")
#: Seconds for a scheduler to answer, and for a first worker.
ANSWER, FIRST_WORKER = 5, 10
#: Seconds that a batch waits for a worker when the last one is gone, and between two looks for one.
WITHOUT_WORKER, LOOK = 60.0, 2.0
#: What a client says of itself while it has a scheduler, or looks for it.
ALIVE = ("running", "connecting")


@contextmanager
def connect(address: str, parts: Mapping) -> Iterator[Client]:
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
            there = client.run(differences, parts)
        except Exception as error:  # whatever one says who is no scheduler, or has not our modules
            say = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`"
            raise LaoquError(f"no Dask {what} at {address}: {error}; {say}") from error
        for worker, found in there.items():
            if found:
                raise LaoquError(f"the Dask worker {worker} would give other results: {found}")
        yield client


def run_there(
    address: str, recipe: Recipe, runs: Sequence[Run], parts: Mapping, preload: Sequence[str],
    began: Callable[[str], None],
) -> Iterator[Run]:  # fmt: skip
    """Yield each run as it ends on a worker of a scheduler; what a lost scheduler had is lost."""
    own = paths.own_files()
    files = {f"{name}/{each.name}": each.read_bytes()
             for name in own for each in paths.beside(own[name])}  # fmt: skip
    told = {name: os.environ.get(name, "") for name in stores.SETTINGS}
    for name in paths.OWN:
        told[f"LAOQU_{name.upper()}"] = f"{name}/{own[name].name}" if name in own else ""
    more = tuple(preload), parts, files, told, str(process.here())
    with connect(address, parts) as client:
        lost = f"the Dask scheduler at {address} is gone: start it again, then this batch"
        futures = {client.submit(work, recipe, run, *more, pure=False): run for run in runs}
        for run in runs:
            began(run.name)
        seen = time.monotonic()
        while futures:
            with suppress(Exception):  # none has ended, or the scheduler is gone
                wait([*futures], LOOK, "FIRST_COMPLETED")
            with suppress(Exception):  # by itself `scheduler_info` waits for ever
                info = client.sync(client.scheduler.identity, callback_timeout=ANSWER)
                seen = time.monotonic() if info["workers"] else seen
            gone = client.status not in ALIVE
            if not gone and time.monotonic() - seen > WITHOUT_WORKER:
                gone = True
                lost = f"no Dask worker is left at {address}, or it does not answer: start one, "
                lost += "then this batch"
            for future in [each for each in futures if gone or each.done()]:
                run = futures.pop(future)
                try:
                    yield run.failed(lost) if gone else future.result(ANSWER)
                except CancelledError:  # by a lost connection; nobody else does
                    yield run.failed(lost)
                except Exception as error:
                    yield run.failed(f"{type(error).__name__}: {error}")


def _listen(address: str) -> None:
    """Fail where none speaks first, beginning with a small length: a client may wait for ever."""
    scheme, _, where = address.rpartition("://")
    host, _, port = where.rpartition(":")
    if scheme not in ("", "tcp", "tls") or not port.isdecimal():
        raise OSError("expected an address such as tcp://127.0.0.1:8786")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER) as asked:
        if scheme != "tls" and not 0 < int.from_bytes(asked.recv(8), "little") < 1 << 20:
            raise OSError("something else speaks there")


def _close(client: Client) -> None:
    with suppress(Exception):
        client.close(timeout=1)


def differences(expected: Mapping[str, Mapping[str, str]]) -> str:
    """Say what differs here from the `expected` parts; files are read when they changed."""
    if "inputs" not in _kept or _kept["inputs"].changed():
        _kept["inputs"] = stores.Inputs()
    sides = [{part: each[part] for part in SAME} for each in (_kept["inputs"].parts, expected)]
    if _kept.setdefault("source", sides[0]["source"]) != sides[0]["source"]:
        return "laoqu has changed since this worker began, restart it"
    sets = {digest_of(each): each for side in sides for each in side.values()}
    return "; ".join(stores.changes(*map(stores.digests, sides), sets))


def work(
    recipe: Recipe, run: Run, preload: Sequence[str], expected: Mapping, files: Mapping,
    told: Mapping, folder: str,
) -> Run:  # fmt: skip
    """Do a run on a worker, in a process of its own; its server stays for the next.

    Cells run in the working folder of the client, or in an empty one where that is not there.
    """
    with tempfile.TemporaryDirectory(prefix="laoqu-") as own:
        for file, data in files.items():
            Path(own, file).parent.mkdir(exist_ok=True)
            Path(own, file).write_bytes(data)
        told = {
            name: str(Path(own, text)) if text in files else text for name, text in told.items()
        }
        with _lock, chdir(folder if Path(folder).is_dir() else own):
            if found := differences(expected):
                return run.failed(f"LaoquError: this worker would give other results: {found}")
            for name, code in run.named.items():
                if stores.digest_now(Path(name)) != code:
                    why = f"a Dask worker has not the same {name} as this machine"
                    return run.failed(f"LaoquError: {why}: copy it to each worker")
            if "server" not in _kept:
                _kept["server"] = process.server(preload)
                _kept["server"].__enter__()
            call = process.start(recipe, run, os.environ | told)
        return process.collect(call, recipe, run)


_lock = threading.Lock()
_kept: dict[str, object] = {}
