"""Arguments as a shell gives them: in any encoding, in papermill's form, from variables not set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import click


class Option(click.Option):
    """An option whose value is not empty: a variable that is not set leaves no option out."""

    def type_cast_value(self, ctx: click.Context, value: object) -> object:
        """Return the value, converted."""
        if "" in (value if isinstance(value, list | tuple) else [value]):
            raise click.BadParameter("it is empty: write a value, or leave it out", ctx, self)
        return super().type_cast_value(ctx, value)


option = partial(click.option, cls=Option)


def joined(argv: Sequence[str]) -> list[str]:
    """Return the arguments as text, and ``-p NAME VALUE``, as papermill has it, as one."""
    found, left = [], list(map(_readable, argv))
    while left:
        found.append(left.pop(0))
        if found[-1] == "-p" and left[1:] and "=" not in left[0] and left[1][:2] != "--":
            left[:2] = [f"{left[0]}={left[1]}"]
    return found


def _readable(text: str) -> str:
    """Return an argument in another encoding than the system's as text, if it names no file."""
    if not text.isprintable() and not os.path.lexists(text):
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeError):
                return os.fsencode(text).decode(encoding)
    return text
