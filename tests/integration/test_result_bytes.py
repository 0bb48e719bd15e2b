"""Every byte under /layers, /flow and /summaries is the same for any number of ranks, of windows, of threads, size of tile and BLAS."""

import glob
import os
import subprocess
import sys

import common
from common import expect

WINDOWS = (1, 2, 7, 64)
TILES = (16, 100)  # less than the points; by default they are one tile
CASES = (
    ("-metric", "euclidean,cosine"),
    ("-metric", "euclidean,cosine", "-max_points", "333", "-seed", "7", "-views", "all"),
    ("-metric", "geodesic,density_cosine", "-max_points", "333", "-seed", "7", "-precision", "single"),
)
PASS_METRICS = "euclidean,manhattan,correlation,density_euclidean,density_cosine,geodesic"
PASS_CASES = (
    ("-max_dim", "0", "-metric", PASS_METRICS),
    ("-max_dim", "0", "-metric", "euclidean,cosine", "-filtration", "knn", "-neighbors", "8"),
    ("-max_dim", "0", "-metric", "euclidean,chebyshev", "-threshold", "quantile:0.3"),
    ("-max_dim", "0", "-metric", "euclidean,cosine,density_euclidean,geodesic", "-precision", "single"),
)


def compare(where, result, wanted):
    common.compare_contents(where, common.result_contents(result), wanted)


def reference_blas():
    """Folder of a reference BLAS that the program loads if it comes first; None where there is none."""
    for folder in glob.glob("/usr/lib/*/blas"):
        environment = {**os.environ, "LD_LIBRARY_PATH": folder}
        loaded = subprocess.run(["ldd", os.environ["HOLE_PROGRAM"]], env=environment, capture_output=True, text=True).stdout
        if f"{folder}/libblas.so.3" in loaded:
            return folder
    return None


def check_windows(ranks, path):
    for case, options in enumerate(CASES):
        wanted = common.result_contents(common.analyze_alone(path, f"case{case}.h5", *options))
        n_datasets = sum(data is not None for data, _ in wanted.values())
        expect(n_datasets >= 2 * 5 * 18 + 2 * 3, f"case {case}: {n_datasets} datasets only were compared")
        for windows in (0, *WINDOWS) if not case else (0, 2):  # with fewer points, the cut of rows is what differs
            if ranks == 1 and not windows:
                continue  # what it is compared with
            further = ("-homology_windows", windows) if windows else ()
            result = common.analyze(ranks, path, f"case{case}_np{ranks}_w{windows}.h5", *options, *further)
            where = f"{' '.join(map(str, options + further))}, {ranks} ranks against 1 with default windows"
            compare(where, result, wanted)


def check_tiles(ranks, path):
    folder = reference_blas()
    for case, options in enumerate(PASS_CASES):
        wanted = common.result_contents(common.analyze_alone(path, f"pass{case}.h5", *options))
        for tile in TILES:
            result = common.analyze(ranks, path, f"pass{case}_t{tile}.h5", *options, "-distances_tile", tile)
            compare(f"{' '.join(options)}, tile {tile}, {ranks} ranks against 1 with the default tile", result, wanted)
        for variable, value in (("LD_LIBRARY_PATH", folder), ("OMP_NUM_THREADS", "3")):
            if value and ranks in (1, 3):  # products and threads are a rank's own
                before = os.environ.get(variable)
                os.environ[variable] = value
                result = common.analyze(ranks, path, f"pass{case}_{variable}.h5", *options)
                compare(f"{' '.join(options)}, {variable}={value}, {ranks} ranks against 1", result, wanted)
                os.environ.pop(variable)
                if before is not None:
                    os.environ[variable] = before


def main():
    ranks, path = common.rank_count(), common.sample_path()
    check_windows(ranks, path)
    check_tiles(ranks, path)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
