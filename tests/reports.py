"""All reports and the index without a kernel: the template's cells run in this process."""

from __future__ import annotations

import ast
import functools
import itertools
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
from IPython.core.formatters import DisplayFormatter
from jupyter_client.jsonutil import json_default

import laoqu as lq
from laoqu import forms, paths
from laoqu.batch import run

LANGS = ("zh", "en")


def executed(region: str, lang: str) -> nbformat.NotebookNode:
    """Return the report notebook of an area with the outputs that a kernel would give."""
    book = nbformat.read(paths.notebooks() / run.TEMPLATE, as_version=4)
    show, names = DisplayFormatter(), {}
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"region": region, "lang": lang}
            continue
        *before, last = ast.parse(cell.source).body
        if not isinstance(last, ast.Expr):
            before, last = [*before, last], None
        exec(compile(ast.Module(before, []), "cell", "exec"), names)
        cell.outputs = []
        if last:
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            data, metadata = show.format(shown)
            # As a kernel sends it: NumPy's numbers become plain ones on the way.
            data = json.loads(json.dumps(data, default=json_default))
            cell.outputs = [
                nbformat.v4.new_output("execute_result", data, metadata=metadata, execution_count=1)
            ]
    return book


def write(folder: Path, region: str, lang: str) -> run.Run:
    """Write the page and the files of one report; return what the manifest says of it."""
    target = folder / lang / region
    book = executed(region, lang)
    files = forms.render(book, lang, f"{lq.load().region(region).name(lang, full=True)}")
    files["report.ipynb"] = nbformat.writes(book).encode()
    for name, data in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(data)
    outputs = [{"path": f"{lang}/{region}/{name}"} for name in files]
    return run.Run(region, lang, "ok", 0, "", None, outputs)


def share_plan() -> None:
    """Let every report of this process read one plan: what it works out, it works out once."""
    lq.report = functools.partial(lq.report, plan=lq.load())


def make(folder: Path, jobs: int = 2) -> list[run.Run]:
    """Write all 24 reports and the index into a folder."""
    plan = lq.load()
    asked = list(itertools.product(plan.region_ids, LANGS))
    with ProcessPoolExecutor(jobs, get_context("spawn"), share_plan) as pool:
        runs = list(pool.map(write, itertools.repeat(folder), *zip(*asked, strict=True)))
    run._write_manifest(folder, plan, runs)
    return runs
