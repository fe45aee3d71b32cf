"""Iizuka et al.'s six networks: as large as published, and each loss reaching only where the paper lets it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from huelab.models import iizuka
from huelab.models.layers import parameters


def small(*, size: int = 32, classes: int = 3, **params: float) -> nn.Module:
    torch.manual_seed(0)
    return iizuka.build(iizuka.Params(width=0.05, **params), size=size, classes=classes)


def reached(net: nn.Module, loss: Tensor) -> set[str]:
    """The parts of `net` with a weight that the gradient of `loss` reaches."""
    net.zero_grad(set_to_none=True)
    loss.backward()
    return {key.split(".")[0] for key, value in net.named_parameters() if value.grad is not None}


def test_weights_are_as_many_as_in_the_papers_table() -> None:
    """Convolutions and linear layers of the table, with 512 channels in the last convolution of the global network."""
    low = [(1, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512)]
    convolutions = [*low, (512, 512), (512, 256), *[(512, 512)] * 4, (256, 128), (128, 64), (64, 64), (64, 32), (32, 2)]
    linear = [(7 * 7 * 512, 1024), (1024, 512), (512, 256), (512, 256), (512, 256), (256, 205)]  # with the fusion
    table = sum(9 * a * b + b for a, b in convolutions) + sum(a * b + b for a, b in linear)
    with torch.device("meta"):
        net = iizuka.build(iizuka.Params(), size=224, classes=205)
    norms = sum(parameters(layer) for layer in net.modules() if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)))
    assert parameters(net) - norms == table == 42_353_839
    assert norms == 13_504


def test_without_alpha_or_classes_there_is_no_classifier_to_learn_nothing() -> None:
    for net in (small(alpha=0.0), small(classes=0)):
        assert not any(key.startswith("classifier") for key in net.state_dict())
        with pytest.raises(ValueError, match="without a classifier"):
            net.eval()(torch.rand(1, 1, 32, 32) * 100, classify=True)


def test_the_class_teaches_the_low_level_and_the_global_network_only() -> None:
    """If it also moved the mid level and the colours, a picture's label would bend its colours directly."""
    net = small()
    _, logits = net(torch.rand(2, 1, 32, 32) * 100, classify=True)
    assert reached(net, logits.square().sum()) == {"low", "whole", "classifier"}


@pytest.mark.parametrize("half", [True, False])
def test_the_colours_teach_all_but_the_classifier(half: bool) -> None:
    net = small()
    ab = net(torch.rand(2, 1, 32, 32) * 100, half=half)
    assert reached(net, ab.square().sum()) == {"low", "mid", "whole", "vector", "fusion", "colour"}


@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (32, 32), (65, 8)])
def test_a_photograph_of_any_size_gets_colours_of_its_size_within_a_hundred(height: int, width: int) -> None:
    net = small().eval()
    L = torch.rand(2, 1, height, width) * 100
    with torch.no_grad():
        ab, logits = net(L, classify=True)
        half = net(L, half=True)
    assert ab.shape == (2, 2, height, width)
    assert half.shape == (2, 2, -(-height // 2), -(-width // 2))
    assert logits.shape == (2, 3)
    assert ab.dtype == logits.dtype == torch.float32
    assert max(ab.abs().max(), half.abs().max()) <= 100.0


@pytest.mark.parametrize(("size", "side"), [(16, 32), (64, 64), (96, 96), (100, 128), (224, 224), (512, 224)])
def test_the_copy_that_is_seen_whole_is_no_larger_than_it_need_be(size: int, side: int) -> None:
    """At 224 a picture of 64 would cost twelve times as much and show nothing more."""
    assert iizuka.global_side(iizuka.Params(), size) == side
    assert iizuka.global_side(iizuka.Params(global_side=224), size) == 224


def test_the_whole_picture_colours_every_part_of_it() -> None:
    """The point of the paper: a change in one corner reaches the opposite one, through the global network."""
    net = small(size=64)
    for layer in net.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.momentum = None  # the statistics of what it has seen, without the ones it began with
    net(torch.rand(4, 1, 64, 64) * 100)
    net.eval()
    L = torch.full((1, 1, 128, 128), 50.0)
    changed = L.clone()
    changed[..., :48, :48] = 90.0
    with torch.no_grad():
        far = (net(changed) - net(L))[..., -16:, -16:]
    assert far.abs().max() > 1e-3


def test_the_layers_of_the_two_paths_are_the_same_ones() -> None:
    """With a picture as large as the copy both see the same, so it is computed once and gives what it would give twice."""
    net = small(size=32).eval()
    L = torch.rand(2, 1, 32, 32) * 100
    passes: list[int] = []
    net.get_submodule("low").register_forward_hook(lambda *_: passes.append(1))
    with torch.no_grad():
        once = net(L)
        assert len(passes) == 1
        net(L[..., :24, :])
        assert len(passes) == 3
    assert torch.isfinite(once).all()


def test_a_trained_network_gives_the_same_colours_after_it_was_saved(tmp_path: Path) -> None:
    net = small()
    net(torch.rand(4, 1, 32, 32) * 100)  # moves the running statistics
    safetensors.torch.save_file(net.state_dict(), tmp_path / "weights.safetensors")
    again = iizuka.build(iizuka.Params(width=0.05), size=32, classes=3)
    again.load_state_dict(safetensors.torch.load_file(tmp_path / "weights.safetensors"))
    L = torch.rand(1, 1, 40, 24) * 100
    with torch.no_grad():
        np.testing.assert_array_equal(net.eval()(L).numpy(), again.eval()(L).numpy())


@pytest.mark.parametrize(("key", "value"), [("batch", 1), ("global_side", 100), ("alpha", -0.1)])
def test_settings_it_cannot_train_with_are_refused_when_params_are_read(key: str, value: float) -> None:
    """One picture in a batch has no statistics for the vectors; the global network divides its side by 32."""
    with pytest.raises(ValidationError, match=key):
        iizuka.Params.model_validate({key: value})
