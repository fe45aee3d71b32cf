"""What the colorizers that look through a classifier share: encoder, fusion layer, and the net around a frozen backbone.

Wallner's full version and Deep Koalarization have the same encoder and the same fusion: what a classifier says of the whole picture is
repeated at every place of the encoder's map. They differ in how the classifier is shown the picture, and in what is taken from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional as F

from huelab.color import tensor
from huelab.models.layers import SameConv, channels, glorot, padded

if TYPE_CHECKING:
    from huelab.backbones.net import Backbone

MULTIPLE = 8
"""The encoder halves its input three times."""

FUSED = 256
"""Channels of the encoder's map, and again after the fusion, at width 1."""


def encoder(width: float) -> nn.Sequential:
    """L (N, 1, H, W) -> (N, 256 * width, H / 8, W / 8): eight 3x3 convolutions with "same" padding as TensorFlow pads, each with ReLU."""
    layers: list[nn.Module] = []
    inputs = 1
    for published, stride in ((64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 1), (FUSED, 1)):
        outputs = channels(published, width)
        layers += [SameConv(inputs, outputs, stride=stride), nn.ReLU()]
        inputs = outputs
    return nn.Sequential(*layers)


class Fusion(nn.Module):
    """Appends a vector to the channels of a map at every place and mixes them there: 1x1 convolution, ReLU."""

    def __init__(self, inputs: int, classes: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(inputs + classes, outputs, 1)
        glorot(self.mix)

    def forward(self, features: Tensor, vector: Tensor) -> Tensor:
        """Features (N, inputs, h, w) and vector (N, classes) -> (N, outputs, h, w)."""
        inputs = features.shape[1]
        of_features, of_vector = self.mix.weight[:, :inputs], self.mix.weight[:, inputs:]
        # a repeated vector adds the same everywhere: convolved once, as a map of one pixel, it costs 1/(hw) of the published layer
        everywhere = F.conv2d(vector[:, :, None, None], of_vector, self.mix.bias)
        return F.relu(F.conv2d(features, of_features) + everywhere)


class Fused(nn.Module):
    """A colorizer of any size of picture that looks at it through a classifier as well, which does not learn with it."""

    def __init__(
        self,
        backbone: Backbone,
        *,
        width: float,
        decoder: nn.Module,
        class_vector: Callable[[Backbone, Tensor], Tensor],
        scale_input: Callable[[Tensor], Tensor],
        ab_scale: float,
    ) -> None:
        """`decoder` maps (N, 256 * width, h, w) to ab / `ab_scale` (N, 2, 8h, 8w); `scale_input` maps CIE L to what the encoder was
        published with; `class_vector` gives (N, backbone.classes) of `backbone` and L (N, 1, H, W).
        """
        super().__init__()
        self.backbone = backbone
        self.encoder = encoder(width)
        self.fusion = Fusion(channels(FUSED, width), backbone.classes, channels(FUSED, width))
        self.decoder = decoder
        self.class_vector = class_vector
        self.scale_input = scale_input
        self.ab_scale = ab_scale

    def forward(self, L: Tensor, vector: Tensor | None = None) -> Tensor:
        """L (N, 1, H, W) in 0..100 -> ab (N, 2, H, W) in CIE units, float32.

        `vector` (N, classes): what `class_vector` gave for these pictures before; without it the backbone looks at them now.
        """
        height, width = L.shape[-2:]
        if vector is None:
            vector = self.class_vector(self.backbone, L)
        features = self.encoder(self.scale_input(padded(L, MULTIPLE)))
        ab: Tensor = self.decoder(self.fusion(features, vector))
        return ab[..., :height, :width].float() * self.ab_scale


def dimmed(L: Tensor) -> Tensor:
    """L of the pictures whose sRGB gray levels are a 255th of those of `L` (N, 1, H, W): all but black, L 0..0.28.

    So a classifier that expects levels of 0..255 takes pictures of 0..1.
    """
    gray = tensor.lab_to_rgb(L, L.new_zeros(()).expand(L.shape[0], 2, *L.shape[-2:]))
    return tensor.rgb_to_lab(gray / 255.0)[:, :1]


def square(L: Tensor) -> Tensor:
    """`L` (N, 1, H, W) in the middle of a square, its border pixels repeated around it, as photographs are padded for training."""
    height, width = L.shape[-2:]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    return F.pad(L, (left, side - width - left, top, side - height - top), mode="replicate")
