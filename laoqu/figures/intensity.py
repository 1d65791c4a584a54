"""How many measures name each area, how sure the order is, and what makes it waver."""

from __future__ import annotations

import math
import string

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from laoqu.analysis.resample import MINIMUM, enough
from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label, names

ROW, GRID = 0.235, "#ECE9E2"
#: Fills of a cell: robust (dark, which grey print keeps), and ahead in most of the draws.
SURE, LIKELY, LIKELY_FROM = style.MUTED, "#D9D4C7", 0.8


def exposures(table: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh") -> Drawn:
    """Draw the density of the twelve areas with intervals, their ranks as intervals, and context.

    Parameters
    ----------
    table : DataFrame
        From `laoqu.analysis.intensity.exposures`, without `by`.
    regions : DataFrame
        ``plan.regions()``: the names.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per area, sorted by named density; in printed order where the areas
        rest on too few measures to be ordered.
    """
    data = _exposure_data(table)
    ranked = bool(data["rankable"].all())
    if ranked:
        data = data.sort_values("named", ascending=False, kind="stable", ignore_index=True)
    named = names(regions, lang)
    with style.style():
        finding = _exposure_finding(data, lang)
        order = label("intensity.by_value" if ranked else "intensity.by_print", lang)
        figure = Figure(figsize=(style.FULL_WIDTH, ROW * len(data) + 1.55))
        below = style.head(figure, finding, label("intensity.subtitle", lang, order=order))
        rows = [
            label("intensity.row", lang, region=named[row.region_id], n=row.n, clauses=row.clauses)
            for row in data.itertuples()
        ]
        margin = style.text_width(figure, rows, style.SMALL_SIZE) + 0.14
        height = figure.get_figheight()
        grid = {
            "width_ratios": [1.5, 1, 1], "wspace": 0.12, "left": margin / style.FULL_WIDTH,
            "right": 0.98, "top": (below - 0.3) / height, "bottom": 0.3 / height,
        }  # fmt: skip
        left, middle, right = figure.subplots(1, 3, sharey=True, gridspec_kw=grid)
        _dots(left, data, "named", style.INK)
        _dots(right, data, "full", style.MUTED)
        _ranks(middle, data, lang)
        left.set_yticks(range(len(data)), rows)
        left.set_ylim(len(data) - 0.4, -0.6)
        for axes, key in ((left, "named"), (middle, "ranks"), (right, "full")):
            _quiet(axes)
            axes.set_title(
                label(f"intensity.panel.{key}", lang), loc="left", fontsize=style.SMALL_SIZE,
                color=style.MUTED,
            )  # fmt: skip
    values = [f"{named[row.region_id]} {row.named:.0f}" for row in data.itertuples()]
    alt = label("intensity.alt", lang, finding=finding, values=joined(values, lang))
    return Drawn("exposures", figure, data, alt, label("intensity.caption", lang))


def robustness(
    pairs: pd.DataFrame, table: pd.DataFrame, regions: pd.DataFrame, lang: str = "zh"
) -> Drawn:
    """Draw for each pair of areas how sure their order by named exposure is, in two ways.

    Above the diagonal the scale of strength is recoded, below it clauses are drawn anew.

    Parameters
    ----------
    pairs, table : DataFrame
        From `laoqu.analysis.intensity.robust_order` (rule named) and
        `laoqu.analysis.intensity.exposures`.
    regions : DataFrame
        ``plan.regions()``: the names.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per cell: ``basis``, ``first`` (the area with the larger exposure),
        ``second``, ``ahead`` (share of draws in which it stays ahead), ``tied``, ``rankable``,
        ``robust``.
    """
    data, order = _robust_data(pairs, table)
    named = names(regions, lang)
    sure = data[data["robust"]].groupby("basis").size().reindex(["scale", "text"], fill_value=0)
    total = len(order) * (len(order) - 1) // 2
    counts = {"scale": int(sure["scale"]), "text": int(sure["text"]), "pairs": total}
    with style.style():
        finding = label("robust.finding", lang, **counts)
        figure = Figure(figsize=(style.FULL_WIDTH, 4.9))
        below = style.head(figure, finding, label("robust.subtitle", lang))
        full = [named[region] for region in order]
        letters = string.ascii_uppercase[: len(order)]
        lettered = [f"{name}  {letter}" for name, letter in zip(full, letters, strict=True)]
        width, height = figure.get_figwidth(), figure.get_figheight()
        left = style.text_width(figure, lettered, style.SMALL_SIZE) + 0.14
        cell = (width * 0.985 - left) / len(order)
        # Names that are too long to stand above a column are replaced by letters.
        short = style.text_width(figure, full, style.SMALL_SIZE) < cell - 0.04
        rows, heads = (full, full) if short else (lettered, list(letters))
        bottom = 0.32 / height
        size = (0.985 - left / width, (below - 0.3) / height - bottom)
        axes = figure.add_axes((left / width, bottom, *size))
        at = {region: place for place, region in enumerate(order)}
        for cell in data.itertuples():
            x, y = at[cell.second], at[cell.first]
            _cell(axes, *((x, y) if cell.basis == "scale" else (y, x)), cell)
        for place in range(len(order)):
            axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=GRID))
        axes.set_xlim(-0.5, len(order) - 0.5)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_yticks(range(len(order)), rows)
        axes.set_xticks(range(len(order)), heads)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        words = {"fontsize": style.SMALL_SIZE, "color": style.MUTED, "va": "bottom"}
        figure.text(0.06 / style.FULL_WIDTH, 0.08 / height, label("robust.below", lang), **words)
        figure.text(0.985, 0.08 / height, label("robust.above", lang), ha="right", **words)
    alt = label("robust.alt", lang, finding=finding)
    return Drawn("robustness", figure, data, alt, label("robust.caption", lang))


def _exposure_data(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per area: named and full density with intervals, ranks of the named one."""
    density = table[table["quantity"] == "density"].set_index("rule")
    columns = ["region_id", "value", "low", "high"]
    full = density.loc["full", columns].set_index("region_id")
    full.columns = ["full", "full_low", "full_high"]
    more = ["n", "clauses", "rank_low", "rank_high", "rankable"]
    named = density.loc["named", [*columns, *more]]
    named = named.rename(columns={"value": "named", "low": "named_low", "high": "named_high"})
    return named.merge(full, left_on="region_id", right_index=True).reset_index(drop=True)


def _exposure_finding(data: pd.DataFrame, lang: str) -> str:
    low, high = int(data["named"].min()), int(data["named"].max())
    if not data["rankable"].all():
        few = int((~enough(data["n"], data["clauses"])).sum())
        return label("intensity.finding_few", lang, low=low, high=high, few=few, minimum=MINIMUM)
    certain = int((data["rank_low"] == data["rank_high"]).sum())
    if certain:
        return label("intensity.finding_certain", lang, low=low, high=high, certain=certain)
    return label("intensity.finding", lang, low=low, high=high)


def _dots(axes: Axes, data: pd.DataFrame, name: str, colour: str) -> None:
    rows = range(len(data))
    axes.hlines(
        rows, data[f"{name}_low"], data[f"{name}_high"], color=style.CONTEXT, linewidth=2.2,
        capstyle="round",
    )  # fmt: skip
    axes.plot(data[name], rows, "o", color=colour, markersize=4.2)
    highest = max(1, data[name].max(), data[f"{name}_high"].max())
    axes.set_xlim(-0.02 * highest, highest * 1.04)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= highest * 1.04])


def _ranks(axes: Axes, data: pd.DataFrame, lang: str) -> None:
    axes.set_xlim(0.5, len(data) + 0.5)
    axes.set_xticks([1, *range(3, len(data) + 1, 3)])
    if not data["rankable"].all():
        axes.text(
            0.5, 0.5, label("intensity.unranked", lang, minimum=MINIMUM), ha="center", va="center",
            transform=axes.transAxes, fontsize=style.SMALL_SIZE, color=style.MUTED,
        )  # fmt: skip
        return
    low, high = (data[name].astype("int64") for name in ("rank_low", "rank_high"))
    axes.hlines(range(len(data)), low, high, color=style.MUTED, linewidth=2.2)
    for ends in (low, high):
        axes.plot(ends, range(len(data)), "|", color=style.INK, markersize=5)


def _quiet(axes: Axes) -> None:
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _robust_data(pairs: pd.DataFrame, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the cells, turned so that the area with the larger exposure comes first."""
    here = (table["rule"] == "named") & (table["quantity"] == "exposure")
    value = table[here].set_index("region_id")["value"]
    order = value.sort_values(ascending=False, kind="stable").index.tolist()
    place = {region: at for at, region in enumerate(order)}
    part = pairs[pairs["quantity"] == "exposure"]
    swap = part["region_id"].map(place) > part["other_id"].map(place)
    columns = {
        "basis": part["basis"],
        "first": part["region_id"].where(~swap, part["other_id"]),
        "second": part["other_id"].where(~swap, part["region_id"]),
        "ahead": part["above"].where(~swap, part["below"]),
        "tied": part["tied"],
        "rankable": part["rankable"],
        "robust": part["robust"],
    }
    return pd.DataFrame(columns).reset_index(drop=True), order


def _cell(axes: Axes, x: int, y: int, cell: tuple) -> None:
    fill = (
        SURE
        if cell.robust
        else LIKELY
        if cell.rankable and cell.ahead >= LIKELY_FROM
        else style.PAPER
    )
    axes.add_patch(
        Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=fill, edgecolor=GRID, linewidth=0.8)
    )
    # 99.6 % is not always: only what holds in every draw is written as 100.
    text = "=" if cell.tied == 1 else str(math.floor(round(cell.ahead * 100, 6)))
    text = text if cell.rankable else "–"
    axes.text(
        x, y, text, ha="center", va="center_baseline", fontsize=style.SMALL_SIZE,
        color=style.PAPER if cell.robust else style.INK,
    )  # fmt: skip
