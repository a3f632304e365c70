#!/usr/bin/env bash
# run --jobs: the accuracies of the same sweep run one cell after the other, nothing of power; a lost worker costs its cell; stop and kill.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
settings=(--set "model.checkpoint=$work/base.pth" --set 'data.conditions=["input","output"]' --set 'sweep.train_sizes=[0.1,0.3]'
          --set 'sweep.strategies=["none","fc","block3","bn-stats"]')
sweep=("$tbft" run "$work/e.toml" "${settings[@]}")
"${sweep[@]}" -o "$work/sequential" >/dev/null 2>"$work/err" || fail "sequential: $(cat "$work/err")"
"${sweep[@]}" -o "$work/jobs" --jobs 3 >"$work/report" 2>"$work/err" || fail "--jobs: $(cat "$work/err")"
[ "$(grep -c 'no meter is opened' "$work/err")" = 1 ] || fail "not said once: $(cat "$work/err")"
[ -s "$work/report" ] || fail "no report"

# `same A B [n]`: B's rows have the accuracies of A's, and nothing of power or time; `n` evaluations of a base model.
same() {
  /usr/bin/python3 - "$@" <<'P'
import csv, json, pathlib, sys
runs = [pathlib.Path(argument) for argument in sys.argv[1:3]]
rows = [{r["cell_id"]: r for r in csv.DictReader((run / "cells.csv").open())} for run in runs]
lines = [sum(1 for _ in (run / "cells.csv").open()) for run in runs]
assert lines[0] == lines[1] == len(rows[1]) + 1, lines
assert rows[0].keys() == rows[1].keys(), "other cells"
ends = [{e["cell_id"]: e["correct_hex"] for e in map(json.loads, (run / "journal.jsonl").open()) if e["event"] == "cell_ends"}
        for run in runs]
for cell, row in rows[1].items():
    before = rows[0][cell]
    same = ("accuracy_pct", "correct", "val_loss", "epochs", "steps", "order_index", "seed", "repetition", "train_size", "condition",
            "drift", "strategy", "threads", "status", "lr", "blocks", "trainable_params")
    assert all(row[c] == before[c] for c in same), [(c, row[c], before[c]) for c in same if row[c] != before[c]]
    assert ends[0][cell] == ends[1][cell], "other test images are right"
    power = [c for c in row if c.endswith(("_J", "_W", "_Hz", "_hz")) or c in (
        "meter", "meter_scope", "measured", "samples", "longest_gap_s", "coverage_pct", "u_rel_gain", "sampler_cpu_s", "duration_s", "train_s")]
    assert len(power) > 20 and not any(row[c] for c in power), [(c, row[c]) for c in power]
assert not list((runs[1] / "traces").iterdir()), "a trace"
if len(sys.argv) > 3:
    evaluated = [r for r in rows[1].values() if r["strategy"] == "none" and not r["reason"]]
    assert len(evaluated) == int(sys.argv[3]), len(evaluated)
P
}
same "$work/sequential" "$work/jobs" 2 || fail "--jobs 3 is not the sequential run"

# --dry-run names the cells that such a run has, whatever its share of the cores is.
"${sweep[@]}" --jobs 64 --dry-run | tail -n +2 | cut -d, -f1 | sort >"$work/planned"
diff "$work/planned" <(tail -n +2 "$work/jobs/cells.csv" | cut -d, -f3 | sort) || fail "--dry-run names other cells"

# What is done is not done again; a measured resume of accuracies is another run.
before=$(sha256sum "$work/jobs/cells.csv")
"${sweep[@]}" -o "$work/jobs" --jobs 2 --resume >/dev/null 2>&1 || fail "a resume with nothing to do"
[ "$before" = "$(sha256sum "$work/jobs/cells.csv")" ] || fail "a resume of a finished run changed its rows"
expect_refusal 2 'meter.uri was "none"' "${sweep[@]}" -o "$work/jobs" --resume
expect_refusal 2 'meter.uri was "replay' "${sweep[@]}" -o "$work/sequential" --jobs 2 --resume

# Where the threads are left to the machine, their number changes no id, and a run without joules goes on with another one.
open=("${sweep[@]}" --set threads=0 --set 'sweep.strategies=["none"]')
"${open[@]}" --dry-run | tail -n +2 | cut -d, -f1 | sort >"$work/planned"
"${open[@]}" -o "$work/open" --jobs 1 --cell 0 --cell 1 >/dev/null 2>"$work/err" || fail "threads = 0: $(cat "$work/err")"
"${open[@]}" -o "$work/open" --jobs 64 --resume >/dev/null 2>"$work/err" || fail "other --jobs: $(cat "$work/err")"
diff "$work/planned" <(tail -n +2 "$work/open/cells.csv" | cut -d, -f3 | sort) || fail "--dry-run named other cells where threads = 0"
[ "$(nproc)" = 1 ] || [ "$(/usr/bin/python3 -c 'import csv, sys; print(len({r["threads"] for r in csv.DictReader(open(sys.argv[1]))}))' "$work/open/cells.csv")" = 2 ] ||
  fail "the rows do not say how many threads they had"

# Longer cells, a second each, to hit workers at work.
slow=("$tbft" run "$work/e.toml" --set "model.checkpoint=$work/base.pth" --set 'sweep.strategies=["fc","block3"]'
      --set sweep.repetitions=3 --set train.epochs=10 --set train.patience=10 --set 'data.path="synthetic:?part=target&n=200"')
workers() { cat /proc/"$1"/task/*/children 2>/dev/null || true; }
await_worker() {
  for _ in $(seq 600); do
    worker=$(workers "$pid" | awk '{ print $1 }')
    [ -z "$worker" ] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.02
  done
  fail "no worker: $(cat "$work/err")"
}

"${slow[@]}" -o "$work/lost" --jobs 2 >/dev/null 2>"$work/err" &
pid=$!
await_worker
kill -9 "$worker"
code=0
wait $pid || code=$?
[ $code = 1 ] || fail "code $code where a worker was killed: $(cat "$work/err")"
[ "$(grep -c 'failed: its process was ended by signal 9 (Killed)' "$work/err")" = 1 ] || fail "$(cat "$work/err")"
[ "$(grep -c ',failed,"its process was ended' "$work/lost/cells.csv")" = 1 ] || fail "no failed row"
"${slow[@]}" -o "$work/lost" --jobs 2 --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
[ "$(wc -l <"$work/lost/cells.superseded.csv")" = 2 ] || fail "the failed row is not kept"

# SIGINT and kill -9: whole rows stay, the workers go, a resume ends the sweep.
for signal in INT KILL; do
  "${slow[@]}" -o "$work/$signal" --jobs 2 >/dev/null 2>"$work/err" &
  pid=$!
  await_worker
  for _ in $(seq 1200); do [ "$(wc -l 2>/dev/null <"$work/$signal/cells.csv" || echo 0)" -ge 3 ] && break; sleep 0.05; done
  await_worker
  all_workers=$(workers "$pid")
  kill -$signal $pid
  code=0
  wait $pid || code=$?
  [ $code = $([ $signal = INT ] && echo 130 || echo 137) ] || fail "code $code after $signal: $(cat "$work/err")"
  for _ in $(seq 100); do
    left=
    for worker in $all_workers; do kill -0 "$worker" 2>/dev/null && left=$worker; done
    [ -n "$left" ] || break
    sleep 0.05
  done
  [ -z "$left" ] || fail "a worker lives after $signal"
  ! grep -q failed "$work/$signal/cells.csv" || fail "$signal made a cell fail"
  "${slow[@]}" -o "$work/$signal" --jobs 2 --resume >/dev/null 2>"$work/err" || fail "resume after $signal: $(cat "$work/err")"
  same "$work/lost" "$work/$signal" || fail "after $signal"
done

# Where a further process cannot be started, the rows of those before stay.
cat >"$work/second_fork_fails.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/types.h>
pid_t fork(void) {
  static int calls;
  if (calls++ == 0) return ((pid_t (*)(void))dlsym(RTLD_NEXT, "fork"))();
  errno = EAGAIN;
  return -1;
}
C
cc -shared -fPIC "$work/second_fork_fails.c" -o "$work/second_fork_fails.so"
code=0
LD_PRELOAD=$work/second_fork_fails.so "${slow[@]}" -o "$work/no_process" --jobs 1 >/dev/null 2>"$work/err" || code=$?
[ $code = 1 ] || fail "code $code where a process could not be started: $(cat "$work/err")"
grep -q 'cannot fork: Resource temporarily unavailable' "$work/err" || fail "$(cat "$work/err")"
[ "$(wc -l <"$work/no_process/cells.csv")" = 2 ] || fail "the row before was lost: $(cat "$work/err")"
"${slow[@]}" -o "$work/no_process" --jobs 2 --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
same "$work/lost" "$work/no_process" || fail "after a process that could not be started"

# Ctrl-C does not wait for the rows of ten thousand repetitions of an evaluation that was made once.
repeated=("${sweep[@]}" --set 'data.conditions=["input"]' --set 'sweep.train_sizes=[0.1]' --set 'sweep.strategies=["none"]'
          --set sweep.repetitions=10000 -o "$work/repeated" --jobs 2)
"${repeated[@]}" >/dev/null 2>"$work/err" &
pid=$!
until [ "$(wc -l 2>/dev/null <"$work/repeated/cells.csv" || echo 0)" -ge 3 ]; do kill -0 $pid || fail "it ended: $(cat "$work/err")"; done
kill -INT $pid
code=0
wait $pid || code=$?
[ $code = 130 ] || fail "code $code at Ctrl-C: $(cat "$work/err")"
[ "$(wc -l <"$work/repeated/cells.csv")" -lt 10001 ] || fail "all rows were written after Ctrl-C"

# A search is made once, though two cells that need it could start at once.
"${sweep[@]}" --set 'train.lr_search=[1,3]' -o "$work/search" --jobs 4 >/dev/null 2>"$work/err" || fail "search: $(cat "$work/err")"
/usr/bin/python3 - "$work/search/journal.jsonl" <<'P' || fail "searches"
import collections, json, sys
found = collections.Counter(e["name"] for e in map(json.loads, open(sys.argv[1])) if e["event"] == "found")
assert len(found) == 8 and set(found.values()) == {1}, found
P
"${sweep[@]}" --set 'train.lr_search=[1,3]' -o "$work/search-sequential" >/dev/null 2>&1 || fail "search, sequential"
same "$work/search-sequential" "$work/search" || fail "searched"
