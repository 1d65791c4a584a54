"""Instrument by theme by scope: counts, what is over- and under-used, and what stands alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency
from statsmodels.stats.multitest import multipletests

from laoqu.analysis import reassign, resample

DECLARATORY = "X0"
#: Supply, environment, demand: the first letter of an instrument's code.
CLASSES = ("S", "E", "D")


class Association(NamedTuple):
    """Cells and summary of one cross table, from `association`."""

    cells: pd.DataFrame
    summary: pd.DataFrame


def counts(measures: pd.DataFrame, codes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Count measures by two or more variables, zeros included.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``; a measure without a code in any of the variables is left out.
    codes : mapping of str to sequence of str
        Variable → all its codes in the order wanted.

    Returns
    -------
    DataFrame
        One row per combination of codes: a column per variable, ``n``.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.crosstab import counts
    >>> frame = pd.DataFrame({"a": ["x", "x", None], "b": ["u", "v", "u"]})
    >>> counts(frame, {"a": ["x", "y"], "b": ["u", "v"]})["n"].tolist()
    [1, 1, 0, 0]
    """
    index = pd.MultiIndex.from_product(list(codes.values()), names=list(codes))
    found = measures.groupby(list(codes)).size()
    return found.reindex(index, fill_value=0).rename("n").reset_index()


def by_class(codes: Sequence[str]) -> list[str]:
    """Return instrument codes by class, supply first and the declaratory last.

    Examples
    --------
    >>> from laoqu.analysis.crosstab import by_class
    >>> by_class(["D2", "E1", "S1", "X0"])
    ['S1', 'E1', 'D2', 'X0']
    """
    return sorted(codes, key=lambda code: ("".join(CLASSES).find(code[0]) % 4, code))


def structural_zeros(codebook: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Return the codes of a variable that the text does not have, with what was searched for.

    They are no cells that happen to be empty, so no test counts them.
    """
    rows = codebook[codebook["variable"].eq(variable) & codebook["structural_zero"].ne("")]
    return rows[["code", "label_zh", "label_en", "structural_zero"]].reset_index(drop=True)


def cramers_v(table: np.ndarray) -> tuple[float, float]:
    """Return Cramér's V, plain and corrected for bias; NaN where rows or columns are too few.

    Bergsma 2013, doi:10.1016/j.jkss.2012.10.002. Empty rows and columns are left out.
    """
    table = np.asarray(table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return np.nan, np.nan
    n, (r, c) = table.sum(), table.shape
    phi = chi2_contingency(table, correction=False).statistic / n
    fixed = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    room = min(rows, columns) - 1
    corrected = np.sqrt(fixed / room) if room > 0 else np.nan
    return float(np.sqrt(phi / min(r - 1, c - 1))), float(corrected)


def association(
    measures: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    structural: Sequence[str] = (),
    within: str | None = "clause_id",
    draws: int = reassign.DRAWS,
    seed: int = resample.SEED,
) -> Association:
    r"""Return the cross table of two variables, cell by cell, against shuffled labels.

    Expected :math:`e_{xy} = n_{x\cdot} n_{\cdot y} / n`; adjusted residual
    :math:`(n_{xy} - e_{xy}) / \sqrt{e_{xy}(1 - n_{x\cdot}/n)(1 - n_{\cdot y}/n)}`. Most expected
    counts are below 5, so p-values come from shuffling the labels of the second variable:
    :math:`p = (1 + \#) / (B + 1)`, for a cell twice the smaller side, adjusted by
    Benjamini–Hochberg over the cells that a shuffle can change.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``; a measure without a code in either variable is left out.
    codes : mapping of str to sequence of str
        The two variables with all their codes, rows first.
    structural : sequence of str
        Codes absent from the text by nature: in the cells, marked, and in no test.
    within : str or None
        Labels are shuffled only among measures with the same value of this column; None shuffles
        all. Clauses are about a theme, so "within clauses" asks what is left beside the layout.
    draws, seed : int

    Returns
    -------
    Association
        ``cells``, one row per cell: the two variables, ``n``, ``row_total``, ``column_total``,
        ``expected`` and ``residual`` (of the whole table, whatever is shuffled), ``shuffled``
        (what the shuffles give on average, worked out exactly: `n` beside it says to which side
        ``p`` points), ``free`` (a shuffle can change it), ``p``, ``p_adjusted`` (NaN where not
        free), ``structural``.
        ``summary``, one row: ``n``, ``rows`` and ``columns`` in use, ``df``, ``chi2``, ``v``,
        ``v_corrected``, ``p`` (χ² under the shuffles), ``free`` (cells), ``found`` (cells with an
        adjusted p below .05), ``within``.
    """
    row_name, column_name = codes
    cells = counts(measures, codes)
    known = measures.dropna(subset=[row_name, column_name])
    known = known[known[row_name].isin(codes[row_name])]
    known = known[known[column_name].isin(codes[column_name])]
    shape = tuple(len(codes[name]) for name in codes)
    table = cells["n"].to_numpy().reshape(shape)
    n, rows, columns = table.sum(), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.outer(rows, columns) / n
        spread = expected * np.outer(1 - rows / n, 1 - columns / n)
        residual = np.where(spread > 0, (table - expected) / np.sqrt(spread), np.nan)
    shuffled = _shuffled(known, codes, within, draws, seed)
    free = (shuffled != shuffled[:1]).any(axis=0)
    p = np.where(free, reassign.p_both(shuffled, table.ravel()), np.nan)
    adjusted = p.copy()
    if free.any():
        adjusted[free] = multipletests(p[free], method="fdr_bh")[1]
    for name, values in (
        ("row_total", np.repeat(rows, shape[1])), ("column_total", np.tile(columns, shape[0])),
        ("expected", expected.ravel()), ("residual", residual.ravel()),
        ("shuffled", _dealt(known, codes, within)), ("free", free), ("p", p),
        ("p_adjusted", adjusted),
        ("structural", cells[[row_name, column_name]].isin(list(structural)).any(axis=1)),
    ):  # fmt: skip
        cells[name] = values
    in_use = (rows > 0).sum(), (columns > 0).sum()
    chi2 = [_chi2(each, expected.ravel()) for each in (table.ravel()[None], shuffled)]
    plain, corrected = cramers_v(table)
    summary = {
        "n": n, "rows": in_use[0], "columns": in_use[1],
        "df": max(in_use[0] - 1, 0) * max(in_use[1] - 1, 0), "chi2": chi2[0][0],
        "v": plain, "v_corrected": corrected, "p": float(reassign.p_upper(chi2[1], chi2[0])[()]),
        "free": int(free.sum()), "found": int((adjusted < 0.05).sum()), "within": within or "",
    }  # fmt: skip
    return Association(cells, pd.DataFrame([summary]))


def orphans(measures: pd.DataFrame, sentences: pd.DataFrame) -> pd.DataFrame:
    """Return goals without an instrument and instruments without a goal, with their words.

    A *goal* is a printed purpose (``target_start``, ``target_end``) or a measure that only
    declares (X0). A goal without an instrument is a declaring measure; an instrument without a
    goal is a measure in whose sentence no purpose is printed.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``.
    sentences : DataFrame
        ``plan.sentences()``.

    Returns
    -------
    DataFrame
        One row per orphan in reading order: ``kind`` (goal, instrument), ``measure_id``,
        ``theme``, ``instrument``, ``start``, ``end``, ``quote``, ``sentence``.
    """
    coded = measures[measures["instrument"].notna()]
    bare = coded["instrument"].eq(DECLARATORY)
    aimed = measures.loc[measures["target_start"].notna(), "unit_id"]
    alone = ~bare & ~coded["unit_id"].isin(aimed)
    rows = coded[bare | alone].assign(kind=bare.map({True: "goal", False: "instrument"}))
    text = sentences.set_index("unit_id")["text"]
    rows = rows.assign(sentence=rows["unit_id"].map(text)).sort_values("start")
    names = ["kind", "measure_id", "theme", "instrument", "start", "end", "quote", "sentence"]
    return rows[names].reset_index(drop=True)


def coverage(measures: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Return how each theme is served: goals, instruments, and instruments of each class.

    Returns
    -------
    DataFrame
        One row per theme of `codes`: ``theme``, ``goals`` (printed purposes and declaring
        measures), ``instruments`` (measures with one), ``S``, ``E``, ``D`` (of these by class),
        ``classes`` (how many of the three).
    """
    goal, tool = _goals(measures)
    by = measures["theme"]
    table = pd.DataFrame({"goals": goal.groupby(by).sum(), "instruments": tool.groupby(by).sum()})
    for name in CLASSES:
        here = tool & measures["instrument_class"].eq(name)
        table[name] = here.groupby(by).sum()
    table = table.reindex(list(codes), fill_value=0).astype("int64")
    table["classes"] = (table[list(CLASSES)] > 0).sum(axis=1)
    return table.rename_axis("theme").reset_index()


def fit(
    measures: pd.DataFrame, draws: int = resample.DRAWS, seed: int = resample.SEED
) -> pd.DataFrame:
    r"""Return how far the emphasis of instruments follows that of goals, theme by theme.

    :math:`F = 1 - \frac12 \sum_t |p_t - q_t|` with p the shares of the themes among goals and q
    among measures with an instrument: 1 where they are the same, 0 where no theme is in both.
    The collection's own measure; no standard defines one.

    Returns
    -------
    DataFrame
        One row: ``fit``, ``low``, ``redrawn``, ``high`` (2.5 %, median, 97.5 % over clauses
        drawn anew), ``goals``, ``instruments`` (how many of each), ``undefined_draws``.
    """
    known = measures[measures["theme"].notna()]
    marks = pd.get_dummies(known["theme"]).to_numpy(float)
    goal, tool = (each.to_numpy(float) for each in _goals(known))
    times = resample.clause_draws(known["clause_id"], draws, seed)
    value = _fit(np.ones((1, len(known))), goal, tool, marks)
    drawn = _fit(times, goal, tool, marks)
    low, high = resample.intervals(drawn[:, None])[:, 0]
    redrawn = resample.intervals(drawn[:, None], level=0)[0, 0]
    row = [
        value[0],
        low,
        redrawn,
        high,
        int(goal.sum()),
        int(tool.sum()),
        int(np.isnan(drawn).sum()),
    ]
    columns = ["fit", "low", "redrawn", "high", "goals", "instruments", "undefined_draws"]
    return pd.DataFrame([row], columns=columns)


def _goals(measures: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which measures state a goal, and which have an instrument."""
    coded, bare = measures["instrument"].notna(), measures["instrument"].eq(DECLARATORY)
    return measures["target_start"].notna() | bare, coded & ~bare


def _fit(times: np.ndarray, goal: np.ndarray, tool: np.ndarray, marks: np.ndarray) -> np.ndarray:
    shares = []
    for each in (goal, tool):
        sums = (times * each) @ marks
        total = sums.sum(axis=1, keepdims=True)
        shares.append(sums / np.where(total > 0, total, np.nan))
    return 1 - np.abs(shares[0] - shares[1]).sum(axis=1) / 2


def _shuffled(
    known: pd.DataFrame,
    codes: Mapping[str, Sequence[str]],
    within: str | None,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Cell counts after shuffling the second variable: shape (draws, cells)."""
    row_name, column_name = codes
    strata = pd.factorize(known[within])[0] if within else np.zeros(len(known), dtype=int)
    order = np.argsort(strata, kind="stable")
    first = pd.Index(codes[row_name]).get_indexer(known[row_name])[order]
    second = pd.Index(codes[column_name]).get_indexer(known[column_name])[order]
    width, size = len(codes[column_name]), len(codes[row_name]) * len(codes[column_name])
    # Sorting stratum + noise shuffles every stratum in its own place.
    noise = np.random.default_rng(seed).random((draws, len(known)))
    dealt = second[np.argsort(strata[order] + noise, axis=1)]
    cell = first * width + dealt + size * np.arange(draws)[:, None]
    return np.bincount(cell.ravel(), minlength=draws * size).reshape(draws, size)


def _dealt(
    known: pd.DataFrame, codes: Mapping[str, Sequence[str]], within: str | None
) -> np.ndarray:
    """Mean cell counts over all shuffles: in each stratum row total × column total / its size."""
    strata = known[within] if within else pd.Series(0, index=known.index)
    total = np.zeros(tuple(len(each) for each in codes.values()))
    for _, rows in known.groupby(strata):
        sums = (rows[name].value_counts().reindex(list(each), fill_value=0)
                for name, each in codes.items())  # fmt: skip
        total += np.outer(*sums) / len(rows)
    return total.ravel()


def _chi2(tables: np.ndarray, expected: np.ndarray) -> np.ndarray:
    used = expected > 0
    return ((tables[:, used] - expected[used]) ** 2 / expected[used]).sum(axis=1)
