#!/usr/bin/env bash
# tbft itself loads neither libtorch nor OpenCV; for other commands it becomes tbft-train, beside it or in ../libexec/tbft.
. "$(dirname "$0")/common.sh"

case $3 in
  loads_few_libraries)
    ldd "$tbft" >"$work/libraries"
    ! grep -E 'torch|opencv|openblas|mkl|python' "$work/libraries" || fail "tbft loads what only tbft-train needs"
    [ "$(wc -l <"$work/libraries")" -le 25 ] || fail "tbft loads $(wc -l <"$work/libraries") libraries: $(cat "$work/libraries")" ;;
  becomes_tbft_train)
    mkdir -p "$work/bin" "$work/libexec/tbft"
    cp "$tbft" "$work/bin/tbft"
    expect_refusal 1 "run: .*needs the program tbft-train, which is neither in $work/bin nor in $work/libexec/tbft; install the package tbft-train" "$work/bin/tbft" run x.toml
    "$work/bin/tbft" --version >"$work/out" && grep -qx 'tbft-train is not installed (package tbft-train)' "$work/out" || fail "--version: $(cat "$work/out")"
    "$work/bin/tbft" --help-all >"$work/out" && grep -q '^measure$' "$work/out" || fail "--help-all needs tbft-train: $(head -n 3 "$work/out")"
    for place in libexec/tbft bin; do
      printf '#!/bin/sh\necho "%s $0|$*|${GOMP_SPINCOUNT-unset}|$$"\nexit 7\n' $place >"$work/$place/tbft-train"
      chmod +x "$work/$place/tbft-train"
      code=0
      "$work/bin/tbft" run x.toml --set 'a=b c' >"$work/out" &
      pid=$!
      wait $pid || code=$?
      [ $code = 7 ] || fail "exit code $code"
      grep -qE "^$place .*/tbft-train\|run x.toml --set a=b c\|3000\|$pid$" "$work/out" || fail "$(cat "$work/out"), process $pid"
    done
    # How threads wait is the user's to say, and a command that runs no network changes nobody's environment.
    says() { grep -qF "|$1|" "$work/out" || fail "GOMP_SPINCOUNT is not $1: $(cat "$work/out")"; }
    "$work/bin/tbft" cost >"$work/out" || says unset
    GOMP_SPINCOUNT=5 "$work/bin/tbft" eval >"$work/out" || says 5
    OMP_WAIT_POLICY=passive "$work/bin/tbft" eval >"$work/out" || says unset
    "$tbft" measure -m estimate:// --idle 0 -- env >"$work/out" 2>/dev/null || [ $? = 4 ]  # a window this short is invalid
    ! grep -E 'GOMP|OMP_' "$work/out" || fail "measure changes its command's environment" ;;
  states_its_version)
    for program in "$tbft" "$(dirname "$tbft")/tbft-train"; do
      "$program" --version >"$work/out"
      grep -qE '^tbft [0-9]+\.[0-9]+\.[0-9]+(\+[0-9a-f]{12}(-dirty)?)?$' "$work/out" || fail "$(cat "$work/out")"
      grep -qE '^(libtorch [0-9.]+, BLAS [a-z0-9-]+|built without libtorch)$' "$work/out" || fail "$(cat "$work/out")"
    done ;;
  lists_every_command)
    commands() { "$1" --help | sed -n '/^Subcommands:/,$p' | sed -nE 's/^  ([a-z-]+) .*/\1/p'; }
    "$tbft" --help-all >"$work/all"
    for command in $(commands "$tbft"); do
      grep -qE "^$command\$" "$work/all" || fail "--help-all does not describe $command"
      "$tbft" "$command" --help >"$work/out" || fail "$command --help"
      grep -q "tbft $command" "$work/out" || fail "$command --help names another program: $(head -n 3 "$work/out")"
    done
    diff <(commands "$tbft") <(commands "$(dirname "$tbft")/tbft-train") ||
      fail "the two programs list different commands" ;;
esac
