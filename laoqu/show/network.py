"""The network: terms as discs, links as lines, names where there is room."""

from __future__ import annotations

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
FAR = np.repeat((0, 6, 14, 24, 36, 50, 66), len(SIDES))[:, None]


def network(
    nodes: pd.DataFrame, links: pd.DataFrame, words: Words, kinds: Sequence[str] = (), **given: str
) -> Figure:
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
        spots = _packed(data, links, sheet) + np.array([MARGIN, sheet.y])
        at = dict(zip(data["term"], spots, strict=True))
        for each in links.itertuples():
            ends = tuple(at[each.a]), tuple(at[each.b])
            sheet.line(*ends, look=look[each.kind], name=f"{each.a}|{each.b}")
        radii = 4.4 + 1.1 * data["value"].to_numpy() ** 0.5
        for each, spot, r in zip(data.itertuples(), spots, radii, strict=True):
            ring = Look("paper", "ink", 0.8)
            sheet.mark(*spot, r, ring, name=each.term, text=str(each.group))
        along = np.linspace(0, 1, 30)[:, None]
        dots = [at[each.a] * (1 - along) + at[each.b] * along for each in links.itertuples()]
        dots = np.concatenate([np.empty((0, 2)), *dots])
        taken = np.hstack([spots - radii[:, None], spots + radii[:, None]])
        for k in np.argsort(-radii, kind="stable"):
            box = _name(sheet, data["label"][k], (spots[k], radii[k]), (taken, dots))
            taken = np.vstack([taken, box])

    listed = [f"{each.a}–{each.b}" for each in links.itertuples() if each.kind == kinds[0]]
    return finish(draw, data, words, listed, given)


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
    sheet: Sheet, text: str, disc: tuple[np.ndarray, float], others: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Write a name where it covers least (boxes, dots of links); return its box."""
    lines, (at, r), (taken, dots) = wrap(text, ROOM), disc, others
    half = np.array([max(map(text_width, lines)), len(lines) * SMALL * LINE]) / 2
    middles = at + np.tile(SIDES, (7, 1)) * (r + 2 + FAR * (1, 0.7) + half)
    low, top = (middles - half)[:, None], (middles + half)[:, None]
    hits = ((taken[:, :2] < top) & (taken[:, 2:] > low)).all(axis=2).sum(axis=1)
    on = ((dots > low) & (dots < top)).all(axis=2).sum(axis=1)
    edges = np.array([MARGIN, sheet.y]), np.array([sheet.width - MARGIN, np.inf])
    out = ((low < edges[0]) | (top > edges[1])).any(axis=(1, 2))
    best = (1000 * out + 100 * hits + on + FAR[:, 0] / 3).argmin()
    middle = middles[best]
    if FAR[best, 0] > 6:
        edge = at + (middle - at) * r / np.hypot(*(middle - at))
        sheet.line(tuple(edge), tuple(middle), look=Look(line="context", width=0.5))
    sheet.lines(*(middle - (0, half[1])), lines, anchor="middle", halo="paper", name="label")
    return np.hstack([middle - half, middle + half])
