"""Random point clouds: diagrams equal those of GUDHI and of Ripser, on one rank; on more ranks the result is the same file.

The clouds are many a run, as layers of one file: each file has one number of points, each layer one kind of cloud.
"""

import sys

import common
import h5py
import numpy as np
from common import expect

SEED = 20251107
POINTS = (1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33, 48, 64, 65, 96, 128, 160, 200)
MOST_UNITS = 50

# Points, metric, -threshold, further options. 1 and 2 are lengths that occur in grids: an edge as long as the threshold counts.
FURTHER = (
    (50, "cosine", "enclosing", ()),
    (60, "euclidean", "2.4999", ()),
    (45, "euclidean", "1", ()),
    (45, "euclidean", "2", ()),
    (30, "euclidean", "0", ()),
    (68, "euclidean", "quantile:0.2", ()),
    (57, "cosine", "quantile:0.2", ()),
    (40, "euclidean", "inf", ()),
    (35, "cosine", "inf", ()),
    (16, "euclidean", "enclosing", ("-homology_type", "standard", "-max_dim", "2")),
    (110, "euclidean", "enclosing", ("-precision", "single")),
    (3, "euclidean", "enclosing", ("-precision", "single")),
    (64, "cosine", "enclosing", ("-precision", "single")),
    (45, "euclidean", "2", ("-precision", "single")),
    (57, "euclidean", "quantile:0.2", ("-precision", "single")),
    (35, "cosine", "inf", ("-precision", "single")),
    (16, "euclidean", "enclosing", ("-homology_type", "standard", "-max_dim", "2", "-precision", "single")),
)


def cloud_uniform(rng, n, d):
    return rng.uniform(size=(n, d))


def cloud_clusters(rng, n, d):
    return rng.normal(size=(5, d))[rng.integers(5, size=n)] * 4 + rng.normal(size=(n, d)) * 0.3


def cloud_grid(rng, n, d):
    return rng.integers(0, 4, size=(n, d)).astype(float)


def cloud_binary(rng, n, d):
    return rng.integers(0, 2, size=(n, d)).astype(float)


def cloud_duplicates(rng, n, d):
    return rng.normal(size=(n // 2 + 1, d))[rng.integers(n // 2 + 1, size=n)]


def cloud_collinear(rng, n, d):
    return rng.integers(-9, 10, size=(n, 1)) * rng.integers(1, 3, size=(1, d)).astype(float)


def cloud_equal(rng, n, d):
    return np.tile(rng.normal(size=(1, d)), (n, 1))


def cloud_circle(rng, n, d):
    angle = rng.uniform(0, 2 * np.pi, n)
    rows = rng.normal(size=(n, d)) * 0.05
    rows[:, 0] += np.cos(angle)
    rows[:, -1] += np.sin(angle)
    return rows


def cloud_rectified(rng, n, d):
    return np.maximum(rng.normal(size=(n, 6)) @ rng.normal(size=(6, d)), 0)


def cloud_nearly_equal(rng, n, d):
    return 1 + rng.integers(0, 3, size=(n, d)) * 2.0**-30


def cloud_nearly_tied(rng, n, d):
    """Lengths that only double precision tells apart."""
    return rng.integers(0, 3, size=(n, d)) + 2.0**-28 * rng.uniform(size=(n, d))


CLOUDS = (
    (cloud_uniform, "f4"),
    (cloud_clusters, "f8"),
    (cloud_grid, "f4"),
    (cloud_binary, "f2"),
    (cloud_duplicates, "f4"),
    (cloud_collinear, "f8"),
    (cloud_equal, "f2"),
    (cloud_circle, "f8"),
    (cloud_rectified, "f4"),
    (cloud_nearly_equal, "f8"),
    (cloud_nearly_tied, "f8"),
)


def make_clouds(case, n):
    """Layers of one file. No row is zero, so that the cosine distance is defined."""
    layers = {}
    for number, (cloud, kind) in enumerate(CLOUDS):
        rng = np.random.default_rng([SEED, case, number])
        d = int(rng.choice([1, 2, 3, rng.integers(1, MOST_UNITS + 1), rng.integers(1, MOST_UNITS + 1), MOST_UNITS]))
        rows = cloud(rng, n, d).astype(kind)
        rows[~rows.any(axis=1), 0] = 1
        layers[cloud.__name__.removeprefix("cloud_")] = rows
    return layers


def check_with_peers(where, rows, group, metric, rule):
    distances = common.METRICS[metric](rows)
    if group.attrs["precision"] == b"single":
        distances = distances.astype(np.float32).astype(float)
    threshold = common.threshold_of(rule, distances)
    if not expect(group.attrs["threshold"] == threshold, f"{where}: threshold {group.attrs['threshold']}, expected {threshold}"):
        return False
    diagrams = common.read_diagrams(group)
    common.check_zero_pairs(where, group, distances)
    common.compare_with_gudhi(where, diagrams, distances, threshold)
    return common.compare_with_ripser(where, diagrams, distances, threshold, own_threshold=rule == "enclosing")


def check_case(ranks, case, n, metric, rule, options):
    """Number of layers, and of those that Ripser could be asked about."""
    layers = make_clouds(case, n)
    path = common.write_activations(f"case{case}.h5", layers)
    options = ("-metric", metric, "-threshold", rule, *options)
    result = common.analyze_alone(path, f"case{case}_np1.h5", *options)
    where = f"seed {SEED}, case {case}, {n} points, {' '.join(options)}"
    if ranks > 1:
        other = common.analyze(ranks, path, f"case{case}_np{ranks}.h5", *options)
        common.compare_contents(
            f"{where}, {ranks} ranks against 1", common.result_contents(other), common.result_contents(result)
        )
        return 0, 0
    asked = 0
    with h5py.File(result) as file:
        for name, rows in layers.items():
            group = file[f"layers/{name}/{metric}"]
            expect(group.attrs["precision"] == (b"single" if "single" in options else b"double"), f"{where}: precision")
            asked += check_with_peers(f"{where}, {name}, {rows.shape[1]} units", rows, group, metric, rule)
    return len(layers), asked


def main():
    ranks = common.rank_count()
    cases = [(n, "euclidean", "enclosing", ()) for n in POINTS] + list(FURTHER)
    totals = np.sum([check_case(ranks, case, *arguments) for case, arguments in enumerate(cases)], axis=0)
    # All but the file of one point, and a few layers whose threshold is lost in single precision.
    if ranks == 1:
        expect(totals[1] >= totals[0] - 20, f"Ripser was asked about {totals[1]} of {totals[0]} clouds only")
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
