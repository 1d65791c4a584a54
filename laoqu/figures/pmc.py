"""The PMC-index drawn: which sub-variables the text has, its surface, and the areas (ours)."""

from __future__ import annotations

import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from mpl_toolkits.mplot3d import proj3d

from laoqu.analysis import pmc
from laoqu.figures import style
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label

#: Inches: a row, the gap above a main variable, where marks stand, where bars of X begin and end.
ROW, GAP, SIDE, BAR = 0.165, 0.085, 0.2, (1.85, 2.55)
HALO = patheffects.withStroke(linewidth=1.5, foreground=style.PAPER)
MARKS = {1.0: "full", 0.5: "left", 0.0: "none"}


def panel(table: pd.DataFrame, scores: pd.DataFrame, lang: str = "zh") -> Drawn:
    """Draw every sub-variable with its mark under its main variable, and X beside the name.

    Parameters
    ----------
    table, scores : DataFrame
        ``pmc_table`` and ``pmc_scores``.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per sub-variable: ``sub_variable``, ``variable``, ``label``,
        ``score``, ``grade`` (adjudicated), ``x`` of its variable, ``differs`` (the passes do).
    """
    data = _data(table, scores, lang)
    x = data.groupby("variable", sort=False)["x"].first()
    total = pmc.index(x.to_frame().T).iloc[0]
    values = {
        "present": int(data["score"].sum()), "of": len(data), "m": int(total["m"]),
        "pmc": f"{total['pmc']:.2f}", "pmc_m": f"{total['pmc_m']:.2f}",
    }  # fmt: skip
    names = table.drop_duplicates("variable").set_index("variable")[f"variable_{lang}"]
    left, right = _columns(data)
    with style.style():
        deep = max(map(_depth, (left, right)))
        figure = Figure(figsize=(style.FULL_WIDTH, deep + 1.05))
        below = style.head(
            figure, label("pmc.finding", lang, **values), label("pmc.subtitle", lang)
        )
        below = _key(figure, below - 0.12, lang) - 0.12
        height = figure.get_figheight()
        for side, lines in enumerate((left, right)):
            width = style.FULL_WIDTH / 2
            box = (side / 2, (below - deep) / height, 0.5, deep / height)
            axes = figure.add_axes(box, xlim=(0, width), ylim=(deep, 0))
            axes.axis("off")
            _list(axes, lines, data, x, names)
    absent = data.loc[data["score"] == 0, "label"].tolist()
    alt = label(
        "pmc.alt", lang, finding=label("pmc.finding", lang, **values), absent=joined(absent, lang)
    )
    return Drawn("pmc_panel", figure, data, alt, label("pmc.caption", lang))


def surface(table: pd.DataFrame, scores: pd.DataFrame, lang: str = "zh") -> Drawn:
    """Draw X1 to X9 as the surface of the literature, with the nine values printed beside it.

    Returns
    -------
    Drawn
        ``data`` has one row per main variable: ``variable``, ``row``, ``column``, ``x``.
    """
    x = pmc.variables(pmc.wide(scores)).loc["adjudicated"]
    matrix = pmc.surface(x)
    names = table.drop_duplicates("variable").set_index("variable")[f"variable_{lang}"]
    data = matrix.stack().rename_axis(["row", "column"]).rename("x").reset_index()
    data.insert(0, "variable", [f"X{i}" for i in range(1, 10)])
    lowest = data[data["x"] == data["x"].min()]
    low = [f"{name} {names[name]}" for name in lowest["variable"]]
    values = {"low": joined(low, lang), "x": f"{data['x'].min():.2f}"}
    finding = label("pmc.surface.finding", lang, **values)
    with style.style():
        figure = Figure(figsize=(style.FULL_WIDTH, 3.3))
        below = style.head(figure, finding, label("pmc.surface.subtitle", lang))
        bottom = below / figure.get_figheight()
        axes = figure.add_axes((0.0, 0.02, 0.52, bottom - 0.02), projection="3d")
        grid = range(3)
        axes.plot_surface(
            *_mesh(), matrix.to_numpy(), color=style.CONTEXT, edgecolor=style.INK, alpha=0.55,
            linewidth=0.6, shade=False,
        )  # fmt: skip
        axes.scatter(data["column"], data["row"], data["x"], color=style.INK, s=12, alpha=1)
        axes.set(zlim=(0, 1), xticks=grid, yticks=grid, zticks=(0, 0.5, 1))
        axes.set(xticklabels=[], yticklabels=[])
        axes.view_init(28, -58)
        for row in data.itertuples():
            at = proj3d.proj_transform(row.column, row.row, row.x, axes.get_proj())
            axes.annotate(
                row.variable, at[:2], (0, 5), textcoords="offset points", ha="center",
                fontsize=style.SMALL_SIZE, path_effects=[HALO],
            )  # fmt: skip
        side = figure.add_axes((0.54, 0.08, 0.44, bottom - 0.16), xlim=(0, 3), ylim=(3, 0))
        side.axis("off")
        for row in data.itertuples():
            at = (row.column + 0.5, row.row + 0.35)
            side.text(*at, f"{row.x:.2f}", ha="center", va="center", fontsize=style.BASE_SIZE)
            side.text(
                at[0], at[1] + 0.32, f"{row.variable} {names[row.variable]}", ha="center",
                va="center", fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip
    cells = [f"{row.variable} {row.x:.2f}" for row in data.itertuples()]
    alt = label("pmc.surface.alt", lang, finding=finding, cells=joined(cells, lang))
    return Drawn("pmc_surface", figure, data, alt, label("pmc.surface.caption", lang))


def areas(
    x: pd.DataFrame,
    drawn: pd.DataFrame,
    names: dict[str, str],
    table: pd.DataFrame,
    lang: str = "zh",
) -> Drawn:
    """Draw X and PMC/m of each area beside what as many measures drawn at random would have.

    Parameters
    ----------
    x, drawn : DataFrame
        From `laoqu.analysis.pmc.variables` and `laoqu.analysis.pmc.chance` over the areas, in
        printed order.
    names : dict
        Area → its name in `lang`.
    table : DataFrame
        ``pmc_table``.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per area: ``region_id``, the main variables, ``n``, ``pmc_m``,
        ``low``, ``high``.
    """
    data = x.join(drawn).rename_axis("region_id").reset_index()
    counts = pmc.beside_chance(drawn)
    finding = label("pmc.areas.finding", lang, areas=len(data), **counts)
    titles = table.drop_duplicates("variable").set_index("variable")[f"variable_{lang}"]
    with style.style():
        figure = Figure(figsize=(style.FULL_WIDTH, 0.2 * len(data) + 1.6))
        subtitle = label("pmc.areas.subtitle", lang, m=x.shape[1])
        below = style.head(figure, finding, subtitle)
        rows = [f"{names[row.region_id]}  n = {row.n}" for row in data.itertuples()]
        margin = style.text_width(figure, rows, style.SMALL_SIZE) + 0.12
        height = figure.get_figheight()
        grid = {
            "width_ratios": [1.45, 1], "wspace": 0.05, "left": margin / style.FULL_WIDTH,
            "right": 0.985, "top": (below - 0.5) / height, "bottom": 0.22 / height,
        }  # fmt: skip
        cells, dots = figure.subplots(1, 2, sharey=True, gridspec_kw=grid)
        _cells(cells, x)
        cells.set_xticks([])
        # On two levels: neighbouring names are wider than their columns.
        for column, name in enumerate(x.columns):
            cells.text(
                column, -0.85 - 0.7 * (column % 2), f"{name} {titles[name]}", ha="center",
                va="center", fontsize=style.SMALL_SIZE, color=style.MUTED,
            )  # fmt: skip
        cells.set_yticks(range(len(data)), rows)
        cells.set_ylim(len(data) - 0.4, -0.6)
        at = range(len(data))
        dots.hlines(at, data["low"], data["high"], color=style.CONTEXT, linewidth=5)
        dots.plot(data["pmc_m"], at, "o", color=style.INK, markersize=4)
        dots.set(xlim=(0, 1), xticks=(0, 0.5, 1))
        dots.set_title("PMC/m", loc="left", fontsize=style.SMALL_SIZE, color=style.MUTED)
        for axes in (cells, dots):
            axes.tick_params(length=0)
            axes.spines["left"].set_visible(False)
        dots.grid(axis="x", color="#ECE9E2", linewidth=0.6)
        dots.set_axisbelow(True)
    alt = label("pmc.areas.alt", lang, finding=finding)
    return Drawn("pmc_areas", figure, data, alt, label("pmc.areas.caption", lang))


def _data(table: pd.DataFrame, scores: pd.DataFrame, lang: str) -> pd.DataFrame:
    score, graded = pmc.wide(scores), pmc.wide(scores, "grade")
    x = pmc.variables(score).loc["adjudicated"]
    one, two = (graded.loc[coder] for coder in pmc.CODERS)
    data = table[["sub_variable", "variable"]].assign(label=table[f"label_{lang}"])
    sub = data["sub_variable"]
    return data.assign(
        score=sub.map(score.loc["adjudicated"]),
        grade=sub.map(graded.loc["adjudicated"]),
        x=data["variable"].map(x),
        differs=sub.map(one != two),
    )


def _columns(data: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Put main variables and their sub-variables into two columns of nearly equal length."""
    blocks = [[name, *part["sub_variable"]] for name, part in data.groupby("variable", sort=False)]
    total = sum(len(block) for block in blocks)
    left: list[str] = []
    while len(left) + len(blocks[0]) / 2 < total / 2:
        left += blocks.pop(0)
    return left, [line for block in blocks for line in block]


def _depth(lines: list[str]) -> float:
    return len(lines) * ROW + sum("." not in line for line in lines) * GAP


def _list(axes: Axes, lines: list[str], data: pd.DataFrame, x: pd.Series, names: pd.Series) -> None:
    rows, at = data.set_index("sub_variable"), -ROW / 2
    for line in lines:
        at += ROW
        if line in x.index:
            at += GAP
            axes.text(0.06, at, f"{line} {names[line]}", va="center", fontsize=style.BASE_SIZE)
            end = BAR[0] + x[line] * (BAR[1] - BAR[0])
            axes.hlines(at, *BAR, color=style.CONTEXT, linewidth=0.8)
            axes.hlines(at, BAR[0], end, color=style.INK, linewidth=3)
            axes.text(BAR[1] + 0.1, at, f"{x[line]:.2f}", va="center", fontsize=style.BASE_SIZE)
            continue
        row = rows.loc[line]
        _mark(axes, SIDE, at, row["grade"], row["differs"])
        colour = style.INK if row["score"] else style.MUTED
        axes.text(
            SIDE + 0.14, at, row["label"], va="center", fontsize=style.SMALL_SIZE, color=colour
        )


def _mark(axes: Axes, x: float, y: float, grade: float, differs: bool) -> None:
    axes.plot(
        x, y, "o", markersize=5, fillstyle=MARKS[grade], color=style.INK,
        markerfacecoloralt=style.PAPER, markeredgewidth=0.7,
    )  # fmt: skip
    if differs:
        axes.add_patch(
            Rectangle(
                (x - 0.07, y - 0.07), 0.14, 0.14, fill=False, linewidth=0.7,
                edgecolor=style.MUTED, linestyle=(0, (2, 1.4)),
            )
        )  # fmt: skip


def _key(figure: Figure, top: float, lang: str) -> float:
    """Write the key in one line whose middle lies at `top` (inches); return where it ends."""
    height = figure.get_figheight()
    axes = figure.add_axes(
        (0, (top - ROW / 2) / height, 1, ROW / height), xlim=(0, style.FULL_WIDTH), ylim=(ROW, 0)
    )
    axes.axis("off")
    at = 0.12
    for key, grade, differs in (
        ("full", 1.0, False), ("half", 0.5, False), ("absent", 0.0, False), ("differs", 1.0, True),
    ):  # fmt: skip
        text = label(f"pmc.key.{key}", lang)
        _mark(axes, at, ROW / 2, grade, differs)
        axes.text(
            at + 0.1, ROW / 2, text, va="center", fontsize=style.SMALL_SIZE, color=style.MUTED
        )
        at += style.text_width(figure, [text], style.SMALL_SIZE) + 0.32
    return top - ROW / 2


def _mesh() -> tuple[list[list[int]], list[list[int]]]:
    return [[0, 1, 2]] * 3, [[row] * 3 for row in range(3)]


def _cells(axes: Axes, x: pd.DataFrame) -> None:
    axes.imshow(x.to_numpy(), cmap="Greys", vmin=0, vmax=2.6, aspect="auto")
    for row, values in enumerate(x.to_numpy()):
        for column, value in enumerate(values):
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", fontsize=style.SMALL_SIZE
            )
    axes.spines["bottom"].set_visible(False)
