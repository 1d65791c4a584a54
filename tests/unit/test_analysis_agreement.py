"""Agreement: published and recomputed values, properties, and what is undefined."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu.analysis.agreement import agreement, by_variable, masi, most_disagreement

NA = np.nan
#: Krippendorff's example of four coders and twelve units, with gaps (2011, example C).
K2011 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
]
#: Hayes and Krippendorff 2007, table 1: 40 articles, five observers, 0 to 3, . where not judged.
HAYES = (
    "112.2 1101. 2333. .00.0 000.0 000.0 102.1 1.20. 222.2 2111. .100. 0000. 1222. 33223 111.1 "
    "111.1 212.2 1233. 1101. 000.0 0011. 00.00 2333. 0000. 12.22 0111. 00010 1212. 1122. 112.2 "
    "110.0 2121. 22.22 3222. 222.2 223.2 222.2 22.12 2222. 111.1"
)
OBSERVERS = [
    [NA if c == "." else int(c) for c in judged] for judged in zip(*HAYES.split(), strict=True)
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
    nominal, ordinal = values(*K2011), values(*K2011, scale="ordinal")
    assert nominal["alpha_nominal"] == pytest.approx(0.743, abs=5e-4)
    assert ordinal["alpha_ordinal"] == pytest.approx(0.815, abs=5e-4)
    assert nominal["ac1"] == pytest.approx(0.77544, abs=5e-6)
    assert nominal["fleiss"] == pytest.approx(0.76117, abs=5e-6)


def test_hayes_forty_articles_five_observers():
    nominal, ordinal = values(*OBSERVERS), values(*OBSERVERS, scale="ordinal")
    assert nominal["alpha_nominal"] == pytest.approx(0.4765, abs=5e-5)
    assert ordinal["alpha_ordinal"] == pytest.approx(0.7598, abs=5e-5)
    assert nominal["fleiss"] == pytest.approx(0.470, abs=5e-4)
    assert ordinal["ac2"] == pytest.approx(0.803, abs=5e-4)


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


def test_weighted_statistics_by_hand():
    # Codes 1, 3 against 1, 2 of three categories. κ: o = (0 + 1)/4 of the largest distance on
    # average ½·¼; e: (1,1) (1,2) (3,1) (3,2) at ¼ weigh 0, ¼, 1, ¼: κ = 1 − .125/.375.
    found = values([1, 3], [1, 2], scale="ordinal")
    assert found["kappa_quadratic"] == pytest.approx(1 - 0.125 / 0.375)
    # AC2: weights 1, 2/3, 0 for distances 0, 1, 2. Observed (1 + 2/3)/2; shares ½, ¼, ¼;
    # Σw = 3 + 4 · 2/3 = 17/3; chance 17/3 / 6 · (¼ + 3/16 + 3/16).
    chance = 17 / 18 * 5 / 8
    assert found["ac2"] == pytest.approx((5 / 6 - chance) / (1 - chance))


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


def test_missing_codes_cost_nothing_but_themselves():
    a, b = [1, 2, 1, 2, 1], [1, 2, 2, 2, NA]
    full = values(a[:4], b[:4])
    assert values(a, b)["alpha_nominal"] == pytest.approx(full["alpha_nominal"])
    assert values(a, b)["holsti"] == pytest.approx(2 * 3 / 9)


def test_units_are_matched_by_their_index():
    a = pd.Series([1, 2, 2], index=["x", "y", "z"])
    b = pd.Series([2, 1, 2], index=["z", "x", "y"])
    assert values(a, b)["percent"] == 1


def test_ranges_are_seeded_and_clustered():
    rng = np.random.default_rng(1)
    a = pd.Series(rng.integers(0, 3, 60))
    b = a.where(rng.random(60) > 0.2, 0)
    cluster = pd.Series(np.repeat(range(6), 10))
    one = agreement(a, b, cluster=cluster, draws=100)
    pd.testing.assert_frame_equal(one, agreement(a, b, cluster=cluster, draws=100))
    assert not one["low"].equals(agreement(a, b, draws=100)["low"])
    inside = one.dropna(subset=["low"])
    assert (inside["low"] <= inside["value"]).all()
    assert (inside["value"] <= inside["high"]).all()
    with pytest.raises(ValueError, match="no cluster is given for"):
        agreement(a, b, cluster=cluster.iloc[:5], draws=1)


def test_a_single_clause_gives_no_range():
    a, b = pd.Series([0, 1, 1, 0]), pd.Series([0, 1, 0, 0])
    table = agreement(a, b, cluster=pd.Series(["c01"] * 4), draws=50).set_index("statistic")
    assert table.loc["percent", "value"] == 0.75
    assert table[["low", "high"]].isna().all(axis=None)
    assert table.loc["percent", "note"].endswith("one clause gives no range")


def test_undefined_draws_are_counted():
    a = pd.Series([0] * 18 + [1, 1])
    b = pd.Series([0] * 19 + [1])
    table = agreement(a, b, draws=300).set_index("statistic")
    assert 10 < table.loc["alpha_nominal", "undefined_draws"] < 150
    assert table.loc["percent", "undefined_draws"] == 0


def test_perfect_agreement_has_no_range_but_an_upper_bound():
    a = pd.Series([0] * 19 + [1])
    table = agreement(a, a, draws=50)
    assert table[["low", "high"]].isna().all(axis=None)
    # .95 = 1 − (1 − p)^n: 1.3 % of 223 units, 14.6 % of 19 clauses.
    assert most_disagreement(0, 223) == pytest.approx(1 - 0.05 ** (1 / 223))
    assert most_disagreement(0, 19) == pytest.approx(0.146, abs=5e-4)
    assert most_disagreement(3, 3) == 1
    assert np.isnan(most_disagreement(0, 0))


def test_masi_is_a_distance_of_sets():
    assert masi([], []) == 0
    assert masi(["x"], []) == 1
    assert masi("ab", "bc") == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi("ab", "abcd") == pytest.approx(1 - 1 / 2 * 2 / 3)


def test_masi_alpha_by_hand_and_without_variation():
    # Pairs (x, x), (∅, x): observed ½; pool x 3, ∅ 1: 2·3·1/(4·3) = ½; α = 0.
    a, b = pd.Series([("x",), ()]), pd.Series([("x",), ("x",)])
    empty = pd.Series([(), ()])
    assert agreement(a, b, scale="sets", draws=0)["value"].iloc[0] == pytest.approx(0)
    assert np.isnan(agreement(empty, empty, scale="sets", draws=0)["value"].iloc[0])
    # With a clause each its range is that of resampled pairs, of which some have no variation.
    more = agreement(a, b, scale="sets", draws=50)
    assert more[["low", "high"]].notna().all(axis=None)
    assert 0 < more["undefined_draws"].iloc[0] < 50


def test_both_passes_variable_by_variable():
    plan = lq.load()
    one, two = plan.codings("pass1"), plan.codings("pass2")
    found = by_variable(one, two, draws=20)
    more = found[found["statistic"] == "alpha_masi"].set_index("variable")
    assert set(more.index) == {"instrument_more", "theme_more", "beneficiary_more"}
    assert more["value"].between(0.5, 1).all()
    percent = found[found["statistic"] == "percent"].set_index("variable")
    pair = [frame.set_index("measure_id")["theme"] for frame in (one, two)]
    differ = int((pair[0] != pair[1].reindex(pair[0].index)).sum())
    expected = most_disagreement(differ, len(one))
    assert percent.loc["theme", "most_units"] == pytest.approx(expected)
    assert (percent["most_clauses"] >= percent["most_units"]).all()
    part = one.copy()
    part.loc[part.index[:100], ["theme"]] = pd.NA
    few = by_variable(part, two, draws=2).query("statistic == 'alpha_masi'").set_index("variable")
    assert few["n"].to_dict() == {
        **dict.fromkeys(few.index, len(one)),
        "theme_more": len(one) - 100,
    }
    skip = one.head(50)[["measure_id"]].assign(variable="theme")
    less = by_variable(one, two, skip=skip, draws=20)
    assert less.loc[less["variable"] == "theme", "n"].iloc[0] == len(one) - 50


def test_a_wrong_scale_or_a_unit_coded_twice_is_refused():
    with pytest.raises(ValueError, match="expected 'nominal', 'ordinal' or 'sets'"):
        agreement(pd.Series([1]), pd.Series([1]), scale="interval")
    with pytest.raises(ValueError, match="no unit twice"):
        agreement(pd.Series([1, 2], index=["a", "a"]), pd.Series([1]))


CODES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(CODES)
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
    for function in (agreement, by_variable):
        taken = inspect.signature(function).parameters
        assert (taken["draws"].default, taken["seed"].default) == (2000, 2021)
