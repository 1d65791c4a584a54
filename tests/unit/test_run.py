"""Runs: parameters, places, records, keys, and the engine against an ordinary kernel."""

import datetime
import errno
import gzip
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import zipfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from fixture import book, refused, refuses, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import v4
from stand import MAKER, run

import laoqu as lq
from laoqu import pages, paths, reports, site
from laoqu.cli import main
from laoqu.errors import LaoquError
from laoqu.run import Recipe, Run, batch, dask, process
from laoqu.run import store as stores
from laoqu.run.crate import metadata
from laoqu.run.parameters import Notebook, read_sets
from laoqu.sheets import csv_bytes
from laoqu.source import digest

pytestmark = pytest.mark.usefixtures("server")


# --- parameters

DAY = datetime.date(2020, 1, 1)
#: A list of lists, each of the one before: 9 to the power of 9 values.
ALIASES = "\n".join(["- &a0 {n: 1}", *(f"- areas: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]"
                                      for n in range(1, 10))]).encode()  # fmt: skip


@pytest.fixture
def typed(tmp_path):
    cell = "counting = 'full'\nn: int = 3\nshare = 0.5\nareas = ['yimeng']\nregion = 'yimeng'"
    cell += "\nyes = True\nany = None\nadcode = None"
    return Notebook(book(tmp_path / "typed.ipynb", cell, kinds=("region", "adcode")))


def test_values_for_ones_own_notebook_are_what_was_written(tmp_path):
    """Whatever a parameter is called: only a notebook that says so takes areas and codes."""
    cell = "area = '沂蒙'\nadcode = '环县'\nlang = 'fr'\nregion = 12.5"
    path = book(tmp_path / "mine.ipynb", cell, "print(area, adcode, lang, region)")
    for values, said, lang in (
        ({}, "沂蒙 环县 fr 12.5", "zh"),
        ({"area": "太行", "lang": "en"}, "太行 环县 en 12.5", "en"),
    ):
        (made,) = run(path, [values], tmp_path / "out")
        folder = tmp_path / "out" / made.name
        assert said in (folder / "report.ipynb").read_text("utf-8")
        assert (folder / "report.html").read_text("utf-8") == lang  # what the test's pages hold


def test_a_wrong_parameter_is_an_error_not_the_default(typed):
    wrong = {
        "unknown parameter 'countin' of typed.ipynb; nearest: counting": {"countin": "full"},
        "parameter 'n' is '3' (str), expected int, for example 3": {"n": "3"},
        "parameter 'n' is True (bool), expected int": {"n": True},
        "'much' (str), expected float": {"share": "much"},
        "0… (int), expected float": {"share": 10**400},
        "expected list": {"areas": "yimeng"},
        "nearest: yimeng": {"region": "yimneg"},
        "x… (str), expected int": {"n": "x" * 9000},
        "(dict), expected str": {"counting": {1: object}},
        "'areas' is [datetime.date(2020, 1, 1)] (list), expected a finite": {"areas": [DAY]},
        "'areas' is [(1, 2)] (list), expected": {"areas": [(1, 2)]},
        "'any' is {1: 2} (dict), expected a finite number, text, True, False, None, or": {
            "any": {1: 2}
        },
        "parameter 'any' is 1j (complex), expected": {"any": 1j},
        "parameter 'any' is inf (float), expected a finite number": {"any": float("inf")},
        "parameter 'share' is nan (float), expected a finite number": {"share": float("nan")},
        "'areas' is [-inf] (list), expected a finite number": {"areas": [float("-inf")]},
        "None (NoneType), expected int, for example 3; only a default of None takes": {"n": None},
        "'adcode' is 0.5 (float), expected str": {"adcode": 0.5},
    }
    for said, values in wrong.items():
        assert said in refused(typed.check, values, reports.KINDS)


def test_values_come_from_text_csv_and_yaml(typed, tmp_path):
    texts = {"n": "7", "share": "1", "areas": "['a']", "counting": "12", "yes": "False",
             "region": "Dabie Mountains", "any": "{'a': [1.0, None]}"}  # fmt: skip
    assert typed.check(typed.parse(texts), reports.KINDS) == {
        "counting": "12", "n": 7, "share": 1.0, "areas": ["a"], "region": "dabieshan", "yes": False,
        "any": {"a": [1.0, None]}, "adcode": None,
    }  # fmt: skip
    for any_ in (None, 3, "三", [], 1e300):
        found = typed.check({"any": any_, "adcode": 370323}, reports.KINDS)
        assert (found["any"], found["adcode"]) == (any_, "370323")
    (tmp_path / "p.csv").write_text("\ufeffmust,n,\nb,4,\n", encoding="utf-8")
    assert read_sets(tmp_path / "p.csv", {"share": "1"}) == {
        f"{tmp_path}/p.csv:2 and -p": {"must": "b", "n": "4", "share": "1"}
    }
    said = refused(read_sets, tmp_path / "p.csv", {"n": "4"})
    assert "p.csv:2: 'n' stands here and in -p" in said
    for mark, encoding in ((";", "gb18030"), ("\t", "utf-16"), (",", "utf-8")):
        (tmp_path / "p.csv").write_text(f"must{mark}n\n沂蒙{mark}4\n\n", encoding=encoding)
        assert [*read_sets(tmp_path / "p.csv").values()] == [{"must": "沂蒙", "n": "4"}]
    (tmp_path / "p.yaml").write_text("- {adcode: 370323}\n")
    card = Notebook("11_county_card")
    (one,) = (card.check(each, reports.KINDS) for each in read_sets(tmp_path / "p.yaml").values())
    assert one["adcode"] == "370323"


def test_a_wrong_file_of_parameters_is_said(typed, tmp_path):
    def use(path):
        for where, each in read_sets(path).items():
            typed.check(typed.parse(each), reports.KINDS, where)

    wrong = {
        ".csv": {b'n\n"open': "p.csv:2:1: the quotation mark", b"": "0 param",
                 b"\xff\xfe": "0 parameter sets",
                 b"n\na,b\n": "p.csv:2: 2 cell(s), expected 1", b"\xb0\xff": "save it as text",
                 b"n,share,n\n1,2,3\n": "p.csv:1: the column 'n' stands there twice",
                 b"n,share\n1,2\n3\n": "p.csv:3: 1 cell(s), expected 2",
                 b"n,share\n1,1\nx,2\n": "p.csv:3: parameter 'n' is 'x' (str), expected int",
                 b"n,share\n1,2\n3, \n": "p.csv:3:2: empty cell for share: write a value, or",
                 b"region,n\n,2\n": "p.csv:2:1: empty cell for region: write a value, or leave",
                 b"region,n\nx,1\n,\n": "p.csv:3:1: empty cell for region"},  # as Excel saves it
        ".txt": {b"n": "expected a .csv"},
        ".yaml": {b"a: 1": "a list", b"- {counting: 2021-13-45}": "",
                  b"- &a [*a]": "p.yaml holds more than 2,000,000 values, with those that its",
                  b"[" * 5000: "", b"- " * 5000: "", b"- !!python/x y": "",
                  b"- n: 1\n  share: 2\n  n: 3": "p.yaml:3: the key 'n' stands there twice",
                  b"- n: 1\n-\n  n: x": "p.yaml:3: parameter 'n' is 'x'",
                  b"- areas: [a]\n- areas: [2020-01-01]": "p.yaml:2: parameter 'areas' is [date",
                  b"- n: 1\n- n: 010": "p.yaml:2: 010 is 8 to YAML", b"- n: 12:30": "12:30 is 750",
                  ALIASES: "p.yaml holds more than 2,000,000 values, with those that its aliases"},
    }  # fmt: skip
    for suffix, texts in wrong.items():
        for text, said in texts.items():
            (tmp_path / f"p{suffix}").write_bytes(text)
            assert said in refused(use, tmp_path / f"p{suffix}", seconds=0.5)


def test_a_notebook_must_be_one_with_nothing_but_literals_as_parameters(tmp_path):
    for cell in ("n = f(3)", "n =", "%time n = 3", "a = b = 1", "n: thing", "(a, b) = 1, 2",
                 "n = 1\nn += 5", "n = {2020: 1.0}", "n = (2019, 2021)", "n = [{1, 2}]", "n = b'x'",
                 "n = 1j", "n = ...", "n = 1e999", "n = [-1e999]", "n = {1: 'a', 'b': 2}",
                 f"n = 0x{'f' * 5000}",
                 "x" * 5000 + ".y = 1", "n = " + "(" * 300 + "1" + ")" * 300):  # fmt: skip
        said = refused(Notebook, book(tmp_path / "t.ipynb", cell))
        assert "expected `name = value`, with" in said
    for cell, said in (
        ("x = 1\r\ny = x * 2", "line 2 of the parameters cell is `y = x * 2`; expected"),
        ("x <- 1", "line 1 of the parameters cell is `x <- 1`; expected"),
        (
            "w = {1: 2}",
            "is `w = {1: 2}`; expected `name = value`, with a finite number, text, True",
        ),
    ):
        assert said in refused(Notebook, book(tmp_path / "t.ipynb", cell))
    good = book(tmp_path / "t.ipynb", "x = 1").read_text("utf-8")
    for text in (b"", b"[]", b"{}", b'{"cells": [3], "metadata": {}}', b"\xff",
                 good.encode("utf-8-sig"), good.encode("utf-16"),
                 good.replace('"nbformat": 4', '"nbformat": 5').encode()):  # fmt: skip
        (tmp_path / "x.ipynb").write_bytes(text)
        said = refused(Notebook, tmp_path / "x.ipynb")
        assert "x.ipynb is not a notebook of format 4 in UTF-8 without a BOM: save it" in said
    for odd in ("x", [], None, {"parameters": []}, {"parameters": {"x": []}}):
        made = json.loads(good)
        made["metadata"]["laoqu"] = odd
        (tmp_path / "x.ipynb").write_text(json.dumps(made))
        assert Notebook(tmp_path / "x.ipynb").check({}, reports.KINDS) == {"x": 1}
    for name in ("10_region_reprt", "\0", "x" * 5000, "", "..", "~nouser/x.ipynb"):
        assert "here and no notebook of that name" in refused(Notebook, name)


# --- places


def test_no_two_runs_share_a_folder_and_none_is_a_reserved_one(tmp_path):
    source = "a = ''\nb = ''\nwhere = ''"
    sums, other = (Notebook(book(tmp_path / each / "sums.ipynb", source)) for each in "xy")
    sets = [
        {"a": "1,b=2", "b": "3"}, {"a": "1", "b": "2,b=3"}, {"a": "汉" * 80}, {"a": "汉" * 81},
        {"where": "../x"}, {"where": "/etc"}, {"a": "A"}, {"a": "a"},
    ]  # fmt: skip
    places = [each.place(values) for values in sets for each in (sums, other)]
    for name in ("zh", "treatment", "notebooks", "manifest.json", "...", "{where}", "{", "index"):
        it = Notebook(book(tmp_path / f"{name}.ipynb", source))
        places.append(it.place({"where": "../x"}))
    copy = tmp_path / "10_region_report.ipynb"  # of a template: a user's notebook
    copy.write_bytes((paths.notebooks() / copy.name).read_bytes())
    places.append(Notebook(copy).place({"lang": "zh", "region": "yimeng"}))
    assert len({place.casefold() for place in places}) == len(places)
    assert all(place.startswith("runs/") and ".." not in place.split("/") for place in places)


def test_a_locale_without_chinese_has_places_it_can_write(monkeypatch):
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "latin-1")
    places = [Notebook("08_monitoring").place({"lang": "zh", "area": "all", "outcome": name})
              for name in ("产业", "收入", "größe")]  # fmt: skip
    assert all(place.encode("latin-1").isascii() for place in places[:2])
    assert len(set(places)) == 3 and places[2] == "zh/monitor/all/größe"


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
        "name": name, "notebook": "n.ipynb", "status": "ok", "error": "", "formats": [],
        "outputs": [], "parts": {"notebook": ""}, "parameters": {},
        "recorded": {"made": "2026-01-01T00:00:00+00:00", "seconds": 1.0}, **more,
    }  # fmt: skip


def test_files_and_record_come_and_go_together_with_the_users_rights(tmp_path):
    before = os.umask(0o027)
    try:
        with stores.Store(tmp_path) as store:
            files = {"x.csv": b"1", "figures/f.svg": b"2"}
            store.place("zh/a", files, record("zh/a"), {"plan.html": b"3"})
    finally:
        os.umask(before)
    for name, mode in (("zh/a", 0o750), ("zh/a/x.csv", 0o640), ("zh/plan.html", 0o640)):
        assert (tmp_path / name).stat().st_mode & 0o777 == mode
    with stores.Store(tmp_path) as store:
        assert store.record("zh/a")["status"] == "ok"
        store.keep("zh/a", {"report.failed.ipynb": b"{}"}, record("zh/a", status="failed"))
        (both,) = store.runs()
        assert (both["status"], both["earlier"]["status"]) == ("failed", "ok")
        store.place("zh/a", {"x.csv": b"2"}, record("zh/a"))
        left = sorted(path.name for path in (tmp_path / "zh/a").iterdir())
        assert left == [".laoqu.json", "x.csv"]
        (tmp_path / "zh/a/x.csv").write_bytes(b"3")
        assert store.damaged(store.record("zh/a")["outputs"]) == ["zh/a/x.csv altered"]


def test_what_we_did_not_make_is_not_touched(tmp_path):
    out, else_ = tmp_path / "out", tmp_path / "else"
    for folder in (out / "zh/mine", out / "zh/copied", else_ / "there"):
        folder.mkdir(parents=True)
    (out / "zh/mine/thesis.docx").write_text("years of work")
    (out / "en").symlink_to(else_)
    (out / "zh/link").symlink_to(else_ / "there")
    (out / "zh/copied/.laoqu.json").write_bytes(stores.text_of(record("zh/other")))
    (out / "zh/damaged").mkdir()
    (out / "zh/damaged/.laoqu.json").write_text("{")
    said = {"zh/mine": "was not made by laoqu", "en/there": "out/en is a symbolic link",
            "zh/link": "link is a symbolic link",
            "zh/copied": "its .laoqu.json is damaged or of another folder",
            "zh/damaged": "its .laoqu.json is damaged"}  # fmt: skip
    with stores.Store(out) as store:
        for name, why in said.items():
            assert why in refused(store.place, name, {"x.csv": b"1"}, record(name))
        for name in ("zh/mine", "en/there", "zh/link", "../x", "zh/copied", ".", "zh"):
            said = re.escape(name)
            refuses(lq.OutputError, said, store.place, name, {"x.csv": b"1"}, record(name))
        for file in ("../x.csv", "../../x.csv", "a/../../x.csv", "/x.csv", "", "..", "../", "."):
            said = "does not lie in the folder of the run zh/a"
            refuses(lq.OutputError, said, store.place, "zh/a", {file: b"1"}, record("zh/a"))
    assert (out / "zh/mine/thesis.docx").read_text() == "years of work"
    assert list(tmp_path.rglob("*.csv")) == []


def test_what_a_killed_batch_left_is_cleared_and_a_moved_folder_goes_back(tmp_path):
    (tmp_path / ".laoqu-old-zh~yimeng").mkdir()
    (tmp_path / ".laoqu-old-zh~yimeng/report.html").write_text("the earlier one")
    (tmp_path / ".laoqu-x1").mkdir()
    (tmp_path / ".laoqu-x2").touch()
    (tmp_path / ".laoqu-4194305-x3").mkdir()  # a number that no process has
    alive = tmp_path / f".laoqu-{os.getppid()}-x4"
    alive.mkdir()
    with stores.Store(tmp_path):
        assert (tmp_path / "zh/yimeng/report.html").read_text() == "the earlier one"
        assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, ".lock", "zh"]

    class Cleared(dict):
        def items(self):
            yield "a/x.csv", b"1"
            for path in tmp_path.glob(f".laoqu-{os.getpid()}-*"):
                shutil.rmtree(path)
            yield "a/y.csv", b"2"

    with pytest.raises(lq.OutputError, match="zh/b cannot be written: No such file"):
        paths.place(tmp_path, "zh/b", Cleared())
    assert not (tmp_path / "zh/b").exists()


def test_a_manifest_of_another_is_set_aside_and_the_folders_speak(tmp_path):
    with stores.Store(tmp_path) as store:
        store.place("zh/a", {}, record("zh/a"))
    texts = ["{", "[]", '{"runs": [{}]}', '{"format": 99, "runs": []}', "\xff"]
    texts += [f'{{"format": 3, "runs": [], "sets": {sets}}}' for sets in ("[]", '{"a": 1}')]
    for number, text in enumerate(texts, start=1):
        (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
        with stores.Store(tmp_path) as store:
            assert store.aside == {"manifest.json": f"manifest.aside-{number}.json"}
            assert [run["name"] for run in store.manifest()["runs"]] == ["zh/a"]
        aside = tmp_path / store.aside["manifest.json"]
        assert aside.read_text(encoding="latin-1") == text
    (tmp_path / "zh/b").mkdir()
    odd_paths = ["../x", "../../x", "", "\0", "\ud800", "en/b/x", "zh/../../x", "x" * 999]
    odd_paths.append(f"{tmp_path}/zh/b")
    odds = [{"outputs": [{"path": path, "bytes": 1, "sha256": ""}]} for path in odd_paths]
    odds += [{"recorded": {"made": made, "seconds": seconds}}
             for made, seconds in (("x", 1.0), ("2026-01-01", 9e99), ("2026", 9e999))]  # fmt: skip
    odds += [{"outputs": [{}]}, {"outputs": [3]}, {"parts": []}, {"recorded": {}},
             {"parts": {"notebook": "", "data": []}}]  # fmt: skip
    for odd in odds:
        text = json.dumps(record("zh/b") | odd)
        (tmp_path / "zh/b" / stores.RECORD).write_text(text)
        assert [run["name"] for run in store.manifest()["runs"]] == ["zh/a"]


def test_what_others_left_in_the_outputs_is_never_lost(tmp_path):
    foreign = (
        "index.html", "ro-crate-metadata.json", "manifest.json", ".index.json", ".laoqu.json"
    )  # fmt: skip
    for name in (*foreign, "zh/plan.html", "zh/a/mine.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("precious")
    for _ in range(2):  # the second time as the first
        with stores.Store(tmp_path) as store:
            for name, beside in (("zh/a", {}), ("zh/plan", {"plan.html": b"ours"})):
                with pytest.raises(lq.OutputError, match="was not made by laoqu"):
                    store.place(name, {"x.csv": b"1"}, record(name), beside)
            with pytest.raises(lq.OutputError, match="was not made by laoqu"):
                store.keep("zh/a", {"report.failed.ipynb": b"1"}, record("zh/a"))
    assert [path.name for path in (tmp_path / "zh/a").iterdir()] == ["mine.csv"]
    asides = ("index.aside-1.html", "ro-crate-metadata.aside-1.json", "manifest.aside-1.json",
              ".index.aside-1.json", ".laoqu.aside-1.json", "zh/plan.html")  # fmt: skip
    assert [(tmp_path / name).read_text() for name in asides] == ["precious"] * 6


@pytest.mark.parametrize(
    "where", ["~nouser/x", "/proc", "/proc/x", "loop/x", "file", "locked", "away"]
)
def test_outputs_that_cannot_be_are_said(tmp_path, where, monkeypatch):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    (tmp_path / "locked/.lock").mkdir(parents=True)
    (tmp_path / "away").mkdir()
    (tmp_path / "away/.lock").symlink_to(tmp_path / "outside")
    path = where if where[0] in "~/" else str(tmp_path / where)
    monkeypatch.setenv("LAOQU_OUTPUTS", path)
    for folder in (path, None):
        with pytest.raises(lq.OutputError, match=r"cannot be.*LAOQU_OUTPUTS") as raised:
            stores.Store(folder)
        said = re.search("(locked|away)/.lock", str(raised.value))
        assert bool(said) == (where in ("locked", "away"))
    assert not (tmp_path / "outside").exists()


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
    "import asyncio\nasync def f(): return 'of a task'\ntask = asyncio.create_task(f())",
    "await task",
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
    code = [cell for cell in found.cells if cell.cell_type == "code"]
    return [[{k: v for k, v in each.items() if k != "traceback"} for each in cell.outputs]
            for cell in code]  # fmt: skip


def test_cells_leave_what_they_leave_in_an_ordinary_kernel(tmp_path, monkeypatch):
    source = book(tmp_path / "t.ipynb", "n = 3", *CELLS)
    for name, engine in (("ours", ["--engine", "laoqu"]), ("theirs", [])):
        command = [sys.executable, "-m", "papermill", str(source), str(tmp_path / f"{name}.ipynb")]
        command += ["-p", "n", "4", *engine]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert "ZeroDivisionError" in done.stderr
    # In a batch, whose processes begin where a rehearsal has run.
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    command = [sys.executable, "-m", "laoqu", "run", str(source), "-p", "n", "4", "--quiet"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1
    (batch,) = (tmp_path / "out").rglob("report.failed.ipynb")
    ours, theirs = told(tmp_path / "ours.ipynb"), told(tmp_path / "theirs.ipynb")
    assert ours == theirs == told(batch)
    assert "image/png" in ours[-3][-1]["data"]
    assert ours[2][0]["data"]["text/plain"] == "5"


def test_the_engine_leaves_this_process_as_it_was(tmp_path, capfd):
    cell = "import os, subprocess, sys; sys.path.append('x'); print(n); os.system('ls ?'); "
    cell += "subprocess.run(['echo', 'past Python'], stdout=sys.stdout)"
    source = book(tmp_path / "t.ipynb", "n = 3", cell + "; 4")
    before = sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook
    node = papermill.execute_notebook(str(source), None, engine_name="laoqu", progress_bar=False)
    printed, result, past, wrong = node.cells[1].outputs
    assert (printed["text"], result["data"]["text/plain"]) == ("3\n", "4")
    # What programs print past Python stands in the notebook and not on the console.
    assert (past["name"], past["text"], wrong["name"]) == ("stdout", "past Python\n", "stderr")
    assert capfd.readouterr().out == ""
    assert (sys.stdout, sys.stderr, sys.modules["__main__"], sys.displayhook) == before
    # A cell that ends its process with 0 is an error of that cell.
    ends = book(tmp_path / "e.ipynb", "n = 3", "import os; os._exit(0)")
    with pytest.raises(papermill.PapermillExecutionError, match="ended with status 0") as raised:
        papermill.execute_notebook(str(ends), None, engine_name="laoqu", progress_bar=False)
    assert raised.value.cell_index == 1


def test_a_cell_that_hangs_asks_or_leaves_something_fails_or_is_ended(tmp_path):
    """As papermill has them run; what else a cell may do, batches try in test_faults."""
    sleeping = "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\ntime.sleep"
    cases = {
        f"{sleeping}(2)": "TimeoutError: the cell took longer than 1 s",
        f"{sleeping}; import ctypes; ctypes.PyDLL(None).sleep(99)": "1 s and did not stop",
        "input('x')": "StdinNotImplementedError: a notebook that runs by itself cannot ask",
        "import getpass; getpass.getpass()": "StdinNotImplementedError",
        "import sys; assert sys.stdin.read(); print(sys.stdin.read())": "AssertionError",
        "import subprocess as s; assert s.run('cat', stdout=s.PIPE).stdout": "AssertionError",
        "import posix; posix._exit(0)": "the process ended with status 0",
        "from multiprocessing import Pool\npool = Pool(2); print(pool.map(abs, [-1]))": "",
    }

    def done(n, cell):
        source = book(tmp_path / f"{n}.ipynb", "n = 3", cell)
        command = [sys.executable, "-m", "papermill", str(source), str(tmp_path / f"{n}.out.ipynb")]
        command += ["--engine", "laoqu", "--execution-timeout", "1" if sleeping in cell else "99"]
        return subprocess.run(command, capture_output=True, text=True, input="secret",
                              env=os.environ | {"MPLBACKEND": "nosuch"})  # fmt: skip

    with ThreadPoolExecutor(4) as threads:  # most of the time is waiting
        ended = [*threads.map(done, range(len(cases)), cases)]
    for each, said in zip(ended, cases.values(), strict=True):
        assert (each.returncode, said in each.stderr) == (1 if said else 0, True), each.stderr


def test_clients_that_write_outputs_as_they_are_find_no_scalar_of_numpy():
    """As ploomber-engine saves a template; the next test has `shown` write that of an area."""
    made = shown(nbformat.read(paths.notebooks() / "11_county_card.ipynb", as_version=4))
    assert sum(bool(cell.get("outputs")) for cell in made.cells) > 3


def test_a_sheet_with_targets_is_not_told_that_there_are_none(tmp_path, monkeypatch, plan):
    coded = plan.codings("adjudicated").drop(columns="coder")
    coded = coded.merge(plan.measures()[["measure_id", "quote"]])
    coded = coded.assign(**{c: coded[c].map(";".join) for c in coded if c.endswith("_more")})
    coded.loc[coded["measure_id"].isin(["c09.s03.m2", "c10.s07.m1"]), "target_type"] = "G1"
    (tmp_path / "g1.csv").write_bytes(csv_bytes(coded))
    for own in (True, False):
        monkeypatch.setenv("LAOQU_CODING", str(tmp_path / "g1.csv") if own else "")
        notebook = nbformat.read(paths.notebooks() / "10_region_report.ipynb", as_version=4)
        files = pages.render(shown(notebook), "zh", ("html",))
        page = re.sub(r"\s|\u2009|<pre.*?</pre>|<[^>]*>", "", files["report.html"].decode())
        assert ("g1.csv把2项措施编码为有量化目标" in page) == own
        assert (
            ("未写有效期、量化目标和金额" in page)
            == ("没有为任何老区设定量化目标" in page)
            == (not own)
        )


def test_what_a_cell_leaves_open_is_written_as_where_an_interpreter_ends(tmp_path):
    left = """
import atexit, csv, gzip, pathlib, zipfile
text = open(at + "a.csv", "w", newline="")
csv.writer(text).writerows([i, "县"] for i in range(3000))
packed = gzip.open(at + "b.gz", "wt")
packed.write("x" * 100)
whole = zipfile.ZipFile(at + "c.zip", "w")
whole.writestr("n", "hello")
atexit.register(lambda: pathlib.Path(at + "d.txt").write_text("end"))
def inner(): kept.append(open(at + "e.txt", "w")); kept[0].write("short")
kept = []; inner(); kept.append(kept)
import concurrent.futures, threading, time
def late(name): time.sleep(0.5); pathlib.Path(at + name).write_text(name)
threading.Thread(target=late, args="f").start()
concurrent.futures.ThreadPoolExecutor(1).submit(late, "g")
"""
    path = book(tmp_path / "t.ipynb", 'at = ""\nn = 0', left, "1 / n")
    for n, status in ((1, "ok"), (0, "failed")):
        at = f"{tmp_path}/{n}-"
        (made,) = run(path, [{"at": at, "n": n}], tmp_path / "out")
        assert made.status == status
        assert Path(f"{at}a.csv").read_text().count("\n") == 3000
        assert gzip.decompress(Path(f"{at}b.gz").read_bytes()) == b"x" * 100
        assert Path(f"{at}f").read_text() + Path(f"{at}g").read_text() == "fg"
        assert zipfile.ZipFile(f"{at}c.zip").read("n") == b"hello"
        assert [Path(f"{at}{x}.txt").read_text() for x in "de"] == ["end", "short"]


def test_an_area_without_a_county_in_ones_own_table_has_a_report(tmp_path, monkeypatch, plan):
    """It says what names the area, and draws no map and no chart of single measures."""
    plan.membership("yimeng").to_csv(tmp_path / "mine.csv", index=False)
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(tmp_path / "mine.csv"))
    notebook = nbformat.read(paths.notebooks() / "10_region_report.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r'^region = "yimeng"', 'region = "zhexinan"', cell.source)
    files = pages.render(shown(notebook), "zh", ())
    values = json.loads(files["values.json"])
    assert (values["named"], values["documented"]) == (3, 0)
    assert not {"figures/map.svg", "figures/themes.svg"} & set(files)
    # Other pages name the file as reports do, and the plan says nothing of rivers alone.
    for stem in ("08_monitoring", "11_county_card", "12_annotated_plan"):
        notebook = nbformat.read(paths.notebooks() / f"{stem}.ipynb", as_version=4)
        files = pages.render(shown(notebook), "zh", ("html",))
        (page,) = (each.decode() for name, each in files.items() if name.endswith(".html"))
        said = re.sub(r"\s|<[^>]*>|\u2009", "", page)
        assert "县名单取自使用者自备的mine.csv" in said, stem
    assert "（其中未列的市县、河流" in said
    runs = {"runs": [], "made": "", "laoqu": "", "python": "", "packages": {}}
    assert "“documented” is what is listed" in site.page(runs, site.parts()).decode()
    # So does the page of any other notebook, whose prose may be of the data as published.
    notebook = book(tmp_path / "t.ipynb", "n = 1")
    page = pages.render(nbformat.read(notebook, as_version=4), "en", ["html"])["report.html"]
    assert "files of the user’s own: mine.csv. Tables" in page.decode()
    # A key county that box 1 alone names, and the table does not have.
    notebook = nbformat.read(paths.notebooks() / "11_county_card.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r'^adcode = "\d+"', 'adcode = "500243"', cell.source)
    values = json.loads(pages.render(shown(notebook), "zh", ())["values.json"])
    assert (values["areas"], values["key_county"]) == ("", 1)
    # Where areas without a row keep ours, only the others are said to be the file's.
    rest = "（仅沂蒙；其余老区与本项目的名单相同）。"
    plan.membership("yimeng")[:3].to_csv(tmp_path / "mine.csv", index=False)
    monkeypatch.setenv("LAOQU_MEMBERSHIP_MODE", "complete")
    for stem in ("08_monitoring", "11_county_card", "12_annotated_plan"):
        notebook = nbformat.read(paths.notebooks() / f"{stem}.ipynb", as_version=4)
        files = pages.render(shown(notebook), "zh", ("html",))
        (page,) = (each.decode() for name, each in files.items() if name.endswith(".html"))
        said = re.sub(r"\s|<[^>]*>|\u2009", "", page)
        assert f"mine.csv{rest}" in said or f"mine.csv{rest[:-1]}，" in said, stem
    assert rest[:-1] in re.sub(r"\s|\u2009", "", site.page(runs, site.parts()).decode())


def test_a_table_of_ones_own_that_cannot_be_used_is_refused_before_a_run(tmp_path, monkeypatch):
    (tmp_path / "t.txt").write_text("hello")
    for name in paths.OWN:
        with monkeypatch.context() as patch:
            patch.setenv(f"LAOQU_{name.upper()}", str(tmp_path / "t.txt"))
            with pytest.raises(lq.DataError, match=r"t\.txt:1:1: ") as raised:
                lq.run_reports(["yimeng"], outputs=tmp_path / "out")
            assert {each.file for each in raised.value.problems} == {str(tmp_path / "t.txt")}
            patch.setenv(f"LAOQU_{name.upper()}", "no.csv")
            with pytest.raises(lq.ParameterError, match=f"LAOQU_{name.upper()} is no.csv, which"):
                lq.load()
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


# --- a batch


def test_files_that_parameters_name_a_kernel_and_a_folder_count(tmp_path, monkeypatch):
    """Of many changes three are said; what is no file of the user's is not read."""
    monkeypatch.chdir(tmp_path)
    names = [f"{number}.csv" for number in range(4)]
    path, out = tmp_path / "t/t.ipynb", tmp_path / "out"
    book(path, "word = ''\nmore = {}", "print(open(word).read() if 'csv' in word else '')")

    def write(text):
        for name in (*names, "m.shp", "m.csv"):
            Path(name).write_text(text)

    words = "/", "..", ".", "/proc", "/sys", "/dev", "/proc/kmsg", "/dev/zero", "~", "\0", "fifo"
    sets = [{"word": word} for word in (*words, "0.csv", "m.shp")]
    sets += [{"more": {"of": [names]}}]

    def why(sets=sets[-1:], **options):
        return ["; ".join(it.why) for it in run(path, sets, out, only_say=True, **options)]

    write("one")
    os.mkfifo("fifo")
    runs = run(path, sets, out)
    assert [(each.error, *each.warnings) for each in runs] == [("",)] * len(sets)
    assert why(sets) == [""] * len(sets)
    assert why(kernel="python3") == ["kernel"]
    with monkeypatch.context() as patch:
        patch.chdir("t")
        assert why(sets[:1]) == ["working folder"]
    write("two")
    changed = ["files: 0.csv", "files: m.csv, m.shp", "files: 0.csv, 1.csv, 2.csv and 1 more"]
    assert why(sets) == [*[""] * len(words), *changed]
    with pytest.raises(lq.ParameterError, match="fifo is a pipe, which no run can read"):
        run(path, [{"word": str(tmp_path / "fifo")}], out)


def test_a_notebook_of_ones_own_is_run_each_time_but_to_resume(tmp_path, monkeypatch):
    """Its cells may read what nobody knows of; a template has said what it depends on."""
    monkeypatch.setattr(reports, "MAKER", MAKER)
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    read, named = tmp_path / "read.txt", tmp_path / "named.txt"
    path = book(tmp_path / "t.ipynb", f"n = 1\nfile = {str(named)!r}",
                f"print(open({str(read)!r}).read(), open(file).read())")  # fmt: skip

    def printed(*options, status="1 written, 0 unchanged, 0 failed"):
        with redirect_stdout(io.StringIO()) as said:
            assert main(["run", str(path), *options]) == 0
        assert status in said.getvalue()
        (page,) = (tmp_path / "out/runs").rglob("report.ipynb")
        return nbformat.read(page, 4).cells[-1].outputs[0].text.split()

    read.write_text("a")
    named.write_text("1")
    assert printed() == ["a", "1"]
    read.write_text("b")
    kept = "0 written, 1 unchanged, 0 failed"
    assert printed("--resume", status=kept) == ["a", "1"]
    assert printed() == ["b", "1"]
    named.write_text("2")
    assert printed("--resume") == ["b", "2"]
    assert printed("--resume", status=kept) == ["b", "2"]
    (done,) = lq.run_notebook(path, [{}])
    assert (done.status, list(done.why)) == ("ok", ["asked for"])
    assert lq.run_notebook(path, [{}], resume=True)[0].status == "unchanged"


def test_resuming_looks_at_home_and_at_addresses_and_says_that_folders_are_not_compared(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    file, notes = tmp_path / "a b.csv", []
    path = book(tmp_path / "t.ipynb", 'word = ["~/a b.csv"]', "word")

    def again(*words):
        notes.clear()
        sets = [{"word": [each]} for each in words]
        made = run(
            path, sets, tmp_path / "out", only_say=True, tell=lambda *told: notes.append(told)
        )
        return [each.status for each in made]

    file.write_text("1")
    words = "~/a b.csv", file.as_uri(), "."
    run(path, [{"word": [each]} for each in words], tmp_path / "out")
    assert again(*words) == ["unchanged"] * 3
    said = "is no file: what is there was not compared; without --resume the run is made again"
    assert notes == [("note", f". {said}")]
    file.write_text("2")
    assert again(*words) == ["waiting", "waiting", "unchanged"]
    run(path, [{"word": ["*.csv"]}], tmp_path / "out")
    assert again("*.csv") == ["unchanged"] and notes == [("note", f"*.csv {said}")]


def test_what_a_reader_changed_or_laid_into_a_folder_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, out, notes = book(tmp_path / "t.ipynb", "n = 1", "n"), tmp_path / "out", []

    def again():
        notes.clear()
        (made,) = run(path, [{}], out, formats=["html", "docx"], force=True,
                      tell=lambda kind, what: kind == "note" and notes.append(what))  # fmt: skip
        assert made.status == "ok"
        return out / made.name

    folder = again()
    aside, left = folder.parent / f"{folder.name}.aside-1", sorted(folder.rglob("*"))
    for file in (".ipynb_checkpoints/report.ipynb", ".DS_Store", "~$report.docx"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text("nobody's work")
    assert again() == folder and not aside.exists() and not notes
    (folder / "report.docx").write_text("edited")
    (folder / "mine").mkdir()
    (folder / "mine/notes.md").write_text("mine")
    assert sorted(again().rglob("*")) == left
    assert (folder / "report.docx").read_bytes() == b"zh"
    assert (aside / "report.docx").read_text() == "edited"
    assert (aside / "mine/notes.md").read_text() == "mine"
    said = f"{folder.relative_to(out)} held what laoqu had not left so (mine/notes.md, report.docx)"
    assert notes == [f"{said}: it is now in {aside.relative_to(out)}"]
    (folder / "more.md").write_text("more")
    again()
    assert (folder.parent / f"{folder.name}.aside-2/more.md").read_text() == "more"
    assert len(json.loads((out / "manifest.json").read_text())["runs"]) == 1


def test_pipes_in_the_outputs_folder_and_the_root_of_all_files_hang_nothing(tmp_path):
    path, out = book(tmp_path / "t.ipynb", "n = 1", "n"), tmp_path / "out"
    (made,) = run(path, [{}], out)
    for name in (".index.json", f"{made.name}/.laoqu.failed.json"):
        (out / name).unlink(missing_ok=True)
        os.mkfifo(out / name)
    (made,) = run(path, [{}], out, force=True)
    assert made.status == "ok"
    refuses(lq.OutputError, "outputs folder is /, the root of all files", run, path, [{}], "/")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_card_of_a_county_that_nothing_names(lang):
    """In the plan by no name, in no area: unknown, and no error."""
    notebook = nbformat.read(paths.notebooks() / "11_county_card.ipynb", as_version=4)
    (cell,) = (each for each in notebook.cells if each.source.startswith('adcode = "451081"'))
    cell.source = f'adcode = "110101"\nlang = "{lang}"'
    files = pages.render(shown(notebook), lang, ("html",))
    (page,) = (data.decode() for name, data in files.items() if name.endswith(".html"))
    assert {"zh": "东城区", "en": "Dongcheng"}[lang] in page
    assert {"zh": "属未知", "en": "unknown"}[lang] in page
    # No head stands over nothing.
    assert (page.count("<p>–</p>"), page.count("<table")) == (2, 1)


def test_of_borders_as_a_shapefile_all_files_count(tmp_path, monkeypatch):
    for end in ("shp", "dbf", "csv.xml"):
        (tmp_path / f"own.{end}").write_text("1")
    (tmp_path / "owner.shp").write_text("1")
    monkeypatch.setenv("LAOQU_BOUNDARIES", str(tmp_path / "own.shp"))
    before, state = stores.Inputs().parts["own"], paths.state(tmp_path / "x", paths.own_files(), "")
    assert [*before] == [f"boundaries (own.{end})" for end in ("csv.xml", "dbf", "shp")]
    (tmp_path / "own.dbf").write_text("2")
    after = stores.Inputs().parts["own"]
    assert {name for name in after if after[name] != before[name]} == {"boundaries (own.dbf)"}
    assert paths.state(tmp_path / "x", paths.own_files(), "") != state


def test_a_page_leads_to_the_languages_and_the_plan_that_are_there(tmp_path, monkeypatch):
    with stores.Store(tmp_path) as store:
        store.place("en/yimeng", {"x.csv": b"1"}, record("en/yimeng"))
    (tmp_path / "old").symlink_to(tmp_path / "en")
    ask = partial(run, "10_region_report", [{"region": "yimeng"}], tmp_path, only_say=True)
    # What is there was made of nobody knows which data.
    assert ask()[0].page["others"] == {}
    parts = ask()[0].parts
    with stores.Store(tmp_path) as store:
        said = {"parameters": {"region": "yimeng", "lang": "en"}, "parts": parts}
        store.place("en/yimeng", {"x.csv": b"1"}, record("en/yimeng") | said)
    for other in ({"parameters": {"region": "x"}}, {"parts": {**parts, "own": "x"}}):
        kept = json.loads((tmp_path / "en/yimeng" / stores.RECORD).read_text())
        (tmp_path / "en/yimeng" / stores.RECORD).write_text(json.dumps(kept | other))
        assert ask()[0].page["others"] == {}
        (tmp_path / "en/yimeng" / stores.RECORD).write_text(json.dumps(kept))
    asked = [{"region": "yimeng"}], [{"region": "yimeng", "lang": lang} for lang in ("zh", "en")]
    for sets, out in zip(asked, (tmp_path, tmp_path / "new"), strict=True):
        first = run("10_region_report", sets, out, only_say=True)[0]
        assert first.page == {"place": "zh/yimeng", "others": {"en": "en/yimeng"}}
        assert "languages" in first.parts
    first = run("10_region_report", asked[0], tmp_path / "new", only_say=True)[0]
    assert (first.page["others"], "languages" in first.parts) == ({}, False)
    made, ran = Run("zh/yimeng", {"lang": "zh"}, "ok", ["html"]), []
    monkeypatch.setattr(batch, "run_notebook", lambda *what, **_: ran.append(what[0]) or [made])
    assert len(lq.run_reports(["yimeng"], outputs=tmp_path)) == 2
    made.status = "unchanged"  # so is the plan, which may be of other data than the report
    assert len(lq.run_reports(["yimeng"], outputs=tmp_path)) == 1
    assert ran == ["10_region_report", "12_annotated_plan"] * 2


def test_only_what_changed_is_run_and_it_is_said_why(tmp_path):
    out, text = tmp_path / "out", tmp_path / "text.txt"
    text.write_text("one")
    path = book(tmp_path / "t.ipynb", "n = 1\nfile = ''\nregion = 'yimeng'",
                "if file: print(open(file).read())", "assert n != 13",
                kinds=["region"])  # fmt: skip
    sets = [{"n": 1}, {"n": 13}, {"file": str(text)}]

    def why(**options):
        return [each.why or each.status for each in run(path, sets, out, only_say=True, **options)]

    assert why() == [["new"]] * 3
    assert not out.exists()
    (name,) = (each.name for each in run(path, sets[:1], out, only_say=True))
    (out / name).mkdir(parents=True)
    (out / name / stores.RECORD).touch()  # by a power cut
    said = f"cannot be made: {out / name}: its .laoqu.json is damaged or of another folder: move"
    assert why()[0] == [f"{said} the folder away"]
    shutil.rmtree(out)
    first = run(path, sets, out, jobs=2)
    assert [each.status for each in first] == ["ok", "failed", "ok"]
    assert first[1].cell == 4
    assert "AssertionError" in first[1].last_lines[-1]
    assert (out / first[1].name / "report.failed.ipynb").is_file()
    assert why() == ["unchanged", ["failed last time: AssertionError: "], "unchanged"]
    assert why(only_failed=True) == ["skipped", ["failed last time: AssertionError: "], "skipped"]
    assert why(force=True)[0] == ["asked for"]
    assert why(formats=("html", "pdf"))[2] == ["formats: pdf"]
    text.write_text("two")
    (out / first[0].name / "report.html").write_text("")
    found = why()
    assert found[0] == [f"outputs: {first[0].name}/report.html altered"]
    assert found[2] == [f"files: {text}"]
    again = run(path, [sets[2]], out)
    assert again[0].status == "ok"
    assert "two" in (out / again[0].name / "report.ipynb").read_text()
    listed = [each["name"] for each in json.loads((out / "manifest.json").read_text())["runs"]]
    assert listed == sorted(each.name for each in first)
    # An unknown area, a language or a timeout that is no time stops before anything.
    other = json.loads(path.read_text("utf-8"))
    other["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    (tmp_path / "r.ipynb").write_text(json.dumps(other))
    said = "r.ipynb is in r, run it with --kernel NAME"
    assert said in refused(run, tmp_path / "r.ipynb", [{}], tmp_path / "none")
    for word in ("--why", "--quiet"):
        assert main(["run", str(path), "-p", "file", word]) == 2
    for bad in ({"timeout": float("nan")}, {"timeout": float("inf")}, {"timeout": -1.0},
                {"jobs": 0}, {"formats": ["docs"]}, {"kernel": "pyhton3"}):  # fmt: skip
        refused(run, path, [{}], tmp_path / "none", **bad)
    refused(run, path, [{"region": "x"}], tmp_path / "none")
    told = []
    run(path, [{"region": name} for name in ("沂蒙", "yimeng", "太行")], tmp_path / "none",
        only_say=True, tell=lambda *each: told.append(each))  # fmt: skip
    assert told == [("note", "1 of 3 sets of parameters ask for what another asks for: 2 run(s)")]
    assert not (tmp_path / "none").exists()


def test_a_part_of_a_second_is_a_timeout(tmp_path):
    path = book(tmp_path / "t.ipynb", "n = 1", "import time; time.sleep(60)")
    (made,) = run(path, [{}], tmp_path / "out", timeout=0.5)
    assert made.error.startswith("TimeoutError: the cell took longer than 0.5 s")


def test_batches_of_two_threads_have_one_server_until_both_are_over(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_servers", [])
    path = book(tmp_path / "t.ipynb", "n = 1", "import time; time.sleep(n / 4)")

    def batch(times):
        return run(path, [{"n": n} for n in range(times)], tmp_path / str(times), jobs=1)

    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(batch, (1, 5)))
    assert [each.error for runs in made for each in runs] == [""] * 6
    assert process._servers == []


def test_a_notebook_that_a_run_has_made_keeps_the_values_of_that_run(tmp_path):
    path = book(tmp_path / "t.ipynb", "files = {}\nn = 1\nany = None", "files, n, any")
    made = json.loads(path.read_text("utf-8"))
    made["metadata"]["laoqu"] = []  # as if it were not there
    path.write_text(json.dumps(made))
    (tmp_path / "a.csv").write_text("one")
    values = {"files": {"a": [str(tmp_path / "a.csv")]}, "n": 2, "any": -0.5}
    first = run(path, [values], tmp_path / "out")[0]
    assert (first.error, first.parameters) == ("", values)
    (tmp_path / "a.csv").write_text("two")
    (again,) = run(path, [values], tmp_path / "out", only_say=True)
    assert again.why == [f"files: {tmp_path}/a.csv"]
    copy = shutil.copy(tmp_path / "out" / first.name / "report.ipynb", tmp_path / "copy.ipynb")
    assert Notebook(copy).check({"n": 3}, {}) == values | {"n": 3}
    text = Path(copy).read_text("utf-8")
    for one, other, said in (
        ("n = 2", "m = 2", "unknown parameter 'm' of copy.ipynb; nearest: files, n, any"),
        ("n = 2", "n = f(2)", "line 3 of the injected-parameters cell is `n = f(2)`; expected"),
        ('"parameters"', '"injected-parameters"', "2 cells are tagged injected-parameters, exp"),
    ):
        Path(copy).write_text(text.replace(one, other), "utf-8")
        assert said in refused(lambda: Notebook(copy).check({}, {}))


def test_only_what_papermill_adds_is_a_parameter_also_when_a_cell_runs_again():
    wrong, ours = "# Parameters\nlan = 'en'\n", "# Parameters\nlang = 'en'\n"
    for ran in (["lang = 'zh'", wrong, "import laoqu"], [ours, wrong, "n = 3"]):
        said = refused(lq.expect_parameters, {"In": ["", *ran], "n": 3}, "lang")
        assert said == "unknown parameter 'lan'; nearest: lang"
    for ran in (["lang = 'zh'", "import laoqu"], [ours, "n = 3", "import laoqu"]):
        lq.expect_parameters({"In": ["", *ran], "n": 3, "of_startup": 1}, "lang")
    assert "'lan'" in refused(lq.expect_parameters, {"In": [""], "lan": "en"}, "lang")


def test_a_notebook_without_a_parameters_cell_runs_and_takes_none(tmp_path):
    path = tmp_path / "plain.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("1 + 1")]), path)
    (made,) = run(path, [{}], tmp_path / "out")
    assert made.status == "ok"
    page = nbformat.read(tmp_path / "out" / made.name / "report.ipynb", 4)
    assert [cell["source"] for cell in page.cells] == ["1 + 1"]
    said = "unknown parameter 'a' of plain.ipynb; tag a cell `parameters`"
    assert said in refused(lambda: Notebook(path).check({"a": 1}, {}))
    page = tmp_path / "out" / made.name / "report.html"
    shutil.move(page, tmp_path / "kept.html")
    page.symlink_to(tmp_path / "kept.html")
    (again,) = run(path, [{}], tmp_path / "out")
    assert "report.html in it is a symbolic link: remove it" in again.error


def test_a_notebook_without_a_cell_of_code_runs_and_says_why_its_kernel_did_not(
    tmp_path, monkeypatch
):
    spec = tmp_path / "kernels" / "gone" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/gone"], "display_name": "gone", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    for n, cells in enumerate(([], [v4.new_markdown_cell("words")])):
        nbformat.write(v4.new_notebook(cells=cells), path := tmp_path / f"{n}.ipynb")
        (made,) = run(path, [{}], tmp_path / "out")
        assert made.status == "ok"
        (failed,) = run(path, [{}], tmp_path / "out", kernel="gone", force=True)
        assert failed.error.endswith("directory: '/gone'"), failed.error


def test_what_an_index_shows_whatever_was_run_is_made_once(tmp_path):
    path, kept = book(tmp_path / "sums.ipynb", "a = 1"), tmp_path / stores.PARTS
    maker = MAKER._replace(parts="stand:parts", index="stand:with_parts")

    def index(a):
        run(path, [{"a": a}], tmp_path, maker)
        return (tmp_path / "index.html").read_text("utf-8")

    first = index(1)
    assert index(2) == first
    for a, damaged in enumerate((kept.read_text("utf-8").replace(first, "another"), "{"), 3):
        kept.write_text(damaged, "utf-8")
        assert index(a) not in (first, "another")


def test_what_a_failure_says(tmp_path, monkeypatch, capsys):
    cells = ("import sys, laoqu as lq", "if code == 2: raise lq.LaoquError('no border for 3')",
             "sys.exit(code)")  # fmt: skip
    path = book(tmp_path / "t.ipynb", "code = 0\nregion = ''", *cells)
    runs = run(path, [{"code": code, "region": "沂蒙"} for code in range(3)], tmp_path / "out")
    assert [(each.status, each.error) for each in runs] == [
        ("ok", ""), ("failed", "SystemExit: 1"), ("failed", "LaoquError: no border for 3"),
    ]  # fmt: skip
    assert list(runs[2].last_lines) == [runs[2].error]  # on purpose: without lines of our code
    index = runs[0].failed("ImportError: lib.so: failed to map segment from shared object")
    assert index.error.endswith("object (too little memory)")
    assert index.failed(index.error).error == index.error
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    monkeypatch.setattr(reports, "MAKER", MAKER)
    assert main(["run", str(path), "-p", "code=1", "-p", "region=沂蒙"]) == 1
    assert f"see {tmp_path}/out/{runs[1].name}/report.failed.ipynb" in capsys.readouterr().out
    # Where what is made of all runs cannot be written, what failed is said all the same.
    (tmp_path / "out/index.html").unlink()
    (tmp_path / "out/index.html").mkdir()
    assert main(["run", str(path), "-p", "code=1", "-p", "region=沂蒙"]) == 1
    said = capsys.readouterr().out
    assert "SystemExit: 1\n" in said
    assert "index.html  FAILED: " in said
    assert "0 written, 0 unchanged, 2 failed" in said

    def full(*_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(stores.Store, "begin", full)
    assert main(["run", str(path), "-p", "code=7", "-p", "region=沂蒙"]) == 1
    said = capsys.readouterr().err
    assert said == "laoqu: Too many open files (ulimit -n may be too small)\n"


def test_the_plan_is_made_for_links_of_ones_own_notebook(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(reports, "run_plan", lambda langs, *_, **__: asked.append(langs) or [])
    for words, langs in (("[clause 7](plan#c07)", [["en"]]), ("clause 7", [])):
        asked.clear()
        cell = f"import laoqu as lq\nlq.Show(lq.load(), 'en').text(['See {words}.'])"
        (made,) = lq.run_notebook(book(tmp_path / "t.ipynb", "n = 1", cell), [{}], tmp_path / "out")
        assert (made.status, asked) == ("ok", langs), made.error


def test_ones_own_notebook_has_its_own_title_and_no_empty_paper():
    heading = nbformat.v4.new_markdown_cell("# 我的标题\n\n说明")
    own = nbformat.v4.new_notebook(cells=[heading])
    pasted = {"a b.png": {"image/png": "iVBORw0KGgo="}}  # a picture, in JupyterLab
    heading["attachments"], heading.source = pasted, f"{heading.source} ![p](attachment:a%20b.png)"
    page = pages.render(own, "zh", ["html"])["report.html"].decode()
    assert "<title>我的标题</title>" in page
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="p">' in page
    for form in ("pdf", "docx"):
        refuses(LaoquError, "ask for html alone", pages.render, own, "zh", [form])


def test_half_characters_of_names_in_gbk_spoil_nothing(tmp_path):
    cells = ("half = '\\udcb0' * how.startswith('p')", "print(half + '环县')",
             "assert how != 'raise', '\\udcb0' + '环县'", "half + '环县'")  # fmt: skip
    (tmp_path / "\udcb4").mkdir()
    (tmp_path / "\udcb4/mine.py").touch()
    path = book(tmp_path / "\udcb4/\udcf3.ipynb", "how = 'fine'", *cells)
    sets = [{"how": how} for how in ("fine", "print", "raise", "\udcb0", str(path))]
    runs = run(path, sets, tmp_path / "\udcb4/out")
    assert (runs[4].status, len(runs)) == ("ok", 5)  # the index too
    (tmp_path / "\udcb4/out").rename(tmp_path / "out")
    assert [each.status for each in runs] == ["ok", "ok", "failed", "ok", "ok"]
    assert runs[2].error == "AssertionError: ?环县"
    text = (tmp_path / "out" / runs[1].name / "report.ipynb").read_text()
    assert text.count("?环县") == 1


def python(code):
    """Return what a fresh Python prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_second_run_imports_nothing_heavy(tmp_path):
    heavy = "pandas numpy matplotlib nbformat papermill IPython zmq jinja2 tqdm distributed"
    assert (
        python(f"""
import sys, laoqu.cli, laoqu.reports
from laoqu.run.parameters import Notebook
from laoqu.run.store import Store, Inputs
Notebook("10_region_report").check({{"region": "yimeng"}}, laoqu.reports.KINDS)
Inputs(); Store({str(tmp_path)!r}).__exit__()
print(sorted(set({heavy!r}.split()) & set(sys.modules)))""")
        == "[]"
    )


def test_what_is_made_ahead_has_no_thread_no_file_open_and_no_earlier_data(data_copy, monkeypatch):
    monkeypatch.setenv("LAOQU_DATA", str(data_copy))
    threads, kept, left, names, *files = python(f"""
import os
from pathlib import Path
from laoqu.run import process
os.environ |= process.ONE_THREAD
import laoqu.ahead
print(len(os.listdir("/proc/self/task")))
files = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_file()]
import laoqu as lq
from laoqu import plan
ahead = dict(plan.AHEAD)
lq.load()
print(len(ahead), len(plan.AHEAD))
file = Path({str(data_copy)!r}, "curated/regions.csv")
file.write_text(file.read_text().replace("Yimeng", "Gnemiy"))
plan.AHEAD |= ahead
print("Gnemiy" in repr(lq.load().regions()["name_en"].tolist()))
print(*files)""").split()
    # PROJ opens its own anew in a fork.
    assert (threads, [name for name in files if not name.endswith("proj.db")]) == ("1", [])
    assert (kept, left, names) == ("1", "0", "True")


def test_a_crate_names_runs_files_and_sources():
    outputs = [{"path": "zh/a/r.html", "bytes": 3, "sha256": "e" * 64}]
    good = record("zh/a", parameters={"region": "yimeng"}, outputs=outputs,
                  parts={"notebook": "f" * 64, "data": "d" * 64})  # fmt: skip
    bad = good | {"name": "zh/b", "status": "failed", "error": "E: no", "outputs": [],
                  "earlier": good}  # fmt: skip
    manifest = {"runs": [good, bad], "sets": {"d" * 64: {"\udcff.csv": "c" * 64}},
                "made": "2026-01-01", "packages": {"pandas": "3.0"}, "laoqu": "0.1"}  # fmt: skip
    given = manifest, {"index.html": b"x"}, {"https://a.example/": {"name": "A source"}}
    made = metadata(*given)
    assert made == metadata(*given)
    found = {each["@id"]: each for each in json.loads(made)["@graph"]}
    actions = {each["@id"]: each for each in found.values() if each["@type"] == "CreateAction"}
    assert len(actions) == 3
    assert found[f"#input/%FF.csv@{'c' * 16}"]["name"] == "\udcff.csv"
    assert sum("error" in each for each in actions.values()) == 1
    assert {each["@id"] for each in found["./"]["hasPart"]} == {"zh/a/r.html", "index.html"}
    assert found["./"]["isBasedOn"] == [{"@id": "https://a.example/"}]

    def linked(value):
        if isinstance(value, dict):
            yield from [value["@id"]] if set(value) == {"@id"} else linked([*value.values()])
        elif isinstance(value, list):
            for each in value:
                yield from linked(each)

    missing = set(linked([*found.values()])) - set(found)
    missing = [name for name in missing if "ActionStatus" not in name]
    assert missing == ["https://w3id.org/ro/crate/1.1"]


def test_a_worker_of_other_data_is_named(tmp_path):
    wanted = stores.Inputs().parts
    assert dask.differences(wanted) == ""
    wanted["data"]["curated/regions.csv"] = "other"
    assert dask.differences(wanted) == "data: curated/regions.csv"
    asked = Recipe(b"", "report", ""), Run("", {}), (), wanted, {}, {}, str(tmp_path)
    found = dask.work(*asked)  # one that came late is asked as well
    assert found.error.endswith("would give other results: data: curated/regions.csv")


def test_an_address_at_which_nobody_speaks_is_given_up(monkeypatch):
    assert dask.ANSWER <= 5
    monkeypatch.setattr(dask, "ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TimeoutError):
        dask._listen(f"tcp://127.0.0.1:{silent.getsockname()[1]}")


def test_a_worker_with_another_file_of_that_name_runs_nothing(tmp_path):
    given = (), stores.Inputs().parts, {}, {}, str(tmp_path)
    for there in ("", "other"):
        (tmp_path / "x.csv").write_text(there) if there else None
        asked = Run("", {"file": "x.csv"}, named={"x.csv": digest(b"of the client")})
        found = dask.work(Recipe(b"", "report", ""), asked, *given)
        assert found.status == "failed"
        said = "a Dask worker has not the same x.csv as this machine: copy it to each worker"
        assert found.error == f"LaoquError: {said}"


def test_workers_are_as_many_as_cores_and_memory_allow(monkeypatch):
    memory = namedtuple("memory", "available")(3 * process.RUN_MEMORY)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert process.room() == 3
