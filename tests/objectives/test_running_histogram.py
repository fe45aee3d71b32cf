"""The rarity of colours is counted while the first epoch runs: counted wrongly, or lost on resuming, it would weigh the wrong colours."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn
from torch.optim import Adadelta

from huelab.color import bins
from huelab.data.dataset import Batch
from huelab.models import hage
from huelab.objectives.base import NET
from huelab.objectives.blur import blurred
from huelab.objectives.nesterov_adadelta import NesterovAdadelta
from huelab.objectives.running_histogram import HISTOGRAM, PIXELS, RunningHistogram
from huelab.training import checkpoint
from huelab.training.checkpoint import Progress
from tests.flat_material import material


def made(**settings: object) -> RunningHistogram:
    torch.manual_seed(0)
    section = hage.Params.model_validate({"width": 0.1, "variant": "concat", **settings})
    return RunningHistogram.of(hage, hage.build(section), section, material(size=32, steps_per_epoch=2))


def mean_target(*batches: Batch) -> NDArray[np.float64]:
    """The mean soft target of all content pixels, from the colour code that is tested on its own."""
    counts = np.zeros(247)
    for batch in batches:
        content = batch.mask[:, 0].numpy() > 0
        indices, weights = bins.soft_encode(batch.ab.movedim(1, -1).numpy()[content], k=10, among=bins.hage_centers())
        counts += np.bincount(indices.ravel(), weights.ravel(), minlength=247)
    return counts / counts.sum()


def test_the_histogram_is_of_the_first_epoch_alone(batch: Batch) -> None:
    other = replace(batch, ab=batch.ab.flip(1) * 0.5)
    objective = made()
    for step, seen in enumerate((batch, other)):
        objective.steps_done = step
        objective.step(seen)
    np.testing.assert_allclose(objective.buffers[HISTOGRAM].numpy(), mean_target(batch, other), atol=1e-7)
    after = objective.buffers[HISTOGRAM].clone()
    objective.steps_done = 2
    objective.step(replace(batch, ab=batch.ab + 30))
    assert torch.equal(objective.buffers[HISTOGRAM], after)
    assert objective.buffers[PIXELS] == 2 * batch.mask.sum()


@pytest.mark.parametrize("rebalance", [0.3, 0.5, 1.0])
def test_the_loss_is_the_published_formula(batch: Batch, rebalance: float) -> None:
    """Mean of cross-entropy * sum(target / h) / mean(1 / h), written out in numpy."""
    objective = made(rebalance=rebalance)
    logits = torch.randn(4, 247, 32, 32, generator=torch.Generator().manual_seed(1))
    found = objective.loss(logits, batch).item()
    rarity = 1 / ((1 - rebalance) * mean_target(batch) + rebalance / 247)
    indices, shares = bins.soft_encode(batch.ab.movedim(1, -1).numpy(), k=10, among=bins.hage_centers())
    log_share = torch.log_softmax(logits.double(), 1).movedim(1, -1).numpy()
    entropy = -(np.take_along_axis(log_share, indices, -1) * shares).sum(-1)
    weight = (shares * rarity[indices]).sum(-1) / rarity.mean()
    mask = batch.mask[:, 0].numpy()
    assert found == pytest.approx((entropy * weight * mask).sum() / mask.sum(), rel=1e-4)


def test_a_resumed_run_weighs_colours_as_before(batch: Batch, tmp_path: Path) -> None:
    """Lost, the histogram would be counted again from later pictures, or never."""
    objective = made()
    objective.step(batch)
    checkpoint.save(tmp_path, {}, Progress(step=5), objective)
    resumed = made()
    assert checkpoint.load(tmp_path, {}, resumed) is not None
    for one in (objective, resumed):
        one.steps_done = 5
    for name in (HISTOGRAM, PIXELS):
        assert torch.equal(resumed.buffers[name], objective.buffers[name])
    for _ in range(2):
        assert torch.equal(objective.step(batch)["cross_entropy"], resumed.step(batch)["cross_entropy"])
    for key, value in objective.net.state_dict().items():
        assert torch.equal(resumed.net.state_dict()[key], value), key


def test_it_learns(batch: Batch) -> None:
    """Adadelta begins with tiny steps; with momentum they grow."""
    small = Batch(*(value[..., :16, :16] for value in (batch.L, batch.ab, batch.mask)), index=batch.index)
    objective = made(width=0.25)
    losses = []
    for step in range(30):
        objective.steps_done = step
        losses.append(objective.step(small)["cross_entropy"].item())
    assert losses[-1] < 0.95 * losses[0]


def test_blur_acts_on_what_is_taught_and_on_nothing_else(batch: Batch) -> None:
    """A blurred input or a blurred validation would make a run look worse, or better, than it is."""
    plain, soft = made(), made(blur=2.0)
    kept = batch.L.clone(), batch.ab.clone()
    index, share, counts = soft.taught(batch)
    expected = soft.encode(blurred(batch.ab, batch.mask, 2.0))
    assert torch.equal(index, expected[0])
    assert torch.equal(share, expected[1])
    assert not torch.equal(index, plain.taught(batch)[0])
    assert torch.equal(counts, batch.mask[:, 0])
    assert torch.equal(batch.L, kept[0])
    assert torch.equal(batch.ab, kept[1])
    for one in (plain, soft):
        one.mode(training=False)
    assert torch.equal(plain.painted(batch), soft.painted(batch))


def test_blurring_is_a_gaussian_within_the_photograph(batch: Batch) -> None:
    whole = torch.ones_like(batch.mask)
    expected = ndimage.gaussian_filter(batch.ab.numpy(), (0, 0, 1.5, 1.5), mode="nearest")
    np.testing.assert_allclose(blurred(batch.ab, whole, 1.5).numpy(), expected, atol=1e-3)
    padded = batch.ab.masked_fill(batch.mask == 0, 1e4)  # what stands in the padding
    flat = torch.where(batch.mask > 0, torch.tensor(20.0), padded)
    content = batch.mask.expand_as(flat) > 0
    torch.testing.assert_close(blurred(flat, batch.mask, 3.0)[content], flat[content])


def test_momentum_is_nesterovs_over_adadeltas_own_steps() -> None:
    """Lasagne's two functions, written out."""
    value = torch.tensor([1.0, -2.0])
    parameter = nn.Parameter(value.clone())
    optimizer = NesterovAdadelta([parameter], momentum=0.9)
    seen, moved, velocity = np.zeros(2), np.zeros(2), np.zeros(2)
    position = value.double().numpy()
    for step in range(4):
        gradient = np.array([0.3, -0.1]) * (step + 1)
        parameter.grad = torch.tensor(gradient, dtype=torch.float32)
        optimizer.step()
        seen = 0.9 * seen + 0.1 * gradient**2
        own = -gradient * np.sqrt(moved + 1e-6) / np.sqrt(seen + 1e-6)
        moved = 0.9 * moved + 0.1 * own**2
        velocity = 0.9 * velocity + own
        position = position + 0.9 * velocity + own
    np.testing.assert_allclose(parameter.detach().numpy(), position, rtol=1e-5)


def test_without_momentum_it_is_adadelta_and_refuses_what_is_none() -> None:
    ours, theirs = (nn.Parameter(torch.ones(3)) for _ in range(2))
    pairs = ((ours, NesterovAdadelta([ours], momentum=0.0)), (theirs, Adadelta([theirs], lr=1.0, rho=0.9, eps=1e-6)))
    for parameter, optimizer in pairs:
        for step in range(3):
            parameter.grad = torch.full((3,), 0.5 + step)
            optimizer.step()
    torch.testing.assert_close(ours, theirs)
    with pytest.raises(ValueError, match="momentum"):
        NesterovAdadelta([ours], momentum=1.0)


def test_hage_learns_by_it_at_rate_one() -> None:
    group = made().optimizers[NET].param_groups[0]
    assert (group["lr"], group["rho"], group["eps"], group["momentum"]) == (1.0, 0.9, 1e-6, 0.9)
