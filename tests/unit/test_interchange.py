"""The collection for other programs, read back by readers that are not ours."""

import io
import os
import re
import shutil
import subprocess
import warnings
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas
import pandas as pd
import pyogrio
import pytest
from fixture import PLAN
from pyarrow import parquet
from pyrefiqda import RefiProject

import laoqu as lq
from laoqu import interchange, sheets
from laoqu.analysis.exporting import put
from laoqu.cli import main

TABLES = interchange.tables(PLAN)
MEASURES = PLAN.measures()


@pytest.fixture(scope="module")
def files():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Stata's names and limits
        return interchange.files(PLAN)


@pytest.fixture(scope="module")
def folder(files, tmp_path_factory):
    return put(tmp_path_factory.mktemp("interchange") / "all", files)


def test_every_table_comes_back_from_every_format_with_its_rows(folder):
    assert {"measures", "coded_measures", "codings", "membership", "gazetteer"} < set(TABLES)
    for name, table in TABLES.items():
        rows = len(table.frame)
        text = pd.read_csv(folder / f"csv/{name}.csv", dtype=str, keep_default_na=False)
        assert len(text) == rows
        assert set(table.frame) <= set(text)
        assert parquet.read_table(folder / f"parquet/{name}.parquet").num_rows == rows
        with pd.read_stata(folder / f"stata/{name}.dta", iterator=True) as stata:
            labels = stata.variable_labels()
            assert len(stata.read()) == rows
        assert len(labels) == table.frame.shape[1]
        assert all(0 < len(label) <= 80 for label in labels.values())
        assert all(re.fullmatch(r"[a-z_][a-z_0-9]{0,31}", column) for column in labels)


def test_measures_and_codes_are_the_same_in_every_format(folder):
    book = PLAN.codebook("theme").set_index("code")
    text = pd.read_csv(folder / "csv/coded_measures.csv", dtype=str, keep_default_na=False)
    typed = pd.read_parquet(folder / "parquet/coded_measures.parquet")
    stata = pd.read_stata(folder / "stata/coded_measures.dta")
    numbers = pd.read_stata(folder / "stata/coded_measures.dta", convert_categoricals=False)
    assert len(MEASURES) == 223
    shown = MEASURES["theme"] + " " + MEASURES["theme"].map(book["label_zh"])
    for found, expected in {
        "quote": (text, typed, stata), "start": (typed, stata), "theme": (text, typed),
    }.items():  # fmt: skip
        for table in expected:
            assert table[found].tolist() == MEASURES[found].tolist()
    assert stata["end_"].tolist() == MEASURES["end"].tolist()
    assert [tuple(codes) for codes in typed["theme_more"]] == MEASURES["theme_more"].tolist()
    # 107 measures have no inner head: missing, not 0.
    for missing in (typed["strength_inner"].isna(), stata["strength_inner"].isna(),
                    text["strength_inner"].eq(""), MEASURES["strength_inner"].isna()):  # fmt: skip
        assert missing.sum() == 107
    for lang in ("zh", "en"):
        expected = text["theme"].map(book[f"label_{lang}"])
        assert text[f"theme_label_{lang}"].tolist() == expected.tolist()
    assert stata["theme"].astype(str).tolist() == shown.tolist()
    assert numbers["theme"].between(1, len(book)).all()
    assert numbers["strength"].tolist() == MEASURES["strength"].tolist()
    assert numbers["funding_named"].tolist() == MEASURES["funding_named"].astype(int).tolist()
    assert set(stata["funding_named"]) == {"是 yes", "否 no"}


def test_no_cell_is_a_formula_and_excel_gets_its_mark(folder):
    for path in (folder / "csv").iterdir():
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert not table.map(lambda cell: bool(re.match(r"[=+@-](?!\d)", cell))).any(axis=None)
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
    marked = interchange._csv(TABLES["measures"], PLAN.codebook(), "utf-8-sig")
    assert marked == b"\xef\xbb\xbf" + (folder / "csv/measures.csv").read_bytes()


def test_the_same_collection_gives_the_same_bytes(files):
    again = lq.load()
    assert interchange.qdpx(again) == files["laoqu.qdpx"]
    assert interchange.geopackage(again) == files["laoqu.gpkg"]
    for name in ("mentions", "coded_measures"):
        table = interchange.tables(again)[name]
        assert interchange._parquet(table) == files[f"parquet/{name}.parquet"]
        assert interchange._stata(table, again.codebook()) == files[f"stata/{name}.dta"]


def test_another_reader_finds_the_coded_words_in_the_qda_project(folder, tmp_path):
    project = RefiProject.load(folder / "laoqu.qdpx", extract_dir=tmp_path)
    assert project.users.user[0].name.endswith("no person has coded")
    codes = {}
    for above in project.code_book.codes.code:
        assert not above.is_codable
        codes |= {code.guid: (above.name, code.name.split()[0]) for code in above.code}
    found, texts = {}, []
    for source in project.sources.text_source:
        path = RefiProject.resolve_source_path(source.plain_text_path, tmp_path)
        texts.append(path.read_bytes().decode("utf-8"))
        for part in source.plain_text_selection:
            words = texts[-1][part.start_position : part.end_position]
            marks = {codes[coding.code_ref.target_guid] for coding in part.coding}
            found[part.name] = words, marks
    assert "".join(texts) == PLAN.document.canonical
    assert not re.search(r"\s", "".join(texts))  # no line end that a program could count anew
    for rows, key in ((MEASURES, "measure_id"), (PLAN.scopes(), "scope_id"),
                      (PLAN.table("mentions"), "mention_id")):  # fmt: skip
        quotes = rows.set_index(key)["quote"].to_dict()
        assert {id: found[id][0] for id in rows[key]} == quotes
    assert len(found) == 223 + 146 + 283
    for row in MEASURES.itertuples():
        marks = found[row.measure_id][1]
        assert {("theme", row.theme), ("strength", str(row.strength_outer))} <= marks
        assert {("theme", code) for code in row.theme_more} <= marks
        assert (("funding_named", "true") in marks) == row.funding_named


#: What may stand in an element and in which order, as the standard's schema has it.
CHILDREN = {
    "Project": ["Users", "CodeBook", "Sources", "Description"],
    "Users": ["User"], "User": [], "CodeBook": ["Codes"], "Codes": ["Code"],
    "Code": ["Description", "Code"], "Sources": ["TextSource"],
    "TextSource": ["PlainTextSelection"], "PlainTextSelection": ["Description", "Coding"],
    "Coding": ["CodeRef"], "CodeRef": [], "Description": [],
}  # fmt: skip


def test_the_qda_project_is_built_as_the_standard_says(files):
    package = zipfile.ZipFile(io.BytesIO(files["laoqu.qdpx"]))
    names = package.namelist()
    root = ET.fromstring(package.read("project.qde"))
    space = "{urn:QDA-XML:project:1.0}"
    guids = []
    for element in root.iter():
        tags = [child.tag.removeprefix(space) for child in element]
        allowed = CHILDREN[element.tag.removeprefix(space)]
        assert set(tags) <= set(allowed)
        assert tags == sorted(tags, key=allowed.index)
        for name, value in element.attrib.items():
            if "guid" in name.lower():
                assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value)
        guids += [element.attrib["guid"]] if "guid" in element.attrib else []
    assert len(set(guids)) == len(guids)
    targets = {each.attrib["targetGUID"] for each in root.iter(f"{space}CodeRef")}
    assert targets <= set(guids)
    sources = [each.attrib["plainTextPath"] for each in root.iter(f"{space}TextSource")]
    assert [f"sources/{path.removeprefix('internal://')}" for path in sources] == names[1:]


def test_layers_of_the_geopackage(folder):
    path = folder / "laoqu.gpkg"
    kinds = dict(pyogrio.list_layers(path))
    assert kinds == {"areas": "MultiPolygon", "counties": "MultiPolygon", "named_places": "Point",
                     "outline": "MultiPolygon", "maritime": "LineString"}  # fmt: skip
    layers = {name: geopandas.read_file(path, layer=name) for name in kinds}
    assert {str(layer.crs) for layer in layers.values()} == {"EPSG:4326"}
    assert sorted(layers["areas"]["region_id"]) == sorted(PLAN.region_ids)
    assert layers["areas"].set_index("region_id").at["dabieshan", "documented"] == 63
    assert len(layers["counties"]) == len(PLAN.counties())
    named = layers["named_places"]
    levels = PLAN.mentions()["level"].isin(["county", "prefecture"])
    assert len(named) == levels.sum()
    assert named.geometry.notna().all()
    inside = geopandas.sjoin(named, layers["counties"][["adcode", "geometry"]], predicate="within")
    county = inside["level"].eq("county")
    assert (inside["adcode_left"] == inside["adcode_right"])[county].all()
    assert (inside["adcode_left"].str[:4] == inside["adcode_right"].str[:4]).all()
    assert len(inside) == len(named)


def test_the_readme_says_how_to_cite_and_what_not_to_do(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    for words in (PLAN.source["title"], "human coding", "不求均值",
                  "| `coded_measures` | 223 |", "T07", "ordinal"):  # fmt: skip
        assert words in text
    for name in TABLES:
        assert f"| `{name}` |" in text


def test_a_folder_with_a_file_of_another_s_is_refused_at_once(tmp_path, capsys):
    target = put(tmp_path / "own", {"README.md": b"x"})
    (target / "mine.csv").write_text("mine", encoding="utf-8")
    assert main(["export", "all", "--to", str(target)]) == 2
    assert "holds mine.csv" in capsys.readouterr().err
    assert (target / "mine.csv").read_text(encoding="utf-8") == "mine"


R_SCRIPT = r"""
d <- haven::read_dta("stata/coded_measures.dta")
cat(nrow(d), sum(is.na(d$strength_inner)), attr(d$theme, "label"), "\n")
cat(as.character(haven::as_factor(d$theme))[1], "\n")
cat(d$quote[1], "\n")
for (layer in sf::st_layers("laoqu.gpkg")$name) {
  x <- sf::st_read("laoqu.gpkg", layer, quiet = TRUE)
  cat(layer, nrow(x), sf::st_crs(x)$epsg, "\n")
}
cat(nrow(read.csv("csv/coded_measures.csv", fileEncoding = "UTF-8")), "\n")
"""


def _has_r():
    check = 'q(status = !all(c("haven", "sf") %in% rownames(installed.packages())))'
    return bool(shutil.which("Rscript")) and not subprocess.run(["Rscript", "-e", check]).returncode


@pytest.mark.skipif(not _has_r(), reason="R with haven and sf is not installed")
def test_r_reads_tables_and_layers(folder: Path):
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["Rscript", "-e", R_SCRIPT]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    lines = [line.strip() for line in run.stdout.splitlines()]
    label = PLAN.codebook("theme").set_index("code").at[MEASURES["theme"][0], "label_zh"]
    assert lines[0] == "223 107 Primary theme."
    assert lines[1] == f"{MEASURES['theme'][0]} {label}"
    assert lines[2] == MEASURES["quote"][0]
    assert lines[3] == "areas 12 4326"
    assert lines[4] == f"counties {len(PLAN.counties())} 4326"
    assert lines[-1] == "223"


def test_the_readme_names_files_of_ones_own(tmp_path):
    own = tmp_path / "mine.csv"
    own.write_text("region,adcode\n沂蒙,370323\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="mine.csv"):
        plan = lq.load(membership=own)
    files = interchange.files(plan)
    assert b"membership mine.csv" in files["README.md"]
    readme = files["README.md"].decode()
    assert "County list: mine.csv; what it does not list is unknown" in readme
    assert "Not all counties of 赣闽粤、陕甘宁、" in readme
    reach = pd.read_csv(io.BytesIO(files["csv/reach.csv"]))
    assert set(reach.loc[reach["how"] == "place", "region_id"]) <= {"yimeng"}
    # Notes and a total that speak of the published counties are not exported beside others.
    areas = pd.read_csv(io.BytesIO(files["csv/regions.csv"]), keep_default_na=False)
    areas = areas.set_index("region_id")
    assert set(areas[["note_zh", "note_en"]].to_numpy().ravel()) == {""}
    assert areas.loc["zhexinan", ["official_total", "total_source"]].tolist() == [
        0, "as many as mine.csv has",
    ]  # fmt: skip
    sheet = tmp_path / "sheet.csv"
    coded = (
        PLAN.codings("adjudicated").drop(columns="coder").merge(MEASURES[["measure_id", "quote"]])
    )
    lists = {c: coded[c].map(";".join) for c in coded if c.endswith("_more")}
    sheet.write_bytes(sheets.csv_bytes(coded.assign(**lists)))
    assert "made them; check a sample" in files["README.md"].decode()
    assert qda_users(files) == [interchange.CODER]
    files = interchange.files(lq.load(coding=sheet))
    codings = pd.read_csv(io.BytesIO(files["csv/codings.csv"]), dtype="str")
    assert (codings["coder"] == "own").sum() == 223
    assert set(codings["funding_named"]) == {"true", "false"}
    # What a person has coded is not said to be the program's.
    readme = files["README.md"].decode()
    assert "human coding" not in readme and "of a file of your own, sheet.csv" in readme
    assert qda_users(files) == ["a file of the user, sheet.csv"]
    sheet.write_bytes(
        sheets.csv_bytes(coded.assign(**lists, theme=[None, None, *coded["theme"][2:]]))
    )
    with pytest.warns(
        UserWarning, match="sheet.csv: it leaves empty, of 223 measures, theme of 2:"
    ):
        files = interchange.files(lq.load(coding=sheet))
    said = "own, sheet.csv; it leaves empty, of 223 measures, theme of 2."
    assert said in files["README.md"].decode()


def qda_users(files):
    with zipfile.ZipFile(io.BytesIO(files["laoqu.qdpx"])) as package:
        return re.findall('<User [^>]*name="([^"]*)"', package.read("project.qde").decode())


def test_borders_of_ones_own_that_lack_counties_are_refused_by_the_layers(tmp_path):
    shapes = PLAN.counties()
    shapes[shapes["province"] == "山东省"].to_file(tmp_path / "half.gpkg")
    plan = lq.load(boundaries=tmp_path / "half.gpkg")
    with pytest.raises(
        lq.LaoquError, match=r"half.gpkg: no border for \d+ of \d+ counties: .* add"
    ):
        interchange.geopackage(plan)
