"""Figures, tested from their data and from where their text lies."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from drawing import assert_text_fits
from matplotlib.figure import Figure
from matplotlib.image import imread
from PIL import Image

import laoqu as lq
from laoqu.errors import LaoquError
from laoqu.figures import style
from laoqu.regions import REACH

REPORTS = [
    pytest.param(region_id, lang, id=f"{region_id}-{lang}")
    for region_id in lq.load().region_ids
    for lang in ("zh", "en")
]


@pytest.fixture(scope="module")
def drawn():
    plan, cache = lq.load(), {}

    def draw(region_id, lang):
        if (region_id, lang) not in cache:
            cache[region_id, lang] = lq.report(region_id, lang, plan).coverage()
        return cache[region_id, lang]

    return draw


@pytest.mark.parametrize(("region_id", "lang"), REPORTS)
def test_coverage_draws_its_data(drawn, region_id, lang):
    it = drawn(region_id, lang)
    squares, beside = it.figure.axes
    colours = {style.REACH_FILL[key]: key for key in ("named", "place", "class", "everyone")}
    groups = {each.get_gid(): each for each in squares.collections}
    found = {key: len(each.get_paths()) for key, each in groups.items()}
    assert found == it.data[list(REACH)].sum().to_dict()
    for colour, key in colours.items():
        assert {to_hex(each) for each in groups[key].get_facecolor()} <= {colour.lower()}
    assert groups["conditional"].get_hatch() == style.HATCH
    boxes = [path.get_extents() for each in groups.values() for path in each.get_paths()]
    places = {(box.x0, round(box.y0 + box.height / 2)) for box in boxes}
    assert len(boxes) == len(places) == it.data["directives"].sum() == 95
    for row, total in enumerate(it.data["directives"]):  # one beside the other, none left out
        assert {x for x, y in places if y == row} == set(range(total))
    assert beside.lines[-1].get_xdata().tolist() == it.data["direct"].tolist()
    assert (it.data[list(REACH)].sum(axis=1) == it.data["directives"]).all()


@pytest.mark.parametrize(("region_id", "lang"), REPORTS)
def test_no_text_is_cut_off_or_overlaps(drawn, region_id, lang):
    assert_text_fits(drawn(region_id, lang).figure)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_two_areas_have_the_same_figure(drawn, lang):
    pictures = {drawn(region_id, lang).png() for region_id in lq.load().region_ids}
    assert len(pictures) == 12


def test_the_same_figure_gives_the_same_bytes(drawn, tmp_path):
    it = drawn("yimeng", "zh")
    again = lq.report("yimeng", "zh").coverage()
    assert it.png() == again.png()
    first = [path.read_bytes() for path in it.save(tmp_path / "a")]
    assert first == [path.read_bytes() for path in again.save(tmp_path / "b")]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "coverage.png", "coverage.svg", "coverage.csv"
    }  # fmt: skip
    assert imread(io.BytesIO(it.png())).shape[1] == int(style.FULL_WIDTH * style.DPI)


def test_alt_text_states_the_finding(drawn):
    it = drawn("yimeng", "en")
    assert "of 7 clauses or boxes name Yimeng or reach it through a place, at most 1" in it.alt
    assert f'alt="{it.alt}"' in it._repr_html_()
    assert "documented" in it.caption


def test_a_sentence_has_the_name_with_its_article(drawn):
    assert "boxes name the Dabie Mountains or reach it" in drawn("dabieshan", "en").alt


def test_english_titles_have_straight_quotes_and_numbers_stay_with_their_word():
    with style.style():
        figure = Figure(figsize=(2.2, 2))
        style.head(figure, "most often “7 Key cities” of all in 12 areas", "只有“7 个”")
        lines = [text.get_text() for text in figure.texts]
    assert lines[-1] == "只有“7 个”"
    assert '"7 Key' in " ".join(lines) and not set("“”") & set("".join(lines[:-1]))
    assert not [line for line in lines if re.search(r"\d$", line)], lines


def test_a_missing_glyph_is_an_error():
    with style.style():
        figure = Figure(figsize=(1, 1))
        figure.text(0.1, 0.5, "\U00012000")
    broken = style.Drawn("x", figure, lq.load().regions(), "", "")
    with pytest.raises(LaoquError, match="cannot draw this text"):
        broken.png()


def test_the_font_has_every_character_of_the_plan():
    from matplotlib.ft2font import FT2Font

    for file in (style.SANS, style.SERIF):
        known = FT2Font(str(style.FONT_FOLDER / file)).get_charmap()
        assert not [char for char in set(lq.load().document.canonical) if ord(char) not in known]


def test_style_leaves_nothing_behind():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with style.style():
        pass
    assert dict(mpl.rcParams) == before


def to_hex(colour):
    from matplotlib.colors import to_hex as convert

    return convert(colour)


@pytest.mark.parametrize("name", ["coverage", "map"])
def test_a_picture_keeps_its_colours_in_few_bytes(name):
    it = getattr(lq.report("ganminyue", "zh"), name)()
    shown = np.asarray(Image.open(io.BytesIO(it.png())).convert("RGB")).astype(int)
    true, whole = io.BytesIO(), io.BytesIO()
    with style.style():
        it.figure.savefig(true, format="png")
    true = Image.open(true).convert("RGB")
    true.save(whole, "png")
    true = np.asarray(true).astype(int)
    assert shown.shape == true.shape
    off = np.abs(shown - true).max(axis=2)
    assert off.max() <= 0.04 * 255 and off.mean() < 0.2
    colours, counts = np.unique(true.reshape(-1, 3), axis=0, return_counts=True)
    for colour in colours[counts > true.size / 3 / 100]:  # white, land, and what has a meaning
        assert (shown[(true == colour).all(axis=2)] == colour).all()
    assert len(it.png()) < 0.6 * whole.tell()
