"""Wallner's GAN in training: four networks, ten terms, each by its own weights and none from padding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.optim import Adam

from huelab.backbones.compact import Compact
from huelab.backbones.net import Backbone
from huelab.data.dataset import Batch
from huelab.models import wallner_gan
from huelab.objectives.base import NET
from huelab.objectives.multiscale import Multiscale, distance, squared
from huelab.objectives.perceptual import PerceptualTerm
from huelab.training import checkpoint
from huelab.training.checkpoint import Progress
from tests.flat_material import material

NAMES = ("full", "half", "quarter")


def made(*, mode: str = "corrected", clip_norm: float = 0.0, **params: float) -> Multiscale:
    torch.manual_seed(0)
    section = wallner_gan.Params.model_validate({"width": 0.05, "depth": 3, "mode": mode, **params})
    objective = Multiscale.of(wallner_gan, wallner_gan.build(section, size=32), section, material(clip_norm=clip_norm))
    objective.mode(training=True)
    return objective


def weights_after_a_step(objective: Multiscale, batch: Batch) -> dict[str, Tensor]:
    terms = objective.step(batch)
    assert set(terms) == set(objective.terms)
    assert all(torch.isfinite(value) and value.dtype == torch.float32 and not value.requires_grad for value in terms.values())
    return {f"{own}.{key}": value for own, net in objective.nets.items() for key, value in net.state_dict().items()}


def movements(objective: Multiscale, batch: Batch) -> list[tuple[str, str]]:
    """(network whose update it was, network whose weights moved), in order, of one step."""
    moved: list[tuple[str, str]] = []
    update = objective.update

    def watched(name: str, loss: Tensor) -> None:
        before = {own: [p.detach().clone() for p in net.parameters()] for own, net in objective.nets.items()}
        update(name, loss)
        for own, net in objective.nets.items():
            if any(not torch.equal(a, b) for a, b in zip(before[own], net.parameters(), strict=True)):
                moved.append((name, own))

    objective.update = watched  # type: ignore[method-assign]
    objective.step(batch)
    return moved


def test_every_loss_has_a_name_of_its_own_in_the_history() -> None:
    """Where a run goes wrong is seen in one term long before it is seen in pictures."""
    assert made().terms == ("l1", "g_full", "g_half", "g_quarter", "fm_full", "fm_half", "fm_quarter", "d_full", "d_half", "d_quarter")


def test_all_four_networks_learn_by_the_published_adam() -> None:
    objective = made()
    assert set(objective.optimizers) == {NET, *NAMES}
    for optimizer in objective.optimizers.values():
        assert isinstance(optimizer, Adam)
        assert optimizer.defaults["betas"] == (0.5, 0.999)
        assert optimizer.defaults["lr"] == 2e-4
    slower = made(d_lr=1e-4).optimizers
    assert [slower[name].defaults["lr"] for name in (NET, *NAMES)] == [2e-4, 1e-4, 1e-4, 1e-4]


def test_a_step_moves_each_network_by_its_own_loss_only(batch: Batch) -> None:
    """If the generator's loss also trained a discriminator, that would learn to be fooled."""
    objective = made()
    assert movements(objective, batch) == [*((name, name) for name in NAMES), (NET, NET)]
    assert all(parameter.requires_grad for net in objective.nets.values() for parameter in net.parameters())


def test_faithful_to_the_published_code_the_generators_step_moves_the_smallest_discriminator(batch: Batch) -> None:
    assert movements(made(mode="faithful"), batch) == [*((name, name) for name in NAMES), (NET, NET), (NET, "quarter")]


def test_the_terms_are_weighed_as_published(batch: Batch) -> None:
    """L1 1, feature matching 3.33 and judgement 0.33 per discriminator; a discriminator's own loss is the sum of its two errors."""
    objective = made()
    losses: dict[str, float] = {}
    update = objective.update

    def watched(name: str, loss: Tensor) -> None:
        losses[name] = loss.item()
        update(name, loss)

    objective.update = watched  # type: ignore[method-assign]
    terms = {name: value.item() for name, value in objective.step(batch).items()}
    assert {name: losses[name] for name in NAMES} == {name: pytest.approx(terms[f"d_{name}"], rel=1e-5) for name in NAMES}
    per_discriminator = sum(3.33 * terms[f"fm_{name}"] + 0.33 * terms[f"g_{name}"] for name in NAMES)
    assert losses[NET] == pytest.approx(terms["l1"] + per_discriminator, rel=1e-5)


def test_the_l1_term_is_in_units_of_128(batch: Batch) -> None:
    objective = made()
    with torch.no_grad():
        painted = objective.net.eval()(batch.L)
        objective.net.train()
    objective.net.get_submodule("body.head").eval()
    inside = batch.mask.expand_as(batch.ab) == 1
    expected = (painted - batch.ab).abs()[inside].mean().item() / 128
    # a pass in training first sharpens the estimate of the convolutions' gain, so the colours are not quite the same
    assert objective.step(batch)["l1"].item() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
def test_a_perceptual_term_sees_colours_in_cie_units(mode: str, batch: Batch) -> None:
    """Whatever the networks see: true colours, taken there and back, must look the same to the classifier."""
    torch.manual_seed(0)
    backbone = Backbone(
        Compact(2, width=0.5), name="self", kind="self", classes=2, side=32, mean=(0.0,) * 3, std=(1.0,) * 3, mode="bilinear"
    )
    term = PerceptualTerm(backbone)
    section = wallner_gan.Params.model_validate({"width": 0.05, "depth": 3, "mode": mode, "perceptual": {"weight": 0.3}})
    objective = Multiscale.of(wallner_gan, wallner_gan.build(section, size=32), section, material(perceptual=term))
    assert objective.terms[-1] == "perceptual"
    there_and_back = objective.cie_ab(objective.seen(batch.L, batch.ab))
    gray = term(batch.L, torch.zeros_like(batch.ab), batch.ab, batch.mask)
    assert term(batch.L, there_and_back, batch.ab, batch.mask).item() < 0.02 * gray.item()
    weights_after_a_step(objective, batch)


def test_the_judgement_costs_the_mean_square_over_patches_of_content() -> None:
    judgement = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    mask = torch.ones(2, 1, 32, 32)
    mask[1, :, :, 12:] = 0  # one patch and a half
    weight = np.ones((2, 1, 4, 4))
    weight[1, :, :, 1:] = [0.5, 0.0, 0.0]
    for target in (0.0, 1.0):
        expected = ((judgement.numpy() - target) ** 2 * weight).sum() / weight.sum()
        assert squared(judgement, target, mask).item() == pytest.approx(expected, rel=1e-5)


def test_feature_matching_is_the_mean_over_all_maps_together() -> None:
    """As published, the maps are laid end to end: the large first ones count most."""
    generator = torch.Generator().manual_seed(4)
    found, wanted = ([torch.randn(2, c, side, side, generator=generator) for c, side in ((3, 8), (5, 4))] for _ in range(2))
    whole = np.concatenate([(a - b).abs().numpy().reshape(2, -1) for a, b in zip(found, wanted, strict=True)], 1)
    assert distance(found, wanted, torch.ones(2, 1, 16, 16)).item() == pytest.approx(whole.mean(), rel=1e-5)


def test_findings_in_the_padding_do_not_count() -> None:
    mask = torch.ones(1, 1, 16, 16)
    mask[..., 8:] = 0
    found, wanted = [torch.randn(1, 3, 8, 8)], [torch.randn(1, 3, 8, 8)]
    other = [found[0].clone()]
    other[0][..., 4:] = 30.0
    assert distance(found, wanted, mask).item() == distance(other, wanted, mask).item()


def test_true_colours_match_their_own_findings(batch: Batch) -> None:
    """The aim of the generator must cost nothing."""
    objective = made()
    objective.mode(training=False)
    real = objective.seen(batch.L, batch.ab)
    for name in NAMES:
        _, found = objective.judged(name, real, batch.mask)
        _, wanted = objective.judged(name, real.clone(), batch.mask)
        assert distance(found, wanted, batch.mask).item() == 0.0
        assert len(found) == 4


def test_the_generator_comes_closer_to_pictures_it_has_seen(batch: Batch) -> None:
    objective = made(lr=2e-3)
    history = [{name: value.item() for name, value in objective.step(batch).items()} for _ in range(40)]
    assert history[-1]["l1"] < 0.85 * history[0]["l1"]


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
def test_colours_in_the_padding_change_no_weight(mode: str, batch: Batch) -> None:
    noise = torch.randn(batch.ab.shape, generator=torch.Generator().manual_seed(5)) * 80
    painted = replace(batch, ab=torch.where(batch.mask > 0, batch.ab, noise))
    plain, changed = (weights_after_a_step(made(mode=mode, clip_norm=1.0), one) for one in (batch, painted))
    other = weights_after_a_step(made(mode=mode, clip_norm=1.0), replace(batch, ab=-batch.ab))
    assert all(torch.equal(plain[key], changed[key]) for key in plain)
    assert any(not torch.equal(plain[key], other[key]) for key in plain)


def test_a_batch_of_nothing_but_padding_is_survived(batch: Batch) -> None:
    weights = weights_after_a_step(made(), replace(batch, mask=torch.zeros_like(batch.mask)))
    assert all(torch.isfinite(value).all() for value in weights.values())


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
def test_a_resumed_run_ends_with_the_same_bits(mode: str, batch: Batch, tmp_path: Path) -> None:
    """The vectors of the power iteration and every optimizer's moments are part of a checkpoint."""
    whole, first = made(mode=mode), made(mode=mode)
    for _ in range(2):
        whole.step(batch)
        first.step(batch)
    checkpoint.save(tmp_path, "same", Progress(), first)
    second = made(mode=mode, lr=2e-4)
    second.step(replace(batch, ab=-batch.ab))  # it has been elsewhere before
    assert checkpoint.load(tmp_path, "same", second) is not None
    expected, found = weights_after_a_step(whole, batch), weights_after_a_step(second, batch)
    assert all(torch.equal(expected[key], found[key]) for key in expected)
