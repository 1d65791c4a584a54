"""What notebooks show: words, records, their HTML; and what pages refuse."""

import csv
import html
import io
import json
import re

import lxml.html
import numpy as np
import pandas as pd
import pytest
from fixture import PLAN, refuses
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
ZH, EN = (lq.Show(PLAN, lang) for lang in LANGS)


def tree(shown, plan="../plan.html"):
    return lxml.html.fromstring(tables.block_html(shown.record, plan))


def test_words_speak_both_languages():
    zh, en = ZH.words, EN.words
    for found, wanted in (
        ((zh.area("yimeng"), en.area("yimeng")), ("沂蒙", "Yimeng")),
        ((zh.clause("c07"), zh.clause("b2")), ("第七条", f"专栏{THIN}2")),
        ((en.clause("c07"), en.clause("b2")), ("clause 7", "Box 2")),
        ((zh.join(["甲", "乙"]), en.join([])), ("甲、乙", "none")),
        (label("fold.table", "en", n=1)[-7:], "(1 row)"),
        (en("fold.table", n=2)[-8:], "(2 rows)"),
        # Two cities are written Fuzhou; a name of its own needs no characters.
        ((en.unit("350100"), en.unit("370323")), ("Fuzhou 福州市", "Yiyuan")),
    ):
        assert found == wanted


@given(TEXTS, st.sampled_from(LANGS))
@settings(max_examples=300, deadline=None)
def test_no_text_is_lost_by_thin_spaces_by_runs_or_in_html(text, lang):
    once = spaced(text)
    assert spaced(once) == once and re.sub(r"\s", "", once) == re.sub(r"\s", "", text)
    shown = re.sub(r"<[^>]*>", "", tables.tagged(text, lang))
    assert html.unescape(shown) == html.unescape(html.escape(text, quote=False))
    assert "".join(words for _, words, _ in tables.runs(text)) == text or "](" in text


def test_every_kind_of_record_is_plain_json_with_every_field():
    frame = pd.DataFrame({"n": np.array([1, 2]), "x": [np.nan, 0.5], "t": [["a", "b"], None]})
    dots = pd.DataFrame({"label": ["甲"], "value": [1], "group": ""})
    shown = [
        ZH.text(["甲"], title="乙", level=1),
        ZH.tiles([(np.int64(3), "col.area", "")]),
        ZH.table(frame, "numbers", roles={"n": "number"}, values={"k": np.float64(0.5)}),
        ZH.chart("dots", dots, "dots", title="一", alt="一"),
    ]
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
    assert set(shown[3].record["images"]) == {"wide.svg", "narrow.svg", "png"}


def test_a_table_is_a_frame_with_roles():
    frame = pd.DataFrame({
        "id": ["c07.s03.m2", "c07.s03.m2"], "short": ["node city", "b"], "quote": ["支持临沂", ""],
        "theme": ["T07", "T08"], "reach": ["named", "conditional"], "n": [1200, -1],
        "where": ["clause 7", "Box 2"],
    })  # fmt: skip
    block = EN.table(
        frame, "support", columns=["short", "quote", "reach", "n", "where"], group="theme",
        roles={"quote": "under words", "reach": "code", "n": "number", "where": "link"}, link="id",
    )  # fmt: skip
    record, codes = block.record, EN.words.code
    names = [start(codes("theme", code)) for code in ("T07", "T08")]
    assert names[0] == "County towns"
    assert record["groups"] == [[0, names[0]], [1, names[1]]]
    assert record["links"] == ["c07.s03.m2"] * 2
    assert record["rows"][1] == ["b", "", start(codes("reach", "conditional")), "−1", "Box 2"]
    assert "County towns\nnode city" in repr(block)
    page = tree(block)
    assert page.xpath("//td/a/@href") == ["../plan.html#c07.s03.m2"] * 2
    assert page.xpath("//q/@lang") == ["zh"]
    # Without an annotated plan beside it, a notebook shows no link.
    assert "<a" not in block._repr_mimebundle_()["text/html"]
    for options, near in (
        ({"columns": ["shrt"]}, "short"), ({"roles": {"n": "numbr"}}, "number"),
        ({"link": "idd"}, "id"), ({"title": "report.ttle.x"}, "unknown label"),
    ):  # fmt: skip
        refuses(lq.LaoquError, near, EN.table, frame, "support", **options)
    for key in ("../x", "a/b", "", "A b"):
        refuses(lq.ParameterError, "key", EN.table, frame, key)


def shown(frame, **options):
    """Heads and rows of a table of a reader's own."""
    record = EN.table(frame, "own", **options).record
    return [each["label"] for each in record["columns"]], record["rows"]


def test_a_table_of_ones_own_is_as_it_was_computed():
    frame = pd.DataFrame({
        "area": ["沂蒙", "太行", "沂蒙"], "growth": [-0.05, 0.07, 0.02], "text": ["a", "b", "c"],
        "poor": [True, False, None], "n": [371302, 2021, 3],
    })  # fmt: skip
    heads, rows = shown(frame)
    assert heads == ["area", "growth", "text", "poor", "n"]  # not "Growth (% a year)"
    assert rows[1] == ["太行", "0.07", "b", "no", "2021"]
    assert [row[3] for row in rows] == ["yes", "no", ""]  # what is missing is not no
    assert shown(frame, labels=True)[0][1:3] == ["Growth (% a year)", "The plan's words"]
    # An index that names rows stands before them, on the page and in the file.
    mean = frame.groupby("area")[["growth"]].mean()
    assert shown(mean) == (["area", "growth"], [["太行", "0.070"], ["沂蒙", "−0.015"]])
    assert EN.table(mean, "own").record["download"]["columns"] == ["area", "growth"]
    assert shown(mean, columns=["growth"])[0] == ["area", "growth"]
    assert shown(mean, columns=["growth", "area"])[0] == ["growth", "area"]
    assert shown(frame["area"].value_counts().to_frame())[1] == [["沂蒙", "2"], ["太行", "1"]]
    assert shown(frame[["growth"]].describe())[1][0] == ["count", "3.000"]
    several = frame.groupby("area")[["n"]].agg(["sum", "size"])
    assert shown(several)[0] == ["area", "n sum", "n size"]
    assert shown(frame[1:][["text"]])[1] == [["b"], ["c"]]  # numbers of rows name none
    refuses(lq.ParameterError, "called 'n': rename", shown, pd.concat([frame, frame["n"]], axis=1))
    refuses(lq.ParameterError, "called 'n': rename", shown, frame.set_index("n", drop=False))
    # Numbers of a column have the decimals that its largest needs.
    for numbers, said in (
        ([98.9, 99.1, 99.95], ["98.90", "99.10", "99.95"]), ([45.6], ["45.6"]),
        ([0.125, -1.004, 2.35], ["0.125", "−1.004", "2.350"]), ([1.0, np.nan], ["1", ""]),
        ([1234.5, 0.0012], ["1234", "0.0012"]), ([np.inf, 0.5], ["inf", "0.5"]),
        ([1e-300, 2e-12], ["1e−300", "2e−12"]), ([45.65, None, 3], ["45.65", "", "3.00"]),
        ([12345.6, 1.49, 0.96, 9.51, -1.5], ["12346", "1.49", "0.96", "9.51", "−1.5"]),
        ([1234.0, 0.4567, 12.3, 0.0003], ["1234", "0.457", "12.3", "0.0003"]),
        ([120.34, 5.234, 5.2], ["120.3", "5.23", "5.2"]), ([1e300, 2.0], ["1e+300", "2"]),
        ([-0.0, 1.25], ["0.00", "1.25"]),
    ):  # fmt: skip
        for kind in (object, float):
            column = pd.DataFrame({"x": pd.Series(numbers, dtype=kind)})
            assert [row[0] for row in shown(column)[1]] == said
    mixed = pd.DataFrame({"x": ["0.5*", 12.6, 1234.56, -0.04567, 3, [0.5, 12.6]]})
    said = ["0.5*", "12.6", "1235", "−0.04567", "3", "0.5, 12.6"]
    assert [row[0] for row in shown(mixed)[1]] == said
    ids = pd.DataFrame({"id": [110101199003072345, 110101199003072346, -(2**60) - 1]})
    assert [row[0] for row in shown(ids)[1]] == [str(n).replace("-", "−") for n in ids["id"]]
    given = [None, np.nan, 11.800497352, np.float32(0.1234567), -3, 1234567, 2021.0, True, "1.50"]
    shown_tiles = EN.tiles([(each, "a", "") for each in given]).record["tiles"]
    said = ["–", "–", "11.8", "0.1235", "−3", "1234567", "2021", "yes", "1.50"]
    assert [each["value"] for each in shown_tiles] == said


def test_texts_quote_link_and_fold():
    quoted = "支持革命老区"
    said = f"原文“{quoted}”，不是“{quoted}的鱼”，见 [第七条](plan#c07) 和 https://www.gov.cn/x。"
    block = ZH.text([said], title="甲", folded=True)
    assert block.record["quotes"] == [quoted]
    page = tree(block)
    assert page.xpath("//q/text()") == [quoted] and page.xpath("//details")
    assert page.xpath("//a/@href") == ["../plan.html#c07", "https://www.gov.cn/x"]


@pytest.mark.parametrize("lang", LANGS)
def test_the_other_language_is_marked_and_markup_stays_text(lang):
    show = lq.Show(PLAN, lang)
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "q": [HOSTILE], "g": [HOSTILE]})
    block = show.table(frame, "x", title=HOSTILE, note=HOSTILE, group="g", roles={"q": "words"})
    for shown in (block, show.text([HOSTILE], title=HOSTILE), show.tiles([(HOSTILE,) * 3])):
        page = tree(shown)
        assert not page.xpath("//i | //img | //script")
        assert "onerror=alert(1)>" in page.text_content()
    said = show.words("monitor.title", mark="", outcome="[gdp](http://evil.org)", where="")
    (link,) = tree(show.text([said])).xpath("//a")  # an address that all can read
    assert link.text_content() == link.get("href") == "http://evil.org"
    mixed = tables.tagged("Yimeng 沂蒙 area & bootstrap 法", lang)
    other, words = ("zh", "沂蒙") if lang == "en" else ("en", "bootstrap")
    assert re.search(rf'<span lang="{other}">[^<]*{words}', mixed)


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


def test_no_sheet_or_figure_is_written_with_a_formula(tmp_path):
    texts = ["=1+1", "+1", "-1", "@a", "\t=1", "＝1", "x"]
    frame = pd.DataFrame({"label": texts, "value": range(-3, 4), "sentence": texts})
    columns = {"theme": sheets.Column("code", "theme"), "cut": sheets.Column("cut")}
    figure = charts.dots(frame, ZH.words).save(tmp_path / "figure.csv")
    written = {form: tmp_path / f"sheet.{form}" for form in ("csv", "xlsx")}
    for path in written.values():
        path.write_bytes(sheets.made(path.suffix, frame, columns, PLAN.codebook()))
    for path, read in ((figure, pd.read_csv), (written["csv"], pd.read_csv),
                       (written["xlsx"], pd.read_excel)):  # fmt: skip
        found = read(path)
        assert found["label"].tolist() == [f"'{text}" for text in texts[:-1]] + ["x"]
        assert found["value"].tolist() == list(range(-3, 4))


def test_a_page_knows_its_way():
    report = pages.Place("zh", "report", "zh/yimeng", {"en": "en/yimeng"})
    assert (report.to("index.html"), report.plan) == ("../../index.html", "../plan.html")
    assert report.other == {"en": "../../en/yimeng/report.html"}
    plan = pages.Place("en", "plan", "en", {"zh": "zh"})
    assert (plan.beside, plan.other) == ("plan/", {"zh": "../zh/plan.html"})
    own = pages.Place("en", folder="runs/mine/x")
    assert (own.plan, own.other) == ("../../../en/plan.html", {})


def test_objects_show_themselves_and_complete_to_the_nouns_of_the_plan():
    assert repr(PLAN.show("C07 ")) == repr(PLAN.show("c07"))
    for it, words in (
        (PLAN, "7,387 characters"), (PLAN.region("沂蒙"), "18 of 18"), (PLAN.clauses[7], "赣州"),
        (PLAN.document, "第七条"), (lq.read("一、支持县城<i>x</i>"), "县城&lt;i&gt;x"),
    ):  # fmt: skip
        assert words in it._repr_html_()
    assert PLAN.boxes["2"].id == "b2" and PLAN["regions"].equals(PLAN.table("regions"))
    assert set(PLAN.tables) == set(PLAN._ipython_key_completions_())
    assert "plan.measures()" in repr(PLAN.measures)
    shell = InteractiveShell()
    shell.user_ns.update(plan=PLAN, lq=lq)
    shell.Completer.use_jedi = False
    for begun, whole in (("plan.mea", ".measure_reach"), ("lq.pl", ".plot_region"),
                         ('plan["me', 'plan["membership')):  # fmt: skip
        assert whole in shell.complete(begun)[1]
