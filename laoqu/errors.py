"""What can go wrong, said to people: what, where, what was expected, the nearest valid name."""

from __future__ import annotations

import difflib
import errno
import functools
import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from numbers import Integral, Number, Real
from typing import NamedTuple, TypeVar

#: The languages of pages, and of the labels of codes; the forms of a page.
LANGS = ("zh", "en")
FORMATS = ("html", "pdf", "docx")
F = TypeVar("F", bound=Callable)
#: So few valid names are all said, and so many where none of them is near.
FEW, MANY = 4, 20
#: Arguments that a message shows as they are; of others only their type.
SHOWN = (str, bytes, Number, tuple, list, dict, os.PathLike, type(None))
#: Kinds of annotations that are no classes of that name, and what a message calls them.
KINDS = {"int": Integral, "float": Real, "object": object, "None": type(None)}
KINDS |= {each.__name__: each for each in (Callable, Collection, Iterable, Mapping, Sequence)}
CALLED = {
    "str": "text", "int": "a whole number", "float": "a number", "bool": "True or False",
    "Path": "a path", "Sequence": "a list", "Iterable": "a list", "Mapping": "a dict",
    "DataFrame": "a frame", "Plan": "a plan (lq.load())", "None": "nothing",
}  # fmt: skip
#: What is said of too little of something, as systems and libraries say it.
SCARCE = {
    "too little memory": "MemoryError|failed to map segment|Cannot allocate memory|bad_alloc",
    "ulimit -n may be too small": "Too many open files",
    "ulimit -u may be too small": "Resource temporarily unavailable|can't start new thread",
}
LIMITS = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN)
#: What is so long in a message was given to us: the middle of it is left out.
LONG = ((re.compile(r"(\S{100})\S{200,}(\S{40})"), r"\1…\2"),
        (re.compile(r"(.{2000}).{1000,}(.{900})", re.DOTALL), r"\1 … \2"))  # fmt: skip


#: What a terminal does not print; lines and tabs stay.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Colours and other orders to a terminal.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


def bounded(text: str) -> str:
    """Return a message that is not endless, nor a word of it, whatever of an input it echoes.

    >>> len(bounded("unknown area " + "x" * 100_000))
    154
    """
    for long, short in LONG if len(text) > 300 else ():
        text = long.sub(short, text)
    return text


def printable(text: str) -> str:
    r"""Return a message in which what a terminal would obey is shown as Python writes it.

    >>> printable("gdp\x1b[2J")
    'gdp\\x1b[2J'
    """
    return CONTROL.sub(lambda sign: repr(sign[0])[1:-1], bounded(text))


class LaoquError(Exception):
    """Base of every error laoqu raises on purpose; its message can always be printed."""

    def __str__(self) -> str:
        return printable(super().__str__()).encode("utf-8", "backslashreplace").decode("utf-8")


class Problem(NamedTuple):
    """One thing wrong in a file: ``file:line:column: message`` (line and column count from 1)."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}:{self.column}: {self.message}")


class DataError(LaoquError):
    """A file is not as it must be: ``problems`` in file order, and the place of the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        self.file, self.line, self.column, _ = self.problems[0]
        shown = [str(problem) for problem in self.problems[:10]]
        if hidden := len(self.problems) - len(shown):
            shown.append(f"… and {hidden} more; `laoqu check` lists every problem")
        super().__init__("\n".join(shown))


class UnknownId(LaoquError, LookupError):  # noqa: N818 - the name users know
    """A name that nothing in the collection answers to; carries the nearest valid names."""

    def __init__(self, name: object, suggestions: Iterable[str], kind: str = "id",
                 why: str = "", hint: str = "nearest") -> None:  # fmt: skip
        self.name, self.why, self.suggestions = name, why, list(suggestions)
        near = f"; {hint}: {', '.join(self.suggestions)}" if self.suggestions else ""
        super().__init__(f"{why or f'unknown {kind} {shown(name)}'}{near}")


class ParameterError(LaoquError):
    """A notebook parameter is misspelt, of the wrong type or outside its allowed values."""


class OutputError(LaoquError):
    """The outputs folder cannot be written."""


class ArgumentError(LaoquError, TypeError, ValueError):
    """A public function was given something it cannot work with."""


def guard(function: F) -> F:
    """Have a public function answer odd arguments with a `LaoquError`, whatever fails inside."""

    @functools.wraps(function)
    def guarded(*args: object, **kwargs: object) -> object:
        try:
            return function(*args, **kwargs)
        except (LaoquError, MemoryError):
            raise
        except Exception as error:
            if getattr(error, "errno", None) in LIMITS:
                raise
            if isinstance(error, OSError) and error.strerror and error.filename:
                raise LaoquError(sentence(error)) from error
            raise ArgumentError(_why(function, args, kwargs, error)) from error

    guarded.is_guarded = True
    return guarded


def guard_methods(cls: type) -> type:
    """Guard every public method of a class, the making of an object and what stands in [ ]."""
    for name, value in list(vars(cls).items()):
        public = name in ("__init__", "__getitem__") or not name.startswith("_")
        if inspect.isfunction(value) and public and not hasattr(value, "is_guarded"):
            setattr(cls, name, guard(value))
    return cls


def _why(function: Callable, args: tuple, kwargs: dict[str, object], error: Exception) -> str:
    """Return what was wrong with a call that failed: a name, number, kind or value."""
    name, signature, unfit = function.__qualname__, inspect.signature(function), ""
    known = [key for key, each in signature.parameters.items()
             if key != "self" and each.kind != each.VAR_KEYWORD]  # fmt: skip
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as found:
        unfit = str(found)
    # What takes any options hands them on: the name that nobody takes stands in the error.
    odd = re.search(r"unexpected keyword argument '(\w+)'", unfit or str(error))
    if odd and odd[1] in kwargs and odd[1] not in known:
        near = ", ".join(nearest(odd[1], known, 1) or known)
        return f"{name} has no argument {odd[1]!r}; nearest: {near}"
    if unfit:
        return f"{name} takes {', '.join(known) or 'no argument'}: {unfit}"
    given = [*map(shown, args), *(f"{key}={shown(kwargs[key])}" for key in kwargs)]
    called = f"{name}({', '.join(given)}): {type(error).__name__}: {error}"
    return next((f"{name}: {odd}" for odd in _of_other_kind(bound)), called)


def _of_other_kind(bound: inspect.BoundArguments) -> Iterator[str]:
    """Yield which argument is not of the kind that its annotation says, or is no text at all."""
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        many = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if many or parameter.annotation is parameter.empty:
            continue
        annotation = re.sub(r"\[.*\]", "", str(parameter.annotation))
        kinds = [each.strip().rpartition(".")[2] for each in annotation.split("|")]
        of = {each.__name__ for each in type(value).__mro__}
        if not any(k in of or isinstance(value, KINDS.get(k, ())) for k in kinds):
            expected = " or ".join(CALLED.get(each, each) for each in kinds)
            yield f"{name} is {shown(value)}, expected {expected}"
        elif isinstance(value, str) and re.search("[\ud800-\udfff]", value):
            yield f"{name} is {shown(value)}, which holds half a character"


def shown(value: object) -> str:
    """Return an argument as a message shows it: of large things only the type."""
    text = type(value).__name__
    with suppress(ValueError):  # of an integer of thousands of digits
        text = repr(value) if isinstance(value, SHOWN) else text
    return text if len(text) <= 60 else f"{text[:59]}…"


def require(name: object, valid: Collection[str], kind: str = "id") -> None:
    """Raise an `UnknownId` where a name is none of the valid ones, with those that are near.

    >>> require("zh", ["zh", "en"])
    """
    if not isinstance(name, str) or name not in valid:
        near = nearest(str(name), map(str, valid)) if len(valid) > FEW else []
        if not near and len(valid) > MANY:  # a few from all over show the form
            some = list(valid)[:: len(valid) // FEW][:FEW]
            raise UnknownId(name, some, kind, hint=f"expected one of {len(valid):,}, such as")
        raise UnknownId(name, near or valid, kind)


def check_lang(lang: str) -> str:
    """Return `lang` when it is one of `LANGS`, else raise a ParameterError that says so."""
    if lang not in LANGS:
        raise ParameterError(f"lang is {shown(lang)}, expected one of {', '.join(LANGS)}")
    return lang


def nearest(name: str, valid: Iterable[str], n: int = 3, cutoff: float = 0.34) -> list[str]:
    """Return up to `n` of the `valid` names that look most like `name`, best first."""
    letters = set(name.casefold())
    by_fold = {candidate.casefold(): candidate for candidate in valid}
    alike = [each for each in by_fold if not letters.isdisjoint(each)]
    found = difflib.get_close_matches(name.casefold(), alike, n=n, cutoff=cutoff)
    return [by_fold[key] for key in found]


def hinted(error: str) -> str:
    """Return an error with what there was too little of, if it says so.

    >>> hinted("Too many open files")
    'Too many open files (ulimit -n may be too small)'
    """
    for hint, said in SCARCE.items():
        if re.search(said, error) and hint not in error:
            error = f"{error} ({hint})"
    return error


def sentence(error: BaseException) -> str:
    """Return what a failure of the system is, and of which file or stream.

    >>> sentence(FileNotFoundError(2, "No such file or directory", "x.csv"))
    'No such file or directory: x.csv'
    """
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    what = getattr(error, "strerror", None) or f"{type(error).__name__} {error}".strip()
    where = getattr(error, "filename", None)
    if getattr(error, "errno", None) == errno.ENOSPC and not where:
        try:
            print(flush=True)
        except OSError:
            where = "standard output"
    return hinted(f"{what}: {where}" if where else what)
