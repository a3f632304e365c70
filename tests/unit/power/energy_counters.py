"""Runs the benchmark program and compares the joules that it reports with 5 W times the times that it reports."""
import csv
import io
import json
import subprocess
import sys

# A window is longer than the timed part by what opening it takes, and threads start apart: on a busy machine both may take long
# in one round, and not in every one.
ROUNDS = 6
COUNTERS = ["J_per_iteration", "U_J_per_iteration", "U_complete", "watts_W", "samples", "energy_valid", "measured"]


def run(form):
    command = [sys.argv[1], f"--benchmark_format={form}", "--benchmark_time_unit=s"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Disturbed(Exception):
    """A window that was longer than its timed part by more than opening it takes on an idle machine."""


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def number(text):
    value = float(text)
    check(value == value and abs(value) != float("inf"), f"{text} is no number")
    return value


def check_runs(form, runs):
    """runs: a list of (name, row of text or numbers), without aggregates."""
    seen = {}
    for name, row in runs:
        case = name.split("/")[0]
        seen[case] = seen.get(case, 0) + 1
        if case == "left_early":
            continue
        values = {key: number(row[key]) for key in COUNTERS}
        seconds = number(row["real_time"]) / 1e9 if row["time_unit"] == "ns" else number(row["real_time"])
        where = f"{form} {name}: {values}, {seconds} s"
        check(values["measured"] == (0 if case == "accuracy_unknown" else 1), where)
        if case == "too_short":
            if values["energy_valid"] != 0:
                raise Disturbed(where)
            check(all(values[key] == 0 for key in ("J_per_iteration", "U_J_per_iteration", "watts_W")), where)
            continue
        check(values["energy_valid"] == 1, where)
        check(abs(values["watts_W"] - 5) < 1e-6, where)
        check(values["samples"] >= 10, where)
        if case == "accuracy_unknown":
            check(values["U_complete"] == 0, where)
            check(values["U_J_per_iteration"] < 1e-6, where)  # a constant 5 W has no random part
        else:
            # Gain 0.1 % and 1 mA at 5 V, both rectangular, k = 2.
            U = 2 / 3**0.5 * ((0.001 * 5) ** 2 + (0.001 * 5) ** 2) ** 0.5 * values["J_per_iteration"] / 5
            check(values["U_complete"] == 1, where)
            check(abs(values["U_J_per_iteration"] - U) < 0.01 * U, where)
        if case == "threads":
            # Each of three threads has its share of the joules that were drawn while all of them slept.
            # Google Benchmark 1.7 divides the time by the threads, 1.9 does not; an iteration sleeps for 4 ms.
            seconds = seconds / 3 if seconds >= 4e-3 else seconds
            limit = 0.05 * 5 * seconds
        else:
            limit = values["U_J_per_iteration"] + 5 * (1e-3 if case == "paused" else 1e-4)
        if abs(values["J_per_iteration"] - 5 * seconds) > limit:
            raise Disturbed(where)
    check(seen == {"constant": 3, "accuracy_unknown": 1, "paused": 1, "too_short": 1, "left_early": 1, "threads": 1}, str(seen))


def check_json():
    report = json.loads(run("json"), parse_constant=lambda text: sys.exit(f"FAILED: {text} in JSON"))
    runs = [(r["name"], r) for r in report["benchmarks"] if r["run_type"] == "iteration"]
    check_runs("json", runs)
    check(any(r["name"] == "left_early/iterations:5/real_time" and r["error_occurred"] for _, r in runs), "left_early says so")


def check_csv():
    text = run("csv")
    rows = list(csv.DictReader(io.StringIO(text[text.index("name,") :])))
    aggregates = ("_mean", "_median", "_stddev", "_cv")
    check_runs("csv", [(row["name"], row) for row in rows if not row["name"].endswith(aggregates)])


for checked in (check_json, check_csv):
    for left in reversed(range(ROUNDS)):
        try:
            checked()
            break
        except Disturbed as disturbed:
            check(left > 0, f"in each of {ROUNDS} rounds: {disturbed}")
print("joules are 5 W times the timed seconds, in JSON and in CSV")
