"""A stratified sample with known chances, and a share corrected by what people coded of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from laoqu.analysis.draws import LEVEL, SEED
from laoqu.errors import LaoquError

#: Fewest units of a stratum that are drawn, so that it has a variance.
LEAST = 2
#: Disagreements added to those seen, one each way: none in a sample does not mean none in the plan
#: (Agresti and Min 2005 add half of one each way to a sample without strata).
ADDED = 2.0


def allocate(sizes: pd.Series, n: int) -> pd.Series:
    """Return how many units of each stratum a sample of `n` holds: by size, two at the least.

    >>> import pandas as pd
    >>> allocate(pd.Series({"S": 114, "E": 57, "X": 3}), 20).to_dict()
    {'S': 11, 'E': 7, 'X': 2}
    """
    least = sizes.clip(upper=LEAST)
    if n >= sizes.sum():
        return sizes
    if n < least.sum():
        raise LaoquError(f"--n is {n}, expected {least.sum()} or more: {LEAST} a stratum")
    rest = sizes - least
    share = (n - least.sum()) * rest / rest.sum()
    whole = np.floor(share).astype("int64")
    more = (share - whole).nlargest(int(n - least.sum() - whole.sum()), keep="first").index
    return least + whole + whole.index.isin(more)


def draw(table: pd.DataFrame, n: int, seed: int = SEED) -> pd.DataFrame:
    """Return a stratified sample of units without replacement, in random order.

    One row per unit drawn: ``unit_id``, ``stratum``, ``units`` and ``drawn`` of its stratum, and
    ``probability``, its chance to be drawn.
    """
    rng = np.random.default_rng(seed)
    sizes = table.groupby("stratum")["unit_id"].size()
    drawn = allocate(sizes, n)
    parts = [
        table.loc[rng.choice(rows, drawn[stratum], replace=False), ["unit_id", "stratum"]]
        for stratum, rows in table.groupby("stratum").groups.items()
    ]
    found = pd.concat(parts).assign(
        units=lambda t: t["stratum"].map(sizes), drawn=lambda t: t["stratum"].map(drawn)
    )
    found["probability"] = found["drawn"] / found["units"]
    return found.sample(frac=1, random_state=rng).reset_index(drop=True)


def corrected(shipped: pd.Series, people: pd.Series, strata: pd.Series) -> dict[str, float]:
    """Return a mean over all units as the shipped codes have it, and corrected by people.

    `shipped` and `strata` have every unit, `people` those of a stratified sample that people coded;
    a code is 1 or 0, or any number. To the mean of what is shipped the mean difference that people
    found is added, stratum by stratum, each with the weight of its units: the difference estimator
    of survey sampling, to which design-based supervised learning (Egami et al. 2023) and
    prediction-powered inference (Angelopoulos et al. 2023) come for a mean. It is unbiased however
    bad the shipped codes are. ``low`` and ``high`` are 95 %, with `ADDED` disagreements added.
    ``n`` units are coded; without any of a stratum, named in ``uncoded``, nothing is corrected.

    >>> import pandas as pd
    >>> found = corrected(pd.Series([1, 1, 0, 0]), pd.Series([1, 0, 0, 0]), pd.Series(["S"] * 4))
    >>> found["shipped"], found["corrected"]
    (0.5, 0.25)
    """
    differ = people - shipped.reindex(people.index)
    groups = strata.reindex(people.index)
    mean, variance = float(shipped.mean()), 0.0
    uncoded = ";".join(sorted({*map(str, strata)} - {*map(str, groups)}))
    found = {"shipped": mean, "corrected": np.nan, "low": np.nan, "high": np.nan}
    found |= {"n": len(differ), "uncoded": uncoded}
    if uncoded:
        return found
    for stratum, size in strata.value_counts().items():
        here = differ[groups == stratum].to_numpy(dtype="float64")
        n = len(here)
        more = ADDED * n / len(differ)
        spread = ((here**2).sum() + more) / (n + more) - (here.sum() / (n + more)) ** 2
        mean += float(size / len(shipped) * here.mean())
        variance += (size / len(shipped)) ** 2 * (1 - n / size) * spread / max(n - 1, 1)
    half = float(stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(variance))
    most = 1.0 if shipped.max() <= 1 and people.max() <= 1 else np.inf
    low, high = max(mean - half, 0.0), min(mean + half, most)
    return {**found, "corrected": mean, "low": low, "high": high}
