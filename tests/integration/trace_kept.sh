#!/usr/bin/env bash
# tbft run --trace full | cells | off: the joules of every row are found again in what is kept, and nothing else depends on it.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
# A meter that is sampled all the time, also during the warm-up, which is in no window.
sweep() {
  local directory=$1
  shift
  "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set meter.uri=estimate:// --set meter.interval_s=0.001 \
    --set warmup=true --set idle.seconds=0.2 -o "$work/$directory" "$@"
}

for keep in full cells off; do
  sweep $keep --trace $keep >/dev/null 2>"$work/err" || fail "$keep: $(cat "$work/err")"
  [ "$(wc -l <"$work/$keep/cells.csv")" = 5 ] || fail "$keep: $(cat "$work/$keep/cells.csv")"
  grep -q '"meter.trace": *"'$keep'"' "$work/$keep/run.json" || fail "$keep is not in run.json"
  grep -q '"timer_slack_ns": *[01]' "$work/$keep/run.json" || fail "what the sampler got is not in run.json"
done
[ -z "$(ls "$work/off/traces")" ] || fail "off left $(ls "$work/off/traces")"
for keep in full cells; do
  "$tbft" integrate "$work/$keep/traces/trace.csv" --json >"$work/windows" || [ $? = 4 ] || fail "$keep: integrate"
  /usr/bin/python3 - "$work/windows" "$work/$keep/cells.csv" <<'P' || fail "$keep: the joules are others"
import csv, json, sys
windows = {w["name"]: w["gross_J"] for w in json.load(open(sys.argv[1]))["windows"]}
rows = list(csv.DictReader(open(sys.argv[2])))
for row in rows:
    gross = float(row["gross_J"])
    assert abs(windows["cell/" + row["cell_id"]] - gross) <= 1e-12 * gross, row["cell_id"]
assert len(rows) == 4
P
done
# Of the readings in no window, cells keeps the two beside each window; the warm-up has many more.
/usr/bin/python3 - "$work/full/traces/trace.csv" "$work/cells/traces/trace.csv" <<'P' || fail "cells keeps readings outside windows"
import sys
def outside(path):
    windows, open_windows, readings = 0, 0, 0
    for line in open(path):
        if not line[0].isdigit():
            continue
        mark = line.rstrip("\n").split(",")[6]
        if mark:
            open_windows += 1 if mark[0] == "+" else -1
            windows += mark[0] == "+"
        elif not open_windows:
            readings += 1
    return readings, windows
(full, _), (cells, windows) = map(outside, sys.argv[1:])
assert cells <= 2 * windows and full > cells + 10, (full, cells, windows)
P

# Another choice is no other run.
"$tbft" report "$work/off" >/dev/null || fail "report without a trace"
sed -i '$d' "$work/off/cells.csv"
sweep off --resume --trace cells >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
[ -s "$work/off/traces/trace-2.csv" ] || fail "the resumed run kept nothing"

# The plan is on stdout, the size of the trace on stderr.
sweep new --dry-run >"$work/plan" 2>"$work/err"
[ "$(wc -l <"$work/plan")" = 5 ] || fail "$(cat "$work/plan")"
grep -q '^trace: about 216 MB an hour (1000 readings a second)' "$work/err" || fail "$(cat "$work/err")"
sweep full --dry-run --set sweep.repetitions=3 2>&1 >/dev/null | grep -qE '^trace: about .* MB for the [0-9]+ s' ||
  fail "the rows of a run say how long it takes"
sweep full --dry-run 2>&1 >/dev/null | grep -q '^trace: no more readings' || fail "all cells are done"
sweep new --dry-run --trace off 2>&1 >/dev/null | grep -q '^trace: none' || fail "off"
[ ! -e "$work/new" ] || fail "--dry-run made something"
