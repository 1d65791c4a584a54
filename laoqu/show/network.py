"""The network: terms as discs, links as lines, names where there is room."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, finish, take
from laoqu.show.style import LINE, MARGIN, SMALL, Look, Sheet, text_width, wrap
from laoqu.show.words import Words

#: How links look, from the surest to the weakest.
LINKS = (
    Look(line="ink", width=2.2),
    Look(line="muted", width=1.0),
    Look(line="muted", width=1.0, dash=(3, 2)),
)
#: Points: a step of the layout, the widest line of a name, the room left, above and below of it.
STEP, ROOM, LEFT, ABOVE = 42.0, 66.0, 16.0, 18.0
#: Where a name may stand beside its disc, and how far off; the nearer, the better.
SIDES = [(1, 0), (-1, 0), (0, 1), (0, -1)]
SIDES += [(x, y) for y in (0.5, -0.5, 1, -1) for x in (1, -1, 0.5, -0.5)]
FAR = (0, 6, 14, 24, 36, 50, 66)


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
        The kinds of links, the surest first, at most three; by default as they come.
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
        raise ParameterError(f"kinds of links: at most {len(LINKS)}, found {set(links['kind'])}")
    look = dict(zip(kinds, LINKS, strict=False))

    def draw(sheet: Sheet) -> None:
        sheet.legend([(kind, "line", look[kind]) for kind in kinds])
        spots = _packed(data, links, sheet) if sheet.narrow else _as_given(data, sheet)
        at = dict(zip(data["term"], spots + np.array([MARGIN, sheet.y]), strict=True))
        ends = [(at[each.a], at[each.b]) for each in links.itertuples()]
        for (a, b), each in zip(ends, links.itertuples(), strict=True):
            sheet.line(tuple(a), tuple(b), look=look[each.kind], name=f"{each.a}|{each.b}")
        discs = [(*at[each.term], 4.4 + 1.1 * each.value**0.5) for each in data.itertuples()]
        for (x, y, r), each in zip(discs, data.itertuples(), strict=True):
            ring = Look("paper", "ink", 0.8)
            sheet.mark(x, y, r, ring, name=each.term, text=str(each.group))
        taken = [(x - r, y - r, x + r, y + r) for x, y, r in discs]
        dots = np.array([a + (b - a) * part for a, b in ends for part in np.linspace(0, 1, 30)])
        named = zip(data["label"], discs, strict=True)
        for label, disc in sorted(named, key=lambda each: -each[1][2]):
            taken.append(_name(sheet, label, disc, (np.array(taken), dots)))

    listed = [f"{each.a}–{each.b}" for each in links.itertuples() if each.kind == kinds[0]]
    return finish(draw, data, words, listed, given)


def _as_given(data: pd.DataFrame, sheet: Sheet) -> np.ndarray:
    spots = data[["x", "y"]].to_numpy(dtype=float)
    spots = spots - spots.min(axis=0)
    room = sheet.width - 2 * MARGIN - LEFT - ROOM
    return spots * (min(STEP, room / max(spots[:, 0].max(), 1)), STEP) + (LEFT, ABOVE)


def _packed(data: pd.DataFrame, links: pd.DataFrame, sheet: Sheet) -> np.ndarray:
    """Place what hangs together row by row, as it lies in the layout, with room for names."""
    graph = nx.Graph(list(zip(links["a"], links["b"], strict=True)))
    graph.add_nodes_from(data["term"])
    spots, room = data[["x", "y"]].to_numpy(dtype=float) * STEP, sheet.width - 2 * MARGIN
    left, top, deep = 0.0, 0.0, 0.0
    for part in nx.connected_components(graph):
        rows = data["term"].isin(part).to_numpy()
        own = spots[rows] - spots[rows].min(axis=0)
        own[:, 0] *= min(1, (room - LEFT - ROOM) / max(own[:, 0].max(), 1))
        own += (LEFT, ABOVE)
        wide, high = own.max(axis=0) + np.array([ROOM + 4, ABOVE])
        if left and left + wide > room:
            left, top, deep = 0.0, top + deep, 0.0
        spots[rows] = own + np.array([left, top])
        left, deep = left + wide, max(deep, high)
    return spots


def _name(
    sheet: Sheet, text: str, disc: tuple[float, ...], others: tuple[np.ndarray, np.ndarray]
) -> tuple[float, ...]:
    """Write a name where it covers least (boxes, dots of links); return its box."""
    lines, (taken, dots), best = wrap(text, ROOM), others, None
    half = np.array([max(map(text_width, lines)), len(lines) * SMALL * LINE]) / 2
    for far, side in itertools.product(FAR, SIDES):
        away = disc[2] + 2 + np.array([far, 0.7 * far]) + half
        middle = np.array(disc[:2]) + np.array(side) * away
        low, top = middle - half, middle + half
        hits = ((taken[:, :2] < top) & (taken[:, 2:] > low)).all(axis=1).sum()
        out = low[0] < MARGIN or top[0] > sheet.width - MARGIN or low[1] < sheet.y
        on = ((dots > low) & (dots < top)).all(axis=1).sum() if len(dots) else 0
        cost = 1000 * out + 100 * hits + on + far / 3
        if best is None or cost < best[0]:
            best = cost, far, middle
    _, far, middle = best
    if far > 6:
        away = middle - disc[:2]
        edge = disc[:2] + away * disc[2] / np.hypot(*away)
        sheet.line(tuple(edge), tuple(middle), look=Look(line="context", width=0.5))
    low, top = middle - half, middle + half
    sheet.lines(middle[0], low[1], lines, anchor="middle", halo="paper", name="label")
    return (*low, *top)
