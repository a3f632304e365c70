#!/usr/bin/env bash
# A short step-cost at a constant 5 W: its rows, joules that are 5 W x time, files that are not measured again, and refusals.
. "$(dirname "$0")/common.sh"

constant_trace "$work/5W.csv" 300 200
step_cost() { "$tbft" step-cost --threads 1 --pixels 32 --max-seconds 3 --window 100ms -m "replay://$work/5W.csv" "$@"; }

step_cost --idle 0.3 -o "$work/cost" --json >"$work/out.json" 2>"$work/err" || fail "step-cost: $(cat "$work/err")"
/usr/bin/python3 - "$work" <<'P'
import csv, json, pathlib, sys
work = pathlib.Path(sys.argv[1])
rows = list(csv.DictReader((work / "cost/step_cost.csv").open()))
order = [("tbft", s) for s in ("none", "bn-stats", "block1", "block2", "block3", "fc", "full")] + [("published-quirk", "block1")]
assert [(r["variant"], r["strategy"]) for r in rows] == order, rows
full = next(r for r in rows if r["strategy"] == "full")
for r in rows:
    step = float(r["step_s"])
    assert abs(float(r["gross_J"]) / (5 * step) - 1) < 0.01, r
    assert abs(float(r["paper_view_J"]) / (5 * step) - 1) < 0.01, r
    # Idle is at the same 5 W: nothing is left over.
    assert abs(float(r["idle_W"]) - 5) < 1e-9 and abs(float(r["net_J"])) < 0.01 * 5 * step, r
    assert float(r["step_s_low"]) <= step <= float(r["step_s_high"]), r
    assert int(r["rounds"]) >= 2 and int(r["steps"]) >= 1 and r["measured"] == "0", r
    assert abs(float(r["saving_gross_pct"]) - float(r["saving_time_pct"])) < 1, "constant power: energy saves what time saves"
    assert float(r["saving_time_low"]) <= float(r["saving_time_pct"]) <= float(r["saving_time_high"]), r
assert float(full["saving_time_pct"]) == 0 and float(full["saving_macs_pct"]) == 0
by = {(r["variant"], r["strategy"]): r for r in rows}
for strategy, model in (("block1", 21.6), ("block2", 34.1), ("block3", 45.0), ("fc", 66.6)):
    assert abs(float(by["tbft", strategy]["saving_macs_pct"]) - model) < 0.06, strategy
assert float(by["published-quirk", "block1"]["macs"]) > float(by["tbft", "block1"]["macs"])
operations = list(csv.DictReader((work / "cost/operations.csv").open()))
assert len(operations) == 8 * 8, len(operations)
for variant, strategy in order:
    shares = [float(o["share_pct"]) for o in operations if (o["variant"], o["strategy"]) == (variant, strategy)]
    assert abs(sum(shares) - 100) < 1e-6, (strategy, shares)
# A BatchNorm in a frozen stage costs about as much as in a tuned one, and is no overhead. With fc all are in frozen stages.
normalised = {o["strategy"]: float(o["seconds"]) for o in operations if (o["variant"], o["operation"]) == ("tbft", "batchnorm-forward")}
assert normalised["fc"] > 0.25 * normalised["full"], normalised
assert len(json.loads((work / "out.json").read_text())["step_cost"]) == 8
assert json.loads((work / "cost/step_cost.json").read_text())["blas"]
P

# The same again measures nothing and changes nothing; other settings are refused.
before=$(cat "$work"/cost/*.csv | sha256sum)
step_cost --idle 0.3 -o "$work/cost" >"$work/out" 2>"$work/err" || fail "the second run: $(cat "$work/err")"
[ "$before" = "$(cat "$work"/cost/*.csv | sha256sum)" ] || fail "a finished network was measured again"
grep -q 'fc ' "$work/out" || fail "the table of what was measured before is not printed: $(cat "$work/out")"
COLUMNS=100 step_cost --idle 0.3 -o "$work/cost" >"$work/out" 2>"$work/err" || fail "at 100 columns: $(cat "$work/err")"
awk 'length($0) > 100' "$work/out" >"$work/wide"
[ ! -s "$work/wide" ] || fail "wider than 100: $(cat "$work/wide")"
grep -q '^not shown at this width: P x t mJ' "$work/out" && grep -q 'weight-gradient' "$work/out" || fail "$(cat "$work/out")"
expect_refusal 2 'other settings \(idle_s\)' step_cost --idle 0.5 -o "$work/cost"
cp -r "$work/cost" "$work/elsewhere"
sed -i 's/"blas": "[^"]*"/"blas": "another"/' "$work/elsewhere/step_cost.json"
step_cost --idle 0.3 -o "$work/elsewhere" >"$work/out" 2>"$work/err" || fail "nothing is left to measure: $(cat "$work/err")"
expect_refusal 2 'was begun where blas was "another", and here it is "' step_cost --idle 0.3 --classes 9 -o "$work/elsewhere"
expect_refusal 2 "has no block9; its blocks" step_cost --strategies block9 -o "$work/none"
expect_refusal 2 'tent: its step cost varies, so step-cost cannot measure it' step_cost --strategies tent -o "$work/none"
expect_refusal 2 '32' "$tbft" step-cost --pixels 33 -m estimate:// -o "$work/none"
expect_refusal 3 'no-such' "$tbft" step-cost --pixels 32 -m "replay://$work/no-such.csv" -o "$work/none"
[ ! -e "$work/none" ] || fail "a refusal left a directory"

# The recording's name may contain any bytes; it is known again where the replacement character stands for one.
cp "$work/5W.csv" "$work/"$'m\xe4rz.csv'
for time in first second; do
  "$tbft" step-cost --threads 1 --pixels 32 --strategies none --max-seconds 1 --window 100ms --idle 0 \
    -m "replay://$work/"$'m\xe4rz.csv' -o "$work/bytes" >"$work/out" 2>"$work/err" || fail "the $time time: $(cat "$work/err")"
  cat "$work"/bytes/*.csv | sha256sum >"$work/bytes-$time"
done
cmp "$work/bytes-first" "$work/bytes-second" || fail "a network was measured again because of its recording's name"

# A signal ends it with 130 and leaves no table.
"$tbft" step-cost --threads 1 --pixels 32 --max-seconds 600 --precision 0.01 -m "replay://$work/5W.csv" -o "$work/stopped" >/dev/null 2>"$work/err" &
pid=$!
until [ -e "$work/stopped/trace-32px-10out.csv" ]; do kill -0 $pid || fail "it ended: $(cat "$work/err")"; sleep 0.1; done
kill -INT $pid
code=0
wait $pid || code=$?
[ "$code" = 130 ] || fail "exit code $code after SIGINT: $(cat "$work/err")"
[ ! -e "$work/stopped/step_cost.csv" ] || fail "an unfinished network has rows"

# What a network cannot be, and what a file of weights decides.
expect_refusal 2 '33 pixels: it must be a multiple of 32' "$tbft" cost --pixels 33
expect_refusal 2 '0 classes: there must be at least one' "$tbft" cost --classes 0
for option in --classes=17 --network=resnet --variant=patch4 --depth=8 --width=2; do
  for command in cost step-cost; do
    expect_refusal 2 "\-\-checkpoint excludes ${option%=*}|${option%=*} excludes --checkpoint" "$tbft" $command --checkpoint "$work/none.pth" "$option"
  done
done

# A variant that was asked for stays at a size at which another one is usual.
"$tbft" cost --network vit --variant patch4 --pixels 224 | grep -q '^ViT-tiny/4, ' || fail "cost: another variant"
