"""What all figures share: colours, names, how a figure begins and where it is saved."""

import os
import re

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "hole"  # equal results give equal files
matplotlib.rcParams["pdf.fonttype"] = 42  # text stays text, as journals ask

from matplotlib import pyplot  # noqa: E402

FORMATS = (("png", {"Software": None}), ("svg", {"Date": None}), ("pdf", {"CreationDate": None}))
DIMENSIONS = ("#1960a5", "#c4570f", "#1f7f66", "#8e3d69")
MARKERS = ("o", "s", "^", "D")
MARK = "#b3261e"
STAGE_NAMES = {"initial": "Initial", "t_star": "t*", "intermediate": "Intermediate", "final": "Final"}


def stage_name(name):
    return STAGE_NAMES.get(name, name)


def dimension_style(dim):
    return DIMENSIONS[dim % len(DIMENSIONS)], MARKERS[dim % len(MARKERS)]


def new_figure(width, height, title):
    figure, axes = pyplot.subplots(figsize=(width, height), constrained_layout=True)
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure, directory, *words):
    name = "_".join(re.sub(r"[^\w.-]+", "-", word) for word in words)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, not for each file
    for extension, metadata in FORMATS:
        figure.savefig(os.path.join(directory, f"{name}.{extension}"), dpi=200, metadata=metadata)
    pyplot.close(figure)


def legend_below(axes, columns):
    """Under the axis label, where no mark can lie behind it."""
    below = -0.6 / axes.figure.get_figheight()
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, below), ncol=columns)
