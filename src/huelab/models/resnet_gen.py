"""Colorizer `resnet_gen`: residual blocks at a quarter of the size paint the picture, against the PatchGAN of pix2pix.

Source: the generator of Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016, as
Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017, train it
(BSD licence); the objective is that of pix2pix (see models.pix2pix). Re-implemented from a description.

    L / 50 - 1 goes in, ab / 110 comes out; borders are reflected, not filled with zeros; instance norm and ReLU after every
    convolution but the last
    conv 7x7 64 · conv 3x3 128 /2 · 256 /2 · 9 residual blocks (two conv 3x3 256, the second without ReLU, added to their input)
    transposed conv 3x3 128 x2 · 64 x2 · conv 7x7 2 tanh        6 blocks for pictures up to 128 x 128
    11,363,522 parameters at width 1 with 9 blocks, 7,824,578 with 6; all weights N(0, 0.02)

Without the skips of a U-Net every colour passes through the quarter-size features; what the blocks gain over a U-Net's narrow middle is
that place is kept all the way through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from huelab.models.families import AdversarialParams
from huelab.models.info import Info
from huelab.models.patchgan import build_discriminator as build_discriminator
from huelab.models.patchgan import seen_by_discriminator as seen_by_discriminator

if TYPE_CHECKING:
    from torch import Tensor, nn

INFO = Info(
    title="ResNet generator with PatchGAN",
    paper="Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017",
    year=2017,
    changes=(
        "Trained on pairs by the objective of pix2pix, not by cycles; one channel in, two out; no biases before the norms, which would"
        " subtract them again; the gradient norm is clipped."
    ),
    choose="Beside pix2pix, to see what residual blocks change under the same objective; it costs more per picture.",
    licence="BSD-2-Clause",
    objective="adversarial",
    output="ab",
    ab_scale=110.0,
    input_size=256,
)

SIDE_OF_SIX = 128
"""Pixels of a side up to which the paper takes six blocks, not nine."""

LEAST = 8
"""Pixels of a side below which a reflected border would be wider than the quarter-size picture."""


class Params(AdversarialParams):
    """What of `resnet_gen` can be set."""

    blocks: int = Field(0, ge=0, le=16, description="residual blocks; 0: 6 for pictures up to 128 x 128, 9 for larger, as published")
    norm: Literal["instance", "batch"] = Field("instance", description="after each convolution; published: instance")


def blocks(params: Params, size: int) -> int:
    """How many residual blocks for training pictures of side `size` pixels."""
    return params.blocks or (6 if size <= SIDE_OF_SIX else 9)


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The generator for training pictures of side `size`; it takes any size (padded to multiples of 4 and at least 8)."""
    from torch import nn

    from huelab.models.layers import AtLeast, ToAb, channels, pix2pix_normal

    c64, c128, c256 = (channels(count, params.width) for count in (64, 128, 256))

    def normal(count: int) -> nn.Module:
        return nn.InstanceNorm2d(count) if params.norm == "instance" else nn.BatchNorm2d(count)

    def reflected(inputs: int, outputs: int, side: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, side, padding=side // 2, padding_mode="reflect", bias=False), normal(outputs)]

    def halved(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), normal(outputs), nn.ReLU()]

    def doubled(inputs: int, outputs: int) -> list[nn.Module]:
        rise = nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1, bias=False)
        return [rise, normal(outputs), nn.ReLU()]

    class Residual(nn.Module):
        """A block that adds to its input what two convolutions make of it."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.added = nn.Sequential(*reflected(count, count, 3), nn.ReLU(), *reflected(count, count, 3))

        def forward(self, x: Tensor) -> Tensor:
            more: Tensor = self.added(x)
            return x + more

    body = nn.Sequential(
        AtLeast(LEAST),
        *(*reflected(1, c64, 7), nn.ReLU()),
        *halved(c64, c128),
        *halved(c128, c256),
        *(Residual(c256) for _ in range(blocks(params, size))),
        *doubled(c256, c128),
        *doubled(c128, c64),
        *(nn.Conv2d(c64, 2, 7, padding=3, padding_mode="reflect"), nn.Tanh()),
    )
    body.apply(pix2pix_normal)
    return ToAb(body, multiple=4, scale_input=lambda L: L / 50.0 - 1.0, ab_scale=INFO.ab_scale)
