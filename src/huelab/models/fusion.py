"""Colorizer `fusion`: Wallner's full version, which also asks a classifier what the picture shows.

Source: Emil Wallner, "Coloring greyscale images", full version (MIT licence), re-implemented from its description.

    3x3 convolutions, "same" padding as TensorFlow pads, ReLU, no normalisation; L goes in as 0..100, ab / 128 comes out of a tanh
    encoder   64 /2 · 128 · 128 /2 · 256 · 256 /2 · 512 · 512 · 256                              /2: stride 2
    backbone  Inception-ResNet-v2 on the gray picture: probabilities (softmax) of its 1000 classes, not trained further
    fusion    the 1000 probabilities beside the 256 channels at every place, 1x1 convolution to 256
    decoder   128 · x2 · 64 · x2 · 32 · 16 · 2 tanh · x2                                         x2: nearest upsampling
    6,541,202 parameters at width 1 with 1000 classes, beside the backbone's; the last upsampling comes after the tanh, so colours are
    two pixels coarse

Published training: mean squared error of ab / 128, RMSprop with Keras' defaults, batch 10, 256 x 256; flips, rotation 20°, zoom and shear
0.2; 12 to 24 hours on a GPU. No figure was reported.

`mode`: the published code shows the backbone pictures of 0..1 where it expects 0..255. Its preparation x / 127.5 - 1 then leaves about -1
everywhere: the backbone sees all but black, and says nearly the same of every picture.
    faithful   does so: gray levels a 255th of what they are
    corrected  shows it the picture as it is
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from huelab.models.families import Backboned, RegressionParams
from huelab.models.info import Info, Optimizer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from huelab.backbones.net import Backbone

INFO = Info(
    title="Wallner fusion",
    paper="Emil Wallner, Coloring greyscale images (tutorial and repository), full version",
    year=2017,
    changes=(
        "mode: corrected shows the backbone the picture, where the published code shows it one that is all but black (mode: faithful);"
        " the backbone may be another classifier and then gives as many probabilities as it has classes; in training they are those of the"
        " picture before augmentation, computed once; the gradient norm is clipped."
    ),
    choose=(
        "When the photographs show many kinds of things and colours depend on which: the classes tell the network what beta, its like"
        " without a classifier, must guess from texture. It needs a backbone with trained weights; with random ones take beta."
    ),
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=128.0,
    input_size=256,
    needs=("backbone",),
)


class Params(Backboned, RegressionParams):
    """What of `fusion` can be set; the defaults are as published, but for the mode."""

    batch: int = Field(10, ge=1)
    optimizer: Optimizer = "rmsprop"
    mode: Literal["corrected", "faithful"] = Field("corrected", description="faithful: the backbone sees an all but black picture")


def class_vector(backbone: Backbone, L: Tensor, section: Params) -> Tensor:
    """Probabilities (N, backbone.classes), float32, that `backbone` gives the pictures L (N, 1, H, W) in 0..100, stretched to its size.

    They do not depend on the colours, so they can be computed once per picture and handed to the net.
    """
    from huelab.models import fusing

    seen = L if section.mode == "corrected" else fusing.dimmed(L)
    return backbone.logits(seen).softmax(dim=1)


def vector_recipe(section: Params) -> str:
    """What `class_vector` depends on beside the backbone and the picture: vectors kept under equal recipes are equal."""
    return f"probabilities, {section.mode}"


def build(params: Params, *, backbone: Backbone, size: int = INFO.input_size) -> nn.Module:
    """The network around `backbone`, which stays as it is; `size` is of no consequence to it. Takes any size, padded to multiples of 8."""
    from torch import nn

    from huelab.models.fusing import FUSED, Fused
    from huelab.models.layers import SameConv, channels, doubled

    fused, c128, c64, c32, c16 = (channels(count, params.width) for count in (FUSED, 128, 64, 32, 16))
    decoder = nn.Sequential(
        *(SameConv(fused, c128), nn.ReLU(), doubled()),
        *(SameConv(c128, c64), nn.ReLU(), doubled()),
        *(SameConv(c64, c32), nn.ReLU()),
        *(SameConv(c32, c16), nn.ReLU()),
        *(SameConv(c16, 2), nn.Tanh(), doubled()),
    )
    return Fused(
        backbone,
        width=params.width,
        decoder=decoder,
        class_vector=lambda backbone, L: class_vector(backbone, L, params),
        scale_input=lambda L: L,
        ab_scale=INFO.ab_scale,
    )
