"""One run as a function: a notebook and its parameters go in, files come out as bytes.

This is where the heavy imports are. Nothing here reads or writes the outputs folder, so that a run
may happen in any process, on any machine. papermill executes; what it stamps into a notebook with
the clock is taken out again.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from papermill import execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger

from laoqu import forms
from laoqu.batch import kernel
from laoqu.batch.job import Job, Result
from laoqu.labels import label

ANSI = re.compile(r"\x1b\[[0-9;]*m")
SOCKET_FOLDER = 90
#: Where a warning came from, in a file that ipykernel named after its process.
CELL_FILE = re.compile(r"^\S*ipykernel_\d+[/\\]\d+\.py", re.MULTILINE)


def execute(job: Job) -> Result:
    """Run one notebook and make its files.

    Parameters
    ----------
    job : Job

    Returns
    -------
    Result
        ``status`` is ``ok`` or ``failed``. Files by their path in the run's folder; a failed run
        has ``STEM.failed.ipynb`` with the traceback, if it came to a notebook. ``memory`` is the
        most the kernel held in bytes, where a warm kernel tells it.
    """
    began = time.monotonic()
    kept: list[nbformat.NotebookNode] = []
    error, cell, lines, memory = "", None, [], None
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        template = Path(folder, "notebook.ipynb")
        template.write_bytes(job.notebook)
        manager = _manager(folder)
        _running.add(manager)
        try:
            execute_notebook(
                template, None, dict(job.parameters), engine_name="laoqu", keep=kept, km=manager,
                kernel_name=kernel.NAME, language="python", execution_timeout=job.timeout,
                progress_bar=False, record_timing=False,
            )  # fmt: skip
        except PapermillExecutionError as raised:
            error, cell = f"{raised.ename}: {raised.evalue}", raised.exec_count
            lines = ANSI.sub("", "\n".join(raised.traceback)).strip().splitlines()
        except Exception as raised:  # the kernel died, hung, or never came up
            lines = str(raised).strip().splitlines()
            error = f"{type(raised).__name__}: {lines[0] if lines else ''}"
            cell = _mark(kept[0], error, lines) if kept else None
        finally:
            memory = _end(manager)
            _running.discard(manager)
    if not kept:
        return Result("failed", {}, time.monotonic() - began, error=error, last_lines=tuple(lines))
    notebook = kept[0]
    spent = sum(each.metadata.get("papermill", {}).get("duration") or 0 for each in notebook.cells)
    settle(notebook)
    warnings = tuple(
        output.text
        for each in notebook.cells
        for output in each.get("outputs", [])
        if output.get("name") == "stderr"
    )
    files = {}
    if not error:
        try:
            lang = str(job.parameters.get("lang", "zh"))
            files = forms.render(notebook, lang, _title(notebook, lang), job.formats, job.stem)
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            lines = traceback.format_exc().strip().splitlines()
    name = f"{job.stem}.failed.ipynb" if error else f"{job.stem}.ipynb"
    files = {} if error else files
    files[name] = (nbformat.writes(notebook) + "\n").encode()
    status = "failed" if error else "ok"
    seconds = time.monotonic() - began
    return Result(
        status, files, seconds, spent, memory, warnings, error, cell, tuple(lines[-5:])
    )  # fmt: skip


def warm_up() -> None:
    """Do once what every conversion would begin with: read and compile the templates."""
    with suppress(Exception):  # nothing depends on it; a run says what is wrong with a template
        forms.render(nbformat.v4.new_notebook(), "zh", "")


def stop() -> None:
    """Kill the kernels of every run of this process; the runs end as failed."""
    for manager in list(_running):
        if process := getattr(manager.provisioner, "process", None):
            process.send_signal(9)


def settle(notebook: nbformat.NotebookNode) -> None:
    """Take out of an executed notebook what differs between two runs of the same: clock, places."""
    meta = notebook.metadata.get("papermill", {})
    notebook.metadata["papermill"] = {
        key: meta[key] for key in ("default_parameters", "parameters", "version") if key in meta
    }
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill gives every cell an empty list
        if any("papermill" in tag or "injected" in tag for tag in cell.metadata.get("tags", [])):
            cell["id"] = f"papermill-{number}"
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = CELL_FILE.sub("<cell>", output.text)


class _Engine(NBClientEngine):
    """papermill's own engine; keeps the notebook in reach, also when its kernel dies."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: object, kernel_name: str, keep: list | None = None, **kwargs: object
    ) -> object:
        keep.append(nb_man.nb)
        return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


_running: set[AsyncKernelManager] = set()
papermill_engines.register("laoqu", _Engine)
logger.setLevel("ERROR")


def _manager(folder: str) -> AsyncKernelManager:
    """Return the manager of one kernel, off the network where the system has local sockets."""
    manager = AsyncKernelManager(
        kernel_name=kernel.NAME,
        kernel_spec_manager=kernel.specs(),
        connection_file=f"{folder}/kernel.json",
        client_class=f"{kernel.__name__}.{kernel.WarmClient.__name__}",
    )
    # Local sockets have short names (107 bytes on Linux): a deep temporary folder has no room.
    if os.name != "nt" and len(os.fsencode(folder)) <= SOCKET_FOLDER:
        manager.transport, manager.ip = "ipc", f"{folder}/k"
    return manager


def _end(manager: AsyncKernelManager) -> int | None:
    """End the kernel; return the most memory it held, if it was a warm one."""
    process = getattr(manager.provisioner, "process", None)
    if manager.has_kernel:
        run_sync(manager.shutdown_kernel)(now=True)
    run_sync(manager.cleanup_resources)()
    return getattr(process, "memory", None) or None


def _mark(notebook: nbformat.NotebookNode, error: str, lines: list[str]) -> int | None:
    """Write the error into the cell that ran; return its number."""
    began = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    if began:
        name, _, value = error.partition(": ")
        began[-1].outputs.append(
            nbformat.v4.new_output("error", ename=name, evalue=value, traceback=lines)
        )
    return len(began) or None


def _title(notebook: nbformat.NotebookNode, lang: str) -> str:
    """Return the title of the page: that of its head, and of the collection."""
    heads = [shown["title"] for shown in forms.contents(notebook) if shown.get("anchor") == "head"]
    return " · ".join([*heads[:1], label("site.title", lang)])
