"""laoqu: the 2021 implementation plan for 12 old revolutionary base areas of China, as data.

>>> import laoqu as lq
>>> plan = lq.load()
>>> plan.region("Dabie Mountains").name_zh
'大别山'
"""

from __future__ import annotations

import importlib

from laoqu.errors import DataError, LaoquError, OutputError, ParameterError, Problem, UnknownId

__version__ = "0.1.0"

#: Loaded at first use, so that a command that needs no table imports no pandas.
_LAZY = {
    "Plan": "laoqu.plan",
    "Show": "laoqu.show",
    "card": "laoqu.sections",
    "check": "laoqu.validate",
    "expect_parameters": "laoqu.sections",
    "label": "laoqu.labels",
    "load": "laoqu.plan",
    "panel": "laoqu.analysis.panel",
    "plot_overview": "laoqu.sections",
    "plot_region": "laoqu.sections",
    "report": "laoqu.sections",
    "resolve_place": "laoqu.places",
    "run_cards": "laoqu.batch",
    "run_notebook": "laoqu.batch",
    "run_report": "laoqu.batch",
    "run_reports": "laoqu.batch",
    "use_font": "laoqu.show.style",
}

__all__ = [
    "DataError", "LaoquError", "OutputError", "ParameterError", "Problem", "UnknownId", *_LAZY,
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'laoqu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
