"""Treatment: who is treated, what an estimator may see, and that known truths come out."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from fixture import PLAN, refuses

import laoqu as lq
from laoqu import cli, interchange
from laoqu.analysis import estimators, exporting, monitor, treatment
from laoqu.errors import LaoquError

KEY = "national_key_county"
TABLE = treatment.counties(PLAN, KEY)


def test_the_key_counties_are_treated_and_open_lists_have_no_controls():
    named = set(PLAN.mentions().query("role == 'national_key_county'")["adcode"])
    treated = TABLE[TABLE["ever_treated"].eq(1)]
    assert set(treated["county_code"]) == named
    assert len(named) == 53
    assert treated["first_treat"].eq(2022).all()
    assert TABLE["ever_treated"].notna().all()
    documented = PLAN.membership().query("confidence != 'low'")["adcode"]
    assert set(TABLE.loc[TABLE["ever_treated"].eq(0), "county_code"]) == set(documented) - named
    every = treatment.counties(PLAN)
    assert not every.loc[every["channel"] != KEY, "ever_treated"].eq(0).any()


def test_every_naming_is_in_the_table_of_its_channel():
    channels, mentions = PLAN.table("treatment_channels"), PLAN.mentions()
    for rule in channels.itertuples():
        named = mentions[mentions["recipient"] & mentions["role"].isin(rule.roles)]
        if named.empty:
            refuses(LaoquError, "the plan names no", treatment.counties, PLAN, rule.channel)
            continue
        table = treatment.counties(PLAN, rule.channel)
        ids = {i for each in table.query("named == 1")["evidence_id"] for i in each.split(";")}
        assert ids == set(named["mention_id"])


def test_controls_of_the_same_provinces_lie_where_the_channel_chose():
    chosen = TABLE[TABLE["ever_treated"].eq(1)]
    controls = TABLE[TABLE["ever_treated"].eq(0)]
    assert TABLE["same_province"].eq(TABLE["province"].isin(chosen["province"])).all()
    assert controls["same_province"].sum() == 126
    only = PLAN.membership().query("basis in ['box1', 'plan_inferred']")["adcode"]
    assert set(chosen.loc[chosen["basis_plan_only"], "county_code"]) <= set(only)


def test_the_overlap_is_of_all_channels_whichever_was_asked_for():
    every = treatment.counties(PLAN)
    alone = TABLE.set_index("county_code")["interaction"]
    both = every[every["channel"] == KEY].set_index("county_code")["interaction"]
    pd.testing.assert_series_equal(alone, both)
    controls = TABLE[TABLE["ever_treated"].eq(0)]
    assert controls["interaction"].str.contains("=1").sum() > 10


def test_neighbours_and_distances_come_from_the_layer():
    near = TABLE.dropna(subset="km_to_border").set_index("county_code")
    treated = set(TABLE.loc[TABLE["ever_treated"].eq(1), "county_code"])
    shapes = PLAN.layers.counties.set_index("adcode").geometry
    for code in [*near.index[:30], "451022", "522722"]:
        if code in near.index:
            touched = shapes[list(treated - {code})].intersects(shapes[code]).any()
            assert near.loc[code, "borders_treated"] == touched
    assert near.loc[sorted(treated), "km_to_treated"].eq(0).all()
    assert near["km_to_treated"].between(0, 2500).all()
    assert near["km_to_border"].between(0, 300).all()


def test_borders_of_ones_own_that_lack_treated_counties_leave_distances_open(tmp_path):
    shapes, whole = PLAN.counties(), TABLE[TABLE["channel"] == KEY].set_index("county_code")
    treated = whole.index[whole["ever_treated"].eq(1)]
    shapes[~shapes["adcode"].isin(treated[::2])].to_file(tmp_path / "half.gpkg")
    plan = lq.load(boundaries=tmp_path / "half.gpkg")
    half = treatment.counties(plan, KEY).set_index("county_code").loc[whole.index]
    borders = half["borders_treated"]
    assert borders.dropna().all() and 0 < borders.sum() < whole["borders_treated"].sum()
    assert whole.loc[borders.dropna().index, "borders_treated"].all()
    assert half["km_to_treated"].dropna().index.tolist() == treated[1::2].tolist()
    open_areas = set(";".join(whole.loc[treated[::2], "region_id"]).split(";"))
    known = half.loc[half["km_to_border"].notna()]
    near = whole.loc[known.index, "km_to_border"]
    alone = ~known["region_id"].map(lambda ids: bool(set(ids.split(";")) & open_areas))
    assert len(near) > 100 and known.loc[alone, "km_to_border"].equals(near[alone])
    readme = exporting.files(plan, [KEY])["README.md"].decode()
    assert f"缺 {len(treated[::2])} 个" in readme and f"lack {len(treated[::2])} treated" in readme
    panel = replace(lq.panel(monitor.synthetic(PLAN, range(2019, 2024))), plan=plan).treat()
    told = panel.report.set_index("what")["units"]
    assert told["no border, so no distances"] == len(treated[::2])


def test_wrong_choices_are_refused():
    for wrong, message in (
        (lambda: treatment.counties(PLAN, "key_countys"), "nearest: "),
        (lambda: treatment.counties(PLAN, KEY, treatment.Design(timing="soon")), "timing"),
        (lambda: treatment.counties(PLAN, KEY, treatment.Design("never")), "unknown date"),
        (lambda: treatment.counties(PLAN, "power_county", treatment.Design("key_list")), "not of"),
        (lambda: made().treat(KEY, controls="west"), "choice of controls"),
        (lambda: made().treat(KEY, design="nope"), "design is 'nope', expected treatment.Design"),
        (lambda: made().treat(KEY, design=[]), r"design is \[\], expected"),
        (lambda: made().treat(None), "unknown channel None"),
    ):
        refuses(LaoquError, message, wrong)


def made(years=range(2015, 2025), early=0.5, west=0.0, noise=0.1):
    """A panel with an effect of 1 from 2022, some of it in 2021, and a trend of the west."""
    random = np.random.default_rng(7)
    rows = []
    for unit in TABLE.itertuples():
        level = random.normal()
        for year in years:
            effect = unit.ever_treated * (1.0 if year >= 2022 else early if year == 2021 else 0.0)
            trend = west * (year - 2015) * unit.same_province
            value = level + effect + trend + random.normal(0, noise)
            rows.append([unit.county_code, year, value])
    return lq.panel(pd.DataFrame(rows, columns=["code", "year", "y"]))


def after(panel, controls="areas", anticipation=1):
    study = panel.treat(KEY, controls).for_estimator("did", "y", anticipation).event_study()
    return study.query("event_time >= 0")["estimate"].mean()


def test_the_truth_comes_out_with_anticipation_and_with_controls_of_the_same_provinces():
    panel = made()
    assert after(panel) == pytest.approx(1, abs=0.08)
    assert after(panel, anticipation=0) == pytest.approx(0.5, abs=0.08)
    panel = made(early=0, west=0.1)  # the west grows faster
    assert after(panel, "same_province") == pytest.approx(1, abs=0.08)
    assert after(panel) > 1.15


def test_the_event_study_is_two_way_fixed_effects_in_a_balanced_panel():
    ready = made(range(2018, 2024)).treat(KEY).for_estimator("pyfixest", "y")
    study = ready.event_study().set_index("year")["estimate"]
    wide = ready.data.pivot(index="county_id", columns="year", values="y")
    control = ready.data.drop_duplicates("county_id").set_index("county_id")["control"]
    plain = wide.sub(wide.mean(axis=1), axis=0)
    change = plain.sub(plain[2020], axis=0)
    expected = change[control == 0].mean() - change[control == 1].mean()
    np.testing.assert_allclose(study, expected, atol=1e-9)


def test_each_estimator_gets_its_own_way_to_write_never_treated():
    treated = made(range(2019, 2024)).treat(KEY)
    for name, want in estimators.NEVER.items():
        ready = treated.for_estimator(name, "y")
        control = ready.data["control"] == 1
        never = ready.data.loc[control, "first_treat"]
        assert never.isna().all() if np.isnan(want) else never.eq(want).all(), name
        assert ready.data.loc[~control, "first_treat"].eq(2022).all()
        assert ready.data["rel_year"].isin(range(-3, 2)).all()
        assert ready.data.loc[control, "rel_year"].eq(-2).all()
        assert ready.note["reference_year"] == 2020
        # Told of the anticipation, and of one reference year instead of the year before each.
        for signs in (("anticipation=1", "-2", "first_reacts"), ("universal", "-2", "long2")):
            assert any(sign in ready.note["call"] for sign in signs)


def test_a_panel_without_the_years_it_needs_is_refused():
    for years, message in (
        (range(2021, 2025), r"\(2021–2024\) has no row of the reference year 2020"),
        (range(2015, 2022), r"\(2015–2021\) has no row of the first treated year 2022"),
        ([2015, 2021, 2022, 2023], "no row of the reference year 2020"),
        ([2019, 2020, 2021, 2023], "no row of the first treated year 2022"),
    ):
        refuses(LaoquError, message, made(years).treat(KEY).for_estimator, "sunab", "y")
    whole = made(range(2015, 2025)).data[["code_in_panel", "year", "y"]]
    for year, what in ((2020, "reference"), (2022, "first treated")):
        panel = lq.panel(whole.assign(y=whole["y"].mask(whole["year"].eq(year))))
        said = rf"\(2015–2024\) has no value of y in the {what} year {year}"
        refuses(LaoquError, said, panel.treat(KEY).for_estimator, "sunab", "y")


def test_rows_of_one_outcome_are_no_rows_of_another():
    """Rows without the outcome are left out, so another would be compared on fewer counties."""
    frame = made(range(2019, 2024)).data[["code_in_panel", "year", "y"]].assign(pop=1.5)
    frame = frame.rename(columns={"code_in_panel": "code"})
    frame.loc[frame["code"] < "52", "y"] = None
    panel = lq.panel(frame).treat(KEY)
    ready = panel.for_estimator("csdid", "y")
    refuses(LaoquError, "rows without y were left out: name pop as", ready.event_study, "pop")
    whole = panel.for_estimator("csdid", "pop").event_study()
    assert whole["treated"].eq(53).all() and ready.event_study()["treated"].max() < 53
    pd.testing.assert_frame_equal(panel.for_estimator("csdid").event_study("pop"), whole)


def test_an_event_study_needs_values_of_both_sides_in_the_reference_year():
    frame = made(range(2019, 2024)).data[["code_in_panel", "year", "y"]].assign(income=1.5)
    frame["code"] = frame.pop("code_in_panel").astype(int)
    key = frame["code"].astype(str).isin(TABLE.query("ever_treated == 1")["county_code"])
    for side, counts in (
        (key, "0 treated and 126"),
        (~key, "53 treated and 0"),
        (key | True, "0 "),
    ):
        own = frame.assign(y=frame["y"].mask(side & (frame["year"] == 2020)))
        ready = lq.panel(own).treat(KEY, "same_province").for_estimator("did", "income")
        said = f"y has values of {counts}.* in 2020, the reference year.*name y as outcome="
        refuses(LaoquError, said, ready.event_study, "y")
    ready = lq.panel(frame).treat(KEY).for_estimator("did")
    refuses(LaoquError, "no outcome is named: .*; there is y, income$", ready.event_study)


def test_rows_for_an_estimator_go_to_stata_and_a_wrong_outcome_is_told_the_right_ones(tmp_path):
    treated = lq.panel(monitor.synthetic(PLAN, range(2014, 2025))).treat(KEY)
    with pytest.raises(LaoquError, match=r"column of numbers.* 'zzz'; nearest: .*income"):
        treated.for_estimator("csdid", "zzz")
    ready = treated.for_estimator("csdid", "income")
    path = ready.to_file(tmp_path / "ready.dta")
    found = pd.read_stata(path)
    assert found["first_reacts"].tolist() == ready.data["first_reacts"].tolist()
    assert set(found["first_reacts"]) == {0, 2021}
    assert set(found["borders_treated"]) == {0, 1}
    with pd.read_stata(path, iterator=True) as stata:
        labels = stata.variable_labels()
    assert labels["first_reacts"] == "first_treat less the anticipation"
    assert all(labels[name] != name for name in {*treatment.ADDED, "control", "rel_year"})
    note = (tmp_path / "ready.dta.README.txt").read_text("utf-8")
    assert "csdid income, ivar(county_id) time(year) gvar(first_reacts)" in note


def test_a_call_names_the_outcome_as_its_language_and_the_file_do(tmp_path):
    odd, other = "人均可支配收入（元）", "人均可支配收入(元)"
    panel = monitor.synthetic(PLAN, range(2014, 2025)).rename(columns={"income": odd})
    treated = lq.panel(panel.assign(**{other: 2.0, "if": 3.0})).treat(KEY)
    names = {odd: "人均可支配收入_元_", other: "人均可支配收入_元__2", "if": "_if"}
    for outcome, stata in names.items():
        ready = treated.for_estimator("csdid", outcome)
        assert ready.note["call"].startswith(f"csdid {stata}, ivar(")
        path = ready.to_file(tmp_path / f"{stata}.dta")
        found = pd.read_stata(path)[stata]
        assert found.tolist() == ready.data[outcome].tolist()
        with pd.read_stata(path, iterator=True) as file:
            assert file.variable_labels()[stata] == outcome
        note = path.with_name(f"{stata}.dta.README.txt").read_text("utf-8")
        assert f"{stata} is {outcome}\n" in note
    calls = {name: estimators.calls(odd)[name] for name in ("sunab", "did")}
    assert calls["sunab"].startswith(f"fixest::feols(`{odd}` ~ sunab(")
    assert estimators.calls("if")["pyfixest"].startswith('pf.feols("`if` ~ ')
    assert "(`_inc` ~" in estimators.calls("_inc")["sunab"]
    assert estimators.calls('a"b')["did"].startswith('did::att_gt(yname="a\\"b", ')
    # Indicators are made of the column of the file, before they are named.
    first, _, last = estimators.calls("y")["eventstudyinteract"].split("\n")
    assert (first, last[:24]) == (
        "tabulate rel_year if rel_year != -2, generate(at_)",
        "eventstudyinteract y at_",
    )


def test_missing_values_and_missing_rows_are_counted():
    panel = made(range(2019, 2024))
    code = TABLE.loc[TABLE["ever_treated"].eq(1), "county_code"].iloc[0]
    frame = panel.data[["code_in_panel", "year", "y"]].copy()
    frame.loc[(frame["code_in_panel"] == code) & (frame["year"] == 2021), "y"] = np.nan
    frame = frame[(frame["code_in_panel"] != code) | (frame["year"] < 2022)]
    panel = lq.panel(frame).treat(KEY)
    assert "treated, no row after treatment" in panel.report["what"].tolist()
    assert "no value: y" in panel.report["what"].tolist()
    note = panel.for_estimator("did", "y").note
    assert note["treated_without_row_after"] == 1
    assert note["rows_without_outcome"] == 1
    assert note["treated"] == 53


def test_unknown_is_never_handed_on():
    panel = made(range(2019, 2024)).treat("power_county")
    refuses(LaoquError, "gives no control group", panel.for_estimator, "did", "y")
    for status, what in ((1, "treated"), (0, "untreated")):
        full = made(range(2018, 2024)).treat(KEY)
        lost = full.data["y"].mask(full.data["ever_treated"].eq(status), np.inf)
        full.data["y"] = lost
        said = f"none of the {lost.eq(np.inf).sum()} rows of {what} units has a value of y"
        refuses(LaoquError, said, full.for_estimator, "did", "y")
    near = made(range(2019, 2024)).treat(KEY, "same_province")
    ready = near.for_estimator("did", "y")
    assert ready.note["dropped_units"] == TABLE["same_province"].eq(False).sum()
    assert set(ready.data["county_code"]) == set(TABLE.loc[TABLE["same_province"], "county_code"])
    known = near.data[near.data["ever_treated"].notna()]
    twice = pd.concat([known, known.head(1)])
    refuses(LaoquError, "several rows", estimators.for_estimator, twice, "did", "y")


def test_a_column_of_the_file_with_a_name_of_ours_stays_beside():
    frame = made(range(2019, 2024)).data[["code_in_panel", "year", "y"]]
    panel = lq.panel(frame.assign(province="x", treated=7)).treat(KEY)
    assert panel.data["province_in_file"].eq("x").all()
    assert panel.data["treated_in_file"].eq(7).all()
    assert "province_in_file" in repr(panel.report)
    own = {"county_id": "x", "control": range(len(frame)), "rel_year": 1, "rel_year_in_file": 2}
    ready = lq.panel(frame.assign(**own)).treat(KEY).for_estimator("did", "control")
    assert ready.note["kept_beside"] == "rel_year_in_file_2, control_in_file, county_id_in_file"
    assert ready.note["outcome"] == "control_in_file"
    assert ready.data["county_id_in_file"].eq("x").all()
    assert ready.data["control_in_file"].nunique() > 2
    assert ready.data["county_id"].dtype == "int64"


def test_numbers_that_stata_has_none_for_are_missing_in_its_file(tmp_path):
    frame = monitor.synthetic(PLAN, range(2019, 2022)).assign(growth=1.5)
    frame.loc[[3, 5, 7], "growth"] = [np.inf, -np.inf, 9.5e307]
    path = lq.panel(frame).to_file(tmp_path / "p.dta")
    written = pd.read_stata(path)["growth"]
    assert written.index[written.isna()].tolist() == [3, 5, 7] and written.dropna().eq(1.5).all()
    said = "growth: 3 values missing, for which Stata has no number"
    assert said in (tmp_path / "p.dta.README.txt").read_text(encoding="utf-8")


def test_infinite_values_are_missing_to_an_estimate_and_a_monitoring():
    frame = made(range(2019, 2024)).data[["code_in_panel", "year", "y"]]
    frame.loc[frame.index[:3], "y"] = [np.inf, -np.inf, np.inf]
    panel = lq.panel(frame).treat(KEY)
    assert "estimates take them as missing" in repr(panel.report)
    ready = panel.for_estimator("did", "y")
    assert (ready.note["infinite_taken_as_missing"], ready.note["rows_without_outcome"]) == (3, 3)
    study = ready.event_study()
    expected = lq.panel(frame.replace([np.inf, -np.inf], np.nan)).treat(KEY)
    pd.testing.assert_frame_equal(study, expected.for_estimator("did", "y").event_study())
    assert np.isfinite(study[["estimate", "se"]]).all(axis=None)
    assert np.isfinite(panel.monitor("y").values["value"].dropna()).all()


def test_old_codes_get_their_status_and_splits_none():
    rows = {"code": ["451025", "350321", "139001"], "year": [2012] * 3, "y": [1.0, 2.0, 3.0]}
    data = lq.panel(pd.DataFrame(rows)).treat(KEY).data
    assert data.loc[0, "county_code"] == "451081"
    assert pd.isna(data.loc[1, "ever_treated"])
    assert data.loc[1:, "status_basis"].eq("no_partner").all()


def test_the_export_replaces_only_what_it_wrote(tmp_path):
    target = tmp_path / "mine"
    choices = {"channels": [KEY], "years": "2018-2023"}
    before = os.umask(0o027)
    try:
        assert exporting.export(target, **choices) == target
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in target.iterdir()} == {0o640}
    table = pd.read_csv(target / "treatment_county.csv", dtype={"county_code": str})
    assert table["ever_treated"].sum() == 53
    assert {"province", "same_province", "borders_treated", "km_to_border"} <= set(table)
    readme = (target / "README.md").read_text("utf-8")
    assert "anticipation=1" in readme
    assert "ref.p = -2" in readme
    assert "{" not in readme.replace('{"CRV1": "county_id"}', "")
    # Numbers and the reference year are those of its tables.
    for given, said in (
        ({"controls": "same_province"}, "(0 of the 126 of the key counties)"),
        ({"controls": "same_province"}, "63 controls border a treated county"),
        ({"first_treat": "key_list", "timing": "same_year"}, "and 2019 is the reference year"),
        ({}, "1 year of anticipation is allowed for here, and 2020 is"),
        ({"anticipation": 0}, "no anticipation is allowed for here, and 2021 is"),
    ):
        made = exporting.files(PLAN, [KEY], "2018-2023", **given)
        assert said in made["README.md"].decode()
    cities = exporting.files(PLAN, ["key_city"])["README.md"].decode()
    assert "of the key counties" not in cities and "treated counties" not in cities
    exporting.export(target, estimator="did", **choices)
    panel = pd.read_csv(target / "treatment_panel.csv")
    assert set(panel["first_treat"]) == {0, 2022}
    refuses(lq.OutputError, "an export of another kind", interchange.export, target)
    for given in (["--to", "mine"], ["--channel", KEY], ["--universe", "all"]):
        done = CliRunner().invoke(cli.command, ["export", *given, "all"])
        assert (done.exit_code, given[0] in done.output) == (2, True), done.output
    (target / "README.md").write_text("mine", "utf-8")
    refuses(lq.OutputError, "holds README", exporting.export, target, **choices)
    for damaged in ("[]", "5", '"x"', "null", "{", "[" * 5000):  # says nothing of what is ours
        (target / exporting.MANIFEST).write_text(damaged, "utf-8")
        with pytest.raises(lq.OutputError, match="which no export wrote as it is"):
            exporting.export(target, **choices)
    refuses(lq.OutputError, "no such user is known", exporting.export, "~nouser/x", **choices)
    refuses(lq.OutputError, r"^/ (holds|cannot be read)", exporting.export, "/", **choices)
    long, said = tmp_path / ("x" * 300), "cannot be read: File name too long: name a new"
    refuses(lq.OutputError, said, exporting.export, long, **choices)
    (tmp_path / "link").symlink_to(target)
    refuses(lq.OutputError, "no folder of ours", exporting.export, tmp_path / "link", **choices)
    for years in ("1000-9999", "2020", "2024-2020"):
        refuses(LaoquError, "span of years", exporting.years_of, years)
    refuses(LaoquError, "takes one channel", exporting.files, PLAN, None, "2018-2023", "did")


def test_files_say_on_which_choices_and_own_files_they_rest(tmp_path, monkeypatch):
    own = tmp_path / "own.csv"
    rows = PLAN.membership()[["region_id", "adcode"]]
    rows.to_csv(own, index=False)
    choices = "controls=same_province, first_treat=plan_reported, timing=next_year, universe=areas"
    for file in (None, own):
        plan = lq.load(membership=file) if file else PLAN
        files = exporting.files(plan, [KEY], controls="same_province")
        readme = files["README.md"].decode()
        assert readme.count(choices) == 2
        assert ("Not the collection as published" in readme) == (file is not None)
        assert ("own.csv" in readme) == (file is not None)
        assert "lie in no area" not in readme
    few = tmp_path / "few.csv"
    few.write_text("region,adcode\n沂蒙,370323\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="no county of"):
        readme = exporting.files(lq.load(membership=few), [KEY])["README.md"].decode()
    assert "53 lie in no area of the membership" in readme and "53 个不在所用县名单" in readme
    monkeypatch.setenv("LAOQU_MEMBERSHIP", str(own))
    made = lq.panel(monitor.synthetic(lq.load(), range(2019, 2024))).treat(controls="same_province")
    ready = made.for_estimator("did", "income")
    said = "not the collection as published, but with membership own.csv"
    assert ready.note["own files"] == said and choices in ready.note["treatment"]
    for name, each in (("a.csv", made), ("b.csv", ready)):
        each.to_file(tmp_path / name)
        note = (tmp_path / f"{name}.README.txt").read_text()
        assert said in note and choices in note


def test_a_channel_of_another_level_is_refused_or_told_apart():
    units = PLAN.gazetteer()
    here = units[units["province"].isin(["甘肃省", "陕西省"]) & (units["level"] != "province")]
    rows = here[["adcode", "level"]].merge(pd.DataFrame({"year": range(2018, 2024)}), how="cross")
    rows = rows.assign(gdp=rows["year"] * 1.5)
    county = rows["level"] == "county"
    for one, channel, other in ((county, "key_city", "cities"), (~county, KEY, "counties")):
        with pytest.raises(LaoquError, match=f"{channel} is of {other}, and the panel has"):
            lq.panel(rows[one]).treat(channel)
    states = pd.DataFrame({"adcode": ["610000", "620000"] * 2, "year": [2020, 2020, 2021, 2021]})
    with pytest.raises(LaoquError, match=r"has 2 provinces: bring a panel of counties$"):
        lq.panel(states.assign(gdp=[1.0, 2.0, 3.0, 4.0])).treat(KEY)
    told = lq.panel(rows).treat(KEY).report.set_index("what")["units"]
    members = set(PLAN.membership().query("confidence != 'low'")["adcode"])
    assert told["of another level than the channel"] == (~county).sum() / 6
    outside = set(rows.loc[county, "adcode"]) - members
    assert told["outside the areas or not documented"] == len(outside)
