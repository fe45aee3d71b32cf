"""Colorizer `iizuka`: what is where, and what the picture as a whole shows, fused; a classifier learns beside the colours.

Source: Iizuka, Simo-Serra, Ishikawa, "Let there be Color!: Joint End-to-end Learning of Global and Local Image Priors for Automatic Image
Colorization with Simultaneous Classification", SIGGRAPH 2016, re-implemented from its description.

    3x3 convolutions, batch norm and ReLU after every layer but the two outputs; gray minus its mean goes in     /2: stride 2
    low level   64 /2 · 128 · 128 /2 · 256 · 256 /2 · 512       of the picture, and with the same weights of a copy of 224 x 224
    mid level   512 · 256                                       of the picture, at an eighth of its size
    global      512 /2 · 512 · 512 /2 · 512 · linear 1024 · 512 · 256         of the copy: one vector
    fusion      the vector beside the mid-level features at every place, 1x1 convolution to 256
    colour      128 · x2 · 64 · 64 · x2 · 32 · 2 sigmoid        x2: nearest upsampling; ab / 200 + 1/2 at half the size, then bilinear
    classifier  linear 256 · one per class                      from the 512 of the global network
    42,367,343 parameters at width 1 with 205 classes and a copy of 224 x 224; without scale and shift of the batch norms, which the paper's
    table leaves out, 42,353,839

Published training: squared error of the colours at half the size + alpha * cross-entropy of the class, alpha 1/300, Adadelta, batch 128,
200,000 steps on 2.3 million pictures of 205 kinds of places, resized to 256 and cropped to 224. The classifier branches off inside the
global network, so its gradients reach that and the low level, never the mid level, the fusion and the colours.

- The copy is as large as the training pictures, up to 224 (`global_side`), so that a small picture is not enlarged to be seen whole. A copy
  is square whatever the picture is, as published.
- Gray goes in as (L - 50) / 100, a fixed mean: the batch norm after the first layer takes out any other constant, but at the border.
- The table of the paper has 512 channels in the last convolution of the global network; a well-known port has 256.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from huelab.models.families import Perceptual
from huelab.models.info import Info, Optimizer, Schedule
from huelab.params import LearnedParams

if TYPE_CHECKING:
    from torch import Tensor, nn

INFO = Info(
    title="Let there be Color",
    paper=(
        "Iizuka, Simo-Serra, Ishikawa: Let there be Color!: Joint End-to-end Learning of Global and Local Image Priors for Automatic Image"
        " Colorization with Simultaneous Classification, SIGGRAPH 2016"
    ),
    year=2016,
    changes=(
        "The copy that the global network sees is as large as the training pictures, 224 at most; gray is L with a fixed mean of 50; the"
        " classes are the photographs' folder names; the gradient norm is clipped."
    ),
    choose=(
        "Where the photographs lie in folders that say what they show: it learns the folder beside the colours and uses what it learned of"
        " the whole picture everywhere in it. Without folders, alpha: 0 leaves the global network, without the classifier."
    ),
    licence="none for the ideas; the authors' code and weights are CC BY-NC-SA 4.0",
    objective="joint",
    output="ab",
    ab_scale=200.0,
    input_size=224,
    needs=("labels",),
)

GLOBAL_SIDE = 224
"""Pixels of a side of the published copy."""

AB_REACH = 100.0
"""The sigmoid's 0 and 1 stand for ab of -100 and 100."""


class Params(LearnedParams):
    """What of `iizuka` can be set; the defaults are as published."""

    batch: int = Field(128, ge=2, description="the batch norm of the global network's vectors needs two pictures")
    lr: float = Field(1.0, gt=0, description="learning rate; published: Adadelta, which finds its own scale")
    optimizer: Optimizer = "adadelta"
    schedule: Schedule = Field("constant", description="how the learning rate changes; published: constant")
    alpha: float = Field(1 / 300, ge=0, description="weight of the cross-entropy of the folder names; 0: they are not looked at")
    global_side: int = Field(
        0, ge=0, le=512, multiple_of=32, description="pixels of a side of the copy that is seen whole; 0: as the pictures, at most 224"
    )
    perceptual: Perceptual = Perceptual()


def global_side(params: Params, size: int) -> int:
    """Pixels of a side of the copy where training pictures have `size`: a multiple of 32, to which the global network reduces it."""
    return params.global_side or min(GLOBAL_SIDE, -(-size // 32) * 32)


def build(params: Params, *, size: int = INFO.input_size, classes: int = 0) -> nn.Module:
    """The network for training pictures of side `size`, with a classifier of `classes` unless alpha or `classes` is 0.

    It takes any size (padded to multiples of 8), and two keywords, see its forward.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F

    from huelab.models.layers import channels, doubled, padded

    c2, c32, c64, c128, c256, c512, c1024 = (2, *(channels(count, params.width) for count in (32, 64, 128, 256, 512, 1024)))
    side = global_side(params, size)

    def conv(inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2), nn.BatchNorm2d(outputs), nn.ReLU()]

    def linear(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]

    class Net(nn.Module):
        """The six networks of the paper."""

        def __init__(self) -> None:
            super().__init__()
            self.low = nn.Sequential(
                *conv(1, c64, stride=2),
                *conv(c64, c128),
                *conv(c128, c128, stride=2),
                *conv(c128, c256),
                *conv(c256, c256, stride=2),
                *conv(c256, c512),
            )
            self.mid = nn.Sequential(*conv(c512, c512), *conv(c512, c256))
            self.whole = nn.Sequential(  # the global network up to where the classifier branches off
                *conv(c512, c512, stride=2),
                *conv(c512, c512),
                *conv(c512, c512, stride=2),
                *conv(c512, c512),
                nn.Flatten(),
                *linear(c512 * (side // 32) ** 2, c1024),
                *linear(c1024, c512),
            )
            self.vector = nn.Sequential(*linear(c512, c256))
            self.fusion = nn.Sequential(*conv(2 * c256, c256, kernel=1))
            self.colour = nn.Sequential(
                *(*conv(c256, c128), doubled()),
                *conv(c128, c64),
                *(*conv(c64, c64), doubled()),
                *conv(c64, c32),
                *(nn.Conv2d(c32, c2, 3, padding=1), nn.Sigmoid()),
            )
            self.classifier: nn.Module | None = None
            if classes and params.alpha:
                self.classifier = nn.Sequential(*linear(c512, c256), nn.Linear(c256, classes))

        def forward(self, L: Tensor, *, half: bool = False, classify: bool = False) -> Tensor | tuple[Tensor, Tensor]:
            """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in CIE units, float32.

            `half`: ab as it is learned, (N, 2, ceil(H / 2), ceil(W / 2)). `classify`: also the logits (N, classes) of the folder names.
            """
            height, width = L.shape[-2:]
            local = self.low(padded((L - 50.0) / 100.0, 8))
            copied = local if (height, width) == (side, side) else self.low((_resized(L, side) - 50.0) / 100.0)
            whole = self.whole(copied)
            vector = self.vector(whole)[:, :, None, None].expand(-1, -1, *local.shape[-2:])
            share: Tensor = self.colour(self.fusion(torch.cat([vector, self.mid(local)], 1))).float()
            ab = (2.0 * share[..., : (height + 1) // 2, : (width + 1) // 2] - 1.0) * AB_REACH
            if not half:
                ab = F.interpolate(ab, scale_factor=2, mode="bilinear", align_corners=False)[..., :height, :width]
            if not classify:
                return ab
            if self.classifier is None:
                raise ValueError("this network was built without a classifier: alpha or the number of classes was 0")
            return ab, self.classifier(whole).float()

    return Net()


def _resized(L: Tensor, side: int) -> Tensor:
    """The whole picture in `side` x `side` pixels, whatever its aspect."""
    from torch.nn import functional as F

    return F.interpolate(L, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
