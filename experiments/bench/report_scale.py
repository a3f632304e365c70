#!/usr/bin/env python3
"""Whether `tbft report` of 100,000 cells takes at most 10 s and 600 MiB, in each format.

Makes up a run (rows as long as real ones, 15 conditions, 317 repetitions) and its trace, and reports it --rounds times in each
format. Prints the median of seconds on the wall's clock and of processors, and the most memory. Each format is judged by the
smaller of the two times: other programs make the wall's clock slower, and gnuplot runs beside tbft. Two more reports are
printed and not judged: of 400 conditions with 12 repetitions each, and of a run whose journal says which test images each cell
classified correctly (intervals are then a bootstrap over images, too).
Exits with 1 if a target is missed, with 2 on an error, with 77 and a reason without tbft.

  report_scale.py [--build build/release] [--cells 100000] [--readings 1000000] [--rounds 3] [--format text,md,json,html]
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from made_up_run import reported, write_cells, write_journal, write_trace  # noqa: E402

TARGET_S, TARGET_MiB = 10, 600


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="build folder with tbft")
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--readings", type=int, default=1_000_000, help="of the trace, which html alone reads; 0: no trace")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", default="text,md,json,html", help="which of them")
    options = parser.parse_args()
    if options.cells < 1 or options.rounds < 1 or options.readings < 0:
        parser.error("--cells and --rounds are at least 1, --readings at least 0")
    if 0 < options.readings < options.cells:
        parser.error("--readings is 0, or at least one a cell")
    if not (options.build / "harness/tbft").exists():
        print(f"skipped: {options.build}/harness/tbft is missing: cmake --build {options.build} --target tbft", file=sys.stderr)
        sys.exit(77)
    return options


def judged(tbft, run, form, rounds, out):
    """Prints a line; returns whether the targets are met."""
    used = [reported(tbft, run, form, out) for _ in range(rounds)]
    wall_s, processor_s = (statistics.median(getattr(u, name) for u in used) for name in ("wall_s", "processor_s"))
    MiB = max(u.MiB for u in used)
    met = min(wall_s, processor_s) <= TARGET_S and MiB <= TARGET_MiB
    print(f"{run.name + ' ' + form:18} {wall_s:6.1f} s, {processor_s:6.1f} s of processor, {MiB:5.0f} MiB, "
          f"{out.stat().st_size / 1e6:6.1f} MB written", end="")
    return met


def main():
    options = parsed()
    tbft = options.build / "harness/tbft"
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        runs = {name: work / name for name in ("usual", "wide", "journal")}
        for run in runs.values():
            run.mkdir()
        write_cells(runs["usual"], options.cells)
        if options.readings:
            write_trace(runs["usual"], options.cells, options.readings)
        (runs["journal"] / "cells.csv").hardlink_to(runs["usual"] / "cells.csv")
        write_journal(runs["journal"], options.cells)
        write_cells(runs["wide"], options.cells, conditions=400)
        print(f"{options.cells} cells, {options.readings} readings, {(runs['usual'] / 'cells.csv').stat().st_size / 1e6:.0f} MB of rows; "
              f"target {TARGET_S} s and {TARGET_MiB} MiB, medians of {options.rounds}")
        for form in options.format.split(","):
            met = judged(tbft, runs["usual"], form, options.rounds, work / "report")
            print("" if met else "  MISSED")
            missed = missed or not met
        for name in ("wide", "journal"):
            judged(tbft, runs[name], "text", 1, work / "report")
            print("  (not judged)")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
