#!/usr/bin/env bash
# The authors' checkpoint on the 10,000 CIFAR-10 test images as JPEG: 7,903 right, within 5 (JPEG decoders differ by a grey level).
. "$(dirname "$0")/common.sh"

shared=${TBFT_SHARED:-$source_dir/../shared}
[ -e "$shared/data/cifar10-jpeg.tar.xz" ] || skip "../shared is absent: no CIFAR-10 images"
tar -C "$work" -xf "$shared/data/cifar10-jpeg.tar.xz" cifar10-jpeg/test
"$tbft" data info --dataset "$work/cifar10-jpeg/test" --json >"$work/info"
/usr/bin/python3 - "$work/info" <<'P'
import json, sys
info = json.load(open(sys.argv[1]))
text = json.dumps(info)
assert "10000" in text and "airplane" in text and "truck" in text, text
P
out=$("$tbft" eval --checkpoint "$shared/data/checkpoints/resnet26_cifar10_tbft.pth" --dataset "imagefolder:$work/cifar10-jpeg/test")
echo "$out"
correct=$(sed -nE 's/^correct ([0-9]+) of 10000.*/\1/p' <<<"$out")
[ -n "$correct" ] && [ "$correct" -ge 7898 ] && [ "$correct" -le 7908 ] || fail "$out"

# Two of a public repository as it ships them: under a key, with the prefix of DataParallel, shortcuts without weights. The counts
# are those of an independent forward pass in Python.
while read -r name wanted; do
  out=$("$tbft" eval --checkpoint "$shared/data/checkpoints/$name" --dataset "imagefolder:$work/cifar10-jpeg/test")
  echo "$name: $out"
  correct=$(sed -nE 's/^correct ([0-9]+) of 10000.*/\1/p' <<<"$out")
  [ -n "$correct" ] && [ $((correct - wanted)) -ge -2 ] && [ $((correct - wanted)) -le 2 ] || fail "$name: $out, not $wanted"
done <<'T'
cifar-resnet20.th 8103
cifar-resnet32.th 8256
T

# One cell of the paper's CIFAR-Flip table: FC at 10 %, 84 % published.
"$tbft" run "$source_dir/experiments/cifar-flip.toml" --set data.path="$work/cifar10-jpeg/test" \
  --set model.checkpoint="$shared/data/checkpoints/resnet26_cifar10_jpeg.pth" --set 'sweep.train_sizes=[0.1]' \
  --set 'sweep.strategies=["fc"]' --set sweep.repetitions=1 -m estimate:// -o "$work/run" 2>/dev/null
/usr/bin/python3 - "$work/run/cells.csv" <<'P'
import csv, sys
row = next(csv.DictReader(open(sys.argv[1])))
assert row["status"] == "ok" and row["measured"] == "0" and abs(float(row["accuracy_pct"]) - 84.0) < 5, row
P
