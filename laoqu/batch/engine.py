"""Where jobs are executed: in children of a warm server, with ordinary kernels, on a cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import laoqu
from laoqu.batch import warm
from laoqu.batch.job import Job, Result
from laoqu.batch.progress import Progress

#: What one run may need beside the others: its kernel and its conversion.
RUN_MEMORY = 768 << 20


def workers(jobs: int | None) -> int:
    """Return how many runs go at a time: as asked, else one a core, fewer where memory is short."""
    if jobs:
        return jobs
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, psutil.virtual_memory().available // RUN_MEMORY))


@contextmanager
def choose(scheduler: str | None, jobs: int | None) -> Iterator[tuple[Callable, int]]:
    """Give an engine, as a function like `local`, and how many runs go at a time."""
    if not scheduler:
        yield local, workers(jobs)
        return
    from laoqu.batch import cluster

    with cluster.connect(scheduler) as (start, threads):
        yield start, jobs or threads


@contextmanager
def local(progress: Progress) -> Iterator[tuple[Callable, Callable, Callable]]:
    """Give three functions: execute a job, make parts of the index meanwhile, make it of them.

    In children of a warm server, which is made to end with the batch; where there is none, in this
    process, with ordinary kernels.
    """
    try:
        server = warm.begin()
    except warm.ColdError as error:
        server, cold = None, str(error)
    try:
        plan = laoqu.load()  # damaged data are said here, not in every kernel
        if os.environ.get("LAOQU_BOUNDARIES"):
            plan.counties()
        if server:
            try:
                server.ready()
            except warm.ColdError as error:
                server, cold = None, str(error)
        if server is None:
            progress.say(f"no warm kernels ({cold}): ordinary ones are started, which takes longer")
            from laoqu.batch import execute, index

            try:
                yield execute.execute, nothing, index.page
            finally:
                execute.stop()
            return

        def execute_(job: Job) -> Result:
            try:
                return server.call("laoqu.batch.execute:execute", job)
            except (EOFError, RuntimeError, warm.ColdError) as error:
                return lost(f"{type(error).__name__}: {error}")

        def parts() -> object:
            return server.call("laoqu.batch.index:parts")

        def page(*known: object) -> object:
            return server.call("laoqu.batch.index:page", *known)

        yield execute_, parts, page
    finally:
        if server:
            server.close()


def nothing() -> None:
    """Make no part of the index meanwhile: in this process it would hold up the runs and Ctrl-C."""


def lost(error: str, seconds: float = 0.0) -> Result:
    """Return the result of a run whose process died, or whose files found no room."""
    lines = error.strip().splitlines()
    return Result("failed", {}, seconds, error=lines[-1], last_lines=lines[-5:])
