"""Energies of a trace's windows against what a um34c_simulator knows. Usage: um34c.py TRACE TRUTH NAME=GROSS:U..."""
import bisect
import csv
import sys

trace, truth_file, *claims = sys.argv[1:]
times, joules = [], []
for row in csv.DictReader(open(truth_file)):
    times.append(int(row["t_ns"]))
    joules.append(float(row["joules"]))


def energy(t_ns):
    assert times[0] <= t_ns <= times[-1], "outside of the simulation"
    i = min(bisect.bisect_right(times, t_ns) - 1, len(times) - 2)
    return joules[i] + (joules[i + 1] - joules[i]) * (t_ns - times[i]) / (times[i + 1] - times[i])


opened, windows = {}, {}
for line in open(trace):
    fields = line.rstrip("\n").split(",")
    if line.startswith("#") or len(fields) != 7 or not fields[6].startswith(("+", "-")):
        continue
    name, t_ns = fields[6][1:], int(fields[0])
    if fields[6][0] == "+":
        opened[name] = t_ns
    else:
        windows[name] = energy(t_ns) - energy(opened.pop(name))

assert claims, "nothing to compare"
for claim in claims:
    name, values = claim.rsplit("=", 1)
    gross, U = (float(x) for x in values.split(":"))
    truth = windows[name]
    print(f"{name}: {gross:.4f} J, U {U:.4f} J, truth {truth:.4f} J, error {(gross - truth) / U:+.2f} U")
    assert 0 < U and (U < 0.2 * truth or truth < 8), "an uncertainty that says something"
    assert abs(gross - truth) <= U, f"{name} is off by more than its U"
