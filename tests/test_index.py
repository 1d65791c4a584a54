"""The index page: who is found by which name, what is drawn, and that its text stays small."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import shapely

import laoqu as lq
from laoqu import geo
from laoqu.batch import index as batch
from laoqu.forms import finder, made, overview, page


@pytest.fixture(scope="module")
def found(plan):
    return finder.index(plan)


def context(plan, runs=()):
    rows = [
        {
            "region_id": row.region_id, "name_zh": row.full_zh, "name_en": row.full_en,
            "documented": row.documented, "total": row.official_total, "values": ["1", "2 (1)"],
            "runs": [run for run in runs if run["region"] == row.region_id],
        }
        for row in plan.regions().itertuples()
    ]  # fmt: skip
    about = {"made": "2026-01-01T00:00:00+00:00", "version": "0", "sha": "abc"}
    return {"rows": rows, "numbers": ("named", "place"), **about}


def test_every_member_is_found_with_its_area_and_confidence(plan, found):
    known = {
        (place["n"], place["w"], region, basis)
        for place in found["places"]
        for region, basis in place["a"].items()
    }
    for row in plan.membership().itertuples():
        # 儋州 is a city without counties, itself of the second level.
        where = row.province + row.prefecture.removesuffix(row.name)
        assert (row.name, where, row.region_id, row.confidence) in known


def test_every_place_that_the_plan_means_is_found_with_its_clause(plan, found):
    known = {(name, clause) for it in found["places"] for name in (it["n"], it["s"], *it["o"])
             for clause in it["c"]}  # fmt: skip
    named = plan.mentions().query("recipient and level not in ['area', 'border_zone']")
    assert not {(row.printed, row.clause_id) for row in named.itertuples()} - known
    assert set(found["clauses"]["zh"]) == set(named["clause_id"])


def test_a_city_counts_its_documented_counties_only(plan, found):
    # 庆阳 has eight counties, all documented; 张家界 is named and has none documented.
    places = {place["n"]: place for place in found["places"]}
    assert places["庆阳市"]["a"] == {"shaanganning": 8}
    assert places["张家界市"]["a"] == {} and places["张家界市"]["c"] == ["c07"]
    assert places["三元区"]["o"] == ["三明市", "梅列区"]


def test_nothing_embedded_can_end_its_script():
    data = {"name": "</script><b>&\u2028"}
    text = finder.embedded(data)
    assert "<" not in text
    assert json.loads(text) == data


def drawn(path):
    """Read a path of `overview.path` back: its rings as absolute points."""
    assert re.fullmatch(r"(M-?\d+ -?\d+(l[-\d ]+)?z?)*", path)
    rings = []
    for part in path.split("M")[1:]:
        start, _, moves = part.rstrip("z").partition("l")
        steps = [re.findall(r"-?\d+", each) for each in (start, moves)]
        rings.append(np.cumsum(np.reshape([*steps[0], *steps[1]], (-1, 2)).astype(int), axis=0))
    return rings


def test_a_path_gives_its_points_back():
    shape = shapely.Polygon(
        [(0, 0), (8000, 0), (8000, 6000)], [[(4000, 2000), (6000, 2000), (6000, 3000)]]
    )
    rings = drawn(overview.path(shape))
    x, y = -overview.FRAME[0] / 2000, overview.FRAME[3] / 2000
    assert (rings[0] - [x, y]).tolist() == [[0, 0], [4, 0], [4, -3]]
    assert len(rings) == 2
    assert overview.path(shapely.Point(0, 0).buffer(10)).endswith("z")


def test_the_overview_keeps_islands_lines_and_areas(plan):
    shapes = overview.shapes(plan.regions(), plan.layers, plan.membership())
    assert len(drawn(shapes["maritime"])) == 10
    islands = sum(
        len(shapely.get_parts(each)) for each in geo.dissolve(plan.counties(), "province").geometry
    )
    assert len(drawn(shapes["provinces"])) >= islands
    width, height = shapes["size"]
    points = np.concatenate(drawn(shapes["provinces"] + shapes["maritime"]))
    assert (points >= 0).all() and (points <= [width, height]).all()
    assert [area["region_id"] for area in shapes["areas"]] == plan.region_ids
    unsure = {area["region_id"] for area in shapes["areas"] if not area["sure"]}
    assert unsure == {"xiangeyuqian", "taihang"}


def test_the_index_links_only_what_is_there(plan):
    run = {"region": "yimeng", "lang": "en", "status": "ok"}
    names = ("report.html", "report.pdf", "figures/map.svg", "values.json", "report.ipynb")
    run["outputs"] = [{"path": f"en/yimeng/{name}"} for name in names]
    failed = {"region": "taihang", "lang": "zh", "status": "failed", "error": "no <b>"}
    text = page.index(context(plan, [run, failed]), plan)
    links = set(re.findall(r'href="([^"#]+)"', text))
    assert links == {
        "en/yimeng/report.html", "en/yimeng/report.pdf", "en/yimeng/values.json",
        "en/yimeng/report.ipynb", "manifest.json",
    }  # fmt: skip
    assert text.count('<a class="area') == 2  # the area of the one report, in both languages
    assert text.count('<g class="area') == 22
    assert "no &lt;b&gt;" in text and "no <b>" not in text
    assert not page.OUTSIDE.search(text)


def card(adcode, lang, *files):
    name = f"{lang}/cards/{adcode}"
    outputs = [{"path": f"{name}/{file}"} for file in files]
    return {"name": name, "lang": lang, "status": "ok", "error": "", "outputs": outputs}


def test_cards_stand_by_province_in_the_order_of_codes(plan):
    runs = {
        "451081": [card("451081", "zh", "card.html", "card.docx", "values.json", "tables/a.csv")],
        "371311": [card("371311", lang, "card.pdf") for lang in ("zh", "en")],
        "110101": [card("110101", "en") | {"status": "failed"}],
    }
    found = made.cards(plan, runs)
    assert (found["n"], found["open"]) == (3, True)
    assert [each["en"] for each in found["provinces"]] == ["Beijing", "Shandong", "Guangxi"]
    failed, luozhuang, jingxi = (each["counties"][0] for each in found["provinces"])
    assert failed["forms"] == {}
    assert luozhuang["forms"]["en"] == ("en", [("pdf", "en/cards/371311/card.pdf")])
    chinese = [(kind, f"zh/cards/451081/card.{kind}") for kind in ("html", "docx")]
    assert jingxi["forms"] == {"zh": ("zh", chinese), "en": ("zh", chinese)}
    assert made.cards(plan, {})["n"] == 0


def test_the_manifest_gives_the_index_its_cards(plan):
    head = {"made": "2026-01-01", "laoqu": "0", "python": "3", "packages": {}}
    runs = [
        card("451081", "zh", "card.html") | {"recorded": {"seconds": 1}},
        card("110101", "en", "card.html") | {"recorded": {"seconds": 1}},
    ]
    text = batch.page(head | {"runs": runs}).decode()
    links = re.findall(r'href="([^"#]*card[^"#]*)"', text)
    assert links == ["en/cards/110101/card.html"] * 2 + ["zh/cards/451081/card.html"] * 2
    found = json.loads(re.search(r'id="places">(.*?)</script>', text)[1])["places"]
    by_code = {place["k"]: place for place in found}
    assert by_code["451081"]["d"]["en"] == [["html", "zh/cards/451081/card.html"]]
    # 东城区 is in no area and nowhere in the plan: only its card makes it known.
    assert (by_code["110101"]["a"], by_code["110101"]["c"]) == ({}, [])
    assert 'id="cards"' not in batch.page(head | {"runs": []}).decode()


def test_the_index_names_the_packages_when_it_is_told(plan):
    told = {"manifest": {"python": "3.13.0", "packages": {"pandas": "9.9"}}}
    assert "<dt>pandas</dt><dd>9.9</dd>" in page.index(context(plan) | told, plan)
    assert "<dt>pandas</dt>" not in page.index(context(plan))


def test_thin_spaces_stay_out_of_scripts_and_quotations():
    text = "<p>共5句</p><script>'共5句'</script><q lang='zh'>共5句</q>"
    assert page.spaced_text(text) == text.replace("<p>共5句", "<p>共\u20095\u2009句")


def test_a_plan_with_members_of_ones_own_is_searched(tmp_path, plan):
    members = plan.table("membership").query("region_id == 'yimeng'")
    members.to_csv(tmp_path / "mine.csv", index=False)
    mine = lq.load(membership=tmp_path / "mine.csv")
    areas = {region for it in finder.index(mine)["places"] for region in it["a"]}
    assert areas == {"yimeng"}
