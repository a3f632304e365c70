#!/usr/bin/env bash
# A small sweep from base training to the report: rows, joules, traces that give the same joules again, resume that has nothing to do.
. "$(dirname "$0")/common.sh"

# OpenMP's threads sleep early where a network runs, unless the user says how long they spin; `measure` leaves its command alone.
spins() { OMP_DISPLAY_ENV=verbose "$@" --help 2>&1 | sed -n "s/.*GOMP_SPINCOUNT = '\\(.*\\)'/\\1/p" | tail -1; }
[ "$(spins "$tbft" run)" = 3000 ] || fail "run: threads spin $(spins "$tbft" run) rounds"
[ "$(GOMP_SPINCOUNT=77 spins "$tbft" run)" = 77 ] || fail "run: the user's count is lost"
[ "$(spins "$tbft" measure)" != 3000 ] || fail "measure: its command would inherit the count"

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
constant_trace "$work/5W.csv" 120 1000
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.3 --set trace_steps=true \
  -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" >"$work/report" 2>"$work/err" || fail "run: $(cat "$work/err")"

/usr/bin/python3 - "$work/run" "$tbft" <<'P'
import csv, json, pathlib, subprocess, sys
run, tbft = pathlib.Path(sys.argv[1]), sys.argv[2]
rows = list(csv.DictReader((run / "cells.csv").open()))
assert len(rows) == 4, len(rows)
# It ends with 4: some phases are shorter than the spacing of the readings.
windows = json.loads(subprocess.run([tbft, "integrate", run / "traces" / "trace.csv", "--json"], capture_output=True).stdout)["windows"]
by_name = {w["name"]: w for w in windows}
for row in rows:
    assert row["status"] == "ok", row
    assert row["measured"] == "0", "a replay is not a measurement"
    gross, duration = float(row["gross_J"]), float(row["duration_s"])
    assert abs(gross / duration - 5) < 0.02, (gross, duration)
    # Idle at the same 5 W: nothing is left over.
    assert abs(float(row["idle_W"]) - 5) < 1e-9 and abs(float(row["net_J"])) < 1e-6 + 0.002 * gross, row["net_J"]
    again = by_name["cell/" + row["cell_id"]]["gross_J"]
    assert abs(again - gross) <= 1e-12 * gross, (again, gross)
    if row["strategy"] == "fc":
        train = by_name[f"cell/{row['cell_id']}/train"]["gross_J"]
        assert abs(train - float(row["train_gross_J"])) <= 1e-12 * train
        assert float(row["train_gross_J"]) < gross
        assert f"cell/{row['cell_id']}/backward" in by_name
    else:
        assert row["train_gross_J"] == "" and float(row["train_s"]) == 0
run_json = json.loads((run / "run.json").read_text())
assert run_json["effective"]["threads"] == 1 and run_json["requested"]["sweep.repetitions"] == 2
assert len(run_json["checkpoint_sha256"]) == 64
journal = [json.loads(line) for line in (run / "journal.jsonl").open()]
ends = [e for e in journal if e["event"] == "cell_ends"]
for row in rows:
    end = next(e for e in ends if e["cell_id"] == row["cell_id"])
    assert bin(int(end["correct_hex"], 16)).count("1") == int(row["correct"])
P
grep -q 'not a measurement' "$work/report" || fail "the report does not say that joules are no measurement: $(cat "$work/report")"

before=$(sha256sum "$work/run/cells.csv")
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.3 --set trace_steps=true \
  -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" --resume >/dev/null 2>&1 || fail "resume"
[ "$before" = "$(sha256sum "$work/run/cells.csv")" ] || fail "a resume of a finished run changed its rows"

# Elsewhere: what an estimate or a replay says goes on on another processor, what a meter measured does not; nor does a run of 0.1, whose ids are others.
resume=("$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.3 --set trace_steps=true -m "replay://$work/5W.csv?speed=realtime" --resume)
for run in elsewhere measured older; do cp -r "$work/run" "$work/$run"; done
sed -i 's/"cpu": .*/"cpu": "another",/' "$work/elsewhere/run.json" "$work/measured/run.json"
sed -i 's/"measured": false/"measured": true/' "$work/measured/run.json"
sed -i '/"cell_ids": /d' "$work/older/run.json"
"${resume[@]}" -o "$work/elsewhere" >/dev/null 2>"$work/err" || fail "another processor: $(cat "$work/err")"
expect_refusal 2 'measured: cannot resume: cpu was "another", is ".*use another -o' "${resume[@]}" -o "$work/measured"
expect_refusal 2 'older: cannot resume: cell ids of tbft 0.* also depend on the machine.*use another -o' "${resume[@]}" -o "$work/older"
"$tbft" report "$work/older" >/dev/null || fail "the rows of an older run are not read"

# The plan may grow: two more cells, the old rows untouched.
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.3 --set trace_steps=true \
  --set 'sweep.strategies=["none","fc","bn-stats"]' -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" --resume \
  >/dev/null 2>&1 || fail "a grown plan"
[ "$(wc -l <"$work/run/cells.csv")" = 7 ] || fail "a grown plan has 6 rows"
for format in text md csv json; do "$tbft" report "$work/run" --format $format >"$work/r.$format" || fail "report $format"; done
/usr/bin/python3 -c "import json,sys; assert len(json.load(open(sys.argv[1]))['cells']) == 6" "$work/r.json"
