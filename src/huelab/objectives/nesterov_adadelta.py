"""Adadelta whose steps carry Nesterov momentum: Lasagne's `apply_nesterov_momentum(adadelta(...))`, for which torch has no optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adadelta


class NesterovAdadelta(Adadelta):
    """With d the step that Adadelta would take: v <- momentum v + d, and the step taken is momentum v + d."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, momentum: float = 0.9
    ) -> None:
        """`momentum` in [0, 1); the others as in torch.optim.Adadelta."""
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum is {momentum}: choose from 0 (none) to below 1")
        super().__init__(parameters, lr=lr, rho=rho, eps=eps)
        for group in self.param_groups:
            group["momentum"] = momentum

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """One step; see torch.optim.Optimizer.step."""
        loss = closure() if closure is not None else None
        moving: list[tuple[nn.Parameter, Tensor, float]] = [
            (parameter, parameter.clone(), group["momentum"])
            for group in self.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        ]
        super().step()
        for parameter, before, momentum in moving:
            state = self.state[parameter]
            if "velocity" not in state:
                state["velocity"] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
            velocity = state["velocity"]
            velocity.mul_(momentum).add_(parameter - before)
            parameter.add_(velocity, alpha=momentum)
        return loss
