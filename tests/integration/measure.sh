#!/usr/bin/env bash
# tbft measure around real commands. Usage: measure.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

constant_trace "$work/5W.csv" 30
meter="replay://$work/5W.csv"

case $3 in
  E09_exit_code_is_kept)
    code=0
    "$tbft" measure -m "$meter" -- sh -c 'sleep 1; exit 7' >"$work/out" || code=$?
    [ "$code" = 7 ] || fail "exit code $code"
    grep -qE '^gross +[0-9.]+ J \+- [0-9.e-]+ J \(k=2' "$work/out" || fail "no joules with an uncertainty: $(cat "$work/out")" ;;
  E09_time_out_is_no_success)
    code=0
    "$tbft" measure -m "$meter" --timeout 0.3 -- sleep 20 >"$work/out" || code=$?
    [ "$code" = 124 ] || fail "exit code $code"
    grep -q '^gross' "$work/out" || fail "what was measured until then is missing" ;;
  E11_window_without_a_sample_is_invalid)
    # One reading a second; the command runs between two of them.
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; seq 0 9 | sed 's/$/000000000,5,1,5,,,/'; } >"$work/1Hz.csv"
    code=0
    "$tbft" measure -m "replay://$work/1Hz.csv" --idle 0.4 -- true >"$work/out" 2>/dev/null || code=$?
    [ "$code" = 4 ] || fail "exit code $code: $(cat "$work/out")"
    grep -q 'invalid.*no reading inside' "$work/out" || fail "$(cat "$work/out")"
    ! grep -q '^gross' "$work/out" || fail "joules from nothing" ;;
  E09_exit_code_is_kept_when_the_trace_cannot_be_written)
    # A file size limit stands for the full disk.
    code=0
    (ulimit -f 1; exec "$tbft" measure -m "$meter" -o "$work/t.csv" -- sh -c 'sleep 2.3; exit 7') >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 7 ] || fail "exit code $code"
    grep -q '^gross' "$work/out" || fail "the joules are lost: $(cat "$work/err")"
    grep -q 'trace.*cannot be written' "$work/err" || fail "$(cat "$work/err")"
    code=0
    (ulimit -f 1; exec "$tbft" measure -m "$meter" -o "$work/u.csv" -- sleep 2.3) >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 1 ] || fail "a torn trace ended with $code" ;;
  signal_is_128_plus_n)
    code=0
    "$tbft" measure -m "$meter" -- sh -c 'kill -9 $$' >"$work/out" || code=$?
    [ "$code" = 137 ] || fail "exit code $code" ;;
  signals_are_forwarded)
    "$tbft" measure -m "$meter" -- sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done' >"$work/out" &
    pid=$!
    for _ in $(seq 200); do grep -q ready "$work/out" && break; sleep 0.05; done
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 9 ] || fail "exit code $code" ;;
  time_out_ends_grandchildren)
    code=0
    "$tbft" measure -m "$meter" --timeout 0.5 -- sh -c 'sh -c "echo \$\$ >\"$0\"; exec sleep 60" & wait' "$work/pid" >/dev/null || code=$?
    [ "$code" = 124 ] || fail "exit code $code"
    ! kill -0 "$(cat "$work/pid")" 2>/dev/null || fail "the grandchild is still there" ;;
  repetitions_each_have_their_joules)
    "$tbft" measure -m "$meter" --repetitions 3 --warmup 1 --idle 0.2 -o "$work/t.csv" -- sh -c 'echo run >>"$0"; sleep 0.3' "$work/runs" >"$work/out"
    [ "$(wc -l <"$work/runs")" = 4 ] || fail "$(wc -l <"$work/runs") runs"
    grep -qE '^gross +1\.5[0-9]* J mean of 3, standard deviation .*95 % interval' "$work/out" || fail "$(cat "$work/out")"
    grep -qE '^net .* mean of 3' "$work/out" || fail "no net: $(cat "$work/out")"
    "$tbft" integrate "$work/t.csv" >"$work/windows"
    for window in repetition/0/idle repetition/0/command repetition/1/idle repetition/2/command repetition/3/idle; do
      grep -q "^$window " "$work/windows" || fail "no window $window"
    done
    "$tbft" measure -m "$meter" --repetitions 2 --json -- sleep 0.3 >"$work/json"
    /usr/bin/python3 -c "import json,sys; r=[json.loads(l) for l in open(sys.argv[1])]; assert [x['repetition'] for x in r]==[0,1] and all(1.4<x['gross_J']<2.5 for x in r), r" "$work/json" ;;
  repetitions_end_with_the_first_failure)
    code=0
    "$tbft" measure -m "$meter" --repetitions 5 -- sh -c 'echo run >>"$0"; [ "$(wc -l <"$0")" -lt 2 ] || exit 9' "$work/runs" >"$work/out" 2>&1 || code=$?
    [ "$code" = 9 ] || fail "exit code $code"
    [ "$(wc -l <"$work/runs")" = 2 ] || fail "$(wc -l <"$work/runs") runs" ;;
  idle_drift_is_reported)
    # 2 W until the first idle window is over, 2.4 W after.
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; for i in $(seq 0 199); do echo "$((i * 10000000)),,,$([ "$i" -lt 75 ] && echo 2 || echo 2.4),,,"; done; } >"$work/drift.csv"
    "$tbft" measure --json -m "replay://$work/drift.csv" --idle 0.5 -- sleep 0.5 >"$work/out"
    /usr/bin/python3 -c "import json,sys; r=json.load(open(sys.argv[1])); assert abs(r['idle_drift_W']-0.4)<0.05 and abs(r['idle_W']-2.2)<0.03 and r['U_random_net_J']>0.1, r" "$work/out" ;;
  record_writes_a_trace_that_integrates)
    "$tbft" record -m "$meter" -d 0.6s -o "$work/t.csv" >"$work/out"
    grep -qE '^gross +3\.' "$work/out" || fail "$(cat "$work/out")"
    "$tbft" integrate "$work/t.csv" | grep -q '^record ' || fail "no window"
    code=0
    "$tbft" record -m "$meter" -d 0.1s -o "$work/t.csv" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 2 ] || fail "an existing trace: exit code $code"
    grep -q 'exists' "$work/err" || fail "$(cat "$work/err")"
    "$tbft" record -m "$meter" -d 0.3s --append -o "$work/t.csv" >/dev/null
    [ "$("$tbft" integrate "$work/t.csv" | grep -c '^record ')" = 2 ] || fail "no second segment"
    # Each segment has the meter that recorded it.
    "$tbft" record -m estimate:// -d 0.3s --append -o "$work/t.csv" >/dev/null 2>&1
    "$tbft" integrate "$work/t.csv" >"$work/out"
    grep -q '^segment 0: meter replay://' "$work/out" && grep -q '^segment 2: meter estimate:// (not a measurement)' "$work/out" || fail "$(cat "$work/out")"
    [ "$(awk '$1 == "window" { column = $2 } $1 == "record" { printf "%s%s ", column, $2 }' "$work/out")" = 'segment0 segment1 segment2 ' ] || fail "the segment of each window: $(cat "$work/out")"
    "$tbft" integrate "$work/t.csv" --json | grep -q '"segment":2.*"meter":"estimate://".*"measured":false' || fail "json"
    # Without marks all readings are one window, which follows a converter that begins to average longer.
    {
      printf '# tbft trace 1\n# nominal_period_s: 0.1\n# gap_limit_s: 0.3\nt_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n'
      printf '%s,,,5,,,\n' 0 100000000
      printf '# gap_limit_s: 2\n'
      printf '%s,,,5,,,\n' 200000000 1200000000 2200000000
    } >"$work/slower.csv"
    "$tbft" integrate "$work/slower.csv" >"$work/out" || fail "exit code $?: $(cat "$work/out")"
    grep -qE '^\(all readings\) .* 11 ' "$work/out" || fail "$(cat "$work/out")" ;;
  record_ends_with_a_signal_and_keeps_its_trace)
    "$tbft" record -m "$meter" -o "$work/t.csv" >"$work/out" &
    pid=$!
    await_file "$work/t.csv"
    sleep 1
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 0 ] || fail "exit code $code without a duration"
    "$tbft" record -m "$meter" -d 60s -o "$work/u.csv" >"$work/out" 2>/dev/null &
    pid=$!
    await_file "$work/u.csv"
    sleep 1
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 130 ] || fail "exit code $code before its time"
    for trace in t u; do "$tbft" integrate "$work/$trace.csv" | grep -q '^record ' || fail "no window in $trace.csv"; done ;;
  a_signal_during_idle_ends_it)
    "$tbft" measure -m "$meter" --idle 30 -o "$work/t.csv" -- sh -c 'touch "$0"' "$work/ran" >"$work/out" 2>"$work/err" &
    pid=$!
    await_file "$work/t.csv"
    sleep 0.7
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 130 ] || fail "exit code $code"
    [ ! -e "$work/ran" ] || fail "the command ran all the same" ;;
  a_signal_between_two_runs_ends_it)
    # One reading a second: after each run the window waits for the next one, and the signal comes in that time.
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; seq 0 30 | sed 's/$/000000000,5,1,5,,,/'; } >"$work/1Hz.csv"
    "$tbft" measure -m "replay://$work/1Hz.csv" --idle 0 -n 9 -- sh -c 'echo run >>"$0"; sleep 1.1' "$work/runs" >"$work/out" 2>"$work/err" &
    pid=$!
    for _ in $(seq 200); do [ -s "$work/runs" ] && break; sleep 0.02; done
    sleep 1.4
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ "$code" -ge 130 ] || fail "exit code $code"
    [ "$(wc -l <"$work/runs")" -le 2 ] || fail "$(wc -l <"$work/runs") runs" ;;
  a_signal_that_the_command_survives_ends_the_repetitions)
    "$tbft" measure -m "$meter" --idle 0 -n 9 -- sh -c 'trap "" INT; echo run >>"$0"; sleep 1' "$work/runs" >"$work/out" 2>"$work/err" &
    pid=$!
    for _ in $(seq 200); do [ -s "$work/runs" ] && break; sleep 0.02; done
    kill -INT $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 130 ] || fail "exit code $code: $(cat "$work/err")"
    grep -q 'interrupted; 1 of 9 repetitions were measured' "$work/err" || fail "$(cat "$work/err")" ;;
  what_is_left_behind_is_said)
    "$tbft" measure -m "$meter" --idle 1 -- sh -c 'sh -c "while :; do :; done" & echo $! >"$0"; sleep 0.5' "$work/pid" >"$work/out" 2>"$work/err" || fail "exit code $?"
    kill "$(cat "$work/pid")" || fail "what the command left behind was ended"
    grep -qE 'left 1 process behind \(.+\), which took [0-9.]+ s of processor time' "$work/err" || fail "$(cat "$work/err")"
    "$tbft" measure -m "$meter" --idle 0.3 -- sleep 0.3 >"$work/out" 2>"$work/err"
    ! grep -q 'left' "$work/err" || fail "nothing was: $(cat "$work/err")" ;;
  a_mean_is_of_all_repetitions_or_of_none)
    # One reading a second: the short repetitions hold none.
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; seq 0 60 | sed 's/$/000000000,5,1,5,,,/'; } >"$work/1Hz.csv"
    code=0
    "$tbft" measure -m "replay://$work/1Hz.csv" --idle 0 -n 3 -- sh -c 'echo run >>"$0"; [ "$(wc -l <"$0")" != 2 ] || exec sleep 2.2' "$work/runs" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 4 ] || fail "exit code $code: $(cat "$work/out" "$work/err")"
    grep -qE '^gross +no mean: only [12] of 3 repetitions' "$work/out" || fail "$(cat "$work/out")"
    grep -qE '^duration .* mean of 3' "$work/out" || fail "$(cat "$work/out")" ;;
  command_not_found)
    code=0
    "$tbft" measure -m "$meter" -- /nowhere/command >/dev/null 2>"$work/err" || code=$?
    [ "$code" = 127 ] || fail "exit code $code"
    grep -q 'command not found' "$work/err" || fail "$(cat "$work/err")" ;;
  streams_are_the_commands_own)
    printf 'a\0b\n' >"$work/in"
    "$tbft" measure -m "$meter" -- sh -c 'sleep 0.2; cat; echo problem >&2' <"$work/in" >"$work/out" 2>"$work/err"
    cmp -s <(head -c 4 "$work/out") "$work/in" || fail "stdout differs"
    [ "$(cat "$work/err")" = problem ] || fail "stderr: $(cat "$work/err")" ;;
  json_has_the_columns_of_cells_csv)
    "$tbft" measure --json -m "$meter" --idle 0.3 -o "$work/trace.csv" -- sleep 0.5 >"$work/out"
    "$tbft" integrate "$work/trace.csv" -w repetition/0/command --json >"$work/again"
    /usr/bin/python3 - "$work" <<'P'
import json, sys
row = json.load(open(sys.argv[1] + "/out"))
for name in "schema gross_J U_gross_J U_random_gross_J idle_W net_J duration_s mean_W samples measured meter coverage_pct".split():
    assert name in row, name
assert row["measured"] == 0 and row["status"] == "ok" and abs(row["idle_W"] - 5) < 1e-9 and abs(row["net_J"]) < 1e-6
assert row["accuracy_pct"] is None, "unknown is null"
again = json.load(open(sys.argv[1] + "/again"))["windows"][0]["gross_J"]
assert abs(again - row["gross_J"]) <= 1e-12 * row["gross_J"], (again, row["gross_J"])
P
    ;;
  instant_replay_maps_the_whole_trace)
    "$tbft" measure --json -m "$meter?speed=instant" -- sleep 0.1 >"$work/out"
    /usr/bin/python3 -c "import json,sys; e=json.load(open(sys.argv[1]))['gross_J']; assert abs(e-150)<1e-6, e" "$work/out" ;;
  *) fail "unknown case $3" ;;
esac
