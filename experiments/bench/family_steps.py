"""Seconds of a training step of one of tbft's families in stock Python PyTorch at its best: only the tuned parameters require a
gradient, and the faster of the two layouts counts. The networks are the oracles of the tests.

usage: family_steps.py FAMILY BLOCK [--threads 2] [--steps 7] [--batch 128]; FAMILY: a key of FAMILIES; BLOCK: full, block1, ..., fc
Prints one JSON line as step_bench does.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/unit/models"))

# name: (the options of step_bench, the arguments of the oracle, the blocks), each of ten classes at 32 px
FAMILIES = {
    "resnet-cifar": (["--depth", "20"], ("cifar20-A-linear",), 3),
    "resnet": (["--depth", "18", "--variant", "small-stem"], ("small-resnet18",), 4),
    "mobilenet-v2": (["--width", "0.5"], (0.5, 0), 5),
    "vit": (["--width", "1"], (1, 12), 3),
}

LAYOUTS = ("contiguous_format", "channels_last")


def blocks(family):
    return [f"block{i + 1}" for i in range(FAMILIES[family][2])] + ["fc"]


def network(family):
    """The module, and a function that names the block of a parameter."""
    oracle = FAMILIES[family][1]
    if family in ("resnet-cifar", "resnet"):
        import families

        def block(name):
            first = name.split(".")[0]
            return "fc" if first in ("fc", "linear") else "block" + first[5:] if first.startswith("layer") else "block1"

        return families.network(oracle[0], 10), block
    import networks

    width, depth = oracle
    return networks.make(family, width, 32, 10, depth), lambda name: networks.block(family, name, depth)


def seconds(family, tuned, steps, batch, layout):
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    net, block = network(family)
    net = net.to(memory_format=layout).train()
    for name, p in net.named_parameters():
        p.requires_grad = tuned == "full" or block(name) == tuned
    params = [p for p in net.parameters() if p.requires_grad]
    sgd = torch.optim.SGD(params, lr=1e-3, momentum=0.9, weight_decay=5e-4)
    x, y = torch.randn(batch, 3, 32, 32).contiguous(memory_format=layout), torch.randint(0, 10, (batch,))
    times = []
    for _ in range(2 + steps):
        begin = time.perf_counter()
        for p in params:
            p.grad = None
        F.cross_entropy(net(x), y).backward()
        sgd.step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[2:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("block")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--batch", type=int, default=128)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    all_s = {name: seconds(args.family, args.block, args.steps, args.batch, getattr(torch, name)) for name in LAYOUTS}
    print(json.dumps({"family": args.family, "work": args.block, "seconds": min(all_s.values()), "layouts": all_s}))


if __name__ == "__main__":
    main()
