"""A matrix of marks: names on the left, heads on top, as tall as its rows need."""

from __future__ import annotations

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from laoqu.figures import style

LINE = "#ECE9E2"


def head_height(finding: str, subtitle: str) -> float:
    """Return how many inches title and subtitle take at full width."""
    return 10 - style.head(Figure(figsize=(style.FULL_WIDTH, 10)), finding, subtitle)


def matrix(
    finding: str, subtitle: str, rows: list[str], heads: list[str], cell: float = 0.2
) -> tuple[Figure, Axes]:
    """Return a figure with one cell a unit: row i at y = i, column j at x = j.

    Heads stand upright where one of them is wider than its column. Draw inside `style.style`.
    """
    scratch = Figure(figsize=(style.FULL_WIDTH, 1))
    left = style.text_width(scratch, rows, style.SMALL_SIZE) + 0.14
    width = (style.FULL_WIDTH - left - 0.08) / len(heads)
    wide = _width(scratch, heads)
    if wide > 0.95 * width:
        # Break long heads between words; stand them upright only where that is not enough.
        broken = [fill(head, len(head) // 2 + 4, break_long_words=False) for head in heads]
        if _width(scratch, broken) <= 0.95 * width:
            heads, wide = broken, _width(scratch, broken)
    upright = wide > 0.95 * width
    lines = max(head.count("\n") for head in heads) + 1
    above = wide if upright else 0.13 * lines
    title = head_height(finding, subtitle)
    height = title + above + 0.16 + cell * len(rows) + 0.06
    figure = Figure(figsize=(style.FULL_WIDTH, height))
    style.head(figure, finding, subtitle)
    box = (left / style.FULL_WIDTH, 0.06 / height, 1 - (left + 0.08) / style.FULL_WIDTH)
    axes = figure.add_axes((*box, cell * len(rows) / height))
    axes.set_xlim(-0.5, len(heads) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(heads)), heads, rotation=90 if upright else 0)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=3)
    axes.hlines(
        [i - 0.5 for i in range(len(rows) + 1)], -0.5, len(heads) - 0.5, LINE, linewidth=0.6
    )
    axes.spines[:].set_visible(False)
    return figure, axes


def _width(figure: Figure, heads: list[str]) -> float:
    lines = [line for head in heads for line in head.split("\n")]
    return style.text_width(figure, lines, style.SMALL_SIZE)


def number(axes: Axes, x: float, y: float, text: str, colour: str = style.INK) -> None:
    """Write `text` into the middle of a cell."""
    axes.text(
        x, y, text, ha="center", va="center_baseline", fontsize=style.SMALL_SIZE, color=colour
    )


def frame(axes: Axes, x: float, y: float, **look: object) -> None:
    """Put a mark of a cell's size at (x, y); `look` goes to the rectangle."""
    axes.add_patch(Rectangle((x - 0.44, y - 0.44), 0.88, 0.88, **look))
