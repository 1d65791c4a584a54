"""Tables of exposure: the areas, how sure their order is, what their measures are about."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from laoqu.labels import label, names
from laoqu.tables import Block

COLUMNS = ("area", "n", "clauses", "named", "rank", "exposure", "mean", "shared", "full")


def exposures(table: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh") -> Block:
    """Return the table of the twelve areas, in printed order.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.intensity.exposures`, without `by`.
    regions : DataFrame
        ``plan.regions()``: the names.
    lang : {"zh", "en"}
    """
    cells = table.set_index(["rule", "quantity", "region_id"])
    rows, values = [], {}
    for region_id, name in names(regions, lang).items():
        named, exposure, mean = (
            cells.loc[("named", quantity, region_id)]
            for quantity in ("density", "exposure", "mean")
        )
        shared, full = (
            cells.loc[(rule, "density", region_id)] for rule in ("named_fractional", "full")
        )
        rank = f"{named['rank_low']}–{named['rank_high']}"
        if not named["rankable"]:
            rank = label("exposures.unranked", lang)
        counts = [str(named["n"]), str(named["clauses"])]
        spans = [span(named, 0), rank, span(exposure, 0), span(mean, 1)]
        rows.append((name, *counts, *spans, span(shared, 1), span(full, 0)))
        values[f"exposures_named_{region_id}"] = int(named["n"])
        values[f"exposures_full_{region_id}"] = int(full["n"])
    note = label("exposures.note", lang)
    if uncoded := int(table.loc[table["rule"] == "named", "n_uncoded"].max()):
        note += label("exposures.uncoded", lang, n=uncoded)
    return Block(
        "exposures",
        label("exposures.title", lang),
        label("exposures.lead", lang),
        columns=tuple(label(f"exposures.col.{column}", lang) for column in COLUMNS),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(COLUMNS))),
        note=note,
        values=values,
        lang=lang,
    )


def robustness(pairs: pd.DataFrame, lang: str = "zh") -> Block:
    """Return how many pairs of areas keep their order, by what is ordered and what is varied.

    Parameters
    ----------
    pairs : DataFrame
        From `laoqu.analysis.intensity.robust_order`.
    lang : {"zh", "en"}
    """
    rows, values = [], {}
    for (quantity, basis), part in pairs.groupby(["quantity", "basis"], sort=False):
        counts = [len(part), int(part["rankable"].sum()), int(part["robust"].sum())]
        first = [label(f"robust.{name}", lang) for name in (quantity, basis)]
        rows.append((*first, *map(str, counts)))
        counted = zip(("pairs", "rankable", "robust"), counts, strict=True)
        values |= {f"{name}_{quantity}_{basis}": n for name, n in counted}
    heads = ("quantity", "basis", "pairs", "rankable", "robust")
    return Block(
        "robustness",
        label("robust.title", lang),
        label("robust.lead", lang),
        columns=tuple(label(f"robust.col.{head}", lang) for head in heads),
        rows=tuple(rows),
        numeric=frozenset({2, 3, 4}),
        note=label("robust.note", lang),
        values=values,
        lang=lang,
    )


def breakdown(
    table: pd.DataFrame, regions: pd.DataFrame, words: Mapping[str, str], lang: str = "zh"
) -> Block:
    """Return named measures by group (theme, class of instrument, clause) and area.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.intensity.exposures` with `by`.
    regions : DataFrame
        ``plan.regions()``: the names.
    words : mapping
        The words for each group; a group without words is shown as it is.
    lang : {"zh", "en"}
    """
    part = table[(table["rule"] == "named") & (table["quantity"] == "density")]
    counts = part.pivot(index="group", columns="region_id", values="n")
    areas = names(regions, lang)
    counts = counts.reindex(index=list(dict.fromkeys(part["group"])), columns=list(areas))
    rows = [
        (f"{group} {words.get(group, '')}".strip(), *(str(n) if n else "·" for n in row))
        for group, row in zip(counts.index, counts.to_numpy().tolist(), strict=True)
    ]
    return Block(
        "breakdown",
        label("breakdown.title", lang),
        label("breakdown.lead", lang),
        columns=(label("breakdown.col.group", lang), *areas.values()),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(areas) + 1)),
        note=label("breakdown.note", lang),
        lang=lang,
    )


def span(row: Mapping[str, float], digits: int) -> str:
    """Return a value with its interval, or what there is of them.

    Examples
    --------
    >>> from laoqu.publication.intensity import span
    >>> span({"value": 25.0, "low": 13.0, "high": 41.0}, 0)
    '25 (13–41)'
    >>> span({"value": 1.0, "low": float("nan"), "high": float("nan")}, 0)
    '1'
    """
    if pd.isna(row["value"]):
        return "–"
    value = f"{row['value']:.{digits}f}"
    if pd.isna(row["low"]):
        return value
    return f"{value} ({row['low']:.{digits}f}–{row['high']:.{digits}f})"
