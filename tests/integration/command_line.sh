#!/usr/bin/env bash
# How the command line is read and explained: wrong words, help, words of another program, JSON, closed pipes, estimates.
# Usage: command_line.sh TBFT SOURCE CASE
. "$2/tests/integration/common.sh"

train=$(dirname "$tbft")/tbft-train
# A finished run, as far as a report needs one.
sample_run() {
  mkdir -p "$1"
  cp "$source_dir/results/reference/cifar-flip/"{cells.csv,run.json,journal.jsonl} "$1"
}
is_json() { /usr/bin/python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" || fail "no JSON: $(head -c 300 "$1")"; }

case_wrong_words_are_named() {
  for program in "$tbft" "$train"; do
    expect_refusal 2 "^tbft: unknown command 'mesure'; did you mean 'measure'\? See \`tbft --help\`$" "$program" mesure -- true
    expect_refusal 2 "^tbft: unknown command 'persnalize'; did you mean 'personalize'\?" "$program" persnalize --help
    expect_refusal 2 "^tbft: unknown command 'xyzzyx'; see \`tbft --help\`$" "$program" xyzzyx
    expect_refusal 2 "^tbft: unknown option '--verbos'; see \`tbft --help\`$" "$program" --verbos
    # The option, and not the value or the argument after it.
    expect_refusal 2 "^tbft: unknown option '--idel'; did you mean '--idle'\? See \`tbft measure --help\`$" "$program" measure --idel 3 -- true
    expect_refusal 2 "unknown option '--repetition'; did you mean '--repetitions'\?" "$program" measure --repetition 3 -- true
    expect_refusal 2 "unknown option '--frmat'; did you mean '--format'\?" "$program" report --frmat md x
    # A name that begins with the word is nearer than a shorter one of fewer differences.
    expect_refusal 2 "unknown command 'meas'; did you mean 'measure'\?" "$program" meas
    expect_refusal 2 "unknown option '--inter'; did you mean '--interval'\?" "$program" measure --inter 2 -- true
    expect_refusal 2 "unknown option '--js'; did you mean '--json'\?" "$program" integrate --js x
    expect_refusal 2 "unknown option '-q'; see \`tbft measure --help\`" "$program" measure -q -- true
    expect_refusal 2 "unknown option '-x'; see \`tbft record --help\`" "$program" record -x
    expect_refusal 2 "unexpected argument 'b.csv'; see \`tbft integrate --help\`" "$program" integrate a.csv b.csv
    expect_refusal 2 "option '--idle' needs a value" "$program" measure --idle
    expect_refusal 2 "option '-o' needs a value" "$program" report x -o
    # What is right before the mistake is passed over, with its values.
    expect_refusal 2 "unknown option '--jsn'; did you mean '--json'\?" "$program" measure -n 3 -i2ms --idle=0 --jsn -- true
    # A wrong value is still CLI11's to explain.
    expect_refusal 2 "format: mdd not in" "$program" report --format mdd x
  done
  expect_refusal 2 "unknown command 'inf'; did you mean 'info'\? See \`tbft data --help\`" "$tbft" data inf
  expect_refusal 2 "\`tbft data\` needs a command: list, info, split, export, corrupt; see" "$tbft" data
  expect_refusal 2 "unknown option '--datset'; did you mean '--dataset'\? See \`tbft data info --help\`" "$tbft" data info --datset x
  expect_refusal 2 "unknown option '--formt'; did you mean '--format'\?" "$tbft" plot --formt md x
}

# With libtorch: options of commands that train.
case_wrong_words_of_training() {
  expect_refusal 2 "^tbft: --resume continues the run in -o: name its directory\$" "$tbft" run x.toml --resume
  expect_refusal 2 "unknown option '--sett'; did you mean '--set'\?" "$tbft" run x.toml --sett a=b
  expect_refusal 2 "unknown option '--sett'; did you mean '--set'\?" "$tbft" run --sett a=b x.toml
  expect_refusal 2 "unknown option '--tabels'; did you mean '--tables'\?" "$tbft" reproduce --data x -o y --tabels z
}

case_help() {
  local code=0
  "$tbft" >"$work/out" 2>"$work/err" || code=$?
  [ $code = 2 ] || fail "without arguments: exit code $code"
  [ ! -s "$work/err" ] || fail "without arguments: $(cat "$work/err")"
  cmp "$work/out" <("$tbft" --help) || fail "without arguments it prints something else than the help"
  for program in "$tbft" "$train"; do
    cmp <("$program" help) <("$program" --help) || fail "help"
    for command in measure 'meters calibrate' report help; do
      # shellcheck disable=SC2086 # two words are two words
      cmp <("$program" help $command) <("$program" $command --help) || fail "help $command"
    done
    expect_refusal 2 "unknown command 'mesure'; did you mean 'measure'" "$program" help mesure
  done
  # Commands of the other program, with their own commands.
  cmp <("$tbft" help data corrupt) <("$tbft" data corrupt --help) || fail "help data corrupt"
  cmp <("$tbft" help cost) <("$tbft" cost --help) || fail "help cost"
  expect_refusal 2 "unknown command 'corupt'; did you mean 'corrupt'" "$tbft" help data corupt
}

case_words_of_the_measured_command() {
  local code=0
  constant_trace "$work/5W.csv" 30
  local meter="replay://$work/5W.csv?speed=instant"
  measure() { "$tbft" measure -m "$meter" "$@"; }
  # Its options are its own, even where measure has one of the same name.
  measure printf '%s\n' -n --json >"$work/out" || fail "options of the command"
  [ "$(head -2 "$work/out" | tr '\n' ' ')" = '-n --json ' ] || fail "the command did not get its options: $(cat "$work/out")"
  grep -q '^gross' "$work/out" || fail "--json went to measure: $(cat "$work/out")"
  measure sh -c 'exit 7' >/dev/null && fail "exit code 0"
  [ "$(measure printf '%s|' a -- -b --help | head -1 | cut -d'|' -f1-4)" = 'a|--|-b|--help' ] || fail "$(measure printf '%s|' a -- -b --help)"
  # With --, as ever; it is needed where the command begins with -.
  measure -- printf '%s\n' -n --json >"$work/out" || fail "--"
  [ "$(head -2 "$work/out" | tr '\n' ' ')" = '-n --json ' ] || fail "$(cat "$work/out")"
  measure -- -x >"$work/out" 2>"$work/err" || code=$?
  [ $code = 127 ] && grep -q '^tbft: -x: ' "$work/err" || fail "exit code $code: $(cat "$work/err")"
  # The names of commands are words as any other.
  printf '#!/bin/sh\necho "mine $*"\n' >"$work/report"
  chmod +x "$work/report"
  PATH=$work:$PATH measure report run | grep -q '^mine run' || fail "report is not the command"
  for option in -r --runs -n --repetitions; do
    measure $option 2 -w 1 sh -c 'echo run >>"$0"' "$work/runs$option" >/dev/null || fail "$option"
    [ "$(wc -l <"$work/runs$option")" = 3 ] || fail "$option: $(wc -l <"$work/runs$option") runs"
  done
}

case_columns() {
  "$tbft" columns cells >"$work/out"
  # Every column of the file, in its order.
  diff <(head -1 "$source_dir/results/reference/cifar-flip/cells.csv" | tr , '\n' | head -66) \
    <(sed -nE 's/^  ([A-Za-z0-9_]+) .*/\1/p' "$work/out" | head -66) || fail "other columns than those of cells.csv"
  grep -qE '^  U_net_J +number +J +.*k = 2' "$work/out" || fail "U_net_J: $(grep U_net_J "$work/out")"
  "$tbft" columns --json >"$work/json"
  constant_trace "$work/t.csv" 1
  sample_run "$work/run"
  "$tbft" report "$work/run" -f csv >"$work/report.csv"
  "$tbft" compare "$work/run" "$work/run" -f csv >"$work/compare.csv"
  /usr/bin/python3 - "$work" <<'P' || fail "columns --json"
import json, sys
work = sys.argv[1]
files = {f["name"]: f for f in json.load(open(work + "/json"))["files"]}
assert list(files) == ["cells", "meters", "step_cost", "operations", "report", "compare", "measure", "trace"], list(files)
names = {name: [c["name"] for c in file["columns"]] for name, file in files.items()}
header = lambda path: open(path).readline().rstrip("\n").split(",")
assert names["report"] == header(work + "/report.csv")
assert names["compare"] == header(work + "/compare.csv")
assert names["trace"] == header(work + "/t.csv")
for file in files.values():
    for column in file["columns"]:
        assert column["meaning"] and column["type"] in ("text", "number", "integer"), column
P
  expect_refusal 2 "unknown file 'cels'; did you mean 'cells'\? Known: cells, meters, step_cost" "$tbft" columns cels
  cmp <("$tbft" columns step_cost.csv) <("$tbft" columns step_cost) || fail "step_cost.csv"
}

case_experiments() {
  "$tbft" experiments >"$work/out"
  for file in "$source_dir"/experiments/*.toml; do
    name=$(basename "$file" .toml)
    description=$(sed -nE 's/^description = "(.*)"$/\1/p' "$file")
    grep -qE "^$name +paper +" "$work/out" && grep -qF "$description" "$work/out" || fail "$name: $(cat "$work/out")"
    "$tbft" experiments "$name" | cmp - "$file" || fail "$name is not the file"
  done
  [ "$(grep -c ' paper ' "$work/out")" = "$(ls "$source_dir"/experiments/*.toml | wc -l)" ] || fail "others than the files: $(cat "$work/out")"
  "$tbft" experiments --json >"$work/json" && is_json "$work/json"
  "$tbft" experiments quickstart --json >"$work/json" && is_json "$work/json"
  expect_refusal 2 "unknown experiment 'quikstart'; did you mean 'quickstart'" "$tbft" experiments quikstart
}

# With libtorch: `run NAME`, and which experiment a run used.
case_built_in_experiments_run() {
  cd "$work"
  tiny_base base.pth
  local settings=(--set model.checkpoint=base.pth --set 'data.path=synthetic:?part=target&n=60' --set 'sweep.strategies=["none"]'
    --set sweep.repetitions=1 --set warmup=false --set threads=1 -m estimate://)
  "$tbft" run quickstart "${settings[@]}" -o built-in >out 2>err || [ $? = 4 ] || fail "$(cat err)"
  mkdir quickstart  # a folder of the name is no experiment
  "$tbft" run quickstart "${settings[@]}" --dry-run >out 2>err || fail "$(cat err)"
  grep -qx 'experiment: built-in experiment quickstart' err || fail "$(cat err)"
  rmdir quickstart
  "$tbft" experiments quickstart >quickstart
  echo '# mine' >>quickstart
  "$tbft" run quickstart "${settings[@]}" -o file >out 2>err || [ $? = 4 ] || fail "$(cat err)"
  "$tbft" run quickstart "${settings[@]}" --dry-run >out 2>err || fail "$(cat err)"
  grep -qx 'experiment: quickstart' err || fail "$(cat err)"
  /usr/bin/python3 - <<'P' || fail "run.json"
import json
of = lambda run: json.load(open(run + "/run.json"))["experiment"]
assert of("built-in") == {"name": "quickstart", "built_in": True}, of("built-in")
assert of("file") == {"name": "quickstart", "built_in": False}, of("file")
P
  expect_refusal 2 "quickstrat: No such file.*did you mean 'quickstart'\? \`tbft experiments\` lists" "$tbft" run quickstrat
  expect_refusal 2 "built-in experiment cifar-flip: sweep.sed|--set sweep.sed" "$tbft" run cifar-flip --set sweep.sed=1
}

case_a_closed_pipe_is_no_error() {
  sample_run "$work/run"
  # More than a pipe holds, so that the program is still writing when its reader is gone.
  for i in $(seq 40); do sed 1d "$source_dir/results/reference/cifar-flip/cells.csv" | sed "s/^1,[^,]*/1,run$i/"; done >"$work/rows"
  cat "$work/rows" >>"$work/run/cells.csv"
  [ "$("$tbft" report "$work/run" --format json | wc -c)" -gt 200000 ] || fail "the report is too short for this test"
  closed() {
    local codes
    "$@" 2>"$work/err" | head -1 >"$work/out" && codes=("${PIPESTATUS[@]}") || codes=("${PIPESTATUS[@]}")
    [ "${codes[*]}" = '0 0' ] || fail "exit codes ${codes[*]}: $* ($(cat "$work/err"))"
    [ ! -s "$work/err" ] || fail "$*: $(cat "$work/err")"
    [ -s "$work/out" ] || fail "$*: no line"
  }
  for format in text md csv json html; do closed "$tbft" report "$work/run" --format $format; done
  closed "$tbft" columns --json
  closed "$tbft" measure --help
  # A reader that has gone before anything is written.
  local code=0
  { sleep 0.3; "$tbft" experiments 2>"$work/err" || echo $? >"$work/code"; } | true
  [ ! -e "$work/code" ] && [ ! -s "$work/err" ] || fail "exit code $(cat "$work/code"): $(cat "$work/err")"
  # The exit code stays the command's own: a window without a reading is invalid, whoever reads.
  rm -f "$work/code"
  { sleep 0.3; "$tbft" measure -m estimate:// --idle 0 --json -r 9 -- true 2>/dev/null || echo $? >"$work/code"; } | true
  [ "$(cat "$work/code")" = 4 ] || fail "an invalid measurement into a closed pipe: exit code $(cat "$work/code")"
  # A full disk is one.
  for arguments in "report $work/run --format json" columns; do
    # shellcheck disable=SC2086 # several words
    "$tbft" $arguments >/dev/full 2>"$work/err" && fail "$arguments: a lost result is no success" || code=$?
    [ "$code" = 1 ] && grep -qE 'cannot write' "$work/err" || fail "$arguments: exit code $code: $(cat "$work/err")"
  done
}

# What a command writes to stderr where that is a terminal.
on_a_terminal() {
  /usr/bin/python3 - "$@" <<'P'
import os, pty, subprocess, sys
master, terminal = pty.openpty()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=terminal)
os.close(terminal)
said = b""
try:
    while block := os.read(master, 65536):
        said += block
except OSError:  # the program has closed it
    pass
process.wait()
sys.stdout.buffer.write(said)
P
}
case_long_work_is_told_on_a_terminal() {
  sample_run "$work/run"
  constant_trace "$work/t.csv" 2
  # expect WORDS COMMAND...: on a terminal it says these words, elsewhere nothing.
  expect() {
    local words=$1
    shift
    on_a_terminal "$@" >"$work/said"
    grep -qF "$words" "$work/said" || fail "$*: does not say '$words': $(cat "$work/said")"
    "$@" 2>"$work/err" >/dev/null || fail "$*"
    [ ! -s "$work/err" ] || fail "$* says without a terminal: $(cat "$work/err")"
  }
  expect "reading $work/run" "$tbft" report "$work/run"
  expect "reading $work/run" "$tbft" compare "$work/run" "$work/run"
  expect "reading $work/t.csv" "$tbft" integrate "$work/t.csv"
  expect 'loading synthetic:' "$tbft" data info --dataset 'synthetic:?part=test&n=20'
}

case_json() {
  sample_run "$work/run"
  cmp <("$tbft" report "$work/run" --json) <("$tbft" report "$work/run" --format json) || fail "report --json"
  cmp <("$tbft" compare "$work/run" "$work/run" --json) <("$tbft" compare "$work/run" "$work/run" --format json) || fail "compare --json"
  expect_refusal 2 'json' "$tbft" report "$work/run" --json --format md
  "$tbft" record -m estimate:// -d 0.3s -o "$work/t.csv" --json >"$work/out" && is_json "$work/out"
  /usr/bin/python3 - "$work/out" <<'P' || fail "record --json: $(cat "$work/out")"
import json, sys
r = json.load(open(sys.argv[1]))
assert r["measured"] == 0 and r["gross_J"] > 0 and r["window"] == "record" and r["trace"].endswith("t.csv"), r
P
  "$tbft" plot "$work/run" --figure accuracy --format gnuplot -o "$work/figures" --json >"$work/out" && is_json "$work/out"
  grep -q '"file": "'"$work/figures"'/accuracy' "$work/out" || fail "$(cat "$work/out")"
  "$tbft" data export --dataset 'synthetic:?part=test&n=20' -o "$work/images" --json >"$work/out" && is_json "$work/out"
  # Every command that prints a result has it.
  for command in run reproduce merge report compare plot eval pretrain 'data list' 'data info' 'data split' 'data export' 'data corrupt' cost \
    step-cost diagnose personalize meters 'meters calibrate' doctor measure record integrate experiments columns; do
    # shellcheck disable=SC2086 # two words are two words
    "$train" $command --help | grep -q -- --json || [ ! -x "$train" ] || "$train" --version | grep -q 'built without libtorch' || fail "$command has no --json"
  done
}

# With libtorch: hours and joules before they are spent.
case_dry_runs_estimate() {
  tiny_base "$work/base.pth"
  tiny_experiment "$work/e.toml"
  run() { "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" "$@"; }
  # The meter of the experiment is a constant 5 W.
  run --dry-run >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
  [ "$(wc -l <"$work/out")" = 5 ] || fail "not the plan: $(cat "$work/out")"
  grep -qE '^estimate: about .* for 4 cells, if no cell stops early; about [0-9.e+-]+ J gross at 5 W \(not measured\)' "$work/err" || fail "$(cat "$work/err")"
  run --dry-run --set 'sweep.until=train_J 2 %' >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
  grep -q 'sweep.until may spare repetitions' "$work/err" || fail "$(cat "$work/err")"
  run --dry-run --json --set train.epochs=100 >"$work/json" 2>"$work/err" || fail "$(cat "$work/err")"
  /usr/bin/python3 - "$work/json" <<'P' || fail "run --dry-run --json: $(cat "$work/json")"
import json, sys
plan = json.load(open(sys.argv[1]))
assert plan["experiment"]["built_in"] is False and len(plan["cells"]) == 4, plan
e = plan["estimate"]
assert e["cells"] == 4 and e["measured"] is False and e["from"] == "timed steps", e
assert e["seconds"] > 0 and abs(e["gross_J"] / e["seconds"] - 5) < 1e-6, e
P
  on_a_terminal "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --dry-run >"$work/said"
  grep -q 'timing steps' "$work/said" || fail "it is silent on a terminal: $(cat "$work/said")"
  # It says why there is none.
  run --dry-run --jobs 2 2>&1 >/dev/null | grep -q '^estimate: unknown: with --jobs' || fail "--jobs"
  run --dry-run -m 'ina219:///dev/i2c-99?shunt_ohm=0.1' >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
  grep -q '^estimate: unknown: .*i2c-99' "$work/err" || fail "$(cat "$work/err")"
  # A run that has rows is told by them.
  run -o "$work/run" --json >"$work/json" 2>"$work/err" || fail "$(cat "$work/err")"
  is_json "$work/json"
  cmp <("$tbft" report "$work/run" --json) "$work/json" || fail "run --json is not the report"
  run --dry-run -o "$work/run" --json --set sweep.repetitions=5 >"$work/json" 2>"$work/err" || fail "$(cat "$work/err")"
  /usr/bin/python3 - "$work/json" "$work/run/cells.csv" <<'P' || fail "estimate from rows: $(cat "$work/json")"
import csv, json, sys
e = json.load(open(sys.argv[1]))["estimate"]
rows = list(csv.DictReader(open(sys.argv[2])))
mean = lambda name: sum(float(r[name]) for r in rows) / len(rows)
assert e["from"] == "rows" and e["cells"] == 6, e
assert abs(e["seconds"] - 6 * mean("duration_s")) < 1e-9 and abs(e["gross_J"] - 6 * mean("gross_J")) < 1e-9, e
P
  run --dry-run -o "$work/run" 2>&1 >/dev/null | grep -qx 'estimate: no cell is left to run' || fail "all cells are done"
}

"case_$3"
