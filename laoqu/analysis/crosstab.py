"""What stands together more often than shuffled labels would, exactly: cells of a table, terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from laoqu.analysis import draws

#: A term in fewer units is left out of `pairs`: its strengths would rest on one or two sentences.
MINIMUM = 3
#: A cell is found, and a pair is a link, where chance alone gives as much at most this often.
LEVEL = 0.05


class Association(NamedTuple):
    """Cells and summary of one cross table, from `association`."""

    cells: pd.DataFrame
    summary: pd.DataFrame


def association(
    measures: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    within: str | None = "clause_id",
    times: int = draws.DRAWS,
    seed: int = draws.SEED,
) -> Association:
    """Return the cross table of two variables, cell by cell, against shuffled labels.

    Most expected counts are below 5, so a cell's p is the exact one under shuffles of the second
    variable: hypergeometric in each stratum, convolved over strata, twice the smaller side,
    adjusted by Benjamini–Hochberg over the cells that a shuffle can change. The p of the whole
    table (χ²) is drawn `times` times. `codes` maps the two variables to their codes; leave out what
    the text does not have by nature (``structural_zero`` in the codebook): no test counts it.
    Labels are shuffled only among measures with the same value of the column `within`, or among
    all: clauses are about a theme, so "within clauses" asks what is left beside the layout.

    Returns
    -------
    Association
        ``cells``, one row per cell, zeros included: the two variables, ``n``, ``expected`` (mean
        over all shuffles), ``p``, ``p_adjusted`` (NaN where no shuffle can change the cell).
        ``summary``, one row: ``n``, ``p`` (of the table), ``error`` (Monte Carlo), ``free`` (cells
        that a shuffle can change), ``found`` (cells with an adjusted p of at most .05), ``within``.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": list("xxxyyy"), "b": list("uuuvvv")})
    >>> cells, _ = association(frame, {"a": list("xy"), "b": list("uv")}, None, 99)
    >>> cells["p"].round(3).tolist()  # 1 of 20 divisions, two-sided
    [0.1, 0.1, 0.1, 0.1]
    """
    first, second = codes
    known = measures[measures[first].isin(codes[first]) & measures[second].isin(codes[second])]
    table = pd.crosstab(known[first], known[second])
    table = table.reindex(index=codes[first], columns=codes[second], fill_value=0)
    cells = table.stack().rename("n").reset_index()
    strata = known[within].to_numpy() if within else np.zeros(len(known))
    margins = [
        (len(part), part[first].value_counts(), part[second].value_counts())
        for _, part in known.groupby(strata)
    ]
    odds = [
        draws.overlap([(n, a.get(x, 0), b.get(y, 0)) for n, a, b in margins])
        for x, y in zip(cells[first], cells[second], strict=True)
    ]
    cells["expected"] = expected = np.array([each @ np.arange(len(each)) for each in odds])
    cells["p"] = [exact_p(each, n) for each, n in zip(odds, cells["n"], strict=True)]
    free = cells["p"].notna()
    cells["p_adjusted"] = np.nan
    p = np.nan
    if free.any():
        cells.loc[free, "p_adjusted"] = false_discovery_control(cells.loc[free, "p"])
        shuffled = _shuffled(known, codes, strata, times, seed)
        far = [(t - expected) ** 2 / np.where(expected > 0, expected, np.inf)
               for t in (shuffled, cells["n"].to_numpy())]  # fmt: skip
        p = float(draws.p_value(far[0].sum(axis=-1), far[1].sum(), "upper"))
    summary = {
        "n": len(known), "p": p, "error": float(draws.monte_carlo_error(p, times)),
        "free": int(free.sum()), "found": int((cells["p_adjusted"] <= LEVEL).sum()),
        "within": within or "",
    }  # fmt: skip
    return Association(cells, pd.DataFrame([summary]))


def exact_p(odds: np.ndarray, observed: int) -> float:
    """Return twice the smaller tail of the odds of each count; NaN where only one can occur."""
    if (odds > 0).sum() < 2:
        return np.nan
    return float(min(1, 2 * min(odds[observed:].sum(), odds[: observed + 1].sum())))


def _shuffled(
    known: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    strata: np.ndarray,
    times: int,
    seed: int,
) -> np.ndarray:
    """Return cross tables of labels shuffled within strata, one a row."""
    first, second = codes
    groups = pd.factorize(strata)[0]
    order = np.argsort(groups, kind="stable")
    row = pd.Index(codes[first]).get_indexer(known[first])[order]
    column = pd.Index(codes[second]).get_indexer(known[second])[order]
    width, size = len(codes[second]), len(codes[first]) * len(codes[second])
    # Sorting stratum + noise shuffles every stratum in its own place.
    noise = np.random.default_rng(seed).random((times, len(known)))
    dealt = column[np.argsort(groups[order] + noise, axis=1)]
    cell = row * width + dealt + size * np.arange(times)[:, None]
    return np.bincount(cell.ravel(), minlength=times * size).reshape(times, size)


def pairs(
    table: pd.DataFrame, clauses: Sequence[str], minimum: int = MINIMUM, level: float = LEVEL
) -> pd.DataFrame:
    r"""Return how often each two terms stand together, and how often chance brings them together.

    `table` has a row a sentence and a column a term, of zeros and ones; counts are of sentences,
    never of repetitions within one. With N sentences, s those of a term and c those of both, the
    association strength is :math:`A = cN / (s_a s_b)`, 1 where two terms are independent (van Eck
    and Waltman 2009). Two odds of :math:`C \ge c`, both exact: ``p`` takes all sentences as
    exchangeable, which the literature does and which is too bold, since a clause is about one
    matter; ``p_within`` shuffles terms within clauses, so it asks what is left beside the layout.
    `clauses` has the clause of each row; a term needs `minimum` sentences, a link a p of at most
    `level`.

    Returns
    -------
    DataFrame
        One row per pair of kept terms in order, those that never meet included: ``term_a``,
        ``term_b``, ``together`` (c), ``units_a``, ``units_b``, ``clauses`` (in which they meet),
        ``association``, ``p``, ``p_within``, ``by_chance`` and ``by_layout`` (odds that the pair is
        a link if terms are shuffled among all sentences, or within clauses: their sums are the
        links to expect), ``p_adjusted``, ``p_within_adjusted`` (Benjamini–Hochberg), ``link``.
    """
    kept = table.loc[:, table.sum() >= minimum].sort_index(axis="columns")
    inside, clauses = kept.groupby(np.asarray(clauses), sort=False), np.asarray(clauses)
    count, size = inside.sum(), inside.size()
    rows = []
    for one, two in zip(*np.triu_indices(kept.shape[1], k=1), strict=True):
        name_a, name_b = kept.columns[[one, two]]
        meet = (kept[name_a] * kept[name_b]).to_numpy() > 0
        a, b, both = int(kept[name_a].sum()), int(kept[name_b].sum()), int(meet.sum())
        strata = list(zip(size, count[name_a], count[name_b], strict=True))
        plain, within = (
            np.cumsum(draws.overlap(each)[::-1])[::-1] for each in ([(len(kept), a, b)], strata)
        )
        # The least overlap that makes a link; beyond the last one possible where there is none.
        least = int((plain > level).sum())
        odds = [min(1.0, float(each[both])) for each in (plain, within)]
        odds += [float(each[least]) if least < len(each) else 0.0 for each in (plain, within)]
        strength = both * len(kept) / (a * b)
        rows.append([name_a, name_b, both, a, b, len(set(clauses[meet])), strength, *odds])
    columns = ["term_a", "term_b", "together", "units_a", "units_b", "clauses", "association"]
    found = pd.DataFrame(rows, columns=[*columns, "p", "p_within", "by_chance", "by_layout"])
    for name in ("p", "p_within") if len(found) else ():
        found[f"{name}_adjusted"] = false_discovery_control(found[name])
    return found.assign(link=found["p"] <= level)
