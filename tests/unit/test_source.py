"""Any change of the raw files is noticed, with file, line and column."""

import hashlib
import re
import shutil
import warnings
from pathlib import Path

import pytest
from fixture import refuses
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import paths, reports, source
from laoqu.analysis import monitor
from laoqu.errors import DataError

RAW = (paths.data() / "raw" / "plan.txt").read_bytes()
TEXT = RAW.decode("utf-8")


@pytest.fixture(scope="module")
def problems_with(tmp_path_factory):
    """Return a function: what is said when a raw file has other bytes."""
    folder = shutil.copytree(paths.data(), tmp_path_factory.mktemp("raw") / "data")

    def problems(data: bytes, file: str = "plan.txt"):
        path = folder / "raw" / file
        before = path.read_bytes()
        path.write_bytes(data)
        found = source.problems(folder)
        path.write_bytes(before)
        return found

    return problems


def test_the_text_is_the_registered_one():
    meta = source.about()
    assert hashlib.sha256(RAW).hexdigest() == meta["sha256"]
    assert (len(RAW), len(TEXT)) == (meta["bytes"], meta["characters"]) == (22726, 7978)


def test_a_changed_character_of_any_line_is_reported_with_line_and_column(problems_with):
    for line, here in enumerate(TEXT.split("\n"), start=1):
        lines, column = TEXT.split("\n"), len(here) // 2
        lines[line - 1] = here[:column] + "X" + here[column + 1 :]
        (problem,) = problems_with("\n".join(lines).encode())
        assert problem.file.endswith("raw/plan.txt")
        assert (problem.line, problem.column) == (line, column + 1)
        assert "expected" in problem.message


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_of_any_raw_file_is_noticed(problems_with, data):
    file = data.draw(st.sampled_from(["plan.txt", "SOURCES.toml"]))
    original = (paths.data() / "raw" / file).read_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda v: v != original[at]))
    found = problems_with(original[:at] + bytes([value]) + original[at + 1 :], file)
    line = original[:at].count(b"\n") + 1
    # A line break that comes or goes moves what follows: the report starts at it.
    assert any(abs(p.line - line) <= 1 for p in found if p.file.endswith(file))


def test_a_file_cut_lengthened_or_converted_is_noticed(problems_with):
    for changed in (RAW[:-1], RAW + b"\n", RAW.replace(b"\n", b"\r\n"), b"", RAW[500:]):
        assert problems_with(changed)
    first, *rest = TEXT.split("\n")
    (problem,) = problems_with("\n".join([first, "new", *rest]).encode())
    assert (problem.line, problem.column) == (2, 1)
    assert f"{len(rest) + 2} lines, {len(rest) + 1} were published" in problem.message


def test_load_refuses_a_damaged_missing_or_stray_file_and_says_where(data_copy):
    path = data_copy / "raw" / "plan.txt"
    path.write_text(TEXT.replace("12个革命老区，全国", "13个革命老区，全国"), encoding="utf-8")
    with pytest.raises(DataError, match=r"plan\.txt:16:8: found '3个.*expected '2个") as caught:
        lq.load(data_copy)
    assert (caught.value.line, caught.value.column) == (16, 8)
    # Text and witness changed together are caught by the hash.
    (data_copy / source.WITNESS).write_text(source.witness_csv(data_copy), encoding="utf-8")
    (problem,) = source.problems(data_copy)
    assert re.search(r"SHA-256 is .*, SOURCES.toml expects 6531bc81c6195f8c", problem.message)
    (data_copy / "raw" / "notes.txt").write_text("x\n", encoding="utf-8")
    assert any("notes.txt:1:1" in line for line in lq.check(data_copy))
    for file, said in (("plan.txt", "missing"), ("SOURCES.toml", "cannot be read")):
        (data_copy / "raw" / file).unlink()
        assert any(said in line for line in lq.check(data_copy))
        refuses(DataError, re.escape(file), lq.load, data_copy)


def test_rows_lost_from_a_table_are_said_where_it_is_used(tmp_path, monkeypatch):
    """A table without some of its rows is as well formed as before: only its hash tells."""
    folder = shutil.copytree(paths.data(), tmp_path / "data")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lq.load(folder).membership()
    path = folder / "curated" / "membership.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(each for each in lines if "yimeng,3713" not in each), "utf-8")
    with pytest.warns(
        UserWarning, match=r"membership.csv is not as it was reviewed: `laoqu check`"
    ):
        lq.load(folder).membership()
    # Codes and names are followed by tables of their own; monitoring reads its rules at once, and
    # a batch looks at all.
    text = "一、支持重点地区\n支持甘肃环县发展。"
    for file, old, new, use in (
        ("curated/place_short_forms", "乌中旗,", "乌中县,", lambda: lq.resolve_place("环县")),
        ("curated/not_names", ",2,part", ",3,part", lambda: lq.read(text).mentions()),
        ("curated/regions", ",68,", ",67,", lambda: lq.resolve_place("莒县", within="沂蒙")),
        ("built/gazetteer_holders", ",followed,451081,", ",followed,451022,",
         lambda: lq.resolve_place("环县")),
        ("curated/monitor_rules", "below,0.5", "below,1.5",
         lambda: lq.panel(monitor.synthetic(lq.load())).monitor()),
        ("curated/absences", "专班,0,", "专班,7,", reports.MAKER.check),
    ):  # fmt: skip
        folder = shutil.copytree(paths.data(), tmp_path / Path(file).name)
        path = folder / f"{file}.csv"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
        with monkeypatch.context() as set_to:
            set_to.setenv("LAOQU_DATA", str(folder))
            with pytest.warns(UserWarning, match=rf"{path.name} is not as it was reviewed"):
                use()
