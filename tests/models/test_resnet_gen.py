"""resnet_gen: the residual generator of Zhu et al., cut to one channel in and two out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from huelab.models import pix2pix, resnet_gen
from huelab.models.layers import parameters
from huelab.models.resnet_gen import Params, blocks, build

PUBLISHED = 11_378_179
"""Parameters of the published generator with nine blocks, three channels in and three out."""
BIASES = 64 + 128 + 256 + 2 * 9 * 256 + 128 + 64
"""Its biases before instance norms, which subtract them again."""


def made(*, size: int = 32, **settings: Any) -> nn.Module:
    torch.manual_seed(0)
    return build(Params(**{"width": 0.05, **settings}), size=size)


def test_the_count_of_weights_is_the_published_one_but_for_channels_and_idle_biases() -> None:
    two_inputs, one_output = 2 * 64 * 49, 64 * 49 + 1
    with torch.device("meta"):
        assert parameters(build(Params(), size=256)) == PUBLISHED - two_inputs - one_output - BIASES == 11_363_522
        assert parameters(build(Params(), size=128)) == 7_824_578


@pytest.mark.parametrize(("size", "count"), [(32, 6), (128, 6), (129, 9), (256, 9)])
def test_blocks_follow_the_size_as_published(size: int, count: int) -> None:
    assert blocks(Params(), size) == count
    assert blocks(Params(blocks=2), size) == 2
    net = made(size=size)
    assert sum(isinstance(layer, nn.Conv2d) for layer in net.modules()) == 4 + 2 * count


@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (37, 61), (65, 8)])
def test_a_network_takes_a_photograph_of_any_size(norm: str, height: int, width: int) -> None:
    """Reflected borders and instance norm both fail on pictures of a few pixels; those are padded."""
    net = made(norm=norm)
    with torch.no_grad():
        ab = net(torch.rand(1, 1, height, width) * 100)
    assert ab.shape == (1, 2, height, width)
    assert ab.abs().max() <= 110
    assert torch.isfinite(ab).all()


def test_a_block_adds_to_what_it_is_given() -> None:
    """Without the sum it is a plain stack of convolutions, which is what the experiment is to be compared with."""
    net = made()
    block = next(layer for layer in net.modules() if type(layer).__name__ == "Residual")
    last = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)][-1]
    nn.init.zeros_(last.weight)
    given = torch.rand(1, last.in_channels, 8, 8)
    assert torch.equal(block(given), given)


def test_borders_are_reflected_not_darkened() -> None:
    """An even picture has no border to see: zeros around it would draw a frame of other colours."""
    net = made(norm="batch").eval()
    with torch.no_grad():
        for layer in net.modules():
            # the strided layers pad with zeros, as published: only those with reflected borders are looked at
            if isinstance(layer, nn.Conv2d) and layer.stride == (1, 1):
                even = layer(torch.ones(1, layer.in_channels, 8, 8))
                torch.testing.assert_close(even, even[..., 4:5, 4:5].expand_as(even))


def test_no_picture_changes_the_colours_of_another() -> None:
    """Instance norm: colouring one photograph or a folder gives the same colours, also while training."""
    net = made().train()
    one, others = torch.rand(1, 1, 32, 32) * 100, torch.rand(3, 1, 32, 32) * 100
    with torch.no_grad():
        torch.testing.assert_close(net(one), net(torch.cat([one, others]))[:1], atol=1e-3, rtol=1e-4)


def test_it_is_judged_by_the_patchgan_of_pix2pix() -> None:
    with torch.device("meta"):
        assert parameters(resnet_gen.build_discriminator(Params())) == 2_765_633
    L, ab = torch.rand(2, 1, 32, 32) * 100, torch.rand(2, 2, 32, 32) * 50
    seen = resnet_gen.seen_by_discriminator(Params(), L, ab)
    assert torch.equal(seen, torch.cat([L / 50 - 1, ab / 110], 1))
    assert resnet_gen.INFO.ab_scale == pix2pix.INFO.ab_scale == 110
