"""Cross tables of codes: how often each pair occurs, and which pairs stand out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from laoqu.analysis.crosstab import Association
from laoqu.analysis.reassign import DRAWS
from laoqu.figures import style
from laoqu.figures.matrix import frame, matrix, number
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label

FOUND = 0.05


def crosstab(
    everywhere: Association,
    inside: Association,
    words: tuple[Mapping[str, str], Mapping[str, str]],
    lang: str = "zh",
) -> Drawn:
    """Draw a cross table of instruments and another variable.

    Parameters
    ----------
    everywhere, inside : Association
        From `laoqu.analysis.crosstab.association`: labels shuffled among all measures, and
        within clauses only.
    words : pair of mappings
        Code → label of the rows (instruments or their classes) and of the columns.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per cell that is no structural zero: the columns of the cells of
        `everywhere`, and ``shuffled_within``, ``p_within`` and ``p_within_adjusted`` of `inside`.
    """
    data = joint(everywhere, inside)
    row, column = everywhere.cells.columns[:2]
    rows = data.groupby(row, sort=False)["row_total"].first()
    columns = data.groupby(column, sort=False)["column_total"].first()
    finding = cross_finding(data, lang)
    subtitle = label("cross.subtitle", lang, n=int(everywhere.summary["n"].iloc[0]))
    with style.style():
        names = [f"{_coded(code, words[0])}  {n}" for code, n in rows.items()]
        heads = [f"{words[1][code]}  {n}" for code, n in columns.items()]
        figure, axes = matrix(finding, subtitle, names, heads)
        at = {code: i for i, code in enumerate(rows.index)}
        x = {code: i for i, code in enumerate(columns.index)}
        most = data["n"].max()
        for cell in data.to_dict("records"):
            place = x[cell[column]], at[cell[row]]
            if cell["n"]:
                fill = _tint(style.CLASS_FILL[cell[row][0]], 0.15 + 0.4 * cell["n"] / most)
                frame(axes, *place, facecolor=fill, linewidth=0)
                number(axes, *place, str(cell["n"]))
            if cell["p_adjusted"] < FOUND:
                strict = cell["p_within_adjusted"] < FOUND
                # More or fewer than what the shuffle gives that the frame stands for.
                more = cell["n"] > cell["shuffled_within" if strict else "shuffled"]
                frame(
                    axes, *place, facecolor="none", edgecolor=style.INK,
                    linewidth=1.8 if strict else 0.7,
                    linestyle="-" if more else (0, (2, 1.4)),
                )  # fmt: skip
    zeros = everywhere.cells[everywhere.cells["structural"]][row].drop_duplicates()
    caption = label(
        "cross.caption", lang, draws=f"{DRAWS:,}",
        zeros=joined([_coded(code, words[0]) for code in zeros], lang),
    )  # fmt: skip
    strict = data[data["p_within_adjusted"] < FOUND]
    listed = [
        label("cross.cell", lang, a=words[0][a], b=words[1][b])
        for a, b in zip(strict[row], strict[column], strict=True)
    ]
    n = int(everywhere.summary["n"].iloc[0])
    alt = label("cross.alt", lang, finding=finding, n=n, listed=joined(listed, lang))
    return Drawn(f"{row}_by_{column}", figure, data, alt, caption)


def joint(everywhere: Association, inside: Association) -> pd.DataFrame:
    """Return the cells under both ways of shuffling, structural zeros left out."""
    data = everywhere.cells.assign(
        shuffled_within=inside.cells["shuffled"],
        p_within=inside.cells["p"],
        p_within_adjusted=inside.cells["p_adjusted"],
    )
    return data[~data["structural"]].reset_index(drop=True)


def cross_finding(data: pd.DataFrame, lang: str) -> str:
    """Say how many cells stand out, and how many beside the layout in clauses."""
    terms = variables(data, lang)
    values = _found(data)
    if not values["found"]:
        return label("cross.finding_none", lang, **terms)
    return label("cross.finding", lang, **terms, **values)


def variables(data: pd.DataFrame, lang: str) -> dict[str, str]:
    """Return the names of the two variables of a cross table, as a title needs them."""
    a, b = (label(f"cross.variable.{name}", lang) for name in data.columns[:2])
    return {"a": a.capitalize(), "b": b}


def _found(data: pd.DataFrame) -> dict[str, int]:
    return {
        "found": int((data["p_adjusted"] < FOUND).sum()),
        "strict": int((data["p_within_adjusted"] < FOUND).sum()),
    }


def _coded(code: str, words: Mapping[str, str]) -> str:
    return f"{code} {words[code]}"


def _tint(colour: str, strength: float) -> str:
    """Mix a colour into paper: dark ink stays legible on it."""
    pairs = zip(to_rgb(style.PAPER), to_rgb(colour), strict=True)
    return to_hex([a + strength * (b - a) for a, b in pairs])
