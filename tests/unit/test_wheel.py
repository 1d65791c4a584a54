"""The wheel, in an environment of its own: every command works outside the checkout."""

import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from laoqu import paths

ROOT = paths.checkout()
pytestmark = pytest.mark.skipif(ROOT is None, reason="needs a checkout")
BUILD = (
    "import sys, hatchling.build as b\n"
    "for kind in sys.argv[2:]: getattr(b, f'build_{kind}')(sys.argv[1])"
)
#: One process and one fork server for all.
COMMANDS = """
import sys
from laoqu import reports
from laoqu.cli import main
from laoqu.run import process

with process.server(reports.MAKER.preload):
    for line in sys.argv[1:]:
        assert main(line.split()) == 0, line
"""
MADE = {
    "report 川陕": "outputs/zh/chuanshaan/report.html",
    "coding sample --to kit --what measures --form csv": "kit/key/key.csv",
    "export all": "outputs/interchange/laoqu.qdpx",
    "check": "outputs/index.html",
    # The engine that makes these is tried above; here, that notebook and file are found.
    "card 环县 --why": "outputs/ro-crate-metadata.json",
    "plan --why": "outputs/manifest.json",
    "monitor panel.csv --why": "panel.csv",
    "lab --version": "laoqu-notebooks/00_start_here.ipynb",
}


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that the sdist builds, which is the one that the checkout builds."""
    folder = tmp_path_factory.mktemp("dist")
    for name in ("checkout", "sdist"):
        (folder / name).mkdir()
    run(sys.executable, "-c", BUILD, folder / "checkout", "sdist", "wheel", cwd=ROOT)
    with tarfile.open(next((folder / "checkout").glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    source = next(folder.glob("laoqu-*"))
    run(sys.executable, "-c", BUILD, folder / "sdist", "wheel", cwd=source)
    made, again = next(folder.glob("checkout/*.whl")), next(folder.glob("sdist/*.whl"))
    assert made.read_bytes() == again.read_bytes()
    return again


def test_the_wheel_holds_what_git_holds_and_nothing_else(wheel):
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    files = [name for name in listed.splitlines() if (ROOT / name).is_file()]
    wanted = {name for name in files if name.startswith("laoqu/")}
    shared = ("data/", "docs/", "notebooks/")
    wanted |= {f"laoqu/_share/{name}" for name in files if name.startswith(shared)}
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    assert {name for name in found if ".dist-info/" not in name} == wanted
    licences = {name.partition("/licenses/")[2] for name in found if "/licenses/" in name}
    assert licences == {"LICENSE", "LICENSE-DATA", "CITATION.cff", "laoqu/show/fonts/LICENSE"}


def test_every_command_works_in_any_folder_and_writes_there_alone(wheel, tmp_path, monkeypatch):
    monkeypatch.delenv("LAOQU_OUTPUTS", raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    env, user = tmp_path / "env", tmp_path / "user"
    run(sys.executable, "-m", "venv", "--without-pip", env, cwd=tmp_path)
    python = env / "bin" / "python"
    flags = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "--python", python, "install", *flags, wheel, cwd=tmp_path)
    site = next(env.rglob("site-packages"))
    # What laoqu depends on is borrowed; the checkout, which an editable install names, is not.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    before = {path: path.stat().st_mtime_ns for path in env.rglob("*")}
    user.mkdir()
    rows = "县代码,年份,gdp\n621022,2020,3\n621022,2021,4\n622901,2020,5\n"
    (user / "panel.csv").write_text(rows)
    where = "import laoqu; print(laoqu.__file__)"
    assert Path(run(python, "-c", where, cwd=user).strip()).is_relative_to(site)
    assert paths.COPIES in run(python, "-c", COMMANDS, *MADE, cwd=user)
    assert [file for file in MADE.values() if (user / file).stat().st_size <= 50] == []
    shipped = {path.name: path.read_bytes() for path in paths.notebooks().glob("*.ipynb")}
    copied = {path.name: path.read_bytes() for path in (user / "laoqu-notebooks").iterdir()}
    assert copied == shipped
    made = {path.name for path in user.iterdir()}
    assert made == {"panel.csv", "outputs", "kit", "laoqu-notebooks"}
    assert {path: path.stat().st_mtime_ns for path in env.rglob("*")} == before
