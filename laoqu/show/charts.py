"""The charts: a frame in, a `Figure` out. Nothing is found out here; the title is the caller's.

Each chart names the columns it needs. ``given`` are the title, subtitle, caption and alt of the
figure, and which column stands for which where it has another name: ``value="n"``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, Formatter, MaxNLocator

from laoqu.errors import ParameterError, require
from laoqu.show.figure import TEXTS, Figure
from laoqu.show.style import (
    LINE,
    MARGIN,
    SMALL,
    TONE,
    Sheet,
    mark,
    straight,
    stroke,
    text_width,
    wrap,
)
from laoqu.show.table import check_columns
from laoqu.show.words import Words, apart, digits, numbers, start

#: Colours of series in their order; more than these are not told apart.
SERIES = ("focus", "ink", "supply", "environment")
AXIS = stroke("context", 0.7)
#: Points: a line of text, a row, one of many dots, one of squares, the widest names of rows on a
#: wide and a narrow sheet, and between equal dots.
HIGH, ROW, STRIP, CELL, NAMES, NEXT = SMALL * LINE, 13.0, 24.0, 15.0, (150.0, 92.0), 4.7
#: Points: height of a panel of lines alone and of one among several.
ALONE, AMONG = 170.0, 112.0


def dots(frame: pd.DataFrame, words: Words, own: bool = False, **given: str) -> Figure:
    """Draw values as dots with their intervals, on one scale or each row on its `own` from zero.

    One row of `frame` a dot: ``label``, ``value``; if given ``low`` and ``high`` (an interval, or
    the range of other areas), ``group`` (a head over rows), ``series`` (several dots a row) with
    ``tone`` (a colour's name; what is in ``context`` stands behind, small and without its value)
    and ``complete`` (if not, it is a ring), ``text`` (written in place of the value),
    ``region_id`` (goes into the data). Of a row on its own scale equal values stand around its
    line, which ends at the greatest.

    >>> import laoqu as lq
    >>> plan = lq.load()
    >>> n = plan.measures()["theme"].value_counts().rename_axis("label").reset_index(name="value")
    >>> figure = dots(n, lq.Show(plan, "en").words, title="Most measures are of theme T04")
    >>> len(figure.matplotlib().axes[0].lines[-1].get_xdata()) == len(n)
    True
    """
    key = "" if own else "label series group"
    data = take(frame, given, ["label", "value"], key, low=np.nan, high=np.nan, group="",
                series="", tone="", text="", complete="", region_id="")  # fmt: skip
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
    said = pd.Series(numbers(data["value"], ","), data.index)
    loud["text"] = loud["text"].where(loud["text"] != "", said)
    whole = bool((data["value"] % 1 == 0).all())
    room = max(map(text_width, loud["text"]), default=0) + 16
    deep = STRIP if own else ROW + 9 * (len(names) - 1)

    def draw(sheet: Sheet) -> None:
        sheet.legend([(name, look) for name, look in looks.items() if name])
        axes = sheet.figure.add_subplot()
        y, high, wide = _rows(axes, data, sheet, deep, room)
        if not own:
            y = y + (data["series"].map(names.index) - (len(names) - 1) / 2) * 9
        for k in loud.index:
            text, tone = straight(loud["text"][k].strip()), tones[loud["series"][k]]
            _beside(axes, text, (0, y[k]), -8, color=TONE[tone], ha="right", label="value")
        rows = data.assign(y=y)
        if own:
            rows = rows.sort_values("series", key=lambda it: it.map(names.index))
            rows = _strips(axes, rows, wide)
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=whole))
            axes.xaxis.set_major_formatter(Ticks())
            axes.grid(axis="x")
            axes.vlines(0, 0, high, **AXIS)
            bars = data["low"].notna().any()
            low, high = (rows["low"], rows["high"]) if bars else (0, rows["value"])
            axes.hlines(rows["y"], low, high, **stroke("context" if bars else "rule", 1.6))
        for name in reversed(names):
            mine = rows[rows["series"] == name]
            axes.plot(mine["value"], mine["y"], **looks[name], label=name)
        sheet.close(axes.get_ylim()[0] + (0 if own else HIGH + 4))

    several = loud["series"].nunique() > 1
    listed = [f"{c.label} {c.series * several} {c.text}" for c in loud.itertuples()]
    listed = [each.replace("  ", " ") for each in listed]
    return finish(draw, data, words, listed, given)


def heat(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw counts of rows by columns as filled squares, the number in each; zero is a dot.

    One row of `frame` a cell: ``label``, ``column``, ``value``; if given ``group``. Rows and
    columns stand in the order of the frame; a categorical keeps empty columns. The caption says
    which values share a fill.

    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"label": ["c07", "c07"], "column": ["A", "B"], "value": [3, 0]})
    >>> axes = heat(frame, lq.Show(lq.load(), "en").words).matplotlib().axes[0]
    >>> [text.get_text() for text in axes.texts]
    ['3', '·']
    """
    data = take(frame, given, ["label", "column", "value"], "label column group", group="")
    column, top = data["column"], max(data["value"].max(), 1)
    texts = pd.Series(numbers(data["value"], ","), data.index).replace("", "–")
    heads = list(column.cat.categories if column.dtype == "category" else column.unique())

    steps = np.ceil(5 * data["value"] / top).clip(lower=0).fillna(0).astype(int)
    x = data["column"].map(heads.index).astype(int)
    ends = data["value"].groupby(steps[steps > 0]).agg(["idxmin", "idxmax"])
    said = ["–".join(dict.fromkeys(texts[both])) for both in ends.to_numpy().tolist()]
    parts = words.say(given.get("caption", "")), words("figure.steps", steps=words.join(said))
    given["caption"] = words.sentences(parts)

    def draw(sheet: Sheet) -> None:
        axes = sheet.figure.add_subplot()
        y, high, wide = _rows(axes, data, sheet, CELL)
        each = min(wide / len(heads), 40)
        axes.set_xlim(0, wide / each)
        filled = steps > 0
        axes.barh(
            y[filled], 1, CELL, x[filled], clip_on=False, linewidth=0.8, edgecolor=TONE["paper"],
            color=steps[filled].map(lambda step: TONE[f"heat{step}"]),
            label=(data["label"].astype(str) + "|" + data["column"].astype(str))[filled].tolist(),
        )  # fmt: skip
        for k, step in steps.items():
            tone = ("muted", "ink", "ink", "ink", "paper", "paper")[step]
            said = "·" if data["value"][k] == 0 else texts[k]
            look = {"color": TONE[tone], "ha": "center", "va": "center_baseline"}
            axes.text(x[k] + 0.5, y[k], said, in_layout=False, **look)
        # The heads of columns stand upright where a word does not fit.
        names = [wrap(str(head), each - 3) for head in heads]
        turned = max(text_width(line) for lines in names for line in lines) > each - 2
        said = [straight(str(head)) for head in heads] if turned else ["\n".join(n) for n in names]
        axes.xaxis.tick_top()
        axes.set_xticks(np.arange(len(heads)) + 0.5, said, rotation=90 if turned else 0)
        above = max(map(text_width, map(str, heads))) if turned else max(map(len, names)) * HIGH
        sheet.close(high + above + 6)

    most = data.nlargest(5, "value").itertuples()
    listed = [f"{c.label}, {c.column}: {texts[c.Index]}" for c in most]
    return finish(draw, data, words, listed, given)


def lines(frame: pd.DataFrame, words: Words, **given: str) -> Figure:
    """Draw a line for each series, its name at its end.

    One row of `frame` per ``series`` and ``year``: ``value``; if given ``group`` (a panel each, on
    one scale) and ``tone`` (a colour's name; a series in ``context`` is drawn thin, without name).
    A line is broken where a series lacks a year that another one has.

    >>> import laoqu as lq
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"series": ["a", "a"], "year": [2020, 2021], "value": [1.0, 2.0]})
    >>> figure = lines(frame, lq.Show(lq.load(), "en").words, title="It grew")
    >>> [float(y) for y in figure.matplotlib().axes[0].lines[0].get_ydata()]
    [1.0, 2.0]
    """
    data = take(frame, given, ["series", "year", "value"], "series year group", tone="", group="")
    tones, groups = _tones(data), list(dict.fromkeys(data["group"]))
    loud = [name for name, tone in tones.items() if tone != "context"]
    years = np.unique(data["year"])
    first, last = years[[0, -1]].tolist()
    few = len(years) <= 5 and np.diff(years).min(initial=last) * 8 >= last - first
    across, deep = (1, ALONE) if len(groups) == 1 else (2, AMONG)

    def panel(axes: Axes, rows: pd.DataFrame) -> None:
        for name in sorted(tones, key=lambda name: name in loud):
            own = rows[rows["series"] == name].set_index("year")["value"].reindex(years)
            look = stroke(tones[name], 1.4 if name in loud else 0.5, label=name, clip_on=False)
            alone = own.notna() & own.shift(1).isna() & own.shift(-1).isna()
            axes.plot(years, own, **look, marker="o", markersize=3.2, markevery=alone.tolist())
            if own.notna().any() and name in loud and len(tones) > 1:
                end = 1, own.dropna().iloc[-1]
                _beside(axes, straight(name), end, 5, color=TONE[tones[name]])

    def draw(sheet: Sheet) -> None:
        down = math.ceil(len(groups) / across)
        panels = sheet.figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flat
        for k, (group, axes) in enumerate(zip(groups, panels, strict=False)):
            axes.set_title(straight(group))
            axes.tick_params(labelbottom=k + across >= len(groups))
            at = FixedLocator(years) if few else MaxNLocator(4, integer=True)
            axes.xaxis.set_major_locator(at)
            axes.xaxis.set_major_formatter(lambda year, _: f"{year:.0f}")
            # Lines may start off zero, bars may not: the scale is as narrow as the values.
            axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_formatter(Ticks())
            axes.grid(axis="y")
            panel(axes, data[data["group"] == group])
        axes.set_xlim(first, max(last, first + 1))
        for empty in panels:
            empty.remove()
        sheet.close(deep * down)
        for axes in sheet.figure.axes:
            _spread(axes)

    final = data[(data["year"] == last) & data["series"].isin(loud)].dropna(subset=["value"])
    ends = zip(final.itertuples(), numbers(final["value"], ","), strict=True)
    listed = [f"{c.group} {c.series} {c.year}: {text}" for c, text in ends]
    return finish(draw, data, words, [each.strip() for each in listed], given)


class Ticks(Formatter):
    """Writes the ticks of an axis short, and apart from each other."""

    def __call__(self, value: float, _: int | None = None) -> str:
        """Return the text of a value by itself, as under the pointer."""
        return digits(value + 0.0, ",")

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the texts of all ticks."""
        return apart([value + 0.0 for value in values])


def take(
    frame: pd.DataFrame, given: Mapping[str, str], needed: Sequence[str], key: str,
    **optional: object,
) -> pd.DataFrame:  # fmt: skip
    """Return the columns of a chart by their standard names; say which one cannot be drawn.

    No two rows may be alike in the columns of `key`.
    """
    if frame.empty:
        raise ParameterError("the frame has no rows: there is nothing to draw")
    roles = {role: column for role, column in given.items() if role not in TEXTS}
    for role in roles:
        require(role, [*needed, *optional], "role")
    check_columns(frame, [roles.get(role, role) for role in (*roles, *needed)])
    found = {role: roles.get(role, role) for role in (*needed, *optional)}
    data = {r: frame[c] if c in frame else optional[r] for r, c in found.items()}
    data = pd.DataFrame(data, index=frame.index).reset_index(drop=True).infer_objects()
    for role in {"value", "year", "low", "high"} & {*data}:
        name = repr(found[role])
        if not pd.api.types.is_numeric_dtype(data[role]):
            kind = "float" if role != "year" else "int"
            raise ParameterError(f"column {name} holds no numbers: .astype({kind}) makes them")
        if np.isinf(data[role].astype("float64")).any() or (role == "year" and data[role].hasnans):
            raise ParameterError(f"column {name} has a value that is infinite, or a year missing")
    if data["value"].isna().all():
        raise ParameterError(f"column {found['value']!r} has no value: there is nothing to draw")
    key = [role for role in key.split() if role in data]
    if key and (twice := data.duplicated(key)).any():
        which = ", ".join(str(data[role][twice.idxmax()]) for role in key)
        why = "two rows for one place of the chart: group them first, or drop one"
        names = ", ".join(found[role] for role in key if found[role] in frame)
        raise ParameterError(f"{names}: {which.strip(', ')}: {why}")
    for tone in data.get("tone", ()):
        require(tone or SERIES[0], TONE, "tone")
    return data


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


def _rows(
    axes: Axes, data: pd.DataFrame, sheet: Sheet, deep: float, room: float = 8.0
) -> tuple[pd.Series, float, float]:
    """Name the rows `room` points left of the axes, with heads over groups.

    Return the middle of each row of the frame and the height of all, from the top down, and the
    width that is left, in points.
    """
    rows = data[["group", "label"]].drop_duplicates()
    lines = [wrap(start(str(label)), NAMES[sheet.narrow]) for label in rows["label"]]
    rows["high"] = np.maximum(deep, [len(each) * HIGH + 3 for each in lines])
    headed = rows["group"].ne(rows["group"].shift(fill_value=""))
    rows["foot"] = (rows["high"] + headed * ROW).cumsum()
    rows["y"] = rows["foot"] - rows["high"] / 2
    heads = rows[headed]
    high = rows["foot"].iloc[-1]
    axes.set_ylim(high, 0)
    said = ["\n".join(each) for each in lines] + [straight(start(head)) for head in heads["group"]]
    axes.set_yticks([*rows["y"], *(heads["foot"] - heads["high"] - ROW / 2)], said)
    wide = max(text_width(line) for text in said for line in text.split("\n"))
    axes.tick_params(axis="y", pad=wide + room, labelcolor=TONE["ink"])
    for k, text in enumerate(axes.get_yticklabels()):
        text.set(ha="left", color=TONE["ink" if k < len(rows) else "muted"])
    middle = data[["group", "label"]].merge(rows, how="left")["y"]
    return middle, high, sheet.width - 2 * MARGIN - wide - room


def _beside(axes: Axes, text: str, at: tuple, off: float, **look: object) -> None:
    """Write a text `off` points beside a place: a fraction of the axes' width, a height in data."""
    across = axes.get_yaxis_transform()
    axes.annotate(text, at, (off, 0), across, "offset points", va="center_baseline", **look)


def _spread(axes: Axes) -> None:
    """Move the names at the ends of lines apart, and none below the axes."""
    names = sorted(axes.texts, key=lambda text: -text.xy[1])
    at = np.array([axes.transData.transform(name.xy)[1] for name in names])
    order = np.arange(len(names)) * SMALL * LINE
    y = np.minimum.accumulate(at + order)
    y = np.maximum(y, axes.bbox.y0 + order.max(initial=0)) - order
    for name, off in zip(names, y - at, strict=True):
        name.xyann = (5, off)


def _strips(axes: Axes, rows: pd.DataFrame, wide: float) -> pd.DataFrame:
    """Draw a scale for each row, from zero to its greatest value; put equal values around it."""
    most = rows.groupby("y")["value"].max().clip(lower=1)
    axes.set(xlim=(0, 1), xticks=[])
    axes.hlines(most.index, 0, 1, **AXIS)
    for y, value in most.items():
        _beside(axes, digits(value, ","), (1, y), 8, color=TONE["muted"])
    at = rows["value"] / rows["y"].map(most)
    column, k = divmod(rows.groupby(["y", "value"]).cumcount(), 5)
    aside = column * NEXT / wide * np.where(at < 0.5, 1, -1)
    return rows.assign(value=at + aside, y=rows["y"] + (k + 1) // 2 * np.where(k % 2, NEXT, -NEXT))
