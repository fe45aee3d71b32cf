"""Lab of levels -1..1, as networks get it whose training code scales pictures to -1..1 before a conversion that expects 0..1.

The conversion goes on beyond black: levels below 0 (the darker half of every picture) fall on the straight pieces of sRGB's and of Lab's
curves. L runs from -70 to 100 and ab reaches beyond 128. Every colour keeps a value of its own, so the way back exists.
"""

from __future__ import annotations

from torch import Tensor

from huelab.color import tensor


def signed(L: Tensor, ab: Tensor) -> Tensor:
    """Lab (N, 3, H, W) of the levels 2 * sRGB - 1 of a picture, L (N, 1, H, W) and ab (N, 2, H, W) in CIE units."""
    return tensor.rgb_to_lab(2.0 * tensor.lab_to_rgb(L, ab) - 1.0)


def unsigned(lab: Tensor) -> Tensor:
    """The CIE Lab (N, 3, H, W) of a picture of which `signed` gives `lab`; colours outside the gamut are clipped per channel."""
    return tensor.rgb_to_lab(((tensor.levels(tensor.lab_to_linear(lab)) + 1.0) / 2.0).clamp(0.0, 1.0))
