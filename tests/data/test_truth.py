"""What the tables claim, against the text and against each other."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
from fixture import PLAN

from laoqu import paths

#: Words of a rendering that leave a list open, as 等 does; words in which 等 is no end of a list.
OPEN = re.compile(r"such as|and other|or other|and similar", re.IGNORECASE)
NOT_OPEN = re.compile("平等|高等|等级")
HAN = re.compile("[\u4e00-\u9fff]")
PRIMARY = ("instrument", "theme", "target_type", "clarity", "actor", "beneficiary")

TEXT = PLAN.document.canonical
MEASURES, MENTIONS = PLAN.measures(), PLAN.mentions()
BY_ID = MEASURES.set_index("measure_id")
table = PLAN.table


def of_plan(row) -> bool:
    return row.basis in ("box1", "plan_inferred")


#: Addresses of those whose reports were read there.
PUBLISHERS = {
    "中新网": "chinanews.com", "央视网": "cctv.com", "山西新闻网": "sxrb.com",
    "长城网": "hebei.com.cn", "人民日报": "people.com.cn",
}  # fmt: skip


def published(row) -> bool:
    host = f".{(urlsplit(row.source_url).hostname or '').rstrip('.')}"
    return any(
        row.source.startswith(name) and host.endswith(f".{own}") for name, own in PUBLISHERS.items()
    )


def missing(row) -> str:
    return str(row.official_total - row.documented - row.low_confidence)


def leads(row) -> bool:
    return not pd.isna(row.lead_start)


def differs_in_chinese(row) -> bool:
    """Whether a definition is in one language only, or names other codes in the other."""
    for name in ("definition", "include", "exclude"):
        said = [getattr(row, name), getattr(row, f"{name}_zh")]
        codes = [set(re.findall(r"→ .*?([A-Z]\d+)", text)) for text in said]
        if bool(said[0]) != bool(said[1]) or codes[0] != codes[1]:
            return True
    return False


#: Of which rows, which of them are wrong, and why.
CLAIMS = [
    (PLAN.membership(), lambda r: of_plan(r) and r.source_url, "the plan has no address"),
    (PLAN.membership(), lambda r: r.confidence == "high" and "shown as a place" in r.note,
     "shown on a page is not high"),
    (PLAN.membership(), lambda r: r.confidence == "high" and "without 全境" in r.note,
     "a whole prefecture that the source does not say"),
    (PLAN.codebook("membership_basis"), lambda r: not r.definition, "no definition"),
    (PLAN.regions().query("total_basis == 'printed'"),
     lambda r: not (r.total_url or "no address" in r.total_source),
     "neither an address nor word that there is none"),
    (PLAN.regions().query("total_basis == 'derived'"), lambda r: "ours" not in r.total_source,
     "derived, and not called ours"),
    (PLAN.regions(), lambda r: (r.total_basis == "listed") != r.total_source.startswith("the doc"),
     "a total that is the documented list itself"),
    (PLAN.regions().query("total_basis == 'listed'"), lambda r: r.documented != r.official_total,
     "not the number of documented counties"),
    (pd.concat([PLAN.membership(), table("city_membership")]).query("source_url != ''"),
     lambda r: r.basis == "press" and not published(r), "read at another address: press_copy"),
    (pd.concat([PLAN.membership(), table("city_membership")]),
     lambda r: r.basis == "press_copy" and published(r), "the publisher's own address: press"),
    (PLAN.regions().query("documented < 0.9 * official_total"),
     lambda r: any(missing(r) not in note for note in (r.note_zh, r.note_en)),
     "a note does not say how many counties have no source"),
    (table("adjudications").query("by == 'review'"), lambda r: len(r.reason) < 12, "no reason"),
    (MEASURES, lambda r: (r.head_source or r.quote.startswith(("以及", "并"))) and not leads(r),
     "no words give it its subject"),
    (MEASURES[MEASURES["lead_start"].notna()],
     lambda r: not r.sentence_zh.startswith(TEXT[r.lead_start : r.lead_end]),
     "its lead does not begin the sentence that stands alone"),
    (MEASURES, lambda r: r.quote.rstrip("，").removeprefix("以及") not in r.sentence_zh,
     "its words are not in the sentence that stands alone"),
    (MEASURES, lambda r: any(part not in TEXT for part in r.sentence_zh.split("……")),
     "the sentence that stands alone has words or marks that the plan has not"),
    (MEASURES, lambda r: r.head_source and not r.head_inner
     and r.strength != BY_ID.loc[r.head_source, "strength"], "one verb, two strengths"),
    (MEASURES, lambda r: "等" in NOT_OPEN.sub("", r.quote) and not OPEN.search(r.content_en),
     "等 is closed in English"),
    (MEASURES, lambda r: len(HAN.findall(r.short_zh)) > 14 or len(r.short_en.split()) > 8,
     "a long label"),
    (table("absences"), lambda r: any(w not in TEXT for w in filter(None, r.near.split("|"))),
     "what is near does not stand in the text"),
    (table("references").query("kind != 'self'"), lambda r: r.title not in TEXT,
     "no printed title"),
    (table("codebook"), differs_in_chinese, "the two languages differ"),
]  # fmt: skip


def test_no_row_claims_more_than_it_may():
    wrong = [f"{row[1:4]}: {why}" for rows, bad, why in CLAIMS for row in rows.itertuples()
             if bad(row)]  # fmt: skip
    assert wrong == []


def test_no_two_measures_have_one_label():
    own = MEASURES[MEASURES["same_as"] == ""]
    for column in ("short_zh", "short_en"):
        assert [label for label, n in Counter(own[column]).items() if n > 1] == []


def test_a_city_that_a_source_names_is_in_the_area():
    reached = set(PLAN.reach()["via"])
    for row in table("city_membership").itertuples():
        named = MENTIONS[(MENTIONS["adcode"] == row.adcode) & MENTIONS["recipient"]]
        for mention in named[named["level"] == "prefecture"].itertuples():
            assert row.region_id in mention.region_id.split(";"), row.name
            assert mention.mention_id in reached, row.name
    assert "张家界市" in set(PLAN.mentions("湘鄂渝黔")["name"])


def test_unspecified_support_is_a_class_and_every_scheme_changes_something():
    schemes = table("crosswalk_rz").pivot(index="code", columns="scheme", values="class")
    default = schemes.pop("default")
    assert default["S8"] == "U" and set(default.drop("S8")) == {"S", "E", "D", "X"}
    assert not [name for name in schemes if schemes[name].equals(default)]
    assert set(schemes.loc["S8"]) == {"U", "S", "E", "D"}
    parents = PLAN.codebook("instrument").set_index("code")["parent"]
    assert parents.to_dict() == default.to_dict()


def test_the_first_rulings_all_went_to_pass_1_as_the_data_say():
    rulings = table("adjudications")
    first = rulings[(rulings["by"] == "adjudication") & rulings["variable"].isin(PRIMARY)]
    assert (first["adjudicated"] == first["pass1"]).all() and len(first) == 5


def test_conditions_say_what_they_limit_and_lists_that_end_in_deng_are_open():
    scopes, reached = table("scopes"), PLAN.reach()
    others = scopes[scopes["condition_on"].isin(["persons", "firms", "quotas", "funds", "sites"])]
    assert reached[reached["conditional"] & reached["scope_id"].isin(others["scope_id"])].empty
    assert BY_ID.loc["c06.s04.m5", "condition_on"] == "persons"
    assert BY_ID.loc["c14.s03.m2", "condition_on"] == "firms"
    open_ = MENTIONS.loc[MENTIONS["recipient"] & MENTIONS["list_open"], "unit_id"]
    assert set(open_) <= set(scopes.loc[scopes["list_open"], "unit_id"])


def test_documents_promise_no_validity_and_give_the_same_examples_in_both_languages():
    root = paths.checkout()
    for name in ("data/README.md", "data/datapackage.json", "docs/coding_rules.md"):
        text = (root / Path(name)).read_text("utf-8")
        assert re.findall(r"independent|reliab|determinis", text) == [], name
    example = re.compile(r"`([cb]\d+\.s\d+:[^`]+)`(?:→(?:n_objects=|[a-z_]+=)?([A-Z]?\d+|[a-z]+))?")
    found = []
    for name in ("coding_rules.md", "coding_rules.zh.md"):
        text = re.sub(r"\s+", "", (root / "docs" / name).read_text("utf-8"))
        found.append((sorted(example.findall(text)), re.findall(r"##(R\d+)", text)))
    assert len(found[0][0]) > 180
    assert found[0] == found[1]


def test_every_token_stands_in_its_sentence_under_a_listed_form_with_a_gloss():
    forms = table("term_synonyms").set_index("variant")["term"]
    terms, tokens, stops = table("terms"), table("tokens"), table("term_stops")
    concepts = terms.set_index("term")["concept"]
    for row in tokens.itertuples():
        unit = PLAN.document.unit(row.unit_id)
        assert TEXT[row.start : row.end] == row.quote, row
        assert (forms.get(row.quote, row.quote), concepts[row.term]) == (row.term, row.concept), row
        assert unit.kind == "sentence" and unit.start <= row.start < row.end <= unit.end, row
    assert set(tokens["term"]) == set(concepts.index)
    assert not set(stops["stop"]) & set(tokens["term"])
    assert (tokens["start"].iloc[1:].to_numpy() >= tokens["end"].iloc[:-1].to_numpy()).all()
    glosses = [*terms["gloss_en"], *stops["gloss_en"]]
    assert not [gloss for gloss in glosses if HAN.search(gloss) or not re.search("[a-z]", gloss)]
    assert terms.loc[terms["term"] == terms["concept"], "gloss_en"].is_unique
    assert not set(terms["term"]) & set(table("regions")["name_zh"])
