"""`hole compare` on the shipped sample and its noisy twin: flow and robustness recomputed with pandas and NumPy, what must not change,
and every refusal."""

import csv
import io
import os
import shutil
import sys

import cli
import common
import h5py
import numpy as np
import pandas as pd
from common import expect

METRICS = ("euclidean", "cosine")
SCORES = ("n_clusters", "score", "best_ari", "best_nmi")
MEASURES = ("purity", "homogeneity", "v_measure")


def contents(path, root):
    """Bytes and attributes of everything below a group, by path."""
    found = {}
    with h5py.File(path) as file:
        if root in file:
            file[root].visititems(lambda name, item: found.update({name: (common.attribute_contents(item), item[()].tobytes() if isinstance(item, h5py.Dataset) else None)}))
    return found


# ---- Oracles ----


def wanted_flow(first, second, metric, names):
    tables = []
    for layer, name in enumerate(names):
        sides = []
        for file in (first, second):
            stages = file[f"layers/{name}/{metric}/stages"]
            place = list(stages["name"].asstr()[()]).index("t_star")
            expect(stages.attrs["flow"] == place, f"{name}: the flow stage is {stages.attrs['flow']}, expected {place}")
            sides.append(stages["labels"][place])
        pairs = pd.DataFrame({"source_cluster": sides[0], "target_cluster": sides[1]})
        counts = pairs.groupby(["source_cluster", "target_cluster"]).size().rename("count").reset_index()
        tables.append(counts.assign(layer=layer))
    return pd.concat(tables)[["layer", "source_cluster", "target_cluster", "count"]]


def features_of(diagram):
    length = np.diff(diagram[np.isfinite(diagram[:, 1])], axis=1)[:, 0]
    if not len(length):
        return dict.fromkeys(("count", "mean", "std", "max", "total", "entropy"), 0.0)
    share = length / length.sum()
    entropy = -(share * np.log(share)).sum()
    return {"count": len(length), "mean": length.mean(), "std": length.std(), "max": length.max(), "total": length.sum(), "entropy": entropy}


def features_of_layer(group):
    found = {}
    for dim in (0, 1):
        found |= {(dim, name): value for name, value in features_of(group[f"diagrams/dim{dim}"][()]).items()}
    found |= {(-1, name): group["tasks/separability"][0][name] for name in SCORES}
    found |= {(-1, name): group["tasks/homogeneity"].attrs.get(name, np.nan) for name in MEASURES}
    return {key: value for key, value in found.items() if not np.isnan(value)}


def relative_change(value, other):
    if value == other:
        return 0.0
    return np.inf if value == 0 else abs(other - value) / abs(value)


def wanted_robustness(first, second, metric, names):
    rows, everything = [], []
    for layer, name in enumerate(names):
        value, other = (features_of_layer(file[f"layers/{name}/{metric}"]) for file in (first, second))
        of_layer = [(layer, *key, value[key], other[key], relative_change(value[key], other[key])) for key in value]
        finite = [row[-1] for row in of_layer if np.isfinite(row[-1])]
        everything += finite
        rows += [*of_layer, (layer, -1, "overall", 1 / (1 + np.mean(finite)), np.nan, np.mean(finite))]
    rows.append((-1, -1, "overall", 1 / (1 + np.mean(everything)), np.nan, np.mean(everything)))
    return pd.DataFrame(rows, columns=["layer", "dim", "feature", "value", "other", "relative_change"])


def check_conditions(path, other, stem):
    with h5py.File(path) as first, h5py.File(other) as second:
        names = list(first["layer_names"].asstr()[()])
        group = first[f"conditions/{stem}"]
        expect(group.attrs["against"] == other.encode(), f"{stem}: attribute against {group.attrs['against']}")
        expect(group.attrs["against_bytes"] == os.path.getsize(other), f"{stem}: attribute against_bytes")
        for name in ("model", "dataset", "condition", "accuracy"):
            expect(name in second.attrs and group.attrs.get(name) == second.attrs[name], f"{stem}: attribute {name} is {group.attrs.get(name)}")
        expect(set(group) == set(METRICS), f"{stem}: metrics {set(group)}")
        for metric in METRICS:
            found = pd.DataFrame(group[metric]["flow"][()])
            wanted = wanted_flow(first, second, metric, names)
            expect(found.to_numpy().tolist() == wanted.to_numpy().tolist(), f"{stem}, {metric}: flow")
            found = pd.DataFrame(group[metric]["robustness"][()])
            found["feature"] = found.feature.str.decode("utf-8")
            wanted = wanted_robustness(first, second, metric, names)
            keys = ["layer", "dim", "feature"]
            if expect(found[keys].to_numpy().tolist() == wanted[keys].to_numpy().tolist(), f"{stem}, {metric}: rows of robustness"):
                for name in ("value", "other", "relative_change"):
                    off = ~np.isclose(found[name], wanted[name], rtol=1e-9, atol=1e-12, equal_nan=True)
                    expect(not off.any(), f"{stem}, {metric}: {name} of {found[off].head(1).to_dict()}, expected {wanted[off].head(1).to_dict()}")


# ---- Runs ----


def prepare(ranks):
    """Two results on the sample, and points that are no peers of theirs."""
    clean = common.sample_path()
    options = ("-metric", ",".join(METRICS))
    common.analyze(ranks, clean, "clean.hole.h5", *options)
    common.analyze(ranks, clean.replace("clean", "noisy"), "noisy.hole.h5", *options)
    common.analyze(0, clean, "fewer.h5", "-max_points", "100", "-max_dim", "0")
    common.analyze(0, clean, "others.h5", "-max_points", "100", "-seed", "1", "-max_dim", "0")
    common.analyze(0, clean, "fewer_layers.h5", "-max_points", "100", "-max_dim", "0", "-layers", "conv1")
    common.analyze(0, clean, "other_metric.h5", "-max_points", "100", "-max_dim", "0", "-metric", "manhattan")


def check_compare(ranks):
    before = contents("clean.hole.h5", "/")
    shutil.copy("clean.hole.h5", "alone.hole.h5")
    shutil.copy("clean.hole.h5", "real.h5")
    os.symlink("real.h5", "link.h5")
    printed = common.run_hole(ranks, "compare", "clean.hole.h5", "-against", "noisy.hole.h5")
    expect("noisy" in printed and "cosine" in printed, f"compare printed {printed[:200]}")
    check_conditions("clean.hole.h5", "noisy.hole.h5", "noisy")
    after = contents("clean.hole.h5", "/")
    lost = [name for name in before if after.get(name) != before[name]]
    expect(not lost, f"compare changed {lost[:3]}")
    expect(all(name.startswith("conditions") for name in after.keys() - before.keys()), "compare added more than /conditions")
    common.run_hole(0, "compare", "alone.hole.h5", "-against", "noisy.hole.h5", "-view", "none")
    found, wanted = ({name: item[1] for name, item in contents(path, "/conditions").items()} for path in ("clean.hole.h5", "alone.hole.h5"))
    expect(found == wanted and len(found) > 4, "conditions depend on the number of ranks")
    common.run_hole(ranks, "compare", "link.h5", "-against", "noisy.hole.h5", "-layers", "fc1")
    expect(os.path.islink("link.h5") and "conditions" in h5py.File("real.h5"), "a link was replaced, not the file")
    return printed


def check_again(ranks):
    """What is there already is replaced only with -force, and the file does not grow."""
    first, size = contents("clean.hole.h5", "/"), os.path.getsize("clean.hole.h5")
    cli.expect_failure(cli.run("compare", "clean.hole.h5", "-against", "noisy.hole.h5"), 2, "/conditions/noisy", "-force")
    expect(contents("clean.hole.h5", "/") == first, "a refused compare changed the file")
    for _ in range(3):
        common.run_hole(ranks, "compare", "clean.hole.h5", "-against", "noisy.hole.h5", "-force", "-view", "none")
    values = [{name: item[1] for name, item in found.items()} for found in (first, contents("clean.hole.h5", "/"))]
    expect(values[0] == values[1], "-force gave other values")
    expect(os.path.getsize("clean.hole.h5") < size + 20000, f"the file grew from {size} to {os.path.getsize('clean.hole.h5')}")


def check_output(ranks):
    """Several conditions into a copy: one of them the result itself, in which nothing changes."""
    before = open("clean.hole.h5", "rb").read()
    words = ("compare", "clean.hole.h5", "-against", "noisy.hole.h5,clean.hole.h5", "-output", "both.h5", "-force")
    common.run_hole(ranks, *words)
    expect(open("clean.hole.h5", "rb").read() == before, "-output changed the input")
    check_conditions("both.h5", "noisy.hole.h5", "noisy")
    with h5py.File("both.h5") as file:
        for metric in METRICS:
            rows = file[f"conditions/clean/{metric}/robustness"][()]
            expect((rows["relative_change"] == 0).all() and rows[-1]["value"] == 1, f"{metric}: a result differs from itself")
            flow = file[f"conditions/clean/{metric}/flow"][()]
            expect((flow["source_cluster"] == flow["target_cluster"]).all(), f"{metric}: clusters differ from themselves")
    cli.expect_failure(cli.run(*words[:-1]), 2, "-force")
    cli.expect_failure(cli.run("compare", "alone.hole.h5", "-against", "noisy.hole.h5", "-output", "both.h5"), 2, "-force")


def check_export():
    with h5py.File("both.h5") as file:
        for table, dataset in (("conditions", "flow"), ("robustness", "robustness")):
            lines = list(csv.reader(io.StringIO(common.run_hole(0, "export", "both.h5", "-table", table))))
            wanted = []
            for stem in ("clean", "noisy"):
                for metric in sorted(METRICS):
                    rows = file[f"conditions/{stem}/{metric}/{dataset}"]
                    expect(lines[0] == ["condition", "metric", *rows.dtype.names], f"export {table}: {lines[0]}")
                    wanted += [[stem, metric, *row] for row in rows[()].tolist()]
            same = len(lines) == len(wanted) + 1 and all(map(same_row, lines[1:], wanted))
            expect(same, f"export {table}: {len(lines) - 1} rows, expected {len(wanted)}")
    printed = common.run_hole(0, "inspect", "both.h5")
    expect("compared with 2 conditions: clean, noisy" in printed and "outliers" in printed, "inspect does not tell of conditions")


def same_row(line, row):
    for text, value in zip(line, row):
        value = value.decode() if isinstance(value, bytes) else value
        if text != value if isinstance(value, str) else not (float(text) == value or text == "nan" and np.isnan(value)):
            return False
    return len(line) == len(row)


def check_refusals():
    for path in ("fewer.h5", "others.h5", "fewer_layers.h5", "other_metric.h5"):
        expect(os.path.exists(path), f"{path} was not made")
    with h5py.File("old.h5", "w") as old, h5py.File("fewer.h5") as file:
        for name in file:
            file.copy(name, old)
        old.attrs["format"] = "hole-result"
        del old["layers/conv1/euclidean/stages"].attrs["flow"]
    before = cli.snapshot()
    for code, words, *found in (
        (3, ("fewer.h5", "-against", "noisy.hole.h5"), "noisy.hole.h5 has 500 points and fewer.h5 has 100"),
        (3, ("fewer.h5", "-against", "others.h5"), "/sample_ids", "from row"),
        (3, ("fewer.h5", "-against", "fewer_layers.h5"), "fewer_layers.h5 has no layer conv2"),
        (3, ("fewer.h5", "-against", "other_metric.h5"), "other_metric.h5", "metric"),
        (3, ("fewer.h5", "-against", "old.h5"), "old.h5", "attribute flow", "hole analyze"),
        (3, ("fewer.h5", "-against", "nothing.h5"), "nothing.h5"),
        (3, ("fewer.h5", "-against", common.sample_path()), "not a result"),
        (3, (common.sample_path(), "-against", "fewer.h5"), "not a result"),
        (2, ("fewer.h5", "-against", "others.h5", "-layers", "x*"), "-layers"),
        (2, ("fewer.h5",), "-against"),
        (2, ("fewer.h5", "-agains", "others.h5"), "-against"),
        (2, ("fewer.h5", "-against", "others.h5,./others.h5"), "/conditions/others"),
        (2, ("fewer.h5", "-against", "fewer.h5", "-output", "nowhere/x.h5"), "nowhere"),
    ):
        cli.expect_failure(cli.run("compare", *words), code, *found)
    expect(cli.snapshot() == before, f"refused runs left {cli.differences(before, cli.snapshot())}")


def main():
    ranks = common.rank_count()
    prepare(ranks)
    check_compare(ranks)
    check_again(ranks)
    check_output(ranks)
    check_export()
    check_refusals()
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
