"""A figure in inches: marks, and names that keep clear of marks, lines and each other."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib import patheffects
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from laoqu.figures import style

#: Left, bottom, right, top in inches.
Box = tuple[float, float, float, float]
LINE = style.SMALL_SIZE * 1.3 / 72
#: Characters in a line of a label, the first that is free is taken.
WRAP = {"zh": (7, 5, 4), "en": (18, 14, 24)}
#: A name so far from its mark (inches) is led to it by a line.
FAR = 0.3
#: Inches between a mark and its name, and what each costs: the nearer the better.
GAPS = ((0.04, 0), (0.12, 6), (FAR, 12))
#: How often every name may move again; inches kept free around it, and beside lines; free enough.
SWEEPS, PAD, THIN, CLEAR = 4, 0.03, 0.012, 7
HALO = [patheffects.withStroke(linewidth=1.5, foreground=style.PAPER)]


class Sheet:
    """One figure to draw on, in inches from its lower left corner.

    `corner` is where names may begin: axes keep their numbers to the left and below of it.
    """

    def __init__(
        self, figure: Figure, lang: str, corner: tuple[float, float] = (0.05, 0.05)
    ) -> None:
        self.figure, self.lang, self.corner = figure, lang, corner
        self.size = figure.get_size_inches()
        self.axes = figure.add_axes([0, 0, 1, 1])
        self.axes.set(xlim=(0, self.size[0]), ylim=(0, self.size[1]))
        self.axes.axis("off")
        self.boxes: list[Box] = []
        self.names: list[list[tuple[Box, list[str], int, np.ndarray]]] = []
        self.dots: list[np.ndarray] = []

    def line(self, a: np.ndarray, b: np.ndarray, **look: object) -> None:
        """Draw a line that names keep clear of."""
        self.axes.plot(*np.stack([a, b]).T, zorder=1, **look)
        steps = np.linspace(0, 1, 60)[:, None]
        self.dots += list(a + (b - a) * steps)

    def disc(self, at: np.ndarray, radius: float, text: str, hollow: bool = False) -> None:
        """Draw a circle with a short text inside."""
        fill, ink = (style.PAPER, style.MUTED) if hollow else (style.MUTED, style.PAPER)
        look = {"facecolor": fill, "edgecolor": style.MUTED, "linewidth": 1.0, "zorder": 3}
        self.axes.add_patch(Circle(at, radius, **look))
        words = {"ha": "center", "va": "center_baseline", "fontsize": style.SMALL_SIZE}
        self.axes.text(*at, text, color=ink, zorder=4, **words)
        self.boxes.append((*(at - radius), *(at + radius)))

    def word(self, at: np.ndarray, text: str, ha: str) -> None:
        """Write a text at a fixed place, its left or right end there."""
        wide = style.text_width(self.figure, [text], style.SMALL_SIZE)
        left = at[0] - wide if ha == "right" else at[0]
        self.boxes.append((left, at[1] - LINE / 2, left + wide, at[1] + LINE / 2))
        look = {"va": "center", "fontsize": style.SMALL_SIZE, "color": style.MUTED}
        self.axes.text(*at, text, ha=ha, **look)

    def name(self, at: np.ndarray, radius: float, text: str) -> None:
        """Take up a name to be written beside a mark, with the places where it may stand."""
        choices = []
        for room in WRAP[self.lang]:
            lines = _lines(text, room)
            wide = style.text_width(self.figure, lines, style.SMALL_SIZE)
            high = len(lines) * LINE
            for gap, cost in GAPS:
                for x, y in _corners(at, radius + gap, wide, high):
                    choices.append(((x, y, x + wide, y + high), lines, cost, at))
        self.names.append(choices)

    def write_names(self) -> None:
        """Choose where every name covers least, those with the fewest free places first; write."""
        dots = np.array(self.dots).reshape(-1, 2)
        costs = [
            [self._covers(box, dots) + cost for box, _, cost, _ in choices]
            for choices in self.names
        ]
        order = sorted(range(len(costs)), key=lambda i: sum(cost < CLEAR for cost in costs[i]))
        chosen: dict[int, int] = {}
        for i in order * SWEEPS:
            others = [self.names[j][k][0] for j, k in chosen.items() if j != i]
            total = [
                cost + 100 * sum(_meet(box, other) for other in others)
                for cost, (box, *_) in zip(costs[i], self.names[i], strict=True)
            ]
            chosen[i] = total.index(min(total))
        look = {"ha": "left", "va": "top", "fontsize": style.SMALL_SIZE, "zorder": 5}
        for i, k in chosen.items():
            box, lines, cost, at = self.names[i][k]
            if cost == GAPS[-1][1]:
                to = np.clip(at, box[:2], box[2:])
                self.axes.plot(*np.stack([at, to]).T, color=style.CONTEXT, linewidth=0.6, zorder=0)
            words = "\n".join(lines)
            self.axes.text(box[0], box[3], words, linespacing=1.2, path_effects=HALO, **look)

    def _covers(self, box: Box, dots: np.ndarray) -> float:
        low, high = np.array(box[:2]), np.array(box[2:])
        outside = (low < self.corner).any() or (high > self.size - 0.05).any()
        on = ((dots > low - THIN) & (dots < high + THIN)).all(axis=1).sum()
        return 1000 * outside + 100 * sum(_meet(box, other) for other in self.boxes) + on


def _meet(a: Box, b: Box) -> bool:
    across, up = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return across > -PAD and up > -PAD


def _corners(at: np.ndarray, gap: float, wide: float, high: float) -> list[tuple[float, float]]:
    """Return where the lower left corner of a name may lie, the best first."""
    near, x, y = gap * 0.7, *at
    return [
        (x + gap, y - high / 2), (x - gap - wide, y - high / 2),
        (x + near, y + near), (x + near, y - near - high),
        (x - near - wide, y + near), (x - near - wide, y - near - high),
        (x - wide / 2, y + gap), (x - wide / 2, y - gap - high),
    ]  # fmt: skip


def _lines(text: str, room: int) -> list[str]:
    """Break a name between words, or between Chinese characters; the count stays with its end."""
    word, _, count = text.rpartition(" ")
    if " " in word or word.isascii():
        lines = textwrap.wrap(word, room, break_long_words=False, break_on_hyphens=False)
    else:
        lines = textwrap.wrap(word, room)
    return [*lines[:-1], f"{lines[-1]} {count}"]
