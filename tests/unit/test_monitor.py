"""Monitoring: groups, gaps, convergence and warnings against values computed by hand."""

import io

import nbformat
import numpy as np
import pandas as pd
import pytest
from fixture import PLAN, functions_of, refuses, shown
from matplotlib.text import Text

import laoqu as lq
from laoqu import pages, paths
from laoqu.analysis import monitor
from laoqu.cli import main
from laoqu.errors import LaoquError
from laoqu.run.parameters import Notebook
from laoqu.show.charts import lines
from laoqu.show.maps import plot_china

NOTEBOOK = functions_of("08_monitoring")


@pytest.fixture(scope="module")
def watched():
    return lq.panel(monitor.synthetic(PLAN)).monitor("income")


def small(values, years=(2019, 2020, 2021, 2022)):
    """A panel of four counties of 甘肃: two key ones and two others."""
    codes = ["621027", "621022", "620102", "620103"]
    rows = [
        [code, year, value]
        for code, own in zip(codes, values, strict=True)
        for year, value in zip(years, own, strict=True)
    ]
    return lq.panel(pd.DataFrame(rows, columns=["code", "year", "y"])).monitor("y")


def test_the_plan_asks_for_monitoring_in_its_own_words():
    said = PLAN.measures().query("monitor_named")
    assert set(said["clause_id"]) == {"c01", "c04", "c16"}
    assert said["quote"].str.contains("监测").any()


def test_groups_are_what_they_are_called(watched):
    every, here = watched.groups(), watched.groups("陕甘宁")
    assert len(every["key"]) == 53
    assert every["key"].isdisjoint(every["others"])
    assert here["key"] == every["key"] & here["area"]
    assert here["province"].isdisjoint(here["area"])
    assert watched.groups("yimeng").keys() == {"area", "province", "documented", "panel"}
    # A panel of one area alone has nothing to compare it with, and says of whom medians are.
    for area, kept in (("yimeng", {"area"}), ("陕甘宁", {"key", "area", "others"})):
        own = monitor.synthetic(PLAN, range(2019, 2022))
        own = own[own["county_code"].isin(watched.groups(area)["area"])]
        assert lq.panel(own).monitor("income").groups(area).keys() == kept


def test_levels_and_gaps_are_medians(watched):
    levels = NOTEBOOK.levels_of(watched)
    key = watched.values.query("year == 2020 and county_code in @watched.panel.key_counties")
    key = key["value"].dropna()
    row = levels.query("group == 'key' and year == 2020").iloc[0]
    assert row["median"] == key.median()
    assert row["n"] == len(key)
    assert row["of"] == 53
    assert row["n"] + len([c for c in row["missing"].split(";") if c]) == 53
    first, gap = (levels.query("group == 'panel' and year == @y").iloc[0] for y in (2012, 2020))
    assert gap["percent"] == pytest.approx(100 * row["median"] / gap["median"])
    assert first["change"] == 0
    assert gap["change"] == pytest.approx(gap["percent"] - first["percent"])


def test_convergence_is_a_regression_and_a_ratio_of_spreads(watched):
    row = NOTEBOOK.convergence_of(watched).set_index("group").loc["panel"]
    wide = watched.values.pivot(index="county_code", columns="year", values="value")
    both = np.log(wide[[2012, 2022]].dropna())
    x = np.column_stack([np.ones(len(both)), both[2012]])
    y = ((both[2022] - both[2012]) / 10).to_numpy()
    bread = np.linalg.inv(x.T @ x)
    fit = bread @ x.T @ y
    scores = x * (y - x @ fit)[:, None]
    spread = bread @ scores.T @ scores @ bread * len(y) / (len(y) - 2)  # HC1
    assert row["beta"] == pytest.approx(fit[1])
    reach = (row["beta_high"] - row["beta_low"]) / 2
    assert reach == pytest.approx(1.96 * spread[1, 1] ** 0.5, rel=0.01)
    assert row["sigma_change"] == pytest.approx(both[2022].std() - both[2012].std())
    assert row["sigma_low"] < row["sigma_change"] < row["sigma_high"] < 0


def test_the_interval_of_the_change_of_spread_covers_the_truth():
    random, hits = np.random.default_rng(5), 0
    for _ in range(400):
        first = random.normal(0, 1, 60)
        last = 0.7 * first + random.normal(0, np.sqrt(0.64 - 0.49), 60)  # a spread of 0.8
        _, low, high = monitor.spread(first, last)
        sigma = first.std(ddof=1)
        hits += 1 + low / sigma <= 0.8 <= 1 + high / sigma
    assert 0.92 <= hits / 400 <= 0.98


def test_each_rule_flags_what_it_says_and_nothing_where_periods_are_too_few():
    made = small([[100, 90, 80, 85], [50, 55, 60, 20], [200, 210, 220, 230], [100, 110, 121, 133]])
    flags = made.flags()
    falling = flags.query("rule_id == 'falling_two'")
    assert falling.query("met")[["county_code", "year"]].values.tolist() == [["621027", 2021]]
    assert sorted(falling["year"].unique()) == [2021, 2022]  # two growths need three periods
    below = flags.query("rule_id == 'below_half' and year == 2022 and met")["county_code"].tolist()
    assert below == ["621022"]
    some = small([[1, np.nan, 2, 3]] * 3 + [[1, 1, 2, 3]])
    lost = some.flags().query("rule_id == 'no_value' and met")
    lost = lost[lost["county_code"].isin(some.values["county_code"])]
    assert lost["year"].eq(2020).all()
    assert len(lost) == 3
    # Medians below zero have no percentage of each other, and none of a median of zero.
    for numbers in ([[-4, -4]] * 2 + [[-5, -5]] * 2, [[0, 0]] * 4):
        below = NOTEBOOK.levels_of(small(numbers, years=(2019, 2020)))
        assert below["percent"].isna().all()
    # A county without rows is as one whose rows have no value.
    frame = monitor.synthetic(PLAN, range(2019, 2022))
    here = frame["county_code"].eq("621022")
    told = [lq.panel(each).monitor("income").flags() for each in (
        frame[~here], frame.assign(income=frame["income"].mask(here)))]  # fmt: skip
    pd.testing.assert_frame_equal(*told)
    gone = told[0].query("county_code == '621022' and met")
    assert gone[["rule_id", "year"]].values.tolist() == [["no_value", y] for y in range(2019, 2022)]
    pair = small([[1, 2], [3, 4], [5, 6], [7, 8]], years=(2010, 2020)).flags()
    assert set(pair["rule_id"]) == {"below_half", "low_tenth", "no_value"}
    # Growth is by the year, over gaps as well.
    gap = small([[100, 121], [1, 1], [1, 2], [1, 3]], years=(2019, 2021)).values
    row = gap.query("county_code == '621027' and year == 2021").iloc[0]
    assert row["growth"] == pytest.approx(10)
    # A median that is not above zero has no half: who is above it would be below half of it.
    below_zero = small([[-1, -1, 9, 2], [-2, 0, 1, 1], [-3, 0, 2, 9], [-9, 5, 3, 9]])
    ratios = below_zero.values.groupby("year")["province_ratio"].agg(list).to_dict()
    assert np.isnan(ratios[2019] + ratios[2020]).all() and ratios[2021] == [0.8, 1.2, 0.4, 3.6]
    below = below_zero.flags().query("rule_id == 'below_half'")
    assert sorted(below["year"].unique()) == [2021, 2022]


def test_a_panel_with_little_in_it_is_a_page_without_nan_or_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = monitor.synthetic(PLAN, range(2020, 2023))
    panel.assign(income=5.0).to_csv("constant.csv", index=False)
    one = panel["county_code"].isin(PLAN.membership("大别山")["adcode"].head(1))
    panel[one].assign(income=[-1, 2, 3]).to_csv("one.csv", index=False)
    panel.loc[panel["year"] == 2022, "income"] *= 10_000
    panel.to_csv("units.csv", index=False)
    notebook = nbformat.read(paths.notebooks() / "08_monitoring.ipynb", as_version=4)
    plain = notebook.cells[2].source
    drawn = []
    for drawing in ("chart", "map"):  # takes long, and `test_figures` draws them
        monkeypatch.setattr(lq.Show, drawing, lambda *_, **given: drawn.append(given["subtitle"]))
    for name in ("constant", "one", "units"):
        given = plain.replace('panel = ""', f'panel = "{name}.csv"')
        notebook.cells[2].source = given.replace('area = "all"', 'area = "大别山"')
        files = pages.render(shown(notebook), "zh", ["html"])
        assert b">nan<" not in files["monitor.html"] and b"[nan" not in files["monitor.html"]
        assert "nan" not in files["tables/groups.csv"].decode("utf-8-sig")
        said = "许多县的数值一齐变化约十倍" in files["monitor.html"].decode()
        assert said == (name == "units")
        assert ("个数值为零或负数" in files["monitor.html"].decode()) == (name == "one")
    lacking = (PLAN.membership("大别山")["confidence"] != "low").sum() - 1  # in "one"
    said = f"起止年均有数值的县 1 个，另有 {lacking} 个缺数值"
    assert any(said in each.replace("\u2009", " ") for each in drawn)
    watched = lq.panel("one.csv").monitor("income")
    assert watched.areas() == ["dabieshan"]
    refuses(LaoquError, "no value for a documented county of 琼崖", watched.groups, "琼崖")
    none = watched.plan.membership().query("region_id != 'qiongya'")
    monkeypatch.setattr(type(watched.plan), "membership", lambda _: none)
    with pytest.raises(LaoquError, match="the membership table has no documented county of 琼崖"):
        watched.groups("琼崖")


def test_rows_without_one_county_are_left_out_and_counted():
    rows = {"code": ["350321", "621022", "621022", "621000"], "year": [2000, 2020, 2020, 2020]}
    frame = pd.DataFrame(rows).assign(y=[1.0, 2.0, 3.0, 4.0])
    refuses(LaoquError, "no value for a county", lq.panel(frame).monitor, "y")
    more = {"code": ["621027"] * 2, "year": [2019, 2020], "y": [9.0, 1e300]}
    more = pd.concat([frame, pd.DataFrame(more)])
    with pytest.raises(LaoquError, match="one year alone"):  # 1e300 is no value
        lq.panel(more).monitor("y")
    more.iloc[-1, -1] = 7.0
    made = lq.panel(more).monitor("y")
    assert (made.lost, made.twice, made.empty_years) == (4, 2, [2000])
    refuses(LaoquError, "nearest: y", lq.panel(more).monitor, "yy")


def test_years_are_those_with_a_value_and_the_page_names_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = ["621027", "621022", "620102", "460400", "620103"]
    frame = pd.DataFrame({"code": codes}).merge(pd.DataFrame({"year": range(2017, 2025)}), "cross")
    frame["y"] = np.arange(1.0, 41)
    empty = frame["year"].isin([2017, 2018, 2021, 2024]) | (frame["code"] == "620103")
    frame = pd.concat([frame.assign(y=frame["y"].mask(empty)), frame.iloc[[2]]])
    frame.to_csv("p.csv", index=False)
    made = lq.panel("p.csv").monitor("y")
    assert made.years == [2019, 2020, 2022, 2023]
    assert made.empty_years == [2017, 2018, 2021, 2024]
    full = lq.panel(frame[~frame["year"].isin(made.empty_years)]).monitor("y")
    pd.testing.assert_frame_equal(made.values, full.values)  # growth over two years a year
    assert (made.counties, made.alone, made.lost, made.twice) == (4, ["460400"], 2, 2)
    assert repr(made).startswith(
        "Monitoring of y: 4 counties and 1 without counties of their own, 2019–2023\n"
    )
    assert len(made.values) == 20 and made.values.query("year == 2023")["value"].count() == 4
    told = {
        "zh": "41 行、4 个县和不设县的儋州市（下文按县计）；监测 4 个年份（2019—2023 年）。|"
        "2 行没有使用：其中 2 行与别的行同县同年|面板中 2017、2018、2021、2024 年没有一个县有"
        "可用的数值|只读取了其中一个工作表，未读：说明。",
        "en": "41 rows, with 4 counties and Danzhou (without counties; counted as a county below)|"
        "2 rows are left out: 2 of them stand more than once|In 2017, 2018, 2021, 2024 of the "
        "panel no|One sheet of it was read, not ",
    }
    head = nbformat.read(paths.notebooks() / "08_monitoring.ipynb", as_version=4)
    del head.cells[10:]
    with pd.ExcelWriter("p.xlsx") as book:
        frame.to_excel(book, sheet_name="数据", index=False)
        pd.DataFrame({"来源": ["年鉴"]}).to_excel(book, sheet_name="说明", index=False)
    plain = head.cells[2].source.replace('panel = ""', 'panel = "p.xlsx"')
    for lang, texts in told.items():
        head.cells[2].source = plain.replace('lang = "zh"', f'lang = "{lang}"')
        page = pages.render(shown(head), lang, ["html"])["monitor.html"].decode()
        assert [text for text in texts.split("|") if text not in page.replace("\u2009", " ")] == []


def test_lines_stand_where_their_values_are():
    frame = pd.DataFrame({"series": list("aabb"), "year": [1, 2] * 2, "value": [0, 10, 10, 10]})
    figure = lines(frame, lq.Show(PLAN, "en").words, title="t")
    for narrow in (False, True):
        (axes,) = figure.matplotlib(narrow).axes
        drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
        assert drawn["a"] == [[1, 0], [2, 10]]
        assert drawn["b"] == [[1, 10], [2, 10]]
        assert axes.get_ylim() == (0, 10)


def test_a_map_of_china_has_a_row_for_each_value_and_the_key_counties_in_a_border(watched):
    values = watched.values.query("year == 2020").set_index("county_code")["percentile"].dropna()
    key = watched.panel.key_counties
    figure = plot_china(values, "en", PLAN, key, "key counties", title="t", subtitle="s")
    assert set(figure.data["adcode"]) <= set(values.index)
    assert len(figure.data) > 0.99 * len(values)
    shown = figure.data.set_index("adcode")["value"]
    assert shown.equals(values[figure.data["adcode"]].rename("value"))
    drawn = figure.matplotlib()
    assert "Key counties" in {text.get_text() for text in drawn.findobj(Text)}
    own = next(each for each in drawn.axes[0].patches if each.get_label() == "own")
    assert len(own.get_path().to_polygons()) >= len(key)


def test_counties_on_weak_evidence_are_none_without_a_value(tmp_path, monkeypatch):
    """The map is of the counties that the page counts, and pages of no county are named."""
    monkeypatch.chdir(tmp_path)
    panel = monitor.synthetic(PLAN, range(2020, 2023))
    panel.to_csv("all.csv", index=False)
    notebook = nbformat.read(paths.notebooks() / "08_monitoring.ipynb", as_version=4)
    given = notebook.cells[2].source.replace('panel = ""', 'panel = "all.csv"')
    notebook.cells[2].source = given.replace('area = "all"', 'area = "太行"')
    files = pages.render(shown(notebook), "zh", ["html"])
    sure = PLAN.membership("太行").query("confidence != 'low'")
    assert len(pd.read_csv(io.BytesIO(files["figures/map.csv"]))) == len(sure) == 8
    assert "无数值" not in files["figures/map.svg"].decode()
    assert "表示缺失的代码" not in files["monitor.html"].decode()
    panel.loc[panel.index % 40 == 0, "income"] = 999_999
    panel.loc[
        panel["county_code"].eq(sure["adcode"].iloc[0]) & panel["year"].eq(2021), "income"
    ] = None
    panel.to_csv("all.csv", index=False)
    text = pages.render(shown(notebook), "en", ["html"])["monitor.html"].decode()
    wide = panel.pivot(index="county_code", columns="year", values="income").loc[sure["adcode"]]
    partly = int((wide[2022].notna() & wide[[2020, 2021]].isna().any(axis=1)).sum())
    assert partly and f"其中\u2009{partly}\u2009个县因前几年缺数值" in text.replace(" ", "")
    counted = (panel["income"] == 999_999).sum()
    assert f"{counted}\u2009个数值（如\u2009999999）可能是表示缺失的代码" in text.replace(" ", "")


def test_areas_are_named_in_either_language_and_a_wrong_outcome_runs_nothing(
    monkeypatch, tmp_path, capsys
):
    ran, path = [], str(tmp_path / "panel.csv")
    monitor.synthetic(PLAN, range(2020, 2022)).to_csv(path, index=False)
    monkeypatch.setattr("laoqu.cli._batch", lambda *what, **_: ran.append(what[-1]) or 0)
    for given in (["陕甘宁", "Shaan-Gan-Ning,all"], ["each"], []):
        names = [part for area in given for part in ("--area", area)]
        assert main(["monitor", path, *names, "--lang", "zh,en"]) == 0
    found = [list(dict.fromkeys(each["area"] for each in sets)) for sets in ran]
    assert found == [["shaanganning", "all"], ["all", *PLAN.region_ids], ["all"]]
    assert "no page of these" not in capsys.readouterr().err
    some = pd.read_csv(path, dtype={"county_code": "str"})
    some = some[~some["county_code"].isin(PLAN.membership("琼崖")["adcode"])]
    some.to_csv(tmp_path / "some.csv", index=False)
    assert main(["monitor", str(tmp_path / "some.csv"), "--area", "each"]) == 0
    assert "no value for a documented county of qiongya: no page" in capsys.readouterr().err
    assert [each["area"] for each in ran.pop()] == [
        "all",
        *PLAN.region_ids[:8],
        *PLAN.region_ids[9:],
    ]
    assert main(["monitor", path, "--outcome", "population"]) == 0
    book = Notebook("08_monitoring")
    places = [book.place(book.check(sets[0], {})) for sets in ran]
    assert places[2:] == ["zh/monitor/all/income", "zh/monitor/all/population"]
    for wrong in (["--area", "Dabi"], ["--outcome", "wrong"], ["--outcome", "code_status"]):
        assert main(["monitor", path, *wrong]) == 2
    assert main(["monitor", "~nouser/x.csv"]) == 2
    assert len(ran) == 4


def test_the_census_is_monitored(external):
    made = lq.panel(external / "county_census_2010_2020.csv").monitor("schooling_years")
    levels = NOTEBOOK.levels_of(made).set_index(["group", "year"])
    assert levels.loc[("key", 2020), "n"] == 53
    assert NOTEBOOK.convergence_of(made).set_index("group").loc["panel", "beta_high"] < 0
