"""The data are clean, and whatever happens to them is noticed, with file, line and column."""

import csv
import io
import json
import os
import random
import re
from contextlib import closing, suppress

import pytest
from fixture import PLAN

import laoqu as lq
from laoqu import build, checks, schema

DECLARED = schema.tables()
CURATED = [each["path"] for each in DECLARED.values() if each["path"].startswith("curated/")]


def test_data_is_clean_and_built_files_are_current():
    assert lq.check() == []
    assert build.problems() == []


#: file, old text, new text, what is said of it: of cells by themselves, all in one copy of data/
CELLS = [
    ("curated/membership.csv", "371302,2021-12-31", "371302,2021-13-45", "2021-13-45"),
    ("curated/membership.csv", "dabieshan,340422", "dabishan,340422",
     "unknown code 'dabishan', not in regions; nearest: dabieshan"),
    ("curated/membership.csv", "dabieshan,340722,", "dabieshan,340826,",
     "duplicate id 'dabieshan, 340826', first seen in line"),
    ("curated/membership.csv", "dabieshan,340827,", "dabieshan,34082,",
     r"found '34082', expected the form \d{6}"),
    ("curated/membership.csv", "dabieshan,341502,", "dabieshan,３４１５０２,",
     r"found '３４１５０２', expected the form \d{6}"),
    ("curated/membership.csv", "霍邱县,", ",", "is empty, expected a value"),
    ("curated/exemplified.csv", "c01.s01,562,584", "c01.s01,,584", "is empty"),
    ("curated/city_membership.csv", ",湖南省,", ",湖南省 ,", "found white space around '湖南省 '"),
    ("curated/codebook.csv", "scope,area,", "scope,arena,", "unknown code 'area'"),
    ("curated/scopes.csv", ",universal,printed", ",univrsal,printed",
     "unknown code 'univrsal', not in the codebook under scope; nearest: universal"),
    ("curated/scopes.csv", ",false,false,", ",no,false,", "found 'no', expected true or false"),
    ("curated/scopes.csv", "c01.s02.k1,c01.s02,", "c01.s02.k1,c01.s02,abc",
     "expected a whole number"),
    ("curated/treatment_dates.csv", "2021-08-27", "2021-02-30", "2021-02-30"),
    ("curated/city_membership.csv", "430800,2021-12-31", "430800,2021-02-30", "2021-02-30"),
    ("curated/measures.csv", "。,,b2.s02.m1,", "。,,b2.s02.m9,", "unknown code 'b2.s02.m9'"),
    ("curated/monitor_rules.csv", "at_most,-15,1,3,", "at_most,-15,0,3,", "found '0', expected 1"),
    ("curated/monitor_rules.csv", "below,0,3,1,", "below,0,3,-1,", "found '-1', expected 1"),
    ("curated/pmc_grades.csv", "m9_share,9,4.5,可接受", "m9_share,9,x,可接受", "expected a number"),
    ("curated/pmc_grades.csv", "ruiz2011,10,7,", "ruiz2011,10,5,",
     "duplicate id 'ruiz2011, 5.0'"),
    ("curated/layout.toml", "lines = [159, 171]", "lines = [160, 171]",
     "plan.txt:160:1: found '', but layout.toml says that a piece begins '巴马县、' here"),
    ("raw/SOURCES.toml", "characters = 7978", "characters = 7979", "SOURCES.toml:17:17"),
    ("curated/terms.csv", "\n中医院,医疗卫生,", "\n中医院,中医药,",
     "unknown code '中医药', not in terms"),
    ("curated/terms.csv", "\n旅游,旅游,industry", "\n旅游,旅游,branch", "unknown value 'branch'"),
    ("curated/pmc_scores.csv", "X4.1,pass2,", "X4.9,pass2,",
     "unknown code 'X4.9', not in pmc_table"),
    ("curated/treatment_channels.csv", "县域经济百强县,top-100", "定点帮扶,top-100",
     "'定点帮扶' is said in line 6, too"),
    ("curated/term_stops.csv", "pass1,policy verb", "pass3,policy verb", "unknown value 'pass3'"),
    ("built/gazetteer.csv", "西城区,county,市辖区,110000", "西城区,county,市辖区,110009",
     "unknown code '110009', not in gazetteer"),
    ("curated/gazetteer_readings.csv", "襄都区,Xiangdu", "襄都区,Xiangdou", "code 'Xiangdou'"),
    ("curated/gazetteer_links.csv", "1995,320283,", "1995,320299,", "unknown code '320299'"),
]  # fmt: skip
#: of heads of columns, and of quotations, which are only looked at where the text is whole
QUOTES = [
    ("curated/regions.csv", "region_id,order,", "region_id,ordre,",
     "regions.csv:1:11: found 'ordre', expected the column 'order'"),
    ("curated/mentions.csv", "m001,c02.s01,860,864,西部地区", "m001,c02.s01,861,865,西部地区",
     "mentions.csv:2:14: the text at 861–865 is '部地区、', expected '西部地区'"),
    ("curated/scopes.csv", "c01.s01.k1,c01.s01,", "c01.s01.k1,c01.s02,", "not within 'c01.s02'"),
    ("curated/pmc_evidence.csv", "X4.2,pass1,c14.s04,6310", "X4.2,pass1,c14.s04,6311",
     "expected '新增"),
]  # fmt: skip
#: A naming that is left out.
MISSED = next(
    line
    for line in (PLAN.folder / "curated" / "mentions.csv").read_text("utf-8").splitlines(True)
    if ",韶山," in line
)
#: of rows beside each other and the text
RULES = [
    ("curated/membership.csv", "371302,2021-12-31,兰山区", "371309,2021-12-31,兰山区",
     "371309 is not in the gazetteer"),
    ("curated/membership.csv", "371311,2021-12-31,罗庄区", "371311,2021-12-31,罗庄县",
     "is 罗庄区 山东省 临沂市 county"),
    ("curated/membership.csv", "371312,2021-12-31", "371312,1979-12-31",
     "371312 was not in force on 1979-12-31"),
    ("curated/printed_counts.csv", "national_key_county,,53", "national_key_county,,54",
     "the mentions name 53 places for b1 national_key_county, the print 54"),
    ("curated/mentions.csv", MISSED, "", "'韶山' at 4934–4936 in c11.s02"),
    ("curated/mentions.csv", "新泰市,,county,370982", "新泰县,,county,370982", "is 新泰市"),
    ("curated/mentions.csv", "county,429004,2021-12-31", "county,,", "a county needs an adcode"),
    ("curated/mentions.csv", "Ganzhou Comprehensive Bonded Zone,zone", ",zone",
     "a zone needs a name_en"),
    ("curated/mentions.csv", ",恩施,恩施土家族苗族自治州,,prefecture,422800,2021-12-31,湖北省,",
     ",恩施,恩施土家族苗族自治州,,prefecture,422800,2021-12-31,,", "its date and its province go"),
    ("curated/mentions.csv", "黄冈,黄冈市,,prefecture,421100", "黄冈,黄冈市,,county,421100",
     "421100 is 黄冈市 湖北省 黄冈市 prefecture in the gazetteer, here 黄冈市"),
    ("curated/mentions.csv", "4723,沂蒙,沂蒙革命老区,,area,,,,,yimeng",
     "4723,沂蒙,沂蒙革命老区,,area,,,,,taihang", "'沂蒙' is no name of taihang (太行)"),
    ("curated/mentions.csv", "4524,赣闽粤原中央苏区,赣闽粤原中央苏区,",
     "4524,赣闽粤原中央苏区,太行山区,", "'太行山区' is no name of ganminyue"),
    ("curated/mentions.csv", ",湘鄂渝黔交界县市,", ",赣粤交界县市,",
     "'赣粤交界县市' is no name of xiangeyuqian"),
    ("curated/place_short_forms.csv", "新左旗,150726,", "新左旗,150825,",
     "150825 is 乌拉特后旗 in the gazetteer, here 新巴尔虎左旗"),
    ("curated/place_short_forms.csv", "土左旗,150121,土默特左旗", "土左旗,150825,乌拉特后旗",
     "150825 is 乌拉特后旗 in the gazetteer, here 乌拉特后旗, in short 土左旗"),
    ("curated/city_membership.csv", "430800,2021-12-31,张家界市,湖南省",
     "430800,2021-12-31,太原市,河北省", "430800 is 张家界市 湖南省 prefecture in the gazetteer"),
    ("curated/city_membership.csv", "433100,2021-12-31", "433100,2050-01-01",
     "2050-01-01 is later than the end of 2021"),
    ("curated/treatment_dates.csv", "plan_reported,2021-12-01", "plan_reported,2999-12-01",
     "2999-12-01 has not come yet"),
    ("curated/corrections.csv", "2784,恩施,恩施土家族苗族自治州,", "2784,恩施,瞎编,",
     "the naming there is 恩施土家族苗族自治州 422800, here 瞎编 422800"),
    ("curated/corrections.csv", "3852,恩施,恩施土家族苗族自治州,422800",
     "3852,恩施,恩施土家族苗族自治州,370983", "'370983' must be codes of the gazetteer"),
    ("curated/county_layer_join.csv", "431121,祁阳市,", "431121,,", "a code and its name go"),
    ("curated/gazetteer_holder_doubts.csv", "130124,1986,1992", "130124,1986,1985",
     "the last year 1985 lies before the first, 1986"),
    ("built/gazetteer_history.csv", ",,,,,1981,created,232722", ",某县,,,,1981,created,232722",
     "code, name, first and last year of the old form go together"),
    ("curated/regions.csv", "chuanshaan,5,", "chuanshaan,6,", "`order` must count from 1"),
    ("curated/regions.csv", ",实际范围可能大于这 11 个县,", ",,", "a note needs both languages"),
    ("curated/measures.csv", "生培养，培育一批乡村卫生人才。,可,,适当开展,",
     "生培养，培育一批乡村卫生人才。,瞎编,,适当开展,", "'瞎编' does not stand in the measure"),
    ("curated/measures.csv", ",,c10.s04.m1,建设,,,4553,4566,", ",,c10.s04.m1,建设,,,4553,4567,",
     "measures.csv:139:65: the lead 4553–4567 does not go from a comma to a head"),
    ("curated/measures.csv", "网。,鼓励,,合作共建,,,,,", "网。,鼓励,,合作共建,,,1,,",
     "measures.csv:108:61: the lead 1– does not go"),
    ("curated/measures.csv", ",4061,4072,", ",4061,4071,", "the target 4061–4071 is no part"),
    ("curated/exemplified.csv", "instrument,D4,R5", "instrument,S1,R5",
     "the measure is coded D4 in instrument, its example S1"),
    ("curated/exemplified.csv", ",programme_named,true", ",错,true", "there is no variable '错'"),
    ("curated/adjudications.csv", ",instrument_more,,S2,,", ",instrument_more,,S2,S8,",
     "the ruling for b3.s02.m2 says S8, , S2, the codes are , , S2"),
    ("curated/pmc_table.csv", "X1.1,X1,", "X1.1,X9,", "X1.1 belongs to one main variable"),
    ("curated/monitor_rules.csv", "at_most,10,1,1", "at_most,101,1,1",
     "a percentile lies between 0 and 100, found 101"),
    ("curated/monitor_rules.csv", "below,0,2,1,", "below,0,2,3,",
     "only a percentile_change is taken over more than one period"),
    ("curated/not_names.csv", "资源,9", "资源,8", "'资源' stands 9 times outside names"),
    ("curated/crosswalk_rz.csv", "shifan_environment,S7,S\n", "",
     "shifan_environment has no class for S7"),
    ("curated/regions.csv", "Sichuan–Shaanxi old revolutionary base area",
     "Yimeng old revolutionary base area", "is also a name of"),
    ("curated/regions.csv", ",Hailufeng,,广东省,11,", ",Hailufeng,左右江,广东省,11,",
     "'左右江' is also a name of zuoyoujiang"),
    ("curated/regions.csv", ",Qiongya;Hainan,海南省,13,", ",Qiongya;原中央苏区,海南省,12,",
     "'Qiongya;原中央苏区' is also a name of ganminyue"),
    ("curated/regions.csv", ",海南省,12,printed", ",海南省,12,printed",
     "the printed total of qiongya is 12, found 13 counties"),
    ("curated/regions.csv", ",http://t.zlsgdqx.cn", ",ftp://t.zlsgdqx.cn",
     "'ftp://t.zlsgdqx.cn/html/92a64899259.html' is no address"),
    ("curated/membership.csv", ",http://", ",htp://", "is no address: it begins with http"),
    ("curated/absences.csv", ",安排资金|", ",(安排资金|",
     "'(安排资金|资金规模|总投资"),
    ("curated/codebook.csv", ",税收|减税", ",*税收|减税",
     "'*税收|减税|免税|退税|税率|关税' is no regular expression"),
    ("curated/pmc_scores.csv", "X7.5,pass1,0,0,税,", "X7.5,pass1,0,0,[税,",
     "'[税' is no regular expression: unterminated character set"),
    ("curated/printed_figures.csv", "f1,12,", "f1,13,", "the quotation does not have 13"),
    ("curated/terms.csv", "\n中医院,医疗卫生,", "\n中医院,县级医院,",
     "is a concept and must be its own"),
    ("curated/term_synonyms.csv", "\n老区,革命老区,", "\n老区,革命老地区,",
     "is neither a term nor a stop word"),
    ("curated/pmc_scores.csv", "X1.2,pass1,1,1,", "X1.2,pass1,1,0.7,", "a grade is 0, 0.5 or 1"),
    ("curated/pmc_scores.csv", "X7.5,adjudicated,0,0,税,2,", "X7.5,adjudicated,0,0,,,",
     "needs the strings searched"),
    ("curated/pmc_scores.csv", "both stand in 综合保税区, the name of a zone", "", "need a reason"),
    ("curated/pmc_scores.csv", "X4.1,pass2,1,1,,,,\n", "",
     "X4.1 is coded by adjudicated, pass1 alone"),
    ("curated/pmc_rulings.csv", "X9.4,0.5,1,0.5,", "X9.4,0.5,1,1,", "for X9.4 says 1.0, 0.5, 1.0"),
    ("curated/pmc_grades.csv", "ruiz2011,10,0,", "ruiz2011,10,1,",
     "ruiz2011 must have one m, begin at 0"),
]  # fmt: skip
#: of rows that contradict another table or the text and no reader of the row by itself would doubt
CONTRADICTIONS = [
    ("curated/mentions.csv", "沿河县,沿河土家族自治县,,county,520627",
     "沿河县,德江县,,county,520626", "'沿河县' does not lead to 520626 德江"),
    ("curated/mentions.csv", "吉安县,吉安县,,county,360821", "吉安县,吉州区,,county,360802",
     "'吉安县' does not lead to 360802 吉州"),
    ("curated/mentions.csv", "interprovincial_node,true,true,", "interprovincial_node,true,false,",
     "list_open is false: not so by the words behind"),
    ("curated/mentions.csv", "agro_park,true,false,", "agro_park,true,true,",
     "list_open is true: not so by the words behind"),
    ("curated/scopes.csv", "place,printed,false,,false,true,",
     "place,printed,false,,false,false,",
     "list_open is true: not so by the words behind"),
    ("curated/treatment_channels.csv", "national_key_county,county,", "national_key_county,city,",
     "national_key_county names no city as a recipient"),
    ("curated/treatment_channels.csv", "national_key_county,true,", "national_key_county,false,",
     "complete is a channel for which places are named"),
    ("curated/treatment_channels.csv", "key_city,city,border_opening;capital_docking;",
     "key_city,city,border_opening;", "capital_docking names no city as a recipient, or is named"),
    ("curated/treatment_channels.csv", "paired_aid,city,paired_aid,",
     "paired_aid,city,designated_aid,", "designated_aid names no city as a recipient"),
    ("curated/treatment_dates.csv", "plan_reported,2021-12-01", "plan_reported,2016-12-01",
     "neither SOURCES.toml nor the source of the row says 'reported 2016-12-01'"),
    ("curated/treatment_dates.csv", "opinion_public,2021-02-20", "opinion_public,2021-01-20",
     "says 'public 2021-01-20'"),
    ("curated/treatment_dates.csv", "key_list,2021-", "key_list,2011-", "says 'list 2011-08-27'"),
    ("raw/SOURCES.toml", "pages = 13", "pages = 12", "pages is '12', expected '13'"),
    ("raw/SOURCES.toml", "year = 2021", "year = 2020", "year is '2020', expected '2021'"),
    ("raw/SOURCES.toml", 'issuer = "国家发展改革委"', 'issuer = "财政部"',
     "issuer is '财政部', expected 'words of the text'"),
    ("curated/city_membership.csv", "taihang,140400", "qiongya,140400",
     "provinces of qiongya are"),
    ("curated/membership.csv", "500229,2021-12-31,城口县,,重庆市,web_page",
     "500229,2021-12-31,城口县,,重庆市,box1", "the basis of 城口县 is box1, its source '川陕"),
    ("curated/membership.csv", "plan_inferred,low", "press,high", "is press, its source '专栏2"),
    ("curated/codings.csv", "adjudicated,b2.s01.m1,D4,,T07,,G3,3,,",
     "adjudicated,b2.s01.m1,D1,,T07,T07,G3,3,2,", "D1 occurs nowhere by its row"),
    ("curated/codings.csv", "D1,,T07,T07,", "D1,,T07,T07,", "T07 occurs nowhere by its row in the"),
    ("curated/codings.csv", "G3,3,2,", "G3,3,2,", "an inner strength belongs to an inner head"),
    ("curated/regions.csv", "Sichuan–Shaanxi,Sichuan–Shaanxi,,",
     "Sichuan–Shaanxi,the Dabie Mountains,,",
     "'the Dabie Mountains' is no part of 'Sichuan–Shaanxi'"),
    ("curated/regions.csv", ",Hailufeng,,广东省,11,", ",Hailufeng,福建,广东省,10,",
     "'福建' is also a name of 福建省"),
    ("curated/regions.csv", "广东省,10,", "广东省,10,",
     "the lower_bound total of hailufeng is 10, found 11 counties"),
    ("curated/regions.csv", "山东省,18,", "山东省,28,", "the printed total of yimeng is 28"),
    ("curated/regions.csv", "河南省,74,", "河南省,75,", "the derived total of taihang is 75"),
    ("curated/codebook.csv", "外包,public purchase and outsourcing", "外包,tax relief",
     "'tax relief' is also the label of E3"),
    ("curated/codebook.csv", "instrument,D1,D,", "instrument,D1,S,", "'S' is no parent of codes"),
    ("curated/codebook.csv", "role,paired_aid,assistance", "role,paired_aid,D",
     "'D' is no parent of codes of role"),
    ("curated/printed_figures.csv", "f4,264,县,p1.s02,373,390,264个为原国家扶贫开发工作重点县,"
     "former key poverty counties,原国家扶贫开发工作重点县数,fact\n", "", "p1.s02 prints 3"),
    ("curated/printed_counts.csv", "b1,national_key_county,重庆市,3,专栏1\n", "",
     "national_key_county of b1.s01 (城口县, 重庆市) has no row"),
    ("curated/measures.csv", "等全国县城建设示范地区建设。,支持,,,,,,,,10,",
     "等全国县城建设示范地区建设。,支持,,,,,,,,9,", "9 objects: 10 of them are named as places"),
    ("curated/measures.csv", ",支持,,加快,,,,,,1,", ",支持,,加快,,,,,,90,", "90 objects: 0"),
    ("curated/measures.csv", ",b2.s01.m1,3,", ",b2.s02.m1,3,", "b2.s02.m1 says the same under"),
    ("curated/treatment_channels.csv", "hitech_zone;national_zone;transition_zone",
     "hitech_zone;transition_zone", "national_zone names no city as a recipient, or is named"),
    ("curated/membership.csv", "510704,2021-12-31,游仙区,绵阳市,四川省,web_page",
     "510704,2021-12-31,游仙区,绵阳市,四川省,press", "is 'press' here, "),
    ("curated/mentions.csv", "赣州市,,provincial_subcentre,", "赣州市,,specialty_base,",
     "stands between 赣州 and another specialty_base"),
    ("curated/corrections.csv", ",in 吉安市 360800,ganminyue", ",in 吉安市 360800,taihang",
     "no source puts in 吉安市 360800 into taihang"),
    ("curated/gazetteer_history_differences.csv", "130103,桥东区,2014,,130102;130104,second",
     "130103,桥东区,2014,,130102;130104,ours", "桥东区 (130103) became '130102;130104' in"),
    ("curated/gazetteer_links.csv", "310102,南市区,2000,310101", "310102,南市区,2000,310104",
     "南市区 (310102) became '310101' in gazetteer_holders, not '310104'"),
    ("curated/gazetteer_holder_doubts.csv", "130123,1986,1992,栾城县,正定县",
     "130123,1986,1992,新县,正定县", "130123 was not 新县 in gazetteer_holders between 1986"),
    ("curated/gazetteer_readings.csv", "商都县,Shangdu", "商都县,Zichang", "is 'Shangdu' in"),
    ("curated/gazetteer_differences.csv", ",台湾省,china-division (npm) 2.5.0,,keep value_a",
     ",台湾省,china-division (npm) 2.5.0,,leave out", "710000 is 台湾省 in the gazetteer, which"),
    ("curated/county_layer_join.csv", ",split,", ",recoded,", "香港特别行政区 are not recoded"),
    ("curated/references.csv", "本实施方案,本方案,self", "本实施方案,本方案,parent",
     "'本实施方案' is no '本方案', or this no parent"),
    ("curated/crosswalk_rz.csv", "shifan_supply,D4,S", "shifan_supply,D4,E",
     "shifan_supply differs from the default in D4, here with E"),
    ("curated/codebook.csv", "c03.s03: 推进特色农产品产销对接 → T04",
     "c03.s03: 推进特色农产品产销对接 → T12", "产销对接 → T12' is coded T12 in theme"),
    ("built/gazetteer.csv", "110101,东城区,county,市辖区,110000", "110101,东城区,county,县,310000",
     "东城区 is no 县"),
    ("built/county_areas.csv", "110101,42.002,", "110101,142.002,", "110101 has 142.002 km²"),
]  # fmt: skip


def test_each_rule_names_tables_and_columns_that_are():
    tables = schema.Tables(PLAN.folder, PLAN.document)
    with closing(checks._copy(tables)) as db:
        for rule in checks.KNOWN["rule"]:
            asked = list(checks._pairs(db, rule))
            named = {*rule["table"].split(), *rule["column"].split()}
            assert {name for pair in asked for name in pair} == named, rule


def edit(path, change) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8", newline="")


@pytest.mark.parametrize(
    "damages",
    [CELLS, QUOTES, RULES, CONTRADICTIONS],
    ids=["cells", "quotes", "rules", "contradictions"],
)
def test_bad_input_is_reported_with_file_line_and_column(data_copy, damages):
    for file, old, new, _ in damages:
        assert old in (data_copy / file).read_text("utf-8"), f"{old!r} does not stand in {file}"
        edit(data_copy / file, lambda text, old=old, new=new: text.replace(old, new, 1))
    found = lq.check(data_copy)
    assert [said for *_, said in damages if not any(said in line for line in found)] == [], found
    assert all(line.split(": ")[0].rsplit(":", 2)[1].isdigit() for line in found)


def test_every_sentence_is_coded_to_its_end_and_listed_forms_stand(data_copy):
    """Rows that came or went and were taken as reviewed."""
    curated = data_copy / "curated"
    edit(curated / "scopes.csv", lambda text: re.sub(r"\npre\.s01\.k1,.*", "", text))
    edit(curated / "no_measures.csv", lambda text: re.sub(r"\npre\.s01,.*", "", text))
    edit(curated / "pmc_rulings.csv", lambda text: text.replace("X9.4,", "X1.2,1,1,1,none\nX9.4,"))
    # 县级 stands in the text, but only inside 县级医院 and longer forms.
    at, row = PLAN.document.find("县级医院")[0].start, PLAN["terms"].set_index("term").loc["旅游"]
    rows = [
        f"县级,county level,{PLAN.document.unit_at(at).unit_id},{at},{at + 2},县级,pass1,x",
        f"旅游,tourism,{row.unit_id},{row.start},{row.end},{row.quote},pass1,x",
    ]

    def with_rows(text):
        head, *lines = text.splitlines()
        return "\n".join([head, *sorted(lines + rows, key=lambda line: line.split(",")[0]), ""])

    edit(curated / "term_stops.csv", with_rows)
    build.accept(data_copy)
    found = "\n".join(lq.check(data_copy))
    for said in (
        "scopes.csv:1:1: pre.s01 is not coded to its end",
        "measures.csv:1:1: pre.s01 is not coded to its end",
        "on which the passes agree",
        "'县级' first stands in a sentence by itself at no place",
        "'旅游' is both a term and a stop word",
    ):
        assert said in found, (said, found)


def test_a_file_of_the_wrong_form_is_reported(tmp_path):
    for name in ("datapackage.json", "curated/membership.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((PLAN.folder / name).read_bytes())
    path = tmp_path / "curated" / "membership.csv"
    data = path.read_bytes()
    for changed, expected in [
        (data.replace(b"\n", b"\r\n"), "found CRLF, expected LF"),
        (data.decode().encode("gbk", errors="replace"), "is not UTF-8"),
        (b"\xef\xbb\xbf" + data, r"found '\ufeffregion_id', expected the column"),
        (data.rstrip(b"\n"), "does not end in LF"),
        (data + b"x,y\n", "found 2 fields, expected"),
        (data + "ganminyue,e\u0301\n".encode(), "membership.csv:516:11: 'e' is not in Unicode"),
        (b"", "membership.csv:1:1: is empty, expected a line of column names"),
        (data + b"a" * 200_000 + b"\n", "membership.csv:516:1: "),
        (data.replace(b"\n", b"\r"), "membership.csv:1:"),
        (data + b'x,"y\rz\n', "is no row of a CSV"),
    ]:
        path.write_bytes(changed)
        problems = schema.read("membership", tmp_path).problems
        assert any(expected in str(each) for each in problems), expected


def test_line_ends_of_windows_are_told_once_a_file(data_copy):
    texts = [*data_copy.rglob("*.csv"), data_copy / "raw/plan.txt"]
    for path in texts:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    found = [each for each in lq.check(data_copy) if "CRLF" in each]
    assert len(found) == len({each.split(":")[0] for each in found})
    assert len(texts) - 1 <= len(found) <= len(texts), found  # raw_lines.csv is no table


def test_what_is_no_file_of_a_sensible_size_is_not_read(data_copy):
    def zeros(path):
        path.symlink_to("/dev/zero")

    def huge(path):
        path.touch()
        os.truncate(path, 65_000_000)

    for damages in (  # none of which keeps another one's file from being opened
        {"raw/plan.txt": os.mkfifo, "raw/SOURCES.toml": zeros},
        {"curated/membership.csv": huge, "curated/county_layer_join.csv": os.mkfifo,
         "built/reach.csv": zeros},
        {"built/raw_lines.csv": os.mkfifo, "built/counties.parquet": os.mkfifo},
        {"datapackage.json": zeros},
    ):  # fmt: skip
        before = {data_copy / name: (data_copy / name).read_bytes() for name in damages}
        for path, make in zip(before, damages.values(), strict=True):
            path.unlink()
            make(path)
        found = lq.check(data_copy)
        for name, make in damages.items():
            said = "has 65 MB, expected at most 64" if make is huge else "is no regular file"
            assert any(f"{name}:1:1: {said}" in each for each in found), (name, found)
        with suppress(lq.LaoquError):  # which waits for no pipe
            lq.load(data_copy).counties()
        for path, data in before.items():
            path.unlink()
            path.write_bytes(data)
    for lines in ("[120, 12400000000]", "[-1, 99999999]"):
        text = (PLAN.folder / "curated" / "layout.toml").read_text("utf-8")
        text = text.replace("[120, 124]", lines)
        (data_copy / "curated" / "layout.toml").write_text(text, "utf-8")
        assert any("but the file has 553 lines" in line for line in lq.check(data_copy))


def test_rules_that_a_broken_table_leaves_out_are_named_and_others_are_checked(data_copy):
    path = data_copy / "curated" / "membership.csv"
    data = path.read_bytes()
    edit(data_copy / "curated" / "mentions.csv", lambda text: text.replace("新泰市,,", "新泰县,,"))
    left_out = "membership.csv:1:1: has problems: until they are mended, rules that read it are not"
    for changed, said in (
        (data[:-1], ["membership.csv:515:1: the last line does not end in LF"]),
        (b"", ["membership.csv:1:1: found 0 rows, expected 514", "membership.csv:1:1: is empty"]),
    ):
        path.write_bytes(changed)
        problems = lq.check(data_copy)
        found = [line for line in problems if "membership.csv" in line]
        assert len(found) == len(said) + 1, found
        assert all(any(each in line for line in found) for each in [*said, left_out]), found
        assert any("is 新泰市" in line for line in problems)
        assert any("built:1:1: is not compared with what" in line for line in problems)


def test_numbers_that_are_none_are_refused():
    column = {"name": "lower", "type": "number", "constraints": {"required": True}}
    for number in ("nan", "inf", "9" * 5000, "４", "0x1", "1_0", ""):
        assert "expected a number" in schema._parse(column, number)[1]
        assert "expected a whole number" in schema._parse({**column, "type": "integer"}, number)[1]


def test_a_changed_or_missing_built_file_is_reported(data_copy):
    edit(data_copy / "built" / "units.csv", lambda text: text.replace("c01.h", "c01.x", 1))
    said = "units.csv:11:1: is not what `laoqu build` writes"
    assert any(said in line for line in lq.check(data_copy))
    both = [data_copy / "built" / name for name in ("gazetteer.csv", "counties.parquet")]
    for change in (lambda path, data: path.write_bytes(data[:-200] + data[-199:]),
                   lambda path, _: path.unlink()):  # fmt: skip
        for path in both:
            change(path, data := path.read_bytes())
        found = lq.check(data_copy)
        assert all(any(f"{path.name}:" in line for line in found) for path in both), found
    path.write_bytes(data[:1000])
    for using in (build.accept, lambda folder: lq.load(folder).counties()):
        with pytest.raises(lq.DataError, match=r"counties\.parquet:1:1: .*Parquet magic bytes"):
            using(data_copy)


def test_a_damaged_text_is_not_built_from_and_its_witness_still_says_where(data_copy):
    edit(data_copy / "raw" / "plan.txt", lambda text: text.replace("（四）", "X四）", 1))
    said = r"plan\.txt:100:1: found 'X四"
    for using in (build.write, build.accept):
        with pytest.raises(lq.DataError, match=said):
            using(data_copy)
    assert any(re.search(said, line) for line in lq.check(data_copy))


def test_a_damaged_declaration_or_folder_is_said_and_nothing_crashes(data_copy, tmp_path):
    for file, texts in {
        "datapackage.json": ("", "[]", "[" * 100_000, '{"resources": [{}]}', None),
        "curated/layout.toml": ("{", "[" * 100_000, "\x00", None),
        "raw/SOURCES.toml": ("", "{", "[" * 100_000, "x = 1", None),
    }.items():
        path = data_copy / file
        before = path.read_bytes()
        for text in texts:
            path.unlink() if text is None else path.write_text(text, "utf-8")
            assert any(path.name in line for line in lq.check(data_copy)), (file, text)
            with pytest.raises(lq.LaoquError):
                lq.load(data_copy).measures()
        path.write_bytes(before)
    path = data_copy / "datapackage.json"
    for old, new, said in (
        (
            r'"pattern": "X(10',
            '"pattern": "((((',
            "json:3900:1: table pmc_table, field sub_variable",
        ),
        ('"minimum": 1', '"minimum": "x"', "json:71:1: table regions, field order: minimum 'x'"),
    ):
        path.write_text((PLAN.folder / path.name).read_text("utf-8").replace(old, new, 1), "utf-8")
        assert any(said in line for line in lq.check(data_copy))
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
    for name in (name for name, each in DECLARED.items() if each.get("laoqu:evidence")):
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
    draw = random.Random(2021)
    for n in range(300):
        path = data_copy / draw.choice(CURATED)
        data = path.read_bytes()
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"))))
        row, column = draw.randrange(1, len(rows)), draw.randrange(len(rows[0]))
        before = rows[row][column]
        new = draw.choice([before + "x", before[:-1] or "0", "nan", "false", "１"])
        rows[row][column] = new if new != before else before + "y"
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
        found = build.unreviewed(data_copy) if n % 60 else lq.check(data_copy)
        assert any(path.name in str(problem) for problem in found), (path.name, row, column)
        path.write_bytes(data)
    assert build.unreviewed(data_copy) == []


def test_a_changed_declaration_a_bom_and_a_stray_file_are_noticed(data_copy):
    path = data_copy / "datapackage.json"
    text = path.read_text(encoding="utf-8")
    for damage in (
        lambda p: p["resources"].pop(3),
        lambda p: p["resources"][0]["schema"]["fields"][1].pop("constraints"),
        lambda p: p["resources"][1]["schema"].pop("foreignKeys"),
        lambda p: p["resources"][1].pop("hash"),
    ):
        changed = json.loads(text)
        damage(changed)
        path.write_text(json.dumps(changed, ensure_ascii=False, indent=1) + "\n", "utf-8")
        assert any("datapackage.json" in line for line in lq.check(data_copy))
    path.write_text(text, "utf-8")
    for name in (
        ".DS_Store",
        ".~lock.membership.csv#",
        "~$membership.xlsx",
    ):  # no fault of the data
        (data_copy / "curated" / name).touch()
    assert build.unreviewed(data_copy) == []
    for name in ("curated/more.csv", "built/other.csv", "curated/.hidden.csv"):
        (data_copy / name).write_text("a\n", encoding="utf-8")
    edit(data_copy / "curated" / "terms.csv", lambda text: "\ufeff" + text)
    found = "\n".join(lq.check(data_copy))
    assert "more.csv:1:1: is not declared" in found
    assert "other.csv:1:1: is not declared" in found
    assert ".hidden.csv:1:1: is not declared" in found
    assert "terms.csv:1:1: is not the file that was reviewed" in found
    # A table that cannot be read is one problem, not one of each row that names it.
    (data_copy / "curated" / "codebook.csv").unlink()
    of_others = [line for line in lq.check(data_copy) if "codebook.csv" not in line]
    assert len(of_others) == len(found.splitlines())


def test_loading_a_damaged_table_raises_with_every_place(data_copy):
    edit(data_copy / "curated" / "mentions.csv", lambda text: text.replace("m003,", "m002,"))
    with pytest.raises(lq.DataError, match=r"mentions.csv:4:1: duplicate id 'm002'"):
        lq.load(data_copy).mentions()
    edit(data_copy / "curated" / "scopes.csv", lambda text: text.replace(",universal,", ",all,"))
    assert len(lq.check(data_copy)) > 60
