"""Values over years as lines, one panel or several on one scale."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from laoqu.show.charts import AXIS, GRID, SERIES, ticks_of
from laoqu.show.figure import Figure, finish, number, take
from laoqu.show.style import MARGIN, SMALL, Look, Sheet, text_width
from laoqu.show.words import Words

#: Points: height of one panel alone and of one among several, between panels, of a head.
ALONE, AMONG, BETWEEN, HEAD = 150.0, 78.0, 16.0, 11.0
#: So few years are all written, and no other.
FEW = 4
#: Colours by name, where a frame gives them; lines in grey are not labelled.
QUIET = "context"


def lines(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw a line for each series, its name at its end.

    Parameters
    ----------
    frame : DataFrame
        One row per ``series`` and ``year``: ``value``; if given ``group`` (a panel each, on one
        scale) and ``tone`` (a colour's name; a series in ``context`` is drawn thin, without name).
    words : Words
    **given
        ``title``, ``subtitle``, ``caption``, ``alt``; which column stands for which.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"series": ["a", "a"], "year": [2020, 2021], "value": [1.0, 2.0]})
    >>> figure = lines(frame, lq.Show(lq.load(), "en").words, title="It grew")
    >>> sum(item.name == "series|a" for item in figure.sheet().items)
    1
    """
    data = take(frame, given, ["series", "year", "value"], tone="")
    names = list(dict.fromkeys(data["series"]))
    tones = {n: t for n, t in zip(data["series"], data["tone"], strict=True) if t}
    plain = [name for name in names if name not in tones]
    tones |= {name: SERIES[k % len(SERIES)] for k, name in enumerate(plain)}
    loud = [name for name in names if tones[name] != QUIET]
    groups = list(dict.fromkeys(data["group"]))
    # Lines may start off zero, bars may not: the scale is as narrow as the values.
    ticks = ticks_of(float(data["value"].min()), float(data["value"].max()))
    years = sorted(map(int, data["year"].unique()))
    first, last = years[0], years[-1]
    room = max(map(text_width, loud), default=0) + 8 if len(names) > 1 else 6

    def panel(sheet: Sheet, rows: pd.DataFrame, place: tuple[float, float, float, float]) -> None:
        left, top, wide, high = place
        x0, x1 = left + max(text_width(number(t)) for t in ticks) + 5, left + wide - room
        step, scale = (x1 - x0) / max(last - first, 1), high / (ticks[-1] - ticks[0])
        for tick in ticks:
            y = top + high - (tick - ticks[0]) * scale
            sheet.line((x0, y), (x1, y), look=GRID if tick != ticks[0] else AXIS)
            sheet.text(x0 - 4, y, number(tick), tone="muted", anchor="end")
        every = max(1, math.ceil(30 / step))
        for year in years if len(years) <= FEW else [*range(first, last, every), last]:
            if year in (first, last) or last - year >= every * 0.7:
                x = x0 + (year - first) * step
                sheet.text(x, top + high + 7, str(year), tone="muted", anchor="middle")
        ends = []
        for name in sorted(names, key=lambda n: tones[n] != QUIET):
            own = rows[rows["series"] == name].dropna(subset=["value"]).sort_values("year")
            if own.empty:
                continue
            x, y = x0 + (own["year"] - first) * step, top + high - (own["value"] - ticks[0]) * scale
            points = list(zip(x, y, strict=True))
            if len(points) > 1:
                look = Look(line=tones[name], width=1.4 if name in loud else 0.5)
                sheet.line(*points, look=look, name=f"series|{name}")
            else:
                sheet.mark(*points[0], 1.6, Look(tones[name]), name=f"series|{name}")
            if name in loud and len(names) > 1:
                ends.append((points[-1][1], name))
        # Names at the ends of lines are moved apart, and none below the panel.
        order = np.arange(len(ends)) * SMALL * 1.15
        y = np.maximum.accumulate(np.array([y for y, _ in sorted(ends)]) - order)
        y = np.minimum(y, top + high - order.max(initial=0)) + order
        for at, (_, name) in zip(y, sorted(ends), strict=True):
            sheet.text(x1 + 5, at, name, tone=tones[name])

    def draw(sheet: Sheet) -> None:
        across, high = (1, ALONE) if len(groups) == 1 else (2, AMONG)
        wide = (sheet.width - 2 * MARGIN - BETWEEN * (across - 1)) / across
        top, each = sheet.y, high + HEAD + BETWEEN + 8
        for k, group in enumerate(groups):
            left, y = MARGIN + k % across * (wide + BETWEEN), top + k // across * each
            sheet.text(left, y + SMALL / 2, group, tone="muted")
            y += HEAD if group else 0
            panel(sheet, data[data["group"] == group], (left, y + 4, wide, high))
        sheet.y = top + math.ceil(len(groups) / across) * each - 8

    final = data[(data["year"] == last) & data["series"].isin(loud)].dropna(subset=["value"])
    listed = [f"{c.group} {c.series} {last}: {number(c.value)}".strip() for c in final.itertuples()]
    return finish(draw, data, words, listed, given)
