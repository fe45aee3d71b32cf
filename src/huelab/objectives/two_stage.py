"""Two stages: first close in L1 alone, then, from those weights, adversarial as well (Shariatnia's ResNet U-Net)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from huelab.objectives.adversarial import Adversarial
from huelab.objectives.base import NET, masked_mean

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

FIRST_BETAS = (0.9, 0.999)
"""Of Adam in the first stage: its defaults, for there is nobody to train against yet."""

_SECOND = "second_stage"


class TwoStage(Adversarial):
    """The first share `section.first_stage` of the budget learns L1 at the rate `section.first_lr`, the rest is Adversarial.

    The second stage begins with the first's weights and without its optimizer's memory, as a new run would; the best weights are those of
    the second. With a first stage of 1 there is no second.
    """

    section: Any
    """Also holds first_stage and first_lr."""

    @property
    def phase(self) -> int:
        """0 in the first stage, 1 in the second."""
        return int(self.section.first_stage < 1 and self.fraction >= self.section.first_stage)

    @property
    def last_phase(self) -> int:
        """1, unless the first stage is all there is."""
        return int(self.section.first_stage < 1)

    def scale_rates(self, factor: float) -> None:
        """As Adversarial.scale_rates; in the first stage the generator has a rate and betas of its own."""
        if self.phase:
            super().scale_rates(factor)
        for group in self.optimizers[NET].param_groups:
            if not self.phase:
                group["lr"] = self.section.first_lr * factor
            group["betas"] = (self.section.beta1, self.section.beta2) if self.phase else FIRST_BETAS

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step; the adversarial terms appear with the second stage."""
        if self.phase:
            if _SECOND not in self.buffers:  # kept in checkpoints: a resumed run does not begin the stage again
                self.optimizers[NET].state.clear()
                self.buffers[_SECOND] = torch.ones(())
            return super().step(batch)
        painted = self.painted(batch).float()
        l1 = masked_mean((painted - batch.ab).abs() / self.ab_scale, batch.mask)
        terms = {"l1": l1.detach()}
        self.update(NET, self.with_perceptual(l1, terms, batch, painted))
        return terms
