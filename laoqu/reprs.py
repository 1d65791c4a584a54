"""How objects look in a notebook, and what they answer to a name that they do not have."""

from __future__ import annotations

import functools
import html
import inspect
import types
from collections.abc import Callable, Iterable, Mapping

from laoqu.errors import UnknownId, nearest


def card(title: str, facts: Mapping[str, object], texts: Iterable[str] = ()) -> str:
    """Return a title, facts on one line and paragraphs as HTML.

    >>> card("沂蒙", {"counties": 18})
    '<div lang="zh"><p><b>沂蒙</b><br>18 counties</p></div>'
    """
    shown = " · ".join(f"{value} {name}".strip() for name, value in facts.items())
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in texts)
    head = f"<b>{html.escape(title)}</b><br>{html.escape(shown)}"
    return f'<div lang="zh"><p>{head}</p>{paragraphs}</div>'


def no_name(owner: str, name: str, known: Iterable[str]) -> AttributeError:
    """Return the error that an object has no attribute of a name, with the nearest it has."""
    if name.startswith("_"):
        return AttributeError(name, name=name)
    near = nearest(name, [each for each in known if not each.startswith("_")])
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return AttributeError(f"{owner} has no attribute {name!r}{hint}", name=name)


class Keys(dict):
    """A dict of passages that also knows them by number, and the nearest key of an unknown one."""

    def __missing__(self, key: object) -> object:
        number = str(key).strip()
        for each, value in self.items():
            if number.isdigit() and each.lstrip("pcb").lstrip("0") == number.lstrip("0"):
                return value
        raise UnknownId(key, nearest(str(key), self) or list(self), "passage")


class Question:
    """A method that is asked with parentheses, and says so where they were forgotten."""

    def __init__(self, function: Callable, owner: object = None) -> None:
        functools.update_wrapper(self, function)
        self._ask = function if owner is None else types.MethodType(function, owner)

    def __get__(self, owner: object, _: type) -> Question:
        return self if owner is None else type(self)(self.__wrapped__, owner)

    def __call__(self, *args: object, **kwargs: object) -> object:  # noqa: D102
        return self._ask(*args, **kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._ask)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        said = f"{self.__qualname__} is asked with parentheses"
        raise AttributeError(f"{said}: plan.{self.__name__}().{name}", name=name)

    def __repr__(self) -> str:
        first = (self.__doc__ or "").partition("\n")[0]
        return f"{self.__qualname__}(…): {first}\nAsk with parentheses: plan.{self.__name__}()"


def asked(cls: type) -> type:
    """Make every public method of a class a `Question`."""
    for name, value in list(vars(cls).items()):
        if isinstance(value, types.FunctionType) and not name.startswith("_"):
            setattr(cls, name, Question(value))
    return cls
