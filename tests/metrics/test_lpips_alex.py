"""LPIPS is the package's own number where the genuine weights lie, and no number at all elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from huelab.errors import ModelError
from huelab.metrics import lpips_alex


@pytest.fixture
def alexnet():
    """A torchvision AlexNet state dict; its numbers are seeded noise, which is enough to compare two computations."""
    from torchvision.models import alexnet

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return alexnet(weights=None).state_dict()


@pytest.mark.filterwarnings("ignore:The parameter 'pretrained' is deprecated", "ignore:Arguments other than a weight enum")
def test_equals_the_lpips_package_with_the_same_weights(photograph, muted, alexnet):
    import lpips

    pair = muted(photograph)
    reference = lpips.LPIPS(net="alex", pretrained=True, pnet_rand=True, verbose=False)
    sliced = {name: alexnet[f"features.{name.split('.', 1)[1]}"] for name in reference.net.state_dict()}
    reference.net.load_state_dict(sliced)
    tensors = [lpips.im2tensor(rgb) for rgb in (pair.truth_rgb, pair.predicted_rgb)]
    with torch.no_grad():
        expected = float(reference(*tensors))
    model = lpips_alex.network(alexnet)
    assert expected > 0
    assert lpips_alex.distance(model, pair.truth_rgb, pair.predicted_rgb) == pytest.approx(expected, rel=1e-5)
    assert lpips_alex.distance(model, pair.truth_rgb, pair.truth_rgb) == 0


def test_pictures_too_small_for_alexnet_have_no_value(alexnet, tiny):
    model = lpips_alex.network(alexnet)
    assert math.isnan(lpips_alex.distance(model, tiny, tiny))
    smallest = np.zeros((31, 31, 3), np.uint8)
    assert lpips_alex.distance(model, smallest, smallest) == 0


def test_says_which_file_to_put_where_and_computes_nothing(one_colour, gray, tmp_path, monkeypatch):
    """Random features would give numbers that look right: without the file there must be none."""
    monkeypatch.delenv(lpips_alex.VARIABLE, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    why = lpips_alex.METRIC.not_computed()
    assert "alexnet-owt-7be5be79.pth" in why
    assert lpips_alex.VARIABLE in why
    assert str(tmp_path) not in why, "stage outputs must not name this machine's folders"
    lpips_alex._installed.cache_clear()
    with pytest.raises(ModelError, match="AlexNet weights are not here"):
        lpips_alex.lpips_alex(gray(one_colour))


def test_refuses_another_file_under_that_name(alexnet, tmp_path, monkeypatch):
    file = tmp_path / "alexnet.pth"
    torch.save(alexnet, file)
    monkeypatch.setenv(lpips_alex.VARIABLE, str(file))
    assert lpips_alex.weights_file() == file
    assert "does not begin with 7be5be79" in lpips_alex.METRIC.not_computed()
