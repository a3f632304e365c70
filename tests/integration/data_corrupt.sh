#!/usr/bin/env bash
# `data corrupt` writes what numpy loads, in the published layout, and what cifar10-c-like reads; bad input is one clear line.
. "$(dirname "$0")/common.sh"

corrupt() { "$tbft" data corrupt --dataset 'synthetic:?n=30' "$@"; }
refused() { expect_refusal "$1" "$2" "$tbft" data corrupt --dataset 'synthetic:?n=30' -o "$work/no" "${@:3}"; [ ! -e "$work/no" ] || fail "something was left"; }

corrupt --seed 4 -o "$work/all" >/dev/null 2>"$work/err"
[ ! -s "$work/err" ] || fail "progress where no terminal is: $(cat "$work/err")"
corrupt --corruptions fog,snow --severities 1,3 --seed 4 -o "$work/some" --json >"$work/json"
"$tbft" data export --dataset 'synthetic:?n=30' -o "$work/clean" >/dev/null
"$tbft" data info --dataset 'synthetic:?n=30' --json >"$work/info"
/usr/bin/python3 - "$work" <<'P'
import json, pathlib, sys
import numpy as np
from PIL import Image
work = pathlib.Path(sys.argv[1])
names = sorted(p.name for p in (work / "all").iterdir())
assert len(names) == 17 and "corruptions.json" in names, names
labels = np.load(work / "all/labels.npy")
assert labels.dtype == np.uint8 and labels.shape == (150,) and (labels == np.tile(np.arange(30) % 10, 5)).all()
clean = np.stack([np.asarray(Image.open(p)) for p in sorted((work / "clean").glob("*/*.png"), key=lambda p: p.name)])
for name in names:
    if name in ("labels.npy", "corruptions.json"):
        continue
    images = np.load(work / "all" / name, mmap_mode="r")
    assert images.dtype == np.uint8 and images.shape == (150, 32, 32, 3) and images.flags["C_CONTIGUOUS"], name
    # Each block is the clean images in their order: its i-th image correlates most with the i-th clean one.
    for s in range(5):
        block, reference = (x.reshape(30, -1).astype(float) for x in (images[30 * s : 30 * s + 30], clean))
        right = (np.corrcoef(block, reference)[:30, 30:].argmax(1) == np.arange(30)).sum()
        assert right >= 15, (name, s, right)  # 1 by chance
for name in "fog", "snow":
    whole, some = np.load(work / f"all/{name}.npy"), np.load(work / f"some/{name}.npy")
    assert some.shape == (60, 32, 32, 3)
    assert (some[:30] == whole[:30]).all() and (some[30:] == whole[60:90]).all(), "blocks in order of severity"
assert np.load(work / "some/labels.npy").shape == (60,)
about = json.load(open(work / "some/corruptions.json"))
assert about == json.load(open(work / "json"))
assert about["dataset"] == "cifar10-c-like" and about["n"] == 30 and about["severities"] == [1, 3] and about["seed"] == 4, about
assert about["frost"] == "procedural" and about["source_sha256"] == json.load(open(work / "info"))["sha256"] and about["tool_version"], about
P

hash_of() { "$tbft" data info --dataset "$1" --json | sed -nE 's/.*"sha256": ?"([0-9a-f]+)".*/\1/p'; }
[ "$(hash_of "cifar10-c-like:$work/some?condition=snow-3")" = "$(hash_of 'cifar10-c-like:synthetic:?n=30&condition=snow-3&seed=4')" ] ||
  fail "the folder holds other images than the same corruption in memory"
expect_refusal 1 'severity 2 is not in it, only 1, 3' "$tbft" data info --dataset "cifar10-c-like:$work/some?condition=snow-2"
expect_refusal 1 'frost.npy: no such file; .*data corrupt' "$tbft" data info --dataset "cifar10-c-like:$work/some?condition=frost-1"
truncate -s -1 "$work/some/snow.npy"
expect_refusal 1 'snow.npy: it holds 184319 bytes of data; its shape \(60, 32, 32, 3\).* takes 184320' "$tbft" data info --dataset "cifar10-c-like:$work/some?condition=snow-1"
expect_refusal 1 'fog.npy: no such file; fetch CIFAR-10-C.tar from https://zenodo.org/record/2535967' "$tbft" data info --dataset "cifar10-c:$work?condition=fog-5"
expect_refusal 2 'needs condition=CORRUPTION-SEVERITY' "$tbft" data info --dataset "cifar10-c:$work"
expect_refusal 2 "'fog-9' is none of the 75 conditions.*did you mean 'fog-1'" "$tbft" data info --dataset "cifar10-c:$work?condition=fog-9"

refused 2 "unknown corruption 'gausian_noise'; did you mean 'gaussian_noise'" --corruptions fog,gausian_noise
refused 2 'fog is given twice' --corruptions fog,fog
for severities in 9 0 5-1 1,1 '' 1- one 2-3,3; do refused 2 "severities from 1 to 5 in ascending order" --severities "$severities"; done
refused 1 "$work/ice" --frost "$work/ice"
expect_refusal 2 "$work/all/: exists" "$tbft" data corrupt --dataset 'synthetic:?n=30' -o "$work/all/"
/usr/bin/python3 -c "
import os, sys
from PIL import Image
os.makedirs(sys.argv[1] + '/large/a'); Image.new('RGB', (64, 64)).save(sys.argv[1] + '/large/a/0.png')" "$work"
expect_refusal 1 '64x64 px; corruptions are defined for 32x32' "$tbft" data corrupt --dataset "imagefolder:$work/large" -o "$work/no"
[ -z "$(ls -d "$work"/no* 2>/dev/null)" ] || fail "something was left"
