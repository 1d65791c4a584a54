"""Runs: parameters, places, records, keys, and the engine against an ordinary kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from fixture import book, shown
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import paths, reports
from laoqu.cli import main
from laoqu.run import batch, dask, process
from laoqu.run import store as stores
from laoqu.run.crate import metadata
from laoqu.run.parameters import Notebook, read_sets

LIGHT = ("laoqu.run.engine",)


def render(notebook, lang, formats):
    """Stand for the pages."""
    return {f"report.{form}": lang.encode() for form in formats}


def run(path, sets, out, **options):
    maker = batch.Maker(render, kinds=reports.KINDS, preload=LIGHT)
    return batch.run_notebook(path, sets, out, maker=maker, **options)


# --- parameters


@pytest.fixture
def typed(tmp_path):
    cell = "counting = 'full'\nn: int = 3\nshare = 0.5\nareas = ['yimeng']\nregion = 'yimeng'"
    cell += "\nyes = True"
    return Notebook(book(tmp_path / "typed.ipynb", cell))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"countin": "full"}, "unknown parameter 'countin' of typed.ipynb; nearest: counting"),
        ({"n": "3"}, r"parameter 'n' is '3' \(str\), expected int, for example 3"),
        ({"n": True}, r"parameter 'n' is True \(bool\), expected int"),
        ({"share": "much"}, r"'much' \(str\), expected float"),
        ({"areas": "yimeng"}, r"expected list"),
        ({"region": "yimneg"}, "nearest: yimeng"),
        ({"n": "x" * 9000}, r"x… \(str\), expected int"),
        ({"counting": {1: object}}, r"\(dict\), expected str"),
    ],
)
def test_a_wrong_parameter_is_an_error_not_the_default(typed, given, message):
    with pytest.raises(lq.LaoquError, match=message) as raised:
        typed.check(given, reports.KINDS)
    assert len(str(raised.value)) < 500


def test_values_come_from_text_csv_and_yaml(typed, tmp_path):
    texts = {"n": "7", "share": "1", "areas": "['a']", "counting": "12", "yes": "False",
             "region": "Dabie Mountains"}  # fmt: skip
    values = typed.check(typed.parse(texts), reports.KINDS)
    assert values == {
        "counting": "12",
        "n": 7,
        "share": 1.0,
        "areas": ["a"],
        "region": "dabieshan",
        "yes": False,
    }
    (tmp_path / "p.csv").write_text("﻿must,n\na,\nb,4\n", encoding="utf-8")
    assert read_sets(tmp_path / "p.csv") == [{"must": "a"}, {"must": "b", "n": "4"}]
    (tmp_path / "p.yaml").write_text("- {adcode: 370323}\n")
    card = Notebook("11_county_card")
    (one,) = (card.check(each, reports.KINDS) for each in read_sets(tmp_path / "p.yaml"))
    assert one["adcode"] == "370323"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", b'must\n"open'),
        ("p.csv", b"\xff\xfe"),
        ("p.csv", b"must\na,b\n"),
        ("p.csv", b""),
        ("p.txt", b"must"),
        ("p.yaml", b"a: 1"),
        ("p.yaml", b"- &a [*a]"),
        ("p.yaml", b"- {counting: 2021-13-45}"),
        ("p.yaml", b"[" * 5000),
        ("p.yaml", b"- !!python/x y"),
    ],
)
def test_a_wrong_file_of_parameters_is_said(typed, tmp_path, name, text):
    (tmp_path / name).write_bytes(text)

    def use():
        for each in read_sets(tmp_path / name):
            typed.check(typed.parse(each), reports.KINDS)

    with pytest.raises(lq.LaoquError) as raised:
        use()
    assert len(str(raised.value)) < 700


@pytest.mark.parametrize(
    "cell",
    [
        "n = f(3)",
        "n =",
        "%time n = 3",
        "a = b = 1",
        "n: thing",
        "(a, b) = 1, 2",
        "x" * 5000 + ".y = 1",
        "n = " + "(" * 300 + "1" + ")" * 300,
    ],
)
def test_a_parameters_cell_with_anything_but_literals_is_refused(tmp_path, cell):
    with pytest.raises(lq.ParameterError) as raised:
        Notebook(book(tmp_path / "t.ipynb", cell))
    assert len(str(raised.value)) < 500


def test_what_is_no_notebook_is_said(tmp_path):
    for text in (b"", b"[]", b"{}", b'{"cells": [3], "metadata": {}}', b"\xff"):
        (tmp_path / "x.ipynb").write_bytes(text)
        with pytest.raises(lq.ParameterError, match=r"x\.ipynb"):
            Notebook(tmp_path / "x.ipynb")
    for name in ("10_region_reprt", "\0", "x" * 5000, "", "..", "~nouser/x.ipynb"):
        with pytest.raises(lq.ParameterError, match="no notebook"):
            Notebook(name)


# --- places


def test_no_two_runs_share_a_folder_and_none_is_a_reserved_one(tmp_path):
    source = "a = ''\nb = ''\nwhere = ''"
    sums, other = (Notebook(book(tmp_path / each / "sums.ipynb", source)) for each in "xy")
    sets = [
        {"a": "1,b=2", "b": "3"},
        {"a": "1", "b": "2,b=3"},
        {"a": "汉" * 80},
        {"a": "汉" * 81},
        {"where": "../x"},
        {"where": "/etc"},
        {"a": "A"},
        {"a": "a"},
    ]
    places = [each.place(values) for values in sets for each in (sums, other)]
    assert len({place.casefold() for place in places}) == len(places)
    for name in ("zh", "treatment", "notebooks", "manifest.json", "...", "{where}", "{", "index"):
        place = Notebook(book(tmp_path / f"{name}.ipynb", source)).place({"where": "../x"})
        assert place.startswith("runs/")
        assert ".." not in place.split("/")


def test_a_copy_of_a_template_is_a_users_notebook(tmp_path):
    copy = tmp_path / "10_region_report.ipynb"
    copy.write_bytes((paths.notebooks() / copy.name).read_bytes())
    assert Notebook(copy).place({"lang": "zh", "region": "yimeng"}).startswith("runs/10_region")


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_name_and_value_stays_inside_the_outputs(stem, value):
    it = Notebook("11_county_card")
    store = stores.Store("/tmp", look=True)
    for own in (True, False):
        it.own, it.path = own, Path(stem.replace("\0", "") or "x")
        place = it.place({"lang": "zh", "adcode": value})
        assert store.target(place).is_relative_to(store.folder)
        assert all(0 < len(os.fsencode(part)) < 255 for part in place.split("/"))


# --- the store


def record(name, **more):
    return {
        "name": name,
        "notebook": "n.ipynb",
        "status": "ok",
        "error": "",
        "formats": [],
        "outputs": [],
        "parts": {},
        "parameters": {},
        "recorded": {"made": "2026-01-01T00:00:00+00:00", "seconds": 1.0},
        **more,
    }


def test_files_and_record_come_and_go_together(tmp_path):
    with stores.Store(tmp_path) as store:
        store.place(
            "zh/a", {"x.csv": b"1", "figures/f.svg": b"2", "../plan.html": b"3"}, record("zh/a")
        )
        assert store.record("zh/a")["status"] == "ok"
        assert (tmp_path / "zh/plan.html").read_bytes() == b"3"
        store.keep("zh/a", {"report.failed.ipynb": b"{}"}, record("zh/a", status="failed"))
        (both,) = store.runs()
        assert (both["status"], both["earlier"]["status"]) == ("failed", "ok")
        store.place("zh/a", {"x.csv": b"2"}, record("zh/a"))
        assert sorted(path.name for path in (tmp_path / "zh/a").iterdir()) == [
            ".laoqu.json",
            "x.csv",
        ]
        (tmp_path / "zh/a/x.csv").write_bytes(b"3")
        assert store.damaged(store.record("zh/a")) == ["zh/a/x.csv altered"]


def test_what_we_did_not_make_is_not_touched(tmp_path):
    out, else_ = tmp_path / "out", tmp_path / "else"
    (out / "zh/mine").mkdir(parents=True)
    (out / "zh/mine/thesis.docx").write_text("years of work")
    (else_ / "there").mkdir(parents=True)
    (out / "en").symlink_to(else_)
    (out / "zh/link").symlink_to(else_ / "there")
    (out / "zh/copied").mkdir()
    (out / "zh/copied/.laoqu.json").write_bytes(stores.text_of(record("zh/other")))
    with stores.Store(out) as store:
        for name in ("zh/mine", "en/there", "zh/link", "../x", "zh/copied", ".", "zh"):
            with pytest.raises(lq.OutputError):
                store.place(name, {"x.csv": b"1"}, record(name))
        for file in ("../../x.csv", "a/../../x.csv", "/x.csv", "", "../"):
            with pytest.raises(lq.OutputError):
                store.place("zh/a", {file: b"1"}, record("zh/a"))
    assert (out / "zh/mine/thesis.docx").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == []


def test_what_a_killed_batch_left_is_cleared_and_a_moved_folder_goes_back(tmp_path):
    (tmp_path / ".laoqu-old-zh~yimeng").mkdir()
    (tmp_path / ".laoqu-old-zh~yimeng/report.html").write_text("the earlier one")
    (tmp_path / ".laoqu-x1").mkdir()
    (tmp_path / ".laoqu-x2").touch()
    with stores.Store(tmp_path):
        assert (tmp_path / "zh/yimeng/report.html").read_text() == "the earlier one"
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "zh"]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"runs": [{}]}', '{"format": 99, "runs": []}', "\xff"]
)
def test_a_manifest_of_another_is_set_aside_and_the_folders_speak(tmp_path, text):
    with stores.Store(tmp_path) as store:
        store.place("zh/a", {}, record("zh/a"))
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    (tmp_path / "manifest.aside-1.json").touch()
    with stores.Store(tmp_path) as store:
        assert store.aside == "manifest.aside-2.json"
        assert [run["name"] for run in store.manifest()["runs"]] == ["zh/a"]
    assert (tmp_path / "manifest.aside-2.json").read_text(encoding="latin-1") == text


def test_files_are_made_with_the_users_rights(tmp_path):
    before = os.umask(0o027)
    try:
        with stores.Store(tmp_path) as store:
            store.place("zh/a", {"x.csv": b""}, record("zh/a"))
            store.write("index.html", b"")
    finally:
        os.umask(before)
    modes = [
        oct((tmp_path / name).stat().st_mode & 0o777)
        for name in ("zh/a", "zh/a/x.csv", "index.html")
    ]
    assert modes == ["0o750", "0o640", "0o640"]


@pytest.mark.parametrize("where", ["~nouser/x", "/proc/x", "loop/x", "file"])
def test_outputs_that_cannot_be_are_said(tmp_path, where, monkeypatch):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    path = where if where[0] in "~/" else str(tmp_path / where)
    monkeypatch.setenv("LAOQU_OUTPUTS", path)
    for folder in (path, None):
        with pytest.raises(lq.OutputError, match="LAOQU_OUTPUTS"):
            stores.Store(folder)


# --- the engine

CELLS = (
    "1 + n",
    "from IPython.display import Markdown, clear_output, display",
    "import sys; print('a'); print('b'); print('c', file=sys.stderr)",
    "print('a'); print('b'); h = display('x', display_id=True)",
    "h.update('y'); display(Markdown('*a*'))",
    "import numpy as np, pandas as pd\npd.DataFrame({'a': np.arange(2)})",
    "!echo from a shell\nfor i in range(3):\n    clear_output(wait=True); print(i)",
    "display({'application/json': {'a': np.int64(3), 'b': [np.float64(0.5)]}}, raw=True)",
    "class A: pass\nimport pickle; pickle.loads(pickle.dumps(A())).__class__.__name__, __name__",
    "await __import__('asyncio').sleep(0)\n_, 'x'",
    "%%capture\nprint('swallowed')",
    "from multiprocessing import Pool\ndef f(x): return x * x",
    "with Pool(2) as p: print(p.map(f, [1, 2]))",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "1 / 0",
    "'never'",
)


def told(path):
    """Return the outputs of a notebook without numbers of objects and colours."""
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    return [
        [{k: v for k, v in output.items() if k != "traceback"} for output in cell.outputs]
        for cell in found.cells
        if cell.cell_type == "code"
    ]


def test_cells_leave_what_they_leave_in_an_ordinary_kernel(tmp_path):
    source = book(tmp_path / "t.ipynb", "n = 3", *CELLS)
    for name, engine in (("ours", "laoqu"), ("theirs", None)):
        command = [
            sys.executable,
            "-m",
            "papermill",
            str(source),
            str(tmp_path / f"{name}.ipynb"),
            "-p",
            "n",
            "4",
            *(["--engine", engine] if engine else []),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert "ZeroDivisionError" in done.stderr
    ours, theirs = told(tmp_path / "ours.ipynb"), told(tmp_path / "theirs.ipynb")
    assert ours == theirs
    assert ours[2][0]["data"]["text/plain"] == "5"


def test_the_engine_leaves_this_process_as_it_was(tmp_path, capfd):
    cell = "import os, sys; sys.path.append('x'); print(n); os.system('echo past Python; ls ?')"
    source = book(tmp_path / "t.ipynb", "n = 3", cell + "; 4")
    before = sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook
    node = papermill.execute_notebook(str(source), None, engine_name="laoqu", progress_bar=False)
    printed, result, past, wrong = node.cells[1].outputs
    assert (printed["text"], result["data"]["text/plain"]) == ("3\n", "4")
    # What programs print past Python stands in the notebook and not on the console.
    assert (past["name"], past["text"], wrong["name"]) == ("stdout", "past Python\n", "stderr")
    assert capfd.readouterr().out == ""
    assert (sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook) == before
    papermill.execute_notebook(str(source), None, engine_name="laoqu", progress_bar=False)


TEMPLATES = ["08_monitoring", "10_region_report", "11_county_card", "12_annotated_plan"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_clients_that_write_outputs_as_they_are_find_no_scalar_of_numpy(name):
    """As ploomber-engine saves a template."""
    made = shown(nbformat.read(paths.notebooks() / f"{name}.ipynb", as_version=4))
    assert sum(bool(cell.get("outputs")) for cell in made.cells) > 3


# --- a batch


def test_a_failure_says_which_notebook_to_open(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    path = book(tmp_path / "fails.ipynb", "n = 1", "assert n != 13")
    assert main(["run", str(path), "-p", "n=13"]) == 1
    said = capsys.readouterr().out
    (left,) = (tmp_path / "out").rglob("*.failed.ipynb")
    assert f"{left.parent.name}/report.failed.ipynb" in said


def test_only_what_changed_is_run_and_it_is_said_why(tmp_path, monkeypatch):
    out, text = tmp_path / "out", tmp_path / "text.txt"
    text.write_text("one")
    path = book(
        tmp_path / "t.ipynb",
        "n = 1\nfile = ''\nregion = 'yimeng'",
        "if file: print(open(file).read())",
        "assert n != 13",
    )
    sets = [{"n": 1}, {"n": 13}, {"file": str(text)}]

    def why(*more, **options):
        return [
            run_.why or run_.status
            for run_ in run(path, [*sets, *more], out, only_say=True, **options)
        ]

    assert why() == [["new"]] * 3
    assert not out.exists()
    first = run(path, sets, out, jobs=2)
    assert [each.status for each in first] == ["ok", "failed", "ok"]
    assert first[1].cell == 4
    assert "AssertionError" in first[1].last_lines[-1]
    assert (out / first[1].name / "report.failed.ipynb").is_file()
    assert why() == ["unchanged", ["failed last time: AssertionError: "], "unchanged"]
    assert why(only_failed=True) == ["skipped", ["failed last time: AssertionError: "], "skipped"]
    assert why(force=True)[0] == ["forced"]
    assert why(formats=("html", "pdf"))[2] == ["formats: pdf"]
    text.write_text("two")
    (out / first[0].name / "report.html").write_text("")
    found = why()
    assert found[0] == [f"outputs: {first[0].name}/report.html altered"]
    assert found[2] == [f"files: {text}"]
    again = run(path, [sets[2]], out)
    assert again[0].status == "ok"
    assert "two" in (out / again[0].name / "report.ipynb").read_text()
    assert [
        each["name"] for each in json.loads((out / "manifest.json").read_text())["runs"]
    ] == sorted(each.name for each in first)
    # Only looked: an unknown area or a timeout that is no time stops before anything.
    for bad, options in (
        ({"region": "x"}, {}),
        ({}, {"timeout": float("nan")}),
        ({}, {"jobs": 0}),
        ({}, {"timeout": float("inf")}),
        ({}, {"timeout": -1.0}),
        ({}, {"formats": ["docs"]}),
        ({}, {"kernel": "pyhton3"}),
    ):
        with pytest.raises(lq.LaoquError):
            run(path, [bad], tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_an_exit_with_a_failure_is_one_in_the_last_cell_too(tmp_path):
    path = book(tmp_path / "t.ipynb", "code = 0", "import sys\nsys.exit(code)")
    runs = run(path, [{"code": 0}, {"code": 1}], tmp_path / "out", jobs=1, formats=["html"])
    assert [(each.parameters["code"], each.status, each.error) for each in runs] == [
        (0, "ok", ""), (1, "failed", "SystemExit: 1"),
    ]  # fmt: skip


def test_an_error_on_purpose_is_said_without_lines_of_our_code(tmp_path):
    cells = "region = 'yimeng'", "import laoqu as lq\nraise lq.LaoquError('no border for 3')"
    [made] = run(book(tmp_path / "t.ipynb", *cells), [{}], tmp_path / "out")
    assert list(made.last_lines) == [made.error] == ["LaoquError: no border for 3"]


def test_a_second_run_imports_nothing_heavy(tmp_path):
    heavy = "pandas numpy matplotlib nbformat papermill IPython zmq jinja2 tqdm rocrate distributed"
    code = f"""
import sys, laoqu.cli, laoqu.reports
from laoqu.run.parameters import Notebook
from laoqu.run.store import Store, input_files, inputs
Notebook("10_region_report").check({{"region": "yimeng"}}, laoqu.reports.KINDS)
inputs(input_files()); Store({str(tmp_path)!r}).__exit__()
print(sorted(set({heavy!r}.split()) & set(sys.modules)))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_what_is_imported_ahead_has_no_thread_and_no_file_open():
    code = """
import os
from pathlib import Path
from laoqu.run import process
os.environ |= process.ONE_THREAD
import laoqu.ahead
kept = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_file()]
print(len(os.listdir("/proc/self/task")), [str(each) for each in kept])"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    # PROJ opens its own anew in a fork.
    kept = done.stdout.replace("'", "").strip("[]\n").split(" [")
    assert kept[0] == "1", done.stdout + done.stderr
    assert all(name.endswith("proj.db") for name in kept[1:] if name)


def test_a_crate_names_runs_files_and_sources():
    good = record(
        "zh/a",
        parameters={"region": "yimeng"},
        parts={"notebook": "f" * 64, "data": "d" * 64},
        outputs=[{"path": "zh/a/r.html", "bytes": 3, "sha256": "e" * 64}],
    )
    bad = good | {
        "name": "zh/b",
        "status": "failed",
        "error": "E: no",
        "outputs": [],
        "earlier": good,
    }
    manifest = {
        "runs": [good, bad],
        "sets": {"d" * 64: {"a.csv": "c" * 64}},
        "made": "2026-01-01",
        "packages": {"pandas": "3.0"},
        "laoqu": "0.1",
    }
    made = metadata(manifest, {"index.html": b"x"}, {"https://a.example/": {"name": "A source"}})
    assert made == metadata(
        manifest, {"index.html": b"x"}, {"https://a.example/": {"name": "A source"}}
    )
    found = {each["@id"]: each for each in json.loads(made)["@graph"]}
    actions = {each["@id"]: each for each in found.values() if each["@type"] == "CreateAction"}
    assert len(actions) == 3
    assert sum("error" in each for each in actions.values()) == 1
    assert {each["@id"] for each in found["./"]["hasPart"]} == {"zh/a/r.html", "index.html"}
    assert found["./"]["isBasedOn"] == [{"@id": "https://a.example/"}]
    linked = [part["@id"] for each in actions.values() for part in each["object"]]
    assert set(linked) <= set(found)


def test_a_worker_of_other_data_is_named():
    inputs = stores.inputs(stores.input_files())
    wanted = {part: inputs[part] for part in dask.SAME}
    assert dask.differences(wanted) == ""
    wanted["data"]["curated/regions.csv"] = "other"
    assert dask.differences(wanted) == "data: curated/regions.csv"


def test_workers_are_as_many_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(
        Path, "read_text", lambda *_: f"MemAvailable: {3 * process.RUN_MEMORY >> 10} kB"
    )
    assert process.room() == 3
