#!/usr/bin/env bash
# A small sweep whose meter is a simulated UM34C on a serial port: measured=1, and the joules of each cell against the truth.
. "$(dirname "$0")/common.sh"

tiny_base "$work/base.pth" 26
tiny_experiment "$work/e.toml"
start_um34c
# Long enough for a meter with two values a second: `fc` and `full` train for some seconds. `none` only tests, which may end
# between two values: such a cell has no joules and says so.
"$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set 'data.path="synthetic:?part=target&n=600"' \
  --set 'sweep.strategies=["none","fc","full"]' --set sweep.repetitions=1 --set train.epochs=3 --set train.patience=3 \
  --set 'sweep.train_sizes=[0.5]' --set idle.seconds=2 -m "$um34c_meter" -o "$work/run" >"$work/report" 2>"$work/err" \
  || [ $? = 4 ] || fail "run: $(cat "$work/err")"
stop_um34c

claims=$(/usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 3, rows
for row in rows:
    assert row["measured"] == "1" and row["meter"].startswith("um34c://"), row
    if row["status"] == "ok":
        assert float(row["U_gross_J"]) > 0 and float(row["coverage_pct"]) >= 95, row
        print(f"cell/{row['cell_id']}={row['gross_J']}:{row['U_gross_J']}")
    else:
        assert row["strategy"] == "none" and row["gross_J"] == "" and "no reading inside" in row["reason"], row
P
) || fail "$(cat "$work/run/cells.csv")"
/usr/bin/python3 "$source_dir/tests/integration/um34c.py" "$work/run/traces/trace.csv" "$work/truth.csv" $claims
