#!/usr/bin/env bash
# A sweep as an array of a Slurm that is started here, on loopback: joined, it has the accuracies of the same sweep run in one go.
# The case a_thousand_cells does that with 1,000 of them, and reports them.
. "$(dirname "$0")/common.sh"
case=${3:-}

for program in munged slurmctld slurmd sbatch; do
  command -v $program >/dev/null || [ -x /usr/sbin/$program ] || skip "$program is missing: scripts/bootstrap.sh full"
done
PATH=$PATH:/usr/sbin
me=$(id -un)
scratch=$work/slurm
mkdir -m 0755 "$scratch" "$scratch"/{state,spool}
chmod 0755 "$work"
daemons=()

stop_slurm() {
  [ ${#daemons[@]} -gt 0 ] || return 0
  timeout 10 scancel --user="$me" 2>/dev/null || true
  for _ in $(seq 50); do [ -n "$(timeout 5 squeue -h 2>/dev/null)" ] || break; sleep 0.1; done
  kill "${daemons[@]}" 2>/dev/null || true
  for _ in $(seq 100); do kill -0 "${daemons[@]}" 2>/dev/null || break; sleep 0.1; done
  kill -9 "${daemons[@]}" 2>/dev/null || true
}
trap 'stop_slurm; rm -rf "$work"' EXIT
give_up() {
  tail -n 15 "$scratch"/*.log "$work"/*.parts/*.log >&2 2>/dev/null || true
  fail "$@"
}

read -r ctld_port d_port < <(/usr/bin/python3 - <<'P'
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))
P
)
export SLURM_CONF=$scratch/slurm.conf
cat >"$SLURM_CONF" <<C
ClusterName=tbft
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$d_port
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$me
SlurmdUser=$me
AuthType=auth/munge
AuthInfo=socket=$scratch/munge.socket
CredType=cred/munge
StateSaveLocation=$scratch/state
SlurmdSpoolDir=$scratch/spool
SlurmctldPidFile=$scratch/slurmctld.pid
SlurmdPidFile=$scratch/slurmd.pid
SlurmctldLogFile=$scratch/slurmctld.log
SlurmdLogFile=$scratch/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
MinJobAge=300
NodeName=localhost NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=p Nodes=ALL Default=YES State=UP
C
# A credential service of our own, with a key that nobody else has.
(umask 077; head -c 1024 /dev/urandom >"$scratch/munge.key")
munged --foreground --force --key-file="$scratch/munge.key" --socket="$scratch/munge.socket" --pid-file="$scratch/munge.pid" \
  --log-file="$scratch/munge.log" --seed-file="$scratch/munge.seed" >"$scratch/munged.log" 2>&1 &
daemons+=($!)
await_file "$scratch/munge.socket"
slurmctld -D -f "$SLURM_CONF" >/dev/null 2>&1 &
daemons+=($!)
slurmd -D -f "$SLURM_CONF" -N localhost >/dev/null 2>&1 &
daemons+=($!)
for _ in $(seq 300); do
  [ "$(timeout 5 sinfo -h -o %T 2>/dev/null)" = idle ] && break
  kill -0 "${daemons[@]}" 2>/dev/null || give_up "a daemon ended"
  sleep 0.1
done
[ "$(timeout 5 sinfo -h -o %T)" = idle ] || give_up "the node does not get idle: $(sinfo -h -o '%T %E' 2>&1)"
# Both daemons listen, and on loopback only: 0100007F in /proc/net/tcp.
for port in $ctld_port $d_port; do
  hex=$(printf '%04X' "$port")
  grep -q " 0100007F:$hex 00000000:0000 0A" /proc/net/tcp || give_up "nobody listens on 127.0.0.1:$port"
  ! grep -q " 00000000:$hex 00000000:0000 0A" /proc/net/tcp || give_up "port $port is open to the network"
done

# Waits until nothing is queued any more, at most `$1` seconds.
await_jobs() {
  for _ in $(seq $((10 * $1))); do [ -z "$(timeout 20 squeue -h 2>/dev/null || echo busy)" ] && return; sleep 0.1; done
}

# `used NAME COMMAND...`: runs it, and prints its seconds and memory.
used() {
  /usr/bin/python3 - "$@" <<'P'
import os, subprocess, sys, time
begin = time.monotonic()
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(f"{sys.argv[1]}: {time.monotonic() - begin:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of processor, {usage.ru_maxrss / 1024:.0f} MiB")
sys.exit(os.waitstatus_to_exitcode(status))
P
}

# `same NAME N RUNS`: the joined run NAME has the N rows of the run in one go, in their order, made by so many runs.
same() {
  /usr/bin/python3 - "$work" "$@" <<'P'
import csv, pathlib, sys
work, name, n, runs = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
rows = {name: list(csv.DictReader((work / name / "cells.csv").open())) for name in ("sequential", name)}
seen = {name: [(r["cell_id"], r["status"], r["correct"], r["val_loss"]) for r in all_rows] for name, all_rows in rows.items()}
assert len(seen[name]) == n, len(seen[name])
assert seen[name] == seen["sequential"], [pair for pair in zip(seen[name], seen["sequential"]) if pair[0] != pair[1]][:5]
assert len({r["run_id"] for r in rows[name]}) == runs, "other tasks"
P
}

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
if [ "$case" = a_thousand_cells ]; then
  # --jobs: accuracies alone; no meter can serve cells that run at once.
  settings=(--set "model.checkpoint=$work/base.pth" --set 'sweep.strategies=["none","fc","block1","block2","block3"]'
            --set sweep.repetitions=200 --jobs 1)
  "$tbft" run "$work/e.toml" "${settings[@]}" -o "$work/sequential" >/dev/null 2>"$work/err" || fail "sequential: $(cat "$work/err")"
  cd "$work"
  SECONDS=0
  TBFT=$tbft timeout 60 "$source_dir/experiments/slurm/submit.sh" "$work/many" "$work/e.toml" "${settings[@]}" >"$work/submitted" ||
    give_up "submit.sh"
  grep -q '^1000 cells as array' "$work/submitted" || fail "$(cat "$work/submitted")"
  await_jobs 6000
  [ -e "$work/many/run.json" ] || give_up "no merged run: $(squeue 2>&1 | tail -n 5) $(cat "$work/many.parts/merge.log" 2>&1)"
  echo "1000 tasks and their merge: $SECONDS s"
  grep -q '1000 of 1000 cells from 1000 parts: 1000 ok' "$work/many.parts/merge.log" || give_up "merge.log"
  # In one go the base model is evaluated once for many rows; over Slurm each row has an evaluation of its own.
  same many 1000 1000 || fail "the joined run is not the run in one go"
  used merge "$tbft" merge -o "$work/again" "$work"/many.parts/*/ || fail "merge"
  cmp "$work/many/cells.csv" "$work/again/cells.csv" || fail "a second merge has other rows"
  used report "$tbft" report "$work/many" --format json -o "$work/report.json" || fail "report"
  /usr/bin/python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["cells"]) == 1000' "$work/report.json" || fail "rows of the report"
  stop_slurm
  exit 0
fi
settings=(--set "model.checkpoint=$work/base.pth" --set 'sweep.strategies=["none","fc","block3"]')
"$tbft" run "$work/e.toml" "${settings[@]}" -o "$work/sequential" >/dev/null 2>"$work/err" || fail "sequential: $(cat "$work/err")"
cd "$work"
TBFT=$tbft timeout 60 "$source_dir/experiments/slurm/submit.sh" "$work/flip" "$work/e.toml" "${settings[@]}" >"$work/submitted" ||
  give_up "submit.sh"
grep -q '^6 cells as array' "$work/submitted" || fail "$(cat "$work/submitted")"
await_jobs 120
[ -e "$work/flip/run.json" ] || give_up "no merged run: $(squeue 2>&1)"

same flip 6 6 || fail "the joined run is not the run in one go"
/usr/bin/python3 - "$work" <<'P'
import csv, pathlib, sys
work = pathlib.Path(sys.argv[1])
rows = list(csv.DictReader((work / "flip" / "cells.csv").open()))
assert all(float(r["gross_J"]) > 0 for r in rows), "joules of the parts are kept"
assert len(list((work / "flip" / "traces").iterdir())) == 6
P
[ -e "$work/flip.parts/merge.log" ] && grep -q '6 of 6 cells from 6 parts: 6 ok' "$work/flip.parts/merge.log" || give_up "merge.log"

# Several cells to a task, of which the last has fewer.
CELLS_PER_TASK=4 TBFT=$tbft timeout 60 "$source_dir/experiments/slurm/submit.sh" "$work/few" "$work/e.toml" "${settings[@]}" >"$work/submitted" ||
  give_up "submit.sh"
grep -q '^6 cells in 2 tasks as array' "$work/submitted" || fail "$(cat "$work/submitted")"
await_jobs 120
[ -e "$work/few/run.json" ] || give_up "no merged run: $(squeue 2>&1)"
same few 6 2 || fail "cells of one task are not the run in one go"
stop_slurm
for pid in "${daemons[@]}"; do ! kill -0 "$pid" 2>/dev/null || fail "a daemon is left"; done
