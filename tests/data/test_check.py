"""The data are clean, and whatever happens to them is noticed, with file, line and column."""

import csv
import io
import json
import os
import random
import re
import shutil
from contextlib import closing, suppress

import pytest
from fixture import PLAN, refuses

import laoqu as lq
from laoqu import build, checks, paths, schema

DECLARED = schema.tables()
CURATED = [each["path"] for each in DECLARED.values() if each["path"].startswith("curated/")]


def test_data_is_clean_and_built_files_are_current():
    assert lq.check() == []
    assert build.problems() == []


#: Table or file: text «old→new» | what is said of it, ¶ for the end of a line. All of a list are
#: made in one copy of data/. Here of cells by themselves,
CELLS = """
membership: 371302,2021-«12-31→13-45» | 2021-13-45
membership: dabi«e→»shan,340422 | unknown code 'dabishan', not in regions; nearest: dabieshan
membership: dabieshan,«340722→340826», | duplicate id 'dabieshan, 340826', first seen in line
membership: dabieshan,«340827→34082», | found '34082', expected the form \\d{6}
membership: dabieshan,«341502→３４１５０２», | found '３４１５０２', expected the form \\d{6}
membership: «霍邱县→», | is empty, expected a value
exemplified: c01.s01,«562→»,584 | is empty
city_membership: ,湖南省«→ », | found white space around '湖南省 '
codebook: scope,«area→arena», | unknown code 'area'
scopes: ,«universal→univrsal»,printed |\
 unknown code 'univrsal', not in the codebook under scope; nearest: universal
scopes: ,«false→no»,false, | found 'no', expected true or false
scopes: c01.s02.k1,c01.s02,«→abc» | expected a whole number
treatment_dates: 2021-«08-27→02-30» | 2021-02-30
city_membership: 430800,2021-«12-31→02-30» | 2021-02-30
measures: 。,,b2.s02.«m1→m9», | unknown code 'b2.s02.m9'
measures: ,县域经济百强县,«top-100 county economies→», | short_en
monitor_rules: at_most,-15,«1→0»,3, | found '0', expected 1
monitor_rules: below,0,3,«→-»1, | found '-1', expected 1
pmc_grades: m9_share,9,«4.5→x»,可接受 | expected a number
pmc_grades: ruiz2011,10,«7→5», | duplicate id 'ruiz2011, 5.0'
curated/layout.toml: lines = [«159→160», 171] |\
 plan.txt:160:1: found '', but layout.toml says that a piece begins '巴马县、' here
raw/SOURCES.toml: characters = «7978→7979» | SOURCES.toml:17:17
terms: ¶中医院,«医疗卫生→中医药», | unknown code '中医药', not in terms
terms: ¶旅游,旅游,«industry→branch» | unknown value 'branch'
pmc_scores: X4.«1→9»,pass2, | unknown code 'X4.9', not in pmc_table
treatment_channels: «县域经济百强县→定点帮扶»,top-100 | '定点帮扶' is said in line 6, too
term_stops: «pass1→pass3»,policy verb | unknown value 'pass3'
built/gazetteer.csv: 西城区,county,市辖区,«110000→110009» | unknown code '110009', not in gazetteer
gazetteer_readings: 襄都区,«Xiangdu→Xiangdou» | code 'Xiangdou'
gazetteer_links: 1995,«320283→320299», | unknown code '320299'
"""
#: of heads of columns, and of quotations, which are only looked at where the text is whole
QUOTES = """
regions: region_id,«order→ordre», | regions.csv:1:11: found 'ordre', expected the column 'order'
mentions: m001,c02.s01,«860,864→861,865»,西部地区 |\
 mentions.csv:2:14: the text at 861–865 is '部地区、', expected '西部地区'
scopes: c01.s01.k1,c01.«s01→s02», | not within 'c01.s02'
pmc_evidence: X4.2,pass1,c14.s04,«6310→6311» | expected '新增
"""
#: of rows beside each other and the text
RULES = """
membership: «371302→371309»,2021-12-31,兰山区 | 371309 is not in the gazetteer
membership: 371311,2021-12-31,罗庄«区→县» | is 罗庄区 山东省 临沂市 county
membership: 371312,«2021→1979»-12-31 | 371312 was not in force on 1979-12-31
printed_counts: national_key_county,,«53→54» |\
 the mentions name 53 places for b1 national_key_county, the print 54
mentions: «m195,c11.s02,4934,4936,韶山,韶山市,,county,430382,2021-12-31,湖南省,湘潭市,,\
tourist_train,true,true,,pass1+pass2,the city 韶山市 (湘潭市): one end of the train route¶→» |\
 '韶山' at 4934–4936 in c11.s02
mentions: 新泰«市→县»,,county,370982 | is 新泰市
mentions: county,«429004,2021-12-31→,» | a county needs an adcode
mentions: «Ganzhou Comprehensive Bonded Zone→»,zone | a zone needs a name_en
mentions: ,恩施,恩施土家族苗族自治州,,prefecture,422800,2021-12-31,«湖北省→», |\
 its date and its province go
mentions: 黄冈,黄冈市,,«prefecture→county»,421100 |\
 421100 is 黄冈市 湖北省 黄冈市 prefecture in the gazetteer, here 黄冈市
mentions: 4723,沂蒙,沂蒙革命老区,,area,,,,,«yimeng→taihang» | '沂蒙' is no name of taihang (太行)
mentions: 4524,赣闽粤原中央苏区,«赣闽粤原中央苏→太行山»区, | '太行山区' is no name of ganminyue
mentions: ,«湘鄂渝黔→赣粤»交界县市, | '赣粤交界县市' is no name of xiangeyuqian
place_short_forms: 新左旗,150«726→825», | 150825 is 乌拉特后旗 in the gazetteer, here 新巴尔虎左旗
place_short_forms: 土左旗,«150121,土默特左→150825,乌拉特后»旗 |\
 150825 is 乌拉特后旗 in the gazetteer, here 乌拉特后旗, in short 土左旗
city_membership: 430800,2021-12-31,«张家界市,湖南→太原市,河北»省 |\
 430800 is 张家界市 湖南省 prefecture in the gazetteer
city_membership: 433100,«2021-12-31→2050-01-01» | 2050-01-01 is later than the end of 2021
treatment_dates: plan_reported,«2021→2999»-12-01 | 2999-12-01 has not come yet
corrections: 2784,恩施,«恩施土家族苗族自治州→瞎编», |\
 the naming there is 恩施土家族苗族自治州 422800, here 瞎编 422800
corrections: 3852,恩施,恩施土家族苗族自治州,«422800→370983» |\
 '370983' must be codes of the gazetteer
county_layer_join: 431121,«祁阳市→», | a code and its name go
gazetteer_holder_doubts: 130124,1986,«1992→1985» | the last year 1985 lies before the first, 1986
built/gazetteer_history.csv: ,«→某县»,,,,1981,created,232722 |\
 code, name, first and last year of the old form go together
regions: chuanshaan,«5→6», | `order` must count from 1
regions: ,«丽水市全域 9 个县和报道写明的 5 个县；未见另有总数→», | a note needs both languages
measures: 生培养，培育一批乡村卫生人才。,«可→瞎编»,,适当开展, | '瞎编' does not stand in the measure
measures: ,,c10.s04.m1,建设,,,4553,«4566→4567», |\
 measures.csv:139:65: the lead 4553–4567 does not go from a comma to a head
measures: 网。,鼓励,,合作共建,,,«→1»,, | measures.csv:108:61: the lead 1– does not go
measures: ,4061,«4072→4071», | the target 4061–4071 is no part
exemplified: instrument,«D4→S1»,R5 | the measure is coded D4 in instrument, its example S1
exemplified: ,«programme_named→错»,true | there is no variable '错'
adjudications: ,instrument_more,,S2,«→S8», |\
 the ruling for b3.s02.m2 says S8, , S2, the codes are , , S2
pmc_table: X1.1,«X1→X9», | X1.1 belongs to one main variable
monitor_rules: at_most,«10→101»,1,1 | a percentile lies between 0 and 100, found 101
monitor_rules: below,0,2,«1→3», | only a percentile_change is taken over more than one period
not_names: 资源,«9→8» | '资源' stands 9 times outside names
crosswalk_rz: «shifan_environment,S7,S¶→» | shifan_environment has no class for S7
regions: «Sichuan–Shaanxi→Yimeng» old revolutionary base area | is also a name of
regions: ,Hailufeng,«→左右江»,广东省,11, | '左右江' is also a name of zuoyoujiang
regions: ,Qiongya;«Hainan→原中央苏区»,海南省,«13→12», |\
 'Qiongya;原中央苏区' is also a name of ganminyue
regions: ,海南省,12,printed | the printed total of qiongya is 12, found 13 counties
regions: ,«http→ftp»://t.zlsgdqx.cn | 'ftp://t.zlsgdqx.cn/html/92a64899259.html' is no address
membership: ,«http→htp»:// | is no address: it begins with http
absences: ,«→(»安排资金| | '(安排资金|资金规模|总投资
codebook: ,«→*»税收|减税 | '*税收|减税|免税|退税|税率|关税' is no regular expression
pmc_scores: X7.5,pass1,0,0,«→[»税, | '[税' is no regular expression: unterminated character set
printed_figures: f1,«12→13», | the quotation does not have 13
terms: ¶中医院,«医疗卫生→县级医院», | is a concept and must be its own
term_synonyms: ¶老区,革命老«→地»区, | is neither a term nor a stop word
pmc_scores: X1.2,pass1,1,«1→0.7», | a grade is 0, 0.5 or 1
pmc_scores: X7.5,adjudicated,0,0,«税,2→,», | needs the strings searched
pmc_scores: «both stand in 综合保税区, the name of a zone→» | need a reason
pmc_scores: «X4.1,pass2,1,1,,,,¶→» | X4.1 is coded by adjudicated, pass1 alone
pmc_rulings: X9.4,0.5,1,«0.5→1», | for X9.4 says 1.0, 0.5, 1.0
pmc_grades: ruiz2011,10,«0→1», | ruiz2011 must have one m, begin at 0
"""
#: of rows that contradict another table or the text and no reader of the row by itself would doubt
CONTRADICTIONS = """
absences: |亿元|概算|预算,«2→3»,转移支付 | the text has 2 matches, the row says 3
absences: 资金支持|资金需求,«6→7», | the text has 6 matches, the row says 7
absences: ,«预算 2→预算 3» 次： | the text has 预算 2 times
absences: both in 综合保税区, the name of a zone (c«12→13».s02 | in Chinese has [2, "b4", "c12"]
absences: （12、«21→22»、264、92） | 22 is no number that the plan prints or that is counted
corrections: 合计只有 «20→19» 个 | 19 is no number that the plan prints or that is counted
corrections: inside clause «6→7»; the pieces | in Chinese has ["b1", "c06"], this one other
regions: 来源对其中 «57→56» 个 | 56 is neither a number of the source of the total
regions: 68 − «67→66» − 59 − 108, | the derived total of dabieshan is 62
membership: 涪城区,绵阳市,四川省,web_page,«medium→high» |\
 web_page bears no high confidence
county_layer_join: 431121,祁阳市,431181,«祁阳市→祁东县», | 431181 is not '祁东县' in the gazetteer
scopes: place,printed,false,,false,true,«92→93», | the sentence does not print 93
measures: ,全国县城建设示范地区,«national demonstration areas for county-seat building→县城», |\
 short_en is not in English
mentions: 沿河县,«沿河土家族自治→德江»县,,county,52062«7→6» | '沿河县' does not lead to 520626 德江
mentions: 吉安县,吉«安县→州区»,,county,«360821→360802» | '吉安县' does not lead to 360802 吉州
mentions: interprovincial_node,true,«true→false», | list_open is false: not so by the words behind
mentions: agro_park,true,«false→true», | list_open is true: not so by the words behind
scopes: place,printed,false,,false,«true→false», | list_open is true: not so by the words behind
treatment_channels: national_key_county,«county→city», |\
 national_key_county names no city as a recipient
treatment_channels: national_key_county,«true→false», |\
 complete is a channel for which places are named
treatment_channels: key_city,city,border_opening;«capital_docking;→» |\
 capital_docking names no city as a recipient, or is named
treatment_channels: paired_aid,city,«paired→designated»_aid, |\
 designated_aid names no city as a recipient
treatment_dates: plan_reported,«2021→2016»-12-01 |\
 neither SOURCES.toml nor the source of the row says 'reported 2016-12-01'
treatment_dates: opinion_public,2021-«02→01»-20 | says 'public 2021-01-20'
treatment_dates: key_list,«2021→2011»- | says 'list 2011-08-27'
raw/SOURCES.toml: pages = «13→12» | pages is '12', expected '13'
raw/SOURCES.toml: year = «2021→2020» | year is '2020', expected '2021'
raw/SOURCES.toml: issuer = "«国家发展改革委→财政部»" |\
 issuer is '财政部', expected 'words of the text'
city_membership: «taihang→qiongya»,140400 | provinces of qiongya are
membership: 500229,2021-12-31,城口县,,重庆市,«web_page→box1» |\
 the basis of 城口县 is box1, its source '川陕
membership: «plan_inferred,low→press,high» | is press, its source '专栏2
codings: adjudicated,b2.s01.m1,«D4→D1»,,T07,«,G3,3,→T07,G3,3,2», | D1 occurs nowhere by its row
codings: D1,,T07,T07, | T07 occurs nowhere by its row in the
codings: G3,3,2, | an inner strength belongs to an inner head
regions: Sichuan–Shaanxi,«Sichuan–Shaanxi→the Dabie Mountains»,, |\
 'the Dabie Mountains' is no part of 'Sichuan–Shaanxi'
regions: ,Hailufeng,«,广东省,11→福建,广东省,10», | '福建' is also a name of 福建省
regions: 广东省,10, | the lower_bound total of hailufeng is 10, found 11 counties
regions: 山东省,«18→28», | the printed total of yimeng is 28
regions: 河南省,«74→75», | the derived total of taihang is 75
codebook: 外包,«public purchase and outsourcing→tax relief» | 'tax relief' is also the label of E3
codebook: instrument,D1,«D→S», | 'S' is no parent of codes
codebook: role,paired_aid,«assistance→D» | 'D' is no parent of codes of role
printed_figures: «f4,264,县,p1.s02,373,390,264个为原国家扶贫开发工作重点县,\
former key poverty counties,原国家扶贫开发工作重点县数,fact¶→» | p1.s02 prints 3
printed_counts: «b1,national_key_county,重庆市,3,专栏1¶→» |\
 national_key_county of b1.s01 (城口县, 重庆市) has no row
measures: 等全国县城建设示范地区建设。,支持,,,,,,,,«10→9», |\
 9 objects: 10 of them are named as places
measures: ,支持,,加快,,,,,,«1→90», | 90 objects: 0
measures: ,b2.«s01→s02».m1,3, | b2.s02.m1 says the same under
treatment_channels: hitech_zone;«national_zone;→»transition_zone |\
 national_zone names no city as a recipient, or is named
membership: 510704,2021-12-31,游仙区,绵阳市,四川省,«web_page→press» | is 'press' here,
mentions: 赣州市,,«provincial_subcentre→specialty_base», |\
 stands between 赣州 and another specialty_base
corrections: ,in 吉安市 360800,«ganminyue→taihang» | no source puts in 吉安市 360800 into taihang
gazetteer_history_differences: 130103,桥东区,2014,,130102;130104,«second→ours» |\
 桥东区 (130103) became '130102;130104' in
gazetteer_links: 310102,南市区,2000,«310101→310104» |\
 南市区 (310102) became '310101' in gazetteer_holders, not '310104'
gazetteer_holder_doubts: 130123,1986,1992,«栾城→新»县,正定县 |\
 130123 was not 新县 in gazetteer_holders between 1986
gazetteer_readings: 商都县,«Shangdu→Zichang» | is 'Shangdu' in
gazetteer_differences: ,台湾省,china-division (npm) 2.5.0,,«keep value_a→leave out» |\
 710000 is 台湾省 in the gazetteer, which
county_layer_join: ,«split→recoded», | 香港特别行政区 are not recoded
references: 本实施方案,本方案,«self→parent» | '本实施方案' is no '本方案', or this no parent
crosswalk_rz: shifan_supply,D4,«S→E» | shifan_supply differs from the default in D4, here with E
codebook: c03.s03: 推进特色农产品产销对接 → «T04→T12» | 产销对接 → T12' is coded T12 in theme
codebook: ,«不得|严禁|禁止|不准|不允许|杜绝|限制|违规|必须→»¶ |\
 code 'red' of clarity is used by no row
built/gazetteer.csv: 110101,东城区,county,«市辖区,110000→县,310000» | 东城区 is no 县
built/county_areas.csv: 110101,«42→142».002, | 110101 has 142.002 km²
"""
#: of rows whose parts do not go together, or that want a reason, an example or a ruling
REASONS = """
scopes: ,2450,«2466→2465»,推动基本公共服务常住人口全覆盖«，→»,universal |\
 begins at 2466, expected 2465: no gap, no overlap
scopes: ¶b1.s0«3.k1→2.k9», | 'b1.s02.k9' does not begin with its unit 'b1.s03'
scopes: 将赣闽粤原中央苏区,area,«printed→», | a directive segment needs a basis
scopes: 基本公共服务。,universal,implied,true,«persons→», | a condition needs what it limits
scopes: 支持百色在沿边开发开放中加快发展，,place,printed,false,,false,false,,,«→*», |\
 class_areas belongs to classes (which need it)
scopes: 其他山区地区提供经验借鉴与实践示范。,place,printed,false,,false,«false→true», |\
 the segment has no list that ends in 等
membership: ¶«chuanshaan,500229,2021-12-31,城口县,,重庆市,web_page,medium,川陕革命老区概况 \
(四川文理学院),http://zxyjy.sasu.edu.cn/lqgk/lqgk.htm,以及重庆的城口县,¶→» |\
 box 1 prints 城口县 as lying in an area, membership has it in none
codebook: → false,年底|年前|年内|每年|月底|«季度→革命» | the text has 103 matches, the row says 0
absences: 没有金额,«预算 2: 中央预算内投资 in c14.s01 and c14.s02 names the line without a sum→» |\
 matches that do not count need a reason
codebook: 所在条的主题,«c15.s05: 进一步加大博士服务团、“西部之光”访问学者选派支持力度→», |\
 the code has neither an example nor the strings of its absence
codebook: c12.s04: 引导支持社会资本到老区投资«兴业→创业» → A11 |\
 投资创业 → A11' does not stand in the unit it names
codings: pass2,b2.s02.m2,E1,,«T07→T08» |\
 theme of b2.s02.m2 differs (T07, T07, T08) and has no ruling
pmc_scores: X1.2,pass2,1,«1→0.5», | X1.2 differs (1.0, 0.5, 1.0) and has no ruling
pmc_scores: X7.5,pass1,0,0,税,«2→», | the strings searched for need the number of their matches
"""


def test_each_rule_names_tables_and_columns_that_are():
    tables = schema.Tables(PLAN.folder, PLAN.document)
    with closing(checks._copy(tables)) as db:
        for rule in checks.KNOWN["rule"]:
            asked = list(checks._pairs(db, rule))
            named = {*rule["table"].split(), *rule["column"].split()}
            assert {name for pair in asked for name in pair} == named, rule


def edit(path, change) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8", newline="")


def damages(text):
    for line in text.strip().split("\n"):
        file, change, said = re.fullmatch(r"(.+?): (.+) \| (.+)", line).groups()
        file = file if "/" in file else f"curated/{file}.csv"
        versions = (re.sub("«(.*?)→(.*?)»", each, change) for each in (r"\1", r"\2"))
        yield file, *(each.replace("¶", "\n") for each in versions), said


@pytest.mark.parametrize("text", [CELLS, QUOTES, RULES, CONTRADICTIONS, REASONS], ids=range(5))
def test_bad_input_is_reported_with_file_line_and_column(data_copy, text):
    wanted = []
    for file, old, new, said in damages(text):
        assert old in (data_copy / file).read_text("utf-8"), f"{old!r} does not stand in {file}"
        edit(data_copy / file, lambda text, old=old, new=new: text.replace(old, new, 1))
        wanted.append(said)
    found = lq.check(data_copy)
    assert [said for said in wanted if not any(said in line for line in found)] == [], found
    assert all(line.split(": ")[0].rsplit(":", 2)[1].isdigit() for line in found)


def test_what_names_a_rule_names_one_of_the_rules(data_copy):
    docs = data_copy.parent / "docs"
    docs.mkdir()
    shutil.copy(paths.data().parent / "docs" / "coding_rules.md", docs)
    assert lq.check(data_copy) == []
    edit(
        data_copy / "curated" / "exemplified.csv",
        lambda text: re.sub(r",R5\b", ",R99", text, count=1),
    )
    assert any("there is no rule 'R99' in docs/coding_rules.md" in s for s in lq.check(data_copy))


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
        "赈济模式,relief,c03.s01,1113,1117,赈济模式,pass1,x",
    ]

    def with_rows(text):
        head, *lines = text.splitlines()
        return "\n".join([head, *sorted(lines + rows, key=lambda line: line.split(",")[0]), ""])

    edit(curated / "term_stops.csv", with_rows)
    edit(
        curated / "term_synonyms.csv",
        lambda text: text.replace(
            "电网,农村电网,b3.s04,4248,4250", "电网,农村电网,b3.s04,4220,4222"
        ),
    )
    build.accept(data_copy)
    found = "\n".join(lq.check(data_copy))
    for said in (
        "scopes.csv:1:1: pre.s01 is not coded to its end",
        "measures.csv:1:1: pre.s01 is not coded to its end",
        "on which the passes agree",
        "'县级' first stands in a sentence by itself at no place",
        "'旅游' is both a term and a stop word",
        "'赈济模式' is itself a term or a stop word",
        "'电网' first stands in a sentence by itself at 4248, not 4220",
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
        refuses(lq.DataError, r"counties\.parquet:1:1: .*Parquet magic bytes", using, data_copy)


def test_a_damaged_text_is_not_built_from_and_its_witness_still_says_where(data_copy):
    edit(data_copy / "raw" / "plan.txt", lambda text: text.replace("（四）", "X四）", 1))
    said = r"plan\.txt:100:1: found 'X四"
    for using in (build.write, build.accept):
        refuses(lq.DataError, said, using, data_copy)
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
            refuses(lq.LaoquError, path.name, lambda: lq.load(data_copy).measures())
        path.write_bytes(before)
    path = data_copy / "datapackage.json"
    for old, new, said in (
        ('"X(10', '"((((', "json:3907:1: table pmc_table, field sub_variable"),
        ('"minimum": 1', '"minimum": "x"', "json:71:1: table regions, field order: minimum 'x'"),
    ):
        path.write_text((PLAN.folder / path.name).read_text("utf-8").replace(old, new, 1), "utf-8")
        assert any(said in line for line in lq.check(data_copy))
    for folder in (tmp_path / "nowhere", tmp_path):
        assert lq.check(folder)
        refuses(lq.LaoquError, "SOURCES.toml:1:1: cannot be read", lq.load, folder)


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
    for name in (".DS_Store", ".~lock.membership.csv#", "~$membership.xlsx"):
        (data_copy / "curated" / name).touch()  # no fault of the data
    assert build.unreviewed(data_copy) == []
    stray = ("curated/more.csv", "built/other.csv", "curated/.hidden.csv")
    for name in stray:
        (data_copy / name).write_text("a\n", encoding="utf-8")
    edit(data_copy / "curated" / "terms.csv", lambda text: "\ufeff" + text)
    found = "\n".join(lq.check(data_copy))
    assert all(f"{name}:1:1: is not declared" in found for name in stray)
    assert "terms.csv:1:1: is not the file that was reviewed" in found
    # A table that cannot be read is one problem, not one of each row that names it.
    (data_copy / "curated" / "codebook.csv").unlink()
    of_others = [line for line in lq.check(data_copy) if "codebook.csv" not in line]
    assert len(of_others) == len(found.splitlines())


def test_loading_a_damaged_table_raises_with_every_place(data_copy):
    edit(data_copy / "curated" / "mentions.csv", lambda text: text.replace("m003,", "m002,"))
    refuses(lq.DataError, r"mentions.csv:4:1: duplicate id 'm002'", lq.load(data_copy).mentions)
    edit(data_copy / "curated" / "scopes.csv", lambda text: text.replace(",universal,", ",all,"))
    assert len(lq.check(data_copy)) > 60
