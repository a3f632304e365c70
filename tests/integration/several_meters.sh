#!/usr/bin/env bash
# Several meters at once (-m A -m B). Usage: several_meters.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"
cd "$work"
constant_trace five.csv 60
five="replay://$work/five.csv?speed=realtime"
# A program that prints $1 W twenty times a second, and ends after $2 lines.
watts() { echo "exec://i=0; while [ \$((i += 1)) -le $2 ]; do echo $1; sleep 0.05; done; exit 3?unit=W&period=0.05"; }

case $3 in
  measure_prints_each_and_their_ratio)
    "$tbft" measure --idle 1 -m "$five" -m "$(watts 5.1 1000)" -o t.csv sleep 2 >out 2>err || fail "exit code $?: $(cat err)"
    [ "$(grep -c '^gross' out)" = 2 ] || fail "not the joules of two meters: $(cat out)"
    grep -q '^The same by meter 2:' out || fail "no second meter: $(cat out)"
    tr '\n' ' ' <out | tr -s ' ' | grep -qE 'ratio exec:.* 1\.0[12][0-9]* \+- .* times the joules of replay:.* neither states an accuracy' || fail "no ratio: $(cat out)"
    # Each has its trace, from which the same joules follow.
    "$tbft" integrate t.csv -w repetition/0/command --json >one || fail "no trace"
    "$tbft" integrate t.meter2.csv -w repetition/0/command --json >two || fail "no second trace"
    /usr/bin/python3 - <<'P' || fail "$(cat one two)"
import json
for name, watts in (("one", 5), ("two", 5.1)):
    window = json.load(open(name))["windows"][0]
    assert abs(window["gross_J"] - watts * window["duration_s"]) < 0.02 * watts * window["duration_s"], (name, window)
P
    "$tbft" measure --json --idle 1 -m "$five" -m "$(watts 5.1 1000)" -r 2 sleep 1 >out 2>err || fail "exit code $?: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat out)"
import json
rows = [json.loads(line) for line in open("out")]
assert [(row["repetition"], row["meter"].split(":")[0]) for row in rows] == [(0, "replay"), (0, "exec"), (1, "replay"), (1, "exec")], rows
for row in rows:
    watts = 5 if row["meter"].startswith("replay") else 5.1
    assert row["status"] == "ok" and abs(row["mean_W"] - watts) < 0.1 and row["net_J"] is not None, row
P
    ;;
  one_that_dies_stops_neither_command_nor_the_other)
    # The first meter decides the exit code, whichever of the two dies.
    "$tbft" measure --json --idle 0 -m "$five" -m "$(watts 5 10)" -- sh -c 'sleep 2; touch ran' >out 2>err || fail "exit code $?: $(cat err)"
    [ -e ran ] || fail "the command was stopped"
    /usr/bin/python3 - <<'P' || fail "$(cat out)"
import json
first, second = [json.loads(line) for line in open("out")]
assert first["status"] == "ok" and abs(first["mean_W"] - 5) < 0.1, first
assert second["status"] == "invalid" and second["gross_J"] is None and "exit code 3" in second["reason"], second
P
    grep -q 'warning: exec:.*exit code 3' err || fail "no warning: $(cat err)"
    code=0
    "$tbft" measure --json --idle 0 -r 2 -m "$(watts 5 10)" -m "$five" sleep 2 >out 2>err || code=$?
    [ $code = 4 ] || fail "exit code $code: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat out)"
import json
rows = [json.loads(line) for line in open("out")]
assert [row["status"] for row in rows] == ["invalid", "ok", "invalid", "ok"], "the second goes on: " + str(rows)
P
    ;;
  commands_are_compared_by_each)
    "$tbft" measure --idle 0.5 -r 3 -m "$five" -m "$(watts 5.1 1000)" --export-json b.json 'sleep 0.5' 'sleep 1' >out 2>err ||
      fail "exit code $?: $(cat err)"
    [ "$(tr '\n' ' ' <out | tr -s ' ' | grep -oE 'sleep 1 used (1\.9|2\.0)[0-9]* \+- ' | wc -l)" = 2 ] || fail "not compared by both: $(cat out)"
    /usr/bin/python3 - <<'P' || fail "$(cat b.json)"
import json
one = json.load(open("b.json"))
(two,) = one["further_meters"]
assert two["meter"].startswith("exec:") and one["meter"].startswith("replay:"), two["meter"]
for by, watts in ((one, 5), (two, 5.1)):
    assert abs(by["results"][0]["mean_W"] - watts) < 0.1, by["results"][0]
P
    ;;
  watched_together)
    "$tbft" watch -d 3s -m "$five" -m "$(watts 5.1 1000)" >out 2>err || fail "exit code $?: $(cat err)"
    grep -qE '^2\.[0-9] s   5 W   [0-9.]+ J   5\.1 W   [0-9.]+ J' out || fail "no row of both: $(cat out)"
    [ "$(grep -c '^gross' out)" = 2 ] || fail "no totals of both: $(cat out)"
    "$tbft" watch --json -d 3s -m "$five" -m "$(watts 5 20)" >out 2>err || fail "exit code $?: $(cat err)"
    grep -q 'exec:.*failed' err || fail "it did not say that one ended: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat out)"
import json
rows = [json.loads(line) for line in open("out")]
last = [row for row in rows if "t_s" in row][-2:]
assert [row["meter"].split(":")[0] for row in last] == ["replay", "exec"], last
assert last[0]["power_W"] == 5 and last[1]["power_W"] is None, last
P
    ;;
  what_makes_no_sense_is_refused)
    expect_refusal 2 'named twice' "$tbft" measure -m estimate:// -m estimate:// -- touch ran
    expect_refusal 2 'only the first meter may be auto' "$tbft" measure -m estimate:// -m auto -- touch ran
    expect_refusal 3 'power_supply' "$tbft" measure -m estimate:// -m power_supply://none -- touch ran
    expect_refusal 2 'this command takes one meter; measure, run and watch' "$tbft" record -d 1s -m estimate:// -m replay://five.csv -o x.csv
    echo notes >t.meter2.csv
    expect_refusal 1 't.meter2.csv: exists and is not a trace' "$tbft" measure -m estimate:// -m 'estimate://?idle_W=1' -o t.csv -- touch ran
    cp five.csv r.meter2.csv
    expect_refusal 2 'r.meter2.csv' "$tbft" measure -m estimate:// -m "replay://r.meter2.csv" -o r.csv -- touch ran
    cmp -s five.csv r.meter2.csv || fail "a recording was written to while it was played back"
    # An export replaces neither the trace of a further meter nor what it plays back.
    expect_refusal 2 'export-csv x.meter2.csv: this command already uses' "$tbft" measure -m estimate:// -m 'estimate://?idle_W=1' -o x.csv --export-csv x.meter2.csv --force 'touch ran' 'touch ran'
    cp five.csv b.csv
    expect_refusal 2 'export-csv b.csv: this command already uses' "$tbft" measure -m estimate:// -m replay://b.csv --export-csv b.csv --force 'touch ran' 'touch ran'
    cmp -s five.csv b.csv || fail "a recording was replaced"
    [ ! -e ran ] && [ "$(cat t.meter2.csv)" = notes ] || fail "a command ran without its meters, or a file was replaced" ;;
  each_rail_of_a_device_has_its_trace)
    needs_mounts
    hwmon ina3221 in1_input=5000 curr1_input=1000 in1_label=CPU in2_input=5000 curr2_input=200 in2_label=SOC update_interval=20
    rails='hwmon://ina3221?channel=all'
    with_class "$tbft" measure --idle 0 -m "$rails" -o t.csv sleep 1 >out 2>err || fail "exit code $?: $(cat err)"
    [ "$(grep -c '^gross' out)" = 2 ] || fail "not two rails: $(cat out)"
    "$tbft" integrate t.csv -w repetition/0/command --json >one && "$tbft" integrate t.meter2.csv -w repetition/0/command --json >two ||
      fail "no trace of each rail"
    /usr/bin/python3 - <<'P' || fail "$(cat one two)"
import json
for name, watts in (("one", 5), ("two", 1)):
    window = json.load(open(name))["windows"][0]
    assert abs(window["gross_J"] - watts * window["duration_s"]) < 0.02 * watts * window["duration_s"], (name, window)
P
    # How many traces there are is known when the device has been opened, before a command runs.
    expect_refusal 2 'export-csv x.meter2.csv: this command already uses' with_class "$tbft" measure -m "$rails" -o x.csv \
      --export-csv x.meter2.csv 'touch ran' 'touch ran'
    [ ! -e ran ] && [ ! -e x.csv ] || fail "a command ran, or a trace was begun" ;;
  a_sweep_with_one_that_dies)
    tiny_base base.pth
    tiny_experiment tiny.toml
    run() { "$tbft" run "$@" --set model.checkpoint=base.pth >out 2>err; }
    five="replay://$work/tiny-trace.csv?speed=instant"
    # The second meter ends within half a second; the first lays 5 W over every window.
    run tiny.toml -o dies -m "$five" -m "$(watts 5 8)" --set train.epochs=20 || fail "exit code $?: $(cat out err)"
    grep -q 'warning: exec:.*failed: .*exit code 3' err || fail "no warning: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat dies/cells.csv dies/meters.csv)"
import csv, json
cells = list(csv.DictReader(open("dies/cells.csv")))
meters = list(csv.DictReader(open("dies/meters.csv")))
assert len(cells) == 4 and all(row["status"] == "ok" and row["gross_J"] for row in cells), cells
assert [row["cell_id"] for row in meters] == [row["cell_id"] for row in cells], meters
last = meters[-1]
assert last["meter"].startswith("exec:") and last["status"] == "invalid" and last["gross_J"] == "", last
assert "exit code 3" in last["reason"], last
run = json.load(open("dies/run.json"))
assert run["effective"]["meter.also"] == [run["further_meters"][0]["uri"]], run
P
    # Complete: the first meter has every cell. With other meters it is another run.
    run tiny.toml -o dies -m "$five" -m "$(watts 5 8)" --set train.epochs=20 --resume || fail "exit code $?: $(cat err)"
    if run tiny.toml -o dies -m "$five" --set train.epochs=20 --resume; then fail "resumed without its second meter"; fi
    grep -q 'meter.also was' err || fail "it does not say why: $(cat err)" ;;
  a_file_may_name_further_meters)
    tiny_base base.pth
    tiny_experiment tiny.toml
    sed 's/,5,1,5,/,5,1.01,5.05,/' tiny-trace.csv >more.csv
    run() { "$tbft" run "$@" --set model.checkpoint=base.pth >out 2>err; }
    sed "s|^meter.uri.*|&\nmeter.also = [\"replay://$work/more.csv?speed=instant\"]|" tiny.toml >also.toml
    run also.toml -o also || fail "exit code $?: $(cat out err)"
    "$tbft" report also >out || fail "no report"
    grep -q 'Meters beside the first one' out || fail "no table: $(cat out)"
    tr '\n' ' ' <out | tr -s ' ' | grep -qE '1\.010 times the joules of replay:.* over 4 windows' || fail "no ratio: $(cat out)"
    # Half of the cells here, half there: the merged run has the rows and traces of both meters.
    run also.toml -o first --cell 0 --cell 1 || fail "exit code $?: $(cat err)"
    run also.toml -o second --cell 2 --cell 3 || fail "exit code $?: $(cat err)"
    "$tbft" merge -o whole first second >out 2>err || fail "not merged: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat whole/meters.csv)"
import csv, os
cells = {(row["cell_id"], row["started_utc"]) for row in csv.DictReader(open("whole/cells.csv"))}
meters = list(csv.DictReader(open("whole/meters.csv")))
assert len(cells) == 4 and {(row["cell_id"], row["started_utc"]) for row in meters} == cells, meters
assert all(row["status"] == "ok" and abs(float(row["mean_W"]) - 5.05) < 1e-6 for row in meters), meters
P
    [ -s whole/traces/trace.meter2.csv ] && [ -s whole/traces/trace-2.meter2.csv ] || fail "no traces: $(ls whole/traces)"
    # Meters of the command line stand alone, and a file starts no program.
    run also.toml -o alone -m "replay://$work/tiny-trace.csv?speed=instant" || fail "exit code $?: $(cat err)"
    [ ! -e alone/meters.csv ] || fail "the file's second meter was taken beside the command line's"
    sed 's|^meter.uri.*|&\nmeter.also = ["exec://touch ran?unit=W"]|' tiny.toml >program.toml
    expect_refusal 2 'meter.also: .*exec: it runs a program' "$tbft" run program.toml --set model.checkpoint=base.pth -o x
    [ ! -e ran ] && [ ! -e x ] || fail "a file started a program" ;;
esac
