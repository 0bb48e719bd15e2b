#!/usr/bin/python3
"""How the homology is shared out over many ranks, as a table in Markdown; a machine of few cores is enough.

    bench_ranks.py --program build/release/hole [--launcher "mpiexec -n"] [--ranks 1,2,4,8,16,32] [--points 100000] [--matrices 1000]

Inputs are made from a seed: a layer of ten clusters of six dimensions at a threshold with 200 edges a
point (dimension 1), and random orthogonal matrices of three
rows (dimensions 1 and 2). With HOLE_TEST_DATA set to a folder that has cifar10_resnet20_test10k.h5 its layer3 is added. Ranks share the
processors, so no time is measured: work is counted in steps, and the result's /work has the longest chain of waiting in steps, too.
Each pair of numbers is the largest of a rank and the mean. Efficiency is what one rank alone would take / (ranks * chain).
"""
import argparse
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

COLUMNS = ("items", "visits", "cofacets", "additions", "scans", "steps", "messages", "bytes", "rows")


def layer(n):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 10, n)
    hidden = rng.normal(size=(10, 6))[label] * 3 + rng.normal(size=(n, 6))
    return np.maximum(hidden @ rng.normal(size=(6, 64)) + rng.normal(size=64), 0) + 0.02 * rng.random((n, 64))


def orthogonal(n):
    q, r = np.linalg.qr(np.random.default_rng(1).normal(size=(n, 3, 3)))
    return (q * np.sign(np.einsum("nii->ni", r))[:, None, :]).reshape(n, 9)


def write(path, rows):
    with h5py.File(path, "w") as file:
        file["layers/layer/activations"] = rows.astype("f4")
    return path


def number(value):
    return f"{value:.0f}" if value < 1e4 else f"{value:.2e}"


def measure(arguments, name, path, ranks, options, result):
    command = [*arguments.launcher.split(), str(ranks), arguments.program, "analyze", path, *options, "-output", result, "-force",
               "-view", "none", "-views", "none", "-progress", "off"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=arguments.timeout)
    if done.returncode:
        sys.exit(done.stderr)
    with h5py.File(result) as file:
        rows = file["work"][()]
    for row in rows:
        cells = [f"{number(row[f'{key}_max'])} / {number(row[f'{key}_mean'])}" if row[f"{key}_max"] else "" for key in COLUMNS]
        print(f"| {name} | {row['step'].decode()} | {ranks} | {' | '.join(cells)} | {number(row['path'])} "
              f"| {row['steps_mean'] / row['steps_max'] if row['steps_max'] else 1:.2f} | {row['efficiency']:.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--launcher", default="mpiexec -n")
    parser.add_argument("--ranks", default="1,2,4,8,16,32")
    parser.add_argument("--points", type=int, default=100000)
    parser.add_argument("--matrices", type=int, default=1000)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds of a run")
    arguments = parser.parse_args()
    folder = os.environ.get("HOLE_TEST_DATA")
    print(f"| input | step | ranks | {' | '.join(COLUMNS)} | chain | mean / largest steps | efficiency |")
    print("|" + "---|" * (len(COLUMNS) + 6), flush=True)
    with tempfile.TemporaryDirectory() as work:
        runs = [(f"layer, {arguments.points} points", write(f"{work}/layer.h5", layer(arguments.points)),
                 f"-max_dim 1 -threshold quantile:{200 / arguments.points}"),
                (f"O(3), {arguments.matrices} points", write(f"{work}/o3.h5", orthogonal(arguments.matrices)), "-max_dim 2")]
        if folder:
            runs.append(("CIFAR-10 layer3", os.path.join(folder, "cifar10_resnet20_test10k.h5"), "-layers layer3 -max_dim 1"))
        for name, path, options in runs:
            for ranks in map(int, arguments.ranks.split(",")):
                measure(arguments, name, path, ranks, options.split(), f"{work}/out.h5")


if __name__ == "__main__":
    main()
