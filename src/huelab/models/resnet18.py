"""ResNet-18 as an encoder of gray pictures, and the dynamic U-Net that fastai builds around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.models.layers import channels, he


class BasicBlock(nn.Module):
    """Two 3x3 convolutions added to their input (He et al. 2016), under the names that files of weights use."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))
            if stride != 1 or inputs != outputs
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / stride, W / stride)."""
        straight = x if self.downsample is None else self.downsample(x)
        inside = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inside)) + straight)


class Encoder(nn.Module):
    """ResNet-18 of one input channel without its classifier; its state has the names of timm's and torchvision's."""

    def __init__(self, width: float) -> None:
        super().__init__()
        c64, c128, c256, c512 = (channels(count, width) for count in (64, 128, 256, 512))
        self.conv1, self.bn1 = nn.Conv2d(1, c64, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(c64)
        self.layer1 = nn.Sequential(BasicBlock(c64, c64, 1), BasicBlock(c64, c64, 1))
        self.layer2 = nn.Sequential(BasicBlock(c64, c128, 2), BasicBlock(c128, c128, 1))
        self.layer3 = nn.Sequential(BasicBlock(c128, c256, 2), BasicBlock(c256, c256, 1))
        self.layer4 = nn.Sequential(BasicBlock(c256, c512, 2), BasicBlock(c512, c512, 1))
        self.apply(he)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 1, H, W), sides multiples of 32 -> features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the size."""
        half = F.relu(self.bn1(self.conv1(x)))
        found = [half, self.layer1(F.max_pool2d(half, 3, stride=2, padding=1))]
        for layer in (self.layer2, self.layer3, self.layer4):
            found.append(layer(found[-1]))
        return found


class Doubled(nn.Sequential):
    """Both sides times two by a 1x1 convolution whose channels become pixels.

    ICNR (Aitken et al. 2017): the four channels of a square begin with the same weights, so that it begins as a plain enlargement and not
    as a checkerboard.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        convolution = nn.Conv2d(inputs, 4 * outputs, 1)
        he(convolution)
        with torch.no_grad():
            convolution.weight.copy_(convolution.weight[::4].repeat_interleave(4, dim=0))
        super().__init__(convolution, nn.ReLU(), nn.PixelShuffle(2))


class Up(nn.Module):
    """One level up: enlarged, the skip of that size beside it, two convolutions."""

    def __init__(self, below: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.enlarge, self.norm = Doubled(below, below // 2), nn.BatchNorm2d(skip)
        self.convolve = nn.Sequential(conv(below // 2 + skip, outputs), nn.ReLU(), conv(outputs, outputs), nn.ReLU())

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """`below` (N, C, H, W) and `skip` (N, S, 2 H, 2 W) -> (N, outputs, 2 H, 2 W)."""
        found: Tensor = self.convolve(F.relu(torch.cat([self.enlarge(below), self.norm(skip)], 1)))
        return found


class DynamicUNet(nn.Module):
    """fastai's U-Net around ResNet-18, without norms in its own convolutions."""

    def __init__(self, width: float, *, outputs: int) -> None:
        super().__init__()
        self.encoder = Encoder(width)
        c64, c128, c256, c512 = (channels(count, width) for count in (64, 128, 256, 512))
        self.middle = nn.Sequential(nn.BatchNorm2d(c512), nn.ReLU(), conv(c512, 2 * c512), nn.ReLU(), conv(2 * c512, c512), nn.ReLU())
        ups, below = [], c512
        for place, skip in enumerate((c256, c128, c64, c64)):
            joined = below // 2 + skip
            ups.append(Up(below, skip, joined if place < 3 else joined // 2))
            below = joined if place < 3 else joined // 2
        self.ups = nn.ModuleList(ups)
        self.enlarge = Doubled(below, below)
        self.residual = nn.Sequential(conv(below + 1, below + 1), nn.ReLU(), conv(below + 1, below + 1))
        self.head = nn.Conv2d(below + 1, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, H, W), sides multiples of 32 -> (N, outputs, H, W)."""
        *skips, deepest = self.encoder(x)
        found = self.middle(deepest)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            found = up(found, skip)
        joined = torch.cat([self.enlarge(found), x], 1)
        painted: Tensor = self.head(F.relu(self.residual(joined) + joined))
        return painted


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution with a bias, He normal."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    he(layer)
    return layer
