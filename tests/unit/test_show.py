"""What notebooks show: words, records, their HTML; and what pages refuse."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import laoqu as lq
from laoqu import pages, sheets
from laoqu.show import charts
from laoqu.show import table as tables
from laoqu.show.words import LANGS, THIN, label, spaced, start

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
HOSTILE = "<i>x</i> & <img src=x onerror=alert(1)> \"q\" 'a' </script><script>x</script>"


@pytest.fixture(scope="module")
def zh():
    return lq.Show(lq.load(), "zh")


@pytest.fixture(scope="module")
def en():
    return lq.Show(lq.load(), "en")


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_words_speak_both_languages_and_name_what_is_near(zh, en):
    assert (zh.words.area("yimeng"), en.words.area("yimeng")) == ("沂蒙", "Yimeng")
    assert [zh.words.clause(c) for c in ("c07", "b2")] == ["第七条", f"专栏{THIN}2"]
    assert [en.words.clause(c) for c in ("c07", "b2")] == ["clause 7", "Box 2"]
    assert zh.words.join(["甲", "乙"]) == "甲、乙" and en.words.join([]) == "none"
    assert en.words("fold.table", n=2).endswith("(2 rows)")
    assert label("fold.table", "en", n=1).endswith("(1 row)")
    # Two cities are written Fuzhou; a name of its own needs no characters.
    assert en.words.unit("350100") == "Fuzhou 福州市" and en.words.unit("370323") == "Yiyuan"
    for bad, near in (
        (lambda: zh.words("fold.tabl"), "fold.table"),
        (lambda: zh.words("fold.table"), "{n}"),
        (lambda: zh.words.area("yimen"), "yimeng"),
        (lambda: zh.words.code("theme", "T7"), "T"),
        (lambda: lq.Show(lq.load(), "de"), "zh"),
    ):
        try:
            assert near in bad()
        except lq.LaoquError as error:
            assert near in str(error)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_setting_thin_spaces_only_adds_or_narrows_spaces(text):
    once = spaced(text)
    assert spaced(once) == once
    assert re.sub(r"\s", "", once) == re.sub(r"\s", "", text)


def test_every_kind_of_record_is_plain_json_with_every_field(zh):
    frame = pd.DataFrame({"n": np.array([1, 2]), "x": [np.nan, 0.5], "t": [["a", "b"], None]})
    shown = [
        zh.text(["甲"], title="乙", level=1),
        zh.tiles([(np.int64(3), "col.area", "")]),
        zh.table(frame, "numbers", roles={"n": "number"}, values={"k": np.float64(0.5)}),
        zh.chart("dots", pd.DataFrame({"label": ["甲"], "value": [1], "group": ""}), "dots",
                 title="一", alt="一"),
    ]  # fmt: skip
    for block in shown:
        data = block._repr_mimebundle_()
        record = data[tables.MIME]
        assert set(record) == set(tables.new_record("text", "k", "zh"))
        assert json.loads(json.dumps(record, allow_nan=False)) == record
        assert data["text/plain"] and "<section" in data["text/html"]
    assert shown[1].record["values"] == {"area": 3}
    assert shown[2].record["values"] == {"k": 0.5}
    assert shown[2].record["rows"] == [["1", "", "a、b"], ["2", "0.5", ""]]
    assert shown[2].record["download"]["rows"] == [[1, "", "a;b"], [2, 0.5, ""]]


def test_a_table_is_a_frame_with_roles(en):
    frame = pd.DataFrame({
        "id": ["c07.s03.m2", "c07.s03.m2"], "short": ["node city", "b"], "quote": ["支持临沂", ""],
        "theme": ["T07", "T08"], "reach": ["named", "conditional"], "n": [1200, -1],
        "where": ["clause 7", "Box 2"],
    })  # fmt: skip
    block = en.table(
        frame, "support", columns=["short", "quote", "reach", "n", "where"], group="theme",
        roles={"quote": "under words", "reach": "code", "n": "number", "where": "link"}, link="id",
    )  # fmt: skip
    record = block.record
    names = [start(en.words.code("theme", code)) for code in ("T07", "T08")]
    assert names[0] == "County towns"
    assert record["groups"] == [[0, names[0]], [1, names[1]]]
    assert len(set(record["ids"])) == 2 and record["links"] == ["c07.s03.m2"] * 2
    assert record["rows"][1] == [
        "b",
        "",
        start(en.words.code("reach", "conditional")),
        "−1",
        "Box 2",
    ]
    tags = Tags(tables.block_html(record, "../plan.html"))
    links = [each["href"] for tag, each in tags.found if tag == "a"]
    assert links == ["../plan.html#c07.s03.m2"] * 2
    assert ("q", {"lang": "zh"}) in tags.found
    # Without an annotated plan beside it, a notebook shows no link.
    assert not [tag for tag, _ in Tags(block._repr_mimebundle_()["text/html"]).found if tag == "a"]
    for options, near in (
        ({"columns": ["shrt"]}, "short"), ({"roles": {"n": "numbr"}}, "number"),
        ({"link": "idd"}, "id"), ({"title": "report.ttle.x"}, "unknown label"),
    ):  # fmt: skip
        with pytest.raises(lq.LaoquError, match=near):
            en.table(frame, "support", **options)
    for key in ("../x", "a/b", "", "A b"):
        with pytest.raises(lq.ParameterError, match="key"):
            en.table(frame, key)


def test_texts_quote_link_and_fold(zh):
    quoted = "支持革命老区"
    block = zh.text(
        [f"原文“{quoted}”，不是“{quoted}的鱼”，见 [第七条](plan#c07) 和 https://www.gov.cn/x。"],
        title="甲", folded=True,
    )  # fmt: skip
    tags = Tags(tables.block_html(block.record, "../plan.html"))
    assert block.record["quotes"] == [quoted]
    assert sum(tag == "q" for tag, _ in tags.found) == 1
    links = [each["href"] for tag, each in tags.found if tag == "a"]
    assert links == ["../plan.html#c07", "https://www.gov.cn/x"]
    assert "details" in [tag for tag, _ in tags.found]
    with pytest.raises(lq.UnknownId, match="form"):
        zh.text(["x"], form="lst")


@pytest.mark.parametrize("lang", LANGS)
def test_the_other_language_is_marked_and_markup_stays_text(lang):
    show = lq.Show(lq.load(), lang)
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "q": [HOSTILE], "g": [HOSTILE]})
    block = show.table(frame, "x", title=HOSTILE, note=HOSTILE, group="g", roles={"q": "words"})
    for shown in (block, show.text([HOSTILE], title=HOSTILE), show.tiles([(HOSTILE,) * 3])):
        tags = Tags(tables.block_html(shown.record, "plan.html"))
        assert not {"b", "img", "script"} & {
            t for t, _ in tags.found if t != "b" or not shown.record["tiles"]
        }
        assert "onerror=alert(1)>" in tags.text
    mixed = tables.tagged("Yimeng 沂蒙 area & bootstrap 法", lang)
    other = "沂蒙" if lang == "en" else "bootstrap"
    assert re.search(rf'<span lang="{"zh" if lang == "en" else "en"}">[^<]*{other}', mixed)


@given(TEXTS, st.sampled_from(LANGS))
@settings(max_examples=200, deadline=None)
def test_no_text_is_lost_between_a_record_and_its_html(text, lang):
    shown = re.sub(r"<[^>]*>", "", tables.tagged(text, lang))
    assert html.unescape(shown) == html.unescape(html.escape(text, quote=False))
    assert "".join(words for _, words, _ in tables.runs(text)) == text or "](" in text


@given(st.lists(st.one_of(TEXTS, st.integers(), st.sampled_from(["=1+1", "@a", "-x", "+1"]))))
@settings(max_examples=200, deadline=None)
def test_no_cell_of_a_csv_is_a_formula(cells):
    rows = [[cell, 1] for cell in cells]
    data = sheets.csv_bytes(pd.DataFrame(rows, columns=["=a", "b"], dtype="object"))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for (shown, _), cell in zip(rows[1:], cells, strict=True):
        assert isinstance(cell, int) or not shown.startswith(("=", "+", "-", "@"))
        assert shown.lstrip("'") == str(cell).lstrip("'")


def test_a_page_knows_its_way():
    report = pages.Place("zh", "report", ("zh", "yimeng"))
    assert (report.to("index.html"), report.plan) == ("../../index.html", "../plan.html")
    assert report.other == {"en": "../../en/yimeng/report.html"}
    plan = pages.Place("en", "plan", ("en",))
    assert (plan.beside, plan.other) == ("plan/", {"zh": "../zh/plan.html"})
    own = pages.Place("en", "report", ("runs", "mine", "x"))
    assert (own.plan, own.other) == ("../../../en/plan.html", {})


def test_no_sheet_or_figure_is_written_with_a_formula(tmp_path):
    texts = ["=1+1", "+1", "-1", "@a", "\t=1", "＝1", "x"]
    frame = pd.DataFrame({"label": texts, "value": range(-3, 4), "sentence": texts})
    columns = {"theme": sheets.Column("code", "theme"), "cut": sheets.Column("cut")}
    found = [charts.dots(frame, lq.Show(lq.load(), "zh").words).save(tmp_path / "figure.csv")]
    found += [sheets.write(tmp_path / f"sheet.{form}", frame, columns, lq.load().codebook())
              for form in ("csv", "xlsx")]  # fmt: skip
    for path in found:
        read = pd.read_excel if path.suffix == ".xlsx" else pd.read_csv
        written = read(path)
        assert written["label"].tolist() == [f"'{text}" for text in texts[:-1]] + ["x"]
        assert written["value"].tolist() == list(range(-3, 4))
        cut = written["cut"].tolist() if "cut" in written else []
        assert cut in ([], written["label"].tolist())


@pytest.mark.parametrize(("wrong", "said"), [
    (lambda plan: plan.mesures, "no attribute 'mesures'; nearest: measures"),
    (lambda plan: plan.region("川陕").provnces, "no attribute 'provnces'; nearest: provinces"),
    (lambda plan: lq.laod, "no attribute 'laod'; nearest: load"),
    (lambda plan: plan.measures.head, r"asked with parentheses: plan.measures\(\).head"),
    (lambda plan: plan["region"], "unknown table 'region'; nearest: regions"),
    (lambda plan: plan.clauses["17"], "unknown passage '17'; nearest: c1"),
    (lambda plan: lq.plot_region("沂蒙", titel="x"), "unknown word 'titel'; nearest: title"),
    (lambda plan: lq.plot_region("沂蒙", values=plan.regions()), r'set_index."adcode"'),
    (lambda plan: lq.plot_region("沂蒙", values=plan.regions()["order"]), r'set_index."adcode"'),
    (lambda plan: lq.plot_region("沂蒙").save("no/such/x.png"), "no folder no/such"),
    (lambda plan: plan.measures(labels="de"), "expected one of zh, en"),
    (lambda plan: lq.resolve_place("朝阳区"), "several places.*say `within`"),
    (lambda plan: lq.Show(plan).chart("bars", None, "x"), "'bars'; nearest: dots, heat, lines"),
])  # fmt: skip
def test_what_a_newcomer_gets_wrong_is_answered_with_the_fix(wrong, said):
    with pytest.raises((lq.LaoquError, AttributeError), match=said):
        wrong(lq.load())


def test_objects_show_themselves_and_complete_to_the_nouns_of_the_plan():
    plan = lq.load()
    shown = [plan, plan.region("沂蒙"), plan.clauses[7], plan.document, lq.read("一、支持县城")]
    for it, words in zip(
        shown, ("7,387 characters", "18 of 18", "赣州", "第七条", "县城"), strict=True
    ):
        assert words in it._repr_html_()
    assert "<i>x" not in lq.read("一、支持<i>x</i>")._repr_html_()
    assert plan.boxes["2"].id == "b2" and plan["regions"].equals(plan.table("regions"))
    assert set(plan.tables) == set(plan._ipython_key_completions_())
    assert "plan.measures()" in repr(plan.measures)
    shell = InteractiveShell()
    shell.user_ns.update(plan=plan, lq=lq)
    shell.Completer.use_jedi = False
    assert ".measure_reach" in shell.complete("plan.mea")[1]
    assert ".plot_region" in shell.complete("lq.pl")[1]
    assert 'plan["membership' in shell.complete('plan["me')[1]
