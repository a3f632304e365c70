#!/usr/bin/env bash
# Meters that are a program (exec://) or a pipe (lines://). Usage: any_meter.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"
cd "$work"

cat >loop.sh <<'S'
#!/bin/sh
echo $$ >>pids
while :; do echo 5.0; sleep 0.05; done
S
chmod +x loop.sh
page=$source_dir/docs/meters/any.md
# The block of the page that follows the line with $1, whatever its language.
recipe() { awk -v from="$1" 'index($0, from) { on = 1 } on && /^```/ { if (in_block) exit; in_block = 1; next } in_block' "$page"; }
# The JSON line in file $1 is of $2 W to $3 %, valid, measured, and its gross U is unknown unless $4 says `known`.
is_of() {
  /usr/bin/python3 - "$@" <<'P' || fail "$(cat "$1" "$work/err")"
import json, sys
row = json.loads(open(sys.argv[1]).readlines()[-1])
want = float(sys.argv[2]) * row["duration_s"]
assert row["status"] == "ok" and row["measured"] == 1, row
assert abs(row["gross_J"] - want) <= float(sys.argv[3]) / 100 * want, (row["gross_J"], want)
assert (row["U_gross_J"] is not None) == (len(sys.argv) > 4), row["U_gross_J"]
assert row["U_random_gross_J"] is not None, row
P
}
# The programs that a meter started are gone.
nothing_runs() {
  for pid in $(cat pids); do
    for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.05; done
    [ ! -d "/proc/$pid" ] || fail "the meter's program $pid still runs"
  done
}
measure() { "$tbft" measure --json --idle 0 "$@" >out 2>err || fail "exit code $?: $(cat err)"; }

case $3 in
  a_shell_loop_is_measured)
    measure -m 'exec://loop.sh?unit=W' sleep 2
    is_of out 5 5
    measure -m 'exec://./loop.sh?unit=W&gain_pct=1&offset_W=0.05' sleep 1
    is_of out 5 5 known
    [ "$(wc -l <pids)" = 2 ] || fail "the program ran $(wc -l <pids) times"
    nothing_runs
    # Without --json; a question mark and quotes in a command.
    "$tbft" measure --idle 0 -m "exec://while :; do printf '%25s\n' \"5.1,0.5\"; case x in %3F) sleep 0.05;; esac; done?unit=V,A" sleep 1 >out 2>err ||
      fail "exit code $?: $(cat err)"
    grep -q 'unit=V,A: a program that gives V,A' out || fail "no meter: $(cat out)"
    grep -q 'random part only' out || fail "its accuracy is not unknown: $(cat out)" ;;
  what_it_leaves_running_is_not_the_commands)
    "$tbft" measure --json --idle 1 -m 'exec://loop.sh?unit=W' sleep 1 >out 2>err || fail "exit code $?: $(cat err)"
    is_of out 5 5
    ! grep -q 'left' out err || fail "the meter's program counts as the command's: $(cat out err)"
    # A time-out ends the command and what it started, not the meter: its readings beyond the end make the joules valid.
    code=0
    "$tbft" measure --json --idle 0 --timeout 1 -m 'exec://loop.sh?unit=W' -- sh -c 'sleep 100 & sleep 100' >out 2>err || code=$?
    [ $code = 124 ] || fail "exit code $code: $(cat err)"
    is_of out 5 5
    nothing_runs ;;
  counters_and_times)
    cat >counter.sh <<'S'
#!/bin/sh
while :; do echo "$(date +%s.%N) $(awk '{ printf "%.2f", 100 + 3 * $1 }' /proc/uptime)"; sleep 0.1; done
S
    chmod +x counter.sh
    measure -m 'exec://./counter.sh?unit=t,J&gain_pct=1' sleep 3
    is_of out 3 5 known ;;
  a_program_that_ends_costs_the_energy_alone)
    code=0
    "$tbft" measure --json --idle 0 -m "exec://i=0; while [ \$((i += 1)) -le 20 ]; do echo 5.0; sleep 0.05; done; exit 3?unit=W&period=0.05" \
      -- sh -c 'sleep 3; touch ran' >out 2>err || code=$?
    [ $code = 4 ] && [ -e ran ] || fail "exit code $code: $(cat err)"
    grep -q '"reason":"the meter failed: exec:.*the program ended with exit code 3' out || fail "no reason: $(cat out)"
    # It ends between two runs: those that were measured are valid, but others are missing.
    code=0
    "$tbft" measure --json --idle 3 -n 10 -m "exec://while [ ! -e end ]; do echo 5.0; sleep 0.05; done; i=0; while [ \$((i += 1)) -le 20 ]; do echo 5.0; sleep 0.05; done; exit 3?unit=W&period=0.05" \
      sh -c 'sleep 1; touch end' >out 2>err || code=$?
    [ $code = 4 ] || fail "exit code $code: $(cat out err)"
    ! grep -q '"gross_J":null' out || fail "it ended within a run: $(cat out err)"
    grep -qE '[0-9] of 10 repetitions were run' err || fail "it does not say how many: $(cat err)" ;;
  what_is_no_meter_says_why)
    expect_refusal 3 'line 1 .*`hello`' "$tbft" measure -m 'exec://echo hello?unit=W' -- touch ran
    expect_refusal 3 'ended with exit code 7' "$tbft" measure -m 'exec://exit 7?unit=W' -- touch ran
    expect_refusal 3 'not found.*\./' "$tbft" measure -m 'exec://no-such-program 2>/dev/null?unit=W' -- touch ran
    expect_refusal 3 'no line within 1 s' "$tbft" measure -m 'exec://sleep 100?unit=W&timeout=1' -- touch ran
    expect_refusal 3 'mkfifo' "$tbft" measure -m 'lines://nowhere?unit=W' -- touch ran
    expect_refusal 2 'unit=W for watts' "$tbft" measure -m exec://loop.sh -- touch ran
    [ ! -e ran ] && [ ! -e pids ] || fail "something was started" ;;
  only_the_command_line_names_a_program)
    TBFT_METER='exec://loop.sh?unit=W' expect_refusal 2 'exec: it runs a program.*command line' "$tbft" measure -- touch ran
    TBFT_METER='exec://loop.sh?unit=W' expect_refusal 2 'exec: it runs a program.*command line' "$tbft" record -d 1s -o t.csv
    TBFT_METER='exec://loop.sh?unit=W' expect_refusal 2 'exec: it runs a program.*command line' "$tbft" serve-meter --listen 127.0.0.1:0
    [ ! -e ran ] && [ ! -e pids ] && [ ! -e t.csv ] || fail "something was started"
    # The same URI with -m is the command line's, whatever the environment says.
    export TBFT_METER='exec://loop.sh?unit=W'
    measure -m "$TBFT_METER" sleep 1
    is_of out 5 5
    nothing_runs ;;
  served_to_other_machines)
    "$tbft" serve-meter -m 'exec://loop.sh?unit=W&gain_pct=1&offset_W=0.05' --listen 127.0.0.1:0 2>server & server=$!
    for _ in $(seq 600); do grep -q listening server && break; sleep 0.05; done
    port=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' server)
    [ -n "$port" ] || fail "$(cat server)"
    measure -m "remote://127.0.0.1:$port" sleep 2
    is_of out 5 5 known
    kill "$server"
    wait "$server" || fail "the server: $(cat server)"
    [ "$(wc -l <pids)" = 1 ] || fail "the client ran a program"
    nothing_runs ;;
  a_pipe)
    mkfifo watts
    (while :; do echo 5.0; sleep 0.05; done >watts) & writer=$!
    measure -m 'lines://watts?unit=W' sleep 2
    kill "$writer" 2>/dev/null || true
    is_of out 5 5 ;;
  recipe_of_a_smart_plug)
    # A web server that answers as a Shelly plug of the second generation does; its watts are 41.7.
    cat >plug.py <<'P'
import http.server
class Plug(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/rpc/Switch.GetStatus?id=0":
            body = (b'{"id":0, "source":"init", "output":true, "apower":41.7, "voltage":231.4, "current":0.211, '
                    b'"aenergy":{"total":1532.108,"by_minute":[694.2,701.9,698.0],"minute_ts":1701254520},"temperature":{"tC":36.2, "tF":97.1}}')
        elif self.path == "/cm?cmnd=Status%208":
            body = (b'{"StatusSNS":{"Time":"2023-11-29T10:42:05","ENERGY":{"TotalStartTime":"2023-01-01T00:00:00","Total":3.185,'
                    b'"Yesterday":0.31,"Today":0.12,"Power":42,"ApparentPower":58,"ReactivePower":40,"Factor":0.72,"Voltage":231,"Current":0.25}}}')
        else:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plug)
open("port.new", "w").write(str(server.server_port))
import os
os.rename("port.new", "port")
server.serve_forever()
P
    /usr/bin/python3 plug.py & plug=$!
    trap 'kill $plug 2>/dev/null || true; rm -rf "$work"' EXIT
    await_file port
    for kind in shelly tasmota; do
      recipe "$kind.sh" >"$kind.sh"
      grep -q curl "$kind.sh" || fail "the page has no $kind.sh: $(cat "$kind.sh")"
      measure -m "exec://sh $kind.sh 127.0.0.1:$(cat port)?unit=W&latency=2" sleep 4
      is_of out "$([ $kind = shelly ] && echo 41.7 || echo 42)" 5
    done ;;
  recipes_of_a_joulescope_and_modbus)
    # Stand-ins that print what jsdrv_util and mbpoll print: their lines are from their sources.
    mkdir bin
    cat >bin/jsdrv_util <<'P'
#!/usr/bin/python3
import time
print("device_open u/js220/000123\nPublish u/js220/000123/s/i/range/mode => auto\n#device,sampled_id,i_avg,i_std,i_min,i_max,v_avg,v_std,v_min,v_max,p_avg,p_std,p_min,p_max,charge,energy")
n = 0
while True:
    n += 1
    print(f"u/js220/000123/s/stats/value,{n * 500000},1.2,0.01,1.1,1.3,5.1,0.001,5.09,5.11,6.12,0.05,5.9,6.3,{0.6 * n:g},{3.06 * n:g}", flush=True)
    time.sleep(0.5)
P
    cat >bin/mbpoll <<'P'
#!/usr/bin/python3
import time
while True:
    print("-- Polling slave 1... Ctrl-C to stop)\n[13]: \t230.5", flush=True)
    time.sleep(0.5)
P
    chmod +x bin/*
    PATH=$work/bin:$PATH
    recipe joulescope.sh >joulescope.sh
    recipe modbus.sh >modbus.sh
    measure -m 'exec://sh joulescope.sh?unit=W' sleep 4
    is_of out 6.12 5
    measure -m 'exec://sh modbus.sh?unit=W' sleep 4
    is_of out 230.5 5 ;;
  an_experiment_file_cannot_name_a_program)
    tiny_base base.pth
    tiny_experiment e.toml
    sed -i 's|^meter.uri.*|meter.uri = "exec://loop.sh?unit=W"|' e.toml
    run=(run e.toml --set model.checkpoint=base.pth -o run)
    expect_refusal 2 'e.toml: meter.uri: meter exec: it runs a program' "$tbft" "${run[@]}"
    expect_refusal 2 'e.toml: meter.uri: meter exec: it runs a program' "$tbft" "${run[@]}" --dry-run
    expect_refusal 2 'runs a program' "$tbft" "${run[@]}" --set 'meter.uri=exec://loop.sh?unit=W'
    TBFT_METER='exec://loop.sh?unit=W' expect_refusal 2 'TBFT_METER: meter exec: it runs a program' "$tbft" "${run[@]}"
    [ ! -e run ] && [ ! -e pids ] || fail "something was started"
    # -m may, with quotes in the command; run.json keeps the URI, but --resume does not take it from there.
    meter="exec://sh 'loop.sh'?unit=W"
    tiny_experiment e.toml
    "$tbft" "${run[@]}" --set idle.seconds=1 -m "$meter" >out 2>err || [ $? = 4 ] || fail "exit code: $(cat err)"
    grep -q "\"uri\": \"$meter\"" run/run.json || fail "$(cat run/run.json)"
    started=$(wc -l <pids)
    sed -i '/^meter.uri/d' e.toml
    expect_refusal 2 'meter.uri was .exec:.*give -m again' "$tbft" "${run[@]}" --set idle.seconds=1 --resume
    [ "$(wc -l <pids)" = "$started" ] || fail "--resume started what run.json names"
    "$tbft" "${run[@]}" --set idle.seconds=1 --resume -m "$meter" >out 2>err || [ $? = 4 ] || fail "exit code: $(cat err)"
    nothing_runs ;;
  *) fail "no such case: $3" ;;
esac
