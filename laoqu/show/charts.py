"""The charts: a frame in, a `Figure` out. Nothing is found out here; the title is the caller's.

Each chart names the columns it needs. ``given`` are the title, subtitle, caption and alt of the
figure, and which column stands for which where it has another name: ``value="n"``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

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
        One row a mark: ``label`` (a row's name) and ``column``; if given ``number`` and ``shape``
        (as on the map: circle, square, diamond), ``sure`` (if not, the mark is hollow), ``group``.
        Rows and columns stand in the order of the frame; a categorical keeps empty columns.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["Ganzhou", "Ji'an"], "column": ["centre", "industry"]})
    >>> matrix(frame, lq.Show(lq.load(), "en").words, title="Two cities")
    Two cities. Values: Ganzhou: centre, Ji'an: industry.
    """
    data = take(
        frame, given, ["label", "column"], number=pd.NA, shape="circle", sure=True, group=""
    )
    heads, inset = _heads_of(data), 13 if data["number"].notna().any() else 0
    names_of = pd.MultiIndex.from_frame(data[["group", "label"]])
    rows = names_of.unique()
    longest = inset + max(text_width(label) for _, label in rows) + GAP

    def draw(sheet: Sheet) -> None:
        blocks = 2 if len(rows) > 12 and len(heads) < 8 and not sheet.narrow else 1
        half, top = math.ceil(len(rows) / blocks), sheet.y
        wide = (sheet.width - 2 * MARGIN - (blocks - 1) * 16) / blocks
        names = min(longest, wide * (0.36 if sheet.narrow else 0.45))
        cell = min((wide - names) / len(heads), 62)
        bottom = []
        for k in range(blocks):
            part = names_of.isin(rows[k * half : (k + 1) * half])
            x = MARGIN + k * (wide + 16)
            sheet.y = _heads(sheet, heads, x + names, (top, cell))
            for cells, _, y in _rows(sheet, data[part], ROW, (x + inset, names - inset - GAP / 2)):
                if inset:
                    said = str(cells[0].number)
                    ring = Look("paper", "ink", 0.7)
                    sheet.mark(x + 5, y, 5, ring, cells[0].shape, "number", said)
                for each in cells:
                    at = x + names + cell * (heads.index(each.column) + 0.5)
                    look = Look("focus") if each.sure else Look("paper", "focus", 1.1)
                    sheet.mark(at, y, 3.0, look, name=f"{each.label}|{each.column}")
                sheet.line((x, sheet.y), (x + names + cell * len(heads), sheet.y), look=GRID)
            bottom.append(sheet.y)
        sheet.y = max(bottom)

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
    heads, top = _heads_of(data), max(data["value"].max(), 1)

    def draw(sheet: Sheet) -> None:
        left = MARGIN + _names_width(sheet, data) + GAP
        cell = min((sheet.width - MARGIN - left) / len(heads), 40)
        sheet.y = _heads(sheet, heads, left, (sheet.y, cell))
        for cells, _, y in _rows(sheet, data, CELL, (MARGIN, left - MARGIN - GAP)):
            for each in cells:
                x, step = left + cell * heads.index(each.column), math.ceil(5 * each.value / top)
                if step:
                    name = f"{each.label}|{each.column}"
                    sheet.box(x, y - CELL / 2, cell, CELL, Look(f"heat{step}", "paper", 0.8), name)
                tone = ("muted", "ink", "ink", "ink", "paper", "paper")[step]
                said = number(each.value) if step else "·"
                sheet.text(x + cell / 2, y, said, tone=tone, anchor="middle", name="value")

    most = data.nlargest(5, "value").itertuples()
    listed = [f"{c.label}, {c.column}: {number(c.value)}" for c in most]
    return finish(draw, data, words, listed, given)


def _rows(
    sheet: Sheet, data: pd.DataFrame, high: float, names: tuple[float, float] | None = None
) -> Iterator[tuple[list, float, float]]:
    """Write the names of rows, heads over groups; hand out each row: cells, left end, middle line.

    `names` is where the names begin and how wide they may be; without it that follows from the
    sheet, and on a narrow one long names stand over their rows.
    """
    width = _names_width(sheet, data)
    stacked = names is None and sheet.narrow and width == NAMES[1]
    x, room = names or (MARGIN, sheet.width - 2 * MARGIN if stacked else width)
    rows: dict[tuple[str, str], list] = {}
    for cell in data.itertuples():
        rows.setdefault((cell.group, cell.label), []).append(cell)
    group = ""
    for (head, label), cells in rows.items():
        if head != group:
            sheet.y = sheet.lines(x, sheet.y + 3, [head], tone="muted", halo="paper") + 2
            group = head
        lines = wrap(label, room)
        if stacked:
            sheet.y = sheet.lines(x, sheet.y + 1, lines, halo="paper") + high
            yield cells, x, sheet.y - high / 2
        else:
            sheet.y += max(high, len(lines) * HIGH + 3)
            y = sheet.y - max(high, len(lines) * HIGH + 3) / 2
            sheet.lines(x, y - len(lines) * HIGH / 2, lines)
            yield cells, x + room, y


def _names_width(sheet: Sheet, data: pd.DataFrame) -> float:
    longest = max(text_width(each) for each in data["label"].unique())
    return min(longest + 1, NAMES[sheet.narrow])


def _heads_of(data: pd.DataFrame) -> list[str]:
    column = data["column"]
    return list(column.cat.categories if column.dtype == "category" else dict.fromkeys(column))


def _heads(sheet: Sheet, heads: Sequence[str], x: float, place: tuple[float, float]) -> float:
    """Write the heads of columns, upright where a word does not fit; return where they end."""
    y, cell = place
    heads = [str(head) for head in heads]
    broken = [wrap(head, cell - 3) for head in heads]
    turned = max(text_width(line) for lines in broken for line in lines) > cell - 2
    deep = max(map(text_width, heads)) if turned else max(map(len, broken)) * HIGH
    for k, (head, lines) in enumerate(zip(heads, broken, strict=True)):
        middle = x + cell * (k + 0.5)
        if turned:
            sheet.text(middle, y + deep, head, tone="muted", turned=True)
        else:
            sheet.lines(middle, y + deep - len(lines) * HIGH, lines, tone="muted", anchor="middle")
    return y + deep + 3


def ticks_of(low: float, high: float, whole: bool = False) -> list[float]:
    """Return up to six round numbers from below `low` to above `high`.

    >>> ticks_of(0, 23), ticks_of(0, 2, whole=True), ticks_of(-0.4, 0.9)
    ([0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [0.0, 1.0, 2.0], [-0.5, 0.0, 0.5, 1.0])
    """
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    return (ticks.round(10) + 0.0).tolist()
