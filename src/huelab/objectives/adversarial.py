"""Adversarial: a generator that is close in L1 and must fool a discriminator that sees its picture beside the gray one."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from huelab.objectives.base import NET, Objective, learned, masked_mean
from huelab.objectives.material import Material

if TYPE_CHECKING:
    from huelab.data.dataset import Batch
    from huelab.models.families import AdversarialParams

DISCRIMINATOR = "discriminator"

LEAST_RATE = 1e-6
"""The generator's learning rate does not decay below this (Nazeri et al. 2018); the discriminator's keeps its ratio to it."""


class Adversarial(Objective):
    """Generator and discriminator: per batch a discriminator step, then one generator step (Isola et al. 2017) or more.

    The generator paints ab, or the whole of Lab (Nazeri et al. 2018); its L1 loss is over the channels that it paints.
    """

    terms: tuple[str, ...] = ("l1", "g_adversarial", "d_real", "d_fake")  # type: ignore[misc]  # with a perceptual term one more

    def __init__(
        self,
        net: nn.Module,
        discriminator: nn.Module,
        material: Material,
        *,
        seen: Callable[[Tensor, Tensor], Tensor],
        section: AdversarialParams,
        ab_scale: float,
    ) -> None:
        """`seen`: what `discriminator` is shown of L and colours in CIE units; the L1 loss is of L / 50 and of ab / `ab_scale`."""
        rates = {NET: section.lr, DISCRIMINATOR: section.d_lr or section.lr}
        nets = {NET: net, DISCRIMINATOR: discriminator}
        # beta1 far below the usual 0.9, with which the two networks' steps lag behind each other and oscillate
        betas = (section.beta1, section.beta2)
        optimizers: dict[str, Optimizer] = {name: Adam(learned(one), lr=rates[name], betas=betas, fused=True) for name, one in nets.items()}
        super().__init__(nets, optimizers, material, perceptual_weight=section.perceptual.weight)
        self.seen = seen
        self.section = section
        self.ab_scale = ab_scale
        if self.perceptual_weight:
            self.terms = (*self.terms, "perceptual")

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of; `module` exports `build_discriminator` and `seen_by_discriminator`, which says what that is shown."""
        discriminator = module.build_discriminator(section)
        seen = partial(module.seen_by_discriminator, section)
        return cls(net, discriminator, material, seen=seen, section=section, ab_scale=module.INFO.ab_scale)

    def scale_rates(self, factor: float) -> None:
        """As Objective.scale_rates; where `decay_steps` is set, the rates also fall tenfold per so many steps, down to LEAST_RATE."""
        super().scale_rates(factor * self.decay())

    def decay(self) -> float:
        """The share of the published rates that is left after the steps done."""
        if not self.section.decay_steps:
            return 1.0
        least = min(1.0, LEAST_RATE / self.section.lr)
        return max(least, math.pow(0.1, self.steps_done / self.section.decay_steps))

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step; of several generator steps it gives the terms of the first."""
        fake = self.painted(batch).float()
        real = batch.ab if fake.shape[1] == 2 else torch.cat([batch.L, batch.ab], 1)
        judgement = self.train_discriminator(batch, real, fake.detach())
        terms = self.train_generator(batch, real, fake)
        for _ in range(self.section.g_updates - 1):
            self.train_generator(batch, real, self.painted(batch).float())
        return {**terms, **judgement}

    def train_discriminator(self, batch: Batch, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """One step toward telling `real` from `fake` colours (N, 2 or 3, H, W); its two losses before that, which count half each."""
        real_loss = patch_loss(self.judged(batch, real), batch.mask, real=True, smooth=self.section.smooth)
        fake_loss = patch_loss(self.judged(batch, fake), batch.mask, real=False)
        self.update(DISCRIMINATOR, 0.5 * (real_loss + fake_loss))
        return {"d_real": real_loss.detach(), "d_fake": fake_loss.detach()}

    def train_generator(self, batch: Batch, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """One step of the net that painted `fake`, toward `real` and past the discriminator; the terms of its loss before that."""
        discriminator = self.nets[DISCRIMINATOR]
        discriminator.requires_grad_(False)
        adversarial = patch_loss(self.judged(batch, fake), batch.mask, real=True)
        discriminator.requires_grad_(True)
        unit = self.ab_scale if fake.shape[1] == 2 else fake.new_tensor([50.0, self.ab_scale, self.ab_scale]).view(1, 3, 1, 1)
        l1 = masked_mean((fake - real).abs() / unit, batch.mask)
        loss = adversarial + self.section.l1_weight * l1
        terms = {"l1": l1.detach(), "g_adversarial": adversarial.detach()}
        self.update(NET, self.with_perceptual(loss, terms, batch, fake[:, -2:]))
        return terms

    def judged(self, batch: Batch, colours: Tensor) -> Tensor:
        """The discriminator's logits for `colours` of the batch's L; padding shows it nothing."""
        logits: Tensor = self.running[DISCRIMINATOR](self.seen(batch.L, colours) * batch.mask)
        return logits.float()


def patch_loss(logits: Tensor, mask: Tensor, *, real: bool, smooth: float = 0.0) -> Tensor:
    """Binary cross-entropy of patch logits (N, 1, h, w) against "real" (1 - `smooth`) or not (0), each patch weighted by its content.

    `mask` (N, 1, H, W) is 1 where the picture has content; a patch that is all padding does not count.
    """
    content = F.adaptive_avg_pool2d(mask, (logits.shape[-2], logits.shape[-1]))
    target = torch.full_like(logits, 1.0 - smooth if real else 0.0)
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (loss * content).sum() / content.sum().clamp_min(1e-6)
