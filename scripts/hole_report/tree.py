"""The part of a merge tree that fits on a page: a few merges, the rest contracted into leaves with their size and classes.

Ids follow SciPy: points are 0 .. N-1, row r of the linkage makes node N + r.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Leaf:
    size: int
    height: float  # of the last merge inside the subtree; 0 for a single point
    counts: list  # (class, number of points), largest first; empty without labels


@dataclass
class DrawnTree:
    leaves: list  # in drawing order
    merges: list  # (left id, right id, height): SciPy's ids over the leaves, children before parents
    n_points: int

    @property
    def absorbed(self):
        """Points that join a drawn branch between two drawn merges."""
        return self.n_points - sum(leaf.size for leaf in self.leaves)


class MergeTree:
    def __init__(self, linkage, labels=None):
        self.n_points = len(linkage) + 1
        self.children = linkage[:, :2].astype(np.int64)
        self.heights = linkage[:, 2]
        self.sizes = np.concatenate([np.ones(self.n_points, dtype=np.int64), linkage[:, 3].astype(np.int64)])
        self._place_points(labels)

    def _place_points(self, labels):
        """Give every node the slice of the points below it, so that class counts need no walk through the subtree."""
        first = np.zeros(len(self.sizes), dtype=np.int64)
        for row in range(len(self.children) - 1, -1, -1):
            left, right = self.children[row]
            first[left] = first[self.n_points + row]
            first[right] = first[left] + self.sizes[left]
        self._first = first
        self._placed_labels = None
        if labels is not None:
            self._placed_labels = np.empty(self.n_points, dtype=np.int64)
            self._placed_labels[first[: self.n_points]] = labels

    def _leaf(self, node):
        counts = []
        if self._placed_labels is not None:
            inside = self._placed_labels[self._first[node] : self._first[node] + self.sizes[node]]
            classes, numbers = np.unique(inside[inside >= 0], return_counts=True)
            largest_first = np.lexsort((classes, -numbers))
            counts = [(int(classes[k]), int(numbers[k])) for k in largest_first]
        height = 0.0 if node < self.n_points else float(self.heights[node - self.n_points])
        return Leaf(int(self.sizes[node]), height, counts)

    def top_merges(self, n_leaves):
        """The last merges, which leave `n_leaves` subtrees."""
        return self._draw(np.arange(len(self.heights))[::-1][: n_leaves - 1])

    def largest_branches(self, n_leaves):
        """The merges whose smaller side is largest. Single linkage adds most points one by one; this shows where groups join."""
        smaller = self.sizes[self.children].min(axis=1)
        order = np.lexsort((-np.arange(len(smaller)), -smaller))
        return self._draw(order[: n_leaves - 1])

    def _draw(self, rows):
        """Keep the merges `rows`, contract all others.

        At a merge that is not kept at most one side holds kept merges: for the last merges neither side does, and for the largest
        branches a merge inside the smaller side has a smaller side still.
        """
        kept = np.zeros(len(self.sizes), dtype=bool)
        kept[self.n_points + np.asarray(rows, dtype=np.int64)] = True
        holds_kept = kept.copy()
        for row, (left, right) in enumerate(self.children):
            holds_kept[self.n_points + row] |= holds_kept[left] | holds_kept[right]

        leaves, inner = [], []  # inner merges name leaves by their number, and earlier inner merges by -1, -2, ...
        ids = {}  # node -> its id in that numbering, until the parent takes it
        pending = [len(self.sizes) - 1]
        while pending:  # depth first without recursion: a single-linkage tree is as deep as it has points
            node = pending[-1]
            if not holds_kept[node]:
                ids[node] = len(leaves)
                leaves.append(self._leaf(node))
                pending.pop()
                continue
            sides = sorted(self.children[node - self.n_points].tolist(), key=lambda side: (-self.sizes[side], side))
            if not kept[node]:
                sides = [side for side in sides if holds_kept[side]]
            waiting = [side for side in sides if side not in ids]
            if waiting:
                pending.append(waiting[0])
                continue
            pending.pop()
            if kept[node]:
                inner.append((ids[sides[0]], ids[sides[1]], float(self.heights[node - self.n_points])))
                ids[node] = -len(inner)
            else:
                ids[node] = ids[sides[0]]
        final = [tuple(len(leaves) - 1 - side if side < 0 else side for side in (a, b)) + (h,) for a, b, h in inner]
        return DrawnTree(leaves, final, self.n_points)


def cut_into(linkage, n_clusters):
    """Cluster of every point when the tree is cut at the height that leaves `n_clusters` (fewer where heights tie).

    A cluster's number is the rank of its smallest member, as in the result file.
    """
    n_points = len(linkage) + 1
    parent = np.arange(n_points + len(linkage))
    if n_clusters < n_points:
        joined = np.flatnonzero(linkage[:, 2] <= linkage[n_points - max(n_clusters, 1) - 1, 2])
        parent[linkage[joined, :2].astype(np.int64)] = (n_points + joined)[:, None]
    for node in range(len(parent) - 1, -1, -1):  # a parent's id is higher than its child's, so it is settled first
        parent[node] = parent[parent[node]]
    _, first_member, cluster = np.unique(parent[:n_points], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first_member))[cluster]
