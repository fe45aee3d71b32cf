"""Regression: squared error of ab, in the unit of the paper (Wallner alpha and beta, plain)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.optim import Adam, Optimizer, RMSprop

from huelab.objectives.base import NET, Objective, masked_mean

if TYPE_CHECKING:
    from huelab.data.dataset import Batch


class Regression(Objective):
    """A net that gives ab, and the mean squared error of ab / `ab_scale`."""

    terms = ("mse",)

    def __init__(self, net: nn.Module, *, optimizer: str, lr: float, ab_scale: float, clip_norm: float = 0.0) -> None:
        """`optimizer`: "rmsprop" with Keras' defaults (rho 0.9, epsilon 1e-7) or "adam" (0.9, 0.999)."""
        chosen: Optimizer
        if optimizer == "rmsprop":
            chosen = RMSprop(net.parameters(), lr=lr, alpha=0.9, eps=1e-7, foreach=True)
        else:
            chosen = Adam(net.parameters(), lr=lr, fused=True)
        super().__init__({NET: net}, {NET: chosen}, clip_norm=clip_norm)
        self.ab_scale = ab_scale

    def loss(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Mean over content pixels and both channels of ((predicted - ab) / ab_scale)²; float32."""
        return masked_mean(((predicted.float() - batch.ab) / self.ab_scale).square(), batch.mask)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        loss = self.loss(self.running[NET](batch.L), batch)
        self.update(NET, loss)
        return {"mse": loss.detach()}
