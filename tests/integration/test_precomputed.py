"""Layers given as distances: diagrams and trees equal those of GUDHI and SciPy on the same numbers, whatever the number of
ranks; what is wrong with the numbers is said with row and column.

With HOLE_TEST_DATA, known matrices and Ripser's answers too.
"""

import os
import sys

import cli
import common
import h5py
import numpy as np
from common import expect
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_matrix, csr_matrix
from scipy.spatial.distance import pdist, squareform

SEED = 20260311

# ---- Matrices ----


def clouds():
    """Square matrices by name, of 60 points."""
    rng = np.random.default_rng(SEED)
    rows = rng.normal(size=(60, 4))
    grid = rng.integers(0, 4, size=(60, 3)).astype(float)
    doubled = rows[rng.integers(30, size=60)]
    matrices = {
        "euclidean": squareform(pdist(rows)),
        "cityblock": squareform(pdist(grid, "cityblock")),
        "correlation": squareform(pdist(rows, "correlation")),
        "doubled": squareform(pdist(doubled)),
        "half": squareform(pdist(rows)).astype("f2"),
        "single": squareform(pdist(rows)).astype("f4"),
        "hops": squareform(pdist(grid, "cityblock")).astype("i2"),
        "equal": np.ones((60, 60)) - np.eye(60),
        "zero": np.zeros((60, 60)),
    }
    uneven = squareform(rng.uniform(size=60 * 59 // 2))  # no triangle inequality
    return {**matrices, "uneven": uneven}


def write_matrices(path, matrices, **options):
    with h5py.File(path, "w") as file:
        file.attrs["layer_order"] = list(matrices)
        for name, matrix in matrices.items():
            file.create_dataset(f"layers/{name}/distances", data=matrix, **options)
        file["labels"] = np.arange(len(matrix)) % 3
    return path


def analyze_both(ranks, path, name, *options):
    """A result on `ranks` ranks, found equal to that on one rank, byte by byte."""
    result = common.analyze(ranks, path, f"{name}_np{ranks}.h5", *options)
    if ranks > 1:
        other = common.analyze_alone(path, f"{name}_np1.h5", *options)
        where = f"{name} {' '.join(map(str, options))}, {ranks} ranks against 1"
        common.compare_contents(where, common.result_contents(result), common.result_contents(other))
    return result


def check_tree(where, group, distances):
    heights = group["tree/linkage"][:, 2]
    wanted = np.sort(linkage(squareform(distances), "single")[:, 2]) if len(distances) > 1 else np.empty(0)
    expect(np.array_equal(heights, wanted), f"{where}: the heights of the tree are not SciPy's")


def check_matrix(where, group, distances, rule):
    distances = distances.astype(float)
    threshold = common.threshold_of(rule, distances)
    expect(group.attrs["threshold"] == threshold, f"{where}: threshold {group.attrs['threshold']}, expected {threshold}")
    expect(group.attrs["width"] == 0 and group.attrs["n_points"] == len(distances), f"{where}: attributes")
    diagrams = common.read_diagrams(group)
    common.compare_with_gudhi(where, diagrams, distances, threshold)
    common.check_zero_pairs(where, group, distances)
    check_tree(where, group, distances)


def check_matrices(ranks):
    matrices = clouds()
    path = write_matrices("matrices.h5", matrices, chunks=(17, 23), compression="gzip")
    cases = (
        ("enclosing", ()),
        ("quantile:0.3", ("-threshold", "quantile:0.3")),
        ("enclosing", ("-max_points", 23, "-seed", 5)),
        ("enclosing", ("-max_dim", 0)),
        ("enclosing", ("-metric", "precomputed", "-max_points", 2)),
    )
    for case, (rule, options) in enumerate(cases):
        with h5py.File(analyze_both(ranks, path, f"matrices{case}", *options)) as file:
            ids = file["sample_ids"][()]
            expect(list(file["layers"]) == sorted(matrices) and list(file["flow"]) == ["precomputed"], "groups")
            for name, matrix in matrices.items():
                where = f"{name} {' '.join(map(str, options))}"
                check_matrix(where, file[f"layers/{name}/precomputed"], matrix[np.ix_(ids, ids)], rule)


def check_single(ranks):
    """Lengths that were given, rounded."""
    matrices = clouds()
    path = write_matrices("single.h5", matrices)
    for case, (rule, options) in enumerate((("enclosing", ()), ("quantile:0.3", ("-threshold", "quantile:0.3")))):
        with h5py.File(analyze_both(ranks, path, f"single{case}", "-precision", "single", *options)) as file:
            for name, matrix in matrices.items():
                group = file[f"layers/{name}/precomputed"]
                check_matrix(f"{name} in single precision", group, matrix.astype(np.float32), rule)
    n, graphs = 40, make_graphs(40)
    with h5py.File("single_graphs.h5", "w") as file:
        for name, (pairs, lengths) in graphs.items():
            write_graph(file, name, as_csr(n, pairs, lengths, "both", np.random.default_rng(SEED)))
    with h5py.File(analyze_both(ranks, "single_graphs.h5", "single_graphs", "-precision", "single")) as file:
        for name, (pairs, lengths) in graphs.items():
            lengths = lengths.astype(np.float32).astype(float)
            check_graph(f"graph {name} in single precision", file[f"layers/{name}/precomputed"], n, pairs, lengths)


def check_few_points(ranks):
    """Fewer points than ranks."""
    matrix = clouds()["euclidean"]
    for n in (1, 2, 3):
        path = write_matrices(f"few{n}.h5", {"few": matrix[:n, :n]})
        with h5py.File(analyze_both(ranks, path, f"few{n}")) as file:
            check_matrix(f"{n} points", file["layers/few/precomputed"], matrix[:n, :n], "enclosing")


def check_noise(ranks):
    """The matrix that is stored is the one above the diagonal, with noise below it."""
    matrix = clouds()["euclidean"]
    noisy = matrix + np.tril(np.full(matrix.shape, 5e-11))
    single = matrix.astype(np.float32)
    rounded = np.where(np.tri(len(matrix), k=-1, dtype=bool), np.nextafter(single, np.float32(np.inf)), single)
    path = write_matrices("noisy.h5", {"noisy": noisy, "rounded": rounded})
    with h5py.File(analyze_both(ranks, path, "noisy")) as file:
        check_matrix("noise below the diagonal", file["layers/noisy/precomputed"], matrix, "enclosing")
        check_matrix("rounding below the diagonal", file["layers/rounded/precomputed"], single, "enclosing")


def check_dataset(ranks):
    """Another layout, and a layer that has activations and distances."""
    matrix, rows = clouds()["euclidean"], np.random.default_rng(SEED).normal(size=(60, 4))
    with h5py.File("other.h5", "w") as file:
        file["some/matrix"] = matrix
        file["layers/both/distances"] = matrix
        file["layers/both/activations"] = rows
    for name, layer, options in (
        ("dataset", "matrix", ("-dataset", "/some/matrix", "-metric", "precomputed")),
        ("path", "both", ("-dataset", "/layers/both/distances")),
        ("both", "both", ("-metric", "precomputed")),
    ):
        with h5py.File(analyze_both(ranks, "other.h5", name, *options)) as file:
            check_matrix(" ".join(options), file[f"layers/{layer}/precomputed"], matrix, "enclosing")
    with h5py.File(analyze_both(ranks, "other.h5", "rows")) as file:
        expect(list(file["layers/both"]) == ["euclidean"], "a layer with both is not taken by its activations")


# ---- Graphs ----


def write_graph(file, name, matrix):
    """`matrix` in CSR form, as SciPy has it."""
    for part in ("indptr", "indices", "data"):
        file[f"layers/{name}/distances/{part}"] = getattr(matrix, part)


def random_edges(rng, n, n_edges, whole=False):
    """Some pairs i < j, each once, and their lengths, with a few of length 0."""
    pairs = np.array([(i, j) for i in range(n) for j in range(i + 1, n)])
    pairs = pairs[np.sort(rng.permutation(len(pairs))[:n_edges])]
    lengths = rng.integers(0, 5, len(pairs)).astype(float) if whole else rng.uniform(1, 2, len(pairs))
    lengths[:: max(len(lengths) // 5, 1)] = 0
    return pairs, lengths


def as_csr(n, pairs, lengths, triangle, rng):
    """CSR with stored zeros; columns in no order."""
    i, j = pairs[:, 0], pairs[:, 1]
    ends = {"upper": (i, j, lengths), "lower": (j, i, lengths)}
    ends["both"] = (np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([lengths, lengths]))
    row, col, data = ends[triangle]
    order = rng.permutation(len(row))
    order = order[np.argsort(row[order], kind="stable")]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    return csr_matrix((data[order], col[order], indptr), shape=(n, n))


def gudhi_of_edges(n, pairs, lengths, max_dim, threshold):
    import gudhi

    tree = gudhi.SimplexTree()
    for point in range(n):
        tree.insert([point], 0.0)
    for (i, j), length in zip(pairs.tolist(), lengths.tolist()):
        if length <= threshold:
            tree.insert([i, j], length)
    tree.expansion(max_dim + 1)
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0, persistence_dim_max=True)
    return [tree.persistence_intervals_in_dimension(dim) for dim in range(max_dim + 1)]


def graph_threshold(n, pairs, lengths):
    """Infinite, unless some point is adjacent to all others."""
    matrix = np.full((n, n), np.inf)
    np.fill_diagonal(matrix, 0)
    matrix[pairs[:, 0], pairs[:, 1]] = matrix[pairs[:, 1], pairs[:, 0]] = lengths
    return matrix.max(axis=1).min()


def check_graph(where, group, n, pairs, lengths):
    threshold = graph_threshold(n, pairs, lengths)
    expect(group.attrs["threshold"] == threshold, f"{where}: threshold {group.attrs['threshold']}, expected {threshold}")
    diagrams = common.read_diagrams(group)
    for dim, wanted in enumerate(gudhi_of_edges(n, pairs, lengths, len(diagrams) - 1, threshold)):
        common.compare_intervals(f"{where}: dimension {dim} against GUDHI", diagrams[dim], wanted)
    heights, n_parts = group["tree/linkage"][:, 2], len(connected_parts(n, pairs))
    expect(np.isinf(heights).sum() == n_parts - 1, f"{where}: {np.isinf(heights).sum()} infinite merges, {n_parts} parts")


def connected_parts(n, pairs):
    from scipy.sparse.csgraph import connected_components

    # As ones: SciPy takes a length of 0 for no edge.
    return set(connected_components(coo_matrix((np.ones(len(pairs)), pairs.T), shape=(n, n)))[1].tolist())


def make_graphs(n):
    """Pairs and lengths by name."""
    rng = np.random.default_rng([SEED, n])
    star = np.array([(0, j) for j in range(1, n)])
    everything = random_edges(rng, n, n * (n - 1) // 2)
    sparse = random_edges(rng, n, n // 2)
    more = random_edges(rng, n, 4 * n)
    ties = random_edges(rng, n, 4 * n, whole=True)
    ring = np.array([(i, i + 1) for i in range(n - 1)] + [(0, n - 1)])
    return {
        "everything": everything,
        "sparse": sparse,
        "more": more,
        "ties": ties,
        "ring": (ring, np.ones(n)),
        "star": (np.concatenate([star, ring[1:-1]]), np.concatenate([np.arange(1.0, n), np.full(n - 2, 0.5)])),
        "nothing": (np.empty((0, 2), dtype=int), np.empty(0)),
    }


def check_graphs(ranks):
    n = 40
    rng = np.random.default_rng(SEED)
    graphs = make_graphs(n)
    for triangle in ("both", "upper", "lower"):
        path = f"graphs_{triangle}.h5"
        with h5py.File(path, "w") as file:
            for name, (pairs, lengths) in graphs.items():
                write_graph(file, name, as_csr(n, pairs, lengths, triangle, rng))
        with h5py.File(analyze_both(ranks, path, f"graphs_{triangle}")) as file:
            for name, (pairs, lengths) in graphs.items():
                check_graph(f"graph {name}, {triangle}", file[f"layers/{name}/precomputed"], n, pairs, lengths)
    with h5py.File(analyze_both(ranks, "graphs_both.h5", "graphs_kept", "-max_points", 23, "-seed", 2)) as file:
        ids = file["sample_ids"][()]
        for name, (pairs, lengths) in graphs.items():
            inside = np.isin(pairs, ids).all(axis=1)
            kept = np.searchsorted(ids, pairs[inside])
            check_graph(f"graph {name}, 23 points", file[f"layers/{name}/precomputed"], 23, kept, lengths[inside])


# ---- What is wrong ----


def changed(change):
    """A writer of a good matrix after a change."""

    def write(file):
        matrix = clouds()["euclidean"]
        change(matrix)
        file["layers/x/distances"] = matrix

    return write


def set_value(row, col, value, both=True):
    def change(matrix):
        matrix[row, col] = value
        if both:
            matrix[col, row] = value

    return changed(change)


def graph(**parts):
    """A writer of the path 0 - 1 - 2 of lengths 1 and 2, with other parts."""

    def write(file):
        good = {"indptr": [0, 1, 3, 4], "indices": [1, 0, 2, 1], "data": [1.0, 1.0, 2.0, 2.0]}
        for part, values in {**good, **parts}.items():
            file[f"layers/x/distances/{part}"] = values

    return write


def labelled(file):
    file["layers/x/distances"] = clouds()["euclidean"]
    file["labels"] = np.zeros(59, dtype="i4")


def unequal(file):
    file["layers/x/distances"] = clouds()["euclidean"]
    file["layers/y/distances"] = clouds()["euclidean"][:59, :59]


def no_values(file):
    file["layers/x/distances/indptr"] = [0, 0]


PLACE = ["/layers/x/distances", "row 31, column 44"]

# Words of the message, and the content.
INPUT = {
    "asymmetric": ([*PLACE, "row 44, column 31", "symmetric"], set_value(44, 31, 9.0, both=False)),
    "slightly": ([*PLACE, "row 44, column 31", "symmetric"], set_value(44, 31, 0.0, both=False)),
    "negative": ([*PLACE, "-1"], set_value(31, 44, -1.0)),
    "nan": ([*PLACE, "NaN"], set_value(31, 44, np.nan)),
    "infinite": ([*PLACE, "infinite"], set_value(31, 44, np.inf)),
    "diagonal": (["/layers/x/distances", "row 31, column 31", "diagonal"], set_value(31, 31, 0.5)),
    "oblong": (["/layers/x/distances", "[60, 59]"], lambda file: file.create_dataset("layers/x/distances", data=clouds()["euclidean"][:, :59])),
    "unequal": (["layer x has 60", "layer y has 59"], unequal),
    "labelled": (["/labels", "59", "60"], labelled),
    "words": (["/layers/x/distances", "string"], lambda file: file.create_dataset("layers/x/distances", data=[[b"a"]])),
    "truth": (["/layers/x/distances", "enum"], lambda file: file.create_dataset("layers/x/distances", data=np.zeros((3, 3), dtype=bool))),
    "pointers_start": (["indptr", "row 0 is 1"], graph(indptr=[1, 1, 3, 4])),
    "pointers_fall": (["indptr", "row 2 is 0"], graph(indptr=[0, 1, 0, 4])),
    "pointers_end": (["indptr", "row 3 (the last) is 5"], graph(indptr=[0, 1, 3, 5])),
    "indices_far": (["/layers/x/distances/indices", "row 1", "is 3"], graph(indices=[1, 0, 3, 1])),
    "indices_negative": (["/layers/x/distances/indices", "row 1", "is -1"], graph(indices=[1, -1, 2, 1])),
    "indices_float": (["/layers/x/distances/indices", "float64"], graph(indices=[1.0, 0.0, 2.0, 1.0])),
    "indices_short": (["indices has 3", "data has 4"], graph(indices=[1, 0, 2])),
    "twice": (["/layers/x/distances/indices", "row 1, column 0", "twice"], graph(indices=[1, 0, 0, 1])),
    "data_nan": (["/layers/x/distances/data", "row 1, column 2", "NaN"], graph(data=[1, 1, np.nan, 2])),
    "data_infinite": (["/layers/x/distances/data", "row 1, column 2", "infinite"], graph(data=[1, 1, np.inf, 2])),
    "data_negative": (["/layers/x/distances/data", "row 0, column 1", "-1"], graph(data=[-1, 1, 2, 2])),
    "data_differ": (["row 1, column 2 is 3", "row 2, column 1 is 2"], graph(data=[1, 1, 3, 2])),
    "data_diagonal": (["/layers/x/distances/data", "row 1, column 1", "diagonal"], graph(indices=[1, 0, 1, 1])),
    "no_values": (["/layers/x/distances/indices"], no_values),
}

GOOD = {"matrix": changed(lambda matrix: None), "graph": graph()}


def mixed(file):
    file["layers/a/activations"] = np.eye(60)
    file["layers/b/distances"] = clouds()["euclidean"]


# Words of the message, the input, options.
USAGE = [
    (["-metric euclidean", "layer x", "precomputed"], "matrix", "-metric euclidean"),
    (["-metric cosine", "layer x", "precomputed"], "graph", "-metric cosine"),
    (["-metric", "precomputed", "alone"], "matrix", "-metric precomputed,euclidean"),
    (["-metric", "precomputed", "alone"], "matrix", "-metric euclidean,precomputed"),
    (["-metric precomputed", "layer a", "activations"], "mixed", "-metric precomputed -layers a"),
    (["layer a has activations", "layer b has distances", "-layers"], "mixed", ""),
    (["layer a has activations", "layer b has distances", "-layers"], "mixed", "-metric precomputed"),
    (["-filtration knn", "layer x", "graph"], "graph", "-filtration knn"),
    (["-filtration sparse", "layer x", "graph"], "graph", "-filtration sparse"),
    (["-dataset"], "graph", "-dataset /layers/x -metric euclidean"),
]


def large(file):
    """Zeros that take no place in the file, but 128 MB in memory."""
    file.create_dataset("layers/x/distances", shape=(4000, 4000), dtype="i1", chunks=(400, 4000))


def check_faults():
    for name, write in {**{name: write for name, (_, write) in INPUT.items()}, **GOOD, "mixed": mixed, "large": large}.items():
        with h5py.File(f"{name}.h5", "w") as file:
            write(file)
    before = cli.snapshot()

    def check(name, code, words, options):
        done = cli.run("analyze", f"{name}.h5", "-output", "out.h5", "-view", "none", *options.split())
        cli.expect_failure(done, code, *words)
        changes = cli.differences(before, cli.snapshot())
        expect(not changes, f"{done}: left or changed {changes}")

    for name, (words, _) in INPUT.items():
        check(name, 3, [f"{name}.h5", *words], "")
    for words, name, options in USAGE:
        check(name, 2, words, options)
    check("large", 4, ["need about", "-max_points"], "-memory_limit 100MiB -max_dim 0")
    for name in INPUT:
        cli.expect_failure(cli.run("inspect", f"{name}.h5", ranks=0), 3, *INPUT[name][0])


def check_inspection():
    lengths = squareform(clouds()["euclidean"])
    printed = cli.run("inspect", "matrix.h5").stdout
    for word in ("60 x 60", f"{lengths.min():.5g}", f"{lengths.max():.5g}", "all pairs", "no fault found"):
        expect(word in printed, f"inspect matrix.h5 lacks {word}: {printed}")
    printed = cli.run("inspect", "graph.h5").stdout
    for word in ("3 x 3", "2 pairs", "no fault found"):
        expect(word in printed, f"inspect graph.h5 lacks {word}: {printed}")


# ---- Known matrices ----

# Points, and intervals of dimension 1 at the enclosing radius.
KNOWN = {"sphere3_192": 53, "fractal_r": 438, "celegans": 107}
WITH_RIPSER = ("sphere3_192", "fractal_r", "celegans", "random50x16", "vicsek300")


def check_known(ranks):
    path = os.path.join(os.environ.get("HOLE_TEST_DATA", ""), "classical", "classical.h5")
    if not os.path.exists(path):
        print("note: without classical/classical.h5 in HOLE_TEST_DATA, known matrices were not tried")
        return
    for name in sorted({*KNOWN, *WITH_RIPSER}):
        options = ("-dataset", f"/distances/{name}", "-metric", "precomputed")
        with h5py.File(analyze_both(ranks, path, name, *options)) as file, h5py.File(path) as source:
            diagrams = common.read_diagrams(file[f"layers/{name}/precomputed"])
            distances = source[f"distances/{name}"][()].astype(float)
        if name in KNOWN:
            expect(len(diagrams[1]) == KNOWN[name], f"{name}: {len(diagrams[1])} loops, expected {KNOWN[name]}")
        if ranks == 1:
            common.compare_with_ripser(name, diagrams, distances, None, own_threshold=True)


def main():
    ranks = common.rank_count()
    check_matrices(ranks)
    check_few_points(ranks)
    check_single(ranks)
    check_noise(ranks)
    check_dataset(ranks)
    check_graphs(ranks)
    if ranks in (1, 3):  # every rank count has its own errors in unit tests
        check_faults()
        check_inspection()
    check_known(ranks)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
