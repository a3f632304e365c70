#!/usr/bin/env bash
# kill -9 at 50 random moments of a sweep, each resumed: exactly the planned rows are left, none lost, doubled or torn.
. "$(dirname "$0")/common.sh"

kills=50
tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
# Long enough that 50 kills fall into work: a few hundred milliseconds a cell.
settings=(--set "model.checkpoint=$work/base.pth" --set 'data.conditions=["input","feature","output"]'
          --set 'data.path="synthetic:?part=target&n=200"' --set sweep.repetitions=6
          --set 'sweep.strategies=["none","bn-stats","block1","block3","fc","full"]' --set 'train.epochs=4')
command=("$tbft" run "$work/e.toml" "${settings[@]}" -o "$work/run")

"$tbft" run "$work/e.toml" "${settings[@]}" --dry-run | tail -n +2 | cut -d, -f1 | sort >"$work/planned"
RANDOM=20240422
killed=0
for ((i = 0; i < kills; ++i)); do
  resume=()
  [ -e "$work/run/run.json" ] && resume=(--resume)
  "${command[@]}" "${resume[@]}" >/dev/null 2>"$work/err" &
  pid=$!
  sleep "0.$(printf '%03d' $((RANDOM % 1000)))"
  [ $((i % 3)) = 0 ] && sleep 1  # deeper into the sweep, too
  kill -9 $pid 2>/dev/null || true
  code=0
  wait $pid 2>/dev/null || code=$?
  if [ $code = 137 ]; then killed=$((killed + 1)); else [ $code = 0 ] || fail "before kill $i: $(cat "$work/err")"; fi
  # Whatever the moment was: every line of the file is a whole row of the plan.
  if [ -e "$work/run/cells.csv" ]; then
    fields=$(head -1 "$work/run/cells.csv" | awk -F, '{ print NF }')
    awk -F, -v n="$fields" 'NF != n { exit 1 }' "$work/run/cells.csv" || fail "kill $i left a torn row"
    tail -n +2 "$work/run/cells.csv" | cut -d, -f3 | sort | uniq -d | grep . && fail "kill $i left a doubled row"
  fi
done
[ "$killed" -ge $((kills * 4 / 5)) ] || fail "only $killed of $kills kills hit the program"
echo "rows after $killed kills: $(($(wc -l <"$work/run/cells.csv" 2>/dev/null || echo 1) - 1)) of $(wc -l <"$work/planned")"

resume=()
[ -e "$work/run/run.json" ] && resume=(--resume)
"${command[@]}" "${resume[@]}" >/dev/null 2>"$work/err" || fail "the last resume: $(cat "$work/err")"
tail -n +2 "$work/run/cells.csv" | cut -d, -f3 | sort >"$work/rows"
diff "$work/planned" "$work/rows" || fail "the rows are not the planned cells"
