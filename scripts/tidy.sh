#!/usr/bin/env bash
# Runs clang-tidy over the project's sources, two at a time; needs the compile commands of the dev build. Usage: tidy.sh [all]
# `all` adds the static analyzer, which takes as long as everything else, and a check that takes a third of the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
checks=(--checks=-clang-analyzer-*,-performance-unnecessary-value-param)
[ "${1:-}" = all ] && checks=()
# Skips the libgpiod back end for the other version of the headers; tests/kernel/gpiod2_compiles compiles it.
[ -e /usr/include/gpiod.h ] && grep -q gpiod_line_settings /usr/include/gpiod.h && other=gpio_v1.cpp || other=gpio_v2.cpp
# Its clang cannot read what GCC precompiled.
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's/ -Winvalid-pch -include [^ ]*cmake_pch\.hxx//' build/dev/compile_commands.json >"$database/compile_commands.json"
git ls-files 'power/*.cpp' 'results/*.cpp' 'models/*.cpp' 'plots/*.cpp' 'harness/*.cpp' | grep -v "/$other\$" |
  xargs -P 2 -n 4 clang-tidy -p "$database" --quiet "${checks[@]}" --extra-arg=-Wno-unknown-warning-option 2>/dev/null
