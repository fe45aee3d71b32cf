"""Joint: the error of the colours and, beside it, the cross-entropy of what the picture shows (Iizuka et al. 2016)."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from huelab.errors import DataError
from huelab.objectives.base import NET, Objective, learned
from huelab.objectives.material import Material
from huelab.objectives.regression import made

if TYPE_CHECKING:
    from huelab.data.dataset import Batch


class Joint(Objective):
    """A net that colours at half the size and says which folder the picture is of.

    The paper writes the colour term as a sum of squares; here it is a mean, in the unit of the sigmoid: with alpha 1/300 the two terms are
    then of one order of magnitude, as the paper wants them.
    """

    terms: tuple[str, ...] = ("mse", "cross_entropy")  # type: ignore[misc]  # by settings, see __init__

    def __init__(
        self,
        net: nn.Module,
        material: Material,
        *,
        alpha: float,
        optimizer: str,
        lr: float,
        ab_scale: float,
        perceptual_weight: float = 0.0,
    ) -> None:
        """`alpha` weighs the cross-entropy of `material.labels`; 0 needs none. `optimizer`: see regression.made.

        Raises DataError where alpha is not 0 and the photographs tell no two classes apart.
        """
        if alpha:
            _check_labelled(material)
        super().__init__({NET: net}, {NET: made(optimizer, learned(net), lr)}, material, perceptual_weight=perceptual_weight)
        self.alpha = alpha
        self.ab_scale = ab_scale
        self.terms = ("mse", *["cross_entropy"] * bool(alpha), *["perceptual"] * bool(self.perceptual_weight))

    @classmethod
    def of(cls, module: ModuleType, net: nn.Module, section: Any, material: Material) -> Self:
        """See Objective.of."""
        return cls(
            net,
            material,
            alpha=section.alpha,
            optimizer=section.optimizer,
            lr=section.lr,
            ab_scale=module.INFO.ab_scale,
            perceptual_weight=section.perceptual.weight,
        )

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """See Objective.step."""
        classify = {"classify": True} if self.alpha else {}
        output = self.running[NET](batch.L, half=True, **classify)
        painted, logits = output if self.alpha else (output, None)
        loss = self.colour_loss(painted, batch)
        terms = {"mse": loss.detach()}
        if logits is not None:
            entropy = self.class_loss(logits, batch)
            terms["cross_entropy"] = entropy.detach()
            loss = loss + self.alpha * entropy
        if self.perceptual_weight:
            whole = F.interpolate(painted.float(), scale_factor=2, mode="bilinear", align_corners=False)  # as the net shows it
            whole = whole[..., : batch.ab.shape[-2], : batch.ab.shape[-1]]
            loss = self.with_perceptual(loss, terms, batch, whole)
        self.update(NET, loss)
        return terms

    def colour_loss(self, painted: Tensor, batch: Batch) -> Tensor:
        """Mean square of (painted - ab) / ab_scale; `painted` (N, 2, ceil(H / 2), ceil(W / 2)), of ab the mean of each square's content."""
        content = halved(batch.mask)
        target = halved(batch.ab * batch.mask) / content.clamp_min(0.25)  # of 2 x 2 pixels all, or at least one, or none are content
        wrong = ((painted.float() - target) / self.ab_scale).square() * content
        return wrong.sum() / (2.0 * content.sum()).clamp_min(1.0)

    def class_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy (nats) over the pictures of the batch that have a label; 0 where none has."""
        assert self.material.labels is not None
        labels = self.material.labels[batch.index.to(self.material.labels.device)].to(logits.device)
        total = F.cross_entropy(logits.float(), labels, ignore_index=-1, reduction="sum")
        return total / (labels >= 0).sum().clamp_min(1)


def halved(picture: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, ceil(H / 2), ceil(W / 2)): the mean of each 2 x 2 pixels, of fewer at an odd border."""
    return F.avg_pool2d(picture, 2, ceil_mode=True)


def _check_labelled(material: Material) -> None:
    labelled = material.labels is not None and bool(torch.any(material.labels >= 0))
    if labelled and len(material.classes) >= 2:
        return
    found = f"all lie in {material.classes[0]!r}" if material.classes else "they lie in no folders"
    raise DataError(
        f"This colorizer learns the folder names of the photographs beside their colours and needs at least two, but {found}. Put each kind"
        " of photograph in a folder of its own (FOLDER/cats/1.jpg, FOLDER/dogs/2.jpg) and take them with `huelab data use FOLDER`, or train"
        " it without: set alpha: 0 in its section of `colorizers` in params.yaml."
    )
