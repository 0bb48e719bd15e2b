"""Cluster flows as a Sankey diagram: fold the many small clusters of a column, order the nodes to cut crossings."""

from dataclasses import dataclass, field

import numpy as np

from .result import TRUE_LABELS
from .tree import cut_into

STORED = 0  # `largest` of a variant that the result itself folds
LARGEST = (12, 40)  # clusters drawn by name in a column; singletons are folded whenever anything is
LABELS_DRAWN = 40  # classes drawn by name among the true labels
MAX_GROUPS = 20  # with more classes than this the folded clusters are not kept apart by class
SWEEPS = 12
SIFTS = 6


@dataclass
class Node:
    cluster: int  # -1 where `n_clusters` > 1
    size: int
    dominant_class: int  # -1: no labels, or clusters of several classes
    dominant_count: int
    n_clusters: int  # 1, or how many clusters are folded into this node
    counts: list = field(default_factory=list)  # (class, number of points), largest first, where it is known


@dataclass
class Column:
    key: int  # stage index, or layer index
    nodes: list  # in drawing order


@dataclass
class Sankey:
    columns: list
    flows: list  # per pair of neighbouring columns an integer matrix [source node, target node]


@dataclass
class Variant:
    largest: int
    by_class: bool
    sankey: Sankey


@dataclass
class Clusters:
    """All clusters of one column, one entry of each array a cluster, ascending by cluster number."""

    key: int
    cluster: np.ndarray
    size: np.ndarray
    dominant_class: np.ndarray
    dominant_count: np.ndarray
    members: np.ndarray = None  # cluster of every point, where the result holds it

    def index(self, numbers):
        """Place of each cluster number in the arrays, -1 for one that has no row."""
        low = min(int(self.cluster.min(initial=0)), int(numbers.min(initial=0)))
        table = np.full(max(int(self.cluster.max(initial=0)), int(numbers.max(initial=0))) - low + 1, -1, dtype=np.int64)
        table[self.cluster - low] = np.arange(len(self.cluster))
        return table[numbers - low]


def make_clusters(key, cluster, size, dominant_class=None, dominant_count=None, members=None):
    order = np.argsort(cluster, kind="stable")
    unknown = np.full(len(cluster), -1), np.zeros(len(cluster))
    columns = (cluster, size) + (unknown if dominant_class is None else (dominant_class, dominant_count))
    return Clusters(key, *(np.asarray(column, dtype=np.int64)[order] for column in columns), members)


def clusters_of_table(key, nodes, members=None):
    columns = (nodes[name] for name in ("cluster", "size", "dominant_class", "dominant_count"))
    return make_clusters(key, *columns, members)


def count_members(clusters, nodes, node_of, labels):
    """Class make-up of every node. One whose points do not add up to its size (outliers are left out of it) gets none."""
    if clusters.members is None or labels is None:
        return
    place = clusters.index(clusters.members)
    n_classes = int(labels.max(initial=-1)) + 1
    inside = np.flatnonzero(place >= 0)
    total = np.bincount(node_of[place[inside]], minlength=len(nodes))
    inside = inside[labels[inside] >= 0]
    cells = np.bincount(node_of[place[inside]] * n_classes + labels[inside], minlength=len(nodes) * n_classes)
    for node, n_points, row in zip(nodes, total, cells.reshape(len(nodes), n_classes)):
        if n_points == node.size:
            largest = np.lexsort((np.arange(n_classes), -row))
            node.counts = [(int(k), int(row[k])) for k in largest if row[k]]


def fold(clusters, largest, by_class):
    """Nodes of a column, and for every cluster the index of its node. Outliers (a negative number) are never folded."""
    n = len(clusters.cluster)
    kept = np.ones(n, dtype=bool)
    if n > largest:
        kept[:] = clusters.cluster < 0
        by_size = np.lexsort((clusters.cluster, -clusters.size))[:largest]
        kept[by_size[clusters.size[by_size] > 1]] = True
    groups = clusters.dominant_class if by_class else np.zeros(n, dtype=np.int64)
    for group in np.unique(groups[~kept]):
        alone = np.flatnonzero(~kept & (groups == group))
        if len(alone) == 1:
            kept[alone] = True

    nodes, node_of = [], np.empty(n, dtype=np.int64)
    for index in np.flatnonzero(kept):
        node_of[index] = len(nodes)
        nodes.append(
            Node(
                int(clusters.cluster[index]),
                int(clusters.size[index]),
                int(clusters.dominant_class[index]),
                int(clusters.dominant_count[index]),
                1,
            )
        )
    for group in np.unique(groups[~kept]):
        members = np.flatnonzero(~kept & (groups == group))
        node_of[members] = len(nodes)
        classes = np.unique(clusters.dominant_class[members])
        one_class = len(classes) == 1
        nodes.append(
            Node(
                -1,
                int(clusters.size[members].sum()),
                int(classes[0]) if one_class else -1,
                int(clusters.dominant_count[members].sum()) if one_class else 0,
                len(members),
            )
        )
    return nodes, node_of


def crossings(flow):
    """Weight of all crossings between two columns: sum of the products of the flows that cross."""
    from_below = np.zeros_like(flow)
    from_below[:-1] = flow[::-1].cumsum(axis=0)[::-1][1:]
    to_the_left = np.zeros_like(flow)
    to_the_left[:, 1:] = from_below.cumsum(axis=1)[:, :-1]
    return float((flow * to_the_left).sum())


def centres(sizes):
    ends = np.cumsum(sizes)
    return (ends - sizes / 2) / max(ends[-1], 1)


def barycentre_order(order, flow, neighbour_order, sizes, neighbour_sizes):
    """`order` rearranged by the mean position of the neighbours in the next column; flow is [node, neighbour]."""
    position = np.empty(len(neighbour_order))
    position[neighbour_order] = centres(neighbour_sizes[neighbour_order])
    own = np.empty(len(order))
    own[order] = centres(sizes[order])
    weight = flow.sum(axis=1)
    mean = np.where(weight > 0, flow @ position / np.maximum(weight, 1), own)
    return order[np.argsort(mean[order], kind="stable")]


def crossing_costs(flow):
    """[u, v] = weight of the crossings between the flows of u and v when u is drawn above v; flow is [node, neighbour in order]."""
    before = flow.cumsum(axis=1) - flow
    return flow @ before.T


def sift(order, costs):
    """Move each node of a column to its cheapest place among the others; it stays where that costs the same."""
    for node in order.copy():
        place = int(np.flatnonzero(order == node)[0])
        others = np.delete(order, place)
        below, above = costs[others, node], costs[node, others]
        price = np.concatenate([[0], below.cumsum()]) + np.concatenate([above[::-1].cumsum()[::-1], [0]])
        if price.min() < price[place]:
            place = int(price.argmin())
        order = np.insert(others, place, node)
    return order


def order_nodes(sizes, flows):
    """Order of the nodes in each column: barycentre sweeps to the right and back, of which the best is kept, then sifting."""
    flows = [flow.astype(float) for flow in flows]
    orders = [np.arange(len(column)) for column in sizes]

    def cost():
        return sum(crossings(flow[orders[c]][:, orders[c + 1]]) for c, flow in enumerate(flows))

    best, least = list(orders), cost()
    for sweep in range(SWEEPS):
        if sweep % 2 == 0:
            steps = [(c, c - 1, flows[c - 1].T) for c in range(1, len(orders))]
        else:
            steps = [(c, c + 1, flows[c]) for c in range(len(orders) - 2, -1, -1)]
        for column, neighbour, flow in steps:
            orders[column] = barycentre_order(orders[column], flow, orders[neighbour], sizes[column], sizes[neighbour])
        if cost() < least:
            best, least = list(orders), cost()

    orders = best
    for _ in range(SIFTS):
        for column in range(len(orders)):
            costs = np.zeros((len(orders[column]),) * 2)
            if column > 0:
                costs += crossing_costs(flows[column - 1].T[:, orders[column - 1]])
            if column + 1 < len(orders):
                costs += crossing_costs(flows[column][:, orders[column + 1]])
            orders[column] = sift(orders[column], costs)
        if cost() >= least:
            break
        least = cost()
    return orders


def build(columns, transitions, largest, by_class, labels=None):
    """Sankey of `columns` (Clusters) with `transitions`: per neighbouring pair the arrays source, target, count."""
    named = [max(largest, LABELS_DRAWN) if column.key == TRUE_LABELS else largest for column in columns]
    folded = [fold(column, most, by_class) for column, most in zip(columns, named)]
    for column, (nodes, node_of) in zip(columns, folded):
        count_members(column, nodes, node_of, labels)
    flows = []
    for c, (source, target, count) in enumerate(transitions):
        (left_nodes, left), (right_nodes, right) = folded[c], folded[c + 1]
        cells = left[columns[c].index(source)] * len(right_nodes) + right[columns[c + 1].index(target)]
        flow = np.bincount(cells, weights=count, minlength=len(left_nodes) * len(right_nodes))
        flows.append(flow.astype(np.int64).reshape(len(left_nodes), len(right_nodes)))
    orders = order_nodes([np.array([node.size for node in nodes], dtype=float) for nodes, _ in folded], flows)
    return Sankey(
        [Column(column.key, [nodes[k] for k in order]) for column, (nodes, _), order in zip(columns, folded, orders)],
        [flow[orders[c]][:, orders[c + 1]] for c, flow in enumerate(flows)],
    )


def variants(columns, transitions, labels=None):
    """The same flow at several degrees of detail; those that fold nothing more than an earlier one are left out."""
    if len(columns) < 2:
        return []
    classes = np.unique(np.concatenate([column.dominant_class for column in columns]))
    made = []
    for largest in LARGEST:
        for by_class in (True, False):
            if by_class and not 1 < (classes >= 0).sum() <= MAX_GROUPS:
                continue
            sankey = build(columns, transitions, largest, by_class, labels)
            n_nodes = [len(column.nodes) for column in sankey.columns]
            if all(n_nodes != [len(column.nodes) for column in earlier.sankey.columns] for earlier in made):
                made.append(Variant(largest, by_class, sankey))
    return made


def stored_variant(columns, transitions, tables, labels):
    """The flow as the result itself folds and orders it: `tables` holds per column (folded nodes, folded map, name of the position)."""
    made, places = [], []
    for column, (rows, mapped, position) in zip(columns, tables):
        order = np.argsort(rows[position], kind="stable")
        place = np.empty(int(rows["node"].max(initial=0)) + 1, dtype=np.int64)
        place[rows["node"][order]] = np.arange(len(order))
        nodes = [
            Node(*(int(row[name]) for name in ("cluster", "size", "dominant_class", "dominant_count", "n_clusters"))) for row in rows[order]
        ]
        node_of = np.full(len(column.cluster), -1, dtype=np.int64)
        known = column.index(mapped["cluster"])
        node_of[known[known >= 0]] = place[mapped["node"][known >= 0]]
        if (node_of < 0).any():
            return None
        count_members(column, nodes, node_of, labels)
        made.append(Column(column.key, nodes))
        places.append(node_of)
    flows = []
    for c, (source, target, count) in enumerate(transitions):
        flow = np.zeros((len(made[c].nodes), len(made[c + 1].nodes)), dtype=np.int64)
        np.add.at(flow, (places[c][columns[c].index(source)], places[c + 1][columns[c + 1].index(target)]), count)
        flows.append(flow)
    return Variant(STORED, False, Sankey(made, flows))


def with_stored(found, columns, transitions, flow, where, position, labels):
    """`found` with the variant of the file in the second place; `where`: (layer, stage) of every column."""
    if flow.folded_nodes is None or flow.folded is None or len(columns) < 2:
        return found
    tables = []
    for layer, stage in where:
        nodes, mapped = (
            rows[(rows["layer"] == layer) & (rows["stage"] == stage)] for rows in (flow.folded_nodes, flow.folded)
        )
        tables.append((nodes, mapped, position))
    variant = stored_variant(columns, transitions, tables, labels)
    return found[:1] + [variant] + found[1:] if variant else found


def stage_variants(result, metric, layer):
    """True labels (where there are any) through the stages of one layer."""
    flow, run = result.flows[metric], result.runs.get((metric, result.layers[layer]))
    points = run.stage_labels if run else None
    nodes = flow.nodes[flow.nodes["layer"] == layer]
    rows = flow.stages[flow.stages["layer"] == layer]
    columns, transitions = [], []
    for stage in np.unique(nodes["stage"]):
        here = nodes[nodes["stage"] == stage]
        members = points[stage] if points is not None and 0 <= stage < len(points) else None
        columns.append(clusters_of_table(int(stage), here, members))
    for left, right in zip(columns, columns[1:]):
        pair = rows[(rows["source_stage"] == left.key) & (rows["target_stage"] == right.key)]
        if not len(pair):  # a stage that was added for the links between layers stands apart
            break
        transitions.append((pair["source_cluster"], pair["target_cluster"], pair["count"]))
    columns = columns[: len(transitions) + 1]
    found = variants(columns, transitions, result.labels)
    where = [(layer, column.key) for column in columns]
    return with_stored(found, columns, transitions, flow, where, "position", result.labels)


def linking_stage(flow, run):
    """Index of the stage at which the layers are linked, None if the layer does not list it."""
    names = [stage.name for stage in run.stages] if run else []
    if flow.layer_stage == "clusters":
        return next((index for index, name in enumerate(names) if name.startswith("clusters:")), None)
    return names.index(flow.layer_stage) if flow.layer_stage in names else None


def linked_clusters(result, metric, layer, cluster, size, key=None):
    """Column of the Sankey across layers: which classes the clusters hold is looked up at the stage of the links."""
    flow, key = result.flows[metric], layer if key is None else key
    run = result.runs.get((metric, result.layers[layer]))
    stage = linking_stage(flow, run)
    if stage is not None:
        here = flow.nodes[(flow.nodes["layer"] == layer) & (flow.nodes["stage"] == stage)]
        here = here[np.isin(here["cluster"], cluster)]
        if len(here) == len(cluster):
            return clusters_of_table(key, here, None if run.stage_labels is None else run.stage_labels[stage])
    elif flow.layer_stage.startswith("clusters:") and run and run.linkage is not None and result.labels is not None:
        members = cut_into(run.linkage, int(flow.layer_stage[9:]))
        counted = count_classes(members, result.labels)
        if len(counted) == len(cluster) and (counted.sum(axis=1) <= size).all():
            return make_clusters(key, cluster, size, counted.argmax(axis=1), counted.max(axis=1), members)
    return make_clusters(key, cluster, size)


def count_classes(clusters, labels):
    counts = np.zeros((clusters.max() + 1, labels.max() + 1), dtype=np.int64)
    labelled = labels >= 0
    np.add.at(counts, (clusters[labelled], labels[labelled]), 1)
    return counts


def layer_variants(result, metric):
    """Clusters of each layer linked to those of the next."""
    flow = result.flows[metric]
    links = flow.layers
    layers = np.union1d(links["source_layer"], links["target_layer"])
    columns, transitions = [], []
    for layer in layers:
        ends = ("source", "target")
        sides = [sum_by_cluster(links[links[f"{end}_layer"] == layer], f"{end}_cluster") for end in ends]
        cluster = np.union1d(sides[0][0], sides[1][0])
        size = np.zeros(len(cluster), dtype=np.int64)
        for found, total in sides:  # points that leave equal those that arrive, except at the first and the last layer
            at = np.searchsorted(cluster, found)
            size[at] = np.maximum(size[at], total)
        columns.append(linked_clusters(result, metric, int(layer), cluster, size))
    for left, right in zip(layers, layers[1:]):
        pair = links[(links["source_layer"] == left) & (links["target_layer"] == right)]
        transitions.append((pair["source_cluster"], pair["target_cluster"], pair["count"]))
    found = variants(columns, transitions, result.labels)
    stages = [linking_stage(flow, result.runs.get((metric, result.layers[layer]))) for layer in layers]
    if None in stages:
        return found
    return with_stored(found, columns, transitions, flow, list(zip(layers, stages)), "layer_position", result.labels)


def sum_by_cluster(rows, column):
    cluster, inverse = np.unique(rows[column], return_inverse=True)
    return cluster, np.bincount(inverse, weights=rows["count"], minlength=len(cluster)).astype(np.int64)
