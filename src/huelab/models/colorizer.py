"""From a net's output to ab: one torch module per trained colorizer, whatever the net gives."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.color import tensor
from huelab.models.layers import ToBins


class Colorizer(nn.Module):
    """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in CIE units, float32, for any H and W."""

    def __init__(self, net: nn.Module, *, temperature: float = 0.38) -> None:
        """`net` gives ab itself, or Lab, or is a ToBins, whose logits are read out by an annealed mean of `temperature`."""
        super().__init__()
        self.net = net
        self.temperature = temperature
        self.stride = net.stride if isinstance(net, ToBins) else 0
        self.register_buffer("centers", net.get_buffer("centers") if isinstance(net, ToBins) else None, persistent=False)

    def forward(self, L: Tensor, **given: Tensor) -> Tensor:
        """The colours of `L`; not clamped to the gamut. `given`: what the net then need not compute (a class vector)."""
        output: Tensor = self.net(L, **given)
        if not self.stride:
            return output[:, -2:].float()  # of Lab (nazeri) only the colours: a picture keeps its own lightness
        coarse = tensor.annealed_mean(output, self.temperature, among=self.get_buffer("centers"))
        ab = F.interpolate(coarse, scale_factor=self.stride, mode="bilinear", align_corners=False)
        return ab[..., : L.shape[-2], : L.shape[-1]]


class Constant(nn.Module):
    """The floors `gray` and `mean`: the same ab everywhere."""

    def __init__(self, ab: tuple[float, float]) -> None:
        super().__init__()
        self.register_buffer("ab", torch.tensor(ab).view(1, 2, 1, 1), persistent=False)

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) -> ab (N, 2, H, W), whatever L shows."""
        return self.get_buffer("ab").expand(L.shape[0], 2, *L.shape[-2:])
