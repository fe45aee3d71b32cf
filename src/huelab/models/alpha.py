"""Colorizer `alpha`: the smallest network of Wallner's tutorial, made to memorise the colours of one picture.

Source: Emil Wallner, "Coloring greyscale images", alpha version (MIT licence), re-implemented from its description.

    3x3 convolutions, "same" padding as TensorFlow pads, ReLU, no normalisation; L goes in as 0..100, ab / 128 comes out of a tanh
    8 /2 · 8 · 16 · 16 /2 · 32 · 32 /2 · x2 · 32 · x2 · 16 · x2 · 2 tanh          /2: stride 2, x2: nearest upsampling
    32,202 parameters at width 1

Published training: mean squared error of ab / 128, RMSprop with Keras' defaults, batch 1, 1000 passes over ONE picture of 400 x 400.
It shows that a network can hold a mapping from gray to colour, nothing more: it is judged on the very picture it learned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from huelab.models.families import RegressionParams
from huelab.models.info import Info, Optimizer

if TYPE_CHECKING:
    from torch import nn

INFO = Info(
    title="Wallner alpha",
    paper="Emil Wallner, Coloring greyscale images (tutorial and repository), alpha version",
    year=2017,
    changes="Trains on a gallery photograph at its size there, not 400 x 400; gradient norm clipped; schedule cosine in params.yaml.",
    choose="To see within a minute that colours can be learned at all: it memorises one photograph and knows no other.",
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=128.0,
    input_size=400,
    one_picture=True,
)


class Params(RegressionParams):
    """What of `alpha` can be set."""

    steps: int = Field(1000, ge=1, description="optimizer steps; each sees the whole picture")
    batch: int = Field(1, ge=1, le=1, description="there is one picture")
    optimizer: Optimizer = "rmsprop"
    picture: int = Field(0, ge=0, description="number of the gallery photograph to memorise")


def build(params: Params, *, size: int = INFO.input_size) -> nn.Module:
    """The network; `size` is of no consequence to it."""
    from torch import nn

    from huelab.models.layers import SameConv, ToAb, channels, doubled

    c8, c16, c32 = (channels(count, params.width) for count in (8, 16, 32))
    body = nn.Sequential(
        *(SameConv(1, c8, stride=2), nn.ReLU()),
        *(SameConv(c8, c8), nn.ReLU()),
        *(SameConv(c8, c16), nn.ReLU()),
        *(SameConv(c16, c16, stride=2), nn.ReLU()),
        *(SameConv(c16, c32), nn.ReLU()),
        *(SameConv(c32, c32, stride=2), nn.ReLU(), doubled()),
        *(SameConv(c32, c32), nn.ReLU(), doubled()),
        *(SameConv(c32, c16), nn.ReLU(), doubled()),
        *(SameConv(c16, 2), nn.Tanh()),
    )
    return ToAb(body, multiple=8, scale_input=lambda L: L, ab_scale=INFO.ab_scale)
