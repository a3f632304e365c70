"""observe_oracle.py BASE IMAGES OUT: makes a network of 4 classes, and tells what its BatchNorms see of the images (raw bytes, NHWC).

An oracle for harness/training/observe.cpp: forward hooks, batch moments over the whole batch in float64.
"""
import json, os, sys
import numpy as np, torch
import torch.nn as nn

base, images, out = sys.argv[1:]
models = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'models')
sys.path.insert(0, models)
sys.argv = ['network.py', 'init', '3', '32', '4', base]
import network  # makes the state dict

model = network.Network(32, 4)
torch.manual_seed(5)
for layer in model.modules():  # running statistics that differ from layer to layer
    if isinstance(layer, nn.BatchNorm2d):
        layer.running_mean.normal_(0, 0.2)
        layer.running_var.uniform_(0.5, 2)
torch.save(model.state_dict(), base)
model.eval()
layers = []


def watch(name, layer):
    def hook(_, inputs):
        x = inputs[0].double()
        mean, square = x.mean((2, 3)), (x * x).mean((2, 3))
        m, v = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False).clamp(min=1e-6)
        p = torch.distributions.Normal(m, v.sqrt())
        q = torch.distributions.Normal(layer.running_mean.double(), layer.running_var.double().sqrt())
        layers.append({'name': name, 'mean': mean.flatten().tolist(), 'mean_square': square.flatten().tolist(),
                       'running_var': layer.running_var.tolist(),
                       'divergence': torch.distributions.kl_divergence(p, q).mean().item()})
    layer.register_forward_pre_hook(hook)


for name, layer in model.named_modules():
    if isinstance(layer, nn.BatchNorm2d):
        watch(name, layer)
pixels = np.fromfile(images, np.uint8).reshape(-1, 32, 32, 3)
with torch.no_grad():
    logits = model(torch.from_numpy((pixels.astype(np.float32) / 255 - 0.5) / 0.5).permute(0, 3, 1, 2))
order = [n for n, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)]
layers.sort(key=lambda entry: order.index(entry['name']))
json.dump({'logits': logits.flatten().tolist(), 'layers': layers}, open(out, 'w'))
