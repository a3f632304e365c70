#!/usr/bin/env bash
# experiments/families.sh over three families of networks: a run for each, one table of the paper's rule, nothing run twice.
. "$(dirname "$0")/common.sh"
mkdir "$work/bases"
tiny_base "$work/bases/preact.pth"
"$tbft" pretrain --network resnet-cifar --depth 8 --dataset 'synthetic:?part=train&n=64' --val 'synthetic:?part=test&n=32' \
  --recipe quick --epochs 1 -o "$work/bases/postact.pth" >/dev/null 2>&1
"$tbft" pretrain --network vit --depth 3 --dataset 'synthetic:?part=train&n=64' --val 'synthetic:?part=test&n=32' \
  --recipe quick --epochs 1 -o "$work/bases/transformer.pth" >/dev/null 2>&1
constant_trace "$work/5W.csv" 2
families() {
  TBFT=$tbft "$source_dir/experiments/families.sh" 'synthetic:?part=test&n=60' "$1" "$work/runs" -m "replay://$work/5W.csv?speed=instant" \
    --set 'data.conditions=["flip","contrast-5"]' --set train.epochs=1 --set sweep.repetitions=1 --set idle.seconds=0 --set warmup=false
}
mkdir -p "$work/runs/preact/traces"  # as a run leaves it that is killed before its run.json
families "$work/bases" >"$work/report" 2>"$work/err" || fail "families.sh: $(cat "$work/err")"
for network in 'ResNet-8 ' 'CIFAR ResNet-8' 'ViT-tiny/4 of 3 layers'; do
  for drift in input output; do
    grep -qE "^$network +$drift .*(holds|fails|open)$" "$work/report" || fail "no row of $network, $drift: $(cat "$work/report")"
  done
done
/usr/bin/python3 - "$work/runs" "$("$tbft" --version | sed -n 's/^libtorch.*BLAS //p')" <<'P'
import csv, json, pathlib, platform, re, sys

linear = ", linear layers by oneDNN" if platform.machine() == "x86_64" else ""
for name, passes in (("preact", "fused"), ("postact", "torch, folded without a gradient"), ("transformer", "torch" + linear)):
    run = json.loads((pathlib.Path(sys.argv[1]) / name / "run.json").read_text())
    assert run["network"]["passes"] == passes, (name, run["network"])
    # Where it is OpenBLAS, with the processor of its kernels.
    assert run["blas"] == sys.argv[2] or ("openblas" in sys.argv[2] and re.fullmatch(r"OpenBLAS [\d.]+ \w+", run["blas"])), run["blas"]
    rows = list(csv.DictReader((pathlib.Path(sys.argv[1]) / name / "cells.csv").open()))
    cells = {(row["condition"], row["strategy"]) for row in rows}
    strategies = ("none", "block1", "block2", "block3", "fc", "full")
    assert cells == {(c, s) for c in ("flip", "contrast-5") for s in strategies} and len(rows) == len(cells), (name, cells)
P
before=$(cat "$work"/runs/*/cells.csv | sha256sum)
families "$work/bases" >/dev/null 2>"$work/err" || fail "the second time: $(cat "$work/err")"
[ "$before" = "$(cat "$work"/runs/*/cells.csv | sha256sum)" ] || fail "what was done is run again"
# Without oneDNN, in forked processes whose matrix products have two threads.
"$tbft" run families --jobs 2 --set threads=2 --set backend=native --set model.checkpoint="$work/bases/transformer.pth" --set train.epochs=1 \
  --set 'data.path=synthetic:?part=test&n=60' --set 'data.conditions=["flip"]' --set 'sweep.train_sizes=[0.1]' \
  --set 'sweep.strategies=["none", "full"]' --set sweep.repetitions=1 -o "$work/native" >/dev/null 2>"$work/err" || fail "native: $(cat "$work/err")"
grep -q '"passes": "torch"' "$work/native/run.json" || fail "native: $(grep passes "$work/native/run.json")"
mkdir "$work/empty"
expect_refusal 2 'empty holds no .pth or .th file' families "$work/empty"
