"""Verbs of the command line: a function, its arguments, and how a line is read."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import laoqu

#: Name of a verb → its function, its arguments, and the one that takes whatever else is given.
VERBS: dict[str, tuple[Callable, tuple, str | None]] = {}


def arg(*names: str, **options: object) -> tuple:
    """Return one argument of a verb, as `argparse.ArgumentParser.add_argument` takes it."""
    return names, options


def verb(name: str, *arguments: tuple, further: str | None = None) -> Callable:
    """Make a function a verb: it gets its arguments by name and may return an exit status.

    What it says of itself is its docstring; a name of two words is a verb of a verb.
    """

    def add(function: Callable) -> Callable:
        VERBS[name] = function, arguments, further
        return function

    return add


def parsed(argv: list[str]) -> dict[str, object]:
    """Return the function of the verb that is asked for, and its arguments by name."""
    parser = argparse.ArgumentParser(prog="laoqu", description=laoqu.__doc__.splitlines()[0])
    parser.add_argument("--version", action="version", version=f"laoqu {laoqu.__version__}")
    parser.set_defaults(function=parser.print_help, own=[], further=None)
    groups = {"": parser.add_subparsers(metavar="COMMAND")}
    for name, (function, arguments, further) in VERBS.items():
        text = function.__doc__[0].lower() + function.__doc__[1:].rstrip(".")
        group, _, last = name.rpartition(" ")
        if group not in groups:  # the first verb of a verb
            above = groups[""].choices.get(group) or groups[""].add_parser(
                group, help="has its own verbs"
            )
            groups[group] = above.add_subparsers(metavar="VERB", required=group not in VERBS)
        added = groups[group].add_parser(last, help=text, description=text)
        own = [added.add_argument(*names, **options).dest for names, options in arguments]
        added.set_defaults(function=function, own=own, further=further)
    given, rest = parser.parse_known_args(_joined(argv))
    found = {"function": given.function, **{name: getattr(given, name) for name in given.own}}
    if given.further:
        found[given.further] = [text for text in rest if text != "--"]
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return found


def _joined(argv: list[str]) -> list[str]:
    """Return the arguments with ``-p NAME VALUE``, as papermill has it, as ``-p NAME=VALUE``."""
    found, left = [], list(argv)
    while left:
        found.append(left.pop(0))
        if found[-1] == "-p" and left and "=" not in left[0] and len(left) > 1:
            left[:2] = [f"{left[0]}={left[1]}"]
    return found
