#!/usr/bin/env bash
# Installs the library and the program, builds the examples against the installed files alone, and runs them.
set -euo pipefail
cmake=$1 source_dir=$2 build=$3 compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$*"; }; }

quietly "$cmake" --install "$build" --prefix "$work/prefix" --component power
quietly "$cmake" --install "$build" --prefix "$work/prefix" --component program
quietly "$cmake" --install "$build" --prefix "$work/prefix" --component train
"$work/prefix/bin/tbft" meters | grep -q estimate || fail "the installed program does not run"
"$work/prefix/bin/tbft" cost --help | grep -q 'tbft cost' || fail "the installed tbft does not find tbft-train"

# Away from the source tree: nothing of it may be found by accident.
cp -r "$source_dir/examples" "$work/examples"
grep -rqF "$source_dir" "$work/prefix/lib" --include='*.cmake' && fail "the installed CMake files name the source tree"

for example in measure_function energy_benchmark; do
  quietly "$cmake" -S "$work/examples/$example" -B "$work/$example" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release
  quietly "$cmake" --build "$work/$example"
done

"$work/measure_function/measure_function" 'estimate://?idle_W=3&busy_W=3' >"$work/out"
grep -qE ': valid [0-9.]+ J, .* 3 W, ' "$work/out" || fail "measure_function: $(cat "$work/out")"
TBFT_METER='estimate://?idle_W=3&busy_W=3' "$work/energy_benchmark/energy_benchmark" --benchmark_format=json >"$work/out" 2>/dev/null
[ "$(grep -cE '"watts_W": (3\.0000000|2\.9999999)' "$work/out")" = 2 ] || fail "energy_benchmark: $(cat "$work/out")"

# Every header of the library stands on its own among the installed ones.
(cd "$work/prefix/include" && find tbft -name '*.h' ! -name energy_counters.h -printf '#include "%p"\n') | sort >"$work/all.cpp"
[ "$(wc -l <"$work/all.cpp")" -ge 10 ] || fail "headers are missing"
grep -rq '#include "power/' "$work/prefix/include" && fail "an installed header includes a private one"
quietly "$compiler" -std=c++20 -fsyntax-only -I "$work/prefix/include" "$work/all.cpp"
echo "installed, found, built and run"
