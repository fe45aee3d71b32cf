"""`unet` learns by the loss it is given: a name that led to another loss would compare that one with itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from huelab import models, objectives
from huelab.data.dataset import Batch
from huelab.models import unet
from tests.flat_material import material

LOSSES = {
    "mse": "regression",
    "l1": "regression",
    "huber": "regression",
    "bins": "classification",
    "bins_rebalanced": "classification",
    "adversarial": "adversarial",
}


@pytest.mark.parametrize(("loss", "family"), LOSSES.items())
def test_each_loss_is_learned_by_its_family(loss: str, family: str, batch: Batch) -> None:
    section = unet.Params(width=0.1, loss=loss)
    assert models.family("unet-x", section) == family
    objective = objectives.build("unet-x", section, material())
    objective.mode(training=True)
    first = objective.step(batch)
    for _ in range(12):
        last = objective.step(batch)
    assert set(first) == set(objective.terms)
    term = objective.terms[0]
    assert last[term] < first[term]


def test_the_bins_are_weighted_only_where_asked() -> None:
    plain, weighted = (
        objectives.build("unet", unet.Params(width=0.1, loss=loss), material(prior=skewed())) for loss in ("bins", "bins_rebalanced")
    )
    assert (plain.weights == 1).all()  # type: ignore[attr-defined]
    assert weighted.weights.max() > weighted.weights.min()  # type: ignore[attr-defined]


def skewed() -> Any:
    share = torch.linspace(1, 30, 313).double()
    return (share / share.sum()).numpy()
