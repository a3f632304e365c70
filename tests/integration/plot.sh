#!/usr/bin/env bash
# tbft plot and report over a run directory that needs no torch to make: files, formats, refusals.
. "$(dirname "$0")/common.sh"
/usr/bin/python3 - "$source_dir" "$work/run" <<'P'
import pathlib, sys
columns = (pathlib.Path(sys.argv[1]) / "results/reference/cells.csv").read_text().split("\n", 1)[0].split(",")
run = pathlib.Path(sys.argv[2])
(run / "traces").mkdir(parents=True)
with open(run / "cells.csv", "w") as file:
    file.write(",".join(columns) + "\n")
    for i, strategy in enumerate(["block1", "block2", "block3", "fc", "full"]):
        row = dict(schema=1, run_id="r", cell_id=f"{i:012x}", started_utc=f"2024-01-01T10:{i:02}:00Z", dataset="cifar10-c", drift="input", train_size=0.1,
                   strategy=strategy, repetition=0, status="ok", accuracy_pct=60 + i, gross_J=10 + i, train_gross_J=9 + i, train_s=1 + i, idle_W=2,
                   duration_s=2, meter="estimate://", measured=0)
        file.write(",".join(str(row.get(name, "")) for name in columns) + "\n")
with open(run / "traces" / "trace.csv", "w") as file:
    file.write("# tbft trace 1\n# nominal_period_s: 0.01\n# gap_limit_s: 0.05\nt_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n0,,,,,,+cell/000000000004\n")
    for k in range(200):
        if not 80 < k < 100:
            file.write(f"{k * 10_000_000},5,1,{5 + k % 3},,,\n")
    file.write("2000000000,,,,,,-cell/000000000004\n")
P
"$tbft" plot "$work/run" -o "$work/figures" --format png >"$work/out" || fail "plot"
for kind in accuracy-cifar10-c-input saving-cifar10-c-input accuracy-energy-cifar10-c-input phases-cifar10-c-input power idle published-cifar10-c-input; do
  file "$work/figures/$kind.png" 2>/dev/null | grep -q 'PNG image' || head -c 4 "$work/figures/$kind.png" | grep -q PNG || fail "$kind.png is no PNG"
  grep -q "$kind.png" "$work/out" || fail "$kind.png is not told"
done
sed 's/,cifar10-c,/,synthetic,/' "$work/run/cells.csv" >"$work/synthetic.csv"
"$tbft" plot "$work/synthetic.csv" -o "$work/synthetic" >/dev/null || fail "plot of synthetic shapes"
[ ! -e "$work/synthetic/published-synthetic-input.svg" ] || fail "the paper's numbers stand beside synthetic shapes"
sed 's/,cifar10-c,/,cifar10-c-like,/' "$work/run/cells.csv" >"$work/like.csv"
"$tbft" plot "$work/like.csv" -o "$work/like" --figure published >/dev/null || fail "plot of a stand-in"
[ "$(ls "$work/like")" = published-cifar10-c-like-input.svg ] || fail "--figure published made $(ls "$work/like")"
"$tbft" plot "$work/run" -o "$work/one" --figure power --cell 000000000004 >/dev/null
[ "$(ls "$work/one")" = power.svg ] || fail "--figure power made $(ls "$work/one")"
grep -q 'gap: no reading' "$work/one/power.svg" || fail "the gap is not in the key"
"$tbft" plot "$work/run" -o "$work/scripts" --figure idle --format gnuplot >/dev/null
gnuplot "$work/scripts/idle.gnuplot" | grep -q '</svg>' || fail "the script draws nothing"
expect_refusal 2 '000000000003' "$tbft" plot "$work/run" -o "$work/none" --cell 000000000003
[ ! -e "$work/none" ] || fail "a folder was left"
expect_refusal 2 'no such run directory' "$tbft" plot "$work/nowhere"
for format in html latex; do "$tbft" report "$work/run" --format $format -o "$work/r.$format" || fail "report $format"; done
grep -q 'ESTIMATE: joules of estimate://' "$work/r.html" || fail "the page does not warn of the estimate"
grep -q '</svg>' "$work/r.html" || fail "the page has no figures"
grep -q 'var(--series-1,' "$work/r.html" || fail "the page's figures do not follow its theme"
grep -qi '<title>gnuplot' "$work/r.html" "$work/one/power.svg" && fail "a figure has gnuplot's title"
# Without gnuplot the page says why it has none, and plot says how to get it.
mkdir "$work/bin"
PATH="$work/bin" "$tbft" report "$work/run" --format html -o "$work/bare.html" || fail "report without gnuplot"
grep -q 'gnuplot is not installed' "$work/bare.html" || fail "the page does not say why it has no figures"
expect_refusal 1 'apt-get install gnuplot-nox' env PATH="$work/bin" "$tbft" plot "$work/run" -o "$work/figures"
