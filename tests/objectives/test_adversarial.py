"""pix2pix: the two networks must pull against each other, each with its own weights only."""

from __future__ import annotations

import math

import pytest
import torch
from torch.optim import Adam

from huelab.data.dataset import Batch
from huelab.models import pix2pix
from huelab.objectives.adversarial import DISCRIMINATOR, Adversarial, patch_loss
from huelab.objectives.base import NET
from tests.flat_material import material


def made(*, lr: float = 2e-4, l1_weight: float = 100.0) -> Adversarial:
    torch.manual_seed(0)
    params = pix2pix.Params(width=0.1)
    net, discriminator = pix2pix.build(params, size=32), pix2pix.build_discriminator(params)
    return Adversarial(net, discriminator, material(), lr=lr, ab_scale=110.0, l1_weight=l1_weight)


def test_both_networks_learn_by_the_papers_adam() -> None:
    for optimizer in made().optimizers.values():
        assert isinstance(optimizer, Adam)
        assert optimizer.defaults["betas"] == (0.5, 0.999)


def test_a_step_moves_each_network_by_its_own_loss_only(batch: Batch) -> None:
    """If the generator's loss also trained the discriminator, it would learn to be fooled."""
    objective = made()
    moved: list[tuple[str, str]] = []
    update = objective.update

    def watched(name: str, loss: torch.Tensor) -> None:
        before = {own: [p.detach().clone() for p in net.parameters()] for own, net in objective.nets.items()}
        update(name, loss)
        for own, net in objective.nets.items():
            if any(not torch.equal(a, b) for a, b in zip(before[own], net.parameters(), strict=True)):
                moved.append((name, own))

    objective.update = watched  # type: ignore[method-assign]
    terms = objective.step(batch)
    assert moved == [(DISCRIMINATOR, DISCRIMINATOR), (NET, NET)]
    assert set(terms) == set(objective.terms)
    assert all(parameter.requires_grad for parameter in objective.nets[DISCRIMINATOR].parameters())


def test_the_l1_term_is_in_units_of_110_and_weighs_a_hundred(batch: Batch) -> None:
    """The published balance: halve it and the colours run wild."""
    objective = made()
    head = [layer for layer in objective.net.modules() if isinstance(layer, torch.nn.ConvTranspose2d)][-1]
    with torch.no_grad():
        head.weight.zero_()  # gray, so that its L1 is known
    losses: list[float] = []
    update = objective.update

    def watched(name: str, loss: torch.Tensor) -> None:
        losses.append(loss.item())
        update(name, loss)

    objective.update = watched  # type: ignore[method-assign]
    terms = {name: value.item() for name, value in objective.step(batch).items()}
    assert losses[0] == pytest.approx(0.5 * (terms["d_real"] + terms["d_fake"]), rel=1e-5)
    assert losses[1] == pytest.approx(terms["g_adversarial"] + 100 * terms["l1"], rel=1e-5)
    inside = batch.mask.expand_as(batch.ab) == 1
    assert terms["l1"] == pytest.approx(batch.ab[inside].abs().mean().item() / 110, rel=1e-4)


def test_an_undecided_discriminator_costs_log_two() -> None:
    logits, mask = torch.zeros(2, 1, 6, 6), torch.ones(2, 1, 64, 64)
    for real in (True, False):
        assert patch_loss(logits, mask, real=real).item() == pytest.approx(math.log(2), rel=1e-6)
    assert patch_loss(logits + 9, mask, real=True) < 0.01 < 5 < patch_loss(logits + 9, mask, real=False)


def test_patches_of_padding_do_not_count() -> None:
    mask = torch.ones(1, 1, 64, 64)
    mask[..., 32:] = 0
    logits = torch.zeros(1, 1, 4, 4)
    worse = logits.clone()
    worse[..., 2:] = -30.0
    assert patch_loss(worse, mask, real=True).item() == patch_loss(logits, mask, real=True).item()
