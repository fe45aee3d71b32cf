"""Colorizer `hage`: 247 colour classes for every pixel; detail kept by strides, by concatenation, or by both.

Source: Hage, Meulenbeld, Dorscheidt, van der Hoff, course project IN4015 of TU Delft, 2016 (DawudH/ImageColorizer, MIT licence),
re-implemented from a description. Its question, and the variants: how does a network that looks at the whole picture keep what is where?

    3x3 convolutions with ReLU, the last of each group with a batch norm before its ReLU; L / 100 goes in; ^ doubles both sides
    concat   3, 12 pool   48, 48 pool   96, 96 pool   192, 192, 96 (1x1)   ^ + 3rd: 96, 48   ^ + 2nd: 48, 12   ^ + 1st: 24, 64 (no norm)
    strides  3, 12, 24 /2   48, 48 /2   96, 96   96, 96 dilated 3, 96 dilated 7   the same again   ^ 96, 96   ^
    both     3, 12, 24 /2   48, 48 /2   96, 96   96, 96 dilated 3, 96 dilated 7   48, 48 dilated 3, 48 dilated 7   + 2nd ^ 48, 24
             + 1st ^ 48, 96, 192 (no norm)
    1x1 to 247 logits at full size. Parameters at width 1: concat 957,249, strides 847,525, both 819,349

Published training: 128 pixels, batches of 10 and their mirror images (here augment.flip), Adadelta of rate 1 with Nesterov momentum 0.9,
soft targets of the 10 nearest bins, each pixel weighted by the rarity of its colours, counted during the first epoch
(objectives.running_histogram; lambda 0.3 in the final runs, 0.5 in the settings file), read out by an annealed mean of T 0.4 (0.2 in the
names of the final runs). The last validation losses of their logs: concat 1.090, both 1.105, strides 1.115; their text prefers the looks of
strides.

`blur` blurs the colours to learn before they become classes. In the published code it acts only on regression, its other mode, and there on
training pictures alone, with sigma 3: classes were looked up from the unblurred picture, whatever was set.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from huelab.models.info import Info, Schedule
from huelab.params import LearnedParams

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Hage strides and concatenation",
    paper="Hage, Meulenbeld, Dorscheidt, van der Hoff: Image colorization, IN4015 project, TU Delft 2016 (DawudH/ImageColorizer)",
    year=2016,
    changes=(
        "The histogram begins empty instead of with a column of zeros, and leaves out padding; the gradient norm is clipped; `blur`, if"
        " asked for, acts on the classes too."
    ),
    choose="To ask how detail is best kept, in three variants: small networks that give a class to every pixel, not to every fourth.",
    licence="MIT",
    objective="running_histogram",
    output="bins",
    input_size=128,
)


class Params(LearnedParams):
    """What of `hage` can be set."""

    variant: Literal["strides", "concat", "both"] = Field("strides", description="how detail is kept")
    batch: int = Field(10, ge=1)
    lr: float = Field(1.0, gt=0, description="factor of Adadelta's own steps")
    momentum: float = Field(0.9, ge=0, lt=1, description="Nesterov's, of Adadelta's steps")
    schedule: Schedule = Field("constant", description="how the learning rate changes")
    neighbours: int = Field(10, ge=1, le=32, description="nearest bins that share a pixel's target")
    rebalance: float = Field(0.3, gt=0, le=1, description="lambda: uniform share in the colour weights; 1 weights nothing")
    temperature: float = Field(0.4, gt=0, le=10, description="of the annealed mean: 1 the mean (dull), to 0 the mode (vivid)")
    blur: float = Field(0.0, ge=0, le=16, description="sigma in pixels of a Gaussian over the colours to learn; 0: none")


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network of `params.variant`; `size` is of no consequence to it."""
    import torch
    from torch import Tensor, nn

    from huelab.color import bins
    from huelab.models.layers import ToBins, channels, doubled, glorot

    c12, c24, c48, c64, c96, c192 = (channels(count, params.width) for count in (12, 24, 48, 64, 96, 192))
    c3 = channels(3, params.width)
    centers = bins.hage_centers()

    class Beside(nn.Module):
        """What goes in, and beside it what the layers inside make of it."""

        def __init__(self, *inside: nn.Module) -> None:
            super().__init__()
            self.inside = nn.Sequential(*inside)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([x, self.inside(x)], 1)

    def group(*counts: int, stride: int = 1, dilations: tuple[int, ...] = (), last: int = 3, norm: bool = True) -> nn.Sequential:
        """Convolutions with ReLU from `counts` to `counts`; the last has `stride`, a kernel of side `last`, a batch norm or a bias."""
        layers: list[nn.Module] = []
        for place, (inputs, outputs) in enumerate(pairwise(counts)):
            end = place == len(counts) - 2
            side = last if end else 3
            dilation = dilations[place] if dilations else 1
            normed = end and norm
            conv = nn.Conv2d(inputs, outputs, side, stride if end else 1, dilation * (side // 2), dilation=dilation, bias=not normed)
            layers += [conv, nn.BatchNorm2d(outputs, eps=1e-4), nn.ReLU()] if normed else [conv, nn.ReLU()]
        return nn.Sequential(*layers)

    def pooled() -> nn.Module:
        return nn.MaxPool2d(2)

    wide = (1, 3, 7)
    layers: list[nn.Module]
    if params.variant == "concat":
        deepest = Beside(pooled(), group(c96, c192, c192, c96, last=1), doubled())
        middle = Beside(pooled(), group(c48, c96, c96), deepest, group(2 * c96, c96, c48), doubled())
        outer = Beside(pooled(), group(c12, c48, c48), middle, group(2 * c48, c48, c12), doubled())
        layers = [group(1, c3, c12), outer, group(2 * c12, c24, c64, norm=False)]
        multiple, features = 8, c64
    elif params.variant == "strides":
        layers = [group(1, c3, c12, c24, stride=2), group(c24, c48, c48, stride=2), group(c48, c96, c96)]
        layers += [group(c96, c96, c96, c96, dilations=wide), group(c96, c96, c96, c96, dilations=wide)]
        layers += [doubled(), group(c96, c96, c96), doubled()]
        multiple, features = 4, c96
    else:
        deepest = Beside(group(c48, c96, c96), group(c96, c96, c96, c96, dilations=wide), group(c96, c48, c48, c48, dilations=wide))
        outer = Beside(group(c24, c48, c48, stride=2), deepest, doubled(), group(2 * c48, c48, c24))
        layers = [group(1, c3, c12, c24, stride=2), outer, doubled(), group(2 * c24, c48, c96, c192, norm=False)]
        multiple, features = 4, c192
    body = nn.Sequential(*layers, nn.Conv2d(features, len(centers), 1))
    for layer in body.modules():
        if isinstance(layer, nn.Conv2d):
            glorot(layer)
    return ToBins(body, multiple=multiple, stride=1, scale_input=lambda L: L / 100.0, centers=centers)
