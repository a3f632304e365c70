"""The paper's protocol in Python PyTorch, written from its description: the oracle of the trainer's tests.

usage: paper_protocol.py prepare DIR          writes DIR/base.pth, a network trained for a few steps
       paper_protocol.py compare DIR          trains as DIR/cases.json says and compares with what tbft left in DIR
Every parameter requires a gradient here and the optimiser holds the tuned ones, as the published scripts do.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        y = self.conv2(F.relu(self.bn2(y)))
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        if self.added:
            x = F.pad(x, (0, 0, 0, 0, 0, self.added))
        return x + y


def stage(inputs, outputs, stride):
    return nn.Sequential(Block(inputs, outputs, stride), *(Block(outputs, outputs, 1) for _ in range(3)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.bn, self.fc = nn.BatchNorm2d(64), nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.layer3(self.layer2(self.layer1(self.conv1(x))))))
        return self.fc(F.avg_pool2d(x, 8).flatten(1))


TUNED = {"full": lambda m: [m], "block1": lambda m: [m.conv1, m.layer1], "block2": lambda m: [m.layer2],
         "block3": lambda m: [m.layer3], "fc": lambda m: [m.fc], "bn-stats": lambda m: [], "none": lambda m: []}


class Adam(torch.optim.Optimizer):
    """By its formula, operation by operation as libtorch's C++ has it. Since 2.0 torch.optim's own rounds the first moment otherwise (lerp), and where
    a gradient is near zero, as tent's are, a step of Adam is as large as anywhere, in a direction that rounding decides."""

    def __init__(self, groups, lr, weight_decay):
        super().__init__(groups, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state.update(steps=0, mean=torch.zeros_like(p), square=torch.zeros_like(p))
                state["steps"] += 1
                gradient = p.grad.add(p, alpha=group["weight_decay"]) if group["weight_decay"] else p.grad
                state["mean"].mul_(0.9).add_(gradient, alpha=1 - 0.9)
                state["square"].mul_(0.999).addcmul_(gradient, gradient, value=1 - 0.999)
                correction, root = 1 - 0.9 ** state["steps"], (1 - 0.999 ** state["steps"]) ** 0.5
                p.addcdiv_(state["mean"], (state["square"].sqrt() / root).add_(1e-8), value=-group["lr"] / correction)


def batchnorms(net):
    return [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]


TUNED["bn-affine"] = TUNED["tent"] = batchnorms
TUNED["l1-sp"] = TUNED["full"]
PROBE_BATCHES = 5


def relative_rates(net, parameters, case, x, y, index, epoch):
    """auto-rgn's: mean over mini-batches of |g| / |theta| in eval mode, over the largest."""
    net.eval()
    order = index[np.random.RandomState(case["seed"] * 1000003 + epoch).permutation(len(index))]
    ratios = []
    for batch in order.split(case["batch"])[:PROBE_BATCHES]:
        net.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        ratios.append([(p.grad.double().norm() / p.detach().double().norm()).item() if p.detach().any() else 0 for p in parameters])
    mean = np.mean(ratios, 0)
    return mean / mean.max()


def validation_loss(net, x, y):
    net.eval()
    with torch.no_grad():
        return F.cross_entropy(net(x), y).item()


def train(net, case, x, y, split):
    strategy = case["strategy"]
    if strategy == "auto-rgn":
        parameters = [p for name, p in net.named_parameters() if "bn" not in name]
    else:
        parameters = [p for part in TUNED[strategy](net) for p in part.parameters()]
    start = [p.detach().clone() for p in parameters]
    optimiser = None
    if parameters:
        adam = case["optimizer"] == "adam" or strategy == "tent"
        make = Adam if adam else lambda p, **k: torch.optim.SGD(p, momentum=0.9, **k)
        optimiser = make([{"params": [p]} for p in parameters], lr=case["lr"], weight_decay=0 if strategy == "tent" else 5e-4)
    generator = torch.Generator().manual_seed(case["seed"])
    index, val = torch.tensor(split["train"]), torch.tensor(split["val"])
    best = (float("inf"), None)
    for epoch in range(case["epochs"]):
        if strategy == "auto-rgn":
            for group, rate in zip(optimiser.param_groups, relative_rates(net, parameters, case, x, y, index, epoch)):
                group["lr"] = case["lr"] * rate
        net.train()
        shuffled = index[torch.randperm(len(index), generator=generator)]
        for batch in shuffled.split(case["batch"]):
            if optimiser is None:
                with torch.no_grad():
                    net(x[batch])
                continue
            optimiser.zero_grad()
            logits = net(x[batch])
            if strategy == "tent":
                loss = -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()
            else:
                loss = F.cross_entropy(logits, y[batch])
            if strategy == "l1-sp":
                loss = loss + 1e-3 * sum((p - p0).abs().sum() for p, p0 in zip(parameters, start))
            loss.backward()
            optimiser.step()
        loss = validation_loss(net, x[val], y[val])
        if loss < best[0]:
            best = (loss, {k: v.clone() for k, v in net.state_dict().items()})
    return best


def images(folder):
    pixels = np.fromfile(folder / "pixels.bin", np.uint8).reshape(-1, 32, 32, 3)
    y = torch.from_numpy(np.fromfile(folder / "labels.bin", np.int64))
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255 - 0.5) / 0.5, y


def compare(folder):
    cases = json.loads((folder / "cases.json").read_text())
    x, y = images(folder)
    wrong = 0
    trained = {}  # both layouts of a case are held against one training
    for case in cases["cases"]:
        key = json.dumps({k: v for k, v in case.items() if k not in ("file", "layout", "val_loss")}, sort_keys=True)
        if key not in trained:
            net = Net()
            net.load_state_dict(torch.load(folder / "base.pth"))
            trained[key] = train(net, case, x, y, cases["split"])
        loss, state = trained[key]
        ours = torch.load(folder / case["file"])
        if list(ours) != list(state):
            sys.exit(f"{case['file']}: other names")
        loss_error = abs(loss - case["val_loss"]) / loss
        # The same layout gives the same floats. Another one sums in another order; statistics are compared relative to
        # their size.
        learned = max((ours[k] - state[k]).abs().max().item() for k in state if "running" not in k and "tracked" not in k)
        running = max(((ours[k] - state[k]).abs() / state[k].abs().clamp(min=1)).max().item() for k in state if "running" in k)
        exact = case["layout"] == "contiguous"
        counters = all(ours[k].item() == state[k].item() for k in state if "tracked" in k)
        good = (loss_error < (1e-6 if exact else 1e-3) and learned < (1e-6 if exact else 5e-4)
                and running < (1e-6 if exact else 1e-3) and counters)
        wrong += not good
        print(f"{case['file']}: loss differs by {loss_error:.1e}, weights by {learned:.1e}, statistics by {running:.1e}, counters "
              f"{'equal' if counters else 'DIFFER'}{'' if good else '  <-- WRONG'}")
    sys.exit(wrong)


folder = pathlib.Path(sys.argv[2])
torch.manual_seed(7)
torch.set_num_threads(1)
if sys.argv[1] == "prepare":
    # A base model that has learned something, as real ones have: under random weights two summation orders drift apart.
    net = Net().train()
    x, y = images(folder)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for batch in torch.randperm(len(x)).repeat(2).split(64):
        optimiser.zero_grad()
        F.cross_entropy(net(x[batch]), y[batch]).backward()
        optimiser.step()
    torch.save(net.state_dict(), folder / "base.pth")
else:
    compare(folder)
