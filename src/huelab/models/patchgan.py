"""The PatchGAN: a discriminator that says of each 70 x 70 patch, not of the whole picture, whether its colours are real.

Source: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017 (BSD licence);
re-implemented from a description.

    conv 4x4, padding 1: 64 /2 · 128 /2 · 256 /2 · 512 · 1        batch norm but for the first and the last, leaky ReLU 0.2
    2,765,633 parameters at width 1 on the three channels L / 50 - 1 and ab / 110; all weights N(0, 0.02)

A colorizer that trains against it exports both functions beside its own `build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from huelab.params import LearnedParams

if TYPE_CHECKING:
    from torch import Tensor, nn

AB_SCALE = 110.0
"""The unit of ab in which it sees colours."""

PATCH_LEAST = 24
"""Pixels of a side below which it has no output; smaller pictures are padded."""


def build_discriminator(params: LearnedParams) -> nn.Module:
    """The PatchGAN: (N, 3, H, W) of L / 50 - 1 and ab / 110 -> logits (N, 1, h, w), each for 70 x 70 pixels; any size."""
    from torch import nn

    from huelab.models.layers import AtLeast, channels, pix2pix_normal

    c64, c128, c256, c512 = (channels(count, params.width) for count in (64, 128, 256, 512))
    patch = nn.Sequential(
        AtLeast(PATCH_LEAST),
        *(nn.Conv2d(3, c64, 4, stride=2, padding=1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(c64, c128, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c128), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(c128, c256, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(c256), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(c256, c512, 4, stride=1, padding=1, bias=False), nn.BatchNorm2d(c512), nn.LeakyReLU(0.2)),
        nn.Conv2d(c512, 1, 4, stride=1, padding=1),
    )
    patch.apply(pix2pix_normal)
    return patch


def seen_by_discriminator(params: LearnedParams, L: Tensor, colours: Tensor) -> Tensor:
    """(N, 3, H, W): L (N, 1, H, W) / 50 - 1 and ab (N, 2, H, W) / 110, both given in CIE units."""
    import torch

    return torch.cat([L / 50.0 - 1.0, colours / AB_SCALE], 1)
