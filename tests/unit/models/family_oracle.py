"""family_oracle.py COMMAND FOLDER CASE...   where a case is FAMILY,WIDTH,PIXELS,CLASSES,DEPTH and N its number, from 0

make     writes N.pth, random weights with statistics and norms that matter, and N.seen.pth, an input and its logits in eval and in training mode
strict   loads N.ours.pth strictly and compares its logits with those of N.seen.pth
fresh    writes N.fresh.pth, the weights of a new network after torch.manual_seed(5)
cost     prints for each case a line of bytes that autograd keeps for one image (everything, then each block alone) and a line
         of blocks and their multiply-accumulates as hooks count them
"""
import sys
import torch, torch.nn as nn
from networks import block, make


class Case:
    def __init__(self, file, text):
        self.file = file
        self.family, self.width, pixels, classes, depth = text.split(',')
        self.pixels, self.classes, self.depth = int(pixels), int(classes), int(depth)

    def network(self):
        return make(self.family, self.width, self.pixels, self.classes, self.depth)

    def load(self, suffix):
        return torch.load(f'{self.file}.{suffix}', map_location='cpu')

    def save(self, what, suffix):
        torch.save(what, f'{self.file}.{suffix}')

    def block(self, name):
        return block(self.family, name, self.depth)

    def blocks(self):  # in the order of the forward pass, without parameters of no block
        found = {}
        for name, _ in self.network().named_parameters():
            if self.block(name):
                found.setdefault(self.block(name), []).append(name)
        return found


def fresh(case):
    torch.manual_seed(5)
    case.save(case.network().state_dict(), 'fresh.pth')


def make_weights(case):
    torch.manual_seed(3)
    net = case.network()
    for name, t in net.state_dict().items():
        if name.endswith('running_var'):
            t.uniform_(0.5, 2)
        elif name.endswith('running_mean'):
            t.normal_(0, 0.2)
        elif t.dim() == 1:
            t.normal_(1 if name.endswith('weight') else 0, 0.2)
        elif name.endswith('token'):
            t.normal_(0, 0.2)
    case.save(net.state_dict(), 'pth')
    x = torch.randn(2, 3, case.pixels, case.pixels)
    with torch.no_grad():
        case.save({'input': x, 'eval': net.eval()(x), 'train': net.train()(x)}, 'seen.pth')


def strict(case):
    net = case.network()
    net.load_state_dict(case.load('ours.pth'), strict=True)
    seen = case.load('seen.pth')
    with torch.no_grad():
        difference = (net.eval()(seen['input']) - seen['eval']).abs().max().item()
    assert difference < 1e-6, f'{case.file}: logits differ by {difference}'


def macs(case):
    net = case.network()
    total = {name: 0 for name in case.blocks()}

    def count(name):
        def hook(module, inputs, output):
            if isinstance(module, nn.Conv2d):
                total[case.block(name)] += output.numel() * module.weight[0].numel()
            elif isinstance(module, nn.Linear):
                total[case.block(name)] += output.numel() * module.in_features
            elif hasattr(module, 'macs'):
                total[case.block(name)] += module.macs
        return hook

    for name, module in net.named_modules():
        module.register_forward_hook(count(name))
    with torch.no_grad():
        net.eval()(torch.randn(1, 3, case.pixels, case.pixels))
    return ' '.join(f'{name} {value}' for name, value in total.items())


def address(t):  # of the storage; torch 2 warns of storage()
    return (t.untyped_storage if hasattr(t, 'untyped_storage') else t.storage)().data_ptr()


def saved(case, tuned):
    # torch 1.13 keeps the input of a mean only for its shape; a sum does without.
    nn.functional.adaptive_avg_pool2d = lambda x, size: x.sum((2, 3), keepdim=True) / x[0, 0].numel()
    net = case.network().train()
    for name, p in net.named_parameters():
        p.requires_grad = tuned is None or name in tuned
    own = {address(t) for t in net.state_dict().values()}
    kept = {}

    def keep(t):  # one batch of 2; a map counts once however many operations keep it, per-channel statistics do not count
        # Attention's products merge images and heads into one dimension.
        if t.dim() >= 2 and address(t) not in own and t.dtype == torch.float32 and t.size(0) % 2 == 0:
            kept[address(t)] = t.numel() * 4 // 2
        return t

    # The logits that log_softmax keeps belong to the loss, not to the network.
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        logits = net(torch.randn(2, 3, case.pixels, case.pixels))
    return sum(kept.values())


def cost(case):
    print(*[saved(case, tuned) for tuned in [None, *case.blocks().values()]])
    print(macs(case))


command, folder, *cases = sys.argv[1:]
for number, text in enumerate(cases):
    {'make': make_weights, 'strict': strict, 'fresh': fresh, 'cost': cost}[command](Case(f'{folder}/{number}', text))
