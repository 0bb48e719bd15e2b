"""The filtrations knn and sparse on random point clouds: diagrams equal those of GUDHI, and of Ripser, on the edges that the
definitions give; those of sparse are as near to the diagrams of rips as the theorem says; a merge tree is that of all pairs, whatever
the filtration. All this on one rank; on more ranks the result is the same file.

The clouds are many a run, as layers of one file: each file has one number of points, each layer one kind of cloud.
"""

import sys

import common
import gudhi
import h5py
import numpy as np
from common import expect

SEED = 20251122
ROUNDING = 1e-9  # the triangle inequality holds but for rounding
FURTHER_CASES = 60

# ---- Clouds ----


def cloud_uniform(rng, n):
    return rng.uniform(size=(n, 2))


def cloud_cube(rng, n):
    return rng.uniform(size=(n, 5))


def cloud_circle(rng, n):
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(size=(n, 2)) * 0.02


def cloud_even_circle(rng, n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def cloud_sphere(rng, n):
    rows = rng.normal(size=(n, 3))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cloud_clusters(rng, n):
    return rng.normal(size=(4, 3))[rng.integers(4, size=n)] * 5 + rng.normal(size=(n, 3)) * 0.3


def cloud_scales(rng, n):
    """Neighbours at all scales: a sparse filtration has much to leave out."""
    return np.exp(rng.uniform(-6, 3, size=(n, 1))) * rng.normal(size=(n, 2))


def cloud_grid(rng, n):
    return rng.integers(0, 5, size=(n, 2)).astype(float)


def cloud_duplicates(rng, n):
    return rng.normal(size=(n // 2 + 1, 3))[rng.integers(n // 2 + 1, size=n)]


def cloud_equal(rng, n):
    return np.tile(rng.normal(size=(1, 3)), (n, 1))


CLOUDS = [value for name, value in list(globals().items()) if name.startswith("cloud_")]


def make_clouds(case, n):
    return {
        cloud.__name__.removeprefix("cloud_"): cloud(np.random.default_rng([SEED, case, number]), n)
        for number, cloud in enumerate(CLOUDS)
    }


# ---- Edges by definition: rows i, j, length ----


def knn_edges(distances, k):
    """Pairs of which one is among the k nearest others of the other; ties go to the smaller number."""
    n = len(distances)
    near = np.zeros((n, n), dtype=bool)
    for i in range(n):
        others = sorted((j for j in range(n) if j != i), key=lambda j: (distances[i, j], j))
        near[i, others[:k]] = True
    return [(i, j, distances[i, j]) for i in range(n) for j in range(i + 1, n) if near[i, j] or near[j, i]]


def insertion_radii(distances):
    radii, nearest = np.full(len(distances), -1.0), np.full(len(distances), np.inf)
    for _ in radii:
        point = int(np.argmax(np.where(radii < 0, nearest, -1)))  # the first of equal ones
        radii[point] = nearest[point]
        nearest = np.minimum(nearest, distances[point])
    return radii


def sparse_edges(distances, epsilon):
    """Balls that grow until radius `stop` and live until `dies`; lengths are twice the radius at which two of them meet."""
    stop = insertion_radii(distances) * (1 + epsilon) / epsilon
    dies = stop * (1 + epsilon)
    edges = []
    for i in range(len(distances)):
        for j in range(i + 1, len(distances)):
            first, second = (i, j) if stop[i] >= stop[j] else (j, i)
            d = distances[i, j]
            if d <= 2 * stop[second]:
                edges.append((i, j, d))
            elif d - stop[second] <= stop[first] and d - stop[second] <= dies[second]:
                edges.append((i, j, 2 * (d - stop[second])))
    return edges


# ---- Diagrams ----


def flag_diagrams(n, edges, max_dim):
    """All simplices whose edges are there: no larger simplex is left out."""
    tree = gudhi.SimplexTree()
    for point in range(n):
        tree.insert([point], 0)
    for i, j, length in edges:
        tree.insert([i, j], length)
    tree.expansion(max_dim + 1)
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0, persistence_dim_max=True)
    return [tree.persistence_intervals_in_dimension(dim) for dim in range(max_dim + 1)]


def own_radius(n, edges):
    """The least, over points adjacent to all others, of their longest edge; infinite without such a point."""
    lengths = [[] for _ in range(n)]
    for i, j, length in edges:
        lengths[i].append(length)
        lengths[j].append(length)
    return min((max(of_point, default=0.0) for of_point in lengths if len(of_point) == n - 1), default=np.inf)


def spanning_merges(n, edges):
    """Number of edges of a spanning forest."""
    part = list(range(n))

    def find(i):
        while part[i] != i:
            i = part[i]
        return i

    merges = 0
    for i, j, _ in edges:
        i, j = find(i), find(j)
        merges += i != j
        part[max(i, j)] = min(i, j)
    return merges


def check_group(where, group, n, edges, rule, distances):
    """Threshold, diagrams and numbers of zero-length pairs of a layer."""
    threshold = own_radius(n, edges) if rule == "enclosing" else common.threshold_of(rule, distances)
    expect(group.attrs["threshold"] == threshold, f"{where}: threshold {group.attrs['threshold']}, expected {threshold}")
    edges = [edge for edge in edges if edge[2] <= threshold]
    diagrams = common.read_diagrams(group)
    for dim, wanted in enumerate(flag_diagrams(n, edges, len(diagrams) - 1)):
        common.compare_intervals(f"{where}: dimension {dim} against GUDHI", diagrams[dim], wanted)
    merges = spanning_merges(n, edges)
    zero_pairs = [merges - int(np.isfinite(diagrams[0][:, 1]).sum())]
    zero_pairs += [len(edges) - merges - len(diagrams[1])] if len(diagrams) > 1 else []
    found = [int(group[f"diagrams/dim{k}"].attrs["zero_pairs"]) for k in range(len(zero_pairs))]
    expect(found == zero_pairs, f"{where}: zero_pairs {found}, expected {zero_pairs}")
    if rule == "inf" and n > 1 and len({i for i, _, _ in edges} | {j for _, j, _ in edges}) == n:
        common.compare_rounded(where, diagrams, common.run_ripser_on_edges(edges, len(diagrams) - 1))


def check_same_tree(where, group, rips):
    """What follows from the merge tree does not depend on the filtration."""
    for part in ("tree", "stages", "curves"):
        for name in rips[part]:
            expect(np.array_equal(group[f"{part}/{name}"][()], rips[f"{part}/{name}"][()]), f"{where}: {part}/{name} differs")


def check_near(where, sparse, rips, epsilon):
    """With lengths divided by sqrt(1 + E) the sparse module is interleaved with the exact one by the same factor: no point moves
    further than log sqrt(1 + E) in the bottleneck distance of the logarithms. So no birth or death is wrong by more than 1 + E."""
    half = np.log1p(epsilon) / 2
    for dim, (found, exact) in enumerate(zip(sparse, rips)):
        with np.errstate(divide="ignore"):
            a, b = np.log(np.asarray(found)) - half, np.log(np.asarray(exact))
        if dim == 0:  # births are 0: nothing but equal ranks can be matched
            a, b = np.sort(a[:, 1]), np.sort(b[:, 1])
            finite = np.isfinite(b)
            moved = np.abs(a[finite] - b[finite]).max(initial=0) if len(a) == len(b) else np.inf
        else:
            expect(np.isfinite(a).all(), f"{where}: dimension {dim}: a class that does not end")
            moved = gudhi.bottleneck_distance(a.reshape(-1, 2), b.reshape(-1, 2), 0)
        expect(moved <= half + ROUNDING, f"{where}: dimension {dim}: moved by {moved}, at most {half} are allowed")


# Points, options of the filtration, -threshold, further options.
CASES = (
    (1, ("knn", "-neighbors", 3), "enclosing", ()),
    (2, ("knn",), "inf", ()),
    (40, ("knn", "-neighbors", 1), "inf", ()),
    (60, ("knn", "-neighbors", 4), "enclosing", ()),
    (60, ("knn", "-neighbors", 4), "inf", ()),
    (70, ("knn",), "0.4", ()),
    (50, ("knn", "-neighbors", 8), "quantile:0.1", ()),
    (30, ("knn", "-neighbors", 100), "enclosing", ()),
    (40, ("knn", "-neighbors", 5), "inf", ("-max_dim", 0)),
    (16, ("knn", "-neighbors", 5), "inf", ("-homology_type", "standard", "-max_dim", 2)),
    (1, ("sparse",), "enclosing", ()),
    (2, ("sparse",), "inf", ()),
    (3, ("sparse",), "inf", ()),
    (60, ("sparse",), "enclosing", ()),
    (60, ("sparse", "-epsilon", 0.1), "inf", ()),
    (70, ("sparse", "-epsilon", 1), "inf", ()),
    (70, ("sparse", "-epsilon", 3), "inf", ()),
    (50, ("sparse", "-epsilon", 20), "inf", ()),
    (60, ("sparse", "-epsilon", 1), "0.7", ()),
    (60, ("sparse", "-epsilon", 2), "quantile:0.2", ()),
    (50, ("sparse", "-epsilon", 1), "enclosing", ("-max_dim", 0)),
    (18, ("sparse", "-epsilon", 0.5), "inf", ("-homology_type", "standard", "-max_dim", 2)),
    (20, ("sparse", "-epsilon", 1), "inf", ("-homology_type", "standard", "-max_dim", 2)),
    (20, ("sparse", "-epsilon", 4), "inf", ("-homology_type", "standard", "-max_dim", 2)),
)
DEFAULTS = {"knn": ("neighbors", 16), "sparse": ("epsilon", 0.5)}


def check_layer(where, group, rips, rows, filtration, rule):
    name, (parameter, default) = filtration[0], DEFAULTS[filtration[0]]
    value = filtration[2] if len(filtration) > 1 else default
    expect(group.attrs["filtration"].decode() == name, f"{where}: attribute filtration")
    expect(group.attrs.get(parameter) == value, f"{where}: attribute {parameter} is {group.attrs.get(parameter)}")
    distances = common.euclidean(rows)
    edges = knn_edges(distances, value) if name == "knn" else sparse_edges(distances, value)
    check_group(where, group, len(rows), edges, rule, distances)
    check_same_tree(where, group, rips)
    if name == "sparse" and rule in ("inf", "enclosing"):
        check_near(where, common.read_diagrams(group), common.read_diagrams(rips), value)
    return len(edges), len(rows) * (len(rows) - 1) // 2


def check_case(ranks, case, n, filtration, rule, options):
    layers = make_clouds(case, n)
    path = common.write_activations(f"case{case}.h5", layers)
    chosen = ("-filtration", *filtration, "-threshold", rule, *options)
    where = f"seed {SEED}, case {case}, {n} points, {' '.join(map(str, chosen))}"
    result = common.analyze_alone(path, f"case{case}_np1.h5", *chosen)
    if ranks > 1:
        other = common.analyze(ranks, path, f"case{case}_np{ranks}.h5", *chosen)
        common.compare_contents(
            f"{where}, {ranks} ranks against 1", common.result_contents(other), common.result_contents(result)
        )
        return 0, 0
    exact = common.analyze(1, path, f"case{case}_rips.h5", "-threshold", "inf", *options)
    counts = np.zeros(2, dtype=int)
    with h5py.File(result) as file, h5py.File(exact) as rips:
        for name, rows in layers.items():
            group, reference = (f[f"layers/{name}/euclidean"] for f in (file, rips))
            counts += check_layer(f"{where}, {name}", group, reference, rows, filtration, rule)
    return counts


def check_given_distances(ranks):
    """Distances as the input give what the points give."""
    rows = cloud_clusters(np.random.default_rng(SEED), 40)
    points = common.write_activations("points.h5", {"layer": rows})
    with h5py.File("distances.h5", "w") as file:
        file["layers/layer/distances"] = common.euclidean(rows)
    for chosen in (("-filtration", "knn", "-neighbors", 3), ("-filtration", "sparse", "-epsilon", 2)):
        with (
            h5py.File(common.analyze(ranks, points, "of_points.h5", *chosen, "-force")) as a,
            h5py.File(common.analyze(ranks, "distances.h5", "of_distances.h5", *chosen, "-force")) as b,
        ):
            for dim in (0, 1):
                wanted, found = (f[f"layers/layer/{m}/diagrams/dim{dim}"][()] for f, m in ((a, "euclidean"), (b, "precomputed")))
                expect(np.array_equal(wanted, found), f"{' '.join(map(str, chosen))}: dimension {dim} of given distances differs")


def check_more_approximations():
    """The theorem in dimensions 0, 1 and 2 for the edges themselves, by GUDHI alone, on more clouds than whole runs could look at."""
    for case in range(FURTHER_CASES):
        rng = np.random.default_rng([SEED, 1000 + case])
        n, epsilon = int(rng.integers(8, 34)), float(rng.choice([0.1, 0.2, 0.5, 1, 2, 5]))
        for name, rows in make_clouds(1000 + case, n).items():
            if case % 3 == 0:  # spread over several scales
                rows = rows * np.exp(rng.uniform(-2, 2, size=(n, 1)))
            distances = common.euclidean(rows)
            complete = [(i, j, distances[i, j]) for i in range(n) for j in range(i + 1, n)]
            sparse, exact = flag_diagrams(n, sparse_edges(distances, epsilon), 2), flag_diagrams(n, complete, 2)
            check_near(f"seed {SEED}, further case {case}, epsilon {epsilon}, {name}", sparse, exact, epsilon)


def main():
    ranks = common.rank_count()
    totals = np.sum([check_case(ranks, case, *arguments) for case, arguments in enumerate(CASES)], axis=0)
    check_given_distances(ranks)
    if ranks == 1:
        expect(0 < totals[0] < totals[1] / 2, f"{totals[0]} edges of {totals[1]} pairs: too many to try anything")
        check_more_approximations()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
