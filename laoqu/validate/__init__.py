"""Every problem in ``data/``: the raw text, each table, and what the tables say of each other."""

from __future__ import annotations

from pathlib import Path

from laoqu import build, document, paths, schema, source
from laoqu.errors import DataError, Problem
from laoqu.validate import codings, places, pmc, text, words


def check(folder: Path | str | None = None) -> list[str]:
    """Return every problem in the data folder as ``file:line:column: message``.

    Parameters
    ----------
    folder : path, optional
        A data folder; by default the collection's own.

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
    return [str(problem) for problem in sorted(set(found))]


def problems(folder: Path) -> list[Problem]:
    """Return every problem in `folder`, unsorted."""
    found = source.problems(folder)
    try:
        doc = document.load("plan", folder)
    except DataError as error:
        found += error.problems
        doc = None
    try:
        names = schema.names(folder)
    except DataError as error:
        return found + error.problems
    tables: dict[str, schema.Table] = {}

    def lookup(name: str) -> schema.Table:
        if name not in tables:
            tables[name] = schema.read(name, folder, None, doc, lookup)
        return tables[name]

    for name in names:
        found += lookup(name).problems
    counted = [problem for name in names for problem in text.rows(folder, tables[name])]
    if found or doc is None:
        return found + counted
    found += [
        *text.size(folder, doc),
        *text.checksums(folder),
        *text.scopes(doc, tables["scopes"]),
        *text.measures(doc, tables),
        *places.areas(tables["regions"], tables["membership"]),
        *places.places(tables),
        *places.no_name_missed(doc, tables),
        *places.printed_counts(tables),
        *places.channels(tables),
        *codings.used(tables),
        *codings.schemes(tables),
        *codings.codebook(doc, tables["codebook"]),
        *codings.absent(doc, tables["absences"]),
        *codings.adjudicated(tables),
        *pmc.scores(doc, tables),
        *pmc.rulings(tables),
        *pmc.schemes(tables),
        *words.listed(doc, tables),
    ]
    return found + counted or build.problems(folder)
