"""Shared fixtures: the plan once a session, and copies of data/ that a test may damage."""

from __future__ import annotations

import shutil

import pytest

import laoqu as lq
from laoqu import paths


@pytest.fixture(scope="session")
def plan() -> lq.Plan:
    return lq.load()


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
