#!/usr/bin/env bash
# A good state dict in the layouts that training scripts leave is read, with the same result; numbers that no trained network has are
# refused by the tensor's name.
. "$(dirname "$0")/common.sh"

export TBFT_THREADS=1
set='synthetic:?part=test&n=100'
tiny_base "$work/base.pth"
/usr/bin/python3 - "$work" <<'P'
import argparse, json, struct, sys
import numpy as np, torch
out = sys.argv[1]
sd = torch.load(f"{out}/base.pth", map_location="cpu")
save = lambda x, name, **k: torch.save(x, f"{out}/{name}.pth", **k)
save({"_orig_mod." + k: v for k, v in sd.items()}, "compiled")
save({"_orig_mod.module." + k: v for k, v in sd.items()}, "compiled-parallel")
save({"epoch": 3, "model_state_dict": sd, "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 0.1}]}, "loss": 0.3}, "tutorial")
save({"net": sd, "acc": 95.1, "epoch": 3}, "net")
save({"state_dict": sd, "best_acc": np.float64(0.9)}, "numpy-number")
save({"state_dict": sd, "device": torch.device("cpu")}, "device")
save({"n_averaged": torch.tensor(3), **{"module." + k: v for k, v in sd.items()}}, "averaged")
save({k: v for k, v in sd.items() if "num_batches_tracked" not in k}, "no-counter")
save(sd, "old-format", _use_new_zipfile_serialization=False)
save({"state_dict": {"model." + k: v for k, v in sd.items()}, "epoch": 1}, "lightning")
save({"ema": sd, "args": argparse.Namespace(lr=0.1), "loss": torch.tensor(0.3)}, "namespace")
zeros = {k: v * 0 if v.is_floating_point() else v for k, v in sd.items()}
save({"student": sd, "teacher": zeros}, "two-equal")
header, data = {}, b""
for k, v in sd.items():
    raw = v.contiguous().numpy().tobytes()
    kind = {torch.float32: "F32", torch.int64: "I64"}[v.dtype]
    header[k] = {"dtype": kind, "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
open(f"{out}/safetensors.pth", "wb").write(struct.pack("<Q", len(text)) + text + data)
bad = dict(sd); k = next(k for k in sd if sd[k].dim() == 2); bad[k] = torch.full_like(sd[k], float("nan")); save(bad, "nan-weight")
bad = dict(sd); k = next(k for k in sd if k.endswith("running_var")); bad[k] = -sd[k].abs() - 1; save(bad, "negative-variance")
save({"ema": zeros, "state_dict": sd}, "two-models")
P
evaluate() { "$tbft" eval --checkpoint "$work/$1.pth" --dataset "$set" >"$work/out" 2>"$work/err" || fail "$1: $(cat "$work/err")"; }
evaluate base
cp "$work/out" "$work/want"
for name in compiled compiled-parallel tutorial net numpy-number device averaged no-counter old-format lightning namespace safetensors; do
  evaluate $name
  cmp -s "$work/out" "$work/want" && [ ! -s "$work/err" ] || fail "$name: $(cat "$work/out" "$work/err")"
done
evaluate two-models
cmp -s "$work/out" "$work/want" || fail "two-models: $(cat "$work/out")"
grep -q "two-models.pth: holds 2 models (state_dict, ema); 'state_dict' is read" "$work/err" || fail "two-models: $(cat "$work/err")"
expect_refusal 1 'two-equal.pth: holds 2 models \(student, teacher\); choose one with --key NAME' "$tbft" eval --checkpoint "$work/two-equal.pth" --dataset "$set"
expect_refusal 1 "no dict of tensors under the key 'pupil'; it has student, teacher" "$tbft" eval --checkpoint "$work/two-equal.pth" --key pupil --dataset "$set"
"$tbft" eval --checkpoint "$work/two-equal.pth" --key student --dataset "$set" >"$work/out" 2>"$work/err" || fail "key: $(cat "$work/err")"
cmp -s "$work/out" "$work/want" || fail "key: $(cat "$work/out" "$work/err")"
expect_refusal 1 'nan-weight.pth: fc.weight holds a number that is not finite' "$tbft" eval --checkpoint "$work/nan-weight.pth" --dataset "$set"
expect_refusal 1 'negative-variance.pth: layer1.0.bn1.running_var holds a negative variance' "$tbft" eval --checkpoint "$work/negative-variance.pth" --dataset "$set"
echo ok
