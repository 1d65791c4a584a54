"""One run and many: papermill executes, a failure stops nobody, nothing is half-written."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import nbformat
import pandas as pd
from tqdm import tqdm
from traitlets.config import Config

import laoqu
from laoqu import forms, paths
from laoqu.batch import parameters
from laoqu.errors import OutputError
from laoqu.forms.page import index
from laoqu.labels import LANGS, check_lang, label
from laoqu.plan import Plan, load

TEMPLATE = "10_region_report.ipynb"
#: The numbers of the index: what a reader can compare at a glance.
INDEX_NUMBERS = ("named", "place", "places", "key_counties", "zones")
PACKAGES = ("papermill", "nbconvert", "pandas", "matplotlib", "ipykernel")


class Run(NamedTuple):
    """One report of a batch: what was asked, how it went, what it left."""

    region: str
    lang: str
    status: str
    seconds: float
    error: str
    cell: int | None
    outputs: list[dict[str, object]]


def run_report(
    region: str, lang: str = "zh", outputs: Path | str | None = None, plan: Plan | None = None
) -> Run:
    """Execute the report notebook for one area and write its notebook and page.

    Parameters
    ----------
    region : str
        Id, Chinese or English name.
    lang : {"zh", "en"}
    outputs : path, optional
        By default the checkout's ``outputs/`` or ``LAOQU_OUTPUTS``.
    plan : Plan, optional
        Saves loading it again.

    Returns
    -------
    Run
        ``status`` is ``ok`` or ``failed``; a failed run leaves ``report.failed.ipynb`` with the
        traceback, and an earlier report stays as it was.

    Raises
    ------
    UnknownId, ParameterError, OutputError
        Before any kernel starts.
    """
    plan = plan or load()
    params = _params(plan, region, lang)
    return _execute(params, plan, writable(outputs))


def run_reports(
    regions: Iterable[str] | None = None,
    langs: Sequence[str] = ("zh",),
    outputs: Path | str | None = None,
    jobs: int = 2,
    progress: bool = True,
) -> list[Run]:
    """Run the reports of many areas, write ``index.html`` and ``manifest.json``.

    Parameters
    ----------
    regions : iterable of str, optional
        By default all twelve.
    langs : sequence of {"zh", "en"}
    outputs : path, optional
    jobs : int
        Kernels at a time.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    list of Run
        In printed order; those that failed are among them.

    Raises
    ------
    UnknownId, ParameterError, OutputError
        For anything wrong with the request, before the first kernel starts.
    """
    plan = load()
    wanted = plan.region_ids if regions is None else regions
    # Two names of one area are one report: two runs into one folder would race.
    ids = dict.fromkeys(plan.region(region).region_id for region in wanted)
    todo = [_params(plan, region, lang) for lang in dict.fromkeys(langs) for region in ids]
    folder = writable(outputs)
    if os.environ.get("LAOQU_BOUNDARIES"):
        plan.counties()  # a file of one's own is refused here, not in every kernel
    order = {region_id: i for i, region_id in enumerate(plan.region_ids)}
    runs = []
    with (
        ThreadPoolExecutor(max(1, jobs)) as pool,
        tqdm(total=len(todo), unit="report", disable=not progress, dynamic_ncols=True) as bar,
    ):
        futures = [pool.submit(_execute, params, plan, folder) for params in todo]
        for future in as_completed(futures):
            run = future.result()
            runs.append(run)
            bar.set_postfix_str(f"{run.region} {run.status}")
            bar.update()
    runs.sort(key=lambda run: (LANGS.index(run.lang), order[run.region]))
    _write_manifest(folder, plan, runs)
    return runs


def writable(outputs: Path | str | None = None) -> Path:
    """Return the outputs folder, made if need be; say so when it cannot be written."""
    folder = Path(outputs) if outputs else paths.outputs()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        message = f"the outputs folder {folder} cannot be written: {error.strerror}"
        raise OutputError(f"{message} (set LAOQU_OUTPUTS to another folder)") from error
    return folder


def _params(plan: Plan, region: str, lang: str) -> dict[str, object]:
    notebook = paths.notebooks() / TEMPLATE
    return parameters.check(
        notebook, {"region": plan.region(region).region_id, "lang": check_lang(lang)}
    )


def _execute(params: dict[str, object], plan: Plan, folder: Path) -> Run:
    """Run one notebook beside its place, then move what it made into place, file by file."""
    region, lang = str(params["region"]), str(params["lang"])
    target = folder / lang / region
    began = time.monotonic()
    try:
        target.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".laoqu-", dir=folder))
    except OSError as error:
        return _failed(region, lang, began, None, str(error))
    try:
        cell, problem = _papermill(beside / "report.ipynb", params)
        if problem:
            (beside / "report.ipynb").replace(target / "report.failed.ipynb")
            return _failed(region, lang, began, cell, problem)
        notebook = nbformat.read(beside / "report.ipynb", as_version=4)
        title = f"{plan.region(region).name(lang, full=True)} · {label('site.title', lang)}"
        for name, data in forms.render(notebook, lang, title).items():
            (beside / name).parent.mkdir(exist_ok=True)
            (beside / name).write_bytes(data)
        files = sorted(path for path in beside.rglob("*") if path.is_file())
        made = [_place(path, target / path.relative_to(beside), folder) for path in files]
        (target / "report.failed.ipynb").unlink(missing_ok=True)
        return Run(region, lang, "ok", time.monotonic() - began, "", None, made)
    except Exception as error:  # one report's failure is its own: it is named in the summary
        return _failed(region, lang, began, None, f"{type(error).__name__}: {error}")
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _papermill(path: Path, params: dict[str, object]) -> tuple[int | None, str]:
    """Execute the template into `path`; return the failed cell and what it raised, if any.

    No `cwd`: papermill would change the folder of the whole process, under every other run.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    with tempfile.TemporaryDirectory(prefix="laoqu-") as sockets:
        try:
            papermill.execute_notebook(
                paths.notebooks() / TEMPLATE, path, params, kernel_name="python3",
                progress_bar=False, config=_kernel_config(sockets),
            )  # fmt: skip
        except PapermillExecutionError as error:
            return error.exec_count, f"{error.ename}: {error.evalue}"
    return None, ""


def _kernel_config(sockets: str) -> Config:
    """Keep kernels off the network where the system has local sockets, each in its own folder."""
    if os.name == "nt":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/k"}})


def _place(path: Path, target: Path, folder: Path) -> dict[str, object]:
    data = path.read_bytes()
    target.parent.mkdir(exist_ok=True)
    path.replace(target)
    where = target.relative_to(folder).as_posix()
    return {"path": where, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _failed(region: str, lang: str, began: float, cell: int | None, error: str) -> Run:
    return Run(region, lang, "failed", time.monotonic() - began, error, cell, [])


def _write_manifest(folder: Path, plan: Plan, runs: list[Run]) -> None:
    """Write manifest.json and index.html; runs of an earlier batch that stand are kept."""
    path = folder / "manifest.json"
    records = {(run["lang"], run["region"]): run for run in _earlier(path, folder)}
    records |= {
        (run.lang, run.region): {**run._asdict(), "seconds": round(run.seconds, 2)} for run in runs
    }
    made = datetime.now(UTC).isoformat(timespec="seconds")
    root = paths.data()
    inputs = [*sorted(root.rglob("*.*")), paths.notebooks() / TEMPLATE]
    manifest = {
        "laoqu": laoqu.__version__,
        "made": made,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "inputs": {
            paths.display(item): hashlib.sha256(item.read_bytes()).hexdigest()
            for item in inputs
            if item.is_file()
        },
        "runs": [records[key] for key in sorted(records)],
    }
    _write(path, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    _write(folder / "index.html", _index(plan, manifest))


def _earlier(path: Path, folder: Path) -> list[dict[str, object]]:
    """Return the good runs of the manifest that stands, where their files still stand too."""
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
        return [
            run
            for run in runs
            if run["status"] == "ok" and all((folder / o["path"]).is_file() for o in run["outputs"])
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _index(plan: Plan, manifest: dict[str, object]) -> str:
    from laoqu.sections import report

    numbers = report(plan.region_ids[0], plan=plan).all_numbers
    rows = [
        {
            "region_id": row.region_id,
            "name_zh": row.full_zh,
            "name_en": row.full_en,
            "documented": row.documented,
            "total": row.official_total,
            "values": [_with_part(numbers.loc[row.region_id], name) for name in INDEX_NUMBERS],
            "runs": [run for run in manifest["runs"] if run["region"] == row.region_id][::-1],
        }
        for row in plan.regions().itertuples()
    ]
    return index(
        {
            "rows": rows,
            "numbers": INDEX_NUMBERS,
            "made": manifest["made"],
            "version": manifest["laoqu"],
            "sha": str(plan.source["sha256"])[:16],
        }
    )


def _with_part(numbers: pd.Series, name: str) -> str:
    """Return a number, in brackets how much of it rests on a partly documented city."""
    part = numbers.get(f"{name}_part", 0)
    return f"{numbers[name]} ({part})" if part else str(numbers[name])


def _write(path: Path, text: str) -> None:
    """Write beside and move into place: a reader never sees half a file."""
    handle, beside = tempfile.mkstemp(prefix=".laoqu-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(beside).chmod(0o644)
    Path(beside).replace(path)
