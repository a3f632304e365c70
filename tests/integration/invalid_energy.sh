#!/usr/bin/env bash
# A trace that ends before the work: the energy is invalid, the accuracy stays, exit code 4; a resume with it whole replaces the rows.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
# Readings faster than the shortest cell.
constant_trace "$work/w.csv" 1 500
args=(run "$work/e.toml" --set "model.checkpoint=$work/base.pth" --set 'data.path="synthetic:?part=target&n=400"' --set idle.seconds=0.4 -m "replay://$work/w.csv?speed=realtime" -o "$work/run")
code=0
"$tbft" "${args[@]}" >/dev/null 2>"$work/err" || code=$?
[ "$code" = 4 ] || fail "exit code $code: $(cat "$work/err")"
constant_trace "$work/w.csv" 600 500
"$tbft" "${args[@]}" --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
/usr/bin/python3 - "$work/run" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/cells.csv")))
assert len(rows) == 4 and all(r["status"] == "ok" and r["gross_J"] for r in rows), rows
old = list(csv.DictReader(open(sys.argv[1] + "/cells.superseded.csv")))
assert old and all(r["status"] == "invalid" and r["gross_J"] == "" and r["accuracy_pct"] and r["reason"] for r in old), old
now = {r["cell_id"]: r for r in rows}
assert all(now[r["cell_id"]]["correct"] == r["correct"] for r in old), "accuracy does not depend on the meter"
P
# Also where sweep.until has enough of the other repetitions: three rows of `none` suffice, and the fourth is invalid.
until_args=(run "$work/e.toml" --set "model.checkpoint=$work/base.pth" --set 'sweep.strategies=["none"]' --set sweep.repetitions=5
  --set 'sweep.until=train_s 2 %' -m "replay://$work/w.csv?speed=instant" -o "$work/until")
"$tbft" "${until_args[@]}" >/dev/null 2>"$work/err" || fail "until: $(cat "$work/err")"
"$tbft" "${until_args[@]}" --dry-run 2>/dev/null >"$work/plan"
/usr/bin/python3 - "$work" <<'P'
import csv, sys
file = sys.argv[1] + "/until/cells.csv"
# Where other programs are busy, contended repetitions do not count and more are run.
rows = [r | {"other_cpu_pct": ""} for r in csv.DictReader(open(file)) if r["repetition"] in "012"]
assert len(rows) == 3, rows
fourth = next(c["cell_id"] for c in csv.DictReader(open(sys.argv[1] + "/plan")) if c["repetition"] == "3")
invalid = rows[0] | {"cell_id": fourth, "repetition": "3", "status": "invalid", "reason": "the meter was unplugged", "gross_J": ""}
out = csv.DictWriter(open(file, "w", newline=""), rows[0], lineterminator="\n")
out.writeheader()
out.writerows(rows + [invalid])
P
"$tbft" "${until_args[@]}" --resume >/dev/null 2>"$work/err" || fail "until, resumed: $(cat "$work/err")"
[ "$(grep -c ',ok,' "$work/until/cells.csv")" = 4 ] && grep -q 'the meter was unplugged' "$work/until/cells.superseded.csv" ||
  fail "the invalid cell was not run again: $(cat "$work/err")"
