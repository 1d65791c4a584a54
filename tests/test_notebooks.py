"""Notebooks 05 to 07: every number printed is a cell of a table that they write."""

from __future__ import annotations

import ast
import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

import laoqu as lq
from laoqu import paths
from laoqu.figures.style import Drawn
from laoqu.publication import files
from laoqu.tables import Block

NOTEBOOKS = ("05_comparison", "06_methods_pmc_coword", "07_treatment")
#: What a display was made from: its numbers are looked up in these tables and nowhere else.
SOURCES = {
    "exposures": ["exposures"],
    "robustness": ["stated"],
    "breakdown": ["exposures_by_class"],
    "strength": ["strength_by_clarity"],
    "binding": ["proportions", "specifics"],
    "proportions": ["proportions", "specifics"],
    "binding-areas": ["proportions_by_area", "strengths_by_area"],
    "attention": ["totals", "attention_breadth"],
    "breadth": ["attention_breadth", "attention_nicheness"],
    "distinctiveness": ["attention_log_odds"],
    "similarity": ["attention_similarity"],
    "concentration": ["concentration_gini_hhi"],
    "channels": ["key_county_channels"],
    "instrument-by-theme": ["instrument_by_theme", "instrument_by_theme_within",
                            "instrument_by_theme_summary", "instrument_by_theme_within_summary"],
    "instrument-class-by-scope": ["class_by_scope", "class_by_scope_within",
                                  "class_by_scope_summary", "class_by_scope_within_summary"],
    "structural-zeros": ["structural_zeros"],
    "fit": ["theme_coverage", "theme_fit"],
    "orphans-goal": ["orphans"],
    "pmc-panel": ["pmc_index", "pmc_table"],
    "pmc-variables": ["pmc_variables", "pmc_variables_graded", "pmc_index", "pmc_index_graded"],
    "pmc-cells": ["pmc_table", "pmc_scores", "pmc_evidence"],
    "pmc-agreement": ["pmc_agreement"],
    "pmc-grades": ["pmc_grades"],
    "pmc-robustness": ["pmc_index", "pmc_index_graded", "pmc_drop_one", "pmc_weights"],
    "pmc-surface": ["pmc_variables"],
    "pmc-areas": ["pmc_areas_variables", "pmc_areas_weights", "pmc_areas_chance"],
    "coword-links": ["coword_pairs"],
    "coword-network": ["coword_variants"],
    "coword-clusters": ["coword_clusters", "coword_redraws"],
    "coword-strategic": ["coword_clusters"],
    "coword-variants": ["coword_variants"],
    "treatment-statuses": ["treatment_counts"],
    "treatment-simulated": ["treatment_simulated"],
    "treatment-hidden": ["treatment_by_share", "treatment_case"],
    "treatment-estimators": ["stated"],
}  # fmt: skip
#: Figures whose finding counts what the block beside them states.
BESIDE = {"proportions": "binding", "pmc-panel": "pmc-variables", "coword-network": "coword-links",
          "coword-strategic": "coword-clusters"}  # fmt: skip
#: Displays that are frames, in the order of the notebook; the last is the list of files.
FRAMES = {
    "05_comparison": ["strengths_by_theme", "class_by_scope_by_theme", "orphans"],
    "06_methods_pmc_coword": ["pmc_rulings", "coword_sentences"],
    "07_treatment": ["treatment_evidence", "treatment_all_counties", "treatment_case",
                     "treatment_dates", "treatment_by_area", "treatment_interaction",
                     "treatment_join", "treatment_note"],
}  # fmt: skip
#: Numbers that are no results: clauses and boxes, years, the scales, what a method was set to.
CONVENTIONS = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"|clause \d+|[Bb]ox \d+|et al\. \d{4}|\bdoi:\S+|95 ?%|9,999|1,000 redraws|1/HHI"
    r"|strength 1 to 5"
    r"|\(1 \+ number\)/\(9,999 \+ 1\)|\(1 to 5\)|in 5 % of the draws|p ≤ 0\.05|below 50%|below 5,"
    r"|at least 3 units|A 1 has|a 0 the|scores 0, 0\.5, 1|prior 10|\(X0\)|leaves? out 0"
)
#: Each frame with its rows, by id; the frame is kept so that its id stays its own.
PARSED = {}
#: Stated numbers that belong to one row.
OTHERS = re.compile("|".join([*lq.load().region_ids, r"^X\d+_"]))
#: Ids and codes (c06.s01.m1, T03, ruiz2011, AC1) begin with a letter.
IDS = re.compile(r"[^\W\d_][\w.]*\d\w*")
NUMBER = re.compile(r"(< ?)?([−-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)( ?%)?")


def run(name):
    """Run the cells in this process; return what each displays."""
    cells = nbformat.read(paths.notebooks() / f"{name}.ipynb", as_version=4).cells
    space, shown = {}, []
    for cell in cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), space)
            if last:
                value = eval(compile(ast.Expression(last.value), name, "eval"), space)
                shown.append(value)
    return shown


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """All of them, run here and at the same time in a process with another hash seed."""
    here, there = (tmp_path_factory.mktemp(name) for name in ("here", "there"))
    code = f"import test_notebooks as t; [t.run(name) for name in {NOTEBOOKS}]"
    path = os.pathsep.join([str(paths.checkout()), str(paths.checkout() / "tests")])
    env = {**os.environ, "LAOQU_OUTPUTS": str(there), "PYTHONHASHSEED": "7", "PYTHONPATH": path}
    other = subprocess.Popen([sys.executable, "-c", code], env=env)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAOQU_OUTPUTS", str(here))
        shown = {name: run(name) for name in NOTEBOOKS}
    assert other.wait() == 0
    return shown, here / "notebooks", there / "notebooks"


def read(folder):
    found = {}
    for path in sorted(folder.glob("tables/*.csv")):
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
        found[path.stem] = frame
    return found


@pytest.fixture(scope="session")
def known(runs):
    """Return the words for ids, and the tables of each notebook."""
    plan = lq.load()
    words = dict(zip(plan.regions()["label_en"], plan.regions()["region_id"], strict=True))
    for row in plan.codebook().itertuples():
        words.setdefault(row.label_en, row.code)
    words |= {f"{code} {text}": code for text, code in list(words.items())}
    terms = plan.table("terms")
    words |= dict(zip(terms["gloss_en"], terms["term"], strict=True))
    table = plan.table("pmc_table")
    words |= {f"{row.variable} {row.variable_en}": row.variable for row in table.itertuples()}
    return words, {name: read(runs[1] / name) for name in NOTEBOOKS}


def is_cell(less, token, percent, cells, shares_too=False):
    """Whether a printed number is one of the cells, under the rounding shown."""
    digits = len(token.partition(".")[2])
    if less:
        return any(cell < float(token) for cell in cells)
    scales = (100, 1) if percent and shares_too else (100,) if percent else (1,)
    return any(f"{cell * scale:.{digits}f}" == token for cell in cells for scale in scales)


def numbers(text, strings=()):
    """Yield the numbers of a text that are neither ids nor conventions nor quoted cells."""
    for string in strings:
        text = text.replace(string, " ")
    text = re.sub("“[^”]*”", " ", text)
    text = IDS.sub(" ", CONVENTIONS.sub(" ", text))
    for less, token, percent in NUMBER.findall(text):
        # An en dash between numbers is a range; a minus is U+2212 or stands by itself.
        if token not in ("", "-", "−"):
            yield bool(less), token.replace(",", "").replace("−", "-"), bool(percent)


def strings_of(frames):
    found = set()
    for frame in frames:
        for column in frame.select_dtypes(["str", "object"]):
            found |= {text for text in frame[column].dropna() if re.search(r"\d", str(text))}
    return sorted((text for text in found if isinstance(text, str) and not is_text_number(text)),
                  key=len, reverse=True)  # fmt: skip


def is_text_number(text):
    return re.fullmatch(r"[\d.,–% -]+", text) is not None


def rows_of(frame):
    """Return the cells of each row as texts and as numbers."""
    if id(frame) not in PARSED:
        found = []
        for row in frame.astype("object").itertuples(index=False):
            values = pd.to_numeric(pd.Series(row), errors="coerce").dropna()
            found.append(({str(cell) for cell in row}, set(values.astype(float))))
        PARSED[id(frame)] = frame, found
    return PARSED[id(frame)][1]


def cells_of(frames, ids=()):
    """Return the numbers of the rows that have all of the `ids` that their table knows."""
    kept, found = [], False
    for rows in map(rows_of, frames):
        here = [name for name in ids if any(name in texts for texts, _ in rows)]
        found |= bool(here)
        kept.append((here, rows))
    return {
        value
        for here, rows in kept
        if here or not found
        for texts, values in rows
        if texts.issuperset(here)
        for value in values
    }


def key(shown):
    return shown.anchor if isinstance(shown, Block) else shown.name.replace("_", "-")


def unfounded(shown, tables, words):
    """Return the numbers that a block or figure prints and that no table of its own has."""
    name = key(shown)
    sources = [tables[each] for each in SOURCES[name]]
    stated = tables["stated"]
    stated = stated[stated["block"] == BESIDE.get(name, name)]
    strings = strings_of(sources)
    if isinstance(shown, Drawn):
        everything = cells_of([*sources, stated, shown.data])
        texts = [shown.alt]
    else:
        # What words state of a whole table stands in a summary of one row or is stated.
        everything = cells_of([each for each in sources if len(each) == 1] + [stated])
        texts = [shown.title, shown.lead, shown.note, *shown.items]
    missing = [
        token for text in texts for less, token, percent in numbers(text, strings)
        if not is_cell(less, token, percent, everything, shares_too=True)
    ]  # fmt: skip
    for row in getattr(shown, "rows", ()):
        ids = row_ids(row, words)
        # What is stated of another row does not count for this one.
        own = [not OTHERS.search(key) or any(i in key for i in ids) for key in stated["name"]]
        for head, cell in zip(shown.columns, row, strict=True):
            if cell not in words:
                here = [*ids, words[head]] if head in words else ids
                found = cells_of(sources, here) | cells_of([stated[own]])
                missing += [
                    token for less, token, percent in numbers(cell, strings)
                    if not is_cell(less, token, percent, found)
                ]  # fmt: skip
    return missing


def row_ids(row, words):
    if re.fullmatch(r"X\d+\.\d+", row[0]):
        return [row[0]]
    parts = [part for cell in row for part in {cell, *re.split(" – | and ", cell)}]
    return [words[part] for part in parts if part in words]


def unfounded_frame(frame, table, words):
    """Return the numbers that a frame prints and that the rows of its table do not have."""
    strings = strings_of([table])
    return [
        token
        for name, row in frame.iterrows()
        for less, token, percent in numbers(" ".join(map(str, row)), strings)
        if not is_cell(less, token, percent, cells_of([table], [words.get(name, name)]))
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_number_printed_is_a_cell_of_a_table_that_the_notebook_writes(name, runs, known):
    words, tables = known[0], known[1][name]
    shown = runs[0][name]
    found = {}
    for each in shown:
        if isinstance(each, (Block, Drawn)):
            found[key(each)] = unfounded(each, tables, words)
    frames = [each for each in shown if isinstance(each, pd.DataFrame)][:-1]
    for frame, source in zip(frames, FRAMES[name], strict=True):
        found[source] = unfounded_frame(frame, tables[source], words)
    assert {source: missing for source, missing in found.items() if missing} == {}


@pytest.mark.parametrize(
    ("name", "anchor", "right", "wrong"),
    [
        ("05_comparison", "exposures", "25 (13–41)", "24 (13–41)"),
        ("05_comparison", "exposures", "60 (30–95)", "60 (30–96)"),
        ("05_comparison", "robustness", "63", "62"),
        ("05_comparison", "strength", "151", "150"),
        ("05_comparison", "binding", "24.2%", "24.3%"),
        ("05_comparison", "breadth", "7.7", "7.8"),
        ("05_comparison", "distinctiveness", "2.31", "2.13"),
        ("05_comparison", "similarity", "0.81", "0.82"),
        ("05_comparison", "concentration", "0.0006", "0.0007"),
        ("05_comparison", "channels", "21", "22"),
        ("05_comparison", "instrument-by-theme", "14.9", "14.8"),
        ("05_comparison", "instrument-by-theme", "V = 0.66", "V = 0.65"),
        ("05_comparison", "fit", "F = 0.77", "F = 0.78"),
        ("06_methods_pmc_coword", "pmc-variables", "8.74", "8.73"),
        ("06_methods_pmc_coword", "pmc-grades", "7.74", "7.73"),
        ("06_methods_pmc_coword", "pmc-areas", "0.60–0.83", "0.60–0.84"),
        ("06_methods_pmc_coword", "coword-links", "97.0%", "97.1%"),
        ("06_methods_pmc_coword", "coword-links", "29 of 1,128", "31 of 1,128"),
        ("06_methods_pmc_coword", "coword-clusters", "21.2", "21.3"),
        ("06_methods_pmc_coword", "coword-variants", "0.86", "0.87"),
        ("07_treatment", "treatment-statuses", "428", "429"),
        ("07_treatment", "treatment-simulated", "0.50", "0.49"),
    ],
)
def test_a_wrong_number_is_found(name, anchor, right, wrong, runs, known):
    shown = next(each for each in runs[0][name] if isinstance(each, Block) and key(each) == anchor)
    rows = [[cell.replace(right, wrong) for cell in row] for row in shown.rows]
    planted = dataclasses.replace(
        shown, lead=shown.lead.replace(right, wrong), rows=tuple(map(tuple, rows))
    )
    assert planted != shown
    assert unfounded(planted, known[1][name], known[0])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_is_listed_is_what_is_written_and_every_figure_has_its_data(name, runs):
    folder, listed = runs[1] / name, runs[0][name][-1]
    wanted = {
        f"{row.folder}/{row.name}.{suffix}"
        for row in listed.rename_axis(None).itertuples(index=False)
        for suffix in row.files.split(", ")
    }
    assert wanted == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    for row in listed.to_dict("records"):
        data = pd.read_csv(folder / row["folder"] / f"{row['name']}.csv")
        assert len(data) == row["rows"] > 0
    drawn = {each.name for each in runs[0][name] if isinstance(each, Drawn)}
    assert drawn == {path.stem for path in folder.glob("figures/*.csv")}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_two_runs_give_the_same_bytes(name, runs):
    one, two = runs[1] / name, runs[2] / name
    assert {p.relative_to(one): p.read_bytes() for p in one.rglob("*") if p.is_file()} == {
        p.relative_to(two): p.read_bytes() for p in two.rglob("*") if p.is_file()
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_chinese_in_an_english_table_says_that_it_is(runs, name):
    blocks = [each for each in runs[0][name] if isinstance(each, Block)]
    assert blocks and {block.lang for block in blocks} == {"en"}
    for block in blocks:
        page = re.sub(r'<(q|span) lang="zh">.*?</\1>', "", block._repr_html_(), flags=re.DOTALL)
        found = re.search("[\u3400-\u9fff]+", re.sub(r"<[^>]*>", "", page))
        assert not found, (block.anchor, found)


def test_every_publication_block_is_told_its_language():
    for path in sorted((paths.PACKAGE / "publication").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Block":
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert given.get("lang") == "lang", f"{path.name}:{node.lineno}"


def test_long_evidence_is_folded(runs):
    blocks = [each for name in NOTEBOOKS for each in runs[0][name] if isinstance(each, Block)]
    folded = {block.anchor for block in blocks if block.folded}
    assert folded == {"pmc-cells"}  # 51 rows; what a notebook is about stays open


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("LAOQU_OUTPUTS", str(tmp_path))
    return tmp_path / "notebooks"


def test_files_of_an_earlier_run_do_not_stay(outputs):
    frame = pd.DataFrame({"a": [1.5]})
    files.write("x", {"one": frame, "two": frame})
    files.write("x", {"one": frame.set_index("a")}, blocks=[Block("b", values={"v": [1, 2]})])
    assert sorted(p.name for p in (outputs / "x" / "tables").iterdir()) == ["one.csv", "stated.csv"]
    assert (outputs / "x/tables/one.csv").read_text(encoding="utf-8") == "a\n1.5\n"
    assert (outputs / "x/tables/stated.csv").read_bytes() == b"block,name,value\nb,v,1\nb,v,2\n"
    assert [p.name for p in outputs.iterdir()] == ["x"]


def test_an_earlier_run_stays_until_the_new_one_stands(outputs, monkeypatch):
    files.write("x", {"one": pd.DataFrame({"a": [1]})})
    replace, moved = Path.replace, []

    def stuck(path, target):
        moved.append(path.name)
        if Path(target).name == "x" and not path.name.startswith(paths.REPLACED):
            raise PermissionError(13, "Permission denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", stuck)
    with pytest.raises(lq.OutputError, match="Permission denied"):
        files.write("x", {"two": pd.DataFrame({"a": [2]})})
    assert [p.name for p in (outputs / "x" / "tables").iterdir()] == ["one.csv"]
    assert [p.name for p in outputs.iterdir()] == ["x"]
    assert moved[0] == "x"  # moved aside, not taken away


def test_a_run_killed_between_two_moves_loses_nothing(outputs):
    files.write("x", {"one": pd.DataFrame({"a": [1]})})
    (outputs / "x").replace(outputs / f"{paths.REPLACED}x")
    with pytest.raises(ValueError, match="no plain data"), paths.replacing(outputs, "x"):
        raise ValueError("no plain data")
    assert (outputs / "x/tables/one.csv").is_file()
    assert [p.name for p in outputs.iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "表"])
def test_names_that_are_no_file_names_are_refused(outputs, name):
    frame = pd.DataFrame({"a": [1]})
    for given in ((name, {"a": frame}), ("x", {name: frame})):
        with pytest.raises(lq.ParameterError, match="cannot name a file"):
            files.write(*given)
    assert not outputs.exists()


def test_two_files_of_one_name_are_refused(outputs):
    with pytest.raises(lq.ParameterError, match="two files would have the name 'stated'"):
        files.write("x", {"stated": pd.DataFrame({"a": [1]})}, blocks=[Block("b")])


def test_a_folder_that_cannot_be_written_is_said(outputs):
    outputs.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(lq.OutputError, match="cannot write outputs/notebooks/x"):
        files.write("x", {"a": pd.DataFrame({"a": [1]})})
