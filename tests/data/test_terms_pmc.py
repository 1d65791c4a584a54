"""Term lists and PMC scores, row by row; what is damaged in them is reported."""

from __future__ import annotations

import pytest

import laoqu as lq


def test_every_token_stands_in_the_text_under_a_listed_form(plan):
    listed, forms = plan.table("terms"), plan.table("term_synonyms")
    stops = set(plan.table("term_stops")["stop"])
    of = dict(zip(forms["variant"], forms["term"], strict=True))
    concept = dict(zip(listed["term"], listed["concept"], strict=True))
    tokens = plan.table("tokens")
    for row in tokens.itertuples():
        assert plan.document.canonical[row.start : row.end] == row.quote
        assert of.get(row.quote, row.quote) == row.term
        assert concept[row.term] == row.concept
        unit = plan.document.unit(row.unit_id)
        assert unit.start <= row.start < row.end <= unit.end
        assert unit.kind == "sentence"
    assert set(tokens["term"]) == set(listed["term"])
    assert not stops & set(tokens["term"])
    assert (tokens["start"].iloc[1:].to_numpy() >= tokens["end"].iloc[:-1].to_numpy()).all()


def test_every_term_has_an_english_gloss_of_its_own(plan):
    for name in ("terms", "term_stops"):
        table = plan.table(name)
        assert table["gloss_en"].str.contains("[a-zA-Z]").all()
        assert not table["gloss_en"].str.contains("[一-鿿]").any()
    listed = plan.table("terms")
    heads = listed[listed["term"] == listed["concept"]]
    assert heads["gloss_en"].is_unique
    assert not set(listed["term"]) & set(plan.table("regions")["name_zh"])


def add_row(folder, file, row):
    """Put a row into its place in a sorted table."""
    path = folder / "curated" / f"{file}.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    key = sorted([*rows, row], key=lambda line: line.split(",")[0])
    path.write_text("\n".join([head, *key]) + "\n", encoding="utf-8", newline="")


def test_a_form_that_longer_ones_swallow_or_that_is_listed_twice_is_reported(plan, data_copy):
    # 县级 stands in the text, but only inside 县级医院 and longer forms.
    at = plan.document.find("县级医院")[0].start
    unit = plan.document.unit_at(at).unit_id
    add_row(data_copy, "term_stops", f"县级,county level,{unit},{at},{at + 2},县级,pass1,x")
    row = plan.table("terms").set_index("term").loc["旅游"]
    shown = f"旅游,tourism,{row.unit_id},{row.start},{row.end},{row.quote},pass1,x"
    add_row(data_copy, "term_stops", shown)
    found = lq.check(data_copy)
    assert any("never stands" in line for line in found)
    assert any("'旅游' is both a term and a stop word" in line for line in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "term_synonyms",
            "\n老区,革命老区,",
            "\n老区,革命老地区,",
            "is neither a term nor a stop word",
        ),
        ("terms", "\n中医院,医疗卫生,", "\n中医院,中医药,", "unknown code '中医药', not in terms"),
        ("terms", "\n中医院,医疗卫生,", "\n中医院,县级医院,", "is a concept and must be its own"),
        ("terms", "\n旅游,旅游,industry", "\n旅游,旅游,branch", "unknown value 'branch'"),
        ("pmc_scores", "X1.2,pass1,1,1,", "X1.2,pass1,1,0.7,", "a grade is 0, 0.5 or 1"),
        ("pmc_scores", "X1.2,pass1,1,1,", "X1.2,pass1,0,1,", "a grade is 0, 0.5 or 1"),
        ("pmc_scores", "税,2,", "税,3,", "the text has 2 matches, the row says 3"),
        ("pmc_scores", "X7.5,pass1,0,0,税,2,", "X7.5,pass1,0,0,,,", "needs the strings searched"),
        ("pmc_scores", "both stand in 综合保税区, the name of a zone", "", "need a reason"),
        ("pmc_scores", "X4.1,pass2,1,1,,,,\n", "", "X4.1 is coded by pass1, adjudicated alone"),
        ("pmc_scores", "X4.1,pass2,", "X4.9,pass2,", "unknown code 'X4.9', not in pmc_table"),
        ("pmc_evidence", "X4.2,pass1,c14.s04,6310", "X4.2,pass1,c14.s04,6311", "expected '新增"),
        ("pmc_rulings", "X9.4,0.5,1,0.5,", "X9.4,0.5,1,1,", "for X9.4 says 1.0, 0.5, 1.0"),
        ("pmc_rulings", "X9.4,", "X1.2,1,1,1,none\nX9.4,", "on which the passes agree"),
        ("pmc_grades", "ruiz2011,10,0,", "ruiz2011,10,1,", "ruiz2011 must have one m, begin at 0"),
        ("pmc_grades", "ruiz2011,10,7,", "ruiz2011,10,5,", "duplicate id 'ruiz2011, 5.0'"),
        ("pmc_grades", "m9_share,9,4.5,可接受", "m9_share,9,x,可接受", "expected a number"),
    ],
)
def test_damaged_lists_and_scores_without_ground_are_reported(damage, file, old, new, expected):
    found = damage(f"curated/{file}.csv", old, new)
    assert any(expected in line for line in found), found
