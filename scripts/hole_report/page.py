"""The page: what is drawn goes in as JSON, the scripts of js/ draw it. Numbers are rounded or packed as packing.py says."""

import html
import json
import os
import re

import numpy as np

from . import conditions, facts, palette, planes, sankey, tree
from .packing import packed, plain, quantised, rounded, rounded_list, rounded_rows

INTERVAL_BUDGET = 300_000  # intervals embedded in one page, over all diagrams: keeps it at a few MB
FEWEST_INTERVALS = 2_000  # embedded of any diagram
LEAVES = (30, 60, 120)  # of the drawn merge tree
CURVE_ROWS = 300  # rows kept evenly in height, and as many evenly in the logarithm of the number of clusters
CURVES = (
    "purity", "homogeneity", "score", "ari", "nmi", "class_homogeneity", "completeness", "v_measure", "size_entropy",
)  # fmt: skip
RUN_ATTRIBUTES = ("n_points", "width", "filtration", "threshold", "max_dim", "coefficients")
SAMPLE = 4_000  # points drawn in a plane, the same in every layer
SAMPLE_BUDGET = 400_000  # of them in one page
MAKE_UP = 12  # classes listed of a node
CLUSTER_ROWS = 40  # of the table of clusters
OUTLIER_ROWS = 60
MOST_CLASSES = 120  # of a drawn hierarchy
GRID = 200  # values of a Betti curve that the page has to count itself
SCRIPTS = ("base", "layers", "persistence", "clusters", "planes", "tasks", "conditions", "page")


def diagram_data(diagram, limit):
    drawn = diagram.longest_first()[:limit]
    return {
        "dim": diagram.dim,
        "count": len(diagram.intervals),
        "zero_pairs": diagram.zero_pairs,
        "essential": int(np.isinf(diagram.intervals[:, 1]).sum()),
        "birth": packed(drawn[:, 0].astype(np.float32)) if drawn[:, 0].any() else 0,  # 0: all of them, as in dimension 0
        "death": packed(drawn[:, 1].astype(np.float32)),  # infinite: essential
    }


def drawn_tree_data(drawn):
    return {
        "leaves": [[leaf.size, rounded(leaf.height), leaf.counts] for leaf in drawn.leaves],
        "merges": [[a, b, rounded(height)] for a, b, height in drawn.merges],
        "absorbed": drawn.absorbed,
    }


def tree_data(run, labels):
    if run.linkage is None:
        return []
    merge_tree = tree.MergeTree(run.linkage, labels)
    drawn = []
    for n_leaves in LEAVES:
        ways = (("largest", merge_tree.largest_branches), ("last", merge_tree.top_merges))
        for way, select in ways if n_leaves < run.n_points else ways[1:]:  # the two differ as long as something is left out
            drawn.append({"way": way, "most": n_leaves, **drawn_tree_data(select(n_leaves))})
        if n_leaves >= run.n_points:
            break
    return drawn


def curve_rows(curves, stages):
    """Rows to draw, few but with every extreme and every stage, so that the drawn line is the whole one at screen resolution."""
    n = len(curves["threshold"])
    if n <= 2 * CURVE_ROWS or "n_clusters" not in curves:
        return np.arange(n)
    counts = curves["n_clusters"]  # falls as the threshold grows
    wanted = np.geomspace(1, counts.max(), CURVE_ROWS)
    rows = [np.linspace(0, n - 1, CURVE_ROWS).astype(int), n - 1 - np.searchsorted(counts[::-1], wanted).clip(0, n - 1)]
    rows += [[np.argmax(curves[name])] for name in CURVES if name in curves]
    rows += [[max(np.searchsorted(curves["threshold"], stage.threshold, side="right") - 1, 0)] for stage in stages]
    return np.unique(np.concatenate(rows))


def curves_data(run):
    if not run.curves or not len(run.curves["threshold"]):
        return None
    rows = curve_rows(run.curves, run.stages)
    names = [name for name in ("threshold", "n_clusters") + CURVES if name in run.curves]
    return {"rows": len(run.curves["threshold"]), **{name: rounded_list(run.curves[name][rows]) for name in names}}


def node_data(node):
    """[cluster, size, dominant class, its count, number of clusters folded into it, class make-up]."""
    return [node.cluster, node.size, node.dominant_class, node.dominant_count, node.n_clusters, node.counts[:MAKE_UP]]


def sankey_data(found):
    return [
        {
            "largest": variant.largest,
            "by_class": variant.by_class,
            "columns": [{"key": column.key, "nodes": [node_data(node) for node in column.nodes]} for column in variant.sankey.columns],
            "flows": [[[int(i), int(j), int(flow[i, j])] for i, j in zip(*np.nonzero(flow))] for flow in variant.sankey.flows],
        }
        for variant in found
    ]


def stage_data(run, stage):
    return {
        "name": stage.name,
        "threshold": rounded(stage.threshold),
        "n_clusters": stage.n_clusters,
        **{name: rounded(run.curve_at(name, stage.threshold)) for name in ("purity", "homogeneity", "v_measure")},
    }


def rows_of(table, columns, rows):
    """Compound rows as lists of plain values, in the order of `columns`; a column that is not there is None."""
    names = table.dtype.names or ()
    return [[plain(row[name]) if name in names else None for name in columns] for row in table[rows]]


HOMOGENEITY = ("cluster", "size", "dominant_class", "dominant_count", "purity", "entropy")
OUTLIERS = ("point", "kind", "cluster", "cluster_size", "joins_at", "joins_cluster")


def attributes_data(table):
    return {name: plain(value) for name, value in table.attributes.items()}


def tasks_data(result, run):
    tasks, data = run.tasks, {}
    if "hierarchy" in tasks and tasks["hierarchy"].values.ndim == 2:
        heights = tasks["hierarchy"].values
        drawn = heights[:MOST_CLASSES, :MOST_CLASSES]
        data["hierarchy"] = {"heights": rounded_rows(drawn), "n_classes": len(heights), "attributes": attributes_data(tasks["hierarchy"])}
    if "separability" in tasks:
        record = facts.record_of(tasks["separability"])
        data["separability"] = {name: plain(value) for name, value in {**record, **tasks["separability"].attributes}.items()}
    if "homogeneity" in tasks:
        table = tasks["homogeneity"].values
        largest = np.argsort(-table["size"], kind="stable")[:CLUSTER_ROWS]
        data["homogeneity"] = {"rows": rows_of(table, HOMOGENEITY, largest), "count": len(table), "attributes": attributes_data(tasks["homogeneity"])}
    if "outliers" in tasks:
        table = tasks["outliers"].values
        furthest = np.argsort(-np.nan_to_num(table["joins_at"], posinf=np.inf), kind="stable")[:OUTLIER_ROWS]
        rows = rows_of(table, OUTLIERS, furthest)
        for row in rows:
            row.append(None if result.labels is None else int(result.labels[row[0]]))
            row.append(None if result.sample_ids is None else int(result.sample_ids[row[0]]))
        kinds = {str(kind): int(count) for kind, count in zip(*np.unique(table["kind"], return_counts=True))}
        data["outliers"] = {"rows": rows, "count": len(table), "kinds": kinds, "attributes": attributes_data(tasks["outliers"])}
    return data or None


def run_data(result, others, metric, layer, limits):
    run = result.runs[metric, layer]
    flow = result.flows.get(metric)
    reference = run.reference_stage(flow.layer_stage if flow else "t_star")
    data = {name: plain(run.attributes[name]) for name in RUN_ATTRIBUTES if name in run.attributes}
    data["n_points"] = run.n_points
    data["diagrams"] = [diagram_data(diagram, limits["intervals"]) for diagram in run.diagrams]
    data["stages"] = [stage_data(run, stage) for stage in run.stages]
    data["reference"] = run.stages.index(reference) if reference else None
    data["facts"] = {name: rounded(value) for name, value in facts.run_facts(run, flow.layer_stage if flow else "t_star").items()}
    data["tree"] = tree_data(run, result.labels)
    data["curves"] = curves_data(run)
    data["flow"] = sankey_data(sankey.stage_variants(result, metric, result.layers.index(layer))) if flow else []
    data["heatmap"] = planes.heatmap_data(run, result.labels, limits["heatmap"])
    data["planes"] = planes.planes_data(run, result.labels, limits["sample"])
    data["tasks"] = tasks_data(result, run)
    data["conditions"] = [
        {"name": name, "flow": sankey_data(variants)} for name, variants in conditions.flows(result, others, metric, layer)
    ]
    return data


# ---- Views of all layers ----


def betti_curves(result, metric):
    """Betti numbers of all layers on one grid, counted from the diagrams: what stands in for a result without /summaries."""
    runs = [result.runs.get((metric, layer)) for layer in result.layers]
    ends = [diagram.intervals[np.isfinite(diagram.intervals)] for run in runs if run for diagram in run.diagrams]
    top = max((part.max(initial=0) for part in ends), default=0)
    n_dims = max((diagram.dim + 1 for run in runs if run for diagram in run.diagrams), default=0)
    grid = np.linspace(0, top, GRID) if top > 0 else np.zeros(0)
    betti = np.zeros((len(runs), n_dims, len(grid)), dtype=np.int64)
    for index, run in enumerate(runs):
        for diagram in run.diagrams if run else ():
            births, deaths = np.sort(diagram.intervals[:, 0]), np.sort(diagram.intervals[:, 1])
            born, gone = (np.searchsorted(values, grid, side="right") for values in (births, deaths))
            betti[index, diagram.dim] = born - gone
    return grid, betti


def betti_of(result, metric):
    """(whether it was counted here, grid, [layer, dim, grid])."""
    stored = result.summaries.get(metric)
    if stored is None or stored.grid is None or stored.betti is None:
        return True, *betti_curves(result, metric)
    return False, stored.grid, stored.betti


def summaries_data(result, metric):
    stored = result.summaries.get(metric)
    counted, grid, betti = betti_of(result, metric)
    if not len(grid) or not betti.shape[1]:
        return None
    data = {"counted": counted, "grid": rounded_list(grid), "betti": betti.astype(int).tolist()}
    if stored is None:
        return data
    if stored.landscapes is not None and stored.grid is not None:
        data["landscapes"] = {"shape": list(stored.landscapes.shape), "values": packed(stored.landscapes.astype(np.float32))}
    if stored.images is not None:
        tops = [float(np.nanmax(stored.images[:, dim])) for dim in range(stored.images.shape[1])]
        steps = np.stack([quantised(stored.images[:, dim], 0, top, np.uint8) for dim, top in enumerate(tops)], axis=1)
        data["images"] = {"shape": list(stored.images.shape), "top": rounded_list(tops), "ranges": stored.image_ranges, "values": packed(steps)}
    return data


def similarity_data(found):
    return {
        "values": rounded_rows(found.values),
        "rows": found.rows,
        "columns": found.columns,
        "attributes": {name: plain(value) for name, value in found.attributes.items()},
    }


def conditions_data(result, others):
    found = conditions.gather(result, others)
    if len(found) < 2:
        return None
    return [
        {
            "name": condition.name,
            "own": condition.is_own,
            "accuracy": rounded(condition.accuracy),
            "layers": {
                metric: [
                    {name: rounded(value) for name, value in layers[layer].items()} if layer in layers else None for layer in result.layers
                ]
                for metric, layers in condition.layers.items()
            },
        }
        for condition in found
    ]


def robustness_data(result):
    """Tables of relative changes, as they are: {other: {metric: rows}}."""
    columns = ("layer", "dim", "feature", "value", "other", "relative_change")
    titles = {name: conditions.title_of(name, by_metric) for name, by_metric in result.comparisons.items()}
    if len(set(titles.values())) < len(titles):
        titles = {name: name for name in titles}
    return {
        titles[name]: {
            metric: rows_of(comparison.robustness, columns, slice(None))
            for metric, comparison in by_metric.items()
            if comparison.robustness is not None
        }
        for name, by_metric in result.comparisons.items()
    }


# What a result may hold beyond diagrams, trees and flows: the view, where it is in the file, and whether `data` has it.
EXTRAS = (
    ("Heatmap", "/layers/<layer>/<metric>/views/heatmap", lambda data, runs: any(run["heatmap"] for run in runs)),
    ("Clusters in the plane", "/layers/<layer>/<metric>/views/pca2 and views/blobs", lambda data, runs: any(run["planes"] for run in runs)),
    ("Tasks", "/layers/<layer>/<metric>/tasks", lambda data, runs: any(run["tasks"] for run in runs)),
    (
        "Landscapes and persistence images", "/summaries/<metric>",
        lambda data, runs: any(summaries and ("landscapes" in summaries or "images" in summaries) for summaries in data["summaries"].values()),
    ),
    ("Similarity of layers", "/similarity", lambda data, runs: bool(data["similarity"])),
    ("Conditions", "/conditions, or other results with --conditions", lambda data, runs: bool(data["conditions"])),
)  # fmt: skip


def page_data(result, others=()):
    n_diagrams = sum(len(run.diagrams) for run in result.runs.values())
    n_samples = max(run.n_points for run in result.runs.values())
    n_drawn = min(n_samples, max(SAMPLE_BUDGET // (2 * len(result.runs)), 200), SAMPLE)
    limits = {
        "intervals": max(FEWEST_INTERVALS, INTERVAL_BUDGET // max(n_diagrams, 1)),
        "heatmap": planes.heatmap_side(sum("heatmap" in run.views for run in result.runs.values())),
        "sample": np.unique(np.arange(n_drawn) * n_samples // n_drawn),
    }
    labelled = 0 if result.labels is None else int((result.labels >= 0).sum())
    data = {
        "name": os.path.basename(result.path),
        "n_samples": n_samples,
        "labelled": labelled,
        "classes": result.class_names if labelled else [],
        "colors": [palette.class_color(index) for index in range(len(result.class_names))],
        "layers": result.layers,
        "metrics": result.metrics,
        "sample": {
            "points": packed(limits["sample"].astype(np.int32)),
            "classes": packed((result.labels[limits["sample"]] if labelled else np.full(n_drawn, -1)).astype(np.int32)),
        },
        "runs": {
            metric: [
                run_data(result, others, metric, layer, limits) if (metric, layer) in result.runs else None
                for layer in result.layers
            ]
            for metric in result.metrics
        },
        "across": {
            metric: {"stage": flow.layer_stage, "flow": sankey_data(sankey.layer_variants(result, metric))}
            for metric, flow in result.flows.items()
        },
        "summaries": {metric: summaries_data(result, metric) for metric in result.metrics},
        "similarity": {name: similarity_data(found) for name, found in result.similarity.items()},
        "conditions": conditions_data(result, others),
        "robustness": robustness_data(result),
        "attributes": result.attributes,
        "timings": [[layer, metric, step, rounded(seconds), peak] for layer, metric, step, seconds, peak in result.timings],
    }
    runs = [run for by_layer in data["runs"].values() for run in by_layer if run]
    data["missing"] = [[view, path] for view, path, is_there in EXTRAS if not is_there(data, runs)]
    return data


def embed(data):
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def read_part(name):
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as part:
        return part.read()


def script():
    """All scripts in one function, so that they share names and leave none outside."""
    return "(() => {\n\"use strict\";\n" + "\n".join(read_part(f"js/{name}.js") for name in SCRIPTS) + "})();\n"


def render(result, others=()):
    """The whole page as text."""
    parts = {
        "title": html.escape(os.path.basename(result.path)),
        "style": read_part("report.css"),
        "data": embed(page_data(result, others)),
        "script": script(),
    }
    # One pass, so that a mark inside the data stays what it is.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark.group(1)], read_part("page.html"))
