"""LPIPS on VGG16 is the package's own number with the same weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from huelab.metrics import lpips_network
from tests.metrics.test_lpips_alex import reference


@pytest.fixture(scope="module")
def trunk():
    """The convolutions of a torchvision VGG16; their numbers are seeded noise, which is enough to compare two computations."""
    from torchvision.models.vgg import cfgs, make_layers

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {f"features.{name}": value for name, value in make_layers(cfgs["D"]).state_dict().items()}


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained' is deprecated", "ignore:Arguments other than a weight enum")
def test_equals_the_lpips_package_with_the_same_weights(samples, muted, trunk):
    from PIL import Image

    with Image.open(samples / "coffee.jpg") as picture:
        pair = muted(np.asarray(picture.convert("RGB"))[100:180, 100:196].copy())
    expected = reference("vgg", trunk, pair.truth_rgb, pair.predicted_rgb)
    model = lpips_network.network("vgg", trunk)
    assert expected > 0
    assert lpips_network.distance(model, pair.truth_rgb, pair.predicted_rgb, smallest=16) == pytest.approx(expected, rel=1e-5)
    assert lpips_network.distance(model, pair.truth_rgb, pair.truth_rgb, smallest=16) == 0
    smallest = np.zeros((16, 16, 3), np.uint8)
    assert lpips_network.distance(model, smallest, smallest, smallest=lpips_network.SMALLEST["vgg"]) == 0
    assert math.isnan(lpips_network.distance(model, smallest[:15], smallest[:15], smallest=lpips_network.SMALLEST["vgg"]))
