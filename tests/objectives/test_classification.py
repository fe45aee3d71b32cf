"""The loss of Zhang et al.: soft targets, rare colours weighted up, nothing from padding or gray pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.optim import Adam

from huelab import models, objectives
from huelab.color import bins
from huelab.data.dataset import Batch
from huelab.models.layers import ToBins
from huelab.objectives.base import NET
from huelab.objectives.classification import Classification, sampled
from tests.flat_material import material

P = NDArray[np.float64]


@pytest.fixture
def prior(batch: Batch) -> P:
    indices, weights = bins.soft_encode(batch.ab.movedim(1, -1).numpy())
    counts = np.bincount(indices.ravel(), weights.ravel(), minlength=313)
    return counts / counts.sum()


def made(prior: P, **params: float) -> Classification:
    torch.manual_seed(0)
    objective = objectives.build("zhang", models.module("zhang").Params(width=0.1, **params), material(prior=prior))
    assert isinstance(objective, Classification)
    return objective


@pytest.mark.parametrize("neighbours", [5, 10])
def test_the_loss_is_the_weighted_cross_entropy_of_soft_targets(batch: Batch, prior: P, neighbours: int) -> None:
    """Against the same sum written out in numpy, from the colour code that is tested against the published bins."""
    objective = made(prior, neighbours=neighbours)
    logits = torch.randn(4, 313, 8, 8, generator=torch.Generator().manual_seed(1))
    ab = batch.ab[..., 2::4, 2::4].movedim(1, -1).numpy()
    mask = batch.mask[:, 0, 2::4, 2::4].numpy()
    log_share = torch.log_softmax(logits.double(), 1).movedim(1, -1).numpy()
    indices, shares = bins.soft_encode(ab, k=neighbours)
    entropy = -(np.take_along_axis(log_share, indices, -1) * shares).sum(-1)
    weight = bins.class_weights(prior, lam=0.5)[bins.nearest(ab)]
    expected = (entropy * weight * mask).sum() / mask.sum()
    assert objective.loss(logits, batch).item() == pytest.approx(expected, rel=1e-4)


def test_without_rebalancing_every_colour_counts_the_same(batch: Batch, prior: P) -> None:
    assert (made(prior, rebalance=1.0).weights == 1).all()
    weights = made(prior).weights.numpy()
    assert (np.diff(weights[np.argsort(prior)]) <= 1e-6).all(), "rare colours should weigh more"
    assert weights.max() > 2 * weights.min()
    assert (prior * weights).sum() == pytest.approx(1.0, abs=1e-5)


def test_pictures_without_colour_teach_nothing(batch: Batch, prior: P) -> None:
    """The authors' gray mask: a gray scan among the photographs would pull everything to gray."""
    objective = made(prior)
    logits = torch.randn(4, 313, 8, 8)
    gray = torch.full_like(batch.ab[:1], 4.9)
    with_gray = replace(batch, ab=torch.cat([gray, batch.ab[1:]]))
    changed = logits.clone()
    changed[0] += torch.randn(313, 8, 8)
    assert objective.loss(logits, with_gray).item() == objective.loss(changed, with_gray).item()


def test_training_begins_at_the_balanced_colours_of_the_training_pictures(batch: Batch, prior: P) -> None:
    """From an arbitrary colour zhang stalls in yellow; the constant that the loss prefers is a fair start."""
    objective = made(prior)
    last = [layer for layer in objective.net.modules() if isinstance(layer, torch.nn.Conv2d)][-1]
    assert last.bias is not None
    target = prior * bins.class_weights(prior, lam=0.5)
    start = torch.softmax(last.bias.detach().double(), 0).numpy()
    np.testing.assert_allclose(start, target / target.sum(), atol=1e-3)
    flat = last.bias.detach().view(1, -1, 1, 1).expand(4, -1, 8, 8)
    at_start = objective.loss(flat, batch).item()
    for shift in (torch.zeros(1, 313, 1, 1) - flat, torch.randn(1, 313, 1, 1)):
        assert at_start < objective.loss(flat + shift, batch).item()


def test_colours_are_taken_where_the_upsampling_puts_them() -> None:
    """Taking the corner of each 4 x 4 square would shift all colours by a pixel and a half."""
    columns = torch.arange(16.0).expand(1, 1, 16, 16)
    middle = torch.nn.functional.avg_pool2d(columns, 4)
    assert (sampled(columns, 4) - middle).abs().max() <= 0.5
    assert sampled(torch.rand(1, 2, 37, 61), 4).shape == (1, 2, 10, 16)
    assert sampled(torch.rand(1, 2, 1, 1), 4).shape == (1, 2, 1, 1)


def test_zhang_learns_by_the_papers_adam(prior: P) -> None:
    optimizer = made(prior).optimizers[NET]
    assert isinstance(optimizer, Adam)
    assert optimizer.defaults["betas"] == (0.9, 0.99)
    assert optimizer.defaults["weight_decay"] == 1e-3
    assert optimizer.defaults["lr"] == 3e-5


def test_a_prior_of_other_bins_is_refused(prior: P) -> None:
    """Weights of 313 bins laid over 247 would favour arbitrary colours."""
    net = ToBins(torch.nn.Conv2d(1, 247, 1), multiple=1, stride=1, scale_input=lambda L: L, centers=bins.hage_centers())
    with pytest.raises(ValueError, match="247 bins, but the prior is of 313"):
        Classification(net, material(size=32, prior=prior), lr=1e-3)


def test_a_network_that_gives_colours_cannot_learn_to_classify(prior: P) -> None:
    with pytest.raises(ValueError, match="logits of colour bins"):
        Classification(torch.nn.Conv2d(1, 2, 1), material(size=32, prior=prior), lr=1e-3)


@pytest.mark.parametrize(("loss", "rebalanced"), [("bins", False), ("bins_rebalanced", True)])
def test_a_colorizer_of_several_losses_names_its_lambda(batch: Batch, prior: P, loss: str, rebalanced: bool) -> None:
    """The U-Net's `bins` beside its `bins_rebalanced`: only one of them may weigh colours."""
    objective = objectives.build("unet", {"loss": loss, "width": 0.1}, material(size=32, prior=prior))
    assert isinstance(objective, Classification)
    assert bool((objective.weights != 1).any()) == rebalanced
    assert torch.isfinite(objective.step(batch)["cross_entropy"])


@pytest.mark.parametrize("stride", [1, 4])
def test_logits_of_any_stride_are_taught(batch: Batch, prior: P, stride: int) -> None:
    net = ToBins(torch.nn.Conv2d(1, 313, stride, stride), multiple=4, stride=stride, scale_input=lambda L: L / 100)
    terms = Classification(net, material(size=32, prior=prior), lr=1e-3).step(batch)
    assert torch.isfinite(terms["cross_entropy"])
