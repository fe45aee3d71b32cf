"""Colorizers that look through a classifier: whatever they learn, the classifier and what it saw must stay what they were."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from huelab import objectives
from huelab.data.dataset import Batch
from huelab.models import fusing, fusion, koala
from huelab.models.layers import learned_state, parameters
from huelab.objectives.base import NET
from tests.flat_material import material
from tests.small_classifier import CLASSES, pictures, small, small_classifier

BOTH = pytest.mark.parametrize("module", [fusion, koala], ids=["fusion", "koala"])


def stepped(net: nn.Module, L: torch.Tensor, vector: torch.Tensor | None = None) -> None:
    optimizer = torch.optim.SGD([value for value in net.parameters() if value.requires_grad], lr=0.1)
    net(L, vector=vector).square().mean().backward()
    optimizer.step()


@BOTH
@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (64, 64), (65, 8)])
def test_a_photograph_of_any_size_is_coloured(module, height: int, width: int) -> None:
    net = small(module).eval()
    with torch.no_grad():
        ab = net(torch.rand(2, 1, height, width) * 100)
    assert ab.shape == (2, 2, height, width)
    assert ab.dtype == torch.float32
    assert ab.abs().max() <= module.INFO.ab_scale
    assert torch.isfinite(ab).all()


@BOTH
def test_padding_to_whole_eighths_does_not_reach_the_classifier(module) -> None:
    """It would be shown another picture than the one whose vector was computed beforehand."""
    net = small(module).eval()
    L = pictures(height=33, width=33)
    shown = []
    seen = net.backbone.logits
    net.backbone.logits = lambda L: shown.append(L) or seen(L)
    with torch.no_grad():
        net(L)
    assert [tuple(picture.shape) for picture in shown] == [(3, 1, 33, 33)]


@BOTH
def test_what_the_classifier_says_changes_the_colours(module) -> None:
    net = small(module).eval()
    L = pictures(1).expand(2, -1, -1, -1)
    with torch.no_grad():
        one, other = net(L, vector=torch.eye(CLASSES)[:2])
    assert (one - other).abs().max() > 1e-3


@BOTH
def test_a_vector_computed_beforehand_gives_the_colours_of_one_computed_now(module) -> None:
    """Else the network is scored on another input than it learned from."""
    net = small(module).eval()
    L = pictures(height=32, width=24)
    vector = module.class_vector(net.backbone, L, module.Params())
    assert vector.shape == (3, CLASSES)
    assert vector.dtype == torch.float32
    assert not vector.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(net(L, vector=vector), net(L), rtol=0, atol=0)


@BOTH
def test_the_vector_is_as_exact_under_half_precision(module) -> None:
    """Training in bf16 must not blur what the classifier says: it is computed once, outside."""
    net = small(module)
    L = pictures()
    outside = module.class_vector(net.backbone, L, module.Params())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = module.class_vector(net.backbone, L, module.Params())
    torch.testing.assert_close(inside, outside, rtol=0, atol=0)


@BOTH
def test_learning_leaves_the_classifier_as_it_was(module) -> None:
    """Neither its weights nor its batch statistics: all colorizers of a run share it, and vectors were computed by it."""
    net = small(module).train()
    before = {key: value.clone() for key, value in net.backbone.state_dict().items()}
    stepped(net, pictures())
    assert all(value.grad is None for value in net.backbone.parameters())
    for key, value in net.backbone.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


@BOTH
def test_training_mode_leaves_the_classifier_in_evaluation(module) -> None:
    net = small(module)
    assert net.train() is net
    assert net.training
    assert net.decoder.training
    assert not any(part.training for part in net.backbone.modules())
    assert not net.eval().training


@BOTH
def test_every_other_weight_learns(module) -> None:
    """A layer that no gradient reaches would stay as it was drawn, and nobody would see it."""
    net = small(module)
    output = net(pictures())
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    learns = {key: value for key, value in net.named_parameters() if not key.startswith("backbone.")}
    assert learns
    assert not [key for key, value in learns.items() if value.grad is None or not value.grad.abs().sum() > 0]


@BOTH
def test_the_classifier_lies_apart_in_the_saved_state(module) -> None:
    """Checkpoints leave out the keys `backbone.`, tens of megabytes that never change."""
    net = small(module)
    whole, learned = set(net.state_dict()), set(learned_state(net))
    assert {key.removeprefix("backbone.") for key in whole - learned} == set(small_classifier().state_dict())
    assert {key for key, value in net.named_parameters() if value.requires_grad} == learned


@BOTH
def test_width_scales_the_channels(module) -> None:
    with torch.device("meta"):
        half, whole = (parameters(module.build(module.Params(width=width), backbone=small_classifier(), size=32)) for width in (0.5, 1.0))
    assert 0.2 < half / whole < 0.3


def test_the_fusion_is_the_published_one() -> None:
    """Published: repeat the vector over the map, concatenate, convolve 1x1, ReLU. Ours must be that sum, for less work."""
    torch.manual_seed(0)
    layer = fusing.Fusion(6, 5, 4)
    features, vector = torch.randn(2, 6, 3, 7), torch.randn(2, 5)
    repeated = vector[:, :, None, None].expand(-1, -1, 3, 7)
    published = layer.mix(torch.cat([features, repeated], dim=1)).relu()
    assert published.std() > 0.1
    torch.testing.assert_close(layer(features, vector), published)


def test_a_square_repeats_the_border_on_both_sides() -> None:
    """As a store of padded pictures does, whose vectors the network has learned from."""
    L = torch.arange(6.0).view(1, 1, 3, 2)
    expected = [[0.0, 1.0, 1.0], [2.0, 3.0, 3.0], [4.0, 5.0, 5.0]]
    assert fusing.square(L)[0, 0].tolist() == expected
    strip = torch.arange(5.0).view(1, 1, 1, 5)
    assert fusing.square(strip)[0, 0].tolist() == [[0.0, 1.0, 2.0, 3.0, 4.0]] * 5


def test_vectors_that_differ_are_kept_under_different_recipes() -> None:
    """Else one colorizer would learn from what was computed for another."""
    ways = [(fusion, fusion.Params(mode="corrected")), (fusion, fusion.Params(mode="faithful")), (koala, koala.Params())]
    backbone = small_classifier()
    vectors = [module.class_vector(backbone, pictures(), section) for module, section in ways]
    assert not any(torch.equal(one, other) for one, other in itertools.combinations(vectors, 2))
    assert len({module.vector_recipe(section) for module, section in ways}) == len(ways)
    assert fusion.vector_recipe(fusion.Params(width=0.5)) == fusion.vector_recipe(fusion.Params())  # no need to compute it again


@BOTH
@pytest.mark.parametrize("precomputed", [True, False])
def test_it_learns_colours_as_an_objective(module, precomputed: bool) -> None:
    """As the loop calls it: with vectors by picture, or, where there are none, through the backbone in every step."""
    torch.manual_seed(0)
    backbone = small_classifier()
    L = pictures(4, 24, 24)
    params = module.Params(width=0.1, lr=3e-3)
    batch = Batch(L=L, ab=(torch.ones(4, 2, 1, 1) * 20).expand(4, 2, 24, 24), mask=torch.ones_like(L), index=torch.tensor([2, 0, 3, 1]))
    vectors = module.class_vector(backbone, L, params)[batch.index.argsort()] if precomputed else None
    objective = objectives.build(module.__name__.rsplit(".", 1)[1], params, material(24, backbone=backbone, vectors=vectors))
    objective.mode(training=True)
    losses = [objective.step(batch)["mse"].item() for _ in range(8)]
    assert losses[-1] < losses[0] / 2
    learned = {id(value) for group in objective.optimizers[NET].param_groups for value in group["params"]}
    assert not any(id(value) in learned for value in backbone.parameters())
    objective.mode(training=False)
    with torch.no_grad():
        torch.testing.assert_close(objective.colorizer()(L), objective.painted(batch))
