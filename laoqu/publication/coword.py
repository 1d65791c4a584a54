"""Tables of the co-word analysis: the links, the clusters, other words and units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from laoqu.labels import joined, label
from laoqu.tables import Block


def links_table(
    paired: pd.DataFrame, numbers: Mapping[str, float], glosses: Mapping[str, str], lang: str = "zh"
) -> Block:
    """Return every link, the surest first, also those too unstable to be drawn.

    Parameters
    ----------
    paired : DataFrame
        From `laoqu.analysis.coword.stability`.
    numbers : mapping
        From `laoqu.analysis.clusters.summary`.
    glosses : mapping
        Term to English gloss.
    lang : {"zh", "en"}
    """
    shown = paired[paired["link"]].sort_values(["p", "term_a", "term_b"])
    rows = tuple(
        (
            " – ".join(_name(term, glosses, lang) for term in (row.term_a, row.term_b)),
            f"{row.together}", f"{row.units_a}, {row.units_b}", f"{row.association:.1f}",
            f"{row.equivalence:.2f}", _p(row.p), _p(row.p_adjusted), f"{row.clauses}",
            f"{row.frequency:.1%}",
        )
        for row in shown.itertuples()
    )  # fmt: skip
    counts = {key: int(numbers[key]) for key in ("pairs", "links", "strict")}
    counts["expected"] = round(numbers["expected"])
    columns = ("pair", "together", "units", "association", "equivalence", "p", "p_adjusted",
               "clauses", "frequency")  # fmt: skip
    return _block("coword.links", columns, rows, range(1, 9), lang, counts)


def clusters_table(
    diagram: pd.DataFrame, members: pd.DataFrame, numbers: Mapping[str, float],
    scores: Sequence[float], glosses: Mapping[str, str], lang: str = "zh",
) -> Block:  # fmt: skip
    """Return the clusters with their concepts and their place in the strategic diagram.

    Parameters
    ----------
    diagram, members : DataFrame
        From `laoqu.analysis.clusters.strategic` and `nodes`.
    numbers, glosses, lang
        As for `links_table`.
    scores : sequence of float
        From `laoqu.analysis.clusters.cluster_stability`.
    """
    named = members.groupby("cluster")["term"].agg(list)
    rows = tuple(
        (
            f"{row.cluster}",
            joined([_name(term, glosses, lang) for term in named[row.cluster]], lang),
            f"{row.terms}", f"{row.centrality:.1f}", f"{row.density:.1f}",
            label(f"coword.quadrant_name.{row.quadrant}", lang),
        )
        for row in diagram.itertuples()
    )  # fmt: skip
    counts = {
        "modularity": _number(numbers["modularity"]), "draws": len(scores),
        "ari": _number(np.median(scores)) if len(scores) else "–", "kept": int(numbers["kept"]),
    }  # fmt: skip
    columns = ("cluster", "concepts", "units", "centrality", "density", "quadrant")
    return _block("coword.clusters", columns, rows, (2, 3, 4), lang, counts)


def variants_table(variants: pd.DataFrame, lang: str = "zh") -> Block:
    """Return what other words and units give; from `laoqu.analysis.clusters.variants`."""
    whole = ("units", "kept", "pairs", "links")
    rows = tuple(
        (
            label(f"coword.level.{row['level']}", lang), label(f"coword.unit.{row['unit']}", lang),
            *(f"{row[key]:,}" for key in whole), f"{row['expected']:.0f}", f"{row['strict']}",
            f"{row['stable']}", f"{row['clusters']}", _number(row["modularity"]),
        )
        for row in variants.to_dict("records")
    )  # fmt: skip
    others = variants["strict"].iloc[1:]
    counts = {"low": int(others.min()), "high": int(others.max())}
    columns = ("level", "unit", *whole, "expected", "strict", "stable", "clusters", "modularity")
    return _block("coword.variants", columns, rows, range(2, 11), lang, counts)


def _block(
    name: str, columns: Sequence[str], rows: tuple[tuple[str, ...], ...],
    numeric: Sequence[int], lang: str, counts: Mapping[str, object],
) -> Block:  # fmt: skip
    words = {key: f"{n:,}" if isinstance(n, int) else n for key, n in counts.items()}
    return Block(
        anchor=name.replace(".", "-"),
        title=label(f"{name}.title", lang),
        lead=label(f"{name}.lead", lang, **words),
        columns=tuple(label(f"coword.col.{column}", lang) for column in columns),
        rows=rows,
        numeric=frozenset(numeric),
        note=label(f"{name}.note", lang, **words),
        values={f"{name.replace('.', '_')}_{key}": value for key, value in counts.items()},
        lang=lang,
    )


def _name(term: str, glosses: Mapping[str, str], lang: str) -> str:
    return term if lang == "zh" else glosses[term]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
