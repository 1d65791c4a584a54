"""Which numbers of which reports differ between two outputs folders.

Light: plain CSV and JSON, so that it also reads folders which an older laoqu wrote.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from laoqu.errors import OutputError

#: Names of columns that tell the rows of a table apart, if their cells do.
KEY = ("_id", "adcode")


class Change(NamedTuple):
    """One difference: the run and file, what in it, and its value on both sides (None: not there).

    ``what`` is a key of ``values.json``, or ``row · column`` of a table; a whole row, or the rows
    of a table without a key, stand as their cells.
    """

    run: str
    file: str
    what: str
    old: object
    new: object


class Comparison(NamedTuple):
    """What two outputs folders differ in: runs only in one, and changes of those in both."""

    added: list[str]
    removed: list[str]
    changes: list[Change]

    def __bool__(self) -> bool:
        return any(self)


def compare(old: Path | str, new: Path | str) -> Comparison:
    """Compare the values and tables of two outputs folders.

    Parameters
    ----------
    old, new : path
        Folders that batches wrote. A run is a folder in them with ``values.json``.

    Returns
    -------
    Comparison
        False when nothing differs. Pages and pictures are not compared: they are made from these.

    Raises
    ------
    OutputError
        For a folder without runs, or with a file that is none of ours.
    """
    before, after = _runs(Path(old)), _runs(Path(new))
    changes = [
        change
        for name in sorted(before.keys() & after.keys())
        for change in _changes(name, before[name], after[name])
    ]
    return Comparison(sorted(after.keys() - before), sorted(before.keys() - after), changes)


def _runs(folder: Path) -> dict[str, Path]:
    found = {
        path.parent.relative_to(folder).as_posix(): path.parent
        for path in sorted(folder.rglob("values.json"))
        if not path.relative_to(folder).parts[0].startswith(".")
    }
    if not found:
        raise OutputError(f"{folder} holds no values.json: it is no outputs folder")
    return found


def _changes(run: str, old: Path, new: Path) -> Iterator[Change]:
    before, after = _values(old / "values.json"), _values(new / "values.json")
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield Change(run, "values.json", key, before.get(key), after.get(key))
    files = {path.relative_to(side).as_posix() for side in (old, new) for path in side.glob("*/*")}
    for file in sorted(name for name in files if name.endswith(".csv")):
        yield from (Change(run, file, *rest) for rest in _rows(old / file, new / file))


def _values(path: Path) -> dict[str, object]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise OutputError(f"{path}: expected an object of values")
    return values


def _rows(old: Path, new: Path) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (what, old, new) of a table: by cell where a column tells its rows apart."""
    sides = [_table(old), _table(new)]
    if sides[0] == sides[1]:
        return
    key = _key(*sides)
    if key is None:
        counts = [Counter("; ".join(row.values()) for row in side or ()) for side in sides]
        for text in (counts[0] - counts[1]).elements():
            yield "row", text, None
        for text in (counts[1] - counts[0]).elements():
            yield "row", None, text
        return
    before, after = ({row[key]: row for row in side or ()} for side in sides)
    for name in dict.fromkeys([*before, *after]):
        one, two = before.get(name), after.get(name)
        if one is None or two is None:
            whole = ["; ".join(side.values()) if side else None for side in (one, two)]
            yield name, *whole
            continue
        for column in dict.fromkeys([*one, *two]):
            if one.get(column) != two.get(column):
                yield f"{name} · {column}", one.get(column), two.get(column)


def _table(path: Path) -> list[dict[str, str]] | None:
    """Return the rows of a table; None where there is no file."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {str(column): str(cell) for column, cell in row.items()} for row in csv.DictReader(file)
        ]


def _key(*sides: list[dict[str, str]] | None) -> str | None:
    """Return the first column that tells the rows apart on both sides: an id, or the first one."""
    there = [side for side in sides if side]
    if not there:
        return None
    common = [column for column in there[0][0] if all(column in side[0] for side in there)]
    ids = [column for column in common if column.endswith(KEY)]
    for column in [*ids, *common[:1]]:
        if all(len({row[column] for row in side}) == len(side) for side in there):
            return column
    return None
