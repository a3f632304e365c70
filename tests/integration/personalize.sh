#!/usr/bin/env bash
# tbft personalize from end to end on the synthetic set: weights that Python's torch.load reads, the record, the base left alone,
# refusals.
. "$(dirname "$0")/common.sh"

# Threads that wait for each other beside other tests cost more than they give.
export TBFT_THREADS=1
base=$work/base.pth
source='synthetic:?part=test&n=400'
"$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=2000' --val 'synthetic:?part=test&n=200' --recipe quick -o "$base" >/dev/null 2>&1
"$tbft" diagnose --checkpoint "$base" --source "$source" --save-reference "$work/ref.json"
constant_trace "$work/trace.csv" 2
personalize() { "$tbft" personalize --checkpoint "$base" --reference "$work/ref.json" -m estimate:// "$@"; }

personalize --dataset 'synthetic:?part=target&drift=output&n=300' -o "$work/out.pth" >"$work/text" 2>"$work/err" || fail "$(cat "$work/err")"
grep -q '^drift: output' "$work/text" || fail "$(cat "$work/text")"
grep -qE "^weights   $work/out.pth \([0-9.]+ kB\)\$" "$work/text" && grep -qE "^record    $work/out.pth.json \([0-9.]+ kB\)\$" "$work/text" || fail "what was written: $(cat "$work/text")"
/usr/bin/python3 - "$work" <<'P'
import json, sys, torch
work = sys.argv[1]
record = json.load(open(f"{work}/out.pth.json"))
before, after = torch.load(f"{work}/base.pth"), torch.load(f"{work}/out.pth")
assert list(before) == list(after) and all(before[k].shape == after[k].shape for k in before)
changed = {k for k in before if not torch.equal(before[k], after[k])}
assert record["kept"] in ("relabel", "fc") and changed == {"fc.weight", "fc.bias"}, (record["kept"], changed)
kept = next(a for a in record["attempts"] if a["strategy"] == record["kept"])
assert kept["correct"] > record["base"]["correct"] and kept["p"] < 0.05 and kept["val_correct"] >= record["base"]["val_correct"], kept
assert record["measured"] == 0 and record["energy"]["all"]["gross_J"] > record["energy"]["calibration"]["gross_J"] > 0, record["energy"]
assert record["provenance"]["blas"], record["provenance"]
assert record["n_train"] + record["n_val"] + record["n_test"] == 300 and record["n_test"] == 90
P

# Undrifted: the base is left as it is, with exit code 0.
personalize --dataset 'synthetic:?part=target&n=300' -o "$work/none.pth" --json >"$work/none.json" 2>/dev/null
[ ! -e "$work/none.pth" ] || fail "weights were written for what did not drift"
# Weights of an earlier run stay beside the new record, which is said.
cp "$base" "$work/unwritten.pth"
personalize --dataset 'synthetic:?part=target&n=300' -o "$work/unwritten.pth" --force >"$work/text" 2>"$work/err"
grep -q '^record ' "$work/text" && ! grep -q '^weights ' "$work/text" || fail "what was written: $(cat "$work/text")"
[ "$(grep -c "warning: -o $work/unwritten.pth: holds what an earlier run wrote" "$work/err")" = 1 ] || fail "not one warning: $(cat "$work/err")"
cmp "$base" "$work/unwritten.pth" && grep -q '"output": null' "$work/unwritten.pth.json" || fail "earlier weights were changed"
grep -q '"kept":null' "$work/none.json" || fail "$(cat "$work/none.json")"
# A file's name may contain any bytes; the record has the replacement character.
personalize --dataset 'synthetic:?part=target&drift=output&n=300' -o "$work/"$'m\xe4rz.pth' >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
/usr/bin/python3 -c 'import json, sys; assert "m\ufffdrz.pth" in json.load(open(sys.argv[1], encoding="utf-8"))["output"]' "$work/"$'m\xe4rz.pth.json' ||
  fail "a name that is not UTF-8"
# Predictions alone.
personalize --dataset 'synthetic:?part=target&drift=output&n=300' --dry-run >"$work/dry" 2>/dev/null
grep -qE '^  relabel +[0-9.e-]+ J, ' "$work/dry" || fail "$(cat "$work/dry")"

# The same choice within a sweep, measured and in processes of its own: its level in the journal, its regret in the report.
cat >"$work/sweep.toml" <<T
name = "choices"
threads = 1
warmup = false
data.dataset = "drifted"
data.path = "synthetic:?part=target&n=400"
data.conditions = ["none", "flip"]
sweep.train_sizes = [0.2]
sweep.val_size = 0.05
sweep.strategies = ["none", "relabel", "fc", "diagnosed"]
train.epochs = 2
train.batch = 16
model.checkpoint = "$base"
model.reference = "$work/ref.json"
backend = "onednn"
layout = "contiguous"
T
"$tbft" run "$work/sweep.toml" -m "replay://$work/trace.csv?speed=instant" -o "$work/measured" >/dev/null 2>&1
"$tbft" run "$work/sweep.toml" --jobs 2 -o "$work/jobs" >/dev/null 2>&1
for run in measured jobs; do
  "$tbft" report "$work/$run" >"$work/report"
  grep -q '^strategies that choose against the best in hindsight' "$work/report" || fail "$run: $(cat "$work/report")"
  grep -qE '^none +1 +0 +0 +0 +0 +0 +100' "$work/report" && grep -qE '^output +0 +0 +0 +1 +0 +0 +100' "$work/report" ||
    fail "$run: levels: $(cat "$work/report")"
done
/usr/bin/python3 - "$work" <<'P'
import csv, sys
rows = {run: {(r["condition"], r["strategy"]): r for r in csv.DictReader(open(f"{sys.argv[1]}/{run}/cells.csv"))} for run in ("measured", "jobs")}
for key, row in rows["measured"].items():
    assert row["status"] == "ok" and row["correct"] == rows["jobs"][key]["correct"], (key, row)
    assert int(row["n_test"]) == 100, row  # 120 aside, 20 of them validate
measured = rows["measured"]
assert measured["flip", "diagnosed"]["correct"] == measured["flip", "relabel"]["correct"]
assert measured["none", "diagnosed"]["correct"] == measured["none", "none"]["correct"]
# Looking costs joules, doing nothing does not.
assert float(measured["none", "diagnosed"]["train_gross_J"]) > 0 and measured["none", "none"]["train_gross_J"] == ""
assert float(measured["flip", "diagnosed"]["train_gross_J"]) > float(measured["flip", "relabel"]["train_gross_J"]) > 0
P
expect_refusal 2 'model.reference: strategy diagnosed needs it' "$tbft" run "$work/sweep.toml" -o "$work/none" --set model.reference=
expect_refusal 2 'model.reference: .*made with another checkpoint' "$tbft" run "$work/sweep.toml" -o "$work/none" --set "model.checkpoint=$work/out.pth"
[ ! -e "$work/none" ] || fail "a refused reference leaves a run directory behind"

small='synthetic:?part=target&drift=output&n=100'
code=0
personalize --dataset "$small" --budget 0.001J -o "$work/no.pth" >/dev/null 2>"$work/err" || code=$?
[ $code = 1 ] && [ ! -e "$work/no.pth" ] && grep -q 'refused: .* of the budget of 0.001 J' "$work/err" || fail "budget: $code $(cat "$work/err")"
rm "$work/no.pth.json"
expect_refusal 2 '\-\-budget 5W: expected joules' personalize --dataset "$small" --budget 5W -o "$work/no.pth"
expect_refusal 2 '\-o OUT.pth is needed' personalize --dataset "$small"
cp "$base" "$work/copy.pth"
expect_refusal 2 "is the base model itself" "$tbft" personalize --checkpoint "$work/copy.pth" --reference "$work/ref.json" --dataset "$small" -m estimate:// -o "$work/copy.pth"
expect_refusal 1 '100 of the 400 images of --test .* are in --dataset, too' personalize --dataset "$small" --test 'synthetic:?part=target&drift=output&n=400' -o "$work/no.pth"
expect_refusal 1 '10 images are too few' personalize --dataset 'synthetic:?part=target&n=10' --holdout 0.9 -o "$work/no.pth"
expect_refusal 2 'made with another checkpoint' "$tbft" personalize --checkpoint "$work/out.pth" --reference "$work/ref.json" --dataset "$small" -m estimate:// -o "$work/no.pth"
expect_refusal 3 'cannot open|no such|No such' "$tbft" personalize --checkpoint "$base" --reference "$work/ref.json" --dataset "$small" -m um25c:///dev/nowhere -o "$work/no.pth"
echo ok
