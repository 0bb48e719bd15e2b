#!/usr/bin/python3
"""What hole plan says beside what hole analyze does: memory and time of eight or more runs, as a table in Markdown.

    bench_plan.py --program build/release/hole [--launcher "mpiexec -n"] [--runs 1]

Synthetic layers are noisy clusters of few intrinsic dimensions, made by this script. With HOLE_TEST_DATA set to a folder that has
cifar10_resnet20_test10k.h5 and fashion_cnn_test10k.h5 real ones are added. Memory is the largest resident set of a rank, time that of
the whole run, as the result's /timings has them; of several runs the fastest counts. On a machine that is busy with other work the time
says nothing: the load and the share of the processors that a run got are printed.
"""
import argparse
import json
import os
import resource
import subprocess
import tempfile
import time

import h5py
import numpy as np

MIB = 1024 * 1024

# points, width, ranks, options
SYNTHETIC = [
    (20000, 64, 1, "-max_dim 0"),
    (20000, 512, 2, "-max_dim 0 -metric cosine"),
    (20000, 128, 1, "-max_dim 0 -filtration knn"),
    (8000, 256, 1, "-max_dim 0 -metric manhattan"),
    (6000, 64, 1, "-max_dim 1"),
    (6000, 512, 2, "-max_dim 1 -metric cosine"),
    (5000, 128, 1, "-max_dim 1 -filtration knn"),
    (10000, 64, 2, "-max_dim 1 -threshold quantile:0.01"),
]
REAL = [
    ("cifar10_resnet20_test10k.h5", 1, "-layers avgpool"),
    ("cifar10_resnet20_test10k.h5", 1, "-layers layer3 -max_points 5000 -metric cosine"),
    ("cifar10_resnet20_test10k.h5", 2, "-layers layer1 -max_dim 0 -metric euclidean,manhattan"),
    ("fashion_cnn_test10k.h5", 2, "-layers conv3"),
]


def write_clusters(path, n, width):
    """Ten clusters, each a piece of a surface of six dimensions, folded by a rectifier as layers do, and a little noise."""
    rng = np.random.default_rng(n + width)
    label = rng.integers(0, 10, n)
    hidden = rng.normal(size=(10, 6))[label] * 3 + rng.normal(size=(n, 6))
    rows = np.maximum(hidden @ rng.normal(size=(6, width)) + rng.normal(size=width), 0)
    with h5py.File(path, "w") as file:
        file["layers/layer/activations"] = (rows + 0.02 * rng.random((n, width))).astype("f4")
        file["labels"] = label.astype("i4")
    return path


def measure(arguments, path, ranks, options, result):
    """Largest resident set, seconds, and the share of the processors that the fastest run had."""
    command = [*arguments.launcher.split(), str(ranks)] if ranks > 1 else []
    command += [arguments.program, "analyze", path, *options, "-output", result, "-force", "-view", "none", "-progress", "off"]
    best = None
    for _ in range(arguments.runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, check=True, timeout=600)
        wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        with h5py.File(result) as file:
            rows = file["timings"][()]
        seconds = float(rows["seconds"][rows["step"] == b"total"][0])
        if not best or seconds < best[1]:
            best = (int(rows["peak_bytes"].max()), seconds, cpu / wall / ranks, rows)
    return best


def by_step(plan, rows):
    said = {}
    for step in plan["steps"]:
        said[step["timing"]] = said.get(step["timing"], 0) + step["seconds"]
    parts = []
    for name, seconds in said.items():
        done = float(rows["seconds"][rows["step"] == name.encode()].sum())
        if max(done, seconds) > 0.1:
            parts.append(f"{name} {seconds:.2f}/{done:.2f}")
    return ", ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--launcher", default="mpiexec -n")
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    folder = os.environ.get("HOLE_TEST_DATA")
    print(f"load {os.getloadavg()[0]:.1f}\n")
    print("| N | d | ranks | options | MiB a rank: plan | measured | ratio | s: plan | measured | ratio | CPU | s by step: plan/measured |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as work:
        runs = [(f"{work}/{n}x{d}.h5", ranks, options, (n, d)) for n, d, ranks, options in SYNTHETIC]
        runs += [(os.path.join(folder, name), ranks, options, None) for name, ranks, options in REAL] if folder else []
        for path, ranks, options, shape in runs:
            if shape:
                write_clusters(path, *shape)
            words = options.split()
            said = subprocess.run([arguments.program, "plan", path, *words, "-ranks", str(ranks), "-format", "json"],
                                  capture_output=True, text=True, check=True)
            plan = json.loads(said.stdout)
            peak, seconds, share, rows = measure(arguments, path, ranks, words, f"{work}/out.h5")
            name = "" if shape else f" ({os.path.basename(path)})"
            print(f"| {plan['n_points']} | {plan['layers'][0]['width']} | {ranks} | `{options}`{name} "
                  f"| {plan['peak_bytes'] / MIB:.0f} | {peak / MIB:.0f} | {plan['peak_bytes'] / peak:.2f} "
                  f"| {plan['seconds']:.2f} | {seconds:.2f} | {plan['seconds'] / seconds:.2f} | {100 * share:.0f} % "
                  f"| {by_step(plan, rows)} |", flush=True)


if __name__ == "__main__":
    main()
