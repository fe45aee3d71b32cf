"""LPIPS is the package's own number with the same weights, on either trunk."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from huelab.metrics import lpips_network


@pytest.fixture(scope="module")
def alexnet():
    """A torchvision AlexNet state dict; its numbers are seeded noise, which is enough to compare two computations."""
    from torchvision.models import alexnet

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return alexnet(weights=None).state_dict()


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained' is deprecated", "ignore:Arguments other than a weight enum")
def test_equals_the_lpips_package_with_the_same_weights(photograph, muted, alexnet):
    pair = muted(photograph)
    expected = reference("alex", alexnet, pair.truth_rgb, pair.predicted_rgb)
    model = lpips_network.network("alex", alexnet)
    assert expected > 0
    assert lpips_network.distance(model, pair.truth_rgb, pair.predicted_rgb, smallest=31) == pytest.approx(expected, rel=1e-5)
    assert lpips_network.distance(model, pair.truth_rgb, pair.truth_rgb, smallest=31) == 0


def test_pictures_too_small_for_alexnet_have_no_value(alexnet, tiny):
    model = lpips_network.network("alex", alexnet)
    assert math.isnan(lpips_network.distance(model, tiny, tiny, smallest=lpips_network.SMALLEST["alex"]))
    smallest = np.zeros((31, 31, 3), np.uint8)
    assert lpips_network.distance(model, smallest, smallest, smallest=lpips_network.SMALLEST["alex"]) == 0


def reference(trunk, state, first, second):
    """The package's own number, the trunk loaded as the package would."""
    import lpips

    model = lpips.LPIPS(net=trunk, pretrained=True, pnet_rand=True, verbose=False)
    model.net.load_state_dict({name: state[f"features.{name.split('.', 1)[1]}"] for name in model.net.state_dict()})
    with torch.no_grad():
        return float(model(lpips.im2tensor(first), lpips.im2tensor(second)))
