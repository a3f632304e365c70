#!/usr/bin/env bash
# What a run searches before it trains: the noise on the base model (conditions noise-BLOCK) and, with --tune-lr, learning rates.
# Each is searched once, kept in the journal, and stands in the rows.
. "$(dirname "$0")/common.sh"

"$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=1000' --val 'synthetic:?part=test&n=100' --recipe quick --epochs 12 -o "$work/base.pth" >/dev/null 2>&1
tiny_experiment "$work/e.toml"
run() {
  "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set 'data.path="synthetic:?part=target&n=400"' \
    --set 'data.train_path="synthetic:?part=train&n=80"' --set 'data.conditions=["noise-fc"]' \
    --set 'sweep.train_sizes=[0.5]' --set train.augment=true --set idle.seconds=0.05 --tune-lr -o "$work/run" "$@" >"$work/report" 2>"$work/err" || fail "$(cat "$work/err")"
}
run --set sweep.repetitions=1
# One idle window first and one behind each of the two cells; a search has heated the board, so there is another before its cell. (Where the
# drawn order begins with fc, that cell makes both searches.)
windows=$(grep -c ',+idle/' "$work/run/traces/trace.csv")
searched=$(awk '/"event":"found"/ { found = 1 } /"event":"cell_begins"/ { n += found; found = 0 } END { print n }' "$work/run/journal.jsonl")
[ "$searched" -ge 1 ] && [ "$windows" = $((3 + searched)) ] || fail "$windows idle windows, $searched cells with a search"
run --set sweep.repetitions=2 --resume
/usr/bin/python3 - "$work/run" <<'P'
import collections, csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/cells.csv")))
found = [e for e in map(json.loads, open(sys.argv[1] + "/journal.jsonl")) if e["event"] == "found"]
names = collections.Counter(e["name"] for e in found)
assert names == {"noise-fc": 1, "lr/noise-fc/0.5/fc/0.01": 1}, names
by_name = {e["name"]: e["value"] for e in found}
assert len(rows) == 4 and all(r["status"] == "ok" and r["condition"] == "noise-fc" and r["drift"] == "" for r in rows), rows
lr = by_name["lr/noise-fc/0.5/fc/0.01"]
assert [round(t["lr"], 12) for t in lr["tried"]] == [0.001, 0.003, 0.01, 0.03, 0.1], lr
assert lr["lr"] == min((t for t in lr["tried"] if t["val_loss"] is not None), key=lambda t: t["val_loss"])["lr"], lr
for row in rows:
    if row["strategy"] == "fc":
        assert float(row["lr"]) == lr["lr"] and row["samples_seen"] == "40", row  # half of the 80 images of data.train_path
    else:
        level = by_name["noise-fc"]
        assert row["lr"] == "" and 0 < level["sigma"] < 40 and abs(level["val_accuracy_pct"] - 15) < 12, level
correct = {e["cell_id"]: e["correct_hex"] for e in map(json.loads, open(sys.argv[1] + "/journal.jsonl")) if e["event"] == "cell_ends"}
none = [correct[r["cell_id"]] for r in rows if r["strategy"] == "none"]
assert len(none) == 2 and none[0] != none[1], "each seed is a draw of its own"
P
# A cell of repetition 1 alone, as in a task of an array, searches on the noise of repetition 0, too.
alone=$("$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set 'data.path="synthetic:?part=target&n=400"' \
  --set 'data.train_path="synthetic:?part=train&n=80"' --set 'data.conditions=["noise-fc"]' --set 'sweep.train_sizes=[0.5]' \
  --set train.augment=true --set idle.seconds=0.05 --tune-lr --set sweep.repetitions=2 --dry-run 2>/dev/null |
  awk -F, '$7 == "fc" && $8 == 1 { print $1 }')
[ -n "$alone" ] || fail "no cell of fc, repetition 1"
mv "$work/run" "$work/whole"
run --set sweep.repetitions=2 --cell "$alone"
search() { grep -h '"name":"lr/noise-fc/0.5/fc/0.01"' "$1/journal.jsonl" | sed 's/.*"value"://'; }
[ -n "$(search "$work/run")" ] && [ "$(search "$work/run")" = "$(search "$work/whole")" ] ||
  fail "another search: $(search "$work/run") / $(search "$work/whole")"
# A search that finds nothing fails its cells, with the reason; it does not end the run. (At this rate weight decay alone multiplies
# the weights by 1e8 at each step.)
code=0
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set train.lr.fc=100 --set 'train.lr_search=[1e6]' \
  --set train.weight_decay=1 --set train.batch=1 -o "$work/none" >"$work/report" 2>"$work/err" || code=$?
[ "$code" = 1 ] || fail "exit code $code: $(cat "$work/err")"
[ "$(grep -c ',fc,.*,failed,.*no learning rate tried' "$work/none/cells.csv")" = 2 ] || fail "$(cat "$work/none/cells.csv")"
[ "$(grep -c ',none,.*,ok,' "$work/none/cells.csv")" = 2 ] || fail "the other strategy did not run: $(cat "$work/none/cells.csv")"
# A typing mistake in a block is told before anything runs.
expect_refusal 2 "model.noise_sigma: 'layer1' is none of" "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set 'model.noise_sigma={layer1=1.0}'
# A block that the network does not have, where the settings alone cannot know.
for setting in 'data.conditions=["noise-block9"]' 'model.noise_sigma={block9=1.0}'; do
  expect_refusal 2 'the network has no block9; its blocks: block1, block2, block3, fc' \
    "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set "$setting" -o "$work/block9"
  [ ! -e "$work/block9" ] || fail "a refused run left $work/block9"
done
