"""Every problem in ``data/``: the raw text, each table, and what the tables say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from laoqu import build, document, paths, source
from laoqu.checks import codes, places, text
from laoqu.errors import DataError, LaoquError, Problem, guard
from laoqu.plan import Plan
from laoqu.schema import Tables

#: Each yields what it finds wrong: table, row, column, message.
RULES = (
    text.tiled,
    text.scopes,
    text.measures,
    text.printed,
    places.areas,
    places.codes,
    places.no_name_missed,
    places.printed_counts,
    places.channels,
    codes.counted,
    codes.used,
    codes.codebook,
    codes.absences,
    codes.rules,
    codes.schemes,
    codes.adjudicated,
    codes.scores,
    codes.terms,
)


@guard
def check(folder: Path | str | None = None) -> list[str]:
    """Return every problem in the data folder as ``file:line:column: message``.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own, and with it the files of your own that
        the environment names (``LAOQU_MEMBERSHIP``, ``LAOQU_BOUNDARIES``, ``LAOQU_CODING``).

    Returns
    -------
    list of str
        Empty when all is well. All problems are listed, not only the first.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.check()
    []
    """
    found = problems(Path(folder) if folder else paths.data())
    return [str(problem) for problem in sorted(set(found if folder else found + own_problems()))]


def own_problems() -> list[Problem]:
    """Return what is wrong with the files of a reader's own that the environment names."""
    found = []
    for name, path in paths.own_files().items():
        try:
            plan = Plan(paths.data(), {name: path})
            if name == "boundaries":
                plan.counties()
        except DataError as error:
            found += [each for each in error.problems if each.file == paths.display(path)]
        except LaoquError as error:
            found.append(Problem(paths.display(path), 1, 1, str(error)))
    return found


def problems(folder: Path) -> list[Problem]:
    """Return every problem in `folder`, unsorted."""
    if not folder.is_dir():
        return [Problem(paths.display(folder), 1, 1, "there is no such folder")]
    found = source.problems(folder)
    doc = None
    try:
        doc = document.load("plan", folder)
    except DataError as error:
        found += error.problems
    try:
        tables = Tables(folder, doc)
        reviewed = list(build.unreviewed(folder))
    except DataError as error:
        return found + error.problems
    for name in tables.declared:
        found += tables[name].problems
        reviewed += _rows(tables, name)
    if found or doc is None:
        return found + reviewed
    found += _size(tables)
    for rule in RULES:
        try:
            found += [table.problem(*fault) for table, *fault in rule(tables)]
        except Exception as error:  # a rule that fails on odd data is a problem, not a crash
            message = f"{rule.__name__} could not be checked: {error!r}"
            found.append(Problem(paths.display(folder / build.PACKAGE), 1, 1, message))
    return found + reviewed or build.problems(folder)


def _size(tables: Tables) -> Iterator[Problem]:
    """Require the document to have the size that SOURCES.toml states."""
    doc, meta = tables.document, source.registry(tables.folder)["plan"]
    sizes = {
        "characters": len(doc.raw),
        "canonical_characters": len(doc.canonical),
        "bytes": len(doc.raw.encode("utf-8")),
        "pages": len(doc.page_starts),
    }
    for key, size in sizes.items():
        if meta.get(key) != size:
            message = f"{key} = {meta.get(key)}, but the text has {size}"
            yield Problem(paths.display(tables.folder / source.SOURCES), 1, 1, message)


def _rows(tables: Tables, name: str) -> Iterator[Problem]:
    """Require a table to have as many rows as were reviewed: none lost unnoticed."""
    table, expected = tables[name], tables.declared[name].get("laoqu:rows")
    found = len(table.rows)
    if not table.problems and expected is not None and found != expected:
        message = f"found {found} rows, expected {expected}: put back what is lost, or, if the "
        message += "change is meant, run `laoqu build --accept`"
        yield Problem(table.file, table.rows[-1].line if found else 1, 1, message)
