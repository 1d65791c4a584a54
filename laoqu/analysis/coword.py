"""Which terms stand together: strengths, a filter against chance, clusters and their stability.

Formulae and their sources are in the methods document, section on co-words. Counts are of units
(sentences or clauses), never of repetitions within one. No cosine or correlation is taken of the
co-occurrence matrix itself: that would normalise twice (Zhou and Leydesdorff 2016).
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom
from sklearn.metrics import adjusted_rand_score

from laoqu.analysis.resample import DRAWS, SEED, clause_draws

#: A term in fewer units is left out: its strengths would rest on one or two sentences.
MINIMUM = 3
#: A pair is a link where chance alone would bring the two together so often at most this often.
LEVEL = 0.05
#: A link is drawn where at least this share of the draws has it.
STABLE = 0.5
#: Width of the layout, room for a label beside a term and between rows, in lengths of a link.
ACROSS, LABEL, ROW = 9.0, 2.0, 0.8
STRENGTHS = ["association", "equivalence", "inclusion", "ochiai", "jaccard"]


def incidence(
    tokens: pd.DataFrame, sentences: pd.DataFrame, level: str = "concept", unit: str = "unit_id"
) -> pd.DataFrame:
    """Return which term stands in which unit.

    Parameters
    ----------
    tokens : DataFrame
        ``plan.table("tokens")``: ``unit_id`` and the column `level`.
    sentences : DataFrame
        ``plan.sentences()``: ``unit_id`` and, for clauses, ``clause_id``; units without a term
        count too.
    level : {"concept", "term"}
    unit : {"unit_id", "clause_id"}

    Returns
    -------
    DataFrame
        Index units in reading order, columns terms in order; 1 where the term stands, else 0.

    Examples
    --------
    >>> import laoqu as lq
    >>> from laoqu.analysis import coword
    >>> plan = lq.load()
    >>> coword.incidence(plan.table("tokens"), plan.sentences()).loc["c03.s02"].sum()
    np.int64(2)
    """
    of = sentences.set_index("unit_id", drop=False)[unit]
    units = pd.Index(dict.fromkeys(of), name=unit)
    table = pd.crosstab(tokens["unit_id"].map(of), tokens[level]).clip(upper=1)
    table = table.reindex(index=units, fill_value=0)
    return table.reindex(columns=sorted(table.columns)).rename_axis(columns=level)


def pairs(table: pd.DataFrame, minimum: int = MINIMUM, level: float = LEVEL) -> pd.DataFrame:
    r"""Return how strongly each two terms stand together.

    With N units, s the units of a term and c the units of both: association strength
    :math:`A = cN / (s_a s_b)` (1 where two terms are independent; van Eck and Waltman 2009),
    equivalence :math:`E = c^2 / (s_a s_b)` (Callon 1983), inclusion :math:`c / \min(s_a, s_b)`,
    Ochiai :math:`c / \sqrt{s_a s_b}`, Jaccard :math:`c / (s_a + s_b - c)`. p is one-sided,
    :math:`P(C \ge c)` of the hypergeometric distribution; units of one clause are treated as
    independent, which makes p too small.

    Parameters
    ----------
    table : DataFrame
        From `incidence`.
    minimum : int
        Least number of units of a term.
    level : float
        Highest p of a link.

    Returns
    -------
    DataFrame
        One row per pair of kept terms in order, those that never meet included: ``term_a``,
        ``term_b``, ``together`` (c), ``units_a``, ``units_b``, the five strengths, ``p``,
        ``p_adjusted`` (Benjamini and Hochberg, over all pairs of kept terms), ``link`` (p at most
        `level`) and ``strict`` (adjusted p at most `level`).

    Examples
    --------
    >>> import pandas as pd
    >>> from laoqu.analysis import coword
    >>> table = pd.DataFrame({"a": [1, 1, 1, 0], "b": [1, 1, 0, 1]})
    >>> coword.pairs(table)[["together", "inclusion", "jaccard"]].values.tolist()
    [[2.0, 0.6666666666666666, 0.5]]
    """
    kept = table.loc[:, table.sum() >= minimum].sort_index(axis="columns")
    matrix = kept.to_numpy(dtype="int64")
    one, two = np.triu_indices(matrix.shape[1], k=1)
    both = (matrix.T @ matrix)[one, two]
    count = matrix.sum(axis=0)
    a, b = count[one], count[two]
    product = (a * b).astype("float64")
    p = _by_chance(both[None], np.array([len(matrix)]), a[None], b[None])
    adjusted = false_discovery_control(p[0]) if len(both) else p[0]
    return pd.DataFrame(
        {
            "term_a": kept.columns[one],
            "term_b": kept.columns[two],
            "together": both,
            "units_a": a,
            "units_b": b,
            "association": both * len(matrix) / product,
            "equivalence": both**2 / product,
            "inclusion": both / np.minimum(a, b),
            "ochiai": both / np.sqrt(product),
            "jaccard": both / (a + b - both),
            "p": p[0],
            "p_adjusted": adjusted,
            "link": p[0] <= level,
            "strict": adjusted <= level,
        }
    )


def stability(
    table: pd.DataFrame, clauses: Sequence[str], minimum: int = MINIMUM, level: float = LEVEL,
    draws: int = DRAWS, seed: int = SEED,
) -> pd.DataFrame:  # fmt: skip
    """Return `pairs` with how often each link comes out again when clauses are drawn anew.

    Parameters
    ----------
    table : DataFrame
        From `incidence`, one row per sentence.
    clauses : sequence of str
        The clause of each row.

    Returns
    -------
    DataFrame
        The columns of `pairs` with ``clauses`` (in which the two stand together) and
        ``frequency``: the share of draws in which the pair passes the same filter, counts and
        number of units being those of the draw. What rests on one clause alone comes out in at
        most 63 % of the draws: one of k clauses is drawn with probability 1 − (1 − 1/k)^k.
    """
    result = pairs(table, minimum, level)
    found = _links(table, clauses, result, minimum, level, draws, seed)
    kept = table.to_numpy(dtype="int64")
    at = {term: i for i, term in enumerate(table.columns)}
    names = np.asarray(clauses)
    meet = [
        len(set(names[(kept[:, at[a]] & kept[:, at[b]]).astype(bool)]))
        for a, b in zip(result["term_a"], result["term_b"], strict=True)
    ]
    return result.assign(clauses=meet, frequency=found.mean(axis=0))


def drawn(paired: pd.DataFrame) -> pd.DataFrame:
    """Return the links that come out in at least half of the draws: the network of the figures."""
    return paired[paired["link"] & (paired["frequency"] >= STABLE)].reset_index(drop=True)


def network(links: pd.DataFrame) -> nx.Graph:
    """Return the links as a graph; nodes are numbers in the order of their terms.

    Numbers, since the order of a set of words differs from run to run, and with it the order in
    which ties would be broken. ``term`` of a node, ``association`` and ``distance`` (1/A) of a link.
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
        The rows of `pairs` or `stability` that are links.
    table : DataFrame
        From `incidence`.

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


def summary(links: pd.DataFrame, table: pd.DataFrame, minimum: int = MINIMUM) -> dict[str, float]:
    """Return the network's numbers: units, terms, kept and linked terms, links, density, Q.

    ``density`` is the share of possible links among linked terms, ``modularity`` the Q of
    `communities` on association strengths (NaN without a link).
    """
    graph, count = network(links), table.sum()
    some = graph.number_of_edges() > 0
    return {
        "units": len(table),
        "terms": int((count > 0).sum()),
        "kept": int((count >= minimum).sum()),
        "linked": graph.number_of_nodes(),
        "links": graph.number_of_edges(),
        "components": nx.number_connected_components(graph),
        "clusters": len(communities(graph)),
        "density": nx.density(graph) if some else float("nan"),
        "modularity": nx.community.modularity(graph, communities(graph), weight="association")
        if some
        else float("nan"),
    }


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
    parts = sorted((sorted(part) for part in nx.connected_components(graph)), key=lambda p: (-len(p), p))
    shapes = [_shape(graph, part, seed) for part in parts]
    at, corner, low = {}, [0.0, 0.0], 0.0
    for part, points in zip(parts, shapes, strict=True):
        width, height = np.ptp(points, axis=0) + (LABEL, ROW)
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
    return points / np.linalg.norm(points[ends[:, 0]] - points[ends[:, 1]], axis=1).mean()


def strategic(paired: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    r"""Return Callon's centrality and density of each cluster, as SciMAT defines them.

    Centrality :math:`10 \sum E` over the pairs with one term outside, density
    :math:`100 \sum E / w` over the pairs inside, w the terms of the cluster. All pairs of kept
    terms count, not only links. Other programs leave out the factor or use association strength.

    Parameters
    ----------
    paired : DataFrame
        From `pairs`.
    members : DataFrame
        ``term`` and ``cluster``.

    Returns
    -------
    DataFrame
        One row per cluster: ``cluster``, ``terms`` (w), ``centrality``, ``density``,
        ``quadrant``: motor, basic, specialised, marginal; high is at least the median.
    """
    cluster = dict(zip(members["term"], members["cluster"], strict=True))
    a, b = paired["term_a"].map(cluster), paired["term_b"].map(cluster)
    inside = (a == b) & a.notna()
    rows = []
    for number, part in members.groupby("cluster"):
        within = paired.loc[inside & (a == number), "equivalence"].sum()
        across = paired.loc[~inside & ((a == number) | (b == number)), "equivalence"].sum()
        rows.append([number, len(part), 10 * across, 100 * within / len(part)])
    result = pd.DataFrame(rows, columns=["cluster", "terms", "centrality", "density"])
    central = result["centrality"] >= result["centrality"].median()
    dense = result["density"] >= result["density"].median()
    names = {
        (True, True): "motor", (True, False): "basic", (False, True): "specialised",
        (False, False): "marginal",
    }  # fmt: skip
    return result.assign(quadrant=[names[pair] for pair in zip(central, dense, strict=True)])


def cluster_stability(
    table: pd.DataFrame, clauses: Sequence[str], members: pd.DataFrame, minimum: int = MINIMUM,
    level: float = LEVEL, draws: int = 200, seed: int = SEED,
) -> np.ndarray:  # fmt: skip
    """Return the adjusted Rand index between `members` and the clusters of each draw.

    A term without a link in a draw is a cluster of its own there. 1 is the same division, 0 what
    chance gives; shape (draws,).
    """
    paired = pairs(table, minimum, level)
    found = _links(table, clauses, paired, minimum, level, draws, seed, strengths=True)
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


def _links(
    table: pd.DataFrame, clauses: Sequence[str], paired: pd.DataFrame, minimum: int, level: float,
    draws: int, seed: int, strengths: bool = False,
) -> np.ndarray:  # fmt: skip
    """Return for each draw and pair whether it is a link, or its association where it is one."""
    times = clause_draws(clauses, draws, seed)
    matrix = table.to_numpy(dtype="int64")
    one, two = (table.columns.get_indexer(paired[end]) for end in ("term_a", "term_b"))
    both = times @ (matrix[:, one] * matrix[:, two])
    count, size = times @ matrix, times.sum(axis=1)
    a, b = count[:, one], count[:, two]
    enough = (np.minimum(a, b) >= minimum) & (both > 0)
    p = np.ones(both.shape)
    p[enough] = _by_chance(both, size[:, None] + np.zeros_like(a), a, b, enough)
    link = enough & (p <= level)
    if not strengths:
        return link
    return np.where(link, both * size[:, None] / np.maximum(a * b, 1), 0.0)


def _by_chance(
    both: np.ndarray, size: np.ndarray, a: np.ndarray, b: np.ndarray, where: object = ...
) -> np.ndarray:
    """Return P(C >= both): the hypergeometric tail, worked out once for each set of numbers."""
    parts = [np.broadcast_to(part, both.shape)[where].ravel() for part in (both, size, a, b)]
    sets, back = np.unique(np.stack(parts), axis=1, return_inverse=True)
    c, n, first, second = sets
    p = np.clip(hypergeom.sf(c - 1, n, first, second), 0, 1)
    return p[back.ravel()].reshape(both[where].shape)

