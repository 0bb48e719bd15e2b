#!/usr/bin/python3
"""What a page shows of views, tasks, summaries, similarity and conditions is what the result holds; what is not there is named.

    test_report_groups.py --report scripts/report --work DIR
"""

import argparse
import os
import sys

import h5py
import numpy as np
from report_page import embedded, equal_up_to_rounding, expect, finish, run_report, unpack
from report_results import add_groups, leaves_of, line_linkage, make_result

LAYERS = ("layer.0", "layer.1")


def page_of(report, work, path, *options):
    """Data of the page of a result; None if there is none."""
    page = os.path.join(work, "page.html")
    done = run_report(report, path, "-o", page, *options)
    expect(done.returncode == 0 and not done.stdout and not done.stderr, f"{path}: exit code {done.returncode}: {done.stderr.strip()}")
    if done.returncode:
        return None
    with open(page, encoding="utf-8") as opened:
        return embedded(path, opened.read())


def square_of(triangle, side):
    """Symmetric matrix from its upper triangle, row by row."""
    values = np.zeros((side, side))
    values[np.triu_indices(side)] = triangle
    return np.maximum(values, values.T)


def points_below(linkage):
    n = len(linkage) + 1
    members = [{point} for point in range(n)]
    for a, b, _, _ in linkage:
        members.append(members[int(a)] | members[int(b)])
    return members


def check_brackets(where, found, group):
    """Each bracket stands on the leaves of one merge, and is as high as that merge."""
    linkage, order = group["tree/linkage"][()], group["views/leaf_order"][()]
    members, n = points_below(linkage), len(order)
    merges = {frozenset(below): (height, a, b) for below, (a, b, height, _) in zip(members[n:], linkage)}
    expect(len(found) == min(len(linkage), 600), f"{where}: {len(found)} brackets of {len(linkage)} merges")
    place = {frozenset(members[point]): np.flatnonzero(order == point)[0] + 0.5 for point in range(n)}
    for place_a, _, place_b, _, height, first, count in found:
        below = frozenset(order[int(first) : int(first) + int(count)].tolist())
        if not expect_in(below, merges, f"{where}: leaves {first} to {first + count} are no subtree"):
            return
        expect(equal_up_to_rounding(height, merges[below][0]), f"{where}: height of the merge of {count} points")
        place[below] = (place_a + place_b) / 2
        sides = {place[frozenset(members[int(side)])] for side in merges[below][1:] if frozenset(members[int(side)]) in place}
        expect(np.allclose(sorted(sides), sorted((place_a, place_b)), rtol=1e-5), f"{where}: sides of the merge of {count} points")


def expect_in(item, where, message):
    expect(item in where, message)
    return item in where


def check_heatmap(where, found, group, labels):
    values, side = group["views/heatmap"][()], found["side"]
    low, high = values.min(), values.max()
    drawn = low + square_of(unpack(found["values"]), side) / 255 * (high - low)
    expect(side == len(values) and np.abs(drawn - values).max() <= (high - low) / 500, f"{where}: colours of the heatmap")
    first, order = unpack(found["first"]), group["views/leaf_order"][()]
    expect(first.tolist() == group["views/heatmap_first"][()].tolist(), f"{where}: blocks")
    wanted = [np.bincount(labels[order[a:b]]).argmax() for a, b in zip(first, first[1:])]
    expect(unpack(found["classes"]).tolist() == wanted, f"{where}: class band")
    check_brackets(where, found["brackets"], group)
    expect(not found["closed"], f"{where}: closed subtrees although every merge is drawn")


def places_of(packed, box):
    steps = unpack(packed).reshape(-1, 2) / 65535
    return np.array(box[0]) + steps * (np.array(box[1]) - np.array(box[0]))


def check_planes(where, found, group, labels, data):
    sample = unpack(data["sample"]["points"])
    expect(unpack(data["sample"]["classes"]).tolist() == labels[sample].tolist(), f"{where}: classes of the drawn points")
    for name in ("pca2", "spectral2"):
        places, plane = group[f"views/{name}"][()], found[name]
        reach = np.ptp(places, axis=0) / 60000
        expect((np.abs(places_of(plane["points"], plane["box"]) - places[sample]) <= reach).all(), f"{where}: points of {name}")
    plane = found["pca2"]
    expect(equal_up_to_rounding(plane["explained"], [0.5, 0.25]), f"{where}: explained {plane['explained']}")
    hulls, vertices = group["views/blobs/hulls"][()], group["views/blobs/vertices"][()]
    minority = group["views/blobs/minority"][()]
    for stage, drawn in plane["stages"].items():
        rows = hulls[hulls["stage"] == int(stage)]
        by_cluster = {int(row["cluster"]): row for row in rows}
        expect(drawn["total"] == len(rows) and len(drawn["hulls"]) == min(len(rows), 150), f"{where}: number of hulls at stage {stage}")
        sizes = [hull[1] for hull in drawn["hulls"]]
        expect(sizes == sorted(rows["size"].tolist(), reverse=True)[:150], f"{where}: not the largest hulls")
        for cluster, size, dominant, text in drawn["hulls"]:
            row = by_cluster[cluster]
            corners = vertices[row["first"] : row["first"] + row["count"]]
            outline = places_of({"type": "u2", "data": text}, plane["box"])
            same = outline.shape == corners.shape and np.abs(outline - corners).max() < np.ptp(vertices) / 30000
            expect(same and (size, dominant) == (row["size"], row["dominant_class"]), f"{where}: hull of cluster {cluster}")
        points = minority["point"][minority["stage"] == int(stage)]
        expect(drawn["n_minority"] == len(points), f"{where}: minority members at stage {stage}")
        expect(unpack(drawn["minority_classes"]).tolist() == labels[points].tolist(), f"{where}: classes of minority members")


def check_tasks(where, found, group, labels):
    tasks = group["tasks"]
    expect(equal_up_to_rounding(found["hierarchy"]["heights"], tasks["hierarchy"][()]), f"{where}: hierarchy")
    expect(found["hierarchy"]["attributes"]["cophenetic_correlation"] == 0.625, f"{where}: cophenetic correlation")
    row = tasks["separability"][0]
    for name in row.dtype.names:
        wanted = None if np.isnan(row[name]) else row[name]
        expect(found["separability"][name] == wanted, f"{where}: separability {name} {found['separability'][name]}, file {wanted}")
    clusters = tasks["homogeneity"][()]
    largest = clusters[np.lexsort((clusters["cluster"], -clusters["size"]))][:40]
    expect([row[:4] for row in found["homogeneity"]["rows"]] == [list(row)[:4] for row in largest.tolist()], f"{where}: clusters")
    expect(found["homogeneity"]["count"] == len(clusters), f"{where}: number of clusters")
    outliers = tasks["outliers"][()]
    expect(found["outliers"]["count"] == len(outliers), f"{where}: number of outliers")
    listed = found["outliers"]["rows"]
    ends = [np.inf if row[4] == "inf" else row[4] for row in listed]
    expect(equal_up_to_rounding(ends, np.sort(outliers["joins_at"])[::-1][: len(ends)]), f"{where}: not the outliers that join last")
    expect(all(row[6] == labels[row[0]] for row in listed), f"{where}: classes of outliers")


def check_make_up(where, variants, stages, labels):
    """A node's class make-up is that of its points; `stages`: clusters of every column key."""
    stored = [variant for variant in variants if not variant["largest"]]
    expect(len(stored) == 1, f"{where}: {len(stored)} variants as the result folds them")
    for variant in variants:
        for column in variant["columns"]:
            if column["key"] < 0:
                continue
            clusters, folded = stages[column["key"]], [node for node in column["nodes"] if node[4] > 1]
            for node in column["nodes"]:
                if node[4] == 1:
                    counts = np.bincount(labels[clusters == node[0]])
                    wanted = sorted(((int(k), int(counts[k])) for k in np.flatnonzero(counts)), key=lambda item: (-item[1], item[0]))
                    expect([tuple(item) for item in node[5]] == wanted[:12], f"{where}: make-up of cluster {node[0]}")
            expect(all(sum(count for _, count in node[5]) == node[1] for node in folded), f"{where}: make-up of folded nodes")
    if stored:
        for column in stored[0]["columns"]:  # the test's tables order clusters backwards, folded ones first
            numbers = [node[0] for node in column["nodes"]]
            expect(numbers == sorted(numbers, reverse=numbers[0] >= 0) or numbers[0] == -1 and numbers[1:] == sorted(numbers[1:], reverse=True),
                   f"{where}: order of column {column['key']} is not that of the file")  # fmt: skip


def check_summaries(data, file, metric):
    stored, found = file[f"summaries/{metric}"], data["summaries"][metric]
    expect(found["counted"] is False and equal_up_to_rounding(found["grid"], stored["grid"][()]), "summaries: grid")
    expect(np.array_equal(found["betti"], stored["betti"][()]), "summaries: Betti curves")
    shape = tuple(found["landscapes"]["shape"])
    expect(shape == stored["landscapes"].shape, f"summaries: landscapes {shape}")
    expect(np.allclose(unpack(found["landscapes"]["values"]).reshape(shape), stored["landscapes"][()], rtol=1e-6), "summaries: landscapes")
    images = stored["images"][()]
    tops = images.max(axis=(0, 2, 3))
    drawn = unpack(found["images"]["values"]).reshape(images.shape) / 255 * tops[None, :, None, None]
    expect(np.abs(drawn - images).max() <= tops.max() / 500, "summaries: images")
    expect(found["images"]["ranges"] == [[[0, 1], [0, 2]], [[0.5, 2], [0, 1]]], f"summaries: ranges {found['images']['ranges']}")


def check_counted_betti(data, file, metric):
    """Without /summaries the page counts: intervals with birth <= t < death."""
    found = data["summaries"][metric]
    expect(found["counted"] is True, "counted Betti curves are not said to be")
    for index, layer in enumerate(LAYERS):
        for dim in (0, 1):
            intervals = file[f"layers/{layer}/{metric}/diagrams/dim{dim}"][()]
            grid = np.array(found["grid"])[:, None]
            counts = ((intervals[:, 0] <= grid) & (grid < intervals[:, 1])).sum(axis=1)
            off = np.abs(np.array(found["betti"][index][dim]) - counts)
            expect((off <= 1).all() and (off > 0).mean() < 0.02, f"{layer}: Betti curve of dimension {dim}")  # the grid is rounded


def check_facts(where, found, group):
    intervals = group["diagrams/dim1"][()]
    lengths = (intervals[:, 1] - intervals[:, 0])[np.isfinite(intervals[:, 1])]
    shares = lengths / lengths.sum()
    wanted = {"h1_count": len(intervals), "h1_finite": len(lengths), "h1_total": lengths.sum(), "h1_longest": lengths.max()}
    wanted["h1_entropy"] = -(shares * np.log(shares)).sum()
    wanted["score"] = 0.75 if "tasks" in group else group["curves/score"][()].max()
    for name, value in wanted.items():
        expect(equal_up_to_rounding(found[name], value), f"{where}: {name} is {found[name]}, expected {value}")


def check_full(report, work):
    path = os.path.join(work, "full.h5")
    make_result(path, n=90, layers=2, classes=4, unlabelled=0)
    add_groups(path, blocks=30)
    data = page_of(report, work, path)
    if not data:
        return
    expect(data["missing"] == [], f"a full result lacks {data['missing']}")
    with h5py.File(path) as file:
        labels = file["labels"][()]
        for index, layer in enumerate(LAYERS):
            group, run = file[f"layers/{layer}/euclidean"], data["runs"]["euclidean"][index]
            check_heatmap(layer, run["heatmap"], group, labels)
            check_planes(layer, run["planes"], group, labels, data)
            check_tasks(layer, run["tasks"], group, labels)
            check_make_up(layer, run["flow"], dict(enumerate(group["stages/labels"][()])), labels)
            check_facts(layer, run["facts"], group)
            check_condition_flow(layer, run["conditions"], file["conditions/noisy/euclidean/flow"][()], index, "noisy")
        stages = {index: file[f"layers/{layer}/euclidean/stages/labels"][1] for index, layer in enumerate(LAYERS)}
        check_make_up("across", data["across"]["euclidean"]["flow"], stages, labels)
        check_summaries(data, file, "euclidean")
        for measure, found in data["similarity"].items():
            expect(equal_up_to_rounding(found["values"], file[f"similarity/{measure}"][()]), f"similarity {measure}")
            expect(found["rows"] == found["columns"] == list(LAYERS), f"similarity {measure}: names")
    conditions = data["conditions"]
    expect([condition["name"] for condition in conditions] == ["full", "noisy"], f"conditions {conditions}")
    noisy = conditions[1]["layers"]["euclidean"]
    expect([layer["h1_finite"] for layer in noisy] == [30, 31] and noisy[0]["score"] == 0.7, f"facts of a condition: {noisy}")
    rows = data["robustness"]["noisy"]["euclidean"]
    expect(len(rows) == 7 and rows[2][3:] == [4, "inf", "inf"], f"robustness {rows[:3]}")


def check_condition_flow(where, found, rows, index, name):
    rows = rows[rows["layer"] == index]
    expect([flow["name"] for flow in found] == [name], f"{where}: flows to {[flow['name'] for flow in found]}")
    for variant in found[0]["flow"] if found else ():
        total = sum(count for _, _, count in variant["flows"][0])
        expect(total == rows["count"].sum(), f"{where}: {total} points flow to {name}")
        counts = [sum(node[4] for node in column["nodes"]) for column in variant["columns"]]
        wanted = [len(np.unique(rows[end])) for end in ("source_cluster", "target_cluster")]
        expect(counts == wanted, f"{where}: {counts} clusters, expected {wanted}")


def check_bare(report, work):
    """A result without any of the groups: a page all the same, which says what is missing."""
    path = os.path.join(work, "bare.h5")
    make_result(path, n=40, layers=2)
    data = page_of(report, work, path)
    if not data:
        return
    expect(len(data["missing"]) == 6, f"bare result: missing {data['missing']}")
    run = data["runs"]["euclidean"][0]
    expect(run["heatmap"] is None and run["planes"] is None and run["tasks"] is None and not run["conditions"], "bare: something from nothing")
    with h5py.File(path) as file:
        check_counted_betti(data, file, "euclidean")
        check_facts("bare", run["facts"], file["layers/layer.0/euclidean"])


def check_partial(report, work):
    """One group gone, or one layer without: what is left is shown."""
    gone = ("views/heatmap", "views/leaf_order", "views/blobs", "views/pca2", "tasks/hierarchy", "tasks/outliers", "stages/labels", "tree")
    for name in gone:
        path = os.path.join(work, "partial.h5")
        make_result(path, n=30, layers=2, classes=3)
        add_groups(path, blocks=10)
        with h5py.File(path, "a") as file:
            del file[f"layers/layer.0/euclidean/{name}"]
        data = page_of(report, work, path)
        if data and name == "views/heatmap":
            heatmaps = [run["heatmap"] is not None for run in data["runs"]["euclidean"]]
            expect(heatmaps == [False, True] and not data["missing"], f"one layer without heatmap: {heatmaps}, missing {data['missing']}")
    with h5py.File(path, "a") as file:
        for name in ("images", "betti"):
            del file[f"summaries/euclidean/{name}"]
        del file["flow/euclidean/folded"]
    page_of(report, work, path)


def check_others(report, work):
    """Other results given by name: their facts, their accuracy, and the flow over the samples that both have."""
    paths = [os.path.join(work, f"condition_{name}.h5") for name in ("clean", "pruned", "small")]
    for k, path in enumerate(paths):
        make_result(path, n=(60, 60, 44)[k], layers=2, classes=3, loops=10 + k, seed=5 + k)
        with h5py.File(path, "a") as file:
            if k < 2:
                file.attrs.update({"accuracy": 0.9 - 0.3 * k, "condition": ("clean", "pruned")[k]})
            else:  # samples 16 to 59
                file["sample_ids"][:] = np.arange(16, 60)
    data = page_of(report, work, paths[0], "--conditions", ",".join(paths[1:]))
    if not data:
        return
    found = [(condition["name"], condition["accuracy"], condition["own"]) for condition in data["conditions"]]
    expect(found == [("clean", 0.9, True), ("pruned", 0.6, False), ("condition_small", None, False)], f"conditions {found}")
    counts = [[layer["h1_count"] for layer in condition["layers"]["euclidean"]] for condition in data["conditions"]]
    expect(counts == [[10, 10], [11, 11], [12, 12]], f"H1 of the conditions: {counts}")
    files = [h5py.File(path) for path in paths]
    stages = [file["layers/layer.1/euclidean/stages/labels"][1] for file in files]
    for other, (here, there) in ((1, (stages[0], stages[1])), (2, (stages[0][16:], stages[2]))):
        pairs, number = np.unique(np.stack([here, there]), axis=1, return_counts=True)
        rows = np.zeros(len(number), dtype=[("layer", "i4"), ("source_cluster", "i4"), ("target_cluster", "i4"), ("count", "i8")])
        rows["layer"], rows["source_cluster"], rows["target_cluster"], rows["count"] = 1, *pairs, number
        flow = data["runs"]["euclidean"][1]["conditions"][other - 1]
        check_condition_flow("others", [flow], rows, 1, flow["name"])
    for file in files:
        file.close()
    done = run_report(report, paths[0], "-o", os.path.join(work, "none.html"), "--conditions", os.path.join(work, "no-such.h5"))
    expect(done.returncode == 3 and "no-such.h5" in done.stderr, f"missing condition: exit code {done.returncode}: {done.stderr}")


def check_joined_blocks(report):
    """Blocks of a heatmap too fine for the page are joined by the mean over their points."""
    sys.path.insert(0, os.path.join(os.path.dirname(report)))
    sys.dont_write_bytecode = True
    from hole_report import planes, result

    rng = np.random.default_rng(3)
    n, blocks = 97, 40
    first = np.arange(blocks + 1) * n // blocks
    points = rng.normal(size=(n, 2))
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    means = [[distances[a:b, c:d].mean() for c, d in zip(first, first[1:])] for a, b in zip(first, first[1:])]
    run = result.Run({}, views={"heatmap": np.array(means), "heatmap_first": first, "leaf_order": np.arange(n)})
    joined = planes.read_heatmap(run, None, 7)
    wanted = [[distances[a:b, c:d].mean() for c, d in zip(joined.first, joined.first[1:])] for a, b in zip(joined.first, joined.first[1:])]
    expect(len(joined.values) == 7 and joined.first[0] == 0 and joined.first[-1] == n, f"joined blocks: {joined.first}")
    expect(np.allclose(joined.values, wanted), "joined blocks are not the means of their points")
    check_closed(planes.tree)
    sides = [planes.heatmap_side(count) for count in (1, 12, 40, 1000)]
    sizes = [side * (side + 1) // 2 * count for side, count in zip(sides, (1, 12, 40, 1000))]
    expect(sides[0] == 1024 and max(sizes) <= planes.HEATMAP_BYTES, f"heatmaps of {sides} blocks")
    expect(leaves_of(np.array([[1, 2, 0.5, 2], [0, 3, 1, 3]])).tolist() == [0, 1, 2], "the test's own leaf order")


def check_closed(tree):
    """With few merges drawn, what is closed, what joins one by one and what is drawn make all leaves."""
    linkage = line_linkage(np.random.default_rng(8).normal(size=300))
    order = leaves_of(linkage)
    brackets, closed = tree.MergeTree(linkage).brackets(order, 20, 3)
    members = [tuple(sorted(below)) for below in points_below(linkage)]
    expect(len(brackets) == 20, f"{len(brackets)} brackets, asked 20")
    for first, count, height in closed:
        below = tuple(sorted(order[first : first + count].tolist()))
        if expect_in(below, members, f"closed leaves {first} to {first + count} are no subtree"):
            expect(linkage[members.index(below) - 300, 2] == height, f"height of the closed leaves {first} to {first + count}")
    spans = sorted((first, first + count) for first, count, _ in closed)
    expect(all(a[1] <= b[0] for a, b in zip(spans, spans[1:])) and len(spans) >= 15, f"closed subtrees {spans}")
    few, _ = tree.MergeTree(linkage).brackets(order, 299, 3)
    expect(len(few) == 299, "not every merge is drawn where all are asked for")
    smaller = [min(linkage[int(side) - 300, 3] if side >= 300 else 1 for side in row[:2]) for row in linkage]
    some, _ = tree.MergeTree(linkage).brackets(order, 298, 3)
    expect(len(some) == sum(size > 1 for size in smaller) + 3, f"{len(some)} merges with three of single points")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", required=True)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    report = os.path.abspath(options.report)
    os.makedirs(options.work, exist_ok=True)
    for check in (check_full, check_bare, check_partial, check_others):
        check(report, options.work)
    check_joined_blocks(report)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
