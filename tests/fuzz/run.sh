#!/usr/bin/env bash
# Fuzzes one target for TBFT_FUZZ_SECONDS (60). Usage: run.sh PROGRAM CORPUS BUILD MAX_LEN
# New inputs go to BUILD/found/NAME; what broke the target, to BUILD/broken/NAME-*.
set -euo pipefail
program=$1 corpus=$2 build=$3 max_len=$4
name=$(basename "$corpus")
mkdir -p "$build/found/$name" "$build/broken"
options=(-max_total_time="${TBFT_FUZZ_SECONDS:-60}" -max_len="$max_len" -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=10
         -artifact_prefix="$build/broken/$name-" -print_final_stats=1 -verbosity=0)
[ ! -e "$corpus.dict" ] || options+=(-dict="$corpus.dict")
# A quarantine that leaves the limit to the target.
export ASAN_OPTIONS=${ASAN_OPTIONS:-quarantine_size_mb=32}
seeds=()
[ ! -d "$corpus" ] || seeds=("$corpus")
exec "$program" "${options[@]}" "$build/found/$name" "${seeds[@]}"
