"""Runs the baseline and tbft in turns; see vs_pytorch.sh.

A ratio pairs two consecutive runs, because machines drift by 10-20 % within minutes. The script prints the median of the
paired ratios, and the narrowest pair of order statistics that contains it with at least 95 % confidence for any
distribution (with 7 rounds the smallest and the largest, 98 %). Judge by the lower bound.
cell_block3 is the strictest comparison: the whole process of tbft, with reading the images, the warm-up cell and the
test, against only the training and validation of the baseline.
"""
import argparse
import hashlib
import importlib.util
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import family_steps

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SHA256 = "13f8b79511c4c5eb6151289cd39beba98676de8f0a11ae40d59fd371c37fbb4f"
STEPS = "step of 128 images of 32 px"
# key: (baseline's work, tbft's work and options, what it is)
KEYS = {
    "full_step": ("full", ["full"], f"Full, {STEPS}"),
    "block1_step": ("block1", ["block1"], f"Block 1, {STEPS}"),
    "block2_step": ("block2", ["block2"], f"Block 2, {STEPS}"),
    "block3_step": ("block3", ["block3"], f"Block 3, {STEPS}"),
    "fc_step": ("fc", ["fc"], f"FC, {STEPS}"),
    "fc_step_batch1": ("batch1:fc", ["batch1:fc"], "FC, step of one image"),
    "fc_cached_10_epochs": ("epochs:fc", ["epochs:fc", "--protocol", "efficient"], "FC, 10 epochs with validation, efficient"),
    "block3_cached_10_epochs": ("epochs:block3", ["epochs:block3", "--protocol", "efficient"],
                                "Block 3, 10 epochs with validation, efficient"),
    "cell_block3": ("epochs:block3", None, "a CIFAR-Flip cell, 10 %, Block 3, paper: process start to CSV row"),
}


def skip(reason):
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(77)


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])["seconds"]


def interval(ratios):
    """Median with its distribution-free interval of at least 95 %, or with the range if there are too few values."""
    ordered, n = sorted(ratios), len(ratios)
    best = 0
    for k in range(n // 2):  # [k, n-1-k] holds the median with 1 - 2 P(Binomial(n, 1/2) <= k)
        if 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n >= 0.95:
            best = k
    return statistics.median(ordered), ordered[best], ordered[n - 1 - best]


class Cell:
    """Runs one cell of an experiment with the program itself, on random images in the format of CIFAR-10."""

    def __init__(self, build, folder, threads):
        self.tbft, self.folder, self.threads = build / "harness/tbft", folder, threads
        subprocess.run([build / "experiments/bench/step_bench", f"checkpoint:{folder / 'base.pth'}"], check=True)
        generator = __import__("random").Random(0)
        (folder / "images").mkdir()
        with open(folder / "images/test_batch.bin", "wb") as file:
            for _ in range(10000):
                file.write(bytes([generator.randrange(10)]) + generator.randbytes(3072))
        self.runs = 0

    def seconds(self):
        self.runs += 1
        out = self.folder / f"run{self.runs}"
        begin = time.perf_counter()
        subprocess.run([self.tbft, "run", ROOT / "experiments/cifar-flip.toml", "-m", "estimate://", "-o", out,
                        *(x for s in (f"data.path={self.folder / 'images'}", f"model.checkpoint={self.folder / 'base.pth'}",
                                      f"threads={self.threads}", "sweep.train_sizes=[0.1]", "sweep.strategies=[\"block3\"]",
                                      "sweep.repetitions=1", "train.patience=10") for x in ("--set", s))],
                       check=True, capture_output=True)
        elapsed = time.perf_counter() - begin
        rows = (out / "cells.csv").read_text().splitlines()
        header = rows[0].split(",")
        row = dict(zip(header, rows[1].split(",")))
        if row["status"] != "ok" or row["epochs"] != "10":
            sys.exit(f"cell_block3: the cell is {row['status']} after {row['epochs']} epochs: {row['reason']}")
        return elapsed


def families(args):
    """The step of each block choice of the families, in turns with stock Python at its best."""
    names = list(family_steps.FAMILIES) if args.family == "all" else args.family.split(",")
    if unknown := [name for name in names if name not in family_steps.FAMILIES]:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(family_steps.FAMILIES)}")
    works = [(name, tuned) for name in names for tuned in [*family_steps.blocks(name), "full"]]
    times = {work: {"best": [], "tbft": []} for work in works}
    threads = ["--threads", str(args.threads)]
    for number in range(args.rounds):
        for name, tuned in works:
            best = run_json(["/usr/bin/python3", HERE / "family_steps.py", name, tuned, *threads])
            own = run_json([args.build / "experiments/bench/step_bench", tuned, "--network", name,
                            *family_steps.FAMILIES[name][0], *threads])
            times[name, tuned]["best"].append(best)
            times[name, tuned]["tbft"].append(own)
            print(f"round {number + 1}/{args.rounds} {name} {tuned}: {best / own:.2f}", file=sys.stderr)
    rows = []
    for (name, tuned), measured in times.items():
        ratio, low, high = interval([b / t for b, t in zip(measured["best"], measured["tbft"])])
        full = times[name, "full"]["tbft"]
        saves, saves_low, saves_high = interval([1 - t / f for t, f in zip(measured["tbft"], full)])
        rows.append({"family": name, "tuned": tuned, "ratio_to_best": ratio, "low": low, "high": high, "saves": saves,
                     "saves_low": saves_low, "best_s": statistics.median(measured["best"]),
                     "tbft_s": statistics.median(measured["tbft"]), "rounds": args.rounds})
    if args.json:
        print(json.dumps(rows))
    else:
        print(f"times in s of a {STEPS}, medians of {args.rounds} turns; ratio = Python at its best / tbft, with its interval")
        for r in rows:
            print(f"{r['family']:14}{r['tuned']:8}{r['best_s']:9.4f}{r['tbft_s']:9.4f}   {r['ratio_to_best']:5.2f} ({r['low']:.2f} - "
                  f"{r['high']:.2f})   saves {100 * r['saves']:5.1f} %")
    slower = [f"{r['family']} {r['tuned']}" for r in rows if r["high"] < 1]
    idle = [f"{r['family']} {r['tuned']}" for r in rows if r["tuned"] != "full" and r["saves_low"] <= 0]
    if slower:
        print(f"slower than Python at its best: {', '.join(slower)}", file=sys.stderr)
    if idle:
        print(f"saves no time against full: {', '.join(idle)}", file=sys.stderr)
    return 1 if slower or idle else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where tbft and step_bench are built")
    parser.add_argument("--baseline", type=pathlib.Path, default=ROOT.parent / "shared/reference/baseline.py")
    parser.add_argument("--rounds", type=int, default=7, help="at least 7 for a figure to quote")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help="keys, comma-separated; default: all")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--family", help="all, or families with commas: their steps instead of the baseline's")
    args = parser.parse_args()
    if args.rounds < 1:
        sys.exit("--rounds: at least 1")
    if importlib.util.find_spec("torch") is None:
        skip("python3-torch is not installed")
    bench = args.build / "experiments/bench/step_bench"
    if not bench.exists():
        sys.exit(f"{bench} is absent: cmake --preset release && ninja -C {args.build} tbft step_bench")
    if args.family:
        sys.exit(families(args))
    if not args.baseline.exists():
        skip(f"{args.baseline} is absent; name it with --baseline")
    if hashlib.sha256(args.baseline.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{args.baseline}: not the frozen baseline (SHA-256 {SHA256})")
    keys = args.only.split(",") if args.only else list(KEYS)
    if unknown := [k for k in keys if k not in KEYS]:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(KEYS)}")

    threads = ["--threads", str(args.threads)]
    baseline = lambda work, style: run_json(["/usr/bin/python3", args.baseline, work, "--style", style, *threads])
    samples = {k: {"published": [], "best": [], "tbft": []} for k in keys}
    with tempfile.TemporaryDirectory(prefix="tbft-vs-") as folder:
        cell = Cell(args.build, pathlib.Path(folder), args.threads) if "cell_block3" in keys else None
        for number in range(args.rounds):
            for work in dict.fromkeys(KEYS[k][0] for k in keys):
                mine = [k for k in keys if KEYS[k][0] == work]
                published, best = baseline(work, "published"), baseline(work, "best")
                for key in mine:
                    options = KEYS[key][1]
                    seconds = cell.seconds() if options is None else run_json([bench, *options, *threads])
                    for name, value in zip(("published", "best", "tbft"), (published, best, seconds)):
                        samples[key][name].append(value)
                    print(f"round {number + 1}/{args.rounds} {key}: {published / seconds:.2f}", file=sys.stderr)

    result = {}
    for key, times in samples.items():
        ratio, low, high = interval([p / t for p, t in zip(times["published"], times["tbft"])])
        result[key] = {"ratio": ratio, "low": low, "high": high,
                       "ratio_to_best": statistics.median(b / t for b, t in zip(times["best"], times["tbft"])),
                       **{f"{name}_s": statistics.median(values) for name, values in times.items()}, "rounds": args.rounds}
    if args.json:
        print(json.dumps(result))
        return
    print(f"times in s, medians of {args.rounds} turns; ratio = published / tbft, with its interval; best: Python at its best")
    print(f"{'':24}{'published':>10}{'best':>8}{'tbft':>8}   ratio (low - high)   best / tbft")
    for key, r in result.items():
        print(f"{key:24}{r['published_s']:10.4f}{r['best_s']:8.4f}{r['tbft_s']:8.4f}   {r['ratio']:5.2f} ({r['low']:.2f} - "
              f"{r['high']:.2f}){r['ratio_to_best']:14.2f}   {KEYS[key][2]}")


main()
