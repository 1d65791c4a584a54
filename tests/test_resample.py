"""Weights and intervals that every analysis of areas rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu.analysis.resample import clause_draws, enough, intervals, rank_intervals, rankable
from laoqu.analysis.weights import RULES, weights

REACH = ("named", "place", "class", "everyone", "conditional")


@st.composite
def reaches(draw):
    """Measures m0…, areas a…d; any pair may be reached in any way, none twice."""
    pairs = [(f"m{i}", region) for i in range(5) for region in "abcd"]
    how = draw(st.lists(st.sampled_from((None, *REACH)), min_size=20, max_size=20))
    rows = [(m, r, h) for (m, r), h in zip(pairs, how, strict=True) if h]
    return pd.DataFrame(rows, columns=["measure_id", "region_id", "reach"])


MEASURES, AREAS = [f"m{i}" for i in range(5)], list("abcd")


@settings(deadline=None)
@given(reaches())
def test_fractional_weights_of_a_measure_sum_to_one_or_reach_nobody(reach):
    for rule in ("fractional", "named_fractional"):
        total = weights(reach, MEASURES, AREAS, rule).sum(axis=1)
        assert np.allclose(total, 1) or set(total.round(9)) <= {0.0, 1.0}


@settings(deadline=None)
@given(reaches())
def test_named_is_never_more_than_full(reach):
    full, named = (weights(reach, MEASURES, AREAS, rule) for rule in ("full", "named"))
    assert (named <= full).all(axis=None)


@settings(deadline=None)
@given(reaches())
def test_a_universal_measure_never_changes_the_named_rules(reach):
    more = pd.DataFrame({"measure_id": "new", "region_id": AREAS, "reach": "everyone"})
    longer = pd.concat([reach, more], ignore_index=True)
    for rule in ("named", "named_fractional"):
        after = weights(longer, [*MEASURES, "new"], AREAS, rule)
        assert after.sum().equals(weights(reach, MEASURES, AREAS, rule).sum())


@settings(deadline=None)
@given(reaches(), st.permutations(AREAS))
def test_relabelling_areas_permutes_the_weights(reach, order):
    renamed = dict(zip(AREAS, order, strict=True))
    other = reach.assign(region_id=reach["region_id"].map(renamed))
    for rule in RULES:
        here, there = weights(reach, MEASURES, AREAS, rule), weights(other, MEASURES, AREAS, rule)
        assert np.allclose(here.to_numpy(), there[[renamed[r] for r in AREAS]].to_numpy())


def test_an_unknown_rule_is_refused():
    with pytest.raises(lq.UnknownId, match="named_fractional"):
        weights(pd.DataFrame(columns=["measure_id", "region_id", "reach"]), [], [], "nmed")


def test_clauses_are_drawn_whole_and_the_same_seed_draws_the_same():
    draws = clause_draws(["c1", "c1", "c2", "c3"], draws=200, seed=5)
    assert (draws[:, 0] == draws[:, 1]).all()
    # Three clauses are drawn three times in every draw: the rows of one count once here.
    assert (draws[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert (draws == clause_draws(["c1", "c1", "c2", "c3"], draws=200, seed=5)).all()
    assert (draws != clause_draws(["c1", "c1", "c2", "c3"], draws=200, seed=6)).any()


def test_intervals_leave_out_undefined_draws_and_say_so_when_none_is_defined():
    found = intervals(np.array([[0.0, np.nan], [10.0, np.nan], [np.nan, np.nan]]), level=1.0)
    assert found[:, 0].tolist() == [0.0, 10.0]
    assert np.isnan(found[:, 1]).all()


def test_ranks_are_intervals_and_ties_stay_open():
    # a is always first; b and c change places; d is always last.
    samples = np.array([[9.0, 5.0, 4.0, 0.0], [9.0, 4.0, 5.0, 0.0]] * 50)
    assert rank_intervals(samples).tolist() == [[1, 2, 2, 4], [1, 3, 3, 4]]
    assert rank_intervals(np.zeros((3, 4))).tolist() == [[1] * 4, [4] * 4]


def test_areas_with_few_rows_are_not_ordered():
    two = pd.Series([2, 2])
    assert rankable(pd.Series([5, 9]), two)
    assert not rankable(pd.Series([4, 9]), two)
    assert not rankable(pd.Series(dtype="int64"), pd.Series(dtype="int64"))


def test_areas_of_one_clause_are_not_ordered():
    assert not rankable(pd.Series([5, 9]), pd.Series([1, 2]))
    assert enough(np.array([5, 5, 4]), np.array([2, 1, 2])).tolist() == [True, False, False]


def test_what_a_measure_names_does_not_depend_on_whose_report_asks():
    """c09.s03.m3 names places of its own: an area named only in m2 is not carried over to it."""
    plan = lq.load()
    near = plan.measure_reach()
    for region_id in plan.region_ids:
        mine = plan.measures(region_id).set_index("measure_id")["reach"]
        here = near[near["region_id"] == region_id].set_index("measure_id")["reach"]
        assert mine.sort_index().to_dict() == here.sort_index().to_dict()
    assert not near.duplicated(["measure_id", "region_id"]).any()


def test_a_share_does_not_depend_on_which_areas_are_asked_for():
    # m1 reaches a and b: half of it is a's, whether or not b has a column.
    reach = pd.DataFrame({"measure_id": ["m1", "m1"], "region_id": ["a", "b"], "reach": "named"})
    for rule in ("fractional", "named_fractional"):
        assert weights(reach, ["m1"], ["a", "b"], rule).loc["m1", "a"] == 0.5
        assert weights(reach, ["m1"], ["a"], rule).loc["m1", "a"] == 0.5
