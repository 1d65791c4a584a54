"""Exposure of the areas: known answers, what must hold for any coding, figures and tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from drawing import assert_text_fits
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu.analysis.intensity import QUANTITIES, exposures, robust_order
from laoqu.analysis.weights import RULES, groups
from laoqu.figures import intensity as figures
from laoqu.publication import intensity as tables

AREAS = list("abcd")
LANGS = ("zh", "en")


@pytest.fixture(scope="module")
def plan():
    return lq.load()


@pytest.fixture(scope="module")
def table(plan):
    return exposures(plan.measures(), plan.measure_reach(), plan.region_ids)


@pytest.fixture(scope="module")
def pairs(plan):
    return robust_order(plan.measures(), plan.measure_reach(), plan.region_ids)


def values(table, rule, region_id, column="value"):
    here = table[(table["rule"] == rule) & (table["region_id"] == region_id)]
    return here.set_index("quantity")[column].to_dict()


def coded(strengths, clauses=None):
    """Measures m0, m1 … with these strengths, each in a clause of its own unless said."""
    ids = [f"m{i}" for i in range(len(strengths))]
    frame = pd.DataFrame({"measure_id": ids, "clause_id": clauses or ids})
    return frame.assign(strength=pd.Series(strengths, dtype="Int64"))


def reaching(*rows):
    return pd.DataFrame(rows, columns=["measure_id", "region_id", "reach"])


# 沂蒙, every measure that names it or a place in it; k = areas named, s = strength:
#   c04.s02.m1  支持…沂蒙、太行等…自主选择…     8 areas by name                     k 8  s 3
#   c07.s03.m1  支持龙岩、梅州、郴州、临沂等城市    赣闽粤 湘赣边 沂蒙                   k 3  s 3
#   c07.s03.m2  强化跨省合作联动发展               the same cities, carried            k 3  s 3
#   b2.s01.m1   …山东新泰县…县城建设示范地区       8 areas through their county seats  k 8  s 3
#   c09.s03.m2  支持赣州、延安、临沂等地           赣闽粤 湘赣边 陕甘宁 沂蒙            k 4  s 3
#   c10.s07.m1  支持海陆丰、琼崖、沂蒙等           3 areas by name                     k 3  s 3
#   c10.s07.m2  因地制宜发展特色新兴产业           the same, carried                   k 3  s 3
#   c11.s07.m4  鼓励临沂等城市发展…               沂蒙                                k 1  s 2
#   b4.s01.m2   …临沂…国家级高新技术产业开发区     7 areas through their zones         k 7  s 3
# Named: D = 9, E = 8·3 + 2 = 26, mean 26/9.
# Named, shared: D = 2/8 + 4/3 + 1/4 + 1 + 1/7 = 2.976190…, E = 3·(D − 1) + 2·1 = 7.928571….
# Besides, 168 measures reach all twelve (25 as a class, 133 everyone, 10 under a condition), with
# strengths summing to 86 + 431 + 33 = 550:
# Full: D = 9 + 168 = 177, E = 26 + 550 = 576. Shared: D = 2.976190… + 168/12 = 16.976190….
YIMENG = {
    "named": (9, 26, 26 / 9),
    "named_fractional": (2 / 8 + 4 / 3 + 1 / 4 + 1 + 1 / 7, 7.928571429, 2.664),
    "full": (177, 576, 576 / 177),
    "fractional": (16.976190476, 7.928571429 + 550 / 12, (7.928571429 + 550 / 12) / 16.976190476),
}
# 琼崖:
#   c04.s02.m1  as above                           8 areas by name                     k 8  s 3
#   b2.s01.m1   海南琼海市, as above                8 areas through their county seats  k 8  s 3
#   c09.s03.m1  支持琼崖、海陆丰、左右江等          3 areas by name                     k 3  s 3
#   c10.s07.m1  and m2, as above                   3 areas by name                     k 3  s 3
#   c13.s04.m4  深入推进…海南琼中…试点县建设        大别山 赣闽粤 湘赣边 琼崖 湘鄂渝黔  k 5  s 4
# Named: D = 6, E = 5·3 + 4 = 19. Shared: D = 2/8 + 3/3 + 1/5 = 1.45, E = 3·1.25 + 4/5 = 4.55.
QIONGYA = {
    "named": (6, 19, 19 / 6),
    "named_fractional": (1.45, 4.55, 4.55 / 1.45),
    "full": (174, 569, 569 / 174),
    "fractional": (15.45, 4.55 + 550 / 12, (4.55 + 550 / 12) / 15.45),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("region_id", "known"), [("yimeng", YIMENG), ("qiongya", QIONGYA)])
def test_exposure_of_two_small_areas_worked_out_by_hand(table, region_id, known, rule):
    found = values(table, rule, region_id)
    assert [found[quantity] for quantity in QUANTITIES] == pytest.approx(known[rule], abs=1e-8)
    # 沂蒙 stands in c04, c07, b2, c09, c10, c11, b4; 琼崖 in c04, b2, c09, c10, c13.
    if rule.startswith("named"):
        clauses = {"yimeng": 7, "qiongya": 5}[region_id]
        assert set(values(table, rule, region_id, "clauses").values()) == {clauses}


def test_the_intervals_hold_the_value_and_named_ranks_are_wide(table):
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table["rankable"].all()
    named = table[(table["rule"] == "named") & (table["quantity"] == "density")]
    assert (named["rank_low"] < named["rank_high"]).all()


def test_an_area_that_nothing_reaches_is_zero_without_mean_interval_or_rank():
    found = exposures(coded([3, 5]), reaching(("m0", "a", "named")), ["a", "b"], draws=50)
    assert values(found, "named", "b") == pytest.approx(
        {"density": 0, "exposure": 0, "mean": np.nan}, nan_ok=True
    )
    assert found["low"].isna().all()
    assert found["rank_low"].isna().all()
    assert not found["rankable"].any()
    assert values(found, "named", "b", "undefined") == {"density": 0, "exposure": 0, "mean": 50}


def test_an_area_with_one_mention_has_a_value_and_no_interval():
    reach = reaching(("m0", "a", "named"), *((f"m{i}", "b", "named") for i in range(6)))
    found = exposures(coded([4, 3, 3, 3, 3, 3]), reach, ["a", "b"], draws=50)
    assert values(found, "named", "a") == {"density": 1, "exposure": 4, "mean": 4}
    assert all(np.isnan(low) for low in values(found, "named", "a", "low").values())
    assert not any(np.isnan(low) for low in values(found, "named", "b", "low").values())
    # One of two areas rests on a single measure: nobody is ranked.
    assert not found.loc[found["rule"] == "named", "rankable"].any()


def test_a_strength_that_is_not_coded_is_left_out_and_counted():
    reach = reaching(*((f"m{i}", "a", "named") for i in range(3)), ("m3", "b", "named"))
    found = exposures(coded([3, pd.NA, 5, pd.NA]), reach, ["a", "b"], draws=50)
    # a: density counts all three; 3 + 5 = 8 and 8/2 = 4 leave out the one without a code.
    assert values(found, "named", "a") == {"density": 3, "exposure": 8, "mean": 4}
    assert set(values(found, "named", "a", "n_uncoded").values()) == {1}
    # b: nothing of it is coded, which is not an exposure of zero.
    assert values(found, "named", "b") == pytest.approx(
        {"density": 1, "exposure": np.nan, "mean": np.nan}, nan_ok=True
    )


def test_a_sheet_of_ones_own_with_gaps_is_analysed(plan, tmp_path):
    sheet = plan.codings("adjudicated").drop(columns="coder")
    quotes = plan.table("measures").set_index("measure_id")["quote"]
    sheet.insert(1, "quote", sheet["measure_id"].map(quotes))
    for column in ("instrument_more", "theme_more", "beneficiary_more"):
        sheet[column] = sheet[column].str.join(";")
    gaps = sheet["measure_id"] == "c11.s07.m4"
    sheet = sheet.astype({"strength_outer": "object", "strength_inner": "object"})
    sheet.loc[gaps, ["strength_outer", "strength_inner", "theme"]] = ""
    sheet.to_csv(tmp_path / "own.csv", index=False)
    own = lq.load(coding=tmp_path / "own.csv")
    found = exposures(own.measures(), own.measure_reach(), own.region_ids, draws=50)
    # 沂蒙 loses the one measure of strength 2: E = 26 − 2, over the eight that are left.
    assert values(found, "named", "yimeng") == {"density": 9, "exposure": 24, "mean": 3}
    split = exposures(own.measures(), own.measure_reach(), own.region_ids, "theme", draws=10)
    lost = split[(split["group"] == "uncoded") & (split["region_id"] == "yimeng")]
    assert lost.loc[lost["rule"] == "named", "n"].tolist() == [1, 1, 1]
    block = tables.exposures(found, own.regions(), "en")
    assert "Up to 1 measures have no strength coded" in block.note


@st.composite
def plans(draw):
    """Five measures in three clauses, any reach, any strength, some of it not coded."""
    strengths = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, pd.NA]), min_size=5, max_size=5))
    clauses = draw(st.lists(st.sampled_from(["x", "y", "z"]), min_size=5, max_size=5))
    how = st.sampled_from([None, "named", "place", "class", "everyone", "conditional"])
    rows = [(f"m{i}", area, draw(how)) for i in range(5) for area in AREAS]
    return coded(strengths, clauses), reaching(*(row for row in rows if row[2]))


@settings(max_examples=12, deadline=None)
@given(plans(), st.permutations(AREAS))
def test_relabelling_areas_permutes_the_results(drawn, order):
    measures, reach = drawn
    renamed = dict(zip(AREAS, order, strict=True))
    other = reach.assign(region_id=reach["region_id"].map(renamed))
    here = exposures(measures, reach, AREAS, draws=20)
    there = exposures(measures, other, [renamed[area] for area in AREAS], draws=20)
    here["region_id"] = here["region_id"].map(renamed)
    pd.testing.assert_frame_equal(here, there)


@settings(max_examples=12, deadline=None)
@given(plans())
def test_named_is_never_above_full_and_shares_sum_to_the_measures_that_reach_anybody(drawn):
    measures, reach = drawn
    found = exposures(measures, reach, AREAS, draws=5).pivot_table(
        index="region_id", columns=["quantity", "rule"], values="value", dropna=False
    )
    for quantity in ("density", "exposure"):
        both = found[quantity].dropna()
        assert (both["named"] <= both["full"] + 1e-9).all()
        assert (both["named_fractional"] <= both["named"] + 1e-9).all()
    total = found["density", "fractional"].sum()
    assert total == pytest.approx(reach["measure_id"].nunique())


@settings(max_examples=12, deadline=None)
@given(plans())
def test_a_universal_measure_changes_no_named_value(drawn):
    measures, reach = drawn
    more = pd.concat([measures, coded([5]).assign(measure_id="new")], ignore_index=True)
    everyone = reaching(*(("new", area, "everyone") for area in AREAS))
    longer = pd.concat([reach, everyone], ignore_index=True)
    before, after = (
        exposures(a, b, AREAS, draws=5) for a, b in ((measures, reach), (more, longer))
    )
    for rule in ("named", "named_fractional"):
        one, two = (frame.loc[frame["rule"] == rule, "value"] for frame in (before, after))
        pd.testing.assert_series_equal(one, two)


@pytest.mark.parametrize("by", ["theme", "instrument_class", "clause_id"])
def test_groups_sum_to_the_whole(plan, table, by):
    split = exposures(plan.measures(), plan.measure_reach(), plan.region_ids, by, draws=5)
    keys = ["rule", "region_id", "quantity"]
    part = split[split["quantity"] != "mean"].groupby(keys)["value"].sum()
    whole = table[table["quantity"] != "mean"].set_index(keys)["value"]
    pd.testing.assert_series_equal(part, whole.sort_index(), check_exact=False, atol=1e-6)
    if by == "clause_id":
        # Drawing clauses says nothing of one clause: no interval.
        assert split["low"].isna().all()
        assert split["group"].drop_duplicates().tolist()[0] == "c01"


def test_groups_are_exclusive_and_complete(plan):
    measures = plan.measures()
    for by in (None, "theme", "clause_id"):
        assert (groups(measures, by).sum(axis=1) == 1).all()


def test_order_is_certain_under_dominance_open_where_scores_decide_and_tied_where_equal():
    # a: 3, 3 · b: 3 · c: 1, 5 · d: 5, 1.
    reach = reaching(
        ("m0", "a", "named"), ("m1", "a", "named"), ("m2", "b", "named"), ("m3", "c", "named"),
        ("m4", "c", "named"), ("m5", "d", "named"), ("m6", "d", "named"),
    )  # fmt: skip
    found = robust_order(coded([3, 3, 3, 1, 5, 5, 1]), reach, AREAS, draws=2000)
    scale = found[(found["quantity"] == "exposure") & (found["basis"] == "scale")]
    scale = scale.set_index(["region_id", "other_id"])[["above", "below", "tied"]]
    assert scale.loc[("a", "b")].tolist() == [1, 0, 0]
    # c scores 0 + 1 = 1; b scores a3 < 1.
    assert scale.loc[("b", "c")].tolist() == [0, 1, 0]
    assert scale.loc[("c", "d")].tolist() == [0, 0, 1]
    # a scores 2·a3 against 1: a3 is the middle of three uniforms (one of a2, a3, a4), symmetric
    # about ½, so a is ahead in half of the draws; 2000 draws give ±3 standard errors = .034.
    assert scale.loc[("a", "c"), "above"] == pytest.approx(0.5, abs=0.034)
    # Nobody rests on five measures: nothing is called robust.
    assert not found["rankable"].any()
    assert not found["robust"].any()


def test_an_area_of_one_clause_is_in_no_order_however_many_measures_it_has():
    # a: six measures of 3 in two clauses; b: six of 5, all in c9. Whenever c9 is drawn the mean
    # of b is 5, so every draw with a value has b ahead: sure only because one clause decides.
    measures = coded([3] * 6 + [5] * 6).assign(clause_id=["c1", "c2"] * 3 + ["c9"] * 6)
    reach = reaching(*((f"m{i}", "a" if i < 6 else "b", "named") for i in range(12)))
    pair = robust_order(measures, reach, ["a", "b"], draws=200).set_index(["quantity", "basis"])
    assert pair.loc[("mean", "scale"), "below"] == 1
    assert not pair["rankable"].any() and not pair["robust"].any()
    found = exposures(measures, reach, ["a", "b"], draws=50)
    named = found[found["rule"] == "named"]
    assert not named["rankable"].any() and named["rank_low"].isna().all()
    assert values(found, "named", "b", "low") == pytest.approx(
        dict.fromkeys(QUANTITIES, np.nan), nan_ok=True
    )
    # With one of them in a second clause both may be ordered.
    measures.loc[11, "clause_id"] = "c8"
    pair = robust_order(measures, reach, ["a", "b"], draws=200).set_index(["quantity", "basis"])
    assert pair["rankable"].all() and pair.loc[("mean", "scale"), "robust"]
    assert exposures(measures, reach, ["a", "b"], draws=50)["rankable"].all()


def test_what_is_not_coded_makes_no_second_clause():
    # b stands in two clauses, but its strengths are coded in one of them only.
    measures = coded([3] * 6 + [5] * 6 + [pd.NA])
    measures["clause_id"] = ["c1", "c2"] * 3 + ["c9"] * 6 + ["c8"]
    reach = reaching(*((f"m{i}", "a" if i < 6 else "b", "named") for i in range(13)))
    found = exposures(measures, reach, ["a", "b"], draws=50)
    ranked = found[found["rule"] == "named"].groupby("quantity")["rankable"].all()
    assert ranked.to_dict() == {"density": True, "exposure": False, "mean": False}
    assert np.isnan(values(found, "named", "b", "low")["mean"])


def test_relabelling_turns_every_pair_around(plan):
    measures, reach = plan.measures(), plan.measure_reach()
    here = robust_order(measures, reach, ["yimeng", "taihang"], draws=100)
    there = robust_order(measures, reach, ["taihang", "yimeng"], draws=100)
    assert here["above"].tolist() == there["below"].tolist()
    assert here["tied"].tolist() == there["tied"].tolist()


def test_the_same_seed_gives_the_same_table_and_another_seed_another(plan, table):
    measures, reach, areas = plan.measures(), plan.measure_reach(), plan.region_ids
    again = exposures(measures, reach, areas)
    assert again.to_csv() == table.to_csv()
    assert exposures(measures, reach, areas, seed=1).to_csv() != table.to_csv()


@pytest.mark.parametrize("lang", LANGS)
def test_figures_draw_their_data_and_their_text_fits(plan, table, pairs, lang):
    it = figures.exposures(table, plan.regions(), lang)
    assert_text_fits(it.figure)
    named, ranks, full = it.figure.axes
    assert named.lines[0].get_xdata().tolist() == it.data["named"].tolist()
    assert full.lines[0].get_xdata().tolist() == it.data["full"].tolist()
    assert ranks.lines[0].get_xdata().tolist() == it.data["rank_low"].tolist()
    assert it.data["named"].is_monotonic_decreasing
    density = table[(table["quantity"] == "density") & (table["rule"] == "named")]
    assert dict(zip(it.data["region_id"], it.data["named"], strict=True)) == dict(
        zip(density["region_id"], density["value"], strict=True)
    )
    them = figures.robustness(pairs, table, plan.regions(), lang)
    assert_text_fits(them.figure)
    cells = [text.get_text() for text in them.figure.axes[0].texts]
    assert len(cells) == len(them.data) == 2 * 66
    assert cells == [str(int(round(100 * each, 6))) for each in them.data["ahead"]]
    sure = them.data.groupby("basis")["robust"].sum()
    assert f" {sure['scale']} " in them.alt
    assert f" {sure['text']} " in them.alt


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("clauses", [["c10", "c11"], ["c01"]])
def test_a_figure_of_too_few_measures_ranks_nobody(plan, lang, clauses):
    measures = plan.measures()
    few = measures[measures["clause_id"].isin(clauses)]  # clause 一 names no area at all
    reach = plan.measure_reach()
    found = exposures(few, reach, plan.region_ids, draws=50)
    it = figures.exposures(found, plan.regions(), lang)
    assert_text_fits(it.figure)
    assert it.data["region_id"].tolist() == plan.region_ids
    assert not it.figure.axes[1].lines
    pairs = robust_order(few, reach, plan.region_ids, draws=50)
    them = figures.robustness(pairs, found, plan.regions(), lang)
    assert "–" in [text.get_text() for text in them.figure.axes[0].texts]
    block = tables.exposures(found, plan.regions(), lang)
    assert {row[4] for row in block.rows} == {lq.label("exposures.unranked", lang)}


def test_the_same_figures_give_the_same_bytes(plan, table, pairs):
    regions = plan.regions()
    for draw in (
        lambda: figures.exposures(table, regions, "en"),
        lambda: figures.robustness(pairs, table, regions, "en"),
    ):
        assert draw().files() == draw().files()


@pytest.mark.parametrize("lang", LANGS)
def test_tables_show_the_frames(plan, table, pairs, lang):
    block = tables.exposures(table, plan.regions(), lang)
    yimeng = block.rows[plan.region_ids.index("yimeng")]
    assert yimeng[1:3] == ("9", "7")
    assert [cell.split(" ")[0] for cell in yimeng[3:]] == [
        "9", yimeng[4], "26", "2.9", "3.0", "177",
    ]  # fmt: skip
    robust = tables.robustness(pairs, lang)
    counts = [int(cell) for row in robust.rows for cell in row[2:]]
    assert counts == list(robust.values.values())
    split = exposures(
        plan.measures(), plan.measure_reach(), plan.region_ids, "instrument_class", draws=5
    )
    rows = tables.breakdown(split, plan.regions(), {"S": "x"}, lang).rows
    assert [row[0] for row in rows] == ["D", "E", "S x", "X"]
    assert sum(int(row[-2].replace("·", "0")) for row in rows) == 9
