"""Cross tables: known answers, small tables by hand, what stands alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laoqu.analysis import crosstab

TOOLS, THEMES = ["S1", "E3", "D2"], ["T1", "T2"]
CODES = {"instrument": TOOLS, "theme": THEMES}


def coded(pairs, clauses=None):
    frame = pd.DataFrame(pairs, columns=["instrument", "theme"])
    return frame.assign(clause_id=clauses or ["c1"] * len(frame))


def test_cramers_v_of_the_methods_note():
    # Documented: a = n mod 10, b = n mod 4, n = 0 … 149 gives .57980883, corrected .53051128.
    n = np.arange(150)
    plain, corrected = crosstab.cramers_v(pd.crosstab(n % 10, n % 4).to_numpy())
    assert plain == pytest.approx(0.57980883, abs=5e-9)
    assert corrected == pytest.approx(0.53051128, abs=5e-9)


def test_cramers_v_is_undefined_with_one_row():
    assert np.isnan(crosstab.cramers_v(np.array([[3, 2], [0, 0]]))).all()


def test_expected_counts_and_residuals_by_hand():
    # S1: 3 of T1, 1 of T2; D2: 1 and 3. e = 4 · 4 / 8 = 2 everywhere;
    # z = (3 - 2) / sqrt(2 · 1/2 · 1/2) = sqrt 2. χ² = 4 · 1/2 = 2, df = 1, V = sqrt(2/8) = 1/2.
    pairs = [("S1", "T1")] * 3 + [("S1", "T2"), ("D2", "T1")] + [("D2", "T2")] * 3
    cells, summary = crosstab.association(coded(pairs), CODES, ["E3"], draws=999)
    used = cells[~cells["structural"]]
    assert used["n"].tolist() == [3, 1, 1, 3]
    assert used["expected"].tolist() == [2] * 4
    assert used["residual"].to_numpy() == pytest.approx(np.sqrt(2) * np.array([1, -1, -1, 1]))
    row = summary.iloc[0]
    assert (row["chi2"], row["df"], row["v"]) == pytest.approx((2, 1, 0.5))
    # By shuffling, the first cell is 4, 3, 2, 1, 0 in 1, 16, 36, 16, 1 of 70 cases: χ² ≥ 2 in 34.
    exact = 34 / 70
    assert abs(row["p"] - exact) < 4 * np.sqrt(exact * (1 - exact) / 999)


def test_a_structural_zero_is_in_no_test():
    pairs = [("S1", "T1")] * 3 + [("D2", "T2")] * 3
    with_it, summary = crosstab.association(coded(pairs), CODES, ["E3"], draws=99)
    absent = with_it[with_it["structural"]]
    assert absent["instrument"].tolist() == ["E3", "E3"]
    assert absent["n"].tolist() == [0, 0]
    assert absent[["residual", "p", "p_adjusted"]].isna().all(axis=None)
    without = {"instrument": ["S1", "D2"], "theme": THEMES}
    rest, other = crosstab.association(coded(pairs), without, draws=99)
    pd.testing.assert_frame_equal(summary, other)
    shown = with_it[~with_it["structural"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(shown, rest)
    assert summary["df"].tolist() == [1]


def test_within_clauses_what_the_layout_fixes_is_not_tested():
    # Each clause has one theme: nothing can move, whatever the whole table looks like.
    pairs = [("S1", "T1")] * 5 + [("D2", "T2")] * 5
    measures = coded(pairs, ["c1"] * 5 + ["c2"] * 5)
    inside = crosstab.association(measures, CODES, draws=99)
    assert not inside.cells["free"].any()
    assert inside.cells["p"].isna().all()
    assert inside.summary[["p", "found"]].to_numpy().tolist() == [[1.0, 0]]
    everywhere = crosstab.association(measures, CODES, within=None, draws=999)
    # 1 of 252 arrangements is as far out on each side.
    assert everywhere.summary["p"].iloc[0] < 0.05


def split_by_clause():
    """S1 and T1 are both common in clause c1, and within it S1 avoids T1: two opposite signs."""
    c1 = [("S1", "T1")] * 8 + [("S1", "T2")] * 4 + [("D2", "T1")] * 6
    return coded(c1 + [("D2", "T2")] * 20, ["c1"] * 18 + ["c2"] * 20)


def test_a_cell_may_be_over_the_whole_and_under_within_clauses():
    measures = split_by_clause()
    everywhere = crosstab.association(measures, CODES, within=None, draws=99)
    inside = crosstab.association(measures, CODES, draws=999)
    first = everywhere.cells.iloc[0], inside.cells.iloc[0]
    # The whole: 12 · 14 / 38 = 4.42 below 8. Within: 12 · 14 / 18 + 0 · 0 / 20 = 9.33 above 8.
    assert first[0]["expected"] == first[0]["shuffled"] == pytest.approx(12 * 14 / 38)
    assert first[0]["residual"] > 0
    assert first[1]["residual"] == first[0]["residual"]
    assert first[1]["shuffled"] == pytest.approx(12 * 14 / 18)
    assert first[1]["n"] < first[1]["shuffled"]


def test_what_shuffles_give_on_average_is_what_they_give(plan):
    measures = split_by_clause()
    for within in (None, "clause_id"):
        cells = crosstab.association(measures, CODES, within=within, draws=9).cells
        drawn = crosstab._shuffled(measures, CODES, within, 4000, seed=1)
        # At most 3 of a count's standard deviation (below 2) / √4000, four times: 0.13.
        assert cells["shuffled"].to_numpy() == pytest.approx(drawn.mean(axis=0), abs=0.13)


def test_p_points_to_the_side_of_its_own_expectation(plan):
    measures, codebook = plan.measures(), plan.codebook()
    codes = {
        name: codebook.loc[codebook["variable"] == name, "code"].tolist()
        for name in ("instrument", "theme")
    }
    cells = crosstab.association(measures, codes, draws=1999).cells
    drawn = crosstab._shuffled(measures, codes, "clause_id", 1999, seed=crosstab.resample.SEED)
    found = cells["p"] < 0.05
    assert found.sum() >= 8
    n = cells["n"].to_numpy()
    over = (drawn >= n).mean(axis=0) < (drawn <= n).mean(axis=0)
    assert ((n > cells["shuffled"]) == over)[found].all()


def test_counts_keep_zeros_and_leave_out_what_is_not_coded():
    measures = coded([("S1", "T1"), ("S1", pd.NA), ("D2", "T1")]).assign(scope=["x", "x", None])
    three = crosstab.counts(measures, {**CODES, "scope": ["x", "y"]})
    assert len(three) == 3 * 2 * 2
    assert three["n"].sum() == 1
    assert crosstab.association(measures, CODES, draws=9).summary["n"].tolist() == [2]


def test_no_coded_measure_gives_an_empty_table_and_no_number():
    measures = coded([(pd.NA, "T1"), ("S1", pd.NA)])
    cells, summary = crosstab.association(measures, CODES, draws=9)
    assert cells["n"].sum() == 0
    assert cells[["residual", "p"]].isna().all(axis=None)
    assert summary["n"].tolist() == [0]
    assert summary[["v", "v_corrected"]].isna().all(axis=None)


def goals(rows):
    """Rows of (sentence, instrument, theme, has a purpose)."""
    frame = pd.DataFrame(rows, columns=["unit_id", "instrument", "theme", "aim"])
    frame["measure_id"] = [f"m{i}" for i in range(len(frame))]
    frame["target_start"] = frame["aim"].map({True: 1, False: pd.NA}).astype("Int64")
    frame["instrument_class"] = frame["instrument"].str[0]
    frame["start"] = range(len(frame))
    return frame.assign(end=frame["start"] + 1, quote="…", clause_id=frame["unit_id"])


def test_orphans_by_hand():
    measures = goals(
        [("s1", "S1", "T1", False), ("s1", "E1", "T1", True), ("s2", "D2", "T2", False),
         ("s3", "X0", "T2", False), ("s4", pd.NA, "T1", False)]
    )  # fmt: skip
    sentences = pd.DataFrame({"unit_id": ["s1", "s2", "s3", "s4"], "text": list("abcd")})
    found = crosstab.orphans(measures, sentences)
    # m0 shares the purpose of its sentence; m4 is not coded.
    assert found[["measure_id", "kind", "sentence"]].to_numpy().tolist() == [
        ["m2", "instrument", "b"], ["m3", "goal", "c"]
    ]  # fmt: skip


def test_coverage_and_fit_by_hand():
    measures = goals(
        [("s1", "S1", "T1", True), ("s2", "S1", "T1", False), ("s3", "E1", "T2", False),
         ("s4", "D2", "T2", False), ("s5", "X0", "T2", False)]
    )  # fmt: skip
    table = crosstab.coverage(measures, ["T1", "T2", "T3"]).set_index("theme")
    assert table["goals"].tolist() == [1, 1, 0]
    assert table["instruments"].tolist() == [2, 2, 0]
    assert table[["S", "E", "D"]].to_numpy().tolist() == [[2, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert table["classes"].tolist() == [1, 2, 0]
    # Goals 1/2, 1/2 and instruments 1/2, 1/2: the same emphasis.
    assert crosstab.fit(measures, draws=20)["fit"].iloc[0] == pytest.approx(1)
    # Without the declaring measure, goals are all of T1: 1 - (|1 - 1/2| + |0 - 1/2|) / 2 = 1/2.
    assert crosstab.fit(measures[:4], draws=20)["fit"].iloc[0] == pytest.approx(0.5)


@st.composite
def tables(draw):
    n = draw(st.integers(2, 12))
    tools = draw(st.lists(st.sampled_from([*TOOLS, None]), min_size=n, max_size=n))
    themes = draw(st.lists(st.sampled_from([*THEMES, None]), min_size=n, max_size=n))
    clauses = draw(st.lists(st.sampled_from(["c1", "c2"]), min_size=n, max_size=n))
    return coded(list(zip(tools, themes, strict=True)), clauses)


@settings(max_examples=40, deadline=None)
@given(tables())
def test_margins_hold_and_p_is_a_probability(measures):
    cells, summary = crosstab.association(measures, CODES, draws=19)
    n = summary["n"].iloc[0]
    assert cells["n"].sum() == n == len(measures.dropna())
    for name, total in (("instrument", "row_total"), ("theme", "column_total")):
        assert (cells.groupby(name)["n"].sum() == cells.groupby(name)[total].first()).all()
    p = cells[["p", "p_adjusted"]].stack().dropna()
    assert p.between(1 / 20, 1).all()
    # A shuffle keeps both margins.
    assert cells["shuffled"].sum() == pytest.approx(n)


def test_the_same_seed_gives_the_same_and_another_does_not(plan):
    measures = plan.measures()
    codes = {v: plan.codebook(v)["code"].tolist() for v in ("instrument", "theme")}
    one, two = (crosstab.association(measures, codes, draws=99, seed=3) for _ in range(2))
    assert one.cells.to_csv() == two.cells.to_csv()
    other = crosstab.association(measures, codes, draws=99, seed=4)
    assert one.cells.to_csv() != other.cells.to_csv()


def test_the_plan_has_two_structural_zeros_and_says_what_was_searched(plan):
    zeros = crosstab.structural_zeros(plan.codebook(), "instrument")
    assert zeros["code"].tolist() == ["D1", "E3"]
    assert all(not len(plan.find(words)) for words in zeros["structural_zero"].str.split("|")[0])


def test_every_orphan_can_be_read_in_the_plan(plan):
    found = crosstab.orphans(plan.measures(), plan.sentences())
    text = plan.document.canonical
    assert all(text[row.start : row.end] == row.quote for row in found.itertuples())
    assert all(row.quote in row.sentence for row in found.itertuples())
    assert found["kind"].value_counts().to_dict() == {"instrument": 167, "goal": 4}
