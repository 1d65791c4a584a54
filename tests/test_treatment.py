"""Treatment tables: rows from the print, unknown never 0, nothing unknown to an estimator."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu.analysis import estimators, panels, treatment

YEARS = range(2018, 2025)
CENSUS = "county_census_2010_2020.csv"


@pytest.fixture(scope="module")
def frames(plan):
    return (
        plan.mentions(), plan.membership(), plan.gazetteer(),
        plan.table("treatment_channels"), plan.table("treatment_dates"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def table(frames):
    return treatment.counties(*frames)


@pytest.fixture(scope="module")
def key(table):
    return table[table["channel"] == "national_key_county"].reset_index(drop=True)


@pytest.fixture(scope="module")
def places(plan):
    return plan.gazetteer(), plan.table("gazetteer_history")


def outcome(codes, years=YEARS):
    rows = [(code, year) for code in codes for year in years]
    return pd.DataFrame(rows, columns=["county_code", "year"]).assign(y=1.5)


# who is treated


def test_every_row_is_traced_to_the_print(plan, table):
    mentions = plan.mentions().set_index("mention_id")
    channels = plan.table("treatment_channels").set_index("channel")
    parents = plan.gazetteer().set_index("adcode")["parent"]
    for row in table.itertuples():
        ids = row.evidence_id.split(";")
        if row.named:
            found = mentions.loc[ids]
            assert found["recipient"].all()
            assert set(found["role"]) <= set(channels.loc[row.channel, "roles"])
            codes = set(found["adcode"]) | {parents.get(code) for code in found["adcode"]}
            assert row.county_code in codes
            assert set(row.name_printed.split(";")) == set(found["printed"])
        else:
            assert ids == [channels.loc[row.channel, "unit_id"]]
            assert row.name_printed == ""
    quotes = plan.cite(sorted(set(table["evidence_id"].str.split(";").explode())))["quote"]
    assert quotes.str.len().gt(0).all()


def test_every_recipient_of_a_channel_is_in_the_table(plan, table):
    roles = plan.table("treatment_channels").explode("roles")["roles"]
    mentions = plan.mentions()
    wanted = mentions[mentions["recipient"] & mentions["role"].isin(roles)]["mention_id"]
    named = table.loc[table["named"] == 1, "evidence_id"].str.split(";").explode()
    assert sorted(wanted) == sorted(named)


def test_known_counts(table):
    counts = treatment.summary(table).set_index("channel")
    treated = {
        "national_key_county": 53, "fixed_point_aid": 5, "key_city": 20, "power_county": 9,
        "demo_county_seat": 10, "county_seat_park": 2, "eco_comp_pilot": 5, "paired_aid": 4,
        "dev_zone": 26,
    }  # fmt: skip
    assert counts["treated"].to_dict() == treated
    assert counts["untreated"].sum() == counts.loc["national_key_county", "untreated"] == 428
    assert counts.loc["fixed_point_aid", "list_total"] == 92
    assert counts["list_total"].notna().sum() == 1
    assert set(counts.index[counts["list_open"] == 0]) == {"national_key_county"}


def test_box_one_has_its_counties_by_province(key):
    found = key[key["ever_treated"] == 1].groupby("province").size().to_dict()
    assert found == {
        "广西壮族自治区": 16, "贵州省": 11, "陕西省": 11, "甘肃省": 5, "宁夏回族自治区": 5,
        "重庆市": 3, "云南省": 2,
    }  # fmt: skip
    assert key.set_index("county_code").loc["500243", "name_normalised"] == "彭水苗族土家族自治县"


def test_unnamed_in_an_open_list_is_unknown_and_never_untreated(table):
    open_ = table[(table["list_open"] == 1) & (table["named"] == 0)]
    assert len(open_) > 2000
    assert open_["ever_treated"].isna().all()
    assert set(open_["status_basis"]) == {"open_list"}


def test_outside_the_areas_box_one_says_nothing(frames):
    # 融水苗族自治县 is a national key county outside the twelve areas: 0 would be false.
    wide = treatment.counties(*frames, only=["national_key_county"], universe="all")
    row = wide.set_index("county_code").loc["450225"]
    assert pd.isna(row["ever_treated"]) and row["status_basis"] == "outside_areas"
    assert wide["ever_treated"].value_counts().to_dict() == {0: 428, 1: 53}
    assert len(wide) == 2843 + 4  # all counties, and the four cities without any
    assert {"441900", "442000", "460400", "620200"} <= set(wide["county_code"])


def test_confidence_decides_who_is_inside(frames):
    counts = [
        treatment.counties(*frames, only=["national_key_county"], min_confidence=least)
        ["ever_treated"].eq(0).sum()
        for least in ("high", "medium", "low")
    ]  # fmt: skip
    assert counts == sorted(set(counts)) and counts[1] == 428


def test_a_named_city_does_not_treat_its_counties(table, plan):
    cities = table[table["channel"].isin(["key_city", "paired_aid", "dev_zone"])]
    assert set(cities["unit_level"]) == {"city"}
    level = plan.gazetteer().set_index("adcode")["level"]
    assert set(level[cities["county_code"]]) == {"prefecture"}
    sanming = cities.set_index(["channel", "county_code"]).loc[("key_city", "350400")]
    assert sanming["name_printed"] == "三明市区;永安"
    # 井冈山 in box 4 is a zone in 吉安, not the county-level city.
    zones = cities[cities["channel"] == "dev_zone"].set_index("county_code")
    assert "井冈山经济技术开发区" in zones.loc["360800", "name_normalised"]
    assert "360881" not in set(cities["county_code"])


def test_the_plan_names_no_provincial_key_county(table, frames):
    assert "provincial_key_county" not in set(table["channel"])
    with pytest.raises(lq.LaoquError, match="names no county for provincial_key_county"):
        treatment.counties(*frames, only=["provincial_key_county"])


def test_one_channel_may_be_given_as_a_word(frames, key):
    pd.testing.assert_frame_equal(treatment.counties(*frames, only="national_key_county"), key)
    with pytest.raises(lq.LaoquError, match="names no county"):
        treatment.counties(*frames, only="provincial_key_county")


def test_areas_are_joined_and_keep_their_basis(table):
    row = table[table["county_code"] == "360881"].iloc[0]
    assert row["region_id"] == "ganminyue;xiangganbian"
    assert row["region_basis"] == "secondary_copy;secondary_copy"
    assert table[table["named"] == 1]["province"].ne("").all()


# when


@pytest.mark.parametrize(
    ("date", "timing", "year"),
    [
        ("plan_reported", "next_year", 2022), ("plan_reported", "same_year", 2021),
        ("opinion_dated", "same_year", 2021), ("opinion_public", "next_year", 2022),
        ("key_list", "next_year", 2022),
    ],
)  # fmt: skip
def test_first_treat_has_a_date_and_says_which(frames, date, timing, year):
    made = treatment.counties(
        *frames, only=["national_key_county"], first_treat=date, timing=timing
    )
    treated = made["ever_treated"].eq(1)
    assert set(made.loc[treated, "first_treat"]) == {year}
    assert made.loc[treated, "first_treat_basis"].str.startswith(date).all()
    assert made.loc[~treated, "first_treat"].isna().all()
    assert set(made.loc[~treated, "first_treat_basis"]) == {""}


def test_a_date_of_one_channel_does_not_serve_another(frames):
    with pytest.raises(lq.LaoquError, match="key_list is one of national_key_county"):
        treatment.counties(*frames, first_treat="key_list")


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ({"first_treat": "plan_report"}, "plan_reported"), ({"timing": "now"}, "next_year"),
        ({"universe": "china"}, "areas"), ({"only": ["key_county"]}, "national_key_county"),
        ({"min_confidence": "sure"}, "high"),
    ],
)  # fmt: skip
def test_wrong_choices_are_refused_with_what_there_is(frames, given, near):
    with pytest.raises(lq.UnknownId, match=near):
        treatment.counties(*frames, **given)


def test_panel_counts_years_and_leaves_unknown_unknown(frames):
    wide = treatment.counties(*frames, only=["national_key_county"], universe="all")
    made = treatment.panel(wide, YEARS)
    assert len(made) == len(wide) * len(YEARS)
    assert made[made["ever_treated"].isna()]["treated"].isna().all()
    one = made[made["county_code"] == "500243"].set_index("year")
    assert one["treated"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert one["event_time"].tolist() == [-4, -3, -2, -1, 0, 1, 2]
    never = made[made["ever_treated"] == 0]
    assert set(never["treated"]) == {0} and never["event_time"].isna().all()


def test_a_year_of_your_own_is_marked_as_given(key):
    made = treatment.panel(key, YEARS, first_treat=2020)
    treated = made["ever_treated"] == 1
    assert set(made.loc[treated, "first_treat_basis"]) == {"given: 2020"}
    assert made.loc[treated & (made["year"] == 2019), "treated"].eq(0).all()


@pytest.mark.parametrize("years", [[], [2020, 2020], [2020.5], ["2020"], [True]])
def test_years_that_are_none_are_refused(key, years):
    with pytest.raises(lq.LaoquError, match="distinct whole numbers"):
        treatment.panel(key, years)


# several channels


def test_the_interaction_is_full_and_knows_what_it_does_not_know(table):
    made = treatment.interaction(table).set_index("county_code")
    assert made.loc["360881", "interaction"] == (
        "county_seat_park=NA;demo_county_seat=NA;eco_comp_pilot=1;fixed_point_aid=1;"
        "national_key_county=0;power_county=NA"
    )
    assert not made["known"].any()
    only = treatment.interaction(table[table["channel"] == "national_key_county"])
    assert only["known"].all() and only["interaction"].nunique() == 2
    city = treatment.interaction(table, "city")
    assert set(city) == {
        "county_code",
        "dev_zone",
        "key_city",
        "paired_aid",
        "interaction",
        "known",
    }


def test_several_channels_in_one_panel_are_refused(table):
    county = table[table["unit_level"] == "county"]
    with pytest.raises(lq.LaoquError, match=r"an estimator takes one.*interaction"):
        estimators.for_estimator(treatment.panel(county, YEARS), "did")


# estimators


def test_never_treated_is_written_as_each_estimator_wants_it(key):
    made = treatment.panel(key, YEARS)
    for name, never in estimators.NEVER.items():
        data, note = estimators.for_estimator(made, name)
        control = data["control"] == 1
        assert note["treated"] == 53 and note["untreated"] == 428 and note["dropped"] == 0
        assert data.loc[~control, "first_treat"].eq(2022).all()
        if np.isnan(never):
            assert data.loc[control, "first_treat"].isna().all()
        else:
            assert data.loc[control, "first_treat"].eq(never).all()
            assert data["first_treat"].dtype == "int64"
        assert data["county_id"].astype("str").equals(data["county_code"])
    cohort = estimators.for_estimator(made, "sunab").data["first_treat"]
    assert cohort[cohort != 2022].min() > max(YEARS)


def test_unknown_units_are_dropped_and_counted_or_refused(frames):
    wide = treatment.counties(*frames, only=["national_key_county"], universe="all")
    made = treatment.panel(wide, YEARS)
    data, note = estimators.for_estimator(made, "differences")
    unknown = int(wide["ever_treated"].isna().sum())
    assert (note["dropped"], note["dropped_rows"]) == (unknown, unknown * len(YEARS))
    assert set(data["ever_treated"]) == {0, 1}
    with pytest.raises(lq.LaoquError, match="differences would take them for never treated"):
        estimators.for_estimator(made, "differences", unknown="refuse")


@pytest.mark.parametrize(
    "channel", ["power_county", "key_city", "fixed_point_aid", "eco_comp_pilot"]
)
def test_an_open_list_gives_no_control_group(table, channel):
    made = treatment.panel(table[table["channel"] == channel], YEARS)
    with pytest.raises(lq.LaoquError, match=f"no unit is known to be untreated by {channel}"):
        estimators.for_estimator(made, "did")


def test_a_control_group_of_your_own_can_be_brought(table):
    own = table[table["channel"] == "fixed_point_aid"].copy()
    own.loc[own["county_code"] == "360702", ["ever_treated", "status_basis"]] = [
        0,
        "list of the 92",
    ]
    note = estimators.for_estimator(treatment.panel(own, YEARS), "did").note
    assert (note["treated"], note["untreated"]) == (5, 1)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        (range(2022, 2025), "starts in 2022 and treatment in 2022"),
        (range(2023, 2025), "starts in 2023 and treatment in 2022"),
        (range(2015, 2022), "ends in 2021, before treatment begins in 2022"),
    ],
)
def test_a_panel_on_one_side_of_the_treatment_is_refused(key, years, said):
    with pytest.raises(lq.LaoquError, match=said):
        estimators.for_estimator(treatment.panel(key, years), "sunab")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.assign(year=p["year"].astype(float)), "expected whole numbers"),
        (lambda p: p.assign(year=p["year"].astype("Int64").mask(p.index == 3)), "year is missing"),
        (lambda p: p.assign(county_code=p["county_code"].mask(p.index == 3)), "code is missing"),
        (lambda p: p.assign(county_code="x"), "no code of six digits"),
        (lambda p: pd.concat([p, p.head(1)]), "several rows"),
        (lambda p: p.assign(first_treat=pd.NA), "treated and has no first_treat"),
        (lambda p: p.assign(first_treat=2022), "not known to be treated"),
        (lambda p: p.assign(ever_treated=2), "expected 1, 0 or NA"),
        (lambda p: p.assign(ever_treated="yes"), "no whole number or NA"),
        (lambda p: p.assign(ever_treated=0.5), "no whole number or NA"),
        (lambda p: p.drop(columns="ever_treated"), "ever_treated are missing"),
        (lambda p: p.drop(columns="year"), "year is missing: make a panel"),
        (lambda p: p.assign(ever_treated=0, first_treat=pd.NA), "no unit of the panel is treated"),
    ],
)
def test_hostile_frames_reach_no_estimator(key, change, said):
    with pytest.raises(lq.LaoquError, match=said):
        estimators.for_estimator(change(treatment.panel(key, YEARS)), "did")


def test_an_unknown_estimator_is_refused_with_the_nearest(key):
    with pytest.raises(lq.UnknownId, match="csdid"):
        estimators.for_estimator(treatment.panel(key, YEARS), "csdid2")


STATUS = st.sampled_from([0, 1, pd.NA, None, float("nan")])


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(STATUS, st.sampled_from([2020, 2021, 2022, 2030, pd.NA])), max_size=8),
    st.sampled_from(sorted(estimators.NEVER)),
)
def test_nothing_unknown_ever_passes(units, name):
    rows = [
        {"county_code": f"11{i:04}", "ever_treated": status, "first_treat": first}
        for i, (status, first) in enumerate(units)
    ]
    columns = ["county_code", "ever_treated", "first_treat"]
    given_ = pd.DataFrame(rows, columns=columns, dtype="object")
    try:
        data, note = estimators.for_estimator(treatment.panel(given_, range(2019, 2025)), name)
    except lq.LaoquError:
        return
    known = {
        row["county_code"]: row["ever_treated"] for row in rows if not pd.isna(row["ever_treated"])
    }
    assert set(data["county_code"]) == set(known)
    assert note["dropped"] == len(rows) - len(known)
    # Round trip: what the estimator reads as never treated is what was 0, and only that.
    never = estimators.NEVER[name]
    read = data["first_treat"].isna() if np.isnan(never) else data["first_treat"].eq(never)
    assert dict(zip(data["county_code"], read.map({True: 0, False: 1}), strict=True)) == known
    assert data[["county_code", "year", "ever_treated", "treated", "control"]].notna().all().all()


# outcomes


def test_join_keeps_every_row_and_counts_both_sides(key, places):
    codes = [*key["county_code"], "110101", "450225"]
    data, report = panels.join(outcome(codes), key, *places)
    assert len(data) == len(codes) * len(YEARS)
    assert data["y"].eq(1.5).all()
    outside = data["county_code"].isin(["110101", "450225"])
    assert data.loc[outside, "ever_treated"].isna().all()
    assert set(data.loc[outside, "status_basis"]) == {"no_partner"}
    units = report.set_index(["side", "reason"])["units"]
    assert units.to_dict() == {
        ("panel", "matched"): 481, ("panel", "not_in_table"): 2, ("table", "matched"): 481,
    }  # fmt: skip
    assert estimators.for_estimator(data, "did").note["dropped"] == 2


def test_join_says_which_units_of_the_table_have_no_row(key, places):
    panel = outcome(["500243", "350403", "350402"], [2019, 2020])
    _, report = panels.join(panel, key, *places, old_codes="drop")
    units = report.set_index(["side", "reason"])["units"]
    assert units["panel", "merged"] == 2
    # 三元区 350404 is of 2021, and so are three that then became cities.
    assert units["table", "code_younger_than_panel"] == 4
    assert units["table", "not_in_panel"] == 481 - 1 - 4
    shown = report.set_index(["side", "reason"]).loc[("table", "code_younger_than_panel")]
    assert "350404 三元区" in shown["examples"]


def test_old_codes_are_refused_with_their_successor(key, places):
    with pytest.raises(lq.LaoquError, match=r"511721 \(达县, upgraded in 2013: 511703 达川区\)"):
        panels.join(outcome(["500243", "511721"], [2010, 2011]), key, *places)
    with pytest.raises(lq.LaoquError, match=r"130171 \(in no list since 1980; nearest: 130181"):
        panels.join(outcome(["130171"]), key, *places)


def test_old_codes_are_followed_only_where_the_unit_is_the_same(key, places):
    old = outcome(["511721", "350403"], [2010, 2011])
    new = outcome(["511703", "500243"], [2020, 2023])
    data, report = panels.join(pd.concat([old, new]), key, *places, old_codes="follow")
    one = data[data["county_code"] == "511703"]
    assert one["code_in_panel"].tolist() == ["511721", "511721", "511703", "511703"]
    assert one["ever_treated"].eq(0).all()
    assert data[data["county_code"] == "350403"]["ever_treated"].isna().all()
    reasons = report[report["side"] == "panel"].set_index("reason")["units"].to_dict()
    assert reasons == {"followed": 1, "matched": 2, "merged": 1}


def test_two_units_of_a_year_that_became_one_are_not_followed(key, places):
    both = outcome(["511721", "511703"], [2013])
    data, report = panels.join(both, key, *places, old_codes="follow")
    assert data.set_index("county_code")["ever_treated"].isna().to_dict() == {
        "511703": False, "511721": True,
    }  # fmt: skip
    assert "merged" in set(report["reason"])


def test_codes_younger_than_the_vintage_are_named(plan, key, places):
    history = plan.table("gazetteer_history")
    later = history[(history["change_year"] > 2021) & history["old_adcode"].ne("")]
    code = later["new_adcode"].iloc[0]
    known = set(plan.gazetteer()["adcode"])
    if code in known:
        pytest.fail(f"{code} is a code of 2021 too: choose another")
    found = panels.successors(outcome([code], [2025]), *places).iloc[0]
    assert found["reason"] == "later" and "at the end of 2021" in found["note"]


def test_a_code_that_another_unit_held_in_that_year_is_reported(plan, key, places):
    history = plan.table("gazetteer_history")
    taken = history[
        history["old_adcode"].isin(key["county_code"])
        & history["old_adcode"].ne(history["adcode_2021"])
        & history["old_adcode"].ne(history["new_adcode"])
    ]
    row = taken.iloc[-1]
    panel = outcome([row["old_adcode"]], [int(row["old_valid_to"])])
    report = panels.join(panel, key, *places).report
    assert "code_of_another_unit_then" in set(report["reason"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.assign(county_code=p["county_code"].astype(int)), r"astype\('str'\)"),
        (lambda p: p.assign(county_code=p["county_code"].astype(float)), r"astype\('Int64'\)"),
        (lambda p: p.assign(county_code=p["county_code"] + "000000"), "first six digits"),
        (lambda p: p.assign(county_code=p["county_code"].str[1:]), "digits lost or added"),
        (lambda p: p.assign(county_code=p["county_code"] + ".0"), "digits lost or added"),
        (
            lambda p: p.assign(county_code=p["county_code"].mask(p.index == 0)),
            "expected six digits",
        ),
        (lambda p: p.assign(county_code="彭水县"), "expected six digits"),
        (lambda p: pd.concat([p, p.head(2)]), "500243 in 2018"),
        (lambda p: p.assign(year=p["year"].astype(str) + "Q1"), "quarters and dates"),
        (lambda p: p.assign(year=pd.to_datetime(p["year"].astype(str))), "quarters and dates"),
        (lambda p: p.assign(year=p["year"] + 0.25), "quarters and dates"),
        (lambda p: p.assign(year=p["year"] * 100 + 1), "expected years"),
        (lambda p: p.rename(columns={"county_code": "adcode"}), "no column 'county_code'"),
        (lambda p: p.assign(ever_treated=0), "would be overwritten"),
    ],
)
def test_hostile_panels_are_refused_with_what_to_do(key, places, change, said):
    with pytest.raises(lq.LaoquError, match=said):
        panels.join(change(outcome(["500243", "500242"])), key, *places)


def test_a_table_of_several_channels_is_not_joined(table, places):
    with pytest.raises(lq.LaoquError, match="choose one channel"):
        panels.join(outcome(["500243"]), table, *places)


def test_years_that_are_not_every_year_are_told(key, places):
    panel = outcome(key["county_code"], [2010, 2020, 2022]).rename(
        columns={"county_code": "adcode"}
    )
    note = estimators.for_estimator(
        panels.join(panel, key, *places, code="adcode").data, "did"
    ).note
    assert note["years"] == [2010, 2020, 2022]


def test_a_panel_without_the_first_treated_year_is_refused(key):
    # sunab takes any cohort that is no year of the panel for never treated.
    for name in estimators.NEVER:
        with pytest.raises(lq.LaoquError, match="no row has the year 2022"):
            estimators.for_estimator(treatment.panel(key, [2010, 2020, 2030]), name)
    own = treatment.panel(key, [2010, 2020, 2030], first_treat=2030)
    assert estimators.for_estimator(own, "sunab").note["first_treat"] == 2030


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_joining_does_not_depend_on_the_order_of_rows(frames_and_places, data):
    key, places = frames_and_places
    codes = data.draw(
        st.lists(st.sampled_from(key["county_code"].tolist()), min_size=1, unique=True)
    )
    panel = outcome([*codes, "511721"], [2019, 2023])
    order = data.draw(st.permutations(range(len(panel))))
    one = panels.join(panel, key, *places, old_codes="follow")
    two = panels.join(
        panel.iloc[order], key.sample(frac=1, random_state=1), *places, old_codes="follow"
    )
    pd.testing.assert_frame_equal(one.data, two.data)
    pd.testing.assert_frame_equal(one.report, two.report)


@pytest.fixture(scope="module")
def frames_and_places(key, places):
    return key, places


def test_no_argument_is_changed(frames, key, places):
    panel = outcome(["500243", "360702"])
    before = [frame.copy() for frame in (panel, key, *frames)]
    treatment.counties(*frames)
    estimators.for_estimator(panels.join(panel, key, *places).data, "did")
    for old, new in zip(before, (panel, key, *frames), strict=True):
        pd.testing.assert_frame_equal(old, new)


@pytest.fixture
def census():
    """Return census outcomes by county and year, from outside the collection."""
    folder = os.environ.get("LAOQU_EXTERNAL_DATA")
    if not folder:
        pytest.skip(f"LAOQU_EXTERNAL_DATA names no folder with {CENSUS}")
    table = pd.read_csv(Path(folder) / CENSUS, dtype={"adcode": "str"})
    wide = table.pivot(index=["adcode", "year"], columns="indicator", values="value")
    return wide.reset_index()


def test_the_census_joins(census, key, places):
    with pytest.raises(lq.LaoquError, match="not of the end of 2021"):
        panels.join(census, key, *places, code="adcode")
    data, report = panels.join(census, key, *places, code="adcode", old_codes="follow")
    assert len(data) == len(census)
    assert data[data["ever_treated"] == 1].groupby("county_code").size().eq(2).all()
    assert data.loc[data["ever_treated"] == 1, "county_code"].nunique() == 53
    units = report.set_index(["side", "reason"])["units"]
    assert units["table", "matched"] == 480
    assert units["table", "code_younger_than_panel"] == 1
    with pytest.raises(lq.LaoquError, match="ends in 2020, before treatment begins in 2022"):
        estimators.for_estimator(data, "did")


# the rules as data


def test_a_channel_called_complete_may_not_end_in_others(damage):
    found = damage("curated/treatment_channels.csv", "power_county,county,power_county,false",
                   "power_county,county,power_county,true")  # fmt: skip
    assert any("ends in 等, so it is not complete" in problem for problem in found)


def test_a_role_without_a_place_is_found(damage):
    found = damage("curated/treatment_channels.csv", "paired_aid,city,paired_aid",
                   "paired_aid,city,paired_aid;model")  # fmt: skip
    assert any("no place is named as a recipient in the role model" in problem for problem in found)


def test_a_channel_without_places_cannot_be_complete(damage):
    found = damage("curated/treatment_channels.csv", "provincial_key_county,county,,false",
                   "provincial_key_county,county,,true")  # fmt: skip
    assert any("cannot be complete" in problem for problem in found)
