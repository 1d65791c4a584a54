"""The papermill engine ``laoqu``: cells run by IPython in the process that executes the notebook.

No kernel is started and nothing is sent: ``papermill -e laoqu`` runs any Python notebook, and a
batch gives each run a process that was forked with everything imported (`laoqu.run.process`).
Widgets and other languages need an ordinary kernel (``--kernel``).
"""

from __future__ import annotations

import base64
import gc
import io
import json
import random
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import matplotlib as mpl
import nbformat
import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import activate_matplotlib
from jupyter_client.jsonutil import json_default
from matplotlib_inline.backend_inline import configure_inline_support
from nbformat.v4 import new_output
from papermill import execute_notebook
from papermill.engines import Engine, NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.log import logger
from traitlets import Any
from traitlets.config import Config

from laoqu.errors import LaoquError
from laoqu.run.jobs import Job, Result

ANSI = re.compile(r"\x1b\[[0-9;]*m")
#: Where a warning came from, in a file that ipykernel named after its process.
CELL_FILE = re.compile(r"^\S*ipykernel_\d+[/\\]\d+\.py", re.MULTILINE)
#: A run looks for garbage when this many objects are new, not 700: what it has is mostly kept.
GARBAGE = (50_000, 20, 50)
#: The most characters of an error, and of what one cell prints, that are kept.
ERROR_TEXT, PRINTED = 4_000, 10_000_000
INLINE = "module://matplotlib_inline.backend_inline"


class _Outputs(list):
    """The outputs of one cell, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: dict[str, list] = {}
        self.clear_first, self.printed = False, 0

    def add(self, output: Mapping[str, object], display_id: str = "") -> None:
        if self.clear_first:
            self.clear()
            self.clear_first = False
        self.append(output)
        if display_id:
            self.shown.setdefault(display_id, []).append(output)

    def write(self, name: str, text: str) -> None:
        self.printed += len(text)
        if self.printed > PRINTED:
            text = "… (the rest is not kept)\n" if self.printed - len(text) <= PRINTED else ""
        last = self[-1] if self and not self.clear_first else {}
        if last.get("name") == name:
            last["parts"].append(text)
        elif text:
            self.add({"output_type": "stream", "name": name, "parts": [text]})

    def taken(self) -> list:
        """Return the outputs as they stand in a notebook."""
        for output in self:
            if "parts" in output:
                output["text"] = "".join(output.pop("parts"))
        return [nbformat.from_dict(output) for output in self]


class _Stream(io.TextIOBase):
    """Standard output or error of the cells."""

    encoding = "utf-8"

    def __init__(self, shell: Shell, name: str) -> None:
        self.shell, self.name = shell, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.shell.outputs.write(self.name, text)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(
        self,
        data: Mapping[str, object],
        metadata: Mapping[str, object] | None = None,
        *,
        transient: Mapping[str, object] | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        outputs, id_ = self.shell.outputs, (transient or {}).get("display_id", "")
        if not update:
            shown = {"data": plain(data), "metadata": plain(metadata or {})}
            outputs.add({"output_type": "display_data", **shown}, id_)
            return
        for output in self.shell.displays.get(id_, []) + outputs.shown.get(id_, []):
            output["data"], output["metadata"] = plain(data), plain(metadata or {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear_first = True
        if not wait:
            self.shell.outputs.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        """Print nothing: the number stands beside the output."""

    def write_format_data(self, format_dict: Mapping, md_dict: Mapping | None = None) -> None:
        self.shell.outputs.add(
            {
                "output_type": "execute_result",
                "data": plain(format_dict),
                "metadata": plain(md_dict or {}),
                "execution_count": self.prompt_count,
            }
        )


class Shell(InteractiveShell):
    """IPython as a kernel has it, whose outputs are collected."""

    outputs, displays = Any(), Any()

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        name = getattr(etype, "__name__", str(etype))
        lines = [short(line) for line in stb[-50:]]
        error = {"ename": name, "evalue": short(str(evalue)), "traceback": lines}
        self.outputs.add({"output_type": "error", **error})

    def enable_gui(self, gui: str | None = None) -> None:
        """Have no windows."""

    def ask_exit(self) -> None:
        """Do what ``exit`` does in a kernel."""
        raise SystemExit(0)

    def run(self, cell: nbformat.NotebookNode, timeout: float | None) -> bool:
        """Run a cell, put its outputs into it; say whether all went well."""
        self.outputs = _Outputs()
        with _alarm(timeout):
            result = self.run_cell(cell.source, store_history=True)
        cell.execution_count = result.execution_count
        cell.outputs = self.outputs.taken()
        for id_, shown in self.outputs.shown.items():
            taken = [cell.outputs[i] for i, each in enumerate(self.outputs)
                     if any(each is one for one in shown)]  # fmt: skip
            self.displays.setdefault(id_, []).extend(taken)
        return result.success


class LaoquEngine(Engine):
    """Runs the cells in this process."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: object,
        kernel_name: str,
        execution_timeout: float | None = None,
        note: Callable[[object], None] = lambda _: None,
        **_: object,
    ) -> None:
        """Run all cells until one fails."""
        language = nb_man.nb.metadata.get("kernelspec", {}).get("language", "python")
        if language != "python":
            raise LaoquError(f"the notebook is in {language}: run it with --kernel {kernel_name}")
        note(nb_man.nb)
        with _shell() as shell:
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                well = True
                if cell.cell_type == "code" and cell.source.strip():
                    note((index, cell))
                    well = shell.run(cell, execution_timeout)
                    note((index, cell))
                if not well:
                    nb_man.cell_exception(cell, cell_index=index)
                nb_man.cell_complete(cell, cell_index=index)
                if not well:
                    break


class KernelEngine(NBClientEngine):
    """papermill's own engine, which says how far it has come."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: object, kernel_name: str, note: Callable, **kwargs: object
    ) -> None:
        """Run all cells in a kernel."""
        begin, end = nb_man.cell_start, nb_man.cell_complete

        def noted(function: Callable) -> Callable:
            def call(cell: object, cell_index: int | None = None, **more: object) -> None:
                function(cell, cell_index, **more)
                note((cell_index, cell))

            return call

        nb_man.cell_start, nb_man.cell_complete = noted(begin), noted(end)
        note(nb_man.nb)
        super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


papermill_engines.register("laoqu", LaoquEngine)
papermill_engines.register("laoqu-kernel", KernelEngine)
logger.setLevel("ERROR")


def execute(job: Job, tell: Callable[[object], None]) -> Result:
    """Run one notebook and make its files.

    Parameters
    ----------
    job : Job
    tell : callable
        Gets the notebook as it begins, then the number and content of cells as they change.

    Returns
    -------
    Result
        Files by their path in the run's folder; a failed run has ``STEM.failed.ipynb`` with the
        traceback, if it came to a notebook.
    """
    began = time.monotonic()
    gc.set_threshold(*GARBAGE)
    random.seed()
    np.random.seed()
    seen, files, error, cell, lines = [], {}, "", None, []

    def note(value: object) -> None:
        seen.append(value)
        tell(value)

    try:
        execute_notebook(
            nbformat.reads(job.notebook.decode(), as_version=4), None, dict(job.parameters),
            engine_name="laoqu-kernel" if job.kernel else "laoqu",
            kernel_name=job.kernel or "python3", progress_bar=False,
            execution_timeout=job.timeout, note=note,
            **({"language": "python"} if not job.kernel else {}),
        )  # fmt: skip
        left = [each for each in _code(seen[0]) if each.execution_count is None]
        if left:  # papermill takes sys.exit(0) for success
            cell = len(_code(seen[0])) - len(left)
            error = f"SystemExit: cell {cell} ended the notebook before its last cell"
            lines = [error]
    except PapermillExecutionError as raised:
        error, cell = f"{raised.ename}: {raised.evalue}", raised.exec_count
        lines = ANSI.sub("", "\n".join(raised.traceback)).strip().splitlines()
    except Exception as raised:  # the kernel died, hung, or never came up
        error = f"{type(raised).__name__}: {raised}".strip()
        lines = traceback.format_exc().strip().splitlines()
        cell = _mark(seen, error, lines)
    notebook = seen[0] if seen else None
    if notebook:
        settle(notebook)
    if not error:
        try:
            tell((len(notebook.cells) - 1, notebook.cells[-1]))
            files = dict(job.render(notebook, str(job.parameters.get("lang", "zh")), job.formats))
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
            lines = traceback.format_exc().strip().splitlines()
    error = short(error)
    if notebook:
        name = f"{job.stem}.failed.ipynb" if error else f"{job.stem}.ipynb"
        files[name] = (nbformat.writes(notebook) + "\n").encode()
    warnings = [output.text for each in _code(notebook) for output in each.outputs
                if output.get("name") == "stderr"]  # fmt: skip
    last = tuple(short(line) for line in lines[-5:])
    status, seconds = "failed" if error else "ok", time.monotonic() - began
    return Result(status, files, seconds, tuple(map(short, warnings[:20])), error, cell, last)


def settle(notebook: nbformat.NotebookNode) -> None:
    """Take out of an executed notebook what differs between two runs of the same: clock, places."""
    meta = notebook.metadata.get("papermill", {})
    kept = ("default_parameters", "parameters", "version")
    notebook.metadata["papermill"] = {key: meta[key] for key in kept if key in meta}
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill gives every cell an empty list
        if any("papermill" in tag or "injected" in tag for tag in cell.metadata.get("tags", [])):
            cell["id"] = f"papermill-{number}"
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = CELL_FILE.sub("<cell>", output.text)


def plain(data: Mapping[str, object]) -> dict[str, object]:
    """Return a bundle as a notebook file holds it: bytes in base64, no scalars of numpy."""
    found = {}
    for key, value in data.items():
        if isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        elif not isinstance(value, str):
            value = json.loads(json.dumps(value, default=json_default))
        found[key] = value
    return found


def short(text: str) -> str:
    """Return a text no longer than what is kept of an error."""
    return text if len(text) <= ERROR_TEXT else f"{text[:ERROR_TEXT]}… ({len(text):,} characters)"


@contextmanager
def _shell() -> Iterator[Shell]:
    """Give a fresh IPython whose names are a ``__main__`` of its own."""
    if InteractiveShell.initialized():
        raise LaoquError("the engine laoqu runs in a process without IPython: use lq.run_notebook")
    kept = sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook
    drawing = mpl.get_backend(), mpl.is_interactive()
    config = Config({"HistoryManager": {"enabled": False}})
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        shell = Shell.instance(
            config=config, ipython_dir=folder, display_pub_class=_Publisher,
            displayhook_class=_Hook, outputs=_Outputs(), displays={},
        )  # fmt: skip
        try:
            sys.stdout, sys.stderr = _Stream(shell, "stdout"), _Stream(shell, "stderr")
            activate_matplotlib(INLINE)
            configure_inline_support(shell, INLINE)
            yield shell
        finally:
            sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook = kept
            mpl.interactive(drawing[1])
            with suppress(ImportError, ValueError):
                mpl.use(drawing[0])
            Shell.clear_instance()


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raise TimeoutError in what takes longer; what swallows it is killed by the keeper."""
    if (
        not seconds
        or not hasattr(signal, "SIGALRM")
        or threading.current_thread() is not (threading.main_thread())
    ):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"the cell took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _code(notebook: nbformat.NotebookNode | None) -> list[nbformat.NotebookNode]:
    cells = notebook.cells if notebook else []
    return [each for each in cells if each.cell_type == "code" and each.source.strip()]


def _mark(seen: list, error: str, lines: list[str]) -> int | None:
    """Write the error into the cell that ran; return its number."""
    if len(seen) < 2:
        return None
    number, cell = seen[-1]
    name, _, value = error.partition(": ")
    cell.outputs.append(new_output("error", ename=name, evalue=value, traceback=lines))
    return sum(each.cell_type == "code" for each in seen[0].cells[: number + 1])
