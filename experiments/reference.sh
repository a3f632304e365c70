#!/usr/bin/env bash
# Makes results/reference anew: the paper's tables, the comparison of selectors, the levels that the diagnosis names, other
# networks, step costs, reports and figures. It computes for some hours on 2 cores. Safe to repeat: a stopped run continues.
#
#   experiments/reference.sh DATA OUT [OPTION ...]
#
# DATA      CIFAR-10 as images, train/CLASS/ and test/CLASS/; *cifar10*.pth, a ResNet-26 for them; families/, checkpoints of
#           other networks (experiments/families.sh says how they are named), may be absent
# OUT       gets one folder a run, and reference/, which has the form of results/reference, and beside it levels.txt (what the
#           diagnosis named) and families.txt (the table of the paper's rule)
# OPTION    for `tbft reproduce` and `tbft run`, e.g. -m METER
#
# The program is $TBFT, by default the one on the PATH. README.md of results/reference is written by hand: hold its tables against
# OUT/reference, and state what differs.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2; }
data=$1 out=$2
shift 2
tbft=${TBFT:-tbft}
here=$(dirname "$0")
say() { printf '== %s (%s s)\n' "$1" "$SECONDS" >&2; }
# Whether joules are valid (4: they are not) changes no accuracy.
run() { "$tbft" "$@" >/dev/null || { code=$?; [ $code = 4 ] || exit $code; }; }
# Options that continue a run directory that exists.
continued() { [ ! -e "$1/run.json" ] || echo --resume; }
shopt -s nullglob
bases=("$data"/*cifar10*.pth)
[ ${#bases[@]} -eq 1 ] || { echo "reference.sh: $data must hold one *cifar10*.pth, and holds ${#bases[@]}" >&2; exit 2; }
base=${bases[0]}
[ -d "$data/test" ] && [ -d "$data/train" ] || { echo "reference.sh: $data has no train/ and test/" >&2; exit 2; }
mkdir -p "$out"

say "the paper's tables"
# The paper's 50 epochs and 3 repetitions of noise on a block take as long as everything else.
resume=()
[ ! -e "$out/paper" ] || resume=(--resume)
run reproduce --data "$data" -o "$out/paper" "${resume[@]}" --set block-noise/sweep.repetitions=1 \
  --set block-noise/train.epochs=5 --set block-noise/train.patience=5 "$@"

say "choosing with 100 labelled images"
# 600 images of each class are the target, the others the source of the diagnosis' reference.
for class in "$data"/test/*/; do
  name=$(basename "$class") n=0
  mkdir -p "$out/images/target/$name" "$out/images/source/$name"
  for image in "$class"*; do
    part=target
    [ $n -lt 600 ] || part=source
    ln -sf "$(realpath "$image")" "$out/images/$part/$name/"
    n=$((n + 1))
  done
done
pairs=("$out"/paper/base/cifar10-pairs-*.pth)
[ ${#pairs[@]} -eq 1 ] || { echo "reference.sh: $out/paper/base holds ${#pairs[@]} bases of cifar10-pairs; there must be one" >&2; exit 1; }
images=$out/images
"$tbft" diagnose --checkpoint "$base" --source "imagefolder:$images/source" --save-reference "$out/base.json" --force >/dev/null
"$tbft" diagnose --checkpoint "${pairs[0]}" --source "cifar10-pairs:imagefolder:$images/source?part=source" \
  --save-reference "$out/pairs.json" --force >/dev/null
run run "$here/adaptive.toml" --set data.path="imagefolder:$images/target" --set model.checkpoint="$base" \
  --set model.reference="$out/base.json" -o "$out/adaptive" $(continued "$out/adaptive") "$@"
run run "$here/adaptive-pairs.toml" --set data.path="cifar10-pairs:imagefolder:$images/target" \
  --set model.checkpoint="${pairs[0]}" --set model.reference="$out/pairs.json" -o "$out/adaptive-pairs" \
  $(continued "$out/adaptive-pairs") "$@"

say "levels that the diagnosis names"
[ -e "$out/levels.txt" ] || {
  "$here/diagnosis_benchmark.py" --tbft "$tbft" --checkpoint "$base" --images "$data/test" --pairs "${pairs[0]}" \
    -o "$out/levels" >"$out/levels.part"
  mv "$out/levels.part" "$out/levels.txt"
}

if [ -d "$data/families" ]; then
  say "other networks"
  TBFT=$tbft "$here/families.sh" "imagefolder:$data/test" "$data/families" "$out/families" "$@" >"$out/families.txt"
fi

say "tables and figures"
to=$out/reference
rm -rf "$to"
mkdir -p "$to/figures" "$to/families"
keep() { mkdir -p "$to/$2" && cp "$1"/{cells.csv,run.json,journal.jsonl} "$to/$2/"; }
cp "$out"/paper/{cells.csv,report.md,report.json} "$to/"
cp -r "$out/paper/step-cost" "$to/"
for table in cifar-flip cifar10-pairs cifar10-c-like block-noise; do keep "$out/paper/$table" $table; done
for name in adaptive adaptive-pairs; do keep "$out/$name" $name; done
for family in "$out"/families/*/; do keep "$family" "families/$(basename "$family")"; done
for table in cifar-flip cifar10-pairs cifar10-c-like; do "$tbft" plot "$to/$table" --format png -o "$to/figures" --force >/dev/null; done
say "done"
