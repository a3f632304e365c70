#!/usr/bin/env bash
# A good state dict in the layouts that training scripts leave is read, with the same result; numbers that no trained network has are
# refused by the tensor's name.
. "$(dirname "$0")/common.sh"

export TBFT_THREADS=1
set='synthetic:?part=test&n=100'
tiny_base "$work/base.pth"
/usr/bin/python3 - "$work" <<'P'
import sys
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
bad = dict(sd); k = next(k for k in sd if sd[k].dim() == 2); bad[k] = torch.full_like(sd[k], float("nan")); save(bad, "nan-weight")
bad = dict(sd); k = next(k for k in sd if k.endswith("running_var")); bad[k] = -sd[k].abs() - 1; save(bad, "negative-variance")
save({"ema": {k: v * 0 if v.is_floating_point() else v for k, v in sd.items()}, "state_dict": sd}, "two-models")
P
evaluate() { "$tbft" eval --checkpoint "$work/$1.pth" --dataset "$set" >"$work/out" 2>"$work/err" || fail "$1: $(cat "$work/err")"; }
evaluate base
cp "$work/out" "$work/want"
for name in compiled compiled-parallel tutorial net numpy-number device averaged no-counter old-format lightning; do
  evaluate $name
  cmp -s "$work/out" "$work/want" && [ ! -s "$work/err" ] || fail "$name: $(cat "$work/out" "$work/err")"
done
evaluate two-models
cmp -s "$work/out" "$work/want" || fail "two-models: $(cat "$work/out")"
grep -q "two-models.pth: holds 2 models (state_dict, ema); 'state_dict' is read" "$work/err" || fail "two-models: $(cat "$work/err")"
expect_refusal 1 'nan-weight.pth: fc.weight holds a number that is not finite' "$tbft" eval --checkpoint "$work/nan-weight.pth" --dataset "$set"
expect_refusal 1 'negative-variance.pth: layer1.0.bn1.running_var holds a negative variance' "$tbft" eval --checkpoint "$work/negative-variance.pth" --dataset "$set"
echo ok
