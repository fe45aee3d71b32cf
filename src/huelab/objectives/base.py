"""What an objective is: net(s), a loss and optimizers behind one `step(batch)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from huelab.models.colorizer import Colorizer
from huelab.objectives.material import Material

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
    """Names of all that `step` may return."""

    def __init__(
        self,
        nets: dict[str, nn.Module],
        optimizers: dict[str, Optimizer],
        material: Material,
        *,
        temperature: float = 1.0,
        perceptual_weight: float = 0.0,
    ) -> None:
        """`material.clip_norm` bounds each network's gradient norm; `temperature` of the annealed mean, for nets that give bins.

        `perceptual_weight` counts where the material holds a perceptual term.
        """
        self.nets = nets
        self.material = material
        self.optimizers = optimizers
        self.running = dict(nets)
        self.stepping = dict(optimizers)
        self.clip_norm = material.clip_norm
        self.temperature = temperature
        self.perceptual_weight = perceptual_weight if material.perceptual is not None else 0.0
        self.fraction = 0.0
        """How much of the budget is spent, 0..1; the loop sets it before each step."""
        self.steps_done = 0
        self.buffers: dict[str, Tensor] = {}
        """What a step changes beside weights and optimizers (a running histogram); checkpoints keep it."""
        self.backward: Callable[[Tensor], None] = _backward
        self._rates = {name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in optimizers.items()}

    @classmethod
    @abstractmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """The objective of a colorizer's `module` for its `net`, with the settings of its `section` of params.yaml."""

    @abstractmethod
    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Learns from `batch` once. Returns terms of the loss before the step, each a float32 scalar without gradient.

        One that does not apply in this step (of another phase) is left out.
        """

    @property
    def phase(self) -> int:
        """Rises when what is learned changes: the best weights are then chosen anew."""
        return 0

    @property
    def last_phase(self) -> int:
        """The highest `phase` there will be: nothing stops early before it."""
        return 0

    def begin(self, batch: Batch) -> None:  # noqa: B027  # most have nothing to do here
        """Called once with the first training batch, before the first step: for initialisations that look at data."""

    def given(self, batch: Batch) -> dict[str, Tensor]:
        """What the network takes beside the lightness of `batch`: precomputed class vectors, where it looks through a classifier."""
        if self.material.vectors is None or int(batch.index.min()) < 0:
            return {}
        vectors = self.material.vectors[batch.index.to(self.material.vectors.device)]
        return {"vector": vectors.to(batch.L.device)}

    def painted(self, batch: Batch) -> Tensor:
        """The output of the running network for `batch`."""
        painted: Tensor = self.running[NET](batch.L, **self.given(batch))
        return painted

    def with_perceptual(self, loss: Tensor, terms: dict[str, Tensor], batch: Batch, ab: Tensor) -> Tensor:
        """`loss` and, where there is one, the weighted perceptual term of painted `ab` (N, 2, H, W) in CIE units, which joins `terms`."""
        if not self.perceptual_weight or self.material.perceptual is None:
            return loss
        seen: Tensor = self.material.perceptual(batch.L, ab, batch.ab, batch.mask)
        terms["perceptual"] = seen.detach()
        return loss + self.perceptual_weight * seen

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

    def move(self, device: torch.device) -> None:
        """Puts what is not a network in training where those are."""
        self.buffers = {name: value.to(device) for name, value in self.buffers.items()}
        if self.material.perceptual is not None:
            self.material.perceptual.to(device)

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
            nn.utils.clip_grad_norm_(learned(self.nets[name]), self.clip_norm)
        optimizer.step()


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]


def learned(net: nn.Module) -> list[nn.Parameter]:
    """The parameters of `net` that learn: a frozen backbone's do not."""
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


def masked_mean(value: Tensor, mask: Tensor) -> Tensor:
    """Mean of `value` (N, C, H, W) over channels and the pixels where `mask` (N, 1, H, W) is 1; what lies outside has no influence."""
    return (value * mask).sum() / (mask.sum() * value.shape[1]).clamp_min(1.0)
