# The cases, by name; sourced by case.sh.

case_ina219() {
  bridge steps ina219@0x40@0.1
  measured steps 0.5 "ina219://$bus?addr=0x40&shunt_ohm=0.1" sleep 6
  never_below trace.csv 3
  measured steps 0.5 "ina219://$bus?addr=0x40&shunt_ohm=0.1&adc=x16" sleep 6
  # The address next to it is empty.
  local code=0
  "$tbft" measure --idle 0 -m "ina219://$bus?addr=0x41" -- true >out 2>err || code=$?
  [ "$code" = 3 ] || fail "an empty address: exit code $code: $(cat err)"
}

case_ina226() {
  gpio_bench
  echo pull-up >"$bench/sim_gpio5/pull"
  bridge steps ina226@0x44@0.02 "ina226@0x45@0.02@$bench/sim_gpio5/pull"
  measured steps 0.5 "ina226://$bus?addr=0x44&shunt_ohm=0.02" sleep 6
  never_below trace.csv 3
  measured steps 0.5 "ina226://$bus?addr=0x44&shunt_ohm=0.02&ct_us=1100&avg=4" sleep 6
  # The other one tells on its ALERT pin that a conversion is ready.
  measured steps 0.5 "ina226://$bus?addr=0x45&shunt_ohm=0.02&ct_us=8244&ready=bench:5" sleep 6
  never_below trace.csv 3
}

case_smbus_only() {
  bus=$(bus_named SMBus.stub)
  "$programs/stub_writer" "$bus" 0x40 0.1 sine >writer &
  await grep -q ready writer
  measured sine 0.5 "ina219://$bus?addr=0x40&shunt_ohm=0.1&adc=x8" sleep 6
  never_below trace.csv 2
}

case_faults() {
  bridge constant ina219@0x40@0.1
  local meter="ina219://$bus?addr=0x40&shunt_ohm=0.1&adc=x8"
  # Short: bridged, said, and still valid.
  measured constant 0.5 "$meter" sh -c 'sleep 2; echo nack 0.1 >control; sleep 2'
  never_below trace.csv 5
  grep -q ',,,,g,$' trace.csv || fail "the failed reads are no gap"
  # The sensor loses power while nobody acknowledges: set up again, and the reading after that says so.
  measured constant 0.5 "$meter" sh -c 'sleep 2; echo nack 0.08 >control; echo reset >control; sleep 2'
  never_below trace.csv 5
  grep -qE ',[a-z]*r[a-z]*,$' trace.csv || fail "the sensor was set up again and no reading says so"
  # Long: the joules are unknown, and the program goes on to say so.
  local fault code
  for fault in nack hang; do
    rm -f trace.csv
    code=0
    "$tbft" measure --json --idle 0 -m "$meter" -o trace.csv -- sh -c "sleep 1; echo $fault 0.8 >control; sleep 2" >row.json || code=$?
    [ "$code" = 4 ] || fail "$fault: exit code $code: $(cat row.json)"
    [ "$(field gross_J row.json)" = null ] || fail "$fault: joules over a hole: $(cat row.json)"
    field reason row.json | grep -q 'covered' || fail "$fault: $(cat row.json)"
    never_below trace.csv 5
    tail -n 3 trace.csv | grep -qE '^[0-9]+,[0-9.]+,' || fail "$fault: no reading after it"
  done
}

case_driver_bound() {
  bridge constant ina219@0x40@0.1
  echo ina219 0x40 >"/sys/bus/i2c/devices/${bus##*/}/new_device"
  await test -e "/sys/bus/i2c/devices/${bus##*-}-0040/driver"
  local code=0
  "$tbft" measure --idle 0 -m "ina219://$bus?addr=0x40&shunt_ohm=0.1" -- true >out 2>err || code=$?
  [ "$code" = 3 ] || fail "exit code $code"
  grep -q 'address 0x40 belongs to the kernel driver ina2xx' err || fail "$(cat err)"
  grep -q "echo ${bus##*-}-0040 | sudo tee /sys/bus/i2c/drivers/ina2xx/unbind" err || fail "no fix: $(cat err)"
  # As the message says: through the driver.
  measured constant 0.5 "hwmon://ina219?shunt_ohm=0.1" sleep 3
  never_below trace.csv 5
  # Or with the sensor taken back.
  echo "${bus##*-}-0040" >/sys/bus/i2c/drivers/ina2xx/unbind
  measured constant 0.5 "ina219://$bus?addr=0x40&shunt_ohm=0.1" sleep 3
}

# Two commands by turns on a board of constant power: joules are as the seconds.
case_compares() {
  bridge constant ina219@0x40@0.1
  "$tbft" measure --json --shell none --idle 0.2 -r 10 -m "ina219://$bus?addr=0x40&shunt_ohm=0.1" 'sleep 0.3' 'sleep 0.6' >row.json 2>err ||
    fail "exit code $?: $(cat err)"
  /usr/bin/python3 - <<'P' || fail "$(cat row.json)"
import json
d = json.load(open("row.json"))
J, s = d["ratios"][0]["gross_J"], d["ratios"][0]["duration_s"]
print(f"sleep 0.6 / sleep 0.3: {J['ratio']:.4f} +- {J['U_ratio']:.4f} times the joules, {s['ratio']:.4f} times the seconds")
assert abs(J["ratio"] - s["ratio"]) <= J["U_ratio"] < 0.2 * J["ratio"] and 1.5 < J["ratio"] < 2.05  # a busy machine starts a command late
assert all(c["gross_J"] > 1 for r in d["results"] for c in r["repetitions"])
P
}

# A simulated chip with the label `bench`.
gpio_bench() {
  local sim=/sys/kernel/config/gpio-sim/bench
  mkdir -p $sim/bank0
  echo 8 >$sim/bank0/num_lines
  echo bench >$sim/bank0/label
  echo 1 >$sim/live
  bench=$(ls -d /sys/devices/platform/gpio-sim.*/gpiochip* | head -n 1)
  await test -c "/dev/${bench##*/}"
}
# libgpiod 2's tools take the chip as an option, and hold a line until they end.
of_chip() { if gpioinfo --version | grep -q ' v2\.'; then echo "-c ${bench##*/}"; else echo "${bench##*/}"; fi; }
line_info() { gpioinfo $(of_chip) | grep "line *$1:"; }  # what the kernel says of a line of the bench
line_is() { line_info "$1" | grep -q "$2"; }
monotonic_ns() { awk '/^now at/ { print $3 }' /proc/timer_list; }

case_trigger() {
  gpio_bench
  local edge before after got pull
  for edge in rising falling; do
    [ $edge = rising ] && pull=pull-up || pull=pull-down
    "$programs/gpio_probe" "bench:3:$edge" 900 >probe &
    await grep -q ready probe
    line_is 3 gpio_probe || fail "$(line_info 3)"
    before=$(monotonic_ns)
    echo $pull >"$bench/sim_gpio3/pull"
    after=$(monotonic_ns)
    wait $! || fail "no $edge edge"
    got=$(tail -n 1 probe)
    echo "$before < $got < $after"
    [ "${got#* }" = $edge ] || fail "$got"
    # The kernel's time stamp is on the clock of traces.
    [ "$before" -lt "${got% *}" ] && [ "${got% *}" -lt "$after" ] || fail "not between $before and $after: $got"
  done
  # A recording that begins with an edge.
  echo pull-down >"$bench/sim_gpio3/pull"
  bridge constant ina219@0x40@0.1
  "$tbft" record -m "ina219://$bus?addr=0x40&shunt_ohm=0.1&adc=x8" -d 1s -o trace.csv --trigger bench:3:rising >record.out &
  await line_is 3 'tbft record'
  sleep 0.5
  grep -q '+' trace.csv && fail "the recording began before its trigger"
  before=$(monotonic_ns)
  echo pull-up >"$bench/sim_gpio3/pull"
  wait $! || fail "record ended with $?: $(cat record.out)"
  [ "$(opened trace.csv record)" -gt "$before" ] || fail "$(grep '+' trace.csv)"
  close_to "$(sed -nE 's/^gross +([0-9.]+) J.*/\1/p' record.out)" "$(truth constant trace.csv record)" 0.5 || fail "$(cat record.out)"
  echo pull-down >"$bench/sim_gpio3/pull"

  # The wrong edge starts nothing; a line held by another, and a chip that is not there.
  "$programs/gpio_probe" bench:3:falling 60 >probe &
  local probe=$!
  await grep -q ready probe
  echo pull-up >"$bench/sim_gpio3/pull"
  local code=0
  wait $probe || code=$?
  [ $code = 1 ] || fail "a rising edge started what waits for a falling one"
  case $(of_chip) in
    -c*) gpioset $(of_chip) 4=1 & ;;
    *) gpioset -m signal $(of_chip) 4=1 & ;;
  esac
  await line_is 4 gpioset
  "$programs/gpio_probe" bench:4 1 2>err && fail "a line that is held was taken"
  grep -q 'in use by `gpioset`' err || fail "$(cat err)"
  "$programs/gpio_probe" nowhere:4 1 2>err && fail "a chip that is not there was found"
  grep -q 'there are bench (gpiochip' err || fail "$(cat err)"
}

# Lines `NANOSECONDS GPIO LEVEL` of outputs that changed, as the kernel saw them.
kernel_saw() { sed -nE 's/^.* ([0-9]+)\.([0-9]{6}): gpio_value: ([0-9]+) set ([01]).*/\1\2000 \3 \4/p' /sys/kernel/tracing/trace; }

case_markers() {
  gpio_bench
  bridge constant ina219@0x40@0.1
  local base bridge_chip meter="ina219://$bus?addr=0x40&shunt_ohm=0.1&adc=x8"
  base=$(cat "$bench"/gpio/gpiochip*/base 2>/dev/null || sed -nE "s/^${bench##*/}: GPIOs ([0-9]+)-.*/\1/p" /sys/kernel/debug/gpio)
  bridge_chip=$(gpiodetect | awk '/cp2112_gpio/ { print $1 }')
  cd /sys/kernel/tracing
  echo mono >trace_clock
  echo 1 >events/gpio/gpio_value/enable
  cd "$work"
  "$tbft" measure --json --idle 0.5 -m "$meter" -o trace.csv --marker "idle=bench:1,command=bench:2,cp2112_gpio:6" -- \
    sh -c "sleep 0.3; gpioinfo $(of_chip) | grep 'line *2:'; sleep 0.3" >row.json
  echo 0 >/sys/kernel/tracing/events/gpio/gpio_value/enable
  grep -qE 'line *2:.*("tbft".*output|output.*consumer="?tbft)' row.json || fail "the line is not the program's: $(cat row.json)"

  # An independent witness, the kernel's own trace: line 1 around both idle windows, line 2 around the command.
  kernel_saw | awk -v base="$base" '$2 >= base && $2 < base + 8 { print $1 " " $2 - base " " $3 }' >seen
  awk '{ print $2 " " $3 }' seen | tr '\n' ';' >order
  cat seen
  local want='1 1;1 0;2 1;2 0;1 1;1 0;'
  [ "$(tail -c ${#want} order)" = "$want" ] || fail "order of the lines: $(cat order)"
  # Every edge follows its mark, and comes before the next mark.
  tail -n 6 seen | awk '{ print $1, "edge" }' >both
  awk -F, '$NF ~ /^[+-]/ { printf "%.0f mark\n", $1 - 1000 }' trace.csv >>both  # the kernel prints whole microseconds
  sort -n both | awk '{ print $2 }' | tr '\n' ' ' >alternating
  [ "$(cat alternating)" = 'mark edge mark edge mark edge mark edge mark edge mark edge ' ] || fail "edges and marks: $(sort -n both)"

  # The other chip is on the far side of a real driver: the bridge saw the command alone, between the command's marks.
  awk -v t0="$(opened trace.csv command)" -v t1="$(closed trace.csv command)" '
    $2 != 6 { bad = 1 } { level = level $3; at[NR] = $1 }
    END { exit !(!bad && level == "10" && at[1] > t0 && at[1] < t1 && at[2] > t1) }' bridge.log || fail "the bridge saw: $(cat bridge.log)"
  [ -n "$bridge_chip" ] || fail "no GPIO chip of the bridge"
}

# A whole sweep on a power sensor: every cell is a measurement, and its joules are the waveform's.
case_run() {
  bridge sine ina219@0x40@0.1
  cat >tiny.toml <<T
name = "tiny"
threads = 1
warmup = false
data.dataset = "synthetic"
data.path = "synthetic:?part=target&n=12"
data.conditions = ["input"]
sweep.strategies = ["none", "fc"]
sweep.train_sizes = [0.5]
train.epochs = 1
idle.seconds = 1
T
  "$tbft" run tiny.toml --set model.checkpoint="$programs/base.pth" -o run -m "ina219://$bus?addr=0x40&shunt_ohm=0.1" >run.out 2>&1 ||
    fail "exit code $?: $(cat run.out)"
  local id measured gross cells=0
  while read -r id gross measured; do
    [ "$measured" = 1 ] || fail "cell $id is not a measurement"
    close_to "$gross" "$(truth sine run/traces/trace.csv "cell/$id")" 0.5 || fail "energy of cell $id"
    cells=$((cells + 1))
  done < <(/usr/bin/python3 -c 'import csv; [print(r["cell_id"], r["gross_J"], r["measured"]) for r in csv.DictReader(open("run/cells.csv"))]')
  [ $cells = 2 ] || fail "$cells cells: $(cat run.out)"
}
