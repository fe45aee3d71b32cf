"""The same colour conversions and bin arithmetic on torch tensors, channels first: for training, on any device, with gradients."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from huelab.color import bins, srgb
from huelab.color.soft_encoder import SoftEncoder


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Lab (N, 3, H, W) float32 of sRGB (N, 3, H, W), uint8 or float 0..1."""
    if rgb.shape[-3:-2] != (3,):
        raise ValueError(f"sRGB wants three channels before height and width, found {tuple(rgb.shape)}")
    if rgb.dtype == torch.uint8:
        linear = torch.from_numpy(srgb.linear_table()).to(rgb.device)[rgb.long()]
    else:
        value = rgb.float()
        linear = torch.where(value > 0.04045, ((value.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4, value / 12.92)
    relative = _mix(linear, srgb.RELATIVE_FROM_RGB)
    toe = relative.clamp_max(srgb.TOE)
    f = relative.clamp_min(srgb.TOE) ** (1 / 3) + srgb.TOE_SLOPE * (toe - srgb.TOE)
    return _mix(f, srgb.LAB_FROM_F)


def lab_to_rgb(L: Tensor, ab: Tensor) -> Tensor:
    """SRGB (N, 3, H, W) float32 0..1 of L (N, 1, H, W) and ab (N, 2, H, W); colours outside the gamut are clipped per channel."""
    return levels(lab_to_linear(torch.cat([L, ab], dim=-3)).clamp(0, 1))


def lab_to_linear(lab: Tensor) -> Tensor:
    """Linear sRGB (N, 3, H, W) float32 of Lab (N, 3, H, W), unclipped: outside 0..1 for colours outside the gamut."""
    f = _mix(lab.float(), srgb.F_FROM_LAB)
    relative = f.clamp_min(srgb.TOE_F) ** 3 + (f.clamp_max(srgb.TOE_F) - srgb.TOE_F) / srgb.TOE_SLOPE
    return _mix(relative, srgb.RGB_FROM_RELATIVE)


def levels(linear: Tensor) -> Tensor:
    """SRGB levels of linear sRGB; below 0 the straight piece of the curve goes on."""
    return torch.where(linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055, linear * 12.92)


def centers(device: torch.device | str = "cpu") -> Tensor:
    """(313, 2) float32, as `bins.centers`."""
    return torch.from_numpy(bins.centers().astype(np.float32)).to(device)


def soft_encode(ab: Tensor, *, k: int = 5, sigma: float = 5.0) -> tuple[Tensor, Tensor]:
    """The k of the 313 bins nearest to ab (N, 2, H, W), and their weights, as SoftEncoder gives them."""
    return _encoder(k, sigma)(ab)


def annealed_mean(logits: Tensor, temperature: float = 0.38, *, among: Tensor | None = None) -> Tensor:
    """Ab (N, 2, H, W) float32 of logits or log-probabilities (N, Q, H, W): as `bins.annealed_mean`, differentiable for T > 0.

    `among` (Q, 2) float32: the bins, on the device of the logits; None means the 313.
    """
    if temperature < 0:
        raise ValueError(f"temperature is {temperature}: choose from 0 (the mode) to 1 (the mean)")
    axes = centers(logits.device) if among is None else among
    if temperature == 0:
        return axes[logits.argmax(dim=-3)].movedim(-1, -3)
    with torch.autocast(logits.device.type, enabled=False):
        share = torch.softmax(logits.float() / temperature, dim=-3)
        return torch.einsum("...qhw,qc->...chw", share, axes)


@cache
def _encoder(k: int, sigma: float) -> SoftEncoder:
    return SoftEncoder(k=k, sigma=sigma)


def _mix(planes: Tensor, matrix: NDArray[np.float64]) -> Tensor:
    """Three planes, each a sum of the given three by a row of `matrix` (a fourth column: plus a constant).

    Written out plane by plane: matrix products and convolutions may be rounded to 10 bits (TF32) on a GPU, which Lab does not bear.
    """
    x, y, z = planes.unbind(dim=-3)
    mixed = [row[0] * x + row[1] * y + row[2] * z + (row[3] if len(row) == 4 else 0.0) for row in matrix.tolist()]
    return torch.stack(mixed, dim=-3)
