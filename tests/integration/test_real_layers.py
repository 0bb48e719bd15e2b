"""Layers of real networks: diagrams equal those of Ripser and GUDHI, and the number of loops is the one known.

Needs the folder HOLE_TEST_DATA; the first 1,000 rows of two files in it are used.
"""

import os
import sys

import common
import h5py
from common import expect

N_POINTS = 1000
# Number of intervals of dimension 1: Euclidean distance, complete Rips filtration.
LOOPS = {
    "fashion_cnn_test10k": {"conv1": 604, "conv2": 680, "conv3": 664, "fc1": 499, "logits": 478},
    "cifar10_resnet20_test10k": {"conv1": 588, "layer1": 939, "layer2": 1252, "layer3": 788, "avgpool": 790, "logits": 722},
}
IN_GUDHI = ("fc1", "logits", "avgpool")  # the others take it from four to twenty-five seconds each


def find_inputs():
    folder = os.environ.get("HOLE_TEST_DATA")
    if not folder:
        common.skip("HOLE_TEST_DATA names no folder of larger inputs")
    paths = {name: os.path.join(folder, f"{name}.h5") for name in LOOPS}
    missing = [path for path in paths.values() if not os.path.exists(path)]
    if missing:
        common.skip(f"{', '.join(missing)} missing")
    return paths


def check_layer(where, group, rows, loops, with_gudhi):
    diagrams, distances = common.read_diagrams(group), common.euclidean(rows)
    threshold = common.threshold_of("enclosing", distances)
    expect(group.attrs["threshold"] == threshold, f"{where}: threshold {group.attrs['threshold']}, expected {threshold}")
    expect(len(diagrams[1]) == loops, f"{where}: {len(diagrams[1])} loops, expected {loops}")
    common.check_zero_pairs(where, group, distances)
    common.compare_with_ripser(where, diagrams, distances, threshold, own_threshold=True)
    if with_gudhi:
        common.compare_with_gudhi(where, diagrams, distances, threshold, collapse=True)


def check_file(ranks, name, path):
    layers, labels = common.read_layers(path, N_POINTS)
    expect(list(layers) == list(LOOPS[name]), f"{name}: layers {list(layers)}")
    trimmed = common.write_activations(f"{name}.h5", layers, labels)
    result = common.analyze(ranks, trimmed, f"{name}_np{ranks}.h5")
    if ranks > 1:
        wanted = common.result_contents(common.analyze(1, trimmed, f"{name}_np1.h5"))
        common.compare_contents(f"{name}, {ranks} ranks against 1", common.result_contents(result), wanted)
    with h5py.File(result) as file:
        for layer, rows in layers.items():
            with_gudhi = ranks == 1 and layer in IN_GUDHI
            check_layer(f"{name}, {layer}", file[f"layers/{layer}/euclidean"], rows, LOOPS[name][layer], with_gudhi)


def main():
    ranks = common.rank_count()
    for name, path in find_inputs().items():
        check_file(ranks, name, path)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
