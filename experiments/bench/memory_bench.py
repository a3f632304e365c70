#!/usr/bin/python3
"""Peak resident set of training, libtorch and the images included, each strategy in a process of its own.

usage: memory_bench.py [--build build/release] [--threads 1] [--json]

1. Steps of 128 images of 128 px (step_bench): full, block3, fc. Asked: block3 at most 0.25 of full, fc at most 0.15.
2. A run of the program itself, `tbft run`, on 32 px with batch 16, all its strategies one after the other: at most 220 MiB for the
   whole process, from reading the images to the last test.
Takes a few minutes and 5 GB of memory. Exits with 1 where a target is missed, with 2 on an error.
"""
import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
OF_FULL = {"block3": 0.25, "fc": 0.15}
RUN_MiB = 220
STRATEGIES = ["none", "bn-stats", "block1", "block2", "block3", "fc", "full"]


def stop(text):
    print(f"memory_bench: {text}", file=sys.stderr)
    sys.exit(2)


def run(command):
    """The largest resident set of a process that must succeed (since it last reset it), in MiB, and what it printed."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        out.seek(0)
        err.seek(0)
        if status != 0:
            stop(f"{' '.join(command)}: status {status}: {err.read().decode(errors='replace').strip()}")
        return used.ru_maxrss / 1024, out.read().decode()


def large_steps(build, threads):
    """MiB by strategy."""
    bench = build / "experiments/bench/step_bench"
    return {strategy: json.loads(run([bench, strategy, "--pixels", "128", "--batch", "128", "--steps", "2", "--threads", threads])[1])
            ["peak_rss_MiB"] for strategy in ("full", *OF_FULL)}


def small_run(build, threads):
    """MiB of the whole process, and by strategy what its row in cells.csv says."""
    with tempfile.TemporaryDirectory(prefix="tbft-memory-") as folder:
        folder = pathlib.Path(folder)
        run([build / "experiments/bench/step_bench", f"checkpoint:{folder / 'base.pth'}"])
        settings = {"name": "memory", "threads": threads, "data.dataset": "synthetic", "data.path": "synthetic:?part=target&n=1000",
                    "data.conditions": ["input"], "model.checkpoint": str(folder / "base.pth"), "sweep.strategies": STRATEGIES,
                    "train.batch": 16, "train.epochs": 2, "meter.uri": "estimate://", "meter.trace": "off"}
        (folder / "memory.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()))
        MiB, _ = run([build / "harness/tbft", "run", folder / "memory.toml", "-o", folder / "run"])
        with open(folder / "run/cells.csv", newline="") as file:
            cells_MiB = {row["strategy"]: float(row["peak_rss_MiB"]) for row in csv.DictReader(file)}
    return max(MiB, *cells_MiB.values()), cells_MiB  # a cell begins with a new peak, also for wait4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where tbft and step_bench are built")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    for program in ("harness/tbft", "harness/tbft-train", "experiments/bench/step_bench"):
        if not (args.build / program).exists():
            stop(f"{args.build / program} is absent: cmake --preset release && ninja -C {args.build} tbft step_bench")
    whole_MiB, cells_MiB = small_run(args.build, args.threads)
    steps_MiB = large_steps(args.build, args.threads)
    of_full = {strategy: steps_MiB[strategy] / steps_MiB["full"] for strategy in OF_FULL}
    missed = [f"{strategy} at 128 px" for strategy, most in OF_FULL.items() if of_full[strategy] > most]
    if whole_MiB > RUN_MiB:
        missed.append("the run at 32 px")
    if args.json:
        print(json.dumps({"run_32px_batch16_MiB": whole_MiB, "cells_MiB": cells_MiB, "steps_128px_batch128_MiB": steps_MiB,
                          "of_full": of_full, "missed": missed}))
    else:
        print(f"run at 32 px, batch 16: {whole_MiB:.0f} MiB (asked: at most {RUN_MiB}); by cell: "
              + ", ".join(f"{strategy} {MiB:.0f}" for strategy, MiB in cells_MiB.items()))
        print(f"steps of 128 images of 128 px: full {steps_MiB['full']:.0f} MiB")
        for strategy, most in OF_FULL.items():
            print(f"  {strategy} {steps_MiB[strategy]:.0f} MiB, {of_full[strategy]:.3f} of full (asked: at most {most})")
    if missed:
        print(f"more than asked: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


sys.exit(main())
