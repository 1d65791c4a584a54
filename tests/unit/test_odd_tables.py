"""Tables as people keep them: converted and said where free of doubt, else refused by cell."""

import re
from zipfile import ZipFile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from fixture import PLAN, refuses

import laoqu as lq
from laoqu.analysis import monitor
from laoqu.cli import main
from laoqu.errors import LaoquError
from laoqu.run.parameters import read_sets

HEAD = "区域,县代码,县名,市,省,日期,备注\n"
#: A membership table → what is said of it, its file and line included.
REFUSED = {
    '沂蒙,371302,,,,,"见省政府文件\n沂蒙,371311,,,,,\n': r"own.csv:2:15: the quotation mark of",
    '沂蒙,371302,,,,,"见省\n沂蒙,371311,,,,,"见市\n沂蒙,371312,,,,,\n': "own.csv:2:15: the quota",
    '沂蒙,371302,,,,,"见省\n沂蒙,371311,,,,,\n沂蒙,371312,,,,,5"\n': "own.csv:2:15: the quota",
    '沂蒙,371302,,,,,"见省\n沂蒙,371311,,,,,见市"\n': "own.csv:2:15: the quota",
    '沂蒙,371302,,"临沂,,,\n沂蒙,371311,,临沂",,,\n': "own.csv:2:12: the quotation mark of",
    '"沂蒙,371302,,,,,\n沂蒙",371311,,,,,\n': "own.csv:2:1: the quotation mark of .沂蒙,3713",
    "陕甘宁,621022,,,,,a,b\n": "own.csv:2:8: has 8 cells, expected 7",
    "陕甘宁,621022,环县,延安市,陕西省,,\n": "own.csv:2:4: .* is '延安市', the county is 环县",
    "陕甘宁,621022,环县,,陕西,,\n": "own.csv:2:5: the province is '陕西', the county is 环县",
    "陕甘宁,,环县,庆阳市,陕西省,,\n": "own.csv:2:5: the province is '陕西省'",
    "陕甘宁,621022101,,,,,\n": "codes of townships or villages: sum them up",
    "陕甘宁,6.2102E+05,,,,,\n": "adcode is '6.2102E.05', expected six digits",
    "陕甘宁,621022,,,,1900,\n": "found '1900', expected a date since 1949",
}
#: A row of one → the county, and what was converted: found, used, why.
CONVERTED = {
    '陕甘宁,"=""621022""",,,,,': ("621022", '="621022"', "621022", "with spaces, quotes"),
    "陕甘宁,'621022,,,,,": ("621022", "'621022", "621022", "with spaces, quotes"),
    "陕甘宁,6.21022E+05,,,,,": ("621022", "6.21022E+05", "621022", "written as a power of ten"),
    "陝甘寧,621022,,,,,": ("621022", "陝甘寧", "shaanganning", "the area's id"),
    "陕甘宁,621022,环县*,庆阳,甘肃,,": ("621022", "环县*", "环县", "the sign of a footnote"),
    "陕甘宁,621022,,县,,,": ("621022", "县", "", "not compared with the county"),
    "陕甘宁,621022,,,,2030-12-31,": (
        "621022", "2030-12-31", "", "no list of codes is of this year"),
    "沂蒙,371324,苍山县,,,,": (
        "371324", "苍山县", "兰陵县", "苍山县 .* became 兰陵县 371324 in 2014"),
    '沂蒙,371302,,,,,"一\n二, ""三"""': ("371302", "沂蒙", "yimeng", "the area's id"),
    f"沂蒙,371302,,,,,{'x' * 200_000}": ("371302", "沂蒙", "yimeng", "the area's id"),
}  # fmt: skip
#: A whole file that is read as one county of 陕甘宁.
FILES = {
    '"老\n区","县\n代码"\n陕甘宁,621022\n': 0,
    "革命老区名单\n老区,县代码\n陕甘宁,621022\n": 1,
    "sep=;\n老区;县代码\n陕甘宁;621022\n": 1,
    "老区\t县代码\t备注\r陕甘宁\t621022\ta,b,c,d\r": 0,
    ",老区,,县代码\n,陕甘宁,,621022\n": 0,
}
#: The first bytes of a file that is no table as it is called → what is said of it.
BYTES = {
    ("own.xls", b"\xd0\xcf\x11\xe0"): "is an Excel workbook of the old kind .* save it as .xlsx",
    ("own.xlsx", b"\xd0\xcf\x11\xe0"): "is .* or with a password: save it as .xlsx without one",
    ("own.xlsx", b"PK\x03\x04%26smimetypeapplication/vnd.oasis.opendocument.spreadsheet" % b""): (
        "is an OpenDocument sheet .*: save it as .xlsx or CSV"
    ),
    ("own.csv", b"PK\x03\x04"): "is an Excel workbook, .* end in .xlsx, or save it as CSV",
}


def members(tmp_path, text):
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return lq.load(membership=path)


@pytest.mark.filterwarnings("ignore:own.csv has no county")
def test_a_membership_table_is_read_as_meant_or_refused_by_cell(tmp_path):
    for rows, said in REFUSED.items():
        refuses(lq.DataError, said, members, tmp_path, HEAD + rows)
    for row, (code, found, used, why) in CONVERTED.items():
        plan = members(tmp_path, f"{HEAD}{row}\n")
        assert plan.membership()["adcode"].tolist() == [code], row
        told = plan.conversions.set_index(["found", "used"])["why"]
        assert told[[(found, used)]].str.contains(why).any(), (row, plan.conversions)
    for text, above in FILES.items():
        plan = members(tmp_path, text)
        assert plan.membership()[["region_id", "adcode"]].to_numpy().tolist() == [
            ["shaanganning", "621022"]
        ], text
        assert plan.conversions["why"].str.contains("above the head").sum() == above, text
    for (name, first), said in BYTES.items():
        (tmp_path / name).write_bytes(first + b"...")
        refuses(lq.DataError, f"{name}:1:1: {said}", lq.load, membership=tmp_path / name)
    (tmp_path / "sets.csv").write_text('region,lang\nyimeng,"zh\nyimeng,en\n', encoding="utf-8")
    refuses(LaoquError, "the quotation mark of", read_sets, tmp_path / "sets.csv")


def read(tmp_path, text, **given):
    (tmp_path / "panel.csv").write_text(text, encoding="utf-8")
    return lq.panel(tmp_path / "panel.csv", **given)


LONG, WIDE, STACKED = "代码,年份,gdp\n", "代码,2018,2019", "代码,年份,指标,值\n"
GOOD = LONG + "".join(f"{c},{y},1\n" for c in ("621022", "621023") for y in (2019, 2020))
#: Names of parts of years, each the only one of its unit and year.
PARTS = """2019上半年 2019Q1 2019H1 2019年一季度 2019年前三季度 2019半年 2019年1-6月 2019年1—6月
2019-01 201906 2019年6月 2019-12 2019M6 Q1-2019"""
#: Headings that have parts of years.
HEADS = """#上半年 #Q1 #年1-6月 #-06 gdp_#Q3 #年前三季度gdp #H1_gdp #年6月人口
31/03/# 31.3.# 3/31/# Mar-# #-Mar gdp_Mar# Dec_# 12/# gdp_03/#"""
#: A panel that is refused → what is said of it.
NO_PANEL = {
    GOOD + "621024,2019.5,1\n": "年份 holds parts of years: '2019.5' .row 6.: sum them up",
    GOOD + "621024,2019上半年,1\n": "年份 holds parts of years: '2019上半年' .row 6.",
    LONG + "621022,2019-06-30,1\n621023,2020/3/31,1\n": "年份 holds parts of years: '2019-06-30'",
    GOOD + "621024,2019-06,1\n": "年份 holds parts of years: '2019-06' .row 6.",
    # A column that tells rows of one county and year apart.
    **{
        LONG.replace("gdp", f"{column},gdp")
        + "".join(
            f"{code},2019,{kind},{value}\n"
            for code in ("621022", "621023")
            for value, kind in enumerate(kinds.split())
        ): f"{column} tells apart several rows of a county and year .{kinds.replace(' ', ', ')}."
        for column, kinds in {"旬": "1 2 3", "期": "1月 2月", "类别": "一产 二产 三产"}.items()
    },
    # A second row of the head: units, or names once more, all different.
    LONG + ",,亿元\n621022,2019,1\n": "panel.csv:2:3: .*two rows .gdp over 亿元.*, as gdp.亿元.",
    ",,gdp,pop\n代码,年份,亿元,万人\n621022,2019,1,2\n": "2:3: .*two rows .gdp over 亿元.: write",
    ",,gdp,,,,\n代码,年份,亿元,a,b,c,d\n621022,2019,1,2,3,4,5\n": ":2:3: .*two rows .gdp over 亿元",
    "表1,,,\n\n" + LONG + "-,-,100 million yuan\n621022,2019,1\n": ":4:3: .*two rows .gdp over 1",
    "SgnYear,code,gdp\n统计年度,县代码,产值\n无,无,亿元\n2019,621022,1\n2020,621022,2\n": (
        ":2:2: the head has two rows .code over 县代码.: write one, as code.县代码."
    ),
    LONG + "621022,x,1\n621023,不详,2\n": "no cell is a year in 年份 .x, 不详.",
    LONG
    + "621022,43465,1\n": "年份 .43465. .dates counted in days, 43465 for 2018-12-31, are none",
    LONG + '621022,2019,"1\n621023,2019,2"\n': "panel.csv:2:13: the quotation mark",
    LONG + '621022,2019,"1\n621023,2019,2\n': "panel.csv:2:13: the quotation mark",
    "代码,2015-2019,2016-2020\n621022,1,2\n": ".2015-2019, 2016-2020 is no single year.",
    WIDE + ",2019年\n621022,1,2,3\n": "columns 2019 and 2019年 would both be value: rename one",
    "代码,gdp_2018,gdp_2019,gdp\n621022,1,2,3\n": "columns gdp and gdp_2018 would both be gdp",
    LONG + "621022101,2019,1\n621022102,2019,2\n": "代码 holds codes of townships",
    LONG + "6.21022E+11,2019,1\n6.21023E+11,2019,2\n": "代码 holds codes as powers of ten",
    LONG + "6.21E+05,2019,1\n6.21E+05,2020,2\n": "lost digits: format them as text",
    "代码,县名,2019,,2020,\n,,gdp,人口,gdp,人口\n621022,环县,1,2,3,4\n": (
        "panel.csv:2:4: the head has two rows .2019 over 人口.: write one, as 人口_2019"
    ),
    ",,GDP,,人口,\n代码,县名,2019,2020,2019,2020\n621022,环县,1,2,3,4\n": (
        "panel.csv:2:6: the head has two rows .人口 over 2020."
    ),
    "代码,年份,指标,值,单位\n621022,2019,G,3,亿元\n621023,2019,G,4,万元\n": "单位 .* 亿元, 万元",
    "代码,年份,指标,值,计量\n621022,2019,G,3,亿元\n621023,2019,G,4,万元\n": "计量 .* 亿元, 万元",
    "代码,年份,指标,值,指标单位\n621022,2019,G,3,万元\n621022,2019,H,3,人\n621023,2019,G,4,亿元\n"
    "621023,2019,H,4,人\n": "指标单位 says that values of one column are in 万元, 亿元",
    "代码,年份,gdp,q\n621022,2019,3,元/人\n621023,2019,4,万元/人\n621024,2019,4,元\n": "q says",
    "年份,gdp\n2019,621022\n2019,621023\n2020,621024\n2020,621025\n": "holds codes of counties",
    LONG: "panel.csv: the panel has no rows",
    "县代码,常住人口\n621022,1995\n621023,2010\n": "常住人口 may hold years, but is called otherw",
    "县代码,年末人口,pop\n621022,1995,x\n621023,2010,y\n": "years; 年末人口 may hold years",
    "621022,2018,1\n621022,2019,2\n": "no head, .*: it holds 621022, 2018, 1. .*: 代码,年份,gdp$",
    "环县①,2018,1\n环县,2019,2\n": "no head, .*: it holds 环县①, 2018, 1. .*: 县名,年份,gdp$",
    "621022,环县,x\n621023,华池县,y\n": "no head, .*: it holds 621022, 环县",
    "某县,2018,1.5\n某县,2019,2\n": "no head, .*: it holds 2018, 1.5",
    "代码,年份,x,代码,年份,x\n621022,2018,1,621022,2019,2\n": "two columns are called 年份, with",
    "县名,年份,x,县名,年份,x\n环县,2018,1,华池县,2018,2\n": "two columns are called 县名, with",
    "代码,2018年,2019年 a\n621022,1,2\n": ".2018年, 2019年 a is no single year, or one of a kind",
    "代码,2018,2018①,2019\n621022,1,2,3\n": "columns 2018 and 2018① would both be value",
    STACKED + "621022,2019,gdp,1\n621022,2019,ＧＤＰ,2\n": "row 3 has one a second time",
    STACKED + "621022,2019,gdp,1\n621022,2020,,2\n621022,2021,x,\n": "one of them has no name",
    STACKED.replace("值", "额")
    + "621022,2019,a,1\n621022,2020,b,2\n": "指标 names several .*a, b.",
    "code,年份,数据年份,gdp\n621022,2020,2019,1\n": "年份, 数据年份 all hold years: keep one",
    "code,year,yr,gdp\n621022,2020,2020,1\n621022,2021,2020,1\n": "year, yr all hold years",
    "code_2010,代码（2020）,year\n621022,621023,2020\n": "代码（2020） all hold codes: keep",
    "adcode,adcode_new,year\n621022,621023,2020\n": "adcode, adcode_new all hold codes: keep",
    "行政区划代码,户籍地代码,year\n621022,621023,2020\n": "户籍地代码 all hold codes",
    "帮扶县,受援县,year\n环县,华池县,2020\n": "帮扶县, 受援县 all hold names of counties: keep one",
    "县名,县名称,year\n环县,环县,2020\n环县,华池县,2021\n": "县名, 县名称 all hold names",
    "代码,年份,指标,变量,值\n621022,2019,G,a,1\n621022,2020,G,b,4\n621022,2020,H,b,4\n": (
        "指标 and 变量 both name indicators"
    ),
}
for part in PARTS.split():
    said = f"年份 .*: '{part}' .row 2., '{part}' .row 3."
    NO_PANEL[LONG + f"621022,{part},1\n621023,{part},2\n"] = said
for head in HEADS.replace("#", "2018").split():
    NO_PANEL[f"代码,{head},{head.replace('8', '9')}\n621022,1,2\n"] = "parts of years such as"
# Months and the like beside the years, one in a year: only the last is the year's.
for parts in ("月份 6 6", "月度 1 2 3", "month 12 11", "季度 Q1 Q4", "半年 上半年 2"):
    column, *parts = parts.split()
    rows = "".join(f"62102{n},2019,{part},1\n" for n, part in enumerate(parts, start=2))
    said = f"{column} holds parts of years such as .*: sum them up to years; .* leave {column} out"
    NO_PANEL[LONG.replace("gdp", f"{column},gdp") + rows] = said
#: A panel that is read → its units and years, and what the report says.
PANEL = {
    "代码,2018年6月末存款,2019年6月末存款\n621022,1,2\n": (1, [2018, 2019], "2 columns of years"),
    "代码,31/12/2018,2019-12-31\n621022,1,2\n": (1, [2018, 2019], "2 columns of years turned"),
    "代码,market2018,market2019\n621022,1,2\n": (1, [2018, 2019], "2 columns of years turned"),
    LONG + "621022,12/31/2019,1\n621023,31dec2019,1\n": (2, [2019], "read as years"),
    LONG + "621022,2019-12-31,1\n621022,\"Dec 31, 2020\",1\n": (1, [2019, 2020], "as years"),
    "市代码,县代码,县,年份,gdp\n370700,81,青州市,2019,1\n370700,82,诸城市,2019,2\n": (
        2, [2019], "县代码 .*called so, but holds no codes"),
    "adcode2020,县名,2018,2019\n621022,华池县,1,2\n": (1, [2018, 2019], "621022 华池县"),
    "2010年代码,代码2020,2018,2019\n621022,621022,1,2\n": (1, [2018, 2019], "2 columns of years"),
    "代码,县名,年份\n0620102,环县,2019年底\n": (
        1, [2019], "(?s)代码 .*called so, but holds no codes of counties: 0620102.*no codes"),
    LONG + "621022,2019,…\n621023,2019年末,..\n621024,2019,1\n": (3, [2019], "gdp +2 rows: signs"),
    "代码,2018第一产业,2019第一产业\n621022,1,2\n": (1, [2018, 2019], "2 columns of years"),
    LONG + "621022,2019,1\n621022,2019,2\n621023,2019,1\n": (2, [2019], "several rows of a code"),
    GOOD + "621024,20199,1\n": (3, [2019, 2020], "no year: .*: '20199' .row 6."),
    LONG + "621022,2019,1\n621023,2020,1\n注：来自年鉴,,\n": (2, [2019, 2020], "'' .row 4."),
    LONG + "621022,2019,1\n621023,不详,1\n": (2, [2019], "'不详' .row 3."),
    LONG + "621022,2019,−5\n621023,2091,1\n": (2, [2019, 2091], "of these years: .2091. .row"),
    LONG + "621022,二〇一八年,1\n621023,二○一九,1\n": (2, [2018, 2019], "dates read as years: 二"),
    WIDE + ",2020预计\n621022,1,2,3\n": (1, [2018, 2019], "left as columns: 2020预计"),
    WIDE + ",2019\n621022,1,2,3\n": (1, [2018, 2019], "left as columns: 2019_2"),
    "代码*,2018,2019①,2020年[2],２０２１†,2022（1）,2023注3\n621022,1,2,3,4,5,6\n": (
        1, [*range(2018, 2024)], "6 columns of years .*\\n.*headings: 2019①, 2020年.2., ２０"),
    "代码,2018年km²,2019年km²\n621022,1,2\n": (1, [2018, 2019], "2 columns of years[^①]*code same"),
    STACKED + "621022,2019,gdp,1\n621023,2019,gdp,2\n621022,2020,pop,3\n621023,2020,pop,4\n": (
        2, [2019, 2020], "2 indicators turned into columns"),
    "代码,年份,项目*,数值①\n621022,2019,x(亿元),1\n621022,2020,x(万元),9\n621022,2020,y,1\n": (
        1, [2019, 2020], "3 indicators turned into columns"),
    STACKED + "621022,2019,GDP,1\n621023,2019,gdp ,2\n621022,2020,ＧＤＰ,3\n": (
        2, [2019, 2020], "written in several ways: gdp, ＧＤＰ read as GDP"),
    "代码,年份,x,x,ｘ, x\n621022,2019,1,2,3,4\n": (
        1, [2019], "x_2 +1 row: column 4 .*called x: .*\\n.*x_3 +1 row: column 6 .*called x: "),
    WIDE + ",2015-2017\n621022,1,2,3\n": (1, [2018, 2019], "left as columns: 2015-2017"),
    "代码,year,2018,2019\n621022,x,1,2\n": (1, [2018, 2019], "kept as year_in_file"),
    "代码,调查年份,gdp\n621022,2018,1\n621023,2019,1\n": (
        2, [2018, 2019], "调查年份 .*: taken for the years: 2018, 2019"),
    "代码,常住人口,t\n621022,1995,2018\n621023,2010,2019\n": (2, [2018, 2019], "t .*for the years"),
    "代码,2018.0,2019.0\n621022,1,2\n621023,1,2\n": (2, [2018, 2019], "2 columns of years turned"),
    LONG + "621022,2019-06-30,1\n621023,2020-07-14,1\n": (2, [2019, 2020], "read as years"),
    LONG + "621022,2019-12-31,1\n621023,2019年1-12月,1\n": (2, [2019], "read as years"),
    "代码,,年份\n621022,环县,2019\n": (1, [2019], "too few to tell the year"),
    LONG + "621022101,2019,1\n621022,2019,1\n": (1, [2019], "townships or villages.*: 621022101"),
    LONG + "621022000,2019,1\n621023000000,2019,1\n": (2, [2019], "cut to six digits"),
    LONG + '"=""621022""",2019,1\n6.21023E+05,2019,1\n': (2, [2019], "written as a power of ten"),
    "sep=;\n代码;年份;gdp\n621022;2019;1\n": (1, [2019], "lines above the head, left out: 1"),
    '"县\n代码",年份,"gdp\n(亿元)"\n621022,2019,1\n': (1, [2019], "too few to tell the year"),
    "代码,年份,name\n621022,2019,Huan County\n": (1, [2019], "names in letters: not compared"),
    "县名,年份\n甘肃环县,2019\n甘肃省庆阳市环县,2020\n华池县*,2019\n广西靖西县,2010\n": (
        3, [2010, 2019, 2020], "signs of a footnote left out of names: 华池县.*"),
    "省,县,年份\n河南省,方城,2019\n河南省,蘭考縣,2019\n河南省,新县,2019\n": (3, [2019], "no codes"),
    "县名,年份,gdp\n环县,2019,621024\n华池县,2019,621025\n": (2, [2019], "no codes: names read"),
    "县名,年份,z\n环县,2019,621022\n环县,2020,621022\n": (1, [2019, 2020], "z .*taken for"),
    "code,year,年份,yr,gdp\n621022,2020,2020年,2020,1\n": (1, [2020], "code same"),
    "code,year,policy_year\n621022,2020,2019\n": (1, [2020], "code same"),
    "县名,县名称,year\n环县,甘肃环县*,2020\n": (1, [2020], "县名 .*no codes: names read"),
    "代码,县名,县名称,year\n621022,环县,华池县,2020\n": (
        1, [2020], "县名称 .*other names of counties than 县名 has: not compared"),
    LONG + "621022,201①,1\n621023,2019,1\n": (2, [2019], "no year: .*: '201①' .row 2."),
    "代码,年份,gdp\n62102²,2019,1\n621023,2019,1\n": (1, [2019], "no code: .*: 62102²"),
    ",,GDP,,人口,\n代码,年份,总量,增速,总数,城镇\n621022,2019,1,2,3,4\n": (
        1, [2019], "lines above the head, left out: 1 .GDP, 人口."),
    ",代码,年份,gdp,人口\n0,621022,2019,1,1\n": (1, [2019], "code same"),
    "SgnYear(统计年度),CntyCode(县代码),县代码2,GDP（产值）\n2019,621022,1,1\n2020,621022,1,1\n": (
        1, [2019, 2020], "code same +2 rows"),
    LONG + "合计,,不详\n621022,2019,1\n": (1, [2019], "no code: .*合计"),
    LONG + "合计,2019,1\n,2019,2\n999999,2019,3\n621022,2019,4\n": (
        2, [2019], "(?s)2 rows: no code: the rows have no unit.*3 rows, 1 unit: 999999"),
    "县名,2018,2019\n环县,不详,不详\n华池县,1,2\n": (2, [2018, 2019], "2 columns of years turned"),
    **{
        LONG.replace("gdp", f"{column},gdp") + f"621022,2019,{part},1\n621023,2019,,1\n": (
            2, [2019], f"{column} +1 row: the last of a year: .*: {part}"
        )
        for column, parts in {
            "月份": "12 12.0 12月 1-12月 十二月", "季度": "4 Q4 第四季度 1-4季度",
            "半年": "2 下半年",
        }.items()
        for part in parts.split()
    },
    LONG + "621022,2019,1\x002.5\n621023,2019,3\n": (2, [2019], "no numbers: .*2.5' .row 2."),
    LONG + '621022,2019,"85\n120"\n621023,2019,3\n': (2, [2019], "no numbers: .*120' .row 2."),
    "代码;年份;a;b;c\n621022;2019;1,5;1,500;1,200,500\n621023;2019;2,25;2,250;1,200.5\n": (
        2, [2019], "b +2 rows: commas that may be decimal.*\n.*b .*no numbers.*\n.*c .*thousands"),
    # Dots between semicolons set off thousands in some countries, if none is a decimal's.
    **{
        f"代码;年份;gdp;x\n621022;2019;819;{x}\n621023;2019;{text};5\n": (2, [2019], said)
        for text, x, said in (
            ("1.199", "5", "gdp +1 row: text, .* '1.199' .row 3.; dots may .* write 8193, or"),
            ("1.199.234", "1.401", "gdp .*dots may set off(?s:.)*x +1 row: text.*dots may"),
            ("1.199", "0.5", "(?s)^(?!.*dots may set off)"),
            ("1,199", "5", "gdp +1 row: commas that may be decimal"),
        )
    },
    LONG + "621022,2019,819\n621023,2019,1.199\n": (2, [2019], "(?s)^(?!.*dots may set off)"),
    STACKED + '621022,2019,a,"1,5"\n621022,2019,b,"1,500"\n': (
        1, [2019], "b +1 row: commas that may be decimal"),
    "代码,年份,县名\n621022,2019,环县²\n": (1, [2019], "signs of a footnote left out .*: 环县²"),
    "代码,统计年份,year,gdp\n621022,2019,a,1\n": (1, [2019], "year .* kept as year_in_file"),
    "代码,年份,level,reason,gdp\n621022,2019,5,6,1\n": (1, [2019], "code same +1 row"),
    LONG + "621022,2019,见2019年鉴\n": (1, [2019], "gdp +1 row: text, though most cells hold dig"),
    LONG + "621022,2019,x\n": (1, [2019], "no column of numbers is found; others are: gdp"),
    "代码,年份,指标,值,来源\n621022,2019,G,3,甲\n621022,2019,H,3,乙\n621023,2019,G,4,乙\n"
    "621023,2019,H,4,甲\n": (2, [2019], "left out: 来源, which differs within .*: 甲, 乙"),
    "代码,指标,2018,2019\n621022,G,1,2\n621022,H,3,4\n,数据来源：某库,,\n": (
        1, [2018, 2019], "(?s)数据来源：某库.*2 indicators turned into columns"),
    "代码,年份,省份,县名\n621022,2019,湖南省,环县\n": (1, [2019], "contradicts .*: 621022 湖南省"),
    "代码,年份,市\n621022,2019,庆阳\n621023,2019,延安市\n": (2, [2019], "1 unit: 621023 延安市"),
    "代码,年份,县名\n621022,2019,镇原县\n621023,2019,镇原县\n621027,2019,镇原县\n": (
        3, [2019], "contradicts the code +2 rows"),
}  # fmt: skip


def test_a_panel_is_read_as_meant_or_refused_by_cell(tmp_path):
    for text, said in NO_PANEL.items():
        refuses(LaoquError, said, read, tmp_path, text)
    for text, (units, years, said) in PANEL.items():
        made = read(tmp_path, text)
        assert made.data["code_in_panel"].nunique() == units, text
        assert sorted(made.data["year"].dropna().unique()) == years, text
        assert pd.Series([repr(made.report)]).str.contains(said).all(), (text, made.report)
    frame = pd.DataFrame({"code": 621022, "year": [2019, 2019.5, 2020]})
    refuses(LaoquError, r"year holds parts of years: '2019.5' \(row 1\)", lq.panel, frame)
    assert "blank (row 1)" in repr(lq.panel(frame.assign(year=[2019, None, 2020])).report)
    # Further codes and years are no outcomes, nor are numbers of rows.
    head = "序号,code,户籍地代码,year,统计年份,gdp\n"
    rows = [f"{n},62102{n},62102{n + 1},2020,{2010 + n},{n}\n" for n in (2, 3, 4)]
    made = read(tmp_path, head + "".join(rows), code="code", year="year")
    assert made.outcomes == ["gdp"] and made.data["county_code"].tolist()[0] == "621022"
    with pytest.raises(LaoquError, match="two columns are called year, with other values"):
        lq.panel(pd.DataFrame({"code": 621022, "year": [2019, 2020], "year.1": 2018}))
    with pd.ExcelWriter(tmp_path / "two.xlsx") as book:
        for sheet in ("说明", "数据"):
            frame[[]][:0].assign(**{sheet: []}).to_excel(book, sheet_name=sheet, index=False)
    said = "two.xlsx: .* no rows .only one .*: 说明, not 数据: move"
    refuses(LaoquError, said, lq.panel, tmp_path / "two.xlsx")


def test_what_is_struck_out_in_a_workbook_is_left_out_and_what_is_hidden_said(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    head = ("region", "adcode", "name", "year", "gdp")
    for row in (head, *(("沂蒙", code, "", 2020, 5) for code in (371302, 371311, 371312, 371321))):
        sheet.append(row)
    for cell in [*sheet[3], sheet["E5"]]:
        cell.font = openpyxl.styles.Font(strike=True)
    sheet.row_dimensions[4].hidden = sheet.column_dimensions["B"].hidden = True
    book.create_sheet("first", 0).sheet_state = "hidden"
    book.active = sheet
    book.save(tmp_path / "own.xlsx")
    with pytest.warns(UserWarning, match="has no county of"):
        own = lq.load(membership=tmp_path / "own.xlsx")
    made = lq.panel(tmp_path / "own.xlsx")
    codes = ["371302", "371312", "371321"]
    assert own.membership()["adcode"].tolist() == made.data["county_code"].tolist() == codes
    assert made.data["gdp"].isna().tolist() == [False, False, True]
    for said in ("; ".join(own.conversions["why"]), repr(made.report)):
        assert "struck out, left out: 5 (A3, B3, " in said
        assert "hidden rows or columns, read as others are: 2 (col 2, row 4)" in said


def test_text_that_is_struck_out_within_a_cell_is_left_out(tmp_path):
    book = openpyxl.Workbook()
    for row in (("代码", "年份", "县名"), (371302, 2020, "兰山区"), (371311, 2020, "x")):
        book.active.append(row)
    book.save(tmp_path / "plain.xlsx")
    # Shared texts, in the form in which Excel saves them; openpyxl writes none.
    shared = "<si><r><rPr><strike/></rPr><t>环县</t></r><r><t>罗庄区</t></r></si>"
    names = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    with ZipFile(tmp_path / "plain.xlsx") as plain, ZipFile(tmp_path / "part.xlsx", "w") as made:
        for name in plain.namelist():
            text = plain.read(name).decode().replace("</Types>", part)
            cell = 't="inlineStr"><is><t>x</t></is>'
            made.writestr(name, text.replace(cell, 't="s"><v>0</v>'))
        made.writestr("xl/sharedStrings.xml", f'<sst xmlns="{names}">{shared}</sst>')
    made = lq.panel(tmp_path / "part.xlsx")
    assert made.data["县名"].tolist() == ["兰山区", "罗庄区"] and made.contradictions.empty
    assert "struck out, left out: 1 (C3)" in repr(made.report)
    with ZipFile(tmp_path / "plain.xlsx") as plain, ZipFile(tmp_path / "part.xlsx", "w") as made:
        for name in plain.namelist():
            inside = shared.replace("si>", "is>").encode()
            made.writestr(name, plain.read(name).replace(b"<is><t>x</t></is>", inside))
    with pytest.raises(LaoquError, match="a part of C3 is struck out: save the file"):
        lq.panel(tmp_path / "part.xlsx")


#: The format of 0.42, 1234.5 or 123000 in 2020, beside plain numbers → what is read and said.
FORMATS = {
    (0.42, "0.0%"): 42, (0.57, "0%;-0%;0"): 57, (0.42, '0.0"%"'): 0.42, (5, '0"0000"'): 50000,
    (1234.5, "#,##0.0,"): 1.2345, (123000, "0!.0,"): 12.3, (123000, "0\\.0,"): 12.3,
    (1234.5, "#,##0.00"): 1234.5, (1234.5, "0.00E+00"): 1234.5, (42, '[$¥-804]0.0"km²"'): 42,
    (1234.5, '_ * #,##0.00_ ;_ * \\-#,##0.00_ ;_ * "-"??_ ;_ @_ '): 1234.5,
    (123000, '0!.0,"万"'): '123000 is shown in another magnitude, for its format is 0!.0,"万"',
    (123000, '[>=10000]0!.0,"万";0'): "another magnitude", (12.3, '0.0"亿元"'): "another magnitude",
}  # fmt: skip


def test_a_number_of_a_workbook_is_read_as_it_is_shown(tmp_path):
    keys = [(code, year) for year in (2019, 2020) for code in (621022, 621023, 621024)]
    for (value, shape), read in FORMATS.items():
        for mixed in (True, False):
            book = openpyxl.Workbook()
            book.active.append(["代码", "年份", "城镇化率"])
            for row, (code, year) in enumerate(keys, start=2):
                plain = mixed and year == 2019
                book.active.append([code, year, 40 if plain else value])
                book.active.cell(row, 3).number_format = "General" if plain else shape
            book.save(tmp_path / "shown.xlsx")
            if isinstance(read, str) and (mixed or value != 12.3):  # all in 亿元: one reading
                said = f"shown.xlsx:{5 if mixed else 2}:3: .*{re.escape(read)}"
                refuses(LaoquError, said, lq.panel, tmp_path / "shown.xlsx")
                continue
            made = lq.panel(tmp_path / "shown.xlsx")
            read = value if isinstance(read, str) else read
            assert made.data["城镇化率"].tolist() == [40 if mixed else read] * 3 + [read] * 3, shape
            said = f"城镇化率: {3 if mixed else 6} of 6 numbers read as they are shown"
            assert (said in repr(made.report)) == (read != value), (shape, made.report)
            said = "城镇化率: its format shows all 6 numbers in 亿元, so the values are in 亿元"
            assert (said in repr(made.report)) == ("亿元" in shape), (shape, made.report)


def test_years_of_a_workbook_are_in_one_unit_and_true_is_no_number(tmp_path):
    wide, long = ["代码", 2019, 2020], ["代码", "年份", "gdp"]
    both = [wide, [621022, 1.5, 15000]]
    for rows, formats, said in (
        (both, ['0.00"亿元"', '0"万元"'], ":2:3: 15000 is shown in 万元 by"),
        (both, ['0.00"亿元"', "General"], "no unit .* of 2019 in 亿元"),
        ([wide, [621022, 15000, 1.5]], ["General", '0.0"亿元"'], "in 亿元 .* of 2019 in none"),
        ([wide, [621022, 1.5, 2.5]], ['0.00"亿元"', '0.0"亿元"'], [1.5, 2.5]),
        ([[*wide[:2], "pop_2020"], [621022, 1.5, 3]], ['0.0"亿元"', "0"], "no columns are years"),
        ([long, [621022, 2019, True], [621023, 2019, 1]], [], ["TRUE", 1]),
        ([long, [621022, 2019, True], [621023, 2019, None]], [], [True, None]),
    ):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for column, shape in enumerate(formats, start=2):
            book.active.cell(2, column).number_format = shape
        book.create_sheet("coding").append(["x"])  # only sheets of coding are so called
        book.save(tmp_path / "years.xlsx")
        if isinstance(said, str):
            refuses(LaoquError, said, lq.panel, tmp_path / "years.xlsx")
            continue
        made = lq.panel(tmp_path / "years.xlsx")
        found = made.data["gdp" if "gdp" in made.data else "value"]
        assert found.astype("object").where(found.notna(), None).tolist() == said


def test_odd_arguments_of_a_panel_are_answered_by_name():
    frame = pd.DataFrame({"code": [621022], "year": [2019], "5": [1.5]})
    for given, said in (
        ({"year": True}, "year is True, expected the name of a column, or one year from 1949"),
        ({"year": [2019]}, r"year is \[2019\], expected"),
        ({"year": 2019.5}, "year is 2019.5, expected"),
        ({"code": 7}, "unknown column of the panel '7'"),
        ({"name": ["code"]}, r"name is \['code'\], expected the name of a column"),
        ({"source": frame.assign(z=1j)}, "z holds complex numbers"),
        ({"source": frame.assign(z=pd.Timedelta("1D"))}, "z holds spans of time: write numbers"),
        (
            {"source": frame.set_index(pd.Index([621023], name="code"))},
            "the index and a column are both called code: rename one of them",
        ),
    ):
        with pytest.raises(LaoquError, match=said) as caught:
            lq.panel(**({"source": frame} | given))
        assert not isinstance(caught.value, lq.errors.ArgumentError), given


def test_an_outcome_that_is_none_is_said_with_its_cell_and_no_other_is_taken(tmp_path):
    made = monitor.synthetic(PLAN, range(2020, 2023)).dropna()
    made = made[made["county_code"].isin(made["county_code"].unique()[:90])]
    text = made["income"].astype("int").astype("str")
    odd = {
        "12亿": text.where(text.index != text.index[3], "12亿"),
        "decimal comma": text.str[:-1] + "," + text.str[-1:],
        "all with a sign": "￥" + text,
    }
    odd |= {each: pd.Series(each, text.index) for each in ("#DIV/0!", "一千", "①")}
    forms = "{}① {}² {}₂ {}½ 0,{} 约{} >{} ({}) {}* 1\u30002{}"
    odd |= {form: text.str[-3:].map(form.format) for form in forms.split(" ")}
    for name, income in odd.items():
        panel = lq.panel(made.assign(income=income))
        for use in (panel.monitor, lambda p=panel: p.for_estimator("csdid", "income")):
            refuses(LaoquError, r"income is text, .*: '.*' \(row \d+\)", use)
        assert panel.monitor("population").outcome == "population", name
    made.assign(income=odd["12亿"]).to_csv(tmp_path / "panel.csv", index=False)
    assert main(["monitor", str(tmp_path / "panel.csv"), "--area", "陕甘宁"]) == 2
    panel = lq.panel(made.assign(empty=np.nan, note="见年鉴", **{"5": made["income"]}))
    treated = panel.treat("national_key_county")
    for column, said in (
        ("empty", "empty has no value in any row"),
        ("note", "note holds no numbers, but 见年鉴"),
        ("year", "year is no outcome"),
        ("ever_treated", "ever_treated is no outcome"),
        ("incom", "unknown column of numbers of the panel 'incom'.*income"),
    ):
        refuses(LaoquError, said, treated.for_estimator, "csdid", column)
    assert panel.monitor(5).outcome == "5"
