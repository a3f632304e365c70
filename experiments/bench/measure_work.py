"""How vs_pytorch takes a figure of a piece of work, and how it sums up rounds.

wall          seconds on the wall's clock, with the threads asked for. What a user waits; other programs disturb it most.
processor     seconds of processor time of one thread, pinned to one processor. Other programs take time from it, but that time is
              not counted; shared caches and the clock rate still disturb it.
instructions  retired instructions of one step with its images, one thread: of `perf stat` where the machine counts them, else of
              callgrind (which shows programs a processor without AVX-512). Two runs with different numbers of steps are
              counted, and their difference is divided by that of the steps. Instructions are not seconds: they say whether a
              ratio of times is work or the machine, and judge nothing.
"""
import json
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys

PYTHON = "/usr/bin/python3"
# Runs a script whose clock is the processor time of its process: the frozen baseline knows only time.perf_counter.
ON_PROCESSOR_TIME = "import runpy, sys, time; time.perf_counter = time.process_time; sys.argv = sys.argv[1:]; " \
                    "runpy.run_path(sys.argv[0], run_name='__main__')"
# Of runs that are compared: one thread, and the same hashes of strings in Python.
ONE_THREAD = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def stop(text):
    """Ends the program for an error; 1 is for a target that is missed."""
    print(text, file=sys.stderr)
    sys.exit(2)


def script(path, *arguments, clock):
    """The command of a Python script, on the wall's clock or on processor time."""
    start = [PYTHON] if clock == "wall" else [PYTHON, "-c", ON_PROCESSOR_TIME]
    return [*start, path, *arguments]


def one_processor():
    """Pins the process that is about to start."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(command, clock="wall"):
    """Runs it; on processor time it has one thread and one processor."""
    pinned = clock != "wall"
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=one_processor if pinned else None,
                          env={**os.environ, **ONE_THREAD} if pinned else None)
    if done.returncode != 0:
        stop(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    return done


def run_json(command, clock="wall", key="seconds"):
    """What a program prints as JSON in its last line."""
    return json.loads(run(command, clock).stdout.splitlines()[-1])[key]


def children_s():
    """Processor seconds of all processes that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Instructions:
    """Counts retired instructions of whole processes."""

    def __init__(self):
        probe = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], capture_output=True, text=True) \
            if shutil.which("perf") else None
        if probe and re.match(r"\d+,", probe.stderr):
            self.counter = "perf"
            self.start, self.pattern = ["perf", "stat", "-x,", "-e", "instructions:u", "--"], r"^(\d+),"
        elif shutil.which("valgrind"):
            self.counter = "callgrind"
            self.start = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--smc-check=all-non-file"]
            self.pattern = r"Collected : (\d+)"
        else:
            stop("--instructions: perf counts none on this machine, and valgrind is not installed")

    def count(self, command):
        found = re.search(self.pattern, run([*self.start, *command], "processor").stderr, re.MULTILINE)
        if not found:
            stop(f"{self.counter} printed no count for {' '.join(map(str, command))}")
        return int(found[1])

    def of_a_step(self, command, more):
        """Of one step; `command` takes --steps. `more`: by how many steps the two runs differ."""
        return (self.count([*command, "--steps", str(1 + more)]) - self.count([*command, "--steps", "1"])) / more


def interval(ratios):
    """Median with its distribution-free interval of at least 95 %, or with the range if there are too few values."""
    ordered, n = sorted(ratios), len(ratios)
    best = 0
    for k in range(n // 2):  # [k, n-1-k] holds the median with 1 - 2 P(Binomial(n, 1/2) <= k)
        if 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n >= 0.95:
            best = k
    return statistics.median(ordered), ordered[best], ordered[n - 1 - best]


def compared(theirs, ours):
    """The ratios of paired rounds, with the spread of each side: (largest - smallest) / median."""
    ratio, low, high = interval([a / b for a, b in zip(theirs, ours)])
    spread = lambda values: (max(values) - min(values)) / statistics.median(values)
    return {"ratio": ratio, "low": low, "high": high, "theirs_s": statistics.median(theirs), "tbft_s": statistics.median(ours),
            "spread_theirs": spread(theirs), "spread_tbft": spread(ours), "rounds": len(ours)}


def steadiest(figures):
    """The name of the clock whose ratios scatter least: their interval against their median."""
    return min(figures, key=lambda clock: (figures[clock]["high"] - figures[clock]["low"]) / figures[clock]["ratio"])
