"""Figures of what goes beyond diagrams, trees and flows: heatmap, plane, summaries, tasks, depth, similarity, conditions."""

import numpy as np
from matplotlib import pyplot
from matplotlib.patches import Patch, Polygon
from matplotlib.ticker import MaxNLocator

from . import conditions, facts, palette, planes
from .figure_style import DIMENSIONS, MARK, legend_below, new_figure, stage_name

NEUTRAL_TEXT = "#596270"
MOST_IN_LEGEND = 20
MOST_NUMBERED = 16  # classes or layers of a matrix whose cells show their number
SIDE = 1024  # blocks of a heatmap
PANELS = (
    ("Clusters against classes", (("purity", "purity"), ("homogeneity", "homogeneity"), ("v_measure", "V-measure"))),
    ("Best over all thresholds", (("score", "score"), ("best_ari", "adjusted Rand"), ("best_nmi", "mutual information"))),
    ("Separability", (("gap_ratio", "gap ratio"), ("cross_class_edges", "edges between classes"))),
    ("Clusters", (("n_clusters", "clusters"),)),
    ("Intervals", (("h0_count", "H0"), ("h1_count", "H1"), ("h2_count", "H2"))),
    ("Sum of the lengths", (("h0_total", "H0"), ("h1_total", "H1"), ("h2_total", "H2"))),
)
LOGARITHMIC = {"Clusters", "Intervals", "Sum of the lengths"}


def class_legend(owner, labels, class_names, **where):
    if labels is None:
        return
    present = np.unique(labels[labels >= 0]).tolist()
    handles = [Patch(color=palette.class_color(k), label=class_names[k]) for k in present[:MOST_IN_LEGEND]]
    owner.legend(handles=handles, frameon=False, fontsize=8, **where)


def draw_heatmap(run, labels, class_names, title):
    """Tree, class band and distances side by side, rows in one order."""
    heatmap = planes.read_heatmap(run, labels, SIDE)
    if heatmap is None:
        return None
    brackets, closed = [], []
    if run.linkage is not None:
        brackets, closed = planes.tree.MergeTree(run.linkage).brackets(heatmap.leaf_order, planes.BRACKETS)
    n_points = len(heatmap.leaf_order)
    # Placed by hand, so that the rows of the three line up.
    width, height, side, left, bottom = 10.2, 7.4, 5.9, 3.2, 1.0
    figure = pyplot.figure(figsize=(width, height))
    figure.text(0.15 / width, 1 - 0.3 / height, title, fontsize=11)
    tree_axes, band, axes, bar = (
        figure.add_axes((x / width, bottom / height, wide / width, side / height))
        for x, wide in ((0.2, left - 0.45), (left - 0.2, 0.16), (left, side), (left + side + 0.15, 0.18))
    )
    for place_a, height_a, place_b, height_b, height, *_ in brackets:
        tree_axes.plot([height_a, height, height, height_b], [place_a, place_a, place_b, place_b], color="#596270", linewidth=0.7)
    for first, count, height in closed:
        corners = ((0, first), (height, first + count / 2), (0, first + count))
        tree_axes.add_patch(Polygon(corners, facecolor="#9aa1ab", edgecolor="none", alpha=0.7))
    top = max((bracket[4] for bracket in brackets), default=1.0) or 1.0
    reference = run.reference_stage("t_star")
    if reference and reference.threshold <= top:
        tree_axes.axvline(reference.threshold, color=MARK, linewidth=0.9)
        tree_axes.text(reference.threshold, -0.01 * n_points, stage_name(reference.name), color=MARK, ha="center", va="bottom", fontsize=8)
    tree_axes.set(xlim=(top * 1.02, 0), ylim=(n_points, 0), yticks=[], xlabel="merge height (distance)")
    tree_axes.spines[["top", "right", "left"]].set_visible(False)
    edges = heatmap.first
    if heatmap.classes is not None:
        for start, end, index in zip(edges, edges[1:], heatmap.classes.tolist()):
            band.axhspan(start, end, color=palette.class_color(index), linewidth=0)
    band.set(xlim=(0, 1), ylim=(n_points, 0))
    band.set_axis_off()
    mesh = axes.pcolormesh(edges, edges, heatmap.values, cmap="viridis", rasterized=True)
    axes.set(ylim=(n_points, 0), xlim=(0, n_points), yticks=[], xlabel="points in the order of the tree")
    figure.colorbar(mesh, cax=bar, label="distance")
    if labels is not None:
        class_legend(figure, labels, class_names, loc="lower left", bbox_to_anchor=(0.1 / width, 0.02 / height), ncol=10)
    return figure


def draw_plane(run, labels, class_names, stage, title):
    """Points in the plane of the principal components, hulls of the clusters of one stage, members of minority classes ringed."""
    places = run.views.get("pca2")
    if places is None or not len(places):
        return None
    hulls, _ = planes.read_hulls(run)
    figure, axes = new_figure(7.5, 6.5, f"{title}, {stage_name(run.stages[stage].name)}" if run.stages else title)
    sample = np.unique(np.linspace(0, len(places) - 1, min(len(places), 20_000)).astype(int))
    for hull in hulls.get(stage, ()):
        if len(hull.vertices) > 2:
            color = palette.class_color(hull.dominant_class)
            axes.add_patch(Polygon(hull.vertices, facecolor=color, edgecolor="none", alpha=0.16))
            axes.add_patch(Polygon(hull.vertices, facecolor="none", edgecolor=color, linewidth=0.9))
    colors = [palette.class_color(int(k)) for k in labels[sample]] if labels is not None else DIMENSIONS[0]
    size = 5 if len(sample) > 3000 else 11
    axes.scatter(*places[sample].T, s=size, c=colors, linewidths=0, alpha=0.8, rasterized=len(sample) > 3000)
    minority = planes.read_minority(run).get(stage)
    if minority is not None and len(minority):
        rings = [palette.class_color(int(labels[point])) for point in minority] if labels is not None else "none"
        axes.scatter(*places[minority].T, s=22, c=rings, edgecolors="#1c2129", linewidths=0.8, label="minority class of its cluster")
    share = run.views.get("explained")
    names = [f"component {k + 1}" + (f" ({100 * share[k]:.0f} % of the variance)" if share is not None else "") for k in (0, 1)]
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.set_aspect("equal", adjustable="datalim")
    class_legend(axes, labels, class_names, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def layer_color(index, count):
    return pyplot.get_cmap("viridis")(0.08 + 0.8 * index / max(1, count - 1))


def draw_betti(grid, betti, layers, dim, title):
    figure, axes = new_figure(7.5, 4.2, f"{title}, H{dim}")
    for index, layer in enumerate(layers):
        axes.step(grid, betti[index, dim], where="post", color=layer_color(index, len(layers)), label=layer, linewidth=1.4)
    axes.set(xlabel="distance", ylabel="Betti number", xlim=(grid[0], grid[-1]), ylim=(0, None))
    legend_below(axes, 5)
    return figure


def draw_image(values, ranges, layers, dim, title):
    """One persistence image a layer, on one colour scale."""
    columns = min(4, len(layers))
    rows = -(-len(layers) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(2.6 * columns + 0.8, 2.6 * rows + 0.5), squeeze=False, constrained_layout=True)
    figure.suptitle(f"{title}, H{dim}", x=0.01, ha="left", fontsize=11)
    (b0, b1), (p0, p1) = ranges
    for axes in grid.flat:
        axes.set_visible(False)
    for index, axes in zip(range(len(layers)), grid.flat):
        axes.set_visible(True)
        drawn = axes.imshow(values[index, dim], origin="lower", extent=(b0, b1 if b1 > b0 else b0 + 1, p0, p1 if p1 > p0 else p0 + 1),
                            aspect="auto", cmap="viridis", vmin=0, vmax=np.nanmax(values[:, dim]) or 1)  # fmt: skip
        axes.set_title(layers[index], fontsize=9)
        axes.tick_params(labelsize=7)
    grid[rows - 1, 0].set(xlabel="birth", ylabel="length")
    figure.colorbar(drawn, ax=grid, label="density", shrink=0.8)
    return figure


def draw_matrix(values, rows, columns, title, label):
    values = np.asarray(values, dtype=float)
    side = 0.42 if max(values.shape) <= MOST_NUMBERED else 7 / max(values.shape)
    figure, axes = new_figure(2.6 + side * values.shape[1], 1.8 + side * values.shape[0], title)
    finite = values[np.isfinite(values)]
    mesh = axes.imshow(values, cmap="viridis")
    if max(values.shape) <= MOST_NUMBERED and len(finite):
        low, span = finite.min(), np.ptp(finite) or 1
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                ink = "#1c2129" if (value - low) / span > 0.55 else "white"
                axes.text(j, i, f"{value:.2g}", ha="center", va="center", fontsize=7, color=ink)
    for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
        if len(names) <= 60:
            axis.set_ticks(range(len(names)), names, fontsize=8)
    axes.tick_params(axis="both", length=0)
    axes.tick_params(axis="x", rotation=60)
    for tick in axes.get_xticklabels():
        tick.set(ha="right", rotation_mode="anchor")
    axes.spines[:].set_visible(False)
    figure.colorbar(mesh, ax=axes, label=label, shrink=0.8)
    return figure


def draw_hierarchy(run, class_names, title):
    table = run.tasks.get("hierarchy")
    if table is None or table.values.ndim != 2 or len(table.values) < 2:
        return None
    heights = np.asarray(table.values, dtype=float).copy()
    np.fill_diagonal(heights, np.nan)
    names = class_names[: len(heights)]
    return draw_matrix(heights, names, names, f"{title}: where classes join", "merge height (distance)")


def draw_depth(result, metric):
    """Small panels of what becomes of the layers, one curve a fact."""
    known = [(index, facts.run_facts(result.runs[metric, layer])) for index, layer in enumerate(result.layers) if (metric, layer) in result.runs]
    shown = []
    for name, series in PANELS:
        lines = [(label, [(index, found[key]) for index, found in known if key in found]) for key, label in series]
        lines = [(label, points) for label, points in lines if points]
        if lines:
            shown.append((name, lines))
    if len(known) < 2 or not shown:
        return None
    rows = -(-len(shown) // 3)
    figure, grid = pyplot.subplots(rows, 3, figsize=(11, 3.1 * rows), squeeze=False, constrained_layout=True)
    figure.suptitle(f"Over depth, {metric}", x=0.01, ha="left", fontsize=11)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    for axes, (name, lines) in zip(grid.flat, shown):
        for (label, points), color in zip(lines, DIMENSIONS):
            axes.plot(*zip(*points), marker="o", markersize=4, color=color, label=label)
        axes.set_title(name, loc="left", fontsize=9)
        if name in LOGARITHMIC and min(value for _, points in lines for _, value in points) > 0:
            axes.set_yscale("log")
        else:
            axes.set_ylim(0, None)
        every = -(-len(result.layers) // 10)
        axes.set_xticks(range(0, len(result.layers), every), result.layers[::every], rotation=35, ha="right", fontsize=7.5, rotation_mode="anchor")
        axes.spines[["top", "right"]].set_visible(False)
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=7.5)
    return figure


def draw_conditions(found, metric, layer):
    """H1 and separability of one layer against accuracy; without accuracies in the order given."""
    by_accuracy = sum(condition.accuracy is not None for condition in found) > 1
    figure, grid = pyplot.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    figure.suptitle(f"Conditions, {layer}, {metric}", x=0.01, ha="left", fontsize=11)
    drawn = False
    for axes, key, label in zip(grid, ("h1_finite", "best_ari"), ("H1 intervals that end", "best adjusted Rand index")):
        points = []
        for place, condition in enumerate(found):
            value = condition.layers.get(metric, {}).get(layer, {}).get(key)
            if value is not None and (condition.accuracy is not None or not by_accuracy):
                points.append((condition.accuracy if by_accuracy else place, value, condition))
        points.sort(key=lambda point: point[0])
        if len(points) > 1:
            drawn = True
            axes.plot([point[0] for point in points], [point[1] for point in points], color=DIMENSIONS[0], alpha=0.5)
        for number, (x, y, condition) in enumerate(points):
            axes.plot(x, y, "o", color=MARK if condition.is_own else DIMENSIONS[0])
            if by_accuracy:
                right = x > np.mean([points[0][0], points[-1][0]])
                axes.annotate(condition.name, (x, y), xytext=(-6 if right else 6, 8 if number % 2 else -13), textcoords="offset points", fontsize=8, ha="right" if right else "left")
        if by_accuracy:
            axes.set_xlabel("accuracy")
        else:
            axes.set_xticks(range(len(found)), [condition.name for condition in found], rotation=30, ha="right", fontsize=8)
        axes.set(ylabel=label, ylim=(0, max((point[1] for point in points), default=1) * 1.15 or 1))
        axes.margins(x=0.12)
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.spines[["top", "right"]].set_visible(False)
    if not drawn:
        pyplot.close(figure)
        return None
    return figure


def gather_conditions(result, others):
    found = conditions.gather(result, others)
    return found if len(found) > 1 else []
