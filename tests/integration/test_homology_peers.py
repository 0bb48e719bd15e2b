"""Diagrams of all dimensions equal those of GUDHI, and of Ripser modulo 2, with the numbers of zero-length pairs: tied, duplicated,
non-metric and disconnected lengths, spaces with torsion, graphs, thresholds of every kind, several primes. Cocycles and cycles are
what they claim to be. All this on one rank; on more ranks, with another number of windows, the result is the same file.

A case is a layer; a file has one number of points, and is analysed once with one set of options. HOLE_TEST_CASES=500 adds random
files until there are so many cases, and with HOLE_TEST_DATA a projective plane of 600 points.
"""

import os
import sys
from collections import Counter, namedtuple
from functools import cache
from itertools import combinations

import common
import gudhi
import h5py
import numpy as np
import test_filtrations
from common import expect
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import pdist, squareform

SEED = 20260419
WINDOWS = (1, 2, 7, 64)
PRIMES = (2, 3, 5, 7, 11, 65521)
LARGEST_PRIME = 251  # asked of GUDHI, which takes half a minute for one of 46337

# ---- Lengths: square matrices ----
# Of about 0 to 1, or whole numbers: the thresholds below mean something for each.


def matrix_cloud(rng, n):
    return squareform(pdist(rng.uniform(size=(n, 3)))) / np.sqrt(3)


def matrix_circle(rng, n):
    angle = rng.uniform(0, 2 * np.pi, n)
    return squareform(pdist(np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(size=(n, 2)) * 0.05)) / 2.5


def matrix_sphere(rng, n):
    rows = rng.normal(size=(n, 3))
    return squareform(pdist(rows / np.linalg.norm(rows, axis=1, keepdims=True))) / 2


def matrix_even_circle(rng, n):
    """Steps along a circle: spheres of dimension 2 and 3 at a third of it and beyond."""
    step = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return renumbered(rng, np.minimum(step, n - step) / max(n // 4, 1))


def matrix_octahedra(rng, n):
    """Opposite corners at 1, others at 0.5, other octahedra at 2 and further: many spheres."""
    corner, body = np.arange(n) % 6, np.arange(n) // 6
    lengths = np.where(corner[:, None] // 2 == corner // 2, 1.0, 0.5)
    apart = np.abs(np.subtract.outer(body, body))
    return renumbered(rng, np.where(apart > 0, 1.5 + apart / 2, lengths))


def matrix_grid(rng, n):
    return squareform(pdist(rng.integers(0, 4, size=(n, 3)), "cityblock"))


def matrix_cube(rng, n):
    """Corners of a cube: all on one sphere."""
    return squareform(pdist(rng.integers(0, 2, size=(n, 6)), "cityblock"))


def matrix_duplicates(rng, n):
    rows = rng.uniform(size=(n // 2 + 1, 3))[rng.integers(n // 2 + 1, size=n)]
    lengths = squareform(pdist(rows)) / np.sqrt(3)
    return np.where(lengths == 0, np.triu(np.full((n, n), -0.0)) + np.tril(np.full((n, n), -0.0)), lengths)


def matrix_uneven(rng, n):
    """No triangle inequality, no ties."""
    return squareform(rng.permutation(n * (n - 1) // 2) + 1.0) / max(n * (n - 1) // 2, 1)


def matrix_ties(rng, n):
    """No triangle inequality, ties and zeros everywhere."""
    return squareform(rng.integers(0, 5, size=n * (n - 1) // 2)).astype(float)


def matrix_two_parts(rng, n):
    rows = rng.uniform(size=(n, 3)) * 0.5
    rows[n // 2 :] += 5
    return squareform(pdist(rows))


def matrix_scales(rng, n):
    """Some 600 orders of magnitude, no triangle inequality."""
    return squareform(10.0 ** rng.uniform(-305, 305, n * (n - 1) // 2))


def matrix_equal(rng, n):
    return np.ones((n, n)) - np.eye(n)


def renumbered(rng, matrix):
    order = rng.permutation(len(matrix))
    matrix = matrix[np.ix_(order, order)].astype(float)
    np.fill_diagonal(matrix, 0)
    return matrix


MATRICES = {name.removeprefix("matrix_"): f for name, f in list(globals().items()) if name.startswith("matrix_")}

# ---- Spaces ----


def projective_plane():
    """Half of an icosahedron: 6 points, of which every two have an edge."""
    ring = [(1 + i, 1 + (i + 1) % 5, 1 + (i + 3) % 5) for i in range(5)]
    return ring + [(0, 1 + i, 1 + (i + 1) % 5) for i in range(5)]


def square_grid(glue):
    """Triangles of a grid; `glue` says which points of the plane are one."""
    squares = [(i, j) for i in range(3) for j in range(4)]
    lower = [(glue(i, j), glue(i + 1, j), glue(i + 1, j + 1)) for i, j in squares]
    return lower + [(glue(i, j), glue(i, j + 1), glue(i + 1, j + 1)) for i, j in squares]


def torus():
    return square_grid(lambda i, j: 4 * (i % 3) + j % 4)


def klein_bottle():
    return square_grid(lambda i, j: 4 * (i % 3) + (j if i < 3 else -j) % 4)


def moore_space():
    """A disc whose rim goes three times round a circle."""
    center, inner, rim = 12, lambda i: i % 9, lambda i: 9 + i % 3
    triangles = [(center, inner(i), inner(i + 1)) for i in range(9)]
    triangles += [(inner(i), inner(i + 1), rim(i)) for i in range(9)]
    return triangles + [(inner(i + 1), rim(i), rim(i + 1)) for i in range(9)]


SPACES = {"projective_plane": projective_plane, "torus": torus, "klein_bottle": klein_bottle, "moore_space": moore_space}
# Dimensions 1 and 2 over the integers modulo 2 and 3.
BETTI = {
    "projective_plane": {2: (1, 1), 3: (0, 0)},
    "torus": {2: (2, 1), 3: (2, 1)},
    "klein_bottle": {2: (2, 1), 3: (1, 0)},
    "moore_space": {2: (0, 0), 3: (1, 1)},
}


@cache
def subdivision(space):
    """Number of simplices, and pairs of which one is in the other: the flag complex of these has the same homology."""
    triangles = {frozenset(triangle) for triangle in SPACES[space]()}
    simplices = {frozenset(part) for t in triangles for size in (1, 2, 3) for part in combinations(t, size)}
    simplices = sorted(simplices, key=lambda s: (len(s), sorted(s)))
    return len(simplices), np.array([(a, b) for b, t in enumerate(simplices) for a, s in enumerate(simplices) if s < t])


def space_hops(rng, space, n):
    """Steps in the subdivision; points more than it has are there twice."""
    size, pairs = subdivision(space)
    hops = shortest_path(csr_matrix((np.ones(len(pairs)), pairs.T), shape=(size, size)), directed=False)
    place = rng.permutation(np.arange(n) % size)
    return hops[np.ix_(place, place)]


# ---- Lengths: graphs, as pairs i < j and their lengths ----


def graph_of(matrix, inside):
    i, j = np.nonzero(np.triu(inside, 1))
    return np.stack([i, j], axis=1), matrix[i, j]


def graph_random(rng, n):
    return graph_of(matrix_uneven(rng, n), squareform(rng.uniform(size=n * (n - 1) // 2) < 0.3))


def graph_ties(rng, n):
    return graph_of(matrix_ties(rng, n), squareform(rng.uniform(size=n * (n - 1) // 2) < 0.4))


def graph_near(rng, n):
    matrix = matrix_cloud(rng, n)
    return graph_of(matrix, matrix < 0.35)


def graph_few(rng, n):
    """Points without any edge among them."""
    return graph_of(matrix_ties(rng, n), squareform(rng.permutation(n * (n - 1) // 2) < 2 * n))


def graph_cone(rng, n):
    """Point 0 has an edge to every other: nothing is alive beyond its longest."""
    inside = squareform(rng.permutation(n * (n - 1) // 2) < 3 * n)
    inside[0] = True
    return graph_of(matrix_uneven(rng, n), inside)


def graph_octahedra(rng, n):
    matrix = matrix_octahedra(rng, n)
    return graph_of(matrix, matrix < 1)


def graph_spaces(rng, n):
    """Subdivisions side by side, with lengths that differ, and a few edges between them."""
    pairs, used = np.empty((0, 2), dtype=int), 0
    for space in list(SPACES) * n:
        size, more = subdivision(space)
        if used + size > n:
            break
        pairs, used = np.concatenate([pairs, more + used]), used + size
    pairs = np.concatenate([pairs, rng.integers(n, size=(n // 20, 2))])
    pairs = np.unique(np.sort(rng.permutation(n)[pairs], axis=1), axis=0)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    return pairs, 0.1 + rng.permutation(len(pairs)) / max(len(pairs), 1)


GRAPHS = {name.removeprefix("graph_"): f for name, f in list(globals().items()) if name.startswith("graph_") and name != "graph_of"}

# ---- What is analysed ----

# Kind: matrices, hops, graphs, knn or sparse. `parts`: which layers, all if empty.
Run = namedtuple("Run", "kind n prime max_dim rule represent options parts", defaults=("cocycles", (), ()))
# One layer: the lengths of all pairs or None, the edges of the filtration, the number behind -threshold.
Case = namedtuple("Case", "name lengths pairs edges threshold")

RUNS = (
    Run("matrices", 2, 2, 2, "inf", "cycles"),
    Run("matrices", 18, 2, 2, "enclosing"),
    Run("matrices", 14, 3, 2, "inf"),
    Run("matrices", 34, 5, 2, "0.5"),
    Run("matrices", 40, 2, 1, "1"),
    Run("matrices", 120, 3, 2, "0.125", parts=("cloud", "circle", "duplicates", "uneven", "two_parts", "sphere")),
    Run("matrices", 120, 2, 2, "quantile:0.02", parts=("cloud", "circle", "sphere", "uneven", "grid", "even_circle")),
    Run("matrices", 12, 2, 3, "enclosing", options=("-precision", "single")),
    Run("hops", 80, 2, 2, "1"),
    Run("hops", 80, 3, 2, "1"),
    Run("graphs", 32, 2, 2, "inf"),
    Run("graphs", 32, 65521, 2, "enclosing", "cycles"),
    Run("graphs", 400, 3, 2, "inf", parts=("few", "spaces", "cone")),
    Run("knn", 50, 3, 2, "inf", options=("-neighbors", 6)),
    Run("sparse", 26, 2, 2, "enclosing", options=("-epsilon", 1)),
    Run("matrices", 80, 2, 2, "enclosing", "cycles", ("-homology_side", "homology"), ("sphere", "uneven")),
    Run("graphs", 300, 2, 2, "inf", "cycles", ("-homology_side", "homology"), ("few", "spaces", "cone")),
)


def random_run(rng):
    kind = str(rng.choice(["matrices", "matrices", "matrices", "hops", "graphs", "graphs", "knn", "sparse"]))
    max_dim = int(rng.choice([1, 2, 2, 2, 3]))
    most = {"hops": 110, "graphs": 60, "knn": 60, "sparse": 40}.get(kind, 40)
    n = int(rng.integers(80 if kind == "hops" else 1, most if max_dim < 3 or kind == "hops" else 17))
    rules = ["enclosing", "inf", "quantile:%.2f" % rng.uniform(), "quantile:0.05", "%.3f" % rng.uniform(0, 1.2), "0.5", "1", "2", "0"]
    rule = str(rng.choice(["0", "1", "1", "1"] if kind == "hops" else rules))
    rule = "inf" if kind == "graphs" and rule.startswith("quantile") else rule
    options = {"knn": ("-neighbors", int(rng.integers(1, 9))), "sparse": ("-epsilon", float(rng.choice([0.2, 1, 3])))}.get(kind, ())
    options += ("-precision", "single") if kind == "matrices" and rng.uniform() < 0.2 else ()
    parts = ()
    if kind in ("matrices", "graphs") and rng.uniform() < 0.25:  # many points and few edges
        n = int(rng.integers(100, 400))
        rule, parts = ("%.3f" % (3 / n), ("uneven", "duplicates")) if kind == "matrices" else ("inf", ("few", "spaces", "cone"))
        if kind == "matrices" and rng.uniform() < 0.7:
            rule, parts = "quantile:%.4f" % (rng.uniform(1, 8) / n), ("cloud", "circle", "sphere", "uneven", "grid", "even_circle")
    return Run(kind, n, int(rng.choice(PRIMES)), max_dim, rule, str(rng.choice(["cocycles", "cycles"])), options, parts)


def chosen(makers, run):
    return {name: makers[name] for name in run.parts or makers}


def without_scales(layers, run):
    """What single precision cannot hold is an error of the input."""
    return {name: layer for name, layer in layers.items() if name != "scales" or "single" not in run.options}


def make_layers(run, number):
    """Rows, matrices or pairs and lengths, by name."""
    rngs = (np.random.default_rng([SEED, number, layer]) for layer in range(100))
    if run.kind == "matrices":
        return without_scales({name: f(rng, run.n) for rng, (name, f) in zip(rngs, chosen(MATRICES, run).items())}, run)
    if run.kind == "hops":
        return {name: space_hops(rng, name, run.n) for rng, name in zip(rngs, SPACES)}
    if run.kind == "graphs":
        return {name: f(rng, run.n) for rng, (name, f) in zip(rngs, chosen(GRAPHS, run).items())}
    return test_filtrations.make_clouds(number, run.n)


def write_graph(group, n, pairs, lengths):
    """Both triangles, zeros stored."""
    row, col = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((col, row))
    group["indptr"] = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    group["indices"] = col[order]
    group["data"] = np.concatenate([lengths, lengths])[order]


def write_layers(path, run, layers):
    if run.kind in ("knn", "sparse"):
        return common.write_activations(path, layers)
    with h5py.File(path, "w") as file:
        file.attrs["layer_order"] = list(layers)
        for name, layer in layers.items():
            if run.kind == "graphs":
                write_graph(file.create_group(f"layers/{name}/distances"), run.n, *layer)
            else:
                file[f"layers/{name}/distances"] = layer
    return path


def filtration_edges(run, distances):
    """Of all pairs, or of those that the filtration keeps."""
    if run.kind == "knn":
        edges = test_filtrations.knn_edges(distances, run.options[1])
    elif run.kind == "sparse":
        edges = test_filtrations.sparse_edges(distances, run.options[1])
    else:
        pairs = np.stack(np.triu_indices(len(distances), 1), axis=1)
        return pairs, distances[pairs[:, 0], pairs[:, 1]]
    return np.array([edge[:2] for edge in edges], dtype=int).reshape(-1, 2), np.array([edge[2] for edge in edges])


def make_case(run, name, layer):
    """The filtration by its definition."""
    if run.kind == "graphs":
        distances, (pairs, lengths) = None, layer
    else:
        distances = common.euclidean(layer) if run.kind in ("knn", "sparse") else layer.astype(float)
        if "single" in run.options:
            distances = distances.astype(np.float32).astype(float)
        pairs, lengths = filtration_edges(run, distances)
    if run.rule == "enclosing" and run.kind in ("graphs", "knn", "sparse"):
        threshold = test_filtrations.own_radius(run.n, [(*pair, length) for pair, length in zip(pairs.tolist(), lengths)])
    else:
        threshold = common.threshold_of(run.rule, distances)
    inside = lengths <= threshold
    return Case(name, distances, pairs[inside], lengths[inside], threshold)


# ---- Peers ----


def gudhi_diagrams(run, case):
    """Intervals by dimension, those of length zero among them. So few simplices have no torsion of the order of a large prime: any
    other gives the same."""
    tree = gudhi.SimplexTree()
    tree.insert_batch(np.arange(run.n)[None], np.zeros(run.n))
    if len(case.pairs):
        tree.insert_batch(case.pairs.T, case.edges)
    tree.expansion(run.max_dim + 1)
    tree.compute_persistence(homology_coeff_field=min(run.prime, LARGEST_PRIME), min_persistence=-1, persistence_dim_max=True)
    return [tree.persistence_intervals_in_dimension(dim).reshape(-1, 2) for dim in range(run.max_dim + 1)]


def compare_with_gudhi(where, run, case, group):
    for dim, wanted in enumerate(gudhi_diagrams(run, case)):
        zero = wanted[:, 0] == wanted[:, 1]
        found = group[f"diagrams/dim{dim}"]
        common.compare_intervals(f"{where}: dimension {dim} against GUDHI", found[()], wanted[~zero])
        zero_pairs = found.attrs["zero_pairs"]
        expect(zero_pairs == zero.sum(), f"{where}: dimension {dim}: zero_pairs {zero_pairs}, expected {zero.sum()}")
    if run.kind == "matrices":
        common.check_zero_pairs(where, group, case.lengths)


def compare_with_ripser(where, run, case, diagrams):
    """Did Ripser have a say? Debian's knows 2 only, wants an edge at every point, and stops in single precision at 1e38."""
    if run.prime != 2 or case.name == "scales" or len(set(case.pairs.flat)) < max(run.n, 2):
        return False
    edges = [(i, j, length) for (i, j), length in zip(case.pairs.tolist(), case.edges.tolist())]
    common.compare_rounded(where, diagrams, common.run_ripser_on_edges(edges, run.max_dim))
    return True


# ---- Representatives ----


@cache
def signs(dim):
    return np.array([(-1) ** i for i in range(dim + 1)])


class Simplices:
    """All simplices of a case up to a dimension, in the order of their vertices, with their diameters and facets."""

    def __init__(self, n, case, max_dim):
        lengths = np.full((n, n), np.inf)
        i, j = case.pairs.T
        lengths[i, j] = lengths[j, i] = case.edges
        adjacent = np.isfinite(lengths)
        self.n, self.vertices, self.diameter = n, [np.arange(n)[:, None]], [np.zeros(n)]
        for _ in range(max_dim):
            faces = self.vertices[-1]
            more = np.arange(n) > faces[:, -1:]
            for column in faces.T:
                more &= adjacent[column]
            face, vertex = np.nonzero(more)
            longest = np.maximum.reduce([lengths[column[face], vertex] for column in faces.T])
            self.diameter.append(np.maximum(self.diameter[-1][face], longest))
            self.vertices.append(np.concatenate([faces[face], vertex[:, None]], axis=1))
        self.facets = [None] + [self.facets_of(dim) for dim in range(1, max_dim + 1)]

    def places(self, vertices):
        """Row number of each simplex, -1 if it does not exist."""
        dim = vertices.shape[1] - 1
        powers = self.n ** np.arange(dim, -1, -1, dtype=np.int64)
        known, asked = self.vertices[dim] @ powers, vertices @ powers
        place = np.searchsorted(known, asked).clip(max=max(len(known) - 1, 0))
        return np.where(known[place] == asked, place, -1) if len(known) else np.full(len(asked), -1)

    def facets_of(self, dim):
        """Facet i of a simplex is the one without its vertex i."""
        vertices = self.vertices[dim]
        return np.stack([self.places(np.delete(vertices, i, axis=1)) for i in range(dim + 1)], axis=1)

    def coboundary(self, dim, chain, prime):
        return (chain[self.facets[dim + 1]] * signs(dim + 1)).sum(axis=1) % prime


def read_chains(where, group, dim, kind, prime):
    """Of each interval the vertices and the coefficients."""
    parts = group[f"diagrams/dim{dim}_{kind}"]
    offsets, simplices, coefficients = (parts[name][()] for name in ("offsets", "simplices", "coefficients"))
    n = len(group[f"diagrams/dim{dim}"])
    whole = len(offsets) == n + 1 and offsets[0] == 0 and offsets[-1] == len(simplices) == len(coefficients)
    expect(whole and (np.diff(offsets) > 0).all(), f"{where}: offsets")
    expect(((coefficients > 0) & (coefficients < prime)).all(), f"{where}: coefficients")
    expect((np.diff(simplices, axis=1) > 0).all(), f"{where}: the vertices of a simplex ascend")
    return [(simplices[a:b], coefficients[a:b].astype(np.int64)) for a, b in zip(offsets, offsets[1:])]


def check_cocycle(where, run, all_simplices, dim, interval, ends, chain):
    """Alive before its death, and no earlier than its birth. Ties do not matter: the order in which simplices enter refines that of
    their diameters."""
    (birth, death), (simplices, coefficients) = interval, chain
    places = all_simplices.places(simplices)
    if not expect((places >= 0).all() and len(set(places)) == len(places), f"{where}: simplices that are none, or are there twice"):
        return
    diameters = all_simplices.diameter[dim][places]
    expect((birth <= diameters).all() and (diameters <= death).all(), f"{where}: a simplex before birth, or after death")
    values = np.zeros(len(all_simplices.vertices[dim]), dtype=np.int64)
    values[places] = coefficients
    expect(values[all_simplices.places(ends[None, : dim + 1])] != 0, f"{where}: the birth simplex is not there")
    coboundary = all_simplices.coboundary(dim, values, run.prime)
    alive = all_simplices.diameter[dim + 1] < death
    expect(not coboundary[alive].any(), f"{where}: {np.count_nonzero(coboundary[alive])} cofacets before the death")
    if np.isfinite(death):
        last = all_simplices.places(ends[None, dim + 1 :])
        expect(coboundary[last] != 0, f"{where}: the death simplex does not end it")


def check_cocycles(where, run, case, group):
    """Number of cocycles."""
    all_simplices, count = Simplices(run.n, case, run.max_dim + 1), 0
    for dim in range(1, run.max_dim + 1):
        intervals, ends = group[f"diagrams/dim{dim}"][()], group[f"diagrams/dim{dim}_simplices"][()]
        place = f"{where}: cocycles of dimension {dim}"
        for number, chain in enumerate(read_chains(place, group, dim, "cocycles", run.prime)):
            check_cocycle(f"{place}: {number}", run, all_simplices, dim, intervals[number], ends[number], chain)
            count += 1
    return count


def check_cycles(where, run, case, group):
    """Number of cycles: closed, of edges that are there, the birth edge being the longest."""
    intervals, ends = group["diagrams/dim1"][()], group["diagrams/dim1_simplices"][()]
    known = {pair: length for pair, length in zip(map(tuple, case.pairs.tolist()), case.edges.tolist())}
    tied = len(set(known.values())) < len(known)
    chains = read_chains(f"{where}: cycles", group, 1, "cycles", run.prime)
    for number, (simplices, coefficients) in enumerate(chains):
        place, edges = f"{where}: cycle {number}", list(map(tuple, simplices.tolist()))
        boundary = np.zeros(run.n, dtype=np.int64)
        np.add.at(boundary, simplices[:, 1], coefficients)
        np.add.at(boundary, simplices[:, 0], -coefficients)
        expect(not (boundary % run.prime).any(), f"{place} is not closed")
        birth_edge = tuple(ends[number, :2].tolist())
        if expect(set(edges) <= set(known) and birth_edge in edges and len(set(edges)) == len(edges), f"{place}: edges"):
            others = max(known[edge] for edge in edges if edge != birth_edge)
            birth = intervals[number, 0]
            expect(known[birth_edge] == birth and (others <= birth if tied else others < birth), f"{place}: the longest edge")
    return len(chains)


# ---- Runs ----


def options_of(run):
    filtration = ("-filtration", run.kind) if run.kind in ("knn", "sparse") else ()
    chosen_options = ("-coefficients", run.prime, "-max_dim", run.max_dim, "-threshold", run.rule)
    return (*filtration, *chosen_options, "-representatives", run.represent, *run.options)


def analyze(run, name, path, ranks, windows=0):
    return common.analyze(ranks, path, f"{name}_np{ranks}.h5", *options_of(run), "-homology_windows", windows)


def check_layer(where, run, case, group):
    """Layers, those Ripser was asked about, representatives of dimensions 1 and more."""
    threshold = group.attrs["threshold"]
    if not expect(threshold == case.threshold, f"{where}: threshold {threshold}, expected {case.threshold}"):
        return 1, 0, 0
    expect(group.attrs["coefficients"] == run.prime, f"{where}: attribute coefficients")
    diagrams = common.read_diagrams(group)
    compare_with_gudhi(where, run, case, group)
    asked = compare_with_ripser(where, run, case, diagrams)
    if run.kind == "hops" and run.rule == "1" and run.prime in (2, 3):
        lasting = tuple(int(np.isinf(diagram[:, 1]).sum()) for diagram in diagrams[1:3])
        wanted = BETTI[case.name][run.prime][: len(lasting)]
        expect(lasting == wanted, f"{where}: {lasting} classes that last, expected {wanted}")
    check = check_cocycles if run.represent == "cocycles" else check_cycles
    return 1, asked, check(where, run, case, group)


def check_run(ranks, run, number):
    """Numbers of what was looked at."""
    layers = make_layers(run, number)
    path = write_layers(f"run{number}.h5", run, layers)
    where = f"seed {SEED}, run {number}, {run.kind}, {run.n} points, {' '.join(map(str, options_of(run)))}"
    result = analyze(run, f"run{number}", path, 1, WINDOWS[(number + 1) % len(WINDOWS)])
    if ranks > 1:  # and another number of windows
        other = analyze(run, f"run{number}", path, ranks, WINDOWS[(number + ranks) % len(WINDOWS)])
        same = common.result_contents(other), common.result_contents(result)
        common.compare_contents(f"{where}, {ranks} ranks and other windows against 1", *same)
        return len(layers), 0, 0
    counts = np.zeros(3, dtype=int)
    with h5py.File(result) as file:
        for name, layer in layers.items():
            group = file[f"layers/{name}/{'euclidean' if run.kind in ('knn', 'sparse') else 'precomputed'}"]
            counts += check_layer(f"{where}, {name}", run, make_case(run, name, layer), group)
    return counts


# ---- A larger projective plane ----


def check_few_of_plane(matrix):
    """Against GUDHI, which would want tens of GB for all points."""
    few = np.random.default_rng(SEED).permutation(len(matrix))[:70]
    path = write_layers("few.h5", Run("matrices", 70, 2, 2, "enclosing"), {"plane": matrix[np.ix_(few, few)]})
    for prime in (2, 3):
        run = Run("matrices", 70, prime, 2, "enclosing")
        with h5py.File(analyze(run, f"few{prime}", path, 1)) as file:
            case = make_case(run, "plane", matrix[np.ix_(few, few)])
            check_layer(f"70 points of the plane modulo {prime}", run, case, file["layers/plane/precomputed"])


def check_large_plane(path):
    """A loop that is closed by going round twice ends early modulo 3; modulo 2 what ended it begins a void, and what ends the loop at
    last begins one modulo 3. Which void of about equal birth ends where may differ by that."""
    with h5py.File(path) as file:
        matrix = file["distances/rp2_600"][()].astype(float)
    check_few_of_plane(matrix)
    diagrams = []
    for prime in (2, 3):
        run = Run("matrices", len(matrix), prime, 2, "enclosing")
        result = analyze(run, f"plane{prime}", write_layers(f"plane{prime}.h5", run, {"plane": matrix}), 1)
        with h5py.File(result) as file:
            diagrams.append([Counter(map(tuple, diagram)) for diagram in common.read_diagrams(file["layers/plane/precomputed"])])
    more, fewer = ([a - b for a, b in zip(x, y)] for x, y in (diagrams, diagrams[::-1]))
    where = f"{path}: intervals modulo 2 or 3 only: {more[1:]}, {fewer[1:]}"
    if expect(not more[0] and not fewer[0] and more[1].total() == fewer[1].total() == 1, where):
        ((birth, late),), ((first, early),) = more[1], fewer[1]
        expect(birth == first and early < late / 2, where)
        (births, deaths), (other_births, other_deaths) = (zip(*side[2].elements()) for side in (more, fewer))
        expect(Counter(births) - Counter(other_births) == Counter([early]), where)
        expect(Counter(other_births) - Counter(births) == Counter([late]) and sorted(deaths) == sorted(other_deaths), where)


def list_runs(n_cases):
    """The runs above, then random ones until there are enough layers."""
    runs = list(RUNS)
    count = sum(len(make_layers(run, number)) for number, run in enumerate(runs))
    while count < n_cases:
        run = random_run(np.random.default_rng([SEED, len(runs)]))
        count += len(make_layers(run, len(runs)))
        runs.append(run)
    return runs


def main():
    ranks, n_cases = common.rank_count(), int(os.environ.get("HOLE_TEST_CASES", 0))
    totals = np.zeros(3, dtype=int)
    for number, run in enumerate(list_runs(n_cases)):
        totals += check_run(ranks, run, number)
    expect(totals[0] >= 100, f"{totals[0]} cases")
    if ranks == 1:
        expect(totals[1] >= 20 and totals[2] >= 1000, f"Ripser was asked {totals[1]} times, {totals[2]} representatives")
    plane = os.path.join(os.environ.get("HOLE_TEST_DATA", ""), "classical", "classical.h5")
    if n_cases and ranks == 1 and os.path.exists(plane):
        check_large_plane(plane)
    if n_cases:
        print(f"{totals[0]} cases, {totals[1]} of them by Ripser too, {totals[2]} representatives")
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
