"""Executed report notebooks without a kernel: the template's cells run in this process."""

from __future__ import annotations

import ast
import json
from functools import cache

import nbformat

from laoqu import paths

TEMPLATE = "10_region_report.ipynb"


@cache
def executed(region: str, lang: str) -> nbformat.NotebookNode:
    """Return the report notebook of one area as papermill would leave it, outputs in their cells.

    A cell's last expression is its output, with the plain data and the HTML that a kernel's
    display formatter would collect. Made once a session: look, do not change.
    """
    notebook = nbformat.read(paths.notebooks() / TEMPLATE, as_version=4)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs = []
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        # As the kernel does it: the cell's own code, in a namespace of its own.
        exec(compile(tree, "<cell>", "exec"), namespace)
        if "parameters" in cell.metadata.get("tags", []):
            namespace |= {"region": region, "lang": lang}
        shown = last and eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        if shown is not None:
            data = {"text/plain": repr(shown)} | shown._repr_mimebundle_()
            data = json.loads(json.dumps(data, default=int))  # as it comes out of a kernel
            data["text/html"] = shown._repr_html_()
            cell.outputs.append(nbformat.v4.new_output("execute_result", data))
    return notebook
