"""The co-word network with its stable links, and the strategic diagram of its clusters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from laoqu.errors import ParameterError
from laoqu.figures import style
from laoqu.figures.sheet import Sheet
from laoqu.figures.style import Drawn
from laoqu.labels import joined, label

#: Inches: length of a link, margin, height of the key; radius of a term in one unit.
LINK, MARGIN, KEY, RADIUS = 0.67, 0.42, 0.28, 0.05
#: What a link looks like: chance left out after correction too, several clauses, one clause alone.
LINKS = {
    "strict": {"color": style.INK, "linewidth": 2.6, "solid_capstyle": "butt"},
    "several": {"color": style.MUTED, "linewidth": 1.1},
    "one": {"color": style.MUTED, "linewidth": 1.1, "linestyle": (0, (3, 2))},
}
#: Quadrant: is it right (central), is it above (dense)?
QUADRANTS = {"motor": (1, 1), "specialised": (0, 1), "basic": (1, 0), "marginal": (0, 0)}


def plot_network(
    links: pd.DataFrame, members: pd.DataFrame, layout: pd.DataFrame, numbers: Mapping[str, float],
    glosses: Mapping[str, str], lang: str = "zh",
) -> Drawn:  # fmt: skip
    """Draw the stable links between terms.

    Parameters
    ----------
    links : DataFrame
        From `laoqu.analysis.coword.drawn`.
    members : DataFrame
        From `laoqu.analysis.clusters.nodes`.
    layout : DataFrame
        ``plan.table("coword_layout")``, or from `laoqu.analysis.clusters.layout`.
    numbers : mapping
        From `laoqu.analysis.clusters.summary`.
    glosses : mapping
        Term to English gloss.
    lang : {"zh", "en"}

    Returns
    -------
    Drawn
        ``data`` has one row per term and per link (``kind``), with places, counts, strengths.

    Raises
    ------
    ParameterError
        When the layout lacks a term.
    """
    if missing := sorted(set(members["term"]) - set(layout["term"])):
        raise ParameterError(f"the layout has no place for {', '.join(missing)}: make a new one")
    points = members.merge(layout[["term", "x", "y"]], on="term", validate="one_to_one")
    counts = _counts(numbers)
    finding = label("coword.finding", lang, **counts)
    with style.style():
        words = finding, label("coword.subtitle", lang, **counts)
        rows = float(np.ptp(points["y"])) if len(points) else 0.0
        head = 1 - style.head(Figure(figsize=(style.FULL_WIDTH, 1)), *words)
        figure = Figure(figsize=(style.FULL_WIDTH, rows * LINK + 2 * MARGIN + KEY + head))
        sheet = Sheet(figure, lang)
        _key(sheet, style.head(figure, *words) - 0.12)
        places = MARGIN + LINK * (points[["x", "y"]] - points[["x", "y"]].min()).to_numpy()
        at = dict(zip(points["term"], places, strict=True))
        kinds = _kinds(links)
        for row, kind in zip(links.itertuples(), kinds, strict=True):
            sheet.line(at[row.term_a], at[row.term_b], **LINKS[kind])
        size = {row.term: 0.06 + RADIUS * np.sqrt(row.units) / 2 for row in points.itertuples()}
        for row in points.itertuples():
            sheet.disc(at[row.term], size[row.term], str(row.cluster))
        for row in points.sort_values(["degree", "term"], ascending=[False, True]).itertuples():
            sheet.name(at[row.term], size[row.term], _named(row.term, row.units, glosses, lang))
        sheet.write_names()
    shown = points.assign(kind="term").rename(columns={"term": "term_a"})
    data = pd.concat([shown, links.assign(kind=[f"link_{kind}" for kind in kinds])])
    first = ["kind", "term_a", "term_b", "cluster", "units", "x", "y", "together", "association",
             "p", "p_adjusted", "clauses", "frequency"]  # fmt: skip
    alt = label("coword.alt", lang, finding=finding, names=_pairs(links, glosses, lang), **counts)
    caption = label("coword.caption", lang, **counts)
    data = data.reindex(columns=first).reset_index(drop=True)
    return Drawn("coword_network", figure, data, alt, caption)


def plot_strategic(
    diagram: pd.DataFrame, numbers: Mapping[str, float], glosses: Mapping[str, str],
    lang: str = "zh",
) -> Drawn:  # fmt: skip
    """Draw the clusters by centrality and density, in four quadrants at the medians.

    Parameters
    ----------
    diagram : DataFrame
        From `laoqu.analysis.clusters.strategic`; it is the figure's data.
    numbers, glosses, lang
        As for `plot_network`.

    Returns
    -------
    Drawn
    """
    quadrants = {name: label(f"coword.quadrant.{name}", lang) for name in QUADRANTS}
    tiny = int((diagram["terms"] < 3).sum())
    large = diagram[diagram["terms"] > 2]
    motor = int((large["quadrant"] == "motor").sum())
    values = {"clusters": len(diagram), "tiny": tiny, "large": len(large), "motor": motor}
    finding = label("coword.strategic.finding", lang, **values)
    with style.style():
        figure = Figure(figsize=(style.FULL_WIDTH, 4.6))
        below = style.head(figure, finding, label("coword.strategic.subtitle", lang))
        width, height = figure.get_size_inches()
        frame = [0.55 / width, 0.5 / height, 1 - 0.7 / width, (below - 0.6) / height]
        axes = figure.add_axes(frame)
        tops = {}
        for column in ("centrality", "density"):
            tops[column] = 1.15 * diagram[column].max() if diagram[column].any() else 1.0
        axes.set_xlim(0, tops["centrality"])
        axes.set_ylim(0, tops["density"])
        # Only the numbers that show: matplotlib keeps one beyond the end.
        axes.set_xticks([tick for tick in axes.get_xticks() if tick <= tops["centrality"]])
        axes.set_yticks([tick for tick in axes.get_yticks() if tick <= tops["density"]])
        axes.set_xlabel(label("coword.centrality", lang), fontsize=style.SMALL_SIZE)
        axes.set_ylabel(label("coword.density", lang), fontsize=style.SMALL_SIZE)
        middle = diagram[["centrality", "density"]].median()
        sheet = Sheet(figure, lang, corner=(0.6, 0.55))
        for name, (right, top) in QUADRANTS.items():
            spot = np.array([0.55 + (width - 0.75) * right + 0.06, 0.5 + (below - 0.6) * top - 0.1])
            if right:
                spot[0] = width - 0.19
            if not top:
                spot[1] = 0.6
            sheet.word(spot, quadrants[name], "right" if right else "left")
        look = {"color": style.CONTEXT, "linewidth": 0.8}
        x, y = axes.transData.transform(middle) / figure.dpi
        sheet.line(np.array([x, 0.5]), np.array([x, below - 0.1]), **look)
        sheet.line(np.array([0.55, y]), np.array([width - 0.15, y]), **look)
        inches = {}
        for row in diagram.itertuples():
            pixels = axes.transData.transform((row.centrality, row.density))
            inches[row.cluster] = pixels / figure.dpi
            sheet.disc(inches[row.cluster], 0.1, str(row.cluster), hollow=row.terms < 3)
        for row in diagram.sort_values("density").itertuples():
            sheet.name(inches[row.cluster], 0.1, _named(row.name, row.terms, glosses, lang))
        sheet.write_names()
    listed = {
        name: joined([_name(term, glosses, lang) for term in part["name"]], lang)
        for name in QUADRANTS
        for part in [diagram[diagram["quadrant"] == name]]
    }
    alt = label("coword.strategic.alt", lang, finding=finding, **listed)
    caption = label("coword.strategic.caption", lang, **values, kept=int(numbers["kept"]))
    return Drawn("coword_strategic", figure, diagram.copy(), alt, caption)


def _key(sheet: Sheet, y: float) -> None:
    x = 0.06
    for kind, look in LINKS.items():
        text = label(f"coword.key.{kind}", sheet.lang)
        wide = style.text_width(sheet.figure, [text], style.SMALL_SIZE)
        sheet.axes.plot([x, x + 0.28], [y, y], **look)
        sheet.word(np.array([x + 0.34, y]), text, "left")
        x += 0.34 + wide + 0.2


def _kinds(links: pd.DataFrame) -> list[str]:
    several = np.where(links["clauses"] > 1, "several", "one")
    return np.where(links["strict"], "strict", several).tolist()


def _counts(numbers: Mapping[str, float]) -> dict[str, object]:
    whole = {key: int(value) for key, value in numbers.items() if float(value).is_integer()}
    share = numbers["expected"] / numbers["links"] if numbers["links"] else 1.0
    return whole | {
        "pairs": f"{whole['pairs']:,}",
        "expected": round(numbers["expected"]), "chance": f"{min(share, 1):.0%}",
        "weak": whole["stable"] - whole["strict"],
        "unlinked": whole["kept"] - whole["linked"],
    }  # fmt: skip


def _name(term: str, glosses: Mapping[str, str], lang: str) -> str:
    return term if lang == "zh" else glosses[term]


def _named(term: str, count: int, glosses: Mapping[str, str], lang: str) -> str:
    return f"{_name(term, glosses, lang)} {count}"


def _pairs(links: pd.DataFrame, glosses: Mapping[str, str], lang: str) -> str:
    strict = links[links["strict"]]
    ends = zip(strict["term_a"], strict["term_b"], strict=True)
    named = ["–".join(_name(term, glosses, lang) for term in pair) for pair in ends]
    return joined(named, lang)
