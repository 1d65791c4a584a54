"""The charts: a frame in, a `Figure` out. Nothing is found out here; the title is the caller's.

Each chart names the columns it needs. ``given`` are the title, subtitle, caption and alt of the
figure, and which column stands for which where it has another name: ``value="n"``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, finish, number, take
from laoqu.show.style import INSTRUMENTS, LINE, MARGIN, SMALL, Look, Sheet, text_width, wrap
from laoqu.show.words import Words

#: Colours of series in their order; more than these are not told apart.
SERIES = ("focus", "ink", "context", "supply")
GRID, AXIS = Look(line="rule", width=0.5), Look(line="context", width=0.7)
#: Points: a line of text, a row, a row of a strip or a heat map, the widest names of rows on a
#: wide and a narrow sheet, between columns, and between equal dots of a strip.
HIGH, ROW, STRIP, CELL, NAMES, GAP, NEXT = SMALL * LINE, 13.0, 21.0, 15.0, (150.0, 92.0), 8.0, 5.8
#: Points: height of one panel of lines alone and of one among several, between panels, of a head.
ALONE, AMONG, BETWEEN, HEAD = 150.0, 78.0, 16.0, 11.0


def strip(frame: pd.DataFrame, words: Words, focus: str, **given: str) -> Figure:
    """Draw each measure as a strip: one dot an area, the area `focus` in red with its value.

    Parameters
    ----------
    frame : DataFrame
        One row per ``label`` and ``region_id``: ``value``, and ``complete`` if given (are its
        counties documented? else its dot is hollow). Each strip has its own scale from zero.

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> frame = plan.regions().assign(label="counties")
    >>> strip(frame, lq.Show(plan, "en").words, "yimeng", value="documented", title="18 of 18")
    18 of 18. Values: counties 18.
    """
    data = take(frame, given, ["label", "region_id", "value"], complete=True)
    mine = data[data["region_id"] == focus]
    if mine.empty:
        raise ParameterError(f"the frame has no row of the area {focus!r}")

    def look(area: str, complete: bool) -> Look:
        tone = "focus" if area == focus else "context"
        return Look(tone, "paper", 0.6) if complete else Look("paper", tone, 1.2)

    def draw(sheet: Sheet) -> None:
        others = words("figure.key.others", n=data["region_id"].nunique() - 1)
        doubt = data.loc[~data["complete"], "region_id"].nunique()
        key = [(words.area(focus), "circle", look(focus, mine["complete"].all())),
               (others, "circle", look("", True)),
               (words("figure.key.incomplete", n=doubt), "circle", look("", False))]  # fmt: skip
        sheet.legend(key if doubt else key[:2])
        for cells, left, y in _rows(sheet, data, STRIP):
            x0, x1, top = left + 30, sheet.width - 22, max(*(c.value for c in cells), 1)
            value = next((number(c.value) for c in cells if c.region_id == focus), "–")
            sheet.text(left + 18, y, value, 9, tone="focus", anchor="end", name="value")
            sheet.line((x0, y), (x1, y), look=AXIS)
            sheet.text(x1 + 8, y, number(top), tone="muted")
            beside: dict[float, int] = {}
            for cell in sorted(cells, key=lambda c: c.region_id != focus):
                # Equal values stand around the line, five in a column, the area itself on it.
                column, k = divmod(beside.setdefault(cell.value, 0), 5)
                beside[cell.value] += 1
                inward = NEXT if cell.value < top / 2 else -NEXT
                x = x0 + cell.value * (x1 - x0) / top + column * inward
                up, r = (k + 1) // 2 * (NEXT if k % 2 else -NEXT), 2.5
                if cell.region_id == focus:
                    r = 3.6
                mark = look(cell.region_id, cell.complete)
                sheet.mark(x, y + up, r, mark, name=f"{cell.label}|{cell.region_id}")

    listed = [f"{c.label} {number(c.value)}" for c in mine.itertuples()]
    return finish(draw, data, words, listed, given)


def dots(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw values as dots on one scale, with their intervals.

    Parameters
    ----------
    frame : DataFrame
        One row a dot: ``label``, ``value``; if given ``low`` and ``high`` (an interval, or the
        range of other areas), ``group`` (a head over rows), ``series`` (several dots a row, by
        colour), ``mark`` (S, E or D: the class of an instrument), ``text`` (written in place of
        the value).

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> n = plan.measures()["theme"].value_counts().rename_axis("label").reset_index(name="value")
    >>> figure = dots(n, lq.Show(plan, "en").words, title="Most measures are of theme T04")
    >>> len([item for item in figure.sheet().items if item.kind == "mark"]) == len(n)
    True
    """
    data = take(frame, given, ["label", "value"], low=np.nan, high=np.nan, group="", series="",
                mark="", text="")  # fmt: skip
    series = list(dict.fromkeys(data["series"]))
    if len(series) > len(SERIES):
        raise ParameterError(f"{len(series)} series; at most {len(SERIES)} can be told apart")
    shown = data.assign(text=data["text"].where(data["text"] != "", data["value"].map(number)))
    ends = data[["value", "low", "high"]].to_numpy(dtype=float)
    whole = bool((data["value"] % 1 == 0).all())
    ticks = ticks_of(np.nanmin(ends, initial=0), np.nanmax(ends, initial=0), whole)
    interval, room = data["low"].notna().any(), max(map(text_width, shown["text"])) + 6
    key = [(words(f"figure.key.{tone}"), mark, Look("paper", tone, 1.1))
           for mark, tone in INSTRUMENTS.items() if (data["mark"] == mark).any()]  # fmt: skip
    tones = dict(zip(series, SERIES, strict=False))
    key += [(name, "circle", Look(tone)) for name, tone in tones.items() if name]

    def draw(sheet: Sheet) -> None:
        sheet.legend(key)
        grid, top = len(sheet.items), sheet.y
        for cells, left, y in _rows(sheet, shown, ROW + 9 * (len(series) - 1)):
            x0, x1 = left + 8, sheet.width - MARGIN - room
            scale = (x1 - x0) / (ticks[-1] - ticks[0])
            zero = x0 - ticks[0] * scale
            for each in cells:
                across = y + (series.index(each.series) - (len(series) - 1) / 2) * 9
                low, at, high = (zero + v * scale for v in (each.low, each.value, each.high))
                if interval:
                    bar = Look(line="context", width=1.6)
                    sheet.line((low, across), (high, across), look=bar, name="interval")
                else:
                    sheet.line((zero, across), (at, across), look=Look(line="rule", width=1.4))
                if each.mark in INSTRUMENTS:
                    ring = Look("paper", INSTRUMENTS[each.mark], 1.1)
                    sheet.mark(at, across, 4.6, ring, name=each.label, text=each.mark)
                else:
                    dot = Look(tones[each.series], "paper")
                    sheet.mark(at, across, 3.1, dot, name=each.label)
                x = np.nanmax([at, zero, high]) + 7
                sheet.text(x, across, each.text.strip(), tone="muted", name="value")
        drawn, sheet.items[grid:] = sheet.items[grid:], []  # the grid lies below
        for tick in ticks:
            x = zero + tick * scale
            sheet.line((x, top), (x, sheet.y + 1), look=GRID if tick else AXIS)
            sheet.text(x, sheet.y + 7, number(tick), tone="muted", anchor="middle")
        sheet.items += drawn

    return finish(draw, data, words, [f"{c.label} {c.text}" for c in shown.itertuples()], given)


def matrix(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw who has what: rows by columns, a mark where the frame has a row.

    Parameters
    ----------
    frame : DataFrame
        One row a mark: ``label`` (a row's name) and ``column``; if given ``sure`` (if not, the mark
        is hollow) and ``group``. Rows and columns stand in the order of the frame; a categorical
        keeps empty columns.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["Ganzhou", "Ji'an"], "column": ["centre", "industry"]})
    >>> matrix(frame, lq.Show(lq.load(), "en").words, title="Two cities")
    Two cities. Values: Ganzhou: centre, Ji'an: industry.
    """
    data = take(frame, given, ["label", "column"], sure=True)

    def draw(sheet: Sheet) -> None:
        for each, x, y, wide in _cells(sheet, data, ROW):
            look = Look("focus") if each.sure else Look("paper", "focus", 1.1)
            sheet.mark(x + wide / 2, y, 3.0, look, name=f"{each.label}|{each.column}")

    by_row = data.groupby("label", sort=False)["column"].agg(lambda has: ", ".join(map(str, has)))
    return finish(draw, data, words, [f"{name}: {has}" for name, has in by_row.items()], given)


def heat(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw counts of rows by columns as filled cells, the number in each; zero is a dot.

    Parameters
    ----------
    frame : DataFrame
        One row a cell: ``label``, ``column``, ``value``; if given ``group``.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["c07", "c07"], "column": ["A", "B"], "value": [3, 0]})
    >>> items = heat(frame, lq.Show(lq.load(), "en").words).sheet().items
    >>> [item.text for item in items if item.name == "value"]
    ['3', '·']
    """
    data = take(frame, given, ["label", "column", "value"])
    top = max(data["value"].max(), 1)

    def draw(sheet: Sheet) -> None:
        for each, x, y, wide in _cells(sheet, data, CELL):
            step = math.ceil(5 * each.value / top)
            if step:
                name = f"{each.label}|{each.column}"
                sheet.box(x, y - CELL / 2, wide, CELL, Look(f"heat{step}", "paper", 0.8), name)
            tone = ("muted", "ink", "ink", "ink", "paper", "paper")[step]
            said = number(each.value) if step else "·"
            sheet.text(x + wide / 2, y, said, tone=tone, anchor="middle", name="value")

    most = data.nlargest(5, "value").itertuples()
    listed = [f"{c.label}, {c.column}: {number(c.value)}" for c in most]
    return finish(draw, data, words, listed, given)


def lines(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw a line for each series, its name at its end.

    Parameters
    ----------
    frame : DataFrame
        One row per ``series`` and ``year``: ``value``; if given ``group`` (a panel each, on one
        scale) and ``tone`` (a colour's name; a series in ``context`` is drawn thin, without name).

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
    loud = [name for name in names if tones[name] != "context"]
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
        for year in years if len(years) <= 4 else [*range(first, last, every), last]:
            if year in (first, last) or last - year >= every * 0.7:
                x = x0 + (year - first) * step
                sheet.text(x, top + high + 7, str(year), tone="muted", anchor="middle")
        ends = []
        for name in sorted(names, key=lambda n: n in loud):
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


def _rows(sheet: Sheet, data: pd.DataFrame, high: float, stack=True) -> Iterator[tuple]:
    """Write the names of rows, heads over groups; hand out each row: cells, left end, middle line.

    On a narrow sheet long names stand over their rows.
    """
    room = _names_width(sheet, data)
    stacked = stack and sheet.narrow and room == NAMES[1]
    if stacked:
        room = sheet.width - 2 * MARGIN
    before = ""
    for (group, label), cells in data.groupby(["group", "label"], sort=False):
        if group != before:
            sheet.y = sheet.lines(MARGIN, sheet.y + 3, [group], tone="muted", halo="paper") + 2
            before = group
        lines, cells = wrap(label, room), list(cells.itertuples())
        if stacked:
            sheet.y = sheet.lines(MARGIN, sheet.y + 1, lines, halo="paper") + high
            yield cells, MARGIN, sheet.y - high / 2
        else:
            deep = max(high, len(lines) * HIGH + 3)
            sheet.lines(MARGIN, sheet.y + (deep - len(lines) * HIGH) / 2, lines)
            sheet.y += deep
            yield cells, MARGIN + room, sheet.y - deep / 2


def _names_width(sheet: Sheet, data: pd.DataFrame) -> float:
    return min(max(map(text_width, data["label"])) + 1, NAMES[sheet.narrow])


def _cells(sheet: Sheet, data: pd.DataFrame, high: float) -> Iterator[tuple]:
    """Write the heads of columns and the names of rows; hand out each cell, its place and width.

    Heads stand upright where a word does not fit.
    """
    column = data["column"]
    heads = column.cat.categories if column.dtype == "category" else column.unique()
    left = MARGIN + _names_width(sheet, data) + GAP
    wide = min((sheet.width - MARGIN - left) / len(heads), 40)
    at = {head: left + k * wide for k, head in enumerate(heads)}
    broken = {head: wrap(str(head), wide - 3) for head in heads}
    turned = max(text_width(line) for lines in broken.values() for line in lines) > wide - 2
    deep = max(text_width(str(h)) if turned else len(broken[h]) * HIGH for h in heads)
    foot = sheet.y + deep
    for head, lines in broken.items():
        middle = at[head] + wide / 2
        if turned:
            sheet.text(middle, foot, str(head), tone="muted", turned=True)
        else:
            sheet.lines(middle, foot - len(lines) * HIGH, lines, tone="muted", anchor="middle")
    sheet.y = foot + 3
    for cells, _, y in _rows(sheet, data, high, stack=False):
        yield from ((cell, at[cell.column], y, wide) for cell in cells)
        sheet.line((MARGIN, sheet.y), (left + wide * len(heads), sheet.y), look=GRID)


def ticks_of(low: float, high: float, whole: bool = False) -> list[float]:
    """Return up to six round numbers from below `low` to above `high`.

    >>> ticks_of(0, 23), ticks_of(0, 2, whole=True), ticks_of(-0.4, 0.9)
    ([0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [0.0, 1.0, 2.0], [-0.5, 0.0, 0.5, 1.0])
    """
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    return (ticks.round(10) + 0.0).tolist()
