"""The batch as a Process Run Crate: it loads, every file is there with its hash, nothing random."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import nbformat
import pytest
from rocrate.rocrate import ROCrate

import laoqu as lq
from laoqu import paths
from laoqu.batch import crate, key, run

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An outputs folder with two cards and a template that fails once."""
    out = tmp_path_factory.mktemp("crate")
    lq.run_cards(["451081", "371311"], ["zh"], out / "out")
    new = nbformat.v4.new_code_cell
    book = nbformat.v4.new_notebook(
        cells=[new('word = "好"', metadata={"tags": ["parameters"]}), new("print(1 / len(word))")]
    )
    nbformat.write(book, out / "word.ipynb")
    lq.run_notebook(out / "word.ipynb", [{"word": "老区 一"}, {"word": ""}], out / "out")
    return out / "out"


@pytest.fixture(scope="module")
def read(folder):
    return ROCrate(folder)


def typed(read, kind):
    return [e for e in read.get_entities() if e.type == kind]


def test_what_the_profile_says_must_be_there_is_there(read):
    root = read.root_dataset
    assert root["conformsTo"].id == PROFILE
    assert read.dereference(PROFILE).type == "CreativeWork"
    for name in ("name", "description", "datePublished", "license"):
        assert root[name]
    actions = typed(read, "CreateAction")
    assert {each.id for each in root["mentions"]} == {each.id for each in actions}
    assert len(actions) == 4
    for action in actions:
        tool = action["instrument"]
        assert {"SoftwareApplication", "SoftwareSourceCode"} == set(tool.type)
        assert tool["name"].endswith(".ipynb")
        assert tool["softwareVersion"] == lq.__version__
        assert re.fullmatch("[0-9a-f]{64}", tool["sha256"])
        assert action["agent"].type == "Organization"
        assert action["startTime"] <= action["endTime"]


def test_a_run_has_its_parameters_inputs_outputs_and_end(read, folder):
    action = read.dereference("#run/zh/cards/451081")
    of = {"PropertyValue": [], "Collection": []}
    for each in action["object"]:
        of[each.type].append(each)
    given = {each["name"]: each["value"] for each in of["PropertyValue"]}
    assert given == {"adcode": "451081", "lang": "zh"}
    names = {part["name"]: part["sha256"] for set_ in of["Collection"] for part in set_["hasPart"]}
    table = paths.data() / "curated" / "membership.csv"
    assert names["curated/membership.csv"] == key.digest(table.read_bytes())
    assert "sections/card.py" in names
    made = {each.id for each in action["result"]}
    assert made == {
        path.relative_to(folder).as_posix()
        for path in (folder / "zh/cards/451081").rglob("*")
        if path.is_file()
    }
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"


def test_a_failed_run_says_its_error_and_made_nothing(read):
    failed = [e for e in typed(read, "CreateAction") if e.get("error")]
    assert [e["error"] for e in failed] == ["ZeroDivisionError: division by zero"]
    assert failed[0]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert not failed[0].get("result")


def test_every_file_is_there_with_its_hash(read, folder):
    files = typed(read, "File")
    # Also the executed notebook under a Chinese name, whose id is percent-encoded.
    assert any("%" in each.id for each in files)
    for each in files:
        path = folder / each["name"]
        if path.name == "ro-crate-metadata.json":
            continue
        data = path.read_bytes()
        assert (each["sha256"], each["contentSize"]) == (key.digest(data), str(len(data)))
    listed = {each["name"] for each in files}
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if (path.is_file() and path.suffix in (".html", ".csv")) or path.name == "manifest.json"
    }
    assert there <= listed


def test_licences_and_sources_are_named(read):
    assert read.root_dataset["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    based = read.root_dataset["isBasedOn"]
    plan = next(each for each in based if each.id == "#source/plan")
    assert "革命老区" in plan["name"]
    assert len(based) > 10


def test_nothing_is_random_but_recorded_times(folder, monkeypatch):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    text = (folder / run.CRATE).read_bytes()
    assert crate.metadata(manifest, folder) == text
    assert b"uuid" not in text
    monkeypatch.setenv("LAOQU_AGENT", "Some Institute")
    assert b'"Some Institute"' in crate.metadata(manifest, folder)


def test_an_unchanged_batch_writes_no_crate_and_imports_none(folder):
    before = (folder / run.CRATE).stat().st_mtime_ns
    code = (
        "import laoqu as lq, sys; "
        f"print(*[r.status for r in lq.run_cards(['451081', '371311'], ['zh'], {str(folder)!r})]); "
        "sys.exit('rocrate' in sys.modules or 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "unchanged unchanged\n"), done.stderr
    assert (folder / run.CRATE).stat().st_mtime_ns == before
