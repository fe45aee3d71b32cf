"""A Gaussian blur of the colours to learn, within the photograph."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

TRUNCATE = 4.0
"""The kernel ends so many sigma from its middle, as in scikit-image and SciPy."""


def blurred(ab: Tensor, mask: Tensor, sigma: float) -> Tensor:
    """Ab (N, 2, H, W) blurred by a Gaussian of `sigma` pixels; beyond the picture its edge goes on, and padding (`mask` 0) adds nothing."""
    planes = _smooth(torch.cat([ab * mask, mask], dim=1), sigma)
    return torch.where(mask > 0, planes[:, :-1] / planes[:, -1:].clamp_min(1e-6), ab)


def _smooth(planes: Tensor, sigma: float) -> Tensor:
    radius = max(1, int(TRUNCATE * sigma + 0.5))
    steps = torch.arange(-radius, radius + 1, device=planes.device, dtype=torch.float32)
    kernel = torch.softmax(-0.5 * (steps / sigma) ** 2, dim=0)
    count = planes.shape[1]
    with torch.autocast(planes.device.type, enabled=False):
        padded = F.pad(planes, (radius, radius, radius, radius), mode="replicate")
        rows = F.conv2d(padded, kernel.view(1, 1, -1, 1).expand(count, 1, -1, 1), groups=count)
        return F.conv2d(rows, kernel.view(1, 1, 1, -1).expand(count, 1, 1, -1), groups=count)
