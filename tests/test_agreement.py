"""Agreement: published and recomputed values, properties, and what is undefined."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoqu.analysis import resample
from laoqu.analysis.agreement import agreement, by_category, by_variable

NA = np.nan
#: Krippendorff's example of four coders and twelve units, with gaps.
K412 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
]


def values(*codings, **kwargs):
    kwargs.setdefault("draws", 0)
    table = agreement(*[pd.Series(c) for c in codings], **kwargs)
    return table.set_index("statistic")["value"].to_dict()


def confusion(table):
    """Two coders from a square table of counts."""
    a, b = [], []
    for i, row in enumerate(table):
        for j, n in enumerate(row):
            a += [i] * n
            b += [j] * n
    return a, b


def test_krippendorff_four_coders_twelve_units():
    nominal, ordinal = values(*K412), values(*K412, scale="ordinal")
    assert nominal["alpha_nominal"] == pytest.approx(0.743, abs=5e-4)
    assert ordinal["alpha_ordinal"] == pytest.approx(0.815, abs=5e-4)
    assert nominal["ac1"] == pytest.approx(0.77544, abs=5e-6)


def test_krippendorff_two_coders_binary():
    a, b = [int(c) for c in "0100000010"], [int(c) for c in "1110010000"]
    assert values(a, b)["alpha_nominal"] == pytest.approx(0.095, abs=5e-4)


def test_cohen_kappa_of_the_common_example():
    assert values(*confusion([[20, 5], [10, 15]]))["kappa"] == pytest.approx(0.4)


def test_rare_codes_collapse_kappa_but_not_ac1():
    a, b = confusion([[90, 5], [5, 0]])
    found = values(a, b)
    assert found["percent"] == pytest.approx(0.90)
    assert found["kappa"] == pytest.approx(-0.053, abs=5e-4)
    assert found["ac1"] == pytest.approx(0.8895, abs=5e-5)
    assert values(a, b, categories=[0, 1, 2, 3, 4])["ac1"] == pytest.approx(0.8976, abs=5e-5)


def test_fleiss_ten_subjects_fourteen_raters():
    counts = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    units = [[k for k, n in enumerate(row) for _ in range(n)] for row in counts]
    assert values(*zip(*units, strict=True))["fleiss"] == pytest.approx(0.210, abs=5e-4)


def test_holsti_and_its_step_up():
    # 82 of 100 agree: K = .82; stepped up with two coders .901.
    found = values([0] * 100, [0] * 82 + [1] * 18)
    assert found["holsti"] == pytest.approx(0.82)
    assert found["holsti_stepped"] == pytest.approx(0.901, abs=5e-4)
    assert values([0] * 100, [0] * 82 + [1] * 18, [0] * 82 + [1] * 18)["holsti"] == pytest.approx(
        (0.82 + 0.82 + 1) / 3
    )


def test_quadratic_weights_by_hand():
    # Codes 1, 3 against 1, 2: o = 1/4·½ (distance ½ once in two); e by the margins:
    # pairs (1,1) (1,2) (3,1) (3,2) at ¼ each weigh 0, ¼, 1, ¼ → 0.375; κ = 1 − .125/.375.
    found = values([1, 3], [1, 2], scale="ordinal")
    assert found["kappa_quadratic"] == pytest.approx(1 - 0.125 / 0.375)


@pytest.mark.parametrize(
    ("codings", "note"),
    [
        (([1, 1, 1], [1, 1, 1]), "undefined: no variation"),
        (([1, NA, 2], [NA, 1, NA]), "undefined: no unit has two codes"),
        (([1, 2, 1],), "undefined: a single coder"),
    ],
    ids=["no-variation", "disjoint", "single"],
)
def test_degenerate_cases_are_undefined_with_the_reason(codings, note):
    table = agreement(*[pd.Series(c) for c in codings], draws=50).set_index("statistic")
    assert np.isnan(table.loc["alpha_nominal", "value"])
    assert table.loc["alpha_nominal", "note"] == note
    assert table.loc["alpha_nominal", ["low", "high"]].isna().all()


def test_no_variation_still_has_a_percentage():
    assert values([1, 1], [1, 1])["percent"] == 1


def test_missing_codes_cost_nothing_but_themselves():
    a, b = [1, 2, 1, 2, 1], [1, 2, 2, 2, NA]
    full = values(a[:4], b[:4])
    assert values(a, b)["alpha_nominal"] == pytest.approx(full["alpha_nominal"])
    assert values(a, b)["holsti"] == pytest.approx(2 * 3 / 9)


def test_units_are_matched_by_their_index():
    a = pd.Series([1, 2, 2], index=["x", "y", "z"])
    b = pd.Series([2, 1, 2], index=["z", "x", "y"])
    assert values(a, b)["percent"] == 1


def test_intervals_are_seeded_and_clustered():
    rng = np.random.default_rng(1)
    a = pd.Series(rng.integers(0, 3, 60))
    b = a.where(rng.random(60) > 0.2, 0)
    cluster = pd.Series(np.repeat(range(6), 10))
    one = agreement(a, b, cluster=cluster, draws=200)
    pd.testing.assert_frame_equal(one, agreement(a, b, cluster=cluster, draws=200))
    two = agreement(a, b, draws=200)
    assert not one["low"].equals(two["low"])
    inside = one.dropna(subset=["low"])
    assert (inside["low"] <= inside["value"]).all()
    assert (inside["value"] <= inside["high"]).all()
    with pytest.raises(ValueError, match="no cluster is given for"):
        agreement(a, b, cluster=cluster.iloc[:5], draws=1)


def test_undefined_draws_are_counted():
    a = pd.Series([0] * 19 + [1])
    table = agreement(a, a, draws=300).set_index("statistic")
    assert 30 < table.loc["alpha_nominal", "undefined_draws"] < 200
    assert table.loc["percent", "undefined_draws"] == 0


def test_by_category_worked_by_hand():
    # Category x: used 2 / 1, both agree on it once.
    table = by_category(pd.Series(list("xxyy")), pd.Series(list("xyyy"))).set_index("category")
    assert table.loc["x", "used"] == "2 / 1"
    assert table.loc["x", "both"] == 1
    assert table.loc["y", "both"] == 2
    assert table.loc["x", "alpha"] == pytest.approx(table.loc["y", "alpha"])
    none = by_category(pd.Series(list("xx")), pd.Series(list("xx")), categories=["z"])
    assert none.set_index("category").loc["z", "note"] == "undefined: no variation"


def test_what_a_coder_left_out_is_no_agreement():
    # Of four units the first is coded by both, the second by one, the others by nobody.
    a, b = pd.Series(["x", "x", None, None]), pd.Series(["x", None, None, None])
    table = by_category(a, b).set_index("category")
    assert table.loc["x", ["used", "both"]].tolist() == ["2 / 1", 1]


def test_a_wrong_scale_is_refused():
    with pytest.raises(ValueError, match="expected 'nominal' or 'ordinal'"):
        agreement(pd.Series([1]), pd.Series([1]), scale="interval")


codes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(codes)
@settings(max_examples=60, deadline=None)
def test_statistics_do_not_depend_on_the_order_of_coders_or_on_names(pairs):
    a, b = zip(*pairs, strict=True)
    there, back = values(a, b), values(b, a)
    renamed = values([f"k{v}" for v in a], [f"k{v}" for v in b])
    for name, value in there.items():
        assert back[name] == pytest.approx(value, nan_ok=True)
        assert renamed[name] == pytest.approx(value, nan_ok=True)
        assert np.isnan(value) or value <= 1 + 1e-9


def test_draws_and_seed_are_those_of_the_collection():
    """docs/methods.md: 2,000 resamples; one seed for everything that is drawn."""
    for function in (agreement, by_variable):
        taken = inspect.signature(function).parameters
        assert (taken["draws"].default, taken["seed"].default) == (2 * resample.DRAWS, 2021)
    assert 2 * resample.DRAWS == 2000 and resample.SEED == 2021
