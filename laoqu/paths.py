"""Where things are: in a checkout, in an installed wheel, or where the environment says.

nbval runs a notebook in the notebook's own folder and papermill in the caller's, so nothing in
laoqu may rely on the working directory.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
#: A wheel carries data/ and notebooks/ inside the package (see pyproject.toml, force-include).
SHARED = PACKAGE / "_share"


def checkout() -> Path | None:
    """Return the root of the checkout laoqu runs from, or None when it is an installed wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "data").is_dir() else None


def data() -> Path:
    """Return the data folder: ``LAOQU_DATA``, the checkout's, or the wheel's."""
    if override := os.environ.get("LAOQU_DATA"):
        return Path(override).expanduser().resolve()
    root = checkout()
    return root / "data" if root else SHARED / "data"


def notebooks() -> Path:
    """Return the folder of the notebooks and papermill templates."""
    root = checkout()
    return root / "notebooks" if root else SHARED / "notebooks"


def outputs() -> Path:
    """Return the outputs folder: ``LAOQU_OUTPUTS``, the checkout's, or ``./outputs``."""
    if override := os.environ.get("LAOQU_OUTPUTS"):
        return Path(override).expanduser().resolve()
    root = checkout()
    return root / "outputs" if root else Path.cwd() / "outputs"


def display(path: Path) -> str:
    """Return `path` as a person would name it: ``data/…`` rather than a place on this machine."""
    path = Path(path)
    for base, name in ((data(), "data"), (notebooks(), "notebooks"), (outputs(), "outputs")):
        if path.is_relative_to(base):
            return str(Path(name) / path.relative_to(base))
    root = checkout()
    return str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
