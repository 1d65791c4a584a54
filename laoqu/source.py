"""The plan's bytes: read them, and prove that they are the published ones.

Two witnesses stand beside the file: its SHA-256 in ``data/raw/SOURCES.toml`` says *whether* it
changed, and ``data/built/raw_lines.csv`` (every line of every raw file) says *where*.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import tomllib
from pathlib import Path
from typing import NamedTuple

from laoqu import paths
from laoqu.errors import DataError, Problem, UnknownId, nearest

WITNESS = Path("built", "raw_lines.csv")


class Span(NamedTuple):
    """Half-open range of character offsets: ``text[start:end]``."""

    start: int
    end: int


class Source(NamedTuple):
    """One published file: its text as it stands, and what SOURCES.toml says of it."""

    raw: str
    path: Path
    meta: dict[str, object]


def registry(folder: Path | None = None) -> dict[str, dict[str, object]]:
    """Return ``data/raw/SOURCES.toml`` as a mapping from source id to what is known of it."""
    path = (folder or paths.data()) / "raw" / "SOURCES.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, entry in entries.items():
            if not {"file", "sha256"} <= set(entry):
                raise ValueError(f"[{name}] needs `file` and `sha256`")
    except OSError as error:
        raise DataError([Problem(paths.display(path), 1, 1, f"cannot be read: {error}")]) from error
    except (ValueError, TypeError) as error:
        # Both UnicodeDecodeError and TOMLDecodeError are ValueErrors.
        message = f"is not a valid register of sources: {error}"
        raise DataError([Problem(paths.display(path), 1, 1, message)]) from error
    return entries


def load(source_id: str = "plan", folder: Path | None = None) -> Source:
    """Read one raw file and verify its hash.

    Parameters
    ----------
    source_id : str
        A table of ``data/raw/SOURCES.toml``.
    folder : Path, optional
        The data folder; by default the collection's own.

    Returns
    -------
    Source

    Raises
    ------
    DataError
        When the file is missing or is not byte for byte the registered one; the error names each
        changed line and column.
    """
    folder = folder or paths.data()
    known = registry(folder)
    if source_id not in known:
        raise UnknownId(source_id, nearest(source_id, known), "source")
    meta = known[source_id]
    path = folder / "raw" / str(meta["file"])
    if not path.is_file():
        raise DataError([Problem(paths.display(path), 1, 1, "the raw file is missing")])
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != meta["sha256"]:
        raise DataError(problems(folder) or [_hash_problem(path, data, meta)])
    return Source(data.decode("utf-8"), path, meta)


def problems(folder: Path | None = None) -> list[Problem]:
    """Return every difference between ``data/raw`` and its two witnesses, with line and column."""
    folder = folder or paths.data()
    witness, found = _witness(folder)
    raw = folder / "raw"
    names = sorted({path.name for path in raw.iterdir() if path.is_file()} | set(witness))
    for name in names:
        path = raw / name
        if name not in witness:
            message = f"is not in {WITNESS.as_posix()}: run `laoqu build` if the file belongs here"
            found.append(Problem(paths.display(path), 1, 1, message))
        elif not path.is_file():
            found.append(Problem(paths.display(path), 1, 1, "the raw file is missing"))
        else:
            found.extend(_differences(path, _lines(path), witness[name]))
    return found + _hash_problems(folder, found)


def witness_csv(folder: Path | None = None) -> str:
    """Return the text of ``built/raw_lines.csv`` for the raw files as they are now."""
    raw = (folder or paths.data()) / "raw"
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "line", "text"])
    for path in sorted(path for path in raw.iterdir() if path.is_file()):
        for number, text in enumerate(_lines(path), start=1):
            writer.writerow([path.name, number, text])
    return out.getvalue()


def _lines(path: Path) -> list[str]:
    r"""Split on LF only; a byte that is not UTF-8 stays visible as ``\xNN``."""
    return path.read_bytes().decode("utf-8", errors="backslashreplace").split("\n")


def _witness(folder: Path) -> tuple[dict[str, list[str]], list[Problem]]:
    path = folder / WITNESS
    witness: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                witness.setdefault(row["file"], []).append(row["text"])
    except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
        return {}, [Problem(paths.display(path), 1, 1, f"cannot be read: {error!r}")]
    return witness, []


def _differences(path: Path, found: list[str], expected: list[str]) -> list[Problem]:
    if len(found) == len(expected):
        # No line came or went: the lines pair off, which an alignment of blank lines would blur.
        blocks = [
            ("replace", i, i + 1, i, i + 1) for i in range(len(found)) if found[i] != expected[i]
        ]
    else:
        matcher = difflib.SequenceMatcher(None, expected, found, autojunk=False)
        blocks = matcher.get_opcodes()
    result = []
    for tag, e1, e2, f1, f2 in blocks:
        if tag == "equal":
            continue
        for offset in range(max(e2 - e1, f2 - f1)):
            here = found[f1 + offset] if f1 + offset < f2 else None
            there = expected[e1 + offset] if e1 + offset < e2 else None
            line = min(f1 + offset, f2, len(found) - 1) + 1
            column, message = _first_difference(here, there)
            result.append(Problem(paths.display(path), line, column, message))
    return result


def _first_difference(here: str | None, there: str | None) -> tuple[int, str]:
    if here is None:
        return 1, f"a line is missing here, expected {there!r}"
    if there is None:
        return 1, f"found a line that was not published: {here!r}"
    at = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
    at = min(len(here), len(there)) if at is None else at
    shown, wanted = here[at : at + 12] or "end of line", there[at : at + 12] or "end of line"
    return at + 1, f"found {shown!r}, expected {wanted!r}"


def _hash_problems(folder: Path, found: list[Problem]) -> list[Problem]:
    """Catch what the line witness cannot: a raw file and its witness changed together."""
    if any(problem.file.endswith("SOURCES.toml") for problem in found):
        return []
    try:
        entries = registry(folder)
    except DataError as error:
        return error.problems
    result = []
    for meta in entries.values():
        path = folder / "raw" / str(meta["file"])
        if path.is_file() and not any(p.file == paths.display(path) for p in found):
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != meta["sha256"]:
                result.append(_hash_problem(path, data, meta))
    return result


def _hash_problem(path: Path, data: bytes, meta: dict[str, object]) -> Problem:
    digest = hashlib.sha256(data).hexdigest()
    message = f"SHA-256 is {digest[:16]}…, SOURCES.toml expects {str(meta['sha256'])[:16]}…"
    return Problem(paths.display(path), 1, 1, message)
