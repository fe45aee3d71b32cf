"""Iizuka et al.'s loss: colours at half the size, and the folder name of those pictures that have one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim import Adadelta

from huelab.backbones.compact import Compact
from huelab.backbones.net import Backbone
from huelab.data.dataset import Batch
from huelab.errors import DataError
from huelab.models import iizuka
from huelab.objectives.base import NET
from huelab.objectives.joint import Joint
from huelab.objectives.perceptual import PerceptualTerm
from tests.flat_material import material

CLASSES = ("cats", "dogs", "trains")


def made(
    labels: tuple[int, ...] | None = (0, 2, -1, 1), *, classes: tuple[str, ...] = CLASSES, lr: float = 1.0, alpha: float = 1 / 300
) -> Joint:
    torch.manual_seed(0)
    section = iizuka.Params(width=0.05, lr=lr, alpha=alpha)
    net = iizuka.build(section, size=32, classes=len(classes))
    given: dict[str, Any] = {"classes": classes, "labels": None if labels is None else torch.tensor(labels)}
    return Joint.of(iizuka, net, section, material(**given))


def weights_after_a_step(objective: Joint, batch: Batch) -> dict[str, torch.Tensor]:
    objective.mode(training=True)
    terms = objective.step(batch)
    assert set(terms) == set(objective.terms)
    assert all(torch.isfinite(value) and value.dtype == torch.float32 and not value.requires_grad for value in terms.values())
    return objective.net.state_dict()


def test_it_learns_by_adadelta() -> None:
    optimizer = made().optimizers[NET]
    assert isinstance(optimizer, Adadelta)
    assert optimizer.defaults["lr"] == 1.0


def test_the_colour_loss_is_the_mean_square_at_half_the_size_in_the_unit_of_the_sigmoid(batch: Batch) -> None:
    """The published target: ab / 200 + 1/2, shrunk to half."""
    painted = torch.randn(4, 2, 16, 16, generator=torch.Generator().manual_seed(1)) * 20
    ab, mask = batch.ab.numpy().astype(np.float64), batch.mask.numpy().astype(np.float64)
    target = ab.reshape(4, 2, 16, 2, 16, 2).mean((3, 5))  # the mask of this batch ends between two squares
    inside = np.broadcast_to(mask[:, :, ::2, ::2] == 1, target.shape)
    share, wanted = (painted.numpy() / 200 + 0.5)[inside], (target / 200 + 0.5)[inside]
    assert made().colour_loss(painted, batch).item() == pytest.approx(((share - wanted) ** 2).mean(), rel=1e-4)


def test_a_square_that_is_partly_padding_wants_the_colour_of_its_content(batch: Batch) -> None:
    """A gray rim around every padded photograph would otherwise be learned."""
    flat = replace(batch, ab=torch.full_like(batch.ab, 40.0) * batch.mask, mask=torch.ones_like(batch.mask))
    flat.mask[..., 19:] = 0.0
    assert made().colour_loss(torch.full((4, 2, 16, 16), 40.0), flat).item() == pytest.approx(0.0, abs=1e-9)


def test_odd_sides_have_a_last_row_of_their_own(batch: Batch) -> None:
    odd = replace(batch, L=batch.L[..., :31, :29], ab=torch.full_like(batch.ab[..., :31, :29], 40.0), mask=torch.ones(4, 1, 31, 29))
    assert made().colour_loss(torch.full((4, 2, 16, 15), 40.0), odd).item() == pytest.approx(0.0, abs=1e-9)
    weights_after_a_step(made(), odd)


def test_the_class_loss_is_the_mean_cross_entropy_of_the_labelled_pictures(batch: Batch) -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    log_share = np.log(np.exp(logits.double().numpy()) / np.exp(logits.double().numpy()).sum(1, keepdims=True))
    expected = -(log_share[0, 0] + log_share[1, 2] + log_share[3, 1]) / 3
    assert made().class_loss(logits, batch).item() == pytest.approx(expected, rel=1e-5)


def test_labels_belong_to_the_pictures_of_the_store_not_to_places_in_the_batch(batch: Batch) -> None:
    """Batches are shuffled: by place, every picture would be taught another's name."""
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    order = torch.tensor([3, 1, 0, 2])
    shuffled = replace(batch, index=batch.index[order])
    assert made().class_loss(logits[order], shuffled).item() == pytest.approx(made().class_loss(logits, batch).item(), rel=1e-6)


def test_pictures_without_a_label_take_no_part_in_the_class_loss(batch: Batch) -> None:
    objective = made()
    logits = torch.randn(4, 3)
    changed = logits.clone()
    changed[2] = torch.tensor([9.0, -9.0, 0.0])
    assert objective.class_loss(logits, batch).item() == objective.class_loss(changed, batch).item()


def test_a_batch_without_any_label_still_teaches_colours(batch: Batch) -> None:
    far = replace(batch, index=torch.full((4,), 4))
    objective = made((0, 1, 2, 1, -1))
    before = {key: value.clone() for key, value in objective.net.state_dict().items()}
    after = weights_after_a_step(objective, far)
    assert objective.class_loss(torch.randn(4, 3), far).item() == 0.0
    assert not torch.equal(before["colour.0.weight"], after["colour.0.weight"])
    assert torch.equal(before["classifier.3.weight"], after["classifier.3.weight"])


def test_the_two_terms_are_weighed_by_alpha(batch: Batch) -> None:
    objective = made(alpha=0.25)
    losses: list[float] = []
    update = objective.update

    def watched(name: str, loss: torch.Tensor) -> None:
        losses.append(loss.item())
        update(name, loss)

    objective.update = watched  # type: ignore[method-assign]
    terms = objective.step(batch)
    assert losses == [pytest.approx(terms["mse"].item() + 0.25 * terms["cross_entropy"].item(), rel=1e-5)]


def test_one_step_teaches_colours_and_classes(batch: Batch) -> None:
    objective = made()
    before = {key: value.clone() for key, value in objective.net.state_dict().items()}
    after = weights_after_a_step(objective, batch)
    weights = [key for key, _ in objective.net.named_parameters() if key.endswith("weight")]
    assert all(not torch.equal(before[key], after[key]) for key in weights)


def test_both_losses_fall_on_pictures_it_has_seen(batch: Batch) -> None:
    objective = made((0, 2, 1, 1), lr=1.0)
    objective.mode(training=True)
    history = [{name: value.item() for name, value in objective.step(batch).items()} for _ in range(30)]
    assert history[-1]["mse"] < 0.7 * history[0]["mse"]
    assert history[-1]["cross_entropy"] < 0.7 * history[0]["cross_entropy"]


def test_a_perceptual_term_sees_the_colours_at_full_size(batch: Batch) -> None:
    """The net learns at half the size, the classifier looks at whole pictures; an odd side is where the two would come apart."""
    torch.manual_seed(0)
    backbone = Backbone(
        Compact(2, width=0.5), name="self", kind="self", classes=2, side=32, mean=(0.0,) * 3, std=(1.0,) * 3, mode="bilinear"
    )
    section = iizuka.Params.model_validate({"width": 0.05, "alpha": 0.0, "perceptual": {"weight": 0.3}})
    objective = Joint.of(iizuka, iizuka.build(section, size=32), section, material(perceptual=PerceptualTerm(backbone)))
    assert objective.terms == ("mse", "perceptual")
    odd = Batch(L=batch.L[..., :31, :29], ab=batch.ab[..., :31, :29], mask=batch.mask[..., :31, :29], index=batch.index)
    objective.net.eval()
    with torch.no_grad():
        expected = objective.material.perceptual(odd.L, objective.net(odd.L), odd.ab, odd.mask)
    assert objective.step(odd)["perceptual"].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("classes", [True, False])
def test_with_alpha_0_it_learns_colours_alone(batch: Batch, classes: bool) -> None:
    objective = made(alpha=0.0) if classes else made(None, classes=(), alpha=0.0)
    assert objective.terms == ("mse",)
    weights_after_a_step(objective, batch)


@pytest.mark.parametrize(
    ("labels", "classes", "found"),
    [(None, (), "no folders"), ((-1, -1, -1, -1), (), "no folders"), ((0, 0, 0, 0), ("cats",), "all lie in 'cats'")],
)
def test_photographs_without_two_folders_are_refused_before_training(
    labels: tuple[int, ...] | None, classes: tuple[str, ...], found: str
) -> None:
    """A user must learn how to give names, and how to do without, not find a classifier that learned nothing."""
    with pytest.raises(DataError, match=found) as refusal:
        made(labels, classes=classes)
    assert "alpha: 0" in str(refusal.value)
    assert "FOLDER/cats" in str(refusal.value)


def test_colours_in_the_padding_change_no_weight(batch: Batch) -> None:
    noise = torch.randn(batch.ab.shape, generator=torch.Generator().manual_seed(5)) * 80
    painted = replace(batch, ab=torch.where(batch.mask > 0, batch.ab, noise))
    plain, changed = weights_after_a_step(made(), batch), weights_after_a_step(made(), painted)
    other = weights_after_a_step(made(), replace(batch, ab=-batch.ab))
    assert all(torch.equal(plain[key], changed[key]) for key in plain)
    assert any(not torch.equal(plain[key], other[key]) for key in plain)


def test_a_batch_of_nothing_but_padding_is_survived(batch: Batch) -> None:
    weights = weights_after_a_step(made(), replace(batch, mask=torch.zeros_like(batch.mask)))
    assert all(torch.isfinite(value.float()).all() for value in weights.values())
