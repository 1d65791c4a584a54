"""Which terms stand together: strengths, a filter against chance, stability when redrawn.

Formulae and their sources are in docs/methods.md, “Co-words”. Counts are of units
(sentences or clauses), never of repetitions within one. No cosine or correlation is taken of the
co-occurrence matrix itself: that would normalise twice (Zhou and Leydesdorff 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from laoqu.analysis.resample import DRAWS, SEED, clause_draws

#: A term in fewer units is left out: its strengths would rest on one or two sentences.
MINIMUM = 3
#: A pair is a link where chance alone would bring the two together so often at most this often.
LEVEL = 0.05
#: A link is drawn where at least this share of the draws has it.
STABLE = 0.5


def incidence(
    tokens: pd.DataFrame, sentences: pd.DataFrame, level: str = "concept", unit: str = "unit_id"
) -> pd.DataFrame:
    """Return which term stands in which unit.

    Parameters
    ----------
    tokens : DataFrame
        ``plan.table("tokens")``: ``unit_id`` and the column `level`.
    sentences : DataFrame
        ``plan.sentences()``: ``unit_id`` and, for clauses, ``clause_id``; units without a term
        count too.
    level : {"concept", "term"}
    unit : {"unit_id", "clause_id"}

    Returns
    -------
    DataFrame
        Index units in reading order, columns terms in order; 1 where the term stands, else 0.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import coword
    >>> plan = lq.load()
    >>> coword.incidence(plan.table("tokens"), plan.sentences()).loc["c03.s02"].sum()
    np.int64(2)
    """
    of = sentences.set_index("unit_id", drop=False)[unit]
    units = pd.Index(dict.fromkeys(of), name=unit)
    table = pd.crosstab(tokens["unit_id"].map(of), tokens[level]).clip(upper=1)
    table = table.reindex(index=units, fill_value=0)
    return table.reindex(columns=sorted(table.columns)).rename_axis(columns=level)


def pairs(table: pd.DataFrame, minimum: int = MINIMUM, level: float = LEVEL) -> pd.DataFrame:
    r"""Return how strongly each two terms stand together.

    With N units, s the units of a term and c the units of both: association strength
    :math:`A = cN / (s_a s_b)` (1 where two terms are independent; van Eck and Waltman 2009),
    equivalence :math:`E = c^2 / (s_a s_b)` (Callon 1983), inclusion :math:`c / \min(s_a, s_b)`,
    Ochiai :math:`c / \sqrt{s_a s_b}`, Jaccard :math:`c / (s_a + s_b - c)`. p is one-sided,
    :math:`P(C \ge c)` of the hypergeometric distribution; units of one clause are treated as
    independent, which makes p too small.

    Parameters
    ----------
    table : DataFrame
        From `incidence`.
    minimum : int
        Least number of units of a term.
    level : float
        Highest p of a link.

    Returns
    -------
    DataFrame
        One row per pair of kept terms in order, those that never meet included: ``term_a``,
        ``term_b``, ``together`` (c), ``units_a``, ``units_b``, the five strengths, ``p``,
        ``p_adjusted`` (Benjamini and Hochberg, over all pairs of kept terms), ``link`` (p at most
        `level`) and ``strict`` (adjusted p at most `level`).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import coword
    >>> table = pd.DataFrame({"a": [1, 1, 1, 0], "b": [1, 1, 0, 1]})
    >>> coword.pairs(table)[["together", "inclusion", "jaccard"]].values.tolist()
    [[2.0, 0.6666666666666666, 0.5]]
    """
    kept = table.loc[:, table.sum() >= minimum].sort_index(axis="columns")
    matrix = kept.to_numpy(dtype="int64")
    one, two = np.triu_indices(matrix.shape[1], k=1)
    both = (matrix.T @ matrix)[one, two]
    count = matrix.sum(axis=0)
    a, b = count[one], count[two]
    product = (a * b).astype("float64")
    p = _by_chance(both[None], np.array([len(matrix)]), a[None], b[None])
    adjusted = false_discovery_control(p[0]) if len(both) else p[0]
    return pd.DataFrame(
        {
            "term_a": kept.columns[one],
            "term_b": kept.columns[two],
            "together": both,
            "units_a": a,
            "units_b": b,
            "association": both * len(matrix) / product,
            "equivalence": both**2 / product,
            "inclusion": both / np.minimum(a, b),
            "ochiai": both / np.sqrt(product),
            "jaccard": both / (a + b - both),
            "p": p[0],
            "p_adjusted": adjusted,
            "link": p[0] <= level,
            "strict": adjusted <= level,
        }
    )


def stability(
    table: pd.DataFrame, clauses: Sequence[str], minimum: int = MINIMUM, level: float = LEVEL,
    draws: int = DRAWS, seed: int = SEED,
) -> pd.DataFrame:  # fmt: skip
    """Return `pairs` with how often each link comes out again when clauses are drawn anew.

    Parameters
    ----------
    table : DataFrame
        From `incidence`, one row per sentence.
    clauses : sequence of str
        The clause of each row.

    Returns
    -------
    DataFrame
        The columns of `pairs` with ``clauses`` (in which the two stand together) and
        ``frequency``: the share of draws in which the pair passes the same filter, counts and
        number of units being those of the draw. One of k clauses is in a draw with
        probability 1 − (1 − 1/k)^k, so what rests on one alone comes out in 64 % at most (k = 22).
    """
    result = pairs(table, minimum, level)
    found = link_draws(table, clauses, result, minimum, level, draws, seed)
    kept = table.to_numpy(dtype="int64")
    at = {term: i for i, term in enumerate(table.columns)}
    names = np.asarray(clauses)
    meet = [
        len(set(names[(kept[:, at[a]] & kept[:, at[b]]).astype(bool)]))
        for a, b in zip(result["term_a"], result["term_b"], strict=True)
    ]
    return result.assign(clauses=meet, frequency=found.mean(axis=0))


def drawn(paired: pd.DataFrame) -> pd.DataFrame:
    """Return the links that come out in at least half of the draws: the network of the figures."""
    return paired[paired["link"] & (paired["frequency"] >= STABLE)].reset_index(drop=True)


def expected(paired: pd.DataFrame, units: int, level: float = LEVEL) -> float:
    """Return how many links chance alone would give: the sum of each pair's chance of p <= level.

    Less than `level` times the pairs, since counts are whole numbers.
    """
    a, b = (paired[f"units_{end}"].to_numpy(dtype="int64")[None] for end in "ab")
    chance = np.zeros(a.shape)
    for both in range(1, int(a.max(initial=0)) + 1):
        tail = _by_chance(np.full(a.shape, both), np.array([units]), a, b)
        chance = np.where((chance == 0) & (tail <= level), tail, chance)
    return float(chance.sum())


def link_draws(
    table: pd.DataFrame, clauses: Sequence[str], paired: pd.DataFrame, minimum: int, level: float,
    draws: int, seed: int, strengths: bool = False,
) -> np.ndarray:  # fmt: skip
    """Return what is a link in each draw: shape (draws, pairs), the rows of `paired` in order.

    True and False, or with `strengths` the association of the draw and 0.
    """
    if paired.empty:
        return np.zeros((draws, 0))
    times = clause_draws(clauses, draws, seed)
    matrix = table.to_numpy(dtype="int64")
    one, two = (table.columns.get_indexer(paired[end]) for end in ("term_a", "term_b"))
    both = times @ (matrix[:, one] * matrix[:, two])
    count, size = times @ matrix, times.sum(axis=1)
    a, b = count[:, one], count[:, two]
    enough = (np.minimum(a, b) >= minimum) & (both > 0)
    p = np.ones(both.shape)
    p[enough] = _by_chance(both, size[:, None] + np.zeros_like(a), a, b, enough)
    link = enough & (p <= level)
    if not strengths:
        return link
    return np.where(link, both * size[:, None] / np.maximum(a * b, 1), 0.0)


def _by_chance(
    both: np.ndarray, size: np.ndarray, a: np.ndarray, b: np.ndarray, where: object = ...
) -> np.ndarray:
    """Return P(C >= both): the hypergeometric tail, worked out once for each set of numbers."""
    parts = [np.broadcast_to(part, both.shape)[where].ravel() for part in (both, size, a, b)]
    sets, back = np.unique(np.stack(parts), axis=1, return_inverse=True)
    c, n, first, second = sets
    p = np.clip(hypergeom.sf(c - 1, n, first, second), 0, 1)
    return p[back.ravel()].reshape(both[where].shape)
