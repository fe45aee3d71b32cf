"""Multiscale: a generator judged by discriminators that see its picture at several sizes, whose findings it is to match (Wallner)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


class Multiscale(Objective):
    """Generator and discriminators: one step of each discriminator, then one of the generator, per batch.

    Terms, by the name of each discriminator: `d_`, its squared errors; `g_`, what the generator falls short of fooling it; `fm_`, how far
    what it finds in painted colours is from what it finds in the true ones. `l1` is of ab in the networks' unit.
    """

    terms: tuple[str, ...] = ()  # type: ignore[misc]  # by the names of the discriminators, see __init__

    def __init__(
        self,
        net: nn.Module,
        discriminators: Mapping[str, nn.Module],
        material: Material,
        *,
        seen: Callable[[Tensor, Tensor], Tensor],
        cie_ab: Callable[[Tensor], Tensor],
        section: Any,
        unfrozen: str = "",
    ) -> None:
        """`seen`: L and ab in CIE units -> the three channels that all networks work with; `cie_ab` is the way back, to ab alone.

        `section`: rates and weights, see wallner_gan.
        `unfrozen` names a discriminator that the generator's steps move too, a bug of the published code.
        """
        nets = {NET: net, **discriminators}
        rates = {NET: section.lr} | dict.fromkeys(discriminators, section.d_lr or section.lr)
        moved = {name: learned(one) for name, one in nets.items()}
        if unfrozen:
            moved[NET] = moved[NET] + moved[unfrozen]
        optimizers: dict[str, Optimizer] = {
            name: Adam(parameters, lr=rates[name], betas=(section.beta1, 0.999), fused=True) for name, parameters in moved.items()
        }
        super().__init__(nets, optimizers, material, perceptual_weight=section.perceptual.weight)
        self.names = tuple(discriminators)
        self.seen = seen
        self.cie_ab = cie_ab
        self.section = section
        self.unfrozen = unfrozen
        kinds = ("g", "fm", "d")
        self.terms = ("l1", *(f"{kind}_{name}" for kind in kinds for name in self.names), *["perceptual"] * bool(self.perceptual_weight))

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of; `module` exports `build_discriminators`, `seen` and `cie_ab`."""
        discriminators = module.build_discriminators(section)
        unfrozen = list(discriminators)[-1] if section.mode == "faithful" else ""
        seen, cie_ab = partial(module.seen, section), partial(module.cie_ab, section)
        return cls(net, discriminators, material, seen=seen, cie_ab=cie_ab, section=section, unfrozen=unfrozen)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        real = self.seen(batch.L, batch.ab * batch.mask)
        light, colours = real[:, :1], real[:, 1:]
        painted = self.running[NET](light, as_seen=True).float()
        fake = torch.cat([light, painted], 1)

        terms: dict[str, Tensor] = {}
        for name in self.names:
            judged, _ = self.judged(name, torch.cat([real, fake.detach()]), torch.cat([batch.mask, batch.mask]))
            true, false = judged.chunk(2)
            loss = squared(true, 1.0, batch.mask) + squared(false, 0.0, batch.mask)
            self.update(name, loss)
            terms[f"d_{name}"] = loss.detach()

        l1 = masked_mean((painted - colours).abs(), batch.mask)
        terms["l1"] = l1.detach()
        loss = self.section.l1_weight * l1
        for name in self.names:
            with torch.no_grad():
                _, wanted = self.judged(name, real, batch.mask)
            self.nets[name].requires_grad_(name == self.unfrozen)
            judged, found = self.judged(name, fake, batch.mask)
            self.nets[name].requires_grad_(True)
            fooling, matching = squared(judged, 1.0, batch.mask), distance(found, wanted, batch.mask)
            terms |= {f"g_{name}": fooling.detach(), f"fm_{name}": matching.detach()}
            loss = loss + self.section.adversarial_weight * fooling + self.section.feature_weight * matching
        if self.perceptual_weight:  # the way back to CIE units is not free
            loss = self.with_perceptual(loss, terms, batch, self.cie_ab(fake))
        self.update(NET, loss)
        return terms

    def judged(self, name: str, picture: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What discriminator `name` says of `picture` and finds in it; padding shows it nothing."""
        judgement, found = self.running[name](picture * mask)
        return judgement.float(), [features.float() for features in found]


def squared(judgement: Tensor, target: float, mask: Tensor) -> Tensor:
    """Mean square of `judgement` (N, 1, h, w) - `target`, each patch weighted by its share of content (LSGAN)."""
    content = shares(mask, judgement)
    return ((judgement - target).square() * content).sum() / content.sum().clamp_min(1e-6)


def distance(found: Sequence[Tensor], wanted: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Mean absolute difference of two lists of maps (N, c, h, w), over all numbers in all maps, each weighted by its share of content."""
    total, count = mask.new_zeros(()), mask.new_zeros(())
    for one, other in zip(found, wanted, strict=True):
        content = shares(mask, one)
        total = total + ((one - other).abs() * content).sum()
        count = count + content.sum() * one.shape[1]
    return total / count.clamp_min(1e-6)


def shares(mask: Tensor, features: Tensor) -> Tensor:
    """(N, 1, h, w): how much of what each place of `features` (N, c, h, w) covers is content of `mask` (N, 1, H, W)."""
    return F.adaptive_avg_pool2d(mask, (features.shape[-2], features.shape[-1]))
