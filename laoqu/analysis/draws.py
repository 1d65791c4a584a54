"""What chance would give: lists and labels shuffled, and exact odds.

The plan is no sample but all there is, so nothing here is a sampling error. What can be worked out
exactly is not drawn, and whatever is drawn has a Monte Carlo error (`monte_carlo_error`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
import pandas as pd

#: Seed of the collection; every function that draws takes it as a parameter.
SEED = 2021
#: Tables shuffled for a p-value.
DRAWS = 9_999
#: Share of the draws between the ends of a range.
LEVEL = 0.95
#: Two sums of fractions that differ by less are equal.
ROUNDING = 1e-9


def printed_lists(weights: pd.DataFrame, units: pd.Series) -> tuple[pd.DataFrame, pd.Series]:
    """Return the printed lists of areas (rows of zeros and ones), and how many measures each has.

    Measures of one sentence (`units` maps measure to sentence) that reach the same areas stand
    under one list and move together; measures that reach nobody have none.
    """
    some = weights[weights.to_numpy().any(axis=1)]
    areas = some.columns.tolist()
    sizes = some.groupby([units.reindex(some.index), *areas], sort=False).size()
    lists = sizes.reset_index(name="size")
    return lists[areas].astype("int64"), lists["size"]


def curveball(lists: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Shuffle a table of zeros and ones; every row and every column keeps its sum.

    Two rows trade the columns that only one of them has, again and again (Strona et al. 2014): ten
    trades for every row, each draw a chain of its own from the table as it stands. The result has
    the shape (draws, rows, columns).

    >>> curveball(pd.DataFrame([[1, 1, 0], [0, 1, 1], [1, 0, 0]]), 3, 1).sum(axis=1).tolist()
    [[2, 2, 1], [2, 2, 1], [2, 2, 1]]
    """
    marks = lists.to_numpy() > 0
    tables = np.broadcast_to(marks, (draws, *marks.shape)).copy()
    generator, each = np.random.default_rng(seed), np.arange(draws)
    for _ in range(10 * len(marks) if len(marks) > 1 else 0):
        one = generator.integers(len(marks), size=draws)
        two = (one + generator.integers(1, len(marks), size=draws)) % len(marks)
        a, b = tables[each, one], tables[each, two]
        loose = a ^ b
        keep = (a & loose).sum(axis=1)
        # Columns that both or neither have come last; the first `keep` loose ones go to a.
        keys = np.where(loose, generator.random(loose.shape), 2.0)
        mine = np.argsort(np.argsort(keys, axis=1), axis=1) < keep[:, None]
        tables[each, one] = np.where(loose, mine, a)
        tables[each, two] = np.where(loose, ~mine, b)
    return tables


def p_value(drawn: np.ndarray, observed: np.ndarray, side: str = "both") -> np.ndarray:
    """Return the share of draws (rows) at least as far out as the observed value, by column.

    The observed table counts as one draw more. `side` is "upper", "lower" or "both": twice the
    smaller side, at most 1.

    >>> [float(p_value(np.arange(99.0), 97.0, side)) for side in ("upper", "lower", "both")]
    [0.03, 0.99, 0.06]
    """
    upper = (1 + (drawn >= observed - ROUNDING).sum(axis=0)) / (len(drawn) + 1)
    lower = (1 + (drawn <= observed + ROUNDING).sum(axis=0)) / (len(drawn) + 1)
    both = np.minimum(1, 2 * np.minimum(upper, lower))
    return {"upper": upper, "lower": lower, "both": both}[side]


def monte_carlo_error(p: np.ndarray | float, draws: int = DRAWS) -> np.ndarray | float:
    """Return the standard error of a p (or share) that comes from so many independent draws.

    >>> round(float(monte_carlo_error(0.05, 9_999)), 4)
    0.0022
    """
    return np.sqrt(p * (1 - np.asarray(p)) / draws)


def overlap(strata: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Return the exact odds of an overlap of 0, 1, 2 … of two labels shuffled within strata.

    For each stratum its size, and how many units have the first and the second label:
    hypergeometric in each stratum, convolved.

    >>> overlap([(2, 1, 1), (2, 1, 1)]).tolist()
    [0.25, 0.5, 0.25]
    """
    odds = np.ones(1)
    for n, a, b in strata:
        ways = [comb(a, k) * comb(n - a, b - k) for k in range(min(a, b) + 1)]
        odds = np.convolve(odds, np.array(ways) / comb(n, b))
    return odds
