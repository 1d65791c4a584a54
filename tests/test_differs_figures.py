"""Figures and tables of what differs: drawn from their data, legible, saying what they show."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pandas as pd
import pytest
from drawing import assert_text_fits
from matplotlib.colors import to_hex

from laoqu.analysis import attention, concentration, crosstab
from laoqu.analysis.weights import weights
from laoqu.figures import attention as attention_figures
from laoqu.figures import concentration as concentration_figures
from laoqu.figures import crosstab as crosstab_figures
from laoqu.figures import style
from laoqu.labels import label, names
from laoqu.publication import attention as attention_tables
from laoqu.publication import crosstab as crosstab_tables

LANGS = ("zh", "en")
FIGURES = (
    "attention", "distinctiveness", "similarity", "concentration", "channels",
    "instrument_by_theme", "instrument_class_by_scope",
)  # fmt: skip
SCOPES = ["universal", "class", "area", "place", "facility"]


@pytest.fixture(scope="module")
def found(plan):
    """Every frame that figures and tables are made from."""
    measures, reach = plan.measures(), plan.measure_reach()
    ids, codes = measures["measure_id"], plan.codebook("theme")["code"].tolist()
    named = weights(reach, ids, plan.region_ids, "named")
    only = weights(reach[reach["reach"] == "named"], ids, plan.region_ids, "named")
    support = {"direct": named, "named": only}
    zeros = crosstab.structural_zeros(plan.codebook(), "instrument")
    tools = {
        "instrument": crosstab.by_class(plan.codebook("instrument")["code"]), "theme": codes
    }  # fmt: skip
    classes = {"instrument_class": list(crosstab.CLASSES), "scope": SCOPES}
    ways = (None, "clause_id")
    return SimpleNamespace(
        plan=plan, measures=measures, named=named, codes=codes, zeros=zeros,
        regions=plan.regions(), themes=plan.codebook("theme"), tools=plan.codebook("instrument"),
        shares=attention.shares(named, measures, codes),
        breadth=attention.breadth(named, measures, codes),
        niche=attention.nicheness(named, measures, codes),
        odds=attention.distinctiveness(named, measures, codes),
        pairs=attention.similarity(named, measures),
        support=pd.concat(
            [concentration.concentration(table, measures).assign(support=kind)
             for kind, table in support.items()], ignore_index=True,
        ),
        channels=concentration.channels(plan.mentions(), plan.regions()),
        tool_cells=[crosstab.association(measures, tools, zeros["code"], way) for way in ways],
        class_cells=[crosstab.association(measures, classes, (), way) for way in ways],
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(found):
    cache = {}

    def draw(name, lang):
        if (name, lang) not in cache:
            cache[name, lang] = figure(found, name, lang)
        return cache[name, lang]

    return draw


def figure(found, name, lang):
    scopes = names(found.plan.codebook("scope"), lang)
    classes = {code: label(f"class.{code}", lang) for code in crosstab.CLASSES}
    words = names(found.tools, lang), names(found.themes, lang)
    draw = {
        "attention": lambda: attention_figures.attention(
            found.shares, found.regions, found.themes, lang
        ),
        "distinctiveness": lambda: attention_figures.distinctiveness(
            found.odds, found.regions, found.themes, lang
        ),
        "similarity": lambda: attention_figures.similarity(
            found.pairs, found.named.sum(), found.regions, lang
        ),
        "concentration": lambda: concentration_figures.concentration(found.support, lang),
        "channels": lambda: concentration_figures.channels(
            found.channels, found.regions, len(found.plan.box_items("b1")), lang
        ),
        "instrument_by_theme": lambda: crosstab_figures.crosstab(*found.tool_cells, words, lang),
        "instrument_class_by_scope": lambda: crosstab_figures.crosstab(
            *found.class_cells, (classes, scopes), lang
        ),
    }
    return draw[name]()


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_cut_off_or_overlaps(drawn, name, lang):
    it = drawn(name, lang)
    assert it.name == name
    assert_text_fits(it.figure)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", FIGURES)
def test_alt_and_caption_are_in_their_language_and_whole(drawn, name, lang):
    it = drawn(name, lang)
    for text in (it.alt, it.caption):
        assert "{" not in text
        assert bool(re.search("[一-鿿]", text)) == (lang == "zh")
        assert text.endswith("。" if lang == "zh" else ".")
    assert it.png() == it.png()
    assert list(it.files()) == ["png", "svg", "csv"]


def test_attention_writes_every_count(drawn, found):
    it = drawn("attention", "zh")
    assert sorted(t.get_text() for t in it.figure.axes[0].texts) == sorted(
        f"{n:g}" for n in it.data["n"] if n
    )
    heads = [t.get_text() for t in it.figure.axes[0].get_xticklabels()]
    assert heads == [
        f"{name}\nn = {n:g}"
        for name, n in zip(found.regions["name_zh"], found.named.sum(), strict=True)
    ]
    assert it.data["theme"].nunique() == 14
    assert "23 个主题中的 14 个" in it.alt


def test_attention_without_any_naming_says_so(found):
    none = found.shares.assign(n=0.0, total=0.0, share=float("nan"))
    it = attention_figures.attention(none, found.regions, found.themes, "en")
    assert "No measure names an area" in it.alt
    assert it.png()


def test_distinctiveness_marks_what_leaves_out_zero(drawn):
    it = drawn("distinctiveness", "en")
    panels = [axes for axes in it.figure.axes if axes.get_visible()]
    assert len(panels) == 12
    dots = [line for axes in panels for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in dots] == it.data["delta"].tolist()
    dark = [line for line in dots if to_hex(line.get_color()) == style.INK]
    assert len(dark) == ((it.data["low"] > 0) | (it.data["high"] < 0)).sum() == 2
    assert it.data["delta"].abs().max() < attention_figures.EDGE


def test_similarity_frames_the_pairs_that_stand_out(drawn):
    it = drawn("similarity", "en")
    axes = it.figure.axes[0]
    frames = [patch for patch in axes.patches if patch.get_linewidth() > 0]
    assert len(frames) == (it.data["p_adjusted"] < 0.05).sum() == 1
    assert len(axes.texts) == 12 + 2 * len(it.data)
    assert "only the pair Jiangxi–Fujian–Guangdong and Hunan–Jiangxi Border" in it.alt


def test_concentration_draws_value_and_null(drawn):
    it = drawn("concentration", "en")
    for axes, statistic in zip(it.figure.axes, ("gini", "hhi"), strict=True):
        rows = it.data[it.data["statistic"] == statistic]
        expected, value = axes.lines
        assert expected.get_xdata().tolist() == rows["expected"].tolist()
        assert value.get_xdata().tolist() == rows["value"].tolist()
        ends = [segment[:, 0].tolist() for segment in axes.collections[0].get_segments()]
        assert ends == rows[["low", "high"]].to_numpy().tolist()
        assert axes.get_xlim()[0] < rows[["low", "value"]].min().min()
    assert "by name alone no concentration shows" in it.alt


@pytest.mark.parametrize("lang", LANGS)
def test_concentration_says_what_it_finds(found, lang):
    for p, key in ((0.5, "none"), (0.001, "all")):
        it = concentration_figures.concentration(found.support.assign(p=p), lang)
        assert label(f"concentration.finding_{key}", lang) in it.alt


def test_channels_marks_each_area_once(drawn):
    it = drawn("channels", "zh")
    patches = it.figure.axes[0].patches
    places = [(round(p.get_x() + 0.44), round(p.get_y() + 0.44)) for p in patches]
    assert sorted(x for x, _ in places) == list(range(12))
    assert [x for x, y in places if y == 1] == it.data.index[it.data["national"] > 0].tolist()
    assert "湘鄂渝黔 40 / 80、太行 17 / 74" in it.caption


def test_channels_that_overlap_are_not_called_a_partition(found):
    table = found.channels.copy()
    table.loc[0, ["national", "channel"]] = [1, "both"]
    it = concentration_figures.channels(table, found.regions, 53, "en")
    assert "1 have both and 0 neither" in it.alt


def test_crosstab_writes_counts_and_frames_residuals(drawn, found):
    it = drawn("instrument_by_theme", "en")
    axes = it.figure.axes[0]
    assert [int(t.get_text()) for t in axes.texts] == it.data.loc[it.data["n"] > 0, "n"].tolist()
    frames = [patch for patch in axes.patches if patch.get_linewidth() > 0]
    assert len(frames) == (it.data["p_adjusted"] < 0.05).sum() == 16
    thick = [patch for patch in frames if patch.get_linewidth() > 1]
    assert len(thick) == (it.data["p_within_adjusted"] < 0.05).sum() == 1
    assert set(it.data["instrument"]).isdisjoint(found.zeros["code"])
    assert "E3 tax relief, D1 public purchase and outsourcing" in it.caption


@pytest.mark.parametrize(
    ("within", "above", "dashes"),
    [(0.5, (-1, 1), 0), (0.5, (1, -1), 1), (0.01, (-1, 1), 1), (0.01, (1, -1), 0)],
)
def test_a_frame_is_dashed_by_the_shuffle_that_it_stands_for(found, within, above, dashes):
    """Thin: by what shuffling all gives; thick (p within clauses below .05): by what that gives."""
    both = [each._replace(cells=each.cells.copy()) for each in found.class_cells]
    for each, p, shift in zip(both, (0.01, within), above, strict=True):
        each.cells[["p", "p_adjusted"]] = 0.5
        each.cells.loc[0, "p_adjusted"] = p
        each.cells.loc[0, "shuffled"] = each.cells.loc[0, "n"] + shift
    words = {c: c for c in crosstab.CLASSES}, {c: c for c in SCOPES}
    it = crosstab_figures.crosstab(*both, words, "en")
    dashed = [p for p in it.figure.axes[0].patches if p.get_linestyle() not in ("-", "solid")]
    assert len(dashed) == dashes


@pytest.fixture(scope="module")
def blocks(found):
    """Return the tables of one language, by anchor."""

    def build(lang):
        words = names(found.tools, lang), names(found.themes, lang)
        codebook, n = found.plan.codebook(), len(found.measures)
        alone = crosstab.orphans(found.measures, found.plan.sentences())
        tables = [
            attention_tables.breadth(found.breadth, found.niche, found.regions, lang),
            attention_tables.distinctiveness(found.odds, found.regions, found.themes, lang),
            attention_tables.similarity(found.pairs, found.regions, lang),
            attention_tables.concentration(found.support, lang),
            attention_tables.channels(found.channels, found.regions, 53, lang),
            crosstab_tables.association(*found.tool_cells, words, lang),
            crosstab_tables.structural_zeros(found.zeros, lang),
            crosstab_tables.orphans(alone, codebook, n, "goal", lang),
            crosstab_tables.orphans(alone, codebook, n, "instrument", lang),
            crosstab_tables.fit(
                crosstab.coverage(found.measures, found.codes), crosstab.fit(found.measures),
                found.themes, lang,
            ),
        ]  # fmt: skip
        return {block.anchor: block for block in tables}

    return {lang: build(lang) for lang in LANGS}


def test_tables_are_whole_in_both_languages(blocks):
    assert list(blocks["zh"]) == list(blocks["en"])
    for zh, en in zip(blocks["zh"].values(), blocks["en"].values(), strict=True):
        assert len(zh.rows) == len(en.rows) > 0
        assert zh.numeric == en.numeric
        for block in (zh, en):
            assert {len(row) for row in block.rows} == {len(block.columns)}
            assert "{" not in repr(block)
            assert not re.search(r"\bnan\b", repr(block))
        assert not re.search("[一-鿿]", en.title + en.lead + en.note + "".join(en.columns))


def test_tables_say_what_the_frames_hold(blocks, found):
    en = blocks["en"]
    assert [row[1] for row in en["breadth"].rows] == [f"{n:g}" for n in found.breadth["n"]]
    first = found.odds.loc[found.odds["z"].abs().idxmax()]
    assert en["distinctiveness"].rows[0][-1] == f"{first['z']:.2f}"
    assert en["distinctiveness"].rows[0][:2] == ("Shaanxi–Gansu–Ningxia", "energy")
    assert len(en["instrument-by-theme"].rows) == 16
    counts = {"counties": 53, "placed": 53, "chosen": 8, "held": 4, "areas": 12}
    assert en["channels"].values == counts
    assert sum(int(row[2]) for row in en["channels"].rows) == 53
    assert [row[0] for row in en["structural-zeros"].rows] == ["D1", "E3"]
    assert len(en["orphans-goal"].rows) + len(en["orphans-instrument"].rows) == 171
    assert en["fit"].values["total"] == len(en["fit"].rows) == 23


def test_an_empty_area_is_a_dash_in_the_table(found):
    empty = found.named.assign(yimeng=0.0)
    table = attention.breadth(empty, found.measures, found.codes, draws=20)
    niche = attention.nicheness(empty, found.measures, found.codes)
    rows = attention_tables.breadth(table, niche, found.regions, "en").rows
    assert next(row for row in rows if row[0] == "Yimeng") == (
        "Yimeng", "0", "0", "–", "–", "–", "–"
    )  # fmt: skip
