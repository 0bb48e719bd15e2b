#!/usr/bin/python3
"""A run that is killed in the middle: the launcher ends soon, no rank stays behind, no half result has the final name.

Signals go to processes of runs that this test has started, and to no others: those that hold the name of its output,
which lies in a folder of its own, in their command line.
"""

import glob
import os
import signal
import subprocess
import sys
import time

import numpy as np
from cli import MOST_SECONDS, SLOW, expect_success, launcher, run, stop
from common import expect, finish, write_activations

OUTPUT = os.path.abspath("out.h5")
RANK_NAMES = (b"OMPI_COMM_WORLD_RANK=", b"PMIX_RANK=", b"PMI_RANK=")
RNG = np.random.default_rng(20240502)


def read_process(pid, name):
    """One of the lists of words in /proc; [] if the process is gone."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def processes_of_run():
    """{pid: rank} of the processes of the present run; rank None for the launcher."""
    found = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        if pid == os.getpid() or OUTPUT.encode() not in read_process(pid, "cmdline"):
            continue
        ranks = [word for word in read_process(pid, "environ") if word.startswith(RANK_NAMES)]
        found[pid] = int(ranks[0].split(b"=")[1]) if ranks else None
    return found


def wait_until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def start_run(path, ranks):
    """Start a run that would take long, and wait until it computes: its temporary file is there."""
    options = ["-output", OUTPUT, "-view", "none", "-force"]
    words = [*launcher(ranks), os.environ["HOLE_PROGRAM"], "analyze", path, *options]
    with open("stderr.txt", "w", encoding="utf-8") as stderr:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    began = wait_until(lambda: glob.glob(".out.h5.tmp.*") or process.poll() is not None, 30 * SLOW)
    time.sleep(0.3)
    expect(began and process.poll() is None, f"the run has ended before it was killed, with code {process.poll()}")
    return process


def check_end(name, process, before):
    """What must hold after any violent end. `before`: bytes under the final name, None if there was no such file."""
    try:
        code = process.wait(timeout=MOST_SECONDS)
        expect(code != 0, f"{name}: the launcher says that all is well")
    except subprocess.TimeoutExpired:
        expect(False, f"{name}: still running after {MOST_SECONDS} s")
    expect(wait_until(lambda: not processes_of_run(), 5), f"{name}: processes left: {processes_of_run()}")
    end_run(process)
    expect(read_output() == before, f"{name}: the file of the final name has changed")
    for path in glob.glob(".out.h5.tmp.*"):  # a killed rank cannot remove it
        os.unlink(path)


def end_run(process):
    """Whatever happened, nothing of this run stays behind."""
    for pid in processes_of_run():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    stop(process)


def read_output():
    if not os.path.exists(OUTPUT):
        return None
    with open(OUTPUT, "rb") as file:
        return file.read()


def check_kill_of_rank(path, ranks, rank):
    name = f"SIGKILL to rank {rank} of {ranks}"
    before, process = read_output(), start_run(path, ranks)
    pids = [pid for pid, owner in processes_of_run().items() if owner == rank]
    if expect(len(pids) == 1, f"{name}: found processes {processes_of_run()}"):
        os.kill(pids[0], signal.SIGKILL)
    check_end(name, process, before)


def check_kill_of_launcher(path, ranks, number):
    name = f"{signal.Signals(number).name} to the launcher of {ranks} ranks"
    before, process = read_output(), start_run(path, ranks)
    process.send_signal(number)
    check_end(name, process, before)


def main():
    ranks = int(os.environ["HOLE_RANKS"])
    write_activations("large.h5", {"first": RNG.normal(size=(6000, 64)).astype("f4")})
    write_activations("small.h5", {"first": RNG.normal(size=(30, 4))})
    check_kill_of_rank("large.h5", ranks, ranks - 1)
    check_kill_of_launcher("large.h5", ranks, signal.SIGTERM)
    expect_success(run("analyze", "small.h5", "-output", OUTPUT, "-view", "none"))  # the dead are not in its way
    check_kill_of_rank("large.h5", ranks, 0)
    check_kill_of_launcher("large.h5", ranks, signal.SIGINT)
    return finish()


if __name__ == "__main__":
    sys.exit(main())
