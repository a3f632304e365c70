"""The network in Python PyTorch, an oracle for models/resnet.cpp.

network.py init SEED PIXELS CLASSES OUT           the state dict of a fresh network
network.py forward CHECKPOINT PIXELS CLASSES OUT  one input, its stages in eval mode and its logits in training mode
network.py step CHECKPOINT PIXELS CLASSES OUT     gradients and state of one training step, in float64
network.py saved PIXELS CLASSES                   bytes that autograd keeps for one sample: everything, then each block alone
"""
import math, sys
import torch, torch.nn as nn, torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(cin), nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(cout), nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.stride, self.grow = stride, cout - cin

    def forward(self, x):
        y = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        if self.stride != 1:
            x = F.avg_pool2d(x, self.stride)
        if self.grow:
            x = torch.cat([x, x.new_zeros(x.size(0), self.grow, x.size(2), x.size(3))], 1)
        return x + y


class Network(nn.Module):
    def __init__(self, pixels, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        stage = lambda i, o, s: nn.Sequential(Block(i, o, s), *[Block(o, o, 1) for _ in range(3)])
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.bn, self.fc = nn.BatchNorm2d(64), nn.Linear(64 * (pixels // 32) ** 2, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                m.weight.data.normal_(0, math.sqrt(2 / (9 * m.out_channels)))

    def stages(self, x):
        yield (x := self.layer1(self.conv1(x)))
        yield (x := self.layer2(x))
        yield (x := self.layer3(x))
        yield (x := F.avg_pool2d(F.relu(self.bn(x)), 8).flatten(1))
        yield self.fc(x)

    def forward(self, x):
        return list(self.stages(x))[-1]


def init(seed, pixels, classes, out):
    torch.manual_seed(int(seed))
    torch.save(Network(int(pixels), int(classes)).state_dict(), out)


def loaded(checkpoint, pixels, classes):
    model = Network(pixels, classes)
    model.load_state_dict(torch.load(checkpoint, map_location='cpu'))
    torch.manual_seed(1)
    return model, torch.randn(2, 3, pixels, pixels), torch.randint(0, classes, (2,))


def forward(checkpoint, pixels, classes, out):
    model, x, _ = loaded(checkpoint, int(pixels), int(classes))
    with torch.no_grad():
        seen = {f'eval.{i}': y for i, y in enumerate(model.eval().stages(x))}
        torch.save({'input': x, 'train': model.train()(x), **seen}, out)


def step(checkpoint, pixels, classes, out):
    # In float32 the order of sums flips a ReLU here and there; float64 compares the networks rather than the rounding.
    model, x, labels = loaded(checkpoint, int(pixels), int(classes))
    model, x = model.double().train(), x.double()
    loss = F.cross_entropy(model(x), labels)
    loss.backward()
    seen = {'input': x, 'labels': labels, 'loss': loss.detach()}
    seen.update((f'grad.{k}', p.grad) for k, p in model.named_parameters())
    torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4).step()
    seen.update((f'after.{k}', v) for k, v in model.state_dict().items())
    torch.save(seen, out)


def address(t):  # of the storage; torch 2 warns of storage()
    return (t.untyped_storage if hasattr(t, 'untyped_storage') else t.storage)().data_ptr()


def saved(pixels, classes):
    pixels, classes = int(pixels), int(classes)
    for parts in ('', 'conv1 layer1', 'layer2', 'layer3', 'fc'):
        model = Network(pixels, classes).train()
        for name, p in model.named_parameters():
            p.requires_grad = not parts or name.split('.')[0] in parts.split()
        own = {address(t) for t in model.state_dict().values()}
        kept = {}

        def keep(t):  # one batch of 2; a map counts once however many operations keep it, per-channel statistics do not count
            if t.dim() in (2, 4) and address(t) not in own and t.dtype == torch.float32 and t.size(0) == 2:
                kept[address(t)] = t.numel() * 4 // 2
            return t

        # The logits that log_softmax keeps belong to the loss, not to the network.
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            logits = model(torch.randn(2, 3, pixels, pixels))
        print(sum(kept.values()))
        del logits


if __name__ == '__main__':
    globals()[sys.argv[1]](*sys.argv[2:])
