#!/usr/bin/env bash
# Runs the test suite on a Debian 12 or 13 machine: packages, build, tests. Safe to repeat.
# Usage: test.sh [--full]. Without --full: the dev build and every test that needs no virtual machine. --full adds all that a
# change must pass before it lands: formatting, the build without libtorch and its tests under AddressSanitizer with leak detection and
# UndefinedBehaviorSanitizer, pages in Chromium, the program against a real kernel in QEMU, a sweep under Slurm, the arm64 build
# under QEMU's user mode, libFuzzer, clang-tidy of what changed lately. It ends with a table of the seconds of each stage.
# With --full warnings are errors, and the machine must be a Debian 12: only clang-format 14 decides about formatting, and the
# arm64 system is built by GCC 12.
# A skipped test is a failure unless it says that ../shared (real images and checkpoints) or hardware is absent, or that it needs a
# newer libtorch.
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
case "${1:-}" in
  "") ;;
  --full) full=yes ;;
  *) echo "usage: test.sh [--full]" >&2; exit 2 ;;
esac

# Ends one stage and begins the next; a table of their seconds is printed at the end.
table=() stage='' began=0
step() {
  [ -z "$stage" ] || table+=("$(printf '%6d s  %s' $((SECONDS - began)) "$stage")")
  stage=$1 began=$SECONDS
  printf '\n== %s (%s s)\n' "$1" "$SECONDS"
}

# Builds quietly; shows the log if the build fails.
build() {
  local log
  log=$(mktemp)
  if cmake --preset "$1" >"$log" 2>&1 && cmake --build --preset "$1" >>"$log" 2>&1; then
    rm -f "$log"
  else
    cat "$log"
    return 1
  fi
}

# Runs CTest; says last which tests failed or were skipped, and why.
run_ctest() {
  local dir=$1 junit status=0
  shift
  junit=$(mktemp)
  (cd "$dir" && ctest --output-on-failure -j3 --test-output-size-passed 100000 --test-output-size-failed 1000000 --output-junit "$junit" "$@") || status=$?
  /usr/bin/python3 scripts/check_results.py "$junit" || status=1
  rm -f "$junit"
  return $status
}

step "packages"
if [ "$full" = yes ]; then scripts/bootstrap.sh full; else scripts/bootstrap.sh test; fi

if [ "$full" = yes ]; then
  export TBFT_WERROR=ON
  step "formatting"
  clang-format --version | grep -q 'version 14\.' || { echo "test.sh: formatting is judged by clang-format 14 (Debian 12), and this is $(clang-format --version)" >&2; exit 1; }
  git ls-files '*.cpp' '*.h' | xargs clang-format --dry-run -Werror
fi

step "build dev"
build dev
step "tests"
run_ctest build/dev -LE 'kernel|slurm|arm64|browser|debian13|packages|large|prometheus'

if [ "$full" = yes ]; then
  step "build without libtorch, with AddressSanitizer and UndefinedBehaviorSanitizer"
  build sanitize
  step "its tests, with leak detection"
  run_ctest build/sanitize -LE 'slow|real|fuzz|large|prometheus'
  step "pages in a browser"
  run_ctest build/dev -L browser
  # Runs niced beside suites that wait for virtual machines; the script waits for it at the end.
  tidy_log=$(mktemp)
  # setsid makes a scheduling group. `nice` counts within a group; between groups (autogroup) the group's own value counts.
  setsid bash -c '(echo 19 >/proc/self/autogroup) 2>/dev/null || true; exec nice -n 19 scripts/tidy.sh recent' >"$tidy_log" 2>&1 &
  tidy=$!
  trap 'kill -- -$tidy 2>/dev/null || true; rm -f "$tidy_log"' EXIT
  step "a real kernel"
  run_ctest build/dev -L kernel
  step "Slurm"
  run_ctest build/dev -L slurm
  step "arm64"
  run_ctest build/dev -L arm64
  step "fuzzing"
  TBFT_FUZZ_SECONDS=${TBFT_FUZZ_SECONDS:-12} run_ctest build/sanitize -L fuzz
  step "clang-tidy"
  wait $tidy || { cat "$tidy_log"; exit 1; }
fi
step "done"
printf '%s\n' "${table[@]}"
printf '%6d s  in all\n' "$SECONDS"
