"""Tables of what differs between areas: breadth, log-odds, likeness, concentration, channels."""

from __future__ import annotations

import pandas as pd

from laoqu.analysis.reassign import DRAWS
from laoqu.figures.attention import FOUND, by_chance, distinct_finding, similar_finding
from laoqu.figures.concentration import channels_finding, p_value
from laoqu.labels import label, names
from laoqu.tables import Block

TOP = 10


def breadth(
    table: pd.DataFrame, niche: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh"
) -> Block:
    """Return how broad the attention to each area is and how far it lies from the others.

    Parameters
    ----------
    table, niche : DataFrame
        From `laoqu.analysis.attention.breadth` and `laoqu.analysis.attention.nicheness`.
    regions : DataFrame
        ``plan.regions()``.
    lang : {"zh", "en"}
    """
    areas = names(regions, lang)
    both = table.merge(niche[["region_id", "distance"]], on="region_id")
    rows = [
        (
            areas[row.region_id], f"{row.n:g}", str(row.themes), _fixed(row.effective, 1),
            "–" if pd.isna(row.redrawn)
            else f"{row.redrawn:.1f} ({row.low:.1f}–{row.high:.1f})",
            _fixed(row.inverse_hhi, 1), _fixed(row.distance, 3),
        )
        for row in both.itertuples()
    ]  # fmt: skip
    heads = ("region", "n", "themes", "effective", "interval", "inverse", "niche")
    return Block(
        "breadth", label("breadth.title", lang), label("breadth.lead", lang),
        _heads("breadth.col", heads, lang), tuple(rows), numeric=frozenset(range(1, 7)),
        note=label("breadth.note", lang),
        values={f"effective_{row.region_id}": round(row.effective, 6) for row in both.itertuples()},
        lang=lang,
    )  # fmt: skip


def distinctiveness(
    table: pd.DataFrame, regions: pd.DataFrame, themes: pd.DataFrame, lang: str = "zh"
) -> Block:
    """Return the pairs of area and theme whose z lies farthest from 0.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.attention.distinctiveness`.
    regions, themes : DataFrame
        ``plan.regions()`` and ``plan.codebook("theme")``.
    lang : {"zh", "en"}
    """
    areas, labels = names(regions, lang), names(themes, lang)
    order = table["z"].abs().sort_values(ascending=False, kind="stable").dropna().index[:TOP]
    rows = [
        (
            areas[row.region_id], labels[row.theme], f"{row.n:g} / {row.total:g}",
            f"{row.others:g} / {row.others_total:g}",
            f"{_fixed(row.delta, 2)} ({_fixed(row.low, 2)} – {_fixed(row.high, 2)})",
            _fixed(row.z, 2),
        )
        for row in table.loc[order].itertuples()
    ]  # fmt: skip
    finding = distinct_finding(table, lang)
    heads = ("region", "theme", "n", "others", "delta", "z")
    return Block(
        "distinctiveness", label("distinct.title", lang),
        label("distinct.lead", lang, finding=finding, n=len(rows)),
        _heads("distinct.col", heads, lang), tuple(rows), numeric=frozenset({2, 3, 4, 5}),
        note=label("distinct.note", lang, **by_chance(table)),
        values={**by_chance(table), "shown": len(rows)}, lang=lang,
    )  # fmt: skip


def similarity(table: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh") -> Block:
    """Return the pairs of areas least like what lists dealt by lot give.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.attention.similarity`.
    regions : DataFrame
        ``plan.regions()``.
    lang : {"zh", "en"}
    """
    areas = names(regions, lang)
    rows = [
        (
            label("similar.pair", lang, a=areas[row.region_id], b=areas[row.other_id]),
            f"{row.shared:g}", f"{row.similarity:.2f}", f"{row.expected:.2f}", p_value(row.p),
            p_value(row.p_adjusted),
        )
        for row in table.dropna().sort_values("p", kind="stable")[:TOP].itertuples()
    ]  # fmt: skip
    heads = ("pair", "shared", "similarity", "expected", "p", "p_adjusted")
    return Block(
        "similarity", label("similar.title", lang),
        label("similar.lead", lang, finding=similar_finding(table, areas, lang), n=len(rows)),
        _heads("similar.col", heads, lang), tuple(rows), numeric=frozenset(range(1, 6)),
        note=label("similar.note", lang),
        values={
            "pairs": int(table["p"].notna().sum()),
            "found": int((table["p_adjusted"] < FOUND).sum()),
            "shown": len(rows),
        },
        lang=lang,
    )  # fmt: skip


def concentration(table: pd.DataFrame, lang: str = "zh") -> Block:
    """Return Gini and HHI of named support beside lists dealt by lot.

    Parameters
    ----------
    table : DataFrame
        As for `laoqu.figures.concentration.concentration`.
    lang : {"zh", "en"}
    """
    rows = [
        (
            label(f"concentration.support.{row.support}", lang),
            label(f"concentration.statistic.{row.statistic}", lang), f"{row.total:g}",
            str(row.lists), _fixed(row.value, 3), _fixed(row.expected, 3),
            f"{_fixed(row.low, 3)}–{_fixed(row.high, 3)}", p_value(row.p),
        )
        for row in table.itertuples()
    ]  # fmt: skip
    heads = ("support", "statistic", "n", "lists", "value", "expected", "interval", "p")
    return Block(
        "concentration", label("concentration.title", lang), label("concentration.lead", lang),
        _heads("concentration.col", heads, lang), tuple(rows), numeric=frozenset(range(2, 8)),
        note=label("concentration.note", lang, draws=f"{DRAWS:,}"),
        values={
            f"{row.statistic}_{row.support}": round(row.value, 6) for row in table.itertuples()
        },
        lang=lang,
    )  # fmt: skip


def channels(table: pd.DataFrame, regions: pd.DataFrame, counties: int, lang: str = "zh") -> Block:
    """Return by which channel key counties of each area are supported.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.concentration.channels`.
    regions : DataFrame
        ``plan.regions()``.
    counties : int
        How many counties box 1 lists.
    lang : {"zh", "en"}
    """
    areas = names(regions, lang)
    rows = [
        (
            areas[row.region_id], label("channels.yes" if row.provincial else "channels.no", lang),
            str(row.national), str(row.in_provinces), label(f"channels.kind.{row.channel}", lang),
        )
        for row in table.itertuples()
    ]  # fmt: skip
    heads = ("region", "provincial", "national", "possible", "channel")
    placed = int(table["national"].sum())
    lead = label(
        "channels.lead", lang, finding=channels_finding(table, lang), counties=counties,
        placed=placed,
    )  # fmt: skip
    return Block(
        "channels", label("channels.title", lang), lead, _heads("channels.col", heads, lang),
        tuple(rows), numeric=frozenset({2, 3}),
        values={
            "counties": counties, "placed": placed, "chosen": int(table["provincial"].sum()),
            "held": int((table["national"] > 0).sum()), "areas": len(table),
        },
        lang=lang,
    )  # fmt: skip


def _heads(prefix: str, keys: tuple[str, ...], lang: str) -> tuple[str, ...]:
    return tuple(label(f"{prefix}.{key}", lang) for key in keys)


def _fixed(value: float, digits: int) -> str:
    return "–" if pd.isna(value) else f"{value:.{digits}f}".replace("-", "−")
