"""Colorizer `pix2pix`: a U-Net that must also fool a PatchGAN.

Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, in the form its authors
published for colorization (BSD licence) and M. Shariatnia taught (MIT licence); re-implemented from a description.

    U-Net 256 (54,409,858 parameters at width 1, depth 8); L / 50 - 1 goes in, ab / 110 comes out
    down  conv 4x4 /2:            64 · 128 · 256 · 512 · 512 · 512 · 512 · 512      leaky ReLU 0.2 before all but the first,
                                                                                    batch norm after all but the first and the last
    up    transposed conv 4x4 x2: 512 · 512 · 512 · 512 · 256 · 128 · 64 · 2 tanh   ReLU before, batch norm after, skips concatenated,
                                                                                    dropout 0.5 after the second to fourth
    PatchGAN (2,765,633 parameters at width 1) on L and ab: one logit per 70 x 70 pixels, see models.patchgan

Published training: binary cross-entropy + 100 * L1 of ab / 110, the discriminator's loss halved, Adam 2e-4 (0.5, 0.999), batch 16,
256 x 256, all weights N(0, 0.02), one discriminator step then one generator step.

A picture of side 2^d has room for d halvings, so with smaller pictures the U-Net has fewer of its 512-channel levels (`depth`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from huelab.models.families import AdversarialParams
from huelab.models.info import Info
from huelab.models.patchgan import build_discriminator as build_discriminator
from huelab.models.patchgan import seen_by_discriminator as seen_by_discriminator

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="pix2pix",
    paper="Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017",
    year=2017,
    changes=(
        "As many levels as the size of the training pictures allows (all eight from 256 x 256); the gradient norm is clipped;"
        " params.yaml lets the learning rate fall to zero (schedule: cosine)."
    ),
    choose=(
        "Sharper and more saturated colours than a squared error gives, at the price of occasional confident mistakes."
        " Wants thousands of pictures."
    ),
    licence="BSD-2-Clause (code), MIT (tutorial)",
    objective="adversarial",
    output="ab",
    ab_scale=110.0,
    input_size=256,
)

DEPTH = 8
"""Halvings of the published U-Net: 256 pixels become one."""


class Params(AdversarialParams):
    """What of `pix2pix` can be set."""

    depth: int = Field(0, ge=0, le=DEPTH, description="halvings in the U-Net; 0: as many as the pictures have room for, at most 8")


def depth(params: Params, size: int) -> int:
    """How many times the U-Net halves its input when it trains on pictures of side `size` pixels: 1..8."""
    return params.depth or max(1, min(DEPTH, size.bit_length() - 1))


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The generator for training pictures of side `size`; it takes any size (padded to multiples of 2^depth)."""
    import torch
    from torch import Tensor, nn

    from huelab.models.layers import ToAb, channels, pix2pix_normal

    class Level(nn.Module):
        """One level of the U: down, all that lies below, up, and the skip beside it."""

        def __init__(self, inputs: int, inner: int, outputs: int, below: nn.Module | None, *, outermost: bool, dropout: bool) -> None:
            super().__init__()
            down: list[nn.Module] = [] if outermost else [nn.LeakyReLU(0.2)]
            down += [nn.Conv2d(inputs, inner, 4, stride=2, padding=1, bias=False)]
            if below is not None and not outermost:
                down += [nn.BatchNorm2d(inner)]
            rising = inner if below is None else 2 * inner
            up: list[nn.Module] = [nn.ReLU(), nn.ConvTranspose2d(rising, outputs, 4, stride=2, padding=1, bias=outermost)]
            up += [nn.Tanh()] if outermost else [nn.BatchNorm2d(outputs)]
            up += [nn.Dropout(0.5)] if dropout else []
            self.down, self.below, self.up = nn.Sequential(*down), below, nn.Sequential(*up)
            self.outermost = outermost

        def forward(self, x: Tensor) -> Tensor:
            inside = self.down(x)
            if self.below is not None:
                inside = self.below(inside)
            risen: Tensor = self.up(inside)
            return risen if self.outermost else torch.cat([x, risen], 1)

    levels = depth(params, size)
    widths = [channels(count, params.width) for count in (64, 128, 256, 512, 512, 512, 512, 512)][:levels]
    below: nn.Module | None = None
    for level in range(levels - 1, 0, -1):
        outer, inner = widths[level - 1], widths[level]
        below = Level(outer, inner, outer, below, outermost=False, dropout=4 <= level < levels - 1)
    body = Level(1, widths[0], 2, below, outermost=True, dropout=False)
    body.apply(pix2pix_normal)
    return ToAb(body, multiple=2**levels, scale_input=lambda L: L / 50.0 - 1.0, ab_scale=INFO.ab_scale)
