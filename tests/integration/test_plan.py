"""hole plan: exit codes, what it prints, and laws of the prediction; analyze refuses what will not fit, and only that."""

import json
import os
import sys

import h5py
import numpy as np
from cli import expect_failure, expect_success, run
from common import expect, finish, rank_count, write_activations

STEPS = ["read", "plane", "points", "rows", "pass", "graph", "lunes", "reduction", "views", "clusters", "write"]
METRICS = "euclidean cosine manhattan chebyshev correlation mahalanobis geodesic".split()
MIB = 1024 * 1024


def write_points(path, n, width, layers=1):
    rng = np.random.default_rng(n)
    rows = {f"layer{l}": rng.normal(size=(n, width)).astype("f4") for l in range(layers)}
    return write_activations(path, rows, labels=np.arange(n) % 5)


def plan(*arguments):
    """What plan says, without a launcher."""
    done = run("plan", *map(str, arguments), "-format", "json", ranks=0)
    if not expect_success(done):
        return None
    return json.loads(done.stdout)


def check_codes(points):
    expect_failure(run("plan", ranks=0), 2, "input is missing")
    expect_failure(run("plan", points, "-ranks", "0", ranks=0), 2, "-ranks")
    expect_failure(run("plan", points, "-rank", "4", ranks=0), 2, "-ranks")
    expect_failure(run("plan", points, "-node_memory", "much", ranks=0), 2, "-node_memory", "much")
    expect_failure(run("plan", points, "-metric", "euclidian", ranks=0), 2, "euclidian")
    expect_failure(run("plan", points, "-format", "xml", ranks=0), 2, "xml")
    expect_failure(run("plan", points, "-layers", "none", ranks=0), 2, "none")
    expect_failure(run("plan", "missing.h5", ranks=0), 3, "missing.h5")
    with open("text.h5", "w", encoding="ascii") as file:
        file.write("no HDF5 file\n")
    expect_failure(run("plan", "text.h5", ranks=0), 3, "text.h5")


def check_content(points):
    """Everything is there and adds up; options of analyze that do not matter are taken without a warning."""
    said = plan(points, "-ranks", 3, "-metric", "cosine,manhattan", "-output", "x.h5", "-view", "none")
    if said is None:
        return
    steps = {step["name"]: step for step in said["steps"]}
    expect([step for step in STEPS if step in steps] == list(steps), f"steps {list(steps)}")
    expect(said["n_points"] == 600 and said["n_ranks"] == 3, f"{said['n_points']} points, {said['n_ranks']} ranks")
    expect(said["layers"] == [{"name": f"layer{l}", "width": 12} for l in range(2)], f"layers {said['layers']}")
    expect(said["peak_bytes"] == max(step["bytes"] for step in steps.values()), "the peak is that of no step")
    total = sum(step["seconds"] for step in steps.values())
    expect(total <= said["seconds"] <= total + 1, f"{said['seconds']} s in all, {total} s in steps")
    expect(all(step["seconds"] >= 0 and step["bytes"] > 0 for step in steps.values()), "negative numbers")
    # Two layers by two metrics, pairs shared by three ranks; a product and a sum, or three operations, a unit.
    pairs = 600 * 600 / 2 / 3
    looks = 40 * 200  # some points to all, for the enclosing radius
    expect(abs(steps["pass"]["flop"] - 2 * (pairs + looks) * 12 * (2 + 3)) < 1, f"pass: {steps['pass']['flop']} flop")
    deep = {step["name"]: step for step in plan(points, "-ranks", 3, "-metric", "cosine,manhattan", "-max_dim", 2)["steps"]}
    expect(abs(deep["lunes"]["flop"] - 2 * pairs * 12 * (2 + 3)) < 1, f"lunes: {deep['lunes']['flop']} flop")
    expect("rows" not in {**steps, **deep}, f"steps {list(steps)}, and with -max_dim 2 {list(deep)}")
    bare = {step["name"]: step for step in plan(points, "-ranks", 3, "-views", "none")["steps"]}
    expect(set(steps) - set(bare) == {"plane", "views"}, f"-views none: steps {list(bare)}")
    flat = {step["name"]: step for step in plan(points, "-ranks", 3, "-max_dim", 0)["steps"]}
    expect(not {"rows", "lunes", "reduction"} & set(flat), f"-max_dim 0: steps {list(flat)}")
    expect(abs(flat["pass"]["flop"] - 2 * (pairs * 2 + looks * 3) * 12) < 1, f"pass: {flat['pass']['flop']} flop")
    expect(not os.path.exists("x.h5"), "plan wrote a result")


def check_job(points):
    """The header fits the prediction, and the command is the one that was planned."""
    said = plan(points, "-ranks", 70, "-node_cores", 32, "-node_memory", "64GiB", "-max_dim", 0, "-layers", "layer*")
    job = said["job"]
    expect(said["fits"], "it does not fit")
    expect((job["nodes"], job["ntasks"], job["ntasks_per_node"]) == (3, 70, 24), f"job {job}")
    expect(job["nodes"] * job["ntasks_per_node"] >= 70, "not all ranks have a place")
    expect(60 * job["minutes"] >= 2 * said["seconds"] and job["minutes"] % 5 == 0, f"{job['minutes']} minutes")
    command = ["srun", "hole", "analyze", points, "-max_dim", "0", "-layers", "layer*"]
    expect(job["command"] == command, f"command {job['command']}")

    vast = write_points("vast.h5", 8000, 8)
    said = plan(vast)
    least = 1.25 * said["peak_bytes"]
    expect(least <= said["job"]["mem_per_cpu_bytes"] <= least + 64 * MIB, f"memory to ask for: {said['job']}")

    eight = ["-ranks", 8, "-node_cores", 8, "-max_dim", 0]  # the same need as on the small nodes, but for blocks that travel
    a_rank = plan(points, *eight)["job"]["mem_per_cpu_bytes"]
    tight = plan(points, *eight, "-node_memory", f"{4 * a_rank}")
    expect(tight["fits"] and tight["job"]["ntasks_per_node"] <= 3, f"a small node: {tight['job']}")
    never = plan(points, "-ranks", 8, "-node_memory", "20MiB")
    expect(not never["fits"], "8 ranks fit into nodes of 20 MiB")

    done = run("plan", points, "-ranks", "70", "-node_cores", "32", "-layers", "layer*", "-max_dim", "0", ranks=0)
    if expect_success(done):
        lines = done.stdout.splitlines()
        wanted = ["#!/bin/bash", "#SBATCH --nodes=3", "#SBATCH --ntasks=70", "#SBATCH --ntasks-per-node=24"]
        expect(all(line in lines for line in wanted), f"the header lacks {set(wanted) - set(lines)}")
        expect(lines[-1] == f"srun hole analyze {points} -layers 'layer*' -max_dim 0", f"last line {lines[-1]}")


def check_metrics():
    """A layer so large that shadows of its points are planned, by every metric. No values are read, so none are written."""
    with h5py.File("wide.h5", "w") as file:
        file.create_dataset("layers/wide/activations", shape=(8192, 256), dtype="f4", chunks=(1024, 256))
    for metric in METRICS:
        said = plan("wide.h5", "-metric", metric, "-ranks", 2)
        expect(said and said["peak_bytes"] > 0, f"no plan by {metric}")


def check_laws():
    """More points need more, more ranks need less a rank."""
    sizes = [500, 2000, 8000]
    paths = [write_points(f"n{n}.h5", n, 16) for n in sizes]
    for options in (["-max_dim", 0], ["-max_dim", 1], ["-filtration", "knn"], ["-filtration", "knn", "-max_dim", 0]):
        plans = [plan(path, "-ranks", 2, "-views", "none", *options) for path in paths]  # small layers have more views
        for key in ("peak_bytes", "seconds"):
            values = [said[key] for said in plans]
            expect(values == sorted(values) and values[0] < values[2], f"{options}: {key} {values} for {sizes} points")
        plans = [plan(paths[2], "-ranks", ranks, *options) for ranks in (1, 2, 4, 16)]
        works = [sum(step["flop"] for step in said["steps"]) for said in plans]
        expect(all(a > b for a, b in zip(works, works[1:])), f"{options}: flop {works} on 1, 2, 4, 16 ranks")
    peaks = [plan(paths[2], "-ranks", ranks)["peak_bytes"] for ranks in (1, 2, 4, 16)]
    # Ranks on several nodes need more than those on one, where rows need not pass by; all need less than one alone.
    expect(peaks[0] > max(peaks[1:]), f"peaks {peaks} on 1, 2, 4, 16 ranks")
    # Without loops memory is of the order of n, views aside, which have a limit of their own.
    peaks = [plan(path, "-max_dim", 0, "-views", "none")["peak_bytes"] for path in (paths[0], paths[2])]
    expect(peaks[1] - peaks[0] < 8000 * 2500, f"-max_dim 0: {peaks}")


def check_refusal(ranks):
    """Refused below the need, not above it; what was predicted is written down."""
    path = write_points("large.h5", 3000, 32)
    words = ["analyze", path, "-output", "large.out.h5", "-force", "-view", "none", "-progress", "off", "-threshold", "quantile:0.15"]
    if not expect_success(run(*words, ranks=ranks)):
        return
    with h5py.File("large.out.h5") as file:
        predicted = int(file.attrs["predicted_peak_bytes"])
        measured = int(file["timings"]["peak_bytes"].max())
    rows = 8 * 3000 * 3000 // max(ranks, 1)
    expect(predicted > rows and measured > rows, f"{predicted} predicted, {measured} measured, rows alone {rows}")
    if "ASAN_OPTIONS" in os.environ:
        return  # the address sanitizer has memory of its own
    expect(0.75 <= predicted / measured <= 1.25, f"{predicted} predicted, {measured} measured")
    few = run(*words, "-memory_limit", str(int(0.8 * min(predicted, measured))), ranks=ranks)
    expect_failure(few, 4, "need about", "-max_dim 0", "-max_points", "-memory_limit")
    expect_success(run(*words, "-memory_limit", str(int(1.1 * max(predicted, measured))), ranks=ranks))


def check_graph(ranks):
    """A graph as input, of two million edges: each point with the 100 before it and after it on a line."""
    n, reach = 20000, 100
    row = np.arange(n)
    columns = row[:, None] + np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])[None, :]
    inside = (columns >= 0) & (columns < n)
    lengths = np.abs(columns - row[:, None]) + 1e-3 * np.minimum(columns, row[:, None])
    with h5py.File("graph.h5", "w") as file:
        group = file.create_group("layers/line/distances")
        group["indptr"] = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
        group["indices"], group["data"] = columns[inside].astype("i4"), lengths[inside].astype("f4")
    words = ["analyze", "graph.h5", "-output", "graph.out.h5", "-force", "-view", "none", "-progress", "off"]
    if not expect_success(run(*words, ranks=ranks)):
        return
    with h5py.File("graph.out.h5") as file:
        predicted = int(file.attrs["predicted_peak_bytes"])
        measured = int(file["timings"]["peak_bytes"].max())
    if "ASAN_OPTIONS" not in os.environ:
        expect(0.75 <= predicted / measured <= 1.25, f"graph: {predicted} predicted, {measured} measured")


def main():
    ranks = rank_count()
    points = write_points("points.h5", 600, 12, layers=2)
    if ranks == 1:
        check_codes(points)
        check_content(points)
        check_job(points)
        check_metrics()
        check_laws()
    else:
        here = run("plan", points, "-format", "json", ranks=ranks)
        if expect_success(here):
            expect(json.loads(here.stdout)["n_ranks"] == ranks, "plan under a launcher: another number of ranks")
    check_refusal(ranks if ranks > 1 else 0)
    check_graph(ranks if ranks > 1 else 0)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
