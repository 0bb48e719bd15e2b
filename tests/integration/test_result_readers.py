"""Results as other programs read them: each table is recomputed from the input with NumPy, SciPy and scikit-learn, and the
diagrams with GUDHI and Ripser.

The inputs are the shipped sample and small files with what is rare in it: ties, few merge heights, points without labels, one
point. What `export` prints has the numbers of the file.
"""

import csv
import io
import sys

import clusters_oracle
import common
import h5py
import numpy as np
from common import expect
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import adjusted_rand_score, homogeneity_completeness_v_measure, normalized_mutual_info_score

SEED = 20251108
CURVE_ROWS = 50  # compared with scikit-learn, evenly spaced
MOST_POINTS_IN_GUDHI = 250  # by the cosine distance, where its edge collapse leaves much to do
EXPORTED = ("sample", "unlabelled", "one_point", "small1")
ROUNDING = 1e-12
CURVES_WITH_LABELS = ("purity", "homogeneity", "score", "ari", "nmi")
INFORMATION = ("class_homogeneity", "completeness", "v_measure")  # scikit-learn's
CURVES = ("threshold", "n_clusters", *CURVES_WITH_LABELS, "size_entropy", *INFORMATION)
NODE = ("layer", "stage", "cluster", "size", "dominant_class", "dominant_count")
STAGE_FLOW = ("layer", "source_stage", "source_cluster", "target_stage", "target_cluster", "count")
LAYER_FLOW = ("source_layer", "source_cluster", "target_layer", "target_cluster", "count")
ATTRIBUTES = ("format", "hole_version", "command", "options", "n_ranks", "started", "finished", "input")


def equal(found, wanted, message, rounding=0.0):
    """Equal shapes and values, exactly or up to `rounding`."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if not expect(found.shape == wanted.shape, f"{message}: shape {found.shape}, expected {wanted.shape}") or not found.size:
        return
    good = np.isclose(found, wanted, rtol=rounding, atol=rounding) if rounding else found == wanted
    if not good.all():
        place = np.argwhere(~good)[0]
        expect(False, f"{message}: {found[tuple(place)]} at {place.tolist()}, expected {wanted[tuple(place)]}")


# ---- Inputs ----


def random_labels(rng, n):
    """Three classes and points without a label."""
    return rng.integers(-1, 3, n)


def make_inputs():
    """Each input: name, path, layers, labels or None, options, ranks."""
    rng = np.random.default_rng(SEED)
    sample, labels = common.read_layers(common.sample_path())
    both = ("-metric", "euclidean,cosine")
    yield "sample", common.sample_path(), sample, labels, both
    cut = (*both, "-threshold", "quantile:0.02", "-max_points", "200", "-seed", "3", "-min_cluster_size", "1")
    yield "subsample", common.sample_path(), sample, labels, cut
    by_count = ("-stages", "count:5", "-flow_stage", "clusters:10", "-max_points", "150", "-min_cluster_size", "3")
    yield "by_count", common.sample_path(), sample, labels, by_count

    unlabelled = {name: rows[:60] for name, rows in list(sample.items())[:2]}
    yield "unlabelled", common.write_activations("unlabelled.h5", unlabelled), unlabelled, None, both
    one = {name: rows[:1] for name, rows in list(sample.items())[:2]}
    yield "one_point", common.write_activations("one_point.h5", one, [2]), one, np.array([2]), both
    yield "one_unlabelled", common.write_activations("one_unlabelled.h5", one), one, None, both
    for case in range(6):
        n = int(rng.integers(2, 40))
        layers = {
            "grid": rng.integers(1, 4, size=(n, 3)).astype("f4"),
            "line": rng.integers(1, 9, size=(n, 1)).astype("f8"),
            "equal": np.ones((n, 2), "f4"),
            "cloud": rng.normal(size=(n, 5)),
            "two_heights": np.repeat([1.0, 2.0, 5.0], [n - n // 3 - n // 4, n // 3, n // 4])[rng.permutation(n), None],
        }
        labels = random_labels(rng, n) if case else np.full(n, -1)
        name = f"small{case}"
        options = ("-outlier_size", "3", "-minority_share", "0.4", "-fold_share", "0.15", "-fold_most", str(9 - case)) if case % 2 else ()
        options += ("-cut", "open") if case % 3 == 2 else ()
        yield name, common.write_activations(f"{name}.h5", layers, labels), layers, labels, options


# ---- Partitions and their measures, from their definitions ----


def number_clusters(clusters):
    """Clusters numbered by their smallest member."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=int)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def cut(linkage, threshold):
    """Clusters at `threshold`; an edge of this length joins."""
    if not len(linkage):
        return np.zeros(1, dtype=int)
    return number_clusters(hierarchy.fcluster(linkage, threshold, criterion="distance"))


def contingency(clusters, classes):
    table = np.zeros((clusters.max() + 1, classes.max() + 1), dtype=int)
    np.add.at(table, (clusters, classes), 1)
    return table


def size_entropy(clusters):
    share = np.bincount(clusters) / len(clusters)
    return -(share * np.log(share)).sum()


def labelled_points(labels):
    """Places of the points with a label; None if there are none."""
    if labels is None or not (labels >= 0).any():
        return None
    return np.flatnonzero(labels >= 0)


class Measures:
    """What HOLE measures at each distinct merge height."""

    def __init__(self, linkage, labels):
        self.heights = np.unique(linkage[:, 2])
        self.partitions = [cut(linkage, height) for height in self.heights]
        self.n_clusters = np.array([clusters.max() + 1 for clusters in self.partitions], dtype=int)
        self.used = labelled_points(labels)
        self.purity_count = self.homogeneity_count = None
        if self.used is not None:
            self.classes = labels[self.used]
            tables = [contingency(clusters[self.used], self.classes) for clusters in self.partitions]
            self.purity_count = np.array([table.max(axis=1).sum() for table in tables], dtype=int)
            self.homogeneity_count = np.array([table.max(axis=0).sum() for table in tables], dtype=int)

    def best(self):
        """Place of t_star among the positive heights, or -1: the largest integer score; without labels nearest to 10 clusters."""
        positive = self.heights > 0
        if not positive.any():
            return -1
        if self.used is None:
            return int(np.abs(self.n_clusters[positive] - 10).argmin())
        return int((7 * self.purity_count + 3 * self.homogeneity_count)[positive].argmax())


def wanted_stages(measures, rule):
    """[(threshold, name)] of the stages that -stages gives, ascending."""
    heights, best = measures.heights[measures.heights > 0], measures.best()
    if best < 0:
        return [(0.0, "t_star")]
    if rule.startswith("count:"):
        n = min(int(rule.split(":")[1]), len(heights))
        places = np.trunc(np.linspace(0, len(heights) - 1, n)).astype(int)
        return [(heights[place], f"count_{number}") for number, place in enumerate(places)]
    between = heights[(heights > heights[best]) & (heights < heights[-1])]
    names = {heights[best]: "t_star"}
    names.setdefault(heights[-1], "final")
    names.setdefault(heights[0], "initial")
    if len(between):
        names.setdefault(between[len(between) // 2], "intermediate")
    if len(heights) < 4:
        for height in heights:
            names.setdefault(height, "intermediate")
    return sorted(names.items())


# ---- One layer ----


def check_tree(where, group, rows, distances, metric):
    linkage, edges = group["tree/linkage"][()], group["tree/edges"][()]
    n = len(distances)
    shapes = linkage.shape == (n - 1, 4) and edges.shape == (n - 1, 2)
    if not expect(shapes, f"{where}: tree of {linkage.shape} and {edges.shape}") or n == 1:
        return linkage
    expect(hierarchy.is_valid_linkage(linkage), f"{where}: SciPy finds the linkage invalid")
    leaves = hierarchy.dendrogram(linkage, no_plot=True)["leaves"]
    expect(sorted(leaves) == list(range(n)), f"{where}: leaves of the dendrogram")

    scipy_linkage = hierarchy.linkage(squareform(distances, checks=False), "single")
    equal(linkage[:, 2], scipy_linkage[:, 2], f"{where}: heights against SciPy")
    equal(hierarchy.cophenet(linkage), hierarchy.cophenet(scipy_linkage), f"{where}: cophenetic distances against SciPy")
    independent = hierarchy.linkage(pdist(rows.astype(float), metric), "single")
    equal(linkage[:, 2], independent[:, 2], f"{where}: heights against SciPy's distances", ROUNDING)

    keys = [(distances[i, j], i, j) for i, j in edges]
    expect((edges[:, 0] < edges[:, 1]).all() and keys == sorted(keys), f"{where}: edges are not in merge order")
    equal(distances[edges[:, 0], edges[:, 1]], linkage[:, 2], f"{where}: lengths of the edges")
    node = np.arange(n)  # of the cluster that a point is in
    for merge, (i, j) in enumerate(edges):
        joined = sorted((node[i], node[j]))
        if not expect(joined == linkage[merge, :2].tolist(), f"{where}: merge {merge} joins {joined}, not {linkage[merge]}"):
            break
        node[(node == joined[0]) | (node == joined[1])] = n + merge
    return linkage


def check_curves(where, group, measures):
    curves = {name: column[()] for name, column in group["curves"].items()}
    wanted = {"threshold": measures.heights, "n_clusters": measures.n_clusters}
    wanted["size_entropy"] = [size_entropy(clusters) for clusters in measures.partitions]
    if measures.used is not None:
        n = len(measures.used)
        wanted["purity"], wanted["homogeneity"] = measures.purity_count / n, measures.homogeneity_count / n
        wanted["score"] = 0.7 * wanted["purity"] + 0.3 * wanted["homogeneity"]
    else:
        present = {*CURVES_WITH_LABELS, *INFORMATION} & set(curves)
        expect(not present, f"{where}: curves {sorted(present)} without labels")
    for name, values in wanted.items():
        if expect(name in curves, f"{where}: no curve {name}"):
            equal(curves[name], values, f"{where}: curve {name}", 0 if name in ("threshold", "n_clusters") else ROUNDING)
    n_rows = len(measures.heights)
    by_peers = ("ari", "nmi", *INFORMATION)
    if measures.used is None or not expect(set(by_peers) <= set(curves), f"{where}: not all curves {by_peers}"):
        return
    equal([len(curves[name]) for name in by_peers], [n_rows] * len(by_peers), f"{where}: rows of {by_peers}")
    for row in np.unique(np.linspace(0, n_rows - 1, min(CURVE_ROWS, n_rows)).astype(int)):
        clusters = measures.partitions[row][measures.used]
        ari, nmi = adjusted_rand_score(measures.classes, clusters), normalized_mutual_info_score(measures.classes, clusters)
        equal(curves["ari"][row], ari, f"{where}: ari of row {row}", ROUNDING)
        # Entropies are differences of numbers near log n, in either program.
        equal(curves["nmi"][row], nmi, f"{where}: nmi of row {row}", 1e3 * ROUNDING)
        for name, value in zip(INFORMATION, homogeneity_completeness_v_measure(measures.classes, clusters)):
            equal(curves[name][row], value, f"{where}: {name} of row {row}", 1e3 * ROUNDING)


def cut_openly(linkage, threshold):
    """Clusters of the edges shorter than `threshold`."""
    shorter = linkage[linkage[:, 2] < threshold, 2]
    return cut(linkage, shorter[-1]) if len(shorter) else np.arange(len(linkage) + 1)


def check_choice(where, group, measures):
    """How many other heights have the score of t_star."""
    attributes, best = group["stages"].attrs, measures.best()
    ties = 0
    if best >= 0:
        value = -np.abs(measures.n_clusters - 10)
        if measures.used is not None:
            value = 7 * measures.purity_count + 3 * measures.homogeneity_count
        value = value[measures.heights > 0]
        ties = (value == value[best]).sum() - 1
    expect(attributes["t_star_ties"] == ties, f"{where}: {attributes['t_star_ties']} ties of t_star, expected {ties}")
    few = "merge height" in attributes.get("note", b"").decode()
    n_heights = (measures.heights > 0).sum()
    expect(few == (0 < n_heights < 4) or not few, f"{where}: note {attributes.get('note')} on {n_heights} heights")


def check_tasks(where, group, distances, linkage, measures, labels, options):
    best = measures.best()
    t_star = measures.heights[measures.heights > 0][best] if best >= 0 else 0.0
    closed = option_of(options, "-cut", "closed") == "closed"
    clusters = cut(linkage, t_star) if closed else cut_openly(linkage, t_star)
    size = int(option_of(options, "-outlier_size", option_of(options, "-min_cluster_size", 10)))
    share = float(option_of(options, "-minority_share", 0.1))
    check_choice(where, group, measures)
    clusters_oracle.check_tasks(where, group, distances, linkage, measures, labels, t_star, clusters, size, share)


def check_stages(where, group, linkage, measures, rule, flow_stage, cut=cut):
    wanted = wanted_stages(measures, rule)
    names = list(group["stages/name"].asstr()[()])
    if flow_stage.startswith("clusters:"):
        count = int(flow_stage.split(":")[1])
        wanted.append((linkage[len(linkage) - count, 2], flow_stage))
    expect(names == [name for _, name in wanted], f"{where}: stages {names}, expected {[name for _, name in wanted]}")
    equal(group["stages/threshold"][()], [threshold for threshold, _ in wanted], f"{where}: thresholds of the stages")
    labels = np.array([cut(linkage, threshold) for threshold, _ in wanted])
    equal(group["stages/labels"][()], labels, f"{where}: labels of the stages")
    equal(group["stages/n_clusters"][()], labels.max(axis=1) + 1, f"{where}: n_clusters of the stages")


def check_simplices(where, group, distances):
    for dim, intervals in enumerate(common.read_diagrams(group)):
        simplices = group[f"diagrams/dim{dim}_simplices"][()]
        births, deaths = simplices[:, : dim + 1], simplices[:, dim + 1 :]
        if not expect(simplices.shape == (len(intervals), 2 * dim + 3), f"{where}: simplices of dimension {dim}"):
            continue
        finite = np.isfinite(intervals[:, 1])
        expect((deaths[~finite] == -1).all(), f"{where}: an essential interval of dimension {dim} has a simplex of death")
        for kind, vertices, values in (("birth", births, intervals[:, 0]), ("death", deaths[finite], intervals[finite, 1])):
            good = (vertices[:, 1:] > vertices[:, :-1]).all() and ((vertices >= 0) & (vertices < len(distances))).all()
            if not expect(good, f"{where}: vertices of a simplex of {kind} of dimension {dim} are not ascending points"):
                continue
            lengths = distances[vertices[:, :, None], vertices[:, None, :]].max(axis=(1, 2), initial=0)
            equal(lengths, values, f"{where}: longest edge of the simplices of {kind} of dimension {dim}")
            expect(len(np.unique(vertices, axis=0)) == len(vertices), f"{where}: a simplex of {kind} occurs twice")
        rows = np.column_stack([intervals, simplices]).tolist()
        expect(rows == sorted(rows), f"{where}: intervals of dimension {dim} are not sorted")
    edges = set(map(tuple, group["tree/edges"][()].tolist()))
    ends = group["diagrams/dim0_simplices"][:, 1:]
    expect(set(map(tuple, ends[ends[:, 0] >= 0].tolist())) <= edges, f"{where}: a component ends outside the tree")
    starts = group["diagrams/dim1_simplices"][:, :2] if "dim1_simplices" in group["diagrams"] else ends[:0]
    expect(not edges & set(map(tuple, starts.tolist())), f"{where}: a loop begins with an edge of the tree")


def check_diagrams(where, group, distances, linkage, metric, rule):
    threshold = common.threshold_of(rule, distances)
    equal(group.attrs["threshold"], threshold, f"{where}: threshold")
    diagrams = common.read_diagrams(group)
    if metric == "euclidean" or len(distances) <= MOST_POINTS_IN_GUDHI:
        common.compare_with_gudhi(where, diagrams, distances, threshold, collapse=True)
    common.compare_with_ripser(where, diagrams, distances, threshold, own_threshold=rule == "enclosing")
    common.check_zero_pairs(where, group, distances)
    heights = linkage[:, 2]
    ends = heights[(heights > 0) & (heights <= threshold)].tolist() + [np.inf] * int(1 + (heights > threshold).sum())
    common.compare_intervals(f"{where}: dimension 0 against the tree", diagrams[0], [(0, end) for end in ends])
    check_simplices(where, group, distances)


# ---- Flow ----


def count_rows(*columns):
    """Distinct rows of columns, ascending, each with how often it occurs."""
    rows, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return [(*row, count) for row, count in zip(rows.tolist(), counts.tolist())]


def wanted_nodes(layer, stages, kept, labels):
    """Rows of /flow/<metric>/nodes; a point with `kept` false is an outlier."""
    rows = []
    if labels is not None:
        points = kept & (labels >= 0)
        rows += [(layer, -1, name, size, name, size) for name, size in count_rows(labels[points])]
    for stage, clusters in enumerate(stages):
        for cluster, size in count_rows(clusters[kept]):
            inside = kept & (clusters == cluster)
            classes = labels[inside & (labels >= 0)] if labels is not None else np.zeros(0, dtype=int)
            counts = np.bincount(classes) if len(classes) else None
            dominant = (-1, 0) if counts is None else (int(counts.argmax()), int(counts.max()))
            rows.append((layer, stage, cluster, size, *dominant))
    return rows


def wanted_stage_flow(layer, nested, kept, labels):
    rows = []
    if labels is not None:
        points = kept & (labels >= 0)
        rows += [(layer, -1, a, 0, b, count) for a, b, count in count_rows(labels[points], nested[0][points])]
    for stage in range(len(nested) - 1):
        pairs = count_rows(nested[stage][kept], nested[stage + 1][kept])
        rows += [(layer, stage, a, stage + 1, b, count) for a, b, count in pairs]
    return rows


def check_table(where, table, columns, wanted):
    expect(table.dtype.names == columns, f"{where}: columns {table.dtype.names}")
    integers = all(table.dtype[name] == ("i8" if name in ("size", "count", "dominant_count") else "i4") for name in columns)
    expect(integers, f"{where}: types {table.dtype}")
    found = [tuple(map(int, row)) for row in table[()]]
    if found != wanted:
        place = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
        expect(False, f"{where}: {len(found)} rows, expected {len(wanted)}; first difference at {place}: {found[place:place + 1]}")


def check_conservation(where, flow):
    """What enters or leaves a cluster within a layer is its size, where every point has a label."""
    size = {(row["layer"], row["stage"], row["cluster"]): row["size"] for row in flow["nodes"][()]}
    links = flow["stages"][()]
    for side, end in (("source", "leaves"), ("target", "enters")):
        through = {}
        for row in links:
            key = (row["layer"], row[f"{side}_stage"], row[f"{side}_cluster"])
            through[key] = through.get(key, 0) + row["count"]
        wrong = [key for key, count in through.items() if count != size.get(key)]
        expect(not wrong, f"{where}: what {end} a cluster is not its size, first {wrong[:1]}")


def check_flow(where, flow, groups, labels, least, flow_stage):
    nodes, stage_flow, layer_flow, before = [], [], [], None
    for layer, group in enumerate(groups):
        stages, names = group["stages/labels"][()], list(group["stages/name"].asstr()[()])
        nested = stages[:-1] if flow_stage.startswith("clusters:") else stages
        decisive = nested[min(1, len(nested) - 1)]
        kept = np.bincount(decisive)[decisive] > least
        nodes += wanted_nodes(layer, stages, kept, labels)
        stage_flow += wanted_stage_flow(layer, nested, kept, labels)
        linked = np.where(kept, stages[names.index(flow_stage)], -1)
        if before is not None:
            both = (before >= 0) & (linked >= 0)
            layer_flow += [(layer - 1, a, layer, b, count) for a, b, count in count_rows(before[both], linked[both])]
        before = linked
    check_table(f"{where}/nodes", flow["nodes"], NODE, nodes)
    check_table(f"{where}/stages", flow["stages"], STAGE_FLOW, stage_flow)
    check_table(f"{where}/layers", flow["layers"], LAYER_FLOW, layer_flow)
    expect(flow["layers"].attrs["stage"] == flow_stage.encode(), f"{where}: linked at {flow['layers'].attrs['stage']}")
    if labels is None or (labels >= 0).all():
        check_conservation(where, flow)


# ---- Layout ----


def check_string(where, kind):
    """Fixed length, zero padded, UTF-8."""
    good = not kind.is_variable_str() and kind.get_strpad() == h5py.h5t.STR_NULLPAD and kind.get_cset() == h5py.h5t.CSET_UTF8
    expect(good, f"{where}: not a string of fixed length, zero padded, UTF-8")


def check_item(where, item):
    kinds = [("", item.id.get_type())] if isinstance(item, h5py.Dataset) else []
    kinds += [(f" attribute {name}", item.attrs.get_id(name).get_type()) for name in item.attrs]
    for name, kind in kinds:
        parts = [kind.get_member_type(i) for i in range(kind.get_nmembers())] if kind.get_class() == h5py.h5t.COMPOUND else [kind]
        for part in parts:
            if part.get_class() == h5py.h5t.STRING:
                check_string(where + name, part)
    if isinstance(item, h5py.Dataset):
        expect(item.attrs.get("description"), f"{where}: no description")


def check_layout(where, file, layers, metrics, labels, ids, ranks):
    file.visititems(lambda name, item: check_item(f"{where}: {name}", item))
    check_item(f"{where}: /", file)
    missing = [name for name in ATTRIBUTES if name not in file.attrs]
    expect(not missing, f"{where}: no attributes {missing}")
    expect(file.attrs["format"] == b"hole-result" and file.attrs["command"].startswith(b"hole analyze"), f"{where}: format, command")
    expect(file.attrs["n_ranks"] == ranks, f"{where}: n_ranks {file.attrs['n_ranks']}")
    expect(file.attrs["started"] <= file.attrs["finished"], f"{where}: finished before it started")
    expect(list(file["layer_names"].asstr()[()]) == list(layers), f"{where}: layer_names")
    expect(set(file["flow"]) == set(metrics), f"{where}: flow of {set(file['flow'])}")
    expect(file["sample_ids"].dtype == "i8" and ("labels" in file) == (labels is not None), f"{where}: sample_ids, labels")
    equal(file["sample_ids"][()], ids, f"{where}: sample_ids")
    if labels is not None:
        expect(file["labels"].dtype == "i4", f"{where}: labels are {file['labels'].dtype}")
        equal(file["labels"][()], labels, f"{where}: labels")
    timings = file["timings"]
    expect(timings.dtype.names == ("layer", "metric", "step", "seconds", "peak_bytes"), f"{where}: timings {timings.dtype}")
    expect((timings["seconds"] >= 0).all() and (timings["peak_bytes"] > 0).all(), f"{where}: a time or memory of no sense")
    work = file["work"]
    expect(all((work[name] >= work[name.replace("_max", "_mean")]).all() for name in work.dtype.names if name.endswith("_max")),
           f"{where}: a mean of work above the largest")
    expect((work["path"] >= work["steps_max"]).all() and (work["efficiency"] <= 1).all() and b"reduction" in work["step"],
           f"{where}: a chain of waiting shorter than the work of a rank")


def check_group(where, group, n, width):
    attributes = {"n_points": n, "width": width, "filtration": b"rips", "max_dim": 1, "coefficients": 2}
    for name, value in attributes.items():
        expect(group.attrs[name] == value, f"{where}: attribute {name} is {group.attrs[name]}, expected {value}")
    types = {"tree/linkage": "f8", "tree/edges": "i8", "stages/threshold": "f8", "stages/n_clusters": "i8", "stages/labels": "i4"}
    types |= {f"diagrams/dim{k}": "f8" for k in (0, 1)} | {f"diagrams/dim{k}_simplices": "i8" for k in (0, 1)}
    for name, kind in types.items():
        expect(group[name].dtype == kind, f"{where}: {name} is {group[name].dtype}, expected {kind}")


# ---- Export ----


def exported(path, *options):
    """Lines of a table, the names of the columns first."""
    return list(csv.reader(io.StringIO(common.run_hole(0, "export", path, *options))))


def layer_tables(file, layers, metrics):
    """Per table of `export`, its columns and the rows of the file after layer and metric."""
    tables = {
        "diagrams": (["dimension", "birth", "death"], []),
        "tree": (["node_a", "node_b", "distance", "size"], []),
        "stages": (["stage", "name", "threshold", "n_clusters"], []),
        "curves": (list(CURVES), []),
    }
    for layer in layers:
        for metric in sorted(metrics):
            group = file[f"layers/{layer}/{metric}"]
            start = [layer, metric]
            for dim, intervals in enumerate(common.read_diagrams(group)):
                tables["diagrams"][1].extend(start + [dim, *row] for row in intervals.tolist())
            tables["tree"][1].extend(start + row for row in group["tree/linkage"][()].tolist())
            columns = (group["stages/name"].asstr()[()], group["stages/threshold"][()], group["stages/n_clusters"][()])
            tables["stages"][1].extend(start + [stage, *row] for stage, row in enumerate(zip(*columns)))
            n = len(group["curves/threshold"])
            columns = [group[f"curves/{name}"][()] if name in group["curves"] else [""] * n for name in CURVES]
            tables["curves"][1].extend(start + list(row) for row in zip(*columns))
    return tables


def same_field(text, value):
    """Text is compared as it is, a number as the double it stands for."""
    return text == value if isinstance(value, str) else float(text) == float(value) or text == "nan" and np.isnan(value)


def check_csv(where, lines, names, rows):
    expect(lines[0] == names, f"{where}: columns {lines[0]}, expected {names}")
    if not expect(len(lines) == len(rows) + 1, f"{where}: {len(lines) - 1} rows, expected {len(rows)}"):
        return
    for number, (line, row) in enumerate(zip(lines[1:], rows)):
        good = len(line) == len(row) and all(map(same_field, line, row))
        if not expect(good, f"{where}: row {number} is {line}, expected {row}"):
            break


def check_ripser_format(where, text, file, layers, metrics):
    wanted = []
    for layer in layers:
        for metric in sorted(metrics):
            wanted.append(f"# layer {layer}, metric {metric}")
            for dim, intervals in enumerate(common.read_diagrams(file[f"layers/{layer}/{metric}"])):
                wanted.append(f"persistence intervals in dim {dim}:")
                wanted.extend(map(tuple, intervals.tolist()))
    found = [line if not line.startswith(" [") else read_interval(line) for line in text.splitlines()]
    place = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), None)
    expect(place is None and len(found) == len(wanted), f"{where}: {len(found)} lines, expected {len(wanted)}; first wrong {place}")


def read_interval(line):
    birth, death = line[2:-1].split(",")
    return float(birth), float(death) if death.strip() else np.inf


def check_export(where, path, file, layers, metrics):
    for table, (names, rows) in layer_tables(file, layers, metrics).items():
        lines = exported(path, "-table", table, "-format", "csv")
        check_csv(f"{where}: export -table {table}", lines, ["layer", "metric", *names], rows)
    for table, dataset, names in (("nodes", "nodes", NODE), ("flow_stages", "stages", STAGE_FLOW), ("flow_layers", "layers", LAYER_FLOW)):
        rows = [[metric, *map(int, row)] for metric in sorted(metrics) for row in file[f"flow/{metric}/{dataset}"][()]]
        lines = exported(path, "-table", table, "-format", "csv")
        check_csv(f"{where}: export -table {table}", lines, ["metric", *names], rows)
    for table in ("folded", "folded_nodes", "folded_stages", "folded_layers"):
        rows = [[metric, *map(int, row)] for metric in sorted(metrics) for row in file[f"flow/{metric}/{table}"][()]]
        check_csv(f"{where}: export -table {table}", exported(path, "-table", table), ["metric", *file[f"flow/{metrics[0]}/{table}"].dtype.names], rows)
    for table in ("hierarchy", "separability", "homogeneity", "outliers"):
        names, rows = clusters_oracle.export_rows(file, layers, metrics, table)
        check_csv(f"{where}: export -table {table}", exported(path, "-table", table), ["layer", "metric", *names], rows)
    text = common.run_hole(0, "export", path, "-format", "ripser")
    check_ripser_format(f"{where}: export -format ripser", text, file, layers, metrics)


# ---- One result ----


def option_of(options, name, default):
    return options[options.index(name) + 1] if name in options else default


def check_ids(where, ids, n_rows, options):
    n = min(int(option_of(options, "-max_points", n_rows)), n_rows)
    good = len(ids) == n and (np.diff(ids) > 0).all() and ids.min() >= 0 and ids.max() < n_rows
    expect(good, f"{where}: sample_ids are not {n} ascending rows of the input")
    return ids if good else None


def check_result(ranks, name, path, layers, labels, options):
    result = common.analyze(ranks, path, f"{name}_result.h5", *options)
    where = f"seed {SEED}, {name}, {' '.join(options)}"
    metrics = option_of(options, "-metric", "euclidean").split(",")
    threshold, rule = option_of(options, "-threshold", "enclosing"), option_of(options, "-stages", "hole")
    flow_stage = option_of(options, "-flow_stage", "t_star")
    with h5py.File(result) as file:
        n_rows = len(next(iter(layers.values())))
        ids = check_ids(where, file["sample_ids"][()], n_rows, options)
        if ids is None:
            return
        classes = None if labels is None else np.asarray(labels)[ids]
        check_layout(where, file, layers, metrics, classes, ids, ranks)
        for metric in metrics:
            groups = [file[f"layers/{layer}/{metric}"] for layer in layers]
            for (layer, rows), group in zip(layers.items(), groups):
                place = f"{where}, {layer}/{metric}"
                distances = common.METRICS[metric](rows[ids])
                check_group(place, group, len(ids), rows.shape[1])
                linkage = check_tree(place, group, rows[ids], distances, metric)
                measures = Measures(linkage, classes)
                check_curves(place, group, measures)
                by = cut_openly if option_of(options, "-cut", "closed") == "open" else cut
                check_stages(place, group, linkage, measures, rule, flow_stage, by)
                check_tasks(place, group, distances, linkage, measures, classes, options)
                check_diagrams(place, group, distances, linkage, metric, threshold)
            least = int(option_of(options, "-min_cluster_size", 0))
            check_flow(f"{where}, /flow/{metric}", file[f"flow/{metric}"], groups, classes, least, flow_stage)
            folding = {"share": float(option_of(options, "-fold_share", 0.01)), "most": int(option_of(options, "-fold_most", 60))}
            clusters_oracle.check_folding(f"{where}, /flow/{metric}", file[f"flow/{metric}"], classes, **folding)
        if name in EXPORTED:
            check_export(where, result, file, layers, metrics)


def main():
    ranks = common.rank_count()
    for arguments in make_inputs():
        check_result(ranks, *arguments)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
