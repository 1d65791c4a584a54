"""A second document: invented texts of four layouts, known answers, hostile input, parallels."""

import io
import re
import textwrap
import time
import tomllib
import zipfile

import docx
import pytest
from fixture import refuses
from hypothesis import given, settings
from hypothesis import strategies as st

import laoqu as lq
from laoqu import document, namings, numerals, paths
from laoqu.spelling import simplified

PROVINCE = """某省人民政府文件
某政发〔2022〕7号

江西省支持老区
振兴实施方案

各市、县（区）人民政府，省政府各部门：
　　为推动老区高质量发展，制定本方案。
一、总体要求
　　到2025年，粮食面积稳定在５万亩以上，覆盖率达到65.5%，年均提高1—1.5个百分点。
二、重点任务
（一）发展特色产业
　　支持赣州市章贡区、吉安县等建设三十个产业园，投资不低于1,200亿元。
1.茶叶产业。支持婺源县发展茶叶。
2.脐橙产业。支持信丰、安远、寻乌发展脐橙，面积三万亩，形成示范县。
（二）完善设施。改造公路二百公里，与福建长汀合作。鼓楼区、西湖区带头。
专栏1 重点工程
高速公路。建设3条高速公路。
三、保障措施
(一)加强领导。各地要落实三个责任!
某省人民政府办公厅
２０２２年３月１日
"""
STATUTE = """某省老区振兴促进条例
（2021年9月29日通过）
目录
第一章 总则
第二章 产业
第一章 总则
第一条 为了促进老区发展，制定本条例。
第二条 本条例所称老区，是指：
（一）沂水县、沂南县；
（二）其他县。
第二章 产业
第一节 农业
第三条 县级以上人民政府应当支持环县发展。
第二节 工业
第四条 省人民政府应当安排资金１０００万元。
"""
OUTLINE = """某市规划纲要
第一章 发展环境
“十三五”时期，年均增长百分之八点五。
第一节 主要成就
增长7％左右.形势复杂.
第二节 面临形势
第十四个五年规划任务重
第二章 主要目标
第一节 指导思想
坚持统筹。
第二节 主要指标
到二〇三五年达到约10万人。
"""
#: A text layer: lines are broken at 26 characters, page marks and a box stand in mid-sentence.
LAYER = """某县行动方案

一、大力发展特色农业，加快建设现代化产业体系，全力推动
老区振兴

（一）发展茶叶产业。支持本县各乡镇扩大茶园面积，改造低

— 1 —

产茶园，建设茶叶加工园区，培育茶叶龙头企业，推动茶旅融

专栏 1 茶叶工程

建设茶叶交易市场。

合发展，打造区域公用品牌，带动茶农增收，完善利益联结机

制，推动茶叶产业高质量发展，形成全产业链发展的良好格局。

（二）保障要素。落实用地保障，加大财政支持，建立健全各项

工作机制，确保各项任务落到实处，取得实实在在的成效，不
断开创新局面。
"""
TEXTS = {"province": PROVINCE, "statute": STATUTE, "outline": OUTLINE, "layer": LAYER}
READ = {name: lq.read(text) for name, text in TEXTS.items()}


def test_traditional_characters_are_read_and_stay_as_printed():
    traditional = (
        "某方案\n第一章 任務\n第一條 支持甘肅環縣、鎮原縣、陝西乾縣等建設3個產業園，面積2萬畝。\n"
        "專欄1 產業工程\n建設茶葉市場。\n第二條 加強領導。"
    )
    one, two = lq.read(traditional), lq.read(simplified(traditional, set("乾")))
    assert one.mentions()["printed"].tolist() == ["甘肅", "環縣", "鎮原縣", "陝西", "乾縣"]
    for name in ("mentions", "figures"):
        table, expected = (
            getattr(text, name)().drop(columns=["printed", "before", "after"], errors="ignore")
            for text in (one, two)
        )
        assert table.equals(expected)
    assert (one.boxes["b1"].title, list(one.passages)) == ("產業工程", list(two.passages))
    assert one.cite(one.mentions())["quote"].tolist() == one.mentions()["printed"].tolist()
    assert one.canonical != two.canonical and one.simple == two.simple
    assert lq.compare(one, two)["similarity"].max() == 1


#: Ids of the units and names of the passages, by text.
LAYOUTS = {
    "province": (
        "title.l01 title.n01 title pre.a01 pre.s01 p1.h p1.s01 p2.h c01.h c01.s01 c01.t01 c01.s02 "
        "c01.t02 c01.s03 c02.h c02.s01 c02.s02 b1.h b1.t01 b1.s01 p3.h c03.h c03.s01 c03.l01 "
        "c03.d01",
        "第一部分 第二部分 第二部分（一） 第二部分（二） 专栏1 第三部分 第三部分（一）",
    ),
    "statute": (
        "title title.d01 pre.l01 pre.l02 pre.l03 p1.h c01.s01 c02.s01 p2.h p3.h c03.s01 p4.h "
        "c04.s01",
        "第一章 第一条 第二条 第二章 第一节 第三条 第二节 第四条",
    ),
    "outline": (
        "title p1.h p1.s01 c01.h c01.s01 c01.s02 c02.h c02.l01 p2.h c03.h c03.s01 c04.h c04.s01",
        "第一章 第一章第一节 第一章第二节 第二章 第二章第一节 第二章第二节",
    ),
}


def test_layouts_are_read_into_units_and_passages():
    for name, (ids, names) in LAYOUTS.items():
        text = READ[name]
        assert [unit.unit_id for unit in text.units] == ids.split()
        assert [passage.name for passage in text.passages.values()] == names.split()
        assert not text.problems


def test_titles_and_headings_are_known():
    assert READ["province"].title == "江西省支持老区振兴实施方案"
    assert READ["province"].clauses["c01"].title == "发展特色产业"
    assert READ["statute"].unit("c02.s01").text.endswith("（二）其他县。")
    assert [READ[name].year for name in TEXTS] == [2022, 2021, None, None]
    for printed in ("二O二三年三月一日", "二○二三年三月一日", "2O23年3月1日", "某政发〔2O23〕3号"):
        assert lq.read(f"某方案\n一、任务\n支持环县。\n{printed}").year == 2023
    dated = {
        "河北省老区发展规划（2011—2015年）": 2011, "河北省老区“十二五”发展规划": 2011,
        "河北省老区十三五规划": 2016, "某方案\n（冀政发〔2010〕5号 2010年5月1日印发）": 2010,
        "某方案\n2010/05/01": 2010, "某方案\n发布日期：2010-05-01": 2010, "某方案": None,
        "二〇一〇年工作要点": 2010, "某省到2035年远景目标纲要": None,
    }  # fmt: skip
    words = "\n一、任务\n按照国发〔2012〕21号文件，到2015年支持桥东区建设3个产业园。\n"
    assert {head: lq.read(head + words).year for head in dated} == dated
    # In a text without a year a name is that of all who ever bore it.
    for head, year in dated.items():
        found = lq.read(head + words).mentions().set_index("printed").loc["桥东区"]
        assert (found["status"], found["adcode"]) == ("ambiguous", "")
        held = [
            place for place in ("石家庄", "邢台", "张家口") if place in str(found["candidates"])
        ]
        assert held == ["石家庄", "邢台", "张家口"][year == 2016 :], head
    later = lq.read("河北省方案\n2021年5月1日" + words).mentions().set_index("printed")
    assert later["adcode"]["桥东区"] == "130702"
    assert "3 parts, 3 clauses, 1 boxes, 9 sentences" in repr(READ["province"])
    assert "第二部分（一） 发展特色产业</" in READ["province"]._repr_html_()


def test_a_box_in_mid_sentence_is_said_and_a_layout_settles_it():
    assert "box 1 stands in mid-sentence" in str(READ["layer"].problems[0])
    assert READ["layer"].problems[0].line == 12
    whole = lq.read(LAYER, layout={"piece": [{"box": 1, "lines": [12, 14]}]})
    assert not whole.problems
    assert "推动茶旅融合发展" in whole.clauses["c01"].text
    assert whole.parts["p1"].title.endswith("全力推动老区振兴")
    assert "改造低产茶园" in whole.canonical


def test_places_are_named_ambiguous_or_doubtful_and_never_guessed():
    found = READ["province"].mentions().set_index("printed")
    named = found.query("status == 'named'")["adcode"].to_dict()
    assert named == {
        "江西省": "360000", "赣州市": "360700", "章贡区": "360702", "吉安县": "360821",
        "婺源县": "361130", "信丰": "360722", "安远": "360726", "寻乌": "360734",
        "福建": "350000", "长汀": "350821", "西湖区": "360103",
    }  # fmt: skip
    assert set(found.index[found["list_open"]]) == {"章贡区", "吉安县"}
    assert found.loc["鼓楼区", "status"] == "ambiguous"
    assert len(found.loc["鼓楼区", "candidates"]) == 4
    assert "示范县" not in found.index
    single = lq.read("某方案\n一、任务\n推广三明医改经验，延长产业链，加强合作。").mentions()
    assert single[["printed", "status", "adcode"]].to_numpy().tolist() == [
        ["三明", "doubtful", ""], ["延长", "doubtful", ""]
    ]  # fmt: skip
    inferred = lq.read("某方案\n一、任务\n支持海南琼海市和吉林通化。").mentions()
    assert inferred["adcode"].tolist() == ["460000", "469002", "", ""]


def test_the_plan_read_as_a_second_document_gives_the_same_text_and_no_wrong_code(plan):
    layout = tomllib.loads((paths.data() / document.LAYOUT).read_text("utf-8"))["plan"]
    text, ours = lq.read(paths.data() / "raw" / "plan.txt", layout), plan.document
    for part in ("units", "clauses", "boxes", "parts"):
        assert getattr(text, part) == getattr(ours, part)
    curated = plan.table("mentions").query("level != 'zone'")  # a zone has the code of its city
    known = {(row.start, row.end): row.adcode for row in curated.itertuples()}
    named = text.mentions().query("status == 'named' and level != 'area'")
    ours = {(row.start, row.end): row.adcode for row in named.itertuples()}
    assert {ours[span] for span in ours if ours[span] != known.get(span, ours[span])} == set()
    assert len(ours.keys() & known.keys()) == 169  # of 181; the others are listed, without a code
    assert text.figures()["number"].tolist() == plan.table("printed_figures")["number"].tolist()


def test_printed_figures_have_number_and_unit():
    for name, figures in {
        "province": "2025年 5万亩 65.5% 1个百分点 1.5个百分点 30个 1200亿元 3万亩 200公里 3条 "
                    "2022年 3月 1日",
        "outline": "8.5% 7% 2035年 10万人", "statute": "2021年 9月 29日 1000万元",
    }.items():  # fmt: skip
        found = READ[name].figures()
        assert [f"{row.number:g}{row.unit}" for row in found.itertuples()] == figures.split()


def test_counties_lie_in_a_known_area_or_it_is_unknown():
    found = READ["province"].areas()
    assert found.query("name == '赣州市'")["region_id"].tolist() == ["ganminyue", "xiangganbian"]
    assert found.query("name == '章贡区'")["region_id"].tolist() == ["ganminyue"]
    assert found.query("not known")["name"].tolist() == ["婺源县", "西湖区"]


def test_figures_and_places_stand_where_they_say_and_rows_of_another_text_are_not_cited(plan):
    for text in READ.values():
        for table in (text.mentions(), text.figures()):
            for row in table.itertuples():
                assert text.canonical[row.start : row.end] == row.printed
            assert text.cite(table)["quote"].tolist() == table["printed"].tolist()
    cited = READ["statute"].cite("c03.s01")["citation"][0]
    assert cited.endswith("支持环县发展。”（第三条，字符 101–121）")  # no page: the text has none
    text = READ["province"]
    assert len(text.cite(text.find("茶叶"))) == 2
    for cite, rows in ((plan.cite, text.mentions()), (text.cite, plan.find("老区"))):
        refuses(lq.LaoquError, r"is '.*', but '.*' stands at .*: cite rows of", cite, rows)


def test_a_text_that_is_cut_by_its_number_of_characters_is_joined():
    words = (
        "到2025年覆盖率达到65.5%，年均增长1.25个百分点，完成投资1200亿元，带动就业15000人，新增耕地20000亩，"
        "建设公路2500公里、桥梁120座，培育企业1500家，其中2023年300家、2024年400家。"
    )
    text = f"某方案\n一、任务\n（一）发展。\n{words}\n（二）保障。\n{words}"
    whole = lq.read(text).figures()["number"].tolist()
    assert len(whole) == 26
    for width in (21, 25, 30):
        lines = (textwrap.fill(each, width) for each in text.split("\n"))
        assert lq.read("\n".join(lines)).figures()["number"].tolist() == whole


def test_parallels_share_terms_and_places_and_say_how_alike_they_are(plan):
    pairs = lq.compare(plan, READ["province"])
    assert pairs.equals(lq.compare(plan, READ["province"]))
    row = pairs.query("clause_id == 'c09' and other_id == 'c01'").iloc[0]
    assert (row["terms"], row["places"]) == (("茶叶",), ("赣州市 360700",))
    assert (row["sentences"], row["other_sentences"]) == (6, 3)
    assert pairs["similarity"].between(0, 1).all()
    same = lq.compare(plan, plan).query("clause_id == other_id")
    assert (same["similarity"] == 1).all()
    assert set(plan.clauses) <= set(same["clause_id"])
    text = "某方案\n一、任务\n（一）发展。支持环县。\n"
    one, two = lq.read(text), lq.read(f"{text}（二）其他。")
    for other in (one, two):
        assert lq.compare(one, other)["similarity"].tolist() == [1]
    refuses(lq.LaoquError, "expected a plan", lq.compare, plan, "text")


def test_the_terms_of_a_comparison_are_those_of_the_plan_given(plan, monkeypatch):
    few = plan.table("terms").query("term != '茶叶'")
    table = plan.table
    monkeypatch.setattr(plan, "table", lambda name: few if name == "terms" else table(name))
    pairs = lq.compare(plan, READ["province"])
    row = pairs.query("clause_id == 'c09' and other_id == 'c01'").iloc[0]
    assert row["terms"] == ()


def word(text: str) -> bytes:
    made, out = docx.Document(), io.BytesIO()
    for line in text.split("\n"):
        made.add_paragraph(line)
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "make",
    [lambda text: text.encode("gb18030"), lambda text: text.encode("utf-8-sig"),
     lambda text: text.encode("utf-16"), lambda text: text.replace("\n", "\r\n").encode(), word],
    ids=["gbk", "bom", "utf-16", "crlf", "docx"],
)  # fmt: skip
def test_any_encoding_gives_the_same_units(tmp_path, make):
    path = tmp_path / f"方案.{'docx' if make is word else 'txt'}"
    for name, text in TEXTS.items():
        path.write_bytes(make(text))
        read = lq.read(path)
        assert [unit.text for unit in read.units] == [unit.text for unit in READ[name].units]
    assert lq.read(str(path)).canonical == read.canonical


def test_a_page_in_gbk_is_read_as_gbk(tmp_path):
    for path in (tmp_path / "方案.html", tmp_path / "方案.txt"):
        path.write_bytes("<html><p>1. 支持甘肃环县。</p>".encode("gbk"))
        assert lq.read(path).canonical == "1.支持甘肃环县。"


def test_hostile_texts_and_files_are_refused_in_time_and_by_name(tmp_path):
    path, page, missing = tmp_path / "plan.txt", tmp_path / "plan.docx", []
    long = tmp_path / ("d" * 90)
    long.mkdir()
    texts = {
        "": "is empty", b"": "expected the text", None: "expected the text",
        "没有这个文件.xlsx": "there is no such file", "没有标题。": "no line begins",
        "一、任\ud800务": "text:1:4: U\\+D800", "方案\n一、\x00": "text:2:3: U\\+0000",
        "乱" * 500_001: "is this one plan", "噪\n声。" * 100_000: "no line begins",
        tmp_path: "is a folder", "/dev/null": "is no file", str(long): "is a folder",
        tmp_path / "plans.txt": r"no such file; nearest: plan\.",
    }  # fmt: skip
    files = {
        b"MIME-Version: 1.0": "is a web archive",
        b"%PDF-1.7": "is a PDF", b"{\\rtf1\\ansicpg936 \\'bb}": "is RTF",
        b"\xd0\xcf\x11\xe0": "old Word",
        b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"): "has a password",
        b"<!DOCTYPE html><p>": "is empty", b"\xff" * 99: "neither UTF-8 nor GBK",
        bytes(range(256)) * 9: "neither|no character", b"\x00" * 99: "no character",
        b" " * 20_000_001: "expected at most 20",
    }  # fmt: skip

    def refused(text, said):
        began = time.perf_counter()
        try:
            lq.read(text)
            found = "nothing"
        except lq.LaoquError as error:
            found = str(error)
        if not re.search(said, found) or time.perf_counter() - began > 10:
            missing.append((str(text)[:20], said, found[:99]))

    for data, said in files.items():
        path.write_bytes(data)
        page.write_bytes(b"PK\x03\x04" + data[:99])
        refused(path, f"plan.txt:1:1: .*(?:{said})")
        refused(page, r"plan\.docx:1:1: .*(?:is broken or no .docx file)")
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}>{'<w:p/>' * 1_100_000}")
    refused(page, "plan.docx:1:1: has 1,100,001 marks of paragraphs, .* expected at most 1,000,000")
    path.with_suffix(".html").write_text("<p>" * 1_100_000, encoding="utf-8")
    refused(path.with_suffix(".html"), "has 1,100,000 marks")
    for name, said in (("表.xlsx", "is a workbook: lq.panel"), ("表.ods", "is a workbook"),
                       ("表.xls", "is a workbook"), ("表.txt", "is an archive")):  # fmt: skip
        tmp_path.joinpath(name).write_bytes(page.read_bytes())
        refused(tmp_path / name, said)
    for text, said in texts.items():
        refused(text, said)
    assert missing == []


#: Runs of a few characters, which no expression may read anew from each of them.
RUNS = [
    "1,", "1-", "1 ", "三、", "1①", "（", "。", "”", "—", " ", "\n", "环县、", "环县（", "朝阳\t",
    "\n1.", "\n1.5", "\n1.5\n2.5",
    "\n一、\n", "第 ",
]  # fmt: skip


def test_a_long_run_of_anything_is_read_in_time():
    slow = []
    for run in RUNS:
        text = f"某方案\n一、任务\n面积1{run * (50_000 // len(run))}中\n完。"
        began = time.process_time()
        lq.read(text).mentions()
        if (took := time.process_time() - began) > 6:
            slow.append((run, took))
    assert slow == []


def line(words: str) -> lq.concordance.Text:
    return lq.read(f"某省方案\n一、目标。\n{words}\n")


#: Figures by what is printed: number and unit, `nan` where there is no certain number.
FIGURES = """
万分之5: 5‱|3/4以上: nan|500元/亩: 500元/亩
一万二千三百亩: 12300亩|三万五千亩: 35000亩|一亿两千万元: 120000000元|一千零五十万: 1050万
十二万三千四百五十六人: 123456人|九十年代: 90年代|5亿3千万元: 530000000元|2万5千亩: 25000亩
1，234万元: nan万元|1 234万元: nan万元|数十个: nan个|人数十万人: 10万人|十几个: nan个
两三百个: nan个|三万五亩: nan亩|1万2个: nan个|百亿元: nan亿元|十余万亩: 10万亩|5万多亩: 5万亩
2,000.50元: 2000.5元|二十至三十个: 20个 30个|下降-5%: -5%|5%-10%: 5% 10%|利润-3亿元: nan亿元
负百分之三: -3%|-3个: 3个|三点五亿元: 3.5亿元|一万亿元: 1万亿元|千分之三: 3‰|三亿三千万: 330000000
道路\t12\t34万元: 12 34万元|十万大山: |千家万户: |万一: |十四五: |二十大: |第十二个五年: |三个方面:
0,512万元: nan万元|００,512元: nan元|8193,00万元: nan万元|5,3%: nan%|12①亿元: nan亿元|10²个: nan个
10₂个: nan个|1½亩: nan亩|一①亿元: nan亿元|5个①: 5个|3万②亩: nan万亩|2021,2022年: 2021 2022年
1,200,12,3亩: nan亩|1,1,1,1,亩: nan
5—6万亩: 5万亩 6万亩|1.5至2万人: 1.5万人 2万人|5-6亩: 5亩 6亩|5～6万: 5万 6万|3到5个: 3个 5个
5万—6万亩: 5万亩 6万亩|8000万－1亿元: 8000万元 1亿元|8000—1万亩: 8000亩 1万亩|6—5万亩: nan亩 5万亩
2021—2025年: 2021年 2025年|三至五万亩: 3万亩 5万亩|三千至五千亩: 3000亩 5000亩|5亩—6万亩: 5亩 6万亩
-5—-3%: -5% -3%|5万—6万: 5万 6万|第3—5条: |第三条至第五条: |第3至5页: |5000—1亿元: nan元 1亿元
百分之五至百分之十: 5% 10%|5-6: 5 6|5—6①万亩: nan亩 nan万亩|十—二十万亩: 10万亩 20万亩
10㎡: 10m²|100km²: 100km²|5万m2: 5万m²|3㎢: 3km²|2㏊: 2ha|7m³①: 7m³|100①km²: nankm²|3-5kg: 3kg 5kg
20MW: 20MW|5万kW·h: 5万kW·h|三万kWh: 3万kWh|6t: 6t|5G网络: |3km/h: 3km/h|10²m²: nanm²
30*个: 30个|12*万亩: 12万亩|3万※亩: 3万亩|30ˣ个: nan个|30*、5*3: 30 5 3|5%—10: 5% 10%
5%至-5%: 5% -5%|5亿元—10: 5亿元 10亿元|5万元—8000: 5万元 nan万元|5%—10岁: 5% 10岁
5%—3: 5% 3|3个—5个: 3个 5个|300W: 300W|100kWp: 100kWp|10V: 10V|5L: 5L|50g: 50g|2.5g: 2.5g
5`000元: nan元|1⁄2以上: nan|3㎡5个: 3m² 5个|3℃、5个: 3°C 5个|3‐5个: 3个 5个|3│5│2: 3 5 2
统一2025年: nan年|2021一2025年: nan年|三万5: nan|82万零57: nan|三.5亿元: nan亿元
2 0个: nan个|2 0 2 5年: nan年|2\u00a00个: nan个|2\u20090个: nan个|20 30个: 20 30个
1\t234个: 1 234个|.5亿元: nan亿元|投入.5亿元: nan亿元|较快.2025年: 2025年|投入5.亿元: nan亿元
5·5万元: nan万元|5点5万元: nan万元|10^8元: nan元|1.5×10^8元: nan元|1.5e8元: nan元
1.2.3亿元: nan亿元|12,34,567元: nan元|5'000元: nan元|12,3456元: nan元|2021-03-05: nan|5±0.3%: nan%
9·11: nan|三万5千亩: nan千亩|5亿三千万元: nan元|9999999999999999个: nan个|-5℃: -5°C|零下5度: -5度
三十万千瓦: 30万千瓦|五千千瓦: 5000千瓦|十千米: 10千米|3—5千瓦: 3千瓦 5千瓦|三千升级:
投资5个亿: 5亿|投资五个亿: 5亿|5个多亿元: 5亿元|3个亿以上: 3亿
10个亿元企业: 10个|十个亿吨级港口: 10个
小学6年级学生100人: 6年级 100人|1至9年级: 1年级 9年级|六年级:
30日龄: 30日龄|3月龄: 3月龄|20个万亩基地: 20个
负二点五个百分点: -2.5个百分点|负二十六元: nan元|正负5%: 5%|负债三十亿元: 30亿元|担负十二项: 12项
-3至5度: -3度 5度|零下5至10度: -5度 nan度|零下5至零下10度: -5度 -10度|负3%: -3%|负3亿元: nan亿元
比例-5。: nan|百分之十五至二十: 15% 20%|百分之5至10的: 5% 10%|百分之五到一线: 5%
2021—25年: 2021年 nan年|三、四万亩: nan万亩|约三、四十个: nan个|三四万亩: nan万亩
三万、四万亩: 3万 4万亩|壹佰万元: 100万元|伍佰万元: 500万元|叁拾伍万元: 35万元|大陆万人:
三分之二: nan|3分之二: nan|三分之2: nan|三成: 3成|三成五: nan成|三成立: |一成不变: |翻一番: 1番
翻了两番: 2番|另一番: |百分之百: 100%|100w: nanw|100w人: nanw|到2¶025年: nan年|35¶0万人: nan万人
5,¶200元: nan元|二十¶五万亩: nan万亩|30¶2.任务: 30|3\t5¶2\t6: 3 5 2 6|2025年。¶3个: 2025年 3个
20mL: 20mL|5g网络: |5W法: |30W元: nanW|10gB: nan|8GB: 8GB|100Mbps: 100Mbps|3PL企业: nan
30千克: 30千克|3—5千克: 3千克 5千克|30亿日元: 30亿日元|1日元旦: 1日|120人/平方公里: 120人/平方公里
2元/亩·年: 2元/亩·年|3元/ABC: nan元
9：30至17：30: nan nan|按1：2、10：40：50: nan|1∶10000图: nan|表1：2021年: 1 2021年
110千伏: 110千伏|010-68501234: nan nan|电话（0791）88888888: nan nan|2021年03月: 2021年 3月
00后: nan|3亿美元: 3亿美元
财农[2021]19号、国办函（2020）8号: |执行GB/T 1234—2015、V2.0: |床位数6.5张: 6.5张|数100家: nan家
3年半: nan年|2吨半: nan吨|1个半。: nan个|3成5: nan成|1米8: nan米|2米5的路: nan米|三吨五: nan吨
3年5个月: 3年 5个月|3个4A级景区: 3个|100㎞²: 100km²|100km^2: 100km²|5kg^2: nankg
二○二五年: 2025年|二O二○年: 2020年|2O25年: 2025年|50兆瓦: 50兆瓦
20平方千米: 20平方千米|2000斤: 2000斤|10万羽: 10万羽|3个\t5: 3个 5
廿五亩、卅五万元: nan亩 nan万元|新增廿三个县: nan个|3、4万亩: nan万亩|2、3倍: nan倍|约15、6个: nan个
5、6十个: nan个|6十个: nan个|2个、3个: 2个 3个|第3、4条: |新增十五、六个: nan个|二、三产业:
十一·五规划: |投资一．五万元: nan万元|一·五万元: nan万元|一・五万元: nan万元|一点５万: nan万
投资3．五万元: nan元|参仟元: 3000元|弍万元: 2万元|投资陆万元: nan万元
叁万零伍元: 30005元|十二万亿三千亿元: 1.23e+13元|一点千三十万元: nan万元
贰拾伍万陆仟元: 256000元|零点五个百分点: 0.5个百分点|百分之零点五: 0.5%
30来万元: nan万元|面积30来公里: nan公里|3或5万元: 3万元 5万元|第3或5条:
2025年或2024年: 2025年 2024年
100几十个: nan个|一百几十个: nan个|长3..5公里: nan公里|½以上: nan
2021-07: nan|2021-12起: nan|08年: nan年
中央1号文件、12号令:|￥30万: 30万元
￥3-5万: 3万元 5万元|$30: 30美元|US$3亿: 3亿美元|￥30万元: 30万元
3—5岁: 3岁 5岁|90分: 90分|9时30分: 9时 30分|30μg/m3: 30μg/m³|1亿袋: 1亿袋|1：5万: nan|20位: 20位
3千余万元: 3千万元|3千来万元: nan万元|5亿几千万元: nan万元|100多来个: nan个
3万或者5万元: 3万元 5万元|7x24小时: nan小时|5包装: 5|30分贝: 30|2.0版、工业4.0、3.0时代:
7×24小时: nan小时|2×500吨: nan吨|十分重要: |2025期间: 2025|4位于: 4
三到五千亩: nan亩 5000亩|二到三百万元: nan元 300万元|3至五千亩: nan亩 5000亩|五至十五个: 5个 15个
5到10万3千元: nan元 103000元|五十至三百人: 50人 300人|三至五千万元: nan元 5000万元
3.5万5千亩: nan亩|建设3¶— 1 —¶个园区: nan个|建设3个¶第 3 页 共 10 页¶园区: 3个|建设3个¶·4·¶园区: 3个
投资⒈5亿元: nan亿元|增长3⒈5%: nan%|完成⒉35万亩: nan万亩|增长⒑5%、①5个: nan% nan个|增速为﹣5%: -5%
增速为‑5%: -5%|降到‐5℃: -5°C|➖5%: -5%|下降5﹪: 5%|0.5吨标准煤/万元: nan吨
50立方米水/万元: nan立方米|500元人民币/亩: nan元|500元∕亩: 500元/亩|500元⁄亩: 500元/亩
5元/吨公里: 5元/吨公里|500元/人年: 500元/人年|5个/万人、5毫克/升: nan个 nan毫克|10个县/市: 10个
面积5¶万亩: nan万亩|面积5亿¶3千万元: nan元|下降-¶5%: nan%|数¶十个: nan个|30来¶万元: nan万元
财农[2021]¶19号:|面积5¶¶万亩: nan万亩|面积12¶3亿元，5\t6个: nan亿元 5 6个|面积30¹5个: nan个
12²5亿元: nan亿元|3½5个: nan个|5³0万亩: nan万亩|12⁽³⁾5亿元: nan亿元|CO₂50万吨: 50万吨|±5%: nan%
₩5亿元: nan亿元|5·万亩: nan万亩|3%→5%: 3% 5%|①三万亩: nan万亩|①一体化:|3Ⅱ5个: nan个|环县¹3个: 3个
２０ＭＷ: 20MW|3··5个: nan个|■5个、▷6个: 5个 6个|50ｋW⋅h: 50kW⋅h|人均12亿¶元: nan亿元
人均GDP 6.5万元: 6.5万元|占GDP2.5%、GDP1.55万亿元: 2.5% 1.55万亿元|NOx 2.1吨: 2.1吨
新增AED 200台: 200台|RMB5亿元: 5亿元
PM2.5浓度、H1N1、G318线、Y201县道、COVID-19、B2B:|CPI 3%—5%: 3% 5%
（1）产业5个；2）教育: 5个|任务。（2）教育3项、增速（5）。: 3项 5|（3）: 3
10--20个: 10个 20个|7折: 7折|打八折: |国发〔2021〕3号、第十条: |1000000: nan
"""


def cases(table):
    for case in table.strip().replace("\n", "|").split("|"):
        printed, expected = (part.strip(" ") for part in case.split(":"))
        yield printed.replace("¶", "\n"), expected.split()


def test_figures_are_read_whole_or_have_no_number():
    wrong = []
    for printed, expected in [*cases(FIGURES), *cases(ITEMS)]:
        text = line(printed.removesuffix("。") + "。")
        found = [f"{row.number:.10g}{row.unit}" for row in text.figures().itertuples()]
        told = any("without a certain value" in each.message for each in text.problems)
        if found != expected or told != ("nan" in "".join(expected)):
            wrong.append((printed, found, expected, told))
    assert wrong == []


#: Signs that part the numerals on either side, as the documentation says.
PARTS = re.compile(f"[、.．〇{numerals.PATTERNS['apart']}]")
WHOLE = {"12.5万亩": 12.5, "305个": 305, "5%": 5, "三万五千亩": 35000, "1200亿元": 1200, "-5%": -5}


@given(
    st.characters(categories=["N", "S", "P", "Cf"], exclude_characters="\ufffd"),
    st.sampled_from([*WHOLE]), st.integers(0, 5),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_sign_at_a_numeral_makes_a_part_of_it_a_number(sign, printed, at):
    at = min(at, re.search(r"[^\d三五千]*$", printed).start())
    found = line(f"面积{printed[:at]}{sign}{printed[at:]}。").figures()["number"].dropna().tolist()
    plain = simplified(sign)
    if not (plain.isdecimal() or plain.isalpha() or PARTS.match(plain)):
        assert found in ([], [WHOLE[printed]])


#: Lines, parted by ¶, and their figures: numbers of items, decimals, and what may be either.
ITEMS = """
1.粮食。¶2.财政。¶3.2025年底前完成。¶4．20个县。: 2025年 20个
1.500户。¶2.600户。¶3.700户。: 500户 600户 700户
1. 20个县。¶2.\t30个乡。: 20个 30个|1.500户。¶2.600户。: nan户 nan户|1.5万亩建成。¶其他。: 1.5万亩
3.5万亩建成。: 3.5万亩|1.粮食。¶2.财政。¶3.5万亩。¶3.保障。¶4.20个。: nan万亩 20个
1、粮食¶2、30个县¶3、4万亩: 30个 4万亩
（一）任务：¶1.粮食；¶2.20个县；¶3.30个县。: 20个 30个|1.粮食。¶（一）其他¶2.20个。¶3.财政。: 20个
1.粮食。¶（一）其他¶2.20个。: nan个|1.粮食。¶2.财政。¶投资¶3.5亿元。: nan亿元
1.粮食。¶1.5万亩。¶2.财政。: nan万亩
专栏1 工程¶1. 20个园区。¶2.30个园区。¶3.其他。: 20个 30个|3、4万亩: nan万亩
1.1总体¶1.2任务¶2.1其他: nan nan nan
"""


#: Names by what is printed: status and code.
NAMES = """
支持新区建设: doubtful|改善市区环境: doubtful|新市、老城区、工业区: doubtful doubtful
建设东区、西区: doubtful doubtful|东城、西城、南城错位发展: doubtful doubtful doubtful
支持江北、河西、城东: doubtful doubtful doubtful|唐山市新区: 130200 doubtful
攀枝花市东区、西区: 510400 510402 510403|洛阳市老城区: 410300 410302|会\xad宁县: 620422
会\u180e宁县: 620422|会\u202a宁县: 620422|会\ufe0f宁县: 620422|会\U000e0100宁县: 620422
会\u0300宁县: 620422|会\u3164宁县: 620422|会\ue000宁县:|会-宁县: doubtful
⼋公⼭区、石⻔县: 340405 430726|朝阳\t县级: doubtful|支持\t环县: 621022|上海巿: 310000
石家庄市桥东区、成都市东城区: 130100 ambiguous 510100 ambiguous
太原市河西区、合肥市西市区: 140100 ambiguous 340100 ambiguous
新疆和田地区和康县: 650000 653200 doubtful|衡阳市城北区: 430400 ambiguous
重庆市万盛区、双桥区: 500000 500110 500111|承德市双桥区: 130800 130802
天津市河西区: 120000 120103|四川省南充地区武胜县: 510000 511300 511622|江西长沙: doubtful doubtful
广州深圳佛山: 440100 440300 440600|河北省邢台县: 130000 ambiguous
江西省九江市庐山区: 360000 360400 ambiguous|吉林省扶余区: 220000 ambiguous
重庆市江北县: 500000 ambiguous|遵义县: ambiguous|宝鸡县: ambiguous|山东省莱芜市: 370000 ambiguous
推广东西部协作经验: doubtful|推广西医学: doubtful|推广西安经验: doubtful|推广东阿阿胶: doubtful
太行山西麓: doubtful|太行山东麓: doubtful|大别山西部: doubtful|洞庭湖南岸: doubtful
黄河南岸: doubtful|鄱阳湖北岸: doubtful doubtful|长江西岸: doubtful|幸福建设: doubtful
承接广东产业，推广江西经验: doubtful doubtful|地处山西、湖南: 140000 430000
北京、天津、河北: 110000 120000 ambiguous|青海、海南: 630000 ambiguous
东湖、南湖、北湖等湖泊: doubtful doubtful doubtful|唐山、鞍山: 130200 210300
浙江西湖龙井: 330000 doubtful doubtful|南昌市东湖、西湖: 360100 doubtful doubtful
南昌市东湖、西湖和南昌县: 360100 360102 360103 360121|南昌市东湖区、西湖区: 360100 360102 360103
推进杭州西湖、嘉兴南湖建设: 330100 doubtful 330400 doubtful|合肥巢湖的治理: 340100 doubtful
安庆太湖的治理: 340800 doubtful|湖南衡山的保护: 430000 doubtful|湖南衡山、衡东: 430000 430423 430424
泰安泰山和济宁微山湖保护: 370900 doubtful 370800 doubtful|支持江西井冈山: 360000 doubtful
江西井冈山、瑞金: 360000 360881 360781|衡山、庐江等县: 430423 340124|江西井冈山市: 360000 360881
强化市和县（区）责任: doubtful|落实省市和县（市、区）责任: doubtful|明确市和县的职责: doubtful
健全市和县责任: doubtful|安徽省和县（市、区）: 340000 doubtful|推进规划和县、乡实施: doubtful
含山县、和县: 340522 340523|安徽和县: 340000 340523|工业强市富县、强区富县: doubtful doubtful
推动强市兴县: doubtful|延安市富县: 610600 610628|支持老区瑞金市、我省环县: 360781 621022
，会同县（市、区）落实: doubtful|湖南会同县、通道县: 430000 431225 431230|会同县人民政府: doubtful
推动资源县域共享: doubtful|资源县级统筹: doubtful|广西资源县乡道路: 450000 doubtful
支持资源县、公安县人民政府: 450329 421022|推进平安县域建设: doubtful|开展平安县创建: doubtful
青海平安县: 630000 630203|支持平原县、老边区、山区: doubtful doubtful
延长县、乡公路，到达县、乡公路: doubtful doubtful|推动资源县（市、区）共享: doubtful
支持资源县、乡城县: 450329 513336|通县、通乡公路: doubtful
河南洛阳、海南文昌鸡: 410000 410300 460000 doubtful|山东平和发展: doubtful doubtful
湖北洪湖湿地: 420000 doubtful|湖南湘江流域: 430000 doubtful|福建安溪茶: 350000 doubtful
江西婺源绿茶: 360000 doubtful|浙江钱塘江流域: 330000 doubtful|山东济南大学: 370000 doubtful
江西财经大学: doubtful|北京路网: doubtful|北京路、南京东路: doubtful doubtful
四川与农业大学合作: 510000|西沙群岛:|江西鄱阳湖: 360000 doubtful|鄱阳湖、洪泽湖: doubtful doubtful
河南信阳山区、安徽六安: 410000 411500 340000 341500|浙江杭州湖州: 330000 330100 330500
\U00020bb7安县: doubtful|信阳新县: 411500 411523
加强重庆火锅、云南白药、北京时间: doubtful doubtful doubtful|江西探索改革: 360000
支持青海湖、四川大学: doubtful doubtful|支持四川创建示范区: 510000
群众安居、乐业、安康: doubtful doubtful doubtful|维护安定、安宁、和平: doubtful doubtful doubtful
信丰、安远、寻乌: 360722 360726 360734|弘扬向阳、前进、东风精神: doubtful doubtful doubtful
支持云南白药、北京同仁堂: doubtful doubtful doubtful|支持云南和平发展: doubtful doubtful
支持湖南湖北两省: 430000 420000|支持云南普洱茶、景东: 530000 doubtful doubtful
恩施市县、文山市、县: doubtful doubtful|商丘市民权县: 411400 411421
支持赣州、鞍山钢铁: 360700 doubtful|上海对外经贸大学: doubtful
瑞金、兴国、长汀: doubtful doubtful doubtful|瑞金、兴国、长汀等县: 360781 360732 350821
井冈山、红安、延川: 360881 421122 610622|支持正宁县、平安建设: 621025 doubtful
支持瑞金市、兴国建设: 360781 360732|支持江华瑶族自治县、通道侗族自治县、通道建设: 431129 431230
支持陕甘宁老区延安市发展: area 610600|支持赣闽粤老区赣州等市: area 360700
支持陕甘宁延安市: area 610600|支持大别山老区新县: area 411523|支持航天等县域产业: doubtful
推动朝天等县: doubtful|支持天等县: 451425|支持吉¶安县: doubtful|支持永¶新县: doubtful
支持北京、天津、吉安¶县: 110000 120000 doubtful|支持瑞金市¶新县: 360781 411523
推广东城区的经验: doubtful|推广东城区、西城区的经验: doubtful doubtful|支持山西矿区修复: doubtful
支持广东城区和乡镇: doubtful|支持河北新区: doubtful doubtful|支持黑龙江郊区: doubtful doubtful
支持陕西城区供暖: doubtful|北京东城区: 110000 110101|支持湖北林区道路: doubtful
支持河南平原县发展: doubtful doubtful|支持四川周宁县发展: doubtful doubtful
支持河北城北区: doubtful doubtful|支持吉林东城区: doubtful doubtful|支持吉林长春市: 220000 220100
保护太湖、巢湖等县域湖泊: doubtful doubtful|支持太湖、巢湖等县市: 340825 ambiguous
支持河南县区: doubtful|支持上海市南平: 310000 doubtful|支持广东和平发展: doubtful doubtful
支持河南省范县、台前县: 410000 410926 410927|支持范县建设: 410926|创建国家示范县:
广西壮族自治区发展: 450000|内蒙古自治区党委提出: 150000|支持宁夏回族自治区新建园区: 640000
支持西藏自治区环县: 540000 doubtful|支持上饶、玉山、铅山等县: doubtful 361123 361124
支持邯郸、武安等县市: 130400 130481|支持上饶、吉安等地: 361100 ambiguous
支持吉林西安发展: 220000 doubtful|支持广西白云发展: 450000 doubtful|洛阳市郊区: 410300 doubtful
推进新疆的巴州、昌吉州建设: 650000 652800 652300
支持巴州、克州: ambiguous 653000|支持克州、巴州: 653000 652800
支持三明、赣州、吉安县（市、区）: 350400 360700 doubtful|赣州、吉安县域医共体: doubtful doubtful
支持原州、西吉、隆德等县: 640402 640422 640423|宁夏西吉、海原等县: 640000 640422 640522
庆阳市华池、庆城、环县: 621000 621023 621021 621022|郴州市汝城、资兴: 431000 431026 431081
怀化市靖州、会同、通道等县: 431200 431229 431225 431230|会同、通道等县: 431225 431230
南昌市新建、安义: 360100 360112 360123|江西新建、扩建: doubtful|促进投资兴业、搬迁安置:
广西资源、龙胜等县: 450000 450329 450328|教育、资源、合作:
赣州、资源、合作: doubtful doubtful doubtful
推进张家口、承德县域经济: doubtful doubtful|长沙县级公立医院: doubtful|支持衡阳县际公路: doubtful
支持吉安县处级干部: doubtful|支持朔州、忻州、长治县域经济: 140600 140900 doubtful
支持吉安县、永新县: 360821 360830|支持吉安县乡村振兴: 360821|支持吉安县城建设: 360821
支持阿克苏地区、巴州、和田地区: 652900 652800 653200|支持巴中市巴州、恩阳: 511900 511902 511903
"""


def test_words_are_no_names_and_odd_signs_change_none():
    wrong = []
    for words, expected in cases(NAMES):
        text = line(words)
        found = text.mentions()
        shown = found["adcode"].where(found["status"] == "named", found["status"])
        shown = shown.where(shown != "", found["level"]).tolist()
        spans = found[["start", "end"]].values
        spans = [text.to_canonical(*text.to_raw(*span)[0]) for span in spans]
        printed = [text.canonical[a:b] for ((a, b), *_) in spans]
        if shown != expected or printed != found["printed"].tolist():
            wrong.append((words, shown, expected, printed))
    assert wrong == []
    # In 2021 双桥区 was one of 承德 only; the one of 重庆 was not any more.
    dated = lq.read("某方案\n2021年3月5日\n一、目标\n支持重庆市万盛区、双桥区。").mentions()
    assert dated["status"].tolist() == ["named", "named", "ambiguous"]
    assert "U+" not in str(line("会\ue000宁县").problems) and line("会\ue000宁县").problems


def test_a_number_that_counts_on_heads_an_item_also_before_digits():
    text = line("1.粮食稳定。\n2.财政增长。\n3.2025年底前完成评估。\n4.20个县巩固成果。")
    assert [each.name for each in text.clauses.values()][2:] == ["第3项", "第4项"]
    assert text.clauses["c03"].title == "2025年底前完成评估"
    assert text.figures()["printed"].tolist() == ["2025年", "20个"]
    text = line("\n".join(f"{n}.2021年建设。" for n in range(1, 103)))
    assert text.figures()["printed"].tolist() == ["2021年"] * 102
    assert "1.500户" in str(line("1.500户。\n2.600户。").problems[0])


def test_a_name_right_behind_its_city_is_what_resolve_place_says_or_none():
    names, wrong = namings.gazetteer(paths.data(), 2021), []
    for holder in names.units.holders:
        city = names.units.holder(holder.code[:4] + "00", holder.last)
        if holder.level == "county" and city:
            text = f"支持{city.name}{holder.name}。"
            named = [n for n in names.namings(text, []) if n.adcode and n.end > 2 + len(city.name)]
            try:
                place = lq.resolve_place(holder.name, within=city.name, year=2021)
            except lq.LaoquError as error:
                place = str(error)
            wrong += [(text, each.adcode, place) for each in named if each.adcode != place]
    # 海口市 of today had one district so called.
    assert {text for text, *_ in wrong} == {"支持海口市新华区。"}
    found = line("石家庄市桥东区、牡丹江市密山市").mentions().set_index("printed")
    assert found["note"]["桥东区"].startswith("桥东区 (130103, until 2013) was split in 2014")
    assert found["note"]["密山市"].startswith("'密山市' is not in 牡丹江市; it is: 密山市")
    assert line("支持永\n新县").mentions()["note"].tolist() == ["永新县 goes on in another line"]


def test_generic_words_are_no_boundary_before_a_county():
    names = namings.gazetteer(paths.data(), 2021)
    known = {name for found in names.names.values() for name, _ in found}
    counties = {h.name for h in names.units.holders if h.level == "county" and len(h.name) < 4}
    for generic in (*"省市县区州盟旗乡镇村地", "各地市", "设区市", "县市区", "健全市", "强市"):
        for name in counties - {"和安县", "和康县"}:  # 和 before 安县, 康县
            found = names.namings(f"落实{generic}{name}建设。", [])
            named = {each.printed for each in found if each.status == "named"}
            assert named <= known & {generic[-1] + name}, (generic, name, named)


W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:v="urn:v" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)
PLAN = "<w:p>某省方案</w:p><w:p>一、目标</w:p><w:p>（一）产业{}</w:p><w:p>支持环县。</w:p>"
FLOATS = "<w:txbxContent><w:p>专栏1 工程</w:p><w:p>建设3条路</w:p></w:txbxContent>"
BOXED = "某省方案|一、目标|（一）产业|专栏1 工程|建设3条路|支持环县。"
STYLES = "styles are not read"
BY = 'w:id="1" w:author="" w:date="2021-01-01T00:00:00Z"'
ROW = "<w:tbl><w:tr><w:trPr>{}</w:trPr><w:tc><w:p>旧</w:p></w:tc></w:tr></w:tbl>"
#: What stands in the paragraph of Word, {properties:contents} of a run: lines read, problems said.
WORD = {
    f"{{:<mc:AlternateContent><mc:Choice>{FLOATS}</mc:Choice><mc:Fallback>{FLOATS}</mc:Fallback>"
    "</mc:AlternateContent>}": (BOXED, ""),
    f"{{:<w:pict><v:shape><v:textbox>{FLOATS}</v:textbox></v:shape></w:pict>}}": (BOXED, ""),
    f"{{:{FLOATS.replace('专栏1 ', '')}}}": (BOXED.replace("专栏1 ", ""), "a text box"),
    "<w:fldSimple>甲</w:fldSimple>": ("甲", ""), "会{:<w:softHyphen/>}宁": ("会\u00ad宁", ""),
    "{:<w:ruby><w:rt>yi</w:rt><w:rubyBase>乙</w:rubyBase></w:ruby>}": ("产业乙", ""),
    "5{:<w:noBreakHyphen/>}6": ("5‑6", ""),
    **{f"5<w:{tag}>6</w:{tag}>万亩": ("56万亩", "")
       for tag in ("smartTag", "customXml", "hyperlink", "dir", "bdo")},
    "{strike:旧}": ("产业|支", "struck-out text: left out, 1 in all"),
    "{dstrike:旧}": ("产业旧|支", STYLES), "{vanish:密}": ("产业密|支", STYLES),
    "{rStyle=a7:密}": ("产业密|支", STYLES), "{vanish=0:明}": ("产业明|支", ""),
    "5{position=8:6}个": ("产业56个", STYLES), "5{rStyle=a8:6}个": ("产业56个", STYLES),
    "{:<w:footnoteReference/>}": ("产业|支", "footnote"),
    "30{vertAlign=superscript:1}个": ("30¹个", "in all: 30¹个"),
    "30{rStyle=a6:[1]}个": ("30⁽¹⁾个", "in all: 30⁽¹⁾个"),
    "30{rStyle=a6:<w:footnoteReference/>}个": ("产业30个", "footnote"),
    "3{rStyle=a6 vertAlign=baseline:1}个": ("产业31个", ""),
    "CO{vertAlign=subscript:2}": ("CO2", ""),
    "5<m:oMath>1</m:oMath>万亩": ("产业5\ufffc万亩", "equation"),
    "5{:<w:tab/>}6个": ("5\t6个", ""), "5{:<w:ptab/>}6个": ("5\t6个", ""),
    "支持<m:oMath>1</m:oMath>环县": ("支持环县", "equation"),
    "5{:<w:sym/>}6个": ("5\ufffc6个", "symbol"),
    "{:<w:instrText> EQ \\f(1,2)</w:instrText>}万亩": ("业\ufffc万亩", "equation"),
    '5<w:fldSimple w:instr="eq \\f(1,2)"/>亩': ("业5\ufffc亩", "equation"),
    "{:<w:object><v:imagedata/></w:object>}3个": ("业\ufffc3个", "embedded document"),
    "3{:<w:br/>}0个": ("产业3|0个", "in all: 30个"),
    "3{:<w:cr/>}0个": ("产业3|0个", "in all: 30个"),
    "甲</w:p><w:p><w:pPr><w:pStyle w:val='a9'/></w:pPr>旧": ("甲|旧|支", STYLES),
    f"3</w:p><w:p><w:pPr><w:rPr><w:del {BY}/></w:rPr></w:pPr>甲3</w:p><w:p>0个": (
        "3|甲3 0个|支", "tracked changes"),
    "旧<w:del>3</w:del><w:ins>5</w:ins><w:moveFrom>6</w:moveFrom><w:moveTo>7</w:moveTo>个": (
        "旧57个", "tracked changes: read as if all were accepted, 3 in all"),
    "5<w:subDoc/>6个": ("5\ufffc6个", "embedded document"),
    "5<w:r><w:rPr><w:rPrChange><w:rPr><w:strike/></w:rPr></w:rPrChange></w:rPr>6</w:r>个": (
        "产业56个", ""),
    "5<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr>8</w:sdt>万亩": ("5\ufffc万亩", "field of"),
    f"甲</w:p>{ROW.format('<w:del/>')}<w:p>乙": ("甲|乙", "tracked"),
    f"甲</w:p>{ROW.format('<w:hidden/>')}<w:p>乙": ("甲|旧\t|乙", STYLES),
    "<w:of-another-age>旧文</w:of-another-age>": ("产业|支", "2 in all, among them '旧文'"),
}  # fmt: skip
#: The same of a page.
PAGE = {
    **{f"5<{tag}>6</{tag}>万亩": ("56万亩", "") for tag in ("em", "font", "time", "nobr", "st1:x")},
    **{f"<{tag}>目标2025年</{tag}>3个": ("|目标2025年|3个", "")
       for tag in ("summary", "legend", "address", "center", "fieldset", "button", "ucaptitle")},
    "<table><tr><td>道路<td>12<td>34万元</table>": ("道路\t12\t34万元", ""),
    "<table><tr><td><table><tr><td>12<td>3亿元</table></table>": ("|12\t3亿元", ""),
    "支持<del>旧</del>甲<s>旧</s>环县": ("支持甲环县", "struck-out text: left out, 2"),
    **dict.fromkeys((
        "<b style='display: none'>密</b>甲", "<style>b{opacity:0}</style><b>密</b>",
        "<link rel=stylesheet href=a.css>密", "<dialog>密</dialog>", "<i popover>密</i>",
        "<bdo dir=rtl>密</bdo>", "<b hidden>密</b>",
        "<b style='text-decoration: line-through'>密</b>", "<b style='font-size: 0px'>密</b>",
        "<b style='font-size:0'>密</b>"), ("|密", STYLES)),
    "<b style='font-size:0.8em'>明</b>": ("|明", ""),
    "<b style='color:#333;font-size:.9em'>明</b>": ("|明", ""),
    "1<noframes>9</noframes>0个": ("|10个", ""),
    "<iframe src=http://127.0.0.1:9/></iframe>甲": ("|甲", "embedded document"),
    "5<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>万亩": ("|5\ufffc万亩", "equation"),
    "10<msup>3</msup>亩": ("|10\ufffc亩", "equation"),
    "<svg><text>1</text></svg>2个": ("|2个", "pict"),
    "甲<svg><text>1</text></svg>2个": ("|甲\ufffc2个", "picture"),
    "<table><tr><td>甲<td><img>2个</table>": ("甲\t2个", "picture"),
    "2&nbsp;0个": ("2\u00a00个", "in all: 2\u00a00个"),
    "5<select><option>1</select>6万亩": ("5\ufffc6万亩", "field of a form"),
    "5<video>6</video>个": ("5\ufffc个", "embedded document"),
    "<ruby>甲<rt>jia</rt></ruby>": ("|甲", ""), "<ol><li>甲</ol>": ("|甲", "number of a list"),
    "30<sup>1</sup>个": ("30¹个", "in all: 30¹个"), "30<sup>a</sup>个": ("30ᵃ个", "in all: 30ᵃ个"),
    "10<sup><a>3</a></sup>公里": ("10³公里", "in all: 10³公里"),
    "环县<sup>1</sup>3个": ("县¹3个", ""),
    "3km<sup>2</sup>": ("3km²", ""), "CO<sub>2</sub>": ("CO2", ""),
    "30<sub>1</sub>个": ("30₁个", "in all: 30₁个"), "1<sub>2</sub>3个": ("1₂3个", "1₂"),
    "CO<sub>2</sub>50万吨": ("CO₂50万吨", ""), "CO<sub>2</sub>五十万吨": ("CO₂五十万吨", ""),
    "PM<sub>2.5</sub>35%": ("PM₂.₅35%", ""),
    "<st1:date v:n=1>2021年</st1:date>1<o:p></o:p>2个": ("|2021年12个", ""),
    "30<sup>1</sup>5个": ("30¹5个", "in all: 30¹5个"),
    "<a class=footnote-ref role=doc-noteref href=#a>1</a>甲": ("|1甲", ""),
    "甲<br>乙\n丙<pre>丁\n戊</pre>": ("|甲|乙 丙|丁|戊", ""), "<q>甲</q>": ("|“甲”", ""),
}  # fmt: skip
#: The same of OpenDocument.
OPEN = {
    '30<text:span text:style-name="T1">1</text:span>个': ("30¹个", "in all: 30¹个"),
    'CO<text:span text:style-name="T3">2</text:span>': ("CO2", ""),
    '3<text:span text:style-name="T2">1</text:span>个': ("31个", STYLES),
    '</text:p><text:p text:style-name="P1">旧': ("|旧|完", STYLES),
    "2<text:s/>0个": ("2 0个", "in all: 2 0个"), "5<text:tab/>6个": ("|5\t6个", ""),
    "5<text:page-number>6</text:page-number>个": ("|56个", ""),
    "5<text:tracked-changes><text:changed-region/></text:tracked-changes>个": (
        "|5个", "tracked changes: read as if all were accepted, 1 in all"),
    '</text:p><text:section text:display="none"><text:p>密</text:p></text:section><text:p>甲': (
        "|密|甲", STYLES),
    '<text:hidden-text text:is-hidden="true">密</text:hidden-text>': ("|密", STYLES),
    '<text:hidden-paragraph text:is-hidden="false"/>明': ("|明|完", ""),
    "5<draw:frame><draw:object/></draw:frame>12万亩": ("|5\ufffc12万亩", "embedded document"),
    "甲<draw:frame><draw:text-box><text:p>专栏1 工程</text:p></draw:text-box></draw:frame>乙": (
        "|甲乙|专栏1 工程|完", ""),
    "甲<text:ruby><text:ruby-base>乙</text:ruby-base><text:ruby-text>yi</text:ruby-text></text:ruby>":
        ("|甲乙|完", ""),
}  # fmt: skip
OPEN_STYLES = (
    '<office:automatic-styles><style:style style:name="T1" style:family="text">'
    '<style:text-properties style:text-position="super 58%"/></style:style>'
    '<style:style style:name="T3" style:family="text"><style:text-properties '
    'style:text-position="-33% 58%"/></style:style><style:style style:name="T2" '
    'style:family="text" style:parent-style-name="T1"/><style:style style:name="P1" '
    'style:family="paragraph"><style:text-properties style:text-line-through-style="solid"/>'
    "</style:style></office:automatic-styles>"
)
STYLE = (
    '<w:style w:type="character" w:styleId="a{0}"><w:name w:val="{0}"/>{1}<w:rPr><w:{2}/></w:rPr>'
    "</w:style>"
)
WORD_STYLES = (
    STYLE.format(5, "", 'vertAlign w:val="superscript"')
    + STYLE.format(6, '<w:basedOn w:val="a5"/>', "b")
    + STYLE.format(7, "", "vanish")
    + STYLE.format(8, '<w:basedOn w:val="a5"/>', "").replace("<w:rPr><w:/></w:rPr>", "")
    + STYLE.format(9, "", "strike").replace("character", "paragraph")
)


def styled(match):
    marks = (each.replace("=", ' w:val="') + '"' * ("=" in each) for each in match[1].split())
    marks = "".join(f"<w:{each}/>" for each in marks)
    return f"<w:r><w:rPr>{marks}</w:rPr>{match[2]}</w:r>"


def in_runs(match):
    """Put words of a file of Word into a run, if they do not stand in one or in a field."""
    before, words_ = match.groups()
    if before == "<w:instrText>":
        return match[0]
    text = f"<w:t>{words_}</w:t>"
    return before + (text if before in ("<w:r>", "</w:rPr>") else f"<w:r>{text}</w:r>")


def repacked(path, parts):
    """Write an empty file of Word in which some parts are others."""
    empty = io.BytesIO()
    docx.Document().save(empty)
    with zipfile.ZipFile(empty) as old, zipfile.ZipFile(path, "w") as archive:
        for name in old.namelist():
            archive.writestr(name, parts.get(name) or old.read(name))


def test_files_are_read_whole_or_problems_say_what_is_not(tmp_path):
    wrong, path, page = [], tmp_path / "plan.docx", tmp_path / "plan.html"
    odt = tmp_path / "plan.odt"
    kinds = {"office": "office", "text": "text", "style": "style", "draw": "drawing"}
    urn = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
    names = " ".join(f'xmlns:{key}="{urn.format(kind)}"' for key, kind in kinds.items())
    for cases, name in ((WORD, path), (PAGE, page), (OPEN, odt)):
        for inner, (lines_, said) in cases.items():
            if name is path:
                body = PLAN.format(re.sub(r"\{(.*?):(.*?)\}", styled, inner))
                body = re.sub("(<[^<>]*>)([^<>]+)(?=<)", in_runs, body)
                repacked(path, {
                    "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
                    "word/styles.xml": f"<w:styles {W}>{WORD_STYLES}</w:styles>",
                })  # fmt: skip
            elif name is odt:
                parts = ("某方案", "一、目标", inner, "完。")
                body = "".join(f"<text:p>{each}</text:p>" for each in parts)
                body = f"{OPEN_STYLES}<office:body><office:text>{body}</office:text></office:body>"
                body = f"<office:document-content {names}>{body}</office:document-content>"
                with zipfile.ZipFile(odt, "w") as archive:
                    archive.writestr("content.xml", body)
                    archive.writestr("styles.xml", f"<office:document-styles {names}/>")
            else:
                page.write_text(f"<p>某方案<p>一、目标<p>{inner}<p>完。", encoding="utf-8")
            text = lq.read(name)
            told = " ".join(each.message for each in text.problems)
            whole = lines_ in text.raw.replace("\n", "|")
            if not whole or said not in told or bool(said) != bool(told):
                wrong.append((inner, text.raw, told))
    assert wrong == []


#: A page as sites of governments have them: sheet, lists of links, words pasted from Word, a table.
GOVERNMENT = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>通知</title><style>
*{margin:0;padding:0} body{font:14px/1.5 "Microsoft YaHei";color:#333} ul,li{list-style:none}
.nav ul li{float:left;padding:0 20px} .nav li a{display:block;color:#333} .clear{clear:both}
.TRS_Editor P{margin-top:1em;line-height:2} .content{width:1000px;margin:0 auto;padding:20px 40px}
.info td{padding:0 10px;border:1px solid #ddd} .share{display:inline-block;margin-left:20px}
@media screen and (max-width:768px){.content{padding:10px}}
</style></head><body><div class="nav"><ul><li><a href="/">首页</a></li><li><a>政务公开</a></li></ul>
<div class="clear"></div></div><div class="content"><ucapcontent><div class="TRS_Editor">
<p align="center"><span
style="font-size:22pt;font-family:方正小标宋"><b>某省产业发展方案</b></span></p>
<p style="text-indent:2em;margin:0 0 .0001pt"><span style="font-size:16pt">一、目标任务</span></p>
<p style="text-indent:32pt"><span style="font-size:16pt;letter-spacing:.5pt">（一）发展产业。到<span
lang="EN-US">2025</span>年，建设<span
style="font-family:'Times New Roman'">12</span>个产业园，面积<span
lang=EN-US style="color:#333;padding:0px;margin:0px">3.5</span>万亩，总投资<font
face="仿宋">1</font><b>2</b>亿元，减排CO<sub>2</sub><span
style="font-size:16pt">50</span>万吨，增长<strong>8.5%</strong>。<o:p></o:p></span></p>
<div><div><div><span style="font-size:16pt">（二）完善设施。</span><a
style="padding:0 5px">新建公路</a>300公里。
</div></div></div><table class="info" width="100%"><tbody>
<tr><td><p><span style="font-size:12pt">环县</span>
</p></td><td style="padding:0 5px">12</td><td>34万元</td></tr></tbody></table></div></ucapcontent>
<div class="share">分享到：<a class="share">微信</a></div></div></body></html>"""


def test_a_page_of_a_government_keeps_its_figures(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(GOVERNMENT, encoding="utf-8")
    found = lq.read(path).figures()
    assert list(zip(found["number"], found["unit"], strict=True)) == [
        (2025, "年"), (12, "个"), (3.5, "万亩"), (12, "亿元"), (50, "万吨"), (8.5, "%"),
        (300, "公里"), (12, ""), (34, "万元"),
    ]  # fmt: skip


def test_a_text_box_is_a_box_and_its_clause_goes_on(tmp_path):
    path = tmp_path / "plan.docx"
    path.write_bytes(word("某省方案\n一、目标\n（一）产业\n做好\n支持环县。"))
    made = docx.Document(path)
    box = re.sub("<w:p>(.*?)</w:p>", r"<w:p><w:r><w:t>\1</w:t></w:r></w:p>", FLOATS)
    made.paragraphs[3]._p.append(docx.oxml.parse_xml(f"<w:r {W}>{box}</w:r>"))
    made.add_table(1, 2).cell(0, 0).text = "朝阳"
    made.tables[0].cell(0, 1).text = "县级"
    made.save(path)
    text = lq.read(path)
    assert text.boxes["b1"].text == "专栏1工程建设3条路"
    assert text.clauses["c01"].text == "（一）产业做好支持环县。朝阳\t县级"


LINES = """
一、总体 二、任务 （一）目标。做好 （二）产业 第一章　总则 第一节 第一条　为了 第二条　县
专栏1　重点 1.茶叶。发展 目录 支持甘肃环县、等 12个、３万亩。 —3— “好。” 某政发〔2021〕1号
2021年1月2日 支持​海南琼中 各县： 长长长长长长长长长长长长长长长长长长长长长长长长
"""
lines = st.lists(st.sampled_from(["", *LINES.replace("\n", " ").split(" ")]), max_size=14)


@given(lines, st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=25, deadline=None)
def test_units_give_the_text_and_offsets_lead_both_ways(parts, end):
    raw = end.join(parts)
    try:
        text = lq.read(raw)
    except lq.LaoquError:
        return
    assert "".join(unit.text for unit in text.units) == text.canonical
    kept = [i for i in range(len(raw)) if text.to_canonical(i, i + 1)]
    whole = "".join("".join(part.split()) for part in parts if part != "—3—")
    assert "".join(raw[i] for i in kept) == whole.replace("\u200b", "")
    for unit in text.units:
        spans = [text.to_canonical(*span) for span in text.to_raw(unit.start, unit.end)]
        found = {i for each in spans for a, b in each for i in range(a, b)}
        assert found == {*range(unit.start, unit.end)}
    named = text.mentions()
    assert (named["start"] < named["end"]).all()
    assert text.figures()["number"].notna().all()
