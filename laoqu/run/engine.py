"""Cells run by IPython in this process, or in an ordinary kernel; what a run makes of them.

No kernel is started and nothing is sent: a run has a process that was forked with everything
imported (`laoqu.run.process`), for a batch as for ``papermill --engine laoqu``. Widgets and other
languages need an ordinary kernel (``--kernel``).
"""

from __future__ import annotations

import asyncio
import builtins
import gc
import getpass
import json
import math
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import groupby
from json import dumps, loads  # these, whatever a cell puts there, as `monotonic`
from operator import itemgetter
from pathlib import Path
from pkgutil import resolve_name
from time import monotonic

import nbformat
import numpy as np
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.pylabtools import activate_matplotlib
from jupyter_client.jsonutil import json_default
from jupyter_client.kernelspec import get_kernel_spec
from matplotlib_inline.backend_inline import configure_inline_support
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from papermill.iorw import load_notebook_node
from papermill.log import logger
from papermill.parameterize import parameterize_notebook
from traitlets import Callable as Function
from traitlets.config import Config

from laoqu.errors import ANSI, LANGS, LaoquError, bounded, printable
from laoqu.run import Recipe, Run
from laoqu.run.cell import PRINTED, Stream, alarm

#: What a cell says that ends a notebook in peace.
ENDS = ("", "0", "None", "False")
#: A run looks for garbage when this many objects are new, not 700: what it has is mostly kept.
GARBAGE = (50_000, 20, 50)
#: Seconds that a kernel which is idle again has to say how the cell ended.
REPLY = 2.0
INLINE = "module://matplotlib_inline.backend_inline"


class Shell(InteractiveShell):
    """IPython as a kernel has it: what it shows becomes the messages that a kernel sends."""

    send = Function()
    _tee = staticmethod(lambda **_: nullcontext())  # IPython would keep all that is printed

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        name, said = getattr(etype, "__name__", str(etype)), "(its text cannot be made)"
        with suppress(BaseException):  # an error of a user may fail at that
            said = bounded(str(evalue))
        lines = [bounded(line) for line in stb[-50:]]
        if isinstance(evalue, LaoquError) or not lines:  # where in our code does not help
            lines = [f"{name}: {said}"]
        self.send("error", ename=name, evalue=said, traceback=lines)

    def enable_gui(self, gui: str | None = None) -> None:
        """Have no windows."""

    def should_run_async(self, *given: object, **more: object) -> bool:
        """Run every cell inside a loop, as a kernel does, but not what a magic runs in a cell."""
        return not asyncio._get_running_loop() or super().should_run_async(*given, **more)

    def ask_exit(self) -> None:
        """Do what ``exit`` does in a kernel."""
        raise SystemExit(0)


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, *, transient=None, update=False, **_) -> None:
        kind = "update_display_data" if update else "display_data"
        self.shell.send(kind, data=data, metadata=metadata or {}, transient=transient)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.send("clear_output", wait=wait)


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        """Print nothing: the number stands beside the output."""

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        shown = {"data": format_dict, "metadata": md_dict or {}}
        self.shell.send("execute_result", **shown, execution_count=self.prompt_count)


class Client(PapermillNotebookClient):
    """papermill's client without a kernel: cells run here, what they show is taken as from one."""

    def execute(self, **_: object) -> nbformat.NotebookNode:
        """Run all cells until one fails."""
        self.reset_execution_trackers()
        self.process = os.getpid()
        with _shell(self.send, self.say) as (self.shell, self.streams):
            self.papermill_execute_cells()
        return self.nb

    def execute_cell(self, cell: nbformat.NotebookNode, cell_index: int, **_: object) -> None:
        """Run one cell and put its outputs into it."""
        if cell.cell_type != "code" or not cell.source.strip():
            return
        cell.outputs, self.at, self.said, self.printed = [], (cell, cell_index), [], 0
        self.clear_before_next_output = False
        self.on_cell_start(cell=cell, cell_index=cell_index)
        began, limit = monotonic(), self.limit
        with self.streams[1], self.streams[0], alarm(limit):
            result = self.shell.run_cell(cell.source, store_history=True)
            if os.getpid() != self.process:  # a cell has forked: the rest is not the child's
                os._exit(not result.success)
        if self.printed > PRINTED:
            rest = f"\n… (the rest is not kept: {self.printed - PRINTED:,} characters)\n"
            self.said.append(("stdout", rest))
        self.show_printed()
        cell.execution_count = result.execution_count
        self.on_cell_executed(cell=cell, cell_index=cell_index)
        error = result.error_before_exec or result.error_in_exec
        if late := result.success and limit and monotonic() - began > limit:  # the alarm was lost
            error = TimeoutError(f"the cell took longer than {limit:g} s")
        if late or not result.success:
            if not _has_error(cell) and not isinstance(error, SystemExit):  # it was only printed
                self.shell._showtraceback(type(error), error, [])
            raise CellExecutionError("", "", "")

    def say(self, name: str, text: str, length: int) -> None:
        """Keep what is printed: of `length` characters the beginning, if they are too many."""
        if text and self.printed < PRINTED:
            kept = text[: PRINTED - self.printed].encode(errors="replace")
            self.said.append((name, kept.decode()))
        self.printed += length

    def show_printed(self) -> None:
        """Make one output of what was printed since the last one."""
        said, self.said = self.said, []
        for name, group in groupby(said, key=itemgetter(0)):
            text = "".join(text for _, text in group)
            last = self.at[0].outputs[-1] if self.at[0].outputs else {}
            if last.get("name") == name and not self.clear_before_next_output:
                last.text += text
            else:
                self.take("stream", name=name, text=text)

    def send(self, kind: str, **content: object) -> None:
        """Take a message as nbclient takes it from a kernel: text that can be written, no bytes."""
        self.show_printed()
        text = dumps(content, default=json_default, ensure_ascii=False)
        self.take(kind, **loads(text.encode(errors="replace")))

    def take(self, kind: str, **content: object) -> None:
        """Have nbclient make an output of a message."""
        head = {"msg_type": kind}
        message = {**head, "header": head, "parent_header": {}, "content": content}
        self.process_message(message, *self.at)


class Kernel(PapermillNotebookClient):
    """papermill's client with an ordinary kernel, which may go on after a cell without a word."""

    async def _async_poll_for_reply(self, *given: object) -> dict[str, object]:
        *_, said, alive = given
        replied = asyncio.ensure_future(super()._async_poll_for_reply(*given))
        try:
            await asyncio.wait([replied, said], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([replied], timeout=REPLY if said.done() else None)
            if replied.done():
                return replied.result()
        finally:
            replied.cancel()
        alive.cancel()
        raise LaoquError("the cell ended without a word: the text of its error may raise one")


def run_cells(
    notebook: nbformat.NotebookNode, kernel: str, limit: float | None,
    tell: Callable[[tuple], object],
) -> list[nbformat.NotebookNode]:  # fmt: skip
    """Run the cells of a notebook, until one fails, with a kernel or in this process; return all.

    `tell` gets number and content of cells as they begin and end.
    """

    def note(cell: object, cell_index: int, **_: object) -> None:
        tell((cell_index, cell))

    manager = NotebookExecutionManager(notebook, progress_bar=False)
    manager.notebook_start()
    given = {"kernel_name": kernel, "timeout": limit and math.ceil(limit), "log": logger}
    client = Kernel(manager, **given) if kernel else Client(manager)
    client.limit = limit
    client.on_cell_start = client.on_cell_executed = note
    client.execute()
    return notebook.cells


logger.setLevel("ERROR")


def execute(recipe: Recipe, run: Run, tell: Callable[[object], None]) -> Run:
    """Run one notebook and make its files; a failed run has ``STEM.failed.ipynb`` alone.

    `tell` gets the notebook as it begins, then the number and content of cells as they change.
    """
    began, given = monotonic(), dict(run.parameters)
    gc.set_threshold(*GARBAGE)
    random.seed()
    np.random.seed()
    language = get_kernel_spec(recipe.kernel).language if recipe.kernel else "python"
    notebook = load_notebook_node(nbformat.reads(recipe.notebook.decode(), as_version=4))
    if given:
        notebook = parameterize_notebook(
            notebook, given, kernel_name=recipe.kernel or "python3", language=language
        )
    tell(notebook)
    try:
        run_cells(notebook, recipe.kernel or "", recipe.timeout, tell)
    except Exception as raised:  # the kernel died, hung, or never came up
        started = [each for each in _code(notebook) if each.metadata.papermill["start_time"]]
        lines = traceback.format_exc().splitlines()
        if not _code(notebook):
            notebook.cells.append(new_code_cell("# no cell ran"))
        (started or _code(notebook))[-1].outputs.append(
            new_output("error", ename=type(raised).__name__, evalue=str(raised), traceback=lines)
        )
    error, cell, lines = _error(notebook)
    _settle(notebook)
    files = {}
    if not error:
        try:
            tell((len(notebook.cells) - 1, notebook.cells[-1] if notebook.cells else None))
            render = resolve_name(recipe.render)
            about = notebook.metadata.get("laoqu")
            about = about if isinstance(about, dict) else {}
            notebook.metadata["laoqu"] = {**about, **run.page}
            lang = given.get("lang") if given.get("lang") in LANGS else ""
            files = dict(render(notebook, lang, run.formats))
        except Exception as raised:
            error, ours = f"{type(raised).__name__}: {raised}", isinstance(raised, LaoquError)
            lines = [] if ours else traceback.format_exc().splitlines()
    name = f"{recipe.stem}.failed.ipynb" if error else f"{recipe.stem}.ipynb"
    text = nbformat.writes(notebook)
    if len(loads(text)["cells"]) != len(notebook.cells):
        raise LaoquError("the notebook cannot be written: a cell has changed what writes it")
    files[name] = f"{text}\n".encode(errors="backslashreplace")
    if error:
        run = run.failed(printable(error), [printable(line) for line in lines], cell=cell)
    else:
        run.status = "ok"
    run.warnings = [bounded(output.text) for each in _code(notebook) for output in each.outputs
                    if output.get("name") == "stderr"][:20]  # fmt: skip
    run.seconds, run.files = monotonic() - began, files
    return run


def _error(notebook: nbformat.NotebookNode) -> tuple[str, int | None, list[str]]:
    """Return error, number of the cell and last lines, if a cell failed or some never ran."""
    cells = _code(notebook)
    for number, each in enumerate(cells, start=1):
        for output in reversed(each.outputs):
            # That all is done a cell may say; ``sys.exit(1)`` or a text says that it is not.
            ends = output.get("ename") == "SystemExit" and output.evalue in ENDS
            if output.output_type == "error" and not ends:
                lines = ANSI.sub("", "\n".join(output.traceback)).strip().splitlines()
                return f"{output.ename}: {output.evalue}", number, lines
        if each.metadata.get("papermill", {}).get("exception") and not _has_error(each):
            said = [output.text for output in each.outputs if output.get("name") == "stderr"]
            return "the cell failed: see what it printed", number, "".join(said).splitlines()
    ran = [each for each in cells if each.execution_count is not None]
    if len(ran) < len(cells):  # papermill takes sys.exit(0) for success
        error = f"SystemExit: cell {len(ran)} ended the notebook before its last cell"
        return error, len(ran), [error]
    return "", None, []


def _has_error(cell: nbformat.NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)


def _code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [each for each in notebook.cells if each.cell_type == "code" and each.source.strip()]


def _settle(notebook: nbformat.NotebookNode) -> None:
    """Take out of an executed notebook what differs between two runs of the same: clock, places."""
    meta = notebook.metadata.get("papermill", {})
    kept = ("default_parameters", "parameters", "version")
    notebook.metadata["papermill"] = {key: meta[key] for key in kept if key in meta}
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill gives every cell an empty list
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = f"papermill-{number}"


@contextmanager
def _shell(send: Callable, say: Callable) -> Iterator[tuple[Shell, list[Stream]]]:
    """Give a fresh IPython whose names are a ``__main__`` of its own, and the streams of cells."""
    kept = sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook, list(sys.path)
    config = Config({"HistoryManager": {"enabled": False}})
    with tempfile.TemporaryDirectory(prefix="laoqu-", ignore_cleanup_errors=True) as folder:
        shell = Shell.instance(config=config, ipython_dir=folder, display_pub_class=_Publisher,
                               displayhook_class=_Hook, send=send)  # fmt: skip
        streams = [Stream(say, number, Path(folder)) for number in (1, 2)]
        if "" not in sys.path:  # where a kernel has it: behind the standard library
            where = (at for at, path in enumerate(sys.path) if path.endswith("-packages"))
            sys.path.insert(next(where, 0), "")
        try:
            sys.stdout, sys.stderr = streams
            builtins.input = getpass.getpass = _refuse
            activate_matplotlib(INLINE)
            configure_inline_support.current_backend = None  # else only the first shell has formats
            configure_inline_support(shell, INLINE)
            yield shell, streams
        finally:
            sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook, sys.path[:] = kept
            json.dumps, json.loads = dumps, loads
            Shell.clear_instance()


def _refuse(*_: object, **__: object) -> str:
    """Ask nobody: as a kernel whose client cannot answer."""
    raise StdinNotImplementedError("a notebook that runs by itself cannot ask: use parameters")
