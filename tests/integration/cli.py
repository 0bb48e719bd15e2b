"""Runs of the program that may fail: how they ended, what they printed, what they left in the working directory."""

import hashlib
import os
import re
import signal
import subprocess
import time
from typing import NamedTuple

from common import expect

SLOW = 5 if "ASAN_OPTIONS" in os.environ else 1  # sanitizers make everything several times slower
MOST_SECONDS = 10 * SLOW  # CONTRACT 5: every rank ends within seconds
RULER = re.compile(r"[-=]{20,}")  # begins and ends what a launcher adds
QUICK = {"OMPI_MCA_odls_base_sigkill_timeout": "0"}  # after a failure Open MPI else waits a second for the other ranks
LAUNCHER_LINE = re.compile(r"\[[\w.-]+:\d+\] |\[warn\] Epoll ")  # the second: of its event library, when ranks end at once


class Run(NamedTuple):
    code: int  # negative: ended by a signal; None: did not end in time
    stdout: str
    stderr: str
    seconds: float
    words: list

    def __str__(self):
        return " ".join(map(str, self.words)).replace(os.environ["HOLE_PROGRAM"], "hole")


def launcher(ranks):
    """What stands before the program; nothing for 0 ranks."""
    return [*os.environ["HOLE_LAUNCHER"].split(), str(ranks)] if ranks else []


def ranks_to_use():
    """The launcher has its own tests on 1 rank: the program alone is faster."""
    ranks = int(os.environ.get("HOLE_RANKS", "1"))
    return ranks if ranks > 1 else 0


def stop(process):
    """End a process that we started. A launcher takes its ranks with it if it is asked first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass


def run_words(words, environment=None, stdout=subprocess.PIPE, seconds=MOST_SECONDS):
    """Run a command; one that takes too long is ended."""
    begin = time.monotonic()
    process = subprocess.Popen(
        list(map(str, words)),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, **QUICK, **(environment or {})},
    )
    try:
        out, err = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        stop(process)
        out, err = process.communicate()
        code = None
    return Run(code, out or "", err or "", time.monotonic() - begin, words)


def run(*arguments, ranks=None, environment=None, before=(), stdout=subprocess.PIPE):
    """Run `hole` on `ranks` ranks (None: as many as this test has), each started through the words `before`."""
    words = [*launcher(ranks_to_use() if ranks is None else ranks), *before, os.environ["HOLE_PROGRAM"], *arguments]
    return run_words(words, environment, stdout)


def own_lines(stderr):
    """Lines that are not the launcher's."""
    lines, inside = [], False
    for line in stderr.splitlines():
        if RULER.fullmatch(line.strip()):
            inside = not inside
        elif not inside and line.strip() and not LAUNCHER_LINE.match(line):
            lines.append(line)
    return lines


def faults_of_message(done, code, words):
    """What is wrong with the end of a run that should have failed with one clear message; [] if nothing."""
    lines = own_lines(done.stderr)
    if done.code is None:
        return [f"did not end within {MOST_SECONDS} s; stderr: {lines[:3]}"]
    faults = [] if done.code == code else [f"exit code {done.code}, expected {code}"]
    if len(lines) != 1 or not lines[0].startswith("hole: error: "):
        faults.append(f"expected one line 'hole: error: ...' on stderr, found {len(lines)}: {lines[:3]}")
    missing = [word for word in words if word not in "\n".join(lines)]
    if missing:
        faults.append(f"the message lacks {missing}: {lines[:1]}")
    return faults


def expect_failure(done, code, *words):
    faults = faults_of_message(done, code, words)
    expect(not faults, f"{done}: {'; '.join(faults)}")


def expect_success(done, stderr=""):
    """Exit code 0 and nothing on stderr, or only what is expected there."""
    found = "\n".join(own_lines(done.stderr))
    return expect(done.code == 0 and found == stderr, f"{done}: exit code {done.code}, stderr: {found[:300]}")


def snapshot(folder="."):
    """Every name below a folder, with the bytes of files and the kind of all else."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(where, name)
            kind = os.lstat(path).st_mode
            regular = os.path.isfile(path) and not os.path.islink(path)
            found[path] = (kind, hashlib.sha256(open(path, "rb").read()).digest() if regular else None)
    return found


def differences(before, after):
    """Names that are new, gone or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
