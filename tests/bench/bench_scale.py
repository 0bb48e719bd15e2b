#!/usr/bin/python3
"""Memory and time of H0 with a neighbour graph and with a threshold graph, as N grows: real activations, several noisy copies.

    bench_scale.py --program build/release/hole ACTIVATIONS.h5 LAYER [--points 15000,30000,60000] [--ranks 2]

Copy c of a row is the row plus 5 % of each unit's standard deviation times normal noise. Two runs for each N:
    knn        -max_dim 0 -filtration knn -neighbors 16
    threshold  -max_dim 0 -threshold T -graph_view ::ascii_info, T such that a point has about 100 neighbours (found on a sample)
Peak is the largest resident size of a rank, libraries included. A Markdown table is printed.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np


def make_points(source, layer, n, out):
    with h5py.File(source) as f:
        x = f[f"layers/{layer}/activations"][:].astype(np.float32)
    rng = np.random.default_rng(0)
    noise = 0.05 * x.std(axis=0)
    rows = np.concatenate([x + (noise * rng.standard_normal(x.shape)).astype(np.float32) for _ in range(-(-n // len(x)))])
    with h5py.File(out, "w") as g:
        g[f"layers/{layer}/activations"] = rows[:n]
    return rows[:n]


def find_threshold(x, neighbours):
    """Length within which a point has about so many others: the mean over 200 points."""
    rng = np.random.default_rng(1)
    sample = x[rng.choice(len(x), 200, replace=False)].astype(np.float64)
    squares = np.einsum("ij,ij->i", x, x, dtype=np.float64)
    d = np.sqrt(np.maximum(squares + np.einsum("ij,ij->i", sample, sample)[:, None] - 2 * sample @ x.T.astype(np.float64), 0))
    lengths = np.sort(d.ravel())
    return float(lengths[200 * neighbours])


def run(args, path, out, *options):
    words = ["mpiexec", "-n", args.ranks, args.program, "analyze", path, "-output", out, "-force", "-max_dim", 0, "-view",
             "none", "-progress", "off", *options]
    start = time.monotonic()
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    wall = time.monotonic() - start
    if done.returncode:
        sys.exit(done.stderr)
    with h5py.File(out) as f:
        return wall, f["timings"]["peak_bytes"].max() / 2**20, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("layer")
    parser.add_argument("--program", required=True)
    parser.add_argument("--points", default="15000,30000,60000")
    parser.add_argument("--ranks", type=int, default=2)
    args = parser.parse_args()
    print(f"{args.layer} of {os.path.basename(args.source)}, {args.ranks} ranks\n")
    print("| N | d | knn: s | knn: MiB a rank | threshold: s | threshold: MiB a rank | entries of the threshold graph |")
    print("|---|---|---|---|---|---|---|")
    for n in map(int, args.points.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            path, out = os.path.join(folder, "points.h5"), os.path.join(folder, "result.h5")
            x = make_points(args.source, args.layer, n, path)
            threshold = find_threshold(x, 100)
            knn = run(args, path, out, "-filtration", "knn", "-neighbors", 16)
            cut = run(args, path, out, "-threshold", threshold, "-graph_view", "::ascii_info")
            entries = re.search(r"total: nonzeros=(\d+)", cut[2])
            print(f"| {n:,} | {x.shape[1]} | {knn[0]:.1f} | {knn[1]:.0f} | {cut[0]:.1f} | {cut[1]:.0f} | "
                  f"{entries.group(1) if entries else '?'} |", flush=True)


if __name__ == "__main__":
    main()
