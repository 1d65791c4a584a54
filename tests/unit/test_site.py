"""The index: what is drawn, who is found by which name, and which links it makes."""

import json
import re
from urllib.parse import quote

import pytest
from fixture import PLAN, violations

import laoqu as lq
from laoqu import site
from laoqu.show import style
from laoqu.show.words import label
from laoqu.site import search

HEAD = {"made": "2026-01-01", "laoqu": "0", "python": "3.13.0", "packages": {"pandas": "9.9"}}
NAMED = "recipient and level not in ['area', 'border_zone']"


@pytest.fixture(scope="module")
def parts():
    return site.parts()


@pytest.fixture(scope="module")
def found(parts):
    return parts["found"]


def run(name, *files, **more):
    outputs = [{"path": f"{name}/{file}"} for file in files]
    return {"name": name, "status": "ok", "error": "", "outputs": outputs, **more}


RUNS = [
    run("en/yimeng", "report.html", "report.pdf", "figures/map.svg", "values.json", "report.ipynb"),
    run("zh/qiongya", "</script>.html"),
    run("zh/taihang", status="failed", error="no <b>"),
    run("zh/cards/451081", "card.html", "values.json", "tables/a.csv"),
    run("en/cards/110101", "card.html"),
    run("runs/words/word=产业,0a", "report.html", "tables/x.csv"),
    run("runs/words/word=税 收,1b", status="failed", error="no <i>"),
    run("zh/plan") | {"outputs": [{"path": f"zh/{name}"} for name in (
        "plan.html", "plan.ipynb", "plan/values.json", "plan/tables/common.csv")]},
]  # fmt: skip


@pytest.fixture(scope="module")
def text(parts):
    return site.page(HEAD | {"runs": RUNS}, parts).decode()


def test_what_was_made_of_other_data_is_named_as_such(parts):
    now = {"data": "a", "own": "b"}
    said = "made of other data, not of those"
    for own, n in (("b", 0), ("c", 1)):
        runs = [run("en/yimeng", "report.html", parts={"data": "a", "own": own})]
        assert site.page(HEAD | {"runs": runs, "inputs": now}, parts).decode().count(said) == n


def data_of(text):
    return json.loads(re.search(r'id="places">(.*?)</script>', text)[1])


def test_every_member_and_every_place_named_is_found(plan, found):
    known = {(place["n"], place["w"], region, basis)
             for place in found["places"] for region, basis in place["a"].items()}  # fmt: skip
    for row in plan.membership().itertuples():
        # 儋州 is a city without counties, itself of the second level.
        where = row.province + row.prefecture.removesuffix(row.name)
        assert (row.name, where, row.region_id, row.confidence) in known
    known = {(name, clause) for it in found["places"] for name in (it["n"], *it["s"], *it["o"])
             for clause in it["c"]}  # fmt: skip
    named = plan.mentions().query(NAMED)
    assert not {(row.printed, row.clause_id) for row in named.itertuples()} - known
    assert set(named["clause_id"]) <= set(found["clauses"]["zh"])


def test_a_city_counts_its_counties_and_a_predecessor_is_no_other_name(plan, found):
    places = {place["n"]: place for place in found["places"]}
    members = plan.membership().query("confidence != 'low'")
    for city in ("庆阳市", "张家界市"):
        code = places[city]["k"][:4]
        known = members[members["adcode"].str[:4] == code].groupby("region_id").size()
        assert places[city]["a"] == known.to_dict()
    assert list(places["张家界市"]["c"]) == ["c07"]
    assert "梅列区" in places["三元区"]["m"] and places["三元区"]["o"] == []
    assert "海南黎族苗族自治州" not in places["海口市"]["o"]
    assert {"彭水县", "pengshui"} <= set(places["彭水苗族土家族自治县"]["s"])
    assert "".join(text for _, _, text in found["text"]) == plan.document.canonical


def test_the_index_links_what_is_there_and_says_what_failed(text):
    assert set(re.findall(r'href="([^"#]+)"', text)) == {
        "en/yimeng/report.html", "en/yimeng/report.pdf", "en/yimeng/values.json",
        "en/yimeng/report.ipynb", "zh/plan.html", "zh/plan.ipynb", "zh/plan/values.json",
        "zh/cards/451081/card.html", "en/cards/110101/card.html", "manifest.json",
        "zh/qiongya/&lt;/script&gt;.html",
        *(f"runs/words/{quote(name)}" for name in (
            "word=产业,0a/report.html", "word=税 收,1b/report.failed.ipynb")),
    }  # fmt: skip
    assert "no &lt;i&gt;" in text and "2 runs, 1 failed" in text
    assert re.search(r"运行\s2\s次，失败\s1\s次", text)
    assert "no &lt;b&gt;" in text and "no <b>" not in text
    assert "pandas 9.9" in text and len(text.encode()) < 1_000_000
    assert all(f'<tr id="{region}">' in text for region in PLAN.region_ids)


def test_what_is_embedded_ends_no_script_and_knows_a_county_by_its_card(text):
    data = data_of(text)
    assert data["areas"]["qiongya"]["zh"] == "zh/qiongya/</script>.html"
    place = next(each for each in data["places"] if each["k"] == "110101")
    assert (place["a"], place["c"]) == ({}, {})
    assert data["cards"] == {"451081": 1, "110101": 1}


def test_a_plan_with_members_of_ones_own_is_searched(tmp_path, plan):
    members = plan.table("membership").query("region_id == 'yimeng'")
    members.to_csv(tmp_path / "mine.csv", index=False)
    mine = lq.load(membership=tmp_path / "mine.csv")
    areas = {region for it in search.data(mine)["places"] for region, how in it["a"].items()
             if how != "city"}  # fmt: skip
    assert areas == {"yimeng"}


@pytest.fixture(scope="module")
def index(browser, text, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index.html"
    path.write_text(text, encoding="utf-8")
    page = browser.new_page(locale="zh-CN")
    page.goto(f"file://{path}")
    return page


def test_the_index_is_open_to_all_on_a_phone_too(index):
    for width in (360, 1280):
        index.set_viewport_size({"width": width, "height": 800})
        assert violations(index) == []
        assert index.evaluate("document.documentElement.scrollWidth") <= width
        if width == 360:  # the list of areas below the map is no smaller than 12 px
            drawn = index.locator(".map img:visible").bounding_box()["width"]
            assert drawn / style.NARROW * style.PHONE >= 12


#: What people type, and what the one resolver makes of it.
TYPED = [
    "环县", "甘肃省环县", "庆阳市环县", "甘肃环县", "環縣", "huanxian", "Huan County", "621022",
    "lueyang", "略陽縣", "Jinggangshan City", "彭水县", "黔西南州", "贵州黔西南州", "沂源", "沙县",
    "甘肃省庆阳市环县", "梅列区", "宁冈县", "沂水縣",
]  # fmt: skip


def test_the_search_finds_what_the_resolver_finds(index, plan):
    names = plan.gazetteer().set_index("adcode")["name"]
    wrong = []
    for typed in TYPED:
        index.fill("#place", typed)
        first = index.locator("#found li strong")
        name = first.first.text_content() if first.count() else ""
        if name != names[lq.resolve_place(typed)]:
            wrong.append((typed, name))
    assert not wrong


#: Which of some texts the search shows nowhere in the plan.
NOT_FOUND = """all => all.filter((text) => {
  document.querySelector("#place").value = text;
  document.querySelector("#place").dispatchEvent(new Event("input"));
  return !document.querySelector("#found q") || !document.querySelector("#found").innerText;
})"""


def test_words_lead_into_the_plan_and_a_hit_to_its_county(index, found):
    index.fill("#place", "以工代赈")
    addresses = "all => all.map((it) => it.getAttribute('href'))"
    links = index.locator("#found a").evaluate_all(addresses)
    assert links == ["zh/plan.html#c03.h", "zh/plan.html#c03.s01", "zh/plan.html#c03.s02"]
    index.check("#lang-en")  # in which no plan was made
    assert index.locator("#found li").count() and not index.locator("#found a").count()
    index.check("#lang-zh")
    for typed in ("沂蒙", "沂蒙革命老区"):
        index.fill("#place", typed)
        assert index.locator("#found li strong").first.text_content() == "沂蒙"
    asked = [*"的持茶", *(text[at:] for _, _, text in found["text"] for at in (0, -9))]
    assert index.evaluate(NOT_FOUND, [text for text in asked if re.search(r"\w", text)]) == []
    index.fill("#place", "无此县")
    assert label("find.none", "zh").split("：")[0].split("“")[0] in index.inner_text("#found")
    assert "列名无此县" not in index.inner_text("#found")
    index.fill("#place", "靖西市")
    index.click('#found a[href="#card-451081"]')
    entry = index.locator("#card-451081")
    entry.wait_for(state="visible")
    assert "靖西市" in entry.inner_text()


def test_the_reader_s_language_comes_first(index):
    assert "Page" in index.evaluate("document.querySelector('#yimeng .forms').innerText")
    for lang, shown in (("en", True), ("zh", False)):
        index.check(f"#lang-{lang}")
        assert index.evaluate("document.documentElement.lang").startswith(lang)
        assert index.locator("h1 [lang=en]").is_visible() == shown
