"""Measures, codings, targets, absences, and sheets of one's own."""

import re

import pandas as pd
import pytest
from fixture import PLAN, printed, refuses
from openpyxl import load_workbook
from openpyxl.styles import Font

import laoqu as lq
from laoqu import measures, sheets, validation
from laoqu.cli import main
from laoqu.grid import cells
from laoqu.schema import text_of

MEASURES = PLAN.table("measures")


def codes(measure_id):
    return PLAN.measures().set_index("measure_id").loc[measure_id]


def test_worked_examples_of_the_methods_note():
    for measure_id, expected in {
        "c14.s02.m1": {"instrument": "S1", "theme": "T11", "strength": 5, "clarity": "black",
                       "beneficiary": "B5", "target_type": "G3", "instrument_more": ("S5",),
                       "funding_named": True, "scopes": ("area", "class"),
                       "segments": ("c14.s02.k1", "c14.s02.k2")},
        "c04.s01.m1": {"instrument": "E1", "theme": "T05", "strength": 4, "clarity": "black",
                       "actor": "A0", "beneficiary": "B9", "target_type": "G7"},
        "c10.s03.m1": {"instrument": "S4", "theme": "T14", "strength_outer": 3,
                       "strength_inner": 4, "strength": 3, "clarity": "black",
                       "target_type": "G3", "instrument_more": ("S6",)},
        "c04.s02.m1": {"instrument": "E1", "theme": "T05", "strength": 3, "clarity": "grey",
                       "actor": "A5", "beneficiary": "B9", "target_type": "G4",
                       "delegated": True},
        "c15.s07.m1": {"instrument": "E2", "theme": "T19", "strength_outer": 2,
                       "strength_inner": 4, "strength": 2, "actor": "A8"},
        "c15.s07.m2": {"instrument": "E2", "strength": 2, "actor": "A9"},
        "c13.s05.m1": {"instrument": "E8", "theme": "T18", "strength": 1, "clarity": "grey",
                       "instrument_more": ("E5",)},
        "c13.s05.m2": {"instrument": "E8", "strength": 3, "clarity": "black"},
        "c08.s08.m1": {"instrument": "S3", "strength": 1, "clarity": "grey", "target_type": "G4"},
        "c15.s01.m1": {"instrument": "S7", "theme": "T22", "target_type": "G2", "strength": 4,
                       "actor": "A4", "list_total": 92, "list_open": True},
        # The park is printed by itself behind four lists that end in 等.
        "b4.s01.m4": {"list_open": True}, "b4.s01.m5": {"list_open": False},
    }.items():  # fmt: skip
        found = codes(measure_id)
        assert {name: found[name] for name in expected} == expected, measure_id


def test_strength_is_the_outer_head_unless_the_inner_lowers_it():
    outer, inner = pd.Series([3, 3, 4, 2, 5]), pd.Series([pd.NA, 4, 2, 1, 3], dtype="Int64")
    assert measures.strength(outer, inner).tolist() == [3, 3, 2, 1, 5]


def test_both_passes_are_shipped_whole_beside_the_adjudication():
    sizes = PLAN.codings()["coder"].value_counts().to_dict()
    assert sizes == {"pass1": 223, "pass2": 223, "adjudicated": 223}
    refuses(lq.UnknownId, "pass1", PLAN.codings, "pass3")


def test_measures_that_reach_an_area():
    mine = PLAN.measures("沂蒙").set_index("measure_id")["reach"]
    # 因地制宜发展特色新兴产业 (c10.s07.m2) continues the recipients of the measure before it.
    expected = {
        "c10.s07.m1": "named", "c10.s07.m2": "named", "c07.s03.m1": "place", "c07.s02.m1": None,
        "b4.s01.m2": "place", "b4.s01.m1": None, "c06.s03.m1": "everyone", "c04.s01.m1": None,
    }  # fmt: skip
    assert {measure_id: mine.get(measure_id) for measure_id in expected} == expected
    # Key counties reach their areas by the box.
    assert "c04.s01.m1" in set(PLAN.measures("左右江")["measure_id"])


def test_mappings_move_what_they_say_and_nothing_else():
    default = PLAN.measures().set_index("measure_id")
    moved = PLAN.measures(scheme="workrelief_supply").set_index("measure_id")
    differ = default.index[default["instrument_class"] != moved["instrument_class"]]
    assert set(default.loc[differ, "instrument"]) == {"D3"}
    refuses(lq.UnknownId, "scheme", PLAN.measures, scheme="none")


def test_targets_have_no_quantified_outcome_one_figure_and_lists_of_deliverables():
    targets = PLAN.targets().set_index("measure_id")
    assert "G1" not in set(targets["kind"])
    assert targets["number"].dropna().to_dict() == {"c15.s01.m1": 92}
    assert set(targets["verifiability"]) <= {1, 2, 3, 4, 5}
    assert len(PLAN.targets("琼崖")) < len(targets)
    assert targets.loc["c13.s04.m4", "names"] == (
        "金寨县", "泰宁县", "井冈山市", "琼中黎族苗族自治县", "赤水市"
    )  # fmt: skip
    assert targets.loc[["b2.s01.m1", "b4.s01.m1"], "names"].map(len).tolist() == [10, 12]
    assert targets.loc["b4.s01.m1", "list_open"]


def test_measures_know_the_documents_they_refer_to():
    refers = PLAN.measures().set_index("measure_id")["refers_to"]
    title = "“十四五”革命老区基础设施建设实施方案"
    assert refers["c07.s07.m1"] == refers["c07.s07.m3"] == (title,)
    assert refers["c07.s01.m1"] == ()
    assert len(PLAN.table("references")) == 12


@pytest.fixture
def sheet(tmp_path):
    """Return a function: write a filled sheet, the adjudicated coding in the template's form."""
    path = sheets.template(MEASURES, PLAN.codebook(), tmp_path / "sheet.csv", PLAN.sentences())
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    shipped = PLAN.codings("adjudicated").set_index("measure_id").loc[frame["measure_id"]]
    for column in (*measures.SCALES, *measures.MORE):
        frame[column] = [text_of(value) for value in shipped[column]]

    def write(change=None, name="sheet.csv", **kwargs):
        table, target = frame.copy(), tmp_path / name
        table = change(table) if change else table
        if name.endswith(".xlsx"):
            table.to_excel(target, index=False, **kwargs)
        else:
            table.to_csv(target, index=False, **{"encoding": "utf-8", **kwargs})
        return target

    return write


def test_a_complete_sheet_in_any_form_takes_the_place_of_the_shipped_coding(sheet):
    plan = lq.load(coding=sheet())
    shipped = PLAN.measures().drop(columns="note")
    own = plan.measures().drop(columns="note")
    pd.testing.assert_frame_equal(own, shipped, check_dtype=False)
    adjudicated = PLAN.codings("adjudicated")
    for name, kwargs in {
        "sheet.xlsx": {}, "gbk.csv": {"encoding": "gbk"}, "bom.csv": {"encoding": "utf-8-sig"},
        "semicolon.csv": {"sep": ";"}, "column_b.xlsx": {"startcol": 1},
    }.items():  # fmt: skip
        # Strength as spreadsheets save it; no lists of codes where their sign separates cells.
        saved = dict.fromkeys(measures.MORE, "") if "sep" in kwargs else {}
        saved["strength_outer"] = lambda table: table["strength_outer"] + ".0"
        path = sheet(lambda table, saved=saved: table.assign(**saved), name, **kwargs)
        own = sheets.read(path, MEASURES, PLAN.codebook())
        for column in ("instrument", "strength_outer"):
            assert own[column].tolist() == adjudicated[column].tolist(), name


def test_a_partial_sheet_leaves_the_rest_uncoded(sheet, monkeypatch, tmp_path):
    def half(table):
        table.loc[10:, list(measures.SCALES)] = ""
        return table

    # The environment names it for every notebook; pages, which show each code, need them all.
    monkeypatch.setenv("LAOQU_CODING", str(sheet(half)))
    said = r"sheet\.csv: it leaves empty, of 223 measures, instrument of 213, theme of 213, .*"
    with pytest.warns(UserWarning, match=said):
        plan = lq.load()
    found = lq.check()
    assert [each.partition("sheet.csv:")[2] for each in found] == [
        f"12:{4 + at}: {name} is empty ({213 * 11:,} cell(s) in all): pages need every code"
        for at, name in enumerate(sheets.NEEDED[:3])
    ]
    refuses(lq.DataError, "instrument is empty", lq.run_reports, ["yimeng"], outputs=tmp_path)
    with pytest.raises(lq.DataError, match=r"12:4: instrument is empty .*: pages need every code"):
        lq.load(whole=True)
    own = plan.measures()
    coded = own["instrument"].notna()
    assert coded.sum() == 10
    assert own.loc[~coded, "strength"].isna().all()
    assert len(plan.targets()) == 10


def test_pages_say_whose_codes_they_show(sheet, monkeypatch):
    ours = "编码由两遍自动编码得出，没有人工编码"
    assert ours in printed("10_region_report") and "裁定" in printed("12_annotated_plan")
    monkeypatch.setenv("LAOQU_CODING", str(sheet()))
    for name in ("10_region_report", "12_annotated_plan"):
        text = printed(name)
        assert "编码取自使用者自备的sheet.csv" in text
        assert "人工编码" not in text and "裁定" not in text


def test_a_bad_cell_or_shape_is_reported_with_row_and_column(sheet):
    def cell(row, column, value):
        return lambda table: table.assign(
            **{column: [value if at == row else old for at, old in enumerate(table[column])]}
        )

    for change, message in [
        (cell(3, "instrument", "S99"), "sheet.csv:5:4: instrument: unknown code 'S99'; nearest: S"),
        (cell(0, "strength_outer", "7"), "sheet.csv:2:7: strength_outer: unknown code '7'"),
        (cell(0, "strength_outer", "②"), "strength_outer: unknown code '②'"),
        (cell(1, "clarity", "blck"), "unknown code 'blck'; nearest: black"),
        (cell(2, "funding_named", "maybe"), "expected true or false"),
        (cell(4, "quote", "改过的引文"), "sheet.csv:6:2: the quotation was edited"),
        (cell(5, "measure_id", "C01.S01.M1"),
         "sheet.csv:7:1: unknown unit 'C01.S01.M1'; nearest: c01"),
        (cell(6, "measure_id", "2001-01-01"), "unknown unit '2001-01-01'"),
        (cell(7, "theme_more", "T06;X"), "theme_more: unknown code 'X'"),
        (cell(7, "theme", "T1"), "theme: unknown code 'T1'; nearest: T01"),
        (cell(7, "instrument_more", "S2、S5"), "'S2、S5' (between several stands ;); nearest: S"),
        (cell(7, "instrument_more", "S4;S4"), "'S4;S4' has a code twice, or the first code again"),
        (lambda table: table.assign(theme_more=table["theme"]), "or the first code again"),
        (lambda table: table.drop(index=[0]), "is missing: keep its row"),
        (lambda table: pd.concat([table, table.head(1)]), "is coded twice, first in row 2"),
        (lambda table: table.drop(columns="clarity"), "the column 'clarity' is missing"),
        (lambda table: table.head(0), "is missing"),
    ]:  # fmt: skip
        with pytest.raises(lq.DataError) as caught:
            lq.load(coding=sheet(change))
        assert message in str(caught.value)
    with pytest.raises(lq.DataError) as caught:
        lq.load(coding=sheet(lambda table: table.drop(index=range(8))))
    assert "so in 8 rows" in caught.value.problems[-1].message  # behind the rows it sums up


def test_what_a_reader_of_workbooks_would_not_see_is_refused(sheet):
    for edit, message in [
        (lambda book: book.active.__setitem__("F3", "=F2"), "the formula in F3 has no result"),
        (lambda book: book.active.merge_cells("F2:F4"), "F2:F4 are merged, only the first has"),
        (lambda book: setattr(book.active["D5"], "font", Font(strike=True)), "D5 is struck out"),
        (lambda book: book.copy_worksheet(book.active), "'Sheet1 Copy' has the same columns"),
    ]:
        path = sheet(name="sheet.xlsx")
        book = load_workbook(path)
        edit(book)
        book.save(path)
        refuses(lq.DataError, message, lq.load, coding=path)


def test_an_empty_workbook_offers_the_allowed_codes_and_shows_the_sentences(tmp_path):
    path = tmp_path / "sheet.xlsx"
    sheets.template(MEASURES, PLAN.codebook(), path, PLAN.sentences())
    book = load_workbook(path)
    page = book["coding"]
    names = ["measure_id", "quote", "sentence", *sheets.MEASURES]
    assert [cell.value for cell in page[1]] == [f"{sheets.HEADS[name]} / {name}" for name in names]
    assert page.max_row == 224
    rules = {str(rule.sqref)[0]: rule.formula1 for rule in page.data_validations.dataValidation}
    assert len(rules) == len(measures.SCALES)
    first, last = re.findall(r"\d+", rules["D"])
    offered = [book["codebook"].cell(n, 2).value for n in range(int(first), int(last) + 1)]
    assert [choice.split()[0] for choice in offered] == PLAN.codebook("instrument")["code"].tolist()
    assert offered[0] == "D1 政府采购与外包 public purchase and outsourcing"
    own = sheets.read(path, MEASURES, PLAN.codebook())
    assert own[list(measures.SCALES)].isna().all().all()
    shown = dict(cells(path).iloc[1:, [0, 2]].to_numpy().tolist())
    assert shown["c07.s06.m2"] == PLAN.document.unit("c07.s06").text
    with pytest.raises(lq.LaoquError, match=r"ends in \.csv or \.xlsx"):
        sheets.template(MEASURES, PLAN.codebook(), tmp_path / "sheet.ods", PLAN.sentences())


def test_commands_for_a_coding_of_ones_own(sheet, tmp_path, capsys):
    target = str(tmp_path / "mine.xlsx")
    assert main(["coding", "template", target]) == 0
    assert main(["coding", "template", target]) == 2
    assert "exists" in capsys.readouterr().err
    assert main(["coding", "template", str(tmp_path / "nope" / "t.xlsx")]) == 2
    assert "name a file in a folder that is there" in capsys.readouterr().err
    assert main(["coding", "compare", str(sheet())]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"instrument +percent +1\.000", shown)
    assert re.search(r"time_named +alpha_nominal +nan.*undefined: no variation", shown)

    def wrong(table):
        table.loc[0, "clarity"] = "blue"
        return table

    assert main(["coding", "compare", str(sheet(wrong))]) == 1
    assert "sheet.csv:2:9: clarity: unknown code 'blue'" in capsys.readouterr().err


def test_what_a_reader_codes_otherwise_is_listed_with_its_sentence_and_labels_are_codes(sheet):
    def change(table):
        table[list(measures.SCALES)] = ""
        table[list(measures.MORE)] = ""
        table.loc[0, "instrument"], table.loc[1, "clarity"] = "D1", "明确"
        table.loc[2, "theme_more"], table.loc[3, "time_named"] = "T06；T07", "是"
        return table

    plan = lq.load(coding=sheet(change))
    coded = plan.measures()
    assert coded["clarity"].dropna().tolist() == ["black"]
    found = validation.compare(plan, plan.own["coding"], draws=2).differences
    assert found[["unit_id", "variable", "a"]].to_numpy().tolist() == [
        ["c01.s01.m1", "instrument", "D1"],
        ["c01.s02.m1", "time_named", True],
        ["c01.s01.m3", "theme_more", ("T06", "T07")],
    ]
    assert found["sentence"].str.endswith("。").all()


def test_labels_stand_beside_codes():
    table = PLAN.measures("陕甘宁", labels="zh").iloc[0]
    assert (table["theme"], table["theme_label"]) == ("T01", "返贫监测与帮扶")
    assert (table["scope"], table["scope_label"]) == ("universal", "面向全部革命老区")
