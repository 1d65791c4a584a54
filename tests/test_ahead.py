"""What is read ahead and what is made smaller: the same data, the same lines, faster."""

from __future__ import annotations

import re
import shutil

import nbformat
import pytest
from matplotlib.figure import Figure

import laoqu as lq
from laoqu import paths, plan
from laoqu.batch import ahead, warm
from laoqu.batch.job import Job
from laoqu.figures import style
from laoqu.labels import label


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder of one's own, and nothing read ahead before or after."""
    folder = shutil.copytree(paths.data(), tmp_path / "data")
    monkeypatch.setenv("LAOQU_DATA", str(folder))
    monkeypatch.setattr(plan, "_ahead", {})
    return folder


def write(folder, old, new):
    table = folder / "curated" / "regions.csv"
    text = table.read_text(encoding="utf-8")
    assert old in text
    table.write_text(text.replace(old, new), encoding="utf-8")


def test_what_was_read_ahead_is_used_while_its_files_stand(data):
    assert lq.load() is not lq.load()
    ahead.read()
    it = lq.load()
    assert it is lq.load() is lq.load(data)
    assert {"layers", "document"} <= set(vars(it))
    assert lq.load(coding=None, folder=paths.PACKAGE.parent / "data") is not it
    table = it.regions()
    table.loc[0, "name_zh"] = "x"  # written into by one, not seen by another
    assert "x" not in set(it.regions()["name_zh"])
    write(data, "沂蒙", "沂山")
    assert lq.load() is not it
    assert "沂山" in set(lq.load().regions()["name_zh"])


def test_damaged_data_are_not_the_business_of_reading_ahead(data):
    (data / "built" / "counties.parquet").write_bytes(b"no")
    ahead.read()
    (data / "datapackage.json").unlink()
    ahead.read()


def test_a_warm_kernel_reads_the_files_as_they_stand_now(data):
    code = "import laoqu as lq\nprint(*lq.load().regions()['name_zh'])"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    job = Job(nbformat.writes(notebook).encode(), {}, ())
    server = warm.Server()
    try:
        server.ready()
        for name in ("沂蒙", "沂山"):
            said = server.call("laoqu.batch.execute:execute", job).files["report.ipynb"].decode()
            assert name in said
            if name == "沂蒙":
                write(data, "沂蒙", "沂山")
    finally:
        server.close()


def test_lines_of_a_drawing_keep_hundredths_and_curves_keep_their_letters():
    line = b' d="M 1.23456 2 \nL 3.14159 -4.5 \nL 0.00999 7 \n"'
    found = style.PATH.sub(style._short, line + b' scale="0.01234"')
    assert found == b' d="M 1.23 2 3.14 -4.5 0.00 7 \n" scale="0.01234"'
    curve = b' d="M 1 2 \nQ 1.2345 2 3 4 \nL 5 6 \nz\n"'
    assert style.PATH.sub(style._short, curve) == curve.replace(b"1.2345", b"1.23")


@pytest.mark.parametrize(("key", "lang"), [("map.source", "zh"), ("map.source", "en")])
def test_lines_break_where_piece_by_piece_they_would(key, lang):
    text, figure = label(key, lang), Figure(figsize=(2.5, 2))
    with style.style():
        found = style._wrap(figure, text, style.SMALL_SIZE)
        lines = [""]
        for piece in re.findall(r"[A-Za-z0-9–’'(),.;:-]+ ?|.", text):
            trial = lines[-1] + piece
            wide = style.text_width(figure, [trial.rstrip()], style.SMALL_SIZE) > 2.5 - 0.12
            if wide and piece[0] not in "，。；：）、”":
                lines.append(piece)
            else:
                lines[-1] = trial
        assert style._wrap(figure, "", style.SMALL_SIZE) == [""]
    assert found == [each.strip() for each in lines]
    assert len(found) > 3
