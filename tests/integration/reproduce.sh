#!/usr/bin/env bash
# tbft reproduce over a small folder of data: what it makes, what it says is missing, how it goes on.
. "$(dirname "$0")/common.sh"

# CIFAR-10's folders with procedural images in them, and a base model for them.
names=(airplane automobile bird cat deer dog frog horse ship truck)
for part in train test; do
  "$tbft" data export --dataset "synthetic:?part=$part&n=200" -o "$work/$part" >/dev/null
  i=0
  for folder in "$work/$part"/*; do
    mkdir -p "$work/data/images/$part"
    mv "$folder" "$work/data/images/$part/${names[i++]}"
  done
done
"$tbft" pretrain --dataset "imagefolder:$work/data/images/train" --val "imagefolder:$work/data/images/test" --recipe quick --epochs 1 \
  -o "$work/data/tiny_cifar10_jpeg.pth" >/dev/null 2>&1

reproduce() {
  "$tbft" reproduce --data "$work/data" -o "$work/run" --quick --tables cifar-flip,cifar10-c-like,cifar10-pairs,block-noise,living17 \
    --set train.epochs=1 --set threads=1 --set 'sweep.strategies=["none","block1","block2","block3","fc"]' \
    --set 'cifar10-c-like/data.conditions=["contrast-5","fog-5"]' \
    --set 'block-noise/model.noise_sigma={block1=0.15,block2=0.15,block3=0.15,fc=4.8}' --set 'block-noise/sweep.train_sizes=[0.1]' \
    -m "replay://$work/tiny-trace.csv?speed=instant" "$@"
}
constant_trace "$work/tiny-trace.csv" 2

reproduce --dry-run >"$work/plan"
grep -q '^cifar10-c-like: 10 cells' "$work/plan" || fail "$(cat "$work/plan")"
grep -q '^living17: needs ImageNet.*image-net.org' "$work/plan" || fail "$(cat "$work/plan")"
grep -qx '  built-in experiment cifar10-c-like' "$work/plan" || fail "the origin is not said: $(cat "$work/plan")"
[ "$(grep -cE '^  estimate: about .* for (5|10|20) cells, if no cell stops early; about .* gross at 5 W' "$work/plan")" = 3 ] || fail "$(cat "$work/plan")"
grep -qx '  estimate: unknown: its base model is trained first' "$work/plan" || fail "$(cat "$work/plan")"
reproduce --dry-run --json >"$work/plan.json"
/usr/bin/python3 - "$work/plan.json" <<'P'
import json, sys
plan = json.load(open(sys.argv[1]))
tables = {t["table"]: t for t in plan["tables"]}
assert tables["cifar10-c-like"]["cells"] == tables["cifar10-c-like"]["estimate"]["cells"] == 10, tables
assert tables["cifar-flip"]["experiment"] == {"name": "cifar-flip", "built_in": True}, tables
assert [m["table"] for m in plan["missing"]] == ["living17"] and plan["step_cost"] is None, plan
P
reproduce --dry-run --json --set 'cifar10-c-like/sweep.batch=[8,38]' >"$work/plan.json"
/usr/bin/python3 - "$work/plan.json" <<'P'
import json, sys
table = next(t for t in json.load(open(sys.argv[1]))["tables"] if t["table"] == "cifar10-c-like")
assert table["cells"] == table["estimate"]["cells"] == 20, table
P
reproduce --dry-run --set 'cifar-flip/memory_limit=140MiB' >"$work/plan"
grep -A3 '^cifar-flip' "$work/plan" | grep -q 'estimate: unknown: .*memory_limit' || fail "$(cat "$work/plan")"
[ ! -e "$work/run" ] || fail "--dry-run made something"
expect_refusal 2 'cifar-flip: memory_limit' "$tbft" reproduce --data "$work/data" -o "$work/small" --quick \
  --tables cifar10-c-like,cifar-flip --set threads=1 --set cifar-flip/memory_limit=140MiB -m "replay://$work/tiny-trace.csv?speed=instant"
[ ! -e "$work/small" ] || fail "a table was made before the limit of another was refused"

reproduce >"$work/text" 2>"$work/err" || fail "$(cat "$work/err")"
[ "$(ls "$work/run/base")" = cifar10-pairs-short-4.pth ] || fail "base models: $(ls "$work/run/base")"
grep -q 'living17: needs ImageNet' "$work/err" || fail "what is missing is not said: $(cat "$work/err")"
for file in report.md report.json cells.csv; do [ -s "$work/run/$file" ] || fail "no $file"; done
grep -q 'not comparable with the paper' "$work/run/report.md" || fail 'the report does not say that it is a quick one'
grep -q 'image-net.org' "$work/run/report.md" || fail "the report does not say where ImageNet is to be had"
/usr/bin/python3 - "$work/run" <<'P'
import collections, csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/cells.csv")))
count = collections.Counter(r["dataset"] for r in rows)
assert count == {"cifar-flip": 5, "cifar10-c-like": 10, "cifar10-pairs": 5, "cifar10": 20}, count
assert all(r["status"] == "ok" and r["measured"] == "0" for r in rows), rows
assert {r["condition"] for r in rows if r["dataset"] == "cifar10"} == {f"noise-{b}" for b in ("block1", "block2", "block3", "fc")}
drift = {r["dataset"]: r["drift"] for r in rows}
assert drift == {"cifar-flip": "output", "cifar10-c-like": "input", "cifar10-pairs": "feature", "cifar10": ""}, drift
json.load(open(sys.argv[1] + "/report.json"))
assert json.load(open(sys.argv[1] + "/cifar-flip/run.json"))["experiment"] == {"name": "cifar-flip", "built_in": True}
P

# Nothing is done twice, and nothing by accident.
expect_refusal 2 'continue it with --resume' reproduce
cp "$work/run/cells.csv" "$work/before"
reproduce --resume >"$work/text" 2>"$work/err" || fail "$(cat "$work/err")"
reproduce --resume --json 2>/dev/null | cmp - "$work/run/report.json" || fail "--json prints something else than report.json"
cmp "$work/run/cells.csv" "$work/before" || fail "a resumed reproduction that was whole has other rows"
# A row that other programs disturbed stays as it was measured; reports leave out what is doubtful of it.
/usr/bin/python3 - "$work/run/cifar-flip/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
next(r for r in rows if r["strategy"] == "fc")["other_cpu_pct"] = "45"
with open(sys.argv[1], "w") as file:
    out = csv.DictWriter(file, rows[0], lineterminator="\n")
    out.writeheader()
    out.writerows(rows)
P
reproduce --resume >"$work/text" 2>"$work/err" || fail "$(cat "$work/err")"
/usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
row, = [r for r in csv.DictReader(open(sys.argv[1])) if r["other_cpu_pct"] == "45"]
assert row["train_s"] and row["train_gross_J"], row
P
expect_refusal 2 'the training is complete' "$tbft" pretrain --dataset "imagefolder:$work/data/images/train" --val "imagefolder:$work/data/images/test" \
  --recipe quick --epochs 1 --resume -o "$work/data/tiny_cifar10_jpeg.pth"
# A table whose data are damaged is told of and does not cost the ones behind it.
mkdir "$work/data/CIFAR-10-C"
echo no >"$work/data/CIFAR-10-C/gaussian_noise.npy"
echo no >"$work/data/CIFAR-10-C/labels.npy"
code=0
"$tbft" reproduce --data "$work/data" -o "$work/damaged" --quick --tables cifar10-c,block-noise --set train.epochs=1 --set threads=1 \
  --set 'sweep.strategies=["none"]' --set 'block-noise/model.noise_sigma={block1=0.15,block2=0.15,block3=0.15,fc=4.8}' \
  --set 'block-noise/sweep.train_sizes=[0.1]' -m "replay://$work/tiny-trace.csv?speed=instant" >"$work/text" 2>"$work/err" || code=$?
[ "$code" = 1 ] || fail "exit code $code: $(cat "$work/err")"
[ "$(wc -l <"$work/damaged/cells.csv")" = 5 ] || fail "the table behind it: $(cat "$work/err")"
grep -q 'cifar10-c: .*npy: no such file.*continue with --resume' "$work/damaged/report.md" || fail "$(cat "$work/damaged/report.md")"
expect_refusal 2 "unknown table 'cifar-flop'" "$tbft" reproduce --data "$work/data" -o "$work/other" --tables cifar-flop
expect_refusal 1 'no such folder of data' "$tbft" reproduce --data "$work/nowhere" -o "$work/other"
