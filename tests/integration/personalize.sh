#!/usr/bin/env bash
# tbft personalize from end to end on the synthetic set: weights that Python's torch.load reads, the record, the base left alone,
# refusals.
. "$(dirname "$0")/common.sh"

base=$work/base.pth
source='synthetic:?part=test&n=400'
"$tbft" pretrain --dataset 'synthetic:?part=train&n=1500' --val 'synthetic:?part=test&n=100' --recipe quick --epochs 3 -o "$base" >/dev/null 2>&1
"$tbft" diagnose --checkpoint "$base" --source "$source" --save-reference "$work/ref.json"
constant_trace "$work/trace.csv" 2
personalize() { "$tbft" personalize --checkpoint "$base" --reference "$work/ref.json" -m "replay://$work/trace.csv?speed=instant" "$@"; }

personalize --dataset 'synthetic:?part=target&drift=output&n=300' -o "$work/out.pth" >"$work/text" 2>"$work/err" || fail "$(cat "$work/err")"
grep -q '^drift: output' "$work/text" || fail "$(cat "$work/text")"
/usr/bin/python3 - "$work" <<'P'
import json, sys, torch
work = sys.argv[1]
record = json.load(open(f"{work}/out.pth.json"))
before, after = torch.load(f"{work}/base.pth"), torch.load(f"{work}/out.pth")
assert list(before) == list(after) and all(before[k].shape == after[k].shape for k in before)
changed = {k for k in before if not torch.equal(before[k], after[k])}
assert record["kept"] in ("relabel", "fc") and changed == {"fc.weight", "fc.bias"}, (record["kept"], changed)
kept = next(a for a in record["attempts"] if a["strategy"] == record["kept"])
assert kept["correct"] > record["base"]["correct"] and kept["p"] < 0.025, kept
assert record["measured"] == 0 and record["energy"]["all"]["gross_J"] > kept["tuning"]["gross_J"] > 0, record["energy"]
assert record["n_train"] + record["n_val"] + record["n_test"] == 300 and record["n_test"] == 90
P

# Undrifted: the base is left as it is, with exit code 0.
personalize --dataset 'synthetic:?part=target&n=300' -o "$work/none.pth" --json >"$work/none.json" 2>/dev/null
[ ! -e "$work/none.pth" ] || fail "weights were written for what did not drift"
grep -q '"kept":null' "$work/none.json" || fail "$(cat "$work/none.json")"
# Predictions alone.
personalize --dataset 'synthetic:?part=target&drift=output&n=300' --dry-run >"$work/dry" 2>/dev/null
grep -qE '^  relabel +[0-9.e-]+ J, ' "$work/dry" || fail "$(cat "$work/dry")"

small='synthetic:?part=target&drift=output&n=100'
code=0
personalize --dataset "$small" --budget 0.001J -o "$work/no.pth" >/dev/null 2>"$work/err" || code=$?
[ $code = 1 ] && [ ! -e "$work/no.pth" ] && grep -q 'refused: .* of the budget of 0.001 J' "$work/err" || fail "budget: $code $(cat "$work/err")"
expect_refusal 2 '\-\-budget 5W: expected joules' personalize --dataset "$small" --budget 5W -o "$work/no.pth"
expect_refusal 2 '\-o OUT.pth is needed' personalize --dataset "$small"
expect_refusal 1 '2 images are too few' personalize --dataset 'synthetic:?part=target&n=2' -o "$work/no.pth"
expect_refusal 2 'made with another checkpoint' "$tbft" personalize --checkpoint "$work/out.pth" --reference "$work/ref.json" --dataset "$small" -m estimate:// -o "$work/no.pth"
expect_refusal 3 'cannot open|no such|No such' "$tbft" personalize --checkpoint "$base" --reference "$work/ref.json" --dataset "$small" -m um25c:///dev/nowhere -o "$work/no.pth"
echo ok
