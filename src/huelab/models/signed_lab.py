"""Lab of levels -1..1, as networks get it whose training code scales pictures to -1..1 before a conversion that expects 0..1.

The conversion goes on beyond black: levels below 0 (the darker half of every picture) fall on the straight pieces of sRGB's and of Lab's
curves. L runs from -70 to 100 and ab reaches beyond 128. Every colour keeps a value of its own, so the way back exists.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from huelab.color import srgb, tensor


def signed(L: Tensor, ab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) of the levels 2 * sRGB - 1 of a picture, L (N, 1, H, W) and ab (N, 2, H, W) in CIE units."""
    return tensor.rgb_to_lab(2.0 * tensor.lab_to_rgb(L, ab) - 1.0)


def unsigned(lab: Tensor) -> Tensor:
    """The CIE Lab (N, 3, H, W) of a picture of which `signed` gives `lab`; colours outside the gamut are clipped per channel."""
    f = _mixed(torch.cat([lab, torch.ones_like(lab[:, :1])], 1), srgb.F_FROM_LAB)
    relative = f.clamp_min(srgb.TOE_F) ** 3 + (f.clamp_max(srgb.TOE_F) - srgb.TOE_F) / srgb.TOE_SLOPE
    linear = _mixed(relative, srgb.RGB_FROM_RELATIVE)
    level = torch.where(linear > 0.0031308, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055, linear * 12.92)
    return tensor.rgb_to_lab(((level + 1.0) / 2.0).clamp(0.0, 1.0))


def _mixed(planes: Tensor, matrix: NDArray[np.float64]) -> Tensor:
    """Each row of `matrix` times the planes; by sums, as a matrix product may be rounded to 10 bits (TF32) on a GPU."""
    rows = [torch.stack([weight * plane for weight, plane in zip(row, planes.unbind(1), strict=True)]) for row in matrix.tolist()]
    return torch.stack([row.sum(0) for row in rows], 1)
