"""Whatever public names are given, they answer with a `LaoquError` that says what was wrong."""

from __future__ import annotations

import inspect
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import document, membership, sheets

PLAN = lq.load()
ODD = [
    None, 0, -1, 3.5, float("nan"), True, 10**400, "", " ", "x", "\ud800", "\x00", "a" * 5000,
    "沂蒙", "c07", "c01.s01", "[", "../x", "zh", "low", b"x", [], ["yimeng"], {"a": 1}, (), set(),
    object(), PLAN, PLAN.measures(), PLAN.measures().iloc[0], str,
]  # fmt: skip


def calls():
    methods = [
        getattr(owner, name)
        for owner in (PLAN, PLAN.document)
        for name in dir(owner)
        if name[0] != "_" and name != "show" and hasattr(getattr(owner, name), "__wrapped__")
    ]
    for function in (*methods, document.parse, lq.load):
        for odd in ODD:
            yield function, (odd,), {}
            yield function, (odd, odd), {}
            for name in inspect.signature(function).parameters:
                yield function, (), {name: odd}
    for odd in ODD:
        yield lq.resolve_place, (odd,), {}
        for name in ("within", "level", "year", "folder"):
            yield lq.resolve_place, ("环县",), {name: odd}


@pytest.mark.filterwarnings("ignore")
def test_only_errors_of_our_own_and_none_after_a_second():
    n = 0
    for function, args, kwargs in calls():
        n, began = n + 1, time.perf_counter()
        try:
            function(*args, **kwargs)
        except lq.LaoquError as error:
            assert str(error).encode("utf-8")
        assert time.perf_counter() - began < 5, (function, args, kwargs)
    assert n > 2500


text = st.text(max_size=30) | st.sampled_from(["region", "code", "name", "沂蒙", "371302", "1,2"])
tables = st.lists(st.lists(text, max_size=6), max_size=8)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])
loosely = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(tables, encodings, st.sampled_from(",;\t"))
@loosely
def test_any_sheet_is_read_or_refused(tmp_path, rows, encoding, delimiter):
    path = tmp_path / "sheet.csv"
    lines = "\r\n".join(delimiter.join(row) for row in rows)
    path.write_bytes(lines.encode(encoding, "ignore"))
    for read in (
        lambda: sheets.read(path, PLAN.table("measures"), PLAN.codebook()),
        lambda: membership.read(path, PLAN._tables),
    ):
        try:
            read()
        except lq.LaoquError as error:
            assert "sheet.csv" in str(error)


@given(st.binary(max_size=300), st.sampled_from(["csv", "xlsx", "txt"]))
@loosely
def test_any_bytes_are_read_or_refused(tmp_path, data, suffix):
    path = tmp_path / f"sheet.{suffix}"
    path.write_bytes(data)
    try:
        assert isinstance(sheets.cells(path), list)
    except lq.LaoquError as error:
        assert path.name in str(error)


@given(text, text, text)
@loosely
def test_any_question_about_a_place_is_answered_or_refused(name, within, level):
    try:
        assert len(lq.resolve_place(name, within or None, level or None)) == 6
    except lq.LaoquError as error:
        assert str(error)
