"""How long a colorizer trains: so many optimizer steps, or so many seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from huelab import params


@dataclass(frozen=True)
class Limit:
    """Where training ends. With `seconds` the result depends on the machine and how busy it is."""

    steps: int
    """Optimizer steps; 0 where `seconds` decides."""
    seconds: float = 0.0
    """Of training, validation and saving not counted."""

    @classmethod
    def of(cls, budget: params.Budget, own_steps: int, steps_per_epoch: int) -> Limit:
        """The common budget where one is set, else the colorizer's own steps."""
        if budget.seconds:
            return cls(0, budget.seconds)
        if budget.epochs:
            return cls(max(1, math.ceil(budget.epochs * steps_per_epoch)))
        return cls(budget.steps or own_steps)

    def spent(self, steps: int, seconds: float) -> float:
        """The share of it, 0..1, that is spent in the middle of the step after `steps` steps in `seconds`."""
        return min(1.0, seconds / self.seconds) if self.seconds else (steps + 0.5) / self.steps

    def reached(self, steps: int, seconds: float) -> bool:
        """Whether training is over."""
        return seconds >= self.seconds if self.seconds else steps >= self.steps

    @property
    def words(self) -> str:
        """E.g. "600 steps", "90 seconds"."""
        return f"{self.seconds:g} seconds" if self.seconds else f"{self.steps} steps"
