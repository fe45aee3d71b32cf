"""The three networks of one question, how detail is kept: mixed up, their comparison would answer another."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from huelab import models
from huelab.models import hage
from huelab.models.layers import ToBins, parameters

VARIANTS = ("strides", "concat", "both")

# channels in, channels out, kernel side, normed (two numbers per channel instead of one)
DOWN = [(1, 3, 3, 0), (3, 12, 3, 0), (12, 24, 3, 1), (24, 48, 3, 0), (48, 48, 3, 1), (48, 96, 3, 0), (96, 96, 3, 1)]
DILATED = [(96, 96, 3, 0), (96, 96, 3, 0), (96, 96, 3, 1)]
CONTRACTING = [(1, 3, 3, 0), (3, 12, 3, 1), (12, 48, 3, 0), (48, 48, 3, 1), (48, 96, 3, 0), (96, 96, 3, 1), (96, 192, 3, 0)]
MIDDLE = [(192, 192, 3, 0), (192, 96, 1, 1)]
EXPANDING = [(192, 96, 3, 0), (96, 48, 3, 1), (96, 48, 3, 0), (48, 12, 3, 1), (24, 24, 3, 0), (24, 64, 3, 0), (64, 247, 1, 0)]
NARROWED = [(96, 48, 3, 0), (48, 48, 3, 0), (48, 48, 3, 1), (96, 48, 3, 0), (48, 24, 3, 1), (48, 48, 3, 0), (48, 96, 3, 0)]
TABLES = {
    "concat": [*CONTRACTING, *MIDDLE, *EXPANDING],
    "strides": [*DOWN, *DILATED, *DILATED, (96, 96, 3, 0), (96, 96, 3, 1), (96, 247, 1, 0)],
    "both": [*DOWN, *DILATED, *NARROWED, (96, 192, 3, 0), (192, 247, 1, 0)],
}


def made(variant: str, width: float = 0.25) -> ToBins:
    torch.manual_seed(0)
    net = hage.build(hage.Params.model_validate({"variant": variant, "width": width}))
    assert isinstance(net, ToBins)
    return net.eval()


@pytest.mark.parametrize(("variant", "count"), [("concat", 957_249), ("strides", 847_525), ("both", 819_349)])
def test_layer_for_layer_as_the_published_code_builds_it(variant: str, count: int) -> None:
    net = made(variant, 1.0)
    found = [(layer.in_channels, layer.out_channels, layer.kernel_size[0]) for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert sorted(found) == sorted((inputs, outputs, side) for inputs, outputs, side, _ in TABLES[variant])
    weights = sum(inputs * outputs * side**2 + outputs * (1 + normed) for inputs, outputs, side, normed in TABLES[variant])
    assert parameters(net) == weights == count


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (64, 8)])
def test_every_pixel_of_any_photograph_gets_its_own_class(variant: str, height: int, width: int) -> None:
    net = made(variant)
    with torch.no_grad():
        logits = net(torch.rand(1, 1, height, width) * 100)
    assert net.stride == 1
    assert logits.shape == (1, 247, *(-(-side // net.multiple) * net.multiple for side in (height, width)))
    assert torch.isfinite(logits).all()


def test_strides_alone_leave_two_by_two_pixels_alike_and_concatenation_does_not() -> None:
    """The difference under comparison: where the last layers get their detail from."""
    picture = torch.rand(1, 1, 32, 32) * 100
    for variant in VARIANTS:
        with torch.no_grad():
            logits = made(variant)(picture)
        corners = logits[..., ::2, ::2], logits[..., 1::2, ::2], logits[..., ::2, 1::2]
        assert torch.equal(corners[0], corners[1]) == torch.equal(corners[0], corners[2]) == (variant == "strides")


def test_dilations_see_most_of_a_published_picture_and_pooling_a_part() -> None:
    """128 pixels: a pixel's class depends on the whole picture in `strides` and `both`."""
    reach = {}
    for variant in VARIANTS:
        net = made(variant)
        for layer in list(net.modules()):
            for name, child in layer.named_children():
                if isinstance(child, nn.ReLU):
                    setattr(layer, name, nn.Identity())  # else what is off by chance would count as out of sight
        picture = torch.rand(1, 1, 256, 256, requires_grad=True)
        net(picture)[0, :, 128, 128].sum().backward()
        assert picture.grad is not None
        rows = (picture.grad[0, 0] != 0).any(1).nonzero()
        reach[variant] = int(rows.max() - rows.min()) + 1
    assert reach["strides"] > 200
    assert reach["both"] > 200
    assert 50 < reach["concat"] < 128


def test_entries_of_one_leaderboard_share_the_file_and_not_the_network() -> None:
    for entry in ("hage-strides", "hage-concat", "hage-both"):
        assert models.base(entry) == "hage"
    sizes = {parameters(made(variant)) for variant in VARIANTS}
    assert len(sizes) == 3


def test_weights_begin_as_lasagne_draws_them() -> None:
    """Glorot uniform and no bias: their training is sensitive to it, as their report says of everything."""
    net = made("strides", 1.0)
    convs = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    for conv in convs:
        bound = (6 / ((conv.in_channels + conv.out_channels) * conv.kernel_size[0] ** 2)) ** 0.5
        assert 0.9 * bound < conv.weight.abs().max().item() <= bound
        assert conv.bias is None or not conv.bias.any()
