#!/usr/bin/env bash
# `tbft watch`. Usage: watch.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"
cd "$work"
constant_trace t.csv 60
meter=replay://$work/t.csv

case $3 in
  keys_on_a_terminal)
    for ending in q ctrl-c TERM; do
      /usr/bin/python3 "$source_dir/tests/integration/watch.py" "$tbft" "$meter" $ending || fail "$ending"
    done ;;
  a_line_a_second_elsewhere)
    "$tbft" watch -m "$meter" -d 3.5s >out 2>err </dev/null || fail "exit code $?: $(cat err)"
    [ "$(grep -cE '^[0-9]+\.[0-9] s   5 W   [0-9.]+ J$' out)" -ge 2 ] || fail "not a line a second: $(cat out)"
    grep -q '^gross  *1[0-9.]* J +- ' out || fail "no total: $(cat out)"
    ! grep -q $'\x1b\|\r' out || fail "commands of a terminal: $(cat -v out)"
    "$tbft" watch --json -m "$meter" -d 4.5s >out 2>err </dev/null || fail "exit code $?: $(cat err)"
    /usr/bin/python3 - <<'P' || fail "$(cat out)"
import json
lines = [json.loads(line) for line in open("out")]
assert len(lines) >= 3 and all(line["power_W"] == 5 for line in lines[:-1]), lines
assert lines[0]["t_s"] < lines[1]["t_s"] and 0 < lines[0]["gross_J"] < lines[1]["gross_J"], lines
assert abs(lines[-1]["gross_J"] - 5 * lines[-1]["duration_s"]) < 0.05 and lines[-1]["meter"].startswith("replay:"), lines
P
    # The recording ends: a gap, so no valid joules; the last lines say that nothing is read.
    constant_trace short.csv 1
    code=0
    "$tbft" watch -m "replay://$work/short.csv" -d 3s >out 2>err </dev/null || code=$?
    [ $code = 4 ] && grep -q 'no reading' out || fail "exit code $code: $(cat out err)" ;;
  a_signal_ends_it_well)
    "$tbft" watch -m "$meter" >out 2>err </dev/null & watch=$!
    until [ "$(wc -l <out)" -ge 1 ]; do sleep 0.1; done
    kill -TERM $watch
    wait $watch || fail "exit code $?: $(cat err)"
    grep -q '^gross ' out || fail "no total: $(cat out)" ;;
  *) fail "no such case: $3" ;;
esac
