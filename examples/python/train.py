"""Fine-tunes one block of a small ResNet on drifted images: an ordinary training script, which knows nothing of power.

Usage: train.py [--block block2] [--epochs 3] [--images 512]

The network is the ResNet-26 for 32-pixel images of the paper (three groups of four blocks, 16, 32 and 64 channels). Images and
weights are made up, so nothing is downloaded; the accuracy is of no interest.
"""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Residual(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(before, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))
        self.short = nn.Identity() if before == channels else nn.Sequential(
            nn.Conv2d(before, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        return torch.relu(self.path(x) + self.short(x))


class ResNet26(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.block1, self.block2, self.block3 = (self.group(*sizes) for sizes in ((16, 16, 1), (16, 32, 2), (32, 64, 2)))
        self.fc = nn.Linear(64, 10)

    @staticmethod
    def group(before, channels, stride):
        return nn.Sequential(Residual(before, channels, stride), *(Residual(channels, channels, 1) for _ in range(3)))

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.stem(x))))
        return self.fc(x.mean((2, 3)))


def drifted_images(n):
    """Ten classes: a colour each, under noise."""
    labels = torch.randint(10, (n,))
    colours = torch.rand(10, 3, 1, 1)
    return TensorDataset(colours[labels] + 0.3 * torch.randn(n, 3, 32, 32), labels)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--block", default="block2", choices=["block1", "block2", "block3", "fc"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--images", type=int, default=512)
    args = parser.parse_args()
    torch.manual_seed(0)
    half = args.images // 2
    train, test = torch.utils.data.random_split(drifted_images(args.images), [half, args.images - half])
    train, test = DataLoader(train, batch_size=32, shuffle=True), DataLoader(test, batch_size=256)

    model = ResNet26()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(args.block)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05, momentum=0.9)
    for epoch in range(args.epochs):
        model.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
        model.eval()
        correct = 0
        with torch.no_grad():
            for images, labels in test:
                correct += (model(images).argmax(1) == labels).sum().item()
        right_pct = 100 * correct / len(test.dataset)
        print(f"epoch {epoch + 1}: loss {loss.item():.2f}, {right_pct:.1f} % of the test images are right")


if __name__ == "__main__":
    main()
