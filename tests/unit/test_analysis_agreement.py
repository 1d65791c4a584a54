"""Agreement: published and recomputed values, properties, and what is undefined."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
OBSERVERS = zip(*HAYES.split(), strict=True)
OBSERVERS = [[NA if c == "." else int(c) for c in judged] for judged in OBSERVERS]
#: Fleiss's ten subjects and fourteen raters: how many gave each of five codes.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
RATERS = zip(*([k for k, n in enumerate(row) for _ in range(n)] for row in FLEISS), strict=True)
BINARY = [[int(c) for c in "0100000010"], [int(c) for c in "1110010000"]]


def values(*codings, **kwargs):
    table = agreement(*[pd.Series(c) for c in codings], **{"draws": 0, **kwargs})
    return table.set_index("statistic")["value"].to_dict()


def confusion(table):
    """Two coders from a square table of counts."""
    pairs = [(i, j) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    return list(zip(*pairs, strict=True))


#: A published value is a text: as many digits as it has must agree.
@pytest.mark.parametrize(
    ("codings", "scale", "known"),
    [
        (K2011, "nominal", {"alpha_nominal": "0.743", "ac1": "0.77544", "fleiss": "0.76117"}),
        (K2011, "ordinal", {"alpha_ordinal": "0.815"}),
        (OBSERVERS, "nominal", {"alpha_nominal": "0.4765", "fleiss": "0.470"}),
        (OBSERVERS, "ordinal", {"alpha_ordinal": "0.7598", "ac2": "0.803"}),
        (BINARY, "nominal", {"alpha_nominal": "0.095"}),
        ([*RATERS], "nominal", {"fleiss": "0.210"}),
        (confusion([[20, 5], [10, 15]]), "nominal", {"kappa": 0.4}),
        # Rare codes collapse κ but not AC1.
        (confusion([[90, 5], [5, 0]]), "nominal",
         {"percent": 0.9, "kappa": "-0.053", "ac1": "0.8895"}),
        # 82 of 100 agree: K = .82; stepped up with two coders .901.
        (confusion([[82, 18], [0, 0]]), "nominal", {"holsti": 0.82, "holsti_stepped": "0.901"}),
        # Codes 1, 3 against 1, 2 of three. κ: o = (0 + 1)/4 of the largest distance on average
        # ½·¼; e: (1,1) (1,2) (3,1) (3,2) at ¼ weigh 0, ¼, 1, ¼. AC2: weights 1, 2/3, 0 for
        # distances 0, 1, 2; observed 5/6, chance 17/3 / 6 · (¼ + 3/16 + 3/16).
        ([[1, 3], [1, 2]], "ordinal", {
            "kappa_quadratic": 1 - 0.125 / 0.375,
            "ac2": (5 / 6 - 17 / 18 * 5 / 8) / (1 - 17 / 18 * 5 / 8),
        }),
        # Missing codes cost nothing but themselves.
        ([[1, 2, 1, 2, 1], [1, 2, 2, 2, NA]], "nominal", {
            "alpha_nominal": values([1, 2, 1, 2], [1, 2, 2, 2])["alpha_nominal"], "holsti": 6 / 9,
        }),
        # Pairs (x, x), (∅, x): observed ½; pool x 3, ∅ 1: 2·3·1/(4·3) = ½; α = 0.
        ([[("x",), ()], [("x",), ("x",)]], "sets", {"alpha_masi": 0}),
    ],
)  # fmt: skip
def test_known_values(codings, scale, known):
    found = values(*codings, scale=scale)
    for name, value in known.items():
        digits = len(value.partition(".")[2]) if isinstance(value, str) else 12
        assert found[name] == pytest.approx(float(value), abs=0.5 * 10**-digits), name


def test_degenerate_cases_are_undefined_with_the_reason():
    for codings, scale, note in (
        (([1, 1, 1], [1, 1, 1]), "nominal", "undefined: no variation"),
        (([(), ()], [(), ()]), "sets", "undefined: no variation"),
        (([1, NA, 2], [NA, 1, NA]), "nominal", "undefined: no unit has two codes"),
        (([1, 2, 1],), "nominal", "undefined: no unit has two codes"),
    ):
        table = agreement(*[pd.Series(c) for c in codings], scale=scale, draws=50)
        row = table[table["statistic"].str.startswith("alpha")].iloc[0]
        assert row[["value", "low", "high"]].isna().all() and row["note"] == note


def test_units_are_matched_by_their_index():
    a = pd.Series([1, 2, 2], index=["x", "y", "z"])
    assert values(a, pd.Series([2, 1, 2], index=["z", "x", "y"]))["percent"] == 1


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
    # A single clause gives no range, and says so.
    single = agreement(a, b, cluster=cluster * 0, draws=50).set_index("statistic")
    assert single[["low", "high"]].isna().all(axis=None)
    assert single.loc["percent", "note"].endswith("one clause gives no range")
    # Nor does one beside clauses of which only one coder has codes.
    part = agreement(a, b.where(cluster == 2), cluster=cluster, draws=50).set_index("statistic")
    assert part[["low", "high"]].isna().all(axis=None) and part.loc["percent", "n"] == 10
    assert part.loc["percent", "note"].endswith("one clause gives no range")


def test_undefined_draws_are_counted():
    a, b = pd.Series([0] * 18 + [1, 1]), pd.Series([0] * 19 + [1])
    table = agreement(a, b, draws=300).set_index("statistic")
    assert 10 < table.loc["alpha_nominal", "undefined_draws"] < 150
    assert table.loc["percent", "undefined_draws"] == 0


def test_perfect_agreement_has_no_range_but_an_upper_bound():
    a = pd.Series([0] * 19 + [1])
    assert agreement(a, a, draws=50)[["low", "high"]].isna().all(axis=None)
    # .95 = 1 − (1 − p)^n: 1.3 % of 223 units, 14.6 % of 19.
    assert most_disagreement(0, 223) == pytest.approx(1 - 0.05 ** (1 / 223))
    assert most_disagreement(0, 19) == pytest.approx(0.146, abs=5e-4)
    assert most_disagreement(3, 3) == 1
    assert np.isnan(most_disagreement(0, 0))


def test_masi_is_a_distance_of_sets():
    assert masi([], []) == 0
    assert masi(["x"], []) == 1
    assert masi("ab", "bc") == pytest.approx(1 - 1 / 3 * 1 / 3)
    assert masi("ab", "abcd") == pytest.approx(1 - 1 / 2 * 2 / 3)


def test_both_passes_variable_by_variable(plan):
    one, two = plan.codings("pass1"), plan.codings("pass2")
    found = by_variable(one, two, draws=20)
    more = found[found["statistic"] == "alpha_masi"].set_index("variable")
    assert set(more.index) == {"instrument_more", "theme_more", "beneficiary_more"}
    assert more["value"].between(0.5, 1).all()
    percent = found[found["statistic"] == "percent"].set_index("variable")
    differ = (one.set_index("measure_id")["theme"] != two.set_index("measure_id")["theme"]).sum()
    expected = most_disagreement(int(differ), len(one))
    assert percent.loc["theme", "most_units"] == pytest.approx(expected)
    # Without a primary code further codes say nothing; cells can be left out.
    part = one.assign(theme=one["theme"].where(one.index >= 100))
    skip = one.head(50)[["measure_id"]].assign(variable="actor")
    few = by_variable(part, two, skip=skip, draws=2).drop_duplicates("variable")
    n = few.set_index("variable")["n"]
    assert n[["theme_more", "instrument_more", "actor"]].tolist() == [123, 223, 173]


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
