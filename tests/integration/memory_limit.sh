#!/usr/bin/env bash
# --memory-limit: a run stays below it, with a smaller batch that its cell ids follow; what cannot fit is refused with the figure.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth" 26
cat >"$work/e.toml" <<T
name = "limited"
threads = 1
data.dataset = "synthetic"
data.path = "synthetic:?part=target&n=600"
data.conditions = ["input"]
model.checkpoint = "$work/base.pth"
sweep.train_sizes = [0.3]
sweep.strategies = ["none", "fc", "full"]
train.epochs = 1
meter.uri = "estimate://"
meter.trace = "off"
T
limit=300  # MiB: full with the default of 128 images per step needs more
run() { "$tbft" run "$work/e.toml" "$@"; }

case $3 in
  a_run_stays_below_it)
    # Two sources of truth: what the run did, and a dry run that has the same ids as one with that batch declared.
    run --memory-limit ${limit}MiB -o "$work/run" >"$work/report" 2>"$work/err" || fail "$(cat "$work/err")"
    grep -qE '^memory_limit 300MiB: train.batch = [0-9]+, because full with 128 images per step needs about [0-9]+ MiB$' "$work/err" ||
      fail "no line says what was chosen: $(cat "$work/err")"
    batch=$(sed -nE 's/^memory_limit .*train.batch = ([0-9]+).*/\1/p' "$work/err")
    ids() { run --dry-run "$@" 2>"$work/err" | cut -d, -f1 | sort; }
    [ "$(ids --memory-limit ${limit}MiB)" = "$(ids --set train.batch="$batch")" ] || fail "the ids are not those of batch $batch"
    [ "$(ids --memory-limit ${limit}MiB)" != "$(ids)" ] || fail "the ids are those of the default"
    /usr/bin/python3 - "$work/run" "$batch" "$limit" <<'P'
import csv, json, sys
rows = list(csv.DictReader(open(sys.argv[1] + "/cells.csv")))
batch, limit = int(sys.argv[2]), float(sys.argv[3])
assert 1 <= batch < 128, batch
assert [r["status"] for r in rows] == ["ok"] * 3, rows
for row in rows:
    assert float(row["peak_rss_MiB"]) <= limit, row
    assert row["strategy"] == "none" or row["batch"] == str(batch), row
full = next(r for r in rows if r["strategy"] == "full")
assert float(full["saved_act_MiB"]) > 1.5 * batch, full  # so that it trained with that batch
run = json.load(open(sys.argv[1] + "/run.json"))
assert run["requested"]["train.batch"] == batch and run["requested"]["memory_limit"] == "300MiB", run["requested"]
P
    run --memory-limit ${limit}MiB -o "$work/run" --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
    grep -q '3 done before' "$work/err" || fail "the resume ran something: $(cat "$work/err")"
    ;;
  a_declared_batch_is_refused_with_the_figure)
    expect_refusal 2 '^tbft: memory_limit 300MiB: full with 128 images per step needs about [0-9]+ MiB; --set train.batch=[0-9]+ would fit, or raise the limit$' \
      run --memory-limit ${limit}MiB --set train.batch=128 -o "$work/run"
    expect_refusal 2 'full with 100 images per step needs about [0-9]+ MiB' run --memory-limit ${limit}MiB --set 'sweep.batch=[4,100]' --dry-run
    expect_refusal 2 'full with 1 image per step needs about [0-9]+ MiB \(program and libtorch' run --memory-limit 64MiB -o "$work/run"
    expect_refusal 2 "memory_limit: '300' is no size; write it like 512MiB or 2GB" run --memory-limit 300 -o "$work/run"
    [ ! -e "$work/run" ] || fail "a refused run left a directory"
    ;;
  kept_outputs_give_way_first)
    efficient=(--set protocol=efficient --set 'sweep.strategies=["block3"]' --set 'data.path="synthetic:?part=target&n=2000"' --set train.batch=16)
    dry() { run "${efficient[@]}" --dry-run --json "$@" 2>"$work/err" || fail "$(cat "$work/err")"; }
    dry --memory-limit 100GB >"$work/all.json"
    limit=$(/usr/bin/python3 -c "import json; print(json.load(open('$work/all.json'))['memory']['needed_bytes'] // 2**20 - 10)")
    dry --memory-limit "${limit}MiB" >"$work/less.json"
    /usr/bin/python3 - "$work/all.json" "$work/less.json" <<'P'
import json, sys
everything, less = (json.load(open(path)) for path in sys.argv[1:])
assert not everything["memory"]["keeps_none"] and less["memory"]["keeps_none"], (everything["memory"], less["memory"])
# 600 training and 300 validation images with 32 maps of 16 x 16 numbers each.
assert everything["memory"]["needed_bytes"] - less["memory"]["needed_bytes"] == 900 * 4 * 32 * 16 * 16
assert everything["memory"]["batch"] == less["memory"]["batch"] == 16
assert [c["cell_id"] for c in everything["cells"]] == [c["cell_id"] for c in less["cells"]], "the result is the same, so is the id"
P
    run "${efficient[@]}" --memory-limit "${limit}MiB" -o "$work/run" >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
    grep -q 'computed in each epoch instead of being kept' "$work/err" || fail "nothing is said: $(cat "$work/err")"
    /usr/bin/python3 - "$work/run" "$limit" <<'P'
import csv, json, sys
row = next(csv.DictReader(open(sys.argv[1] + "/cells.csv")))
run = json.load(open(sys.argv[1] + "/run.json"))
assert row["status"] == "ok" and float(row["peak_rss_MiB"]) <= float(sys.argv[2]), row
assert run["requested"]["train.cache"] == "auto" and run["effective"]["train.cache"] == "off"
P
    ;;
  personalize_takes_fewer_images)
    "$tbft" pretrain --depth 26 --dataset 'synthetic:?part=train&n=300' --val 'synthetic:?part=test&n=32' --recipe quick --epochs 1 -o "$work/some.pth" >/dev/null 2>&1
    personalize() {
      "$tbft" personalize --checkpoint "$work/some.pth" --source 'synthetic:?part=train&n=400' --dataset 'synthetic:?part=target&n=120' \
        --dry-run -m estimate:// --threads 1 "$@"
    }
    # A step of full on 16 images needs 17 MiB more by the model than one of 8 images.
    personalize --memory-limit 165MiB --record "$work/record.json" >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
    grep -qE '^--memory-limit 165MiB: full with 16 images per step needs about [0-9]+ MiB; taking 8, which need [0-9]+ MiB$' "$work/err" ||
      fail "nothing is said: $(cat "$work/err")"
    grep -q '"batch": 8,' "$work/record.json" || fail "the record has another batch"
    code=0
    personalize --memory-limit 165MiB --batch 16 >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 2 ] && grep -qE 'full with 16 images per step needs about [0-9]+ MiB; --batch 8 would fit' "$work/err" || fail "$code: $(cat "$work/err")"
    ;;
  *) fail "no case $3" ;;
esac
