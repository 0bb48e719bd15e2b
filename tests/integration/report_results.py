"""Result files for tests of the report, written here in the layout of the program, so that each case can be made and stays quick."""

import h5py
import numpy as np

NODE = [(name, "i4") for name in ("layer", "stage", "cluster")] + [("size", "i8"), ("dominant_class", "i4"), ("dominant_count", "i8")]
STAGE_FLOW = [(name, "i4") for name in ("layer", "source_stage", "source_cluster", "target_stage", "target_cluster")] + [("count", "i8")]
LAYER_FLOW = [(name, "i4") for name in ("source_layer", "source_cluster", "target_layer", "target_cluster")] + [("count", "i8")]
TIMING = [("layer", "i4"), ("metric", "S16"), ("step", "S16"), ("seconds", "f8"), ("peak_bytes", "i8")]


def single_linkage(points):
    """Merge tree in SciPy's convention: Prim's spanning tree, then Kruskal's merges."""
    n = len(points)
    nearest, length, inside = np.zeros(n, dtype=int), np.full(n, np.inf), np.zeros(n, dtype=bool)
    edges, newest = [], 0
    for _ in range(n - 1):
        inside[newest] = True
        distance = np.sqrt(((points - points[newest]) ** 2).sum(axis=1))
        closer = distance < length
        nearest[closer], length[closer] = newest, distance[closer]
        newest = int(np.where(inside, np.inf, length).argmin())
        edges.append((length[newest], nearest[newest], newest))
    top, linkage, size = list(range(n)), [], [1] * n
    parent = list(range(n))

    def root(point):
        while parent[point] != point:
            parent[point] = parent[parent[point]]
            point = parent[point]
        return point

    for height, a, b in sorted(edges):
        a, b = root(a), root(b)
        low, high = sorted((top[a], top[b]))
        size.append(size[low] + size[high])
        linkage.append((low, high, height, size[-1]))
        parent[b], top[a] = a, n + len(linkage) - 1
    return np.array(linkage, dtype=float).reshape(-1, 4)


def line_linkage(places):
    """The same for points on a line: neighbours merge by their gaps. Quick for many points."""
    n, order = len(places), np.argsort(places)
    gaps = np.diff(places[order])
    top, size, linkage = order.tolist(), [1] * n, []
    parent = list(range(n))

    def root(place):
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for place in np.argsort(gaps, kind="stable").tolist():
        a, b = root(place), root(place + 1)
        low, high = sorted((top[a], top[b]))
        size[a] += size[b]
        linkage.append((low, high, gaps[place], size[a]))
        parent[b], top[a] = a, n + len(linkage) - 1
    return np.array(linkage, dtype=float).reshape(-1, 4)


def line_cut(places, threshold):
    order = np.argsort(places)
    labels = np.empty(len(places), dtype="i4")
    labels[order] = np.concatenate([[0], np.cumsum(np.diff(places[order]) > threshold)])
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype("i4")


def cut(linkage, threshold):
    """Cluster of every point: components of the merges up to `threshold`, numbered by their smallest member."""
    n = len(linkage) + 1
    members = [[point] for point in range(n)]
    for a, b, height, _ in linkage:
        members.append(members[int(a)] + members[int(b)] if height <= threshold else [])
        if height <= threshold:
            members[int(a)], members[int(b)] = [], []
    labels = np.empty(n, dtype="i4")
    for rank, cluster in enumerate(sorted(filter(None, members), key=min)):
        labels[cluster] = rank
    return labels


def fixed_strings(words):
    encoded = [word.encode() for word in words]
    return np.array(encoded, dtype=f"S{max(map(len, encoded))}")


def node_rows(layer, stage, clusters, labels):
    rows = []
    for cluster in np.unique(clusters):
        inside = clusters == cluster
        counts = np.bincount(labels[inside][labels[inside] >= 0]) if labels is not None else np.zeros(0, dtype=int)
        dominant = (int(counts.argmax()), int(counts.max())) if counts.size else (-1, 0)
        rows.append((layer, stage, int(cluster), int(inside.sum())) + dominant)
    return rows


def flow_rows(left, right):
    pairs, counts = np.unique(np.stack([left, right], axis=1), axis=0, return_counts=True)
    return [(int(a), int(b), int(count)) for (a, b), count in zip(pairs, counts)]


def write_diagrams(group, linkage, loops, rng):
    births = np.sort(rng.uniform(1, 2, loops))
    deaths = births + rng.exponential(0.3, loops)
    deaths[-1:] = np.inf
    dim0 = np.concatenate([linkage[linkage[:, 2] > 0, 2], [np.inf]])
    group["diagrams/dim0"] = np.stack([np.zeros_like(dim0), dim0], axis=1)
    group["diagrams/dim1"] = np.stack([births, deaths], axis=1)
    group["diagrams/dim0"].attrs["zero_pairs"] = 0
    group["diagrams/dim1"].attrs["zero_pairs"] = 17


def make_result(path, n, layers=3, classes=4, stage_names=("initial", "t_star", "intermediate", "final"), loops=25, names=True,
                flow_stage="t_star", metrics=("euclidean",), unlabelled=0, seed=5, line=False):  # fmt: skip
    """`line`: points on a line, which makes many of them quick, at stages of 300, 60, 12 and 1 clusters."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(n) % classes).astype("i4") if classes else None
    if unlabelled:
        labels[:unlabelled] = -1
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "hole-result", "hole_version": "0.1", "options": "-max_dim 1 </script>{{data}}", "n_ranks": 2})
        file["sample_ids"] = np.arange(n)
        if labels is not None:
            file["labels"] = labels
            if names:
                file["class_names"] = fixed_strings([f"Klaße {index}" for index in range(classes)])
        layer_names = [f"layer.{index}" for index in range(layers)]
        file["layer_names"] = fixed_strings(layer_names)
        for metric in metrics:
            nodes, stage_flows, layer_flows, before = [], [], [], None
            for layer, layer_name in enumerate(layer_names):
                centres = np.zeros(n) if labels is None else labels * (1.0 + layer)
                points = rng.normal(size=(n, 1 if line else 3)) + (4 if line else 1) * centres[:, None]
                linkage = line_linkage(points[:, 0]) if line else single_linkage(points)
                group = file.create_group(f"layers/{layer_name}/{metric}")
                group.attrs.update({"n_points": n, "width": 3, "filtration": "rips", "threshold": 4.5, "max_dim": 1, "coefficients": 2})
                write_diagrams(group, linkage, loops, rng)
                group["tree/linkage"] = linkage if n > 1 else np.zeros((0, 4))
                heights = np.unique(linkage[:, 2])
                picks = np.linspace(0, len(heights) - 1, len(stage_names)).astype(int)
                if line:
                    picks = len(heights) - np.array([300, 60, 12, 1])
                thresholds = [float(heights[pick]) if len(heights) else 0.0 for pick in picks]
                stages = [line_cut(points[:, 0], threshold) if line else cut(linkage, threshold) for threshold in thresholds]
                group["stages/threshold"] = thresholds
                group["stages/name"] = fixed_strings(stage_names)
                group["stages/n_clusters"] = [int(stage.max()) + 1 for stage in stages]
                group["stages/labels"] = np.array(stages)
                group["curves/threshold"] = heights
                group["curves/n_clusters"] = n - np.searchsorted(np.sort(linkage[:, 2]), heights, side="right")
                group["curves/size_entropy"] = np.linspace(np.log(n), 0, len(heights))
                columns = list(enumerate(stages))
                if labels is not None:
                    for shift, name in enumerate(("purity", "homogeneity", "score", "ari", "nmi")):
                        group[f"curves/{name}"] = np.sort(rng.uniform(0.1 * shift, 1, len(heights)))
                    columns.insert(0, (-1, labels))
                for stage, clusters in columns:
                    nodes += node_rows(layer, stage, clusters, labels)
                for (left, source), (right, target) in zip(columns, columns[1:]):
                    stage_flows += [(layer, left, a, right, b, count) for a, b, count in flow_rows(source, target)]
                if flow_stage in stage_names:
                    linked = stages[stage_names.index(flow_stage)]
                else:
                    n_clusters = int(flow_stage.split(":")[1])
                    linked = cut(linkage, linkage[n - n_clusters - 1, 2])
                if before is not None:
                    layer_flows += [(layer - 1, a, layer, b, count) for a, b, count in flow_rows(before, linked)]
                before = linked
            file[f"flow/{metric}/nodes"] = np.array(nodes, dtype=NODE)
            file[f"flow/{metric}/stages"] = np.array(stage_flows, dtype=STAGE_FLOW)
            file[f"flow/{metric}/layers"] = np.array(layer_flows, dtype=LAYER_FLOW)
            file[f"flow/{metric}/layers"].attrs["stage"] = flow_stage
        file["timings"] = np.array([(-1, b"", b"total", 1.5, 1000), (0, b"euclidean", b"distances", 0.5, 2000)], dtype=TIMING)


# ---- What later groups hold ----

SEPARABILITY = [(name, "f8") for name in ("threshold", "score")] + [("n_clusters", "i8")]
SEPARABILITY += [(name, "f8") for name in ("best_ari", "best_ari_threshold", "best_nmi", "best_nmi_threshold", "gap_ratio", "cross_class_edges")]
HOMOGENEITY = [("cluster", "i4"), ("size", "i8"), ("dominant_class", "i4"), ("dominant_count", "i8"), ("purity", "f8"), ("entropy", "f8")]
OUTLIER = [("point", "i8"), ("kind", "i4"), ("cluster", "i4"), ("cluster_size", "i8"), ("joins_at", "f8"), ("joins_cluster", "i4")]
HULL = [("stage", "i4"), ("cluster", "i4"), ("first", "i8"), ("count", "i8"), ("dominant_class", "i4"), ("size", "i8")]
MINORITY = [("stage", "i8"), ("point", "i8")]
STATISTICS = [("layer", "i4"), ("dim", "i4"), ("count", "i8"), ("essential", "i8")]
STATISTICS += [(name, "f8") for name in ("mean", "std", "median", "max", "total", "entropy")]
CONDITION_FLOW = [(name, "i4") for name in ("layer", "source_cluster", "target_cluster")] + [("count", "i8")]
ROBUSTNESS = [("layer", "i4"), ("dim", "i4"), ("feature", "S16"), ("value", "f8"), ("other", "f8"), ("relative_change", "f8")]


def leaves_of(linkage):
    """Points from left to right, the left side of each merge first."""
    n = len(linkage) + 1
    members = [[point] for point in range(n)]
    for a, b, _, _ in linkage:
        members.append(members[int(a)] + members[int(b)])
    return np.array(members[-1], dtype="i8")


def hull_of(points):
    """Counterclockwise from the leftmost, by the monotone chain."""
    ordered = sorted(map(tuple, points))

    def half(sequence):
        chain = []
        for x, y in sequence:
            while len(chain) > 1 and (chain[-1][0] - chain[-2][0]) * (y - chain[-2][1]) <= (chain[-1][1] - chain[-2][1]) * (x - chain[-2][0]):
                chain.pop()
            chain.append((x, y))
        return chain[:-1]

    return np.array(half(ordered) + half(ordered[::-1]))


def dominant(labels):
    counts = np.bincount(labels[labels >= 0], minlength=1)
    return int(counts.argmax()), int(counts.max())


def add_views(group, labels, rng, blocks, order):
    n = len(labels)
    plane = rng.normal(size=(n, 2)) + 4 * np.stack([np.cos(labels), np.sin(labels)], axis=1)
    group["views/pca2"] = plane
    group["views/pca2"].attrs["explained"] = [0.5, 0.25]
    group["views/spectral2"] = plane[:, ::-1] ** 2
    group["views/leaf_order"] = order
    first = np.arange(blocks + 1) * n // blocks
    ends = first[:-1]
    middle = np.add.reduceat(plane[order], ends, axis=0) / np.diff(first)[:, None]
    distances = np.float32(0.5) + np.sqrt(((middle[:, None] - middle[None]) ** 2).sum(axis=2)).astype("f4")
    group["views/heatmap"] = distances
    group["views/heatmap"].attrs["blocks"] = blocks
    group["views/heatmap_first"] = first
    group["views/heatmap_class"] = [dominant(labels[order[a:b]])[0] for a, b in zip(first, first[1:])]
    hulls, vertices, minority = [], [np.zeros((0, 2))], []
    for stage in (0, 1):
        clusters = group["stages/labels"][stage]
        for cluster in np.flatnonzero(np.bincount(clusters) > 2):
            inside = np.flatnonzero(clusters == cluster)
            corners = hull_of(plane[inside])
            hulls.append((stage, cluster, sum(map(len, vertices)), len(corners), dominant(labels[inside])[0], len(inside)))
            vertices.append(corners)
            counts = np.bincount(labels[inside], minlength=1) / len(inside)
            minority += [(stage, point) for point in inside if counts[labels[point]] < 0.1]
    group["views/blobs/hulls"] = np.array(hulls, dtype=HULL)
    group["views/blobs/vertices"] = np.concatenate(vertices)
    group["views/blobs/minority"] = np.array(minority, dtype=MINORITY)


def add_tasks(group, labels, rng):
    n_classes = labels.max() + 1
    heights = rng.uniform(1, 3, (n_classes, n_classes))
    heights = np.maximum(heights, heights.T) * (1 - np.eye(n_classes))
    group["tasks/hierarchy"] = heights
    group["tasks/hierarchy"].attrs["cophenetic_correlation"] = 0.625
    group["tasks/separability"] = np.array([(1.5, 0.75, 7, 0.5, 1.25, 0.6, 1.3, np.nan, 0.125)], dtype=SEPARABILITY)
    clusters = group["stages/labels"][1]
    rows, outliers = [], []
    for cluster in range(clusters.max() + 1):
        inside = np.flatnonzero(clusters == cluster)
        index, count = dominant(labels[inside])
        rows.append((cluster, len(inside), index, count, count / len(inside), rng.uniform()))
        if len(inside) < 4:
            outliers += [(point, 0, cluster, len(inside), np.inf if len(outliers) == 3 else 1 + point / 100, -1) for point in inside]
    group["tasks/homogeneity"] = np.array(rows, dtype=HOMOGENEITY)
    group["tasks/homogeneity"].attrs.update({"purity": 0.5, "homogeneity": 0.25, "v_measure": 0.375})
    group["tasks/outliers"] = np.array(outliers, dtype=OUTLIER)
    group["tasks/outliers"].attrs.update({"min_size": 3})


def add_summaries(file, metric, layers, rng):
    n_dims, n_grid = 2, 50
    base = file.create_group(f"summaries/{metric}")
    base["grid"] = np.linspace(0, 5, n_grid)
    base["betti"] = rng.integers(0, 40, (len(layers), n_dims, n_grid))
    base["landscapes"] = np.sort(rng.uniform(0, 1, (len(layers), n_dims, 3, n_grid)), axis=2)[:, :, ::-1]
    base["images"] = rng.uniform(0, 1, (len(layers), n_dims, 16, 16))
    base["images"].attrs.update({"birth_range": [[0.0, 1.0], [0.5, 2.0]], "persistence_range": [[0.0, 2.0], [0.0, 1.0]], "sigma": [0.1, 0.1]})
    rows = [(layer, dim, 5, 1) + (0.5,) * 6 for layer in range(len(layers)) for dim in range(n_dims)]
    base["statistics"] = np.array(rows, dtype=STATISTICS)


def add_folding(file, metric):
    """Clusters of one point folded into one node; everything in the order of the numbers, backwards."""
    flow = file[f"flow/{metric}"]
    nodes, rows, mapped = flow["nodes"][()], [], []
    for layer, stage in np.unique(np.stack([nodes["layer"], nodes["stage"]], axis=1), axis=0).tolist():
        here = nodes[(nodes["layer"] == layer) & (nodes["stage"] == stage)]
        kept, small = here[here["size"] > 1], here[here["size"] == 1]
        count = len(kept) + (len(small) > 0)
        for node, row in enumerate(kept):
            rows.append((layer, stage, node, count - 1 - node, count - 1 - node, row["cluster"], 1, row["size"], row["dominant_class"], row["dominant_count"]))
            mapped.append((layer, stage, row["cluster"], node))
        if len(small):
            rows.append((layer, stage, len(kept), 0, 0, -1, len(small), len(small), -1, 0))
            mapped += [(layer, stage, cluster, len(kept)) for cluster in small["cluster"]]
    names = ("layer", "stage", "node", "position", "layer_position", "cluster", "n_clusters", "size", "dominant_class", "dominant_count")
    flow["folded_nodes"] = np.array(rows, dtype=[(name, "i8") for name in names])
    flow["folded"] = np.array(sorted(mapped), dtype=[(name, "i8") for name in ("layer", "stage", "cluster", "node")])


def add_condition(file, metric, name, layers, rng):
    """As of another result in which every cluster is split in two."""
    rows, features = [], [(-1, -1, b"overall", 0.5, np.nan, 1.0)]
    for layer, layer_name in enumerate(layers):
        clusters = file[f"layers/{layer_name}/{metric}/stages/labels"][1]
        other = 2 * clusters + rng.integers(0, 2, len(clusters))
        rows += [(layer, a, b, count) for a, b, count in flow_rows(clusters, other)]
        features += [(layer, 1, b"count", 20, 30 + layer, 0.5), (layer, 1, b"total", 4.0, np.inf, np.inf), (layer, -1, b"score", 0.8, 0.7, 0.125)]
    base = file.create_group(f"conditions/{name}/{metric}")
    base["flow"] = np.array(rows, dtype=CONDITION_FLOW)
    base["robustness"] = np.array(features, dtype=ROBUSTNESS)


def add_groups(path, blocks=48, conditions=("noisy",), seed=11):
    """Give a labelled result everything that a page can show."""
    rng = np.random.default_rng(seed)
    with h5py.File(path, "a") as file:
        labels, layers = file["labels"][()], [name.decode() for name in file["layer_names"][()]]
        for metric in file["flow"]:
            for layer in layers:
                group = file[f"layers/{layer}/{metric}"]
                add_views(group, labels, rng, min(blocks, len(labels)), leaves_of(group["tree/linkage"][()]))
                add_tasks(group, labels, rng)
                for name in ("class_homogeneity", "completeness", "v_measure"):
                    group[f"curves/{name}"] = rng.uniform(0, 1, len(group["curves/threshold"]))
            add_summaries(file, metric, layers, rng)
            add_folding(file, metric)
            for name in conditions:
                add_condition(file, metric, name, layers, rng)
        for measure in ("cka_linear", "procrustes"):
            half = rng.uniform(0, 1, (len(layers), len(layers)))
            file[f"similarity/{measure}"] = (half + half.T) / 2
