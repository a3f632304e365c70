#!/usr/bin/env bash
# Does everything on a fresh Debian 12 or 13 machine: packages, build, training of a base model, the sweep over the three
# drift levels, cells.csv and the table. It computes for 5 to 9 minutes on 2 cores. Safe to repeat: a stopped run continues.
# Usage: quickstart.sh [RUN_DIR] [further `tbft run` options, e.g. -m 'ina219:///dev/i2c-1?addr=0x40&shunt_ohm=0.1']
set -euo pipefail
cd "$(dirname "$0")/.."

dir=runs/quickstart
case "${1:--}" in
  -*) ;;
  *) dir=$1; shift ;;
esac
scripts/bootstrap.sh run
cmake --preset release -DTBFT_BUILD_TESTS=OFF -DTBFT_BUILD_BENCH=OFF >build.log 2>&1 || { cat build.log >&2; exit 1; }
rm -f build.log
cmake --build --preset release --target tbft
tbft=build/release/harness/tbft

mkdir -p "$dir"
base=$dir/base.pth
[ -e "$base" ] || {
  again=--force
  [ -e "$dir/base.part.pth.resume" ] && again=--resume
  "$tbft" pretrain --dataset 'synthetic:?part=train' --val 'synthetic:?part=test' --recipe quick -o "$dir/base.part.pth" "$again"
  mv "$dir/base.part.pth" "$base"
}
resume=()
[ -e "$dir/run.json" ] && resume=(--resume)
"$tbft" run experiments/quickstart.toml --set model.checkpoint="$base" -o "$dir" "${resume[@]}" "$@"
