"""Colorizer `koala`: Deep Koalarization, a small encoder and decoder around the logits of a large classifier.

Source: Baldassarre, González Morín and Rodés-Guirao, "Deep Koalarization: Image Colorization using CNNs and Inception-ResNet-v2",
arXiv 1712.03400, 2017 (code: MIT licence), re-implemented from its description.

    3x3 convolutions, "same" padding as TensorFlow pads, ReLU, no normalisation; L / 50 - 1 goes in, ab / 127 comes out of a tanh
    encoder   64 /2 · 128 · 128 /2 · 256 · 256 /2 · 512 · 512 · 256                              /2: stride 2
    backbone  Inception-ResNet-v2 on the gray picture of 299 x 299: the 1001 logits before its softmax, not trained further
    fusion    the 1001 logits beside the 256 channels at every place, 1x1 convolution to 256
    decoder   128 · x2 · 64 · 64 · x2 · 32 · 2 tanh · x2                                         x2: nearest upsampling
    6,574,050 parameters at width 1 with 1001 classes, beside the backbone's; the last upsampling comes after the tanh, so colours are
    two pixels coarse

Published training: mean squared error of ab / 127, Adam 1e-3, batch 100, 60,000 pictures of ImageNet at 224 x 224, of which a tenth
validates. Photographs keep their aspect: they are padded to a square (`standardize.ratio: pad`), which the backbone sees, padding included.

`decoder`: a student report on 2,000 cats and dogs (batch 20, 20 epochs, a vector of 1000) lists 256 · 128 · 64 · 64 · 32, upsampled after
the first, third and fifth of them: `decoder: [256, 128, 64, 64, 32]`. The two channels of ab then come at full resolution. The report
leaves open whether the 1x1 convolution stands before these layers; here it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from huelab.models.families import Backboned, RegressionParams
from huelab.models.info import Info

if TYPE_CHECKING:
    from torch import Tensor, nn

    from huelab.backbones.net import Backbone

INFO = Info(
    title="Deep Koalarization",
    paper=(
        "Baldassarre, González Morín, Rodés-Guirao: Deep Koalarization: Image Colorization using CNNs and Inception-ResNet-v2,"
        " arXiv 1712.03400"
    ),
    year=2017,
    changes=(
        "As many logits as the backbone has classes (timm's weights have 1000: without the background class of the published 1001);"
        " padding repeats the border of a photograph where the published is white, and is left out of the loss; pictures may be augmented,"
        " and the logits are those of the picture before; the gradient norm is clipped."
    ),
    choose=(
        "For many kinds of photographs of any aspect, with a backbone whose weights are trained: logits tell more of what a picture might"
        " show than the probabilities that fusion takes, one of which is often all but 1. With a random backbone take beta."
    ),
    licence="MIT",
    objective="regression",
    output="ab",
    ab_scale=127.0,
    input_size=224,
    needs=("backbone",),
)

UPSAMPLED = (1, 3, 5)
"""Layers of the decoder, counted from one and with the last, after which both sides double."""


class Params(Backboned, RegressionParams):
    """What of `koala` can be set; the defaults are as published."""

    batch: int = Field(100, ge=1)
    decoder: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (128, 64, 64, 32), min_length=4, description="channels of the layers between the fusion and the two of ab"
    )


def class_vector(backbone: Backbone, L: Tensor, section: Params) -> Tensor:
    """Logits (N, backbone.classes), float32, that `backbone` gives the pictures L (N, 1, H, W) in 0..100, padded to squares.

    They do not depend on the colours, so they can be computed once per picture and handed to the net; nor on the `section`.
    """
    from huelab.models import fusing

    return backbone.logits(fusing.square(L))


def vector_recipe(section: Params) -> str:
    """What `class_vector` depends on beside the backbone and the picture: vectors kept under equal recipes are equal."""
    return "logits, padded to a square"


def build(params: Params, *, backbone: Backbone, size: int = INFO.input_size) -> nn.Module:
    """The network around `backbone`, which stays as it is; `size` is of no consequence to it. Takes any size, padded to multiples of 8."""
    from torch import nn

    from huelab.models.fusing import FUSED, Fused
    from huelab.models.layers import SameConv, channels, doubled

    widths = [channels(count, params.width) for count in (FUSED, *params.decoder)]
    layers: list[nn.Module] = []
    for place, (inputs, outputs) in enumerate(zip(widths, [*widths[1:], 2], strict=True), start=1):
        layers += [SameConv(inputs, outputs), nn.Tanh() if place == len(widths) else nn.ReLU()]
        layers += [doubled()] if place in UPSAMPLED else []
    return Fused(
        backbone,
        width=params.width,
        decoder=nn.Sequential(*layers),
        class_vector=lambda backbone, L: class_vector(backbone, L, params),
        scale_input=lambda L: L / 50.0 - 1.0,
        ab_scale=INFO.ab_scale,
    )
