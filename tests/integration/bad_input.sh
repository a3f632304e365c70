#!/usr/bin/env bash
# Each kind of bad input: one clear line on stderr, a non-zero exit, nothing half-written. Usage: bad_input.sh TBFT SOURCE CASE
. "$(dirname "$0")/common.sh"

# A folder with one class and one image-like file.
case $3 in
  missing_data_file)
    mkdir "$work/cifar"
    expect_refusal 1 'test_batch.bin.*cs.toronto.edu' "$tbft" data info --dataset "cifar10:$work/cifar" ;;
  truncated_data_file)
    mkdir "$work/cifar"
    head -c 30729999 /dev/zero >"$work/cifar/test_batch.bin"
    expect_refusal 1 'test_batch.bin.*30729999.*30730000' "$tbft" data info --dataset "cifar10:$work/cifar" ;;
  wrong_record_length)
    mkdir "$work/cifar"
    head -c $((10000 * 3074)) /dev/zero >"$work/cifar/test_batch.bin"
    expect_refusal 1 'test_batch.bin.*30740000.*(3073|30730000)' "$tbft" data info --dataset "cifar10:$work/cifar" ;;
  truncated_image)
    "$tbft" data export --dataset 'synthetic:?part=test&n=20' -o "$work/tree" >/dev/null
    image=$(find "$work/tree" -name '*.png' | sort | head -1)
    truncate -s 60 "$image"
    expect_refusal 1 "$image" "$tbft" data info --dataset "imagefolder:$work/tree" ;;
  missing_data_folder)
    expect_refusal 1 "$work/nowhere" "$tbft" data info --dataset "imagefolder:$work/nowhere" ;;
  unknown_data_set)
    expect_refusal 2 "unknown data set 'cifar11'.*cifar10" "$tbft" data info --dataset "cifar11:$work" ;;
  pth_that_names_os_system)
    /usr/bin/python3 - "$work/evil.pth" "$work/ran" <<'P'
import os, sys, torch
class Evil:
    def __reduce__(self):
        return os.system, (f"touch {sys.argv[2]}",)
torch.save({"conv1.weight": Evil()}, sys.argv[1])
P
    expect_refusal 1 'evil.pth.*(os|posix).system' "$tbft" eval --checkpoint "$work/evil.pth" --dataset 'synthetic:?part=test&n=20'
    [ ! -e "$work/ran" ] || fail "the checkpoint was executed" ;;
  truncated_pth)
    tiny_base "$work/base.pth"
    truncate -s 100000 "$work/base.pth"
    expect_refusal 1 'base.pth' "$tbft" eval --checkpoint "$work/base.pth" --dataset 'synthetic:?part=test&n=20' ;;
  run_with_a_missing_checkpoint)
    tiny_experiment "$work/e.toml"
    expect_refusal 2 'none.pth' "$tbft" run "$work/e.toml" --set meter.uri=auto --set model.checkpoint="$work/none.pth" -o "$work/run"
    [ ! -e "$work/run" ] || fail "a run directory was left" ;;
  run_with_missing_data)
    tiny_base "$work/base.pth"
    expect_refusal 1 "$work/nowhere" "$tbft" run "$source_dir/experiments/cifar-flip.toml" --set data.path="imagefolder:$work/nowhere" \
      --set model.checkpoint="$work/base.pth" -o "$work/run"
    [ ! -e "$work/run" ] || fail "a run directory was left" ;;
  run_with_a_missing_meter)
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    expect_refusal 3 '/dev/i2c-99' "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" \
      -m 'ina219:///dev/i2c-99?shunt_ohm=0.1' -o "$work/run"
    [ ! -e "$work/run" ] || fail "a run directory was left" ;;
  missing_pth)
    expect_refusal 1 'none.pth' "$tbft" eval --checkpoint "$work/none.pth" --dataset 'synthetic:?part=test&n=20' ;;
  unknown_key_in_toml)
    tiny_experiment "$work/e.toml"
    sed -i 's/^sweep.repetitions/sweep.repetition/' "$work/e.toml"
    expect_refusal 2 "e.toml:[0-9]+: unknown key 'sweep.repetition'; did you mean 'sweep.repetitions'" \
      "$tbft" run "$work/e.toml" -o "$work/run"
    [ ! -e "$work/run" ] || fail "a run directory was left" ;;
  malformed_toml)
    printf 'name = "x"\nsweep = [1,\n' >"$work/e.toml"
    expect_refusal 2 'e.toml:[0-9]+: ' "$tbft" run "$work/e.toml" -o "$work/run" ;;
  wrong_type_in_toml)
    tiny_experiment "$work/e.toml"
    expect_refusal 2 'sweep.repetitions.*whole number' "$tbft" run "$work/e.toml" --set 'sweep.repetitions="two"' -o "$work/run" ;;
  unknown_strategy)
    tiny_experiment "$work/e.toml"
    expect_refusal 2 "unknown strategy 'block0'; known: none, bn-stats, block1" \
      "$tbft" run "$work/e.toml" --set 'sweep.strategies=["block0"]' --set model.checkpoint=x.pth -o "$work/run" ;;
  unknown_meter)
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    expect_refusal 2 "ina999.*ina219" "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -m ina999:///dev/i2c-1 -o "$work/run" ;;
  meter_that_is_not_there)
    expect_refusal 3 "/dev/i2c-99" "$tbft" measure -m 'ina219:///dev/i2c-99?addr=0x40&shunt_ohm=0.1' -- true ;;
  no_meter_for_auto)
    ! "$tbft" doctor >/dev/null || skip "hardware: this machine has a meter that auto finds"
    expect_refusal 3 "meter" "$tbft" measure -- touch "$work/ran"
    [ ! -e "$work/ran" ] || fail "the command ran without a meter" ;;
  full_disk)
    # A file size limit stands for the full disk: the row does not fit, and the file keeps whole rows only.
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" >/dev/null 2>&1 || fail "the first run"
    head -2 "$work/run/cells.csv" >"$work/first"
    size=$(stat -c %s "$work/first")
    cp "$work/first" "$work/run/cells.csv"
    code=0
    (ulimit -f $((size / 1024 + 1)); exec "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" --resume) \
      >"$work/out" 2>"$work/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code: $(cat "$work/err")"
    grep -qiE 'tbft: .*(space|file too large|trace|journal|cells)' "$work/err" || fail "$(cat "$work/err")"
    [ "$(tail -c 1 "$work/run/cells.csv" | od -An -c | tr -d ' ')" = '\n' ] || fail "a torn row was left"
    "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" --resume >/dev/null 2>&1 || fail "the resume"
    [ "$(wc -l <"$work/run/cells.csv")" = 5 ] || fail "not header and 4 rows" ;;
  export_on_a_full_disk)
    # A file size limit stands for the full disk: no image fits.
    expect_refusal 1 "cannot write .*\.png: File too large" bash -c 'ulimit -f 1; exec "$@"' - \
      "$tbft" data export --dataset 'synthetic:?part=test&n=20' -o "$work/images"
    ! compgen -G "$work/images*" >/dev/null || fail "a folder was left" ;;
  full_stdout)
    code=0
    "$tbft" data list >/dev/full 2>"$work/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code"
    grep -q 'cannot write' "$work/err" || fail "$(cat "$work/err")" ;;
  existing_run_directory)
    mkdir -p "$work/run"
    echo '{}' >"$work/run/run.json"
    tiny_experiment "$work/e.toml"
    tiny_base "$work/base.pth"
    expect_refusal 2 'already contains a run.*--resume' "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" ;;
  resume_with_other_settings)
    tiny_base "$work/base.pth"
    tiny_experiment "$work/e.toml"
    "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" -o "$work/run" >/dev/null 2>&1 || fail "the first run"
    expect_refusal 2 'train.momentum was 0.9, is 0.5' \
      "$tbft" run "$work/e.toml" --set model.checkpoint="$work/base.pth" --set train.momentum=0.5 -o "$work/run" --resume ;;
  malformed_trace)
    printf 't_ns,volts_V,amps_A,power_W,energy_J,flags,mark\n0,5,1,5,,,\nhello,5,1,5,,,\n' >"$work/t.csv"
    expect_refusal 1 't.csv:3' "$tbft" integrate "$work/t.csv" ;;
  missing_run_directory)
    expect_refusal 2 "$work/none" "$tbft" report "$work/none" ;;
  *) fail "unknown case $3" ;;
esac
