"""The perceptual term says how different two colourings look to a classifier, and pulls the colours, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from huelab.backbones import Source, load, skeleton
from huelab.backbones.compact import Compact
from huelab.backbones.net import Backbone
from huelab.data.dataset import Batch
from huelab.errors import ModelError
from huelab.objectives.perceptual import DDCOLOR, PerceptualTerm
from tests.backbones import weights


@pytest.fixture
def backbone() -> Backbone:
    """The classifier of the stage pretrain; seeded noise, with which the arithmetic is the same."""
    torch.manual_seed(0)
    net = Compact(2, width=0.5)
    for name, parameter in net.named_parameters():
        if name.endswith("second_norm.weight"):
            torch.nn.init.ones_(parameter)  # as after training; it begins at 0
    return Backbone(net, name="self", kind="self", classes=2, side=32, mean=(0.0,) * 3, std=(1.0,) * 3, mode="bilinear")


def test_the_same_colours_cost_nothing_and_pull_nowhere(backbone: Backbone, batch: Batch) -> None:
    ab = batch.ab.clone().requires_grad_()
    term = PerceptualTerm(backbone)(batch.L, ab, batch.ab, batch.mask)
    term.backward()
    assert term.item() == 0
    assert ab.grad is not None
    assert not ab.grad.any()


def test_it_is_the_weighted_sum_of_the_stages(backbone: Backbone, batch: Batch) -> None:
    """Each weight must reach its own stage: else the published ones mean something else."""
    ab = batch.ab * 0.3
    whole = torch.ones_like(batch.mask)
    each = [PerceptualTerm(backbone, [float(place == stage) for place in range(5)])(batch.L, ab, batch.ab, whole) for stage in range(5)]
    assert all(term.item() > 0 for term in each)
    expected = sum(weight * term for weight, term in zip(DDCOLOR, each, strict=True))
    assert PerceptualTerm(backbone)(batch.L, ab, batch.ab, whole).item() == pytest.approx(expected.item(), rel=1e-5)


def test_it_grows_as_the_colours_fade(backbone: Backbone, batch: Batch) -> None:
    """A loss that does not see colour would leave every picture gray."""
    term = PerceptualTerm(backbone)
    found = [term(batch.L, batch.ab * share, batch.ab, batch.mask).item() for share in (0.9, 0.5, 0.0)]
    assert found == sorted(found)
    assert found[0] > 0


@pytest.mark.parametrize(("share", "way"), [(0.2, -1), (1.8, 1)])
def test_its_gradient_leads_to_the_true_colours(share: float, way: int, backbone: Backbone, batch: Batch) -> None:
    """Faded colours must be pulled outward, glaring ones inward, in every picture, while the classifier stays as it is."""
    term = PerceptualTerm(backbone)
    strength = torch.full((4, 1, 1, 1), share, requires_grad=True)
    term(batch.L, batch.ab * strength, batch.ab, batch.mask).backward()
    assert strength.grad is not None
    assert bool((strength.grad.sign() == way).all())
    assert all(parameter.grad is None for parameter in term.parameters())


def test_padding_does_not_count(backbone: Backbone, batch: Batch) -> None:
    """Nonsense in the padding, even without a number, must not reach the loss."""
    term = PerceptualTerm(backbone)
    ab = batch.ab * 0.5
    nonsense = torch.where(batch.mask > 0, ab, torch.inf).requires_grad_()
    found = term(batch.L, nonsense, batch.ab, batch.mask)
    found.backward()
    assert found.item() == term(batch.L, ab, batch.ab, batch.mask).item()
    assert nonsense.grad is not None
    assert bool(nonsense.grad.isfinite().all())
    assert not nonsense.grad[2:, :, :, 20:].any()


def test_padding_does_not_dilute(backbone: Backbone, batch: Batch) -> None:
    """Else portraits would teach less than squares, by as much as they are narrow."""
    term = PerceptualTerm(backbone)
    L, ab, mask = batch.L[:2], batch.ab[:2], torch.ones(2, 1, 32, 32)
    mask[1] = 0
    alone = term(L[:1], ab[:1] * 0.5, ab[:1], mask[:1])
    assert term(L, ab * 0.5, ab, mask).item() == pytest.approx(alone.item(), rel=1e-5)


def test_it_is_float32_inside_bf16_training(backbone: Backbone, batch: Batch) -> None:
    """Differences of features are small beside the features: bf16 would round most of them away."""
    term = PerceptualTerm(backbone)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = term(batch.L, batch.ab * 0.9, batch.ab, batch.mask)
    assert inside.dtype == torch.float32
    assert inside.item() == term(batch.L, batch.ab * 0.9, batch.ab, batch.mask).item()


def test_random_features_are_refused() -> None:
    """They would train without complaint and mean nothing."""
    random = load(Source(weights.NAME, "random", None, "", 10, "backbone: random"))
    with pytest.raises(ModelError, match="random features are none"):
        PerceptualTerm(random)


def test_weights_for_another_number_of_stages_are_refused(backbone: Backbone) -> None:
    with pytest.raises(ModelError, match="holds 3 weights, but backbone self has 5 stages"):
        PerceptualTerm(backbone, (1, 1, 1))


def test_the_published_backbone_compares_five_convolutions(project: Path) -> None:
    vgg = skeleton(Source("vgg11_bn", "file", None, "ab" * 32, 10, "").facts())
    L, ab = torch.full((1, 1, 32, 32), 50.0), torch.full((1, 2, 32, 32), 30.0)
    term = PerceptualTerm(vgg)
    assert term(L, ab * 0, ab, torch.ones(1, 1, 32, 32)).item() > 0
