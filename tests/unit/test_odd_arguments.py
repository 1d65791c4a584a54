"""Whatever public names are given, they answer with a `LaoquError` that says what was wrong."""

import inspect
import re
import time
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fixture import PLAN, refuses

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
        for owner in (PLAN, PLAN.document, PLAN.region("沂蒙"), PANEL, READY, PANEL.monitor())
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


@cache
def show():
    return lq.Show(PLAN, "zh")


@cache
def drawn():
    return own(None)


def own(values, region="沂蒙", **more):
    return lq.plot_region(region, plan=PLAN, values=values, **more)


#: What is called wrongly, and the answer.
WRONG = (
    (lambda: PLAN.mesures, "no attribute 'mesures'; nearest: measures"),
    (lambda: PLAN.region("川陕").provnces, "no attribute 'provnces'; nearest: provinces"),
    (lambda: lq.laod, "no attribute 'laod'; nearest: load"),
    (lambda: PLAN.measures.head, r"asked with parentheses: plan.measures\(\).head"),
    (lambda: PLAN["region"], "unknown table 'region'; nearest: regions"),
    (lambda: PLAN.clauses["17"], "unknown passage '17'; nearest: c1"),
    (lambda: own(None, titel="x"), "unknown argument 'titel'; nearest: title"),
    (lambda: own(PLAN.regions()), r'set_index."adcode"'),
    (lambda: own(PLAN.regions()["order"]), r'set_index."adcode"'),
    (lambda: own({}), "no county"),
    (lambda: own(7), "a dict or a Series"),
    (lambda: own({"371302": date(2020, 1, 1)}), "371302 has datetime.*expected a finite number"),
    (lambda: own({"371302": 1j}), "371302 has 1j, expected a finite number, or texts"),
    (lambda: own({"371302": 10**400}), "371302 has 1000.*expected a finite number"),
    (lambda: own({"371302": float("inf")}), "371302 has inf, expected a finite number"),
    (lambda: own({"371302": 1, "371311": "a"}), "371311 has 'a', expected .* or texts alone"),
    (lambda: own(pd.Series([1, 2], index=[371302] * 2)), "371302 has several"),
    (lambda: drawn().save("no/such/x.png"), "no/such/x.png' cannot be written: No such file"),
    (lambda: drawn().save("a\0.csv"), "cannot be found: embedded null byte"),
    (lambda: drawn().save(f"{'a' * 300}.csv"), "cannot be written: "),
    (lambda: drawn().save("a.pngg"), "form of a figure '.pngg'; nearest: .png"),
    (lambda: PLAN.show("c77"), "unknown passage 'c77'; nearest: c07"),
    (lambda: PLAN.clause_name("x"), "expected one of 27, such as: pre, c03"),
    (lambda: PLAN.cite("zz"), "expected one of 139, such as: title, b1"),
    (lambda: PLAN.table("zz"), "expected one of 45, such as: regions"),
    (lambda: lq.load(5), "folder is 5, expected a path"),
    (lambda: lq.load(membership=5), "membership is 5, expected a path"),
    (lambda: PLAN.measures(label="zh"), "has no argument 'label'; nearest: labels"),
    (lambda: PLAN.measures(labels="de"), "expected one of zh, en"),
    (lambda: PLAN.measures(schema="rz"), "has no argument 'schema'; nearest: scheme"),
    (lambda: lq.resolve_place("朝阳区"), "several places.*say `within`"),
    (lambda: lq.Show(PLAN, "de"), "zh"),
    (lambda: show().chart("bars", None, "x"), "'bars'; nearest: dots, heat, lines"),
    (lambda: show().text(["x"], form="lst"), "unknown form 'lst'"),
    (lambda: show().words("fold.tabl"), "nearest: fold.table"),
    (lambda: show().words.area("yimen"), "nearest: yimeng"),
    (lambda: show().words.code("theme", "T7"), "nearest: T"),
    (lambda: own({"621022": "x"}), "values: 621022: no code of a county of 沂蒙"),
    (lambda: own({"610826": 1, "612726": 2}, "陕甘宁"), "612726: no code of the end of 2021; lq"),
    (lambda: lq.load(membership=""), "membership is '', expected a path"),
    (lambda: lq.load(boundaries=""), "boundaries is ''"),
    (lambda: lq.load(membership=PLAN.membership()), "membership is DataFrame, expected a path"),
    (lambda: lq.load(membership_mode=""), "membership_mode ''"),
    (lambda: lq.load(membership="x" * 5000), "cannot be read: File name too long"),
    (lambda: lq.run_notebook("x"), "run_notebook takes notebook, sets, .*: missing .* 'sets'"),
    (lambda: lq.run_cards(["621022"], only_sya=True), "run_cards has no argument 'only_sya'"),
    (lambda: lq.use_font("/nope"), "use_font takes no argument: too many"),
    (lambda: PANEL.for_estimator("csdid", ["income"]), r"unknown column .* \['income'\]"),
    (lambda: READY.to_file(""), "path is '', expected a path"),
    (lambda: READY.to_file(5), "path is 5, expected a path"),
    (lambda: READY.to_file(None), "path is '', expected a path"),
    (lambda: PANEL.to_file("."), r"^\.: expected a name that ends in one of \.csv"),
    (lambda: PANEL.to_file("~no-such-user/x.csv"), "cannot be found: no such user"),
    (lambda: READY.event_study("province"), "unknown outcome"),
    (lambda: PLAN.table("measures", "沂蒙"), r"no .* of areas: plan\.measures\('沂蒙'\) has"),
    (lambda: PLAN.table("codings", "沂蒙"), r"join it with plan\.measures\('沂蒙'\) by measure_id"),
    (lambda: PLAN.table("pmc_table", "沂蒙"), r"of areas: plan\.table\('pmc_table'\) is"),
    (lambda: PLAN.describe(["环县"]), r"id is \['环县'\], expected text$"),
    (lambda: PLAN.describe(None), "unknown id None"),
    (lambda: PLAN.describe(pd.NA), "id is NAType, expected text$"),
    (lambda: lq.Show("Paris"), "plan is 'Paris', expected a plan"),
    (lambda: lq.annotate(PLAN, "zh", None, None, (), 621022), "passages is 621022, expected a li"),
    (lambda: lq.resolve_place("x" * 100_000), "^unknown place 'x{58}…$"),
    (lambda: drawn().png(pd.NA), "png takes no argument: too many"),
    (lambda: drawn().matplotlib({}), "narrow is {}, expected"),
    (lambda: PANEL["incom"], "unknown column of the panel 'incom'; nearest: income"),
    (lambda: PANEL[{}], "unknown column of the panel {}"),
    (lambda: PLAN.region("沂蒙").name(nope=1), "name has no argument 'nope'; nearest: lang, full"),
    (lambda: PLAN.region("沂蒙").in_text(PLAN.membership()), "lang is DataFrame, expected text"),
    (lambda: PLAN.region("沂蒙").in_text("fr"), "lang is 'fr', expected one of zh, en"),
    (lambda: lq.read("没有标题。"), "numbers from one; if '没有标题。' should be a file"),
    (lambda: lq.read(Path(__file__).parents[2] / "LICENSE"), "LICENSE:1:1: .* numbers from one$"),
    (lambda: PLAN.region("x y " * 50_000), "^unknown area '[x y]{58}…; nearest"),
)


def test_what_is_wrong_with_a_call_is_answered_with_the_fix():
    missed = []
    for wrong, said in WRONG:
        try:
            missed.append((said, wrong()))
        except (lq.LaoquError, AttributeError) as error:
            if not re.search(said, str(error)) or "Error" in str(error):
                missed.append((said, error))
    assert missed == []


def test_a_folder_that_cannot_be_is_said_with_what_to_set(monkeypatch, capsys):
    for name, folder, said in (
        ("DATA", "~no-such-user/x", "; set LAOQU_DATA to another folder"),
        ("DATA", "/nowhere", "LAOQU_DATA is /nowhere, which has no folder 'curated': set"),
        ("OUTPUTS", "~no-such-user/x", "; set LAOQU_OUTPUTS to another folder"),
    ):
        with monkeypatch.context() as context:
            context.setenv(f"LAOQU_{name}", folder)
            refuses(lq.LaoquError, said, getattr(paths, name.lower()))
            assert main(["report", "yimeng", "--why"]) == 2
            assert said in capsys.readouterr().err


def test_a_variable_of_the_environment_that_is_misspelt_is_refused(monkeypatch, capsys):
    for name, meant in (
        ("LAOQU_MEMBERSHP", "LAOQU_MEMBERSHIP"), ("laoqu_coding", "LAOQU_CODING"),
        ("LAOQU_BOUNDARY", "LAOQU_BOUNDARIES"), ("LAOQU_OUTPUT", "LAOQU_OUTPUTS"),
    ):  # fmt: skip
        with monkeypatch.context() as context:
            context.setenv(name, "x.csv")
            said = f"nothing reads {name}; did you mean {meant}?"
            refuses(lq.ParameterError, re.escape(said), lq.load)
            assert main(["report", "yimeng", "--why"]) == 2
            assert said in capsys.readouterr().err
    monkeypatch.setenv("LAOQU_HOME", "x")  # like none of ours
    assert lq.load().own == {}


def test_every_public_function_is_guarded():
    functions = {name: getattr(lq, name) for name in lq.__all__}
    functions = {name: each for name, each in functions.items() if inspect.isfunction(each)}
    assert {"compare", "panel", "read", "resolve_place"} <= functions.keys()
    assert [name for name in functions if not hasattr(functions[name], "is_guarded")] == []
    refuses(lq.LaoquError, "compare takes plan, other", lq.compare, PLAN, TEXT, 7)
