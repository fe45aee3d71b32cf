"""Classification: cross-entropy over colour bins with soft targets and rare colours weighted up (Zhang et al. 2016)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam

from huelab.color import bins, tensor
from huelab.objectives.base import NET, Objective, learned
from huelab.objectives.material import Material

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

GRAY = 5.0
"""A picture with |a| and |b| at most this everywhere teaches nothing (the authors' gray mask)."""


class Classification(Objective):
    """A ToBins net, targets made on the fly, and the rebalanced cross-entropy."""

    terms = ("cross_entropy",)

    def __init__(
        self,
        net: nn.Module,
        material: Material,
        *,
        lr: float,
        stride: int = 4,
        weight_decay: float = 1e-3,
        neighbours: int = 5,
        rebalance: float = 0.5,
        temperature: float = 0.38,
    ) -> None:
        """`rebalance`: lambda of the class weights, 1 weights all equally.

        Sets the bias of the net's last layer to the distribution that the loss prefers where nothing is known of a pixel.
        """
        prior = material.prior
        weights = np.ones_like(prior) if rebalance == 1 else bins.class_weights(prior, lam=rebalance)
        begin_at_balance(net, prior * weights)
        optimizer = Adam(learned(net), lr=lr, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True)
        super().__init__({NET: net}, {NET: optimizer}, material, temperature=temperature)
        self.stride = stride
        self.neighbours = neighbours
        self.weights = torch.from_numpy(weights).float()

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of."""
        return cls(
            net,
            material,
            lr=section.lr,
            stride=module.STRIDE,
            weight_decay=section.weight_decay,
            neighbours=section.neighbours,
            rebalance=section.rebalance,
            temperature=section.temperature,
        )

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean over content pixels of weight(true bin) * cross-entropy(soft target, softmax(logits)); float32.

        The weights average one over the training pixels, so the loss keeps its unit (nats); multiplying the loss by a constant per pixel is
        what the authors do to its gradient.
        """
        ab, mask = sampled(batch.ab, self.stride), sampled(batch.mask, self.stride)[:, 0]
        height, width = mask.shape[-2:]
        log_share = torch.log_softmax(logits.float()[..., :height, :width], dim=1)
        index, share = tensor.soft_encode(ab, k=self.neighbours)
        entropy = -(log_share.gather(1, index) * share).sum(1)
        colourful = (batch.ab.abs().amax(1, keepdim=True) * batch.mask).amax((1, 2, 3)) > GRAY
        counts = mask * colourful.view(-1, 1, 1)
        weight = self.weights.to(ab.device)[index[:, 0]] * counts
        loss: Tensor = (entropy * weight).sum() / counts.sum().clamp_min(1.0)
        return loss

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        loss = self.loss(self.painted(batch), batch)
        self.update(NET, loss)
        return {"cross_entropy": loss.detach()}


def sampled(picture: Tensor, stride: int) -> Tensor:
    """Every `stride`-th pixel of (N, C, H, W) both ways, taken beside the middle of its square: bilinear upsampling assumes the middle."""
    first = stride // 2
    rows = torch.arange(first, picture.shape[-2] + first, stride).clamp_max(picture.shape[-2] - 1)
    columns = torch.arange(first, picture.shape[-1] + first, stride).clamp_max(picture.shape[-1] - 1)
    return picture[..., rows.to(picture.device), :][..., columns.to(picture.device)]


def begin_at_balance(net: nn.Module, distribution: NDArray[np.float64]) -> None:
    """Sets the bias of the last convolution of `net` to log(`distribution`), so that training begins there and not in an arbitrary colour.

    `distribution` (313,): the weighted prior. A bin of share 0 begins at 1e-6.
    """
    last = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)][-1]
    if last.bias is None or last.bias.numel() != distribution.size:
        raise ValueError(f"the last layer has no bias for {distribution.size} bins")
    share = distribution / distribution.sum()
    with torch.no_grad():
        last.bias.copy_(torch.from_numpy(np.log(np.maximum(share, 1e-6))))
