"""Every byte under /layers and /flow is the same for any number of ranks and of windows."""

import sys

import common
from common import expect

WINDOWS = (1, 2, 7, 64)
CASES = (
    ("-metric", "euclidean,cosine"),
    ("-metric", "euclidean,cosine", "-max_points", "333", "-seed", "7"),
)


def main():
    ranks, path = common.rank_count(), common.sample_path()
    for case, options in enumerate(CASES):
        wanted = common.result_contents(common.analyze(1, path, f"case{case}.h5", *options))
        n_datasets = sum(data is not None for data, _ in wanted.values())
        expect(n_datasets >= 2 * 5 * 18 + 2 * 3, f"case {case}: {n_datasets} datasets only were compared")
        for windows in (0, *WINDOWS):
            further = ("-homology_windows", windows) if windows else ()
            result = common.analyze(ranks, path, f"case{case}_np{ranks}_w{windows}.h5", *options, *further)
            where = f"{' '.join(map(str, options + further))}, {ranks} ranks against 1 with default windows"
            common.compare_contents(where, common.result_contents(result), wanted)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
