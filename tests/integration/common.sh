# Sourced by the tests of the whole program. $tbft is the program, $work an empty folder that goes away.
set -euo pipefail
unset COLUMNS NO_COLOR  # what is redirected has any width
tbft=$1
source_dir=$2
work=$(mktemp -d)
um34c_pid=
trap '[ -z "$um34c_pid" ] || kill $um34c_pid 2>/dev/null || true; rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

# Waits for a file that a program makes when it gets so far: a busy machine may take its time.
await_file() {
  for _ in $(seq 600); do [ -e "$1" ] && return 0; sleep 0.05; done
  fail "$1 does not appear"
}

# One clear line on stderr that matches $2, the exit code $1, and nothing on stdout; the rest is the command.
expect_refusal() {
  local want=$1 pattern=$2 code=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || code=$?
  [ "$code" = "$want" ] || fail "exit code $code, expected $want: $* ($(cat "$work/err"))"
  [ ! -s "$work/out" ] || fail "stdout is not empty: $(head -c 300 "$work/out")"
  [ "$(wc -l <"$work/err")" = 1 ] || fail "not one line on stderr: $(cat "$work/err")"
  grep -qE "$pattern" "$work/err" || fail "the line does not say '$pattern': $(cat "$work/err")"
}

# The base model (depth $2, 8) and experiment that small runs use; less than a second of work.
tiny_base() { "$tbft" pretrain --depth "${2:-8}" --dataset 'synthetic:?part=train&n=64' --val 'synthetic:?part=test&n=32' --recipe quick --epochs 1 -o "$1" >/dev/null 2>&1; }
# Its meter is a constant 5 W laid over every window at once: joules of cells that last milliseconds.
tiny_experiment() {
  constant_trace "$work/tiny-trace.csv" 2
  cat >"$1" <<T
name = "tiny"
threads = 1
warmup = false
data.dataset = "synthetic"
data.path = "synthetic:?part=target&n=60"
data.conditions = ["input"]
sweep.strategies = ["none", "fc"]
sweep.repetitions = 2
train.epochs = 1
meter.uri = "replay://$work/tiny-trace.csv?speed=instant"
T
}

# Sensors of the kernel that a test plays: a folder takes the place of /sys/class in a mount namespace of its own.
class=$work/class
with_class() { unshare -m sh -c 'mount --bind "$0" /sys/class && exec "$@"' "$class" "$@"; }
needs_mounts() { unshare -m true 2>/dev/null || skip "hardware is played by a mount over /sys/class, which needs root"; }
hwmon() { # NAME FILE=VALUE...
  local dir=$class/hwmon/hwmon0 name=$1
  mkdir -p "$dir"
  echo "$name" >"$dir/name"
  shift
  for pair in "$@"; do echo "${pair#*=}" >"$dir/${pair%%=*}"; done
}

# A trace of a constant 5 W for $2 seconds, at ${3:-50} Hz.
constant_trace() {
  local hz=${3:-50}
  {
    printf 't_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n'
    seq 0 $(($2 * hz)) | awk -v hz="$hz" '{ printf "%.0f,5,1,5,,,\n", $1 * 1e9 / hz }'
  } >"$1"
}

# A simulated UM34C at $um34c_meter; once it is stopped, $work/truth.csv holds its true energy.
start_um34c() {
  "${TBFT_UM34C_SIMULATOR:?the simulator}" "$work/ttyUM34C" "$work/truth.csv" 2>"$work/simulator.err" &
  um34c_pid=$!
  # The device is without errors, but its user cannot know that: a gain and an offset as such meters might have.
  um34c_meter="um34c://$work/ttyUM34C?gain_pct=0.5&offset_A=0.001"
  for _ in $(seq 100); do [ -e "$work/ttyUM34C" ] && return 0; sleep 0.05; done
  fail "the simulator does not start: $(cat "$work/simulator.err")"
}
stop_um34c() {
  kill -TERM $um34c_pid 2>/dev/null || fail "the simulator ended: $(cat "$work/simulator.err")"
  wait $um34c_pid || fail "the simulator: $(cat "$work/simulator.err")"
  um34c_pid=
}
