"""Runs on this machine: each in a process of its own, as many at a time as there is room for."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from multiprocessing import connection as connections
from pathlib import Path

from laoqu.run import process
from laoqu.run import store as stores
from laoqu.run.jobs import Job, Result

#: Bytes of memory that one run may need beside the others.
RUN_MEMORY = 768 << 20


def run(
    jobs: Mapping[str, Job], width: int | None, began: Callable[[str], None]
) -> Iterator[tuple[str, Result]]:
    """Yield (name, result) of each job as it ends; leaving ends those that run."""
    waiting, running = deque(jobs.items()), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers(width):
                name, job = waiting.popleft()
                began(name)
                running[start(job)] = name, job
            for call in connections.wait(list(running)):
                name, job = running.pop(call)
                yield name, collect(call, job)
    finally:
        for call in running:
            call.close()


def start(job: Job, environment: Mapping[str, str] | None = None) -> process.Call:
    """Begin a run in a process of its own."""
    limit = job.timeout and job.timeout + process.PATIENCE
    return process.Call(_execute, [job], limit, environment)


def collect(call: process.Call, job: Job) -> Result:
    """Wait for the result of a run that was begun; a process that died gives one, too."""
    try:
        return call.result()
    except process.Lost as lost:
        lines = str(lost).strip().splitlines()
        late = f"TimeoutError: a cell took longer than {job.timeout or 0:g} s and did not stop"
        error, number, files = late if lost.late else lines[-1], None, {}
        if lost.notes:  # the notebook as it began, then (number, cell) of each that began and ended
            notebook, *cells = lost.notes
            for number, cell in cells:
                notebook["cells"][number] = cell
            output = {"output_type": "error", "ename": error.partition(":")[0], "evalue": error,
                      "traceback": lines}  # fmt: skip
            notebook["cells"][number or 0].setdefault("outputs", []).append(output)
            files[f"{job.stem}.failed.ipynb"] = stores.text_of(notebook)
            begun = notebook["cells"][: (number or 0) + 1]
            number = sum(cell["cell_type"] == "code" for cell in begun)
        return Result("failed", files, 0.0, (), error, number, lines[-5:])


def _execute(job: Job, line: process.Line) -> Result:
    from laoqu.run.engine import execute

    return execute(job, line.tell)


def workers(width: int | None) -> int:
    """Return how many runs go at a time: as asked, else one a core, fewer where memory is short."""
    if width:
        return width
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(each.split()[1]) << 10 for each in lines if "MemAvailable" in each)
        return max(1, min(cores or 1, free // RUN_MEMORY))
    return cores or 1
