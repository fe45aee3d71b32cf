"""Squared error in the paper's unit, by the paper's optimizer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim import RMSprop

from huelab import models, objectives
from huelab.data.dataset import Batch
from huelab.objectives.base import NET
from huelab.objectives.regression import Regression
from tests.flat_material import material


def test_the_loss_is_the_mean_squared_error_of_ab_over_128_inside_the_mask(batch: Batch) -> None:
    objective = Regression(nn.Conv2d(1, 2, 1), material(), optimizer="adam", lr=1e-3, ab_scale=128.0)
    predicted = torch.full_like(batch.ab, 4.0)
    inside = np.broadcast_to(batch.mask.numpy() == 1, batch.ab.shape)
    expected = (((4.0 - batch.ab.numpy()[inside]) / 128) ** 2).mean()
    assert objective.loss(predicted, batch).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_wallners_networks_learn_by_kerass_rmsprop(name: str) -> None:
    """torch's own defaults (0.99, 1e-8) are another optimizer."""
    objective = objectives.build(name, models.module(name).Params(width=0.1), material(64))
    optimizer = objective.optimizers[NET]
    assert isinstance(optimizer, RMSprop)
    assert {key: optimizer.defaults[key] for key in ("lr", "alpha", "eps", "momentum", "centered")} == {
        "lr": 1e-3,
        "alpha": 0.9,
        "eps": 1e-7,
        "momentum": 0,
        "centered": False,
    }


def test_scaled_rates_are_relative_to_the_published_one() -> None:
    objective = objectives.build("beta", models.module("beta").Params(width=0.1, lr=0.004), material(64))
    for factor in (0.5, 0.25):
        objective.scale_rates(factor)
        assert objective.optimizers[NET].param_groups[0]["lr"] == pytest.approx(0.004 * factor)


def test_the_gradient_norm_is_clipped(batch: Batch) -> None:
    """train.clip_norm is what a user turns when a run diverges."""
    torch.manual_seed(0)
    objective = Regression(nn.Conv2d(1, 2, 1), material(clip_norm=0.5), optimizer="adam", lr=1e-3, ab_scale=1.0)
    objective.step(batch)
    norm = torch.stack([parameter.grad.norm() for parameter in objective.net.parameters() if parameter.grad is not None]).norm()
    assert norm.item() == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("kind", ["l1", "huber"])
def test_absolute_and_hubers_error_are_those_of_the_textbook_inside_the_mask(kind: str, batch: Batch) -> None:
    delta = 0.05
    objective = Regression(nn.Conv2d(1, 2, 1), material(), optimizer="adam", lr=1e-3, ab_scale=110.0, loss=kind, huber_delta=delta)
    predicted = batch.ab + torch.randn(batch.ab.shape, generator=torch.Generator().manual_seed(2)) * 10
    wrong = ((predicted - batch.ab) / 110).double().abs()
    each = wrong if kind == "l1" else torch.where(wrong <= delta, wrong.square() / (2 * delta), wrong - delta / 2)
    expected = each[batch.mask.expand_as(each) > 0].mean().item()
    assert objective.loss(predicted, batch).item() == pytest.approx(expected, rel=1e-5)
    assert objective.terms == (kind,)
