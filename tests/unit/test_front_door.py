"""`import laoqu as lq`: what a researcher meets first."""

import subprocess
import sys
import types

import pandas as pd
import pytest
from fixture import refused, refuses

import laoqu as lq
from laoqu import __main__, paths
from laoqu.analysis import county
from laoqu.cli import main

HEAVY = [
    "matplotlib", "geopandas", "papermill", "nbformat", "nbconvert", "IPython", "jinja2",
    "scipy.stats",
]  # fmt: skip


def test_loading_and_checking_pull_in_no_plotting_geometry_runner_or_learning():
    code = (
        "import sys, laoqu as lq\n"
        "plan = lq.load(); repr(plan); plan.reach(); plan.cite('c01.s01'); lq.check()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_few_and_all_work():
    assert len(lq.__all__) <= 25
    assert all(getattr(lq, name) is not None for name in lq.__all__)
    assert set(dir(lq)) == set(lq.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        lq.lod  # noqa: B018


def test_repr_is_a_count_table(plan):
    counts = dict(line.rsplit(maxsplit=1) for line in repr(plan).splitlines()[1:])
    assert {name.strip(): int(value) for name, value in counts.items()} == {
        "characters": 7387, "pages": 13, "parts": 5, "clauses": 16, "boxes": 4, "sentences": 108,
        "directive sentences": 95, "measures": 223, "namings of places": 283, "areas": 12,
        "documented counties": 468,
    }  # fmt: skip


def test_frames_come_out_fresh(plan):
    for name in ("regions", "mentions", "membership", "scopes", "sentences", "reach"):
        first = getattr(plan, name)()
        first.iloc[:, 0] = "changed"
        assert "changed" not in set(getattr(plan, name)().iloc[:, 0])


def test_any_rows_can_be_cited(plan):
    for rows in (
        plan.mentions().head(3), plan.mentions().iloc[0], "c07.s02", ["c07.s02", "m010"],
        {"unit_id": "b1.s01"}, plan.find("等"), plan.sentences()["unit_id"],
        plan.reach("太行").head(4),
    ):  # fmt: skip
        for row in plan.cite(rows).itertuples():
            assert plan.document.canonical[row.start : row.end] == row.quote
            assert row.quote in row.citation
            assert str(row.start) in row.citation
            assert plan.document.to_raw(row.start, row.end) == row.raw


def test_a_citation_names_clause_and_page(plan):
    cited = plan.cite(["c15.s01", "b3.s03", "p1.s01", "pre.s01"])
    assert cited["clause"].tolist() == ["第十五条", "专栏3", "第一部分", "引言"]
    assert cited["page"].tolist()[:2] == [11, 8]


def test_citing_nonsense_is_refused(plan):
    assert "nearest: c07.s02" in refused(plan.cite, "c07.s2")
    assert "needs `start` and `end`" in refused(plan.cite, pd.DataFrame({"x": [1]}))
    for rows in (None, 5, {"start": 0, "end": 99999}, {"start": 10, "end": 5},
                 {"start": "a", "end": 3}):  # fmt: skip
        refused(plan.cite, rows)


def test_find_gives_every_match_and_what_is_not_said_is_an_empty_answer(plan):
    found = plan.find("继续")
    assert len(found) == 6
    assert set(found["quote"]) == {"继续"}
    assert plan.find("目标")["unit_id"].tolist() == ["p1.s03"]
    for absent in ("%|％", "亿元", "2025", "年底", "不得|严禁|禁止|必须|应当", "采购", "外包",
                   "补贴", "奖补", "基金", "贷款", "税收"):  # fmt: skip
        assert plan.find(absent).empty, absent
    # The only figures.
    figures = plan.find(r"(?<!专栏)\d+")["quote"].tolist()
    assert sorted(set(figures), key=int) == ["12", "21", "92", "264"]
    for pattern in ("(", None, 5):
        assert "is not a regular expression" in refused(plan.find, pattern)


def test_describe_says_what_an_id_stands_for(plan):
    for name, expected in {
        "c07": "第七条 支持革命老区重点城市发展", "b2": "专栏2", "p3": "第三部分",
        "c08.s06": "积极推广三明医改经验。", "太行": "documented counties: 8 of 74",
        "m001": "西部地区", "c01.s01.k1": "universal", "etdz": "国家级经济技术开发区",
        "c07.h": "heading",
    }.items():  # fmt: skip
        assert expected in plan.describe(name)
    for name in ("梅列区", "350402"):  # of an earlier year: not without a word
        said = rf"'{name}' is read as 三元区 \(350404\): 梅列区 \(350402, 1983–2020\) was merged"
        for find in (plan.describe, lambda name: county.find(plan, name)["name"]):
            with pytest.warns(UserWarning, match=said):
                assert "三元区" in find(name)
    with pytest.warns(UserWarning, match="is read as 三元区") as once:
        lq.run_cards(["梅列区"], ["zh", "en"], only_say=True)
    assert len(once) == 1
    for name in ("c17", "c07.s99", "nothing", ""):
        refuses(lq.UnknownId, f"unknown id {name!r}", plan.describe, name)
    assert "box" in refused(plan.box_items, "b9")
    assert "variable" in refused(plan.codebook, "scoop")


#: A command, what it ends with, what it says.
LINES = [
    ("show c07.s06.m2", 0, "theme: T"),
    ("show 621022", 0, "name: 环县"),
    ("show 环县", 0, "name: 环县"),
    ("show huanxian", 0, "name: 环县"),
    ("show chuanshann", 2, "nearest: chuanshaan (川陕)"),
    ("show C07.S06", 0, "sentence in 第七条, page 5"),
    ("show 第七条", 0, "（七）支持革命老区重点城市发展。"),
    ("show 朝阳区", 2, "朝阳区 (110105, 北京市); 朝阳区 (220104, 吉林省长春市)"),
    ("show B1", 0, "beneficiary B1: "),
    ("show 372801", 2, "'372801' is no one unit of 2021: 临沂市 (372801, 1983–1993) was split"),
    ("show chaoyang", 2, "is the name of several places: "),
    ("show 139999", 2, "the code 139999 is in no list since 1980"),
    ("show 环线", 2, "unknown place '环线'; nearest: 环县"),
    ("show \udcb4\udcf3\udcb1\udcf0\udcc9\udcbd", 0, "大别山革命老区 / "),  # in GBK
    ("report 陝甘寧 --why", 0, "zh/shaanganning: new"),
    ("card 环县 --within 安康", 2, "'环县' is not in 安康; it is: 环县 (621022, since 2002, 甘肃"),
    *((f"{line}=", 2, f"for '{line.split()[-1]}': it is empty: write a") for line in (
        "export --to", "export all --to", "export --channel", "coding compare a.csv --agreed",
        "card --all --why --within", "report yimeng --why --kernel", "report yimeng --why --lang",
        "run 12_annotated_plan --params", "monitor a.csv --outcome")),
    ("run 10_region_report -p region 左右江 --why", 0, "zh/zuoyoujiang: new"),
    ("run 11_county_card -p adcode 370323 --why", 0, "zh/cards/370323: new"),
    ("card 朝阳区 --within 北京 --why", 0, "zh/cards/110105: new"),
    ("card 甘肃省庆阳市环县 庆阳市环县 環縣 huanxian --why", 0, "zh/cards/621022: new"),
    ("card lueyang --why", 0, "zh/cards/610727: new"),
    ("card jinggangshan --why", 0, "zh/cards/360881: new"),
    ("card 朝阳区", 2, "give its code, or the name behind its province and city"),
    ("card 郊区 --within 安徽", 2, "give its code, or the name behind its province and city"),
    ("show 莱芜市", 2, "give its code, or the name behind its province and city"),
    ("card 北京", 2, "北京市 (110000) has counties of its own: name one of them\n"),
    ("card 延安", 2, "name one of them, or `laoqu card --all --within 延安市`"),
    ("card --all --within 安康 --why", 0, "zh/cards/610981: new"),
    ("card --all --within 上海 --why", 2, "no source puts a county of 上海 into an area"),
    ("card --within 安康 --why", 2, "name at least one county, or --all"),
    ("export --estimator csdid", 2, "(--channel national_key_county)"),
    ("report nowhere", 2, "unknown area 'nowhere'; nearest: ganminyue"),
    ("report yimeng --lang fr", 2, "lang is 'fr', expected one of zh, en"),
    ("report yimeng --all", 2, "name at least one area, or --all (not both)"),
    ("report yimeng --formats docs", 2, "unknown format 'docs'; nearest: html, pdf, docx"),
    ("report yimeng --kernel pyhton3", 2, "unknown Jupyter kernel 'pyhton3'; nearest: python3"),
    ("report yimeng --scheduler x", 2, "--engine dask and --scheduler ADDRESS go together"),
    ("export --estimator didd", 2, "unknown estimator 'didd'; nearest: did"),
    ("export --years 1000-9999", 2, "unknown span of years '1000-9999'"),
    ("monitor no.csv", 2, "no.csv: no such file"),
    ("monitor .", 2, ".: is a folder"),
    ("monitor /dev/null", 2, "/dev/null: is no file"),
    ("run . --why", 2, "'.' is a folder"),
    ("run /dev/null --why", 2, "'/dev/null' is no .ipynb file here and no notebook"),
    ("run 10_region_report --params .", 2, ". is a folder: name a .csv"),
    ("run 10_region_report -p region 沂蒙 -p region 琼崖", 2, "-p region is given twice"),
    ("export --anticipation -1", 2, "anticipation is -1, expected years: 0, 1 or more"),
    ("codebook instrument", 0, "work-relief"),
    ("codebook instrument --lang zh", 0, "定义：通过工程建设让低收入群众获得劳务报酬。"),
    ("codebook instrument --lang en", 0, "Works are used to give paid labour"),
    ("codebook nothing", 2, "unknown variable 'nothing'"),
]  # fmt: skip


def test_a_command_shows_or_says_in_a_sentence(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    wrong = []
    for line, status, said in LINES:
        found = main(line.split())
        shown = capsys.readouterr()[bool(status)]
        if found != status or said not in shown or (tmp_path / "out").exists():
            wrong.append((line, found, shown))
    assert wrong == []


def test_options_of_jupyterlab_follow_and_those_of_others_do_not(monkeypatch, capsys):
    called = []
    # In this process: what ends it ends the server.
    monkeypatch.setattr("jupyterlab.labapp.main", called.extend)
    assert main(["lab", "--no-browser"]) == 0
    assert called == ["--no-browser", str(paths.notebooks())]
    for name, variable in (("HOME", "JUPYTER_DATA_DIR"), *[("JUPYTER_RUNTIME_DIR",) * 2]):
        monkeypatch.setenv(name, f"{paths.docs()}/report.md/none")  # below a file
        assert main(["lab"]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and f"set {variable} to another folder" in said
        monkeypatch.undo()
    assert main(["check", "--no-browser"]) == 2


def test_no_public_name_is_also_a_module():
    # `import laoqu.x` would put the module in the place of the function `lq.x`.
    modules = {path.stem for path in paths.PACKAGE.iterdir()}
    assert not modules & set(lq.__all__)


def test_a_command_stopped_while_it_is_read_says_so(monkeypatch, capsys):
    class Stops(types.ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "laoqu.cli", Stops("laoqu.cli"))
    assert __main__.start() == 1
    assert capsys.readouterr().err == "laoqu: stopped\n"
