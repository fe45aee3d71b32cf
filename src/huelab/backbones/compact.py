"""The backbone `self`: a small residual classifier for the user's own folders, trained by the stage pretrain.

It must serve two masters: class vectors of gray pictures, and a perceptual loss that sees colour. It therefore learns on pictures of
which half are shown gray. Group norm, not batch norm: the statistics of a batch would mix the two kinds, and those kept for later would fit
neither; each picture is normalised by itself, so the frozen network does exactly what it did while it learned, for a batch of one too.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

CHANNELS = (16, 32, 64, 128, 256)
"""Of the five stages at width 1; all but the first halve the side, so that each costs the same. 1.2 million parameters."""
GROUPS = 8
LARGEST = 64
"""Pixels of a side it looks at: enough to name a subject, and a quarter of the work of 128."""


class Compact(nn.Module):
    """sRGB (N, 3, H, W) in 0..1, sides of at least 16 -> logits (N, classes)."""

    def __init__(self, classes: int, *, width: float = 1.0) -> None:
        """`width`: channel counts times this, rounded to whole groups."""
        super().__init__()
        counts = [GROUPS * max(1, round(count * width / GROUPS)) for count in CHANNELS]
        self.stem = nn.Sequential(_conv(3, counts[0], 1), nn.GroupNorm(GROUPS, counts[0]), nn.ReLU())
        self.blocks = nn.ModuleList(Block(*pair) for pair in pairwise(counts))
        self.head = nn.Linear(counts[-1], classes)

    def stages(self, rgb: Tensor) -> list[Tensor]:
        """Five feature maps, shallow first: at the full side, then half of it each time."""
        maps: list[Tensor] = [self.stem((rgb - 0.5) * 4)]  # to about unit variance
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps

    def forward(self, rgb: Tensor) -> Tensor:
        """Logits of the classes."""
        logits: Tensor = self.head(self.stages(rgb)[-1].mean((2, 3)))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions beside a 1x1 shortcut, to half the side."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.first_norm = _conv(inputs, outputs, 2), nn.GroupNorm(GROUPS, outputs)
        self.second, self.second_norm = _conv(outputs, outputs, 1), nn.GroupNorm(GROUPS, outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, bias=False)
        # begins as its shortcut alone: early gradients reach every block
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, H / 2, W / 2)."""
        inner = F.relu(self.first_norm(self.first(maps)))
        inner = self.second_norm(self.second(inner))
        return F.relu(inner + self.shortcut(F.avg_pool2d(maps, 2, ceil_mode=True)))


def _conv(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def fitting(size: int) -> int:
    """Pixels of a side at which it looks at pictures of `size` pixels."""
    return min(size, LARGEST)
