"""Run directories of any size whose numbers are made up: for tests and benchmarks of reports."""
import os
import random
import subprocess
import time
from typing import NamedTuple

STRATEGIES = ["none", "bn-stats", "block1", "block2", "block3", "fc", "full"]
SIZES = [0.1, 0.2, 0.3]
IMAGES = 600  # test images of a cell
RUN = "scale-20240101T000000Z-a05a"
PEAK_W = 92.75  # in the trace of cell `cells // 2` alone


def cell_id(i):
    return f"{i:012x}"


def correct_images(i):
    """Which test images cell i classifies correctly, as the bits of a number."""
    draw = random.Random(i)
    return draw.getrandbits(IMAGES) | draw.getrandbits(IMAGES)


def row_of(i, conditions):
    """Column and value, with as many digits as real ones have."""
    each = len(STRATEGIES) * len(SIZES)
    wobble = 1 + (i * 7919 % 1000) / 10000 + 1e-9 / 7
    correct = correct_images(i).bit_count()
    return dict(
        schema=1, run_id=RUN, cell_id=cell_id(i), started_utc=f"2024-01-{1 + i // 1440 % 28:02}T{i // 60 % 24:02}:{i % 60:02}:00.125Z",
        host="board-in-the-attic", board="Raspberry Pi 4 Model B Rev 1.4", experiment="scale", protocol="paper",
        dataset="cifar10-c", drift="input", condition=f"fog-{i // each % conditions}", train_size=SIZES[i // 7 % 3],
        strategy=STRATEGIES[i % 7], blocks=STRATEGIES[i % 7], repetition=i // (each * conditions), seed=i, status="ok", reason="",
        accuracy_pct=100 * correct / IMAGES, val_loss=1 / wobble, epochs=10, steps=160, samples_seen=20000, trainable_params=69600,
        macs_train=2155832320000, duration_s=wobble, train_s=0.8 * wobble, gross_J=5 * wobble, U_gross_J=0.1 * wobble,
        U_random_gross_J=0.02 * wobble, idle_W=2 + wobble / 10, net_J=3 * wobble, U_net_J=0.07 * wobble, U_random_net_J=0.01 * wobble,
        train_gross_J=4 * wobble, train_net_J=2 * wobble, U_train_net_J=0.05 * wobble, U_random_train_net_J=0.01 * wobble,
        u_rel_gain=0.0025, mean_W=5 * wobble, max_W=6 * wobble, meter="ina219:///dev/i2c-1", meter_scope="board", measured=1,
        samples=1000, distinct_hz=940.3 * wobble, longest_gap_s=0.0011 * wobble, coverage_pct=100, sampler_cpu_s=0.02 * wobble,
        peak_rss_MiB=699.578125, saved_act_MiB=112.01087188720703, threads=4, backend="onednn", layout="channels_last",
        bn_mode="train", lr=0.001, n_test=IMAGES, correct=correct, order_index=i, cpu_governor="ondemand", temp_start_C=48.2,
        temp_end_C=48.7, throttled=0, tool_version="0.2.0+a528e50728a8", config_hash="7cc6c025b498", idle_drift_W=0.01 * wobble,
        other_cpu_pct=wobble, network="ResNet-26")


def write_cells(run, cells, conditions=15):
    """cells.csv. With 15 conditions each line of a table has cells / 315 repetitions."""
    with open(run / "cells.csv", "w") as file:
        file.write(",".join(row_of(0, conditions)) + "\n")
        for i in range(cells):
            file.write(",".join(map(str, row_of(i, conditions).values())) + "\n")


def write_journal(run, cells):
    """journal.jsonl: which test images each cell classified correctly."""
    with open(run / "journal.jsonl", "w") as file:
        for i in range(cells):
            file.write(f'{{"event":"cell_ends","cell_id":"{cell_id(i)}","n_test":{IMAGES},"correct_hex":"{correct_images(i):0{IMAGES // 4}x}"}}\n')


def write_trace(run, cells, readings):
    """traces/trace.csv, with readings // cells readings a cell, one each millisecond."""
    each = readings // cells
    (run / "traces").mkdir()
    with open(run / "traces" / "trace.csv", "w") as file:
        file.write("# tbft trace 1\n# meter: ina219:///dev/i2c-1\n# measured: 1\n# nominal_period_s: 0.001\n# gap_limit_s: 0.05\n"
                   "t_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n")
        ms = 1_000_000
        for i in range(cells):
            t0 = i * each * ms
            file.write(f"{t0},,,,,,+cell/{cell_id(i)}\n{t0},,,,,,+cell/{cell_id(i)}/train\n")
            block = [f"{t0 + k * ms},5.012,{1 + (k * 37 + i) % 100 / 1000},{5 + (k * 37 + i) % 100 / 200},,,\n" for k in range(each)]
            if i == cells // 2:
                block[each // 3] = f"{t0 + each // 3 * ms},5.012,18.5,{PEAK_W},,,\n"
            file.writelines(block)
            t1 = t0 + each * ms
            file.write(f"{t1},,,,,,-cell/{cell_id(i)}/train\n{t1},,,,,,-cell/{cell_id(i)}\n")


class Used(NamedTuple):
    """What a command took: the wall's clock, processors (its children too), the most memory of one process."""
    wall_s: float
    processor_s: float
    MiB: float

    def __str__(self):
        return f"{self.wall_s:.1f} s ({self.processor_s:.1f} s of processor), {self.MiB:.0f} MiB"


def reported(tbft, run, form, out):
    """Writes a report of the run; returns Used. Raises CalledProcessError if it fails."""
    command = [tbft, "report", run, "--format", form, "-o", out, "--force"]
    begin = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Used(time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
