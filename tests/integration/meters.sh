#!/usr/bin/env bash
# tbft meters --self-test and calibrate on recorded meters. Usage: meters.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

header=t_ns,volts_V,amps_A,power_W,energy_J,flags,mark
# 100 readings a second: amperes $2 and volts $3 to $1.
steady() { { echo $header; seq 0 500 | sed "s/\$/0000000,$3,$2,5,,,/"; } >"$1"; }

case $3 in
  self_test_finds_a_sound_meter)
    steady "$work/t.csv" 1 5
    "$tbft" meters --self-test -m "replay://$work/t.csv?speed=instant" >"$work/out" || fail "exit code $?"
    grep -q '^rate  *100 new readings a second, 100 nominal' "$work/out" || fail "$(cat "$work/out")"
    grep -q '^verdict  *good' "$work/out" || fail "$(cat "$work/out")"
    grep -q 'estimate or replay of the board, power' "$work/out" || fail "what it is: $(cat "$work/out")"
    "$tbft" meters --self-test --json -m "replay://$work/t.csv?speed=instant" | grep -q '"mean_W":5.0.*"ok":true' || fail "json" ;;
  realtime_is_told_and_can_be_refused)
    steady "$work/t.csv" 1 5
    for realtime in auto off; do
      "$tbft" meters --self-test -d 0.5s --realtime $realtime -m "replay://$work/t.csv" >"$work/out" || true
      grep -qE '^sampler +SCHED_[A-Z]+(, priority [0-9]+)?, timer slack [01] ns' "$work/out" || fail "$(cat "$work/out")"
    done
    "$tbft" meters --self-test --json -d 0.5s --realtime off -m "replay://$work/t.csv" >"$work/json" || true
    grep -q '"sampler":{"policy":"SCHED_OTHER","priority":0,"timer_slack_ns":1}' "$work/json" || fail "$(cat "$work/json")"
    code=0
    "$tbft" meters --self-test --realtime yes -m "replay://$work/t.csv" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 2 ] || fail "--realtime yes ended with $code"
    # Without the capability and the limit `on` is refused, before the command runs, and the others go without.
    ulimit -r 0
    ordinary=()
    [ "$(id -u)" != 0 ] || ordinary=(setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice)
    expect_refusal 1 'limits.d.*rtprio|rtprio.*limits.d' "${ordinary[@]}" "$tbft" meters --self-test --realtime on -m "replay://$work/t.csv"
    expect_refusal 1 'LimitRTPRIO' "${ordinary[@]}" "$tbft" measure --realtime on --idle 0 -m estimate:// -- touch "$work/ran"
    [ ! -e "$work/ran" ] || fail "the command ran"
    for realtime in auto off; do
      "${ordinary[@]}" "$tbft" measure --realtime $realtime --idle 0 -m estimate:// -- sleep 0.2 >/dev/null || fail "--realtime $realtime"
    done ;;
  self_test_names_the_problem)
    { echo $header; seq 0 100 | sed 's/$/0000000,5,1,5,,,/'; seq 200 300 | sed 's/$/0000000,5,1,5,,,/'; } >"$work/t.csv"
    code=0
    "$tbft" meters --self-test -m "replay://$work/t.csv?speed=instant" >"$work/out" || code=$?
    [ "$code" = 4 ] || fail "exit code $code"
    grep -q 'PROBLEM: a gap of 1 s' "$work/out" || fail "$(cat "$work/out")" ;;
  a_report_names_machine_kernel_and_version)
    start_um34c
    "$tbft" meters --self-test -d 3s -m "$um34c_meter" --report "$work/report.md" >/dev/null || fail "exit code $?"
    for word in "um34c://$work/ttyUM34C" "$("$tbft" --version | sed -n 's/^tbft //p')" '| good |'; do
      grep -qF -- "$word" "$work/report.md" || fail "no '$word' in $(cat "$work/report.md")"
    done
    sed -n '/^```json$/,/^```$/p' "$work/report.md" | sed '1d;$d' >"$work/report.json"
    /usr/bin/python3 - "$work/report.json" <<'P' || fail "$(cat "$work/report.json")"
import json, os, sys
test = json.load(open(sys.argv[1]))
assert test["ok"] and 1 < test["distinct_hz"] < 3 and test["machine"] and test["date_utc"], test
assert test["kernel"] == os.uname().release, test
P
    expect_refusal 2 'report.md: exists.*--force' "$tbft" meters --self-test -d 3s -m "$um34c_meter" --report "$work/report.md"
    "$tbft" meters --self-test -d 2s -m "$um34c_meter" --report "$work/report.md" --force >/dev/null || fail "--force: exit code $?"
    stop_um34c ;;
  a_report_keeps_addresses_and_keys_to_itself)
    start_um34c
    (umask 077; printf 'a key of the tests, long enough\n' >"$work/secret.key")
    : >"$work/server"  # the loop below may look before the program has begun
    "$tbft" serve-meter -m "$um34c_meter" --listen 127.0.0.1:0 --key-file "$work/secret.key" 2>"$work/server" &
    server=$!
    trap 'kill $server $um34c_pid 2>/dev/null || true; rm -rf "$work"' EXIT
    for _ in $(seq 200); do
      port=$(sed -nE 's/^listening on .*:([0-9]+),.*$/\1/p' "$work/server")
      [ -z "$port" ] || break
      sleep 0.1
    done
    "$tbft" meters --self-test -d 3s -m "remote://127.0.0.1:$port?key_file=$work/secret.key" --report "$work/report.md" >/dev/null ||
      fail "exit code $?: $(cat "$work/server")"
    grep -q 'remote://HOST:PORT?key_file=FILE' "$work/report.md" || fail "$(cat "$work/report.md")"
    grep -q 'UM34C' "$work/report.md" || fail "which meter? $(cat "$work/report.md")"
    ! grep -qE "127\\.0\\.0\\.1|:$port|secret" "$work/report.md" || fail "a secret: $(cat "$work/report.md")"
    kill $server
    stop_um34c ;;
  a_report_is_of_hardware)
    steady "$work/t.csv" 1 5
    expect_refusal 2 'measures nothing' "$tbft" meters --self-test -m "replay://$work/t.csv" --report "$work/report.md"
    [ ! -e "$work/report.md" ] || fail "a report of a replay"
    expect_refusal 2 'one of the two' "$tbft" meters um25c --self-test --report "$work/report.md"
    expect_refusal 2 'requires --self-test' "$tbft" meters -m "replay://$work/t.csv" --report "$work/report.md" ;;
  calibrate_separates_gain_and_offset)
    # The recording stands still while the reference changes: a gain of -100 % and 1 A of offset.
    steady "$work/t.csv" 1 5
    printf '\n\n' | "$tbft" meters calibrate --seconds 0.5 -m "replay://$work/t.csv?speed=instant" --point 5,1.0 --point 5,0.5 \
      --reference-U-pct 0.1 >"$work/out" 2>"$work/err" || fail "exit code $?"
    grep -q 'press Enter' "$work/err" || fail "nobody was asked"
    grep -q '^gain  *current -100.0000 %' "$work/out" || fail "$(cat "$work/out")"
    grep -q '^offset  *+1000.0000 mA' "$work/out" || fail "$(cat "$work/out")"
    grep -q '^URI  *none: it may be wrong by more than the 100 % of its reading' "$work/out" || fail "$(cat "$work/out")" ;;
  calibrate_opens_a_meter_when_its_reference_is_set)
    code=0
    printf '\n\n' | "$tbft" meters calibrate -m um25c:///dev/no-such-port --point 5,1.0 --point 5,0.5 >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 3 ] && head -1 "$work/err" | grep -q 'press Enter' || fail "exit code $code: $(cat "$work/err")" ;;
  calibrate_with_one_current_says_so)
    steady "$work/t.csv" 1.01 5.01
    "$tbft" meters calibrate -m "replay://$work/t.csv?speed=instant" --volts 5 --amps 1 >"$work/out" || fail "exit code $?"
    grep -q 'cannot separate gain from offset' "$work/out" || fail "$(cat "$work/out")"
    grep -q 'gain_pct=1.19&offset_A=0.00989' "$work/out" || fail "$(cat "$work/out")" ;;
  calibrate_wants_a_reference)
    steady "$work/t.csv" 1 5
    expect_refusal 2 'no reference' "$tbft" meters calibrate -m "replay://$work/t.csv"
    expect_refusal 2 'volts and amperes' "$tbft" meters calibrate -m "replay://$work/t.csv" --point 5
    expect_refusal 2 'belong together' "$tbft" meters calibrate -m "replay://$work/t.csv" --volts 5 ;;
  a_kind_is_explained)
    "$tbft" meters ina219 >"$work/out" || fail "exit code $?"
    for text in "-m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1'" 'accuracy  gain 1.7 %' 'tested    with a simulated chip' \
        '  shunt_ohm  resistance of the shunt' 'default: 0.1' 'set-up' 'dtparam=i2c_arm=on' 'on this machine'; do
      grep -qF -- "$text" "$work/out" || fail "'$text' is missing: $(cat "$work/out")"
    done
    # The list is the one that the parser uses: an option that is not in it is refused, and the refusal names the others.
    "$tbft" meters ina219 --json >"$work/json"
    expect_refusal 2 'unknown option .no_such.' "$tbft" meters -m 'ina219:///dev/i2c-1?no_such=1'
    /usr/bin/python3 - "$work" <<'P' || fail "$(cat "$work/json")"
import json, sys
kind = json.load(open(sys.argv[1] + "/json"))
names = [option["name"] for option in kind["options"]]
refusal = open(sys.argv[1] + "/err").read()
assert "it has " + ", ".join(names) + ";" in refusal, (names, refusal)
shunt = next(option for option in kind["options"] if option["name"] == "shunt_ohm")
assert shunt["default"] == 0.1 and shunt["unit"] == "ohm" and shunt["low"] == 1e-5 and shunt["high"] == 100, shunt
assert len(kind["setup"]) > 5 and "here" in kind, kind
P
    "$tbft" meters >"$work/out" && grep -q 'tbft meters NAME' "$work/out" || fail "the list does not say how to see one"
    expect_refusal 2 'no meter is called .ina999.; there are ina219' "$tbft" meters ina999
    expect_refusal 2 'give one of the two' "$tbft" meters ina219 -m estimate://
    "$tbft" meters calibrate --help >"$work/out" && grep -q 'tbft meters calibrate -m .* --volts' "$work/out" || fail "calibrate has no examples" ;;
  auto_means_one_thing)
    ! "$tbft" doctor >/dev/null || skip "hardware: this machine has a meter that auto finds"
    # Joules alone are worth nothing without a meter.
    without_meter() { expect_refusal 3 'no meter found: .*shunt_ohm=0.1' "$tbft" "$@"; }
    without_meter measure -m auto -- true
    without_meter record -m auto -d 1s -o "$work/t.csv"
    without_meter serve-meter -m auto
    without_meter meters -m auto
    without_meter meters --self-test -m auto
    without_meter meters calibrate -m auto --volts 5 --amps 1
    [ ! -e "$work/t.csv" ] || fail "a trace without a meter"
    for command in measure record serve-meter; do
      "$tbft" $command --help | tr -s ' \n' ' ' | grep -q 'auto: the meter of the widest scope .* exit code 3' || fail "$command --help does not say what auto means"
    done ;;
  *) fail "no such case: $3" ;;
esac
