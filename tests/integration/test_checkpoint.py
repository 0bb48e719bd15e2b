#!/usr/bin/python3
"""Checkpoints: a run that ends early is finished by a later one, on any number of ranks, with the same bytes.

A unit is one layer by one metric. Runs are ended by a fault after a file of the checkpoint has been written, by the memory that the
reduction may take, and by signals to a rank and to the launcher.
"""

import glob
import os
import shutil
import signal
import subprocess
import sys

import h5py
import numpy as np
import test_kill
from cli import MOST_SECONDS, QUICK, SLOW, expect_failure, expect_success, launcher, own_lines, ranks_to_use, run, snapshot, stop
from common import compare_contents, expect, finish, result_contents, write_activations

N_POINTS, N_SPHERE, N_LONG = 40, 230, 1500
RNG = np.random.default_rng(20240711)
OPTIONS = "-max_dim 2 -metric euclidean,cosine -representatives cocycles -reshape spatial:random -views all".split()
OUTPUT = test_kill.OUTPUT = os.path.abspath("stopped.h5")
STOP = ("-hole_fault_point", "checkpoint_saved_1", "-hole_fault_rank", "0")


def analyze(path, output, *options, **how):
    return run("analyze", path, "-output", output, "-view", "none", "-progress", "off", *options, **how)


def compare(where, output, reference):
    """All that does not depend on the run, and the positions of points."""
    compare_contents(where, result_contents(output), result_contents(reference))
    with h5py.File(output) as found, h5py.File(reference) as wanted:
        same = ("positions" in wanted) == ("positions" in found)
        same = same and all(np.array_equal(found["positions"][name], wanted["positions"][name]) for name in wanted.get("positions", ()))
        expect(same, f"{where}: /positions differ")


def steps(output, layer):
    with h5py.File(output) as file:
        return [row["step"].decode() for row in file["timings"][()] if row["layer"] == layer]


def write_inputs():
    maps = RNG.normal(size=(N_POINTS, 5, 3, 3))
    write_activations("in.h5", {"conv": maps, "fc": RNG.normal(size=(N_POINTS, 4))}, np.arange(N_POINTS) % 3)
    sphere = RNG.normal(size=(N_SPHERE, 3))
    write_activations("sphere.h5", {"s": sphere / np.linalg.norm(sphere, axis=1)[:, None]})
    long = {"quick": RNG.normal(size=(N_LONG, 2)).astype("f4"), "slow": RNG.normal(size=(N_LONG, 14)).astype("f4")}
    write_activations("long.h5", long)


def has_faults():
    done = analyze("in.h5", "none.h5", "-hole_fault_point", "none", "-max_dim", "0", ranks=0)
    return "was not used" not in done.stderr


# ---- Every stop ----


def check_every_stop(ranks):
    """Each of four units is kept three times: after dimension 1, after dimension 2, whole."""
    expect_success(analyze("in.h5", "wanted.h5", *OPTIONS, ranks=0))
    options = [*OPTIONS, "-checkpoint", "new/ck"]
    for save in range(12 if has_faults() else 0):
        how = {"ranks": ranks if save % 3 == 1 else 0}
        done = analyze("in.h5", "out.h5", *options, "-restart", *STOP, **how)
        words = [f"{save // 3} of 4 units", "new/ck", "-restart"] if save else ["-restart"]
        words += [f"dimensions 0 to {save % 3}"] if save % 3 else []
        expect_failure(done, 4, "checkpoint_saved_1", *words)
        expect(not os.path.exists("out.h5"), f"stop {save}: there is an output")
    expect_success(analyze("in.h5", "out.h5", *options, "-restart", ranks=ranks))
    compare("after 12 stops", "out.h5", "wanted.h5")
    left = [name for name in os.listdir("new/ck") if not name.startswith("unit")]
    expect(len(os.listdir("new/ck")) == 4 and not left, f"the folder has {sorted(os.listdir('new/ck'))}")


def check_reuse(ranks):
    """All units are there: nothing is computed, and what results do not depend on may differ."""
    words = ["-output", "again.h5", "-checkpoint", "new/ck", "-restart", "-homology_windows", "3", "-distances_axes", "2"]
    done = run("analyze", "in.h5", *OPTIONS, *words, ranks=ranks)
    expect_success(done)
    expect("checkpoint new/ck: 4 of 4 units are there" in done.stdout, f"{done}: printed {done.stdout[:200]}")
    compare("from whole units", "again.h5", "wanted.h5")
    with h5py.File("again.h5") as file:
        found = file.attrs["units_reused"], file.attrs["restarted_from"].decode()
    expect(found == (4, "new/ck"), f"provenance: {found}")
    expect("read" not in steps("again.h5", 0) and "distances" not in steps("again.h5", 0), f"steps {steps('again.h5', 0)}")


# ---- Refusals ----


def check_refusals():
    before = snapshot("new")
    given = [*OPTIONS, "-checkpoint", "new/ck"]
    os.utime("in.h5", (0, 0))
    expect_failure(analyze("in.h5", "no.h5", *given, "-restart", ranks=0), 2, "new/ck/unit0000.h5", "modified", "1970")
    os.utime("in.h5", TIMES)
    expect_failure(analyze("in.h5", "no.h5", *given, "-restart", "-max_dim", "1", ranks=0), 2, "'-max_dim 2'", "'-max_dim 1'")
    expect_failure(analyze("in.h5", "no.h5", *given, "-restart", "-layers", "fc", ranks=0), 2, "layer conv", "layer fc")
    expect_failure(analyze("in.h5", "no.h5", *OPTIONS, "-restart", ranks=0), 2, "-checkpoint")
    expect_failure(analyze("in.h5", "no.h5", *given, ranks=0), 2, "4 units", "-restart", "-force")
    expect_failure(analyze("in.h5", "no.h5", "-checkpoint", "in.h5/ck", ranks=0), 2, "in.h5/ck", "cannot be made")
    expect(snapshot("new") == before, "a refused run changed the checkpoint")
    expect(not os.path.exists("no.h5"), "a refused run has an output")


def turn_bit(path, name):
    """The lowest bit of the last value of an array, which stays plausible."""
    with h5py.File(path) as file:
        dataset = file[name]
        place = dataset.id.get_offset() + dataset.id.get_storage_size() - dataset.dtype.itemsize
    with open(path, "r+b") as file:
        file.seek(place)
        value = file.read(1)[0] ^ 1
        file.seek(place)
        file.write(bytes([value]))


def check_damage(ranks):
    """Cut short, whole but for a table that is gone, and with one bit that is another."""
    given = ["in.h5", "no.h5", *OPTIONS, "-checkpoint", "new/ck", "-restart"]
    path = "new/ck/unit0002.h5"
    shutil.copyfile(path, "kept.h5")
    os.truncate(path, os.path.getsize(path) - 20)
    expect_failure(analyze(*given, ranks=ranks), 3, path, "truncated")
    shutil.copyfile("kept.h5", path)
    with h5py.File(path, "r+") as file:
        del file["dim1/intervals"]
    expect_failure(analyze(*given, ranks=ranks), 3, path, "damaged")
    for name, how in (("dim1/cocycles/simplices", {"ranks": ranks}), ("views/pca2", {"ranks": 0})):
        shutil.copyfile("kept.h5", path)
        turn_bit(path, name)
        expect_failure(analyze(*given, **how), 3, path, "damaged")
    os.unlink(path)
    expect_success(analyze("in.h5", "mended.h5", *given[2:], ranks=0))
    compare("a unit that was removed", "mended.h5", "wanted.h5")
    expect_success(analyze("in.h5", "over.h5", "-max_dim", "0", "-checkpoint", "new/ck", "-force", ranks=0))
    expect(len(os.listdir("new/ck")) == 2, f"-force: the folder has {sorted(os.listdir('new/ck'))}")


def check_empty():
    done = run("analyze", "in.h5", "-output", "first.h5", "-max_dim", "0", "-checkpoint", "empty", "-restart", ranks=0)
    expect_success(done)
    expect("checkpoint empty is empty: starting from the beginning" in done.stdout, f"{done}: printed {done.stdout[:200]}")


# ---- Memory ----


def check_budget(ranks):
    """Dimension 2 takes more memory than it may; dimension 1 is kept, and a run with more goes on from there."""
    if "ASAN_OPTIONS" in os.environ:
        return  # a tenth of what the sanitizer itself takes would do
    given = ["-max_dim", "2", "-views", "none", "-homology_side", "cohomology"]
    expect_success(analyze("sphere.h5", "sphere_wanted.h5", *given, ranks=0))
    with h5py.File("sphere_wanted.h5") as file:
        limit = str(int(1.1 * file.attrs["predicted_peak_bytes"]))
    done = analyze("sphere.h5", "sphere_out.h5", *given, "-checkpoint", "short", "-memory_limit", limit, ranks=0)
    expect_failure(done, 4, "dimension 2", "-threshold", "-memory_limit", "dimensions 0 to 1 of s, euclidean", "short", "-restart")
    expect_success(analyze("sphere.h5", "sphere_out.h5", *given, "-checkpoint", "short", "-restart", ranks=ranks))
    compare("after a lack of memory", "sphere_out.h5", "sphere_wanted.h5")
    found = steps("sphere_out.h5", 0)
    expect("reduction_2" in found and "reduction" not in found, f"dimension 1 was not taken up: steps {found}")


# ---- Signals ----


def start_long(ranks, *options):
    """A run whose first unit ends soon; the process, once that is kept and the second is under way."""
    words = [*launcher(ranks), os.environ["HOLE_PROGRAM"], "analyze", "long.h5", "-output", OUTPUT, "-view", "none"]
    words += ["-progress", "off", "-views", "none", "-max_dim", "2", "-checkpoint", "stopped", *options]
    with open("stderr.txt", "w", encoding="utf-8") as stderr:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=stderr, env={**os.environ, **QUICK})


def wait_for_unit(process):
    test_kill.wait_until(lambda: os.path.exists("stopped/unit0000.h5") or process.poll() is not None, 60 * SLOW)


def wait_until_whole(process):
    """Until the run computes and the first unit has its tree: what was kept before were parts."""

    def whole():
        if not glob.glob(".stopped.h5.tmp.*"):
            return False  # a launcher that is starting passes no signals on
        try:
            with h5py.File("stopped/unit0000.h5", locking=False) as file:
                return "tree" in file
        except OSError:
            return False

    test_kill.wait_until(lambda: whole() or process.poll() is not None, 60 * SLOW)


def check_stopped(name, process, kept):
    try:
        code = process.wait(timeout=MOST_SECONDS + 5)
    except subprocess.TimeoutExpired:
        code = None
        stop(process)
    with open("stderr.txt", encoding="utf-8") as file:
        lines = [line for line in own_lines(file.read()) if not line.startswith("mpiexec: Forwarding")]
    expect(code == 75, f"{name}: exit code {code}, expected 75")
    good = len(lines) == 1 and lines[0].startswith(f"hole: stopped by signal {name.split()[0]}")
    expect(good and kept in lines[0] and lines[0].endswith("run again with -restart"), f"{name}: stderr {lines[:3]}")
    left = glob.glob(".stopped.h5.tmp.*") + glob.glob("stopped/.*") + glob.glob(OUTPUT)
    expect(not left, f"{name}: left behind: {left}")


def check_signals(ranks):
    """SIGTERM to one rank only, then SIGUSR1 to the launcher, which gives it to all; then the run is finished."""
    given = ["-max_dim", "2", "-views", "none"]
    process = start_long(ranks)
    wait_for_unit(process)
    pids = [pid for pid, owner in test_kill.processes_of_run().items() if owner == ranks - 1 or not ranks]
    if expect(len(pids) == 1, f"found processes {test_kill.processes_of_run()}"):
        os.kill(pids[0], signal.SIGTERM)
    check_stopped("SIGTERM to one rank", process, "kept in stopped")
    process = start_long(ranks, "-restart")
    wait_until_whole(process)
    process.send_signal(signal.SIGUSR1)
    check_stopped("SIGUSR1 to all", process, "1 of 2 units")
    expect_success(analyze("long.h5", "stopped.h5", *given, "-checkpoint", "stopped", "-restart", ranks=ranks))
    expect("read" not in steps("stopped.h5", 0) and "read" in steps("stopped.h5", 1), "the first unit was not taken up")
    expect_success(analyze("long.h5", "long_wanted.h5", *given, ranks=0))
    compare("after two signals", "stopped.h5", "long_wanted.h5")


TIMES = (1700000000, 1700000000)


def main():
    ranks = ranks_to_use()
    write_inputs()
    os.utime("in.h5", TIMES)
    check_every_stop(ranks)
    check_reuse(ranks)
    check_refusals()
    check_damage(ranks)
    check_empty()
    check_budget(ranks)
    check_signals(ranks)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
