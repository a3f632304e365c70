#!/usr/bin/env bash
# The tests that run threads (label `threads`: monitor, sampler, meter server, ...) under ThreadSanitizer, without libtorch.
# Safe to repeat. Usage: tsan.sh; packages: bootstrap.sh full.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tsan
cmake --build --preset tsan
TSAN_OPTIONS="halt_on_error=0 exitcode=66 ${TSAN_OPTIONS:-}" ctest --test-dir build/tsan -L threads -j2 --output-on-failure
