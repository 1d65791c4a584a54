"""Every row of every table, and what happens to a bad one."""

from __future__ import annotations

import csv
import json

import pytest

import laoqu as lq
from laoqu import build, paths, schema
from laoqu.validate import text

EVIDENCE = [
    name for name in schema.names() if schema.resource(name).get("laoqu:evidence")
]  # fmt: skip


def rows_with_evidence():
    plan = lq.load()
    found = []
    for name in EVIDENCE:
        for row in plan._table(name).rows:
            key = schema.resource(name)["schema"]["primaryKey"][0]
            found.append(pytest.param(name, row, id=f"{name}:{row.values[key]}"))
    return found


def test_data_is_clean():
    assert lq.check() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "curated/membership.csv",
            "371302,2021-12-31,兰山区",
            "371309,2021-12-31,兰山区",
            "371309 is not in the gazetteer",
        ),
        (
            "curated/membership.csv",
            "371302,2021-12-31,兰山区",
            "371302,2021-12-31,兰山县",
            "is 兰山区 山东省 临沂市 county",
        ),
        (
            "curated/membership.csv",
            "371302,2021-12-31",
            "371302,1979-12-31",
            "371302 was not in force on 1979-12-31",
        ),
        (
            "curated/printed_counts.csv",
            "national_key_county,,53",
            "national_key_county,,54",
            "the mentions name 53 places for b1 national_key_county, the print 54",
        ),
        ("curated/mentions.csv", "新泰市,,county,370982", "新泰县,,county,370982", "is 新泰市"),
        (
            "curated/mentions.csv",
            "county,429004,2021-12-31",
            "county,,",
            "a county needs an adcode",
        ),
        (
            "curated/mentions.csv",
            "Ganzhou Comprehensive Bonded Zone,zone",
            ",zone",
            "a zone needs a name_en",
        ),
    ],
)
def test_codes_and_counts_are_proved_against_the_gazetteer_and_the_print(
    damage, file, old, new, expected
):
    assert any(expected in line for line in damage(file, old, new))


@pytest.mark.parametrize(
    "name", ["counties.parquet", "outline.parquet", "gazetteer.csv", "gazetteer_history.csv"]
)
def test_a_changed_or_missing_packaged_file_is_reported(data_copy, name):
    path = data_copy / "built" / name
    data = path.read_bytes()
    path.write_bytes(data[:-200] + data[-199:])
    assert any(f"{name}:" in line for line in lq.check(data_copy))
    path.unlink()
    assert any(f"{name}:" in line for line in lq.check(data_copy))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("curated/crosswalk_rz.csv", "shifan_environment,S8,S\n", "",
         "shifan_environment has no class for S8"),
        ("curated/regions.csv", "Sichuan–Shaanxi old revolutionary base area",
         "Yimeng old revolutionary base area", "is also a name of"),
        ("curated/exemplified.csv", "c01.s01,562,584", "c01.s01,,584", "is empty"),
        ("curated/absences.csv", ",安排资金|", ",(安排资金|",
         "absences.csv:2:29: '(安排资金|资金规模|总投资"),
        ("curated/codebook.csv", ",税收|减税", ",*税收|减税",
         "codebook.csv:52:149: '*税收|减税|免税|退税|税率|关税' is no regular expression"),
        ("curated/pmc_scores.csv", "X7.5,pass1,0,0,税,", "X7.5,pass1,0,0,[税,",
         "'[税' is no regular expression: unterminated character set"),
    ],
)  # fmt: skip
def test_holes_and_clashes_are_reported(damage, file, old, new, expected):
    assert any(expected in line for line in damage(file, old, new))


CURATED = [each for each in schema.package()["resources"] if each["path"].startswith("curated/")]


@pytest.mark.parametrize("declared", CURATED, ids=lambda each: each["name"])
def test_a_lost_row_is_noticed_in_every_curated_table(plan, tmp_path, declared):
    lines = (plan.folder / declared["path"]).read_bytes().splitlines(keepends=True)
    path = tmp_path / "short.csv"
    for kept, expected in ((lines, 0), (lines[:-1], 1)):
        path.write_bytes(b"".join(kept))
        table = schema.read(declared["name"], path=path)
        assert len(list(text.rows(plan.folder, table))) == expected


def test_a_lost_row_is_said_with_file_numbers_and_what_to_do(data_copy):
    path = data_copy / "curated" / "absences.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    (problem,) = lq.check(data_copy)
    assert "curated/absences.csv:38:1: found 37 rows, expected 38" in problem
    assert "\"laoqu:rows\" of 'absences' in" in problem and problem.endswith("to 37")
    package = data_copy / "datapackage.json"
    package.write_text(package.read_text("utf-8").replace('rows": 38', 'rows": 37'), "utf-8")
    schema.package.cache_clear()
    assert lq.check(data_copy) == []


def test_a_lost_row_does_not_hide_what_else_is_wrong(damage):
    found = damage("curated/crosswalk_rz.csv", "shifan_environment,S8,S\n", "")
    assert len(found) == 2 and "found 131 rows, expected 132" in "".join(found)


def test_built_files_are_current():
    assert build.problems() == []


@pytest.mark.parametrize(("name", "row"), rows_with_evidence())
def test_any_moved_offset_of_any_row_is_reported_in_its_line(plan, name, row):
    for column in ("start", "end"):
        for step in (-1, 1, 7):
            moved = schema.Row(row.line, row.text, {**row.values})
            moved.values[column] += step
            table = schema.Table(name, "t.csv", plan._table(name).fields, [moved])
            schema._check_evidence(table, plan.document)
            assert [problem.line for problem in table.problems] == [row.line]


def test_a_wrong_offset_says_what_stands_there_and_where_the_quote_is(damage):
    (found,) = damage(
        "curated/mentions.csv", "m001,c02.s01,860,864,西部地区", "m001,c02.s01,861,865,西部地区"
    )
    assert "mentions.csv:2:14: the text at 861–865 is '部地区、', expected '西部地区'" in found


def test_a_quote_in_another_unit_is_reported(damage):
    (found,) = damage("curated/mentions.csv", "m001,c02.s01", "m001,c02.s02")
    assert "mentions.csv:2:6: 860–864 lies in unit 'c02.s01', not within 'c02.s02'" in found


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("curated/scopes.csv", ",universal,printed", ",univrsal,printed",
         "unknown code 'univrsal', not in the codebook under scope; nearest: universal"),
        ("curated/membership.csv", "dabieshan,340422", "dabishan,340422",
         "unknown code 'dabishan', not in regions; nearest: dabieshan"),
        ("curated/membership.csv", "dabieshan,340722,", "dabieshan,340422,",
         "duplicate id 'dabieshan, 340422', first seen in line"),
        ("curated/membership.csv", "dabieshan,340422,", "dabieshan,34042,",
         r"found '34042', expected the form \d{6}"),
        ("curated/membership.csv", "寿县,", ",", "is empty, expected a value"),
        ("curated/scopes.csv", ",false,false,", ",no,false,",
         "found 'no', expected true or false"),
        ("curated/scopes.csv", "c01.s01.k1,c01.s01,562,", "c01.s01.k1,c01.s01,abc,",
         "found 'abc', expected a whole number"),
        ("curated/regions.csv", "region_id,order,", "region_id,ordre,",
         "regions.csv:1:11: found 'ordre', expected the column 'order'"),
        ("curated/regions.csv", ",江西省;福建省;广东省", ",江西省;福建省",
         "provinces of ganminyue are"),
        ("curated/regions.csv", "山东省,18", "山东省 ,18", "found white space around '山东省 '"),
        ("curated/codebook.csv", "scope,area,", "scope,arena,", "unknown code 'area'"),
        ("curated/layout.toml", "lines = [159, 171]", "lines = [160, 171]",
         "layout.toml:19:1: line 160 of the text is ''"),
        ("curated/layout.toml", "lines = [206, 216]", "lines = [206, 215]", "layout.toml:26:1"),
        ("built/units.csv", "c01.h", "c01.x", "is not what `laoqu build` writes"),
        ("raw/SOURCES.toml", "characters = 7978", "characters = 7979", "SOURCES.toml:17:17"),
    ],
)  # fmt: skip
def test_bad_input_is_reported_with_file_line_and_column(damage, file, old, new, expected):
    found = damage(file, old, new)
    assert any(expected in line for line in found), found
    assert all(line.split(": ")[0].rsplit(":", 2)[1].isdigit() for line in found)


def test_every_problem_is_reported_not_only_the_first(data_copy):
    path = data_copy / "curated" / "scopes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",universal,", ",everything,"), encoding="utf-8")
    assert len(lq.check(data_copy)) > 60


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda b: b.replace(b"\n", b"\r\n"), "found CRLF, expected LF"),
        (lambda b: b.decode().encode("gbk", errors="replace"), "is not UTF-8"),
        (lambda b: b.rstrip(b"\n"), "does not end in LF"),
        (lambda b: b + b"x,y\n", "found 2 fields, expected"),
        (lambda b: b + "ganminyue,e\u0301\n".encode(), "NFC"),
        (lambda b: b"", "membership.csv:1:1"),
    ],
    ids=["crlf", "gbk", "no-newline", "short-row", "nfd", "empty"],
)
def test_a_file_of_the_wrong_form_is_reported(data_copy, change, expected):
    path = data_copy / "curated" / "membership.csv"
    path.write_bytes(change(path.read_bytes()))
    assert any(expected in line for line in lq.check(data_copy))


def test_a_byte_order_mark_is_no_harm(data_copy):
    path = data_copy / "curated" / "regions.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert lq.check(data_copy) == []


def test_loading_a_damaged_table_raises_with_the_place(data_copy):
    path = data_copy / "curated" / "mentions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("m003,", "m002,"), encoding="utf-8")
    with pytest.raises(lq.DataError, match=r"mentions.csv:4:1: duplicate id 'm002'"):
        lq.load(data_copy).mentions()


def test_a_damaged_declaration_is_said(data_copy):
    path = data_copy / "datapackage.json"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert any("datapackage.json" in line for line in lq.check(data_copy))


def test_curated_files_are_sorted_utf8_with_lf():
    for path in sorted((paths.data() / "curated").glob("*.csv")):
        data = path.read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"\n")
        assert len({len(row) for row in csv.reader(data.decode("utf-8").splitlines())}) == 1


def test_every_table_file_is_declared_and_described():
    declared = {each["path"] for each in schema.package()["resources"]}
    files = {f"curated/{p.name}" for p in (paths.data() / "curated").glob("*.csv")}
    assert files <= declared
    for each in schema.package()["resources"]:
        assert all(column["description"] for column in each["schema"]["fields"])
    json.dumps(schema.package())
