#!/usr/bin/env bash
# One's own network: the paper's ResNet as a TorchScript file gives the accuracies and the savings of the built-in family; and no
# file runs without --allow-script.
. "$(dirname "$0")/common.sh"

scripts="$source_dir/tests/unit/models/scripts.py"
export OMP_NUM_THREADS=1

# The table of blocks, in an experiment that is complete but for $1.
script_experiment() {
  tiny_experiment "$1"
  # The same data for both: a model that learns something, and conditions in which the blocks differ.
  cat >>"$1" <<T
layout = "contiguous"
T
  sed -i 's/^sweep.strategies = .*/sweep.strategies = ["none", "bn-stats", "block1", "block2", "block3", "fc", "full"]/
    s/^sweep.repetitions = .*/sweep.repetitions = 1/; s/^train.epochs = .*/train.epochs = 2/; s/n=60"/n=300"/' "$1"
  cat >>"$1" <<'T'
sweep.train_sizes = [0.5]
train.batch = 25
train.lr = { default = 0.02, fc = 0.05 }
T
}
blocks() {
  cat <<T
[model]
network = "torchscript"
[model.blocks]
block1 = ["conv1.*", "layer1.*"]
block2 = ["layer2.*"]
block3 = ["layer3.*"]
none = ["bn.*"]
fc = ["fc.*"]
T
}

chain_blocks() {
  printf '[model]\nnetwork = "torchscript"\n[model.blocks]\nblock1 = ["stem.*"]\nblock2 = ["body.*"]\nfc = ["head.*"]\n'
}

accuracies() {  # of the strategies of a run, by name
  /usr/bin/python3 - "$1" <<'P'
import csv, sys
for row in sorted(csv.DictReader(open(sys.argv[1])), key=lambda row: row["strategy"]):
    assert row["status"] == "ok", row
    print(row["strategy"], row["n_test"], row["accuracy_pct"], row["trainable_params"], row["macs_train"])
P
}

# Both runs of an experiment: the family's in $work/$1-family, the script's in $work/$1-own.
run_both() {
  "$tbft" run "$work/family.toml" --set model.checkpoint="$work/base.pth" "${@:2}" -o "$work/$1-family" >/dev/null 2>"$work/err" ||
    fail "$1: $(cat "$work/err")"
  "$tbft" run "$work/own.toml" --allow-script --set model.checkpoint="$work/own.pt" "${@:2}" -o "$work/$1-own" >/dev/null 2>"$work/err" ||
    fail "$1: $(cat "$work/err")"
  accuracies "$work/$1-family/cells.csv" >"$work/$1.family"
  accuracies "$work/$1-own/cells.csv" >"$work/$1.own"
  diff "$work/$1.family" "$work/$1.own" || fail "$1: the script's cells are not the family's"
  [ "$(cut -d' ' -f3 "$work/$1.own" | sort -u | wc -l)" -ge "${distinct:-1}" ] || fail "$1: the accuracies do not tell strategies apart: $(cat "$work/$1.own")"
  cut -d' ' -f1,3 "$work/$1.own"
}

prepare() {
  "$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=600' --val 'synthetic:?part=test&n=100' --recipe quick --epochs 2 \
    --threads 1 -o "$work/base.pth" >/dev/null 2>&1
  /usr/bin/python3 "$scripts" preact "$work/base.pth" 32 "${1:-10}" 8 "$work/own.pt"
  script_experiment "$work/family.toml"
  { cat "$work/family.toml"; blocks; } >"$work/own.toml"
}

same_accuracies() {
  prepare
  distinct=3 run_both paper
  # The prefix cache, and BatchNorm's modes by block.
  run_both efficient --set protocol=efficient
  run_both jobs --jobs 2  # in forked processes
  run_both augmented --set train.augment=true --set 'sweep.strategies=["block2"]'
  "$tbft" eval --checkpoint "$work/base.pth" --dataset 'synthetic:?part=target&n=160' >"$work/a"
  "$tbft" eval --checkpoint "$work/own.pt" --model "$work/own.toml" --allow-script --dataset 'synthetic:?part=target&n=160' >"$work/b" 2>/dev/null
  diff "$work/a" "$work/b"
  /usr/bin/python3 - "$work/paper-own/run.json" <<'P'
import json, sys
network = json.load(open(sys.argv[1]))["network"]
assert network["family"] == "torchscript" and network["passes"] == "torch", network
assert network["blocks"] == ["block1", "block2", "block3", "fc"], network
P
}

same_savings() {
  tiny_base "$work/base.pth" 26
  /usr/bin/python3 "$scripts" preact "$work/base.pth" 32 10 26 "$work/own.pt"
  blocks >"$work/own.toml"
  "$tbft" cost --json >"$work/family.json"
  "$tbft" cost --checkpoint "$work/own.pt" --model "$work/own.toml" --allow-script --json >"$work/own.json"
  /usr/bin/python3 - "$work/family.json" "$work/own.json" <<'P'
import json, sys
family, own = (json.load(open(name)) for name in sys.argv[1:])
assert own["forward_macs_a_sample"] == family["forward_macs_a_sample"] and own["params"] == family["params"], own
savings = {row["strategy"]: round(row["saving_pct"], 1) for row in own["strategies"]}
print(savings)
assert [savings[block] for block in ("block1", "block2", "block3", "fc")] == [21.6, 34.1, 45.0, 66.6], savings
for a, b in zip(family["strategies"], own["strategies"], strict=True):
    assert {**a, "saved_act_bytes_a_sample": 0} == {**b, "saved_act_bytes_a_sample": 0}, (a, b)
P
}

a_step_is_measured() {
  /usr/bin/python3 "$scripts" preact "" 32 10 8 "$work/own.pt"
  blocks >"$work/own.toml"
  constant_trace "$work/trace.csv" 600
  "$tbft" step-cost --checkpoint "$work/own.pt" --model "$work/own.toml" --allow-script --strategies block3,fc --threads 1 --window 50ms \
    --max-seconds 1 --idle 0 -m "replay://$work/trace.csv?speed=instant" -o "$work/cost" >"$work/out" 2>"$work/err" || [ $? = 4 ] || fail "$(cat "$work/err")"
  grep -q '^Preact (TorchScript), 32 px, 10 classes' "$work/out" || fail "$(cat "$work/out")"
  /usr/bin/python3 - "$work/cost/step_cost.csv" <<'P'
import csv, sys
rows = {row["strategy"]: row for row in csv.DictReader(open(sys.argv[1]))}
assert set(rows) == {"block3", "fc", "full"}, rows
assert float(rows["fc"]["saving_macs_pct"]) > float(rows["block3"]["saving_macs_pct"]) > 0, rows
assert float(rows["fc"]["step_s"]) < float(rows["full"]["step_s"]), rows
P
}

# In the layout that a view needs.
a_view_is_evaluated() {
  /usr/bin/python3 "$scripts" one Viewing "$work/own.pt" 10
  chain_blocks >"$work/own.toml"
  "$tbft" eval --checkpoint "$work/own.pt" --model "$work/own.toml" --allow-script --dataset 'synthetic:?n=20' >"$work/out" 2>"$work/err" ||
    fail "$(cat "$work/err")"
  grep -q '^correct [0-9]* of 20 ' "$work/out" || fail "$(cat "$work/out")"
}

a_seed_gives_the_same_dropout() {
  /usr/bin/python3 "$scripts" one Dropping "$work/own.pt"
  script_experiment "$work/own.toml"
  blocks >>"$work/own.toml"
  for run in one two; do
    "$tbft" run "$work/own.toml" --allow-script --set model.checkpoint="$work/own.pt" --set 'sweep.strategies=["full"]' -o "$work/$run" \
      >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
    /usr/bin/python3 -c 'import csv, sys; print([(r["val_loss"], r["correct"]) for r in csv.DictReader(open(sys.argv[1]))])' \
      "$work/$run/cells.csv" >"$work/$run.out"
  done
  diff "$work/one.out" "$work/two.out" || fail "the same seed gave two trainings"
}

# In the protocol efficient frozen blocks are in eval mode, whether their outputs are kept or not.
frozen_dropout_is_off() {
  /usr/bin/python3 "$scripts" one Dropping "$work/own.pt"
  script_experiment "$work/own.toml"
  blocks >>"$work/own.toml"
  for cache in fp32 off; do
    "$tbft" run "$work/own.toml" --allow-script --set model.checkpoint="$work/own.pt" --set 'sweep.strategies=["block3"]' \
      --set protocol=efficient --set train.cache=$cache -o "$work/$cache" >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
  done
  /usr/bin/python3 - "$work"/{fp32,off}/cells.csv <<'P'
import csv, sys
kept, computed = ([float(r["val_loss"]) for r in csv.DictReader(open(name))] for name in sys.argv[1:])
assert kept and all(abs(a - b) < 1e-4 * b for a, b in zip(kept, computed, strict=True)), (kept, computed)
P
}

nothing_runs_without_permission() {
  /usr/bin/python3 "$scripts" marking "$work" "$work/own.pt"
  tiny_experiment "$work/own.toml"
  chain_blocks >>"$work/own.toml"
  set=(--set model.checkpoint="$work/own.pt")
  export TBFT_ALLOW_SCRIPT=1
  expect_refusal 1 'own.pt: a TorchScript file is a program.*--allow-script' "$tbft" run "$work/own.toml" "${set[@]}" -o "$work/cells"
  expect_refusal 2 "unknown key 'model.allow_script'" "$tbft" run "$work/own.toml" "${set[@]}" --set model.allow_script=true -o "$work/cells"
  expect_refusal 1 'give --allow-script' "$tbft" eval --checkpoint "$work/own.pt" --model "$work/own.toml" --dataset 'synthetic:?n=20'
  expect_refusal 1 'give --allow-script' "$tbft" cost --checkpoint "$work/own.pt" --model "$work/own.toml"
  expect_refusal 1 'give --allow-script' "$tbft" step-cost --checkpoint "$work/own.pt" --model "$work/own.toml" -o "$work/cells"
  # As a checkpoint, also with permission, it is read as one.
  for flag in "" --allow-script; do
    expect_refusal 1 'TorchScript archive, which is a program.*model.network = "torchscript".*--allow-script' \
      "$tbft" eval --checkpoint "$work/own.pt" $flag --dataset 'synthetic:?n=20'
  done
  expect_refusal 1 'TorchScript archive' "$tbft" diagnose --checkpoint "$work/own.pt" --dataset 'synthetic:?n=20' --source 'synthetic:?n=300'
  [ ! -e "$work/loaded" ] && [ ! -e "$work/run" ] || fail "the file's program ran: $(ls "$work")"
  "$tbft" cost --checkpoint "$work/own.pt" --model "$work/own.toml" --allow-script >/dev/null
  [ -e "$work/loaded" ] || fail "the mark is none"
}

$3
