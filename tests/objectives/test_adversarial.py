"""The two networks must pull against each other, each with its own weights only, in the order and at the rates of the papers."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Adam

from huelab.data.dataset import Batch
from huelab.models import nazeri, pix2pix, resnet_gen
from huelab.objectives.adversarial import DISCRIMINATOR, Adversarial, patch_loss
from huelab.objectives.base import NET
from tests.flat_material import material


def made(module: ModuleType = pix2pix, *, term: nn.Module | None = None, **settings: Any) -> Adversarial:
    torch.manual_seed(0)
    section = module.Params(**{"width": 0.1, **settings})
    objective = Adversarial.of(module, module.build(section, size=32), section, material(perceptual=term))
    objective.mode(training=True)
    return objective


def losses_of_a_step(objective: Adversarial, batch: Batch) -> tuple[list[tuple[str, float]], dict[str, float]]:
    """What each update of the step went down, in order, and the terms that the step reported."""
    losses: list[tuple[str, float]] = []
    update = objective.update

    def watched(name: str, loss: Tensor) -> None:
        losses.append((name, loss.item()))
        update(name, loss)

    objective.update = watched  # type: ignore[method-assign]
    return losses, {name: value.item() for name, value in objective.step(batch).items()}


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
    losses, terms = losses_of_a_step(objective, batch)
    assert losses[0] == (DISCRIMINATOR, pytest.approx(0.5 * (terms["d_real"] + terms["d_fake"]), rel=1e-5))
    assert losses[1] == (NET, pytest.approx(terms["g_adversarial"] + 100 * terms["l1"], rel=1e-5))
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


def test_nazeris_l1_is_over_all_three_channels_each_in_its_unit(batch: Batch) -> None:
    """The generator paints L as well, and the published loss asks it to be right about it."""
    objective = made(nazeri)
    last = [layer for layer in objective.net.modules() if isinstance(layer, nn.Conv2d)][-1]
    with torch.no_grad():
        last.weight.zero_()  # L 50, gray, so that its L1 is known
    _, terms = losses_of_a_step(objective, batch)
    inside = batch.mask == 1
    off = (batch.L[inside] - 50).abs() / 50, *(batch.ab[:, place : place + 1][inside].abs() / 110 for place in (0, 1))
    assert terms["l1"] == pytest.approx(torch.cat(off).mean().item(), rel=1e-4)


def test_nazeri_steps_the_discriminator_once_and_then_the_generator_twice(batch: Batch) -> None:
    objective = made(nazeri)
    for done in (1, 2):
        losses, terms = losses_of_a_step(objective, batch)
        assert [name for name, _ in losses[-3:]] == [DISCRIMINATOR, NET, NET]
        assert {name: steps(objective, name) for name in (DISCRIMINATOR, NET)} == {DISCRIMINATOR: {done}, NET: {2 * done}}
        assert losses[-2][1] == pytest.approx(terms["g_adversarial"] + 100 * terms["l1"], rel=1e-5)
        assert losses[-1][1] != losses[-2][1], "the second generator step must be of what the net paints after the first"


def steps(objective: Adversarial, name: str) -> set[int]:
    """How often Adam has moved the parameters of a network."""
    return {int(state["step"]) for state in objective.optimizers[name].state.values()}


def test_each_network_has_its_own_rate() -> None:
    """Nazeri: a tenth for the discriminator, or it wins at once and the generator learns nothing from it."""
    for objective, generator, discriminator, betas in (
        (made(nazeri), 3e-4, 3e-5, (0.0, 0.999)),
        (made(pix2pix), 2e-4, 2e-4, (0.5, 0.999)),
        (made(resnet_gen), 2e-4, 2e-4, (0.5, 0.999)),
        (made(pix2pix, lr=1e-3, d_lr=1e-4, beta1=0.2, beta2=0.9), 1e-3, 1e-4, (0.2, 0.9)),
    ):
        for name, rate in ((NET, generator), (DISCRIMINATOR, discriminator)):
            assert objective.optimizers[name].param_groups[0]["lr"] == rate
            assert objective.optimizers[name].param_groups[0]["betas"] == betas


def test_rates_decay_tenfold_per_so_many_steps_down_to_a_floor() -> None:
    """The published decay, beside whatever schedule the user chose; from 3e-4 the floor is reached after 24,771 steps of 10,000."""
    objective = made(nazeri)
    for done, generator in ((0, 3e-4), (5_000, 3e-4 * 10**-0.5), (10_000, 3e-5), (20_000, 3e-6), (25_000, 1e-6), (900_000, 1e-6)):
        objective.steps_done = done
        for factor in (1.0, 0.5):
            objective.scale_rates(factor)
            assert objective.optimizers[NET].param_groups[0]["lr"] == pytest.approx(generator * factor)
            assert objective.optimizers[DISCRIMINATOR].param_groups[0]["lr"] == pytest.approx(generator / 10 * factor)
    constant = made(pix2pix)
    constant.steps_done = 900_000
    constant.scale_rates(1.0)
    assert constant.optimizers[NET].param_groups[0]["lr"] == 2e-4


def test_labels_are_smoothed_on_the_real_side_of_the_discriminator_only(batch: Batch) -> None:
    """Smoothing the fake side as well would reward it for holding what the generator paints now for real."""
    still = 1e-12  # a discriminator that hardly moves judges the generator alike in both
    _, plain = losses_of_a_step(made(nazeri, d_lr=still), batch)
    smoothed = made(nazeri, d_lr=still, smooth=0.1)
    logits = smoothed.judged(batch, torch.cat([batch.L, batch.ab], 1))
    _, terms = losses_of_a_step(smoothed, batch)
    assert terms["d_fake"] == plain["d_fake"]
    assert terms["g_adversarial"] == pytest.approx(plain["g_adversarial"], rel=1e-6)
    wanted = 0.9 * patch_loss(logits, batch.mask, real=True) + 0.1 * patch_loss(logits, batch.mask, real=False)
    assert terms["d_real"] == pytest.approx(wanted.item(), rel=1e-4)
    assert terms["d_real"] != pytest.approx(plain["d_real"], rel=1e-3)


@pytest.mark.parametrize(("module", "channels"), [(pix2pix, 3), (resnet_gen, 3), (nazeri, 4)])
def test_the_discriminator_is_shown_what_its_model_says(module: ModuleType, channels: int, batch: Batch) -> None:
    objective = made(module)
    shown: list[Tensor] = []
    objective.nets[DISCRIMINATOR].register_forward_pre_hook(lambda _, given: shown.append(given[0].detach()))
    objective.step(batch)
    real = batch.ab if channels == 3 else torch.cat([batch.L, batch.ab], 1)
    assert all(seen.shape[1] == channels for seen in shown)
    assert torch.equal(shown[0], module.seen_by_discriminator(objective.section, batch.L, real) * batch.mask)
    assert not torch.equal(shown[1], shown[0])
    assert torch.equal(shown[1], shown[2]), "the generator is judged by the picture that the discriminator has just learned from"


class Means(nn.Module):
    """A perceptual term that only sees how far the mean colours are apart."""

    def forward(self, L: Tensor, predicted: Tensor, true: Tensor, mask: Tensor) -> Tensor:
        assert predicted.shape == true.shape == (*L.shape[:1], 2, *L.shape[2:])
        return (((predicted - true) * mask).sum((2, 3)) / mask.sum((2, 3)).clamp_min(1.0)).abs().mean()


@pytest.mark.parametrize("module", [pix2pix, nazeri])
def test_a_perceptual_term_is_added_to_the_generators_loss_with_its_weight(module: ModuleType, batch: Batch) -> None:
    objective = made(module, term=Means(), perceptual={"weight": 0.3})
    losses, terms = losses_of_a_step(objective, batch)
    assert set(terms) == set(objective.terms)
    assert losses[1] == (NET, pytest.approx(terms["g_adversarial"] + 100 * terms["l1"] + 0.3 * terms["perceptual"], rel=1e-5))
    assert "perceptual" not in made(module).terms


@pytest.mark.parametrize("module", [nazeri, resnet_gen])
def test_colours_in_the_padding_have_no_influence(module: ModuleType, batch: Batch) -> None:
    noise = torch.randn(batch.ab.shape, generator=torch.Generator().manual_seed(5)) * 80

    def weights(given: Batch) -> list[Tensor]:
        objective = made(module)
        objective.step(given)
        return [value for net in objective.nets.values() for value in net.state_dict().values()]

    plain = weights(batch)
    in_padding = weights(replace(batch, ab=torch.where(batch.mask > 0, batch.ab, noise)))
    in_content = weights(replace(batch, ab=-batch.ab))
    assert all(torch.equal(a, b) for a, b in zip(plain, in_padding, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(plain, in_content, strict=True)), "so that the line above can fail"
