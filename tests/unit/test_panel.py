"""Panels: every kind of file, what codes mean, and what looks wrong in the numbers."""

import gc
import warnings
from collections import Counter
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fixture import PLAN, refuses
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import grid, places, schema, succession
from laoqu.analysis import monitor, writing
from laoqu.cli import main
from laoqu.errors import LaoquError

ROWS = pd.DataFrame(
    {
        "行政区划代码": ["620422", "620423", "360721", "360781"] * 3,
        "年份": [2010] * 4 + [2011] * 4 + [2012] * 4,
        "县名": ["会宁县", "景泰县", "赣县", "瑞金市"] * 3,
        "gdp": np.arange(12) * 1.5 + 10,
        "人口": ["1,200", "-", "3", "４"] * 3,
    }
)
FOUND = ["620422", "620423", "360704", "360781"] * 3


def stata(frame, path):
    frame = frame.set_axis(["code", "SgnYear", "name", "gdp", "pop"], axis=1)
    frame.assign(code=frame["code"].astype(float)).to_stata(path, write_index=False, version=118)


WRITERS = {
    "utf8.csv": lambda f, p: f.to_csv(p, index=False),
    "bom.csv": lambda f, p: f.to_csv(p, index=False, encoding="utf-8-sig"),
    "gbk.csv": lambda f, p: f.to_csv(p, index=False, encoding="gbk"),
    "utf16.csv": lambda f, p: f.to_csv(p, index=False, encoding="utf-16"),
    "tabs.tsv": lambda f, p: f.to_csv(p, index=False, sep="\t"),
    "title.csv": lambda f, p: p.write_text(f"表 1 县域统计,,,,\n{f.to_csv(index=False)}", "utf-8"),
    "sheet.xlsx": lambda f, p: f.to_excel(p, index=False),
    "stata.dta": stata,
    "table.parquet": lambda f, p: f.to_parquet(p),
}


def test_every_kind_of_file_is_read(tmp_path):
    for name, write in WRITERS.items():
        write(ROWS, tmp_path / name)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)  # a file that is left open
            made = lq.panel(tmp_path / name)
            gc.collect()
        assert made.data["county_code"].tolist() == FOUND, name
        assert made.data["year"].tolist() == ROWS["年份"].tolist(), name
        assert str(made.data["year"].dtype) == "Int64"
        assert set(made.data["code_status"]) == {"same", "followed"}
        assert made.data["gdp"].tolist() == ROWS["gdp"].tolist(), name
        assert len(made.outcomes) == 2, name
        assert "signs for a missing value" in repr(made.report)
        assert "thousands separators" in repr(made.report)


def test_wide_and_indexed_tables_are_read():
    wide = ROWS.pivot(index=["行政区划代码", "县名"], columns="年份", values="gdp")
    for label in ("gdp_{}", "gdp{}年", "{}_gdp", "{}年gdp"):
        made = lq.panel(wide.rename(columns=label.format).reset_index())
        assert sorted(made.data["gdp"]) == sorted(ROWS["gdp"]), label
        assert made.data["year"].nunique() == 3
    for drop in (True, False):
        made = lq.panel(ROWS.set_index(["行政区划代码", "年份"], drop=drop))
        assert made.data["county_code"].tolist() == FOUND
    levels = wide.set_axis(pd.MultiIndex.from_product([["gdp"], wide.columns]), axis=1)
    made = lq.panel(levels.reset_index())
    assert sorted(made.data["gdp"]) == sorted(ROWS["gdp"])
    assert "levels of headings joined: 行政区划代码, 县名, gdp_2010" in repr(made.report)
    # Codes under the heading of names.
    codes, plain = ROWS.drop(columns="县名"), lq.panel(ROWS).data["county_code"]
    made = lq.panel(codes.rename(columns={"行政区划代码": "county"}))
    assert made.data["county_code"].equals(plain)
    assert lq.panel(ROWS.head(4).drop(columns="年份"), year=2010).data["year"].eq(2010).all()


def test_codes_and_years_are_converted_and_each_conversion_is_reported():
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    code, year = ROWS["行政区划代码"], ROWS["年份"]
    said = "numbers read as text|written as decimals|written as decimals|cut to six digits|quotes"
    odd = code.astype(int), code.astype(float), code + ".0", code + "000000", "'" + code
    cases = [(codes, year, why) for codes, why in zip(odd, said.split("|"), strict=True)]
    cases += [(code.str.translate(wide), year, "wide")]
    cases += [(code, year.astype(float), "decimals read as years")]
    # Midnight in China is no day of the year before.
    times = pd.to_datetime(year.astype("str")).dt.tz_localize("Asia/Shanghai")
    cases.append((code, times.dt.tz_convert("UTC"), "times of another zone"))
    forms = ("{}年", "{}.0", "{}-12-31", "{}/12/31", "{}年度")
    cases += [(code, year.map(form.format), "text or dates read as years") for form in forms]
    for codes, years, said in cases:
        made = lq.panel(ROWS.assign(行政区划代码=codes, 年份=years))
        assert made.data["county_code"].tolist() == FOUND, said
        assert made.data["year"].tolist() == year.tolist(), said
        assert said in repr(made.report)
        assert "no numbers" not in repr(made.report), said


def test_labels_of_values_are_read_where_each_value_has_one(tmp_path):
    flat = ROWS.set_axis(["code", "year", "name", "gdp", "pop"], axis=1)
    flat["pop"] = range(12)
    shown = flat.assign(**{c: pd.Categorical(flat[c].astype("str")) for c in ("code", "gdp")})
    given = {"version": 118, "value_labels": {"pop": {0: "not surveyed"}}}
    shown.to_stata(tmp_path / "labelled.dta", write_index=False, **given)
    made, plain = lq.panel(tmp_path / "labelled.dta"), lq.panel(flat)
    for name in ("county_code", "year", "gdp", "pop"):
        assert made.data[name].tolist() == plain.data[name].tolist(), name
    assert "labels of codes, or of only some values, left out" in repr(made.report)
    for labels in ({c: f"县{c}" for c in flat["code"]}, dict.fromkeys(flat["code"], "永定区")):
        whole = flat.astype({"code": "int32"})
        given["value_labels"] = {"code": {int(c): name for c, name in labels.items()}}
        whole.to_stata(tmp_path / "codes.dta", write_index=False, **given)
        found = lq.panel(tmp_path / "codes.dta")
        assert found.data["county_code"].tolist() == plain.data["county_code"].tolist()
        assert "left out" in repr(found.report)
    # Labels that repeat cost only their own column its labels.
    shown["kind"] = [0, 1, 2] * 4
    given["value_labels"] = {"kind": {0: "low", 1: "high", 2: "high"}}
    shown.to_stata(tmp_path / "repeated.dta", write_index=False, **given)
    found = lq.panel(tmp_path / "repeated.dta")
    assert found.data["county_code"].tolist() == plain.data["county_code"].tolist()
    assert found.data["kind"].tolist() == [0, 1, 2] * 4
    assert "labels of its values left out: several values are 'high'" in repr(found.report)


def test_spellings_of_a_variable_between_years_and_sheets_are_one(tmp_path):
    wide = pd.DataFrame(
        {"code": ["340102"], "gdp2018": [1.0], "GDP2019": [2.0], "ＧＤＰ2020": [3.0]}
    )
    made = lq.panel(wide.assign(pop2018=1.0, pop2019=2.5))
    assert made.data["gdp"].tolist() == [1, 2, 3] and made.data["pop"].dropna().tolist() == [1, 2.5]
    assert "GDP, ＧＤＰ read as gdp" in repr(made.report)
    said = "not every variable has every year: gdp of 3 years, 2018–2020, pop of 2 years, 2018–2019"
    assert said in repr(made.report)
    both = wide.assign(GDP2018=5.0, gdp2019=6.0)  # in one year there are two: they are not one
    assert "GDP" in lq.panel(both).data
    with pd.ExcelWriter(tmp_path / "sheets.xlsx") as book:
        ROWS.rename(columns={"GDP（亿元）": "GDP"}).to_excel(book, sheet_name="甲", index=False)
        ROWS.rename(columns=lambda c: f"{c} ( 万元)").to_excel(book, sheet_name="乙", index=False)
    refuses(LaoquError, "the sheet '乙' has the same columns", lq.panel, tmp_path / "sheets.xlsx")


def test_a_row_for_each_indicator_becomes_a_column_for_each():
    keys = ["行政区划代码", "年份", "县名"]
    rows = ROWS.assign(人口=ROWS["人口"].astype("str")).replace({"gdp": {ROWS["gdp"][0]: "12亿"}})
    made = lq.panel(rows.melt(keys, ["gdp", "人口"], "指标", "数值").assign(单位=""))
    flat = lq.panel(rows)
    names = ["county_code", "year", "gdp", "人口"]
    assert made.data[names].astype("str").equals(flat.data[names].astype("str"))
    assert made.data["人口"].dtype.kind in "if"
    assert "2 indicators turned into columns" in repr(made.report)
    assert "text, for these cells are no numbers: '12亿' (row 0)" in repr(made.report)


def test_rows_for_indicators_of_places_without_a_code_are_no_one_place():
    known = [("庆阳市", county) for county in ("环县", "华池县", "宁县", "镇原县")]
    columns, kinds = ["市", "县", "指标", "数值"], ("人口", "gdp")
    for one, other in (
        (("庆阳市", "甲开发区"), ("庆阳市", "乙开发区")),
        (("庆阳市", "开发区"), ("平凉市", "开发区")),
        (("庆阳市", "甲山县"), ("庆阳市", "甲山市")),
    ):
        for second in kinds:
            rows = [(*place, kind, 1) for place in known for kind in kinds]
            rows += [(*one, "人口", 8), (*other, second, 9)]
            frame = pd.DataFrame(rows, columns=columns).assign(省="甘肃省", 年份=2018)
            made = lq.panel(frame).data.iloc[4:]
            assert made[["市", "县"]].to_numpy().tolist() == [[*one], [*other]]
            assert made["人口"].iloc[0] == 8
            assert made[second].iloc[1] == 9
            assert made[list(kinds)].notna().to_numpy().sum() == 2
    kinds, names = ["人口", "gdp", "就业"], ["从江县", "从江", "", "略阳县", "略 阳县", "勉县"]
    rows = {"代码": ["522633"] * 3 + ["610727"] * 3, "县": names, "指标": kinds * 2}
    made = lq.panel(pd.DataFrame(rows).assign(数值=range(1, 7), 年份=2018))
    assert made.data[kinds].fillna(0).to_numpy().tolist() == [[1, 2, 3], [4, 5, 0], [0, 0, 6]]
    assert made.contradictions["name_in_file"].tolist() == ["勉县"]


def test_files_that_cannot_be_read_or_are_far_too_large_are_refused(tmp_path, monkeypatch):
    with (tmp_path / "large.csv").open("wb") as large:
        large.truncate(200_000_000)  # sparse: takes no room
    ROWS.assign(gdp="=1+1").to_excel(tmp_path / "formula.xlsx", index=False)
    stata(ROWS, tmp_path / "cut.dta")
    (tmp_path / "cut.dta").write_bytes((tmp_path / "cut.dta").read_bytes()[:900])
    (tmp_path / "empty.parquet").touch()
    twice = pa.table([[620422], [2019], [1.0], [2.0]], names=["code", "year", "gdp", "gdp"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    assert "gdp: called gdp_2" in repr(lq.panel(tmp_path / "twice.parquet").report)
    tall = pa.table({"code": pa.array(np.full(1_000_000, 620422)), "n": np.zeros(1_000_000)})
    with pq.ParquetWriter(tmp_path / "tall.parquet", tall.schema) as writer:
        for _ in range(20):
            writer.write_table(tall)
    pd.DataFrame({"n": np.zeros(500_001, "int8")}).to_stata(tmp_path / "tall.dta")
    years = ",".join(["code", *(f"gdp{year}" for year in range(1950, 2100))])
    (tmp_path / "years.csv").write_text(f"{years}\n" + f"620422{',1' * 150}\n" * 3_400)
    (tmp_path / "wide.csv").write_text(";" * 1_000_000)
    (tmp_path / "many.csv").write_text(("," * 2_000 + "\n") * 10_000)
    far = openpyxl.Workbook()
    for row in range(1, 130):
        far.active.cell(row, 16_384, 1)
    text = openpyxl.Workbook()
    for _ in range(1_100):
        text.active.append(["x" * 30_000])
    text.save(tmp_path / "text.xlsx")
    far.save(tmp_path / "far.xlsx")
    with ZipFile(tmp_path / "padded.xlsx", "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.png", b" " * 450_000_001)
    with ZipFile(tmp_path / "styles.xlsx", "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/styles.xml", b"<xf/>" * 2_000_001)
    with ZipFile(tmp_path / "cells.xlsx", "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<c/>" * 6_000_004)
    ROWS.to_stata(tmp_path / "long.dta", version=118, convert_strl=["县名"], write_index=False)
    once = pa.DictionaryArray.from_arrays(pa.array(np.zeros(17_000, "int32")), ["x" * 30_000])
    pq.write_table(pa.table({"n": once}), tmp_path / "long.parquet", store_schema=False)
    for said in (
        "none.csv:1:1: there is no such file",
        "w.ipynb is a .ipynb file: save it as CSV, XLSX, DTA or Parquet",
        "cut.dta is empty, cut off or no .dta file .*: save it anew, or as CSV$",
        "empty.parquet is empty, cut off",
        "large.csv:1:1: has 200 MB, expected at most 150",
        "tall.parquet: the table has more than 500,000 rows",
        "tall.dta: the table has more than 500,000 rows",
        "years.csv: the table has more than 500,000 rows",
        "wide.csv:1:1: the table has more than 3,000 columns",
        "many.csv:1:1: the table has more than 20,000,000 cells",
        "padded.xlsx:1:1: unpacks to more than 450 MB",
        "styles.xlsx:1:1: has too many cell formats",
        "cells.xlsx:1:1: has about 1,500,001 cells: save the sheet as CSV",
        "long.dta: has columns of strL: `compress` it",
        "long.parquet: takes more than 500 MB",
        r"formula.xlsx:1:1: the formula in \w+ has no result",
    ):
        refuses(LaoquError, said, lq.panel, tmp_path / said.split()[0].partition(":")[0])
    # A workbook is read cell by cell up to the limit: a tenth of it here.
    monkeypatch.setattr(grid, "WIDE", grid.WIDE // 10)
    for name in ("text.xlsx", "far.xlsx"):
        said = f"{name}:1:1: the table has more than 2,000,000 cells"
        refuses(LaoquError, said, lq.panel, tmp_path / name)


def counties(*names):
    return pd.DataFrame({"county": names, "year": range(2006, 2006 + len(names)), "gdp": 1})


def test_tables_and_arguments_that_cannot_be_read_are_refused():
    stacked = ROWS.melt(["行政区划代码", "年份", "县名"], ["gdp", "人口"], "指标", "数值")
    for message, source in {
        "and gdp is a column as well": stacked.assign(gdp=1),
        "no columns are years": ROWS.drop(columns="年份"),
        "holds codes of counties, or their names": ROWS.drop(columns=["行政区划代码", "县名"]),
        "tags holds lists": ROWS.assign(tags=[[1]] * 12),
        "has no rows": ROWS.iloc[:0],
        "a path or a DataFrame": 7,
        "all hold codes": ROWS.iloc[:, :2].set_axis(["a", "年份"], axis=1).assign(b="110101"),
        "more than 500,000 rows": pd.DataFrame({"code": "620422", "year": range(500_001)}),
        "more than 3,000 columns": pd.DataFrame([range(3_001)]).assign(code="620422", year=2010),
        "more than 20,000,000 cells": pd.DataFrame(index=range(500_000), columns=range(41)),
        "has more than 20,000,000 cells in 9,000 rows of 2,900": pd.DataFrame(
            {"code": np.arange(9_000) + 620000, "year": 2020, "指标": np.arange(9_000) % 2_900}
        ).assign(数值=1.0, 指标=lambda frame: "n" + frame["指标"].astype("str")),
        "of a county known in its year: 崇文区 of 2008 is .* merged into 东城区": counties(
            *["崇文区"] * 3
        ),
        "朝阳区 .*; a column of provinces or cities tells them apart$": counties(*["朝阳区"] * 3),
        "was split in 2016: .*; 星子县 of 2007 is": counties("庐山区", "星子县"),
    }.items():
        refuses(LaoquError, message, lq.panel, source)
    given = ROWS.assign(行政区划代码="139998"), "行政区划代码"
    refuses(
        LaoquError, "no row of the panel is of a county known in its year: 1399", lq.panel, *given
    )
    for said, name, values in (
        ("column of the panel 'gpd'", "code", ["gpd"]),
        ("no cell of gdp is a year", "year", ["gdp"]),
        ("expected a year from 1980 to 2025", "vintage", (2019.5, True, "2019年", 1900, np.nan)),
    ):
        for value in values:
            refuses(LaoquError, said, lq.panel, ROWS, **{name: value})


def test_decimal_commas_years_that_are_none_and_infinite_values_are_not_guessed():
    made = lq.panel(ROWS.assign(gdp=["1,5", "1,234", *["2"] * 10], tax=["1,234.5"] * 12))
    assert made.data["gdp"].tolist()[:2] == ["1,5", "1,234"]
    assert made.data["tax"].eq(1234.5).all()
    made = lq.panel(ROWS.assign(gdp=["0,512", *["0,001"] * 11], tax=["1 234", *["2"] * 11]))
    assert (made.data["gdp"][0], made.data["tax"][0]) == ("0,512", 1234)
    assert "decimal commas" in repr(made.report)
    years = ["20190", "2019/2020", "2021-13-45", *ROWS["年份"].astype(str)[3:]]
    made = lq.panel(ROWS.assign(年份=years), year="年份")
    assert made.data["year"].isna().tolist() == [True] * 3 + [False] * 9
    text = ["1e999", *map(str, range(10)), "inf"]
    made = lq.panel(ROWS.assign(gdp=text, pop=[np.inf, *range(11)]))
    told = made.report.set_index("what")["rows"]
    assert (told["converted: gdp"], told["converted: pop"]) == (2, 1)
    found = made.quality("gdp", "pop").query("looks_like == 'infinite'")
    assert found[["kind", "column", "row"]].to_numpy().tolist() == [
        ["impossible", "gdp", 0], ["impossible", "gdp", 11], ["impossible", "pop", 0]
    ]  # fmt: skip


def coded(codes, years, **more):
    return lq.panel(pd.DataFrame({"code": codes, "year": years, **more}))


def test_a_panel_of_frozen_codes_is_read_by_its_vintage():
    plan = lq.load()
    history = plan.table("gazetteer_history")
    old = history[history["old_valid_from"].le(1995) & history["old_valid_to"].ge(1995)]
    old = old[old["old_level"].eq("county") & old["old_adcode"].str[:2].isin(["36", "35"])]
    codes = old["old_adcode"].unique().tolist()
    frame = pd.DataFrame({"code": codes * 2, "year": [1995] * len(codes) + [2010] * len(codes)})
    made = lq.panel(frame)
    assert made.vintage <= 2000
    by_year = made.data.pivot(index="code_in_panel", columns="year", values="county_code")
    units = succession.units()
    frozen = by_year[[not (units.holder(c, 2010) or units.holder(c, 2009)) for c in by_year.index]]
    assert frozen[1995].equals(frozen[2010].rename(1995))
    assert frozen[1995].notna().mean() > 0.7
    # 350205 was 杏林区 in 1995, which was split; that 海沧区 had the code in 2010 is not meant.
    split = made.data.query("code_in_panel == '350205'")["code_status"]
    assert split.eq("split").all()
    assert made.reasons["reason"].str.contains("and was 海沧区 .* in 2010; 杏林区 .* split").any()
    assert "inferred" in repr(made.report)
    # The same rows read as codes of 2021 lose what was recoded since.
    lost = lq.panel(frame, vintage=2021).data.query("year == 2010")["county_code"]
    assert lost.notna().mean() < 0.5
    # Codes of 2021 that were others' in a year of the panel: 义马, 松滋, 枝城.
    now = [c for c in units.name if units.level[c] == "county" and c[:2] in ("41", "42")]
    made = coded(now * 3, np.repeat([1986, 1994, 1995], len(now)))
    assert made.data["county_code"].equals(made.data["code_in_panel"])
    told = made.report.set_index("what").loc["code of another in its year"]
    assert told["units"] == 9
    assert made.reasons["reason"].str.contains("419001 is 济源市 .* was 义马市").any()
    # One code that is younger than its row says too little: the others may be of their own year.
    codes = ["419001", "350404", *now[:10]]
    made = coded(codes, [1990] * len(codes))
    assert made.data["county_code"].fillna("").tolist() == ["", *codes[1:]]
    assert "419001 is 济源市" in repr(made.report) and "nothing tells which" in repr(made.report)


def test_two_rows_never_become_one_unit_and_year():
    made = coded(["431121", "431181", "419001", "411281"], [2019, 2019, 1990, 1990])
    kept = made.data.dropna(subset=["county_code"])
    assert not kept.duplicated(["county_code", "year"]).any()
    assert made.data["code_status"].value_counts()["other_holder"] == 2
    assert made.reasons["reason"].str.contains("has a row for").any()
    # Units younger than 2021, and of other levels.
    made = coded(["540481", "360700", "360000"], [2023, 2020, 2020])
    assert made.data["county_code"].tolist() == ["540422", "360700", "360000"]
    assert made.data["code_status"].tolist() == ["later", "same", "same"]
    only = lq.panel(made.data[["code_in_panel", "year"]], unit="county")
    assert len(only.data) == 1


def test_names_that_contradict_codes_are_reported_row_by_row():
    made = coded(
        ["630104", "450123", "450124", "500243", "621022", "430421", "430421"], [2020] * 6 + [1983],
        name=["冷湖行委", "马山县", "隆安县", "彭水县", "甘肃省庆阳市环县", "湘潭县", "湘潭县"],
    )  # fmt: skip
    found = made.contradictions.set_index("code_in_panel")
    assert set(found.index) == {"630104", "450123", "450124", "430421"}
    assert found.loc["430421", ["first_year", "rows"]].tolist() == [2020, 1]
    assert found.loc["450123", "name_is_of"].startswith("450124")
    assert "城西区" in found.loc["630104", "holder"]
    assert "name contradicts the code" in repr(made.report)


def test_a_panel_is_written_with_a_readme(tmp_path):
    odd = ROWS.assign(县名=["=1+1", "@x", *ROWS["县名"][2:]])
    made = lq.panel(odd.rename(columns={"gdp": "=gdp"}))
    readers = {
        "csv": lambda p: pd.read_csv(p, dtype={"county_code": str}), "dta": pd.read_stata,
        "xlsx": lambda p: pd.read_excel(p, dtype={"county_code": str}), "parquet": pd.read_parquet,
    }  # fmt: skip
    for kind, read in readers.items():
        path = made.to_file(tmp_path / f"{kind}.{kind}")
        assert read(path)["county_code"].tolist() == FOUND
        note = path.with_name(f"{path.name}.README.txt").read_text("utf-8")
        assert note.startswith("county_code") and "code followed" in note
    sheet = openpyxl.load_workbook(tmp_path / "xlsx.xlsx").active
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    text = (tmp_path / "csv.csv").read_text("utf-8-sig")
    assert "'=1+1" in text and "'@x" in text and ",'=gdp," in text
    refuses(lq.OutputError, "is there already", made.to_file, tmp_path / "csv.csv")
    with pd.read_stata(tmp_path / "dta.dta", iterator=True) as stata:
        labels = stata.variable_labels()
    assert (labels["county_code"], labels["_gdp"]) == ("unit of the end of 2021", "=gdp")
    single = lq.panel(ROWS.assign(gdp=ROWS["gdp"].astype("float32")))
    with warnings.catch_warnings(action="error"):  # what 64 bits hold is no number of 32
        single.to_file(tmp_path / "single.dta")


def test_a_panel_without_codes_is_read_by_its_names():
    rows = """河北省,石家庄市,桥东区,2010,,
    河北,张家口,桥东区,2010,130702,130702
    河北省,张家口市,宣化县,2010,,
    北京市,,崇文区,2005,,
    广西壮族自治区,百色市,靖西县,2010,451025,451081
    广西,百色,靖西市,2020,451081,451081
    福建省,三明市,三元区,2015,,
    福建省,三明市,三元区,2021,350404,350404
    甘肃省,庆阳市,无此县,2010,,
    河北省,石家庄市,桥东区,2020,,
    安徽省,合肥市,郊区,2018,,
    安徽省,铜陵市,郊区,2018,340711,340711
    浙江省,湖州市,城区,1988,,
    黑龙江省,伊春市,东风区,1984,,
    吉林省,吉林,郊区,1994,,
    重庆市,市辖区,双桥区,2011,,
    新疆维吾尔自治区,石河子市,石河子市,2010,659001,659001
    湖北省,省直辖县级行政区划,仙桃市,2010,429004,429004
    安徽省,宣城地区,宣州市,1990,342501,341802
    安徽省,宣城地区,宣城市,1996,342501,341802
    甘肃省,庆阳市,环县,1975,,"""
    rows = [line.strip().split(",") for line in rows.splitlines()]
    columns = ["省份", "城市", "县名", "年份", "code", "unit"]
    frame = pd.DataFrame(rows, columns=columns).assign(gdp=range(len(rows)))
    made = lq.panel(frame.drop(columns=["code", "unit"]))
    for mine, theirs in (("code_in_panel", "code"), ("county_code", "unit")):
        assert made.data[mine].fillna("").tolist() == frame[theirs].tolist()
    assert "11 names are no one county" in repr(made.report)
    assert made.contradictions.empty
    reasons = made.reasons.dropna(subset="name").set_index("name")["reason"]
    assert "merged into 东城区" in reasons["北京市崇文区"]
    assert "unknown" in reasons["甘肃省庆阳市无此县"]
    assert "split in 2014: 长安区 130102" in reasons["河北省石家庄市桥东区"]
    assert "no list of 1980 to 2025 is of 1975" in reasons["甘肃省庆阳市环县"]
    # The nearest names, which take time to find, are those of the first unknown ones.
    many = [f"环显{chr(0x4E00 + n)}" for n in range(150)]
    many = pd.DataFrame({"县名": ["环县", *many], "年份": 2020})
    told = lq.panel(many, name="县名").reasons["reason"]
    assert told.str.contains("nearest: 环县").sum() == 100
    # Without province and city the name of several is listed with all of them.
    bare = lq.panel(frame[["县名", "年份", "gdp"]])
    assert bare.data["county_code"].isna()[:2].all()
    assert "130702" in bare.reasons.set_index("name")["reason"]["桥东区"]


def test_each_row_says_for_itself_whether_its_city_narrows():
    rows = """河北省,石家庄市,桥东区,
    河北省,张家口市,桥西区,130703
    河北省,保定市,定兴县,130626
    海南省,省直辖县级行政区划,文昌市,469005
    重庆市,县,城口县,500229
    甘肃省,,环县,621022
    甘肃省,全省,华池县,621023
    河北省,石家装市,桥东区,
    河北省,石家装市,定州市,130682
    全国,,鼓楼区,
    重庆市,重庆市,云阳县,500235
    吉林省,吉林市,永吉县,220221"""
    rows = [line.strip().split(",") for line in rows.splitlines()]
    frame = pd.DataFrame(rows, columns=["省", "市", "县", "unit"]).assign(gdp=range(12))
    for size in (3, 4, 5, 6, 7, 10, 12):
        made = lq.panel(frame.drop(columns="unit").head(size), year=2021)
        assert made.data["county_code"].fillna("").tolist() == frame["unit"].tolist()[:size]
        assert "within 省 and 市" in repr(made.report)
    reasons = made.reasons.dropna(subset="name").set_index("name")["reason"]
    assert "no city is called 石家装市" in reasons["河北省石家装市桥东区"]
    assert "no prefecture is known by these names: 石家装市" in repr(made.report)
    # By what it holds a column is one of cities where one is, whatever it is called.
    plain = frame[["省", "县", "市", "gdp"]].set_axis(["省", "县", "所在", "gdp"], axis=1)
    few = plain.iloc[[0, 1, 2, 7]].assign(所在=["石家庄市", "冀北", "张家口市", "冀中"])
    made = lq.panel(few.assign(县=["桥东区", "定兴县", "桥西区", "桥东区"]), year=2021)
    assert made.data["county_code"].fillna("").tolist() == ["", "130626", "130703", ""]
    assert "within 省 and 所在" in repr(made.report)
    # Beside codes too; a column that holds no cities is not used, which is said.
    odd = coded(["130702", "130703", "130626"], [2021] * 3, 市=["石家庄市", "?", "??"])
    assert odd.contradictions["code_in_panel"].tolist() == ["130702"]
    assert "converted: 市" in repr(coded(["130702"], [2021], 市=["甲"]).report)


def test_names_beside_thousands_of_unknown_cities_are_not_looked_up_each_in_all_tables(monkeypatch):
    counties = lq.load().gazetteer().query("level == 'county'")
    calls = Counter()

    def counted(name, called):
        def call(*args, **more):
            calls[name] += 1
            return called(*args, **more)

        return call

    monkeypatch.setattr(schema, "read", counted("read", schema.read))
    monkeypatch.setattr(places, "nearest", counted("nearest", places.nearest))
    for n in (500, 2_500):
        frame = pd.DataFrame({"county": counties["name"].head(n), "year": 2020})
        frame["city"] = [f"{chr(0x4E00 + n)}{chr(0x5E00 + n)}市" for n in range(n)]
        calls.clear()
        assert lq.panel(frame).data["county_code"].notna().sum() > 0.8 * n
        assert calls["read"] < 20, calls
        assert calls["nearest"] < 10, calls


def test_the_year_of_an_event_is_not_that_of_values():
    frame = pd.DataFrame({"code": ["610826", "621022", "610621"], "脱贫年份": [2018, 2019, 2020]})
    wide = frame.assign(gdp2018=[0, 1, 2], gdp2019=[1, 2, 3])
    years = [(0, 2018), (1, 2018), (2, 2018), (1, 2019), (2, 2019), (3, 2019)]
    stacked = pd.concat([wide.assign(指标=each) for each in ("gdp", "人口")])
    stacked = stacked.set_axis(["code", "脱贫年份", "2018", "2019", "指标"], axis=1)
    for each in (wide, wide.rename(columns={"脱贫年份": "入选年度"}), stacked):
        made = lq.panel(each)
        assert [*zip(made["gdp"], made["year"], strict=True)] == years
        assert made.outcomes[0] == "gdp" and "taken for" not in repr(made.report)
    made = lq.panel(wide.rename(columns={"脱贫年份": "t"}))
    assert made["year"].tolist() == [2018] * 3 + [2019] * 3
    assert "t " in repr(made.report) and "years of something else" in repr(made.report)
    said = "年份 holds years, and gdp2018, gdp2019 … are columns of years: leave 年份 out"
    refuses(LaoquError, said, lq.panel, wide.rename(columns={"脱贫年份": "年份"}))
    said = "脱贫年份 may hold years, but is called otherwise: call one year"
    refuses(LaoquError, said, lq.panel, frame.assign(gdp=[1, 2, 3]))
    # Said, or with several years of a unit, they are the panel's; so is the one year of all rows.
    assert lq.panel(wide, year="脱贫年份")["year"].tolist() == [2018, 2019, 2020]
    long = pd.concat([wide, wide.assign(脱贫年份=2021)])
    made = lq.panel(long.rename(columns={"脱贫年份": "调查年份"}))
    assert made["year"].tolist() == [2018, 2019, 2020, 2021, 2021, 2021]
    assert lq.panel(wide.assign(年份=2020))["year"].tolist() == [2020] * 3


def test_what_stands_beside_columns_of_years_is_not_taken_for_their_values():
    frame = pd.DataFrame({"code": ["621022", "621023", "621021"], "面积": [9235.5, 3836, 2692]})
    frame = frame.assign(**{"2018年": [100, 90, 80], "2019年": [110, 91, 83]})
    made = lq.panel(frame)
    assert "面积" in repr(made.report) and "the same in every year" in repr(made.report)
    assert made.outcome(None) == "value" and made.outcome("面积") == "面积"
    assert made.monitor().outcome == "value"
    # The growth of which year? A yearbook says it by its place alone.
    growth = frame.assign(a=[1.2, 1.7, 3.4], b=[2.8, 2.1, 2.2])
    said = (
        "增速 stands several times beside columns of years such as 2018年: write the year of each"
    )
    for again in ("增速", "增速.1"):
        heads = ["code", "面积", "2018年", "2019年", "增速", again]
        refuses(LaoquError, said, lq.panel, growth.set_axis(heads, axis=1))
    heads = ["code", "面积", "gdp_2018", "gdp_2019", "增速_2018", "增速_2019"]
    assert lq.panel(growth.set_axis(heads, axis=1))["增速"].tolist() == [
        1.2,
        1.7,
        3.4,
        2.8,
        2.1,
        2.2,
    ]


def test_a_corner_may_say_anything():
    units, codes = ["环县", "华池县"], ["621022", "621023"]
    for corner in ("指标", "year", "variable", "年份", "月份", "季度", "单位", "数值", "类别", ""):
        for held in (units, codes):
            made = lq.panel(pd.DataFrame({corner: held, "2019": [1, 3], "2020": [2, 4]}))
            assert made["county_code"].tolist() == codes * 2, corner
            assert made["value"].tolist() == [1, 3, 2, 4] and made["year"].tolist()[1:3] == [
                2019,
                2020,
            ]


def test_parts_of_codes_and_rows_of_smaller_units_are_no_codes_of_provinces():
    frame = pd.DataFrame({"省代码": [61] * 3, "市代码": [6] * 3, "县代码": [21, 22, 23]})
    frame = frame.assign(年份=2019, gdp=[1, 2, 3])
    said = "省代码, 市代码, 县代码 hold parts of codes .*: make one column of them: 61"
    for each in (frame, frame.astype("str"), frame.assign(县代码=[21, 22, 1]).astype("str")):
        refuses(LaoquError, said, lq.panel, each)
    joined = frame.eval("省代码 * 10000 + 市代码 * 100 + 县代码")
    made = lq.panel(frame.drop(columns="县代码").assign(code=joined))
    assert made["county_code"].tolist() == ["610621", "610622", "610681"]
    made = lq.panel(frame.assign(县=["延长县", "延川县", "子长县"]).drop(columns="县代码"))
    assert made["county_code"].tolist() == ["610621", "610622", "610681"]
    # Codes of provinces alone are those of provinces, but not with three rows a year.
    made = lq.panel(frame[["省代码", "年份", "gdp"]].head(1))
    assert made["county_code"].tolist() == ["610000"]
    said = "省代码 holds codes of provinces or cities, each with several rows of a year"
    refuses(LaoquError, said, lq.panel, frame[["省代码", "年份", "gdp"]])


def test_short_names_of_cities_are_no_counties():
    names = ["南昌", "大同", "中山", "海南", "河南", "吉安", "吉水", "环县", "仙桃", "儋州"]
    frame = pd.DataFrame({"地区": names, "2019": 1, "2020": 2})
    made = lq.panel(frame)
    assert made["county_code"].fillna("").tolist()[:10] == [
        *[""] * 6, "360822", "621022", "429004", "460400",
    ]  # fmt: skip
    reasons = made.reasons.dropna(subset="name").set_index("name")["reason"]
    assert reasons["南昌"] == "南昌 may be 南昌市 or 南昌县: write its name in full"
    assert reasons["海南"] == "海南 may be 海南省 or 海南区: write its name in full"
    # A province leaves it open; in its city it is the county, and in full.
    frame = pd.DataFrame({"省": ["江西", "江西"], "县": ["南昌", "吉水"], "2019": 1, "2020": 2})
    assert lq.panel(frame)["county_code"].isna().tolist() == [True, False] * 2
    frame = frame.assign(市=["南昌市", "吉安市"])
    assert lq.panel(frame)["county_code"].tolist()[:2] == ["360121", "360822"]
    # 嘉峪关 has no counties, and stands for one as 东莞 does.
    frame = pd.DataFrame({"省": "甘肃省", "市": ["嘉峪关市", "庆阳市"], "县": ["嘉峪关市", "环县"]})
    made = lq.panel(frame.assign(年份=2020, gdp=[5, 6]))
    assert made["county_code"].tolist() == ["620200", "621022"]


def test_rows_of_whole_cities_do_not_hide_the_column_of_counties():
    rows = [(c, n) for c in ("南昌市", "吉安市") for n in ("全市", "市辖区", "市本级")]
    rows += [("南昌市", "南昌县"), ("吉安市", "吉水县")]
    made = lq.panel(pd.DataFrame(rows, columns=["市", "县"]).assign(**{"2019": 1, "2020": 2}))
    assert made["county_code"].dropna().tolist() == ["360121", "360822"] * 2


def test_row_names_of_r_flags_and_codes_in_small_floats(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(
        '"code","year","poor"\n"1",610826,2019,TRUE\n"2",621022,2019,FALSE\n"3",621022,2020,'
    )
    made = lq.panel(path)
    assert made["county_code"].tolist() == ["610826", "621022", "621022"]
    assert made.outcome("poor") == "poor" and made["poor"].tolist()[:2] == [1, 0]
    assert made["poor"].isna().tolist() == [False, False, True] and made.outcomes == []
    assert "which R numbers" in repr(made.report) and "read as 1 and 0" in repr(made.report)
    path.write_text("gdp,code,year\n1,234,621022,2019\n1,235,621023,2019\n")  # no names of rows
    refuses(LaoquError, "has 4 cells, expected 3", lq.panel, path)
    codes = np.array([610826, 621022, 610621], "float32") * np.float32(1000)
    frame = pd.DataFrame({"code": codes, "year": 2019, "gdp": [1.0, 2, 3]})
    refuses(LaoquError, "code is stored as float, which holds seven digits", lq.panel, frame)


def test_the_index_of_a_frame_is_no_outcome_and_the_outcome_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path / "out"))
    frame = monitor.synthetic(lq.load(), range(2018, 2021))[["county_code", "year", "income"]]
    wide = frame.pivot(index="county_code", columns="year", values="income").reset_index()
    wide.insert(1, "area", 1000)
    wide.insert(2, "pop", range(len(wide)))
    for each, left in ((frame, []), (wide, ["pop"])):
        each.to_csv(tmp_path / "p.csv")
        made = lq.panel(tmp_path / "p.csv")
        assert made.outcome(None) == made.outcomes[-1] and made.outcomes[:-1] == left
    assert main(["monitor", str(tmp_path / "p.csv"), "--lang", "en", "--why"]) == 0
    said = "laoqu: value is the outcome; others are pop (--outcome NAME)"
    assert said in capsys.readouterr().err
    bare = wide.drop(columns=["area", "pop"])
    refuses(
        LaoquError, "year is 2021, but 2018, 2019, 2020 are columns of", lq.panel, bare, year=2021
    )
    refuses(LaoquError, "2019 is a column of a year", lq.panel, bare, code="2019")
    # Of other columns with a year it may be said.
    census = pd.DataFrame({"code": ["621022", "621023"], "pop_2010": [1, 2], "pop_2020": [3, 4]})
    assert lq.panel(census, year=2021)["year"].tolist() == [2021, 2021]


def test_a_cell_merged_over_years_is_refused_and_a_remark_below_is_not(tmp_path):
    rows = [["代码", "县", "2019", "2020"], [621022, "环县", 7, None], [621023, "华池县", 3, 4]]
    for merged, refused in (("C2:D2", True), ("A4:D4", False), ("A1:D1", False)):
        book = openpyxl.Workbook()
        for row in rows if merged != "A1:D1" else [["表一"], *rows]:
            book.active.append(row)
        book.active["A4"].value = book.active["A4"].value or "注：某某"
        book.active.merge_cells(merged)
        book.save(tmp_path / "p.xlsx")
        if refused:
            refuses(LaoquError, "C2:D2 are merged, only the first", lq.panel, tmp_path / "p.xlsx")
        else:
            assert lq.panel(tmp_path / "p.xlsx")["county_code"].dropna().nunique() == 2


def test_halves_seasons_and_months_in_headings_are_refused():
    frame = pd.DataFrame({"code": ["621022", "621023"], "a": [1, 2], "b": [3, 4]})
    for first, second in (("2019上", "2020上"), ("2019年下", "2020年下"), ("2019春", "2020春"),
                          ("6月2019", "6月2020"), ("2019S1", "2020S1"), ("1-6月2019", "1-6月2020"),
                          ("上半年2019", "上半年2020"), ("一季度2019", "一季度2020"),
                          ("gdp_2019上", "gdp_2020上"), ("m6_2019", "m6_2020")):  # fmt: skip
        said = "columns of the panel are parts of years such as"
        refuses(LaoquError, said, lq.panel, frame.set_axis(["code", first, second], axis=1))
    for whole in ("上海{}", "长春{}", "{}下岗人数", "{}春耕面积", "{}年末", "{}年上海"):
        heads = ["code", whole.format(2019), whole.format(2020)]
        assert len(lq.panel(frame.set_axis(heads, axis=1)).data) == 4


def test_a_county_renamed_between_two_years_of_a_stacked_wide_table():
    rows = [("110118", "密云县", "pop", "467680", ""), ("110118", "密云区", "pop", "", "527683"),
            ("110101", "东城区", "pop", "573180", "708829")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["adcode", "name", "indicator", "2010", "2020"])
    made = lq.panel(frame).data.set_index(["county_code", "year"])["pop"]
    assert made.to_dict() == {
        ("110118", 2010): 467680, ("110101", 2010): 573180,
        ("110118", 2020): 527683, ("110101", 2020): 708829,
    }  # fmt: skip
    frame.loc[1, "2010"] = "1"
    refuses(LaoquError, "has one a second time: keep one of them", lq.panel, frame)


def test_missing_values_written_as_numbers_are_found_and_told_to_the_estimate():
    frame = monitor.synthetic(lq.load(), range(2018, 2025))
    hit = np.random.default_rng(0).random(len(frame)) < 0.03
    signs = (-99, -9999, -1, [-99, -9999], 999_999, 9_999_999)
    for value, found in (*((sign, 1.0) for sign in signs), (0, 0.7)):
        income = frame["income"].astype("float64").copy()
        income[hit] = np.resize(value, hit.sum())
        made = lq.panel(frame.assign(income=income))
        listed = made.quality("income").query("kind == 'impossible'")
        assert set(listed["row"]) <= set(np.flatnonzero(hit))
        assert found * hit.sum() <= len(listed) <= hit.sum()
        assert listed["looks_like"].str.contains("missing").all()
        note = made.treat(controls="same_province").for_estimator("did", "income").note
        assert note["impossible"].endswith(f"({len(listed)} values)")
    for wrong in (hit, frame["year"].eq(2020), frame["year"].eq(2020) & (frame.index % 2 == 0)):
        income = frame["income"].where(~wrong, -frame["income"])
        listed = lq.panel(frame.assign(income=income)).quality("income")
        listed = listed.query("kind == 'impossible'")
        assert set(listed["row"]) == set(np.flatnonzero(income.lt(0))), wrong.sum()
    key = PLAN.box_items("b1")["adcode"]
    for since in (2020, 2022, 2024):  # all that are treated
        wrong = frame["year"].ge(since) & frame["county_code"].isin(key) & frame["income"].notna()
        made = lq.panel(frame.assign(income=frame["income"].mask(wrong, 0)))
        listed = made.quality("income").query("kind == 'impossible'")
        assert set(listed["row"]) == set(np.flatnonzero(wrong)), since
    growth = frame.assign(income=np.random.default_rng(1).normal(3, 5, len(frame)))
    assert lq.panel(growth).quality("income").query("kind == 'impossible'").empty
    small = frame.assign(income=np.random.default_rng(1).poisson(0.5, len(frame)))
    assert len(lq.panel(small).quality("income").query("kind == 'impossible'")) < len(frame) / 50


def test_what_stata_counts_in_parts_of_years_is_no_year(tmp_path):
    """Nor are names of counties that stand in the column of years, where columns were swapped."""
    rows = [(c, f"{y}-01-01", 1.0) for c in ("621022", "621023") for y in (2017, 2018)]
    frame = pd.DataFrame(rows, columns=["code", "year", "gdp"]).astype({"year": "datetime64[ns]"})
    for kind in ("tq", "tm", "th", "tw", "td", "ty"):
        frame.to_stata(tmp_path / "p.dta", convert_dates={"year": kind}, write_index=False)
        if kind in ("td", "ty"):
            assert set(lq.panel(tmp_path / "p.dta").data["year"]) == {2017, 2018}
            continue
        with pytest.raises(lq.LaoquError, match="year holds parts of years: '2017-01'"):
            lq.panel(tmp_path / "p.dta")
    rows = [("621022", "环县", y, 1) for y in (2017, 2018)] + [(2017, "621023", "华池县", 2)] * 2
    made = lq.panel(pd.DataFrame(rows, columns=["adcode", "name", "year", "gdp"]))
    (told,) = [text for text in made.report["detail"] if "no year: the rows" in str(text)]
    assert "'华池县' (row 2), '华池县' (row 3)" in told


def test_a_name_kept_beyond_its_time_is_that_of_the_same_area_only():
    """As its code is: one that was renamed is followed, one that was split or merged is not."""
    names = ("南康市", "信丰县", "龙南县", "龙南市")
    rows = [("江西省", "赣州市", name, year, 1) for name in names for year in (2012, 2014, 2018)]
    made = lq.panel(pd.DataFrame(rows, columns=["省", "市", "县", "year", "gdp"])).data
    codes = made.groupby("县")["county_code"].agg(lambda each: [*each.fillna("")])
    assert codes["南康市"] == [""] * 3 and codes["信丰县"] == ["360722"] * 3
    assert codes["龙南县"] == ["360783"] * 3
    names = {"户县": ["610118"] * 3, "周至县": ["610124"] * 3, "崇文区": [""] * 3, "达县": [""] * 3}
    rows = [(name, year, 1) for name in names for year in (2012, 2016, 2019)]
    made = lq.panel(pd.DataFrame(rows, columns=["县", "year", "gdp"])).data
    assert made.groupby("县")["county_code"].agg(lambda each: [*each.fillna("")]).to_dict() == names


def test_names_in_digits_stay_text_in_every_file(tmp_path):
    frame = pd.DataFrame({"code": ["621022", "621023", "621021"], "year": 2019, "gdp": [1, 2, 3]})
    frame = frame.assign(邮编=["056000", "745700", "745600"], 站点=["001", "010", "1"])
    frame = frame.assign(id=["621022199001010001", None, "621022199001010002"], 备注=[1, "无", 2])
    frame.to_csv(tmp_path / "p.csv", index=False)
    frame.to_excel(tmp_path / "p.xlsx", index=False)
    for source in (frame, tmp_path / "p.csv", tmp_path / "p.xlsx"):
        made = lq.panel(source)
        assert made["邮编"].tolist() == frame["邮编"].tolist()
        assert made["站点"].tolist() == frame["站点"].tolist() and made.outcomes == ["gdp"]
        assert made["id"].dropna().tolist() == frame["id"].dropna().tolist()
        assert repr(made.report).count("no numbers but names") == 3
        refuses(LaoquError, "邮编 is text, .* but names: '056000'", made.outcome, "邮编")
    for end in ("parquet", "dta", "xlsx", "csv"):
        path = made.to_file(tmp_path / f"{end}.{end}")
        read = {"parquet": pd.read_parquet, "dta": pd.read_stata, "xlsx": pd.read_excel}
        options = {"dtype": {"邮编": "str", "id": "str"}} if end in ("xlsx", "csv") else {}
        back = read.get(end, pd.read_csv)(path, **options)
        columns = [c for c in back if back[c].astype("str").tolist() == frame["邮编"].tolist()]
        assert columns, end


def test_files_of_old_stata_are_read_in_characters(tmp_path):
    def bytes_of(text):
        return text.encode("gbk").decode("latin-1")

    frame = pd.DataFrame({"code": ["621022", "621023"] * 2, "县名": ["环县", "庆城县"] * 2})
    frame = frame.assign(year=[2019, 2019, 2020, 2020], gdp=[1.0, 2, 3, 4])
    for version in (114, 117):
        old = frame.assign(县名=frame["县名"].map(bytes_of)).rename(columns={"县名": "name"})
        for each in (old, old.assign(name=old["name"].astype("category"))):
            each.to_stata(tmp_path / "old.dta", version=version, write_index=False)
            made = lq.panel(tmp_path / "old.dta")
            assert made["name"].tolist() == frame["县名"].tolist()
            assert made.contradictions["code_in_panel"].tolist() == ["621023"]
            assert "read as GBK" in repr(made.report)
        named = old.drop(columns="code").assign(prov=bytes_of("甘肃省"))
        named.to_stata(tmp_path / "old.dta", version=version, write_index=False)
        assert lq.panel(tmp_path / "old.dta")["county_code"].tolist() == ["621022", "621021"] * 2


def test_cities_are_read_by_name_where_it_is_said():
    units = lq.load().gazetteer().query("level == 'prefecture'")
    frame = pd.DataFrame({"city": units["name"], "year": 2020, "gdp": range(len(units))})
    refuses(LaoquError, "city holds cities, which unit='prefecture' reads", lq.panel, frame)
    for names in (units["name"], units["name"].str.removesuffix("市")):
        made = lq.panel(frame.assign(city=names), name="city", unit="prefecture")
        assert made["county_code"].tolist() == units["adcode"].tolist()
        assert "names read as cities, within all of China" in repr(made.report)
    # The row of the year in which a name ended, and of the years after.
    renamed = {
        "襄樊市": "420600",
        "毕节地区": "520500",
        "海东地区": "630200",
        "日喀则地区": "540200",
    }
    rows = [(name, year) for name in renamed for year in range(2009, 2017)]
    made = lq.panel(pd.DataFrame(rows, columns=["市", "年份"]).assign(gdp=1.0), unit="prefecture")
    assert made["county_code"].tolist() == [renamed[name] for name, _ in rows]


def test_names_in_letters_are_read_within_columns_in_letters():
    """The year alone tells nothing of them: Huixian is 徽县, and 辉县市 without its 市."""
    units = lq.load().gazetteer().set_index("adcode")
    here = units[(units["level"] == "county") & units["province"].isin(["甘肃省", "陕西省"])]
    above = {"province": here.index.str[:2] + "0000", "city": here.index.str[:4] + "00"}
    frame = pd.DataFrame({"county": here["name_en"], "year": 2021, "gdp": range(len(here))})
    for column, codes in above.items():
        frame[column] = units["name_en"].reindex(codes).to_numpy()
    made = lq.panel(frame, name="county").data
    right = made["county_code"].to_numpy() == here.index
    assert right.sum() >= len(here) - 12 and made["county_code"].isna().sum() == (~right).sum()
    two = pd.DataFrame({"county": ["Huixian", "Meixian", "Huanxian"], "year": 2021, "gdp": 1.0})
    made = lq.panel(two, name="county")
    assert made["county_code"].fillna("").tolist() == ["", "", "621022"]
    assert made.reasons["reason"].str.contains("several places: 徽县 .*; 辉县").any()


def test_a_row_without_a_year_takes_no_unit_from_the_count():
    frame = monitor.synthetic(lq.load(), range(2018, 2021)).astype({"year": "float64"})
    frame.loc[::7, "year"] = np.nan
    said = lq.panel(frame).report.set_index("what").loc["read", "detail"]
    assert said.endswith("; counties: 948; cities: 1")
    # A code that is not taken for a unit, since another has the year, is no unit more.
    rows = [(code, year) for code in ("610623", "610681", "610602") for year in (2020, 2021)]
    made = lq.panel(pd.DataFrame(rows, columns=["code", "year"]).assign(gdp=[1.0, 2, 3, 4, 5, 6]))
    assert (
        made.report.loc[0, "detail"].endswith("; counties: 2") and made.report.loc[0, "units"] == 2
    )


def test_rows_that_all_stand_twice_are_named_as_the_cause():
    frame = monitor.synthetic(lq.load(), range(2018, 2021))
    twice = lq.panel(pd.concat([frame, frame]))
    refuses(LaoquError, "income has no value .* once: rows stand twice", twice.monitor, "income")


def test_a_year_may_stand_within_a_heading():
    frame = pd.DataFrame({"code": ["621022", "621023"], "a": [1, 2], "b": [3, 4]})
    for heading, outcome in {
        "GDP{}(亿元)": "GDP(亿元)", "GDP{}年（万元）": "GDP（万元）", "mean_{}_ntl": "mean_ntl",
        "NTL{}mean": "NTL_mean", "人口{}普查": "人口普查", "gdp_{}_real": "gdp_real",
    }.items():  # fmt: skip
        heads = ["code", heading.format(2019), heading.format(2020)]
        made = lq.panel(frame.set_axis(heads, axis=1))
        assert made[outcome].tolist() == [1, 2, 3, 4] and made["year"].tolist()[::2] == [2019, 2020]
    for heading in ("较{}年增长", "比{}年增长%", "to{}_2030"):
        heads = ["code", heading.format(2019), heading.format(2020)]
        refuses(LaoquError, "no columns are years", lq.panel, frame.set_axis(heads, axis=1))


def test_several_names_never_become_one_unit_and_year():
    rows = [("安徽省", "郊区", "")] * 3 + [("广西", "靖西县", ""), ("广西", "靖西市", "451081")]
    rows += [("甘肃省", "环县", "621022")] * 2  # a row too many, which is said
    frame = pd.DataFrame(rows, columns=["省份", "县名", "unit"]).assign(gdp=range(7))
    made = lq.panel(frame.drop(columns="unit"), year=2018)
    assert made.data["county_code"].fillna("").tolist() == frame["unit"].tolist()
    reasons = made.reasons.dropna(subset="name").set_index("name")["reason"]
    assert reasons["安徽省郊区"].startswith("安徽省郊区 would be 郊区 (340711, since 1980) in 2018")
    assert "2 names would be one unit and year with others" in repr(made.report)
    assert "several rows of a code and year" in repr(made.report)
    # A single row of that year is its holder's, and a city tells which is meant.
    assert lq.panel(frame[["省份", "县名"]].iloc[2:], year=2018).data["county_code"][0] == "340711"
    cities = ["铜陵市", "合肥市", "", *["百色市"] * 2, *["庆阳市"] * 2]
    made = lq.panel(frame[["省份", "县名"]].assign(城市=cities), year=2018)
    found = made.data["county_code"].fillna("").tolist()
    assert found == ["340711", "", "", *frame["unit"].tolist()[3:]]


def test_a_stray_cell_and_a_long_one_cost_neither_time_nor_rows(tmp_path):
    ROWS.to_excel(tmp_path / "stray.xlsx", index=False)
    book = openpyxl.load_workbook(tmp_path / "stray.xlsx")
    book.active["XFD1048576"] = "note"
    book.create_sheet("second")
    book.save(tmp_path / "stray.xlsx")
    with pytest.warns(match="stray.xlsx: only one sheet was read: Sheet1, not second"):
        made = lq.panel(tmp_path / "stray.xlsx")
    assert made.data["county_code"].dropna().tolist() == FOUND
    assert len(made.data) == 13
    assert "only one sheet was read" in repr(made.report)
    long = ROWS.assign(note="x" * 200_000, 行政区划代码=["1" * 200_000, *ROWS["行政区划代码"][1:]])
    long.to_csv(tmp_path / "long.csv", index=False)
    made = lq.panel(tmp_path / "long.csv")
    assert made.data["county_code"].isna().sum() == 1
    assert len(repr(made.report)) < 2_000
    refuses(lq.OutputError, "a cell holds 200,000 characters", made.to_file, tmp_path / "long.xlsx")
    made.to_file(tmp_path / "long.dta")
    assert pd.read_stata(tmp_path / "long.dta")["note"].str.len().eq(200_000).all()


def test_what_a_form_has_no_sign_for_is_refused_or_kept(tmp_path):
    largest = np.array([2_147_483_640, -2_147_483_648, 2, 3], dtype="int32")
    for at, (text, form, found) in enumerate({
        ("a\rb\r\nc", ".csv", "a\nb\nc"), ("a\rb", ".xlsx", "a\nb"), ("a\rb", ".dta", "a\rb"),
        ("a\x00b", ".dta", r"'note', row 2: DTA holds no '\\x00': take it out"),
        ("a\x07b", ".xlsx", r"'note', row 2: XLSX holds no '\\x07': take it out"),
    }):  # fmt: skip
        rows = pd.DataFrame({"note": ["", text, "", ""], "n": largest})
        path = tmp_path / f"{at}{form}"
        if "holds no" in found:
            refuses(lq.OutputError, found, writing.write, rows, path, "")
            continue
        read = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".dta": pd.read_stata}[form]
        again = read(writing.write(rows, path, ""))
        assert again["note"][1] == found
        assert again["n"].tolist() == largest.tolist()


@pytest.fixture(scope="module")
def flawed():
    plan, random = PLAN, np.random.default_rng(3)
    keys = sorted(set(plan.mentions().query("role == 'national_key_county'")["adcode"]))
    codes = plan.gazetteer().query("level == 'county'")["adcode"].tolist()[::40] + keys
    rows = []
    for code in dict.fromkeys(codes):
        size = 10 ** random.normal(3, 0.3)
        for step in range(10):
            value = size * 1.03**step
            parts = np.array([0.2, 0.5, 0.3]) * value * random.normal(1, 0.01, 3)
            rows.append([code, 2012 + step, value, value * 2, value * 5, *parts, parts.sum()])
    columns = ["code", "year", "pop", "income", "loans", "gdp1", "gdp2", "gdp3", "gdp"]
    frame = pd.DataFrame(rows, columns=columns)
    frame.loc[55, "pop"] *= 10
    frame.loc[104, "income"] *= 64
    frame.loc[203, "loans"] *= 10_000
    frame.loc[302, "gdp"] *= 1.5
    frame.loc[405, "pop"] = -3
    frame.loc[500:503, "income"] = 7777.5
    frame = frame.drop(frame[(frame["code"] == keys[5]) & (frame["year"] == 2018)].index)
    return lq.panel(pd.concat([frame, frame.iloc[[600]]], ignore_index=True)), keys[5]


def test_quality_finds_the_known_faults_and_repairs_nothing(flawed):
    made, vanished = flawed
    before = made.data.copy()
    found = made.quality().set_index(["kind", "column"]).sort_index()
    pd.testing.assert_frame_equal(made.data, before)
    jump = dict(iter(found.loc["jump"].groupby(level=0)))
    assert jump["pop"]["looks_like"].tolist() == ["×10 against its neighbours in time"]
    assert jump["income"]["looks_like"].str.startswith("×6").any()
    assert jump["loans"]["looks_like"].tolist() == ["×10,000 against its neighbours in time"]
    assert jump["pop"]["row"].tolist() == [55]
    assert found.loc[("total", ["gdp"]), "row"].tolist() == [302]
    assert found.loc[("impossible", ["pop"]), "row"].tolist() == [405]
    assert "the same for 4 years" in found.loc[("constant", ["income"]), "looks_like"].tolist()
    missing = found.loc["missing"]
    assert missing["county_code"].tolist() == [vanished]
    assert missing["year"].tolist() == [2018]
    assert len(found.loc["duplicate"]) == 2
    share = made.coverage().query("group == 'key_counties' and year == 2018")
    assert share[["n", "of"]].values.tolist() == [[52, 53]]


def test_a_clean_panel_has_no_finding_and_a_wrong_column_is_refused():
    # Places among counties that are all alike mean nothing.
    assert lq.panel(monitor.synthetic(PLAN)).quality("population").empty
    rows = [["110101", 2010 + k, 10.0 * 1.1**k] for k in range(6)]
    keys = lq.panel(ROWS).key_counties
    rows += [[code, 2010 + k, 20.0 * 1.1**k] for code in keys for k in range(6)]
    made = lq.panel(pd.DataFrame(rows, columns=["code", "year", "gdp"]))
    assert made.quality().empty
    refuses(LaoquError, "column of numbers of the panel 'gpd'; nearest: gdp", made.quality, "gpd")


def test_another_unit_of_all_or_of_many_counties_is_found_and_told_to_the_estimate():
    clean = monitor.synthetic(PLAN, range(2014, 2025))
    year, north = clean["year"], clean["county_code"] < "4"
    half = clean["county_code"].rank(method="dense") % 2 == 0
    shaanxi = clean["county_code"].str[:2] == "61"
    for rows, times, years, said in (
        (year >= 2023, 10_000, [2023], "the median of all units changes ×10,000 between 2022 and"),
        (year >= 2017, 0.01, [2017], "changes ÷100 between 2016 and 2017: another unit?"),
        (year == 2024, 0.01, [2024], "changes ÷100 between 2023 and 2024"),
        (year == 2019, 0.1, [2019, 2020], "changes ÷10 between 2018 and 2019"),
        (north, 0.01, [pd.NA], "counties lie below the .* others in every year, the median ÷100"),
        (shaanxi, 0.01, [pd.NA], "the median ÷100: another unit in 陕西省"),
        (shaanxi, 100, [pd.NA], "lie below the .* others in every year.* another unit in 陕西省"),
        (shaanxi & (year >= 2020), 100, [2020], "units change ×100 .* another unit in 陕西省"),
        (half & (year >= 2020), 100, [2020], "units change ×100 between 2019 and 2020: another"),
        (half & (year == 2020), 100, [2020, 2021], "units change ×100 between 2019 and 2020"),
        (north, 1, [], ""),
    ):
        made = lq.panel(clean.assign(income=clean["income"].where(~rows, clean["income"] * times)))
        every = made.quality("income", "population")
        found = every.query("kind == 'scale'")
        assert not every["year"][every["kind"].isin(["jump", "rank"])].isin(years).any()
        assert found["year"].tolist() == years, found
        assert found["looks_like"].head(1).str.contains(said).all()
        note = made.treat("national_key_county").for_estimator("csdid", "income").note
        assert note.get("scale", "").count("income: ") == len(years)
    # Which half has more values changes from year to year, and no county jumps.
    some = clean[np.random.default_rng(1).random(len(clean)) > 0.1]
    some = some.assign(income=some["income"] * half[some.index].map({True: 0.01, False: 1.0}))
    kinds = lq.panel(some).quality("income")["kind"]
    assert set(kinds) == {"missing", "scale"}
    # In the ten years between two counts much may grow, and nothing falls to a hundredth.
    for times, n in ((12, 0), (10_000, 1), (0.01, 1)):
        counts = clean[year.isin([2014, 2024])]
        later = counts["population"].where(counts["year"] == 2014, counts["population"] * times)
        assert len(lq.panel(counts.assign(population=later)).quality("population")) == n, times


def test_the_census_has_all_key_counties_in_both_years(external):
    made = lq.panel(external / "county_census_2010_2020.csv")
    keys = made.key_counties
    here = made.data[made.data["county_code"].isin(keys)]
    assert here.groupby("year")["county_code"].nunique().tolist() == [53, 53]
    assert set(made.outcomes) == {"age65p_share", "pop_total", "pop_urban", "schooling_years"}
    assert "scale" not in set(made.quality()["kind"])


texts = st.text(max_size=8) | st.sampled_from(FOUND)
cells = st.none() | st.integers() | st.floats() | texts


@settings(max_examples=40, deadline=2000)
@given(st.lists(st.tuples(cells, cells, cells), max_size=6))
def test_any_table_is_read_or_refused_and_loses_no_row(rows):
    frame = pd.DataFrame(rows, columns=["code", "year", "x"], dtype="object")
    try:
        made = lq.panel(frame)
    except LaoquError as error:
        assert str(error)
    else:
        assert len(made.data) == len(frame)
        assert made.quality() is not None


def test_cities_with_columns_of_years_have_these_years():
    units = lq.load().gazetteer().query("level == 'prefecture'").head(9)
    frame = pd.DataFrame({"city": units["name"], "t": range(2010, 2019), "2018": 1, "2019": 2})
    made = lq.panel(frame, unit="prefecture")
    assert made["year"].tolist() == [2018] * 9 + [2019] * 9
    assert "years of something else" in repr(made.report)


def test_a_unit_that_took_in_another_and_kept_its_code_is_said():
    codes = ["110101", "110105", "110106", "110107", "110108", "110109"]
    rows = [(code, year, year - 1900.0) for code in codes for year in range(2008, 2013)]
    frame = pd.DataFrame(rows, columns=["code", "year", "gdp"])
    grown = frame["code"].eq("110101") & frame["year"].ge(2010)
    made = lq.panel(frame.assign(gdp=frame["gdp"].where(~grown, 250.0)), vintage=2021)
    own = made.data[made.data["code_in_panel"] == "110101"]
    assert own["code_status"].eq("same").all() and own["county_code"].eq("110101").all()
    told = made.reasons[made.reasons["took_in"] != ""]
    assert told["code_in_panel"].eq("110101").all() and told["year"].tolist() == [2008, 2009]
    assert "took in 崇文区 (110103, until 2009) in 2010" in repr(made.report)
    found = made.quality().query("kind == 'code_break'")
    assert found["year"].tolist() == [2010] and "took in 崇文区" in found["looks_like"].item()
    # Parts of a city that was divided: 江干区 in 2021, 南康市 in 2013.
    for code, of in (("330102", "a part of 江干区"), ("360702", "a part of 南康市")):
        assert of in repr(lq.panel(pd.DataFrame([[code, 2012]], columns=["code", "year"])))


def test_a_column_of_codes_sorted_without_its_names_is_refused():
    units = lq.load().gazetteer().query("parent == '621000'")[["adcode", "name"]]
    frame = units.set_axis(["code", "县名"], axis=1).assign(year=2020, gdp=1.5)
    assert len(lq.panel(frame)["county_code"]) == len(units) > 6
    turned = frame.assign(县名=[*units["name"][1:], units["name"].iloc[0]])
    with pytest.raises(LaoquError, match="sorted without the other"):
        lq.panel(turned)


def test_what_is_written_keeps_each_digit_and_has_a_note_of_its_own(tmp_path):
    made = lq.panel(ROWS.assign(id=range(110101199003070013, 110101199003070013 + len(ROWS))))
    for name, read in (("a.DTA", pd.read_stata), ("a.xlsx", pd.read_excel), ("a.csv", pd.read_csv)):
        path = made.to_file(tmp_path / name)
        assert read(path)["id"].astype(str).tolist() == made["id"].astype(str).tolist()
        note = (tmp_path / f"{name}.README.txt").read_text("utf-8")
        assert ("id: text" in note) == (name != "a.csv")


def test_columns_of_years_beside_a_year_given_are_said():
    frame = pd.DataFrame({"code": FOUND, "gdp2018": 1.5, "gdp2019": 2.5})
    assert "columns of years left as they are, in rows of 2020: gdp2018, gdp2019" in repr(
        lq.panel(frame, year=2020).report
    )


def test_a_year_that_copies_the_one_before_is_one_finding():
    clean = monitor.synthetic(lq.load(), range(2019, 2024))
    assert not lq.panel(clean).quality().eq("constant").any(axis=None)
    last = clean[clean["year"] == 2021].set_index("county_code")["income"]
    copied = clean["income"].where(clean["year"] != 2022, clean["county_code"].map(last))
    found = lq.panel(clean.assign(income=copied)).quality("income").query("kind == 'constant'")
    assert found["year"].tolist() == [2022]
    assert found["looks_like"].item().endswith("units have their value of 2021")
    area = clean.groupby("county_code")["income"].transform("first")
    found = lq.panel(clean.assign(area=area)).quality("area")["looks_like"]
    assert not found.str.contains("units have").any()


def test_zeros_of_small_counties_are_found_as_those_of_large_ones():
    units = lq.load().gazetteer().query("level == 'county'")["adcode"].head(200)
    rows = [(u, y, (15 + n) * 1.06 ** (y - 2016)) for n, u in enumerate(units)
            for y in range(2016, 2025)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["code", "year", "gdp"])
    holes = frame["code"].isin(units.head(15)) & frame["year"].eq(2024)
    found = lq.panel(frame.assign(gdp=frame["gdp"].mask(holes, 0.0))).quality("gdp")
    found = found[found["kind"] == "impossible"]
    assert set(found["code_in_panel"]) == set(units.head(15)) and found["year"].eq(2024).all()
    # Nought hospitals, then one or two, are no missing values.
    counts = frame.assign(gdp=1 + frame["code"].astype(int) % 3)
    some = np.random.default_rng(2).random(len(counts)) < 0.1
    counts["gdp"] = counts["gdp"].mask(some, 0)
    assert not lq.panel(counts).quality("gdp")["kind"].eq("impossible").any()
