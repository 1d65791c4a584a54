"""Names of places: known answers, refusals, and that nothing named in the text is missing."""

from __future__ import annotations

import pytest

import laoqu as lq
from laoqu import schema
from laoqu.places import AmbiguousName

GAZETTEER = schema.read("gazetteer").frame()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("彭水苗族土家族自治县", "500243"), ("彭水县", "500243"), ("彭水", "500243"),
        ("隆林县", "451031"), ("三都县", "522732"), ("黔西南州", "522300"), ("恩施州", "422800"),
        ("靖西", "451081"), ("济源", "419001"), ("仙桃市", "429004"), ("琼中", "469030"),
        ("内蒙古", "150000"), ("广西", "450000"), ("451081", "451081"), ("旬阳市", "610981"),
        (" 井冈山 ", "360881"), ("韶山", "430382"), ("新县", "411523"),
        ("阿坝州", "513200"), ("神农架林区", "429021"), ("大兴安岭地区", "232700"),
    ],
)  # fmt: skip
def test_full_and_short_names_lead_to_their_unit(name, code):
    found = lq.resolve_place(name)
    assert (found, found.note) == (code, "")


@pytest.mark.parametrize(
    ("name", "code", "note"),
    [
        ("靖西县", "451081", "靖西县 (451025) became 靖西市 (451081) in 2015"),
        ("旬阳县", "610981", "旬阳县 (610928) became 旬阳市 (610981) in 2021"),
        ("余江县", "360603", "余江县 (360622) became 余江区 (360603) in 2018"),
        ("彬县", "610482", "彬县 (610427) became 彬州市 (610482) in 2018"),
        ("梅列区", "350404", "梅列区 (350402) became 三元区 (350404) in 2021"),
        ("梅列", "350404", "梅列区 (350402) became 三元区 (350404) in 2021"),
        ("451025", "451081", "靖西县 (451025) became 靖西市 (451081) in 2015"),
        ("522229", "520628", "松桃苗族自治县 (522229) became 松桃苗族自治县 (520628) in 2011"),
        ("沙县", "350405", "沙县 (350427) became 沙县区 (350405) in 2021"),
        ("新泰县", "370982", "; since then 新泰市 (370982)"),
    ],
)
def test_a_name_or_code_of_another_year_resolves_with_a_note(name, code, note):
    found = lq.resolve_place(name)
    assert found == code
    assert note in found.note


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("陝西", "610000"), ("瀏陽", "430181"), ("鹽池縣", "640323"), ("３６０８８１", "360881"),
        ("靖 西", "451081"), ("豐寧滿族自治縣", "130826"),
    ],
)  # fmt: skip
def test_traditional_characters_and_wide_digits_are_understood(name, code):
    assert lq.resolve_place(name) == code


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("中山", ["210202", "442000"]), ("吉安", ["360800", "360821"]),
        ("恩施", ["422800", "422801"]), ("城区", ["140302", "140502", "441502"]),
        ("海南", ["460000"]), ("鼓楼区", ["320106", "320302", "350102", "410204"]),
    ],
)  # fmt: skip
def test_an_ambiguous_name_is_refused_with_the_candidates(name, candidates):
    with pytest.raises(AmbiguousName, match="is the name of several places") as caught:
        lq.resolve_place(name)
    assert isinstance(caught.value, lq.UnknownId)
    for code in candidates:
        assert any(code in text for text in caught.value.suggestions)


@pytest.mark.parametrize(
    ("name", "within", "level", "code"),
    [
        ("鼓楼区", "福州", None, "350102"), ("鼓楼区", "350100", None, "350102"),
        ("城区", "广东", None, "441502"), ("中山", "辽宁省", None, "210202"),
        ("恩施", None, "prefecture", "422800"), ("恩施", None, "county", "422801"),
        ("吉安", "江西", "county", "360821"), ("城区", "海陆丰", None, "441502"),
        ("新泰", "沂蒙革命老区", None, "370982"), ("三沙", "海南", None, "460300"),
    ],
)  # fmt: skip
def test_within_or_level_settles_it(name, within, level, code):
    assert lq.resolve_place(name, within=within, level=level) == code


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("中三", {}, "unknown place '中三'; nearest: "),
        ("", {}, "unknown place ''"),
        (7, {}, "a name or a code, as text"),
        ("吉安", {"level": "town"}, "unknown level 'town'; nearest: province"),
        ("朝阳", {"within": "湘赣边"}, "unknown place within 湘赣边 '朝阳'; nearest: 朝阳区"),
        ("长安", {"within": "天上"}, "unknown area '天上'"),
        ("鼓楼区", {"within": "甘肃"}, "unknown place within 甘肃"),
        ("吉利区", {}, "ended in 2021, successor not known"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused_with_a_reason(name, kwargs, message):
    with pytest.raises(lq.UnknownId) as caught:
        lq.resolve_place(name, **kwargs)
    assert message in str(caught.value)


def test_every_unit_answers_to_its_code_and_to_its_full_name():
    for unit in GAZETTEER.itertuples():
        assert lq.resolve_place(unit.adcode).name == unit.name
        try:
            assert lq.resolve_place(unit.name) == unit.adcode
        except AmbiguousName as error:
            assert any(unit.adcode in text for text in error.suggestions)


def test_every_county_of_the_membership_is_found_by_name_within_its_province(plan):
    for row in plan.membership().itertuples():
        assert lq.resolve_place(row.name, within=row.province) == row.adcode


def test_every_coded_mention_is_what_its_printed_form_resolves_to(plan):
    # The hand-made reading and the resolver are independent: they must meet wherever a printed
    # form, its province and its level leave one answer.
    coded = plan.mentions().query("level in ['province', 'prefecture', 'county'] and adcode != ''")
    checked = 0
    for row in coded.itertuples():
        within = row.province if row.level != "province" else None
        found = lq.resolve_place(row.printed, within=within, level=row.level)
        assert found == row.adcode, row.printed
        checked += 1
    assert checked == 181


def test_a_name_the_mentions_miss_is_reported(damage, data_copy):
    path = data_copy / "curated" / "mentions.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if ",韶山," not in line]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")
    assert any("'韶山' at 4934–4936 in c11.s02" in line for line in lq.check(data_copy))


def test_a_word_excused_too_often_or_too_seldom_is_reported(damage):
    found = damage("curated/not_names.csv", "资源,9", "资源,8")
    assert any("'资源' stands 9 times outside names" in line for line in found)


def test_a_damaged_gazetteer_is_said(data_copy):
    path = data_copy / "built" / "gazetteer.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",county,", ",conty,", 1), "utf-8")
    with pytest.raises(lq.DataError, match="unknown value 'conty'"):
        lq.load(data_copy).gazetteer()
    from laoqu.places import resolve_place

    with pytest.raises(lq.DataError, match="unknown value 'conty'"):
        resolve_place("靖西", folder=data_copy)
