#!/usr/bin/env bash
# tbft measure over a serial port: a simulated UM34C, its joules against the truth. $TBFT_UM34C_SIMULATOR is the simulator.
. "$(dirname "$0")/common.sh"

start_um34c
"$tbft" measure --json --idle 2 -m "$um34c_meter" -o "$work/trace.csv" -- sleep 6 >"$work/out" 2>"$work/err" || fail "measure: $(cat "$work/err")"
stop_um34c

claim=$(/usr/bin/python3 - "$work/out" <<'P'
import json, sys
row = json.load(open(sys.argv[1]))
assert row["measured"] == 1 and row["status"] == "ok" and row["meter_scope"] == "board", row
assert 1.5 < row["distinct_hz"] < 2.5, "the meter's refresh, not the polling rate"
assert row["sampler_cpu_s"] < 0.1 * row["duration_s"]
print(f"repetition/0/command={row['gross_J']}:{row['U_gross_J']}")
P
) || fail "$(cat "$work/out")"
/usr/bin/python3 "$source_dir/tests/integration/um34c.py" "$work/trace.csv" "$work/truth.csv" "$claim"
