"""One network under many losses: if more than the loss differed, the comparison would be of something else."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from huelab import models
from huelab.errors import ParamsError
from huelab.models import unet
from huelab.models.layers import parameters
from huelab.params import load
from tests.conftest import ROOT

LOSSES = ("mse", "l1", "huber", "bins", "bins_rebalanced", "adversarial")


def built(**params: Any) -> nn.Module:
    torch.manual_seed(0)
    return models.build("unet", unet.Params(**{"width": 0.1, **params}), size=32)


@pytest.mark.parametrize("loss", LOSSES)
def test_only_the_head_differs(loss: str) -> None:
    body = {key: value.shape for key, value in built(loss=loss).body[0].state_dict().items()}
    assert body == {key: value.shape for key, value in built().body[0].state_dict().items()}


@pytest.mark.parametrize(("size", "halvings"), [(16, 3), (32, 4), (64, 4), (256, 4)])
def test_it_is_as_deep_as_the_pictures_allow(size: int, halvings: int) -> None:
    assert unet.depth(unet.Params(), size) == halvings
    net = models.build("unet", unet.Params(width=0.05), size=size)
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in net.modules()) == halvings


def test_a_depth_without_room_names_the_least_size() -> None:
    with pytest.raises(ParamsError, match=r"set standardize\.size to 32 or more"):
        models.build("unet", unet.Params(depth=4), size=16)


def test_a_perceptual_term_of_bins_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"loss: bins paints no picture"):
        load(ROOT / "params.yaml", {"colorizers.unet": {"loss": "bins", "perceptual": {"weight": 1}}})


def test_it_has_the_size_of_the_original_shape() -> None:
    with torch.device("meta"):
        assert parameters(models.build("unet", unet.Params(), size=256)) == 31_036_546
