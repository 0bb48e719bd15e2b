#!/usr/bin/python3
"""Homology of dimensions 1 and 2: this program beside others, on the same lengths and thresholds, in one run.

    HOLE_PROGRAM=build/release/hole HOLE_PEER_RIPSER=ripser ... bench_homology.py [--inputs h1,o3_4096_t1.4:2] [--ranks 1,2]

Programs are taken from the environment; what is not set is skipped:
    HOLE_PROGRAM            this one
    HOLE_PEER_RIPSER        Ripser. A build with assertions, such as Debian's, cannot read its binary format and is given text
    HOLE_PEER_GUDHI_RIPSER  the program made of GUDHI's src/Ripser/utilities/ripser.cc
    HOLE_PEER_GIOTTO        a python that has giotto-ph, or a program around its header with the options of Ripser and --threads N
    HOLE_PEER_DORY          Dory, compiled with -DSAVEPD
    HOLE_PEER_DIPHA         DIPHA, under mpiexec; only for complexes of few simplices
    HOLE_TEST_DATA          a folder of larger inputs; without it only those made of seeds are run

An input is NAME[:DIMENSION], a group (h1, h2, threshold, large; --list shows what is in them), or FILE.h5:LAYER:POINTS[:DIMENSION].
Lengths are computed once in double precision and rounded to float, which every other program is given: as a matrix
(binary), or where the name has a threshold (_t) as the edges up to it (text). Thresholds are moved into the next gap
between lengths, so that rounding changes no edge. This program reads the points and computes the lengths itself, or
with --matrix reads the same floats.

Each run is a whole process; rounds are interleaved and medians are shown. CPU is user and system time of all ranks or
threads. Net is less the time of the same program on three points. Intervals of this program are rounded to float
before they are compared with those of others: numbers of finite and of essential intervals of positive length, births
and deaths in order, each to 1e-5; sums of lengths are shown. Where this program has no result, the first that has one
takes its place. The exit code is 1 if something differs. Nothing is written but in a temporary folder, or in --folder,
where inputs are kept for the next time.
"""

import argparse
import collections
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from scipy.spatial.distance import cdist

Run = collections.namedtuple("Run", "name dim groups")
Files = collections.namedtuple("Files", "n edges cut longest metric own own_matrix binary text sparse listed dipha")
Result = collections.namedtuple("Result", "wall cpu peak diagrams note")

RUNS = (
    Run("sphere3_192", 1, "h1"),
    Run("fractal_r", 1, "h1"),
    Run("act1k_128", 1, "h1"),
    Run("o3_1024", 1, "h1"),
    Run("act2k_64", 1, "h1"),
    Run("dragon2000", 1, "h1"),
    Run("sphere2_2000", 1, "h1"),
    Run("avgpool_2000", 1, "h1"),
    Run("layer3_2000", 1, "h1"),
    Run("fc1_2000", 1, "h1"),
    Run("act5k_512", 1, "large"),
    Run("avgpool_5000", 1, "large"),
    Run("layer3_5000", 1, "large"),
    Run("fc1_5000", 1, "large"),
    Run("avgpool_10000", 1, "large"),
    Run("layer3_10000", 1, "large"),
    Run("fc1_10000", 1, "large"),
    Run("act5k_t20", 1, "threshold"),
    Run("act10k_t21", 1, "threshold"),
    Run("act20k_t43", 1, "threshold"),
    Run("torus4_t015", 1, "threshold"),
    Run("sphere3_192", 2, "h2"),
    Run("celegans", 2, "h2"),
    Run("vicsek300", 2, "h2"),
    Run("fractal_r", 2, "h2"),
    Run("rp2_600", 2, "h2"),
    Run("avgpool_500", 2, "h2"),
    Run("fc1_500", 2, "h2"),
    Run("o3_4096_t1.4", 2, "h2 threshold"),
    Run("o3_8192_t1", 2, "h2 threshold"),
    Run("torus4_t015", 2, "threshold"),
)
# Points, units, classes, latent dimensions, seed.
ACTIVATIONS = {
    "act1k_128": (1000, 128, 10, 6, 5),
    "act2k_64": (2000, 64, 10, 8, 1),
    "act5k_512": (5000, 512, 10, 10, 2),
    "act10k_512": (10000, 512, 50, 12, 3),
    "act20k_2048": (20000, 2048, 100, 16, 4),
}
CUT = {  # input and threshold
    "act5k_t20": ("act5k_512", 20.5),
    "act10k_t21": ("act10k_512", 21.7),
    "act20k_t43": ("act20k_2048", 43.0),
    "torus4_t015": ("torus4", 0.15),
    "o3_4096_t1.4": ("o3_4096", 1.4),
    "o3_8192_t1": ("o3_8192", 1.0),
}
LAYERS = {"avgpool": "cifar10_resnet20_test10k", "layer3": "cifar10_resnet20_test10k", "fc1": "fashion_cnn_test10k"}
BLOCK = 256  # rows of lengths at a time
DIPHA_SIMPLICES = 25e6  # of the complete complex: more than a gigabyte
DORY_PAIRS = 2e7  # written as text

# Runs a command with a clean record of its memory: a child of a large process would begin with the size of that one.
# Stops it, with all it started, at the limit and when the script ends.
MEASURE = """
import os, signal, sys, time
limit, out, err, command = float(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
start, parent = time.monotonic(), os.getppid()
child = os.fork()
if not child:
    os.setsid()
    for fd, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), fd)
    try:
        os.execvp(command[0], command)
    finally:
        os._exit(127)
sent = []
def watch(*_):
    past = time.monotonic() - start - limit
    if past > 0 or os.getppid() != parent:
        os.killpg(child, signal.SIGKILL if past > 10 else signal.SIGTERM)
        sent.append(1)
signal.signal(signal.SIGALRM, watch)
signal.setitimer(signal.ITIMER_REAL, 1, 1)
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - start
print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, len(sent))
"""
GIOTTO = """
import sys, numpy as np
from gph import ripser_parallel
form, dim, threads, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if form == "sparse":
    from scipy.sparse import coo_matrix
    i, j, d = np.loadtxt(path, unpack=True, ndmin=2)
    n = int(max(i.max(), j.max())) + 1
    m = coo_matrix((d.astype("f4"), (np.minimum(i, j).astype(int), np.maximum(i, j).astype(int))), shape=(n, n))
else:
    d = np.fromfile(path, "<f4")
    n = (1 + int((1 + 8 * len(d)) ** 0.5)) // 2
    m = np.zeros((n, n), "f4")
    m[np.tril_indices(n, -1)] = d
    m += m.T
for k, h in enumerate(ripser_parallel(m, metric="precomputed", maxdim=dim, n_threads=threads)["dgms"]):
    print("dim %d:" % k)
    print("".join(" [%.9g, )\\n" % b if d == np.inf else " [%.9g,%.9g)\\n" % (b, d) for b, d in h))
"""


# ---- inputs


def activations(n, units, classes, latent, seed):
    """Gaussian classes in a latent space, a random linear map, ReLU, 1 % noise on active units."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, latent)) * 3.0
    labels = rng.integers(0, classes, n)
    scale = rng.uniform(0.5, 1.5, size=(classes, latent))
    z = centres[labels] + rng.normal(size=(n, latent)) * scale[labels]
    w = rng.normal(size=(latent, units)) / np.sqrt(latent)
    x = np.maximum(z @ w + rng.normal(size=units) * 0.5, 0).astype(np.float32)
    return x + (rng.normal(size=(n, units)) * 0.01).astype(np.float32) * (x > 0)


def sphere(n):
    x = np.random.default_rng(0).normal(size=(n, 3))
    return (x / np.linalg.norm(x, axis=1)[:, None]).astype(np.float32)


def read_classical(name):
    path = os.path.join(os.environ.get("HOLE_TEST_DATA", ""), "classical", "classical.h5")
    if not os.path.exists(path):
        return None
    with h5py.File(path) as f:
        for kind in ("points", "distances"):
            if name in f[kind]:
                return kind, f[kind][name][:]
    return None


def read_layer(path, layer, n):
    if not os.path.exists(path):
        return None
    with h5py.File(path) as f:
        x = f[f"layers/{layer}/activations"][:n]
    return "points", x.reshape(len(x), -1)


def load(name):
    """('points', [N,d]) or ('distances', [N,N]); None where the data are not there."""
    if ":" in name:
        path, layer, n = name.split(":")
        return read_layer(path, layer, int(n))
    if name in ACTIVATIONS:
        return "points", activations(*ACTIVATIONS[name])
    start, _, n = name.rpartition("_")
    if start == "sphere2":
        return "points", sphere(int(n))
    if start in LAYERS:
        return read_layer(os.path.join(os.environ.get("HOLE_TEST_DATA", ""), f"{LAYERS[start]}.h5"), start, int(n))
    return read_classical(name)


def rows(kind, x):
    """Blocks of rows of the lower triangle with its diagonal: first row, lengths [rows, columns up to the last row]."""
    x = x.astype(np.float64)
    for first in range(0, len(x), BLOCK):
        last = min(first + BLOCK, len(x))
        yield first, x[first:last, :last] if kind == "distances" else cdist(x[first:last], x[:last])


def enclosing_radius(kind, x):
    farthest = np.zeros(len(x))
    for first, d in rows(kind, x):
        farthest[first : first + len(d)] = np.maximum(farthest[first : first + len(d)], d.max(axis=1))
        farthest[: d.shape[1]] = np.maximum(farthest[: d.shape[1]], d.max(axis=0))
    return farthest.min()


def short_edges(x, longest):
    """Pairs i > j of points within a length: i, j, lengths. Products choose candidates, differences give their lengths."""
    x = x.astype(np.float64)
    squares = np.einsum("ij,ij->i", x, x)
    slack = longest**2 * 1e-6 + squares.max() * 1e-12
    found = []
    for first in range(0, len(x), BLOCK):
        last = min(first + BLOCK, len(x))
        d = squares[first:last, None] + squares[:last] - 2 * (x[first:last] @ x[:last].T)
        i, j = np.nonzero(d <= longest**2 + slack)
        i, j = i[i + first > j] + first, j[i + first > j]
        step = max(1, 10**7 // x.shape[1])
        parts = [np.sqrt(((x[i[a : a + step]] - x[j[a : a + step]]) ** 2).sum(axis=1)) for a in range(0, len(i), step)]
        lengths = np.concatenate(parts) if parts else np.zeros(0)
        found.append((i[lengths <= longest], j[lengths <= longest], lengths[lengths <= longest]))
    return tuple(map(np.concatenate, zip(*found)))


def long_edges(kind, x, longest):
    parts = []
    for first, d in rows(kind, x):
        i, j = np.nonzero(np.tri(len(d), d.shape[1], first - 1, dtype=bool) & (d <= longest))
        parts.append((i + first, j, d[i, j]))
    return tuple(map(np.concatenate, zip(*parts)))


def count_edges(kind, x, longest):
    return sum(int((np.tri(len(d), d.shape[1], first - 1) * (d <= longest)).sum()) for first, d in rows(kind, x))


def next_gap(lengths, threshold):
    """Middle of the first gap that ends above a threshold and is wider than the rounding to float."""
    lengths = np.sort(lengths)
    k = max(1, np.searchsorted(lengths, threshold, side="right"))
    wide = np.nonzero(np.diff(lengths[k - 1 :]) > 5e-7 * threshold)[0]
    if not len(wide):
        sys.exit(f"no gap of lengths above {threshold}")
    k += wide[0]
    return float(f"{(lengths[k - 1] + lengths[k]) / 2:.9g}")


def number(value):
    """Nine digits without an exponent, which Dory does not read."""
    return f"{value:.9g}" if value >= 1e-4 or value == 0 else f"{value:.25f}"


def write_edges(path, i, j, d, mark):
    with open(path, "w") as f:
        for a in range(0, len(i), 100000):
            part = zip(i[a : a + 100000].tolist(), j[a : a + 100000].tolist(), d[a : a + 100000].tolist())
            f.writelines(f"{p}{mark}{q}{mark}{number(v)}\n" for p, q, v in part)


def write_matrix(kind, x, files):
    """Lower triangle as floats, as text, and the whole for DIPHA, each where it is asked for."""
    with open(files.binary, "wb") as binary, open(files.text or os.devnull, "w") as text:
        for first, d in rows(kind, x):
            for k, row in enumerate(d.astype("<f4")):
                row[: first + k].tofile(binary)
                if files.text and first + k:
                    text.write(",".join(map(number, row[: first + k].tolist())) + "\n")
    if files.dipha:
        with open(files.dipha, "wb") as f:
            np.array([8067171840, 7, len(x)], "<i8").tofile(f)
            square(files.binary, len(x)).astype("<f8").tofile(f)


def square(path, n):
    d = np.zeros((n, n), np.float32)
    d[np.tril_indices(n, -1)] = np.fromfile(path, "<f4")
    return d + d.T


def write_own(files, kind, x, edges):
    """Points or a matrix, and the floats of others: a matrix or a graph. Layer bench."""
    with h5py.File(files.own, "w") as f:
        f[f"layers/bench/{'activations' if kind == 'points' else 'distances'}"] = x
    if not files.own_matrix:
        return
    with h5py.File(files.own_matrix, "w") as f:
        if files.binary:
            f["layers/bench/distances"] = square(files.binary, len(x))
            return
        i, j, d = (np.concatenate(pair) for pair in ((edges[0], edges[1]), (edges[1], edges[0]), (edges[2], edges[2])))
        order = np.lexsort((j, i))
        f["layers/bench/distances/indptr"] = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=len(x)))])
        f["layers/bench/distances/indices"] = j[order]
        f["layers/bench/distances/data"] = d[order].astype(np.float32)


def plan_files(folder, name, n, dim, threshold, peers, args):
    """Names of the files that the programs of this run need."""
    stem = os.path.join(folder, re.sub(r"[^\w.]", "_", name))
    simplices = math.comb(n, dim + 2)
    dipha = "dipha" in peers and threshold is None and simplices <= DIPHA_SIMPLICES
    return Files(
        n=n,
        edges=None,
        cut=threshold is not None,
        longest=None,
        metric=None,
        own=stem + ".h5",
        own_matrix=stem + ".matrix.h5" if args.matrix else None,
        binary=stem + ".lower" if threshold is None else None,
        text=stem + ".text" if threshold is None and "ripser" in peers and peers["ripser"].text else None,
        sparse=stem + ".sparse" if threshold is not None else None,
        listed=stem + ".edges" if "dory" in peers and (threshold is not None or n * (n - 1) / 2 < DORY_PAIRS) else None,
        dipha=stem + ".dipha" if dipha else None,
    )


def is_made(files, stamp):
    """A stamp is written last, so files with one are whole; it has what cannot be read from them quickly."""
    paths = (files.own, files.own_matrix, files.binary, files.text, files.sparse, files.listed, files.dipha)
    return os.path.exists(stamp) and all(os.path.exists(path) for path in paths if path)


def make_files(folder, name, dim, peers, args):
    """Files of an input for every program, made where they are missing; None without data."""
    base, threshold = CUT.get(name, (name, None))
    loaded = load(base)
    if loaded is None:
        return None
    kind, x = loaded
    files = plan_files(folder, name, len(x), dim, threshold, peers, args)
    stamp = files.own + ".made"
    if not is_made(files, stamp):
        if threshold is None:
            threshold = enclosing_radius(kind, x)
            write_matrix(kind, x, files)
            edges = long_edges(kind, x, threshold) if files.listed else None
        else:
            edges = short_edges(x, threshold * 1.002)
            threshold = next_gap(edges[2], threshold)
            edges = tuple(part[edges[2] <= threshold] for part in edges)
        if files.sparse:
            write_edges(files.sparse, *edges[:2], edges[2].astype(np.float32), " ")
        if files.listed:
            write_edges(files.listed, *edges[:2], edges[2].astype(np.float32), ",")
        write_own(files, kind, x, edges)
        with open(stamp, "w") as f:
            f.write(f"{len(edges[0]) if edges else count_edges(kind, x, threshold)} {threshold!r}\n")
    with open(stamp) as f:
        count, longest = f.read().split()
    return files._replace(edges=int(count), longest=float(longest), metric=kind)


# ---- programs


class Program:
    """What is measured: `start` is its time and size on three points, `stopped` says that it reached its limit."""

    def __init__(self, name, words, limit):
        self.name, self.words, self.limit = name, words, limit
        self.start, self.stopped, self.text = (0.0, 0.0, 0.0), set(), False

    def applies(self, files):
        return True


class Own(Program):
    def __init__(self, words, ranks, limit, args):
        super().__init__(f"hole, {ranks} rank{'s' * (ranks > 1)}", words, limit)
        self.launcher = [*args.launcher.split(), str(ranks)] if ranks > 1 else []
        self.options, self.steps = args.options.split(), []

    def command(self, files, dim, out):
        words = [*self.launcher, *self.words, "analyze", files.own_matrix or files.own, "-output", out + ".h5", "-force"]
        words += ["-max_dim", dim, "-view", "none", "-progress", "off"]
        if files.metric == "distances" or files.own_matrix:
            words += ["-metric", "precomputed"]
        if files.cut:
            words += ["-threshold", repr(files.longest)]
        return words + ["-views", "none"] + self.options

    def read(self, dim, out):
        """Intervals rounded to float. Those that rounding makes empty do not exist for programs that have floats only."""
        found = []
        with h5py.File(out + ".h5") as f:
            self.steps = [(row["step"].decode(), row["seconds"]) for row in f["timings"][:]]
            (group,) = f["layers/bench"].values()
            for k in range(dim + 1):
                h = group[f"diagrams/dim{k}"][:].astype(np.float32)
                found.append(h[h[:, 0] < h[:, 1]].astype(float))
        return found


class Ripser(Program):
    def command(self, files, dim, out):
        form, path = ("sparse", files.sparse) if files.sparse else ("binary", files.binary)
        if self.text and files.text:
            form, path = "lower-distance", files.text
        return [*self.words, "--format", form, "--dim", dim, path]

    def read(self, dim, out):
        found = [[] for _ in range(dim + 1)]
        with open(out + ".out") as f:
            for line in f:
                title = re.search(r"dim (\d+):", line)
                if title:
                    k = int(title.group(1))
                interval = re.match(r"\s*\[([^,]+),(.*)\)", line)
                if interval:
                    found[k].append((float(interval.group(1)), float(interval.group(2).strip() or "inf")))
        return [np.array(h).reshape(-1, 2) for h in found]


class Giotto(Ripser):
    def __init__(self, name, words, limit, threads=1):
        super().__init__(name, words, limit)
        self.threads = threads

    def command(self, files, dim, out):
        form, path = ("sparse", files.sparse) if files.sparse else ("binary", files.binary)
        if os.path.basename(self.words[0]).startswith("python"):
            return [*self.words, "-c", GIOTTO, form, dim, self.threads, path]
        return [*self.words, "--format", form, "--dim", dim, "--threads", self.threads, path]


class Dory(Program):
    def applies(self, files):
        return bool(files.listed)

    def command(self, files, dim, out):
        return [*self.words, files.listed, "1e9", 2, 1, out + "_", max(dim, 1), 0, 0, 1]

    def read(self, dim, out):
        found = []
        for k in range(dim + 1):
            with open(f"{out}_H{k}_pers_data.txt") as f:
                values = np.array([float(v) for v in re.split(r"[,\s]+", f.read()) if v])
            h = np.stack([0 * values, values], axis=1) if k == 0 else values.reshape(-1, 2)
            h[h[:, 1] < 0, 1] = np.inf
            found.append(h[h[:, 0] < h[:, 1]])
        return found


class Dipha(Program):
    def __init__(self, name, words, limit, args):
        super().__init__(name, [*args.launcher.split(), "1", *words], limit)

    def applies(self, files):
        return bool(files.dipha)

    def command(self, files, dim, out):
        return [*self.words, "--dual", "--upper_dim", dim + 1, files.dipha, out + ".diagram"]

    def read(self, dim, out):
        """Triples of dimension, birth and death, in halves of lengths; essential ones have dimension -k - 1."""
        with open(out + ".diagram", "rb") as f:
            count = np.fromfile(f, "<i8", 3)[2]
            table = np.fromfile(f, np.dtype([("dim", "<i8"), ("birth", "<f8"), ("death", "<f8")]), count)
        found = []
        for k in range(dim + 1):
            some, ever = table[table["dim"] == k], table[table["dim"] == -k - 1]
            births = np.append(some["birth"], ever["birth"])
            deaths = np.append(some["death"], np.full(len(ever), np.inf))
            h = 2 * np.stack([births, deaths], axis=1)
            found.append(h[h[:, 0] < h[:, 1]])
        return found


PEERS = {
    "ripser": ("HOLE_PEER_RIPSER", Ripser),
    "gudhi": ("HOLE_PEER_GUDHI_RIPSER", Ripser),
    "giotto": ("HOLE_PEER_GIOTTO", Giotto),
    "dory": ("HOLE_PEER_DORY", Dory),
    "dipha": ("HOLE_PEER_DIPHA", Dipha),
}


def measure(program, files, dim, out):
    """One run. `note` says why there is no result."""
    words = list(map(str, program.command(files, dim, out)))
    command = [sys.executable, "-S", "-E", "-c", MEASURE, str(program.limit), out + ".out", out + ".err", *words]
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **os.environ}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    code, wall, cpu, peak, stopped = map(float, done.stdout.split())
    if stopped:
        return Result(wall, cpu, peak, None, f"stopped at {program.limit:g} s")
    if code:
        with open(out + ".err", errors="replace") as f:
            said = " ".join(f.read().split())[-120:]
        return Result(wall, cpu, peak, None, f"exit code {code:.0f}: {said}")
    try:
        return Result(wall, cpu, peak, program.read(dim, out), "")
    except (OSError, ValueError, KeyError) as error:
        return Result(wall, cpu, peak, None, f"result not readable: {error}")


def find_programs(args):
    """This program for each number of ranks, then the peers that are set."""
    limits = dict(part.split("=") if "=" in part else ("", part) for part in args.timeout.split(","))
    default = float(limits.get("", 600))
    own = [Own([os.environ["HOLE_PROGRAM"]], int(p), float(limits.get("hole", default)), args) for p in args.ranks.split(",")]
    peers = {}
    for name, (variable, kind) in PEERS.items():
        words, limit = os.environ.get(variable, "").split(), float(limits.get(name, default))
        if words and name not in args.skip.split(","):
            peers[name] = kind(name, words, limit, args) if kind is Dipha else kind(name, words, limit)
            if kind is Giotto and args.threads > 1:
                peers[f"giotto, {args.threads} threads"] = Giotto(f"giotto, {args.threads} threads", words, limit, args.threads)
    return own, peers


def measure_starts(folder, own, peers, args):
    """Each program on three points, three times; a Ripser that cannot read floats is given text from now on."""
    files = plan_files(folder, "start", 3, 1, None, {**peers, "ripser": argparse.Namespace(text=True)}, args)
    x = np.array([[0, 0], [1, 0], [0, 2]], np.float32)
    write_matrix("points", x, files)
    edges = long_edges("points", x, 10.0)
    if files.listed:
        write_edges(files.listed, *edges, ",")
    write_own(files, "points", x, edges)
    files = files._replace(metric="points", edges=3)
    for program in [*own, *peers.values()]:
        out = os.path.join(folder, "started")
        if program.name == "ripser":
            program.text = bool(measure(program, files, 1, out).note)
        runs = [measure(program, files, 1, out) for _ in range(3)]
        if runs[0].note:
            sys.exit(f"{program.name}: {runs[0].note}")
        program.start = tuple(statistics.median(getattr(r, field) for r in runs) for field in ("wall", "cpu", "peak"))


# ---- comparison and report


def differences(ours, theirs, program):
    """What differs between two lists of diagrams, in words."""
    found = []
    for k, (a, b) in enumerate(zip(ours, theirs)):
        finite_a, finite_b = a[np.isfinite(a[:, 1])], b[np.isfinite(b[:, 1])]
        if len(finite_a) != len(finite_b):
            found.append(f"H{k} finite {len(finite_b)} against {len(finite_a)}")
            continue
        for column, what in enumerate(("births", "deaths")):
            p, q = np.sort(finite_a[:, column]), np.sort(finite_b[:, column])
            if np.any(np.abs(p - q) > 1e-5 * np.maximum(p, q)):
                found.append(f"H{k} {what} by {np.max(np.abs(p - q)):.2g}")
        ever_a, ever_b = np.sort(a[np.isinf(a[:, 1]), 0]), np.sort(b[np.isinf(b[:, 1]), 0])
        if k == 0 and isinstance(program, Dory):  # it does not write them
            continue
        if len(ever_a) != len(ever_b):
            found.append(f"H{k} essential {len(ever_b)} against {len(ever_a)}")
        elif np.any(np.abs(ever_a - ever_b) > 1e-5 * np.maximum(ever_a, ever_b)):
            found.append(f"H{k} births of essential ones")
    return found


def total_length(h):
    return float(np.sum(h[np.isfinite(h[:, 1]), 1] - h[np.isfinite(h[:, 1]), 0]))


def compare(ours, theirs, program):
    """Agreement in words: intervals, and the largest relative difference of sums of lengths (Ripser prints six digits)."""
    found = differences(ours, theirs, program)
    sums = [(total_length(a), total_length(b)) for a, b in zip(ours, theirs)]
    worst = max((abs(p - q) / max(p, q) for p, q in sums if max(p, q) > 0), default=0.0)
    return found, f"sums of lengths to {worst:.1e}"


def intervals(diagrams):
    return ", ".join(f"H{k} {np.isfinite(h[:, 1]).sum()}/{np.isinf(h[:, 1]).sum()}" for k, h in enumerate(diagrams))


def medians(results):
    """Wall, CPU and size over the rounds, or None if one has no result."""
    if not results or any(r.note for r in results):
        return None
    return tuple(statistics.median(getattr(r, field) for r in results) for field in ("wall", "cpu", "peak"))


def net(figures, program, field):
    return max(figures[field] - program.start[field], 0.0)


def ratio(a, b, least=0.0):
    """A quotient of two digits; '-' where the divisor is not above what can be told from the noise of a start."""
    return f"{a / b:.2f}" if b > least else "-"


def run_input(scratch, run, files, own, peers, rounds):
    """All programs on one input, interleaved. Returns the results of each program."""
    programs = [p for p in [*own, *peers.values()] if p.applies(files)]
    results = {p.name: [] for p in programs}
    for _ in range(rounds):
        for p in programs:
            if any(r.note for r in results[p.name]):
                continue
            results[p.name].append(measure(p, files, run.dim, os.path.join(scratch, "run")))
    return programs, results


def report_input(programs, results):
    """A line for each program; returns the figures by name and whether all agree."""
    agree, figures = True, {}
    complete = [p for p in programs if results[p.name][0].diagrams and not isinstance(p, Dory)]  # which leaves essential ones out
    reference = results[complete[0].name][0].diagrams if complete else None
    print("    program                CPU s      net   wall s      net      MiB")
    for p in programs:
        found = medians(results[p.name])
        if found is None:
            print(f"    {p.name:18s} {results[p.name][-1].note}", flush=True)
            figures[p.name] = results[p.name][-1].note
            continue
        figures[p.name] = found
        wall, cpu, peak = found
        diagrams = results[p.name][0].diagrams
        note = intervals(diagrams)
        if reference is not None and diagrams is not reference:
            wrong, sums = compare(reference, diagrams, p)
            agree = agree and not wrong
            note = f"DIFFERS: {'; '.join(wrong)}" if wrong else f"agrees, {sums}"
        line = f"    {p.name:18s} {cpu:9.3f} {net(found, p, 1):8.3f} {wall:8.3f} {net(found, p, 0):8.3f} {peak:8.0f}   {note}"
        print(line, flush=True)
        if isinstance(p, Own):
            print("        last run: " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in p.steps), flush=True)
    return figures, agree


def report_ratios(programs, figures):
    """Best peer over each run of this program: above 1 means that this program is faster."""
    peers = [p for p in programs if not isinstance(p, Own) and not isinstance(figures[p.name], str)]
    cell = ""
    for p in programs:
        if not isinstance(p, Own) or isinstance(figures[p.name], str) or not peers:
            continue
        best = [min(peers, key=lambda q, f=f: net(figures[q.name], q, f)) for f in (0, 1)]
        least = min(peers, key=lambda q: figures[q.name][2])
        by_net = [ratio(net(figures[q.name], q, f), net(figures[p.name], p, f), p.start[f] / 10) for f, q in enumerate(best)]
        whole = ratio(figures[best[1].name][1], figures[p.name][1])
        memory = ratio(figures[least.name][2], figures[p.name][2])
        cpu_text = f"CPU {by_net[1]} net ({best[1].name}), {whole} whole"
        wall_text = f"wall {by_net[0]} net ({best[0].name})"
        print(f"    best peer / {p.name}: {cpu_text}; {wall_text}; memory {memory} ({least.name})", flush=True)
        cell = cell or by_net[1]
    return cell


def print_table(names, table):
    """Markdown: net CPU seconds and MiB."""
    print("\nCPU seconds, net of the start (MiB of the largest process); ratio: best peer over the first column\n")
    print("| input | " + " | ".join(names) + " | ratio |")
    print("|---" * (len(names) + 2) + "|")
    for title, cells, cell in table:
        print(f"| {title} | " + " | ".join(cells.get(name, "") for name in names) + f" | {cell} |")


def select(words):
    chosen = []
    for word in words.split(","):
        group = [run for run in RUNS if word == "all" or word in run.groups.split()]
        if group:
            chosen += group
            continue
        parts = word.split(":")
        from_file = parts[0].endswith(".h5")
        length = 3 if from_file else 1
        dims = [int(parts[length])] if len(parts) > length else None
        name = ":".join(parts[:length])
        if dims is None:
            dims = [run.dim for run in RUNS if run.name == name] or [1]
        chosen += [Run(name, dim, "") for dim in dims]
    return list(dict.fromkeys((run.name, run.dim) for run in chosen))


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", default="h1", help="separated by commas: see above")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ranks", default="1", help="of this program, separated by commas")
    parser.add_argument("--threads", type=int, default=1, help="above 1: giotto-ph is run with so many too")
    parser.add_argument("--timeout", default="600", help="seconds a run, for all or by program: 600,dory=60,hole=100")
    parser.add_argument("--skip", default="", help="peers not to run, separated by commas")
    parser.add_argument("--options", default="", help="further options of this program, in one word: --options='-precision single'")
    parser.add_argument("--matrix", action="store_true", help="this program too reads distances, not points")
    parser.add_argument("--launcher", default="mpiexec -n")
    parser.add_argument("--folder", help="where inputs are made and kept")
    parser.add_argument("--list", action="store_true", help="list inputs")
    args = parser.parse_args()
    if not args.list and "HOLE_PROGRAM" not in os.environ:
        parser.error("HOLE_PROGRAM is not set")
    return args


def main():
    args = read_arguments()
    if args.list:
        for run in RUNS:
            print(f"{run.name}:{run.dim}".ljust(20), run.groups)
        return 0
    own, peers = find_programs(args)
    scratch = tempfile.mkdtemp(prefix="bench_homology")
    folder = args.folder or scratch
    os.makedirs(folder, exist_ok=True)
    agree, table = True, []
    try:
        measure_starts(scratch, own, peers, args)
        for p in [*own, *peers.values()]:
            print(f"start of {p.name:18s} CPU {p.start[1]:.3f} s, wall {p.start[0]:.3f} s, {p.start[2]:.0f} MiB")
        for run in [Run(name, dim, "") for name, dim in select(args.inputs)]:
            files = make_files(folder, run.name, run.dim, peers, args)
            if files is None:
                print(f"{run.name}: no data, skipped", flush=True)
                continue
            limit = f"{files.longest:.9g} ({'threshold' if files.cut else 'enclosing radius'})"
            print(f"{run.name}, H0 to H{run.dim}: {files.n} points, {files.edges} edges up to {limit}", flush=True)
            programs, results = run_input(scratch, run, files, own, peers, args.rounds)
            figures, same = report_input(programs, results)
            agree = agree and same
            cells = {
                p.name: figures[p.name].split(":")[0] if isinstance(figures[p.name], str)
                else f"{net(figures[p.name], p, 1):.3g} ({figures[p.name][2]:.0f})"
                for p in programs
            }  # fmt: skip
            table.append((f"{run.name}, H{run.dim}", cells, report_ratios(programs, figures)))
        print_table([p.name for p in [*own, *peers.values()]], table)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
