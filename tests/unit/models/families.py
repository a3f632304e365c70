"""Networks in Python PyTorch and torchvision, oracles for models/families.

families.py make FOLDER CASE...   for each case FOLDER/NAME.pth, a state dict with random weights, and NAME.seen.pth: an input and
                                  its logits in eval and in training mode; the bytes that autograd keeps for one image; for the
                                  choices of PARTS with a *, labels, losses and the state after 20 steps of SGD in float64;
                                  NAME.fresh.pth: a network drawn by seed 5
families.py strict FOLDER CASE... loads FOLDER/NAME.back.pth, written elsewhere, with strict=True
families.py released FOLDER FILE  FOLDER/plain.pth and seen.pth of a released checkpoint that nests and prefixes its state dict

CASE: NAME:PIXELS:CLASSES:PARTS;PARTS;... PARTS: the beginnings of the trained parameters' names, with commas; empty: all
NAME: resnet18, resnet50, ... (torchvision's), small-resnet18 (its stem made small), cifarDEPTH-VARIANT (cifar8-B-shortcut-fc)
"""
import copy, sys
import torch, torch.nn as nn, torch.nn.functional as F

BATCH = 2


class Block(nn.Module):
    def __init__(self, cin, cout, stride, shortcut):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.changes, self.grow, self.stride, self.name = stride != 1 or cin != cout, cout - cin, stride, shortcut
        if self.changes and shortcut:
            conv = nn.Conv2d(cin, cout, 1, stride, bias=False)
            self.add_module(shortcut, nn.Sequential(conv, nn.BatchNorm2d(cout)))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.changes and self.name:
            x = getattr(self, self.name)(x)
        elif self.changes:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.grow // 2, self.grow // 2))
        return F.relu(y + x)


class Cifar(nn.Module):
    def __init__(self, depth, classes, shortcut, classifier):
        super().__init__()
        n = (depth - 2) // 6
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        layer = lambda i, o, s: nn.Sequential(*[Block(i if k == 0 else o, o, s if k == 0 else 1, shortcut) for k in range(n)])
        self.layer1, self.layer2, self.layer3 = layer(16, 16, 1), layer(16, 32, 2), layer(32, 64, 2)
        self.add_module(classifier, nn.Linear(64, classes))
        self.classifier = classifier
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(m.weight)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return getattr(self, self.classifier)(F.avg_pool2d(x, x.size(3)).flatten(1))


def network(family, classes):
    if family.startswith('cifar'):
        depth, option, *names = family[len('cifar'):].split('-')
        return Cifar(int(depth), classes, names[0] if option == 'B' else '', names[-1])
    import torchvision
    model = getattr(torchvision.models, family.replace('small-', ''))(num_classes=classes)
    if family.startswith('small-'):
        model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
    return model


def fresh(family, classes):
    torch.manual_seed(5)
    model = network(family, classes)
    for name, b in model.named_buffers():  # a fresh BatchNorm is the identity in eval mode
        if name.endswith('running_mean'):
            b.normal_(0, 0.2)
        elif name.endswith('running_var'):
            b.uniform_(0.5, 2)
    return model


def forward(model, pixels):
    torch.manual_seed(1)
    x = torch.randn(BATCH, 3, pixels, pixels)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with torch.no_grad():
        seen = {'input': x, 'eval': model.eval()(x), 'train': model.train()(x)}
    model.load_state_dict(before)
    return seen


def choose(model, parts):
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(tuple(parts.split(',')))
    return [p for p in model.parameters() if p.requires_grad]


def steps(model, x, classes, parts):
    # In float32 the order of sums flips a ReLU here and there; float64 compares the networks rather than the rounding.
    model, x, labels = copy.deepcopy(model).double().train(), x.double(), torch.arange(BATCH) % classes
    sgd = torch.optim.SGD(choose(model, parts), lr=0.01, momentum=0.9, weight_decay=5e-4)
    losses = []
    for _ in range(20):
        sgd.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        sgd.step()
        losses.append(loss.detach())
    return {'labels': labels, 'losses': torch.stack(losses), **{f'after.{k}': v for k, v in model.state_dict().items()}}


def address(t):  # of the storage; torch 2 warns of storage()
    return (t.untyped_storage if hasattr(t, 'untyped_storage') else t.storage)().data_ptr()


def saved(model, x, parts):
    model = copy.deepcopy(model).train()
    choose(model, parts)
    own = {address(t) for t in model.state_dict().values()}
    kept = {}

    def keep(t):  # a map counts once however many operations keep it; per-channel statistics do not count
        if t.dim() in (2, 4) and address(t) not in own and t.size(0) == BATCH:
            kept[address(t)] = t.numel() * t.element_size() // BATCH
        return t

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        logits = model(x)
    return torch.tensor(sum(kept.values()))


def make(folder, *cases):
    for case in cases:
        name, pixels, classes, choices = case.split(':')
        torch.manual_seed(5)
        torch.save(network(name, int(classes)).state_dict(), f'{folder}/{name}.fresh.pth')
        model = fresh(name, int(classes))
        torch.save(model.state_dict(), f'{folder}/{name}.pth')
        seen = forward(model, int(pixels))
        for i, choice in enumerate(choices.split(';')):
            parts = choice.rstrip('*')
            seen[f'saved.{i}'] = saved(model, seen['input'], parts)
            if choice.endswith('*'):
                seen.update((f'{i}.{k}', v) for k, v in steps(model, seen['input'], int(classes), parts).items())
        torch.save(seen, f'{folder}/{name}.seen.pth')


def strict(folder, *cases):
    for case in cases:
        name, _, classes, _ = case.split(':')
        network(name, int(classes)).load_state_dict(torch.load(f'{folder}/{name}.back.pth'), strict=True)


def released(folder, file):
    state = {name.replace('module.', ''): t for name, t in torch.load(file, map_location='cpu')['state_dict'].items()}
    model = network(f"cifar{file.split('resnet')[-1].split('.')[0]}-A-linear", 10)
    model.load_state_dict(state, strict=True)
    torch.save(state, f'{folder}/plain.pth')
    torch.save(forward(model, 32), f'{folder}/seen.pth')


if __name__ == '__main__':
    globals()[sys.argv[1]](*sys.argv[2:])
