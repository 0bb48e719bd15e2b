"""What tests of whole runs share: the program under its launcher, files of activations, distances as the program computes
them, and the same intervals from GUDHI and from Ripser.

A test calls expect() for every fact and ends with sys.exit(finish()): silent and 0 if all hold, else one line a failure.
"""

import os
import subprocess
import sys
from collections import Counter

import h5py
import numpy as np

MOST_FAILURES = 20  # lines printed; the rest is counted
LONGEST_RUN = 60  # seconds; every run takes about one
failures = []


def expect(condition, message):
    if not condition:
        failures.append(message)
    return bool(condition)


def finish():
    for failure in failures[:MOST_FAILURES]:
        print(failure)
    if len(failures) > MOST_FAILURES:
        print(f"and {len(failures) - MOST_FAILURES} failures more")
    return 1 if failures else 0


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


# ---- The program ----


def rank_count():
    return int(os.environ["HOLE_RANKS"])


def sample_path():
    """The shipped sample: five layers of 500 points, labelled."""
    return os.path.join(os.environ["HOLE_SOURCE_DIR"], "tests", "data", "fashion_cnn_demo_clean.h5")


def run_hole(ranks, *arguments):
    """Standard output of the program on `ranks` ranks; a run that fails or hangs ends the test. One rank starts faster alone."""
    launcher = os.environ["HOLE_LAUNCHER"].split() + [str(ranks)] if ranks > 1 else []
    command = [*launcher, os.environ["HOLE_PROGRAM"], *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            printed, said = run.communicate(timeout=LONGEST_RUN)
        except subprocess.TimeoutExpired:
            run.terminate()  # the launcher ends its ranks
            print(f"no end after {LONGEST_RUN} seconds: {' '.join(command)}")
            sys.exit(1)
    if run.returncode:
        print(f"exit code {run.returncode} of {' '.join(command)}: {said.strip()}")
        sys.exit(1)
    return printed


def analyze(ranks, path, output, *options):
    """Views are data for pictures: they are made where a test asks for them."""
    if "-views" not in options:
        options += ("-views", "none")
    printed = run_hole(ranks, "analyze", path, "-output", output, "-view", "none", "-progress", "off", *options)
    expect(not printed, f"{output}: -view none printed: {printed[:80]}")
    return output


def analyze_alone(path, output, *options):
    """The result on one rank: what the test of one rank has made, where it runs before this one."""
    folder = os.environ.get("HOLE_REFERENCE")
    return os.path.join(folder, output) if folder else analyze(1, path, output, *options)


def write_activations(path, layers, labels=None, class_names=None):
    """`layers`: {name: array}, in depth order."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_order"] = list(layers)
        for name, rows in layers.items():
            file[f"layers/{name}/activations"] = rows
        if labels is not None:
            file["labels"] = np.asarray(labels, dtype="i4")
        if class_names is not None:
            file["class_names"] = list(class_names)
    return path


def read_layers(path, n_rows=None):
    """Activations as {name: array}, in depth order, and the labels; the first `n_rows` rows."""
    with h5py.File(path) as file:
        names = list(file.attrs["layer_order"])
        return {name: file[f"layers/{name}/activations"][:n_rows] for name in names}, file["labels"][:n_rows]


# ---- Every byte of a result ----


def attribute_contents(owner):
    contents = {}
    for name in owner.attrs:
        attribute = owner.attrs.get_id(name)
        values = np.empty(attribute.shape, dtype=attribute.dtype)
        attribute.read(values)
        contents[name] = (attribute.get_type().encode(), values.shape, values.tobytes())
    return contents


def result_contents(path):
    """Everything below /layers, /flow and /summaries: groups, types, shapes, bytes and attributes, by path."""
    contents = {}

    def add(name, item):
        data = None
        if isinstance(item, h5py.Dataset):
            data = (item.id.get_type().encode(), item.shape, item.maxshape, item.chunks, item[()].tobytes())
        contents[f"{item.parent.name.rstrip('/')}/{name.rsplit('/', 1)[-1]}"] = (data, attribute_contents(item))

    with h5py.File(path) as file:
        for root in ("layers", "flow", "summaries"):
            contents[f"/{root}"] = (None, attribute_contents(file[root]))
            file[root].visititems(add)
    return contents


def compare_contents(where, found, wanted):
    expect(found.keys() == wanted.keys(), f"{where}: objects differ: {sorted(found.keys() ^ wanted.keys())[:4]}")
    for name in sorted(found.keys() & wanted.keys()):
        if found[name] != wanted[name]:
            parts = ("type", "shape", "largest shape", "chunks", "bytes")
            differ = [part for part, a, b in zip(parts, found[name][0] or (), wanted[name][0] or ()) if a != b]
            differ += ["attributes"] if found[name][1] != wanted[name][1] else []
            expect(False, f"{where}: {name}: {', '.join(differ) or 'kind'} differ")


# ---- Distances, bit for bit ----
# The sums of src/metric/metric_impl.h: lane l adds units l, l + 8, ...; then the lanes are added in one order.

LANES = 8
BLOCK = 32  # rows at a time, so that the partial sums stay in the cache


def pad_units(rows):
    rows = np.asarray(rows, dtype=float)
    width = -(-rows.shape[1] // LANES) * LANES
    padded = np.zeros((len(rows), width))
    padded[:, : rows.shape[1]] = rows
    return padded


def add_lanes(s):
    return ((s[..., 0] + s[..., 4]) + (s[..., 2] + s[..., 6])) + ((s[..., 1] + s[..., 5]) + (s[..., 3] + s[..., 7]))


def euclidean(rows):
    x = pad_units(rows)
    distances = np.empty((len(x), len(x)))
    for first in range(0, len(x), BLOCK):
        block = x[first : first + BLOCK]
        sums = np.zeros((len(block), len(x), LANES))
        for unit in range(0, x.shape[1], LANES):
            difference = block[:, None, unit : unit + LANES] - x[None, :, unit : unit + LANES]
            sums += difference * difference
        distances[first : first + BLOCK] = np.sqrt(add_lanes(sums))
    return distances


def cosine(rows):
    x = pad_units(rows)
    dots = np.empty((len(x), len(x)))
    for first in range(0, len(x), BLOCK):
        block = x[first : first + BLOCK]
        sums = np.zeros((len(block), len(x), LANES))
        for unit in range(0, x.shape[1], LANES):
            sums += block[:, None, unit : unit + LANES] * x[None, :, unit : unit + LANES]
        dots[first : first + BLOCK] = add_lanes(sums)
    squares = np.diagonal(dots)
    distances = 1 - dots / np.sqrt(squares[:, None] * squares[None, :])
    return np.where(distances < 0, 0.0, distances)


METRICS = {"euclidean": euclidean, "cosine": cosine}


def pair_lengths(distances):
    """Lengths of all pairs, each once, ascending."""
    return np.sort(distances[np.triu_indices(len(distances), 1)])


def threshold_of(rule, distances):
    """The number that -threshold gives."""
    if rule == "enclosing":
        return distances.max(axis=1).min()
    if rule.startswith("quantile:"):
        lengths = pair_lengths(distances)
        place = int(np.ceil(float(rule.split(":")[1]) * len(lengths))) - 1
        return lengths[min(max(place, 0), len(lengths) - 1)] if len(lengths) else 0.0
    return float(rule)


# ---- Intervals ----


def as_multiset(intervals):
    """Rows [birth, death] in one order."""
    intervals = np.asarray(intervals, dtype=float).reshape(-1, 2)
    return intervals[np.lexsort((intervals[:, 1], intervals[:, 0]))]


def compare_intervals(where, found, wanted):
    """Equal as multisets of pairs of doubles?"""
    found, wanted = Counter(map(tuple, as_multiset(found))), Counter(map(tuple, as_multiset(wanted)))
    describe_difference(where, found, wanted)


def describe_difference(where, found, wanted):
    if found != wanted:
        extra, missing = sorted((found - wanted).elements()), sorted((wanted - found).elements())
        expect(
            False,
            f"{where}: {found.total()} intervals, expected {wanted.total()}; "
            f"{len(extra)} too many, first {extra[:2]}; {len(missing)} missing, first {missing[:2]}",
        )


def read_diagrams(group):
    """Intervals of a layer's group in a result, by dimension."""
    return [group[f"diagrams/dim{k}"][()] for k in range(int(group.attrs["max_dim"]) + 1)]


def check_zero_pairs(where, group, distances):
    """An edge within the threshold joins two components or begins an interval of dimension 1."""
    threshold, diagrams = group.attrs["threshold"], read_diagrams(group)
    heights = group["tree/linkage"][:, 2]
    n_merges, n_edges = int((heights <= threshold).sum()), int((pair_lengths(distances) <= threshold).sum())
    wanted = [n_merges - int(np.isfinite(diagrams[0][:, 1]).sum())]
    wanted += [n_edges - n_merges - len(diagrams[1])] if len(diagrams) > 1 else []
    found = [int(group[f"diagrams/dim{k}"].attrs["zero_pairs"]) for k in range(len(wanted))]
    expect(found == wanted, f"{where}: zero_pairs {found}, expected {wanted}")


def compare_with_gudhi(where, diagrams, distances, threshold, collapse=False):
    """GUDHI computes in double precision: equal without any tolerance. Edge collapse makes it faster, not different."""
    import gudhi

    max_dim = len(diagrams) - 1
    rips = gudhi.RipsComplex(distance_matrix=distances, max_edge_length=threshold)
    tree = rips.create_simplex_tree(max_dimension=1 if collapse else max_dim + 1)
    if collapse:
        tree.collapse_edges()
        tree.expansion(max_dim + 1)
    tree.compute_persistence(homology_coeff_field=2, min_persistence=0)
    for dim, found in enumerate(diagrams):
        compare_intervals(f"{where}: dimension {dim} against GUDHI", found, tree.persistence_intervals_in_dimension(dim))


def ripser_text(value):
    """Six significant digits of a number in single precision; nothing for infinity."""
    return "%.6g" % np.float32(value) if np.isfinite(value) else " "


def ask_ripser(text, max_dim, *options):
    """Intervals as Ripser prints them, by dimension; `text` is its input."""
    command = ["ripser", "--dim", str(max_dim), *options]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"exit code {done.returncode} of {' '.join(command)}: {done.stderr.strip()}")
        sys.exit(1)
    intervals, current = [Counter() for _ in range(max_dim + 1)], None
    for line in done.stdout.splitlines():
        if line.startswith("persistence intervals in dim"):
            current = intervals[int(line.split()[-1].rstrip(":"))]
        elif line.startswith(" ["):
            current[tuple(line[2:-1].split(","))] += 1
    return intervals


def run_ripser(distances, max_dim, threshold):
    """`threshold` None for its own, the enclosing radius."""
    lower = distances[np.tril_indices(len(distances), -1)].astype(np.float32)
    options = ["--threshold", "%.9g" % np.float32(threshold)] if threshold is not None else []
    text = ",".join("%.9g" % length for length in lower.tolist())  # nine digits keep a number in single precision
    return ask_ripser(text, max_dim, "--format", "lower-distance", *options)


def run_ripser_on_edges(edges, max_dim):
    """`edges`: rows i, j, length; every point has one."""
    text = "".join("%d %d %.9g\n" % (i, j, np.float32(length)) for i, j, length in edges)
    return ask_ripser(text, max(max_dim, 1), "--format", "sparse")  # 1.2.1 stops at dimension 0


def compare_with_ripser(where, diagrams, distances, threshold, own_threshold):
    """Ripser rounds distances to single precision, which keeps their order.

    So its intervals are ours with both ends rounded, without those that have become empty. It prints six digits. False if the
    comparison is impossible: rounding carries a length over an explicit threshold, or there is one point only, which
    Ripser 1.2.1 stops at.
    """
    if len(distances) < 2:
        return False
    if not own_threshold:
        rounded = distances.astype(np.float32) <= np.float32(threshold)
        if not np.array_equal(rounded, distances <= threshold):
            return False
    peer = run_ripser(distances, len(diagrams) - 1, None if own_threshold else threshold)
    compare_rounded(where, diagrams, peer)
    return True


def compare_rounded(where, diagrams, peer):
    """Our intervals with both ends rounded to single precision, without those that have become empty, are Ripser's."""
    for dim, found in enumerate(diagrams):
        ours = Counter(
            (ripser_text(birth), ripser_text(death)) for birth, death in found if np.float32(birth) < np.float32(death)
        )
        describe_difference(f"{where}: dimension {dim} against Ripser", ours, peer[dim])
