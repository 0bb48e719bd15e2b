"""A NumPy array gives the same result as the same numbers in HDF5; one that cannot be read is said to be so."""

import os
import sys

import cli
import common
import h5py
import numpy as np
from common import expect

RNG = np.random.default_rng(20260312)
ROWS = RNG.normal(size=(50, 7))


def compare(ranks, path, layer, rows, dataset, *options):
    """The array in `path` against `rows` at /layers/`layer`/`dataset`."""
    with h5py.File("same.h5", "w") as file:
        file[f"layers/{layer}/{dataset}"] = rows
    wanted = common.result_contents(common.analyze(1, "same.h5", "wanted.h5", "-force", *options))
    found = common.result_contents(common.analyze(ranks, path, "found.h5", "-force", *options))
    expect(len(wanted) > 20, f"{path}: {len(wanted)} objects only were compared")
    common.compare_contents(f"{path} {' '.join(map(str, options))}, {ranks} ranks, against HDF5", found, wanted)


def check_arrays(ranks):
    os.makedirs("folder.d")
    arrays = {
        "half.npy": ROWS.astype("<f2"),
        "single.npy": ROWS.astype("<f4"),
        "folder.d/double.of.it.npy": ROWS,
        "one.npy": ROWS[:1],
        "two.npy": ROWS[:2, :1],
        "maps.npy": RNG.normal(size=(20, 3, 4, 2)).astype("<f4"),
        "bare": ROWS,
    }
    for path, rows in arrays.items():
        with open(path, "wb") as file:
            np.save(file, rows)
        layer = os.path.basename(path).removesuffix(".npy")
        compare(ranks, path, layer, rows, "activations")
        if len(rows) > 9:
            compare(ranks, os.path.abspath(path), layer, rows, "activations", "-max_points", 9, "-metric", "cosine")
    for version in ((2, 0), (3, 0)):
        with open(f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, ROWS, version)
            file.write(b"something else")
        compare(ranks, f"version{version[0]}.npy", f"version{version[0]}", ROWS, "activations")
    square = np.abs(ROWS[:, None, 0] - ROWS[None, :, 0])
    np.save("square.npy", square)
    compare(ranks, "square.npy", "square", square, "distances", "-metric", "precomputed")
    compare(ranks, "square.npy", "square", square, "activations")


def header(text, length=None, magic=b"\x93NUMPY\x01\x00"):
    text = text.encode()
    return magic + (len(text) if length is None else length).to_bytes(2, "little") + text


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n"
VALUES = np.arange(6, dtype="<f4").tobytes()

# Words of the message, and the bytes of the file.
INPUT = {
    "magic": (["not an HDF5 file"], b"\x93NUMP"),
    "version": (["version 9"], header(GOOD, magic=b"\x93NUMPY\x09\x00") + VALUES),
    "no_length": (["header is truncated"], b"\x93NUMPY\x01\x00\x08"),
    "cut_header": (["header is truncated"], header(GOOD)[:-9]),
    "cut_values": (["truncated", "has 93 bytes, expected 94"], (header(GOOD) + VALUES)[:-1]),
    "long_header": (["header is truncated"], header(GOOD, 60000) + VALUES),
    "no_descr": (["no descr"], header(GOOD.replace("descr", "type")) + VALUES),
    "no_order": (["no fortran_order"], header(GOOD.replace("fortran", "c")) + VALUES),
    "no_shape": (["no shape"], header(GOOD.replace("shape", "size")) + VALUES),
    "empty_header": (["no descr"], header("") + VALUES),
    "big": (["'>f4'", "little-endian"], header(GOOD.replace("<", ">")) + VALUES),
    "integer": (["'<i4'", "float32"], header(GOOD.replace("<f4", "<i4")) + VALUES),
    "quadruple": (["'<f16'"], header(GOOD.replace("<f4", "<f16")) + 4 * VALUES),
    "records": (["[('x'", "float32"], header(GOOD.replace("'<f4'", "[('x', '<f4')]")) + VALUES),
    "fortran": (["Fortran", "ascontiguousarray"], header(GOOD.replace("False", "True")) + VALUES),
    "scalar": (["shape ()"], header(GOOD.replace("(3, 2)", "()")) + VALUES),
    "one_axis": (["shape (6,)"], header(GOOD.replace("(3, 2)", "(6,)")) + VALUES),
    "five_axes": (["shape (3, 2, 1, 1, 1)"], header(GOOD.replace("(3, 2)", "(3, 2, 1, 1, 1)")) + VALUES),
    "negative": (["shape (-3, 2)"], header(GOOD.replace("(3, 2)", "(-3, 2)")) + VALUES),
    "not_closed": (["shape (3, 2, "], header(GOOD.replace("(3, 2), }", "(3, 2, ")) + VALUES),
    "vast": (["shape (4294967296, 4294967296)"], header(GOOD.replace("(3, 2)", f"({2**32}, {2**32})")) + VALUES),
    "no_rows": (["[0, 2]", "at least one row"], header(GOOD.replace("(3, 2)", "(0, 2)"))),
    "no_columns": (["[3, 0]", "at least one value"], header(GOOD.replace("(3, 2)", "(3, 0)"))),
    "nan": (["/layers/nan/activations", "row 2", "NaN"], header(GOOD) + VALUES[:-4] + np.float32(np.nan).tobytes()),
}


def check_faults():
    for name, (_, content) in INPUT.items():
        with open(f"{name}.npy", "wb") as file:
            file.write(content)
    before = cli.snapshot()
    for name, (words, _) in INPUT.items():
        done = cli.run("analyze", f"{name}.npy", "-output", "out.h5", "-view", "none")
        cli.expect_failure(done, 3, f"{name}.npy", *words)
        cli.expect_failure(cli.run("inspect", f"{name}.npy", ranks=0), 3, f"{name}.npy", *words)
    done = cli.run("analyze", "half.npy", "-output", "out.h5", "-view", "none", "-metric", "precomputed")
    cli.expect_failure(done, 2, "-metric precomputed", "layer half", "activations")
    changes = cli.differences(before, cli.snapshot())
    expect(not changes, f"left or changed: {changes}")


def check_inspection():
    printed = cli.run("inspect", "single.npy").stdout
    for word in ("single", "50 x 7", f"{ROWS.astype('<f4').max():.5g}", "no fault found"):
        expect(word in printed, f"inspect single.npy lacks {word}: {printed}")


def main():
    check_arrays(common.rank_count())
    check_faults()
    check_inspection()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
