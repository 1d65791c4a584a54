"""What the plan attends to by area, what sets an area apart, and which areas are alike."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from laoqu.analysis.reassign import DRAWS
from laoqu.figures import style
from laoqu.figures.matrix import frame, head_height, matrix, number
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label, names

FOUND = 0.05
ACROSS, EDGE = 3, 6


def attention(
    shares: pd.DataFrame, regions: pd.DataFrame, themes: pd.DataFrame, lang: str = "zh"
) -> Drawn:
    """Draw the themes of the measures that name each area.

    Parameters
    ----------
    shares : DataFrame
        From `laoqu.analysis.attention.shares` under a named rule.
    regions, themes : DataFrame
        ``plan.regions()`` and ``plan.codebook("theme")``: names and order.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` is `shares` without the themes that no area has.
    """
    used = shares.groupby("theme")["n"].sum() > 0
    data = shares[shares["theme"].map(used)].reset_index(drop=True)
    areas, labels = names(regions, lang), names(themes, lang)
    codes = [code for code in labels if used.get(code, False)]
    key = "attention.finding" if codes else "attention.finding_none"
    values = {"k": len(codes), "total": len(labels), "rest": len(labels) - len(codes)}
    finding = label(key, lang, **values) if codes else label(key, lang)
    totals = shares.groupby("region_id", sort=False)["total"].first()
    heads = [f"{areas[region]}{_gap(lang)}n = {totals[region]:g}" for region in totals.index]
    with style.style():
        figure, axes = matrix(
            finding, label("attention.subtitle", lang, k=len(codes)),
            [labels[code] for code in codes] or ["–"], heads,
        )  # fmt: skip
        column = {region: i for i, region in enumerate(totals.index)}
        some = data[data["n"] > 0]
        x, y = some["region_id"].map(column), some["theme"].map(codes.index)
        for at, row, n, share in zip(x, y, some["n"], some["share"], strict=True):
            frame(axes, at, row, facecolor=_shade(min(1, 2 * share)), linewidth=0)
            number(axes, at, row, f"{n:g}")
    listed = joined([f"{areas[region]} {totals[region]:g}" for region in totals.index], lang)
    alt = label("attention.alt", lang, finding=finding, listed=listed)
    return Drawn("attention", figure, data, alt, label("attention.caption", lang))


def distinctiveness(
    table: pd.DataFrame, regions: pd.DataFrame, themes: pd.DataFrame, lang: str = "zh"
) -> Drawn:
    """Draw the log-odds of every theme in every area against the other areas, one panel an area.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.attention.distinctiveness`; it is the figure's data.
    regions, themes : DataFrame
        ``plan.regions()`` and ``plan.codebook("theme")``.
    lang : {"zh", "en"}
    """
    areas, labels = names(regions, lang), names(themes, lang)
    ids = [region for region in areas if region in set(table["region_id"])]
    codes = [code for code in labels if code in set(table["theme"])]
    finding = distinct_finding(table, lang)
    subtitle = label("distinct.subtitle", lang, edge=EDGE)
    with style.style():
        down, title = -(-len(ids) // ACROSS), head_height(finding, subtitle)
        panel, above = 0.11 * len(codes) + 0.1, 0.3
        height = title + down * (panel + above) + 0.3
        figure = Figure(figsize=(style.FULL_WIDTH, height))
        style.head(figure, finding, subtitle)
        rows = [labels[code] for code in codes]
        left = style.text_width(figure, rows, style.SMALL_SIZE) + 0.12
        grid = {
            "left": left / style.FULL_WIDTH, "right": 0.985, "bottom": 0.25 / height,
            "top": 1 - (title + above) / height, "wspace": 0.1, "hspace": above / panel,
        }  # fmt: skip
        panels = figure.subplots(down, ACROSS, sharex=True, sharey=True, gridspec_kw=grid)
        room = (style.FULL_WIDTH * 0.985 - left) / ACROSS - 0.12
        for axes, region in zip(panels.flat, ids, strict=False):
            here = table[table["region_id"] == region].set_index("theme").loc[codes]
            _dots(axes, here)
            words = f"{areas[region]}  n = {here['total'].iloc[0]:g}"
            if style.text_width(figure, [words], style.SMALL_SIZE) > room:
                words = _halved(words)
            axes.set_title(words, loc="left", fontsize=style.SMALL_SIZE, color=style.INK, pad=2)
        for axes in panels.flat[len(ids) :]:
            axes.set_visible(False)
        panels.flat[0].set_yticks(range(len(codes)), rows)
        panels.flat[0].set_ylim(len(codes) - 0.4, -0.6)
        panels.flat[0].set_xlim(-EDGE, EDGE)
        panels.flat[0].set_xticks([-EDGE, 0, EDGE])
    found = _apart(table)
    words = [
        label("distinct.item", lang, region=areas[row.region_id], theme=labels[row.theme])
        for row in table[found].itertuples()
    ]
    alt = label("distinct.alt", lang, finding=finding, listed=joined(words, lang))
    caption = label("distinct.caption", lang, **by_chance(table))
    return Drawn("distinctiveness", figure, table, alt, caption)


def similarity(table: pd.DataFrame, totals: pd.Series, regions: pd.DataFrame, lang: str) -> Drawn:
    """Draw how alike the areas are, with the pairs that lists dealt by lot would not give.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.attention.similarity`; it is the figure's data.
    totals : Series
        Area → number of measures.
    regions : DataFrame
        ``plan.regions()``.
    lang : {"zh", "en"}
    """
    areas = names(regions, lang)
    ids = [region for region in areas if region in totals.index]
    at = {region: i for i, region in enumerate(ids)}
    finding = similar_finding(table, areas, lang)
    subtitle = label("similar.subtitle", lang, expected=f"{table['expected'].mean():.2f}")
    with style.style():
        heads = [areas[region] for region in ids]
        figure, axes = matrix(finding, subtitle, heads, heads, cell=0.24)
        for row in table.itertuples():
            high, low = sorted((at[row.region_id], at[row.other_id]))
            number(axes, low, high, f"{row.shared:g}", style.MUTED)
            if pd.isna(row.similarity):
                continue
            frame(axes, high, low, facecolor=_shade(row.similarity), linewidth=0)
            number(axes, high, low, f"{row.similarity:.2f}")
            if row.p_adjusted < FOUND:
                frame(axes, high, low, facecolor="none", edgecolor=style.INK, linewidth=1.2)
        for region, i in at.items():
            number(axes, i, i, f"n {totals[region]:g}", style.MUTED)
    pairs = [
        _pair(row, areas, lang) for row in table[table["p_adjusted"] < FOUND].itertuples()
    ]  # fmt: skip
    alt = label("similar.alt", lang, finding=finding, listed=joined(pairs, lang))
    caption = label("similar.caption", lang, draws=f"{DRAWS:,}")
    return Drawn("similarity", figure, table, alt, caption)


def distinct_finding(table: pd.DataFrame, lang: str) -> str:
    """Say how many pairs of area and theme differ."""
    cells, k = int(table["z"].notna().sum()), int(_apart(table).sum())
    return label("distinct.finding", lang, cells=cells, k=k)


def by_chance(table: pd.DataFrame) -> dict[str, int]:
    """Count the cells, the intervals that leave out 0, and those of 95 % that would by chance."""
    cells = int(table["z"].notna().sum())
    return {
        "cells": cells, "apart": int(_apart(table).sum()), "chance": round(FOUND * cells)
    }  # fmt: skip


def similar_finding(table: pd.DataFrame, areas: dict[str, str], lang: str) -> str:
    """Say how many pairs of areas are unlike the null, and which where there is only one."""
    found, pairs = table[table["p_adjusted"] < FOUND], int(table["p"].notna().sum())
    if found.empty:
        return label("similar.finding_none", lang, pairs=pairs)
    if len(found) == 1:
        pair = _pair(next(found.itertuples()), areas, lang)
        return label("similar.finding_one", lang, pairs=pairs, pair=pair)
    return label("similar.finding", lang, pairs=pairs, k=len(found))


def _pair(row: object, areas: dict[str, str], lang: str) -> str:
    return label("similar.pair", lang, a=areas[row.region_id], b=areas[row.other_id])


def _apart(table: pd.DataFrame) -> pd.Series:
    return (table["low"] > 0) | (table["high"] < 0)


def _dots(axes: Axes, here: pd.DataFrame) -> None:
    axes.axvline(0, color=style.CONTEXT, linewidth=0.8)
    for row, values in enumerate(here.itertuples()):
        sure = values.low > 0 or values.high < 0
        colour = style.INK if sure else style.CONTEXT
        axes.hlines(row, values.low, values.high, color=colour, linewidth=0.8)
        axes.plot(values.delta, row, "o", color=colour, markersize=2.8)
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)


def _halved(words: str) -> str:
    """Break a name of several provinces after the dash nearest its middle."""
    dashes = [i for i, char in enumerate(words) if char == "–"]
    cut = min(dashes, key=lambda i: abs(i - len(words) / 2), default=-1) + 1
    return f"{words[:cut]}\n{words[cut:]}" if cut else words


def _shade(value: float) -> str:
    """Paper at 0, the context grey at 1."""
    pairs = zip(to_rgb(style.PAPER), to_rgb(style.CONTEXT), strict=True)
    return to_hex([a + value * (b - a) for a, b in pairs])


def _gap(lang: str) -> str:
    return "\n" if lang == "zh" else "  "
