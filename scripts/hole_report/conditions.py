"""One network under several conditions: the result drawn, other results, and what the result holds of comparisons with others."""

from dataclasses import dataclass, field

import numpy as np

from . import facts, sankey

# Words of /conditions/<other>/<metric>/robustness for the facts of a layer.
ROBUSTNESS_FEATURES = {"count": "finite", "max": "longest", "total": "total", "entropy": "entropy"}


@dataclass
class Condition:
    name: str
    accuracy: float  # None where it is not known
    is_own: bool
    layers: dict = field(default_factory=dict)  # metric -> {layer name: {fact: number}}


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def of_result(result, is_own):
    found = Condition(result.condition, result.accuracy, is_own)
    for (metric, layer), run in result.runs.items():
        flow = result.flows.get(metric)
        found.layers.setdefault(metric, {})[layer] = facts.run_facts(run, flow.layer_stage if flow else "t_star")
    return found


def title_of(name, by_metric):
    """What a condition calls itself, else the name of its group."""
    attributes = next((comparison.attributes for comparison in by_metric.values()), {})
    return text_of(attributes.get("condition", name))


def of_comparison(result, name, by_metric):
    """A condition known from tables alone: features of the other result, as robustness lists them."""
    attributes = next((comparison.attributes for comparison in by_metric.values()), {})
    accuracy = attributes.get("accuracy")
    found = Condition(title_of(name, by_metric), None if accuracy is None else float(accuracy), False)
    for metric, comparison in by_metric.items():
        table = comparison.robustness
        if table is None or not {"layer", "dim", "feature", "other"} <= set(table.dtype.names or ()):
            continue
        for row in table[table["layer"] >= 0]:
            layer, feature = result.layers[int(row["layer"])], text_of(row["feature"])
            known = found.layers.setdefault(metric, {}).setdefault(layer, {})
            if int(row["dim"]) >= 0 and feature in ROBUSTNESS_FEATURES:
                known[f"h{int(row['dim'])}_{ROBUSTNESS_FEATURES[feature]}"] = float(row["other"])
            elif int(row["dim"]) < 0:
                known[feature] = float(row["other"])
    return found


def gather(result, others):
    """The result itself first, then the others given, then those that only its groups tell of."""
    found = [of_result(result, True)] + [of_result(other, False) for other in others]
    known = {other.condition for other in others} | {stem_of(other) for other in others}
    for name, by_metric in result.comparisons.items():
        comparison = of_comparison(result, name, by_metric)
        if name not in known and comparison.name not in known:
            found.append(comparison)
    return found


def stem_of(result):
    stem = result.path.rsplit("/", 1)[-1]
    for ending in (".h5", ".hdf5", ".hole"):
        stem = stem[: -len(ending)] if stem.endswith(ending) else stem
    return stem


# ---- Flow of clusters between conditions ----


def members_at_link(result, metric, layer):
    run, flow = result.runs.get((metric, layer)), result.flows.get(metric)
    if run is None or flow is None or run.stage_labels is None:
        return None
    stage = sankey.linking_stage(flow, run)
    return None if stage is None else run.stage_labels[stage]


def columns_of_points(key, members, labels):
    """Clusters of a column, counted from the cluster of every point."""
    n_clusters, n_classes = int(members.max(initial=-1)) + 1, int(labels.max(initial=0)) + 1 if labels is not None else 1
    counts = np.zeros((n_clusters, n_classes), dtype=np.int64)
    if labels is not None:
        known = labels >= 0
        np.add.at(counts, (members[known], labels[known]), 1)
    most = counts.max(axis=1, initial=0)
    dominant = np.where(most > 0, counts.argmax(axis=1), -1)
    sizes = np.bincount(members, minlength=n_clusters)
    return sankey.make_clusters(key, np.arange(n_clusters), sizes, dominant, most, members)


def flow_to_result(result, other, metric, layer):
    """Clusters here and there over the samples that both hold."""
    here, there = members_at_link(result, metric, layer), members_at_link(other, metric, layer)
    if here is None or there is None:
        return []
    if result.sample_ids is None or other.sample_ids is None:
        mine = theirs = np.arange(min(len(here), len(there)))
    else:
        _, mine, theirs = np.intersect1d(result.sample_ids, other.sample_ids, return_indices=True)
    if not len(mine):
        return []
    here, there = here[mine], there[theirs]
    labels = None if result.labels is None else result.labels[mine]
    (pairs, count) = np.unique(np.stack([here, there]), axis=1, return_counts=True)
    columns = [keep_used(columns_of_points(key, members, labels)) for key, members in enumerate((here, there))]
    return sankey.variants(columns, [(pairs[0], pairs[1], count)], labels)


def keep_used(clusters):
    used = clusters.size > 0
    parts = (clusters.cluster, clusters.size, clusters.dominant_class, clusters.dominant_count)
    return sankey.make_clusters(clusters.key, *(part[used] for part in parts), clusters.members)


def flow_of_tables(result, comparison, metric, layer):
    """The same from /conditions alone: what classes the clusters of the other result hold is not known."""
    if comparison.flow is None:
        return []
    index = result.layers.index(layer)
    rows = comparison.flow[comparison.flow["layer"] == index]
    if not len(rows):
        return []
    columns = []
    for key, name in enumerate(("source_cluster", "target_cluster")):
        cluster, size = sankey.sum_by_cluster(rows, name)
        columns.append(sankey.linked_clusters(result, metric, index, cluster, size, key) if key == 0 else sankey.make_clusters(key, cluster, size))
    return sankey.variants(columns, [(rows["source_cluster"], rows["target_cluster"], rows["count"])], result.labels)


def flows(result, others, metric, layer):
    """[(name of the other condition, variants)]."""
    found = [(other.condition, flow_to_result(result, other, metric, layer)) for other in others]
    known = {name for name, _ in found} | {stem_of(other) for other in others}
    for name, by_metric in result.comparisons.items():
        if metric in by_metric and name not in known:
            title = text_of(by_metric[metric].attributes.get("condition", name))
            found.append((title, flow_of_tables(result, by_metric[metric], metric, layer)))
    return [(name, variants) for name, variants in found if variants]
