"""The views of the page as PNG, SVG and PDF files, one set a layer and metric."""

import os

import numpy as np

from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import StrMethodFormatter

from . import conditions, figure_views, page, palette, planes, sankey, tree
from .figure_style import DIMENSIONS, MARK, dimension_style, legend_below, new_figure, save, stage_name
from .result import TRUE_LABELS

BARS = 40
LEAVES = 30
LABELLED_HEIGHT = 0.022  # of a Sankey node, as a share of the figure: smaller ones go without a label
CURVES = (
    ("purity", "purity", DIMENSIONS[0], "-"),
    ("homogeneity", "homogeneity", DIMENSIONS[1], "-"),
    ("score", "score", "#1c2129", "-"),
    ("ari", "adjusted Rand index", DIMENSIONS[2], "--"),
    ("nmi", "normalised mutual information", DIMENSIONS[3], "--"),
)


def clusters(count):
    return f"{count:,} cluster{'' if count == 1 else 's'}"


def draw_diagram(run, title):
    shown = [diagram for diagram in run.diagrams if len(diagram.intervals)]
    if not shown:
        return None
    figure, axes = new_figure(5.5, 5, title)
    values = np.concatenate([diagram.intervals.ravel() for diagram in shown])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    high = high if high > low else low + 1
    infinity = high + 0.08 * (high - low)
    axes.plot([low, high], [low, high], color="#8b939f", linewidth=0.8)
    if any(np.isinf(diagram.intervals[:, 1]).any() for diagram in shown):
        axes.axhline(infinity, color="#8b939f", linewidth=0.8, linestyle="--")
        axes.text(high, infinity, "∞ ", va="bottom", ha="right", color="#596270")
    for diagram in shown:
        color, marker = dimension_style(diagram.dim)
        births, deaths = diagram.intervals.T
        deaths = np.where(np.isinf(deaths), infinity, deaths)
        many = len(births) > 2000  # as an image inside SVG and PDF: thousands of marks make them slow to open
        label = f"H{diagram.dim}: {len(births):,}"
        axes.scatter(births, deaths, s=14, c=color, marker=marker, alpha=0.55, linewidths=0, label=label, rasterized=many)
    axes.set(xlabel="birth", ylabel="death")
    legend_below(axes, 4)
    return figure


def draw_barcode(run, title):
    shown = [diagram for diagram in run.diagrams if len(diagram.intervals)]
    if not shown:
        return None
    figure, axes = new_figure(6.5, 5, title)
    finite = np.concatenate([diagram.intervals.ravel() for diagram in shown])
    finite = finite[np.isfinite(finite)]
    end = finite.max() + 0.04 * (np.ptp(finite) or 1)
    row = 0
    for diagram in shown:
        bars = diagram.longest_first()[:BARS]
        color, _ = dimension_style(diagram.dim)
        rows = -np.arange(row, row + len(bars))
        deaths = np.where(np.isinf(bars[:, 1]), end, bars[:, 1])
        count = f"{len(bars):,} longest of {len(diagram.intervals):,}" if len(bars) < len(diagram.intervals) else f"{len(bars):,}"
        axes.hlines(rows, bars[:, 0], deaths, color=color, linewidth=1.8, label=f"H{diagram.dim}: {count}")
        essential = np.isinf(bars[:, 1])
        axes.plot(np.full(essential.sum(), end), rows[essential], linestyle="", marker=">", color=color, markersize=4)
        row += len(bars) + 3
    axes.set(xlabel="distance", yticks=[])
    axes.spines["left"].set_visible(False)
    legend_below(axes, 4)
    return figure


def majority_color(counts, size):
    """Colour of the class that holds two thirds of the points, if any."""
    most, number = max(counts.items(), key=lambda item: item[1], default=(-1, 0))
    return palette.class_color(most if 3 * number >= 2 * size else -1)


def draw_tree(run, labels, class_names, title):
    if run.linkage is None or not len(run.linkage):
        return None
    drawn = tree.MergeTree(run.linkage, labels).largest_branches(LEAVES)
    n = len(drawn.leaves)
    note = f": the {len(drawn.merges):,} of {run.n_points - 1:,} merges that join the largest groups" if n < run.n_points else ""
    figure, axes = new_figure(8, 1.6 + 0.19 * n, title + note)
    nodes = [(-row, 0.0, leaf.size, dict(leaf.counts)) for row, leaf in enumerate(drawn.leaves)]
    for left, right, height in drawn.merges:
        (y0, h0, size0, counts0), (y1, h1, size1, counts1) = nodes[left], nodes[right]
        counts = {k: counts0.get(k, 0) + counts1.get(k, 0) for k in counts0.keys() | counts1.keys()}
        nodes.append(((y0 + y1) / 2, height, size0 + size1, counts))
        axes.hlines(y0, h0, height, color=majority_color(counts0, size0))
        axes.hlines(y1, h1, height, color=majority_color(counts1, size1))
        axes.vlines(height, y1, y0, color=majority_color(counts, size0 + size1))
    reference = run.reference_stage("t_star")
    for stage in run.stages:
        style = {"color": MARK} if stage is reference else {"color": "#596270", "linestyle": ":"}
        axes.axvline(stage.threshold, linewidth=0.9, zorder=0, label=f"{stage_name(stage.name)}: {clusters(stage.n_clusters)}", **style)
    names = [class_names[leaf.counts[0][0]] + "  " if leaf.counts else "" for leaf in drawn.leaves]
    axes.set_yticks(-np.arange(n), [f"{name}{leaf.size:,}" for name, leaf in zip(names, drawn.leaves)], fontsize=8)
    for tick, leaf in zip(axes.get_yticklabels(), drawn.leaves):
        tick.set_color("#1c2129" if leaf.size > 1 else "#596270")
    axes.set(xlabel="merge height (distance)", xlim=(0, None), ylim=(-n, 1))
    legend_below(axes, 4)
    return figure


def draw_curves(run, title):
    shown = [curve for curve in CURVES if curve[0] in run.curves]
    if not shown or "n_clusters" not in run.curves or len(run.curves["threshold"]) < 2:
        return None
    figure, axes = new_figure(7.5, 4.2, title)
    for name, label, color, style in shown:
        axes.plot(run.curves["n_clusters"], run.curves[name], color=color, linestyle=style, label=label)
    reference = run.reference_stage("t_star")
    if reference:
        axes.axvline(reference.n_clusters, color=MARK, linewidth=0.9, label=f"{stage_name(reference.name)}: {clusters(reference.n_clusters)}")
    axes.set(xscale="log", xlabel="number of clusters", ylabel="value")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    legend_below(axes, 3)
    return figure


def place_nodes(columns, gap=0.006):
    """Vertical spans of all nodes in a unit square: per column a list of (bottom, height), top first; and height a point."""
    most = max(len(column.nodes) for column in columns)
    total = max(sum(node.size for node in column.nodes) for column in columns)
    scale = (1 - gap * (most - 1)) / total
    placed = []
    for column in columns:
        top = 0.5 + (sum(node.size * scale + gap for node in column.nodes) - gap) / 2
        spans = []
        for node in column.nodes:
            spans.append((top - node.size * scale, node.size * scale))
            top -= node.size * scale + gap
        placed.append(spans)
    return placed, scale


def ribbon(x0, x1, y0, y1, thick, color):
    middle = (x0 + x1) / 2
    points = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 - thick), (middle, y1 - thick), (middle, y0 - thick), (x0, y0 - thick)]
    codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
    return PathPatch(Path(points, codes), facecolor=color, alpha=0.45, linewidth=0)


def node_label(node, class_names, is_labels):
    if node.n_clusters > 1:
        return f"other ({node.n_clusters:,} {'classes' if is_labels else 'clusters'})"
    if node.cluster < 0:
        return "unlabelled" if is_labels else "outliers"
    if is_labels:
        return class_names[node.cluster]
    if node.dominant_class < 0:
        return f"cluster {node.cluster}"
    return class_names[node.dominant_class] if 2 * node.dominant_count >= node.size else "mixed"


def draw_sankey(variants, class_names, heading, title, has_labels):
    if not variants:
        return None
    drawn = variants[0].sankey
    columns, width = drawn.columns, 0.045
    figure, axes = new_figure(max(9, 2.4 * len(columns)), 6.5, title)
    axes.set_axis_off()
    axes.set(xlim=(-0.75, len(columns) - 0.2), ylim=(-0.02, 1.1))
    placed, scale = place_nodes(columns)
    for c, flow in enumerate(drawn.flows):
        leaving = [bottom + height for bottom, height in placed[c]]
        arriving = [bottom + height for bottom, height in placed[c + 1]]
        for i, j in zip(*np.nonzero(flow)):
            thick = flow[i, j] * scale
            color = palette.class_color(columns[c].nodes[i].dominant_class)
            axes.add_patch(ribbon(c + width, c + 1, leaving[i], arriving[j], thick, color))
            leaving[i] -= thick
            arriving[j] -= thick
    for c, column in enumerate(columns):
        is_labels = has_labels and column.key == TRUE_LABELS
        axes.text(c + width / 2, 1.06, heading(column), ha="center", va="bottom", fontsize=9, weight="bold")
        for node, (bottom, height) in zip(column.nodes, placed[c]):
            hatch = "////" if node.n_clusters > 1 else None
            axes.add_patch(Rectangle((c, bottom), width, height, facecolor=palette.class_color(-1), linewidth=0))
            y = bottom + height
            for index, count in node.counts or [(node.dominant_class, node.dominant_count)]:
                y -= height * count / node.size
                axes.add_patch(Rectangle((c, y), width, height * count / node.size, facecolor=palette.class_color(index), linewidth=0))
            if hatch:
                axes.add_patch(Rectangle((c, bottom), width, height, facecolor="none", edgecolor="white", linewidth=0, hatch=hatch))
            if height >= LABELLED_HEIGHT:
                x, side = (c - 0.02, "right") if c == 0 else (c + width + 0.02, "left")
                text = f"{node_label(node, class_names, is_labels)}  {node.size:,}"
                axes.text(x, bottom + height / 2, text, ha=side, va="center", fontsize=7.5)
    return figure


def draw_layer(result, others, metric, layer):
    """{view: figure or None} of one layer under one metric."""
    run, labels, names = result.runs[metric, layer], result.labels, result.class_names
    title = f"{layer}, {metric}"
    drawn = {
        "diagram": draw_diagram(run, title),
        "barcode": draw_barcode(run, title),
        "tree": draw_tree(run, labels, names, title),
        "curves": draw_curves(run, title),
        "heatmap": figure_views.draw_heatmap(run, labels, names, title),
        "hierarchy": figure_views.draw_hierarchy(run, names, title),
    }
    for stage in planes.read_hulls(run)[0] or ([0] if run.stages else []):
        drawn[f"plane_{run.stages[stage].name}"] = figure_views.draw_plane(run, labels, names, stage, title)
    if metric in result.flows:

        def stage_heading(column):
            return "True labels" if column.key == TRUE_LABELS else stage_name(run.stages[column.key].name)

        flow = sankey.stage_variants(result, metric, result.layers.index(layer))
        drawn["flow"] = draw_sankey(flow, names, stage_heading, title, has_labels=True)
    for other, flow in conditions.flows(result, others, metric, layer):
        ends = (result.condition, other)
        drawn[f"flow_{other}"] = draw_sankey(flow, names, lambda column, ends=ends: ends[column.key], title, has_labels=False)
    return drawn


def draw_metric(result, others, metric):
    """Figures of all layers under one metric."""
    drawn = {"depth": figure_views.draw_depth(result, metric)}
    if metric in result.flows:
        across = sankey.layer_variants(result, metric)
        title = f"Clusters across layers at {stage_name(result.flows[metric].layer_stage)}, {metric}"
        drawn["flow"] = draw_sankey(across, result.class_names, lambda column: result.layers[column.key], title, has_labels=False)
    grid, betti = page.betti_of(result, metric)[1:]
    for dim in range(betti.shape[1] if len(grid) else 0):
        drawn[f"betti_h{dim}"] = figure_views.draw_betti(grid, betti, result.layers, dim, f"Betti curves, {metric}")
    stored = result.summaries.get(metric)
    if stored is not None and stored.images is not None:
        for dim in range(stored.images.shape[1]):
            title = f"Persistence images, {metric}"
            drawn[f"images_h{dim}"] = figure_views.draw_image(stored.images, stored.image_ranges[dim], result.layers, dim, title)
    found = figure_views.gather_conditions(result, others)
    for layer in result.layers if found else ():
        drawn[f"conditions_{layer}"] = figure_views.draw_conditions(found, metric, layer)
    return drawn


def save_all(drawn, directory, *words):
    for view, figure in drawn.items():
        if figure:
            save(figure, directory, *words, view)


def write_all(result, others, directory):
    os.makedirs(directory, exist_ok=True)
    for metric, layer in result.runs:
        save_all(draw_layer(result, others, metric, layer), directory, metric, layer)
    for metric in result.metrics:
        save_all(draw_metric(result, others, metric), directory, metric, "layers")
    for name, found in result.similarity.items():
        figure = figure_views.draw_matrix(found.values, found.rows, found.columns, f"Similarity of layers: {name}", name)
        save(figure, directory, "similarity", name)
