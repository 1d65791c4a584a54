"""The network: terms as discs, links as lines, names where there is room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from laoqu.errors import ParameterError
from laoqu.show.figure import Figure, finish, take
from laoqu.show.ground import Room, around
from laoqu.show.style import LINE, MARGIN, SMALL, Sheet, mark, stroke, text_width, wrap
from laoqu.show.words import Words

#: How links look, from the surest to the weakest.
LINKS = stroke("ink", 2.2), stroke("muted", 1.0), stroke("muted", 1.0, linestyle=(0, (3, 2)))
#: Points: a step of the layout, the widest line of a name, the room left and above of the terms,
#: and how far off a name may stand.
STEP, WIDEST, LEFT, ABOVE, FAR = 42.0, 66.0, 22.0, 20.0, 400.0


def network(
    nodes: pd.DataFrame, links: pd.DataFrame, words: Words, kinds: Sequence[str] = (), **given: str
) -> Figure:
    """Draw terms and the links between them.

    Parameters
    ----------
    nodes : DataFrame
        One row a term: ``term``, ``x``, ``y`` (places in the layout, one step apart), ``value``
        (its size and the number in its disc); if given ``label`` (what is written).
    links : DataFrame
        One row a link: ``a``, ``b`` (terms) and ``kind``.
    words : Words
    kinds : sequence of str
        The kinds of links, the surest first, at most three; by default as they come.

    Examples
    --------
    >>> import laoqu as lq
    >>> import pandas as pd
    >>> nodes = pd.DataFrame({"term": ["就业", "产业"], "x": [0, 2], "y": [0, 1], "value": [4, 9]})
    >>> links = pd.DataFrame({"a": ["就业"], "b": ["产业"], "kind": ["sure"]})
    >>> network(nodes, links, lq.Show(lq.load(), "zh").words, title="一对")
    一对。图中数值：就业–产业。
    """
    data = take(nodes, given, ["term", "x", "y", "value"], label="")
    data["label"] = data["label"].where(data["label"] != "", data["term"])
    kinds = list(kinds) or list(dict.fromkeys(links["kind"]))
    if missing := sorted({*links["a"], *links["b"]} - set(data["term"])):
        raise ParameterError(f"the layout has no place for {', '.join(missing)}")
    if len(kinds) > len(LINKS) or set(links["kind"]) - set(kinds):
        raise ParameterError(f"kinds of links: at most {len(LINKS)}, found {set(links['kind'])}")
    looks = dict(zip(kinds, LINKS, strict=False))

    def draw(sheet: Sheet) -> None:
        sheet.legend(list(looks.items()))
        spots = (data[["x", "y"]] - data[["x", "y"]].min()).to_numpy(dtype=float)
        space = sheet.width - 2 * MARGIN - LEFT - WIDEST
        step = min(STEP, space / max(spots[:, 0].max(), 1)), STEP
        spots = spots * step + (MARGIN + LEFT, sheet.y + ABOVE)
        at, radii = dict(zip(data["term"], spots, strict=True)), 4.4 + 1.1 * data["value"] ** 0.5
        room = Room((MARGIN, sheet.y), (sheet.width - MARGIN, np.inf))
        for each in links.itertuples():
            ends = np.array([at[each.a], at[each.b]])
            name = f"{each.a}|{each.b}"
            sheet.axes.plot(*ends.T, **looks[each.kind], label=name)
            room.take(np.linspace(*ends, 30), 0)
        for each, spot, r in zip(data.itertuples(), spots, radii, strict=True):
            sheet.axes.plot(*spot, **mark("paper", "ink", 2 * r, width=0.8), label=each.term)
            sheet.text(*spot, str(each.value), ha="center")
            room.take(spot[None], r)
        for k in radii.sort_values(ascending=False, kind="stable").index:
            names = wrap(data["label"][k], WIDEST)
            size = np.array([max(map(text_width, names)), len(names) * SMALL * LINE])
            x, y = room.fit(around(spots[k], FAR), size)
            if np.hypot(x - spots[k][0], y - spots[k][1]) > 3 * ABOVE:
                sheet.axes.plot([spots[k][0], x], [spots[k][1], y], **stroke("context"), zorder=1)
            sheet.lines(x, y - size[1] / 2, names, ha="center", halo="paper", label="label")
        sheet.y = max(spots[:, 1].max() + ABOVE, room.taken[:, 3].max())

    listed = [f"{each.a}–{each.b}" for each in links.itertuples() if each.kind == kinds[0]]
    return finish(draw, data, words, listed, given)
