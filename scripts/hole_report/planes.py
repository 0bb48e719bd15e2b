"""Views of one layer in two dimensions: the heatmap beside its merge tree, and the clusters in a plane. Reduced to what a page can hold."""

from dataclasses import dataclass

import numpy as np

from . import tree
from .packing import packed, quantised, rounded, rounded_list

BRACKETS = 600  # merges drawn beside a heatmap
HULLS = 150  # drawn of a stage, the largest
MINORITY = 1500  # members of minority classes drawn of a stage
HEATMAP_SIDES = (1024, 512, 384, 256, 128, 64)
HEATMAP_BYTES = 4_000_000  # packed in one page, over all layers and metrics


def heatmap_side(n_heatmaps):
    """Blocks a side of each heatmap, so that all of them fit; a symmetric one takes half the values."""
    fitting = [side for side in HEATMAP_SIDES if side * (side + 1) // 2 * n_heatmaps <= HEATMAP_BYTES]
    return fitting[0] if fitting else HEATMAP_SIDES[-1]


@dataclass
class Heatmap:
    values: np.ndarray  # [blocks, blocks] mean distances, in leaf order
    first: np.ndarray  # [blocks + 1] leaf positions
    classes: np.ndarray  # [blocks] dominant class, -1 none; None without labels
    leaf_order: np.ndarray
    blocks: int  # a side in the file


def block_classes(labels, leaf_order, first):
    """Most frequent class of each block of leaves, the smallest on ties."""
    in_order, n_classes = labels[leaf_order], int(labels.max(initial=0)) + 1
    block = np.repeat(np.arange(len(first) - 1), np.diff(first))
    known = in_order >= 0
    counts = np.bincount(block[known] * n_classes + in_order[known], minlength=(len(first) - 1) * n_classes).reshape(-1, n_classes)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), -1)


def read_heatmap(run, labels, most):
    """The heatmap with at most `most` blocks a side: neighbouring blocks joined by their mean, weighted by their points."""
    if "heatmap" not in run.views or "leaf_order" not in run.views:
        return None
    values, order = np.asarray(run.views["heatmap"], dtype=float), run.views["leaf_order"]
    blocks, n_points = len(values), len(order)
    first = run.views.get("heatmap_first")
    first = np.arange(blocks + 1) * n_points // blocks if first is None or len(first) != blocks + 1 else np.asarray(first)
    starts = np.arange(blocks)
    if blocks > most:
        starts = np.unique(np.arange(most) * blocks // most)
        weights = np.diff(first).astype(float)
        sums = np.add.reduceat(np.add.reduceat(values * weights[:, None] * weights, starts, axis=0), starts, axis=1)
        joined = np.add.reduceat(weights, starts)
        values = sums / (joined[:, None] * joined)
    joined_first = np.append(first[starts], first[-1])
    classes = None if labels is None else block_classes(labels, order, joined_first)
    return Heatmap(values, joined_first, classes, order, blocks)


def heatmap_data(run, labels, most):
    heatmap = read_heatmap(run, labels, most)
    if heatmap is None:
        return None
    triangle = heatmap.values[np.triu_indices(len(heatmap.values))]
    finite = triangle[np.isfinite(triangle)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    brackets, closed = [], []
    if run.linkage is not None:
        brackets, closed = tree.MergeTree(run.linkage).brackets(heatmap.leaf_order, BRACKETS)
    return {
        "side": len(heatmap.values),
        "blocks": heatmap.blocks,
        "low": rounded(low),
        "high": rounded(high),
        "values": packed(quantised(triangle, low, high, np.uint8)),
        "first": packed(heatmap.first.astype(np.int32)),
        "classes": None if heatmap.classes is None else packed(heatmap.classes.astype(np.int32)),
        "brackets": [[rounded(value) for value in bracket] for bracket in brackets],
        "closed": [[rounded(value) for value in subtree] for subtree in closed],
    }


# ---- Clusters in a plane ----


@dataclass
class Hull:
    stage: int
    cluster: int
    size: int
    dominant_class: int
    vertices: np.ndarray  # [n, 2]


def read_hulls(run, most=HULLS):
    """Hulls of each stage, the largest clusters first; and how many there are in the file."""
    table, vertices = run.views.get("blobs/hulls"), run.views.get("blobs/vertices")
    if table is None or vertices is None:
        return {}, {}
    hulls, totals = {}, {}
    for stage in np.unique(table["stage"]).tolist():
        rows = table[table["stage"] == stage]
        totals[stage] = len(rows)
        rows = rows[np.lexsort((rows["cluster"], -rows["size"]))][:most]
        hulls[stage] = [
            Hull(stage, int(row["cluster"]), int(row["size"]), int(row["dominant_class"]),
                 np.asarray(vertices[int(row["first"]) : int(row["first"]) + int(row["count"])], dtype=float))
            for row in rows
        ]  # fmt: skip
    return hulls, totals


def read_minority(run):
    """Points of minority classes of each stage, as {stage: points}."""
    table = run.views.get("blobs/minority")
    if table is None or not len(table):
        return {}
    if table.dtype.names and {"stage", "point"} <= set(table.dtype.names):
        stages, points = table["stage"], table["point"]
    elif table.ndim == 2 and table.shape[1] >= 2:
        stages, points = table[:, 0], table[:, -1]
    else:
        return {}
    return {int(stage): np.asarray(points[stages == stage], dtype=np.int64) for stage in np.unique(stages)}


def plane_box(points, hulls=()):
    """(lowest, highest) of either axis over all finite points and the vertices of hulls."""
    parts = [points] + [hull.vertices for hull in hulls]
    every = np.concatenate([part.reshape(-1, 2) for part in parts])
    every = every[np.isfinite(every).all(axis=1)]
    return np.stack([every.min(axis=0), every.max(axis=0)]) if len(every) else np.array([[0.0, 0.0], [1.0, 1.0]])


def packed_places(places, box):
    return packed(np.stack([quantised(places[:, k], box[0, k], box[1, k]) for k in (0, 1)], axis=1))


def planes_data(run, labels, sample):
    """Either plane with the points of `sample`; hulls and minority members lie in that of the principal components."""
    planes = {}
    hulls, totals = read_hulls(run)
    minority = read_minority(run)
    for name in ("pca2", "spectral2"):
        places = run.views.get(name)
        if places is None or places.ndim != 2 or places.shape[1] != 2 or not len(places):
            continue
        places = np.asarray(places, dtype=float)
        own = [hull for of_stage in hulls.values() for hull in of_stage] if name == "pca2" else []
        box = plane_box(places, own)
        plane = {"box": [rounded_list(corner) for corner in box], "points": packed_places(places[sample], box)}
        if name == "pca2":
            if "explained" in run.views:
                plane["explained"] = rounded_list(run.views["explained"])
            plane["stages"] = {
                str(stage): {
                    "hulls": [[hull.cluster, hull.size, hull.dominant_class, packed_places(hull.vertices, box)["data"]] for hull in hulls.get(stage, [])],
                    "total": totals.get(stage, 0),
                    **minority_data(minority.get(stage, np.zeros(0, dtype=np.int64)), places, labels, box),
                }
                for stage in sorted(hulls.keys() | minority.keys())
            }
        planes[name] = plane
    return planes or None


def minority_data(points, places, labels, box):
    drawn = points[np.linspace(0, len(points) - 1, min(len(points), MINORITY)).astype(int)]
    return {
        "n_minority": len(points),
        "minority": packed_places(places[drawn], box),
        "minority_classes": packed((labels[drawn] if labels is not None else np.full(len(drawn), -1)).astype(np.int32)),
    }
