"""The network: terms as discs, links as lines, names where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, finish, take
from laoqu.show.style import LINE, MARGIN, SMALL, Look, Sheet, straight, text_width, wrap
from laoqu.show.words import Words

#: How links look, from the surest to the weakest.
LINKS = (
    Look(line="ink", width=2.2), Look(line="muted", width=1.0),
    Look(line="muted", width=1.0, dash=(3, 2)),
)  # fmt: skip
#: Points: a step of the layout, the widest line of a name, and what is left free of it.
STEP, ROOM, LEFT = 42.0, 66.0, 16.0


def network(
    nodes: pd.DataFrame, links: pd.DataFrame, words: Words, kinds: Sequence[str] = (),
    **given: str,
) -> Figure:  # fmt: skip
    """Draw terms and the links between them.

    Parameters
    ----------
    nodes : DataFrame
        One row a term: ``term``, ``x``, ``y`` (places in the layout, one step apart), ``value``
        (its size); if given ``label`` (what is written) and ``group`` (the number in the disc).
    links : DataFrame
        One row a link: ``a``, ``b`` (terms) and ``kind``.
    words : Words
    kinds : sequence of str
        The kinds of links, the surest first, at most three.
    **given : str
        Title, subtitle, caption, alt; names of the columns of `nodes` where they differ.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"term": ["就业", "产业"], "x": [0, 2], "y": [0, 1], "value": [4, 9]})
    >>> links = pd.DataFrame({"a": ["就业"], "b": ["产业"], "kind": ["sure"]})
    >>> figure = network(nodes, links, lq.Show(lq.load(), "zh").words)
    >>> [item.name for item in figure.sheet().items if item.kind == "mark"]
    ['就业', '产业']
    """
    data = take(nodes, given, ["term", "x", "y", "value"], label="")
    data["label"] = data["label"].where(data["label"] != "", data["term"])
    kinds = list(kinds) or list(dict.fromkeys(links["kind"]))
    if missing := sorted({*links["a"], *links["b"]} - set(data["term"])):
        raise ParameterError(f"the layout has no place for {', '.join(missing)}")
    if len(kinds) > len(LINKS) or set(links["kind"]) - set(kinds):
        raise ParameterError(f"kinds of links: expected at most {len(LINKS)} of {kinds}")
    look = dict(zip(kinds, LINKS, strict=False))

    def draw(sheet: Sheet) -> None:
        sheet.legend([(kind, "line", look[kind]) for kind in kinds])
        spots = _packed(data, links, sheet) if sheet.narrow else _as_given(data, sheet)
        spots = spots + (MARGIN, sheet.y)
        at = dict(zip(data["term"], spots, strict=True))
        for each in links.itertuples():
            ends = tuple(at[each.a]), tuple(at[each.b])
            sheet.line(*ends, look=look[each.kind], name=f"{each.a}|{each.b}")
        boxes = []
        for each in data.itertuples():
            r = 4.4 + 1.1 * np.sqrt(each.value)
            sheet.mark(*at[each.term], r, Look("paper", "ink", 0.8), name=each.term)
            if each.group != "":
                sheet.text(*at[each.term], str(each.group), anchor="middle")
            boxes.append((*(at[each.term] - r), *(at[each.term] + r)))
        lines = [np.linspace(at[e.a], at[e.b], 30) for e in links.itertuples()]
        lines = np.concatenate([*lines, np.empty((0, 2))])
        for each in data.sort_values("value", ascending=False, kind="stable").itertuples():
            r = 4.4 + 1.1 * np.sqrt(each.value)
            _name(sheet, straight(each.label), (*at[each.term], r), boxes, lines)
        sheet.y = max(box[3] for box in boxes) + 4

    listed = [f"{each.a}–{each.b}" for each in links.itertuples() if each.kind == kinds[0]]
    return finish(draw, data, words, listed, given)


def _as_given(data: pd.DataFrame, sheet: Sheet) -> np.ndarray:
    spots = data[["x", "y"]].to_numpy(dtype=float)
    spots = spots - spots.min(axis=0)
    step = min(STEP, (sheet.width - 2 * MARGIN - LEFT - ROOM) / max(spots[:, 0].max(), 1))
    return spots * (step, STEP) + (LEFT, LINE * SMALL * 2)


def _packed(data: pd.DataFrame, links: pd.DataFrame, sheet: Sheet) -> np.ndarray:
    """Place what hangs together row by row, as it lies in the layout, with room for names."""
    graph = nx.Graph(list(zip(links["a"], links["b"], strict=True)))
    graph.add_nodes_from(data["term"])
    spots = data.set_index("term")[["x", "y"]] * STEP
    left, top, deep = 0.0, 0.0, 0.0
    for part in nx.connected_components(graph):
        own = spots.loc[sorted(part)]
        own = own - own.min() + (LEFT, LINE * SMALL * 2)
        wide, high = own.max() + (ROOM + 4, LINE * SMALL * 2)
        if left + wide > sheet.width - 2 * MARGIN:
            left, top, deep = 0.0, top + deep, 0.0
        spots.loc[own.index] = own + (left, top)
        left, deep = left + wide, max(deep, high)
    return spots.reindex(data["term"]).to_numpy()


def _name(
    sheet: Sheet, text: str, disc: tuple[float, ...], boxes: list[tuple[float, ...]],
    dots: np.ndarray,
) -> None:  # fmt: skip
    """Write a name where it covers no other name or disc and few links; remember its box."""
    lines = wrap(text, ROOM)
    wide, high = max(map(text_width, lines)), len(lines) * SMALL * LINE
    at, gap, known, best = np.array(disc[:2]), disc[2] + 2, np.array(boxes), None
    for far in (0, 6, 14, 24, 36):
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)):
            middle = at + np.array([dx * (gap + far + wide / 2), dy * (gap + far * 0.7 + high / 2)])
            low, top = middle - (wide / 2, high / 2), middle + (wide / 2, high / 2)
            hit = ((known[:, :2] < top) & (known[:, 2:] > low)).all(axis=1).sum()
            out = low[0] < MARGIN or top[0] > sheet.width - MARGIN or low[1] < sheet.y
            cost = (
                100 * (hit + 10 * out) + ((dots > low) & (dots < top)).all(axis=1).sum() + far / 3
            )
            if best is None or cost < best[0] - 1e-9:
                best = cost, far, middle
    _, far, middle = best
    top = middle[1] - high / 2
    if far > 6:
        sheet.line(tuple(at), tuple(middle), look=Look(line="context", width=0.5))
    look = {"anchor": "middle", "halo": "paper", "name": "label"}
    sheet.lines(middle[0], top, lines, **look)
    boxes.append((middle[0] - wide / 2, top, middle[0] + wide / 2, top + high))
