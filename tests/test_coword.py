"""Terms, co-word strengths, clusters: known answers by hand, properties, hostile input."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from drawing import assert_text_fits, overlap, rendered
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Circle

import laoqu as lq
from laoqu import build, measures, paths
from laoqu.analysis import clusters, coword
from laoqu.figures import coword as figures
from laoqu.figures import style
from laoqu.publication import coword as publication

PLAN = lq.load()


@pytest.fixture(scope="module")
def net():
    """The shipped network, computed once."""
    sentences, tokens = PLAN.sentences(), PLAN.table("tokens")
    table = coword.incidence(tokens, sentences)
    paired = coword.stability(table, sentences["clause_id"])
    members = clusters.nodes(coword.drawn(paired), table)
    listed = PLAN.table("terms")
    return {
        "sentences": sentences, "tokens": tokens, "table": table, "paired": paired,
        "links": coword.drawn(paired), "members": members,
        "numbers": clusters.summary(paired, table),
        "diagram": clusters.strategic(paired, members),
        "glosses": dict(zip(listed["term"], listed["gloss_en"], strict=True)),
    }  # fmt: skip


# Terms and tokens


def test_the_longest_form_wins_and_what_begins_first():
    words = measures.lexicon(["基地", "产业基地", "特色产业", "产业"], {}, [])
    unit = PLAN.document.unit("c07.s05")  # …加强产业合作，建设特色产业基地。
    found = measures.tokens([unit], words)
    # 特色产业 begins before 产业基地 and takes its 产业; 基地 stands alone then.
    assert found["term"].tolist() == ["产业", "特色产业", "基地"]
    words = measures.lexicon(["特色产业", "特色产业基地"], {"产业合作": "特色产业"}, [])
    found = measures.tokens([unit], words)
    assert found["term"].tolist() == ["特色产业", "特色产业基地"]
    assert found["quote"].tolist() == ["产业合作", "特色产业基地"]


def test_stop_words_take_their_place_and_are_left_out():
    unit = PLAN.document.unit("c07.s05")
    words = measures.lexicon(["产业基地"], {"产业合作": "建设"}, ["特色产业", "建设"])
    assert words["产业合作"] == words["特色产业"] == ""
    assert measures.tokens([unit], words).empty
    assert measures.tokens([unit], {}).empty


def test_every_token_stands_in_the_text_under_a_listed_form():
    listed, forms = PLAN.table("terms"), PLAN.table("term_synonyms")
    stops = set(PLAN.table("term_stops")["stop"])
    of = dict(zip(forms["variant"], forms["term"], strict=True))
    concept = dict(zip(listed["term"], listed["concept"], strict=True))
    tokens = PLAN.table("tokens")
    for row in tokens.itertuples():
        assert PLAN.document.canonical[row.start : row.end] == row.quote
        assert of.get(row.quote, row.quote) == row.term
        assert concept[row.term] == row.concept
        unit = PLAN.document.unit(row.unit_id)
        assert unit.start <= row.start < row.end <= unit.end
        assert unit.kind == "sentence"
    assert set(tokens["term"]) == set(listed["term"])
    assert not stops & set(tokens["term"])
    assert (tokens["start"].iloc[1:].to_numpy() >= tokens["end"].iloc[:-1].to_numpy()).all()


def test_every_term_has_an_english_gloss_and_is_a_word():
    for name in ("terms", "term_stops"):
        table = PLAN.table(name)
        assert table["gloss_en"].str.contains("[a-zA-Z]").all()
        assert not table["gloss_en"].str.contains("[一-鿿]").any()
        assert (table["coder"] == "pass1").all()
    assert not set(PLAN.table("terms")["term"]) & set(PLAN.table("regions")["name_zh"])


def test_two_concepts_never_share_a_gloss():
    # A reader of the English figure could not tell them apart.
    listed = PLAN.table("terms")
    heads = listed[listed["term"] == listed["concept"]]
    assert heads["gloss_en"].is_unique


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "term_synonyms",
            "\n老区,革命老区,",
            "\n老区,革命老地区,",
            "is neither a term nor a stop word",
        ),
        ("terms", "\n中医院,医疗卫生,", "\n中医院,中医药,", "unknown code '中医药', not in terms"),
        ("terms", "\n中医院,医疗卫生,", "\n中医院,县级医院,", "is a concept and must be its own"),
        ("terms", "\n旅游,旅游,industry", "\n旅游,旅游,branch", "unknown value 'branch'"),
    ],
)
def test_damaged_term_lists_are_reported(damage, file, old, new, expected):
    assert any(expected in line for line in damage(f"curated/{file}.csv", old, new))


def add_row(folder, file, row):
    """Put a row into its place in a sorted table."""
    path = folder / "curated" / f"{file}.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    key = [*rows, row]
    key.sort(key=lambda line: line.split(",")[0])
    path.write_text("\n".join([head, *key]) + "\n", encoding="utf-8", newline="")


@pytest.mark.parametrize(
    ("file", "row", "expected"),
    [
        # 县级 stands in the text, but only inside 县级医院 and longer forms.
        ("terms", "{w},{w},service,county level,{u},{a},{b},{w},pass1,x", "never stands"),
        ("term_synonyms", "{w},县级医院,{u},{a},{b},{w},pass1,x", "never stands"),
        ("term_stops", "{w},county level,{u},{a},{b},{w},pass1,x", "never stands"),
    ],
)
def test_a_form_that_longer_ones_swallow_is_reported(data_copy, file, row, expected):
    at = PLAN.document.find("县级医院")[0].start
    values = {"w": "县级", "u": PLAN.document.unit_at(at).unit_id, "a": at, "b": at + 2}
    add_row(data_copy, file, row.format(**values))
    assert any(expected in line for line in lq.check(data_copy))


def test_a_term_that_is_also_a_stop_word_is_reported(data_copy):
    row = PLAN.table("terms").set_index("term").loc["旅游"]
    shown = f"旅游,tourism,{row.unit_id},{row.start},{row.end},{row.quote},pass1,x"
    add_row(data_copy, "term_stops", shown)
    found = lq.check(data_copy)
    assert any("'旅游' is both a term and a stop word" in line for line in found)


def test_evidence_that_is_not_the_first_place_is_reported(damage):
    tokens = PLAN.table("tokens").query("term == '乡村振兴'")
    cells = [f"{row.unit_id},{row.start},{row.end},乡村振兴" for row in tokens.itertuples()]
    found = damage("curated/terms.csv", f",{cells[0]},", f",{cells[-1]},")
    first = tokens["start"].iloc[0]
    assert any(f"'乡村振兴' first stands at {first}, not" in line for line in found)


# Strengths, known answers

#: Ten units. a: 0–4 (5), b: 0–3 (4), c: 5–8 (4), d: 0 and 9 (2), e: 4, 5, 6, 7, 8 (5).
TINY = pd.DataFrame(
    {
        "a": [1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        "b": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
        "c": [0, 0, 0, 0, 0, 1, 1, 1, 1, 0],
        "d": [1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        "e": [0, 0, 0, 0, 1, 1, 1, 1, 1, 0],
    }
)


def pair(table, a, b, **options):
    found = coword.pairs(table, **options).set_index(["term_a", "term_b"])
    return found.loc[(a, b)]


def test_strengths_of_a_pair_by_hand():
    it = pair(TINY, "a", "b")
    assert it["together"] == 4 and it["units_a"] == 5 and it["units_b"] == 4
    assert it["association"] == pytest.approx(2.0)  # 4·10 / (5·4)
    assert it["equivalence"] == pytest.approx(0.8)  # 4² / (5·4)
    assert it["inclusion"] == pytest.approx(1.0)  # 4 / min(5, 4)
    assert it["ochiai"] == pytest.approx(4 / 20**0.5)
    assert it["jaccard"] == pytest.approx(0.8)  # 4 / (5 + 4 − 4)
    # All four units of b among the five of a: C(5,4)·C(5,0) / C(10,4) = 5 / 210.
    assert it["p"] == pytest.approx(5 / 210)


def test_the_tail_counts_more_than_was_seen():
    # a and e meet once; P(C ≥ 1) = 1 − C(5,5)/C(10,5) = 1 − 1/252.
    assert pair(TINY, "a", "e")["p"] == pytest.approx(251 / 252)
    # a and c never meet: P(C ≥ 0) = 1, no strength.
    never = pair(TINY, "a", "c")
    assert never["p"] == 1 and never["association"] == 0 and not never["link"]


def test_rare_terms_are_left_out_and_the_correction_counts_all_pairs():
    found = coword.pairs(TINY)
    assert "d" not in {*found["term_a"], *found["term_b"]}
    assert len(found) == 6  # four kept terms
    # Benjamini–Hochberg: p of ab and ce are 5/210 each, the two smallest of 6: 5/210 · 6/2.
    assert pair(TINY, "a", "b")["p_adjusted"] == pytest.approx(5 / 210 * 6 / 2)
    assert found["link"].sum() == 2 and found["strict"].sum() == 0
    assert len(coword.pairs(TINY, minimum=2)) == 10


def test_independent_terms_have_association_one():
    # 4 units, a in half, b in half, together in a quarter.
    table = pd.DataFrame({"a": [1, 1, 0, 0] * 3, "b": [1, 0, 1, 0] * 3})
    assert pair(table, "a", "b")["association"] == 1


def test_expected_links_of_a_pair_is_the_size_of_its_test():
    # N 10, s 4 and 4: P(C ≥ 4) = 1/210 ≤ .05, P(C ≥ 3) = 25/210 > .05. One pair.
    table = pd.DataFrame({"a": [1] * 4 + [0] * 6, "b": [0] * 6 + [1] * 4})
    assert coword.expected(coword.pairs(table), 10) == pytest.approx(1 / 210)
    assert coword.expected(coword.pairs(table.iloc[:, :1]), 10) == 0


# Properties

tables = st.lists(st.lists(st.integers(0, 1), min_size=5, max_size=5), min_size=1, max_size=25).map(
    lambda rows: pd.DataFrame(rows, columns=list("abcde"))
)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_p_is_a_probability_and_strengths_are_in_range(table):
    found = coword.pairs(table, minimum=1)
    assert found["p"].between(0, 1).all() and found["p_adjusted"].between(0, 1).all()
    assert (found["p_adjusted"] >= found["p"] - 1e-12).all()
    for name in ("equivalence", "inclusion", "ochiai", "jaccard"):
        assert found[name].between(0, 1).all()
    assert np.allclose(found["ochiai"] ** 2, found["equivalence"])
    assert (found["jaccard"] <= found["inclusion"] + 1e-12).all()


@given(tables, st.permutations(list("abcde")), st.randoms())
@settings(max_examples=40, deadline=None)
def test_order_of_rows_and_columns_changes_nothing(table, order, random):
    rows = list(table.index)
    random.shuffle(rows)
    one, two = coword.pairs(table, 1), coword.pairs(table.loc[rows, order], 1)
    pd.testing.assert_frame_equal(one, two)


@given(tables)
@settings(max_examples=40, deadline=None)
def test_relabelling_terms_relabels_the_result(table):
    names = dict(zip("abcde", "edcba", strict=True))
    one = coword.pairs(table, 1)
    two = coword.pairs(table.rename(columns=names), 1)

    def key(frame, rename):
        ends = frame[["term_a", "term_b"]].map(lambda term: rename.get(term, term))
        return {frozenset(pair) for pair in ends.to_numpy()[frame["link"]].tolist()}

    assert key(one, names) == key(two, {})


def test_duplicate_occurrences_in_a_unit_count_once():
    tokens = pd.DataFrame({"unit_id": ["s1", "s1", "s2"], "concept": ["a", "a", "b"]})
    sentences = pd.DataFrame({"unit_id": ["s1", "s2", "s3"], "clause_id": ["c", "c", "d"]})
    table = coword.incidence(tokens, sentences)
    assert table.to_numpy().tolist() == [[1, 0], [0, 1], [0, 0]]
    table = coword.incidence(tokens, sentences, unit="clause_id")
    assert table.loc["c"].tolist() == [1, 1] and table.loc["d"].tolist() == [0, 0]


# The graph


def links_of(*rows):
    return pd.DataFrame(rows, columns=["term_a", "term_b", "association"])


#: Two triangles with a weak bridge.
BRIDGE = links_of(
    ("a", "b", 2.0), ("a", "c", 2.0), ("b", "c", 2.0), ("d", "e", 2.0), ("d", "f", 2.0),
    ("e", "f", 2.0), ("c", "d", 1.0),
)  # fmt: skip
BRIDGED = pd.DataFrame(1, index=range(4), columns=list("abcdef"))


def test_measures_of_two_triangles_by_hand():
    found = clusters.nodes(BRIDGE, BRIDGED).set_index("term")
    assert found["cluster"].to_dict() == dict(zip("abcdef", [1, 1, 1, 2, 2, 2], strict=True))
    assert found.loc["c", "degree"] == 3 and found.loc["c", "weighted_degree"] == 5
    # c lies on the shortest paths from a and b to d, e, f: 6 of the C(5,2) = 10 pairs of others.
    assert found.loc["c", "betweenness"] == pytest.approx(0.6)
    assert found.loc["a", "betweenness"] == 0


def test_modularity_and_density_by_hand():
    paired = BRIDGE.assign(link=True, strict=False, frequency=1.0, units_a=3, units_b=3)
    found = clusters.summary(paired, BRIDGED)
    assert found["density"] == pytest.approx(7 / 15)
    # m = 13; each side: 6 inside of 13, strength 13 of 26: Q = 2·(6/13 − (13/26)²) = 11/26.
    assert found["modularity"] == pytest.approx(11 / 26)
    assert (found["clusters"], found["parts"], found["linked"]) == (2, 1, 6)


def test_callons_density_and_centrality_by_hand():
    # SciMAT: four terms, equivalences inside summing to .8: density 100·.8/4 = 20.
    rows = [("a", "b", 0.5), ("c", "d", 0.3), ("a", "x", 0.2), ("d", "y", 0.1), ("x", "y", 0.6),
            ("a", "z", 0.05)]  # fmt: skip
    paired = pd.DataFrame(rows, columns=["term_a", "term_b", "equivalence"])
    members = pd.DataFrame(
        {"term": list("abcdxy"), "cluster": [1, 1, 1, 1, 2, 2], "units": 3,
         "weighted_degree": [1, 2, 2, 1, 1, 1]}
    )  # fmt: skip
    found = clusters.strategic(paired, members).set_index("cluster")
    assert found.loc[1, "density"] == pytest.approx(20)
    assert found.loc[1, "centrality"] == pytest.approx(3.5)  # 10·(.2 + .1 + .05), z is in none
    assert found.loc[2, "density"] == pytest.approx(30)  # 100·.6/2
    assert found.loc[2, "centrality"] == pytest.approx(3)
    assert found["quadrant"].to_dict() == {1: "basic", 2: "specialised"}
    assert found["name"].to_dict() == {1: "b", 2: "x"}


def test_shuffled_rows_give_the_same_clusters_and_layout(net):
    rng = np.random.default_rng(1)
    for _ in range(5):
        links = net["links"].iloc[rng.permutation(len(net["links"]))]
        flipped = links.rename(columns={"term_a": "term_b", "term_b": "term_a"})
        for each in (links, flipped):
            pd.testing.assert_frame_equal(clusters.nodes(each, net["table"]), net["members"])
        again = clusters.layout(links, net["table"])
        pd.testing.assert_frame_equal(again, clusters.layout(net["links"], net["table"]))


def test_ties_do_not_depend_on_the_hash_seed():
    code = (
        "import itertools, pandas as pd\n"
        "from laoqu.analysis import clusters\n"
        "names = ['县','乡','村','镇','市','省','国','区']\n"
        "rows = [(a, b, 1.0) for a, b in zip(names, names[1:] + names[:1])]\n"
        "links = pd.DataFrame(rows, columns=['term_a', 'term_b', 'association'])\n"
        "table = pd.DataFrame(1, index=range(3), columns=names)\n"
        "print(clusters.nodes(links, table).to_csv(), clusters.layout(links, table).to_csv())\n"
    )
    seen = set()
    for seed in ("1", "2", "3"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(paths.PACKAGE.parent)}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1


# Stability


def test_a_link_in_one_clause_comes_out_as_often_as_its_clause():
    # Two clauses of six sentences; a and b stand only in the first, always together.
    table = pd.DataFrame({"a": [1] * 3 + [0] * 9, "b": [1] * 3 + [0] * 9})
    found = coword.stability(table, ["x"] * 6 + ["y"] * 6, draws=2000, seed=3)
    # Drawn at least once: 1 − (1/2)²; in every draw with it all a meet b: p ≤ 1/C(12,3)…
    assert found.loc[0, "frequency"] == pytest.approx(0.75, abs=0.03)
    assert found.loc[0, "clauses"] == 1


def test_stability_repeats_and_its_seed_is_a_parameter(net):
    table, clauses = net["table"], net["sentences"]["clause_id"]
    one = coword.stability(table, clauses, draws=50, seed=5)
    pd.testing.assert_frame_equal(one, coword.stability(table, clauses, draws=50, seed=5))
    other = coword.stability(table, clauses, draws=50, seed=6)
    assert not one["frequency"].equals(other["frequency"])


def test_clusters_that_every_draw_finds_again_score_one():
    # One clause: every draw is the text itself.
    table = pd.concat([TINY.drop(columns="d")] * 2, ignore_index=True)
    paired = coword.pairs(table)
    members = clusters.nodes(paired[paired["link"]], table)
    assert members["cluster"].tolist() == [1, 1, 2, 2]
    found = clusters.cluster_stability(table, ["x"] * len(table), members, draws=5)
    assert found.tolist() == [1.0] * 5


# Hostile input


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(index=pd.Index([], name="unit_id")),
        pd.DataFrame(index=range(3)),
        pd.DataFrame({"a": [1, 0, 0]}),
        pd.DataFrame({"a": [1], "b": [1]}),
        pd.DataFrame({"a": [1, 1, 1], "b": [1, 1, 1], "c": [0, 0, 0]}),
    ],
    ids=["empty", "no term", "a term once", "one unit", "always"],
)
def test_texts_too_small_for_a_network_give_an_empty_one(table):
    clauses = [f"c{i}" for i in range(len(table))]
    paired = coword.stability(table, clauses, draws=20)
    links = paired[paired["link"]]
    assert links.empty
    members = clusters.nodes(links, table)
    assert members.empty and clusters.layout(links, table).empty
    assert clusters.strategic(paired, members).empty
    found = clusters.summary(paired, table)
    assert found["links"] == 0 and np.isnan(found["modularity"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_empty_network_is_drawn_and_tabled_as_empty(lang):
    table = pd.DataFrame({"a": [1], "b": [1]})
    paired = coword.stability(table, ["x"], draws=5)
    members = clusters.nodes(paired, table)
    numbers = clusters.summary(paired, table)
    layout = clusters.layout(paired, table)
    drawn = figures.plot_network(paired, members, layout, numbers, {}, lang)
    assert drawn.data.empty and drawn.png()
    diagram = clusters.strategic(paired, members)
    drawn = figures.plot_strategic(diagram, numbers, {}, lang)
    assert drawn.data.empty and drawn.png()
    assert publication.links_table(paired, numbers, {}, lang).rows == ()
    block = publication.clusters_table(diagram, members, numbers, [], {}, lang)
    assert block.rows == () and "–" in block.lead


# The shipped network


def test_the_layout_is_data_and_is_the_one_that_is_built(net):
    shipped = PLAN.table("coword_layout")
    assert set(shipped["term"]) == set(net["members"]["term"])
    assert (shipped["seed"] == 2021).all()
    again = clusters.layout(net["links"], net["table"]).sort_values("term", ignore_index=True)
    assert again[["x", "y"]].to_numpy().tolist() == shipped[["x", "y"]].to_numpy().tolist()
    assert not shipped.duplicated(["x", "y"]).any()


def test_built_token_and_layout_files_are_current():
    assert build.problems() == []


def test_the_name_of_those_whom_the_plan_is_for_links_nothing(net):
    assert "革命老区" not in net["table"]
    assert not {"支持", "推进", "发展"} & set(net["table"])


def test_every_link_drawn_comes_out_in_half_of_the_draws(net):
    assert (net["links"]["frequency"] >= 0.5).all()
    assert net["links"]["link"].all() and (net["links"]["together"] >= 2).all()
    assert net["numbers"]["strict"] == 2


def test_variants_begin_with_the_network_of_the_figures(net):
    found = clusters.variants(net["tokens"], net["sentences"])
    assert found[["level", "unit"]].to_numpy().tolist() == [
        list(pair) for pair in itertools.product(["concept", "term"], ["sentence", "clause"])
    ]
    for key, value in net["numbers"].items():
        assert found.loc[0, key] == pytest.approx(value)
    assert found["units"].tolist() == [108, 22, 108, 22]
    block = publication.variants_table(found, "en")
    assert [row[5] for row in block.rows] == [str(n) for n in found["links"]]


# Figures and tables


def draw(net, name, lang):
    if name == "network":
        layout = PLAN.table("coword_layout")
        return figures.plot_network(
            net["links"], net["members"], layout, net["numbers"], net["glosses"], lang
        )
    return figures.plot_strategic(net["diagram"], net["numbers"], net["glosses"], lang)


@pytest.fixture(scope="module")
def drawn(net):
    """Each figure drawn once, for all tests that look at it."""
    return functools.cache(lambda name, lang: draw(net, name, lang))


BOTH = pytest.mark.parametrize(
    ("name", "lang"), list(itertools.product(["network", "strategic"], ["zh", "en"]))
)


@BOTH
def test_no_text_of_the_figures_is_cut_off_or_overlaps(drawn, name, lang):
    assert_text_fits(drawn(name, lang).figure)


@BOTH
def test_no_name_covers_a_mark(drawn, name, lang):
    figure = drawn(name, lang).figure
    renderer, sheet = rendered(figure), figure.axes[-1]
    with style.style():
        discs = [p.get_window_extent(renderer) for p in sheet.patches if isinstance(p, Circle)]
        for text in sheet.texts:
            if text.get_text().isdigit():
                continue
            box = text.get_window_extent(renderer)
            for disc in discs:
                assert min(overlap(box, disc)) <= 2, text.get_text()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_network_draws_its_data(net, drawn, lang):
    it = drawn("network", lang)
    terms_, links = it.data[it.data["kind"] == "term"], it.data[it.data["kind"] != "term"]
    assert set(terms_["term_a"]) == set(net["members"]["term"])
    assert len(links) == net["numbers"]["stable"]
    sheet = it.figure.axes[-1]
    assert len(sheet.patches) == len(terms_)
    dashed = [line for line in sheet.lines if line.get_linestyle() == "--"]
    assert len(dashed) - 1 == (links["kind"] == "link_one").sum()  # one is in the key
    assert ((links["clauses"] == 1) == (links["kind"] == "link_one")).all()
    written = {text.get_text().replace("\n", "") for text in sheet.texts}
    for row in terms_.itertuples():
        name = row.term_a if lang == "zh" else net["glosses"][row.term_a].replace(" ", "")
        assert f"{name}{row.units:.0f}" in {text.replace(" ", "") for text in written}


def test_the_strategic_diagram_draws_its_data(net, drawn):
    it = drawn("strategic", "en")
    axes, sheet = it.figure.axes
    centres = np.array([patch.center for patch in sheet.patches]) * it.figure.dpi
    found = axes.transData.inverted().transform(centres)
    expected = it.data[["centrality", "density"]].to_numpy()
    assert np.allclose(found, expected)
    assert {text.get_text().split(":")[0] for text in sheet.texts} >= {
        "Motor", "Basic", "Specialised", "Marginal"
    }  # fmt: skip


@BOTH
def test_alt_text_states_the_finding_and_the_figure_repeats(net, drawn, name, lang):
    one, two = drawn(name, lang), draw(net, name, lang)
    assert one.png() == two.png()
    assert one.files()["csv"] == two.files()["csv"]
    if name == "network":
        assert "1,128" in one.alt and "29" in one.alt
        assert "34%" in one.caption  # expected 9.77 of 29
    if lang == "en":
        assert not any("一" <= char <= "鿿" for char in one.alt + one.caption)


def test_a_layout_of_other_terms_is_refused(net):
    layout = PLAN.table("coword_layout").iloc[1:]
    with pytest.raises(lq.ParameterError, match="the layout has no place for 中央和国家机关"):
        figures.plot_network(net["links"], net["members"], layout, net["numbers"], {}, "zh")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_print_the_numbers_of_their_frames(net, lang):
    block = publication.links_table(net["paired"], net["numbers"], net["glosses"], lang)
    shown = net["paired"][net["paired"]["link"]].sort_values(["p", "term_a", "term_b"])
    assert [row[1] for row in block.rows] == [str(n) for n in shown["together"]]
    assert [row[3] for row in block.rows] == [f"{a:.1f}" for a in shown["association"]]
    assert block.values["coword_links_links"] == len(shown)
    block = publication.clusters_table(
        net["diagram"], net["members"], net["numbers"], [0.2, 0.4], net["glosses"], lang
    )
    assert [row[2] for row in block.rows] == [str(n) for n in net["diagram"]["terms"]]
    assert block.values["coword_clusters_ari"] == "0.30"
    assert block._repr_html_()


def test_what_rests_on_one_clause_comes_out_in_64_percent_at_most(net):
    clauses = net["sentences"]["clause_id"].nunique()
    assert 1 - (1 - 1 / clauses) ** clauses == pytest.approx(0.64, abs=0.005)
