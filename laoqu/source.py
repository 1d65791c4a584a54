"""The bytes in ``data/raw``: proved to be the published ones, or what differs, by line and column.

Two witnesses stand beside each raw file: its SHA-256 in ``data/raw/SOURCES.toml`` says whether it
changed, and ``data/built/raw_lines.csv`` (every line of every raw file) says where.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from laoqu import paths
from laoqu.errors import DataError, Problem

SOURCES = Path("raw", "SOURCES.toml")
WITNESS = Path("built", "raw_lines.csv")
#: No file of a data folder has so many bytes; the largest shipped one has 2 MB.
MOST_BYTES = 64_000_000


def about(folder: Path | None = None) -> dict[str, object]:
    """Return what ``data/raw/SOURCES.toml`` says of the plan: its file, hash, title, dates."""
    path = (folder or paths.data()) / SOURCES
    entry = toml(path).get("plan")
    if not isinstance(entry, dict) or not {"file", "sha256"} <= set(entry):
        raise DataError([Problem(paths.display(path), 1, 1, "[plan] needs file, sha256")])
    return entry


def read(folder: Path) -> tuple[str, Path]:
    """Return the text of the plan, byte for byte the published one, and its path."""
    known = about(folder)
    path = folder / "raw" / str(known["file"])
    data = held(path)
    if digest(data) != known["sha256"]:
        raise DataError(problems(folder, path.name))
    return data.decode("utf-8"), path


def digest(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def warn_of_change(folder: Path, declared: Mapping[str, object], file: str) -> None:
    """Warn of a file that is not as it was when last reviewed: rows of it may be lost.

    No word is said where another `file` stands in the place of the folder's own.
    """
    path = folder / str(declared["path"])
    if file != paths.display(path):
        return
    found = f"sha256:{digest(path.read_bytes())}"
    if declared.get("hash", found) != found:
        mend = "`laoqu check` says how, `laoqu build --accept` takes it as reviewed"
        warnings.warn(f"{paths.display(path)} is not as it was reviewed: {mend}", stacklevel=1)


def regular(path: Path) -> Path:
    """Return the path of a file of a data folder; a pipe, device or huge file is a `DataError`."""
    if not path.exists():  # also a name that no system has
        raise FileNotFoundError(2, "No such file or directory", str(path))
    size, message = path.stat().st_size, "" if path.is_file() else "is no regular file"
    if size > MOST_BYTES:
        message = f"has {size / 1e6:,.0f} MB, expected at most {MOST_BYTES / 1e6:,.0f}"
    if message:
        raise DataError([Problem(paths.display(path), 1, 1, message)])
    return path


def held(path: Path) -> bytes:
    """Return the bytes of a file of a data folder, none where it cannot be read."""
    try:
        return regular(path).read_bytes()
    except (OSError, DataError):
        return b""


def apart(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the place, from 0, at which two texts or lists of lines begin to differ."""
    pairs = enumerate(zip(one, other))  # noqa: B905 - one may end first
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def toml(path: Path) -> dict[str, dict[str, object]]:
    """Return the tables of a TOML file; one that cannot be read is a `DataError`."""
    try:
        return tomllib.loads(regular(path).read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise DataError([Problem(paths.display(path), 1, 1, message)]) from error


def problems(folder: Path, only: str = "") -> list[Problem]:
    """Return every difference between ``data/raw`` and its two witnesses, with line and column."""
    witness: dict[str, list[str]] = {}
    try:
        with regular(folder / WITNESS).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                witness.setdefault(row["file"], []).append(row["text"])
        present = {path.name for path in (folder / "raw").iterdir() if not path.is_dir()}
    except DataError as error:
        return error.problems
    except (OSError, ValueError, KeyError, csv.Error) as error:
        return [Problem(paths.display(folder / WITNESS), 1, 1, f"cannot be read: {error!r}")]
    found, known = [], {}
    try:
        known = about(folder)
    except DataError as error:
        found += error.problems
    for name in [only] if only else sorted(present | set(witness)):
        path = folder / "raw" / name
        if name not in present:
            changes = [(1, 1, "the raw file is missing")]
        elif name not in witness:
            message = f"is not in {WITNESS.as_posix()}: run `laoqu build` if the file belongs here"
            changes = [(1, 1, message)]
        else:
            try:
                changes = list(_changes(_lines(path), witness[name]))
            except DataError as error:
                found += error.problems
                continue
            sha = digest(path.read_bytes())
            if not changes and name == known.get("file") and sha != known["sha256"]:
                # What the lines cannot show: a raw file and its witness changed together.
                message = f"SHA-256 is {sha[:16]}…, SOURCES.toml expects {known['sha256'][:16]}…"
                changes = [(1, 1, message)]
        found += [Problem(paths.display(path), *each) for each in changes]
    return found


def witness_csv(folder: Path) -> str:
    """Return the text of ``built/raw_lines.csv`` for the raw files as they are now."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "line", "text"])
    for path in sorted(path for path in (folder / "raw").iterdir() if path.is_file()):
        writer.writerows([path.name, i, text] for i, text in enumerate(_lines(path), start=1))
    return out.getvalue()


def _lines(path: Path) -> list[str]:
    r"""Split on LF only; a byte that is not UTF-8 stays visible as ``\xNN``."""
    return regular(path).read_bytes().decode("utf-8", errors="backslashreplace").split("\n")


def _changes(found: list[str], expected: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and message of each line that differs; where lines came or went, once."""
    if found != expected and [line.removesuffix("\r") for line in found] == expected:
        yield 1, len(found[0]), "found CRLF at the ends of lines, expected LF"
        return
    for line, (here, there) in enumerate(zip_longest(found, expected, fillvalue=""), start=1):
        if here == there and line <= min(len(found), len(expected)):
            continue
        at = apart(here, there)
        shown, wanted = (text[at : at + 12] or "end of line" for text in (here, there))
        message = f"found {shown!r}, expected {wanted!r}"
        if len(found) == len(expected):
            yield line, at + 1, message
        else:
            sizes = f"{len(found)} lines, {len(expected)} were published"
            yield min(line, len(found)), at + 1, f"{message}; the file has {sizes}"
            break
