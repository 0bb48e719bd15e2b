"""The four tasks and the folded flow of a result, recomputed from its tables by their definitions: plain, slow, with NumPy, SciPy,
scikit-learn and pandas."""

import numpy as np
import pandas as pd
from common import expect
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from sklearn.metrics import completeness_score, homogeneity_score, v_measure_score

ROUNDING = 1e-9
FEWEST_DRAWN = 10  # of two points or more, whatever their share


def same(found, wanted):
    return bool(np.allclose(found, wanted, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))


# ---- Tasks ----


def dominant_components(clusters, labels, classes):
    """The cluster with more than half of the points of each class, -1 if there is none."""
    found = []
    for name in classes:
        counts = np.bincount(clusters[labels == name])
        found.append(int(counts.argmax()) if 2 * counts.max() > counts.sum() else -1)
    return np.array(found)


def wanted_hierarchy(heights, partitions, labels):
    """Height from which each class has a dominant component, and at which those of two classes are one."""
    n_classes = labels.max() + 1
    classes = np.unique(labels[labels >= 0])
    gathering, joined = np.full(n_classes, np.nan), np.full((n_classes, n_classes), np.nan)
    gathering[classes], joined[np.ix_(classes, classes)] = np.inf, np.inf
    for height, clusters in [(0.0, np.arange(len(labels))), *zip(heights, partitions)]:
        dominant = dominant_components(clusters, labels, classes)
        for a, name in enumerate(classes):
            if dominant[a] >= 0:
                gathering[name] = min(gathering[name], height)
            for b, other in enumerate(classes):
                if dominant[a] >= 0 and dominant[a] == dominant[b]:
                    joined[name, other] = min(joined[name, other], height)
    joined[classes, classes] = 0
    return gathering, joined


def check_hierarchy(where, tasks, measures, labels, distances, linkage):
    if measures.used is None:
        expect("hierarchy" not in tasks and "gathering" not in tasks, f"{where}: a hierarchy without classes")
    else:
        gathering, joined = wanted_hierarchy(measures.heights, measures.partitions, labels)
        expect(np.array_equal(tasks["gathering"][()], gathering, equal_nan=True), f"{where}: gathering")
        if expect(np.array_equal(tasks["hierarchy"][()], joined, equal_nan=True), f"{where}: hierarchy") and len(gathering) < 9:
            over_a_third = np.fmin.reduce(np.maximum(joined[:, :, None], joined[None, :, :]), axis=1)
            expect(not (joined > over_a_third).any(), f"{where}: hierarchy is not ultrametric")
    attributes = (tasks["hierarchy"] if measures.used is not None else tasks).attrs
    lengths = squareform(distances, checks=False)
    if len(lengths) and len(np.unique(lengths)) > 1 and len(np.unique(linkage[:, 2])) > 1:
        wanted = hierarchy.cophenet(linkage, lengths)[0]
        expect(attributes["cophenetic_pairs"] == len(lengths), f"{where}: pairs of the cophenetic correlation")
        expect(same(attributes["cophenetic_correlation"], wanted), f"{where}: cophenetic {attributes['cophenetic_correlation']}, SciPy {wanted}")
    else:
        expect("cophenetic_correlation" not in attributes, f"{where}: a correlation of what does not vary")


def check_separability(where, group, t_star, clusters, labels):
    found = group["tasks/separability"][0]
    curves = {name: column[()] for name, column in group["curves"].items()}
    wanted = dict.fromkeys(found.dtype.names, np.nan)
    wanted |= {"threshold": t_star, "n_clusters": clusters.max() + 1, "cross_class_count": 0, "labelled_edges": 0}
    if "score" in curves and len(curves["score"]):
        row = np.flatnonzero(curves["threshold"] == t_star)
        wanted["score"] = curves["score"][row[0]] if len(row) and t_star > 0 else np.nan
        for name in ("ari", "nmi"):
            best = curves[name].argmax()  # the first of equals
            wanted[f"best_{name}"], wanted[f"best_{name}_threshold"] = curves[name][best], curves["threshold"][best]
    if labels is not None:
        edges, lengths = group["tree/edges"][()], group["tree/linkage"][:, 2]
        ends = labels[edges]
        used = (ends >= 0).all(axis=1)
        across = used & (ends[:, 0] != ends[:, 1])
        wanted["cross_class_count"], wanted["labelled_edges"] = across.sum(), used.sum()
        if used.any():
            wanted["cross_class_edges"] = across.sum() / used.sum()
        within = lengths[used & ~across]
        if across.any() and len(within):
            percentile = np.percentile(within, 95, method="inverted_cdf")
            with np.errstate(divide="ignore", invalid="ignore"):
                wanted["gap_ratio"] = np.float64(lengths[across].min()) / percentile
    for name, value in wanted.items():
        expect(same(found[name], value), f"{where}: separability {name} is {found[name]}, expected {value}")


def check_homogeneity(where, tasks, clusters, labels):
    table = pd.DataFrame(tasks["homogeneity"][()])
    expect((table.cluster == np.arange(clusters.max() + 1)).all() and len(table) == clusters.max() + 1, f"{where}: clusters")
    expect((table["size"] == np.bincount(clusters)).all(), f"{where}: sizes of the clusters")
    used = np.flatnonzero(labels >= 0) if labels is not None else np.zeros(0, int)
    for row in table.itertuples():
        inside = used[clusters[used] == row.cluster]
        if not len(inside):
            good = row.dominant_class == -1 and row.dominant_count == 0 and np.isnan(row.purity) and np.isnan(row.entropy)
        else:
            counts = np.bincount(labels[inside])
            share = counts[counts > 0] / len(inside)
            good = (row.dominant_class, row.dominant_count) == (counts.argmax(), counts.max())
            good = good and same([row.purity, row.entropy], [counts.max() / len(inside), -(share * np.log(share)).sum()])
        if not expect(good, f"{where}: homogeneity of cluster {row}"):
            break
    attributes = tasks["homogeneity"].attrs
    if not len(used):
        expect("purity" not in attributes and "v_measure" not in attributes, f"{where}: purity without labels")
        return
    a, b = labels[used], clusters[used]
    counts = pd.crosstab(b, a).to_numpy()
    wanted = {
        "purity": counts.max(axis=1).sum() / len(used),
        "homogeneity": counts.max(axis=0).sum() / len(used),
        "class_homogeneity": homogeneity_score(a, b),
        "completeness": completeness_score(a, b),
        "v_measure": v_measure_score(a, b),
    }
    for name, value in wanted.items():
        expect(same(attributes[name], value), f"{where}: {name} at t_star is {attributes[name]}, expected {value}")


def wanted_joins(linkage, edges, clusters, size):
    """Per point: height, far cluster and number of the first merge that puts it among more than `size` points."""
    n = len(clusters)
    members = {i: [i] for i in range(n)}
    joins = [(np.inf, -1, -1)] * n
    for merge, (a, b, height, _) in enumerate(linkage):
        left, right = members.pop(int(a)), members.pop(int(b))
        members[n + merge] = left + right
        if len(left) + len(right) <= size:
            continue
        for mine, other in ((left, right), (right, left)):
            far = next(end for end in edges[merge] if end in set(other))
            for point in mine if len(mine) <= size else ():
                joins[point] = (height, clusters[far], merge)
    return joins


def check_outliers(where, group, clusters, labels, size, share):
    table = pd.DataFrame(group["tasks/outliers"][()])
    sizes = np.bincount(clusters)
    joins = wanted_joins(group["tree/linkage"][()], group["tree/edges"][()].tolist(), clusters, size)
    wanted = []
    for point, cluster in enumerate(clusters):
        if sizes[cluster] <= size:
            kind = 0
        elif labels is not None and labels[point] >= 0:
            inside = labels[(clusters == cluster) & (labels >= 0)]
            kind = 1 if (inside == labels[point]).sum() < share * len(inside) else -1
        else:
            kind = -1
        if kind >= 0:
            height, far, merge = joins[point]
            wanted.append((point, kind, cluster, sizes[cluster], height, far, merge))
    found = list(table.itertuples(index=False, name=None))
    expect(found == wanted, f"{where}: {len(found)} outliers, expected {len(wanted)}: {[p for p in zip(found, wanted) if p[0] != p[1]][:1]}")
    attributes = group["tasks/outliers"].attrs
    expect(attributes["min_size"] == size, f"{where}: min_size of outliers")
    planted = set(np.flatnonzero(labels < 0)) if labels is not None else set()
    small = {row[0] for row in wanted if row[1] == 0}
    for name, all_of in (("precision", small), ("recall", planted)):
        value = len(small & planted) / len(all_of) if planted and all_of else None
        expect(attributes.get(name) is None if value is None else same(attributes.get(name, np.nan), value), f"{where}: {name} of outliers")
    return table


def check_tasks(where, group, distances, linkage, measures, labels, t_star, clusters, size, share):
    """`clusters`: those at t_star, by the cut of the run."""
    tasks = group["tasks"]
    expect(same(group["stages"].attrs["t_star"], t_star), f"{where}: attribute t_star of stages")
    check_hierarchy(where, tasks, measures, labels, distances, linkage)
    check_separability(where, group, t_star, clusters, labels)
    check_homogeneity(where, tasks, clusters, labels)
    check_outliers(where, group, clusters, labels, size, share)


# ---- Folding ----


def count_crossings(links, source, target):
    """Sum over pairs of links that cross of the product of their counts, from places."""
    total = 0
    rows = [(source[a], target[b], count) for a, b, count in links]
    for i, (a, b, n) in enumerate(rows):
        total += sum(n * m for c, d, m in rows[:i] if (a - c) * (b - d) < 0)
    return total


def crossings_between(links, nodes, column):
    """`links`: source and target as (layer, stage, node), count; `column` of `nodes` holds the places."""
    place = nodes.set_index(["layer", "stage", "node"])[column].to_dict()
    by_pair = {}
    for source, target, count in links:
        by_pair.setdefault((source[:2], target[:2]), []).append((source, target, count))
    return sum(count_crossings(rows, place, place) for rows in by_pair.values())


def unfold_columns(nodes, clusters, folded):
    """What the nodes should be, from the clusters that the map puts into them."""
    rows = nodes.assign(node=clusters.node)
    keys = ["layer", "stage", "node"]
    made = rows.groupby(keys).agg(n_clusters=("cluster", "size"), size=("size", "sum")).reset_index()
    merged = folded.merge(made, on=keys, suffixes=("", "_made"), how="outer")
    return merged, rows


def check_drawn(where, rows, folded, n_classes, share, most):
    for (layer, stage), column in folded.groupby(["layer", "stage"]):
        place = f"{where}, layer {layer}, stage {stage}"
        n = len(column)
        expect(n <= most, f"{place}: {n} nodes")
        expect(sorted(column.node) == list(range(n)) and sorted(column.position) == list(range(n)), f"{place}: nodes, positions")
        here = rows[(rows.layer == layer) & (rows.stage == stage)]
        alone = set(column.cluster[column.cluster >= 0])
        large = here.sort_values(["size", "cluster"], ascending=[False, True])
        named = large[(large["size"] >= share * here["size"].sum()) | ((np.arange(len(large)) < FEWEST_DRAWN) & (large["size"] > 1))]
        if len(named) <= most / 2 - 1:
            expect(set(named.cluster) <= alone, f"{place}: large clusters are folded: {set(named.cluster) - alone}")
        for node in column[column.cluster < 0].itertuples():
            classes = set(here.dominant_class[here.node == node.node])
            wanted = classes.pop() if len(classes) == 1 else -1
            expect(node.dominant_class == wanted and node.n_clusters > 1, f"{place}: folded node {node}")
        groups = column.dominant_class[column.cluster < 0]
        by_class = stage >= 0 and 0 < n_classes < most / 2
        one_each = groups.is_unique and all(len(set(here.dominant_class[here.node == node])) == 1 for node in column.node[column.cluster < 0])
        expect(one_each if by_class else len(groups) <= 1, f"{place}: folded into nodes of the classes {groups.tolist()}")


def check_folding(where, flow, labels, share=0.01, most=60):
    nodes, clusters, folded = (pd.DataFrame(flow[name][()]) for name in ("nodes", "folded", "folded_nodes"))
    if not expect(nodes[["layer", "stage", "cluster"]].equals(clusters[["layer", "stage", "cluster"]]), f"{where}: rows of folded"):
        return
    merged, rows = unfold_columns(nodes, clusters, folded)
    good = len(merged) == len(folded) and (merged.n_clusters == merged.n_clusters_made).all() and (merged["size"] == merged.size_made).all()
    expect(good, f"{where}: sizes of folded nodes")
    check_drawn(where, rows, folded, 0 if labels is None else labels.max() + 1, share, most)
    to_node = clusters.set_index(["layer", "stage", "cluster"]).node.to_dict()

    wanted = {}
    for layer, stage, a, target_stage, b, count in flow["stages"][()].tolist():
        key = (layer, stage, to_node[layer, stage, a], target_stage, to_node[layer, target_stage, b])
        wanted[key] = wanted.get(key, 0) + count
    found = flow["folded_stages"][()].tolist()
    expect(found == [(*key, count) for key, count in sorted(wanted.items())], f"{where}: folded_stages")
    links = [((layer, s, a), (layer, t, b), count) for layer, s, a, t, b, count in found]
    crossings = crossings_between(links, folded, "position")
    expect(flow["folded_stages"].attrs["crossings"] == crossings, f"{where}: crossings of stages, expected {crossings}")
    expect(crossings <= crossings_between(links, folded.assign(place=folded.node), "place"), f"{where}: an order worse than none")

    linked = folded[folded.layer_position >= 0].groupby("layer").stage.unique()
    expect(all(len(stages) == 1 for stages in linked), f"{where}: layers are linked at {linked}")
    stage_of = {layer: stages[0] for layer, stages in linked.items()}
    wanted = {}
    for layer, a, target, b, count in flow["layers"][()].tolist():
        key = (layer, to_node[layer, stage_of[layer], a], target, to_node[target, stage_of[target], b])
        wanted[key] = wanted.get(key, 0) + count
    found = flow["folded_layers"][()].tolist()
    expect(found == [(*key, count) for key, count in sorted(wanted.items())], f"{where}: folded_layers")
    links = [((s, stage_of[s], a), (t, stage_of[t], b), count) for s, a, t, b, count in found]
    crossings = crossings_between(links, folded, "layer_position")
    expect(flow["folded_layers"].attrs["crossings"] == crossings, f"{where}: crossings of layers, expected {crossings}")


def export_rows(file, layers, metrics, table):
    """Column names and rows of a table of tasks, as `export` should print them."""
    rows = []
    names = None
    for layer in layers:
        for metric in sorted(metrics):
            tasks = file[f"layers/{layer}/{metric}/tasks"]
            if table == "hierarchy":
                names = ["class", "other", "height"]
                if "hierarchy" in tasks:
                    rows += [[layer, metric, *place, height] for place, height in np.ndenumerate(tasks["hierarchy"][()])]
            else:
                names = list(tasks[table].dtype.names)
                rows += [[layer, metric, *row] for row in tasks[table][()].tolist()]
    return names, rows


