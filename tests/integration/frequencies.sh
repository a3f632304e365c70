#!/usr/bin/env bash
# A sweep over frequency governors: each cell runs under its own, and what was there before comes back at every end. The
# machine's files are a tree of our own, which a mount namespace lays over those of the kernel.
. "$(dirname "$0")/common.sh"

unshare -rm true 2>/dev/null || skip "no hardware: mount namespaces are not permitted here"
policies="$work/cpu/cpufreq"
for policy in policy0 policy1; do
  mkdir -p "$policies/$policy"
  (cd "$policies/$policy"
   echo 600000 >cpuinfo_min_freq; echo 1800000 >cpuinfo_max_freq; echo 600000 >scaling_min_freq; echo 1800000 >scaling_max_freq
   echo 1200000 >scaling_cur_freq; echo schedutil >scaling_governor; echo "performance powersave schedutil" >scaling_available_governors)
done
for cpu in 0 1; do mkdir "$work/cpu/cpu$cpu" && ln -s "../cpufreq/policy$cpu" "$work/cpu/cpu$cpu/cpufreq"; done
mkdir "$work/run-folder"
inside() { unshare -rm bash -c 'mount --bind "$1/cpu" /sys/devices/system/cpu && mount --bind "$1/run-folder" /run && shift && exec "$@"' - "$work" "$@"; }
governor() { cat "$policies/$1/scaling_governor"; }
expect_governors() { [ "$(governor policy0) $(governor policy1)" = "$1 $1" ] || fail "$2: $(governor policy0) $(governor policy1), not $1"; }

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
sweep=("$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set 'sweep.governor=["powersave","performance"]' --set sweep.max_kHz=[1200000])

case_each_cell_has_its_own() {
  inside "${sweep[@]}" --set sweep.batch=[8,16] -o "$work/run" >"$work/report" 2>"$work/err" || fail "run: $(cat "$work/err")"
  expect_governors schedutil "after the run"
  [ "$(cat "$policies/policy1/scaling_max_freq")" = 1800000 ] || fail "the highest frequency stays"
  /usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 4 * 4, len(rows)
for row in rows:
    point = dict(part.split("=") for part in row["point"].split())
    assert row["cpu_governor"] == point["governor"] and row["batch"] == point["batch"] and point["max_kHz"] == "1200000", row
    assert float(row["cpu_min_kHz"]) == float(row["cpu_mean_kHz"]) == 1200000, row["cpu_mean_kHz"]
    if row["strategy"] == "fc":
        assert abs(float(row["edp_Js"]) - float(row["train_gross_J"]) * float(row["train_s"])) < 1e-9, row
assert {row["point"] for row in rows} == {f"batch={b} governor={g} max_kHz=1200000" for b in (8, 16) for g in ("powersave", "performance")}
assert len({row["cell_id"] for row in rows}) == len(rows)
P
  # Two batch sizes and two governors are four tables, never one mean.
  [ "$(grep -c 'batch=8 governor=powersave max_kHz=1200000' "$work/report")" -ge 1 ] || fail "the report does not name the points: $(cat "$work/report")"
}

# Idle power depends on the governor, so a cell after a change has an idle window of its own before it.
case_idle_power_is_measured_anew_after_a_change() {
  constant_trace "$work/5W.csv" 120 1000
  inside "${sweep[@]}" --set idle.seconds=0.1 -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" >/dev/null 2>"$work/err" || fail "run: $(cat "$work/err")"
  /usr/bin/python3 - "$work/run" "$tbft" <<'P' || fail "idle windows"
import csv, json, pathlib, subprocess, sys
run, tbft = pathlib.Path(sys.argv[1]), sys.argv[2]
rows = sorted(csv.DictReader((run / "cells.csv").open()), key=lambda row: int(row["order_index"]))
before = ["powersave"] + [row["cpu_governor"] for row in rows]  # the sweep's first stands when the run begins
changes = sum(a != b for a, b in zip(before, before[1:]))
windows = json.loads(subprocess.run([tbft, "integrate", run / "traces" / "trace.csv", "--json"], capture_output=True).stdout)["windows"]
idle = sum(window["name"].startswith("idle/") for window in windows)
assert changes > 0 and idle == 1 + len(rows) + changes, (idle, len(rows), changes)
P
}

case_a_kill_is_mended_by_the_next_run() {
  inside "${sweep[@]}" --set train.epochs=2000 --set train.patience=2000 -o "$work/killed" >/dev/null 2>"$work/err" &
  local shell=$!
  for _ in $(seq 600); do [ "$(governor policy0)" != schedutil ] && [ -s "$work/killed/journal.jsonl" ] && break; sleep 0.05; done
  pkill -KILL -f -- "-o $work/killed" || fail "nothing to kill: $(cat "$work/err")"
  wait $shell 2>/dev/null || true
  [ "$(governor policy0)" != schedutil ] || fail "it was killed too early"
  inside "$tbft" doctor >"$work/doctor" 2>&1 || true
  grep -q 'a run that was killed has left' "$work/doctor" && grep -q 'echo schedutil | sudo tee .*policy0/scaling_governor' "$work/doctor" || fail "doctor does not say it: $(cat "$work/doctor")"
  inside "${sweep[@]}" --set sweep.repetitions=1 -o "$work/next" >/dev/null 2>"$work/err" || fail "the next run: $(cat "$work/err")"
  grep -q 'put back policy0: schedutil' "$work/err" || fail "it does not say what it put back: $(cat "$work/err")"
  expect_governors schedutil "after the next run"
}

case_what_the_machine_lacks_is_refused_before_anything_is_written() {
  expect_refusal 2 'sweep.governor or sweep.max_kHz: policy0 has no governor turbo; it has performance, powersave, schedutil' \
    inside "${sweep[@]}" --set 'sweep.governor=["turbo"]' -o "$work/none"
  expect_refusal 2 'cells that run at once cannot have frequencies of their own' inside "${sweep[@]}" --jobs 2 -o "$work/none"
  [ ! -e "$work/none" ] || fail "something was written"
}

"case_$3"
