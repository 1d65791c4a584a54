"""What several checks need of a table."""

from __future__ import annotations

import re

import pandas as pd

from laoqu import schema
from laoqu.document import Document
from laoqu.errors import Problem

PASSES = ("pass1", "pass2", "adjudicated")


def text_of(value: object) -> str:
    """Return a value as a sheet would hold it."""
    if value is pd.NA:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def column_of(table: schema.Table, name: str) -> int:
    """Return the number of a column, from 0."""
    return next(i for i, each in enumerate(table.fields) if each["name"] == name)


def hits(
    doc: Document, table: schema.Table, row: schema.Row, column: str
) -> tuple[int, list[Problem]]:
    """Count the matches of the regular expression in a cell; a malformed one is a problem."""
    pattern = str(row.values[column])
    try:
        return len(re.findall(pattern, doc.canonical)) if pattern else 0, []
    except re.error as error:
        message = f"{pattern!r} is no regular expression: {error}"
        return 0, [Problem(table.file, row.line, row.column(column_of(table, column)), message)]
