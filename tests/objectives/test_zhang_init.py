"""First weights decide whether zhang learns at all; each way to draw them must be the one its name says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from huelab import objectives
from huelab.color import bins
from huelab.data.dataset import Batch
from huelab.models import zhang
from huelab.objectives.classification import Classification, to_bins
from huelab.objectives.data_init import Convolution, fit_to_data
from tests.flat_material import material

PRIOR = np.arange(1.0, 314.0) / np.arange(1.0, 314.0).sum()


def made(init: str, *, seed: int = 0, width: float = 0.05) -> Classification:
    torch.manual_seed(seed)
    section = zhang.Params.model_validate({"width": width, "init": init})
    objective = objectives.build("zhang", section, material(size=32, prior=PRIOR))
    assert isinstance(objective, Classification)
    return objective


def convolutions(objective: Classification) -> list[Any]:
    return [layer for layer in objective.net.modules() if isinstance(layer, Convolution)]


def weights(objective: Classification) -> list[Tensor]:
    return [layer.weight.detach().clone() for layer in convolutions(objective)]


def test_fitted_filters_answer_the_first_batch_with_mean_zero_and_variance_one(batch: Batch) -> None:
    """Every filter of every layer then says something about pictures, and none of them shouts."""
    objective = made("data", width=0.1)
    objective.begin(batch)
    answers: list[Tensor] = []
    *filters, head = convolutions(objective)
    for layer in filters:
        layer.register_forward_hook(lambda module, inputs, output: answers.append(output.detach()))
    with torch.no_grad():
        objective.net(batch.L)
    assert len(answers) == 22
    for answer in answers:
        deviation, mean = torch.std_mean(answer, dim=(0, 2, 3), correction=0)
        torch.testing.assert_close(mean, torch.zeros_like(mean), atol=2e-3, rtol=0)
        torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=2e-3, rtol=0)
    assert head.weight.std() < 0.02, "the last layer should begin small, at the balanced colours"


def test_fitted_filters_answer_differently_from_each_other(batch: Batch) -> None:
    """Random filters all answer to the same thing, how bright it is; scaling alone would leave them so, whitened k-means does not."""
    objective = made("data", width=0.5)
    net, first = to_bins(objective.net), convolutions(objective)[0]

    def alike() -> float:
        """Mean squared correlation between the answers of two filters of the first layer."""
        with torch.no_grad():
            answers = first(net.scale_input(batch.L)).movedim(1, 0).flatten(1)
        matrix = torch.corrcoef(answers)
        return ((matrix.square().sum() - len(matrix)) / (matrix.numel() - len(matrix))).item()

    at_random = alike()
    objective.begin(batch)
    assert alike() < 0.7 * at_random


def test_the_same_seed_fits_the_same_weights(batch: Batch) -> None:
    first, second, other = made("data"), made("data"), made("data", seed=1)
    for objective in (first, second):
        torch.manual_seed(3)
        objective.begin(batch)
    other.begin(batch)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))
    assert not torch.equal(weights(first)[0], weights(other)[0])


def test_fitting_leaves_running_statistics_and_the_starting_colours(batch: Batch) -> None:
    objective = made("data")
    begun = {key: value.clone() for key, value in objective.net.state_dict().items() if "running" in key or "num_batches" in key}
    bias = convolutions(objective)[-1].bias.clone()
    objective.begin(batch)
    state = objective.net.state_dict()
    assert begun
    assert all(torch.equal(state[key], value) for key, value in begun.items())
    assert torch.equal(convolutions(objective)[-1].bias, bias)


def test_only_data_looks_at_data(batch: Batch) -> None:
    for init in ("he", "plain"):
        objective = made(init)
        before = weights(objective)
        objective.begin(batch)
        assert all(torch.equal(a, b) for a, b in zip(before, weights(objective), strict=True))


def test_plain_is_torchs_own_start_without_the_colours_of_the_photographs() -> None:
    """The trap on purpose: anything that helps would hide it."""
    for layer in convolutions(made("plain")):
        within = 1 / nn.init._calculate_fan_in_and_fan_out(layer.weight)[0] ** 0.5
        for drawn in (layer.weight, layer.bias):
            assert 0 < drawn.abs().max().item() <= within
            assert abs(drawn.mean().item()) < 0.6 * within
    balanced = PRIOR * bins.class_weights(PRIOR)
    expected = torch.from_numpy(np.log(balanced / balanced.sum())).float()
    for init, begins in (("he", True), ("data", True), ("plain", False)):
        assert torch.allclose(convolutions(made(init))[-1].bias, expected, atol=1e-4) == begins


def test_a_batch_of_too_few_pixels_for_k_means_is_still_fitted() -> None:
    body = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(64, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 5, 1))
    picture = torch.rand(1, 1, 4, 4)
    fit_to_data(body, picture)
    with torch.no_grad():
        answer = body[0](picture)
    torch.testing.assert_close(answer.std((0, 2, 3), correction=0), torch.ones(64), atol=1e-3, rtol=0)
    fit_to_data(body, torch.zeros(2, 1, 8, 8))  # nothing to see: nothing to scale by
    assert all(torch.isfinite(value).all() for value in body.state_dict().values())


def test_only_a_chain_of_layers_can_be_fitted() -> None:
    with pytest.raises(ValueError, match="Sequential"):
        fit_to_data(nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8))
