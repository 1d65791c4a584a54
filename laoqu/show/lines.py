"""Values over years as lines, one panel or several on one scale."""

from __future__ import annotations

import math

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
    groups = list(dict.fromkeys(data["group"]))
    known = data["value"].dropna()
    # Lines may start off zero, bars may not: the scale is as narrow as the values.
    ticks = ticks_of(float(known.min()), float(known.max()))
    years = sorted(map(int, data["year"].unique()))
    first, last = years[0], years[-1]
    loud = [name for name in names if tones[name] != QUIET]
    room = max((text_width(name) for name in loud), default=0) + 8 if len(names) > 1 else 6

    def panel(sheet: Sheet, rows: pd.DataFrame, place: tuple[float, float, float, float]) -> None:
        left, top, wide, high = place
        x0 = left + max(text_width(number(t)) for t in ticks) + 5
        x1, scale = left + wide - room, high / max(ticks[-1] - ticks[0], 1e-9)
        step = (x1 - x0) / max(last - first, 1)
        for tick in ticks:
            y = top + high - (tick - ticks[0]) * scale
            sheet.line((x0, y), (x1, y), look=GRID if tick != ticks[0] else AXIS)
            sheet.text(x0 - 4, y, number(tick), tone="muted", anchor="end")
        every = max(1, math.ceil(30 / max(step, 1e-9)))
        shown = years if len(years) <= FEW else [*range(first, last, every), last]
        for year in shown:
            if year in (first, last) or last - year >= every * 0.7:
                x = x0 + (year - first) * step
                sheet.text(x, top + high + 7, str(year), tone="muted", anchor="middle")
        ends: list[tuple[float, str]] = []
        for name in sorted(names, key=lambda n: tones[n] != QUIET):
            own = rows[rows["series"] == name].dropna(subset=["value"]).sort_values("year")
            if own.empty:
                continue
            points = [
                (x0 + (row.year - first) * step, top + high - (row.value - ticks[0]) * scale)
                for row in own.itertuples()
            ]
            look = Look(line=tones[name], width=0.5 if tones[name] == QUIET else 1.4)
            if len(points) > 1:
                sheet.line(*points, look=look, name=f"series|{name}")
            else:
                sheet.mark(*points[0], 1.6, Look(tones[name]), name=f"series|{name}")
            if tones[name] != QUIET and len(names) > 1:
                ends.append((points[-1][1], name))
        for y, name in _apart(ends, top + high):
            sheet.text(x1 + 5, y, name, tone=tones[name])

    def draw(sheet: Sheet) -> None:
        across = 1 if len(groups) == 1 else 2
        high = ALONE if len(groups) == 1 else AMONG
        wide = (sheet.width - 2 * MARGIN - BETWEEN * (across - 1)) / across
        for number_, group in enumerate(groups):
            column = number_ % across
            if column == 0 and number_:
                sheet.y += high + HEAD + BETWEEN + 8
            left, top = MARGIN + column * (wide + BETWEEN), sheet.y
            if group:
                sheet.text(left, top + SMALL / 2, group, tone="muted")
                top += HEAD
            panel(sheet, data[data["group"] == group], (left, top + 4, wide, high))
        sheet.y += high + HEAD + BETWEEN

    final = data[data["year"] == last].dropna(subset=["value"])
    final = final[final["series"].isin(loud)]
    listed = [f"{(c.group + ' ') if c.group else ''}{c.series} {last}: {number(c.value)}"
              for c in final.itertuples()]  # fmt: skip
    return finish(draw, data, words, listed, given)


def _apart(ends: list[tuple[float, str]], bottom: float) -> list[tuple[float, str]]:
    """Move names at the ends of lines apart, and none below the panel."""
    step, placed = SMALL * 1.15, []
    for y, name in sorted(ends):
        placed.append((max(y, placed[-1][0] + step) if placed else y, name))
    for k in range(len(placed) - 1, -1, -1):
        floor = bottom - (len(placed) - 1 - k) * step
        placed[k] = (min(placed[k][0], floor), placed[k][1])
    return placed
