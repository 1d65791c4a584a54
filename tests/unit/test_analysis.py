"""Draws, cross tables, and what notebooks 05 and 90 define: known answers, properties, refusals."""

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fixture import PLAN, cells_of, functions_of, refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, hypergeom

import laoqu as lq
from laoqu.analysis import crosstab, draws

COMPARED, APPENDIX = functions_of("05_areas_compared"), functions_of("90_appendix_pmc_coword")
weights = COMPARED.weights

AREAS = list("abcd")


@st.composite
def tables(draw):
    """A table of zeros and ones: lists by areas."""
    row = st.lists(st.integers(0, 1), min_size=4, max_size=4)
    return pd.DataFrame(draw(st.lists(row, min_size=1, max_size=6)), columns=AREAS)


def test_what_is_for_everyone_and_names_of_areas_change_nothing():
    rng, measures = np.random.default_rng(3), [f"m{i}" for i in range(40)]
    ways = rng.choice(["named", "place", "class", "everyone", "conditional"], 160)
    pairs = pd.MultiIndex.from_product([measures, AREAS], names=["measure_id", "region_id"])
    reach = pairs.to_frame(index=False).assign(reach=ways).sample(frac=0.7, random_state=3)
    more = pd.DataFrame({"measure_id": "new", "region_id": AREAS, "reach": "everyone"})
    longer = pd.concat([reach, more], ignore_index=True)
    renamed = dict(zip(AREAS, "dcab", strict=True))
    other = reach.assign(region_id=reach["region_id"].map(renamed))
    alone, every = weights(reach, measures, AREAS, ["named"]), weights(reach, measures, AREAS)
    assert (alone <= every).all(axis=None)
    for ways in (["named", "place"], ["named"]):
        here = weights(reach, measures, AREAS, ways)
        assert weights(longer, [*measures, "new"], AREAS, ways).sum().equals(here.sum())
        there = weights(other, measures, AREAS, ways)
        assert (here.to_numpy() == there[[renamed[r] for r in AREAS]].to_numpy()).all()


# Draws


@settings(deadline=None, max_examples=25)
@given(tables(), st.integers(0, 5))
def test_curveball_keeps_both_margins(table, seed):
    traded = draws.curveball(table, 5, seed)
    assert (traded.sum(axis=2) == table.sum(axis=1).to_numpy()).all()
    assert (traded.sum(axis=1) == table.sum().to_numpy()).all()
    assert (traded == draws.curveball(table, 5, seed)).all()


def test_curveball_finds_every_table_of_the_margins_equally_often():
    # Rows 1, 1, 1 and columns 1, 1, 1: the six permutations.
    drawn = draws.curveball(pd.DataFrame(np.eye(3, dtype=int)), 6_000, 3)
    _, times = np.unique(drawn.reshape(6_000, 9), axis=0, return_counts=True)
    assert len(times) == 6
    assert abs(times - 1000).max() < 130


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.integers(0, 6)), max_size=4))
def test_odds_of_overlaps_are_convolved_hypergeometric_ones(raw):
    strata = [(n, min(a, n), min(b, n)) for n, a, b in raw]
    odds = draws.overlap(strata)
    assert odds.sum() == pytest.approx(1)
    mean = sum(a * b / n for n, a, b in strata)
    assert float(odds @ np.arange(len(odds))) == pytest.approx(mean)
    if len(strata) == 1:
        n, a, b = strata[0]
        assert odds == pytest.approx(hypergeom.pmf(np.arange(len(odds)), n, a, b))


def test_p_counts_the_observed_table_as_a_draw_and_ties_as_reached():
    drawn = np.array([[0.1 + 0.2], [0.5], [0.0]])
    for observed, side, p in (
        (0.3, "upper", 0.75), (0.3, "lower", 0.75), (0.3, "both", 1.0), (9.0, "both", 0.5),
    ):  # fmt: skip
        assert draws.p_value(drawn, np.array([observed]), side).tolist() == [p]


def test_measures_of_one_sentence_for_the_same_areas_are_one_list():
    table = pd.DataFrame({"a": [1, 1, 1, 0], "b": [0, 0, 1, 0]}, index=["m1", "m2", "m3", "m4"])
    units = pd.Series(["s1", "s1", "s1", "s2"], index=table.index)
    lists, sizes = draws.printed_lists(table, units)
    assert lists.values.tolist() == [[1, 0], [1, 1]]
    assert sizes.tolist() == [2, 1]


# Counts


def test_an_order_over_an_incomplete_area_is_not_sure_and_one_of_it_over_others_is():
    cases = pd.DataFrame({"full": [5, 6], "part": [3, 3], "low": [1, 2]})
    known = pd.Series({"full": True, "part": False, "low": True})
    found = COMPARED.orders(cases, known).set_index(["region_id", "other_id"])
    assert found["ahead"].tolist() == ["full", "full", "part"]
    assert found["sure"].tolist() == [False, True, True]


@given(st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=9))
def test_a_tie_is_no_order(rows):
    cases = pd.DataFrame(rows, columns=list("abc"))
    found = COMPARED.orders(cases, pd.Series(True, index=list("abc")))
    for row in found.itertuples():
        gap = cases[row.region_id] - cases[row.other_id]
        assert bool(row.ahead) == bool((gap > 0).all() or (gap < 0).all())


@pytest.fixture(scope="module")
def compared():
    """Notebook 05 as far as its 32 combinations, without its figures."""
    found = {}
    for cell in cells_of("05_areas_compared"):
        if "show.chart" not in cell:
            exec(cell, found)
        if "universe" in found:
            return SimpleNamespace(**found)
    return None


def test_the_multiverse_holds_every_combination_once_and_the_default_is_measure_reach(compared):
    plan, multiverse = compared.plan, compared.universe
    decisions = multiverse[list(compared.decisions)]
    assert len(decisions) == len(decisions.drop_duplicates()) == 32
    reach, ids = plan.measure_reach(), plan.measures()["measure_id"]
    chosen = multiverse.query("cities == 'any' and carried and boxes")
    named = weights(reach, ids, plan.region_ids)
    shared = named.div(named.sum(axis=1).clip(lower=1), axis=0)
    for kind, expected in (("whole", named), ("shared", shared)):
        rows = chosen[chosen["unit"].eq("measure") & chosen["weight"].eq(kind)]
        assert rows[plan.region_ids].to_numpy()[0] == pytest.approx(expected.sum().to_numpy())
    near = plan.nearest_reach()
    near = near[near["reach"].isin(["named", "place"])]
    row = chosen.query("unit == 'sentence' and weight == 'whole'")[plan.region_ids].iloc[0]
    assert row.astype(int).to_dict() == near["region_id"].value_counts().to_dict()


def test_each_decision_of_the_multiverse_only_takes_away(compared):
    whole = compared.universe.query("weight == 'whole'")
    areas = compared.plan.region_ids
    pairs = {"cities": ("any", "whole"), "carried": (True, False), "boxes": (True, False)}
    for column, flags in pairs.items():
        rest = [name for name in compared.decisions if name not in (column, "weight")]
        yes, no = (whole[whole[column] == flag].set_index(rest)[areas] for flag in flags)
        assert (yes.sort_index() >= no.sort_index()).all(axis=None)
    sentences = whole[whole["unit"] == "sentence"].drop(columns=["carried"])
    assert len(sentences.drop_duplicates()) == len(sentences) / 2


#: The 40 printed lists of the first edition of the data (areas in printed order, 1 = named), and
#: how many measures stand under each.
LISTS = (
    "010111000000 101000111111 000100000000 000001100000 110000010000 110001100001 100000100010 "
    "001000010000 111010100000 100000000000 000100000000 000001000000 000000000100 111000111110 "
    "111001110001 000100011000 110000100010 000011000000 111110000000 001110000000 100000000000 "
    "010000000001 001011100100 000100000000 000000011010 010000000000 100000100000 000001000000 "
    "000000000010 011001000000 101011100100 111011100010 100000100001 100000100000 001000000000 "
    "111110000001 100010100000 101001101000 100000000000 111110100000"
)
LISTS = pd.DataFrame([list(map(int, row)) for row in LISTS.split()])
SIZES = [1, 1, 2, 1, 1, 1, 2, 2, 3, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 3, 2, 1, 2] + [1] * 15


def test_the_likeness_of_two_areas_named_often_with_both_margins_kept():
    # 赣闽粤 and 湘赣边: cosine .81, and .52 by chance; p ≈ .001 of 66 pairs is no finding.

    def cosine(tables):
        a, b = (tables[..., at] * np.sqrt(SIZES) for at in (0, 6))
        return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))

    drawn, observed = cosine(draws.curveball(LISTS, 4_999)), cosine(LISTS.to_numpy())
    assert observed == pytest.approx(0.810, abs=5e-4)
    assert drawn.mean() == pytest.approx(0.522, abs=5e-3)
    assert 0.05 / 66 < float(draws.p_value(drawn, observed)) < 0.003


# Cross tables


def coded(pairs, clauses=None):
    frame = pd.DataFrame(pairs, columns=["instrument", "theme"])
    return frame.assign(clause_id=clauses or ["c1"] * len(frame))


CODES = {"instrument": ["S1", "D2"], "theme": ["T1", "T2"]}


def test_cramers_v_of_the_published_example():
    # Bergsma: a = n mod 10, b = n mod 4, n = 0 … 149 gives .57980883, corrected .53051128.
    n = np.arange(150)
    plain, corrected = APPENDIX.cramers_v(pd.crosstab(n % 10, n % 4).to_numpy())
    assert plain == pytest.approx(0.57980883, abs=5e-9)
    assert corrected == pytest.approx(0.53051128, abs=5e-9)
    assert np.isnan(APPENDIX.cramers_v(np.array([[3, 2], [0, 0]]))).all()


def test_cells_are_exact_and_the_drawn_p_of_the_table_agrees_with_the_exact_one():
    # By shuffling, S1·T1 is 4, 3, 2, 1, 0 in 1, 16, 36, 16, 1 of 70 cases: 17 of 70 reach 3,
    # on both sides 34 of 70; χ² ≥ 2 in the same 34.
    pairs = [("S1", "T1")] * 3 + [("S1", "T2"), ("D2", "T1")] + [("D2", "T2")] * 3
    cells, summary = crosstab.association(coded(pairs), CODES, times=9_999)
    assert cells["n"].tolist() == [3, 1, 1, 3]
    assert cells["expected"].to_numpy() == pytest.approx([2] * 4)
    assert cells["p"].to_numpy() == pytest.approx([34 / 70] * 4)
    row = summary.iloc[0]
    assert APPENDIX.cramers_v(np.array([[3, 1], [1, 3]]))[0] == pytest.approx(0.5)
    assert abs(row["p"] - 34 / 70) < 4 * row["error"]


def test_exact_cells_against_enumeration_within_clauses():
    pairs = [("S1", "T1"), ("S1", "T2"), ("D2", "T2"), ("S1", "T1"), ("D2", "T1"), ("D2", "T2")]
    measures = coded(pairs, ["c1"] * 3 + ["c2"] * 3)
    cells = crosstab.association(measures, CODES, times=9)[0]
    themes, tools = measures["theme"].to_numpy(), measures["instrument"].to_numpy()
    both = [
        sum(t == "T1" and s == "S1" for t, s in zip([*a, *b], tools, strict=True))
        for a in itertools.permutations(themes[:3])
        for b in itertools.permutations(themes[3:])
    ]
    upper, lower = np.mean(np.array(both) >= 2), np.mean(np.array(both) <= 2)
    assert cells["expected"].iloc[0] == pytest.approx(np.mean(both))
    assert cells["p"].iloc[0] == pytest.approx(min(1, 2 * min(upper, lower)))


def test_what_the_layout_fixes_is_not_tested():
    # Each clause has one theme: nothing can move, whatever the whole table looks like.
    pairs = [("S1", "T1")] * 5 + [("D2", "T2")] * 5
    measures = coded(pairs, ["c1"] * 5 + ["c2"] * 5)
    cells, summary = crosstab.association(measures, CODES, times=99)
    assert cells[["p", "p_adjusted"]].isna().all(axis=None)
    assert summary[["free", "found"]].to_numpy().tolist() == [[0, 0]]
    cells, summary = crosstab.association(measures, CODES, within=None, times=999)
    assert cells["p"].to_numpy() == pytest.approx([2 / 252] * 4)
    assert summary["found"].tolist() == [4]
    # Nor what is not coded.
    cells, summary = crosstab.association(coded([(pd.NA, "T1"), ("S1", pd.NA)]), CODES, times=9)
    assert cells["n"].sum() == 0
    assert cells["p"].isna().all()
    assert summary["p"].isna().all()


def test_log_odds_of_the_published_formula():
    # (5, 3, 2) against (20, 40, 40), prior 10 × pooled share.
    found = APPENDIX.log_odds(pd.DataFrame([[5, 3, 2], [20, 40, 40]]))[:3]
    assert found["delta"].to_numpy() == pytest.approx([0.8113, -0.2302, -0.4786], abs=5e-5)
    assert found["z"].to_numpy() == pytest.approx([1.8995, -0.5624, -1.0847], abs=5e-5)
    # An area without measures has no log-odds and disturbs nobody.
    two, three = (APPENDIX.log_odds(pd.DataFrame([[5, 3], [2, 4], [0, 0]][:n])) for n in (2, 3))
    assert three[4:]["z"].isna().all()
    assert three[:4]["z"].to_numpy() == pytest.approx(two["z"].to_numpy())


# PMC

#: X = 2/3, 3/4, 5/5, 1/2, 2/4, 3/3, 3/5, 3/4, 1/2.
VECTOR = [[1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 1], [1, 1, 0, 0], [1, 1, 1],
          [1, 0, 0, 1, 1], [1, 1, 0, 1], [1, 0]]  # fmt: skip
GRADES = PLAN.table("pmc_grades")


def scored(vector):
    cells = {f"X{t}.{j}": v for t, row in enumerate(vector, 1) for j, v in enumerate(row, 1)}
    return pd.DataFrame(cells, index=["plan"], dtype="float64")


def test_the_vector_worked_by_hand_is_called_two_things_by_two_schemes():
    x = APPENDIX.variables(scored(VECTOR))
    assert x.round(3).values.tolist() == [[0.667, 0.75, 1, 0.5, 0.5, 1, 0.6, 0.75, 0.5]]
    total = APPENDIX.index(x).iloc[0]
    assert total.round(3).to_dict() == {"m": 9, "pmc": 6.267, "pmc_m": 0.696}
    # PMC/m is the PIE-index of the same author: its nine printed main variables have the mean .6.
    assert APPENDIX.index(x * 0 + 0.6)["pmc_m"].iloc[0] == pytest.approx(0.6)
    # .7 × 9 = 6.3 > 6.267; 6 < 6.267
    assert APPENDIX.grade(total["pmc"], 9, GRADES, "m9_share")["label_en"] == "acceptable"
    assert APPENDIX.grade(total["pmc"], 9, GRADES, "m9_integer")["label_en"] == "excellent"


def test_bounds_belong_to_the_grade_above_and_a_wrong_scheme_or_value_is_refused():
    known = {
        ("ruiz2011", 10, 0): "low", ("ruiz2011", 10, 4.99): "low",
        ("ruiz2011", 10, 5): "acceptable", ("ruiz2011", 10, 10): "perfect",
        ("pie_bands", 1, 0.29): "poor", ("pie_bands", 1, 0.3): "non-satisfactory",
        ("pie_bands", 1, 0.9): "excellent", ("m9_share", 9, 8.1): "perfect",
    }  # fmt: skip
    found = {case: APPENDIX.grade(case[2], case[1], GRADES, case[0])["label_en"] for case in known}
    assert found == known
    for value, m, scheme, said in (
        (5, 10, "ruiz2012", "nearest: ruiz2011"),
        (5, 9, "ruiz2011", "'ruiz2011' is for m = 10, not 9"),
        (10.1, 10, "ruiz2011", "does not lie between 0 and m"),
    ):
        refuses(lq.LaoquError, said, APPENDIX.grade, value, m, GRADES, scheme)
    # What is not scored counts neither way, and where nothing is scored there is no index.
    x = APPENDIX.variables(scored([[1, np.nan, 0], [np.nan], [1, 1]]))
    assert x.iloc[0, [0, 2]].tolist() == [0.5, 1.0]
    assert APPENDIX.index(x)[["pmc", "pmc_m"]].isna().all(axis=None)


# Co-words


def test_co_words_by_hand():
    # Six sentences in two clauses; a and b stand in 3 each, 2 of them together, all in c1 of four.
    table = pd.DataFrame({"a": [1, 1, 1, 0, 0, 0], "b": [1, 1, 0, 1, 0, 0], "rare": [1] + [0] * 5})
    found = crosstab.pairs(table, ["c1"] * 4 + ["c2"] * 2)
    assert found[["term_a", "term_b"]].values.tolist() == [["a", "b"]]
    row = found.iloc[0]
    assert (row["together"], row["clauses"]) == (2, 1)
    assert row["association"] == pytest.approx(2 * 6 / 9)
    # Of 6 sentences: C ≥ 2 in (3·3 + 1) of 20. Of the 4 of c1, three each: always 2 or 3.
    assert row["p"] == pytest.approx(10 / 20)
    assert row["p_within"] == pytest.approx(1)
    # A link needs all three together: 1 of 20, and within the clause 1 of 4.
    assert (row["by_chance"], row["by_layout"]) == pytest.approx((1 / 20, 1 / 4))
    few = pd.DataFrame({"a": [1, 0], "b": [0, 1]})
    assert crosstab.pairs(few, ["c1", "c2"]).empty


def test_the_layout_explains_most_links_of_the_plan(plan):
    sentences = plan.sentences()
    tokens = plan.table("tokens")
    table = pd.crosstab(tokens["unit_id"], tokens["concept"]).clip(upper=1)
    table = table.reindex(sentences["unit_id"], fill_value=0)
    found = crosstab.pairs(table, sentences["clause_id"])
    links = found["link"].sum()
    # As published: chance gives about ten links, the layout about 21 of the 29.
    assert found["by_chance"].sum() < found["by_layout"].sum() < links
    assert found["by_layout"].sum() > links / 2
    assert (found["p"] <= found["p_within"] + 1e-9)[found["link"]].all()
    assert found["p_adjusted"].to_numpy() == pytest.approx(false_discovery_control(found["p"]))
