"""Shared fixtures: the plan, copies of data/ that a test may damage, a browser."""

import os
import shutil
from pathlib import Path

import pytest
import stand
from fixture import PLAN
from playwright.sync_api import sync_playwright

import laoqu as lq
from laoqu import paths
from laoqu.run import process


@pytest.fixture(scope="session")
def plan() -> lq.Plan:
    return PLAN


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
def external():
    """The folder of data that are not ours."""
    if "LAOQU_EXTERNAL_DATA" not in os.environ:
        pytest.skip("LAOQU_EXTERNAL_DATA is not set")
    return Path(os.environ["LAOQU_EXTERNAL_DATA"])


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
