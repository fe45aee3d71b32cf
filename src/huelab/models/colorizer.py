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
        return self._fine(self._mean(output), L)

    @property
    def gives_bins(self) -> bool:
        """Whether its net gives a distribution over colour bins, from which `with_confidence` reads how sure it is."""
        return self.stride > 0

    def with_confidence(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) -> (N, 3, H, W) float32: ab as `forward` gives it, and how sure of it, 0..1. Of a net that gives bins only.

        How sure: the largest share of the softmax of the logits as they are, at temperature 1; so it can be compared between colorizers
        that are read out at different temperatures. Interpolated between the logits as the colours are.
        """
        logits: Tensor = self.net(L)
        surest = (logits.amax(1, keepdim=True) - logits.logsumexp(1, keepdim=True)).exp()
        return self._fine(torch.cat([self._mean(logits), surest], 1), L)

    def _mean(self, logits: Tensor) -> Tensor:
        return tensor.annealed_mean(logits, self.temperature, among=self.get_buffer("centers"))

    def _fine(self, coarse: Tensor, L: Tensor) -> Tensor:
        """What is known where the logits are, at every pixel of `L`."""
        fine = F.interpolate(coarse, scale_factor=self.stride, mode="bilinear", align_corners=False)
        return fine[..., : L.shape[-2], : L.shape[-1]]


class Constant(nn.Module):
    """The floors `gray` and `mean`: the same ab everywhere."""

    def __init__(self, ab: tuple[float, float]) -> None:
        super().__init__()
        self.register_buffer("ab", torch.tensor(ab).view(1, 2, 1, 1), persistent=False)

    def forward(self, L: Tensor) -> Tensor:
        """L (N, 1, H, W) -> ab (N, 2, H, W), whatever L shows."""
        return self.get_buffer("ab").expand(L.shape[0], 2, *L.shape[-2:])
