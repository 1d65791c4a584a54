"""How binding the plan is: plain proportions, specifics one by one, strength beside clarity."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from laoqu.analysis.binding import CLARITY, STRENGTHS
from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label, names

ROW, GRID = 0.235, "#ECE9E2"
#: A share below this is a near-zero of the genre and drawn hollow.
NEAR_ZERO = 0.05


def proportions(rates: pd.DataFrame, items: pd.DataFrame, lang: str = "zh") -> Drawn:
    """Draw the five proportions and the eight specifics with their intervals.

    Parameters
    ----------
    rates, items : DataFrame
        From `laoqu.analysis.binding.proportions`, one group each.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per mark: ``panel`` (rates, items) and the columns of the tables.
    """
    parts = {"rates": _sorted(rates), "items": _sorted(items)}
    data = pd.concat([part.assign(panel=name) for name, part in parts.items()], ignore_index=True)
    named = {row.item: row for row in parts["rates"].itertuples()}
    with style.style():
        values = {name: round(named[name].k) for name in ("no_actor", "grey", "conditional")}
        finding = label("binding.finding", lang, n=int(data["n"].max()), **values)
        figure = Figure(figsize=(style.FULL_WIDTH, ROW * len(data) + 2.2))
        below = style.head(figure, finding, label("binding.subtitle", lang))
        words = {item: label(f"binding.item.{item}", lang) for item in data["item"]}
        counts = [_count(row, lang) for row in data.itertuples()]
        left = style.text_width(figure, list(words.values()), style.SMALL_SIZE) + 0.14
        right = style.text_width(figure, counts, style.SMALL_SIZE) + 0.16
        height = figure.get_figheight()
        grid = {
            "height_ratios": [len(part) for part in parts.values()], "hspace": 0.16,
            "left": left / style.FULL_WIDTH, "right": 1 - right / style.FULL_WIDTH,
            "top": (below - 0.3) / height, "bottom": 0.3 / height,
        }  # fmt: skip
        axes = figure.subplots(2, 1, sharex=True, gridspec_kw=grid)
        for panel, (name, part) in zip(axes, parts.items(), strict=True):
            _shares(panel, part, [words[item] for item in part["item"]], lang)
            panel.set_title(
                label(f"binding.panel.{name}", lang), loc="left", fontsize=style.SMALL_SIZE,
                color=style.MUTED,
            )  # fmt: skip
    listed = ", ".join(f"{words[row.item]} {_count(row, lang)}" for row in data.itertuples())
    alt = label("binding.alt", lang, finding=finding, values=listed)
    return Drawn("proportions", figure, data, alt, label("binding.caption", lang))


def strength(
    cross: pd.DataFrame,
    areas: pd.DataFrame,
    codebook: pd.DataFrame,
    regions: pd.DataFrame,
    lang: str = "zh",
) -> Drawn:
    """Draw strength by clarity for the plan, and the distribution of strength in each area.

    Parameters
    ----------
    cross : DataFrame
        From `laoqu.analysis.binding.strength_by_clarity`, one group.
    areas : DataFrame
        From `laoqu.analysis.binding.strengths`, weights of a rule without fractions.
    codebook, regions : DataFrame
        ``plan.codebook()`` and ``plan.regions()``: the words.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per group (the plan, then the areas), strength and clarity:
        ``group``, ``strength``, ``clarity`` (empty for areas), ``n``.
    """
    counts = cross.pivot(index="strength", columns="clarity", values="n").astype(int)
    shown = [f"s{each}" for each in STRENGTHS]
    long = areas[["group", *shown]].melt("group", shown, value_name="n")
    long = long.assign(strength=long["variable"].str[1:].astype(int), clarity="")
    data = pd.concat([cross, long[["group", "strength", "clarity", "n"]]], ignore_index=True)
    words = codebook.set_index(["variable", "code"])[f"label_{lang}"]
    named = names(regions, lang)
    with style.style():
        finding = _strength_finding(counts, lang)
        rows = [f"{each} {words['strength', str(each)]}" for each in STRENGTHS]
        places = [f"{named[row.group]} n = {row.n}" for row in areas.itertuples()]
        figure = Figure(figsize=(style.FULL_WIDTH, ROW * (len(areas) + len(rows)) + 2.2))
        below = style.head(figure, finding, label("strength.subtitle", lang))
        left = style.text_width(figure, [*rows, *places], style.SMALL_SIZE) + 0.14
        height = figure.get_figheight()
        grid = {
            "height_ratios": [len(rows), len(areas)], "hspace": 0.24, "right": 0.985,
            "left": left / style.FULL_WIDTH, "top": (below - 0.3) / height,
            "bottom": 0.1 / height,
        }  # fmt: skip
        plan, each = figure.subplots(2, 1, gridspec_kw=grid)
        _bars(plan, counts, rows, lang)
        _matrix(each, areas, places)
        for axes, key in ((plan, "plan"), (each, "areas")):
            axes.set_title(
                label(f"strength.panel.{key}", lang), loc="left", fontsize=style.SMALL_SIZE,
                color=style.MUTED, pad=16 if key == "areas" else 6,
            )  # fmt: skip
    sums = counts.sum(axis=1).astype(str)
    listed = joined([f"{row} {n}" for row, n in zip(rows, sums, strict=True)], lang)
    alt = label("strength.alt", lang, finding=finding, values=listed)
    return Drawn("strength", figure, data, alt, label("strength.caption", lang))


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by share, ties as they came; a mean stands below what it is of."""
    key = table["share"].where(table["item"] != "mean", -1.0)
    return table.iloc[(-key).argsort(kind="stable")].reset_index(drop=True)


def _count(row: tuple, lang: str) -> str:
    if row.item == "mean":
        return _percent(row.share)
    return label("binding.count", lang, k=round(row.k), n=row.n, share=_percent(row.share))


def _percent(share: float) -> str:
    """Return a share at two significant digits at most; a small one is not rounded to nothing."""
    if pd.isna(share):
        return "–"
    return f"{share:.1%}" if 0 < share < 0.095 else f"{share:.0%}"


def _shares(axes: Axes, part: pd.DataFrame, names: list[str], lang: str) -> None:
    rows = range(len(part))
    axes.hlines(
        rows, part["low"], part["high"], color=style.CONTEXT, linewidth=2.6, capstyle="round"
    )
    for ends in ("wilson_low", "wilson_high"):
        axes.plot(part[ends], rows, "|", color=style.MUTED, markersize=6)
    for row in part.itertuples():
        hollow = row.share < NEAR_ZERO
        axes.plot(
            row.share, row.Index, "D" if row.item == "mean" else "o", markersize=4.4,
            color=style.INK, markerfacecolor=style.PAPER if hollow else style.INK,
        )  # fmt: skip
        axes.text(
            1.02, row.Index, _count(row, lang), transform=axes.get_yaxis_transform(),
            va="center_baseline", fontsize=style.SMALL_SIZE, color=style.MUTED,
        )  # fmt: skip
    axes.set_yticks(rows, names)
    axes.set_ylim(len(part) - 0.4, -0.6)
    axes.set_xlim(-0.012, 1)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _strength_finding(counts: pd.DataFrame, lang: str) -> str:
    values = {f"s{each}": int(counts.loc[each].sum()) for each in STRENGTHS}
    grey, red = int(counts["grey"].sum()), int(counts["red"].sum())
    firm, soft = values["s4"] + values["s5"], values["s1"] + values["s2"]
    key = "strength.finding" if red else "strength.finding_no_red"
    numbers = {"n": int(counts.to_numpy().sum()), "plain": values["s3"], "firm": firm}
    return label(key, lang, soft=soft, grey=grey, red=red, **numbers)


def _bars(axes: Axes, counts: pd.DataFrame, names: list[str], lang: str) -> None:
    fills = {
        "black": {"color": style.MUTED},
        "grey": {"facecolor": style.PAPER, "edgecolor": style.MUTED, "hatch": style.HATCH},
        "red": {"color": style.INK},
    }
    rows, start = range(len(counts)), pd.Series(0, counts.index)
    for code in CLARITY:
        axes.barh(rows, counts[code], left=start, height=0.66, linewidth=0.6, **fills[code])
        start = start + counts[code]
    widest = max(start.max(), 1)
    for row, (strength_, total) in enumerate(start.items()):
        grey = int(counts.at[strength_, "grey"])
        said = label("strength.count", lang, n=total, grey=grey) if grey else str(total)
        axes.text(
            total + widest * 0.012, row, said, va="center_baseline",
            fontsize=style.SMALL_SIZE, color=style.MUTED,
        )  # fmt: skip
    axes.set_yticks(rows, names)
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xlim(0, widest * 1.32)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines["bottom"].set_visible(False)


def _matrix(axes: Axes, areas: pd.DataFrame, names: list[str]) -> None:
    """Write counts in cells, shaded by their share of the area; the median cells have a frame."""
    for row, area in enumerate(areas.itertuples()):
        for column, each in enumerate(STRENGTHS):
            n = int(getattr(area, f"s{each}"))
            depth = n / area.n if area.n else 0
            axes.add_patch(
                Rectangle(
                    (column - 0.48, row - 0.42),
                    0.96,
                    0.84,
                    color=style.CONTEXT,
                    alpha=depth,
                    linewidth=0,
                )
            )
            axes.text(
                column, row, str(n), ha="center", va="center_baseline", fontsize=style.SMALL_SIZE,
                color=style.INK if n else style.CONTEXT,
            )  # fmt: skip
        if area.n:
            width = area.median_high - area.median_low
            axes.add_patch(
                Rectangle(
                    (area.median_low - 1 - 0.48, row - 0.42), 0.96 + width, 0.84, fill=False,
                    edgecolor=style.INK, linewidth=0.8,
                )
            )  # fmt: skip
    axes.set_xlim(-0.5, len(STRENGTHS) - 0.5)
    axes.set_ylim(len(areas) - 0.45, -0.55)
    axes.set_yticks(range(len(areas)), names)
    axes.set_xticks(range(len(STRENGTHS)), [str(each) for each in STRENGTHS])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
