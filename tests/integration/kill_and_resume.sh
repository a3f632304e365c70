#!/usr/bin/env bash
# kill -9 at 50 random moments of a sweep, each resumed: exactly the planned rows are left, none lost, doubled or torn.
. "$(dirname "$0")/common.sh"

kills=50
tiny_base "$work/base.pth" 26
tiny_experiment "$work/e.toml"
# Long enough that 50 kills fall into work: a few hundred milliseconds a cell.
settings=(--set "model.checkpoint=$work/base.pth" --set 'data.conditions=["input","feature","output"]'
          --set 'data.path="synthetic:?part=target&n=200"' --set sweep.repetitions=6
          --set 'sweep.strategies=["none","bn-stats","block1","block3","fc","full"]' --set 'train.epochs=4')
command=("$tbft" run "$work/e.toml" "${settings[@]}" -o "$work/run")

"$tbft" run "$work/e.toml" "${settings[@]}" --dry-run | tail -n +2 | cut -d, -f1 | sort >"$work/planned"
RANDOM=20240422
planned=$(wc -l <"$work/planned")
killed=0 midway=0 rows=0

cells_begun() {
  local n
  n=$(grep -c '"event":"cell_begins"' "$work/run/journal.jsonl" 2>/dev/null) || true
  echo "${n:-0}"
}

# Sets `rows`. Every line of cells.csv is a whole row of the plan and none stands twice; with a second argument, the traces
# hold the joules of each.
check_rows() {
  rows=0
  [ -e "$work/run/cells.csv" ] || return 0
  rows=$(/usr/bin/python3 - "$work" "$tbft" "${2:-}" <<'P'
import csv, json, pathlib, subprocess, sys
work = pathlib.Path(sys.argv[1])
planned = set((work / "planned").read_text().split())
with (work / "run/cells.csv").open(newline="") as file:
    header, *rows = list(csv.reader(file))
assert all(len(row) == len(header) for row in rows), "a torn row"
rows = [dict(zip(header, row)) for row in rows]
ids = [row["cell_id"] for row in rows]
assert len(ids) == len(set(ids)) and set(ids) <= planned, "a doubled or foreign row"
if not sys.argv[3]:
    print(len(rows))
    sys.exit()
joules = {}
for trace in sorted((work / "run/traces").glob("*.csv")):
    answer = subprocess.run([sys.argv[2], "integrate", trace, "--json"], capture_output=True, text=True)
    if answer.returncode in (0, 4):  # 4: a short window is invalid
        for window in json.loads(answer.stdout)["windows"]:
            joules.setdefault(window["name"], []).append(window["gross_J"])
for row in rows:
    gross = float(row["gross_J"])
    assert any(abs(j - gross) <= 1e-12 * gross for j in joules.get("cell/" + row["cell_id"], []) if j), f"no trace of {row['cell_id']}"
print(len(rows))
P
  ) || fail "$1"
}

for ((i = 0; i < kills; ++i)); do
  resume=()
  [ -e "$work/run/run.json" ] && resume=(--resume)
  begun=$(cells_begun)
  "${command[@]}" "${resume[@]}" >/dev/null 2>"$work/err" &
  pid=$!
  # One in three at any moment from the start on, the others once a cell has begun, however busy the machine is.
  [ $((i % 3)) = 0 ] || while kill -0 $pid 2>/dev/null && [ "$(cells_begun)" -le "$begun" ]; do sleep 0.02; done
  sleep "0.$(printf '%03d' $((RANDOM % 1000)))"
  kill -9 $pid 2>/dev/null || true
  code=0
  wait $pid 2>/dev/null || code=$?
  if [ $code = 137 ]; then killed=$((killed + 1)); else [ $code = 0 ] || fail "before kill $i: $(cat "$work/err")"; fi
  check_rows "after kill $i"
  # A sweep that is done is no target any more: the next kills go to a new one.
  if [ "$rows" = "$planned" ]; then rm -rf "$work/run"; elif [ "$rows" -gt 0 ]; then midway=$((midway + 1)); fi
done
[ "$killed" -ge $((kills / 2)) ] || fail "only $killed of $kills kills hit the program"
[ "$midway" -ge $((kills / 4)) ] || fail "only $midway of $kills kills left a sweep half done"
echo "$killed kills, $midway of them midway; $rows of $planned rows before the last resume"

resume=()
[ -e "$work/run/run.json" ] && resume=(--resume)
"${command[@]}" "${resume[@]}" >/dev/null 2>"$work/err" || fail "the last resume: $(cat "$work/err")"
tail -n +2 "$work/run/cells.csv" | cut -d, -f3 | sort >"$work/rows"
diff "$work/planned" "$work/rows" || fail "the rows are not the planned cells"
check_rows "in the end" traces
