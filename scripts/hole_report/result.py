"""Reading of a hole result into plain objects; everything optional in the file is empty or None here."""

import os
from dataclasses import dataclass, field

import h5py
import numpy as np

NODE_FIELDS = ("layer", "stage", "cluster", "size", "dominant_class", "dominant_count")
STAGE_FLOW_FIELDS = ("layer", "source_stage", "source_cluster", "target_stage", "target_cluster", "count")
LAYER_FLOW_FIELDS = ("source_layer", "source_cluster", "target_layer", "target_cluster", "count")
TRUE_LABELS = -1  # stage index of the true labels in the flow tables


class ResultError(Exception):
    """The file cannot be read as a hole result; the message is meant for the user."""


@dataclass
class Diagram:
    dim: int
    intervals: np.ndarray  # [n, 2] birth and death; death inf = essential
    zero_pairs: int

    @property
    def lengths(self):
        return self.intervals[:, 1] - self.intervals[:, 0]

    def longest_first(self):
        """Essential intervals lead, older first; then by length."""
        return self.intervals[np.lexsort((self.intervals[:, 0], -self.lengths))]


@dataclass
class Stage:
    name: str
    threshold: float
    n_clusters: int


@dataclass
class Run:
    """One layer under one metric."""

    attributes: dict
    diagrams: list = field(default_factory=list)
    linkage: np.ndarray = None  # [n_points - 1, 4], SciPy's convention
    stages: list = field(default_factory=list)
    curves: dict = field(default_factory=dict)  # name -> one value a distinct merge height
    stage_labels: np.ndarray = None  # [stage, point] cluster of each point
    tasks: dict = field(default_factory=dict)  # name -> Table
    views: dict = field(default_factory=dict)  # name -> array; see read_views()

    @property
    def n_points(self):
        return int(self.attributes.get("n_points", 0 if self.linkage is None else len(self.linkage) + 1))

    def curve_at(self, name, threshold):
        """Value of a curve for the partition at `threshold`, None below the first merge or where there is no such curve."""
        if name not in self.curves:
            return None
        row = np.searchsorted(self.curves["threshold"], threshold, side="right") - 1
        return float(self.curves[name][row]) if row >= 0 else None

    def reference_stage(self, name):
        """The stage that summaries speak of: `name` if the run has it, else t_star, else the first one."""
        by_name = {stage.name: stage for stage in self.stages}
        return by_name.get(name) or by_name.get("t_star") or next(iter(self.stages), None)


@dataclass
class Table:
    """A dataset with its attributes; compound ones as structured arrays."""

    values: np.ndarray
    attributes: dict


@dataclass
class Summaries:
    """Persistence summaries of all layers on common grids; None for what the file lacks."""

    statistics: np.ndarray = None  # layer, dim, count, essential, mean, std, median, max, total, entropy
    grid: np.ndarray = None
    betti: np.ndarray = None  # [layer, dim, grid]
    landscapes: np.ndarray = None  # [layer, dim, k, grid]
    images: np.ndarray = None  # [layer, dim, persistence, birth]
    image_ranges: list = None  # (birth range, persistence range) of each dimension


@dataclass
class Similarity:
    values: np.ndarray  # [rows, columns]
    rows: list
    columns: list
    attributes: dict


@dataclass
class Comparison:
    """What /conditions holds of another result, one metric."""

    flow: np.ndarray = None  # layer, source_cluster, target_cluster, count
    robustness: np.ndarray = None  # layer, dim, feature, value, other, relative_change
    attributes: dict = field(default_factory=dict)


@dataclass
class Flow:
    nodes: np.ndarray
    stages: np.ndarray
    layers: np.ndarray
    layer_stage: str  # stage at which the layers are linked
    folded_nodes: np.ndarray = None  # the drawing tables of the file, where it has them
    folded: np.ndarray = None


@dataclass
class Result:
    path: str
    attributes: dict
    labels: np.ndarray  # None where no sample is labelled
    class_names: list
    layers: list
    metrics: list
    runs: dict  # (metric, layer name) -> Run
    flows: dict  # metric -> Flow
    timings: list  # (layer index or -1, metric, step, seconds, peak bytes)
    sample_ids: np.ndarray = None
    summaries: dict = field(default_factory=dict)  # metric -> Summaries
    similarity: dict = field(default_factory=dict)  # measure -> Similarity
    comparisons: dict = field(default_factory=dict)  # name of the other result -> metric -> Comparison

    @property
    def condition(self):
        """What to call this result among others."""
        stem = os.path.basename(self.path)
        for ending in (".h5", ".hdf5", ".hole"):
            stem = stem[: -len(ending)] if stem.endswith(ending) else stem
        return self.attributes.get("condition") or stem

    @property
    def accuracy(self):
        try:
            return float(self.attributes["accuracy"])
        except (KeyError, ValueError):
            return None


def text_of(value):
    """Any attribute value or string as text: bytes are UTF-8, arrays are joined by commas."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return ", ".join(text_of(item) for item in value.ravel().tolist())
    return str(value)


def read_strings(parent, name):
    return [text_of(item) for item in parent[name][()].tolist()] if name in parent else []


def read_table(parent, name, fields):
    """Compound dataset as a structured array; empty where it is absent."""
    if name not in parent:
        return np.zeros(0, dtype=[(column, np.int64) for column in fields])
    table = parent[name][()]
    missing = [column for column in fields if column not in (table.dtype.names or ())]
    if missing:
        raise ResultError(f"{parent.file.filename}: {parent.name}/{name} lacks the column {missing[0]}")
    return table


def read_diagrams(group):
    diagrams = []
    for name in sorted(group.get("diagrams", ())):
        if name.startswith("dim") and name[3:].isdigit():
            dataset = group["diagrams"][name]
            intervals = np.asarray(dataset[()], dtype=float).reshape(-1, 2)
            diagrams.append(Diagram(int(name[3:]), intervals, int(dataset.attrs.get("zero_pairs", 0))))
    return diagrams


def read_run(group):
    run = Run({key: group.attrs[key] for key in group.attrs}, read_diagrams(group))
    if "tree/linkage" in group:
        run.linkage = np.asarray(group["tree/linkage"][()], dtype=float).reshape(-1, 4)
    if "stages" in group:
        stages = group["stages"]
        columns = (read_strings(stages, "name"), stages["threshold"][()].tolist(), stages["n_clusters"][()].tolist())
        run.stages = [Stage(*row) for row in zip(*columns)]
        run.stage_labels = stages["labels"][()] if "labels" in stages else None
    if "curves" in group and "threshold" in group["curves"]:
        run.curves = {name: np.asarray(values[()], dtype=float) for name, values in group["curves"].items()}
    run.tasks = read_tasks(group)
    run.views = read_views(group)
    return run


def plain_attributes(owner):
    return {key: owner.attrs[key] for key in owner.attrs if key not in ("description", "unit")}


def read_tasks(group):
    tasks = group.get("tasks")
    if not isinstance(tasks, h5py.Group):
        return {}
    return {name: Table(item[()], plain_attributes(item)) for name, item in tasks.items() if isinstance(item, h5py.Dataset)}


def read_views(group):
    """Arrays below views/, those of views/blobs under names such as blobs/hulls."""
    found = {}
    if isinstance(group.get("views"), h5py.Group):
        views = group["views"]
        for name in ("pca2", "spectral2", "leaf_order", "heatmap", "heatmap_first", "heatmap_class"):
            if name in views:
                found[name] = views[name][()]
        if "pca2" in views and "explained" in views["pca2"].attrs:
            found["explained"] = np.ravel(views["pca2"].attrs["explained"])
        for name in ("hulls", "vertices", "minority"):
            if f"blobs/{name}" in views:
                found[f"blobs/{name}"] = views[f"blobs/{name}"][()]
    return found


def read_summaries(group):
    def array(name):
        return group[name][()] if name in group else None

    found = Summaries(array("statistics"), array("grid"), array("betti"), array("landscapes"), array("images"))
    if found.images is not None:
        n_dims, attributes = found.images.shape[1], group["images"].attrs
        ranges = [np.asarray(attributes.get(name, (0, 1)), dtype=float) for name in ("birth_range", "persistence_range")]
        pairs = [np.broadcast_to(values.reshape(-1, 2), (n_dims, 2)) for values in ranges]
        found.image_ranges = list(zip(pairs[0].tolist(), pairs[1].tolist()))
    return found


def read_similarity(file, layers):
    found = {}
    group = file.get("similarity")
    for name, item in group.items() if isinstance(group, h5py.Group) else ():
        if not isinstance(item, h5py.Dataset) or item.ndim != 2 or not item.size:
            continue
        attributes = plain_attributes(item)
        sides = []
        for side, count in zip(("rows", "columns"), item.shape):
            names = [text_of(word) for word in np.ravel(attributes.get(side, attributes.get("layers", []))).tolist()]
            sides.append(names if len(names) == count else layers if len(layers) == count else [str(k) for k in range(count)])
        found[name] = Similarity(np.asarray(item[()], dtype=float), *sides, attributes)
    return found


def read_comparisons(file):
    found = {}
    group = file.get("conditions")
    for name, other in group.items() if isinstance(group, h5py.Group) else ():
        for metric, item in other.items():
            if isinstance(item, h5py.Group):
                flow, robustness = (item[key][()] if key in item else None for key in ("flow", "robustness"))
                attributes = {**plain_attributes(other), **plain_attributes(item)}
                found.setdefault(name, {})[metric] = Comparison(flow, robustness, attributes)
    return found


def read_flow(group):
    links = group.get("layers")
    return Flow(
        nodes=read_table(group, "nodes", NODE_FIELDS),
        stages=read_table(group, "stages", STAGE_FLOW_FIELDS),
        layers=read_table(group, "layers", LAYER_FLOW_FIELDS),
        layer_stage=text_of(links.attrs.get("stage", "t_star")) if links is not None else "t_star",
        folded_nodes=group["folded_nodes"][()] if "folded_nodes" in group else None,
        folded=group["folded"][()] if "folded" in group else None,
    )


def read_timings(file):
    if "timings" not in file:
        return []
    table = file["timings"][()]
    return [
        (int(row["layer"]), text_of(row["metric"]), text_of(row["step"]), float(row["seconds"]), int(row["peak_bytes"]))
        for row in table
    ]


def name_classes(names, labels):
    n_classes = max(len(names), int(labels.max()) + 1 if labels is not None else 0)
    return names + [f"class {index}" for index in range(len(names), n_classes)]


def read_open_file(file, path):
    if text_of(file.attrs.get("format", "")) != "hole-result":
        raise ResultError(f"{path}: not a hole result: the attribute format is not 'hole-result'")
    if not isinstance(file.get("layers"), h5py.Group):
        raise ResultError(f"{path}: no group /layers: expected a result of hole analyze")
    layers = read_strings(file, "layer_names") or sorted(file["layers"])
    layers = [layer for layer in layers if layer in file["layers"]]
    runs = {
        (metric, layer): read_run(group)
        for layer in layers
        for metric, group in file["layers"][layer].items()
        if isinstance(group, h5py.Group)
    }
    if not runs:
        raise ResultError(f"{path}: /layers holds no analysed layer")
    labels = file["labels"][()] if "labels" in file else None
    if labels is not None and not (labels >= 0).any():
        labels = None
    return Result(
        path=path,
        attributes={key: text_of(file.attrs[key]) for key in file.attrs},
        labels=labels,
        class_names=name_classes(read_strings(file, "class_names"), labels),
        layers=layers,
        metrics=sorted({metric for metric, _ in runs}),
        runs=runs,
        flows={metric: read_flow(group) for metric, group in file.get("flow", {}).items()},
        timings=read_timings(file),
        sample_ids=file["sample_ids"][()] if "sample_ids" in file else None,
        summaries={metric: read_summaries(group) for metric, group in file.get("summaries", {}).items()},
        similarity=read_similarity(file, layers),
        comparisons=read_comparisons(file),
    )


def check_sizes(result):
    """The views index labels by position: a tree over another number of points would draw nonsense."""
    if result.labels is None:
        return
    for (metric, layer), run in result.runs.items():
        if run.linkage is not None and len(run.linkage) + 1 != len(result.labels):
            found = f"{len(run.linkage) + 1} points in tree/linkage, {len(result.labels)} labels"
            raise ResultError(f"{result.path}: damaged hole result: /layers/{layer}/{metric}: {found}")


def first_line(error):
    return next(iter(str(error).strip("'\"").splitlines()), type(error).__name__)


def read(path):
    if not os.path.isfile(path):
        raise ResultError(f"{path}: no such file")
    try:
        with h5py.File(path, "r") as file:
            result = read_open_file(file, path)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read as HDF5: {first_line(error)}") from error
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise ResultError(f"{path}: damaged hole result: {first_line(error)}") from error
    check_sizes(result)
    return result
