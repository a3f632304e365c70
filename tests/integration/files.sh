#!/usr/bin/env bash
# What is written where: nothing replaced unasked, devices and links left alone, nothing lost. Usage: files.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

# A finished run of two cells, as far as a report needs one.
sample_run() {
  mkdir -p "$1/traces"
  cp "$source_dir/results/reference/cifar-flip/"{cells.csv,run.json,journal.jsonl} "$1"
}
# The rest is a command that must not change file $1.
expect_untouched() {
  local file=$1 before
  shift
  before=$(sha256sum <"$file")
  "$@"
  [ "$(sha256sum <"$file")" = "$before" ] || fail "$file was changed by $*"
}

case $3 in
  existing_results_are_not_replaced)
    sample_run "$work/run"
    echo mine >"$work/r.txt"
    for command in report compare; do
      runs=("$work/run")
      [ $command = report ] || runs+=("$work/run")
      expect_untouched "$work/r.txt" expect_refusal 2 'r.txt: exists; .*--force' "$tbft" $command "${runs[@]}" -o "$work/r.txt"
      expect_refusal 2 'is a folder' "$tbft" $command "${runs[@]}" -o "$work"
      expect_refusal 2 "\-o $work/new/r.txt: its folder $work/new does not exist; make it first" "$tbft" $command "${runs[@]}" -o "$work/new/r.txt"
      for file in cells.csv run.json journal.jsonl; do
        for force in '' --force; do
          expect_untouched "$work/run/$file" expect_refusal 2 "$file: " "$tbft" $command "${runs[@]}" -o "$work/run/$file" $force
        done
      done
      : >"$work/empty"
      "$tbft" $command "${runs[@]}" -o "$work/empty" || fail "an empty file is nobody's result"
      "$tbft" $command "${runs[@]}" -o "$work/r.txt" --force || fail "--force"
      [ "$(head -c 4 "$work/r.txt")" != mine ] || fail "--force replaced nothing"
      echo mine >"$work/r.txt"
    done
    # A table without its run.json is an input all the same.
    mkdir "$work/bare"
    cp "$work/run/cells.csv" "$work/bare"
    for run in "$work/bare" "$work/bare/cells.csv"; do
      expect_untouched "$work/bare/cells.csv" expect_refusal 2 'already uses that file' "$tbft" report "$run" -o "$work/bare/cells.csv" --force
    done
    "$tbft" plot "$work/run" -o "$work/new folder/figures" --figure accuracy --format gnuplot >/dev/null || fail "plot makes its folder"
    "$tbft" plot "$work/run" -o "$work/figures" --figure accuracy --format gnuplot >/dev/null
    expect_refusal 2 'exists; .*--force' "$tbft" plot "$work/run" -o "$work/figures" --figure accuracy --format gnuplot
    "$tbft" plot "$work/run" -o "$work/figures" --figure accuracy --format gnuplot --force >/dev/null || fail "plot --force" ;;
  traces_are_not_replaced)
    constant_trace "$work/5W.csv" 5
    sample_run "$work/run"
    cp "$work/5W.csv" "$work/run/traces/trace.csv"
    for force in '' --force --append; do
      expect_untouched "$work/5W.csv" expect_refusal 2 'already uses that file' \
        "$tbft" record -m "replay://$work/5W.csv" -d 0.1s -o "$work/5W.csv" $force
      expect_untouched "$work/run/traces/trace.csv" expect_refusal 2 'belongs to the run' \
        "$tbft" record -m estimate:// -d 0.1s -o "$work/run/traces/trace.csv" $force
    done
    expect_untouched "$work/5W.csv" expect_refusal 2 'already uses that file' "$tbft" measure -m "replay://$work/5W.csv" -o "$work/5W.csv" -- true
    expect_untouched "$work/run/traces/trace.csv" expect_refusal 2 'belongs to the run' \
      "$tbft" measure -m estimate:// -o "$work/run/traces/trace.csv" -- true
    # The rows of further meters belong to the run as well.
    cp "$work/run/cells.csv" "$work/run/meters.csv"
    expect_untouched "$work/run/meters.csv" expect_refusal 2 'belongs to the run' \
      "$tbft" record -m estimate:// -d 0.1s -o "$work/run/meters.csv" --force
    echo mine >"$work/notes.txt"
    expect_untouched "$work/notes.txt" expect_refusal 2 'exists; .*--force' "$tbft" record -m estimate:// -d 0.1s -o "$work/notes.txt"
    "$tbft" record -m estimate:// -d 0.3s -o "$work/notes.txt" --force >/dev/null || fail "record --force"
    [ "$("$tbft" integrate "$work/notes.txt" | grep -c '^record ')" = 1 ] || fail "not one segment"
    expect_untouched "$work/notes.txt" expect_refusal 2 'status .*notes.txt: exists and is not a status file' \
      "$tbft" record -m estimate:// -d 0.1s -o "$work/x.csv" --status "$work/notes.txt"
    expect_refusal 2 'already uses that file' "$tbft" record -m estimate:// -d 0.1s -o "$work/x.csv" --status "$work/x.csv"
    for _ in 1 2; do "$tbft" record -m estimate:// -d 0.1s -o "$work/x.csv" --force --status "$work/s.json" >/dev/null || fail "an earlier status is in the way"; done ;;
  devices_links_and_pipes_stay)
    sample_run "$work/run"
    cd "$work"
    "$tbft" report run -f csv >plain.csv
    mkdir dev
    mknod dev/null c 1 3 2>/dev/null || ln -s /dev/null dev/null
    mkfifo dev/pipe
    ln -s target dev/link
    : >dev/target
    "$tbft" record -m estimate:// -d 0.2s -o dev/null --status dev/null >/dev/null || fail "record to a device"
    [ -c dev/null ] || fail "the device was replaced"
    "$tbft" report run -f csv -o dev/null || fail "report to a device"
    [ -c dev/null ] || fail "the device was replaced"
    "$tbft" report run -f csv -o dev/link || fail "report to a link"
    [ -L dev/link ] && cmp -s dev/target plain.csv || fail "not written through the link"
    expect_refusal 2 'exists; .*--force' "$tbft" report run -f csv -o dev/link
    ln -s nowhere/target dev/astray
    expect_refusal 2 "dev/astray: its folder $work/dev/nowhere does not exist" "$tbft" report run -f csv -o dev/astray
    timeout 20 cat dev/pipe >piped.csv &
    "$tbft" report run -f csv -o dev/pipe || fail "report to a pipe"
    wait $!
    [ -p dev/pipe ] && cmp -s piped.csv plain.csv || fail "not written to the pipe"
    echo before >appended.csv
    "$tbft" report run -f csv -o /dev/stdout >>appended.csv || fail "report to standard output"
    cmp -s <(echo before; cat plain.csv) appended.csv || fail "not appended: $(head -c 200 appended.csv)"
    "$tbft" report run -f csv -o /dev/stdout | cmp -s - plain.csv || fail "report to standard output in a pipe"
    expect_refusal 1 'No space left' "$tbft" report run -o /dev/full
    # Readings alone reach the stream; the joules go to standard error.
    "$tbft" record -m estimate:// -d 0.3s -o /dev/stdout 2>err >stream.csv || fail "record to standard output: $(cat err)"
    grep -q '^gross' err || fail "no joules: $(cat err)"
    "$tbft" integrate stream.csv | grep -q '^record ' || fail "the stream is no trace: $(head -c 300 stream.csv)"
    "$tbft" record -m estimate:// -d 0.3s --force -o /dev/stdout 2>err >>stream.csv || fail "record --force to standard output: $(cat err)"
    [ "$("$tbft" integrate stream.csv | grep -c '^record ')" = 2 ] || fail "--force emptied what standard output appends to"
    code=0
    "$tbft" measure -m estimate:// -o /dev/stdout -- true >out 2>err || code=$?
    [ "$code" = 2 ] && grep -q 'standard output belongs to the command' err || fail "exit code $code: $(cat err)"
    # A status that nobody reads keeps nobody waiting.
    timeout 20 "$tbft" record -m estimate:// -d 0.2s -o t.csv --status dev/pipe >/dev/null || fail "a pipe without a reader" ;;
  closed_streams_are_nobodys_files)
    "$tbft" record -m estimate:// -d 0.3s -o "$work/t.csv" <&- >/dev/null || fail "standard input closed"
    code=0
    "$tbft" record -m estimate:// -d 0.3s -o "$work/u.csv" <&- >&- 2>"$work/err" || code=$?
    [ "$code" = 1 ] && grep -q 'cannot write the result to stdout' "$work/err" || fail "a lost result ended with $code: $(cat "$work/err")"
    "$tbft" record -m estimate:// -d 0.3s -o "$work/v.csv" <&- >&- 2>&- && fail "a lost result is no success"
    "$tbft" measure -m estimate:// -o "$work/w.csv" -- sleep 0.3 <&- >&- 2>&- && fail "a lost result is no success"
    for trace in t u v w; do
      "$tbft" integrate "$work/$trace.csv" | grep -qE '^(record|repetition/0/command) ' || fail "$trace.csv is no whole trace"
      ! grep -qE 'gross|tbft:' "$work/$trace.csv" || fail "what was printed is in $trace.csv"
    done ;;
  a_full_disk_ends_a_recording)
    mkdir "$work/disk"
    # A file size limit where no small file system can be mounted.
    limit=:
    mount -t tmpfs -o size=64k tmpfs "$work/disk" 2>/dev/null || limit='ulimit -f 64'
    code=0
    ($limit; exec timeout 120 "$tbft" record -m estimate:// -i 1ms -d 1000s -o "$work/disk/t.csv" --status "$work/s.json") >"$work/out" 2>"$work/err" || code=$?
    [ "$limit" != : ] || umount "$work/disk"
    [ "$code" = 1 ] || fail "exit code $code: $(cat "$work/err")"
    grep -q '^gross' "$work/out" || fail "the joules are lost"
    grep -qE 'trace .*cannot be written: (No space left|File too large)' "$work/err" || fail "$(cat "$work/err")"
    grep -q '"state": "failed"' "$work/s.json" || fail "$(cat "$work/s.json")" ;;
  a_hangup_ends_a_recording_well)
    "$tbft" record -m estimate:// -o "$work/t.csv" >"$work/out" &
    pid=$!
    await_file "$work/t.csv"
    sleep 1
    kill -HUP $pid
    code=0
    wait $pid || code=$?
    [ "$code" = 0 ] || fail "exit code $code"
    grep -q '^gross' "$work/out" || fail "the joules are lost"
    "$tbft" integrate "$work/t.csv" | grep -q '^record ' || fail "no whole trace" ;;
  what_fails_before_it_begins_leaves_nothing)
    expect_refusal 3 'GPIO chip' "$tbft" record -m estimate:// --trigger no-such-chip:1 -o "$work/t.csv"
    expect_refusal 2 'window .*without comma' "$tbft" record -m estimate:// -w 'a,b' -d 1s -o "$work/t.csv"
    [ ! -e "$work/t.csv" ] || fail "a trace was left" ;;
  numbers_are_finite)
    # Every option of a number or a time, as the help names them, with what no comparison catches.
    options=0
    for command in measure record meters 'meters calibrate' serve-meter run pretrain personalize step-cost; do
      # shellcheck disable=SC2086 # two words are two words
      "$tbft" $command --help >"$work/help" 2>/dev/null || true
      for option in $(sed -nE 's/^ +(-[a-zA-Z],)?(--[a-z][a-zA-Z-]*) [^ ]*(FLOAT|TIME).*/\2/p' "$work/help"); do
        options=$((options + 1))
        case $command in
          run|pretrain|personalize|step-cost) values=(nan -inf) ;;  # each start loads libtorch
          *) values=(nan -nan inf -inf 1e999) ;;
        esac
        for value in "${values[@]}"; do
          code=0
          # shellcheck disable=SC2086
          timeout 20 "$tbft" $command "$option=$value" >"$work/out" 2>"$work/err" || code=$?
          [ "$code" = 2 ] && grep -q -- "$option" "$work/err" || fail "$command $option=$value: $code, $(cat "$work/err")"
        done
      done
    done
    [ "$options" -ge 8 ] || fail "only $options options were found"
    for value in nan inf -inf; do
      expect_refusal 2 'train size' "$tbft" data split --n 10 --train-size=$value
      expect_refusal 2 'idle' timeout 20 "$tbft" measure -m estimate:// --idle=$value -- true
      expect_refusal 2 'timeout' timeout 20 "$tbft" measure -m estimate:// --timeout=$value -- sleep 1
      expect_refusal 2 'idle_W' timeout 20 "$tbft" measure -m "estimate://?idle_W=$value" -- true
      expect_refusal 2 'gap_limit' timeout 20 "$tbft" measure -m "estimate://?gap_limit=$value" -- true
    done ;;
  a_meter_that_dies_costs_the_energy_alone)
    "$tbft" serve-meter -m 'estimate://?idle_W=2' --listen 127.0.0.1:0 2>"$work/serve" &
    server=$!
    trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
    for _ in $(seq 200); do grep -q '^listening on' "$work/serve" && break; sleep 0.05; done
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/serve")
    # Another meter at the same address ends the measurement, since its joules would be others.
    cat >"$work/work.sh" <<S
[ -e "$work/second" ] && exec sleep 0.5
kill $server
sleep 0.2
"$tbft" serve-meter -m 'estimate://?idle_W=3' --listen 127.0.0.1:$port 2>/dev/null &
echo \$! >"$work/second"
S
    code=0
    "$tbft" measure -m "remote://127.0.0.1:$port" -n 200 -- sh "$work/work.sh" >"$work/out" 2>"$work/err" || code=$?
    server=$(cat "$work/second")
    [ "$code" = 4 ] || fail "exit code $code: $(cat "$work/out" "$work/err")"
    grep -qE 'invalid:? +the meter failed: .*now serves another meter' "$work/out" || fail "$(cat "$work/out")"
    grep -qE '[0-9]+ of 200 repetitions were run' "$work/err" || fail "$(cat "$work/err")" ;;
  what_a_command_lacks_is_named)
    printf '#!/opt/nowhere/python3\n' >"$work/script"
    chmod +x "$work/script"
    code=0
    "$tbft" measure -m estimate:// --idle 0 -- "$work/script" >/dev/null 2>"$work/err" || code=$?
    [ "$code" = 127 ] && grep -q 'its interpreter /opt/nowhere/python3 is missing' "$work/err" || fail "exit code $code: $(cat "$work/err")"
    # A path with a question mark, and what the library says about a folder that cannot be.
    mkdir -p "$work/what?/test"
    cp -r "$("$tbft" data export --dataset 'synthetic:?part=test&n=20' -o "$work/tree" >/dev/null; echo "$work/tree")"/* "$work/what?/test"
    expect_refusal 2 'as %3F' "$tbft" data info --dataset "imagefolder:$work/what?/test"
    for base in '' imagefolder: cifar-flip:imagefolder: cifar10:imagefolder:; do
      "$tbft" data info --dataset "$base$work/what%3F/test" >/dev/null || fail "a question mark behind $base"
    done
    constant_trace "$work/what?/5W.csv" 2
    "$tbft" measure -m "replay://$work/what%3F/5W.csv?speed=instant" -- true >/dev/null || fail "a question mark in a meter's path"
    sample_run "$work/run"
    expect_refusal 1 '/proc/none: No such file or directory$' "$tbft" plot "$work/run" -o /proc/none --figure accuracy --format gnuplot
    expect_refusal 2 "frequency.*record --help" "$tbft" record --frequency 5 -m estimate:// -o "$work/x.csv" ;;
  # The following need libtorch.
  weights_are_not_replaced)
    pretrain=("$tbft" pretrain --depth 8 --dataset 'synthetic:?part=train&n=64' --val 'synthetic:?part=test&n=32' --recipe quick --epochs 1 -o)
    echo precious >"$work/base.pth"
    expect_untouched "$work/base.pth" expect_refusal 2 'base.pth: exists; .*--force' "${pretrain[@]}" "$work/base.pth"
    ln -s base.pth "$work/link.pth"
    expect_untouched "$work/base.pth" expect_refusal 2 'exists; .*--force' "${pretrain[@]}" "$work/link.pth"
    "${pretrain[@]}" "$work/link.pth" --force >/dev/null 2>&1 || fail "pretrain --force"
    [ -L "$work/link.pth" ] && [ "$(head -c 2 "$work/base.pth")" = PK ] || fail "not written through the link"
    expect_refusal 2 'is not a regular file' "${pretrain[@]}" /dev/null
    [ -c /dev/null ] || fail "the device was replaced"
    missing="its folder $work/new does not exist; make it first"
    expect_refusal 2 "\-o .*: $missing" "${pretrain[@]}" "$work/new/base.pth"
    base=(--checkpoint "$work/base.pth")
    echo precious >"$work/ref.json"
    expect_untouched "$work/ref.json" expect_refusal 2 'ref.json: exists; .*--force' \
      "$tbft" diagnose "${base[@]}" --source 'synthetic:?part=test&n=250' --save-reference "$work/ref.json"
    expect_refusal 2 "\-\-save-reference .*: $missing" \
      "$tbft" diagnose "${base[@]}" --source 'synthetic:?part=test&n=250' --save-reference "$work/new/ref.json"
    expect_untouched "$work/base.pth" expect_refusal 2 'already uses that file' \
      "$tbft" diagnose "${base[@]}" --source 'synthetic:?part=test&n=250' --save-reference "$work/base.pth" --force
    personalize=("$tbft" personalize "${base[@]}" --reference "$work/ref.json" --dataset 'synthetic:?n=60' -m estimate://)
    echo precious >"$work/record.json"
    expect_untouched "$work/record.json" expect_refusal 2 'record.json: exists; .*--force' "${personalize[@]}" -o "$work/o.pth" --record "$work/record.json"
    expect_refusal 2 "\-o .*: $missing" "${personalize[@]}" -o "$work/new/o.pth"
    expect_refusal 2 "\-\-record .*: $missing" "${personalize[@]}" -o "$work/o.pth" --record "$work/new/record.json"
    expect_untouched "$work/base.pth" expect_refusal 2 'is not a regular file' "${personalize[@]}" -o /dev/null
    expect_untouched "$work/ref.json" expect_refusal 2 'already uses that file' "${personalize[@]}" -o "$work/ref.json" --force
    expect_refusal 2 'already uses that file' "${personalize[@]}" -o "$work/o.pth" --trace "$work/o.pth"
    tiny_experiment "$work/e.toml"
    cd "$work"
    expect_refusal 2 "name: '../../x' cannot begin a folder's name" \
      "$tbft" run e.toml --set model.checkpoint=base.pth --set 'name="../../x"'
    expect_untouched base.pth expect_refusal 2 'status base.pth' "$tbft" run e.toml --set model.checkpoint=base.pth -o r --status base.pth
    ! ls -d ../x-* ../../x-* 2>/dev/null || fail "a run left runs/" ;;
  a_boards_name_that_is_not_utf8)
    needs_mounts
    [ ! -s /proc/device-tree/model ] || skip "the name of this hardware is in its device tree, which a test cannot replace"
    mkdir -p "$class/dmi/id"
    printf 'B\xe4r 1' >"$class/dmi/id/product_name"
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    # A worker sends its rows as JSON.
    with_class "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" --jobs 2 >/dev/null 2>"$work/err" ||
      fail "run: $(cat "$work/err")"
    [ "$(LC_ALL=C grep -caF $'B\xef\xbf\xbdr 1' "$work/run/cells.csv")" = 4 ] || fail "$(cat "$work/run/cells.csv" "$work/err")" ;;
  names_that_are_not_utf8)
    # A folder as Latin-1 spells it: run.json has the replacement character in place of the byte.
    folder=$work/$'m\xe4rz'
    mkdir "$folder"
    tiny_base "$work/base.pth"
    tiny_experiment "$folder/e.toml"
    sweep=("$tbft" run "$folder/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run")
    "${sweep[@]}" >/dev/null 2>"$work/err" || fail "run: $(cat "$work/err")"
    "${sweep[@]}" --resume >/dev/null 2>"$work/err" || fail "resume: $(cat "$work/err")"
    grep -qa '4 cells: 0 ok, 4 done before' "$work/err" || fail "$(cat "$work/err")"
    "$tbft" merge -o "$folder/merged" "$work/run" >/dev/null 2>"$work/err" || fail "merge: $(cat "$work/err")"
    for run in "$work/run" "$folder/merged"; do
      /usr/bin/python3 - "$run/run.json" <<'P' || fail "$run/run.json"
import json, sys
run = json.load(open(sys.argv[1], encoding="utf-8"))
assert "m\ufffdrz" in " ".join(run["command_line"]), run["command_line"]
P
    done ;;
  a_run_outlives_its_meter)
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    serve() {
      "$tbft" serve-meter -m "estimate://?idle_W=$1" --listen "127.0.0.1:$2" 2>"$work/serve" &
      server=$!
      for _ in $(seq 200); do grep -q '^listening on' "$work/serve" && return 0; sleep 0.05; done
      fail "no server: $(cat "$work/serve")"
    }
    trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
    serve 2 0
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/serve")
    sweep=("$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set sweep.repetitions=20 --set idle.seconds=1
      -m "remote://127.0.0.1:$port" -o "$work/run")
    "${sweep[@]}" >"$work/report" 2>"$work/err" &
    run=$!
    await_file "$work/run/cells.csv"
    # Another meter at the same address: its joules would be others.
    kill $server
    wait $server || true
    serve 3 "$port"
    code=0
    wait $run || code=$?
    [ "$code" = 4 ] || fail "exit code $code: $(cat "$work/err")"
    [ "$(grep -c 'warning: the meter failed: ' "$work/err")" = 1 ] || fail "not one warning: $(cat "$work/err")"
    /usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 40 and all(r["accuracy_pct"] for r in rows), rows
dead = [r for r in rows if r["status"] == "invalid"]
assert dead and all(r["gross_J"] == "" and r["net_J"] == "" and r["reason"] for r in dead), dead
assert "the meter failed" in rows[-1]["reason"] and "now serves another meter" in rows[-1]["reason"], rows[-1]
P
    kill $server
    wait $server || true
    serve 2 "$port"
    # On a busy machine a short cell may have no reading of its own; what counts is that each was measured again.
    "${sweep[@]}" --resume >/dev/null 2>"$work/err" || [ $? = 4 ] || fail "resume: $(cat "$work/err")"
    ! grep -q 'the meter failed' "$work/run/cells.csv" || fail "cells were not run again" ;;
  *) fail "unknown case $3" ;;
esac
