"""A backbone sees the right picture: the gray of its lightness, at its side, normalised as it was trained; and it never changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from huelab.backbones import Source, load, resolve, skeleton
from huelab.backbones.compact import Compact
from huelab.backbones.net import Backbone
from huelab.color import lab
from huelab.errors import ModelError
from tests.backbones import weights
from tests.generated_photographs import photograph


def random(name: str, classes: int = 10) -> Source:
    return Source(name, "random", None, "", classes, "backbone: random")


@pytest.fixture(scope="module")
def small() -> Backbone:
    return load(random(weights.NAME))


class Shown(torch.nn.Module):
    """Keeps the picture a classifier is given."""

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        self.picture = picture
        return picture.mean((2, 3))


def watching(*, side: int, mean: float, std: float) -> tuple[Backbone, Shown]:
    net = Shown()
    return Backbone(net, name="x", kind="file", classes=3, side=side, mean=(mean,) * 3, std=(std,) * 3, mode="bilinear"), net


def test_it_is_shown_the_srgb_gray_of_the_lightness() -> None:
    """L / 100 is not gray: the classifier would see every picture too dark or too light."""
    levels = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), 3, -1)
    L = torch.from_numpy(lab.rgb_to_lab(levels)).permute(0, 3, 1, 2)[:, :1]
    backbone, net = watching(side=16, mean=0.0, std=1.0)
    backbone.logits(L)
    assert torch.allclose(net.picture, torch.from_numpy(levels).permute(0, 3, 1, 2) / 255.0, atol=2e-3)


def test_it_is_shown_pictures_at_its_own_side_in_its_own_range() -> None:
    """Inception-ResNet-v2 expects -1..1 at 299 pixels."""
    backbone, net = watching(side=24, mean=0.5, std=0.5)
    L = torch.zeros(2, 1, 10, 40)
    L[1] = 100
    backbone.logits(L)
    assert net.picture.shape == (2, 3, 24, 24)
    assert torch.allclose(net.picture[0], torch.tensor(-1.0), atol=1e-3)
    assert torch.allclose(net.picture[1], torch.tensor(1.0), atol=1e-3)


@pytest.fixture(scope="module")
def inception() -> Backbone:
    return skeleton(random("inception_resnet_v2", 1001).facts())


def test_the_published_backbone_is_fed_as_it_was_trained(inception: Backbone) -> None:
    """299 pixels, -1..1: what timm states of Inception-ResNet-v2 must reach the network."""
    backbone = inception
    assert (backbone.side, backbone.classes, backbone.mean.flatten().tolist(), backbone.std.flatten().tolist()) == (
        299,
        1001,
        [0.5] * 3,
        [0.5] * 3,
    )


def test_logits_are_those_of_timm_for_the_same_picture(project: Path) -> None:
    net = weights.write(project / "mine.safetensors", classes=1001)
    backbone = load(resolve(weights.NAME, "auto", "mine.safetensors", key="colorizers.koala"))
    side = backbone.side
    gray = torch.rand(2, 1, side, side).expand(-1, 3, -1, -1)
    levels = (gray * 255).round().to(torch.uint8)
    L = torch.from_numpy(lab.rgb_to_lab(levels.permute(0, 2, 3, 1).contiguous().numpy())).permute(0, 3, 1, 2)[:, :1]
    mean, std = (torch.tensor(net.pretrained_cfg[name]).view(1, 3, 1, 1) for name in ("mean", "std"))
    with torch.no_grad():
        expected = net((levels / 255.0 - mean) / std)
    assert torch.allclose(backbone.logits(L), expected, atol=1e-3 * float(expected.abs().max()))


def test_it_stays_as_it_is_while_a_colorizer_trains_around_it(small: Backbone) -> None:
    """Batch statistics of the pictures in training would change what it says from step to step."""
    around = torch.nn.ModuleDict({"backbone": small})
    around.train()
    assert not any(module.training for module in small.modules())
    assert not any(parameter.requires_grad for parameter in small.parameters())
    before = {name: value.clone() for name, value in small.state_dict().items()}
    small.logits(torch.rand(4, 1, 32, 32) * 100)
    assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())


def test_class_vectors_keep_full_precision_inside_bf16_training(small: Backbone) -> None:
    """Else the vectors of training, computed beforehand, and those at a user's would differ."""
    L = torch.rand(1, 1, 32, 32) * 100
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = small.logits(L)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, small.logits(L))


def test_a_model_card_is_enough_to_build_it_again(small: Backbone) -> None:
    facts = json.loads(json.dumps(random(weights.NAME).facts()))
    again = skeleton(facts)
    again.load_state_dict(small.state_dict())
    L = torch.rand(2, 1, 32, 32) * 100
    assert torch.equal(again.logits(L), small.logits(L))


def test_stages_of_vgg_are_the_first_convolutions_before_relu() -> None:
    """The layers DDColor compares; after a ReLU half of every difference is lost."""
    backbone = skeleton(random("vgg11_bn").facts())
    maps = backbone.stages(torch.rand(1, 3, 32, 32))
    assert [tuple(map_.shape[1:]) for map_ in maps] == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)]
    assert all(bool((map_ < 0).any()) for map_ in maps)


def test_stages_of_other_classifiers_grow_deeper(small: Backbone) -> None:
    maps = small.stages(torch.rand(1, 3, 64, 64))
    sides = [map_.shape[-1] for map_ in maps]
    assert len(maps) == 5
    assert sides == sorted(sides, reverse=True)


def test_stages_see_colour_and_pass_gradients(small: Backbone) -> None:
    rgb = torch.from_numpy(photograph(1, width=32, height=32)).permute(2, 0, 1)[None] / 255.0
    rgb.requires_grad_()
    sum(map_.square().sum() for map_ in small.stages(rgb)).backward()
    assert rgb.grad is not None
    assert bool((rgb.grad.abs().sum((0, 2, 3)) > 0).all())
    assert not torch.allclose(small.stages(rgb)[-1], small.stages(rgb.flip(1))[-1])


def test_pictures_too_small_for_an_architecture_are_named(inception: Backbone) -> None:
    with pytest.raises(ModelError, match=r"32 x 32 cannot go through backbone inception_resnet_v2"):
        inception.stages(torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize("side", [16, 32, 33, 64])
def test_the_compact_classifier_takes_small_pictures(side: int) -> None:
    net = Compact(3, width=0.25)
    maps = net.stages(torch.rand(1, 3, side, side))
    assert len(maps) == 5
    assert net(torch.rand(1, 3, side, side)).shape == (1, 3)


def test_the_compact_classifier_is_compact() -> None:
    assert 1_000_000 < sum(parameter.numel() for parameter in Compact(2).parameters()) < 3_000_000
