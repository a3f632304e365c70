#!/usr/bin/env bash
# Submits a sweep to Slurm: an array with a task for each cell, then a job that merges their run directories in OUT.
# Usage: submit.sh OUT EXPERIMENT.toml [options of `tbft run`]; see README.md beside it. TBFT names the program (default: tbft).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: submit.sh OUT EXPERIMENT.toml [options of tbft run]" >&2; exit 2; }
out=$(realpath -m "$1")
shift
export TBFT=${TBFT:-tbft}
[ ! -e "$out" ] || { echo "submit.sh: $out is there already; name a new OUT" >&2; exit 2; }

# With --jobs it estimates no joules, for which it would load the images.
cells=$("$TBFT" run "$@" --dry-run --jobs 1 | tail -n +2 | wc -l)
mkdir -p "$out.parts"
array=$(sbatch --parsable --job-name=tbft --array="0-$((cells - 1))" --output="$out.parts/%a.log" "$here/cell.sbatch" "$out.parts" "$@")
# afterany: the merge runs even if cells failed; it lists them, and --resume runs them.
merge=$(sbatch --parsable --job-name=tbft-merge --dependency="afterany:$array" --output="$out.parts/merge.log" "$here/merge.sbatch" "$out.parts" "$out")
echo "$cells cells as array $array, merged into $out by job $merge; logs in $out.parts"
