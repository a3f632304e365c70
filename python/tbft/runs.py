"""Reads the results of `tbft run`."""
import csv
import io
import math
import pathlib

from tbft._power import Error

# Columns of cells.csv that are text; all others are numbers. A cell_id may look like a number.
TEXT = frozenset("""run_id cell_id started_utc host board experiment protocol dataset drift condition strategy blocks status reason
    meter meter_scope backend layout bn_mode cpu_governor tool_version config_hash network""".split())


def read_run(directory):
    """The cells of a run: a pandas DataFrame if pandas is installed, or else a list of dicts.

    directory: a run directory, or its cells.csv. `tbft columns` has the meaning and unit of each column. What is unknown is
    NaN in a DataFrame's numbers and None elsewhere. The joules are the gross and net ones of each cell as they were written;
    `tbft report` leaves out cells whose other_cpu_pct is above 30. tbft.Error: there is no such run, or the file is damaged.
    """
    path = pathlib.Path(directory)
    if path.is_dir():
        path /= "cells.csv"
    header, rows = _read_csv(path)
    cells = [{name: _value(path, number, name, text) for name, text in zip(header, fields)} for number, fields in rows]
    try:
        import pandas
    except ImportError:
        return cells
    unknown = {name: None if name in TEXT else math.nan for name in header}
    return pandas.DataFrame({name: [unknown[name] if cell[name] is None else cell[name] for cell in cells] for name in header})


def _read_csv(path):
    """The columns, and (number of the row, fields); without an incomplete last line, which a killed run may leave."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
    except OSError as error:
        raise Error(f"{path}: {error.strerror}: give the directory of a run, which has cells.csv") from error
    except UnicodeDecodeError as error:
        raise Error(f"{path}: not a text file") from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not text.endswith("\n"):
        rows = rows[:-1]
    if not rows or "cell_id" not in rows[0]:
        raise Error(f"{path}: the first line does not have the columns of cells.csv")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(rows[0]):
            raise Error(f"{path}: row {number} has {len(row)} fields, and there are {len(rows[0])} columns")
    return rows[0], list(enumerate(rows[1:], 1))


def _value(path, number, name, text):
    if not text:
        return None
    if name in TEXT:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise Error(f"{path}: row {number}: column {name}: '{text}' is not a number")
