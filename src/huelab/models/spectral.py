"""What networks are made of that train against each other: convolutions whose gain is bounded, and self-attention.

Sources: Miyato, Kataoka, Koyama, Yoshida, "Spectral Normalization for Generative Adversarial Networks", ICLR 2018; Zhang, Goodfellow,
Metaxas, Odena, "Self-Attention Generative Adversarial Networks", ICML 2019.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from huelab.models.layers import glorot

ATTENTION_BLOCK = 2**24
"""Weights of an attention map that are in memory at a time while nothing is learned: 64 MiB in float32."""


class BoundedConv(nn.Conv2d):
    """A convolution padded as TensorFlow's "same", its weights (outputs, inputs * k * k) divided by their largest singular value.

    One power iteration per pass in training keeps the estimate of that value; evaluation uses it as it stands. Its two vectors are
    buffers, so they are saved with the weights.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride)
        glorot(self)
        spectral_norm(self)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, ceil(H / stride), ceil(W / stride))."""
        (height, width), kernel, stride = picture.shape[-2:], self.kernel_size[0], self.stride[0]
        rows, columns = (max(0, (-(-side // stride) - 1) * stride + kernel - side) for side in (height, width))
        picture = F.pad(picture, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        with torch.autocast(picture.device.type, enabled=False):  # a power iteration needs more digits than bfloat16 has
            weight = self.weight
        return F.conv2d(picture, weight, self.bias, stride)


class SelfAttention(nn.Module):
    """To each place is added what it finds in all others, weighed by how well a query of its own fits their keys.

    gamma, the weight of what is found, begins at 0: the layer does nothing until it helps. Time grows with the square of the number of
    places; so does memory in training, while colouring takes them in blocks (ATTENTION_BLOCK).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(1, channels // 8)
        self.query, self.key = nn.Conv2d(channels, narrow, 1), nn.Conv2d(channels, narrow, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))
        for layer in (self.query, self.key, self.value):
            glorot(layer)

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        count, _, height, width = features.shape
        places = height * width
        query, key, value = (layer(features).flatten(2) for layer in (self.query, self.key, self.value))
        block = places if torch.is_grad_enabled() else max(1, ATTENTION_BLOCK // (count * places))
        found = [value @ torch.softmax(key.mT @ part, dim=1) for part in query.split(block, dim=2)]
        return features + self.gamma * torch.cat(found, 2).view_as(features)
