#!/usr/bin/env bash
# What experiments/slurm/submit.sh asks of the program and of Slurm, both of which are stand-ins here: how many tasks an array may
# have, and --jobs in each spelling once. slurm.sh submits to a real Slurm.
. "$(dirname "$0")/common.sh"

mkdir "$work/bin"
cat >"$work/bin/tbft" <<'S'
#!/bin/sh
echo "$*" >>"$ASKED"
printf 'cell_id\n1\n2\n3\n4\n5\n6\n'
S
cat >"$work/bin/scontrol" <<'S'
#!/bin/sh
[ "$LONGEST" = unknown ] && exit 1
echo "MaxArraySize            = $LONGEST"
S
cat >"$work/bin/sbatch" <<'S'
#!/bin/sh
echo "$*" >>"$ASKED"
echo 7
S
chmod +x "$work"/bin/*
export PATH=$work/bin:$PATH ASKED=$work/asked TBFT=$work/bin/tbft LONGEST=1001
submit() { rm -rf "$work/out" "$work/out.parts" "$ASKED"; "$source_dir/experiments/slurm/submit.sh" "$work/out" e.toml "$@"; }

for option in '--jobs 1' '--jobs=1' '-j 1' '-j1'; do
  # shellcheck disable=SC2086
  submit $option >/dev/null || fail "$option"
  grep -qx "run e.toml $option --dry-run" "$ASKED" || fail "$option: $(cat "$ASKED")"
done
submit >/dev/null
grep -qx 'run e.toml --dry-run --jobs 1' "$ASKED" || fail "$(cat "$ASKED")"
grep -q -- '--array=0-5 ' "$ASKED" || fail "$(cat "$ASKED")"
LONGEST=6 submit >/dev/null || fail "six tasks have indices below 6"
LONGEST=unknown submit >/dev/null || fail "sbatch decides where the limit is not known"
LONGEST=5 expect_refusal 2 '6 tasks, .* arrays of 5 \(MaxArraySize\): set CELLS_PER_TASK=2$' submit
LONGEST=5 CELLS_PER_TASK=2 submit >/dev/null || fail "the number that was named does not fit"
LONGEST=0 expect_refusal 2 'takes no arrays' submit
mkdir -p "$work/other.parts"
expect_refusal 2 'other\.parts is there already; name a new OUT$' "$source_dir/experiments/slurm/submit.sh" "$work/other" e.toml
CELLS_PER_TASK=0 expect_refusal 2 "CELLS_PER_TASK is '0'" submit
