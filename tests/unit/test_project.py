"""The repository itself: declared once, no trace of a machine, two commands."""

import ast
import re
import subprocess
import tomllib

import nbformat
import pytest
import yaml

from laoqu import paths

ROOT = paths.checkout()
pytestmark = pytest.mark.skipif(ROOT is None, reason="needs a checkout")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements):
    return {re.split(r"[<>=\[ ]", line)[0].lower(): line for line in requirements}


def test_environment_yml_equals_the_declared_dependencies():
    env = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(item["pip"] for item in env if isinstance(item, dict))
    found = [item for item in env if isinstance(item, str)] + [p for p in pip if p[0] != "-"]
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"], "pip"]
    wanted.append(f"python{PROJECT['requires-python']}")
    # Names of conda-forge that differ.
    wanted = [each.replace("jupyter-client", "jupyter_client") for each in wanted]
    assert sorted(found) == sorted(wanted)
    assert "-e ." in pip


def test_the_lock_file_pins_every_dependency_with_hashes():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9.-]+)==", text, re.MULTILINE))
    wanted = names([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
    assert set(wanted) <= pinned
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in block for block in blocks[1:])
    assert "://" not in text


#: Files that hold no text.
BINARY = (".parquet", ".png", ".docx", ".otf", ".ttf", ".woff2")


def tracked():
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in done.stdout.splitlines()]
    return [path for path in files if path.is_file() and path.suffix not in BINARY]


def test_no_trace_of_a_machine_in_any_file():
    places = r"/(?:work|root|tmp|home|Users)/[A-Za-z]|pypi\.org|pythonhosted|npmjs\.org"
    texts = {path: path.read_text(encoding="utf-8") for path in tracked()}
    found = {path.name: re.findall(places, text) for path, text in texts.items()}
    assert {name for name in found if found[name]} <= {"test_project.py"}, found


def test_no_checkout_changes_line_ends():
    files = ["README.md", "data/raw/plan.txt", "data/curated/membership.csv"]
    command = ["git", "check-attr", "text", "--", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{name}: text: unset" for name in files]


def test_cells_that_hold_results_carry_outputs_and_others_none():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                tags = set(cell.metadata.get("tags", []))
                checked = "nbval-check-output" in tags
                kept = "keep_output" in tags, bool(cell.outputs)
                assert kept == (checked, checked), cell.source
                assert cell.execution_count, cell.source


def test_templates_refuse_unknown_parameters_before_a_name_of_theirs_takes_one():
    checked = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        if "parameters" in cells[0].metadata.get("tags", []):
            names = ", ".join(f'"{each.targets[0].id}"' for each in ast.parse(cells[0].source).body)
            first = f"import laoqu as lq\n\nlq.expect_parameters(globals(), {names})\n"
            assert cells[1].source.startswith(first), path.name
            checked.append(path.name[:2])
    assert checked == ["08", "10", "11", "12"]


def test_versions_agree_and_the_plan_is_cited():
    import laoqu
    from laoqu import schema

    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    versions = {laoqu.__version__, PROJECT["version"], schema.package()["version"]}
    assert versions == {str(cff["version"])}
    assert any("革命老区" in entry["title"] for entry in cff["references"])


def test_the_changelog_compares_releases_on_two_pages():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = text.split("\n## ")[1:]
    long = [each.split("\n")[0] for each in releases if each.count("\n") > 110]
    assert releases and not long, f"{long}: say what is so now; a merge may have kept both sides"
    assert [line for line in text.splitlines() if len(line) > 120] == []


def test_bare_make_prints_help():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for verb in ("reports", "test", "check", "build"):
        assert f"make {verb}" in done.stdout
