"""What can go wrong, said to people: what, where, what was expected, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple


class LaoquError(Exception):
    """Base of every error laoqu raises on purpose."""


class Problem(NamedTuple):
    """One thing wrong in a file: ``file:line:column: message`` (line and column count from 1)."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class DataError(LaoquError):
    """A file in ``data/`` is not as it must be.

    Parameters
    ----------
    problems : iterable of Problem
        Everything found, in file order; the first one gives ``file``, ``line`` and ``column``.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        self.file, self.line, self.column = first.file, first.line, first.column
        shown = [str(problem) for problem in self.problems[:10]]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"… and {hidden} more; `laoqu check` lists every problem")
        super().__init__("\n".join(shown))


class UnknownId(LaoquError, LookupError):  # noqa: N818 - the name users know
    """A name that nothing in the collection answers to; carries the nearest valid names."""

    def __init__(self, name: object, suggestions: Iterable[str], kind: str = "id") -> None:
        self.name = name
        self.suggestions = list(suggestions)
        hint = f"; nearest: {', '.join(self.suggestions)}" if self.suggestions else ""
        super().__init__(f"unknown {kind} {name!r}{hint}")


class ParameterError(LaoquError):
    """A notebook parameter is misspelt, of the wrong type or outside its allowed values."""


class OutputError(LaoquError):
    """The outputs folder cannot be written."""


def nearest(name: str, valid: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` of the `valid` names that look most like `name`, best first."""
    by_fold = {candidate.casefold(): candidate for candidate in valid}
    found = difflib.get_close_matches(name.casefold(), by_fold, n=n, cutoff=0.34)
    return [by_fold[key] for key in found]
