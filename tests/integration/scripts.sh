#!/usr/bin/env bash
# The project's own scripts where no machine at hand would show it: another architecture, another libtorch.
# Usage: scripts.sh TBFT SOURCE CASE
. "$2/tests/integration/common.sh"

# A machine of this architecture that has no package yet, and whose apt tells that it was called.
machine() {
  mkdir -p "$work/bin"
  printf '#!/bin/sh\necho %s\n' "$1" >"$work/bin/dpkg"
  printf '#!/bin/sh\nexit 1\n' >"$work/bin/dpkg-query"
  printf '#!/bin/sh\necho "$*" >>%s\n' "$work/apt" >"$work/bin/apt-get"
  cp "$work/bin/apt-get" "$work/bin/sudo"
  chmod +x "$work"/bin/*
}

case_bootstrap_on_32_bit() {
  for architecture in armhf armel i386; do
    machine $architecture
    for script in bootstrap quickstart test; do
      # test.sh says on stdout where it is.
      expect_refusal_of_script "$source_dir/scripts/$script.sh" "bootstrap: .*64-bit system.*$architecture"
    done
  done
  [ ! -e "$work/apt" ] || fail "packages were asked for: $(cat "$work/apt")"
}
expect_refusal_of_script() {
  local code=0
  PATH=$work/bin:$PATH "$1" >/dev/null 2>"$work/err" </dev/null || code=$?
  [ "$code" = 1 ] || fail "$1: exit code $code: $(cat "$work/err")"
  [ "$(wc -l <"$work/err")" = 1 ] || fail "$1: not one line: $(cat "$work/err")"
  grep -qE "$2" "$work/err" || fail "$1: does not say '$2': $(cat "$work/err")"
}

case_bootstrap_on_64_bit() {
  for architecture in amd64 arm64; do
    machine $architecture
    PATH=$work/bin:$PATH "$source_dir/scripts/bootstrap.sh" run 2>"$work/err" || fail "$architecture: $(cat "$work/err")"
    grep -q 'install .*libtorch-dev' "$work/apt" || fail "$architecture: nothing was asked for"
    rm "$work/apt"
  done
}

# A newer compiler's new warning stops CI and nobody else. (-N: no configuring.)
case_warnings_stop_ci_alone() {
  local preset
  for preset in dev release no-torch arm64; do
    (cd "$source_dir" && env -u TBFT_WERROR cmake --preset $preset -N) | grep -qx ' *TBFT_WERROR=""' || fail "$preset: warnings are errors"
    (cd "$source_dir" && TBFT_WERROR=ON cmake --preset $preset -N) | grep -qx ' *TBFT_WERROR="ON"' || fail "$preset: CI does not reach it"
  done
  grep -q 'export TBFT_WERROR=ON' "$source_dir/scripts/test.sh" || fail "test.sh --full does not make warnings errors"
}

# The version of a source without a tag stands in three files.
case_versions_agree() {
  local version
  version=$(sed -nE 's/^set\(tbft_version ([0-9.]+)\)$/\1/p' "$source_dir/cmake/version.cmake")
  [ -n "$version" ] || fail "cmake/version.cmake has no version"
  grep -qx "version: $version" "$source_dir/CITATION.cff" || fail "CITATION.cff does not have $version"
  grep -qF "$version" "$source_dir/CHANGELOG.md" || fail "CHANGELOG.md does not have $version"
}

# Skips that are allowed and that are not, and what is told of a failed test.
case_results() {
  junit() { printf '<testsuite><testcase name="a"><skipped/><system-out>%s\nx.cpp:1: Skipped\n%s\n</system-out></testcase></testsuite>' "[ RUN ] a" "$1" >"$work/junit.xml"; }
  for reason in '../shared is absent: no images' 'skipped: no hardware' 'needs libtorch 2.6 or newer'; do
    junit "$reason"
    /usr/bin/python3 "$source_dir/scripts/check_results.py" "$work/junit.xml" >"$work/out" || fail "'$reason' is refused: $(cat "$work/out")"
    grep -qF "$reason" "$work/out" || fail "'$reason' is not shown: $(cat "$work/out")"
  done
  for reason in 'no scikit-learn' 'skipped: needs libtorch' 'skipped'; do
    junit "$reason"
    ! /usr/bin/python3 "$source_dir/scripts/check_results.py" "$work/junit.xml" >"$work/out" 2>&1 || fail "'$reason' is allowed"
  done
  printf '<testsuite><testcase name="a"><failure/><system-out>[ RUN ] a\nx.cpp:1: Failure\nExpected: 1\n%s</system-out></testcase><testcase name="b"><system-out>fine</system-out></testcase></testsuite>' "$(seq 100 130)" >"$work/junit.xml"
  ! /usr/bin/python3 "$source_dir/scripts/check_results.py" "$work/junit.xml" >"$work/out" 2>&1 || fail "a failed test is no failure"
  grep -qx 'failed: a' "$work/out" && grep -qx '  x.cpp:1: Failure' "$work/out" && grep -qx '  Expected: 1' "$work/out" || fail "why a failed is not shown: $(cat "$work/out")"
  ! grep -q 'fine\|130' "$work/out" || fail "too much is shown: $(cat "$work/out")"
}

"case_$3"
