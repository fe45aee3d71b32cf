"""The tutorial's generator: an encoder that others trained must arrive in it whole, and a new one must not draw a checkerboard."""

from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from huelab import models
from huelab.backbones.net import Backbone
from huelab.models import resunet
from huelab.models.layers import parameters
from huelab.models.resnet18 import Doubled, Encoder
from huelab.params import ParamsError, load
from tests.conftest import ROOT


def classifier() -> Backbone:
    torch.manual_seed(3)
    net = timm.create_model("resnet18", pretrained=False)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return Backbone(net, name="resnet18", kind="random", classes=1000, side=224, mean=mean, std=std, mode="bilinear")


def test_the_encoder_has_the_size_of_resnet_18_for_gray_pictures() -> None:
    with torch.device("meta"):
        published = sum(p.numel() for p in timm.create_model("resnet18", num_classes=0, in_chans=1).parameters())
        assert parameters(Encoder(1.0)) == published == 11_170_240


def test_weights_of_a_classifier_arrive_in_the_encoder() -> None:
    """On gray pictures the encoder then sees what the classifier saw."""
    backbone = classifier()
    net = models.build("resunet", resunet.Params(), size=64)
    resunet.start_from(net, backbone)
    gray = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        seen = backbone.net.forward_features(gray.expand(-1, 3, -1, -1))
        own = net.eval().body.encoder(gray)[-1]
    torch.testing.assert_close(own, seen, rtol=1e-4, atol=1e-4)


def test_enlarging_begins_without_a_checkerboard() -> None:
    torch.manual_seed(0)
    enlarged = Doubled(8, 4)(torch.rand(1, 8, 5, 5))
    assert enlarged.shape == (1, 4, 10, 10)
    squares = nn.functional.unfold(enlarged, 2, stride=2).view(1, 4, 4, -1)
    assert torch.allclose(squares, squares[:, :, :1].expand_as(squares)), "the four pixels of a square begin equal"


def test_a_saved_model_needs_no_file_of_the_encoder() -> None:
    """models.build is what a saved colorizer is rebuilt by."""
    assert parameters(models.build("resunet", resunet.Params(), size=64)) == 31_099_672
    assert models.classifiers("resunet", resunet.Params(pretrained=False)) == []
    (choice,) = models.classifiers("resunet", resunet.Params())
    assert (choice.use, choice.backbone) == ("encoder", "resnet18")


def test_a_narrow_encoder_cannot_take_weights_of_full_width() -> None:
    with pytest.raises(ParamsError, match="set width: 1, or pretrained: false"):
        load(ROOT / "params.yaml", {"colorizers.resunet": {"width": 0.5}})
