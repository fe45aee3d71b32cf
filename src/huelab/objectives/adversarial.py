"""Adversarial: a generator that is close in L1 and must fool a patch discriminator (pix2pix)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from huelab.objectives.base import NET, Objective, masked_mean
from huelab.objectives.material import Material

if TYPE_CHECKING:
    from huelab.data.dataset import Batch

DISCRIMINATOR = "discriminator"


class Adversarial(Objective):
    """Generator and PatchGAN, one discriminator step and then one generator step per batch (Isola et al. 2017)."""

    terms = ("l1", "g_adversarial", "d_real", "d_fake")

    def __init__(
        self, net: nn.Module, discriminator: nn.Module, material: Material, *, lr: float, ab_scale: float, l1_weight: float = 100.0
    ) -> None:
        """`discriminator` sees L / 50 - 1 and ab / `ab_scale`; `l1_weight` multiplies the L1 loss of ab / `ab_scale`."""
        nets = {NET: net, DISCRIMINATOR: discriminator}
        # beta1 0.5: with the usual 0.9 the two networks' steps lag behind each other and oscillate
        optimizers: dict[str, Optimizer] = {
            name: Adam(one.parameters(), lr=lr, betas=(0.5, 0.999), fused=True) for name, one in nets.items()
        }
        super().__init__(nets, optimizers, material)
        self.ab_scale = ab_scale
        self.l1_weight = l1_weight

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of."""
        discriminator = module.build_discriminator(section)
        return cls(net, discriminator, material, lr=section.lr, ab_scale=module.INFO.ab_scale, l1_weight=section.l1_weight)

    def judged(self, batch: Batch, ab: Tensor) -> Tensor:
        """The discriminator's logits for the colours `ab` of the batch's L; padding shows it nothing."""
        logits: Tensor = self.running[DISCRIMINATOR](torch.cat([batch.L / 50.0 - 1.0, ab / self.ab_scale], 1) * batch.mask)
        return logits.float()

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        discriminator = self.nets[DISCRIMINATOR]
        fake = self.painted(batch).float()

        real_loss = patch_loss(self.judged(batch, batch.ab), batch.mask, real=True)
        fake_loss = patch_loss(self.judged(batch, fake.detach()), batch.mask, real=False)
        self.update(DISCRIMINATOR, 0.5 * (real_loss + fake_loss))

        discriminator.requires_grad_(False)
        adversarial = patch_loss(self.judged(batch, fake), batch.mask, real=True)
        discriminator.requires_grad_(True)
        l1 = masked_mean((fake - batch.ab).abs() / self.ab_scale, batch.mask)
        self.update(NET, adversarial + self.l1_weight * l1)
        return {"l1": l1.detach(), "g_adversarial": adversarial.detach(), "d_real": real_loss.detach(), "d_fake": fake_loss.detach()}


def patch_loss(logits: Tensor, mask: Tensor, *, real: bool) -> Tensor:
    """Binary cross-entropy of patch logits (N, 1, h, w) against "real" or not, each patch weighted by its share of content."""
    content = F.adaptive_avg_pool2d(mask, (logits.shape[-2], logits.shape[-1]))
    target = torch.full_like(logits, float(real))
    loss = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (loss * content).sum() / content.sum().clamp_min(1e-6)
