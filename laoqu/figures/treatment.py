"""What unknown units do to an estimate when they are left in as never treated."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from laoqu.analysis.simulation import DRAWS
from laoqu.figures import style
from laoqu.figures.matrix import head_height
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label


def hidden(table: pd.DataFrame, case: pd.DataFrame, total: int, lang: str = "zh") -> Drawn:
    """Draw estimates against the share of treated units among the controls.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.simulation.by_share`, for an effect of 1; it is the figure's data.
    case : DataFrame
        From `laoqu.analysis.simulation.compare` with the numbers of a list of the plan.
    total : int
        How many counties that list has.
    lang : {"zh", "en"}
    """
    left = table[table["rule"] == "left_in"]
    dropped = table[table["rule"] == "dropped"].assign(share=left["share"].to_numpy())
    half = left.iloc[(left["share"] - 0.5).abs().argmin()]
    real = case[case["rule"] == "left_in"].iloc[0]
    numbers = {"hidden": int(real["hidden"]), "rest": int(real["controls"])}
    finding = label("hidden.finding", lang, effect="1", half=f"{half['estimate']:.2f}")
    subtitle = label("hidden.subtitle", lang)
    with style.style():
        title = head_height(finding, subtitle)
        height = title + 2.5
        figure = Figure(figsize=(style.FULL_WIDTH, height))
        style.head(figure, finding, subtitle)
        axes = figure.add_axes((0.09, 0.4 / height, 0.88, 2.0 / height))
        ends = [0, left["share"].max()]
        axes.plot(ends, [1 - end for end in ends], "-", color=style.CONTEXT, linewidth=0.8)
        axes.vlines(left["share"], left["low"], left["high"], color=style.INK, linewidth=0.9)
        axes.plot(left["share"], left["estimate"], "o", color=style.INK, markersize=4.5)
        axes.plot(
            dropped["share"] + 0.012, dropped["estimate"], "s", markersize=4,
            markerfacecolor=style.PAPER, markeredgecolor=style.MUTED,
        )  # fmt: skip
        axes.axvline(real["share"], color=style.FOCUS, linewidth=0.9, linestyle=(0, (2, 1.4)))
        axes.annotate(
            label("hidden.list", lang, **numbers), (real["share"], 0.1), (4, 0),
            textcoords="offset points", fontsize=style.SMALL_SIZE, color=style.FOCUS,
        )  # fmt: skip
        end = ends[1]
        for key, at, colour in (
            ("dropped", (end, 1.08), style.MUTED), ("left_in", (end, 0.6), style.INK)
        ):  # fmt: skip
            axes.text(
                *at, label(f"hidden.{key}", lang), ha="right", va="bottom", color=colour,
                fontsize=style.SMALL_SIZE,
            )  # fmt: skip
        axes.set_ylim(0, max(1.3, table["high"].max()))
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1, 1.25])
        axes.set_xticks(left["share"], [f"{100 * share:.0f}%" for share in left["share"]])
        size = {"fontsize": style.SMALL_SIZE}
        axes.set_xlabel(label("hidden.axis_x", lang), **size)
        axes.set_ylabel(label("hidden.axis_y", lang, effect="1"), **size)
    words = [
        label(
            "hidden.point", lang, share=f"{100 * row.share:.0f}%", estimate=f"{row.estimate:.2f}",
            low=f"{row.low:.2f}", high=f"{row.high:.2f}",
        )
        for row in left.itertuples()
    ]  # fmt: skip
    alt = label("hidden.alt", lang, finding=finding, listed=joined(words, lang))
    caption = label(
        "hidden.caption", lang, draws=f"{DRAWS:,}", treated=f"{left['treated'].iloc[0]}",
        controls=f"{left['controls'].iloc[0]}", total=str(total), named=f"{real['treated']}",
        **numbers,
    )  # fmt: skip
    return Drawn("treatment_hidden", figure, table, alt, caption)
