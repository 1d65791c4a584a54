"""Printed lists of areas handed to other areas by lot: the null of similarity and concentration.

A measure that names areas names a list of them. The null keeps every list and its length and
draws which areas stand in it, as if the plan had to say the same to as many areas but did not
care to which.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

DRAWS = 9999


def printed_lists(weights: pd.DataFrame, units: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Return the printed lists and how many measures share each.

    Measures of one sentence that reach the same areas stand under one list and move together;
    measures that reach nobody have none, so that adding one changes no draw.

    Parameters
    ----------
    weights : DataFrame
        From `laoqu.analysis.weights.weights`.
    units : Series
        Measure → sentence.

    Returns
    -------
    lists : DataFrame
        One row per list, one column per area: the weight that each of its measures gives.
    sizes : Series
        The number of its measures.
    """
    some = weights[weights.to_numpy().any(axis=1)]
    areas = some.columns.tolist()
    keyed = some.assign(unit_id=units.reindex(some.index), size=1)
    lists = keyed.groupby(["unit_id", *areas], sort=False)["size"].sum().reset_index()
    return lists[areas], lists["size"]


def reassigned(lists: pd.DataFrame, draws: int, seed: int) -> np.ndarray:
    """Return `lists` with the areas of every row drawn anew: shape (draws, lists, areas).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.reassign import reassigned
    >>> reassigned(pd.DataFrame([[1, 1, 0], [0, 0, 1]]), 4, 1).sum(axis=2).tolist()
    [[2, 1], [2, 1], [2, 1], [2, 1]]
    """
    values = lists.to_numpy()
    generator = np.random.default_rng(seed)
    return generator.permuted(np.broadcast_to(values, (draws, *values.shape)), axis=2)


def p_upper(drawn: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return (1 + number of draws that reach the observed value) / (draws + 1), by column.

    A rounding error of the sums must not make a tie into a difference.
    """
    return (1 + (drawn >= observed - 1e-9).sum(axis=0)) / (len(drawn) + 1)


def p_both(drawn: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return twice the smaller one-sided p, at most 1, by column."""
    smaller = np.minimum(p_upper(drawn, observed), p_upper(-drawn, -observed))
    return np.minimum(1, 2 * smaller)
