"""Training steps of the families in Python PyTorch (networks.py), by plain SGD with momentum as tbft's trainer takes them.

usage: family_steps.py prepare DIR          writes DIR/FAMILY.pth for each network of DIR/cases.json, trained for a few steps
       family_steps.py compare DIR          trains as DIR/cases.json says and compares with what tbft left in DIR
"""
import json, pathlib, sys
import numpy as np
import torch, torch.nn as nn, torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'models'))
import networks

torch.set_num_threads(1)  # threads that wait for each other beside other tests cost more than they give
IMAGENET = ((.485, .456, .406), (.229, .224, .225))
NORMALISED_BY = {'mobilenet-v2': IMAGENET, 'vit': ((.5,) * 3, (.5,) * 3)}


def network(case):
    return networks.make(case['family'], case['width'], 32, 10, case['depth'])


def images(family):
    pixels = np.fromfile(folder / 'pixels.bin', np.uint8).reshape(-1, 32, 32, 3)
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in NORMALISED_BY[family])
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255
    return (x - mean) / deviation, torch.from_numpy(np.fromfile(folder / 'labels.bin', np.int64))


def prepare(cases):
    for case in {case['family']: case for case in cases}.values():
        torch.manual_seed(7)
        net = network(case).train()
        x, y = images(case['family'])
        # Norms and biases of their own, so that each parameter matters.
        for name, p in net.named_parameters():
            if p.dim() == 1 or name == 'cls_token':
                p.data.add_(torch.randn_like(p) * 0.1)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        for batch in torch.randperm(len(x))[:48].split(16):
            optimiser.zero_grad()
            F.cross_entropy(net(x[batch]), y[batch]).backward()
            optimiser.step()
        torch.save(net.state_dict(), folder / f"{case['family']}.pth")


def tuned(net, case):
    if case['strategy'] in ('full', 'bn-stats'):
        return list(net.parameters()) if case['strategy'] == 'full' else []
    if case['strategy'] == 'bn-affine':
        return [p for m in net.modules() if isinstance(m, (nn.BatchNorm2d, nn.LayerNorm)) for p in m.parameters()]
    return [p for name, p in net.named_parameters() if networks.block(case['family'], name, case['depth']) == case['strategy']]


def train(case, split):
    net = network(case)
    net.load_state_dict(torch.load(folder / f"{case['family']}.pth"))
    x, y = images(case['family'])
    parameters = tuned(net, case)
    optimiser = torch.optim.SGD(parameters, lr=case['lr'], momentum=0.9, weight_decay=5e-4) if parameters else None
    generator = torch.Generator().manual_seed(case['seed'])
    index, val = torch.tensor(split['train']), torch.tensor(split['val'])
    net.train()
    for batch in index[torch.randperm(len(index), generator=generator)].split(case['batch']):
        with torch.set_grad_enabled(optimiser is not None):
            loss = F.cross_entropy(net(x[batch]), y[batch])
        if optimiser is not None:
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        return F.cross_entropy(net.eval()(x[val]), y[val]).item(), net.state_dict()


def compare(cases, split):
    wrong = 0
    for case in cases:
        loss, state = train(case, split)
        ours = torch.load(folder / case['file'])
        if list(ours) != list(state):
            sys.exit(f"{case['file']}: other names")
        loss_error = abs(loss - case['val_loss']) / loss
        learned = max((ours[k] - state[k]).abs().max().item() for k in state if 'running' not in k and 'tracked' not in k)
        running = max([((ours[k] - state[k]).abs() / state[k].abs().clamp(min=1)).max().item() for k in state if 'running' in k], default=0)
        counters = all(ours[k].item() == state[k].item() for k in state if 'tracked' in k)
        good = loss_error < 1e-3 and learned < 5e-4 and running < 1e-3 and counters
        wrong += not good
        print(f"{case['file']}: loss differs by {loss_error:.1e}, weights by {learned:.1e}, statistics by {running:.1e}, counters "
              f"{'equal' if counters else 'DIFFER'}{'' if good else '  <-- WRONG'}")
    sys.exit(wrong)


folder = pathlib.Path(sys.argv[2])
torch.set_num_threads(1)
plan = json.loads((folder / 'cases.json').read_text())
prepare(plan['cases']) if sys.argv[1] == 'prepare' else compare(plan['cases'], plan['split'])
