"""The joules of each epoch of a PyTorch script, which is not changed for it.

Usage: epochs.py [-m METER] [-t TRACE] [--json] SCRIPT [ARGUMENTS...]
  epochs.py -m 'ina219:///dev/i2c-1?shunt_ohm=0.1' train.py --block block2

Each pass over a DataLoader is a window: epoch/N/train where gradients are on, epoch/N/eval where they are off (then N is the
epoch before it). `script` is everything, without the import of torch. Beside the joules stands what `tbft integrate` makes of
the same trace, where the program is installed.
"""
import argparse
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import tempfile

import tbft


class Epochs:
    """Makes a window of each pass over a DataLoader."""

    def __init__(self, monitor):
        self.monitor, self.windows, self.epoch, self.passes = monitor, [], 0, 0

    def window(self, name):
        window = self.monitor.window(name)
        self.windows.append(window)
        return window

    def name_pass(self, trains):
        if trains:
            self.epoch, self.passes = self.epoch + 1, 0
            return f"epoch/{self.epoch}/train"
        self.passes += 1
        return f"epoch/{self.epoch}/eval" + (f"-{self.passes}" if self.passes > 1 else "")

    def watch(self, torch):
        loader = torch.utils.data.DataLoader
        original = loader.__iter__

        def measured(data):
            window = self.window(self.name_pass(torch.is_grad_enabled()))
            try:
                yield from original(data)
            finally:  # also if the script leaves its loop early
                window.close()

        loader.__iter__ = measured


def run(script, arguments, epochs):
    """Runs the script as `python3 SCRIPT ARGUMENTS` would. Returns its exit code."""
    import torch
    import torch.utils.data

    epochs.watch(torch)
    sys.argv = [script, *arguments]
    sys.path[0] = str(pathlib.Path(script).resolve().parent)
    whole = epochs.window("script")
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        return end.code
    finally:
        whole.close()
    return 0


def integrated(trace):
    """The joules of each window as `tbft integrate` computes them from the trace; empty without the program."""
    program = shutil.which("tbft")
    if program is None:
        return {}
    done = subprocess.run([program, "integrate", trace, "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 4):  # 4: a window has no energy
        return {}
    return {window["name"]: window["gross_J"] for window in json.loads(done.stdout)["windows"]}


def print_table(rows, meter, file):
    def cell(value, form):
        return "-" if value is None or value != value else format(value, form)

    line = "{:<16} {:>8} {:>10} {:>9} {:>8} {:>16}"
    kind = "joules" if meter.measured else "joules are not a measurement"
    print(f"{kind}, gross (idle power included); {meter.description}", file=file)
    print(line.format("window", "s", "J", "U J (k=2)", "mean W", "tbft integrate J"), file=file)
    for name, energy, again in rows:
        print(line.format(name, f"{energy.seconds:.2f}", cell(energy.joules, ".5g"), cell(energy.U, ".2g"),
                          cell(energy.watts, ".4g"), cell(again, ".5g")), file=file)
        if not energy.valid:
            print(f"  {energy.reason}", file=file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-m", "--meter", default=os.environ.get("TBFT_METER", "auto"), help="URI of the meter, or auto")
    parser.add_argument("-t", "--trace", help="keep the trace in this new file")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each window, with all digits")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        trace = args.trace or os.path.join(folder, "trace.csv")
        try:
            monitor = tbft.Monitor(args.meter, trace=trace)
        except (tbft.Error, ValueError) as error:
            sys.exit(f"epochs.py: {error}")
        with monitor:
            epochs = Epochs(monitor)
            code = run(args.script, args.arguments, epochs)
            energies = [(window.name, window.energy) for window in epochs.windows]
        again = integrated(trace)
    rows = [(name, energy, again.get(name)) for name, energy in energies]
    if args.json:
        for name, energy, other in rows:
            print(json.dumps({"window": name, "joules": energy.joules if energy.valid else None, "integrate_J": other,
                              "seconds": energy.seconds, "reason": energy.reason}))
    else:
        print_table(rows, monitor.meter, sys.stdout)
    sys.exit(code)


main()
