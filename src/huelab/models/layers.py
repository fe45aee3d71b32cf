"""Blocks several colorizers share: widths, convolutions as Keras pads them, padding to any size, initialisations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.color import bins
from huelab.color.bins import Centers


def channels(published: int, width: float) -> int:
    """`published` channels times `width`, at least one."""
    return max(1, round(published * width))


class SameConv(nn.Sequential):
    """3x3 convolution with "same" padding as TensorFlow does it: a stride of 2 on an even side pads right and below only."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        if stride == 1:
            super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1))
        else:
            super().__init__(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(inputs, outputs, 3, stride=stride))
        convolution = self[-1]
        assert isinstance(convolution, nn.Conv2d)
        glorot(convolution)


def doubled() -> nn.Module:
    """Both sides times two, each pixel repeated (Keras UpSampling2D)."""
    return nn.Upsample(scale_factor=2, mode="nearest")


def glorot(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Keras' default: Glorot uniform weights, no bias."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def he(module: nn.Module) -> None:
    """He normal weights for layers before a ReLU, no bias. For nn.Module.apply."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        # a transposed convolution of stride s reaches an output pixel with kernel/s² of its weights only
        reach = module.stride[0] ** 2 if isinstance(module, nn.ConvTranspose2d) else 1
        fan = module.in_channels * module.kernel_size[0] * module.kernel_size[1] / reach
        nn.init.normal_(module.weight, 0.0, (2.0 / fan) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def pix2pix_normal(module: nn.Module) -> None:
    """Convolutions N(0, 0.02), batch norm scale N(1, 0.02), no bias (pix2pix). For nn.Module.apply."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def padded(picture: Tensor, multiple: int, *, least: int = 1) -> Tensor:
    """`picture` (N, C, H, W) with its last row and column repeated until both sides are multiples of `multiple` and at least `least`."""
    height, width = picture.shape[-2:]
    below = -(-max(height, least) // multiple) * multiple - height
    right = -(-max(width, least) // multiple) * multiple - width
    return F.pad(picture, (0, right, 0, below), mode="replicate") if below or right else picture


class AtLeast(nn.Module):
    """Pads a picture to sides of at least `least` pixels."""

    def __init__(self, least: int) -> None:
        super().__init__()
        self.least = least

    def forward(self, picture: Tensor) -> Tensor:
        """(N, C, H, W) -> the same, or larger."""
        return padded(picture, 1, least=self.least)


class ToAb(nn.Module):
    """A net on sides that are multiples of `multiple`, wrapped to take L of any size and give ab in CIE units of that size.

    `scale_input` maps CIE L 0..100 to what the net was published with; its output times `ab_scale` is CIE ab.
    """

    def __init__(self, body: nn.Module, *, multiple: int, scale_input: Callable[[Tensor], Tensor], ab_scale: float) -> None:
        super().__init__()
        self.body = body
        self.multiple = multiple
        self.scale_input = scale_input
        self.ab_scale = ab_scale

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in CIE units, float32."""
        height, width = L.shape[-2:]
        ab: Tensor = self.body(self.scale_input(padded(L, self.multiple)))
        return ab[..., :height, :width].float() * self.ab_scale


class ToBins(nn.Module):
    """A net that gives logits of colour bins at 1/`stride` of the size; takes L of any size, pads it to multiples of `multiple`.

    The logits cover the padded picture: upsample them by `stride`, then cut to H, W (models.colorizer does). The buffer `centers` (Q, 2),
    float32, is the ab of the bins: by default the 313 of color.bins.
    """

    def __init__(
        self,
        body: nn.Module,
        *,
        multiple: int,
        stride: int,
        scale_input: Callable[[Tensor], Tensor],
        centers: Centers | None = None,
    ) -> None:
        super().__init__()
        # derived, so that no file of weights need hold it
        own = bins.centers() if centers is None else centers
        self.register_buffer("centers", torch.from_numpy(own.astype(np.float32)), persistent=False)
        self.body = body
        self.multiple = multiple
        self.stride = stride
        self.scale_input = scale_input

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) in 0..100 -> logits (N, Q, ceil(H / multiple) * multiple / stride, same of W), float32."""
        logits: Tensor = self.body(self.scale_input(padded(L, self.multiple)))
        return logits.float()


FROZEN = "backbone."
"""State keys of a classifier inside a colorizer, which never learns: saved once with the result, not in every checkpoint."""


def parameters(net: nn.Module) -> int:
    """How many numbers `net` learns."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)


def learned_state(net: nn.Module) -> dict[str, Tensor]:
    """The state of `net` without that of a frozen backbone."""
    return {key: value for key, value in net.state_dict().items() if not key.startswith(FROZEN)}


def frozen_state(net: nn.Module) -> dict[str, Tensor]:
    """The state of the frozen backbone in `net`; empty where there is none."""
    return {key: value for key, value in net.state_dict().items() if key.startswith(FROZEN)}


def finite(net: nn.Module) -> bool:
    """Whether every weight and running statistic of `net` is a finite number."""
    return all(bool(torch.isfinite(value).all()) for value in net.state_dict().values() if value.is_floating_point())
