#!/usr/bin/env bash
# The kernel tests, from nothing: packages, build, `ctest -L kernel`. Usage: run.sh [BUILD_DIR] [ctest options]; BUILD_DIR as a
# preset has it (build/dev by default). Safe to repeat; what was fetched is kept in the cache.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=dev
case "${1:--}" in
  -*) ;;
  *) preset=$(basename "$1"); shift ;;
esac

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }
step "packages"
scripts/bootstrap.sh kernel
step "build $preset"
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target tbft cp2112_emulator stub_writer truth gpio_probe | tail -n 1
step "tests"
ctest --test-dir "build/$preset" -L kernel --output-on-failure "$@"
step "done"
