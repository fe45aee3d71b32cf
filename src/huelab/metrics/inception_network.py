"""The Inception-v3 of FID: torchvision's network with the differences of TensorFlow's 2015-12-05 graph, which all published FIDs rest on.

Average pools leave padding out of the mean, the last block pools by maximum, and there are 1008 classes, cut off here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import inception


class _WithinEdges:
    """A block whose pooling branch leaves padding out of the mean."""

    branch_pool: nn.Module

    def _forward(self, x: Tensor) -> list[Tensor]:
        outputs: list[Tensor] = super()._forward(x)  # type: ignore[misc]
        outputs[-1] = self.branch_pool(self._pool(x))
        return outputs

    def _pool(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class _A(_WithinEdges, inception.InceptionA):  # type: ignore[misc]
    pass


class _C(_WithinEdges, inception.InceptionC):  # type: ignore[misc]
    pass


class _E(_WithinEdges, inception.InceptionE):  # type: ignore[misc]
    pass


class _Last(_E):
    def _pool(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, kernel_size=3, stride=1, padding=1)


def network(state: dict[str, Tensor]) -> nn.Module:
    """The network with these weights, in eval mode: (n, 3, 299, 299) in −1..1 -> (n, 2048), the mean over places of the last block."""
    blocks = [inception.BasicConv2d, _A, inception.InceptionB, _C, inception.InceptionD, _E, inception.InceptionAux]
    with torch.device("meta"):  # the weights come from `state`
        net: nn.Module = inception.Inception3(1008, aux_logits=False, inception_blocks=blocks, init_weights=False)
        net.Mixed_7c = _Last(2048)
    net.load_state_dict(state, assign=True)
    net.fc = nn.Identity()
    for parameter in net.eval().requires_grad_(False).parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)  # a third faster on CPUs
    return net
