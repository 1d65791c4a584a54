"""Intervals for a text that is a census of itself: clauses drawn anew, ranks as intervals.

The plan is not a sample. The intervals say how a number would move if the plan were drafted again
with as many clauses, each like one of its own (docs/methods.md, “Exposure”); they say nothing of
other plans.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: Seed of the collection; every function that draws takes it as a parameter.
SEED = 2021
DRAWS = 1000
LEVEL = 0.95
#: Below this count areas are not ordered: the wording and the figures switch (see `rankable`).
MINIMUM = 5
#: What rests on fewer clauses moves as one piece when clauses are redrawn: no interval, no rank.
CLAUSES = 2


def clause_draws(clauses: Sequence[str], draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Draw whole clauses with replacement; return how often each row is drawn.

    Parameters
    ----------
    clauses : sequence of str
        The clause (or box) of each row: rows of one clause are drawn together.
    draws, seed : int

    Returns
    -------
    ndarray
        Shape (draws, rows), whole numbers: multiply with a column of weights.

    Examples
    --------
    >>> from laoqu.analysis.resample import clause_draws
    >>> clause_draws(["c01", "c01", "c02"], draws=2, seed=1).shape
    (2, 3)
    """
    # In order of first appearance: the same text gives the same draws, whatever the ids sort like.
    codes, names = pd.factorize(pd.Series(list(clauses), dtype="str"))
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(names), size=(draws, len(names)))
    times = np.zeros((draws, len(names)), dtype=np.int64)
    np.add.at(times, (np.arange(draws)[:, None], drawn), 1)
    return times[:, codes]


def intervals(samples: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Return the percentile interval of each column: shape (2, columns); NA draws are left out.

    A column without any defined draw gives NaN.
    """
    samples = np.asarray(samples, dtype="float64")
    tail = (1 - level) / 2 * 100
    result = np.full((2, samples.shape[1]), np.nan)
    some = ~np.isnan(samples).all(axis=0)
    result[:, some] = np.nanpercentile(samples[:, some], [tail, 100 - tail], axis=0)
    return result


def rank_intervals(samples: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Return the interval of each column's rank (1 = largest): shape (2, columns), whole numbers.

    Ties count both ways: the low end takes the best rank a tie allows, the high end the worst.

    Examples
    --------
    >>> import numpy as np
    >>> from laoqu.analysis.resample import rank_intervals
    >>> rank_intervals(np.array([[3.0, 1.0, 1.0]] * 4)).tolist()
    [[1, 2, 2], [1, 3, 3]]
    """
    samples = np.asarray(samples, dtype="float64")
    more = (samples[:, None, :] > samples[:, :, None]).sum(axis=2)
    same = (samples[:, None, :] == samples[:, :, None]).sum(axis=2)
    tail = (1 - level) / 2 * 100
    low = np.percentile(more + 1, tail, axis=0, method="lower")
    high = np.percentile(more + same, 100 - tail, axis=0, method="higher")
    return np.stack([low, high]).astype("int64")


def rankable(counts: pd.Series, clauses: pd.Series, minimum: int = MINIMUM) -> bool:
    """Whether areas may be put in an order: see `enough`, for every one of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.resample import rankable
    >>> [rankable(pd.Series([5, 9]), pd.Series(clauses)) for clauses in ([2, 3], [1, 3])]
    [True, False]
    """
    return bool(len(counts)) and bool(enough(counts, clauses, minimum).all())


def enough(
    counts: pd.Series | np.ndarray, clauses: pd.Series | np.ndarray, minimum: int = MINIMUM
) -> pd.Series | np.ndarray:
    """Return for each area whether it rests on `minimum` rows, in `CLAUSES` clauses or more.

    What stands in one clause is drawn whole or not at all. Its mean is the same in every draw that
    has one, so the draws would call an order sure that a single clause decides.
    """
    return (counts >= minimum) & (clauses >= CLAUSES)


def clauses_behind(weights: np.ndarray, clauses: Sequence[str]) -> np.ndarray:
    """Return for each column of weights how many clauses have a row above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from laoqu.analysis.resample import clauses_behind
    >>> clauses_behind(np.array([[1, 0], [1, 0], [1, 2]]), ["c01", "c01", "c02"]).tolist()
    [2, 1]
    """
    return pd.DataFrame(weights > 0).groupby(np.asarray(clauses)).any().sum().to_numpy()
