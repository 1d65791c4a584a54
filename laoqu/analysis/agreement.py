"""How far codings of the same units agree, beyond percent and with what is left open.

Between two automated passes this is the *stability of automated passes*: it says that the rules
leave little to judgement. It is no reliability, which takes people, and no validity, and it is
measured on the very text on which the codebook was written. Whatever cannot be computed is
undefined with its reason, never 0 or 1.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Collection, Sequence

import krippendorff
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from laoqu.analysis.draws import CLAUSE_DRAWS, LEVEL, SEED
from laoqu.measures import CODES, MORE, SCALES

#: Resamples of clauses for a range.
RESAMPLES = 2 * CLAUSE_DRAWS


def agreement(
    *codings: pd.Series,
    scale: str = "nominal",
    categories: list[object] | None = None,
    cluster: pd.Series | None = None,
    draws: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return every agreement statistic of one variable, each with a range or a reason.

    Each coding is a Series indexed by unit; missing values cost nothing but themselves. With the
    scale "ordinal" (else "nominal") categories must sort in their order. `categories` are all of
    the codebook, by default those that occur (unused ones raise AC1 only). `cluster` maps units to
    clauses: these, not units, are then resampled.

    Returns
    -------
    DataFrame
        One row per statistic: ``statistic``, ``value``, ``low``, ``high`` (95 % of the resamples;
        NaN where all agree, since every resample then agrees too: read `most_disagreement`),
        ``n`` (units with two codes or more), ``coders``, ``undefined_draws``, ``note`` (why it is
        undefined, or what to know).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis.agreement import agreement
    >>> table = agreement(pd.Series([1, 1, 2, 2, 1, 2]), pd.Series([1, 1, 2, 1, 1, 2]), draws=200)
    >>> float(table.set_index("statistic").loc["percent", "value"].round(3))
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
    rng, groups = np.random.default_rng(seed), _groups(table.index, cluster)
    alike = not reason and _percent(ratings) == 1
    samples = [] if reason or alike else [_resample(groups, rng) for _ in range(draws)]
    n = int(((~np.isnan(ratings)).sum(axis=1) >= 2).sum())
    rows = []
    for name, (function, note) in _statistics(scale, len(known), ratings.shape[1]).items():
        value, why = (np.nan, reason) if reason else _defined(function, ratings)
        drawn = [] if why else [_defined(function, ratings[sample])[0] for sample in samples]
        good = [each for each in drawn if not np.isnan(each)]
        low, high = np.percentile(good, [2.5, 97.5]) if good else (np.nan, np.nan)
        undefined = len(drawn) - len(good)
        rows.append([name, value, low, high, n, len(codings), undefined, why or note])
    columns = ["statistic", "value", "low", "high", "n", "coders", "undefined_draws", "note"]
    return pd.DataFrame(rows, columns=columns)


def most_disagreement(disagree: int, n: int, level: float = LEVEL) -> float:
    """Return the exact upper bound of a share of disagreement, one-sided (Clopper–Pearson).

    Perfect agreement has no percentile range, but it does not exclude rare disagreement.

    >>> [round(most_disagreement(0, n), 3) for n in (223, 19)]
    [0.013, 0.146]
    """
    if not n:
        return np.nan
    interval = binomtest(disagree, n, alternative="less").proportion_ci(level, "exact")
    return float(interval.high)


def masi(a: Collection[object], b: Collection[object]) -> float:
    """Return the MASI distance of two sets of codes: 0 the same, 1 nothing shared.

    1 − J·M with J the share of codes that both have, and M 1 for the same set, 2/3 where one
    holds the other, 1/3 where they overlap (Passonneau 2006). Two empty sets are the same.

    >>> [round(masi(*pair), 3) for pair in (("ab", "ab"), ("a", "ab"), ("a", ""), ("", ""))]
    [0.0, 0.667, 1.0, 0.0]
    """
    a, b = set(a), set(b)
    if a == b:
        return 0.0
    both = a & b
    monotone = 2 / 3 if a < b or b < a else 1 / 3
    return 1 - len(both) / len(a | b) * monotone


def masi_alpha(a: pd.Series, b: pd.Series) -> float:
    """Return Krippendorff's α of two codings by sets of codes, with MASI as the distance."""
    pairs = [
        (frozenset(one), frozenset(two)) for one, two in zip(a, b.reindex(a.index), strict=True)
    ]
    if not pairs:
        return np.nan
    observed = np.mean([masi(*pair) for pair in pairs])
    counts = pd.Series(list(itertools.chain(*pairs))).value_counts()
    total = counts.sum()
    expected = sum(n * m * masi(one, two) for one, n in counts.items() for two, m in counts.items())
    if not expected:
        return np.nan
    return float(1 - observed * total * (total - 1) / expected)


def by_variable(
    a: pd.DataFrame,
    b: pd.DataFrame,
    skip: pd.DataFrame | None = None,
    draws: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the agreement of two codings of the measures, variable by variable.

    `skip` lists cells to leave out by ``measure_id`` and ``variable`` (those the codebook gives as
    examples). The rows are those of `agreement` for each variable of `SCALES`, with ``variable`` in
    front and ``most_units`` and ``most_clauses`` behind: `most_disagreement` of units and clauses.
    Secondary codes (``…_more``) have one row each, ``alpha_masi``.
    """
    one, two = (frame.set_index("measure_id") for frame in (a, b))
    two = two.reindex(one.index)
    clause = pd.Series(one.index.str.partition(".").get_level_values(0), index=one.index)
    left_out = pd.DataFrame(columns=["measure_id", "variable"]) if skip is None else skip
    parts = []
    for variable, scale in SCALES.items():
        names = [variable, CODES.get(variable)]
        out = one.index.isin(left_out.loc[left_out["variable"].isin(names), "measure_id"])
        pair = [frame[variable].astype(object).where(~out) for frame in (one, two)]
        pair = [codes.where(codes.notna(), np.nan) for codes in pair]
        table = agreement(*pair, scale=scale, cluster=clause, draws=draws, seed=seed)
        parts.append(_bounded(table.assign(variable=variable), *pair, clause))
    for variable, primary in MORE.items():
        # A unit without a primary code was not coded: its empty set says nothing.
        coded = one[primary].notna() & two[primary].notna()
        sets = [frame.loc[coded, variable].map(_codes_of) for frame in (one, two)]
        value = masi_alpha(*sets)
        note = "Krippendorff's α on sets of secondary codes, MASI distance"
        row = {"statistic": "alpha_masi", "value": value, "n": int(coded.sum()), "coders": 2}
        row |= {
            "undefined_draws": 0,
            "note": note if not np.isnan(value) else "undefined: no variation",
        }
        table = pd.DataFrame([{**row, "variable": variable}])
        parts.append(_bounded(table, *sets, clause[coded]))
    result = pd.concat(parts, ignore_index=True)
    return result[["variable", *[name for name in result.columns if name != "variable"]]]


def _codes_of(codes: object) -> frozenset[object]:
    return frozenset(codes) if isinstance(codes, (tuple, list, set, frozenset)) else frozenset()


def _bounded(table: pd.DataFrame, a: pd.Series, b: pd.Series, clause: pd.Series) -> pd.DataFrame:
    coded = a.notna() & b.notna()
    differ = (a != b) & coded
    clauses = differ[coded].groupby(clause[coded]).any()
    return table.assign(
        most_units=most_disagreement(int(differ.sum()), int(coded.sum())),
        most_clauses=most_disagreement(int(clauses.sum()), len(clauses)),
    )


def _statistics(
    scale: str, size: int, coders: int
) -> dict[str, tuple[Callable[[np.ndarray], float], str]]:
    result = {
        "percent": (_percent, "not corrected for chance; never alone"),
        f"alpha_{scale}": (_alpha(scale, size), "Krippendorff's α"),
    }
    equal, ordered = np.eye(size), _ordinal_weights(size)
    if coders == 2:
        result["kappa"] = (_kappa(size), "Cohen's κ")
        if scale == "ordinal":
            result["kappa_quadratic"] = (_kappa(size, squared=True), "Cohen's κ, quadratic weights")
    else:
        note = "Fleiss's κ, generalised to missing codes"
        result["fleiss"] = (_corrected(_fleiss_chance, equal), note)
    result["ac1"] = (_corrected(_gwet_chance, equal), f"Gwet's AC1, q = {size}")
    if scale == "ordinal":
        note = f"Gwet's AC2, ordinal weights, q = {size}"
        result["ac2"] = (_corrected(_gwet_chance, ordered), note)
    result["holsti"] = (_holsti, "归类一致性 (Holsti), not corrected for chance")
    result["holsti_stepped"] = (
        lambda ratings: _step_up(_holsti(ratings), coders),
        "复合信度 (Holsti, stepped up by Spearman–Brown), not corrected for chance",
    )
    return result


def _why_not(ratings: np.ndarray, coders: int) -> str:
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
    size = int(np.nanmax(ratings)) + 1
    return _observed(_counts(ratings, size), np.eye(size))


def _alpha(scale: str, size: int) -> Callable[[np.ndarray], float]:
    def alpha(ratings: np.ndarray) -> float:
        counts = _counts(ratings, size)
        if (counts[counts.sum(axis=1) >= 2].sum(axis=0) > 0).sum() < 2:
            return np.nan
        return krippendorff.alpha(
            value_counts=counts, value_domain=list(range(size)), level_of_measurement=scale
        )

    return alpha


def _kappa(size: int, squared: bool = False) -> Callable[[np.ndarray], float]:
    """Cohen's κ of two coders, each with margins of its own; units with both codes."""
    distance = 1 - np.eye(size)
    if squared:
        distance = np.subtract.outer(np.arange(size), np.arange(size)) ** 2.0

    def kappa(ratings: np.ndarray) -> float:
        pairs = ratings[~np.isnan(ratings).any(axis=1)].astype(int)
        table = np.zeros((size, size))
        np.add.at(table, (pairs[:, 0], pairs[:, 1]), 1)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        below = (distance * expected).sum()
        return np.nan if below == 0 else 1 - (distance * table).sum() / below

    return kappa


def _corrected(
    chance: Callable[[np.ndarray, np.ndarray], float], weights: np.ndarray
) -> Callable[[np.ndarray], float]:
    """Agreement beyond chance for any number of coders and missing codes (Gwet 2014)."""

    def statistic(ratings: np.ndarray) -> float:
        if len(weights) < 2:
            return np.nan
        counts = _counts(ratings, len(weights))
        counts = counts[counts.sum(axis=1) > 0]
        # A unit that one coder left out counts for the margins by the share of those who did not.
        share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
        expected = chance(share, weights)
        return (_observed(counts, weights) - expected) / (1 - expected)

    return statistic


def _fleiss_chance(share: np.ndarray, weights: np.ndarray) -> float:
    return float(share @ weights @ share)


def _gwet_chance(share: np.ndarray, weights: np.ndarray) -> float:
    size = len(weights)
    return float(weights.sum() / (size * (size - 1)) * (share * (1 - share)).sum())


def _ordinal_weights(size: int) -> np.ndarray:
    """Gwet's ordinal weights: 1 − pairs of categories passed / all pairs."""
    steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    passed = steps * (steps + 1) / 2
    return 1 - passed / max(passed.max(), 1)


def _observed(counts: np.ndarray, weights: np.ndarray) -> float:
    """Weighted share of agreeing pairs, unit by unit, over units with two codes or more."""
    total = counts.sum(axis=1)
    pairs = total * (total - 1)
    agree = (counts * (counts @ weights - 1)).sum(axis=1)
    return float((agree[pairs > 0] / pairs[pairs > 0]).mean())


def _holsti(ratings: np.ndarray) -> float:
    """2M / (N1 + N2), the mean over pairs of coders; N counts what each coded at all."""
    values = []
    for one, two in itertools.combinations(ratings.T, 2):
        coded = (~np.isnan(one)).sum() + (~np.isnan(two)).sum()
        values.append(2 * (one == two).sum() / coded if coded else np.nan)
    return float(np.nanmean(values))


def _step_up(mean: float, coders: int) -> float:
    return coders * mean / (1 + (coders - 1) * mean)


def _counts(ratings: np.ndarray, size: int) -> np.ndarray:
    return np.stack([(ratings == code).sum(axis=1) for code in range(size)], axis=1)


def _groups(index: pd.Index, cluster: pd.Series | None) -> Sequence[np.ndarray]:
    if cluster is None:
        return [np.array([i]) for i in range(len(index))]
    keys = cluster.reindex(index)
    if keys.isna().any():
        missing = keys[keys.isna()].index.tolist()[:3]
        raise ValueError(f"no cluster is given for {missing}")
    return [np.flatnonzero(keys == key) for key in keys.unique()]


def _resample(groups: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    chosen = rng.integers(0, len(groups), len(groups))
    return np.concatenate([groups[i] for i in chosen])
