"""The charts: a frame in, a `Figure` out. Nothing is found out here; the title is the caller's.

Each chart names the columns it needs. ``given`` are the title, subtitle, caption and alt of the
figure, and which column stands for which where it has another name: ``value="n"``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, finish, number, take
from laoqu.show.style import (
    INSTRUMENTS,
    LINE,
    MARGIN,
    SMALL,
    Look,
    Sheet,
    straight,
    text_width,
    wrap,
)
from laoqu.show.words import Words

#: Colours of series in their order; more than these are not told apart.
SERIES = ("focus", "ink", "context", "supply")
GRID, AXIS = Look(line="rule", width=0.5), Look(line="context", width=0.7)
#: Points: a row, the widest column of row names, and between columns.
ROW, NAMES, NARROW_NAMES, GAP = 13.0, 150.0, 92.0, 8.0
HALF = SMALL * LINE / 2


def strip(frame: pd.DataFrame, words: Words, focus: str, **given: str) -> Figure:
    """Draw each measure as a strip: one dot an area, the area in focus in red with its value.

    Parameters
    ----------
    frame : DataFrame
        One row per ``label`` and ``region_id``: ``value``, and ``complete`` (are its members
        documented? if not, its dot is hollow).
    words : Words
    focus : str
        The id of the area.
    **given : str

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> reach = plan.measure_reach()
    >>> n = reach[reach["reach"] == "named"].groupby("region_id").size().rename("value")
    >>> frame = n.reset_index().assign(label="named")
    >>> strip(frame, lq.Show(plan, "en").words, "yimeng").data.shape == (len(n), 4)
    True
    """
    data = take(frame, given, ["label", "region_id", "value"], complete=True)
    if focus not in set(data["region_id"]):
        raise ParameterError(f"the frame has no row of the area {focus!r}")
    here = data["region_id"] == focus
    look = {
        (True, True): Look("focus", "paper", 0.8), (True, False): Look("paper", "focus", 1.5),
        (False, True): Look("context", "paper", 0.5), (False, False): Look("paper", "context", 1.1),
    }  # fmt: skip

    def draw(sheet: Sheet) -> None:
        others = data["region_id"].nunique() - 1
        doubt = data[~data["complete"]].groupby("region_id").ngroups
        key = [
            (words.area(focus), "circle", look[True, bool(data.loc[here, "complete"].all())]),
            (words("figure.key.others", n=others), "circle", look[False, True]),
        ]
        hollow = (words("figure.key.incomplete", n=doubt), "circle", look[False, False])
        sheet.legend(key + [hollow] * bool(doubt))
        for row in _rows(sheet, data, high=30):
            one, top = row.data, max(row.data["value"].max(), 1)
            x0, x1 = row.left + 30, sheet.width - 22
            mine = one[one["region_id"] == focus]
            value = number(mine["value"].sum()) if len(mine) else "–"
            look_of = {"tone": "focus", "anchor": "end", "name": "value"}
            sheet.text(row.left + 18, row.y, value, SMALL + 2, **look_of)
            sheet.line((x0, row.y), (x1, row.y), look=AXIS)
            sheet.text(x1 + 8, row.y, number(top), tone="muted")
            for x, y, area in _swarm(one, x0, (x1 - x0) / top, focus):
                mark = look[area.region_id == focus, bool(area.complete)]
                r = 3.6 if area.region_id == focus else 2.5
                sheet.mark(x, row.y + y, r, mark, name=f"{area.label}|{area.region_id}")

    mine = data[here]
    listed = [f"{each.label} {number(each.value)}" for each in mine.itertuples()]
    return finish(draw, data, words, listed, given)


def dots(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw values as dots on one scale with their intervals.

    Parameters
    ----------
    frame : DataFrame
        One row a dot: ``label`` and ``value``; if given ``low`` and ``high`` (an interval, or the
        range of the other areas), ``group`` (a head over its rows), ``series`` (several dots a
        row, told apart by colour), ``mark`` (S, E or D: the class of an instrument), ``text``
        (what is written in place of the value).
    words : Words
    **given : str

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
    data["text"] = data["text"].where(data["text"] != "", data["value"].map(number))
    ends = data[["value", "low", "high"]].to_numpy(dtype=float)
    ticks = _ticks(min(np.nanmin(ends, initial=0), 0), np.nanmax(ends, initial=0))
    interval = data["low"].notna().any()

    def draw(sheet: Sheet) -> None:
        marks = [each for each in INSTRUMENTS if (data["mark"] == each).any()]
        if marks:
            names = [words(f"figure.key.{INSTRUMENTS[each]}") for each in marks]
            rings = [Look("paper", INSTRUMENTS[each], 1.1) for each in marks]
            sheet.legend([(n, m, r) for n, m, r in zip(names, marks, rings, strict=True)])
        if len(series) > 1:
            looks = [Look(tone, "paper", 0.6) for tone in SERIES]
            sheet.legend([(s, "circle", look) for s, look in zip(series, looks, strict=False)])
        room = max(text_width(each) for each in data["text"]) + 6
        top, bottom = sheet.y, []
        for row in _rows(sheet, data, high=ROW + 9 * (len(series) - 1)):
            x0, x1 = row.left + 8, sheet.width - MARGIN - room

            def at(value: float, x0=x0, x1=x1) -> float:
                return x0 + (value - ticks[0]) * (x1 - x0) / (ticks[-1] - ticks[0])

            bottom = [at(tick) for tick in ticks]
            for each in row.data.itertuples():
                shift = (series.index(each.series) - (len(series) - 1) / 2) * 9
                y, tone = row.y + shift, SERIES[series.index(each.series)]
                _dot(sheet, each, at, y, tone)
                x = x1 + 6 if interval else at(max(each.value, 0)) + 7
                sheet.text(x, y, each.text.strip(), tone="muted", name="value")
        for x, tick in zip(bottom, ticks, strict=True):
            look = AXIS if tick == 0 else GRID
            grid = sheet.line((x, top), (x, sheet.y + 1), look=look, name="grid")
            sheet.items.insert(0, sheet.items.pop(sheet.items.index(grid)))
            sheet.text(x, sheet.y + 7, number(tick), tone="muted", anchor="middle")
        sheet.y += 12

    listed = [f"{each.label} {each.text}" for each in data.itertuples()]
    return finish(draw, data, words, listed, given)


def matrix(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw who has what: rows by columns, a mark where the frame has a row.

    Parameters
    ----------
    frame : DataFrame
        One row a mark: ``label`` (a row's name) and ``column``; if given ``number`` and ``shape``
        (as on the map: circle, square, diamond), ``sure`` (if not, the mark is hollow), ``group``.
        Rows and columns stand in the order of the frame; a categorical keeps empty columns.
    words : Words
    **given : str

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["Ganzhou", "Ji'an"], "column": ["Centre", "Industry"]})
    >>> [item.kind for item in matrix(frame, lq.Show(lq.load(), "en").words).sheet().items].count(
    ...     "mark"
    ... )
    2
    """
    data = take(frame, given, ["label", "column"], number=pd.NA, shape="circle", sure=True,
                    group="")  # fmt: skip
    columns = list(
        data["column"].cat.categories if data["column"].dtype == "category"
        else dict.fromkeys(data["column"])
    )  # fmt: skip
    rows = list(dict.fromkeys(zip(data["group"], data["label"], strict=True)))

    def draw(sheet: Sheet) -> None:
        blocks = 2 if len(rows) > 12 and len(columns) < 8 and not sheet.narrow else 1
        half = math.ceil(len(rows) / blocks)
        wide = (sheet.width - 2 * MARGIN - (blocks - 1) * 16) / blocks
        top = sheet.y
        for k in range(blocks):
            sheet.y = top
            part = pd.DataFrame(rows[k * half : (k + 1) * half], columns=["group", "label"])
            block = part.merge(data, on=["group", "label"], sort=False)
            _block(sheet, block, columns, (MARGIN + k * (wide + 16), wide), rows)
        sheet.y = max(item.box[3] for item in sheet.items) + 3

    by_row = data.groupby("label", sort=False)["column"].agg(lambda each: ", ".join(map(str, each)))
    return finish(draw, data, words, [f"{name}: {has}" for name, has in by_row.items()], given)


def heat(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw counts of rows by columns as filled cells with the number in each.

    Parameters
    ----------
    frame : DataFrame
        One row a cell: ``label``, ``column``, ``value``; if given ``group``. Zero is an empty
        cell with a dot.
    words : Words
    **given : str

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["c07", "c07"], "column": ["A", "B"], "value": [3, 0]})
    >>> texts = heat(frame, lq.Show(lq.load(), "en").words).sheet().items
    >>> [item.text for item in texts if item.name == "value"]
    ['3', '·']
    """
    data = take(frame, given, ["label", "column", "value"], group="")
    columns, top = list(dict.fromkeys(data["column"])), data["value"].max()

    def draw(sheet: Sheet) -> None:
        left = _names_width(sheet, data, stacked=False)
        cell = min((sheet.width - 2 * MARGIN - left) / len(columns), 40)
        sheet.y = _heads(sheet, columns, MARGIN + left, cell)
        for row in _rows(sheet, data, high=15, stacked=False):
            for each in row.data.itertuples():
                x = MARGIN + left + cell * columns.index(each.column)
                step = math.ceil(5 * each.value / top) if each.value else 0
                if step:
                    fill = Look(f"heat{step}", "paper", 0.8)
                    sheet.box(x, row.y - 7.5, cell, 15, fill, f"{each.label}|{each.column}")
                said, tone = ("·", "muted") if not step else (number(each.value), "ink")
                tone = "paper" if step > 3 else tone
                sheet.text(x + cell / 2, row.y, said, tone=tone, anchor="middle", name="value")

    most = data.nlargest(5, "value")
    listed = [f"{e.label}, {e.column}: {number(e.value)}" for e in most.itertuples()]
    return finish(draw, data, words, listed, given)


def squares(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw counts as unit squares in a row, one a thing counted, coloured by kind.

    Parameters
    ----------
    frame : DataFrame
        One row per ``label`` and ``kind``: ``value`` (a count), ``tone`` (a colour's name in
        `laoqu.show.style.PALETTE`).
    words : Words
    **given : str
    """
    data = take(frame, given, ["label", "kind", "value", "tone"])
    kinds = data.drop_duplicates("kind")
    longest = data.groupby(["group", "label"], sort=False)["value"].sum().max()

    def draw(sheet: Sheet) -> None:
        line = {each: "context" if each == "paper" else "paper" for each in data["tone"]}
        looks = [Look(tone, "context", 0.5) for tone in kinds["tone"]]
        sheet.legend([(k, "area", look) for k, look in zip(kinds["kind"], looks, strict=True)])
        for row in _rows(sheet, data, high=ROW):
            side = min((sheet.width - row.left - 28) / max(longest, 1), 9)
            x, total = row.left + 8, 0
            for each in row.data.itertuples():
                look = Look(each.tone, line[each.tone])
                for _ in range(int(each.value)):
                    sheet.box(x, row.y - side / 2, side, side, look, f"{each.label}|{each.kind}")
                    x += side
                total += int(each.value)
            sheet.text(x + 4, row.y, str(total), tone="muted", name="value")

    listed = [f"{e.label}, {e.kind}: {number(e.value)}" for e in data.itertuples() if e.value]
    return finish(draw, data, words, listed, given)


class _Row:
    """A row being drawn: its part of the data, its middle line, and where its names end."""

    def __init__(self, data: pd.DataFrame, y: float, left: float) -> None:
        self.data, self.y, self.left = data, y, left


def _rows(sheet: Sheet, data: pd.DataFrame, high: float, stacked: bool = True) -> Iterator[_Row]:
    """Write the names of rows, with heads over groups, and hand out each row to be drawn.

    On a narrow sheet a name stands over its row, if `stacked`.
    """
    longest = max(text_width(straight(each)) for each in data["label"].unique())
    stacked = stacked and sheet.narrow and longest > NARROW_NAMES
    width, group = _names_width(sheet, data, stacked), ""
    left = MARGIN + (0 if stacked else width)
    for (head, label), part in data.groupby(["group", "label"], sort=False):
        if head and head != group:
            sheet.y = sheet.lines(MARGIN, sheet.y + 3, [straight(head)], tone="muted") + 2
            group = head
        lines = wrap(straight(label), width, SMALL)
        tall = len(lines) * SMALL * LINE
        if stacked:
            sheet.y = sheet.lines(MARGIN, sheet.y + 1, lines)
            y = sheet.y + high / 2
            sheet.y += high
        else:
            need = max(high, tall + 3)
            y = sheet.y + need / 2
            sheet.lines(MARGIN, y - tall / 2, lines)
            sheet.y += need
        yield _Row(part, y, left)


def _names_width(sheet: Sheet, data: pd.DataFrame, stacked: bool) -> float:
    if stacked:
        return sheet.width - 2 * MARGIN
    longest = max(text_width(straight(each)) for each in data["label"].unique())
    return min(longest + 1, NARROW_NAMES if sheet.narrow else NAMES) + GAP


def _dot(sheet: Sheet, each: object, at: object, y: float, tone: str) -> None:
    """Draw one dot with its interval, or with a line from zero."""
    if pd.notna(each.low):
        ends = (at(each.low), y), (at(each.high), y)
        sheet.line(*ends, look=Look(line="context", width=1.6), name="interval")
    else:
        sheet.line((at(0), y), (at(each.value), y), look=Look(line="rule", width=1.4), name="stem")
    x = at(each.value)
    if each.mark in INSTRUMENTS:
        sheet.mark(x, y, 4.6, Look("paper", INSTRUMENTS[each.mark], 1.1), name=each.label)
        sheet.text(x, y, each.mark, anchor="middle")
    else:
        sheet.mark(x, y, 3.1, Look(tone, "paper", 0.6), name=each.label)


def _swarm(
    one: pd.DataFrame, x0: float, step: float, focus: str
) -> Iterator[tuple[float, float, object]]:
    """Place equal values beside each other: the area in focus on the line, others around it."""
    for value, same in one.groupby("value"):
        areas = sorted(same.itertuples(), key=lambda area: area.region_id == focus, reverse=True)
        for k, area in enumerate(areas):
            column, i = divmod(k, 5)
            y = ((i + 1) // 2) * (5.8 if i % 2 else -5.8)
            yield x0 + value * step + column * 5.8 * (1 if value * step < 50 else -1), y, area


def _block(
    sheet: Sheet, data: pd.DataFrame, columns: Sequence[str], place: tuple[float, float],
    rows: Sequence[tuple[str, str]],
) -> None:  # fmt: skip
    """Draw the rows of one column of a matrix."""
    x, wide = place
    inset = 13 if data["number"].notna().any() else 0
    names = inset + max(text_width(straight(label)) for _, label in rows) + GAP
    names = min(names, wide * (0.36 if sheet.narrow else 0.45))
    cell = min((wide - names) / len(columns), 62)
    sheet.y = _heads(sheet, columns, x + names, cell)
    for (_, label), part in data.groupby(["group", "label"], sort=False):
        sheet.line((x, sheet.y), (x + names + cell * len(columns), sheet.y), look=GRID)
        lines = wrap(straight(label), names - inset - GAP / 2)
        high = max(ROW, len(lines) * SMALL * LINE + 4)
        y, first = sheet.y + high / 2, part.iloc[0]
        if inset:
            look = Look("paper", "ink", 0.7)
            sheet.mark(x + 5, y, 5, look, first["shape"], "number")
            sheet.text(x + 5, y, str(first["number"]), SMALL, anchor="middle")
        sheet.lines(x + inset, y - len(lines) * HALF, lines)
        for each in part.itertuples():
            at = x + names + cell * (columns.index(each.column) + 0.5)
            look = Look("focus") if each.sure else Look("paper", "focus", 1.1, (1.6, 1.2))
            sheet.mark(at, y, 3.0, look, name=f"{label}|{each.column}")
        sheet.y += high


def _heads(sheet: Sheet, columns: Sequence[str], x: float, cell: float) -> float:
    """Write the heads of columns, upright where a word does not fit; return where they end."""
    heads = [straight(str(name)) for name in columns]
    broken = [wrap(head, cell - 3) for head in heads]
    if max(text_width(line) for lines in broken for line in lines) > cell - 2:
        deep = max(map(text_width, heads))
        for k, head in enumerate(heads):
            sheet.text(x + cell * (k + 0.5), sheet.y + deep, head, tone="muted", turned=True)
    else:
        deep = max(map(len, broken)) * SMALL * LINE
        for k, lines in enumerate(broken):
            top = sheet.y + deep - len(lines) * SMALL * LINE
            sheet.lines(x + cell * (k + 0.5), top, lines, tone="muted", anchor="middle")
    return sheet.y + deep + 3


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers from below `low` to above `high`, three to six of them.

    >>> _ticks(0, 23), _ticks(-0.4, 0.9)
    ([0, 10, 20, 30], [-0.5, 0.0, 0.5, 1.0])
    """
    rough = max(high - low, 1e-9) / 4
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough * 0.9)
    ends = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), 1)
    return [round(k * step, 10) for k in range(ends[0], ends[1] + 1)]
