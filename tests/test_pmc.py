"""The PMC-index: its data cell by cell, the vector of the methods note, what must never happen."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import laoqu as lq
from laoqu.analysis import pmc
from laoqu.analysis.weights import weights
from laoqu.errors import ParameterError, UnknownId
from laoqu.figures import pmc as figures
from laoqu.figures import style
from laoqu.publication import pmc as publication

TABLE, SCORES, EVIDENCE, GRADES, CROSSWALK = (
    lq.load().table(f"pmc_{name}")
    for name in ("table", "scores", "evidence", "grades", "crosswalk")
)
#: Methods, section 5. X = 2/3, 3/4, 5/5, 1/2, 2/4, 3/3, 3/5, 3/4, 1/2.
VECTOR = [[1, 1, 0], [1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 1], [1, 1, 0, 0], [1, 1, 1],
          [1, 0, 0, 1, 1], [1, 1, 0, 1], [1, 0]]  # fmt: skip


def scored(vector, case="plan"):
    cells = {f"X{t}.{j}": v for t, row in enumerate(vector, 1) for j, v in enumerate(row, 1)}
    return pd.DataFrame(cells, index=[case], dtype="float64")


VECTORS = st.lists(
    st.lists(st.sampled_from([0, 1]), min_size=1, max_size=5), min_size=2, max_size=9
)


# data, row by row


@pytest.mark.parametrize(
    "row", list(SCORES.itertuples()), ids=lambda row: f"{row.sub_variable}-{row.coder}"
)
def test_every_score_rests_on_words_a_source_or_a_search(plan, row):
    shown = EVIDENCE[
        (EVIDENCE["sub_variable"] == row.sub_variable) & (EVIDENCE["coder"] == row.coder)
    ]
    assert row.score == (row.grade > 0)
    if row.score:
        assert row.source or len(shown)
        for each in shown.itertuples():
            assert plan.document.canonical[each.start : each.end] == each.quote
    else:
        assert shown.empty
        assert len(re.findall(row.searched, plan.document.canonical)) == row.hits
        assert row.reason or not row.hits


@pytest.mark.parametrize("row", list(TABLE.itertuples()), ids=lambda row: row.sub_variable)
def test_every_sub_variable_is_scored_by_each_coder(row):
    coders = SCORES.loc[SCORES["sub_variable"] == row.sub_variable, "coder"]
    assert coders.tolist() == ["pass1", "pass2", "adjudicated"]
    assert row.sub_variable.split(".")[0] == row.variable


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("scores", "X1.2,pass1,1,1,", "X1.2,pass1,1,0.7,", "a grade is 0, 0.5 or 1"),
        ("scores", "X1.2,pass1,1,1,", "X1.2,pass1,0,1,", "a grade is 0, 0.5 or 1"),
        ("scores", "X1.2,pass1,1,1,,,", "X1.2,pass1,1,1,监测,8,", "1 needs evidence or a source"),
        ("scores", "税,2,", "税,3,", "the text has 2 matches, the row says '3'"),
        ("scores", "税,2,", "税,,", "the text has 2 matches, the row says ''"),
        ("scores", "X7.5,pass1,0,0,税,2,", "X7.5,pass1,0,0,,,", "0 needs the strings searched for"),
        ("scores", "both stand in 综合保税区, the name of a zone", "", "need a reason"),
        ("scores", "X1.3,pass2,1,0.5,", "X1.3,pass2,0,0,", "0 needs the strings searched for"),
        ("scores", "X4.1,pass2,1,1,,,,\n", "", "X4.1 is not scored by pass2"),
        ("scores", "X4.1,pass2,", "X4.1,pass3,", "unknown value 'pass3'"),
        ("scores", "X4.1,pass2,", "X4.9,pass2,", "unknown code 'X4.9', not in pmc_table"),
        ("evidence", "X4.2,pass1,c14.s04,6310", "X4.2,pass1,c14.s04,6311", "expected '新增"),
        ("rulings", "X9.4,0.5,1,0.5,", "X9.4,0.5,1,1,", "X9.4 has the grades [0.5, 1.0, 0.5]"),
        ("crosswalk", "X3.5,theme,T18", "X3.5,theme,T99", "the codebook has no code 'T99'"),
        ("grades", "ruiz2011,10,0,", "ruiz2011,10,1,", "ruiz2011 must have one m, begin at 0"),
        ("grades", "ruiz2011,10,9,", "ruiz2011,9,9,", "ruiz2011 must have one m"),
        ("grades", "ruiz2011,10,9,", "ruiz2011,10,11,", "stay below m"),
        ("grades", "ruiz2011,10,7,", "ruiz2011,10,5,", "duplicate id 'ruiz2011, 5.0'"),
        ("grades", "m9_share,9,4.5,可接受", "m9_share,9,x,可接受", "expected a number"),
    ],
)  # fmt: skip
def test_a_score_without_ground_is_reported(damage, file, old, new, expected):
    found = damage(f"curated/pmc_{file}.csv", old, new)
    assert any(expected in line for line in found), found


def test_a_ruling_where_the_passes_agree_is_reported(damage):
    found = damage("curated/pmc_rulings.csv", "X9.4,", "X1.2,1,1,1,none\nX9.4,")
    assert any("a ruling for X1.2, on which the passes agree" in line for line in found)


# the index


def test_the_vector_of_the_methods_note():
    x = pmc.variables(scored(VECTOR))
    assert x.round(3).values.tolist() == [[0.667, 0.75, 1, 0.5, 0.5, 1, 0.6, 0.75, 0.5]]
    # 2/3 + 3/4 + 1 + 1/2 + 1/2 + 1 + 3/5 + 3/4 + 1/2 = 6.2667; / 9 = .6963; 9 − 6.2667 = 2.7333
    total = pmc.index(x).round(3).iloc[0]
    assert total.to_dict() == {"m": 9, "pmc": 6.267, "pmc_m": 0.696, "depression": 2.733}


def test_the_same_value_is_acceptable_under_one_scheme_and_excellent_under_the_other():
    value = pmc.index(pmc.variables(scored(VECTOR)))["pmc"].iloc[0]
    # .7 × 9 = 6.3 > 6.267; 6 < 6.267
    assert pmc.grade(value, 9, GRADES, "m9_share")["label_en"] == "acceptable"
    assert pmc.grade(value, 9, GRADES, "m9_integer")["label_en"] == "excellent"


@pytest.mark.parametrize(
    ("scheme", "m", "value", "label"),
    [
        ("ruiz2011", 10, 0, "low"), ("ruiz2011", 10, 4.99, "low"),
        ("ruiz2011", 10, 5, "acceptable"), ("ruiz2011", 10, 7, "good"),
        ("ruiz2011", 10, 9, "perfect"), ("ruiz2011", 10, 10, "perfect"),
        ("pie_bands", 1, 0.29, "poor"), ("pie_bands", 1, 0.3, "non-satisfactory"),
        ("pie_bands", 1, 0.9, "excellent"), ("m9_share", 9, 8.1, "perfect"),
    ],
)  # fmt: skip
def test_bounds_belong_to_the_grade_above(scheme, m, value, label):
    assert pmc.grade(value, m, GRADES, scheme)["label_en"] == label


def test_a_wrong_scheme_is_refused():
    with pytest.raises(UnknownId, match="nearest: ruiz2011"):
        pmc.grade(5, 10, GRADES, "ruiz2012")
    with pytest.raises(ParameterError, match="'ruiz2011' is for m = 10, not 9"):
        pmc.grade(5, 9, GRADES, "ruiz2011")
    gap = GRADES[(GRADES["scheme"] != "ruiz2011") | (GRADES["lower"] > 0)]
    with pytest.raises(ParameterError, match="must begin at 0"):
        pmc.grade(5, 10, gap, "ruiz2011")
    twice = pd.concat([GRADES, GRADES[GRADES["scheme"] == "ruiz2011"]])
    with pytest.raises(ParameterError, match="each bound once"):
        pmc.grade(5, 10, twice, "ruiz2011")
    for value in (-0.1, 10.1, np.nan):
        with pytest.raises(ParameterError, match="between 0 and m"):
            pmc.grade(value, 10, GRADES, "ruiz2011")
    with pytest.raises(ParameterError, match="'score' or 'grade'"):
        pmc.wide(SCORES, "points")


def test_the_plan_by_hand():
    # X1 5/6, X2 1/4, X3 to X6 1, X7 6/7, X8 1, X9 4/5, X10 1:
    # .83333 + .25 + 4 + .85714 + 1 + .8 + 1 = 8.74048
    x = pmc.variables(pmc.wide(SCORES))
    assert pmc.index(x).loc["adjudicated", "pmc"] == pytest.approx(5 / 6 + 1 / 4 + 6 / 7 + 0.8 + 6)
    # The passes agree on every score.
    assert pmc.index(x)["pmc"]["pass2"] == pmc.index(x)["pmc"]["pass1"]
    # Graded: X1 4.5/6, X5 6.5/7, X9 3.5/5.
    graded = pmc.variables(pmc.wide(SCORES, "grade")).loc["adjudicated"]
    assert graded[["X1", "X5", "X9"]].tolist() == pytest.approx([0.75, 6.5 / 7, 0.7])


def test_what_is_not_scored_is_left_out_and_never_counted_as_absent():
    frame = scored([[1, 0], [1, 1]])
    frame["X1.2"] = np.nan
    assert pmc.variables(frame).values.tolist() == [[1, 1]]
    frame["X1.1"] = np.nan
    assert np.isnan(pmc.index(pmc.variables(frame))["pmc"].iloc[0])


@settings(deadline=None)
@given(VECTORS)
def test_the_index_lies_between_0_and_m(vector):
    total = pmc.index(pmc.variables(scored(vector))).iloc[0]
    assert 0 <= total["pmc"] <= len(vector) == total["m"]
    assert total["pmc"] + total["depression"] == pytest.approx(len(vector))


@settings(deadline=None)
@given(VECTORS)
def test_dropping_a_variable_takes_its_value_and_nothing_else(vector):
    x = pmc.variables(scored(vector)).iloc[0]
    dropped = pmc.drop_one(x).set_index("without")["pmc"]
    assert np.allclose(dropped + x, x.sum())


@settings(deadline=None)
@given(VECTORS, st.randoms(use_true_random=False))
def test_the_order_of_sub_variables_changes_nothing(vector, random):
    mixed = [random.sample(row, len(row)) for row in vector]
    assert pmc.variables(scored(vector)).equals(pmc.variables(scored(mixed)))


@settings(deadline=None)
@given(VECTORS)
def test_equal_weights_give_the_plain_index(vector):
    x = pmc.variables(scored(vector))
    equal = np.full((1, len(vector)), 1 / len(vector))
    assert pmc.weighted(x, equal)[0] == pytest.approx(pmc.index(x)["pmc_m"].tolist())


def test_random_weights_sum_to_one_and_repeat():
    drawn = pmc.random_weights(4, draws=50)
    assert np.allclose(drawn.sum(axis=1), 1)
    assert (drawn == pmc.random_weights(4, draws=50)).all()
    assert (drawn != pmc.random_weights(4, draws=50, seed=1)).any()


def test_an_order_that_holds_in_every_variable_never_turns_round():
    x = pd.DataFrame({"X1": [1.0, 0.5, 0.0, 0.0], "X2": [1.0, 0.5, 1.0, 1.0]}, index=list("abcd"))
    turned = pmc.reversals(x, draws=400).set_index(["a", "b"])["reversed"]
    assert turned["a", "b"] == turned["a", "c"] == 0
    # b and c are tied: .5 and .5; so are c and d.
    assert np.isnan(turned["b", "c"])
    assert np.isnan(turned["c", "d"])
    # (.9, 0) against (0, .6): a wins where .9 w > .6 (1 − w), w > .4; w is uniform, so 40 % turn.
    x = pd.DataFrame({"X1": [0.9, 0.0], "X2": [0.0, 0.6]}, index=list("ab"))
    assert pmc.reversals(x, draws=4000)["reversed"].iloc[0] == pytest.approx(0.4, abs=0.03)


def test_the_surface_is_three_by_three_and_needs_nine():
    x = pmc.variables(scored(VECTOR)).iloc[0]
    assert pmc.surface(x).iloc[1].tolist() == [0.5, 0.5, 1]
    with pytest.raises(ParameterError, match="X9 is missing"):
        pmc.surface(x.drop("X9"))


def test_agreement_of_the_passes():
    found = pmc.agreed(SCORES, draws=20).set_index(["variable", "statistic"])["value"]
    assert found["all", "percent"] == 1
    assert found["all", "alpha_nominal"] == 1
    graded = pmc.agreed(SCORES, "grade", draws=20).set_index(["variable", "statistic"])["value"]
    # X9.4
    assert graded["all", "percent"] == pytest.approx(50 / 51)


# parts of the plan

MEASURES = pd.DataFrame(
    {"measure_id": ["m1", "m2", "m3"], "theme": ["T1", "T2", None], "flag": [True, False, False]}
)
CODES = pd.DataFrame(
    [["X1.1", "theme", "T1"], ["X1.2", "theme", "T2"], ["X1.2", "theme", "T3"],
     ["X2.1", "flag", "true"]],
    columns=["sub_variable", "variable", "code"],
)  # fmt: skip
PARTS = pd.DataFrame(
    {"a": [1, 0, 0], "b": [0.5, 0.5, 0], "c": [0, 1, 1], "none": [0, 0, 0]},
    index=["m1", "m2", "m3"],
)


def test_presence_by_hand():
    found = pmc.presence(MEASURES, CODES, PARTS)
    assert found.loc["a"].tolist() == [1, 0, 1]
    assert found.loc["b"].tolist() == [1, 1, 1]
    # m3 has no theme: whether X1.1 is in c is unknown, X1.2 is there by m2.
    assert np.isnan(found.loc["c", "X1.1"])
    assert found.loc["c", ["X1.2", "X2.1"]].tolist() == [1, 0]
    assert found.loc["none"].tolist() == [0, 0, 0]
    assert pmc.variables(found).loc["c"].tolist() == [1, 0]


def test_a_draw_of_all_measures_is_the_plan_and_of_none_is_nothing():
    whole = pd.DataFrame({"all": [1, 1, 1], "none": [0, 0, 0]}, index=PARTS.index)
    found = pmc.chance(MEASURES.assign(theme=["T1", "T2", "T2"]), CODES, whole, draws=30)
    assert found.loc["all"].tolist() == [3, 1, 1, 1]
    assert found.loc["none"].tolist() == [0, 0, 0, 0]


def areas(plan):
    measures = plan.measures()
    named = weights(plan.measure_reach(), measures["measure_id"], plan.region_ids, "named")
    return measures, named


def test_the_crosswalk_finds_in_the_whole_plan_what_the_scores_say(plan):
    measures = plan.measures()
    whole = pd.DataFrame({"plan": 1}, index=measures["measure_id"])
    found = pmc.presence(measures, CROSSWALK, whole).loc["plan"]
    assert found.eq(pmc.wide(SCORES).loc["adjudicated", found.index]).all()
    assert set(found.index.str.partition(".").get_level_values(0)) == {
        "X3", "X4", "X5", "X6", "X7", "X9"
    }  # fmt: skip


def test_relabelling_areas_permutes_results_and_the_seed_repeats_them(plan):
    measures, named = areas(plan)
    drawn = pmc.chance(measures, CROSSWALK, named, draws=40)
    turned = pmc.chance(measures, CROSSWALK, named[named.columns[::-1]], draws=40)
    assert drawn.equals(turned.loc[drawn.index])
    assert (drawn["n"] == (named > 0).sum()).all()


# figures and tables


@pytest.fixture(scope="module")
def drawn():
    plan = lq.load()
    measures, named = areas(plan)
    x = pmc.variables(pmc.presence(measures, CROSSWALK, named))
    by_chance = pmc.chance(measures, CROSSWALK, named, draws=100)

    def draw(name, lang):
        if name == "areas":
            names = {each: plan.region(each).name(lang) for each in plan.region_ids}
            return figures.areas(x, by_chance, names, TABLE, lang)
        return getattr(figures, name)(TABLE, SCORES, lang)

    return draw


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", ["panel", "surface", "areas"])
def test_no_text_is_cut_off_or_overlaps(drawn, name, lang):
    figure = drawn(name, lang).figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    with style.style():
        figure.draw(renderer)
        texts = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y0 >= 0, text
        assert box.y1 <= figure.bbox.height, text
    for (one, a), (two, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert not (across > 1 and down > 2), (one, two)


@pytest.mark.parametrize("name", ["panel", "surface", "areas"])
def test_the_same_figure_gives_the_same_bytes(drawn, name):
    assert drawn(name, "zh").files() == drawn(name, "zh").files()


def test_the_panel_draws_its_data(drawn):
    it = drawn("panel", "en")
    assert len(it.data) == 51
    marks = [line.get_fillstyle() for axes in it.figure.axes for line in axes.lines]
    # One mark of each kind more in the key, which shows "differs" on a full one.
    key = {"full": 2, "left": 1, "none": 1}
    grades = it.data["grade"].map(figures.MARKS).value_counts()
    assert {kind: marks.count(kind) - extra for kind, extra in key.items()} == grades.to_dict()
    assert it.data.loc[it.data["differs"], "sub_variable"].tolist() == ["X9.4"]
    assert "45 of 51 sub-variables score 1: PMC 8.74 of 10" in it.alt


def test_the_surface_says_that_nothing_lies_between_its_points(drawn):
    it = drawn("surface", "en")
    solid, printed = it.figure.axes
    assert solid.get_zlim() == (0, 1)
    assert {f"{x:.2f}" for x in it.data["x"]} <= {text.get_text() for text in printed.texts}
    assert "means nothing" in it.caption


@pytest.mark.parametrize(("lang", "word"), [("zh", "本集的延伸"), ("en", "Our extension")])
def test_areas_are_marked_as_our_extension_and_carry_n(drawn, lang, word):
    it = drawn("areas", lang)
    texts = {text.get_text() for text in it.figure.findobj(Text)}
    assert any(text.startswith(word) for text in texts)
    assert sum("n = " in text for text in texts) == len(it.data) == 12
    assert it.figure.axes[1].lines[0].get_xdata().tolist() == it.data["pmc_m"].tolist()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_print_what_the_frames_hold(plan, lang):
    variables = publication.variables_block(TABLE, SCORES, GRADES, lang)
    assert [row[0].split()[0] for row in variables.rows] == [*TABLE["variable"].unique(), "PMC"]
    assert variables.rows[-1][3] == "8.74"
    cells = publication.cells_block(TABLE, SCORES, EVIDENCE, lang)
    assert len(cells.rows) == 51
    assert all(row[-1] for row in cells.rows)
    grades = publication.grades_block(SCORES, GRADES, lang)
    schemes = ["m9_integer", "m9_share", "ruiz2011"]
    assert all(scheme in row[2] for scheme, row in zip(schemes, grades.rows, strict=True))
    robust = publication.robustness_block(SCORES, lang)
    assert robust.values["drop_one"] == [0.86, 0.943]
    agreed = publication.agreement_block(pmc.agreed(SCORES, draws=20), TABLE, lang)
    assert agreed.rows[-1][1:3] == ("51", "1.00")
    measures, named = areas(plan)
    x = pmc.variables(pmc.presence(measures, CROSSWALK, named))
    by_chance = pmc.chance(measures, CROSSWALK, named, draws=50)
    names = {each: plan.region(each).name(lang) for each in plan.region_ids}
    block = publication.areas_block(x, by_chance, names, lang)
    assert len(block.rows) == 12
    assert [int(row[1]) for row in block.rows] == (named > 0).sum().tolist()
    for each in (variables, cells, grades, robust, agreed, block):
        assert all(len(row) == len(each.columns) for row in each.rows)
