"""The batch: parameters before kernels, warm kernels, skipping, failures, proof."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_core.utils import run_sync

import laoqu as lq
from laoqu import forms, paths
from laoqu.batch import engine, execute, key, parameters, run, warm
from laoqu.batch.job import Job, Run
from laoqu.batch.progress import Progress
from laoqu.batch.store import Store
from laoqu.cli import main
from laoqu.forms import page

TEMPLATE = paths.notebooks() / "10_region_report.ipynb"


def book(path, parameters_, *cells):
    """Write a template: its parameters cell, then code cells."""
    new = nbformat.v4.new_code_cell
    first = new(parameters_, metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[first, *map(new, cells)])
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "x"}
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def server():
    """One warm server for all tests of this module: only its start takes time."""
    server = warm.Server()
    server.ready()
    yield server
    server.close()


@pytest.fixture
def one_server(monkeypatch, server):
    """Batches of this test use the module's server and leave it running."""

    class Lent:
        ready, call, close = server.ready, server.call, lambda self: None

    monkeypatch.setattr(warm, "begin", Lent)


@pytest.fixture
def no_kernel(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a server was started")

    monkeypatch.setattr(warm, "begin", refuse)


# --- parameters


def test_parameters_are_read_from_the_notebook():
    found = parameters.schema(TEMPLATE)
    assert {name: each.default for name, each in found.items()} == {
        "region": "yimeng",
        "lang": "zh",
    }
    assert found["region"].help.startswith("one of the twelve areas")


@pytest.fixture
def typed(tmp_path):
    lines = (
        "year: int  # which year",
        "share = 0.5  # of the whole [0..1]",
        "kind = 'full'  # how to count [full|fractional]",
        "deep = False",
        "names = ['a']",
    )
    return book(tmp_path / "typed.ipynb", "\n".join(lines))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"yaer": 1}, "unknown parameter 'yaer' of typed.ipynb; nearest: year"),
        ({}, "parameter 'year' of typed.ipynb is missing"),
        ({"year": "x"}, r"parameter 'year' is 'x' \(str\), expected int"),
        ({"year": True}, "expected int"),
        ({"year": 1, "share": 1.5}, "parameter 'share' is 1.5, expected 0 to 1"),
        ({"year": 1, "kind": "ful"}, "expected one of full, fractional; nearest: full"),
        ({"year": 1, "deep": 1}, "expected bool, for example False"),
    ],
)
def test_a_wrong_parameter_is_an_error_not_the_default(typed, given, message):
    with pytest.raises(lq.ParameterError, match=message):
        parameters.check(typed, given)


def test_values_come_from_text_csv_and_yaml(typed, tmp_path):
    wanted = {"year": 2021, "share": 1.0, "kind": "fractional", "deep": True, "names": ["b", "c"]}
    texts = {"year": "2021", "share": "1", "deep": "True", "names": "['b', 'c']"}
    given = parameters.parse(typed, texts | {"kind": "fractional"})
    assert parameters.check(typed, given) == wanted
    (tmp_path / "s.csv").write_text("year,kind,share\n2021,fractional,\n2022,,0.1\n")
    sets = [parameters.check(typed, parameters.parse(typed, each))
            for each in parameters.read(tmp_path / "s.csv")]  # fmt: skip
    assert [(s["year"], s["kind"], s["share"]) for s in sets] == [
        (2021, "fractional", 0.5), (2022, "full", 0.1)
    ]  # fmt: skip
    (tmp_path / "s.yaml").write_text("- {year: 2021, deep: true}\n- {year: 2022, names: [d]}\n")
    assert parameters.read(tmp_path / "s.yaml")[1] == {"year": 2022, "names": ["d"]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "a: [", "is not YAML"),
        ("a.yaml", "year: 1", "expected a list of parameter sets"),
        ("a.csv", "year\n", "expected a list of parameter sets"),
        ("a.txt", "", "ends in .csv, .yaml or .yml"),
    ],
)
def test_a_wrong_file_of_parameters_is_said(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(lq.ParameterError, match=message):
        parameters.read(tmp_path / name)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("region = lq", "is not a plain"),
        ("a = b = 1", "is not a plain"),
        ("print(1)", "not a plain"),
        ("a: date", "not a plain"),
    ],
)
def test_a_parameters_cell_with_anything_but_literals_is_refused(tmp_path, source, message):
    with pytest.raises(lq.ParameterError, match=message):
        parameters.schema(book(tmp_path / "x.ipynb", source))


def test_a_notebook_without_parameters_cell_is_refused(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "y.ipynb")
    with pytest.raises(lq.ParameterError, match="found 0 cells tagged parameters"):
        parameters.schema(tmp_path / "y.ipynb")
    (tmp_path / "z.ipynb").write_text("[]")
    with pytest.raises(lq.ParameterError, match="is not a notebook"):
        parameters.schema(tmp_path / "z.ipynb")


@pytest.mark.usefixtures("no_kernel")
def test_a_wrong_request_is_refused_before_any_kernel(tmp_path):
    with pytest.raises(lq.UnknownId, match=r"nearest: .*taihang"):
        lq.run_reports(["yimeng", "taihan"], outputs=tmp_path)
    with pytest.raises(lq.ParameterError, match="lang is 'de'"):
        lq.run_reports(["yimeng"], ["zh", "de"], outputs=tmp_path)
    with pytest.raises(lq.ParameterError, match="unknown format 'odt'"):
        lq.run_reports(["yimeng"], outputs=tmp_path, formats=["odt"])
    with pytest.raises(lq.ParameterError, match="nearest: 10_region_report"):
        lq.run_notebook("10_regon_report", [{}], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regoin": "太行"}, "unknown parameter 'regoin'; nearest: region"),
        ({"region": 7}, "unknown area 7"),
        ({"lang": "de"}, "lang is 'de', expected one of zh, en"),
    ],
)
def test_papermill_itself_cannot_run_the_default_by_mistake(server, given, message):
    result = server.call("laoqu.batch.execute:execute", Job(TEMPLATE.read_bytes(), given))
    assert result.status == "failed" and message in result.error


# --- warm kernels

#: What a kernel can leave behind, and what the next one would find of it.
SPOIL = """
import os, random, sys, warnings
import numpy as np, matplotlib as mpl, pandas as pd
import matplotlib.pyplot as plt
left = 1
mpl.rcParams["font.size"] = 33
pd.set_option("display.max_rows", 7)
os.chdir("/"); os.environ["LEFT"] = "1"; sys.path.insert(0, "/left"); sys.modules["left"] = sys
random.seed(1); np.random.seed(1); plt.figure(); warnings.simplefilter("error")
import laoqu; laoqu.left = 1
"""
SEE = """
import hashlib, os, random, sys, threading, warnings
import numpy as np, matplotlib as mpl, pandas as pd
import matplotlib.pyplot as plt
import laoqu
print(json.dumps({
    "rc": hashlib.sha256(repr(sorted(mpl.rcParams.items())).encode()).hexdigest(),
    "rows": pd.get_option("display.max_rows"), "cwd": os.getcwd(), "env": "LEFT" in os.environ,
    "path": sys.path, "module": "left" in sys.modules,
    "name": "left" in globals(), "attribute": hasattr(laoqu, "left"),
    "figures": plt.get_fignums(), "filters": len(warnings.filters), "backend": mpl.get_backend(),
    "group": os.getpgid(0) == os.getsid(0) == os.getpid(),
    "random": [random.random(), np.random.random()],
}))
"""


def seen(server, *cells, kernel_name="laoqu-warm"):
    """Run cells in one kernel and return what the last of them prints."""
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    manager = {}
    if kernel_name == "laoqu-warm":
        warm._shared = server
        manager = {"kernel_name": kernel_name, "kernel_spec_manager": execute.kernel.specs()}
    client = NotebookClient(notebook, kernel_name=kernel_name)
    if manager:
        client.km = execute.AsyncKernelManager(**manager)
        client.owns_km = True
    client.execute()
    return json.loads(notebook.cells[-1].outputs[-1].text)


def test_nothing_of_one_warm_kernel_reaches_the_next(server):
    first = seen(server, "import json", SEE)
    seen(server, SPOIL, "print(1)")
    second = seen(server, "import json", SEE)
    ordinary = seen(server, "import json", SEE, kernel_name="python3")
    draws = [each.pop("random") for each in (first, second, ordinary)]
    assert len({number for draw in draws for number in draw}) == 6
    assert first == second
    # Modules add filters for their own warnings when they are imported, here before the fork.
    assert first.pop("filters") >= ordinary.pop("filters")
    assert first == ordinary


def test_nobody_waits_for_a_warm_kernel_that_is_up_or_gone(server, monkeypatch, tmp_path):
    monkeypatch.setattr(warm, "_shared", server)
    manager, waits = execute._manager(str(tmp_path)), []
    run_sync(manager.start_kernel)()
    client = manager.client()
    client.start_channels()
    channel = client.iopub_channel
    listen = type(channel).get_msg

    async def noted(self, timeout=None):
        if self is channel:
            waits.append(timeout)
        return await listen(self, timeout)

    monkeypatch.setattr(type(channel), "get_msg", noted)
    run_sync(client.wait_for_ready)(timeout=60)
    assert waits[-1] == 0 and "get_msg" not in vars(channel)
    client.stop_channels()
    process = manager.provisioner.process
    run_sync(manager.provisioner.kill)()
    assert process.returncode == -signal.SIGKILL
    assert execute._end(manager) == process.memory > 0


def test_a_warm_kernel_draws_what_a_cell_shows(server):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")]
    )
    job = Job(nbformat.writes(notebook).encode(), {}, ())
    files = server.call("laoqu.batch.execute:execute", job).files
    assert '"image/png"' in files["report.ipynb"].decode()


def test_the_server_has_one_thread_and_gives_numbers_of_its_children(server):
    assert psutil.Process(server.process.pid).num_threads() == 1
    assert server.call("os:getppid") == server.process.pid
    child = server.start("time:sleep", 60)
    assert psutil.Process(child.pid).ppid() == server.process.pid
    child.connection.close()  # as when whoever asked has died
    assert gone([child.pid])
    died = server.start("os:abort")
    assert died.wait() == -signal.SIGABRT and died.memory > 1 << 20
    with pytest.raises(EOFError, match="ended with signal 9"):
        server.call("os:kill", 0, 9)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        server.call("operator:truediv", 1, 0)


def gone(pids, seconds=10):
    """Wait until no process of these runs any more."""
    end = time.monotonic() + seconds
    while any(psutil.pid_exists(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


PARENT = """
import sys, time
from laoqu.batch import warm
server = warm.server()
children = [server.start("time:sleep", 60) for _ in range(2)]
print(server.folder, server.process.pid, *[child.pid for child in children], flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("children", [2, 0])
def test_no_process_and_no_folder_outlives_a_killed_parent(children):
    """Without children the parent dies while the server still imports."""
    code = PARENT.replace("range(2)", f"range({children})")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    folder, *pids = parent.stdout.readline().split()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(pids) == children + 1 and gone([int(pid) for pid in pids], 30)
    assert not Path(folder).exists()


def test_a_killed_server_takes_its_children_with_it():
    server = warm.Server()
    child = server.start("time:sleep", 60)
    os.kill(server.process.pid, signal.SIGKILL)
    assert gone([child.pid])
    assert child.wait() == -9
    server.close()
    assert not Path(server.folder).exists()


def test_a_server_that_does_not_come_up_says_why(monkeypatch):
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    server = warm.Server()
    for _ in range(2):
        with pytest.raises(warm.ColdError, match="it ended at once"):
            server.ready()
    assert not Path(server.folder).exists()


def test_without_fork_ordinary_kernels_do_the_work_and_it_is_said(monkeypatch, tmp_path, capsys):
    monkeypatch.delattr(os, "fork")
    monkeypatch.setattr(warm, "_shared", None)
    template = book(tmp_path / "t.ipynb", "n = 1", "print(n + 1)")
    (found,) = lq.run_notebook(template, [{"n": 2}], tmp_path / "o", progress=Progress("plain"))
    assert found.status == "ok"
    assert "no warm kernels (this system cannot fork" in capsys.readouterr().err
    assert '"3\\n"' in (tmp_path / "o/t/n=2/report.ipynb").read_text()


def test_papermill_nbclient_and_nbval_find_the_kernel(tmp_path):
    """As an installed laoqu has it: the entry point, and the kernelspec on Jupyter's path."""
    project = tomllib.loads((paths.checkout() / "pyproject.toml").read_text(encoding="utf-8"))
    ((name, value),) = project["project"]["entry-points"][
        "jupyter_client.kernel_provisioners"
    ].items()
    ((folder, target),) = project["tool"]["hatch"]["build"]["targets"]["wheel"][
        "shared-data"
    ].items()
    shutil.copytree(paths.checkout() / folder, tmp_path / target)
    info = tmp_path / "laoqu_here-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: laoqu-here\nVersion: 0\n")
    (info / "entry_points.txt").write_text(
        f"[jupyter_client.kernel_provisioners]\n{name} = {value}\n"
    )
    template = book(tmp_path / "t.ipynb", "n = 1", "import os, sys; len(sys.modules) > 1500 and n")
    notebook = nbformat.read(template, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output(
        "execute_result", data={"text/plain": "1"}, execution_count=2)]  # fmt: skip
    notebook.cells[1].execution_count = 2
    nbformat.write(notebook, template)
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(paths.PACKAGE.parent)]),
        "JUPYTER_PATH": str(tmp_path / "share/jupyter"),
    }
    python = [sys.executable, "-m"]
    for command in (
        [*python, "papermill", "-k", "laoqu-warm", template, tmp_path / "p.ipynb", "-p", "n", "5"],
        [*python, "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "--nbval-kernel-name",
         "laoqu-warm", "-c", os.devnull, template],
    ):  # fmt: skip
        done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "no warm kernel" not in done.stdout + done.stderr
    shown = nbformat.read(tmp_path / "p.ipynb", as_version=4).cells[-1].outputs[0]
    assert shown.data["text/plain"] == "5"  # not False: the modules were there at once


# --- what is unchanged is skipped


@pytest.fixture
def sums(tmp_path, monkeypatch):
    """A template of two lines, its outputs folder, and a copy of data that may change."""
    shutil.copytree(paths.data(), tmp_path / "data")
    monkeypatch.setenv("LAOQU_DATA", str(tmp_path / "data"))
    return book(tmp_path / "sums.ipynb", "n = 1", "print(n + n)"), tmp_path / "out"


@pytest.mark.usefixtures("one_server")
def test_only_what_changed_is_run_and_it_is_said_why(sums, monkeypatch, tmp_path):
    template, out = sums

    def go(*numbers, **options):
        runs = lq.run_notebook(template, [{"n": n} for n in numbers], out, **options)
        return [(each.status, "; ".join(each.why)) for each in runs]

    def why(*numbers, **options):
        return [text for _, text in go(*numbers, only_say=True, **options)]

    assert go(1, 2) == [("ok", "new"), ("ok", "new")]
    assert go(1, 2, 1) == [("unchanged", "")] * 2
    assert why(1, 3) == ["", "new"]
    assert why(1, force=True) == ["forced"]
    page_ = out / "sums/n=1/report.html"
    text = page_.read_text()
    page_.write_text(text + " ")
    assert why(1, 2) == ["outputs: sums/n=1/report.html altered", ""]
    page_.unlink()
    assert go(1, 2) == [("ok", "outputs: sums/n=1/report.html missing"), ("unchanged", "")]
    assert page_.read_text() == text
    table = tmp_path / "data/curated/no_measures.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    assert why(1) == ["data: curated/no_measures.csv"]
    table.write_bytes(table.read_bytes()[:-1])
    own = tmp_path / "own.csv"
    own.write_text("x")
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(own))
    assert why(1) == ["own: LAOQU_MEMBERSHIP (own.csv)"]
    monkeypatch.delenv("LAOQU_MEMBERSHIP")
    files = key.inputs
    changed = {"source": {"plan.py": "0"}, "lock": {}, "versions": {"pandas": "0"}}
    monkeypatch.setattr(key, "inputs", lambda: files() | changed)
    (said,) = why(1)
    assert re.search(r"source: __init__.py, .*; lock: requirements.lock; versions: ", said)
    monkeypatch.setattr(key, "inputs", files)
    notebook = nbformat.read(template, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="an output is no change")]
    nbformat.write(notebook, template)
    assert why(1) == [""]
    notebook.cells[1].source = "print(3 * n)"
    nbformat.write(notebook, template)
    assert go(2) == [("ok", "notebook")]
    assert '"6\\n"' in (out / "sums/n=2/report.ipynb").read_text()


@pytest.mark.usefixtures("one_server")
def test_another_format_is_added_and_none_is_lost(sums):
    template, out = sums
    (made,) = lq.run_notebook(template, [{}], out, formats=[])
    assert not (out / "sums/n=1/report.html").exists()
    (made,) = lq.run_notebook(template, [{}], out, formats=["html"])
    assert made.why == ["formats: html"]
    (made,) = lq.run_notebook(template, [{}], out, formats=[])
    assert made.status == "unchanged"
    assert (out / "sums/n=1/report.html").exists()


def test_a_second_run_imports_nothing_heavy_and_starts_no_process(sums, server, monkeypatch):
    template, out = sums
    monkeypatch.setattr(warm, "begin", lambda: server)
    monkeypatch.setattr(type(server), "close", lambda self: None)
    lq.run_notebook(template, [{}], out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    heavy = "pandas numpy matplotlib nbformat nbconvert papermill IPython zmq jinja2 psutil tqdm"
    code = (
        "import sys, subprocess; from laoqu.cli import main; subprocess.Popen = None\n"
        f"assert main(['run', {str(template)!r}]) == 0\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    env = os.environ | {"LAOQU_OUTPUTS": str(out)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["0 written, 1 unchanged, 0 failed", "[]"], done.stderr
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    del before[out / ".lock"], after[out / ".lock"]
    assert after == before


# --- failures

FAIL = """
import os, signal, sys, time
print("begun", flush=True)
time.sleep(0.3)
if os.path.exists("{flag}") or how == "fine":
    pass
elif how == "raise":
    sys.stderr.write("beware")
    [1][how == "raise"]
elif how == "die":
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "hang":
    time.sleep(600)
elif how == "page":
    from IPython.display import HTML, display
    display(HTML('<img src="{}//example.org/x.png">'.format("https:")))
"""


@pytest.fixture(scope="module")
def failures(tmp_path_factory, server):
    """Five runs, four of which fail, each in its way; then the same again with the cause gone."""
    folder = tmp_path_factory.mktemp("failures")
    flag = folder / "mended"
    template = book(folder / "t.ipynb", "how = 'fine'", "1", FAIL.replace("{flag}", str(flag)))
    sets = [{"how": how} for how in ("raise", "die", "hang", "page", "fine")]
    patch = pytest.MonkeyPatch()
    patch.setattr(warm, "begin", lambda: server)
    patch.setattr(type(server), "close", lambda self: None)
    try:
        first = lq.run_notebook(template, sets, folder / "out", timeout=3, jobs=3)
        tree = {path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*")}
        manifest = json.loads((folder / "out/manifest.json").read_text(encoding="utf-8"))
        kept = {how: folder / f"out/t/how={how}/report.failed.ipynb" for how in ("raise", "die")}
        kept = {how: nbformat.read(path, as_version=4) for how, path in kept.items()}
        flag.touch()
        second = lq.run_notebook(template, sets, folder / "out", timeout=30)
    finally:
        patch.undo()
    return {run.parameters["how"]: run for run in first}, tree, manifest, kept, second


def test_a_failed_run_stops_no_other_and_says_what_happened(failures):
    first, tree, manifest, _, _ = failures
    assert {how: run.status for how, run in first.items()} == {
        "raise": "failed", "die": "failed", "hang": "failed", "page": "failed", "fine": "ok",
    }  # fmt: skip
    assert first["raise"].error == "IndexError: list index out of range"
    assert first["die"].error.startswith("DeadKernelError")
    assert first["hang"].error.startswith("CellTimeoutError")
    assert first["page"].error.startswith("ValueError: the page would ask the network")
    assert {how: run.cell for how, run in first.items()} == {
        "raise": 4, "die": 4, "hang": 4, "page": None, "fine": None,
    }  # fmt: skip
    assert first["raise"].last_lines[-1] == "IndexError: list index out of range"
    by_name = {each["name"]: each for each in manifest["runs"]}
    assert by_name["t/how=raise"]["error"] == first["raise"].error
    assert by_name["t/how=raise"]["warnings"] == ["beware"]
    assert by_name["t/how=fine"]["recorded"]["memory"] > 50 << 20
    for how in first:
        assert (f"t/how={how}/report.failed.ipynb" in tree) == (how != "fine")
        assert (f"t/how={how}/report.html" in tree) == (how == "fine")
    assert not [path for path in tree if ".laoqu-" in path]


def test_the_failed_notebook_is_kept_with_its_traceback(failures):
    _, _, _, kept, _ = failures
    for how, name in (("raise", "IndexError"), ("die", "DeadKernelError")):
        errors = [o for c in kept[how].cells for o in c.get("outputs", []) if "ename" in o]
        assert [error.ename for error in errors] == [name]
        assert any("begun" in o.get("text", "") for c in kept[how].cells
                   for o in c.get("outputs", [])), how  # fmt: skip


def test_the_next_run_makes_exactly_what_is_missing(failures):
    *_, second = failures
    assert [run.status for run in second] == ["ok"] * 4 + ["unchanged"]
    assert second[0].why == ["failed last time: IndexError: list index out of range"]
    folder = Path(second[0].outputs[0]["path"]).parent
    assert "report.failed.ipynb" not in str(folder)


def test_no_process_of_a_run_stays(failures, server):
    assert gone([child.pid for child in psutil.Process(server.process.pid).children()])


@pytest.mark.usefixtures("one_server")
def test_an_earlier_report_survives_a_failure_and_stays_linked(tmp_path, monkeypatch):
    template = book(tmp_path / TEMPLATE.name, "region = 'yimeng'\nlang = 'zh'", "print(lang)")
    monkeypatch.setattr(paths, "notebooks", lambda: tmp_path)
    out = tmp_path / "out"
    lq.run_reports(["沂蒙", "qiongya"], outputs=out)
    good = (out / "zh/yimeng/report.html").read_bytes()
    book(template, "region = 'yimeng'\nlang = 'zh'", "assert region != 'yimeng', 'made to fail'")
    runs = lq.run_reports(["yimeng", "qiongya"], outputs=out)
    assert {run.name: run.status for run in runs} == {"zh/yimeng": "failed", "zh/qiongya": "ok"}
    assert (out / "zh/yimeng/report.html").read_bytes() == good
    assert (out / "zh/yimeng/report.failed.ipynb").is_file()
    index = (out / "index.html").read_text(encoding="utf-8")
    assert 'href="zh/yimeng/report.html"' in index and "made to fail" in index
    again = lq.run_reports(outputs=out, only_failed=True)
    assert [run.name for run in again if run.status != "unchanged"] == ["zh/yimeng"]
    book(template, "region = 'yimeng'\nlang = 'zh'", "print(lang)")
    (mended,) = lq.run_reports(["yimeng"], outputs=out)
    assert mended.status == "ok"
    assert not (out / "zh/yimeng/report.failed.ipynb").exists()
    assert "made to fail" not in (out / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def small_disk(tmp_path):
    """A folder with room for a megabyte: its own file system, else a limit on every file."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield folder
    if mounted:
        subprocess.run(["umount", folder], check=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("one_server")
def test_a_full_disk_fails_the_run_that_met_it_and_leaves_nothing_half(small_disk, tmp_path):
    template = book(tmp_path / "t.ipynb", "n = 1", "print('x' * n)")
    sets = [{"n": 10}, {"n": 2_000_000}]
    small, large = lq.run_notebook(template, sets, small_disk, formats=[], jobs=1)
    assert (small.status, large.status) == ("ok", "failed")
    assert re.fullmatch("OSError: (No space left on device|File too large)", large.error)
    there = {path.relative_to(small_disk).as_posix() for path in small_disk.rglob("*.*")}
    assert {path for path in there if "n=2000000/" in path or ".laoqu-" in path} == set()
    manifest = json.loads((small_disk / "manifest.json").read_text())
    assert [each["status"] for each in manifest["runs"]] == ["ok", "failed"]


def test_a_deep_temporary_folder_has_no_room_for_local_sockets(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60)
    deep.mkdir()
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", None)
    template = book(tmp_path / "t.ipynb", "n = 1", "print(n)")
    command = [sys.executable, "-m", "laoqu", "run", str(template), "--formats", "html"]
    env = os.environ | {"LAOQU_OUTPUTS": str(tmp_path / "out")}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(tmp_path):
    template = book(
        tmp_path / "t.ipynb", "n = 1", "import os, time",
        f"if n > 1 and not os.path.exists('{tmp_path}/go'): time.sleep(600)",
    )  # fmt: skip
    (tmp_path / "p.csv").write_text("n\n1\n2\n3\n")
    command = [sys.executable, "-m", "laoqu", "run", str(template), "--params",
               str(tmp_path / "p.csv"), "--json", "--jobs", "2"]  # fmt: skip
    env = os.environ | {"LAOQU_OUTPUTS": str(tmp_path / "out"), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    batch = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    events = []
    while sorted(each["event"] for each in events) != ["begin", "done", "start", "start", "start"]:
        events.append(json.loads(batch.stdout.readline()))
    processes = psutil.Process(batch.pid).children(recursive=True)
    assert processes
    batch.send_signal(signal.SIGINT)
    batch.communicate(timeout=20)
    assert batch.returncode == 1
    assert gone([process.pid for process in processes])
    assert list((tmp_path / "tmp").iterdir()) == []
    left = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").iterdir()}
    assert left == {".lock", "manifest.json", "t"}
    (tmp_path / "go").touch()
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"event": "end", "unchanged": 1, "ok": 2}, (
        done.stdout
    )


def test_ctrl_c_while_runs_are_handed_out_begins_no_other(tmp_path, monkeypatch):
    """The engine has ended by then: what waits in the queue would start it again."""
    ended, executed = threading.Event(), []

    @contextmanager
    def start(_):
        try:
            yield executed.append, lambda: ended.wait(20), None
        finally:
            ended.set()

    @contextmanager
    def choose(*_):
        yield start, 1

    class Pool(ThreadPoolExecutor):
        def submit(self, function, *names):
            if names and names[0].endswith("n=2"):
                raise KeyboardInterrupt
            return super().submit(function, *names)

    monkeypatch.setattr(engine, "choose", choose)
    monkeypatch.setattr(run, "ThreadPoolExecutor", Pool)
    template = book(tmp_path / "sums.ipynb", "n = 1", "print(n)")
    with pytest.raises(KeyboardInterrupt):
        lq.run_notebook(template, [{"n": 1}, {"n": 2}], tmp_path / "out")
    assert executed == []


def test_a_disk_too_full_for_the_manifest_is_said_and_the_earlier_one_stands(small_disk):
    with Store(small_disk) as store:
        store.write("manifest.json", b"{}")
        with pytest.raises(lq.OutputError, match=r"manifest\.json cannot be written"):
            store.write("manifest.json", b"x" * (2 << 20))
    names = sorted(path.name for path in small_disk.iterdir())
    assert names == [".lock", "manifest.json"]
    assert (small_disk / "manifest.json").read_bytes() == b"{}"


def test_two_batches_into_one_folder_do_not_harm_each_other(tmp_path):
    with Store(tmp_path), pytest.raises(lq.OutputError, match="another batch is writing into"):
        lq.run_reports(["yimeng"], outputs=tmp_path)
    Store(tmp_path).__exit__()


def test_what_a_killed_batch_left_is_cleared_and_a_moved_folder_goes_back(tmp_path):
    (tmp_path / ".laoqu-old-zh~yimeng").mkdir()
    (tmp_path / ".laoqu-old-zh~yimeng/report.html").write_text("the earlier one")
    (tmp_path / ".laoqu-x1").mkdir()
    (tmp_path / ".laoqu-x2").touch()
    (tmp_path / "zh").mkdir()
    with Store(tmp_path):
        assert (tmp_path / "zh/yimeng/report.html").read_text() == "the earlier one"
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "zh"]


@pytest.mark.usefixtures("no_kernel")
def test_outputs_that_cannot_be_written_are_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(lq.OutputError, match="cannot be written"):
        lq.run_reports(["yimeng"], outputs=tmp_path / "file")


@pytest.mark.usefixtures("one_server")
@pytest.mark.parametrize("text", ["{", "[]", '{"runs": [{}], "sets": {}}'])
def test_a_broken_manifest_does_not_stop_a_batch(sums, text):
    template, out = sums
    out.mkdir()
    (out / "manifest.json").write_text(text, encoding="utf-8")
    (made,) = lq.run_notebook(template, [{}], out, formats=[])
    assert made.why == ["new"]
    assert len(json.loads((out / "manifest.json").read_text(encoding="utf-8"))["runs"]) == 1


# --- the reports


@pytest.fixture(scope="module")
def reports(tmp_path_factory, server):
    """The same two reports, made twice."""
    patch = pytest.MonkeyPatch()
    patch.setattr(warm, "begin", lambda: server)
    patch.setattr(type(server), "close", lambda self: None)
    folders = [tmp_path_factory.mktemp("reports") for _ in range(2)]
    try:
        runs = [lq.run_reports(["Yimeng"], ["zh"], folder, jobs=2) for folder in folders]
    finally:
        patch.undo()
    assert [run.status for each in runs for run in each] == ["ok"] * 2, runs
    return folders


def test_two_runs_of_the_same_differ_in_nothing_but_recorded_times(reports):
    files = [
        {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.*")}
        for out in reports
    ]
    manifests = [json.loads(each.pop("manifest.json")) for each in files]
    made = [manifest.pop("made") for manifest in manifests]
    for manifest in manifests:
        for each in manifest["runs"]:
            assert set(each.pop("recorded")) == {"made", "seconds", "cell_seconds", "memory"}
    assert manifests[0] == manifests[1]
    indexes = [each.pop("index.html").decode().replace(at, "") for each, at in
               zip(files, made, strict=True)]  # fmt: skip
    assert indexes[0] == indexes[1]
    crates = [json.loads(each.pop("ro-crate-metadata.json")) for each in files]
    for entity in (entity for crate in crates for entity in crate["@graph"]):
        for time_ in ("datePublished", "startTime", "endTime"):
            entity.pop(time_, None)
        if entity["@id"] in ("manifest.json", "index.html"):  # which hold times themselves
            del entity["sha256"], entity["contentSize"]
    assert crates[0] == crates[1]
    assert files[0] == files[1]


def test_the_manifest_proves_what_was_used(reports):
    out = reports[0]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    (made,) = manifest["runs"]
    assert made["parameters"]["region"] == "yimeng"
    assert made["key"] == key.of(made["parts"])
    assert all(manifest["sets"][made["parts"][part]] for part in ("data", "source", "versions"))
    data = manifest["sets"][made["parts"]["data"]]
    assert data["raw/plan.txt"].startswith("6531bc81c6195f8c")
    assert made["parts"]["data"] == key.of(data)
    listed = {output["path"]: output["sha256"] for output in made["outputs"]}
    there = {path.relative_to(out).as_posix(): key.digest(path.read_bytes())
             for path in (out / "zh").rglob("*.*")}  # fmt: skip
    assert listed == there
    assert {"zh/yimeng/report.html", "zh/yimeng/report.ipynb", "zh/yimeng/values.json"} <= set(
        there
    )


def test_the_page_is_one_self_contained_file(reports):
    text = (reports[0] / "zh/yimeng/report.html").read_text(encoding="utf-8")
    assert not re.search(r"<script[^>]*src|<link|@import|https?://(?!www\.w3\.org)", text)
    assert text.count("<h1") == 1
    assert "papermill template" not in text  # notes for notebook readers are not


def test_a_page_links_only_the_forms_that_are_made(reports):
    folder = reports[0] / "zh/yimeng"
    links = set(re.findall(r'href="([^"#]+)', (folder / "report.html").read_text("utf-8")))
    assert "values.json" in links and not {"report.pdf", "report.docx"} & links
    assert [link for link in links if not (folder / link).is_file()] == []


def test_the_executed_notebook_records_its_parameters_and_no_time(reports):
    path = reports[0] / "zh/yimeng/report.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert notebook.metadata.papermill.parameters["region"] == "yimeng"
    assert not re.search(r'"(start_time|duration|iopub[^"]*|input_path)"', path.read_text("utf-8"))


def test_a_page_that_would_ask_the_network_is_refused():
    cell = nbformat.v4.new_code_cell("x")
    data = {"text/html": '<img src="https://example.org/x.png">', "text/plain": "x"}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    with pytest.raises(ValueError, match="would ask the network"):
        page.page(nbformat.v4.new_notebook(cells=[cell]), "zh", "t")


# --- the command


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["report", "taihan"], 2, "unknown area 'taihan'"),
        (["report"], 2, "name at least one area"),
        (["report", "yimeng", "--all"], 2, "not both"),
        (["card", "451081", "--all"], 2, "not both"),
        (["report", "--all", "--lang", "zh,xx"], 2, "lang is 'xx'"),
        (["report", "--all", "--jobs", "0"], 2, "--jobs is 0"),
        (["report", "--all", "--timeout", "0"], 2, "--timeout is 0"),
        (["report", "--all", "--formats", "html,odt"], 2, "unknown format 'odt'"),
        (["run", "10_region_report", "-p", "region"], 2, "expected NAME=VALUE"),
        (["run", "10_region_report", "-p", "regio=x"], 2, "nearest: region"),
        (["run", "nothing.ipynb"], 2, "no notebook 'nothing.ipynb'"),
        (["show", "c99"], 2, "unknown id 'c99'"),
        (["codebook", "scop"], 2, "unknown variable"),
        (["show", "c08.s06"], 0, "积极推广三明医改经验"),
        (["codebook", "scope"], 0, "面向全部革命老区"),
        (["check"], 0, "data/ is clean"),
        (["build", "--check"], 0, "built files are current"),
        ([], 0, "usage: laoqu"),
    ],
)
@pytest.mark.usefixtures("no_kernel")
def test_exit_status_and_words_of_the_commands(capsys, argv, code, said, monkeypatch, tmp_path):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path))
    assert main(argv) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_lab_opens_the_notebooks(monkeypatch):
    called = []
    monkeypatch.setattr(subprocess, "call", lambda command: called.append(command) or 0)
    assert main(["lab", "--", "--no-browser"]) == 0
    assert called == [
        [sys.executable, "-m", "jupyterlab", "--no-browser", str(paths.notebooks())]
    ]  # fmt: skip


def test_misuse_exits_with_2():
    with pytest.raises(SystemExit) as caught:
        main(["no-such-command"])
    assert caught.value.code == 2


def test_report_command_exits_with_1_when_a_run_failed(monkeypatch, capsys):
    failed = Run("zh/yimeng", {}, "failed", 1.0, "Boom: no", 4, ["a", "Boom: no"])
    monkeypatch.setattr("laoqu.run_reports", lambda *a, **k: [failed], raising=False)
    assert main(["report", "yimeng"]) == 1
    shown = capsys.readouterr().out
    assert "zh/yimeng  FAILED in cell 4: Boom: no\n    a\n    Boom: no\n" in shown
    assert "0 written, 0 unchanged, 1 failed" in shown


@pytest.mark.usefixtures("one_server")
def test_progress_is_plain_json_or_nothing(sums, capsys, monkeypatch):
    template, out = sums
    monkeypatch.setenv("LAOQU_OUTPUTS", str(out))
    argv = ["run", str(template), "-p", "n=4", "--force", "--formats", "html"]
    assert main(argv) == 0
    assert re.fullmatch(
        r"\[1/1\] sums/n=4  ok  [\d.]+ s\n1 written, 0 unchanged, 0 failed\n",
        capsys.readouterr().out,
    )
    assert main([*argv, "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in events] == ["begin", "start", "done", "end"]
    assert main([*argv, "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main([*argv[:-3], "--why"]) == 0
    assert capsys.readouterr().out == "sums/n=4: unchanged\n"


def test_the_batch_knows_the_formats_without_importing_them():
    assert run.FORMATS == forms.FORMATS


def test_workers_are_as_many_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    room = psutil.virtual_memory()._replace(available=engine.RUN_MEMORY * 3)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: room)
    assert (engine.workers(None), engine.workers(7)) == (3, 7)


def test_check_and_damaged_data_exit_with_1(monkeypatch, capsys, data_copy):
    path = data_copy / "curated" / "scopes.csv"
    text = path.read_text(encoding="utf-8").replace(",universal,", ",univ,", 1)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("LAOQU_DATA", str(data_copy))
    assert main(["check"]) == 1
    assert re.search(r"scopes\.csv:\d+:\d+: unknown code 'univ'", capsys.readouterr().out)
    assert main(["show", "c01.s01.k1"]) == 1
    assert "scopes.csv" in capsys.readouterr().err
