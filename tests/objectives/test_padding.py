"""standardize.ratio: pad fills pictures up to a square. What stands in the padding must not teach anything."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from huelab import models, objectives
from huelab.data.dataset import Batch
from tests.flat_material import material_for, narrow_params

LEARNED = [name for name in models.NAMES if name not in models.FLOORS]


def weights_after_a_step(name: str, batch: Batch) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    objective = objectives.build(name, narrow_params(name), material_for(name, clip_norm=1.0))
    objective.mode(training=True)
    terms = objective.step(batch)
    assert all(torch.isfinite(value) and value.dtype == torch.float32 and not value.requires_grad for value in terms.values())
    return {f"{own}.{key}": value for own, net in objective.nets.items() for key, value in net.state_dict().items()}


@pytest.mark.parametrize("name", LEARNED)
def test_colours_in_the_padding_change_no_weight(name: str, batch: Batch) -> None:
    noise = torch.randn(batch.ab.shape, generator=torch.Generator().manual_seed(5)) * 80
    painted = replace(batch, ab=torch.where(batch.mask > 0, batch.ab, noise))
    plain, changed = weights_after_a_step(name, batch), weights_after_a_step(name, painted)
    assert all(torch.equal(plain[key], changed[key]) for key in plain)


@pytest.mark.parametrize("name", LEARNED)
def test_colours_in_the_content_do(name: str, batch: Batch) -> None:
    """So the test above can fail."""
    plain, changed = weights_after_a_step(name, batch), weights_after_a_step(name, replace(batch, ab=-batch.ab))
    assert any(not torch.equal(plain[key], changed[key]) for key in plain)


@pytest.mark.parametrize("name", LEARNED)
def test_a_batch_of_nothing_but_padding_is_survived(name: str, batch: Batch) -> None:
    empty = replace(batch, mask=torch.zeros_like(batch.mask))
    assert all(torch.isfinite(value.float()).all() for value in weights_after_a_step(name, empty).values())
