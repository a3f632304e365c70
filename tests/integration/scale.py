"""A made-up run directory of CELLS cells and a trace of READINGS readings, then its page: within 500 MB of memory and 10 MB on disk,
and with the one peak that stands in the trace. Usage: scale.py TBFT SOURCE CELLS READINGS"""
import json
import pathlib
import re
import sys
import tempfile

tbft, source, cells, readings = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
sys.path.insert(0, str(source / "tests/support"))
from made_up_run import PEAK_W, reported, write_cells, write_trace  # noqa: E402

with tempfile.TemporaryDirectory() as work:
    run = pathlib.Path(work)
    write_cells(run, cells)
    write_trace(run, cells, readings)
    used = reported(tbft, run, "html", run / "report.html")
    page = (run / "report.html").read_text()
    print(f"{cells} cells, {readings} readings, a trace of {(run / 'traces/trace.csv').stat().st_size / 1e6:.0f} MB: {used}, "
          f"a page of {len(page) / 1e6:.2f} MB")
    assert used.MiB < 500, used
    assert len(page) < 10e6, len(page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))
    assert len(data["rows"]) == cells and all(data["traces"]), "a cell has no curve"
    b, unit = data["traces"][cells // 2]["b"], data["traces"][cells // 2]["pu"]
    peak = max(b[i] + b[i + 1] for i in range(2, len(b), 5)) * unit
    assert abs(peak - PEAK_W) < 0.02, f"the peak of {PEAK_W} W shows as {peak}"
