"""Named support against lists dealt by lot, and the two channels that divide the areas."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from laoqu.analysis.reassign import DRAWS
from laoqu.figures import style
from laoqu.figures.matrix import frame, head_height, matrix, number
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label, names

FOUND, WHOLE = 0.05, 0.9
STATISTICS = ("gini", "hhi")


def concentration(table: pd.DataFrame, lang: str = "zh") -> Drawn:
    """Draw Gini and HHI of named support beside what lists dealt by lot would give.

    Parameters
    ----------
    table : DataFrame
        Rows of `laoqu.analysis.concentration.concentration` with ``support`` in front: ``direct``
        (by name or through a place) and ``named`` (by the area's own name). It is the figure's
        data.
    lang : {"zh", "en"}
    """
    kinds = list(dict.fromkeys(table["support"]))
    finding, subtitle = _finding(table, lang), label("concentration.subtitle", lang)
    totals = table.groupby("support")["total"].first()
    support = {kind: label(f"concentration.support.{kind}", lang) for kind in kinds}
    rows = [f"{support[kind]}  n = {totals[kind]:g}" for kind in kinds]
    with style.style():
        title = head_height(finding, subtitle)
        height = title + 0.45 * len(kinds) + 0.65
        figure = Figure(figsize=(style.FULL_WIDTH, height))
        style.head(figure, finding, subtitle)
        left = style.text_width(figure, rows, style.SMALL_SIZE) + 0.15
        grid = {
            "left": left / style.FULL_WIDTH, "right": 0.97, "bottom": 0.25 / height,
            "top": 1 - (title + 0.3) / height, "wspace": 0.2,
        }  # fmt: skip
        panels = figure.subplots(1, len(STATISTICS), sharey=True, gridspec_kw=grid)
        for axes, statistic in zip(panels, STATISTICS, strict=True):
            here = table[table["statistic"] == statistic].set_index("support").loc[kinds]
            at = range(len(kinds))
            axes.hlines(at, here["low"], here["high"], color=style.CONTEXT, linewidth=4)
            axes.plot(here["expected"], at, "|", color=style.MUTED, markersize=9)
            axes.plot(here["value"], at, "o", color=style.INK, markersize=4.5)
            for row, values in zip(at, here.itertuples(), strict=True):
                words = f"{values.value:.{_digits(statistic)}f}, p = {p_value(values.p)}"
                axes.annotate(
                    words, (values.value, row), (0, 6), textcoords="offset points",
                    ha="center", fontsize=style.SMALL_SIZE,
                )  # fmt: skip
            axes.set_title(
                label(f"concentration.statistic.{statistic}", lang), loc="left",
                fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip
            span = here[["value", "low", "high"]]
            low, high = span.min().min(), span.max().max()
            ends = low - 0.35 * (high - low), high + 0.35 * (high - low)
            axes.set_xticks(MaxNLocator(3, prune="both").tick_values(*ends))
            axes.set_xlim(*ends)
            axes.set_ylim(len(kinds) - 0.6, -0.6)
            axes.tick_params(length=0)
            axes.spines["left"].set_visible(False)
        panels[0].set_yticks(range(len(kinds)), rows)
    words = [
        joined(
            [support[row.support], label(f"concentration.statistic.{row.statistic}", lang)], lang
        )
        + f" {in_words(row, lang)}"
        for row in table.itertuples()
    ]
    listed = label("concentration.and", lang).join(words)
    alt = label("concentration.alt", lang, finding=finding, listed=listed)
    caption = label("concentration.caption", lang, draws=f"{DRAWS:,}")
    return Drawn("concentration", figure, table, alt, caption)


def channels(table: pd.DataFrame, regions: pd.DataFrame, counties: int, lang: str = "zh") -> Drawn:
    """Draw which areas clause 4 names and in which the national key counties of box 1 lie.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.concentration.channels`; it is the figure's data.
    regions : DataFrame
        ``plan.regions()``.
    counties : int
        How many counties box 1 lists.
    lang : {"zh", "en"}
    """
    areas = names(regions, lang)
    finding = channels_finding(table, lang)
    rows = [label(f"channels.row.{row}", lang) for row in ("provincial", "national", "possible")]
    heads = [areas[region] for region in table["region_id"]]
    with style.style():
        subtitle = label("channels.subtitle", lang, counties=counties)
        figure, axes = matrix(finding, subtitle, rows, heads, cell=0.26)
        for x, row in enumerate(table.itertuples()):
            if row.provincial:
                frame(axes, x, 0, facecolor=style.MUTED, linewidth=0)
            if row.national:
                frame(axes, x, 1, facecolor=style.INK, linewidth=0)
                number(axes, x, 1, str(row.national), style.PAPER)
            number(axes, x, 2, str(row.in_provinces), style.MUTED)
    chosen = [areas[row.region_id] for row in table.itertuples() if row.provincial]
    held = table[table["national"] > 0]
    listed = [f"{areas[row.region_id]} {row.national}" for row in held.itertuples()]
    alt = label(
        "channels.alt", lang, finding=finding, chosen=joined(chosen, lang),
        listed=joined(listed, lang),
    )  # fmt: skip
    partial = [
        f"{areas[row.region_id]} {row.documented} / {row.official_total}"
        for row in table.itertuples()
        if row.documented < WHOLE * row.official_total
    ]
    caption = label("channels.caption", lang, partial=joined(partial, lang))
    return Drawn("channels", figure, table, alt, caption)


def channels_finding(table: pd.DataFrame, lang: str) -> str:
    """Say whether the two channels divide the areas, and how."""
    kind = table["channel"].value_counts()
    values = {"areas": len(table), "chosen": int(table["provincial"].sum())}
    values["held"] = int((table["national"] > 0).sum())
    both, neither = int(kind.get("both", 0)), int(kind.get("neither", 0))
    if both or neither:
        return label("channels.finding_mixed", lang, both=both, neither=neither, **values)
    return label("channels.finding", lang, **values)


def in_words(row: object, lang: str) -> str:
    """Return one value with its null interval and p."""
    digits = _digits(row.statistic)
    values = {name: f"{getattr(row, name):.{digits}f}" for name in ("value", "low", "high")}
    return label("concentration.cell", lang, p=p_value(row.p), **values)


def p_value(p: float) -> str:
    """Return p with two significant digits where small: .94, .0006."""
    return f"{p:.2f}" if p >= 0.095 else f"{p:.2g}"


def _digits(statistic: str) -> int:
    return 3 if statistic == "hhi" else 2


def _finding(table: pd.DataFrame, lang: str) -> str:
    p = table[table["statistic"] == "gini"].set_index("support")["p"]
    words = {kind: label(f"concentration.support.{kind}", lang) for kind in p.index}
    sure = [words[kind] for kind in p.index if p[kind] < FOUND]
    rest = [words[kind] for kind in p.index if not p[kind] < FOUND]
    if not sure:
        return label("concentration.finding_none", lang)
    if not rest:
        return label("concentration.finding_all", lang)
    return label("concentration.finding", lang, sure=joined(sure, lang), rest=joined(rest, lang))
