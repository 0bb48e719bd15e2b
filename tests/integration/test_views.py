"""Data for pictures and summaries of diagrams in whole runs, against NumPy, SciPy, scikit-learn and GUDHI, and equal bytes for any number
of ranks."""

import sys

import cli
import common
import h5py
import numpy as np
from common import expect
from scipy.cluster.hierarchy import optimal_leaf_ordering
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import squareform

SEED = 20251122
BLOCKS, CLOSE, NEIGHBOURS = 1024, 5000, 16
LEAST = 1101  # points up to which all ends of all merges are tried


def near(found, wanted, precision=1e-9):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    return found.shape == wanted.shape and bool(np.all(np.abs(found - wanted) <= precision * np.abs(wanted).max(initial=0)))


# ---- Inputs ----


def make_layers():
    """Layers of 152 points: groups, fewer points than units, copies, a line, all points equal, equal variances."""
    rng = np.random.default_rng(SEED)
    n = 152
    labels = rng.integers(0, 3, n)
    groups = 6 * rng.normal(size=(3, 12))[labels] + rng.normal(size=(n, 12))
    labels[rng.permutation(n)[:12]] = -1
    labels[rng.permutation(n)[:9]] = 3  # a few of a class among the others
    quarter = rng.normal(size=(n // 4, 2))
    turned = np.stack([-quarter[:, 1], quarter[:, 0]], axis=1)
    layers = {
        "groups": groups,
        "wide": rng.normal(size=(n, 300)) * np.linspace(3, 0.1, 300) + 7,
        "copies": np.round(rng.normal(size=(n, 3)) * 1.5),
        "line": np.outer(np.round(10 * rng.normal(size=n)), [1, 2]) + 5,
        "equal": np.full((n, 3), 0.3),
        "turned": np.vstack([quarter, turned, -quarter, -turned]),
        "large": groups * 1e30,
    }
    return layers, labels


# ---- Planes ----


def check_plane(where, views, rows):
    scale = np.abs(rows).max()
    x = rows / scale
    x = x - x.mean(axis=0)
    _, values, axes = np.linalg.svd(x, full_matrices=False)
    share = values**2 / np.sum(values**2) if values[0] > 1e-12 else np.zeros(len(values))
    share = np.append(share, [0, 0])[:2]
    found, explained = views["pca2"][()] / scale, views["pca2"].attrs["explained"]
    expect(near(explained, share, 1e-9) or share[0] == 0 == max(explained), f"{where}: explained {explained}, expected {share}")
    for a in range(2):
        if share[a] < 1e-12:
            expect(np.abs(found[:, a]).max() < 1e-9, f"{where}: axis {a} of no variance has coordinates")
            continue
        if abs(share[0] - share[1]) < 1e-9:
            continue
        axis = axes[a] * np.sign(axes[a][np.abs(axes[a]).argmax()])
        expect(near(found[:, a], x @ axis, 1e-6), f"{where}: coordinates of axis {a} differ from those of the SVD")
    if rows.shape[1] == 2:  # the whole plane, whatever its axes
        expect(near(found @ found.T, x @ x.T), f"{where}: the plane is not turned, but bent")
    if share[1] > 1e-12 and abs(share[0] - share[1]) > 1e-9:
        from sklearn.decomposition import PCA

        wanted = PCA(2, svd_solver="full").fit_transform(x)
        signs = np.sign(np.sum(wanted * found, axis=0))
        expect(near(found, wanted * signs, 1e-6), f"{where}: coordinates differ from those of scikit-learn")


# ---- Orders ----


def cost(order, distances):
    return distances[order[:-1], order[1:]].sum()


def check_clusters_contiguous(where, order, linkage):
    """The members of every merge stand side by side."""
    n = len(order)
    first, last, size = np.empty(2 * n - 1), np.empty(2 * n - 1), np.ones(2 * n - 1)
    first[order] = last[order] = np.arange(n)
    for m, (a, b) in enumerate(linkage[:, :2].astype(int)):
        first[n + m], last[n + m] = min(first[a], first[b]), max(last[a], last[b])
        size[n + m] = size[a] + size[b]
    expect(np.array_equal(last - first + 1, size), f"{where}: the leaf order tears a cluster apart")


def least_cost(linkage, distances):
    """The least cost of any order of this tree, from sums of all three parts: ends u, m of one, k, w of the other."""
    n = len(distances)

    def combine(a, b):  # the least a[i, j] + b[j, k]
        return np.array([(row[:, None] + b).min(axis=0) for row in a])

    parts = {i: (np.array([i]), np.zeros((1, 1))) for i in range(n)}
    for m, (a, b) in enumerate(linkage[:, :2].astype(int)):
        (left, from_left), (right, to_right) = parts.pop(a), parts.pop(b)
        across = combine(combine(from_left, distances[np.ix_(left, right)]), to_right)
        both = np.full((len(left) + len(right),) * 2, np.inf)
        both[: len(left), len(left) :], both[len(left) :, : len(left)] = across, across.T
        parts[n + m] = (np.concatenate([left, right]), both)
    ((_, costs),) = parts.values()
    return costs.min()


def leaves(linkage, n):
    """The order of a linkage matrix as it stands."""
    stack, order = [2 * n - 2], []
    while stack:
        node = stack.pop()
        if node < n:
            order.append(node)
        else:
            stack += [int(linkage[node - n, 1]), int(linkage[node - n, 0])]
    return np.array(order)


def check_leaf_order(where, group, distances):
    order, linkage = group["views/leaf_order"][()], group["tree/linkage"][()]
    n = len(order)
    if not expect(np.array_equal(np.sort(order), np.arange(n)), f"{where}: the leaf order is no permutation"):
        return
    check_clusters_contiguous(where, order, linkage)
    optimal = group["views/leaf_order"].attrs["optimal"]
    expect(optimal == (n <= CLOSE), f"{where}: optimal {optimal} for {n} points")
    if not optimal:
        plain = cost(leaves(linkage, n), distances)
        expect(cost(order, distances) < plain, f"{where}: the order by the tree costs no less than SciPy's, {plain}")
        return
    found, said = cost(order, distances), group["views/leaf_order"].attrs["cost"]
    expect(abs(said - found) <= 1e-12 * found, f"{where}: said to cost {said}, it costs {found}")
    if n <= LEAST:
        wanted = least_cost(linkage, distances)
        expect(abs(found - wanted) <= 1e-12 * wanted, f"{where}: the leaf order costs {found}, expected {wanted}")
    if 2 < n <= 200:  # SciPy 1.10 misses the optimum of many trees
        peer = cost(leaves(optimal_leaf_ordering(linkage, squareform(distances, checks=False)), n), distances)
        expect(found <= peer * (1 + 1e-12), f"{where}: the leaf order costs {found}, SciPy's {peer}")
    expect(order[0] <= order[-1], f"{where}: the leaf order is the reverse one")


def bandwidth(graph, order):
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    i, j = np.nonzero(graph)
    return int(np.abs(place[i] - place[j]).max(initial=0))


def check_rcm(where, views, distances):
    order, threshold = views["rcm_order"][()], np.percentile(distances, 20)
    n = len(order)
    expect(np.array_equal(np.sort(order), np.arange(n)), f"{where}: the RCM order is no permutation")
    expect(views["rcm_order"].attrs["threshold"] == threshold, f"{where}: RCM threshold differs from {threshold}")
    graph = (distances <= threshold) & ~np.eye(n, dtype=bool)
    scipy_order = reverse_cuthill_mckee(csr_matrix(graph), symmetric_mode=True)
    found, wanted = bandwidth(graph, order), bandwidth(graph, scipy_order)
    expect(found <= 1.2 * wanted + 2, f"{where}: RCM bandwidth {found}, SciPy's is {wanted}")


# ---- Heatmap ----


def sample_of(first):
    """Leaf positions that are looked at where not all can be."""
    return np.concatenate([[a + (b - a) // 4, a + 3 * (b - a) // 4] for a, b in zip(first[:-1], first[1:])])


def check_heatmap(where, views, distances, labels, sampled):
    order, first = views["leaf_order"][()], views["heatmap_first"][()]
    n = len(order)
    n_blocks = min(n, BLOCKS)
    expect(np.array_equal(first, np.arange(n_blocks + 1) * n // n_blocks), f"{where}: blocks of the heatmap {first}")
    places = sample_of(first) if sampled else np.arange(n)
    block = np.searchsorted(first, places, side="right") - 1
    member = csr_matrix((np.ones(len(places)), (block, np.arange(len(places)))), shape=(n_blocks, len(places)))
    counts = np.asarray(member.sum(axis=1)).ravel()
    of_places = distances[np.ix_(order[places], order[places])]
    wanted = member @ (member @ of_places).T / np.outer(counts, counts)
    expect(views["heatmap"].attrs["points"] == len(places), f"{where}: {views['heatmap'].attrs['points']} points looked at")
    expect(views["heatmap"].dtype == np.float32 and near(views["heatmap"][()], wanted, 1e-6), f"{where}: the heatmap differs")
    classes = []
    for a, b in zip(first[:-1], first[1:]):
        of_block = labels[order[a:b]]
        counts = np.bincount(of_block[of_block >= 0])
        classes.append(counts.argmax() if counts.sum() else -1)
    expect(np.array_equal(views["heatmap_class"][()], classes), f"{where}: classes of the blocks differ")


# ---- Blobs ----


def area(vertices):
    x, y = vertices.T
    return (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def check_hull(where, points, found):
    """Vertices in cyclic order against Qhull's."""
    try:
        wanted = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # points on a line: its ends
        low, high = points[np.lexsort(points.T[::-1])][[0, -1]]
        wanted = np.array([low]) if np.array_equal(low, high) else np.array([low, high])
    start = np.lexsort(wanted.T[::-1])[0]
    wanted = np.roll(wanted, -start, axis=0)
    if len(found) > len(wanted):  # points on a side but for rounding
        expect(near(area(found), area(wanted)), f"{where}: hull of area {area(found)}, expected {area(wanted)}")
        found = np.array([v for v in found if (wanted == v).all(axis=1).any()])
    expect(np.array_equal(wanted, found), f"{where}: hull {found.tolist()}, expected {wanted.tolist()}")


def dominant(labels):
    counts = np.bincount(labels[labels >= 0])
    return counts.argmax() if counts.sum() else -1


def check_blobs(where, group, labels):
    plane, hulls, vertices = (group[f"views/{name}"][()] for name in ("pca2", "blobs/hulls", "blobs/vertices"))
    names = [name.decode() for name in group["stages/name"]]
    wanted_hulls, wanted_minority = [], []
    for stage in dict.fromkeys([0, names.index("t_star")]):
        clusters = group["stages/labels"][stage]
        for cluster in range(clusters.max() + 1):
            points = np.nonzero(clusters == cluster)[0]
            if len(points) >= 3:
                wanted_hulls.append((stage, cluster, dominant(labels[points]), len(points)))
            known = labels[points][labels[points] >= 0]
            counts = np.bincount(known, minlength=5)
            if len(points) >= 2:
                wanted_minority += [(stage, p) for p in points if labels[p] >= 0 and counts[labels[p]] / len(known) < 0.1]
    found = [(h["stage"], h["cluster"], h["dominant_class"], h["size"]) for h in hulls]
    if expect(found == wanted_hulls, f"{where}: hulls {found[:3]}..., expected {wanted_hulls[:3]}..."):
        for h in hulls:
            points = plane[group["stages/labels"][h["stage"]] == h["cluster"]]
            check_hull(f"{where}, {h['stage']}, {h['cluster']}", points, vertices[h["first"] : h["first"] + h["count"]])
    expect(hulls["count"].sum() == len(vertices), f"{where}: {len(vertices)} vertices")
    minority = [tuple(row) for row in group["views/blobs/minority"][()].tolist()]
    expect(minority == sorted(wanted_minority), f"{where}: minorities {minority}, expected {sorted(wanted_minority)}")
    return len(minority)


# ---- The spectral layout ----


def check_spectral(where, group, distances):
    n = len(distances)
    others = distances + np.diag(np.full(n, np.inf))
    near_to = np.argsort(others, axis=1, kind="stable")[:, : min(NEIGHBOURS, n - 1)]
    graph = np.zeros((n, n))
    graph[np.arange(n)[:, None], near_to] = 1
    i, j = group["tree/edges"][()].T
    graph[i, j] = 1
    graph = np.maximum(graph, graph.T)
    root = np.sqrt(graph.sum(axis=1))
    laplacian = np.eye(n) - graph / np.outer(root, root)
    values, vectors = np.linalg.eigh(laplacian)
    found, said = group["views/spectral2"][()], group["views/spectral2"].attrs["eigenvalues"]
    expect(near(said, values[1:3], 1e-7), f"{where}: eigenvalues {said}, expected {values[1:3]}")
    for a in range(2):
        gap = min(values[a + 1] - values[a], values[a + 2] - values[a + 1])
        expect(near(laplacian @ found[:, a], said[a] * found[:, a], 1e-6), f"{where}: vector {a} is no eigenvector")
        expect(abs(np.linalg.norm(found[:, a]) - 1) < 1e-9 and abs(root @ found[:, a]) < 1e-6, f"{where}: vector {a} is not normal")
        if gap > 1e-4:
            wanted = vectors[:, a + 1] * np.sign(vectors[:, a + 1] @ found[:, a])
            expect(near(found[:, a], wanted, 1e-4), f"{where}: vector {a} differs")


# ---- Summaries ----


def check_statistics(where, row, layer, dim, intervals):
    lives = np.diff(intervals[np.isfinite(intervals[:, 1])]).ravel()
    n_essential = len(intervals) - len(lives)
    found = tuple(row[name] for name in ("layer", "dim", "count", "essential"))
    expect(found == (layer, dim, len(lives), n_essential), f"{where}: {found}")
    names = ("mean", "std", "median", "max", "total")
    wanted = [f(lives) if len(lives) else 0 for f in (np.mean, np.std, np.median, np.max, np.sum)]
    for name, value in zip(names, wanted):
        expect(abs(row[name] - value) <= 1e-12 * max(wanted), f"{where}: {name} {row[name]}, expected {value}")
    p = lives / lives.sum()
    expect(abs(row["entropy"] + np.sum(p * np.log(p))) < 1e-10, f"{where}: entropy {row['entropy']}")


def check_with_gudhi(where, finite, row, grid, betti_of_finite, landscapes, image, ranges, sigma):
    try:
        from gudhi import representations
    except ImportError:
        return
    expect(abs(representations.Entropy()(finite) - row["entropy"]) < 1e-10, f"{where}: entropy of GUDHI differs")
    curve = representations.BettiCurve(predefined_grid=grid).fit_transform([finite])[0]
    expect(np.array_equal(curve, betti_of_finite), f"{where}: Betti curve of GUDHI differs")
    number, size = landscapes.shape
    range_ = [grid[0], grid[-1]]
    peaks = representations.Landscape(number, size, range_, keep_endpoints=True).fit_transform([finite])
    expect(near(landscapes.ravel(), peaks[0] / np.sqrt(2), 1e-12), f"{where}: landscapes of GUDHI differ")
    maker = representations.PersistenceImage(sigma, lambda x: x[1], image.shape, [*ranges[0], *ranges[1]])
    expect(near(image.ravel(), maker.fit_transform([finite])[0], 1e-10), f"{where}: image of GUDHI differs")


def plain_image(finite, xs, ys, sigma):
    birth, life = finite[:, 0], finite[:, 1] - finite[:, 0]
    along = np.exp(-((xs[None] - birth[:, None]) ** 2) / (2 * sigma**2))
    up = np.exp(-((ys[None] - life[:, None]) ** 2) / (2 * sigma**2))
    return (up * life[:, None]).T @ along / (2 * np.pi * sigma**2)


def check_summary(where, group, table, layer, dim):
    intervals, threshold = group[f"diagrams/dim{dim}"][()], group.attrs["threshold"]
    grid, curves = table["grid"][()], table["landscapes"][layer, dim]
    row = table["statistics"][layer * table["betti"].shape[1] + dim]
    check_statistics(where, row, layer, dim, intervals)

    finite = intervals[np.isfinite(intervals[:, 1])]
    alive = (finite[:, :1] <= grid) & (grid < finite[:, 1:])
    essential = intervals[~np.isfinite(intervals[:, 1])]
    alive_at_last = (essential[:, :1] <= grid) & (grid <= threshold)
    betti = table["betti"][layer, dim]
    wanted = alive.sum(axis=0) + alive_at_last.sum(axis=0)
    expect(np.array_equal(betti, wanted), f"{where}: the Betti curve differs")
    tents = np.maximum(0, np.minimum(grid - finite[:, :1], finite[:, 1:] - grid))
    tents = np.sort(np.vstack([tents, np.zeros((len(curves), len(grid)))]), axis=0)[::-1][: len(curves)]
    expect(np.array_equal(curves, tents), f"{where}: landscapes differ")

    attrs, image = table["images"].attrs, table["images"][layer, dim]
    ranges, sigma = (attrs["birth_range"][dim], attrs["persistence_range"][dim]), attrs["sigma"][dim]
    xs, ys = (np.linspace(*r, len(image)) for r in ranges)
    expect(near(image, plain_image(finite, xs, ys, sigma), 1e-10), f"{where}: the image differs")
    expect(near(sigma, max(xs[1] - xs[0], ys[1] - ys[0])), f"{where}: sigma {sigma}")
    if len(finite):
        expect(xs[0] <= finite[:, 0].min() and finite[:, 0].max() <= xs[-1] * (1 + 1e-12), f"{where}: births outside the image")
        expect((finite[:, 1] - finite[:, 0]).max() <= ys[-1] * (1 + 1e-12), f"{where}: lifetimes outside the image")
        check_with_gudhi(where, finite, row, grid, betti - alive_at_last.sum(axis=0), curves, image, ranges, sigma)
    return len(finite)


def check_summaries(where, file, metric):
    table, names = file[f"summaries/{metric}"], file["layer_names"].asstr()[()]
    groups = [file[f"layers/{name}/{metric}"] for name in names]
    n_dims = int(groups[0].attrs["max_dim"]) + 1
    ends = [group[f"diagrams/dim{dim}"][()] for group in groups for dim in range(n_dims)]
    ends = np.concatenate([e.ravel() for e in ends])
    top = ends[np.isfinite(ends)].max()
    expect(near(table["grid"][()], np.linspace(0, top, 256), 1e-12), f"{where}: the grid does not end at {top}")
    expect(table["grid"][-1] == top, f"{where}: the last birth or death is beyond the grid")
    for layer, group in enumerate(groups):
        for dim in range(n_dims):
            check_summary(f"{where}, {names[layer]}, dimension {dim}", group, table, layer, dim)


# ---- Runs ----


def run_twice(ranks, path, name, *options):
    """On the ranks of this test; equal to what one rank writes."""
    result = common.analyze(ranks, path, f"{name}_np{ranks}.hole.h5", *options)
    if ranks > 1:
        alone = common.analyze(1, path, f"{name}_np1.hole.h5", *options)
        common.compare_contents(f"{name}, {ranks} ranks against 1", common.result_contents(result), common.result_contents(alone))
    return result


def check_small(ranks):
    layers, labels = make_layers()
    path = common.write_activations("small.h5", layers, labels)
    cut = ("-threshold", "quantile:0.4")
    result = run_twice(ranks, path, "small", "-views", "all", "-metric", "euclidean,cosine", "-layers", "groups,wide,turned", *cut)
    rest = run_twice(ranks, path, "rest", "-views", "all", "-layers", "copies,line,equal,large")
    n_minority = 0
    for output, metrics in ((result, ("euclidean", "cosine")), (rest, ("euclidean",))):
        with h5py.File(output) as file:
            for metric in metrics:
                for name in file["layer_names"].asstr():
                    group, rows, where = file[f"layers/{name}/{metric}"], layers[name], f"{name}, {metric}"
                    scale = 1e30 if name == "large" else 1  # lengths whose squares would overflow
                    distances = common.METRICS[metric](rows / scale) * scale
                    check_plane(where, group["views"], rows)
                    check_leaf_order(where, group, distances)
                    if name != "large":  # its lengths are rounded elsewhere
                        check_rcm(where, group["views"], distances)
                    check_heatmap(where, group["views"], distances, labels, False)
                    n_minority += check_blobs(where, group, labels)
                    if name not in ("equal", "copies"):
                        check_spectral(where, group, distances)
                    expect(group["views"].attrs["left_out"] == b"", f"{where}: {group['views'].attrs['left_out']} left out")
                if name != "large":
                    check_summaries(metric, file, metric)
    expect(n_minority > 5, f"{n_minority} points of minorities: too few to try anything")


def check_middling(ranks):
    """More points than blocks, and more than are looked at closely: with stored rows (given ones), and without."""
    rng = np.random.default_rng(SEED)
    for n, metric in ((1100, "euclidean"), (CLOSE + 50, "euclidean"), (CLOSE + 50, "precomputed"))[ranks > 1 :]:
        rows = rng.normal(size=(n, 6)) + 3 * rng.normal(size=(5, 6))[rng.integers(0, 5, n)]
        labels = rng.integers(-1, 3, n)
        name, given, distances = f"{metric}{n}", metric == "precomputed", common.euclidean(rows)
        path = f"{name}.h5"
        with h5py.File(path, "w") as file:
            file["layers/layer/distances" if given else "layers/layer/activations"] = distances if given else rows
            file["labels"] = labels.astype("i4")
        result = run_twice(ranks, path, name, "-max_dim", 0, "-views", "leaf_order,rcm,heatmap,pca2")
        if ranks > 1:
            continue  # what one rank writes is looked at in a test of its own
        with h5py.File(result) as file:
            group = file[f"layers/layer/{metric}"]
            if not given:
                check_plane(name, group["views"], rows)
            check_leaf_order(name, group, distances)
            check_heatmap(name, group["views"], distances, labels, n > CLOSE and not given)
            expect("blobs" not in group["views"] and "spectral2" not in group["views"], f"{name}: views that nobody wanted")
            expect(("rcm_order" in group["views"]) == (n <= CLOSE), f"{name}: RCM order")
            expect((b"rcm_order" in group["views"].attrs["left_out"]) == (n > CLOSE), f"{name}: {group['views'].attrs['left_out']}")


def check_halves(ranks):
    """A tree of which every merge halves its part: as much work as there can be, in blocks of all kinds."""
    n = LEAST
    bits = (np.arange(n)[:, None] * 2048 // n >> np.arange(11)) & 1
    rng = np.random.default_rng(SEED)
    rows = np.column_stack([bits @ 3.0 ** np.arange(11), rng.uniform(0, 0.3, (n, 3))])[rng.permutation(n)]
    result = run_twice(ranks, common.write_activations("halves.h5", {"layer": rows}), "halves", "-max_dim", 0, "-views", "leaf_order")
    if ranks == 1:
        with h5py.File(result) as file:
            group = file["layers/layer/euclidean"]
            expect(np.min(group["tree/linkage"][-4:, 3]) > n / 8, "the tree does not halve its parts")
            check_leaf_order("halves", group, common.euclidean(rows))


def check_few(ranks):
    """Fewer points than ranks."""
    for n in (1, 3):
        rows = np.random.default_rng(n).normal(size=(n, 4))
        path = common.write_activations(f"few{n}.h5", {"layer": rows}, np.zeros(n, int))
        with h5py.File(run_twice(ranks, path, f"few{n}", "-views", "all")) as file:
            group = file["layers/layer/euclidean"]
            check_plane(f"{n} points", group["views"], rows)
            check_leaf_order(f"{n} points", group, common.euclidean(rows))
            check_heatmap(f"{n} points", group["views"], common.euclidean(rows), np.zeros(n, int), False)
            expect(("spectral2" in group["views"]) == (n > 3), f"{n} points: spectral layout")
            expect(file["summaries/euclidean/statistics"]["essential"][0] == 1, f"{n} points: essential classes")


def check_given(ranks):
    """Matrices, graphs, shortest paths."""
    rng = np.random.default_rng(SEED)
    rows = rng.normal(size=(60, 3))
    distances = common.euclidean(rows)
    with h5py.File("given.h5", "w") as file:
        file["layers/finite/distances"] = distances
    graph = csr_matrix(np.where(distances < 1.5, distances, 0))
    with h5py.File("graph.h5", "w") as file:
        for part in ("indptr", "indices", "data"):
            file[f"layers/graph/distances/{part}"] = getattr(graph, part)
    with h5py.File(run_twice(ranks, "given.h5", "given", "-views", "all")) as file:
        group = file["layers/finite/precomputed"]
        check_leaf_order("given", group, distances)
        check_rcm("given", group["views"], distances)
        check_heatmap("given", group["views"], distances, np.full(60, -1), False)
        check_spectral("given", group, distances)
        expect("pca2" not in group["views"] and "blobs" not in group["views"], "a plane of given distances")
    with h5py.File(run_twice(ranks, "graph.h5", "graph", "-views", "all")) as file:
        group = file["layers/graph/precomputed"]
        check_clusters_contiguous("graph", group["views/leaf_order"][()], group["tree/linkage"][()])
        for what in ("heatmap", "rcm_order", "spectral2"):
            expect(what not in group["views"] and what.encode() in group["views"].attrs["left_out"], f"graph: {what}")
    path = common.write_activations("paths.h5", {"layer": rows})
    words = ("-metric", "geodesic,euclidean", "-geodesic_neighbors", "4", "-max_dim", "0", "-views", "leaf_order,heatmap,rcm")
    with h5py.File(run_twice(ranks, path, "paths", *words)) as file:
        found, plain = (file[f"layers/layer/{metric}/views/heatmap"][()] for metric in ("geodesic", "euclidean"))
        expect(found.max() > plain.max(), "the heatmap of shortest paths is that of distances")


def check_words():
    """What an option asks for, and what comes with it."""
    path = common.write_activations("words.h5", {"layer": np.random.default_rng(1).normal(size=(30, 4))})
    for word, wanted in (
        ("none", set()),
        ("heatmap", {"leaf_order", "heatmap", "heatmap_first", "heatmap_class"}),
        ("blobs", {"pca2", "blobs"}),
        ("rcm,spectral2", {"rcm_order", "spectral2"}),
    ):
        with h5py.File(common.analyze(0, path, "words.hole.h5", "-force", "-views", word)) as file:
            found = set(file["layers/layer/euclidean/views"])
            expect(found == wanted, f"-views {word}: {found}, expected {wanted}")
    cli.run("analyze", path, "-output", "default.h5", "-view", "none", "-progress", "off", ranks=0)
    with h5py.File("default.h5") as file:
        found = set(file["layers/layer/euclidean/views"])
        expect({"pca2", "leaf_order", "rcm_order", "heatmap", "blobs"} <= found and "spectral2" not in found, f"default: {found}")
    cli.expect_failure(cli.run("analyze", path, "-views", "heatmaps", ranks=0), 2, "-views", "'heatmaps'", "leaf_order")
    cli.expect_failure(cli.run("analyze", path, "-views", "pca2,", ranks=0), 2, "-views")


def main():
    ranks = common.rank_count()
    check_small(ranks)
    if ranks in (1, 3):
        check_middling(ranks)
        check_halves(ranks)
    check_few(ranks)
    check_given(ranks)
    if ranks == 1:
        check_words()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
