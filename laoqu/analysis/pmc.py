"""The PMC-index of a text, and how far it hangs on choices that nobody can prove.

Formulae after Ruiz Estrada 2011 (docs/methods.md, “PMC-index”). A frame has one row per case
(a coder, a text) and one column per sub-variable: 1 present, 0 absent, NA not scored.
"""

from __future__ import annotations

import pandas as pd

from laoqu.errors import ParameterError, UnknownId, nearest


def variables(scored: pd.DataFrame) -> pd.DataFrame:
    r"""Return :math:`X_t = \sum_j X_{t:j} / T(t)`, one column per main variable.

    A main variable is what stands before the point of a sub-variable's id. Sub-variables that
    were not scored count neither above nor below; with none scored the variable is NaN.

    >>> scored = pd.DataFrame({"X1.1": [1, 0], "X1.2": [1, None], "X2.1": [0, 1]})
    >>> variables(scored).values.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    owner = scored.columns.str.partition(".").get_level_values(0)
    return scored.astype("float64").T.groupby(owner, sort=False).mean().T


def index(x: pd.DataFrame) -> pd.DataFrame:
    r"""Return the index of each case from its main variables.

    One row per case: ``m`` (main variables), ``pmc`` (:math:`\sum_t X_t`, from 0 to m), ``pmc_m``
    (PMC/m, the PIE-index of the same author, the only form that compares across m), ``depression``
    (m − PMC). Where a main variable is NaN the index is undefined, not smaller.

    >>> index(pd.DataFrame({"X1": [0.5], "X2": [1.0]})).values.tolist()
    [[2.0, 1.5, 0.75, 0.5]]
    """
    total, m = x.sum(axis=1, skipna=False), x.shape[1]
    return pd.DataFrame({"m": m, "pmc": total, "pmc_m": total / m, "depression": m - total})


def grade(value: float, m: int, schemes: pd.DataFrame, scheme: str) -> pd.Series:
    """Return the row of a grade scheme (of ``pmc_grades``) that an index of m variables falls into.

    Print the scheme's name beside the label: schemes give the same number different words. A scheme
    for another m, one that leaves values without a grade, and a value outside 0 to m are refused.
    """
    known = list(dict.fromkeys(schemes["scheme"]))
    if scheme not in known:
        raise UnknownId(scheme, nearest(str(scheme), known) or known, "scheme")
    rows = schemes[schemes["scheme"] == scheme].sort_values("lower")
    if sizes := set(rows["m"]) - {m}:
        raise ParameterError(f"scheme {scheme!r} is for m = {min(sizes)}, not {m}")
    if rows["lower"].iloc[0] != 0 or rows["lower"].duplicated().any():
        raise ParameterError(f"scheme {scheme!r} must begin at 0 and name each bound once")
    if not 0 <= value <= m:
        raise ParameterError(f"a value of {value} does not lie between 0 and m = {m}")
    return rows[rows["lower"] <= value].iloc[-1]
