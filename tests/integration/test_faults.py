#!/usr/bin/python3
"""Everything that can go wrong in a run: the exit code, one message, an end within seconds, and nothing left behind.

Each case is a run that must fail. It is started in a folder that holds its inputs and an older result; whatever is in
there must be the same afterwards. The cases come in the order of the exit codes: usage (2), input (3), resources (4).
"""

import os
import re
import shutil
import subprocess
import sys

import h5py
import numpy as np
from cli import (
    differences,
    expect_success,
    faults_of_message,
    launcher,
    ranks_to_use,
    run,
    run_words,
    snapshot,
)
from common import expect, finish, write_activations

N_POINTS = 40
RNG = np.random.default_rng(20240501)
POINTS = RNG.normal(size=(N_POINTS, 5))

# Cases that fail today, by their words. One that has come to hold fails the test until it is taken from this list.
PENDING = set()


# ---- Usage: exit code 2 ----
# Words of the message, and those of the command line. GOOD stands for an input without a fault.

OPTION = [  # a mistake in an option: how many ranks there are cannot matter
    ("-max_points", "analyze GOOD -max_points -1"),
    ("-max_points", "analyze GOOD -max_points 1.5"),
    ("-max_points", "analyze GOOD -max_points many"),
    ("-max_points", "analyze GOOD -max_points 99999999999999999999"),
    ("-seed", "analyze GOOD -seed -1"),
    ("-seed", "analyze GOOD -seed x"),
    ("-metric euclid", "analyze GOOD -metric euclid"),
    ("-metric", "analyze GOOD -metric euclidean,euclidean"),
    ("-metric", "analyze GOOD -metric ,"),
    ("-filtration", "analyze GOOD -filtration nonsense"),
    ("-neighbors belongs to -filtration knn", "analyze GOOD -neighbors 5"),
    ("-neighbors belongs to -filtration knn", "analyze GOOD -filtration sparse -neighbors 5"),
    ("-epsilon belongs to -filtration sparse", "analyze GOOD -epsilon 1"),
    ("-epsilon belongs to -filtration sparse", "analyze GOOD -filtration knn -epsilon 1"),
    ("-neighbors 0", "analyze GOOD -filtration knn -neighbors 0"),
    ("-neighbors many", "analyze GOOD -filtration knn -neighbors many"),
    ("-epsilon 0", "analyze GOOD -filtration sparse -epsilon 0"),
    ("-epsilon -1", "analyze GOOD -filtration sparse -epsilon -1"),
    ("-epsilon inf", "analyze GOOD -filtration sparse -epsilon inf"),
    ("-epsilon small", "analyze GOOD -filtration sparse -epsilon small"),
    ("-metric cosine", "analyze GOOD -filtration sparse -metric euclidean,cosine"),
    ("-metric geodesic", "analyze GOOD -filtration sparse -metric geodesic"),
    ("-metric density_euclidean", "analyze GOOD -filtration sparse -metric density_euclidean"),
    ("-threshold -1", "analyze GOOD -threshold -1"),
    ("-threshold nan", "analyze GOOD -threshold nan"),
    ("-threshold far", "analyze GOOD -threshold far"),
    ("-threshold", "analyze GOOD -threshold quantile:1.5"),
    ("-threshold", "analyze GOOD -threshold quantile:"),
    ("-threshold", "analyze GOOD -threshold 1e999"),
    ("-threshold", "analyze GOOD -threshold"),
    ("-max_dim", "analyze GOOD -max_dim 4"),
    ("-max_dim", "analyze GOOD -max_dim -1"),
    ("-max_dim", "analyze GOOD -max_dim one"),
    ("-coefficients", "analyze GOOD -coefficients 1"),
    ("-coefficients", "analyze GOOD -coefficients 65536"),
    ("-coefficients", "analyze GOOD -coefficients 4"),
    ("-homology_type", "analyze GOOD -homology_type quick"),
    ("-homology_windows", "analyze GOOD -homology_windows -1"),
    ("-homology_windows", "analyze GOOD -homology_windows 1e6"),
    ("-stages", "analyze GOOD -stages some"),
    ("-stages", "analyze GOOD -stages count:0"),
    ("-stages", "analyze GOOD -stages clusters:"),
    ("-stages", "analyze GOOD -stages clusters:2,x"),
    ("-stages", "analyze GOOD -stages at:-1"),
    ("-stages", "analyze GOOD -stages at:nan"),
    ("-cut", "analyze GOOD -cut half"),
    ("-flow_stage", "analyze GOOD -flow_stage nowhere"),
    ("-flow_stage", "analyze GOOD -flow_stage clusters:0"),
    ("-views", "analyze GOOD -views pictures"),
    ("-min_cluster_size", "analyze GOOD -min_cluster_size -1"),
    ("-memory_limit", "analyze GOOD -memory_limit much"),
    ("-memory_limit", "analyze GOOD -memory_limit 0"),
    ("-memory_limit", "analyze GOOD -memory_limit -8GiB"),
    ("-view", "analyze GOOD -view nicely"),
    ("-view", "analyze GOOD -view"),
    ("-progress", "analyze GOOD -progress maybe"),
    ("-output", "analyze GOOD -output"),
    ("-reshape", "analyze GOOD -reshape sideways"),
    ("-reshape", "analyze GOOD -reshape spatial:topk:0"),
    ("-reshape", "analyze MAPS -reshape spatial:topk:99"),
    ("-reshape", "analyze MAPS -reshape token:0"),
    ("-reshape", "analyze TOKENS -reshape spatial:full"),
    ("-reshape", "analyze TOKENS -reshape token:3"),
    ("-dataset", "analyze GOOD -dataset /nothing"),
    ("-dataset", "analyze GOOD -dataset /layers"),
    ("-dataset", "analyze GOOD -dataset ,"),
    ("-labels_dataset", "analyze GOOD -labels_dataset /nothing"),
    ("-precision", "analyze GOOD -precision half"),
    ("-representatives", "analyze GOOD -representatives all"),
    ("-table", "export RESULT -table chairs"),
    ("-format", "export RESULT -format doc"),
    ("-format ripser", "export RESULT -format ripser -table tree"),
    ("-format ripser", "export RESULT -format ripser -table tree -output table.csv"),
    ("-layers", "export RESULT -layers nothing"),
    ("-metric", "export RESULT -metric cosine"),
    ("-metric", "export RESULT -metric cosine -table nodes"),
]

USAGE = [
    ("-treshold; did you mean -threshold?", "analyze GOOD -treshold 5"),
    ("-tabel; did you mean -table?", "export RESULT -tabel tree"),
    ("-xyzzy", "inspect GOOD -xyzzy"),
    ("-forse; did you mean -force?", "analyze -forse GOOD -output out.h5"),
    ("'analyse'; did you mean 'analyze'?", "analyse GOOD"),
    ("'xyzzy'", "xyzzy GOOD"),
    ("-against", "compare GOOD"),
    ("-against", "compare RESULT -against ,"),
    ("/conditions/result; rename one", "compare RESULT -against in/result.h5,result.h5"),
    ("'units'", "units GOOD"),
    ("'mapper'", "mapper GOOD"),
    ("'sweep'", "sweep GOOD"),
    ("command is missing", "-view none"),
    ("input is missing", "analyze"),
    ("input is missing", "analyze -view none"),
    ("input is missing", "inspect"),
    ("input is missing", "export -table tree"),
    ("'more.h5'", "analyze GOOD more.h5"),
    ("'maybe'", "analyze GOOD -force maybe"),
    ("no layer matches x*", "analyze GOOD -layers first,x*"),
    ("nothing.txt", "analyze GOOD -options_file nothing.txt"),
    ("nothing.yaml", "analyze GOOD -options_file_yaml nothing.yaml"),
    ("in", "analyze GOOD -options_file in"),
    ("broken.yaml", "analyze GOOD -options_file_yaml in/broken.yaml"),
    ("in/bad_line.txt", "analyze GOOD -options_file in/bad_line.txt"),
    ("-treshold; did you mean -threshold?", "analyze GOOD -options_file in/unknown.txt"),
    ("-max_dim many", "analyze GOOD -options_file in/range.txt"),
    ("-metricc; did you mean -metric?", "analyze GOOD -options_file_yaml in/unknown.yaml"),
    ("-max_dim 9", "analyze GOOD -options_file_yaml in/range.yaml"),
    ("old.h5 exists; give -force", "analyze GOOD -output old.h5"),
    ("good.hole.h5 exists; give -force", "analyze GOOD"),
    ("in is a folder", "analyze GOOD -output in"),
    ("file name is missing", "analyze GOOD -output in/"),
    ("nowhere/ does not exist", "analyze GOOD -output nowhere/out.h5"),
    ("old.h5/", "analyze GOOD -output old.h5/out.h5"),
    ("pipe", "analyze GOOD -output pipe -force"),
    ("in/good.h5", "analyze GOOD -output in/good.h5 -force"),
    ("old.h5 exists", "export RESULT -output old.h5"),
    ("nowhere/table.csv", "export RESULT -output nowhere/table.csv"),
    ("in/result.h5", "export RESULT -output in/result.h5 -force"),
]

ENVIRONMENT = [
    ("-treshold; did you mean -threshold?", "-treshold 3"),
    ("-max_dim 7", "-max_dim 7"),
    ("nothing.txt", "-options_file nothing.txt"),
]


# ---- Input: exit code 3 ----


def layers(**arrays):
    """A writer of a file with these layers."""

    def write(file):
        for name, rows in arrays.items():
            file[f"layers/{name}/activations"] = rows

    return write


def with_points(add):
    """A writer of a file with one good layer and something else."""

    def write(file):
        file["layers/first/activations"] = POINTS
        add(file)

    return write


def poisoned(value):
    rows = POINTS.astype("f4")
    rows[33, 2] = value
    return rows


def with_row(row, value):
    rows = POINTS.copy()
    rows[row] = value
    return rows


def layer_order(names):
    return with_points(lambda file: file.attrs.create("layer_order", names))


def labels(values, class_names=None):
    def add(file):
        file["labels"] = values
        if class_names is not None:
            file["class_names"] = class_names

    return with_points(add)


def sample_ids(values):
    return with_points(lambda file: file.create_dataset("sample_ids", data=values))


def dangling_link(file):
    file.create_group("layers/first")
    file["layers/first/activations"] = h5py.SoftLink("/nothing")


def maps_with_nan(file):
    maps = RNG.normal(size=(N_POINTS, 3, 4, 4)).astype("f4")
    maps[11, 2, 1, 3] = np.nan
    file.create_dataset("layers/conv/activations", data=maps, chunks=(4, 3, 4, 4), compression="gzip")


PLACE = ["/layers/second/activations", "row 33", "33, 2"]  # file, dataset, row and column

# Words of the message, the content, more options.
INPUT = {
    "no_layers": (["no layers", "/x"], lambda file: file.create_dataset("x", data=POINTS), ""),
    "no_names": (["no layers"], lambda file: file.create_group("layers"), ""),
    "no_rows": (["/layers/first/activations", "[0, 5]"], layers(first=POINTS[:0]), ""),
    "no_columns": (["/layers/first/activations", "[40, 0]"], layers(first=POINTS[:, :0]), ""),
    "integers": (["/layers/first/activations", "int32"], layers(first=np.zeros((4, 5), "i4")), ""),
    "strings": (["/layers/first/activations", "string"], layers(first=np.array([[b"a", b"b"]] * 4)), ""),
    "records": (["/layers/first/activations", "compound"], layers(first=np.zeros((4, 5), [("x", "f8")])), ""),
    "quadruple": (["/layers/first/activations", "float128"], layers(first=np.zeros((4, 5), np.longdouble)), ""),
    "one_axis": (["/layers/first/activations", "[5]"], layers(first=POINTS[0]), ""),
    "five_axes": (["/layers/first/activations", "[2, 2, 2, 2, 2]"], layers(first=np.zeros((2, 2, 2, 2, 2))), ""),
    "scalar": (["/layers/first/activations"], layers(first=1.0), ""),
    "no_dataset": (["/layers/first/activations"], lambda file: file.create_group("layers/first/activations"), ""),
    "dangling": (["/layers/first/activations"], dangling_link, ""),
    "nan": (["nan.h5", *PLACE, "NaN"], layers(first=POINTS, second=poisoned(np.nan)), ""),
    "plus_inf": (["plus_inf.h5", *PLACE, "inf"], layers(first=POINTS, second=poisoned(np.inf)), ""),
    "minus_inf": (["minus_inf.h5", *PLACE, "inf"], layers(first=POINTS, second=poisoned(-np.inf)), ""),
    "nan_in_map": (["/layers/conv/activations", "row 11", "11, 2, 1, 3", "NaN"], maps_with_nan, ""),
    "unequal": (["first", "40", "second", "39"], layers(first=POINTS, second=POINTS[:39]), ""),
    "labels_length": (["/labels", "39", "40"], labels(np.arange(39)), ""),
    "labels_float": (["/labels", "float64"], labels(np.zeros(N_POINTS)), ""),
    "labels_axes": (["/labels", "[40, 1]"], labels(np.zeros((N_POINTS, 1), "i4")), ""),
    "labels_classes": (["/labels", "row 3", "/class_names"], labels(np.arange(N_POINTS) % 4, [b"a", b"b", b"c"]), ""),
    "labels_huge": (["/labels", "row 0"], labels(np.arange(N_POINTS) + 2**40), ""),
    "class_names": (["/class_names", "int"], labels(np.arange(N_POINTS) % 3, np.arange(3)), ""),
    "ids_length": (["/sample_ids", "39", "40"], sample_ids(np.arange(39)), ""),
    "zero_row": (["zero_row.h5", "first", "row 7"], layers(first=with_row(7, 0.0)), "-metric cosine"),
    "overflow": (["overflow.h5", "first", "overflow"], layers(first=1e200 * POINTS), ""),
    "overflow_2": (["overflow_2.h5", "first", "overflow"], layers(first=1e308 * np.sign(POINTS)), "-metric manhattan -max_dim 2"),
    "order_missing": (["layer_order", "third"], layer_order(["first", "third"]), ""),
    "order_twice": (["layer_order", "first"], layer_order(["first", "first"]), ""),
    "order_integers": (["layer_order", "int"], layer_order([1, 2]), ""),
}

FILES = [  # a file that is not one of the above
    (["nothing.h5"], "analyze nothing.h5"),
    (["nothing.h5"], "inspect nothing.h5"),
    (["nothing.h5"], "export nothing.h5"),
    (["empty.h5", "empty"], "analyze in/empty.h5"),
    (["text.h5", "not an HDF5 file"], "analyze in/text.h5"),
    (["text.h5", "not an HDF5 file"], "inspect in/text.h5"),
    (["in", "folder"], "analyze in"),
    (["truncated", "cut_100.h5"], "inspect in/cut_100.h5"),
    (["truncated", "cut_result.h5"], "export in/cut_result.h5"),
    (["/layers/first/activations", "damaged_chunk.h5"], "analyze in/damaged_chunk.h5"),
    (["/layers/first/activations", "damaged_chunk.h5"], "inspect in/damaged_chunk.h5"),
    (["in/result.h5"], "analyze RESULT -output out.h5"),
    (["in/good.h5"], "export GOOD"),
    (["in/nan.h5", "row 33"], "inspect in/nan.h5"),
    (["stages/threshold"], "export in/incomplete.h5 -table stages"),
    (["diagrams/dim1"], "export in/misshapen.h5"),
]

CUTS = [8, 100, 600, 2048, 0.5, -1]  # bytes that remain; a share; less one byte


# ---- Making the inputs ----


def write_file(name, write):
    with h5py.File(f"in/{name}.h5", "w") as file:
        write(file)


def write_cuts():
    with open("in/good.h5", "rb") as file:
        whole = file.read()
    for cut in CUTS:
        length = int(cut * len(whole)) if isinstance(cut, float) else cut % len(whole)
        with open(f"in/cut_{cut}.h5", "wb") as file:
            file.write(whole[:length])
    with open("in/result.h5", "rb") as whole, open("in/cut_result.h5", "wb") as file:
        file.write(whole.read()[:-20])


def write_damaged_chunk():
    """Compressed chunks, the last of which cannot be decompressed: only the last rank meets it."""
    with h5py.File("in/damaged_chunk.h5", "w") as file:
        data = file.create_dataset("layers/first/activations", data=POINTS, chunks=(4, 5), compression="gzip")
        info = data.id.get_chunk_info(data.id.get_num_chunks() - 1)
    with open("in/damaged_chunk.h5", "r+b") as file:
        file.seek(info.byte_offset)
        file.write(b"\xff" * info.size)


def write_options():
    texts = {
        "unknown.txt": "-treshold 3\n",
        "range.txt": "-max_dim many\n",
        "unknown.yaml": "metricc: cosine\n",
        "range.yaml": "max_dim: 9\n",
        "broken.yaml": "metric: [euclidean\n",
        "bad_line.txt": "metric cosine\n",
        "text.h5": "sixteen points\n" * 40,
        "empty.h5": "",
    }
    for name, text in texts.items():
        with open(f"in/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def write_results():
    """A whole result, and two that lack something."""
    expect_success(run("analyze", "in/good.h5", "-output", "in/result.h5", "-view", "none"))
    for name in ("in/incomplete.h5", "in/misshapen.h5", "old.h5", "good.hole.h5"):
        shutil.copyfile("in/result.h5", name)
    with h5py.File("in/incomplete.h5", "r+") as file:
        del file["layers/first/euclidean/stages/threshold"]
    with h5py.File("in/misshapen.h5", "r+") as file:
        del file["layers/first/euclidean/diagrams/dim1"]
        file["layers/first/euclidean/diagrams/dim1"] = np.zeros(3)


def write_inputs():
    os.makedirs("in")
    write_activations("in/good.h5", {"first": POINTS, "second": POINTS[:, :3]}, np.arange(N_POINTS) % 3)
    write_activations("in/maps.h5", {"conv": RNG.normal(size=(N_POINTS, 2, 3, 3))})
    write_activations("in/tokens.h5", {"block": RNG.normal(size=(N_POINTS, 3, 4))})
    write_activations("in/many.h5", {f"layer{k}": RNG.normal(size=(1000, 2)) for k in range(6)})
    write_activations("in/large.h5", {"first": RNG.normal(size=(40000, 2)).astype("f4")})
    # Shapes without storage: 64 bits cannot count the bytes of what they ask for.
    with h5py.File("in/vast.h5", "w") as file:
        file.create_dataset("layers/first/activations", shape=(2**32 - 8, 1), dtype="f4", chunks=(1000, 1))
    for name, shape in (("vast_map", (1, 16, 2**30, 2**30)), ("wide_map", (3, 8, 2**20, 2**20))):
        with h5py.File(f"in/{name}.h5", "w") as file:
            file.create_dataset("layers/conv/activations", shape=shape, dtype="f4", chunks=(1, 1, 1000, 1000))
    for name, (_, write, _) in INPUT.items():
        write_file(name, write)
    write_file("labels_ids", labels(np.arange(N_POINTS) + 2**31 - 100))
    write_options()
    write_results()
    write_cuts()
    write_damaged_chunk()
    os.mkfifo("pipe")


# ---- Checking a run ----


def judge(name, faults):
    """A pending case must have a fault, any other none."""
    if name in PENDING:
        expect(faults, f"{name}: holds now; take it from PENDING")
    else:
        expect(not faults, f"{name}: {'; '.join(faults)}")


def put_back(before, changed):
    """Undo what a run has done to the folder, so that the next one is judged by itself."""
    for path in changed:
        if path not in before:
            os.unlink(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
            if os.path.lexists(path):
                os.unlink(path)
            if path == "./pipe":
                os.mkfifo("pipe")
            else:
                shutil.copyfile(os.path.join("../kept", path), path)


def check(name, code, words, start, before):
    """`start` begins a run that must fail; `before` is what the folder holds."""
    done = start()
    changed = differences(before, snapshot())
    faults = faults_of_message(done, code, words)
    if changed:
        faults.append(f"left or changed: {', '.join(changed)}")
        put_back(before, changed)
    judge(name, faults)


def words_of(text):
    files = {"GOOD": "in/good.h5", "RESULT": "in/result.h5", "MAPS": "in/maps.h5", "TOKENS": "in/tokens.h5"}
    return [files.get(word, word) for word in text.split(" ")]


def analyze_words(path, options=""):
    return ["analyze", path, "-output", "out.h5", "-view", "none", *options.split()]


def check_usage(before):
    ranks = ranks_to_use()
    for word, text in USAGE + (OPTION if not ranks else []):
        check(text, 2, [word], lambda words=words_of(text): run(*words), before)
    for word, options in ENVIRONMENT:
        start = lambda value=options: run(*analyze_words("in/good.h5"), environment={"PETSC_OPTIONS": value})
        check(f"PETSC_OPTIONS={options}", 2, [word], start, before)


def check_input(before):
    for name, (words, _, options) in INPUT.items():
        check(name, 3, words, lambda words=analyze_words(f"in/{name}.h5", options): run(*words), before)
    for cut in CUTS:
        words = [f"cut_{cut}.h5", "truncated or damaged"]
        check(f"cut {cut}", 3, words, lambda words=analyze_words(f"in/cut_{cut}.h5"): run(*words), before)
    for words, text in FILES:
        check(text, 3, words, lambda words=words_of(text): run(*words), before)


# ---- Resources: exit code 4 ----


def can_mount():
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=300k none in"]
    return shutil.which("unshare") and subprocess.run(command, capture_output=True, check=False).returncode == 0


def run_on_small_disk(*arguments):
    """Run where `in/disk` is a file system of 300 KiB, which goes with the run: the run, and what is left on that disk.

    The mount lives in a name space of its own: whatever becomes of this test, nothing stays mounted.
    """
    script = """
        mount -t tmpfs -o size=300k none in/disk && echo older > in/disk/old.h5 || exit 99
        "$@"; code=$?
        ls -A in/disk; cat in/disk/old.h5
        exit $code"""
    words = [*launcher(ranks_to_use()), os.environ["HOLE_PROGRAM"], *arguments]
    done = run_words(["unshare", "-m", "sh", "-c", script, "sh", *words])
    return done, done.stdout.split()


def check_small_disk(name, *arguments):
    done, left = run_on_small_disk(*arguments)
    faults = faults_of_message(done, 4, ["in/disk/"])
    if left != ["old.h5", "older"]:
        faults.append(f"left on the disk: {left}")
    judge(name, faults)


def check_disk():
    if not can_mount():
        print("note: without the right to mount a small file system, a full disk was not tried")
        return
    os.mkdir("in/disk")
    many = ["analyze", "in/many.h5", "-view", "none", "-views", "none", "-max_dim", "0"]
    check_small_disk("full disk", *many, "-output", "in/disk/out.h5")
    check_small_disk("full disk, -force", *many, "-output", "in/disk/old.h5", "-force")
    expect_success(run(*many, "-output", "large_result.h5"))
    table = ["export", "large_result.h5", "-table", "curves", "-output"]
    check_small_disk("full disk, export", *table, "in/disk/table.csv")
    check_small_disk("full disk, export -force", *table, "in/disk/old.h5", "-force")
    os.rmdir("in/disk")
    os.unlink("large_result.h5")


def run_into_full(*arguments):
    # Through our descriptor only: the program must never be given the name of a device.
    with open("/dev/full", "w", encoding="ascii") as full:
        return run(*arguments, ranks=0, stdout=full)


def check_full_stdout(before):
    for text in ("export RESULT", "export RESULT -format ripser", "inspect RESULT", "inspect GOOD"):
        check(f"{text} > /dev/full", 4, [], lambda words=words_of(text): run_into_full(*words), before)


def run_short_of_memory(condition, *arguments):
    """Ranks for which the condition holds get no more than a good gigabyte."""
    return run(*arguments, before=["sh", "-c", f'{condition} && ulimit -v 1100000; exec "$@"', "sh"])


def check_memory(before):
    limit = ["need about", "-max_points", "-memory_limit"]
    check("-memory_limit 1MiB", 4, limit, lambda: run(*analyze_words("in/good.h5", "-memory_limit 1MiB")), before)
    check("40000 points", 4, limit, lambda: run(*analyze_words("in/large.h5", "-memory_limit 500MB")), before)
    words = analyze_words("in/many.h5", "-homology_type standard -layers layer0")
    check("too many simplices", 4, ["-max_points", "-max_dim"], lambda: run(*words), before)


def check_real_memory(before):
    """What a prediction does not see, the system refuses: on all ranks, or on the last one only."""
    if "ASAN_OPTIONS" in os.environ:
        return  # the address sanitizer itself reserves more than any limit
    last = f'test "${{OMPI_COMM_WORLD_RANK-${{PMI_RANK-0}}}}" = {max(ranks_to_use() - 1, 0)}'
    large = analyze_words("in/large.h5", "-memory_limit 64GiB")
    vast = analyze_words("in/vast.h5", "-memory_limit 8GiB")
    check("40000 points, ulimit -v", 4, ["memory"], lambda: run_short_of_memory(last, *large), before)
    check("4e9 points", 4, ["-max_points"], lambda: run_short_of_memory("true", *vast), before)
    for name, code, word in (("labels_ids", 3, "/labels"), ("vast_map", 4, "conv"), ("wide_map", 4, "conv")):
        words = analyze_words(f"in/{name}.h5")
        check(name, code, [word], lambda words=words: run_short_of_memory("true", *words), before)


# ---- Injected faults: exit code 4 ----


# Options of a run that comes to the points whose names begin so; others are met by any run.
OPTIONS_OF_POINTS = {
    "chains_": "-representatives cocycles",
    "critical_": "-max_dim 2",
    "cycles_": "-representatives cycles",
    "distances_allocate": "-metric geodesic",
    "distances_precision": "-precision single",
    "edges_": "-filtration sparse -max_dim 0",
    "geodesic_": "-metric geodesic",
    "graph_": "-filtration knn",
    "greedy_": "-filtration sparse",
    "knn_": "-filtration knn",
    "loops_": "-max_dim 2 -homology_side homology",
    "neighbours_": "-metric geodesic",
    "pairs_": "-max_dim 2",
    "panels_": "-metric geodesic",
    "principal_": "-metric mahalanobis",
    "principal_gram": "-reshape flatten -max_points 12",
    "quantile_": "-threshold quantile:0.5 -max_dim 0",
    "radius_": "-max_dim 0 -distances_looks 0",
    "scale_": "-metric density_euclidean",
    "shadows_": "-reshape flatten -max_dim 0 -distances_axes 4",
    "share_": "-threshold 0.1",
    "shared_": "-max_dim 2",
    "skeleton_": "-filtration knn",
    "sparse_": "-filtration sparse",
    "views_spectral": "-views all",
}
INPUT_OF_POINTS = {"principal_gram": "in/maps.h5", "shadows_allocate": "in/maps.h5"}  # wider than 12 points, and than the axes
NOT_ON_ONE_RANK = {"bounds_mirror", "panels_allocate"}  # it has all rows
NOT_IN_THE_PROGRAM = {"graph_ghosts"}  # of the library alone; unit tests come there


def fault_points():
    """Every point named in the sources."""
    points = set()
    for where, _, files in os.walk(os.path.join(os.environ["HOLE_SOURCE_DIR"], "src")):
        for name in (name for name in files if name.endswith(".c")):
            with open(os.path.join(where, name), encoding="utf-8") as file:
                points |= set(re.findall(r'hole_fault\([^"()]*(?:\([^()]*\))?[^"()]*"(\w+)"\)', file.read()))
    return sorted(points - NOT_IN_THE_PROGRAM - (set() if ranks_to_use() else NOT_ON_ONE_RANK))


def run_with_fault(point, rank):
    """Many short windows, so that every rank has columns to reduce."""
    options = f"-force -homology_windows 12 -hole_fault_point {point} -hole_fault_rank {rank}"
    options += "".join(f" {more}" for start, more in OPTIONS_OF_POINTS.items() if point.startswith(start))
    path = INPUT_OF_POINTS.get(point, "in/good.h5")
    return run("analyze", path, "-output", "old.h5", "-view", "none", *options.split())


def check_faults(before):
    points = fault_points()
    expect(len(points) > 10, f"fault points found in the sources: {points}")
    if "was not used" in run(*analyze_words("in/good.h5", "-hole_fault_point none"), environment={}).stderr:
        print("note: this build has no fault points")
        os.unlink("out.h5")
        return
    os.unlink("out.h5")
    for point in points:
        for rank in sorted({0, max(ranks_to_use(), 1) - 1}):  # unit tests try those between, too
            start = lambda point=point, rank=rank: run_with_fault(point, rank)
            check(f"fault at {point} on rank {rank}", 4, [f"Injected fault at {point}"], start, before)


def main():
    write_inputs()
    shutil.copytree(".", "../kept", ignore=shutil.ignore_patterns("pipe"), dirs_exist_ok=True)
    before = snapshot()
    check_usage(before)
    check_input(before)
    check_memory(before)
    check_real_memory(before)
    check_full_stdout(before)
    check_disk()
    check_faults(before)
    return finish()


if __name__ == "__main__":
    os.mkdir("run")
    os.chdir("run")
    sys.exit(main())
