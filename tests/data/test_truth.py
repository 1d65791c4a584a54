"""What the tables claim, against the text and against each other: one loop a table."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import laoqu as lq
from laoqu import paths

#: Words of a rendering that leave a list open, as 等 does.
OPEN = re.compile(r"such as|and other|or other|and similar", re.IGNORECASE)
#: Words in which 等 is no end of a list.
NOT_OPEN = re.compile("平等|高等|等级")
HAN = re.compile("[\u4e00-\u9fff]")
PRIMARY = ("instrument", "theme", "target_type", "clarity", "actor", "beneficiary")


@cache
def the_plan() -> lq.Plan:
    return lq.load()


@pytest.fixture
def plan() -> lq.Plan:
    return the_plan()


def table(name: str) -> pd.DataFrame:
    return the_plan().table(name)


def test_membership_claims_no_more_than_its_source(plan):
    wrong = []
    for row in plan.membership().itertuples():
        here = f"{row.region_id} {row.name}"
        from_plan = row.basis in ("box1", "plan_inferred")
        if from_plan != row.source.startswith("专栏"):
            wrong.append(f"{here}: {row.basis} with the source {row.source}")
        if from_plan and row.source_url:
            wrong.append(f"{here}: the plan has no address")
        if "shown as a place" in row.note and row.confidence == "high":
            wrong.append(f"{here}: {row.basis} is not high")
        if "without 全境" in row.note and row.confidence == "high":
            wrong.append(f"{here}: a whole prefecture that the source does not say")
    for row in plan.codebook("membership_basis").itertuples():
        if not row.definition:
            wrong.append(f"{row.code} has no definition")
    assert not wrong


def test_totals_say_how_they_are_known(plan):
    wrong = []
    counted = plan.regions()[["region_id", "documented", "low_confidence"]]
    for row in table("regions").merge(counted).itertuples():
        if row.total_basis == "printed":
            if str(row.official_total) not in row.total_source:
                wrong.append(f"{row.region_id}: its source does not print {row.official_total}")
            if not (row.total_url or "no address" in row.total_source):
                wrong.append(f"{row.region_id}: neither an address nor word that there is none")
        if row.total_basis == "derived" and "ours" not in row.total_source:
            wrong.append(f"{row.region_id}: derived, and not called ours")
        missing = row.official_total - row.documented - row.low_confidence
        for note in (row.note_zh, row.note_en):
            if row.documented < 0.9 * row.official_total and str(missing) not in note:
                wrong.append(f"{row.region_id}: {missing} counties without a source, not so {note}")
    assert not wrong


def test_a_city_that_a_source_names_is_in_the_area(plan):
    units = plan.gazetteer().set_index("adcode")
    mentions, reached = plan.mentions(), set(plan.reach()["via"])
    wrong = []
    for row in table("city_membership").itertuples():
        unit = units.loc[row.adcode]
        if unit[["level", "name", "province"]].tolist() != ["prefecture", row.name, row.province]:
            wrong.append(f"{row.adcode} is {unit['name']} in the gazetteer")
        named = mentions[(mentions["adcode"] == row.adcode) & mentions["recipient"]]
        for mention in named[named["level"] == "prefecture"].itertuples():
            if row.region_id not in mention.region_id.split(";"):
                wrong.append(f"{mention.mention_id}: {row.name} is not in {row.region_id}")
            if mention.mention_id not in reached:
                wrong.append(f"{mention.mention_id}: {row.name} reaches no area")
    assert not wrong
    assert "张家界市" in set(plan.mentions("湘鄂渝黔")["name"])


def test_unspecified_support_is_a_class_and_every_scheme_changes_something(plan):
    schemes = table("crosswalk_rz").pivot(index="code", columns="scheme", values="class")
    default = schemes.pop("default")
    assert default["S8"] == "U" and set(default.drop("S8")) == {"S", "E", "D", "X"}
    same = [name for name in schemes if schemes[name].equals(default)]
    assert not same
    assert set(schemes.loc["S8"]) == {"U", "S", "E", "D"}
    parents = plan.codebook("instrument").set_index("code")["parent"]
    assert parents.to_dict() == default.to_dict()


def test_examples_have_the_codes_that_the_rules_give_them(plan):
    """A rule and its example move together: no code differs from what the rules give away."""
    measures = plan.measures()
    wrong = []
    for row in table("exemplified").itertuples():
        here = measures[(measures["start"] <= row.start) & (measures["end"] >= row.end)]
        for measure, value in zip(here["measure_id"], here[row.variable], strict=True):
            if str(value).lower() != row.code.lower():
                wrong.append(f"{measure}: {row.variable} is {value}, {row.source} says {row.code}")
    assert not wrong


def test_objects_are_counted_as_printed(plan):
    mentions = plan.mentions()
    naming = {"etdz", "hitech_zone", "transition_zone", "bonded_zone", "agro_park", "eco_corridor"}
    naming |= {"county_seat_demo", "county_seat_transition", "eco_compensation", "eco_barrier"}
    wrong = []
    for row in plan.measures().itertuples():
        items = 1 + len(re.findall("[、，和与及]", row.quote))
        if not 1 <= row.n_objects <= items:
            wrong.append(f"{row.measure_id}: {row.n_objects} objects in {items} items")
        here = mentions[mentions["start"].between(row.start, row.end - 1)]
        named = here["role"].isin(naming).sum()
        if named and row.n_objects != named:
            wrong.append(f"{row.measure_id}: {named} things named, {row.n_objects} counted")
    assert not wrong


def test_every_ruling_says_who_decided_and_fits_the_codes(plan):
    rulings = table("adjudications")
    codes = plan.codings("adjudicated").set_index("measure_id")
    first = rulings[(rulings["by"] == "adjudication") & rulings["variable"].isin(PRIMARY)]
    assert (first["adjudicated"] == first["pass1"]).all(), "data/README.md says all went to pass 1"
    assert len(first) == 5
    wrong = []
    for row in rulings[rulings["by"] == "review"].itertuples():
        value = codes.loc[row.measure_id, row.variable]
        value = ";".join(value) if isinstance(value, tuple) else str(value)
        if value != row.adjudicated or not row.rule or len(row.reason) < 12:
            wrong.append(f"{row.measure_id} {row.variable}: {value}, ruled {row.adjudicated}")
    assert not wrong


def test_a_measure_can_stand_alone_and_is_counted_once(plan):
    measures = plan.measures().set_index("measure_id")
    text, wrong = plan.document.canonical, []
    for row in measures.itertuples():
        leads = not pd.isna(row.lead_start)
        if (row.head_source or row.quote.startswith(("以及", "并"))) and not leads:
            wrong.append(f"{row.Index}: no words give it its subject")
        if leads:
            unit = plan.document.unit(row.unit_id)
            if not unit.start <= row.lead_start < row.lead_end <= row.start:
                wrong.append(f"{row.Index}: its lead is not earlier in its sentence")
            if not row.sentence_zh.startswith(text[row.lead_start : row.lead_end]):
                wrong.append(f"{row.Index}: {row.sentence_zh}")
        if row.quote.rstrip("，。").removeprefix("以及") not in row.sentence_zh:
            wrong.append(f"{row.Index}: its words are not in {row.sentence_zh}")
        one_verb = row.head_source and not row.head_inner
        if one_verb and row.strength != measures.loc[row.head_source, "strength"]:
            wrong.append(f"{row.Index}: one verb over two lists, two strengths")
        if row.same_as and row.short_zh != measures.loc[row.same_as, "short_zh"]:
            wrong.append(f"{row.Index}: says the same as {row.same_as} under another label")
    assert not wrong


def test_renderings_keep_open_lists_open_and_labels_short(plan):
    wrong, seen = [], {}
    for row in plan.measures().itertuples():
        if "等" in NOT_OPEN.sub("", row.quote) and not OPEN.search(row.content_en):
            wrong.append(f"{row.measure_id}: 等 is closed in {row.content_en!r}")
        if len(HAN.findall(row.short_zh)) > 14 or len(row.short_en.split()) > 8:
            wrong.append(f"{row.measure_id}: a long label: {row.short_zh} / {row.short_en}")
        for label in (row.short_zh, row.short_en):
            if not row.same_as and seen.setdefault(label, row.measure_id) != row.measure_id:
                wrong.append(f"{row.measure_id}: {label!r} is also the label of {seen[label]}")
    assert not wrong


def test_conditions_say_what_they_limit(plan):
    scopes = table("scopes")
    others = scopes[scopes["condition_on"].isin(["persons", "firms", "quotas", "funds", "sites"])]
    reached = plan.reach()
    unsure = reached[reached["conditional"] & reached["scope_id"].isin(others["scope_id"])]
    assert unsure.empty
    of_measures = plan.measures().set_index("measure_id")["condition_on"]
    assert of_measures["c06.s04.m5"] == "persons" and of_measures["c14.s03.m2"] == "firms"


def test_lists_that_name_places_are_open_where_they_end_in_deng(plan):
    mentions = plan.mentions()
    in_mentions = set(mentions.loc[mentions["recipient"] & mentions["list_open"], "unit_id"])
    scopes = table("scopes")
    assert in_mentions <= set(scopes.loc[scopes["list_open"], "unit_id"])


def test_absences_show_what_is_near(plan):
    text, wrong = plan.document.canonical, []
    for row in table("absences").itertuples():
        if gone := [word for word in row.near.split("|") if word and word not in text]:
            wrong.append(f"{row.absence_id}: there is no {gone}")
    for row in table("references").itertuples():
        if row.kind != "self" and row.title not in text:
            wrong.append(f"{row.unit_id}: {row.title} is no printed title")
    assert not wrong


def test_documents_promise_no_validity():
    wrong = []
    for name in ("data/README.md", "data/datapackage.json", "docs/coding_rules.md"):
        text = (paths.checkout() / Path(name)).read_text("utf-8")
        wrong += [(name, word) for word in re.findall(r"independent|reliab|determinis", text)]
    assert not wrong


def test_codebook_says_the_same_in_both_languages():
    codebook, wrong = table("codebook"), []
    for row in codebook.itertuples():
        for name in ("definition", "include", "exclude"):
            en, zh = getattr(row, name), getattr(row, f"{name}_zh")
            codes = [set(re.findall(r"→ .*?([A-Z]\d+)", text)) for text in (en, zh)]
            if bool(en) != bool(zh) or (en and codes[0] != codes[1]):
                wrong.append(f"{row.variable} {row.code} {name}: {codes}")
    assert not wrong


def test_coding_rules_give_the_same_examples_and_codes_in_both_languages():
    example = re.compile(r"`([cb]\d+\.s\d+:[^`]+)`(?:→(?:n_objects=|[a-z_]+=)?([A-Z]?\d+|[a-z]+))?")
    found = []
    for name in ("coding_rules.md", "coding_rules.zh.md"):
        text = re.sub(r"\s+", "", (paths.checkout() / "docs" / name).read_text("utf-8"))
        found.append((sorted(example.findall(text)), re.findall(r"##(R\d+)", text)))
    assert len(found[0][0]) > 180
    assert found[0] == found[1]


def test_every_token_stands_in_the_text_under_a_listed_form(plan):
    forms = table("term_synonyms").set_index("variant")["term"]
    concepts = table("terms").set_index("term")["concept"]
    tokens, stops = table("tokens"), set(table("term_stops")["stop"])
    wrong = []
    for row in tokens.itertuples():
        unit = plan.document.unit(row.unit_id)
        if plan.document.canonical[row.start : row.end] != row.quote:
            wrong.append(f"{row.start}: {row.quote} does not stand there")
        if forms.get(row.quote, row.quote) != row.term or concepts[row.term] != row.concept:
            wrong.append(f"{row.start}: {row.quote} is no form of {row.term}, {row.concept}")
        if unit.kind != "sentence" or not unit.start <= row.start < row.end <= unit.end:
            wrong.append(f"{row.start}: {row.quote} is outside its sentence")
    assert not wrong
    assert set(tokens["term"]) == set(concepts.index)
    assert not stops & set(tokens["term"])
    assert (tokens["start"].iloc[1:].to_numpy() >= tokens["end"].iloc[:-1].to_numpy()).all()


def test_every_term_has_an_english_gloss_of_its_own():
    glosses = [*table("terms")["gloss_en"], *table("term_stops")["gloss_en"]]
    assert not [gloss for gloss in glosses if HAN.search(gloss) or not re.search("[a-z]", gloss)]
    listed = table("terms")
    assert listed.loc[listed["term"] == listed["concept"], "gloss_en"].is_unique
    assert not set(listed["term"]) & set(table("regions")["name_zh"])
