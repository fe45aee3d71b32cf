"""Training and scoring must mean the same by Lab: the tensor versions agree with scikit-image and with the arrays."""

import numpy as np
import pytest
import torch
from skimage import color

from huelab.color import bins, lab, tensor


@pytest.fixture(scope="module")
def rgb():
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)  # 18 pictures of 18 x 18


def first(tensor_):
    return tensor_.movedim(1, -1).numpy()


def test_lab_agrees_with_scikit_image(rgb):
    planes = torch.from_numpy(rgb).movedim(-1, 1)
    assert np.abs(first(tensor.rgb_to_lab(planes)) - color.rgb2lab(rgb)).max() <= 2e-4
    assert np.abs(first(tensor.rgb_to_lab(planes.float() / 255)) - color.rgb2lab(rgb)).max() <= 4e-4  # n/255 in float32 is not exact


def test_no_level_is_lost_there_and_back(rgb):
    planes = torch.from_numpy(rgb).movedim(-1, 1)
    values = tensor.rgb_to_lab(planes)
    assert torch.equal((tensor.lab_to_rgb(values[:, :1], values[:, 1:]) * 255).round().byte(), planes)


def test_gradients_stay_finite_at_black_and_outside_the_gamut():
    L = torch.tensor([0.0, 0.0, 50.0, 100.0]).reshape(1, 1, 2, 2).requires_grad_()
    ab = torch.tensor([0.0, 90.0, -120.0, 5.0]).reshape(1, 1, 2, 2).repeat(1, 2, 1, 1).requires_grad_()
    picture = tensor.lab_to_rgb(L, ab)
    tensor.rgb_to_lab(picture).sum().backward()
    assert torch.isfinite(L.grad).all()
    assert torch.isfinite(ab.grad).all()


def test_stays_exact_under_autocast(rgb):
    planes = torch.from_numpy(rgb).movedim(-1, 1)
    with torch.autocast("cpu", torch.bfloat16):
        values = tensor.rgb_to_lab(planes)
        assert torch.equal((tensor.lab_to_rgb(values[:, :1], values[:, 1:]) * 255).round().byte(), planes)
    assert np.abs(first(values) - lab.rgb_to_lab(rgb)).max() <= 2e-4


def test_soft_encoding_is_that_of_arrays():
    ab = torch.rand(2, 2, 9, 7, generator=torch.Generator().manual_seed(0)) * 200 - 100
    indices, weights = tensor.soft_encode(ab)
    expected_indices, expected_weights = bins.soft_encode(first(ab))
    assert np.array_equal(first(indices), expected_indices)
    assert np.abs(first(weights) - expected_weights).max() < 1e-5


@pytest.mark.parametrize("temperature", [1.0, 0.38, 0.0])
def test_annealed_mean_is_that_of_arrays(temperature):
    logits = torch.randn(2, 313, 5, 6, generator=torch.Generator().manual_seed(0)) * 3
    assert np.abs(first(tensor.annealed_mean(logits, temperature)) - bins.annealed_mean(first(logits), temperature)).max() < 1e-3


def test_refuses_channels_in_the_wrong_place():
    with pytest.raises(ValueError, match="before height and width"):
        tensor.rgb_to_lab(torch.zeros(1, 8, 8, 3))
    with pytest.raises(ValueError, match="temperature"):
        tensor.annealed_mean(torch.zeros(1, 313, 1, 1), -0.1)
