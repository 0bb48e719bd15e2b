"""The page: what is drawn goes in as JSON, report.js draws it. Numbers are rounded to seven significant digits."""

import html
import json
import math
import os
import re

import numpy as np

from . import palette, sankey, tree

DIGITS = 7
INTERVAL_BUDGET = 300_000  # intervals embedded in one page, over all diagrams: keeps it at a few MB
FEWEST_INTERVALS = 2_000  # embedded of any diagram
LEAVES = (30, 60, 120)  # of the drawn merge tree
CURVE_ROWS = 300  # rows kept evenly in height, and as many evenly in the logarithm of the number of clusters
CURVES = ("purity", "homogeneity", "score", "ari", "nmi", "size_entropy")
RUN_ATTRIBUTES = ("n_points", "width", "filtration", "threshold", "max_dim", "coefficients")


def rounded(value):
    """A number for JSON, None for what JSON cannot say (infinite, undefined)."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def rounded_list(values):
    return [rounded(value) for value in np.asarray(values, dtype=float).tolist()]


def plain(value):
    """Attribute of a run: text as it is, numbers as JSON numbers, an infinite one as the word."""
    if isinstance(value, (bytes, str)):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if isinstance(value, (int, np.integer)):
        return int(value)
    value = float(value)
    return rounded(value) if math.isfinite(value) else str(value)


def diagram_data(diagram, limit):
    drawn = diagram.longest_first()[:limit]
    births, deaths = rounded_list(drawn[:, 0]), rounded_list(drawn[:, 1])
    return {
        "dim": diagram.dim,
        "count": len(diagram.intervals),
        "zero_pairs": diagram.zero_pairs,
        "essential": int(np.isinf(diagram.intervals[:, 1]).sum()),
        "birth": births if any(births) else 0,  # one number stands for all: in dimension 0 every birth is 0
        "death": deaths,  # None: essential
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


def sankey_data(found):
    """Variants of one flow; a node is [cluster, size, dominant class, its count, number of clusters folded into it]."""
    return [
        {
            "largest": variant.largest,
            "by_class": variant.by_class,
            "columns": [
                {
                    "key": column.key,
                    "nodes": [
                        [node.cluster, node.size, node.dominant_class, node.dominant_count, node.n_clusters]
                        for node in column.nodes
                    ],
                }
                for column in variant.sankey.columns
            ],
            "flows": [
                [[int(i), int(j), int(flow[i, j])] for i, j in zip(*np.nonzero(flow))] for flow in variant.sankey.flows
            ],
        }
        for variant in found
    ]


def run_data(result, metric, layer, limit):
    run = result.runs[metric, layer]
    flow = result.flows.get(metric)
    reference = run.reference_stage(flow.layer_stage if flow else "t_star")
    data = {name: plain(run.attributes[name]) for name in RUN_ATTRIBUTES if name in run.attributes}
    data["n_points"] = run.n_points
    data["diagrams"] = [diagram_data(diagram, limit) for diagram in run.diagrams]
    data["stages"] = [
        {
            "name": stage.name,
            "threshold": rounded(stage.threshold),
            "n_clusters": stage.n_clusters,
            "purity": rounded(run.curve_at("purity", stage.threshold)),
            "homogeneity": rounded(run.curve_at("homogeneity", stage.threshold)),
        }
        for stage in run.stages
    ]
    data["reference"] = run.stages.index(reference) if reference else None
    data["tree"] = tree_data(run, result.labels)
    data["curves"] = curves_data(run)
    data["flow"] = sankey_data(sankey.stage_variants(flow, result.layers.index(layer))) if flow else []
    return data


def page_data(result):
    n_diagrams = sum(len(run.diagrams) for run in result.runs.values())
    limit = max(FEWEST_INTERVALS, INTERVAL_BUDGET // max(n_diagrams, 1))
    n_samples = max(run.n_points for run in result.runs.values())
    labelled = 0 if result.labels is None else int((result.labels >= 0).sum())
    return {
        "name": os.path.basename(result.path),
        "n_samples": n_samples,
        "labelled": labelled,
        "classes": result.class_names if labelled else [],
        "colors": [palette.class_color(index) for index in range(len(result.class_names))],
        "layers": result.layers,
        "metrics": result.metrics,
        "runs": {
            metric: [
                run_data(result, metric, layer, limit) if (metric, layer) in result.runs else None
                for layer in result.layers
            ]
            for metric in result.metrics
        },
        "across": {
            metric: {"stage": flow.layer_stage, "flow": sankey_data(sankey.layer_variants(result, metric))}
            for metric, flow in result.flows.items()
        },
        "attributes": result.attributes,
        "timings": [[layer, metric, step, rounded(seconds), peak] for layer, metric, step, seconds, peak in result.timings],
    }


def embed(data):
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def read_part(name):
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as part:
        return part.read()


def render(result):
    """The whole page as text."""
    parts = {
        "title": html.escape(os.path.basename(result.path)),
        "style": read_part("report.css"),
        "data": embed(page_data(result)),
        "script": read_part("report.js"),
    }
    # One pass, so that a mark inside the data stays what it is.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark.group(1)], read_part("page.html"))
