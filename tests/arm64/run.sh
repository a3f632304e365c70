#!/usr/bin/env bash
# tbft on arm64 under QEMU's user mode. Packages: scripts/bootstrap.sh full. Skips where no sysroot can be made.
# Usage: run.sh TBFT SOURCE_DIR meters     the sysroot, the cross build (preset arm64) of what reads meters, integrates and writes
#                                          results, and its unit tests
#        run.sh TBFT SOURCE_DIR programs   of both programs and the other unit tests, too: corruptions, an evaluation and a small
#                                          sweep, whose results are those of this machine's build
. "$2/tests/integration/common.sh"

step() { printf '== %s (%s s)\n' "$1" "$SECONDS"; }
for program in aarch64-linux-gnu-g++ qemu-aarch64-static cmake ninja; do
  command -v $program >/dev/null || skip "$program is missing: scripts/bootstrap.sh full"
done
step "sysroot"
root=$("$source_dir/tests/arm64/sysroot.sh") || skip "no arm64 sysroot: its packages cannot be had"
export TBFT_ARM64_SYSROOT=$root

# Where architectures differ: char's sign, fused multiply-add, byte layouts, threads. The whole list takes a cold machine too long.
tests=(child_test power_energy_test power_ina219_test power_monitor_test power_remote_frame_test power_sampler_test
       power_serial_protocols_test power_trace_file_test results_csv_test results_statistics_test)
targets=()
if [ "$3" = programs ]; then
  tests=(data_test corruption_test harness_test models_checkpoint_test)
  targets=(tbft tbft_train)
fi
step "cross build"
cd "$source_dir"
build=$source_dir/build/arm64
cmake --preset arm64 >"$work/log" 2>&1 && cmake --build --preset arm64 --target "${targets[@]}" "${tests[@]}" >>"$work/log" 2>&1 ||
  { tail -n 50 "$work/log"; fail "the cross build"; }
arm64() { qemu-aarch64-static -L "$root" "$@"; }
is_arm64() { [ "$(head -c 20 "$1" | od -An -tu2 -j18 -N2)" -eq 183 ] || fail "$1: not a program for arm64"; }  # EM_AARCH64

step "unit tests"
# QEMU makes a fork of vfork, so that a child's failed exec cannot tell its parent why; its /proc/self/stat has no times.
not_emulated=(Child.WhatCannotBeExecutedGives126 Child.OneThatCannotStartHasNoProcessorTime RealProcessors.AreReadOnThisMachine)
for test in "${tests[@]}"; do
  program=$(find "$build/tests/unit" -name "$test" -type f)
  is_arm64 "$program"
  (cd "$(dirname "$program")" && arm64 "$program" --gtest_brief=1 --gtest_filter="-$(IFS=:; echo "${not_emulated[*]}")") ||
    fail "$test on arm64"
done
[ "$3" = programs ] || { step "done"; exit; }

train=$build/harness/tbft-train
for program in "$build/harness/tbft" "$train"; do
  is_arm64 "$program"
  [ "$(arm64 "$program" --version | head -n 1)" = "$("$tbft" --version | head -n 1)" ] || fail "$program --version on arm64"
done

step "corruptions"
for machine in x86 arm64; do
  run=()
  program=$tbft
  [ $machine = x86 ] || { run=(arm64); program=$train; }
  "${run[@]}" "$program" data corrupt --dataset 'synthetic:?part=test&n=20' --corruptions all --severities 1,3,5 --seed 1 \
    -o "$work/corrupt-$machine" >/dev/null || fail "data corrupt on $machine"
done
/usr/bin/python3 - "$work" <<'P' || fail "corruptions differ"
import pathlib, sys
import numpy as np
work = pathlib.Path(sys.argv[1])
worst = total = count = 0
names = sorted(p.name for p in (work / "corrupt-x86").glob("*.npy"))
assert len(names) >= 16, names
for name in names:
    a, b = (np.load(work / f"corrupt-{m}" / name).astype(int) for m in ("x86", "arm64"))
    difference = np.abs(a - b)
    share = (difference > 0).mean()
    if share:
        print(f"{name}: {100 * share:.4f} % of the values differ, by at most {difference.max()}")
    assert share <= 0.001 and difference.max() <= 1, name
print(f"{len(names)} arrays: at most 0.1 % of the values differ, by 1")
P

# A small network, and native convolutions: under QEMU an image through ResNet-26 takes 0.4 s, by oneDNN 3 s.
step "base model (x86)"
"$tbft" pretrain --dataset 'synthetic:?part=train&n=1000' --val 'synthetic:?part=test&n=200' --recipe quick --epochs 12 --depth 8 -o "$work/base.pth" \
  >/dev/null 2>&1 || fail "pretrain"
step "evaluation"
evaluate() { "$@" eval --checkpoint "$work/base.pth" --backend native --dataset 'synthetic:?part=test&n=250' | sed -nE 's/^correct ([0-9]+) of 250.*/\1/p'; }
x86=$(evaluate "$tbft")
arm=$(evaluate arm64 "$train")
echo "correct of 250: x86 $x86, arm64 $arm"
[ $((x86 - arm)) -le 1 ] && [ $((arm - x86)) -le 1 ] || fail "evaluation: more than 1 of 250 apart"

step "sweep"
cat >"$work/e.toml" <<T
name = "arm64"
warmup = false
backend = "native"
data.dataset = "synthetic"
data.path = "synthetic:?part=target&n=500"
data.conditions = ["input"]
sweep.train_sizes = [0.1]
sweep.strategies = ["none", "fc", "block3"]
train.batch = 16
train.epochs = 2
model.checkpoint = "$work/base.pth"
T
"$tbft" run "$work/e.toml" -o "$work/x86" -m estimate:// >/dev/null 2>"$work/err" || fail "x86: $(cat "$work/err")"
arm64 "$train" run "$work/e.toml" -o "$work/arm64" -m estimate:// >/dev/null 2>"$work/err" || fail "arm64: $(cat "$work/err")"
/usr/bin/python3 - "$work" <<'P' || fail "the sweep"
import csv, pathlib, sys
work = pathlib.Path(sys.argv[1])
x86, arm64 = ({r["strategy"]: r for r in csv.DictReader((work / m / "cells.csv").open())} for m in ("x86", "arm64"))
assert x86.keys() == arm64.keys() == {"none", "fc", "block3"}
for strategy, row in arm64.items():
    a, b = float(x86[strategy]["accuracy_pct"]), float(row["accuracy_pct"])
    print(f"{strategy}: {a:.2f} % on x86, {b:.2f} % on arm64 ({row['backend']}, {row['layout']}, {row['duration_s']} s)")
    assert row["status"] == "ok" and abs(a - b) <= 1.5, strategy
P
step "done"
