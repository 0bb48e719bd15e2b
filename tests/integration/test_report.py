#!/usr/bin/python3
"""The report on small results made here: the page is self-contained and its numbers are those of the file.

    test_report.py --report scripts/report --work DIR

Silent when everything holds; else one line a failure and exit code 1.
"""

import argparse
import os
import sys

import h5py
import numpy as np
from report_page import check_self_contained, embedded, equal_up_to_rounding, expect, finish, run_report, unpack, ROUNDING
from report_results import add_groups, cut, make_result, node_rows


def check_diagrams(where, found, group):
    for diagram in found:
        wanted = group[f"diagrams/dim{diagram['dim']}"][()]
        deaths = unpack(diagram["death"])
        births = unpack(diagram["birth"]) if diagram["birth"] else np.zeros(len(deaths))
        rows = np.array(sorted(zip(births, deaths))).reshape(-1, 2)
        expect(diagram["count"] == len(wanted), f"{where}: dim{diagram['dim']} counts {diagram['count']}, file {len(wanted)}")
        expect(equal_up_to_rounding(rows, np.array(sorted(map(tuple, wanted))).reshape(-1, 2)), f"{where}: dim{diagram['dim']} differs")
        expect(diagram["zero_pairs"] == group[f"diagrams/dim{diagram['dim']}"].attrs["zero_pairs"], f"{where}: zero_pairs differ")
        lengths = deaths - births
        expect((np.diff(lengths[np.isfinite(lengths)]) <= 4 * ROUNDING).all(), f"{where}: dim{diagram['dim']} is not sorted by length")


def check_stages(where, run, group):
    stages = group["stages"]
    expect(equal_up_to_rounding([stage["threshold"] for stage in run["stages"]], stages["threshold"][()]), f"{where}: stage thresholds")
    expect([stage["n_clusters"] for stage in run["stages"]] == stages["n_clusters"][()].tolist(), f"{where}: stage cluster counts")
    heights = group["curves/threshold"][()]
    for stage, threshold in zip(run["stages"], stages["threshold"][()]):
        row = np.flatnonzero(heights == threshold)
        if "purity" in group["curves"] and len(row):
            expect(equal_up_to_rounding(stage["purity"], group["curves/purity"][row[0]]), f"{where}: purity at {stage['name']}")


def check_curves(where, run, group):
    curves = group["curves"]
    if not len(curves["threshold"]):
        expect(run["curves"] is None, f"{where}: curves of nothing")
        return
    expect(run["curves"]["rows"] == len(curves["threshold"]), f"{where}: number of curve rows")
    drawn = {name: values for name, values in run["curves"].items() if name != "rows"}
    expect(set(drawn) == set(curves), f"{where}: curves {sorted(drawn)}, file {sorted(curves)}")
    rows = np.abs(curves["threshold"][()] - np.array(drawn["threshold"])[:, None]).argmin(axis=1)
    for name, values in drawn.items():
        expect(equal_up_to_rounding(values, curves[name][()][rows]), f"{where}: curve {name} differs")


def check_tree(where, run, group, labels):
    linkage = group["tree/linkage"][()]
    n = len(linkage) + 1
    for tree in run["tree"]:
        leaves = tree["leaves"]
        expect(sum(leaf[0] for leaf in leaves) + tree["absorbed"] == n, f"{where}: leaves of the {tree['way']} tree do not sum to {n}")
        expect(len(tree["merges"]) == len(leaves) - 1 == min(tree["most"], n) - 1, f"{where}: {len(leaves)} leaves, asked {tree['most']}")
        heights = sorted(merge[2] for merge in tree["merges"])
        if tree["way"] == "last":
            expect(tree["absorbed"] == 0, f"{where}: points absorbed among the last merges")
            expect(equal_up_to_rounding(heights, np.sort(linkage[n - len(leaves) :, 2])), f"{where}: heights of the last merges")
            if labels is not None:
                counts = np.zeros(labels.max() + 1, dtype=int)
                for leaf in leaves:
                    for index, count in leaf[2]:
                        counts[index] += count
                expect(counts.tolist() == np.bincount(labels[labels >= 0]).tolist(), f"{where}: classes of the leaves")
        else:
            sizes = np.concatenate([np.ones(n), linkage[:, 3]])
            smaller = sizes[linkage[:, :2].astype(int)].min(axis=1)
            drawn = smaller[np.abs(linkage[:, 2] - np.array(heights)[:, None]).argmin(axis=1)]
            expect(np.array_equal(np.sort(drawn), np.sort(smaller)[n - len(leaves) :]), f"{where}: not the merges of the largest groups")
        used = sorted(side for merge in tree["merges"] for side in merge[:2])
        expect(used == list(range(2 * len(leaves) - 2)), f"{where}: a node of the {tree['way']} tree has not one parent")


def check_sankey(where, variants, nodes, flows):
    """`nodes` of the file as {(column, cluster): (size, class, count)}, `flows` as {(column, next column): [(source, target, count)]}."""
    for variant in variants:
        columns = variant["columns"]
        for column in columns:
            wanted = {cluster: row for (key, cluster), row in nodes.items() if key == column["key"]}
            drawn = column["nodes"]
            expect(sum(node[1] for node in drawn) == sum(row[0] for row in wanted.values()), f"{where}: size of column {column['key']}")
            expect(sum(node[4] for node in drawn) == len(wanted), f"{where}: clusters of column {column['key']}")
            groups = len({node[2] for node in drawn if node[4] > 1}) if variant["by_class"] else 1
            alone = sum(1 for node in drawn if node[4] == 1)
            expect(sum(1 for node in drawn if node[4] > 1) <= groups, f"{where}: too many folded nodes in column {column['key']}")
            most = max(variant["largest"], 40) if column["key"] == -1 else variant["largest"]
            expect(alone <= most + groups, f"{where}: {alone} clusters in column {column['key']}, asked {most}")
            for cluster, size, dominant, count, folded, _ in drawn:
                if folded == 1:
                    expect(wanted.get(cluster) == (size, dominant, count), f"{where}: node {cluster} of column {column['key']}")
        for rows, left, right in zip(variant["flows"], columns, columns[1:]):
            wanted = flows[left["key"], right["key"]]
            expect(sum(row[2] for row in rows) == sum(row[2] for row in wanted), f"{where}: total flow from {left['key']}")
            for side, column in ((0, left), (1, right)):
                through = np.zeros(len(column["nodes"]), dtype=int)
                for row in rows:
                    through[row[side]] += row[2]
                expect(through.tolist() == [node[1] for node in column["nodes"]], f"{where}: flow through column {column['key']}")
            single = {
                (left["nodes"][i][0], right["nodes"][j][0]): count
                for i, j, count in rows
                if left["nodes"][i][4] == right["nodes"][j][4] == 1
            }
            known = {(a, b): count for a, b, count in wanted}
            expect(all(known.get(pair) == count for pair, count in single.items()), f"{where}: a flow from {left['key']} differs")


def check_flow_within(where, run, flow, layer):
    nodes = flow["nodes"][()]
    nodes = nodes[nodes["layer"] == layer]
    table = {(int(row["stage"]), int(row["cluster"])): tuple(int(row[k]) for k in ("size", "dominant_class", "dominant_count")) for row in nodes}
    flows = {}
    for row in flow["stages"][()]:
        if row["layer"] == layer:
            pair = int(row["source_stage"]), int(row["target_stage"])
            flows.setdefault(pair, []).append(tuple(int(row[k]) for k in ("source_cluster", "target_cluster", "count")))
    check_sankey(where, run["flow"], table, flows)


def check_flow_across(where, across, flow, labels, linked):
    """`linked`: per layer the clusters that the links of the file were made from."""
    table = {
        (layer, row[2]): row[3:] for layer, clusters in enumerate(linked) for row in node_rows(layer, 0, clusters, labels)
    }
    flows = {}
    for row in flow["layers"][()]:
        pair = int(row["source_layer"]), int(row["target_layer"])
        flows.setdefault(pair, []).append(tuple(int(row[k]) for k in ("source_cluster", "target_cluster", "count")))
    check_sankey(where, across["flow"], table, flows)


def linked_clusters(group, flow_stage):
    names = [name.decode() for name in group["stages/name"][()]]
    if flow_stage in names:
        return group["stages/labels"][names.index(flow_stage)]
    linkage = group["tree/linkage"][()]
    return cut(linkage, linkage[len(linkage) - int(flow_stage.split(":")[1]), 2])


def check_page(report, work, name, **shape):
    path, page = os.path.join(work, f"{name}.h5"), os.path.join(work, f"{name}.html")
    make_result(path, **shape)
    done = run_report(report, path, "-o", page)
    expect(done.returncode == 0, f"{name}: exit code {done.returncode}: {done.stderr.strip()}")
    expect(not done.stdout and not done.stderr, f"{name}: not silent: {done.stdout}{done.stderr}")
    if done.returncode:
        return None
    with open(page, encoding="utf-8") as opened:
        text = opened.read()
    check_self_contained(name, text)
    data = embedded(name, text)
    if data is None:
        return None
    with h5py.File(path, "r") as file:
        labels = file["labels"][()] if "labels" in file else None
        layers = [layer.decode() for layer in file["layer_names"][()]]
        expect(data["layers"] == layers, f"{name}: layers {data['layers']}")
        expect(data["attributes"]["options"] == file.attrs["options"], f"{name}: options are changed")
        for metric in file["flow"]:
            flow = file["flow"][metric]
            flow_stage = flow["layers"].attrs["stage"]
            for layer, layer_name in enumerate(layers):
                run, group, where = data["runs"][metric][layer], file[f"layers/{layer_name}/{metric}"], f"{name}: {layer_name}/{metric}"
                expect(run["n_points"] == group.attrs["n_points"], f"{where}: n_points {run['n_points']}")
                check_diagrams(where, run["diagrams"], group)
                check_stages(where, run, group)
                check_curves(where, run, group)
                check_tree(where, run, group, labels)
                check_flow_within(where, run, flow, layer)
            linked = [linked_clusters(file[f"layers/{layer_name}/{metric}"], flow_stage) for layer_name in layers]
            check_flow_across(f"{name}: across/{metric}", data["across"][metric], flow, labels, linked)
    return data


def check_refused(report, work, name, path, *arguments, code=3):
    page = os.path.join(work, f"{name}.html")
    done = run_report(report, path, "-o", page, *arguments)
    expect(done.returncode == code, f"{name}: exit code {done.returncode}, expected {code}")
    expect(not os.path.exists(page), f"{name}: a page was written")
    if code == 3:
        expect(len(done.stderr.splitlines()) == 1 and os.path.basename(path) in done.stderr, f"{name}: stderr: {done.stderr}")


def check_refusals(report, work):
    check_refused(report, work, "missing", os.path.join(work, "no-such-file.h5"))
    text = os.path.join(work, "text.h5")
    with open(text, "w", encoding="utf-8") as out:
        out.write("not HDF5\n")
    check_refused(report, work, "text", text)
    other = os.path.join(work, "other.h5")
    with h5py.File(other, "w") as file:
        file["layers/a/activations"] = np.zeros((3, 2))
    check_refused(report, work, "other", other)
    damaged = os.path.join(work, "damaged.h5")
    make_result(damaged, n=12)
    with h5py.File(damaged, "a") as file:
        del file["labels"]
        file["labels"] = np.zeros(11, dtype="i4")
    check_refused(report, work, "damaged", damaged)
    check_refused(report, work, "option", text, "--no-such-option", code=2)
    expect(run_report(report).returncode == 2, "no argument: not a usage error")
    whole = os.path.join(work, "labelled.h5")
    expect(run_report(report, whole, "-o", os.path.join(work, "no/such/dir/x.html")).returncode == 2, "bad output: not a usage error")


def check_figures(report, work):
    path, directory = os.path.join(work, "figures.h5"), os.path.join(work, "figures")
    make_result(path, n=25, layers=2, classes=3)
    add_groups(path, blocks=8)
    done = run_report(report, path, "-o", os.path.join(work, "figures.html"), "--figures", directory)
    expect(done.returncode == 0 and not done.stderr, f"figures: exit code {done.returncode}: {done.stderr.strip()}")
    views = ("diagram", "barcode", "tree", "flow", "curves", "heatmap", "hierarchy", "plane_t_star", "flow_noisy")
    stems = [f"euclidean_layer.{layer}_{view}" for layer in (0, 1) for view in views]
    stems += [f"euclidean_layers_{view}" for view in ("flow", "depth", "betti_h0", "betti_h1", "images_h1", "conditions_layer.1")]
    stems += ["similarity_cka_linear"]
    for stem in stems:
        for extension, start in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")):
            try:
                with open(os.path.join(directory, f"{stem}.{extension}"), "rb") as figure:
                    expect(figure.read(len(start)) == start, f"figures: {stem}.{extension} is not what it is named")
            except FileNotFoundError:
                expect(False, f"figures: {stem}.{extension} is missing")


def check_pages(report, work):
    data = check_page(report, work, "labelled", n=150, metrics=("cosine", "euclidean"))
    folded = data and [node for variant in data["runs"]["euclidean"][0]["flow"] for column in variant["columns"] for node in column["nodes"] if node[4] > 1]
    expect(folded, "labelled: nothing is folded, so folding was not tested")
    check_page(report, work, "one_point", n=1, layers=2, classes=1, loops=0, stage_names=("initial",), flow_stage="initial")
    check_page(report, work, "two_points", n=2, layers=2, classes=2, loops=0, stage_names=("initial",), flow_stage="initial")
    data = check_page(report, work, "unlabelled", n=60, classes=0)
    expect(data and not data["classes"], "unlabelled: classes from nowhere")
    check_page(report, work, "no_loops", n=40, loops=0)
    data = check_page(report, work, "one_layer", n=40, layers=1)
    expect(data and not data["across"]["euclidean"]["flow"], "one_layer: flow across layers from nowhere")
    check_page(report, work, "one_stage_unlabelled", n=20, classes=0, stage_names=("at:1.5",), flow_stage="at:1.5")
    data = check_page(report, work, "unnamed_classes", n=40, names=False)
    expect(data and data["classes"][:2] == ["class 0", "class 1"], "unnamed_classes: no names given")
    check_page(report, work, "many_classes", n=150, classes=50)
    check_page(report, work, "partly_labelled", n=50, unlabelled=7)
    check_page(report, work, "linked_by_count", n=70, flow_stage="clusters:4")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", required=True)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    report = os.path.abspath(options.report)
    os.makedirs(options.work, exist_ok=True)
    check_pages(report, options.work)
    check_refusals(report, options.work)
    check_figures(report, options.work)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
