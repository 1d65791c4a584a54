"""laoqu: the 2021 implementation plan for 12 old revolutionary base areas of China, as data.

>>> import laoqu as lq
>>> plan = lq.load()
>>> plan.region("Dabie Mountains").name_zh
'大别山'
"""

from __future__ import annotations

import importlib
import inspect

from laoqu.errors import (
    DataError,
    LaoquError,
    OutputError,
    ParameterError,
    Problem,
    UnknownId,
    guard,
    guard_methods,
)
from laoqu.reprs import no_name

__version__ = "0.1.0"

#: Loaded at first use, so that a command that needs no table imports no pandas.
_LAZY = {
    "AmbiguousName": "laoqu.places",
    "Plan": "laoqu.plan",
    "Show": "laoqu.show",
    "annotate": "laoqu.pages.plan",
    "check": "laoqu.checks",
    "compare": "laoqu.concordance",
    "expect_parameters": "laoqu.run.parameters",
    "load": "laoqu.plan",
    "panel": "laoqu.analysis.panel",
    "plot_overview": "laoqu.show.maps",
    "plot_region": "laoqu.show.maps",
    "read": "laoqu.concordance",
    "resolve_place": "laoqu.places",
    "run_cards": "laoqu.reports",
    "run_notebook": "laoqu.reports",
    "run_plan": "laoqu.reports",
    "run_report": "laoqu.reports",
    "run_reports": "laoqu.reports",
    "use_font": "laoqu.show.style",
}

__all__ = [
    "DataError", "LaoquError", "OutputError", "ParameterError", "Problem", "UnknownId", *_LAZY,
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise no_name("laoqu", name, __all__)
    module = importlib.import_module(_LAZY[name])
    if _LAZY[name] == "laoqu.plan":
        module.Plan.show = _show
    value = getattr(module, name)
    if inspect.isfunction(value) and not hasattr(value, "is_guarded"):
        value = guard(value)
    if inspect.isclass(value) and not issubclass(value, Exception):
        guard_methods(value)
    globals()[name] = value
    return value


@guard
def _show(plan: object, passage: str, lang: str = "zh") -> object:
    """Show one part, clause or box as the annotated plan does: ``plan.show("c07")``."""
    # Put onto `Plan` here, because pages are made above it.
    from laoqu.pages.plan import annotate

    return annotate(plan, lang, passages=[passage])


def __dir__() -> list[str]:
    return sorted(__all__)
