"""What is said of the collection comes from one declaration, which stands the standard's test."""

import re
import tomllib

import frictionless
import pytest
import yaml
from fixture import PLAN

from laoqu import metadata, paths

ROOT = paths.checkout()
PACKAGE = PLAN.package


def test_the_declaration_is_a_valid_data_package_and_a_wrong_cell_makes_it_invalid(data_copy):
    report = frictionless.validate(str(PLAN.folder / "datapackage.json"))
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])
    path = data_copy / "curated" / "membership.csv"
    path.write_text(path.read_text("utf-8").replace("dabieshan,34", "dabieshan,x", 1), "utf-8")
    assert not frictionless.validate(str(data_copy / "datapackage.json")).valid


def test_everything_declared_is_described_in_both_languages_and_sources_in_one():
    for each in PACKAGE["resources"]:
        for said in (each, *each.get("schema", {}).get("fields", [])):
            assert re.search("[a-z]", said["description"]), (each["name"], said["name"])
            assert re.search("[一-鿿]", said.get("laoqu:zh", "")), (each["name"], said["name"])
    sources = [*PLAN.membership()["source"], *PLAN.table("city_membership")["source"]]
    mixed = re.compile(r"[一-鿿].*[A-Za-z]{3,}")
    assert [source for source in sources if mixed.search(source.replace("wenlv678.com", ""))] == []


@pytest.mark.skipif(ROOT is None, reason="needs a checkout")
def test_files_of_the_checkout_say_what_is_declared():
    made = metadata.files(ROOT, PACKAGE)
    assert len(made) == 6
    assert [path.name for path, text in made.items() if path.read_text("utf-8") != text] == []
    bib = "\n".join(metadata.bibtex(PACKAGE))
    for name in ("README.md", "README.zh.md"):
        assert bib in made[ROOT / name]
        assert "\n".join(metadata.references(PACKAGE)) in made[ROOT / name]
    cff = yaml.safe_load(made[ROOT / "CITATION.cff"])
    assert (cff["title"], str(cff["version"])) == (PACKAGE["title"], PACKAGE["version"])
    for name, declared in PLAN._tables.declared.items():
        kept = re.search(rf"^\| `{name}.csv` .*\| (.*) \|$", made[ROOT / "data/README.md"], re.M)
        assert kept and kept[1] in ("", f"{len(PLAN.table(name)):,}"), name
        fields = [(each["name"], each["type"]) for each in declared["schema"]["fields"]]
        for text in (made[ROOT / "docs/dictionary.md"], made[ROOT / "docs/dictionary.zh.md"]):
            part = text.split(f"## {name}\n")[1].split("\n## ")[0]
            assert re.findall(r"^\| `(\w+)` \| (\w+)", part, re.M) == fields
    known = tomllib.loads((PLAN.folder / "raw" / "SOURCES.toml").read_text("utf-8"))["plan"]
    (plan,) = PACKAGE["sources"]
    assert (plan["title"], plan["laoqu:year"]) == (known["title"], known["year"])
    assert known["issuer"] in plan["laoqu:author"]
    assert known["title_en"] in plan["laoqu:notes"] and known["reported"] in plan["laoqu:notes"]
