"""What the report of one area shows; the notebook calls it, section by section."""

from __future__ import annotations

from collections.abc import Mapping

from laoqu.errors import ParameterError, nearest
from laoqu.sections.card import Card, card
from laoqu.sections.draw import plot_overview, plot_region
from laoqu.sections.pages import SECTIONS, Report, report

__all__ = [
    "SECTIONS", "Card", "Report", "card", "expect_parameters", "plot_overview",
    "plot_region", "report",
]  # fmt: skip


def expect_parameters(namespace: Mapping[str, object], *names: str) -> None:
    """Raise when a notebook was given a parameter it does not have.

    papermill only warns of a mistyped parameter and runs the default, so a template asks for
    this before anything else.

    Parameters
    ----------
    namespace : mapping
        The notebook's ``globals()``, before it has set names of its own.
    *names : str
        The parameters it has.

    Raises
    ------
    ParameterError
        With the nearest name.

    Examples
    --------
    >>> import laoqu as lq
    >>> lq.expect_parameters({"region": "太行", "_": None}, "region", "lang")
    """
    shell = {"In", "Out", "get_ipython", "exit", "quit", "open", "lq", "papermill"}
    for name, value in namespace.items():
        if name.startswith("_") or name in shell or name in names:
            continue
        if isinstance(value, (str, int, float, bool, list, dict, tuple, type(None))):
            hint = nearest(name, names) or names
            message = f"unknown parameter {name!r}; nearest: {', '.join(hint)}"
            raise ParameterError(message)
