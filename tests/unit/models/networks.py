"""Networks of the families in Python PyTorch: the oracles of their tests. MobileNetV2 is torchvision's own; ViT is written from timm's names and shapes.

make(family, width, pixels, classes, depth) -> module; blocks(family, net) -> {block: module names' prefixes}
"""
import torch, torch.nn as nn, torch.nn.functional as F


def mobilenet_v2(width, pixels, classes, depth):
    import torchvision
    # t, c, n, s of the paper's table 2; at 32 px the usual strides are 1 in the first convolution and in the second stage.
    small = pixels == 32
    stages = [[1, 16, 1, 1], [6, 24, 2, 1 if small else 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]
    net = torchvision.models.MobileNetV2(num_classes=classes, width_mult=width, inverted_residual_setting=stages, dropout=0)
    if small:
        net.features[0][0].stride = (1, 1)
    return net


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        products = (q * self.scale) @ k.transpose(-2, -1)
        x = products.softmax(-1) @ v
        self.macs = products.numel() // n * (d // self.heads) + x.numel() // n * t
        return self.proj(x.transpose(1, 2).reshape(n, t, d))


class Mlp(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim, eps=1e-6), Attention(dim, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim, eps=1e-6), Mlp(dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Patches(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class ViT(nn.Module):
    def __init__(self, dim, heads, patch, pixels, classes, depth):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.randn(1, (pixels // patch) ** 2 + 1, dim) * .02)
        self.patch_embed = Patches(dim, patch)
        self.blocks = nn.Sequential(*[Layer(dim, heads) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, classes)

    def forward(self, x):
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), self.patch_embed(x)], 1) + self.pos_embed
        # timm's norm goes over all tokens and then drops all but the class token; each token's norm is its own.
        return self.head(self.norm(self.blocks(x)[:, 0]))


def vit(width, pixels, classes, depth):
    dim = int(192 * width)
    return ViT(dim, dim // 64, 4 if pixels == 32 else 16, pixels, classes, depth)


FAMILIES = {'mobilenet-v2': mobilenet_v2, 'vit': vit}


def make(family, width, pixels, classes, depth):
    return FAMILIES[family](float(width), int(pixels), int(classes), int(depth))


def block(family, name, depth):
    """The block of a parameter or module; '' if it has none."""
    parts = name.split('.')
    if parts[0] in ('classifier', 'head'):
        return 'fc'
    if family == 'mobilenet-v2':
        return f'block{1 + sum(int(parts[1]) >= first for first in (2, 4, 7, 14))}'
    if parts[0] == 'norm':
        return ''
    return f'block{1 + 3 * int(parts[1]) // depth}' if parts[0] == 'blocks' else 'block1'
