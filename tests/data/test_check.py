"""The data are clean, and whatever happens to them is noticed, with file, line and column."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

import laoqu as lq
from laoqu import build, schema

PLAN = lq.load()
DECLARED = schema.tables()
EVIDENCE = [name for name, each in DECLARED.items() if each.get("laoqu:evidence")]
CURATED = [each for each in DECLARED.values() if each["path"].startswith("curated/")]


def test_data_is_clean_and_built_files_are_current():
    assert lq.check() == []
    assert build.problems() == []


def test_every_table_is_described_and_every_file_declared():
    package = schema.package()
    paths = {each["path"] for each in package["resources"]}
    curated = {f"curated/{path.name}" for path in (PLAN.folder / "curated").iterdir()}
    assert curated <= paths
    for each in DECLARED.values():
        assert all(column["description"] for column in each["schema"]["fields"])
    json.dumps(package)


#: file, old text, new text, what is said of it
DAMAGES = [
    ("curated/membership.csv", "371302,2021-12-31,兰山区", "371309,2021-12-31,兰山区",
     "371309 is not in the gazetteer"),
    ("curated/membership.csv", "371302,2021-12-31,兰山区", "371302,2021-12-31,兰山县",
     "is 兰山区 山东省 临沂市 county"),
    ("curated/membership.csv", "371302,2021-12-31", "371302,1979-12-31",
     "371302 was not in force on 1979-12-31"),
    ("curated/membership.csv", "371302,2021-12-31", "371302,2021-13-45", "2021-13-45"),
    ("curated/membership.csv", "dabieshan,340422", "dabishan,340422",
     "unknown code 'dabishan', not in regions; nearest: dabieshan"),
    ("curated/membership.csv", "dabieshan,340722,", "dabieshan,340422,",
     "duplicate id 'dabieshan, 340422', first seen in line"),
    ("curated/membership.csv", "dabieshan,340422,", "dabieshan,34042,",
     r"found '34042', expected the form \d{6}"),
    ("curated/membership.csv", "dabieshan,340422,", "dabieshan,３４０４２２,",
     r"found '３４０４２２', expected the form \d{6}"),
    ("curated/membership.csv", "寿县,", ",", "is empty, expected a value"),
    ("curated/printed_counts.csv", "national_key_county,,53", "national_key_county,,54",
     "the mentions name 53 places for b1 national_key_county, the print 54"),
    ("curated/mentions.csv", "新泰市,,county,370982", "新泰县,,county,370982", "is 新泰市"),
    ("curated/mentions.csv", "county,429004,2021-12-31", "county,,", "a county needs an adcode"),
    ("curated/mentions.csv", "Ganzhou Comprehensive Bonded Zone,zone", ",zone",
     "a zone needs a name_en"),
    ("curated/crosswalk_rz.csv", "shifan_environment,S7,S\n", "",
     "shifan_environment has no class for S7"),
    ("curated/regions.csv", "Sichuan–Shaanxi old revolutionary base area",
     "Yimeng old revolutionary base area", "is also a name of"),
    ("curated/regions.csv", "region_id,order,", "region_id,ordre,",
     "regions.csv:1:11: found 'ordre', expected the column 'order'"),
    ("curated/regions.csv", "山东省,18", "山东省 ,18", "found white space around '山东省 '"),
    ("curated/exemplified.csv", "c01.s01,562,584", "c01.s01,,584", "is empty"),
    ("curated/absences.csv", ",安排资金|", ",(安排资金|",
     "'(安排资金|资金规模|总投资"),
    ("curated/codebook.csv", ",税收|减税", ",*税收|减税",
     "'*税收|减税|免税|退税|税率|关税' is no regular expression"),
    ("curated/codebook.csv", "scope,area,", "scope,arena,", "unknown code 'area'"),
    ("curated/pmc_scores.csv", "X7.5,pass1,0,0,税,", "X7.5,pass1,0,0,[税,",
     "'[税' is no regular expression: unterminated character set"),
    ("curated/scopes.csv", ",universal,printed", ",univrsal,printed",
     "unknown code 'univrsal', not in the codebook under scope; nearest: universal"),
    ("curated/scopes.csv", ",false,false,", ",no,false,", "found 'no', expected true or false"),
    ("curated/scopes.csv", "c01.s01.k1,c01.s01,562,", "c01.s01.k1,c01.s01,abc,",
     "found 'abc', expected a whole number"),
    ("curated/treatment_dates.csv", "2021-08-27", "2021-13-45", "2021-13-45"),
    ("curated/printed_figures.csv", "f1,12,", "f1,13,", "the quotation does not have 13"),
    ("curated/layout.toml", "lines = [159, 171]", "lines = [160, 171]",
     "layout.toml:19:1: line 160 of the text is ''"),
    ("curated/layout.toml", "lines = [206, 216]", "lines = [206, 215]", "layout.toml:26:1"),
    ("built/units.csv", "c01.h", "c01.x", "is not what `laoqu build` writes"),
    ("raw/SOURCES.toml", "characters = 7978", "characters = 7979", "SOURCES.toml:17:17"),
    ("curated/mentions.csv", "m001,c02.s01,860,864,西部地区", "m001,c02.s01,861,865,西部地区",
     "mentions.csv:2:14: the text at 861–865 is '部地区、', expected '西部地区'"),
    ("curated/mentions.csv", "m001,c02.s01", "m001,c02.s02",
     "mentions.csv:2:6: 860–864 lies in unit 'c02.s01', not within 'c02.s02'"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "expected"), DAMAGES)
def test_bad_input_is_reported_with_file_line_and_column(damage, file, old, new, expected):
    found = damage(file, old, new)
    assert any(expected in line for line in found), found
    assert all(line.split(": ")[0].rsplit(":", 2)[1].isdigit() for line in found)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda b: b.replace(b"\n", b"\r\n"), "found CRLF, expected LF"),
        (lambda b: b.decode().encode("gbk", errors="replace"), "is not UTF-8"),
        (lambda b: b.rstrip(b"\n"), "does not end in LF"),
        (lambda b: b + b"x,y\n", "found 2 fields, expected"),
        (lambda b: b + "ganminyue,e\u0301\n".encode(), "NFC"),
        (lambda b: b"", "membership.csv:1:1"),
        (lambda b: b + b"a" * 200_000 + b"\n", "is no row of a CSV: field larger than"),
        (lambda b: b.replace(b"\n", b"\r"), "membership.csv:1:"),
        (lambda b: b + b'x,"y\rz\n', "is no row of a CSV"),
    ],
    ids=["crlf", "gbk", "no-newline", "short-row", "nfd", "empty", "long", "cr", "quote"],
)
def test_a_file_of_the_wrong_form_is_reported(data_copy, change, expected):
    path = data_copy / "curated" / "membership.csv"
    path.write_bytes(change(path.read_bytes()))
    assert any(expected in line for line in lq.check(data_copy))


def test_numbers_that_are_none_are_refused(data_copy):
    path = data_copy / "curated" / "pmc_grades.csv"
    text = path.read_text(encoding="utf-8")
    for number in ("nan", "inf", "9" * 5000, "４"):
        path.write_text(text.replace("m9_integer,9,4,", f"m9_integer,9,{number},"), "utf-8")
        assert any("expected a number" in line for line in lq.check(data_copy))


@pytest.mark.parametrize("name", ["built/gazetteer.csv", "built/counties.parquet"])
def test_a_changed_or_missing_packaged_file_is_reported(data_copy, name):
    path = data_copy / name
    data = path.read_bytes()
    path.write_bytes(data[:-200] + data[-199:])
    assert any(f"{path.name}:" in line for line in lq.check(data_copy))
    path.unlink()
    assert any(f"{path.name}:" in line for line in lq.check(data_copy))


@pytest.mark.parametrize("file", ["datapackage.json", "curated/layout.toml", "raw/SOURCES.toml"])
@pytest.mark.parametrize(
    "text", ["", "{", "[]", "[" * 100_000, '{"resources": [{}]}', "x = 1", "\x00"]
)
def test_a_damaged_declaration_is_said_and_nothing_crashes(data_copy, file, text):
    (data_copy / file).write_text(text, encoding="utf-8")
    assert lq.check(data_copy)
    (data_copy / file).unlink()
    assert any(file.rpartition("/")[2] in line for line in lq.check(data_copy))


def test_a_missing_folder_is_said(tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path):
        assert lq.check(folder)
        with pytest.raises(lq.LaoquError):
            lq.load(folder)


def test_a_lost_row_is_said_with_file_numbers_and_what_to_do(data_copy):
    path = data_copy / "curated" / "absences.csv"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    found = "\n".join(lq.check(data_copy))
    assert f"absences.csv:{len(lines) - 1}:1: found {len(lines) - 2} rows, expected" in found
    assert "run `laoqu build --accept`" in found
    accepted = build.accept(data_copy)
    assert any("curated/absences.csv" in line and "rows" in line for line in accepted)
    assert lq.check(data_copy) == []
    assert build.accept(data_copy) == []


def test_a_moved_offset_of_any_row_is_reported_in_its_line():
    for name in EVIDENCE:
        table = PLAN._tables[name]
        for row in table.rows:
            for column in ("start", "end"):
                for step in (-1, 1, 7):
                    moved = schema.Row(row.line, row.text, {**row.values})
                    moved.values[column] += step
                    one = schema.Table(name, "t.csv", table.fields, [moved])
                    schema._check_evidence(one, PLAN.document)
                    assert [each.line for each in one.problems] == [row.line], (name, row)


def test_every_one_of_300_random_changes_of_a_cell_is_noticed(data_copy):
    build.accept(data_copy)
    assert list(build.unreviewed(data_copy)) == []
    draw = random.Random(2021)
    for n in range(300):
        each = draw.choice(CURATED)
        path = data_copy / each["path"]
        data = path.read_bytes()
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
        row = draw.randrange(1, len(rows))
        column = draw.randrange(len(rows[0]))
        before = rows[row][column]
        rows[row][column] = draw.choice([before + "x", before[:-1] or "0", "nan", "false", "１"])
        if rows[row][column] == before:
            rows[row][column] += "y"
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
        found = list(build.unreviewed(data_copy)) if n % 60 else lq.check(data_copy)
        assert any(path.name in str(problem) for problem in found), (each["name"], row, column)
        path.write_bytes(data)


def test_a_changed_declaration_and_a_stray_file_are_noticed(data_copy):
    build.accept(data_copy)
    path = data_copy / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    for damage in (
        lambda p: p["resources"].pop(3),
        lambda p: p["resources"][0]["schema"]["fields"][1].pop("constraints"),
        lambda p: p["resources"][1]["schema"].pop("foreignKeys"),
        lambda p: p["resources"][1].pop("hash"),
    ):
        changed = json.loads(json.dumps(package))
        damage(changed)
        path.write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        assert any("datapackage.json" in line for line in lq.check(data_copy))
    path.write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (data_copy / "curated" / "more.csv").write_text("a\n", encoding="utf-8")
    assert any("more.csv:1:1: is not declared" in line for line in lq.check(data_copy))


def test_every_problem_is_reported_not_only_the_first(data_copy):
    path = data_copy / "curated" / "scopes.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",universal,", ",everything,"), encoding="utf-8")
    assert len(lq.check(data_copy)) > 60


def test_loading_a_damaged_table_raises_with_the_place(data_copy):
    path = data_copy / "curated" / "mentions.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("m003,", "m002,"), encoding="utf-8")
    with pytest.raises(lq.DataError, match=r"mentions.csv:4:1: duplicate id 'm002'"):
        lq.load(data_copy).mentions()
