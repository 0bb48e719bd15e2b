#!/usr/bin/python3
"""Complete H0 and H1 of one layer: this program beside Ripser on the same distances, in one run.

    bench_ripser.py --program build/release/hole ACTIVATIONS.h5 LAYER [--points N] [--ranks 2]

Ripser is taken from the variable RIPSER, else from PATH; without it only this program is measured. Its distances are those of
this program, written as float32 text (lower-distance). Both are whole processes, reading and parsing included; Ripser's time
to read and to compute dimension 0 at threshold 0 is given beside it, since text is slow to parse. Seconds are wall time; CPU is user
and system time of all ranks. Nothing is asserted but that both find the same number of intervals.
"""
import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np


def measure(command, **options):
    """Output, wall seconds, CPU seconds and the largest process in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, wall, cpu, after.ru_maxrss / 1024


def trim(path, layer, points, out):
    """A file with one layer and its first rows."""
    with h5py.File(path) as f, h5py.File(out, "w") as g:
        x = f[f"layers/{layer}/activations"][:points]
        g[f"layers/{layer}/activations"] = x
        if "labels" in f:
            g["labels"] = f["labels"][:points]
    return x


def write_distances(x, out):
    """Lower triangle as text, nine digits: enough for float32."""
    x = x.astype(np.float64).reshape(len(x), -1)
    with open(out, "w") as f:
        for i in range(1, len(x)):
            row = np.sqrt(((x[i] - x[:i]) ** 2).sum(1)).astype(np.float32)
            f.write(",".join(map("{:.9g}".format, row)))
            f.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("layer")
    parser.add_argument("--program", required=True)
    parser.add_argument("--points", type=int)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--launcher", default="mpiexec -n")
    a = parser.parse_args()
    ripser = os.environ.get("RIPSER") or shutil.which("ripser")
    with tempfile.TemporaryDirectory() as work:
        data, result, matrix = (os.path.join(work, name) for name in ("a.h5", "r.h5", "d.txt"))
        x = trim(a.input, a.layer, a.points, data)
        print(f"{a.layer}: {len(x)} points of {x[0].size} units, complete to the enclosing radius, H0 and H1")
        command = a.launcher.split() + [str(a.ranks), a.program, "analyze", data, "-output", result, "-progress", "off"]
        _, wall, cpu, _ = measure(command)
        with h5py.File(result) as f:
            ours = len(f[f"layers/{a.layer}/euclidean/diagrams/dim1"])
            steps = [(r["step"].decode(), r["seconds"], r["peak_bytes"]) for r in f["timings"]]
        print(f"  hole, {a.ranks} ranks   {wall:8.2f} s wall {cpu:8.2f} s CPU {steps[-1][2] / 2**20:8.0f} MiB a rank   H1 {ours}")
        print("      " + ", ".join(f"{step} {seconds:.2f}" for step, seconds, _ in steps))
        if not ripser:
            print("  no Ripser: set RIPSER, or install it")
            return 0
        write_distances(x, matrix)
        _, parse, _, _ = measure([ripser, "--dim", "0", "--threshold", "0", "--format", "lower-distance", matrix])
        text, peer, peer_cpu, size = measure([ripser, "--dim", "1", "--format", "lower-distance", matrix])
        theirs = sum(line.startswith(" [") for line in text.split("dim 1:")[1].splitlines())
        print(f"  Ripser          {peer:8.2f} s wall {peer_cpu:8.2f} s CPU {size:8.0f} MiB          H1 {theirs}")
        print(f"      of which reading {parse:.2f}")
        print(f"  ratio of wall times {peer / wall:.1f}; without reading {(peer - parse) / wall:.1f}; of CPU times {peer_cpu / cpu:.1f}")
        return 0 if ours == theirs else 1


if __name__ == "__main__":
    sys.exit(main())
