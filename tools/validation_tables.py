"""Print the tables of docs/validation.md: how exact a sample is, what a comparison can find.

``python tools/validation_tables.py precision`` or ``power``, with ``zh`` behind it in Chinese.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from scipy import stats

from laoqu.analysis.agreement import most_disagreement
from laoqu.analysis.sampling import ADDED

UNITS = 223
TREATED = 53
#: Counties of the areas in the provinces of the treated ones; all.
CONTROLS = (126, 415)
Z = stats.norm.ppf(0.975)
HEADS = {
    "precision": {
        "en": ["units", "±, 5 % differ", "±, 10 %", "±, 20 %", "none differs: at most",
               "α = .80 ±"],
        "zh": ["单位数", "5% 不同 ±", "10% ±", "20% ±", "无一不同：至多", "α = .80 ±"],
    },
    "power": {
        "en": ["controls", "correlation", "after only", "difference", "covariate"],
        "zh": ["对照县数", "前后相关", "只用事后", "前后差分", "事前值作协变量"],
    },
}  # fmt: skip


def precision() -> pd.DataFrame:
    """Half widths in percentage points, measures drawn singly; of α for four even codes."""
    rows = []
    for n in (40, 60, 80, 100, 150, 200):
        spreads = [(differ * n + ADDED) / (n + ADDED) for differ in (0.05, 0.1, 0.2)]
        halves = [100 * Z * np.sqrt((1 - n / UNITS) * each / (n - 1)) for each in spreads]
        row = [n, *(f"{half:.1f}" for half in halves), f"{100 * most_disagreement(0, n):.1f}"]
        rows.append([*row, f"{Z * np.sqrt(0.85 * 0.15 / n) / 0.75:.2f}"])
    return pd.DataFrame(rows)


def power() -> pd.DataFrame:
    """Smallest effects found with a power of 80 %, two-sided at 5 %, in standard deviations."""
    rows = []
    for controls in CONTROLS:
        df = TREATED + controls - 2
        error = np.sqrt(1 / TREATED + 1 / controls)
        after = (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * error
        for r in (0.5, 0.7, 0.9):
            effects = after, after * np.sqrt(2 * (1 - r)), after * np.sqrt(1 - r**2)
            rows.append([controls, f"{r:.1f}", *(f"{effect:.2f}" for effect in effects)])
    return pd.DataFrame(rows)


def table(name: str, lang: str = "en") -> str:
    """Return one of the tables in Markdown."""
    head = HEADS[name][lang]
    lines = [
        head,
        ["---:"] * len(head),
        *{"precision": precision, "power": power}[name]().to_numpy(),
    ]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    print(table(*sys.argv[1:]))
