"""The committed gazetteer files, checked without the packages they were built from."""

import csv
import re
import runpy
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"recoded", "renamed", "upgraded", "merged", "split", "moved", "abolished", "created"}


def read(relative: str) -> list[dict[str, str]]:
    with (ROOT / "data" / relative).open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def listed(text: str) -> list[list[str]]:
    return [each.split(maxsplit=1) for each in re.split("[;\n] *", text.strip())]


UNITS, HISTORY = read("built/gazetteer.csv"), read("built/gazetteer_history.csv")
BY_CODE = {r["adcode"]: r for r in UNITS}


def test_counts_are_the_official_ones_for_the_end_of_2021():
    assert list(BY_CODE) == sorted(BY_CODE) and len(BY_CODE) == len(UNITS)
    assert Counter(r["level"] for r in UNITS) == {"province": 34, "prefecture": 333, "county": 2843}
    assert Counter(r["type"] for r in UNITS) == {
        "省": 23, "自治区": 5, "直辖市": 4, "特别行政区": 2, "地级市": 293, "自治州": 30,
        "地区": 7, "盟": 3, "市辖区": 977, "县级市": 394, "县": 1301, "自治县": 117, "旗": 49,
        "自治旗": 3, "林区": 1, "特区": 1,
    }  # fmt: skip
    assert {r["name"] for r in UNITS if r["valid_to"]} == {"江北区", "渝北区", "米林县", "错那县"}
    assert BY_CODE["540422"]["valid_to"] == "2022", "米林县, a city from 2023"
    assert BY_CODE["350405"]["valid_from"] == "2021"


SHORT = """
彭水苗族土家族自治县 彭水; 恩施土家族苗族自治州 恩施; 隆林各族自治县 隆林; 东乡族自治县 东乡
积石山保安族东乡族撒拉族自治县 积石山; 新县 新县; 城区 城区; 沙县区 沙县; 津市市 津市
神农架林区 神农架; 碑林区 碑林; 内蒙古自治区 内蒙古; 新疆维吾尔自治区 新疆
伊犁哈萨克自治州 伊犁; 科尔沁左翼中旗 科尔沁左翼中旗; 管城回族区 管城; 井陉矿区 井陉矿区
香港特别行政区 香港; 喀什地区 喀什
"""
ENGLISH = """
重庆市 Chongqing; 六安市 Lu'an; 乐业县 Leye; 浚县 Xunxian; 蔚县 Yuxian; 铅山县 Yanshan
弋阳县 Yiyang; 会昌县 Huichang; 单县 Shanxian; 莘县 Shenxian; 任丘市 Renqiu; 大埔县 Dabu
阆中市 Langzhong; 泌阳县 Biyang; 渑池县 Mianchi; 武陟县 Wuzhi; 朝天区 Chaotian; 长汀县 Changting
尤溪县 Youxi; 柞水县 Zhashui; 乐山市 Leshan; 都匀市 Duyun; 宁都县 Ningdu; 于都县 Yudu
都安瑶族自治县 Du'an; 郫都区 Pidu; 洪洞县 Hongtong; 六合区 Luhe; 闵行区 Minhang
乌鲁木齐市 Ürümqi; 喀什地区 Kashgar; 瑞安市 Rui'an; 山西省 Shanxi; 陕西省 Shaanxi
内蒙古自治区 Inner Mongolia; 子长市 Zichang; 乐陵市 Laoling; 康巴什区 Kangbashi; 吕梁市 Lüliang
西安市 Xi'an; 彭水苗族土家族自治县 Pengshui
"""


def test_units_have_parents_names_and_years():
    wrong = []
    for r in UNITS:
        code, above = r["adcode"], r["adcode"][:4] + "00"
        province = code[:2] + "0000"
        parent = {"province": "", "prefecture": province}.get(r["level"])
        if parent is None:  # a county; some lie directly under their province
            parent = above if above in BY_CODE else province
        prefecture = BY_CODE[above]["name"] if parent == above else ""
        expected = (parent, prefecture, BY_CODE[province]["name"])
        named = len(r["short_name"]) > 1 and r["name"].startswith(r["short_name"])
        named &= r["name_en"][:1].isupper() and r["name_en_basis"] in ("source", "pypinyin")
        stood = int(r["valid_from"]) <= 2021 <= int(r["valid_to"] or 9999)
        if (r["parent"], r["prefecture"], r["province"]) != expected or not (named and stood):
            wrong.append((code, expected))
    assert not wrong
    for code in ("419001", "429004", "429021", "469025", "659001", "500243"):
        assert BY_CODE[code]["parent"] == code[:2] + "0000"
    for column, text in (("short_name", SHORT), ("name_en", ENGLISH)):
        for name, said in listed(text):
            assert {r[column] for r in UNITS if r["name"] == name} == {said}


def test_history_rows_are_whole_and_agree_with_the_gazetteer():
    """What began after 1980 must have a row that says how, what ended later one that says so."""
    parents = {r["parent"] for r in UNITS if r["level"] == "county"}
    for r in HISTORY:
        assert r["change_kind"] in KINDS and r["source"]
        assert r["adcode_2021"] in ("", *BY_CODE)
        assert (r["change_kind"] == "created") == (r["old_adcode"] == "")
        assert (r["change_kind"] == "abolished") == (r["new_adcode"] == "")
        # A county never leads to a prefecture with counties.
        assert r["old_level"] != "county" or r["adcode_2021"] not in parents, r["old_adcode"]
        if r["old_adcode"]:
            assert int(r["old_valid_from"]) <= int(r["old_valid_to"]) == int(r["change_year"]) - 1
    begun = {(r["new_adcode"], r["new_name"], r["change_year"]) for r in HISTORY}
    ended = {(r["old_adcode"], r["old_name"], r["old_valid_to"]) for r in HISTORY}
    for r in UNITS:
        first, last = ((r["adcode"], r["name"], r[f"valid_{end}"]) for end in ("from", "to"))
        assert r["valid_from"] == "1980" or first in begun, r["adcode"]
        assert not r["valid_to"] or last in ended, r["adcode"]


def test_the_table_of_holders_follows_from_the_history():
    made = runpy.run_path(str(ROOT / "tools" / "gazetteer_holders.py"))["table"]()
    assert made == (ROOT / "data" / "built" / "gazetteer_holders.csv").read_text("utf-8")


#: Old code and name, year, kind of change, new code, code of 2021.
CHANGES = """
451025 靖西县 2015 upgraded 451081 451081; 452626 靖西县 2002 recoded 451025 451081
350427 沙县 2021 upgraded 350405 350405; 350403 三元区 2021 merged 350404 350404
350402 梅列区 2021 merged 350404 350404; 610928 旬阳县 2021 upgraded 610981 610981
360622 余江县 2018 upgraded 360603 360603; 610427 彬县 2018 upgraded 610482 610482
451023 平果县 2019 upgraded 451082 451082; 340824 潜山县 2018 upgraded 340882 340882
451021 田阳县 2019 upgraded 451003 451003; 522228 沿河土家族自治县 2011 recoded 520627 520627
522229 松桃苗族自治县 2011 recoded 520628 520628; 379005 新泰市 1995 recoded 370982 370982
341521 寿县 2015 moved 340422 340422; 340823 枞阳县 2015 moved 340722 340722
452130 大新县 2002 moved 451424 451424; 452101 凭祥市 2002 moved 451481 451481
452629 乐业县 2002 recoded 451028 451028; 452601 百色市 2002 upgraded 451002 451002
451281 宜州市 2016 upgraded 451203 451203; 361121 上饶县 2019 upgraded 361104 361104
360721 赣县 2016 upgraded 360704 360704; 610623 子长县 2019 upgraded 610681 610681
610821 神木县 2017 upgraded 610881 610881; 513521 石柱土家族自治县 1997 moved 500240 500240
513522 秀山土家族苗族自治县 1997 moved 500241 500241
513524 酉阳土家族苗族自治县 1997 moved 500242 500242
513525 彭水苗族土家族自治县 1997 moved 500243 500243; 540422 米林县 2023 upgraded 540481 540422
"""


def test_known_changes_and_differences_are_all_decided():
    columns = ("old_name", "change_year", "change_kind", "new_adcode", "adcode_2021")
    for old, expected in listed(CHANGES):
        name = expected.split()[0]
        rows = [r for r in HISTORY if (r["old_adcode"], r["old_name"]) == (old, name)]
        assert [[r[column] for column in columns] for r in rows] == [expected.split()]
    (yeji,) = (r for r in HISTORY if r["new_adcode"] == "341504")
    assert (yeji["change_kind"], yeji["change_year"]) == ("created", "2015")
    of_ji_an = {r["new_name"] for r in HISTORY if r["old_adcode"] == "362401"}
    assert of_ji_an >= {"吉州区", "青原区"}
    for name, size in {"differences": 160, "history_differences": 327, "holder_doubts": 576,
                       "other_codes": 47}.items():  # fmt: skip
        rows = read(f"curated/gazetteer_{name}.csv")
        assert len(rows) == size
        assert all(r["decision"] and r["reason"] for r in rows)
    for r in read("curated/gazetteer_differences.csv"):
        assert (r["adcode"] in BY_CODE) == (r["decision"] == "keep value_a")
