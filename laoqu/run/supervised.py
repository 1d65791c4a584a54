"""The papermill engine ``laoqu``: cells run in a process of their own, while papermill waits.

Whatever a cell does to its process, papermill gets every cell as it is told, and an error where no
more is heard. It runs any Python notebook.
"""

from __future__ import annotations

import pickle
from contextlib import closing, suppress

import nbformat
from papermill.engines import Engine, NotebookExecutionManager

from laoqu.errors import LaoquError
from laoqu.run import process
from laoqu.run.keeper import PATIENCE


class LaoquEngine(Engine):
    """Has the cells run by `laoqu.run.engine`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        execution_timeout: float | None = None,
        **_: object,
    ) -> None:
        """Run all cells until one fails."""
        notebook, cell = nb_man.nb, None
        language = notebook.metadata.get("kernelspec", {}).get("language", "python")
        if language != "python":
            raise LaoquError(f"the notebook is in {language}: run it with --kernel {kernel_name}")
        given = "laoqu.run.engine:run_cells", [notebook, "", execution_timeout]
        limit = execution_timeout and execution_timeout + PATIENCE
        with process.server(["laoqu.run.engine"]), closing(process.Call(*given, limit)) as call:
            while not call.value:
                process.over([call])
                while call.notes:
                    with suppress(Exception):  # a cell wrote what is no message
                        number, cell = pickle.loads(call.notes.pop(0))
                        notebook.cells[number] = cell
                        nb_man.save()
                        if nb_man.pbar:
                            nb_man.pbar.update(number - nb_man.pbar.n)
            try:
                notebook.cells = call.result()
                nb_man.complete_pbar()
            except process.Lost as lost:
                error = process.shown(lost, execution_timeout, cell or {})
                if not cell:
                    raise LaoquError(error["traceback"][-1]) from lost
                cell.outputs.append(nbformat.from_dict(error))
