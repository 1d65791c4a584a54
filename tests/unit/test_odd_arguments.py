"""Whatever public names are given, they answer with a `LaoquError` that says what was wrong."""

import inspect
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixture import PLAN

import laoqu as lq
from laoqu import document, paths
from laoqu.analysis import monitor
from laoqu.cli import main

PANEL = lq.panel(monitor.synthetic(PLAN, range(2019, 2024))).treat()
READY = PANEL.for_estimator("did", "income")
TEXT = lq.read("某方案\n一、任务\n支持甘肃环县建设。")
ODD = [
    None, 0, -1, 3.5, float("nan"), True, 10**5000, "", " ", "x", "\ud800", "\x00", "a" * 100_000,
    "环 " * 50_000, "甘肃省庆阳市" * 20_000, "沂蒙", "c07", "c01.s01", "[", "../x", "zh", "low",
    b"x", [], ["yimeng"], ["环县"], {"a": 1}, (), set(), object(), pd.NA, pd.NaT, np.int64(3),
    Path("环县"), PLAN, PLAN.measures(), PLAN.measures().iloc[0], str,
]  # fmt: skip
#: What draws, compares or looks for runs takes a second: it is given only some.
SOME = [621022, pd.NA, Path("环县")]
#: What these are given for the arguments that are not the odd one.
EVEN = {
    "plan": PLAN, "other": TEXT, "text_or_file": "某方案\n一、任务", "region": "沂蒙",
    "notebook": "10_region_report", "sets": [{}], "namespace": {}, "passages": ["c07"],
}  # fmt: skip


def calls():
    methods = [
        getattr(owner, name)
        for owner in (PLAN, PLAN.document, PANEL, READY, PANEL.monitor())
        for name in dir(owner)
        if name[0] != "_" and name != "show" and hasattr(getattr(owner, name), "__wrapped__")
    ]
    for function in (*methods, document.parse, lq.load, lq.panel):
        for odd in ODD:
            yield function, (odd, odd), {}
            for name in inspect.signature(function).parameters:
                yield function, (), {name: odd}
    for odd in ODD:
        yield lq.Plan, (odd,), {}
        yield lq.Show, (odd,), {"lang": odd}
        yield lq.Show, (PLAN, odd), {}
        yield lq.Show(PLAN, "zh").text, (odd,), {"title": odd}
        yield lq.resolve_place, (odd,), {}
        for name in ("within", "level", "year", "folder"):
            yield lq.resolve_place, ("环县",), {name: odd}
    others = {*lq.__all__} - {"check", "load", "panel", "resolve_place", "run_cards"}
    for function in (getattr(lq, name) for name in sorted(others)):
        known = () if inspect.isclass(function) else inspect.signature(function).parameters
        runs = {"only_say": True} if function is lq.run_reports else {}
        for name in known:
            even = {key: EVEN[key] for key in known if key in EVEN and key != name}
            for odd in () if function.__name__.startswith("run_") and not runs else SOME:
                yield function, (), {**runs, **even, name: odd}


@pytest.mark.filterwarnings("ignore")
def test_only_errors_of_our_own_and_none_after_a_second():
    n = 0
    for function, args, kwargs in calls():
        n, began = n + 1, time.process_time()
        try:
            function(*args, **kwargs)
        except lq.LaoquError as error:
            said = str(error)
            assert "Error: " not in said and said.encode("utf-8"), (function, args, kwargs)
            assert len(said) < 4000, function
        assert time.process_time() - began < 5, (function, args, kwargs)
    assert n > 3000


@pytest.mark.parametrize(
    ("function", "given", "said"),
    [
        (lq.run_notebook, ["x"], "run_notebook takes notebook, sets, .*: missing .* 'sets'"),
        (
            lambda: lq.run_cards(["621022"], only_sya=True),
            [],
            "run_cards has no argument 'only_sya'",
        ),
        (lq.use_font, ["/nope"], "use_font takes no argument: too many"),
        (PANEL.for_estimator, ["csdid", ["income"]], r"unknown column .* \['income'\]"),
        (READY.to_file, [""], "path is '', expected a path"),
        (READY.to_file, [5], "path is 5, expected a path"),
        (READY.to_file, [None], "path is '', expected a path"),
        (PANEL.to_file, ["."], r"^\.: expected a name that ends in one of \.csv"),
        (PANEL.to_file, ["~no-such-user/x.csv"], "cannot be found: no such user"),
        (READY.event_study, ["province"], "unknown outcome"),
        (PLAN.table, ["measures", "沂蒙"], r"no column of areas: plan\.measures\('沂蒙'\) has"),
        (PLAN.table, ["codings", "沂蒙"], r"join it with plan\.measures\('沂蒙'\) by measure_id"),
        (PLAN.table, ["pmc_table", "沂蒙"], r"no column of areas: plan\.table\('pmc_table'\) is"),
        (PLAN.describe, [["环县"]], r"id is \['环县'\], expected text$"),
        (PLAN.describe, [None], "unknown id None"),
        (PLAN.describe, [pd.NA], "id is NAType, expected text$"),
        (lq.Show, ["Paris"], "plan is 'Paris', expected a plan"),
        (lq.annotate, [PLAN, "zh", None, None, (), 621022], "passages is 621022, expected a list"),
        (lq.resolve_place, ["x" * 100_000], "^unknown place 'x{58}…$"),
        (lq.plot_region("yimeng").png, [pd.NA], "png takes no argument: too many"),
        (lq.plot_region("yimeng").matplotlib, [{}], "narrow is {}, expected"),
        (PLAN.region, ["x y " * 50_000], "^unknown area '[x y]{58}…; nearest"),
    ],
)
def test_what_is_wrong_with_a_call_is_said_in_words_of_ours(function, given, said):
    with pytest.raises(lq.LaoquError, match=said) as caught:
        function(*given)
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "folder", "said"),
    [
        ("LAOQU_DATA", "~no-such-user/x", "; set LAOQU_DATA to another folder"),
        ("LAOQU_DATA", "/nowhere", "LAOQU_DATA is /nowhere, which has no folder 'curated': set"),
        ("LAOQU_OUTPUTS", "~no-such-user/x", "; set LAOQU_OUTPUTS to another folder"),
    ],
)
def test_a_folder_that_cannot_be_is_said_with_what_to_set(
    monkeypatch, variable, folder, said, capsys
):
    monkeypatch.setenv(variable, folder)
    find = {"LAOQU_DATA": paths.data, "LAOQU_OUTPUTS": paths.outputs}[variable]
    with pytest.raises(lq.LaoquError, match=said):
        find()
    assert main(["report", "yimeng", "--why"]) == 2
    assert said in capsys.readouterr().err
