#!/usr/bin/env python3
"""How much faster `tbft run --jobs N` is than `--jobs 1`, with one libtorch thread for each cell.

Runs the same small sweep (accuracies alone, on built-in images) with --jobs 1 and with --jobs N by turns, whole commands on the
wall's clock: start, images, cells, rows on the disk. Prints the median of the paired ratios with its interval of at least 95 %
(with fewer than 6 pairs: their range), cells a second, and processor time. Beside it, in each round: N processes of --jobs 1 at
once that know nothing of each other. Their ratio is the limit of the machine, where cores share caches and clock rate.
Exits with 1 if the median is below 0.85 N, with 2 on an error, with 77 and a reason if there is one core or no tbft-train.

  jobs_scaling.py [--build build/release] [--jobs N] [--pairs 6] [--repetitions 4] [--json]
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from measure_work import children_s, compared, stop

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = 0.85  # of N
EXPERIMENT = """
name = "jobs-scaling"
threads = 1
warmup = false
data.dataset = "synthetic"
data.path = "synthetic:?part=target&n=200"
data.conditions = ["input", "output"]
sweep.strategies = ["full", "block1", "block2", "block3"]
train.epochs = 10
train.patience = 10
"""
CELLS_OF_A_REPETITION = 8  # two conditions, four strategies


def skip(reason):
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(77)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder with tbft and tbft-train")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="N; default: the cores of this process")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--repetitions", type=int, default=4, help=f"of {CELLS_OF_A_REPETITION} cells each, about a second long")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.jobs < 2:
        skip("--jobs 1 is what it is compared with; this process may use one core")
    if options.pairs < 1 or options.repetitions < 1:
        stop("--pairs and --repetitions are at least 1")
    for program in ("tbft", "tbft-train"):
        if not (options.build / "harness" / program).exists():
            skip(f"{options.build}/harness/{program} is missing: cmake --build {options.build} --target tbft tbft_train")
    return options


def called(process):
    """Waits for a process; ends this program if it failed."""
    _, error = process.communicate()
    if process.returncode != 0:
        stop(f"{' '.join(map(str, process.args))}: exit code {process.returncode}\n{error}")


def started(command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


class Sweep:
    def __init__(self, options, folder):
        self.tbft, self.folder, self.repetitions, self.runs = options.build / "harness/tbft", folder, options.repetitions, 0
        self.accuracies = None
        (folder / "sweep.toml").write_text(EXPERIMENT)
        called(started([self.tbft, "pretrain", "--dataset", "synthetic:?part=train&n=64", "--val", "synthetic:?part=test&n=32",
                        "--recipe", "quick", "--epochs", "1", "-o", folder / "base.pth"]))

    def command(self, jobs):
        self.runs += 1
        out = self.folder / str(self.runs)
        return out, [self.tbft, "run", self.folder / "sweep.toml", "--set", f"model.checkpoint={self.folder / 'base.pth'}",
                     "--set", f"sweep.repetitions={self.repetitions}", "--jobs", str(jobs), "-o", out]

    def seconds(self, jobs, at_once=1):
        """On the wall's clock, and of processors, of so many whole runs at once."""
        commands = [self.command(jobs) for _ in range(at_once)]
        before, begin = children_s(), time.monotonic()
        for process in [started(command) for _, command in commands]:
            called(process)
        wall_s, processor_s = time.monotonic() - begin, children_s() - before
        for out, _ in commands:
            self.check(out)
        return wall_s, processor_s

    def check(self, out):
        """All runs have the same accuracies; a benchmark of another result would be worthless."""
        with open(out / "cells.csv") as file:
            accuracies = sorted((row["cell_id"], row["status"], row["correct"]) for row in csv.DictReader(file))
        if any(status != "ok" for _, status, _ in accuracies) or len(accuracies) != self.cells:
            stop(f"{out}: not {self.cells} cells that are ok")
        if self.accuracies not in (None, accuracies):
            stop(f"{out}: other accuracies than the run before")
        self.accuracies = accuracies

    @property
    def cells(self):
        return self.repetitions * CELLS_OF_A_REPETITION


def main():
    options = parsed()
    n = options.jobs
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(options, pathlib.Path(folder))
        kinds = {"one": lambda: sweep.seconds(1), "jobs": lambda: sweep.seconds(n), "apart": lambda: sweep.seconds(1, at_once=n)}
        taken = {kind: [] for kind in kinds}
        sweep.seconds(n)  # discarded: it brings the programs into memory
        for pair in range(options.pairs):
            for kind in list(kinds) if pair % 2 == 0 else reversed(kinds):
                taken[kind].append(kinds[kind]())
    wall = {kind: [wall_s for wall_s, _ in pairs] for kind, pairs in taken.items()}
    processor = {kind: statistics.median(s for _, s in pairs) for kind, pairs in taken.items()}
    speedup = compared(wall["one"], wall["jobs"])
    limit = compared([n * s for s in wall["one"]], wall["apart"])
    result = {"jobs": n, "cells": sweep.cells, "target": TARGET * n, "speedup": speedup, "limit_of_machine": limit,
              "cells_per_s": {"one": sweep.cells / speedup["theirs_s"], "jobs": sweep.cells / speedup["tbft_s"]},
              "processor_s_per_cell": {"one": processor["one"] / sweep.cells, "jobs": processor["jobs"] / sweep.cells,
                                       "apart": processor["apart"] / sweep.cells / n}}
    missed = speedup["ratio"] < result["target"]
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{sweep.cells} cells, {options.pairs} pairs, one thread a cell, load {os.getloadavg()[0]:.1f} at the end")
        for kind, name in (("one", "--jobs 1"), ("jobs", f"--jobs {n}")):
            print(f"{name}: {result['cells_per_s'][kind]:.2f} cells/s, {result['processor_s_per_cell'][kind]:.2f} s of processor a cell")
        print(f"{n} runs apart: {result['processor_s_per_cell']['apart']:.2f} s of processor a cell")
        print(f"--jobs {n} is {speedup['ratio']:.2f} times as fast [{speedup['low']:.2f}, {speedup['high']:.2f}]; target {TARGET} x {n} = "
              f"{result['target']:.2f}: {'MISSED' if missed else 'met'}")
        print(f"{n} runs apart: {limit['ratio']:.2f} [{limit['low']:.2f}, {limit['high']:.2f}], the limit of this machine")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
