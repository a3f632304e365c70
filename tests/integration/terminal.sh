#!/usr/bin/env bash
# What the program prints fits the terminal, and a redirected output keeps everything. Usage: terminal.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

cells=$source_dir/results/reference/cells.csv
# No line of file $2 is wider than $1 characters.
fits() {
  local widest
  widest=$(LC_ALL=C.UTF-8 awk '{ if (length($0) > w) w = length($0) } END { print w + 0 }' "$2")
  [ "$widest" -le "$1" ] || fail "a line of $widest characters at a width of $1: $(LC_ALL=C.UTF-8 awk -v w="$1" 'length($0) > w' "$2" | head -n 3)"
}
# Runs the rest on a terminal of $1 columns and prints what it shows.
on_terminal() { /usr/bin/python3 "$source_dir/tests/integration/terminal.py" "$@"; }
# Its standard output alone; progress on standard error is drawn over.
report_on_terminal() { on_terminal "$1" sh -c '"$0" report "$1" 2>/dev/null' "$tbft" "$cells"; }

case $3 in
  report_fits)
    "$tbft" report "$cells" >"$work/any"
    for width in 80 120; do
      COLUMNS=$width "$tbft" report "$cells" >"$work/$width"
      fits $width "$work/$width"
      grep -q '^not shown at this width: paper saving %' "$work/$width" || [ $width = 120 ] || fail "no note says what is missing: $(head -n 30 "$work/$width")"
    done
    ! grep -q 'not shown at this width' "$work/any" || fail "a redirected report lacks columns"
    grep -q 'paper saving %$' "$work/any" || fail "$(head "$work/any")"
    ! grep -q 'paper saving %$' "$work/80" || fail "the paper's columns are there at 80"
    # The tables of single conditions, of which only the mean is there otherwise.
    "$tbft" report "$cells" --all >"$work/all"
    [ $(($(grep -c '^strategy ' "$work/all") - $(grep -c '^strategy ' "$work/any"))) = 15 ] || fail "--all does not add 15 tables"
    grep -q '^not shown: 15 tables of single conditions (`tbft report --all`' "$work/any" || fail "no line says what is left out"
    [ "$("$tbft" report "$source_dir/results/reference/adaptive" | wc -l)" -lt 200 ] || fail "the adaptive run prints too much"
    for width in 80 120; do
      COLUMNS=$width "$tbft" report "$source_dir/results/reference/adaptive" --all >"$work/adaptive"
      fits $width "$work/adaptive"
    done
    COLUMNS=1000 "$tbft" report "$cells" | cmp - "$work/any" || fail "a very wide terminal shows something else"
    COLUMNS=80 "$tbft" report "$cells" -o "$work/file" && cmp "$work/file" "$work/any" || fail "a file has other lines" ;;
  other_commands_fit)
    constant_trace "$work/t.csv" 5 100
    meter="replay://$work/t.csv?speed=instant"
    cd "$work"
    # 3: no meter here, 4: a measurement too short.
    at_80() {
      local code=0
      COLUMNS=80 "$tbft" "$@" >"$work/out" 2>/dev/null || code=$?
      [[ $code == [034] ]] && [ -s "$work/out" ] || fail "$*: exit code $code"
      fits 80 "$work/out"
    }
    at_80 compare "$cells" "$cells" --force
    at_80 cost
    at_80 doctor
    at_80 doctor --all
    at_80 meters
    at_80 meters -m "$meter"
    at_80 meters --self-test -m "$meter"
    at_80 measure -m "$meter" -- true
    at_80 measure -m "$meter" --repetitions 3 -- true
    for kind in $("$tbft" meters --json | /usr/bin/python3 -c 'import json, sys; print(*(m["name"] for m in json.load(sys.stdin)["meters"]))'); do
      at_80 meters "$kind"
    done ;;
  the_winner_is_bold_on_a_terminal_alone)
    bold=$'\x1b[1m'
    "$tbft" report "$cells" >"$work/file"
    ! grep -qF "$bold" "$work/file" || fail "bold text in a file"
    TERM=xterm report_on_terminal 120 >"$work/out"
    grep -qE "^${bold/\[/\\[}(block[1-3]|fc)" "$work/out" || fail "no winner is bold: $(head -n 20 "$work/out" | cat -v)"
    [ "$(grep -cF "$bold" "$work/out")" -lt "$(grep -cE '^(.\[1m)?(none|bn-stats|block[1-3]|fc|full|block-avg) ' "$work/out")" ] || fail "everything is bold"
    NO_COLOR=1 TERM=xterm report_on_terminal 120 >"$work/out"
    ! grep -qF "$bold" "$work/out" || fail "NO_COLOR is not kept"
    TERM=dumb report_on_terminal 120 >"$work/out"
    ! grep -qF "$bold" "$work/out" || fail "a dumb terminal gets bold text" ;;
  a_terminal_states_its_own_width)
    TERM=dumb report_on_terminal 72 | tr -d '\r' >"$work/out"
    fits 72 "$work/out"
    TERM=dumb COLUMNS=100 report_on_terminal 72 | tr -d '\r' >"$work/out"
    fits 100 "$work/out"
    awk 'length($0) > 72' "$work/out" | grep -q . || fail "COLUMNS does not override the window" ;;
  the_progress_line_never_wraps)
    constant_trace "$work/t.csv" 20
    # 40 columns, and 100 after the third line.
    TERM=xterm on_terminal 40:100 "$tbft" record -m "replay://$work/t.csv" -d 3s -o "$work/recorded.csv" >"$work/out" || true
    /usr/bin/python3 - "$work/out" <<'P' || fail "the progress line"
import re, sys
drawn = [part for part in open(sys.argv[1], newline="").read().split("\r\x1b[K") if "Ctrl-C" in part or "W" in part and "[" in part]
drawn = [part.split("\r")[0].split("\n")[0] for part in drawn]
assert len(drawn) > 6, drawn
assert all(len(line) < 40 and line.endswith("...") for line in drawn[:3]), drawn[:3]
assert any(40 <= len(line) < 100 and not line.endswith("...") for line in drawn[4:]), drawn[4:]
P
    ;;
  *) fail "no such case: $3" ;;
esac
