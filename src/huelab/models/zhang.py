"""Colorizer `zhang`: colour as classification into 313 bins, rare colours weighted up, read out by an annealed mean.

Source: Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016, with the authors' code (BSD licence);
re-implemented from a description.

    3x3 convolutions with ReLU, a batch norm without scale and shift at the end of each block but the last; (L - 50) / 100 goes in
    1: 64, 64 /2     2: 128, 128 /2     3: 256, 256, 256 /2     4: 512, 512, 512     5, 6: 512, 512, 512 dilated 2     7: 512, 512, 512
    8: transposed conv 4x4 x2 256, 256, 256     1x1 to 313 logits at a quarter of the size
    32,230,393 parameters at width 1

Published training: cross-entropy with soft targets (the nearest bins, Gaussian of sigma 5), each pixel weighted by the rarity of its colour
(lambda 0.5, which scales gradients; nothing from pictures without colour), ab taken at every fourth pixel, Adam (0.9, 0.99) with weight
decay 1e-3, learning rate 3e-5 in falling steps over ~450,000 steps of 40 pictures, k-means initialisation. Read out with T = 0.38.

From a plain random initialisation this network is known to stall in one yellowish colour (richzhang/colorization-pytorch, issue 3), so its
first weights are a setting; docs/zhang.md shows what each does. `init`:
- `he`, the default: every layer before a ReLU begins He normal, batch norms keep its scale, and the last layer begins with small weights,
  so that the first prediction is the balanced colour distribution of the training pictures (objectives.classification sets its bias)
  instead of one arbitrary bin.
- `data`: as `he`, then the layers before the last are fitted to the first batch by k-means, as the authors did (objectives.data_init).
- `plain`: torch's defaults in every layer, the trap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from huelab.models.families import ClassificationParams
from huelab.models.info import Info

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Zhang classification",
    paper="Zhang, Isola, Efros: Colorful Image Colorization, ECCV 2016",
    year=2016,
    changes=(
        "He initialisation with the training colours' distribution in the last bias, instead of k-means (init: data); ab is taken at the"
        " second of every four pixels, within half a pixel of where the upsampling puts it; the gradient norm is clipped;"
        " params.yaml takes a learning rate of 1e-3 that rises and falls (schedule: onecycle), since 3e-5 counts on 450,000 steps."
    ),
    choose=(
        "Vivid colours, and a distribution over colours for every pixel: how sure it is can be read off. It needs the longest training"
        " of all."
    ),
    licence="BSD-2-Clause",
    objective="classification",
    output="bins",
    input_size=176,
)

BINS = 313
STRIDE = 4
"""Pixels of the picture, along a side, per pixel of logits."""


class Params(ClassificationParams):
    """What of `zhang` can be set."""

    batch: int = Field(40, ge=1)
    lr: float = Field(3e-5, gt=0, description="learning rate at its highest")
    init: Literal["he", "data", "plain"] = Field(
        "he", description="first weights; data: k-means on the first batch; plain: torch's defaults"
    )


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network; `size` is of no consequence to it."""
    from torch import nn

    from huelab.models.layers import ToBins, channels, he

    c64, c128, c256, c512 = (channels(count, params.width) for count in (64, 128, 256, 512))

    def block(inputs: int, *outputs: int, stride: int = 1, dilation: int = 1) -> list[nn.Module]:
        """Convolutions with ReLU, the last with `stride`, and a batch norm without scale and shift."""
        layers: list[nn.Module] = []
        for place, count in enumerate(outputs):
            step = stride if place == len(outputs) - 1 else 1
            layers += [nn.Conv2d(inputs, count, 3, stride=step, padding=dilation, dilation=dilation), nn.ReLU()]
            inputs = count
        return [*layers, nn.BatchNorm2d(inputs, affine=False)]

    head = nn.Conv2d(c256, BINS, 1)
    body = nn.Sequential(
        *block(1, c64, c64, stride=2),
        *block(c64, c128, c128, stride=2),
        *block(c128, c256, c256, c256, stride=2),
        *block(c256, c512, c512, c512),
        *block(c512, c512, c512, c512, dilation=2),
        *block(c512, c512, c512, c512, dilation=2),
        *block(c512, c512, c512, c512),
        *(nn.ConvTranspose2d(c512, c256, 4, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(c256, c256, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(c256, c256, 3, padding=1), nn.ReLU()),
        head,
    )
    if params.init != "plain":
        body.apply(he)
        nn.init.normal_(head.weight, 0.0, 1e-2)
    return ToBins(body, multiple=8, stride=STRIDE, scale_input=lambda L: (L - 50.0) / 100.0)
