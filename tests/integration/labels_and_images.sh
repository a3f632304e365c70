#!/usr/bin/env bash
# Class folders that would renumber labels, and picture files that are no plain ones: each is right, refused, or said in one line.
. "$(dirname "$0")/common.sh"

export TBFT_THREADS=1
base=$work/base.pth
set='synthetic:?part=test&n=200'
"$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=1000' --val 'synthetic:?part=test&n=64' --recipe quick --epochs 5 -o "$base" >/dev/null 2>&1
"$tbft" data export --dataset "$set" -o "$work/shapes" >/dev/null
/usr/bin/python3 - "$work" <<'P'
import os, shutil, sys, torch
import numpy as np
from PIL import Image
work = sys.argv[1]
src = f"{work}/shapes"
classes = sorted(os.listdir(src))
torch.save(torch.load(f"{work}/base.pth"), f"{work}/python.pth")  # as Python writes it: without class names
def copy(name, wanted=classes, rename=lambda c: c):
    for c in classes:
        if c in wanted: shutil.copytree(f"{src}/{c}", f"{work}/{name}/{rename(c)}")
    return f"{work}/{name}"
copy("one", classes[:1])
copy("nine", classes[1:])
copy("capitals", rename=lambda c: c.capitalize() if classes.index(c) % 2 else c)
copy("other-names", rename=lambda c: "a" + c if c == "hourglass" else c)
def each(d):
    for c in sorted(os.listdir(d)):
        for f in sorted(os.listdir(f"{d}/{c}")): yield f"{d}/{c}/{f}"
first = lambda name: next(each(f"{work}/{name}"))
d = copy("jpeg")
for p in list(each(d)): Image.open(p).convert("RGB").save(p[:-4] + ".jpg", quality=95); os.remove(p)
shutil.copytree(d, f"{work}/turned")
for p in list(each(f"{work}/turned")):
    exif = Image.Exif(); exif[0x112] = 6
    Image.open(p).rotate(90, expand=True).save(p, quality=95, exif=exif)
def change(name, make):
    shutil.copytree(d, f"{work}/{name}"); p = first(name); data = make(bytearray(open(p, "rb").read())); open(p, "wb").write(data)
def damage(b): b[-300:-100] = bytes(range(200)); return b
change("no-end-mark", lambda b: b[:-2])
change("cut", lambda b: b[:-100])
change("damaged", damage)
shutil.copytree(d, f"{work}/bmp"); p = first("bmp"); Image.open(p).save(p[:-4] + ".bmp"); os.remove(p)
shutil.copytree(d, f"{work}/nested"); c = f"{work}/nested/{classes[0]}"; p = first("nested"); os.makedirs(f"{c}/more"); shutil.move(p, f"{c}/more")
shutil.copytree(d, f"{work}/mac"); os.makedirs(f"{work}/mac/__MACOSX/disc"); open(f"{work}/mac/__MACOSX/disc/._0.jpg", "wb").write(b"\0\5\26\7")
d = copy("grey16")
for p in list(each(d)): Image.fromarray(np.array(Image.open(p).convert("L")).astype(np.uint16)).save(p)
P

right() { sed -nE 's/^correct ([0-9]+) of.*/\1/p' "$work/out"; }
evaluate() { "$tbft" eval --checkpoint "$1" --dataset "$2" >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"; }
# eval of $1 on $2 says one line that matches $3.
says() {
  evaluate "$1" "$2"
  [ "$(wc -l <"$work/err")" = 1 ] && grep -qE "$3" "$work/err" || fail "$2: not one line that says '$3': $(cat "$work/err")"
}
evaluate "$base" "$set"
all=$(right)
[ ! -s "$work/err" ] || fail "warned of nothing: $(cat "$work/err")"

# The folders' names sort in another order than the model's outputs.
says "$base" "$work/shapes" 'labels are set by the class names: 10 of 10 classes, in another order'
[ "$(right)" = "$all" ] || fail "the order of folders renumbered labels: $(right) of $all"
evaluate "$base" "$work/capitals"
[ "$(right)" = "$all" ] || fail "capitals renumbered labels: $(right) of $all"
says "$base" "$work/nine" '9 of 10 classes \(no arrow\)'
nine=$(right)
evaluate "$base" "$work/one"
[ $((nine + $(right))) = "$all" ] || fail "a missing folder renumbered labels: $nine and $(right) of $all"
expect_refusal 1 'ahourglass is none of the model.s classes' "$tbft" eval --checkpoint "$base" --dataset "$work/other-names"
# A checkpoint without names: doubts, and names by the user.
says "$work/python.pth" "$work/nine" '9 classes meet 10 outputs .*0 = corner, 1 = crescent'
says "$work/python.pth" "$work/capitals" 'capitals come before small letters: 0 = '
evaluate "$work/python.pth" "$work/nine?classes=disc,square,triangle,plus,star,crescent,arrow,corner,hourglass,tee"
[ "$(right)" = "$nine" ] || fail "named classes: $(right), not $nine"

# The diagnosis reference knows the names where the checkpoint does not.
"$tbft" diagnose --checkpoint "$work/python.pth" --source 'synthetic:?part=test&n=400' --save-reference "$work/ref.json" 2>/dev/null
"$tbft" diagnose --checkpoint "$work/python.pth" --reference "$work/ref.json" --dataset "$work/capitals" --json >"$work/by-name" 2>"$work/err"
grep -q 'labels are set by the class names' "$work/err" || fail "diagnose: $(cat "$work/err")"
"$tbft" diagnose --checkpoint "$base" --source 'synthetic:?part=test&n=400' --dataset "$work/shapes" --json >"$work/sorted" 2>/dev/null
/usr/bin/python3 - "$work" <<'P'
import json, sys
for name in "by-name", "sorted":
    evidence = json.load(open(f"{sys.argv[1]}/{name}"))["evidence"]["accuracy"]
    assert evidence["value"] >= evidence["source_low"], (name, evidence)
P
# The epoch is chosen by labels that mean the same.
pretrain() { "$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=64' --val "$1" --recipe quick --epochs 1 --force -o "$work/new.pth"; }
pretrain "$work/nine" >/dev/null 2>"$work/err"
grep -q -- '--val .*9 of 10 classes (no arrow)' "$work/err" || fail "pretrain: $(cat "$work/err")"
expect_refusal 1 'the other set has no class ahourglass' pretrain "$work/other-names"
# A run says it once.
tiny_experiment "$work/run.toml"
sed -i -e '/^data\./d' -e 's/^sweep.repetitions.*/sweep.repetitions = 1/' "$work/run.toml"
printf '[data]\ndataset = "cifar-flip"\npath = "imagefolder:%s"\n[model]\ncheckpoint = "%s"\n' "$work/nine" "$base" >>"$work/run.toml"
"$tbft" run "$work/run.toml" -o "$work/run" >/dev/null 2>"$work/err" || fail "$(cat "$work/err")"
[ "$(grep -c 'labels are set by the class names: 9 of 10' "$work/err")" = 1 ] || fail "run: $(cat "$work/err")"

# Pictures.
evaluate "$base" "$work/jpeg"
jpeg=$(right)
evaluate "$base" "$work/turned"
[ "$(right)" -ge $((jpeg - 6)) ] && grep -qE '200 images are turned as the EXIF orientation says: .*turned/arrow' "$work/err" || fail "$(right) of $jpeg: $(cat "$work/err")"
doubts() {
  evaluate "$base" "$work/$1"
  grep -v 'labels are set by' "$work/err" >"$work/said" || true
  [ "$(wc -l <"$work/said")" = 1 ] && grep -qE "$2" "$work/said" || fail "$1: $(cat "$work/err")"
}
doubts bmp 'left out: .*/bmp/arrow/.*\.bmp: only .jpg, .jpeg and .png'
doubts nested 'left out: .*/nested/arrow/more: only images directly in the class folder'
doubts mac 'left out: .*/mac/__MACOSX'
doubts no-end-mark '/no-end-mark/arrow/.*\.jpg: has no end mark'
expect_refusal 1 '/cut/arrow/.*\.jpg: cut short' "$tbft" eval --checkpoint "$base" --dataset "$work/cut"
expect_refusal 1 '/grey16/arrow/.* no value of these 16-bit images is over [0-9]+ of 65535' "$tbft" eval --checkpoint "$base" --dataset "$work/grey16"
# Refused or read, but by name, and without the line that libjpeg prints itself.
"$tbft" eval --checkpoint "$base" --dataset "$work/damaged" >"$work/out" 2>"$work/err" || true
grep -v 'labels are set by' "$work/err" >"$work/said" || true
[ "$(wc -l <"$work/said")" = 1 ] && grep -qE '/damaged/arrow/.*\.jpg: (may be )?damaged' "$work/said" || fail "damaged: $(cat "$work/err")"
echo ok
