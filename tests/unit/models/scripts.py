"""TorchScript files for the tests of models/script, and what Python's own run of them gives.

scripts.py preact STATE PIXELS CLASSES DEPTH OUT   the paper's network with the weights of a state dict, or random ones for ""
scripts.py one NAME OUT [NUMBER...]                one of the networks below, by its class and the arguments of that
scripts.py marking FOLDER OUT                      a program that leaves files in the folder
scripts.py all FOLDER                              every network below as NAME.pt, with NAME.seen.pth: an input, its logits in
                                                   both modes, gradients and buffers of one step
"""
import sys
import torch, torch.nn as nn, torch.nn.functional as F

from network import Block


class Preact(nn.Module):
    """The network of network.py, in words that torch.jit.script knows."""

    def __init__(self, pixels, classes, depth):
        super().__init__()
        stage = lambda i, o, s: nn.Sequential(Block(i, o, s), *[Block(o, o, 1) for _ in range((depth - 2) // 6 - 1)])
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.bn, self.fc = nn.BatchNorm2d(64), nn.Linear(64 * (pixels // 32) ** 2, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(F.avg_pool2d(F.relu(self.bn(x)), 8).flatten(1))


def small(cin, cout, stride=2):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, stride, 1), nn.BatchNorm2d(cout), nn.ReLU())


class Chain(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.body = small(3, 8), small(8, 12)
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


class Branches(Chain):
    """Two branches from one map: no place between them where one tensor alone passes."""

    def __init__(self):
        super().__init__()
        self.other = small(8, 12)

    def forward(self, x):
        x = self.stem(x)
        return self.head((self.body(x) + self.other(x)).mean((2, 3)))


class Lists(nn.Module):
    """A list that grows from block to block (as DenseNet's) passes beside the map."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.head = small(3, 4, 1), small(7, 4, 1), nn.Linear(11, 5)

    def forward(self, x):
        seen = [x]
        seen.append(self.one(torch.cat(seen, 1)))
        seen.append(self.two(torch.cat(seen, 1)))
        return self.head(torch.cat(seen, 1).mean((2, 3)))


class Folding(Chain):
    """What body gets has the pixels of all images in its first dimension."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 12)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        return self.head(self.body(x.reshape(-1, 8)).reshape(-1, 256, 12).mean(1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.norm = nn.Conv2d(3, 16, 8, 8), nn.LayerNorm(16)
        self.place = nn.Parameter(torch.randn(1, 16, 16) / 9)
        self.qkv, self.proj, self.head = nn.Linear(16, 48), nn.Linear(16, 16), nn.Linear(16, 5)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) + self.place
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        x = x + self.proj((q @ k.transpose(1, 2)).softmax(-1) @ v)
        return self.head(x.mean(1))


class Mark(nn.Module):
    """Leaves a file as soon as it is loaded."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def forward(self, x):
        return x

    @torch.jit.export
    def __getstate__(self):
        return self.folder, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):
        torch.save(torch.zeros(1), state[0] + '/loaded')
        self.folder, self.training = state


class Marking(Chain):
    """Leaves another when it runs."""

    def __init__(self, folder):
        super().__init__()
        self.mark, self.folder = Mark(folder), folder

    def forward(self, x):
        torch.save(x, self.folder + '/run')
        return self.head(self.body(self.stem(self.mark(x))).mean((2, 3)))


class Tied(Chain):
    def __init__(self):
        super().__init__()
        self.head2 = nn.Linear(12, 5)
        self.head2.weight = self.head.weight

    def forward(self, x):
        x = self.body(self.stem(x)).mean((2, 3))
        return self.head(x) + self.head2(x)


class Dropping(Preact):
    """Dropout behind layer1 and before the classifier."""

    def __init__(self):
        super().__init__(32, 10, 8)
        self.drop1, self.drop = nn.Dropout(0.3), nn.Dropout(0.5)

    def forward(self, x):
        x = self.layer3(self.layer2(self.drop1(self.layer1(self.conv1(x)))))
        return self.fc(self.drop(F.avg_pool2d(F.relu(self.bn(x)), 8).flatten(1)))


class Renamed(nn.Module):
    """A BatchNorm whose weight is not called so."""

    def __init__(self):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.rand(12)), nn.Parameter(torch.zeros(12))
        self.register_buffer('running_mean', torch.zeros(12))
        self.register_buffer('running_var', torch.ones(12))

    def forward(self, x):
        return F.batch_norm(x, self.running_mean, self.running_var, self.gamma, self.beta, self.training)


class OtherNames(Chain):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 1), Renamed(), nn.ReLU())


class Two(Chain):
    def forward(self, x):
        x = self.body(self.stem(x)).mean((2, 3))
        return self.head(x), x


class Viewing(Chain):
    def __init__(self, classes=5):
        super().__init__()
        self.head = nn.Linear(12 * 64, classes)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).view(x.size(0), -1))


class Spare(Preact):
    """A parameter that the loss does not reach."""

    def __init__(self):
        super().__init__(32, 10, 8)
        self.spare = nn.Linear(2, 3)


class Oblong(Chain):
    """No kernel is a square."""

    def __init__(self):
        super().__init__()
        self.stem[0], self.body[0] = nn.Conv2d(3, 8, (1, 3), 2, (0, 1)), nn.Conv2d(8, 12, (1, 3), 2, (0, 1))


class OblongStem(Chain):
    """The first kernel is no square."""

    def __init__(self):
        super().__init__()
        self.stem[0] = nn.Conv2d(3, 8, (1, 3), 2, (0, 1))


class Masked(Chain):
    """An infinite buffer, as of an attention that does not look ahead."""

    def __init__(self):
        super().__init__()
        self.body.register_buffer('mask', torch.full((2,), float('-inf')))


class Bare(Chain):
    """A BatchNorm beside the modules."""

    def __init__(self):
        super().__init__()
        self.register_buffer('running_mean', torch.zeros(8))
        self.register_buffer('running_var', torch.ones(8))

    def forward(self, x):
        x = F.batch_norm(self.stem(x), self.running_mean, self.running_var, training=self.training)
        return self.head(self.body(x).mean((2, 3)))


def export(net, out):
    # A fresh BatchNorm is the identity in eval mode.
    for name, buffer in net.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(0, 0.2)
        if name.endswith('running_var'):
            buffer.uniform_(0.5, 2)
    torch.jit.script(net).save(out)


def preact(state, pixels, classes, depth, out):
    net = Preact(int(pixels), int(classes), int(depth))
    if not state:
        return export(net, out)
    net.load_state_dict(torch.load(state))
    torch.jit.script(net).save(out)


def write_seen(script, out):
    net, x = torch.jit.load(script), torch.randn(3, 3, 32, 32)
    labels = torch.tensor([0, 1, 2])
    result = {'input': x, 'labels': labels, 'eval': net.eval()(x).detach()}
    logits = net.train()(x)
    F.cross_entropy(logits, labels).backward()
    result.update((f'grad.{name}', p.grad) for name, p in net.named_parameters())
    result.update((f'after.{name}', b) for name, b in net.named_buffers())
    torch.save({**result, 'train': logits.detach()}, out)


def marking(folder, out):
    torch.jit.script(Marking(folder)).save(out)


def one(name, out, *numbers):
    export(globals()[name](*map(int, numbers)), out)


def all(folder):
    for net in Chain(), Branches(), Lists(), Folding(), Attention(), Viewing(), Tied(), Two():
        export(net, f'{folder}/{type(net).__name__}.pt')
    preact('', 32, 10, 8, f'{folder}/Preact.pt')
    preact('', 32, 10, 26, f'{folder}/Preact26.pt')
    for name in 'Chain', 'Branches', 'Lists', 'Folding', 'Attention', 'Preact':
        write_seen(f'{folder}/{name}.pt', f'{folder}/{name}.seen.pth')
    marking(folder, f'{folder}/Marking.pt')
    export(OtherNames(), f'{folder}/OtherNames.pt')
    torch.jit.trace(Chain().eval(), torch.rand(1, 3, 32, 32)).save(f'{folder}/traced.pt')
    torch.jit.freeze(torch.jit.script(Chain().eval())).save(f'{folder}/frozen.pt')
    one('Masked', f'{folder}/Masked.pt')
    one('Bare', f'{folder}/Bare.pt')
    for name, value in ('body.0.weight', float('nan')), ('body.1.running_var', float('inf')):
        net = torch.jit.load(f'{folder}/Chain.pt')
        net.state_dict()[name].fill_(value)
        net.save(f'{folder}/{name}.pt')


if __name__ == '__main__':
    torch.manual_seed(5)
    torch.set_num_threads(1)
    globals()[sys.argv[1]](*sys.argv[2:])
