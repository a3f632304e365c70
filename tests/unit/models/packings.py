# Writes one state dict in the packings that people's checkpoints have. Usage: packings.py FOLDER, which has base.pth.
import argparse, collections, dataclasses, datetime, enum, json, pathlib, struct, sys
import numpy as np, torch

folder = sys.argv[1]
base = torch.load(f"{folder}/base.pth")


def save(name, saved, **options):
    torch.save(saved, f"{folder}/{name}.pth", **options)


def prefixed(prefix, state=base):
    return {prefix + k: v for k, v in state.items()}


for key in ("state_dict", "model_state_dict", "model", "net", "ema", "best_weights"):
    save(f"key_{key}", {key: base, "epoch": 3, "loss": torch.tensor(0.3)})
save("key_nested", {"checkpoint": {"model": base}})
for i, prefix in enumerate(("module.", "_orig_mod.", "model.", "net.", "module.model.", "model.module.", "_orig_mod.module.",
                            "net._orig_mod.", "module.module.", "model.net.module._orig_mod.model.")):
    save(f"prefix_{i}", {"state_dict": prefixed(prefix)} if i % 2 else prefixed(prefix))

save("float16", {k: v.half() if v.is_floating_point() else v for k, v in base.items()})
save("bfloat16", {k: v.bfloat16() if v.is_floating_point() else v for k, v in base.items()})
save("no_counter", {k: v for k, v in base.items() if "num_batches_tracked" not in k})
save("parameters", {k: torch.nn.Parameter(v) if v.is_floating_point() else v for k, v in base.items()})
for i, v in enumerate(attributed := [v.clone() for v in base.values()]):
    v.number = i  # makes torch pickle it by _rebuild_from_type_v2
save("attributes", dict(zip(base, attributed)))

flat = torch.cat([torch.zeros(5)] + [v.flatten() for v in base.values() if v.is_floating_point()])
shared, at = {}, 5
for k, v in base.items():
    shared[k] = v
    if v.is_floating_point():
        shared[k], at = flat[at:at + v.numel()].view(v.shape), at + v.numel()
save("shared_storage", shared)
every_other = {k: torch.stack([v, v + 1], -1)[..., 0] if v.is_floating_point() else v for k, v in base.items()}
assert not every_other["conv1.weight"].is_contiguous()
save("strides", {k: v.t().contiguous().t() if v.dim() == 2 else v for k, v in every_other.items()})


class Weights(collections.OrderedDict):  # a subclass with attributes of its own
    pass


class Slots:
    __slots__ = ("a",)


class Level(enum.Enum):
    LOW = 1


@dataclasses.dataclass
class Config:
    lr: float = 0.1


class Called:
    def __reduce__(self):
        return complex, (1.0, 2.0)


weights = Weights(base)
weights._metadata = {"": {"version": 1}}
slots = Slots()
slots.a = [1]
net = torch.nn.Linear(3, 3)
optimisers = [torch.optim.SGD(net.parameters(), 0.1, momentum=0.9), torch.optim.Adam(net.parameters())]
for optimiser in optimisers:
    net(torch.ones(1, 3)).sum().backward()
    optimiser.step()
scheduler = torch.optim.lr_scheduler.StepLR(optimisers[0], 3)
beside = {
    "epoch": 3, "optimizer": optimisers[0].state_dict(), "optimizer2": optimisers[1].state_dict(),
    "lr_scheduler": scheduler.state_dict(), "args": argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("/x")),
    "best": np.float64(0.9), "steps": np.int64(7), "history": np.arange(100.0), "masks": np.ones((2, 2), bool),
    "names": np.array(["a", None], object), "when": datetime.datetime(2020, 1, 1), "level": Level.LOW, "config": Config(),
    "slots": slots, "called": Called(), "counts": collections.Counter("aab"), "defaults": collections.defaultdict(list, a=[1]),
    "queue": collections.deque([1, 2]), "set": {1, 2}, "frozen": frozenset({1}), "seed": 2**200, "raw": b"\xff\x00",
    "array": bytearray(b"ab"), "complex": 1j, "slice": slice(1, 2), "device": torch.device("cpu"), "dtype": torch.float16,
    "size": torch.Size([1]), "rng": torch.get_rng_state(), "numpy_rng": np.random.get_state(), "function": json.dumps,
    "module": net, "complex_tensor": torch.zeros(2, dtype=torch.complex64), "sparse": torch.eye(2).to_sparse(),
    "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8), 3: "a key that is no text",
}
save("beside", {"state_dict": weights, **beside})
tensors = ("rng", "complex_tensor", "sparse", "quantised")
save("beside_flat", {**base, **{k: v for k, v in beside.items() if k not in tensors}})
for protocol in (3, 4, 5):
    save(f"protocol_{protocol}", {"state_dict": weights, **beside}, pickle_protocol=protocol)
save("old", base, _use_new_zipfile_serialization=False)
old = {k: v for k, v in beside.items() if k not in ("complex_tensor", "quantised")}  # their storages' types are not read
save("old_beside", {"state_dict": weights, **old}, _use_new_zipfile_serialization=False)
save("old_complex", {"state_dict": weights, **beside}, _use_new_zipfile_serialization=False)

other = {k: v[:1] if v.dim() == 4 else v for k, v in base.items()}
zeros = {k: v * 0 for k, v in base.items()}
save("one_fits", {"model": {"w": torch.ones(2)}, "other": other, "generator": base, "loss": torch.tensor(0.3)})
save("same_twice", {"model": base, "net": base})
save("usual_and_ema", {"ema": zeros, "state_dict": base})
save("two_fit", {"student": base, "teacher": zeros})
save("two_usual", {"model": base, "net": zeros})
save("none_fits", {"model": {k: v for k, v in base.items() if k != "layer2.0.conv1.weight"}, "optimizer": {"a": {"m": torch.ones(1)}}})
save("tensor_that_is_not_read", {**base, "fc.bias": torch.zeros(10, dtype=torch.complex64)})

kinds = {torch.float32: "F32", torch.int64: "I64", torch.float16: "F16", torch.bfloat16: "BF16"}


def safetensors(name, state, metadata=None):
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for k, v in state.items():
        raw = (v.view(torch.int16) if v.dtype == torch.bfloat16 else v).contiguous().numpy().tobytes()
        header[k] = {"dtype": kinds[v.dtype], "shape": list(v.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(f"{folder}/{name}.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + data)


safetensors("plain", base, {"format": "pt"})
safetensors("prefixed", prefixed("model.module."))
safetensors("bfloat16", {k: v.bfloat16() if v.is_floating_point() else v for k, v in base.items()})
