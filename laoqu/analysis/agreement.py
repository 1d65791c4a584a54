"""How far codings of the same units agree, beyond percent and with what is left open.

Between two automated passes it says that a script can be repeated and that the rules leave little
to judgement. It is no reliability, which takes people, and no validity, and it is measured on the
very text on which the codebook was written; ranges and bounds are for people. Whatever cannot be
computed is undefined with its reason, never 0 or 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from laoqu.analysis.draws import LEVEL, SEED
from laoqu.measures import CODES, MORE, SCALES

#: Each statistic, the scales that have it, and what to know of it; `q` is the number of codes.
STATISTICS = {
    "percent": ("nominal ordinal", "not corrected for chance; never alone"),
    "alpha_nominal": ("nominal", "Krippendorff's α"),
    "alpha_ordinal": ("ordinal", "Krippendorff's α"),
    "alpha_masi": ("sets", "Krippendorff's α on sets, MASI distance"),
    "kappa": ("nominal ordinal", "Cohen's κ"),
    "kappa_quadratic": ("ordinal", "Cohen's κ, quadratic weights"),
    "fleiss": ("nominal ordinal", "Fleiss's κ, generalised to missing codes"),
    "ac1": ("nominal ordinal", "Gwet's AC1, q = {q}"),
    "ac2": ("ordinal", "Gwet's AC2, ordinal weights, q = {q}"),
    "holsti": ("nominal ordinal", "归类一致性 (Holsti, of all that each coded), "
               "not corrected for chance"),
    "holsti_stepped": ("nominal ordinal", "复合信度 (Holsti, stepped up by Spearman–Brown), "
                       "not corrected for chance"),
}  # fmt: skip
#: Resamples of clauses for a range.
RESAMPLES = 2_000


def agreement(
    *codings: pd.Series,
    scale: str = "nominal",
    cluster: pd.Series | None = None,
    draws: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return every agreement statistic of one variable, each with a range or a reason.

    Each coding is a Series indexed by unit; missing values cost nothing but themselves. With the
    scale "ordinal" (else "nominal") codes must sort in their order; with "sets" a code is a tuple
    or set. `cluster` maps units to clauses: these, not units, are then resampled; a single one
    gives no range.

    One row per statistic: ``statistic``, ``value``, ``low``, ``high`` (95 % of the resamples; NaN
    where all agree, since every resample then agrees too: read `most_disagreement`), ``n`` (units
    with two codes or more), ``coders``, ``undefined_draws``, ``note`` (why it is undefined, or what
    to know).

    >>> import pandas as pd
    >>> from laoqu.analysis.agreement import agreement
    >>> table = agreement(pd.Series([1, 1, 2, 2, 1, 2]), pd.Series([1, 1, 2, 1, 1, 2]), draws=200)
    >>> float(table.set_index("statistic").loc["percent", "value"].round(3))
    0.833
    """
    if scale not in ("nominal", "ordinal", "sets"):
        raise ValueError(f"scale is {scale!r}, expected 'nominal', 'ordinal' or 'sets'")
    if any(not isinstance(coding, pd.Series) or not coding.index.is_unique for coding in codings):
        raise ValueError("a coding is a Series with one code a unit and no unit twice")
    table = pd.concat(codings, axis=1, keys=range(len(codings))).dropna(how="all")
    if scale == "sets":
        table = table.map(lambda codes: tuple(sorted(set(codes))), na_action="ignore")
    known = sorted(set(table.stack().dropna()))
    number = {code: i for i, code in enumerate(known)}
    ratings = table.map(lambda code: number.get(code, -1)).to_numpy(int)
    apart = np.array([[masi(a, b) for b in known] for a in known]) if scale == "sets" else None
    paired = ratings[(ratings >= 0).sum(axis=1) >= 2]
    alike = all(len(set(row) - {-1}) == 1 for row in paired)
    clauses = pd.Series(table.index, table.index) if cluster is None else cluster
    clauses = clauses.reindex(table.index)
    if clauses.isna().any():
        raise ValueError(f"no cluster is given for {clauses.index[clauses.isna()].tolist()[:3]}")
    clause = pd.factorize(clauses)[0]
    # A clause of which no unit has two codes says nothing of how they agree.
    used = np.unique(clause[(ratings >= 0).sum(axis=1) >= 2])
    groups = [np.flatnonzero(clause == i) for i in used]

    absent = {"fleiss"} if len(codings) == 2 else {"kappa", "kappa_quadratic"}
    names = [n for n, (of, _) in STATISTICS.items() if scale in of.split() and n not in absent]
    values = _measured(ratings, len(known), apart)
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(0 if alike or len(groups) < 2 else draws):
        rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        drawn.append(_measured(ratings[rows], len(known), apart))
    drawn = pd.DataFrame(drawn, columns=names, dtype="float64")
    why = f"undefined: {'no variation' if len(paired) else 'no unit has two codes'}"
    alone = "; one clause gives no range" if len(groups) < 2 and not alike else ""
    rows = []
    for name in names:
        value, note, ends, undefined = np.nan, why, [np.nan] * 2, 0
        if not np.isnan(values.get(name, np.nan)):
            value, note = values[name], STATISTICS[name][1].format(q=len(known)) + alone
            good = drawn[name].dropna()
            ends = np.percentile(good, [2.5, 97.5]) if len(good) else ends
            undefined = len(drawn) - len(good)
        rows.append([name, value, *ends, len(paired), len(codings), undefined, note])
    columns = ["statistic", "value", "low", "high", "n", "coders", "undefined_draws", "note"]
    return pd.DataFrame(rows, columns=columns)


def most_disagreement(disagree: int, n: int) -> float:
    """Return the exact upper bound of a share of disagreement, one-sided (Clopper–Pearson).

    Perfect agreement on a random sample does not exclude rare disagreement.

    >>> [round(most_disagreement(0, n), 3) for n in (100, 40)]
    [0.03, 0.072]
    """
    if not n:
        return np.nan
    interval = binomtest(disagree, n, alternative="less").proportion_ci(LEVEL, "exact")
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
    return 1 - len(a & b) / len(a | b) * (2 / 3 if a < b or b < a else 1 / 3)


def by_variable(
    a: pd.DataFrame,
    b: pd.DataFrame,
    skip: pd.DataFrame | None = None,
    draws: int = RESAMPLES,
    seed: int = SEED,
    scales: Mapping[str, str] = SCALES,
    sets: Mapping[str, str] = MORE,
) -> pd.DataFrame:
    """Return the agreement of two codings of the same units, variable by variable.

    Units are known by the first column named ``…_id``; what stands before the dot of an id is
    their clause. `skip` lists cells to leave out by ``measure_id`` and ``variable`` (those the
    codebook gives as examples). The rows are those of `agreement` for each variable of `scales`,
    with ``variable`` in front and ``most_units`` behind (`most_disagreement`, of a random sample).
    Variables that are `sets` of codes have one row each, ``alpha_masi``; each counts where the
    primary variable beside it has a code.
    """
    key = next(name for name in a.columns if name.endswith("_id"))
    one, two = (frame.set_index(key) for frame in (a, b))
    two = two.reindex(one.index)
    clause = pd.Series(one.index.str.partition(".").get_level_values(0), index=one.index)
    parts = []
    for variable, scale in {**scales, **dict.fromkeys(sets, "sets")}.items():
        keep = pd.Series(True, one.index)
        if variable in sets:  # without a primary code nobody looked: an empty set says nothing
            keep = one[sets[variable]].notna() & two[sets[variable]].notna()
        elif skip is not None:
            names = [variable, CODES.get(variable)]
            keep[one.index.isin(skip.loc[skip["variable"].isin(names), "measure_id"])] = False
        pair = [frame[variable].astype(object) for frame in (one, two)]
        pair = [codes.where(keep & codes.notna(), np.nan) for codes in pair]
        coded = pair[0].notna() & pair[1].notna()
        table = agreement(*pair, scale=scale, cluster=clause, draws=draws, seed=seed)
        table.insert(0, "variable", variable)
        differ = pair[0][coded] != pair[1][coded]
        table["most_units"] = most_disagreement(int(differ.sum()), len(differ))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _measured(ratings: np.ndarray, size: int, apart: np.ndarray | None) -> dict[str, float]:
    """Return the statistics of units × coders (numbers of codes, -1 for none), if there are any."""
    counts = (ratings[:, :, None] == np.arange(size)).sum(axis=1)
    counts = counts[counts.sum(axis=1) > 0]
    paired = counts[counts.sum(axis=1) >= 2]
    if not len(paired):
        return {}
    if apart is not None:
        return {"alpha_masi": _alpha(paired, apart)}
    equal, steps = np.eye(size), np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    # A unit that one coder left out counts for the margins by the share of those who did not.
    share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    found = {"percent": _observed(paired, equal)}
    found["fleiss"] = _beyond(found["percent"], share @ share)
    if size > 1:
        gwet = (share * (1 - share)).sum() / (size * (size - 1))
        # Gwet's ordinal weights: 1 − pairs of categories passed / all pairs.
        ordered = 1 - steps * (steps + 1) / (size * (size - 1))
        found["ac1"] = _beyond(found["percent"], size * gwet)
        found["ac2"] = _beyond(_observed(paired, ordered), ordered.sum() * gwet)
    found["alpha_nominal"] = _alpha(paired, 1 - equal)
    # Krippendorff's ordinal distance: the codes between two, and half of their own, squared.
    middle = np.cumsum(paired.sum(axis=0)) - paired.sum(axis=0) / 2
    found["alpha_ordinal"] = _alpha(paired, np.subtract.outer(middle, middle) ** 2)
    if ratings.shape[1] == 2:
        found["kappa"] = _kappa(ratings, 1 - equal)
        found["kappa_quadratic"] = _kappa(ratings, steps**2.0)
    found["holsti"] = mean = _holsti(ratings)
    found["holsti_stepped"] = ratings.shape[1] * mean / (1 + (ratings.shape[1] - 1) * mean)
    return found


def _observed(paired: np.ndarray, weights: np.ndarray) -> float:
    """Weighted share of agreeing pairs of coders, unit by unit."""
    total = paired.sum(axis=1)
    return float(((paired * (paired @ weights - 1)).sum(axis=1) / (total * (total - 1))).mean())


def _beyond(observed: float, chance: float) -> float:
    """Agreement beyond chance, for any number of coders and missing codes (Gwet 2014)."""
    return np.nan if np.isclose(chance, 1) else float((observed - chance) / (1 - chance))


def _alpha(paired: np.ndarray, apart: np.ndarray) -> float:
    """Krippendorff's α: the distance of codes within units and of all codes whatsoever."""
    total = paired.sum(axis=0)
    expected = (total @ apart @ total) / (total.sum() - 1)
    observed = ((paired @ apart * paired).sum(axis=1) / (paired.sum(axis=1) - 1)).sum()
    return float(1 - observed / expected) if expected else np.nan


def _kappa(ratings: np.ndarray, distance: np.ndarray) -> float:
    """Cohen's κ of two coders, each with margins of its own; units with both codes."""
    one, two = ratings[(ratings >= 0).all(axis=1)].T
    expected = distance[one][:, two].mean()
    return float(1 - distance[one, two].mean() / expected) if expected else np.nan


def _holsti(ratings: np.ndarray) -> float:
    """2M / (N1 + N2), the mean over pairs of coders; N counts what each coded at all."""
    values = []
    for one, two in itertools.combinations(ratings.T, 2):
        coded = (one >= 0).sum() + (two >= 0).sum()
        values += [2 * ((one == two) & (one >= 0)).sum() / coded] if coded else []
    return float(np.mean(values))
