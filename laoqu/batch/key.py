"""What a run depends on, as hashes: equal keys mean equal outputs, and parts say what changed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from laoqu import paths
from laoqu.errors import LaoquError

PACKAGES = ("papermill", "nbclient", "nbconvert", "ipykernel", "numpy", "pandas", "geopandas",
            "matplotlib", "jinja2", "typst", "pypandoc-binary", "python-docx")  # fmt: skip
#: Files of one's own that every notebook follows (see `laoqu.load`).
OWN = ("LAOQU_MEMBERSHIP", "LAOQU_BOUNDARIES", "LAOQU_CODING")


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def of(value: object) -> str:
    """Return the digest of plain data, whatever the order of its keys."""
    return digest(json.dumps(value, ensure_ascii=False, sort_keys=True).encode())


def inputs() -> dict[str, dict[str, str]]:
    """Return what every run of a batch depends on, by part: name → digest or version.

    Returns
    -------
    dict
        ``data`` (every file), ``source`` (laoqu's modules, labels and templates), ``own`` (files
        named in the environment), ``lock`` (requirements.lock) and ``versions``.
    """
    root = paths.checkout()
    own = {name: Path(os.environ[name]) for name in OWN if os.environ.get(name)}
    for name, path in own.items():
        if not path.is_file():
            raise LaoquError(f"{name}: {path} is not a file")
    return {
        "data": _files(paths.data().rglob("*.*"), paths.data()),
        "source": _files(paths.PACKAGE.rglob("*.*"), paths.PACKAGE),
        "own": {f"{name} ({path.name})": digest(path.read_bytes()) for name, path in own.items()},
        "lock": _files([root / "requirements.lock"] if root else [], root),
        "versions": {"python": platform.python_version(), **packages()},
    }


def packages() -> dict[str, str]:
    """Return the versions of the packages that a run's bytes depend on."""
    return {name: _version(name) for name in PACKAGES}


def notebook(data: bytes) -> str:
    """Return the digest of what a notebook does: its cells without outputs and counts."""
    cells = json.loads(data)["cells"]
    return of([[cell["cell_type"], cell["source"], cell["metadata"]] for cell in cells])


def changes(
    before: Mapping[str, object], now: Mapping[str, object], sets: Mapping[str, dict[str, str]]
) -> list[str]:
    """Say which parts of a key differ, and in which files.

    Parameters
    ----------
    before, now : mapping
        The ``parts`` of two runs.
    sets : mapping
        Digest of a part → its files and their digests.

    Returns
    -------
    list of str
    """
    found = []
    for part in dict.fromkeys([*now, *before]):
        if before.get(part) == now.get(part):
            continue
        old, new = (sets.get(str(side.get(part)), {}) for side in (before, now))
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        found.append(f"{part}: {', '.join(names[:3])}{more}" if names else str(part))
    return found


def _files(files: Iterable[Path], root: Path | None) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): digest(path.read_bytes())
        for path in sorted(files)
        if path.is_file() and not {"__pycache__", "_share"} & set(path.parts)
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
