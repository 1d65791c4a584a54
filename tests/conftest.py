"""Shared fixtures: plan and reports once a session, copies of data/ that a test may damage."""

from __future__ import annotations

import io
import os
import shutil
from functools import cached_property
from pathlib import Path

import docx
import nbformat
import pypdf
import pytest
import stand
from filelock import FileLock
from playwright.sync_api import sync_playwright

import laoqu as lq
from laoqu import pages, paths
from laoqu.errors import FORMATS
from laoqu.run import process
from laoqu.show.words import LANGS


class Made:
    """One report as the batch left it; what is read from its files is read once a process."""

    def __init__(self, folder: Path, region: str, lang: str):
        self.folder, self.region, self.lang = folder / lang / region, region, lang

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.folder / "report.ipynb", as_version=4)

    @cached_property
    def shown(self) -> list[dict]:
        """What its cells show, as plain data: look, do not change."""
        return list(pages.records(self.notebook))

    @cached_property
    def page(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    @cached_property
    def pdf(self) -> pypdf.PdfReader:
        return pypdf.PdfReader(io.BytesIO((self.folder / "report.pdf").read_bytes()))

    @cached_property
    def word(self) -> docx.document.Document:
        return docx.Document(self.folder / "report.docx")


@pytest.fixture(scope="session")
def plan() -> lq.Plan:
    return lq.load()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """All 24 reports in every form, and the index, made once a session by the batch itself.

    Whoever comes first makes them, in a folder that all processes of the session share; for the
    others there is nothing left to do but to find that out.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with FileLock(shared / "site.lock"):
        runs = lq.run_reports(langs=LANGS, outputs=shared / "site", formats=FORMATS, jobs=2)
    assert [(run.name, run.error) for run in runs if run.status not in ("ok", "unchanged")] == []
    return shared / "site"


@pytest.fixture(scope="session")
def made(site, plan) -> dict[tuple[str, str], Made]:
    """The 24 reports by area and language."""
    return {(r, lang): Made(site, r, lang) for lang in LANGS for r in plan.region_ids}


@pytest.fixture(scope="module")
def server():
    """One fork server for the batches of a module."""
    with process.server(stand.MAKER.preload):
        yield


@pytest.fixture
def data_copy(tmp_path):
    """A copy of data/ in a temporary folder, to damage."""
    folder = tmp_path / "data"
    shutil.copytree(paths.data(), folder)
    return folder


@pytest.fixture
def damage(data_copy):
    """Return a function: replace text in one file of the copy once, then list the problems."""

    def replace(file: str, old: str, new: str) -> list[str]:
        path = data_copy / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} does not stand in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")
        return lq.check(data_copy)

    return replace


@pytest.fixture(scope="module")
def browser():
    """Chromium; for one module at a time, since its event loop would stop notebooks."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as play:
        yield play.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture
def visit(browser):
    """Return a function: open a file at a width. Nothing is loaded from outside or complained."""
    opened, said = [], []

    def visit(path, width=1280, **settings):
        page = browser.new_page(viewport={"width": width, "height": 800}, **settings)
        opened.append(page)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url)
                if not request.url.startswith(("file:", "data:")) else None)  # fmt: skip
        page.goto(f"file://{path}")
        return page

    yield visit
    for page in opened:
        page.close()
    assert said == []
