"""What stands together more often than shuffled labels would, exactly: cells of a table, terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from laoqu.analysis import draws

#: A term in fewer sentences is left out of `pairs`: its strengths would rest on one or two.
MINIMUM = 3
#: A cell is found, and a pair is a link, where chance alone gives as much at most this often.
LEVEL = 0.05
PAIRS = ["term_a", "term_b", "together", "units_a", "units_b", "clauses", "association", "p",
         "p_within", "by_chance", "by_layout"]  # fmt: skip


def association(
    measures: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    within: str | None = "clause_id",
    times: int = draws.DRAWS,
    seed: int = draws.SEED,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cross table of two variables, cell by cell, against shuffled labels; a summary.

    Most expected counts are below 5, so a cell's p is the exact one under shuffles of the second
    variable: hypergeometric in each stratum, convolved over strata, twice the smaller side,
    adjusted by Benjamini–Hochberg over the cells that a shuffle can change. The p of the whole
    table (χ²) is drawn `times` times. `codes` maps the two variables to their codes; leave out what
    the text does not have by nature (``structural_zero`` in the codebook): no test counts it.
    Labels are shuffled only among measures with the same value of the column `within`, or among
    all: clauses are about a theme, so "within clauses" asks what is left beside the layout.

    The first frame has one row per cell, zeros included: the two variables, ``n``, ``expected``
    (mean over all shuffles), ``p``, ``p_adjusted`` (NaN where no shuffle can change the cell). The
    second has one row: ``n``, ``p`` (of the table), ``error`` (Monte Carlo), ``free`` (cells that a
    shuffle can change), ``found`` (cells with an adjusted p of at most .05), ``within``.

    >>> frame = pd.DataFrame({"a": list("xxxyyy"), "b": list("uuuvvv")})
    >>> cells, _ = association(frame, {"a": list("xy"), "b": list("uv")}, None, 99)
    >>> cells["p"].round(3).tolist()  # 1 of 20 divisions, two-sided
    [0.1, 0.1, 0.1, 0.1]
    """
    first, second = codes
    known = measures[measures[first].isin(codes[first]) & measures[second].isin(codes[second])]
    known = known.assign(stratum=pd.factorize(known[within])[0] if within else 0)
    known = known.sort_values("stratum", kind="stable")
    table = pd.crosstab(known[first], known[second])
    table = table.reindex(index=codes[first], columns=codes[second], fill_value=0)
    cells = table.stack().rename("n").reset_index()
    margins = [
        (len(part), part[first].value_counts(), part[second].value_counts())
        for _, part in known.groupby("stratum")
    ]
    cells["expected"], cells["p"], cells["p_adjusted"] = 0.0, np.nan, np.nan
    for row in cells.itertuples():
        odds = draws.overlap([(n, a.get(row[1], 0), b.get(row[2], 0)) for n, a, b in margins])
        cells.loc[row.Index, "expected"] = odds @ np.arange(len(odds))
        if (odds > 0).sum() > 1:
            tail = min(odds[row.n :].sum(), odds[: row.n + 1].sum())
            cells.loc[row.Index, "p"] = min(1, 2 * tail)
    free, p = cells["p"].notna(), np.nan
    if free.any():
        cells.loc[free, "p_adjusted"] = false_discovery_control(cells.loc[free, "p"])
        expected = cells["expected"].where(cells["expected"] > 0, np.inf).to_numpy()
        shuffled = _shuffled(known, codes, times, seed)
        far = ((shuffled - cells["expected"].to_numpy()) ** 2 / expected).sum(axis=1)
        here = ((cells["n"] - cells["expected"]) ** 2 / expected).sum()
        p = float(draws.p_value(far, here, "upper"))
    summary = {
        "n": len(known), "p": p, "error": float(draws.monte_carlo_error(p, times)),
        "free": int(free.sum()), "found": int((cells["p_adjusted"] <= LEVEL).sum()),
        "within": within or "",
    }  # fmt: skip
    return cells, pd.DataFrame([summary])


def _shuffled(
    known: pd.DataFrame, codes: Mapping[str, Sequence[str]], times: int, seed: int
) -> np.ndarray:
    """Return cross tables of labels shuffled within strata (in their order), one a row."""
    row, column = (pd.Index(codes[name]).get_indexer(known[name]) for name in codes)
    rows, columns = map(len, codes.values())
    rng, tables = np.random.default_rng(seed), []
    for _ in range(times):
        dealt = column[np.lexsort((rng.random(len(known)), known["stratum"]))]
        tables.append(np.bincount(row * columns + dealt, minlength=rows * columns))
    return np.array(tables)


def pairs(table: pd.DataFrame, clauses: Sequence[str]) -> pd.DataFrame:
    r"""Return how often each two terms stand together, and how often chance brings them together.

    `table` has a row a sentence and a column a term, of zeros and ones; counts are of sentences,
    never of repetitions within one. With N sentences, s those of a term and c those of both, the
    association strength is :math:`A = cN / (s_a s_b)`, 1 where two terms are independent (van Eck
    and Waltman 2009). Two odds of :math:`C \ge c`, both exact: ``p`` takes all sentences as
    exchangeable, which the literature does and which is too bold, since a clause is about one
    matter; ``p_within`` shuffles terms within `clauses` (one for each row), so it asks what is left
    beside the layout. A term needs `MINIMUM` sentences, a link a p of at most `LEVEL`.

    One row per pair of kept terms in order, those that never meet included: ``term_a``, ``term_b``,
    ``together`` (c), ``units_a``, ``units_b``, ``clauses`` (in which they meet), ``association``,
    ``p``, ``p_within``, ``by_chance`` and ``by_layout`` (odds that the pair is a link if terms are
    shuffled among all sentences, or within clauses: their sums are the links to expect),
    ``p_adjusted``, ``p_within_adjusted`` (Benjamini–Hochberg), ``link``.
    """
    kept = table.loc[:, table.sum() >= MINIMUM].sort_index(axis="columns")
    clauses, total = np.asarray(clauses), kept.sum()
    inside = kept.groupby(clauses).agg("sum")
    size = pd.Series(clauses).groupby(clauses).size()
    rows = []
    for a, b in combinations(kept, 2):
        meet = (kept[a] * kept[b]).to_numpy() > 0
        both, n = int(meet.sum()), len(kept)
        strata = [(n, total[a], total[b])], list(zip(size, inside[a], inside[b], strict=True))
        plain, within = (np.cumsum(draws.overlap(each)[::-1])[::-1] for each in strata)
        # The least overlap that makes a link; beyond the last one possible where there is none.
        least = int((plain > LEVEL).sum())
        tails = [min(1.0, float(each[both])) for each in (plain, within)]
        tails += [float(each[least]) if least < len(each) else 0.0 for each in (plain, within)]
        strength = both * n / (total[a] * total[b])
        met = len(set(clauses[meet]))
        rows.append([a, b, both, int(total[a]), int(total[b]), met, strength, *tails])
    found = pd.DataFrame(rows, columns=PAIRS)
    for name in ("p", "p_within") if len(found) else ():
        found[f"{name}_adjusted"] = false_discovery_control(found[name])
    return found.assign(link=found["p"] <= LEVEL)
