"""Runs on a Dask cluster of real processes: equal to local ones, and none is lost with a worker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import nbformat
import pytest

import laoqu as lq
from laoqu import paths
from laoqu.batch import cluster, key
from laoqu.batch.compare import compare
from laoqu.batch.job import Job
from laoqu.cli import main

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """A scheduler and two worker processes with nannies, as the two documented commands start."""
    folder = tmp_path_factory.mktemp("dask")
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    work = [sys.executable, "-m", "distributed.cli.dask_worker"]
    log = (folder / "log").open("wb")
    options = {"cwd": folder, "stdout": log, "stderr": log}
    options["env"] = os.environ | {"PYTHONPATH": str(paths.PACKAGE.parent)}
    started = [
        subprocess.Popen(
            [*dask, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file",
             str(folder / "at.json")], **options
        )
    ]  # fmt: skip
    try:
        while not (folder / "at.json").is_file():
            assert started[0].poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        address = json.loads((folder / "at.json").read_text())["address"]
        more = ["--nworkers", "2", "--nthreads", "1", "--no-dashboard"]
        started.append(subprocess.Popen([*work, address, *more], **options))
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)
        log.close()


def book(path, *cells):
    new = nbformat.v4.new_code_cell
    first = new("n = 1", metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[first, *map(new, cells)])
    nbformat.write(notebook, path)
    return path


def said(run, folder):
    """Return what the last cell of a run printed."""
    path = next(each["path"] for each in run.outputs if each["path"].endswith(".ipynb"))
    return nbformat.read(folder / path, as_version=4).cells[-1].outputs[0].text.strip()


def test_values_and_tables_are_those_of_a_local_run(scheduler, tmp_path):
    there = lq.run_reports(["yimeng"], ["en"], tmp_path / "there", scheduler=scheduler)
    here = lq.run_reports(["yimeng"], ["en"], tmp_path / "here")
    assert (there[0].status, there[0].error) == ("ok", "")
    assert not compare(tmp_path / "there", tmp_path / "here")
    assert there[0].outputs == here[0].outputs  # every file, with its hash
    again = lq.run_reports(["yimeng"], ["en"], tmp_path / "there")
    assert again[0].status == "unchanged"  # its key says nothing of where it ran


def test_a_killed_worker_loses_nothing(scheduler, tmp_path):
    template = book(
        tmp_path / "slow.ipynb",
        f"import pathlib; pathlib.Path({str(tmp_path)!r}, f'began-{{n}}').touch()",
        "import time; time.sleep(1.5); print(n * n)",
    )

    def kill():
        while not list(tmp_path.glob("began-*")):
            time.sleep(0.02)
        with distributed.Client(scheduler, set_as_default=False) as client:
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            pids = client.run(os.getpid)
        os.kill(pids[busy[0]], signal.SIGKILL)
        killed.append(pids[busy[0]])

    killed = []
    killer = threading.Thread(target=kill)
    killer.start()
    sets = [{"n": n} for n in range(4)]
    runs = lq.run_notebook(template, sets, tmp_path / "out", scheduler=scheduler)
    killer.join()
    assert killed
    assert [run.status for run in runs] == ["ok"] * 4
    assert [said(run, tmp_path / "out") for run in runs] == ["0", "1", "4", "9"]


def test_files_of_ones_own_travel(scheduler, tmp_path, monkeypatch):
    text = (paths.data() / "curated" / "membership.csv").read_text(encoding="utf-8")
    mine = tmp_path / "mine.csv"
    mine.write_text("".join(text.splitlines(keepends=True)[:8]), encoding="utf-8")
    rows = len(lq.load(membership=mine).membership())
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(mine))
    template = book(
        tmp_path / "own.ipynb",
        "import laoqu as lq",
        "plan = lq.load(); print(len(plan.membership()), plan.own['membership'].name)",
    )
    runs = lq.run_notebook(template, [{}], tmp_path / "out", scheduler=scheduler)
    assert said(runs[0], tmp_path / "out") == f"{rows} mine.csv"


def test_a_cell_that_raises_fails_its_run_only(scheduler, tmp_path):
    template = book(tmp_path / "bad.ipynb", "print(1 / n)")
    runs = lq.run_notebook(template, [{"n": 0}, {"n": 1}], tmp_path / "out", scheduler=scheduler)
    assert [run.status for run in runs] == ["failed", "ok"]
    assert runs[0].error == "ZeroDivisionError: division by zero"
    assert list((tmp_path / "out").rglob("*.failed.ipynb"))


def test_a_worker_with_other_data_is_refused_before_the_first_run(
    scheduler, tmp_path, data_copy, monkeypatch
):
    path = data_copy / "curated" / "regions.csv"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    monkeypatch.setenv("LAOQU_DATA", str(data_copy))
    with pytest.raises(lq.LaoquError, match=r"the Dask worker tcp.* data: curated/regions\.csv"):
        lq.run_reports(["yimeng"], outputs=tmp_path / "out", scheduler=scheduler)


def test_a_worker_that_came_later_refuses_by_itself():
    wanted = {part: dict(files) for part, files in key.inputs().items()}
    wanted["source"]["regions.py"] = "0"
    result = cluster.work(Job(b"", {}), wanted, {})
    assert result.status == "failed"
    assert result.error.endswith("would give other results: source: regions.py")


def test_a_scheduler_that_is_not_there_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path))
    at = "tcp://127.0.0.1:1"
    assert main(["report", "yimeng", "--engine", "dask", "--scheduler", at]) == 2
    assert f"no Dask scheduler answers at {at}" in capsys.readouterr().err
    assert main(["report", "yimeng", "--engine", "dask"]) == 2
    assert "go together" in capsys.readouterr().err
    assert main(["report", "yimeng", "--engine", "dask", "--scheduler", "x:y:z"]) == 2
    assert "at x:y:z" in capsys.readouterr().err


def test_a_scheduler_without_workers_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        pytest.raises(lq.LaoquError, match=r"has no workers; start one with `dask worker"),
    ):
        lq.run_reports(["yimeng"], outputs=tmp_path, scheduler=empty.scheduler_address)


def test_ctrl_c_takes_what_waits_off_the_cluster(scheduler, tmp_path):
    template = book(tmp_path / "long.ipynb", "import time; time.sleep(2)")
    sets = tmp_path / "sets.csv"
    sets.write_text("n\n" + "".join(f"{n}\n" for n in range(20)), encoding="utf-8")
    batch = subprocess.Popen(
        [sys.executable, "-m", "laoqu", "run", str(template), "--params", str(sets), "--engine",
         "dask", "--scheduler", scheduler, "--jobs", "10", "--quiet"],
        env=os.environ | {"LAOQU_OUTPUTS": str(tmp_path / "out")}, stderr=subprocess.PIPE,
    )  # fmt: skip
    with distributed.Client(scheduler, set_as_default=False) as client:
        while not any(client.processing().values()):
            assert batch.poll() is None, batch.stderr.read()
            time.sleep(0.05)
        batch.send_signal(signal.SIGINT)
        assert batch.wait(15) == 1
        assert batch.stderr.read().decode().endswith("laoqu: stopped\n")
        end = time.monotonic() + 15
        while any(client.processing().values()) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(client.processing().values())
    batch.stderr.close()


def test_distributed_is_imported_only_when_asked_for():
    code = "import laoqu.batch.run, laoqu.cli, sys; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
