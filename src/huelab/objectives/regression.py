"""Regression: the error of ab, squared, absolute or between the two, in the unit of the paper."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adadelta, Adam, Optimizer, RMSprop

from huelab.objectives.base import NET, Objective, learned, masked_mean
from huelab.objectives.material import Material

if TYPE_CHECKING:
    from huelab.data.dataset import Batch


class Regression(Objective):
    """A net that gives ab, and the mean error of ab / `ab_scale`; with a perceptual term where the material holds one."""

    terms: tuple[str, ...] = ("mse",)  # type: ignore[misc]  # by loss, see __init__

    def __init__(
        self,
        net: nn.Module,
        material: Material,
        *,
        optimizer: str,
        lr: float,
        ab_scale: float,
        loss: str = "mse",
        huber_delta: float = 0.1,
        perceptual_weight: float = 0.0,
    ) -> None:
        """`optimizer`: see `made`; `loss`: "mse", "l1" or "huber", whose `huber_delta` is in units of ab / `ab_scale`."""
        super().__init__({NET: net}, {NET: made(optimizer, learned(net), lr)}, material, perceptual_weight=perceptual_weight)
        self.ab_scale = ab_scale
        self.kind = loss
        self.huber_delta = huber_delta
        self.terms = (loss, "perceptual") if self.perceptual_weight else (loss,)

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of."""
        return cls(
            net,
            material,
            optimizer=section.optimizer,
            lr=section.lr,
            ab_scale=module.INFO.ab_scale,
            loss=section.loss,
            huber_delta=section.huber_delta,
            perceptual_weight=section.perceptual.weight,
        )

    def loss(self, predicted: Tensor, batch: Batch) -> Tensor:
        """Mean over content pixels and both channels of the error of (predicted - ab) / ab_scale; float32."""
        wrong = (predicted.float() - batch.ab) / self.ab_scale
        if self.kind == "mse":
            return masked_mean(wrong.square(), batch.mask)
        if self.kind == "l1":
            return masked_mean(wrong.abs(), batch.mask)
        # over delta, so that far out it is the L1 loss
        each = F.huber_loss(wrong, wrong.new_zeros(()).expand_as(wrong), delta=self.huber_delta, reduction="none")
        return masked_mean(each / self.huber_delta, batch.mask)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        predicted = self.painted(batch)
        loss = self.loss(predicted, batch)
        terms = {self.kind: loss.detach()}
        self.update(NET, self.with_perceptual(loss, terms, batch, predicted.float()))
        return terms


def made(optimizer: str, parameters: list[nn.Parameter], lr: float) -> Optimizer:
    """The optimizer of that name: "adam" (0.9, 0.999), or "rmsprop" and "adadelta" with Keras' rho and epsilon."""
    if optimizer == "rmsprop":
        return RMSprop(parameters, lr=lr, alpha=0.9, eps=1e-7, foreach=True)
    if optimizer == "adadelta":
        return Adadelta(parameters, lr=lr, rho=0.9, eps=1e-6)
    return Adam(parameters, lr=lr, fused=True)
