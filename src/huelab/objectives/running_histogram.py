"""Classification whose colour weights are counted while the first epoch runs (Hage et al. 2016, DawudH/ImageColorizer)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn

from huelab.objectives.base import learned
from huelab.objectives.blur import blurred
from huelab.objectives.classification import BinClassification
from huelab.objectives.material import Material
from huelab.objectives.nesterov_adadelta import NesterovAdadelta

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

HISTOGRAM, PIXELS = "histogram", "pixels"


class RunningHistogram(BinClassification):
    """The weights come from the mean soft target h of all pixels so far; after the first epoch h stays as it is.

    A pixel weighs the sum over bins of its target times r, over the mean of r, where r = 1 / ((1 - lambda) h + lambda / Q). So the weights
    average one over bins, not over pixels, and the loss is smaller than Zhang's.
    """

    def __init__(
        self,
        net: nn.Module,
        material: Material,
        *,
        lr: float = 1.0,
        momentum: float = 0.9,
        neighbours: int = 10,
        rebalance: float = 0.3,
        temperature: float = 0.4,
        blur: float = 0.0,
    ) -> None:
        """`rebalance`: lambda; `blur`: sigma in pixels of a Gaussian over the colours to learn. See objectives.nesterov_adadelta."""
        optimizer = NesterovAdadelta(learned(net), lr=lr, rho=0.9, eps=1e-6, momentum=momentum)
        super().__init__(net, optimizer, material, neighbours=neighbours, temperature=temperature)
        self.rebalance = rebalance
        self.blur = blur
        self.buffers = {
            HISTOGRAM: torch.zeros(self.encode.count, dtype=torch.float64),
            PIXELS: torch.zeros((), dtype=torch.float64),
        }

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of."""
        return cls(
            net,
            material,
            lr=section.lr,
            momentum=section.momentum,
            neighbours=section.neighbours,
            rebalance=section.rebalance,
            temperature=section.temperature,
            blur=section.blur,
        )

    def target(self, batch: Batch) -> Tensor:
        """See BinClassification.target."""
        return blurred(batch.ab, batch.mask, self.blur) if self.blur else batch.ab

    def taught(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """See BinClassification.taught; in the first epoch what is taught is counted as well, before it is weighed."""
        index, share, counts = super().taught(batch)
        if self.steps_done < self.material.steps_per_epoch:
            self._count(index, share, counts)
        return index, share, counts

    def weight(self, index: Tensor, share: Tensor) -> Tensor:
        """See BinClassification.weight."""
        rarity = 1.0 / ((1.0 - self.rebalance) * self.buffers[HISTOGRAM] + self.rebalance / self.encode.count)
        rarity = (rarity / rarity.mean()).float()
        return (rarity[index] * share).sum(1)

    def _count(self, index: Tensor, share: Tensor, counts: Tensor) -> None:
        """Takes the soft targets of the pixels that teach into the running mean."""
        mass = (share * counts.unsqueeze(1)).double().flatten()
        seen = torch.zeros_like(self.buffers[HISTOGRAM]).scatter_add_(0, index.flatten(), mass)
        before, now = self.buffers[PIXELS], counts.double().sum()
        whole = before + now
        self.buffers[HISTOGRAM] = (self.buffers[HISTOGRAM] * before + seen) / whole.clamp_min(1.0)
        self.buffers[PIXELS] = whole
