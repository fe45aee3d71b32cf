"""Two stages in one run: the second must begin where the first ended, and a killed run must not begin it twice."""

from __future__ import annotations

import math

import pytest
import torch

from huelab import models, objectives
from huelab.data.dataset import Batch
from huelab.objectives.adversarial import DISCRIMINATOR
from huelab.objectives.base import NET
from huelab.objectives.two_stage import TwoStage
from tests.flat_material import material_for


def made(**params: float) -> TwoStage:
    torch.manual_seed(0)
    section = models.module("resunet").Params(width=0.1, pretrained=False, **params)
    objective = objectives.build("resunet", section, material_for("resunet"))
    assert isinstance(objective, TwoStage)
    objective.mode(training=True)
    return objective


def at(objective: TwoStage, fraction: float) -> TwoStage:
    objective.fraction = fraction
    objective.scale_rates(1.0)
    return objective


def state(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in net.state_dict().items()}


def test_the_first_stage_is_the_mean_absolute_error_and_leaves_the_discriminator_alone(batch: Batch) -> None:
    objective = at(made(), 0.2)
    judge = state(objective.nets[DISCRIMINATOR])
    with torch.no_grad():
        expected = ((objective.painted(batch) - batch.ab).abs() * batch.mask).sum() / (2 * batch.mask.sum()) / 110
    terms = objective.step(batch)
    assert terms.keys() == {"l1"}
    assert terms["l1"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert all(torch.equal(value, judge[key]) for key, value in objective.nets[DISCRIMINATOR].state_dict().items())


def test_rates_and_betas_are_those_of_the_stage() -> None:
    objective = made()
    for fraction, rate, betas in ((0.49, 1e-4, (0.9, 0.999)), (0.5, 2e-4, (0.5, 0.999))):
        (group,) = at(objective, fraction).optimizers[NET].param_groups
        assert (group["lr"], group["betas"]) == (rate, betas)


def test_the_second_stage_begins_with_the_weights_of_the_first_and_a_new_optimizer(batch: Batch) -> None:
    objective = at(made(), 0.2)
    for _ in range(3):
        objective.step(batch)
    steps = {int(one["step"]) for one in objective.optimizers[NET].state.values()}
    assert steps == {3}
    terms = at(objective, 0.6).step(batch)
    assert set(terms) == set(TwoStage.terms)
    assert all(math.isfinite(value.item()) for value in terms.values())
    assert {int(one["step"]) for one in objective.optimizers[NET].state.values()} == {1}
    at(objective, 0.7).step(batch)
    assert {int(one["step"]) for one in objective.optimizers[NET].state.values()} == {2}, "it begins once"


def test_best_weights_are_those_of_the_last_stage() -> None:
    assert [at(made(), fraction).phase for fraction in (0.0, 0.49, 0.5, 1.0)] == [0, 0, 1, 1]
    assert at(made(first_stage=1.0), 1.0).phase == 0, "L1 alone has no second stage"
    assert at(made(first_stage=0.0), 0.0).phase == 1
