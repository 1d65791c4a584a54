"""Values of a reader's own that a map shows."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

import pandas as pd

from laoqu.errors import ParameterError
from laoqu.plan import Plan

#: What mends own values.
INDEXED = '; a column of a frame is given as frame.set_index("adcode")["income"]'


def checked(values: Mapping[str, object], plan: Plan) -> dict[str, object]:
    """Return values of a reader's own by adcode, all of them numbers or all texts.

    A code of another year is refused, else its county would be drawn as one without a value.
    """
    if isinstance(values, pd.DataFrame) or not hasattr(values, "items"):
        raise ParameterError(f"values: expected adcode → value, a dict or a Series{INDEXED}")
    own: dict[str, object] = {}
    for given, value in values.items():
        code = str(given).removesuffix(".0")
        if code in own:
            raise ParameterError(f"values: {code} has several: choose one, as of one year")
        own[code] = None if pd.isna(value) or value == "" else value
    if (odd := sorted(own.keys() - set(plan.gazetteer()["adcode"]))) and len(odd) < len(own):
        why = f"values: {', '.join(odd[:3])}: no code of the end of 2021"
        raise ParameterError(f"{why}; lq.resolve_place reads those of earlier years")
    known = {code: value for code, value in own.items() if value is not None}
    texts = all(isinstance(value, str) for value in known.values())
    if texts and known and pd.to_numeric(pd.Series(known), errors="coerce").notna().all():
        raise ParameterError("values: numbers written as text: pass values.astype(float)")
    if not texts:
        for code, value in known.items():
            try:
                own[code] = float("nan" if isinstance(value, str) else value)
            except (TypeError, ValueError, OverflowError):
                own[code] = float("nan")
            if not isfinite(own[code]):
                found = f"values: {code} has {value!r:.40}"
                raise ParameterError(f"{found}, expected a finite number, or texts alone")
    return own
