"""Wallner's full version: the published layers, and its bug only for whom asks for it."""

from __future__ import annotations

import pytest
import torch

from huelab.color import tensor
from huelab.models import fusing, fusion
from huelab.models.layers import parameters
from tests.small_classifier import pictures, small, small_classifier


def test_beside_the_backbone_it_has_exactly_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        assert parameters(fusion.build(fusion.Params(), backbone=small_classifier(1000), size=256)) == 6_541_202


def test_the_defaults_are_the_published_training() -> None:
    params = fusion.Params()
    assert (params.optimizer, params.lr, params.batch, params.loss, params.backbone) == ("rmsprop", 1e-3, 10, "mse", "inception_resnet_v2")
    assert fusion.INFO.ab_scale == 128.0


def test_it_takes_probabilities() -> None:
    torch.manual_seed(0)
    backbone = small_classifier()
    vector = fusion.class_vector(backbone, pictures(), fusion.Params())
    torch.testing.assert_close(vector.sum(1), torch.ones(3))
    torch.testing.assert_close(vector.log(), backbone.logits(pictures()).detach().log_softmax(1), rtol=1e-4, atol=1e-5)


def test_dimmed_pictures_have_gray_levels_of_a_255th() -> None:
    """That is what x / 127.5 - 1 makes of pictures of 0..1: the backbone sees -1 to -0.992."""
    L = torch.linspace(0, 100, 101).view(1, 1, 1, 101)
    none = torch.zeros(1, 2, 1, 101)
    bright, dim = tensor.lab_to_rgb(L, none), tensor.lab_to_rgb(fusing.dimmed(L), none)
    torch.testing.assert_close(2 * dim - 1, bright / 127.5 - 1, rtol=0, atol=1e-6)
    assert fusing.dimmed(L).max() < 0.28


def test_faithful_says_nearly_the_same_of_every_picture_and_corrected_does_not() -> None:
    """The published bug: a result with it says nothing of what a class vector is worth."""
    torch.manual_seed(0)
    backbone = small_classifier()
    L = pictures(8)
    corrected, faithful = (fusion.class_vector(backbone, L, fusion.Params(mode=mode)) for mode in ("corrected", "faithful"))
    assert fusion.Params().mode == "corrected"
    spread = [(vector.amax(0) - vector.amin(0)).max().item() for vector in (corrected, faithful)]
    assert spread[0] > 0.1
    assert spread[1] < spread[0] / 20
    assert spread[1] > 0  # nearly: the picture is still there, a 255th of it
    torch.testing.assert_close(faithful, fusion.class_vector(backbone, torch.zeros_like(L), fusion.Params()), rtol=0, atol=0.02)


@pytest.mark.parametrize("mode", ["corrected", "faithful"])
def test_the_mode_decides_what_the_network_itself_shows_its_backbone(mode: str) -> None:
    net = small(fusion, mode=mode).eval()
    L = pictures(2)
    with torch.no_grad():
        vector = fusion.class_vector(net.backbone, L, fusion.Params(mode=mode))
        torch.testing.assert_close(net(L), net(L, vector=vector), rtol=0, atol=0)
        other = fusion.class_vector(net.backbone, L, fusion.Params(mode="faithful" if mode == "corrected" else "corrected"))
        assert not torch.equal(net(L), net(L, vector=other))
