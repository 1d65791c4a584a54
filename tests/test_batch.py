"""The batch: parameters before kernels, one failure stops nobody, nothing half-written."""

from __future__ import annotations

import json
import os
import re

import nbformat
import pytest

import laoqu as lq
from laoqu import paths
from laoqu.batch import parameters, run
from laoqu.cli import main
from laoqu.forms import page

TEMPLATE = paths.notebooks() / "10_region_report.ipynb"


@pytest.fixture
def no_kernel(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(run, "_papermill", refuse)


def test_parameters_are_read_from_the_notebook():
    assert parameters.declared(TEMPLATE) == {"region": "yimeng", "lang": "zh"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regoin": "太行"}, "unknown parameter 'regoin' .*nearest: region"),
        ({"region": 3}, r"parameter 'region' is 3 \(int\), expected str"),
        ({"lang": None}, "expected str, for example 'zh'"),
        ({"x": 1}, "unknown parameter 'x'"),
    ],
)
def test_a_wrong_parameter_is_an_error_not_the_default_area(given, message):
    with pytest.raises(lq.ParameterError, match=message):
        parameters.check(TEMPLATE, given)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("region = lq", "is not a plain"),
        ("a = b = 1", "is not a plain"),
        ("print(1)", "not a plain"),
    ],
)
def test_a_parameters_cell_with_anything_but_literals_is_refused(tmp_path, source, message):
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})]
    )
    nbformat.write(book, tmp_path / "x.ipynb")
    with pytest.raises(lq.ParameterError, match=message):
        parameters.declared(tmp_path / "x.ipynb")
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "y.ipynb")
    with pytest.raises(lq.ParameterError, match="found 0 cells tagged parameters"):
        parameters.declared(tmp_path / "y.ipynb")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regoin": "太行"}, "unknown parameter 'regoin'; nearest: region"),
        ({"region": 7}, "unknown area 7"),
        ({"lang": "de"}, "lang is 'de', expected one of zh, en"),
    ],
)
def test_papermill_itself_cannot_run_the_default_by_mistake(tmp_path, given, message):
    import papermill

    with pytest.raises(papermill.PapermillExecutionError, match=message):
        papermill.execute_notebook(
            TEMPLATE, tmp_path / "x.ipynb", given, kernel_name="python3", progress_bar=False
        )


@pytest.mark.usefixtures("no_kernel")
def test_an_unknown_area_is_refused_before_any_kernel(tmp_path):
    with pytest.raises(lq.UnknownId, match=r"nearest: .*taihang"):
        lq.run_reports(["yimeng", "taihan"], outputs=tmp_path)
    with pytest.raises(lq.ParameterError, match="lang is 'de'"):
        lq.run_reports(["yimeng"], ["zh", "de"], outputs=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize("how", ["file", "below-a-file"])
def test_an_unwritable_outputs_folder_is_said_before_the_first_run(tmp_path, how):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    folder = tmp_path / "taken" if how == "file" else tmp_path / "taken" / "outputs"
    with pytest.raises(lq.OutputError, match="cannot be written"):
        lq.run_reports(["yimeng"], outputs=folder)


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_outputs_folder_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(lq.OutputError, match="cannot be written"):
        lq.run_reports(["yimeng"], outputs=tmp_path)


@pytest.fixture(scope="module")
def one_good_one_bad(tmp_path_factory):
    """A batch of two areas whose template raises for one of them."""
    folder = tmp_path_factory.mktemp("batch")
    book = nbformat.read(TEMPLATE, as_version=4)
    at = next(i for i, c in enumerate(book.cells) if "import laoqu" in c.source)
    book.cells[at].source += '\nassert page.region.region_id != "qiongya", "made to fail"'
    (folder / "notebooks").mkdir()
    nbformat.write(book, folder / "notebooks" / TEMPLATE.name)
    patch = pytest.MonkeyPatch()
    patch.setattr(paths, "notebooks", lambda: folder / "notebooks")
    try:
        runs = lq.run_reports(["qiongya", "yimeng"], outputs=folder / "out", progress=False)
    finally:
        patch.undo()
    return runs, folder / "out"


def test_a_failed_area_does_not_stop_the_others(one_good_one_bad):
    runs, out = one_good_one_bad
    assert {run.region: run.status for run in runs} == {"qiongya": "failed", "yimeng": "ok"}
    failed = next(run for run in runs if run.status == "failed")
    assert failed.error == "AssertionError: made to fail"
    assert failed.cell
    assert (out / "zh/yimeng/report.html").is_file()
    assert not (out / "zh/qiongya/report.html").exists()
    kept = nbformat.read(out / "zh/qiongya/report.failed.ipynb", as_version=4)
    assert any(o.output_type == "error" for c in kept.cells for o in c.get("outputs", []))


def test_the_manifest_and_index_name_the_failure(one_good_one_bad):
    _, out = one_good_one_bad
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    by_region = {entry["region"]: entry for entry in manifest["runs"]}
    assert by_region["qiongya"]["error"] == "AssertionError: made to fail"
    listed = {o["path"] for o in by_region["yimeng"]["outputs"]}
    there = {path.relative_to(out).as_posix() for path in (out / "zh").rglob("*.*")}
    assert listed == there - {"zh/qiongya/report.failed.ipynb"}
    assert {"zh/yimeng/report.html", "zh/yimeng/figures/map.svg"} <= listed
    assert manifest["inputs"]["data/raw/plan.txt"].startswith("6531bc81c6195f8c")
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "made to fail" in index
    assert 'href="zh/yimeng/report.html"' in index
    assert 'href="zh/qiongya/report.html"' not in index


def test_nothing_is_left_beside(one_good_one_bad):
    _, out = one_good_one_bad
    assert [path.name for path in out.rglob(".laoqu-*")] == []
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "manifest.json", "zh"]


def test_the_page_is_one_self_contained_file(one_good_one_bad):
    _, out = one_good_one_bad
    text = (out / "zh/yimeng/report.html").read_text(encoding="utf-8")
    assert not re.search(r"<script [^>]*src|<link|@import|url\(|https?://", text)
    assert re.findall(r'(?:src|href)="(?!data:image/png|#|\.\./\.\./index\.html)', text) == []
    for title in ("方案怎样说到本区", "方案没有说的，以及存疑之处", "出处与引用"):
        assert title in text
    assert text.count("<h1>") == 1
    assert 'lang="zh-Hans"' in text
    assert "import laoqu" in text  # the code is there, folded
    assert "papermill template" not in text  # notes for notebook readers are not


def test_the_executed_notebook_records_its_parameters(one_good_one_bad):
    _, out = one_good_one_bad
    book = nbformat.read(out / "zh/yimeng/report.ipynb", as_version=4)
    assert book.metadata.papermill.parameters == {"region": "yimeng", "lang": "zh"}


def test_a_later_batch_keeps_the_good_runs_of_an_earlier_one(tmp_path, monkeypatch):
    def fake(path, params):
        nbformat.write(nbformat.v4.new_notebook(), path)
        return None, ""

    monkeypatch.setattr(run, "_papermill", fake)
    lq.run_reports(["yimeng"], outputs=tmp_path, progress=False)
    lq.run_reports(["太行"], ["en"], outputs=tmp_path, progress=False)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    found = [(entry["lang"], entry["region"]) for entry in manifest["runs"]]
    assert found == [("en", "taihang"), ("zh", "yimeng")]
    (tmp_path / "zh/yimeng/report.html").unlink()
    lq.run_reports(["太行"], ["en"], outputs=tmp_path, progress=False)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["region"] for entry in manifest["runs"]] == ["taihang"]


def test_a_broken_manifest_does_not_stop_a_batch(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    monkeypatch.setattr(run, "_papermill", lambda path, params: (3, "Boom: x"))
    # The failed notebook itself is missing here: that is a failure of the run, not of the batch.
    runs = lq.run_reports(["yimeng"], outputs=tmp_path, progress=False)
    assert runs[0].status == "failed"
    assert json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["runs"]


def test_one_run_by_any_name(tmp_path, monkeypatch):
    seen = {}

    def fake(path, params):
        seen.update(params)
        nbformat.write(nbformat.v4.new_notebook(), path)
        return None, ""

    monkeypatch.setattr(run, "_papermill", fake)
    assert lq.run_report("Dabie Mountains", "en", tmp_path).status == "ok"
    assert seen == {"region": "dabieshan", "lang": "en"}


def test_a_page_that_would_ask_the_network_is_refused():
    cell = nbformat.v4.new_code_cell("x")
    data = {"text/html": '<img src="https://example.org/x.png">', "text/plain": "x"}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data)]
    with pytest.raises(ValueError, match="would ask the network"):
        page.page(nbformat.v4.new_notebook(cells=[cell]), "zh", "t")


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["report", "taihan"], 2, "unknown area 'taihan'"),
        (["report"], 2, "name at least one area"),
        (["report", "yimeng", "--all"], 2, "not both"),
        (["report", "--all", "--lang", "zh,xx"], 2, "lang is 'xx'"),
        (["report", "--all", "--jobs", "0"], 2, "--jobs is 0"),
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
def test_exit_status_and_words_of_the_commands(capsys, argv, code, said):
    assert main(argv) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_misuse_exits_with_2():
    with pytest.raises(SystemExit) as caught:
        main(["no-such-command"])
    assert caught.value.code == 2


def test_report_command_exits_with_1_when_a_run_failed(monkeypatch, capsys):
    failed = run.Run("yimeng", "zh", "failed", 1.0, "Boom: no", 4, [])
    monkeypatch.setattr("laoqu.run_reports", lambda *a, **k: [failed], raising=False)
    assert main(["report", "yimeng"]) == 1
    assert "FAILED in cell 4: Boom: no" in capsys.readouterr().out


def test_check_and_damaged_data_exit_with_1(monkeypatch, capsys, data_copy):
    path = data_copy / "curated" / "scopes.csv"
    text = path.read_text(encoding="utf-8").replace(",universal,", ",univ,", 1)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("LAOQU_DATA", str(data_copy))
    assert main(["check"]) == 1
    assert re.search(r"scopes\.csv:\d+:\d+: unknown code 'univ'", capsys.readouterr().out)
    assert main(["show", "c01.s01.k1"]) == 1
    assert "scopes.csv" in capsys.readouterr().err
