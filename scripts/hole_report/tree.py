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
        self._sides = self.children.tolist()  # plain numbers: loops over all rows are several times faster
        parents = np.full(len(self.sizes), -1, dtype=np.int64)
        parents[self.children] = (self.n_points + np.arange(len(self.children)))[:, None]
        self._parents = parents.tolist()
        self._place_points(labels)

    def _place_points(self, labels):
        """Give every node the slice of the points below it, so that class counts need no walk through the subtree."""
        sizes, first = self.sizes.tolist(), [0] * len(self.sizes)
        for row in range(len(self.children) - 1, -1, -1):
            left, right = self._sides[row]
            first[left] = first[self.n_points + row]
            first[right] = first[left] + sizes[left]
        self._first = np.array(first, dtype=np.int64)
        self._placed_labels = None
        if labels is not None:
            self._placed_labels = np.empty(self.n_points, dtype=np.int64)
            self._placed_labels[self._first[: self.n_points]] = labels

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

    def _mark(self, rows):
        """Which nodes are the merges `rows`, and which hold one of them."""
        kept, holds_kept = bytearray(len(self.sizes)), bytearray(len(self.sizes))
        for row in rows:
            node = self.n_points + int(row)
            kept[node] = 1
            while node >= 0 and not holds_kept[node]:
                holds_kept[node] = 1
                node = self._parents[node]
        return kept, holds_kept

    def brackets(self, leaf_order, n_merges, n_single=12):
        """The merges of the largest groups over leaves in the order `leaf_order`: what stands beside a heatmap in that order.

        Two lists. One row a merge: (place, height) of either side, height of the merge, first leaf position, number of leaves. The
        place of a merge is half way between its sides, that of a subtree without a drawn merge the middle of its leaves.
        One row a subtree of several points without a drawn merge: first leaf position, number of leaves, height.
        Of the merges that add a single point the `n_single` highest are drawn, if not all merges are.
        """
        position = np.empty(self.n_points, dtype=np.int64)
        position[leaf_order] = np.arange(self.n_points)
        first = position.tolist() + [0] * len(self._sides)
        for row, (left, right) in enumerate(self._sides):
            first[self.n_points + row] = min(first[left], first[right])
        smaller = self.sizes[self.children].min(axis=1)
        by_size = np.lexsort((-np.arange(len(smaller)), -smaller))
        n_groups = int((smaller > 1).sum())
        most = n_merges if len(smaller) <= n_merges else min(n_merges, n_groups + n_single)
        rows = np.sort(by_size[:most])
        kept, holds_kept = self._mark(rows)
        places, found, closed = {}, [], []
        for row in rows.tolist():
            ends = []
            for side in self._sides[row]:
                while holds_kept[side] and not kept[side]:
                    side = next(below for below in self._sides[side - self.n_points] if holds_kept[below])
                height = 0.0 if side < self.n_points else float(self.heights[side - self.n_points])
                if side not in places and self.sizes[side] > 1:
                    closed.append((first[side], int(self.sizes[side]), height))
                ends += [places.get(side, first[side] + self.sizes[side] / 2), height]
            node = self.n_points + row
            places[node] = (ends[0] + ends[2]) / 2
            found.append((*ends, float(self.heights[row]), first[node], int(self.sizes[node])))
        return found, closed

    def _draw(self, rows):
        """Keep the merges `rows`, contract all others.

        At a merge that is not kept at most one side holds kept merges: for the last merges neither side does, and for the largest
        branches a merge inside the smaller side has a smaller side still.
        """
        kept, holds_kept = self._mark(rows)

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
            sides = sorted(self._sides[node - self.n_points], key=lambda side: (-self.sizes[side], side))
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
