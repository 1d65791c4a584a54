"""What differs between areas: known answers, small cases by hand, and what must never change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu.analysis import attention, concentration, reassign
from laoqu.analysis.weights import weights

AREAS, THEMES = list("abcd"), ["T1", "T2", "T3"]


def coded(themes, clauses=None):
    """Measures m0, m1 … with these themes; a clause and a sentence each unless given."""
    ids = [f"m{i}" for i in range(len(themes))]
    clauses = clauses or [f"c{i}" for i in range(len(themes))]
    return pd.DataFrame(
        {"measure_id": ids, "theme": themes, "clause_id": clauses, "unit_id": clauses}
    )


def counted(*rows):
    """Return weights and measures in which area i has rows[i][t] measures of theme t, alone."""
    pairs = [(i, t) for i, row in enumerate(rows) for t, n in enumerate(row) for _ in range(n)]
    measures = coded([THEMES[t] for _, t in pairs])
    table = pd.DataFrame(0.0, index=measures["measure_id"], columns=AREAS[: len(rows)])
    table.columns.name = "region_id"
    for at, (i, _) in enumerate(pairs):
        table.iloc[at, i] = 1
    return table, measures


@st.composite
def cases(draw):
    """Weights of zeros and ones with measures; any area may be empty, any theme missing."""
    n = draw(st.integers(1, 8))
    marks = draw(
        st.lists(st.lists(st.integers(0, 1), min_size=4, max_size=4), min_size=n, max_size=n)
    )
    themes = draw(st.lists(st.sampled_from([*THEMES, None]), min_size=n, max_size=n))
    clauses = draw(st.lists(st.sampled_from(["c1", "c2", "c3"]), min_size=n, max_size=n))
    measures = coded(themes, clauses)
    table = pd.DataFrame(
        marks, index=measures["measure_id"], columns=pd.Index(AREAS, name="region_id"), dtype=float
    )
    return table, measures


def test_breadth_worked_by_hand():
    # H = -(.5 ln .5 + .3 ln .3 + .2 ln .2) = 1.0297, exp H = 2.800, 1 / (.25 + .09 + .04) = 2.632
    row = attention.breadth(*counted((5, 3, 2)), THEMES, draws=50).iloc[0]
    assert row["entropy"] == pytest.approx(1.0297, abs=5e-5)
    assert row["effective"] == pytest.approx(2.800, abs=5e-4)
    assert row["inverse_hhi"] == pytest.approx(2.632, abs=5e-4)
    assert row["themes"] == 3
    assert row["low"] <= row["redrawn"] <= row["high"] <= 3 + 1e-9


def test_log_odds_worked_by_hand():
    table = attention.distinctiveness(*counted((5, 3, 2), (20, 40, 40)), THEMES)
    here = table[table["region_id"] == "a"]
    assert here["delta"].round(4).tolist() == [0.8113, -0.2302, -0.4786]
    assert here["z"].round(4).tolist() == [1.8995, -0.5624, -1.0847]
    assert here["others"].tolist() == [20, 40, 40]


def test_log_odds_by_hand():
    # Two areas, (1, 0) and (0, 1); pooled shares 1/2, prior 2, so α = 1, 1.
    # a: ln[(1+1)/(1+2-2)] - ln[(0+1)/(1+2-1)] = ln 2 - ln 1/2 = 2 ln 2, variance 1/2 + 1.
    table = attention.distinctiveness(*counted((1, 0), (0, 1)), THEMES, prior=2)
    assert table["theme"].tolist() == ["T1", "T2", "T1", "T2"]
    assert table["delta"].to_numpy() == pytest.approx(2 * np.log(2) * np.array([1, -1, -1, 1]))
    assert table["z"].iloc[0] == pytest.approx(2 * np.log(2) / np.sqrt(1.5))


def test_nicheness_by_hand():
    # Shares (1, 0), (0, 1), (1/2, 1/2). a: others' mean (1/4, 3/4), so d = 3/4; b likewise.
    # c: others' mean (1/2, 1/2), so d = 0. relative of c: 0 - 3/4.
    table = attention.nicheness(*counted((1, 0), (0, 1), (1, 1)), THEMES).set_index("region_id")
    assert table["distance"].tolist() == pytest.approx([0.75, 0.75, 0])
    assert table["relative"].tolist() == pytest.approx([0.375, 0.375, -0.75])


def test_similarity_by_hand():
    # a has m0, m1; b has m0, m1, m2; c none. Ochiai 2 / sqrt(2 · 3).
    measures = coded(["T1"] * 3)
    table = pd.DataFrame(
        [[1, 1, 0], [1, 1, 0], [0, 1, 0]], index=measures["measure_id"], columns=list("abc")
    )
    found = attention.similarity(table, measures, draws=99).set_index(["region_id", "other_id"])
    assert found.loc[("a", "b"), "similarity"] == pytest.approx(2 / np.sqrt(6))
    assert found.loc[("a", "b"), "shared"] == 2
    assert found.loc[[("a", "c"), ("b", "c")], ["similarity", "p"]].isna().all(axis=None)


def test_gini_and_hhi_by_hand():
    # Sorted 0 0 1 3, n = 4: (-3·0 - 1·0 + 1·1 + 3·3) / (4·4) = 10/16; shares 1/4, 3/4: 10/16.
    assert concentration.gini([3, 0, 1, 0]) == pytest.approx(0.625)
    assert concentration.hhi([3, 0, 1, 0]) == pytest.approx(0.625)
    assert concentration.gini([0, 0, 0, 5]) == pytest.approx(0.75)
    assert concentration.gini([2, 2, 2]) == pytest.approx(0)
    assert np.isnan(concentration.gini([0, 0]))
    assert np.isnan(concentration.hhi([0, 0]))


def test_concentration_against_a_null_that_is_known():
    # Two lists of one among a, b: by lot they meet in half of the deals. Here they do meet, so
    # Gini is 1/2, p about 1/2; a list of everybody cannot move.
    measures = coded(["T1", "T1"])
    table = pd.DataFrame([[1, 0], [1, 0]], index=measures["measure_id"], columns=["a", "b"])
    found = concentration.concentration(table, measures, draws=999).set_index("statistic")
    assert found.loc["gini", "value"] == pytest.approx(0.5)
    assert (found.loc["gini", ["low", "high"]] == [0, 0.5]).all()
    everyone = concentration.concentration(table + 1 - table, measures, draws=99)
    assert everyone["p"].tolist() == [1, 1]
    assert everyone["value"].tolist() == pytest.approx([0, 0.5])


def test_measures_of_one_sentence_with_the_same_areas_are_one_list():
    measures = coded(["T1"] * 4, ["s1", "s1", "s1", "s2"])
    table = pd.DataFrame(
        [[1, 0], [1, 0], [0, 1], [1, 0]], index=measures["measure_id"], columns=["a", "b"]
    )
    lists, sizes = reassign.printed_lists(table, measures.set_index("measure_id")["unit_id"])
    assert lists.to_numpy().tolist() == [[1, 0], [0, 1], [1, 0]]
    assert sizes.tolist() == [2, 1, 1]


def test_an_area_without_measures_is_undefined_and_does_not_disturb_the_others():
    table, measures = counted((5, 3, 2), (20, 40, 40))
    wider = table.assign(z=0.0).rename_axis(columns="region_id")
    for function in (attention.shares, attention.distinctiveness, attention.nicheness):
        with_it, without = function(wider, measures, THEMES), function(table, measures, THEMES)
        rest = with_it[with_it["region_id"] != "z"].reset_index(drop=True)
        pd.testing.assert_frame_equal(rest, without)
        empty = with_it[with_it["region_id"] == "z"]
        undefined = {"share", "delta", "low", "high", "z", "distance", "relative"} & set(empty)
        assert empty[list(undefined)].isna().all(axis=None)
    row = attention.breadth(wider, measures, THEMES, draws=20).iloc[-1]
    assert row[["entropy", "effective", "inverse_hhi", "low", "high"]].isna().all()
    assert (row["n"], row["undefined_draws"]) == (0, 20)


def test_nobody_reached_is_undefined_throughout():
    measures = coded(["T1", "T2"])
    table = pd.DataFrame(
        0.0, index=measures["measure_id"], columns=pd.Index(AREAS, name="region_id")
    )
    assert attention.breadth(table, measures, THEMES, draws=5)["effective"].isna().all()
    assert attention.distinctiveness(table, measures, THEMES).empty
    assert attention.nicheness(table, measures, THEMES)["distance"].isna().all()
    pairs = attention.similarity(table, measures, draws=5)
    assert pairs[["similarity", "expected", "p"]].isna().all(axis=None)
    found = concentration.concentration(table, measures, draws=5)
    assert found[["value", "expected", "low", "high", "p"]].isna().all(axis=None)


def test_an_area_with_one_measure_has_a_breadth_and_no_interval():
    row = attention.breadth(*counted((1, 0, 0), (2, 2, 2)), THEMES, draws=200).iloc[0]
    # Redraws hold its one clause or nothing: they would give (1, 1), which looks sure.
    assert row["effective"] == 1
    assert row[["low", "redrawn", "high"]].isna().all()
    assert 0 < row["undefined_draws"] < 200


def test_a_measure_without_a_code_counts_nowhere():
    table, measures = counted((2, 1, 0), (0, 1, 1))
    table.loc["m5"], extra = [1, 1], coded(["T1"] * 5 + [pd.NA])
    measures = pd.concat([measures, extra.iloc[5:]], ignore_index=True)
    for function in (attention.shares, attention.distinctiveness, attention.nicheness):
        one = function(table, measures, THEMES)
        pd.testing.assert_frame_equal(one, function(table.iloc[:5], measures[:5], THEMES))
    assert attention.breadth(table, measures, THEMES, draws=5)["n"].tolist() == [3, 2]


@settings(deadline=None)
@given(cases())
def test_shares_sum_to_one_or_the_area_is_empty(case):
    table = attention.shares(*case, THEMES)
    total = table.groupby("region_id")["share"].sum(min_count=1)
    assert total.isna().eq(table.groupby("region_id")["total"].first() == 0).all()
    assert np.allclose(total.dropna(), 1)


@settings(max_examples=25, deadline=None)
@given(cases(), st.permutations(AREAS))
def test_relabelling_areas_permutes_the_results(case, order):
    table, measures = case
    names = dict(zip(AREAS, order, strict=True))
    other = table.rename(columns=names)
    for function in (attention.shares, attention.distinctiveness, attention.nicheness):
        one = function(table, measures, THEMES)
        two = function(other, measures, THEMES)
        one = one.assign(region_id=one["region_id"].map(names))
        pd.testing.assert_frame_equal(one, two)
    one = attention.breadth(table, measures, THEMES, draws=20)
    two = attention.breadth(other, measures, THEMES, draws=20)
    pd.testing.assert_frame_equal(one.assign(region_id=one["region_id"].map(names)), two)
    one, two = (attention.similarity(each, measures, draws=19) for each in (table, other))
    pd.testing.assert_series_equal(one["similarity"], two["similarity"])


@settings(max_examples=25, deadline=None)
@given(cases())
def test_a_measure_for_nobody_by_name_never_changes_named_results(case):
    table, measures = case
    more = coded(["T1"], ["c9"]).assign(measure_id="new")
    longer = pd.concat([more, measures], ignore_index=True)
    wider = pd.concat([pd.DataFrame(0.0, index=["new"], columns=table.columns), table])
    wider.columns.name = "region_id"
    for function in (attention.shares, attention.breadth, attention.distinctiveness):
        one, two = function(table, measures, THEMES), function(wider, longer, THEMES)
        pd.testing.assert_frame_equal(one, two)
    for function in (attention.similarity, concentration.concentration):
        one, two = function(table, measures, draws=19), function(wider, longer, draws=19)
        pd.testing.assert_frame_equal(one, two)


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_gini_and_hhi_stay_in_their_range(values):
    n = len(values)
    if not sum(values):
        return
    assert -1e-12 <= concentration.gini(values) <= (n - 1) / n + 1e-12
    assert 1 / n - 1e-12 <= concentration.hhi(values) <= 1 + 1e-12
    assert concentration.gini(values) == pytest.approx(concentration.gini(values[::-1]))


@settings(deadline=None)
@given(cases(), st.integers(0, 5))
def test_dealt_lists_keep_their_length(case, seed):
    table, measures = case
    lists, _ = reassign.printed_lists(table, measures.set_index("measure_id")["unit_id"])
    dealt = reassign.reassigned(lists, 3, seed)
    assert (dealt.sum(axis=2) == lists.sum(axis=1).to_numpy()).all()


def test_the_same_seed_gives_the_same_and_another_does_not(plan):
    measures = plan.measures()
    table = weights(plan.measure_reach(), measures["measure_id"], plan.region_ids, "named")
    for function in (attention.similarity, concentration.concentration):
        one, two = (function(table, measures, draws=99, seed=3).to_csv() for _ in range(2))
        assert one == two
        assert one != function(table, measures, draws=99, seed=4).to_csv()


def test_the_two_channels_divide_the_areas(plan):
    table = concentration.channels(plan.mentions(), plan.regions()).set_index("region_id")
    assert table["channel"].value_counts().to_dict() == {"provincial": 8, "national": 4}
    assert table.loc[table["national"] > 0, "national"].to_dict() == {
        "shaanganning": 10, "zuoyoujiang": 25, "chuanshaan": 12, "xiangeyuqian": 6
    }  # fmt: skip
    # Box 1 has 53 counties: each lies in one documented area, none in a province of the eight.
    assert table["national"].sum() == len(plan.box_items("b1")) == 53
    assert (table.loc[table["provincial"], "in_provinces"] == 0).all()


def test_a_county_that_membership_puts_elsewhere_shows(plan):
    mentions = plan.mentions()
    first = mentions.index[mentions["clause_id"].eq("b1") & mentions["recipient"]][0]
    mentions.loc[first, "region_id"] = "yimeng;taihang"
    found = concentration.channels(mentions, plan.regions()).set_index("region_id")["channel"]
    assert found[found == "both"].index.tolist() == ["yimeng", "taihang"]
    mentions["recipient"] = False
    found = concentration.channels(mentions, plan.regions())["channel"]
    assert set(found) == {"neither"}


def test_what_the_plan_shows_stays_small(plan):
    """Null results: hardly a theme sets an area apart; by its own name no area is favoured."""
    measures, codes = plan.measures(), plan.codebook("theme")["code"].tolist()
    reach = plan.measure_reach()
    table = weights(reach, measures["measure_id"], plan.region_ids, "named")
    odds = attention.distinctiveness(table, measures, codes)
    apart = odds[(odds["low"] > 0) | (odds["high"] < 0)]
    assert apart[["region_id", "theme"]].to_numpy().tolist() == [
        ["shaanganning", "T13"], ["taihang", "T13"]
    ]  # fmt: skip
    only = weights(
        reach[reach["reach"] == "named"], measures["measure_id"], plan.region_ids, "named"
    )
    assert (concentration.concentration(only, measures, draws=999)["p"] > 0.5).all()
    assert lq.load().measures().equals(measures)
