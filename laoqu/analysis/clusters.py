"""The network of terms as a graph: clusters, strategic diagram, stability, a layout."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd

from laoqu.analysis import coword
from laoqu.analysis.resample import SEED

#: Width of the layout, room for a label beside a term and between rows, in lengths of a link;
#: by how much parts of more than three terms are drawn larger, to have room for their labels.
ACROSS, LABEL, ROW, LARGER = 8.8, 1.75, 0.8, 1.25


def network(links: pd.DataFrame) -> nx.Graph:
    """Return the links as a graph; nodes are numbers in the order of their terms.

    Numbers, since the order of a set of words differs from run to run, and with it the order in
    which ties would be broken. Nodes carry ``term``, links ``association`` and ``distance`` (1/A).
    """
    terms = sorted({*links["term_a"], *links["term_b"]})
    number = {term: i for i, term in enumerate(terms)}
    graph = nx.Graph()
    graph.add_nodes_from((i, {"term": term}) for term, i in number.items())
    ends = zip(links["term_a"].map(number), links["term_b"].map(number), strict=True)
    for (a, b), strength in sorted(
        zip(((min(e), max(e)) for e in ends), links["association"], strict=True)
    ):
        graph.add_edge(int(a), int(b), association=float(strength), distance=1 / float(strength))
    return graph


def communities(graph: nx.Graph) -> list[list[int]]:
    """Return the clusters of greedy modularity, largest first, then by their first term.

    Ties in modularity go to the pair of clusters whose terms come first.
    """
    if not graph.number_of_edges():
        return [[node] for node in graph]
    found = nx.community.greedy_modularity_communities(graph, weight="association")
    return sorted((sorted(each) for each in found), key=lambda each: (-len(each), each[0]))


def nodes(links: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the terms of the network with their place in it.

    Parameters
    ----------
    links : DataFrame
        From `coword.drawn`.
    table : DataFrame
        From `coword.incidence`.

    Returns
    -------
    DataFrame
        One row per term that has a link, by cluster: ``term``, ``units`` (s), ``cluster`` (from
        1), ``degree``, ``weighted_degree`` (sum of A), ``betweenness`` (share of shortest paths,
        distance 1/A).
    """
    graph = network(links)
    between = nx.betweenness_centrality(graph, weight="distance")
    rows = [
        [graph.nodes[node]["term"], int(table[graph.nodes[node]["term"]].sum()), cluster,
         graph.degree(node), graph.degree(node, weight="association"), between[node]]
        for cluster, members in enumerate(communities(graph), start=1)
        for node in members
    ]  # fmt: skip
    columns = ["term", "units", "cluster", "degree", "weighted_degree", "betweenness"]
    return pd.DataFrame(rows, columns=columns)


def summary(
    paired: pd.DataFrame, table: pd.DataFrame, minimum: int = coword.MINIMUM
) -> dict[str, float]:
    """Return the numbers of one network, from `coword.stability` and `coword.incidence`.

    ``units``; ``terms``, those ``kept`` (in enough units), ``pairs`` of these; ``links``, how many
    chance alone gives (``expected``), links after correction (``strict``) and links that also come
    out in half of the draws (``stable``). Of the stable ones: ``linked`` terms, separate ``parts``,
    ``clusters``, ``density`` (share of possible links), ``modularity`` Q on association strengths;
    the last two are NaN without a link.
    """
    links = coword.drawn(paired)
    graph = network(links)
    found, some = communities(graph), graph.number_of_edges() > 0
    nothing = float("nan")
    return {
        "units": len(table),
        "terms": int((table.sum() > 0).sum()),
        "kept": int((table.sum() >= minimum).sum()),
        "pairs": len(paired),
        "links": int(paired["link"].sum()),
        "expected": coword.expected(paired, len(table)),
        "strict": int(paired["strict"].sum()),
        "stable": len(links),
        "linked": graph.number_of_nodes(),
        "parts": nx.number_connected_components(graph),
        "clusters": len(found),
        "density": nx.density(graph) if some else nothing,
        "modularity": nx.community.modularity(graph, found, "association") if some else nothing,
    }


def variants(tokens: pd.DataFrame, sentences: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers of the network under other choices of the words and of the unit.

    Returns
    -------
    DataFrame
        One row per level (``concept``, ``term``) and unit (``sentence``, ``clause``): ``level``,
        ``unit`` and the numbers of `summary`. The first row is the network of the figures.
    """
    rows = []
    for level in ("concept", "term"):
        for name, unit in (("sentence", "unit_id"), ("clause", "clause_id")):
            table = coword.incidence(tokens, sentences, level, unit)
            clauses = sentences["clause_id"] if name == "sentence" else table.index
            paired = coword.stability(table, clauses)
            rows.append({"level": level, "unit": name, **summary(paired, table)})
    return pd.DataFrame(rows)


def strategic(paired: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    r"""Return Callon's centrality and density of each cluster, as SciMAT defines them.

    Centrality :math:`10 \sum E` over the pairs with one term outside, density
    :math:`100 \sum E / w` over the pairs inside, w the terms of the cluster. All pairs of kept
    terms count, not only links. Other programs leave out the factor or use association strength.

    Parameters
    ----------
    paired : DataFrame
        From `coword.pairs`.
    members : DataFrame
        From `nodes`.

    Returns
    -------
    DataFrame
        One row per cluster: ``cluster``, ``name`` (its term in most units, then of highest
        weighted degree, then the first), ``terms`` (w), ``centrality``, ``density``,
        ``quadrant``: motor, basic, specialised, marginal; high is at least the median.
    """
    cluster = dict(zip(members["term"], members["cluster"], strict=True))
    a, b = paired["term_a"].map(cluster), paired["term_b"].map(cluster)
    inside = (a == b) & a.notna()
    rows = []
    for number, part in members.groupby("cluster"):
        within = paired.loc[inside & (a == number), "equivalence"].sum()
        across = paired.loc[~inside & ((a == number) | (b == number)), "equivalence"].sum()
        by = ["units", "weighted_degree", "term"]
        name = part.sort_values(by, ascending=[False, False, True])["term"].iloc[0]
        rows.append([number, name, len(part), 10 * across, 100 * within / len(part)])
    result = pd.DataFrame(rows, columns=["cluster", "name", "terms", "centrality", "density"])
    central = result["centrality"] >= result["centrality"].median()
    dense = result["density"] >= result["density"].median()
    names = {
        (True, True): "motor", (True, False): "basic", (False, True): "specialised",
        (False, False): "marginal",
    }  # fmt: skip
    return result.assign(quadrant=[names[pair] for pair in zip(central, dense, strict=True)])


def cluster_stability(
    table: pd.DataFrame, clauses: Sequence[str], members: pd.DataFrame,
    minimum: int = coword.MINIMUM, level: float = coword.LEVEL, draws: int = 200, seed: int = SEED,
) -> np.ndarray:  # fmt: skip
    """Return the adjusted Rand index between `members` and the clusters of each draw.

    The clusters of a draw come from all its links, those of `members` from the stable ones. A term
    without a link in a draw is a cluster of its own there. 1 is the same division, 0 what chance
    gives; shape (draws,).
    """
    from sklearn.metrics import adjusted_rand_score  # slow to import, and `laoqu check` comes here

    paired = coword.pairs(table, minimum, level)
    found = coword.link_draws(table, clauses, paired, minimum, level, draws, seed, strengths=True)
    order = members["term"].tolist()
    base, scores = members["cluster"].to_numpy(), np.empty(draws)
    for i, strength in enumerate(found):
        graph = network(paired.assign(association=strength)[strength > 0])
        named = {
            graph.nodes[node]["term"]: number
            for number, each in enumerate(communities(graph))
            for node in each
        }
        here = [named.get(term, -1 - j) for j, term in enumerate(order)]
        scores[i] = adjusted_rand_score(base, here)
    return scores


def layout(links: pd.DataFrame, table: pd.DataFrame, seed: int = SEED) -> pd.DataFrame:
    """Return where the terms of the network stand: each part of it apart, its long side upright.

    Returns
    -------
    DataFrame
        One row per term: ``term``, ``x`` and ``y`` in mean lengths of a link (two decimals),
        ``cluster``, ``seed``. Parts stand in rows, the largest first; there is room for a label
        to the right of every term.
    """
    graph = network(links)
    found = (sorted(part) for part in nx.connected_components(graph))
    parts = sorted(found, key=lambda part: (-len(part), part))
    shapes = [_shape(graph, part, seed) for part in parts]
    at, corner, low = {}, [0.0, 0.0], 0.0
    for part, points in zip(parts, shapes, strict=True):
        width, height = np.add(np.ptp(points, axis=0), (LABEL, ROW))
        if corner[0] + width > ACROSS:
            corner = [0.0, low]
        low = min(low, corner[1] - height)
        points = points - (points[:, 0].min(), points[:, 1].max()) + corner
        at |= dict(zip(part, points.round(2), strict=True))
        corner[0] += width
    members = nodes(links, table)
    number = {graph.nodes[node]["term"]: node for node in graph}
    places = np.array([at[number[term]] for term in members["term"]]).reshape(-1, 2) + 0.0
    return pd.DataFrame(
        {"term": members["term"], "x": places[:, 0], "y": places[:, 1],
         "cluster": members["cluster"], "seed": seed}
    )  # fmt: skip


def _shape(graph: nx.Graph, part: list[int], seed: int) -> np.ndarray:
    """Return points of one connected part: springs from a seeded start, turned upright."""
    alone = nx.Graph()
    alone.add_nodes_from(part)
    alone.add_edges_from(sorted(tuple(sorted(edge)) for edge in graph.subgraph(part).edges))
    points = nx.spring_layout(alone, weight=None, seed=seed, iterations=300)
    points = np.array([points[node] for node in part])
    points -= points.mean(axis=0)
    # Turned so that the long axis is upright; which end is up would be up to the processor.
    points = points @ np.linalg.svd(points)[2][::-1].T
    points *= [np.sign(column[np.abs(column).argmax()]) or 1 for column in points.T.round(6)]
    index = {node: i for i, node in enumerate(part)}
    ends = np.array([(index[a], index[b]) for a, b in alone.edges])
    length = np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1).mean()
    return points / length * (LARGER if len(part) > 3 else 1)
