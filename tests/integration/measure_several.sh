#!/usr/bin/env bash
# tbft measure A B: several commands by turns, their ratio, exports, and the steps around them. The meter is a recording of a
# constant 5 W that an INA219 would have written. Usage: measure_several.sh TBFT SOURCE CASE
. "$2/tests/integration/common.sh"

# An INA219's trace: its limits of accuracy are in the header, so that joules have a U.
ina219_trace() {
  cat >"$1" <<T
# tbft trace 1
# meter: ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1
# description: INA219
# scope: board
# measured: 1
# counter: 0
# nominal_period_s: 0.005
# averaging_s: 0.000532
# current_share: 0.5
# latency_s: 0
# gap_limit_s: 0.5
# gain_limit_rel: 0.015
# offset_limit_A: 0.001
# offset_limit_V: 0
# resolution_A: 0.0001
# resolution_V: 0.004
T
  constant_trace "$work/rows.csv" "$2" 200
  cat "$work/rows.csv" >>"$1"
}
ina219_trace "$work/5W.csv" 200
measure() { "$tbft" measure -m "replay://$work/5W.csv?gap_limit=0.5" "$@"; }
json() { /usr/bin/python3 -c "import json,sys; d=json.load(open(sys.argv[1])); r=d['results']; $2" "$1" || fail "$2: $(head -c 2000 "$1")"; }

case_two_sleeps() {
  measure --idle 0.2 -r 10 --export-json "$work/r.json" --export-csv "$work/r.csv" --export-markdown "$work/r.md" -o "$work/t.csv" \
    'echo secret; sleep 0.3' 'sleep 0.6' >"$work/out" 2>"$work/err" || fail "exit code $?: $(cat "$work/err")"
  cat "$work/out"
  grep -qE '^sleep 0.6 used [0-9.]+ \+- [0-9.]+ times the joules of echo secret; sleep 0.3 \(and [0-9.]+ \+- [0-9.]+ times the seconds\)' "$work/out" ||
    fail "no ratio"
  grep -q "their spread and the meter's accuracy" "$work/out" || fail "the recording states the accuracy"
  ! grep -q '^secret' "$work/out" || fail "the commands' output is in the result"
  /usr/bin/python3 - "$work" <<'P'
import csv, json, sys
work = sys.argv[1]
d = json.load(open(work + "/r.json"))
a, b = d["results"]
ratio = d["ratios"][0]
J, s = ratio["gross_J"], ratio["duration_s"]
print("joules", J, "seconds", s)
# The power is constant, so joules are as the seconds; these are 2 but for the shell's start and this machine's load.
assert abs(J["ratio"] - s["ratio"]) <= J["U_ratio"] and 1.2 < J["ratio"] < 2.6
assert len(a["times"]) == len(b["times"]) == 10 and a["exit_codes"] == [0] * 10 and 0.3 < a["min"] <= a["median"] <= a["max"]
assert abs(a["mean_gross_J"] - 5 * a["mean"]) < 0.01 * a["mean_gross_J"]
U = a["U_mean_gross_J"] / a["mean_gross_J"]
assert U > 2 * 0.015 / 3**0.5, "U has the meter's gain"
assert sorted(x["place"] for c in (a, b) for x in c["repetitions"]) == list(range(20))
order = sorted((x["place"], i) for i, c in enumerate((a, b)) for x in c["repetitions"])
order = [i for _, i in order]
assert all({order[i], order[i + 1]} == {0, 1} for i in range(0, 20, 2)), "each once a round"
assert order != [0, 1] * 10 and order != [1, 0] * 10, "in random order"
assert d["seed"] == 0 and d["order"] == "interleaved" and a["user"] < 0.3
assert abs(b["mean_edp_Js"] - sum(5 * t * t for t in b["times"]) / 10) < 0.02 * b["mean_edp_Js"]
rows = list(csv.DictReader(open(work + "/r.csv")))
assert [r["command"] for r in rows] == ["echo secret; sleep 0.3", "sleep 0.6"] and float(rows[1]["mean"]) == b["mean"]
P
  grep -q '^| sleep 0.6 | 10 | ' "$work/r.md" || fail "$(cat "$work/r.md")"
  "$tbft" integrate "$work/t.csv" | grep -q '^repetition/19/command ' || fail "no window of the last run"
  expect_refusal 2 'tbft: --export-csv .*r.csv: exists' measure --export-csv "$work/r.csv" 'sleep 1' 'sleep 2'
  measure --idle 0 -r 1 --export-csv - 'sleep 0.1' 'sleep 0.2' | grep -q '^sleep 0.2,0.2' || fail "--export-csv -"
  measure --idle 0 -r 1 --json --force --export-csv "$work/r.csv" 'sleep 0.1' 'sleep 0.2' >"$work/one.json" || fail "--force"
  json "$work/one.json" 'assert len(r) == 2 and r[0]["times"] and d["ratios"][0]["repetitions"] == 1'
}

case_parameters_and_names() {
  measure --idle 0 -r 2 --export-json "$work/r.json" --command-name 'of {n}' -L n 0.1,0.2 -L m 1,2 'sleep {n}' 'sleep 0.{m}' >"$work/out" ||
    fail "exit code $?"
  json "$work/r.json" 'assert [c["command"] for c in r][:3] == ["of 0.1", "sleep 0.1 (m = 2)", "sleep 0.2 (m = 1)"] and len(r) == 8'
  json "$work/r.json" 'assert r[2]["parameters"] == {"n": "0.2", "m": "1"} and r[2]["mean"] > 0.2'
  measure --idle 0 -r 1 --export-csv "$work/p.csv" -L n 0.1,0.2 -- sleep '{n}' >"$work/out" || fail "words"
  [ "$(cut -d, -f1 "$work/p.csv" | tr '\n' ' ')" = 'command sleep 0.1 sleep 0.2 ' ] || fail "$(cat "$work/p.csv")"
  expect_refusal 2 'no command has \{k\}' measure -L k 1,2 'sleep 1'
}

case_steps_around_the_runs() {
  cd "$work"
  measure --idle 0 -r 2 -w 1 --setup 'echo setup >>log' -p 'echo prepare-a >>log' -p 'echo prepare-b >>log' --cleanup 'echo cleanup >>log' \
    -c 'echo a >>log; sleep 0.1' -c 'echo b >>log; sleep 0.1' >out 2>err || fail "exit code $?: $(cat err)"
  [ "$(sort log | uniq -c | tr -s ' \n' ' ')" = ' 3 a 3 b 2 cleanup 3 prepare-a 3 prepare-b 2 setup ' ] || fail "$(cat log)"
  [ "$(head -2 log | sort -u)" = setup ] && [ "$(tail -2 log | sort -u)" = cleanup ] || fail "$(cat log)"
  ! grep -A1 prepare-a log | grep -q '^b$' || fail "another command's preparation"
  expect_refusal 1 'sleep 0.[12]: --prepare exited with 3' measure --idle 0 -p 'exit 3' 'sleep 0.1' 'sleep 0.2'
  measure --idle 0 -r 2 --order blocks --setup 'echo S >>blocks' --cleanup 'echo C >>blocks' -c 'echo a >>blocks; sleep 0.1' -c 'echo b >>blocks; sleep 0.1' >out ||
    fail "blocks"
  [ "$(tr -d '\n' <blocks)" = SaaCSbbC ] || fail "$(cat blocks)"
}

case_a_failure_ends_it() {
  cd "$work"
  code=0
  measure --idle 0 -r 4 'echo a >>runs; sleep 0.1' 'echo b >>runs; sleep 0.1; [ "$(grep -c b runs)" != 2 ] || exit 7' >out 2>err || code=$?
  [ "$code" = 7 ] || fail "exit code $code"
  [ "$(wc -l <err)" = 1 ] && grep -q 'exited with 7 in repetition 2 (--ignore-failure' err || fail "$(cat err)"
  grep -q ' used .* times the joules of ' out || fail "what was measured is lost: $(cat out)"
  rm runs
  measure --idle 0 -r 4 --ignore-failure --export-json r.json 'echo a >>runs; sleep 0.1' 'echo b >>runs; sleep 0.1; [ "$(grep -c b runs)" != 2 ] || exit 7' >out 2>err ||
    fail "exit code $?"
  json r.json 'assert r[1]["exit_codes"] == [0, 7, 0, 0] and "1 of 4 repetitions failed" in d["notes"][0]'
  # The exit code is the command's, even if what was measured cannot be written.
  rm runs
  code=0
  measure --idle 0 -r 4 --export-csv /dev/full 'echo a >>runs; sleep 0.1' 'echo b >>runs; sleep 0.1; [ "$(grep -c b runs)" != 2 ] || exit 7' >out 2>err || code=$?
  [ "$code" = 7 ] && grep -q 'exited with 7' err && grep -q /dev/full err || fail "exit code $code: $(cat err)"
  # What cannot start is no run.
  expect_refusal 127 'tbft: /nowhere/x: command not found' measure --idle 0 -N --ignore-failure '/nowhere/x 1' '/nowhere/x 2'
  echo text >notexec
  expect_refusal 126 'tbft: ./notexec: cannot be executed' measure --idle 0 -N --ignore-failure './notexec 1' './notexec 2'
  printf '#!/opt/nowhere/python3\n' >script
  chmod +x script
  expect_refusal 127 'its interpreter /opt/nowhere/python3 is missing' measure --idle 0 -N --ignore-failure './script 1' './script 2'
  code=0
  measure -- 'sleep 1' --export-json x >out 2>err || code=$?
  [ "$code" = 127 ] && grep -q 'write options before the first one' err || fail "$code $(cat err)"
}

case_json_of_one_command() {
  measure --idle 0 -r 2 --json -- sleep 0.1 >"$work/out" || fail "exit code $?"
  [ "$(wc -l <"$work/out")" = 2 ] || fail "not a line for each repetition: $(cat "$work/out")"
  "$tbft" measure --help | tr -s ' \n' ' ' >"$work/help"
  for option in '--ignore-failure' '--command-name x' '--setup true' '--prepare true' '--cleanup true'; do
    grep -q "Several, or one with --until, --cooldown,.*${option%% *}.*: print what --export-json writes" "$work/help" ||
      fail "the help of --json does not name ${option%% *}"
    measure --idle 0 -r 2 $option --json -- sleep 0.1 >"$work/out" || fail "$option: exit code $?"
    json "$work/out" 'assert len(r) == 1 and len(r[0]["times"]) == 2'
  done
}

case_until() {
  measure --idle 0 --until 60% --min-runs 3 --max-runs 5 --export-json "$work/r.json" 'sleep 0.2' 'sleep 0.3' >"$work/out" || fail "exit code $?"
  json "$work/r.json" 'assert 3 <= len(r[0]["times"]) == len(r[1]["times"]) <= 5 and d["until_pct"] == 60'
  measure --idle 0 --until 0.5% --min-runs 2 --max-runs 3 --export-json "$work/s.json" -- sleep 0.2 >"$work/out" || fail "exit code $?"
  json "$work/s.json" 'assert any("the meter'"'"'s own accuracy is the limit" in n for n in d["notes"])'
  for wrong in 2 0% -1% 101% x%; do expect_refusal 2 'tbft: --until' measure "--until=$wrong" 'sleep 1' 'sleep 2'; done
  expect_refusal 2 'min-runs 9 is above --max-runs 3' measure --until 2% --min-runs 9 --max-runs 3 'sleep 1' 'sleep 2'
}

case_cooldown() {
  # 5 W in the first idle window of 1 s and up to 2.5 s, then 6 W up to 10 s; the command ends between these two instants.
  { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark
    seq 0 6000 | awk '{ t = $1 / 100; printf "%.0f,,,%s,,,\n", $1 * 1e7, (t > 2.5 && t < 10) ? 6 : 5 }'; } >"$work/hot.csv"
  for cooldown in '' '--cooldown auto'; do
    "$tbft" measure -m "replay://$work/hot.csv?gap_limit=0.5" --idle 1 $cooldown -r 1 --export-json "$work/r$cooldown.json" -- sleep 2 >"$work/out" 2>"$work/err" ||
      fail "exit code $?: $(cat "$work/err")"
  done
  json "$work/r.json" 'assert r[0]["repetitions"][0]["idle_W"] > 5.3, "the second idle window is hot"'
  json "$work/r--cooldown auto.json" 'assert abs(r[0]["repetitions"][0]["idle_W"] - 5) < 0.01 and not d["notes"]'
  expect_refusal 2 'give their length' measure --idle 0 --cooldown auto 'sleep 1' 'sleep 2'
}

case_interrupted() {
  "$tbft" measure -m "replay://$work/5W.csv?gap_limit=0.5" --idle 0.1 -r 50 --export-json "$work/r.json" 'echo >>"'"$work"'/runs"; sleep 0.2' 'sleep 0.1' >"$work/out" 2>"$work/err" &
  pid=$!
  for _ in $(seq 600); do [ "$(wc -l 2>/dev/null <"$work/runs" || echo 0)" -ge 3 ] && break; sleep 0.05; done
  kill -INT $pid
  code=0
  wait $pid || code=$?
  [ "$code" = 130 ] || fail "exit code $code"
  grep -q ' times the joules of ' "$work/out" || fail "no summary: $(cat "$work/out" "$work/err")"
  json "$work/r.json" 'assert 2 <= len(r[0]["times"]) < 50'
}

case_shells() {
  measure --idle 0 -r 1 --show-output -S none "sh -c 'echo one; sleep 0.1'" "sh -c 'echo \"two words\"; sleep 0.1'" >"$work/out" || fail "none"
  grep -qx one "$work/out" && grep -qx 'two words' "$work/out" || fail "$(cat "$work/out")"
  measure --idle 0 -r 1 --show-output --shell 'bash -e' 'echo $BASH_VERSION x; sleep 0.1' 'false; sleep 9' >"$work/out" 2>"$work/err" && fail "bash -e"
  grep -q 'exited with 1' "$work/err" || fail "$(cat "$work/err")"
  measure 'sleep 0.2; echo done' >"$work/out" || fail "one line for the shell"
  grep -qx done "$work/out" && grep -q '^gross' "$work/out" || fail "one command keeps its stdout: $(cat "$work/out")"
  [ "$(echo in | measure --idle 0 --export-json "$work/r.json" -- sh -c 'sleep 0.2; cat' | head -1)" = in ] || fail "its streams with --export-json"
  expect_refusal 2 'tbft: -c and the words' measure -c 'sleep 1' sleep 2
  expect_refusal 2 'a command is missing' measure
}

case_a_running_process() {
  sleep 3 &
  measure --pid $! --json >"$work/out" || fail "exit code $?"
  wait
  /usr/bin/python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert 0.2<r["duration_s"] and abs(r["gross_J"]-5*r["duration_s"])<0.05 and r["net_J"] is None, r' \
    "$work/out" || fail "$(cat "$work/out")"
  cp "$(command -v sleep)" "$work/tbft-sleeper"
  "$work/tbft-sleeper" 60 &
  sleeper=$!
  measure --pid tbft-sleeper --timeout 0.5 >"$work/out" || fail "exit code $?"
  grep -q '^gross' "$work/out" && kill -0 $sleeper || fail "the process was not left alone"
  "$work/tbft-sleeper" 60 &
  expect_refusal 2 'tbft: --pid tbft-sleeper: 2 processes have this name.*[0-9]+, [0-9]+' measure --pid tbft-sleeper
  kill $sleeper $!
  expect_refusal 2 'tbft: --pid 999999999: no such process runs' measure --pid 999999999
  expect_refusal 2 'tbft: --pid no-such-name: no process' measure --pid no-such-name
  expect_refusal 2 'takes no command' measure --pid 1 sleep 1
}

"case_$3"
