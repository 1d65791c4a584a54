"""How far codings of the same units agree, beyond percent and with what is left open.

Between two automated passes this is the *stability of automated passes*: it says that the rules
leave little to judgement. It is no reliability, which takes people, and no validity, and it is
measured on the very text on which the codebook was written. Whatever cannot be computed is
undefined with its reason, never 0 or 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

import krippendorff
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from laoqu.analysis.draws import CLAUSE_DRAWS, LEVEL, SEED
from laoqu.measures import CODES, MORE, SCALES

NOTES = {
    "percent": "not corrected for chance; never alone",
    "alpha_nominal": "Krippendorff's α",
    "alpha_ordinal": "Krippendorff's α",
    "alpha_masi": "Krippendorff's α on sets, MASI distance",
    "kappa": "Cohen's κ",
    "kappa_quadratic": "Cohen's κ, quadratic weights",
    "fleiss": "Fleiss's κ, generalised to missing codes",
    "ac1": "Gwet's AC1, q = {q}",
    "ac2": "Gwet's AC2, ordinal weights, q = {q}",
    "holsti": "归类一致性 (Holsti), not corrected for chance",
    "holsti_stepped": "复合信度 (Holsti, stepped up by Spearman–Brown), not corrected for chance",
}
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
    scale "ordinal" (else "nominal") categories must sort in their order; with "sets" a code is a
    tuple or set. `categories` are all of the codebook, by default those that occur (unused ones
    raise AC1 only). `cluster` maps units to clauses: these, not units, are then resampled; a single
    one gives no range.

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
    if scale not in ("nominal", "ordinal", "sets"):
        raise ValueError(f"scale is {scale!r}, expected 'nominal', 'ordinal' or 'sets'")
    if any(not isinstance(coding, pd.Series) or not coding.index.is_unique for coding in codings):
        raise ValueError("a coding is a Series with one code a unit and no unit twice")
    table = pd.concat(codings, axis=1, keys=range(len(codings))).dropna(how="all")
    if scale == "sets":
        table = table.map(_set, na_action="ignore")
    known = sorted(set(table.stack().dropna()) | set(categories or []))
    number = {code: i for i, code in enumerate(known)}
    ratings = table.apply(lambda column: column.map(number, na_action="ignore")).to_numpy(float)
    paired = ratings[(~np.isnan(ratings)).sum(axis=1) >= 2]
    size = len(known)
    apart = np.array([[masi(a, b) for b in known] for a in known]) if scale == "sets" else None
    counts = np.stack([(ratings == code).sum(axis=1) for code in range(size)] or [[]], axis=1)
    values = _measured(ratings, counts, scale, apart)
    groups = _groups(table.index, cluster)
    rng = np.random.default_rng(seed)
    alike = not len(paired) or (np.nanmax(paired, axis=1) == np.nanmin(paired, axis=1)).all()
    drawn = []
    for _ in range(0 if alike or len(groups) < 2 else draws):
        rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        drawn.append(_measured(ratings[rows], counts[rows], scale, apart))
    drawn = pd.DataFrame(drawn, columns=list(values), dtype="float64")
    if len(codings) < 2:
        why = "undefined: a single coder"
    elif not len(paired):
        why = "undefined: no unit has two codes"
    else:
        same = len(np.unique(paired[~np.isnan(paired)])) < 2
        why = "undefined: no variation" if same else "undefined: missing codes"
    alone = "; one clause gives no range" if len(groups) < 2 and not alike else ""
    rows = []
    for name, value in values.items():
        note = why if np.isnan(value) else NOTES[name].format(q=size) + alone
        good = drawn[name].dropna() if not np.isnan(value) else []
        low, high = np.percentile(good, [2.5, 97.5]) if len(good) else (np.nan, np.nan)
        undefined = 0 if np.isnan(value) else len(drawn) - len(good)
        rows.append([name, value, low, high, len(paired), len(codings), undefined, note])
    columns = ["statistic", "value", "low", "high", "n", "coders", "undefined_draws", "note"]
    return pd.DataFrame(rows, columns=columns)


def most_disagreement(disagree: int, n: int) -> float:
    """Return the exact upper bound of a share of disagreement, one-sided (Clopper–Pearson).

    Perfect agreement has no percentile range, but it does not exclude rare disagreement.

    >>> [round(most_disagreement(0, n), 3) for n in (223, 19)]
    [0.013, 0.146]
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
    both = a & b
    monotone = 2 / 3 if a < b or b < a else 1 / 3
    return 1 - len(both) / len(a | b) * monotone


def _set(codes: object) -> tuple[object, ...]:
    return tuple(sorted(set(codes))) if isinstance(codes, Collection) else ()


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
    with ``variable`` in front and ``most_units`` and ``most_clauses`` behind: `most_disagreement`
    of units and clauses. Variables that are `sets` of codes have one row each, ``alpha_masi``; each
    counts where the primary variable beside it has a code.
    """
    key = next(name for name in a.columns if name.endswith("_id"))
    one, two = (frame.set_index(key) for frame in (a, b))
    two = two.reindex(one.index)
    clause = pd.Series(one.index.str.partition(".").get_level_values(0), index=one.index)
    left_out = pd.DataFrame(columns=["measure_id", "variable"]) if skip is None else skip
    parts = []
    for variable, scale in {**scales, **dict.fromkeys(sets, "sets")}.items():
        if variable in sets:
            # A unit without a primary code was not coded: its empty set says nothing.
            keep = one[sets[variable]].notna() & two[sets[variable]].notna()
        else:
            names = [variable, CODES.get(variable)]
            skipped = left_out.loc[left_out["variable"].isin(names), "measure_id"]
            keep = pd.Series(~one.index.isin(skipped), one.index)
        pair = [frame[variable].astype(object) for frame in (one, two)]
        pair = [codes.where(keep & codes.notna(), np.nan) for codes in pair]
        coded = pair[0].notna() & pair[1].notna()
        table = agreement(*pair, scale=scale, cluster=clause, draws=draws, seed=seed)
        differ = pair[0][coded] != pair[1][coded]
        clauses = differ.groupby(clause[coded]).any()
        parts.append(
            table.assign(
                variable=variable,
                most_units=most_disagreement(int(differ.sum()), len(differ)),
                most_clauses=most_disagreement(int(clauses.sum()), len(clauses)),
            )
        )
    result = pd.concat(parts, ignore_index=True)
    return result[["variable", *[name for name in result.columns if name != "variable"]]]


def _measured(
    ratings: np.ndarray, counts: np.ndarray, scale: str, apart: np.ndarray | None
) -> dict[str, float]:
    """Return every statistic of units × coders (and × codes), NaN where it is undefined."""
    coders, size = ratings.shape[1], counts.shape[1]
    names = ["percent", f"alpha_{scale}", "kappa" if coders == 2 else "fleiss"]
    names += ["kappa_quadratic"] if scale == "ordinal" and coders == 2 else []
    names += ["ac1", "ac2"] if scale == "ordinal" else ["ac1"]
    names = [*names, "holsti", "holsti_stepped"] if apart is None else ["alpha_masi"]
    found = dict.fromkeys(names, np.nan)
    counts = counts[counts.sum(axis=1) > 0]
    paired = counts[counts.sum(axis=1) >= 2]
    if not len(paired):
        return found
    if apart is not None:
        total = paired.sum(axis=0)
        expected = (total @ apart @ total) / (total.sum() - 1)
        observed = ((paired @ apart * paired).sum(axis=1) / (paired.sum(axis=1) - 1)).sum()
        return {"alpha_masi": float(1 - observed / expected) if expected else np.nan}
    equal, steps = np.eye(size), np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    # Gwet's ordinal weights: 1 − pairs of categories passed / all pairs.
    ordered = 1 - steps * (steps + 1) / max(size * (size - 1), 1)
    # A unit that one coder left out counts for the margins by the share of those who did not.
    share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    found["percent"] = percent = _observed(paired, equal)
    if size > 1:
        gwet = (share * (1 - share)).sum() / (size * (size - 1))
        found["ac1"] = _beyond(percent, size * gwet)
        found["ac2"] = _beyond(_observed(paired, ordered), ordered.sum() * gwet)
    found["fleiss"] = _beyond(percent, share @ share)
    if (paired.sum(axis=0) > 0).sum() > 1:
        found[f"alpha_{scale}"] = krippendorff.alpha(
            value_counts=counts, value_domain=list(range(size)), level_of_measurement=scale
        )
    for name, distance in {"kappa": 1 - equal, "kappa_quadratic": steps**2.0}.items():
        found[name] = _kappa(ratings, distance) if name in names else np.nan
    found["holsti"] = mean = _holsti(ratings)
    found["holsti_stepped"] = coders * mean / (1 + (coders - 1) * mean)
    return {name: found[name] for name in names}


def _observed(paired: np.ndarray, weights: np.ndarray) -> float:
    """Weighted share of agreeing pairs of coders, unit by unit."""
    total = paired.sum(axis=1)
    return float(((paired * (paired @ weights - 1)).sum(axis=1) / (total * (total - 1))).mean())


def _beyond(observed: float, chance: float) -> float:
    """Agreement beyond chance, for any number of coders and missing codes (Gwet 2014)."""
    return np.nan if np.isclose(chance, 1) else float((observed - chance) / (1 - chance))


def _kappa(ratings: np.ndarray, distance: np.ndarray) -> float:
    """Cohen's κ of two coders, each with margins of its own; units with both codes."""
    pairs = ratings[~np.isnan(ratings).any(axis=1)].astype(int)
    table = np.zeros(distance.shape)
    np.add.at(table, (pairs[:, 0], pairs[:, 1]), 1)
    below = (distance * np.outer(table.sum(axis=1), table.sum(axis=0))).sum() / len(pairs)
    return np.nan if below == 0 else float(1 - (distance * table).sum() / below)


def _holsti(ratings: np.ndarray) -> float:
    """2M / (N1 + N2), the mean over pairs of coders; N counts what each coded at all."""
    values = []
    for one, two in itertools.combinations(ratings.T, 2):
        coded = (~np.isnan(one)).sum() + (~np.isnan(two)).sum()
        values += [2 * (one == two).sum() / coded] if coded else []
    return float(np.mean(values))


def _groups(index: pd.Index, cluster: pd.Series | None) -> Sequence[np.ndarray]:
    if cluster is None:
        return [np.array([i]) for i in range(len(index))]
    keys = cluster.reindex(index)
    if keys.isna().any():
        missing = keys[keys.isna()].index.tolist()[:3]
        raise ValueError(f"no cluster is given for {missing}")
    return [np.flatnonzero(keys == key) for key in keys.unique()]
