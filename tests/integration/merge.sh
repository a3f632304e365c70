#!/usr/bin/env bash
# run --cell and merge: cells that were run apart are joined with their joules and traces; resume goes on; parts of another run are refused.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
sweep=("$tbft" run "$work/e.toml" --set "model.checkpoint=$work/base.pth")
"${sweep[@]}" -o "$work/sequential" >/dev/null 2>"$work/err" || fail "sequential: $(cat "$work/err")"
id=$("${sweep[@]}" --dry-run | sed -n 5p | cut -d, -f1)
for cell in 0 1 "$id"; do
  "${sweep[@]}" --cell "$cell" -o "$work/parts/$cell" >/dev/null 2>"$work/err" || fail "cell $cell: $(cat "$work/err")"
  [ "$(wc -l <"$work/parts/$cell/cells.csv")" = 2 ] || fail "cell $cell is not one row"
done
expect_refusal 2 'cell 4: the plan has no such cell; give 0 to 3' "${sweep[@]}" --cell 4 -o "$work/none"
[ ! -e "$work/none" ] || fail "something was written"

code=0
"$tbft" merge -o "$work/run" "$work"/parts/* >"$work/out" 2>"$work/err" || code=$?
[ $code = 1 ] && [ ! -s "$work/err" ] || fail "code $code: $(cat "$work/err")"
grep -q '^3 of 4 cells from 3 parts: 3 ok, 0 failed, 0 invalid' "$work/out" || fail "$(cat "$work/out")"
grep -q ', 1 missing; ' "$work/out" || fail "$(cat "$work/out")"
missing=$("${sweep[@]}" --dry-run | sed -n 4p)  # cell 2
IFS=, read -r cell_id order dataset drift condition size strategy repetition seed <<<"$missing"
grep -q "^missing: cell 2 ($cell_id): $dataset, $drift, 10 %, $strategy, repetition $repetition\$" "$work/out" || fail "$missing: $(cat "$work/out")"
expect_refusal 2 'already exists' "$tbft" merge -o "$work/run" "$work"/parts/*

"${sweep[@]}" -o "$work/run" --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
grep -q '4 cells: 1 ok, 3 done before' "$work/err" || fail "$(cat "$work/err")"
/usr/bin/python3 - "$work" "$tbft" <<'P' || fail "the merged run"
import csv, json, pathlib, subprocess, sys
work, tbft = pathlib.Path(sys.argv[1]), sys.argv[2]
rows = {name: {r["cell_id"]: r for r in csv.DictReader((work / name / "cells.csv").open())} for name in ("sequential", "run")}
assert rows["run"].keys() == rows["sequential"].keys() and len(rows["run"]) == 4
joules = {}
traces = sorted(path.name for path in (work / "run/traces").iterdir())
assert traces == ["trace-2.csv", "trace-3.csv", "trace-4.csv", "trace.csv"], traces
for trace in traces:
    for window in json.loads(subprocess.run([tbft, "integrate", work / "run/traces" / trace, "--json"], capture_output=True).stdout)["windows"]:
        joules.setdefault(window["name"], []).append(window["gross_J"])
for cell, row in rows["run"].items():
    assert row["correct"] == rows["sequential"][cell]["correct"] and row["status"] == "ok"
    assert joules["cell/" + cell] == [float(row["gross_J"])], "a trace does not give its cell's joules again"
P
"$tbft" report "$work/run" >/dev/null || fail "report"
"$tbft" merge --json -o "$work/again" "$work/run" >"$work/json" || fail "a merged run is a part"
/usr/bin/python3 -c "import json, sys; o = json.load(open(sys.argv[1])); assert o['ok'] == 4 and o['missing'] == [], o" "$work/json"

"${sweep[@]}" --set train.batch=7 --cell 2 -o "$work/other" >/dev/null 2>&1 || fail "the other part"
expect_refusal 2 'other: does not belong to the run of .*train.batch was 128, is 7' "$tbft" merge -o "$work/mixed" "$work/parts/0" "$work/other"
expect_refusal 2 'is also in .*parts/0' "$tbft" merge -o "$work/mixed" "$work/parts/0" "$work/run"
expect_refusal 2 'no run.json' "$tbft" merge -o "$work/mixed" "$work/parts/0" "$work/nowhere"
[ ! -e "$work/mixed" ] || fail "something was written"
