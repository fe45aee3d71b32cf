"""VGG accuracy judges only photographs whose folders are ImageNet classes, shown as the network's published accuracy was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import VGG16_Weights

from huelab import metrics
from huelab.metrics import imagenet_classes, vgg16, vgg_accuracy


@pytest.fixture
def judge(monkeypatch):
    """A network in VGG16's place that sees class 1, goldfish, in whatever is red, else class 0, tench."""

    class Judge(torch.nn.Module):
        def forward(self, shown):
            red = shown[:, 0].mean((1, 2)) - shown[:, 1].mean((1, 2))
            logits = torch.zeros(len(shown), 1000)
            logits[:, 0], logits[:, 1] = -red, red
            return logits

    monkeypatch.setattr(vgg16, "installed", Judge)


@pytest.mark.parametrize("label", ["n01440764", "n01440764_tench", "tench", "Tench", "Tinca tinca", "tinca-tinca"])
def test_folders_may_be_named_by_synset_or_class(label):
    assert imagenet_classes.index(label) == 0


def test_classes_stand_in_the_networks_order():
    """An order of their own would make every accuracy 0."""
    named = VGG16_Weights.IMAGENET1K_V1.meta["categories"]
    found = [imagenet_classes.index(name) for name in named]
    assert sum(index == place for place, index in enumerate(found)) == 987, "two classes share the other names"
    assert all(index in (place, None) for place, index in enumerate(found))


@pytest.mark.parametrize("label", ["crane", "maillot", "cats", "n00000000", "n014407640", ""])
def test_other_names_are_no_class(label):
    """Crane is a bird and a machine."""
    assert imagenet_classes.index(label) is None


def test_says_that_folders_are_no_classes_and_what_to_do():
    metric = metrics.metric("vgg_accuracy")
    assert metric.unlabelled({"tench", "n01443537"}) == ""
    why = metric.unlabelled({"tench", "cats", "dogs", "Anna", "Ben"})
    assert "folders are not ImageNet classes: 'Anna', 'Ben', 'cats' and 1 more" in why
    assert "no folders" in metric.unlabelled({""})
    assert "no folders" in metric.unlabelled(())


def test_picture_and_photograph_are_judged_apart(judge, gray):
    red = np.full((40, 30, 3), (200, 60, 50), np.uint8)
    pair = gray(red)
    columns = metrics.metric("vgg_accuracy").columns

    def judged(label):
        object.__setattr__(pair, "label", label)
        return [columns[name](pair) for name in ("vgg_accuracy", "vgg_accuracy_truth")]

    assert judged("goldfish") == [0, 100]
    assert judged("tench") in ([0, 0], [100, 0])
    assert all(math.isnan(value) for value in judged("cats"))
    assert vgg_accuracy.recognized(red, "n01443537") == 100


def test_pictures_are_shown_as_the_unit_says(photograph):
    """Against Pillow: shorter side 256, middle 224×224, ImageNet mean and deviation."""
    height, width = photograph.shape[:2]
    larger = Image.fromarray(photograph).resize((round(width * 256 / height), 256), Image.Resampling.BILINEAR)
    left = (larger.width - 224) // 2
    middle = np.asarray(larger.crop((left, 16, left + 224, 240)), np.float32) / 255
    wanted = (middle - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    np.testing.assert_allclose(vgg16.shown(photograph)[0].permute(1, 2, 0).numpy(), wanted, atol=1.5 / 255 / 0.224)


def test_the_published_file_fits_the_network():
    """Names and shapes of torchvision's own VGG16; its numbers do not matter here."""
    from torchvision.models import vgg16 as reference

    with torch.device("meta"):
        state = reference(weights=None).state_dict()
        net = vgg16.classifier(state)
        assert net(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
    assert not net.training
