#!/usr/bin/python3
"""Merge tree (H0, single linkage) of activation-like points: this program beside others, in one run.

    bench_h0.py --program build/release/hole [--points 10000] [--units 512] [--ranks 1] [--only NAME,...]

Peers, each a whole process that reads the same file; one that is not installed is skipped:
    numpy_scipy    distances by one single-precision product (NumPy), Prim's algorithm (scipy.cluster.hierarchy.linkage)
    fastcluster    linkage_vector (python3-fastcluster)
    sklearn        AgglomerativeClustering, single linkage (python3-sklearn)
    ripser, giotto dimension 0 of the distances, in a binary file written outside the clock: $HOLE_PEER_RIPSER (a build without
                   assertions; Debian's stops at dimension 0) and $HOLE_PEER_GIOTTO (a program around its header), as in bench_homology.py
Wall and CPU seconds (user and system, all ranks), largest process in MiB, and the ratio of wall times. BLAS has as many
threads as ranks are given. Merge heights are compared with an exact tree of double-precision distances where N allows it (20,000).
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

COMMON = """
import sys, h5py, numpy as np
x = h5py.File(sys.argv[1])["layers/bench/activations"][:]
"""
PEERS = {
    "numpy_scipy": COMMON + """
from scipy.cluster.hierarchy import linkage
n = len(x); s = np.einsum("ij,ij->i", x, x, dtype=np.float64).astype(np.float32)
d = x @ x.T
d *= -2; d += s; d += s[:, None]; np.maximum(d, 0, out=d); np.sqrt(d, out=d)
c = np.empty(n * (n - 1) // 2); k = 0
for i in range(n - 1):
    c[k:k + n - 1 - i] = d[i, i + 1:]; k += n - 1 - i
del d
print(repr(linkage(c, "single")[:, 2].sum()))
""",
    "fastcluster": COMMON + """
import fastcluster
print(repr(fastcluster.linkage_vector(x.astype(np.float64), "single", "euclidean")[:, 2].sum()))
""",
    "sklearn": COMMON + """
from sklearn.cluster import AgglomerativeClustering
a = AgglomerativeClustering(linkage="single", distance_threshold=0, n_clusters=None).fit(x)
print(repr(a.distances_.sum()))
""",
}
EXACT = COMMON + """
from scipy.spatial.distance import pdist
from scipy.cluster.hierarchy import linkage
np.save(sys.argv[2], linkage(pdist(x.astype(np.float64)), "single")[:, 2])
"""


def make_points(n, units, path):
    """Classes in a latent space, a random linear map, ReLU, noise on active units."""
    rng = np.random.default_rng(0)
    latent = (3 * rng.standard_normal((50, 12)))[rng.integers(50, size=n)] + rng.standard_normal((n, 12))
    x = np.maximum(latent @ rng.standard_normal((12, units)), 0)
    x *= 1 + 0.01 * rng.standard_normal(x.shape)
    with h5py.File(path, "w") as f:
        f["layers/bench/activations"] = x.astype(np.float32)


def measure(command, threads):
    """Output, wall seconds, CPU seconds and the largest process in MiB."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    start = time.monotonic()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True, env=environment) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {command[0]}")
    return output, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def run_program(args, folder, path):
    launcher = ["mpiexec", "-n", args.ranks] if args.ranks > 1 else []
    result = os.path.join(folder, "result.h5")
    words = ["analyze", path, "-max_dim", 0, "-view", "none", "-views", "none", "-progress", "off", "-output", result]
    _, wall, cpu, _ = measure([*launcher, args.program, *words], 1)
    with h5py.File(result) as f:
        heights = f["layers/bench/euclidean/tree/linkage"][:, 2]
        peak = f["timings"]["peak_bytes"].max() / 2**20
        steps = {row["step"].decode(): row["seconds"] for row in f["timings"][:]}
    return heights, wall, cpu, peak, steps


def write_lower(path, out):
    """The lower triangle in single precision, by rows, as Ripser's binary format has it."""
    from scipy.spatial.distance import cdist

    with h5py.File(path) as f:
        rows = f["layers/bench/activations"][:].astype(np.float64)
    with open(out, "wb") as file:
        for i in range(1, len(rows)):
            cdist(rows[i:i + 1], rows[:i])[0].astype("<f4").tofile(file)


def installed(name):
    module = {"numpy_scipy": "scipy", "fastcluster": "fastcluster", "sklearn": "sklearn"}.get(name)
    import importlib.util

    return sys.executable if importlib.util.find_spec(module) else None


def report(name, wall, cpu, peak, own=None, note=""):
    ratio = f"{wall / own:7.1f} times" if own else " " * 13
    print(f"{name:14s} wall {wall:8.2f} s  CPU {cpu:8.2f} s  peak {peak:7.0f} MiB {ratio}  {note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--points", type=int, default=10000)
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--only", help="peers to run, separated by commas; 'none' for none")
    args = parser.parse_args()
    wanted = args.only.split(",") if args.only else [*PEERS, "ripser", "giotto", "exact"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "points.h5")
        make_points(args.points, args.units, path)
        heights, own, cpu, peak, steps = run_program(args, folder, path)
        report(f"hole, {args.ranks} rank(s)", own, cpu, peak, note=f"sum {heights.sum():.10g}; " + ", ".join(f"{k} {v:.2f}" for k, v in steps.items()))
        for name, code in PEERS.items():
            python = installed(name) if name in wanted else None
            if not python:
                print(f"{name:14s} skipped")
                continue
            output, wall, cpu, peak = measure([python, "-c", code, path], args.ranks)
            report(name, wall, cpu, peak, own, f"sum {float(output):.10g}")
        programs = {name: os.environ.get(f"HOLE_PEER_{name.upper()}") for name in ("ripser", "giotto") if name in wanted}
        lower = os.path.join(folder, "points.lower")
        if any(programs.values()):
            write_lower(path, lower)
        for name, program in programs.items():
            if not program:
                print(f"{name:14s} skipped")
                continue
            threads = ["--threads", args.ranks] if name == "giotto" else []
            output, wall, cpu, peak = measure([program, "--format", "binary", "--dim", 0, *threads, lower], args.ranks)
            report(name, wall, cpu, peak, own, f"{output.count('[0,')} intervals")
        if "exact" in wanted and args.points <= 20000:
            saved = os.path.join(folder, "heights.npy")
            subprocess.run([sys.executable, "-c", EXACT, path, saved], check=True)
            worst = np.max(np.abs(np.load(saved) - heights) / np.maximum(heights, 1e-300))
            print(f"merge heights against SciPy in double precision: largest relative difference {worst:.2g}")


if __name__ == "__main__":
    main()
