#!/usr/bin/env bash
# One case of the kernel tests, as root in the guest. Usage: case.sh TBFT PROGRAMS SOURCE CASE
set -euo pipefail
tbft=$1
programs=$2
source_dir=$3
work=$(mktemp -d /dev/shm/case.XXXXXX)
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }
# Waits for a condition, up to a minute of the guest's clock, which runs on while a file is read.
await() {
  for _ in $(seq 600); do "$@" && return; sleep 0.1; done
  fail "this did not come about: $*"
}

# Numbers and texts of a flat JSON object.
field() { grep -o "\"$1\":[^,}]*" "$2" | head -n 1 | sed 's/^[^:]*://; s/^"//; s/"$//'; }
# |$1 / $2 - 1| is at most $3 per cent.
close_to() { awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN { d = a / b - 1; if (d < 0) d = -d; printf "%.6g against %.6g: %.3f %%\n", a, b, 100 * d; exit !(a != "" && b > 0 && 100 * d <= p) }'; }
# When the first window of a phase opens in a trace, and the last one closes.
opened() { awk -F, -v m="^[+](.*/)?$2\$" '$NF ~ m { print $1; exit }' "$1"; }
closed() { awk -F, -v m="^-(.*/)?$2\$" '$NF ~ m { print $1 }' "$1" | tail -n 1; }
truth() { "$programs/truth" "$1" "$(opened "$2" "$3")" "$(closed "$2" "$3")"; }

bus_named() {
  local name
  for name in /sys/bus/i2c/devices/i2c-*/name; do
    grep -q "$1" "$name" 2>/dev/null && { name=${name%/name}; echo "/dev/${name##*/}"; return; }
  done
  return 1
}
# A bridge with chips on a waveform: bridge WAVEFORM CHIP@ADDRESS@SHUNT_OHM...
bridge() {
  local waveform=$1
  shift
  "$programs/cp2112_emulator" "$waveform" control bridge.log "$@" &
  await bus_named CP2112 >/dev/null
  bus=$(bus_named CP2112)
  await test -c "$bus"
}

# The share of the conversions that the chip makes at its nominal pace of which a reading came, in per cent.
delivered() {
  local period_s
  period_s=$(sed -n 's/^# nominal_period_s: //p' trace.csv | head -n 1)
  awk -v hz="$(field distinct_hz row.json)" -v period_s="$period_s" 'BEGIN { printf "%.1f", 100 * hz * period_s }'
}

# Measures while the command runs, and holds the joules against the waveform's: measured WAVEFORM PER_CENT METER COMMAND...
measured() {
  local waveform=$1 tolerance=$2 meter=$3
  shift 3
  rm -f trace.csv
  "$tbft" measure --json --idle 0 -m "$meter" -o trace.csv -- "$@" >row.json || fail "exit code $?: $(cat row.json)"
  [ "$(field measured row.json)" = 1 ] || fail "not a measurement: $(cat row.json)"
  echo "$meter: $(field samples row.json) readings, $(delivered) % of the conversions, $(field coverage_pct row.json) % covered"
  close_to "$(field gross_J row.json)" "$(truth "$waveform" trace.csv command)" "$tolerance" || fail "energy: $(cat row.json)"
}
# No reading of the trace is below $2 watts: a failed read is a gap, not 0 W.
never_below() { awk -F, -v low="$2" '!/^#/ && $1 ~ /^[0-9]+$/ && $4 != "" && $4 < low { print; bad = 1 } END { exit bad }' "$1" || fail "readings below $2 W"; }

. "$source_dir/tests/kernel/guest/cases.sh"
"case_$4"
