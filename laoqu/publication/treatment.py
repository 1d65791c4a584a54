"""Tables of treatment: statuses by channel, the simulation, how estimators write never-treated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from laoqu.analysis.estimators import NEVER
from laoqu.labels import label
from laoqu.tables import Block

#: What an estimator asks for beside the cohort.
NEEDS = {
    "did": "county_id", "csdid": "county_id", "pyfixest": "none", "sunab": "none",
    "differences": "index", "eventstudyinteract": "control",
}  # fmt: skip


def statuses(counts: pd.DataFrame, channels: pd.DataFrame, lang: str = "zh") -> Block:
    """Return how many units are treated, untreated and unknown in each channel, and why.

    Parameters
    ----------
    counts : DataFrame
        From `laoqu.analysis.treatment.summary`.
    channels : DataFrame
        ``plan.table("treatment_channels")``; one without a named place is shown as such.
    lang : {"zh", "en"}
    """
    table = channels.merge(counts.drop(columns="unit_level"), on="channel", how="left")
    rows = []
    for row in table.itertuples():
        named = not pd.isna(row.treated)
        cells = [f"{value:g}" if named else "–" for value in row[-5:-2]]
        rows.append((
            getattr(row, f"label_{lang}"), label(f"treatment.unit.{row.unit_level}", lang), *cells,
            _list(row, lang), row.quote,
        ))  # fmt: skip
    heads = ("channel", "unit", "treated", "untreated", "unknown", "list", "quote")
    closed = counts[counts["untreated"] > 0]
    values = {
        "channels": len(channels), "closed": len(closed),
        "untreated": int(closed["untreated"].sum()),
    }  # fmt: skip
    return Block(
        "treatment-statuses", label("treatment.title", lang),
        label("treatment.lead", lang, **values),
        tuple(label(f"treatment.col.{head}", lang) for head in heads), tuple(rows),
        numeric=frozenset({2, 3, 4}), quoted=frozenset({6}), note=label("treatment.note", lang),
        values=values, lang=lang,
    )  # fmt: skip


def simulated(table: pd.DataFrame, lang: str = "zh", effect: float = 1.0) -> Block:
    """Return the estimates with unknown units left in and dropped.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.simulation.compare`.
    lang : {"zh", "en"}
    effect : float
        The effect that was simulated.
    """
    rows = [
        (
            label(f"simulated.rule.{row.rule}", lang), f"{row.controls:,}", f"{row.hidden:,}",
            _fixed(row.expected),
            "–" if pd.isna(row.estimate)
            else f"{_fixed(row.estimate)} ({_fixed(row.low)}–{_fixed(row.high)})",
        )
        for row in table.itertuples()
    ]  # fmt: skip
    found = table.set_index("rule")["estimate"]
    heads = ("rule", "controls", "hidden", "expected", "estimate")
    lead = label(
        "simulated.lead", lang, effect=f"{effect:g}", left=_fixed(found["left_in"]),
        dropped=_fixed(found["dropped"]),
    )  # fmt: skip
    return Block(
        "treatment-simulated", label("simulated.title", lang), lead,
        tuple(label(f"simulated.col.{head}", lang) for head in heads), tuple(rows),
        numeric=frozenset(range(1, 5)), note=label("simulated.note", lang),
        values={"effect": effect, **{name: round(float(x), 6) for name, x in found.items()}},
        lang=lang,
    )  # fmt: skip


def conventions(lang: str = "zh") -> Block:
    """Return how each estimator wants never-treated units written, and where people trip."""
    rows = [
        (
            name, label("estimators.missing", lang) if np.isnan(never) else f"{never:g}",
            label(f"estimators.need.{NEEDS[name]}", lang), label(f"estimators.trap.{name}", lang),
        )
        for name, never in NEVER.items()
    ]  # fmt: skip
    heads = ("estimator", "never", "column", "trap")
    return Block(
        "treatment-estimators", label("estimators.title", lang),
        columns=tuple(label(f"estimators.col.{head}", lang) for head in heads), rows=tuple(rows),
        values={f"never_{name}": never for name, never in NEVER.items() if not np.isnan(never)},
        lang=lang,
    )  # fmt: skip


def _list(row: object, lang: str) -> str:
    if not row.roles:
        return label("treatment.list.none", lang)
    if row.complete:
        return label("treatment.list.complete", lang)
    if pd.isna(row.list_total):
        return label("treatment.list.open", lang)
    return label("treatment.list.total", lang, total=f"{row.list_total:g}")


def _fixed(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.2f}".replace("-", "−")
