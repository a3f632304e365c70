#!/usr/bin/env bash
# `pip install --no-build-isolation ./python` in a virtual environment, from a copy of the sources that it needs, without a
# network; and what it says without CMake, or where CMake fails (`refusals` tries that alone, in seconds).
# Usage: from_source.sh PYTHON SOURCE [refusals]
set -euo pipefail
python=$1 source_dir=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; fail "$*"; }; }

mkdir "$work/tbft"
cp -r "$source_dir"/{CMakeLists.txt,cmake,power,python} "$work/tbft/"
quietly "$python" -m venv --system-site-packages "$work/venv"
# Without CMake, and with one that fails.
refused() {
  ! PATH=$1 "$work/venv/bin/pip" install --no-index --no-build-isolation "$work/tbft/python" >"$work/log" 2>&1 || fail "$2"
  grep -q "$2" "$work/log" || { tail -n 40 "$work/log" >&2; fail "pip does not say: $2"; }
}
mkdir "$work/none" "$work/broken"
printf '#!/bin/sh\necho "CMake Error: no compiler"; exit 1\n' >"$work/broken/cmake"
chmod +x "$work/broken/cmake"
refused "$work/none" "tbft: cmake is missing.*apt-get install cmake"
! grep -q Traceback "$work/log" || { cat "$work/log" >&2; fail "a trace of calls"; }
refused "$work/broken:$PATH" "CMake Error: no compiler"
[ "${3:-}" != refusals ] || exit 0

# Without optimisation: this is about how it is built, not how fast it is.
CMAKE_ARGS="-DCMAKE_CXX_FLAGS_RELEASE=-O0 -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON" CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1 \
  quietly nice "$work/venv/bin/pip" install --no-index --no-build-isolation "$work/tbft/python"
cd "$work"
"$work/venv/bin/python" - <<'P'
import tbft
with tbft.Monitor("estimate://?idle_W=3&busy_W=3", interval=0.05) as monitor:
    with monitor.window("work") as window:
        while monitor.readings < 5:
            pass
    energy = window.energy
assert energy.valid and abs(energy.watts - 3) < 1e-9, energy
print(f"tbft {tbft.__version__} from {tbft.__file__}: {energy}")
P
version=$("$work/venv/bin/pip" list --format freeze 2>/dev/null | sed -n 's/^tbft==//p')
[ "$version" = "$("$work/venv/bin/python" -c 'import tbft; print(tbft.__version__)')" ] || fail "pip has version '$version'"
