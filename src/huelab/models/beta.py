"""Colorizer `beta`: Wallner's generalising network, plain convolutions with a squared error.

Source: Emil Wallner, "Coloring greyscale images", beta version (MIT licence), re-implemented from its description.

    3x3 convolutions, "same" padding as TensorFlow pads, ReLU, no normalisation; L goes in as 0..100, ab / 128 comes out of a tanh
    64 · 64 /2 · 128 · 128 /2 · 256 · 256 /2 · 512 · 256 · 128 · x2 · 64 · x2 · 32 · 2 tanh · x2       /2: stride 2, x2: nearest upsampling
    3,892,194 parameters at width 1; the last upsampling comes after the tanh, so colours are two pixels coarse

Published training: mean squared error of ab / 128, RMSprop with Keras' defaults, batch 10, 256 x 256; flips, rotation 20°, zoom and shear
0.2. Its author warns that most of its pictures come out near gray or lightly brown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from huelab.models.families import RegressionParams
from huelab.models.info import Info, Optimizer

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Wallner beta",
    paper="Emil Wallner, Coloring greyscale images (tutorial and repository), beta version",
    year=2017,
    changes="The gradient norm is clipped; params.yaml lets the learning rate fall to zero (schedule: cosine).",
    choose="A first model of one's own photographs: small, quick, without tricks. It plays safe, so expect muted, brownish colours.",
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=128.0,
    input_size=256,
)


class Params(RegressionParams):
    """What of `beta` can be set; the defaults are as published, with a budget of epochs that suits the user."""

    batch: int = Field(10, ge=1)
    optimizer: Optimizer = "rmsprop"


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network; `size` is of no consequence to it."""
    from torch import nn

    from huelab.models.layers import SameConv, ToAb, channels, doubled

    c32, c64, c128, c256, c512 = (channels(count, params.width) for count in (32, 64, 128, 256, 512))
    body = nn.Sequential(
        *(SameConv(1, c64), nn.ReLU()),
        *(SameConv(c64, c64, stride=2), nn.ReLU()),
        *(SameConv(c64, c128), nn.ReLU()),
        *(SameConv(c128, c128, stride=2), nn.ReLU()),
        *(SameConv(c128, c256), nn.ReLU()),
        *(SameConv(c256, c256, stride=2), nn.ReLU()),
        *(SameConv(c256, c512), nn.ReLU()),
        *(SameConv(c512, c256), nn.ReLU()),
        *(SameConv(c256, c128), nn.ReLU(), doubled()),
        *(SameConv(c128, c64), nn.ReLU(), doubled()),
        *(SameConv(c64, c32), nn.ReLU()),
        *(SameConv(c32, 2), nn.Tanh(), doubled()),
    )
    return ToAb(body, multiple=8, scale_input=lambda L: L, ab_scale=INFO.ab_scale)
