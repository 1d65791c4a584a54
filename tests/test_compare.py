"""`laoqu compare`: planted changes are found, each once, and nothing else."""

from __future__ import annotations

import json
import shutil

import pytest

from laoqu.batch.compare import Change, compare
from laoqu.cli import main
from laoqu.errors import OutputError


@pytest.fixture
def two(tmp_path):
    """Two equal outputs folders with two runs each."""
    old = tmp_path / "old"
    for run in ("zh/yimeng", "zh/cards/451081"):
        (old / run / "tables").mkdir(parents=True)
        (old / run / "values.json").write_text('{"a": 1, "b": "x", "c": 2.5}', encoding="utf-8")
        (old / run / "tables/keyed.csv").write_text(
            "quote,measure_id,n\n甲,m1,1\n甲,m2,2\n", encoding="utf-8"
        )
        (old / run / "tables/loose.csv").write_text("w,n\nx,1\nx,1\ny,2\n", encoding="utf-8")
    shutil.copytree(old, tmp_path / "new")
    return old, tmp_path / "new"


def test_equal_folders_differ_in_nothing(two, capsys):
    assert not compare(*two)
    assert main(["compare", *map(str, two)]) == 0
    assert capsys.readouterr().out == "nothing differs\n"


def test_planted_changes_are_found_each_once(two, capsys):
    run = two[1] / "zh/yimeng"
    (run / "values.json").write_text('{"a": 3, "b": "x", "d": 1}', encoding="utf-8")
    (run / "tables/keyed.csv").write_text(
        "quote,measure_id,n\n甲,m2,2\n甲,m1,9\n乙,m3,4\n", encoding="utf-8"
    )
    (run / "tables/loose.csv").write_text("w,n\nx,1\ny,2\nz,2\n", encoding="utf-8")
    found = compare(*two)
    assert (found.added, found.removed) == ([], [])
    assert found.changes == [
        Change("zh/yimeng", *rest)
        for rest in (
            ("values.json", "a", 1, 3),
            ("values.json", "c", 2.5, None),
            ("values.json", "d", None, 1),
            ("tables/keyed.csv", "m1 · n", "1", "9"),  # the order of rows is no change
            ("tables/keyed.csv", "m3", None, "乙; m3; 4"),
            ("tables/loose.csv", "row", "x; 1", None),  # two before, one now
            ("tables/loose.csv", "row", None, "z; 2"),
        )
    ]
    assert main(["compare", *map(str, two)]) == 1
    shown = capsys.readouterr().out
    assert "zh/yimeng/values.json: 3 changed\n" in shown
    assert "zh/yimeng/tables/keyed.csv: 2 changed\n" in shown
    assert main(["compare", *map(str, two), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert len(said["changes"]) == 7
    assert said["changes"][0] == {
        "run": "zh/yimeng", "file": "values.json", "what": "a", "old": 1, "new": 3
    }  # fmt: skip


def test_runs_and_tables_that_come_and_go_are_named(two, capsys):
    shutil.rmtree(two[1] / "zh/cards")
    shutil.copytree(two[0] / "zh/yimeng", two[1] / "en/yimeng")
    (two[1] / "zh/yimeng/tables/keyed.csv").unlink()
    found = compare(*two)
    assert (found.added, found.removed) == (["en/yimeng"], ["zh/cards/451081"])
    assert [each.what for each in found.changes] == ["m1", "m2"]
    assert {each.new for each in found.changes} == {None}
    main(["compare", *map(str, two)])
    assert "added: en/yimeng\nremoved: zh/cards/451081\n" in capsys.readouterr().out


def test_an_unfinished_folder_is_no_run(two):
    shutil.copytree(two[0] / "zh/yimeng", two[1] / ".laoqu-x")
    assert not compare(*two)


def test_columns_that_come_and_go_are_changes(two):
    path = two[1] / "zh/yimeng/tables/keyed.csv"
    path.write_text("measure_id,n\nm1,1\nm2,2\n", encoding="utf-8")
    assert [each.what for each in compare(*two).changes] == ["m1 · quote", "m2 · quote"]


@pytest.mark.parametrize(("name", "text"), [("none", None), ("bad", "{"), ("list", "[1]")])
def test_what_is_no_outputs_folder_is_misuse(two, tmp_path, name, text, capsys):
    other = tmp_path / name
    if text:
        shutil.copytree(two[0], other)
        (other / "zh/yimeng/values.json").write_text(text, encoding="utf-8")
    with pytest.raises(OutputError):
        compare(two[0], other)
    assert main(["compare", str(two[0]), str(other)]) == 2
    assert name in capsys.readouterr().err
