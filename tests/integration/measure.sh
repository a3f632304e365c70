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
    "$tbft" integrate "$work/trace.csv" -w command --json >"$work/again"
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
