"""The text and the tables of a data folder, and files of a reader's own in their place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from laoqu import citation, document, membership, paths, schema, source
from laoqu.document import Document, Passage
from laoqu.errors import DataError, Problem, UnknownId, guard_methods, nearest


@guard_methods
class Collection:
    """One document and the tables about it; `laoqu.plan.Plan` adds areas, reach and measures.

    Frames come out fresh: change them as you like.
    """

    def __init__(
        self, folder: Path, own: Mapping[str, Path] | None = None, membership_mode: str = "only"
    ) -> None:
        #: The data folder.
        self.folder = folder
        #: Files given in the place of shipped tables: membership, boundaries, coding.
        self.own = dict(own or {})
        for path in self.own.values():
            if not path.is_file():
                raise DataError([Problem(paths.display(path), 1, 1, "there is no such file")])
        self.membership_mode = membership_mode
        #: What was converted while files of a reader's own were read, one row each.
        self.conversions = pd.DataFrame(columns=membership.CONVERSIONS)
        self._made: dict[object, pd.DataFrame] = {}

    @cached_property
    def document(self) -> Document:
        """The parsed text: raw, canonical, units, offsets both ways."""
        return document.load("plan", self.folder)

    @cached_property
    def source(self) -> Mapping[str, object]:
        """What ``data/raw/SOURCES.toml`` says of the plan: title, issuer, dates, hash."""
        return source.registry(self.folder)["plan"]

    @property
    def parts(self) -> dict[str, Passage]:
        """The five parts, ``p1``…``p5``."""
        return dict(self.document.parts)

    @property
    def clauses(self) -> dict[str, Passage]:
        """The 16 clauses, ``c01``…``c16``."""
        return dict(self.document.clauses)

    @property
    def boxes(self) -> dict[str, Passage]:
        """The four boxes (专栏), ``b1``…``b4``."""
        return dict(self.document.boxes)

    def units(self) -> pd.DataFrame:
        """Return every unit of the text, headings included.

        One row per unit in reading order: ``unit_id``, ``kind``, ``clause_id``, ``text``,
        ``start``, ``end`` (canonical offsets), ``page``; the texts joined are the plan.
        """
        columns = ["unit_id", "kind", "clause_id", "text", "start", "end", "page"]
        rows = [[getattr(unit, column) for column in columns] for unit in self.document.units]
        return pd.DataFrame(rows, columns=columns)

    def sentences(self) -> pd.DataFrame:
        """Return the sentences (headings are none).

        One row per sentence: ``unit_id``, ``clause_id`` (also ``pre``, ``p1``, ``b1``…), ``text``,
        ``start``, ``end``, ``page``, ``directive`` (it asks for or promises something).
        """
        units = self.units()
        units = units[units["kind"] == "sentence"].drop(columns="kind").reset_index(drop=True)
        scopes = self.scopes()
        directive = scopes.loc[scopes["scope"] != "none", "unit_id"]
        return units.assign(directive=units["unit_id"].isin(directive))

    def cite(self, rows: object) -> pd.DataFrame:
        """Return the plan's exact words for rows of any table of the collection.

        Parameters
        ----------
        rows : DataFrame, Series, mapping, str or iterable of these
            Anything with ``start`` and ``end``, or an id of a unit, a mention or a measure.

        Returns
        -------
        DataFrame
            One row per row: ``quote``, ``clause_id``, ``clause`` (as printed), ``page``,
            ``start``, ``end``, ``raw`` (spans), ``line`` (of the raw file), ``citation``.

        Examples
        --------
        >>> import laoqu as lq
        >>> lq.load().cite("c08.s06").citation[0]
        '“积极推广三明医改经验。”（条目八，第 6 页，字符 3445–3456）'
        """
        return citation.cite(self.document, rows, self.table)

    def find(self, pattern: str) -> pd.DataFrame:
        """Return every match of a regular expression in the canonical text.

        One row per match: ``unit_id``, ``clause_id``, ``page``, ``start``, ``end``, ``quote``,
        ``before`` and ``after`` (12 characters). No row means that the plan does not say it.
        """
        return citation.find(self.document, pattern)

    def clause_name(self, clause_id: str) -> str:
        """Return how the plan itself calls a passage: 条目七, 专栏2, 第三部分, 引言."""
        return citation.clause_name(self.document, clause_id)

    def scopes(self) -> pd.DataFrame:
        """Return whom each segment of each sentence is for (see the data dictionary)."""
        return self.table("scopes")

    def codebook(self, variable: str | None = None) -> pd.DataFrame:
        """Return the codes with their definitions, all or of one variable."""
        table = self.table("codebook")
        return table if variable is None else pick(table, "variable", variable)

    def table(self, name: str) -> pd.DataFrame:
        """Return any table of the data package (see docs/dictionary.md), checked and typed."""
        if not isinstance(name, str) or name not in self._tables.declared:
            known = list(self._tables.declared)
            raise UnknownId(name, nearest(str(name), known) or known, "table")
        return self._tables.frame(name)

    @cached_property
    def _tables(self) -> schema.Tables:
        tables = schema.Tables(self.folder, self.document)
        if "membership" in self.own:
            path, mode = self.own["membership"], self.membership_mode
            table, self.conversions = membership.read(path, tables, mode)
            tables.put(table)
        return tables

    def _once(self, key: object, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return a fresh view of a frame that is made once for this plan."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key].copy(deep=False)  # written into, it becomes another


def pick(table: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    """Return the rows with this value; it must be one of the column's."""
    known = table[column].unique()
    if not isinstance(value, str) or value not in known:
        raise UnknownId(value, known, column)
    return table[table[column] == value].reset_index(drop=True)


def own_files(given: Mapping[str, Path | str | None] | None = None) -> dict[str, Path]:
    """Return the reader's own files: as given, else as the environment says (LAOQU_…)."""
    given = given or {}
    names = ("membership", "boundaries", "coding")
    found = {name: given.get(name) or os.environ.get(f"LAOQU_{name.upper()}") for name in names}
    return {name: Path(path) for name, path in found.items() if path}
