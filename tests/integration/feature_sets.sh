#!/usr/bin/env bash
# The feature-level data sets through the program. Usage: feature_sets.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

info() { "$tbft" data info --dataset "$1" --json; }
# ImageNet with one and the same image in every target folder of Living-17, as the source file lists them.
make_imagenet() {
  "$tbft" data export --dataset 'synthetic:?part=test&n=10' -o "$work/shapes" >/dev/null
  local image
  image=$(find "$work/shapes" -name '*.png' | head -1)
  wnids=$(sed -nE 's/^    \{"[a-z]+", \{[^}]*\}, \{"(n[0-9]+)", "(n[0-9]+)"\}\},$/\1 \2/p' "$source_dir/harness/data/living17_classes.h")
  [ "$(wc -w <<<"$wnids")" = 34 ] || fail "34 target classes expected: $wnids"
  for wnid in $wnids; do
    mkdir -p "$work/imagenet/train/$wnid" "$work/imagenet/val/$wnid"
    cp "$image" "$work/imagenet/train/$wnid/${wnid}_1.JPEG"
    cp "$image" "$work/imagenet/val/$wnid/ILSVRC2012_val_1.JPEG"
  done
}

# Tiny ImageNet of ten shapes: 30 training and 10 validation images of each class, as the archive lays them out.
make_tiny_imagenet() {
  "$tbft" data export --dataset 'synthetic:?part=train&n=300' -o "$work/train" >/dev/null
  "$tbft" data export --dataset 'synthetic:?part=test&n=100' -o "$work/val" >/dev/null
  /usr/bin/python3 - "$work" <<'P'
import os, shutil, sys
work = sys.argv[1]
shapes = ["disc", "square", "triangle", "plus", "star", "crescent", "arrow", "corner", "hourglass", "tee"]
os.makedirs(f"{work}/tiny/val/images")
lines = []
for number, shape in enumerate(shapes, 1):
    wnid = f"n{number:08}"
    os.makedirs(f"{work}/tiny/train/{wnid}/images")
    for i, file in enumerate(sorted(os.listdir(f"{work}/train/{shape}"))):
        shutil.copy(f"{work}/train/{shape}/{file}", f"{work}/tiny/train/{wnid}/images/{wnid}_{i}.JPEG")
    for file in sorted(os.listdir(f"{work}/val/{shape}")):
        lines.append(f"val_{len(lines)}.JPEG\t{wnid}\t0\t0\t31\t31\n")
        shutil.copy(f"{work}/val/{shape}/{file}", f"{work}/tiny/val/images/val_{len(lines) - 1}.JPEG")
open(f"{work}/tiny/val/val_annotations.txt", "w").writelines(lines)
open(f"{work}/tiny/wnids.txt", "w").writelines(f"n{number:08}\n" for number in range(10, 0, -1))
open(f"{work}/tiny/words.txt", "w").writelines(f"n{number:08}\t{shape}, shape\n" for number, shape in enumerate(shapes, 1))
P
}

case $3 in
  imagenet_without_two_classes)
    make_imagenet
    info "living17:$work/imagenet" | grep -q '"n": 68' || fail "not 68 images: $(info "living17:$work/imagenet")"
    rm -r "$work/imagenet/val/n02132136" "$work/imagenet/train/n01751748"
    expect_refusal 1 ': no images of n01751748 \(snake; train\), n02132136 \(bear; val\); .*https://image-net.org/download.php' \
      "$tbft" data info --dataset "living17:$work/imagenet" ;;
  pairs_of_the_real_images)
    shared=${TBFT_SHARED:-$source_dir/../shared}
    [ -e "$shared/data/cifar10-jpeg.tar.xz" ] || skip "../shared is absent: no CIFAR-10 images"
    tar -C "$work" -xf "$shared/data/cifar10-jpeg.tar.xz" cifar10-jpeg/test
    test=$work/cifar10-jpeg/test
    /usr/bin/python3 - "$tbft" "$test" <<'P'
import json, subprocess, sys
tbft, test = sys.argv[1:]
def data(command, spec, *more):
    return json.loads(subprocess.check_output([tbft, "data", command, "--dataset", spec, "--json", *more]))
names = ["cat/dog", "automobile/truck", "deer/horse", "airplane/ship"]
sums = set()
for part in ("source", "target"):
    info = data("info", f"cifar10-pairs:imagefolder:{test}?part={part}")
    assert info["n"] == 4000 and info["classes"] == dict.fromkeys(names, 1000) and list(info["classes"]) == names, info
    sums.add(info["sha256"])
    # The same images are found by their classes' own names.
    base = data("info", test)
    assert all(base["classes"][name.split("/")[part == "target"]] == 1000 for name in names), base
assert len(sums) == 2, "source and target are the same images"
split = data("split", f"cifar10-pairs:{test}", "--train-size", "0.1")
assert [len(split[p]) for p in ("train", "val", "test")] == [400, 600, 600], split
P
    # Written as files the pairs are folders of their own, and read back as the same images.
    "$tbft" data export --dataset "cifar10-pairs:$test?limit=2" -o "$work/pairs" >/dev/null
    [ "$(ls "$work/pairs")" = "$(printf 'airplane-ship\nautomobile-truck\ncat-dog\ndeer-horse')" ] || fail "$(ls "$work/pairs")"
    info "$work/pairs" | grep -q '"n": 8' || fail "the export does not read back" ;;
  classes_share_no_folder)
    "$tbft" data export --dataset 'synthetic:?part=test&n=20' -o "$work/shapes" >/dev/null
    cat >"$work/table.toml" <<T
[[superclass]]
name = "a/b"
source = ["disc"]
target = ["square"]
[[superclass]]
name = "a-b"
source = ["triangle"]
target = ["plus"]
T
    set="subpopulation:imagefolder:$work/shapes?map=$work/table.toml"
    expect_refusal 1 "classes 'a/b' and 'a-b' would share the folder a-b; rename one" "$tbft" data export --dataset "$set" -o "$work/refused"
    sed -i 's|"a-b"|"c"|' "$work/table.toml"
    "$tbft" data export --dataset "$set" -o "$work/pairs" >/dev/null
    [ "$(ls "$work/pairs")" = "$(printf 'a-b\nc')" ] || fail "$(ls "$work/pairs")" ;;
  all_are_listed)
    "$tbft" data list --json >"$work/list"
    /usr/bin/python3 - "$work/list" <<'P'
import json, sys
drift = {kind["name"]: kind["drift"] for kind in json.load(open(sys.argv[1]))}
assert [drift[name] for name in ("living17", "cifar10-pairs", "cifar100-super", "subpopulation")] == ["feature"] * 4, drift
P
    expect_refusal 2 "part=both is not one of target, source" "$tbft" data info --dataset "cifar10-pairs:$work?part=both"
    expect_refusal 1 "test.bin: no such file.*cs.toronto.edu" "$tbft" data info --dataset "cifar100-super:$work" ;;
  a_table_over_tiny_imagenet)
    make_tiny_imagenet
    cat >"$work/table.toml" <<T
[[superclass]]
name = "round"
source = ["n00000001: disc"]
target = ["n00000009: hourglass"]
[[superclass]]
name = "angular"
source = ["n00000002", "n00000003"]
target = ["n00000004", "n00000005: star"]
T
    base="subpopulation:tinyimagenet:$work/tiny?map=$work/table.toml&pixels=32"
    info "$base&split=train" >"$work/info"
    /usr/bin/python3 - "$work/info" <<'P'
import json, sys
info = json.load(open(sys.argv[1]))
assert info["classes"] == {"round": 30, "angular": 60} and info["height"] == 32, info
P
    "$tbft" pretrain --depth 8 --dataset "$base&part=source&split=train" --val "$base&part=source" --recipe quick --epochs 3 \
      -o "$work/base.pth" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
    tiny_experiment "$work/run.toml"
    sed -i '/^data\./d' "$work/run.toml"
    "$tbft" run "$work/run.toml" --set data.dataset=subpopulation --set "data.path=$base&split=train" \
      --set model.checkpoint="$work/base.pth" --set 'sweep.train_sizes=[0.5]' -o "$work/run" >"$work/out" 2>&1 || fail "$(cat "$work/out")"
    /usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 4, rows
assert {(row["dataset"], row["drift"], row["status"]) for row in rows} == {("subpopulation", "feature", "ok")}, rows
P
    printf '[[superclass]]\nname = "round"\nsource = ["n00000001"]\ntarget = ["n00000001"]\n' >"$work/table.toml"
    expect_refusal 1 'table.toml:1: class n00000001 is in the source of round and in the target of round' "$tbft" data info --dataset "$base"
    sed -i 's/^target = .*/target = ["n000000010"]/' "$work/table.toml"
    expect_refusal 1 "no class named n000000010 \(did you mean 'n00000001: disc'\?\)" "$tbft" data info --dataset "$base" ;;
  *) fail "no such case: $3" ;;
esac
