"""A made-up run directory of CELLS cells and a trace of READINGS readings, then its page: within 500 MB of memory and 10 MB on disk,
and with the one peak that stands in the trace. Usage: scale.py TBFT SOURCE CELLS READINGS"""
import json
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

tbft, source, cells, readings = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
STRATEGIES = ["none", "bn-stats", "block1", "block2", "block3", "fc", "full"]
CONDITIONS = [f"fog-{i}" for i in range(15)]
SIZES = [0.1, 0.2, 0.3]
columns = (source / "results/reference/cells.csv").read_text().split("\n", 1)[0].split(",")

with tempfile.TemporaryDirectory() as work:
    run = pathlib.Path(work)
    (run / "traces").mkdir()
    with open(run / "cells.csv", "w") as file:
        file.write(",".join(columns) + "\n")
        for i in range(cells):
            wobble = 1 + (i * 7919 % 1000) / 10000
            row = dict(schema=1, run_id="scale", cell_id=f"{i:012x}", started_utc=f"2024-01-{1 + i // 1440 % 28:02}T{i // 60 % 24:02}:{i % 60:02}:00Z",
                       host="pi", board="Pi", experiment="scale", protocol="paper", dataset="cifar10-c", drift="input",
                       condition=CONDITIONS[i // 21 % 15], train_size=SIZES[i // 7 % 3], strategy=STRATEGIES[i % 7], repetition=i // 315, seed=i,
                       status="ok", accuracy_pct=60 * wobble, val_loss=1 / wobble, duration_s=wobble, train_s=0.8 * wobble,
                       gross_J=5 * wobble, U_gross_J=0.1 * wobble, idle_W=2 + wobble / 10, net_J=3 * wobble, train_gross_J=4 * wobble,
                       train_net_J=2 * wobble, U_train_net_J=0.05 * wobble, U_random_train_net_J=0.01 * wobble, mean_W=5, max_W=6 * wobble,
                       meter="ina219:///dev/i2c-1", meter_scope="board", measured=1, samples=1000, coverage_pct=100, n_test=600, order_index=i)
            file.write(",".join(str(row.get(name, "")) for name in columns) + "\n")
    each = readings // cells
    with open(run / "traces" / "trace.csv", "w") as file:
        file.write("# tbft trace 1\n# meter: ina219:///dev/i2c-1\n# measured: 1\n# nominal_period_s: 0.001\n# gap_limit_s: 0.05\n"
                   "t_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n")
        ms = 1_000_000
        for i in range(cells):
            t0 = i * each * ms
            file.write(f"{t0},,,,,,+cell/{i:012x}\n{t0},,,,,,+cell/{i:012x}/train\n")
            block = [f"{t0 + k * ms},5.012,{1 + (k * 37 + i) % 100 / 1000},{5 + (k * 37 + i) % 100 / 200},,,\n" for k in range(each)]
            if i == cells // 2:
                block[each // 3] = f"{t0 + each // 3 * ms},5.012,18.5,92.75,,,\n"
            file.writelines(block)
            t1 = t0 + each * ms
            file.write(f"{t1},,,,,,-cell/{i:012x}/train\n{t1},,,,,,-cell/{i:012x}\n")
    begin = time.monotonic()
    subprocess.run([tbft, "report", run, "--format", "html", "-o", run / "report.html"], check=True)
    seconds = time.monotonic() - begin
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    MiB = usage.ru_maxrss / 1024
    page = (run / "report.html").read_text()
    print(f"{cells} cells, {readings} readings, a trace of {(run / 'traces/trace.csv').stat().st_size / 1e6:.0f} MB: {seconds:.1f} s "
          f"({usage.ru_utime + usage.ru_stime:.1f} s of processor), {MiB:.0f} MiB, a page of {len(page) / 1e6:.2f} MB")
    assert MiB < 500, MiB
    assert len(page) < 10e6, len(page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))
    assert len(data["rows"]) == cells and all(data["traces"]), "a cell has no curve"
    b, unit = data["traces"][cells // 2]["b"], data["traces"][cells // 2]["pu"]
    peak = max(b[i] + b[i + 1] for i in range(2, len(b), 5)) * unit
    assert abs(peak - 92.75) < 0.02, f"the peak of 92.75 W shows as {peak}"
