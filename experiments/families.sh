#!/usr/bin/env bash
# Runs families.toml, and cifar10-pairs where there is a base of four classes, for each network in a folder of checkpoints, and
# prints the table of the paper's rule.
#
#   experiments/families.sh IMAGES BASES OUT [OPTION ...]
#
# IMAGES    the clean test images, e.g. imagefolder:cifar10/test
# BASES     NAME.pth (or .th): ten classes. NAME-pairs.pth: four, by tbft pretrain --dataset
#           'cifar10-pairs:TRAIN?part=source' --val 'cifar10-pairs:TEST?part=source' --network ...
# OUT       one run directory a network and experiment; those that exist are resumed
# OPTION    for tbft run, e.g. -m METER, --set sweep.repetitions=1
#
# The program is $TBFT, by default the one on the PATH.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,/^set/ s/^# \{0,1\}//p' "$0" >&2; exit 2; }
images=$1 bases=$2 out=$3
shift 3
tbft=${TBFT:-tbft}
here=$(dirname "$0")

# The strategies of a checkpoint: none, its blocks and full. A network without BatchNorm has no bn-stats.
strategies() {
  "$tbft" cost --checkpoint "$1" --json |
    python3 -c 'import json, sys; print(json.dumps(["none"] + json.load(sys.stdin)["blocks"] + ["full"]))'
}

mkdir -p "$out"
runs=()
for base in "$bases"/*.pth "$bases"/*.th; do
  [ -e "$base" ] || continue
  name=$(basename "${base%.*}")
  experiment=families
  case $name in *-pairs) experiment=cifar10-pairs ;; esac
  run=$out/$name
  chosen=$(strategies "$base")
  resume=()
  [ ! -e "$run/run.json" ] || resume=(--resume)
  "$tbft" run "$here/$experiment.toml" --set data.path="$images" --set model.checkpoint="$base" \
    --set "sweep.strategies=$chosen" --set 'sweep.train_sizes=[0.1]' --set sweep.repetitions=2 \
    -o "$run" "${resume[@]}" "$@" >/dev/null || { code=$?; [ $code = 4 ] || exit $code; }  # 4: joules are invalid
  runs+=("$run")
done
[ ${#runs[@]} -gt 0 ] || { echo "families.sh: $bases holds no .pth or .th file" >&2; exit 2; }
"$tbft" report "${runs[@]}"
