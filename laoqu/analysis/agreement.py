"""How far codings of the same units agree, beyond percent and with intervals.

Krippendorff's α comes from `krippendorff`, Cohen's and Fleiss's κ from statsmodels. Gwet's AC1 and
Holsti are written here. Whatever cannot be computed is undefined with its reason, never 0 or 1.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable

import krippendorff
import numpy as np
import pandas as pd
from statsmodels.stats import inter_rater

from laoqu.analysis.resample import DRAWS, SEED
from laoqu.measures import CODES, SCALES

#: What the methods literature asks of α (Krippendorff 2004/2019, as commonly quoted).
RELY, TENTATIVE = 0.8, 0.667


def agreement(
    *codings: pd.Series,
    scale: str = "nominal",
    categories: list[object] | None = None,
    cluster: pd.Series | None = None,
    draws: int = 2 * DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return every agreement statistic of one variable, each with an interval or a reason.

    Parameters
    ----------
    *codings : Series
        One a coder, indexed by unit; missing values stay missing and cost nothing but themselves.
    scale : {"nominal", "ordinal"}
        With "ordinal" the categories must sort in their order.
    categories : list, optional
        All categories of the codebook; by default those that occur. Unused ones raise AC1 only.
    cluster : Series, optional
        Unit → cluster (its clause); clusters, not units, are then resampled.
    draws, seed : int
        Resamples for the percentile intervals, and where they start.

    Returns
    -------
    DataFrame
        One row per statistic: ``statistic``, ``value``, ``low``, ``high`` (95 %), ``n`` (units
        with two codes or more), ``coders``, ``undefined_draws``, ``note`` (why it is undefined,
        or what to know).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.agreement import agreement
    >>> a = pd.Series([1, 1, 2, 2, 1, 2])
    >>> b = pd.Series([1, 1, 2, 1, 1, 2])
    >>> table = agreement(a, b, draws=200).set_index("statistic")
    >>> float(table.loc["percent", "value"].round(3))
    0.833
    """
    if scale not in ("nominal", "ordinal"):
        raise ValueError(f"scale is {scale!r}, expected 'nominal' or 'ordinal'")
    if any(not isinstance(coding, pd.Series) or not coding.index.is_unique for coding in codings):
        raise ValueError("a coding is a Series with one code a unit and no unit twice")
    table = pd.concat(codings, axis=1, keys=range(len(codings))).dropna(how="all")
    values = table.stack().dropna().unique().tolist()
    known = sorted(set(values) | set(categories or []))
    codes = table.apply(lambda column: column.map(known.index, na_action="ignore"))
    ratings = codes.to_numpy(dtype=float)
    reason = _why_not(ratings, len(codings))
    statistics = _statistics(scale, len(known), ratings.shape[1])
    groups = _groups(table.index, cluster)
    rng = np.random.default_rng(seed)
    samples = [] if reason else [_resample(groups, rng) for _ in range(draws)]
    rows = []
    for name, (function, note) in statistics.items():
        value, why = (np.nan, reason) if reason else _defined(function, ratings)
        drawn = [] if why else [_defined(function, ratings[sample])[0] for sample in samples]
        good = [each for each in drawn if not np.isnan(each)]
        low, high = np.percentile(good, [2.5, 97.5]) if good else (np.nan, np.nan)
        n = int(((~np.isnan(ratings)).sum(axis=1) >= 2).sum())
        rows.append(
            [name, value, low, high, n, len(codings), len(drawn) - len(good), why or note]
        )  # fmt: skip
    columns = ["statistic", "value", "low", "high", "n", "coders", "undefined_draws", "note"]
    return pd.DataFrame(rows, columns=columns)


def by_variable(
    a: pd.DataFrame,
    b: pd.DataFrame,
    skip: pd.DataFrame | None = None,
    draws: int = 2 * DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the agreement of two codings of the measures, variable by variable.

    Parameters
    ----------
    a, b : DataFrame
        Codings with ``measure_id`` and the variables of `laoqu.measures.SCALES`.
    skip : DataFrame, optional
        ``measure_id``, ``variable``: cells to leave out (those the codebook gives as examples).
    draws, seed : int
        See `agreement`; clauses are resampled.

    Returns
    -------
    DataFrame
        `agreement`'s rows for each variable, with ``variable`` in front.
    """
    one, two = (frame.set_index("measure_id") for frame in (a, b))
    clause = pd.Series(one.index.str.partition(".").get_level_values(0), index=one.index)
    parts = []
    for variable, scale in SCALES.items():
        pair = [one[variable].astype(object), two[variable].reindex(one.index).astype(object)]
        if skip is not None:
            out = skip.loc[skip["variable"].isin([variable, CODES.get(variable)]), "measure_id"]
            pair = [codes.where(~codes.index.isin(out)) for codes in pair]
        pair = [codes.where(codes.notna(), np.nan) for codes in pair]
        table = agreement(*pair, scale=scale, cluster=clause, draws=draws, seed=seed)
        parts.append(table.assign(variable=variable))
    result = pd.concat(parts, ignore_index=True)
    return result[["variable", *[name for name in result.columns if name != "variable"]]]


def by_category(*codings: pd.Series, categories: list[object] | None = None) -> pd.DataFrame:
    """Return agreement category by category: α of "this one or another".

    Returns
    -------
    DataFrame
        One row per category: ``category``, ``used`` (how often each coder used it, joined by /),
        ``both`` (units in which all coders agree on it), ``alpha``, ``note``.
    """
    table = pd.concat(codings, axis=1, keys=range(len(codings)))
    values = sorted(set(table.stack().dropna().tolist()) | set(categories or []))
    rows = []
    for category in values:
        marks = table.eq(category).astype(float).where(table.notna())
        ratings = marks.to_numpy()
        why = _why_not(ratings, len(codings))
        value, why = (np.nan, why) if why else _defined(_alpha("nominal", 2), ratings)
        used = " / ".join(str(int(marks[column].sum())) for column in marks)
        both = int(marks.eq(1).all(axis=1).sum())
        rows.append([category, used, both, value, why or ""])
    return pd.DataFrame(rows, columns=["category", "used", "both", "alpha", "note"])


def _statistics(
    scale: str, size: int, coders: int
) -> dict[str, tuple[Callable[[np.ndarray], float], str]]:
    result = {
        "percent": (_percent, "not corrected for chance; never alone"),
        f"alpha_{scale}": (_alpha(scale, size), "Krippendorff's α"),
    }
    if coders == 2:
        result["kappa"] = (_kappa(size), "Cohen's κ")
        if scale == "ordinal":
            result["kappa_quadratic"] = (_kappa(size, "quadratic"), "Cohen's κ, quadratic weights")
    else:
        result["fleiss"] = (_fleiss(size), "Fleiss's κ")
    result["ac1"] = (_ac1(size), f"Gwet's AC1, q = {size}")
    result["holsti"] = (_holsti, "归类一致性 (Holsti), not corrected for chance")
    result["holsti_stepped"] = (
        lambda ratings: _step_up(_holsti(ratings), coders),
        "复合信度 (Holsti, stepped up by Spearman–Brown), not corrected for chance",
    )
    return result


def _why_not(ratings: np.ndarray, coders: int) -> str:
    """Say why no statistic is defined, or nothing."""
    if coders < 2:
        return "undefined: a single coder"
    paired = (~np.isnan(ratings)).sum(axis=1) >= 2
    if not paired.any():
        return "undefined: no unit has two codes"
    return ""


def _defined(function: Callable[[np.ndarray], float], ratings: np.ndarray) -> tuple[float, str]:
    paired = ratings[(~np.isnan(ratings)).sum(axis=1) >= 2]
    if not len(paired):
        return np.nan, "undefined: no unit has two codes"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            value = float(function(ratings))
    except (ValueError, ZeroDivisionError):
        value = np.nan
    if not np.isnan(value):
        return value, ""
    same = len(np.unique(paired[~np.isnan(paired)])) < 2
    return np.nan, "undefined: no variation" if same else "undefined: missing codes"


def _percent(ratings: np.ndarray) -> float:
    """Share of agreeing pairs, unit by unit: the p_o of the chance-corrected statistics."""
    counts = _counts(ratings)
    total = counts.sum(axis=1)
    pairs = total * (total - 1)
    keep = pairs > 0
    return float(((counts * (counts - 1)).sum(axis=1)[keep] / pairs[keep]).mean())


def _alpha(scale: str, size: int) -> Callable[[np.ndarray], float]:
    def alpha(ratings: np.ndarray) -> float:
        counts = _counts(ratings, size)
        if (counts[counts.sum(axis=1) >= 2].sum(axis=0) > 0).sum() < 2:
            return np.nan
        return krippendorff.alpha(
            value_counts=counts, value_domain=list(range(size)), level_of_measurement=scale
        )

    return alpha


def _kappa(size: int, weights: str | None = None) -> Callable[[np.ndarray], float]:
    def kappa(ratings: np.ndarray) -> float:
        pairs = ratings[~np.isnan(ratings).any(axis=1)].astype(int)
        table = np.zeros((size, size))
        np.add.at(table, (pairs[:, 0], pairs[:, 1]), 1)
        if len(np.unique(pairs)) < 2:
            return np.nan
        return inter_rater.cohens_kappa(table, wt=weights, return_results=False)

    return kappa


def _fleiss(size: int) -> Callable[[np.ndarray], float]:
    def fleiss(ratings: np.ndarray) -> float:
        counts = _counts(ratings, size)
        complete = counts[counts.sum(axis=1) == ratings.shape[1]]
        return inter_rater.fleiss_kappa(complete) if len(complete) else np.nan

    return fleiss


def _ac1(size: int) -> Callable[[np.ndarray], float]:
    def ac1(ratings: np.ndarray) -> float:
        # Gwet 2008: chance agreement from the mean share of coders that chose each category.
        if size < 2:
            return np.nan
        counts = _counts(ratings, size)
        counts = counts[counts.sum(axis=1) > 0]
        share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
        chance = (share * (1 - share)).sum() / (size - 1)
        return (_percent(ratings) - chance) / (1 - chance)

    return ac1


def _holsti(ratings: np.ndarray) -> float:
    """2M / (N1 + N2), the mean over pairs of coders; N counts what each coded at all."""
    values = []
    for one, two in itertools.combinations(ratings.T, 2):
        coded = (~np.isnan(one)).sum() + (~np.isnan(two)).sum()
        values.append(2 * (one == two).sum() / coded if coded else np.nan)
    return float(np.nanmean(values))


def _step_up(mean: float, coders: int) -> float:
    return coders * mean / (1 + (coders - 1) * mean)


def _counts(ratings: np.ndarray, size: int | None = None) -> np.ndarray:
    """Units × categories: how many coders chose each."""
    size = int(np.nanmax(ratings)) + 1 if size is None else size
    return np.stack([(ratings == code).sum(axis=1) for code in range(size)], axis=1)


def _groups(index: pd.Index, cluster: pd.Series | None) -> list[np.ndarray]:
    if cluster is None:
        return [np.array([i]) for i in range(len(index))]
    keys = cluster.reindex(index)
    if keys.isna().any():
        missing = keys[keys.isna()].index.tolist()[:3]
        raise ValueError(f"no cluster is given for {missing}")
    return [np.flatnonzero(keys == key) for key in keys.unique()]


def _resample(groups: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    chosen = rng.integers(0, len(groups), len(groups))
    return np.concatenate([groups[i] for i in chosen])
