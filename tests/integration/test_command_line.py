#!/usr/bin/python3
"""The command line as users meet it: help, sources of options, outputs and their names, what is printed where."""

import os
import re
import signal
import subprocess
import sys

import h5py
import numpy as np
from cli import expect_failure, expect_success, own_lines, run
from common import expect, finish, write_activations

N_POINTS = 40
COMMANDS = ["analyze", "inspect", "export"]
MOST_COLUMNS = 120
WIDTHS = [("first", 5), ("second", 3), ("third", 4)]
RNG = np.random.default_rng(20240503)

# Facts that do not hold today, by name. One that has come to hold fails the test until it is taken from this list.
PENDING = set()


def judge(name, holds):
    if name in PENDING:
        expect(not holds, f"{name}: holds now; take it from PENDING")
    else:
        expect(holds, name)


def analyze(*options, **how):
    """Run analyze on the small input; the group of the layer `first` by metric, and the root's attributes."""
    done = run("analyze", "in.h5", "-output", "out.h5", "-force", "-view", "none", *options, **how)
    if not expect_success(done):
        return {}, {}
    with h5py.File("out.h5") as file:
        metrics = {metric: dict(group.attrs) for metric, group in file["layers/first"].items()}
        return metrics, dict(file.attrs)


# ---- Help and version ----


def options_of(command):
    """Names of the command's options, from its table in the sources."""
    path = os.path.join(os.environ["HOLE_SOURCE_DIR"], "src", "app", f"{command}.c")
    with open(path, encoding="utf-8") as file:
        return re.findall(r'\{"(-\w+)",\s*OPTION_', file.read())


def check_page(words, *contents):
    """A page on stdout from the program alone: if MPI started, a transport that does not exist would end the run."""
    done = run(*words, environment={"OMPI_MCA_pml": "none_of_them", "PETSC_OPTIONS": "-options_file nothing.txt"})
    name = " ".join(["hole", *words])
    expect_success(done)
    missing = [word for word in contents if word not in done.stdout]
    long = [line for line in done.stdout.splitlines() if len(line) > MOST_COLUMNS]
    judge(name, not missing and not long and bool(done.stdout))


def check_help():
    for words in ([], ["-help"], ["--help"], ["-h"], ["help"]):
        check_page(words, *COMMANDS, "-help", "-version")
    for words in (["-version"], ["--version"]):
        check_page(words, "hole ", "PETSc", "HDF5", "MPI")
    for command in COMMANDS:
        names = options_of(command)
        expect(len(names) > 4, f"options of {command} found in the sources: {names}")
        check_page([command, "-help"], command, *(f"  {name} " for name in names))
        check_page([command, "nothing.h5", "-help"], command, *names)
    check_page(["help", "analyze"], "-metric", "-threshold")


# ---- Where options come from ----


def write_text(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def check_sources():
    write_text("plain.txt", "# of a run\n-metric cosine\n-max_dim 0\n")
    write_text("plain.yaml", "metric: cosine\nmax_dim: 0\n")
    write_text("nested.yaml", "homology:\n  type: standard\nmax:\n  dim: 2\n")
    sources = {
        "-options_file": (["-options_file", "plain.txt"], {}),
        "-options_file_yaml": (["-options_file_yaml", "plain.yaml"], {}),
        "PETSC_OPTIONS": ([], {"environment": {"PETSC_OPTIONS": "-metric cosine -max_dim 0"}}),
    }
    for name, (words, how) in sources.items():
        metrics, attributes = analyze(*words, **how)
        found = {metric: int(group["max_dim"]) for metric, group in metrics.items()}
        expect(found == {"cosine": 0}, f"{name}: {found}")
        recorded = attributes.get("options", b"").decode()
        expect("-metric cosine" in recorded, f"{name}: recorded options: {recorded}")
        for order in ([*words, "-metric", "euclidean"], ["-metric", "euclidean", *words]):
            metrics, _ = analyze(*order, **how)
            found = {metric: int(group["max_dim"]) for metric, group in metrics.items()}
            judge(f"the command line wins in {' '.join(order)}", found == {"euclidean": 0})
    metrics, _ = analyze("-options_file_yaml", "nested.yaml")
    expect(int(metrics["euclidean"]["max_dim"]) == 2, "nested YAML: max: dim: 2")


def check_startup_file():
    """PETSc reads .petscrc in the working directory. What comes from there is checked, and stands in the result."""
    write_text(".petscrc", "-metric cosine\n")
    metrics, attributes = analyze()
    recorded = attributes["options"].decode()
    expect("cosine" not in metrics or "-metric cosine" in recorded, f".petscrc: {list(metrics)}, recorded: {recorded}")
    judge(".petscrc is named in the result", "cosine" not in metrics or "petscrc" in str(attributes))
    os.unlink(".petscrc")


def check_flags():
    """A flag takes no word that is not its own."""
    table = {
        ("-force", "in.h5"): 0,
        ("-force", "true", "in.h5"): 0,
        ("in.h5", "-force", "yes"): 0,
        ("in.h5", "-force", "1"): 0,
        ("-force", "false", "in.h5"): 2,
        ("in.h5", "-force", "no"): 2,
    }
    for words, code in table.items():
        done = run("analyze", *words, "-output", "out.h5", "-view", "none")
        if code:
            expect_failure(done, code, "out.h5", "-force")
        else:
            expect_success(done)


def check_values():
    """A minus sign does not make a number an option."""
    expect_failure(run("analyze", "in.h5", "-threshold", "-1", "-output", "new.h5"), 2, "-threshold -1")
    expect_failure(run("analyze", "in.h5", "-threshold", "-.5", "-output", "new.h5"), 2, "-threshold -.5")
    expect_failure(run("analyze", "-threshold", "-1e3", "in.h5", "-output", "new.h5"), 2, "-threshold -1e3")
    metrics, _ = analyze("-threshold", "1.25")
    expect(metrics["euclidean"]["threshold"] == 1.25, f"-threshold 1.25: {metrics['euclidean']['threshold']}")
    metrics, _ = analyze("-threshold", "inf")
    expect(metrics["euclidean"]["threshold"] == np.inf, f"-threshold inf: {metrics['euclidean']['threshold']}")
    metrics, _ = analyze("-metric", "cosine,euclidean")
    expect(set(metrics) == {"cosine", "euclidean"}, f"-metric cosine,euclidean: {list(metrics)}")


def check_unused():
    done = run("analyze", "in.h5", "-output", "out.h5", "-force", "-view", "none", "-mat_type", "aij")
    expect_success(done, "hole: warning: option -mat_type was not used")


def check_layers():
    table = {
        "all": ["first", "second", "third"],
        "second": ["second"],
        "third,first": ["first", "third"],
        "*ir*": ["first", "third"],
        "[fs]*": ["first", "second"],
        "s*,third": ["second", "third"],
        "?????": ["first", "third"],
    }
    for patterns, names in table.items():
        expect_success(run("analyze", "in.h5", "-output", "out.h5", "-force", "-view", "none", "-layers", patterns))
        with h5py.File("out.h5") as file:
            found = [name.decode() for name in file["layer_names"]]
        expect(found == names, f"-layers {patterns}: {found}, expected {names}")


# ---- Outputs ----


def check_default_name():
    os.makedirs("elsewhere", exist_ok=True)
    for source, name in (("elsewhere/run.7.h5", "run.7.hole.h5"), ("elsewhere/plain", "plain.hole.h5")):
        os.link("in.h5", source)
        done = run("analyze", source, "-view", "none")
        expect_success(done)
        expect(os.path.exists(name) and len(os.listdir("elsewhere")) == 1, f"analyze {source}: no {name} here")
        expect_failure(run("analyze", source, "-view", "none"), 2, name, "-force")
        os.unlink(source)
    expect(not [name for name in os.listdir(".") if ".tmp." in name], f"temporary files: {os.listdir('.')}")


def check_printing():
    done = run("analyze", "in.h5", "-output", "out.h5", "-force", "-metric", "euclidean,cosine")
    expect_success(done)
    lines = [line.split() for line in done.stdout.splitlines()]
    rows = [line[:4] for line in lines if line[:1] in (["first"], ["second"], ["third"])]
    wanted = [[layer, metric, str(N_POINTS), str(width)] for layer, width in WIDTHS for metric in ("euclidean", "cosine")]
    expect(rows == wanted, f"rows of the summary: {rows}, expected {wanted}")
    expect(["layer", "metric", "N", "d"] in [line[:4] for line in lines], "the summary has no head")
    expect("in.h5" in done.stdout.splitlines()[0] and "out.h5" in done.stdout.splitlines()[-1], "the summary lacks names")
    with h5py.File("out.h5") as file:
        counts = {
            (layer, metric): [str(len(file[f"layers/{layer}/{metric}/diagrams/dim{k}"])) for k in (0, 1)]
            for layer, _ in WIDTHS
            for metric in ("euclidean", "cosine")
        }
    printed = {(line[0], line[1]): line[5:7] for line in lines if line[:4] in wanted}
    expect(printed == counts, f"intervals in the summary: {printed}, expected {counts}")
    for progress in ("auto", "plain", "off"):
        done = run("analyze", "in.h5", "-output", "out.h5", "-force", "-view", "none", "-progress", progress)
        expect_success(done)
        expect(not done.stdout, f"-view none -progress {progress} printed {done.stdout[:200]}")


def run_on_terminal(*words):
    """What a run writes on a terminal as its stderr, until it ends."""
    ours, theirs = os.openpty()
    process = subprocess.Popen([os.environ["HOLE_PROGRAM"], *words], stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(ours)
    expect(process.wait() == 0, f"{words} on a terminal: exit code {process.returncode}")
    return text.decode()


def check_progress():
    write_activations("long.h5", {"first": RNG.normal(size=(1500, 16))})
    words = ["analyze", "long.h5", "-output", "out.h5", "-force", "-view", "none", "-progress"]
    bar = run_on_terminal(*words, "auto")
    expect(re.search(r"\rfirst, euclidean .*\[#*\.*\] +\d+ %, .* left", bar), f"no bar on a terminal: {bar[:200]!r}")
    expect(bar.endswith("\r\033[K"), f"the bar stays on the terminal: {bar[-80:]!r}")
    for progress in ("plain", "off"):
        text = run_on_terminal(*words, progress)
        expect(not text, f"-progress {progress} on a terminal: {text[:200]!r}")


# ---- Inspect and export ----


def check_inspect():
    done = run("inspect", "in.h5")
    expect_success(done)
    for name, width in WIDTHS:
        expect(re.search(rf"^ *{name} +{N_POINTS} x {width} ", done.stdout, re.M), f"inspect in.h5: no line for {name}")
    expect(re.search(r"3 classes: red \(14\), green \(13\), blue \(13\)", done.stdout), f"inspect in.h5: {done.stdout}")
    done = run("inspect", "result.h5")
    expect_success(done)
    expect("result of hole analyze" in done.stdout and "in.h5" in done.stdout, f"inspect result.h5: {done.stdout[:300]}")
    expect(len(re.findall(r"^ *(?:first|second|third) +(?:euclidean|cosine) ", done.stdout, re.M)) == 6, done.stdout)
    write_activations("zeros.h5", {"first": np.vstack([np.zeros((2, 3)), np.ones((2, 3))])})
    done = run("inspect", "zeros.h5")
    expect_success(done)
    expect("50.0 %" in done.stdout and "2 rows are zero" in done.stdout, f"inspect zeros.h5: {done.stdout}")
    write_text("text.h5", "sixteen points\n")
    expect_failure(run("inspect", "text.h5"), 3, "text.h5")
    expect_failure(run("inspect", "nothing.h5"), 3, "nothing.h5")


def check_closed_pipe():
    """`hole inspect FILE | head`: the program just ends when nobody reads on."""
    analysis = ["analyze", "in.h5", "-output", "out.h5", "-force"]
    for words in (["inspect", "in.h5"], ["inspect", "result.h5"], ["export", "result.h5"], analysis):
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = run(*words, stdout=write_end)
        os.close(write_end)
        quiet = done.code in (0, -signal.SIGPIPE) and not own_lines(done.stderr)
        expect(quiet, f"{words} into a closed pipe: exit code {done.code}, stderr: {done.stderr[:200]}")
    script = '"$HOLE_PROGRAM" inspect result.h5 | head -1'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    expect(done.stdout.count("\n") == 1 and not done.stderr, f"inspect | head -1: {done.stdout!r} {done.stderr[:200]!r}")


def read_table(text):
    head, *rows = (line.split(",") for line in text.splitlines())
    return head, rows


def check_diagrams(text):
    """Every digit survives."""
    head, rows = read_table(text)
    expect(head == ["layer", "metric", "dimension", "birth", "death"], f"export: head {head}")
    with h5py.File("result.h5") as file:
        for name, _ in WIDTHS:
            for dim in ("0", "1"):
                wanted = file[f"layers/{name}/cosine/diagrams/dim{dim}"][()].tolist()
                found = [[float(row[3]), float(row[4])] for row in rows if row[:3] == [name, "cosine", dim]]
                expect(found == wanted, f"export: {name}, dimension {dim}: {found[:2]}, expected {wanted[:2]}")


def check_ripser_format():
    done = run("export", "result.h5", "-format", "ripser", "-layers", "first", "-metric", "euclidean")
    expect_success(done)
    lines = done.stdout.split("persistence intervals in dim 1:\n")[1].splitlines()
    found = [[float(end) if end.strip() else np.inf for end in line[2:-1].split(",")] for line in lines]
    with h5py.File("result.h5") as file:
        wanted = file["layers/first/euclidean/diagrams/dim1"][()].tolist()
    expect(found == wanted, f"export -format ripser: {found[:2]}, expected {wanted[:2]}")


def check_tables():
    columns = {"tree": 6, "stages": 6, "curves": 13, "nodes": 7, "flow_stages": 7, "flow_layers": 6}
    for table, n_columns in columns.items():
        head, rows = read_table(run("export", "result.h5", "-table", table).stdout)
        widths = {len(row) for row in [head, *rows]}
        expect(rows and widths == {n_columns}, f"export -table {table}: {len(rows)} rows, columns {widths}")


def check_export():
    done = run("export", "result.h5")
    expect_success(done)
    check_diagrams(done.stdout)
    expect_success(run("export", "result.h5", "-output", "table.csv"))
    with open("table.csv", encoding="utf-8") as file:
        expect(file.read() == done.stdout, "export: the file differs from what goes to stdout")
    write_text("table.csv", "older\n")
    expect_failure(run("export", "result.h5", "-output", "table.csv"), 2, "table.csv", "-force")
    with open("table.csv", encoding="utf-8") as file:
        expect(file.read() == "older\n", "export: an existing file was touched")
    expect_success(run("export", "-force", "result.h5", "-output", "table.csv", "-layers", "s*", "-metric", "cosine"))
    with open("table.csv", encoding="utf-8") as file:
        _, rows = read_table(file.read())
    expect({(row[0], row[1]) for row in rows} == {("second", "cosine")}, f"export -layers s*: {rows[:2]}")


def main():
    points = {name: RNG.normal(size=(N_POINTS, width)) for name, width in WIDTHS}
    write_activations("in.h5", points, np.arange(N_POINTS) % 3, ["red", "green", "blue"])
    expect_success(run("analyze", "in.h5", "-output", "result.h5", "-view", "none", "-metric", "euclidean,cosine"))
    for check in (
        check_help,
        check_sources,
        check_startup_file,
        check_flags,
        check_values,
        check_unused,
        check_layers,
        check_default_name,
        check_printing,
        check_progress,
        check_inspect,
        check_closed_pipe,
        check_export,
        check_ripser_format,
        check_tables,
    ):
        check()
    return finish()


if __name__ == "__main__":
    sys.exit(main())
