"""Whether a thread of Python that computes is slowed by sampling. Usage: python_sampling.py [--rounds 60] [--target 1.02]

A round times the same loop alone, while a tbft.Monitor samples a meter 1,000 times a second and a second thread waits for the
energies of its windows, and, for comparison, while a thread of Python samples at that rate and so takes Python's lock. A ratio
pairs a time with the one alone of the same round; the order within a round alternates. The script prints the median of the
paired ratios with an interval of at least 95 %, and exits with 1 if the whole interval of tbft.Monitor is above the target.
Beside it stands how often a second the computing thread waited: for Python's lock, as nothing else makes it wait. A busy
machine does not change that. PYTHONPATH names the folder of the module, such as build/release/python; the meter is a replay,
so no hardware takes part.
"""
import argparse
import contextlib
import math
import pathlib
import resource
import statistics
import sys
import tempfile
import threading
import time

import tbft

HZ = 1000


def compute():
    """Some 50 ms of pure Python, which holds the lock all the time; returns its seconds and how often the thread waited."""
    waits = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    begin, total = time.perf_counter(), 0
    for i in range(1_000_000):
        total += i & 7
    return time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - waits


@contextlib.contextmanager
def alone(_):
    yield


@contextlib.contextmanager
def monitored(uri):
    ended = threading.Event()

    def wait_for_energies(monitor):
        while not ended.is_set():
            with monitor.window("work"):
                ended.wait(0.05)
            assert monitor.energy("work").valid

    with tbft.Monitor(uri, interval=1 / HZ) as monitor:
        waiting = threading.Thread(target=wait_for_energies, args=(monitor,))
        waiting.start()
        try:
            yield
        finally:
            ended.set()
            waiting.join()


@contextlib.contextmanager
def sampled_in_python(_):
    ended, readings = threading.Event(), []

    def sample():
        with open("/proc/stat", "rb", buffering=0) as stat:
            while not ended.wait(1 / HZ):
                stat.seek(0)
                readings.append((time.monotonic_ns(), stat.readline()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


WAYS = {"alone": alone, "tbft.Monitor": monitored, "a thread of Python": sampled_in_python}


def interval(ratios):
    """Median with its distribution-free interval of at least 95 %, or with the range if there are too few values."""
    ordered, n = sorted(ratios), len(ratios)
    best = 0
    for k in range(n // 2):
        if 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n >= 0.95:
            best = k
    return statistics.median(ordered), ordered[best], ordered[n - 1 - best]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--target", type=float, default=1.02)
    args = parser.parse_args()
    seconds, waits = ({way: [] for way in WAYS} for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        recording = pathlib.Path(folder) / "recording.csv"
        rows = "".join(f"{i * 1_000_000_000 // HZ},5,1,5,,,\n" for i in range(60 * HZ))
        recording.write_text(f"t_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n{rows}")
        compute()
        for number in range(args.rounds):
            for way in list(WAYS)[::-1 if number % 2 else 1]:
                with WAYS[way](f"replay://{recording}"):
                    duration, waited = compute()
                seconds[way].append(duration)
                waits[way].append(waited)
    print(f"{args.rounds} rounds of {statistics.median(seconds['alone']):.3f} s, {HZ} readings a second")
    for way in WAYS:
        ratios = [other / base for other, base in zip(seconds[way], seconds["alone"])]
        median, low, high = interval(ratios)
        rate = sum(waits[way]) / sum(seconds[way])
        print(f"{way:<18} {median:.4f} [{low:.4f}, {high:.4f}] times the duration alone, {rate:.0f} waits a second")
        if way == "tbft.Monitor" and low > args.target:
            print(f"above the target {args.target}")
            sys.exit(1)


main()
