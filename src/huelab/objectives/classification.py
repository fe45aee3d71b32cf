"""Classification: cross-entropy over colour bins with soft targets and rare colours weighted up (Zhang et al. 2016)."""

from __future__ import annotations

from abc import abstractmethod
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from huelab.color import bins
from huelab.color.soft_encoder import SoftEncoder
from huelab.models.layers import ToBins, padded
from huelab.objectives.base import NET, Objective, learned
from huelab.objectives.data_init import fit_to_data
from huelab.objectives.material import Material

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

GRAY = 5.0
"""A picture with |a| and |b| at most this everywhere teaches nothing (the authors' gray mask)."""

REBALANCE = {"bins": 1.0, "bins_rebalanced": 0.5}
"""Lambda by the name of the loss, of colorizers that can learn by other losses too."""


class BinClassification(Objective):
    """A ToBins net, soft targets in its bins made on the fly, and their cross-entropy, weighted per pixel."""

    terms = ("cross_entropy",)

    def __init__(self, net: nn.Module, optimizer: Optimizer, material: Material, *, neighbours: int, temperature: float) -> None:
        """`neighbours`: the nearest bins, which share a pixel's target; `temperature` of the annealed mean that reads the net out."""
        super().__init__({NET: net}, {NET: optimizer}, material, temperature=temperature)
        bins_net = to_bins(net)
        self.stride = bins_net.stride
        self.encode = SoftEncoder(bins_net.get_buffer("centers").numpy(), k=neighbours)

    def target(self, batch: Batch) -> Tensor:
        """The ab (N, 2, H, W) to learn."""
        return batch.ab

    def counts(self, batch: Batch) -> Tensor:
        """(N, 1, H, W): 1 for the pixels that teach, 0 for the others."""
        return batch.mask

    @abstractmethod
    def weight(self, index: Tensor, share: Tensor) -> Tensor:
        """(N, h, w) weight of each pixel by its soft target: bins and shares, both (N, k, h, w)."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean over the pixels that teach of weight * cross-entropy(soft target, softmax(logits)); float32, nats."""
        index, share, counts = self.taught(batch)
        height, width = counts.shape[-2:]
        log_share = torch.log_softmax(logits.float()[..., :height, :width], dim=1)
        entropy = -(log_share.gather(1, index) * share).sum(1)
        loss: Tensor = (entropy * (self.weight(index, share) * counts)).sum() / counts.sum().clamp_min(1.0)
        return loss

    def taught(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Where the logits are: bins (N, k, h, w), shares (N, k, h, w), and which pixels teach (N, h, w)."""
        index, share = self.encode(sampled(self.target(batch), self.stride))
        return index, share, sampled(self.counts(batch), self.stride)[:, 0]

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        loss = self.loss(self.painted(batch), batch)
        self.update(NET, loss)
        return {"cross_entropy": loss.detach()}


class Classification(BinClassification):
    """Zhang's: the weights are known beforehand, from the colours of the training pictures, and a pixel has that of its nearest bin."""

    def __init__(
        self,
        net: nn.Module,
        material: Material,
        *,
        lr: float,
        weight_decay: float = 1e-3,
        neighbours: int = 5,
        rebalance: float = 0.5,
        temperature: float = 0.38,
        init: str = "he",
    ) -> None:
        """`rebalance`: lambda of the class weights, 1 weights all equally. The weights average one over the training pixels.

        Unless `init` is "plain", the bias of the net's last layer becomes the distribution that the loss prefers where nothing is known of
        a pixel; "data" also fits the layers before it to the first batch. Raises ValueError for a net of other bins than the 313.
        """
        optimizer = Adam(learned(net), lr=lr, betas=(0.9, 0.99), weight_decay=weight_decay, fused=True)
        super().__init__(net, optimizer, material, neighbours=neighbours, temperature=temperature)
        prior = material.prior
        if self.encode.count != len(prior):
            raise ValueError(f"the net has {self.encode.count} bins, but the prior is of {len(prior)}")
        weights = np.ones_like(prior) if rebalance == 1 else bins.class_weights(prior, lam=rebalance)
        if init != "plain":
            begin_at_balance(net, prior * weights)
        self.init = init
        self.weights = torch.from_numpy(weights).float()

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of. A section without lambda names its loss "bins" or "bins_rebalanced" instead."""
        return cls(
            net,
            material,
            lr=section.lr,
            weight_decay=section.weight_decay,
            neighbours=section.neighbours,
            rebalance=section.rebalance if hasattr(section, "rebalance") else REBALANCE[section.loss],
            temperature=section.temperature,
            init=getattr(section, "init", "he"),
        )

    def begin(self, batch: Batch) -> None:
        """See Objective.begin."""
        if self.init == "data":
            net = to_bins(self.net)
            fit_to_data(net.body, net.scale_input(padded(batch.L, net.multiple)))

    def counts(self, batch: Batch) -> Tensor:
        """Content pixels of pictures that have any colour."""
        colourful = (batch.ab.abs().amax(1, keepdim=True) * batch.mask).amax((1, 2, 3), keepdim=True) > GRAY
        return batch.mask * colourful

    def weight(self, index: Tensor, share: Tensor) -> Tensor:
        """See BinClassification.weight; multiplying the loss by it is what the authors do to its gradient."""
        return self.weights.to(index.device)[index[:, 0]]


def to_bins(net: nn.Module) -> ToBins:
    """`net`, which gives logits of bins. Raises ValueError if it gives colours."""
    if not isinstance(net, ToBins):
        raise ValueError("a network that learns to classify has to give logits of colour bins (layers.ToBins)")
    return net


def sampled(picture: Tensor, stride: int) -> Tensor:
    """Every `stride`-th pixel of (N, C, H, W) both ways, taken beside the middle of its square: bilinear upsampling assumes the middle."""
    if stride == 1:
        return picture
    first = stride // 2
    rows = torch.arange(first, picture.shape[-2] + first, stride).clamp_max(picture.shape[-2] - 1)
    columns = torch.arange(first, picture.shape[-1] + first, stride).clamp_max(picture.shape[-1] - 1)
    return picture[..., rows.to(picture.device), :][..., columns.to(picture.device)]


def begin_at_balance(net: nn.Module, distribution: NDArray[np.float64]) -> None:
    """Sets the bias of the last convolution of `net` to log(`distribution`), so that training begins there and not in an arbitrary colour.

    `distribution` (Q,): the weighted prior. A bin of share 0 begins at 1e-6.
    """
    last = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)][-1]
    if last.bias is None or last.bias.numel() != distribution.size:
        raise ValueError(f"the last layer has no bias for {distribution.size} bins")
    share = distribution / distribution.sum()
    with torch.no_grad():
        last.bias.copy_(torch.from_numpy(np.log(np.maximum(share, 1e-6))))
