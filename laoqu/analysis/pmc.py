"""The PMC-index of a text, and how far it hangs on choices that nobody can prove.

Formulae after Ruiz Estrada 2011 (docs/methods.md, “PMC-index”). A frame has one row per case
(a coder, an area, a clause) and one column per sub-variable: 1 present, 0 absent, NA not scored.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from laoqu.analysis.agreement import agreement
from laoqu.analysis.resample import DRAWS, SEED, intervals
from laoqu.errors import ParameterError, UnknownId, nearest

CODERS = ("pass1", "pass2")


def wide(scores: pd.DataFrame, value: str = "score") -> pd.DataFrame:
    """Return the scores of ``pmc_scores`` with one row per coder.

    Parameters
    ----------
    scores : DataFrame
        ``coder``, ``sub_variable`` and the column `value`.
    value : {"score", "grade"}
        ``grade`` is the graded scoring 0, 0.5, 1.
    """
    if value not in ("score", "grade"):
        raise ParameterError(f"value is {value!r}, expected 'score' or 'grade'")
    table = scores.pivot(index="coder", columns="sub_variable", values=value)
    return table[list(dict.fromkeys(scores["sub_variable"]))].astype("float64")


def variables(scored: pd.DataFrame) -> pd.DataFrame:
    r"""Return :math:`X_t = \sum_j X_{t:j} / T(t)`, one column per main variable.

    A main variable is what stands before the point of a sub-variable's id. Sub-variables that
    were not scored count neither above nor below; with none scored the variable is NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import pmc
    >>> scored = pd.DataFrame({"X1.1": [1, 0], "X1.2": [1, None], "X2.1": [0, 1]})
    >>> pmc.variables(scored).values.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    owner = scored.columns.str.partition(".").get_level_values(0)
    return scored.astype("float64").T.groupby(owner, sort=False).mean().T


def index(x: pd.DataFrame) -> pd.DataFrame:
    r"""Return the index of each case from its main variables.

    Returns
    -------
    DataFrame
        One row per case: ``m`` (main variables), ``pmc`` (:math:`\sum_t X_t`, from 0 to m),
        ``pmc_m`` (PMC/m, the only form that compares across m; ours) and ``depression``
        (m − PMC). Where a main variable is NaN the index is undefined, not smaller.

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import pmc
    >>> pmc.index(pd.DataFrame({"X1": [0.5], "X2": [1.0]})).values.tolist()
    [[2.0, 1.5, 0.75, 0.5]]
    """
    total, m = x.sum(axis=1, skipna=False), x.shape[1]
    return pd.DataFrame({"m": m, "pmc": total, "pmc_m": total / m, "depression": m - total})


def grade(value: float, m: int, schemes: pd.DataFrame, scheme: str) -> pd.Series:
    """Return the row of a grade scheme that a value falls into.

    Parameters
    ----------
    value, m : float, int
        The index and its number of main variables.
    schemes : DataFrame
        ``pmc_grades``: ``scheme``, ``m``, ``lower``, ``label_zh``, ``label_en``.
    scheme : str
        Print its name beside the label: schemes give the same number different words.

    Raises
    ------
    UnknownId
        With the nearest schemes.
    ParameterError
        When the scheme is for another m, leaves values without a grade, or the value is outside
        0 to m.
    """
    known = list(dict.fromkeys(schemes["scheme"]))
    if scheme not in known:
        raise UnknownId(scheme, nearest(str(scheme), known) or known, "scheme")
    rows = schemes[schemes["scheme"] == scheme].sort_values("lower")
    if sizes := set(rows["m"]) - {m}:
        raise ParameterError(f"scheme {scheme!r} is for m = {min(sizes)}, not {m}")
    if rows["lower"].iloc[0] != 0 or rows["lower"].duplicated().any():
        raise ParameterError(f"scheme {scheme!r} must begin at 0 and name each bound once")
    if not 0 <= value <= m:
        raise ParameterError(f"a value of {value} does not lie between 0 and m = {m}")
    return rows[rows["lower"] <= value].iloc[-1]


def drop_one(x: pd.Series) -> pd.DataFrame:
    """Return the index of one case without each main variable in turn.

    Returns
    -------
    DataFrame
        One row per main variable left out: ``without``, and the columns of `index`.
    """
    rows = [index(x.drop(name).to_frame().T).assign(without=name) for name in x.index]
    table = pd.concat(rows, ignore_index=True)
    return table[["without", "m", "pmc", "pmc_m", "depression"]]


def weighted(x: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    r"""Return PMC/m under weights: :math:`\sum_t w_t X_t`, shape (draws, cases).

    Parameters
    ----------
    x : DataFrame
        From `variables`.
    weights : ndarray
        Shape (draws, m); each row sums to 1. Equal weights give the plain PMC/m.
    """
    return np.asarray(weights, dtype="float64") @ x.to_numpy(dtype="float64").T


def random_weights(m: int, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Draw weights of m main variables, every set of weights as likely as any other: Dirichlet(1).

    Returns
    -------
    ndarray
        Shape (draws, m); each row sums to 1.
    """
    return np.random.default_rng(seed).dirichlet(np.ones(m), size=draws)


def weight_intervals(x: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return PMC/m of each case and the 95 % interval that random weights give it.

    Returns
    -------
    DataFrame
        One row per case: ``pmc_m``, ``low``, ``high``.
    """
    low, high = intervals(weighted(x, random_weights(x.shape[1], draws, seed)))
    return pd.DataFrame({"pmc_m": index(x)["pmc_m"], "low": low, "high": high}, index=x.index)


def reversals(x: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return, for each pair of cases, how often random weights turn their order round.

    Returns
    -------
    DataFrame
        One row per pair: ``a``, ``b`` (as in the index of `x`), ``difference`` (PMC/m of a − b)
        and ``reversed`` (share of draws with the opposite sign; NaN where the two are tied).
    """
    plain = index(x)["pmc_m"].to_numpy()
    drawn = weighted(x, random_weights(x.shape[1], draws, seed))
    rows = []
    for i, j in itertools.combinations(range(len(x)), 2):
        difference = plain[i] - plain[j]
        # Beyond the rounding of a sum of fractions there is no difference.
        tied = np.isnan(difference) or abs(difference) < 1e-9
        share = (np.sign(difference) * (drawn[:, i] - drawn[:, j]) < -1e-9).mean()
        rows.append([x.index[i], x.index[j], difference, np.nan if tied else share])
    return pd.DataFrame(rows, columns=["a", "b", "difference", "reversed"])


def surface(x: pd.Series) -> pd.DataFrame:
    """Return X1 to X9 as the 3 × 3 matrix of the PMC surface; X10 does not fit a square.

    Raises
    ------
    ParameterError
        When one of the nine is missing.
    """
    names = [f"X{i}" for i in range(1, 10)]
    if missing := [name for name in names if name not in x.index]:
        raise ParameterError(f"a surface needs X1 to X9; {', '.join(missing)} is missing")
    return pd.DataFrame(x[names].to_numpy(dtype="float64").reshape(3, 3))


def agreed(scores: pd.DataFrame, value: str = "score", draws: int = DRAWS) -> pd.DataFrame:
    """Return how far the two passes agree, for each main variable and for all sub-variables.

    Returns
    -------
    DataFrame
        `laoqu.analysis.agreement.agreement`'s rows with ``variable`` in front (``all`` last).
        Both passes are automated, of one kind: this is no human reliability.
    """
    table = wide(scores, value)
    owner = table.columns.str.partition(".").get_level_values(0)
    parts = []
    scale = "nominal" if value == "score" else "ordinal"
    for name in [*dict.fromkeys(owner), "all"]:
        here = table if name == "all" else table.loc[:, owner == name]
        found = agreement(*[here.loc[coder] for coder in CODERS], scale=scale, draws=draws)
        parts.append(found.assign(variable=name))
    result = pd.concat(parts, ignore_index=True)
    return result[["variable", *result.columns.drop("variable")]]


def presence(measures: pd.DataFrame, crosswalk: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Return which sub-variables occur in each part of the plan: our extension of the index.

    No source defines a PMC-index of a part of a text. Only sub-variables with a row in the
    crosswalk can be located; the others, and main variables without any, are left out. Use PMC/m,
    never the published grades, and print the number of measures: more measures, more presences.

    Parameters
    ----------
    measures : DataFrame
        ``plan.measures()``: ``measure_id`` and the variables of the crosswalk (primary codes).
    crosswalk : DataFrame
        ``pmc_crosswalk``: ``sub_variable``, ``variable``, ``code``.
    parts : DataFrame
        Measures × parts (areas, clauses), as from `laoqu.analysis.weights.weights`; a measure
        belongs to a part where the value is above 0.

    Returns
    -------
    DataFrame
        One row per part, one column per sub-variable: 1 where a measure has one of the codes, NA
        where none has but a code is missing, else 0. A part without measures has zeros.
    """
    inside = parts.reindex(measures["measure_id"]).gt(0).to_numpy(dtype=int).T
    found = {}
    for sub, codes in crosswalk.groupby("sub_variable", sort=False):
        has = np.zeros(len(measures), dtype=bool)
        unknown = np.zeros(len(measures), dtype=bool)
        for variable, rows in codes.groupby("variable"):
            column = measures[variable]
            # Flags are booleans in the frame and true, false in the codebook.
            values = column.map({True: "true", False: "false"}) if column.dtype == bool else column
            has |= values.isin(rows["code"]).to_numpy(dtype=bool)
            unknown |= values.isna().to_numpy(dtype=bool)
        present, open_ = inside @ has.astype(int) > 0, inside @ unknown.astype(int) > 0
        found[sub] = np.where(present, 1.0, np.where(open_, np.nan, 0.0))
    return pd.DataFrame(found, index=parts.columns)


def chance(
    measures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    parts: pd.DataFrame,
    draws: int = 4 * DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Return the PMC/m that as many measures, drawn at random from the plan, would have.

    The index of a part grows with its number of measures; only what lies outside this interval
    says anything else. Measures are drawn without replacement and without regard to clauses.

    Parameters
    ----------
    measures, crosswalk, parts : DataFrame
        As for `presence`.
    draws, seed : int
        More draws than elsewhere: PMC/m takes few values, so the bounds settle late.

    Returns
    -------
    DataFrame
        One row per part: ``n`` (measures), ``pmc_m``, ``low``, ``high`` (95 % of the draws).
    """
    n = parts.gt(0).sum()
    generator = np.random.default_rng(seed)
    # Each column puts the measures in a random order: those ranked below n are a draw of n.
    shuffled = generator.permuted(np.tile(np.arange(len(parts)), (draws, 1)), axis=1).T
    found = {}
    for size in sorted(set(n)):
        drawn = pd.DataFrame((shuffled < size).astype(float), index=parts.index)
        samples = index(variables(presence(measures, crosswalk, drawn)))["pmc_m"].to_numpy()
        found[size] = intervals(samples[:, None])[:, 0]
    here = index(variables(presence(measures, crosswalk, parts)))["pmc_m"]
    low, high = np.array([found[size] for size in n]).T
    return pd.DataFrame({"n": n, "pmc_m": here, "low": low, "high": high})


def beside_chance(drawn: pd.DataFrame) -> dict[str, int]:
    """Return how many rows of `chance` lie ``above`` and ``below`` their interval, not on it."""
    # Beyond the rounding of a sum of fractions.
    return {
        "above": int((drawn["pmc_m"] > drawn["high"] + 1e-9).sum()),
        "below": int((drawn["pmc_m"] < drawn["low"] - 1e-9).sum()),
    }
