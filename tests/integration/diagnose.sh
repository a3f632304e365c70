#!/usr/bin/env bash
# tbft diagnose on the synthetic set: evidence, a reference file that replaces the source, samples that are too small, refusals.
. "$(dirname "$0")/common.sh"

base=$work/base.pth
source='synthetic:?part=test&n=400'
# Not a good model: what is tested here is the command, not how often it is right.
"$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=600' --val 'synthetic:?part=test&n=64' --recipe quick --epochs 2 -o "$base" >/dev/null 2>&1

"$tbft" diagnose --checkpoint "$base" --source "$source" --dataset 'synthetic:?part=target&drift=input&n=200' --save-reference "$work/ref.json" --json >"$work/direct"
"$tbft" diagnose --checkpoint "$base" --reference "$work/ref.json" --dataset 'synthetic:?part=target&drift=input&n=200' --json >"$work/kept"
cmp "$work/direct" "$work/kept" || fail "the reference file does not stand for the source"
[ "$(stat -c %s "$work/ref.json")" -lt 2000000 ] || fail "a reference of $(stat -c %s "$work/ref.json") bytes"

run() { "$tbft" diagnose --checkpoint "$base" --reference "$work/ref.json" --dataset "$1" "${@:2}"; }
run "$source" --json --samples 3 >"$work/samples"
run 'synthetic:?part=target&drift=input&n=200' --n 5 --json >"$work/five"
/usr/bin/python3 - "$work" <<'P'
import json, sys
work = sys.argv[1]
direct = json.load(open(f"{work}/direct"))
assert direct["n"] == 100 and direct["level"] in ("none", "input", "feature", "output", "mixture", "unsure"), direct
assert direct["evidence"]["front_shift"]["value"] > direct["evidence"]["front_shift"]["source_high"], direct
accuracy = direct["evidence"]["accuracy"]
assert 0 <= accuracy["source_low"] <= accuracy["source_high"] <= 1, accuracy
samples = [json.loads(line) for line in open(f"{work}/samples")]
assert [s["seed"] for s in samples] == [0, 1, 2]
assert len({s["evidence"]["front_shift"]["value"] for s in samples}) == 3
five = json.load(open(f"{work}/five"))
assert five["level"] == "unsure" and five["doubts"] and five["n"] == 5, five
P
run "$source" >"$work/text"
grep -q '^drift: ' "$work/text" && grep -qE '^accuracy +[0-9.]+ +[0-9.]+ to ' "$work/text" || fail "$(cat "$work/text")"

expect_refusal 2 'give either --source DATASET .* or --reference' "$tbft" diagnose --checkpoint "$base" --dataset "$source"
expect_refusal 2 'nothing to do' "$tbft" diagnose --checkpoint "$base" --source "$source"
expect_refusal 1 '150 source images; samples of 100 need at least 300' \
  "$tbft" diagnose --checkpoint "$base" --source 'synthetic:?part=test&n=150' --dataset "$source"
echo '{}' >"$work/odd.json"
expect_refusal 2 'odd.json: not a reference' "$tbft" diagnose --checkpoint "$base" --reference "$work/odd.json" --dataset "$source"
tiny_base "$work/other.pth"
expect_refusal 2 'made with another checkpoint' "$tbft" diagnose --checkpoint "$work/other.pth" --reference "$work/ref.json" --dataset "$source"
echo ok
