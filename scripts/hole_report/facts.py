"""Numbers that stand for one layer under one metric: what is drawn over depth and compared between conditions."""

import numpy as np

AT_STAGE = ("purity", "homogeneity", "class_homogeneity", "completeness", "v_measure", "ari", "nmi")
SEPARABILITY = ("score", "best_ari", "best_nmi", "gap_ratio", "cross_class_edges")


def diagram_facts(diagram):
    """Over the intervals that end: number of all and of these, longest, sum of lengths, entropy of the lengths (natural logarithm)."""
    lengths = diagram.lengths
    lengths = lengths[np.isfinite(lengths)]
    total = float(lengths.sum())
    shares = lengths[lengths > 0] / total if total > 0 else np.zeros(0)
    return {
        "count": len(diagram.intervals),
        "finite": len(lengths),
        "essential": int(np.isinf(diagram.intervals[:, 1]).sum()),
        "longest": float(lengths.max(initial=0)),
        "total": total,
        "entropy": float(-(shares * np.log(shares)).sum()),
    }


def record_of(table):
    """First row of a compound dataset as {column: number}; a plain group of attributes will do as well."""
    if table is None or not table.values.dtype.names or not np.size(table.values):
        return {}
    row = np.ravel(table.values)[0]
    return {name: float(row[name]) for name in table.values.dtype.names if np.issubdtype(row.dtype[name], np.number)}


def run_facts(run, flow_stage="t_star"):
    """{name: number}; what the result does not hold is left out. Names of a dimension: h1_count, h1_total, ..."""
    found = {}
    stage = run.reference_stage(flow_stage)
    if stage:
        found["n_clusters"] = stage.n_clusters
        found["threshold"] = stage.threshold
        for name in AT_STAGE:
            value = run.curve_at(name, stage.threshold)
            if value is not None:
                found[name] = value
    for name, curve in (("score", "score"), ("best_ari", "ari"), ("best_nmi", "nmi")):
        values = run.curves.get(curve)
        if values is not None and len(values):
            found[name] = float(np.nanmax(values))
    separability = record_of(run.tasks.get("separability"))
    found.update({name: separability[name] for name in SEPARABILITY if np.isfinite(separability.get(name, np.nan))})
    for diagram in run.diagrams:
        found.update({f"h{diagram.dim}_{name}": value for name, value in diagram_facts(diagram).items()})
    return found
