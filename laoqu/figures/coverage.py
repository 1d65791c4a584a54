"""What reaches an area, clause by clause, beside the other eleven."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import label, official
from laoqu.regions import REACH, Region

CELL = 0.78
CLASS_NAME = {"class": "class_"}


def coverage(
    clause_counts: pd.DataFrame,
    region: Region,
    reach_labels: dict[str, str],
    lang: str = "zh",
    name: str = "coverage",
) -> Drawn:
    """Draw how each clause and box reaches one area, and how that compares.

    Parameters
    ----------
    clause_counts : DataFrame
        From `laoqu.analysis.exposure.by_clause` or `by_part`, all areas.
    region : Region
        The area in focus.
    reach_labels : dict
        The words for each value of `laoqu.regions.REACH` in `lang`.
    lang : {"zh", "en"}
    name : {"coverage", "reach"}
        By clause and box, or by part of the plan; the title says another thing.

    Returns
    -------
    Drawn
        ``data`` has one row per clause or box: the counts by reach, ``direct`` here, and
        ``others_min``, ``others_median``, ``others_max`` of the other eleven.
    """
    data = _data(clause_counts, region.region_id)
    with style.style():
        finding = (_finding if name == "coverage" else _finding_in_all)(data, region, lang)
        subtitle = label("coverage.subtitle", lang, directives=int(data["directives"].sum()))
        words = {reach: f"{reach_labels[reach]} {int(data[reach].sum())}" for reach in REACH}
        figure = Figure(figsize=(style.FULL_WIDTH, 0.205 * len(data) + 1.75))
        below = style.head(figure, finding, subtitle)
        below = _key(figure, words, below - 0.1)
        names = [label(f"clause.{clause}", lang) for clause in data["clause_id"]]
        margin = style.text_width(figure, names, style.SMALL_SIZE) + 0.1
        height = figure.get_figheight()
        grid = {
            "width_ratios": [3.1, 1], "wspace": 0.06, "left": margin / style.FULL_WIDTH,
            "right": 0.985, "top": (below - 0.3) / height, "bottom": 0.2 / height,
        }  # fmt: skip
        left, right = figure.subplots(1, 2, sharey=True, gridspec_kw=grid)
        _squares(left, data)
        _beside(right, data)
        left.set_yticks(range(len(data)), names)
        left.set_ylim(len(data) - 0.4, -0.6)
        for axes, key in ((left, "coverage.left"), (right, "coverage.right")):
            axes.set_title(
                label(key, lang), loc="left", fontsize=style.SMALL_SIZE, color=style.MUTED
            )
            axes.tick_params(length=0)
    totals = {CLASS_NAME.get(key, key): int(data[key].sum()) for key in REACH}
    alt = label(
        "coverage.alt", lang, finding=finding, directives=int(data["directives"].sum()), **totals
    )
    caption = label(
        "coverage.caption",
        lang,
        documented=region.documented,
        total=official(region.documented, region.official_total, lang),
    )
    return Drawn(name, figure, data, alt, caption)


def _data(clause_counts: pd.DataFrame, region_id: str) -> pd.DataFrame:
    here = clause_counts[clause_counts["region_id"] == region_id]
    others = clause_counts[clause_counts["region_id"] != region_id]
    stats = others.groupby("clause_id", sort=False)["direct"].agg(["min", "median", "max"])
    stats.columns = [f"others_{name}" for name in stats.columns]
    return here.merge(stats, left_on="clause_id", right_index=True).reset_index(drop=True)


def _squares(axes: Axes, data: pd.DataFrame) -> None:
    ends = data[list(REACH)].cumsum(axis=1)
    for reach in REACH:
        squares = [
            Rectangle((at, row - CELL / 2), CELL, CELL)
            for row, (end, count) in enumerate(zip(ends[reach], data[reach], strict=True))
            for at in range(int(end - count), int(end))
        ]
        # One by one they would take three times as long to draw.
        axes.add_collection(PatchCollection(squares, **_look(reach), gid=reach), autolim=False)
    axes.set_xlim(-0.15, data["directives"].max() + 0.3)
    axes.set_xticks([])
    axes.spines[["bottom", "left"]].set_visible(False)


def _look(reach: str) -> dict[str, object]:
    return {
        "facecolor": style.REACH_FILL[reach],
        "edgecolor": "#8C877D" if reach in style.REACH_LINE else "none",
        "linewidth": 0.6,
        "linestyle": style.REACH_LINE.get(reach, "-"),
        "hatch": style.HATCH if reach == "conditional" else None,
    }


def _beside(axes: Axes, data: pd.DataFrame) -> None:
    rows = range(len(data))
    axes.hlines(
        rows, data["others_min"], data["others_max"], color=style.CONTEXT, linewidth=2.2,
        capstyle="round",
    )  # fmt: skip
    axes.plot(
        data["others_median"], rows, "|", color=style.MUTED, markersize=6, markeredgewidth=1.1
    )
    axes.plot(data["direct"], rows, "o", color=style.FOCUS, markersize=4.2)
    highest = int(max(data["direct"].max(), data["others_max"].max()))
    axes.set_xlim(-0.35, highest + 0.5)
    axes.set_xticks(range(highest + 1))
    axes.xaxis.tick_bottom()
    axes.grid(axis="x", color="#ECE9E2", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _key(figure: Figure, words: dict[str, str], top: float) -> float:
    """Write the key in lines of squares and words below `top` (inches); return where it ends."""
    width, height, side, step = figure.get_figwidth(), figure.get_figheight(), 0.085, 0.19
    x = 0.06
    for reach, text in words.items():
        size = side + 0.05 + style.text_width(figure, [text], style.SMALL_SIZE)
        if x + size > width - 0.04:
            x, top = 0.06, top - step
        corner = x / width, (top - side) / height
        square = Rectangle(corner, side / width, side / height, **_look(reach))
        square.set_transform(figure.transFigure)
        figure.add_artist(square)
        figure.text(
            (x + side + 0.05) / width, (top - side / 2) / height, text,
            va="center_baseline", fontsize=style.SMALL_SIZE, color=style.MUTED,
        )  # fmt: skip
        x += size + 0.15
    return top - side


def _finding(data: pd.DataFrame, region: Region, lang: str) -> str:
    direct = data[data["direct"] > 0]
    if direct.empty:
        return label("coverage.finding_none", lang, region=region.named(lang))
    best = direct[direct["direct"] == direct["direct"].max()]
    values = {"region": region.named(lang), "n": len(direct), "k": int(best["direct"].iloc[0])}
    if len(best) > 1:
        return label("coverage.finding_tied", lang, **values)
    clause = label(f"clause.{best['clause_id'].iloc[0]}", lang)
    return label("coverage.finding", lang, clause=clause, **values)


def _finding_in_all(data: pd.DataFrame, region: Region, lang: str) -> str:
    sums = {key: int(data[key].sum()) for key in ("directives", "direct", "everyone")}
    return label("coverage.part_finding", lang, region=region.named(lang), **sums)
