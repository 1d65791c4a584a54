"""The charts: a frame in, a `Figure` out. Nothing is found out here; the title is the caller's.

Each chart names the columns it needs. ``given`` are the title, subtitle, caption and alt of the
figure, and which column stands for which where it has another name: ``value="n"``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from laoqu.errors import ParameterError, require
from laoqu.show.figure import TEXTS, Figure
from laoqu.show.style import LINE, MARGIN, SMALL, TONE, Sheet, mark, stroke, text_width, wrap
from laoqu.show.table import check_columns
from laoqu.show.words import Words, digits, start

#: Colours of series in their order; more than these are not told apart.
SERIES = ("focus", "ink", "context", "supply")
GRID, AXIS = stroke("rule"), stroke("context", 0.7)
#: Points: a line of text, a row, one of many dots, one of squares, the widest names of rows on a
#: wide and a narrow sheet, between columns, and between equal dots.
HIGH, ROW, STRIP, CELL, NAMES, GAP, NEXT = SMALL * LINE, 13.0, 24.0, 15.0, (150.0, 92.0), 8.0, 4.7
#: Points: height of one panel of lines alone and of one among several, between panels, of a head.
ALONE, AMONG, BETWEEN, HEAD = 150.0, 78.0, 16.0, 11.0


def dots(frame: pd.DataFrame, words: Words, own: bool = False, **given: str) -> Figure:
    """Draw values as dots with their intervals, on one scale or each row on its `own` from zero.

    Parameters
    ----------
    frame : DataFrame
        One row a dot: ``label``, ``value``; if given ``low`` and ``high`` (an interval, or the
        range of other areas), ``group`` (a head over rows), ``series`` (several dots a row) with
        ``tone`` (a colour's name; what is in ``context`` stands behind, small and without its
        value) and ``complete`` (if not, it is a ring), ``text`` (written in place of the value),
        ``region_id`` (goes into the data).
    words : Words
    own : bool
        Equal values stand around the line of their row, and the row ends at its greatest value.

    Examples
    --------
    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> n = plan.measures()["theme"].value_counts().rename_axis("label").reset_index(name="value")
    >>> figure = dots(n, lq.Show(plan, "en").words, title="Most measures are of theme T04")
    >>> len(figure.matplotlib().axes[1].lines[0].get_xdata()) == len(n)
    True
    """
    data = take(frame, given, ["label", "value"], low=np.nan, high=np.nan, group="", series="",
                tone="", text="", complete="", region_id="")  # fmt: skip
    names = list(dict.fromkeys(data["series"]))
    if len(names) > len(SERIES):
        raise ParameterError(f"{len(names)} series; at most {len(SERIES)} can be told apart")
    tones = _tones(data)
    quiet = data["tone"] == "context"
    sure = data["complete"].ne(False).groupby(data["series"]).all()
    sizes = dict.fromkeys(names, 6.2) | dict.fromkeys(data.loc[quiet, "series"], 4.6)
    looks = {
        name: mark(tone, size=sizes[name]) if sure[name]
        else mark("paper", tone, sizes[name] - 0.8, width=1.0)
        for name, tone in tones.items()
    }  # fmt: skip
    loud = data[~quiet].copy()
    loud["text"] = loud["text"].where(loud["text"] != "", loud["value"].map(number))
    top = data.groupby(["group", "label"])["value"].transform("max").clip(lower=1) if own else 1
    drawn = data.assign(**data[["value", "low", "high"]].div(top, axis=0), n=data["value"])
    ends = drawn[["value", "low", "high"]].to_numpy(dtype=float)
    whole = bool((data["value"] % 1 == 0).all())
    ticks = (
        [0, 1] if own else ticks_of(np.nanmin(ends, initial=0), np.nanmax(ends, initial=0), whole)
    )
    room = max(map(text_width, loud["text"]), default=0) + 14
    deep = STRIP if own else ROW + 9 * (len(names) - 1)
    shift = {name: 0 if own else (k - (len(names) - 1) / 2) * 9 for k, name in enumerate(names)}

    def draw(sheet: Sheet) -> None:
        sheet.legend([(name, look) for name, look in looks.items() if name])
        start, rows, left = sheet.y, [], 0.0
        for cells, edge, y in _rows(sheet, drawn, deep):
            rows.append(cells.assign(y=y + cells["series"].map(shift)))
            left = edge + room
        rows = pd.concat(rows)
        wide = sheet.width - MARGIN - left - (20 if own else 6)
        axes = sheet.window(left, start, wide, sheet.y - start)
        axes.set(xlim=(ticks[0], ticks[-1]), ylim=(sheet.y, start))
        for k in loud.index:
            text, tone = loud["text"][k].strip(), tones[loud["series"][k]]
            sheet.text(left - 8, rows["y"][k], text, tone=tone, ha="right", label="value")
        if own:
            for y, most in rows.groupby("y")["n"].max().items():
                sheet.text(left + wide + 8, y, number(max(most, 1)), tone="muted")
            axes.hlines(rows["y"].unique(), 0, 1, **AXIS)
            rows = rows.sort_values("series", key=lambda series: series.map(names.index))
            column, k = divmod(rows.groupby(["y", "value"]).cumcount(), 5)
            rows["value"] += column * NEXT / wide * np.where(rows["value"] < 0.5, 1, -1)
            rows["y"] += (k + 1) // 2 * np.where(k % 2, NEXT, -NEXT)
        else:
            _scale(axes, ticks, None)
            axes.vlines(0, start, sheet.y, **AXIS)
            bars = data["low"].notna().any()
            low, high = (rows["low"], rows["high"]) if bars else (0, rows["value"])
            axes.hlines(rows["y"], low, high, **stroke("context" if bars else "rule", 1.6))
            sheet.y += HIGH + 3
        for name in reversed(names):
            mine = rows[rows["series"] == name]
            axes.plot(mine["value"], mine["y"], **looks[name], label=name)

    return finish(draw, data, words, [f"{c.label} {c.text}" for c in loud.itertuples()], given)


def heat(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw counts of rows by columns as filled squares, the number in each; zero is a dot.

    Parameters
    ----------
    frame : DataFrame
        One row a cell: ``label``, ``column``, ``value``; if given ``group``. Rows and columns
        stand in the order of the frame; a categorical keeps empty columns.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["c07", "c07"], "column": ["A", "B"], "value": [3, 0]})
    >>> texts = heat(frame, lq.Show(lq.load(), "en").words).matplotlib().axes[0].texts
    >>> [text.get_text() for text in texts if text.get_label() == "value"]
    ['3', '·']
    """
    data = take(frame, given, ["label", "column", "value"], group="")
    column, top = data["column"], max(data["value"].max(), 1)
    heads = list(column.cat.categories if column.dtype == "category" else column.unique())

    def draw(sheet: Sheet) -> None:
        left = MARGIN + _names_width(sheet, data) + GAP
        wide = min((sheet.width - MARGIN - left) / len(heads), 40)
        _heads(sheet, [str(head) for head in heads], left, wide)
        for cells, _, y in _rows(sheet, data, CELL, stack=False):
            for each in cells.itertuples():
                step, x = math.ceil(5 * each.value / top), left + heads.index(each.column) * wide
                if step:
                    fill = {"color": TONE[f"heat{step}"], "ec": TONE["paper"], "lw": 0.8}
                    sheet.axes.barh(y, wide, CELL, x, **fill, label=[f"{each.label}|{each.column}"])
                tone = ("muted", "ink", "ink", "ink", "paper", "paper")[step]
                said = number(each.value) if step else "·"
                sheet.text(x + wide / 2, y, said, tone=tone, ha="center", label="value")
            sheet.axes.hlines(sheet.y, MARGIN, left + wide * len(heads), **GRID)

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
    >>> [float(y) for y in figure.matplotlib().axes[1].lines[0].get_ydata()]
    [1.0, 2.0]
    """
    data = take(frame, given, ["series", "year", "value"], tone="", group="")
    tones, groups = _tones(data), list(dict.fromkeys(data["group"]))
    loud = [name for name, tone in tones.items() if tone != "context"]
    # Lines may start off zero, bars may not: the scale is as narrow as the values.
    ticks = ticks_of(float(data["value"].min()), float(data["value"].max()))
    years = sorted(map(int, data["year"].unique()))
    first, last, span = years[0], years[-1], max(years[-1] - years[0], 1)
    named = loud if len(tones) > 1 else []
    start = max(text_width(number(tick)) for tick in ticks) + 5
    room = max(map(text_width, named), default=0) + 8

    def panel(sheet: Sheet, rows: pd.DataFrame, left: float, top: float, wide: float, high: float):
        axes = sheet.window(left, top, wide, high)
        every = max(1, math.ceil(30 * span / wide))
        shown = years if len(years) <= 4 else [*range(first, last, every), last]
        shown = [year for year in shown if year in (first, last) or last - year >= every * 0.7]
        axes.set(xlim=(first, first + span), ylim=(ticks[0], ticks[-1]))
        _scale(axes, shown, ticks)
        axes.hlines(ticks[0], first, first + span, **AXIS)
        ends = []
        for name in sorted(tones, key=lambda name: name in loud):
            own = rows[rows["series"] == name].dropna(subset=["value"]).sort_values("year")
            look = stroke(tones[name], 1.4 if name in loud else 0.5, label=name, clip_on=False)
            single = {"marker": "o", "markersize": 3.2} if len(own) == 1 else {}
            axes.plot(own["year"], own["value"], **look, **single)
            if len(own) and name in named:
                share = (ticks[-1] - own["value"].iloc[-1]) / (ticks[-1] - ticks[0])
                ends.append((top + high * share, name))
        # Names at the ends of lines are moved apart, and none below the panel.
        order = np.arange(len(ends)) * SMALL * 1.15
        y = np.maximum.accumulate(np.array([y for y, _ in sorted(ends)]) - order)
        y = np.minimum(y, top + high - order.max(initial=0)) + order
        for at, (_, name) in zip(y, sorted(ends), strict=True):
            sheet.text(left + wide + 5, at, name, tone=tones[name])

    def draw(sheet: Sheet) -> None:
        across, high = (1, ALONE) if len(groups) == 1 else (2, AMONG)
        wide = (sheet.width - 2 * MARGIN - BETWEEN * (across - 1)) / across
        begin, each = sheet.y, high + HEAD + BETWEEN + 8
        for k, group in enumerate(groups):
            left, y = MARGIN + k % across * (wide + BETWEEN), begin + k // across * each
            sheet.text(left, y + SMALL / 2, group, tone="muted")
            y += 4 + HEAD * bool(group)
            rows = data[data["group"] == group]
            panel(sheet, rows, left + start, y, wide - start - room, high)
        sheet.y = begin + math.ceil(len(groups) / across) * each - 8

    final = data[(data["year"] == last) & data["series"].isin(loud)].dropna(subset=["value"])
    listed = [f"{c.group} {c.series} {c.year}: {number(c.value)}" for c in final.itertuples()]
    return finish(draw, data, words, [each.strip() for each in listed], given)


def number(value: float) -> str:
    """Write a number as tables do, with commas between thousands; nothing is a dash.

    >>> [number(each) for each in (12.0, 1234, 0.1234, -0.5)]
    ['12', '1,234', '0.12', '−0.5']
    """
    return "–" if pd.isna(value) else digits(value, ",")


def take(
    frame: pd.DataFrame, given: Mapping[str, str], needed: Sequence[str], **optional: object
) -> pd.DataFrame:
    """Return the columns of a chart by their standard names; say which one is not there."""
    if frame.empty:
        raise ParameterError("the frame has no rows: there is nothing to draw")
    roles = {role: column for role, column in given.items() if role not in TEXTS}
    for role in roles:
        require(role, [*needed, *optional], "role")
    check_columns(frame, [roles.get(role, role) for role in (*roles, *needed)])
    found = {role: roles.get(role, role) for role in (*needed, *optional)}
    data = {r: frame[c] if c in frame else optional[r] for r, c in found.items()}
    return pd.DataFrame(data, index=frame.index).reset_index(drop=True)


def finish(
    draw: object, data: pd.DataFrame, words: Words, listed: Sequence[str], given: Mapping[str, str]
) -> Figure:
    """Finish a figure: an alt text is composed from its values where none is given."""
    text = {name: words.say(given[name]) for name in TEXTS if name in given}
    listed = words.join([words.space(each) for each in listed])
    alt = words("figure.alt", title=text.get("title", ""), listed=listed).lstrip(".。 ")
    used = [name for name in data if not (data[name].isna() | (data[name] == "")).all()]
    return Figure(draw, data[used], **{"alt": alt} | text)


def _tones(data: pd.DataFrame) -> dict[str, str]:
    """Return series → colour: its ``tone``, or the next that is free."""
    tones = data.drop_duplicates("series").set_index("series")["tone"].to_dict()
    free = [name for name, tone in tones.items() if not tone]
    return tones | {name: SERIES[k % len(SERIES)] for k, name in enumerate(free)}


def _scale(axes: object, across: list | None, up: list | None) -> None:
    """Give axes their numbers and a grid, and nothing else."""
    axes.set_axis_on()
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=TONE["muted"], pad=4)
    axes.set_xticks(across, [str(each) if up else number(each) for each in across])
    axes.set_yticks(up or [], [number(each) for each in up or []])
    axes.grid(axis="y" if up else "x", **GRID)
    axes.set_axisbelow(True)


def _rows(sheet: Sheet, data: pd.DataFrame, high: float, stack: bool = True) -> Iterator[tuple]:
    """Write the names of rows, heads over groups; hand out each row: cells, left end, middle line.

    On a narrow sheet long names stand over their rows.
    """
    room = _names_width(sheet, data)
    stacked = stack and sheet.narrow and room == NAMES[1]
    if stacked:
        room = sheet.width - 2 * MARGIN
    before = ""
    for (group, label), cells in data.groupby(["group", "label"], sort=False, observed=True):
        if group != before:
            before, head = group, [start(group)]
            sheet.y = sheet.lines(MARGIN, sheet.y + 3, head, tone="muted", halo="paper") + 2
        names = wrap(start(label), room)
        if stacked:
            sheet.y = sheet.lines(MARGIN, sheet.y + 1, names, halo="paper") + high
            yield cells, MARGIN, sheet.y - high / 2
        else:
            deep = max(high, len(names) * HIGH + 3)
            sheet.lines(MARGIN, sheet.y + (deep - len(names) * HIGH) / 2, names)
            sheet.y += deep
            yield cells, MARGIN + room, sheet.y - deep / 2


def _names_width(sheet: Sheet, data: pd.DataFrame) -> float:
    return min(max(map(text_width, data["label"])) + 1, NAMES[sheet.narrow])


def _heads(sheet: Sheet, heads: list[str], left: float, wide: float) -> None:
    """Write the heads of columns, upright where a word does not fit."""
    broken = [wrap(head, wide - 3) for head in heads]
    turned = max(text_width(line) for names in broken for line in names) > wide - 2
    deep = max(map(text_width, heads)) if turned else max(map(len, broken)) * HIGH
    foot = sheet.y + deep
    for k, (head, names) in enumerate(zip(heads, broken, strict=True)):
        middle = left + (k + 0.5) * wide
        if turned:
            sheet.text(middle, foot, head, tone="muted", rotation=90)
        else:
            sheet.lines(middle, foot - len(names) * HIGH, names, tone="muted", ha="center")
    sheet.y = foot + 3


def ticks_of(low: float, high: float, whole: bool = False) -> list[float]:
    """Return up to six round numbers from below `low` to above `high`.

    >>> ticks_of(0, 23), ticks_of(0, 2, whole=True), ticks_of(-0.4, 0.9)
    ([0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [0.0, 1.0, 2.0], [-0.5, 0.0, 0.5, 1.0])
    """
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10], integer=whole).tick_values(low, high)
    return (ticks.round(10) + 0.0).tolist()
