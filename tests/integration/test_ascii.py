"""What -view ascii prints, against the result file of the same run; and what results keep of the input's attributes."""

import math
import re
import sys

import common
import h5py
import numpy as np
from common import expect

RNG = np.random.default_rng(20260718)
BARS, CLUSTERS, WIDTH, LABEL = 12, 8, 80, 26
NAMES = ["Größe", "b" * 40, "third"]


def make_input(path):
    """A circle beside two groups; classes with names that are not ASCII and too long; one point without a label."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([3 * np.cos(angles), 3 * np.sin(angles)], axis=1)
    rows = np.concatenate([circle, RNG.normal(size=(20, 2)) * 0.2 + 12, RNG.normal(size=(17, 2)) * 0.3 - 12])
    labels = np.repeat([0, 1, 2], [24, 20, 17])
    labels[3] = -1
    layers = {"erste Schicht ß": rows, "second": np.concatenate([rows, rows**2], axis=1)}
    common.write_activations(path, layers, labels, NAMES)
    with h5py.File(path, "a") as file:
        file.attrs.update({"model": "net ß", "dataset": np.bytes_(b"points"), "condition": "clean", "accuracy": 0.875})
    return path


def plain(name, width):
    name = "".join(letter if " " <= letter <= "~" else "?" for letter in name)
    return name if len(name) <= width else name[: width - 1] + "~"


def longest(intervals):
    lengths = intervals[:, 1] - intervals[:, 0]
    return intervals[np.argsort(-lengths, kind="stable")[:BARS]]


def number(value):
    return "inf" if math.isinf(value) else f"{value:.5g}"


def barcode_lines(group):
    diagrams = [group[f"diagrams/dim{dim}"][()] for dim in range(int(group.attrs["max_dim"]) + 1)]
    drawn = [longest(diagram) for diagram in diagrams]
    end = max(death if np.isfinite(death) else birth for diagram in drawn for birth, death in diagram)
    lines = [f"  Longest intervals, 0 to {number(end)}: = lives, | dies, > does not end"]
    for dim, (diagram, bars) in enumerate(zip(diagrams, drawn)):
        some = f", {len(bars)} drawn" if len(bars) < len(diagram) else ""
        lines.append(f"  H{dim}: {len(diagram)} interval{'' if len(diagram) == 1 else 's'}{some}")
        lines += [f"  {'birth':>10} {'death':>10}"] if len(bars) else []
        for birth, death in bars:
            columns = WIDTH - LABEL - 2  # the last column is for bars without end
            first, last = (int(value / end * columns) if np.isfinite(value) else columns + 1 for value in (birth, death))
            bar = " " * first + "=" * (last - first) + ("|" if np.isfinite(death) else ">")
            lines.append(f"  {number(birth):>10} {number(death):>10}  {bar}")
    return lines


def stage_lines(file, group, n_added):
    """The clusters of every stage, counted from the labels of the points; the last `n_added` are no part of the sequence."""
    labels, lines = file["labels"][()], []
    stages = list(group["stages/labels"][()])
    n_nested = len(stages) - n_added
    names = [name.decode() for name in group["stages/name"][()]]
    for s, (stage, name, at) in enumerate(zip(stages, names, group["stages/threshold"][()])):
        sizes = np.bincount(stage)
        apart = "" if s < n_nested else " (where layers are linked)"
        lines += ["", f"  {name}{apart}: {len(sizes)} cluster{'' if len(sizes) == 1 else 's'} at {number(at)}"]
        lines.append(f"  {'cluster':>9} {'points':>10}  {'mostly':<20} {'share':>8} {'made of':>9}  {'joins':>9}")
        largest = np.argsort(-sizes, kind="stable")[:CLUSTERS]
        for cluster in largest:
            inside = stage == cluster
            classes = np.bincount(labels[inside & (labels >= 0)], minlength=1)
            known = classes.max() > 0
            mostly = plain(NAMES[classes.argmax()], 20) if known else "-"
            share = f"{100 * classes.max() / sizes[cluster]:.1f} %" if known else "-"
            made_of = str(len(np.unique(stages[s - 1][inside]))) if 0 < s < n_nested else "-"
            joins = str(stages[s + 1][inside][0]) if s + 1 < n_nested else "-"
            lines.append(f"  {cluster:>9} {sizes[cluster]:>10}  {mostly:<20} {share:>8} {made_of:>9}  {joins:>9}")
        if len(sizes) > len(largest):
            others = sizes.sum() - sizes[largest].sum()
            lines.append(f"  {'others':>9} {others:>10}  in {len(sizes) - len(largest)} smaller clusters")
    return lines


def wanted_lines(path, metric, n_added):
    with h5py.File(path) as file:
        lines = []
        for layer in [name.decode() for name in file["layer_names"][()]]:
            group = file[f"layers/{layer}/{metric}"]
            points, width, threshold = (group.attrs[name] for name in ("n_points", "width", "threshold"))
            lines += [f"{plain(layer, 100)}, {metric}"]
            lines += [f"  {points} points of width {width}, threshold {number(threshold)}, TIME s", ""]
            lines += [*barcode_lines(group), ""]
            lines += ["  Clusters by size; made of: how many of the stage above; joins: at the next"]
            lines += [*stage_lines(file, group, n_added), ""]
        return lines


def check_view(path, ranks, metric, n_added, *options):
    output = f"{metric}.h5"
    printed = common.run_hole(ranks, "analyze", path, "-output", output, "-force", "-progress", "off", "-view", "ascii",
                              "-metric", metric, *options)  # fmt: skip
    expect(printed.isascii(), f"{metric}: not ASCII")
    lines = [line.rstrip() for line in printed.splitlines()]
    expect(max(map(len, lines[1:-1])) <= WIDTH, f"{metric}: a line of {max(map(len, lines[1:-1]))} columns")
    expect(re.match(rf"{path}: 61 samples, 2 layers, 3 classes, {ranks or 1} rank", lines[0]), f"{metric}: head: {lines[0]}")
    expect(lines[-1].endswith(f"written to {output}"), f"{metric}: foot: {lines[-1]}")
    found = [re.sub(r"(threshold \S+, )[\d.]+ s$", r"\1TIME s", line) for line in lines[2:-2]]
    wanted = wanted_lines(output, metric, n_added)
    for at, (line, want) in enumerate(zip(found, wanted)):
        if not expect(line == want.rstrip(), f"{metric} {options}: line {at + 3} is {line!r}, expected {want!r}"):
            return
    expect(len(found) >= len(wanted), f"{metric}: {len(found)} lines, expected {len(wanted)}")
    expect("".join(found[len(wanted) :]) == "", f"{metric}: left over: {found[len(wanted):]}")


def check_attributes(path, ranks):
    common.analyze(ranks, path, "kept.h5")
    wanted = {"model": "net ß", "dataset": "points", "condition": "clean", "accuracy": 0.875}
    with h5py.File("kept.h5") as file:
        for name, value in wanted.items():
            found = file.attrs.get(name)
            found = found.decode() if isinstance(found, bytes) else found
            expect(found == value, f"attribute {name} of the result is {found!r}, expected {value!r}")
    with h5py.File(path, "a") as file:  # odd ones are left out, they are no reason to refuse the file
        for name in wanted:
            del file.attrs[name]
        file.attrs["model"] = ["two", "names"]
        file.attrs["dataset"] = "long " * 300
        file.attrs["condition"] = h5py.Empty("f8")
        file.attrs["accuracy"] = np.int16(1)
    common.analyze(ranks, path, "odd.h5")
    with h5py.File("odd.h5") as file:
        expect(not {"model", "condition"} & set(file.attrs), f"odd attributes: {dict(file.attrs)}")
        expect(file.attrs["accuracy"] == 1, f"accuracy {file.attrs['accuracy']}")
        expect(file.attrs["dataset"].startswith(b"long long"), "the long text is lost")


def main():
    ranks = common.rank_count()
    path = make_input("points.h5")
    check_view(path, ranks, "euclidean", 0)
    check_view(path, ranks, "cosine", 1, "-max_dim", 0, "-stages", "count:3")
    check_view(path, ranks, "manhattan", 1, "-stages", "at:0.5")
    check_attributes(path, ranks)
    return common.finish()


if __name__ == "__main__":
    sys.exit(main())
