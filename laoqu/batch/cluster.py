"""Runs on a Dask cluster: inputs travel as bytes, outputs come back as bytes, no shared files.

Every worker needs laoqu of the same source, data and package versions as the client: what makes a
run's key. That is compared before the first run and again with every job, since a worker may join
later. Files of one's own (``LAOQU_MEMBERSHIP`` …) travel with the job.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from laoqu.batch import engine, key, warm
from laoqu.batch.job import Job, Result
from laoqu.errors import LaoquError

if TYPE_CHECKING:
    from distributed import Client

#: What must be the same here and there. The lock file only lists versions, and may be absent.
SAME = ("data", "source", "versions")
#: Seconds to wait for a scheduler, and for the first of its workers.
PATIENCE = 10


@contextmanager
def connect(address: str) -> Iterator[tuple[Callable, int]]:
    """Connect to a scheduler; give the engine (as `laoqu.batch.engine.local`) and its width.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://host:port``.

    Raises
    ------
    LaoquError
        When no scheduler answers, it has no workers, or one of them has another laoqu or data.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise LaoquError(
            f"no Dask scheduler answers at {address} ({type(error).__name__}); start one with "
            "`dask scheduler`, and workers with `dask worker ADDRESS`"
        ) from error
    try:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            message = f"the Dask scheduler at {address} has no workers; start one with "
            raise LaoquError(f"{message}`dask worker {address}`") from error
        base = key.inputs()
        _compare(client, base)
        threads = sum(client.nthreads().values())

        @contextmanager
        def start(*_: object) -> Iterator[tuple[Callable, Callable, Callable]]:
            from laoqu.batch import index

            with _executing(client, base) as execute:
                yield execute, engine.nothing, index.page

        yield start, threads
    finally:
        client.close()


def _compare(client: Client, base: Mapping[str, dict[str, str]]) -> None:
    """Say which worker has another laoqu, data or package, and in which files."""
    try:
        there = client.run(key.inputs)
    except Exception as error:  # whatever a worker without our modules raises
        raise LaoquError(f"a Dask worker cannot run laoqu: {error}") from error
    for worker, found in there.items():
        if text := differences(found, base):
            raise LaoquError(f"the Dask worker {worker} would give other results: {text}")


def differences(there: Mapping[str, dict], here: Mapping[str, dict]) -> str:
    """Say in which of the parts in `SAME` two sets of inputs differ, and in which files."""
    sides = [{part: key.of(side[part]) for part in SAME} for side in (there, here)]
    files = {key.of(side[part]): side[part] for side in (there, here) for part in SAME}
    return "; ".join(key.changes(*sides, files))


@contextmanager
def _executing(client: Client, base: Mapping[str, object]) -> Iterator[Callable]:
    """Give a function that has a job executed on the cluster; leaving cancels what still runs."""
    from concurrent.futures import CancelledError

    own = {
        name: (Path(os.environ[name]).name, Path(os.environ[name]).read_bytes())
        for name in key.OWN
        if os.environ.get(name)
    }
    wanted = client.scatter({part: base[part] for part in SAME}, broadcast=True, hash=False)
    running = set()

    def execute(job: Job) -> Result:
        # Not pure: the same job asked for twice is run twice.
        future = client.submit(work, job, wanted, own, pure=False)
        running.add(future)
        try:
            return future.result()
        except CancelledError:
            return engine.lost("CancelledError: the batch was stopped, or its scheduler is gone")
        except Exception as error:
            return engine.lost(f"{type(error).__name__}: {error}")
        finally:
            running.discard(future)
            future.release()

    try:
        yield execute
    finally:
        with suppress(Exception):
            client.cancel(list(running), force=True)


def work(job: Job, wanted: Mapping[str, dict], own: Mapping[str, tuple[str, bytes]]) -> Result:
    """Execute a job on a worker, in a child of its warm server; the first one starts the server."""
    global _loaded
    here = key.inputs()
    with _lock:
        _loaded = _loaded or here["source"]
    if text := differences(here, wanted):
        return engine.lost(f"LaoquError: this worker would give other results: {text}")
    if here["source"] != _loaded:
        return engine.lost("LaoquError: laoqu has changed since this worker began: restart it")
    with tempfile.TemporaryDirectory(prefix="laoqu-") as folder:
        environment = {name: text for name, text in os.environ.items() if name not in key.OWN}
        for name, (file, data) in own.items():
            path = Path(folder, name, file)
            path.parent.mkdir()
            path.write_bytes(data)
            environment[name] = str(path)
        try:
            with _lock:
                server = warm.server()
            child = server.start("laoqu.batch.execute:execute", job, env=environment)
            try:
                return child.receive()
            finally:
                child.connection.close()
        except warm.ColdError:
            return _cold(job, environment)
        except (EOFError, RuntimeError) as error:
            return engine.lost(f"{type(error).__name__}: {error}")


def _cold(job: Job, environment: Mapping[str, str]) -> Result:
    """Execute a job in this process, one at a time: its environment is that of the process."""
    from laoqu.batch import execute

    with _lock:
        before = dict(os.environ)
        try:
            os.environ.clear()
            os.environ.update(environment)
            return execute.execute(job)
        finally:
            os.environ.clear()
            os.environ.update(before)


_lock = threading.Lock()
_loaded: dict[str, str] = {}
