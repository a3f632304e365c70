#!/usr/bin/env bash
# Meters that deliver readings which cannot be true. Usage: doubtful_meters.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

# Ends with code $1, and stdout or stderr match $2.
expect_end() {
  local want=$1 pattern=$2 code=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || code=$?
  [[ $code == $want ]] || fail "exit code $code, expected $want: $* ($(cat "$work/out" "$work/err"))"
  cat "$work/out" "$work/err" | grep -qE "$pattern" || fail "nothing says '$pattern': $(cat "$work/out" "$work/err")"
}
refute() { ! grep -qE "$1" "$work/out" || fail "it says '$1': $(cat "$work/out")"; }

case $3 in
  reversed_shunt)
    needs_mounts
    hwmon ina219 curr1_input=-800 in1_input=5000 update_interval=100 shunt_resistor=10000 power1_input=4000000
    meter='hwmon://ina219?shunt_ohm=0.01'
    expect_end 4 'negative energy.*VIN' with_class "$tbft" measure -m "$meter" --idle 0 -- sleep 1
    refute '^gross'
    expect_end 4 'PROBLEM: negative energy' with_class "$tbft" meters --self-test -d 2s -m "$meter"
    refute 'verdict +good'
    expect_end 0 'flows in reverse' with_class "$tbft" doctor -m "$meter" ;;
  sensor_that_reads_zero)
    needs_mounts
    hwmon power_meter power1_average_interval=1000 power1_average=0
    expect_end 4 'invalid +the sensor reads exactly 0 W' with_class "$tbft" measure -m hwmon://power_meter --idle 0 -- sleep 3.5
    refute '^gross' ;;
  counter_that_stands_still)
    needs_mounts
    mkdir -p "$class/powercap/intel-rapl:0"
    cd "$class/powercap/intel-rapl:0"
    echo package-0 >name
    echo 262143328850 >max_energy_range_uj
    echo 123456789 >energy_uj
    expect_end 4 'invalid +the counter stood still' with_class "$tbft" measure -m rapl:// --idle 0 -- \
      sh -c 'end=$(($(date +%s) + 2)); while [ "$(date +%s)" -lt $end ]; do :; done'
    refute '^gross' ;;
  sensor_stuck_while_idle_and_busy)
    needs_mounts
    hwmon stuck power1_input=4000000 update_interval=20
    # Every processor at work. Beside other programs idle windows are no idle ones: then it is a warning.
    expect_end '[04]' 'the sensor stood still|does the sensor follow' with_class "$tbft" measure -m hwmon://stuck --idle 1.5 -- \
      sh -c 'for i in $(seq "$(nproc)"); do (end=$(($(date +%s) + 3)); while [ "$(date +%s)" -lt $end ]; do :; done) & done; wait' ;;
  negative_trace)
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; echo 0,,,,,,+w; for t in 0 500000000 1000000000; do echo "$t,5,-0.8,,,,"; done; echo 1000000000,,,,,,-w; } >"$work/t.csv"
    expect_end 0 '^w .* -4 .*negative energy' "$tbft" integrate "$work/t.csv"
    "$tbft" integrate --json "$work/t.csv" | grep -q '"status":"ok".*"note":"negative energy\|"note":"negative energy.*"status":"ok"' || fail "json"
    expect_end 4 'invalid +negative energy' "$tbft" measure -m "replay://$work/t.csv?speed=instant" -- true ;;
  invalid_window_of_a_trace)
    { echo t_ns,volts_V,amps_A,power_W,energy_J,flags,mark; echo 0,,,,,,+w; for t in 0 1 2 3 4 5 6 7 8 9 10; do w=5; case $t in 3 | 4) w=1e308 ;; esac; echo "${t}00000000,5,1,$w,,,"; done; echo 1000000000,,,,,,-w; } >"$work/t.csv"
    expect_end 4 'invalid: readings of up to 1e\+308 W are too large' "$tbft" integrate "$work/t.csv"
    expect_end 4 '"status":"invalid"' "$tbft" integrate --json "$work/t.csv" ;;
  *) fail "no case $3" ;;
esac
