"""The bytes in ``data/raw``: proved to be the published ones, or what differs, by line and column.

Two witnesses stand beside each raw file: its SHA-256 in ``data/raw/SOURCES.toml`` says whether it
changed, and ``data/built/raw_lines.csv`` (every line of every raw file) says where.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import tomllib
from itertools import zip_longest
from pathlib import Path

from laoqu import paths
from laoqu.errors import DataError, Problem, nearest

SOURCES = Path("raw", "SOURCES.toml")
WITNESS = Path("built", "raw_lines.csv")


def registry(folder: Path | None = None) -> dict[str, dict[str, object]]:
    """Return ``data/raw/SOURCES.toml`` as a mapping from source id to what is known of it."""
    path = (folder or paths.data()) / SOURCES
    entries = toml(path)
    for name, entry in entries.items():
        if not isinstance(entry, dict) or not {"file", "sha256"} <= set(entry):
            raise DataError([Problem(paths.display(path), 1, 1, f"[{name}] needs file, sha256")])
    return entries


def read(source_id: str, folder: Path) -> tuple[str, Path]:
    """Return the verified text of one registered file, and where it stands.

    Raises
    ------
    DataError
        When the file is missing or is not byte for byte the registered one; the error names each
        changed line and column.
    """
    known = registry(folder)
    if source_id not in known:
        hint = ", ".join(nearest(str(source_id), known))
        message = f"has no table [{source_id}]; nearest: {hint or 'none'}"
        raise DataError([Problem(paths.display(folder / SOURCES), 1, 1, message)])
    path = folder / "raw" / str(known[source_id]["file"])
    data = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(data).hexdigest() != known[source_id]["sha256"]:
        raise DataError(problems(folder, path.name))
    return data.decode("utf-8"), path


def toml(path: Path) -> dict[str, dict[str, object]]:
    """Return the tables of a TOML file; one that cannot be read is a `DataError`."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise DataError([Problem(paths.display(path), 1, 1, message)]) from error


def problems(folder: Path | None = None, only: str = "") -> list[Problem]:
    """Return every difference between ``data/raw`` and its two witnesses, with line and column."""
    folder = folder or paths.data()
    found: list[Problem] = []
    hashes: dict[str, str] = {}
    witness: dict[str, list[str]] = {}
    try:
        with (folder / WITNESS).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                witness.setdefault(row["file"], []).append(row["text"])
        present = {path.name for path in (folder / "raw").iterdir() if path.is_file()}
        hashes = {str(meta["file"]): str(meta["sha256"]) for meta in registry(folder).values()}
    except DataError as error:
        found += error.problems
    except (OSError, ValueError, KeyError, csv.Error) as error:
        return [Problem(paths.display(folder / WITNESS), 1, 1, f"cannot be read: {error!r}")]
    for name in [only] if only else sorted(present | set(witness)):
        path = folder / "raw" / name
        if name not in present:
            changes = [(1, 1, "the raw file is missing")]
        elif name not in witness:
            message = f"is not in {WITNESS.as_posix()}: run `laoqu build` if the file belongs here"
            changes = [(1, 1, message)]
        else:
            changes = _changes(_text(path), witness[name])
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            if not changes and digest != hashes.get(name, digest):
                # What the lines cannot show: a raw file and its witness changed together.
                message = f"SHA-256 is {digest[:16]}…, SOURCES.toml expects {hashes[name][:16]}…"
                changes = [(1, 1, message)]
        found += [Problem(paths.display(path), *each) for each in changes]
    return found


def witness_csv(folder: Path | None = None) -> str:
    """Return the text of ``built/raw_lines.csv`` for the raw files as they are now."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "line", "text"])
    files = (path for path in ((folder or paths.data()) / "raw").iterdir() if path.is_file())
    for path in sorted(files):
        writer.writerows([path.name, i, text] for i, text in enumerate(_text(path), start=1))
    return out.getvalue()


def _text(path: Path) -> list[str]:
    r"""Split on LF only; a byte that is not UTF-8 stays visible as ``\xNN``."""
    return path.read_bytes().decode("utf-8", errors="backslashreplace").split("\n")


def _changes(found: list[str], expected: list[str]) -> list[tuple[int, int, str]]:
    """Return line, column and message of every line that is not as expected."""
    if len(found) == len(expected):
        # No line came or went: the lines pair off, which an alignment of blank lines would blur.
        blocks = [(i, i + 1, i, i + 1) for i in range(len(found)) if found[i] != expected[i]]
    else:
        codes = difflib.SequenceMatcher(None, expected, found, autojunk=False).get_opcodes()
        blocks = [block for tag, *block in codes if tag != "equal"]
    result = []
    for e1, e2, f1, f2 in blocks:
        for step, pair in enumerate(zip_longest(found[f1:f2], expected[e1:e2])):
            line = min(f1 + step, f2, len(found) - 1) + 1
            result.append((line, *_first_difference(*pair)))
    return result


def _first_difference(here: str | None, there: str | None) -> tuple[int, str]:
    if here is None:
        return 1, f"a line is missing here, expected {there!r}"
    if there is None:
        return 1, f"found a line that was not published: {here!r}"
    shorter = min(len(here), len(there))
    at = next((i for i in range(shorter) if here[i] != there[i]), shorter)
    shown, wanted = here[at : at + 12] or "end of line", there[at : at + 12] or "end of line"
    return at + 1, f"found {shown!r}, expected {wanted!r}"
