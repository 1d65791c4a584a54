"""How binding the plan is: known answers, missing codes, what must hold, figures and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawing import assert_text_fits
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import sheets
from laoqu.analysis import binding
from laoqu.analysis.weights import groups, weights
from laoqu.figures import binding as figures
from laoqu.publication import binding as tables

LANGS = ("zh", "en")


@pytest.fixture(scope="module")
def measures(plan):
    return plan.measures()


@pytest.fixture(scope="module")
def shares(plan, measures):
    """The rates and the items of the whole plan."""
    flags = binding.rates(measures), binding.items(measures, plan.table("printed_figures"))
    whole = groups(measures)
    return [binding.proportions(each, measures["clause_id"], whole) for each in flags]


@pytest.fixture(scope="module")
def strength(plan, measures):
    """Strength by clarity of the plan, and the strengths of the areas that measures name."""
    named = weights(plan.measure_reach(), measures["measure_id"], plan.region_ids, "named")
    cross = binding.strength_by_clarity(measures, groups(measures))
    return cross, binding.strengths(measures, named)


def invented(**columns):
    """Four measures in two clauses with what a test needs, and plain values else."""
    frame = pd.DataFrame({"measure_id": list("abcd"), "clause_id": ["x", "x", "y", "y"]})
    plain = {
        "start": [0, 10, 20, 30], "end": [10, 20, 30, 40], "strength": [3, 3, 3, 3],
        "clarity": ["black"] * 4, "actor": ["A0"] * 4, "beneficiary": ["B12"] * 4,
        "scopes": [("universal",)] * 4, "conditional": [False] * 4, "delegated": [False] * 4,
        "programme_named": [False] * 4, "funding_named": [False] * 4, "time_named": [False] * 4,
        "monitor_named": [False] * 4,
    }  # fmt: skip
    return frame.assign(**{**plain, **columns})


NO_FIGURES = pd.DataFrame({"start": [], "end": []})


def test_the_plan_in_five_proportions(shares):
    rates, _ = shares
    # Counted in codings.csv (adjudicated) and scopes.csv: A0 165, grey 21; conditional 12 and
    # delegated 3 measures; 18 measures of scope area and 36 of place or facility, none both.
    known = {"by_name": 54, "conditional": 12, "delegated": 3, "grey": 21, "no_actor": 165}
    assert rates.set_index("item")["k"].to_dict() == known
    assert set(rates["n"]) == {223}
    grey = rates.set_index("item").loc["grey"]
    assert grey["share"] == pytest.approx(21 / 223)
    # Wilson for 21 of 223, z = 1.96: centre (21 + 1.9207)/(223 + 3.8415) = .10104; half width
    # 1.96·√(21·202/223 + .9604)/226.8415 = .03854: .06250 to .13958.
    assert [grey["wilson_low"], grey["wilson_high"]] == pytest.approx([0.0625, 0.13958], abs=1e-4)
    assert grey["low"] < grey["share"] < grey["high"]


def test_the_plan_in_eight_items_and_their_mean(shares):
    _, items = shares
    known = {
        "area": 18, "place": 36, "programme": 14, "actor": 58, "beneficiary": 170, "funding": 5,
        "number": 1, "monitoring": 6,
    }  # fmt: skip
    found = items.set_index("item")
    assert found["k"].drop("mean").to_dict() == known
    # Sum of the eight over eight: 308/8 = 38.5 of 223.
    assert sum(known.values()) == 308
    assert found.loc["mean", "share"] == pytest.approx(38.5 / 223)
    assert np.isnan(found.loc["mean", "wilson_low"])


def test_specifics_of_one_measure(plan, measures):
    specific = binding.items(measures, plan.table("printed_figures"))
    # 将赣闽粤…县级医院…纳入中央预算内投资支持范围: area, beneficiary (B5), funding; no actor.
    one = specific.loc["c14.s02.m1"]
    assert one[one == 1].index.tolist() == ["area", "beneficiary", "funding"]
    assert one["mean"] == 3 / 8


def test_a_missing_code_is_left_out_and_counted():
    frame = invented(actor=["A0", "A5", pd.NA, ""], clarity=["grey", pd.NA, "black", "black"])
    found = binding.proportions(binding.rates(frame), frame["clause_id"], groups(frame), draws=20)
    found = found.set_index("item")
    assert found.loc["no_actor", ["n", "n_uncoded", "k", "share"]].tolist() == [2, 2, 1, 0.5]
    assert found.loc["grey", ["n", "n_uncoded", "k", "share"]].tolist() == [3, 1, 1, 1 / 3]
    # Four measures are too few for an interval of clauses, Wilson's is there.
    assert found["low"].isna().all()
    assert found["wilson_low"].notna().all()
    # The mean of a measure without an actor code is that of the seven others.
    frame = frame.assign(beneficiary="B1")
    assert binding.items(frame, NO_FIGURES).loc["c", "mean"] == pytest.approx(1 / 7)


def test_nothing_coded_is_undefined():
    frame = invented(actor=[pd.NA] * 4, strength=pd.Series([pd.NA] * 4, dtype="Int64"))
    found = binding.proportions(binding.rates(frame), frame["clause_id"], groups(frame), draws=20)
    actor = found.set_index("item").loc["no_actor"]
    assert actor["n"] == 0
    assert actor[["share", "wilson_low", "low"]].isna().all()
    level = binding.strengths(frame, groups(frame)).iloc[0]
    assert (level["n"], level["n_uncoded"]) == (0, 4)
    assert pd.isna(level["median_low"])


def test_an_area_that_nothing_names_and_one_with_a_single_measure(plan):
    frame = invented(strength=[5, 3, 3, 3])
    reach = pd.DataFrame({"measure_id": ["a"], "region_id": ["one"], "reach": ["named"]})
    table = weights(reach, frame["measure_id"], ["one", "none"], "named")
    found = binding.proportions(binding.rates(frame), frame["clause_id"], table, draws=20)
    found = found.set_index(["group", "item"])
    assert found.loc[("none", "grey"), ["n", "k"]].tolist() == [0, 0]
    assert np.isnan(found.loc[("none", "grey"), "share"])
    assert found.loc[("one", "no_actor"), ["n", "share"]].tolist() == [1, 1]
    # Wilson for 1 of 1: lower end 1/(1 + 3.8415) = .2065.
    assert found.loc[("one", "no_actor"), "wilson_low"] == pytest.approx(0.2065, abs=1e-4)
    levels = binding.strengths(frame, table).set_index("group")
    assert levels.loc["one", ["n", "median_low", "median_high"]].tolist() == [1, 5, 5]
    assert pd.isna(levels.loc["none", "median_low"])


def test_weights_that_are_no_whole_measures_have_no_wilson_interval():
    frame = invented(actor=["A0", "A5", "A0", "A5"])
    table = pd.DataFrame({"half": [0.5, 0.5, 1, 0]}, index=frame["measure_id"])
    found = binding.proportions(binding.rates(frame), frame["clause_id"], table, draws=20)
    actor = found.set_index("item").loc["no_actor"]
    # (.5 + 1) of (.5 + .5 + 1).
    assert (actor["k"], actor["share"], actor["n"]) == (1.5, 0.75, 3)
    assert np.isnan(actor["wilson_low"])


def test_strength_and_clarity_are_two_axes(strength, measures):
    cross, areas = strength
    cells = cross.set_index(["strength", "clarity"])["n"]
    assert len(cells) == 15
    assert cells.sum() == 223
    assert cells[5, "grey"] == 5  # 要 … 支持: an obligation that leaves open what is done
    assert cells[1, "black"] == 0
    # 沂蒙: eight of strength 3 and one of 2 (see test_intensity).
    yimeng = areas.set_index("group").loc["yimeng"]
    assert yimeng[["s1", "s2", "s3", "s4", "s5"]].tolist() == [0, 1, 8, 0, 0]
    assert (yimeng["median_low"], yimeng["median_high"]) == (3, 3)
    theme = binding.strengths(measures, groups(measures, "theme"))
    assert theme["n"].sum() == 223


def test_the_median_of_weights():
    frame = invented(strength=[1, 3, 4, 5])
    table = pd.DataFrame({"g": [0.25, 0.25, 0.25, 0.25], "h": [0, 0.2, 0.2, 0.6]})
    table = table.set_axis(frame["measure_id"])
    found = binding.strengths(frame, table).set_index("group")[["median_low", "median_high"]]
    # g: half of the weight lies at 3 and below. h: .4 of 1 lies below 5.
    assert found.loc["g"].tolist() == [3, 4]
    assert found.loc["h"].tolist() == [5, 5]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["A0", "A5", "", pd.NA]), min_size=4, max_size=4))
def test_stated_and_not_stated_are_complements_and_groups_add_up(actors):
    frame = invented(actor=actors)
    whole, parts = groups(frame), groups(frame, "clause_id")
    rates, items = binding.rates(frame), binding.items(frame, NO_FIGURES)
    both = [
        binding.proportions(flags, frame["clause_id"], whole, draws=5).set_index("item")
        for flags in (rates, items)
    ]
    assert both[0].loc["no_actor", "k"] + both[1].loc["actor", "k"] == both[0].loc["no_actor", "n"]
    split = binding.proportions(rates, frame["clause_id"], parts, draws=5)
    assert (split.groupby("item")["k"].sum() == both[0]["k"].sort_index()).all()


def test_the_same_seed_gives_the_same_table(measures, shares):
    again = binding.proportions(binding.rates(measures), measures["clause_id"], groups(measures))
    assert again.to_csv() == shares[0].to_csv()


@pytest.mark.parametrize("lang", LANGS)
def test_figures_draw_their_data_and_their_text_fits(plan, shares, strength, lang):
    it = figures.proportions(*shares, lang)
    assert_text_fits(it.figure)
    for axes, panel in zip(it.figure.axes, ("rates", "items"), strict=True):
        part = it.data[it.data["panel"] == panel]
        dots = [line for line in axes.lines if line.get_marker() in ("o", "D")]
        assert [float(line.get_xdata()[0]) for line in dots] == part["share"].tolist()
        hollow = [line.get_markerfacecolor() == figures.style.PAPER for line in dots]
        assert hollow == (part["share"] < figures.NEAR_ZERO).tolist()
    assert it.data["item"].iloc[-1] == "mean"
    cross, areas = strength
    them = figures.strength(cross, areas, plan.codebook(), plan.regions(), lang)
    assert_text_fits(them.figure)
    bars, cells = them.figure.axes
    drawn = [patch.get_width() for patch in bars.patches]
    assert drawn == cross.sort_values(["clarity", "strength"], kind="stable")["n"].tolist()
    shown = [int(text.get_text()) for text in cells.texts]
    assert shown == areas[["s1", "s2", "s3", "s4", "s5"]].to_numpy().astype(int).ravel().tolist()
    for figure in (it, them):
        assert "223" in figure.alt


def test_the_same_figures_give_the_same_bytes(plan, shares, strength):
    codebook, regions = plan.codebook(), plan.regions()
    for draw in (
        lambda: figures.proportions(*shares, "en"),
        lambda: figures.strength(*strength, codebook, regions, "en"),
    ):
        assert draw().files() == draw().files()


@pytest.mark.parametrize("lang", LANGS)
def test_tables_show_the_frames(plan, measures, shares, strength, lang):
    block = tables.proportions(*shares, lang)
    assert len(block.rows) == 5 + 8 + 1
    assert block.values["binding_no_actor"] == 165
    assert block.rows[-1][1] == ""  # a mean counts nothing
    cross, areas = strength
    table = tables.strength(cross, plan.codebook(), lang)
    assert table.rows[-1][1:] == ("202", "21", "0", "223")
    named = weights(plan.measure_reach(), measures["measure_id"], plan.region_ids, "named")
    rates = binding.proportions(binding.rates(measures), measures["clause_id"], named)
    row = tables.areas(rates, areas, plan.regions(), lang).rows[plan.region_ids.index("yimeng")]
    # n, strengths 1–5, median; one conditional and delegated, two grey, four without actor.
    assert row[1:] == ("9", "0", "1", "8", "0", "0", "3", "1", "1", "2", "4")


def test_a_figure_of_a_plan_that_forbids_says_so(plan, measures, strength):
    forbidding = measures.assign(clarity=measures["clarity"].where(measures.index > 0, "red"))
    cross = binding.strength_by_clarity(forbidding, groups(forbidding))
    it = figures.strength(cross, strength[1], plan.codebook(), plan.regions(), "en")
    assert "1 forbid" in it.alt
    assert lq.label("strength.finding_no_red", "en").split(", ")[-1] not in it.alt


@pytest.mark.parametrize("lang", LANGS)
def test_an_empty_sheet_of_ones_own_is_undefined_not_zero(plan, tmp_path, lang):
    sheets.template(plan.table("measures"), plan.codebook(), tmp_path / "own.csv")
    own = lq.load(coding=tmp_path / "own.csv")
    measures = own.measures()
    whole, figs = groups(measures), own.table("printed_figures")
    both = [
        binding.proportions(flags, measures["clause_id"], whole, draws=20)
        for flags in (binding.rates(measures), binding.items(measures, figs))
    ]
    # What does not come from the sheet stays: scope, conditions, figures.
    assert both[0].set_index("item").loc["by_name", "k"] == 54
    assert np.isnan(both[0].set_index("item").loc["no_actor", "share"])
    it = figures.proportions(*both, lang)
    assert_text_fits(it.figure)
    assert "nan" not in it.alt
    cross = binding.strength_by_clarity(measures, whole)
    assert cross["n"].sum() == 0
    named = weights(own.measure_reach(), measures["measure_id"], own.region_ids, "named")
    levels = binding.strengths(measures, named)
    assert_text_fits(figures.strength(cross, levels, own.codebook(), own.regions(), lang).figure)
    rates = binding.proportions(binding.rates(measures), measures["clause_id"], named, draws=20)
    rows = tables.areas(rates, levels, own.regions(), lang).rows
    assert {row[7] for row in rows} == {"–"}
    assert "nan" not in repr(tables.proportions(*both, lang))
