"""Reads the results of `tbft run`."""
import csv
import io
import math
import pathlib
import re

from tbft._power import Error

# Columns of cells.csv that are numbers; all others are text. A cell_id may look like a number.
NUMBERS = frozenset("""schema train_size repetition seed accuracy_pct val_loss epochs steps samples_seen trainable_params
    macs_train duration_s train_s gross_J U_gross_J U_random_gross_J idle_W net_J U_net_J U_random_net_J train_gross_J
    train_net_J U_train_net_J U_random_train_net_J u_rel_gain mean_W max_W measured samples distinct_hz longest_gap_s
    coverage_pct sampler_cpu_s peak_rss_MiB saved_act_MiB threads lr n_test correct order_index temp_start_C temp_end_C
    throttled idle_drift_W other_cpu_pct batch cpu_min_kHz cpu_mean_kHz test_net_J U_test_net_J infer_J_per_image
    edp_Js""".split())
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_run(directory):
    """The cells of a run: a pandas DataFrame if pandas is installed, or else a list of dicts.

    directory: a run directory, or its cells.csv. `tbft columns` has the meaning and unit of each column. What is unknown is
    NaN in a DataFrame's numbers and None elsewhere; a column of a later version stays text. The joules are the gross and net
    ones of each cell as they were written; `tbft report` leaves out the training joules and training times of cells whose
    other_cpu_pct is above 30, not the cells. tbft.Error: there is no such run, or the file is damaged.
    """
    return _table(directory, "cells.csv")


def read_meters(directory):
    """The cells of a run by its further meters (`-m A -m B`), as read_run() gives those of the first.

    directory: a run directory, or its meters.csv, with a row for each cell and meter. A row belongs to the cell of the same
    run_id, cell_id and started_utc. tbft.Error: there is no such file, because the run had one meter, or it is damaged.
    """
    return _table(directory, "meters.csv")


def _table(directory, name):
    path, text = _read(pathlib.Path(directory), name)
    header, rows = _split(path, text)
    cells = [{name: _value(path, number, name, field) for name, field in zip(header, row)}
             for number, row in enumerate(rows, 1)]
    try:
        import pandas
    except ImportError:
        return cells
    unknown = {name: math.nan if name in NUMBERS else None for name in header}
    return pandas.DataFrame({name: [unknown[name] if cell[name] is None else cell[name] for cell in cells] for name in header})


def _read(path, name):
    try:
        if path.is_dir():
            path /= name
        with open(path, encoding="utf-8-sig", newline="") as file:
            return path, file.read()
    except OSError as error:
        raise Error(f"{path}: {error.strerror}: give the directory of a run, which has {name}") from error
    except UnicodeDecodeError as error:
        raise Error(f"{path}: not a text file") from error


def _split(path, text):
    """The columns and the rows, without an incomplete last one, which a killed run may leave."""
    whole = _whole(text)
    try:
        header, *rows = list(csv.reader(io.StringIO(text[:whole], newline=""), strict=True)) or [[]]
    except csv.Error as error:
        raise Error(f"{path}: damaged: {error}") from error
    if "cell_id" not in header:
        raise Error(f"{path}: the first line does not have the columns of cells.csv or meters.csv")
    for name in header:
        if header.count(name) > 1:
            raise Error(f"{path}: the column {name} is there {header.count(name)} times")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise Error(f"{path}: row {number} has {len(row)} fields, and there are {len(header)} columns")
    # An incomplete row is one row: where whole rows follow, cutting it would lose them.
    if any(line.count(",") + 1 == len(header) for line in text[whole:].split("\n")[1:-1]):
        raise Error(f"{path}: row {len(rows) + 1}: a quote that is never closed hides the rows after it")
    return header, rows


def _whole(text):
    """How many characters are complete rows: up to the last end of a line that is not in quotes."""
    whole = position = 0
    quoted = False
    for line in text.split("\n")[:-1]:
        position += len(line) + 1
        quoted ^= line.count('"') % 2 == 1
        if not quoted:
            whole = position
    return whole


def _value(path, number, name, text):
    if not text:
        return None
    if name not in NUMBERS:
        return text
    value = float(text) if NUMBER.fullmatch(text) else math.nan  # float() alone takes `inf`, `nan` and `1_000`
    if not math.isfinite(value):
        raise Error(f"{path}: row {number}: column {name}: '{text}' is not a number")
    return int(text) if text.lstrip("+-").isdigit() else value
