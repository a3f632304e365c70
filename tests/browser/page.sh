#!/usr/bin/env bash
# The page of a real run in Chromium: a tiny sweep with a constant 5 W, its report, the same with a hostile strategy name, and
# its comparison with itself and with a run of 0.8 times its joules.
. "$(dirname "$0")/../integration/common.sh"
tiny_base "$work/base.pth"
tiny_experiment "$work/e.toml"
constant_trace "$work/5W.csv" 120 1000
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set idle.seconds=0.3 --set sweep.repetitions=3 \
  --set 'sweep.strategies=["none","bn-stats","block1","fc","full"]' -m "replay://$work/5W.csv?speed=realtime" -o "$work/run" \
  >/dev/null 2>"$work/err" || fail "run: $(cat "$work/err")"
"$tbft" report "$work/run" --format html -o "$work/report.html" || fail "report"
"$tbft" compare "$work/run" "$work/run" --format html -o "$work/compare.html" || fail "compare"
mkdir "$work/hostile"
cp -r "$work/run/run.json" "$work/run/traces" "$work/hostile"
/usr/bin/python3 - "$work/run/cells.csv" "$work/hostile/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
for row in rows:
    if row["strategy"] == "fc":
        row["strategy"] = "<script>alert(1)</script>"
    row["board"] = "</script><script>alert(2)</script>"
with open(sys.argv[2], "w", newline="") as file:
    writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
P
"$tbft" report "$work/hostile" --format html -o "$work/hostile.html" || fail "report of the hostile run"
mkdir "$work/less"
cp "$work/run/run.json" "$work/less"
/usr/bin/python3 - "$work/run/cells.csv" "$work/less/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
for row in rows:
    for name in ("gross_J", "train_gross_J", "net_J", "train_net_J"):
        row[name] = row[name] and repr(0.8 * float(row[name]))
with open(sys.argv[2], "w", newline="") as file:
    writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
P
"$tbft" compare "$work/run" "$work/less" --format html -o "$work/differs.html" || fail "compare with less"
/usr/bin/python3 "$source_dir/tests/browser/page.py" "$work"/{report,compare,hostile,differs}.html
