#!/usr/bin/env bash
# --status while a run and a recording are at work, and what SIGINT leaves: whole rows, a state, how to go on.
. "$(dirname "$0")/common.sh"
tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
constant_trace "$work/5W.csv" 120 1000
sweep=("$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.2 --set 'sweep.repetitions=100'
  -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" --status "$work/status.json")
"${sweep[@]}" >"$work/out" 2>"$work/err" &
run=$!
await_file "$work/status.json"
await_file "$work/run/cells.csv"
for _ in $(seq 600); do grep -q '"cells_done": [1-9]' "$work/status.json" && break; sleep 0.1; done
/usr/bin/python3 - "$work/status.json" <<'P'
import json, sys
status = json.load(open(sys.argv[1]))
assert status["command"] == "run" and status["state"] in ("running", "idle"), status
assert status["cells_planned"] == 200 and 1 <= status["cells_done"] < 200, status
assert status["measured"] == 0 and status["energy_J"] > 0 and abs(status["power_W"] - 5) < 0.01, status
assert 0 <= status["fraction"] < 1, status
P
kill -INT $run
code=0
wait $run || code=$?
[ "$code" = 130 ] || fail "exit code $code after SIGINT: $(cat "$work/err")"
tail -1 "$work/err" | grep -q -- "-o $work/run and --resume" || fail "it does not say how to go on: $(tail -1 "$work/err")"
/usr/bin/python3 - "$work/status.json" "$work/run/cells.csv" <<'P'
import csv, json, sys
status = json.load(open(sys.argv[1]))
assert status["state"] == "interrupted" and "--resume" in status["message"] or "interrupted" in status["message"], status
assert open(sys.argv[2]).read().endswith("\n"), "a torn row"
for row in csv.DictReader(open(sys.argv[2])):
    # A cell lasts milliseconds: on a busy machine one may pass without a reading and is invalid, as it should be.
    assert row["status"] in ("ok", "invalid") and None not in row.values(), row
P
[ "$(find "$work" -name 'status.json*' | wc -l)" = 1 ] || fail "temporary files are left"
"$tbft" record -m "replay://$work/5W.csv?speed=realtime" -d 1.5s -o "$work/t.csv" --status "$work/record.json" >/dev/null || [ $? = 4 ] || fail "record"
grep -q '"state": "done"' "$work/record.json" || fail "record: $(cat "$work/record.json")"
