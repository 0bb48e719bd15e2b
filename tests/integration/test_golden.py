"""Every metric in whole runs: numbers that the published HOLE package gives on a formula's points (tests/data/README.md), and on
random points merge heights equal to those of SciPy on matrices that NumPy, SciPy and scikit-learn make of the definitions."""

import json
import os
import sys

import cli
import common
import h5py
import numpy as np
from common import expect
from scipy.cluster.hierarchy import linkage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist, pdist, squareform

SEED = 20251122
PRECISION = 1e-10  # relative; the golden numbers have twelve digits
METRICS = (
    "euclidean",
    "cosine",
    "manhattan",
    "chebyshev",
    "correlation",
    "mahalanobis",
    "geodesic",
    "density_euclidean",
    "density_cosine",
    "density_mahalanobis",
)


def near(found, wanted):
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    return found.shape == wanted.shape and bool(np.all(np.abs(found - wanted) <= PRECISION * np.abs(wanted)))


# ---- Golden numbers ----


def golden_layers():
    """60 points of 8 units in 3 classes, by formula."""
    i, j, c = np.arange(60), np.arange(8), np.arange(3)
    centres = 4 * np.sin(1 + 2.1 * c[:, None] + 0.9 * j)
    noise = np.sin(12.9898 * i[:, None] + 78.233 * j + 0.5) * np.cos(0.37 * i[:, None] * j)
    labels = i % 3
    return {f"layer{depth}": depth / 3 * centres[labels] + noise for depth in (1, 3)}, labels


def check_deaths(where, group, golden):
    heights = group["tree/linkage"][:, 2]
    expect(near(heights.sum(), golden["sum_deaths"]), f"{where}: sum of deaths {heights.sum()}, expected {golden['sum_deaths']}")
    expect(near(heights[:3], golden["deaths_first3"]), f"{where}: first deaths {heights[:3]}, expected {golden['deaths_first3']}")
    expect(near(heights[-3:], golden["deaths_last3"]), f"{where}: last deaths {heights[-3:]}, expected {golden['deaths_last3']}")
    expect(len(np.unique(heights)) == golden["n_deaths_distinct"], f"{where}: {len(np.unique(heights))} different deaths")


def check_stages(where, group, golden):
    stages = sorted(zip(group["stages/threshold"][()], group["stages/n_clusters"][()], group["stages/name"][()]))
    wanted = golden["stages"]
    if not expect(near([s[0] for s in stages], [w["t"] for w in wanted]), f"{where}: stages {stages}, expected {wanted}"):
        return
    best = max(wanted, key=lambda w: 0.7 * w["purity"] + 0.3 * w["homogeneity"])  # the first of equals
    curves = {name: group[f"curves/{name}"][()] for name in ("threshold", "n_clusters", "purity", "homogeneity")}
    for (threshold, n_clusters, name), stage in zip(stages, wanted):
        row = int(np.searchsorted(curves["threshold"], threshold))
        expect(n_clusters == stage["n"], f"{where}: {n_clusters} clusters at {threshold}, expected {stage['n']}")
        expect((name == b"t_star") == (stage is best), f"{where}: {name} at {threshold}, t* is expected at {best['t']}")
        for curve in ("purity", "homogeneity"):
            found = curves[curve][row]
            expect(near(found, stage[curve]), f"{where}: {curve} {found} at {threshold}, expected {stage[curve]}")


def check_intervals(where, group, golden):
    found = group["diagrams/dim1"][()]
    longest = found[np.argsort(found[:, 0] - found[:, 1], kind="stable")][:2]
    expect(len(found) == golden["n"], f"{where}: {len(found)} intervals in dimension 1, expected {golden['n']}")
    expect(near(longest, golden["top2"]), f"{where}: longest intervals {longest.tolist()}, expected {golden['top2']}")


def check_golden(ranks):
    with open(os.path.join(os.environ["HOLE_SOURCE_DIR"], "tests", "data", "golden_metrics.json")) as file:
        golden = json.load(file)
    layers, labels = golden_layers()
    path = common.write_activations("golden.h5", layers, labels)
    names = list(golden["layer1"])
    result = common.analyze(ranks, path, "golden.hole.h5", "-metric", ",".join(names), "-max_dim", "0")
    loops = common.analyze(ranks, path, "loops.hole.h5", "-metric", "euclidean", "-max_dim", "1")
    with h5py.File(result) as file, h5py.File(loops) as with_loops:
        for layer in layers:
            for name in names:
                check_deaths(f"{layer}, {name}", file[f"layers/{layer}/{name}"], golden[layer][name])
                check_stages(f"{layer}, {name}", file[f"layers/{layer}/{name}"], golden[layer][name])
            check_intervals(layer, with_loops[f"layers/{layer}/euclidean"], golden[layer]["euclidean"]["h1"])


# ---- Other packages ----


def mahalanobis(x):
    """The steps of HOLE, with scikit-learn's principal components where it takes them."""
    from sklearn.decomposition import PCA

    n, d = x.shape
    if d > 10 or n < max(d + 5, int(1.5 * d)):
        size = min(10, n - 5, d)
        if size < 2:
            return squareform(pdist(x))
        x = PCA(size, svd_solver="full").fit_transform(x)
    size = x.shape[1]
    covariance = np.atleast_2d(np.cov(x, rowvar=False))
    covariance += max(1e-6, 1e-3 * np.trace(covariance) / size) * np.eye(size)
    return cdist(x, x, "mahalanobis", VI=np.linalg.inv(covariance))


def density(distances, k):
    scale = np.sort(distances, axis=1)[:, min(k, len(distances) - 1)]
    scale = np.maximum(scale, max(0.01, 0.1 * np.median(scale)))
    return distances / np.sqrt(np.outer(scale, scale))


def geodesic(distances, k):
    """Shortest paths over mutual neighbours, and the plain distance where there is none; equal distances by number."""
    n = len(distances)
    others = distances + np.diag(np.full(n, np.inf))
    near_to = np.zeros((n, n), bool)
    near_to[np.arange(n)[:, None], np.argsort(others, axis=1, kind="stable")[:, : min(k, n - 1)]] = True
    paths = shortest_path(csr_matrix(np.where(near_to & near_to.T, distances, 0)), directed=False)
    n_parts = len(np.unique(np.argmax(np.isfinite(paths), axis=1)))  # a part is named by the first point that is reached
    return np.where(np.isinf(paths), distances, paths), n_parts


def matrices(x, density_neighbors, geodesic_neighbors):
    plain = {
        "euclidean": squareform(pdist(x)),
        "cosine": squareform(pdist(x, "cosine")),
        "manhattan": squareform(pdist(x, "cityblock")),
        "chebyshev": squareform(pdist(x, "chebyshev")),
        "correlation": squareform(pdist(x, "correlation")),
        "mahalanobis": mahalanobis(x),
    }
    made = {f"density_{name}": density(plain[name], density_neighbors) for name in ("euclidean", "cosine", "mahalanobis")}
    made["geodesic"], n_parts = geodesic(plain["euclidean"], geodesic_neighbors)
    return plain | made, n_parts


def clouds():
    rng = np.random.default_rng(SEED)
    return {
        "wide": rng.normal(size=(90, 200)),  # fewer points than units
        "tall": rng.normal(size=(300, 24)) * np.linspace(1, 3, 24) + 1,
        "narrow": rng.normal(size=(150, 6)) @ rng.normal(size=(6, 6)),
        "groups": rng.normal(size=(120, 12)) + 30 * rng.normal(size=(12, 12))[rng.integers(12, size=120)],
        "constant": np.where(np.arange(9) % 2, rng.uniform(size=(70, 9)), 0.1),  # units that are the same in all points
        "clump": rng.normal(size=(100, 8)) * np.where(np.arange(100) < 30, 0.02, 1)[:, None],  # scales below a tenth of their median
        "copies": rng.normal(size=(40, 6))[rng.integers(40, size=110)],  # many points in one place
        "few": rng.normal(size=(11, 9)),  # neither 2 * 5 neighbours nor principal components to spare
        "fewer": rng.normal(size=(6, 5)),
        "pair": rng.normal(size=(2, 4)),
    }


def check_peers(ranks):
    most_parts = 0
    for options in ((5, 10), (1, 3)):
        words = ("-density_neighbors", options[0], "-geodesic_neighbors", options[1])
        for name, x in clouds().items():
            path = common.write_activations(f"{name}.h5", {name: x})
            output = f"{name}_{options[0]}.hole.h5"
            common.analyze(ranks, path, output, "-metric", ",".join(METRICS), "-max_dim", "0", *words)
            wanted, n_parts = matrices(x, *options)
            most_parts = max(most_parts, n_parts)
            with h5py.File(output) as file:
                for metric in METRICS:
                    found = file[f"layers/{name}/{metric}/tree/linkage"][:, 2]
                    heights = np.sort(linkage(squareform(wanted[metric], checks=False), "single")[:, 2])
                    off = np.max(np.abs(found - heights)) / heights[-1] if len(found) == len(heights) else np.inf
                    expect(off <= 1e-9, f"{name}, {metric}, {options}: merge heights differ by {off:.1e} of the largest")
    expect(most_parts >= 12, f"at most {most_parts} parts of the neighbour graph: the hard cases are missing")


# ---- The command line ----


def below(metric, contents):
    return {path: what for path, what in contents.items() if metric in path.split("/")}


def check_order(ranks):
    """Metrics that are made from one base, and not one after another: what is written does not depend on their company."""
    x = np.random.default_rng(SEED).normal(size=(50, 7))
    path = common.write_activations("order.h5", {"layer": x})
    names = ["geodesic", "cosine", "density_euclidean", "density_cosine", "euclidean"]
    together = common.analyze(ranks, path, "together.hole.h5", "-metric", ",".join(names))
    with h5py.File(together) as file:
        done = list(dict.fromkeys(metric.decode() for metric in file["timings"]["metric"] if metric))
        expect(done == names, f"metrics were done in the order {done}, expected {names}")
    for name in names:
        alone = common.analyze(ranks, path, f"alone_{name}.hole.h5", "-metric", name)
        found, wanted = common.result_contents(together), common.result_contents(alone)
        common.compare_contents(f"{name} with others", below(name, found), below(name, wanted))


def check_rank_counts(ranks):
    """Every byte of all metrics, dimension 1 included, as one rank writes them; the files are those of check_peers()."""
    options = ("-metric", ",".join(METRICS), "-threshold", "quantile:0.3")
    for name in ("groups", "copies", "wide", "fewer"):
        path = f"{name}.h5"
        contents = [common.result_contents(common.analyze(n, path, f"{name}_np{n}.hole.h5", *options)) for n in (1, ranks)]
        common.compare_contents(f"{name}, {ranks} ranks against 1", contents[1], contents[0])


def check_refusals():
    rows = np.random.default_rng(SEED).normal(size=(30, 5))
    rows[29] = 0.1
    path = common.write_activations("one.h5", {"layer": rows})
    rows[29] = 0
    zero = common.write_activations("two.h5", {"layer": rows})
    # The subsample has the last row of the file, as a point of a smaller number.
    subsample = ("-max_points", "20", "-seed", "1")
    cli.expect_failure(cli.run("analyze", path, "-metric", "correlation"), 3, "layer", "row 29 is constant")
    cli.expect_failure(cli.run("analyze", path, *subsample, "-metric", "correlation"), 3, "row 29 is constant")
    cli.expect_failure(cli.run("analyze", zero, *subsample, "-metric", "density_cosine"), 3, "layer", "row 29 has norm 0")
    cli.expect_failure(cli.run("analyze", path, "-density_neighbors", "0"), 2, "-density_neighbors")
    cli.expect_failure(cli.run("analyze", path, "-geodesic_neighbors", "ten"), 2, "-geodesic_neighbors")
    cli.expect_failure(cli.run("analyze", path, "-metric", "geodesics"), 2, "geodesics", "density_mahalanobis")


def main():
    ranks = common.rank_count()
    check_golden(ranks)
    check_peers(ranks)
    check_order(ranks)
    if ranks > 1:
        check_rank_counts(ranks)
    check_refusals()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
