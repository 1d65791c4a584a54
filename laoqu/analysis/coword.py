"""Which terms stand together in a sentence, beside what chance and the layout give.

Counts are of sentences (or clauses), never of repetitions within one. No cosine or correlation is
taken of the co-occurrence matrix: that would normalise twice (Zhou and Leydesdorff 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from laoqu.analysis import draws

#: A term in fewer units is left out: its strengths would rest on one or two sentences.
MINIMUM = 3
#: A pair is a link where chance alone would bring the two together so often at most this often.
LEVEL = 0.05


def pairs(
    table: pd.DataFrame, clauses: Sequence[str], minimum: int = MINIMUM, level: float = LEVEL
) -> pd.DataFrame:
    r"""Return how often each two terms stand together, and how often chance brings them together.

    With N units, s the units of a term and c those of both, the association strength is :math:`A =
    cN / (s_a s_b)`, 1 where two terms are independent (van Eck and Waltman 2009). Two odds of
    :math:`C \ge c`, both exact: ``p`` takes all units as exchangeable, which the literature does
    and which is too bold, since a clause is about one matter; ``p_within`` shuffles terms within
    clauses, so it asks what is left beside the layout. `clauses` has the clause of each row of
    `table`; a term needs `minimum` units, a link a p of at most `level`.

    Returns
    -------
    DataFrame
        One row per pair of kept terms in order, those that never meet included: ``term_a``,
        ``term_b``, ``together`` (c), ``units_a``, ``units_b``, ``clauses`` (in which they meet),
        ``association``, ``p``, ``p_adjusted``, ``p_within``, ``p_within_adjusted``
        (Benjamini–Hochberg, over all pairs), ``link``, ``by_chance`` and ``by_layout`` (odds that
        the pair is a link if terms are shuffled among all units, or within clauses: their sums are
        the links to expect).
    """
    kept = table.loc[:, table.sum() >= minimum].sort_index(axis="columns")
    inside = kept.groupby(np.asarray(clauses), sort=False)
    count, size = inside.sum().to_numpy(dtype=int), inside.size().to_numpy(dtype=int)
    matrix = kept.to_numpy(dtype=int)
    rows = []
    for one, two in zip(*np.triu_indices(matrix.shape[1], k=1), strict=True):
        a, b = int(matrix[:, one].sum()), int(matrix[:, two].sum())
        meet = (matrix[:, one] & matrix[:, two]).astype(bool)
        both = int(meet.sum())
        shared = (count[:, one] > 0) & (count[:, two] > 0)
        strata = np.stack([size, count[:, one], count[:, two]], axis=1)[shared].tolist()
        plain = np.cumsum(draws.overlap([(len(kept), a, b)])[::-1])[::-1]
        within = np.cumsum(draws.overlap(strata)[::-1])[::-1]
        # The least overlap that makes a link; beyond the last one possible where there is none.
        least = int((plain > level).sum())
        rows.append(
            {
                "term_a": kept.columns[one],
                "term_b": kept.columns[two],
                "together": both,
                "units_a": a,
                "units_b": b,
                "clauses": len(set(np.asarray(clauses)[meet])),
                "association": both * len(kept) / (a * b),
                "p": min(1.0, float(plain[both])),
                "p_within": min(1.0, float(within[both])),
                "by_chance": float(plain[least]) if least < len(plain) else 0.0,
                "by_layout": float(within[least]) if least < len(within) else 0.0,
            }
        )
    found = pd.DataFrame(rows)
    if found.empty:
        return found
    for name in ("p", "p_within"):
        found[f"{name}_adjusted"] = false_discovery_control(found[name])
    return found.assign(link=found["p"] <= level)
