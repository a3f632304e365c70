#!/usr/bin/env bash
# Submits a sweep to Slurm: an array with a task for each cell, then a job that merges their run directories in OUT.
# Usage: submit.sh OUT EXPERIMENT.toml [options of `tbft run`]; see README.md beside it. In the environment: TBFT names the program
# (default: tbft), CELLS_PER_TASK the successive cells that one task runs (default: 1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: submit.sh OUT EXPERIMENT.toml [options of tbft run]" >&2; exit 2; }
out=$(realpath -m "$1")
shift
export TBFT=${TBFT:-tbft}
each=${CELLS_PER_TASK:-1}
[[ $each =~ ^[1-9][0-9]*$ ]] || { echo "submit.sh: CELLS_PER_TASK is '$each'; give a whole number from 1" >&2; exit 2; }
# Parts of an earlier sweep would be merged as this one's.
for made in "$out" "$out.parts"; do
  [ ! -e "$made" ] || { echo "submit.sh: $made is there already; name a new OUT" >&2; exit 2; }
done

# With --jobs it estimates no joules, for which it would load the images. The option is taken once.
count=(--dry-run --jobs 1)
for option; do [[ $option != --jobs && $option != --jobs=* && $option != -j* ]] || count=(--dry-run); done
cells=$("$TBFT" run "$@" "${count[@]}" | tail -n +2 | wc -l)
tasks=$(((cells + each - 1) / each))
# The highest index of a task is below MaxArraySize; a cluster without arrays has 0. sbatch decides where it is not known.
longest=$(scontrol show config 2>/dev/null | sed -n 's/^MaxArraySize *= *//p' || true)
[ "${longest:-$tasks}" != 0 ] || { echo "submit.sh: this cluster takes no arrays (MaxArraySize is 0)" >&2; exit 2; }
[ "$tasks" -le "${longest:-$tasks}" ] || {
  fitting=$(((cells + longest - 1) / longest))
  echo "submit.sh: $tasks tasks, but this cluster takes arrays of $longest (MaxArraySize): set CELLS_PER_TASK=$fitting" >&2
  exit 2
}
mkdir -p "$out.parts"
array=$(sbatch --parsable --job-name=tbft --array="0-$((tasks - 1))" --output="$out.parts/%a.log" \
  "$here/cell.sbatch" "$out.parts" "$each" "$cells" "$@")
# afterany: the merge runs even if cells failed; it lists them, and --resume runs them.
merge=$(sbatch --parsable --job-name=tbft-merge --dependency="afterany:$array" --output="$out.parts/merge.log" "$here/merge.sbatch" "$out.parts" "$out")
[ "$each" = 1 ] && what="$cells cells" || what="$cells cells in $tasks tasks"
echo "$what as array $array, merged into $out by job $merge; logs in $out.parts"
