"""What goes wrong while notebooks run, provoked: nothing is lost, nothing hangs, all is said."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import distributed
import nbformat
import psutil
import pytest
from fixture import book
from stand import MAKER, run

import laoqu as lq
from laoqu import reports
from laoqu.cli import main
from laoqu.run import process as processes
from laoqu.run.store import Store

pytestmark = pytest.mark.usefixtures("server")
TESTS = Path(__file__).parents[1]
#: As a process says it of itself to others, so that it is found among all.
MARK = f"6543.{os.getpid()}"
CASES = {
    "fine": "",
    "raise": "raise ValueError('x' * 3_000_000)",
    "exit": "sys.exit(0)",
    "no text": "class E(Exception):\n        def __str__(self): raise self\n    raise E",
    "group": "raise ExceptionGroup('two', [ValueError()])",
    "magic": "%nosuch",
    "hard exit": "import ctypes; ctypes.CDLL(None)._exit(0)",
    "os exit": "try: os._exit(0)\n    finally: os.execlp('true', 'true')",
    "killed": "os.write(2, b'last words'); os.kill(os.getpid(), 9)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "hang": "time.sleep(600)",
    "deaf": "while True:\n        try: time.sleep(1)\n        except BaseException: pass",
    "session": f"subprocess.Popen(['sleep', '{MARK}'], start_new_session=True)",
    "orphan": f"os.system('(setsid setsid sleep {MARK} &) &')",
    "much": "for i in range(200): print('x' * 1_000_000)",
    "server": "stat = open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2]\n"
    "    os.kill(int(stat.split()[1]), 9)",
    "keeper": "time.sleep(1); os.kill(os.getppid(), 9); time.sleep(60)",
    "stopped keeper": "time.sleep(1); os.kill(os.getppid(), 19); time.sleep(60)",
    "fork": "if not os.fork(): print('of the child')\n    else: os.wait(); print('of the parent')",
    "fork raises": "if not os.fork(): raise ValueError\n    os.wait()",
    "child lives": "import ctypes\n    if not os.fork(): time.sleep(600)\n"
    "    ctypes.CDLL(None)._exit(3)",
    "len": "import builtins; builtins.len = lambda *a: 0",
    "junk": "for number in range(3, 40):\n        try: os.write(number, b'junk' * 9)\n"
    "        except OSError: pass",
    "closed": "os.closerange(3, 100)",
    "half": "import signal; signal.setitimer(signal.ITIMER_REAL, 0)\n"
    "    for n in range(3, 40):\n        try: os.write(n, b'\\0\\1\\0\\0')\n"
    "        except OSError: pass\n    time.sleep(60)",
    "json": "import json; json.dumps = lambda *a, **k: '{}'; time.monotonic = lambda: -9e9\n"
    "    print('shown')",
    "html": "print('<script>alert(1)</script>')",
    "render": "",
    "late page": "",
}


def marked():
    """Return the processes that carry the mark."""
    every = psutil.process_iter(["cmdline"])
    return [each for each in every if MARK in (each.info["cmdline"] or ())]


def below(pid):
    """Return all processes below one that are alive."""
    found = psutil.Process(pid).children(recursive=True) if psutil.pid_exists(pid) else []
    return {each for each in found if each.is_running() and each.status() != "zombie"}


def gone(processes):
    return not psutil.wait_procs(processes, timeout=15)[1]


# --- runs that fail


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Every kind of failure in one batch."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "tmp").mkdir()
    cells = [f"if case == {name!r}:\n    {code or 'pass'}" for name, code in CASES.items()]
    setup = "import os, subprocess, sys, time\nprint('begun')"
    path = book(folder / "t.ipynb", "case = ''", setup, *cells, "'the last cell'")
    patch = pytest.MonkeyPatch()
    patch.setenv("TMPDIR", str(folder / "tmp"))
    began = time.monotonic()
    sets = [{"case": name} for name in CASES]
    runs = run(path, sets, folder / "out", jobs=4, timeout=6, formats=["html"])
    patch.undo()
    return {each.parameters["case"]: each for each in runs}, folder, time.monotonic() - began


@pytest.mark.parametrize("left", ["threading.Thread(target=wait).start()", "atexit.register(wait)"])
def test_what_works_on_for_too_long_after_the_last_cell_is_a_failure(left):
    code = "import atexit, threading, time; from laoqu.run import keeper; keeper.LEAVING = 0.2; "
    code += f"wait = lambda: time.sleep(0.5); {left}; keeper._leave()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = "threads or atexit hooks of a cell were at work 0.2 s after the last one: wait for them"
    assert done.returncode == 1 and said in done.stderr


def test_a_failed_run_stops_no_other_and_says_what_happened(failures):
    runs, folder, seconds = failures
    said = {name: each.error for name, each in runs.items() if each.status == "failed"}
    ok = {"fine", "session", "orphan", "much", "html", "server", "fork", "fork raises", "json"}
    assert set(CASES) - set(said) == ok, said
    assert said["raise"].startswith("ValueError: xxx")
    assert said["exit"] == "SystemExit: cell 6 ended the notebook before its last cell"
    assert said["no text"] == "E: (its text cannot be made)"
    assert said["group"] == "ExceptionGroup: two (1 sub-exception)"
    assert said["magic"] == "UsageError: Line magic function `%nosuch` not found."
    for name in ("hard exit", "os exit", "closed", "len"):
        assert said[name] == "the process ended with status 0", name
    assert said["killed"] == "the process ended with signal 9"
    assert said["segfault"] == "the process ended with signal 11"
    late = "TimeoutError: {} cell took longer than 6 s"
    assert said["hang"] == f"{late.format('the')}, or set a timer of its own"
    assert said["deaf"] == f"{late.format('a')} and did not stop"
    assert said["keeper"] == "its process ended"
    assert said["stopped keeper"] == said["half"] == said["deaf"]
    assert said["child lives"] == "the process ended with status 3"
    assert said["junk"] == "its process sent what nobody can read"
    assert said["render"] == "RuntimeError: no page of this"
    late = "the page, or threads or atexit hooks that the notebook left behind, took longer than"
    mend = "if it has such, wait for them in a cell, or make threads daemons"
    assert said["late page"] == f"TimeoutError: {late} 6 s and did not stop: {mend}"
    assert not runs["render"].cell and not runs["late page"].cell
    cells = {name: each.cell for name, each in runs.items() if each.cell}
    number = {name: place + 4 for place, name in enumerate(CASES)}
    named = ("raise", "no text", "group", "magic", "hard exit", "os exit", "killed", "segfault",
             "hang", "deaf", "keeper", "stopped keeper", "child lives", "len", "junk", "half",
             "closed")  # fmt: skip
    assert {name: cells[name] for name in named} == {name: number[name] for name in named}
    assert runs["killed"].last_lines == ("last words", "the process ended with signal 9")
    assert all(each.last_lines for each in runs.values() if each.status == "failed" and each.cell)
    assert max(len(str(each)) for each in runs.values()) < 30_000
    assert all(0 < each.seconds < 40 for each in runs.values())
    for name, printed in (("fork", "of the parent"), ("json", "shown")):
        text = (folder / "out" / runs[name].name / "report.ipynb").read_text()
        assert (text.count(f"{printed}\\n"), "of the child\\n" in text) == (1, False), name
    assert seconds < 90


def test_the_failed_notebook_is_kept_with_its_error(failures):
    runs, folder, _ = failures
    for name in ("raise", "hard exit", "killed", "hang", "deaf", "exit", "render"):
        path = folder / "out" / runs[name].name / "report.failed.ipynb"
        found = nbformat.read(path, as_version=4)
        texts = [output for cell in found.cells for output in cell.get("outputs", [])]
        assert texts[0]["text"] == "begun\n"
        assert ("error" in {each.output_type for each in texts}) == (name != "render"), name
        assert path.stat().st_size < 200_000


def test_no_process_and_no_file_of_a_run_stays(failures):
    _, folder, _ = failures
    assert marked() == []
    assert below(processes._servers[0].process.pid) == set()
    assert [path.name for path in (folder / "tmp").iterdir()] == []
    assert list((folder / "out").glob(".laoqu-*")) == []


def test_much_output_is_cut_and_html_stays_text(failures):
    runs, folder, _ = failures
    much = (folder / "out" / runs["much"].name / "report.ipynb").read_text()
    assert 1_000_000 < len(much) < 20_000_000
    assert "the rest is not kept" in much


def test_the_next_run_makes_exactly_what_is_missing(failures):
    runs, folder, _ = failures
    out = folder / "out"
    names = json.loads((out / "index.html").read_text())
    assert names == sorted(each.name for each in runs.values())
    sets = [{"case": name} for name in CASES]
    path = folder / "t.ipynb"
    found = run(path, sets, out, only_say=True)
    waiting = {each.parameters["case"] for each in found if each.status == "waiting"}
    assert waiting == {name for name, each in runs.items() if each.status == "failed"}
    # What is made of all runs is renewed although nothing is to do.
    for name in ("index.html", "manifest.json", "ro-crate-metadata.json"):
        (out / name).write_text("altered")
        (out / "old").unlink(missing_ok=True)
        (out / "old").symlink_to(out / "runs")  # a link that is no folder of a run is no matter
        (same,) = run(path, sets[:1], out)
        assert same.status == "unchanged"
        assert (out / name).read_text() != "altered"
        assert json.loads((out / "index.html").read_text()) == names


def test_an_ordinary_kernel_runs_fails_dies_and_hangs(tmp_path):
    first = "import os, sys, time"
    last = "if n == 4: time.sleep(9)\nif n == 5: get_ipython().run_line_magic('nosuch', '')"
    last += "\nclass E(Exception):\n    def __str__(self): raise self\nif n == 6: raise E"
    cells = first, "if n == 3: os._exit(1)\nassert n != 2", last
    path = book(tmp_path / "t.ipynb", "n = 1", *cells)
    plain = json.loads(path.read_text())
    plain["metadata"] = {}  # as nbformat makes one: the language is that of the kernel
    path.write_text(json.dumps(plain))
    runs = run(path, [{"n": n} for n in range(1, 7)], tmp_path / "out", kernel="python3",
               timeout=4.0, jobs=2)  # fmt: skip
    assert [each.status for each in runs] == ["ok", *["failed"] * 5]
    assert [each.error.partition(":")[0] for each in runs[1:]] == [
        "AssertionError", "DeadKernelError", "CellTimeoutError", "the cell failed", "LaoquError",
    ]  # fmt: skip
    assert "the cell ended without a word" in runs[5].error
    assert [each.cell for each in runs[1:]] == [4, 4, 5, 5, 5]
    for each in runs[1:]:
        assert (tmp_path / "out" / each.name / "report.failed.ipynb").is_file()


def test_what_changed_during_a_run_is_said_and_run_again(tmp_path, data_copy, monkeypatch, capsys):
    monkeypatch.setenv("LAOQU_DATA", str(data_copy))
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    monkeypatch.setattr(reports, "MAKER", MAKER)
    named, target, sets = (tmp_path / name for name in ("named.txt", "t.ipynb", "p.yaml"))
    named.touch()
    there = {"data": data_copy / "curated" / "regions.csv", "file": named, "notebook": target}
    cell = f"p = {[*map(str, there.values())]}[at]\nif at >= 0: text = open(p).read(); "
    cell += "open(p, 'w').write(text.replace('n + 1', 'n + 2'))"
    book(target, f"at = -1\nfile = {str(named)!r}", cell, "n = 1; n + 1")
    before = target.read_bytes()
    for at, path in enumerate(there.values()):
        sets.write_text(f"- at: -1\n- at: {at}\n")
        assert main(["run", str(target), "--params", str(sets), "--jobs", "1", "--force"]) == 1
        said, error = capsys.readouterr()
        assert "2 written, 0 unchanged, 1 to run again, 0 failed" in said
        assert error.count("\n") == 1
        assert error.endswith(f": {path.name} changed during the run: run it again\n")
    sets.write_text("- at: 1\n- {at: -1, file: ''}\n")  # what no parameter of the other names
    assert main(["run", str(target), "--params", str(sets), "--jobs", "1", "--force"]) == 1
    assert "2 written, 0 unchanged, 1 to run again, 0 failed" in capsys.readouterr().out
    assert main(["run", str(target), "-p", "at=1", "--quiet"]) == 1
    assert capsys.readouterr().out == ""
    assert target.read_bytes() != before
    sets, out = [{"at": at} for at in (-1, 1, 2)], tmp_path / "out"
    why = [each.why for each in run(target, sets, out, only_say=True)]
    assert why == [["notebook"], ["changed during the run"], ["notebook", "changed during the run"]]
    target.write_bytes(before)
    assert run(target, sets, out, only_say=True)[0].status == "unchanged"


# --- batches that are ended


DRIVER = """
import sys, json, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
sys.path.insert(0, {tests!r})
import stand
def tell(kind, what):
    print(kind, flush=True)
sets = [{{"n": n}} for n in range(4)]
runs = stand.run({path!r}, sets, {out!r}, jobs=2, formats=["html"], tell=tell)
"""


def driver(tmp_path, *cells):
    (tmp_path / "tmp").mkdir(parents=True)
    path = book(tmp_path / "t.ipynb", "n = 1", *cells)
    code = DRIVER.format(tests=str(TESTS), path=str(path), out=str(tmp_path / "out"))
    env, pipe = os.environ | {"TMPDIR": str(tmp_path / "tmp")}, subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True,
                            env=env, start_new_session=True)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended(tmp_path, number):
    """A batch that is ended leaves no process and nothing half; the next goes on from there."""
    wait = f"import os, subprocess, time\nif n and not os.path.exists('{tmp_path}/go'):\n    "
    wait += f"subprocess.Popen(['sleep', '{MARK}'], start_new_session=True); time.sleep(600)"
    out = tmp_path / "out"
    run(book(tmp_path / "before.ipynb", "n = 1"), [{"n": 9}], out, formats=["html"])
    assert (out / "ro-crate-metadata.json").is_file()
    process = driver(tmp_path, wait)
    lines = []
    while lines.count("start") < 3:
        line = process.stdout.readline()
        assert line, process.communicate(timeout=30)[1]
        lines.append(line.strip())
    until = time.monotonic() + 20
    while len(marked()) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    pids = below(process.pid)
    os.killpg(process.pid, number)  # as a terminal does
    said = process.communicate(timeout=30)
    assert gone(pids)
    assert gone(marked())
    if number == signal.SIGINT:
        assert said[1].strip().splitlines()[-1] == "KeyboardInterrupt"
        assert said[1].count("Traceback") == 1
        assert [path.name for path in (tmp_path / "tmp").iterdir()] == []
    assert not (out / "ro-crate-metadata.json").exists()  # it would know nothing of this batch
    whole = [path.parent for path in out.glob("*/**/.laoqu.json")]
    assert {path.name[:3] for path in whole} == {"n=0", "n=9"}
    assert not list(out.rglob("*n=1*"))
    (tmp_path / "go").touch()
    runs = run(tmp_path / "t.ipynb", [{"n": n} for n in range(4)], out, formats=["html"])
    assert [each.status for each in runs] == ["unchanged", "ok", "ok", "ok"]
    assert len(json.loads((out / "index.html").read_text())) == 5
    assert sorted(path.name for path in out.glob(".laoqu*")) == [".laoqu.json"]


def test_early_ctrl_c(tmp_path):
    """Ctrl-C in the first second leaves nothing."""
    started = [(driver(tmp_path / str(delay), "print(n)"), delay) for delay in (0.05, 0.4, 0.9)]
    began = time.monotonic()
    for process, delay in started:
        time.sleep(max(0, began + delay - time.monotonic()))
        os.killpg(process.pid, signal.SIGINT)
    for process, _ in started:
        said = process.communicate(timeout=30)
        assert gone(below(process.pid))
        assert said[1].count("KeyboardInterrupt\n") <= 1, said[1]
    assert not list(tmp_path.glob("*/out/.laoqu-*"))


def test_a_system_without_processes_fails_run_by_run(tmp_path, monkeypatch):
    """Where the fork server, a keeper, or a worker cannot be had."""
    monkeypatch.setattr(processes, "_servers", [])
    said = "it got no process: Resource temporarily unavailable (ulimit -u may be too small)"
    path, sets = book(tmp_path / "t.ipynb", "n = 1"), [{"n": 1}, {"n": 2}]
    for allowed in range(2):  # forks of a process below the fork server
        monkeypatch.setenv("FORKS", str(allowed))
        runs = run(path, sets, tmp_path / "out", MAKER._replace(preload=["stand"]))
        assert [each.error for each in runs] == [said] * 3
        assert processes._servers == []

    def none(*_, **__):
        raise BlockingIOError(11, os.strerror(11))

    monkeypatch.setattr(subprocess, "Popen", none)
    assert [each.error for each in run(path, sets, tmp_path / "out")] == [said] * 3


def test_a_stopped_fork_server_ends_no_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_servers", [])

    def stop(kind, what):
        if kind == "done":
            monkeypatch.setattr(processes, "FIRST_SIGN", 300.0 if stopped else 0.2)
        if kind == "done" and not stopped:
            stopped.append(processes._servers[0].process)
            stopped[0].send_signal(signal.SIGSTOP)

    stopped, path = [], book(tmp_path / "t.ipynb", "n = 1")
    sets = [{"n": n} for n in range(3)]
    runs = run(path, sets, tmp_path / "out", jobs=1, timeout=3, tell=stop)
    assert [(each.status, each.error) for each in runs] == [
        ("ok", ""), ("failed", "nothing was heard of its process"), ("ok", "")
    ]  # fmt: skip
    assert stopped[0].wait(15) == -signal.SIGKILL


def test_two_batches_into_one_folder_do_not_harm_each_other(tmp_path):
    path = book(tmp_path / "t.ipynb", "n = 1")
    with Store(tmp_path / "out"), pytest.raises(lq.OutputError, match="another batch"):
        run(path, [{}], tmp_path / "out")
    assert run(path, [{}], tmp_path / "out")[0].status == "ok"


def test_a_full_disk_fails_the_run_that_met_it_and_leaves_nothing_half(tmp_path):
    """Where a small file system cannot be mounted, a limit on every file stands for it."""
    small_disk = tmp_path / "small"
    small_disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small_disk]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True).returncode == 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        path = book(tmp_path / "t.ipynb", "n = 1", "print('x' * n)")
        small, large = run(path, [{"n": 10}, {"n": 2_000_000}], small_disk, jobs=1)
        there = {path.relative_to(small_disk).as_posix() for path in small_disk.rglob("*.*")}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        if mounted:
            subprocess.run(["umount", small_disk], check=True)
    assert (small.status, large.status) == ("ok", "failed")
    assert "No space left on device" in large.error or "File too large" in large.error
    large_ones = {Path(path).name for path in there if "n=2000000" in path}
    assert large_ones <= {".laoqu.failed.json", "report.failed.ipynb"}
    assert not [path for path in there if ".laoqu-" in path]


# --- the command


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """The command with a light preload, on a notebook of three runs: `call`, and what it is."""
    folder = tmp_path_factory.mktemp("command")
    book(folder / "t.ipynb", "n = 1\nname = 'x'", "import time; time.sleep(0.2)\nprint(n)")
    (folder / "p.csv").write_text("n\n1\n2\n3\n")
    code = (
        f"import sys; sys.path.append('{TESTS}'); import stand; from laoqu import cli, reports; "
        "reports.MAKER = stand.MAKER; sys.exit(cli.main())"
    )
    given = f"run {folder}/t.ipynb --params {folder}/p.csv --jobs 1"

    def call(before="", after="", **env):
        env = os.environ | {"LAOQU_OUTPUTS": str(folder / "out")} | env
        text = f'{before} {sys.executable} -c "{code}" {given} {after}'
        done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, env=env,
                              errors="replace", cwd=folder, timeout=90)  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    call.first = call(before="set -o pipefail;", after="| head -1")
    return call, given, folder / "out"


def test_a_closed_pipe_is_no_success_with_work_undone(command):
    status, said, error = command[0].first
    assert (status, said.count("\n"), error) == (141, 1, "")


def test_the_command_says_where_it_wrote_and_what_it_did(command, monkeypatch, capsys):
    """And what of streams, places and schedulers cannot be used, in a sentence."""
    _, given, out = command
    monkeypatch.setattr(reports, "MAKER", MAKER)
    monkeypatch.setenv("LAOQU_OUTPUTS", str(out))
    monkeypatch.chdir(out.parent)
    for more, status, said in (
        ("--resume", 0, f"0 written, 3 unchanged, 0 failed: {out}/index.html\n"),
        ("--only-failed", 0, f"0 written, 0 unchanged, 3 not failed and not run, 0 failed: {out}"),
        ("-p name 左右江 --why", 0, "name=左右江"),
        ("-p n=5", 2, "/p.csv:2: 'n' stands here and in -p: leave one of them out\n"),
        ("-p nam x", 2, "/p.csv:2 and -p: unknown parameter 'nam' of t.ipynb; nearest: name, n\n"),
        ("--force --engine dask --scheduler tcp://127.0.0.1:1", 2, "no Dask scheduler answers"),
        ("--force --engine dask --scheduler nowhere", 2, "at nowhere: expected an address such"),
        ("--engine dask --scheduler http://127.0.0.1:1", 2, "expected an address such as tcp:"),
    ):
        began = time.monotonic()
        assert main([*given.split(), *more.split()]) == status, more
        shown = capsys.readouterr()[bool(status)]
        assert said in shown
        assert (status, shown.count("\n")) != (2, 0)
        assert time.monotonic() - began < 20
    monkeypatch.setenv("LAOQU_OUTPUTS", str(out.parent / "never"))
    assert main([*given.split(), "--only-failed"]) == 0
    assert "0 written, 0 unchanged, 3 not failed and not run, 0 failed" in capsys.readouterr().out


def test_streams_that_fail_are_said_in_a_sentence(command):
    for after, status, *coding in (
        (">/dev/full", 1),
        (">&-", 0),
        ("2>&-", 0),
        ("-p nosuch x 2>/dev/full", 2),
        ("--nosuch 2>/dev/full", 2),
        ("-p name 沂蒙 --why", 0, "ascii"),
        ("-p name 沂蒙 --why", 0, "latin-1"),
    ):
        env = {"PYTHONIOENCODING": coding[0]} if coding else {}
        found, said, error = command[0](after=after, **env)
        assert (found, "Traceback" in said + error) == (status, False), (said, error)
        if status == 1:
            assert error == "laoqu: No space left on device: standard output\n"


def test_a_deleted_working_directory_temporary_folder_or_backend_is_no_traceback(command):
    before = "mkdir -p gone; cd gone; rmdir ../gone;"
    status, said, error = command[0](before=before, after="--force", TMPDIR="/tmp/" + "d/" * 60,
                                    MPLBACKEND="nosuch")  # fmt: skip
    assert (status, "Traceback" in error) == (0, False), (said, error)


def test_a_machine_without_a_temporary_folder_is_named(command, tmp_path):
    code = "import tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc/x']"
    (tmp_path / "sitecustomize.py").write_text(code)
    status, said, error = command[0](after="--force", PYTHONPATH=str(tmp_path))
    assert (status, "Traceback" in said + error) == (1, False)
    assert "FAILED: it got no process: No usable temporary directory found in" in said + error


# --- Dask


@pytest.fixture
def cluster(tmp_path):
    """A scheduler with two workers: give its address and its processes."""
    env = os.environ | {"PYTHONPATH": str(TESTS), "TMPDIR": str(tmp_path)}
    info = tmp_path / "scheduler.json"
    started = []

    def begin(what, *more):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *more, "--no-dashboard"]
        quiet = subprocess.DEVNULL
        started.append(subprocess.Popen(command, stdout=quiet, stderr=quiet, cwd=tmp_path, env=env))

    begin("scheduler", "--port", "0", "--host", "127.0.0.1", "--scheduler-file", str(info))
    until = time.monotonic() + 30
    while not info.is_file() and time.monotonic() < until:
        time.sleep(0.1)
    address = json.loads(info.read_text())["address"]
    begin("worker", address, "--nworkers", "2", "--nthreads", "1")
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)  # a busy machine starts them late
    yield address, started, begin
    for process in reversed(started):
        process.kill()
        process.wait()


def test_runs_on_a_cluster_are_those_at_home_and_end_when_it_ends(cluster, tmp_path, monkeypatch):
    address, started, begin = cluster
    own = tmp_path / "own.csv"
    own.write_text("of my own")
    monkeypatch.setenv("LAOQU_CODING", str(own))
    (tmp_path / "client").mkdir()
    (tmp_path / "client/x.csv").write_text("of the client")
    (tmp_path / "x.csv").write_text("of the worker")
    monkeypatch.chdir(tmp_path / "client")
    path = book(
        tmp_path / "t.ipynb",
        "n = 1\nfile = ''",
        "import os, time",
        "print(open(os.environ['LAOQU_CODING']).read(), open(file).read() if file else '')",
        "assert n != 3\nif n > 5: time.sleep(600)",
        "n * 2",
    )
    sets = [{"n": n, "file": "x.csv"} for n in range(5)]
    there = run(path, sets, tmp_path / "there", scheduler=address)
    here = run(path, sets, tmp_path / "here")
    found = [each.status for each in there]
    assert found == ["ok", "ok", "ok", "failed", "ok"], [each.error for each in there]
    for one, other in zip(there, here, strict=True):
        assert (one.name, one.error, one.cell) == (other.name, other.error, other.cell)
        files = [sorted((tmp_path / side / one.name).glob("report*")) for side in ("there", "here")]
        assert [each.read_bytes() for each in files[0]] == [each.read_bytes() for each in files[1]]
    monkeypatch.setattr("laoqu.run.dask.WITHOUT_WORKER", 3.0)

    def end_workers(kind, what):
        if kind == "start":
            for each in psutil.Process(started[1].pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            started[1].kill()

    (left,) = run(path, [{"n": 9}], tmp_path / "there", scheduler=address, tell=end_workers)
    assert "no Dask worker is left" in left.error
    begin("worker", address, "--nthreads", "2")
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=120)

    def freeze(kind, what):
        if kind == "start":
            started[0].send_signal(signal.SIGSTOP)

    monkeypatch.setattr("laoqu.run.dask.ANSWER", 1)
    began = time.monotonic()
    (frozen,) = run(path, [{"n": 6}], tmp_path / "there", scheduler=address, tell=freeze)
    assert "or it does not answer" in frozen.error
    assert time.monotonic() - began < 60
    started[0].send_signal(signal.SIGCONT)
    with distributed.Client(address, set_as_default=False) as client:  # it may have lost it
        client.wait_for_workers(1, timeout=120)
    monkeypatch.setattr("laoqu.run.dask.ANSWER", 5)
    monkeypatch.setattr("laoqu.run.dask.WITHOUT_WORKER", 60.0)  # the client sees it first
    began = time.monotonic()

    def end(kind, what):
        if kind == "start":
            started[0].send_signal(signal.SIGKILL)

    lost = run(path, [{"n": 7}, {"n": 8}], tmp_path / "there", scheduler=address, tell=end)
    assert [each.status for each in lost] == ["failed", "failed"]
    assert "scheduler" in lost[0].error or "Cancelled" in lost[0].error
    assert time.monotonic() - began < 60
    assert len(json.loads((tmp_path / "there/index.html").read_text())) == 9
