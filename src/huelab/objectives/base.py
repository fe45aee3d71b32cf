"""What an objective is: net(s), a loss and optimizers behind one `step(batch)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from huelab.models.colorizer import Colorizer

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

NET = "net"
"""The name of the network that colours; others (a discriminator) only help it learn."""


class Objective(ABC):
    """Networks in training.

    `nets` and `optimizers` are the plain objects, whose state is saved; `running` and `stepping` are what a step calls: the same, or
    wrapped by a runtime.
    """

    terms: ClassVar[tuple[str, ...]]
    """Names of what `step` returns."""

    def __init__(self, nets: dict[str, nn.Module], optimizers: dict[str, Optimizer], *, clip_norm: float, temperature: float = 1.0) -> None:
        """`clip_norm` bounds each network's gradient norm, 0 leaves it; `temperature` of the annealed mean, for nets that give bins."""
        self.nets = nets
        self.optimizers = optimizers
        self.running = dict(nets)
        self.stepping = dict(optimizers)
        self.clip_norm = clip_norm
        self.temperature = temperature
        self.backward: Callable[[Tensor], None] = _backward
        self._rates = {name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in optimizers.items()}

    @abstractmethod
    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Learns from `batch` once. Returns the terms of the loss before the step, each a float32 scalar without gradient."""

    @property
    def net(self) -> nn.Module:
        """The network that colours, unwrapped."""
        return self.nets[NET]

    def colorizer(self) -> Colorizer:
        """The network as a colorizer, sharing its weights and running as it trains (its precision); call `mode(training=False)` first."""
        colorizer = Colorizer(self.net, temperature=self.temperature)
        colorizer.net = self.running[NET]
        return colorizer

    def mode(self, *, training: bool) -> None:
        """Training or evaluation mode for all networks."""
        for net in self.running.values():
            net.train(training)

    def scale_rates(self, factor: float) -> None:
        """Learning rates become their published values times `factor`."""
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                group["lr"] = rate * factor

    def update(self, name: str, loss: Tensor) -> None:
        """One optimizer step of network `name` down the gradient of `loss`."""
        optimizer = self.stepping[name]
        optimizer.zero_grad(set_to_none=True)
        self.backward(loss)
        if self.clip_norm:
            nn.utils.clip_grad_norm_(self.nets[name].parameters(), self.clip_norm)
        optimizer.step()


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]


def masked_mean(value: Tensor, mask: Tensor) -> Tensor:
    """Mean of `value` (N, C, H, W) over channels and the pixels where `mask` (N, 1, H, W) is 1; what lies outside has no influence."""
    return (value * mask).sum() / (mask.sum() * value.shape[1]).clamp_min(1.0)
